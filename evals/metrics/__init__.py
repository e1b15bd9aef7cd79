"""The evaluators. `METRICS` has them all, in the order of tables; `quality` sums up those that are gated.

reading      a note's prose with the figures that it really tells
alignment    which claim answers which
soundness    schema and numbers
content      the reference's figures, claims, signs and themes
prose        specificity, filler, repetition; likeness in words, for reference only
effort       tokens, cost, repairs
"""

from __future__ import annotations

from collections.abc import Mapping

from evals.metrics import content, effort, prose, soundness
from evals.metrics.metric import Metric, Subject

METRICS: tuple[Metric, ...] = (
    Metric("schema_valid", "share", "higher", soundness.schema_valid, worst=0.0, floor=1.0),
    Metric("contradicted", "count", "lower", soundness.contradicted, floor=0.0),
    Metric("unsupported", "count", "lower", soundness.unsupported, floor=0.0),
    Metric("grounded", "per 100 words", None, soundness.grounded),
    Metric("nothing_to_review", "share", "higher", soundness.nothing_to_review, worst=0.0),
    Metric("coverage", "share", "higher", content.coverage, worst=0.0, margin=0.02),
    Metric("claims_f1", "share", "higher", content.claims_f1, worst=0.0, margin=0.02),
    Metric("claims_precision", "share", "higher", content.claims_precision, worst=0.0),
    Metric("claims_recall", "share", "higher", content.claims_recall, worst=0.0),
    Metric("summary_f1", "share", "higher", content.summary_f1, worst=0.0),
    Metric("effects_f1", "share", "higher", content.effects_f1, worst=0.0, margin=0.04),
    Metric("gap_f1", "share", "higher", content.gap_f1, worst=0.0),
    Metric("gap_sign", "share", "higher", content.gap_sign, worst=0.0),
    Metric("catalysts_f1", "share", "higher", content.catalysts_f1, worst=0.0, margin=0.04),
    Metric("direction_accuracy", "share", "higher", content.direction_accuracy),
    Metric("horizon_accuracy", "share", "higher", content.horizon_accuracy),
    Metric("themes_f1", "share", "higher", content.themes_f1, worst=0.0),
    Metric("impact_error", "share", "lower", content.impact_error, worst=1.0),
    Metric("specificity", "share", "higher", prose.specificity, worst=0.0, margin=0.04),
    Metric("filler", "per 100 words", "lower", prose.filler),
    Metric("repetition", "share", "lower", prose.repetition),
    Metric("copied", "share", "lower", prose.copied),
    Metric("words", "words", None, prose.words),
    Metric("rouge_l", "share", None, prose.rouge_l),
    Metric("chrf", "share", None, prose.chrf),
    Metric("withheld", "count", "lower", effort.withheld),
    Metric("repairs", "count", "lower", effort.repairs),
    Metric("prompt_tokens", "tokens", "lower", effort.prompt_tokens),
    Metric("cached_tokens", "tokens", None, effort.cached_tokens),
    Metric("written_tokens", "tokens", "lower", effort.written_tokens),
    Metric("cost", "US dollars", "lower", effort.cost),
    Metric("seconds", "seconds", "lower", effort.seconds),
)
BY_NAME: Mapping[str, Metric] = {metric.name: metric for metric in METRICS}
GATED: tuple[Metric, ...] = tuple(metric for metric in METRICS if metric.margin is not None)
WORDY = frozenset({"rouge_l", "chrf"})
"""Likeness in words: for reference only."""
FLOORS: tuple[Metric, ...] = tuple(metric for metric in METRICS if metric.floor is not None)

Scores = Mapping[str, float | None]
"""A score by the metric's name; None where there was nothing to score."""

_QUALITY = {"coverage": 0.25, "claims_f1": 0.45, "gap_sign": 0.1, "specificity": 0.1, "themes_f1": 0.05}
_IMPACT_WEIGHT = 0.05
_PER_REFUSED, _PER_ECHOED = 0.05, 0.5
_USUAL_REPETITION = 0.1
"""Notes written by hand repeat up to a tenth of their runs of words: "y/y to", "the next print should show"."""


def score(subject: Subject) -> dict[str, float | None]:
    """Every metric of one note."""
    return {metric.name: metric.of(subject) for metric in METRICS}


def undrafted() -> dict[str, float | None]:
    """What a case scores that did not draft: the worst of each metric that has one."""
    return {metric.name: metric.worst for metric in METRICS}


def quality(scores: Scores) -> float:
    """One figure for charts and for the harness's own test, 0 to 1: the note against its reference. Reported, not gated.

    The weighted mean of coverage (0.25), F1 of the claims (0.45), the gap's sign and specificity (0.1 each), themes and market impact
    (0.05 each), less 0.05 for each refused number, half of what is copied or repeated more than usual, and all of it where the schema is
    broken.
    """
    if not scores.get("schema_valid"):
        return 0.0
    known = {name: (value, _QUALITY[name]) for name in _QUALITY if (value := scores.get(name)) is not None}
    if (error := scores.get("impact_error")) is not None:
        known["impact"] = (1 - error, _IMPACT_WEIGHT)
    mean = sum(value * weight for value, weight in known.values()) / sum(weight for _, weight in known.values())
    refused = sum(scores.get(name) or 0.0 for name in ("contradicted", "unsupported"))
    echoed = max((scores.get("repetition") or 0.0) - _USUAL_REPETITION, 0.0) + (scores.get("copied") or 0.0)
    return max(0.0, mean - _PER_REFUSED * refused - _PER_ECHOED * echoed)


__all__ = ["BY_NAME", "FLOORS", "GATED", "METRICS", "WORDY", "Metric", "Scores", "Subject", "quality", "score", "undrafted"]
