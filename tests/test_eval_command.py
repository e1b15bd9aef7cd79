"""`afterprint eval` as a user sees it: commands, files, exit codes and messages."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from lxml import etree
from typer.testing import CliRunner, Result

from evals.cases import CASES
from evals.perturb.testing import Trial, tallied
from evals.reports.perturbed import lines, passed
from evals.results import read_results
from pipeline.cli.main import app
from pipeline.facts.factbase import FactBase
from tests.scripted_model import ScriptedModel
from tests.scripted_server import ScriptedServer

TWO = ["kc-2026q1", "nvda-2027q1"]
runner = CliRunner()


def invoke(*words: object) -> Result:
    return runner.invoke(app, ["eval", *map(str, words)], catch_exceptions=True)


def code(result: Result) -> int:
    """The exit code that the entry point would give."""
    return int(getattr(result.exception, "exit_code", result.exit_code))


def problem(result: Result) -> str:
    """What the entry point would print."""
    return f"{result.exception}{result.output}"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two cases by rules."""
    out = tmp_path_factory.mktemp("run")
    result = invoke("run", *TWO, "--out", out)
    assert result.exit_code == 0, problem(result)
    return out


def small_cases(tmp_path: Path, *names: str) -> Path:
    """Copies of cases, to be spoiled."""
    for name in names:
        folder = tmp_path / "cases" / name
        folder.mkdir(parents=True)
        for file in ("facts.json", "case.yaml", "reference.json", "cassette.yaml"):
            shutil.copy(CASES / name / file, folder / file)
    return tmp_path / "cases"


def test_a_run_leaves_records_results_and_reports(run: Path) -> None:
    assert {path.name for path in run.iterdir()} == {"records.jsonl", "results.json", "report.html", "summary.md", "junit.xml", "cases"}
    assert [case.case for case in read_results(run / "results.json").cases] == TWO
    page = (run / "report.html").read_text("utf-8")
    for name in TWO:
        assert f'href="cases/{name}.html"' in page
        case = (run / "cases" / f"{name}.html").read_text("utf-8")
        assert "Reference, written by judgement" in case
    for text in (page, case):
        assert "http://" not in text
        assert "https://" not in text
        assert "<script" not in text
        etree.fromstring(text.replace("<!doctype html>", "").encode(), etree.HTMLParser(recover=False))
    suites = etree.fromstring((run / "junit.xml").read_bytes())
    assert [suite.get("tests") for suite in suites] == ["2"]


def test_a_run_started_again_drafts_nothing(run: Path) -> None:
    before = (run / "records.jsonl").read_bytes()
    result = invoke("run", *TWO, "--out", run)
    assert result.exit_code == 0
    assert "2 of 2 drafts are there already" in result.output
    assert (run / "records.jsonl").read_bytes() == before


def test_a_replay_scores_what_the_model_wrote(tmp_path: Path) -> None:
    result = invoke("run", *TWO, "--replay", "--out", tmp_path, "--json")
    assert result.exit_code == 0, problem(result)
    told = json.loads(result.stdout)
    assert told["passed"] is True
    assert told["results"]["model"] == "qwen2.5-coder-1.5b-instruct"
    assert all(case["scores"]["prompt_tokens"] > 1000 for case in told["results"]["cases"])
    assert all(case["scores"]["seconds"] > 10 for case in told["results"]["cases"]), "those of the recording"


def test_blessed_compared_and_failed(run: Path, tmp_path: Path) -> None:
    baseline = tmp_path / "baselines" / "rules.json"
    assert invoke("bless", run, "-o", baseline).exit_code == 0
    passing = invoke("compare", run, "--baseline", baseline)
    assert passing.exit_code == 0
    assert "passed: 2 cases, as good as the baseline of" in passing.stdout
    raw = json.loads(baseline.read_text())
    for case in raw["cases"]:
        case["scores"]["claims_f1"] = 0.99
    baseline.write_text(json.dumps(raw))
    failing = invoke("score", run, "--baseline", baseline)
    assert failing.exit_code == 1
    last = failing.stdout.strip().splitlines()[-1]
    assert last.startswith("failed: claims_f1: 0.990 to 0.")
    assert "kc-2026q1 (0.99 to 0." in last
    assert "failed: claims\\_f1" in (run / "summary.md").read_text()
    page = (run / "report.html").read_text()
    assert "claims_f1: 0 won, 0 tied, 2 lost" in page
    assert '<a href="cases/kc-2026q1.html">kc-2026q1</a> (0.99 to 0.' in page


def test_a_record_that_is_broken_is_named_and_drafted_again(tmp_path: Path) -> None:
    assert invoke("run", "kc-2026q1", "--out", tmp_path).exit_code == 0
    path = tmp_path / "records.jsonl"
    path.write_text(path.read_text()[:5000])
    result = invoke("run", "kc-2026q1", "--out", tmp_path)
    assert result.exit_code == 0
    assert f"{path}:1: no record" in result.output


