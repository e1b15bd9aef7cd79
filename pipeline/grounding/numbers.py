"""A number of a text as it is written: its value, unit and precision; or that it is only structure; or why it cannot be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from pipeline.facts.quantity import Interval, UnitClass


class Kind(StrEnum):
    """Why a number is structure and not a figure."""

    HORIZON = "horizon"
    QUARTER = "quarter"
    DATE = "date"
    YEAR = "year"
    COUNT = "count"
    ORDINAL = "ordinal"
    LIST_MARKER = "list_marker"
    NAME = "name"
    PHONE = "phone"
    URL = "url"
    ISIN = "isin"


@dataclass(frozen=True, slots=True)
class PeriodLabel:
    """A period or day that the text names: Q1 2026 is ("q1", 2026), FY24 ("fy", 2024), "the first quarter" ("q1", None)."""

    part: str | None
    year: int | None
    month: int | None = None
    day: int | None = None


@dataclass(slots=True)
class Number:
    """A number over the tokens `first` to `last` (exclusive). `value` and `interval` are in whole units."""

    first: int
    last: int
    value: Decimal | None = None
    step: Decimal | None = None
    interval: Interval | None = None
    places: int = 0
    unit: UnitClass | None = None
    currencies: tuple[str, ...] = ()
    is_scaled: bool = False
    sign: int = 0
    kind: Kind | None = None
    problem: str = ""
    label: PeriodLabel | None = None
    partner: Number | None = field(default=None, repr=False)
    is_change: bool = False
    noun: str = ""
    """The word behind a number without a unit: what it counts."""

    def multiply(self, factor: Decimal) -> None:
        if self.value is not None and self.step is not None:
            self.value, self.step = self.value * factor, self.step * factor

    def seal(self) -> None:
        """Fix the interval: half a unit of the last written place to either side."""
        if self.value is not None and self.interval is None and self.step is not None:
            signed = -self.value if self.sign < 0 else self.value
            self.value = signed
            self.interval = Interval(signed - self.step / 2, signed + self.step / 2)
