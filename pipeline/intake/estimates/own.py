"""Estimates in our own shape, as a table or as JSON, and in tables that terminals export: the same columns by other names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TypeVar

from pipeline.errors import InputError
from pipeline.facts.positions import UnreadableError
from pipeline.facts.quantity import Scale, UnitClass, parse_unit
from pipeline.facts.sheet import Basis, PeriodKind
from pipeline.facts.vocabulary import nearest
from pipeline.intake.document import Document
from pipeline.intake.estimates.models import EPS, Actual, Estimate, Estimates
from pipeline.intake.estimates.values import Place
from pipeline.intake.figures import metric_of, unit_of
from pipeline.intake.periods import Label, label
from pipeline.intake.spreadsheet.cells import Cell, Mark, cell, day, scale_word
from pipeline.intake.spreadsheet.table import Row, Table, table_of
from pipeline.schemas import nearest as nearest_of
from pipeline.schemas import printable, shown

NAMES: Mapping[str, tuple[str, ...]] = {
    "metric": ("item", "measure", "line item", "estimate item"),
    "mean": ("average", "avg", "consensus", "mean estimate", "consensus mean", "estimate mean"),
    "low": ("low estimate", "lowest"),
    "high": ("high estimate", "highest"),
    "analysts": (
        "# of est",
        "# est",
        "# of estimates",
        "no of est",
        "number of estimates",
        "number of analysts",
        "num est",
        "estimatecount",
    ),
    "period": ("fiscal period",),
    "period_end": ("period end date", "fiscal period end", "fiscalenddate", "fiscal end date"),
    "kind": ("periodicity", "frequency"),
    "currency": ("curr",),
    "basis": (),
    "scale": ("units in",),
    "as_of": ("estimate date", "estimatedate"),
    "source": (),
    "ticker": ("symbol", "instrument", "identifier", "ric"),
    "actual": ("reported",),
    "surprise": ("surprise percent", "surprise pct", "surprise %", "% surprise"),
}
"""Our own names, each with what terminals call the same."""

_FILE_WIDE = ("ticker", "source", "as_of", "currency", "basis", "scale")
_BASES = {"non gaap": "adjusted", "normalized": "adjusted", "normalised": "adjusted", "": "unstated"}
_KINDS = {
    **dict.fromkeys(("quarter", "quarterly", "qtr", "q"), PeriodKind.QUARTER),
    **dict.fromkeys(("annual", "annually", "year", "yearly", "ann", "fy"), PeriodKind.ANNUAL),
}
_T = TypeVar("_T")


def _plain(name: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9#%]+", " ", name.lower()).split())


_CANONICAL = {_plain(name): own for own, names in NAMES.items() for name in (own, *names)}


@dataclass(frozen=True, slots=True)
class _Entry:
    """One estimate as text, by our own names, with the place of each value for messages and locators."""

    document: Document
    said: Mapping[str, str]
    where: str
    line: int | None = None

    def refused(self, name: str, reason: str) -> InputError:
        """The error that says what is wrong with one of its values."""
        place = name if self.line is not None else f"{self.where}.{name}"
        return self.document.refused(reason, line=self.line, field=place)


@dataclass(slots=True)
class _Found:
    """What was read so far."""

    estimates: list[Estimate] = field(default_factory=list)
    actuals: list[Actual] = field(default_factory=list)
    tickers: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


# -- the two ways to write it --------------------------------------------------------------------------------------------


def is_own(top: Place) -> bool:
    """Whether this is our own JSON: an object with `estimates`, each with a `metric`."""
    if not isinstance(top.value, Mapping) or not isinstance(top.value.get("estimates"), list):
        return False
    return all(isinstance(item, Mapping) and "metric" in item for item in top.value["estimates"])


def from_json(top: Place, ticker: str) -> Estimates:
    """Our own JSON. Raises InputError with the place of what is wrong."""
    for name in top.value:
        if name not in (*_FILE_WIDE, "estimates"):
            raise _unknown(top.document, name, (*_FILE_WIDE, "estimates"), name)
    shared = _texts(top, _FILE_WIDE)
    entries = []
    for item in top.get("estimates").items():
        for name in item.value:
            if name not in NAMES:
                raise _unknown(top.document, name, tuple(NAMES), f"{item.where}.{name}")
        entries.append(_Entry(top.document, shared | _texts(item, tuple(NAMES)), item.where))
    return _estimates(top.document, entries, ".", ticker)


def _texts(place: Place, names: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for name in names:
        value = place.get(name).value
        if isinstance(value, (bool, list, Mapping)):
            raise place.get(name).refused(f"is {shown(value)}: expected text or a number")
        if value is not None and value != "":
            # A number keeps its digits: 1.50 stays 1.50.
            found[name] = f"{value:f}" if isinstance(value, Decimal) else str(value)
    return found


def _unknown(document: Document, name: str, names: tuple[str, ...], where: str) -> InputError:
    meant = nearest_of(name, names)
    hint = f"did you mean '{meant[0]}'?" if meant else f"expected one of {', '.join(names)}"
    return document.refused(f"unknown name {shown(name)}: {hint}", field=where)


def from_table(document: Document, ticker: str) -> Estimates:
    """A table with a line for each estimate. Raises InputError with the line and column of what is wrong."""
    try:
        table = table_of(document.text())
    except UnreadableError as error:
        finding = error.findings[0]
        raise document.refused(finding.message, line=finding.line) from None
    header, shared, mark = _header(document, table)
    columns: dict[str, int] = {}
    ignored = []
    for place, written in enumerate(header.cells):
        name = _CANONICAL.get(_plain(written))
        if name is None:
            ignored += [printable(written)[:40]] if written else []
        elif name in columns:
            raise document.refused(f"has two columns for {name}: expected one", line=header.line, field=header.place(place))
        else:
            columns[name] = place
    entries = []
    for row in table.rows:
        if row.line > header.line:
            said = {name: row.cell(place) for name, place in columns.items() if row.cell(place)}
            if "metric" in said:
                entries.append(_Entry(document, shared | said, f"row {row.number}, column {row.place(columns.get('mean', 0))}", row.line))
    found = _estimates(document, entries, mark, ticker)
    if ignored:
        doubt = f"columns that are not read: {', '.join(ignored[:12])}"
        return Estimates(**{name: getattr(found, name) for name in Estimates.__slots__} | {"doubts": (*found.doubts, doubt)})
    return found


def _header(document: Document, table: Table) -> tuple[Row, dict[str, str], Mark]:
    """The row that names the columns, what the lines before it say of the whole file, and the mark before decimals."""
    shared: dict[str, str] = {}
    mark: Mark | None = None
    for row in table.rows:
        names = {_CANONICAL.get(_plain(written)) for written in row.cells}
        if "metric" in names and ("mean" in names or {"low", "high"} <= names):
            if table.separator != "," and mark is None:
                message = f"has {table.separators} between its cells and does not say what stands before decimals"
                raise document.refused(f"{message}: expected a first line that says decimal, with . or , in the next cell", line=row.line)
            return row, shared, mark or "."
        key = _CANONICAL.get(_plain(row.cell(0)), _plain(row.cell(0)))
        if key == "decimal" and row.cell(1) in (".", ","):
            mark = "," if row.cell(1) == "," else "."
        elif key in _FILE_WIDE and len(row.cells) == 2:
            shared[key] = row.cell(1)
        else:
            message = f"expected columns {', '.join(NAMES)}, of which metric and mean are needed; see the shapes in the documentation"
            raise document.refused(f"has no line that names such columns at its head: {message}", line=row.line)
    raise document.refused("has no line that names its columns: expected metric, mean, period and others", line=table.rows[0].line)


# -- one estimate --------------------------------------------------------------------------------------------------------


def _estimates(document: Document, entries: list[_Entry], mark: Mark, ticker: str) -> Estimates:
    """The estimates of the sheet's company; a file may hold those of many."""
    found = _Found()
    for entry in entries:
        its_ticker = entry.said.get("ticker")
        if its_ticker is not None:
            found.tickers.append(its_ticker)
            if not same_company(its_ticker, ticker):
                continue
        estimate = _estimate(entry, mark, found)
        if estimate is not None:
            found.estimates.append(estimate)
            if estimate.metric in EPS and estimate.actual is not None and estimate.end is not None and estimate.kind is not None:
                found.actuals.append(Actual(end=estimate.end, kind=estimate.kind, value=estimate.actual))
    if found.tickers and not any(same_company(name, ticker) for name in found.tickers):
        has = ", ".join(printable(name)[:20] for name in list(dict.fromkeys(found.tickers))[:12])
        raise document.refused(f"has no estimates for {ticker}: it has {has}")
    provider = next((one.source for one in found.estimates if one.source), "estimates")
    return Estimates(
        provider=provider,
        id="estimates",
        found=tuple(found.estimates),
        symbol=ticker if found.tickers else None,
        actuals=tuple(found.actuals),
        doubts=tuple(found.doubts),
    )


