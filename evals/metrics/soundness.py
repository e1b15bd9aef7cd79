"""Does the note hold? Its schema and its numbers, decided anew from the facts; what its own status says is not asked."""

from __future__ import annotations

from evals.metrics.metric import Subject
from pipeline.schemas import stored, validate


def schema_valid(subject: Subject) -> float:
    """1 where the note's JSON follows the note schema, 0 where it does not."""
    return float(not validate(subject.raw, stored("note")))


def contradicted(subject: Subject) -> float:
    """Numbers of the prose that the facts contradict. 0 is best."""
    return float(subject.draft.count("contradicted"))


def unsupported(subject: Subject) -> float:
    """Numbers of the prose that nothing in the facts decides. 0 is best."""
    return float(subject.draft.count("unsupported"))


def grounded(subject: Subject) -> float | None:
    """Numbers of the prose that follow from a fact, per 100 words: how densely the note speaks in figures."""
    return 100 * subject.draft.count("grounded") / subject.draft.words if subject.draft.words else None


def nothing_to_review(subject: Subject) -> float:
    """1 where the chain has nothing for an editor to look at first, 0 where something was withheld, failed or lacks."""
    return float(subject.note.status == "draft")
