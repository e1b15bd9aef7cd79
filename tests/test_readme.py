"""The README says what the committed results of the benchmarks say."""

from __future__ import annotations

import json

import pytest

from evals.bench import numbers
from evals.bench.tables import README, SECTIONS, rendered


def test_the_figures_are_those_of_the_committed_runs() -> None:
    text = README.read_text("utf-8")
    assert all(f"<!-- figures: {name} -->" in text for name in SECTIONS)
    assert rendered(text) == text, "run: python -m evals.bench.tables --write"


@pytest.mark.parametrize("part", numbers.PARTS)
def test_the_labelled_sentences_are_decided_as_the_figures_say(part: numbers.Part) -> None:
    """A change of the check shows here: run `python -m evals.bench.numbers --write`, and look at what it did to both parts."""
    outcomes = [outcome for sentences in numbers.load(part) for outcome in numbers.decide(sentences)]
    assert numbers.summary(outcomes) == json.loads(numbers.RESULT.read_text("utf-8"))[part]
