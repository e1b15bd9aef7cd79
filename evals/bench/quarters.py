"""Fact sheets of real quarters from what companies filed: SEC companyfacts documents, one sheet for each fiscal quarter.

The sheets are those of `afterprint ingest companyfacts`, of the metrics below and without the values that were restated since, so
that the figures measured on them stay comparable.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline.facts.sheet import Company, FactSheet, Role
from pipeline.intake.companyfacts.book import Book
from pipeline.intake.companyfacts.building import Builder, Scope
from pipeline.intake.companyfacts.calendar import calendar
from pipeline.intake.companyfacts.rows import CompanyFacts, read
from pipeline.intake.document import read_document

COMPANIES = (
    Company(name="Apple Inc.", ticker="AAPL", exchange="NASDAQ", sector="hardware", currency="USD"),
    Company(name="NVIDIA Corporation", ticker="NVDA", exchange="NASDAQ", sector="semiconductors", currency="USD"),
    Company(name="Snowflake Inc.", ticker="SNOW", exchange="NYSE", sector="software", currency="USD"),
)
METRICS = (
    "revenue", "cost_of_revenue", "gross_profit", "operating_expenses", "rnd_expense", "sga_expense", "operating_income", "net_income",
    "eps_diluted", "diluted_shares", "interest_expense", "stock_based_compensation", "depreciation_amortization", "operating_cash_flow",
    "capex", "buybacks", "dividends_paid", "cash", "short_term_investments", "total_assets", "total_equity", "inventory",
    "accounts_receivable", "accounts_payable", "deferred_revenue", "rpo",
)  # fmt: skip
_STATEMENTS = (("revenue",), ("net_income",), ("total_assets", "cash"), ("operating_cash_flow",))
_SCOPE = Scope(metrics=METRICS, keeps_first_filed=False)


def filed_sheets(folder: Path) -> Iterator[FactSheet]:
    """The sheets of every company of `COMPANIES` whose document is in the folder."""
    for company in COMPANIES:
        path = folder / f"{company.ticker}.companyfacts.json.gz"
        if path.exists():
            yield from sheets(read(read_document(path)), company)


def sheets(facts: CompanyFacts, company: Company) -> Iterator[FactSheet]:
    """A sheet for each quarter, oldest first, for which the company's own filing gives all three statements."""
    times = calendar(facts.rows)
    book = Book(facts.rows, times, company.currency)
    for quarter in times.reported():
        own = times.filing_of(quarter)
        sheet = Builder(book, company, quarter, own, _SCOPE).build() if own and quarter.part else None
        if sheet and _has_statements(sheet):
            yield sheet


def _has_statements(sheet: FactSheet) -> bool:
    actual = {fact.metric for fact in sheet.facts if fact.role is Role.ACTUAL}
    return all(actual & {*group} for group in _STATEMENTS)
