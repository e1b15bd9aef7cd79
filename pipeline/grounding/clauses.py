"""A sentence cut at its figures, and what stands between them.

The numbers that are figures cut a sentence into gaps. What stands in a gap belongs to the figure before it up to the
first separator (a comma, "and", "from", ...), and to the figure after it from there on; without a separator, to both:
in "0.4% below consensus of CNY 2,715m" the word consensus speaks of either.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from pipeline.grounding import lexicon
from pipeline.grounding.names import ADJUSTED, UNADJUSTED, Cue, Sort
from pipeline.grounding.numbers import Kind, Number, PeriodLabel
from pipeline.grounding.tokens import Token

Span = tuple[int, int]
"""Tokens from the first to the last, exclusive."""
_AHEAD = frozenset(("next", "coming", "following", "another", "further"))
_JOINING = frozenset(("and", "or", "/", "versus", "vs", "to", "from"))
_COMPARING = frozenset(("more than", "less than", "fewer than"))
_SPANS = frozenset(("months", "weeks", "quarter", "half", "year", "period"))
_BEFORE_PERIOD = frozenset(("the", "end", "of", "late", "early", "start"))
_PREFIXES = frozenset(("pre", "post", "non", "un", "ex", "sub", "de"))
_DATED = frozenset(("authorization", "authorisation", "program", "programme", "notes", "bonds", "plan", "convertible", "convertibles"))
_OPENING = frozenset(("(", "["))
_CLOSING = frozenset((")", "]"))
_NEUTRAL = lexicon.FILLERS | {"of", "in", "for", "at", "was", "were", "is", "are", "has", "had", "been"} | lexicon.LEVEL_VERBS


class Clauses:
    """One sentence: its tokens, its numbers, and its phrases by where they stand. `figures` are the numbers that are no structure."""

    def __init__(self, tokens: Sequence[Token], span: Span, numbers: Sequence[Number], cues: Sequence[Cue]) -> None:
        self.tokens, self.numbers = tokens, numbers
        self.first, self.last = span
        self.lows = [token.low for token in tokens[span[0] : span[1]]]
        self.is_net_cash = ("net", "cash") in pairwise(self.lows)
        """Net cash is net debt below zero."""
        self.figures = [number for number in numbers if number.kind is None]
        self._bracketed = {number.first for number in self.figures if self._is_bracketed(number)}
        self.starts = {self.start_of(number) for number in self.figures}
        horizons = {number.first: number.last for number in numbers if number.kind is Kind.HORIZON}
        # "CET1" is a name with a digit, and part of a metric's.
        taken = {at for n in numbers if n.label is None and n.kind is not Kind.NAME for at in range(n.first, n.last)}
        # "Twelve months ago" is a period though "twelve months" is a number.
        taken -= {
            at
            for cue in cues
            if cue.sort is Sort.PERIOD and self.tokens[cue.first - 1].low not in _AHEAD
            if any(cue.first <= first and last <= cue.last for first, last in horizons.items())
            for at in range(cue.first, cue.last)
        }
        # "More than" is a hedge, and a direction where a figure ends right before it: "$0.9bn more than a year earlier".
        ends = {number.last for number in self.figures}
        starts = {number.first for number in numbers if number.kind is Kind.HORIZON}
        # "Over twelve months" says when, and neither more nor up.
        cues = [cue for cue in cues if not (cue.phrase in ("over", "under") and cue.last in starts)]
        hidden = {
            at
            for cue in cues
            if cue.sort is Sort.IDIOM and not (cue.first in ends and cue.phrase in _COMPARING)
            for at in range(cue.first, cue.last)
        }
        parts = {at for cue in cues if cue.sort is Sort.SEGMENT and cue.last - cue.first > 1 for at in range(cue.first, cue.last)}
        hidden |= parts
        metrics = [cue for cue in cues if cue.sort is Sort.METRIC]
        # The "currency adjusted" of "Currency adjusted EPS" is no basis: its second word belongs to the metric.
        cues = [cue for cue in cues if not (cue.sort is Sort.BASIS and any(cue.first < m.first < cue.last < m.last for m in metrics))]
        quarters = {at for n in numbers if n.label is not None and self.low(n.first) == "last" for at in range(n.first, n.last)}
        cues = [cue for cue in cues if not (cue.sort is Sort.PERIOD and not quarters.isdisjoint(range(cue.first, cue.last)))]
        self.cues = [
            cue for cue in cues if not (cue.sort is Sort.DIRECTION and cue.first in hidden) and taken.isdisjoint(range(cue.first, cue.last))
        ]
        self.label_at = {at: number for number in numbers if number.label is not None for at in range(number.first, number.last)}
        self.ending = {(cue.last, cue.sort): cue for cue in self.cues}
        self.direction_at = {cue.first: cue for cue in self.cues if cue.sort is Sort.DIRECTION}
        self.joint: list[Cue] = []
        """Words of basis that stand side by side before one metric: "GAAP and non-GAAP"."""
        self.covering = self._covering()
        self.metrics = self._metrics()
        self.metric_at = {cue.first: cue for cue in self.metrics}
        self.segments = self._segments()
        self.named_segments = tuple(dict.fromkeys(cue.value for cue in self.segments))
        self.heading = self._heading()
        self._lefts: dict[int, Span] = {}
        self._rights: dict[int, Span] = {}

    def _covering(self) -> dict[int, Cue]:
        """The longest phrase over each token, words of direction and hedges apart: those never hide another."""
        found: dict[int, Cue] = {}
        for cue in self.cues:
            if cue.sort not in (Sort.COMPANY, Sort.DIRECTION, Sort.APPROXIMATION, Sort.IDIOM):
                for at in range(cue.first, cue.last):
                    known = found.get(at)
                    if known is None or known.last - known.first < cue.last - cue.first:
                        found[at] = cue
        return found

    def _metrics(self) -> list[Cue]:
        """Metric phrases, and loose words ("margins") where none covers them. "In constant currency" names a basis, no metric."""
        bases = {(cue.first, cue.last) for cue in self.cues if cue.sort is Sort.BASIS}
        # The "sales" of "Sales and marketing", and "services" where that is a segment, are no metrics.
        parts = {at for cue in self.cues if cue.sort is Sort.SEGMENT and cue.last - cue.first > 1 for at in range(cue.first, cue.last)}
        exact = [
            cue
            for cue in self.cues
            if cue.sort is Sort.METRIC and (cue.first, cue.last) not in bases and not parts.issuperset(range(cue.first, cue.last))
        ]
        covered = {at for cue in exact for at in range(cue.first, cue.last)}
        loose = [cue for cue in self.cues if cue.sort is Sort.FAMILY and cue.first not in covered and cue.first not in parts]
        return sorted([self._on_both_bases(cue) for cue in exact] + loose, key=lambda cue: cue.first)

    def _on_both_bases(self, cue: Cue) -> Cue:
        """ "GAAP and non-GAAP operating margin" names two metrics."""
        first = self.ending[cue.first, Sort.BASIS].first if (cue.first, Sort.BASIS) in self.ending else cue.first
        joined = first - 1
        if joined > self.first and self.low(joined) in _JOINING:
            before = self.ending.get((joined, Sort.BASIS))
            self.joint += [cue for cue in (before, self.ending.get((cue.first, Sort.BASIS))) if cue is not None]
            if before is not None or self.low(joined - 1) in ("reported", "stated"):
                pair = (cue.value, ADJUSTED.get(cue.value) or UNADJUSTED.get(cue.value) or cue.value)
                return Cue(Sort.FAMILY, pair, cue.first, cue.last, cue.phrase)
        return cue

    def _segments(self) -> list[Cue]:
        """Segments by their names, and by one word or some words of them where no name or metric has those words already."""
        longer = [cue for cue in self.cues if cue.sort in (Sort.METRIC, Sort.COMPANY)]
        some = [cue for cue in self.cues if cue.sort is Sort.PART_SEGMENT and not self._is_prefixed(cue)]
        full = [
            cue
            for cue in self.cues
            if cue.sort is Sort.SEGMENT
            and not self._is_prefixed(cue)
            and not any(_is_within(cue, other) and (other.sort is not Sort.METRIC or other.last == cue.last) for other in (*longer, *some))
        ]
        covered = {
            at
            for cue in (*full, *self.metrics)
            if cue.last - cue.first > 1 or cue.sort is Sort.SEGMENT
            for at in range(cue.first, cue.last)
        }
        short = [cue for cue in self.cues if cue.sort is Sort.SHORT_SEGMENT and cue.first not in covered]
        covered |= {cue.first for cue in short}
        some = [cue for cue in some if covered.isdisjoint(range(cue.first, cue.last))]
        return sorted(full + short + some, key=lambda cue: cue.first)

    def _is_prefixed(self, cue: Cue) -> bool:
        """Whether a prefix turns the name into another word: the "fee" of "pre-fee", the "annualized" of "un-annualized"."""
        at = cue.first - 1
        return at > self.first and self.low(at) == "-" and self.tokens[at].touches and self.low(at - 1) in _PREFIXES

    def _heading(self) -> Span:
        """What stands before the sentence's colon, if no figure does: "Consensus: revenue of ..., EPS of ..."."""
        for at in range(self.first, self.figures[0].first if self.figures else self.first):
            if self.tokens[at].low == ":":
                return self.first, at
        return self.first, self.first

    # -- gaps --------------------------------------------------------------------------------------------------------------------

    def low(self, at: int) -> str:
        return self.tokens[at].low

    def start_of(self, number: Number) -> int:
        """The figure's first token, or the bracket that holds the figure alone: "a touch (0.4%) short of"."""
        return number.first - (number.first in self._bracketed)

    def end_of(self, number: Number) -> int:
        return number.last + (number.first in self._bracketed)

    def _is_bracketed(self, number: Number) -> bool:
        inside = self.first < number.first and number.last < self.last
        return inside and self.low(number.first - 1) in _OPENING and self.low(number.last) in _CLOSING

    def gap(self, order: int) -> Span:
        """The tokens before figure `order`, back to the figure before it."""
        start = self.end_of(self.figures[order - 1]) if order > 0 else self.first
        end = self.start_of(self.figures[order]) if order < len(self.figures) else self.last
        return start, max(start, end)

    def left(self, order: int) -> Span:
        if order not in self._lefts:
            self._lefts[order] = self._left(order)
        return self._lefts[order]

    def right(self, order: int) -> Span:
        if order not in self._rights:
            self._rights[order] = self._right(order)
        return self._rights[order]

    def _left(self, order: int) -> Span:
        """What stands before a figure and may belong to it."""
        start, end = self.gap(order)
        if order == 0:
            return start, end
        first = self._separator(self._past_bracket(start, end), end, start)
        breaks = [at for at in range(first, end) if self.low(at) in lexicon.BREAKS and at not in self.covering]
        return (breaks[-1] if breaks else first), end

    def _right(self, order: int) -> Span:
        """What stands behind a figure and may belong to it: "30.7% (Q2 FY24)", "30.7% in Q2 FY24"."""
        start, end = self.gap(order + 1)
        past = self._past_bracket(start, end)
        end = self._separator(past, end, end)
        return start, self._strangers(past, end) if order + 1 < len(self.figures) else end

    def _past_bracket(self, start: int, end: int) -> int:
        """Behind a bracket without figures that opens at `start`; `start` where there is none."""
        if start < end and self.low(start) in _OPENING:
            return next((at + 1 for at in range(start, end) if self.low(at) in _CLOSING), start)
        return start

    def _strangers(self, start: int, end: int) -> int:
        """Where a second unknown word stands: what comes after it speaks of the next figure."""
        count = 0
        for at in range(start, end):
            if self.is_strange(at) or self.low(at) in lexicon.LEVEL_VERBS:
                count += 1
                if count > 1:
                    return at
        return end

    def is_strange(self, at: int) -> bool:
        """Whether a word is none that belongs to a figure: no link, verb of level, direction, hedge, or known phrase."""
        low = self.low(at)
        return (
            low[0].isalpha()
            and low not in _NEUTRAL
            and low not in lexicon.LINKS
            and at not in self.covering
            and at not in self.label_at
            and not self.is_direction(at)
        )

    def is_direction(self, at: int) -> bool:
        return any(cue.first <= at < cue.last for cue in (self.direction_at.get(at), self.direction_at.get(at - 1)) if cue is not None)

    def _separator(self, start: int, end: int, otherwise: int) -> int:
        for at in range(start, end):
            if self.low(at) == "to" and at + 1 in self.label_at and (self.low(at - 1) in _SPANS or at - 1 in self.label_at):
                # "In the three months to July 2023".
                continue
            if self.low(at) in lexicon.SEPARATORS and at not in self.covering and at not in self.label_at:
                return at
        return otherwise

    def plain_words(self, span: Span) -> set[str]:
        """The words that belong to no phrase, fillers left out."""
        return {self.low(at) for at in range(*span) if at not in self.covering and at not in self.label_at} - lexicon.FILLERS

    # -- what stands in them -------------------------------------------------------------------------------------------------------

    def inside(self, sort: Sort, span: Span) -> list[Cue]:
        return [cue for cue in self.cues if cue.sort is sort and span[0] <= cue.first and cue.last <= span[1]]

    def said(self, sort: Sort, span: Span) -> list[Any]:
        """The values of phrases in a span, without those that are part of a metric's name ("adjusted EBITDA margin")."""
        return [cue.value for cue in self.inside(sort, span) if not self._is_in_metric(cue) and cue not in self.joint]

    def labels(self, span: Span) -> tuple[PeriodLabel, ...]:
        """The periods named in a span, without those since which something is measured."""
        inside = (n for n in self.numbers if n.label is not None and span[0] <= n.first and n.last <= span[1])
        return tuple(n.label for n in inside if n.label is not None and not self.is_since(n) and not self._is_name(n))

    def _is_name(self, number: Number) -> bool:
        """Whether a date is part of a name: "the May 2024 repurchase authorization"."""
        return any(self.low(at) in _DATED for at in range(number.last, min(number.last + 3, self.last)))

    def is_since(self, number: Number) -> bool:
        """Whether a period is where a change began: "since December", "since the end of last year"."""
        at = number.first - 1
        while at > self.first and self.low(at) in _BEFORE_PERIOD:
            at -= 1
        return self.low(at) == "since"

    def before_verb(self, span: Span) -> Span:
        """The part of a span before its first direction word: what "of $1.65 beat consensus" says of the $1.65."""
        return span[0], min((cue.first for cue in self.inside(Sort.DIRECTION, span)), default=span[1])

    def is_inside_phrase(self, at: int) -> bool:
        """Whether a token is one of several of a phrase: the "versus" of "versus a year ago" links nothing."""
        cue = self.covering.get(at)
        return cue is not None and cue.last - cue.first > 1

    def _is_in_metric(self, cue: Cue) -> bool:
        covering = self.covering.get(cue.first)
        return covering is not None and covering.sort is Sort.METRIC and covering.last - covering.first > cue.last - cue.first


def _is_within(cue: Cue, other: Cue) -> bool:
    """Whether a phrase is only part of another: the "tax rate" of "adjusted tax rate"."""
    return other.first <= cue.first and cue.last <= other.last and other.last - other.first > cue.last - cue.first


def metrics_of(cue: Cue) -> tuple[str, ...]:
    """The metric ids that a phrase may mean: one, or a family ("margins")."""
    return tuple(cue.value) if cue.sort is Sort.FAMILY else (cue.value,)


def all_metrics_of(cues: Sequence[Cue]) -> tuple[str, ...]:
    """The metric ids of several phrases, each once."""
    return tuple(dict.fromkeys(name for cue in cues for name in metrics_of(cue)))
