"""Releases to sheets, on small documents of our own: what is read, what is left out, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.facts.loading import load_sheet
from pipeline.facts.quantity import Bound, Scale
from pipeline.facts.sheet import Basis, Fact, PeriodKind, Role
from pipeline.intake.document import Document
from pipeline.intake.ingested import Ingested
from pipeline.intake.release import ingest
from pipeline.intake.release.columns import columns_of, is_head
from pipeline.intake.release.numbers import row_of
from pipeline.intake.writing import sheet_text

RELEASE = """
                    Lumen Pumps, Inc. Reports Second Quarter Fiscal 2025 Results

AUSTIN, Texas - July 24, 2025 - Lumen Pumps, Inc. (NYSE: LMPX) today announced results for its second quarter fiscal 2025 ended
June 30, 2025.

"Orders from water utilities held up well and we shipped more pumps than in any quarter before," said Ada Kern, Chief Executive Officer.

Third Quarter Fiscal 2025 Guidance

     • Revenue of $120 million to $124 million, compared to prior guidance of $118 million to $122 million
     • Adjusted EPS of approximately $0.55
     • Diluted EPS of 41 to 43 cents
     • Gross margin decline of 1.0% to 2.0%

Conference Call

                              Lumen Pumps, Inc.
                 Condensed Consolidated Statements of Operations
                  (in millions, except per share data)
                              (Unaudited)
                                   Three Months Ended June 30,       Six Months Ended June 30,
                                     2025          2024               2025          2024
Revenues:
  Pumps                        $     80.0     $    70.0           $  150.0     $   130.0
  Services (1)                       35.0          30.0               68.0          60.0
     Total revenues                 115.0         100.0              218.0         190.0
Cost of revenues                     60.0          55.0              115.0         104.0
Gross profit                         55.0          45.0              103.0          86.0
Operating income (loss)              12.0          (13.5)              20.0          (5.0)
Restructuring                          —            2.0                 —            2.0
Interest expense                     (1.5)         (1.2)              (3.0)         (2.4)
Net income (loss)              $      8.0     $    (4.0)          $   13.0     $    (6.0)
Net income (loss) per share:
  Basic                        $     0.41     $   (0.20)          $   0.66     $   (0.30)
  Diluted                      $     0.40     $   (0.20)          $   0.65     $   (0.30)
Weighted-average shares:
  Diluted                            20.0          20.0               20.0          20.0

                              Lumen Pumps, Inc.
                 Condensed Consolidated Balance Sheets
                             (in millions)
                                   June 30,      December 31,
                                     2025            2024
Cash and cash equivalents      $     41.0      $     39.0
Total assets                        300.0           290.0
Total equity                        150.0           140.0

                 Reconciliation of GAAP to Non-GAAP Measures
                                   Three Months Ended June 30,
                                     2025          2024
