"""Estimates into a sheet: which are taken, which are left out and why, and what a person sees when a file is wrong."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import InputError
from pipeline.facts.factbase import FactBase
from pipeline.facts.loading import load_sheet
from pipeline.facts.quantity import Scale
from pipeline.facts.sheet import Basis, Fact, FactSheet
from pipeline.intake import estimates
from pipeline.intake.document import Document, read_document
from pipeline.intake.estimates import read, surprises
from pipeline.intake.estimates.own import same_company
from pipeline.intake.ingested import Ingested
from pipeline.intake.writing import sheet_text

DATA = Path(__file__).parents[2] / "shared" / "data" / "consensus"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="needs the estimates in ../shared/data/consensus")


def sheet(
    *, eps: str | None = "1.20", adjusted: str | None = "1.50", currency: str = "USD", released: str | None = "2026-04-28", **more: Any
) -> FactSheet:
    """Q1 2026 of a made-up company; the quarter ended on the Saturday before the calendar's."""
    facts: list[dict[str, Any]] = [fact("revenue", "1970.0", currency, scale="million")]
    if eps is not None:
        facts += [fact("eps_diluted", eps, f"{currency}/share", basis="gaap")]
    if adjusted is not None:
        facts += [fact("adjusted_eps", adjusted, f"{currency}/share", basis="adjusted")]
    data: dict[str, Any] = {
        "company": {"name": "Example Networks Inc.", "ticker": "EXNT", "currency": currency},
        "period": "2026q1",
        "released": released,
        "periods": [
            {"id": "2026q1", "kind": "quarter", "end": "2026-03-28", "label": "Q1 2026"},
            {"id": "2025q1", "kind": "quarter", "end": "2025-03-29", "label": "Q1 2025"},
        ],
        "sources": [{"id": "release", "title": "First Quarter 2026 Results", "kind": "press_release"}],
        "facts": facts + more.pop("facts", []),
    }
    return FactSheet.model_validate(data | more)


def fact(metric: str, value: str, unit: str, *, period: str = "2026q1", role: str = "actual", **more: Any) -> dict[str, Any]:
    name = metric if role == "actual" else f"{metric}.{role}"
    return {"id": name, "metric": metric, "value": value, "unit": unit, "period": period, "role": role, "source": "release"} | more


def add(given: FactSheet, content: Any, name: str = "estimates.json") -> Ingested:
    text = content if isinstance(content, str) else json.dumps(content)
    found = estimates.add(Ingested(given), Document(name, text.encode()))
    assert found.sheet.facts[: len(given.facts)] == given.facts
    return found


def added(found: Ingested) -> dict[str, Fact]:
    return {one.id: one for one in found.sheet.facts if one.role == "consensus"}


def surprise(found: Ingested, metric: str) -> Decimal | None:
    figure = FactBase.of(found.sheet).figures.get(f"{metric}.surprise")
    return figure.quantity.value if figure else None


def refusal(given: FactSheet, content: Any) -> str:
    with pytest.raises(InputError) as caught:
        add(given, content)
    message = str(caught.value)
    assert message.startswith("estimates.json")
    assert "\n" not in message
    return message


OWN = {
    "ticker": "EXNT",
    "source": "Example Data",
    "as_of": "2026-04-20",
    "currency": "USD",
    "estimates": [
        {"metric": "revenue", "period": "Q1 2026", "mean": "1.95 billion", "low": "1.9 billion", "high": "2.0 billion", "analysts": 21},
        {"metric": "eps", "period": "Q1 2026", "mean": 1.45, "basis": "adjusted", "analysts": 19},
        {"metric": "revenue", "period": "FY2026", "period_end": "2026-12-26", "mean": "8.1 billion"},
    ],
}


def own(**changes: Any) -> dict[str, Any]:
    """Our own shape with one estimate, of revenue in the reported quarter, changed as told."""
    entry = {"metric": "revenue", "period": "Q1 2026", "mean": "1.95 billion", "currency": "USD", "as_of": "2026-04-20"} | changes
    return {"ticker": "EXNT", "estimates": [{name: value for name, value in entry.items() if value is not None}]}


