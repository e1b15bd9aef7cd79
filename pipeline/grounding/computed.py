"""Numbers that a reader computes from facts that are cited or that the sentence names.

A difference, a ratio, a share and a growth rate of two; a sum and an average of two or more, where the sentence says that it
adds up or averages. The formula is shown with the facts' ids and with their numbers. A computed number may be written to
the places of its operands for amounts, to one decimal for percent and points and to two for ratios, and never more closely
than the operands' own rounding settles it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from pipeline.facts.figures import Change, Figure, slug, written
from pipeline.facts.quantity import HUNDRED, PERCENT, Quantity, UnitClass, exact, last_place
from pipeline.facts.sheet import Role
from pipeline.grounding.models import Form, Mention
from pipeline.grounding.periods import is_compatible, is_named, is_named_or_base
from pipeline.grounding.report import COMPUTED
from pipeline.grounding.rules import is_said_its_way
from pipeline.grounding.topics import Period as Said
from pipeline.grounding.values import is_too_precise, pairs_of_size, window

if TYPE_CHECKING:
    from pipeline.grounding.decide import Checker

# More operands than this make chance matches likely.
_MOST_OPERANDS = 8
_MOST_CITED = 4
_MOST_TERMS = 12
_ROLES = (Role.ACTUAL, Role.PRIOR_YEAR, Role.PRIOR_QUARTER, Role.CONSENSUS)
_SAID_OF = {Role.PRIOR_YEAR: Said.YOY, Role.PRIOR_QUARTER: Said.QOQ, Role.CONSENSUS: Said.CONSENSUS}
_AMOUNTS = frozenset((UnitClass.MONEY, UnitClass.PER_SHARE, UnitClass.SHARES, UnitClass.COUNT, UnitClass.DAYS))
_MOST_PLACES = {UnitClass.PERCENT: 1, UnitClass.POINTS: 1, UnitClass.MULTIPLE: 2}
# Intervals up to this many units of the last written place still settle that place (as `figures` prints).
_SLACK = 4


@dataclass(frozen=True, slots=True)
class Value:
    """What a formula gives. `pattern` has one {} for each operand; `like` is the figure whose change it is, if it is one's."""

    pattern: str
    operands: tuple[Figure, ...]
    quantity: Quantity
    like: Figure | None = None

    @property
    def formula(self) -> str:
        """`revenue / revenue.prior_year - 1 = 2,703.7 / 1,970.0 - 1`."""
        names = self.pattern.format(*(figure.id for figure in self.operands))
        return f"{names} = {self.pattern.format(*_numbers(self.operands))}"

    def finest(self, checker: Checker) -> Decimal:
        """The finest step that prose may give the value."""
        cls = self.quantity.unit.cls
        if cls in _AMOUNTS or cls is self.operands[0].unit.cls:
            return max(checker.finest(figure) for figure in self.operands if figure.unit.cls is self.operands[0].unit.cls)
        width = self.quantity.interval.width
        places = _MOST_PLACES[cls]
        while places > -12 and width > _SLACK * Decimal(1).scaleb(-places):
            places -= 1
        return Decimal(1).scaleb(-places)


def explain(mention: Mention, checker: Checker, evidence: Collection[str] | None, reach: frozenset[str] | None) -> str | None:
    """The formula that gives the mention, in words, or None. `reach` is what the evidence carries."""
    cited = _cited(checker, evidence)
    named = _named(mention, checker, reach)
    values = (*_of_pairs([*named, *(f for f in cited[:_MOST_CITED] if f not in named)], mention, checker), *_of_many(cited, named, mention))
    sizes = window(mention)
    values = (*values, *_of_bases(named, mention, checker))
    for value in values if sizes is not None else ():
        is_of_size = sizes is not None and sizes[0] <= abs(value.quantity.value) <= sizes[1]
        if (
            is_of_size
            and not is_too_precise(mention, value.finest(checker))
            and periods_fit(mention, value.operands)
            and _sign_agrees(mention, value)
        ):
            return f"{COMPUTED}{value.formula}"
    return None


# -- operands -----------------------------------------------------------------------------------------------------------------


def _cited(checker: Checker, evidence: Collection[str] | None) -> list[Figure]:
    """The levels that the claim cites."""
    found = [checker.facts[name] for name in evidence or () if name in checker.facts]
    return [figure for figure in found if figure.change is None][:_MOST_TERMS]


