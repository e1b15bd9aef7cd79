"""Markdown -> passages. Code is left out, and noted where it holds digits; link targets and footnote marks are no text."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from pipeline.grounding.documents.footnotes import MARK, definition
from pipeline.grounding.documents.html import read_html
from pipeline.grounding.documents.passages import HOLE, Content, Passage, Text, join
from pipeline.grounding.documents.tables import Row, passages

if TYPE_CHECKING:
    from markdown_it.token import Token

_DEFINITION = re.compile(r"\n(?=\[\^[^\]\s]{1,80}\]:)")
_PLAIN_MARK = re.compile(r"\[\^[0-9]{1,3}\]:?")
# Marks, links and escapes between two words of a text are no longer than this.
_FURTHEST = 2_000
_PICTURE = re.compile(r"<(?:img|svg|iframe|object|embed|canvas|video|input)\b", re.IGNORECASE)


def read_markdown(text: str) -> Content:
    from markdown_it import MarkdownIt

    content = Content.empty()
    table: list[Row] | None = None
    is_head = False
    line = 0
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        line = token.map[0] + 1 if token.map else line
        match token.type:
            case "table_open":
                table = []
            case "table_close":
                before = content.passages[-1].text if content.passages else ""
                content.passages += passages(table or [], before)
                table = None
            case "thead_open" | "thead_close":
                is_head = token.type == "thead_open"
            case "tr_open" if table is not None:
                table.append(Row(is_head=is_head))
            case "inline" if table:
                table[-1].cells.append(_prose(token, line, content).without(MARK).strip())
            case "inline":
                content.passages += [Passage.of(part) for part in _paragraphs(_prose(token, line, content))]
            case "html_block":
                inside = read_html(token.content, line)
                content.passages += inside.passages
                content.unread += inside.unread
            case "fence" | "code_block":
                content.leave("code", token.content, line)
    return content


def _prose(token: Token, line: int, content: Content) -> Text:
    """The token's text. What stands between its words is looked up in the source, which alone knows the lines."""
    source = token.content.replace("\n", " ")
    at = 0
    parts: list[Text] = []
    for child in token.children or ():
        is_break = child.type in ("softbreak", "hardbreak")
        written = "\n" if is_break else child.content
        found = token.content.find("\n", at) if is_break else source.find(written.replace("\n", " "), at, at + len(written) + _FURTHEST)
        if found >= 0 and written:
            line += token.content.count("\n", at, found)
            at = found
        match child.type:
            case "text" | "softbreak" | "hardbreak":
                parts.append(Text(written, ((0, line),)))
            case "code_inline":
                content.leave("code", written, line)
                parts.append(Text(HOLE, ((0, line),)))
            case "image":
                content.leave_whole("picture", line)
                parts.append(Text(written, ((0, line),)))
            case "html_inline" if _PICTURE.match(written):
                content.leave_whole("picture", line)
        if found >= 0 and written:
            line += token.content.count("\n", at, at + len(written))
            at += len(written)
    text = join(parts)
    for mark in MARK.finditer(text.text):
        if not _PLAIN_MARK.fullmatch(mark[0]):
            content.leave("footnote mark", mark[0], text.line_of(mark.start()))
    return text


def _paragraphs(text: Text) -> list[Text]:
    """The text; footnote definitions that follow line by line are one each."""
    cuts = [0, *(match.end() for match in _DEFINITION.finditer(text.text)), len(text.text)]
    parts = [text.cut(start, end) for start, end in itertools.pairwise(cuts)]
    return [definition(part.without(MARK).strip()) if MARK.match(part.text) else part.without(MARK).strip() for part in parts]
