"""Sheets of the bench from companyfacts documents, and what is measured of the notes on them. The document is made up, and small."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from evals.bench import rules
from evals.bench.quarters import filed_sheets, sheets
from pipeline.facts.sheet import Company, FactSheet
from pipeline.intake.companyfacts.rows import read
from pipeline.intake.document import Document
from pipeline.mechanisms.library import library
from tests.made_up_companyfacts import document

COMPANY = Company(name="Made Up Inc.", ticker="MADE", sector="hardware", currency="USD")


def made(changed: dict[str, Any] | None = None) -> dict[str, FactSheet]:
    facts = read(Document("made up", json.dumps(changed or document()).encode()))
    return {sheet.period: sheet for sheet in sheets(facts, COMPANY)}


def test_a_sheet_for_each_quarter_with_all_statements() -> None:
    assert list(made()) == [f"{year}q{part}" for year in (2023, 2024) for part in (1, 2, 3, 4)]
    for tag in ("NetCashProvidedByUsedInOperatingActivities", "Assets", "Revenues"):
        assert len(made(document(omit=tag))) < 8, tag
    assert not made(document(omit="Assets"))


def test_documents_are_read_from_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "AAPL.companyfacts.json.gz"
    path.write_bytes(gzip.compress(json.dumps(document()).encode()))
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
