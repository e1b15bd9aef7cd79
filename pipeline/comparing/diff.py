"""What differs between two notes, claim by claim: same, changed, moved, added or dropped, and inside a changed claim word by word.

Claims answer each other by what they tell, not by their words or places: see `alignment`. `before` and `after` are the two notes in the
order in which they were given.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Literal

from pipeline.comparing.alignment import Alignment, align
from pipeline.comparing.reading import SECTIONS, VIEWS, Item, Reader, Section
from pipeline.facts.sheet import Strict
from pipeline.grounding.report import Decision, NumberCheck
from pipeline.notes.models import Catalyst, Claim, ConsensusGap, Note, SecondOrderEffect, Watch

Kind = Literal["same", "changed", "moved", "added", "dropped"]
KINDS: tuple[Kind, ...] = ("same", "changed", "moved", "added", "dropped")
_FIELDS: dict[type, tuple[str, ...]] = {
    Claim: (),
    SecondOrderEffect: ("mechanism", "party", "entity", "direction", "horizon", "confidence"),
    ConsensusGap: ("metric", "sign"),
    Catalyst: ("event", "kind", "direction", "horizon", "window"),
}
_TOKEN = re.compile(r"\s+|[^\W_][\w.,%-]*[\w%]|[^\W_]|[^\w\s]|_")


class Piece(Strict):
    """A stretch of words: in both texts (`same`), only in the first (`removed`), or only in the second (`added`)."""

    op: Literal["same", "removed", "added"]
    text: str


class NumberChange(Strict):
    """A number of the first text that is another one in the second, or that only one of them has.

    `decision`, `fact` and `message` are the check's on the second number; on the first where there is no second.
    """

    before: str | None
    after: str | None
    decision: Decision
    fact: str | None
    message: str

    def line(self) -> str:
        """`12.8% -> 13.1%: contradicts gross_margin`, `new 9%: gross_profit.yoy`, `without 12.8%: gross_margin`."""
        said = f"{self.before} -> {self.after}"
        if self.before is None or self.after is None:
            said = f"new {self.after}" if self.after else f"without {self.before}"
        match self.decision:
            case "contradicted":
                return f"{said}: contradicts {self.fact or 'the facts'}"
            case "unsupported":
                return f"{said}: matches no fact"
        return f"{said}: {self.fact or 'computed from the facts'}"


class FieldChange(Strict):
    """A field that has another value: `direction: negative -> mixed`. Empty text stands for no value."""

    field: str
    before: str
    after: str

    def line(self) -> str:
        """For people. Of evidence only what came and what went is told."""
        if self.field == "evidence":
            told = [f"without {self.before}" if self.before else "", f"with {self.after}" if self.after else ""]
            return f"evidence: {'; '.join(filter(None, told))}"
        return f"{self.field}: {self.before or 'none'} -> {self.after or 'none'}"


class TextDiff(Strict):
    """One piece of prose in both notes. `view` names it within the consensus gap, empty elsewhere."""

    view: str
    pieces: tuple[Piece, ...]
    numbers: tuple[NumberChange, ...]

    @property
    def is_same(self) -> bool:
        return all(piece.op == "same" for piece in self.pieces)


class ItemDiff(Strict):
    """One claim, effect, gap or catalyst, in one note or in both."""

    section: Section
    kind: Kind
    before: str | None
    """Its place in the first note, for instance `summary[1]`; None where it is not in it."""
    after: str | None
    is_moved: bool
    """Whether it stands in another order among those that both notes have; a changed one may be moved as well."""
    likeness: float | None
    texts: tuple[TextDiff, ...]
    fields: tuple[FieldChange, ...]


class NoteDiff(Strict):
    """Two notes of one sheet."""

    headline: TextDiff
    themes: FieldChange | None
    items: tuple[ItemDiff, ...]

    def count(self, kind: Kind) -> int:
        return sum(item.kind == kind for item in self.items)

    @property
    def is_same(self) -> bool:
        return self.headline.is_same and self.themes is None and all(item.kind == "same" for item in self.items)


def diff(before: Note, after: Note, reader: Reader) -> NoteDiff:
    """What differs. Both notes are read against the reader's sheet."""
    one, two = reader.read(before), reader.read(after)
    found = align(two, one)
    return NoteDiff(
        headline=_texts("", one.headline.text, None, two.headline.text, None, reader),
        themes=_field("themes", ", ".join(before.themes), ", ".join(after.themes)),
        items=tuple(item for section in SECTIONS for item in _items(section, found, reader)),
    )


