"""The recordings that the project keeps: each is played with the network blocked, gives the same note every time, and none with a number
that does not hold. What a real model wrote stands in them, so this is the chain at work and no script."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_socket

from pipeline.facts.factbase import FactBase
from pipeline.grounding import check_document, check_text
from pipeline.grounding.findings import report_of
from pipeline.llm.cassettes.file import read_cassette
from pipeline.notes.models import Note
from pipeline.notes.render import render_html, render_json, render_markdown
from pipeline.recording.check import check_cassette
from pipeline.recording.kinds import CHAIN
from pipeline.recording.replay import replay_case, sheet_of
from tests.conftest import CASES

FOLDERS = sorted(path.parent for path in CASES.glob("*/facts.json"))
RECORDED = [folder for folder in FOLDERS if (folder / CHAIN.file).is_file()]
EACH = [
    pytest.param(folder, id=folder.name, marks=() if folder in RECORDED else pytest.mark.skip(reason="not recorded yet"))
    for folder in FOLDERS
]


@pytest.fixture
def no_network() -> Iterator[None]:
    """Not even this machine can be reached. An event loop's own pair of sockets is no network."""
    pytest_socket.disable_socket(allow_unix_socket=True)
    yield
    pytest_socket.enable_socket()


@pytest.fixture(scope="module")
def notes() -> dict[Path, Note]:
    """What was replayed first, by case."""
    return {}


def replayed(folder: Path, notes: dict[Path, Note]) -> Note:
    if folder not in notes:
        notes[folder] = replay_case(folder).note
    return notes[folder]


def test_there_are_recordings() -> None:
    assert RECORDED


def test_the_network_is_blocked(no_network: None) -> None:
    with pytest.raises((pytest_socket.SocketBlockedError, UserWarning)):
        socket.socket(socket.AF_INET)


@pytest.mark.parametrize("folder", EACH)
def test_a_recording_is_played_without_a_network_and_gives_the_same_note(folder: Path, notes: dict[Path, Note], no_network: None) -> None:
    first, second = replayed(folder, notes), replay_case(folder).note
    for render in (render_json, render_markdown, render_html):
        assert render(first).encode() == render(second).encode()
    assert first.manifest.model == read_cassette(folder / CHAIN.file).recorded.model


@pytest.mark.parametrize("folder", EACH)
def test_a_recording_passes_every_check(folder: Path, no_network: None) -> None:
    assert [str(finding) for finding in check_cassette(folder / CHAIN.file)] == []


@pytest.mark.parametrize("folder", EACH)
def test_no_printed_number_is_wrong(folder: Path, notes: dict[Path, Note], tmp_path: Path, no_network: None) -> None:
    """Every text of the note, and the rendered note as a stranger's document."""
    note, facts = replayed(folder, notes), FactBase.of(sheet_of(folder))
    wrong = [f"{place}: {check.message}" for place, text, _ in note.texts() for check in check_text(text, facts).problems]
    assert wrong == []
    page = tmp_path / "note.md"
    page.write_text(render_markdown(note))
    report = report_of(check_document(page, facts, max_bytes=10_000_000), facts, str(folder))
    assert [f"{number.line}: {number.message}" for number in report.problems] == []


@pytest.mark.parametrize("folder", EACH)
def test_what_was_withheld_is_not_printed(folder: Path, notes: dict[Path, Note], no_network: None) -> None:
    note = replayed(folder, notes)
    printed = " ".join(text for _, text, _ in note.texts())
    told = {text for _, text, _ in note.texts()}
    for withheld in note.withheld:
        # A part may be withheld for saying what another says.
        assert withheld.text in told or not withheld.text or withheld.text not in printed


@pytest.mark.parametrize("folder", EACH)
def test_a_recording_is_what_a_server_answered(folder: Path) -> None:
    cassette = read_cassette(folder / CHAIN.file)
    assert cassette.recorded.drafter in ("openai", "local")
    assert "scripted" not in json.dumps([cassette.recorded.server, cassette.recorded.model]).lower()
    assert all(one.recorded.seconds > 0 for one in cassette.interactions)
    assert re.fullmatch(r"[0-9a-f]{64}", cassette.recorded.sheet_digest)