GAAP operating income (loss)         12.0          (13.5)
Stock-based compensation              4.0           3.0
Non-GAAP operating income      $     16.0     $   (10.5)
"""


def read(text: str | bytes, name: str = "release.txt", **given: str | None) -> Ingested:
    content = text if isinstance(text, bytes) else text.encode()
    return ingest(Document(name, content), **{"ticker": None, "sector": None, "period": None} | given)


def facts_of(found: Ingested) -> dict[str, Fact]:
    return {fact.id: fact for fact in found.sheet.facts}


def refused(text: str | bytes, period: str | None = None) -> str:
    with pytest.raises(InputError) as caught:
        read(text, period=period)
    return str(caught.value)


@pytest.fixture(scope="module")
def found() -> Ingested:
    return read(RELEASE)


# -- head ----------------------------------------------------------------------------------------------------------------


def test_the_head_says_who_when_and_for_which_period(found: Ingested) -> None:
    sheet = found.sheet
    assert (sheet.company.name, sheet.company.ticker, sheet.company.exchange) == ("Lumen Pumps, Inc.", "LMPX", "NYSE")
    assert (str(sheet.released), sheet.period, sheet.reported_period.label) == ("2025-07-24", "2025q2", "Q2 2025")
    assert str(sheet.reported_period.start) == "2025-04-01"


def test_what_is_written_loads_as_the_same_sheet(found: Ingested, tmp_path: Path) -> None:
    path = tmp_path / "lmpx.facts.json"
    path.write_text(sheet_text(found.sheet))
    assert load_sheet(path, max_bytes=1_000_000) == found.sheet


def test_every_fact_says_where_it_stands(found: Ingested) -> None:
    assert all(fact.locator and fact.locator.startswith("page 1, line") and fact.quote for fact in found.sheet.facts)


def test_another_ticker_than_the_release_says_is_a_doubt() -> None:
    assert any("LMPX" in doubt for doubt in read(RELEASE, ticker="ABC").doubts)


# -- tables --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("id", "value", "scale", "role"),
    [
        ("revenue", "115.0", Scale.MILLION, Role.ACTUAL),
        ("revenue.prior_year", "100.0", Scale.MILLION, Role.PRIOR_YEAR),
        ("revenue.ytd", "218.0", Scale.MILLION, Role.ACTUAL),
        ("revenue.ytd.prior_year", "190.0", Scale.MILLION, Role.PRIOR_YEAR),
        ("revenue.pumps", "80.0", Scale.MILLION, Role.ACTUAL),
        ("revenue.services.prior_year", "30.0", Scale.MILLION, Role.PRIOR_YEAR),
        ("operating_income.prior_year", "-13.5", Scale.MILLION, Role.PRIOR_YEAR),
        ("interest_expense", "1.5", Scale.MILLION, Role.ACTUAL),
        ("eps_diluted", "0.40", Scale.ONE, Role.ACTUAL),
        ("diluted_shares", "20.0", Scale.MILLION, Role.ACTUAL),
        ("cash", "41.0", Scale.MILLION, Role.ACTUAL),
        ("history.2024_12_31.cash", "39.0", Scale.MILLION, Role.HISTORY),
    ],
)
def test_rows_become_facts(found: Ingested, id: str, value: str, scale: Scale, role: Role) -> None:
    fact = facts_of(found)[id]
    assert (str(fact.value), fact.scale, fact.role, fact.basis) == (value, scale, role, Basis.GAAP)


def test_a_dash_is_no_zero(found: Ingested) -> None:
    assert "restructuring_charges" not in facts_of(found)
    assert facts_of(found)["restructuring_charges.prior_year"].value == 2


def test_an_adjusted_figure_takes_the_scale_that_the_statement_proves(found: Ingested) -> None:
    fact = facts_of(found)["adjusted_operating_income"]
    assert (fact.value, fact.scale, fact.basis) == (Decimal("16.0"), Scale.MILLION, Basis.ADJUSTED)
    assert fact.definition
    unproven = RELEASE.replace(
        "GAAP operating income (loss)         12.0          (13.5)", "GAAP operating income (loss)         12.1          (13.6)"
    )
    assert "adjusted_operating_income" not in facts_of(read(unproven))


def test_parts_that_do_not_add_up_are_no_segments() -> None:
    facts = facts_of(read(RELEASE.replace("Services (1)                       35.0", "Services (1)                       36.0")))
    assert "revenue.pumps" not in facts
    assert facts["revenue"].value == 115


def test_shares_of_another_scale_are_left_out() -> None:
    odd = read(
        RELEASE.replace("Diluted                            20.0          20.0", "Diluted                        20,000        20,000")
    )
    assert "diluted_shares" not in facts_of(odd)
    assert any("diluted_shares" in doubt for doubt in odd.doubts)


def test_two_tables_that_differ_are_a_doubt_and_the_statement_wins() -> None:
    other = (
        "\nSelected Data\n(in millions)\n   Three Months Ended June 30,   Three Months Ended March 31,\n  2025   2024   2025   2024\n"
        "Total revenues   115.0   100.0   103.0   91.0\n"
    )
    facts = facts_of(read(RELEASE + other))
    assert facts["revenue.prior_quarter"].value == 103
    differs = read(RELEASE + other.replace("115.0   100.0", "116.0   100.0"))
    assert "revenue.prior_quarter" not in facts_of(differs)


@pytest.mark.parametrize(
    ("head", "ends"),
    [
        (["Three Months Ended April 30,", "2023 2022"], ["quarter 2023-04-30", "quarter 2022-04-30"]),
        (["12 Weeks Ended   36 Weeks Ended", "May 7, 2023 May 8, 2022   May 7, 2023 May 8, 2022"],
         ["quarter 2023-05-07", "quarter 2022-05-08", "ytd 2023-05-07", "ytd 2022-05-08"]),
        (["Three Months Ended", "March 31,  December 31,", "2023   2022"], ["quarter 2023-03-31", "quarter 2022-12-31"]),
        (["Quarters Ended March 31, 2023   2022   Inc/ (Dec)"], ["quarter 2023-03-31", "quarter 2022-03-31"]),
        (["12 Weeks Ended", "3/25/2023   3/19/2022"], ["quarter 2023-03-25", "quarter 2022-03-19"]),
    ],
)  # fmt: skip
def test_heads_over_several_lines(head: list[str], ends: list[str]) -> None:
    assert all(is_head(text) for text in head)
    columns = columns_of(head, instants=False)
    assert columns is not None
    assert [f"{column.kind} {column.end}" for column in columns] == ends


@pytest.mark.parametrize(
    "head",
    [
        ["2023   2022"],  # of what stretch?
        ["Three Months Ended June 30,", "2023 2022 2023 2022"],  # GAAP and adjusted side by side, perhaps
        ["Three Months Ended   Six Months Ended", "June 30, 2023   June 30, 2022   June 30, 2023"],
        ["Three Months Ended February 30,", "2023 2022"],
    ],
)
def test_heads_that_are_not_certain_set_up_nothing(head: list[str]) -> None:
    assert columns_of(head, instants=False) is None


def test_weeks_give_the_first_day_and_a_quarter_that_ends_within_a_month_does_not() -> None:
    weekly = RELEASE.replace("June 30,       Six", "June 28,       Six").replace("Six Months Ended June 30,", "Six Months Ended June 28,")
    assert read(weekly).sheet.reported_period.start is None


def test_a_footnote_mark_is_no_figure() -> None:
    row = row_of("Product (1)      (141)     7")
    assert row is not None
    figures = row.of(2)
    assert figures is not None
    assert [figure.value for figure in figures] == [Decimal(-141), Decimal(7)]
    assert row.of(4) is None


# -- guidance and quotations ---------------------------------------------------------------------------------------------


def test_guidance_has_low_and_high_of_its_own_period(found: Ingested) -> None:
    fact = facts_of(found)["guidance.revenue"]
    assert (fact.low, fact.high, fact.scale, fact.period) == (Decimal(120), Decimal(124), Scale.MILLION, "2025q3")
    period = found.sheet.periods_by_id["2025q3"]
    assert (period.kind, str(period.end)) == (PeriodKind.QUARTER, "2025-09-30")
    about = facts_of(found)["guidance.adjusted_eps"]
    assert (about.value, about.bound, about.basis) == (Decimal("0.55"), Bound.ABOUT, Basis.ADJUSTED)


def test_a_guided_decline_of_a_margin_is_no_margin(found: Ingested) -> None:
    assert "guidance.gross_margin" not in facts_of(found)


def test_cents_are_no_dollars(found: Ingested) -> None:
    assert "guidance.eps_diluted" not in facts_of(found)
    assert any("currency is not certain" in doubt for doubt in found.doubts)


def test_what_management_said_has_its_speaker(found: Ingested) -> None:
    (statement,) = found.sheet.statements
    assert statement.speaker == "Ada Kern, Chief Executive Officer"
    assert statement.text.startswith("Orders from water utilities")


# -- formats and bad input -----------------------------------------------------------------------------------------------

HTML = """<html><head><title>x</title><script>var said = "evil";</script></head><body onload="alert(1)">
<p>Lumen Pumps, Inc. (NYSE: LMPX) announced results for the second quarter fiscal 2025.</p>
<script>document.write("<p>Net income 99</p>")</script>
<div>Consolidated Statements of Income</div><div>(in thousands, except per share data)</div>
<table><tr><td></td><td colspan="3">Three Months Ended</td></tr><tr><td></td><td>June 30, 2025</td><td></td><td>June 30, 2024</td></tr>
<tr><td>Net sales</td><td>$</td><td>115,000</td><td>$</td><td>100,000</td></tr>
<tr><td><script>Net income</script></td><td>99</td><td>98</td></tr>
<tr><td>Operating income</td><td></td><td>(</td><td>3,500</td><td>)</td><td>2,000</td></tr></table></body></html>"""


def test_html_is_read_by_its_rows_and_scripts_are_dropped() -> None:
    found = read(HTML)
    facts = facts_of(found)
    assert (facts["revenue"].value, facts["revenue"].scale) == (Decimal(115_000), Scale.THOUSAND)
    assert facts["operating_income"].value == -3500
    assert "net_income" not in facts
    assert "evil" not in sheet_text(found.sheet)


def test_a_table_without_a_head_gives_nothing() -> None:
    headless = "\n".join(
        line for line in RELEASE.splitlines() if "Months Ended" not in line and not line.strip().startswith(("2025", "June 30,"))
    )
    assert "no results in it" in refused(headless)


def test_a_table_without_a_scale_gives_nothing() -> None:
    assert "its scale" in refused(RELEASE.replace("in millions", "in units"))


def test_a_long_text_of_something_else_has_no_results() -> None:
    assert "no results in it" in refused("The lighthouse keeper counted 14 ships that evening, and 12 the evening before.\n" * 8_000)


@pytest.mark.parametrize("content", [b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog", b"%PDF-1.4 nothing follows"])
def test_a_truncated_pdf_is_refused(content: bytes) -> None:
    pytest.importorskip("pypdfium2", reason="reading a PDF needs the filings extra")
    assert "PDF" in refused(content)


def test_a_pdf_without_text_says_so() -> None:
    pypdfium2 = pytest.importorskip("pypdfium2", reason="reading a PDF needs the filings extra")
    import io

    pdf = pypdfium2.PdfDocument.new()
    pdf.new_page(300, 300)
    content = io.BytesIO()
    pdf.save(content)
    assert "without text" in refused(content.getvalue())


def test_another_kind_of_document_is_refused() -> None:
    assert "expected HTML, text or PDF" in refused(b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0d")
    assert "no results in it" in refused('{"cik": 320193, "facts": {"us-gaap": {}}}')


def test_another_period_than_the_release_reports_is_refused() -> None:
    assert "reports 2025q2" in refused(RELEASE, period="2024q4")
    assert read(RELEASE, period="2025-06-30").sheet.period == "2025q2"


def test_a_release_without_a_ticker_asks_for_one() -> None:
    assert "--ticker" in refused(RELEASE.replace(" (NYSE: LMPX)", ""))
    assert read(RELEASE.replace(" (NYSE: LMPX)", ""), ticker="LMPX").sheet.company.name == "Lumen Pumps, Inc."
