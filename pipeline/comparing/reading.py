"""A note as metrics and diffs see it: every piece of prose with the figures that it really tells, decided anew against the sheet.

What a note says of itself (its traces, its status) is not taken: a drafter would grade its own work.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from pipeline.facts.factbase import FactBase
from pipeline.facts.figures import Figure
from pipeline.facts.sheet import Basis, Role
from pipeline.grounding import check_text
from pipeline.grounding.report import Decision, NumberCheck
from pipeline.notes.models import Catalyst, Claim, ConsensusGap, Note, SecondOrderEffect

Section = Literal["summary", "second_order_effects", "consensus_gap", "catalysts"]
SECTIONS: tuple[Section, ...] = get_args(Section)
_OTHER_BASES = (Basis.ADJUSTED, Basis.CONSTANT_CURRENCY, Basis.ORGANIC)
VIEWS = ("street_view", "our_view", "why_missed")

Key = tuple[str, ...]
"""What a figure is, whatever its id: series, kind of change, period and role. A rate stated by the company and the same one computed
from its levels are one figure."""


@dataclass(frozen=True, slots=True)
class Told:
    """A piece of prose as the number check reads it.

    `figures` are those that its numbers are grounded in, bases of a change aside; `series` are their metrics, and those of the facts
    that it cites; `refused` counts its numbers that are contradicted or unsupported.
    """

    place: str
    text: str
    figures: frozenset[Key]
    series: frozenset[str]
    decisions: Mapping[Decision, int]

    @property
    def refused(self) -> int:
        return self.decisions["contradicted"] + self.decisions["unsupported"]


@dataclass(frozen=True, slots=True)
class Item:
    """One claim, effect, gap or catalyst: what claims are aligned by. `told` holds one piece of prose, of a gap its three views."""

    section: Section
    place: str
    told: tuple[Told, ...]
    part: Claim | SecondOrderEffect | ConsensusGap | Catalyst
    watched: str | None
    """The series that decides whether it was wrong, or that its event decides."""

    @property
    def figures(self) -> frozenset[Key]:
        return frozenset().union(*(one.figures for one in self.told))

    @property
    def series(self) -> frozenset[str]:
        return frozenset().union(*(one.series for one in self.told))


@dataclass(frozen=True, slots=True)
class ReadNote:
    """A note, its headline and its items."""

    note: Note
    headline: Told
    items: tuple[Item, ...]
    events: tuple[Told, ...]
    """The names of catalysts: prose too, and no claims."""

    def of(self, section: Section) -> list[Item]:
        return [item for item in self.items if item.section == section]

    @property
    def told(self) -> list[Told]:
        """All prose of the note."""
        return [self.headline, *(one for item in self.items for one in item.told), *self.events]

    @property
    def text(self) -> str:
        return "\n".join(one.text for one in self.told)

    @property
    def words(self) -> int:
        return len(self.text.split())

    def count(self, decision: Decision) -> int:
        return sum(one.decisions[decision] for one in self.told)


class Reader:
    """Reads notes on one sheet. What a text tells is kept: many drafts of a case share most of their sentences."""

    def __init__(self, facts: FactBase) -> None:
        self.facts = facts
        self._kept: dict[tuple[str, tuple[str, ...] | None], Told] = {}

    def read(self, note: Note) -> ReadNote:
        """The note as metrics see it."""
        return ReadNote(
            note=note,
            headline=self.told("headline", note.headline, None),
            items=tuple(self.items(note)),
            events=tuple(self.told(f"catalysts[{n}].event", one.event, None) for n, one in enumerate(note.catalysts)),
        )

    def items(self, note: Note) -> Iterator[Item]:
        for n, claim in enumerate(note.summary):
            yield Item("summary", f"summary[{n}]", (self.claim(f"summary[{n}]", claim),), claim, None)
        for n, effect in enumerate(note.second_order_effects):
            place = f"second_order_effects[{n}]"
            yield Item("second_order_effects", place, (self.claim(place, effect.claim),), effect, self.series(effect.falsifier.metric))
        if (gap := note.consensus_gap) is not None:
            views = tuple(self.claim(f"consensus_gap.{view}", getattr(gap, view)) for view in VIEWS)
            yield Item("consensus_gap", "consensus_gap", views, gap, self.series(gap.metric))
        for n, catalyst in enumerate(note.catalysts):
            place = f"catalysts[{n}]"
            yield Item("catalysts", place, (self.claim(place, catalyst.claim),), catalyst, self.series(catalyst.watch.metric))

    def claim(self, place: str, claim: Claim) -> Told:
        return self.told(place, claim.text, claim.evidence)

    def told(self, place: str, text: str, evidence: tuple[str, ...] | None) -> Told:
        if (text, evidence) not in self._kept:
            self._kept[text, evidence] = self._read(place, text, evidence)
        return replace(self._kept[text, evidence], place=place)

    def checks(self, text: str, evidence: tuple[str, ...] | None) -> Sequence[NumberCheck]:
        """How each number of a text is decided, in order."""
        return check_text(text, self.facts, evidence=evidence).checks

    def _read(self, place: str, text: str, evidence: tuple[str, ...] | None) -> Told:
        report = check_text(text, self.facts, evidence=evidence)
        grounded = [check.fact for check in report.checks if check.decision == "grounded"]
        figures = [self.facts[name] for name in grounded if name is not None and name in self.facts]
        computed = {("computed", check.formula) for check in report.checks if check.decision == "grounded" and check.formula}
        cited = [self.facts[name] for name in evidence or () if name in self.facts]
        return Told(
            place=place,
            text=text,
            figures=frozenset(key_of(figure) for figure in figures if not _is_base(figure)) | computed,
            series=frozenset(figure.stem for figure in (*figures, *cited)),
            decisions=report.counts,
        )

    def series(self, name: str) -> str | None:
        return self.facts[name].stem if name in self.facts else None


def key_of(figure: Figure) -> Key:
    """The identity of a figure. Statutory bases are one: a sheet has a figure on one of them."""
    basis = str(figure.basis) if figure.basis in _OTHER_BASES else ""
    return (figure.stem, str(figure.change or "level"), figure.period.id, str(figure.role), basis)


def _is_base(figure: Figure) -> bool:
    """Whether a figure is what a change came from: who tells it with the change says no more than who does not."""
    return figure.role in (Role.PRIOR_YEAR, Role.PRIOR_QUARTER)
