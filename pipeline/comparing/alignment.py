"""Which claim of a draft says what a claim of the reference says: one to one, by what they are about and not by their words.

Two claims are alike from 0 to 1, a weighted mean of what their section is made of. Numbers that the facts refuse are alike with nothing.
Words decide only between pairs that are otherwise equally alike, so that a paraphrase scores as the original does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.comparing.reading import SECTIONS, Item, ReadNote, Section, Told
from pipeline.notes.models import Catalyst, SecondOrderEffect, Window

ALIGNED = 0.4
"""Two claims that are less alike than this are not about the same thing."""
_WORDS_COUNT = 1e-3
"""How much words may add where claims are assigned to each other: too little to overrule anything else."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A claim of the reference and the draft's claim that answers it, with how alike they are."""

    reference: Item
    draft: Item
    likeness: float


@dataclass(frozen=True, slots=True)
class Alignment:
    """All pairs of two notes, best first within a section, and what found no partner."""

    pairs: tuple[Pair, ...]
    missed: tuple[Item, ...]
    """Of the reference."""
    added: tuple[Item, ...]
    """Of the draft."""

    def scores(self, sections: Collection[Section] = SECTIONS) -> tuple[float, float, float] | None:
        """Precision, recall and F1 of the draft's claims in these sections; None where neither note has any.

        A pair counts with its likeness, not with 1: who says half of it gets half.
        """
        pairs = [pair for pair in self.pairs if pair.reference.section in sections]
        drafted = len(pairs) + sum(item.section in sections for item in self.added)
        wanted = len(pairs) + sum(item.section in sections for item in self.missed)
        if not drafted and not wanted:
            return None
        hits = sum(pair.likeness for pair in pairs)
        return hits / drafted if drafted else 0.0, hits / wanted if wanted else 0.0, 2 * hits / (drafted + wanted)


def align(reference: ReadNote, draft: ReadNote) -> Alignment:
    """The assignment with the greatest likeness in all, section by section (Hungarian method)."""
    pairs: list[Pair] = []
    for section in SECTIONS:
        pairs += _assigned(reference.of(section), draft.of(section))
    taken = {id(item) for pair in pairs for item in (pair.reference, pair.draft)}
    return Alignment(
        tuple(pairs),
        tuple(item for item in reference.items if id(item) not in taken),
        tuple(item for item in draft.items if id(item) not in taken),
    )


def _assigned(wanted: Sequence[Item], drafted: Sequence[Item]) -> list[Pair]:
    if not wanted or not drafted:
        return []
    from scipy.optimize import linear_sum_assignment

    likeness = [[alike(ours, theirs) for theirs in drafted] for ours in wanted]
    gain = [
        [value + _WORDS_COUNT * _alike_in_words(ours, theirs) for value, theirs in zip(row, drafted, strict=True)]
        for row, ours in zip(likeness, wanted, strict=True)
    ]
    rows, columns = linear_sum_assignment(gain, maximize=True)
    found = [Pair(wanted[row], drafted[column], likeness[row][column]) for row, column in zip(rows.tolist(), columns.tolist(), strict=True)]
    # A note has one gap, which answers the other's whatever it says.
    found = [pair for pair in found if pair.likeness >= ALIGNED or pair.reference.section == "consensus_gap"]
    return sorted(found, key=lambda pair: -pair.likeness)


# -- likeness ------------------------------------------------------------------------------------------------------------------

Alike = Callable[[Item, Item], float]


def alike(one: Item, other: Item) -> float:
    """How alike two items of one section are, 0 to 1. Symmetric; 1 for an item and itself, where its numbers hold."""
    return sum(weight * feature(one, other) for weight, feature in _FEATURES[one.section])


def _figures(one: Item, other: Item) -> float:
    """The figures that both tell, of all that either tells, view by view; half of it for telling another figure of the same series."""
    found = [(_shared_figures(a, b) + _overlap(a.series, b.series)) / 2 for a, b in zip(one.told, other.told, strict=True)]
    return sum(found) / len(found)


def _shared_figures(one: Told, other: Told) -> float:
    every = len(one.figures | other.figures) + one.refused + other.refused
    return len(one.figures & other.figures) / every if every else 1.0


def _overlap(one: Collection[str], other: Collection[str]) -> float:
    """Jaccard's index; two empty sets are alike."""
    every = {*one, *other}
    return len({*one} & {*other}) / len(every) if every else 1.0


def _same(field: str) -> Alike:
    def compared(one: Item, other: Item) -> float:
        return float(getattr(one.part, field) == getattr(other.part, field))

    return compared


def _watched(one: Item, other: Item) -> float:
    return float(one.watched is not None and one.watched == other.watched)


def _windows(one: Item, other: Item) -> float:
    """The days that both windows have, of all days of either; two catalysts without one are alike."""
    assert isinstance(one.part, Catalyst)
    assert isinstance(other.part, Catalyst)
    return shared_days(one.part.window, other.part.window)


def shared_days(one: Window | None, other: Window | None) -> float:
    """Jaccard's index of the days of two windows; 1 for two that are open, 0 for one."""
    if one is None or other is None:
        return float(one is other)
    both = (min(one.to, other.to) - max(one.from_, other.from_)).days + 1
    either = (max(one.to, other.to) - min(one.from_, other.from_)).days + 1
    return max(both, 0) / either


_FEATURES: Mapping[Section, Sequence[tuple[float, Alike]]] = {
    "summary": ((1.0, _figures),),
    "second_order_effects": (
        (0.25, _figures),
        (0.2, _same("party")),
        (0.2, _same("direction")),
        (0.15, _same("horizon")),
        (0.1, _same("mechanism")),
        (0.1, _watched),
    ),
    "consensus_gap": ((0.5, _figures), (0.3, _same("sign")), (0.2, _watched)),
    "catalysts": (
        (0.2, _figures),
        (0.2, _same("kind")),
        (0.2, _windows),
        (0.2, _watched),
        (0.1, _same("direction")),
        (0.1, _same("horizon")),
    ),
}
"""What a section's likeness is made of; weights are judgement and sum to 1."""


def _alike_in_words(one: Item, other: Item) -> float:
    return _overlap(_content_words(one), _content_words(other))


def _content_words(item: Item) -> set[str]:
    return {word for told in item.told for word in re.findall(r"[a-z]{4,}", told.text.lower())}


def direction_of(item: Item) -> Any:
    """What an item says about which way; None for a claim of the summary, whose direction its numbers carry."""
    return item.part.direction if isinstance(item.part, SecondOrderEffect | Catalyst) else None


def horizon_of(item: Item) -> Any:
    """When an item says it happens; None where its section does not say."""
    return item.part.horizon if isinstance(item.part, SecondOrderEffect | Catalyst) else None
