"""Plain text -> passages: paragraphs and items."""

from __future__ import annotations

import re

from pipeline.grounding.documents.passages import Content, Passage, Text, join

_BULLET = re.compile(r"^\s{0,12}(?:[-*+•‣–]|[0-9]{1,3}[.)])\s+")


def read_plain(text: str, first_line: int = 1) -> Content:
    """Paragraphs; a bullet starts a passage of its own."""
    content = Content.empty()
    lines: list[Text] = []

    def end() -> None:
        if lines:
            content.passages.append(Passage.of(join(lines)))
            lines.clear()

    for number, line in enumerate(text.split("\n"), first_line):
        bullet = _BULLET.match(line)
        if bullet or not line.strip():
            end()
        if line.strip():
            bare = line[bullet.end() :] if bullet else line
            lines.append(Text(f"\n{bare}" if lines else bare, ((0, number),)))
    end()
    return content
