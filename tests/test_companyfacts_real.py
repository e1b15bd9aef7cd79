"""What must hold of every sheet made of real companyfacts documents, quarters and years. Skipped where they are not at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.facts import checks
from pipeline.facts.factbase import FactBase
from pipeline.facts.loading import load_sheet
from pipeline.facts.parsing import parse
from pipeline.facts.quantity import exact
from pipeline.facts.sheet import Company, Fact, FactSheet, Role
from pipeline.facts.vocabulary import vocabulary
from pipeline.intake.companyfacts.book import Book
from pipeline.intake.companyfacts.building import Builder, Scope
from pipeline.intake.companyfacts.calendar import Calendar, FiscalPeriod, calendar
from pipeline.intake.companyfacts.doubts import doubts
from pipeline.intake.companyfacts.rows import read
from pipeline.intake.document import read_document
from pipeline.intake.writing import sheet_text

FOLDER = Path(__file__).parents[2] / "shared" / "data" / "companyfacts"
FILES = sorted(FOLDER.glob("*.companyfacts.json.gz")) if FOLDER.is_dir() else []
pytestmark = pytest.mark.skipif(not FILES, reason=f"no companyfacts documents at {FOLDER}")
FLOWS = (
    "revenue", "cost_of_revenue", "gross_profit", "operating_expenses", "rnd_expense", "sga_expense", "operating_income", "net_income",
    "interest_expense", "stock_based_compensation", "depreciation_amortization", "operating_cash_flow", "capex", "buybacks",
    "dividends_paid",
)  # fmt: skip
LIABILITIES = (("us-gaap", "Liabilities"), ("ifrs-full", "Liabilities"))
TOTALS = (("us-gaap", "LiabilitiesAndStockholdersEquity"), ("ifrs-full", "EquityAndLiabilities"))
BETWEEN = (
    ("us-gaap", "MinorityInterest"), ("us-gaap", "TemporaryEquityCarryingAmountAttributableToParent"),
    ("us-gaap", "TemporaryEquityValueExcludingAdditionalPaidInCapital"), ("ifrs-full", "NoncontrollingInterests"),
)  # fmt: skip
"""What is neither a liability nor the parent's equity."""


@dataclass(frozen=True)
class Made:
    """A sheet with all that it was made of."""

    period: FiscalPeriod
    sheet: FactSheet
    book: Book
    doubts: tuple[str, ...]

    @cached_property
    def base(self) -> FactBase:
        return FactBase.of(self.sheet)

    def __getitem__(self, name: str) -> Fact | None:
        return next((fact for fact in self.sheet.facts if fact.id == name), None)

    def all(self, *names: str) -> tuple[Fact, ...] | None:
        found = tuple(fact for name in names if (fact := self[name]) is not None)
        return found if len(found) == len(names) else None


@cache
def sheets_of(path: Path) -> tuple[Made, ...]:
    facts = read(read_document(path))
    times: Calendar = calendar(facts.rows)
    company = Company(name=facts.name, ticker=path.name.partition(".")[0], currency="USD")
    book = Book(facts.rows, times, "USD")
    made = []
    for period in times.reported():
        own = times.filing_of(period)
        assert own is not None
        builder = Builder(book, company, period, own, Scope(back=8))
        sheet = builder.build()
        assert sheet is not None
        made.append(Made(period, sheet, book, tuple(doubts(builder, sheet))))
    return tuple(made)


def every() -> Iterator[Made]:
    for path in FILES:
        yield from sheets_of(path)


@cache
def balances(path: Path) -> Mapping[tuple[str, str, str], Decimal]:
    """Balances as they stand in the document, by element, day and accession number, read without the code under test."""
    found: dict[tuple[str, str, str], Decimal] = {}
    data = parse(read_document(path).text(), "json")["facts"]
    for taxonomy, element in (*LIABILITIES, *TOTALS, *BETWEEN):
        for line in data.get(taxonomy, {}).get(element, {}).get("units", {}).get("USD", ()):
            found[element, line["end"], line["accn"]] = Decimal(line["val"])
    return found


def filed(path: Path, elements: tuple[tuple[str, str], ...], day: str, by: str) -> list[Decimal]:
    """What one filing gives for a day under any of the elements."""
    return [balances(path)[element, day, by] for _, element in elements if (element, day, by) in balances(path)]


def test_there_is_a_sheet_for_each_quarter_and_year() -> None:
    assert len(FILES) >= 4
    for path in FILES:
        periods = [made.period for made in sheets_of(path)]
        assert periods, path.name
        assert len({period.id for period in periods}) == len(periods)
        quarters = [period for period in periods if period.part]
        gaps = [(one.id, two.id) for one, two in pairwise(quarters) if (two.start - one.end).days != 1]
        assert not gaps, path.name


def test_every_sheet_is_sound() -> None:
    for made in every():
        findings = [*checks.of_facts(enumerate(made.sheet.facts), made.sheet.periods_by_id, made.sheet.reported_period, "USD")]
        assert not findings, made.sheet.slug
        assert not made.base.conflicts, made.sheet.slug


def test_sheets_load_from_disk_as_they_were(tmp_path: Path) -> None:
    """Every seventh: quarters of all parts, and years. Loading is slow, and takes the same way for all."""
    for made in [*every()][::7]:
        path = tmp_path / f"{made.sheet.slug}.facts.json"
        path.write_text(sheet_text(made.sheet), "utf-8")
        assert load_sheet(path, max_bytes=10_000_000) == made.sheet