# -- our own shape -------------------------------------------------------------------------------------------------------


def test_own_json_becomes_consensus_with_all_that_it_says(tmp_path: Path) -> None:
    found = add(sheet(), OWN)
    facts = added(found)
    assert list(facts) == ["consensus.adjusted_eps", "consensus.revenue", "consensus_fy.revenue"]
    revenue = facts["consensus.revenue"]
    assert (revenue.value, revenue.low, revenue.high, revenue.scale) == (Decimal("1.95"), Decimal("1.9"), Decimal("2.0"), Scale.BILLION)
    assert (revenue.analysts, revenue.as_of, revenue.basis) == (21, date(2026, 4, 20), Basis.UNSTATED)
    assert revenue.locator == "estimates[0]"
    assert revenue.quote == "revenue mean 1.95 billion, low 1.9 billion, high 2.0 billion, analysts 21"
    assert facts["consensus.adjusted_eps"].basis is Basis.ADJUSTED
    assert found.sheet.periods_by_id["2026fy"].label == "FY2026"
    source = found.sheet.sources_by_id[revenue.source]
    assert (source.publisher, source.kind, source.published) == ("Example Data", "estimates", date(2026, 4, 20))
    assert surprise(found, "revenue") == pytest.approx(Decimal("1.0256"), abs=Decimal("0.0001"))
    path = tmp_path / "exnt.facts.json"
    path.write_text(sheet_text(found.sheet))
    assert load_sheet(path, max_bytes=1_000_000) == found.sheet


def test_a_table_holds_the_same_and_may_hold_other_companies() -> None:
    table = (
        "ticker,metric,period,mean,low,high,# of Est.,currency,as_of,basis,Notes\n"
        "EXNT,revenue,Q1 2026,1.95 billion,1.9 billion,2.0 billion,21,USD,2026-04-20,,\n"
        'OTHR,revenue,Q1 2026,"$3,000 million",,,3,USD,2026-04-20,,\n'
        "EXNT,EPS,Q1 2026,1.45,,,19,USD,2026-04-20,Non-GAAP,a note\n"
    )
    facts = added(found := add(sheet(), table))
    assert {name: one.value for name, one in facts.items()} == {
        "consensus.adjusted_eps": Decimal("1.45"),
        "consensus.revenue": Decimal("1.95"),
    }
    assert facts["consensus.revenue"].locator == "row 2, column D2"
    assert found.doubts == ("estimates: columns that are not read: Notes",)


def test_a_terminals_table_with_semicolons_says_what_its_commas_are() -> None:
    table = "decimal;,\nSymbol;EXNT.O\nItem;Mean;High;Low;# of Est;Fiscal Period;Currency\nSales;1.950,5;2.000,0;1.900,0;21;FQ1 2026;USD\n"
    message = refusal(sheet(), table.replace("decimal;,\n", ""))
    assert "does not say what stands before decimals" in message
    found = add(sheet(), table.replace("Item;", "Units in;Item;").replace("Sales", "millions;Sales"))
    assert added(found)["consensus.revenue"].value == Decimal("1950.5")
    assert added(found)["consensus.revenue"].scale is Scale.MILLION


def test_an_actual_in_another_scale_than_the_mean_is_the_same_money() -> None:
    table = "metric,period,mean,actual,currency\nrevenue,Q1 2026,$997 million,$1.97 billion,USD\n"
    estimate = read(Document("x", table.encode()), "EXNT").found[0]
    assert (estimate.mean, estimate.actual, estimate.scale) == (Decimal(997), Decimal(1970), Scale.MILLION)


# -- what is not comparable ----------------------------------------------------------------------------------------------


