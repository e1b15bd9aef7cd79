"""Spreadsheets into sheets: cells as they are printed, columns as periods, and what a person sees when a table is wrong."""

from __future__ import annotations

import gzip
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.facts.factbase import FactBase
from pipeline.facts.loading import load_sheet
from pipeline.facts.quantity import Scale
from pipeline.facts.sheet import Basis, FactSheet, PeriodKind, Role
from pipeline.intake import estimates, spreadsheet
from pipeline.intake.document import Document, read_document
from pipeline.intake.ingested import Ingested
from pipeline.intake.periods import Label, label
from pipeline.intake.spreadsheet.cells import Cell, cell, day
from pipeline.intake.spreadsheet.table import letters
from pipeline.intake.writing import sheet_text

HEAD = """\
company,"Example Networks, Inc."
ticker,EXNT
currency,USD
reported period,Q1 2026
released,2026-04-28
source,First Quarter 2026 Results
source kind,press_release
scale,million
basis,gaap

"""
TABLE = """\
metric,segment,unit,scale,basis,Q1 2026,Q4 2025,Q1 2025,Q1 2024,Q2 2026
ends,,,,,2026-03-31,31.12.2025,45747,"March 31, 2024",30-Jun-26
revenue,,,,,"$1,970.0","1,955.2","1,731.4","1,600.0","2,000 - 2,050"
revenue,Cloud services,,,,"1,104.6",n/a,988.3,,
Gross margin,,,,,54.1%,53.8%,52.0%,--,
eps_diluted,,,,,(0.12),0.04,0.08,,
adjusted_eps,,,,,0.21,0.25,0.19,,0.20
cash,,,,,812.5,790.1,,700.0,
customers,,,one,,"4,120",,,,
"""
LONG = """\
company,ticker,currency,period,period_kind,period_end,metric,value,unit,scale,role,quote
Example Networks,EXNT,USD,2026q1,quarter,2026-03-31,revenue,1970.0,USD,million,actual,
Example Networks,EXNT,USD,2025q1,quarter,2025-03-31,revenue,1731.4,USD,million,prior_year,"Total revenues 1,731.4"
"""


def ingested(text: str, name: str = "exnt.csv") -> Ingested:
    return spreadsheet.ingest(Document(name, text.encode()))


def problems(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        ingested(text)
    return str(caught.value).splitlines()


def values(sheet: FactSheet) -> dict[str, str]:
    return {fact.id: f"{fact.value if fact.value is not None else f'{fact.low} to {fact.high}'}" for fact in sheet.facts}


# -- cells ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("1,970.0", Cell(Decimal("1970.0"))),
        ("(16.5)", Cell(Decimal("-16.5"))),
        ("-16.5", Cell(Decimal("-16.5"))),
        ("−16.5", Cell(Decimal("-16.5"))),
        ("12.8%", Cell(Decimal("12.8"), unit="percent")),
        ("(12.8)%", Cell(Decimal("-12.8"), unit="percent")),
        ("(12.8%)", Cell(Decimal("-12.8"), unit="percent")),
        ("1.9x", Cell(Decimal("1.9"), unit="x")),
        ("550 bps", Cell(Decimal(550), unit="bp")),
        ("$1,970", Cell(Decimal(1970), currency="$")),
        ("-$5", Cell(Decimal(-5), currency="$")),
        ("€1.2bn", Cell(Decimal("1.2"), scale=Scale.BILLION, currency="€")),
        ("$3.28 billion", Cell(Decimal("3.28"), scale=Scale.BILLION, currency="$")),
        ("CNY 12", Cell(Decimal(12), currency="CNY")),
        ("1\u00a0970.0", Cell(Decimal("1970.0"))),
        ("2,800 - 2,900", Cell(None, Decimal(2800), Decimal(2900))),
        ("$8.51 - $8.53 billion", Cell(None, Decimal("8.51"), Decimal("8.53"), scale=Scale.BILLION, currency="$")),
        ("5 to 6%", Cell(None, Decimal(5), Decimal(6), unit="percent")),
        ("0.10", Cell(Decimal("0.10"))),
        ("--", None),
        ("n/a", None),
        ("", None),
    ],
)
def test_cells_as_spreadsheets_print_them(written: str, expected: Cell | None) -> None:
    found = cell(written)
    assert found == expected
    if found is not None and expected is not None:
        assert str(found.value) == str(expected.value), "the written digits say how it was rounded"


