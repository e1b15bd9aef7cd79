"""Ways to get JSON out of a model: a strict schema, JSON mode, or plain text, and the schema's form in each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from pipeline.llm.types import FormatMode, Request

FORMATS: tuple[FormatMode, ...] = ("json_schema", "json_object", "text")
"""From the one that constrains most to the one that every server has."""

MAX_ANSWER_CHARS = 1_000_000

# What OpenAI, llama.cpp, xgrammar and Gemini all take. The rest (minLength, maxLength, pattern, minimum, maximum, default, title, ...)
# is refused by one or the other, and is checked on the answer by whoever holds the full schema.
_KEPT = ("description", "type", "enum", "minItems", "maxItems")
_KEPT_FORMATS = ("date",)


def strict_schema(schema: dict[str, Any], *, bounded: bool = False) -> dict[str, Any]:
    """`schema` in the subset that strict structured outputs take; `bounded` adds how long a text may be, for a server that takes it.

    Every property becomes required and every object closed; `null` is allowed where `schema` allows it and nowhere else. So an answer
    that fits can break `schema` only in a length, a range or a pattern. References stay references: copies would multiply the
    enumerations, and providers limit their total.
    """
    kept = (*_KEPT, "maxLength") if bounded else _KEPT
    strict: dict[str, Any] = {key: schema[key] for key in kept if key in schema}
    if "const" in schema:
        strict["enum"] = [schema["const"]]
    if schema.get("format") in _KEPT_FORMATS:
        strict["format"] = schema["format"]
    if "$ref" in schema:
        reference = {"$ref": schema["$ref"]}
        # OpenAI refuses "$ref cannot have keywords {'description'}", but takes a union of one with a description.
        strict = {"description": schema["description"], "anyOf": [reference]} if "description" in schema else reference
    for union in ("anyOf", "oneOf"):
        if union in schema:
            strict["anyOf"] = [strict_schema(branch, bounded=bounded) for branch in schema[union]]
    if "items" in schema:
        strict["items"] = strict_schema(schema["items"], bounded=bounded)
    if schema.get("type") == "object" or "properties" in schema:
        strict["properties"] = {name: strict_schema(part, bounded=bounded) for name, part in schema.get("properties", {}).items()}
        strict["required"] = list(strict["properties"])
        strict["additionalProperties"] = False
    if "$defs" in schema:
        strict["$defs"] = {name: strict_schema(part, bounded=bounded) for name, part in schema["$defs"].items()}
    return strict


def response_format(request: Request, mode: FormatMode, *, bounded: bool) -> dict[str, Any] | None:
    """The request's `response_format`, or None in plain text; `bounded` as in `strict_schema`."""
    if mode == "json_schema":
        return {
            "type": mode,
            "json_schema": {"name": request.name, "strict": True, "schema": strict_schema(request.schema, bounded=bounded)},
        }
    return {"type": mode} if mode == "json_object" else None


def messages(request: Request, mode: FormatMode, schema_note: str) -> list[dict[str, str]]:
    """The conversation as JSON. Without a strict schema, `schema_note` with the full schema in it ends the last message, the user's.

    Only that message differs, so the conversation before it stays what the server has in its cache.
    """
    turns: list[dict[str, str]] = [{"role": turn.role, "content": turn.content} for turn in request.messages]
    if mode != "json_schema":
        note = schema_note.replace("{schema}", json.dumps(request.schema, ensure_ascii=False, separators=(",", ":")))
        turns[-1]["content"] += f"\n\n{note}"
    return turns


def extract_object(text: str) -> str | None:
    """The one JSON object in what a model wrote: the whole text, else the one in a fenced block, else the one between words.

    None when there is no object, or more than one to choose from, or the text is longer than `MAX_ANSWER_CHARS`. A thinking block is
    skipped. Time grows with the length of the text and no faster: a character belongs to at most one candidate per search.
    """
    if len(text) > MAX_ANSWER_CHARS:
        return None
    # An answer that is an object as it stands may well speak of "</think>" in one of its strings.
    for whole in (text.strip(), text.rpartition("</think>")[2].strip()):
        if _is_object(whole):
            return whole
    text = text.rpartition("</think>")[2]
    fenced = (block[block.find("{") :].strip() for block in text.split("```")[1::2] if "{" in block)
    return _only(fenced) or _only(_balanced(text))


def _only(candidates: Iterable[str]) -> str | None:
    first_two = list(islice(filter(_is_object, candidates), 2))
    return first_two[0] if len(first_two) == 1 else None


def _balanced(text: str) -> Iterator[str]:
    """Stretches from an opening brace to the one that closes it; none lies inside another."""
    depth = start = 0
    quoted = False
    for match in re.finditer(r'\\.|["{}]', text, re.DOTALL):
        mark = match.group()
        if mark == '"' and depth:
            quoted = not quoted
        elif quoted:
            continue
        elif mark == "{":
            start = start if depth else match.start()
            depth += 1
        elif mark == "}" and depth:
            depth -= 1
            if not depth:
                yield text[start : match.end()]


def _is_object(text: str) -> bool:
    try:
        return text.startswith("{") and isinstance(json.loads(text, parse_constant=_no_constant), dict)
    except (ValueError, RecursionError):
        return False


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
