"""What a table says of its bare numbers: "(in millions, except per share data)", "RMB million", "$m", "US$'000".

A bare cell "2,703.7" under such words means 2,703.7 million. It does not where the row or the column is per share, a
percentage, a multiple or a count, or where the cell carries a unit of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from pipeline.facts.quantity import UnitClass
from pipeline.facts.vocabulary import vocabulary
from pipeline.grounding import numerals
from pipeline.grounding.names import Sort, common_names
from pipeline.grounding.tables import word_set
from pipeline.grounding.tape import Tape, is_year
from pipeline.grounding.tokens import tokenize

_WORDS = {3: "thousand", 6: "million", 9: "billion", 12: "trillion"}
_BETWEEN = frozenset((",", "'", "’", "‘", "-", "(", "in"))
# "RMBm", "EURbn": a currency and a scale in one word.
_GLUED = re.compile(rf"({'|'.join(sorted(numerals.CURRENCY_CODES))}|RMB|Rmb)(k|mn?|mln|mm|bn?|bln|tn?)")
_SIGNS = frozenset("()+-–*")
_UNSCALED = word_set(
    """
    % percent pct pp bp bps points margin margins rate rates ratio ratios growth yield yoy qoq per eps multiple multiples x times days
    day customers employees headcount stores users subscribers members subscriptions units locations restaurants countries people
    analysts number numbers count
    """
)
_UNSCALED_SIGNS = re.compile(r"\b[yq]/[yq]\b|\(x\)", re.IGNORECASE)
_SHARES = frozenset(("shares", "adss", "ads", "adrs"))
_EXCEPT = re.compile(r"\bexcept\b(?P<rest>[^)]*)", re.IGNORECASE)
_PER_SHARE = re.compile(r"\bper[- ](?:diluted |basic |ordinary |common )?(?:share|ads|adr)s?\b", re.IGNORECASE)
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Scale:
    """What bare numbers are counted in, as words that prose would put around them; empty where nothing is said."""

    word: str = ""
    currency: str = ""
    spares_shares: bool = False
    """Whether numbers of shares are not in this scale."""

    def __bool__(self) -> bool:
        return bool(self.word or self.currency)

    def over(self, other: Scale) -> Scale:
        """This one, and what it leaves open as the other says."""
        return Scale(
            self.word or other.word, self.currency or other.currency, self.spares_shares or (not self.word and other.spares_shares)
        )


NOTHING = Scale()


def stated(text: str) -> Scale:
    """The scale that a caption, a head or a label states. A number with its unit ("RMB 2.7 million") states none."""
    if not text or len(text) > _LONGEST:
        return NOTHING
    if glued := _GLUED.search(text):
        return Scale(_WORDS[numerals.SCALES[glued[2].lower()]], glued[1])
    tape = Tape(tokenize(text), text)
    for at in range(len(tape.tokens)):
        if (power := _power(tape, at)) is None:
            continue
        before = _skipped(tape, at)
        currency = _currency(tape, before)
        is_long = len(tape.low(at)) > 3
        has_in = any(tape.low(n) == "in" for n in range(before + 1, at))
        is_alone = all(tape.low(n) in ("(", ")", "'", "’") for n in range(len(tape.tokens)) if n != at)
        if not (currency or (is_long and (has_in or is_alone))):
            continue
        return Scale(_WORDS[power], currency or _behind(tape, at), _spares_shares(text))
    return NOTHING


def of_column(head: str) -> Scale:
    """What a column's head states; a currency alone counts as well."""
    if scale := stated(head):
        return scale
    tape = Tape(tokenize(head), head)
    found = {currency for at in range(len(tape.tokens)) if (currency := _currency(tape, at))}
    return Scale(currency=found.pop()) if len(found) == 1 else NOTHING


