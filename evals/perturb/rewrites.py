"""Harmless rewrites: the same said otherwise. None may score worse.

Rounding, unit form and order are changed by rule; paraphrases and turns from active to passive were written by hand
(`rewrites.yaml`), for what a rule can turn round was easy to begin with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, TypeAdapter

from evals.perturb.editing import LISTS, spots, with_items, with_text
from pipeline.facts.sheet import Strict
from pipeline.notes.models import Note

Rewrite = Callable[[str, Note], Iterator[Note]]
"""The case's name and its reference to what a rewrite makes of it."""

_FILE = Path(__file__).with_name("rewrites.yaml")
_FORMS = ((r"(?<=\d) pp\b", " percentage points"), (r"(?<=\d)%", " percent"), (r"(?<=\d)bn\b", " billion"), (r"(?<=\d)m\b", " million"))
_BASES = (("y/y", "year over year"), ("q/q", "quarter over quarter"))


class ByHand(Strict):
    """One rewrite: which claim of which case, in what manner, and the sentence."""

    case: str
    place: str
    manner: Literal["paraphrase", "voice"]
    text: Annotated[str, Field(min_length=1)]


@cache
def by_hand() -> tuple[ByHand, ...]:
    """The rewrites written by hand. Raises ValueError for a file that is not as it should be."""
    return tuple(TypeAdapter(tuple[ByHand, ...]).validate_python(tuple(yaml.safe_load(_FILE.read_text("utf-8")))))


def paraphrase(case: str, note: Note) -> Iterator[Note]:
    """Other words, by hand."""
    yield from _written(case, note, "paraphrase")


def voice(case: str, note: Note) -> Iterator[Note]:
    """Active for passive or the other way round, by hand."""
    yield from _written(case, note, "voice")


def _written(case: str, note: Note, manner: str) -> Iterator[Note]:
    places = {spot.place: spot for spot in spots(note)}
    for one in by_hand():
        if (one.case, one.manner) == (case, manner):
            yield with_text(note, places[one.place], one.text)


def reordered(_: str, note: Note) -> Iterator[Note]:
    """The items of a section in the reverse order, and with the first at the end."""
    for section in LISTS:
        items = getattr(note, section)
        yield with_items(note, section, items[::-1])
        yield with_items(note, section, [*items[1:], items[0]])


def rounding(_: str, note: Note) -> Iterator[Note]:
    """An amount in billions with a digit less: $81,615m is about $81.6bn."""
    for spot in spots(note):
        found = re.search(r"(?<![\d.,])(\d{1,3}(?:,\d{3})+)m\b", spot.claim.text)
        if found is not None:
            billions = (Decimal(found.group(1).replace(",", "")) / 1000).quantize(Decimal("0.1"), ROUND_HALF_EVEN)
            yield with_text(note, spot, f"{spot.claim.text[: found.start()]}{billions}bn{spot.claim.text[found.end() :]}")


def unit_form(_: str, note: Note) -> Iterator[Note]:
    """Percent, percentage points, million and billion in full."""
    for spot in spots(note):
        text = spot.claim.text
        for short, long in _FORMS:
            text = re.sub(short, long, text)
        if text != spot.claim.text:
            yield with_text(note, spot, text)


def base_form(_: str, note: Note) -> Iterator[Note]:
    """Year over year for y/y."""
    for spot in spots(note):
        text = spot.claim.text
        for short, long in _BASES:
            text = text.replace(short, long)
        if text != spot.claim.text:
            yield with_text(note, spot, text)


REWRITES: Mapping[str, Rewrite] = {kind.__name__: kind for kind in (paraphrase, voice, reordered, rounding, unit_form, base_form)}
"""Every kind by its name."""
