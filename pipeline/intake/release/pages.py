"""The lines of a release, whether it is HTML, text or PDF: each with its page and number, table cells apart by spaces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.intake.document import Document

MOST_PAGES = 150
"""Of a PDF. The longest releases, with all their schedules, have about 60 pages."""
MOST_LINES = 30_000
MOST_WIDTH = 600
"""Characters of one line that are looked at; no row of a table is wider, and text wraps."""

_GAP = "   "
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body|table|div|p|font|document)\b", re.IGNORECASE)
_DROPPED = ("script", "style", "noscript", "template", "iframe", "object", "embed", "head", "svg")
_BLOCKS = frozenset(("p", "div", "li", "h1", "h2", "h3", "h4", "h5", "h6", "br", "hr", "ul", "ol", "section", "center", "body", "table"))
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ue000-\uf8ff]")
# Fonts whose joined letters a converter lost: "rst quarter", "scal 2023", "pro t". Only words that mean nothing without them.
_LOST = (
    (re.compile(r"(?<![A-Za-z])rst(?= (?:quarter|half|\d))"), "first"),
    (re.compile(r"(?<![A-Za-z]) ?scal(?= (?:\d|year|quarter))"), "fiscal"),
    (re.compile(r"\b([Pp])ro t\b"), r"\1rofit"),
    (re.compile(r"\b([Cc])ash ow(s?)\b"), r"\1ash flow\2"),
    (re.compile(r"(?<![A-Za-z])nancial\b"), "financial"),
    (re.compile(r"\bO cer\b"), "Officer"),
    (re.compile(r"\b([Bb])ene t\b"), r"\1enefit"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """`number` counts within the page, both from 1; a text without page breaks is one page."""

    page: int
    number: int
    text: str

    @property
    def place(self) -> str:
        return f"page {self.page}, line {self.number}"


def lines_of(document: Document) -> list[Line]:
    """All lines. Raises InputError for a PDF that cannot be read or has no text, and for what is neither PDF, HTML nor text."""
    if document.content.lstrip()[:5] == b"%PDF-":
        pages = list(_of_pdf(document))
    elif b"\x00" in document.content[:4_000]:
        raise document.refused("is no earnings release: expected HTML, text or PDF")
    else:
        text = document.text()
        pages = [_of_html(document, text)] if _HTML.search(text[:20_000]) else text.split("\f")
    lines = [
        Line(page, number, text[:MOST_WIDTH])
        for page, content in enumerate(pages, 1)
        for number, text in enumerate(_mended(content).splitlines(), 1)
    ]
    if len(lines) > MOST_LINES:
        raise document.refused(f"has {len(lines):,} lines: expected an earnings release, of at most {MOST_LINES:,}")
    if not any(line.text.strip() for line in lines):
        raise document.refused("has no text: expected an earnings release")
    return lines


def _mended(text: str) -> str:
    text = text.replace("\u00a0", " ").expandtabs(4).replace("\x02", "-")  # how pdfium writes a hyphen at a line's end
    text = re.sub("[\uf0a7\uf0b7\uf0d8\u25aa\u25cf]", "•", text)  # bullets of symbol fonts
    text = _UNPRINTABLE.sub("", text)
    for pattern, word in _LOST:
        text = pattern.sub(word, text)
    return text


def _of_pdf(document: Document) -> Iterator[str]:
    try:
        import pypdfium2
    except ImportError:
        raise document.refused("is a PDF, which needs pypdfium2: pip install 'afterprint[filings]'") from None
    try:
        pdf = pypdfium2.PdfDocument(document.content)
    except pypdfium2.PdfiumError:
        raise document.refused("is no readable PDF, is cut short or is locked by a password: fetch it again") from None
    try:
        if len(pdf) > MOST_PAGES:
            raise document.refused(f"has {len(pdf)} pages: expected an earnings release, of at most {MOST_PAGES}")
        pages = [page.get_textpage().get_text_bounded() for page in pdf]
    except pypdfium2.PdfiumError:
        raise document.refused("has a page that cannot be read: fetch it again") from None
    finally:
        pdf.close()
    if sum(len(page.strip()) for page in pages) < 200:
        raise document.refused(
            f"is a PDF of {len(pages)} pages without text, as scanned: expected one with text; run it through OCR, or use the HTML"
        )
    yield from pages


def _of_html(document: Document, text: str) -> str:
    from lxml import etree, html

    # Entities and network access are off; a script is dropped with its text, and nothing here could run one.
    parser = html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, huge_tree=False, encoding="utf-8")
    try:
        root = html.document_fromstring(text.encode("utf-8", errors="replace"), parser=parser)
    except (etree.LxmlError, ValueError, AssertionError):
        raise document.refused("is no readable HTML: expected an earnings release") from None
    for element in list(root.iter(*_DROPPED)):
        element.drop_tree()
    parts: list[str] = []
    _write(root, parts)
    return "".join(parts)


def _write(root: Any, parts: list[str]) -> None:
    """The text below an element, without recursion: documents nest as deep as they like."""
    stack: list[tuple[Any, bool]] = [(root, False)]
    while stack:
        element, closing = stack.pop()
        if closing:
            if element.tag in _BLOCKS:
                parts.append("\n")
            parts.append(" ".join((element.tail or "").split(" ")).replace("\n", " "))
            continue
        stack.append((element, True))
        if element.tag == "tr":
            cells = (" ".join(cell.text_content().split()) for cell in element.iter("td", "th"))
            parts.append("\n" + _GAP.join(cell for cell in cells if cell))
            continue
        if element.tag in _BLOCKS:
            parts.append("\n")
        parts.append((element.text or "").replace("\n", " "))
        stack.extend((child, False) for child in reversed(element) if isinstance(child.tag, str))
