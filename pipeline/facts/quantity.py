"""Quantities: a Decimal, its unit, and the interval that its reported rounding allows.

A figure printed as 12.8% may be anything from 12.75% to 12.85%. Arithmetic carries that interval through, so that a
derived figure is never claimed to be more precise than the figures that it rests on. Interval arithmetic follows
Moore, "Interval Analysis" (1966); ends are closed because releases do not say how they round halves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

ZERO = Decimal(0)
HUNDRED = Decimal(100)


class UnitClass(StrEnum):
    """What kind of thing a number measures. Only numbers of one class can be compared."""

    MONEY = "money"
    PER_SHARE = "per_share"
    PERCENT = "percent"
    POINTS = "points"
    MULTIPLE = "multiple"
    SHARES = "shares"
    DAYS = "days"
    COUNT = "count"


class Scale(StrEnum):
    """The word after a number. `factor` is what it multiplies by."""

    ONE = "one"
    THOUSAND = "thousand"
    MILLION = "million"
    BILLION = "billion"
    TRILLION = "trillion"

    @property
    def factor(self) -> Decimal:
        return _FACTORS[self]


_FACTORS = {
    Scale.ONE: Decimal(1),
    Scale.THOUSAND: Decimal(10**3),
    Scale.MILLION: Decimal(10**6),
    Scale.BILLION: Decimal(10**9),
    Scale.TRILLION: Decimal(10**12),
}


class Bound(StrEnum):
    """How a source hedges a number: "about 10%", "more than half"."""

    ABOUT = "about"
    MORE_THAN = "more_than"
    LESS_THAN = "less_than"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit class, with the ISO 4217 currency for money and amounts per share."""

    cls: UnitClass
    currency: str | None = None

    def __str__(self) -> str:
        if self.cls is UnitClass.MONEY:
            return self.currency or "money"
        if self.cls is UnitClass.PER_SHARE:
            return f"{self.currency}/share"
        return _WRITTEN[self.cls]


PERCENT = Unit(UnitClass.PERCENT)
POINTS = Unit(UnitClass.POINTS)
MULTIPLE = Unit(UnitClass.MULTIPLE)
DAYS = Unit(UnitClass.DAYS)

_WRITTEN = {
    UnitClass.PERCENT: "percent",
    UnitClass.POINTS: "pp",
    UnitClass.MULTIPLE: "x",
    UnitClass.SHARES: "shares",
    UnitClass.DAYS: "days",
    UnitClass.COUNT: "count",
}
# How a sheet may write a unit -> the unit, and what its numbers are multiplied by.
_PLAIN: dict[str, tuple[Unit, Decimal]] = {
    "percent": (PERCENT, Decimal(1)),
    "ratio": (PERCENT, HUNDRED),
    "pp": (POINTS, Decimal(1)),
    "bp": (POINTS, Decimal("0.01")),
    "x": (MULTIPLE, Decimal(1)),
    "shares": (Unit(UnitClass.SHARES), Decimal(1)),
    "days": (DAYS, Decimal(1)),
    "count": (Unit(UnitClass.COUNT), Decimal(1)),
}
UNIT_PATTERN = r"^([A-Z]{3}|[A-Z]{3}/share|percent|ratio|pp|bp|x|shares|days|count)$"


def parse_unit(written: str) -> tuple[Unit, Decimal]:
    """`CNY`, `USD/share`, `percent`, `ratio` (a fraction), `pp`, `bp`, `x`, `shares`, `days` or `count` -> unit and factor.

    Raises ValueError for anything else.
    """
    if written in _PLAIN:
        return _PLAIN[written]
    if re.fullmatch(r"[A-Z]{3}", written):
        return Unit(UnitClass.MONEY, written), Decimal(1)
    if re.fullmatch(r"[A-Z]{3}/share", written):
        return Unit(UnitClass.PER_SHARE, written[:3]), Decimal(1)
    raise ValueError(f"unknown unit '{written}': expected a currency such as USD, USD/share, {', '.join(_PLAIN)}")


