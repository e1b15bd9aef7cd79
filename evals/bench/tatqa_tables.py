"""TAT-QA's tables as facts: which cell an operand stands in, what its row and column say of it, and a fact sheet of such cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product

from evals.bench.outside import fact, sheet, year
from pipeline.facts.factbase import FactBase
from pipeline.facts.figures import slug
from pipeline.facts.quantity import UnitClass
from pipeline.facts.sheet import Fact
from pipeline.facts.vocabulary import Metric, vocabulary

_CELL = re.compile(r"\(?-?[$£€¥]?\s*\(?-?\s*([0-9][0-9,]*(?:\.[0-9]+)?|\.[0-9]+)\s*\)?\s*(%?)\)?")
_YEAR = re.compile(r"(?<![0-9])(19[89][0-9]|20[0-3][0-9])(?![0-9,])|\bFY\s?'?([0-9]{2})\b")
_NOTE = re.compile(r"\s*\((?:[0-9]{1,2}|[a-z])\)")
_LABEL = 80
_MOST_CELLS = 60
SCALES = {"": "one", "thousand": "thousand", "million": "million", "billion": "billion", "percent": "one"}
_MARKS = {"€": "EUR", "£": "GBP", "¥": "JPY", "$": "USD"}
_COUNTED = re.compile(r"\b(?:employees|headcount|number of|mwh|tonnes|vessels|stores|customers|years|ounces|barrels|term)\b", re.I)
_SHARES = re.compile(r"\b(?:shares|rsus?|options|units|granted|vested|forfeited|awards)\b", re.I)
_PER_SHARE = re.compile(r"\b(?:per (?:\w+ ){0,3}share|exercise price|eps)\b", re.I)
# What a row that names no metric of the vocabulary is filed under, with the row's name as its segment. They say nothing of their own.
_PLAIN = {
    UnitClass.MONEY: "operating_expenses",
    UnitClass.PERCENT: "utilization",
    UnitClass.PER_SHARE: "book_value_per_share",
    UnitClass.SHARES: "diluted_shares",
    UnitClass.COUNT: "units_sold",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A number of a table: what its row is called, the year of its column, and what it is written with. `size` has no sign."""

    label: str
    year: int | None
    size: Decimal
    sign: int
    is_percent: bool
    row: int
    column: int

    def unit(self) -> UnitClass:
        if self.is_percent:
            return UnitClass.PERCENT
        for pattern, unit in ((_PER_SHARE, UnitClass.PER_SHARE), (_COUNTED, UnitClass.COUNT), (_SHARES, UnitClass.SHARES)):
            if pattern.search(self.label):
                return unit
        return UnitClass.MONEY


class Grid:
    """One table, read: its cells that hold numbers, and its currency."""

    def __init__(self, rows: Sequence[Sequence[str]]) -> None:
        self.rows = rows
        text = " ".join(cell for row in rows for cell in row)
        self.currency = next((code for mark, code in _MARKS.items() if mark in text), "USD")
        self.cells = list(self._cells())

    def _cells(self) -> Iterable[Cell]:
        for r, row in enumerate(self.rows):
            for c, written in enumerate(row[1:], 1):
                found = _CELL.fullmatch(written.strip())
                label, when = self._names(r, c)
                if found is None or not label or (_YEAR.fullmatch(written.strip()) and not any(map(_number_in, row[1:]))):
                    continue
                head = " ".join(self.rows[up][c] for up in range(r) if c < len(self.rows[up]) and not _number_in(self.rows[up][c]))
                is_percent = bool(found[2]) or "%" in head or "percent" in (label + head).lower() or "%" in label
                sign = -1 if "(" in written or "-" in written else 1
                yield Cell(label, when, Decimal(found[1].replace(",", "")), sign, is_percent, r, c)

    def _names(self, r: int, c: int) -> tuple[str, int | None]:
        """The name of a cell's line and its year. A table may have the years down its side instead."""
        row_name = _NOTE.sub("", self.rows[r][0]).strip(" :-–—\xa0")
        heads = [self.rows[up][c].strip() for up in range(r - 1, -1, -1) if c < len(self.rows[up]) and self.rows[up][c].strip()]
        heads = [head for head in heads if not _CELL.fullmatch(head) or _YEAR.search(head)]
        of_column = next((found for head in heads if (found := _year_in(head))), None)
        if of_column is None and (found := _year_in(row_name)):
            return next((_NOTE.sub("", head) for head in heads if any(map(str.isalpha, head))), ""), found
        return row_name, of_column


