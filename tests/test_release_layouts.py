"""Layouts that releases use besides the usual one: quarters without days, shares without a sign, figures that companies define."""

from __future__ import annotations

from datetime import date

import pytest

from pipeline.facts.sheet import PeriodKind
from pipeline.intake.release.columns import Column, columns_of, is_head
from tests.test_release import RELEASE, facts_of, read

NO_DAYS = """
                    Calder Labs, Inc. (NYSE: CALX) Reports First Quarter 2023 Results

For further risks see the Annual Report on Form 10-K for the fiscal year ended January 1, 2023.

                          Condensed Consolidated Statement of Earnings

(Unaudited; in Millions Except Per Share Figures)                               FIRST QUARTER

                                                    2023                            2022             Percent
                                                          Percent                         Percent   Increase
                                             Amount      to Sales          Amount        to Sales  (Decrease)
Sales to customers                         $   800.0         100.0      $   750.0           100.0        6.7
Cost of products sold                          300.0          37.5          285.0            38.0        5.3
Net earnings/(Loss)                        $   (20.0)         (2.5)     $   150.0            20.0
Net earnings/(Loss) per share (Basic/Diluted)*   $ (0.10)                $     0.74
Adjusted earnings before provision for taxes and net earnings (1)
   Net earnings                            $   160.0          20.0      $   158.0            21.1        1.3
   Net earnings per share (Diluted)        $    0.80                    $    0.78                        2.6
"""
COMPARABLE = """

                            Summary
                                                        Q2 FY25        Q2 FY24
Revenue ($ in millions)
   Enterprise                                         $   115.0      $   100.0
   Enterprise comparable sales % change1                   (6.2)%       (12.1)%
Earnings per share
   Non-GAAP diluted EPS                               $    0.44      $    0.31

                            Water Segment
                          (in millions)
                                   Three Months Ended June 30,
                                     2025          2024
Revenue                              90.0          80.0
Comparable sales % change            (7.3)%       (13.7)%
"""


def test_quarters_without_a_day_count_from_the_year_end_that_is_said_and_that_is_a_doubt() -> None:
    found = read(NO_DAYS)
    facts = facts_of(found)
    assert found.sheet.reported_period.end.isoformat() == "2023-04-02", "13 weeks after January 1, 2023"
    assert (facts["revenue"].value, facts["revenue.prior_year"].value) == (800, 750)
    assert str(found.sheet.periods_by_id[facts["revenue.prior_year"].period].end) == "2022-04-03"
    assert any(doubt.endswith("taken from the fiscal year that ended on 2023-01-01, in quarters of 13 weeks") for doubt in found.doubts)


def test_a_year_that_ends_with_a_month_has_quarters_of_months() -> None:
    found = read(NO_DAYS.replace("fiscal year ended January 1, 2023", "fiscal year ended October 31, 2022"))
    assert found.sheet.reported_period.end.isoformat() == "2023-01-31"


def test_without_a_year_end_such_a_release_is_refused() -> None:
    with pytest.raises(Exception, match="no results in it that can be told for certain"):
        read(NO_DAYS.replace("for the fiscal year ended January 1, 2023", "of last year"))


def test_shares_of_sales_without_a_sign_are_proven_or_the_row_is_left_out() -> None:
    facts = facts_of(read(NO_DAYS))
    assert (facts["cost_of_revenue"].value, facts["cost_of_revenue.prior_year"].value) == (300, 285)
    other = facts_of(read(NO_DAYS.replace("37.5", "39.5")))
    assert "cost_of_revenue" not in other
    assert other["revenue"].value == 800


def test_rows_below_an_adjusted_heading_are_adjusted() -> None:
    facts = facts_of(read(NO_DAYS))
    assert (facts["net_income"].value, facts["adjusted_net_income"].value) == (-20, 160)
    assert (str(facts["eps_diluted"].value), str(facts["adjusted_eps"].value)) == ("-0.10", "0.80")


