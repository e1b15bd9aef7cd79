"""Derived facts: what follows from a sheet, what does not, and what contradicts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from pipeline.errors import InputError
from pipeline.facts.factbase import FactBase
from pipeline.facts.figures import DerivedFact, written, written_with_base
from pipeline.facts.sheet import FactSheet

END = date(2026, 3, 31)


def quarter(name: str, end: date) -> dict[str, Any]:
    return {"id": name, "kind": "quarter", "start": end - timedelta(days=89), "end": end, "label": name}


PERIODS = [
    quarter("now", END),
    quarter("before", END - timedelta(days=90)),
    quarter("year_ago", END - timedelta(days=365)),
    quarter("next", END + timedelta(days=91)),
    quarter("next_year_ago", END - timedelta(days=274)),
    {
        "id": "fourteen_weeks",
        "kind": "quarter",
        "start": END - timedelta(days=475),
        "end": END - timedelta(days=365),
        "label": "fourteen_weeks",
    },
    {"id": "fy", "kind": "annual", "start": END - timedelta(days=89), "end": END + timedelta(days=275), "label": "FY26"},
]
ROLES = {"now": "actual", "before": "prior_quarter", "year_ago": "prior_year"}


def fact(id: str, metric: str, value: str | None, period: str = "now", **more: Any) -> dict[str, Any]:
    base = {
        "id": id,
        "metric": metric,
        "value": value,
        "unit": "USD",
        "scale": "million",
        "period": period,
        "basis": "gaap",
        "source": "pr",
    }
    return base | {"role": ROLES.get(period, "guidance")} | more


def sheet(*facts: dict[str, Any], periods: Sequence[dict[str, Any]] = PERIODS) -> FactBase:
    return FactBase.of(
        FactSheet.model_validate(
            {
                "company": {"name": "Example", "ticker": "EX", "currency": "USD"},
                "period": "now",
                "periods": periods,
                "sources": [{"id": "pr", "title": "Release", "kind": "press_release"}],
                "facts": facts,
            }
        )
    )


def shown(facts: FactBase, id: str) -> str:
    return written_with_base(facts[id])


REVENUE = fact("revenue", "revenue", "120.0")
BASE = fact("revenue.prior_year", "revenue", "100.0", "year_ago")


def test_growth_names_its_base_and_formula() -> None:
    facts = sheet(REVENUE, BASE, fact("revenue.prior_quarter", "revenue", "125.0", "before"))
    assert shown(facts, "revenue.yoy") == "+20.0% y/y ($100.0m in year_ago)"
    assert shown(facts, "revenue.qoq") == "-4.0% q/q ($125.0m in before)"
    growth = facts["revenue.yoy"]
    assert isinstance(growth, DerivedFact)
    assert (growth.formula, growth.inputs) == ("revenue / revenue.prior_year - 1", ("revenue", "revenue.prior_year"))


def test_no_more_digits_are_printed_than_the_inputs_carry() -> None:
    coarse = sheet(fact("revenue", "revenue", "14.0", scale="billion"), fact("b", "revenue", "20.5", "year_ago", scale="billion"))
    assert shown(coarse, "revenue.yoy").startswith("-32% y/y")
    fine = sheet(fact("revenue", "revenue", "14042"), fact("b", "revenue", "20528", "year_ago"))
    assert shown(fine, "revenue.yoy").startswith("-31.6% y/y")


def test_margins_change_in_points() -> None:
    facts = sheet(REVENUE, BASE, fact("gp", "gross_profit", "60.0"), fact("gp0", "gross_profit", "45.0", "year_ago"))
    assert shown(facts, "gross_margin") == "50.0%"
    assert shown(facts, "gross_margin.yoy_change") == "+5.0 pp y/y (45.0% in year_ago)"


def test_growth_from_a_loss_has_no_meaning_and_is_said_to_be_missing() -> None:
    facts = sheet(fact("oi", "operating_income", "10.0"), fact("oi0", "operating_income", "-5.0", "year_ago"))
    assert "operating_income.yoy" not in facts
    assert shown(facts, "operating_income.yoy_change") == "+$15.0m y/y (-$5.0m in year_ago)"
    assert any(miss.id == "operating_income.yoy" and "no meaning" in miss.reason for miss in facts.missing)


def test_a_reported_growth_rate_is_checked_against_the_computed_one() -> None:
    agrees = sheet(REVENUE, BASE, fact("r", "revenue", "20", unit="percent", scale="one", change="yoy"))
    assert not agrees.conflicts
    differs = sheet(REVENUE, BASE, fact("r", "revenue", "23", unit="percent", scale="one", change="yoy"))
    assert [conflict.message for conflict in differs.conflicts] == [
        "Revenue y/y: reported +23%, computed +20.0% (`revenue / revenue.prior_year - 1`)"
    ]
    assert {"r", "revenue.yoy"} <= set(differs.figures), "both stay: nothing is averaged"


def test_rates_of_a_quarter_and_of_the_year_to_date_are_no_conflict() -> None:
    rates = [
        fact("r", "revenue", "20", unit="percent", scale="one", change="yoy"),
        fact("h", "revenue", "5", "half", role="actual", unit="percent", scale="one", change="yoy"),
    ]
    half = {"id": "half", "kind": "ytd", "start": END - timedelta(days=180), "end": END, "label": "first half"}
    assert not sheet(REVENUE, BASE, *rates, periods=[*PERIODS, half]).conflicts


def test_a_stated_rate_of_the_year_to_date_has_a_base_as_long() -> None:
    rate = fact("h", "revenue", "5", "half", role="actual", unit="percent", scale="one", change="yoy")
    half = {"id": "half", "kind": "ytd", "start": END - timedelta(days=180), "end": END, "label": "first half"}
    half_ago = half | {"id": "half_ago", "start": END - timedelta(days=545), "end": END - timedelta(days=365), "label": "first half ago"}
    alone = sheet(REVENUE, BASE, rate, periods=[*PERIODS, half])
    assert alone.base_of(alone["h"]) is None
    both = sheet(REVENUE, BASE, rate, fact("hb", "revenue", "190", "half_ago", role="prior_year"), periods=[*PERIODS, half, half_ago])
    base = both.base_of(both["h"])
    assert base is not None
    assert base.id == "hb"


def test_two_estimates_for_one_period_are_named() -> None:
    estimates = [fact(name, "revenue", "118", role="consensus") for name in ("street", "poll")]
    with pytest.raises(InputError, match="given more than once, by 'poll' and 'street': keep one"):
        sheet(REVENUE, *estimates)


def test_a_level_follows_from_a_reported_growth_rate() -> None:
    facts = sheet(
        fact("r", "gross_billings", "90", unit="percent", scale="one", change="yoy"), fact("b", "gross_billings", "525", "year_ago")
    )
    assert written(facts["gross_billings.implied"]) == "about $1,000m"
    assert "gross_billings.yoy" not in facts, "the growth that the level was computed from is not computed back"


def test_surprise_needs_the_same_basis_and_currency() -> None:
    eps = fact("eps", "eps_diluted", "1.05", unit="USD/share", scale="one")
    estimate = fact("c", "eps_diluted", "1.00", unit="USD/share", scale="one", role="consensus", as_of="2026-04-20", analysts=12)
    assert shown(sheet(eps, estimate), "eps_diluted.surprise") == "+5% against consensus ($1.00)"
    adjusted = sheet(eps, estimate | {"basis": "adjusted"})
    assert "eps_diluted.surprise" not in adjusted
    assert "gaap figure against a consensus on adjusted basis" in adjusted.conflicts[0].message
    foreign = sheet(eps, estimate | {"unit": "CNY/share"})
    assert "eps_diluted.surprise" not in foreign
    assert "CNY/share" in foreign.conflicts[0].message


def test_surprise_against_a_loss_estimate_is_a_difference() -> None:
    eps = fact("eps", "eps_diluted", "-0.10", unit="USD/share", scale="one")
    estimate = fact("c", "eps_diluted", "-0.15", unit="USD/share", scale="one", role="consensus")
    assert shown(sheet(eps, estimate), "eps_diluted.surprise") == "+$0.05 against consensus (-$0.15)"


def test_guidance_has_ends_a_midpoint_and_stands_against_consensus_and_last_year() -> None:
    guided = fact("guidance.revenue", "revenue", None, "next", low="120", high="130")
    expected = fact("c", "revenue", "128", "next", role="consensus")
    year_ago = fact("h", "revenue", "110", "next_year_ago", role="history")
    facts = sheet(REVENUE, guided, expected, year_ago)
    assert written(facts["guidance.revenue.low"]) == "$120m"
    assert written(facts["guidance.revenue.high"]) == "$130m"
    assert written(facts["guidance.revenue.midpoint"]) == "$125m"
    assert shown(facts, "guidance.revenue.vs_consensus").startswith("-2% against consensus")
    assert shown(facts, "guidance.revenue.implied_yoy").startswith("+14% y/y")
    assert shown(facts, "guidance.revenue.implied_qoq").startswith("+4.2% q/q")


def test_full_year_guidance_leaves_the_rest_of_the_year() -> None:
    facts = sheet(REVENUE, fact("guidance.revenue", "revenue", None, "fy", low="500", high="520"))
    rest = facts["guidance.revenue.implied_rest"]
    assert written(rest) == "$390.0m"
    assert isinstance(rest, DerivedFact)
    assert "the 3 quarters to come" in rest.formula


def test_two_bases_of_one_metric_are_not_compared() -> None:
    facts = sheet(REVENUE, BASE | {"basis": "adjusted"})
    assert "revenue.yoy" not in facts
    assert "gaap now and adjusted in the base" in facts.conflicts[0].message


def test_periods_of_different_length_are_not_compared() -> None:
    facts = sheet(REVENUE, BASE | {"period": "fourteen_weeks", "role": "prior_year"})
    assert "revenue.yoy" not in facts
    assert "now and fourteen_weeks differ in length" in facts.conflicts[0].message


def test_two_values_for_one_figure_are_shown() -> None:
    facts = sheet(REVENUE, fact("again", "revenue", "121.0"))
    assert "two different values, $120.0m and $121.0m" in facts.conflicts[0].message


def test_what_is_not_there_is_listed_with_its_reason() -> None:
    facts = sheet(REVENUE, fact("ocf", "operating_cash_flow", "30"))
    reasons = {miss.id: miss.reason for miss in facts.missing}
    assert reasons["guidance"] == "not in the sheet"
    assert reasons["net_debt"] == "not in the sheet"
    assert reasons["revenue.yoy"] == "the sheet has no prior year figure"


def test_an_id_of_a_computed_fact_cannot_be_taken() -> None:
    with pytest.raises(InputError, match=r"'revenue\.yoy' belongs to a computed fact"):
        sheet(REVENUE, BASE, fact("revenue.yoy", "cash", "5", unit="USD"))


def test_working_capital_days_and_cash_flow() -> None:
    facts = sheet(
        REVENUE,
        fact("ar", "accounts_receivable", "60.0"),
        fact("ocf", "operating_cash_flow", "30.0"),
        fact("capex", "capex", "12.0"),
        fact("debt", "total_debt", "200.0"),
        fact("cash", "cash", "50.0"),
    )
    assert written(facts["dso"]) == "45 days"
    assert written(facts["free_cash_flow"]) == "$18.0m"
    assert written(facts["capex_intensity"]) == "10.0%"
    assert written(facts["net_debt"]) == "$150.0m"


def test_references_by_series_find_what_the_author_named_otherwise() -> None:
    facts = sheet(fact("top_line", "revenue", "120.0"), fact("was", "revenue", "100.0", "year_ago"))
    found = {reference: facts.find(reference) for reference in ("revenue", "revenue.prior_year", "revenue.yoy", "revenue.qoq")}
    assert {reference: figure.id if figure else None for reference, figure in found.items()} == {
        "revenue": "top_line",
        "revenue.prior_year": "was",
        "revenue.yoy": "revenue.yoy",
        "revenue.qoq": None,
    }


def test_the_trailing_year_stands_beside_the_quarter_and_not_in_its_place() -> None:
    ttm = {"id": "ttm", "kind": "ttm", "start": END - timedelta(days=364), "end": END, "label": "trailing year"}
    sales = fact("ttm.revenue", "revenue", "470.0", "ttm", role="actual")
    leverage = fact("leverage", "leverage", "2.5", "ttm", unit="x", scale="one", role="actual")
    facts = sheet(REVENUE, BASE, sales, leverage, periods=[*PERIODS, ttm])
    assert not facts.conflicts
    assert facts.level("revenue") is facts["revenue"]
    assert facts.level("leverage") is facts["leverage"]
