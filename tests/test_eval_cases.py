"""The cases' folders: which are held back, and that nothing but facts.json in them passes for a fact sheet."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from evals.cases import CASES, cases, chosen, read_case
from pipeline.errors import InputError
from tests.conftest import KC
from tests.sheets import find_sheets, load_sheets

NUMBERS = CASES.parent / "numbers" / "held_back"


def case_folder(root: Path, about: str | None = "split: tuned\n", name: str = "kc-2026q1") -> Path:
    """A case like Kingsoft Cloud's."""
    folder = root / name
    folder.mkdir(parents=True)
    shutil.copy(KC, folder / "facts.json")
    if about is not None:
        (folder / "case.yaml").write_text(about, "utf-8")
    return folder


def test_a_third_is_held_back_and_the_number_check_holds_back_the_same() -> None:
    found = cases()
    held = {case.name for case in found if case.split == "heldback"}
    assert held == {path.stem for path in NUMBERS.glob("*.yaml")} & {case.name for case in found}
    assert 0.25 <= len(held) / len(found) <= 0.4
    assert len(found) == len([folder for folder in CASES.iterdir() if folder.is_dir()])


def test_a_case_knows_its_files(tmp_path: Path) -> None:
    case = read_case(case_folder(tmp_path, "split: heldback\n"))
    assert (case.name, case.split) == ("kc-2026q1", "heldback")
    assert case.sheet().slug == "kc-2026q1"


@pytest.mark.parametrize(
    ("about", "told"),
    [
        (None, "case.yaml: missing: expected `split: tuned` or `split: heldback`"),
        ("split: held_back\n", "case.yaml: split: got 'held_back': expected `split: tuned` or"),
        ("split: tuned\nsplits: 2\n", "case.yaml: splits: got the number 2: expected"),
        ("{}\n", "case.yaml: split: got an object: expected"),
        ("", "case.yaml: got null: expected"),
        ("split: [\n", "case.yaml: cannot be read (while parsing"),
    ],
)
def test_a_mistake_in_a_case_is_told(tmp_path: Path, about: str | None, told: str) -> None:
    case_folder(tmp_path, about)
    with pytest.raises(InputError) as caught:
        cases(tmp_path)
    assert told in str(caught.value)
    assert len(caught.value.problems) == 1


def test_cases_are_chosen_by_name_or_folder(tmp_path: Path) -> None:
    folder = case_folder(tmp_path)
    assert [case.name for case in chosen(["mgm-2022q4", str(folder), "aapl-2025q2"])] == ["mgm-2022q4", "kc-2026q1", "aapl-2025q2"]
    assert chosen([]) == cases()
    with pytest.raises(InputError, match="tsla-2052q2: no such case: expected one of aapl-2025q2, "):
        chosen(["aapl-2025q2", "tsla-2052q2"])


def test_only_the_facts_of_a_case_are_a_sheet(tmp_path: Path) -> None:
    folder = case_folder(tmp_path)
    for name in ("cassette.yaml", "single.yaml", "reference.json"):
        (folder / name).write_text("version: 1\n", "utf-8")
    assert find_sheets([tmp_path]) == [folder / "facts.json"]
    loaded = load_sheets([tmp_path], max_bytes=10_000_000)
    assert [path for path, _ in loaded.sheets] == [folder / "facts.json"]
    assert not loaded.problems


def test_the_folder_of_all_cases_is_read_without_a_complaint() -> None:
    loaded = load_sheets([CASES], max_bytes=10_000_000)
    assert not loaded.problems
    assert [path.parent.name for path, _ in loaded.sheets] == [case.name for case in cases()]
