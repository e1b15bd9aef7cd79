"""Recording a cassette: httpx2 transports that pass requests on to a server, and keep what it answers."""

from __future__ import annotations

import math
import os
import platform
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx2

from pipeline.errors import InputError, Problem, ProviderError
from pipeline.llm.cassettes.file import (
    Cassette,
    Headers,
    Interaction,
    RecordedRequest,
    RecordedResponse,
    Recording,
    Status,
    Taken,
    TextBody,
    parsed,
    path_of,
    write_cassette,
)
from pipeline.llm.types import SAMPLE_HEADER
from pipeline.llm.wire import asked_wait_s, clean

REQUEST_HEADERS = ("accept", "content-type", SAMPLE_HEADER)
RESPONSE_HEADERS = ("content-type", "date", "openai-processing-ms", "openai-version", "server", "x-request-id")
"""What is written of the headers, beside the wait that a server asks for. All else stays out: keys, cookies, accounts."""
MAX_ANSWER_BYTES = 16 * 1024 * 1024

_SECRET_HEADERS = ("api-key", "authorization", "cookie", "x-api-key", "x-goog-api-key")
_SHORTEST_SECRET = 8
"""Shorter ones are place-holders such as `none`, and may be words."""
_HEADER_VALUE = re.compile(r"[ -~]*")
_FRAMING = ("content-encoding", "content-length", "transfer-encoding")
_PROCESSOR = re.compile(r"^model name\s*:\s*(.+)$", re.MULTILINE)


def machine_line() -> str:
    """This machine in a few words, such as `2 CPUs, AMD EPYC 7763`: no names, no paths."""
    count = os.cpu_count() or 1
    try:
        found = _PROCESSOR.search(Path("/proc/cpuinfo").read_text("utf-8", "replace"))
    except OSError:
        found = None
    name = found[1] if found else platform.processor() or platform.machine()
    return f"{count} CPU{'s' if count > 1 else ''}, {' '.join(name.split()) or 'of an unknown kind'}"


KEPT = "afterprint.interaction"
"""Extension of a response that comes from a cassette: its interaction, which a new recording keeps with its own time and duration."""


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


