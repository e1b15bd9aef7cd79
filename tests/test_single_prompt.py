"""The baseline: one request for a whole note, handed out in sections. The model is scripted and stands behind real HTTP."""

from __future__ import annotations

import asyncio
import copy
import json
from pathlib import Path
from typing import Any

import pytest

from evals.one_answer import joined, sections_of
from evals.single_prompt import NAME, SECTIONS, SINGLE, SinglePromptDrafter, main, request_of, roomy, single_prompt
from pipeline.chain.draft import Clock, Draft, draft_note
from pipeline.chain.steps import STEPS, opening
from pipeline.config import load_settings
from pipeline.errors import ServerFailed
from pipeline.facts.sheet import FactSheet
from pipeline.llm.cassettes.file import read_cassette
from pipeline.llm.client import ChatClient
from pipeline.llm.formats import strict_schema
from pipeline.prompting import load_prompt
from pipeline.recording.replay import replay_case
from pipeline.schemas import validate
from tests.scripted_note import brief_of, sound_answers
from tests.scripted_server import Received, Reply, ScriptedServer, failure
from tests.test_eval_cases import case_folder

Answer = dict[str, Any]


def sound(sheet: FactSheet) -> Answer:
    """A whole note whose every part holds."""
    answers = sound_answers(sheet, 160)
    return {section: answers[step] for step, section in SECTIONS.items()}


def drafted(sheet: FactSheet, clock: Clock, *replies: Reply | str, attempts: int = 1) -> tuple[Draft, list[Received]]:
    with ScriptedServer(replies) as server:
        settings = roomy(load_settings(max_attempts=attempts))

        async def draft() -> Draft:
            note = load_prompt("schema_note").render(schema="{schema}")
            client = ChatClient(base_url=server.base_url, api_key=None, model="scripted", settings=settings, schema_note=note)
            async with SinglePromptDrafter(client, model="scripted", base_url=server.base_url, most_facts=160) as drafter:
                return await draft_note(sheet, drafter, clock)

        return asyncio.run(draft()), server.requests


# -- what it is asked ------------------------------------------------------------------------------------------------------------


def test_one_request_makes_a_note(kc_sheet: FactSheet, clock: Clock) -> None:
    draft, requests = drafted(kc_sheet, clock, json.dumps(sound(kc_sheet)))
    assert len(requests) == 1
    assert draft.note.status == "draft"
    assert not draft.note.withheld
    assert draft.note.consensus_gap is not None
    assert draft.note.manifest.drafter == draft.record.drafter == NAME
    assert [len(step.turns) for step in draft.record.steps] == [1, 1, 1, 1]


def test_the_request_holds_all_that_the_chain_is_told(kc_sheet: FactSheet) -> None:
    brief = brief_of(kc_sheet, 160)
    request = request_of(brief)
    assert tuple(message.content for message in request.messages[:2]) == opening(brief)
    for step in STEPS:
        assert step.instruction(brief) in request.messages[2].content


def test_the_request_allows_a_whole_note_the_tokens_of_four_answers_and_one_call(kc_sheet: FactSheet, clock: Clock) -> None:
    cut = Reply(text='{"summary": {"headl', finish_reason="length", completion_tokens=8_000)
    draft, requests = drafted(kc_sheet, clock, cut, cut, attempts=5)
    assert [request.json["max_tokens"] for request in requests] == [8_000]
    assert draft.note.failed_steps == tuple(SECTIONS)
    assert "cut off at 8000 tokens" in draft.note.review_reasons[0]
    assert draft.record.usage.completion_tokens == 8_000


def test_usage_is_counted_once(kc_sheet: FactSheet, clock: Clock) -> None:
    reply = Reply(text=json.dumps(sound(kc_sheet)), prompt_tokens=5_000, completion_tokens=1_500, cached_tokens=300)
    draft, _ = drafted(kc_sheet, clock, failure(503, headers={"Retry-After": "0"}), reply, attempts=2)
    usage = draft.record.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens) == (5_000, 1_500, 300)
    assert [len(step.turns[0].attempts) for step in draft.record.steps] == [2, 0, 0, 0]


# -- what becomes of its answer -----------------------------------------------------------------------------------------------------


def test_what_is_wrong_is_withheld_and_not_asked_again(kc_sheet: FactSheet, clock: Clock) -> None:
    answer = sound(kc_sheet)
    answer["summary"]["claims"][1]["text"] = "Revenue grew 73.9% y/y to CNY 2,703.7m."
    draft, requests = drafted(kc_sheet, clock, json.dumps(answer))
    assert len(requests) == 1
    (withheld,) = draft.note.withheld
    assert (withheld.step, withheld.place) == ("summarize", "claims[1]")
    assert "73.9%" in withheld.reasons[0]
    assert all("73.9" not in text for _, text, _ in draft.note.texts())