def test_estimates_of_after_the_release_are_no_consensus() -> None:
    found = add(sheet(), own(as_of="2026-04-29"))
    assert not added(found)
    assert found.doubts == ("estimates: Q1 2026: the estimates are of 2026-04-29, after the release on 2026-04-28: left out",)
    on_the_day = add(sheet(), own(as_of="2026-04-28"))
    assert added(on_the_day)
    assert "the day of the release" in on_the_day.doubts[0]
    old = add(sheet(), own(as_of="2026-01-10"))
    assert added(old)
    assert "108 days before the release: look for later ones" in old.doubts[0]
    assert "no as-of date" in add(sheet(), own(as_of=None)).doubts[0]
    assert "does not say when it was released" in add(sheet(released=None), own()).doubts[0]


def test_currencies_are_not_converted() -> None:
    found = add(sheet(currency="CNY"), own())
    assert not added(found)
    assert found.doubts == ("estimates: Revenue of Q1 2026, 1.95 USD: the sheet is in CNY: left out, for currencies are not converted",)


def test_a_sign_is_a_currency_that_fits_or_does_not() -> None:
    assert added(add(sheet(), own(currency=None, mean="$1.95 billion")))
    assert not added(add(sheet(currency="EUR"), own(currency=None, mean="$1.95 billion")))


def test_a_currency_that_nobody_says_is_the_dollar_of_a_dollar_sheet_only() -> None:
    found = add(sheet(), own(currency=None))
    assert added(found)
    assert "not said: taken for USD" in found.doubts[0]
    assert not added(add(sheet(currency="CNY"), own(currency=None)))


def test_an_estimate_in_another_scale_than_its_file_says_is_left_out() -> None:
    found = add(sheet(), own(mean=1950))
    assert not added(found)
    assert "look at its scale" in found.doubts[0]


def test_adjusted_consensus_beside_gaap_eps_is_a_basis_conflict_and_no_surprise() -> None:
    found = add(sheet(adjusted=None), own(metric="eps_diluted", mean="1.45", basis="adjusted"))
    assert list(added(found)) == ["consensus.adjusted_eps"]
    assert surprise(found, "eps_diluted") is None
    assert surprise(found, "adjusted_eps") is None
    said = "the estimate of EPS, 1.45, is adjusted, as the file says; the sheet's 1.20 is gaap: no surprise is computed"
    assert found.doubts == (f"estimates: basis conflict: {said}",)


@pytest.mark.parametrize(
    ("eps", "adjusted", "actual", "metric", "basis", "doubt"),
    [
        ("1.20", "1.50", "1.50", "adjusted_eps", "adjusted", None),
        ("1.20", "1.50", "1.20", "eps_diluted", "unstated", None),
        ("1.20", None, "1.2", "eps_diluted", "unstated", None),
        ("1.20", None, "1.50", "adjusted_eps", "unstated", "basis conflict"),
        ("1.20", "1.50", "1.44", None, None, "left out, for its actual EPS is not the sheet's adjusted EPS"),
        ("1.20", None, None, "adjusted_eps", "unstated", "basis conflict"),
        ("1.20", "1.50", None, "adjusted_eps", "unstated", "taken for adjusted EPS"),
        (None, None, None, "adjusted_eps", "unstated", None),
    ],
)
def test_a_providers_actual_tells_the_basis_of_its_estimates(
    eps: str | None, adjusted: str | None, actual: str | None, metric: str | None, basis: str | None, doubt: str | None
) -> None:
    content = own(metric="eps", mean="1.45", actual=actual, period_end="2026-03-31")
    found = add(sheet(eps=eps, adjusted=adjusted), content)
    assert [(one.metric, one.basis) for one in added(found).values()] == ([(metric, basis)] if metric else [])
    assert any(doubt in one for one in found.doubts) if doubt else not found.doubts
    has_surprise = {one for one in ("eps_diluted", "adjusted_eps") if surprise(found, one) is not None}
    reported = {"eps_diluted": eps, "adjusted_eps": adjusted}
    assert has_surprise == ({metric} if metric and reported[metric] else set())


