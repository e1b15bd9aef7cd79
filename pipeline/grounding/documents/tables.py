"""Tables -> passages. A row becomes one sentence: "Gross margin: y/y -3.4 pp (16.2% in Q1 2025); q/q ..."

Each cell stands behind the row's label and its column's head, so that the words which give it meaning are in its sentence.
Heads and scales are borrowed there: their own numbers are read once, where they stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.grounding.documents import scales
from pipeline.grounding.documents.passages import Passage, Text, borrowed, has_figure, join
from pipeline.grounding.documents.scales import Scale

_EMPTY_CELLS = frozenset(("", "-", "–", "—", "n/a", "n.a.", "n/m"))
# Filings set the signs of a number in cells of their own: "$" | "2,703.7", "(316.4" | ")", "12.8" | "%".
_OPENERS = frozenset(("$", "€", "£", "¥", "₩", "₹", "US$", "HK$", "NT$", "RMB", "(", "$(", "US$("))
_CLOSERS = frozenset((")", "%", ")%", "%)", "pp", "bps", "x"))
_LONGEST_HEAD = 200


@dataclass(slots=True)
class Row:
    """The cells of one row from left to right; a cell that spans columns stands in each of them.

    `is_head` says that the document marks the row as a head.
    """

    cells: list[Text] = field(default_factory=list)
    is_head: bool = False
    place: str = ""

    def once(self) -> Row:
        """The row with each cell in its first column only, and with the signs of numbers joined to their numbers."""
        single = [Text() if n and cell is self.cells[n - 1] else cell for n, cell in enumerate(self.cells)]
        return Row(_closed_up(single), self.is_head, self.place)

    @property
    def label(self) -> Text:
        return self.cells[0] if self.cells else Text()

    @property
    def is_label_only(self) -> bool:
        return not any(self.cells[1:])


def passages(rows: Sequence[Row], *before: str) -> Iterator[Passage]:
    """The table's rows as sentences. `before` holds its caption, and what stands before it."""
    singles = [row.once() for row in rows]
    heads = singles[: _count_heads(singles)]
    general = [*before]
    names: dict[int, str] = {}
    for whole, row in zip(rows, heads, strict=False):
        yield Passage.of(_joined("; ", row.cells), row.place)
        general += [cell.text for cell in (row.cells if sum(map(bool, row.cells)) == 1 else row.cells[:1])]
        if not row.is_label_only:
            for n, cell in enumerate(whole.cells):
                names[n] = f"{names.get(n, '')} {cell.text.strip()}".strip()[:_LONGEST_HEAD]
    scale = next((found for text in reversed(general) if (found := scales.stated(text))), scales.NOTHING)
    columns = {n: scales.of_column(name) for n, name in names.items()}
    for row in singles[len(heads) :]:
        if row.is_label_only:
            scale = scales.stated(row.label.text) or scale
        yield Passage.of(sentence(row, names, columns, scale), row.place)


def sentence(row: Row, heads: Mapping[int, str], columns: Mapping[int, Scale], scale: Scale) -> Text:
    """One row as a sentence: its label, then each cell behind its column's head, in the scale that holds for it."""
    label = row.label
    own = scales.stated(label.text)
    cells = []
    for n, cell in enumerate(row.cells[1:], 1):
        if cell.text.strip().lower() not in _EMPTY_CELLS:
            head = heads.get(n, "")
            before, behind = scales.around(cell.text, label.text, head, own.over(columns.get(n, scales.NOTHING)).over(scale))
            cells.append(join((borrowed(f"{head} {before}".lstrip()), cell, borrowed(behind))))
    return join((label, borrowed(": "), _joined("; ", cells))) if cells else label


def _count_heads(rows: Sequence[Row]) -> int:
    """How many rows come before the first with figures: marked ones, else those that name columns or only the table."""
    has_columns = False
    for count, row in enumerate(rows):
        names_columns = not (row.label and has_columns) and not any(has_figure(cell.text) for cell in row.cells[1:])
        if not row.is_head and not names_columns:
            return count
        has_columns = has_columns or not row.is_label_only
    # A table without figures has no heads to borrow from, but what is marked.
    return next((n for n, row in enumerate(rows) if not row.is_head), len(rows))


def _closed_up(cells: Sequence[Text]) -> list[Text]:
    """The cells with signs of numbers joined to their numbers. The number of cells stays."""
    closed = list(cells)
    last = 0
    for n, cell in enumerate(cells):
        text = cell.text.strip()
        if text in _OPENERS and n + 1 < len(closed):
            closed[n], closed[n + 1] = Text(), join((cell, closed[n + 1]))
        elif text in _CLOSERS and last and _takes(closed[last].text.rstrip()[-1:], text):
            closed[n], closed[last] = Text(), join((closed[last], cell))
        elif text:
            last = n
    return closed


def _takes(end: str, sign: str) -> bool:
    """Whether a number that ends so may go on with the sign."""
    return end.isdigit() or (end == ")" and sign[0] != ")")


def _joined(separator: str, texts: Sequence[Text]) -> Text:
    parts: list[Text] = []
    for text in texts:
        if text:
            parts += [borrowed(separator), text] if parts else [text]
    return join(parts)
