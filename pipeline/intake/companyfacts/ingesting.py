"""From a companyfacts document to the sheet of one period: which period, in which currency, and what is said about it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import PurePath

from pipeline.errors import InputError, UsageError
from pipeline.facts.sheet import TICKER_PATTERN, Company
from pipeline.facts.vocabulary import vocabulary
from pipeline.intake.companyfacts.book import Book
from pipeline.intake.companyfacts.building import Builder, Scope
from pipeline.intake.companyfacts.calendar import Calendar, FiscalPeriod, calendar
from pipeline.intake.companyfacts.doubts import doubts, other_currencies
from pipeline.intake.companyfacts.rows import Filing, Row, read, tags_of
from pipeline.intake.document import Document
from pipeline.intake.ingested import Ingested
from pipeline.schemas import shown

_TICKER = re.compile(TICKER_PATTERN)
_IN_FILE_NAME = re.compile(r"([A-Za-z0-9]{1,6}(?:-[A-Za-z0-9]{1,4})?)[._-]companyfacts\b.*|([A-Z]{1,5}(?:-[A-Z])?)\.json(?:\.gz)?")
_BY_NAME = re.compile(r"([0-9]{4})(?:q([1-4])|fy)")
_CORE = frozenset(tags_of("revenue", "net_income", "total_assets", "operating_cash_flow"))


def ingest(document: Document, *, ticker: str | None, sector: str | None, period: str | None, back: int) -> Ingested:
    """The sheet of one fiscal quarter or year, with `back` past periods for trends.

    `period` is 2025q2 or 2025fy, by the calendar year in which the fiscal year ends, or the day that it ends; None is the latest.
    Raises InputError for a document that is none, or that has not what is asked for.
    """
    facts = read(document)
    symbol, from_name = _ticker(document, ticker)
    times = calendar(facts.rows)
    wanted, own = _period(document, times, period)
    currency = _currency(document, facts.rows, own, wanted)
    company = Company(name=facts.name, ticker=symbol, sector=sector or "all", currency=currency)
    builder = Builder(Book(facts.rows, times, currency), company, wanted, own, Scope(back=back))
    sheet = builder.build()
    if sheet is None:
        raise document.refused(f"has no figure of {wanted.id} that the vocabulary knows: {_has(times)}")
    said = [*doubts(builder, sheet), *other_currencies(currency, (row.unit for row in facts.rows))]
    if from_name:
        said.append(f"the ticker {symbol} is taken from the file's name, as the document has none")
    if wanted.part == 4 and not (period and _BY_NAME.fullmatch(period.strip().lower())):
        said.append(f"{wanted.end} ends both {wanted.id} and {wanted.year}fy: this is the quarter; --period {wanted.year}fy gives the year")
    return Ingested(sheet, tuple(builder.choices), tuple(said))


def _ticker(document: Document, given: str | None) -> tuple[str, bool]:
    """The ticker, and whether it was read from the file's name."""
    if given is not None:
        return given, False
    match = _IN_FILE_NAME.fullmatch(PurePath(document.name).name)
    symbol = ((match[1] or match[2]) if match else "").upper()
    if not _TICKER.fullmatch(symbol):
        raise document.refused("holds no ticker, and its name gives none: expected --ticker, or a name such as KO.companyfacts.json")
    return symbol, True


# -- the period ----------------------------------------------------------------------------------------------------------------


def _period(document: Document, times: Calendar, wanted: str | None) -> tuple[FiscalPeriod, Filing]:
    """The period that is asked for, and the company's own report of it."""
    reported = times.reported()
    if not reported:
        raise document.refused("has no profit of a fiscal quarter or year from a 10-Q, 10-K, 20-F, 40-F or 6-K: expected at least one")
    last_day = reported[-1].end
    found = _named(times, wanted.strip().lower()) if wanted is not None else [p for p in reported if p.end == last_day]
    own = [(period, filing) for period in found if (filing := times.filing_of(period)) is not None]
    if own:
        return own[0]
    if found:
        reason = f"gives {found[0].id} only as a comparison in later filings, and not in a report of its own"
        raise document.refused(f"{reason}: {_has(times)}", field="--period")
    raise document.refused(f"has no period {shown(wanted)}: {_has(times)}", field="--period")


def _named(times: Calendar, wanted: str) -> list[FiscalPeriod]:
    """The periods that a name or a last day may mean, a quarter before the year that ends with it."""
    if match := _BY_NAME.fullmatch(wanted):
        period = times.periods.get((int(match[1]), int(match[2] or 0)))
        return [period] if period else []
    try:
        day = date.fromisoformat(wanted if len(wanted) == 10 else "")
    except ValueError:
        raise UsageError(f"--period: found {shown(wanted)}: expected 2025q2, 2025fy, or the day it ends, such as 2025-06-30") from None
    return sorted((period for period in times.periods.values() if period.end == day), key=lambda period: not period.part)


def _has(times: Calendar) -> str:
    """Which periods a document has, in runs."""
    quarters = [period for period in times.reported() if period.part]
    years = [period for period in times.reported() if not period.part]
    runs = [*_runs(quarters, times), *_runs(years, times)]
    return f"it has {', '.join(runs)}"


def _runs(periods: Sequence[FiscalPeriod], times: Calendar) -> Iterable[str]:
    runs: list[list[FiscalPeriod]] = []
    for period in periods:
        if runs and times.back(period, 1) == runs[-1][-1]:
            runs[-1].append(period)
        else:
            runs.append([period])
    return [run[0].id if len(run) == 1 else f"{run[0].id} to {run[-1].id}" for run in runs]


# -- the currency --------------------------------------------------------------------------------------------------------------


def _currency(document: Document, rows: Iterable[Row], own: Filing, period: FiscalPeriod) -> str:
    """The one that the period's report counts in. A translation for convenience covers the last year only, and has fewer figures."""
    counted = Counter(row.unit for row in rows if row.filing == own and row.tag in _CORE and len(row.unit) == 3)
    most = counted.most_common(2)
    if not most:
        raise _no_money(document, own, period)
    if len(most) == 2 and most[0][1] == most[1][1]:
        message = f"gives {period.id} as often in {most[0][0]} as in {most[1][0]}: expected one reporting currency"
        raise document.refused(f"{message}; take the figures out of the one that is a translation")
    return most[0][0]


def _no_money(document: Document, own: Filing, period: FiscalPeriod) -> InputError:
    labels = ", ".join(vocabulary()[name].label.lower() for name in ("revenue", "net_income", "total_assets", "operating_cash_flow"))
    return document.refused(f"has no {labels} in any currency from {own}, which reports {period.id}")
