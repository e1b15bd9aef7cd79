"""The journal of `afterprint draft`: nothing that was answered is asked for again, whatever stopped the command."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from pipeline.batch.journal import NAME, Journal, NoteRow, opened
from pipeline.cli import batches
from pipeline.cli.main import app
from pipeline.config import load_settings
from pipeline.errors import InputError, OutputFailed, ProviderError
from pipeline.facts.factbase import FactBase
from pipeline.facts.loading import load_sheet
from pipeline.llm.client import ChatClient
from pipeline.llm.gate import Asked
from pipeline.llm.types import Message, Request, Usage
from tests.conftest import CASES
from tests.scripted_model import ScriptedModel
from tests.scripted_server import Reply, ScriptedServer, failure

THREE = ["kc-2026q1", "nvda-2027q1", "mcd-2023q1"]
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
runner = CliRunner()


def silent() -> None:
    """Nobody waits."""


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with opened(tmp_path, lambda: NOW, silent) as found:
        found.begin("openai", "scripted", 1)
        yield found


def asked(text: str = "a", sample: str = "") -> Asked:
    """A request that is about to be sent."""
    return Asked(Request("summarize", (Message("user", text),), {}, sample), text.encode(), 100)


def ask(journal: Journal, request: Asked, answer: str, engine: str = "http://one/v1") -> str:
    """What a client does: an answer that is kept, else the server's `answer`, which is kept then."""

    async def run() -> bytes:
        keeper = journal.keeper(engine)
        kept = await keeper.recall(request)
        if kept is None:
            await keeper.keep(request, answer.encode(), Usage(prompt_tokens=10, completion_tokens=2, cached_tokens=4))
        return answer.encode() if kept is None else kept

    return asyncio.run(run()).decode()


def test_an_answer_is_given_again_without_asking(journal: Journal) -> None:
    assert ask(journal, asked(), "one") == "one"
    assert ask(journal, asked(), "two") == "one"
    assert (journal.asked, journal.recalled, journal.answers()) == (1, 1, 1)


@pytest.mark.parametrize("other", [{"engine": "http://two/v1"}, {"request": asked(sample="1")}, {"request": asked("b")}])
def test_another_request_is_asked_for(journal: Journal, other: dict[str, Any]) -> None:
    ask(journal, asked(), "one")
    assert ask(journal, **({"request": asked(), "answer": "two"} | other)) == "two"
    assert journal.asked == 2


def test_a_slash_at_the_end_of_an_address_is_no_other_server(journal: Journal) -> None:
    ask(journal, asked(), "one", "http://one/v1")
    assert ask(journal, asked(), "two", "http://one/v1/") == "one"


@pytest.mark.parametrize(
    "reply", [failure(500, "no"), Reply(body="<html>"), Reply(body='{"choices": ['), Reply(text=""), Reply(body="[1]")]
)
def test_what_is_no_answer_is_not_kept(journal: Journal, reply: Reply) -> None:
    async def run(base_url: str) -> None:
        settings = load_settings(max_attempts=1)
        keeper = journal.keeper(base_url)
        async with ChatClient(
            base_url=base_url, api_key=None, model="m", settings=settings, schema_note="{schema}", keeper=keeper
        ) as client:
            with pytest.raises(ProviderError):
                await client.complete(asked().request, lambda attempt: None)

    with ScriptedServer([reply]) as server:
        asyncio.run(run(server.base_url))
    assert journal.answers() == 0


# -- the file ------------------------------------------------------------------------------------------------------------------


def spoil(path: Path, how: str) -> None:
    if how == "damaged":
        path.write_bytes(b"SQLite format 3\0" + os.urandom(4096))
    elif how == "text":
        path.write_text("not a database, and long enough to be one " * 200)
    else:
        db = sqlite3.connect(path)
        db.execute("CREATE TABLE t (a)")
        db.execute(f"PRAGMA user_version = {9 if how == 'version' else 0}")
        db.execute(f"PRAGMA application_id = {0x41465450 if how == 'version' else 7}")
        db.commit()
        db.close()


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("damaged", "is damaged .*--fresh puts it aside"),
        ("text", "is damaged .*--fresh puts it aside"),
        ("version", "a journal of version 9, expected 2: --fresh"),
        ("foreign", "another program's database: give --out another folder"),
    ],
)
def test_a_journal_that_cannot_be_used_is_told_and_left_alone(tmp_path: Path, how: str, message: str) -> None:
    spoil(tmp_path / NAME, how)
    before = (tmp_path / NAME).read_bytes()
    with pytest.raises(InputError, match=message), opened(tmp_path, lambda: NOW, silent):
        pass
    assert (tmp_path / NAME).read_bytes() == before
    with opened(tmp_path, lambda: NOW, silent, fresh=True) as journal:
        assert journal.answers() == 0
    assert (tmp_path / f"{NAME}.old").read_bytes() == before


