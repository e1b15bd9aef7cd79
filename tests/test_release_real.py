"""Real releases, against twelve figures each that were transcribed by hand, and against cases that were made by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.errors import InputError
from pipeline.facts.loading import load_sheet
from pipeline.facts.sheet import Fact, FactSheet, Role
from pipeline.intake.document import read_document
from pipeline.intake.ingested import Ingested
from pipeline.intake.release import ingest
from pipeline.intake.writing import sheet_text

FOLDER = Path(__file__).parents[2] / "shared" / "data" / "press_releases"
CASES = Path(__file__).parents[1] / "evals" / "cases"
RELEASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("release_figures.yaml").read_text())
LEAST = Decimal("0.95")
"""The share that must be found. What is missing is left out and a doubt, never wrong."""
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the releases lie outside the repository: ../shared/data/press_releases")


@cache
def read(file: str, ticker: str) -> Ingested | None:
    """None for a release that is refused."""
    try:
        return ingest(read_document(FOLDER / file), ticker=ticker, sector=None, period=None)
    except InputError:
        return None


@dataclass(frozen=True)
class Figure:
    guided: bool
    metric: str
    ends: tuple[Decimal, ...]
    unit: str
    scale: str
    kind: str
    end: date
    basis: str

    def is_about(self, fact: Fact, sheet: FactSheet) -> bool:
        period = sheet.periods_by_id[fact.period]
        alike = (fact.metric, fact.segment, fact.change) == (self.metric, None, None) and (fact.role is Role.GUIDANCE) is self.guided
        return alike and period.kind == self.kind and period.end == self.end

    def equals(self, fact: Fact) -> bool:
        ends = tuple(one for one in (fact.low, fact.value, fact.high) if one is not None)
        return (ends, fact.unit, fact.scale, fact.basis) == (self.ends, self.unit, self.scale, self.basis)


def figures_of(release: dict[str, Any]) -> Iterator[Figure]:
    for role, metric, value, unit, scale, kind, end, basis, _line in release["figures"]:
        yield Figure(role == "guidance", metric, tuple(map(Decimal, value.split(".."))), unit, scale, kind, end, basis)


def outcome(release: dict[str, Any]) -> tuple[int, list[str], list[str]]:
    """How many of a release's figures are right, which are missing, and which are wrong."""
    found = read(release["file"], release["ticker"])
    right = 0
    missing: list[str] = []
    wrong: list[str] = []
    for figure in figures_of(release):
        facts = [fact for fact in found.sheet.facts if figure.is_about(fact, found.sheet)] if found else []
        if any(figure.equals(fact) for fact in facts):
            right += 1
        else:
            (wrong if facts else missing).append(
                f"{figure.metric} {figure.kind} {figure.end}: {figure.ends}, got {[fact.quote for fact in facts]}"
            )
    return right, missing, wrong


@pytest.mark.parametrize("release", RELEASES, ids=[release["ticker"] for release in RELEASES])
def test_no_figure_is_wrong(release: dict[str, Any]) -> None:
    assert len(release["figures"]) == 12
    assert outcome(release)[2] == []


def test_most_figures_are_found() -> None:
    right = sum(outcome(release)[0] for release in RELEASES)
    total = sum(len(release["figures"]) for release in RELEASES)
    assert Decimal(right) / total >= LEAST, f"{right} of {total}"


@pytest.mark.parametrize("release", RELEASES, ids=[release["ticker"] for release in RELEASES])
def test_what_is_written_loads_as_the_same_sheet(release: dict[str, Any], tmp_path: Path) -> None:
    found = read(release["file"], release["ticker"])
    if found is None:
        pytest.skip("this release is refused")
    path = tmp_path / "x.facts.json"
    path.write_text(sheet_text(found.sheet))
    assert load_sheet(path, max_bytes=10_000_000) == found.sheet
