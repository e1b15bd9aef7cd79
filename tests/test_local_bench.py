"""The chain against one prompt: what is counted, on scripted recordings; and the committed figures are those of the cassettes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from evals.bench import local, tables
from evals.bench.local import REPLAY, RESULT, Replayed, difference, flat, measure, replay_all
from evals.bench.outcome import Parts, pace_of, tokens_of
from evals.cases import cases
from evals.single_prompt import SECTIONS, SINGLE
from evals.single_prompt import main as single_main
from pipeline.cli.main import app
from pipeline.facts.factbase import FactBase
from pipeline.facts.sheet import FactSheet
from pipeline.llm.cassettes.file import read_cassette
from pipeline.notes.models import StepName
from pipeline.recording.kinds import CHAIN
from tests.scripted_model import Change, ScriptedModel
from tests.scripted_note import sound_answers
from tests.scripted_server import Reply, ScriptedServer
from tests.test_eval_cases import case_folder

Plan = dict[StepName, Sequence[Change | Reply | None]]
Spoil = Callable[[dict[str, Any]], object]


def wrong(answer: dict[str, Any]) -> None:
    """A number that no fact has, in the second claim."""
    answer["claims"][1]["text"] = "Revenue grew 73.9% y/y to CNY 2,703.7m."


def record(
    folder: Path, sheet: FactSheet, plan: Plan | None = None, single: Callable[[dict[str, Any]], object] | Reply | None = None
) -> None:
    """Both cassettes of a case, from a scripted model: `plan` spoils the chain's answers, `single` the one answer."""
    model = ScriptedModel(FactBase.of(sheet), plan)
    model.sound = sound_answers(sheet)

    def script(request: Any) -> Reply | str:
        if request is not None and request["response_format"]["json_schema"]["name"] == "single_prompt":
            if isinstance(single, Reply):
                return single
            whole = {section: json.loads(json.dumps(model.sound[step])) for step, section in SECTIONS.items()}
            if single is not None:
                single(whole)
            return Reply(text=json.dumps(whole), prompt_tokens=4_000, cached_tokens=1_000, completion_tokens=900)
        return model(request)

    with ScriptedServer(script) as server:
        options = [str(folder), "--base-url", server.base_url, "--model", "scripted"]
        result = CliRunner().invoke(app, ["cassette", "record", *options])
        assert result.exit_code == 0, result.output
        assert single_main(["record", *options]) == 0


def one_case(root: Path, sheet: FactSheet, **how: Any) -> dict[str, Replayed]:
    record(case_folder(root), sheet, **how)
    return {one.way: one for one in replay_all(root)}


# -- the committed figures ---------------------------------------------------------------------------------------------------------


def test_the_committed_figures_are_those_of_the_committed_cassettes() -> None:
    """A change of prompts or checks shows here: run `python -m evals.bench.local --write`, or record again."""
    recorded = [case.folder / kind.file for case in cases() for kind in (CHAIN, SINGLE) if (case.folder / kind.file).exists()]
    if not recorded:
        assert not RESULT.exists(), "figures without a recording"
        return
    figures, kept = json.loads(json.dumps(measure(replay_all()))), json.loads(RESULT.read_text("utf-8"))
    assert {**figures, REPLAY: None} == {**kept, REPLAY: None}
    for split in figures["splits"].values():
        assert all(split[way].get("numbers refused", 0) == 0 for way in ("chain", "single"))


# -- what is counted -----------------------------------------------------------------------------------------------------------------


def test_a_sound_note_passes_at_first_both_ways(tmp_path: Path, kc_sheet: FactSheet) -> None:
    for one in one_case(tmp_path, kc_sheet).values():
        assert one.outcome.body.at_first == one.outcome.body.asked >= 8
        assert one.outcome.parts["headline"] == Parts(1, 1, 0, 0)
        assert not one.outcome.refused
        assert not one.outcome.needs_review
        assert one.outcome.numbers > 10


