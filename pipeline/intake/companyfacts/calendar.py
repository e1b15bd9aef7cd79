"""The fiscal calendar that a company's own dates draw: quarters and years of 52 or 53 weeks, ending in any month."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from pipeline.facts.sheet import Period, PeriodKind
from pipeline.intake.companyfacts.rows import PERIODIC, Filing, Row, tags_of

_SLIP = timedelta(days=3)
"""Contexts now and then start or end a day or two beside the fiscal calendar."""
_PART = 91
_PART_SLACK = 24
"""Days. Retailers have quarters of 12 and of 16 or 17 weeks: three of 12 weeks end three weeks before nine months do."""
_YEAR = timedelta(days=371)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class FiscalPeriod:
    """A fiscal quarter (`part` 1 to 4) or year (`part` 0); `year` is the calendar year in which its fiscal year ends."""

    year: int
    part: int
    start: date
    end: date
    year_start: date

    @property
    def id(self) -> str:
        return f"{self.year}q{self.part}" if self.part else f"{self.year}fy"

    @property
    def label(self) -> str:
        """As prose writes it."""
        return f"Q{self.part} FY{self.year % 100:02d}" if self.part else f"FY{self.year % 100:02d}"

    def period(self, kind: str) -> Period:
        """The quarter or year, or for a balance (`instant`) its last day."""
        if kind == "instant":
            return Period.on(self.end)
        length = PeriodKind.QUARTER if self.part else PeriodKind.ANNUAL
        return Period(id=self.id, kind=length, start=self.start, end=self.end, label=self.label)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The periods by fiscal year and part, and for each the 10-Q, 10-K or the like in which the company reported it."""

    periods: dict[tuple[int, int], FiscalPeriod]
    own: dict[tuple[int, int], Filing] = field(default_factory=dict)

    def back(self, period: FiscalPeriod, steps: int) -> FiscalPeriod | None:
        """The quarter that many quarters earlier; of a year, the year."""
        if not period.part:
            return self.periods.get((period.year - steps, 0))
        place = 4 * period.year + period.part - 1 - steps
        return self.periods.get((place // 4, place % 4 + 1))

    def filing_of(self, period: FiscalPeriod) -> Filing | None:
        """Its own report; None where only later filings give the period, as a comparison."""
        return self.own.get((period.year, period.part))

    def reported(self) -> list[FiscalPeriod]:
        """The periods with a report of their own, oldest first, a year after its last quarter."""
        return sorted((self.periods[key] for key in self.own), key=lambda p: (p.end, not p.part))


def calendar(rows: Iterable[Row]) -> Calendar:
    """The calendar that the periods of profit and cash flow draw."""
    flows = [row for row in rows if row.start is not None and row.tag in _DRAWING]
    found = Calendar(_periods({(row.start, row.end) for row in flows if row.start is not None}))
    latest: dict[Filing, date] = {}
    for row in flows:
        latest[row.filing] = max(row.end, latest.get(row.filing, row.end))
    profits: dict[date, list[Row]] = {}
    for row in flows:
        if row.tag in _PROFIT and row.filing.form.removesuffix("/A") in PERIODIC:
            profits.setdefault(row.end, []).append(row)
    for key, period in found.periods.items():
        starts = (period.start, period.year_start)
        # A filing reports the last period in it; the others are there to compare.
        filings = {
            row.filing
            for days in range(-_SLIP.days, _SLIP.days + 1)
            for row in profits.get(period.end + days * _DAY, ())
            if row.start is not None and any(abs(row.start - start) <= _SLIP for start in starts)
            if abs(latest[row.filing] - period.end) <= _SLIP
        }
        first = min(filings, key=lambda filing: (filing.form not in PERIODIC, filing.filed, filing.accession), default=None)
        if first is not None:
            found.own[key] = first
    return found


_PROFIT = frozenset(tags_of("net_income"))
_DRAWING = frozenset(tags_of("net_income", "operating_cash_flow"))


def _periods(spans: set[tuple[date, date]]) -> dict[tuple[int, int], FiscalPeriod]:
    """The periods of every year whose first day a yearly figure, the end of the year before, or a half year gives."""
    years = sorted((start, end) for start, end in spans if 350 <= (end - start).days <= 380)
    first_days = [start for start, _ in years] + [end + _DAY for _, end in years[-1:]]
    halves = sorted(start for start, end in spans if _part(start, end) in (2, 3))
    first_days += [start for start in halves if not any(first - _SLIP <= start < first + _YEAR for first in first_days)]
    single = {end: start for start, end in sorted(spans) if _part(start, end) == 1}
    found: dict[tuple[int, int], FiscalPeriod] = {}
    for first in first_days:
        ends: dict[int, date] = {
            part: end for start, end in sorted(spans) for part in (1, 2, 3, 4) if abs(start - first) <= _SLIP and _part(first, end) == part
        }
        # Ten months on lies in the year that ends the fiscal year, also where it ends in the first days of January.
        year = (first + timedelta(days=360)).year
        for part, end in sorted(ends.items()):
            start = first if part == 1 else ends[part - 1] + _DAY if part - 1 in ends else single.get(end)
            if start is not None:
                found[year, part] = FiscalPeriod(year, part, start, end, first)
        if 4 in ends:
            found[year, 0] = FiscalPeriod(year, 0, first, ends[4], first)
    return found


def _part(first: date, end: date) -> int | None:
    """How many quarters have passed from a year's first day to a quarter's last one."""
    days = (end - first).days + 1
    return next((part for part in (1, 2, 3, 4) if abs(days - _PART * part) <= _PART_SLACK), None)


def snap(day: date, known: set[date]) -> date:
    """The day of the calendar that a context means."""
    if day in known:
        return day
    near = [other for other in known if abs(other - day) <= _SLIP]
    return min(near, key=lambda other: abs(other - day), default=day)
