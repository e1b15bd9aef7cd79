"""The table of the harness's own test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evals.perturb.testing import Tally

LEAST_NOTICED, MOST_FALSE_ALARMS = 0.99, 0.02


def lines(tallies: Sequence[Tally]) -> Iterator[str]:
    """A line for each kind, and the sums; held back and tuned apart."""
    width = max(len(tally.kind) for tally in tallies) + 2
    for harmful, what in ((True, "faults noticed"), (False, "rewrites left alone")):
        some = [tally for tally in tallies if tally.harmful == harmful]
        yield f"{what:<{width}}{'held back':>18}{'tuned on':>18}"
        for tally in some:
            yield f"{tally.kind:<{width}}{_share([tally], 'heldback'):>18}{_share([tally], 'tuned'):>18}"
        yield f"{'all':<{width}}{_share(some, 'heldback'):>18}{_share(some, 'tuned'):>18}"
        yield ""


def _share(tallies: Sequence[Tally], split: str) -> str:
    found = [trial for tally in tallies for trial in tally.trials if trial.split == split]
    return f"{sum(trial.right for trial in found) / len(found):.1%} of {len(found):,}" if found else "-"


def passed(tallies: Sequence[Tally]) -> bool:
    """Whether faults are noticed often enough, and rewrites rarely enough."""
    faults = [trial.right for tally in tallies if tally.harmful for trial in tally.trials]
    rewrites = [trial.right for tally in tallies if not tally.harmful for trial in tally.trials]
    noticed = sum(faults) / len(faults) if faults else 0.0
    alarms = 1 - sum(rewrites) / len(rewrites) if rewrites else 0.0
    return noticed >= LEAST_NOTICED and alarms <= MOST_FALSE_ALARMS