def test_a_surprise_is_a_fraction_or_a_percentage_as_recomputing_it_says() -> None:
    def form(given: str, actual: str = "1.53", mean: str = "1.49923") -> str | None:
        return surprises.form(
            read(Document("x", json.dumps(own(metric="eps", mean=mean, actual=actual, surprise=given)).encode()), "EXNT").found[0]
        )

    assert form("0.0205") == "fraction"
    assert form("2.05") == "percent"
    assert form("2.05", actual="4.5726") == "fraction"
    assert form("0.5", actual="1.507", mean="1.4995") == "percent"
    assert form("50") is None
    found = add(sheet(), own(metric="eps", mean="1.45", actual="1.50", surprise="8.4", basis="adjusted"))
    assert "neither as a fraction nor in percent what 1.50 against 1.45 is 3.45%" in found.doubts[0]


def test_an_actual_that_is_not_the_sheets_is_a_doubt() -> None:
    found = add(sheet(), own(actual="2.07 billion"))
    assert "2.07, is 5.1% off the sheet's 1970.0" in found.doubts[0]
    assert not add(sheet(), own(actual="1.97 billion")).doubts


def test_of_two_estimates_the_latest_before_the_print_is_taken_and_two_of_one_day_are_not() -> None:
    content = own()
    content["estimates"] += [
        own(as_of="2026-03-01", mean="1.9 billion")["estimates"][0],
        own(as_of="2026-05-05", mean="3 billion")["estimates"][0],
    ]
    found = add(sheet(), content)
    assert added(found)["consensus.revenue"].value == Decimal("1.95")
    assert found.choices[0].rivals == ("1.9 as of 2026-03-01 (estimates[1])",)
    content["estimates"][1]["as_of"] = "2026-04-20"
    found = add(sheet(), content)
    assert not added(found)
    assert any("two estimates of one day" in doubt for doubt in found.doubts)


def test_what_the_sheet_expects_already_stays() -> None:
    first = add(sheet(), own()).sheet
    again = estimates.add(Ingested(first), Document("x.json", json.dumps(own(mean="1.96 billion")).encode()))
    assert again.sheet == first
    assert "the sheet has it already, as consensus.revenue" in again.doubts[0]


def test_a_period_whose_label_and_day_disagree_is_left_out() -> None:
    found = add(sheet(), own(period="Q1 2026", period_end="2026-06-30"))
    assert not added(found)
    assert "does not end on 2026-06-30" in found.doubts[0]


@pytest.mark.parametrize("symbol", ["EXNT", "exnt", "EXNT.O", "EXNT-US", "EXNT US Equity"])
def test_a_company_by_its_symbols(symbol: str) -> None:
    assert same_company(symbol, "EXNT")
    assert not same_company(symbol, "EXN")


def test_classes_of_shares_are_companies_of_their_own() -> None:
    assert same_company("BRK.B", "BRK-B")
    assert not same_company("BRK.A", "BRK-B")
    assert not same_company("BRK.B", "BRK")


# -- the providers' shapes -----------------------------------------------------------------------------------------------

RAW = {"avg": {"raw": 1950000000, "fmt": "1.95B"}, "low": {"raw": 1900000000}, "high": {"raw": 2000000000}, "numberOfAnalysts": {"raw": 21}}
YAHOO: dict[str, Any] = {
    "symbol": "EXNT",
    "retrieved": "Mon, 20 Apr 2026 09:35:30 GMT",
    "earningsTrend": {
        "trend": [
            {
                "period": "0q",
                "endDate": "2026-03-31",
                "revenueEstimate": {**RAW, "revenueCurrency": "USD"},
                "earningsEstimate": {
                    "avg": {"raw": 1.4478}, "low": {"raw": 1.4}, "numberOfAnalysts": {"raw": 19}, "yearAgoEps": {"raw": 1.3},
                    "earningsCurrency": "USD",
                },
            },
            {"period": "0y", "endDate": "2026-12-31", "revenueEstimate": {**RAW, "avg": {}}, "earningsEstimate": {}},
            {"period": "+5y", "endDate": None},
        ]
    },
    "earningsHistory": {
        "history": [
            {
                "epsActual": {"raw": 1.3}, "epsEstimate": {"raw": 1.28}, "surprisePercent": {"raw": 0.0156}, "currency": "USD",
                "quarter": {"raw": 1743379200, "fmt": "2025-03-31"}, "period": "-4q",
            }
        ]
    },
}  # fmt: skip
A_YEAR_AGO = [fact("adjusted_eps", "1.30", "USD/share", period="2025q1", role="prior_year", basis="adjusted")]


