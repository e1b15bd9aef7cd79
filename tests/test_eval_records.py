"""Records of an eval: appended, found again by their key, and readable after whatever happened to the file."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from evals.cases import Case, cases
from evals.records import DraftRecord, RecordFile, chain_digest, key_of
from evals.running import Replay, plan, run
from pipeline.chain.draft import Draft, OnStep
from pipeline.errors import AfterprintError, InputError
from pipeline.recording.replay import replay_case

CASES = {case.name: case for case in cases()}
TWO = [CASES["kc-2026q1"], CASES["nvda-2027q1"]]


def record(name: str = "kc", *, error: str | None = "no answer", sample: int = 0) -> DraftRecord:
    key = key_of(sheet=name, chain="c", drafter="rules", model=None, terms="", sample=sample)
    return DraftRecord(key=key, case=name, sample=sample, chain="c", drafter="rules", error=error)


def test_every_part_of_a_key_counts() -> None:
    base = {"sheet": "s", "chain": "c", "drafter": "d", "model": "m", "terms": "t", "sample": 0}
    keys = {key_of(**base)}  # type: ignore[arg-type]
    for name in base:
        keys.add(key_of(**base | {name: 1 if name == "sample" else "other"}))  # type: ignore[arg-type]
    assert len(keys) == len(base) + 1


def test_the_chain_is_known_by_its_files() -> None:
    assert chain_digest() == chain_digest()
    assert len(chain_digest()) == 64


def test_a_broken_line_is_named_and_the_rest_is_used(tmp_path: Path) -> None:
    record_file = RecordFile(tmp_path / "records.jsonl")
    record_file.append([record("one"), record("two")])
    with (tmp_path / "records.jsonl").open("a") as file:
        file.write('{"key": "short"}\nnot json\n\n[' + "[" * 100_000 + "\n")
    record_file.append([record("three")])
    again = RecordFile(tmp_path / "records.jsonl")
    assert [one.case for one in again.all()] == ["one", "three", "two"]
    assert [problem.line for problem in again.problems] == [3, 4, 6]
    assert "left out" in str(again.problems[0])


def test_a_line_that_a_kill_cut_off_does_not_swallow_the_next(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    RecordFile(path).append([record("one"), record("two")])
    path.write_bytes(path.read_bytes()[:-20])
    record_file = RecordFile(path)
    assert [one.case for one in record_file.all()] == ["one"]
    record_file.append([record("two")])
    assert [one.case for one in RecordFile(path).all()] == ["one", "two"]


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "records.jsonl").mkdir()
    with pytest.raises(InputError, match="cannot be read"):
        RecordFile(tmp_path / "records.jsonl")


@dataclass
class Counting:
    """A way of drafting that counts, and fails where it is told to."""

    fail: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    drafter: str = "counting"
    model: str | None = None
    at_once: int = 2

    def terms(self, case: Case) -> str:
        return ""

    async def draft(self, case: Case, on_step: OnStep) -> Draft:
        self.asked.append(case.name)
        if case.name in self.fail:
            raise AfterprintError("the server is away")
        return DRAFTS[case.name]


DRAFTS = {case.name: replay_case(case.folder) for case in TWO}


def drafted(way: Counting, path: Path, samples: int = 1) -> list[DraftRecord]:
    record_file = RecordFile(path)
    return asyncio.run(
        run(plan(TWO, way, record_file, samples), way, record_file, lambda case: lambda step, doing: None, lambda case: None)
    )


def test_what_is_there_is_not_drafted_again_and_a_failure_is(tmp_path: Path) -> None:
    way = Counting(fail={"nvda-2027q1"})
    first = drafted(way, tmp_path / "records.jsonl")
    assert [(one.case, one.error) for one in first] == [("kc-2026q1", None), ("nvda-2027q1", "the server is away")]
    assert len(way.asked) == 2
    way.fail.clear()
    second = drafted(way, tmp_path / "records.jsonl")
    assert way.asked[2:] == ["nvda-2027q1"]
    assert all(one.complete for one in second)
    assert second[0].note == DRAFTS["kc-2026q1"].note
    assert drafted(way, tmp_path / "records.jsonl") == second
    assert len(way.asked) == 3


def test_samples_have_keys_of_their_own(tmp_path: Path) -> None:
    way = Counting()
    found = [record for sample in range(3) for record in drafted(way, tmp_path / "records.jsonl", sample)]
    assert [(one.case, one.sample) for one in found] == [(case.name, n) for n in range(3) for case in TWO]
    assert len({one.key for one in found}) == 6
    assert len(way.asked) == 6


def test_a_missing_cassette_is_a_record_with_the_command_that_makes_it(tmp_path: Path) -> None:
    folder = tmp_path / "kc-2026q1"
    folder.mkdir()
    for name in ("facts.json", "case.yaml"):
        (folder / name).write_bytes((CASES["kc-2026q1"].folder / name).read_bytes())
    case = Case(folder, "tuned")
    record_file = RecordFile(tmp_path / "records.jsonl")
    way = Replay()
    (made,) = asyncio.run(run(plan([case], way, record_file), way, record_file, lambda case: lambda step, doing: None, lambda case: None))
    assert made.error is not None
    assert "afterprint cassette record" in made.error
