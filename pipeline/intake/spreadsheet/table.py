"""CSV text -> rows of cells, with the separator that its head shows and the line on which each row stands."""

from __future__ import annotations

import csv
import io
import string
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.facts.positions import Finding, UnreadableError

MAX_ROWS = 20_000
_MAX_BLANK = 100_000
_MOST_COLUMNS = 120
_SEPARATORS = {";": "semicolons", "\t": "tabs", ",": "commas"}


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row, stripped. `number` counts rows as a spreadsheet does, `line` the lines of the text."""

    number: int
    line: int
    cells: tuple[str, ...]

    def cell(self, column: int) -> str:
        """What stands in a column; empty where the row ends before it."""
        return self.cells[column] if column < len(self.cells) else ""

    def place(self, column: int) -> str:
        """A cell as a spreadsheet calls it: F12."""
        return f"{letters(column)}{self.number}"


@dataclass(frozen=True, slots=True)
class Table:
    """All rows that hold something, and what stands between their cells."""

    separator: str
    rows: tuple[Row, ...]

    @property
    def separators(self) -> str:
        """The separator as a message names it."""
        return _SEPARATORS[self.separator]

    @property
    def is_long(self) -> bool:
        """Whether the first row names the columns of a sheet that has one fact on each row."""
        head = {cell.lower() for cell in self.rows[0].cells}
        return "metric" in head and ("role" in head or "period" in head)


def letters(column: int) -> str:
    """A column's name in a spreadsheet: 0 -> A, 26 -> AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = string.ascii_uppercase[rest] + name
    return name


def table_of(text: str, *, max_rows: int = MAX_ROWS) -> Table:
    """The table in a CSV text. Raises UnreadableError for what is no table, or has more rows or columns than we read."""
    skipped = 0
    lines = text.split("\n", 1)
    told = lines[0].strip().lower()
    if told in ("sep=,", "sep=;", "sep=\\t", "sep=\t"):
        # Excel writes this line to itself.
        separator, skipped = ("\t" if told[4:] in ("", "\\t") else told[4:]), 1
        text = lines[1] if len(lines) > 1 else ""
    else:
        separator = _separator(text)
    rows: list[Row] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1 + skipped
    try:
        for number, written in enumerate(reader, start=1 + skipped):
            if number > max_rows + _MAX_BLANK or len(rows) >= max_rows:
                raise UnreadableError(Finding(f"has more than {max_rows:,} rows: expected at most that", line=line))
            cells = tuple(cell.strip() for cell in written)
            while cells and not cells[-1]:
                cells = cells[:-1]
            if len(cells) > _MOST_COLUMNS:
                raise UnreadableError(Finding(f"the row has {len(cells):,} cells: expected at most {_MOST_COLUMNS}", line=line))
            if cells:
                rows.append(Row(number, line, cells))
            line = reader.line_num + 1 + skipped
    except csv.Error as error:
        raise UnreadableError(Finding(f"is not valid CSV: {error}", line=line)) from None
    if not rows:
        raise UnreadableError(Finding("is empty: expected a table"))
    return Table(separator, tuple(rows))


def _separator(text: str) -> str:
    """What stands most often, outside quotes, in the first lines of the text. The comma where nothing does."""
    counts = dict.fromkeys(_SEPARATORS, 0)
    in_quotes = False
    for character in text[:4_000]:
        if character == '"':
            in_quotes = not in_quotes
        elif character in counts and not in_quotes:
            counts[character] += 1
    if counts["\t"] or counts[";"]:
        # A decimal comma may stand more often than the separator; a semicolon or tab in a comma file hardly ever does.
        first: Sequence[str] = [line for line in text[:4_000].splitlines() if line.strip()][:1]
        for separator in ("\t", ";"):
            if counts[separator] and (counts[separator] >= counts[","] or (first and separator in first[0])):
                return separator
    return ","
