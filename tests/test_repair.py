"""What is asked after a failed answer, and how its answer is put in place. The answers are scripted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from pipeline.chain.briefing import safe
from pipeline.chain.checks import Checks
from pipeline.chain.examine import examine
from pipeline.chain.repair import Repair, repair_of
from pipeline.chain.steps import STEPS
from pipeline.chain.telling import told
from pipeline.drafters.base import Brief
from pipeline.drafters.model import PROMPT_FACTS
from pipeline.facts.factbase import FactBase
from pipeline.mechanisms.engine import Fired, evaluate
from pipeline.mechanisms.library import library
from tests.scripted_model import ScriptedModel

STEP = {step.name: step for step in STEPS}


@pytest.fixture(scope="module")
def brief(kc: FactBase) -> Brief:
    return Brief(kc, evaluate(kc, library())[0], PROMPT_FACTS)


def failed(brief: Brief, step: str, spoil: Callable[[Any], object]) -> tuple[dict[str, Any], Repair]:
    """The step's sound answer once `spoil` was at it, and the repair that it gets."""
    answer = ScriptedModel(brief.facts).sound[step]
    spoil(answer)
    schema = STEP[step].narrowed(brief)
    seen = examine(STEP[step], json.dumps(answer), schema, Checks(brief))
    assert seen.violations
    return answer, repair_of(STEP[step], seen, schema, brief)


def wrong(n: int) -> Callable[[Any], object]:
    return lambda answer: answer["claims"][n].update(text=f"Revenue grew {93 + n}.9% y/y.", evidence=["revenue.yoy"])


def both(*spoils: Callable[[Any], object]) -> Callable[[Any], object]:
    return lambda answer: [spoil(answer) for spoil in spoils]


def test_only_the_broken_items_are_asked_for_in_their_order(brief: Brief) -> None:
    answer, repair = failed(brief, "summarize", both(wrong(0), wrong(2)))
    assert repair.schema["required"] == ["claims"]
    assert set(repair.schema["properties"]) == {"claims"}
    assert (repair.schema["properties"]["claims"]["minItems"], repair.schema["properties"]["claims"]["maxItems"]) == (2, 2)
    assert "in this order: claims[0], claims[2]." in repair.message
    new = [{"evidence": ["revenue"], "text": "One."}, {"evidence": ["revenue"], "text": "Two."}]
    merged = json.loads(repair.merged(json.dumps({"claims": new})))
    assert [merged["claims"][0], merged["claims"][2]] == new
    assert merged["claims"][1] == answer["claims"][1]
    assert merged["headline"] == answer["headline"]


def test_the_failed_words_are_not_shown_again_but_for_their_numbers(brief: Brief) -> None:
    spoiled = {"text": "Zebras say revenue grew 93.9% y/y.", "evidence": ["revenue.yoy"]}
    _, repair = failed(brief, "summarize", lambda answer: answer["claims"][0].update(spoiled))
    assert repair.kept is not None
    assert "Zebras" not in repair.kept + repair.message
    assert "'93.9%'" in repair.message
    assert "revenue rose 37.2% y/y, from CNY 1,970.0m in Q1 2025" in repair.message
    assert "revenue was CNY 2,703.7m" in repair.message, "the level that the change led to is told as well"


def test_a_headline_is_asked_for_without_the_claims_that_it_would_copy(brief: Brief) -> None:
    answer, repair = failed(brief, "summarize", lambda answer: answer.update(headline="Revenue up 93.9% y/y"))
    assert repair.fields == ("headline",)
    assert repair.items is None
    assert repair.kept is None
    assert "headline failed" in repair.message
    merged = json.loads(repair.merged('{"headline": "Revenue up 37.2% y/y"}'))
    assert merged == answer | {"headline": "Revenue up 37.2% y/y"}


def test_a_whole_answer_is_mended_field_by_field(brief: Brief) -> None:
    answer, repair = failed(brief, "consensus_gap", lambda answer: answer["our_view"].update(text="Gross margin was 99.9%."))
    assert repair.fields == ("our_view",)
    assert set(repair.schema["properties"]) == {"our_view"}
    merged = json.loads(repair.merged(json.dumps({"our_view": {"text": "x", "evidence": ["revenue"]}})))
    assert merged == answer | {"our_view": {"text": "x", "evidence": ["revenue"]}}


def test_where_nothing_held_nothing_is_shown(brief: Brief) -> None:
    count = len(ScriptedModel(brief.facts).sound["catalysts"]["catalysts"])
    _, repair = failed(
        brief, "catalysts", lambda answer: [c.update(event=f"Revenue of {n}99.9% at last") for n, c in enumerate(answer["catalysts"])]
    )
    assert repair.kept is None
    assert repair.places == tuple(range(count))


