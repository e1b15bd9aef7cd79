"""Sheets from companyfacts documents that are made up: periods, vintages, differences, splits, choices, doubts, and bad input."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import InputError
from pipeline.facts.factbase import FactBase
from pipeline.facts.loading import load_sheet
from pipeline.facts.sheet import Basis, Fact, FactSheet, Role
from pipeline.intake.companyfacts import ingest
from pipeline.intake.companyfacts.building import DIFFERENCED
from pipeline.intake.companyfacts.calendar import calendar
from pipeline.intake.companyfacts.rows import read
from pipeline.intake.document import Document, read_document
from pipeline.intake.ingested import Ingested
from pipeline.intake.writing import sheet_text
from tests.made_up_companyfacts import ENDS, M, accession, document, row


def given(data: object, name: str = "MADE.companyfacts.json") -> Document:
    return Document(name, json.dumps(data).encode())


def ingested(data: object, period: str | None = None, **other: Any) -> Ingested:
    return ingest(given(data), **{"ticker": None, "sector": None, "period": period, "back": 6, **other})


def made(changed: dict[str, Any] | None = None) -> dict[str, FactSheet]:
    data = changed or document()
    return {p.id: ingested(data, p.id).sheet for p in calendar(read(given(data)).rows).reported() if p.part}


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        call()
    return str(caught.value)


def rows_of(data: dict[str, Any], tag: str, unit: str = "USD") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = data["facts"]["us-gaap"].setdefault(tag, {"units": {}})["units"].setdefault(unit, [])
    return rows


def fact(sheet: FactSheet, name: str) -> Fact:
    return next(fact for fact in sheet.facts if fact.id == name)


def names(sheet: FactSheet) -> set[str]:
    return {fact.id for fact in sheet.facts}


# -- periods and figures -------------------------------------------------------------------------------------------------------


def test_a_sheet_for_each_quarter_by_its_own_dates() -> None:
    found = made()
    assert list(found) == [f"{year}q{part}" for year in (2023, 2024) for part in (1, 2, 3, 4)]
    period = found["2024q2"].reported_period
    assert (period.label, str(period.start), str(period.end)) == ("Q2 FY24", "2024-01-01", "2024-03-31")
    assert found["2024q2"].periods_by_id["2024-03-31"].label == "March 31, 2024"


def test_a_source_is_its_filing() -> None:
    source = made()["2024q4"].sources[0]
    assert source.title == "Form 10-K filed on November 15, 2024 (accession 0000000000-24-000004), read through SEC XBRL company facts"
    assert str(source.published) == "2024-11-15"


def test_year_to_date_cash_flow_is_differenced_and_says_so() -> None:
    flow = fact(made()["2024q3"], "operating_cash_flow")
    assert (flow.value, flow.rounded_to, flow.definition) == (Decimal(33), Decimal(2), DIFFERENCED)
    assert flow.quote is not None
    assert "92000000 less" in flow.quote
    assert fact(made()["2024q3"], "operating_cash_flow.prior_year").value == 22


def test_a_first_quarter_and_a_direct_quarter_are_not_differenced() -> None:
    assert fact(made()["2024q1"], "operating_cash_flow").definition is None
    direct = fact(made()["2024q2"], "revenue")
    assert (direct.value, direct.definition, direct.rounded_to) == (Decimal(150), None, None)


def test_a_fourth_quarter_is_the_year_less_nine_months_and_has_no_eps() -> None:
    changed = document()
    eps = changed["facts"]["us-gaap"]["EarningsPerShareDiluted"]["units"]["USD/shares"]
    eps += [row(["2023-10-01", ENDS[2024][part]], value, (2024, part)) for part, value in ((2, "2.20"), (3, "3.15"))]
    sheet = made(changed)["2024q4"]
    assert [fact(sheet, f"revenue{role}").value for role in ("", ".prior_year", ".prior_quarter")] == [190, 140, 160]
    assert not any(fact.metric == "eps_diluted" for fact in sheet.facts)


def test_history_leaves_out_what_has_a_role_of_its_own() -> None:
    sheet = made()["2024q4"]
    history = {name for name in names(sheet) if name.startswith("history.") and name.endswith(".revenue")}
    assert history == {f"history.{quarter}.revenue" for quarter in ("2023q2", "2023q3", "2024q1", "2024q2")}


def test_after_a_split_only_what_the_newer_filing_restates() -> None:
    found = made()
    assert fact(found["2024q2"], "eps_diluted.prior_year").value == Decimal("0.55")
    assert fact(found["2024q1"], "eps_diluted.prior_year").value == Decimal("1.00")
    # Profit over EPS: 10 shares before, 20 after; the first quarter's own filing counted the old ones.
    assert "eps_diluted.prior_quarter" not in names(found["2024q2"])
    assert fact(found["2024q3"], "eps_diluted.prior_quarter").value == Decimal("0.75")


def test_a_share_count_that_lost_its_thousands_is_left_out() -> None:
    for shares, is_kept in ((20 * M, True), (20_000, False)):
        changed = document()
        rows = [row(["2024-01-01", "2024-03-31"], shares, (2024, 1)), row(["2023-01-01", "2023-03-31"], 20_000, (2024, 1))]
        changed["facts"]["us-gaap"]["WeightedAverageNumberOfDilutedSharesOutstanding"] = {"units": {"shares": rows}}
        sheet = made(changed)["2024q2"]
        assert ("diluted_shares" in names(sheet)) is is_kept
        assert "diluted_shares.prior_year" not in names(sheet)


def test_dates_a_day_beside_the_calendar_are_the_calendars() -> None:
    changed = document()
    for line in changed["facts"]["us-gaap"]["NetCashProvidedByUsedInOperatingActivities"]["units"]["USD"]:
        if line["accn"] == accession(2024, 1) and line["start"] == "2023-10-01":
            line["start"] = "2023-09-30"
    assert fact(made(changed)["2024q2"], "operating_cash_flow").value == 31


def test_nothing_is_used_that_was_filed_later() -> None:
    changed = document()
    rows = changed["facts"]["us-gaap"]["Revenues"]["units"]["USD"]
    rows.append(row(["2023-01-01", "2023-03-31"], 108 * M, (2024, 3)))
    found = made(changed)
    assert fact(found["2023q2"], "revenue").value == 110
    assert fact(found["2024q2"], "revenue.prior_year").value == 110


def test_the_filing_itself_goes_before_another_of_the_same_day() -> None:
    changed = document()
    rows = changed["facts"]["us-gaap"]["Revenues"]["units"]["USD"]
    rows.append(row(["2024-01-01", "2024-03-31"], 1 * M, (2024, 1), accn="0000000000-24-000099", form="8-K"))
    assert fact(made(changed)["2024q2"], "revenue").value == 150


def test_older_figures_of_a_restated_line_are_left_out() -> None:
    changed = document()
    rows = changed["facts"]["us-gaap"]["Assets"]["units"]["USD"]
    assert "total_assets.prior_quarter" in names(made()["2024q2"])
    rows.append(row(["2022-12-31"], 1 * M, (2024, 1)))
    assert "total_assets.prior_quarter" not in names(made(changed)["2024q2"])


def test_a_year_restated_since_its_nine_months_is_not_differenced() -> None:
    changed = document()
    tag = "NetCashProvidedByUsedInOperatingActivities"
    annual = next(
        row for row in changed["facts"]["us-gaap"][tag]["units"]["USD"] if row["end"] == "2023-09-30" and row["accn"] == accession(2024, 3)
    )
    annual["val"] += 5 * M
    assert "operating_cash_flow.prior_year" in names(made()["2024q4"])
    assert "operating_cash_flow.prior_year" not in names(made(changed)["2024q4"])


def test_a_tag_goes_by_the_vocabularys_order_and_an_equal_one_stands_in() -> None:
    changed = document()
    usd = changed["facts"]["us-gaap"]
    usd["SalesRevenueNet"]["units"]["USD"].append(row(["2024-01-01", "2024-03-31"], 7 * M, (2024, 1)))
    assert fact(made(changed)["2024q2"], "revenue").value == 150
    # The year is filed under one tag, its nine months under the other.
    assert fact(made()["2023q4"], "revenue").value == 140


def test_a_quarter_known_only_as_a_comparison_has_no_sheet() -> None:
    changed = document()
    for tag in changed["facts"]["us-gaap"].values():
        for rows in tag["units"].values():
            rows[:] = [line for line in rows if line["filed"] > "2023-12-31"]
    # A balance of the year before stands in the newer filing as well.
    changed["facts"]["us-gaap"]["Assets"]["units"]["USD"].append(row(["2023-03-31"], 900 * M, (2024, 1)))
    assert list(made(changed)) == [f"2024q{part}" for part in (1, 2, 3, 4)]


def test_digits_are_those_that_the_filing_rounds_to() -> None:
    changed = document()
    rows = changed["facts"]["us-gaap"]["Assets"]["units"]["USD"]
    next(row for row in rows if row["end"] == "2024-03-31")["val"] += 5_000
    sheet = made(changed)["2024q2"]
    assert [str(fact(sheet, name).value) for name in ("total_assets", "revenue", "eps_diluted")] == ["3034.005", "150.000", "0.75"]


def test_sheets_load_from_disk_and_hold_no_conflict(tmp_path: Path) -> None:
    for sheet in made().values():
        path = tmp_path / f"{sheet.slug}.facts.json"
        path.write_text(sheet_text(sheet), "utf-8")
        loaded = load_sheet(path, max_bytes=1_000_000)
        assert loaded == sheet
        assert not FactBase.of(loaded).conflicts
        assert {Role.ACTUAL} <= {fact.role for fact in loaded.facts}


def test_a_year_has_a_sheet_of_its_own() -> None:
    sheet = ingested(document(), "2024fy").sheet
    assert (sheet.reported_period.label, sheet.reported_period.kind) == ("FY24", "annual")
    assert [fact(sheet, name).value for name in ("revenue", "revenue.prior_year")] == [630, 470]
    assert fact(sheet, "operating_cash_flow").definition is None
    assert not any(fact.role is Role.PRIOR_QUARTER for fact in sheet.facts)


def test_four_quarters_sum_to_the_year() -> None:
    year, found = ingested(document(), "2024fy").sheet, made()
    for metric in ("revenue", "net_income", "operating_cash_flow"):
        assert sum(fact(found[f"2024q{part}"], metric).value or 0 for part in (1, 2, 3, 4)) == fact(year, metric).value


def test_as_many_past_periods_as_asked_for() -> None:
    def past(back: int) -> set[str]:
        facts = ingested(document(), "2024q4", back=back).sheet.facts
        return {fact.period for fact in facts if fact.metric == "revenue" and fact.role is not Role.ACTUAL}

    assert past(0) == {"2024q3", "2023q4"}
    assert past(2) == {"2024q3", "2024q2", "2023q4"}
    assert past(40) == {f"{year}q{part}" for year in (2023, 2024) for part in (1, 2, 3, 4)} - {"2024q4"}


def test_every_fact_says_where_it_stands() -> None:
    sheet = made()["2024q2"]
    assert all(fact.locator and fact.quote for fact in sheet.facts)
    revenue = fact(sheet, "revenue")
    assert revenue.locator == f"us-gaap:Revenues, USD, 2024-01-01 to 2024-03-31, accession {accession(2024, 1)}"
    assert revenue.quote == "Revenues 150000000"


# -- which period --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "got"),
    [
        ("2024q2", "2024q2"),
        ("2024Q2", "2024q2"),
        ("2024fy", "2024fy"),
        ("2024-06-30", "2024q3"),
        ("2024-09-30", "2024q4"),
        (None, "2024q4"),
    ],
)  # fmt: skip
def test_a_period_is_asked_for_by_name_or_day(asked: str | None, got: str) -> None:
    assert ingested(document(), asked).sheet.period == got


def test_a_quarter_that_ends_a_year_says_so_unless_it_was_named() -> None:
    assert any("ends both 2024q4 and 2024fy" in doubt for doubt in ingested(document()).doubts)
    assert not any("ends both" in doubt for doubt in ingested(document(), "2024q4").doubts)


def test_an_unknown_period_is_told_with_those_that_there_are() -> None:
    for asked in ("2019q1", "2024-07-31", "2025fy"):
        message = refusal(lambda asked=asked: ingested(document(), asked))  # type: ignore[misc]
        assert "it has 2023q1 to 2024q4, 2023fy to 2024fy" in message, asked
    assert "expected 2025q2, 2025fy, or the day it ends" in refusal(lambda: ingested(document(), "last summer"))


def test_a_period_known_only_as_a_comparison_is_told_so() -> None:
    changed = document()
    for tag in changed["facts"]["us-gaap"].values():
        for rows in tag["units"].values():
            rows[:] = [line for line in rows if line["filed"] > "2023-12-31"]
    assert "gives 2023q2 only as a comparison" in refusal(lambda: ingested(changed, "2023q2"))


def retailer() -> dict[str, Any]:
    """Quarters of 12, 12, 12 and 17 weeks: a year of 53 weeks that ends on January 1, and one of 52 with 16 weeks."""
    ends = {2022: ("2021-03-21", "2021-06-13", "2021-09-05", "2022-01-01"), 2023: ("2022-03-26", "2022-06-18", "2022-09-10", "2022-12-31")}
    begins = {2022: "2020-12-27", 2023: "2022-01-02"}
    tags: dict[str, list[dict[str, Any]]] = {"Revenues": [], "NetIncomeLoss": []}
    for year, days in ends.items():
        for part, end in enumerate(days):
            about = {"accn": accession(year, part), "form": "10-K" if part == 3 else "10-Q", "filed": end[:4] + "-12-31"}
            about["filed"] = "2023-02-20" if end == "2022-12-31" else "2022-02-20" if end == "2022-01-01" else about["filed"]
            for tag, rows in tags.items():
                amount = (part + 1) * M * (100 if tag == "Revenues" else 10)
                rows.append({"start": begins[year], "end": end, "val": amount, **about})
    return {"entityName": "Shops Inc.", "facts": {"us-gaap": {tag: {"units": {"USD": rows}} for tag, rows in tags.items()}}}


def test_years_of_52_and_53_weeks_with_quarters_of_12_to_17() -> None:
    found = made(retailer())
    # A year that ends on January 1, 2022 is that of 2021.
    assert list(found) == [f"{year}q{part}" for year in (2021, 2022) for part in (1, 2, 3, 4)]
    period = found["2021q4"].reported_period
    assert (str(period.start), (period.end - period.start).days + 1 if period.start else 0) == ("2021-09-06", 118)
    assert fact(found["2022q3"], "revenue").value == 100
    assert fact(found["2022q3"], "revenue.prior_quarter").period == "2022q2"
    # 17 weeks on, the quarter before is no prior quarter as others have it.
    assert "revenue.prior_quarter" not in names(found["2021q4"])
    assert "history.2021q3.revenue" in names(found["2021q4"])


def test_a_calendar_is_drawn_before_the_first_year_is_complete() -> None:
    young = document()
    for tag in young["facts"]["us-gaap"].values():
        for rows in tag["units"].values():
            rows[:] = [line for line in rows if line["filed"] < "2023-08"]
    assert [*made(young)] == ["2023q1", "2023q2", "2023q3"]


# -- vintages ------------------------------------------------------------------------------------------------------------------


def restate(changed: dict[str, Any]) -> None:
    """The second quarter of fiscal 2023, 110, is 108 in the report of a year later."""
    quarter = {"accn": accession(2024, 1), "start": "2023-01-01", "end": "2023-03-31"}
    next(line for line in rows_of(changed, "Revenues") if quarter.items() <= line.items())["val"] = 108 * M


def test_restated_and_first_filed_are_both_kept() -> None:
    changed = document()
    line = next(
        r for r in rows_of(changed, "Revenues") if r["accn"] == accession(2024, 1) and r["end"] == "2023-03-31" and r["start"] > "2023"
    )
    line["val"] = 108 * M
    found = ingested(changed, "2024q2")
    assert fact(found.sheet, "revenue.prior_year").value == 108
    first = fact(found.sheet, "history.2023q2.revenue.first_filed")
    assert (first.value, first.role, first.period) == (Decimal(110), Role.HISTORY, "2023q2")
    assert first.definition == (
        "as first filed, in Form 10-Q filed on 2023-04-30; Form 10-Q filed on 2024-04-30 restates it to 108 million"
    )
    choice = next(choice for choice in found.choices if choice.fact == "revenue.prior_year")
    assert any("110000000 in Form 10-Q filed on 2023-04-30: another vintage" in rival for rival in choice.rivals)
    base = FactBase.of(found.sheet)
    assert not base.conflicts
    growth = base.figures["revenue.yoy"]
    assert round(growth.quantity.value, 1) == Decimal("38.9")


def test_an_unchanged_figure_has_no_second_vintage() -> None:
    assert not any("first_filed" in name for sheet in made().values() for name in names(sheet) if "eps" not in name)


def test_a_later_restatement_of_the_period_itself_is_a_doubt_and_no_fact() -> None:
    changed = document()
    line = next(
        r for r in rows_of(changed, "Revenues") if r["accn"] == accession(2024, 1) and r["end"] == "2023-03-31" and r["start"] > "2023"
    )
    line["val"] = 108 * M
    found = ingested(changed, "2023q2")
    assert fact(found.sheet, "revenue").value == 110
    assert "revenue is 110 million as first filed; Form 10-Q filed on 2024-04-30 restates it to 108 million" in found.doubts


def with_shares() -> dict[str, Any]:
    changed = document()
    rows = rows_of(changed, "WeightedAverageNumberOfDilutedSharesOutstanding", "shares")
    rows += [{**line, "val": (20 if line["val"] < 1 else 10) * M} for line in rows_of(changed, "EarningsPerShareDiluted", "USD/shares")]
    return changed


def test_a_split_is_noticed_and_figures_per_share_are_of_one_vintage() -> None:
    found = ingested(with_shares(), "2024q2")
    split = next(doubt for doubt in found.doubts if "split" in doubt)
    assert split.startswith("2-for-1 split between Form 10-Q filed on 2023-04-30 and Form 10-Q filed on 2024-04-30")
    assert any(doubt.startswith("left out eps_diluted of Q1 FY24") for doubt in found.doubts)
    assert fact(found.sheet, "eps_diluted.prior_year").value == Decimal("0.55")
    assert fact(found.sheet, "history.2023q2.eps_diluted.first_filed").value == Decimal("1.10")


def test_before_a_split_there_is_none() -> None:
    assert not any("split between" in doubt for doubt in ingested(with_shares(), "2024q1").doubts)


# -- elements ------------------------------------------------------------------------------------------------------------------


def test_a_choice_names_its_rivals_with_their_values() -> None:
    changed = document()
    rows_of(changed, "SalesRevenueNet").append(row(["2024-01-01", "2024-03-31"], 7 * M, (2024, 1)))
    found = ingested(changed, "2024q2")
    choice = next(choice for choice in found.choices if choice.fact == "revenue")
    assert choice.because.startswith("us-gaap:Revenues, the first with a figure of revenue's elements; Form 10-Q filed on 2024-04-30")
    assert any(rival.startswith("SalesRevenueNet 7000000 in Form 10-Q filed on 2024-04-30: another figure") for rival in choice.rivals)
    assert {choice.fact for choice in found.choices} == names(found.sheet)


def test_a_part_in_a_note_is_not_taken_for_depreciation_in_all() -> None:
    changed = document()
    dates = ["2023-10-01", "2024-09-30"]
    rows_of(changed, "DepreciationDepletionAndAmortization").append(row(dates, 26 * M, (2024, 3)))
    rows_of(changed, "DepreciationAmortizationAndAccretionNet").append(row(dates, 33 * M, (2024, 3)))
    found = ingested(changed, "2024fy")
    assert fact(found.sheet, "depreciation_amortization").value == 33
    choice = next(choice for choice in found.choices if choice.fact == "depreciation_amortization")
    assert "the largest figure of depreciation_amortization's elements" in choice.because
    assert choice.rivals == (
        "DepreciationDepletionAndAmortization 26000000 in Form 10-K filed on 2024-11-15: another figure, under another element",
    )


def test_a_total_smaller_than_another_is_doubted() -> None:
    changed = document()
    rows_of(changed, "SalesRevenueNet").append(row(["2024-01-01", "2024-03-31"], 170 * M, (2024, 1)))
    assert any("see which is the total" in doubt for doubt in ingested(changed, "2024q2").doubts)
    assert not any("see which is the total" in doubt for doubt in ingested(document(), "2024q2").doubts)


@pytest.mark.parametrize(("cost", "is_doubted"), [(90, False), (80, True)])
def test_gross_profit_that_does_not_follow_is_doubted(cost: int, is_doubted: bool) -> None:
    changed = document()
    dates = ["2024-01-01", "2024-03-31"]
    rows_of(changed, "GrossProfit").append(row(dates, 60 * M, (2024, 1)))
    rows_of(changed, "CostOfRevenue").append(row(dates, cost * M, (2024, 1)))
    assert any("gross_profit is 60, and revenue less cost" in doubt for doubt in ingested(changed, "2024q2").doubts) is is_doubted


def test_without_gross_profit_it_is_computed() -> None:
    changed = document()
    rows_of(changed, "CostOfRevenue").append(row(["2024-01-01", "2024-03-31"], 90 * M, (2024, 1)))
    sheet = ingested(changed, "2024q2").sheet
    assert "gross_profit" not in names(sheet)
    assert FactBase.of(sheet).figures["gross_profit"].quantity.value == 60 * M


@pytest.mark.parametrize(("shares", "is_doubted"), [(20, False), (14, True)])
def test_eps_that_does_not_follow_from_profit_is_doubted(shares: int, is_doubted: bool) -> None:
    changed = document()
    dates = ["2024-01-01", "2024-03-31"]
    rows_of(changed, "WeightedAverageNumberOfDilutedSharesOutstanding", "shares").append(row(dates, shares * M, (2024, 1)))
    assert any("is far from net_income" in doubt for doubt in ingested(changed, "2024q2").doubts) is is_doubted


def test_lines_of_a_bank_are_those_of_a_bank() -> None:
    changed = document()
    dates = ["2024-01-01", "2024-03-31"]
    rows_of(changed, "InterestIncomeExpenseNet").append(row(dates, 3 * M, (2024, 1)))
    assert "net_interest_income" not in names(ingested(changed, "2024q2").sheet)
    rows_of(changed, "Deposits").append(row(dates[1:], 900 * M, (2024, 1)))
    assert fact(ingested(changed, "2024q2").sheet, "net_interest_income").value == 3


def test_a_year_to_date_that_cannot_be_differenced_is_told_so() -> None:
    changed = document()
    rows = rows_of(changed, "NetCashProvidedByUsedInOperatingActivities")
    rows[:] = [line for line in rows if line["end"] != "2023-12-31"]
    doubts = ingested(changed, "2024q2").doubts
    assert (
        "no operating_cash_flow: Form 10-Q filed on 2024-04-30 gives it for the year to date, and no filing gives the part before Q2 FY24"
        in doubts
    )


def test_what_every_report_has_is_missed() -> None:
    doubts = ingested(document(omit="Assets"), "2024q2").doubts
    assert any(doubt.startswith("no total_assets: Form 10-Q filed on 2024-04-30 gives none of us-gaap:Assets") for doubt in doubts)
    assert not any(doubt.startswith("no total_assets") for doubt in ingested(document(), "2024q2").doubts)


# -- currencies, IFRS ----------------------------------------------------------------------------------------------------------


def annual(**units: float) -> dict[str, Any]:
    """An IFRS company's two 20-F, its figures in euros and times each of `units` in another currency."""
    tags = {"Revenue": 100, "ProfitLossAttributableToOwnersOfParent": 10, "CashFlowsFromUsedInOperatingActivities": 15}
    made: dict[str, Any] = {}
    for tag, amount in tags.items():
        for currency, factor in {"EUR": 1.0, **units}.items():
            years = (2022, 2023) if currency == "EUR" or factor == 1 else (2023,)
            made.setdefault(tag, {"units": {}})["units"][currency] = [
                {
                    "start": f"{year}-01-01", "end": f"{year}-12-31", "val": int(amount * factor * (year - 2000) * M), "form": "20-F",
                    "accn": f"0000000000-{filed}-000001", "filed": f"20{filed}-04-30",
                }
                for filed in (23, 24) for year in years if year - 2000 in (filed - 1, filed - 2)
            ]  # fmt: skip
    return {"entityName": "Beispiel AG", "facts": {"ifrs-full": made}}