def test_every_fact_has_source_locator_and_quote_and_was_known_on_the_day() -> None:
    for made in every():
        sources = made.sheet.sources_by_id
        for fact in made.sheet.facts:
            assert fact.locator, fact.id
            assert fact.quote, fact.id
            published = sources[fact.source].published
            assert published is not None
            assert made.sheet.released is not None
            assert published <= made.sheet.released, (made.sheet.slug, fact.id)
            assert vocabulary()[fact.metric].concepts


def test_assets_equal_liabilities_plus_equity() -> None:
    compared = 0
    for path in FILES:
        for made in sheets_of(path):
            assets, equity = made["total_assets"], made["total_equity"]
            if assets is None or equity is None or assets.locator is None:
                continue
            where = (assets.period, assets.locator.rpartition(" ")[2])

            for total in filed(path, TOTALS, *where):
                assert total == assets.quantity.value, made.sheet.slug
            for liabilities in filed(path, LIABILITIES, *where):
                compared += 1
                rest = assets.quantity.value - liabilities - equity.quantity.value
                assert rest in (0, *filed(path, BETWEEN, *where)), (made.sheet.slug, rest)
    assert compared > 100


def test_gross_profit_is_revenue_less_cost() -> None:
    compared = 0
    for made in every():
        if found := made.all("revenue", "cost_of_revenue", "gross_profit"):
            revenue, cost, profit = found
            compared += 1
            fits = (revenue.quantity - cost.quantity).interval.meets(profit.quantity.interval)
            assert fits or any("revenue less cost of revenue" in doubt for doubt in made.doubts), made.sheet.slug
    assert compared > 100


def test_eps_times_shares_is_near_net_income() -> None:
    compared = 0
    for made in every():
        for suffix in ("", ".prior_year", ".prior_quarter"):
            if found := made.all(f"net_income{suffix}", f"eps_diluted{suffix}", f"diluted_shares{suffix}"):
                income, per_share, shares = (fact.quantity for fact in found)
                compared += 1
                product = per_share.interval * shares.interval
                slack = abs(income.value) * Decimal("0.02")
                assert product.low - slack <= income.value <= product.high + slack, (made.sheet.slug, suffix)
    assert compared > 100


def test_free_cash_flow_is_operating_cash_flow_less_capex() -> None:
    compared = 0
    for made in every():
        if found := made.all("operating_cash_flow", "capex"):
            compared += 1
            flow, capex = (fact.quantity.value for fact in found)
            assert made.base.figures["free_cash_flow"].quantity.value == flow - capex, made.sheet.slug
            assert capex >= 0, made.sheet.slug
    assert compared > 100


def test_four_quarters_sum_to_the_year_within_what_was_restated_meanwhile() -> None:
    """Exceptions are those of the filer: the year, or the quarters together by then, restated, or filed under other elements."""
    compared = exact_ones = 0
    for path in FILES:
        by_id = {made.period.id: made for made in sheets_of(path)}
        for year in (made for made in by_id.values() if not made.period.part):
            parts = [by_id.get(f"{year.period.year}q{part}") for part in (1, 2, 3, 4)]
            for name in FLOWS:
                whole, quarters = year[name], [part[name] for part in parts if part]
                if whole is None or len(quarters) < 4 or not all(quarters):
                    continue
                facts = [fact for fact in quarters if fact]
                compared += 1
                total = exact(Decimal(0))
                for fact in facts:
                    total = total + fact.quantity.interval
                if total.meets(whole.quantity.interval):
                    exact_ones += 1
                else:
                    told = any(doubt.startswith(f"{name} is ") and "restates" in doubt for part in parts if part for doubt in part.doubts)
                    assert told or _is_restated(whole, facts, year), (year.sheet.slug, name)
    assert compared > 400
    assert exact_ones / compared > 0.97


def _is_restated(whole: Fact, quarters: list[Fact], year: Made) -> bool:
    elements = {(fact.locator or "").partition(",")[0] for fact in (whole, *quarters)}
    third = year.book.calendar.periods[year.period.year, 3]
    first_three = sum(fact.quantity.value for fact in quarters[:3])
    span = (next(iter(elements)), year.period.start, third.end)
    to_date = {value.amount for value in year.book.by_span.get(span, ())}
    return len(elements) > 1 or bool(to_date - {first_three})


def test_growth_of_revenue_is_that_of_the_two_figures_as_filed() -> None:
    compared = 0
    for made in every():
        if found := made.all("revenue", "revenue.prior_year"):
            now, then = (fact.quantity for fact in found)
            growth = made.base.figures["revenue.yoy"].quantity
            compared += 1
            assert growth.value == now.value / then.value * 100 - 100
            assert found[0].source == found[1].source or "differenced" in f"{found[0].definition}", made.sheet.slug
    assert compared > 100


def test_a_first_filed_figure_is_what_the_sheet_of_that_period_says() -> None:
    compared = 0
    for path in FILES:
        by_id = {made.period.id: made for made in sheets_of(path)}
        for made in by_id.values():
            for fact in made.sheet.facts:
                if not fact.id.endswith(".first_filed"):
                    continue
                assert fact.role is Role.HISTORY
                when = made.sheet.periods_by_id[fact.period]
                then = by_id.get(fact.period) or next(m for m in by_id.values() if m.period.end == when.end)
                actual = then[fact.metric]
                if actual is not None and (actual.locator or "").partition(",")[0] == (fact.locator or "").partition(",")[0]:
                    compared += 1
                    assert actual.value == fact.value, (made.sheet.slug, fact.id)
    assert compared > 50
