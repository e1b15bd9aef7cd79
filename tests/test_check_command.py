"""`afterprint check` as a person and as a program runs it, its page, and the library's own door."""

from __future__ import annotations

import doctest
import json
import os
import pty
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pipeline
from pipeline.facts.factbase import FactBase
from pipeline.facts.sheet import FactSheet
from pipeline.grounding import check_document
from pipeline.grounding.findings import CheckReport, report_of
from pipeline.grounding.page import render_page
from pipeline.schemas import stored
from tests.conftest import KC
from tests.test_cli import afterprint

ROOT = Path(__file__).parent.parent
NOTE = """# Kingsoft Cloud

Revenue grew 39.2% y/y to CNY 2,703.7m
in Q1 2026, and gross margin fell 3.4 pp to 12.8%.

Churn was 4%. ![chart](x.png)
"""


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "mine.md"
    path.write_text(NOTE, encoding="utf-8")
    return path


def on_terminal(*words: object, **environment: str) -> tuple[int, str]:
    """Exit code and output of the command on a terminal of its own."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "100", "TERM": "xterm-256color", **environment}
    environment.pop("NO_COLOR", None) if not environment.get("NO_COLOR") else None
    code = "from pipeline.cli.main import run; run()"
    process = subprocess.Popen([sys.executable, "-c", code, *map(str, words)], stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    said = b""
    while True:
        try:
            said += (chunk := os.read(ours, 65_536))
        except OSError:
            break
        if not chunk:
            break
    os.close(ours)
    return process.wait(timeout=60), said.decode().replace("\r\n", "\n")


# -- lines, exit codes -----------------------------------------------------------------------------------------------------------


def test_a_wrong_number_in_a_persons_note_is_found(note: Path) -> None:
    done = afterprint("check", note, "--facts", KC)
    assert done.returncode == 1
    first, second, left, summary = done.stdout.splitlines()
    assert first.startswith(f"{note}:3: contradicted: '39.2%' matches no fact; revenue is CNY 2,703.7m")
    assert second.startswith(f"{note}:6: unsupported: '4%' ")
    assert left == f"{note}: not read: picture (line 6)"
    assert summary == f"{note}: 6 numbers: 3 grounded, 1 structural, 1 contradicted, 1 unsupported"
    assert done.stderr == ""


def test_a_clean_note_ends_with_0(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Revenue grew 37.2% y/y.\n")
    done = afterprint("check", tmp_path / "a.txt", "--facts", KC)
    assert (done.returncode, done.stdout) == (
        0,
        f"{tmp_path / 'a.txt'}: 1 number: 1 grounded, 0 structural, 0 contradicted, 0 unsupported\n",
    )


def test_a_number_without_a_line_has_its_place(tmp_path: Path) -> None:
    from docx import Document

    document = Document()
    document.add_paragraph("Gross margin was 13.8%.")
    document.save(str(tmp_path / "x.docx"))
    done = afterprint("check", tmp_path / "x.docx", "--facts", KC)
    assert done.returncode == 1
    assert done.stdout.startswith(f"{tmp_path / 'x.docx'}: paragraph 1: contradicted: '13.8%' ")


def test_one_problem_stays_on_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("Revenue was CNY\n\x1b[31m9,999.9\nmillion.\n")
    done = afterprint("check", tmp_path / "x.txt", "--facts", KC)
    assert all(line.startswith(str(tmp_path)) for line in done.stdout.splitlines())
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["check", "nowhere.md", "--facts", str(KC)], "nowhere.md: cannot be read: No such file"),
        (["check", "a.md", "--facts", "nowhere.json"], "nowhere.json: no such file"),
        (["check", "a.md"], "Missing option '--facts'"),
        (["check", "bad.docx", "--facts", str(KC)], "bad.docx: is not a Word document"),
        (["check", "a.md", "--facts", str(KC), "--html", "a.md"], "would overwrite an input"),
        (["check", "a.md", "--facts", str(KC), "--html", "no/folder.html"], "no/folder.html: cannot write this file"),
    ],
)
def test_bad_usage_ends_with_2_and_a_plain_line(words: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("Text.")
    (tmp_path / "bad.docx").write_text("Text.")
    done = afterprint(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "a.md").read_text() == "Text."


# -- JSON ------------------------------------------------------------------------------------------------------------------------


def test_the_json_holds_all_that_a_program_needs(note: Path) -> None:
    done = afterprint("check", note, "--facts", KC, "--json")
    assert (done.returncode, done.stderr) == (1, "")
    found = json.loads(done.stdout)
    jsonschema.Draft202012Validator(stored("check-report")).validate(found)
    report = CheckReport.model_validate_json(done.stdout)
    by_text = {number.text: number for number in report.numbers}
    wrong, right = by_text["39.2%"], by_text["3.4 pp"]
    assert (wrong.line, wrong.decision) == (3, "contradicted")
    assert wrong.fact is not None
    assert wrong.fact.startswith("revenue.yoy")
    assert (right.line, right.decision, right.message) == (4, "grounded", "")
    assert right.value == "-3.4 pp y/y (16.2% in Q1 2025)"
    assert right.formula == "gross_margin - gross_margin.prior_year"
    assert len(right.sources) == 2
    assert [part.kind for part in report.unread] == ["picture"]
    for number in report.numbers:
        start, end = number.span
        assert report.passages[number.passage].text[start:end] == number.text


# -- terminal --------------------------------------------------------------------------------------------------------------------


def test_on_a_terminal_the_text_itself_is_annotated(note: Path) -> None:
    code, said = on_terminal("check", note, "--facts", KC)
    assert code == 1
    assert "Revenue grew \x1b[1;7;31m39.2%\x1b[0m y/y to \x1b[4;32mCNY 2,703.7m\x1b[0m" in said
    assert "in \x1b[2mQ1 2026\x1b[0m" in said
    assert "Churn was \x1b[1;4;33m4%\x1b[0m" in said
    plain = re.sub(r"\x1b\[[0-9;]*m", "", said)
    assert "CNY 2,703.7m revenue = CNY 2,703.7m, Q1 2026 | RankAlpha page on KC" in plain
    assert plain.index("Churn was") < plain.index(f"{note}:3: contradicted") < plain.index("6 numbers: 3 grounded")


def test_without_colours_the_decisions_can_still_be_told_apart(note: Path) -> None:
    _, said = on_terminal("check", note, "--facts", KC, NO_COLOR="1")
    assert "grew \x1b[1;7m39.2%\x1b[0m" in said
    assert "\x1b[4mCNY 2,703.7m\x1b[0m" in said
    assert "\x1b[1;4m4%\x1b[0m" in said
    assert not re.search(r"\x1b\[(?:\d+;)*3[0-7]", said)
    _, dumb = on_terminal("check", note, "--facts", KC, TERM="dumb")
    assert "\x1b" not in dumb
    assert "39.2% contradicted: " in dumb


def test_a_text_cannot_steer_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("a \x1b]0;owned\x07 [bold]b[/bold] \x1b[2J \u202e 39.2%\n")
    _, said = on_terminal("check", tmp_path / "x.txt", "--facts", KC)
    assert "\x1b]0" not in said
    assert "\x1b[2J" not in said
    assert "\u202e" not in said
    assert "[bold]b[/bold]" in said


# -- page ------------------------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """A page's elements, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_stands_alone_and_says_each_decision_in_words(note: Path, tmp_path: Path) -> None:
    done = afterprint("check", note, "--facts", KC, "--html", tmp_path / "page.html", "--json")
    assert done.returncode == 1
    assert done.stderr == f"{tmp_path / 'page.html'}: written\n"
    json.loads(done.stdout)
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert not {"script", "img", "link", "iframe"} & {tag for tag, _ in page.tags}
    ids = [given["id"] for _, given in page.tags if "id" in given]
    assert len(ids) == len(set(ids))
    targets = [str(given["href"]) for tag, given in page.tags if tag == "a"]
    assert targets
    assert all(target.startswith("#") and target[1:] in ids for target in targets)
    marked = {given["class"]: str(given["title"]) for tag, given in page.tags if (given.get("class") or "").startswith("num ")}
    assert set(marked) == {"num grounded", "num structural", "num contradicted", "num unsupported"}
    assert all(title.startswith(name.removeprefix("num ")) for name, title in marked.items() if name is not None)
    assert "Churn was 4% (unsupported)." in page.text
    assert sum(tag == "details" and "open" in given for tag, given in page.tags) == 2


