"""Drafting on a Ray cluster: notes on many machines, one journal, one set of limits.

The driver reads the sheets, hands them to workers and writes the notes. A ledger on the driver's own machine holds the journal and the
limits: a worker asks it before each request and tells it each answer, so that limits and budgets are the whole batch's and nothing that
was answered is lost with a worker. The notes of a lost worker are given to another one, which finds its answers in the journal.

`ray.init` takes an existing cluster (RAY_ADDRESS, or one that runs here), else starts one on this machine. The workers get the API key
through Ray: use a cluster that you trust with it.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from pipeline.batch.desk import price_of
from pipeline.batch.drafting import OnDone, Plan, Sheets, drafted, work_through, write_drafted
from pipeline.batch.journal import Journal, key_of
from pipeline.batch.limits import Limiter, Limits, Sent, Ticket
from pipeline.batch.outcome import Outcome
from pipeline.config import Settings
from pipeline.drafters.choose import drafter_at
from pipeline.errors import AfterprintError, BudgetReached, OutputFailed, Problem, UsageError
from pipeline.facts.sheet import FactSheet
from pipeline.llm.gate import CANCELLED, Asked, Came
from pipeline.llm.types import Usage

_PATIENCE_S = 30
_LIVES = 3
"""Workers that a note may lose before it is given up."""


@dataclass(frozen=True)
class Endpoint:
    """What is asked, and how; the same for all workers."""

    base_url: str
    api_key: str | None
    model: str
    settings: Settings
    limits: Limits
    plan: Plan


class Ledger:
    """The journal and the limits, for all workers. What it refuses it says as text: not every exception survives the way."""

    def __init__(self, journal: Path, run: int, endpoint: Endpoint) -> None:
        self._journal = Journal(journal, lambda: datetime.now(UTC), run)
        self._limiter = Limiter(endpoint.limits, endpoint.model, price_of(endpoint.model, endpoint.base_url, endpoint.limits))
        self._tickets: dict[int, dict[int, Ticket]] = {}
        self._last = 0

    async def hello(self, worker: int) -> None:
        """A worker begins, perhaps after it was lost: what it had under way then is over."""
        for ticket in self._tickets.pop(worker, {}).values():
            await self._limiter.leave(ticket, Came(Usage(), 0.0, CANCELLED))

    async def recall(self, key: str) -> bytes | str | None:
        """The kept answer; text for an error."""
        try:
            return self._journal.get(key)
        except OutputFailed as error:
            return str(error)

    async def keep(self, key: str, step: str, content: bytes, usage: Usage) -> str | None:
        """Keep an answer; text for an error."""
        try:
            self._journal.put(key, step, content, usage)
        except OutputFailed as error:
            return str(error)
        return None

    async def admit(self, worker: int, most: Usage) -> int | str:
        """A ticket's number, when the request may be sent; text where no money is left."""
        try:
            ticket = await self._limiter.admit(most)
        except BudgetReached as error:
            return str(error)
        self._last += 1
        self._tickets.setdefault(worker, {})[self._last] = ticket
        return self._last

    async def leave(self, worker: int, number: int, came: Came) -> None:
        """A request is over."""
        if (ticket := self._tickets.get(worker, {}).pop(number, None)) is not None:
            await self._limiter.leave(ticket, came)

    async def told(self) -> tuple[Sent, int, int]:
        """What was sent so far; answers asked for, and recalled."""
        return self._limiter.sent, self._journal.asked, self._journal.recalled


class _AtLedger:
    """Keeper, gate and `Around` of a worker's client: asks the ledger."""

    def __init__(self, ledger: Any, worker: int, endpoint: Endpoint) -> None:
        self._ledger = ledger
        self._worker = worker
        self._endpoint = endpoint

    def keeper(self, engine: str) -> _AtLedger:
        return self

    def gate(self, model: str, base_url: str | None) -> _AtLedger:
        return self

    async def recall(self, asked: Asked) -> bytes | None:
        found: bytes | str | None = await self._ledger.recall.remote(key_of(self._endpoint.base_url, asked))
        if isinstance(found, str):
            raise OutputFailed(Problem(found))
        return found

    async def keep(self, asked: Asked, content: bytes, usage: Usage) -> None:
        key = key_of(self._endpoint.base_url, asked)
        if (error := await self._ledger.keep.remote(key, asked.request.name, content, usage)) is not None:
            raise OutputFailed(Problem(error))

    async def enter(self, asked: Asked) -> int:
        found: int | str = await self._ledger.admit.remote(self._worker, self._endpoint.limits.most_of(asked, self._endpoint.model))
        if isinstance(found, str):
            raise BudgetReached(found)
        return found

    async def leave(self, ticket: int, came: Came) -> None:
        # Not waited for: nothing depends on it.
        self._ledger.leave.remote(self._worker, ticket, came)


