"""`afterprint draft` on folders and patterns: what is found, what is told, and what is left behind."""

from __future__ import annotations

import asyncio
import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from pipeline.batch import drafting
from pipeline.batch.desk import Desk
from pipeline.batch.drafting import work_through
from pipeline.batch.journal import opened
from pipeline.batch.limits import Limits, Sent
from pipeline.batch.outcome import Outcome, Tally, spell
from pipeline.cli import batches
from pipeline.cli.main import app
from pipeline.cli.watching import BatchWatcher
from pipeline.errors import AfterprintError, ConnectionFailed, OutputFailed, Problem, RequestRejected, ServerFailed, UsageError
from pipeline.facts.loading import load_sheet
from pipeline.facts.sheet import FactSheet
from pipeline.llm.types import Usage
from pipeline.notes import render
from tests.conftest import CASES, KC
from tests.scripted_server import WEB_PAGE, Reply, ScriptedServer, failure
from tests.sheets import find_sheets
from tests.test_batch_journal import NOW, ThreeModels, silent, words

runner = CliRunner()


def draft(*given: object) -> Result:
    return runner.invoke(app, ["draft", *map(str, given), "--drafter", "rules", "--format", "md"])


def copies(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "facts.json").write_bytes((CASES / name / "facts.json").read_bytes())
    return folder


# -- which sheets ----------------------------------------------------------------------------------------------------------------