def test_yahoo_with_its_raw_values_and_the_day_on_which_it_was_asked() -> None:
    for content in (YAHOO, {"quoteSummary": {"result": [YAHOO | {"price": {"symbol": "EXNT"}}], "error": None}}):
        facts = added(found := add(sheet(facts=A_YEAR_AGO), content))
        assert list(facts) == ["consensus.adjusted_eps", "consensus.revenue"]
        eps, revenue = facts.values()
        assert (eps.basis, eps.analysts, eps.as_of) == (Basis.ADJUSTED, 19, date(2026, 4, 20))
        assert eps.end("low").interval.width == Decimal("0.0001"), "JSON writes 1.4 for 1.4000"
        assert (revenue.value, revenue.scale, revenue.quantity.value) == (Decimal("1950"), Scale.MILLION, Decimal(1_950_000_000))
        assert "The provider ends the period on 2026-03-31" in (revenue.definition or "")
        assert not found.doubts
    assert revenue.locator == "quoteSummary.result[0].earningsTrend.trend[0].revenueEstimate.avg"


def test_what_a_provider_kept_from_before_the_print_counts_for_that_print_only() -> None:
    content = json.loads(json.dumps(YAHOO))
    content["retrieved"] = "2026-08-10T10:00:00Z"
    history = content["earningsHistory"]["history"]
    history[0] |= {
        "epsActual": {"raw": 1.5},
        "epsEstimate": {"raw": 1.46},
        "surprisePercent": {"raw": 0.0274},
        "quarter": {"fmt": "2026-03-31"},
    }
    history.append(
        history[0] | {"quarter": {"fmt": "2026-06-30"}, "epsEstimate": {"raw": 1.6}, "epsActual": {"raw": 1.64}, "surprisePercent": {}}
    )
    found = add(sheet(), content)
    assert {name: one.value for name, one in added(found).items()} == {"consensus.adjusted_eps": Decimal("1.46")}
    assert added(found)["consensus.adjusted_eps"].as_of is None
    assert any("Q2 2026: reported already" in doubt for doubt in found.doubts)
    assert any("after the release" in doubt and doubt.startswith("Yahoo Finance: Q1 2026") for doubt in found.doubts)


def test_finnhub_estimates_and_earnings() -> None:
    content: Any = {
        "data": [{"revenueAvg": 1950000000, "revenueLow": 1900000000, "revenueHigh": 2000000000, "numberAnalysts": 21,
                  "period": "2026-03-31", "quarter": 1, "year": 2026}],
        "freq": "quarterly", "symbol": "EXNT",
    }  # fmt: skip
    assert added(add(sheet(), content))["consensus.revenue"].analysts == 21
    content = [{"actual": 1.5, "estimate": 1.46, "period": "2026-03-31", "quarter": 1, "year": 2026, "surprise": 0.04,
                "surprisePercent": 2.7397, "symbol": "EXNT"}]  # fmt: skip
    found = add(sheet(), content)
    assert added(found)["consensus.adjusted_eps"].value == Decimal("1.46")
    assert "its surprise of 2.7397 is in percent" in found.choices[0].because


