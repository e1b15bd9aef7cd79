"""What must never stand in a cassette: keys, tokens, addresses inside somebody's network, paths of somebody's machine.

A recorder writes few headers and takes the request's own key out of every text. This looks at what was written as a stranger would, so that
a cassette that was edited, or a server that repeats more than it should, is noticed before it is published.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from typing import Any
from urllib.parse import urlsplit

from pipeline.config import KEY_VARIABLES
from pipeline.llm.cassettes.file import Cassette
from pipeline.llm.cassettes.recorder import REQUEST_HEADERS, RESPONSE_HEADERS
from pipeline.llm.wire import OPENAI_URL

HIDDEN_HOST = "server.invalid"
"""Stands for a host that is nobody's business."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_OPENAI_HOST = urlsplit(OPENAI_URL).hostname
_WAITS = ("retry-after", "retry-after-ms")
_SHORTEST_KEY = 8

_NETWORKS = r"127(?:\.\d+){3}|10(?:\.\d+){3}|192\.168(?:\.\d+){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d+){2}|169\.254(?:\.\d+){2}|\[[0-9a-f:]+\]"
_INSIDE = r"(?:[a-z0-9-]+\.)+(?:local|internal|intranet|corp|lan|home)|[a-z0-9-]+"
_BY_NAME = r"api[_-]?key|access[_-]?token|auth[_-]?token|client[_-]?secret|password|passwd|authorization"
_PATTERNS = {
    # Names of the most common ones; others are known by what stands before them.
    "an API key": r"\b(?:sk|rk|pk)-[A-Za-z0-9_-]{16,}|\b(?:gsk|hf|xai|nvapi|pplx)[_-][A-Za-z0-9_-]{20,}",
    "an access token": r"\b(?:gh[opsur]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeoprs]-[\w-]{10,})",
    "a cloud key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bAIza[\w-]{30,}|\bya29\.[\w-]{20,}",
    "a signed token": r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*",
    "a bearer token": r"(?i)\b(?:bearer|authorization\W{1,4}basic)\s+(?=[\w.~+/=-]*\d)[\w.~+/=-]{12,}",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a secret by its name": rf"(?i)(?:{_BY_NAME})[\"']?\s*[:=]\s*[\"']?(?=[^\s\"']*\d)[^\s\"',;]{{8,}}",
    "a URL with a password": r"\b[a-z][a-z0-9+.-]*://[^\s/@:\"'<>]*:[^\s/@\"'<>]+@",
    "a URL with a key": r"(?i)[?&](?:api[_-]?key|key|token|access_token|sig|signature)=[^\s&\"'<>]{8,}",
    "an address in a private network": rf"(?i)\bhttps?://(?:{_NETWORKS}|{_INSIDE})(?![\w.-]*[\w-])",
    "a path on somebody's machine": r"(?<![\w/.])/(?:home|Users|root)/[^\s\"'<>]+|\b[A-Za-z]:\\Users\\[^\s\"']+|\bfile:///",
}
_SECRETS = {name: re.compile(pattern) for name, pattern in _PATTERNS.items()}


def hidden(uri: str) -> str:
    """`uri` with its host kept only where it says nothing: this machine's own, or OpenAI's."""
    parts = urlsplit(uri)
    if is_shown(parts.hostname):
        return uri
    return f"{parts.scheme}://{HIDDEN_HOST}{parts.path}"


def is_shown(host: str | None) -> bool:
    """Whether a host may stand in a cassette."""
    return host in (*_LOOPBACK, _OPENAI_HOST, HIDDEN_HOST)


def own_keys() -> list[str]:
    """The API keys that are set in this environment, or nothing in their place."""
    return [os.environ.get(name, "").strip() for name in KEY_VARIABLES]


def secrets_in(cassette: Cassette, text: str, keys: Collection[str] = ()) -> Iterator[str]:
    """What a cassette with this `text` should not hold, one phrase each: where and what, never the secret itself. Each secret once.

    `keys` are secrets that are known; short ones are place-holders such as `none`. Comments are looked at, too.
    """
    keys = [key for key in keys if len(key) >= _SHORTEST_KEY]
    known: set[str] = set()
    told: set[str] = set()
    for place, value in _strings(cassette):
        if value not in known:
            known.add(value)
            yield from (f"{place}: {what}" for what in _found(value, keys, told))
    for number, line in enumerate(text.splitlines(), start=1):
        # The addresses of the requests are looked at below.
        if not line.lstrip().startswith("uri: "):
            yield from (f"line {number}: {what}" for what in _found(line, keys, told))
    for number, interaction in enumerate(cassette.interactions, start=1):
        request, response = interaction.request, interaction.response
        for which, headers, allowed in (
            ("request", request.headers, REQUEST_HEADERS),
            ("response", response.headers, (*RESPONSE_HEADERS, *_WAITS)),
        ):
            yield from (
                f"interaction {number}, {which}: header '{name}', which no recording keeps" for name in headers if name not in allowed
            )
        parts = urlsplit(request.uri)
        if not is_shown(parts.hostname) or parts.query or "@" in parts.netloc:
            yield f"interaction {number}, request.uri: more of an address than a recording keeps"


def _found(text: str, keys: Collection[str], told: set[str]) -> Iterator[str]:
    for key in keys:
        if key in text and key not in told:
            told.add(key)
            yield "the API key itself"
    for name, pattern in _SECRETS.items():
        for match in pattern.finditer(text):
            secret = match.group()
            if not any(secret in one or one in secret for one in told):
                told.add(secret)
                yield f"{name} ({secret[:4]}…)"


def _strings(cassette: Cassette) -> Iterator[tuple[str, str]]:
    yield from _walk("recorded", cassette.recorded.model_dump(mode="json"))
    for number, one in enumerate(cassette.interactions, start=1):
        where = f"interaction {number}, "
        yield from _walk(f"{where}request.headers", dict(one.request.headers))
        yield from _walk(f"{where}request.body", one.request.content)
        yield from _walk(f"{where}response.headers", dict(one.response.headers))
        yield from _walk(f"{where}response.body", one.response.content)
        yield f"{where}response.status", one.response.status.message


def _walk(place: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield place, key
            # With its name, so that a secret is known by it.
            yield from [(f"{place}.{key}", f"{key}: {item}")] if isinstance(item, str) else _walk(f"{place}.{key}", item)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _walk(f"{place}[{index}]", item)
