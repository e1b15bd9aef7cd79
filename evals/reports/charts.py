"""The geometry of the report's charts: where each mark stands, in the units of its drawing. Templates draw them as SVG."""

from __future__ import annotations

import math
from dataclasses import dataclass

from evals.cases import Split
from evals.comparison import Comparison, MetricComparison
from evals.results import CaseResult, Results

SECTION_METRICS = ("summary_f1", "effects_f1", "gap_f1", "catalysts_f1", "coverage", "claims_f1")
"""The columns of the heat map, quality beside them."""
ROW = 26
"""Height of a row of a chart."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A value of the heat map; `shade` from 0 to 1 is how much of the colour it has."""

    text: str
    shade: float


@dataclass(frozen=True, slots=True)
class HeatRow:
    """A case and its scores."""

    case: str
    split: Split
    failed: bool
    cells: tuple[Cell, ...]


def heat_map(results: Results) -> list[HeatRow]:
    """Cases by split and then by quality, the best first."""
    ordered = sorted(results.cases, key=lambda case: (case.split != "heldback", -case.quality))
    return [HeatRow(case.case, case.split, bool(case.failed), tuple(_cells(case))) for case in ordered]


def _cells(case: CaseResult) -> list[Cell]:
    values = [case.quality, *(case.scores.get(name) for name in SECTION_METRICS)]
    return [Cell("-", 0.0) if value is None else Cell(f"{value:.2f}", min(max(value, 0.0), 1.0)) for value in values]


@dataclass(frozen=True, slots=True)
class Whisker:
    """A metric's mean difference with its interval, in percent of the chart's width; `way` is better, worse or level."""

    name: str
    gated: bool
    failed: bool
    left: float
    middle: float
    right: float
    margin: float | None
    text: str
    way: str


@dataclass(frozen=True, slots=True)
class Forest:
    """Differences from the baseline: none lies in the middle. `ticks` are (place, words)."""

    whiskers: tuple[Whisker, ...]
    ticks: tuple[tuple[float, str], ...]

    @property
    def height(self) -> int:
        return ROW * len(self.whiskers) + 30


def forest(comparison: Comparison) -> Forest | None:
    """Metrics that are shares, signed so that right is better; None without a baseline."""
    shown = [one for one in comparison.metrics if one.stats is not None and one.metric.unit == "share" and one.metric.sign]
    if comparison.baseline is None or not shown:
        return None
    reach = max([0.05, *(abs(end) for one in shown if one.stats for end in (one.stats.low, one.stats.high))])
    step = 10 ** math.floor(math.log10(reach))
    reach = math.ceil(reach / step) * step

    ticks = tuple((_place(value, reach), f"{value:+.2g}" if value else "0") for value in (-reach, -reach / 2, 0.0, reach / 2, reach))
    return Forest(tuple(_whisker(one, reach) for one in shown), ticks)


def _place(value: float, reach: float) -> float:
    """Percent of the width: 0 for -reach, 100 for reach."""
    return round(50 + 50 * value / reach, 3)


def _whisker(one: MetricComparison, reach: float) -> Whisker:
    assert one.stats is not None
    way = "worse" if one.stats.high < 0 else "better" if one.stats.low > 0 else "level"
    return Whisker(
        name=one.metric.name,
        gated=one.metric.margin is not None,
        failed=one.failed,
        left=_place(one.stats.low, reach),
        middle=_place(one.stats.mean, reach),
        right=_place(one.stats.high, reach),
        margin=None if one.metric.margin is None else _place(-one.metric.margin, reach),
        text=f"{one.stats.mean:+.3f} [{one.stats.low:+.3f}, {one.stats.high:+.3f}]",
        way=way,
    )


@dataclass(frozen=True, slots=True)
class Stack:
    """The numbers of a case's prose by decision, each with its share of the longest bar in percent."""

    case: str
    grounded: int
    contradicted: int
    unsupported: int
    scale: float

    def share(self, count: int) -> float:
        return round(count * self.scale, 3)


def stacks(results: Results) -> list[Stack]:
    """A bar for each case that was drafted."""
    drafted = [case for case in results.cases if case.failed < case.samples]
    counts = [(_grounded(case), _count(case, "contradicted"), _count(case, "unsupported")) for case in drafted]
    longest = max(map(sum, counts), default=0) or 1
    return [Stack(case.case, *count, scale=100 / longest) for case, count in zip(drafted, counts, strict=True)]


def _grounded(case: CaseResult) -> int:
    return round((case.scores.get("words") or 0.0) * (case.scores.get("grounded") or 0.0) / 100)


def _count(case: CaseResult, name: str) -> int:
    return round(case.scores.get(name) or 0.0)


@dataclass(frozen=True, slots=True)
class Dot:
    """A case: what it took against how good it is."""

    case: str
    split: Split
    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Scatter:
    """What notes took (`unit`), against their quality; places in percent of width and height."""

    dots: tuple[Dot, ...]
    unit: str
    most: str


def effort(results: Results) -> Scatter | None:
    """Dollars where they are known, else tokens read and written; None where nothing was spent."""
    spent = [(case, case.scores.get("cost")) for case in results.cases]
    unit = "US dollars a note"
    if not any(value for _, value in spent):
        unit = "tokens a note, read and written"
        spent = [(case, _tokens(case)) for case in results.cases]
    known = [(case, value) for case, value in spent if value]
    if not known:
        return None
    most = max(value for _, value in known)
    dots = tuple(
        Dot(
            case.case,
            case.split,
            round(100 * value / most, 2),
            round(100 * (1 - case.quality), 2),
            f"{value:,.4g}" if most < 1 else f"{value:,.0f}",
        )
        for case, value in known
    )
    return Scatter(dots, unit, f"{most:,.4g}" if most < 1 else f"{most:,.0f}")


def _tokens(case: CaseResult) -> float | None:
    read, written = case.scores.get("prompt_tokens"), case.scores.get("written_tokens")
    return None if read is None or written is None else read + written
