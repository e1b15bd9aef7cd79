"""Which of a sheet's periods an estimate is for; later periods are added to the sheet."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta

from pipeline.facts.sheet import FactSheet, Period, PeriodKind
from pipeline.intake.estimates.basis import LEEWAY
from pipeline.intake.estimates.models import Estimate
from pipeline.intake.periods import Label, label

_QUARTER, _YEAR = 91.31, 365.25
_FURTHEST = timedelta(days=2 * 366)
_SLACK = timedelta(days=20)
_AFTER_PRINT = timedelta(days=3)
_LONGEST_TO_PRINT = timedelta(days=120)


@dataclass(slots=True)
class Periods:
    """The sheet's periods, and those that estimates add."""

    sheet: FactSheet
    added: list[Period] = field(default_factory=list)

    @property
    def reported(self) -> Period:
        """The sheet's reported period."""
        return self.sheet.reported_period

    def of(self, estimate: Estimate) -> Period | str | None:
        """The reported or a later period that an estimate is for; None for earlier ones and for those that lie too far ahead.

        A text is the reason why it cannot be told.
        """
        if estimate.announced is not None:
            return self._announced(estimate.announced)
        if estimate.kind is None:
            return "whether it is of a quarter or of a year is not said"
        if estimate.kind not in (PeriodKind.QUARTER, PeriodKind.ANNUAL):
            return f"estimates of {estimate.kind} periods are not compared"
        known = [period for period in (*self.sheet.periods, *self.added) if period.kind is estimate.kind]
        if estimate.end is None:
            same = [period for period in known if estimate.label is not None and estimate.label in (label(period.id), label(period.label))]
            return self._from_reported_on(same[0]) if same else None
        end = estimate.end
        near = sorted((abs(period.end - end), n) for n, period in enumerate(known) if abs(period.end - end) <= LEEWAY)
        if near:
            return self._from_reported_on(known[near[0][1]])
        if estimate.label is not None and any(estimate.label in (label(period.id), label(period.label)) for period in known):
            return f"its fiscal label is a period of the sheet, which does not end on {end}"
        if end < self.reported.end or end - self.reported.end > _FURTHEST:
            return None
        return self._later(estimate.kind, end)

    def _from_reported_on(self, period: Period) -> Period | None:
        """The period, unless it ended before the reported one did."""
        return period if period.end >= self.reported.end else None

    def _announced(self, announced: date) -> Period | str | None:
        """The reported period, where it was announced on the day of its release; nothing else is known of other days."""
        released = self.sheet.released
        if released is not None:
            return self.reported if abs(announced - released) <= _AFTER_PRINT else None
        if timedelta(0) < announced - self.reported.end <= _LONGEST_TO_PRINT:
            return "its only date is that of a print, and the sheet does not say when it was released"
        return None

    def _later(self, kind: PeriodKind, end: date) -> Period | str:
        """A new period, named as the sheet names its own."""
        own = label(self.reported.id) or label(self.reported.label)
        name = _ahead(own, kind, end - self.reported.end) if own is not None else None
        if name is None:
            return "how the sheet would call its period cannot be told"
        if any(period.id == name.id for period in (*self.sheet.periods, *self.added)):
            return f"it ends on {end}, which is not when {name.words} ends in the sheet"
        period = Period(id=name.id, kind=kind, end=end, label=_words(name, self.reported.label))
        self.added.append(period)
        return period


def _ahead(own: Label, kind: PeriodKind, ahead: timedelta) -> Label | None:
    """The fiscal name of a period that ends so long after the reported one."""
    if own.part[0] != "q" and own.part != "fy":
        return None
    if kind is PeriodKind.QUARTER:
        start = own if own.part != "fy" else Label(own.year, "q4")
        count = round(ahead.days / _QUARTER)
        return start.later(count) if abs(ahead.days - count * _QUARTER) <= _SLACK.days else None
    to_year_end = 0.0 if own.part == "fy" else (4 - int(own.part[1])) * _QUARTER
    count = round((ahead.days - to_year_end) / _YEAR)
    return Label(own.year + count, "fy") if abs(ahead.days - to_year_end - count * _YEAR) <= _SLACK.days else None


def _words(name: Label, like: str) -> str:
    """The period in the sheet's own style: Q2 FY24 beside Q1 FY24, Q2 2024 beside Q1 2024."""
    if re.search(r"FY[0-9]{2}$", like):
        year = f"FY{name.year % 100:02d}"
        return year if name.part == "fy" else f"{name.part.upper()} {year}"
    if re.search(r"FY ?[0-9]{4}$", like) and name.part != "fy":
        return f"{name.part.upper()} FY{name.year}"
    return name.words
