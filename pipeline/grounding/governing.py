"""The words that govern a figure: what ties it to its sentence, which way it went, and whether it is a level or a change."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.facts.quantity import UnitClass
from pipeline.facts.vocabulary import vocabulary
from pipeline.grounding import lexicon
from pipeline.grounding.clauses import Clauses, metrics_of
from pipeline.grounding.lexicon import Approximation, Direction
from pipeline.grounding.models import Form
from pipeline.grounding.names import Cue, Sort
from pipeline.grounding.numbers import Number
from pipeline.grounding.topics import Period

# How far the words that govern a figure may stand from it, and how many unknown words may stand between.
REACH = 14
_STRANGERS = 2
_EXPECTED = frozenset((Period.CONSENSUS, Period.STREET, Period.GUIDANCE, Period.OUTLOOK))
_SHARES = frozenset((UnitClass.PERCENT, UnitClass.POINTS, UnitClass.MULTIPLE))
# "Climb above 16.2%" speaks of a level, whatever the verb.
_PLACES = frozenset(("above", "below", "under"))
_PREPOSITIONS = frozenset(
    ("above", "below", "over", "under", "ahead", "behind", "short", "higher", "lower", "more", "less", "better", "worse")
)
_AMOUNTS = frozenset((UnitClass.MONEY, UnitClass.PER_SHARE))
# Right before an amount these say what it is measured against.
_REFERENCES = frozenset(
    ("short of", "shy of", "ahead of", "behind", "south of", "north of", "fell short", "falls short", "better than", "worse than")
)
# "Services added $605m" may be what they brought in, or what came on top.
_EITHER_WAY = frozenset(("added", "adds", "add", "adding"))
_DETERMINERS = frozenset(("the", "a", "an", "its", "their"))
_QUOTES = frozenset(("-", "'", '"', "“", ":"))
# Verbs that give a level, whatever was said before: "the margin on the added revenue was 36.7%".
_STATES = frozenset(("was", "were", "is", "are", "stood", "stands", "totalled", "totaled", "equals", "equalled"))
_AFTER_LINK = frozenset(("stood", "stands", "came", "ran", "in", "of", "was", "is", "were", "-", "rate"))
_BETWEEN = frozenset(("of", "-", "in", "was", "were", "is", "has", "been"))
_BEFORE_FIGURE = frozenset(("by", "of", "-", "+", "$"))


@dataclass(slots=True)
class Governor:
    """What stands right before a figure: the link (`link_word` as written), the hedge, the direction, and the phrases between."""

    is_past_colon: bool = False
    is_stated: bool = False
    """Whether a verb of level stands before the link: "stood at"."""
    link: str = ""
    link_word: str = ""
    link_at: int = -1
    approximator: Approximation | None = None
    direction: Cue | None = None
    metrics: list[Cue] = field(default_factory=list)
    periods: list[Period] = field(default_factory=list)

    def tie(self, link: str, word: str, at: int) -> None:
        self.link, self.link_word, self.link_at = link, word, at

    @property
    def is_noun(self) -> bool:
        """Whether the direction is a noun: "a decline of 3.4 points"."""
        return self.direction is not None and self.direction.phrase in lexicon.CHANGE_NOUNS

    @property
    def is_expected(self) -> bool:
        """Whether the figure is what consensus or guidance says: "consensus of CNY 2,715m"."""
        return (
            bool({Period.CONSENSUS, Period.GUIDANCE} & set(self.periods))
            and self.link in ("level", "")
            and (self.link_word != "at" or self.is_stated)
        )

    @property
    def may_be_percent(self) -> bool:
        """Whether a percentage can be the level of the metric named here. Of revenue it can only be a growth rate or a share."""
        return not self.metrics or any(vocabulary()[name].unit is UnitClass.PERCENT for cue in self.metrics for name in metrics_of(cue))


def governor(clauses: Clauses, number: Number, order: int) -> Governor:
    """Walk left from the figure, over fillers and phrases, to the words that tie it to its sentence."""
    found = Governor()
    at = clauses.start_of(number) - 1
    floor = max(clauses.gap(order)[0], at - REACH)
    while at >= floor:
        hedge = clauses.ending.get((at + 1, Sort.APPROXIMATION))
        if hedge is not None and hedge.phrase in lexicon.PASSING and hedge.last < clauses.start_of(number):
            hedge = None
        if hedge is not None and hedge.first >= floor and not found.link and not found.metrics:
            if places_previous(clauses, hedge, order):
                found.tie("versus", hedge.phrase, at)
                return found
            found.approximator = found.approximator or hedge.value
            if hedge.phrase.split()[-1] in _PLACES:
                found.tie("versus", hedge.phrase, at)
            at = hedge.first - 1
            continue
        direction = clauses.ending.get((at + 1, Sort.DIRECTION))
        if direction is not None and direction.first >= floor and not (direction.phrase == "loss" and number.unit not in _SHARES):
            if found.is_past_colon:
                return found
            if direction.phrase == "less" and number.unit in _AMOUNTS:
                # "Cash of $3.91bn, less $2.27bn of debt": taken off, and not fallen by.
                return found
            if direction.phrase in _REFERENCES and not found.link and number.unit in _AMOUNTS:
                # "A touch short of the CNY 2,715m": where it stands against, not how far.
                found.tie("versus", direction.phrase, at)
                return found
            found.direction = direction
            return found
        step = _step(clauses, found, at)
        if step is None:
            return found
        at = step
    return found


def _step(clauses: Clauses, found: Governor, at: int) -> int | None:
    """Take what stands at a token and return the next one to look at; None where the walk ends."""
    low = clauses.low(at)
    if low == "by" and clauses.low(at + 1) in ("now", "then", "contrast", "comparison", "itself"):
        return None
    if (
        found.link_word == "of"
        and (found.metrics or low == "instead")
        and lexicon.LINKS.get(low) in ("from", "versus")
        and not clauses.is_inside_phrase(at)
    ):
        # "Swung to $567m from a net loss of $1.34bn".
        found.tie(lexicon.LINKS[low], low, at)
        return at - 1
    if not found.link and low in lexicon.LINKS and at not in clauses.label_at and not clauses.is_inside_phrase(at):
        found.tie(lexicon.LINKS[low], low, at)
        return at - 1
    if at in clauses.label_at:
        return clauses.label_at[at].first - 1
    if low == ":":
        found.is_past_colon = True
    if low in ("stood", "stands", "was", "is"):
        found.is_stated = True
    cue = clauses.covering.get(at)
    if cue is None and found.link_word == "of" and found.link_at == at + 1 and low in lexicon.CARRIERS:
        found.tie("", "", -1)
        return at - 1
    if cue is None:
        is_passed = (
            (low == "." and clauses.low(at - 1) in lexicon.ABBREVIATIONS)
            or low in lexicon.FILLERS
            or low in lexicon.PACE_VERBS
            or low in _QUOTES
            or (bool(found.link) and low in _AFTER_LINK)
        )
        return at - 1 if is_passed else None
    if cue.sort in (Sort.METRIC, Sort.FAMILY):
        if found.metrics:
            return None
        found.metrics.append(cue)
    elif cue.sort is Sort.PERIOD:
        found.periods.append(cue.value)
        first = cue.phrase.split()[0]
        if not found.link and lexicon.LINKS.get(first) in ("from", "versus"):
            # "From last year's RMB 318m".
            found.tie(lexicon.LINKS[first], first, cue.first)
        if found.link == "level" and cue.value in _EXPECTED:
            return None
    return cue.first - 1


def places_previous(clauses: Clauses, cue: Cue, order: int) -> bool:
    """Whether a preposition says where the figure before stands: "0.4% below CNY 2,715m" does not hedge the amount."""
    if order == 0 or cue.phrase.split()[0] not in _PREPOSITIONS:
        return False
    before, now = clauses.figures[order - 1], clauses.figures[order]
    return before.unit in _SHARES and before.unit is not now.unit and clauses.gap(order)[0] == cue.first


def following(clauses: Clauses, order: int) -> Cue | None:
    """A direction word behind the figure that speaks of it: "0.4% below", "a 3.4-point decline", "37.2% revenue growth"."""
    at, end = clauses.right(order)
    strangers = 0
    while at < end:
        cue = clauses.direction_at.get(at)
        if cue is not None and _describes_metric(clauses, cue):
            return None
        if cue is not None and cue.phrase in lexicon.FOLLOWING:
            return None if _is_of_next(clauses, cue, order) else cue
        covering = clauses.covering.get(at)
        if covering is not None and covering.first == at:
            at = covering.last
            continue
        if clauses.low(at) not in lexicon.FILLERS and clauses.low(at) not in _BETWEEN:
            strangers += 1
            if strangers > _STRANGERS:
                return None
        at += 1
    return None


def _describes_metric(clauses: Clauses, cue: Cue) -> bool:
    """Whether an adjective speaks of the metric behind it, and not of a figure: "+5% on the lower share count"."""
    if cue.phrase not in lexicon.ADJECTIVES:
        return False
    return cue.last in clauses.metric_at or clauses.low(cue.first - 1) in _DETERMINERS


def _is_of_next(clauses: Clauses, cue: Cue, order: int) -> bool:
    """Whether a direction word stands right before the next figure and speaks of that one: "12.8%, down 3.4 points"."""
    if order + 1 >= len(clauses.figures):
        return False
    between = (clauses.low(at) for at in range(cue.last, clauses.figures[order + 1].first))
    return all(low in lexicon.FILLERS or low in _BEFORE_FIGURE for low in between) and not places_previous(clauses, cue, order + 1)


def direction(clauses: Clauses, found: Governor, behind: Cue | None, number: Number, order: int) -> Cue | None:
    """The word that says which way the figure went: right before it, behind it, or the nearest verb before it."""
    if found.link == "by" and number.unit is UnitClass.POINTS and (pace := _pace(clauses, order, number)):
        return pace
    if found.direction is not None and found.link != "from" and not (found.direction.phrase == "loss" and number.unit not in _SHARES):
        if _names_consensus(found, number):
            return None
        return (_rate_noun(clauses, found.direction, order) if found.link == "to" else None) or found.direction
    if found.link == "to":
        behind = None
    if behind is not None or found.link in ("from", "versus"):
        return behind
    for cue in reversed(clauses.inside(Sort.DIRECTION, (clauses.gap(order)[0], number.first))):
        if found.link_word in _STATES or any(clauses.low(at) == ":" for at in range(cue.last, number.first)):
            return None
        if cue.phrase == "loss" and number.unit not in _SHARES:
            continue
        if cue.phrase not in lexicon.ADJACENT_ONLY:
            return cue
        if any(clauses.low(at) in lexicon.BREAKS for at in range(cue.last, number.first)):
            return None
    return None


def _pace(clauses: Clauses, order: int, number: Number) -> Cue | None:
    """The verb of "growth slowed by six points": the rate went down, whichever way the metric did."""
    at = next((at for at in reversed(range(clauses.gap(order)[0], number.first)) if clauses.low(at) in lexicon.PACE_VERBS), None)
    if at is None:
        return None
    way = Direction.UP if clauses.low(at).startswith("accelerat") else Direction.DOWN
    return Cue(Sort.DIRECTION, way, at, at + 1, clauses.low(at))


def _rate_noun(clauses: Clauses, verb: Cue, order: int) -> Cue | None:
    """The noun of "growth jumped to 37.2%": what changed is the rate, and the number says how fast the metric grew."""
    nouns = [cue for cue in clauses.inside(Sort.DIRECTION, (clauses.gap(order)[0], verb.first)) if cue.phrase in lexicon.RATE_NOUNS]
    return nouns[-1] if nouns and not clauses.plain_words((nouns[-1].last, verb.first)) else None


def form(clauses: Clauses, number: Number, order: int, found: Governor, behind: Cue | None, way: Cue | None) -> Form | None:
    """Whether the sentence gives the figure as a level, as a change, or as where a change started; None where it leaves that open."""
    is_percent = number.unit is UnitClass.PERCENT
    if number.unit is UnitClass.POINTS and found.link_word in (*_STATES, "at", "of") and way is None and found.metrics:
        return Form.LEVEL
    is_by_which = [clauses.low(at) for at in range(number.last, min(number.last + 2, clauses.last))] == ["by", "which"]
    if number.is_change or number.unit is UnitClass.POINTS or found.link == "by" or is_by_which:
        return Form.CHANGE
    if way is not None and way.phrase in lexicon.RATE_NOUNS and found.link in ("to", "level"):
        return Form.CHANGE
    match found.link:
        case "from":
            has_moved = any(cue.sort is Sort.DIRECTION and cue.last <= number.first for cue in clauses.cues)
            return Form.BASE if has_moved else None
        case "to":
            return Form.LEVEL
    is_amount = number.unit in (UnitClass.MONEY, UnitClass.PER_SHARE)
    if behind is not None and not (found.link_word in ("of", "at") and (found.metrics or is_amount)):
        return Form.CHANGE
    match found.link:
        case "level":
            if found.direction is not None:
                is_pace = found.link_word == "at" and not is_amount and not found.metrics
                return Form.CHANGE if (found.is_noun and found.direction.phrase != "loss") or is_pace else Form.LEVEL
            return Form.LEVEL if not is_percent or found.may_be_percent else None
        case "versus":
            return None
    if _names_consensus(found, number):
        return None
    if found.direction is not None and is_amount and found.direction.phrase in _EITHER_WAY:
        is_compared = any(
            lexicon.LINKS.get(clauses.low(at)) == "versus" or clauses.low(at) == "over" for at in range(*clauses.gap(order + 1))
        )
        return Form.CHANGE if is_compared else None
    if found.direction is not None:
        return Form.CHANGE if not found.metrics or found.direction.phrase in lexicon.RATE_NOUNS else None
    if found.metrics and number.sign <= 0 and not _is_measured(clauses, number):
        return Form.LEVEL if not is_percent or found.may_be_percent else None
    return Form.CHANGE if number.sign > 0 and not found.metrics else None


def _names_consensus(found: Governor, number: Number) -> bool:
    """Whether the figure is what was beaten or missed, and not by how much: "beat the $94.1bn consensus"."""
    is_verb = found.direction is not None and found.direction.phrase in lexicon.AGAINST_CONSENSUS
    return is_verb and not found.link and number.unit in (UnitClass.MONEY, UnitClass.PER_SHARE)


def _is_measured(clauses: Clauses, number: Number) -> bool:
    """Whether words right behind the figure say what it is measured against: "net debt: -CNY 12m y/y"."""
    cue = clauses.covering.get(number.last)
    return cue is not None and cue.value in (Period.YOY, Period.QOQ)
