"""Numbers that follow from the other figures of their own text: "5.0% against 27.6%, 22.6 points apart".

A reader computes such a number from two figures that stand beside it, or that the sentence names. Only formulas that need
no explanation count: a difference, a sum, a ratio, a share, what is left of a whole, and growth of one metric.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations, permutations
from typing import NamedTuple

from pipeline.facts.figures import Figure, slug
from pipeline.facts.quantity import HUNDRED, PERCENT, Quantity, Scale, UnitClass, exact
from pipeline.facts.sheet import Role
from pipeline.grounding.computed import is_in_order
from pipeline.grounding.models import Form, Mention
from pipeline.grounding.names import ADJUSTED
from pipeline.grounding.report import COMPUTED, NumberCheck
from pipeline.grounding.rules import is_said_its_way
from pipeline.grounding.topics import Period
from pipeline.grounding.values import agrees, computed_step, is_telling_alone, is_too_precise, pairs_of_size

# More operands than this make chance matches likely.
_MOST_OPERANDS = 14
_PERCENTS = frozenset((UnitClass.PERCENT, UnitClass.POINTS))
_AMOUNTS = frozenset((UnitClass.MONEY, UnitClass.PER_SHARE, UnitClass.SHARES, UnitClass.COUNT, UnitClass.DAYS))


@dataclass(frozen=True, slots=True)
class Relation:
    """What a formula gives. `change_of` is the figure whose change it is, None where the order of the two says nothing."""

    formula: str
    quantity: Quantity
    scale: Scale = Scale.ONE
    change_of: Figure | None = None


def explain(
    mention: Mention,
    operands: Sequence[Figure],
    shares: Iterable[Decimal],
    ratios: Collection[tuple[str, str]],
    written: Collection[str],
    told: Collection[str],
) -> str | None:
    """The formula over two of the operands that gives the mention, or None.

    `shares` are percentages that the text states; `ratios` the pairs of metrics that a ratio which it names consists of;
    `written` the operands whose numbers the text has, `told` those whose period it names.
    """
    stated = _Stated(frozenset(written), frozenset({*written, *told}))
    found: list[Relation] = []
    if mention.setting.is_sum and mention.unit is UnitClass.PERCENT:
        found += list(_shares_of_sums(mention, operands[:_MOST_OPERANDS], stated.all))
    found += list(_of_pairs(mention, operands[:_MOST_OPERANDS], ratios, stated))
    if mention.is_rest:
        found += [
            Relation(f"100% - {share}%", Quantity(HUNDRED - share, PERCENT, exact(HUNDRED - share)))
            for share in shares
            if 0 < share < HUNDRED
        ]
    for relation in found:
        if (
            agrees(mention, relation.quantity, relation.scale)
            and not is_too_precise(mention, computed_step(relation.quantity, relation.scale))
            and (relation.change_of is None or is_said_its_way(mention, relation.change_of, relation.quantity.value))
        ):
            return f"{COMPUTED}{relation.formula}"
    return None


class _Written(NamedTuple):
    """A number as a reader has it: its digits, half a step of which may be lost."""

    text: str
    value: Decimal
    slack: Decimal
    unit: UnitClass
    is_computed: bool

    def to(self, other: _Written) -> tuple[Decimal, Decimal] | None:
        """The least and the most that it may be in percent of another."""
        if self.unit is not other.unit or other.value <= other.slack:
            return None
        return (self.value - self.slack) / (other.value + other.slack) * HUNDRED, (self.value + self.slack) / (
            other.value - other.slack
        ) * HUNDRED


def explain_by_written(mention: Mention, others: Sequence[NumberCheck], wholes: Sequence[Figure]) -> str | None:
    """The difference, the sum or the share of numbers of the text of which one was computed itself, or the share of such a number
    in a whole that the sentence names: "38.2%, 7.3 points less than the 45.5%", "together $376m, 53% of free cash flow".
    """
    if mention.value is None or mention.step is None:
        return None
    known = [
        _Written(c.mention.text, abs(c.mention.value), c.mention.step / 2, c.mention.unit, c.fact is None)
        for c in others
        if c.mention.value is not None and c.mention.step is not None and c.mention.unit is not None
    ]
    named = [_Written(f.id, abs(f.quantity.value), f.quantity.interval.width / 2, f.unit.cls, is_computed=False) for f in wholes]
    for a, b in permutations([*known, *named], 2):
        if (a.is_computed or b.is_computed) and (sign := _by_written(mention, a, b)):
            return f"{COMPUTED}{a.text} {sign} {b.text}"
    return None


def _by_written(mention: Mention, a: _Written, b: _Written) -> str:
    """The sign of the operation by which two written numbers give the mention; empty where none does."""
    if mention.value is None or mention.step is None:
        return ""
    value, setting, slack = abs(mention.value), mention.setting, mention.step / 2 + a.slack + b.slack
    is_points = mention.unit is UnitClass.POINTS and a.unit is b.unit is UnitClass.PERCENT
    is_telling = is_telling_alone(mention)
    if is_points or (mention.unit is a.unit is b.unit and a.unit in _AMOUNTS):
        if (setting.is_gap or is_points or is_telling) and value and abs(a.value - b.value - value) <= slack:
            return "-"
        if (setting.is_sum or is_telling) and not is_points and abs(a.value + b.value - value) <= slack:
            return "+"
    if mention.unit is UnitClass.PERCENT and a.unit in _AMOUNTS and (setting.is_share or is_telling) and (ends := a.to(b)) is not None:
        half = mention.step / 2
        return "/" if value and ends[0] - half <= value <= ends[1] + half else ""
    return ""


def _shares_of_sums(mention: Mention, operands: Sequence[Figure], stated: frozenset[str]) -> Iterator[Relation]:
    """ "Sales Cloud and Service Cloud together generated 46% of group revenue"."""
    parts = [f for f in operands if f.segment is not None and f.change is None and slug(f.segment) in mention.setting.named_segments]
    amounts = [
        f for f in operands if f.id in stated and f.change is None and f.unit.cls is UnitClass.MONEY and f.metric.id not in mention.wholes
    ]
    for whole in (f for f in operands if f.segment is None and f.change is None):
        if whole.metric.id in mention.wholes and len(amounts) > 1 and whole.unit == amounts[0].unit:
            for a, b in combinations(amounts, 2):
                if a.unit == b.unit == whole.unit and a.period.id == b.period.id == whole.period.id:
                    yield Relation(f"({a.id} + {b.id}) / {whole.id}", (a.quantity + b.quantity).over(whole.quantity, PERCENT))
        of_it = [f for f in parts if f.metric is whole.metric and f.period.id == whole.period.id]
        if len(of_it) > 1:
            total = of_it[0].quantity
            for part in of_it[1:]:
                total += part.quantity
            yield Relation(f"({' + '.join(f.id for f in of_it)}) / {whole.id}", total.over(whole.quantity, PERCENT))


class _Stated(NamedTuple):
    """The operands whose numbers a text has, and all of which it speaks."""

    written: frozenset[str]
    all: frozenset[str]


class _Pair(NamedTuple):
    """Two operands, in the order in which a formula takes them."""

    a: Figure
    b: Figure
    is_written: bool
    """Whether the text has the numbers of both."""
    is_stated: bool
    """Whether it has them, or names their periods."""
    is_part: bool
    """Whether they are one series over periods of different kinds: a quarter and its year."""
    is_later: bool
    """Whether they are one series at two times, or what came and what was expected."""

    @classmethod
    def of(cls, a: Figure, b: Figure, stated: _Stated) -> _Pair:
        is_written, is_stated = stated.written.issuperset((a.id, b.id)), stated.all.issuperset((a.id, b.id))
        if a.stem != b.stem:
            return cls(a, b, is_written, is_stated, is_part=False, is_later=False)
        is_part = a.period.kind is not b.period.kind
        is_apart = (a.period.end, a.role) != (b.period.end, b.role)
        return cls(a, b, is_written, is_stated, is_part, is_later=a.change is b.change and is_apart and not is_part)

    @property
    def like(self) -> Figure | None:
        """The later of one series: what the formula gives is its change."""
        return self.a if self.is_later and self.a.period.end >= self.b.period.end else None

    @property
    def is_larger(self) -> bool:
        return self.a.quantity.value >= self.b.quantity.value

    def over(self) -> Relation:
        """The first in percent of the second."""
        return Relation(f"{self.a.id} / {self.b.id}", self.a.quantity.over(self.b.quantity, PERCENT))


def _of_pairs(mention: Mention, operands: Sequence[Figure], ratios: Collection[tuple[str, str]], stated: _Stated) -> Iterator[Relation]:
    for a, b in pairs_of_size(mention, operands):
        if a.unit.currency == b.unit.currency and a.quantity.unit.cls is b.quantity.unit.cls:
            try:
                yield from _of_pair(mention, _Pair.of(a, b, stated), ratios)
            except (ValueError, ArithmeticError):
                continue


def _of_pair(mention: Mention, pair: _Pair, ratios: Collection[tuple[str, str]]) -> Iterator[Relation]:
    """What the pair can give in the mention's unit."""
    if not _may_be_computed(mention, pair):
        return
    unit, cls = mention.unit, pair.a.unit.cls
    if _is_share_in_words(mention, pair):
        yield pair.over()
    if unit in _PERCENTS and cls in _PERCENTS:
        yield from _points(mention, pair)
    elif _is_ratio(mention, pair):
        yield Relation(f"{pair.a.id} / {pair.b.id}", pair.a.quantity.over(pair.b.quantity))
    elif unit is UnitClass.PERCENT:
        if _is_growth(mention, pair):
            yield Relation(f"{pair.a.id} / {pair.b.id} - 1", pair.a.quantity.growth_from(pair.b.quantity), change_of=pair.like)
        elif _is_share(mention, pair, ratios):
            yield pair.over()
    elif unit is cls or (unit is UnitClass.MONEY and cls is UnitClass.PER_SHARE) or (unit is None and cls in _AMOUNTS):
        yield from _differences_and_sums(mention, pair)


