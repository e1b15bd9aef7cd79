"""Table rows to candidates for facts: one for each column, with metric, segment, basis, unit and scale."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pipeline.facts.quantity import Scale, UnitClass
from pipeline.facts.sheet import Basis
from pipeline.facts.vocabulary import vocabulary
from pipeline.intake.release.columns import Column
from pipeline.intake.release.naming import Named, named, plain
from pipeline.intake.release.numbers import Figure
from pipeline.intake.release.tables import Entry, Kind, Table

Key = tuple[str, str | None, Basis, Column]
"""Metric, segment, basis and column: what a fact is about."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A figure that may become a fact. `rank` is lower for the better of two; `statement`: it stands in a statement itself."""

    metric: str
    segment: str | None
    basis: Basis
    column: Column
    value: Decimal
    unit: UnitClass
    scale: Scale
    rank: int
    statement: bool
    quote: str
    place: str
    table: str

    @property
    def key(self) -> Key:
        return self.metric, self.segment, self.basis, self.column

    @property
    def whole(self) -> Decimal:
        return self.value * self.scale.factor


def of_statements(tables: Sequence[Table]) -> Iterator[Candidate]:
    """What the income statement, balance sheet and cash flow statement say, segments of revenue among it."""
    for table in tables:
        if table.kind is not Kind.OTHER and table.scale is not None:
            yield from _named_rows(table, table.scale)
            yield from _segments(table, table.scale)


def of_others(tables: Sequence[Table], sure: Sequence[Candidate]) -> Iterator[Candidate]:
    """What reconciliations, segment tables and summaries say. `sure`: the statements' candidates, which prove a scale that is not stated
    and a row that may be a total or a part."""
    known: dict[tuple[str, Column], list[Candidate]] = {}
    for candidate in sure:
        if candidate.segment is None:
            known.setdefault((candidate.metric, candidate.column), []).append(candidate)
    for table in tables:
        if table.kind is not Kind.OTHER:
            continue
        scale = table.scale or _proven_scale(table, known)
        whole = _is_of_the_whole(table, scale, known)
        yield from (one for one in _named_rows(table, scale) if whole or one.basis is not Basis.KPI or one.rank == 0)
        if scale is not None:
            yield from _segments(table, scale)
            yield from _more_columns(table, scale, known)


def _named_rows(table: Table, scale: Scale | None) -> Iterator[Candidate]:
    for entry in table.entries:
        percent = any(figure.percent for figure in entry.figures)
        if name := named(entry.label, entry.section, table.kind, percent=percent):
            yield from _of_row(table, entry, name, scale)


def _of_row(table: Table, entry: Entry, name: Named, scale: Scale | None, segment: str | None = None) -> Iterator[Candidate]:
    unit = vocabulary()[name.metric].unit
    if unit is UnitClass.SHARES:
        thousands = re.search(r"\(?\b000'?s?\b|in thousands", f"{entry.section} {entry.label}".lower())
        scale = Scale.THOUSAND if thousands else table.shares_scale
    elif unit is not UnitClass.MONEY:
        scale = Scale.ONE
    if scale is None or unit not in (UnitClass.MONEY, UnitClass.PER_SHARE, UnitClass.SHARES, UnitClass.PERCENT):
        return
    turned = name.metric in _COSTS and _costs_are_negative(table)
    for column, figure in zip(table.columns, entry.figures, strict=True):
        if figure.value is None or figure.percent is not (unit is UnitClass.PERCENT):
            continue
        value = abs(figure.value) if name.flipped else -figure.value if turned else figure.value
        quote = f"{entry.label or entry.section} {figure.printed}".strip()[:200]
        statement = table.kind is not Kind.OTHER
        yield Candidate(
            name.metric, segment, name.basis, column, value, unit, scale, name.rank, statement, quote, entry.line.place, table.title[:80]
        )


_COSTS = frozenset(("cost_of_revenue", "sga_expense", "rnd_expense", "operating_expenses", "restructuring_charges"))


def _costs_are_negative(table: Table) -> bool:
    """Whether a statement prints costs in parentheses, as is usual outside the United States; a sheet states them as amounts."""
    costs = [
        entry for entry in table.entries if (name := named(entry.label, "", table.kind, percent=False)) and name.metric == "cost_of_revenue"
    ]
    return any(figure.value is not None and figure.value < 0 for entry in costs for figure in entry.figures)


