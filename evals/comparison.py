"""A run against the baseline, case by case, and whether it may pass.

It does not pass where

- a case was not drafted, or one of the baseline's is not there, or there are fewer than two to pair;
- a floor is broken in any case: the schema, or a number that is contradicted or unsupported;
- a gated metric lies below the baseline by more than its margin, and chance does not explain it: the interval of the mean difference,
  at 5% over all gated metrics together (Holm), ends below the margin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evals.cases import Split
from evals.metrics import FLOORS, METRICS, Metric
from evals.results import CaseResult, Results, versions
from evals.statistics import Paired, holm, mcnemar, paired
from pipeline.errors import InputError, Problem

LEVEL = 0.05
_TIE = 1e-6
_REVIEWED = "nothing_to_review"
_MOST_NAMED = 4
_LEAST_CASES = 2


@dataclass(frozen=True, slots=True)
class CaseDifference:
    """One case, run less baseline, in the metric's own unit; `better` says which way that is: 1, 0 or -1."""

    case: str
    split: Split
    baseline: float
    run: float
    better: int

    @property
    def difference(self) -> float:
        return self.run - self.baseline


@dataclass(frozen=True, slots=True)
class MetricComparison:
    """One metric over all cases that both have. `stats` are of differences, signed so that more is better."""

    metric: Metric
    cases: tuple[CaseDifference, ...]
    stats: Paired | None
    """None for fewer than two cases."""
    p_adjusted: float | None = None
    """Of a gated metric."""

    @property
    def baseline(self) -> float:
        return sum(case.baseline for case in self.cases) / len(self.cases)

    @property
    def run(self) -> float:
        return sum(case.run for case in self.cases) / len(self.cases)

    def count(self, better: int) -> int:
        """Cases won (1), tied (0) or lost (-1)."""
        return sum(case.better == better for case in self.cases)

    @property
    def lost(self) -> list[CaseDifference]:
        """The cases that are worse, the worst first."""
        return sorted((case for case in self.cases if case.better < 0), key=lambda case: -abs(case.difference))

    @property
    def failed(self) -> bool:
        return self.p_adjusted is not None and self.p_adjusted < LEVEL


@dataclass(frozen=True, slots=True)
class Comparison:
    """All metrics, and why the run does not pass: empty where it does."""

    run: Results
    baseline: Results | None
    metrics: tuple[MetricComparison, ...]
    reasons: tuple[str, ...]
    turned: tuple[int, int, float] | None
    """Cases that lost their need of review, that got one, and McNemar's p."""

    @property
    def passed(self) -> bool:
        return not self.reasons

    def of(self, name: str) -> MetricComparison | None:
        return next((one for one in self.metrics if one.metric.name == name), None)


def compare(run: Results, baseline: Results | None) -> Comparison:
    """Pair the cases of both and decide. Without a baseline only drafting and floors decide.

    Raises InputError where the two were scored by other versions of the metrics, or come of different drafters.
    """
    reasons = [*_undrafted(run), *_broken_floors(run)]
    if baseline is None:
        return Comparison(run, None, (), tuple(reasons), None)
    _check_same_terms(run, baseline)
    if gone := [case.case for case in baseline.cases if run.case(case.case) is None]:
        reasons.append(f"{len(gone)} of the baseline's {len(baseline.cases)} cases are not in this run: {_named(gone)}")
    pairs = [(case, theirs) for case in run.cases if (theirs := baseline.case(case.case)) is not None]
    if len(pairs) < _LEAST_CASES:
        reasons.append(f"only {len(pairs)} case in common with the baseline: a gate needs at least {_LEAST_CASES}")
    found = [one for metric in METRICS if (one := _compared(metric, pairs)) is not None]
    found = _adjusted(found)
    reasons += [_why(one) for one in found if one.failed]
    review = next((one for one in found if one.metric.name == _REVIEWED), None)
    turned = (review.count(1), review.count(-1), mcnemar(review.count(1), review.count(-1))) if review else None
    return Comparison(run, baseline, tuple(found), tuple(reasons), turned)


def _check_same_terms(run: Results, baseline: Results) -> None:
    if other := sorted(name for name, version in baseline.evaluators.items() if versions().get(name) != version):
        message = f"was scored by another version of {', '.join(other)}: score it anew and bless that, `afterprint eval bless RUN`"
        raise InputError(Problem(message, field="baseline"))
    if lacking := sorted(set(versions()) - set(baseline.evaluators)):
        raise InputError(
            Problem(f"does not know {', '.join(lacking)}: bless a run of today, `afterprint eval bless RUN`", field="baseline")
        )


def _undrafted(run: Results) -> list[str]:
    lost = [case for case in run.cases if case.failed]
    if not lost:
        return []
    first = (lost[0].error or "").splitlines()[0]
    return [f"{len(lost)} of {len(run.cases)} cases were not drafted: {_named([case.case for case in lost])} ({first})"]


def _broken_floors(run: Results) -> list[str]:
    found = []
    for metric in FLOORS:
        broken = [case for case in run.cases if (value := case.scores.get(metric.name)) is not None and metric.breaks_floor(value)]
        broken = [case for case in broken if not case.failed]
        if broken:
            names = _named([f"{case.case} ({case.scores[metric.name]:g})" for case in broken])
            found.append(f"{metric.name}: floor {metric.floor:g} broken in {len(broken)} of {len(run.cases)} cases: {names}")
    return found


def _compared(metric: Metric, pairs: Sequence[tuple[CaseResult, CaseResult]]) -> MetricComparison | None:
    cases = []
    for ours, theirs in pairs:
        new, old = ours.scores.get(metric.name), theirs.scores.get(metric.name)
        if new is None and old is not None:
            # What is no longer there to be scored has not become better.
            new = metric.worst
        if new is not None and old is not None:
            change = new - old
            better = 0 if abs(change) <= _TIE else metric.sign * (1 if change > 0 else -1)
            cases.append(CaseDifference(ours.case, ours.split, old, new, better))
    if not cases:
        return None
    signed = [case.difference * (metric.sign or 1) for case in cases]
    return MetricComparison(metric, tuple(cases), paired(signed, metric.margin or 0.0) if len(cases) > 1 else None)


def _adjusted(found: Sequence[MetricComparison]) -> list[MetricComparison]:
    gated = [one for one in found if one.metric.margin is not None and one.stats is not None]
    ps = dict(zip((one.metric.name for one in gated), holm([one.stats.p_below for one in gated if one.stats]), strict=True))
    return [MetricComparison(one.metric, one.cases, one.stats, ps.get(one.metric.name)) for one in found]


def _why(one: MetricComparison) -> str:
    assert one.stats is not None
    worst = _named([f"{case.case} ({case.baseline:.2f} to {case.run:.2f})" for case in one.lost])
    return (
        f"{one.metric.name}: {one.baseline:.3f} to {one.run:.3f}, {one.stats.mean:+.3f} [{one.stats.low:+.3f}, {one.stats.high:+.3f}], "
        f"more than the margin of {one.metric.margin:g} below the baseline; worse in {one.count(-1)} of {one.stats.n} cases: {worst}"
    )


def _named(names: Sequence[str]) -> str:
    """Some of them by name, the others counted."""
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
