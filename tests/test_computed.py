"""Numbers that follow from several facts: accepted with their formula where the sentence says what it computes, refused otherwise."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from evals.bench.derivations import Derivation, NotSimple, Shape, Unreadable, parse
from evals.bench.outside import fact, sheet, year
from pipeline.facts.factbase import FactBase
from pipeline.facts.loading import load_sheet
from pipeline.facts.sheet import Fact
from pipeline.grounding import NumberCheck, check_text
from tests.conftest import CASES

SHEETS = Path(__file__).parent.parent / "evals" / "numbers" / "sheets"

ROLES = {2019: "actual", 2018: "prior_year", 2017: "history"}
Rows = dict[tuple[str, str | None], tuple[str, ...]]
# Values of 2019, 2018 and 2017, in millions of dollars; the margins in percent.
ROWS: Rows = {
    ("revenue", None): ("1496.5", "1202.9", "1107.7"),
    ("revenue", "Fixed Price"): ("1452.4", "1146.2", "1036.9"),
    ("revenue", "Time and Material"): ("44.1", "56.7", "70.8"),
    ("rnd_expense", None): ("126", "67", "63"),
    ("sga_expense", None): ("453", "361", "384"),
    ("total_debt", None): ("610", "545", "500"),
    ("total_assets", None): ("2930", "2741", "2600"),
    ("capex", None): ("700", "500", "250"),
    ("gross_margin", None): ("12.8", "16.2", "15.1"),
    ("operating_margin", None): ("7.5", "8.0", "9.1"),
}


def rows() -> list[Fact]:
    found: list[Fact] = []
    for (metric, segment), values in ROWS.items():
        for value, when in zip(values, ROLES, strict=True):
            name = f"{metric}{'.' + segment.split()[0].lower() if segment else ''}.y{when}"
            unit: dict[str, Any] = {"unit": "percent"} if metric.endswith("margin") else {"unit": "USD", "scale": "million"}
            found.append(fact(id=name, metric=metric, segment=segment, value=value, period=str(when), role=ROLES[when], **unit))
    return found


@cache
def base() -> FactBase:
    return FactBase.of(sheet(rows(), [year(n) for n in ROLES], "2019"))


def figure(text: str, evidence: tuple[str, ...] | None = None) -> NumberCheck:
    """The decision on the text's one figure."""
    (found,) = [check for check in check_text(text, base(), evidence=evidence).checks if check.mention.kind is None]
    return found


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("R&D and SG&A together cost $579m.", "rnd_expense.y2019 + sga_expense.y2019 = 126 + 453"),
        ("Capex totalled $1,450m over 2017, 2018 and 2019.", "capex.y2019 + capex.y2018 + capex.y2017 = 700 + 500 + 250"),
        (
            "SG&A averaged $399m over 2017, 2018 and 2019.",
            "(sga_expense.y2019 + sga_expense.y2018 + sga_expense.y2017) / 3 = (453 + 361 + 384) / 3",
        ),
        ("The average gross margin of 2018 and 2019 was 14.5%.", "(gross_margin.y2019 + gross_margin.y2018) / 2 = (12.8 + 16.2) / 2"),
        ("The ratio of total debt to total assets was 0.21 in 2019.", "total_debt.y2019 / total_assets.y2019 = 610 / 2,930"),
        ("Total assets were 4.8x total debt.", "total_assets.y2019 / total_debt.y2019 = 2,930 / 610"),
        (
            "Fixed Price revenue exceeded Time and Material revenue by $1,408.3m.",
            "revenue.fixed.y2019 - revenue.time.y2019 = 1,452.4 - 44.1",
        ),
        ("Total debt was 20.8% of total assets.", "total_debt.y2019 / total_assets.y2019 = 610 / 2,930"),
        ("The gap between gross margin and operating margin was 5.3 points.", "gross_margin.y2019 - operating_margin.y2019 = 12.8 - 7.5"),
    ],
)
def test_a_formula_that_the_sentence_names_is_shown_with_its_numbers(text: str, formula: str) -> None:
    check = figure(text)
    assert (check.decision, check.rule) == ("grounded", f"computed: {formula}")


@pytest.mark.parametrize(
    "text",
    [
        "R&D and SG&A together cost $580m.",
        "SG&A averaged $1,198m over 2017, 2018 and 2019.",
        "SG&A averaged $453m over 2017, 2018 and 2019.",
        "SG&A averaged $399m over 2018 and 2019.",
        "SG&A averaged $399.33m over 2017, 2018 and 2019.",
        "Capex totalled $1,200m over 2017, 2018 and 2019.",
        "The ratio of total debt to total assets was 0.21 in 2017.",
        "The ratio of total debt to total assets was 4.80 in 2019.",
        "Total debt was 4.8x total assets.",
        "Capex was 46.78% of revenue.",
        "Fixed Price revenue exceeded Time and Material revenue by $1,496.5m.",
    ],
)
def test_another_operation_other_years_and_more_digits_are_refused(text: str) -> None:
    assert figure(text).is_problem