def test_fmp_estimates_tell_quarters_from_years_by_the_days_between_them() -> None:
    row = {"symbol": "EXNT", "date": "2026-03-31", "estimatedRevenueAvg": 1950000000, "numberAnalystEstimatedRevenue": 21,
           "estimatedEpsAvg": 1.4478, "estimatedEbitdaAvg": 400000000}  # fmt: skip
    found = add(sheet(), [row, row | {"date": "2025-12-31"}, row | {"date": "2026-06-30"}])
    assert list(added(found)) == ["consensus.adjusted_eps", "consensus.revenue", "consensus_next.adjusted_eps", "consensus_next.revenue"]
    assert any("estimatedEbitdaAvg are not read" in doubt for doubt in found.doubts)
    alone = add(sheet(), [row])
    assert not added(alone)
    assert any("quarter or of a year is not said" in doubt for doubt in alone.doubts)
    renamed = {"symbol": "EXNT", "revenueAvg": 1950000000, "epsAvg": 1.4478, "numAnalystsRevenue": 21}
    assert "consensus.revenue" in added(add(sheet(), [renamed | {"date": day} for day in ("2026-03-31", "2026-06-30")]))


def test_fmp_surprises_are_found_by_the_day_of_the_print() -> None:
    content = [
        {"date": "2026-07-28", "symbol": "EXNT", "actualEarningResult": 1.64, "estimatedEarning": 1.6},
        {"date": "2026-04-28", "symbol": "EXNT", "actualEarningResult": 1.5, "estimatedEarning": 1.46},
    ]
    assert added(add(sheet(), content))["consensus.adjusted_eps"].value == Decimal("1.46")
    assert "it has" in refusal(sheet(released="2026-05-20"), content)


def test_alpha_vantage_writes_figures_as_text() -> None:
    quarter = {"fiscalDateEnding": "2026-03-31", "reportedDate": "2026-04-28", "reportedEPS": "1.50",
               "estimatedEPS": "1.46", "surprise": "0.04", "surprisePercentage": "2.7397"}  # fmt: skip
    content = {
        "symbol": "EXNT",
        "annualEarnings": [],
        "quarterlyEarnings": [quarter, quarter | {"fiscalDateEnding": "2025-12-31", "estimatedEPS": "None"}],
    }
    assert added(add(sheet(), content))["consensus.adjusted_eps"].value == Decimal("1.46")
    estimate = {"date": "2026-03-31", "horizon": "current fiscal quarter", "eps_estimate_average": "1.4478", "eps_estimate_low": "1.40",
                "eps_estimate_analyst_count": "19.0000", "revenue_estimate_average": "1950000000.00"}  # fmt: skip
    facts = added(add(sheet(), {"symbol": "EXNT", "estimates": [estimate]}))
    assert (facts["consensus.adjusted_eps"].analysts, facts["consensus.revenue"].quantity.value) == (19, Decimal(1_950_000_000))


def test_fmp_prints_hold_revenue_as_well() -> None:
    row = {
        "symbol": "EXNT",
        "date": "2026-04-28",
        "epsActual": 1.5,
        "epsEstimated": 1.46,
        "revenueActual": 1970000000,
        "revenueEstimated": 1950000000,
    }
    facts = added(add(sheet(), [row]))
    assert {name: one.value for name, one in facts.items()} == {
        "consensus.adjusted_eps": Decimal("1.46"),
        "consensus.revenue": Decimal(1950),
    }


@pytest.mark.parametrize("end", [None, "2026-03-31"])
def test_undated_estimates_beside_the_actual_figures_are_from_after_the_print(end: str | None) -> None:
    content: dict[str, Any] = own(as_of=None, actual="1.97 billion", period_end=end)
    content["estimates"] += own(as_of=None, period="Q2 2026", period_end="2026-06-30")["estimates"]
    found = add(sheet(), content)
    assert list(added(found)) == ["consensus.revenue"]
    assert any("Q2 2026: no as-of date, in a file that knows the reported period's actual figures" in doubt for doubt in found.doubts)
    del content["estimates"][0]["actual"]
    assert list(added(add(sheet(), content))) == ["consensus.revenue", "consensus_next.revenue"]


