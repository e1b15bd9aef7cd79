"""Paired statistics over cases: what a difference is worth when there are two dozen of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

DRAWS = 9_999
_SEED = 7
"""The same interval from the same scores."""
_Z_LEVEL, _Z_POWER = 1.959964, 0.841621
"""Of a two-sided test at 5%, and of a power of 80%."""


@dataclass(frozen=True, slots=True)
class Paired:
    """Differences of one metric, case by case. `low` and `high` are the 95% interval of their mean.

    `p_below` is how likely a mean this far below `-margin` is if the true one is not below it: small means worse.
    """

    n: int
    mean: float
    low: float
    high: float
    p_below: float
    detectable: float
    """The smallest true difference that this many cases would show, four times of five (two-sided, 5%); 0 where none differ."""


def paired(differences: Sequence[float], margin: float) -> Paired:
    """Percentile bootstrap of the mean over whole cases (Efron and Tibshirani 1993, chapter 13). Raises ValueError for fewer than two."""
    if len(differences) < 2:
        raise ValueError("at least two cases are needed for an interval")
    import numpy
    from scipy.stats import bootstrap

    data = numpy.asarray(differences, dtype=float)
    mean = float(data.mean())
    if float(data.std()) == 0.0:
        # All cases differ alike: there is nothing to draw.
        return Paired(len(data), mean, mean, mean, float(mean >= -margin - 1e-12), 0.0)
    drawn = bootstrap((data,), numpy.mean, n_resamples=DRAWS, method="percentile", rng=numpy.random.default_rng(_SEED))
    above = int((drawn.bootstrap_distribution >= -margin).sum())
    spread = float(data.std(ddof=1)) / math.sqrt(len(data))
    return Paired(
        n=len(data),
        mean=mean,
        low=float(drawn.confidence_interval.low),
        high=float(drawn.confidence_interval.high),
        p_below=(above + 1) / (DRAWS + 1),
        detectable=(_Z_LEVEL + _Z_POWER) * spread,
    )


def mcnemar(won: int, lost: int) -> float:
    """Exact two-sided p that as many cases turned from pass to fail as back (McNemar 1947; binomial on those that turned)."""
    if won + lost == 0:
        return 1.0
    from scipy.stats import binomtest

    return float(binomtest(won, won + lost, 0.5).pvalue)


def holm(ps: Sequence[float]) -> list[float]:
    """The p-values, adjusted for so many tests (Holm 1979), in the order given."""
    adjusted = [0.0] * len(ps)
    highest = 0.0
    for rank, place in enumerate(sorted(range(len(ps)), key=lambda n: ps[n])):
        highest = max(highest, min(1.0, ps[place] * (len(ps) - rank)))
        adjusted[place] = highest
    return adjusted