def test_an_annual_ifrs_company_in_its_own_currency() -> None:
    found = ingested(annual())
    assert (found.sheet.period, found.sheet.company.currency) == ("2023fy", "EUR")
    revenue = fact(found.sheet, "revenue")
    assert (revenue.value, revenue.unit, revenue.basis) == (Decimal(2300), "EUR", Basis.IFRS)
    assert fact(found.sheet, "revenue.prior_year").value == 2200
    assert not any("quarter" in str(name) for name in names(found.sheet))


def test_a_translation_for_convenience_is_left_out_and_told() -> None:
    found = ingested(annual(USD=1.08))
    assert {fact.unit for fact in found.sheet.facts} == {"EUR"}
    assert "the document has figures in USD as well: only those in EUR are used" in found.doubts


def test_two_currencies_alike_are_refused() -> None:
    assert "as often in EUR as in USD: expected one reporting currency" in refusal(lambda: ingested(annual(USD=1.0)))


# -- whose -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "ticker"),
    [
        ("KO.companyfacts.json.gz", "KO"),
        ("x/brk-b.companyfacts.json", "BRK-B"),
        ("KO.json", "KO"),
        ("facts.json", ""),
        ("CIK0000320193.json", ""),
    ],
)
def test_a_ticker_comes_from_the_name_where_it_is_one(name: str, ticker: str) -> None:
    def call() -> Ingested:
        return ingest(given(document(), name), ticker=None, sector=None, period=None, back=1)

    if ticker:
        assert call().sheet.company.ticker == ticker
        assert any("taken from the file's name" in doubt for doubt in call().doubts)
    else:
        assert "expected --ticker" in refusal(call)


