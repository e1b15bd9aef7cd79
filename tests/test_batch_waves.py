"""`--executor openai-batch` against the stub provider's files and batches: wave after wave, to the same notes as request by request."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from evals.bench.batch import make_sheets, stats, stub
from pipeline.batch.journal import NAME, opened
from pipeline.cli.main import app
from tests.test_batch_journal import NOW, silent

runner = CliRunner()
NOTES = 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sheets, the stub's answers, and the notes that are drafted request by request."""
    folder = tmp_path_factory.mktemp("waves")
    (folder / "sheets").mkdir()
    (folder / "answers.json").write_text(json.dumps(make_sheets(folder / "sheets", NOTES)))
    with stub(folder / "answers.json") as url:
        assert draft(folder, url, folder / "one-by-one", executor="asyncio").exit_code == 0
    return folder


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look at a batch after a hundredth of a second."""
    monkeypatch.setenv("AFTERPRINT_BATCH_POLL_S", "0.01")


def draft(folder: Path, url: str, out: Path, *more: str, executor: str = "openai-batch") -> Result:
    words = ["draft", str(folder / "sheets"), "--drafter", "openai", "--model", "stub", "--base-url", url, "--out", str(out)]
    return runner.invoke(app, [*words, "--executor", executor, *more])


def notes_in(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.glob("*.md")}


def served(url: str) -> dict[str, Any]:
    found: dict[str, Any] = stats(url)
    return found


def test_a_wave_for_each_level_and_the_same_notes(folder: Path, tmp_path: Path) -> None:
    with stub(folder / "answers.json") as url:
        result = draft(folder, url, tmp_path)
        told = served(url)
    assert result.exit_code == 0, result.output
    assert notes_in(tmp_path) == notes_in(folder / "one-by-one")
    assert told["served"]["batches"] == 3, "summary; effects; gap and catalysts side by side"
    assert told["paid twice"] == 0
    assert f"wave 1: {NOTES} requests in 1 batch" in result.output
    assert f"wave 3: {2 * NOTES} requests in 1 batch" in result.output
    assert "answers from" not in result.output, "the journal spared nothing: all was asked for in this run"
    assert json.loads((tmp_path / "run.json").read_text())["requests"]["at_once"] == 2 * NOTES
    assert "batch_0: in progress, 5 of 5 answered" in result.output


def test_slow_and_malformed_bodies_request_by_request(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERPRINT_MAX_ATTEMPTS", "9")
    monkeypatch.setenv("AFTERPRINT_MAX_WAIT_S", "0.1")
    with stub(folder / "answers.json", slow=0.3, malformed=0.3) as url:
        result = draft(folder, url, tmp_path, executor="asyncio")
        told = served(url)
    assert result.exit_code == 0, result.output
    assert notes_in(tmp_path) == notes_in(folder / "one-by-one")
    assert told["served"]["slow"] > 0
    assert told["served"]["malformed"] > 0
    assert told["paid twice"] == 0


@pytest.mark.parametrize("fault", ["limited", "failed", "garbled", "malformed", "expired"])
def test_what_a_batch_left_open_is_sent_again(folder: Path, tmp_path: Path, fault: str) -> None:
    with stub(folder / "answers.json", **{fault: 0.3}) as url:
        result = draft(folder, url, tmp_path)
        told = served(url)
    assert result.exit_code == 0, result.output
    assert notes_in(tmp_path) == notes_in(folder / "one-by-one")
    assert told["served"]["batches"] > 3
    assert told["paid twice"] == 0


def test_a_request_that_always_fails_fails_its_note_in_the_end(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERPRINT_MAX_ATTEMPTS", "2")
    with stub(folder / "answers.json", failed=1.0) as url:
        result = draft(folder, url, tmp_path)
        told = served(url)
    assert result.exit_code == 3
    assert told["served"]["batches"] == 2
    assert "failed (500): internal error (in 2 batches)" in result.output
    assert f"{NOTES} notes: 0 drafted, 0 to review, {NOTES} failed" in result.output


def test_a_queue_that_is_full_is_asked_for_less(folder: Path, tmp_path: Path) -> None:
    with stub(folder / "answers.json", queue=3) as url:
        result = draft(folder, url, tmp_path)
    assert result.exit_code == 0, result.output
    assert "more tokens than may wait; from now on at most 2 requests in a batch" in result.output
    assert notes_in(tmp_path) == notes_in(folder / "one-by-one")


def test_batches_that_were_under_way_are_collected_and_not_sent_again(folder: Path, tmp_path: Path) -> None:
    with stub(folder / "answers.json") as url:
        first = draft(folder, url, tmp_path)
        assert first.exit_code == 0
        asked = served(url)
        # As if the command had been killed after it sent its third batch.
        (tmp_path / "run.json").unlink()
        db = sqlite3.connect(tmp_path / NAME)
        db.execute("DELETE FROM answers WHERE step IN ('consensus_gap', 'catalysts')")
        db.execute("UPDATE batches SET collected = NULL WHERE id = 'batch_2'")
        db.commit()
        db.close()
        again = draft(folder, url, tmp_path)
        assert again.exit_code == 0, again.output
        assert "batch_2: sent by an earlier run" in again.output
        assert served(url) == asked, "nothing was sent"
        assert f"{2 * NOTES} answers from " in again.output, "each counted once, however many waves went through it"
    assert notes_in(tmp_path) == notes_in(folder / "one-by-one")


def test_a_budget_of_tokens_holds_for_batches(folder: Path, tmp_path: Path) -> None:
    with stub(folder / "answers.json") as url:
        stopped = draft(folder, url, tmp_path, "--budget-tokens", "20000")
        assert stopped.exit_code == 4, stopped.output
        assert 0 < served(url)["requests"] < 4 * NOTES
        assert draft(folder, url, tmp_path).exit_code == 0
        assert served(url)["paid twice"] == 0
    assert notes_in(tmp_path) == notes_in(folder / "one-by-one")


def test_a_batch_needs_an_endpoint(folder: Path, tmp_path: Path) -> None:
    words = ["draft", str(folder / "sheets"), "--drafter", "local", "--executor", "openai-batch", "--out", str(tmp_path)]
    result = runner.invoke(app, [*words, "--model", "x.gguf"])
    assert result.exit_code != 0
    assert runner.invoke(app, ["draft", str(folder), "--executor", "magic"]).exit_code != 0


def test_half_the_price_is_told_before(folder: Path) -> None:
    def cost(*more: str) -> float:
        words = ["draft", str(folder / "sheets"), "--drafter", "openai", "--model", "gpt-4o-mini", "--dry-run", "--json"]
        return float(json.loads(runner.invoke(app, [*words, *more]).stdout)["cost_usd"])

    assert 0.4 < cost("--executor", "openai-batch") / cost() < 1.0, "half, less what a cache would have spared"


def test_the_journal_knows_the_batches_under_way(tmp_path: Path) -> None:
    with opened(tmp_path, lambda: NOW, silent) as journal:
        journal.begin("openai", "m", 1)
        journal.batch_sent("b1", 3)
        journal.batch_sent("b2", 4)
        journal.batch_collected("b1")
    with opened(tmp_path, lambda: NOW, silent) as journal:
        assert journal.batches_under_way() == ["b2"]
