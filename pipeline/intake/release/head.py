"""What a release says at its top: who reports, when, for which period, and how the company counts its years."""

from __future__ import annotations

import re
from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pipeline.facts.sheet import Company, Period, PeriodKind
from pipeline.intake.document import Document
from pipeline.intake.release.columns import Column, Quarters
from pipeline.intake.release.dates import DAY, NUMERIC, ORDINALS, STRETCH, day_of, ends_month, start_of
from pipeline.intake.release.pages import Line

_EXCHANGES = {"nyse": "NYSE", "nasdaq": "NASDAQ", "amex": "NYSE American", "asx": "ASX", "lse": "LSE", "tsx": "TSX"}
_LISTED = re.compile(
    r"\((?P<listings>[^()]{0,80}?\b(?P<exchange>NYSE|NASDAQ|AMEX|ASX|LSE|TSX)\b[^():;]{0,30}:\s*[\"“]?(?P<ticker>[A-Z]{1,5}(?:[.\-][A-Z])?)\b[^()]*)\)",
    re.IGNORECASE,
)
_LEGAL = r"(?:,?\s+(?:Inc\.?|Corporation|Corp\.|Company|Co\.,?\s+Inc\.|Co\.|plc|Ltd\.?|Limited|N\.V\.|S\.A\.|AG|SE))"
_WORDS = r"(?:The\s+)?[a-z]?[A-Z0-9][\w&'’.\-]*(?:\s+(?:of|and|&|the|[a-z]?[A-Z0-9][\w&'’.\-]*)){0,5}?"
_NAME = re.compile(rf"(?P<name>{_WORDS}{_LEGAL}?)\s*$")
_SAYS = re.compile(rf"(?P<name>{_WORDS}{_LEGAL})\s+(?:\([^()]*\)\s*)*(?:today\s+)?(?:announced|reported|reports|announces)\b")
_ALONE = re.compile(rf"{_WORDS}{_LEGAL}(?:\s+and\s+subsidiaries)?", re.IGNORECASE)
_FISCAL = re.compile(
    r"\b(?P<quarter>first|second|third|fourth)[\s-]+(?:fiscal\s+)?quarter(?:\s+and\s+(?:full|fiscal)[\s-]+year)?(?:\s+results)?(?:\s+(?:of|for|in))?(?:\s+(?:fiscal|the))*"
    r"(?:\s+year)?\s+(?P<year>20\d\d)\b|\bQ(?P<q>[1-4])\s+(?:FY|fiscal\s+)(?P<short>\d\d(?:\d\d)?)\b",
    re.IGNORECASE,
)
_FISCAL_YEAR = re.compile(r"\bfiscal(?:\s+year)?\s+(20\d\d)\b(?!\D{0,12}compared)", re.IGNORECASE)
_QUARTER = re.compile(r"\b(first|second|third|fourth)[\s-]+(?:fiscal\s+)?quarter\b", re.IGNORECASE)
_CURRENCIES = (("$", "USD"), ("€", "EUR"), ("£", "GBP"), ("¥", "JPY"))
_OTHER_DOLLARS = re.compile(
    r"\b(?:Canadian|Australian|Hong Kong|Singapore|New Zealand) dollars?\b|\bC\$|\bA\$|HK\$|\bRMB\b|\bNT\$", re.IGNORECASE
)
_FIRST = 60
_OPENING = 6_000


@dataclass(frozen=True, slots=True)
class Head:
    company: Company
    released: date | None
    title: str


def head_of(document: Document, lines: Sequence[Line], *, ticker: str | None, sector: str | None) -> tuple[Head, list[str]]:
    """Company, day and title, with doubts. Raises InputError where no ticker can be told."""
    doubts = []
    first = [line.text.strip() for line in lines if line.text.strip()][:_FIRST]
    text = " ".join(" ".join(line.text.split()) for line in lines)
    listed = _LISTED.search(text)
    found = listed["ticker"].upper() if listed else None
    if ticker is None and found is None:
        raise document.refused("says no ticker, as in (NYSE: XYZ): give --ticker")
    if ticker is not None and found is not None and ticker != found:
        doubts.append(f"the release says ticker {found}, you gave {ticker}: check that it is the right company's")
    name = _name(text, listed, [" ".join(line.text.split()) for line in lines])
    if name is None:
        name = ticker or found or ""
        doubts.append("the company's name was not found: correct it in the sheet")
    currency = next((code for sign, code in _CURRENCIES if sign in text), None)
    if currency is None or (currency == "USD" and _OTHER_DOLLARS.search(text)):
        doubts.append(f"the reporting currency is not certain: taken as {currency or 'USD'}")
    released = _released(first)
    if released is None:
        doubts.append("the day of the release was not found: add it to the sheet")
    company = Company(
        name=name,
        ticker=ticker or found or "",
        exchange=_EXCHANGES.get(listed["exchange"].lower()) if listed else None,
        sector=sector or "all",
        currency=currency or "USD",
    )
    title = next(
        (line for line in first if re.search(r"\b(?:report|announce|result|earning)", line, re.IGNORECASE) and 20 < len(line) < 160),
        "Earnings release",
    )
    return Head(company, released, " ".join(title.split())), doubts