def _may_be_computed(mention: Mention, pair: _Pair) -> bool:
    """Whether the sentence allows a formula over the pair at all."""
    a, b = pair.a, pair.b
    is_gap = mention.unit is UnitClass.POINTS and pair.is_stated
    if pair.is_part and not is_gap and not (mention.unit is UnitClass.PERCENT and (mention.step is None or mention.setting.is_share)):
        return False
    is_other = a.segment is None or slug(a.segment) not in mention.segments
    if mention.is_segment_certain and is_other and not mention.setting.is_sum and mention.unit is not UnitClass.MULTIPLE:
        return False
    return bool(a.quantity.value and b.quantity.value)


def _is_share_in_words(mention: Mention, pair: _Pair) -> bool:
    """ "Half the margin of a year ago": of two percentages only a fraction in words is a share."""
    if mention.step is not None or not pair.is_stated:
        return False
    are_percents = mention.unit is UnitClass.PERCENT and pair.a.unit.cls is UnitClass.PERCENT
    return are_percents and abs(pair.a.quantity.value) <= abs(pair.b.quantity.value)


def _points(mention: Mention, pair: _Pair) -> Iterator[Relation]:
    """The change of one percentage, or the gap between two, larger first."""
    if mention.unit is UnitClass.POINTS and (pair.like is not None or (pair.is_larger and not pair.is_later)):
        yield Relation(f"{pair.a.id} - {pair.b.id}", pair.a.quantity.points_from(pair.b.quantity), change_of=pair.like)


