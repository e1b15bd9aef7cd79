"""JSON Schemas: export, narrowing, and violations in words for people."""

from __future__ import annotations

import copy
import hashlib
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError

from pipeline import schemas
from pipeline.errors import ResourceError
from pipeline.facts.sheet import Fact, FactSheet, Number, Strict
from pipeline.notes.models import Catalysts, ConsensusGap, Note, SecondOrderEffects, Summary
from pipeline.schemas import SchemaViolation, digest, dotted, dump, json_schema, narrow, shown, stored, validate

MODELS: list[type[BaseModel]] = [FactSheet, Note, Summary, SecondOrderEffects, ConsensusGap, Catalysts]


class Part(Strict):
    name: Annotated[str, Field(min_length=1, max_length=5)]
    tags: Annotated[tuple[str, ...], Field(max_length=2)] = ()
    nick: str | None = None


class Thing(Strict):
    part: Part
    kind: Literal["big", "small"] = "big"
    count: Annotated[int, Field(ge=1, le=9)] | None = None
    size: Number | None = None
    day: date | None = None
    code: Annotated[str, Field(pattern="^[A-Z]+$", description="capital letters")] = "A"
    open: bool = False
    ratio: Annotated[float, Field(ge=0)] = 0.0
    parts: tuple[Part, ...] = ()
    spare: Part | None = None


class Tree(Strict):
    name: str
    branches: tuple[Tree, ...] = ()


THING = json_schema(Thing, id="urn:test:thing")


def lines(instance: Any, schema: dict[str, Any] = THING) -> list[str]:
    return [str(violation) for violation in validate(instance, schema)]


def thing(**more: Any) -> dict[str, Any]:
    return {"part": {"name": "a"}, **more}


# -- export --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_an_exported_schema_is_one_and_always_the_same(model: type[BaseModel]) -> None:
    schema = json_schema(model, id="urn:afterprint:schema:x")
    jsonschema.Draft202012Validator.check_schema(schema)
    assert list(schema)[:2] == ["$schema", "$id"]
    assert (schema["$schema"], schema["$id"]) == ("https://json-schema.org/draft/2020-12/schema", "urn:afterprint:schema:x")
    assert dump(json_schema(model, id="urn:afterprint:schema:x")) == dump(schema)


@pytest.mark.parametrize("model", MODELS)
def test_every_object_is_closed(model: type[BaseModel]) -> None:
    schema = json_schema(model, id="urn:x")
    objects = [part for part in (schema, *schema["$defs"].values()) if part.get("type") == "object"]
    assert objects
    assert all(part["additionalProperties"] is False for part in objects)


def test_field_names_are_not_repeated_as_titles() -> None:
    assert THING["title"] == "Thing"
    assert all("title" not in field for field in THING["properties"].values())


def test_a_schema_file_keeps_the_order_of_fields_and_ends_with_a_line_break() -> None:
    text = dump(THING)
    assert text.startswith('{\n  "$schema": ')
    assert text.endswith("}\n")
    assert not text.endswith("\n\n")
    assert list(json.loads(text)["properties"]) == list(Thing.model_fields)
    assert "Ü" in dump({"description": "Ü"})


def test_what_users_write_and_what_we_write_fit_one_schema() -> None:
    schema = json_schema(Fact, id="urn:x")
    written = {"id": "a", "metric": "revenue", "unit": "CNY", "period": "q", "role": "actual", "source": "s"}
    for value in (1970, 1970.5, "1970.0", Decimal("1970.0")):
        assert validate({**written, "value": value}, schema) == []
        ours = Fact.model_validate({**written, "value": value}).model_dump_json(by_alias=True)
        assert validate(json.loads(ours), schema) == []
        jsonschema.Draft202012Validator(schema).validate(json.loads(ours))


