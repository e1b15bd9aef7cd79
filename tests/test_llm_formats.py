"""The strict form of a schema, and JSON found in what a model wrote."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.llm.formats import MAX_ANSWER_CHARS, extract_object, strict_schema

# The strict form of a schema


def test_strict_schema() -> None:
    schema = {
        "title": "Summary",
        "type": "object",
        "$defs": {
            "Claim": {
                "type": "object",
                "properties": {
                    "text": {"type": "string", "minLength": 1, "maxLength": 400, "pattern": "^[A-Z]", "title": "Text"},
                    "evidence": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}, "default": [], "minItems": 1},
                },
                "required": ["text"],
            }
        },
        "properties": {
            "kind": {"const": "summary", "type": "string"},
            "claims": {"type": "array", "items": {"$ref": "#/$defs/Claim"}, "minItems": 3, "maxItems": 6},
            "lead": {"$ref": "#/$defs/Claim", "description": "The first."},
            "by": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}], "default": None},
            "score": {"type": "number", "minimum": 0, "maximum": 1},
            "either": {"oneOf": [{"$ref": "#/$defs/Claim"}, {"type": "string", "format": "uri"}], "discriminator": {"propertyName": "x"}},
        },
    }
    original = json.dumps(schema)
    assert strict_schema(schema) == {
        "type": "object",
        "properties": {
            "kind": {"type": "string", "enum": ["summary"]},
            "claims": {"type": "array", "minItems": 3, "maxItems": 6, "items": {"$ref": "#/$defs/Claim"}},
            "lead": {"description": "The first.", "anyOf": [{"$ref": "#/$defs/Claim"}]},
            "by": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
            "score": {"type": "number"},
            "either": {"anyOf": [{"$ref": "#/$defs/Claim"}, {"type": "string"}]},
        },
        "required": ["kind", "claims", "lead", "by", "score", "either"],
        "additionalProperties": False,
        "$defs": {
            "Claim": {
                "type": "object",
                "properties": {
                    "text": {"type": "string"},
                    "evidence": {"type": "array", "minItems": 1, "items": {"type": "string", "enum": ["a", "b"]}},
                },
                "required": ["text", "evidence"],
                "additionalProperties": False,
            }
        },
    }
    assert json.dumps(schema) == original


def test_a_bounded_schema_tells_how_long_a_text_may_be_wherever_it_stands() -> None:
    text = {"type": "string", "maxLength": 400, "pattern": "^[A-Z]"}
    schema = {"type": "object", "properties": {"a": text, "b": {"type": "array", "items": {"anyOf": [text, {"type": "null"}]}}}}
    bounded = {"type": "string", "maxLength": 400}
    found = strict_schema(schema, bounded=True)["properties"]
    assert found == {"a": bounded, "b": {"type": "array", "items": {"anyOf": [bounded, {"type": "null"}]}}}
    assert "maxLength" not in json.dumps(strict_schema(schema))
    jsonschema.Draft202012Validator.check_schema(strict_schema(schema))


# JSON in prose


@pytest.mark.parametrize(
    "text",
    [
        '{"a": {"b": "}"}}',
        '\n {"a": {"b": "}"}} \n',
        'Sure:\n```json\n{"a": {"b": "}"}}\n```\nAnything else?',
        '```\n{"a": {"b": "}"}}```',
        '```json {"a": {"b": "}"}} ```',
        'The answer is {"a": {"b": "}"}}, as asked.',
        'Open brace { first:\n```json\n{"a": {"b": "}"}}\n```',
        'In {braces} and "quotes", the answer is {"a": {"b": "}"}}.',
        '<think>Maybe {"a": 1}?</think>{"a": {"b": "}"}}',
    ],
)
def test_the_one_object_is_found(text: str) -> None:
    assert extract_object(text) == '{"a": {"b": "}"}}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no object",
        "[1, 2]",
        '{"a": 1',
        '{"a": NaN}',
        '{"a": 1} or {"a": 2}',
        '```\n{"a":1}\n```\n```\n{"a":2}\n```',
        "{'a': 1}",
        "{}" * 9,
    ],
)
def test_nothing_to_choose_or_too_much(text: str) -> None:
    assert extract_object(text) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
PROSE = st.text(st.characters(exclude_characters='{}"\\`'))


@given(st.text(st.sampled_from('{}[]"\\`\n:,a1 ') | st.characters()))
def test_no_text_breaks_the_search(text: str) -> None:
    found = extract_object(text)
    assert found is None or isinstance(json.loads(found), dict)


@given(st.dictionaries(st.text(), JSON, min_size=1, max_size=4), PROSE, PROSE)
def test_an_object_between_words_is_found_whole(value: dict[str, Any], before: str, after: str) -> None:
    # What stands before the end of a thinking block is no answer.
    assume("</think>" not in after and not ("</think>" in json.dumps(value) and (before + after).strip()))
    found = extract_object(before + json.dumps(value) + after)
    assert found is not None
    assert json.loads(found) == value


def test_a_whole_answer_may_speak_of_the_end_of_thinking() -> None:
    assert extract_object(' {"said": "</think>"} ') == '{"said": "</think>"}'
    assert extract_object('{"draft": 1}</think>') is None


@pytest.mark.parametrize("unit", ["{", "{}", '{"', "}", '"', "\\", "```", "```{", '{"a":', "{{}", "[", "{[", "</think>"])
def test_the_search_stays_linear(unit: str) -> None:
    """Counted in characters handed to the JSON parser, not in seconds: a slow machine must not fail it, a quadratic search must."""
    text = (unit * MAX_ANSWER_CHARS)[:MAX_ANSWER_CHARS]
    parsed = 0
    original = json.loads

    def counting(candidate: str, **options: Any) -> Any:
        nonlocal parsed
        parsed += len(candidate)
        return original(candidate, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json, "loads", counting)
        extract_object(text)
    assert parsed <= 3 * MAX_ANSWER_CHARS


def test_an_endless_answer_is_not_searched() -> None:
    assert extract_object(" " * MAX_ANSWER_CHARS + "{}") is None