def _items(section: Section, found: Alignment, reader: Reader) -> Iterator[ItemDiff]:
    """The section's items in the second note's order, then those that only the first has."""
    pairs = sorted((pair for pair in found.pairs if pair.reference.section == section), key=lambda pair: _number(pair.draft))
    kept = _in_order([_number(pair.reference) for pair in pairs])
    by_place: dict[int, ItemDiff] = {}
    for place, pair in enumerate(pairs):
        moved = place not in kept
        texts = tuple(_views(pair.draft, pair.reference, reader))
        fields = tuple(_fields(pair.draft, pair.reference))
        same = not fields and all(text.is_same for text in texts)
        kind: Kind = "changed" if not same else "moved" if moved else "same"
        by_place[_number(pair.reference)] = ItemDiff(
            section=section, kind=kind, before=pair.draft.place, after=pair.reference.place, is_moved=moved,
            likeness=round(pair.likeness, 3), texts=texts, fields=fields,
        )  # fmt: skip
    for item in found.missed:
        if item.section == section:
            by_place[_number(item)] = _alone(item, "added", reader)
    yield from (by_place[number] for number in sorted(by_place))
    yield from (_alone(item, "dropped", reader) for item in found.added if item.section == section)


def _alone(item: Item, kind: Literal["added", "dropped"], reader: Reader) -> ItemDiff:
    texts = [
        _texts(view, told.text, claim, "", None, reader) if kind == "dropped" else _texts(view, "", None, told.text, claim, reader)
        for view, told, claim in zip(_view_names(item), item.told, _evidence(item), strict=True)
    ]
    # All its numbers come or go with it: only what is wrong with one is worth a line.
    texts = [text.model_copy(update={"numbers": tuple(n for n in text.numbers if n.decision != "grounded")}) for text in texts]
    before, after = (item.place, None) if kind == "dropped" else (None, item.place)
    return ItemDiff(
        section=item.section, kind=kind, before=before, after=after, is_moved=False, likeness=None, texts=tuple(texts), fields=()
    )


def _number(item: Item) -> int:
    """Its place in its section."""
    found = re.search(r"\[(\d+)\]", item.place)
    return int(found[1]) if found else 0


def _in_order(numbers: Sequence[int]) -> set[int]:
    """Places of a longest run of numbers that rise: what did not move, when as little as possible did."""
    tails: list[int] = []
    last: list[int] = []
    previous: list[int | None] = []
    for place, number in enumerate(numbers):
        at = bisect_left(tails, number)
        previous.append(last[at - 1] if at else None)
        tails[at : at + 1] = [number]
        last[at : at + 1] = [place]
    kept: set[int] = set()
    step: int | None = last[-1] if last else None
    while step is not None:
        kept.add(step)
        step = previous[step]
    return kept


# -- fields ----------------------------------------------------------------------------------------------------------------------


def _fields(before: Item, after: Item) -> Iterator[FieldChange]:
    for name in _FIELDS[type(before.part)]:
        if (change := _field(name, _shown(getattr(before.part, name)), _shown(getattr(after.part, name)))) is not None:
            yield change
    for name in ("falsifier", "watch"):
        one, two = getattr(before.part, name, None), getattr(after.part, name, None)
        if isinstance(one, Watch) and isinstance(two, Watch) and (change := _field(name, _condition(one), _condition(two))) is not None:
            yield change
    cited = [{name for ids in _evidence(item) for name in ids} for item in (before, after)]
    if cited[0] != cited[1]:
        gone, come = sorted(cited[0] - cited[1]), sorted(cited[1] - cited[0])
        yield FieldChange(field="evidence", before=", ".join(gone), after=", ".join(come))


