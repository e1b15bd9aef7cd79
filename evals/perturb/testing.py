"""Does the score see what is wrong, and only that? Every kind of fault and of rewrite, over every reference."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from evals.cases import SPLITS, Case, Split
from evals.metrics import FLOORS, quality
from evals.perturb.corruptions import KINDS
from evals.perturb.rewrites import REWRITES
from evals.results import References, score_note
from pipeline.facts.factbase import FactBase
from pipeline.notes.models import Note

NOTICED = 0.001
"""A note is noticed that breaks a floor, or whose quality is lower than the reference's own by more than this."""
SEVERITY_STEPS = (1, 2, 4, 8)


@dataclass(frozen=True, slots=True)
class Trial:
    """One changed note."""

    kind: str
    harmful: bool
    case: str
    split: Split
    noticed: bool
    drop: float
    """Quality of the reference less that of the changed note."""
    changed: str
    """The text or field that is new, for a person who looks into it."""

    @property
    def right(self) -> bool:
        return self.noticed == self.harmful


@dataclass(slots=True)
class Tally:
    """The trials of one kind."""

    kind: str
    harmful: bool
    trials: list[Trial] = field(default_factory=list)

    def of(self, split: Split) -> Sequence[Trial]:
        return [trial for trial in self.trials if trial.split == split]


def trials(cases: Iterable[Case], references: References, done: Callable[[str], None] = lambda case: None) -> Iterator[Trial]:
    """All trials of these cases, one after the other. Raises InputError for a broken reference."""
    for case in cases:
        reader, reference = references.of(case)
        best = _measured(case, references, reference.note)[0]
        for kind, corrupt in KINDS.items():
            yield from _tried(case, references, kind, True, best, corrupt(reference.note, reader.facts))
        for kind, rewrite in REWRITES.items():
            yield from _tried(case, references, kind, False, best, rewrite(case.name, reference.note))
        done(case.name)


def _tried(case: Case, references: References, kind: str, harmful: bool, best: float, notes: Iterable[Note]) -> Iterator[Trial]:
    reference = references.of(case)[1].note
    for note in notes:
        got, floors_hold = _measured(case, references, note)
        drop = best - got
        noticed = not floors_hold or drop > NOTICED
        yield Trial(kind, harmful, case.name, case.split, noticed, round(drop, 4), _changed(reference, note))


def _measured(case: Case, references: References, note: Note) -> tuple[float, bool]:
    scores = score_note(case, references, note, wordy=False)
    floors_hold = not any((value := scores[metric.name]) is not None and metric.breaks_floor(value) for metric in FLOORS)
    return quality(scores), floors_hold


def _changed(old: Note, new: Note) -> str:
    before = {(place, text) for place, text, _ in old.texts()}
    return "; ".join(f"{place}: {text}" for place, text, _ in new.texts() if (place, text) not in before)[:400]


def tallied(found: Iterable[Trial]) -> list[Tally]:
    """The trials by kind: faults first, in the order in which the kinds are listed."""
    tallies = {kind: Tally(kind, True) for kind in KINDS} | {kind: Tally(kind, False) for kind in REWRITES}
    for trial in found:
        tallies[trial.kind].trials.append(trial)
    return list(tallies.values())


def severity(case: Case, references: References, kind: str) -> list[float]:
    """Quality with 1, 2, 4 and 8 faults of a kind in one note, as far as it has places for them. It must never rise."""
    reader, reference = references.of(case)
    got = []
    for steps in SEVERITY_STEPS:
        note, planted = _with_faults(reference.note, reader.facts, kind, steps)
        if planted < steps:
            break
        got.append(_measured(case, references, note)[0])
    return got


def _with_faults(note: Note, facts: FactBase, kind: str, most: int) -> tuple[Note, int]:
    """The note with faults in the first `most` places, and how many there were."""
    base, planted = note, 0
    for spoiled in KINDS[kind](note, facts):
        if planted == most:
            break
        note, planted = _merged(base, note, spoiled), planted + 1
    return note, planted


def _merged(base: Note, so_far: Note, spoiled: Note) -> Note:
    """`so_far` with the items in which `spoiled` differs from `base`."""
    update: dict[str, object] = {}
    for section in ("summary", "second_order_effects", "catalysts"):
        old, new, have = getattr(base, section), getattr(spoiled, section), getattr(so_far, section)
        if len(old) == len(new):
            update[section] = tuple(theirs if theirs != mine else kept for mine, theirs, kept in zip(old, new, have, strict=True))
    if spoiled.consensus_gap != base.consensus_gap and base.consensus_gap and so_far.consensus_gap and spoiled.consensus_gap:
        fields = {
            name: getattr(spoiled.consensus_gap, name)
            for name in type(base.consensus_gap).model_fields
            if getattr(spoiled.consensus_gap, name) != getattr(base.consensus_gap, name)
        }
        update["consensus_gap"] = so_far.consensus_gap.model_copy(update=fields)
    return so_far.model_copy(update=update)


def figures(tallies: Sequence[Tally]) -> Mapping[str, object]:
    """What the table is made of: of each kind trials and those judged right, held back and tuned apart."""

    def counts(kinds: Iterable[Tally], split: Split) -> dict[str, int]:
        found = [trial for tally in kinds for trial in tally.of(split)]
        return {"trials": len(found), "right": sum(trial.right for trial in found)}

    harmful, harmless = [t for t in tallies if t.harmful], [t for t in tallies if not t.harmful]
    return {
        "faults": {tally.kind: {split: counts([tally], split) for split in SPLITS} for tally in harmful},
        "rewrites": {tally.kind: {split: counts([tally], split) for split in SPLITS} for tally in harmless},
        "all faults": {split: counts(harmful, split) for split in SPLITS},
        "all rewrites": {split: counts(harmless, split) for split in SPLITS},
    }