# -- bad input -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({**OWN, "ticker": "OTHR"}, "has no estimates for EXNT: it has OTHR"),
        (YAHOO | {"symbol": "OTHR"}, "holds estimates for OTHR: expected EXNT"),
        (
            own(period="Q1 2024", period_end="2024-03-31"),
            "has no estimates for Q1 2026 (to 2026-03-28) or a later period: it has Q1 2024 to 2024-03-31",
        ),
        (own(mean="NaN"), "'NaN' is not a figure"),
        ('{"ticker": "EXNT", "estimates": [{"metric": "revenue", "mean": Infinity}]}', "Infinity is not a number"),
        ('{"estimates": [', "is not valid JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("[]", "in no shape that we know"),
        ("{}", "in no shape that we know"),
        ({"Information": "The rate limit is 25 requests a day"}, "is a provider's message"),
        ({"ticker": "EXNT", "estimates": []}, "holds no estimates"),
        (own(period_end="2026-02-30"), "no day of a calendar"),
        (own(period_end="9999-12-31"), "after 2100"),
        (own(as_of="3/4/2026"), "either of two days"),
        (own(analysts=5000), "no number of analysts"),
        (own(mean="=1+1"), "is a formula"),
        (own(mean="1.9 - 2.0 billion"), "is a range"),
        (own(mean="3%"), "is in percent"),
        (own(basis="core"), "is no basis"),
        (own(period="next"), "names no period"),
        (own(period=None), "missing: expected such as Q1 2026"),
        (own(meen=1), "did you mean 'mean'?"),
        (own(metric=["revenue"]), "expected text or a number"),
        (own(metric="adjusted_eps", mean="1.45", basis="gaap"), "which is an adjusted figure"),
        (YAHOO | {"earningsTrend": {"trend": 3}}, "earningsTrend.trend: is the number 3: expected a list"),
        (YAHOO | {"earningsTrend": {"trend": ["x"]}}, "expected an object"),
        (YAHOO | {"retrieved": "yesterday"}, "is not a date"),
        (YAHOO | {"retrieved": 10**15}, "expected a date"),
        ([{"actual": "x", "estimate": 1, "period": "2026-03-31"}], "[0].actual: is 'x': expected a figure"),
        ([{"actual": 1, "estimate": "NaN", "period": "2026-03-31"}], "expected a figure"),
        ([{"date": "2026-03-31", "epsAvg": True}], "expected a figure"),
        ("metric,mean\nrevenue,1\n", "missing: expected such as Q1 2026"),
        ("a,b\n1,2\n", "has no line that names such columns"),
        ("metric,mean,mean\nrevenue,1,2\n", "two columns for mean"),
        ("metric,period,mean\n" + "revenue,Q1 2026,1\n" * 1_000_000, "more than 20,000 rows"),
        ('metric,period,mean\n"revenue', "is not valid CSV"),
    ],
)
def test_bad_files_are_refused_in_one_line(content: Any, said: str) -> None:
    assert said in refusal(sheet(), content)


def test_an_unknown_metric_is_left_out_and_named() -> None:
    content: dict[str, Any] = own()
    content["estimates"].append(own(metric="revenu")["estimates"][0])
    found = add(sheet(), content)
    assert list(added(found)) == ["consensus.revenue"]
    assert found.doubts == ("estimates: estimates[1]: unknown metric 'revenu', left out; did you mean 'revenue'?",)


def test_a_mean_outside_its_own_range_is_left_out() -> None:
    found = add(sheet(), own(low="2.5 billion", high="2.6 billion"))
    assert not added(found)
    assert "expected low <= value <= high" in found.doubts[0]


# -- real files ----------------------------------------------------------------------------------------------------------

# The quarter that was to be reported next when the files were saved, by the companies' own fiscal calendars.
NEXT = {
    "AAPL": "Q2 2025", "ABBV": "Q1 2025", "AMZN": "Q1 2025", "ARMK": "Q2 2025", "BABA": "Q4 2025", "CRM": "Q4 2025", "SPOT": "Q1 2025",
}  # fmt: skip


