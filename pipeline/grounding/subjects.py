"""What a figure is a figure of: the metric, the segment, and the whole that it is a share of."""

from __future__ import annotations

from functools import lru_cache

from pipeline.facts.quantity import UnitClass
from pipeline.facts.vocabulary import vocabulary
from pipeline.grounding import lexicon
from pipeline.grounding.clauses import Clauses, all_metrics_of, metrics_of
from pipeline.grounding.governing import Governor
from pipeline.grounding.names import Cue, Sort
from pipeline.grounding.numbers import Number

_LINKS = frozenset(("of", "in", "for", "from"))
_COMPARATIVES = frozenset(("higher", "lower", "more", "less"))
_LISTING = frozenset(("and", ",", "or", "the", "both", "&"))
_WHOLE_COMPANY = frozenset(("group", "company", "total", "overall", "consolidated", "all", ";", "while", "whereas", "but"))
_PASSED = lexicon.FILLERS - lexicon.OBJECT_MARKERS
# A segment this near before a figure owns it, whatever metric stands behind: "AmeriHome's $0.58 of adjusted EPS".
_POSSESSIVE = 2
_BUYERS = frozenset(("customers", "active_users", "active_buyers"))
_NEW = frozenset(("new", "additional", "existing", "own"))
_EQUATING = frozenset(("was", "were", "is", "are"))
# How many tokens behind a figure may still say that it is a loss.
_LOSS_REACH = 4


def metrics(
    clauses: Clauses, number: Number, order: int, found: Governor, inherited: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...], bool, bool]:
    """(metrics that the figure may be of, wholes that it is a share of, whether the metrics stand by the figure, and right by it)."""
    governed, whole = _behind(clauses, number, order)
    if governed is not None and not (found.link == "level" and found.metrics):
        return metrics_of(governed), (), True, True
    wholes = metrics_of(whole) if whole is not None else ()
    if before := _before(clauses, number, order):
        return before, wholes, True, _is_tied(clauses, number, order, before)
    later = [cue for cue in clauses.metrics if cue.first >= number.last and cue is not whole]
    if later:
        # "At 12.8%, gross margin was ...": the sentence opens with the figure of what comes next.
        is_opening = found.link == "level" and found.link_at == clauses.first
        return metrics_of(later[0]), wholes, is_opening, is_opening
    return inherited, wholes, False, False


def _is_tied(clauses: Clauses, number: Number, order: int, chosen: tuple[str, ...]) -> bool:
    """Whether only words that every figure has around it stand between the nearest metric and the figure."""
    gap = clauses.gap(order)[0]
    near = next((cue for cue in reversed(clauses.metrics) if gap <= cue.first and cue.last <= number.first), None)
    if near is None or near.sort is Sort.FAMILY or near.value not in chosen or _is_whole(clauses, near, order):
        return False
    between = range(near.last, number.first)
    if any(clauses.low(at) == "=" for at in between):
        return False
    if any(clauses.low(at) == ":" for at in between) and len(clauses.metrics) > 1:
        # "Repurchases consumed all of net income: $25.0bn ...": the colon opens what the sentence is about.
        return False
    if _is_percent_of_amount(clauses, near, number):
        return False
    if any(near.last <= cue.first and cue.last <= number.first for cue in clauses.segments):
        return False
    return not any(clauses.is_strange(at) for at in range(near.last, clauses.start_of(number)))


def _is_percent_of_amount(clauses: Clauses, cue: Cue, number: Number) -> bool:
    """Whether a metric would have to be a percentage that it cannot be. Revenue is not 36.7%: what the sentence began with is."""
    between = range(cue.last, number.first)
    if number.unit is not UnitClass.PERCENT or vocabulary()[cue.value].unit is UnitClass.PERCENT:
        return False
    is_equated = any(clauses.low(at) in _EQUATING for at in between)
    return is_equated and not any(clauses.is_direction(at) for at in between)


def _is_whole(clauses: Clauses, cue: Cue, order: int) -> bool:
    """Whether the figure before is a share of this metric: the revenue of "9.0% of revenue, versus 8.7%"."""
    if order == 0 or clauses.figures[order - 1].unit not in (UnitClass.PERCENT, UnitClass.MULTIPLE):
        return False
    start = clauses.end_of(clauses.figures[order - 1])
    if start < cue.first:
        return clauses.low(start) in ("of", "the", "total")
    return clauses.figures[order - 1].unit is UnitClass.MULTIPLE


def _behind(clauses: Clauses, number: Number, order: int) -> tuple[Cue | None, Cue | None]:
    """A metric right behind the figure: the one that it is of ("a 12.8% gross margin"), or its whole ("1.1x revenue")."""
    at, end = clauses.right(order)
    link = ""
    while at < end:
        cue = clauses.metric_at.get(at)
        if cue is not None:
            is_whole = number.unit is UnitClass.MULTIPLE or (number.unit is UnitClass.PERCENT and link == "of")
            return (None, cue) if is_whole else (cue, None)
        low, known = clauses.low(at), clauses.covering.get(at)
        if known is not None and known.first == at:
            at = known.last
            continue
        if low in _LINKS:
            link = link or low
        elif (
            low not in lexicon.FILLERS
            and low not in _WHOLE_COMPANY
            and low != "-"
            and low not in lexicon.CHANGE_NOUNS
            and low not in _COMPARATIVES
            and low not in _NEW
        ):
            return None, None
        at += 1
    return None, None