def test_a_repaired_part_and_a_withheld_one_are_told_apart(tmp_path: Path, kc_sheet: FactSheet) -> None:
    played = one_case(tmp_path, kc_sheet, plan={"summarize": [wrong, None]}, single=lambda whole: wrong(whole["summary"]))
    chain, single = played["chain"].outcome.parts["claims"], played["single"].outcome.parts["claims"]
    assert chain == Parts(chain.asked, chain.asked - 1, 1, 0)
    assert single == Parts(single.asked, single.asked - 1, 0, 1)
    assert played["single"].outcome.parts["effects"].withheld == 0


def test_a_failed_step_withholds_all_its_parts(tmp_path: Path, kc_sheet: FactSheet) -> None:
    def one_claim_left(whole: dict[str, Any]) -> None:
        for claim in whole["summary"]["claims"][1:]:
            claim["text"] = "Revenue grew 73.9% y/y."

    outcome = one_case(tmp_path, kc_sheet, single=one_claim_left)["single"].outcome
    claims = outcome.parts["claims"]
    assert claims == Parts(claims.asked, 0, 0, claims.asked)
    assert outcome.parts["headline"] == Parts(1, 0, 0, 1)
    assert outcome.needs_review


def test_parts_never_written_count_as_the_schema_asks(tmp_path: Path, kc_sheet: FactSheet) -> None:
    cut = Reply(text='{"summary": {"headline": "Lo', finish_reason="length", completion_tokens=2_000)
    outcome = one_case(tmp_path, kc_sheet, single=cut)["single"].outcome
    asked = {"headline": 1, "claims": 3, "effects": 2, "consensus gap": 1, "catalysts": 2}
    assert outcome.parts == {kind: Parts(count, 0, 0, count) for kind, count in asked.items()}
    assert outcome.tokens.written == 2_000


def test_a_wrong_sentence_of_the_consensus_gap_is_the_whole_gap(tmp_path: Path, kc_sheet: FactSheet) -> None:
    def wrong_view(whole: dict[str, Any]) -> None:
        whole["consensus_gap"]["our_view"]["text"] = "Revenue grew 73.9% y/y."

    outcome = one_case(tmp_path, kc_sheet, single=wrong_view)["single"].outcome
    assert outcome.parts["consensus gap"] == Parts(1, 0, 0, 1)


def test_a_consensus_gap_that_was_repaired_did_not_pass_at_first(tmp_path: Path, kc_sheet: FactSheet) -> None:
    def wrong_view(gap: dict[str, Any]) -> None:
        gap["our_view"]["text"] = "Revenue grew 73.9% y/y."

    outcome = one_case(tmp_path, kc_sheet, plan={"consensus_gap": [wrong_view, None]})["chain"].outcome
    assert outcome.parts["consensus gap"] == Parts(1, 0, 1, 0)


def test_a_headline_may_be_withheld_alone(tmp_path: Path, kc_sheet: FactSheet) -> None:
    def wrong_headline(whole: dict[str, Any]) -> None:
        whole["summary"]["headline"] = "Revenue grew 73.9% y/y"

    outcome = one_case(tmp_path, kc_sheet, single=wrong_headline)["single"].outcome
    assert outcome.parts["headline"] == Parts(1, 0, 0, 1)
    assert outcome.parts["claims"].withheld == 0


def test_tokens_are_those_of_every_answer(tmp_path: Path, kc_sheet: FactSheet) -> None:
    played = one_case(tmp_path, kc_sheet, plan={"summarize": [wrong, None]})
    assert played["single"].outcome.tokens == (1, 4_000, 1_000, 900)
    assert played["chain"].outcome.tokens == (5, 500, 0, 100)
    assert 0 <= played["chain"].outcome.seconds < 60


def test_speed_is_what_llama_cpp_says(tmp_path: Path, kc_sheet: FactSheet) -> None:
    record(case_folder(tmp_path), kc_sheet)
    cassette = read_cassette(tmp_path / "kc-2026q1" / "single.yaml")
    (one,) = cassette.interactions
    timings = {"prompt_n": 30, "prompt_ms": 1000.0, "predicted_n": 8, "predicted_ms": 2000.0}
    response = one.response.model_copy(update={"parsed_body": {**(one.response.parsed_body or {}), "timings": timings}})  # type: ignore[dict-item]
    timed = cassette.model_copy(update={"interactions": (one.model_copy(update={"response": response}),)})
    assert pace_of(timed) == (30, 1000.0, 8, 2000.0)
    assert pace_of(cassette) == (0, 0, 0, 0)
    assert tokens_of(timed) == tokens_of(cassette)


