"""Facts as a model reads them: in words that the number check accepts."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.chain.briefing import fact_line, subject_block
from pipeline.chain.telling import told
from pipeline.drafters.base import Brief
from pipeline.drafters.model import LOCAL_FACTS
from pipeline.facts.factbase import FactBase
from pipeline.facts.figures import written
from pipeline.facts.loading import load_sheet
from pipeline.facts.sheet import Role
from pipeline.grounding import check_text
from pipeline.mechanisms.engine import evaluate
from pipeline.mechanisms.library import library
from tests.conftest import CASES

TUNED = sorted(path.parent for path in CASES.glob("*/facts.json") if "heldback" not in (path.parent / "case.yaml").read_text("utf-8"))


def brief_of(case: Path, most_facts: int | None = LOCAL_FACTS) -> Brief:
    facts = FactBase.of(load_sheet(case / "facts.json", max_bytes=10_000_000))
    return Brief(facts, evaluate(facts, library())[0], most_facts)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("revenue", "revenue was CNY 2,703.7m"),
        ("gross_margin.yoy_change", "gross margin fell 3.4 pp y/y, from 16.2% in Q1 2025"),
        ("adjusted_ebitda.yoy", "adjusted EBITDA rose 134% y/y, from CNY 318.5m in Q1 2025"),
        ("revenue.surprise", "revenue was 0.4% below the consensus of CNY 2,715m"),
        ("consensus.revenue", "the consensus for revenue was CNY 2,715m"),
        ("revenue.prior_year", "revenue was CNY 1,970.0m in Q1 2025 (a year earlier)"),
        ("ai_share_of_public_cloud", "AI share of public cloud revenue was more than 50%"),
    ],
)
def test_each_kind_of_figure_has_its_words(kc: FactBase, name: str, words: str) -> None:
    assert told(kc[name], kc) == words


def test_a_guided_range_is_told_with_both_ends() -> None:
    facts = brief_of(CASES / "ulta-2023q1").facts
    assert told(facts["guidance.eps_diluted"], facts) == "guidance for diluted EPS for FY23 is $24.70 to $25.40"


def test_a_basis_that_is_not_stated_is_said_to_be(kc: FactBase) -> None:
    assert fact_line(kc["leverage"], kc).startswith('- leverage: leverage was 5x [basis not stated; "Basis not stated:')


@pytest.mark.parametrize("case", TUNED, ids=lambda case: case.name)
def test_a_small_model_is_told_what_holds(case: Path) -> None:
    """Every line passes the check that its copy would meet in a claim; a few forms are known not to (a share's own words)."""
    brief = brief_of(case)
    lines = [(figure.id, told(figure, brief.facts)) for figure in brief.citable]
    refused = [(name, text, [c.message for c in check_text(text, brief.facts, evidence=[name]).problems]) for name, text in lines]
    refused = [entry for entry in refused if entry[2]]
    assert len(refused) <= len(lines) / 10, refused


def test_a_short_list_leaves_out_bases_and_rates_that_are_told_twice() -> None:
    brief = brief_of(CASES / "aapl-2025q2")
    listed = [figure for figure in brief.citable if figure.id not in brief.needed]
    assert len(brief.citable) == LOCAL_FACTS
    assert not [figure.id for figure in listed if figure.role in (Role.PRIOR_YEAR, Role.PRIOR_QUARTER)]
    assert not {"revenue.iphone.yoy", "revenue.iphone.yoy_reported"} <= {figure.id for figure in listed}


def test_what_mechanisms_rest_on_is_always_in_the_list() -> None:
    for case in TUNED:
        brief = brief_of(case)
        assert brief.needed <= {figure.id for figure in brief.citable} | {f.id for f in brief.facts if f.role is Role.HISTORY}, case.name


def test_subjects_name_their_figures(kc: FactBase) -> None:
    brief = Brief(kc, evaluate(kc, library())[0], LOCAL_FACTS)
    first = subject_block(brief).splitlines()[0]
    assert first.startswith("- revenue: ")
    assert {"revenue", "revenue.qoq", "revenue.surprise"} <= set(first.removeprefix("- revenue: ").split(", "))


@pytest.mark.parametrize("name", ["ko-2025q2", "pep-2023q1", "tsla-2025q2"])
def test_what_guidance_leaves_is_told_as_the_rest_and_never_as_the_year(name: str) -> None:
    facts = FactBase.of(load_sheet(CASES / name / "facts.json", max_bytes=10_000_000))
    rests = [figure for figure in facts if figure.id.endswith(".implied_rest")]
    assert rests
    for figure in rests:
        line = told(figure, facts)
        assert line.startswith("guidance leaves ")
        assert check_text(f"{line[0].upper()}{line[1:]}.", facts, evidence=[figure.id]).ok
        wrong = f"{figure.metric.label} for {figure.period.label} is guided to {written(figure)}."
        (problem,) = check_text(wrong, facts, evidence=[figure.id]).problems
        assert "leaves for the rest of" in problem.message
