"""Footnotes: their marks, and those of our own notes, which say a figure before what qualifies it."""

from __future__ import annotations

import re

from pipeline.grounding.documents.passages import Text, borrowed, has_figure, join

MARK = re.compile(r"\[\^[^\]\s]{1,80}\]:?")
_DOT = " · "


def definition(text: Text) -> Text:
    """A footnote of our notes, "Revenue: CNY 1,970m · Q1 2025 · year-ago base", with what qualifies the figure before it."""
    head, *others = text.text.split(_DOT)
    label, colon, _ = head.partition(": ")
    if not others or not colon:
        return text
    figure = text.cut(len(label) + len(colon), len(head))
    at = len(head)
    before, behind = [text.cut(0, len(label))], [borrowed(": "), figure]
    for other in others:
        part = text.cut(at + len(_DOT), at + len(_DOT) + len(other)).strip()
        at += len(_DOT) + len(other)
        if part.text.startswith(("source", "remark")):
            # Where it comes from says nothing of the figure; whatever numbers stand there are read behind it.
            behind += [borrowed(_DOT), part] if has_figure(part.text) else []
        elif part:
            before += [borrowed(", "), part]
    return join((*before, *behind))