def _number_in(text: str) -> bool:
    return _CELL.fullmatch(text.strip()) is not None and not _YEAR.fullmatch(text.strip())


def _year_in(text: str) -> int | None:
    found = _YEAR.search(text)
    return None if found is None else int(found[1]) if found[1] else 2000 + int(found[2])


def locate(grid: Grid, operands: Sequence[Decimal]) -> list[Cell] | None:
    """The cells that hold the operands, signs aside: of several, those in the fewest rows and columns. None where one is in no cell."""
    choices = [[cell for cell in grid.cells if cell.size == abs(operand)][:6] for operand in operands]
    if not all(choices) or len(operands) > 5:
        return None
    distinct = (list(cells) for cells in product(*choices) if len({(c.row, c.column) for c in cells}) == len(cells))
    return min(
        distinct, key=lambda cells: (len({c.label for c in cells}) * len({c.year for c in cells}), [c.row for c in cells]), default=None
    )


@dataclass(frozen=True, slots=True)
class Named:
    """A cell as a fact, and as prose names it."""

    fact: Fact
    name: str
    cell: Cell


def filed(cell: Cell, value: Decimal, scale: str, currency: str) -> Named | None:
    """A cell as a fact: of the metric that its row names, else of a plain one with the row as its segment. None where it has no year."""
    if cell.year is None or len(cell.label) > _LABEL:
        return None
    unit = cell.unit()
    known = _metric_of(cell.label)
    metric = known.id if known is not None and known.unit is unit else _PLAIN[unit]
    is_own = known is not None and metric == known.id
    written = {UnitClass.MONEY: currency, UnitClass.PER_SHARE: f"{currency}/share", UnitClass.PERCENT: "percent"}.get(unit, str(unit))
    name = f"{metric}{'' if is_own else '.' + slug(cell.label)}.{cell.year}"[:80]
    made = fact(
        id=name,
        metric=metric,
        segment=None if is_own else cell.label,
        value=value,
        unit=written,
        scale="one" if unit in (UnitClass.PERCENT, UnitClass.PER_SHARE) else scale,
        period=str(cell.year),
        role="actual",
    )
    return Named(made, cell.label, cell)


def _metric_of(label: str) -> Metric | None:
    low = " ".join(label.lower().split())
    return next((metric for metric in vocabulary().values() if low in metric.names), None)


def base_of(named: Sequence[Named], currency: str) -> FactBase:
    """The fact base of some cells: the latest year is the reported one, the one before it the prior year."""
    years = sorted({int(one.fact.period) for one in named})
    roles = {years[-1]: "actual", years[-1] - 1: "prior_year"}
    facts = [fact(**{**one.fact.model_dump(), "role": roles.get(int(one.fact.period), "history")}) for one in named]
    return FactBase.of(sheet(facts, [year(n) for n in range(years[0] - 1, years[-1] + 1)], str(years[-1]), currency))


def whole(grid: Grid, scale: str, kept: Sequence[Named]) -> list[Named]:
    """Every cell of a table that can be filed, those in `kept` first; of two with one name the first."""
    found = {one.fact.id: one for one in kept}
    for cell in grid.cells:
        if len(found) < _MOST_CELLS and (one := filed(cell, cell.size * cell.sign, scale, grid.currency)) is not None:
            found.setdefault(one.fact.id, one)
    return list(found.values())