def _name(text: str, listed: re.Match[str] | None, lines: Sequence[str]) -> str | None:
    """The company's full name, with its legal form where the release has it somewhere: in its first sentence, or above its statements."""
    names = []
    if listed:
        before = re.sub(r"\([^()]*\)\s*$", "", text[max(0, listed.start() - 120) : listed.start()]).rstrip()
        before = re.split(r"\s[–—-]{1,2}\s|/[A-Z ]+/|\d{4}\s*[–—-]*|\)\s|\babout\s", before, flags=re.IGNORECASE)[-1].lstrip(" –—-")
        names += [match["name"] for match in [_NAME.search(before)] if match]
    names += [match["name"] for match in [_SAYS.search(text[:_OPENING])] if match]
    alone = Counter(re.sub(r"(?i)\s+and\s+subsidiaries$", "", line) for line in lines if len(line) < 60 and _ALONE.fullmatch(line))
    names += [name for name, count in alone.most_common(1) if count > 1]
    full = next((name for name in names if re.search(rf"{_LEGAL}$", name, re.IGNORECASE)), names[0] if names else None)
    if full is None:
        return None
    return (full.title() if full.isupper() else full).strip(" ,")


def _released(first: Sequence[str]) -> date | None:
    """The day in the dateline, or standing alone above it."""
    for text in first:
        for pattern in (DAY, NUMERIC):
            for match in pattern.finditer(text):
                ended = STRETCH.search(text[: match.start()]) or re.search(r"\bended?\b", text[: match.start()])
                after = text[match.end() :].lstrip()
                alone = match.group().strip(" ,") == text
                if not ended and (alone or after.startswith(("-", "–", "—", "/", "("))) and (day := day_of(match)):
                    return day
    return next((day for text in first if (found := re.match(NUMERIC.pattern, text)) and (day := day_of(found))), None)


@dataclass(frozen=True, slots=True)
class Calendar:
    """How the company counts: the reported column with its fiscal year and quarter. Other periods are told by their distance."""

    reported: Column
    year: int
    quarter: int
    monthly: bool
    """Whether all periods end with a month: only then are their first days certain without a number of weeks."""
    fiscal: bool
    """Whether the fiscal year is another one than the calendar's, so that labels say FY."""

    def _start(self, column: Column, months: int | None = None) -> date | None:
        return start_of(column.kind, column.end, column.weeks, months) if column.weeks or self.monthly else None

    def period(self, column: Column) -> Period:
        """The period of a column, with its id and label."""
        end = column.end
        if column.kind is PeriodKind.INSTANT:
            return Period.on(end)
        behind = round((self.reported.end - end).days / 91.31)
        year, quarter = divmod(self.year * 4 + self.quarter - 1 - behind, 4)
        quarter += 1
        short = f"FY{year % 100:02}"
        if column.kind is PeriodKind.QUARTER:
            label = f"Q{quarter} {short if self.fiscal else year}"
            return Period(id=f"{year}q{quarter}", kind=column.kind, start=self._start(column), end=end, label=label)
        if column.kind is PeriodKind.ANNUAL:
            label = short if self.fiscal else f"FY {year}"
            return Period(id=f"{year}fy", kind=column.kind, start=self._start(column), end=end, label=label)
        if column.weeks:
            words = f"first {column.weeks} weeks of {short if self.fiscal else year}"
            return Period(id=f"{year}ytd", kind=column.kind, start=self._start(column), end=end, label=words)
        part, words = (
            (f"h{quarter // 2}", "first half") if quarter == 2 else ("9m", "first nine months") if quarter == 3 else ("ytd", "year to date")
        )
        return Period(
            id=f"{year}{part}",
            kind=column.kind,
            start=self._start(column, 3 * quarter),
            end=end,
            label=f"{words} of {short if self.fiscal else year}",
        )


