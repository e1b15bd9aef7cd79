"""The limits that a batch keeps: requests and tokens a minute, dollars and tokens in all, and no more at a time than the server stands."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pipeline.chain.record import total
from pipeline.errors import BudgetReached
from pipeline.llm.gate import CANCELLED, Asked, Came
from pipeline.llm.tokens import count_messages
from pipeline.llm.types import Usage

MINUTE_S = 60.0
_BURST_S = 10.0
"""A limit of so many a minute is kept over each stretch of so many seconds: providers count in shorter stretches than a minute."""
_CUT = 0.5
_SLOWED = 0.9
_SLOW = 2.0
"""Answers that take so many times as long as at best say that the server queues them."""
_FAILURES = ("ServerFailed", "ConnectionFailed")
_OUTAGE = 5
"""So many cuts without an answer between them, and the server is taken to be away: the next request waits a second, then twice as long."""
_LONGEST_S = 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What the user allows. None is no limit. `concurrency` requests at a time are the most, and where it begins."""

    concurrency: int
    rpm: int | None = None
    tpm: int | None = None
    budget_usd: Decimal | None = None
    budget_tokens: int | None = None

    def most_of(self, asked: Asked, model: str) -> Usage:
        """What a request may use at most: the whole prompt, nothing of it cached, and as long an answer as it allows.

        The prompt is counted only where a limit needs it.
        """
        need_count = self.tpm is not None or self.budget_usd is not None or self.budget_tokens is not None
        prompt = count_messages(asked.request.messages, model).count if need_count else 0
        return Usage(prompt_tokens=prompt, completion_tokens=asked.max_tokens)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A request that was let through: when, and what was set aside for it at most."""

    at: float
    most: Usage


class Bucket:
    """So many a minute, in bursts of ten seconds' worth at most; what was taken and not used is given back.

    Leaks at a steady rate. A single request of more than a burst waits until nothing else is in it.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float], sleep: Callable[[float], Awaitable[None]]) -> None:
        self._rate = per_minute / MINUTE_S
        self._most = max(1.0, self._rate * _BURST_S)
        self._level = 0.0
        self._clock = clock
        self._sleep = sleep
        self._at = clock()

    async def take(self, count: float) -> None:
        """Wait until there is room for `count`, and take it."""
        while (over := self._now() + min(count, self._most) - self._most) > 1e-9:
            await self._sleep(over / self._rate)
        self._level += count

    def give_back(self, count: float) -> None:
        """So much was not used; below zero, so much more was."""
        self._level = max(0.0, self._now() - count)

    def _now(self) -> float:
        now = self._clock()
        self._level = max(0.0, self._level - (now - self._at) * self._rate)
        self._at = now
        return self._level


@dataclass(slots=True)
class Sent:
    """What was sent so far, and what it took."""

    requests: int = 0
    failed: int = 0
    usage: Usage = field(default_factory=Usage)
    usd: Decimal = Decimal(0)
    at_once: float = 0.0
    """How many requests may be under way now."""

    def row(self) -> dict[str, Any]:
        """For machines."""
        return {
            "sent": self.requests,
            "failed": self.failed,
            "usage": self.usage.model_dump(),
            "spent_usd": f"{self.usd:f}",
            "at_once": int(self.at_once),
        }