def _named(mention: Mention, checker: Checker, reach: frozenset[str] | None) -> list[Figure]:
    """Levels of what the sentence names, in the reported period, its bases, and the periods that it names."""
    wanted = set(checker.allowed(mention)) | set(mention.setting.named) | set(mention.wholes)
    for name in mention.setting.named:
        wanted |= checker.kin(name)
    if not mention.setting.named and mention.setting.named_segments:
        # "Services rose by $2.8bn": the segment says enough where it has one metric only.
        metrics = {name for segment in mention.setting.named_segments for name in checker.metrics_of_segment(segment)}
        wanted |= metrics if len(metrics) == 1 else set()
    levels = [
        f
        for f in checker.levels_of(wanted)
        if (f.role in _ROLES or (f.role is Role.HISTORY and is_named_or_base(mention.setting.labels_said, f.period, checker)))
        and (f.segment is None or slug(f.segment) in mention.setting.named_segments)
        and (reach is None or f.id in reach)
    ]
    return levels if len(levels) <= _MOST_OPERANDS else [f for f in levels if f.role is Role.ACTUAL][:_MOST_OPERANDS]


# -- formulas -----------------------------------------------------------------------------------------------------------------


def _of_pairs(operands: Sequence[Figure], mention: Mention, checker: Checker) -> Iterator[Value]:
    """Every formula over two operands that could give a number of the mention's unit."""
    for a, b in pairs_of_size(mention, operands):
        if a.unit != b.unit:
            continue
        if a.stem != b.stem:
            if a.period.id == b.period.id:
                yield from _of_two_metrics(a, b, mention, checker)
        elif mention.is_segment_certain and a.segment is None:
            continue
        elif _is_later(a, b) and _period_agrees(mention, b) and not checker.holds_change(a, b, mention.unit):
            yield from _of_two_periods(a, b, mention)


def _of_two_metrics(a: Figure, b: Figure, mention: Mention, checker: Checker) -> Iterator[Value]:
    """Ratio, share and difference of two metrics in one period, and their sum."""
    cls, unit = a.unit.cls, _unit_of(mention)
    is_larger = a.quantity.value >= b.quantity.value
    if unit is UnitClass.MULTIPLE and (cls is not UnitClass.PERCENT or a.metric is b.metric) and is_in_order(mention, a, b):
        yield from _safely("{} / {}", (a, b), lambda: a.quantity.over(b.quantity))
    elif unit is UnitClass.PERCENT and cls is not UnitClass.PERCENT and mention.form is not Form.CHANGE:
        if (mention.wholes or mention.setting.is_share) and is_in_order(mention, a, b):
            yield from _safely("{} / {}", (a, b), lambda: a.quantity.over(b.quantity, PERCENT))
    elif unit is UnitClass.POINTS and cls is UnitClass.PERCENT and is_larger:
        yield from _safely("{} - {}", (a, b), lambda: a.quantity.points_from(b.quantity))
    elif _measures(mention, a) and not mention.setting.is_average:
        if is_larger and (mention.setting.is_gap or mention.is_rest):
            yield from _safely("{} - {}", (a, b), lambda: a.quantity - b.quantity)
        if a.id < b.id and mention.form is not Form.CHANGE and _is_sum(mention, a, b, checker):
            yield from _safely("{} + {}", (a, b), lambda: a.quantity + b.quantity)


def _is_sum(mention: Mention, a: Figure, b: Figure, checker: Checker) -> bool:
    """Whether the sentence adds the two up, or names them as parts: of segments only where it says no word of a gap."""
    are_segments = a.segment is not None or b.segment is not None
    return mention.setting.is_sum or (not (mention.setting.is_gap and are_segments) and _are_parts(mention, a, b, checker))


def _of_two_periods(a: Figure, b: Figure, mention: Mention) -> Iterator[Value]:
    """Growth and difference of one metric against an earlier period, or a base."""
    cls, unit = a.unit.cls, _unit_of(mention)
    if unit is UnitClass.PERCENT and cls is not UnitClass.PERCENT and mention.form is not Form.LEVEL and not mention.wholes:
        yield from _safely("{} / {} - 1", (a, b), lambda: a.quantity.growth_from(b.quantity), a)
    elif unit is UnitClass.POINTS and cls is UnitClass.PERCENT:
        yield from _safely("{} - {}", (a, b), lambda: a.quantity.points_from(b.quantity), a)
    elif (
        cls in _AMOUNTS
        and _measures(mention, a)
        and mention.form is not Form.LEVEL
        and not (mention.setting.is_average or mention.setting.is_ratio)
    ):
        yield from _safely("{} - {}", (a, b), lambda: a.quantity - b.quantity, a)
    elif unit is UnitClass.MULTIPLE and cls is not UnitClass.PERCENT and len(set(mention.setting.in_order)) <= 1:
        yield from _safely("{} / {}", (a, b), lambda: a.quantity.over(b.quantity))


