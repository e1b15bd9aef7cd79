"""Notes are frozen: a changed copy, with one claim, field or text another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.notes.models import Claim, Note

LISTS = ("summary", "second_order_effects", "catalysts")
_VIEWS = ("street_view", "our_view", "why_missed")


@dataclass(frozen=True, slots=True)
class Spot:
    """A claim in a note: the note's field, the item in it (None for the gap), and the item's field (empty for a summary's claim)."""

    section: str
    number: int | None
    field: str
    claim: Claim

    @property
    def place(self) -> str:
        """As a note's traces write it: `summary[2]`, `catalysts[0].claim`, `consensus_gap.our_view`."""
        return f"{self.section}{'' if self.number is None else f'[{self.number}]'}{f'.{self.field}' if self.field else ''}"


def spots(note: Note) -> Iterator[Spot]:
    """Every claim of the note."""
    for n, claim in enumerate(note.summary):
        yield Spot("summary", n, "", claim)
    for section in ("second_order_effects", "catalysts"):
        for n, item in enumerate(getattr(note, section)):
            yield Spot(section, n, "claim", item.claim)
    if note.consensus_gap is not None:
        for view in _VIEWS:
            yield Spot("consensus_gap", None, view, getattr(note.consensus_gap, view))


def with_text(note: Note, spot: Spot, text: str) -> Note:
    """The note with another text in this claim."""
    return with_claim(note, spot, spot.claim.model_copy(update={"text": text}))


def with_claim(note: Note, spot: Spot, claim: Claim) -> Note:
    """The note with another claim in this place."""
    if spot.number is None:
        assert note.consensus_gap is not None
        return note.model_copy(update={"consensus_gap": note.consensus_gap.model_copy(update={spot.field: claim})})
    item = claim if spot.field == "" else getattr(note, spot.section)[spot.number].model_copy(update={spot.field: claim})
    return with_item(note, spot.section, spot.number, item)


def with_item(note: Note, section: str, number: int, item: Any) -> Note:
    """The note with another item in a list."""
    items = list(getattr(note, section))
    items[number] = item
    return with_items(note, section, items)


def with_items(note: Note, section: str, items: Sequence[Any]) -> Note:
    """The note with another list."""
    return note.model_copy(update={section: tuple(items)})