def test_what_the_user_says_of_the_company_counts() -> None:
    company = ingested(document(), ticker="ABC", sector="software").sheet.company
    assert (company.name, company.ticker, company.sector) == ("Made Up Inc.", "ABC", "software")


# -- bad input -----------------------------------------------------------------------------------------------------------------


def test_a_truncated_document_is_told_as_such() -> None:
    whole = given(document())
    message = refusal(lambda: read(Document("made", whole.content[: len(whole.content) // 2])))
    assert "made:1: is not valid JSON" in message
    assert "it seems cut off: fetch it again" in message


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([], "is JSON of another kind: expected a companyfacts document"),
        ({"facts": 3}, "is JSON of another kind"),
        ({"tag": "Revenues", "units": {}}, "holds a single concept"),
        ({"facts": {}}, "entityName: found null"),
        ({"entityName": "A", "facts": {}}, "has no profit of a fiscal quarter or year"),
        ({"entityName": "A", "facts": {"us-gaap": []}}, "facts.us-gaap: found"),
        ({"entityName": "A", "facts": {"us-gaap": {"Assets": {"units": {"USD": 1}}}}}, "facts.us-gaap.Assets.units.USD: found"),
        ({"entityName": "A", "facts": {"us-gaap": {"Assets": {"units": {"USD": [1]}}}}}, "facts.us-gaap.Assets.units.USD[0]: found"),
    ],
)
def test_json_of_another_kind_is_refused(data: object, expected: str) -> None:
    assert expected in refusal(lambda: ingested(data))


@pytest.mark.parametrize("text", ["<?xml version='1.0'?><xbrl/>", "<html><body>10-Q</body></html>"])
def test_an_instance_of_another_kind_is_sent_where_it_belongs(text: str) -> None:
    assert "`ingest ixbrl`" in refusal(lambda: read(Document("made", text.encode())))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("val", "12"), ("val", None), ("val", True), ("val", 10**18), ("val", [1]), ("accn", 7), ("accn", "../x"), ("filed", "2024"),
        ("end", "2024-02-30"), ("end", 20240331), ("start", None), ("form", 10), ("end", ["2024-01-01"] * 10),
    ],
)  # fmt: skip
def test_a_value_of_a_wrong_type_is_told_with_its_place(key: str, value: object) -> None:
    changed = document()
    rows_of(changed, "Revenues")[2][key] = value
    assert f"MADE.companyfacts.json: facts.us-gaap.Revenues.units.USD[2].{key}: found" in refusal(lambda: ingested(changed))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999999999", "1" * 5000, "1e-400"])