def before_the_print(ticker: str, content: Mapping[str, Any], currency: str) -> FactSheet:
    """A sheet of the quarter that the file has estimates for, released a month after the file was saved."""
    name = NEXT[ticker]
    period = f"{name[-4:]}{name[:2].lower()}"
    revenue = str(content["earnings"]["financialsChart"]["quarterly"][-1]["revenue"])
    data = sheet().model_dump() | {
        "company": {"name": ticker, "ticker": ticker, "currency": currency},
        "period": period,
        "released": "2025-03-24",
        "periods": [{"id": period, "kind": "quarter", "end": content["earningsTrend"]["trend"][0]["endDate"], "label": name}],
        "facts": [fact("revenue", revenue, currency, period=period)],
    }
    return FactSheet.model_validate(data)


@needs_data
@pytest.mark.parametrize("ticker", NEXT)
def test_all_estimates_of_the_next_print_are_taken_in_the_sheets_currency(ticker: str) -> None:
    document = read_document(DATA / f"{ticker}.json")
    content = json.loads(document.content)
    found = estimates.add(Ingested(before_the_print(ticker, content, content["financialData"]["financialCurrency"])), document)
    facts = added(found)
    assert len(facts) == 8, found.doubts
    for group, metric in (("revenueEstimate", "revenue"), ("earningsEstimate", "adjusted_eps")):
        theirs = sorted(item[group]["avg"]["raw"] for item in content["earningsTrend"]["trend"])
        assert sorted(float(one.quantity.value) for one in facts.values() if one.metric == metric) == pytest.approx(theirs)
    assert {one.as_of for one in facts.values()} == {date(2025, 2, 24)}


@needs_data
@pytest.mark.parametrize("ticker", ["BABA", "SPOT"])
def test_estimates_in_another_currency_than_the_sheet_are_all_left_out(ticker: str) -> None:
    document = read_document(DATA / f"{ticker}.json")
    found = estimates.add(Ingested(before_the_print(ticker, json.loads(document.content), "USD")), document)
    assert not added(found)


@needs_data
def test_every_surprise_of_the_real_files_is_a_fraction() -> None:
    forms = [
        surprises.form(one)
        for ticker in NEXT
        for one in read(read_document(DATA / f"{ticker}.json"), ticker).found
        if surprises.checkable(one)
    ]
    assert forms == ["fraction"] * 28


@needs_data
def test_the_texts_of_a_news_service_are_read_as_our_own_table() -> None:
    with (DATA / "revenue_actual_vs_ibes_train.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("ticker", "metric", "period", "mean", "actual"))
    for row in rows:
        metric = "revenue" if row["metric_text"].endswith("revenue") else row["metric_text"].split()[-1]
        writer.writerow((row["ticker"], metric, f"{row['quarter']} {row['year']}", row["estimate_text"], row["actual_text"]))
    document = Document("ibes.csv", out.getvalue().encode())
    for ticker in {row["ticker"] for row in rows}:
        found = read(document, ticker).found
        own_rows = [row for row in rows if row["ticker"] == ticker]
        assert [f"${one.mean} {one.scale}" for one in found] == [row["estimate_text"] for row in own_rows]
        assert [one.label.id if one.label else None for one in found] == [f"{row['year']}{row['quarter']}" for row in own_rows]
        for one, row in zip(found, own_rows, strict=True):
            figure, word = row["actual_text"].removeprefix("$").split()
            assert one.actual is not None
            assert one.actual * one.scale.factor == Decimal(figure) * Scale(word).factor


def test_a_file_that_does_not_say_whose_it_is_is_a_doubt() -> None:
    nameless = own() | {"ticker": ""}
    assert "does not say whose estimates they are: look whether they are of EXNT" in add(sheet(), nameless).doubts[0]
