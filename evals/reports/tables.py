"""The rows that terminal and Markdown share: each metric, held back and tuned apart, and what changed against the baseline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evals.cases import SPLITS, Split
from evals.comparison import Comparison, MetricComparison
from evals.metrics import BY_NAME, METRICS, Metric
from evals.results import Results, summarised

SPLIT_WORDS: dict[Split, str] = {"heldback": "held back", "tuned": "tuned on"}


@dataclass(frozen=True, slots=True)
class Row:
    """One metric as words: `cells` in the order of `heads`."""

    metric: Metric
    cells: tuple[str, ...]
    failed: bool


def counted(results: Results) -> dict[Split, int]:
    """Cases in each split, held back first, splits without any left out."""
    counts = {split: sum(case.split == split for case in results.cases) for split in reversed(SPLITS)}
    return {split: count for split, count in counts.items() if count}


def heads(comparison: Comparison) -> tuple[str, ...]:
    """The heads of the columns."""
    splits = [f"{SPLIT_WORDS[split]} ({count})" for split, count in counted(comparison.run).items()]
    against = () if comparison.baseline is None else ("baseline", "difference [95%]", "won, lost", "detectable")
    return ("metric", *splits, f"all ({len(comparison.run.cases)})", *against)


def rows(comparison: Comparison) -> Iterator[Row]:
    """A row for each metric that has a score; `quality` at the end."""
    means = [summarised(comparison.run, split) for split in counted(comparison.run)]
    whole = summarised(comparison.run)
    for metric in METRICS:
        if whole[metric.name] is None:
            continue
        values = [shown(metric.name, one[metric.name]) for one in (*means, whole)]
        found = comparison.of(metric.name)
        against = () if comparison.baseline is None else _against(found)
        mark = " *" if metric.margin is not None else " !" if metric.floor is not None else ""
        yield Row(metric, (metric.name + mark, *values, *against), found is not None and found.failed)


LEGEND = "* gated: its interval may not lie below the baseline by more than its margin; ! floor: every case must keep it."


def _against(one: MetricComparison | None) -> tuple[str, ...]:
    if one is None or one.stats is None:
        return ("-", "-", "-", "-")
    sign = one.metric.sign or 1
    mean, low, high = (sign * value + 0.0 for value in (one.stats.mean, one.stats.low, one.stats.high))
    low, high = min(low, high), max(low, high)
    interval = f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]" if low != high else "0" if mean == 0 else f"{mean:+.3f}"
    tally = f"{one.count(1)}, {one.count(-1)}" if one.metric.sign else "-"
    return (shown(one.metric.name, one.baseline), interval, tally, f"{one.stats.detectable:.3f}")


def shown(name: str, value: float | None) -> str:
    """A score as tables print it."""
    if value is None:
        return "-"
    if name in BY_NAME and BY_NAME[name].unit in ("count", "tokens", "words"):
        return f"{value:,.0f}" if value == round(value) or value >= 10 else f"{value:.2f}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}"


def turned_line(comparison: Comparison) -> str | None:
    """How many cases need review now and did not before, with McNemar's p."""
    if comparison.turned is None:
        return None
    won, lost, p = comparison.turned
    return f"nothing to review: {won} cases gained it, {lost} lost it (exact McNemar, p {'< 0.01' if p < 0.01 else f'= {p:.2f}'})"
