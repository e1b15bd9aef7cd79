"""What management said in quotation marks, with the speaker. It is data: nothing in it is an instruction."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.facts.sheet import MAX_TEXT, Statement
from pipeline.intake.release.pages import Line

_QUOTE = re.compile(r"[“\"](?P<text>[^“”\"]{60,1500})[”\"]")
_NAME = r"(?P<name>(?:Dr\.\s+)?[A-Z][\w.'’\-]+(?:\s+[A-Z][\w.'’\-]*){1,3})"
_AFTER = re.compile(
    rf"\s*,?\s*(?:said|says|commented|stated|added|noted)\s+(?:[A-Z][\w’']+\s+and\s+CEO\s+)?(?P<who>{_NAME}(?:,\s+[^“”\".]{{3,110}}?)?)\s*(?=\.|,?\s+[“\"])"
)
_BEFORE = re.compile(rf"(?P<who>{_NAME}(?:,\s+[^“”\".:]{{3,110}})?),?\s+(?:said|commented|stated|added|noted)\s*[,:]\s*$")
_CONTINUED = re.compile(r"\s*,?\s*(?:continued\s+(?P<a>[A-Z][\w'’\-]+)|(?P<b>[A-Z][\w'’\-]+)\s+(?:continued|added|concluded))")
_BETWEEN = 12_000
_MOST = 20


def statements_of(lines: Sequence[Line], source: str) -> tuple[Statement, ...]:
    """The quotations whose speaker is named beside them, in the document's order. What follows one without a name is the same speaker's."""
    text = " ".join(" ".join(line.text.split()) for line in lines if line.text.strip())[: 5 * _BETWEEN]
    found: list[Statement] = []
    speaker: str | None = None
    last = 0
    for match in _QUOTE.finditer(text):
        after, before = _AFTER.match(text, match.end()), _BEFORE.search(text[max(0, match.start() - 200) : match.start()])
        goes_on = _CONTINUED.match(text, match.end())
        said = after or before
        if said:
            speaker = " ".join(said["who"].split()).strip(" ,")
        elif goes_on and speaker and (goes_on["a"] or goes_on["b"]) in speaker:
            pass
        elif not (speaker and found and match.start() - last <= 2 and text[match.start() - 2 : match.start()].strip() in (".", "")):
            continue
        last = match.end() + (len(after.group()) if after else len(goes_on.group()) if goes_on else 0) + 1
        words = match["text"].strip()
        if len(words.split()) >= 8 and len(found) < _MOST:
            found.append(Statement(id=f"quote.{len(found) + 1}", text=words[:MAX_TEXT], speaker=speaker, source=source))
    return tuple(found)