def test_stored_schemas_come_with_the_digest_of_their_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    schemas._bytes.cache_clear()
    monkeypatch.setattr(schemas, "folder", lambda _: tmp_path)
    content = dump(THING).encode()
    (tmp_path / "thing.schema.json").write_bytes(content)
    (tmp_path / "broken.schema.json").write_text("{")
    (tmp_path / "list.schema.json").write_text("[]")
    assert stored("thing") == THING
    assert digest("thing") == hashlib.sha256(content).hexdigest()
    stored("thing")["title"] = "changed"
    assert stored("thing") == THING, "a caller gets a copy of its own"
    for name, words in (
        ("broken", "is not JSON"),
        ("list", "does not hold a schema"),
        ("none", r"cannot be read \(.*\): run 'afterprint schema export'"),
    ):
        with pytest.raises(ResourceError, match=words):
            stored(name)
    with pytest.raises(ResourceError, match=r"none\.schema\.json cannot be read"):
        digest("none")
    schemas._bytes.cache_clear()


# -- narrowing -----------------------------------------------------------------------------------------------------------


def test_narrowing_allows_the_given_ids_only() -> None:
    schema = json_schema(SecondOrderEffects, id="urn:x")
    before = copy.deepcopy(schema)
    narrowed = narrow(schema, {"Claim.evidence": ["revenue", "capex"], "SecondOrderEffect.mechanism": ["other"], "Watch.metric": ["capex"]})
    assert schema == before, "the original stays as it was"
    jsonschema.Draft202012Validator.check_schema(narrowed)
    defs = narrowed["$defs"]
    assert defs["Claim"]["properties"]["evidence"]["items"] == {"$ref": "#/$defs/ClaimEvidence"}
    assert defs["ClaimEvidence"] == {"type": "string", "enum": ["revenue", "capex"]}
    assert defs["SecondOrderEffect"]["properties"]["mechanism"]["enum"] == ["other"]
    claim = {"text": "x", "evidence": ["revenue"]}
    effect = {
        "mechanism": "other", "claim": claim, "party": "customers", "entity": None, "direction": "mixed", "horizon": "beyond",
        "confidence": "low", "falsifier": {"metric": "capex", "comparison": "above", "threshold": 1},
    }  # fmt: skip
    assert validate({"effects": [effect, effect]}, narrowed) == []
    wrong = {**effect, "mechanism": "invented", "claim": {**claim, "evidence": ["revenue", "revenu"]}}
    assert lines({"effects": [effect, wrong]}, narrowed) == [
        "effects[1].mechanism: 'invented' is not allowed: expected other",
        "effects[1].claim.evidence[1]: 'revenu' is not allowed: expected one of revenue, capex",
    ]
    assert lines({"effects": [effect, wrong]}, schema) == []


def test_the_root_is_named_by_its_title_and_nullable_fields_stay_nullable() -> None:
    narrowed = narrow(THING, {"Thing.code": ["A", "B"], "Part.nick": ["x"], "Part.tags": ["t"]})
    good = thing(code="A", parts=[{"name": "a", "nick": None, "tags": ["t"]}, {"name": "a", "nick": "x"}])
    assert lines(good, narrowed) == []
    assert lines(thing(code="C"), narrowed) == ["code: 'C' is not allowed: expected one of A, B"]
    assert lines(thing(parts=[{"name": "a", "nick": "y"}]), narrowed) == ["parts[0].nick: 'y' is not allowed: expected x"]
    assert lines(thing(parts=[{"name": "a", "tags": ["u"]}]), narrowed) == ["parts[0].tags[0]: 'u' is not allowed: expected t"]


@pytest.mark.parametrize("key", ["Thing.cod", "Thin.code", "code", "Part.", ""])
def test_narrowing_what_does_not_exist_is_an_error(key: str) -> None:
    with pytest.raises(ResourceError, match=f"the schema 'urn:test:thing' has no field '{key}' to narrow"):
        narrow(THING, {key: ["a"]})


def test_only_text_can_be_narrowed_and_not_to_nothing() -> None:
    for key in ("Thing.count", "Thing.parts"):
        with pytest.raises(ResourceError, match="holds neither text nor a list of texts"):
            narrow(THING, {key: ["a"]})
    with pytest.raises(ValueError, match="at least one word"):
        narrow(THING, {"Thing.code": []})


# -- validation ----------------------------------------------------------------------------------------------------------