def _of_bases(levels: Sequence[Figure], mention: Mention, checker: Checker) -> Iterator[Value]:
    """Where a level came from, by the change that its source states: "from $1.28 a year ago", of $1.59 and +24.2%."""
    said = mention.periods | mention.around
    for level in levels:
        for change in checker.changes(level) if level.role is Role.ACTUAL and _measures(mention, level) else ():
            role, word = (Role.PRIOR_YEAR, Said.PRIOR_YEAR) if change.change is Change.YOY else (Role.PRIOR_QUARTER, Said.PRIOR_QUARTER)
            is_told = word in said or (mention.link in ("from", "versus") and not said) or mention.form is Form.BASE
            if not is_told or any(f.role is role and f.change is None for f in checker.series(level.stem)):
                continue
            if change.unit.cls is UnitClass.POINTS:
                yield from _safely("{} - {}", (level, change), partial(_less_points, level, change))
            elif change.unit.cls is UnitClass.PERCENT and level.unit.cls in _AMOUNTS:
                yield from _safely("{} / (1 + {}%)", (level, change), partial(_ungrown, level, change))


def _less_points(level: Figure, change: Figure) -> Quantity:
    return Quantity(level.quantity.value - change.quantity.value, level.unit, level.quantity.interval - change.quantity.interval)


def _ungrown(level: Figure, change: Figure) -> Quantity:
    times = change.quantity.interval + exact(HUNDRED)
    value = level.quantity.value / (HUNDRED + change.quantity.value) * HUNDRED
    return Quantity(value, level.unit, level.quantity.interval / times * exact(HUNDRED))


def _of_many(cited: Sequence[Figure], named: Sequence[Figure], mention: Mention) -> Iterator[Value]:
    """Sums and averages, only where the sentence says so."""
    for is_said, divides, pattern in (
        (mention.setting.is_average, True, "({0}) / {1}"),
        (mention.setting.is_sum and not mention.setting.is_average, False, "{0}"),
    ):
        if not is_said:
            continue
        for terms in _groups(cited, named, mention):
            if len(terms) < 2 or len({f.unit for f in terms}) > 1 or not _measures(mention, terms[0]) or not _covers(mention, terms):
                continue
            text = pattern.format(" + ".join(["{}"] * len(terms)), len(terms))
            yield from _safely(text, tuple(terms), partial(_added, tuple(terms), divides))


def _groups(cited: Sequence[Figure], named: Sequence[Figure], mention: Mention) -> Iterable[list[Figure]]:
    """The sets that a sum may run over, each once: what is cited, one metric over the periods that are named, several in one period."""
    found = [list(cited)]
    labels = mention.setting.labels_said if len(set(mention.setting.labels_said)) > 1 else ()
    of_periods = [f for f in named if is_named(labels, f.period) and f.role is not Role.CONSENSUS]
    found += [[f for f in of_periods if f.stem == stem] for stem in dict.fromkeys(f.stem for f in of_periods)]
    found += [
        [f for f in named if f.period.id == period and f.role is not Role.CONSENSUS] for period in dict.fromkeys(f.period.id for f in named)
    ]
    return {tuple(f.id for f in group): group for group in found}.values()


def _added(terms: Sequence[Figure], divides: bool) -> Quantity:
    total = terms[0].quantity
    for figure in terms[1:]:
        total += figure.quantity
    return total.times(1 / Decimal(len(terms))) if divides else total


def _safely(pattern: str, operands: tuple[Figure, ...], compute: Callable[[], Quantity], like: Figure | None = None) -> Iterator[Value]:
    try:
        quantity = compute()
    except (ValueError, ArithmeticError):
        return
    yield Value(pattern, operands, quantity, like)


# -- what must fit ------------------------------------------------------------------------------------------------------------


def _unit_of(mention: Mention) -> UnitClass | None:
    """The mention's unit; "a ratio of 0.87" is a multiple without its sign."""
    is_ratio = mention.unit is None and not mention.is_scaled and mention.setting.is_ratio
    return UnitClass.MULTIPLE if is_ratio else mention.unit


