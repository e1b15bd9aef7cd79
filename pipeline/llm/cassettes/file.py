"""What a cassette is on disk: one YAML file with a recording's circumstances and, in order, each request and what the server answered.

The layout is vcrpy's file format, version 1, and `recorded` blocks beside it that vcrpy passes over:

    version: 1
    recorded: {case, sheet_digest, drafter, server, model, recorded_at, machine, prompts, ...}
    interactions:
    - recorded: {at, seconds}
      request: {method, uri, headers, parsed_body}
      response: {status: {code, message}, headers, parsed_body}
    ...

A body that is a JSON object or list stands under `parsed_body` as plain YAML, where pydantic-ai's serializer for vcrpy puts
it, too; any other text stands where vcrpy has it (`body`, and `body: {string: ...}` in a response). vcrpy reads the file once
the parsed bodies are turned back into text: tests/test_cassette_vcrpy.py holds the ten lines for it. Only the format is
vcrpy's. Its record logic patches every client in the process, compares each request with every other and passes over
bodies, so none of its code runs here.

The last line is YAML's end mark, `...`: a file without it was cut off.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AwareDatetime, Field, ValidationError, model_validator

from pipeline.config import Settings
from pipeline.errors import InputError, Problem
from pipeline.facts.positions import Finding, UnreadableError
from pipeline.facts.sheet import Strict
from pipeline.llm.cassettes import as_yaml
from pipeline.llm.cassettes.bodies import Json, digest, json_of
from pipeline.llm.types import SAMPLE_HEADER
from pipeline.notes.models import PromptUsed
from pipeline.notes.render import write_atomically
from pipeline.schemas import dotted, printable

if TYPE_CHECKING:
    import httpx2

MAX_BYTES = 50_000_000
_MOST_PROBLEMS = 5
_COMMENT = "# What a model's server answered, as `afterprint cassette record` kept it. To change it, record it again.\n"

Token = Annotated[str, Field(pattern=r"^[!-~]+$")]
HeaderValue = Annotated[str, Field(pattern=r"^[ -~]*$")]
Headers = dict[Token, tuple[HeaderValue, ...]]
"""By names in lower case; a name may come with several values."""


class Manner(Strict):
    """What shapes the requests beside prompts and facts. A replay needs all of it; the names are those of `Settings`."""

    most_facts: int | None
    """Most figures in a prompt; None for all."""
    temperature: float = Field(allow_inf_nan=False)
    seed: int
    max_answer_tokens: int
    answer_tokens_limit: int
    bounded_texts: bool = False
    max_attempts: int
    max_wait_s: float = Field(allow_inf_nan=False)

    @classmethod
    def of(cls, settings: Settings, most_facts: int | None) -> Self:
        """What of these settings shapes a request."""
        return cls(most_facts=most_facts, **{name: getattr(settings, name) for name in cls.model_fields if name != "most_facts"})


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
    manner: Manner | None = None
    """None where whoever recorded replays by other means."""


class Taken(Strict):
    """When a request was sent, and the seconds until the last byte of its answer.

    `answer_sha256` is the `RecordedResponse.digest` at that time; None where nobody computed it.
    """

    at: AwareDatetime
    seconds: float = Field(ge=0, allow_inf_nan=False)
    answer_sha256: str | None = None


class TextBody(Strict):
    """A response's body that is not JSON; vcrpy has it in a place of its own."""

    string: str = ""


class RecordedRequest(Strict):
    """A request. `content` is its body, whichever of the two forms it stands in."""

    method: Token
    uri: str
    headers: Headers = Field(default_factory=dict)
    body: str | None = None
    parsed_body: dict[str, Any] | list[Any] | None = None

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if self.body and self.parsed_body is not None:
            raise ValueError("has a body and a parsed_body: expected one of them")
        return self

    @property
    def content(self) -> Json | str:
        """The body: JSON where it can be read as such, else text."""
        return _content(self.parsed_body, self.body or "")

    @property
    def path(self) -> str:
        """The path of the address: all of it that a replay compares."""
        return urlsplit(self.uri).path

    @property
    def sample(self) -> str:
        """Which of several equal requests this is; empty where that was not said."""
        return next(iter(self.headers.get(SAMPLE_HEADER, ())), "")


class Status(Strict):
    """An HTTP status; `message` is the reason that came with it."""

    code: int = Field(ge=100, le=599)
    message: HeaderValue = ""


class RecordedResponse(Strict):
    """A response. `content` is its body, whichever of the two forms it stands in."""

    status: Status
    headers: Headers = Field(default_factory=dict)
    body: TextBody = TextBody()
    parsed_body: dict[str, Any] | list[Any] | None = None

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if self.body.string and self.parsed_body is not None:
            raise ValueError("has a body and a parsed_body: expected one of them")
        return self

    @property
    def content(self) -> Json | str:
        """The body: JSON where it stands as such, else the text as it came."""
        return self.body.string if self.parsed_body is None else self.parsed_body

    @property
    def digest(self) -> str:
        """sha256 of all that is written of the response: status, headers, body."""
        return digest({"status": self.status.model_dump(), "headers": self.headers, "content": self.content})