def test_numbers_that_are_none_are_refused(number: str) -> None:
    text = json.dumps(document()).replace("150000000", number, 1)
    assert refusal(lambda: ingest(Document("MADE.json", text.encode()), ticker=None, sector=None, period=None, back=1))


def test_nesting_without_end_is_refused() -> None:
    assert "nested too deeply" in refusal(lambda: read(Document("made", b'{"facts":' + b"[" * 200_000)))


def test_a_gzip_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "BOMB.companyfacts.json.gz"
    path.write_bytes(gzip.compress(b" " * 2_000_000))
    assert "more than 1,000,000 bytes unpacked" in refusal(lambda: read_document(path, max_bytes=1_000_000))


def test_slips_of_the_filer_are_no_figures() -> None:
    changed = document()
    rows_of(changed, "Revenues").append(row(["2024-01-01", "2031-03-31"], 1, (2024, 1)))
    rows_of(changed, "Revenues").append(row(["2024-03-31", "2024-01-01"], 1, (2024, 1)))
    assert made(changed) == made()


def test_proxy_statements_are_not_read() -> None:
    changed = document()
    rows_of(changed, "Revenues").append(row(["2024-01-01", "2024-03-31"], 1, (2024, 1), form="DEF 14A", accn="0000000000-24-000099"))
    assert made(changed) == made()