class Recorder:
    """Keeps what a server answers, in memory until `save`: a run that is killed leaves no file, and the old one as it was."""

    def __init__(
        self, *, now: Callable[[], datetime] = utc_now, monotonic: Callable[[], float] = time.monotonic, longest_wait_s: float = 60.0
    ) -> None:
        """`longest_wait_s` is the recorded client's AFTERPRINT_MAX_WAIT_S.

        Where a server asked to wait, a millisecond is written in place of the time, so that no replay sleeps; unless the client would not
        wait that long and gave up, which it then does on replay, too.
        """
        self.failures: list[str] = []
        """Requests without an answer (no connection, a time-out, cancelled), one line each. They are no interactions: no server said
        anything, and on replay the client's next attempt is its first."""
        self._now = now
        self._monotonic = monotonic
        self._longest_wait_s = longest_wait_s
        self._takes: list[_Take] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Interactions so far."""
        return len(self.answered())

    def transport(self, inner: httpx2.AsyncBaseTransport | None = None) -> httpx2.AsyncBaseTransport:
        """A transport for one client; `inner` takes the place of the network. The client sees an answer once it is complete."""
        return _AsyncRecording(self, inner or httpx2.AsyncHTTPTransport())

    def sync_transport(self, inner: httpx2.BaseTransport | None = None) -> httpx2.BaseTransport:
        """The same for a client that is not async."""
        return _SyncRecording(self, inner or httpx2.HTTPTransport())

    def save(self, path: Path, recording: Recording) -> Cassette:
        """Write all that was answered so far, in the order in which it was asked. A file that is there is replaced, whole or not at all.

        Raises InputError where no server answered, or the file cannot be written.
        """
        interactions = self.answered()
        if not interactions:
            raise InputError(Problem("no server answered: there is nothing to record", file=str(path)))
        cassette = Cassette(version=1, recorded=recording, interactions=tuple(interactions))
        write_cassette(path, cassette)
        return cassette

    def begin(self, request: httpx2.Request) -> _Take:
        """Note a request whose body was read. Its place among the others is that of its start."""
        take = _Take(request, self._now(), self._monotonic())
        with self._lock:
            self._takes.append(take)
        return take

    def end(self, take: _Take, response: httpx2.Response, content: bytes) -> httpx2.Response:
        """Keep an answer; returns it for the client. Raises ProviderError for one that is not text."""
        kept = response.extensions.get(KEPT)
        if isinstance(kept, Interaction):
            take.interaction = kept
        else:
            take.interaction = take.answered(response, content, round(self._monotonic() - take.started, 3), self._longest_wait_s)
        headers = [(name, value) for name, value in response.headers.multi_items() if name not in _FRAMING]
        return httpx2.Response(response.status_code, headers=headers, stream=httpx2.ByteStream(content), extensions=_reason(response))

    def fail(self, take: _Take, error: BaseException) -> None:
        """Note that a request came to nothing."""
        with self._lock:
            self.failures.append(f"{take.request.method} {take.path}: {type(error).__name__} {clean(take.public(str(error)), 200)}".strip())

    def answered(self) -> list[Interaction]:
        """What was answered so far, in the order in which it was asked."""
        with self._lock:
            return [take.interaction for take in self._takes if take.interaction]


@dataclass(slots=True)
class _Take:
    """One request under way."""

    request: httpx2.Request
    at: datetime
    started: float
    interaction: Interaction | None = None
    secrets: list[str] = field(init=False)

    def __post_init__(self) -> None:
        values = [self.request.headers.get(name, "") for name in _SECRET_HEADERS]
        # `Bearer <key>`: the key alone is what a server may repeat.
        self.secrets = [word for value in values for word in value.split() if len(word) >= _SHORTEST_SECRET]

    @property
    def path(self) -> str:
        return path_of(self.request)

    def public(self, text: str) -> str:
        """`text` without the request's key, which some servers repeat."""
        for secret in self.secrets:
            text = text.replace(secret, "[key]")
        return text

    def answered(self, response: httpx2.Response, content: bytes, seconds: float, longest_wait_s: float) -> Interaction:
        host = self.request.url.host
        asked, said = self._text(self.request.content, "the request"), self._text(content, "the answer")
        asked_json, said_json = parsed(asked), parsed(said)
        answer = RecordedResponse(
            status=Status(code=response.status_code, message=response.reason_phrase),
            headers=self._headers(response.headers, RESPONSE_HEADERS) | _wait(response.headers, longest_wait_s),
            body=TextBody(string=said if said_json is None else ""),
            parsed_body=said_json,
        )
        return Interaction(
            recorded=Taken(at=self.at, seconds=seconds, answer_sha256=answer.digest),
            request=RecordedRequest(
                method=self.request.method,
                uri=f"{self.request.url.scheme}://{f'[{host}]' if ':' in host else host}{self.path}",
                headers=self._headers(self.request.headers, REQUEST_HEADERS),
                body=asked if asked_json is None else None,
                parsed_body=asked_json,
            ),
            response=answer,
        )

    def _text(self, content: bytes, which: str) -> str:
        try:
            return self.public(content.decode())
        except UnicodeDecodeError:
            raise ProviderError(
                f"{which} ({self.request.method} {self.path}) is not text in UTF-8: a cassette holds nothing else"
            ) from None

    def _headers(self, headers: httpx2.Headers, allowed: tuple[str, ...]) -> Headers:
        kept: dict[str, tuple[str, ...]] = {}
        for name, value in headers.multi_items():
            if name in allowed and _HEADER_VALUE.fullmatch(value):
                kept[name] = (*kept.get(name, ()), self.public(value))
        return {name: kept[name] for name in sorted(kept)}


def _wait(headers: Mapping[str, str], longest_s: float) -> Headers:
    """How long the server asks to wait, as it is written: see `Recorder`."""
    seconds = asked_wait_s(headers)
    if seconds is None:
        return {}
    return {"retry-after-ms": ("1",)} if seconds <= longest_s else {"retry-after": (str(math.ceil(seconds)),)}


def _check_size(content: bytearray) -> None:
    if len(content) > MAX_ANSWER_BYTES:
        raise ProviderError(f"the answer has more than {MAX_ANSWER_BYTES:,} bytes: a cassette holds none of that size")


class _AsyncRecording(httpx2.AsyncBaseTransport):
    def __init__(self, recorder: Recorder, inner: httpx2.AsyncBaseTransport) -> None:
        self._recorder = recorder
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await request.aread()
        take = self._recorder.begin(request)
        try:
            response = await self._inner.handle_async_request(request)
            content = bytearray()
            try:
                async for chunk in response.aiter_bytes():
                    content += chunk
                    _check_size(content)
            finally:
                await response.aclose()
            return self._recorder.end(take, response, bytes(content))
        except BaseException as error:
            self._recorder.fail(take, error)
            raise

    async def aclose(self) -> None:
        await self._inner.aclose()


class _SyncRecording(httpx2.BaseTransport):
    def __init__(self, recorder: Recorder, inner: httpx2.BaseTransport) -> None:
        self._recorder = recorder
        self._inner = inner

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        take = self._recorder.begin(request)
        try:
            response = self._inner.handle_request(request)
            content = bytearray()
            try:
                for chunk in response.iter_bytes():
                    content += chunk
                    _check_size(content)
            finally:
                response.close()
            return self._recorder.end(take, response, bytes(content))
        except BaseException as error:
            self._recorder.fail(take, error)
            raise

    def close(self) -> None:
        self._inner.close()


def _reason(response: httpx2.Response) -> dict[str, bytes]:
    reason = response.extensions.get("reason_phrase")
    return {"reason_phrase": reason} if isinstance(reason, bytes) else {}