def _measures(mention: Mention, figure: Figure) -> bool:
    """Whether the mention is written in the figure's unit and currency."""
    ours, theirs = mention.unit, figure.unit.cls
    if mention.currencies and figure.unit.currency not in mention.currencies:
        return False
    if ours is None:
        return theirs in (UnitClass.COUNT, UnitClass.SHARES)
    return ours is theirs or (ours is UnitClass.MONEY and theirs is UnitClass.PER_SHARE and not mention.is_scaled)


def _is_later(now: Figure, base: Figure) -> bool:
    """Whether one is a period's own figure and the other an earlier one of the same, or what was expected of it."""
    if now.role is Role.ACTUAL and base.role is not Role.ACTUAL:
        return True
    return Role.CONSENSUS not in (now.role, base.role) and now.period.kind is base.period.kind and now.period.end > base.period.end


def _period_agrees(mention: Mention, base: Figure) -> bool:
    """Whether the sentence's own period words allow this base."""
    said = mention.periods & {Said.YOY, Said.QOQ, Said.CONSENSUS}
    return not said or _SAID_OF.get(base.role) in said


def periods_fit(mention: Mention, figures: Sequence[Figure]) -> bool:
    """Whether the figures are of the periods that the sentence names: those by the number, or all where it adds up or names none there."""
    is_over_many = mention.setting.is_average or mention.setting.is_sum
    is_of_all = (is_over_many or not mention.labels) and len(set(mention.setting.labels_said)) > 1
    labels = mention.setting.labels_said if is_of_all else mention.labels
    latest = max(figures, key=lambda figure: figure.period.end)
    must = figures if len(set(labels)) > 1 else [latest]
    return not labels or all(is_compatible(labels, figure.period) for figure in must)


def _covers(mention: Mention, figures: Sequence[Figure]) -> bool:
    """Whether a sum over periods leaves out none that the sentence names."""
    is_over_periods = len({figure.period.id for figure in figures}) > 1
    return not is_over_periods or all(
        any(is_compatible((label,), figure.period) for figure in figures) for label in mention.setting.labels_said
    )


def is_in_order(mention: Mention, part: Figure, whole: Figure) -> bool:
    """Whether the sentence divides the two this way round: what it names first by what it names then, or by the whole that it names."""
    if mention.wholes:
        return whole.metric.id in mention.wholes or part.metric.id not in mention.wholes
    first, second = (_place(mention, figure) for figure in (part, whole))
    return first is None or second is None or first < second


def _are_parts(mention: Mention, a: Figure, b: Figure, checker: Checker) -> bool:
    """Whether the sentence gives one number for both: "cash and short-term investments of $14.0bn"."""
    if a.segment is None and b.segment is None:
        return any({a.metric.id, b.metric.id} == checker.kin(name) for name in mention.metrics)
    return a.segment is not None and b.segment is not None and {slug(a.segment), slug(b.segment)} <= {*mention.segments}


def _place(mention: Mention, figure: Figure) -> int | None:
    """Where among the names of the sentence a figure's own name stands."""
    name = slug(figure.segment) if figure.segment is not None else figure.metric.id
    return mention.setting.in_order.index(name) if name in mention.setting.in_order else None


def _sign_agrees(mention: Mention, value: Value) -> bool:
    """A change must be said in its own direction; of a gap between two metrics either side may be named first."""
    if value.like is None:
        return mention.sign >= 0 if value.quantity.value >= 0 else mention.sign < 0 or mention.is_loss or mention.may_be_negative
    return is_said_its_way(mention, value.like, value.quantity.value)


def _numbers(figures: Sequence[Figure]) -> list[str]:
    """The operands' numbers as their sources print them; with their units where those differ in scale."""
    if len({figure.scale for figure in figures}) > 1:
        return [written(figure, signed=False) for figure in figures]
    return [_number(figure) for figure in figures]


def _number(figure: Figure) -> str:
    fact = figure.fact
    if fact is not None and fact.value is not None and fact.scale is figure.scale:
        step = (fact.rounded_to or last_place(fact.value)).normalize()
        value = fact.value.quantize(min(step, Decimal(1))) if step < 1 else fact.value
        return f"{value:,f}" if value >= 0 else f"({value:,f})"
    text = written(figure, signed=False)
    return text if figure.quantity.value >= 0 else f"({text})"