def test_an_answer_that_lacks_something_gets_one_more_entry(brief: Brief) -> None:
    def one_horizon(answer: Any) -> None:
        answer["effects"] = [effect for effect in answer["effects"] if effect["horizon"] == "next_12_18_months"]

    answer, repair = failed(brief, "second_order", one_horizon)
    assert "next_1_2_quarters" in repair.message
    assert repair.schema["properties"]["effects"]["maxItems"] == 1
    merged = json.loads(repair.merged(json.dumps({"effects": [{"mechanism": "other"}]})))
    assert merged["effects"] == [*answer["effects"], {"mechanism": "other"}]


def test_a_wrong_shape_is_asked_for_as_a_whole(brief: Brief) -> None:
    _, repair = failed(brief, "summarize", lambda answer: answer["claims"].clear())
    assert repair.schema == STEP["summarize"].narrowed(brief)
    assert repair.merged('{"headline": "All new"}') == '{"headline": "All new"}'


@pytest.mark.parametrize("text", ["", "no", "[]", "[" * 50_000, '"x"'])
def test_an_answer_that_is_no_object_is_passed_on_to_the_examination(brief: Brief, text: str) -> None:
    _, repair = failed(brief, "summarize", wrong(0))
    assert repair.merged(text) == text


def test_too_few_and_too_many_items_change_nothing_else(brief: Brief) -> None:
    answer, repair = failed(brief, "summarize", both(wrong(0), wrong(2)))
    one = {"evidence": ["revenue"], "text": "One."}
    assert json.loads(repair.merged(json.dumps({"claims": [one]})))["claims"] == [one, *answer["claims"][1:]]
    three = json.loads(repair.merged(json.dumps({"claims": [one] * 3})))["claims"]
    assert len(three) == len(answer["claims"])


@pytest.mark.parametrize("step", STEP)
@pytest.mark.parametrize(
    "text",
    ["{}", '{"x": 1}', '{"headline": 7}', '{"ITEMS": {}}', '{"ITEMS": null}', '{"ITEMS": [1]}', '{"ITEMS": [{}], "x": 2}',
     '{"ITEMS": [{"evidence": "revenue", "text": 3}]}', '{"headline": "x", "ITEMS": ["a"]}', '{"ITEMS": [{"claim": []}]}',
     '{"ITEMS": "s"}'],
)  # fmt: skip
def test_an_answer_of_any_shape_gets_a_repair(brief: Brief, step: str, text: str) -> None:
    """Servers without strict schemas send such answers; none may end in a traceback."""
    schema = STEP[step].narrowed(brief)
    seen = examine(STEP[step], text.replace("ITEMS", STEP[step].items or "our_view"), schema, Checks(brief))
    repair = repair_of(STEP[step], seen, schema, brief)
    assert set(repair.schema["properties"]) <= set(schema["properties"])
    assert repair.message


@pytest.mark.parametrize("text", ['{"claims": [], "claims": []}', '{"claims": [NaN]}'])
def test_a_repair_is_parsed_as_strictly_as_an_answer(brief: Brief, text: str) -> None:
    _, repair = failed(brief, "summarize", wrong(0))
    assert repair.merged(text) == text, "passed on, so that the examination refuses it"


def test_an_effect_asked_for_anew_takes_a_mechanism_that_no_other_tells(brief: Brief) -> None:
    def twice(answer: Any) -> None:
        answer["effects"][1] = answer["effects"][0]

    answer, repair = failed(brief, "second_order", twice)
    told = {effect["mechanism"] for n, effect in enumerate(answer["effects"]) if n != 1}
    assert repair.places == (1,)
    allowed = repair.schema["$defs"]["SecondOrderEffect"]["properties"]["mechanism"]["enum"]
    assert not told & set(allowed)
    assert "other" in allowed
    spare = next(fired for fired in brief.offered if fired.mechanism.id not in told)
    assert spare.mechanism.id in allowed
    line = next(line for line in repair.message.splitlines() if "effects[1]" in line)
    assert all(word in line for word in (fired_words(spare, brief)))


def test_a_further_effect_takes_a_mechanism_that_no_other_tells(brief: Brief) -> None:
    def one_horizon(answer: Any) -> None:
        answer["effects"] = [effect for effect in answer["effects"] if effect["horizon"] == "next_12_18_months"]

    answer, repair = failed(brief, "second_order", one_horizon)
    allowed = repair.schema["$defs"]["SecondOrderEffect"]["properties"]["mechanism"]["enum"]
    assert not {effect["mechanism"] for effect in answer["effects"]} & set(allowed)


def fired_words(fired: Fired, brief: Brief) -> list[str]:
    return [safe(told(figure, brief.facts)) for figure in fired.facts]
