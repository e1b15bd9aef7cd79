"""Cassettes in use: httpx2 transports that keep what a server answers, or answer in its place.

    recorder = Recorder()
    async with ChatClient(..., transport=recorder.transport()) as client:
        ...
    recorder.save(path, Recording(case=..., ...))

    with replaying(path) as player:
        async with ChatClient(..., transport=player.transport(), sleep=no_wait) as client:
            ...

A request is known by its method, its path, its body and its sample header (`Request.sample`); never by host, port, query or
key, because local servers use whatever port is free. Equal requests get their answers in the order in which they were
recorded, each once: so a 429 and the answer that followed come again as they were. Equal requests that run side by side need
sample ids if it matters which gets which answer.

Nothing is global: a recorder or player belongs to the clients that were given its transports, and any number may be at work
in one process, in threads and in tasks.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from pipeline.errors import CassetteMiss, CassetteUnplayed
from pipeline.llm.cassettes import bodies
from pipeline.llm.cassettes.file import Cassette, path_of, read_cassette
from pipeline.llm.cassettes.miss import Asked, explain, explain_again
from pipeline.llm.cassettes.recorder import KEPT, Recorder, machine_line
from pipeline.llm.types import SAMPLE_HEADER

__all__ = ["Player", "Recorder", "machine_line", "no_wait", "replaying"]

_FRAMING = ("content-encoding", "content-length", "transfer-encoding")

_Key = tuple[str, str, str, str]


async def no_wait(seconds: float) -> None:
    """Stands in for `asyncio.sleep` between attempts on replay: `ChatClient(sleep=no_wait)`. Others get their turn, no time passes."""
    await asyncio.sleep(0)


class Player:
    """Answers requests from a cassette, each interaction once. No time passes and no connection is made."""

    def __init__(self, cassette: Cassette, path: Path) -> None:
        """`path` names the cassette in messages."""
        self.cassette = cassette
        self.misses: list[CassetteMiss] = []
        """Every request that was asked in vain, as it was raised."""
        self._path = path
        self._waiting: dict[_Key, deque[int]] = {}
        self._held: dict[_Key, int] = {}
        self._lock = threading.Lock()
        for number, interaction in enumerate(cassette.interactions):
            request = interaction.request
            key = (request.method, request.path, bodies.digest(request.content), request.sample)
            self._waiting.setdefault(key, deque()).append(number)
            self._held[key] = self._held.get(key, 0) + 1

    @classmethod
    def open(cls, path: Path) -> Player:
        """A player of the cassette in the file at `path`. Raises InputError, with path and line, for what is none."""
        return cls(read_cassette(path), path)

    def transport(self) -> _Playing:
        """A transport for one client, async or not. All transports of a player share what was played."""
        return _Playing(self)

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        """The next recorded answer to a request whose body was read. Raises CassetteMiss."""
        text = request.content.decode("utf-8", "replace")
        read = bodies.json_of(text)
        asked = Asked(request.method, path_of(request), text if read is None else read, request.headers.get(SAMPLE_HEADER, ""))
        key = (asked.method, asked.path, bodies.digest(asked.body), asked.sample)
        with self._lock:
            waiting = self._waiting.get(key)
            number = waiting.popleft() if waiting else None
        if number is None:
            raise self._missed(asked, self._held.get(key, 0))
        interaction = self.cassette.interactions[number]
        recorded = interaction.response
        said = recorded.content
        content = (said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)).encode()
        headers = [(name, value) for name, values in recorded.headers.items() if name not in _FRAMING for value in values]
        return httpx2.Response(
            recorded.status.code,
            headers=[*headers, ("content-length", str(len(content)))],
            stream=httpx2.ByteStream(content),
            extensions={KEPT: interaction, **({"reason_phrase": recorded.status.message.encode()} if recorded.status.message else {})},
        )

    def unplayed(self) -> list[str]:
        """The interactions that nobody asked for, one line each."""
        with self._lock:
            numbers = sorted(number for waiting in self._waiting.values() for number in waiting)
        return [f"interaction {number + 1}: {self.cassette.interactions[number]}" for number in numbers]

    def finish(self) -> None:
        """Raises the first CassetteMiss where something was asked in vain, else CassetteUnplayed where something was not asked for."""
        if self.misses:
            raise self.misses[0]
        if left := self.unplayed():
            some = f"{len(left)} of {len(self.cassette.interactions)} recorded interactions {'was' if len(left) == 1 else 'were'}"
            raise CassetteUnplayed("\n".join([f"{self._path}: {some} never asked for:", *(f"  {line}" for line in left)]))

    def _missed(self, asked: Asked, held: int) -> CassetteMiss:
        tell = explain_again(self._path, self.cassette, asked, held) if held else explain(self._path, self.cassette, asked)
        miss = CassetteMiss(tell)
        self.misses.append(miss)
        return miss


class _Playing(httpx2.AsyncBaseTransport, httpx2.BaseTransport):
    def __init__(self, player: Player) -> None:
        self._player = player

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        return self._player.answer(request)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await request.aread()
        return self._player.answer(request)


@contextmanager
def replaying(path: Path) -> Iterator[Player]:
    """A player of the cassette at `path`, finished at the end unless an error came first. Raises InputError for a bad file."""
    player = Player.open(path)
    yield player
    player.finish()
