"""Decisions: correct sentences pass with their facts, planted faults are caught, and the messages help."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.facts.factbase import FactBase
from pipeline.facts.figures import Change, Figure, written, written_with_base
from pipeline.facts.quantity import UnitClass
from pipeline.facts.sheet import FactSheet, Role
from pipeline.grounding import NumberCheck, check_text
from pipeline.grounding.values import finest_step, printed_step
from tests.grounding_sentences import AAPL, CORRECT, CRM, EBAY, FAULTY, INTC, KC

CASES = Path(__file__).parent.parent / "evals" / "cases"


@cache
def facts_of(case: str) -> FactBase:
    return FactBase.of(FactSheet.model_validate_json((CASES / case / "facts.json").read_bytes()))


def checked(case: str, text: str, evidence: tuple[str, ...] | None = None) -> dict[str, NumberCheck]:
    return {check.mention.text: check for check in check_text(text, facts_of(case), evidence=evidence).checks}


@pytest.mark.parametrize(("case", "text"), [(case, text) for case, texts in CORRECT.items() for text in texts])
def test_a_correct_sentence_passes(case: str, text: str) -> None:
    report = check_text(text, facts_of(case))
    assert report.checks
    assert [check.message for check in report.problems] == []


@pytest.mark.parametrize(("case", "text", "wrong", "decision"), [(case, *row) for case, rows in FAULTY.items() for row in rows])
def test_a_planted_fault_is_caught(case: str, text: str, wrong: str, decision: str) -> None:
    check = checked(case, text)[wrong]
    assert (check.decision, bool(check.message)) == (decision, True)
    assert repr(wrong)[1:-1] in check.message


@pytest.mark.parametrize(
    ("case", "text", "facts"),
    [
        (KC, "Revenue grew 37.2% y/y to CNY 2,703.7m, 0.4% below consensus.", ["revenue.yoy", "revenue", "revenue.surprise"]),
        (KC, "Gross margin and adjusted EBITDA margin were 12.8% and 27.6%.", ["gross_margin", "adjusted_ebitda_margin"]),
        (KC, "Adjusted EBITDA margin fell from 28.4% to 27.6%.", ["adjusted_ebitda_margin.prior_quarter", "adjusted_ebitda_margin"]),
        (INTC, "EPS fell to -$0.16 from $1.13, and adjusted EPS to $0.10.", ["eps_diluted", "eps_diluted.prior_year", "adjusted_eps"]),
        (CRM, "Service Cloud revenue reached $1,964m.", ["revenue.service_cloud"]),
        (EBAY, "Take rate rose to 13.6% from 12.8% in Q1 2022.", ["take_rate", "take_rate.prior_year_computed", None]),
        (AAPL, "EPS of $1.65 beat consensus of $1.61.", ["eps_diluted", "consensus.eps_diluted"]),
    ],
)
def test_a_number_is_traced_to_its_fact(case: str, text: str, facts: list[str | None]) -> None:
    assert [check.fact for check in check_text(text, facts_of(case)).checks] == facts


def test_a_message_says_what_was_written_why_it_fails_and_what_the_facts_say() -> None:
    check = checked(KC, "Adjusted EBITDA margin increased by +11.4 percentage points, from 27.6% to 39.0%.")["39.0%"]
    assert check.message.startswith("'39.0%' matches no fact; adjusted_ebitda_margin is 27.6%, its change +11.4 pp y/y (16.2% in Q1 2025)")


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("Gross margin fell 3.4 points.", "y/y"),
        ("Revenue slipped 2.1%.", "q/q"),
        ("Gross margin fell 3.4 points y/y.", None),
        ("Revenue missed consensus by 0.4%.", None),
        ("Gross margin fell to 12.8%.", None),
    ],
)
def test_a_change_without_its_base_is_given_one(text: str, base: str | None) -> None:
    assert check_text(text, facts_of(KC)).checks[0].base == base


@pytest.mark.parametrize(
    ("text", "evidence", "decision"),
    [
        ("Revenue grew 37.2% y/y.", ("revenue.yoy",), "grounded"),
        ("Revenue was CNY 2,703.7m.", ("revenue.yoy",), "grounded"),
        ("Revenue grew 37.2% y/y.", ("revenue",), "grounded"),
        ("Gross margin was 12.8%.", ("revenue.yoy",), "contradicted"),
        ("Gross margin was 12.8%.", (), "contradicted"),
    ],
)
def test_a_number_must_rest_on_its_evidence(text: str, evidence: tuple[str, ...], decision: str) -> None:
    check = check_text(text, facts_of(KC), evidence=evidence).checks[0]
    assert check.decision == decision
    assert decision == "grounded" or "not in the evidence" in check.message


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Capex came to 1.1x revenue.", "computed: capex_with_leases / revenue = 3,000 / 2,703.7"),
        (
            "The gap between adjusted EBITDA margin and gross margin is 14.8 points.",
            "computed: adjusted_ebitda_margin - gross_margin = 27.6 - 12.8",
        ),
        ("Revenue added CNY 734m year on year.", "computed: revenue - revenue.prior_year = 2,703.7 - 1,970"),
    ],
)
def test_what_a_reader_computes_is_accepted_with_its_formula(text: str, rule: str) -> None:
    check = check_text(text, facts_of(KC)).checks[0]
    assert (check.decision, check.rule, check.fact) == ("grounded", rule, None)


@pytest.mark.parametrize(
    ("text", "decision"),
    [
        ("Gross margin was about 13%.", "grounded"),
        ("Gross margin was about 12.5%.", "grounded"),
        ("Gross margin was about 12%.", "contradicted"),
        ("Gross margin was nearly 13%.", "grounded"),
        ("Gross margin was nearly 12%.", "contradicted"),
        ("Gross margin was more than 12%.", "grounded"),
        ("Gross margin was more than 13.5%.", "contradicted"),
        ("Gross margin was more than 5%.", "contradicted"),
        ("Gross margin was under 13%.", "grounded"),
        ("Gross margin was under 12.5%.", "contradicted"),
        ("Gross margin was in the low teens.", "grounded"),
        ("Gross margin was in the mid-teens.", "contradicted"),
        ("Revenue grew in the high thirties y/y.", "grounded"),
        ("Revenue saw double-digit growth y/y.", "grounded"),
        ("Revenue grew by more than a third y/y.", "grounded"),
        ("AI made up half of public cloud revenue.", "contradicted"),
    ],
)
def test_hedges_widen_by_their_rules(text: str, decision: str) -> None:
    (check,) = check_text(text, facts_of(KC)).checks
    assert check.decision == decision


def test_the_interval_of_a_grounded_number_carries_sign_and_hedge() -> None:
    minus, words = (
        check_text(text, facts_of(KC)).checks[0].mention.interval for text in ("Revenue: -2.1% q/q.", "Revenue slipped about 2% q/q.")
    )
    assert minus is not None
    assert words is not None
    assert minus.meets(words)


def test_a_number_that_only_a_statement_says_is_no_fact() -> None:
    """Statements are words that may come from anybody: a sheet that wants their numbers cited gives them as facts."""
    report = check_text("Management targets cost reductions of $3 billion in 2023.", facts_of(INTC))
    assert "statement.cost_targets" not in {check.fact for check in report.checks}


@pytest.mark.parametrize("text", ["", "Nothing to count.", "🙂" * 50, "收入增长了三成", "Margins, then."])
def test_a_text_without_numbers_is_fine(text: str) -> None:
    report = check_text(text, facts_of(KC))
    assert report.ok
    assert report.checks == ()


# -- generated from the facts --------------------------------------------------------------------------------------------------


def plain_figures(case: str) -> Iterator[Figure]:
    """Figures that one plain sentence can state: reported levels and their changes, one per series."""
    facts = facts_of(case)
    for figure in facts:
        if figure.role is Role.ACTUAL and (figure.fact is None or figure.fact.value is not None) and figure.period.kind != "ytd":
            yield figure


def sentence(figure: Figure) -> str:
    """The plainest sentence that states a figure."""
    basis = " in constant currency" if figure.basis == "constant_currency" else ""
    if figure.change is None:
        return f"{figure.label} was {written(figure)}{basis}."
    return f"{figure.label}: {written_with_base(figure)}{basis}."


ALL = [(case, figure) for case in (KC, CRM, INTC, EBAY, AAPL) for figure in plain_figures(case)]


@pytest.mark.parametrize(("case", "figure"), ALL, ids=[f"{case}:{figure.id}" for case, figure in ALL])
def test_what_is_printed_for_a_figure_passes(case: str, figure: Figure) -> None:
    report = check_text(sentence(figure), facts_of(case))
    assert [check.message for check in report.problems] == []
    assert report.checks


@given(st.sampled_from(ALL), st.sampled_from([-3, -2, -1, 1, 2, 3]))
def test_a_changed_digit_is_caught(chosen: tuple[str, Figure], steps: int) -> None:
    """Move a figure by a few units of its last printed place: unless another figure of the series stands there, it must fail."""
    case, figure = chosen
    step = printed_step(figure.quantity, figure.scale)
    moved = figure.quantity.value + steps * step
    series = [f.quantity.value for f in facts_of(case) if f.stem == figure.stem]
    if moved == 0 or (moved > 0) != (figure.quantity.value > 0) or any(abs(abs(value) - abs(moved)) <= step for value in series):
        return
    digits = f"{abs(moved) / figure.scale.factor:,.{max(0, -int((step / figure.scale.factor).normalize().as_tuple().exponent))}f}"
    shown = written(figure)
    text = sentence(figure).replace(shown, _swap(shown, digits), 1)
    report = check_text(text, facts_of(case))
    assert report.problems, text


def _swap(shown: str, digits: str) -> str:
    """The printed figure with other digits."""
    first = next(n for n, c in enumerate(shown) if c.isdigit())
    last = first
    while last < len(shown) and (shown[last].isdigit() or shown[last] in ",."):
        last += 1
    return shown[:first] + digits + shown[last:]


@given(st.text(max_size=300))
def test_no_text_breaks_the_checker(text: str) -> None:
    for check in check_text(text, facts_of(KC)).checks:
        assert text[check.mention.start : check.mention.end] == check.mention.text
        assert check.is_problem == bool(check.message)


def test_the_finest_step_is_that_of_what_is_printed_or_reported() -> None:
    facts = facts_of(KC)
    assert finest_step(facts["gross_margin"]) == Decimal("0.1")
    assert finest_step(facts["revenue"]) == Decimal(100_000)
    assert finest_step(facts["revenue.yoy"]) == Decimal("0.1")
    growth = next(f for f in facts if f.change is Change.YOY and f.unit.cls is UnitClass.PERCENT and written(f) == "+134%")
    assert finest_step(growth) == Decimal("0.1"), "a computed rate may be written to a tenth"
