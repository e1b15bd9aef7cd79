"""HTML -> passages. All that a browser shows is read, or noted as unread where it holds digits: no class hides a number.

What says nothing to a reader is left out: comments, templates, addresses. Code, drawings and pictures are noted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser

from pipeline.grounding.documents.footnotes import definition
from pipeline.grounding.documents.passages import HOLE, Content, Passage, Text, borrowed, seen, squeezed
from pipeline.grounding.documents.tables import Row, passages
from pipeline.grounding.tables import word_set

# Left out with all that they hold; what a reader sees of it is noted by the name given here.
_LEFT = {
    "code": "code", "kbd": "code", "samp": "code", "svg": "drawing", "math": "formula", "script": "script", "style": "style sheet",
    "template": "", "iframe": "embedded page", "object": "embedded object", "video": "embedded object", "audio": "embedded object",
    "canvas": "drawing",
}  # fmt: skip
_VOID = {"img": "picture", "embed": "embedded object", "input": "form field"}
_INLINE = word_set(
    """
    a abbr acronym b bdi bdo big cite del dfn em font i ins label mark nobr q ruby s small span strike strong sub time tt u var wbr data
    sup img input button noscript
    """
)
# These end code and drawings that somebody forgot to close.
_BLOCKS = word_set(
    """
    address article aside blockquote body caption dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr
    li main nav ol p pre section table tbody td tfoot th thead tr ul
    """
)
_RAW = frozenset(("script", "style", "template", "iframe", "object", "video", "audio", "canvas"))
_MARK = re.compile(r"[\s,;()\[\]–-]*[0-9a-z*†‡§¶#][0-9a-z*†‡§¶#\s,;()\[\]–-]*")
_GENERATED = re.compile(r"content\s*:\s*[\"'][^\"']{0,200}[0-9]")
_WIDEST = 20
_TALLEST = 1_000


@dataclass(slots=True)
class _Table:
    """A table under way. `spans` holds, by column, how many further rows a cell reaches into, and the label it repeats there."""

    before: tuple[str, ...]
    rows: list[Row] = field(default_factory=list)
    is_head: bool = False
    is_in_row: bool = False
    is_in_cell: bool = False
    span: tuple[int, int] = (1, 1)
    spans: dict[int, tuple[int, Text]] = field(default_factory=dict)

    def open_row(self) -> None:
        self.is_in_row = True
        self.rows.append(Row(is_head=True))
        self._fill()

    def add(self, text: Text) -> None:
        row = self.rows[-1].cells
        width, height = self.span
        if height > 1 and len(row) < _WIDEST:
            self.spans[len(row)] = (height - 1, borrowed(text.text) if not row else Text())
        row += [text] * width
        self._fill()

    def _fill(self) -> None:
        """Columns that a cell of an earlier row reaches into."""
        row = self.rows[-1].cells
        while found := self.spans.pop(len(row), None):
            height, text = found
            if height > 1:
                self.spans[len(row)] = (height - 1, text)
            row.append(text)


class _Reader(HTMLParser):
    """Collects the text of blocks and of table rows. Unclosed tags end with the block that holds them."""

    def __init__(self, first_line: int) -> None:
        super().__init__(convert_charrefs=False)
        self.content = Content.empty()
        self._first_line = first_line
        self._parts: list[tuple[str, int]] = []
        self._left = ""
        self._depth = 0
        self._left_text: list[str] = []
        self._left_line = 0
        self._sup: int | None = None
        self._sup_links = False
        self._tables: list[_Table] = []
        self._in_pre = False
        self._is_evidence = False

    @property
    def _line(self) -> int:
        return self.getpos()[0] + self._first_line - 1

    # -- tags --------------------------------------------------------------------------------------------------------------------

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._left and not self._is_ended_by(tag):
            self._depth += tag == self._left
            return
        # As browsers do, the first of several attributes of one name counts.
        given = {name: value or "" for name, value in reversed(attrs)}
        if tag in _VOID:
            self._note_void(tag, given)
        elif tag in _LEFT:
            self._left, self._depth, self._left_line, self._left_text = tag, 1, self._line, []
        elif tag == "sup":
            self._sup, self._sup_links = len(self._parts), False
        elif tag == "a":
            self._sup_links = True
        elif tag == "br":
            is_second = bool(self._parts) and self._parts[-1][0] == "\n\n"
            self._flush() if is_second and not self._in_cell else self._parts.append(("\n\n", self._line))
        elif tag in ("table", "caption", "thead", "tbody", "tfoot", "tr", "td", "th"):
            self._start_of_table(tag, given)
        elif tag not in _INLINE:
            self._flush()
            self._in_pre = self._in_pre or tag == "pre"
            if tag in ("ol", "ul"):
                self._is_evidence = "evidence" in given.get("class", "").split()

    def handle_endtag(self, tag: str) -> None:
        if self._left and not self._is_ended_by(tag):
            self._depth -= tag == self._left
            if self._depth == 0:
                self._end_left()
        elif tag == "sup":
            self._end_sup()
        elif tag in ("td", "th"):
            self._end_cell()
        elif tag == "tr":
            self._end_row()
        elif tag == "table":
            self._end_table()
        elif tag not in _INLINE:
            caption = self._flush()
            if tag == "caption" and self._tables and caption:
                self._tables[-1].before = (caption, *self._tables[-1].before)
            self._in_pre = self._in_pre and tag != "pre"

    def _start_of_table(self, tag: str, given: dict[str, str]) -> None:
        if tag == "table":
            self._flush()
            self._tables.append(_Table(tuple(passage.text for passage in self.content.passages[-1:])))
            return
        if not self._tables:
            self._flush()
            return
        table = self._tables[-1]
        if tag in ("td", "th"):
            self._end_cell()
            if not table.is_in_row:
                table.open_row()
            table.is_in_cell = True
            table.span = _number(given.get("colspan"), _WIDEST), _number(given.get("rowspan"), _TALLEST)
            table.rows[-1].is_head &= tag == "th" or table.is_head
            return
        self._end_row()
        match tag:
            case "tr":
                table.open_row()
            case "thead" | "tbody" | "tfoot":
                table.is_head = tag == "thead"

    def _note_void(self, tag: str, given: dict[str, str]) -> None:
        if tag == "input" and given.get("type", "").lower() != "hidden":
            self.content.leave(_VOID[tag], given.get("value", "") + given.get("placeholder", ""), self._line)
        elif tag != "input":
            self.content.leave_whole(_VOID[tag], self._line)
        self._parts.append((" ", self._line))

    # -- text --------------------------------------------------------------------------------------------------------------------

    def handle_data(self, data: str) -> None:
        if self._left:
            self._left_text.append(data)
            return
        if not self._in_pre:
            self._parts.append((seen(data), self._line))
            return
        for n, line in enumerate(data.split("\n")):
            if n and not line.strip():
                self._flush()
            self._parts.append((f"{' ' if n else ''}{seen(line)}", self._line + n))

    def handle_entityref(self, name: str) -> None:
        self.handle_data(unescape(f"&{name};"))

    def handle_charref(self, name: str) -> None:
        self.handle_data(unescape(f"&#{name};"))

    def parse_marked_section(self, i: int, report: int = 1) -> int:
        # `<![if !mso]>`: to a browser a comment, to the base class now and then an error.
        return self.parse_bogus_comment(i)

    def close(self) -> None:
        super().close()
        if self._left:
            self._end_left()
        while self._tables:
            self._end_table()
        self._flush()

    # -- ends --------------------------------------------------------------------------------------------------------------------

    def _is_ended_by(self, tag: str) -> bool:
        """Whether a block begins or ends inside code or a drawing: then those were not closed."""
        if self._left in _RAW or tag not in _BLOCKS:
            return False
        self._end_left()
        return True

    def _end_left(self) -> None:
        text, kind = "".join(self._left_text), _LEFT[self._left]
        if self._left == "style":
            text = "1" if _GENERATED.search(text) else ""
        if self._left in ("iframe", "object", "video", "canvas"):
            self.content.leave_whole(kind, self._left_line)
        elif kind:
            self.content.leave(kind, text, self._left_line)
        self._left = ""
        self._parts.append((HOLE if kind == "code" else " ", self._line))

    def _end_sup(self) -> None:
        """A footnote's mark is no text; any other raised text is. A mark without a link may be an exponent, so it is noted."""
        if self._sup is not None and _MARK.fullmatch(mark := "".join(text for text, _ in self._parts[self._sup :])):
            if not self._sup_links:
                self.content.leave("raised mark", mark, self._line)
            self._parts[self._sup :] = [(" ", self._line)]
        self._sup = None

    @property
    def _in_cell(self) -> bool:
        return bool(self._tables) and self._tables[-1].is_in_cell

    def _flush(self) -> str:
        """End a block. Within a table's cell, blocks are parts of the cell."""
        if self._in_cell:
            self._parts.append((" ", self._line))
            return ""
        text = self._take()
        if self._is_evidence:
            text = definition(text)
        if text:
            self.content.passages.append(Passage.of(text))
        return text.text

    def _take(self) -> Text:
        text = squeezed(self._parts)
        self._parts, self._sup = [], None
        return text

    def _end_cell(self) -> None:
        if self._in_cell:
            self._tables[-1].add(self._take())
            self._tables[-1].is_in_cell = False
        else:
            self._flush()

    def _end_row(self) -> None:
        self._end_cell()
        if self._tables:
            self._tables[-1].is_in_row = False

    def _end_table(self) -> None:
        self._end_row()
        if self._tables:
            table = self._tables.pop()
            self.content.passages += passages([row for row in table.rows if row.cells], *table.before)


def _number(text: str | None, most: int) -> int:
    """How many columns or rows a cell spans."""
    digits = (text or "").strip()
    return min(max(int(digits), 1), most) if digits.isascii() and digits.isdigit() and len(digits) < 6 else 1


def read_html(text: str, first_line: int = 1) -> Content:
    """`first_line` is the line of the file that the text starts in."""
    # Browsers end comments here as well; the parser of some Python versions does not, and would hide what follows.
    text = text.replace("<!-->", "<!---->").replace("<!--->", "<!---->").replace("--!>", "-->")
    reader = _Reader(first_line)
    reader.feed(text)
    reader.close()
    return reader.content
