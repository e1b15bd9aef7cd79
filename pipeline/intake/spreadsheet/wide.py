"""A table with one metric a row and a column for each period -> a sheet's data, each value with the cell that it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipeline.facts.csv_sheet import CsvSheet
from pipeline.facts.positions import Finding, UnreadableError
from pipeline.facts.quantity import Scale, UnitClass, parse_unit
from pipeline.facts.sheet import MAX_FACTS, Basis, Period, PeriodKind, Role
from pipeline.facts.vocabulary import Metric, nearest
from pipeline.intake.figures import metric_of, unit_of
from pipeline.intake.ingested import Choice
from pipeline.intake.periods import fact_id, role
from pipeline.intake.spreadsheet.cells import Cell, cell, is_of_currency
from pipeline.intake.spreadsheet.head import COMPANY, SOURCE, Column, Head, read_head
from pipeline.intake.spreadsheet.table import Row, Table
from pipeline.schemas import printable, shown

_SOURCE = "file"
_SCALED = (UnitClass.MONEY, UnitClass.SHARES, UnitClass.COUNT)
_RANGED = (Role.GUIDANCE, Role.CONSENSUS)
_OWN_BASES = {"adjusted": Basis.ADJUSTED, "kpi": Basis.KPI, "market": Basis.MARKET}


@dataclass(slots=True)
class Wide:
    """A sheet's data with what is wrong with them, why each value is what it is, and what a person should look at."""

    sheet: CsvSheet = field(default_factory=CsvSheet)
    choices: list[Choice] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Line:
    """What a row says of all its figures. `given` is the cell of its name."""

    row: Row
    name: str
    metric: Metric
    segment: str | None
    unit: str
    scale: Scale | None
    basis: Basis
    change: str | None
    definition: str | None

    @property
    def ending(self) -> str:
        """What ids say of it beyond metric and segment."""
        if self.change is None:
            return ""
        return f"{self.change}_{self.basis if self.basis in (Basis.CONSTANT_CURRENCY, Basis.ORGANIC) else 'reported'}"


def read_wide(table: Table, file: str) -> Wide:
    """Take a wide table apart; `file` is the source's title where the table gives none. Raises UnreadableError where it has no head."""
    head = read_head(table)
    reported = head.reported
    if reported is None or head.findings:
        raise UnreadableError(*head.findings)
    wide = Wide()
    _Reading(head, reported.period, wide).read()
    _describe(head, reported.period, file, wide.sheet)
    return wide


def _describe(head: Head, reported: Period, file: str, sheet: CsvSheet) -> None:
    """Company, source and reported period, as the lines before the table say them."""
    data: dict[str, Any] = {"company": {}, "period": reported.id}
    sheet.cells["period",] = head.cells["reported period"]
    for name, key in COMPANY.items():
        if name in head.said:
            data["company"][key] = head.said[name]
            sheet.cells["company", key] = head.cells[name]
    if "released" in head.said:
        data["released"] = head.said["released"]
        sheet.cells["released",] = head.cells["released"]
    source = {"id": _SOURCE, "title": file, "kind": "other"}
    for name, key in SOURCE.items():
        if name in head.said:
            source[key] = head.said[name]
            sheet.cells["sources", 0, key] = head.cells[name]
    sheet.data = data | {"sources": [source]} | sheet.data


