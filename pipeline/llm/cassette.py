"""Cassettes in use: httpx2 transports that keep what a server answers, or answer in its place.

recorder = Recorder()
async with ChatClient(..., transport=recorder.transport()) as client: ...
recorder.save(path, Recording(case=..., ...))

with replaying(path) as player:  # raises at the end for what was asked in vain or never asked
    async with ChatClient(..., transport=player.transport(), sleep=no_wait) as client: ...
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import httpx2

from pipeline.errors import CassetteMiss
from pipeline.llm.cassette_file import Cassette, Recording, utc_now


async def no_wait(seconds: float) -> None:
    """Stands in for `asyncio.sleep` on replay: ChatClient(sleep=no_wait)."""


class Recorder:
    """Keeps what a server answers. Nothing is written before `save`."""

    def __init__(
        self, *, now: Callable[[], datetime] = utc_now, monotonic: Callable[[], float] = time.monotonic, longest_wait_s: float = 60.0
    ) -> None:
        raise NotImplementedError

    failures: list[str]
    """Requests that got no answer (no connection, a time-out, cancelled), as one line each. They are no interactions."""

    def __len__(self) -> int:
        """Interactions so far."""
        raise NotImplementedError

    def transport(self, inner: httpx2.AsyncBaseTransport | None = None) -> httpx2.AsyncBaseTransport:
        """A transport for one client; `inner` takes the place of the network."""
        raise NotImplementedError

    def sync_transport(self, inner: httpx2.BaseTransport | None = None) -> httpx2.BaseTransport:
        raise NotImplementedError

    def save(self, path: Path, recording: Recording) -> Cassette:
        """Write everything answered so far. Raises InputError where nothing was, or the file cannot be written."""
        raise NotImplementedError


class Player:
    """Answers requests from a cassette, each interaction once."""

    misses: list[CassetteMiss]

    def __init__(self, cassette: Cassette, path: Path) -> None:
        raise NotImplementedError

    def transport(self) -> httpx2.MockTransport:
        """A transport for one client, sync or async; all transports of a player share what was played."""
        raise NotImplementedError

    def unplayed(self) -> list[str]:
        """The interactions that nobody asked for, one line each."""
        raise NotImplementedError

    def finish(self) -> None:
        """Raises the first CassetteMiss, if any, else CassetteUnplayed where interactions are left."""
        raise NotImplementedError


@contextmanager
def replaying(path: Path) -> Iterator[Player]:
    """A player of the cassette at `path`, finished at the end unless an error came first. Raises InputError for a bad file."""
    raise NotImplementedError
    yield
