"""A fact sheet as CSV: one fact per row, company and period data in columns beside it.

UTF-8, commas between the cells, the first line names the columns. An empty cell says nothing; what describes the
company or a period needs to stand in one row only, and where it stands again it must say the same.

    company*, ticker*, currency*, sector, exchange, released    the company; `currency` is ISO 4217
    reported_period      id of the reported period; default: the period of the actual rows, balance-sheet days aside
    period*              id of the row's period, such as 2026q1
    period_kind*         quarter, ytd, annual, ttm or instant
    period_start, period_end*, period_label    dates as YYYY-MM-DD; the label's default comes from the id: Q1 2026
    id                   of the fact; default: metric, segment, role, change
    metric*, segment     a name of the metric vocabulary
    value*               a plain decimal as the source rounds it: 1970.0 (not 1,970.0, (16.5) or 12.8%)
    low, high            the ends of guidance or estimates; the column `value` may be missing when both are there
    unit*, scale         CNY, USD/share, percent, ratio, pp, bp, x, shares, days, count; one, thousand, million, ...
    rounded_to, bound, change, basis, role*, definition, quote, analysts, as_of    as in a JSON sheet
    source, source_title, source_kind, source_url, source_published    id and data of the source; default: the file

Columns marked * are required. A cell is only ever text or a number: formulas are not run, they are text.
Statements have no place in a CSV sheet: use JSON or YAML for those.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pipeline.facts.figures import stem
from pipeline.facts.positions import Finding, UnreadableError
from pipeline.facts.sheet import MAX_FACTS, day_words
from pipeline.schemas import Keys, nearest, shown

Row = dict[str, str]
"""The cells of a row that are not empty, by column."""

_SHEET = {"released": "released", "reported_period": "period"}
_COMPANY = {"company": "name", "ticker": "ticker", "currency": "currency", "sector": "sector", "exchange": "exchange"}
_PERIOD = {"period": "id", "period_kind": "kind", "period_start": "start", "period_end": "end", "period_label": "label"}
_SOURCE = {"source": "id", "source_title": "title", "source_kind": "kind", "source_url": "url", "source_published": "published"}
_FACT = (
    *("id", "metric", "segment", "value", "low", "high", "unit", "scale", "rounded_to", "bound", "change", "period", "basis", "role"),
    *("definition", "source", "quote", "analysts", "as_of"),
)
COLUMNS = tuple(dict.fromkeys((*_COMPANY, *_SHEET, *_PERIOD, *_FACT, *_SOURCE)))
REQUIRED = ("company", "ticker", "currency", "period", "period_kind", "period_end", "metric", "unit", "role")
_FILE_SOURCE = "file"
_MOST_COLUMNS = 100
"""More are not looked at one by one."""


@dataclass(slots=True)
class CsvSheet:
    """A sheet's data as JSON would have it, what is wrong with the rows, and the line and column of each value."""

    data: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    cells: dict[Keys, tuple[int, str]] = field(default_factory=dict)

    def cell(self, keys: Keys) -> tuple[int | None, str]:
        """The line and column where a value stands; for what stands nowhere, the nearest line and the column to fill."""
        if keys in self.cells:
            return self.cells[keys]
        line = next((self.cells[keys[:n]][0] for n in range(len(keys), 0, -1) if keys[:n] in self.cells), None)
        return line, _column(keys)


def read_csv(text: str, file: str) -> CsvSheet:
    """A CSV text as a sheet's data; `file` names the source of rows that name none. Raises UnreadableError for a broken table."""
    sheet = CsvSheet()
    rows = list(_rows(text, sheet.findings))
    if not rows and not sheet.findings:
        raise UnreadableError(Finding("has a header but no rows: expected one fact per row"))
    if len(rows) > MAX_FACTS:
        raise UnreadableError(Finding(f"has {len(rows):,} rows: expected at most {MAX_FACTS:,}, one fact each"))
    company: dict[str, Any] = {}
    periods, sources = _Records("periods"), _Records("sources")
    facts: list[dict[str, Any]] = []
    taken = {row["id"] for _, row in rows if "id" in row}
    for line, row in rows:
        _say(sheet, sheet.data, (), row, line, _SHEET)
        _say(sheet, company, ("company",), row, line, _COMPANY)
        if "period" in row:
            _say(sheet, *periods.of(row["period"]), row, line, _PERIOD)
        _say(sheet, *sources.of(row.setdefault("source", _FILE_SOURCE)), row, line, _SOURCE)
        _add_fact(sheet, facts, row, line, taken)
    for period in periods:
        period.setdefault("label", _label(period))
    for source in sources:
        source.setdefault("title", file if source["id"] == _FILE_SOURCE else source["id"])
        source.setdefault("kind", "other")
    sheet.data |= {"company": company, "periods": list(periods), "sources": list(sources), "facts": facts}
    if "period" not in sheet.data:
        sheet.data |= _reported_period(facts, list(periods))
    return sheet


class _Records:
    """The periods or sources that rows have named so far."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._by_id: dict[str, tuple[dict[str, Any], Keys]] = {}

    def of(self, name: str) -> tuple[dict[str, Any], Keys]:
        """The record with this id and the way to it; a new one when the id is new."""
        return self._by_id.setdefault(name, ({}, (self._name, len(self._by_id))))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (record for record, _ in self._by_id.values())


def _say(sheet: CsvSheet, record: dict[str, Any], keys: Keys, row: Row, line: int, columns: Mapping[str, str]) -> None:
    """Copy a row's cells into the record that they describe; another value for the same thing is a finding."""
    sheet.cells.setdefault(keys, (line, ""))
    for column, name in columns.items():
        if column not in row:
            continue
        if record.setdefault(name, row[column]) == row[column]:
            sheet.cells.setdefault((*keys, name), (line, column))
        else:
            before = sheet.cells[(*keys, name)][0]
            owner = f"for {shown(record['id'])}" if "id" in record else "in the whole file"
            message = f"{shown(row[column])} disagrees with {shown(record[name])} in line {before}: expected one {column} {owner}"
            sheet.findings.append(Finding(message, (column,), line))


