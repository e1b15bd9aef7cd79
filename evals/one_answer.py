"""Four answers in one: their JSON Schemas joined, and the text of the one answer taken apart again."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_REF = "#/$defs/"
_SPACE = re.compile(r"[\s,]*")


def joined(schemas: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """One schema of an object whose fields follow `schemas`.

    Definitions that are equal in several of them stand once. One that has the name of another but not its content, or refers to such a
    one, gets a name of its own (`Watch2`), in its references too.
    """
    definitions: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    for field_name, schema in schemas.items():
        own = schema.get("$defs", {})
        names = _names_of_their_own(own, definitions)
        definitions |= {names.get(name, name): _renamed(part, names) for name, part in own.items()}
        body = {key: value for key, value in schema.items() if not key.startswith("$")}
        properties[field_name] = _renamed(body, names)
    return {
        "type": "object",
        "description": "The whole note.",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        "$defs": definitions,
    }


def _names_of_their_own(own: Mapping[str, Any], taken: Mapping[str, Any]) -> dict[str, str]:
    clashing = {name for name, part in own.items() if name in taken and taken[name] != part}
    while more := {name for name, part in own.items() if name in taken and name not in clashing and clashing.intersection(_refs(part))}:
        clashing |= more
    names: dict[str, str] = {}
    for name in sorted(clashing):
        number = 2
        while f"{name}{number}" in {*taken, *own, *names.values()}:
            number += 1
        names[name] = f"{name}{number}"
    return names


def _refs(part: Any) -> Iterator[str]:
    """The names of the definitions that a schema refers to."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"].removeprefix(_REF)
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from _refs(inner)


def _renamed(part: Any, names: Mapping[str, str]) -> Any:
    """A copy of a schema that refers to definitions by their new names."""
    if isinstance(part, list):
        return [_renamed(inner, names) for inner in part]
    if not isinstance(part, dict):
        return copy.copy(part)
    return {
        key: _REF + names.get(value.removeprefix(_REF), value.removeprefix(_REF))
        if key == "$ref" and isinstance(value, str)
        else _renamed(value, names)
        for key, value in part.items()
    }


def sections_of(text: str) -> dict[str, str]:
    """The members of the JSON object in `text`, each as it was written. Of an object that was cut off, those that are complete."""
    found: dict[str, str] = {}
    decoder = json.JSONDecoder()
    place = text.find("{") + 1
    while place:
        place = _after_space(text, place)
        if text[place : place + 1] != '"':
            break
        try:
            name, place = decoder.raw_decode(text, place)
            place = _after_space(text, place)
            if text[place : place + 1] != ":":
                break
            start = _after_space(text, place + 1)
            _, place = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            break
        found.setdefault(name, text[start:place])
    return found


def _after_space(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return found.end() if found else place