def test_the_page_shows_a_hostile_text_as_text(tmp_path: Path, kc: FactBase) -> None:
    path = tmp_path / "<img src=x onerror=alert(1)>.txt"
    path.write_text("<script>alert(1)</script> \" onmouseover='x' 39.2% {{ 7*7 }} \u202e", encoding="utf-8")
    html = render_page(report_of(check_document(path, kc, max_bytes=1_000), kc, "</title><b>"))
    page = Page(html)
    assert not {"script", "img", "b"} & {tag for tag, _ in page.tags}
    assert not any(name.startswith("on") for _, given in page.tags for name in given)
    assert "x' 39.2%" in page.text
    assert "{{ 7" in page.text
    assert "\u202e" not in html


@given(text=st.text(st.sampled_from("Revenue grew 37.2% to CNY 2,703.7m. <&\">'\n\t| \x00\x1b half doubled 12 months")))
def test_any_text_makes_a_page_and_a_report(tmp_path_factory: pytest.TempPathFactory, kc: FactBase, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_text(text, encoding="utf-8")
    report = report_of(check_document(path, kc, max_bytes=100_000), kc, "facts.json")
    for passage, pieces in report.annotated():
        assert "".join(piece for piece, _ in pieces) == passage.text
    assert render_page(report).startswith("<!doctype html>")
    assert CheckReport.model_validate_json(report.model_dump_json()) == report


# -- the door --------------------------------------------------------------------------------------------------------------------


def test_the_example_of_the_door_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    done = doctest.testmod(pipeline)
    assert (done.attempted > 4, done.failed) == (True, 0)


def test_the_door_takes_a_sheet_or_what_follows_from_it(kc_sheet: FactSheet, kc: FactBase) -> None:
    text = "Gross margin fell to 12.8%."
    assert pipeline.check_text(text, kc_sheet) == pipeline.check_text(text, kc)
    assert pipeline.check_text(text, kc, evidence=["leverage"]).problems[0].rule == "evidence"


def test_all_that_the_door_names_is_there() -> None:
    for name in pipeline.__all__:
        assert getattr(pipeline, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = pipeline.nothing
    with pytest.raises(pipeline.InputError, match="no such file"):
        pipeline.load_sheet(Path("nowhere.json"))


def test_importing_the_package_loads_nothing() -> None:
    code = "import sys; import pipeline; assert not {'pydantic', 'jinja2', 'yaml', 'pipeline.grounding'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
