"""What both templates print: the note's prose with its numbers marked, its tables, and its footnotes in reading order.

Nothing here knows Markdown or HTML. Footnotes are numbered as the page cites them, so a renderer that numbers footnotes
by their first reference prints the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from pipeline.facts.figures import Change
from pipeline.facts.sheet import Basis, Role
from pipeline.notes.models import Catalyst, Claim, ConsensusGap, FactUsed, Falsifier, Note, NumberTrace, SecondOrderEffect, SourceUsed, Watch
from pipeline.notes.words import basis_words, counted, gap_words, label_in_sentence, listed, role_words, threshold_words, words

# A table that is read in a minute; what a claim cites is shown beyond that.
_KEY_ROWS = 12
_CHANGES = {"y/y": Change.YOY, "q/q": Change.QOQ, "against consensus": Change.SURPRISE}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of prose. `kind` and `origin` are set where it is a number; `origin` says where that comes from."""

    text: str
    kind: Literal["grounded", "structural"] | None = None
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Ref:
    """A citation. `is_first` marks the one that a footnote links back to."""

    number: int
    is_first: bool


@dataclass(frozen=True, slots=True)
class Prose:
    """A text with its citations."""

    pieces: tuple[Piece, ...]
    refs: tuple[Ref, ...] = ()

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


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


@dataclass(frozen=True, slots=True)
class WatchLine:
    """`label` (`metric`) `comparison` `threshold`; `now` is what the note's own period shows."""

    label: str
    metric: str
    comparison: str
    threshold: str
    now: str | None
    by: str | None
    refs: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class EffectView:
    effect: SecondOrderEffect
    claim: Prose
    watch: WatchLine


@dataclass(frozen=True, slots=True)
class GapView:
    street_view: Prose
    our_view: Prose
    why_missed: Prose
    metric: str
    verdict: str
    watch: WatchLine


@dataclass(frozen=True, slots=True)
class CatalystView:
    catalyst: Catalyst
    event: Prose
    claim: Prose
    watch: WatchLine


@dataclass(frozen=True, slots=True)
class Entry:
    """A footnote: `fact` is None when a text cites an id that the note does not list."""

    number: int
    id: str
    fact: FactUsed | None
    basis: str
    role: str
    inputs: tuple[Ref, ...]
    source: SourceUsed | None


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