@pytest.mark.parametrize(
    ("written", "value"), [("1.970,0", "1970.0"), ("12,8%", "12.8"), ("1.970", "1970"), ("(16,5)", "-16.5"), ("1 970,0", "1970.0")]
)
def test_cells_with_a_comma_before_decimals(written: str, value: str) -> None:
    found = cell(written, ",")
    assert found is not None
    assert str(found.value) == value


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("=A1*2", "formula"),
        ("+A1", "formula"),
        ("-B2+C3", "formula"),
        ("@SUM(A1)", "formula"),
        ('=HYPERLINK("http://x","y")', "formula"),
        ("=cmd|' /C calc'!A0", "formula"),
        ("#REF!", "spreadsheet's error"),
        ("1,97", "not a figure"),
        ("1.970,0", "not a figure"),
        ("1e5", "not a figure"),
        ("NaN", "not a figure"),
        ("inf", "not a figure"),
        ("--5", "not a figure"),
        ("(-5)", "not a figure"),
        ("10% - 5%", "lower end first"),
        ("1 million - 2 billion", "different scale"),
        ("9" * 100, "too long"),
        ("१२", "not a figure"),
    ],
)
def test_cells_that_are_no_figures(written: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("'", ".")):
        cell(written)


@given(st.text(max_size=80))
@settings(max_examples=300)
def test_a_cell_is_a_figure_or_refused_whatever_it_holds(written: str) -> None:
    for read in (cell, lambda text: cell(text, ","), day):
        try:
            read(written)
        except ValueError:
            continue


@given(value=st.decimals(-(10**9), 10**9, places=2), places=st.integers(0, 2))
def test_a_printed_figure_is_read_back(value: Decimal, places: int) -> None:
    rounded = round(value, places)
    shown = f"{abs(rounded):,.{places}f}"
    found = cell(f"({shown})" if rounded < 0 else shown)
    assert found is not None
    assert found.value == rounded
    european = cell(("-" if rounded < 0 else "") + shown.translate(str.maketrans(",.", ".,")), ",")
    assert european is not None
    assert european.value == rounded


@pytest.mark.parametrize(
    "written", ["2026-03-31", "31.03.2026", "3/31/2026", "31/3/2026", "31-Mar-26", "March 31, 2026", "Mar 31 2026", "46112"]
)
def test_days_as_spreadsheets_write_them(written: str) -> None:
    assert day(written) == date(2026, 3, 31)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("3/4/2026", "either"),
        ("2026-02-30", "no day"),
        ("9999-01-01", "after 2100"),
        ("1899-01-01", "before 1950"),
        ("soon", "not a date"),
        ("99999", "after"),
    ],
)
def test_days_that_are_none_or_two(written: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        day(written)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        *((text, Label(2026, "q1")) for text in ("Q1 2026", "1Q26", "Q1 FY26", "2026q1", "FY26 Q1", "2026 Q1", "Q1'26", "q1 fy2026")),
        *((text, Label(2025, "fy")) for text in ("FY2025", "FY25", "2025fy", "FY 2025")),
        ("H1 2026", Label(2026, "h1")),
        ("9M 2026", Label(2026, "9m")),
        ("2026", None),
        ("Q5 2026", None),
        ("Q2 2026E", None),
    ],
)
def test_heads_that_name_fiscal_periods(written: str, expected: Label | None) -> None:
    assert label(written) == expected


def test_columns_have_the_names_that_spreadsheets_give_them() -> None:
    assert [letters(n) for n in (0, 25, 26, 51, 52, 701, 702)] == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]


# -- one metric a line ---------------------------------------------------------------------------------------------------


