"""The prose of the drafter without a model: verbs that fit, bases that are said, and no two quarters alike."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from evals.cases import Case, cases
from pipeline.chain.draft import Clock, draft_note
from pipeline.drafters.base import Brief
from pipeline.drafters.rules.catalysts import catalysts
from pipeline.drafters.rules.drafter import RuleDrafter
from pipeline.drafters.rules.effects import effects
from pipeline.drafters.rules.gap import consensus_gap
from pipeline.drafters.rules.prose import be, compared, moved, name, one_of
from pipeline.drafters.rules.summary import summary
from pipeline.errors import NothingToDraft
from pipeline.facts.factbase import FactBase
from pipeline.facts.figures import written
from pipeline.facts.sheet import Company
from pipeline.grounding import check_text
from pipeline.mechanisms.engine import evaluate
from pipeline.mechanisms.library import library
from tests.test_mechanisms import sheet


def facts(figures: dict[str, Any], sector: str = "hardware", ticker: str = "EX") -> FactBase:
    given = sheet(figures, sector)
    return FactBase.of(given.model_copy(update={"company": given.company.model_copy(update={"ticker": ticker})}))


def brief(figures: dict[str, Any], sector: str = "hardware") -> Brief:
    base = facts(figures, sector)
    return Brief(base, evaluate(base, library())[0])


@pytest.mark.parametrize(
    ("figures", "verbs", "way"),
    [
        ({"revenue": ("137", "100")}, "grew|climbed|jumped", "up 37% y/y"),
        ({"revenue": ("101", "100")}, "edged up|inched up|ticked up", "up 1% y/y"),
        ({"revenue": ("60", "100")}, "dropped|slumped|tumbled", "down 40% y/y"),
        ({"gross_margin": ("12.8", "16.2")}, "fell|declined|decreased", "down 3.4 pp y/y"),
        ({"revenue": ("100", "100")}, "was unchanged", "unchanged y/y"),
    ],
)
@pytest.mark.parametrize("ticker", ["AA", "BB", "CC", "DD", "EE", "FF", "GG", "HH"])
def test_a_change_is_told_with_a_verb_of_its_size_and_the_check_accepts_it(
    figures: dict[str, Any], verbs: str, way: str, ticker: str
) -> None:
    base = facts(figures, ticker=ticker)
    (metric,) = figures
    level = base.level(metric)
    assert level is not None
    text, subject, stands, way = moved(base, level).text, re.escape(name(level)), re.escape(written(level)), re.escape(way)
    size = way.split("\\ ", 1)[1]
    forms = (
        rf"{subject} ({verbs}) {size} to {stands}",
        rf"{subject} was {stands}, {way}",
        rf"{subject} of {stands} was {way}",
        rf"{subject} was {way} at {stands}",
    )
    assert any(re.fullmatch(form, text) for form in forms), text
    assert check_text(text[:1].upper() + text[1:] + ".", base).ok, text


def test_a_loss_is_set_against_its_base_and_not_grown() -> None:
    base = facts({"net_income": ("-430", "-317")})
    level = base.level("net_income")
    assert level is not None
    assert re.fullmatch(r"net income was -\$430m( against|, after|, compared with) -\$317m a year earlier", compared(base, level).text)


def test_a_rate_is_a_level_and_not_moved() -> None:
    base = facts({"same_store_sales": ("-6.2", "-12.1")}, "retail")
    level = base.level("same_store_sales")
    assert level is not None
    assert "-6.2%" in compared(base, level).text
    assert " pp " not in compared(base, level).text


@pytest.mark.parametrize(("metric", "verb"), [("revenue", "was"), ("dividends_paid", "were"), ("eps_diluted", "was"), ("deposits", "were")])
def test_what_has_a_plural_name_were(metric: str, verb: str) -> None:
    level = facts({metric: "5"}).level(metric)
    assert level is not None
    assert be(level) == verb


@pytest.mark.parametrize(
    ("company", "short"),
    [
        ("Kingsoft Cloud Holdings Limited", "Kingsoft Cloud"),
        ("The Coca-Cola Company", "Coca-Cola"),
        ("Best Buy Co., Inc.", "Best Buy"),
        ("Tesla, Inc.", "Tesla"),
    ],
)
def test_a_company_goes_by_its_short_name(company: str, short: str) -> None:
    assert Company(name=company, ticker="X", currency="USD").short_name == short


def test_one_quarter_always_chooses_the_same_form_and_quarters_differ() -> None:
    forms = [f"form {n}" for n in range(10)]
    chosen = [one_of(facts({"revenue": "1"}, ticker=f"T{n}"), "place", *forms) for n in range(20)]
    assert chosen == [one_of(facts({"revenue": "2"}, ticker=f"T{n}"), "place", *forms) for n in range(20)]
    assert len(set(chosen)) > 3


def test_a_stated_rate_without_an_amount_still_makes_a_view() -> None:
    base = brief({"revenue.yoy": "-9"}, "industrials")
    assert summary(base).claims[0].text.endswith("the sheet gives no amount.")
    gap = consensus_gap(base)
    assert "revenue, which fell 9% y/y" in gap.our_view.text
    assert " to " not in gap.our_view.text.split("9% y/y")[1]
    assert (gap.falsifier.comparison, gap.falsifier.threshold) == ("at_least", 0)
    assert catalysts(base).catalysts[0].claim.text.endswith(", turns.")


def test_without_a_change_there_is_no_view() -> None:
    with pytest.raises(NothingToDraft, match="has a change or a base"):
        consensus_gap(brief({"revenue": "100"}))


def test_effects_cover_both_horizons_where_mechanisms_of_both_fire() -> None:
    base = brief(
        {
            "revenue": ("1042", "829"),
            "stock_based_compensation": ("379", "332"),
            "buybacks": "490",
            "operating_cash_flow": "228",
            "capex": "45",
            "accounts_receivable": ("530", "345"),
        },
        "software",
    )
    chosen = effects(base).effects
    assert {one.horizon for one in chosen} >= {"next_1_2_quarters", "next_12_18_months"}
    assert len({one.party for one in chosen} - {"company"}) >= 2
    assert len(chosen) <= 3


@pytest.mark.parametrize(
    ("figures", "view", "missed"),
    [
        (
            {"revenue": ("99", "90"), "adjusted_eps": ("1.20", "1.00"), "consensus.revenue": "102", "consensus.adjusted_eps": "1.10"},
            "",
            "below it: the beat was made below the sales line.",
        ),
        (
            {"revenue": ("105", "90"), "adjusted_eps": ("1.00", "1.10"), "consensus.revenue": "102", "consensus.adjusted_eps": "1.10"},
            "",
            "the miss was made below the sales line.",
        ),
        (
            {"revenue": ("105", "90"), "guidance.revenue": "108", "next_consensus.revenue": "112"},
            "Revenue guidance for Q2 2026 stands 4% below consensus.",
            "",
        ),
        (
            {"revenue": ("105", "90"), "guidance.revenue": "112", "next_consensus.revenue": "112"},
            "Revenue guidance for Q2 2026 stands in line with consensus.",
            "",
        ),
    ],
)
def test_the_gap_weighs_the_quality_of_a_beat_and_the_outlook(figures: dict[str, Any], view: str, missed: str) -> None:
    base = brief(figures)
    gap = consensus_gap(base)
    assert view in gap.our_view.text
    assert missed in gap.why_missed.text
    for claim in (gap.street_view, gap.our_view, gap.why_missed):
        assert check_text(claim.text, base.facts, evidence=claim.evidence).ok, claim.text


def test_views_without_an_estimate_tell_different_figures() -> None:
    """Without a base in money the rate is our view's; with one, the bar is the base and something else is what is missed."""
    rate = consensus_gap(brief({"revenue.yoy": "-9"}, "industrials"))
    assert "9%" in rate.our_view.text
    assert "9%" not in rate.street_view.text + rate.why_missed.text
    money = consensus_gap(brief({"revenue": ("110", "100"), "free_cash_flow": ("8", "9")}))
    assert "$100m" in money.street_view.text
    assert "free cash flow" in money.why_missed.text.lower()
    assert "$100m" not in money.why_missed.text


