"""What the readers of documents make: passages of text that know where each of their words stands in the file."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.grounding.scan import scan
from pipeline.grounding.tokens import tokenize

BORROWED = 0
"""The line of words that a reader put in: a table row borrows its column's heads and its table's scale."""

UNNUMBERED = -1
"""The line of words that stand in the file, in a format without lines."""

HOLE = " ‹› "
"""What stands in a passage for code, which is not read."""

_SPACE_OR_WORD = re.compile(r"(\s+)|\S+")
# Zero-width and soft characters are not seen: a figure must not read otherwise than it looks.
_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\ufeff"))
_TURNS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Text:
    """A text with `marks`: from each (offset, line) on, its characters stand in that line of the file."""

    text: str = ""
    marks: tuple[tuple[int, int], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.text.strip())

    def line_of(self, offset: int) -> int:
        at = bisect_right(self.marks, offset, key=lambda mark: mark[0])
        return self.marks[at - 1][1] if at else BORROWED

    def cut(self, start: int, end: int) -> Text:
        """The stretch from `start` to `end`."""
        inside = [(offset - start, line) for offset, line in self.marks if start < offset < end]
        return Text(self.text[start:end], ((0, self.line_of(start)), *inside))

    def without(self, pattern: re.Pattern[str]) -> Text:
        """The text without what the pattern matches."""
        found = list(pattern.finditer(self.text))
        if not found:
            return self
        starts, ends = [0, *(match.end() for match in found)], [*(match.start() for match in found), len(self.text)]
        return join(self.cut(start, end) for start, end in zip(starts, ends, strict=True))

    def strip(self) -> Text:
        bare = self.text.strip()
        start = self.text.find(bare)
        return self if len(bare) == len(self.text) else self.cut(start, start + len(bare))


def borrowed(text: str) -> Text:
    return Text(text, ((0, BORROWED),))


def join(parts: Iterable[Text]) -> Text:
    """The parts, one behind the other."""
    texts: list[str] = []
    marks: list[tuple[int, int]] = []
    offset = 0
    for part in parts:
        if part.text:
            marks += [(offset + start, line) for start, line in part.marks]
            texts.append(part.text)
            offset += len(part.text)
    # Of marks with one line the first is enough.
    kept = [mark for n, mark in enumerate(marks) if n == 0 or mark[1] != marks[n - 1][1]]
    return Text("".join(texts), tuple(kept))


def seen(text: str) -> str:
    """The text without characters that nobody sees."""
    return text.translate(_UNSEEN)


def squeezed(parts: Iterable[tuple[str, int]]) -> Text:
    """(text, first line) in order -> one text in which every run of spaces and line breaks is one space."""
    texts: list[str] = []
    marks: list[tuple[int, int]] = []
    offset = 0
    is_apart = False
    for text, line in parts:
        for match in _SPACE_OR_WORD.finditer(text):
            if match[1]:
                is_apart = offset > 0
                line += match[1].count("\n")
                continue
            word = f" {match[0]}" if is_apart else match[0]
            if not marks or marks[-1][1] != line:
                marks.append((offset + len(word) - len(match[0]), line))
            texts.append(word)
            offset += len(word)
            is_apart = False
    return Text("".join(texts), tuple(marks))


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of prose. `line` counts from 1 in the file, 0 where it has no line; `place` says where it stands then.

    `evidence` is None where nothing is cited. `marks` are those of its `Text`; without any, all of it stands in `line`.
    """

    text: str
    line: int
    place: str = ""
    evidence: tuple[str, ...] | None = None
    marks: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, text: Text, place: str = "") -> Passage:
        """The passage starts in the first line that any of its own words stands in."""
        line = next((line for _, line in text.marks if line != BORROWED), BORROWED)
        return cls(text.text, max(line, 0), place, None, text.marks)

    def line_of(self, start: int, end: int) -> int:
        """The line of the number between the two offsets: that of its first own digit, or of its first own character."""
        offset = self._own(start, end)
        return self.line if offset is None or not self.marks else max(Text(self.text, self.marks).line_of(offset), 0)

    def is_own(self, start: int, end: int) -> bool:
        """Whether any of the stretch stands here, and not all of it is borrowed from a table's head."""
        return self._own(start, end) is not None

    def _own(self, start: int, end: int) -> int | None:
        own = [at for at in range(start, end) if not self.marks or Text(self.text, self.marks).line_of(at) != BORROWED]
        return next((at for at in own if self.text[at].isdigit()), own[0] if own else None)


@dataclass(frozen=True, slots=True)
class Unread:
    """Something with digits, or a picture, that a reader sees and the check did not read: `kind` says what it is."""

    kind: str
    line: int = 0
    place: str = ""


@dataclass(slots=True)
class Content:
    """What a reader found: `passages` in order, and what it left `unread`."""

    passages: list[Passage]
    unread: list[Unread]

    @classmethod
    def empty(cls) -> Content:
        return cls([], [])

    def leave(self, kind: str, text: str, line: int = 0, place: str = "") -> None:
        """Note what is not read, where it holds digits."""
        if any(c.isdigit() for c in text):
            self.unread.append(Unread(kind, line, place))

    def leave_whole(self, kind: str, line: int = 0, place: str = "") -> None:
        """Note what may show digits that nobody can read here: a picture, an embedded page."""
        self.unread.append(Unread(kind, line, place))

    def finish(self) -> Content:
        """Without blank passages; text whose direction is changed is noted, because it may look other than it reads."""
        self.passages = [passage for passage in self.passages if passage.text.strip()]
        for passage in self.passages:
            if _TURNS.search(passage.text):
                self.leave("text with changed direction", passage.text, passage.line, passage.place)
        return self


def has_figure(text: str) -> bool:
    """Whether the text states a number that is more than a period, a day or an ordinal."""
    return any(number.kind is None for number in scan(tokenize(text), text))
