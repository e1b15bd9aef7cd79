"""Drafting cases for an eval: by rules, with a live model, or from their cassettes without one."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from evals.cases import Case
from evals.records import DraftRecord, Journal, chain_digest, key_of
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

    async def draft(self, case: Case, sample: int, on_step: OnStep) -> Draft:
        """The draft. Raises AfterprintError."""
        ...


@dataclass(frozen=True)
class Live:
    """A drafter that runs now: rules, an endpoint, or a model on this machine. Each sample has a drafter of its own, with another seed.

    Who makes this enters and leaves the drafters.
    """

    drafters: Sequence[Drafter]
    settings: Settings

    @property
    def drafter(self) -> str:
        return self.drafters[0].name

    @property
    def model(self) -> str | None:
        return self.drafters[0].model

    @property
    def at_once(self) -> int:
        return min(self.settings.concurrency, self.drafters[0].notes_at_once or self.settings.concurrency)

    def terms(self, case: Case) -> str:
        shaping = [name for name in Manner.model_fields if name != "most_facts"]
        values = {name: getattr(self.settings, name) for name in shaping} if self.model else {}
        return repr(sorted(values.items())) + repr(self.drafters[0].most_facts)

    async def draft(self, case: Case, sample: int, on_step: OnStep) -> Draft:
        clock = Clock(now=lambda: datetime.now(UTC), monotonic=time.monotonic)
        return await draft_note(case.sheet(), self.drafters[sample], clock, on_step)


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

    async def draft(self, case: Case, sample: int, on_step: OnStep) -> Draft:
        path = case.folder / self.kind.file
        if not path.is_file():
            raise CassetteMiss(f"{path}: missing: record it with `{self.kind.again} {case.folder}`")
        cassette = read_cassette(path)
        draft = await replay(path, cassette, case.sheet(), self.kind)
        # What it took then, not what it takes to play it.
        return Draft(draft.note, draft.record.model_copy(update={"seconds": _seconds(cassette)}))


def _seconds(cassette: Cassette) -> float:
    """While at least one request was under way, when the cassette was recorded."""
    busy, until = timedelta(), datetime.min.replace(tzinfo=UTC)
    for start, seconds in sorted((one.recorded.at, one.recorded.seconds) for one in cassette.interactions):
        end = start + timedelta(seconds=seconds)
        busy += max(end - max(start, until), timedelta())
        until = max(until, end)
    return round(busy.total_seconds(), 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run comes to before it starts: the records that are there already, and the cases that are to be drafted."""

    kept: tuple[DraftRecord, ...]
    todo: tuple[tuple[Case, int, str], ...]
    """Case, sample, key."""


def plan(cases: Sequence[Case], way: Way, journal: Journal, samples: int = 1) -> Plan:
    """Which cases and samples the journal lacks. Raises InputError for a sheet that cannot be read."""
    kept: list[DraftRecord] = []
    todo: list[tuple[Case, int, str]] = []
    for case in cases:
        sheet = FactBase.of(case.sheet()).digest
        for sample in range(samples):
            key = key_of(sheet=sheet, chain=chain_digest(), drafter=way.drafter, model=way.model, terms=way.terms(case), sample=sample)
            if (record := journal.get(key)) is not None:
                kept.append(record)
            else:
                todo.append((case, sample, key))
    return Plan(tuple(kept), tuple(todo))


async def run(planned: Plan, way: Way, journal: Journal, on_step: Callable[[str], OnStep], done: Tell) -> list[DraftRecord]:
    """Draft what is planned, `way.at_once` side by side, and append each to the journal as soon as it is there.

    A case that fails is a record with the reason; the others go on. Returns all records of the plan, by case and sample.
    """
    gate = asyncio.Semaphore(way.at_once)

    async def one(case: Case, sample: int, key: str) -> DraftRecord:
        async with gate:
            known = {"key": key, "case": case.name, "sample": sample, "chain": chain_digest(), "drafter": way.drafter}
            try:
                draft = await way.draft(case, sample, on_step(case.name))
                record = DraftRecord(**known, model=draft.record.model, note=draft.note, run=draft.record)
            except AfterprintError as error:
                record = DraftRecord(**known, model=way.model, error=str(error))
            journal.append([record])
            done(case.name)
            return record

    made = await asyncio.gather(*(one(*each) for each in planned.todo))
    return sorted((*planned.kept, *made), key=lambda record: (record.case, record.sample))
