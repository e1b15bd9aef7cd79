"""Numbers that a reader computes from two facts that the sentence names: a difference, a sum, a ratio, a share, a growth rate."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.facts.figures import Figure, slug
from pipeline.facts.quantity import PERCENT, Quantity, Scale, UnitClass
from pipeline.facts.sheet import Role
from pipeline.grounding.lexicon import Period as Said
from pipeline.grounding.models import Form, Mention
from pipeline.grounding.rules import said_sign
from pipeline.grounding.values import agrees, is_too_precise, printed_step

if TYPE_CHECKING:
    from pipeline.grounding.decide import Checker

# More operands than this make chance matches likely.
_MOST_OPERANDS = 8
_MOST_EVIDENCE = 3


@dataclass(frozen=True, slots=True)
class Value:
    """What a formula over two figures gives. `like` is the figure whose change it is; None where the sign says nothing."""

    formula: str
    quantity: Quantity
    scale: Scale
    like: Figure | None = None


def explain(mention: Mention, checker: Checker, evidence: Collection[str] | None, reach: frozenset[str] | None) -> str | None:
    """The formula that gives the mention, in words, or None. `reach` is what the evidence carries."""
    operands = _operands(mention, checker, evidence, reach)
    for value in _values(operands, mention, checker):
        finest = printed_step(value.quantity, value.scale)
        if agrees(mention, value.quantity, value.scale) and not is_too_precise(mention, finest) and _sign_agrees(mention, value):
            return f"computed: {value.formula}"
    return None


def _operands(mention: Mention, checker: Checker, evidence: Collection[str] | None, reach: frozenset[str] | None) -> list[Figure]:
    """Levels of the metrics that the sentence names, in the reported period and its bases; else a short evidence."""
    wanted = set(checker.allowed(mention)) | set(mention.named) | set(mention.wholes)
    for name in mention.named:
        wanted |= checker.kin(name)
    levels = [f for f in checker.figures if f.change is None and f.metric.id in wanted and f.role in _ROLES]
    levels = [f for f in levels if f.segment is None or slug(f.segment) in mention.named_segments]
    if evidence is not None and reach is not None:
        levels = [f for f in levels if f.id in reach]
        cited = [checker.facts[name] for name in evidence if name in checker.facts]
        cited = [f for f in cited if f.change is None]
        if len(cited) <= _MOST_EVIDENCE:
            levels += [f for f in cited if f not in levels]
    return levels if len(levels) <= _MOST_OPERANDS else [f for f in levels if f.role is Role.ACTUAL][:_MOST_OPERANDS]


_SAID_OF = {Role.PRIOR_YEAR: Said.YOY, Role.PRIOR_QUARTER: Said.QOQ, Role.CONSENSUS: Said.CONSENSUS}
_ROLES = (Role.ACTUAL, Role.PRIOR_YEAR, Role.PRIOR_QUARTER, Role.CONSENSUS)


def _values(operands: list[Figure], mention: Mention, checker: Checker) -> Iterator[Value]:
    """Every formula over a pair of operands that could give a number of the mention's unit."""
    for a in operands:
        for b in operands:
            if a is b or a.unit.currency != b.unit.currency:
                continue
            if a.stem != b.stem:
                if a.period == b.period:
                    yield from _of_two_metrics(a, b, mention)
            elif (
                a.role is Role.ACTUAL
                and b.role is not Role.ACTUAL
                and _period_agrees(mention, b)
                and not checker.holds_change(a, b, mention.unit)
            ):
                yield from _of_two_periods(a, b, mention)


def _of_two_metrics(a: Figure, b: Figure, mention: Mention) -> Iterator[Value]:
    """Ratio, share, difference and sum of two metrics in one period."""
    cls = a.unit.cls
    if a.unit != b.unit:
        return
    is_larger = a.quantity.value >= b.quantity.value
    match mention.unit:
        case UnitClass.MULTIPLE if cls is not UnitClass.PERCENT or a.metric is b.metric:
            yield from _safely(f"{a.id} / {b.id}", lambda: a.quantity.over(b.quantity))
        case UnitClass.PERCENT if cls is not UnitClass.PERCENT and mention.wholes and mention.form is not Form.CHANGE:
            yield from _safely(f"{a.id} / {b.id}", lambda: a.quantity.over(b.quantity, PERCENT))
        case UnitClass.POINTS if cls is UnitClass.PERCENT and is_larger:
            yield from _safely(f"{a.id} - {b.id}", lambda: a.quantity.points_from(b.quantity))
        case UnitClass.MONEY | UnitClass.SHARES | UnitClass.COUNT if cls is mention.unit and _in_currency(mention, a):
            if is_larger:
                yield from _safely(f"{a.id} - {b.id}", lambda: a.quantity - b.quantity, a.scale)
            if a.id < b.id and mention.form is not Form.CHANGE:
                yield from _safely(f"{a.id} + {b.id}", lambda: a.quantity + b.quantity, a.scale)


def _of_two_periods(a: Figure, b: Figure, mention: Mention) -> Iterator[Value]:
    """Growth and difference of one metric against a base."""
    cls = a.unit.cls
    if a.unit != b.unit:
        return
    match mention.unit:
        case UnitClass.PERCENT if cls is not UnitClass.PERCENT and mention.form is not Form.LEVEL:
            yield from _safely(f"{a.id} / {b.id} - 1", lambda: a.quantity.growth_from(b.quantity), like=a)
        case UnitClass.POINTS if cls is UnitClass.PERCENT:
            yield from _safely(f"{a.id} - {b.id}", lambda: a.quantity.points_from(b.quantity), like=a)
        case UnitClass.MONEY | UnitClass.SHARES | UnitClass.COUNT if (
            cls is mention.unit and _in_currency(mention, a) and mention.form is not Form.LEVEL
        ):
            yield from _safely(f"{a.id} - {b.id}", lambda: a.quantity - b.quantity, a.scale, a)


def _period_agrees(mention: Mention, base: Figure) -> bool:
    """Whether the sentence's own period words allow this base."""
    said = mention.periods & {Said.YOY, Said.QOQ, Said.CONSENSUS}
    return not said or _SAID_OF.get(base.role) in said


def _in_currency(mention: Mention, figure: Figure) -> bool:
    return not mention.currencies or figure.unit.currency in mention.currencies


def _safely(formula: str, compute: Callable[[], Quantity], scale: Scale = Scale.ONE, like: Figure | None = None) -> Iterator[Value]:
    try:
        quantity = compute()
    except (ValueError, ArithmeticError):
        return
    yield Value(formula, quantity, scale, like)


def _sign_agrees(mention: Mention, value: Value) -> bool:
    """A change must be said in its own direction; of a gap between two metrics either side may be named first."""
    if value.like is None or value.quantity.value == 0:
        return True
    said = said_sign(mention, value.like)
    if mention.sign and said and mention.sign != said:
        return False
    stated = mention.sign or said
    return not stated or (value.quantity.value > 0) == (stated > 0)