class Worker:
    """Drafts notes, several at a time, in a process somewhere on the cluster."""

    def __init__(self, number: int, ledger: Any) -> None:
        self._number = number
        self._ledger = ledger
        self._begun = asyncio.Event()

    async def begin(self, endpoint: Endpoint) -> None:
        """Make ready; also after it was lost, when Ray has made it anew."""
        if not self._begun.is_set():
            await self._ledger.hello.remote(self._number)
            self._plan = endpoint.plan
            around = _AtLedger(self._ledger, self._number, endpoint)
            self._drafter = drafter_at(endpoint.base_url, endpoint.api_key, endpoint.model, endpoint.settings, around)
            self._begun.set()

    async def draft(self, path: Path, sheet: FactSheet) -> tuple[Outcome, dict[str, str]]:
        """What became of a sheet, and its files."""
        await self._begun.wait()
        return await drafted(path, sheet, self._drafter, self._plan, lambda *_: None)


async def draft_on_ray(sheets: Sheets, journal: Journal, endpoint: Endpoint, tell: Callable[[str], None], on_done: OnDone) -> Sent:
    """Draft every sheet on the cluster, `endpoint.plan.at_once` at a time over all workers; `on_done` is told of each as it is over.

    What was sent in all. Raises UsageError where Ray is not installed, AfterprintError where no cluster comes up.
    """
    ray = _started()
    try:
        cpus = int(ray.cluster_resources().get("CPU", 1))
        count = endpoint.settings.ray_workers or max(1, cpus)
        each = max(1, -(-endpoint.plan.at_once // count))
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        ledger = ray.remote(Ledger).options(num_cpus=0, scheduling_strategy=here, max_concurrency=10_000)
        ledger = ledger.remote(journal.path, journal.run, endpoint)
        made = ray.remote(Worker).options(num_cpus=1 if count <= cpus else 0, max_restarts=-1, max_concurrency=each + 1)
        workers = [made.remote(number, ledger) for number in range(count)]
        await asyncio.gather(*(worker.begin.remote(endpoint) for worker in workers))
        tell(f"{count} worker{'s' if count > 1 else ''} on {len(ray.nodes())} machine{'s' if len(ray.nodes()) > 1 else ''}")
        await _hand_out(sheets, workers, each, endpoint, tell, on_done, ray)
        sent, journal.asked, journal.recalled = await ledger.told.remote()
        return cast("Sent", sent)
    finally:
        ray.shutdown()


async def _hand_out(
    sheets: Sheets, workers: list[Any], each: int, endpoint: Endpoint, tell: Callable[[str], None], on_done: OnDone, ray: Any
) -> None:
    """Give each worker so many sheets at a time, until there are no more."""

    async def one(hand: int, path: Path, sheet: FactSheet) -> Outcome:
        for life in range(_LIVES):
            number = (hand + life) % len(workers)
            try:
                outcome, pages = await workers[number].draft.remote(path, sheet)
                return write_drafted(outcome, pages, endpoint.plan)
            except ray.exceptions.RayActorError:
                tell(f"{sheet.slug}: worker {number} was lost, another one takes over")
                await _revived(workers[number], endpoint, ray)
        return Outcome.failed(sheet.slug, path, AfterprintError(f"{_LIVES} workers were lost over it"))

    await work_through(sheets, one, each * len(workers), on_done)


async def _revived(worker: Any, endpoint: Endpoint, ray: Any) -> None:
    """Wait until Ray has made a lost worker anew, for a while: the others go on without it."""
    for _ in range(_PATIENCE_S):
        try:
            await worker.begin.remote(endpoint)
        except ray.exceptions.RayActorError:
            await asyncio.sleep(1)
        else:
            return


def _started() -> Any:
    """Ray, connected. It reports nothing to anybody."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.util.scheduling_strategies
    except ImportError:
        raise UsageError("--executor ray needs Ray: pip install 'afterprint[ray]'") from None
    try:
        ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, OSError) as error:
        raise AfterprintError(f"Ray does not start: {' '.join(str(error).split())[:300]}") from None
    return ray
