"""What the note took. None where no record of the run is at hand, or no price is known."""

from __future__ import annotations

from evals.metrics.metric import Subject


def withheld(subject: Subject) -> float:
    """Parts that the checks withheld. 0 is best."""
    return float(len(subject.note.withheld))


def repairs(subject: Subject) -> float | None:
    """Turns in which parts were asked for anew. 0 is best."""
    return None if subject.run is None else float(sum(max(len(step.turns) - 1, 0) for step in subject.run.steps))


def prompt_tokens(subject: Subject) -> float | None:
    """Tokens read, those from the cache included."""
    return None if subject.run is None else float(subject.run.usage.prompt_tokens)


def cached_tokens(subject: Subject) -> float | None:
    """Tokens read from the cache."""
    return None if subject.run is None else float(subject.run.usage.cached_tokens)


def written_tokens(subject: Subject) -> float | None:
    """Tokens written, those of answers that failed included."""
    return None if subject.run is None else float(subject.run.usage.completion_tokens)


def cost(subject: Subject) -> float | None:
    """US dollars at list price; None where none is known."""
    return None if subject.run is None or subject.run.cost_usd is None else float(subject.run.cost_usd)


def seconds(subject: Subject) -> float | None:
    """Seconds from the first request to the last answer; a replay has those of the recording, where they are known."""
    return None if subject.run is None else subject.run.seconds
