"""What a cassette is on disk: one YAML file with a recording's circumstances and, in order, each request and what the server answered.

The layout is vcrpy's file format, version 1, and `recorded` blocks beside it that vcrpy passes over:

    version: 1
    recorded: {case, sheet_digest, drafter, server, model, recorded_at, machine, prompts, ...}
    interactions:
    - recorded: {at, seconds}
      request: {method, uri, headers, parsed_body}
      response: {status: {code, message}, headers, parsed_body}
    ...

A body that is a JSON object or list stands under `parsed_body` as plain YAML, which is how pydantic-ai's serializer for vcrpy writes it, too;
any other text stands where vcrpy has it (`body`, and `body: {string: ...}` in a response). vcrpy reads the file once the parsed bodies are
turned back into text, ten lines that tests/test_cassette_file.py holds. Only the format is vcrpy's: its record logic patches every client in
the process, compares each request with every other, and does not look at bodies, so none of its code runs here.

The last line is YAML's end mark, `...`: a file without it was cut off.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import AwareDatetime

from pipeline.facts.sheet import Strict
from pipeline.notes.models import PromptUsed

Headers = dict[str, tuple[str, ...]]


class Recording(Strict):
    """What is known of a recording as a whole."""

    case: str
    sheet_digest: str
    drafter: str
    server: str
    """The program that answered, such as `llama.cpp b6123`: no address."""
    model: str
    model_sha256: str | None = None
    recorded_at: AwareDatetime
    machine: str
    """As `machine_line()` tells it."""
    afterprint: str
    """Version."""
    prompts: tuple[PromptUsed, ...] = ()
    schemas: tuple[PromptUsed, ...] = ()


class Taken(Strict):
    """When a request was sent, and the seconds until the last byte of its answer."""

    at: AwareDatetime
    seconds: float


class RecordedRequest(Strict):
    """A request. The body is JSON (`parsed_body`) or text (`body`), never both."""

    method: str
    uri: str
    headers: Headers = {}
    body: str = ""
    parsed_body: dict[str, Any] | list[Any] | None = None


class Status(Strict):
    code: int
    message: str = ""


class TextBody(Strict):
    string: str = ""


class RecordedResponse(Strict):
    """A response. The body is JSON (`parsed_body`) or text (`body`), never both."""

    status: Status
    headers: Headers = {}
    body: TextBody = TextBody()
    parsed_body: dict[str, Any] | list[Any] | None = None


class Interaction(Strict):
    """A request and the answer that a server gave to it."""

    recorded: Taken
    request: RecordedRequest
    response: RecordedResponse


class Cassette(Strict):
    """A whole cassette."""

    version: Literal[1] = 1
    recorded: Recording
    interactions: tuple[Interaction, ...]


def read_cassette(path: Path) -> Cassette:
    """The cassette in the file at `path`. Raises InputError, with path and line, for whatever is no whole cassette."""
    raise NotImplementedError


def write_cassette(path: Path, cassette: Cassette) -> None:
    """Replace the file at `path`, whole or not at all. Raises InputError when it cannot be written."""
    raise NotImplementedError


def machine_line() -> str:
    """This machine in a few words, such as `2 CPUs, AMD EPYC 7763`: no names, no paths."""
    raise NotImplementedError


def utc_now() -> datetime:
    """The time, in UTC."""
    raise NotImplementedError
