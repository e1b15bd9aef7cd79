"""When the next prints are expected, from the reported period and its release date alone."""

from __future__ import annotations

from datetime import date, timedelta

from pipeline.facts.sheet import FactSheet, PeriodKind
from pipeline.notes.models import Window

# Large accelerated filers have 40 days for a 10-Q, foreign issuers print within about two months.
_LAG = timedelta(days=60)
_LEEWAY = timedelta(days=14)


def release_window(sheet: FactSheet, ahead: int = 1) -> Window:
    """The fortnight either side of the day on which the print `ahead` periods from now falls, if the company keeps its rhythm."""
    step = timedelta(days=364 if sheet.reported_period.kind is PeriodKind.ANNUAL else 91)
    middle = (sheet.released or sheet.reported_period.end + _LAG) + ahead * step
    return Window.model_validate({"from": middle - _LEEWAY, "to": middle + _LEEWAY})


def a_year_on(sheet: FactSheet) -> Window:
    """When the print of the same period a year later falls."""
    return release_window(sheet, 1 if sheet.reported_period.kind is PeriodKind.ANNUAL else 4)


def known_by(sheet: FactSheet) -> date:
    """The day after which nothing of the sheet is news: its release, or the end of its period."""
    return sheet.released or sheet.reported_period.end