WRONG: list[tuple[Any, list[str]]] = [
    ([], ["expected an object with part, got a list"]),
    ({}, ["part: missing: expected an object with name"]),
    (thing(knd="big"), ["knd: unknown key: did you mean 'kind'?"]),
    (thing(zzz=1), ["zzz: unknown key: expected one of part, kind, count, size, day, code, open, ratio, parts, spare"]),
    ({"part": {"name": "a", "x y": 1}}, ["part['x y']: unknown key: expected one of name, tags, nick"]),
    (thing(kind="bog"), ["kind: 'bog' is not allowed: expected one of big, small"]),
    (thing(kind=None), ["kind: expected one of big, small, got null"]),
    (thing(count="3"), ["count: expected a whole number, got '3'"]),
    (thing(count=True), ["count: expected a whole number, got true"]),
    (thing(count=2.5), ["count: expected a whole number, got the number 2.5"]),
    (thing(count=10), ["count: expected at most 9, got the number 10"]),
    (thing(count=0), ["count: expected at least 1, got the number 0"]),
    (thing(ratio="x"), ["ratio: expected a number, got 'x'"]),
    (thing(open="yes"), ["open: expected true or false, got 'yes'"]),
    (thing(open=1), ["open: expected true or false, got the number 1"]),
    (thing(day="2025-02-30"), ["day: '2025-02-30' does not fit: expected a date as YYYY-MM-DD"]),
    (thing(day="20250228"), ["day: '20250228' does not fit: expected a date as YYYY-MM-DD"]),
    (thing(day="2025-W01-1"), ["day: '2025-W01-1' does not fit: expected a date as YYYY-MM-DD"]),
    (thing(day=20250228), ["day: expected a date as YYYY-MM-DD, got the number 20250228: put it in quotes"]),
    (thing(code="a"), ["code: 'a' does not fit: expected text (capital letters)"]),
    (thing(part={"name": ""}), ["part.name: is empty: expected text"]),
    (thing(part={"name": "abcdef"}), ["part.name: expected at most 5 characters, got 6"]),
    (thing(part={"name": 5}), ["part.name: expected text, got the number 5: put it in quotes"]),
    (thing(part={"name": "a", "tags": ["a", "b", "c"]}), ["part.tags: expected at most 2 items, got 3"]),
    (thing(part={"name": "a", "tags": ["a", 1]}), ["part.tags[1]: expected text, got the number 1: put it in quotes"]),
    (thing(part={"name": "a", "nick": {}}), ["part.nick: expected text, got an object"]),
    (thing(spare={"name": 1}), ["spare.name: expected text, got the number 1: put it in quotes"]),
    (thing(spare=1), ["spare: expected an object with name, got the number 1"]),
    (thing(parts=[{"name": "a"}, {}]), ["parts[1].name: missing: expected text"]),
    (
        thing(size="12.8%"),
        ["size: expected a plain number such as 1970.0 or -16.5, without thousands separators, brackets or units, got '12.8%'"],
    ),
    (
        thing(part=3, kind="x"),
        ["part: expected an object with name, got the number 3", "kind: 'x' is not allowed: expected one of big, small"],
    ),
]


@pytest.mark.parametrize(("instance", "expected"), WRONG, ids=[case[1][0][:50] for case in WRONG])
def test_each_violation_says_where_and_what_was_expected(instance: Any, expected: list[str]) -> None:
    assert lines(instance) == expected


@pytest.mark.parametrize(
    "instance",
    [
        thing(),
        thing(count=None),
        thing(count=3),
        thing(count=Decimal("3.0")),
        thing(count=3.0),
        thing(size=Decimal("1970.0")),
        thing(size=-1),
    ],
)
def test_what_fits_has_no_violations(instance: Any) -> None:
    assert lines(instance) == []


def test_a_decimal_is_a_number_and_a_whole_number_only_when_it_is_whole() -> None:
    assert lines(thing(ratio=Decimal("0.5"))) == []
    assert lines(thing(ratio=Decimal("1e99999"))) == []
    assert lines(thing(count=Decimal("2.5"))) == ["count: expected a whole number, got the number 2.5"]
    assert lines(thing(count=Decimal("1e99999999"))) == ["count: expected a whole number, got the number 1E+99999999"]


