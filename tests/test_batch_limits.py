"""The limits of a batch: requests and tokens a minute, budgets, and a concurrency that follows the server. No time passes here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.batch.limits import Bucket, Limiter, Limits, Ticket
from pipeline.errors import BudgetReached
from pipeline.llm.gate import Asked, Came
from pipeline.llm.types import Message, Request, Usage


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


def dollars(usage: Usage) -> Decimal:
    """A dollar for a thousand tokens."""
    return Decimal(usage.prompt_tokens + usage.completion_tokens) / 1_000


def limiter(time: Time, limits: Limits, cost: Callable[[Usage], Decimal | None] = dollars) -> Limiter:
    return Limiter(limits, "m", cost, clock=time, sleep=time.sleep)


def use(tokens: int) -> Usage:
    return Usage(prompt_tokens=tokens)


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(coroutine)


# -- a minute ----------------------------------------------------------------------------------------------------------------------


@given(st.integers(1, 600), st.lists(st.tuples(st.integers(1, 500), st.floats(0, 20)), min_size=1, max_size=40))
def test_no_minute_takes_more_than_a_minute_and_a_burst(per_minute: int, takes: list[tuple[int, float]]) -> None:
    time = Time()
    bucket = Bucket(per_minute, time, time.sleep)
    burst = max(1.0, per_minute / 6)
    taken: list[tuple[float, float]] = []

    async def go() -> None:
        for count, pause in takes:
            await bucket.take(count)
            taken.append((time.now, min(count, burst)))
            time.now += pause

    run(go())
    for start, _ in taken:
        within = sum(count for at, count in taken if start <= at < start + 60)
        assert within <= per_minute + 2 * burst + 1e-6


def test_requests_a_minute_are_spread_over_it() -> None:
    time = Time()
    gate = limiter(time, Limits(10, rpm=60))

    async def go() -> list[float]:
        sent = []
        for _ in range(70):
            ticket = await gate.admit(use(0))
            sent.append(time.now - 100)
            await gate.leave(ticket, Came(Usage(), 0.0))
        return sent

    sent = run(go())
    assert sent[9] == 0, "ten seconds' worth at once"
    assert sent[69] == pytest.approx(60, abs=0.01)


def test_tokens_that_were_not_used_are_given_back() -> None:
    def seconds(used: int) -> float:
        time = Time()
        gate = limiter(time, Limits(1, tpm=60_000))

        async def go() -> None:
            for _ in range(20):
                ticket = await gate.admit(use(5_000))
                await gate.leave(ticket, Came(use(used), 0.0))

        run(go())
        return time.now - 100

    assert seconds(5_000) == pytest.approx(90, abs=1)
    assert seconds(1_000) == pytest.approx(14, abs=1)
    assert seconds(10_000) == pytest.approx(190 - 5, abs=6), "more than was thought is made up for"


def test_a_request_larger_than_the_limit_is_not_stuck() -> None:
    time = Time()
    gate = limiter(time, Limits(1, tpm=600))
    run(gate.admit(use(5_000)))
    assert time.now < 200


# -- the server ------------------------------------------------------------------------------------------------------------------


_TURNS = 150
"""Of the event loop that a request takes: enough for all others to be let through that may be."""


def through(gate: Limiter, came: Callable[[int], Came], count: int) -> None:
    """So many requests, as many at a time as the gate lets through; `came` is told how many are under way."""

    async def one() -> None:
        ticket = await gate.admit(use(0))
        answer = came(gate.under_way)
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        await gate.leave(ticket, answer)

    async def go() -> None:
        await asyncio.gather(*(one() for _ in range(count)))

    run(go())


def test_concurrency_follows_what_the_server_stands() -> None:
    time = Time()
    gate = limiter(time, Limits(64))
    most: list[int] = []

    def server(under_way: int) -> Came:
        most.append(under_way)
        time.now += 0.01
        return Came(Usage(), 0.1, "RateLimited" if under_way > 8 else None)

    through(gate, server, 600)
    assert max(most[:100]) == 64
    assert 7 <= max(most[300:]) <= 16


def test_answers_that_take_twice_as_long_say_that_the_server_queues() -> None:
    time = Time()
    gate = limiter(time, Limits(64))

    def server(under_way: int) -> Came:
        time.now += 0.01
        return Came(Usage(), 0.1 * max(1.0, under_way / 8))

    through(gate, server, 2_000)
    assert gate.sent.at_once < 48
    quick = limiter(Time(), Limits(64))
    through(quick, lambda under_way: Came(Usage(), 0.1), 2_000)
    assert quick.sent.at_once == 64


def test_one_burst_of_refusals_halves_once() -> None:
    time = Time()
    gate = limiter(time, Limits(32))

    async def go() -> None:
        tickets = [await gate.admit(use(0)) for _ in range(32)]
        time.now += 1
        for ticket in tickets:
            await gate.leave(ticket, Came(Usage(), 1.0, "RateLimited"))

    run(go())
    assert gate.sent.at_once == 16
    assert gate.sent.failed == 32


def test_a_failure_among_answers_is_an_accident() -> None:
    gate = limiter(Time(), Limits(32))
    fates = iter([None, "ServerFailed", None, "ConnectionFailed"] * 10)
    through(gate, lambda under_way: Came(Usage(), 1.0, next(fates)), 40)
    assert gate.sent.at_once == 32
    assert gate.sent.failed == 20


def test_a_retry_after_holds_everybody_back() -> None:
    time = Time()
    gate = limiter(time, Limits(4))

    async def go() -> Ticket:
        ticket = await gate.admit(use(0))
        await gate.leave(ticket, Came(Usage(), 0.0, "RateLimited", retry_after_s=7.0))
        return await gate.admit(use(0))

    assert run(go()).at == pytest.approx(107)


def test_in_an_outage_one_request_at_a_time_asks_whether_it_is_over() -> None:
    time = Time()
    gate = limiter(time, Limits(16))
    sent: list[float] = []

    async def go() -> None:
        while time.now < 400:
            ticket = await gate.admit(use(0))
            sent.append(time.now - 100)
            await gate.leave(ticket, Came(Usage(), 0.0, "ConnectionFailed" if time.now < 300 else None))
            if time.now >= 300:
                return

    run(go())
    # One failure is an accident; four cuts from 16 to 1 at once, then a second, two, four, and at last a minute.
    assert [round(at) for at in sent] == [0, 0, 0, 0, 0, 0, 1, 3, 7, 15, 31, 63, 123, 183, 243]
    assert gate.sent.at_once > 1


# -- budgets ---------------------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(1, 100), st.integers(0, 100)), max_size=30), st.integers(0, 1_000), st.sampled_from(["usd", "tokens"])
)
def test_no_order_of_requests_goes_beyond_a_budget(requests: list[tuple[int, int]], limit: int, what: str) -> None:
    limits = Limits(100, budget_usd=Decimal(limit) / 1_000) if what == "usd" else Limits(100, budget_tokens=limit)
    gate = limiter(Time(), limits)

    async def go() -> None:
        under_way: list[tuple[Ticket, Came]] = []
        for number, (most, share) in enumerate(requests):
            try:
                ticket = await gate.admit(use(most))
            except BudgetReached:
                break
            under_way.append((ticket, Came(use(most * share // 100), 0.0)))
            if number % 2:
                await gate.leave(*under_way.pop(0))
        for one in under_way:
            await gate.leave(*one)

    run(go())
    assert gate.sent.usage.prompt_tokens <= limit


def test_a_budget_that_was_reached_once_lets_nothing_through() -> None:
    gate = limiter(Time(), Limits(4, budget_tokens=100))

    async def go() -> None:
        with pytest.raises(BudgetReached):
            await gate.admit(use(101))
        with pytest.raises(BudgetReached):
            await gate.admit(use(1))

    run(go())


def test_tokens_are_counted_only_where_a_limit_needs_them() -> None:
    asked = Asked(Request("summarize", (Message("user", "word " * 500),), {}), b"", 2_000)
    assert Limits(1).most_of(asked, "m").prompt_tokens == 0
    assert 500 < Limits(1, tpm=1).most_of(asked, "m").prompt_tokens < 600
