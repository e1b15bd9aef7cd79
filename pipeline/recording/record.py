"""Recording a case: the real chain drafts it at a server, and what the server answered becomes its cassette.

Nothing is written before a case is complete, and nothing that does not replay to the same note. A cassette that is current is left alone,
so the same command, run again after whatever stopped it, goes on where it was. Of one that is not, answers to requests that are still the
same are kept, each with its own time: after a change to step 4, three steps need no model.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import httpx2

from pipeline import __version__
from pipeline.chain.draft import Clock, draft_note
from pipeline.config import Settings
from pipeline.drafters.choose import LOCAL_TIMEOUT_S, schema_note
from pipeline.errors import AfterprintError, CassetteMiss, InputError, Problem
from pipeline.facts.factbase import FactBase
from pipeline.facts.sheet import FactSheet
from pipeline.llm.cassettes.file import Cassette, Interaction, Manner, Recording, read_cassette, text_of, write_cassette
from pipeline.llm.cassettes.player import Player
from pipeline.llm.cassettes.recorder import Recorder, machine_line, utc_now
from pipeline.llm.client import ChatClient
from pipeline.llm.wire import clean
from pipeline.notes.models import StepName
from pipeline.recording.check import changes, edits, unlike_the_chain
from pipeline.recording.kinds import CHAIN, Kind
from pipeline.recording.private import hidden, secrets_in
from pipeline.recording.replay import replay, sheet_of

OnCase = Callable[[str, StepName | None, str], None]
"""Told what a case is doing: its name, the step and what that does; None for the step once the case is over."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The server that is recorded. `drafter` is the name that notes carry: `openai`, or `local` for a model on this machine."""

    base_url: str
    api_key: str | None
    model: str
    drafter: str = "openai"
    model_sha256: str | None = None
    """Of the model's file, where it is known."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one case. `error` says why it failed."""

    folder: Path
    status: Literal["recorded", "current", "failed"]
    file: Path
    interactions: int = 0
    unanswered: int = 0
    """Requests that no server answered; a later one was."""
    seconds: float = 0.0
    error: AfterprintError | None = None


def patient(settings: Settings, base_url: str) -> Settings:
    """`settings` for a server that may be slow: nobody waits for a recording, and on this machine there is no network that could hang."""
    own = urlsplit(base_url).hostname in ("127.0.0.1", "localhost", "::1")
    if not own or "timeout_s" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"timeout_s": LOCAL_TIMEOUT_S})


