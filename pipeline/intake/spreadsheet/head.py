"""What stands before and at the head of a wide table: the company, the source, and the columns with their periods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pipeline.facts.positions import Finding, UnreadableError
from pipeline.facts.quantity import Scale
from pipeline.facts.sheet import Basis, Period, PeriodKind, Role, day_words
from pipeline.intake.periods import label
from pipeline.intake.spreadsheet.cells import Mark, day
from pipeline.intake.spreadsheet.table import Row, Table
from pipeline.schemas import nearest, printable, shown

COMPANY = {
    "company": "name",
    "ticker": "ticker",
    "currency": "currency",
    "sector": "sector",
    "exchange": "exchange",
    "business": "business",
}
SOURCE = {"source": "title", "source kind": "kind", "publisher": "publisher", "published": "published", "url": "url"}
_OTHERS = ("reported period", "released", "scale", "basis", "decimal")
_KEYS = (*COMPANY, *SOURCE, *_OTHERS)
_REQUIRED = ("company", "ticker", "currency", "reported period")
_DATES = ("released", "published")
ATTRIBUTES = ("metric", "segment", "unit", "scale", "basis", "change", "definition")
_OF_PERIODS = {"ends": "ends", "end": "ends", "starts": "starts", "start": "starts", "kind": "kind", "role": "role"}
_OF_PERIODS |= {f"period {name}": what for name, what in _OF_PERIODS.items()}
_ROLES = (Role.GUIDANCE, Role.CONSENSUS)


@dataclass(frozen=True, slots=True)
class Column:
    """A period's column: where it stands, its head, and the role that the file gives it, if any."""

    place: int
    head: str
    period: Period
    role: Role | None = None


