"""The tables of a release: title, scale, columns with their periods, and rows. What is not certain is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from pipeline.facts.quantity import Scale
from pipeline.intake.release.columns import CHANGE, Column, Quarters, columns_of, is_head
from pipeline.intake.release.numbers import Figure, Row, row_of
from pipeline.intake.release.pages import Line


class Kind(StrEnum):
    """Which statement a table is; OTHER for reconciliations, segments and summaries."""

    INCOME = "income"
    BALANCE = "balance"
    CASH_FLOW = "cash_flow"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Entry:
    """A row with a figure for each column; `section` is the nearest lines above without figures. A total may have no label."""

    label: str
    section: str
    figures: tuple[Figure, ...]
    line: Line


@dataclass(slots=True)
class Table:
    """`scale` is that of money; `shares_scale` that of numbers of shares. None where the table does not say."""

    kind: Kind
    title: str
    columns: tuple[Column, ...]
    scale: Scale | None
    shares_scale: Scale | None
    line: Line
    entries: list[Entry] = field(default_factory=list)


_TITLES = (
    (Kind.CASH_FLOW, re.compile(r"\bstatements? of (?:consolidated )?cash flows?\b|\bcash flows? statements?\b", re.IGNORECASE)),
    (Kind.BALANCE, re.compile(r"\bbalance sheets?\b|\bstatements? of (?:consolidated )?financial (?:position|condition)\b", re.IGNORECASE)),
    (
        Kind.INCOME,
        re.compile(
            r"\bstatements? of (?:consolidated )?(?:net )?(?:income|operations|earnings|profit|comprehensive income)\b"
            r"|\bincome statements?\b"
            r"|\bprofit and loss\b|\bconsolidated statements? of (?:net )?(?:income|earnings)\b",
            re.IGNORECASE,
        ),
    ),
)
_NOT_STATEMENT = re.compile(r"non-?gaap|reconcil|percentage of|as a percent|supplement|selected|segment|pro forma", re.IGNORECASE)
_SCALE = re.compile(
    r"\bin (thousands|millions|billions)\b|\(\s*(?:US|[$€£])?\s*[$€£]?\s*(thousands?|millions?|billions?)\b|\$(?:000s?|m{1,2})\b",
    re.IGNORECASE,
)
_SCALES = {"thousand": Scale.THOUSAND, "million": Scale.MILLION, "billion": Scale.BILLION}
_SHARES_WHOLE = re.compile(
    r"except\s+(?:for\s+)?(?:per share and share|share and per[- ]share|shares? (?:and|data and)|number of shares)", re.IGNORECASE
)
_SHARE_OFF = Decimal("0.06")
"""Points by which a share of sales that is printed to a tenth may differ from the one computed."""
_FOOTNOTE = re.compile(r"\(?[1-9a-h]\)\s")
_ABOVE = 12
_PROSE = 90


def tables_of(lines: Sequence[Line], quarters: Quarters | None = None) -> Iterator[Table]:
    """Every table whose columns are certain, in the document's order, with the rows that have a figure for each column. `quarters` tells
    the columns of heads that name a quarter without the day on which it ends."""
    above: list[Line] = []  # lines without figures since the last row
    head: list[str] = []
    table: Table | None = None
    section: list[str] = []
    wide = False
    before = ""
    for line in lines:
        text = line.text.strip()
        if not text:
            continue
        if is_head(text):
            if table is not None and table.entries:
                yield table
            table, section = None, []
            head.append(text)
            above.append(line)
            before = text
            continue
        row = None if _is_prose(text) else row_of(text)
        if row is not None and row.is_marked_heading and table is not None and len(table.columns) > 1:
            row = None
        if row is None:
            if table is not None and (_kind(text) is not Kind.OTHER or _FOOTNOTE.match(text) or (_is_prose(text) and _is_prose(before))):
                if table.entries:
                    yield table
                table, above = None, []
            if head and _is_prose(text):
                head = []
            section = [*section, text][-3:] if above and above[-1].text.strip() == before else [text]
            above = [*above, line][-_ABOVE * 2 :]
            before = text
            continue
        before = text
        if head:
            table, wide = _begun(head, above, line, quarters), bool(CHANGE.search(" ".join([*head, *(one.text for one in above[-4:])])))
            head = []
        above = []
        if table is not None:
            figures = _figures(row, table.columns, wide=wide) or _beside_shares(row, table, wide=wide)
            if figures is not None:
                table.entries.append(Entry(row.label, " ".join(section), figures, line))
    if table is not None and table.entries:
        yield table


def _figures(row: Row, columns: Sequence[Column], *, wide: bool) -> tuple[Figure, ...] | None:
    found = row.of(len(columns)) or _beside_percentages(row, len(columns))
    if found is not None or not wide or len(columns) != 2:
        return found
    # Current, prior, change, and perhaps the change in percent: the difference proves which is which.
    figures = next((known for extra in (1, 2) if (known := row.of(2 + extra))), None)
    if figures is None:
        return None
    now, before = figures[0].value, figures[1].value
    if now is None or before is None:
        return None
    for change in figures[2:]:
        if change.value is None:
            continue
        if change.value in (now - before, -(now - before)):
            return figures[:2]
        if before and abs((now - before) / abs(before) * 100 - change.value) <= 1:
            return figures[:2]
    return None


def _beside_percentages(row: Row, columns: int) -> tuple[Figure, ...] | None:
    """The amounts of a row that says behind each what percentage of sales it is."""
    figures = row.of(2 * columns)
    if figures is None or any(one.percent for one in figures[::2]) or not all(one.percent for one in figures[1::2]):
        return None
    return figures[::2]


def _beside_shares(row: Row, table: Table, *, wide: bool) -> tuple[Figure, ...] | None:
    """The amounts of a row that says behind each its share of sales without a percent sign. The shares are proven: they are 100 in the
    first row, and in the others what they must be."""
    columns = len(table.columns)
    found = row.of(2 * columns) or (row.of(2 * columns + 1) if wide else None)
    if found is None:
        return None
    amounts, shares = found[: 2 * columns : 2], found[1 : 2 * columns : 2]
    sales = table.entries[0].figures if table.entries else amounts
    for amount, share, whole in zip(amounts, shares, sales, strict=True):
        if amount.value is None or share.value is None or not whole.value:
            return None
        if abs(amount.value / whole.value * 100 - share.value) > _SHARE_OFF:
            return None
    return amounts


def _is_prose(text: str) -> bool:
    return len(text) > _PROSE and "   " not in text.strip() and len(re.findall(r"[a-z]{2,}", text)) > 9


def _kind(text: str) -> Kind:
    if _NOT_STATEMENT.search(text) or len(text) > 140:
        return Kind.OTHER
    return next((kind for kind, title in _TITLES if title.search(text)), Kind.OTHER)


def _begun(head: Sequence[str], above: Sequence[Line], first: Line, quarters: Quarters | None) -> Table | None:
    texts = [line.text.strip() for line in above if line.page == first.page][-_ABOVE:]
    titles = [text for text in texts if text not in head]
    kind, title = Kind.OTHER, ""
    for text in reversed(titles):
        if _NOT_STATEMENT.search(text):
            title = text
            break
        if _kind(text) is not Kind.OTHER:
            kind, title = _kind(text), text
            break
    columns = columns_of(head, instants=kind is Kind.BALANCE, quarters=quarters)
    if columns is None:
        return None
    said = " ".join(texts)
    scale = _SCALE.search(said)
    money = None
    if scale:
        money = _SCALES[(scale[1] or scale[2] or ("thousands" if "000" in scale[0] else "millions")).lower().rstrip("s")]
    shares = None if money is None else Scale.ONE if _SHARES_WHOLE.search(said) else money
    return Table(kind, title or (titles[-1] if titles else ""), columns, money, shares, first)
