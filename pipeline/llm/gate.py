"""What stands between a client and the network: the answers that are kept already, and leave to ask.

A `Keeper` is asked first: what it recalls costs nothing and waits for nothing. A `Gate` then says when a request may be sent, or that it
may not. Both are asynchronous, since they may live in another process.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Protocol

from pipeline.llm.types import Request, Usage


@dataclass(frozen=True, slots=True)
class Asked:
    """One HTTP request that is about to be sent: its JSON, and what it was made of."""

    request: Request
    content: bytes
    max_tokens: int


CANCELLED = "Cancelled"
"""Stands for the error of a request that nobody waits for any more."""


@dataclass(frozen=True, slots=True)
class Came:
    """What became of it: plain data, since a gate may live in another process.

    `usage` is what the server reports, nothing where it reports none. `error` is the name of the error's class, None for an answer.
    """

    usage: Usage
    seconds: float
    error: str | None = None
    retry_after_s: float | None = None


class Keeper(Protocol):
    """Keeps answers, so that none is asked for twice."""

    async def recall(self, asked: Asked) -> bytes | None:
        """The body of the answer to this very request, or None."""
        ...

    async def keep(self, asked: Asked, content: bytes, usage: Usage) -> None:
        """Keep an answer: it is safe when this returns. Raises InputError where it cannot be."""
        ...


class Deferred(Exception):
    """A gate puts a request off, and its note with it: an error of nobody."""


class Gate(Protocol):
    """Lets requests through."""

    async def enter(self, asked: Asked) -> Any:
        """Wait until it may be sent; what `leave` is to be told. Raises AfterprintError where it may not be sent at all."""
        ...

    async def leave(self, ticket: Any, came: Came) -> None:
        """It is over."""
        ...


class Slots:
    """A gate that lets so many requests through at a time, and otherwise all."""

    def __init__(self, count: int) -> None:
        self._free = asyncio.Semaphore(count)

    async def enter(self, asked: Asked) -> None:
        """Wait for a slot."""
        await self._free.acquire()

    async def leave(self, ticket: None, came: Came) -> None:
        """Free it."""
        self._free.release()


class Around(Protocol):
    """What the clients of a batch share."""

    def keeper(self, engine: str) -> Keeper | None:
        """`engine` is the server's identity: its base URL, or the model's own name where the address changes."""
        ...

    def gate(self, model: str, base_url: str | None) -> Gate | None:
        """The gate for requests to a model; no `base_url` is a model on this machine. Raises UsageError for a limit that cannot be kept."""
        ...