def _before(clauses: Clauses, number: Number, order: int) -> tuple[str, ...]:
    """The nearest metric before the figure that it can measure, with those listed beside it, or the subject behind an object."""
    reach = [cue for cue in reversed(clauses.metrics) if cue.last <= number.first]
    reach = [cue for cue in reach if not _is_whole(clauses, cue, order)] or reach
    own = [cue for cue in reach if cue.first >= clauses.gap(order)[0]]
    near = own or reach[:1] + [cue for cue in reach[1:] if _are_listed(clauses, cue, reach[0])]
    fitting = [cue for cue in near if _can_measure(number, cue)] or [cue for cue in reach if _can_measure(number, cue)][:1] or near[:1]
    if not fitting:
        return ()
    chosen = [fitting[0]]
    for cue in fitting[1:]:
        if not (_are_listed(clauses, cue, chosen[-1]) or _is_object(clauses, chosen[-1])):
            break
        chosen.append(cue)
    return all_metrics_of(chosen)


def _can_measure(number: Number, cue: Cue) -> bool:
    return any(_measures(number.unit, name) for name in metrics_of(cue))


@lru_cache(maxsize=2048)
def _measures(unit: UnitClass | None, name: str) -> bool:
    """Whether a number of this unit can state a metric's level or change."""
    own = vocabulary()[name].unit
    match unit:
        case UnitClass.POINTS:
            return own is UnitClass.PERCENT
        case UnitClass.MONEY | UnitClass.PER_SHARE:
            return own in (UnitClass.MONEY, UnitClass.PER_SHARE)
        case UnitClass.MULTIPLE | UnitClass.DAYS | UnitClass.SHARES | UnitClass.COUNT:
            return own is unit
    return True


def _are_listed(clauses: Clauses, left: Cue, right: Cue) -> bool:
    """ "Gross margin and adjusted EBITDA margin": one list."""
    between = {clauses.low(at) for at in range(left.last, right.first)}
    return bool(between) and between <= _LISTING


def _is_object(clauses: Clauses, cue: Cue) -> bool:
    """Whether another word than the figure's speaks of this metric: "revenue, helped by capex, rose 37.2%"."""
    at = cue.first - 1
    while at >= clauses.first and (clauses.low(at) in _PASSED or at in clauses.covering):
        at -= 1
    if at >= clauses.first and clauses.low(at) == "to" and not _BUYERS.isdisjoint(metrics_of(cue)):
        # "Sales to hybrid customers slipped".
        return True
    return at >= clauses.first and clauses.low(at) in lexicon.OBJECT_MARKERS


def segments(clauses: Clauses, number: Number, order: int) -> tuple[str, ...]:
    """Segments that the figure may be of: the nearest before it, or one right behind it."""
    if not clauses.segments:
        return ()
    start, end = clauses.right(order)
    gap = clauses.gap(order)[0]
    earlier = [cue for cue in reversed(clauses.segments) if cue.last <= number.first]
    before = [cue for cue in earlier if cue.first >= gap] or (earlier[:1] if order > 0 else [])
    behind = [cue for cue in clauses.segments if start <= cue.first < end]
    return tuple(dict.fromkeys(cue.value for cue in before + behind))


def is_segment_certain(clauses: Clauses, number: Number, order: int) -> bool:
    """Whether a segment is what the figure's own words speak of, with no word for the whole company between."""
    gap = clauses.gap(order)[0]
    cues = [cue for cue in clauses.segments if gap <= cue.first and cue.last <= number.first]
    if cues and clauses.start_of(number) - cues[-1].last > _POSSESSIVE and _behind(clauses, number, order)[0] is not None:
        # "The corporate loss explains most of the $1,648m rise in group operating income".
        return False
    if not cues or cues[-1].sort is Sort.PART_SEGMENT or _is_object(clauses, cues[-1]):
        return False
    earlier = [cue for cue in clauses.segments if cue.last <= cues[-1].first]
    if earlier and _are_listed(clauses, earlier[-1], cues[-1]):
        # "The U.S., Canada and Other International grew ..., respectively": any of them.
        return False
    return not any(clauses.low(at) in _WHOLE_COMPANY for at in range(cues[-1].last, number.first))


def is_loss(clauses: Clauses, number: Number, order: int) -> bool:
    """Whether the sentence calls the figure a loss, so that it stands for a negative value."""
    start, end = clauses.left(order)[0], min(clauses.right(order)[1], number.last + _LOSS_REACH)
    return any(clauses.low(at) in lexicon.LOSSES for at in (*range(start, number.first), *range(number.last, end)))