def _rows(text: str, findings: list[Finding]) -> Iterator[tuple[int, Row]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns: list[str] = []
    line = 1
    try:
        for written in reader:
            cells = [cell.strip() for cell in written]
            if not columns and any(cells):
                columns = cells
                _check_columns(columns, line)
            elif any(cells) and len(cells) != len(columns):
                hint = "expected as many, with quotes around text that holds commas"
                findings.append(Finding(f"the row has {len(cells)} cells and the header {len(columns)}: {hint}", line=line))
            elif any(cells):
                yield line, {column: cell for column, cell in zip(columns, cells, strict=True) if cell}
            line = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableError(Finding(f"is not valid CSV: {error}", line=line)) from None
    if not columns:
        raise UnreadableError(Finding("is empty: expected a header line and one fact per row"))


def _check_columns(columns: list[str], line: int) -> None:
    for mark, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(columns) == 1 and mark in columns[0]:
            raise UnreadableError(Finding(f"has {name} between its cells: expected commas, and decimal points in numbers", line=line))
    if len(columns) > _MOST_COLUMNS:
        raise UnreadableError(
            Finding(f"the header has {len(columns):,} cells: expected columns of a fact sheet, {len(COLUMNS)} at most", line=line)
        )
    findings = []
    for place, column in enumerate(columns):
        if not column:
            findings.append(Finding(f"column {place + 1} of the header has no name: expected a name, or no such column", line=line))
        elif column not in COLUMNS:
            meant = nearest(column.lower(), COLUMNS)
            hint = f"did you mean '{meant[0]}'?" if meant else "see the list of columns in the documentation of CSV sheets"
            findings.append(Finding(f"unknown column: {hint}", (column,), line))
        elif column in columns[:place]:
            findings.append(Finding("the column stands twice: expected it once", (column,), line))
    findings += [Finding("missing column: expected it in the header", (column,), line) for column in REQUIRED if column not in columns]
    if "value" not in columns and not {"low", "high"} <= set(columns):
        findings.append(Finding("missing column: expected value, or both low and high", ("value",), line))
    if findings:
        raise UnreadableError(*findings)


def _add_fact(sheet: CsvSheet, facts: list[dict[str, Any]], row: Row, line: int, taken: set[str]) -> None:
    fact: dict[str, Any] = {name: row[name] for name in _FACT if name in row}
    if fact.get("analysts", "").isdecimal() and len(fact["analysts"]) < 10:
        fact["analysts"] = int(fact["analysts"])
    if "id" not in fact and "metric" in fact:
        fact["id"] = _default_id(row, taken)
        taken.add(fact["id"])
    keys: Keys = ("facts", len(facts))
    sheet.cells[keys] = (line, "")
    sheet.cells |= {(*keys, name): (line, name) for name in fact}
    facts.append(fact)


def _default_id(row: Row, taken: set[str]) -> str:
    """`revenue`, `revenue.prior_year`, `revenue.reported_yoy`; with the period where that is taken already."""
    role, change = row.get("role", "actual"), row.get("change")
    parts = [stem(row["metric"], row.get("segment"))]
    parts += [role] * (role != "actual")
    # Not plainly `revenue.yoy`: that is the id of the computed rate, which the reported one is checked against.
    parts += [f"reported_{change}"] * (change is not None)
    short = ".".join(parts)
    return short if short not in taken else f"{short}.{re.sub(r'[^a-z0-9_.]', '_', row.get('period', ''))}"


def _label(period: dict[str, Any]) -> str:
    """`2026q1` -> Q1 2026, `fy2024` and `2024fy` -> FY2024, a day -> March 31, 2026, others as they are."""
    name = str(period["id"])
    if match := re.fullmatch(r"(\d{4})[_.-]?(q[1-4]|h[12]|fy)|(q[1-4]|h[12]|fy)[_.-]?(\d{4})", name):
        year, part = match[1] or match[4], (match[2] or match[3]).upper()
        return f"{part}{year}" if part == "FY" else f"{part} {year}"
    if period.get("kind") == "instant":
        try:
            day = date.fromisoformat(period.get("end", ""))
        except ValueError:
            return name
        return day_words(day)
    return name


def _reported_period(facts: list[dict[str, Any]], periods: list[dict[str, Any]]) -> dict[str, str]:
    days = {period["id"] for period in periods if period.get("kind") == "instant"}
    actual = {fact["period"] for fact in facts if fact.get("role") == "actual" and "period" in fact}
    candidates = actual - days or actual
    return {"period": candidates.pop()} if len(candidates) == 1 else {}


def _column(keys: Keys) -> str:
    """The column in which a missing value would stand; none for a whole row or record."""
    match keys:
        case (str() as name,):
            return next((column for column, key in _SHEET.items() if key == name), name)
        case ("company" | "periods" | "sources" | "facts" as group, *_, str() as name):
            columns = {"company": _COMPANY, "periods": _PERIOD, "sources": _SOURCE}.get(group, {})
            return next((column for column, key in columns.items() if key == name), name)
        case _:
            return ""