def test_a_section_that_is_not_there_fails_its_step_alone(kc_sheet: FactSheet, clock: Clock) -> None:
    answer = sound(kc_sheet)
    del answer["consensus_gap"]
    draft, _ = drafted(kc_sheet, clock, json.dumps(answer))
    assert draft.note.failed_steps == ("consensus_gap",)
    assert "scripted wrote no `consensus_gap`" in draft.note.review_reasons[0]
    assert draft.note.catalysts
    assert draft.record.usage.prompt_tokens == 100


def test_of_an_answer_that_was_cut_off_the_complete_sections_count(kc_sheet: FactSheet, clock: Clock) -> None:
    text = json.dumps(sound(kc_sheet))
    reply = Reply(text=text[: text.index('"consensus_gap"') + 100], finish_reason="length")
    draft, _ = drafted(kc_sheet, clock, reply)
    assert draft.note.failed_steps == ("consensus_gap", "catalysts")
    assert "cut off" in draft.note.review_reasons[0]
    assert draft.note.summary
    assert draft.note.second_order_effects
    assert draft.record.usage.completion_tokens == 20


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reply(text="Certainly! Here is the note."), "wrote no `summary`"),
        (Reply(text='["summary"]'), "wrote no `summary`"),
        (Reply(refusal="I cannot help with that."), "I cannot help with that"),
        (Reply(finish_reason="content_filter", text=""), "content filter"),
        (Reply(text='{"summary": 5, "second_order": null}'), "not one JSON object: it is a int"),
    ],
)
def test_an_answer_of_no_use_fails_every_step(kc_sheet: FactSheet, clock: Clock, reply: Reply, told: str) -> None:
    draft, requests = drafted(kc_sheet, clock, reply)
    assert len(requests) == 1
    assert draft.note.failed_steps == tuple(SECTIONS)
    assert told in draft.note.review_reasons[0]
    assert draft.note.headline == "Kingsoft Cloud Holdings Limited, Q1 2026"


def test_a_server_that_fails_ends_the_note(kc_sheet: FactSheet, clock: Clock) -> None:
    with pytest.raises(ServerFailed):
        drafted(kc_sheet, clock, failure(500))


def test_notes_side_by_side_get_their_own_answers(kc_sheet: FactSheet, clock: Clock) -> None:
    words = iter(["Red", "Green", "Blue"])

    def script(_: Any) -> Reply:
        answer = sound(kc_sheet)
        answer["summary"]["headline"] = f"{next(words)}: revenue rose 37.2% y/y"
        return Reply(text=json.dumps(answer), delay_s=0.05)

    with ScriptedServer(script) as server:

        async def draft() -> list[Draft]:
            client = ChatClient(
                base_url=server.base_url, api_key=None, model="scripted", settings=roomy(load_settings()), schema_note="{schema}"
            )
            async with SinglePromptDrafter(client, model="scripted", base_url=server.base_url) as drafter:
                return await asyncio.gather(*(draft_note(kc_sheet, drafter, clock) for _ in range(3)))

        drafts = asyncio.run(draft())
    assert {draft.note.headline for draft in drafts} == {f"{word}: revenue rose 37.2% y/y" for word in ("Red", "Green", "Blue")}
    assert len(server.requests) == 3


# -- its recordings --------------------------------------------------------------------------------------------------------------


def recorded(folder: Path, reply: Reply, *options: str) -> tuple[int, list[Received]]:
    with ScriptedServer(lambda _: reply) as server:
        code = main(["record", str(folder), "--base-url", server.base_url, "--model", "scripted", "--prompt-facts", "160", *options])
        return code, server.requests


def test_a_case_is_recorded_once_and_replayed_without_a_server(tmp_path: Path, kc_sheet: FactSheet) -> None:
    folder = case_folder(tmp_path)
    answer = json.dumps(sound(kc_sheet))
    code, requests = recorded(folder, Reply(text=answer))
    assert (code, len(requests)) == (0, 1)
    assert requests[0].json["max_tokens"] == 8_000
    cassette = read_cassette(folder / "single.yaml")
    assert (cassette.recorded.drafter, len(cassette.interactions)) == (NAME, 1)
    draft = replay_case(folder, SINGLE)
    assert draft.note.status == "draft"
    assert draft.note.manifest.drafter == NAME
    assert recorded(folder, Reply(text=answer)) == (0, [])
    assert len(recorded(folder, Reply(text=answer), "--answer-tokens", "900")[1]) == 1
    assert not (folder / "cassette.yaml").exists()