def calendar_of(lines: Sequence[Line], columns: Sequence[Column]) -> tuple[Calendar, list[str]] | None:
    """The reported period: the latest quarter of the statements, else their latest year. None where they have neither."""
    stretches = [column for column in columns if column.kind in (PeriodKind.QUARTER, PeriodKind.ANNUAL)]
    if not stretches:
        return None
    latest = max(column.end for column in stretches)
    reported = max((column for column in stretches if column.end == latest), key=lambda column: column.kind is PeriodKind.QUARTER)
    text = " ".join(" ".join(line.text.split()) for line in lines[:150])
    votes: Counter[tuple[int, int]] = Counter()
    for match in _FISCAL.finditer(text):
        year = int(match["year"] or match["short"])
        votes[(year + 2000 if year < 100 else year, int(match["q"] or ORDINALS[match["quarter"].lower()]))] += 1
    calendar_quarter = (reported.end - timedelta(days=20)).month - 1
    spans = {(year, quarter): count for (year, quarter), count in votes.items() if abs(year - reported.end.year) <= 1}
    if spans:
        year, quarter = _first_said(text, spans)
        doubts: list[str] = []
    else:
        quarter_word = _QUARTER.search(text)
        fiscal_year = _FISCAL_YEAR.search(text)
        whole = any(column.kind is PeriodKind.ANNUAL and column.end == latest for column in stretches)  # a year that ends with the quarter
        quarter = 4 if whole else ORDINALS[quarter_word[1].lower()] if quarter_word else calendar_quarter // 3 + 1
        middle = reported.end - timedelta(days=45)
        year = int(fiscal_year[1]) if fiscal_year and abs(int(fiscal_year[1]) - reported.end.year) <= 1 else middle.year
        sure = (whole or quarter_word is not None) and (fiscal_year is not None or quarter == (middle.month - 1) // 3 + 1)
        doubts = [] if sure else [f"the fiscal year and quarter are not said plainly: taken as Q{quarter} {year}"]
    middle = reported.end - timedelta(days=45)
    fiscal = (year, quarter) != (middle.year, (middle.month - 1) // 3 + 1)
    return Calendar(reported, year, quarter, all(ends_month(column.end) for column in stretches), fiscal), doubts


def quarters_known(calendar: Calendar, columns: Iterable[Column]) -> Quarters:
    """The quarters of statements whose heads say the days, for heads that name a quarter alone."""
    known = {calendar.period(column).id: column for column in columns if column.kind is PeriodKind.QUARTER}
    return lambda quarter, year: known.get(f"{year}q{quarter}")


def quarters_from_year_end(lines: Sequence[Line]) -> tuple[Quarters, str] | None:
    """For a release whose statements name quarters and no day: their ends, from the last fiscal year's, which some line tells; with the
    doubt that goes with it. None where no line does.

    A year that ends with a month has quarters of three months, another one quarters of 13 weeks and years of 52.
    """
    said = [day for line in lines for match in _YEAR_END.finditer(line.text) if (found := DAY.search(match[1])) and (day := day_of(found))]
    if not said:
        return None
    last = max(said)
    its_year = (last - timedelta(days=180)).year

    def quarter_end(quarter: int, year: int) -> Column:
        if not ends_month(last):
            return Column(PeriodKind.QUARTER, last + timedelta(weeks=52 * (year - its_year - 1) + 13 * quarter), 13)
        months = last.year * 12 + last.month - 1 + 12 * (year - its_year - 1) + 3 * quarter
        ahead = months % 12 + 1
        return Column(PeriodKind.QUARTER, date(months // 12, ahead, monthrange(months // 12, ahead)[1]))

    return quarter_end, f"no table says on which day its quarter ends: taken from the fiscal year that ended on {last}, in quarters of " + (
        "three months" if ends_month(last) else "13 weeks"
    )


_YEAR_END = re.compile(r"\bfiscal year ended ([A-Z][a-z]+\.? \d{1,2}, 20\d\d)")


def _first_said(text: str, spans: dict[tuple[int, int], int]) -> tuple[int, int]:
    for match in _FISCAL.finditer(text):
        year = int(match["year"] or match["short"])
        said = (year + 2000 if year < 100 else year, int(match["q"] or ORDINALS[match["quarter"].lower()]))
        if said in spans:
            return said
    return max(spans)
