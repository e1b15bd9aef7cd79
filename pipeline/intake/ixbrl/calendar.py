"""The fiscal calendar that a filing's own contexts draw: which quarter or year each stretch of days is, and how a company calls it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from pipeline.facts.sheet import Period, PeriodKind
from pipeline.intake.document import Document
from pipeline.intake.ixbrl.numbers import day
from pipeline.intake.ixbrl.report import Context, Report

_LENGTHS = {1: (77, 105), 2: (168, 196), 3: (252, 290), 4: (350, 380)}
"""Days of so many quarters: 52 and 53 weeks are both a year, and quarters of 12 to 15 weeks are in use."""
_ANNUAL_FORMS = ("10-K", "20-F", "40-F")
_QUARTER_DAYS = 91.3125
_WANTED = re.compile(r"(?P<year>20[0-9]{2})(?:q(?P<quarter>[1-4])|(?P<other>fy|h1|ytd))")


def quarters_in(start: date, end: date) -> int | None:
    """How many quarters a stretch of days has, 1 to 4; None for one of another length."""
    days = (end - start).days + 1
    return next((n for n, (least, most) in _LENGTHS.items() if least <= days <= most), None)


@dataclass(frozen=True, slots=True)
class Calendar:
    """`year` is what the company calls the fiscal year that begins on `first`."""

    first: date
    year: int

    def period(self, start: date | None, end: date) -> Period | None:
        """A stretch of days, or a day, as a sheet names it; None for a stretch that is no quarter, half, nine months or year."""
        if start is None:
            return Period.on(end)
        length, last = quarters_in(start, end), self._quarters_to(end)
        if length is None:
            return None
        year, part = self.year + (last - 1) // 4, (last - 1) % 4 + 1
        named = f"FY{year % 100:02d}" if self._is_broken_year else str(year)
        match length:
            case 1:
                return Period(id=f"{year}q{part}", kind=PeriodKind.QUARTER, start=start, end=end, label=f"Q{part} {named}")
            case 2 if part == 2:
                return Period(id=f"{year}h1", kind=PeriodKind.YTD, start=start, end=end, label=f"first half of {named}")
            case 3 if part == 3:
                return Period(id=f"{year}ytd", kind=PeriodKind.YTD, start=start, end=end, label=f"first nine months of {named}")
            case 4 if part == 4:
                return Period(
                    id=f"{year}fy", kind=PeriodKind.ANNUAL, start=start, end=end, label=named if self._is_broken_year else f"FY {year}"
                )
        return None

    def _quarters_to(self, end: date) -> int:
        return round(((end - self.first).days + 1) / _QUARTER_DAYS)

    @property
    def _is_broken_year(self) -> bool:
        """Whether the fiscal year is another than the calendar's, give or take a week."""
        return abs((self.first - date((self.first + timedelta(days=10)).year, 1, 1)).days) > 10


def calendar_of(document: Document, report: Report, contexts: Iterable[Context]) -> tuple[Calendar, Context, list[str]]:
    """The calendar, the context of the reported quarter or year, and what is doubtful. `contexts` are those of the main flows.

    The document's own context gives the last day, the longest stretch to it the first day of the year. What the document calls
    the fiscal year gives the year its name, and nothing else. Raises InputError where no stretch ends on the last day.
    """
    spans = {(one.start, one.end): one for one in contexts if one.start and quarters_in(one.start, one.end)}
    if not spans:
        raise document.refused("has no revenue, profit or cash flow for a quarter or a year: expected a 10-Q, 10-K, 20-F or 6-K")
    ends = {text.context.end for text in report.said("dei:DocumentType")} & {end for _, end in spans}
    last = max(ends or {end for _, end in spans})
    found = {quarters_in(start, end): one for (start, end), one in spans.items() if start and end == last}
    form = form_of(report)
    wanted = (4, 1, 2, 3) if form.startswith(_ANNUAL_FORMS) else (1, 4, 2, 3)
    reported = next(found[n] for n in wanted if n in found)
    longest = found[max(n for n in found if n)]
    first, part = longest.start or last, max(n for n in found if n)
    doubts = []
    named = next((written for text in report.said("dei:DocumentPeriodEndDate") if (written := day(text.value))), last)
    if abs(named - last) > timedelta(days=3):
        doubts.append(f"the document names {named} as its last day, and its figures end on {last}: the figures' own days are followed")
    said = next((text.value for text in report.said("dei:DocumentFiscalPeriodFocus")), "")
    if part == 1 and said in ("Q2", "Q3", "Q4"):
        # Only the quarter itself is there: what the document calls it says how long ago the year began.
        part = int(said[1])
        first -= timedelta(days=round((part - 1) * _QUARTER_DAYS))
    if said in ("Q1", "Q2", "Q3") and part != int(said[1]) and part < 4:
        doubts.append(f"the document calls its period {said}, and its longest stretch to {last} has {part} quarters: look at the period")
    # Ten months on lies in the year that ends the fiscal year, also where it ends in the first days of January.
    year = (first + timedelta(days=360)).year
    name = next((text.value for text in report.said("dei:DocumentFiscalYearFocus")), "")
    if re.fullmatch(r"20[0-9]{2}", name) and int(name) != year:
        if abs(int(name) - year) == 1:
            year = int(name)
        else:
            doubts.append(f"the document calls its fiscal year {name}, and its days lie in {year}: the days are followed")
    return Calendar(first, year), reported, doubts


def form_of(report: Report) -> str:
    """The form by its SEC name, for instance 10-Q; empty where the document does not say."""
    return next((text.value.upper() for text in report.said("dei:DocumentType")), "")


def chosen(document: Document, calendar: Calendar, reported: Context, spans: Iterable[Context], wanted: str | None) -> Period:
    """The period asked for, by its id or the day that it ends; else the reported one. Raises InputError, with those that there are."""
    default = calendar.period(reported.start, reported.end)
    if default is None:
        raise document.refused(f"reports {reported.words}, which is no quarter, half, nine months or year: expected a fiscal period")
    if wanted is None:
        return default
    asked = wanted.strip().lower()
    found = [period for one in spans if one.start and (period := calendar.period(one.start, one.end))]
    there = sorted({period.id: period for period in found}.values(), key=lambda period: (period.end, period.kind), reverse=True)
    fits = [period for period in there if asked in (period.id, period.end.isoformat())]
    if not fits:
        listed = ", ".join(f"{period.id} (to {period.end})" for period in there[:12])
        hint = "" if _WANTED.fullmatch(asked) or re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", asked) else ", by its name or its last day"
        raise document.refused(f"has no period '{wanted[:40]}': expected one of {listed}{hint}", field="--period")
    order = [default.kind, PeriodKind.QUARTER, PeriodKind.ANNUAL, PeriodKind.YTD]
    return min(fits, key=lambda period: order.index(period.kind))
