"""Two notes side by side: which claims answer each other, what changed in them, and how that is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from pipeline.cli.main import app
from pipeline.comparing.diff import NoteDiff, diff
from pipeline.comparing.page import render_page
from pipeline.comparing.reading import Reader
from pipeline.facts.factbase import FactBase
from pipeline.facts.loading import load_sheet
from pipeline.notes.models import Note
from tests.conftest import CASES, KC

runner = CliRunner()
REFERENCE = CASES / "kc-2026q1" / "reference.json"
READER = Reader(FactBase.of(load_sheet(KC, max_bytes=10_000_000)))


def note() -> Note:
    return Note.model_validate_json(REFERENCE.read_bytes())


def other(**changes: Any) -> Note:
    """The reference with some sections replaced."""
    return Note.model_validate(note().model_dump(by_alias=True) | changes)


def section(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(note().model_dump_json(by_alias=True))[name]
    return found


def compared(after: Note, before: Note | None = None) -> NoteDiff:
    return diff(before or note(), after, READER)


def test_a_note_is_the_same_as_itself() -> None:
    found = compared(note())
    assert found.is_same
    assert found.count("same") == len(found.items) > 8


def test_a_number_that_the_facts_refuse_is_called_out() -> None:
    claims = section("summary")
    claims[1]["text"] = claims[1]["text"].replace("to 12.8%", "to 13.1%")
    found = compared(other(summary=claims))
    (changed,) = [item for item in found.items if item.kind != "same"]
    (number,) = changed.texts[0].numbers
    assert (changed.kind, changed.before, changed.after) == ("changed", "summary[1]", "summary[1]")
    assert number.line() == "12.8% -> 13.1%: contradicts gross_margin"
    assert [(piece.op, piece.text) for piece in changed.texts[0].pieces if piece.op != "same"] == [("removed", "12.8%"), ("added", "13.1%")]
    assert compared(note(), other(summary=claims)).items[1].texts[0].numbers[0].line() == "13.1% -> 12.8%: gross_margin"


def test_fields_are_told_with_both_values() -> None:
    effects = section("second_order_effects")
    effects[0] |= {"direction": "mixed", "confidence": "low"}
    effects[0]["falsifier"]["threshold"] = 99
    (changed,) = [item for item in compared(other(second_order_effects=effects)).items if item.kind != "same"]
    lines = [field.line() for field in changed.fields]
    assert "direction: negative -> mixed" in lines
    assert any(line.startswith("confidence: ") and line.endswith(" -> low") for line in lines)
    assert any(line.startswith("falsifier: ") and "at_" in line for line in lines)
    assert changed.texts[0].is_same


def test_what_is_added_dropped_and_moved_is_said_so() -> None:
    claims = section("summary")
    found = compared(other(summary=[claims[2], claims[0], claims[1], *claims[3:]]))
    assert [(item.kind, item.before, item.after) for item in found.items if item.kind != "same"] == [("moved", "summary[2]", "summary[0]")]
    fewer = compared(other(summary=claims[:-1]))
    assert (fewer.count("dropped"), fewer.count("added")) == (1, 0)
    more = compared(note(), other(summary=claims[:-1]))
    (added,) = [item for item in more.items if item.kind == "added"]
    assert (added.before, added.after) == (None, f"summary[{len(claims) - 1}]")
    assert added.texts[0].numbers == (), "its numbers hold"


def test_evidence_and_themes_that_changed_are_told() -> None:
    claims = section("summary")
    claims[1]["evidence"] = [*claims[1]["evidence"][1:], "leverage"]
    found = compared(other(summary=claims, themes=["Growth"]))
    (changed,) = [item for item in found.items if item.kind == "changed"]
    assert changed.fields[-1].line() == f"evidence: without {section('summary')[1]['evidence'][0]}; with leverage"
    assert found.themes is not None
    assert found.themes.line().endswith("-> Growth")


WORDS = st.lists(st.sampled_from(["Revenue", "rose", "37.2%", "y/y", "to", "CNY 2,703.7m", ",", ".", "<b>", "—"]), max_size=12).map(
    " ".join
)


@given(WORDS, WORDS)
def test_without_what_was_added_it_is_the_first_text_and_without_what_was_removed_the_second(before: str, after: str) -> None:
    claims = section("summary")
    one, two = (other(summary=[claims[0] | {"text": text or "x"}, *claims[1:]]) for text in (before, after))
    for item in compared(two, one).items:
        if item.section == "summary" and {item.before, item.after} & {"summary[0]"}:
            (text,) = item.texts
            first = "".join(piece.text for piece in text.pieces if piece.op != "added")
            second = "".join(piece.text for piece in text.pieces if piece.op != "removed")
            if item.before == "summary[0]":
                assert first == (before or "x")
            if item.after == "summary[0]":
                assert second == (after or "x")


# -- how it is shown -------------------------------------------------------------------------------------------------------------


def run(*given: object) -> Result:
    return runner.invoke(app, ["diff", *map(str, given), "--facts", str(KC)])


def saved(tmp_path: Path, changed: Note) -> Path:
    path = tmp_path / "after.json"
    path.write_text(changed.model_dump_json(by_alias=True))
    return path


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    claims = section("summary")
    claims[1]["text"] = claims[1]["text"].replace("to 12.8%", "to 13.1%")
    return saved(tmp_path, other(summary=claims))


def test_plain_lines_show_what_changed_and_no_more(wrong: Path) -> None:
    said = run(REFERENCE, wrong)
    assert said.exit_code == 0, said.output
    first, second, third, counts = said.output.splitlines()
    assert first == "changed: summary[1] -> summary[1]"
    assert "[-12.8%-]{+13.1%+}" in second
    assert third == "    12.8% -> 13.1%: contradicts gross_margin"
    assert counts.endswith("1 changed, 0 moved, 0 added, 0 dropped")
    assert len(run(REFERENCE, wrong, "--all").output.splitlines()) > 15


def test_json_is_the_diff(wrong: Path) -> None:
    assert NoteDiff.model_validate_json(run(REFERENCE, wrong, "--json").stdout).count("changed") == 1


def test_the_page_escapes_what_others_wrote(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    claims = section("summary")
    claims[0]["text"] = f"{claims[0]['text']} {evil}"
    found = compared(other(summary=claims, headline=evil))
    page = render_page(found, evil, evil, "after.json")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "<ins>" in page
    html = tmp_path / "diff.html"
    assert run(REFERENCE, saved(tmp_path, other(summary=claims)), "--html", html).exit_code == 0
    assert "default-src 'none'" in html.read_text()


@pytest.mark.parametrize(("content", "said"), [("{}", "is not a note"), ("[", "is not a note"), (None, "cannot be read")])
def test_what_is_no_note_is_told(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "x.json"
    if content is not None:
        path.write_text(content)
    result = run(REFERENCE, path)
    assert getattr(result.exception, "exit_code", None) == 2
    assert said in str(result.exception)


def test_a_note_of_another_sheet_is_compared_with_a_warning() -> None:
    result = run(REFERENCE, CASES / "mcd-2023q1" / "reference.json")
    assert result.exit_code == 0
    assert "was drafted from another sheet, MCD Q1 2023" in result.output


def test_an_input_is_not_overwritten(wrong: Path) -> None:
    before = wrong.read_bytes()
    result = run(REFERENCE, wrong, "--html", wrong)
    assert "would overwrite an input" in str(result.exception)
    assert wrong.read_bytes() == before
