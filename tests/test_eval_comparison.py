"""When a run passes, and what it says where it does not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from evals.baseline import bless, revision
from evals.comparison import compare
from evals.metrics import GATED, METRICS
from evals.reports.junit import render_junit
from evals.reports.markdown import render_markdown
from evals.reports.terminal import verdict
from evals.results import Blessing, CaseResult, Results, read_results, schema_text, versions, write_results
from pipeline.errors import InputError
from pipeline.schemas import validate

NOW = datetime(2026, 12, 1, tzinfo=UTC)
PERFECT: dict[str, float | None] = {metric.name: 1.0 if metric.better == "higher" else 0.0 for metric in METRICS}


def results(count: int = 12, error: str | None = None, **scores: float | None) -> Results:
    """So many cases, a third held back, all with these scores."""
    rows = [
        CaseResult(
            case=f"case-{n:02}",
            split="heldback" if n % 3 == 0 else "tuned",
            samples=1,
            failed=int(error is not None),
            error=error,
            scores=PERFECT | scores,
            quality=0.5,
        )
        for n in range(count)
    ]
    return Results(afterprint="0", chain="c" * 64, drafter="rules", model=None, evaluators=versions(), cases=tuple(rows))


def with_case(whole: Results, number: int, **update: Any) -> Results:
    cases = list(whole.cases)
    scores = cases[number].scores | update.pop("scores", {})
    cases[number] = cases[number].model_copy(update=update | {"scores": scores})
    return whole.model_copy(update={"cases": tuple(cases)})


BASE = results().model_copy(update={"blessed": Blessing(date="2026-12-01", revision="abc")})


def test_the_same_scores_pass() -> None:
    found = compare(results(), BASE)
    assert found.passed
    assert verdict(found).startswith("passed: 12 cases, as good as the baseline of 2026-12-01")
    assert all(one.stats and one.stats.mean == 0 for one in found.metrics)


@pytest.mark.parametrize("metric", GATED, ids=lambda metric: metric.name)
def test_each_gated_metric_fails_beyond_its_margin_and_not_within(metric: Any) -> None:
    assert metric.margin is not None
    worse = compare(results(**{metric.name: 1 - 2 * metric.margin}), BASE)
    assert [reason.split(":")[0] for reason in worse.reasons] == [metric.name]
    assert "worse in 12 of 12 cases: case-" in worse.reasons[0]
    assert f"{-2 * metric.margin:+.3f}" in worse.reasons[0]
    assert compare(results(**{metric.name: 1 - metric.margin / 2}), BASE).passed
    assert compare(results(**{metric.name: 1.0}), BASE).passed


def test_a_metric_that_is_not_gated_never_fails() -> None:
    assert compare(results(summary_f1=0.0, rouge_l=0.0, chrf=0.0, filler=9.0), BASE).passed


def test_better_scores_pass_and_are_counted_as_won() -> None:
    low = results(coverage=0.5)
    found = compare(results(coverage=0.9), low)
    coverage = found.of("coverage")
    assert coverage is not None
    assert found.passed
    assert (coverage.count(1), coverage.count(-1), coverage.count(0)) == (12, 0, 0)
    fewer = compare(results(impact_error=0.1), results(impact_error=0.4)).of("impact_error")
    assert fewer is not None
    assert fewer.count(1) == 12, "less of an error is better"
    assert fewer.stats is not None
    assert fewer.stats.mean == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("name", "value"), [("contradicted", 1.0), ("unsupported", 2.0), ("schema_valid", 0.0)]
)  # fmt: skip
def test_a_floor_broken_in_one_case_fails_with_its_name(name: str, value: float) -> None:
    found = compare(with_case(results(), 4, scores={name: value}), None)
    assert found.reasons == (f"{name}: floor {1 if name == 'schema_valid' else 0} broken in 1 of 12 cases: case-04 ({value:g})",)


def test_a_case_that_did_not_draft_fails_with_its_reason() -> None:
    found = compare(with_case(results(), 2, failed=1, error="the server is away\nand more"), BASE)
    assert found.reasons[0] == "1 of 12 cases were not drafted: case-02 (the server is away)"


def test_a_case_that_is_gone_fails() -> None:
    found = compare(results(11), BASE)
    assert found.reasons == ("1 of the baseline's 12 cases are not in this run: case-11",)


def test_a_score_that_is_gone_is_no_better() -> None:
    found = compare(results(coverage=None), BASE)
    assert [reason.split(":")[0] for reason in found.reasons] == ["coverage"]


def test_one_case_alone_is_not_gated_on() -> None:
    assert "at least 2" in compare(results(1), results(1)).reasons[0]


def test_cases_that_need_review_are_counted_with_mcnemar() -> None:
    run = results()
    for n in range(6):
        run = with_case(run, n, scores={"nothing_to_review": 0.0})
    found = compare(run, BASE)
    assert found.turned == (0, 6, pytest.approx(2 * 0.5**6))


def test_a_baseline_of_another_evaluator_is_refused_with_the_way_out() -> None:
    older = BASE.model_copy(update={"evaluators": versions() | {"coverage": 0}})
    with pytest.raises(InputError, match="another version of coverage: score it anew and bless that"):
        compare(results(), older)
    lacking = BASE.model_copy(update={"evaluators": {name: v for name, v in versions().items() if name != "coverage"}})
    with pytest.raises(InputError, match="does not know coverage: bless"):
        compare(results(), lacking)


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    write_results(tmp_path / "results.json", BASE)
    assert read_results(tmp_path / "results.json") == BASE


def test_the_schema_of_results_is_the_exported_one() -> None:
    exported = (Path(__file__).parent.parent / "evals" / "results.schema.json").read_text("utf-8")
    assert exported == schema_text(), "afterprint eval schema > evals/results.schema.json"
    assert validate(json.loads(BASE.model_dump_json()), json.loads(exported)) == []
    assert validate(json.loads(BASE.model_dump_json()) | {"cases": []}, json.loads(exported)) != []


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda raw: raw["cases"][0]["scores"].update(coverage=float("nan")), r"cases\.0\.scores\.coverage"),
        (lambda raw: raw["cases"][0].update(quality=float("inf")), r"cases\.0\.quality"),
        (lambda raw: raw.update(cases=[]), "cases"),
        (lambda raw: raw.update(format=2), "format"),
        (lambda raw: raw.pop("evaluators"), "evaluators"),
    ],
)
def test_results_that_are_none_are_refused_with_their_field(tmp_path: Path, spoil: Any, message: str) -> None:
    raw = json.loads(BASE.model_dump_json())
    spoil(raw)
    (tmp_path / "b.json").write_text(json.dumps(raw))
    with pytest.raises(InputError, match=message):
        read_results(tmp_path / "b.json")


def test_a_baseline_that_is_not_there_says_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="eval bless"):
        read_results(tmp_path / "none.json")


def test_a_run_that_failed_is_not_blessed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not blessed: 12 of 12 cases were not drafted: case-00"):
        bless(results(error="away"), NOW, tmp_path)
    blessed = bless(results(), NOW, tmp_path).blessed
    assert blessed is not None
    assert blessed.revision == "unknown", "a folder outside of a repository"
    assert revision(Path(__file__).parent) != "unknown"


def test_reports_name_what_failed_and_escape_what_others_wrote() -> None:
    nasty = with_case(results(coverage=0.5), 0, case="<b>|`x`", failed=1, error="<script>&\x00")
    found = compare(nasty, BASE)
    text = render_markdown(found)
    assert "failed: " in text
    assert "**coverage" in text
    assert "<b>" not in text.replace("\\<b>", "")
    junit = render_junit(found).decode()
    assert 'failures="1"' in junit
    assert "&lt;script&gt;" in junit
    assert 'name="coverage"' in junit
