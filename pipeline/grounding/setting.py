"""What a sentence says as a whole, whichever of its numbers it says it of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from pipeline.facts.quantity import UnitClass
from pipeline.grounding import lexicon
from pipeline.grounding.clauses import Clauses, all_metrics_of
from pipeline.grounding.lexicon import Direction
from pipeline.grounding.models import Setting
from pipeline.grounding.names import Sort
from pipeline.grounding.numbers import Kind, Number
from pipeline.grounding.spellings import roots

_MANAGEMENT = frozenset(("management", "ceo", "cfo", "board", "executives"))
_DAYS = {"week": 7, "weeks": 7, "month": 30, "months": 30}
_AHEAD = frozenset(("next", "coming", "following"))
_PAST = frozenset(("last", "past", "previous", "trailing"))
_FALLING = frozenset((Direction.DOWN, Direction.NARROWER, Direction.WORSE))
_NAMES = (Sort.METRIC, Sort.SEGMENT)


class Before(NamedTuple):
    """What the sentence before speaks of."""

    metrics: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    words: frozenset[str] = frozenset()
    """The first letters of its words."""


def setting_of(clauses: Clauses, numbers: Sequence[Number], before: Before) -> Setting:
    """The setting of a sentence behind another."""
    words = frozenset(clauses.lows)
    return Setting(
        said=frozenset(cue.value for cue in clauses.cues if cue.sort is Sort.PERIOD),
        labels_said=tuple(number.label for number in numbers if number.label is not None),
        bases_said=frozenset(cue.value for cue in clauses.cues if cue.sort is Sort.BASIS),
        named=all_metrics_of(clauses.metrics),
        recalled=before.metrics,
        named_segments=tuple(dict.fromkeys((*clauses.named_segments, *before.segments))),
        in_order=_in_order(clauses),
        words=roots(clauses.lows) | before.words,
        spans=frozenset(_spans(clauses, numbers)),
        is_modal=not words.isdisjoint(lexicon.MODAL),
        is_future=not words.isdisjoint(lexicon.FUTURE),
        is_told_as_past=not words.isdisjoint(lexicon.TOLD_AS_PAST),
        is_trend=_is_trend(clauses, numbers),
        is_managements=not words.isdisjoint(_MANAGEMENT),
        is_contrast=not words.isdisjoint(lexicon.REPORTED),
        is_fall_said=not words.isdisjoint(lexicon.FALLS)
        or any(cue.sort is Sort.DIRECTION and cue.value in _FALLING for cue in clauses.cues),
        is_share=_is_share(clauses, words),
        is_gap=not words.isdisjoint(lexicon.GAPS),
        is_sum=_says(clauses, lexicon.SUMS) or _is_addition(clauses),
        is_average=_says(clauses, lexicon.AVERAGES),
        is_ratio=_says(clauses, lexicon.RATIOS),
    )


def _spans(clauses: Clauses, numbers: Sequence[Number]) -> Iterator[int]:
    for number in numbers:
        if number.kind is Kind.HORIZON and number.value is not None and clauses.low(number.first - 1) not in _AHEAD:
            days = next((_DAYS[low] for low in (clauses.low(at) for at in range(number.first, number.last)) if low in _DAYS), None)
            if days is not None:
                yield int(number.value * days)
    for one, other in pairwise(number.label for number in numbers):
        if one is not None and other is not None and one.month is not None and other.month is not None and one.day is other.day is None:
            # "Between January and June".
            yield ((other.month - one.month) % 12 + 1) * _DAYS["month"]


def _in_order(clauses: Clauses) -> tuple[str, ...]:
    cues = sorted((*clauses.metrics, *clauses.segments), key=lambda cue: cue.first)
    return tuple(name for cue in cues for name in (cue.value if cue.sort is Sort.FAMILY else (cue.value,)))


def _says(clauses: Clauses, words: frozenset[str]) -> bool:
    """Whether one of the words stands in the sentence and is no part of a name: not the "average" of "average selling price"."""
    at_word = (at for at in range(clauses.first, clauses.last) if clauses.low(at) in words)
    return any((cue := clauses.covering.get(at)) is None or cue.sort not in _NAMES for at in at_word)


def _is_addition(clauses: Clauses) -> bool:
    """Whether a plus stands between two numbers, and not before one as its sign: "$500m + dividends $223m"."""
    return any(clauses.low(at) == "+" and not clauses.tokens[at + 1].touches for at in range(clauses.first, clauses.last - 1))


def _is_share(clauses: Clauses, words: frozenset[str]) -> bool:
    of = any(n.unit is UnitClass.PERCENT and n.last < clauses.last and clauses.low(n.last) == "of" for n in clauses.figures)
    # "Of the extra $213.4m, $137.1m reached gross profit. That is 64.3%".
    that = any(n.unit is UnitClass.PERCENT and clauses.lows[:2] in (["that", "is"], ["that", "was"]) for n in clauses.figures[:1])
    return of or that or not words.isdisjoint(lexicon.SHARES)


def _is_trend(clauses: Clauses, numbers: Sequence[Number]) -> bool:
    past = any(n.kind is Kind.HORIZON and n.first > clauses.first and clauses.low(n.first - 1) in _PAST for n in numbers)
    labels = {number.label for number in numbers if number.label is not None}
    return past or len(labels) > 2 or (len(labels) == 2 and clauses.low(clauses.first) == "between")
