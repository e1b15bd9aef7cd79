"""Text -> tokens. One pass, one regular expression without nested or overlapping repeats: linear in the text's length."""

from __future__ import annotations

import re
from typing import NamedTuple

# Every repeat is bounded or closed by a character that the repeat itself cannot hold, so no text makes it backtrack far.
_TOKEN = re.compile(
    r"""
    (?P<url>(?:https?://|www\.)[^\s<>]{1,2000})
    |(?P<mail>[A-Za-z0-9._+-]{1,64}+@[A-Za-z0-9-]{1,63}\.[A-Za-z0-9.-]{1,64})
    |(?P<phone>\+[0-9]{1,3}[ -]\(?[0-9]{1,4}\)?(?:[ -][0-9]{2,4}){1,4}(?![0-9.,%])|(?<![0-9])\(?[0-9]{3}\)?[ -][0-9]{3}-[0-9]{4}(?![0-9]))
    |(?P<isin>\b[A-Z]{2}[A-Z0-9]{9}[0-9]\b)
    |(?P<date>\b[0-9]{4}-[0-9]{2}-[0-9]{2}\b|\b[0-9]{1,2}/[0-9]{1,2}/(?:[0-9]{4}|[0-9]{2})\b)
    |(?P<number>\d+(?:[.,，．٫٬]\d+)*|(?<![\w.])\.[0-9]+)
    |(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)*)
    |(?P<symbol>\S)
    """,
    re.VERBOSE,
)
_DASHES = str.maketrans({"−": "-", "‐": "-", "‑": "-", "﹣": "-", "－": "-", "‒": "–"})
_POSSESSIVES = ("'s", "’s")
# No sentence of prose has so many words and signs. The cut keeps the time for a page without full stops linear.
_LONGEST = 250
_STOPS = frozenset(".!?…。")
_CLOSERS = frozenset("\"'”’)]»")


class Token(NamedTuple):
    """One word, number or sign of a text.

    `kind` is the pattern's group, or "script" for a number with digits other than 0 to 9; `low` the text in lower case, with
    dashes unified and a possessive's s dropped.
    """

    kind: str
    low: str
    start: int
    end: int
    touches: bool
    """No space stands between this token and the one before."""
    is_capital: bool = False
    """It starts with a capital."""


def tokenize(text: str) -> list[Token]:
    tokens: list[Token] = []
    last = -1
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "symbol"
        start, end = match.span()
        low = match[0].lower()
        if kind == "word":
            if low.endswith(_POSSESSIVES):
                low = low[:-2]
        elif kind == "number":
            if not low.isascii():
                kind = "script"
        else:
            low = low.translate(_DASHES)
        tokens.append(Token(kind, low, start, end, start == last, text[start].isupper()))
        last = end
    return tokens


def sentences(text: str, tokens: list[Token], abbreviations: frozenset[str]) -> list[tuple[int, int]]:
    """Token ranges of the sentences. A full stop ends one unless it follows an abbreviation or touches what comes next."""
    found: list[tuple[int, int]] = []
    first = 0
    for n, token in enumerate(tokens):
        after = tokens[n + 1] if n + 1 < len(tokens) else None
        ends = after is None or n - first >= _LONGEST or "\n\n" in text[token.end : after.start]
        if not ends and after is not None and not after.touches:
            stop = n - 1 if token.low in _CLOSERS and n > 0 and token.touches else n
            ends = tokens[stop].low in _STOPS and not (
                tokens[stop].low == "."
                and stop > 0
                and _shortens(tokens[stop - 1], tokens[stop], abbreviations)
                and not (stop > 1 and tokens[stop - 1].touches and (tokens[stop - 2].kind == "number" or tokens[stop - 2].low == "/"))
            )
        if ends:
            found.append((first, n + 1))
            first = n + 1
    return found


def _shortens(word: Token, stop: Token, abbreviations: frozenset[str]) -> bool:
    """Whether the full stop belongs to the word: "vs.", "U.S."; the m of "$567m." is a scale."""
    return stop.touches and (word.low in abbreviations or (word.kind == "word" and len(word.low) == 1))