@dataclass(slots=True)
class Head:
    """All that goes for the whole table. `rows` are those of the metrics."""

    said: dict[str, str] = field(default_factory=dict)
    cells: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Line and cell of what was said."""
    attributes: dict[str, int] = field(default_factory=dict)
    columns: list[Column] = field(default_factory=list)
    rows: tuple[Row, ...] = ()
    findings: list[Finding] = field(default_factory=list)

    @property
    def mark(self) -> Mark:
        """What stands before decimals."""
        return "," if self.said.get("decimal") == "," else "."

    @property
    def scale(self) -> Scale | None:
        """The scale of money where its row says none."""
        return Scale(self.said["scale"]) if "scale" in self.said else None

    @property
    def reported(self) -> Column | None:
        """The column of the reported period: the one with that head, which is not what somebody expected of it."""
        wanted = " ".join(self.said.get("reported period", "").lower().split())
        same = [column for column in self.columns if column.role is None and column.head.lower() == wanted]
        if not same and (name := label(wanted)):
            same = [column for column in self.columns if column.role is None and column.period.id == name.id]
        return same[0] if same else None


def read_head(table: Table) -> Head:
    """Take the head of a wide table apart. Raises UnreadableError where there is none; lesser faults are in `findings`."""
    at = next((n for n, row in enumerate(table.rows) if row.cell(0).lower() == "metric"), None)
    if at is None:
        hint = "expected a line that starts with metric, and then names the periods"
        raise UnreadableError(Finding(f"has no table: {hint}; or the columns of a sheet with one figure a line", line=table.rows[0].line))
    head = Head()
    for row in table.rows[:at]:
        _say(head, row)
    header, below = table.rows[at], table.rows[at + 1 :]
    for name in _REQUIRED:
        if name not in head.said:
            head.findings.append(Finding(f"{name} is missing: expected a line that starts with it, before the table", line=header.line))
    _check_choices(head, table, header)
    told: dict[str, Row] = {}
    while below and (what := _OF_PERIODS.get(below[0].cell(0).lower().rstrip(":"))):
        if what in told:
            head.findings.append(Finding(f"says a second time what the periods' {what} are: expected one such line", line=below[0].line))
        told[what], below = below[0], below[1:]
    head.rows = below
    places = list(_places(head, header))
    head.columns = [column for place in places if (column := _column(head, header, place, told)) is not None]
    if not places:
        head.findings.append(Finding("has no period: expected a column for each, such as Q1 2026, beside metric", line=header.line))
    elif "reported period" in head.said and head.reported is None and len(head.columns) == len(places):
        line, where = head.cells["reported period"]
        has = ", ".join(dict.fromkeys(column.head for column in head.columns))
        message = f"no column has the head {shown(head.said['reported period'])}: expected one of {printable(has[:200])}"
        head.findings.append(Finding(message, (where,), line))
    if not below:
        head.findings.append(Finding("has no metrics: expected a line for each, below the periods", line=header.line))
    return head


def _say(head: Head, row: Row) -> None:
    name = " ".join(row.cell(0).lower().rstrip(":").replace("_", " ").split())
    if (name, row.cell(1).lower()) == ("key", "value"):
        return
    if name not in _KEYS:
        meant = nearest(name, _KEYS)
        hint = f"did you mean '{meant[0]}'?" if meant else f"expected one of {', '.join(_KEYS)}, or the table, which starts with metric"
        head.findings.append(Finding(f"unknown name {shown(row.cell(0))}: {hint}", (row.place(0),), row.line))
    elif name in head.said:
        head.findings.append(Finding(f"says {name} a second time: expected it once", (row.place(0),), row.line))
    elif len(row.cells) > 2:
        hint = "expected one, in quotes where it holds what separates cells"
        head.findings.append(Finding(f"{name} has {len(row.cells) - 1} values: {hint}", (row.place(2),), row.line))
    elif value := row.cell(1):
        if name in _DATES:
            found = _date(head, value, row, 1)
            if found is None:
                return
            value = found.isoformat()
        head.said[name] = value
        head.cells[name] = (row.line, row.place(1))


def _date(head: Head, written: str, row: Row, column: int) -> date | None:
    try:
        return day(written)
    except ValueError as error:
        head.findings.append(Finding(str(error), (row.place(column),), row.line))
        return None


def _check_choices(head: Head, table: Table, header: Row) -> None:
    for name, allowed in (("scale", tuple(Scale)), ("basis", tuple(Basis)), ("decimal", (".", ","))):
        if name in head.said and head.said[name].lower() not in allowed:
            line, where = head.cells[name]
            message = f"{shown(head.said[name])} is no {name}: expected one of {' '.join(allowed)}"
            head.findings.append(Finding(message, (where,), line))
            del head.said[name]
        elif name in head.said:
            head.said[name] = head.said[name].lower()
    if table.separator != "," and "decimal" not in head.cells:
        message = f"has {table.separators} between its cells and does not say what stands before decimals"
        head.findings.append(Finding(f"{message}: expected a line that says decimal, with . or , in the next cell", line=header.line))


def _places(head: Head, header: Row) -> Iterator[int]:
    """The columns that are periods; the others are noted by their names."""
    for place, name in enumerate(header.cells):
        if name.lower() in ATTRIBUTES:
            if name.lower() in head.attributes:
                head.findings.append(Finding(f"the column {name} stands twice: expected it once", (header.place(place),), header.line))
            head.attributes[name.lower()] = place
        elif name:
            yield place
        elif any(row.cell(place) for row in head.rows):
            message = "the column has no head: expected a period, or an empty column"
            head.findings.append(Finding(message, (header.place(place),), header.line))


def _column(head: Head, header: Row, place: int, told: Mapping[str, Row]) -> Column | None:
    """The period of a column, from its head and from the lines below it; None, and a finding, where they do not say enough."""
    name = " ".join(header.cell(place).split())
    known = label(name)
    said: dict[str, Any] = {what: row.cell(place) for what, row in told.items() if row.cell(place)}

    def wrong(message: str, row: Row = header) -> None:
        head.findings.append(Finding(message, (row.place(place),), row.line))

    kind = known.kind if known else None
    if "kind" in said:
        if said["kind"].lower() not in tuple(PeriodKind):
            wrong(f"{shown(said['kind'])} is no kind of period: expected one of {' '.join(PeriodKind)}", told["kind"])
            return None
        kind = PeriodKind(said["kind"].lower())
    end = None
    if "ends" in said:
        end = _date(head, said["ends"], told["ends"], place)
        if end is None:
            return None
    elif known is None:
        try:
            end, kind = day(name), kind or PeriodKind.INSTANT
        except ValueError:
            end = None
    if end is None:
        wrong(f"when {shown(name)} ends is not said: expected a line that starts with ends, with a date such as 2026-03-31 in this column")
        return None
    if kind is None:
        kinds = "quarter, annual, ytd, ttm or instant"
        wrong(f"what stretch of time {shown(name)} is is not said: expected a line that starts with kind, with {kinds} in this column")
        return None
    start = _date(head, said["starts"], told["starts"], place) if "starts" in said else None
    if start is not None and start > end:
        wrong(f"{shown(name)} starts on {start}, after its end on {end}: expected an earlier day", told["starts"])
        return None
    role = said.get("role", "").lower() or None
    if role is not None and role not in _ROLES:
        wrong(f"{shown(role)} is no role that a column can have: expected guidance, consensus or nothing, where dates say it", told["role"])
        return None
    period_id = end.isoformat() if kind is PeriodKind.INSTANT else known.id if known else _slug(name)
    # 1Q26 names a period to a spreadsheet, not in a sentence.
    words = known.words if known is not None and " " not in name else name
    if known is None and kind is PeriodKind.INSTANT:
        words = day_words(end)
    period = Period(id=period_id, kind=kind, start=start if kind is not PeriodKind.INSTANT else None, end=end, label=printable(words)[:40])
    return Column(place, name, period, Role(role) if role else None)


def _slug(name: str) -> str:
    """A head that names no fiscal period, as an id."""
    slug = "".join(c if c.isascii() and c.isalnum() else "_" for c in name.lower()).strip("_")[:40]
    return slug or "period"
