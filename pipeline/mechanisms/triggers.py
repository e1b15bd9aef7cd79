"""Triggers: small predicates over the facts of a sheet, declarative to the last word.

Nothing here is evaluated as code. References name series, not the ids that a sheet's author chose; `FactBase.find` lists
their forms. A trigger that can never hold is refused when it is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, PlainValidator, Tag, model_validator

from pipeline.facts.factbase import is_reference
from pipeline.facts.quantity import UnitClass
from pipeline.facts.sheet import Strict
from pipeline.facts.vocabulary import vocabulary
from pipeline.notes.models import Comparison

_POINTWISE = (UnitClass.MULTIPLE, UnitClass.DAYS)
AMOUNTS = (UnitClass.MONEY, UnitClass.PER_SHARE, UnitClass.SHARES, UnitClass.COUNT)


def reference_of(text: str) -> str:
    if not is_reference(text):
        raise ValueError(f"'{text}' refers to no metric of the vocabulary")
    return text


def _side(value: object) -> Decimal | str:
    if isinstance(value, str):
        return reference_of(value)
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)) or not Decimal(str(value)).is_finite():
        raise ValueError("expected a number or a reference to a figure")
    return Decimal(str(value))


Reference = Annotated[str, AfterValidator(reference_of)]
Side = Annotated[Decimal | str, PlainValidator(_side)]


def unit_of(reference: str) -> UnitClass:
    """The unit class of the figure that a reference means.

    A change of a percentage is in points, of a multiple or of days in their own unit, of an amount in percent. Where a
    base is not positive the sheet holds a difference in money instead: that is not what the reference means.
    """
    head, _, part = reference.partition(".")
    if head in ("guidance", "consensus"):
        head, _, part = part.partition(".")
    unit = vocabulary()[head].unit
    if part in ("yoy", "qoq", "surprise", "vs_consensus", "implied_yoy", "implied_qoq"):
        if unit is UnitClass.PERCENT:
            return UnitClass.POINTS
        return unit if unit in _POINTWISE and part in ("yoy", "qoq") else UnitClass.PERCENT
    return unit


def check_side(fact: str, side: Decimal | str) -> None:
    """Raises ValueError where the two cannot be compared: other units, or an amount against a number that knows no currency."""
    unit = unit_of(fact)
    if isinstance(side, str):
        if unit_of(side) is not unit:
            raise ValueError(f"{fact} is in {unit}, {side} in {unit_of(side)}")
    elif unit in AMOUNTS and side != 0:
        raise ValueError(f"{fact} is in {unit}: compare it with 0 or with another figure, not with {side}")


class Condition(Strict):
    """A figure against a number, or against another figure. Exactly one comparison.

    Against a figure, `times` multiplies it and `by` says how far beyond it the fact must lie: `accounts_receivable.yoy
    above revenue.yoy by 5` holds from 5 points over sales growth.
    """

    fact: Reference
    above: Side | None = None
    at_least: Side | None = None
    below: Side | None = None
    at_most: Side | None = None
    by: Annotated[Decimal, Field(gt=0)] | None = None
    times: Annotated[Decimal, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _one_comparison(self) -> Self:
        if len([1 for side in (self.above, self.at_least, self.below, self.at_most) if side is not None]) != 1:
            raise ValueError("expected exactly one of above, at_least, below, at_most")
        side = self.test[1]
        if (self.by is not None or self.times is not None) and not isinstance(side, str):
            raise ValueError("by and times go with a comparison to a figure")
        check_side(self.fact, side)
        if side == self.fact:
            raise ValueError(f"{self.fact} is compared with itself")
        return self

    def limit(self, side: Decimal) -> Decimal:
        """The value that the fact is held against, where the figure on the right is `side`."""
        beyond = self.by or Decimal(0)
        return side * (self.times or 1) + (beyond if self.test[0] in ("above", "at_least") else -beyond)

    @property
    def test(self) -> tuple[Comparison, Decimal | str]:
        """The comparison and its right-hand side."""
        sides: tuple[tuple[Comparison, Decimal | str | None], ...] = (
            ("above", self.above),
            ("at_least", self.at_least),
            ("below", self.below),
            ("at_most", self.at_most),
        )
        return next((name, side) for name, side in sides if side is not None)


class Present(Strict):
    """The sheet holds the figure, or it can be computed."""

    present: Reference


class Absent(Strict):
    """The sheet does not hold the figure."""

    absent: Reference


class Unstated(Strict):
    """The sheet holds the figure, and its source does not say by which definition it was made up."""

    unstated: Reference


class Trend(Strict):
    """A series of levels moves one way, period after period: over `periods` in a row, this one included, each beyond the one before."""

    trend: Reference
    moves: Literal["up", "down"]
    periods: Annotated[int, Field(ge=3, le=12)]

    @model_validator(mode="after")
    def _is_of_levels(self) -> Self:
        if "." in self.trend:
            raise ValueError(f"'{self.trend}' is no level: a trend is one of a metric's levels")
        return self


class All(Strict):
    """Every part holds. Parts that can never hold together are refused."""

    all: Annotated[tuple[Trigger, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _is_reachable(self) -> Self:
        parts = list(_flat(self))
        _check_presence(parts)
        _check_ranges([part for part in parts if isinstance(part, Condition)])
        _check_order([part for part in parts if isinstance(part, Condition)])
        return self


class Any(Strict):
    """At least one part holds."""

    any: Annotated[tuple[Trigger, ...], Field(min_length=1)]


class Not(Strict):
    """The part does not hold."""

    not_: Annotated[Trigger, Field(alias="not")]


_KINDS = ("fact", "present", "absent", "unstated", "trend", "all", "any", "not")


def _kind(value: object) -> str | None:
    return next((kind for kind in _KINDS if kind in value), None) if isinstance(value, dict) else None


Trigger = Annotated[
    Annotated[Condition, Tag("(fact)")]
    | Annotated[Present, Tag("(present)")]
    | Annotated[Absent, Tag("(absent)")]
    | Annotated[Unstated, Tag("(unstated)")]
    | Annotated[Trend, Tag("(trend)")]
    | Annotated[All, Tag("(all)")]
    | Annotated[Any, Tag("(any)")]
    | Annotated[Not, Tag("(not)")],
    Discriminator(
        lambda value: f"({kind})" if (kind := _kind(value)) else None,
        custom_error_type="trigger",
        custom_error_message=f"expected one of {', '.join(_KINDS)}",
    ),
]


def references(trigger: Trigger) -> Iterator[str]:
    """Every figure that a trigger looks at."""
    match trigger:
        case Condition():
            yield trigger.fact
            side = trigger.test[1]
            if isinstance(side, str):
                yield side
        case Present():
            yield trigger.present
        case Absent():
            yield trigger.absent
        case Unstated():
            yield trigger.unstated
        case Trend():
            yield trigger.trend
        case All():
            for part in trigger.all:
                yield from references(part)
        case Any():
            for part in trigger.any:
                yield from references(part)
        case Not():
            yield from references(trigger.not_)


# -- what can never hold ---------------------------------------------------------------------------------------------------


def _flat(trigger: All) -> Iterator[Trigger]:
    """The parts that must hold at once, those of an `all` within too."""
    for part in trigger.all:
        if isinstance(part, All):
            yield from _flat(part)
        else:
            yield part


def _check_presence(parts: Sequence[Trigger]) -> None:
    absent = {part.absent for part in parts if isinstance(part, Absent)}
    needed = [name for part in parts if not isinstance(part, Absent | Not | Any) for name in references(part)]
    if missing := next((name for name in needed if name in absent), None):
        raise ValueError(f"this can never hold: {missing} must be absent, and another part needs it")
    for part in parts:
        if isinstance(part, Not) and part.not_ in parts:
            raise ValueError("this can never hold: a part must hold, and must not")


def _check_ranges(conditions: Sequence[Condition]) -> None:
    """Numbers that no value satisfies: above 5 and below 3."""
    for fact in {condition.fact for condition in conditions}:
        tests = [(c.test[0], c.test[1]) for c in conditions if c.fact == fact and isinstance(c.test[1], Decimal)]
        lows = [(side, name == "above") for name, side in tests if name in ("above", "at_least")]
        highs = [(side, name == "below") for name, side in tests if name in ("below", "at_most")]
        for low, is_above in lows:
            for high, is_below in highs:
                if low > high or (low == high and (is_above or is_below)):
                    raise ValueError(f"this can never hold: {fact} would lie above {low} and below {high}")


def _check_order(conditions: Sequence[Condition]) -> None:
    """Comparisons between figures that run in a circle: a above b, b above c, c above a."""
    larger: dict[str, set[str]] = {}
    for condition in conditions:
        name, side = condition.test
        if isinstance(side, str) and condition.times is None and (name in ("above", "below") or condition.by is not None):
            high, low = (condition.fact, side) if name in ("above", "at_least") else (side, condition.fact)
            larger.setdefault(high, set()).add(low)
    for start in larger:
        seen: set[str] = set()
        todo = list(larger[start])
        while todo:
            if (lower := todo.pop()) == start:
                raise ValueError(f"this can never hold: the comparisons run in a circle through {start}")
            if lower not in seen:
                seen.add(lower)
                todo += larger.get(lower, ())