@dataclass(frozen=True, slots=True)
class Interval:
    """All values from `low` to `high`, both included. Ends may be infinite for one-sided bounds."""

    low: Decimal
    high: Decimal

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"an interval's low end {self.low} lies above its high end {self.high}")

    @property
    def width(self) -> Decimal:
        return self.high - self.low

    @property
    def is_finite(self) -> bool:
        return self.low.is_finite() and self.high.is_finite()

    def __contains__(self, value: Decimal) -> bool:
        return self.low <= value <= self.high

    def meets(self, other: Interval) -> bool:
        """Whether the two share at least one value."""
        return self.low <= other.high and other.low <= self.high

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.low + other.low, self.high + other.high)

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __sub__(self, other: Interval) -> Interval:
        return self + -other

    def __mul__(self, other: Interval) -> Interval:
        ends = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(min(ends), max(ends))

    def __truediv__(self, other: Interval) -> Interval:
        """Raises ZeroDivisionError when the divisor may be zero."""
        if ZERO in other:
            raise ZeroDivisionError("the divisor's interval holds zero")
        ends = [a / b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(min(ends), max(ends))

    def __abs__(self) -> Interval:
        if ZERO in self:
            return Interval(ZERO, max(-self.low, self.high))
        return self if self.low > 0 else -self


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value in whole units (yuan, not millions; percent, not fractions) with the interval that its rounding allows."""

    value: Decimal
    unit: Unit
    interval: Interval

    def __post_init__(self) -> None:
        if self.value not in self.interval:
            raise ValueError(f"{self.value} lies outside its own interval {self.interval.low}..{self.interval.high}")

    def __neg__(self) -> Quantity:
        return Quantity(-self.value, self.unit, -self.interval)

    def __add__(self, other: Quantity) -> Quantity:
        self._same_unit(other)
        return Quantity(self.value + other.value, self.unit, self.interval + other.interval)

    def __sub__(self, other: Quantity) -> Quantity:
        return self + -other

    def over(self, other: Quantity, unit: Unit = MULTIPLE) -> Quantity:
        """`self / other` as a multiple, or in percent. Raises ZeroDivisionError when `other` may be zero."""
        factor = HUNDRED if unit.cls is UnitClass.PERCENT else Decimal(1)
        ratio = self.interval / other.interval
        return Quantity(self.value / other.value * factor, unit, ratio * exact(factor))

    def times(self, factor: Decimal, unit: Unit | None = None) -> Quantity:
        """The quantity multiplied by an exact number, read in `unit` from then on."""
        return Quantity(self.value * factor, unit or self.unit, self.interval * exact(factor))

    def share_of(self, percent: Quantity) -> Quantity:
        """`percent` of this amount, for instance revenue and a margin -> profit."""
        return Quantity(
            self.value * percent.value / HUNDRED,
            self.unit,
            self.interval * percent.interval * exact(Decimal("0.01")),
        )

    def growth_from(self, base: Quantity) -> Quantity:
        """`self / base - 1` in percent. Raises ZeroDivisionError when the base may be zero."""
        self._same_unit(base)
        ratio = self.over(base, PERCENT)
        return Quantity(ratio.value - HUNDRED, PERCENT, ratio.interval - exact(HUNDRED))

    def points_from(self, base: Quantity) -> Quantity:
        """The difference of two percentages, in percentage points."""
        difference = self - base
        return Quantity(difference.value, POINTS, difference.interval)

    def _same_unit(self, other: Quantity) -> None:
        if self.unit != other.unit:
            raise ValueError(f"{self.unit} and {other.unit} do not add up")


def exact(value: Decimal) -> Interval:
    """The interval of a number that is not rounded."""
    return Interval(value, value)


def last_place(value: Decimal) -> Decimal:
    """One unit in the last written digit: 0.1 for 12.8, 1 for 3000, 0.01 for 1.10."""
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int), "finite decimals only"
    return Decimal(1).scaleb(min(exponent, 0))


def reported(
    value: Decimal, unit: str, scale: Scale = Scale.ONE, rounded_to: Decimal | None = None, bound: Bound | None = None
) -> Quantity:
    """A number as a source prints it -> Quantity.

    `rounded_to` is the step that the source rounds to, in the number's own unit and scale; without it, one unit in the
    last written digit. `about` widens by half a step to either side more; `more_than` and `less_than` open one end.
    """
    kind, factor = parse_unit(unit)
    step = rounded_to if rounded_to is not None else last_place(value)
    half = step / 2 if bound is not Bound.ABOUT else step
    low, high = value - half, value + half
    if bound is Bound.MORE_THAN:
        low, high = value, Decimal("Infinity")
    elif bound is Bound.LESS_THAN:
        low, high = Decimal("-Infinity"), value
    whole = factor * scale.factor
    return Quantity(value * whole, kind, Interval(low * whole, high * whole))