def _is_ratio(mention: Mention, pair: _Pair) -> bool:
    """Whether a multiple may be meant; one of percentages only where both are of one metric."""
    if mention.unit is not UnitClass.MULTIPLE:
        return False
    is_like_for_like = pair.a.unit.cls is not UnitClass.PERCENT or pair.a.metric is pair.b.metric
    return is_like_for_like and is_in_order(mention, pair.a, pair.b)


def _is_growth(mention: Mention, pair: _Pair) -> bool:
    """Whether a percentage may be how much the first grew from the second."""
    is_of_whole_company = mention.is_segment_certain and pair.a.segment is None
    if pair.a.role is Role.CONSENSUS and mention.periods.isdisjoint((Period.YOY, Period.QOQ)):
        # "+5% against consensus" is how far the company came out above it, not how fast analysts see it grow.
        return False
    topics = {*mention.setting.named, *mention.setting.recalled, *mention.metrics}
    is_of_other_metric = bool(topics) and pair.a.metric.id not in topics and pair.a.segment is None
    return pair.like is not None and not mention.wholes and not is_of_whole_company and not is_of_other_metric


def _is_share(mention: Mention, pair: _Pair, ratios: Collection[tuple[str, str]]) -> bool:
    """Whether a percentage may be the first's share of the second: smaller, of the same period, and said to be one."""
    a, b = pair.a, pair.b
    if pair.is_later or pair.is_larger or not (a.period.id == b.period.id or pair.is_part):
        return False
    are_told = pair.is_stated or (a.role is Role.ACTUAL and b.role is Role.ACTUAL) or pair.is_part
    is_said = mention.step is None or (mention.form is not Form.CHANGE and mention.setting.is_share)
    return are_told and ((a.metric.id, b.metric.id) in ratios or is_said)


def _differences_and_sums(mention: Mention, pair: _Pair) -> Iterator[Relation]:
    """What separates two amounts, and what they come to together."""
    a, b, like = pair.a, pair.b, pair.like
    is_level = mention.form is Form.LEVEL and (mention.is_strong or mention.is_segment_certain)
    # "Revenue reached $1.4bn" states revenue, and no difference that happens to be of that size.
    states_figure = mention.link in ("from", "versus") or (is_level and not mention.is_extra and not mention.setting.is_sum)
    is_other_currency = bool(mention.currencies and a.unit.currency) and a.unit.currency not in mention.currencies
    if states_figure or is_other_currency or mention.range_with is not None:
        return
    is_change = like is not None and (not is_level or mention.is_extra)
    is_gap = pair.is_larger and not pair.is_later and (mention.setting.is_gap or (pair.is_written and is_telling_alone(mention)))
    is_adjustment = not pair.is_later and ADJUSTED.get(b.metric.id) == a.metric.id and not is_level
    if is_change or is_gap or is_adjustment:
        yield Relation(f"{a.id} - {b.id}", a.quantity - b.quantity, a.scale, like)
    is_sum = mention.form is not Form.CHANGE and mention.setting.is_sum and (not pair.is_later or pair.is_stated)
    if a.id < b.id and is_sum:
        yield Relation(f"{a.id} + {b.id}", a.quantity + b.quantity, a.scale)
