"""The command as a person runs it: output, exit codes, errors. Each test is a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

from pipeline.facts.factbase import FactBase
from pipeline.facts.sheet import FactSheet
from tests.conftest import CASES, KC
from tests.scripted_model import ScriptedModel
from tests.scripted_server import Reply, ScriptedServer, failure

ROOT = Path(__file__).parent.parent


def afterprint(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command with `words`; output is captured, so it is no terminal."""
    code = "from pipeline.cli.main import run; run()"
    return subprocess.run([sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, timeout=120, cwd=cwd, check=False)


def test_a_real_quarter_becomes_a_note_that_passes_its_own_check(tmp_path: Path) -> None:
    done = afterprint("draft", KC, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kc-2026q1.html", "kc-2026q1.json", "kc-2026q1.md", "kc-2026q1.run.json"]
    assert "drafting by rules: no endpoint is configured" in done.stderr
    assert "kc-2026q1: draft" in done.stdout
    note = json.loads((tmp_path / "kc-2026q1.json").read_text())
    schema = json.loads((ROOT / "schemas" / "note.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(note)
    record = json.loads((tmp_path / "kc-2026q1.run.json").read_text())
    jsonschema.Draft202012Validator(json.loads((ROOT / "schemas" / "run-record.schema.json").read_text())).validate(record)
    for name in ("kc-2026q1.md", "kc-2026q1.html", "kc-2026q1.json"):
        checked = afterprint("check", tmp_path / name, "--facts", KC)
        assert checked.returncode == 0, checked.stdout
        assert "0 contradicted, 0 unsupported" in checked.stdout


# For the other cases too few mechanisms of the library fire: their notes say so and ask for review.
DRAFTED_WHOLE = frozenset(("aapl-2025q2", "crm-2024q1", "ebay-2023q1", "intc-2022q4", "kc-2026q1"))


@pytest.mark.parametrize("case", sorted(path.parent.name for path in CASES.glob("*/facts.json")))
def test_every_case_drafts_and_checks_clean(case: str, tmp_path: Path) -> None:
    sheet = CASES / case / "facts.json"
    done = afterprint("draft", sheet, "--out", tmp_path, "--strict", "--json")
    (row,) = json.loads(done.stdout)["notes"]
    if case in DRAFTED_WHOLE:
        assert (done.returncode, row["status"], row["withheld"]) == (0, "draft", 0), done.stderr
    assert (done.returncode == 0) is (row["status"] == "draft")
    note = next(path for path in map(Path, row["files"]) if path.suffix == ".md")
    checked = afterprint("check", note, "--facts", sheet)
    assert checked.returncode == 0, checked.stdout


def test_the_same_sheet_gives_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        assert afterprint("draft", KC, "--out", tmp_path / folder, "--drafter", "rules").returncode == 0
    for name in ("kc-2026q1.json", "kc-2026q1.md", "kc-2026q1.html"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_scripted_server_is_drafted_with_over_http(tmp_path: Path, kc_sheet: FactSheet) -> None:
    def wrong(answer: dict[str, list[dict[str, str]]]) -> None:
        answer["claims"][0]["text"] = "Revenue grew 73.9% y/y to CNY 2,703.7m."

    with ScriptedServer(ScriptedModel(FactBase.of(kc_sheet), {"summarize": [wrong, None], "catalysts": [None]})) as server:
        done = afterprint("draft", KC, "--drafter", "openai", "--base-url", server.base_url, "--model", "scripted", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "summary: repairing" in done.stderr
    record = json.loads((tmp_path / "kc-2026q1.run.json").read_text())
    assert [len(step["turns"]) for step in record["steps"]] == [2, 1, 1, 1]
    assert record["usage"]["prompt_tokens"] == 500


def test_without_a_model_name_the_servers_only_model_is_used(tmp_path: Path, kc_sheet: FactSheet) -> None:
    with ScriptedServer(ScriptedModel(FactBase.of(kc_sheet))) as server:
        done = afterprint("draft", KC, "--drafter", "openai", "--base-url", server.base_url, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "drafting with scripted at 127.0.0.1" in done.stderr


def test_a_claim_that_stays_wrong_is_withheld_and_strict_says_so(tmp_path: Path, kc_sheet: FactSheet) -> None:
    def wrong(answer: dict[str, list[dict[str, str]]]) -> None:
        for claim in answer["claims"]:
            claim["text"] = f"{claim['text']} Margins should reach 99.9% soon."

    with ScriptedServer(ScriptedModel(FactBase.of(kc_sheet), {"summarize": [wrong]})) as server:
        done = afterprint("draft", KC, "--drafter", "openai", "--base-url", server.base_url, "--model", "m", "--out", tmp_path, "--strict")
    assert done.returncode == 1
    assert "needs review" in done.stdout
    assert "99.9" not in (tmp_path / "kc-2026q1.md").read_text()
    assert "99.9" in (tmp_path / "kc-2026q1.json").read_text()


def test_a_server_that_rejects_the_key_ends_with_3(tmp_path: Path) -> None:
    with ScriptedServer(lambda _: failure(401, "bad key")) as server:
        done = afterprint("draft", KC, "--drafter", "openai", "--base-url", server.base_url, "--model", "m", "--out", tmp_path)
    assert done.returncode == 3
    assert "AFTERPRINT_API_KEY" in done.stderr
    assert "Traceback" not in done.stderr


def test_one_bad_sheet_does_not_stop_the_others(tmp_path: Path) -> None:
    bad = tmp_path / "bad.facts.json"
    bad.write_text(KC.read_text().replace('"metric": "revenue"', '"metric": "revenu"', 1))
    done = afterprint("draft", bad, KC, "--out", tmp_path / "out", "--json")
    assert done.returncode == 2
    result = json.loads(done.stdout)
    assert [row["status"] for row in result["notes"]] == ["draft"]
    assert result["problems"][0]["file"] == str(bad)
    assert "did you mean 'revenue'?" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["draft", "nowhere.json"], "nowhere.json"),
        (["draft", "."], "no fact sheets in this folder"),
        (["draft", str(KC), "--format", "pdf"], "expected any of json, md, html"),
        (["draft", str(KC), "--drafter", "magic"], "expected one of auto, openai, local, rules"),
        (["draft", str(KC), "--base-url", "ftp://x"], "expected a URL such as"),
        (["draft", str(KC), "--concurrency", "0"], "concurrency"),
        (["draft"], "Missing argument"),
    ],
)
def test_bad_usage_ends_with_2_and_a_plain_line(words: list[str], said: str, tmp_path: Path) -> None:
    done = afterprint(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_output_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = afterprint("draft", KC, "--out", tmp_path / "file")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert str(tmp_path / "file") in done.stderr


def test_help_comes_without_the_heavy_libraries() -> None:
    code = (
        "import sys; from pipeline.cli.main import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'openai', 'fastapi', 'scipy', 'ray', 'tiktoken', 'httpx2', 'jsonschema', 'genai_prices'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "draft" in done.stdout


def test_exported_schemas_are_current_and_stale_ones_are_named(tmp_path: Path) -> None:
    assert afterprint("schema", "check").returncode == 0
    assert afterprint("schema", "export", "--out", tmp_path).returncode == 0
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in (ROOT / "schemas").glob("*.json")}


def test_a_refusing_model_leaves_a_note_to_review(tmp_path: Path, kc_sheet: FactSheet) -> None:
    with ScriptedServer(ScriptedModel(FactBase.of(kc_sheet), {"consensus_gap": [Reply(refusal="No.")]})) as server:
        done = afterprint("draft", KC, "--drafter", "openai", "--base-url", server.base_url, "--model", "m", "--out", tmp_path)
    assert done.returncode == 0
    assert "review: consensus gap failed" in done.stdout


def test_ctrl_c_ends_at_once_with_130_and_one_line(tmp_path: Path) -> None:
    with ScriptedServer([Reply(text="{}", delay_s=30)]) as server:
        # As from a terminal: a job in the background inherits that the signal is ignored.
        default = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
        code = f"{default}; from pipeline.cli.main import run; run()"
        words = ["draft", str(KC), "--drafter", "openai", "--base-url", server.base_url, "--model", "m", "--out", str(tmp_path)]
        with subprocess.Popen([sys.executable, "-c", code, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            while not server.requests:
                time.sleep(0.05)
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=10)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "interrupted: 0 answers are kept, the same command goes on from there"
    assert "Traceback" not in said


def test_a_folder_without_sheets_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = afterprint("draft", tmp_path / "empty", KC, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "no fact sheets in this folder" in done.stderr
    assert "kc-2026q1: draft" in done.stdout