def same_company(symbol: str, ticker: str) -> bool:
    """Whether a provider's symbol names the sheet's ticker: BRK.B and BRK-B, AAPL.O, AAPL-US and AAPL US Equity for AAPL."""
    plain = re.sub(r"[ ./]", "-", symbol.strip().upper())
    wanted = ticker.upper().replace(".", "-")
    return plain == wanted or plain in {f"{wanted}-{market}" for market in ("US", "O", "OQ", "N", "US-EQUITY")}


def _estimate(entry: _Entry, mark: Mark, found: _Found) -> Estimate | None:
    said = entry.said
    metric = metric_of(said["metric"])
    if metric is None:
        meant = nearest(said["metric"][:80])
        hint = f"; did you mean '{meant}'?" if meant else ""
        found.doubts.append(f"{entry.where}: unknown metric {shown(said['metric'])}, left out{hint}")
        return None
    figures = {name: _value(entry, name, lambda text: cell(text, mark)) for name in ("mean", "low", "high", "actual", "surprise")}
    mean = figures["mean"]
    if mean is None:
        return None
    cls = parse_unit(unit_of(metric, "USD"))[0].cls
    for name in ("mean", "low", "high", "actual"):
        _check_unit(entry, name, figures[name], cls)
    assert mean.value is not None, "ranges were refused"
    period, end = _period(entry)
    kind = _value(entry, "kind", _kind) or (period.kind if period else None)
    scale = _value(entry, "scale", _scale)
    # A mean of 997 million stands beside an actual of 1.01 billion.
    unit = mean.scale or scale or Scale.ONE
    if scale is not None and mean.scale not in (None, scale):
        raise entry.refused("mean", f"is in {mean.scale}s, and its scale is said to be {scale}: expected one of them")
    numbers = {name: _number(found, unit, scale) if found else None for name, found in figures.items()}
    written = [name for name in ("actual", "mean", "low", "high", "analysts") if name in said]
    return Estimate(
        metric=metric.id,
        mean=mean.value,
        low=numbers["low"],
        high=numbers["high"],
        scale=unit,
        analysts=_value(entry, "analysts", _count),
        end=end,
        label=period,
        kind=kind,
        currency=said["currency"].upper() if "currency" in said else mean.currency,
        basis=_value(entry, "basis", _basis) or Basis.UNSTATED,
        as_of=_value(entry, "as_of", day),
        actual=numbers["actual"],
        surprise=figures["surprise"].value if figures["surprise"] else None,
        source=printable(said["source"])[:200] if "source" in said else None,
        where=entry.where,
        quote=f"{printable(said['metric'])} " + ", ".join(f"{name} {printable(said[name])}" for name in written),
    )


