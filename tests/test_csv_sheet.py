"""CSV fact sheets: what the columns mean, which defaults hold, and what a person sees when a table is wrong."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.facts import csv_sheet
from pipeline.facts.csv_sheet import COLUMNS, REQUIRED, read_csv
from pipeline.facts.factbase import FactBase
from pipeline.facts.loading import load_sheet
from pipeline.facts.sheet import FactSheet

LIMIT = 1_000_000
Cells = dict[str, str]
FIRST: Cells = {
    "company": "Kingsoft Cloud", "ticker": "KC", "currency": "CNY",
    "period": "2026q1", "period_kind": "quarter", "period_start": "2026-01-01", "period_end": "2026-03-31",
    "metric": "revenue", "segment": "", "value": "2703.7", "low": "", "high": "", "unit": "CNY", "scale": "million",
    "change": "", "basis": "gaap", "role": "actual",
}  # fmt: skip
YEAR_AGO: Cells = {
    "period": "2025q1", "period_start": "2025-01-01", "period_end": "2025-03-31", "value": "1970.0", "role": "prior_year",
}  # fmt: skip
NEXT: Cells = {
    "period": "2026q2", "period_start": "2026-04-01", "period_end": "2026-06-30",
    "value": "", "low": "2800", "high": "2900", "role": "guidance",
}  # fmt: skip


def table(*rows: Cells, drop: Sequence[str] = (), **more: str) -> str:
    """A CSV of the first row and others that differ from it as told; `more` adds columns."""
    columns = [name for name in (*FIRST, *more, *(name for row in rows for name in row)) if name not in drop]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(dict.fromkeys(columns)), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in ({}, *rows):
        writer.writerow({**FIRST, **more, **row})
    return out.getvalue()


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write_it(text: str | bytes) -> Path:
        path = tmp_path / "kc.csv"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write_it


def seen(path: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        load_sheet(path, max_bytes=LIMIT)
    return [line.replace(f"{path.parent}/", "") for line in str(caught.value).splitlines()]


def load(text: str | bytes, write: Callable[..., Path]) -> FactSheet:
    return load_sheet(write(text), max_bytes=LIMIT)


# -- what a table means --------------------------------------------------------------------------------------------------


def test_a_table_is_the_sheet_that_json_would_hold(write: Callable[..., Path]) -> None:
    text = table(
        YEAR_AGO,
        NEXT,
        {"value": "37.2", "unit": "percent", "scale": "", "change": "yoy"},
        {"id": "street", "role": "consensus", "basis": "", "analysts": "9", "as_of": "2026-05-20"},
        sector="cloud",
        exchange="NASDAQ",
        released="2026-05-27",
        source="pr",
        source_title="Results",
        source_kind="press_release",
        source_published="2026-05-27",
    )
    common = {"metric": "revenue", "unit": "CNY", "scale": "million", "basis": "gaap", "source": "pr"}
    now, then, later = "2026q1", "2025q1", "2026q2"
    expected: dict[str, Any] = {
        "company": {"name": "Kingsoft Cloud", "ticker": "KC", "currency": "CNY", "sector": "cloud", "exchange": "NASDAQ"},
        "period": now,
        "released": "2026-05-27",
        "periods": [
            {"id": now, "kind": "quarter", "start": "2026-01-01", "end": "2026-03-31", "label": "Q1 2026"},
            {"id": then, "kind": "quarter", "start": "2025-01-01", "end": "2025-03-31", "label": "Q1 2025"},
            {"id": later, "kind": "quarter", "start": "2026-04-01", "end": "2026-06-30", "label": "Q2 2026"},
        ],
        "sources": [{"id": "pr", "title": "Results", "kind": "press_release", "published": "2026-05-27"}],
        "facts": [
            {**common, "id": "revenue", "value": "2703.7", "period": now, "role": "actual"},
            {**common, "id": "revenue.prior_year", "value": "1970.0", "period": then, "role": "prior_year"},
            {**common, "id": "revenue.guidance", "low": "2800", "high": "2900", "period": later, "role": "guidance"},
            {**common, "id": "revenue.reported_yoy", "value": "37.2", "unit": "percent", "scale": "one", "period": now, "role": "actual",
             "change": "yoy"},
            {**common, "id": "street", "value": "2703.7", "basis": "unstated", "period": now, "role": "consensus", "analysts": 9,
             "as_of": "2026-05-20"},
        ],
    }  # fmt: skip
    loaded = load(text, write)
    assert loaded == FactSheet.model_validate(expected)
    assert str(loaded.facts[1].value) == "1970.0"


def test_the_required_columns_are_enough(write: Callable[..., Path]) -> None:
    columns = (*REQUIRED, "value")
    loaded = load(table(drop=[name for name in FIRST if name not in columns]), write)
    assert loaded.period == "2026q1"
    assert [(source.id, source.title, source.kind) for source in loaded.sources] == [("file", "kc.csv", "other")]
    assert loaded.facts[0].value == Decimal("2703.7")


def test_default_ids_do_not_collide_with_computed_facts(write: Callable[..., Path]) -> None:
    rate = {"value": "37.2", "unit": "percent", "scale": "", "change": "yoy"}
    loaded = load(table(YEAR_AGO, rate, {"segment": "Public cloud (AI)"}), write)
    assert [fact.id for fact in loaded.facts] == ["revenue", "revenue.prior_year", "revenue.reported_yoy", "revenue.public_cloud_ai"]
    assert "revenue.yoy" in FactBase.of(loaded)


def test_a_default_id_that_is_taken_gets_the_period(write: Callable[..., Path]) -> None:
    year = {"period": "2026-fy", "period_kind": "annual", "period_start": "2026-01-01", "period_end": "2026-12-31"}
    loaded = load(table(NEXT, {**NEXT, **year}), write)
    assert [fact.id for fact in loaded.facts] == ["revenue", "revenue.guidance", "revenue.guidance.2026_fy"]


@pytest.mark.parametrize(
    ("period", "kind", "label"),
    [
        ("2026q1", "quarter", "Q1 2026"),
        ("q1_2026", "quarter", "Q1 2026"),
        ("2026-h1", "ytd", "H1 2026"),
        ("fy2026", "annual", "FY2026"),
        ("2026fy", "annual", "FY2026"),
        ("day", "instant", "March 31, 2026"),
        ("spring", "quarter", "spring"),
    ],
)
def test_a_period_without_a_label_gets_one(period: str, kind: str, label: str) -> None:
    data = read_csv(table({"period": period, "period_kind": kind}, drop=["period_start"]), "x.csv").data
    assert data["periods"][-1]["label"] == label


def test_company_and_period_need_to_stand_in_one_row_only(write: Callable[..., Path]) -> None:
    names = ("company", "ticker", "currency", "period_kind", "period_start", "period_end")
    loaded = load(table({"metric": "cost_of_revenue", **dict.fromkeys(names, "")}), write)
    assert len(loaded.facts) == 2
    assert len(loaded.periods) == 1


def test_the_reported_period_is_that_of_the_actual_rows_balance_sheet_days_aside(write: Callable[..., Path]) -> None:
    day = {"metric": "cash", "period": "day", "period_kind": "instant", "period_start": ""}
    assert load(table(day, YEAR_AGO), write).period == "2026q1"
    months = {"period": "2026h1", "period_kind": "ytd", "period_start": "2025-10-01"}
    assert load(table(months, reported_period="2026q1"), write).period == "2026q1"
    assert seen(write(table(months))) == ["kc.csv: reported_period: missing: expected text (id of the reported period)"]


def test_cells_are_text_and_formulas_are_not_run(write: Callable[..., Path]) -> None:
    loaded = load(table(quote='=HYPERLINK("https://example.com"; 1+1)', definition="@SUM(A1), \n+2 - Ünïcode"), write)
    assert loaded.facts[0].quote == '=HYPERLINK("https://example.com"; 1+1)'
    assert loaded.facts[0].definition == "@SUM(A1), \n+2 - Ünïcode"


def test_byte_order_mark_blank_lines_spaces_and_windows_line_ends_are_tolerated(write: Callable[..., Path]) -> None:
    plain = table(YEAR_AGO)
    windows = b"\xef\xbb\xbf\r\n" + plain.replace("\n", "\r\n,,,,,,,,,,,,,,,,\r\n").replace("actual", " actual ").encode()
    assert load(windows, write) == load(plain, write)


# -- what is wrong with one ----------------------------------------------------------------------------------------------

NUMBER = "expected a plain number such as 1970.0 or -16.5, without thousands separators, brackets or units"


@pytest.mark.parametrize("written", ["1,970.0", "(16.5)", "12.8%", "$5", "2703,7", "1e3", "+5", "n/a", "=1+1", "NaN", "−5", "1 970"])
def test_a_number_that_is_not_plain_is_refused(written: str, write: Callable[..., Path]) -> None:
    assert seen(write(table({**YEAR_AGO, "value": written}))) == [f"kc.csv:3: value: {NUMBER}, got '{written}'"]


BAD: list[tuple[str, list[str]]] = [
    ("", ["kc.csv: is empty: expected a fact sheet"]),
    (",,\n", ["kc.csv: is empty: expected a header line and one fact per row"]),
    (table().splitlines()[0], ["kc.csv: has a header but no rows: expected one fact per row"]),
    (table().replace(",", ";"), ["kc.csv:1: has semicolons between its cells: expected commas, and decimal points in numbers"]),
    (table().replace(",", "\t"), ["kc.csv:1: has tabs between its cells: expected commas, and decimal points in numbers"]),
    (
        table(drop=["ticker", "value", "high"]),
        [
            "kc.csv:1: ticker: missing column: expected it in the header",
            "kc.csv:1: value: missing column: expected value, or both low and high",
        ],
    ),
    (
        table().replace("ticker", "Tickr"),
        [
            "kc.csv:1: Tickr: unknown column: did you mean 'ticker'?",
            "kc.csv:1: ticker: missing column: expected it in the header",
        ],
    ),
    (table().replace("segment", "metric"), ["kc.csv:1: metric: the column stands twice: expected it once"]),
    (
        "".join(f"{line},\n" for line in table().splitlines()),
        ["kc.csv:1: column 18 of the header has no name: expected a name, or no such column"],
    ),
    (
        table() + "a,b\n" + table(YEAR_AGO).splitlines()[2] + ",1\n",
        [
            f"kc.csv:{line}: the row has {cells} cells and the header 17: expected as many, with quotes around text that holds commas"
            for line, cells in ((3, 2), (4, 18))
        ],
    ),
    (table() + '"open', ["kc.csv:3: is not valid CSV: unexpected end of data"]),
    (table({"ticker": "KD"}), ["kc.csv:3: ticker: 'KD' disagrees with 'KC' in line 2: expected one ticker in the whole file"]),
    (
        table({"period_end": "2026-03-30", "metric": "capex"}),
        ["kc.csv:3: period_end: '2026-03-30' disagrees with '2026-03-31' in line 2: expected one period_end for '2026q1'"],
    ),
    (table({**YEAR_AGO, "metric": "revenu"}), ["kc.csv:3: metric: unknown metric 'revenu': did you mean 'revenue'?"]),
    (
        table({**YEAR_AGO, "unit": "percent"}),
        [
            (
                "kc.csv:3: unit: unit 'percent' does not fit revenue, which is money: expected a currency such as CNY, "
                "or 'change' set to yoy or qoq if this is a change"
            )
        ],
    ),
    (table({**YEAR_AGO, "value": ""}), ["kc.csv:3: needs a value, or both low and high"]),
    (
        table({**YEAR_AGO, "id": "a"}, {**YEAR_AGO, "id": "a", "metric": "capex"}),
        ["kc.csv:4: id: the id 'a' stands twice: expected another one (first in line 3)"],
    ),
    (table({**YEAR_AGO, "period_end": ""}), ["kc.csv:3: period_end: missing: expected a date as YYYY-MM-DD"]),
    (table({**YEAR_AGO, "period_end": "31.03.2025"}), ["kc.csv:3: period_end: '31.03.2025' does not fit: expected a date as YYYY-MM-DD"]),
    (table({**YEAR_AGO, "period": ""}), ["kc.csv:3: period: missing: expected text"]),
    (table({"role": "consensus", "analysts": "nine"}), ["kc.csv:3: analysts: expected a whole number, got 'nine'"]),
    (
        table({"role": "consensus", "analysts": "9" * 5_000}),
        [f"kc.csv:3: analysts: expected a whole number, got '{'9' * 60}...'"],
    ),
    (table(quote="a\x00b"), ["kc.csv:2: quote: holds the control character '\\x00': expected plain text"]),
    (
        table(YEAR_AGO, quote='"several\nlines"').replace("prior_year", "prior"),
        [
            (
                "kc.csv:4: role: 'prior' is not allowed: expected one of actual, prior_year, prior_quarter, history, guidance, "
                "consensus, market"
            )
        ],
    ),
]


@pytest.mark.parametrize(("text", "lines"), BAD, ids=[case[1][0][7:60] for case in BAD])
def test_each_mistake_names_its_line_and_column(text: str, lines: list[str], write: Callable[..., Path]) -> None:
    assert seen(write(text)) == lines


def test_a_table_of_the_wrong_kind_is_refused_at_once(write: Callable[..., Path]) -> None:
    lines = seen(write(",".join(f"c{n}" for n in range(5_000))))
    assert lines == [f"kc.csv:1: the header has 5,000 cells: expected columns of a fact sheet, {len(COLUMNS)} at most"]
    lines = seen(write(table(*({"metric": "capex", "id": f"f{n}"} for n in range(2_000)))))
    assert lines == ["kc.csv: has 2,001 rows: expected at most 2,000, one fact each"]


def test_all_problems_of_a_table_come_at_once(write: Callable[..., Path]) -> None:
    rows = [{"ticker": "KD"}, {"metric": "revenu"}, {"value": "1,0"}, {"unit": "percent"}]
    lines = seen(write(table(*({**YEAR_AGO, "segment": f"s{n}", **row} for n, row in enumerate(rows)))))
    assert [line.split(": ")[:2] for line in lines] == [
        [f"kc.csv:{n + 3}", column] for n, column in enumerate(("ticker", "metric", "value", "unit"))
    ]


def test_the_documentation_names_every_column() -> None:
    documentation = csv_sheet.__doc__ or ""
    assert [column for column in COLUMNS if not re.search(rf"\b{column}\b", documentation)] == []
    starred = re.findall(r"(\w+)\*", documentation)
    assert set(starred) == {*REQUIRED, "value"}


CELLS = st.text(max_size=8) | st.sampled_from(["2026q1", "yoy", "percent", "actual", "2026-03-31", "9" * 5000])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.dictionaries(st.sampled_from(COLUMNS), CELLS, max_size=4), max_size=3))
def test_no_cells_crash_the_loader(rows: list[Cells], write: Callable[..., Path]) -> None:
    path = write(table(*rows).encode("utf-8", "replace"))
    try:
        load_sheet(path, max_bytes=LIMIT)
    except InputError as error:
        problems = error.problems
    else:
        return
    assert all(str(problem).isprintable() and len(str(problem)) < 1_000 for problem in problems)
