"""Whether a cassette can be relied on, found out offline: it is read, searched for secrets, compared with its own digests, and replayed.

What this can prove: that the file is whole; that the real chain, with the prompts, schemas, facts and code of today, asks for exactly what
was recorded, all of it and nothing else; that nothing in an answer was changed by somebody who did not also change its digest.

What it cannot prove: that a server answered at all. The digests are no signature: whoever makes up a whole file, digests included, with
times, counts and marks that fit together, is not found out. It catches answers that were touched up or written by hand, not fraud.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from pipeline.errors import AfterprintError, CassetteMiss, CassetteUnplayed, InputError
from pipeline.facts.factbase import FactBase
from pipeline.facts.sheet import FactSheet
from pipeline.llm.cassettes.file import Cassette, Interaction, read_cassette
from pipeline.llm.cassettes.miss import changed_since
from pipeline.recording.kinds import CHAIN, FACTS, Kind
from pipeline.recording.private import own_keys, secrets_in
from pipeline.recording.replay import replay, sheet_of

About = Literal["secret", "orphan", "edited", "server", "changed", "replay"]
"""A secret; no sheet; an answer that is not as it was recorded, or not as servers answer; something that it rests on has changed; the
chain does not play it."""

_SERVER_HEADERS = ("date", "server", "x-request-id", "openai-processing-ms")
_CLOCKS_DIFFER = timedelta(days=1)
_SLACK_S = 1.0
_LONGEST_TOKEN = 20
"""Characters of an answer for each token that it is said to have, at most."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a cassette: the file, what, and what to do."""

    file: Path
    about: About
    what: str
    advice: str

    def __str__(self) -> str:
        return f"{self.file}: {self.what}: {self.advice}"


def check_cassette(path: Path, kind: Kind = CHAIN) -> list[Finding]:
    """All that is wrong with the cassette at `path`; its case is the folder that it lies in. For programs without an event loop.

    Raises InputError for a cassette or a sheet that cannot be read.
    """
    folder = path.parent
    again = f"{kind.again} {folder}"
    if not path.exists():
        return [Finding(path, "orphan", "this case has no cassette yet", again)]
    cassette = read_cassette(path)
    found = [
        *(
            Finding(path, "secret", what, f"take it out of use, then {again}")
            for what in secrets_in(cassette, path.read_text(), own_keys())
        ),
        *(Finding(path, "edited", what, again) for what in edits(cassette)),
        *(Finding(path, "server", what, again) for what in not_from_a_server(cassette)),
    ]
    if not (folder / FACTS).is_file():
        return [*found, Finding(path, "orphan", f"no {FACTS} lies beside it", f"put it there, or delete {path}")]
    sheet = sheet_of(folder)
    found += [Finding(path, "changed", what, again) for what in changes(cassette, sheet)]
    if not any(finding.about == "changed" for finding in found):
        # Else the chain asks for something else, and the changes say why.
        found += [Finding(path, "replay", what, again) for what in asyncio.run(unlike_the_chain(path, cassette, sheet, kind))]
    return found


def edits(cassette: Cassette) -> Iterator[str]:
    """Answers that are not what they were when they were recorded, by their digests."""
    for number, one in enumerate(cassette.interactions, start=1):
        if one.recorded.answer_sha256 is None:
            yield f"interaction {number}: the answer has no digest, so nobody can tell whether it was edited"
        elif one.recorded.answer_sha256 != one.response.digest:
            yield f"interaction {number}: the answer was edited after the recording: its digest is another"


def not_from_a_server(cassette: Cassette) -> Iterator[str]:
    """Answers without the marks that servers leave: an id, the time, token counts, headers; and times that cannot be."""
    if not cassette.interactions:
        yield "nothing is recorded in it"
    for number, one in enumerate(cassette.interactions, start=1):
        if one.recorded.seconds <= 0:
            yield f"interaction {number}: no server answers in {one.recorded.seconds:g} seconds"
        if one.recorded.at > cassette.recorded.recorded_at:
            yield f"interaction {number}: was asked after the recording was over"
        for mark in _marks_missing(one):
            yield f"interaction {number}: not as a server answers: {mark}"


