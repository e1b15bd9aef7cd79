"""An analysts' estimate as a file gives it, before it is known whether it belongs to a sheet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pipeline.facts.quantity import Scale
from pipeline.facts.sheet import Basis, PeriodKind
from pipeline.intake.periods import Label

EPS = ("eps_diluted", "adjusted_eps")


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The mean of what analysts expected of one metric in one period, as written; None for what the file does not say.

    `actual` and `surprise` are the provider's own; where there is an actual, the mean is what it was compared with on the day.
    """

    metric: str
    mean: Decimal
    low: Decimal | None = None
    high: Decimal | None = None
    scale: Scale = Scale.ONE
    analysts: int | None = None
    end: date | None = None
    label: Label | None = None
    kind: PeriodKind | None = None
    currency: str | None = None
    basis: Basis = Basis.UNSTATED
    as_of: date | None = None
    announced: date | None = None
    """The day of the print, where the file gives that instead of the period's end."""
    actual: Decimal | None = None
    surprise: Decimal | None = None
    """A fraction or percent, as the provider has it."""
    source: str | None = None
    where: str
    """The way to it in the file: an object's path, or row and columns."""
    quote: str

    @property
    def period(self) -> str:
        """The period in words, as the file has it."""
        name = (
            self.label.words
            if self.label
            else {PeriodKind.QUARTER: "quarter", PeriodKind.ANNUAL: "year"}.get(self.kind or PeriodKind.TTM, "")
        )
        day = f"to {self.end}" if self.end else f"announced on {self.announced}" if self.announced else ""
        return f"{name} {day}".strip() or "no period"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actual:
    """What the provider calls actual EPS of a period: it tells on which basis its estimates are."""

    end: date
    kind: PeriodKind
    value: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """All estimates that a file holds. `symbol` is None where the file does not say whose they are."""

    provider: str
    id: str
    """For the sheet's source: `yahoo_estimates`."""
    found: tuple[Estimate, ...]
    symbol: str | None = None
    as_of: date | None = None
    actuals: tuple[Actual, ...] = ()
    doubts: tuple[str, ...] = ()