class _Reading:
    """Goes through the rows; facts and periods are added to the sheet's data as they come up."""

    def __init__(self, head: Head, reported: Period, wide: Wide) -> None:
        self._head, self._reported, self._wide = head, reported, wide
        self._currency = head.said["currency"].upper()
        self._periods: dict[str, Period] = {reported.id: reported}
        self._facts: list[dict[str, Any]] = []
        self._written: dict[str, tuple[str, dict[str, Any]]] = {}
        """Facts by id, with the cell that they came from."""

    def read(self) -> None:
        for row in self._head.rows:
            line = self._line(row)
            if line is not None:
                for column in self._head.columns:
                    self._add(line, column)
            if len(self._facts) > MAX_FACTS:
                self._wrong(f"has more than {MAX_FACTS:,} figures: expected at most that", row, 0)
                break
        later = {column.head for column in self._head.columns if column.role is None and column.period.end > self._reported.end}
        for name in sorted(later):
            self._wide.doubts.append(
                f"{printable(name)} ends after the reported period: its figures are taken for guidance; where they are analysts' "
                "estimates, say consensus in a line that starts with role"
            )
        periods = [period.model_dump(mode="json", exclude_none=True) for period in self._periods.values()]
        self._wide.sheet.data = {"periods": periods, "facts": self._facts}

    def _wrong(self, message: str, row: Row, column: int) -> None:
        self._wide.sheet.findings.append(Finding(message, (row.place(column),), row.line))

    def _said(self, row: Row, name: str) -> str:
        place = self._head.attributes.get(name)
        return row.cell(place) if place is not None else ""

    # -- a row ------------------------------------------------------------------------------------------------------------

    def _line(self, row: Row) -> _Line | None:
        at = self._head.attributes
        name = self._said(row, "metric")
        if not name and not any(row.cell(column.place) for column in self._head.columns):
            return None
        metric = metric_of(name)
        if metric is None:
            meant = nearest(name[:80]) if name else None
            hint = f"did you mean '{meant}'?" if meant else "expected one of the metric vocabulary"
            self._wrong(f"unknown metric {shown(name)}: {hint}", row, at["metric"])
            return None
        wrong = len(self._wide.sheet.findings)
        change = self._one_of(row, "change", ("yoy", "qoq"))
        scale = self._one_of(row, "scale", tuple(Scale))
        basis = self._one_of(row, "basis", tuple(Basis))
        unit = self._said(row, "unit") or unit_of(metric, self._currency, change)
        try:
            cls = parse_unit(unit)[0].cls
        except ValueError as error:
            self._wrong(str(error), row, at["unit"])
            return None
        if len(self._wide.sheet.findings) > wrong:
            return None
        return _Line(
            row=row,
            name=name,
            metric=metric,
            segment=self._said(row, "segment") or None,
            unit=unit,
            scale=Scale(scale) if scale else self._scale(metric, cls),
            basis=Basis(basis) if basis else self._basis(metric),
            change=change,
            definition=self._said(row, "definition") or None,
        )

    def _one_of(self, row: Row, name: str, allowed: tuple[str, ...]) -> str | None:
        written = self._said(row, name)
        if not written or written.lower() in allowed:
            return written.lower() or None
        self._wrong(f"{shown(written)} is no {name}: expected one of {' '.join(allowed)}", row, self._head.attributes[name])
        return None

    def _scale(self, metric: Metric, cls: UnitClass) -> Scale | None:
        """The scale of a row that says none; None where that would be a guess: a price is money, and never in millions."""
        if cls not in _SCALED:
            return Scale.ONE
        if cls is UnitClass.MONEY and metric.kind != "ratio":
            return self._head.scale
        return Scale.ONE if self._head.scale in (None, Scale.ONE) else None

    def _basis(self, metric: Metric) -> Basis:
        own = _OWN_BASES.get(metric.basis)
        return own or Basis(self._head.said.get("basis", Basis.UNSTATED))

    # -- a cell -----------------------------------------------------------------------------------------------------------

    def _add(self, line: _Line, column: Column) -> None:
        row, place = line.row, column.place
        written = row.cell(place)
        try:
            found = cell(written, self._head.mark)
            if found is None:
                return
            unit, scale = self._terms(line, found)
        except ValueError as error:
            self._wrong(str(error), row, place)
            return
        period = column.period
        if line.metric.kind == "instant" and period.kind is not PeriodKind.INSTANT:
            period = Period.on(period.end)
        if line.metric.kind == "flow" and period.kind is PeriodKind.INSTANT:
            message = f"{line.metric.id} is over a stretch of time, and {shown(column.head)} is a day"
            self._wrong(f"{message}: expected a head such as Q1 2026, or quarter in a line that starts with kind", row, place)
            return
        its_role = column.role or (Role.MARKET if line.metric.basis == "market" else role(period, self._reported))
        if found.value is None and its_role not in _RANGED:
            self._wrong(f"{shown(written)} is a range: expected one figure, for only guidance and consensus may be ranges", row, place)
            return
        known = self._periods.setdefault(period.id, period)
        if (known.kind, known.end) != (period.kind, period.end):
            self._wrong(f"{shown(column.head)} ends on {period.end}, and elsewhere on {known.end}: expected one day", row, place)
            return
        self._enter(line, column, period, its_role, self._values(found) | {"unit": unit, "scale": scale}, written)

    def _terms(self, line: _Line, found: Cell) -> tuple[str, Scale]:
        """Unit and scale of a figure, from its row and its own cell. Raises ValueError where they contradict each other."""
        cls = parse_unit(line.unit)[0]
        if found.unit is not None and parse_unit(found.unit)[0].cls is not cls.cls:
            raise ValueError(f"a figure in {found.unit} in a row that is in {line.unit}: expected one of them")
        if found.unit == "percent" and line.unit == "ratio":
            raise ValueError("a figure with % in a row of ratios, which are fractions: expected unit percent, or 0.128")
        if found.currency is not None and (cls.currency is None or not is_of_currency(found.currency, cls.currency)):
            raise ValueError(f"a figure in {shown(found.currency)} in a row that is in {line.unit}: expected one currency in a row")
        if found.scale is not None and line.scale not in (None, found.scale) and self._said(line.row, "scale"):
            raise ValueError(f"a figure in {found.scale}s in a row whose scale is {line.scale}: expected one of them")
        scale = found.scale or line.scale
        if scale is None:
            raise ValueError("its scale is not said: expected one, thousand, million or billion, in the column scale or before the table")
        return found.unit or line.unit, scale

    @staticmethod
    def _values(found: Cell) -> dict[str, Any]:
        return {name: f"{number:f}" for name in ("value", "low", "high") if (number := getattr(found, name)) is not None}

    def _enter(self, line: _Line, column: Column, period: Period, its_role: Role, said: dict[str, Any], written: str) -> None:
        row, place = line.row, column.place
        name = self._id(line, period, its_role)
        fact: dict[str, Any] = {"id": name, "metric": line.metric.id}
        fact |= {"segment": line.segment} if line.segment else {}
        fact |= said | ({"change": line.change} if line.change else {})
        fact |= {"period": period.id, "basis": line.basis, "role": its_role}
        fact |= {"definition": line.definition} if line.definition else {}
        quote = " ".join(part for part in (line.name, line.segment, written) if part)
        fact |= {"source": _SOURCE, "quote": quote, "locator": f"row {row.number}, column {place_name(row, place)} ({column.head})"}
        if name in self._written:
            where, before = self._written[name]
            if before.get("value") != fact.get("value") or before["period"] != fact["period"]:
                self._wrong(f"gives {name} a second time, after {where}: expected it once", row, place)
            return
        self._written[name] = (row.place(place), fact)
        n = len(self._facts)
        self._wide.sheet.cells["facts", n] = (row.line, row.place(place))
        for key in fact:
            self._wide.sheet.cells["facts", n, key] = (row.line, row.place(place))
        self._facts.append(fact)
        self._wide.choices.append(Choice(name, self._because(line, column, period, its_role)))

    def _id(self, line: _Line, period: Period, its_role: Role) -> str:
        """The id that the naming gives; with its basis where another row has the same metric on another basis."""
        name = fact_id(line.metric.id, line.segment, its_role, period, self._reported, line.ending)
        taken = self._written.get(name)
        if taken is not None and taken[1]["basis"] != line.basis:
            return f"{name}.{line.basis}"
        return name

    def _because(self, line: _Line, column: Column, period: Period, its_role: Role) -> str:
        named = "" if line.name == line.metric.id else f"{shown(line.name)} is {line.metric.id}; "
        if column.role is not None:
            return f"{named}the file calls {printable(column.head)} {its_role}"
        days = (self._reported.end - period.end).days
        when = "with the reported period" if days == 0 else f"{abs(days)} days {'before' if days > 0 else 'after'} the reported period"
        return f"{named}{printable(column.head)} ends {when}: {its_role}"


def place_name(row: Row, place: int) -> str:
    """The column's letters."""
    return row.place(place).removesuffix(str(row.number))
