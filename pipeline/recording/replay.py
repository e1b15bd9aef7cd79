"""Drafting a case again from its cassette: no server, no network, no time passes, and the note is the same byte for byte."""

from __future__ import annotations

import asyncio
from pathlib import Path

from pipeline.chain.draft import Clock, Draft, draft_note
from pipeline.config import Settings, load_settings
from pipeline.drafters.choose import schema_note
from pipeline.errors import AfterprintError, InputError, Problem
from pipeline.facts.loading import load_sheet
from pipeline.facts.sheet import FactSheet
from pipeline.llm.cassettes.file import Cassette, Manner, read_cassette
from pipeline.llm.cassettes.player import Player, no_wait
from pipeline.llm.client import ChatClient
from pipeline.recording.kinds import CHAIN, FACTS, Kind

MAX_SHEET_BYTES = 10_000_000
_LARGEST_BODY = 16 * 1024 * 1024
_END = "/chat/completions"


def replay_case(folder: Path, kind: Kind = CHAIN) -> Draft:
    """The draft of the case in `folder`, from its cassette alone. For programs without an event loop; else `replay`.

    Raises InputError for files that cannot be read, CassetteMiss where the chain asks for what was not recorded, CassetteUnplayed where it
    does not ask for all that was.
    """
    path = folder / kind.file
    cassette = read_cassette(path)
    return asyncio.run(replay(path, cassette, sheet_of(folder), kind))


def sheet_of(folder: Path) -> FactSheet:
    """The sheet of the case in `folder`. Raises InputError."""
    return load_sheet(folder / FACTS, max_bytes=MAX_SHEET_BYTES)


async def replay(path: Path, cassette: Cassette, sheet: FactSheet, kind: Kind = CHAIN) -> Draft:
    """The draft of `sheet` from `cassette`, which `path` names in messages; the clock stands at the recording's time.

    Raises as `replay_case`.
    """
    recording = cassette.recorded
    client, player = replaying(path, cassette)
    clock = Clock(now=lambda: recording.recorded_at, monotonic=lambda: 0.0)
    try:
        async with kind.make(client, recording, _base_url(path, cassette)) as drafter:
            draft = await draft_note(sheet, drafter, clock)
    except AfterprintError:
        if player.misses:
            raise player.misses[0] from None
        raise
    player.finish()
    return draft


def replaying(path: Path, cassette: Cassette) -> tuple[ChatClient, Player]:
    """A client that is answered from `cassette`, with the settings of the recording, and what answers it: no server, and no time passes.

    Ask `Player.finish` at the end. Raises InputError for a cassette that does not say how it was recorded.
    """
    player = Player(cassette, path)
    client = ChatClient(
        base_url=_base_url(path, cassette),
        api_key="none",
        model=cassette.recorded.model,
        settings=_settings(_manner(path, cassette)),
        schema_note=schema_note(),
        transport=player.transport(),
        sleep=no_wait,
        clock=lambda: 0.0,
    )
    return client, player


def _manner(path: Path, cassette: Cassette) -> Manner:
    if cassette.recorded.manner is None:
        raise InputError(Problem("missing: a replay needs the settings of the recording", str(path), field="recorded.manner"))
    return cassette.recorded.manner


def _settings(manner: Manner) -> Settings:
    """The recording's settings. What the environment says must not reach a replay."""
    shaping = manner.model_dump(exclude={"most_facts"})
    return load_settings(**shaping, concurrency=64, timeout_s=3_600, connect_timeout_s=10, max_body_bytes=_LARGEST_BODY)


def _base_url(path: Path, cassette: Cassette) -> str:
    """The root of the API that was asked: which parameters come first depends on it, and a replay compares its path."""
    uri = cassette.interactions[0].request.uri if cassette.interactions else ""
    if not uri.endswith(_END):
        raise InputError(Problem(f"expected requests to a server's {_END}", str(path), field="interactions[0].request.uri"))
    return uri.removesuffix(_END)
