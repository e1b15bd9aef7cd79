"""Numbers that follow from the other figures of their own text: "5.0% against 27.6%, 22.6 points apart".

A reader computes such a number from two figures that stand beside it, or that the sentence names. Only formulas that need
no explanation count: a difference, a sum, a ratio, a share, what is left of a whole, and growth of one metric.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations, permutations

from pipeline.facts.figures import Figure, slug
from pipeline.facts.quantity import HUNDRED, PERCENT, Quantity, Scale, UnitClass, exact
from pipeline.facts.sheet import Role
from pipeline.grounding.computed import is_in_order
from pipeline.grounding.models import Form, Mention
from pipeline.grounding.names import ADJUSTED
from pipeline.grounding.rules import said_sign
from pipeline.grounding.values import agrees, computed_step, is_too_precise

# More operands than this make chance matches likely.
_MOST_OPERANDS = 14
_AMOUNTS = frozenset((UnitClass.MONEY, UnitClass.PER_SHARE, UnitClass.SHARES, UnitClass.COUNT, UnitClass.DAYS))


@dataclass(frozen=True, slots=True)
class Relation:
    """What a formula gives. `change_of` is the figure whose change it is, None where the order of the two says nothing."""

    formula: str
    quantity: Quantity
    scale: Scale = Scale.ONE
    change_of: Figure | None = None


def explain(
    mention: Mention, operands: Sequence[Figure], shares: Iterable[Decimal], ratios: Collection[tuple[str, str]], stated: Collection[str]
) -> str | None:
    """The formula over two of the operands that gives the mention, or None.

    `shares` are percentages that the text states; `ratios` the pairs of metrics that a ratio which it names consists of.
    """
    found = (
        list(_shares_of_sums(mention, operands[:_MOST_OPERANDS], frozenset(stated)))
        if mention.setting.is_sum and mention.unit is UnitClass.PERCENT
        else []
    )
    found += list(_of_pairs(mention, operands[:_MOST_OPERANDS], ratios, frozenset(stated)))
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
            and _sign_agrees(mention, relation)
        ):
            return f"computed: {relation.formula}"
    return None


def explain_by_written(mention: Mention, others: Sequence[Mention]) -> str | None:
    """The difference or the sum of two numbers of the text that were computed themselves: "38.2%, 7.3 points less than the 45.5%".

    Their digits are all that a reader has, so half a step of each may be lost.
    """
    for a, b in permutations([other for other in others if other.value is not None and other.step is not None], 2):
        if a.unit is not b.unit or mention.value is None or mention.step is None or a.value is None or b.value is None:
            continue
        is_points = mention.unit is UnitClass.POINTS and a.unit is UnitClass.PERCENT
        if not is_points and (mention.unit is not a.unit or a.unit not in _AMOUNTS):
            continue
        slack = (mention.step + (a.step or 0) + (b.step or 0)) / 2
        if (mention.setting.is_gap or is_points) and abs(abs(a.value) - abs(b.value) - abs(mention.value)) <= slack and mention.value:
            return f"computed: {a.text} - {b.text}"
        if mention.setting.is_sum and not is_points and abs(abs(a.value) + abs(b.value) - abs(mention.value)) <= slack:
            return f"computed: {a.text} + {b.text}"
    return None


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


def _of_pairs(
    mention: Mention, operands: Sequence[Figure], ratios: Collection[tuple[str, str]], stated: frozenset[str]
) -> Iterator[Relation]:
    for a, b in permutations(operands, 2):
        if a.unit.currency == b.unit.currency and a.quantity.unit.cls is b.quantity.unit.cls:
            try:
                yield from _of_pair(mention, a, b, ratios, stated)
            except (ValueError, ArithmeticError):
                continue


def _of_pair(mention: Mention, a: Figure, b: Figure, ratios: Collection[tuple[str, str]], stated: frozenset[str]) -> Iterator[Relation]:
    unit, cls = mention.unit, a.unit.cls
    is_part = a.stem == b.stem and a.period.kind is not b.period.kind
    if is_part and not (unit is UnitClass.PERCENT and (mention.step is None or mention.setting.is_share)):
        return
    is_later = a.stem == b.stem and a.change is b.change and (a.period.end, a.role.value) != (b.period.end, b.role.value)
    if mention.is_segment_certain and not mention.setting.is_sum and (a.segment is None or slug(a.segment) not in mention.segments):
        return
    if 0 in (a.quantity.value, b.quantity.value):
        return
    is_later = is_later and not is_part
    like = a if is_later and a.period.end >= b.period.end else None
    is_larger = a.quantity.value >= b.quantity.value
    if (
        {a.id, b.id} <= stated
        and mention.step is None
        and unit is UnitClass.PERCENT
        and cls is UnitClass.PERCENT
        and abs(a.quantity.value) <= abs(b.quantity.value)
    ):
        yield Relation(f"{a.id} / {b.id}", a.quantity.over(b.quantity, PERCENT))
    if unit in (UnitClass.POINTS, UnitClass.PERCENT) and cls in (UnitClass.PERCENT, UnitClass.POINTS):
        if unit is UnitClass.POINTS and (like is not None or (is_larger and not is_later)):
            yield Relation(f"{a.id} - {b.id}", a.quantity.points_from(b.quantity), change_of=like)
        return
    is_said = {a.id, b.id} <= stated or (a.role is Role.ACTUAL and b.role is Role.ACTUAL) or is_part
    if unit is UnitClass.MULTIPLE and (cls is not UnitClass.PERCENT or a.metric is b.metric) and is_in_order(mention, a, b):
        yield Relation(f"{a.id} / {b.id}", a.quantity.over(b.quantity))
    elif unit is UnitClass.PERCENT and like is not None and not mention.wholes and not (mention.is_segment_certain and a.segment is None):
        yield Relation(f"{a.id} / {b.id} - 1", a.quantity.growth_from(b.quantity), change_of=like)
    elif (
        unit is UnitClass.PERCENT
        and not is_later
        and not is_larger
        and (a.period.id == b.period.id or is_part)
        and is_said
        and ((a.metric.id, b.metric.id) in ratios or mention.step is None or (mention.form is not Form.CHANGE and mention.setting.is_share))
    ):
        yield Relation(f"{a.id} / {b.id}", a.quantity.over(b.quantity, PERCENT))
    elif unit is cls or (unit is UnitClass.MONEY and cls is UnitClass.PER_SHARE) or (unit is None and cls in _AMOUNTS):
        is_level = mention.form is Form.LEVEL and (mention.is_strong or mention.is_segment_certain)
        if mention.link in ("from", "versus") or (is_level and not mention.is_extra and not mention.setting.is_sum):
            # "Revenue reached $1.4bn" states revenue, and no difference that happens to be of that size.
            return
        if mention.currencies and a.unit.currency and a.unit.currency not in mention.currencies:
            return
        if mention.range_with is not None:
            return
        is_adjustment = not is_later and ADJUSTED.get(b.metric.id) == a.metric.id and not is_level
        if (
            (like is not None and not is_level)
            or (like is not None and mention.is_extra)
            or (is_larger and not is_later and mention.setting.is_gap)
            or is_adjustment
        ):
            yield Relation(f"{a.id} - {b.id}", a.quantity - b.quantity, a.scale, like)
        if a.id < b.id and mention.form is not Form.CHANGE and mention.setting.is_sum and (not is_later or {a.id, b.id} <= stated):
            yield Relation(f"{a.id} + {b.id}", a.quantity + b.quantity, a.scale)


def _sign_agrees(mention: Mention, relation: Relation) -> bool:
    """A change is said in its own direction; of a gap between two figures either may be named first."""
    if relation.change_of is None or relation.quantity.value == 0:
        return True
    said = said_sign(mention, relation.change_of)
    if mention.sign and said and mention.sign != said:
        return False
    stated = mention.sign or said
    return not stated or (relation.quantity.value > 0) == (stated > 0)