_PARTED = (
    (re.compile(r"(?:total )?(?:net )?(?:operating segment |segment )?(?:revenues?|sales)(?: by .*)?|sales to customers.*"), "revenue"),
    (re.compile(r"(?:segment |operating segment )?operating (?:income|profit)"), "operating_income"),
)
_TOTAL = re.compile(r"total\b.*|consolidated\b.*|")


def _segments(table: Table, scale: Scale) -> Iterator[Candidate]:
    """Parts of a total: rows below a line that names the metric, down to a total that they add up to in every column."""
    if re.search(r"non-?gaap|adjusted|reconcil|geograph", table.title, re.IGNORECASE):
        return
    at = 0
    while at < len(table.entries):
        entry = table.entries[at]
        metric = next((metric for pattern, metric in _PARTED if any(pattern.fullmatch(part) for part in _ends_of(entry.section))), None)
        if metric is None or (at and table.entries[at - 1].section == entry.section):
            at += 1
            continue
        end = at
        while (
            end < len(table.entries)
            and table.entries[end].section == entry.section
            and not _TOTAL.fullmatch(plain(table.entries[end].label))
        ):
            end += 1
        parts = table.entries[at:end]
        if end < len(table.entries) and 2 <= len(parts) <= 12 and _adds_up(parts, table.entries[end].figures):
            if not table.entries[end].label:
                yield from _of_row(table, table.entries[end], Named(metric, Basis.GAAP), scale)
            for part in parts:
                segment = re.sub(r"(?:\s*\((?:\d|[a-z])\))+$", "", part.label).strip()[:80]
                if segment:
                    yield from _of_row(table, part, Named(metric, Basis.GAAP), scale, segment)
        at = max(end, at + 1)


def _ends_of(section: str) -> tuple[str, ...]:
    """A section and its last words, as several lines may stand above a row."""
    words = plain(section).split()
    return tuple(" ".join(words[-n:]) for n in range(1, min(len(words), 6) + 1))


def _adds_up(parts: Sequence[Entry], total: Sequence[Figure]) -> bool:
    for n, figure in enumerate(total):
        values = [part.figures[n].value or Decimal(0) for part in parts]
        if figure.value is None or any(part.figures[n].percent for part in parts):
            return False
        step = Decimal(1).scaleb(int(figure.value.as_tuple().exponent))
        if abs(sum(values) - figure.value) > step * max(1, len(parts) // 3):
            return False
    return True


def _proven_scale(table: Table, known: dict[tuple[str, Column], list[Candidate]]) -> Scale | None:
    """The statements' scale, where a row of the table repeats one of theirs in two columns."""
    for entry in table.entries:
        name = _as_statement(entry)
        if name is None:
            continue
        agreeing = [
            candidate.scale
            for column, figure in zip(table.columns, entry.figures, strict=True)
            for candidate in known.get((name.metric, column), [])
            if figure.value is not None and candidate.value == figure.value and abs(figure.value) >= 10
        ]
        if len(agreeing) >= 2:
            return agreeing[0]
    return None


def _is_of_the_whole(table: Table, scale: Scale | None, known: dict[tuple[str, Column], list[Candidate]]) -> bool:
    """Whether a row repeats one of the statements, so that the table is not one of a segment."""
    if scale is None:
        return False
    repeated = [one for entry in table.entries if (name := _as_statement(entry)) for one in _of_row(table, entry, name, scale)]
    return any(agree(one, other) for one in repeated for other in known.get((one.metric, one.column), []))


def agree(one: Candidate, other: Candidate) -> bool:
    """Whether two figures may be one and the same, each rounded as it is printed."""
    steps = [Decimal(1).scaleb(int(each.value.as_tuple().exponent)) * each.scale.factor for each in (one, other)]
    return abs(one.whole - other.whole) <= max(steps) / 2


def _as_statement(entry: Entry) -> Named | None:
    label = re.sub(r"^gaap ", "", entry.label, flags=re.IGNORECASE)
    name = named(label, "", Kind.INCOME, percent=any(figure.percent for figure in entry.figures))
    return name if name and vocabulary()[name.metric].unit is UnitClass.MONEY else None


def _more_columns(table: Table, scale: Scale, known: dict[tuple[str, Column], list[Candidate]]) -> Iterator[Candidate]:
    """Other periods of a statement's row: where the figures of two columns are the statement's own, the rest of the row is too."""
    for entry in table.entries:
        name = _as_statement(entry)
        if name is None or len(table.columns) < 3:
            continue
        found = list(_of_row(table, entry, name, scale))
        proven = [one for one in found for other in known.get((one.metric, one.column), []) if other.whole == one.whole]
        if len(proven) >= 2:
            yield from found