def test_a_pattern_is_matched_where_the_shell_did_not(tmp_path: Path) -> None:
    sheets = copies(tmp_path / "in", "kc-2026q1", "mcd-2023q1", "crm-2024q1")
    result = draft(sheets / "*2*q1" / "facts.json", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert {path.stem for path in (tmp_path / "out").glob("*.md")} == {"kc-2026q1", "mcd-2023q1", "crm-2024q1"}
    assert draft(sheets / "k*", "--out", tmp_path / "folders").exit_code == 0


def test_a_pattern_that_matches_nothing_is_told(tmp_path: Path) -> None:
    result = draft(tmp_path / "*.json", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "*.json: matches no file: expected fact sheets or folders with fact sheets" in result.output


def test_a_file_whose_name_is_a_pattern_is_itself(tmp_path: Path) -> None:
    odd = tmp_path / "q1[2026].facts.json"
    odd.write_bytes(KC.read_bytes())
    assert find_sheets([odd]) == [odd]


def test_thousands_of_other_files_are_passed_over(tmp_path: Path) -> None:
    sheets = copies(tmp_path / "in", "kc-2026q1")
    for number in range(3_000):
        (sheets / f"{number}.json").touch()
    assert find_sheets([sheets]) == [sheets / "kc-2026q1" / "facts.json"]


def test_a_folder_that_cannot_be_read_is_told_and_the_others_are_drafted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    walk = os.walk

    def closed(top: Path, onerror: Any = None) -> Any:
        onerror(PermissionError(13, "Permission denied", str(Path(top) / "closed")))
        return walk(top, onerror=onerror)

    monkeypatch.setattr(os, "walk", closed)
    result = draft(copies(tmp_path / "in", "kc-2026q1"), "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert f"{tmp_path / 'in' / 'closed'}: this folder cannot be read: Permission denied" in result.output
    assert (tmp_path / "out" / "kc-2026q1.md").exists(), "what is beside it is drafted"


# -- what is left behind ---------------------------------------------------------------------------------------------------------


def test_run_json_tells_what_became_of_each_sheet(tmp_path: Path) -> None:
    sheets = copies(tmp_path / "in", "kc-2026q1", "mcd-2023q1")
    (sheets / "bad.facts.json").write_text("{}")
    result = draft(sheets, "--out", tmp_path / "out")
    assert result.exit_code == 2
    told = json.loads((tmp_path / "out" / "run.json").read_text())
    assert (told["sheets"], told["notes"], told["failed"], told["not_finished"]) == (2, 2, 0, 0)
    assert {row["note"] for row in told["rows"]} == {"kc-2026q1", "mcd-2023q1"}
    assert {Path(problem["file"]).name for problem in told["problems"]} == {"bad.facts.json"}
    assert "2 notes: " in result.output


def test_one_note_leaves_no_summary(tmp_path: Path) -> None:
    draft(KC, "--out", tmp_path)
    assert not (tmp_path / "run.json").exists()


def test_a_batch_that_was_stopped_tells_what_was_not_finished(tmp_path: Path) -> None:
    with ScriptedServer(ThreeModels()) as server:
        stopped = runner.invoke(app, words(server, tmp_path, "--budget-tokens", "9000", "--concurrency", "1"))
    assert stopped.exit_code == 4
    told = json.loads((tmp_path / "run.json").read_text())
    assert told["not_finished"] == told["sheets"] - told["notes"] > 0
    assert "the same command goes on with them" in stopped.output


def test_the_limits_of_the_command_line_are_the_batchs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Limits] = []

    class Noting(Desk):
        def __init__(self, journal: object, limits: Limits) -> None:
            given.append(limits)
            super().__init__(journal, limits)  # type: ignore[arg-type]

    monkeypatch.setattr(batches, "Desk", Noting)
    more = ("--rpm", "6000", "--tpm", "9000000", "--budget-tokens", "5000000", "--concurrency", "7")
    with ScriptedServer(ThreeModels()) as server:
        assert runner.invoke(app, words(server, tmp_path, *more)).exit_code == 0
    assert given == [Limits(7, 6_000, 9_000_000, None, 5_000_000)]


# -- what goes wrong -------------------------------------------------------------------------------------------------------------


def through(fates: dict[str, list[Outcome]], at_once: int = 2) -> tuple[list[str], list[Outcome]]:
    """`work_through` sheets of these names, with what becomes of each, time after time: the order of calls, and what is told."""
    called: list[str] = []
    told: list[Outcome] = []

    async def one(number: int, path: Path, sheet: FactSheet) -> Outcome:
        await asyncio.sleep(0)
        called.append(path.name)
        return fates[path.name].pop(0)

    sheet = load_sheet(KC, max_bytes=10_000_000)
    asyncio.run(work_through(iter([(Path(name), sheet) for name in fates]), one, at_once, told.append))
    return called, told


def failed(name: str, error: AfterprintError) -> Outcome:
    return Outcome.failed(name, Path(name), error)


def test_what_may_pass_is_tried_once_more_when_the_others_are_through() -> None:
    outage = failed("a", ServerFailed("down"))
    called, told = through({"a": [outage, note("a")], "b": [note("b")], "c": [note("c")], "d": [note("d")]})
    assert called[-1] == "a"
    assert sorted(outcome.name for outcome in told) == ["a", "b", "c", "d"]
    assert {outcome.status for outcome in told} == {"draft"}


def test_what_does_not_pass_is_told_after_the_second_time_and_what_never_will_at_once() -> None:
    down = failed("a", ConnectionFailed("down"))
    called, told = through({"a": [down, down], "b": [failed("b", RequestRejected("too long"))]})
    assert sorted(called) == ["a", "a", "b"]
    assert [outcome.error for outcome in told] == ["too long", "down"]


def test_a_fault_of_our_own_costs_one_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = drafting.draft_note

    async def faulty(sheet: FactSheet, *more: Any) -> Any:
        if sheet.company.ticker == "MCD":
            raise ZeroDivisionError("division by zero")
        return await real(sheet, *more)

    monkeypatch.setattr(drafting, "draft_note", faulty)
    result = draft(copies(tmp_path / "in", "kc-2026q1", "mcd-2023q1"), "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "mcd-2023q1: a fault of Afterprint's own, please report it: ZeroDivisionError: division by zero (" in result.output
    assert "test_batch_command.py:" in result.output
    assert (tmp_path / "out" / "kc-2026q1.md").exists()


def test_a_full_disk_ends_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, text: str) -> None:
        raise OutputFailed(Problem("cannot write this file: No space left on device", file=str(path)))

    monkeypatch.setattr(render, "write_atomically", full)
    sheets = copies(tmp_path / "in", "kc-2026q1", "mcd-2023q1", "crm-2024q1")
    result = draft(sheets, "--out", tmp_path / "out", "--concurrency", "1")
    assert result.exit_code == 2
    assert result.output.count("No space left on device") == 1
    assert "2 sheets not finished" in result.output


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (WEB_PAGE, "is a web page, not a model's API"),
        (failure(429, "You exceeded your quota", code="insufficient_quota"), "has no credit left"),
        (failure(307, "", headers={"Location": "https://elsewhere/v1"}), "sends requests on to https://elsewhere/v1"),
    ],
)
def test_what_every_request_would_meet_is_asked_once(reply: Reply, said: str, tmp_path: Path) -> None:
    with ScriptedServer(lambda request: reply) as server:
        result = runner.invoke(app, words(server, tmp_path, "--concurrency", "1"))
        assert len(server.requests) == 1
    assert result.exit_code == 3
    assert said in result.output
    assert "2 sheets not finished" in result.output