def test_a_column_for_each_period_becomes_facts_with_roles_by_their_days(tmp_path: Path) -> None:
    found = ingested(HEAD + TABLE)
    sheet = found.sheet
    assert values(sheet) == {
        "revenue": "1970.0",
        "revenue.prior_quarter": "1955.2",
        "revenue.prior_year": "1731.4",
        "history.2024q1.revenue": "1600.0",
        "guidance.revenue": "2000 to 2050",
        "revenue.cloud_services": "1104.6",
        "revenue.cloud_services.prior_year": "988.3",
        "gross_margin": "54.1",
        "gross_margin.prior_quarter": "53.8",
        "gross_margin.prior_year": "52.0",
        "eps_diluted": "-0.12",
        "eps_diluted.prior_quarter": "0.04",
        "eps_diluted.prior_year": "0.08",
        "adjusted_eps": "0.21",
        "adjusted_eps.prior_quarter": "0.25",
        "adjusted_eps.prior_year": "0.19",
        "guidance.adjusted_eps": "0.20",
        "cash": "812.5",
        "cash.prior_quarter": "790.1",
        "history.2024_03_31.cash": "700.0",
        "customers": "4120",
    }
    facts = {fact.id: fact for fact in sheet.facts}
    assert (facts["revenue"].unit, facts["revenue"].scale, facts["revenue"].basis) == ("USD", Scale.MILLION, Basis.GAAP)
    assert (facts["eps_diluted"].unit, facts["eps_diluted"].scale) == ("USD/share", Scale.ONE)
    assert (facts["gross_margin"].unit, facts["adjusted_eps"].basis, facts["customers"].basis) == ("percent", Basis.ADJUSTED, Basis.KPI)
    assert (facts["revenue"].locator, facts["revenue"].quote) == ("row 13, column F (Q1 2026)", "revenue $1,970.0")
    assert sheet.periods_by_id["2026-03-31"].kind is PeriodKind.INSTANT
    assert facts["cash"].period == "2026-03-31"
    assert (sheet.sources[0].title, sheet.sources[0].kind) == ("First Quarter 2026 Results", "press_release")
    assert [doubt for doubt in found.doubts if "taken for guidance" in doubt]
    assert {choice.fact for choice in found.choices} == set(facts)
    path = tmp_path / "exnt.facts.json"
    path.write_text(sheet_text(sheet))
    assert load_sheet(path, max_bytes=1_000_000) == sheet
    assert FactBase.of(sheet)["revenue.yoy"].quantity.value == pytest.approx(Decimal("13.78"), abs=Decimal("0.01"))


EUROPEAN = """\
decimal;,
company;Example Networks, Inc.
ticker;EXNT
currency;EUR
reported period;Q1 2026
scale;million

metric;Q1 2026;Q1 2025;Q2 2026
ends;31.03.2026;31.03.2025;30.06.2026
revenue;1.970,0;€1.731,4;2.000 - 2.050
gross_margin;54,1%;52,0 %;
eps_diluted;(0,12);0,08;
"""


def test_semicolons_tabs_and_excels_own_line() -> None:
    expected = {
        "revenue": "1970.0", "revenue.prior_year": "1731.4", "guidance.revenue": "2000 to 2050", "gross_margin": "54.1",
        "gross_margin.prior_year": "52.0", "eps_diluted": "-0.12", "eps_diluted.prior_year": "0.08",
    }  # fmt: skip
    for text in (EUROPEAN, "sep=;\n" + EUROPEAN, EUROPEAN.replace(";", "\t"), "sep=\\t\n" + EUROPEAN.replace(";", "\t")):
        assert values(ingested(text).sheet) == expected
        assert "does not say what stands before decimals" in problems(re.sub("decimal.*\n", "", text))[0]


