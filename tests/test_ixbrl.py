"""Filings in XBRL to sheets, on small documents made up for the purpose."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from typer.testing import CliRunner

from pipeline.cli.main import app
from pipeline.errors import InputError
from pipeline.facts.loading import load_sheet
from pipeline.facts.sheet import Basis, Fact, PeriodKind, Role
from pipeline.intake.document import Document
from pipeline.intake.ingested import Ingested
from pipeline.intake.ixbrl import ingest
from pipeline.intake.ixbrl.calendar import Calendar
from pipeline.intake.ixbrl.numbers import day, displayed, step_of
from pipeline.intake.writing import sheet_text

NAMESPACES = (
    'xmlns="http://www.w3.org/1999/xhtml" xmlns:ix="http://www.xbrl.org/2013/inlineXBRL" xmlns:xbrli="http://www.xbrl.org/2003/instance" '
    'xmlns:ixt="http://www.xbrl.org/inlineXBRL/transformation/2020-02-12" xmlns:xbrldi="http://xbrl.org/2006/xbrldi" '
    'xmlns:gaap="http://fasb.org/us-gaap/2025" xmlns:dei="http://xbrl.sec.gov/dei/2025" xmlns:srt="http://fasb.org/srt/2025" '
    'xmlns:country="http://xbrl.sec.gov/country/2025" xmlns:acme="http://acme.example/2025" '
    'xmlns:iso4217="http://www.xbrl.org/2003/iso4217" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)
# A fiscal year from February to January: its second quarter, the half, and the year before.
SPANS = {
    "q": ("2025-05-01", "2025-07-31"),
    "pq": ("2024-05-01", "2024-07-31"),
    "h": ("2025-02-01", "2025-07-31"),
    "ph": ("2024-02-01", "2024-07-31"),
    "now": (None, "2025-07-31"),
    "before": (None, "2025-01-31"),
}
SEGMENTS = {"gears": "acme:GearsAndBeltsMember", "us": "country:US"}


def context(name: str, span: tuple[str | None, str], members: Sequence[tuple[str, str]] = (), entity: str = "0000000001") -> str:
    start, end = span
    days = (
        f"<xbrli:startDate>{start}</xbrli:startDate><xbrli:endDate>{end}</xbrli:endDate>"
        if start
        else f"<xbrli:instant>{end}</xbrli:instant>"
    )
    explicit = "".join(f'<xbrldi:explicitMember dimension="{axis}">{member}</xbrldi:explicitMember>' for axis, member in members)
    segment = f"<xbrli:segment>{explicit}</xbrli:segment>" if members else ""
    who = f'<xbrli:entity><xbrli:identifier scheme="http://www.sec.gov/CIK">{entity}</xbrli:identifier>{segment}</xbrli:entity>'
    return f'<xbrli:context id="{name}">{who}<xbrli:period>{days}</xbrli:period></xbrli:context>'


def contexts() -> str:
    plain = "".join(context(name, span) for name, span in SPANS.items())
    gears = "".join(context(f"{name}-gears", SPANS[name], [("srt:ProductOrServiceAxis", SEGMENTS["gears"])]) for name in ("q", "pq"))
    us = context("q-us", SPANS["q"], [("srt:StatementGeographicalAxis", SEGMENTS["us"])])
    both = context("q-both", SPANS["q"], [("srt:ProductOrServiceAxis", SEGMENTS["gears"]), ("srt:StatementGeographicalAxis", "country:US")])
    run = [("gaap:StatementBusinessSegmentsAxis", "acme:PumpsMember"), ("srt:ConsolidationItemsAxis", "gaap:OperatingSegmentsMember")]
    gone = [("gaap:StatementBusinessSegmentsAxis", "gaap:IntersegmentEliminationMember")]
    return plain + gears + us + both + context("q-pumps", SPANS["q"], run) + context("q-gone", SPANS["q"], gone)


UNITS = (
    '<xbrli:unit id="usd"><xbrli:measure>iso4217:USD</xbrli:measure></xbrli:unit>'
    '<xbrli:unit id="eur"><xbrli:measure>iso4217:EUR</xbrli:measure></xbrli:unit>'
    '<xbrli:unit id="shares"><xbrli:measure>xbrli:shares</xbrli:measure></xbrli:unit>'
    '<xbrli:unit id="pure"><xbrli:measure>xbrli:pure</xbrli:measure></xbrli:unit>'
    '<xbrli:unit id="eps"><xbrli:divide><xbrli:unitNumerator><xbrli:measure>iso4217:USD</xbrli:measure></xbrli:unitNumerator>'
    "<xbrli:unitDenominator><xbrli:measure>xbrli:shares</xbrli:measure></xbrli:unitDenominator></xbrli:divide></xbrli:unit>"
)


def said(concept: str, text: str, at: str = "h", more: str = "") -> str:
    return f'<ix:nonNumeric name="dei:{concept}" contextRef="{at}"{more}>{text}</ix:nonNumeric>'


def number(concept: str, at: str, shown: str, *, unit: str = "usd", scale: int = 6, decimals: str = "-6", more: str = "") -> str:
    attributes = (
        f'name="{concept}" contextRef="{at}" unitRef="{unit}" scale="{scale}" decimals="{decimals}" format="ixt:num-dot-decimal" {more}'
    )
    return f"<ix:nonFraction {attributes}>{shown}</ix:nonFraction>"


def row(label: str, *cells: str) -> str:
    return f"<tr><td>{label}</td>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


COVER = (
    said("DocumentType", "10-Q")
    + said("EntityRegistrantName", "Acme Gears, Inc.")
    + said("TradingSymbol", "ACME")
    + said("SecurityExchangeName", "New York Stock Exchange")
    + said("DocumentFiscalYearFocus", "2026")
    + said("DocumentFiscalPeriodFocus", "Q2")
)
REVENUE = "gaap:RevenueFromContractWithCustomerExcludingAssessedTax"
ROWS = (
    row("Net sales", number(REVENUE, "q", "1,234"), number(REVENUE, "pq", "1,100"), number(REVENUE, "h", "2,400")),
    row("Cost of sales", number("gaap:CostOfRevenue", "q", "734")),
    row("Gross profit", number("gaap:GrossProfit", "q", "500")),
    row("Net loss", "(" + number("gaap:NetIncomeLoss", "q", "56", more='sign="-"'), ")", number("gaap:NetIncomeLoss", "pq", "40")),
    row("Diluted", number("gaap:EarningsPerShareDiluted", "q", "0.50", unit="eps", scale=0, decimals="2", more='sign="-"')),
    row("Shares", number("gaap:WeightedAverageNumberOfDilutedSharesOutstanding", "q", "112,004", unit="shares", scale=3, decimals="-3")),
    row("Operating cash", number("gaap:NetCashProvidedByUsedInOperatingActivities", "h", "300")),
    row("Total assets", number("gaap:Assets", "now", "9,000"), number("gaap:Assets", "before", "8,500")),
    row("Gears and Belts", number(REVENUE, "q-gears", "800"), number(REVENUE, "pq-gears", "700")),
    row("America", number(REVENUE, "q-us", "900"), number(REVENUE, "q-both", "450"), number(REVENUE, "q-gone", "7", more='sign="-"')),
    row("Pumps", number("gaap:OperatingIncomeLoss", "q-pumps", "33")),
)


def filing(*rows: str, cover: str = COVER, resources: str = "", units: str = UNITS) -> Document:
    head = f"<ix:header><ix:resources>{contexts()}{units}{resources}</ix:resources></ix:header>"
    table = f"<table>{''.join(rows or ROWS)}</table>"
    return Document("acme.htm", f"<html {NAMESPACES}><body>{head}<p>{cover}</p>{table}</body></html>".encode())


def found(document: Document, **wanted: str) -> dict[str, Fact]:
    return {fact.id: fact for fact in ingest(document, **wanted).sheet.facts}


def doubts(document: Document) -> str:
    return "\n".join(ingest(document).doubts)


def refusal(document: Document, **wanted: str) -> str:
    with pytest.raises(InputError) as error:
        ingest(document, **wanted)
    return str(error.value)


# -- what a document comes to ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def acme() -> Ingested:
    return ingest(filing())


def test_a_filing_becomes_a_sheet_that_loads_without_a_finding(acme: Ingested, tmp_path: Path) -> None:
    path = tmp_path / "acme.facts.json"
    path.write_text(sheet_text(acme.sheet))
    assert load_sheet(path, max_bytes=10**6) == acme.sheet
    assert acme.doubts == ()


def test_who_filed_and_for_which_period(acme: Ingested) -> None:
    company, period = acme.sheet.company, acme.sheet.reported_period
    assert (company.name, company.ticker, company.exchange, company.currency) == ("Acme Gears, Inc.", "ACME", "NYSE", "USD")
    assert (period.id, period.kind, period.label) == ("2026q2", PeriodKind.QUARTER, "Q2 FY26")
    assert (period.start, period.end) == (date(2025, 5, 1), date(2025, 7, 31))
    assert acme.sheet.sources[0].title == "Form 10-Q for the period ended July 31, 2025 (inline XBRL)"


@pytest.mark.parametrize(
    ("id", "value", "period", "role"),
    [
        ("revenue", "1234", "2026q2", Role.ACTUAL),
        ("revenue.prior_year", "1100", "2025q2", Role.PRIOR_YEAR),
        ("revenue.ytd", "2400", "2026h1", Role.ACTUAL),
        ("net_income", "-56", "2026q2", Role.ACTUAL),
        ("eps_diluted", "-0.50", "2026q2", Role.ACTUAL),
        ("diluted_shares", "112.004", "2026q2", Role.ACTUAL),
        ("operating_cash_flow.ytd", "300", "2026h1", Role.ACTUAL),
        ("total_assets", "9000", "2025-07-31", Role.ACTUAL),
        ("history.2025_01_31.total_assets", "8500", "2025-01-31", Role.HISTORY),
        ("revenue.gears_and_belts", "800", "2026q2", Role.ACTUAL),
        ("revenue.gears_and_belts.prior_year", "700", "2025q2", Role.PRIOR_YEAR),
        ("revenue.united_states", "900", "2026q2", Role.ACTUAL),
        ("operating_income.pumps", "33", "2026q2", Role.ACTUAL),
    ],
)
def test_figures_with_scale_sign_period_and_role(acme: Ingested, id: str, value: str, period: str, role: Role) -> None:
    fact = next(fact for fact in acme.sheet.facts if fact.id == id)
    assert (str(fact.value), fact.period, fact.role, fact.basis) == (value, period, role, Basis.GAAP)


def test_a_cash_flow_of_the_year_to_date_is_no_quarter(acme: Ingested) -> None:
    assert not [fact.id for fact in acme.sheet.facts if fact.metric == "operating_cash_flow" and fact.period == "2026q2"]


def test_parts_of_parts_and_eliminations_are_left_out(acme: Ingested) -> None:
    assert not [fact for fact in acme.sheet.facts if fact.value in (450, -7)]


def test_a_fact_says_where_it_stands_and_how_it_is_printed(acme: Ingested) -> None:
    facts = {fact.id: fact for fact in acme.sheet.facts}
    assert facts["net_income"].quote == "Net loss (56)"
    assert facts["net_income"].locator == "us-gaap:NetIncomeLoss, context q (2025-05-01 to 2025-07-31)"
    assert facts["revenue.gears_and_belts"].segment == "Gears and Belts"
    assert all(fact.quote and fact.locator for fact in acme.sheet.facts)


# -- choices and rounding ------------------------------------------------------------------------------------------------------


def test_the_vocabulary_chooses_among_tags_and_says_so() -> None:
    with_minorities = number("gaap:ProfitLoss", "q", "58", more='sign="-"')
    result = ingest(filing(*ROWS, row("Net loss with minorities", with_minorities)))
    choice = next(choice for choice in result.choices if choice.fact == "net_income")
    assert choice.because.startswith("us-gaap:NetIncomeLoss, the first tag of net_income")
    assert choice.rivals == ("us-gaap:ProfitLoss -58000000 USD, 2025-05-01 to 2025-07-31",)


def test_another_revenue_that_is_larger_is_doubtful() -> None:
    part = row("Of which sales", number("gaap:Revenues", "q", "900"))
    assert "1234000000" in doubts(filing(*ROWS, part))


def test_the_more_exact_of_two_figures_is_taken() -> None:
    exact = number(REVENUE, "q", "1,234,100", scale=3, decimals="-3")
    assert str(found(filing(*ROWS, f"<tr><td>{exact}</td></tr>"))["revenue"].value) == "1234.100"


def test_two_figures_that_contradict_each_other_are_both_left_out() -> None:
    document = filing(*ROWS, row("Net sales", number(REVENUE, "q", "1,236")))
    assert "revenue" not in found(document)
    assert "the document gives 1234000000 and 1236000000" in doubts(document)


def test_a_value_is_as_wide_as_its_decimals_say() -> None:
    rows = (*ROWS[:7], row("Deferred", number("gaap:ContractWithCustomerLiability", "now", "13.6", scale=9, decimals="-8")))
    fact = found(filing(*rows))["deferred_revenue"]
    assert (fact.value, fact.rounded_to) == (Decimal(13600), Decimal(100))
    assert fact.quantity.interval.low == Decimal(13_550_000_000)


def test_an_exact_figure_keeps_its_digits_and_is_narrow() -> None:
    rows = (*ROWS, row("Dividend", number("gaap:CommonStockDividendsPerShareDeclared", "q", "0.25", unit="eps", scale=0, decimals="INF")))
    fact = found(filing(*rows))["dividend_per_share"]
    assert (str(fact.value), fact.rounded_to) == ("0.25", Decimal("0.0001"))


def test_a_fraction_becomes_a_percentage() -> None:
    rate = number("gaap:EffectiveIncomeTaxRateContinuingOperations", "q", "15.5", unit="pure", scale=-2, decimals="3")
    fact = found(filing(*ROWS, row("Tax rate", rate)))["tax_rate"]
    assert (str(fact.value), fact.unit) == ("15.5", "percent")


def test_a_nil_figure_and_one_that_cannot_be_read() -> None:
    nil = number("gaap:InventoryNet", "now", "", more='xsi:nil="true"')
    broken = number("gaap:AccountsPayableCurrent", "now", "1.234,5")
    document = filing(*ROWS, row("Stock", nil), row("Payables", broken))
    assert {"inventory", "accounts_payable"}.isdisjoint(found(document))
    assert "us-gaap:AccountsPayableCurrent '1.234,5'" in doubts(document)
    assert "InventoryNet" not in doubts(document)


def test_nested_figures_and_texts_that_go_on_elsewhere() -> None:
    nested = number(REVENUE, "q", number("gaap:Revenues", "q", "1,234"))
    split = COVER.replace(
        "Acme Gears, Inc.</ix:nonNumeric>",
        'Acme <ix:exclude>page 1</ix:exclude></ix:nonNumeric><ix:continuation id="c">Gears</ix:continuation>',
    )
    split = split.replace('"dei:EntityRegistrantName"', '"dei:EntityRegistrantName" continuedAt="c"')
    result = ingest(filing(row("Net sales", nested), *ROWS[1:], cover=split))
    assert next(fact.value for fact in result.sheet.facts if fact.id == "revenue") == 1234
    assert result.sheet.company.name == "Acme Gears"


def test_a_text_that_goes_on_in_itself_ends() -> None:
    loop = COVER.replace('"dei:EntityRegistrantName"', '"dei:EntityRegistrantName" continuedAt="c"')
    loop += '<ix:continuation id="c" continuedAt="c">and so on</ix:continuation>'
    assert len(ingest(filing(cover=loop)).sheet.company.name) <= 500


# -- what must hold --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("concept", "at", "shown", "expected"),
    [
        ("gaap:CostOfRevenue", "q", "700", "gross_profit: 1234 less 700 is not 500"),
        ("gaap:LiabilitiesAndStockholdersEquity", "now", "8,999.5", None),
        ("gaap:LiabilitiesAndStockholdersEquity", "now", "8,900", "total_assets: 9000000000 on 2025-07-31"),
    ],
)
def test_figures_that_do_not_go_together_are_doubtful(concept: str, at: str, shown: str, expected: str | None) -> None:
    rows = [one for one in ROWS if f'"{concept}"' not in one]
    said_of_it = doubts(filing(*rows, row("Line", number(concept, at, shown))))
    assert (expected in said_of_it) if expected else not said_of_it


def test_profit_over_shares_that_is_not_eps_is_doubtful() -> None:
    rows = [one.replace('scale="3"', 'scale="0"') for one in ROWS]  # the thousands of the share count lost in tagging
    assert "-0.50 a share" in doubts(filing(*rows))


# -- instances, forms and periods --------------------------------------------------------------------------------------------------


def instance(body: str, extra: str = "") -> Document:
    return Document("acme.xml", f"<xbrli:xbrl {NAMESPACES} {extra}>{contexts()}{UNITS}{body}</xbrli:xbrl>".encode())


PLAIN = (
    '<dei:DocumentType contextRef="h">10-Q</dei:DocumentType><dei:TradingSymbol contextRef="h">ACME</dei:TradingSymbol>'
    '<dei:EntityRegistrantName contextRef="h">Acme</dei:EntityRegistrantName>'
    '<gaap:Revenues id="f1" contextRef="q" unitRef="usd" decimals="-6">1234000000</gaap:Revenues>'
    '<gaap:Revenues contextRef="h" unitRef="usd" decimals="-6">2400000000</gaap:Revenues>'
    '<gaap:NetIncomeLoss contextRef="q" unitRef="usd" decimals="-6">-56000000</gaap:NetIncomeLoss>'
)


def test_an_instance_gives_the_same() -> None:
    facts = found(instance(PLAIN))
    assert (str(facts["revenue"].value), facts["revenue"].quote) == ("1234", "Revenues 1234000000")
    assert facts["revenue"].locator == "us-gaap:Revenues #f1, context q (2025-05-01 to 2025-07-31)"
    assert facts["net_income"].value == -56


def test_an_annual_form_reports_its_year() -> None:
    body = PLAIN.replace("10-Q", "10-K").replace('contextRef="h"', 'contextRef="y"').replace('contextRef="q"', 'contextRef="y"', 1)
    body = body.replace('<gaap:Revenues contextRef="y" unitRef="usd" decimals="-6">2400000000</gaap:Revenues>', "")
    document = instance(context("y", ("2025-01-01", "2025-12-31")) + context("q4", ("2025-10-01", "2025-12-31")) + body)
    sheet = ingest(document).sheet
    assert (sheet.period, sheet.reported_period.label, sheet.reported_period.kind) == ("2025fy", "FY 2025", PeriodKind.ANNUAL)


def test_midnight_ends_the_day_before() -> None:
    document = instance(PLAIN)
    moved = document.content.replace(b"<xbrli:endDate>2025-07-31<", b"<xbrli:endDate>2025-08-01T00:00:00<")
    assert ingest(Document("acme.xml", moved)).sheet.reported_period.end == date(2025, 7, 31)


def test_the_name_of_the_year_is_the_companys_own() -> None:
    named = ingest(filing(cover=COVER.replace("2026", "2025")))
    assert (named.sheet.period, named.doubts) == ("2025q2", ())
    odd = ingest(filing(cover=COVER.replace("2026", "2019")))
    assert odd.sheet.period == "2026q2"
    assert "calls its fiscal year 2019" in "\n".join(odd.doubts)


def test_a_last_day_that_the_figures_do_not_have_is_doubtful() -> None:
    assert not doubts(filing(cover=COVER + said("DocumentPeriodEndDate", "August 2, 2025")))
    assert "names 2025-10-31 as its last day" in doubts(filing(cover=COVER + said("DocumentPeriodEndDate", "October 31, 2025")))


def test_an_earlier_period_of_the_document_may_be_asked_for() -> None:
    for asked in ("2025q2", "2024-07-31"):
        sheet = ingest(filing(), period=asked).sheet
        assert sheet.period == "2025q2"
        assert next(fact.value for fact in sheet.facts if fact.id == "revenue") == 1100
        assert all(sheet.periods_by_id[fact.period].end <= date(2024, 7, 31) for fact in sheet.facts)


@pytest.mark.parametrize(
    ("first", "start", "end", "id", "label"),
    [
        (date(2024, 9, 29), date(2024, 12, 29), date(2025, 3, 29), "2025q2", "Q2 FY25"),
        (date(2024, 9, 29), date(2023, 10, 1), date(2024, 9, 28), "2024fy", "FY24"),
        (date(2024, 9, 29), date(2023, 10, 1), date(2024, 3, 30), "2024h1", "first half of FY24"),
        (date(2025, 1, 1), date(2025, 1, 1), date(2025, 9, 30), "2025ytd", "first nine months of 2025"),
        (date(2024, 12, 29), date(2024, 12, 29), date(2025, 3, 29), "2025q1", "Q1 2025"),  # a year of 52 weeks near the calendar's
    ],
)
def test_fiscal_periods_by_their_days(first: date, start: date, end: date, id: str, label: str) -> None:
    period = Calendar(first, 2025).period(start, end)
    assert period is not None
    assert (period.id, period.label) == (id, label)


def test_stretches_beside_the_calendar_have_no_name() -> None:
    calendar = Calendar(date(2025, 1, 1), 2025)
    assert calendar.period(date(2025, 1, 1), date(2025, 1, 31)) is None
    assert calendar.period(date(2024, 7, 1), date(2025, 6, 30)) is None  # twelve months that are no fiscal year
    assert calendar.period(date(2025, 4, 1), date(2025, 9, 30)) is None  # six months that are no first half


# -- numbers as displayed --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "format", "value"),
    [
        ("1,234.5", "num-dot-decimal", "1234.5"),
        ("1.234,5", "num-comma-decimal", "1234.5"),
        ("1 234,5", "numspacecomma", "1234.5"),
        ("1\u00a0234.5", "numspacedot", "1234.5"),
        ("12'345.6", "num-dot-decimal-apos", "12345.6"),
        (".25", "num-dot-decimal", "0.25"),
        ("—", "fixed-zero", "0"),
        ("-", "numdash", "0"),
        ("no", "numwordsen", "0"),
        ("-12.5", "", "-12.5"),
        ("1234567", "numdotdecimal", "1234567"),
    ],
)
def test_numbers_by_their_format(text: str, format: str, value: str) -> None:
    assert displayed(text, format) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "format"),
    [
        ("1.234,5", "num-dot-decimal"),
        ("1,23,4567,8", "num-dot-decimal"),
        ("(12)", "num-dot-decimal"),
        ("-12", "num-dot-decimal"),
        ("two", "numwordsen"),
        ("1234", "num-roman"),
        ("1e5", ""),
        ("NaN", ""),
        ("", ""),
        ("9" * 50, ""),
        ("１２", ""),
    ],
)
def test_texts_that_are_no_numbers_of_their_format(text: str, format: str) -> None:
    with pytest.raises(ValueError, match=r"not|no number"):
        displayed(text, format)


def test_rounding_from_decimals_and_precision() -> None:
    assert step_of("-6", None, Decimal(5)) == Decimal(10) ** 6
    assert step_of("2", None, Decimal(5)) == Decimal("0.01")
    assert step_of("INF", None, Decimal(5)) is None
    assert step_of(None, "3", Decimal(12345)) == 100
    for decimals in (None, "many", "1e9"):
        with pytest.raises(ValueError, match=r"rounding|decimals"):
            step_of(decimals, None, Decimal(5))


def test_days_as_filings_write_them() -> None:
    assert day("June  27, 2025") == day("2025-06-27") == day("27 June 2025") == date(2025, 6, 27)
    assert day("the end of June") is None


# -- bad input ---------------------------------------------------------------------------------------------------------------------


def test_a_document_cut_short_says_so() -> None:
    whole = filing()
    message = refusal(Document("acme.htm", whole.content[: len(whole.content) * 3 // 4]))
    assert "acme.htm" in message
    assert "is not well-formed XML" in message
    assert "cut short" in message


def test_a_page_without_xbrl_names_the_command_for_it() -> None:
    assert "press-release" in refusal(Document("release.htm", b"<html><body><p>Revenue &nbsp; was $5 million<br></body></html>"))


BOMB = """<?xml version="1.0"?><!DOCTYPE html [<!ENTITY a "ha">{}]><html xmlns:ix="http://www.xbrl.org/2013/inlineXBRL"><p>&z;</p></html>"""


def test_entities_are_refused_and_never_expanded() -> None:
    names = "abcdefghijklmnopqrstuvwxyz"
    levels = "".join(f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in pairwise(names))
    assert "entities" in refusal(Document("bomb.htm", BOMB.format(levels).encode()))


def test_files_are_not_fetched_through_entities(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("ACME")
    text = filing(cover=COVER.replace("Acme Gears, Inc.", "&x;")).content.decode()
    document = Document("acme.htm", f'<!DOCTYPE html [<!ENTITY x SYSTEM "{secret.as_uri()}">]>{text}'.encode())
    assert "entities" in refusal(document)


def test_depth_is_bounded() -> None:
    deep = "<div>" * 5_000 + "</div>" * 5_000
    assert "not well-formed" in refusal(filing(*ROWS, f"<tr><td>{deep}</td></tr>"))


def test_a_period_that_is_not_there_names_those_that_are() -> None:
    message = refusal(filing(), period="2019q3")
    assert "has no period '2019q3': expected one of" in message
    assert re.search(r"2026q2 \(to 2025-07-31\)", message)


def test_another_companys_filing() -> None:
    assert "is a filing of Acme Gears, Inc., which trades as ACME: expected OTHR" in refusal(filing(), ticker="OTHR")
    assert ingest(filing(), ticker="ACME").sheet.company.ticker == "ACME"


def test_a_filing_without_a_symbol_needs_one() -> None:
    unnamed = filing(cover=COVER.replace("TradingSymbol", "Security12gTitle"))
    assert "--ticker" in refusal(unnamed)
    result = ingest(unnamed, ticker="ACME")
    assert result.sheet.company.ticker == "ACME"
    assert "ACME was given" in "\n".join(result.doubts)


def test_statements_in_two_currencies_are_refused() -> None:
    euros = row("Assets", number("gaap:Assets", "now", "8,000", unit="eur"))
    rows = [one for one in ROWS if "Total assets" not in one]
    assert "mixes currencies: some lines of its statements are in USD and others in EUR" in refusal(filing(*rows, euros))


def test_a_translation_into_another_currency_is_left_out() -> None:
    document = filing(*ROWS, row("Net sales in euros", number(REVENUE, "q", "1,130", unit="eur")))
    assert found(document)["revenue"].value == 1234
    assert "figures in EUR repeat those in USD" in doubts(document)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("2025-07-31</xbrli:endDate>", "soon</xbrli:endDate>", "with the day 'soon'"),
        ("<xbrli:startDate>2025-05-01", "<xbrli:startDate>2025-12-01", "starts on 2025-12-01, after its end"),
        (f'name="{REVENUE}"', 'name="acme:Other"', None),
    ],
)
def test_broken_contexts_are_named(old: str, new: str, expected: str | None) -> None:
    document = Document("acme.htm", filing().content.replace(old.encode(), new.encode()))
    if expected:
        assert expected in refusal(document)
    else:
        assert "revenue" not in found(document)


def test_a_figure_that_refers_to_nothing_is_doubtful() -> None:
    stray = number("gaap:InventoryNet", "nowhere", "5")
    assert "us-gaap:InventoryNet refers to a context that the document does not have" in doubts(filing(*ROWS, row("Stock", stray)))


@pytest.mark.parametrize(("shown", "decimals", "scale"), [("9" * 19, "30", 0), ("9" * 39, "-6", 99), ("0.123456789012345678", "INF", 0)])
def test_figures_beyond_what_a_sheet_holds_are_left_out(shown: str, decimals: str, scale: int) -> None:
    document = filing(*ROWS, row("Stock", number("gaap:InventoryNet", "now", shown, decimals=decimals, scale=scale)))
    assert "inventory" not in found(document)
    assert "beyond what a sheet holds" in doubts(document)


def test_days_beyond_all_calendars_are_refused() -> None:
    document = Document("acme.htm", filing().content.replace(b"2025-07-31", b"9999-12-31"))
    assert "with the day '9999-12-31': expected one of the years" in refusal(document)


def test_whatever_a_document_holds_it_is_a_sheet_or_refused() -> None:
    chance, whole = Random(7), filing().content  # noqa: S311 - chance is no secret here
    refused = 0
    for _ in range(150):
        content = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            start = chance.randrange(len(content))
            content[start : start + chance.randint(0, 6)] = bytes(chance.choices(b'0123456789-<>&"=/ .,:abcqh', k=chance.randint(0, 6)))
        try:
            ingest(Document("acme.htm", bytes(content)))
        except InputError:
            refused += 1
    assert 0 < refused < 150


# -- the command -------------------------------------------------------------------------------------------------------------------


def test_the_command_writes_a_sheet_and_explains_it(tmp_path: Path) -> None:
    source, sheet = tmp_path / "acme.htm", tmp_path / "acme.facts.json"
    source.write_bytes(filing().content)
    result = CliRunner().invoke(app, ["ingest", "ixbrl", str(source), "-o", str(sheet), "--ticker", "acme", "--explain"])
    assert result.exit_code == 0, result.output
    assert "revenue: us-gaap:RevenueFromContractWithCustomerExcludingAssessedTax, the only tag" in result.output
    assert load_sheet(sheet, max_bytes=10**6).period == "2026q2"


# -- a foreign company's year ----------------------------------------------------------------------------------------------


def foreign() -> Document:
    """An IFRS company's 20-F: a fiscal year of 53 weeks after one of 52, in euros, numbers written 1.234,5, segments, a zero as a dash."""
    spans = {
        "q": ("2023-10-02", "2024-10-06"),
        "pq": ("2022-10-03", "2023-10-01"),
        "h": ("2023-10-02", "2024-10-06"),
        "now": (None, "2024-10-06"),
        "before": (None, "2023-10-01"),
    }
    plain = "".join(context(name, span) for name, span in spans.items())
    parts = "".join(
        context(f"{name}-{part}", spans[name], [("ifrs-full:SegmentsAxis", f"acme:{member}Member")])
        for name in ("q", "pq")
        for part, member in (("valves", "Valves"), ("seals", "Seals"))
    )

    def euros(concept: str, at: str, shown: str, format: str = "num-comma-decimal", more: str = "") -> str:
        unit = 'unitRef="eur" scale="6" decimals="-5"'
        return f'<ix:nonFraction name="ifrs-full:{concept}" contextRef="{at}" {unit} format="ixt:{format}" {more}>{shown}</ix:nonFraction>'

    rows = (
        row("Revenue", euros("Revenue", "q", "1.234,5"), euros("Revenue", "pq", "1.100,0")),
        row("Valves", euros("Revenue", "q-valves", "800,0"), euros("Revenue", "pq-valves", "700,0")),
        row("Seals", euros("Revenue", "q-seals", "434,5"), euros("Revenue", "pq-seals", "400,0")),
        row("Loss for the year", "(" + euros("ProfitLoss", "q", "56,1", more='sign="-"') + ")", euros("ProfitLoss", "pq", "40,2")),
        row("Profit to owners", euros("ProfitLossAttributableToOwnersOfParent", "q", "57,0", more='sign="-"')),
        row("Assets", euros("Assets", "now", "2.000,0"), euros("Assets", "before", "1.900,0")),
        row("Dividends", euros("DividendsPaidClassifiedAsFinancingActivities", "q", "—", format="fixed-zero")),
    )
    cover = (
        COVER.replace("10-Q", "20-F").replace("2026", "2024").replace(">Q2<", ">FY<")
        .replace("Acme Gears, Inc.", "Acme Valves N.V.").replace(">ACME<", ">AVNV<")
    )  # fmt: skip
    text = (
        f'<html {NAMESPACES} xmlns:ifrs-full="https://xbrl.ifrs.org/taxonomy/2024-03-27/ifrs-full"><body><ix:header><ix:resources>'
        f"{plain}{parts}{UNITS}</ix:resources></ix:header>{cover}<table>{''.join(rows)}</table></body></html>"
    )
    return Document("avnv-20241006.htm", text.encode())


@pytest.mark.parametrize(
    ("id", "value", "unit"),
    [
        ("revenue", "1234.5", "EUR"),
        ("revenue.prior_year", "1100.0", "EUR"),
        ("revenue.valves", "800.0", "EUR"),
        ("revenue.seals.prior_year", "400.0", "EUR"),
        ("net_income", "-57.0", "EUR"),
        ("total_assets", "2000.0", "EUR"),
    ],
)
def test_a_foreign_companys_year(id: str, value: str, unit: str) -> None:
    fact = found(foreign())[id]
    assert (str(fact.value), fact.unit, fact.basis, fact.scale) == (value, unit, Basis.IFRS, "million")


def test_a_year_of_53_weeks_is_a_year_and_its_prior_year_is_the_one_before() -> None:
    sheet = ingest(foreign()).sheet
    assert (sheet.reported_period.kind, sheet.reported_period.start, sheet.reported_period.end) == (
        PeriodKind.ANNUAL, date(2023, 10, 2), date(2024, 10, 6)
    )  # fmt: skip
    assert (sheet.company.name, sheet.company.currency, sheet.period) == ("Acme Valves N.V.", "EUR", "2024fy")
