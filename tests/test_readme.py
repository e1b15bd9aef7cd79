"""The README says what the committed results of the benchmarks say."""

from __future__ import annotations

from evals.bench.tables import README, SECTIONS, rendered


def test_the_figures_are_those_of_the_committed_runs() -> None:
    text = README.read_text("utf-8")
    assert all(f"<!-- figures: {name} -->" in text for name in SECTIONS)
    assert rendered(text) == text, "run: python -m evals.bench.tables --write"
