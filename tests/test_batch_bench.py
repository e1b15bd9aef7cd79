"""The bad night of `evals.bench.batch`, in short: failures of every kind, and a command killed while it drafts."""

from __future__ import annotations

import json

from evals.bench import batch, capacity
from evals.bench.outside import RESULTS

NOTES, KILLS = 10, 1


def test_nothing_is_lost_nothing_is_paid_for_twice_and_the_notes_are_the_same() -> None:
    found = batch.measure(NOTES, KILLS)
    assert found["calm"] == found["calm"] | {"complete": NOTES, "exit code": 0, "requests": 4 * NOTES}
    faults, kills = found["faults"], found["kills"]
    assert (faults["complete"], faults["same as in the calm"], faults["exit code"]) == (NOTES, NOTES, 0)
    assert faults["answers paid for twice"] == 0
    assert sum(faults["served"].values()) > faults["served"]["answered"], "some requests did fail"
    assert (kills["complete"], kills["same as in the calm"]) == (NOTES, NOTES)
    assert kills["answers paid for twice"] <= KILLS * batch.AT_ONCE, "only what was under way at a kill"


def test_the_page_on_capacity_is_that_of_the_committed_figures() -> None:
    figures = json.loads((RESULTS / "capacity.json").read_text("utf-8"))
    assert capacity.PAGE.read_text("utf-8") == capacity.page(figures), "run: python -m evals.bench.capacity --write"