def test_long_spans_keep_apart_from_the_quarter() -> None:
    table = (
        "metric,Q2 2026,H1 2026,FY2025,H1 2025\nends,2026-06-30,2026-06-30,2025-12-31,2025-06-30\n"
        "starts,2026-04-01,2026-01-01,,\nrevenue,10,19,35,17\n"
    )
    sheet = ingested(HEAD.replace("Q1 2026", "Q2 2026").replace("2026-04-28", "2026-07-28") + table).sheet
    assert values(sheet) == {"revenue": "10", "revenue.ytd": "19", "history.2025fy.revenue": "35", "revenue.ytd.prior_year": "17"}
    assert sheet.periods_by_id["2026h1"].start == date(2026, 1, 1)


def test_a_role_makes_a_later_or_a_second_column_consensus() -> None:
    table = "metric,Q1 2026,Q1 2026,Q2 2026\nends,2026-03-31,2026-03-31,2026-06-30\nrole,,consensus,consensus\nrevenue,1970.0,1950.5,2010\n"
    found = ingested(HEAD + table)
    assert values(found.sheet) == {"revenue": "1970.0", "consensus.revenue": "1950.5", "consensus_next.revenue": "2010"}
    assert not found.doubts
    assert FactBase.of(found.sheet)["revenue.surprise"].quantity.value == pytest.approx(Decimal(1), abs=Decimal("0.001"))


def test_rates_that_the_source_states_and_two_bases_of_one_metric() -> None:
    table = (
        "metric,change,basis,definition,Q1 2026,Q1 2025\nends,,,,2026-03-31,2025-03-31\nrevenue,,,,10,9\nrevenue,yoy,,,11%,\n"
        "revenue,yoy,constant_currency,at last year's rates,12%,\n"
        "operating_margin,yoy,,,1.5 pp,\nnet_income,,,,5,\nnet_income,,adjusted,,6,\n"
    )
    facts = {fact.id: fact for fact in ingested(HEAD + table).sheet.facts}
    assert set(facts) >= {
        "revenue.yoy_reported",
        "revenue.yoy_constant_currency",
        "operating_margin.yoy_reported",
        "net_income",
        "net_income.adjusted",
    }
    assert facts["operating_margin.yoy_reported"].unit == "pp"


def test_a_price_is_never_in_millions() -> None:
    table = "metric,scale,Q1 2026\nends,,2026-03-31\nrevenue,,10\naverage_selling_price,,412.50\n"
    assert problems(HEAD + table) == [
        "exnt.csv:14: C14: its scale is not said: expected one, thousand, million or billion, in the column scale or before the table"
    ]
    facts = {fact.id: fact for fact in ingested(HEAD + table.replace("price,,", "price,one,")).sheet.facts}
    assert facts["average_selling_price"].quantity.value == Decimal("412.50")


def test_blank_rows_and_columns_say_nothing() -> None:
    padded = (HEAD + TABLE).replace("\n", ",,,,,,,,,,,,\n").replace("\nrevenue,", "\n,,,\n\nrevenue,")
    assert values(ingested(padded).sheet) == values(ingested(HEAD + TABLE).sheet)


