"""Documents -> passages of prose, and a document's passages against the facts.

Markdown, HTML, plain text and our own note JSON. What is no prose is left out: code, scripts, link targets, footnote and
list markers. A table row becomes one passage, "Gross margin: y/y -3.4 pp (16.2% in Q1 2025); q/q ...", in which each
cell stands behind the row's label and its column's head, so that the words which give it meaning are in its sentence.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from pydantic import ValidationError

from pipeline.errors import InputError, Problem
from pipeline.facts.factbase import FactBase
from pipeline.grounding.decide import check_text
from pipeline.grounding.report import DECISIONS, Decision, Report
from pipeline.notes.models import Note

_DEFINITION = re.compile(r"\n(?=\[\^[^\]\s]{1,80}\]:)")
_FOOTNOTE = re.compile(r"\[\^[^\]\s]{1,80}\]:?")
_BULLET = re.compile(r"^\s{0,12}(?:[-*+•‣–]|[0-9]{1,3}[.)])\s+")
_EMPTY_CELLS = frozenset(("", "-", "–", "—", "n/a", "n.a.", "n/m"))


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of prose. `line` counts from 1 in the file, 0 where it has no line; `evidence` is None where nothing is cited."""

    text: str
    line: int
    place: str = ""
    evidence: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class DocumentReport:
    """A document's passages with what was decided about their numbers."""

    path: Path
    passages: tuple[tuple[Passage, Report], ...]

    @property
    def ok(self) -> bool:
        return all(report.ok for _, report in self.passages)

    @property
    def counts(self) -> dict[Decision, int]:
        total = Counter(check.decision for _, report in self.passages for check in report.checks)
        return {decision: total[decision] for decision in DECISIONS}


def check_document(path: Path, facts: FactBase, *, max_bytes: int) -> DocumentReport:
    """Every number of a document against the facts. Raises InputError when it cannot be read."""
    return DocumentReport(path, tuple((p, check_text(p.text, facts, evidence=p.evidence)) for p in read(path, max_bytes=max_bytes)))


def read(path: Path, *, max_bytes: int) -> list[Passage]:
    """The passages of a document. An unknown ending is read as plain text. Raises InputError with the file and what was expected."""
    text = _decode(path, max_bytes)
    match path.suffix.lower():
        case ".md" | ".markdown":
            passages = list(_markdown(text))
        case ".html" | ".htm":
            passages = _html(text)
        case ".json":
            passages = list(_note(text, path))
        case _:
            passages = list(_plain(text))
    return [passage for passage in passages if passage.text.strip()]


def _decode(path: Path, max_bytes: int) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise InputError(Problem(f"cannot be read: {error.strerror or error}", file=str(path))) from None
    if len(data) > max_bytes:
        raise InputError(Problem(f"is larger than {max_bytes:,} bytes", file=str(path)))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(Problem("is not UTF-8 text", file=str(path), line=line)) from None


# -- note JSON -----------------------------------------------------------------------------------------------------------------


def _note(text: str, path: Path) -> Iterator[Passage]:
    try:
        note = Note.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise InputError(Problem(f"is not a note: {first['msg']}", file=str(path), field=field)) from None
    for place, prose, evidence in note.texts():
        yield Passage(prose, 0, place, evidence or None)


# -- plain text ----------------------------------------------------------------------------------------------------------------


def _plain(text: str) -> Iterator[Passage]:
    """Paragraphs; a bullet starts a passage of its own."""
    lines: list[str] = []
    first = 1
    for number, line in enumerate(text.splitlines(), 1):
        bullet = _BULLET.match(line)
        if (not line.strip() or bullet) and lines:
            yield Passage("\n".join(lines), first)
            lines = []
        if line.strip():
            if not lines:
                first = number
            lines.append(line[bullet.end() :] if bullet else line)
    if lines:
        yield Passage("\n".join(lines), first)


# -- Markdown ------------------------------------------------------------------------------------------------------------------


def _markdown(text: str) -> Iterator[Passage]:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

    def prose(token: Token) -> list[str]:
        """The token's text; footnote definitions that follow line by line are one each."""
        breaks = {"softbreak": "\n", "hardbreak": "\n", "code_inline": " "}
        parts = [child.content if child.type == "text" else breaks.get(child.type, "") for child in token.children or ()]
        return [
            _definition(part) if _FOOTNOTE.match(part) else _FOOTNOTE.sub("", part).strip() for part in _DEFINITION.split("".join(parts))
        ]

    head: list[str] = []
    row: list[str] = []
    in_head = in_table = False
    line = 0
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        line = token.map[0] + 1 if token.map else line
        match token.type:
            case "table_open":
                in_table, head = True, []
            case "table_close":
                in_table = False
            case "thead_open" | "thead_close":
                in_head = token.type == "thead_open"
            case "tr_open":
                row = []
            case "tr_close":
                if in_head:
                    head = row
                else:
                    yield Passage(row_text(head, row), line)
            case "inline" if in_table:
                row.append(" ".join(prose(token)))
            case "inline":
                yield from (Passage(part, line + n) for n, part in enumerate(prose(token)))
            case "html_block":
                yield from (Passage(p.text, line + p.line - 1) for p in _html(token.content))