def test_a_model_on_this_machine_is_asked_one_thing_at_a_time(tmp_path: Path) -> None:
    with opened(tmp_path, lambda: NOW, silent) as journal:
        desk = Desk(journal, Limits(8, tpm=1_000))
        assert desk.gate("m", None).limits == Limits(1, tpm=1_000)
        assert desk.gate("m", "http://127.0.0.1:1/v1").limits == Limits(8, tpm=1_000)
        with pytest.raises(UsageError, match="runs on this machine and costs nothing; --budget-tokens limits it"):
            Desk(journal, Limits(8, budget_usd=Decimal(1))).gate("m", None)


# -- progress --------------------------------------------------------------------------------------------------------------------


def note(name: str, status: str = "draft", cost: str | None = "0.01") -> Outcome:
    usage = Usage(prompt_tokens=900, completion_tokens=100, cached_tokens=450)
    return Outcome(name, Path(name), status, usage=usage, cost_usd=None if cost is None else Decimal(cost))


def test_the_line_says_what_is_done_what_it_cost_and_what_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    sent = Sent(requests=400, usage=Usage(prompt_tokens=90_000, completion_tokens=10_000), usd=Decimal("1.234"))
    seen: list[Outcome] = []
    watcher = BatchWatcher(lambda: 300, Tally(), slow=True, quiet=False, sent=lambda: sent, on_over=seen.append, clock=lambda: now[0])
    with watcher:
        watcher.step("kc", "summarize", "accepted")
        for number in range(99):
            watcher.over(note(f"n{number}"))
        now[0] = 100.0
        watcher.over(note("n99", "needs_review"))
    said = capsys.readouterr()
    assert said.err.splitlines() == ["100 of 300 notes: 99 drafted, 1 to review, 0 failed; $1.23 so far; 1,000 tokens/s; about 3 min left"]
    assert len(said.out.splitlines()) == 100, "of many notes no steps are told"
    assert len(seen) == 100


def test_the_table_at_the_end() -> None:
    tally = Tally()
    for outcome in (note("a"), note("b", "needs_review"), Outcome("c", Path("c"), "failed", "refused", 3)):
        tally.add(outcome)
    assert tally.lines(720) == [
        "3 notes: 1 drafted, 1 to review, 1 failed; 12 min",
        "2,000 tokens: 1,800 read (50% cached), 200 written; $0.0200, $0.0067 a note",
    ]


@pytest.mark.parametrize(("seconds", "said"), [(0.4, "0 s"), (89, "89 s"), (90, "2 min"), (3_599, "1 h 0 min"), (11_100, "3 h 5 min")])
def test_times_as_people_say_them(seconds: float, said: str) -> None:
    assert spell(seconds) == said
