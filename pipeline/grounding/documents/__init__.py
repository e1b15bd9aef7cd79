"""Documents -> passages of prose, and a document's passages against the facts.

Markdown, HTML, plain text, Word and our own note JSON, one file each. What a reader of the document sees is either read
or noted as unread: pictures, code, drawings, footnote marks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError, Problem
from pipeline.facts.factbase import FactBase
from pipeline.grounding.decide import check_text
from pipeline.grounding.documents.html import read_html
from pipeline.grounding.documents.markdown import read_markdown
from pipeline.grounding.documents.note import read_note
from pipeline.grounding.documents.passages import Content, Passage, Unread, seen
from pipeline.grounding.documents.plain import read_plain
from pipeline.grounding.report import DECISIONS, Decision, NumberCheck, Report

__all__ = ["DocumentReport", "Passage", "Unread", "check_document", "read"]

_OTHER_FORMATS = frozenset((".pdf", ".doc", ".rtf", ".odt", ".pages", ".xls", ".xlsx", ".ppt", ".pptx", ".eml", ".msg", ".epub"))


@dataclass(frozen=True, slots=True)
class DocumentReport:
    """A document's passages with what was decided about their numbers, and what was not read."""

    path: Path
    passages: tuple[tuple[Passage, Report], ...]
    unread: tuple[Unread, ...] = ()

    @property
    def ok(self) -> bool:
        return all(report.ok for _, report in self.passages)

    @property
    def counts(self) -> dict[Decision, int]:
        total = Counter(check.decision for _, check in self.checks())
        return {decision: total[decision] for decision in DECISIONS}

    def checks(self) -> Iterator[tuple[Passage, NumberCheck]]:
        """Each number with the passage that it stands in."""
        for passage, report in self.passages:
            for check in report.checks:
                yield passage, check


def check_document(path: Path, facts: FactBase, *, max_bytes: int) -> DocumentReport:
    """Every number of a document against the facts. Raises InputError when it cannot be read."""
    content = _content(path, max_bytes)
    return DocumentReport(path, tuple((p, _checked(p, facts)) for p in content.passages), tuple(content.unread))


def _checked(passage: Passage, facts: FactBase) -> Report:
    """The passage's own numbers: what a table row borrows from its head was decided there."""
    report = check_text(passage.text, facts, evidence=passage.evidence)
    return Report(tuple(check for check in report.checks if passage.is_own(check.mention.start, check.mention.end)))


def read(path: Path, *, max_bytes: int) -> list[Passage]:
    """The passages of a document. An unknown ending is read as plain text. Raises InputError with the file and what was expected."""
    return _content(path, max_bytes).passages


def _content(path: Path, max_bytes: int) -> Content:
    ending = path.suffix.lower()
    if ending in _OTHER_FORMATS:
        expected = "expected Markdown, HTML, plain text, .docx or a note's .json: save it as one of these"
        raise InputError(Problem(f"cannot be read as {ending}: {expected}", file=str(path)))
    data = _bytes(path, max_bytes)
    match ending:
        case ".docx":
            from pipeline.grounding.documents.docx import read_docx

            return read_docx(data, str(path), max_bytes=max_bytes).finish()
        case ".json":
            return read_note(_text(data, path), str(path)).finish()
        case ".md" | ".markdown":
            return read_markdown(seen(_text(data, path))).finish()
        case ".html" | ".htm" | ".xhtml":
            return read_html(seen(_text(data, path))).finish()
        case _:
            return read_plain(seen(_text(data, path))).finish()


def _bytes(path: Path, max_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(Problem(f"cannot be read: {reason or error}", file=str(path))) from None
    if len(data) > max_bytes:
        raise InputError(Problem(f"is larger than {max_bytes:,} bytes", file=str(path)))
    return data


def _text(data: bytes, path: Path) -> str:
    """The file's text, its line breaks as \\n alone."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(Problem("is not UTF-8 text: save it as UTF-8", file=str(path), line=line)) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")
