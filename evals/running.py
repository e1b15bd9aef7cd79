"""Drafting cases for an eval: by rules, with a live model, or from their cassettes without one."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from evals.cases import Case
from evals.records import DraftRecord, RecordFile, chain_digest, key_of
from pipeline.chain.draft import Clock, Draft, OnStep, draft_note
from pipeline.config import Settings
from pipeline.drafters.base import Drafter
from pipeline.errors import AfterprintError, CassetteMiss
from pipeline.facts.factbase import FactBase
from pipeline.llm.cassettes.file import Cassette, Manner, read_cassette
from pipeline.recording.kinds import CHAIN, Kind
from pipeline.recording.replay import replay

Tell = Callable[[str], None]


class Way(Protocol):
    """How cases are drafted. `terms` says all that shapes the answer beside chain, sheet and model, so that records are told apart."""

    @property
    def drafter(self) -> str: ...

    @property
    def model(self) -> str | None: ...

    @property
    def at_once(self) -> int:
        """How many cases are best drafted side by side."""
        ...

    def terms(self, case: Case) -> str:
        """What a record's key must know. Never raises: what is missing shows when the case is drafted."""
        ...

    async def draft(self, case: Case, on_step: OnStep) -> Draft:
        """The draft. Raises AfterprintError."""
        ...


@dataclass(frozen=True)
class Live:
    """A drafter that runs now: rules, an endpoint, or a model on this machine. Who makes this enters and leaves the drafter."""

    by: Drafter
    settings: Settings

    @property
    def drafter(self) -> str:
        return self.by.name

    @property
    def model(self) -> str | None:
        return self.by.model

    @property
    def at_once(self) -> int:
        return min(self.settings.concurrency, self.by.notes_at_once or self.settings.concurrency)

    def terms(self, case: Case) -> str:
        return Manner.of(self.settings, self.by.most_facts).model_dump_json() if self.model else ""

    async def draft(self, case: Case, on_step: OnStep) -> Draft:
        clock = Clock.system()
        return await draft_note(case.sheet(), self.by, clock, on_step)


@dataclass(frozen=True)
class Replay:
    """The cassette of each case. No server, no network, and the same note every time."""

    kind: Kind = CHAIN
    drafter: str = "replay"
    model: str | None = None
    at_once: int = 1

    def terms(self, case: Case) -> str:
        file = case.folder / self.kind.file
        return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "none"

    async def draft(self, case: Case, on_step: OnStep) -> Draft:
        path = case.folder / self.kind.file
        if not path.is_file():
            raise CassetteMiss(f"{path}: missing: record it with `{self.kind.again} {case.folder}`")
        cassette = read_cassette(path)
        draft = await replay(path, cassette, case.sheet(), self.kind)
        # What it took then, not what it takes to play it.
        return Draft(draft.note, draft.record.model_copy(update={"seconds": round(busy_seconds(spans_of(cassette)), 1)}))


Span = tuple[datetime, datetime]
"""When a request was asked and when it was answered."""


def spans_of(cassette: Cassette) -> list[Span]:
    """The requests' times when the cassette was recorded, in order."""
    return sorted((one.recorded.at, one.recorded.at + timedelta(seconds=one.recorded.seconds)) for one in cassette.interactions)


def busy_seconds(spans: Sequence[Span]) -> float:
    """While at least one of these requests was under way. Answers that a later recording kept count with theirs."""
    busy, until = timedelta(), datetime.min.replace(tzinfo=UTC)
    for start, end in sorted(spans):
        busy += max(end - max(start, until), timedelta())
        until = max(until, end)
    return busy.total_seconds()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run comes to before it starts: the records that are there already, and the cases that are to be drafted."""

    kept: tuple[DraftRecord, ...]
    todo: tuple[tuple[Case, str], ...]
    """Case and key."""
    sample: int = 0


def plan(cases: Sequence[Case], way: Way, record_file: RecordFile, sample: int = 0) -> Plan:
    """Which cases the file of records lacks in this sample. Raises InputError for a sheet that cannot be read."""
    kept: list[DraftRecord] = []
    todo: list[tuple[Case, str]] = []
    for case in cases:
        sheet = FactBase.of(case.sheet()).digest
        key = key_of(sheet=sheet, chain=chain_digest(), drafter=way.drafter, model=way.model, terms=way.terms(case), sample=sample)
        if (record := record_file.get(key)) is not None:
            kept.append(record)
        else:
            todo.append((case, key))
    return Plan(tuple(kept), tuple(todo), sample)


async def run(planned: Plan, way: Way, record_file: RecordFile, on_step: Callable[[str], OnStep], done: Tell) -> list[DraftRecord]:
    """Draft what is planned, `way.at_once` side by side, and append each to the file of records as soon as it is there.

    A case that fails is a record with the reason; the others go on. Returns all records of the plan, by case.
    """
    gate = asyncio.Semaphore(way.at_once)

    async def one(case: Case, key: str) -> DraftRecord:
        async with gate:
            known = {"key": key, "case": case.name, "sample": planned.sample, "chain": chain_digest(), "drafter": way.drafter}
            try:
                draft = await way.draft(case, on_step(case.name))
                record = DraftRecord(**known, model=draft.record.model, note=draft.note, run=draft.record)
            except AfterprintError as error:
                record = DraftRecord(**known, model=way.model, error=str(error))
            record_file.append([record])
            done(case.name)
            return record

    made = await asyncio.gather(*(one(*each) for each in planned.todo))
    return sorted((*planned.kept, *made), key=lambda record: record.case)
