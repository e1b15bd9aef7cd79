"""Sheets from companyfacts documents, and what is measured of the notes on them. The document is made up, and small."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from evals.bench import rules
from evals.bench.quarters import DIFFERENCED, filed_sheets, read, sheets
from pipeline.facts.factbase import FactBase
from pipeline.facts.loading import load_sheet
from pipeline.facts.sheet import Company, Fact, FactSheet, Role
from pipeline.mechanisms.library import library

COMPANY = Company(name="Made Up Inc.", ticker="MADE", sector="hardware", currency="USD")
M = 1_000_000
STARTS = {2023: "2022-10-01", 2024: "2023-10-01"}
ENDS = {2023: ("2022-12-31", "2023-03-31", "2023-06-30", "2023-09-30"), 2024: ("2023-12-31", "2024-03-31", "2024-06-30", "2024-09-30")}
BEGINS = {2023: ("2022-10-01", "2023-01-01", "2023-04-01", "2023-07-01"), 2024: ("2023-10-01", "2024-01-01", "2024-04-01", "2024-07-01")}
FILED = {2023: ("2023-01-31", "2023-04-30", "2023-07-31", "2023-11-15"), 2024: ("2024-01-31", "2024-04-30", "2024-07-31", "2024-11-15")}
# By year: quarters one to four.
REVENUE = {2023: (100, 110, 120, 140), 2024: (130, 150, 160, 190)}
CASH_FLOW = {2023: (20, 25, 22, 30), 2024: (28, 31, 33, 40)}
EPS = {2023: ("1.00", "1.10", "1.20"), 2024: ("1.30", "0.75", "0.80")}
SPLIT = (2024, 1)
"""Two for one, before the second quarter of fiscal 2024 was filed: 0.55 is what 1.10 became."""

Tags = dict[str, list[dict[str, Any]]]


def accession(year: int, part: int) -> str:
    return f"0000000000-{year % 100}-00000{part + 1}"


def row(dates: Sequence[str], value: float | str, filing: tuple[int, int], **other: Any) -> dict[str, Any]:
    """One row of a document. `fy` and `fp` are nonsense on purpose: nothing may read them."""
    year, part = filing
    ends = {"end": dates[-1]} if len(dates) == 1 else {"start": dates[0], "end": dates[1]}
    number = float(value) if isinstance(value, str) else value
    made = {"val": number, "accn": accession(year, part), "fy": 1999, "fp": "Q9", "form": "10-K" if part == 3 else "10-Q"}
    return {**ends, **made, "filed": FILED[year][part], **other}


def document(omit: str = "") -> dict[str, Any]:
    """Two fiscal years: quarters and years to date in the 10-Qs with their comparisons, the year alone in the 10-K."""
    flow = "NetCashProvidedByUsedInOperatingActivities"
    tags: Tags = {name: [] for name in ("Revenues", "SalesRevenueNet", "NetIncomeLoss", flow, "Assets", "EarningsPerShareDiluted")}
    for year in (2023, 2024):
        for part in range(4):
            filing = (year, part)
            tags["Assets"].append(row([ENDS[year][part]], (1000 + 10 * part + year) * M, filing))
            for of in (year, year - 1) if year == 2024 else (year,):
                to_date = [STARTS[of], ENDS[of][part]]
                alone = [BEGINS[of][part], ENDS[of][part]]
                tag = "SalesRevenueNet" if filing == (2023, 3) else "Revenues"
                tags[tag].append(row(to_date, sum(REVENUE[of][: part + 1]) * M, filing))
                tags["NetIncomeLoss"].append(row(to_date, sum(REVENUE[of][: part + 1]) * M // 10, filing))
                tags[flow].append(row(to_date, sum(CASH_FLOW[of][: part + 1]) * M, filing))
                if 0 < part < 3:
                    tags[tag].append(row(alone, REVENUE[of][part] * M, filing))
                    tags["NetIncomeLoss"].append(row(alone, REVENUE[of][part] * M // 10, filing))
                if part < 3:
                    eps = Decimal(EPS[of][part]) / (2 if of == 2023 and filing >= SPLIT else 1)
                    tags["EarningsPerShareDiluted"].append(row(alone, str(eps), filing))
    # Both tags once gave one figure for a year: the older one may stand in for the newer.
    tags["SalesRevenueNet"].append(row(["2022-10-01", "2023-03-31"], sum(REVENUE[2023][:2]) * M, (2023, 3)))
    units = {"EarningsPerShareDiluted": "USD/shares"}
    return {
        "entityName": "Made Up Inc.",
        "facts": {"us-gaap": {tag: {"units": {units.get(tag, "USD"): rows}} for tag, rows in tags.items() if tag != omit}},
    }


def made(changed: dict[str, Any] | None = None) -> dict[str, FactSheet]:
    return {sheet.period: sheet for sheet in sheets(changed or document(), COMPANY)}


def fact(sheet: FactSheet, name: str) -> Fact:
    return next(fact for fact in sheet.facts if fact.id == name)


def names(sheet: FactSheet) -> set[str]:
    return {fact.id for fact in sheet.facts}


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


def test_a_quarter_without_all_statements_has_no_sheet() -> None:
    for tag in ("NetCashProvidedByUsedInOperatingActivities", "Assets", "Revenues"):
        assert len(made(document(omit=tag))) < 8, tag
    assert not made(document(omit="Assets"))


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
        path.write_text(sheet.model_dump_json(by_alias=True, exclude_none=True), "utf-8")
        loaded = load_sheet(path, max_bytes=1_000_000)
        assert loaded == sheet
        assert not FactBase.of(loaded).conflicts
        assert {Role.ACTUAL} <= {fact.role for fact in loaded.facts}


def test_documents_are_read_from_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "AAPL.companyfacts.json.gz"
    path.write_bytes(gzip.compress(json.dumps(document()).encode()))
    assert read(path)["entityName"] == "Made Up Inc."
    assert [sheet.slug for sheet in filed_sheets(tmp_path)][:2] == ["aapl-2023q1", "aapl-2023q2"]


# -- the measurement -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Revenue rose 5.1% y/y to $95,359m. Cash was $28bn at March 29, 2025.", ["Revenue rose # y/y to #.", "Cash was # at @."]),
        ("Margin fell 0.8 pp to 66.8% in Q2 FY25, against FY24.", ["Margin fell # to # in @, against @."]),
        ("EPS was -$0.95 in the first half of FY25.", ["EPS was # in the @."]),
        ("Revenue was CNY 2,703.7m. -3.4 pp was the change.", ["Revenue was #.", "# was the change."]),
    ],
)
def test_sentences_are_compared_without_their_numbers(text: str, sentences: list[str]) -> None:
    assert rules.masked(text) == sentences


def test_sameness_counts_sentences_as_often_as_they_stand() -> None:
    one, other = Counter({"a": 2, "b": 1}), Counter({"a": 1, "c": 2})
    assert rules.sameness(one, other) == pytest.approx(2 / 6)
    assert rules.sameness(one, one) == 1.0
    assert rules.sameness(Counter(), Counter()) == 0.0


def test_notes_on_made_up_quarters_are_measured() -> None:
    drafted = asyncio.run(rules.draft_all(list(made().values())[-3:]))
    figures = rules.summary(drafted)
    assert (figures["quarters"], figures["companies"], figures["notes that validate"], figures["exceptions"]) == (3, 1, 3, 0)
    assert figures["repetition"]["pairs"] == 3
    assert figures["numbers"] == sum(figures["by decision"].values()) > 20
    assert figures["words"]["min"] <= figures["words"]["median"] <= figures["words"]["max"]
    assert set(rules.silent(drafted)) | {fired.mechanism.id for one in drafted for fired in one.fired} == {m.id for m in library()}


def test_an_exception_is_a_result_and_has_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise ValueError("planted")

    monkeypatch.setattr(rules, "draft_note", fail)
    drafted = asyncio.run(rules.draft_all([made()["2024q2"]]))
    assert rules.summary(drafted)["exceptions"] == 1
    assert rules.summary(drafted)["notes that validate"] == 0
    assert "ValueError: planted (test_quarters.py:" in drafted[0].error


def test_speed_goes_from_files_to_files() -> None:
    assert rules.speed([made()["2024q2"]]) > 0
    assert rules.speed([]) == 0.0


def test_the_table_names_every_group() -> None:
    drafted = {name: asyncio.run(rules.draft_all([made()[period]])) for name, period in (("filings", "2024q2"), ("cases", "2024q3"))}
    text = rules.table(rules.measure(drafted), ("filings", "cases"))
    assert text.splitlines()[0].split() == ["filings", "cases"]
    assert "by decision grounded" in text
    assert "notes per second" in text
    assert "exceptions" in rules.to_look_into(drafted["cases"])
