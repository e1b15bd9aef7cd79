"""Word documents -> passages: paragraphs and tables in document order, then footnotes.

python-docx opens the package. The text is taken from the XML itself, because python-docx passes over content controls,
accepted insertions and text boxes, which a reader sees. Page headers and pictures are noted as unread.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from pipeline.errors import InputError, Problem
from pipeline.grounding.documents.passages import UNNUMBERED, Content, Passage, Text, borrowed, join, seen
from pipeline.grounding.documents.tables import Row, passages

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_SPACES = {f"{_W}{name}": " " for name in ("tab", "br", "cr", "ptab")} | {f"{_W}noBreakHyphen": "-"}
_PICTURES = frozenset((f"{_W}drawing", f"{_W}pict", f"{_W}object"))
_NOTES = {"footnotes": "footnote", "endnotes": "endnote"}
_MARGINS = ("header", "footer")
_OLD_WORD = b"\xd0\xcf\x11\xe0"
_DTD = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)")
_TIMES = 5
_WIDEST = 20
_CHUNK = 1 << 16


def read_docx(data: bytes, file: str, *, max_bytes: int) -> Content:
    """Raises InputError when the bytes are no Word document, unpack to more than 5 times `max_bytes`, or hold a DTD."""

    def problem(message: str) -> InputError:
        return InputError(Problem(message, file=file))

    try:
        from docx import Document
    except ImportError:
        raise problem("needs python-docx to be read: pip install 'afterprint[docx]'") from None
    if data.startswith(_OLD_WORD):
        raise problem("is an old .doc, or protected by a password: save it as .docx without one")
    if (fault := _fault_of_package(data, _TIMES * max_bytes)) is not None:
        raise problem(fault)
    try:
        return _Reader(Document(io.BytesIO(data))).content
    except Exception as error:
        # python-docx and lxml raise whatever they stumble over; the file is what is wrong.
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise problem(f"is not a Word document that can be read ({reason}): open it in Word and save it again") from None


def _fault_of_package(data: bytes, most: int) -> str | None:
    """What forbids to open the package: its promised size first, then each part as it unpacks."""
    too_large = f"unpacks to more than {most:,} bytes"
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = package.infolist()
            if len({part.filename for part in parts}) < len(parts):
                return "holds a part twice: open it in Word and save it again"
            if sum(part.file_size for part in parts) > most:
                return too_large
            for part in parts:
                with package.open(part) as stream:
                    before = b""
                    while chunk := stream.read(_CHUNK):
                        most -= len(chunk)
                        if most < 0:
                            return too_large
                        # Without the NULs, UTF-16 looks like ASCII.
                        bare = before + chunk.replace(b"\0", b"")
                        if part.filename.endswith((".xml", ".rels")) and _DTD.search(bare):
                            return f"holds a document type definition in {part.filename[:80]!a}: open it in Word and save it again"
                        before = bare[-32:]
    except zipfile.BadZipFile:
        return "is not a Word document: it is no zip package, or a broken one"
    except (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, zlib.error) as error:
        return f"is not a Word document that can be read ({error}): open it in Word and save it again"
    return None


class _Reader:
    """Walks a document's body. Paragraphs and tables are counted as they stand there, blank paragraphs not."""

    def __init__(self, document: Any) -> None:
        self.content = Content.empty()
        self._paragraphs = self._tables = 0
        self._blocks(document.element.body)
        for relation in document.part.rels.values():
            kind = relation.reltype.rpartition("/")[2]
            if kind in _NOTES and not relation.is_external:
                self._notes(relation.target_part.blob, _NOTES[kind])
            elif kind in _MARGINS and not relation.is_external:
                text = "".join(node.text or "" for node in _parsed(relation.target_part.blob).iter(f"{_W}t"))
                self.content.leave(f"page {kind}", text)

    def _blocks(self, body: Any) -> None:
        last = ""
        for block in _outermost(body):
            if block.tag == f"{_W}tbl":
                self._tables += 1
                self.content.passages += passages(self._rows(block), last)
                continue
            # A text box stands within a paragraph and holds paragraphs of its own.
            for paragraph in [block, *(box for box in block.iter(f"{_W}p") if box is not block and not _is_fallback(box, block))]:
                text = self._text(paragraph, f"paragraph {self._paragraphs + 1}")
                if text:
                    self._paragraphs += 1
                    self.content.passages.append(Passage.of(text, f"paragraph {self._paragraphs}"))
                    last = text.text

    def _rows(self, table: Any) -> list[Row]:
        rows: list[Row] = []
        for number, line in enumerate(_within(table, f"{_W}tr"), 1):
            place = f"table {self._tables}, row {number}"
            row = Row(is_head=line.find(f"{_W}trPr/{_W}tblHeader") is not None, place=place)
            for cell in _within(line, f"{_W}tc"):
                span = cell.find(f"{_W}tcPr/{_W}gridSpan")
                text = _spaced(self._text(paragraph, place) for paragraph in cell.iter(f"{_W}p") if not _is_fallback(paragraph, cell))
                row.cells += [text] * _width(span.get(f"{_W}val") if span is not None else None)
            rows.append(row)
        return rows

    def _notes(self, blob: bytes, kind: str) -> None:
        for note in _parsed(blob):
            if note.get(f"{_W}type") in (None, "normal"):
                place = f"{kind} {str(note.get(f'{_W}id'))[:9]}"
                text = _spaced(self._text(paragraph, place) for paragraph in note.iter(f"{_W}p"))
                self.content.passages.append(Passage.of(text, place))

    def _text(self, paragraph: Any, place: str) -> Text:
        """The paragraph's own text, as it stands with all changes accepted, without that of text boxes inside it."""
        parts: list[str] = []
        for node in _own(paragraph):
            if node.tag in (f"{_W}t", _MATH):
                parts.append(node.text or "")
            elif node.tag in _SPACES:
                parts.append(_SPACES[node.tag])
            elif node.tag == f"{_W}sym":
                parts.append(_symbol(node.get(f"{_W}char")))
            elif node.tag in _PICTURES and node.find(f".//{_W}txbxContent") is None:
                self.content.leave_whole("picture", 0, place)
        return Text(seen("".join(parts)), ((0, UNNUMBERED),)).strip()


