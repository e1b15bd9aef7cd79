"""A provider's own surprise against what its own actual and estimate give: one is a fraction, another's a percentage."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pipeline.facts.quantity import HUNDRED, ZERO, last_place, reported
from pipeline.intake.estimates.basis import CENT
from pipeline.intake.estimates.models import EPS, Estimate

Form = Literal["fraction", "percent"]


def form(estimate: Estimate) -> Form | None:
    """How the surprise is written, told by recomputing it, never by its size; None where neither way agrees with it.

    The estimate needs an actual, a mean that is not zero, and a surprise.
    """
    actual, mean, surprise = estimate.actual, estimate.mean, estimate.surprise
    assert actual is not None, "see `checkable`"
    assert surprise is not None, "see `checkable`"
    ours = (actual - mean) / abs(mean)
    # What the rounding of the actual and of the estimate leaves open, and that of the surprise itself.
    slack = (_step(estimate, actual) + abs(actual / mean) * _step(estimate, mean)) / 2 / abs(mean)
    forms: tuple[tuple[Form, Decimal], ...] = (("fraction", Decimal(1)), ("percent", HUNDRED))
    gaps: list[tuple[Decimal, Form]] = []
    for name, factor in forms:
        own = reported(surprise, "percent").interval.width / 2 / factor
        gap = abs(surprise / factor - ours)
        if gap <= slack + own:
            gaps.append((gap, name))
    return min(gaps)[1] if gaps else None


def checkable(estimate: Estimate) -> bool:
    """Whether there is a surprise to check, and what it follows from."""
    return estimate.actual is not None and estimate.surprise is not None and estimate.mean != ZERO


def recomputed(estimate: Estimate) -> str:
    """Our own surprise, in percent, for a message."""
    assert estimate.actual is not None, "see `checkable`"
    return f"{(estimate.actual - estimate.mean) / abs(estimate.mean) * HUNDRED:.2f}%"


def _step(estimate: Estimate, value: Decimal) -> Decimal:
    step = last_place(value)
    return min(step, CENT) if estimate.metric in EPS else step