@pytest.mark.parametrize(
    ("figures", "sign"),
    [
        ({"revenue": ("110", "100"), "next_consensus.revenue": "115"}, "street_too_low"),
        ({"revenue": ("90", "100"), "next_consensus.revenue": "95"}, "street_too_high"),
        ({"revenue": ("90", "100"), "guidance.revenue": "99", "next_consensus.revenue": "95"}, "street_too_low"),
        ({"revenue": ("110", "100"), "guidance.revenue": "112", "next_consensus.revenue": "115"}, "street_too_high"),
        ({"revenue": ("110", "100")}, "no_estimate"),
    ],
)
def test_estimates_of_later_periods_alone_take_the_side_of_the_outlook(figures: dict[str, Any], sign: str) -> None:
    assert consensus_gap(brief(figures)).sign == sign


def test_a_margin_whose_base_is_out_of_reach_is_watched_by_its_change() -> None:
    figures = {"revenue": ("100", "100"), "net_income": ("-67", "8")}
    gap = consensus_gap(brief(figures))
    assert (gap.falsifier.metric, gap.falsifier.comparison, gap.falsifier.threshold) == ("net_margin.yoy_change", "at_least", 0)


def test_what_else_moved_is_watched_where_no_mechanism_offers_anything() -> None:
    found = catalysts(brief({"revenue": ("104", "100"), "operating_income": ("21", "20.5")}, "telecom")).catalysts
    assert len(found) >= 2
    assert len({one.watch.metric for one in found}) == len(found)
    assert len({one.event for one in found}) == len(found)


@pytest.mark.parametrize("case", [case for case in cases() if case.split == "tuned"], ids=lambda case: case.name)
def test_every_tuned_case_draws_a_note_with_nothing_to_review(case: Case, clock: Clock) -> None:
    note = asyncio.run(draft_note(case.sheet(), RuleDrafter(), clock)).note
    assert note.review_reasons == ()
    assert note.withheld == ()
