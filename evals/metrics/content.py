"""Does the note say what the reference says? Typed: figures, parties, directions, horizons and signs, never the words."""

from __future__ import annotations

from evals.metrics.metric import Subject
from pipeline.comparing.alignment import direction_of, horizon_of
from pipeline.comparing.reading import Key, ReadNote, Section

_WEIGHTS: dict[Section, float] = {"summary": 3, "consensus_gap": 2, "second_order_effects": 1, "catalysts": 1}
_HEADLINE_WEIGHT = 4.0


def materiality(reference: ReadNote) -> dict[Key, float]:
    """How much each figure matters, by where the reference tells it first: headline 4, summary 3, gap 2, elsewhere 1."""
    weights = dict.fromkeys(reference.headline.figures, _HEADLINE_WEIGHT)
    for item in sorted(reference.items, key=lambda item: -_WEIGHTS[item.section]):
        for key in sorted(item.figures):
            weights.setdefault(key, _WEIGHTS[item.section])
    return weights


def coverage(subject: Subject) -> float | None:
    """The share of the figures that the reference tells which the draft tells too, weighted by materiality. 1 is all of them.

    Half counts for another figure of the same series: the level where the reference gives the change.
    """
    weights = materiality(subject.reference)
    told: set[Key] = set().union(*(one.figures for one in subject.draft.told))
    series = {key[0] for key in told}
    got = sum(weight * (1.0 if key in told else 0.5 if key[0] in series else 0.0) for key, weight in weights.items())
    return got / sum(weights.values()) if weights else None


def claims_f1(subject: Subject) -> float | None:
    """F1 of all claims, aligned one to one with the reference's. 1: says all of it and nothing else."""
    scores = subject.alignment.scores()
    return scores[2] if scores else None


def claims_precision(subject: Subject) -> float | None:
    """Of the draft's claims the share that answers one of the reference's, each with its likeness."""
    scores = subject.alignment.scores()
    return scores[0] if scores else None


def claims_recall(subject: Subject) -> float | None:
    """Of the reference's claims the share that the draft answers, each with its likeness."""
    scores = subject.alignment.scores()
    return scores[1] if scores else None


def _f1(subject: Subject, section: Section) -> float | None:
    scores = subject.alignment.scores({section})
    return scores[2] if scores else None


def summary_f1(subject: Subject) -> float | None:
    """F1 of the summary's claims by the figures that they tell. 1 is best."""
    return _f1(subject, "summary")


def effects_f1(subject: Subject) -> float | None:
    """F1 of the second-order effects by party, direction, horizon, mechanism, figures and falsifier. 1 is best."""
    return _f1(subject, "second_order_effects")


def gap_f1(subject: Subject) -> float | None:
    """How alike the two consensus gaps are in figures, sign and metric. 1 is best, 0 where only one note has any."""
    return _f1(subject, "consensus_gap")


def catalysts_f1(subject: Subject) -> float | None:
    """F1 of the catalysts by kind, window, watched metric, direction, horizon and figures. 1 is best."""
    return _f1(subject, "catalysts")


def direction_accuracy(subject: Subject) -> float | None:
    """Of the aligned effects and catalysts the share that point the same way. None where none are aligned."""
    same = [direction_of(pair.reference) == direction_of(pair.draft) for pair in subject.alignment.pairs if direction_of(pair.reference)]
    return sum(same) / len(same) if same else None


def horizon_accuracy(subject: Subject) -> float | None:
    """Of the aligned effects and catalysts the share with the same horizon. None where none are aligned."""
    same = [horizon_of(pair.reference) == horizon_of(pair.draft) for pair in subject.alignment.pairs if horizon_of(pair.reference)]
    return sum(same) / len(same) if same else None


def gap_sign(subject: Subject) -> float | None:
    """1 where the draft stands on the reference's side of consensus, 0 where it does not or has no gap."""
    ours, theirs = subject.reference.note.consensus_gap, subject.note.consensus_gap
    return None if ours is None else float(theirs is not None and theirs.sign == ours.sign)


def themes_f1(subject: Subject) -> float:
    """F1 of the themes. `Earnings` is every note's and does not count. 1 is best."""
    ours, theirs = ({*note.note.themes} - {"Earnings"} for note in (subject.reference, subject.draft))
    return 2 * len(ours & theirs) / (len(ours) + len(theirs)) if ours or theirs else 1.0


def impact_error(subject: Subject) -> float:
    """How far the market impact lies from the reference's, 0 to 1. 0 is best."""
    return abs(subject.reference.note.market_impact.score - subject.note.market_impact.score)