def _parsed(blob: bytes) -> Any:
    from docx.oxml import parse_xml

    return parse_xml(blob)


def _outermost(body: Any) -> Iterator[Any]:
    """Paragraphs and tables in order, through content controls and insertions, not into one another."""
    return _descend(body, (f"{_W}p", f"{_W}tbl"))


def _within(parent: Any, tag: str) -> Iterator[Any]:
    """A table's rows, a row's cells: not those of tables inside."""
    return _descend(parent, (tag,))


def _descend(parent: Any, tags: tuple[str, ...]) -> Iterator[Any]:
    waiting = list(parent)[::-1]
    while waiting:
        node = waiting.pop()
        if node.tag in tags:
            yield node
        elif node.tag not in (f"{_W}p", f"{_W}del", f"{_W}moveFrom", _FALLBACK):
            waiting += list(node)[::-1]


def _own(paragraph: Any) -> Iterator[Any]:
    """What stands in a paragraph, without moved-away text and without what older versions of Word would show instead."""
    waiting = list(paragraph)[::-1]
    while waiting:
        node = waiting.pop()
        yield node
        if node.tag not in (f"{_W}p", f"{_W}tbl", f"{_W}del", f"{_W}moveFrom", _FALLBACK, f"{_W}txbxContent"):
            waiting += list(node)[::-1]


def _is_fallback(node: Any, top: Any) -> bool:
    while (node := node.getparent()) is not None and node is not top:
        if node.tag == _FALLBACK:
            return True
    return False


def _spaced(texts: Iterator[Text]) -> Text:
    parts: list[Text] = []
    for text in texts:
        if text:
            parts += [borrowed(" "), text] if parts else [text]
    return join(parts)


def _width(span: str | None) -> int:
    return min(max(int(span), 1), _WIDEST) if span and span.isascii() and span.isdigit() and len(span) < 4 else 1


def _symbol(code: str | None) -> str:
    try:
        return chr(int(code or "", 16))
    except (ValueError, OverflowError):
        return "\ufffd"
