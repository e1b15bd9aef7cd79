"""What must never be taken for a figure, and the sentences that a small model once wrote wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.facts.factbase import FactBase
from pipeline.facts.loading import load_sheet
from pipeline.facts.sheet import FactSheet
from pipeline.grounding import check_text


def decisions(text: str, facts: FactBase) -> dict[str, str]:
    return {check.mention.text: check.decision for check in check_text(text, facts).checks}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Revenue grew ３７.２％ y/y.", "３７.２"),
        ("Revenue was CNY ２,703.7 million.", "２,703.7"),
        ("Gross margin was ١٢.٨%.", "١٢.٨"),
        ("Revenue was CNY 2.703,7 million.", "CNY 2.703,7 million"),
        ("Revenue was CNY 2,70 billion.", "CNY 2,70 billion"),
        ("Gross margin was 12,8%.", "12,8%"),
        ("AI is ½ of public cloud revenue.", "½"),
        ("AI is 1/2 of public cloud revenue.", "1/2"),
    ],
)
def test_what_can_be_read_in_two_ways_is_reported(text: str, number: str, kc: FactBase) -> None:
    (check,) = [check for check in check_text(text, kc).checks if check.decision != "structural"]
    assert (check.mention.text, check.decision, check.rule) == (number, "unsupported", "unreadable")
    assert number in check.message


@pytest.mark.parametrize(
    "text",
    [
        "Call +1 212 555 0128 or (212) 555-0128.",
        "Source: https://example.com/q1-2026/12.8?margin=27.6 or ir2026@example.com.",
        "ISIN US49639K1016 is listed as 3896.HK and KC.",
        "H100, A100, GPT-4 and 5G are names, and so are the S&P 500 and Form 10-Q.",
        "Three catalysts matter over the next 12-18 months: Q1 2026, 1H26 and FY26.",
        "Revenue rose.[1] Margins fell.[2]",
        "🚀🚀 1) Demand 2) Supply 🎉",
        "On 27 May 2026, at 9:30, the company reported.",
    ],
)
def test_structure_is_no_figure(text: str, kc: FactBase) -> None:
    assert set(decisions(text, kc).values()) == {"structural"}


@pytest.mark.parametrize(
    ("text", "decision"),
    [
        ("Revenue was CNY 2.703,7 million.", "grounded"),
        ("Gross margin was 12,8%.", "grounded"),
        ("Gross margin was 12,9%.", "contradicted"),
        ("Revenue was CNY 2,703.7 million.", "unsupported"),
    ],
)
def test_the_sheet_decides_about_points_and_commas(text: str, decision: str, kc_sheet: FactSheet) -> None:
    facts = FactBase.of(kc_sheet.model_copy(update={"decimal_mark": ","}))
    assert list(decisions(text, facts).values()) == [decision]


# What a local model of 1.5 billion parameters wrote in one run of a prototype, and what a person must be told.
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Gross margin improved by -3.4 percentage points.", ["-3.4 percentage points", "improved", "-3.4 pp y/y", "12.8%"]),
        (
            "Adjusted EBITDA margin increased by +11.4 percentage points, from 27.6% to 39.0%.",
            ["27.6%", "39.0%", "16.2% in Q1 2025"],
        ),
        ("The print showed a 12.8% gross margin improvement.", ["12.8%", "level", "-3.4 pp y/y"]),
    ],
)
def test_what_a_small_model_wrote_is_refused_in_words_that_help(text: str, told: list[str], kc: FactBase) -> None:
    report = check_text(text, kc)
    said = "\n".join(check.message for check in report.problems)
    assert [part for part in told if part not in said] == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Gross margin of 12.8% was below the consensus of 13.3%.", "the sheet holds no consensus for gross margin"),
        ("Guidance is for gross margin of 19.7%.", "the sheet holds no guidance for gross margin"),
    ],
)
def test_what_the_sheet_does_not_hold_is_called_missing(text: str, told: str, kc: FactBase) -> None:
    (check,) = check_text(text, kc).problems
    assert (check.decision, check.message.endswith(told)) == ("unsupported", True), check.message


def test_the_growth_of_an_estimate_is_no_surprise() -> None:
    """Consensus EPS of $1.61 is 5% above last year's $1.53; the company beat it by 3%."""
    sheet = load_sheet(Path(__file__).parent.parent / "evals" / "cases" / "aapl-2025q2" / "facts.json", max_bytes=10_000_000)
    assert decisions("Diluted EPS: +5% against consensus ($1.61).", FactBase.of(sheet))["+5%"] != "grounded"


@pytest.mark.parametrize("text", ["12.8 16.2 (3.4)", "2,703.7 1,970.0 37.2", "| | 12.8 | 16.2 | -3.4 |"])
def test_the_cells_of_a_torn_table_are_reported(text: str, kc: FactBase) -> None:
    assert set(decisions(text, kc).values()) == {"unsupported"}