def test_a_file_in_the_folders_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x")
    with pytest.raises(OutputFailed, match="cannot write into this folder"), opened(tmp_path / "out", lambda: NOW, silent):
        pass


def test_runs_and_notes_are_kept(tmp_path: Path) -> None:
    row = NoteRow("kc", "facts.json", "draft", None, 100, 20, 50, "0.00120", 3.5)
    with opened(tmp_path, lambda: NOW, silent) as journal:
        journal.begin("openai", "m", 2)
        journal.done(row)
        journal.done(NoteRow("x", "x.json", "failed", "the key is refused", 0, 0, 0, None, 0.0))
        assert [(run.drafted, run.failed, run.ended) for run in journal.runs()] == [(1, 1, None)], "stopped, so far"
        journal.end()
    with opened(tmp_path, lambda: NOW, silent) as journal:
        (run,) = journal.runs()
        assert (run.sheets, run.drafted, run.review, run.failed, run.ended) == (2, 1, 0, 1, NOW.isoformat())
        assert journal.notes(run.id)[0] == row


# -- the command -----------------------------------------------------------------------------------------------------------------


class ThreeModels:
    """Scripted answers for three sheets, told apart by the company that a request speaks of."""

    def __init__(self, delay_s: float = 0.0) -> None:
        sheets = [load_sheet(CASES / name / "facts.json", max_bytes=10_000_000) for name in THREE]
        self._models = {sheet.company.name: ScriptedModel(FactBase.of(sheet)) for sheet in sheets}
        self._delay_s = delay_s

    def __call__(self, request: Any) -> Reply:
        text = request["messages"][1]["content"] if request else ""
        model = next((model for name, model in self._models.items() if name in text), next(iter(self._models.values())))
        answer = model(request)
        return answer if isinstance(answer, Reply) else Reply(text=answer, delay_s=self._delay_s)


def words(server: ScriptedServer, out: Path, *more: str) -> list[str]:
    sheets = [str(CASES / name / "facts.json") for name in THREE]
    return ["draft", *sheets, "--drafter", "openai", "--base-url", server.base_url, "--model", "scripted", "--out", str(out), *more]


def draft(server: ScriptedServer, out: Path, *more: str) -> Result:
    return runner.invoke(app, words(server, out, *more))


def notes_in(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.glob("*") if path.suffix in (".md", ".html") or path.name.endswith("q1.json")}


def test_the_same_command_again_asks_for_nothing(tmp_path: Path) -> None:
    with ScriptedServer(ThreeModels()) as server:
        first = draft(server, tmp_path)
        assert first.exit_code == 0, first.output
        made, asked = notes_in(tmp_path), len(server.requests)
        assert len(made) == 9
        again = draft(server, tmp_path)
        assert again.exit_code == 0
        assert len(server.requests) == asked
    assert "3 notes: 3 drafted, 0 to review, 0 failed; " in again.output
    assert f"{asked} answers from {tmp_path / NAME}, 0 asked for" in again.output
    assert notes_in(tmp_path) == made
    listed = runner.invoke(app, ["runs", "list", str(tmp_path)]).output.splitlines()
    assert len(listed) == 2
    assert f"{asked} requests, 0 from the journal" in listed[0]
    assert f"0 requests, {asked} from the journal" in listed[1]
    shown = json.loads(runner.invoke(app, ["runs", "show", str(tmp_path), "--json"]).stdout)
    assert len(shown["notes"]) == 3
    assert all(note["status"] == "draft" for note in shown["notes"])


def test_fresh_asks_again_and_keeps_the_old_journal(tmp_path: Path) -> None:
    with ScriptedServer(ThreeModels()) as server:
        draft(server, tmp_path)
        asked = len(server.requests)
        assert draft(server, tmp_path, "--fresh").exit_code == 0
        assert len(server.requests) == 2 * asked
    assert (tmp_path / f"{NAME}.old").exists()


def test_another_model_is_asked_for_what_this_one_answered(tmp_path: Path) -> None:
    with ScriptedServer(ThreeModels()) as server:
        draft(server, tmp_path)
        asked = len(server.requests)
        draft(server, tmp_path, "--model", "other")
        assert len(server.requests) == 2 * asked


def test_a_sheet_that_the_server_refuses_does_not_stop_the_others_and_is_tried_again(tmp_path: Path) -> None:
    models, broken = ThreeModels(), {"NVIDIA": True}

    def script(request: Any) -> Reply:
        if broken["NVIDIA"] and request and "NVIDIA" in request["messages"][1]["content"]:
            return failure(400, "this model is not for graphics cards")
        return models(request)

    with ScriptedServer(script) as server:
        first = draft(server, tmp_path)
        assert first.exit_code == 3
        assert "2 drafted, 0 to review, 1 failed" in runner.invoke(app, ["runs", "list", str(tmp_path)]).output
        asked = len(server.requests)
        broken["NVIDIA"] = False
        assert draft(server, tmp_path).exit_code == 0
        assert len(server.requests) - asked == 4, "the four steps of the one that had failed"