def around(cell: str, label: str, head: str, scale: Scale) -> tuple[str, str]:
    """The words to read before and behind a cell; empty where it speaks for itself."""
    if not scale or (bare := _bare(cell)) is None:
        return "", ""
    currency, is_year_like = bare
    kind = _kind(f"{label} | {head}")
    if kind is None or (is_year_like and kind != "named"):
        return "", ""
    if kind == "shares":
        return "", "" if scale.spares_shares or not scale.word else f" {scale.word}"
    return f"{scale.currency} " if scale.currency and not currency else "", f" {scale.word}" if scale.word else ""


# -- statements ------------------------------------------------------------------------------------------------------------------


def _power(tape: Tape, at: int) -> int | None:
    """The power of ten that a word states: million, mn, m, '000."""
    if tape.low(at) == "000" and tape.low(at - 1) in ("'", "’", "‘", "$", "€", "£", "¥"):
        return 3
    if tape.kind_of(at) != "word" or (tape.low(at) == "t" and tape.low(at - 1) in ("'", "’")):
        return None
    return numerals.SCALES.get(tape.low(at))


def _skipped(tape: Tape, at: int) -> int:
    """The token before `at` that is more than "in" or a comma."""
    at -= 1
    while tape.low(at) in _BETWEEN:
        at -= 1
    return at


def _currency(tape: Tape, at: int) -> str:
    """The currency that ends at `at`, as it is written: RMB, US$, $."""
    if not tape.currency_of(at):
        return ""
    if tape.low(at) == "$" and tape.touches(at) and tape.low(at - 1) in numerals.DOLLAR_PREFIXES:
        return f"{tape.raw(at - 1)}$"
    if tape.low(at) in ("dollars", "dollar") and tape.low(at - 1) in ("us", "u.s", "s", "."):
        return "US$"
    return tape.raw(at)


def _behind(tape: Tape, at: int) -> str:
    """The currency in "in thousands of Renminbi", "in millions of U.S. dollars", "in millions, USD"."""
    for here in range(at + 1, at + 8):
        if tape.low(here) == "except":
            break
        if currency := _currency(tape, here):
            return currency
    return ""


def _spares_shares(text: str) -> bool:
    found = _EXCEPT.search(text)
    return found is not None and "share" in _PER_SHARE.sub("", found["rest"]).lower().replace("per share", "")


# -- cells -----------------------------------------------------------------------------------------------------------------------


def _bare(cell: str) -> tuple[bool, bool] | None:
    """(has a currency, may be a year) of a cell that holds one number and no unit; None for any other."""
    tape = Tape(tokenize(cell), cell)
    numbers = [token for token in tape.tokens if token.kind == "number"]
    if len(numbers) != 1:
        return None
    currencies = [at for at in range(len(tape.tokens)) if _currency(tape, at)]
    parts = {*currencies, *(at - 1 for at in currencies if tape.low(at) == "$" and tape.low(at - 1) in numerals.DOLLAR_PREFIXES)}
    if any(at not in parts and token.kind != "number" and token.low not in _SIGNS for at, token in enumerate(tape.tokens)):
        return None
    return bool(currencies), is_year(numbers[0].low) and not currencies


@lru_cache(maxsize=4096)
def _kind(words: str) -> str | None:
    """What a row's label and a column's head make of a bare number: "named" money, "money", "shares", or None for no amount."""
    tokens = tokenize(words)
    if any(token.low in _UNSCALED for token in tokens) or _UNSCALED_SIGNS.search(words):
        return None
    units = {vocabulary()[name].unit for name in _metrics(cue.value for cue in common_names().cues(tokens) if cue.sort is Sort.METRIC)}
    if units - {UnitClass.MONEY, UnitClass.SHARES}:
        return None
    if UnitClass.SHARES in units or any(token.low in _SHARES for token in tokens):
        return "shares"
    return "named" if units else "money"


def _metrics(values: Iterable[object]) -> list[str]:
    return [value for value in values if isinstance(value, str)]