def test_what_is_cited_is_computed_with_though_the_sentence_calls_it_otherwise() -> None:
    text = "The two cost lines took $579m together."
    assert figure(text).is_problem
    assert figure(text, ("rnd_expense.y2019", "sga_expense.y2019")).rule == "computed: rnd_expense.y2019 + sga_expense.y2019 = 126 + 453"
    assert figure(text, ("rnd_expense.y2019", "capex.y2019")).is_problem


def test_operands_must_be_cited_where_anything_is() -> None:
    assert figure("R&D and SG&A together cost $579m.", ("rnd_expense.y2019",)).is_problem


def test_a_ratio_may_carry_two_decimals_where_its_operands_settle_them() -> None:
    assert not figure("The ratio of total debt to total assets was 0.21.").is_problem
    assert figure("The ratio of total debt to total assets was 0.208.").is_problem


# -- the derivations of the benchmark ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shape", "operands"),
    [
        ("44.1-56.7", Shape.DIFFERENCE, ("44.1", "56.7")),
        ("-1,421-(-78,816)", Shape.DIFFERENCE, ("-1421", "-78816")),
        ("(44.1-56.7)/56.7", Shape.GROWTH, ("44.1", "56.7")),
        ("126 / 67 - 1", Shape.GROWTH, ("126", "67")),
        ("(2.7%+2.0%+1.0%)/3", Shape.AVERAGE, ("2.7", "2.0", "1.0")),
        ("-(0.9 + 0.1) / 2", Shape.AVERAGE, ("-0.9", "-0.1")),
        ("(4+5+6)/(2019-2017+1)", Shape.AVERAGE, ("4", "5", "6")),
        ("$421.9 + $422.0", Shape.SUM, ("421.9", "422.0")),
        ("10.0/39.9", Shape.QUOTIENT, ("10.0", "39.9")),
    ],
)
def test_a_derivation_is_read_for_what_it_computes(text: str, shape: Shape, operands: tuple[str, ...]) -> None:
    assert parse(text) == Derivation(shape, tuple(map(Decimal, operands)))


@pytest.mark.parametrize("text", ["(1-2)*(3/4)", "(4+5+6)/2", "[(4+4)/2]-[(2+3)/2]", "(5-4)/6", "5"])
def test_a_derivation_of_several_steps_is_left_out(text: str) -> None:
    with pytest.raises(NotSimple):
        parse(text)


@pytest.mark.parametrize("text", ["", "60.3 million + 1", "__import__('os')", "9**9**9", "1/0", "(1+2", "1;2", "9" * 400])
def test_what_is_no_arithmetic_is_never_run(text: str) -> None:
    with pytest.raises(Unreadable):
        parse(text)


def test_the_second_end_of_a_range_is_that_of_the_same_guidance() -> None:
    facts = FactBase.of(load_sheet(SHEETS / "afl-2021q2.json", max_bytes=10_000_000))
    first, second = check_text("The insurer has cut its full-year U.S. benefit ratio forecast to between 45% and 49%.", facts).checks
    assert first.decision == "grounded"
    assert (second.decision, second.rule, second.fact) == ("contradicted", "range", "guidance.medical_loss_ratio.us.high")
    assert "not the other end of the range" in second.message


HEADCOUNT = "Headcount fell {change}, from {start} to {end}."


@pytest.mark.parametrize(
    ("change", "start", "end"),
    [
        ("6.2% y/y", "77,810 at April 30, 2022,", "72,970 at April 30, 2023"),
        ("8.1% q/q", "79,390 at January 31, 2023", "72,970 at April 30, 2023"),
        ("8.1% q/q", "79,390", "72,970"),
    ],
)
def test_a_level_may_lead_to_a_later_one_as_the_change_says(change: str, start: str, end: str) -> None:
    text = HEADCOUNT.format(change=change, start=start, end=end)
    assert [check.message for check in check_text(text, salesforce()).problems] == []


@pytest.mark.parametrize(
    ("text", "end"),
    [
        # Each number states a fact; the way from one to the other is none that headcount went.
        (HEADCOUNT.format(change="6.2% y/y", start="77,810 at April 30, 2022,", end="79,390 at January 31, 2023"), "79,390"),
        ("Headcount fell from 77,810 at April 30, 2022 to 79,390 at January 31, 2023.", "79,390"),
        ("Headcount moved from 79,390 at January 31, 2023 to 77,810 at April 30, 2022.", "77,810"),
    ],
)
def test_a_level_that_the_one_before_did_not_lead_to_is_refused(text: str, end: str) -> None:
    (problem,) = check_text(text, salesforce()).problems
    assert (problem.mention.text, problem.rule) == (end, "sign")
    assert "did not come that way" in problem.message


@cache
def salesforce() -> FactBase:
    return FactBase.of(load_sheet(CASES / "crm-2024q1" / "facts.json", max_bytes=10_000_000))
