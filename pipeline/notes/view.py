"""What both templates print: the note's prose with its numbers marked, its tables, and its footnotes in reading order.

Nothing here knows Markdown or HTML. Footnotes are numbered as the page cites them, so a renderer that numbers footnotes
by their first reference prints the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from pipeline.facts.sheet import Role
from pipeline.notes.models import (
    Catalyst,
    Claim,
    ConsensusGap,
    FactUsed,
    Falsifier,
    Note,
    NumberTrace,
    SecondOrderEffect,
    SourceUsed,
    Watch,
)
from pipeline.notes.tables import Footnotes, Ref, Tables, split_base, with_range
from pipeline.notes.words import basis_words, counted, gap_words, label_in_sentence, listed, role_words, threshold_words, words


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of prose. `kind` and `origin` are set where it is a number; `origin` says where that comes from."""

    text: str
    kind: Literal["grounded", "structural"] | None = None
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Prose:
    """A text with its citations."""

    pieces: tuple[Piece, ...]
    refs: tuple[Ref, ...] = ()

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


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
    written: str
    basis: str
    role: str
    inputs: tuple[Ref, ...]
    source: SourceUsed | None


class NoteView:
    """A note, ready to print. The attributes are built in reading order, because that is how footnotes are numbered."""

    def __init__(self, note: Note) -> None:
        self.note = note
        self._facts = {fact.id: fact for fact in note.facts}
        self._sources = {source.id: source for source in note.sources}
        self._footnotes = Footnotes()
        self.headline = self._prose("headline", note.headline)
        tables = Tables(note, self._footnotes)
        self.key_figures = tables.key_figures()
        self.expectations = tables.expectations()
        self.summary = [self._claim(f"summary[{n}]", claim) for n, claim in enumerate(note.summary)]
        self.effects = [self._effect(n, effect) for n, effect in enumerate(note.second_order_effects)]
        self.gap = self._gap(note.consensus_gap) if note.consensus_gap is not None else None
        self.catalysts = [self._catalyst(n, catalyst) for n, catalyst in enumerate(note.catalysts)]
        self.behind = self._behind()
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
        were, their = ("was", "its") if count == 1 else ("were", "their")
        return f"{counted(count, 'part')} {were} withheld; {their} reasons are in the JSON"

    @property
    def why_review(self) -> str | None:
        """Why an editor must look; None for a note that passed."""
        if self.note.status != "needs_review":
            return None
        failed = [words(step) for step in self.note.failed_steps]
        steps = f"no usable {listed(failed)}: {'that step' if len(failed) == 1 else 'those steps'} failed" if failed else None
        return (
            "; ".join(reason for reason in (steps, self.withheld) if reason)
            or "its checks ask for an editor; their reasons are in the JSON"
        )

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
        pieces.append(Piece(text[at:].rstrip()))
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
            now=f"{split_base(fact.written)[0]}{self._of_another_stretch(fact)}" if fact else None,
            by=watch.by.isoformat() if isinstance(watch, Falsifier) else None,
            refs=self._footnotes.cite([fact.id] if fact else []),
        )

    def _of_another_stretch(self, fact: FactUsed) -> str:
        """The period of a reported figure of the year to date, which its label does not say. A day's stands for the reported period."""
        is_day = "," in fact.period
        return f" in {fact.period}" if fact.role == Role.ACTUAL and fact.period != self.note.period and not is_day else ""

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

    # -- footnotes ---------------------------------------------------------------------------------------------------

    def _behind(self) -> tuple[Ref, ...]:
        """What the cited facts were computed from. It is cited as well, because many renderers drop footnotes that are not."""
        names = list(self._footnotes.numbers)
        cited = len(names)
        for name in names:  # grows while it is walked
            fact = self._facts.get(name)
            names += [one for one in (fact.inputs if fact else ()) if one in self._facts and one not in names]
        return self._footnotes.cite(names[cited:])

    def _entry(self, name: str, number: int) -> Entry:
        fact = self._facts.get(name)
        if fact is None:
            return Entry(number, name, None, "", "", "", (), None)
        numbers = self._footnotes.numbers
        return Entry(
            number=number,
            id=name,
            fact=fact,
            written=" ".join(filter(None, with_range(fact, self._facts))),
            basis=basis_words(fact.basis),
            role=role_words(fact),
            inputs=tuple(Ref(numbers[one], is_first=False) for one in fact.inputs if one in numbers),
            source=self._sources.get(fact.source or ""),
        )