def test_messages_stay_short_and_printable_whatever_the_instance_holds() -> None:
    long, wild = "x" * 100_000, "\x1b[31m\n\ud800\u202e"
    for message in lines(thing(kind=long)) + lines({**thing(), long: 1}) + lines(thing(kind=wild)) + lines({**thing(), wild: 1}):
        assert len(message) < 300
        assert message.isprintable()


def test_a_long_list_of_words_is_not_poured_out() -> None:
    narrowed = narrow(THING, {"Thing.code": [f"revenue_{n}" for n in range(300)]})
    assert lines(thing(code="revenue_1x"), narrowed) == [
        "code: 'revenue_1x' is not one of the 300 allowed: nearest revenue_1, revenue_91, revenue_81"
    ]
    assert lines(thing(code="?"), narrowed) == [
        "code: '?' is not allowed: expected one of 300 words, such as revenue_0, revenue_1, revenue_2"
    ]


def test_many_unknown_keys_are_counted() -> None:
    found = validate({**thing(), **{f"_{n}": 1 for n in range(5_000)}}, THING)
    assert len(found) == 21
    assert str(found[-1]) == "4980 more unknown keys"


def test_nesting_without_end_is_one_violation() -> None:
    deep: dict[str, Any] = {"name": 7}
    for _ in range(5_000):
        deep = {"name": "x", "branches": [deep]}
    assert lines(deep, json_schema(Tree, id="urn:tree")) == ["is nested too deeply"]


def test_a_schema_may_refer_to_itself() -> None:
    schema = json_schema(Tree, id="urn:tree")
    assert lines({"name": "a", "branches": [{"name": "b"}]}, schema) == []
    assert lines({"name": "a", "branches": [{"name": "b", "branches": [{}]}]}, schema) == [
        "branches[0].branches[0].name: missing: expected text"
    ]


def test_what_stands_beside_a_reference_counts_too() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/S", "maxLength": 2}},
        "$defs": {"S": {"type": "string", "minLength": 1}},
    }
    assert lines({"a": "ab"}, schema) == []
    assert lines({"a": "abc"}, schema) == ["a: expected at most 2 characters, got 3"]
    assert lines({"a": ""}, schema) == ["a: is empty: expected text"]


def test_a_broken_reference_is_our_own_mistake() -> None:
    with pytest.raises(ResourceError, match=r"'#/\$defs/Gone', which it does not define"):
        validate({}, {"$ref": "#/$defs/Gone"})


def test_paths_are_written_as_people_do() -> None:
    assert dotted(("claims", 2, "evidence", 0)) == "claims[2].evidence[0]"
    assert dotted((0, "a b", "c")) == "[0]['a b'].c"
    assert dotted(()) == ""
    violation = SchemaViolation(("claims", 2), "is wrong")
    assert (violation.path, str(violation), str(SchemaViolation((), "is wrong"))) == ("claims[2]", "claims[2]: is wrong", "is wrong")


def test_values_are_shown_short() -> None:
    values = ("a" * 61, "a\n\ud800", None, True, [1], {"a": 1}, 5, Decimal("1.10"))
    assert [shown(value) for value in values] == [
        f"'{'a' * 60}...'", "'a\\n\\ud800'", "null", "true", "a list", "an object", "the number 5", "the number 1.10",
    ]  # fmt: skip


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4), lambda x: st.lists(x, max_size=3)
)
FIELDS = st.dictionaries(st.sampled_from([*Thing.model_fields, "other"]), JSON | st.fixed_dictionaries({"name": JSON}), max_size=4)


@given(FIELDS)
def test_our_faster_validator_agrees_with_plain_jsonschema(instance: dict[str, Any]) -> None:
    plain = jsonschema.Draft202012Validator(THING, format_checker=jsonschema.FormatChecker(["date"]))
    assert (validate(instance, THING) == []) == plain.is_valid(instance)


@given(FIELDS)
def test_what_the_schema_allows_the_model_reads(instance: dict[str, Any]) -> None:
    if validate(instance, THING) == []:
        try:
            Thing.model_validate(instance)
        except ValidationError as error:
            # The models know more about numbers than a schema says.
            assert {one["loc"][0] for one in error.errors()} == {"size"}  # noqa: PT017