def _definition(text: str) -> str:
    """A footnote of our notes, "Revenue: CNY 1,970m · Q1 2025 · year-ago base", with what qualifies the figure before it."""
    text = _FOOTNOTE.sub("", text).strip()
    head, *qualifiers = text.split(" · ")
    label, colon, figure = head.partition(": ")
    if not colon or not qualifiers:
        return text
    kept = [part.strip() for part in qualifiers if part.strip() and not part.strip().startswith(("source", "remark"))]
    return f"{label}, {', '.join(kept)}: {figure}"


def row_text(head: Sequence[str], row: Sequence[str]) -> str:
    """One table row as a sentence: its label, then each cell behind its column's head."""
    cells = []
    for n, cell in enumerate(row[1:], 1):
        if cell.strip().lower() not in _EMPTY_CELLS:
            cells.append(f"{head[n] if n < len(head) else ''} {cell}".strip())
    label = row[0] if row else ""
    return f"{label}: {'; '.join(cells)}" if cells else label


# -- HTML ----------------------------------------------------------------------------------------------------------------------


_SKIPPED = frozenset(
    ["script", "style", "head", "code", "pre", "svg", "template", "noscript", "sup", "title", "nav", "footer", "kbd", "samp"]
)
# Parts of our own HTML note that hold scores and thresholds: judgements, not claims about the facts.
_SKIPPED_CLASSES = frozenset(("impact", "watch"))
_INLINE = frozenset(
    [
        "a",
        "abbr",
        "b",
        "bdi",
        "bdo",
        "cite",
        "em",
        "font",
        "i",
        "ins",
        "label",
        "mark",
        "q",
        "s",
        "small",
        "span",
        "strong",
        "sub",
        "time",
        "tt",
        "u",
        "var",
        "wbr",
        "data",
        "del",
        "dfn",
    ]
)


class _Prose(HTMLParser):
    """Collects the text of blocks and of table rows. Unclosed tags end with the block that holds them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.passages: list[Passage] = []
        self._skipped = ""
        self._depth = 0
        self._parts: list[str] = []
        self._line = 1
        self._head: list[str] = []
        self._row: list[str] | None = None
        self._is_head = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._skipped:
            self._depth += tag == self._skipped
        elif tag in _SKIPPED or _SKIPPED_CLASSES & set((dict(attrs).get("class") or "").split()):
            if tag not in _INLINE and tag not in _SKIPPED:
                self._flush()
            self._skipped, self._depth = tag, 1
            self._parts.append(" ")
        elif tag == "br":
            self._parts.append(" ")
        elif tag not in _INLINE:
            self._flush()
            match tag:
                case "table":
                    self._head = []
                case "tr":
                    self._row, self._is_head = [], True
                case "td":
                    self._is_head = False

    def handle_endtag(self, tag: str) -> None:
        if self._skipped:
            self._depth -= tag == self._skipped
            if self._depth == 0:
                self._skipped = ""
        elif tag in ("td", "th"):
            self._cell()
        elif tag == "tr" and self._row is not None:
            self._end_row()
        elif tag not in _INLINE:
            self._flush()

    def handle_data(self, data: str) -> None:
        if self._skipped:
            return
        if not "".join(self._parts).strip():
            self._line = self.getpos()[0]
        self._parts.append(data)

    def close(self) -> None:
        super().close()
        self._flush()

    def _cell(self) -> None:
        text = self._take()
        if self._row is not None:
            self._row.append(text)

    def _end_row(self) -> None:
        if "".join(self._parts).strip():
            self._cell()
        row, self._row = self._row or [], None
        if self._is_head and not self._head:
            self._head = row
        else:
            self.passages.append(Passage(row_text(self._head, row), self._line))
        self._parts = []

    def _take(self) -> str:
        text = " ".join("".join(self._parts).split())
        self._parts = []
        return _FOOTNOTE.sub("", text)

    def _flush(self) -> None:
        if self._row is not None and self._parts:
            return
        text = self._take()
        if text:
            self.passages.append(Passage(text, self._line))


def _html(text: str) -> list[Passage]:
    parser = _Prose()
    parser.feed(text)
    parser.close()
    return parser.passages