class NoteView:
    """A note, ready to print. The attributes are built in reading order, because that is how footnotes are numbered."""

    def __init__(self, note: Note) -> None:
        self.note = note
        self._facts = {fact.id: fact for fact in note.facts}
        self._sources = {source.id: source for source in note.sources}
        self._footnotes = Footnotes()
        self.headline = self._prose("headline", note.headline)
        self.key_figures = self._key_figures()
        self.expectations = self._expectations()
        self.summary = [self._claim(f"summary[{n}]", claim) for n, claim in enumerate(note.summary)]
        self.effects = [self._effect(n, effect) for n, effect in enumerate(note.second_order_effects)]
        self.gap = self._gap(note.consensus_gap) if note.consensus_gap is not None else None
        self.catalysts = [self._catalyst(n, catalyst) for n, catalyst in enumerate(note.catalysts)]
        # Facts that nothing above cites are cited once here: many renderers drop footnotes without a reference.
        self.behind = self._footnotes.cite(name for name in self._facts if name not in self._footnotes.numbers)
        self.evidence = [self._entry(name, number) for name, number in self._footnotes.numbers.items()]

    # -- around the text ---------------------------------------------------------------------------------------------

    @property
    def drafted_by(self) -> str:
        """The drafter, and the model if there was one."""
        manifest = self.note.manifest
        return f"{manifest.drafter} {manifest.model}" if manifest.model else manifest.drafter

    @property
    def withheld(self) -> str | None:
        """How much was withheld, never what."""
        count = len(self.note.withheld)
        if not count:
            return None
        return f"{counted(count, 'part')} {'was' if count == 1 else 'were'} withheld; {'its' if count == 1 else 'their'} reasons are in the JSON"

    @property
    def why_review(self) -> str | None:
        """Why an editor must look; None for a note that passed."""
        if self.note.status != "needs_review":
            return None
        failed = [words(step) for step in self.note.failed_steps]
        steps = f"no usable {listed(failed)}: {'that step' if len(failed) == 1 else 'those steps'} failed" if failed else None
        return "; ".join(reason for reason in (steps, self.withheld) if reason) or "its checks ask for an editor"

    @property
    def missing(self) -> list[tuple[str, str]]:
        """Labels that share a reason, and the reason."""
        by_reason: dict[str, list[str]] = {}
        for miss in self.note.missing:
            by_reason.setdefault(miss.reason, []).append(miss.label)
        return [(", ".join(dict.fromkeys(labels)), reason) for reason, labels in by_reason.items()]

    @property
    def manifest(self) -> list[tuple[str, str]]:
        """What went in, as (name, value)."""
        note, manifest = self.note, self.note.manifest
        return [
            ("afterprint", manifest.afterprint),
            ("fact sheet", f"sha256 {manifest.sheet_digest}"),
            ("drafter", manifest.drafter),
            ("model", manifest.model or "none"),
            ("consensus", manifest.consensus),
            *((f"prompt {prompt.name}", f"sha256 {prompt.digest}") for prompt in manifest.prompts),
            *((f"schema {schema.name}", f"sha256 {schema.digest}") for schema in manifest.schemas),
            ("facts", str(len(note.facts))),
            ("sources", str(len(note.sources))),
            *((f"impact {words(p.name)}", f"{p.score:.2f} x {p.weight:.2f}: {p.reason}") for p in note.market_impact.parts),
        ]

    # -- prose -------------------------------------------------------------------------------------------------------

    @cached_property
    def _traces(self) -> dict[str, list[NumberTrace]]:
        by_place: dict[str, list[NumberTrace]] = {}
        for trace in sorted(self.note.numbers, key=lambda trace: trace.start):
            by_place.setdefault(trace.place, []).append(trace)
        return by_place

    def _prose(self, place: str, text: str, evidence: Iterable[str] = ()) -> Prose:
        pieces, at = [], 0
        for trace in self._traces.get(place, ()):
            # A text that was edited after its check no longer holds the number at this span: leave it unmarked.
            if trace.start < at or trace.end <= trace.start or text[trace.start : trace.end] != trace.text:
                continue
            rest = text[trace.end :].lstrip()
            base = f" {trace.base}" if trace.base and not rest.startswith(trace.base) else ""
            pieces += [Piece(text[at : trace.start]), Piece(trace.text + base, trace.decision, self._origin(trace.fact))]
            at = trace.end
        pieces.append(Piece(text[at:]))
        return Prose(tuple(piece for piece in pieces if piece.text), self._footnotes.cite(evidence))

    def _claim(self, place: str, claim: Claim) -> Prose:
        return self._prose(place, claim.text, claim.evidence)

    def _origin(self, name: str | None) -> str:
        fact = self._facts.get(name or "")
        if fact is None:
            return ""
        parts = [f"{fact.label}: {fact.written}, {fact.period}", fact.formula or ""]
        parts += [source.title for source in self._sources_of(fact)]
        return "; ".join(part for part in parts if part)

    def _sources_of(self, fact: FactUsed) -> list[SourceUsed]:
        """The fact's own source, or those that its inputs come from in the end."""
        found: dict[int, SourceUsed] = {}
        waiting, seen = [fact.id], set[str]()
        while waiting:
            name = waiting.pop()
            if name in seen or name not in self._facts:
                continue
            seen.add(name)
            source = self._sources.get(self._facts[name].source or "")
            if source is not None:
                found[source.number] = source
            waiting += self._facts[name].inputs
        return [found[number] for number in sorted(found)]

    def _watch(self, watch: Watch) -> WatchLine:
        fact = self._facts.get(watch.metric)
        return WatchLine(
            label=label_in_sentence(fact) if fact else words(watch.metric),
            metric=watch.metric,
            comparison=words(watch.comparison),
            threshold=threshold_words(watch.threshold, fact),
            now=_cell_text(fact.written)[0] if fact else None,
            by=watch.by.isoformat() if isinstance(watch, Falsifier) else None,
            refs=self._footnotes.cite([fact.id] if fact else []),
        )

    def _effect(self, n: int, effect: SecondOrderEffect) -> EffectView:
        return EffectView(effect, self._claim(f"second_order_effects[{n}].claim", effect.claim), self._watch(effect.falsifier))

    def _gap(self, gap: ConsensusGap) -> GapView:
        fact = self._facts.get(gap.metric)
        return GapView(
            street_view=self._claim("consensus_gap.street_view", gap.street_view),
            our_view=self._claim("consensus_gap.our_view", gap.our_view),
            why_missed=self._claim("consensus_gap.why_missed", gap.why_missed),
            metric=gap.metric,
            verdict=gap_words(gap.sign, label_in_sentence(fact) if fact else words(gap.metric)),
            watch=self._watch(gap.falsifier),
        )

    def _catalyst(self, n: int, catalyst: Catalyst) -> CatalystView:
        event = self._prose(f"catalysts[{n}].event", catalyst.event)
        return CatalystView(catalyst, event, self._claim(f"catalysts[{n}].claim", catalyst.claim), self._watch(catalyst.watch))

    # -- tables ------------------------------------------------------------------------------------------------------

    def _key_figures(self) -> Table:
        cited = {name for _, _, evidence in self.note.texts() for name in evidence}
        rows: list[tuple[str, tuple[Cell | None, ...]]] = []
        for group in _grouped(fact for fact in self.note.facts if fact.role == Role.ACTUAL and not _is_range_end(fact)):
            levels = [fact for fact in group if fact.change is None]
            for level in levels or [None]:
                changes = [_find(group, change, level) for change in _CHANGES.values()]
                shown = [fact for fact in (level, *changes) if fact is not None]
                if len(rows) < _KEY_ROWS or any(fact.id in cited for fact in shown):
                    label = self._row_label(level or shown[0], tell_basis=len(levels) > 1)
                    rows.append((label, tuple(self._cell(fact) for fact in (level, *changes))))
        return _without_empty_columns(("Reported", *_CHANGES), rows)

    def _expectations(self) -> Table:
        """Guidance, and the street's figures for the periods that it is guided or expected for."""
        rows = []
        for group in _grouped(fact for fact in self.note.facts if fact.role in (Role.GUIDANCE, Role.CONSENSUS)):
            given = [fact for fact in group if fact.formula is None]
            if given:
                by_role = (next((fact for fact in given if fact.role == role), None) for role in (Role.GUIDANCE, Role.CONSENSUS))
                computed = [fact for fact in group if fact.formula is not None and fact.role == Role.GUIDANCE]
                changes = (_find(computed, change) for change in (Change.YOY, Change.QOQ, Change.VS_CONSENSUS))
                cells = (*(self._expected_cell(fact) for fact in by_role), *map(self._cell, changes))
                rows.append((self._row_label(given[0], tell_period=True), cells))
        return _without_empty_columns(("Guidance", "Consensus", "y/y", "q/q", "Guidance against consensus"), rows)

    def _row_label(self, fact: FactUsed, *, tell_basis: bool = False, tell_period: bool = False) -> str:
        period = f", {fact.period}" if tell_period or fact.period != self.note.period else ""
        is_unclear = fact.basis == Basis.UNSTATED and fact.role == Role.ACTUAL
        return fact.label + period + (f" ({basis_words(fact.basis)})" if tell_basis or is_unclear else "")

    def _cell(self, fact: FactUsed | None) -> Cell | None:
        return None if fact is None else Cell(*_cell_text(fact.written), self._footnotes.cite([fact.id]))

    def _expected_cell(self, fact: FactUsed | None) -> Cell | None:
        if fact is None:
            return None
        low, high = (self._facts.get(f"{fact.id}.{end}") for end in ("low", "high"))
        if low is None or high is None:
            return self._cell(fact)
        ends = f"{low.written} to {high.written}"
        is_middle = fact.value * 2 == low.value + high.value
        return Cell(*((ends, "") if is_middle else (fact.written, f"({ends})")), self._footnotes.cite([fact.id]))

    # -- footnotes ---------------------------------------------------------------------------------------------------

    def _entry(self, name: str, number: int) -> Entry:
        fact = self._facts.get(name)
        if fact is None:
            return Entry(number, name, None, "", "", (), None)
        numbers = self._footnotes.numbers
        return Entry(
            number=number,
            id=name,
            fact=fact,
            basis=basis_words(fact.basis),
            role=role_words(fact),
            inputs=tuple(Ref(numbers[one], is_first=False) for one in fact.inputs if one in numbers),
            source=self._sources.get(fact.source or ""),
        )