def changes(cassette: Cassette, sheet: FactSheet) -> Iterator[str]:
    """What a recording rests on and is not what it was: prompts, schemas, facts."""
    for name in changed_since(cassette.recorded):
        yield f"{name} has changed since the recording"
    if FactBase.of(sheet).digest != cassette.recorded.sheet_digest:
        yield f"{FACTS} has changed since the recording"


async def unlike_the_chain(path: Path, cassette: Cassette, sheet: FactSheet, kind: Kind) -> Collection[str]:
    """Where the real chain asks for something else than what was recorded."""
    recording = cassette.recorded
    try:
        draft = await replay(path, cassette, sheet, kind)
    except CassetteMiss as miss:
        # Its last line is advice, which stands elsewhere.
        told = [line.strip() for line in str(miss).removeprefix(str(path)).strip().splitlines()[:-1]]
        return [f"the chain asks for something else: it {'; '.join(told)}" if told else f"the chain asks for more: {miss}"]
    except CassetteUnplayed as unplayed:
        return [f"{line.strip()}: the chain never asks for it" for line in str(unplayed).splitlines()[1:]]
    except InputError as error:
        return ["; ".join(f"{problem.field}: {problem.message}" for problem in error.problems)]
    except AfterprintError as error:
        return [f"the chain ends with an error: {' '.join(str(error).split())}"]
    if not {*draft.record.prompts, *draft.record.schemas} <= {*recording.prompts, *recording.schemas}:
        return ["the list of prompts and schemas is not the chain's"]
    return []


def _marks_missing(one: Interaction) -> Iterator[str]:
    body = one.response.content
    if one.response.status.code != 200 or not isinstance(body, dict):
        if not any(name in one.response.headers for name in _SERVER_HEADERS):
            yield f"status {one.response.status.code} without any header that servers send ({', '.join(_SERVER_HEADERS)})"
        return
    if not isinstance(body.get("id"), str) or not body["id"]:
        yield "no id"
    created = body.get("created")
    if not isinstance(created, int | float) or not _is_near(created, one.recorded.at):
        yield "'created' is not the time of the recording"
    usage, timings = _dict(body.get("usage")), _dict(body.get("timings"))
    if not usage and not timings:
        yield "neither token counts nor timings"
    yield from _counts_amiss(usage, timings, _said(body), one.recorded.seconds)


def _counts_amiss(usage: dict[str, Any], timings: dict[str, Any], said: str, seconds: float) -> Iterator[str]:
    written, total = usage.get("completion_tokens"), usage.get("total_tokens")
    if usage and not (isinstance(written, int) and written >= 0 and isinstance(usage.get("prompt_tokens"), int)):
        yield "token counts that are none"
    elif usage and isinstance(total, int) and total != written + usage["prompt_tokens"]:
        yield "token counts that do not add up"
    elif isinstance(written, int) and len(said) > _LONGEST_TOKEN * max(written, 1):
        yield f"{len(said):,} characters in {written} tokens"
    took = [timings.get(name) for name in ("prompt_ms", "predicted_ms")]
    if all(isinstance(ms, int | float) for ms in took) and sum(map(float, took)) / 1000 > seconds + _SLACK_S:  # type: ignore[arg-type]
        yield f"timings of more than the {seconds:g} seconds that it took"
    if isinstance(timings.get("predicted_n"), int) and isinstance(written, int) and timings["predicted_n"] != written:
        yield "timings and token counts that differ"


def _is_near(created: float, at: datetime) -> bool:
    try:
        return abs(datetime.fromtimestamp(created, UTC) - at) <= _CLOCKS_DIFFER
    except (ValueError, OverflowError, OSError):
        return False


def _said(body: dict[str, Any]) -> str:
    choices = body.get("choices")
    message = _dict(_dict(choices[0]).get("message")) if isinstance(choices, list) and choices else {}
    content = message.get("content")
    return content if isinstance(content, str) else ""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
