"""Where things stand in the text of a JSON or YAML document.

Both formats are read as one stream of events, so that there is one way to follow keys and items through a document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import yaml

from pipeline.schemas import Keys, shown

Format = Literal["json", "yaml"]
Sort = Literal["{", "[", "end", "value"]

_JSON_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]|[^\s\[\]{},:"]+', re.DOTALL)
_SORTS: dict[str, Sort] = {"{": "{", "[": "[", "}": "end", "]": "end"}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a document. `line` is given where it is known already; `first` is the place that it repeats."""

    message: str
    keys: Keys = ()
    line: int | None = None
    first: Keys | None = None


class UnreadableError(Exception):
    """A text that cannot be read as a document, with its `findings`."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__("\n".join(finding.message for finding in findings))
        self.findings = findings


class Event(NamedTuple):
    """The opening or the end of an object or list, or a single value. Quoted values can be nothing but text."""

    sort: Sort
    line: int
    written: str = ""
    quoted: bool = False


class Place(NamedTuple):
    """The whole document, or a member or item in it. `again` is true for a key that stood in the same object before."""

    keys: Keys
    line: int
    value: Event
    again: bool


def lines_of(text: str, kind: Format, wanted: Collection[Keys]) -> dict[Keys, int]:
    """The line of each wanted place; where the document has no such place, that of the nearest one around it."""
    names = {keys[:n] for keys in wanted for n in range(1, len(keys) + 1)}
    found: dict[Keys, int] = {}
    for place in places(text, kind):
        if place.keys in names:
            found.setdefault(place.keys, place.line)
    around = {keys: [found[keys[:n]] for n in range(len(keys), 0, -1) if keys[:n] in found] for keys in wanted}
    return {keys: lines[0] for keys, lines in around.items() if lines}


@dataclass(slots=True)
class _Open:
    """An object or list whose end has not come yet, and where we are in it."""

    is_object: bool
    key: str | int = -1
    line: int = 0
    has_key: bool = False
    again: bool = False
    seen: set[str] = field(default_factory=set)


def places(text: str, kind: Format) -> Iterator[Place]:
    """Every place of a document in the order of the text, the whole document first. Raises what the events raise."""
    opened: list[_Open] = []
    for event in json_events(text) if kind == "json" else yaml_events(text):
        if event.sort == "end":
            opened.pop()
            continue
        inside = opened[-1] if opened else None
        if inside is not None and inside.is_object and not inside.has_key:
            if event.sort != "value":
                raise UnreadableError(Finding("a list or an object stands where a key should: expected text", line=event.line))
            inside.key, inside.line, inside.has_key = event.written, event.line, True
            inside.again = event.written in inside.seen
            inside.seen.add(event.written)
            continue
        if inside is not None and isinstance(inside.key, int):
            inside.key, inside.line = inside.key + 1, event.line
        yield Place(tuple(one.key for one in opened), inside.line if inside else event.line, event, inside is not None and inside.again)
        if inside is not None:
            inside.has_key = False
        if event.sort != "value":
            opened.append(_Open(is_object=event.sort == "{"))


def json_events(text: str) -> Iterator[Event]:
    """The events of a text that a JSON parser has accepted."""
    line, counted = 1, 0
    for match in _JSON_TOKEN.finditer(text):
        line += text.count("\n", counted, match.start())
        counted = match.start()
        written = match.group()
        if written in _SORTS:
            yield Event(_SORTS[written], line)
        elif written[0] == '"':
            yield Event("value", line, json.loads(written), quoted=True)
        else:
            yield Event("value", line, written)


def yaml_events(text: str) -> Iterator[Event]:
    """The events of a YAML text. Raises yaml.YAMLError, and UnreadableError for what a fact sheet may not use.

    Anchors are refused because a few lines of them can stand for gigabytes, tags because they name types to construct.
    """
    for event in yaml.parse(text, yaml.CSafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if getattr(event, "anchor", None) is not None:
            raise UnreadableError(Finding("anchors and aliases are not allowed: write the value out", line=line))
        if isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)) and event.tag is not None:
            tag = str(event.tag).replace("tag:yaml.org,2002:", "!!")
            raise UnreadableError(Finding(f"the tag {shown(tag)} is not allowed: write plain values, and text in quotes", line=line))
        match event:
            case yaml.ScalarEvent():
                yield Event("value", line, event.value, quoted=bool(event.style))
            case yaml.MappingStartEvent():
                yield Event("{", line)
            case yaml.SequenceStartEvent():
                yield Event("[", line)
            case yaml.CollectionEndEvent():
                yield Event("end", line)