@pytest.mark.parametrize("head", ["Q2 FY24           Q2 FY23", "FIRST QUARTER", "First Quarter     First Quarter"])
def test_heads_that_name_quarters(head: str) -> None:
    assert is_head(head)
    assert columns_of([head], instants=False) is None, "without the days nothing is certain"


@pytest.mark.parametrize("text", ["First Quarter Financial Highlights", "The first quarter was the best in 3 years", "Quarter"])
def test_words_about_a_quarter_are_no_head(text: str) -> None:
    assert not is_head(text)


def test_quarters_named_alone_take_the_days_of_the_statements() -> None:
    facts = facts_of(read(RELEASE + COMPARABLE))
    assert (str(facts["adjusted_eps"].value), str(facts["adjusted_eps.prior_year"].value)) == ("0.44", "0.31")
    assert facts["adjusted_eps"].period == facts["revenue"].period


def test_a_quarter_that_no_statement_has_sets_up_nothing() -> None:
    assert "adjusted_eps" not in facts_of(read(RELEASE + COMPARABLE.replace("Q2 FY24", "Q2 FY22")))


def test_comparable_sales_are_those_of_the_whole_company() -> None:
    facts = facts_of(read(RELEASE + COMPARABLE))
    assert (str(facts["same_store_sales"].value), facts["same_store_sales"].basis) == ("-6.2", "kpi")
    segment_alone = read(RELEASE + "\n".join(line for line in COMPARABLE.splitlines() if "Enterprise comparable" not in line))
    assert "same_store_sales" not in facts_of(segment_alone)
    assert any(doubt.startswith("no same_store_sales was taken") for doubt in segment_alone.doubts)


@pytest.mark.parametrize(
    ("sentence", "value"),
    [
        ("• Global comparable sales increased 12.6%, reflecting strength in each segment.", "12.6"),
        ("• Enterprise comparable sales declined 0.5%.", "-0.5"),
        ("• U.S. comparable sales increased 12.6%.", None),
        ("• Global comparable sales increased 10.9% for the year.", None),
        ("• Global comparable sales increased nearly 13%.", None),
    ],
)
def test_comparable_sales_in_a_sentence(sentence: str, value: str | None) -> None:
    facts = facts_of(read(RELEASE.replace("Third Quarter Fiscal", f"{sentence}\n\nThird Quarter Fiscal", 1)))
    assert (str(facts["same_store_sales"].value) if "same_store_sales" in facts else None) == value


def test_two_sentences_that_differ_are_a_doubt() -> None:
    both = "• Global comparable sales increased 12.6%.\n• Worldwide comparable sales increased 11.6%.\n"
    found = read(RELEASE.replace("Third Quarter Fiscal", f"{both}\nThird Quarter Fiscal", 1))
    assert "same_store_sales" not in facts_of(found)
    assert any("same_store_sales is left out, as the release says two things" in doubt for doubt in found.doubts)


def test_a_headline_figure_that_was_not_taken_is_a_doubt() -> None:
    found = read(RELEASE.replace("Third Quarter Fiscal", "   Core EPS          $0.52\n\nThird Quarter Fiscal", 1))
    assert [doubt for doubt in found.doubts if "adjusted_eps" in doubt] == [
        "no adjusted_eps was taken, as its row was not certain: look at 'Core EPS $0.52' (page 1, line 9), and add it by hand"
    ]


@pytest.mark.parametrize("head", [["Q2 FY25  Q2 FY22"], ["Q2 FY25  Q2 FY25"], ["Second Quarter", "2025  2022"], ["2025  2024"]])
def test_a_head_of_which_one_quarter_is_not_known_or_stands_twice_sets_up_nothing(head: list[str]) -> None:
    known = {(2, 2025): Column(PeriodKind.QUARTER, date(2025, 6, 30)), (2, 2024): Column(PeriodKind.QUARTER, date(2024, 6, 30))}
    assert columns_of(head, instants=False, quarters=lambda quarter, year: known.get((quarter, year))) is None
    sure = columns_of(["Second Quarter", "2025  2024"], instants=False, quarters=lambda quarter, year: known.get((quarter, year)))
    assert sure == (known[2, 2025], known[2, 2024])
