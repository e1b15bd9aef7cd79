"""Real filings in XBRL: statements that must hold on every sheet, and the same figures from other sources.

The filings are not part of the project; without them the tests are skipped.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from pipeline.facts.loading import load_sheet
from pipeline.facts.quantity import Quantity
from pipeline.facts.sheet import Fact, FactSheet, PeriodKind, Role
from pipeline.intake.document import read_document
from pipeline.intake.ingested import Ingested
from pipeline.intake.ixbrl import ingest
from pipeline.intake.ixbrl.report import Item, read
from pipeline.intake.writing import sheet_text

DATA = Path(__file__).parents[2] / "shared" / "data"
CASES = Path(__file__).parents[1] / "evals" / "cases"
FILINGS = {
    "aapl-20250329.htm.gz": ("AAPL", "2025q2"),
    "aapl-20250329_htm.xml.gz": ("AAPL", "2025q2"),
    "aapl-10-q-2025-08-01.html.gz": ("AAPL", "2025q3"),
    "ko-10-q-2025-07-24.html.gz": ("KO", "2025q2"),
    "nflx-10-q-2025-07-18.html.gz": ("NFLX", "2025q2"),
    "nflx-20241018_htm.xml.gz": ("NFLX", "2024q3"),
    "pg-10-q-2025-04-24.html.gz": ("PG", "2025q3"),
    "tsla-10-q-2025-07-24.html.gz": ("TSLA", "2025q2"),
}

pytestmark = pytest.mark.skipif(not (DATA / "ixbrl").is_dir(), reason="the real filings are not here (../shared/data/ixbrl)")
every_filing = pytest.mark.parametrize("name", FILINGS)


@cache
def ingested(name: str) -> Ingested:
    return ingest(read_document(DATA / "ixbrl" / name))


def facts_of(name: str) -> dict[str, Fact]:
    return {fact.id: fact for fact in ingested(name).sheet.facts}


# -- statements that must hold -------------------------------------------------------------------------------------------------


@every_filing
def test_a_filing_is_a_sheet_of_its_own_quarter(name: str, tmp_path: Path) -> None:
    sheet = ingested(name).sheet
    assert (sheet.company.ticker, sheet.period) == FILINGS[name]
    assert sheet.reported_period.kind is PeriodKind.QUARTER
    path = tmp_path / "x.facts.json"
    path.write_text(sheet_text(sheet))
    assert load_sheet(path, max_bytes=10**7) == sheet
    assert all(fact.locator and fact.quote for fact in sheet.facts)
    assert {"revenue", "revenue.prior_year", "net_income", "eps_diluted", "operating_cash_flow.ytd", "total_assets"} <= facts_of(
        name
    ).keys()


@every_filing
def test_nothing_contradicts_itself(name: str) -> None:
    assert ingested(name).doubts == ()


@every_filing
def test_assets_are_liabilities_and_equity(name: str) -> None:
    items = [item for item in read(read_document(DATA / "ixbrl" / name)).items if item.context.is_whole]
    assets, claims = (
        {item.context.end: item for item in items if item.concept == f"us-gaap:{tag}"}
        for tag in ("Assets", "LiabilitiesAndStockholdersEquity")
    )
    assert len(assets) >= 2
    assert {day: item.value for day, item in assets.items()} == {day: item.value for day, item in claims.items()}
    reported = ingested(name).sheet.reported_period.end
    assert facts_of(name)["total_assets"].quantity.value == assets[reported].value


@every_filing
def test_gross_profit_is_revenue_less_cost(name: str) -> None:
    facts = facts_of(name)
    endings = [ending for ending in ("", ".prior_year", ".ytd", ".ytd.prior_year") if f"gross_profit{ending}" in facts]
    for ending in endings:
        revenue, cost, gross = (facts[f"{metric}{ending}"].quantity for metric in ("revenue", "cost_of_revenue", "gross_profit"))
        assert revenue.value - cost.value == gross.value
    if FILINGS[name][0] in ("AAPL", "KO", "TSLA"):
        assert endings


@every_filing
def test_profit_over_shares_is_eps(name: str) -> None:
    facts = facts_of(name)
    compared = 0
    for ending in ("", ".prior_year", ".ytd", ".ytd.prior_year"):
        profit, shares, eps = (facts[f"{metric}{ending}"].quantity for metric in ("net_income", "diluted_shares", "eps_diluted"))
        # Preferred dividends and participating shares take a part of profit: 2% at most among these companies.
        assert abs(profit.value / shares.value - eps.value) <= Decimal("0.005") + abs(eps.value) * Decimal("0.02")
        compared += 1
    assert compared == 4


@every_filing
def test_quarters_sum_to_the_year_to_date(name: str) -> None:
    facts = facts_of(name)
    for fact in facts.values():
        quarter, before = facts.get(f"{fact.metric}"), facts.get(f"{fact.metric}.prior_quarter")
        if fact.id == f"{fact.metric}.ytd" and fact.unit == "USD" and fact.period.endswith("h1") and quarter and before:
            assert quarter.quantity.value + before.quantity.value == fact.quantity.value
        if fact.id == f"{fact.metric}.ytd" and fact.unit == "USD" and quarter and fact.metric == "revenue":
            assert quarter.quantity.value < fact.quantity.value


@every_filing
def test_a_period_is_what_the_figures_own_context_says(name: str) -> None:
    sheet = ingested(name).sheet
    for fact in sheet.facts:
        period = sheet.periods_by_id[fact.period]
        days = f"{period.start} to {period.end}" if period.start else f"{period.end}"
        assert fact.locator is not None
        assert fact.locator.endswith(f"({days})"), fact.id
        if period.start:
            length = {PeriodKind.QUARTER: range(84, 99), PeriodKind.YTD: range(175, 280)}[period.kind]
            assert (period.end - period.start).days + 1 in length
    # Of these companies one alone prints the three months' cash flow; none is made up for the others.
    assert ("operating_cash_flow" in facts_of(name)) is (sheet.company.ticker == "NFLX")


# -- the same from other sources -------------------------------------------------------------------------------------------------


def test_an_inline_document_and_its_instance_say_the_same() -> None:
    def figures(name: str) -> set[tuple[object, ...]]:
        items: Iterator[Item] = (item for item in read(read_document(DATA / "ixbrl" / name)).items if item.concept.startswith("us-gaap:"))
        return {(i.concept, i.context.start, i.context.end, i.context.members, i.unit, i.value, i.step) for i in items}

    one, other = figures("aapl-20250329.htm.gz"), figures("aapl-20250329_htm.xml.gz")
    assert len(one) > 500
    assert one == other
    inline, plain = ({(f.metric, f.period, f.value) for f in facts_of(name).values() if f.segment is None} for name in list(FILINGS)[:2])
    assert inline == plain


@pytest.mark.parametrize(
    ("name", "accession"), [("aapl-20250329.htm.gz", "0000320193-25-000057"), ("aapl-10-q-2025-08-01.html.gz", "0000320193-25-000073")]
)
def test_company_facts_say_the_same(name: str, accession: str) -> None:
    path = DATA / "companyfacts" / "AAPL.companyfacts.json.gz"
    if not path.exists():
        pytest.skip("the company's facts are not here (../shared/data/companyfacts)")
    filed = {
        (f"us-gaap:{tag}", row.get("start"), row["end"]): row["val"]
        for tag, concept in json.loads(gzip.decompress(path.read_bytes()), parse_float=Decimal)["facts"]["us-gaap"].items()
        for rows in concept["units"].values()
        for row in rows
        if row["accn"] == accession
    }
    compared = 0
    for fact in facts_of(name).values():
        assert fact.locator is not None
        concept, days = fact.locator.split(" ")[0].rstrip(","), fact.locator.rpartition("(")[2].rstrip(")").split(" to ")
        key = (concept, days[0] if len(days) == 2 else None, days[-1])
        if fact.segment is None and key in filed:
            assert fact.quantity.value == filed[key], fact.id
            compared += 1
    assert compared == sum(fact.segment is None for fact in facts_of(name).values()) >= 70


EXPLAINED: dict[str, dict[str, tuple[int, int]]] = {
    "aapl-2025q2": {  # the case has the balance sheet's current part, the tag the total of a note
        "deferred_revenue": (13600, 8976),
        "history.2024_09_28.deferred_revenue": (12800, 8249),
    },
    "ko-2025q2": {},
    "tsla-2025q2": {  # the business segment has services and other in it, the case's automotive lines have not
        "revenue.automotive": (19707, 16661),
        "revenue.automotive.prior_year": (22486, 19878),
        "gross_profit.automotive": (3032, 2866),
        "gross_profit.automotive.prior_year": (3838, 3671),
    },
}


@pytest.mark.parametrize(
    ("name", "case", "least"),
    [
        ("aapl-20250329.htm.gz", "aapl-2025q2", 52),
        ("ko-10-q-2025-07-24.html.gz", "ko-2025q2", 64),
        ("tsla-10-q-2025-07-24.html.gz", "tsla-2025q2", 70),
    ],
)
def test_sheets_made_by_hand_say_the_same(name: str, case: str, least: int) -> None:
    by_hand, ours = load_sheet(CASES / case / "facts.json", max_bytes=10**7), ingested(name).sheet
    theirs = {_key(by_hand, fact): fact for fact in by_hand.facts if fact.role is not Role.CONSENSUS}
    both = [(fact, theirs[_key(ours, fact)]) for fact in ours.facts if _key(ours, fact) in theirs]
    assert len(both) >= least
    differing = {one.id: (int(one.value or 0), int(other.value or 0)) for one, other in both if not _meet(one.quantity, other.quantity)}
    assert differing == EXPLAINED[case]


def _key(sheet: FactSheet, fact: Fact) -> tuple[object, ...]:
    period = sheet.periods_by_id[fact.period]
    return fact.metric, (fact.segment or "").lower(), fact.change, period.kind, period.end, fact.basis


def _meet(one: Quantity, other: Quantity) -> bool:
    return one.interval.meets(other.interval)