def change(old: str, new: str) -> str:
    text = HEAD + TABLE
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (change("54.1%", "=F3/F4"), "exnt.csv:15: F15: '=F3/F4' is a formula"),
        (change("812.5", "€812.5"), "F18: a figure in '€' in a row that is in USD"),
        (change("54.1%", "$54.1"), "F15: a figure in '$' in a row that is in percent"),
        (change("812.5", "54%"), "F18: a figure in percent in a row that is in USD"),
        (change("812.5", "800 - 812"), "F18: '800 - 812' is a range"),
        (change("Gross margin,,,", "Gross margin,,ratio,"), "a figure with % in a row of ratios"),
        (change("customers,,,one", "customers,,,"), "its scale is not said"),
        (change("Gross margin", "Gros margn"), "unknown metric 'Gros margn': did you mean 'gross_margin'?"),
        (change("eps_diluted,,,", "eps_diluted,,dollars,"), "unknown unit 'dollars'"),
        (change("eps_diluted,,,", "eps_diluted,,percent,"), "unit 'percent' does not fit eps_diluted"),
        (change("cash,,,", "revenue,,,"), "F18: gives revenue a second time, after F13"),
        (change("ends,", "end of the period,"), "when 'Q1 2026' ends is not said"),
        (change("2026-03-31", "2026-02-31"), "no day of a calendar"),
        (change("2026-03-31", "03/04/2026"), "either of two days"),
        (change("Q1 2024", "last year"), "what stretch of time 'last year' is is not said"),
        (change("reported period,Q1 2026", "reported period,Q3 2026"), "expected one of Q1 2026, Q4 2025, Q1 2025, Q1 2024, Q2 2026"),
        (change("reported period,Q1 2026\n", ""), "reported period is missing"),
        (change("ticker,EXNT\n", ""), "ticker is missing"),
        (change("ticker,EXNT", "ticker,not a ticker"), "exnt.csv:2: B2"),
        (change("ticker,EXNT", "tickr,EXNT"), "did you mean 'ticker'?"),
        (change("scale,million", "scale,lakh"), "'lakh' is no scale"),
        (change("basis,gaap", "basis,core"), "'core' is no basis"),
        (change("released,2026-04-28", "released,soon"), "'soon' is not a date"),
        (change('"Example Networks, Inc."', "Example Networks, Inc."), "company has 2 values"),
        (change("source kind,press_release", "source kind,rumour"), "B7"),
        (change("Q1 2024", "2024-03-31").replace('"March 31, 2024"', ""), "revenue is over a stretch of time, and '2024-03-31' is a day"),
        (HEAD, "has no table"),
        (HEAD + TABLE.splitlines()[0] + "\n", "when 'Q1 2026' ends is not said"),
        (HEAD + "\n".join(TABLE.splitlines()[:2]) + "\n", "has no metrics"),
        (HEAD + "metric,segment\nrevenue,x\n", "has no period"),
        ("a,b,c\n1,2,3\n", "has no table"),
        ("\n\n,,\n", "is empty"),
        ('company,"Example', "is not valid CSV"),
        (HEAD + TABLE + "revenue,A,,,,1,2,3,4,5\n" * 1_000_000, "more than 20,000 rows"),
        (HEAD + TABLE.replace("Q2 2026", "Q2 2026" + ",x" * 200), "expected at most 120"),
        (HEAD + TABLE + "".join(f"revenue,S{n},,,,1,2,3,4,5\n" for n in range(900)), "more than 2,000 figures"),
    ],
)
def test_bad_tables_are_refused_with_their_cell(text: str, said: str) -> None:
    lines = problems(text)
    assert any(said in line for line in lines), lines
    assert all(line.startswith("exnt.csv") for line in lines)
    assert len(lines) <= 21


@given(st.text(alphabet=st.sampled_from("metric,\n\"';\t=Q1 2026ends-.%()$revenuecompany\x00é"), max_size=200))
@settings(max_examples=60, deadline=None)
def test_no_text_does_more_than_be_refused(text: str) -> None:
    for given_text in (text, HEAD + text, HEAD + TABLE + text):
        document = Document("x.csv", given_text.encode())
        try:
            found = spreadsheet.ingest(document)
            estimates.add(found, document)
        except InputError:
            continue


# -- one figure a line ---------------------------------------------------------------------------------------------------


def test_a_long_table_is_read_as_it_is_and_says_where_each_figure_stands(tmp_path: Path) -> None:
    path = tmp_path / "exnt.csv.gz"
    path.write_bytes(gzip.compress(LONG.encode()))
    found = spreadsheet.ingest(read_document(path))
    first, second = found.sheet.facts
    assert (first.locator, first.quote, first.value) == ("line 2, column value", "1970.0", Decimal("1970.0"))
    assert (second.locator, second.quote, second.role) == ("line 3, column value", "Total revenues 1,731.4", Role.PRIOR_YEAR)
    assert "line 2, column value" in found.choices[0].because


def test_a_long_table_keeps_its_own_errors() -> None:
    assert problems(LONG.replace("1970.0", "=1+1"))[0].startswith("exnt.csv:2: value")
    assert "semicolons" in problems(LONG.replace(",", ";"))[0]