async def record_cases(
    folders: Sequence[Path],
    endpoint: Endpoint,
    settings: Settings,
    most_facts: int | None,
    *,
    kind: Kind = CHAIN,
    at_once: int = 1,
    fresh: bool = False,
    on_case: OnCase = lambda case, step, doing: None,
    done: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Record each case, `at_once` side by side, in the order given. A case that fails does not stop the others.

    `done` is told of each case when it is over. Cancelled, it leaves the cassettes of the cases that were complete.
    """
    gate = asyncio.Semaphore(at_once)

    async def one(folder: Path) -> Outcome:
        async with gate:
            try:
                outcome = await record_case(folder, endpoint, settings, most_facts, kind=kind, fresh=fresh, on_case=on_case)
            except AfterprintError as error:
                outcome = Outcome(folder, "failed", folder / kind.file, error=error)
            on_case(_name(folder), None, outcome.status)
            done(outcome)
            return outcome

    return list(await asyncio.gather(*map(one, folders)))


async def record_case(
    folder: Path,
    endpoint: Endpoint,
    settings: Settings,
    most_facts: int | None,
    *,
    kind: Kind = CHAIN,
    fresh: bool = False,
    on_case: OnCase = lambda case, step, doing: None,
) -> Outcome:
    """Draft the case in `folder` at `endpoint` and write its cassette, unless it has one that is current and was made in the same way.

    `most_facts` limits the figures of a prompt; `fresh` records a current case again. Raises ProviderError where the server gives no
    answer, InputError for a sheet that cannot be read, AfterprintError where the recording would not replay or would hold a secret.
    """
    started = time.monotonic()
    path, sheet = folder / kind.file, sheet_of(folder)
    if not os.access(folder, os.W_OK):
        raise InputError(Problem("cannot write into this folder", file=str(folder)))
    wanted = _wanted(folder, sheet, endpoint, settings, most_facts)
    if not fresh and (count := await _current(path, sheet, wanted, kind)):
        return Outcome(folder, "current", path, count)
    recorder = Recorder(longest_wait_s=settings.max_wait_s)
    earlier = None if fresh else _earlier(path, wanted)
    client = ChatClient(
        base_url=endpoint.base_url,
        api_key=endpoint.api_key,
        model=endpoint.model,
        settings=settings,
        schema_note=schema_note(),
        transport=recorder.transport(_Thrifty(earlier) if earlier else None),
    )
    async with kind.make(client, wanted, endpoint.base_url) as drafter:
        clock = Clock.system()
        draft = await draft_note(sheet, drafter, clock, lambda step, doing: on_case(_name(folder), step, doing))
    interactions = tuple(map(without_host, recorder.answered()))
    made = {
        "server": server_name(interactions),
        "recorded_at": utc_now(),
        "prompts": draft.record.prompts,
        "schemas": draft.record.schemas,
    }
    cassette = Cassette(version=1, recorded=wanted.model_copy(update=made), interactions=interactions)
    if secrets := list(secrets_in(cassette, text_of(cassette), [endpoint.api_key or ""])):
        raise AfterprintError(f"{path}: not written: {'; '.join(secrets)}")
    again = await replay(path, cassette, sheet, kind)
    if again.note != draft.note:
        raise AfterprintError(f"{path}: not written: the recording does not give the same note when it is replayed")
    write_cassette(path, cassette)
    seconds = round(time.monotonic() - started, 1)
    return Outcome(folder, "recorded", path, len(interactions), len(recorder.failures), seconds)


def _name(folder: Path) -> str:
    return folder.resolve().name


def _wanted(folder: Path, sheet: FactSheet, endpoint: Endpoint, settings: Settings, most_facts: int | None) -> Recording:
    """What is known of the recording before the server is asked."""
    return Recording(
        case=_name(folder),
        sheet_digest=FactBase.of(sheet).digest,
        drafter=endpoint.drafter,
        server="",
        model=endpoint.model,
        model_sha256=endpoint.model_sha256,
        recorded_at=utc_now(),
        machine=machine_line(),
        afterprint=__version__,
        manner=Manner.of(settings, most_facts),
    )


async def _current(path: Path, sheet: FactSheet, wanted: Recording, kind: Kind) -> int:
    """How many interactions the cassette at `path` has, if recording now would ask the same of the same model; else 0."""
    player = _earlier(path, wanted)
    if player is None or list(changes(player.cassette, sheet)):
        return 0
    return 0 if await unlike_the_chain(path, player.cassette, sheet, kind) else len(player.cassette.interactions)


def _earlier(path: Path, wanted: Recording) -> Player | None:
    """The cassette at `path`, where the same model was asked in the same way and nothing in it was edited."""
    try:
        cassette = read_cassette(path)
    except InputError:
        return None
    have = cassette.recorded
    same = (have.drafter, have.model, have.manner) == (wanted.drafter, wanted.model, wanted.manner)
    # A hash that one side does not know says nothing.
    same = same and len({have.model_sha256, wanted.model_sha256} - {None}) <= 1
    return Player(cassette, path) if same and not list(edits(cassette)) else None


class _Thrifty(httpx2.AsyncBaseTransport):
    """Asks the server only what an earlier recording does not answer: after a change to a late step, the early ones stand."""

    def __init__(self, earlier: Player) -> None:
        self._earlier = earlier
        self._network = httpx2.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await request.aread()
        try:
            return self._earlier.answer(request)
        except CassetteMiss:
            return await self._network.handle_async_request(request)

    async def aclose(self) -> None:
        await self._network.aclose()


def without_host(interaction: Interaction) -> Interaction:
    """The interaction with a place-holder for the host that was asked."""
    request = interaction.request
    return interaction.model_copy(update={"request": request.model_copy(update={"uri": hidden(request.uri)})})


def server_name(interactions: Sequence[Interaction]) -> str:
    """The program that answered, as it calls itself in headers and answers."""
    for one in reversed(interactions):
        body = one.response.content
        build = body.get("system_fingerprint") if isinstance(body, dict) else None
        words = [*one.response.headers.get("server", ()), *([build] if isinstance(build, str) and build else [])]
        if words:
            return clean(" ".join(words), 100)
    return "does not say its name"
