"""`afterprint ingest` as a person uses it: what all four readers have in common."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.facts.loading import load_sheet
from pipeline.facts.sheet import Period, PeriodKind, Role
from pipeline.intake.periods import role
from tests.test_cli import afterprint

SHEET = """\
company,Example Networks Inc.
ticker,EXNT
currency,USD
reported period,Q1 2026
scale,million
basis,gaap

metric,Q1 2026,Q1 2025
ends,2026-03-31,2025-03-31
revenue,"1,970.0","1,731.4"
"""


@pytest.fixture
def quarter(tmp_path: Path) -> Path:
    path = tmp_path / "quarter.csv"
    path.write_text(SHEET)
    return path


def test_a_sheet_is_written_and_loads_as_it_was_said(quarter: Path, tmp_path: Path) -> None:
    done = afterprint("ingest", "csv", quarter, "--json", "--explain", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    sheet = load_sheet(tmp_path / said["sheet"], max_bytes=10**6)
    assert said["sheet"] == "exnt-2026q1.facts.json"
    assert said["facts"] == len(sheet.facts) == len(said["choices"]) == 2
    assert all(fact.locator and fact.quote for fact in sheet.facts)
    assert "Example Networks, Q1 2026: 2 facts" in done.stderr


@pytest.mark.parametrize("reader", ["companyfacts", "ixbrl", "press-release"])
@pytest.mark.parametrize(
    ("option", "word", "message"),
    [
        ("--ticker", "##", "--ticker: found '##': expected a ticker as traded, such as KC or BRK-B"),
        ("--sector", "Big Tech", "--sector: found 'Big Tech': expected one of all, software, cloud, "),
        # Well-formed, and no mechanism knows it: the note would lack its effects, and nobody would know why.
        ("--sector", "bigtech", "--sector: found 'bigtech': expected one of all, software, cloud, "),
    ],
)
def test_what_is_no_ticker_or_sector_is_told_before_anything_is_read(
    reader: str, option: str, word: str, message: str, quarter: Path, tmp_path: Path
) -> None:
    done = afterprint("ingest", reader, quarter, option, word, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(message)
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["quarter.csv"]


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("quarter.csv", "--output quarter.csv: a sheet is written as JSON: expected a name that ends in .json"),
        ("estimates.json", "--output estimates.json: would overwrite an input: expected another file"),
        ("nowhere/x.json", "nowhere/x.json: cannot write this file: No such file or directory"),
    ],
)
def test_no_input_is_overwritten(output: str, message: str, quarter: Path, tmp_path: Path) -> None:
    estimate = {"metric": "revenue", "period": "Q1 2026", "mean": "1.95 billion", "currency": "USD"}
    estimates = json.dumps({"ticker": "EXNT", "as_of": "2026-04-20", "estimates": [estimate]})
    (tmp_path / "estimates.json").write_text(estimates)
    done = afterprint("ingest", "csv", "quarter.csv", "--consensus", "estimates.json", "-o", output, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, message + "\n")
    assert quarter.read_text() == SHEET
    assert (tmp_path / "estimates.json").read_text() == estimates


def period(kind: PeriodKind, end: str) -> Period:
    return Period.model_validate({"id": "p", "kind": kind, "end": end, "label": "p"})


@pytest.mark.parametrize(
    ("kind", "end", "reported", "expected"),
    [
        ("quarter", "2025-12-31", "quarter", Role.ACTUAL),
        ("ytd", "2025-12-31", "quarter", Role.ACTUAL),
        ("instant", "2025-12-31", "annual", Role.ACTUAL),
        # The year that ends with the quarter is no rival of the quarter's own figure.
        ("annual", "2025-12-31", "quarter", Role.HISTORY),
        ("quarter", "2025-12-31", "annual", Role.HISTORY),
        ("quarter", "2025-09-30", "quarter", Role.PRIOR_QUARTER),
        ("ytd", "2025-09-30", "quarter", Role.HISTORY),
        ("instant", "2025-09-30", "annual", Role.HISTORY),
        ("quarter", "2024-12-31", "quarter", Role.PRIOR_YEAR),
        ("annual", "2024-12-31", "quarter", Role.HISTORY),
        ("annual", "2026-12-31", "quarter", Role.GUIDANCE),
    ],
)
def test_what_a_period_is_to_the_reported_one(kind: str, end: str, reported: str, expected: Role) -> None:
    assert role(period(PeriodKind(kind), end), period(PeriodKind(reported), "2025-12-31")) is expected
