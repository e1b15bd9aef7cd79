"""A fact sheet from a spreadsheet's CSV export, in one of two shapes.

**One figure a line**: the CSV sheets of `pipeline.facts.csv_sheet`. They are read as they are; `ingest` adds where each figure stands.

**One metric a line, with a column for each period**, as spreadsheets are kept. First what goes for the whole file, a name and a value
on each line; then the table:

    company,Example Networks Inc.
    ticker,EXNT
    currency,USD
    reported period,Q1 2026
    released,2026-04-28
    source,First Quarter 2026 Results
    source kind,press_release
    scale,million
    basis,gaap

    metric,segment,unit,scale,basis,Q1 2026,Q4 2025,Q1 2025,Q2 2026
    ends,,,,,2026-03-31,2025-12-31,2025-03-31,2026-06-30
    revenue,,,,,"1,970.0","1,955.2","1,731.4","2,000 - 2,050"
    revenue,Cloud,,,,"1,104.6",n/a,988.3,
    Gross margin,,,,,54.1%,53.8%,52.0%,
    eps_diluted,,,,,(0.12),0.04,0.08,
    adjusted_eps,,,,,0.21,0.25,0.19,0.20
    cash,,,,,812.5,790.1,,

Before the table: `company`, `ticker`, `currency` (ISO 4217) and `reported period` (the head of a column) are needed; `sector`,
`exchange`, `business`, `released`, `source` (its title), `source kind` (filing, press_release, call, estimates, news, market_data,
other), `publisher`, `published`, `url`, `scale` (of money: one, thousand, million, billion), `basis` (gaap, ifrs, adjusted, ...) and
`decimal` (the mark before decimals, `.` or `,`) may be there. A file with semicolons or tabs between its cells must say `decimal`.

The table: its head has `metric`, any of `segment`, `unit`, `scale`, `basis`, `change` (yoy or qoq, for a rate that the source states)
and `definition`, and one column for each period. The lines right below the head say of each period when it `ends`, and where needed
`starts`, `kind` (quarter, annual, ytd, ttm, instant; read from heads such as Q1 2026, FY2025 or H1 2026 otherwise) and `role`. A metric
is named as in the metric vocabulary, by its id or as prose writes it. Where `unit` is empty it follows from the metric and the
currency; what is counted, shares for instance, must say its `scale` where the file's is not one.

What a figure is to the reported period follows from when its period ends: actual, prior_year, prior_quarter, history; later periods
are guidance, unless their `role` says consensus. A balance such as cash belongs to the day on which its column's period ends.

Cells are as spreadsheets print them: 1,970.0, (16.5), 12.8%, $3.28 billion, 2,800 - 2,900 for a range; empty, -- or n/a where there is
no figure. A dash is never read as zero. Formulas are refused: export the values. Dates: 2026-03-31, 31.03.2026, 31-Mar-26, 46112.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.facts.csv_sheet import CsvSheet, read_csv
from pipeline.facts.loading import from_table
from pipeline.intake.document import Document
from pipeline.intake.ingested import Choice, Ingested
from pipeline.intake.spreadsheet.table import table_of
from pipeline.intake.spreadsheet.wide import Wide, read_wide


def ingest(document: Document) -> Ingested:
    """The sheet that a CSV export holds. Raises InputError with the line, and the column or cell, of all that is wrong with it."""
    path = Path(document.name)
    text = document.text()
    wide = Wide()

    def read() -> CsvSheet:
        nonlocal wide
        table = table_of(text)
        if table.is_long:
            return _placed(read_csv(text, path.name))
        wide = read_wide(table, path.name)
        return wide.sheet

    sheet = from_table(path, read)
    if wide.sheet.data:
        return Ingested(sheet, tuple(wide.choices), tuple(wide.doubts))
    return Ingested(sheet, tuple(Choice(fact.id, f"stands so in {fact.locator}") for fact in sheet.facts))


def _placed(sheet: CsvSheet) -> CsvSheet:
    """The same facts with where they stand, and with what stands there as a quote where the file gives none."""
    for n, fact in enumerate(sheet.data["facts"]):
        name = next((name for name in ("value", "low", "high") if name in fact), None)
        if name is None:
            continue
        line, column = sheet.cells["facts", n, name]
        fact["locator"] = f"line {line}, column {column}"
        fact.setdefault("quote", fact[name] if name == "value" else f"{fact[name]} to {fact.get('high', '')}")
    return sheet
