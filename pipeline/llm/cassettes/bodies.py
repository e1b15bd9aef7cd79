"""HTTP bodies as cassettes see them: as JSON where nothing is lost by that, as text otherwise; compared, and told line by line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

Json = dict[str, Any] | list[Any]


class Line(NamedTuple):
    """One line of a body as people read it: where it stands, and what it says."""

    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}" if self.place else self.text


class _LossyError(ValueError):
    """Reading this text as JSON would lose a part of it."""


def json_of(text: str) -> Json | None:
    """The JSON object or list that `text` is.

    None for anything else, and where writing the value again would not give the same: a key that stands twice, NaN, a number out of a
    float's range, half a surrogate pair, nesting without end.
    """
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        value: Json = json.loads(text, object_pairs_hook=_members)
        canonical(value).encode()  # refuses NaN, infinities, and half a surrogate pair
    except (ValueError, RecursionError):
        return None
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _LossyError
    return members


def canonical(value: Json) -> str:
    """The one text of equal JSON values: keys sorted, nothing between."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(body: Json | str) -> str:
    """sha256 of a body: of its canonical JSON, else of the text."""
    text = body if isinstance(body, str) else canonical(body)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def lines(body: Json | str) -> Iterator[Line]:
    """A body line by line, keys in order; long texts inside JSON are taken apart at their line breaks."""
    waiting: list[tuple[str, Any]] = [("", body)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, dict) and value:
            waiting += [(f"{place}.{key}" if place else key, value[key]) for key in sorted(value, reverse=True)]
        elif isinstance(value, list) and value:
            waiting += [(f"{place}[{index}]", value[index]) for index in reversed(range(len(value)))]
        elif isinstance(value, str) and "\n" in value:
            yield from (Line(f"{place}, line {n}" if place else f"line {n}", line) for n, line in enumerate(value.split("\n"), start=1))
        else:
            yield Line(place, value if isinstance(value, str) else json.dumps(value))
