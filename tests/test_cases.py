"""The cases: real quarters, transcribed by hand. Quotes hold the figures; what code derives is what an analyst gets by hand."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from pipeline.facts.factbase import FactBase
from pipeline.facts.figures import written
from pipeline.facts.loading import load_sheet
from pipeline.facts.sheet import Fact, FactSheet, PeriodKind, Role
from pipeline.facts.vocabulary import vocabulary

CASES = Path(__file__).parents[1] / "evals" / "cases"
SHEETS = sorted(CASES.glob("*/facts.json"))
NAMES = [path.parent.name for path in SHEETS]

# Conflicts that the sources themselves hold. Every case was read for them: each reported growth rate agrees with the
# computed one within rounding (Intel's -28% is on its own, non-GAAP series), so none is expected.
CONFLICTS: dict[str, list[tuple[str, ...]]] = {name: [] for name in NAMES}

# By hand, from the figures in the comment.
DERIVED = {
    "kc-2026q1": {
        "revenue.yoy": "+37.2%",  # 2,703.7 / 1,970.0
        "revenue.qoq": "-2.1%",  # 2,703.7 / 2,761.4
        "revenue.surprise": "-0.4%",  # 2,703.7 / 2,715
        "gross_margin.yoy_change": "-3.4 pp",  # 12.8 - 16.2
        "adjusted_ebitda_margin.yoy_change": "+11.4 pp",  # 27.6 - 16.2
        "adjusted_ebitda_margin.qoq_change": "-0.8 pp",  # 27.6 - 28.4
        "capex_intensity": "111%",  # 3,000 / 2,703.7
        "adjusted_ebitda": "CNY 746m",  # 27.6% of 2,703.7
    },
    "aapl-2025q2": {
        "revenue.yoy": "+5.1%",  # 95,359 / 90,753
        "revenue.qoq": "-23.3%",  # 95,359 / 124,300
        "revenue.surprise": "+1.4%",  # 95,359 / 94,076.2
        "gross_margin.yoy_change": "+0.5 pp",  # 47.1 - 46.6
        "operating_margin": "31.0%",  # 29,589 / 95,359
        "revenue.services.yoy": "+11.6%",  # 26,645 / 23,867
        "revenue.greater_china.yoy": "-2.3%",  # 16,002 / 16,372
        "free_cash_flow.ytd": "$47,876m",  # 53,887 - 6,011, six months
        "free_cash_flow.ytd.yoy": "-17.7%",  # 47,876 / 58,197
        "dio": "11 days",  # 6,269 / 50,492 x 91
        "dividend_per_share.yoy": "+4.2%",  # 0.25 / 0.24
        "incremental_margin": "36.7%",  # 1,689 / 4,606
    },
    "intc-2022q4": {
        "revenue.yoy": "-31.6%",  # 14,042 / 20,528
        "revenue.non_gaap_without_nand.yoy": "-28.1%",  # 14,042 / 19,532
        "gross_margin.yoy_change": "-14.4 pp",  # 39.2 - 53.6
        "adjusted_gross_margin.yoy_change": "-12.0 pp",  # 43.8 - 55.8
        "operating_margin.yoy_change": "-32.4 pp",  # -8.1 - 24.3
        "revenue.client_computing.yoy": "-35.7%",  # 6,625 / 10,303
        "dio": "141 days",  # 13,224 / 8,542 x 91
        "dso": "27 days",  # 4,133 / 14,042 x 91
        "capex_intensity": "33.0%",  # 4,635 / 14,042
        "net_debt": "$13,713m",  # 42,051 - 11,144 - 17,194
        "guidance.revenue.midpoint": "$11bn",
        "guidance.revenue.implied_qoq": "-21.7%",  # 11.0 / 14.042
    },
    "crm-2024q1": {
        "revenue.yoy": "+11.3%",  # 8,247 / 7,411
        "gross_margin": "74.2%",  # 6,122 / 8,247
        "adjusted_operating_margin.yoy_change": "+10.0 pp",  # 27.6 - 17.6
        "fcf_margin": "51.5%",  # 4,248 / 8,247
        "net_debt": "-$4,375m",  # 9,602 - 9,155 - 4,822
        "deferred_revenue.yoy": "+10.9%",  # 15,121 / 13,636
        "dso": "50 days",  # 4,632 / 8,247 x 89
        "crpo.yoy": "+12%",  # 24.1 / 21.5
        "guidance.revenue.implied_qoq": "+3.3%",  # 8.52 / 8.247
        "guidance_fy.revenue.implied_rest": "$26.35bn",  # 34.6 - 8.247
    },
    "ebay-2023q1": {
        "revenue.yoy": "+1.1%",  # 2,510 / 2,483
        "revenue.qoq": "0.0%",  # 2,510 / 2,510
        "gmv.yoy": "-5.1%",  # 18,410 / 19,409
        "take_rate": "13.6%",  # 2,510 / 18,410
        "take_rate.yoy_change": "+0.8 pp",  # 13.63 - 12.79
        "operating_margin.yoy_change": "-5.7 pp",  # 22.2 - 27.9
        "capex_intensity": "5.3%",  # 132 / 2,510
        "net_debt": "about $2,700m",  # 7,721 - 5.0bn of cash and non-equity investments
        "eps_diluted.yoy_change": "+$3.33",  # 1.05 + 2.28
    },
}

MISSING = {
    "kc-2026q1": {
        "net_income",
        "eps_diluted",
        "operating_cash_flow",
        "free_cash_flow",
        "net_debt",
        "guidance",
        "consensus.eps",
        "gross_margin.qoq",
    },
    "aapl-2025q2": {"guidance"},
    "intc-2022q4": {"consensus.revenue", "consensus.eps", "revenue.qoq", "gross_margin.qoq"},
    "crm-2024q1": {"consensus.revenue", "consensus.eps", "revenue.qoq", "gross_margin.qoq"},
    "ebay-2023q1": {"consensus.revenue", "consensus.eps", "gross_margin.qoq"},
}


@pytest.fixture(scope="module")
def sheets() -> dict[str, FactSheet]:
    return {path.parent.name: load_sheet(path, max_bytes=10_000_000) for path in SHEETS}


def numbers_in(quote: str) -> set[Decimal]:
    numbers = {Decimal(written.replace(",", "")) for written in re.findall(r"\d[\d,]*(?:\.\d+)?", quote)}
    return numbers | ({Decimal(0)} if "—" in quote else set())


def quoted_wrong(fact: Fact) -> bool:
    """Whether the quote lacks the figure, in its own scale or in ones, thousands or billions. Sums of printed lines quote their terms."""
    printed = numbers_in(fact.quote or "")
    values = [abs(value) for value in (fact.value, fact.low, fact.high) if value is not None]
    is_sum = fact.metric == "total_debt" and fact.value == sum(printed) / (10**6 if max(printed) > 10**8 else 1)
    return not is_sum and not any(printed.issuperset(value * unit for value in values) for unit in (Decimal("0.001"), 1, 1000, 10**6))


def test_the_five_cases_are_there() -> None:
    assert set(DERIVED) <= set(NAMES)


@pytest.mark.parametrize("case", NAMES)
def test_a_case_is_one_sheet_of_known_metrics_with_used_sources(case: str, sheets: dict[str, FactSheet]) -> None:
    sheet = sheets[case]
    assert sheet.slug == case
    assert {fact.metric for fact in sheet.facts} <= set(vocabulary())
    assert {source.id for source in sheet.sources} == {item.source for item in (*sheet.facts, *sheet.statements)}
    assert {period.id for period in sheet.periods} == {fact.period for fact in sheet.facts}


@pytest.mark.parametrize("case", NAMES)
def test_every_fact_quotes_its_figure(case: str, sheets: dict[str, FactSheet]) -> None:
    assert [fact.id for fact in sheets[case].facts if quoted_wrong(fact)] == []


@pytest.mark.parametrize("case", NAMES)
def test_adjusted_and_leverage_figures_say_whose_definition(case: str, sheets: dict[str, FactSheet]) -> None:
    unexplained = {"adjusted", "constant_currency", "organic", "unstated"}
    silent = [f.id for f in sheets[case].facts if f.basis in unexplained and f.definition is None]
    # A provider's estimate of revenue says no more of its basis than that it is unstated.
    assert [name for name in silent if not re.match(r"buybacks|dividends_paid|consensus[\w.]*revenue", name)] == []


@pytest.mark.parametrize("case", NAMES)
def test_only_the_expected_conflicts(case: str, sheets: dict[str, FactSheet]) -> None:
    assert [conflict.ids for conflict in FactBase.of(sheets[case]).conflicts] == CONFLICTS[case]


@pytest.mark.parametrize(
    ("case", "name", "expected"), [(case, name, text) for case, rows in DERIVED.items() for name, text in rows.items()]
)
def test_derived_as_by_hand(case: str, name: str, expected: str, sheets: dict[str, FactSheet]) -> None:
    assert written(FactBase.of(sheets[case])[name]) == expected


@pytest.mark.parametrize("case", MISSING)
def test_what_the_sources_lack_is_listed_as_missing(case: str, sheets: dict[str, FactSheet]) -> None:
    assert {miss.id for miss in FactBase.of(sheets[case]).missing} >= MISSING[case]


def test_kingsoft_cloud_has_no_false_base_for_capital_expenditure(sheets: dict[str, FactSheet]) -> None:
    base = FactBase.of(sheets["kc-2026q1"])
    assert written(base["capex_with_leases"]) == "about CNY 3,000m"
    assert written(base["revenue"]) == "CNY 2,703.7m"
    assert not {"capex.yoy", "capex_with_leases.yoy", "capex_intensity.yoy_change", "capex_intensity.prior_year"} & set(base.figures)


def test_kingsoft_cloud_leverage_says_that_its_basis_is_unstated(sheets: dict[str, FactSheet]) -> None:
    leverage = FactBase.of(sheets["kc-2026q1"])["leverage"]
    assert written(leverage) == "5x"
    assert leverage.basis == "unstated"
    assert leverage.fact is not None
    assert leverage.fact.definition is not None
    assert leverage.fact.definition.startswith("Basis not stated")


def test_adjusted_and_reported_gross_margin_are_kept_apart(sheets: dict[str, FactSheet]) -> None:
    base = FactBase.of(sheets["kc-2026q1"])
    assert written(base["gross_margin.prior_year"]) == "16.2%"
    assert written(base["adjusted_gross_margin.prior_year"]) == "16.6%"
    assert "adjusted_gross_margin" not in base


def test_apple_cash_flow_is_year_to_date_and_never_set_against_a_quarter(sheets: dict[str, FactSheet]) -> None:
    base = FactBase.of(sheets["aapl-2025q2"])
    for name in ("operating_cash_flow", "capex", "depreciation_amortization", "free_cash_flow.ytd"):
        assert base[name].period.kind is PeriodKind.YTD
    assert not {"fcf_margin", "capex_intensity", "ebitda", "ebitda_margin"} & set(base.figures)


def test_apple_consensus_carries_its_date_and_analysts(sheets: dict[str, FactSheet]) -> None:
    for fact in sheets["aapl-2025q2"].facts:
        if fact.role is Role.CONSENSUS:
            assert str(fact.as_of) == "2025-02-24"
            assert fact.analysts in (26, 27)