def test_a_case_without_a_cassette_fails_the_run_and_says_how_to_record(tmp_path: Path) -> None:
    root = small_cases(tmp_path, *TWO)
    (root / "kc-2026q1" / "cassette.yaml").unlink()
    result = invoke("run", "--cases", root, "--replay", "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "1 of 2 cases were not drafted: kc-2026q1" in result.stdout
    assert "afterprint cassette record" in result.output
    assert "Not drafted" in (tmp_path / "out" / "cases" / "kc-2026q1.html").read_text()
    assert code(invoke("bless", tmp_path / "out", "-o", tmp_path / "b.json")) == 2


def test_a_stale_cassette_fails_the_run_with_the_line_that_differs(tmp_path: Path) -> None:
    root = small_cases(tmp_path, *TWO)
    cassette = root / "kc-2026q1" / "cassette.yaml"
    cassette.write_text(cassette.read_text().replace("Kingsoft Cloud Holdings", "Other Cloud Holdings", 1))
    result = invoke("run", "--cases", root, "--replay", "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "1 of 2 cases were not drafted: kc-2026q1" in result.stdout
    assert "the first line that differs" in result.output


def test_a_reference_of_other_facts_is_refused(tmp_path: Path) -> None:
    root = small_cases(tmp_path, *TWO)
    facts = root / "kc-2026q1" / "facts.json"
    facts.write_text(facts.read_text().replace("Kingsoft Cloud", "Other Cloud"))
    result = invoke("run", "--cases", root, "--out", tmp_path / "out")
    assert code(result) == 2
    assert "is of other facts than facts.json" in problem(result)


def test_a_reference_that_does_not_hold_is_refused(tmp_path: Path) -> None:
    root = small_cases(tmp_path, *TWO)
    reference = root / "kc-2026q1" / "reference.json"
    reference.write_text(reference.read_text().replace("Revenue rose 37.2% y/y to", "Revenue rose 73.2% y/y to", 1))
    result = invoke("run", "--cases", root, "--out", tmp_path / "out")
    assert code(result) == 2
    assert "reference.json: summary[0]: holds a number that does not hold" in problem(result)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda root: (root / "kc-2026q1" / "facts.json").unlink(), "a case without facts.json"),
        (lambda root: (root / "kc-2026q1" / "reference.json").unlink(), "missing: write reference.yaml"),
        (lambda root: (root / "kc-2026q1" / "case.yaml").write_text("split: mine\n"), "expected `split"),
        (lambda root: shutil.rmtree(root / "kc-2026q1"), "zero cases"),
    ],
)
def test_a_folder_of_cases_that_is_not_whole_is_refused(tmp_path: Path, spoil: object, message: str) -> None:
    root = small_cases(tmp_path, "kc-2026q1")
    spoil(root)  # type: ignore[operator]
    result = invoke("run", "--cases", root, "--out", tmp_path / "out")
    assert code(result) == 2
    assert message in problem(result)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "none-2026q1"), "no such case"),
        (("run", "--replay", "--repeat", "3"), "the same every time"),
        (("run", "--repeat", "3", "kc-2026q1"), "rules give the same note every time"),
        (("run", "--cases", "/nowhere"), "no such folder"),
        (("score", "/nowhere"), "holds no record"),
        (("compare", "/nowhere", "--baseline", "x.json"), "no such file"),
    ],
)
def test_a_mistake_ends_in_a_line(tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    result = invoke(*words, *(("--out", tmp_path) if words[0] == "run" else ()))
    assert code(result) == 2
    assert message in problem(result)


def test_samples_have_seeds_of_their_own_and_are_not_asked_for_again(tmp_path: Path, kc: FactBase) -> None:
    with ScriptedServer(ScriptedModel(kc)) as server:
        words = ("run", "kc-2026q1", "--drafter", "openai", "--base-url", server.base_url, "--model", "m", "--repeat", 2, "--out", tmp_path)
        first = invoke(*words)
        assert first.exit_code == 0, problem(first)
        assert [request.json["seed"] for request in server.requests] == [7] * 4 + [8] * 4, "one sample after the other"
        again = invoke(*words)
        assert again.exit_code == 0
        assert len(server.requests) == 8
    assert again.output.count("1 of 1 drafts are there already") == 2
    (case,) = read_results(tmp_path / "results.json").cases
    assert (case.samples, case.failed) == (2, 0)


def test_without_the_extra_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import util

    known = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name, *rest: None if name == "scipy" else known(name, *rest))
    result = invoke("run", "kc-2026q1", "--out", tmp_path)
    assert code(result) == 2
    assert problem(result).startswith("scoring needs scipy: pip install 'afterprint[evals]'")


def test_the_table_of_faults_and_rewrites() -> None:
    def trial(kind: str, harmful: bool, noticed: bool) -> Trial:
        return Trial(kind, harmful, "kc-2026q1", "tuned", noticed, 0.1, "text")

    good = tallied([trial("number", True, True), trial("rounding", False, False)])
    assert passed(good)
    assert any("100.0% of 1" in line for line in lines(good))
    assert not passed(tallied([trial("number", True, False), trial("rounding", False, False)]))
    assert not passed(tallied([trial("number", True, True), trial("rounding", False, True)]))
    assert not passed(tallied([])), "nothing tried is nothing shown"
