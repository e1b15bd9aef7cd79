"""Phrases -> what they mean: the vocabulary's metrics, a sheet's segments, and the lexicon's words, in one trie.

One pass over the tokens finds every phrase; within one sort of phrase the longest match decides and hides what it covers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cache
from typing import Any

from pipeline.facts.figures import slug
from pipeline.facts.sheet import FactSheet
from pipeline.facts.vocabulary import vocabulary
from pipeline.grounding import lexicon
from pipeline.grounding.lexicon import BasisWord
from pipeline.grounding.tokens import Token, tokenize

# These do not count as words of a phrase: "year-on-year", "y/y", "R&D".
_JOINERS = frozenset(("-", "/", "&", "–"))
# Growth "in constant currency" is said of revenue: these metrics' phrases state a basis too.
_BASIS_METRICS = {"constant_currency_growth": BasisWord.CONSTANT_CURRENCY, "organic_growth": BasisWord.ORGANIC}


class Sort(Enum):
    """What a phrase tells."""

    METRIC = auto()
    FAMILY = auto()
    SEGMENT = auto()
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
        for token in tokenize(phrase):
            if token.low not in _JOINERS:
                node = node.following.setdefault(token.low, _Node())
        if node is not self._root:
            node.meanings.setdefault(sort, value)

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
            if tokens[at].low in _JOINERS and passed:
                at += 1
                continue
            step = node.following.get(tokens[at].low)
            if step is None:
                break
            passed.append(tokens[at].low)
            node, at = step, at + 1
            for sort, value in node.meanings.items():
                best[sort] = Cue(sort, value, first, at, " ".join(passed))
        return best.values()


@cache
def common_names() -> Names:
    """The vocabulary and the lexicon."""
    names = Names()
    for metric in vocabulary().values():
        for name in metric.names:
            names.add(name, Sort.METRIC, metric.id)
            if basis := _BASIS_METRICS.get(metric.id):
                names.add(name, Sort.BASIS, basis)
    tables: tuple[tuple[dict[str, Any], Sort], ...] = (
        (lexicon.FAMILIES, Sort.FAMILY),
        (lexicon.DIRECTIONS, Sort.DIRECTION),
        (lexicon.APPROXIMATORS, Sort.APPROXIMATION),
        (lexicon.PERIODS, Sort.PERIOD),
        (lexicon.BASES, Sort.BASIS),
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
    for segment in {fact.segment for fact in sheet.facts if fact.segment is not None}:
        for phrase in _spellings(segment):
            names.add(phrase, Sort.SEGMENT, slug(segment))
    return names


def _spellings(segment: str) -> Iterable[str]:
    """`Client Computing Group (CCG)` -> that, "client computing group", "client computing", "ccg"."""
    yield segment
    plain, bracket, inside = segment.partition(" (")
    if bracket and len(inside) > 2:
        yield plain
        yield inside.rstrip(")")
    for ending in (" group", " segment", " business", " division"):
        if plain.lower().endswith(ending):
            yield plain[: -len(ending)]
