"""What goes to a model's server and what comes back, in words of our own: the rest of the pipeline never sees the SDK's."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from pipeline.facts.sheet import Strict

SAMPLE_HEADER = "x-afterprint-sample"
"""Goes with a request that is one of several equal ones. Servers pass over it; a cassette tells the requests apart by it."""

FormatMode = Literal["json_schema", "json_object", "text"]


class Message(NamedTuple):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


class Usage(Strict):
    """Tokens of one response as the server reports them. `cached_tokens` are part of `prompt_tokens`."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0


class Attempt(Strict):
    """One HTTP request of a step, whatever became of it."""

    number: int
    format: FormatMode
    max_tokens: int
    status: int | None
    outcome: str
    """`ok`, or the name of the error class."""
    detail: str
    waited_s: float
    """Seconds waited before this attempt."""
    seconds: float
    usage: Usage
    finish_reason: str | None = None
    response_model: str | None = None


class Completion(NamedTuple):
    """A finished answer. `text` is what the model wrote."""

    text: str
    usage: Usage
    format: FormatMode
    model: str


class Request(NamedTuple):
    """A conversation and the JSON Schema that the answer must satisfy. `name` is the step's, [a-z_].

    `sample` tells requests apart that are equal otherwise: printable ASCII, sent as a header where it is not empty.
    `variation` counts how often the same thing was asked for before: each time it is sampled a little warmer and from another seed.
    """

    name: str
    messages: tuple[Message, ...]
    schema: dict[str, Any]
    sample: str = ""
    variation: int = 0


OnAttempt = Callable[[Attempt], None]
Price = Decimal
"""US dollars."""