def test_a_recording_is_checked(tmp_path: Path, kc_sheet: FactSheet, capsys: pytest.CaptureFixture[str]) -> None:
    folder = case_folder(tmp_path)
    assert main(["check", str(folder)]) == 1
    assert "no cassette yet: python -m evals.single_prompt record" in capsys.readouterr().out
    recorded(folder, Reply(text=json.dumps(sound(kc_sheet))))
    file = folder / "single.yaml"
    text = file.read_text("utf-8")
    assert "Kingsoft" in text
    file.write_text(text.replace("Write the whole note now", "Write a note now"), "utf-8")
    assert main(["check", str(folder)]) == 1
    assert "asks for something else" in capsys.readouterr().out


def test_a_case_that_is_none_and_a_server_that_fails_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(tmp_path / "nothing")]) == 2
    assert "expected a case" in capsys.readouterr().err
    assert recorded(case_folder(tmp_path), failure(401))[0] == 3
    assert "failed:" in capsys.readouterr().err
    assert not list(tmp_path.glob("*/single.yaml"))


# -- its schema and its parser -------------------------------------------------------------------------------------------------------


def test_the_joined_schema_decides_as_the_four_do(kc_sheet: FactSheet) -> None:
    brief = brief_of(kc_sheet, 160)
    schema = request_of(brief).schema
    answer = sound(kc_sheet)
    narrowed = {SECTIONS[step.name]: step.narrowed(brief) for step in STEPS}
    broken = copy.deepcopy(answer)
    broken["summary"]["claims"][0]["evidence"] = ["invented"]
    broken["second_order"]["effects"][0]["mechanism"] = "magic"
    broken["second_order"]["effects"][0]["falsifier"]["metric"] = "revenue.surprise"
    broken["consensus_gap"]["falsifier"]["by"] = "soon"
    broken["catalysts"]["catalysts"][0]["window"] = {"from": "2026-08-01"}
    for whole in (answer, broken):
        apart = [f"{name}.{found.path}" for name, one in narrowed.items() for found in validate(whole[name], one)]
        assert sorted(found.path for found in validate(whole, schema)) == sorted(apart)
    assert len(list(validate(broken, schema))) >= 5
    assert list(strict_schema(schema)["properties"]) == list(SECTIONS.values())


def test_definitions_of_one_name_and_two_contents_are_kept_apart() -> None:
    def schema(limit: int) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {"part": {"$ref": "#/$defs/Part"}, "same": {"$ref": "#/$defs/Same"}},
            "$defs": {
                "Part": {"type": "array", "items": {"$ref": "#/$defs/Deep"}},
                "Deep": {"type": "integer", "maximum": limit},
                "Same": {"type": "string"},
                "Part2": {"type": "null"},
            },
        }

    whole = joined({"low": schema(1), "high": schema(9)})
    assert set(whole["$defs"]) == {"Part", "Deep", "Same", "Part2", "Part3", "Deep2"}
    assert [found.path for found in validate({"low": {"part": [5]}, "high": {"part": [5]}}, whole)] == ["low.part[0]"]
    assert [found.path for found in validate({"low": {"part": [1]}, "high": {"part": [10], "same": 1}}, whole)] == [
        "high.part[0]",
        "high.same",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": {"b": 1.50}, "c": [1, 2]}', {"a": '{"b": 1.50}', "c": "[1, 2]"}),
        ('{"a": {"b": 1}, "c": [1, 2', {"a": '{"b": 1}'}),
        ('{"a": {"k": 1, "k": 2}}', {"a": '{"k": 1, "k": 2}'}),
        ('{"a": 1, "a": 2}', {"a": "1"}),
        ('{"a" 1}', {}),
        ('{"a": "with \\"}\\" in it", "b"', {"a": '"with \\"}\\" in it"'}),
        ('{"a": 1} {"b": 2}', {"a": "1"}),
        ("{" * 100_000, {}),
        ('{"a": ' + "[" * 100_000, {}),
        ("", {}),
    ],
)
def test_sections_are_cut_out_as_they_were_written(text: str, found: dict[str, str]) -> None:
    assert sections_of(text) == found


def test_the_prompt_declares_what_it_uses() -> None:
    assert single_prompt().variables == set(SECTIONS)