# -- what is compared ----------------------------------------------------------------------------------------------------------------


def test_the_difference_is_paired_and_its_interval_holds_it() -> None:
    pairs = [((8, 10), (6, 10)), ((10, 10), (5, 10)), ((9, 10), (9, 10)), ((7, 10), (4, 10))]
    found = difference(pairs, draws=2_000)
    assert found is not None
    assert found["difference"] == 0.25
    assert 0 <= found["low"] < 0.25 < found["high"] <= 0.5
    assert difference(pairs, draws=2_000) == found, "the same draws each time"
    same = difference([(one, one) for one, _ in pairs], draws=100)
    assert same == {"difference": 0, "low": 0, "high": 0}, "what is hard about a case counts on both sides"
    assert difference([]) is None


def test_the_command_prints_both_splits_and_writes_on_demand(
    tmp_path: Path, kc_sheet: FactSheet, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: dict[str, Any] = {}
    monkeypatch.setattr(local, "keep", lambda name, figures: kept.update({name: figures}))
    record(case_folder(tmp_path), kc_sheet, single=lambda whole: wrong(whole["summary"]))
    assert local.main([], tmp_path) == 0
    assert not kept
    told = capsys.readouterr().out
    assert "73.9%" not in told
    assert local.main(["--write", "--show"], tmp_path) == 0
    told = capsys.readouterr().out
    assert "heldback chain" in told
    assert "tuned, 1 cases with both, parts printed, chain less single: +" in told
    assert "kc-2026q1 single: summarize claims[1]: " in told
    figures = kept["local"]
    assert figures["splits"]["heldback"]["chain"] == {"cases": 0}
    assert flat(figures["splits"]["tuned"]["single"])["parts withheld"] == 1
    monkeypatch.setattr(tables, "_result", lambda name: json.loads(json.dumps(figures)))
    assert "| notes | - | - | 1 | 1 |" in tables.local()
    assert "tuned on, 1 cases: parts printed +" in tables.local()


def test_nothing_recorded_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case_folder(tmp_path)
    assert local.main([], tmp_path) == 2
    out = capsys.readouterr().out
    assert out.startswith("not measured: no case in ")
    assert out.count("\n") == 1


def test_a_cassette_that_does_not_replay_stops_the_measurement(
    tmp_path: Path, kc_sheet: FactSheet, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = case_folder(tmp_path)
    record(folder, kc_sheet)
    file = folder / "single.yaml"
    file.write_text(file.read_text("utf-8").replace("Write the whole note now", "Write a note now"), "utf-8")
    assert local.main([], tmp_path) == 1
    assert "single.yaml" in capsys.readouterr().err


def test_chain_and_single_prompt_must_be_asked_on_equal_terms(
    tmp_path: Path, kc_sheet: FactSheet, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = case_folder(tmp_path)
    record(folder, kc_sheet)
    with ScriptedServer(lambda _: Reply(text="{}")) as server:
        options = ["--base-url", server.base_url, "--model", "scripted", "--prompt-facts", "20"]
        assert single_main(["record", str(folder), *options]) == 0
    assert local.main([], tmp_path) == 1
    assert "other figures in the prompt" in capsys.readouterr().err


def test_a_number_that_does_not_hold_is_found_by_the_check_of_the_print(
    tmp_path: Path, kc_sheet: FactSheet, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The chain's own check is made blind: the one over the printed prose must not be."""
    folder = case_folder(tmp_path)
    record(folder, kc_sheet)
    played = replay_all(tmp_path)[0]
    note = played.draft.note
    claims = (note.summary[0].model_copy(update={"text": "Revenue grew 73.9% y/y."}), *note.summary[1:])
    spoilt = played.draft.__class__(note.model_copy(update={"summary": claims}), played.draft.record)

    async def replay(*_: object) -> Any:
        return spoilt

    monkeypatch.setattr(local, "replay", replay)
    assert local.main([], tmp_path) == 1
    assert "kc-2026q1 chain: '73.9%' matches no fact" in capsys.readouterr().out
