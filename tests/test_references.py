"""Reference notes: what is written by hand is held to the same checks as every draft."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from evals.cases import Case, cases
from evals.references import TEXTS, main, note_of, read_reference, read_written
from pipeline.errors import InputError

WRITTEN = [(case, text) for case in cases() for text in TEXTS if (case.folder / text).exists()]
CASE = next(case for case in cases() if case.name == "kc-2026q1")


@pytest.mark.parametrize(("case", "text"), WRITTEN, ids=[f"{case.name}/{text}" for case, text in WRITTEN])
def test_a_reference_is_what_its_text_makes_and_all_of_it_holds(case: Case, text: str) -> None:
    note = note_of(case, case.folder / text)
    assert note == read_reference(case.folder / TEXTS[text])
    assert (note.status, note.withheld, note.manifest.drafter) == ("draft", (), "hand")
    assert len({effect.party for effect in note.second_order_effects}) >= 2


def spoiled(tmp_path: Path, old: str, new: str) -> Path:
    """The reference of Kingsoft Cloud with one thing wrong."""
    text = (CASE.folder / "reference.yaml").read_text("utf-8")
    assert old in text
    path = tmp_path / "reference.yaml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Gross margin fell 3.4 pp y/y to 12.8%,", "Gross margin fell 3.4 pp y/y to 13.8%,", "summarize.claims"),
        ("text: Revenue rose 37.2% y/y", "text: Revenue fell 37.2% y/y", "summarize.claims"),
        ("comparison: at_least, threshold: 0}\n      claim:", "comparison: below, threshold: -4}\n      claim:", "catalysts"),
        ("mechanism: capacity_ahead_of_demand", "mechanism: magic", "mechanism"),
        ("market_impact: 0.7", "market_impact: 7", "market_impact"),
        ("themes: [Artificial intelligence", "themes: [Astrology", "no such theme: Astrology"),
        ("author:", "writer:", "writer"),
    ],
)  # fmt: skip
def test_what_does_not_hold_is_refused_with_its_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        note_of(CASE, spoiled(tmp_path, old, new))


def test_yaml_that_builds_objects_is_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "reference.yaml"
    path.write_text("author: !!python/object/apply:os.getcwd []\n", "utf-8")
    with pytest.raises(InputError, match="cannot be read"):
        read_written(path)


def test_a_note_that_differs_from_its_text_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "kc-2026q1"
    folder.mkdir()
    for name in ("facts.json", "case.yaml", "reference.yaml", "reference.json"):
        (folder / name).write_bytes((CASE.folder / name).read_bytes())
    assert main(["--check", str(folder)]) == 0
    (folder / "reference.json").write_text((folder / "reference.json").read_text("utf-8").replace("12.8%", "12.9%"), "utf-8")
    assert main(["--check", str(folder)]) == 1
    assert "not what reference.yaml makes" in capsys.readouterr().err
    written = yaml.safe_load((folder / "reference.yaml").read_text("utf-8"))
    written["summary"]["headline"] = "Kingsoft Cloud: revenue up 38.2% y/y"
    (folder / "reference.yaml").write_text(yaml.safe_dump(written), "utf-8")
    assert main([str(folder)]) == 2
    assert main(["--check", str(folder)]) == 2
