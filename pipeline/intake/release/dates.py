"""Dates and stretches of time as releases write them."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

from pipeline.facts.sheet import PeriodKind

MONTHS = {name.lower(): n for n in range(1, 13) for name in (calendar.month_name[n], calendar.month_abbr[n])} | {"sept": 9}
MONTH = rf"(?P<month>{'|'.join(sorted(MONTHS, key=len, reverse=True))})\.?"
ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4}
_COUNTS = {"three": 3, "six": 6, "nine": 9, "twelve": 12}

DAY = re.compile(rf"\b{MONTH}\s+(?P<day>\d{{1,2}})(?:,?\s{{1,2}}(?P<year>(?:19|20)\d\d)\b)?,?", re.IGNORECASE)
NUMERIC = re.compile(r"\b(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>20\d\d)\b")
YEAR = re.compile(r"(?<![\d/,.])(?:19|20)\d\d(?![\d/,.]\d)")
_WEEK_WORDS = {
    "twelve": 12,
    "thirteen": 13,
    "fourteen": 14,
    "twenty-six": 26,
    "thirty-nine": 39,
    "forty": 40,
    "fifty-two": 52,
    "fifty-three": 53,
}
_WEEKS = "|".join(_WEEK_WORDS)
STRETCH = re.compile(
    rf"\b(?:(?P<months>three|six|nine|twelve|3|6|9|12)[\s-]+months?|(?P<weeks>\d\d|{'|'.join(_WEEK_WORDS)})[\s-]+weeks?"
    r"|(?P<quarter>(?:first|second|third|fourth|fiscal)?\s*quarters?)|(?P<year>(?:fiscal |full )?years?))\s+end(?:ed|ing)\b",
    re.IGNORECASE,
)

NAMED_QUARTER = re.compile(r"\bQ(?P<q>[1-4])\s*(?:FY\s*|'|\s)(?P<year>(?:20)?\d\d)\b", re.IGNORECASE)
QUARTER_WORD = re.compile(r"\b(first|second|third|fourth)[\s-]+quarter\b(?!\s+end)", re.IGNORECASE)

Stretch = tuple[PeriodKind, int | None]
"""A kind of period, and its weeks where they are told."""


def stretch_of(match: re.Match[str]) -> Stretch:
    if match["months"]:
        months = _COUNTS.get(match["months"].lower()) or int(match["months"])
        return {3: PeriodKind.QUARTER, 12: PeriodKind.ANNUAL}.get(months, PeriodKind.YTD), None
    if match["weeks"]:
        weeks = _WEEK_WORDS.get(match["weeks"].lower()) or int(match["weeks"])
        kind = PeriodKind.QUARTER if weeks <= 17 else PeriodKind.ANNUAL if weeks in (52, 53) else PeriodKind.YTD
        return kind, weeks
    return (PeriodKind.QUARTER if match["quarter"] else PeriodKind.ANNUAL), None


def day_of(match: re.Match[str], year: int | None = None) -> date | None:
    """The day that a match of DAY or NUMERIC writes; None where there is no such day or no year."""
    month = match["month"].lower()
    try:
        return date(int(match["year"] or year or 0), MONTHS.get(month) or int(month), int(match["day"]))
    except ValueError:
        return None


def start_of(kind: PeriodKind, end: date, weeks: int | None = None, months: int | None = None) -> date | None:
    """The first day, where it is certain: by the weeks told, or by months that end with a month. A 13-week quarter is never assumed."""
    if weeks:
        return end - timedelta(days=7 * weeks - 1)
    months = months or {PeriodKind.QUARTER: 3, PeriodKind.ANNUAL: 12}.get(kind)
    if months is None or not ends_month(end):
        return None
    ahead = end.year * 12 + end.month - months
    return date(ahead // 12, ahead % 12 + 1, 1)


def ends_month(day: date) -> bool:
    return day.day == calendar.monthrange(day.year, day.month)[1]
