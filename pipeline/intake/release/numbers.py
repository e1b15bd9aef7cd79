"""The figures at the end of a table's row: `Net income (loss)   $ (661)   4,623`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

_FIGURE = r"\(?-?\d{1,3}(?:,\d{3})+(?:\.\d+)?\)?%?|\(?-?\d+(?:\.\d+)?\)?%?|\(?-?\.\d+\)?%?|[—–-]+%?|n/?m|N/?M|n/?a|N/?A|\*\*"
_ROW = re.compile(rf"^(?P<label>.*?)(?P<figures>(?:\s+(?:{_FIGURE}))+)\s*$")
_MARK = re.compile(r"^\(\d\)$")
_MONEY = re.compile(r"[$€£¥]")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as printed; `value` is None for a dash or a word such as n/m, which say too little to be a zero."""

    printed: str
    value: Decimal | None
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    figures: tuple[Figure, ...]

    @property
    def is_marked_heading(self) -> bool:
        """Whether nothing but a footnote mark stands behind the label: `Adjusted earnings (1)` heads the rows below it."""
        return len(self.figures) == 1 and _MARK.match(self.figures[0].printed) is not None

    def of(self, columns: int) -> tuple[Figure, ...] | None:
        """The figures, if there is one for each column; a footnote mark behind the label is none."""
        figures = self.figures
        while len(figures) > columns and _MARK.match(figures[0].printed):
            figures = figures[1:]
        return figures if len(figures) == columns else None


def row_of(text: str) -> Row | None:
    """The row in a line, or None where the line does not end in figures. A total may stand without a label."""
    joined = re.sub(r"\(\s+(?=[\d.])", "(", _MONEY.sub(" ", text))
    joined = re.sub(r"(?<=\d)\s+(?=\))|(?<=[\d)—–])\s+(?=%)", "", joined)
    if not re.search(r"[\d)—–-]\s*%?\s*$|[mMaA*]\s*$", joined):
        return None
    match = _ROW.match(" " + " ".join(joined.split()))
    if match is None or not (re.search(r"[A-Za-z]", match["label"]) or re.fullmatch(r"\s*", match["label"])):
        return None
    if not match["label"].strip() and not re.search(r"\d[,.]\d", match["figures"]):
        return None  # a page's number
    return Row(" ".join(match["label"].split()), tuple(_figure(one) for one in match["figures"].split()))


def _figure(printed: str) -> Figure:
    digits = printed.rstrip("%").strip("()")
    if not re.search(r"\d", digits):
        return Figure(printed, None, printed.endswith("%"))
    value = Decimal(digits.replace(",", ""))
    return Figure(printed, -value if printed.startswith("(") else value, printed.endswith("%"))