def _value(entry: _Entry, name: str, read: Callable[[str], _T]) -> _T | None:
    """A value of an entry; None where there is none. Raises InputError with its place for one that is not as expected."""
    written = entry.said.get(name)
    if written is None:
        return None
    try:
        return read(written)
    except ValueError as error:
        raise entry.refused(name, str(error)) from None


def _number(found: Cell, unit: Scale, said: Scale | None) -> Decimal | None:
    """A figure in the scale of the mean. What says no scale itself is in that of its line."""
    if found.value is None:
        return None
    own = found.scale or said or unit
    return found.value if own is unit else found.value.scaleb(own.factor.adjusted() - unit.factor.adjusted())


def _check_unit(entry: _Entry, name: str, found: Cell | None, cls: UnitClass) -> None:
    if found is None:
        return
    if found.value is None:
        raise entry.refused(name, f"{shown(entry.said[name])} is a range: expected one figure; the ends belong to low and high")
    if found.unit is not None and parse_unit(found.unit)[0].cls is not cls:
        raise entry.refused(name, f"{shown(entry.said[name])} is in {found.unit}, which does not fit {shown(entry.said['metric'])}")


def _period(entry: _Entry) -> tuple[Label | None, date | None]:
    end = _value(entry, "period_end", day)
    written = entry.said.get("period", "")
    # Terminals write FQ1 2026 for a fiscal quarter.
    known = label(written) or label(re.sub(r"(?i)^f(?=q[1-4])", "", written))
    if written and known is None:
        try:
            return None, end or day(written)
        except ValueError:
            hint = "expected such as Q1 2026, 2026q1, FY2025, or the date on which it ends"
            raise entry.refused("period", f"{shown(written)} names no period: {hint}") from None
    if known is None and end is None:
        raise entry.refused("period", "missing: expected such as Q1 2026, or period_end with a date")
    return known, end


def _kind(written: str) -> PeriodKind:
    kind = _KINDS.get(written.lower())
    if kind is None:
        raise ValueError(f"{shown(written)} is no kind of period: expected quarter or annual")
    return kind


def _scale(written: str) -> Scale:
    scale = scale_word(written)
    if scale is None:
        raise ValueError(f"{shown(written)} is no scale: expected one, thousand, million or billion")
    return scale


def _basis(written: str) -> Basis:
    word = _plain(written)
    known = _BASES.get(word, word)
    if known not in ("gaap", "ifrs", "adjusted", "unstated"):
        raise ValueError(f"{shown(written)} is no basis: expected gaap, ifrs, adjusted or unstated")
    return Basis(known)


def _count(written: str) -> int | None:
    if not (written.isascii() and written.isdecimal() and len(written) <= 3 and int(written) <= 500):
        raise ValueError(f"{shown(written)} is no number of analysts: expected one from 1 to 500")
    return int(written) or None
