"""Phrases -> what they mean: the vocabulary's metrics, a sheet's segments, and the words of `lexicon` and `topics`, in one trie.

One pass over the tokens finds every phrase; within one sort of phrase the longest match decides and hides what it covers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, auto
from functools import cache
from typing import Any

from pipeline.facts.figures import slug
from pipeline.facts.sheet import FactSheet
from pipeline.facts.vocabulary import vocabulary
from pipeline.grounding import lexicon, spellings, topics
from pipeline.grounding.tokens import Token, tokenize
from pipeline.grounding.topics import BasisWord

# These do not count as words of a phrase: "year-on-year", "y/y", "R&D".
_JOINERS = frozenset(("-", "/", "&", "–"))
# Growth "in constant currency" is said of revenue: these metrics' phrases state a basis too.
_BASIS_METRICS = {"constant_currency_growth": BasisWord.CONSTANT_CURRENCY, "organic_growth": BasisWord.ORGANIC}


# What prose puts before a metric's name to say that it is the company's own, and what is in the name already.
_ADJUSTED_PREFIXES = ("adjusted", "adj", "non gaap", "non ifrs", "core", "underlying", "normalized", "normalised", "comparable")
_BASIS_PREFIXES = (*_ADJUSTED_PREFIXES, "gaap", "ifrs", "reported", "statutory")
# A metric by GAAP or IFRS -> the same as the company adjusts it.
ADJUSTED = {
    "eps_diluted" if name == "adjusted_eps" else name.removeprefix("adjusted_"): name
    for name in vocabulary()
    if name.startswith("adjusted_") and (name == "adjusted_eps" or name.removeprefix("adjusted_") in vocabulary())
}
UNADJUSTED = {adjusted: plain for plain, adjusted in ADJUSTED.items()}


class Sort(IntEnum):
    """What a phrase tells."""

    METRIC = auto()
    FAMILY = auto()
    SEGMENT = auto()
    SHORT_SEGMENT = auto()
    """One common word of a segment's name, which only a capital tells from the word itself: "Data", "Services"."""
    PART_SEGMENT = auto()
    """Some words of a segment's name that no other segment has: "bottling" of Bottling Investments. It allows, and refuses nothing."""
    COMPANY = auto()
    DIRECTION = auto()
    APPROXIMATION = auto()
    PERIOD = auto()
    BASIS = auto()
    IDIOM = auto()
    """A phrase whose words mean nothing of their own: the "up" of "made up of"."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A phrase found over the tokens `first` to `last` (exclusive)."""

    sort: Sort
    value: Any
    first: int
    last: int
    phrase: str


@dataclass(slots=True)
class _Node:
    following: dict[str, _Node] = field(default_factory=dict)
    meanings: dict[Sort, Any] = field(default_factory=dict)


class Names:
    """A trie of phrases; `parent` holds those that are the same for every sheet."""

    def __init__(self, parent: Names | None = None) -> None:
        self._root = _Node()
        self._parent = parent

    def add(self, phrase: str, sort: Sort, value: Any) -> None:
        node = self._root
        before = ""
        for token in tokenize(phrase):
            if token.low not in _JOINERS and not (token.low == "." and before in lexicon.ABBREVIATIONS):
                node = node.following.setdefault(token.low, _Node())
            before = token.low
        if node is not self._root:
            node.meanings.setdefault(sort, value)

    def has(self, phrase: str) -> bool:
        """Whether the whole phrase means something."""
        node: _Node | None = self._root
        for token in tokenize(phrase):
            if node is not None and token.low not in _JOINERS:
                node = node.following.get(token.low)
        return node is not None and bool(node.meanings)

    def cues(self, tokens: Sequence[Token]) -> list[Cue]:
        """Every phrase in the tokens, in order. Of one sort, none overlaps another."""
        found = self._parent.cues(tokens) if self._parent else []
        free = dict.fromkeys(Sort, 0)
        for first in range(len(tokens)):
            if tokens[first].low in self._root.following:
                for cue in self._longest(tokens, first):
                    if first >= free[cue.sort]:
                        free[cue.sort] = cue.last
                        found.append(cue)
        if self._parent:
            found.sort(key=lambda cue: cue.first)
        return found

    def _longest(self, tokens: Sequence[Token], first: int) -> Iterable[Cue]:
        best: dict[Sort, Cue] = {}
        node, at = self._root, first
        passed: list[str] = []
        while at < len(tokens):
            low = tokens[at].low
            if passed and (low in _JOINERS or (low == "." and tokens[at].touches and passed[-1] in lexicon.ABBREVIATIONS)):
                at += 1
                continue
            step = node.following.get(tokens[at].low)
            if step is None:
                break
            passed.append(tokens[at].low)
            node, at = step, at + 1
            for sort, value in node.meanings.items():
                if sort is not Sort.SHORT_SEGMENT or tokens[first].is_capital:
                    best[sort] = Cue(sort, value, first, at, " ".join(passed))
        return best.values()


@cache
def common_names() -> Names:
    """The vocabulary, and the words of `lexicon` and `topics`."""
    names = Names()
    for metric in vocabulary().values():
        for name in metric.names:
            names.add(name, Sort.METRIC, metric.id)
            if (adjusted := ADJUSTED.get(metric.id)) and not name.startswith(_BASIS_PREFIXES):
                for prefix in _ADJUSTED_PREFIXES:
                    names.add(f"{prefix} {name}", Sort.METRIC, adjusted)
            if basis := _BASIS_METRICS.get(metric.id):
                names.add(name, Sort.BASIS, basis)
    tables: tuple[tuple[dict[str, Any], Sort], ...] = (
        (topics.FAMILIES, Sort.FAMILY),
        (lexicon.DIRECTIONS, Sort.DIRECTION),
        (lexicon.APPROXIMATORS, Sort.APPROXIMATION),
        (topics.PERIODS, Sort.PERIOD),
        (topics.BASES, Sort.BASIS),
    )
    for table, sort in tables:
        for phrase, value in table.items():
            names.add(phrase, sort, value)
    for phrase in lexicon.IDIOMS:
        names.add(phrase, Sort.IDIOM, True)
    return names


def names_of(sheet: FactSheet) -> Names:
    """The common names and the sheet's segments."""
    names = Names(common_names())
    names.add(sheet.company.short_name, Sort.COMPANY, True)
    segments = sorted({fact.segment for fact in sheet.facts if fact.segment is not None})
    for segment in segments:
        for phrase in spellings.whole(segment, sheet.company.short_name):
            names.add(phrase, Sort.SEGMENT, slug(segment))
    for segment in segments:
        for word in spellings.short(segment):
            names.add(word, Sort.SHORT_SEGMENT, slug(segment))
    for phrase, segment in spellings.parts(segments, sheet.company.short_name):
        if not common_names().has(phrase):
            names.add(phrase, Sort.PART_SEGMENT, slug(segment))
    return names
