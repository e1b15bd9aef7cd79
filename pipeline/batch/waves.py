"""Drafting through OpenAI's Batch API: half the price, hours later.

All notes are drafted against the journal. What is not in it is not asked for but put into the next wave, and the note left for later; the
wave is sent as one or more batches, and its answers go into the journal. Then all notes are drafted again, and get one level further. A
wave holds the same step of every note, and the repairs of those before it; when nothing is missing any more, all notes are written.

So nothing has to be remembered but the journal and the ids of the batches under way: a command that was stopped first collects those.
What an expired batch left open, or a server failed to answer, is missing in the next round and is sent again.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from pipeline.batch.drafting import OnDone, OnStep, Plan, draft_one
from pipeline.batch.journal import Journal, key_of
from pipeline.batch.limits import Limiter, Ticket
from pipeline.drafters.base import Drafter
from pipeline.errors import ProviderError, RequestRejected, ServerFailed
from pipeline.facts.sheet import FactSheet
from pipeline.llm.batch_api import MOST_BYTES, MOST_REQUESTS, BatchApi, Line, request_line
from pipeline.llm.client import usage_and_text
from pipeline.llm.gate import Asked, Came, Deferred
from pipeline.llm.retry import ask_again
from pipeline.llm.types import Usage

_RETRYABLE = (408, 429)
T = TypeVar("T")


class Wave:
    """Keeper and gate of the drafter: recalls from the journal, and defers the rest."""

    def __init__(self, journal: Journal, engine: str, limiter: Limiter, most_attempts: int) -> None:
        self._journal = journal
        self._engine = engine
        self._limiter = limiter
        self._most_attempts = most_attempts
        self.waiting: dict[str, bytes] = {}
        self._steps: dict[str, str] = {}
        self._tickets: dict[str, Ticket] = {}
        self._known: set[str] = set()
        """Requests that were answered in this run, or whose kept answer was counted: every wave goes through all of them."""
        self._unkept: dict[str, bytes] = {}
        self._failures: dict[str, ProviderError] = {}
        self._failed: Counter[str] = Counter()

    def keeper(self, engine: str) -> Wave:
        """It is the keeper of the one client that it is for."""
        return self

    def gate(self, model: str, base_url: str | None) -> Wave:
        """And its gate."""
        return self

    async def recall(self, asked: Asked) -> bytes | None:
        """From the journal; or an answer without text, which is not kept there."""
        key = key_of(self._engine, asked)
        if (found := self._unkept.get(key) or self._journal.get(key, is_counted=key not in self._known)) is not None:
            self._known.add(key)
        return found

    async def keep(self, asked: Asked, content: bytes, usage: Usage) -> None:
        """Nothing is answered while a wave is gathered."""
        raise AssertionError("a deferred request has no answer yet")

    async def enter(self, asked: Asked) -> Ticket:
        """Never lets through. Raises Deferred, the failure that the request met, or BudgetReached."""
        key = key_of(self._engine, asked)
        if (failure := self._failures.get(key)) is not None:
            raise failure
        if key not in self.waiting:
            self._tickets[key] = await self._limiter.enter(asked)
            self.waiting[key] = request_line(key, asked.content)
            self._steps[key] = asked.request.name
        raise Deferred

    async def leave(self, ticket: Ticket, came: Came) -> None:
        """Nobody entered."""
        raise AssertionError("nobody was let through")

    async def answered(self, line: Line, failure: Callable[[Line], ProviderError]) -> None:
        """What became of a request."""
        usage, text = usage_and_text(line.body) if line.status == 200 else (Usage(), "")
        self._known.add(line.key)
        if line.key in self._tickets:
            await self._limiter.leave(self._tickets.pop(line.key), Came(usage, 0.0))
        if line.status == 200:
            content = json.dumps(line.body, ensure_ascii=False, separators=(",", ":")).encode()
            if text.strip():
                self._journal.put(line.key, self._steps.get(line.key, ""), content, usage)
            else:
                self._unkept[line.key] = content
        elif line.status is not None:
            error = failure(line)
            self._failed[line.key] += 1
            if not (line.status >= 500 or line.status in _RETRYABLE):
                self._failures[line.key] = error
            elif self._failed[line.key] >= self._most_attempts:
                self._failures[line.key] = _final(error, self._failed[line.key])

    async def over(self) -> None:
        """The wave was collected: what it left open is free to be asked for anew."""
        for ticket in self._tickets.values():
            await self._limiter.leave(ticket, Came(Usage(), 0.0))
        self._tickets.clear()


def _final(error: ProviderError, times: int) -> ProviderError:
    """A failure that the client is not to try again at once: it was, in as many batches."""
    final = ServerFailed(f"{error} (in {times} batches)", status=error.status)
    final.retryable = False
    return final


@dataclass
class Waves:
    """Drafts all sheets, wave after wave. `drafter`'s client must have `wave` as its keeper and gate. `tell` takes lines for people."""

    drafter: Drafter
    wave: Wave
    api: BatchApi
    journal: Journal
    plan: Plan
    tell: Callable[[str], None]
    poll_s: float
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    most_requests: int = MOST_REQUESTS
    """In a batch. Halved where the account's queue does not take as many."""

    async def draft(self, sheets: Callable[[], Iterator[tuple[Path, FactSheet]]], on_step: OnStep, on_done: OnDone) -> None:
        """Draft what `sheets` gives, each time that it is called. Raises ProviderError where the Batch API cannot be used."""
        done: set[Path] = set()
        number = 0
        async with self.drafter, self.api:
            await self._collect_all("sent by an earlier run")
            while True:
                self.wave.waiting.clear()
                await self._gather(sheets(), done, on_step, on_done)
                waiting = list(self.wave.waiting.values())
                if not waiting:
                    return
                number += 1
                pieces = list(_pieces(waiting, self.most_requests))
                self.tell(f"wave {number}: {len(waiting)} requests in {len(pieces)} batch{'es' if len(pieces) > 1 else ''}")
                for piece in pieces:
                    state = await self._patiently(partial(self.api.send, piece))
                    self.journal.batch_sent(state.id, len(piece))
                await self._collect_all("sent")
                await self.wave.over()

    async def _gather(self, sheets: Iterator[tuple[Path, FactSheet]], done: set[Path], on_step: OnStep, on_done: OnDone) -> None:
        """Draft every note as far as the journal goes."""
        for path, sheet in sheets:
            if path in done:
                continue
            try:
                outcome = await draft_one(path, sheet, self.drafter, self.plan, on_step)
            except Deferred:
                continue
            done.add(path)
            on_done(outcome)
            if outcome.ends_all:
                return

    async def _collect_all(self, why: str) -> None:
        """Wait for every batch that is under way."""
        for id_ in self.journal.batches_under_way():
            self.tell(f"{id_}: {why}")
            await self._collect(id_)

    async def _collect(self, id_: str) -> None:
        """Wait for a batch, and keep its answers. Raises RequestRejected for one that was refused or cancelled as a whole."""
        told = ""
        while not (state := await self._patiently(partial(self.api.state, id_))).is_over:
            if state.line() != told:
                told = state.line()
                self.tell(told)
            await self.sleep(self.poll_s)
        self.tell(state.line())
        for line in await self._patiently(partial(self.api.results, state)):
            await self.wave.answered(line, self.api.failure)
        self.journal.batch_collected(id_)
        if state.status == "failed" and state.queue_full and self.most_requests > 1:
            self.most_requests = max(1, min(self.most_requests, state.total or self.most_requests) // 2)
            self.tell(f"{id_}: more tokens than may wait; from now on at most {self.most_requests} requests in a batch")
        elif state.status == "failed":
            raise RequestRejected(f"{id_} was refused: {state.trouble or 'no reason is given'}")
        elif state.status == "cancelled":
            raise RequestRejected(f"{id_} was cancelled: the same command sends what is missing again")

    async def _patiently(self, call: Callable[[], Awaitable[T]]) -> T:
        """What a call of the API gives, tried again as a question to a model is."""
        settings = self.api.settings
        return await ask_again(
            lambda number, waited_s: call(),
            adapt=lambda error: False,
            max_attempts=settings.max_attempts,
            max_wait_s=settings.max_wait_s,
            sleep=self.sleep,
            random=lambda: 0.0,
        )


def _pieces(lines: Sequence[bytes], most: int) -> Iterator[list[bytes]]:
    """The lines in batches of at most so many, and of a size that is taken."""
    piece: list[bytes] = []
    size = 0
    for line in lines:
        if piece and (len(piece) == most or size + len(line) > MOST_BYTES):
            yield piece
            piece, size = [], 0
        piece.append(line)
        size += len(line) + 1
    if piece:
        yield piece
