"""The cases that `ingest` built are what it builds: from the real documents where they are at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.cases import Built, Case, Correction, cases
from evals.rebuild import main, rebuilt
from pipeline.errors import InputError
from tests.test_spreadsheet import HEAD, TABLE

DOCUMENTS = Path(__file__).parents[2] / "shared" / "data"
BUILT = [case for case in cases() if case.built is not None]


@pytest.mark.skipif(not DOCUMENTS.is_dir(), reason=f"no documents at {DOCUMENTS}")
@pytest.mark.parametrize("case", BUILT, ids=lambda case: case.name)
def test_a_built_case_is_what_ingest_builds_with_its_corrections(case: Case) -> None:
    assert case.built is not None
    assert rebuilt(case, case.built, DOCUMENTS) == case.facts.read_text("utf-8")


def test_some_cases_are_built() -> None:
    assert len(BUILT) >= 2


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "made_up" / "figures.csv"
    file.parent.mkdir()
    file.write_text(f"{HEAD}{TABLE}", "utf-8")
    return tmp_path


def built_from(*corrections: Correction) -> tuple[Case, Built]:
    built = Built(ingest=("csv", "made_up/figures.csv"), corrections=corrections)
    return Case(Path("made-up"), "tuned", built), built


def test_a_missing_document_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--documents", str(tmp_path), BUILT[0].name]) == 2
    assert f"{tmp_path}/" in capsys.readouterr().err


def test_a_correction_of_a_field_that_there_is_not_is_refused(table: Path) -> None:
    case, built = built_from(Correction(field="nobody.business", value="x", why="made up"))
    with pytest.raises(InputError, match=r"the sheet has no 'nobody\.business' to correct"):
        rebuilt(case, built, table)


def test_corrections_stand_in_the_sheet(table: Path) -> None:
    case, built = built_from(Correction(field="company.business", value="Makes things.", why="made up"))
    assert '"business": "Makes things."' in rebuilt(case, built, table)
