"""The domain checks one by one: a sound answer of the scripted model, one fault, and what is said of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from pipeline.chain.checks import Checks
from pipeline.chain.draft import Clock, draft_note
from pipeline.chain.examine import examine
from pipeline.chain.steps import STEPS
from pipeline.drafters.base import Brief, StepAnswer, StepRequest
from pipeline.drafters.rules import RuleDrafter
from pipeline.facts.factbase import FactBase
from pipeline.facts.loading import load_sheet
from pipeline.llm.types import OnAttempt
from pipeline.mechanisms.engine import evaluate
from pipeline.mechanisms.library import library
from pipeline.notes.models import LONGEST_HEADLINE, LONGEST_NAME
from tests.conftest import CASES
from tests.scripted_model import ScriptedModel

STEP = {step.name: step for step in STEPS}


def of_case(name: str) -> FactBase:
    return FactBase.of(load_sheet(CASES / name / "facts.json", max_bytes=10_000_000))


def said(facts: FactBase, step: str, spoil: Callable[[Any], object]) -> list[str]:
    """The violations of the sound answer once `spoil` was at it."""
    brief = Brief(facts, evaluate(facts, library())[0])
    answer = ScriptedModel(facts).sound[step]
    spoil(answer)
    return list(map(str, examine(STEP[step], json.dumps(answer), STEP[step].narrowed(brief), Checks(brief)).violations))


@pytest.mark.parametrize("step", STEP)
def test_the_sound_answers_hold(kc: FactBase, step: str) -> None:
    assert said(kc, step, lambda answer: None) == []


def effect(**changes: Any) -> Callable[[Any], None]:
    return lambda answer: answer["effects"][0].update(changes)


def catalyst(**changes: Any) -> Callable[[Any], None]:
    return lambda answer: answer["catalysts"][0].update(changes)


def falsifier(**changes: Any) -> Callable[[Any], None]:
    return lambda answer: answer["falsifier"].update(changes)


@pytest.mark.parametrize(
    ("step", "spoil", "message"),
    [
        ("consensus_gap", lambda answer: answer.update(sign="no_estimate"), "sign: 'no_estimate' is not allowed"),
        ("consensus_gap", falsifier(threshold=2703.7), "falsifier: a threshold of 2703.7 is out of scale for gross_margin, which is 12.8%"),
        ("consensus_gap", falsifier(by="2026-05-01"), "falsifier.by: 2026-05-01 must lie after 2026-05-27 and within three years"),
        ("consensus_gap", falsifier(by="2036-05-01"), "falsifier.by: 2036-05-01 must lie after 2026-05-27 and within three years"),
        ("consensus_gap", falsifier(by="soon"), "falsifier.by: "),
        ("second_order", effect(direction="negative"), "direction: capacity_ahead_of_demand is positive for suppliers"),
        ("second_order", effect(horizon="next_12_18_months"), "horizon: the text speaks of next 1-2 quarters"),
        ("second_order", effect(mechanism="magic"), "mechanism: "),
        ("catalysts", catalyst(window={"from": "2026-09-09", "to": "2026-08-12"}), "window: starts on 2026-09-09, after its end"),
        (
            "catalysts",
            catalyst(window={"from": "2026-04-01", "to": "2026-04-30"}),
            "2026-04-01 to 2026-04-30 must lie after",
        ),
        ("catalysts", catalyst(event="Gross margin above 99.9% at last"), "event: '99.9%'"),
        ("summarize", lambda answer: answer.update(headline="Revenue up 73.9% y/y"), "headline: '73.9%'"),
        ("summarize", lambda answer: answer["claims"][0].update(evidence=["net_debt"]), "claims[0].evidence[0]: "),
    ],
)
def test_each_fault_is_named(kc: FactBase, step: str, spoil: Callable[[Any], None], message: str) -> None:
    found = said(kc, step, spoil)
    assert any(message in violation for violation in found), found


def test_without_an_estimate_the_sign_must_say_so() -> None:
    intel = of_case("intc-2022q4")
    assert said(intel, "consensus_gap", lambda answer: None) == []
    assert any(
        violation.startswith("sign: 'street_too_high' is not allowed")
        for violation in said(intel, "consensus_gap", lambda answer: answer.update(sign="street_too_high"))
    )


def test_one_metric_has_one_value() -> None:
    """Intel states a fall of 14.5 points, its two printed margins differ by 14.4: either holds alone, not both in one note."""

    def spoil(answer: Any) -> None:
        for n, points in ((0, "14.5"), (1, "14.4")):
            text = f"Gross margin fell {points} points y/y, claim {'one' if n == 0 else 'two'}."
            answer["claims"][n] = {"text": text, "evidence": ["gross_margin.yoy_reported", "gross_margin.yoy_change"]}

    (violation,) = said(of_case("intc-2022q4"), "summarize", spoil)
    assert violation.startswith("claims[1].text: '14.4 points' and, in claims[0].text, '14.5 points' are two values for one figure")


def test_steps_side_by_side_do_not_disagree(clock: Clock) -> None:
    intel = of_case("intc-2022q4")

    class Disagreeing(RuleDrafter):
        """Says 14.5 points in step 3 and 14.4 in step 4."""

        async def answer(self, request: StepRequest, on_attempt: OnAttempt) -> StepAnswer:
            answer = await super().answer(request, on_attempt)
            value = json.loads(answer.text)
            evidence = ["gross_margin.yoy_reported", "gross_margin.yoy_change"]
            if request.step == "consensus_gap":
                value["why_missed"] = {"text": "Gross margin fell 14.5 points y/y.", "evidence": evidence}
            if request.step == "catalysts":
                value["catalysts"][0]["claim"] = {"text": "Gross margin fell 14.4 points y/y.", "evidence": evidence}
            # Earlier steps keep silent on it, so that only the two can clash.
            for parts in ("claims", "effects"):
                value[parts] = [part for part in value.get(parts, []) if "14.5" not in json.dumps(part)]
            value = {key: part for key, part in value.items() if part != []}
            return StepAnswer(json.dumps(value), answer.usage)

    note = asyncio.run(draft_note(intel.sheet, Disagreeing(), clock)).note
    assert any("two values for one figure" in reason for withheld in note.withheld for reason in withheld.reasons)
    assert "14.4" not in " ".join(text for _, text, _ in note.texts())


def test_a_key_that_stands_twice_is_refused(kc: FactBase) -> None:
    brief = Brief(kc, evaluate(kc, library())[0])
    text = json.dumps(ScriptedModel(kc).sound["summarize"]).replace('{"headline"', '{"headline": "Other", "headline"', 1)
    seen = examine(STEP["summarize"], text, STEP["summarize"].narrowed(brief), Checks(brief))
    assert [str(violation) for violation in seen.violations] == ["the answer is not one JSON object: a key stands twice in one object"]


@pytest.mark.parametrize("text", ["", "[]", "7", "{", '{"claims": NaN}', "[" * 100_000, "x" * 70_000])
def test_what_is_not_an_object_is_one_violation(kc: FactBase, text: str) -> None:
    brief = Brief(kc, evaluate(kc, library())[0])
    (violation,) = examine(STEP["summarize"], text, STEP["summarize"].narrowed(brief), Checks(brief)).violations
    assert str(violation).startswith("the answer is not one JSON object")


def test_a_text_that_was_stopped_at_its_limit_is_refused(kc: FactBase) -> None:
    """A local model is cut off there: `..., incremental and`."""
    headline = ("Revenue grew 37.2% y/y as artificial intelligence workloads filled capacity " + "and " * 40)[:LONGEST_HEADLINE]
    (told,) = said(kc, "summarize", lambda answer: answer.update(headline=headline))
    assert told == "headline: runs to the limit of 160 characters, where its end is lost: say it in far fewer words"
    assert said(kc, "summarize", lambda answer: answer.update(headline=headline[:-1])) == []
    event = "The next print of the company, which " + "and " * 50
    assert any("limit of 200" in line for line in said(kc, "catalysts", catalyst(event=event[:LONGEST_NAME])))


def test_a_line_of_the_instructions_is_no_event(kc: FactBase) -> None:
    line = "Events that the facts make worth watching, with the fields of a catalyst as they stand there:"
    (told,) = said(kc, "catalysts", catalyst(event=line))
    assert told.startswith(f"catalysts[0].event: '{line}' is a line of the instructions")


def test_an_event_is_a_name_and_tells_no_figure(kc: FactBase) -> None:
    (told,) = said(kc, "catalysts", catalyst(event="Gross margin fell 3.4 pp y/y, from 16.2% in Q1 2025"))
    assert told.startswith("catalysts[0].event: 'Gross margin fell 3.4 pp y/y, from 16.2% in Q1 2025' tells a figure")


@pytest.mark.parametrize(
    ("direction", "comparison", "threshold", "refused"),
    [
        ("positive", "below", 10, True),
        ("negative", "below", 10, False),
        ("negative", "at_least", 16.2, True),
        ("positive", "at_least", 16.2, False),
        ("mixed", "below", 10, False),
    ],
)
def test_a_direction_is_what_the_watched_condition_would_mean(
    kc: FactBase, direction: str, comparison: str, threshold: float, refused: bool
) -> None:
    watch = {"metric": "gross_margin", "comparison": comparison, "threshold": threshold}
    found = said(kc, "catalysts", catalyst(direction=direction, watch=watch))
    assert any(line.startswith("catalysts[0].direction: ") for line in found) is refused


def test_a_threshold_that_is_met_already_is_told_what_it_must_be(kc: FactBase) -> None:
    for comparison, threshold, expected in (
        ("at_least", 10, "write a threshold above 12.8"),
        ("above", 10, "write a threshold at or above 12.8"),
        ("at_most", 15, "write a threshold below 12.8"),
        ("below", 15, "write a threshold at or below 12.8"),
    ):
        (told,) = said(kc, "consensus_gap", falsifier(metric="gross_margin", comparison=comparison, threshold=threshold))
        assert told.endswith(expected)


def test_views_that_tell_the_same_figures_are_told_which_one_is_at_fault(kc: FactBase) -> None:
    def same(answer: Any) -> None:
        answer["street_view"] = answer["our_view"]

    assert said(kc, "consensus_gap", same) == ["our_view.text: tells the same figures as street_view: tell another one"]
    # Without an estimate it is the street's view that has nothing to tell.
    quiet = of_case("mcd-2023q1")
    told = said(quiet, "consensus_gap", same)
    assert len(told) == 1
    assert told[0].startswith("street_view.text: tells the same figures as our_view, and the sheet has no estimate: write 'The sheet holds")