class Limiter:
    """A `Gate` for all requests of a batch, first come, first served.

    Concurrency adapts: it is halved where the server limits or fails again and again, shrinks by a tenth where answers take twice as long
    as at best, and grows by one with each round of answers. A `Retry-After` holds everybody back, since the limit is the account's. In an
    outage one request at a time asks whether it is over, at growing intervals, and the others wait.

    A budget stops before the request that could go beyond it: what a request may cost at most is set aside when it is sent, and what it
    did cost takes its place. So requests that are under way together cannot go beyond it either. What a server charges for a request whose
    answer never came is not known here, and not counted.
    """

    def __init__(
        self,
        limits: Limits,
        model: str,
        cost_usd: Callable[[Usage], Decimal | None],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.limits = limits
        self.sent = Sent(at_once=float(limits.concurrency))
        self.under_way = 0
        self._model = model
        self._cost_usd = cost_usd
        self._clock = clock
        self._sleep = sleep
        self._requests = Bucket(limits.rpm, clock, sleep) if limits.rpm else None
        self._tokens = Bucket(limits.tpm, clock, sleep) if limits.tpm else None
        self._aside_usd = Decimal(0)
        self._aside_tokens = 0
        self._reached: str | None = None
        self._line = asyncio.Lock()
        self._freed = asyncio.Event()
        self._not_before = 0.0
        self._last_cut = 0.0
        self._in_a_row = 0
        self._unanswered = 0
        self._seconds: float | None = None
        self._best = float("inf")

    # -- the gate --------------------------------------------------------------------------------------------------------------------

    async def enter(self, asked: Asked) -> Ticket:
        """Wait until the request may be sent. Raises BudgetReached where it could cost more than is left."""
        return await self.admit(self.limits.most_of(asked, self._model))

    async def admit(self, most: Usage) -> Ticket:
        """As `enter`, for a request that may use so much."""
        async with self._line:
            while self.under_way >= max(1, int(self.sent.at_once)):
                self._freed.clear()
                await self._freed.wait()
            while (wait := self._not_before - self._clock()) > 0:
                await self._sleep(wait)
            if self._requests is not None:
                await self._requests.take(1)
            if self._tokens is not None:
                await self._tokens.take(most.prompt_tokens + most.completion_tokens)
            self._set_aside(most)
            self.under_way += 1
            self.sent.requests += 1
            return Ticket(self._clock(), most)

    async def leave(self, ticket: Ticket, came: Came) -> None:
        """It is over: what it used is counted, and the pace is set."""
        self.under_way -= 1
        self._freed.set()
        most, used = ticket.most, came.usage
        self.sent.usage = total([self.sent.usage, used])
        if self._tokens is not None:
            self._tokens.give_back(most.prompt_tokens + most.completion_tokens - used.prompt_tokens - used.completion_tokens)
        self.sent.usd += self._cost_usd(used) or Decimal(0)
        self._aside_usd -= self._priced(most)
        self._aside_tokens -= most.prompt_tokens + most.completion_tokens
        if came.error not in (None, CANCELLED):
            self.sent.failed += 1
        self._adapt(ticket, came)

    # -- pace ------------------------------------------------------------------------------------------------------------------------

    def _adapt(self, ticket: Ticket, came: Came) -> None:
        now = self._clock()
        if came.retry_after_s is not None:
            self._not_before = max(self._not_before, now + came.retry_after_s)
        self._in_a_row = self._in_a_row + 1 if came.error in _FAILURES else 0
        # A failure among answers is an accident; several in a row say that the server is overloaded, or away.
        if came.error == "RateLimited" or self._in_a_row > 1:
            # One burst of refusals is one sign: those that were sent before the cut say nothing about the pace after it.
            if ticket.at >= self._last_cut:
                self._unanswered += 1
                if self._unanswered >= _OUTAGE:
                    wait_s = min(_LONGEST_S, 2.0 ** (self._unanswered - _OUTAGE))
                    self._not_before = max(self._not_before, now + wait_s)
                self.sent.at_once = max(1.0, self.sent.at_once * _CUT)
                self._last_cut = now
            return
        if came.error is not None:
            return
        self._unanswered = 0
        weight = 1 / max(2.0, 2 * self.sent.at_once)
        self._seconds = came.seconds if self._seconds is None else self._seconds + weight * (came.seconds - self._seconds)
        self._best = min(self._best, self._seconds)
        if self._seconds > _SLOW * self._best and ticket.at >= self._last_cut:
            self.sent.at_once = max(1.0, self.sent.at_once * _SLOWED)
            self._last_cut = now
        else:
            self.sent.at_once = min(float(self.limits.concurrency), self.sent.at_once + 1 / max(1.0, self.sent.at_once))

    # -- budget ----------------------------------------------------------------------------------------------------------------------

    def _priced(self, most: Usage) -> Decimal:
        return (self._cost_usd(most) or Decimal(0)) if self.limits.budget_usd is not None else Decimal(0)

    def _set_aside(self, most: Usage) -> None:
        """Raises BudgetReached. From then on nothing is asked: the rest would be spread over notes that cannot be finished."""
        usd, tokens = self._priced(most), most.prompt_tokens + most.completion_tokens
        if self._reached is None:
            self._reached = self._too_much(usd, tokens)
        if self._reached is not None:
            raise BudgetReached(f"not asked: {self._reached}; the same command goes on from here with a budget of its own")
        self._aside_usd += usd
        self._aside_tokens += tokens

    def _too_much(self, usd: Decimal, tokens: int) -> str | None:
        limit_usd, limit_tokens = self.limits.budget_usd, self.limits.budget_tokens
        if limit_usd is not None and self.sent.usd + self._aside_usd + usd > limit_usd:
            return f"the next request may cost ${usd:.4f}, and ${self.sent.usd:.4f} of the ${limit_usd:f} of --budget-usd are spent"
        used = self.sent.usage.prompt_tokens + self.sent.usage.completion_tokens
        if limit_tokens is not None and used + self._aside_tokens + tokens > limit_tokens:
            return f"the next request may take {tokens:,} tokens, and {used:,} of the {limit_tokens:,} of --budget-tokens are used"
        return None
