"""The two tables of a note: what was reported, with its changes beside it, and what is guided and expected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.facts.figures import Change
from pipeline.facts.sheet import Basis, Role
from pipeline.notes.models import FactUsed, Note
from pipeline.notes.words import basis_words

# A table that is read in a minute; what a claim cites is shown beyond that.
_KEY_ROWS = 12
_CHANGES = {"y/y": Change.YOY, "q/q": Change.QOQ, "against consensus": Change.SURPRISE}


@dataclass(frozen=True, slots=True)
class Ref:
    """A citation. `is_first` marks the one that a footnote links back to."""

    number: int
    is_first: bool


class Footnotes:
    """Numbers facts in the order in which they are first cited."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def cite(self, ids: Iterable[str]) -> tuple[Ref, ...]:
        refs = []
        for name in dict.fromkeys(ids):
            is_first = name not in self.numbers
            refs.append(Ref(self.numbers.setdefault(name, len(self.numbers) + 1), is_first))
        return tuple(refs)


@dataclass(frozen=True, slots=True)
class Cell:
    """`text` and, for a change, the base that it is measured against: `(16.2% in Q1 2025)`."""

    text: str
    base: str = ""
    refs: tuple[Ref, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a label and one cell per column; None where there is nothing to say."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell | None, ...]], ...]


class Tables:
    """Builds the tables of `note`; each figure cites its footnote."""

    def __init__(self, note: Note, footnotes: Footnotes) -> None:
        self._note = note
        self._facts = {fact.id: fact for fact in note.facts}
        self._footnotes = footnotes

    def key_figures(self) -> Table:
        """What the company reported and the market did: levels in the note's order, each with its changes."""
        cited = {name for _, _, evidence in self._note.texts() for name in evidence}
        rows: list[tuple[str, tuple[Cell | None, ...]]] = []
        for group in _grouped(fact for fact in self._note.facts if fact.role in (Role.ACTUAL, Role.MARKET) and not _is_range_end(fact)):
            levels: list[FactUsed | None] = [fact for fact in group if fact.change is None]
            for level in levels or [None]:
                changes = [_find(group, change, level) for change in _CHANGES.values()]
                shown = [fact for fact in (level, *changes) if fact is not None]
                if len(rows) < _KEY_ROWS or any(fact.id in cited for fact in shown):
                    label = self._row_label(level or shown[0], tell_basis=len(levels) > 1)
                    rows.append((label, tuple(self._cell(fact) for fact in (level, *changes))))
        return _without_empty_columns(("Reported", *_CHANGES), rows)

    def expectations(self) -> Table:
        """Guidance, and the street's figures for the periods that it is guided or expected for."""
        rows = []
        expected = (fact for fact in self._note.facts if fact.role in (Role.GUIDANCE, Role.CONSENSUS) and not _is_range_end(fact))
        for group in _grouped(expected):
            guided = [fact for fact in group if fact.role == Role.GUIDANCE]
            level = next((fact for fact in guided if fact.change is None and fact.formula is None), None)
            street = next((fact for fact in group if fact.role == Role.CONSENSUS), None)
            changes = [_find(guided, change) for change in (Change.YOY, Change.QOQ, Change.VS_CONSENSUS)]
            shown = [fact for fact in (level, street, *changes) if fact is not None]
            if shown:
                cells = tuple(self._expected_cell(fact) for fact in (level, street, *changes))
                rows.append((self._row_label(shown[0], tell_period=True), cells))
        return _without_empty_columns(("Guidance", "Consensus", "y/y", "q/q", "Guidance against consensus"), rows)

    def _row_label(self, fact: FactUsed, *, tell_basis: bool = False, tell_period: bool = False) -> str:
        period = f", {fact.period}" if tell_period or fact.period != self._note.period else ""
        is_unclear = fact.basis == Basis.UNSTATED and fact.role == Role.ACTUAL
        return fact.label + period + (f" ({basis_words(fact.basis)})" if tell_basis or is_unclear else "")

    def _cell(self, fact: FactUsed | None) -> Cell | None:
        return None if fact is None else Cell(*split_base(fact.written), self._footnotes.cite([fact.id]))

    def _expected_cell(self, fact: FactUsed | None) -> Cell | None:
        if fact is None:
            return None
        return Cell(*with_range(fact, self._facts), self._footnotes.cite([fact.id]))


def with_range(fact: FactUsed, facts: Mapping[str, FactUsed]) -> tuple[str, str]:
    """`CNY 2,900m to CNY 3,000m` for a guided range, a mean with its range beside it, or the fact as written."""
    low, high = (facts.get(f"{fact.id}.{end}") for end in ("low", "high"))
    if low is None or high is None:
        return split_base(fact.written)
    ends = f"{split_base(low.written)[0]} to {split_base(high.written)[0]}"
    # The sheet gives either a figure or a range; for a range, the value is its middle.
    return (ends, "") if fact.value * 2 == low.value + high.value else (fact.written, f"({ends})")


def split_base(written: str) -> tuple[str, str]:
    """`+11.4 pp y/y (16.2% in Q1 2025)` -> the change and its base."""
    change, bracket, base = written.partition(" (")
    return change, bracket.strip() + base


def _grouped(facts: Iterable[FactUsed]) -> list[list[FactUsed]]:
    """Levels with their changes, in the order of their first member."""
    groups: dict[tuple[str, str | None, str], list[FactUsed]] = {}
    for fact in facts:
        groups.setdefault((fact.metric, fact.segment, fact.period), []).append(fact)
    return list(groups.values())


def _find(group: Sequence[FactUsed], change: Change, level: FactUsed | None = None) -> FactUsed | None:
    """The change of a level: one on the level's own basis before any other, and one that shows its base before one that does not."""
    found = [fact for fact in group if fact.change is change]
    return min(found, key=lambda fact: (level is not None and fact.basis != level.basis, not split_base(fact.written)[1]), default=None)


def _is_range_end(fact: FactUsed) -> bool:
    return any(fact.id == f"{name}.{end}" for name in fact.inputs for end in ("low", "high", "midpoint"))


def _without_empty_columns(columns: Sequence[str], rows: Sequence[tuple[str, tuple[Cell | None, ...]]]) -> Table:
    kept = [n for n in range(len(columns)) if any(cells[n] is not None for _, cells in rows)]
    return Table(tuple(columns[n] for n in kept), tuple((label, tuple(cells[n] for n in kept)) for label, cells in rows))