def _field(name: str, before: str, after: str) -> FieldChange | None:
    return None if before == after else FieldChange(field=name, before=before, after=after)


def _shown(value: object) -> str:
    if value is None:
        return ""
    window = getattr(value, "from_", None)
    return f"{window} to {getattr(value, 'to', '')}" if window is not None else str(value)


def _condition(watch: Watch) -> str:
    by = getattr(watch, "by", None)
    return f"{watch.metric} {watch.comparison} {watch.threshold.normalize():f}" + (f" by {by}" if by else "")


# -- texts -----------------------------------------------------------------------------------------------------------------------


def _view_names(item: Item) -> tuple[str, ...]:
    return VIEWS if isinstance(item.part, ConsensusGap) else ("",)


def _evidence(item: Item) -> tuple[tuple[str, ...], ...]:
    match item.part:
        case ConsensusGap():
            return tuple(getattr(item.part, view).evidence for view in VIEWS)
        case Claim():
            return (item.part.evidence,)
        case SecondOrderEffect() | Catalyst():
            return (item.part.claim.evidence,)


def _views(before: Item, after: Item, reader: Reader) -> Iterator[TextDiff]:
    sides = zip(_view_names(before), before.told, _evidence(before), after.told, _evidence(after), strict=True)
    for view, one, ids, two, other_ids in sides:
        yield _texts(view, one.text, ids, two.text, other_ids, reader)


def _texts(
    view: str, before: str, before_ids: tuple[str, ...] | None, after: str, after_ids: tuple[str, ...] | None, reader: Reader
) -> TextDiff:
    """Word by word, and which numbers became which."""
    one, two = _TOKEN.findall(before), _TOKEN.findall(after)
    pieces: list[Piece] = []
    numbers: list[NumberChange] = []
    at_one = at_two = 0
    first, second = _only_here(reader.checks(before, before_ids), reader.checks(after, after_ids))
    for op, a, b, c, d in SequenceMatcher(None, one, two, autojunk=False).get_opcodes():
        gone, come = "".join(one[a:b]), "".join(two[c:d])
        at_one, at_two = at_one + len(gone), at_two + len(come)
        if op == "equal":
            pieces.append(Piece(op="same", text=gone))
            continue
        pieces += [Piece(op="removed", text=gone)] if gone else []
        pieces += [Piece(op="added", text=come)] if come else []
        numbers += _changed(_taken(first, at_one), _taken(second, at_two))
    # What stands in words that both texts have may still be another number: "up 5%" is none, where "5%" before it was.
    numbers += _changed(first, second)
    return TextDiff(view=view, pieces=tuple(pieces), numbers=tuple(numbers))


def _only_here(before: Sequence[NumberCheck], after: Sequence[NumberCheck]) -> tuple[list[NumberCheck], list[NumberCheck]]:
    """The numbers of each text that the other has not: one that only moved, and a "12 months" or "Q2", is no change."""

    def key(check: NumberCheck) -> tuple[str, str, str | None]:
        return check.mention.text, check.decision, check.fact

    both = Counter(map(key, before)) & Counter(map(key, after))
    sides: list[list[NumberCheck]] = []
    for checks in (before, after):
        left = both.copy()
        side = []
        for check in checks:
            if left[key(check)]:
                left[key(check)] -= 1
            elif check.decision != "structural":
                side.append(check)
        sides.append(side)
    return sides[0], sides[1]


def _taken(checks: list[NumberCheck], end: int) -> list[NumberCheck]:
    """The numbers that begin before this place of the text; they are taken from `checks`."""
    found = [check for check in checks if check.mention.start < end]
    checks[:] = checks[len(found) :]
    return found


def _changed(before: Sequence[NumberCheck], after: Sequence[NumberCheck]) -> Iterator[NumberChange]:
    """The numbers of two stretches that take each other's place, in order."""
    for one, two in zip_longest(before, after):
        decided = two or one
        yield NumberChange(
            before=one.mention.text if one else None,
            after=two.mention.text if two else None,
            decision=decided.decision,
            fact=decided.fact,
            message=decided.message,
        )