def _grouped(facts: Iterable[FactUsed]) -> list[list[FactUsed]]:
    """Levels with their changes, in the order of their first member."""
    groups: dict[tuple[str, str | None, str], list[FactUsed]] = {}
    for fact in facts:
        groups.setdefault((fact.metric, fact.segment, fact.period), []).append(fact)
    return list(groups.values())


def _find(group: Sequence[FactUsed], change: Change, level: FactUsed | None = None) -> FactUsed | None:
    """The change of a level: the one on the level's own basis before any other."""
    found = [fact for fact in group if fact.change is change]
    return next((fact for fact in found if level is not None and fact.basis == level.basis), found[0] if found else None)


def _is_range_end(fact: FactUsed) -> bool:
    return any(fact.id == f"{name}.{end}" for name in fact.inputs for end in ("low", "high", "midpoint"))


def _cell_text(written: str) -> tuple[str, str]:
    """`+11.4 pp y/y (16.2% in Q1 2025)` -> the change and its base."""
    change, bracket, base = written.partition(" (")
    return change, bracket.strip() + base


def _without_empty_columns(columns: Sequence[str], rows: Sequence[tuple[str, tuple[Cell | None, ...]]]) -> Table:
    kept = [n for n in range(len(columns)) if any(cells[n] is not None for _, cells in rows)]
    return Table(tuple(columns[n] for n in kept), tuple((label, tuple(cells[n] for n in kept)) for label, cells in rows))
