"""What a prompt offers to be taken over holds: a small model that copies an entry must not fail its checks for it."""

from __future__ import annotations

import json

import pytest

from evals.cases import Case, cases
from pipeline.chain.briefing import event_block
from pipeline.chain.checks import Checks
from pipeline.chain.examine import examine
from pipeline.chain.steps import STEPS
from pipeline.drafters.base import Brief
from pipeline.facts.factbase import FactBase
from pipeline.mechanisms.engine import evaluate
from pipeline.mechanisms.library import library

CATALYSTS = next(step for step in STEPS if step.name == "catalysts")
SMALL = 60


def brief_of(case: Case, most_facts: int | None) -> Brief:
    facts = FactBase.of(case.sheet())
    return Brief(facts, evaluate(facts, library())[0], most_facts)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_every_offered_event_holds(case: Case) -> None:
    brief = brief_of(case, SMALL)
    offered = [json.loads(line.removeprefix("- ")) for line in event_block(brief).splitlines()]
    assert len(offered) >= 2, "the step asks for two"
    assert len({entry["watch"]["metric"] for entry in offered}) == len(offered)
    schema = CATALYSTS.narrowed(brief)
    for entry in offered:
        seen = examine(CATALYSTS, json.dumps({"catalysts": [entry]}), schema, Checks(brief))
        assert [str(violation) for part in seen.parts for violation in part.violations] == []


def test_a_larger_model_is_told_the_events_and_writes_the_claims_itself() -> None:
    brief = brief_of(cases()[0], None)
    for line in event_block(brief).splitlines():
        assert set(json.loads(line.removeprefix("- "))) == {"event", "kind", "direction", "watch"}