class Interaction(Strict):
    """A request and the answer that a server gave to it."""

    recorded: Taken
    request: RecordedRequest
    response: RecordedResponse

    def __str__(self) -> str:
        request = self.request
        return f"{told(request.method, request.path, request.content, request.sample)}, answered {self.response.status.code}"


class Cassette(Strict):
    """A whole cassette."""

    version: Literal[1]
    recorded: Recording
    interactions: tuple[Interaction, ...]


def told(method: str, path: str, body: Json | str, sample: str) -> str:
    """A request in a few words: `step 'summarize' (POST /v1/chat/completions)`."""
    step = step_of(body)
    which = f", sample {printable(sample)}" if sample else ""
    address = f"{printable(method)} {printable(path)}"
    return f"step '{printable(step)}' ({address}){which}" if step else f"{address}{which}"


def step_of(body: Json | str) -> str:
    """The name that a request gives its answer's schema; empty where it has none."""
    value: Any = body
    for key in ("response_format", "json_schema", "name"):
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def path_of(request: httpx2.Request) -> str:
    """The path of a request's address, without the query: some servers want the key in it."""
    return urlsplit(request.url.raw_path.decode("ascii", "replace")).path


def _content(parsed: Json | None, text: str) -> Json | str:
    if parsed is not None:
        return parsed
    read = json_of(text)
    return text if read is None else read


# -- reading -------------------------------------------------------------------------------------------------------------


def read_cassette(path: Path) -> Cassette:
    """The cassette in the file at `path`. Raises InputError, with path and line, for whatever is no whole cassette."""
    try:
        data, line_of = as_yaml.parse(_text(path))
    except UnreadableError as error:
        raise InputError(*(Problem(finding.message, file=str(path), line=finding.line) for finding in error.findings)) from None
    try:
        return Cassette.model_validate(data)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False)
    problems = [Problem(_expected(one), str(path), line_of(one["loc"]), dotted(one["loc"])) for one in wrong[:_MOST_PROBLEMS]]
    raise InputError(*problems)


def _expected(error: Mapping[str, Any]) -> str:
    match error["type"]:
        case "extra_forbidden":
            return "unknown field: a cassette has none of this name"
        case "missing":
            return "missing: expected in every cassette"
        case "literal_error":
            return f"expected 1, the version of the format that this program reads, got {printable(str(error['input']))}"
        case "value_error":
            return str(error["msg"]).removeprefix("Value error, ")
    message = str(error["msg"])
    return message.replace("Input should be", "expected") if "Input" in message else f"not as expected: {message}"


def _text(path: Path) -> str:
    try:
        info = path.stat()
        if stat.S_ISDIR(info.st_mode) or not stat.S_ISREG(info.st_mode):
            raise UnreadableError(Finding("is not a regular file: expected a cassette"))
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise UnreadableError(Finding("no such file: expected a cassette; `afterprint cassette record` makes one")) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UnreadableError(Finding(f"cannot be read: {reason}")) from None
    if len(content) > MAX_BYTES:
        raise UnreadableError(Finding(f"has more than {MAX_BYTES:,} bytes: that is no cassette"))
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableError(Finding(f"is not UTF-8: byte {error.start:,} is 0x{content[error.start]:02x}", line=line)) from None


# -- writing -------------------------------------------------------------------------------------------------------------


def write_cassette(path: Path, cassette: Cassette) -> None:
    """Replace the file at `path`, whole or not at all. Raises InputError when it cannot be written."""
    write_atomically(path, text_of(cassette))


def text_of(cassette: Cassette) -> str:
    """The file's text: the same cassette gives the same text."""
    return _COMMENT + as_yaml.dump(
        {
            "version": cassette.version,
            "recorded": cassette.recorded.model_dump(mode="json"),
            "interactions": [_plain(interaction) for interaction in cassette.interactions],
        }
    )


def _plain(interaction: Interaction) -> dict[str, Any]:
    request, response = interaction.request, interaction.response
    return {
        "recorded": interaction.recorded.model_dump(mode="json", exclude_none=True),
        "request": {
            "method": request.method,
            "uri": request.uri,
            "headers": request.headers,
            **({"body": request.body or ""} if request.parsed_body is None else {"parsed_body": request.parsed_body}),
        },
        "response": {
            "status": {"code": response.status.code, "message": response.status.message},
            "headers": response.headers,
            **({"body": {"string": response.body.string}} if response.parsed_body is None else {"parsed_body": response.parsed_body}),
        },
    }


def parsed(text: str) -> Json | None:
    """`text` as the JSON that a cassette can hold as YAML; None where it is to be kept as text."""
    value = json_of(text)
    return None if value is None or as_yaml.depth_of(value) > _DEEPEST else value


_DEEPEST = as_yaml.MAX_DEPTH - 10
"""Levels of a body; the file has a few around it."""
