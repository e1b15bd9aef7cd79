"""The agreement of sources: what overlaps, what agrees, and that nothing that differs goes unexplained."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from evals.bench.agreement import RESULT, Explained, Key, Listing, Source, main, measure, pairs, read_listing, sources, values_of
from evals.cases import chosen
from pipeline.facts.figures import Figure


@pytest.fixture(scope="module")
def values() -> dict[Key, Figure]:
    return values_of(chosen(["bke-2024q3"])[0].sheet())


def source(name: str, values: Mapping[Key, Figure], ticker: str = "BKE") -> Source:
    return Source(name, name, ticker, values)


def listing(*explained: Explained) -> Listing:
    return Listing(documents=(), explained=explained)


def spoiled(values: Mapping[Key, Figure]) -> tuple[Key, dict[Key, Figure]]:
    """The values with one that is another one's."""
    (key, _), (_, other) = list(values.items())[:2]
    return key, {**values, key: other}


def test_a_sheet_agrees_with_itself(values: dict[Key, Figure]) -> None:
    found = measure([source("one", values), source("two", values)], listing())
    assert found["all"] == {"ok": len(values), "n": len(values)}
    assert len(values) > 50


def test_a_value_that_differs_is_shown_with_its_reason_or_without_one(values: dict[Key, Figure]) -> None:
    key, other = spoiled(values)
    both = [source("one", values), source("two", other)]
    (shown,) = measure(both, listing())["disagreements"]
    assert shown["why"] is None
    figure = f"{key[0]} {key[4]}" if key[1] is None else f"{key[0]} {key[1]} {key[4]}"
    explained = Explained(ticker="BKE", figure=figure, why="made up")
    assert measure(both, listing(explained))["disagreements"][0]["why"] == "made up"


def test_other_companies_do_not_overlap(values: dict[Key, Figure]) -> None:
    assert list(pairs([source("one", values), source("two", values, "OTHER")])) == []


DOCUMENTS = Path(__file__).parents[2] / "shared" / "data"


@pytest.mark.skipif(not DOCUMENTS.is_dir(), reason=f"no documents at {DOCUMENTS}")
def test_a_file_is_one_source_however_many_of_its_periods_are_read() -> None:
    listed = next(one for one in read_listing().documents if one.kind == "companyfacts")
    found, _ = sources(Listing(documents=(listed,), explained=()), DOCUMENTS)
    assert [one.name for one in found if one.kind == "companyfacts"] == [listed.file]


def test_a_missing_folder_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--documents", str(tmp_path)]) == 2
    assert "no such document" in capsys.readouterr().err


def test_the_committed_figures_have_a_reason_for_every_disagreement() -> None:
    found = json.loads(RESULT.read_text("utf-8"))
    assert found["all"]["n"] - found["all"]["ok"] == len(found["disagreements"])
    reasons = {explained.why for explained in read_listing().explained}
    assert {one["why"] for one in found["disagreements"]} <= reasons