@pytest.mark.parametrize(
    ("status", "message", "asked"), [(401, "no such key", 1), (404, "the model 'scripted' does not exist", 1), (400, "too long", 3)]
)
def test_what_concerns_all_sheets_is_asked_once(tmp_path: Path, status: int, message: str, asked: int) -> None:
    with ScriptedServer(lambda request: failure(status, message)) as server:
        result = draft(server, tmp_path, "--concurrency", "1")
        assert len(server.requests) == asked
    assert result.exit_code == 3
    failed = 3 if status == 400 else 1
    assert f"{failed} notes: 0 drafted, 0 to review, {failed} failed" in result.output
    assert ("2 sheets not finished" in result.output) is (failed == 1)


def test_a_disk_that_fills_up_ends_the_batch_and_no_answer_is_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Journal, *_: object) -> None:
        with self._told():
            raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Journal, "_insert", full)
    with ScriptedServer(ThreeModels()) as server:
        result = draft(server, tmp_path, "--concurrency", "1")
        bodies = [request.body for request in server.requests]
    assert result.exit_code == 2
    assert result.output.count("database or disk is full") == 1
    assert len(bodies) == 1, "what was paid for is not paid for again, and no other note is begun"


def test_a_run_that_was_interrupted_is_told_with_what_it_had_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = batches.draft_all

    async def interrupted(sheets: Any, drafter: Any, plan: Any, on_step: Any, on_done: Any) -> None:
        await real(sheets, drafter, plan, on_step, lambda outcome: None)
        raise KeyboardInterrupt

    monkeypatch.setattr(batches, "draft_all", interrupted)
    with ScriptedServer(ThreeModels()) as server:
        stopped = draft(server, tmp_path)
        asked = len(server.requests)
    assert str(stopped.exception) == f"interrupted: {asked} answers are kept, the same command goes on from there"
    (listed,) = runner.invoke(app, ["runs", "list", str(tmp_path)]).output.splitlines()
    assert ", stopped: 3 sheets" in listed
    assert f"{asked} requests, 0 from the journal" in listed
    assert (tmp_path / "run.json").exists()


def test_the_rules_keep_no_journal(tmp_path: Path) -> None:
    assert runner.invoke(app, ["draft", str(CASES / THREE[0] / "facts.json"), "--drafter", "rules", "--out", str(tmp_path)]).exit_code == 0
    assert not (tmp_path / NAME).exists()
    result = runner.invoke(app, ["runs", "list", str(tmp_path)])
    assert "holds no journal.sqlite" in str(result.exception)


def test_a_run_that_there_is_not_is_named(tmp_path: Path) -> None:
    with opened(tmp_path, lambda: NOW, silent) as journal:
        journal.begin("openai", "m", 1)
    result = runner.invoke(app, ["runs", "show", str(tmp_path), "--run", "7"])
    assert "--run 7: expected one of 1" in str(result.exception)


# -- killed --------------------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_killed_at_any_moment_it_ends_with_the_same_notes_and_repeats_nothing_that_was_answered(tmp_path: Path) -> None:
    random, kills, at_once = Random(5), 2, 2  # noqa: S311 - the same moments each time
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AFTERPRINT_", "OPENAI_"))}
    with ScriptedServer(ThreeModels()) as server:
        assert draft(server, tmp_path / "undisturbed").exit_code == 0
        different = len({request.body for request in server.requests})
    with ScriptedServer(ThreeModels(delay_s=0.15)) as server:
        out = tmp_path / "killed"
        command = [sys.executable, "-c", "from pipeline.cli.main import run; run()", *words(server, out, "--concurrency", str(at_once))]
        for _ in range(kills):
            process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            before = len(server.requests)
            while process.poll() is None and len(server.requests) < before + 2:
                time.sleep(0.01)
            time.sleep(random.random() * 0.3)
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0
        asked = Counter(request.body for request in server.requests)
    assert notes_in(out) == notes_in(tmp_path / "undisturbed")
    assert len(asked) == different
    repeated = sum(count - 1 for count in asked.values())
    assert repeated <= kills * at_once, "only what was under way when it was killed"
    assert repeated < different


def test_a_second_command_on_the_folder_waits_for_the_first(tmp_path: Path) -> None:
    import threading

    waited, done = threading.Event(), threading.Event()

    def second() -> None:
        with opened(tmp_path, lambda: NOW, waited.set):
            done.set()

    with opened(tmp_path, lambda: NOW, silent):
        thread = threading.Thread(target=second)
        thread.start()
        assert waited.wait(5)
        assert not done.is_set()
    thread.join(5)
    assert done.is_set()
