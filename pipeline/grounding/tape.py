"""The tokens of a text with questions about them: what stands here, and is it a unit, a currency, a scale?"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from pipeline.facts.quantity import UnitClass
from pipeline.grounding import numerals as words
from pipeline.grounding.tokens import Token


class Tape:
    """Tokens that may be asked for beyond their ends. `floor` is the first token that no earlier number has taken."""

    def __init__(self, tokens: Sequence[Token], text: str, decimal_mark: str = ".") -> None:
        self.decimal_mark = decimal_mark
        self.tokens = tokens
        self.lows = [token.low for token in tokens]
        self.text = text
        self.floor = 0

    def low(self, at: int) -> str:
        return self.lows[at] if 0 <= at < len(self.lows) else ""

    def touches(self, at: int) -> bool:
        """Whether token `at` touches the one before it."""
        return 0 < at < len(self.tokens) and self.tokens[at].touches

    def kind_of(self, at: int) -> str:
        return self.tokens[at].kind if 0 <= at < len(self.tokens) else ""

    def raw(self, at: int) -> str:
        return self.text[self.tokens[at].start : self.tokens[at].end] if 0 <= at < len(self.tokens) else ""

    def currency_of(self, at: int) -> tuple[str, ...]:
        if not 0 <= at < len(self.tokens):
            return ()
        token = self.tokens[at]
        if token.kind == "symbol":
            return words.CURRENCY_SYMBOLS.get(token.low, ())
        if token.kind == "word":
            raw = self.raw(at)
            if raw in words.CURRENCY_CODES:
                return (raw,)
            return words.CURRENCY_WORDS.get(token.low, ())
        return ()

    def starts_number(self, at: int) -> bool:
        """Whether the currency at `at` belongs to a number that follows it."""
        here = self.past_hyphen(at)
        return self.kind_of(here + 1) == "number" or (self.low(here + 1) in ("-", "+", "(") and self.kind_of(here + 2) == "number")

    def past_hyphen(self, at: int) -> int:
        return at + 1 if self.low(at) == "-" and self.kind_of(at + 1) in ("word", "symbol") and self.touches(at + 1) else at

    def scale_at(self, at: int) -> tuple[int, int] | None:
        here = self.past_hyphen(at)
        low = self.low(here)
        if low not in words.SCALES or (len(low) == 1 and not self.touches(here)):
            return None
        return here + 1, words.SCALES[low]

    def unit_at(self, at: int) -> tuple[int, tuple[UnitClass, Decimal]] | None:
        here = self.past_hyphen(at)
        for length in (3, 2, 1):
            phrase: list[str] = []
            end = here
            while len(phrase) < length and end < len(self.tokens):
                if phrase and self.low(end) == "-" and self.touches(end):
                    end += 1
                    continue
                phrase.append(self.low(end))
                end += 1
            if found := words.UNITS.get(tuple(phrase)):
                return end, found
        if self.low(here) == ")" and self.low(here + 1) == "%" and self.touches(here + 1):
            return here + 2, words.UNITS["%",]
        return None

    def phrase_at(self, at: int, phrases: Sequence[tuple[str, ...]]) -> int | None:
        for phrase in phrases:
            if all(self.low(at + n) == word for n, word in enumerate(phrase)):
                return at + len(phrase)
        return None

    def is_unit_next(self, at: int) -> bool:
        return bool(self.scale_at(at) or self.unit_at(at) or (self.currency_of(at) and not self.starts_number(at)))

    def is_suffix(self, at: int) -> bool:
        """Whether a word that touches digits is a unit and not the rest of a name."""
        low = self.low(at)
        return bool(
            low in words.SCALES or (low,) in words.UNITS or self.currency_of(at) or low in words.CENTS or low in words.ORDINAL_SUFFIXES
            or (low in ("s", "e", "a", "f") and is_year(self.low(at - 1))) or (low == "s" and self.low(at - 2) in (*words.BAND_PARTS, "-"))
        )  # fmt: skip


def is_year(digits: str) -> bool:
    return len(digits) == 4 and digits.isdigit() and digits[:2] in ("19", "20")


def year_of(digits: str) -> int:
    return int(digits) if len(digits) == 4 else 2000 + int(digits)
