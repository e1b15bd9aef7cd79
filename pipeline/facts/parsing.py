"""JSON and YAML text -> plain data, strictly: no key twice, no bombs, and numbers that keep their written digits.

YAML is read as its 1.2 JSON schema: `NO`, `1:20`, `010`, `1_000` and `2025-01-01` are text; only `true`, `false`, `null`
and JSON's own numbers are anything else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import yaml

from pipeline.facts.positions import Event, Finding, Format, UnreadableError, places
from pipeline.schemas import Keys, shown

MAX_DEPTH = 16
_LIBRARY_LIMIT = "maximum nesting depth"
"""libyaml looks ahead, and newer ones stop by themselves at a depth far beyond ours."""
_MOST_DIGITS = 40
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_CONSTANTS = ("NaN", "Infinity", "-Infinity")
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "true": True, "false": False}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_TOO_DEEP = f"is nested too deeply: expected at most {MAX_DEPTH} levels"


def parse(text: str, kind: Format) -> Any:
    """The document's data. Raises UnreadableError with as many findings as one reading gives."""
    return _parse_json(text) if kind == "json" else _parse_yaml(text)


def _parse_json(text: str) -> Any:
    # The parser does not say where it is, so its hooks only note that something is wrong; a second look then says what and where.
    suspicious = False

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal suspicious
        found = dict(pairs)
        suspicious |= len(found) < len(pairs)
        return found

    def constant(_: str) -> None:
        nonlocal suspicious
        suspicious = True

    def number(written: str) -> int | Decimal:
        nonlocal suspicious
        try:
            return _number(written)
        except ValueError:
            suspicious = True
            return 0

    try:
        data = json.loads(text, object_pairs_hook=members, parse_constant=constant, parse_int=number, parse_float=number)
    except json.JSONDecodeError as error:
        raise UnreadableError(Finding(f"is not valid JSON at column {error.colno}: {error.msg}", line=error.lineno)) from None
    except RecursionError:
        raise UnreadableError(Finding(_TOO_DEEP)) from None
    if suspicious:
        raise UnreadableError(*_json_findings(text))
    return data


def _json_findings(text: str) -> Iterator[Finding]:
    for place in places(text, "json"):
        if place.again:
            yield _key_again(place.keys, place.line)
        if place.value.sort == "value" and not place.value.quoted:
            written = place.value.written
            if written in _CONSTANTS:
                yield Finding(f"{written} is not a number that a fact can have: expected a finite number", place.keys, place.line)
            elif _NUMBER.fullmatch(written):
                try:
                    _number(written)
                except ValueError as error:
                    yield Finding(str(error), place.keys, place.line)


def _parse_yaml(text: str) -> Any:
    findings: list[Finding] = []
    way: list[Any] = []  # from the whole document down to the value read last
    try:
        for place in places(text, "yaml"):
            depth = len(place.keys)
            if depth > MAX_DEPTH:
                raise UnreadableError(Finding(_TOO_DEEP, line=place.line))
            if depth == 0 and way:
                raise UnreadableError(Finding("holds several documents: expected one fact sheet per file", line=place.line))
            try:
                value = _yaml_value(place.value)
            except ValueError as error:
                findings.append(Finding(str(error), place.keys, place.line))
                value = None
            if place.again:
                findings.append(_key_again(place.keys, place.line))
            del way[depth:]
            if way and isinstance(way[-1], list):
                way[-1].append(value)
            elif way:
                way[-1][place.keys[-1]] = value
            way.append(value)
    except yaml.YAMLError as error:
        raise UnreadableError(_yaml_finding(text, error)) from None
    if findings:
        raise UnreadableError(*findings)
    return way[0] if way else None


def _yaml_value(event: Event) -> Any:
    if event.sort == "{":
        return {}
    if event.sort == "[":
        return []
    if event.quoted:
        return event.written
    if event.written in _WORDS:
        return _WORDS[event.written]
    return _number(event.written) if _NUMBER.fullmatch(event.written) else event.written


def _yaml_finding(text: str, error: yaml.YAMLError) -> Finding:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        if _LIBRARY_LIMIT in (error.problem or ""):
            return Finding(_TOO_DEEP, line=mark.line + 1 if mark else None)
        reason = ", ".join(part for part in (error.problem, error.context) if part)
        return Finding(f"is not valid YAML: {reason}", line=mark.line + 1 if mark else None)
    if match := _CONTROL.search(text):
        line = text.count("\n", 0, match.start()) + 1
        return Finding(f"holds the control character {shown(match.group())}: expected plain text", line=line)
    return Finding(f"is not valid YAML: {shown(str(error))}")


def _number(written: str) -> int | Decimal:
    value = Decimal(written)
    # An exponent of a few digits can stand for a number that fills the memory once it becomes an integer.
    if abs(value.adjusted()) > _MOST_DIGITS:
        raise ValueError(f"{shown(written)} is out of range: expected a number below 10^19 with at most 12 decimals")
    return int(value) if written.lstrip("-").isdecimal() else value


def _key_again(keys: Keys, line: int) -> Finding:
    return Finding("the key stands twice in the same object: expected it once", keys, line)


def unfit_values(data: Any) -> Iterator[Finding]:
    """Nesting that nothing of ours needs, and characters that no document, terminal or XML file may show."""
    waiting: list[tuple[Keys, Any]] = [((), data)]
    while waiting:
        keys, value = waiting.pop()
        if len(keys) > MAX_DEPTH:
            yield Finding(_TOO_DEEP)
            return
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, item in items:
            if isinstance(item, (dict, list)):
                waiting.append(((*keys, key), item))
            elif isinstance(item, str) and (match := _CONTROL.search(item)):
                yield Finding(f"holds the control character {shown(match.group())}: expected plain text", (*keys, key))
