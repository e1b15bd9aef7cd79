"""JSON Schemas (Draft 2020-12): exported from models, narrowed to the ids that exist, and checked with words for people.

Knows no model of its own. The exported files live in `schemas/`; see `stored` and `digest`.
"""

from __future__ import annotations

import copy
import difflib
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

import jsonschema_rs
from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from pipeline.errors import ResourceError
from pipeline.resources import folder

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Keys = tuple[str | int, ...]
"""The way to a value inside a document: `("facts", 3, "unit")`."""

_DEFS = "#/$defs/"
_MOST_NAMED = 12
_MOST_UNKNOWN = 20


@dataclass(frozen=True, slots=True)
class SchemaViolation:
    """One thing in an instance that its schema does not allow: where, and what was expected."""

    keys: Keys
    message: str

    @property
    def path(self) -> str:
        """The place as people write it: `claims[2].evidence[0]`; empty for the whole instance."""
        return dotted(self.keys)

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.keys else self.message


# -- export --------------------------------------------------------------------------------------------------------------


class _Export(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:
        """No titles made from field names: they repeat the name, and a model pays for each by the token."""
        return False


def json_schema(model: type[BaseModel], *, id: str) -> dict[str, Any]:
    """The schema of what `model` reads, with `$schema` and `$id`; what it writes is valid too. The same model gives the same schema."""
    exported = model.model_json_schema(by_alias=True, schema_generator=_Export, mode="validation")
    return {"$schema": DIALECT, "$id": id, **exported}


def dump(schema: Mapping[str, Any]) -> str:
    """The text of a schema file. Properties keep their order."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def stored(name: str) -> dict[str, Any]:
    """The exported schema `schemas/<name>.schema.json`; a fresh copy. Raises ResourceError when it is missing or broken."""
    try:
        schema = json.loads(_bytes(name))
    except ValueError as error:
        raise ResourceError(f"schemas/{name}.schema.json is not JSON ({error}): install afterprint again") from None
    if not isinstance(schema, dict):
        raise ResourceError(f"schemas/{name}.schema.json does not hold a schema: install afterprint again")
    return schema


def digest(name: str) -> str:
    """sha256 of the exported file's bytes."""
    return hashlib.sha256(_bytes(name)).hexdigest()


@cache
def _bytes(name: str) -> bytes:
    try:
        return (folder("schemas") / f"{name}.schema.json").read_bytes()
    except OSError as error:
        raise ResourceError(f"schemas/{name}.schema.json cannot be read ({error.strerror}): run 'afterprint schema export'") from None


# -- narrowing -----------------------------------------------------------------------------------------------------------


def narrow(schema: Mapping[str, Any], enums: Mapping[str, Sequence[str]], most: Mapping[str, int] | None = None) -> dict[str, Any]:
    """A copy of `schema` in which the named fields allow only the given words, and the named lists at most so many items.

    Keys name a definition (or the schema's own title) and one of its properties: `Claim.evidence`. A list's items
    become a reference to a definition of their own (`ClaimEvidence`), so that long enums stand once.
    Raises ResourceError for a key that the schema does not have.
    """
    narrowed = copy.deepcopy(dict(schema))
    for key, allowed in enums.items():
        if not allowed:
            raise ValueError(f"{key}: an enum needs at least one word")
        _narrow_field(narrowed, key, list(allowed))
    for key, count in (most or {}).items():
        _field(narrowed, key)["maxItems"] = count
    return narrowed


def _field(schema: dict[str, Any], key: str) -> dict[str, Any]:
    owner, _, name = key.partition(".")
    definition = schema if schema.get("title") == owner else schema.get("$defs", {}).get(owner, {})
    field: dict[str, Any] | None = definition.get("properties", {}).get(name)
    if field is None:
        raise ResourceError(f"the schema '{schema.get('$id', schema.get('title', '?'))}' has no field '{key}' to narrow")
    return field


def _narrow_field(schema: dict[str, Any], key: str, allowed: list[str]) -> None:
    owner, _, name = key.partition(".")
    field = _field(schema, key)
    if "$ref" in field:
        field = schema["$defs"][field["$ref"].removeprefix(_DEFS)]
    text = _branch(field, "string")
    items = _branch(field, "array")
    if text is not None:
        text["enum"] = allowed
    elif items is not None and _branch(items.get("items", {}), "string") is not None:
        shared = owner + "".join(part.capitalize() for part in name.split("_"))
        schema.setdefault("$defs", {})[shared] = {**items["items"], "enum": allowed}
        items["items"] = {"$ref": _DEFS + shared}
    else:
        raise ResourceError(f"the field '{key}' holds neither text nor a list of texts: it cannot be narrowed")


def _branch(field: dict[str, Any], kind: str) -> dict[str, Any] | None:
    """The part of a field's schema that describes values of one type; it may be one of several alternatives."""
    return next((part for part in (field, *field.get("anyOf", ())) if part.get("type") == kind), None)


# -- validation ----------------------------------------------------------------------------------------------------------


def validate(instance: Any, schema: Mapping[str, Any]) -> list[SchemaViolation]:
    """What `schema` does not allow in `instance`, one violation per place, in no promised order; empty when it is valid."""
    text = json.dumps(schema)
    if _is_valid(instance, text):
        return []
    validator = _validator(text)
    try:
        found = [violation for error in validator.iter_errors(instance) for violation in _violations(error)]
    except RecursionError:
        return [SchemaViolation((), "is nested too deeply")]
    return list({violation.keys: violation for violation in reversed(found)}.values())[::-1]


def _is_valid(instance: Any, schema: str) -> bool:
    """Whether nothing is wrong, said a hundred times as fast as what is."""
    try:
        return _quick(schema).is_valid(instance)
    except (ValueError, RecursionError):
        # Half a surrogate pair, nesting without end: told by the one that knows words for it.
        return False


@lru_cache(maxsize=64)
def _quick(schema: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(_with_bounds(json.loads(schema)), validate_formats=True)


def _with_bounds(part: Any) -> Any:
    """The schema, no integer of more than a hundred digits allowed, as `_is` has it."""
    if isinstance(part, list):
        return [_with_bounds(item) for item in part]
    if not isinstance(part, dict):
        return part
    bounds = {"minimum": -_LARGEST, "maximum": _LARGEST} if part.get("type") == "integer" else {}
    return bounds | {key: _with_bounds(value) for key, value in part.items()}


class _Node(dict[str, Any]):
    """A part of a schema that keeps the validator made for it.

    jsonschema makes a new validator at every value that it visits, which takes four fifths of its time on a fact sheet.
    """

    bound: Validator | None = None


def _errors(validator: Any, instance: Any, node: _Node, key: str | int | None = None) -> Iterator[ValidationError]:
    if node.bound is None:
        node.bound = validator.evolve(schema=node)
    for error in node.bound.iter_errors(instance):
        if key is not None:
            error.path.appendleft(key)
        yield error


def _properties(validator: Any, properties: Mapping[str, _Node], instance: object, _: object) -> Iterator[ValidationError]:
    if isinstance(instance, dict):
        for name, value in instance.items():
            if name in properties:
                yield from _errors(validator, value, properties[name], name)


def _items(validator: Any, items: _Node, instance: object, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
    # A list that is too long is refused as such: a million remarks on its items would help nobody.
    if isinstance(instance, list) and len(instance) <= schema.get("maxItems", len(instance)):
        for place, value in enumerate(instance):
            yield from _errors(validator, value, items, place)


def _any_of(validator: Any, branches: Sequence[_Node], instance: Any, _: object) -> Iterator[ValidationError]:
    for branch in branches:
        # Most alternatives differ in type, and making an error only to drop it is slow.
        if ("type" not in branch or _is(instance, branch["type"])) and not any(_errors(validator, instance, branch)):
            return
    yield ValidationError("fits no alternative", context=[error for branch in branches for error in _errors(validator, instance, branch)])


def _type(_: object, kind: str | Sequence[str], instance: object, __: object) -> Iterator[ValidationError]:
    if not _is(instance, kind):
        yield ValidationError("is of another type")


def _is(value: object, kind: str | Sequence[str]) -> bool:
    if not isinstance(kind, str):
        return any(_is(value, one) for one in kind)
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    if kind == "integer" and isinstance(value, Decimal):
        # Decimal refuses to calculate with exponents beyond its own limits; nothing of ours counts that far.
        return value.is_finite() and abs(value.adjusted()) < 100 and value == value.to_integral_value()
    return isinstance(value, _TYPES[kind])


_LARGEST = 10**100 - 1
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float, Decimal),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}
_FORMATS = FormatChecker(formats=())


@_FORMATS.checks("date", raises=ValueError)
def _is_date(value: object) -> bool:
    if not isinstance(value, str):
        return True
    date.fromisoformat(value)
    return re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) is not None


_Checker: Any = extend(  # type: ignore[no-untyped-call]  # jsonschema leaves it without types
    Draft202012Validator,
    validators={"properties": _properties, "items": _items, "anyOf": _any_of, "type": _type},
)


@lru_cache(maxsize=64)
def _validator(schema: str) -> Validator:
    root = json.loads(schema)
    checker: Validator = _Checker(_nodes(root, root.get("$defs", {}), {}), format_checker=_FORMATS)
    return checker


def _nodes(part: Any, defs: Mapping[str, Any], done: dict[str, _Node]) -> Any:
    """The schema with each reference replaced by what it refers to. Definitions are shared, so recursive ones are fine."""
    if isinstance(part, list):
        return [_nodes(item, defs, done) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" not in part:
        # Of several violations at one place the first is told, and the type says most.
        keys = sorted(part.keys() - {"$defs"}, key=lambda key: (key != "type", key != "enum", list(part).index(key)))
        return _Node({key: _nodes(part[key], defs, done) for key in keys})
    name = str(part["$ref"]).removeprefix(_DEFS)
    if name not in defs:
        raise ResourceError(f"a schema refers to '{part['$ref']}', which it does not define")
    if name not in done:
        done[name] = _Node()
        done[name].update(_nodes(defs[name], defs, done))
    beside = {key: value for key, value in part.items() if key not in ("$ref", "default", "description", "title")}
    return done[name] if not beside else _Node({"allOf": [done[name], _nodes(beside, defs, done)]})


# -- words ---------------------------------------------------------------------------------------------------------------


def dotted(keys: Iterable[str | int]) -> str:
    """`("facts", 3, "unit")` -> `facts[3].unit`."""
    text = ""
    for key in keys:
        if isinstance(key, str) and re.fullmatch(r"[A-Za-z_$][\w$-]{0,60}", key, re.ASCII):
            text += f".{key}"
        else:
            text += f"[{key}]" if isinstance(key, int) else f"[{shown(key)}]"
    return text.removeprefix(".")


def shown(value: object) -> str:
    """A value as a message quotes it: short and printable."""
    match value:
        case str():
            return f"'{printable(value[:60])}{'...' if len(value) > 60 else ''}'"
        case None | bool():
            return json.dumps(value)
        case list() | tuple():
            return "a list"
        case dict():
            return "an object"
        case _:
            return f"the number {value}"[:60]


def printable(text: str) -> str:
    """The text on one line, with all that a terminal would not show written out as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def nearest(word: str, words: Iterable[str], most: int = 1) -> list[str]:
    """The `words` that somebody most likely meant by `word`."""
    return difflib.get_close_matches(word[:80], list(words), n=most, cutoff=0.6)


def _violations(error: ValidationError) -> Iterator[SchemaViolation]:
    keys: Keys = tuple(error.absolute_path)
    instance: Any = error.instance
    schema: Any = error.schema
    wanted: Any = error.validator_value
    match error.validator:
        case "required":
            for name in wanted:
                if name not in instance:
                    yield SchemaViolation((*keys, name), f"missing: expected {_expected(schema.get('properties', {}).get(name, {}))}")
        case "additionalProperties":
            yield from _unknown_keys(keys, instance, schema.get("properties", {}))
        case "anyOf":
            alternatives = [branch for branch in wanted if branch.get("type") != "null"]
            if len(alternatives) == 1:
                for inner in error.context or ():
                    if inner.validator_value != "null":
                        yield from _violations(inner)
            else:
                yield SchemaViolation(keys, f"expected {_expected(schema)}, got {shown(instance)}")
        case _:
            yield SchemaViolation(keys, _message(error, instance, schema))


def _unknown_keys(keys: Keys, instance: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[SchemaViolation]:
    unknown = [name for name in instance if name not in known]
    for name in unknown[:_MOST_UNKNOWN]:
        meant = nearest(name, known)
        hint = f"did you mean '{meant[0]}'?" if meant else f"expected {_one_of(list(known), 'keys')}"
        yield SchemaViolation((*keys, name), f"unknown key: {hint}")
    if len(unknown) > _MOST_UNKNOWN:
        yield SchemaViolation(keys, f"{len(unknown) - _MOST_UNKNOWN} more unknown keys")


def _message(error: ValidationError, instance: Any, schema: Any) -> str:
    limit: Any = error.validator_value
    got = shown(instance)
    match error.validator:
        case "type":
            quoted = ": put it in quotes" if limit == "string" and isinstance(instance, (bool, int, float, Decimal)) else ""
            return f"expected {_expected(schema)}, got {got}{quoted}"
        case "enum":
            near = nearest(instance, map(str, limit), 3) if isinstance(instance, str) else []
            if len(limit) > _MOST_NAMED and near:
                return f"{got} is not one of the {len(limit)} allowed: nearest {', '.join(near)}"
            return f"{got} is not allowed: expected {_one_of(limit, 'words')}"
        case "pattern" | "format":
            return f"{got} does not fit: expected {_expected(schema)}"
        case "minLength" if limit == 1:
            return f"is empty: expected {_expected(schema)}"
        case "minLength" | "maxLength":
            return f"expected at {'least' if error.validator == 'minLength' else 'most'} {limit:,} characters, got {len(instance):,}"
        case "minItems" | "maxItems":
            things = "item" if limit == 1 else "items"
            return f"expected at {'least' if error.validator == 'minItems' else 'most'} {limit:,} {things}, got {len(instance):,}"
        case "minimum" | "maximum":
            return f"expected at {'least' if error.validator == 'minimum' else 'most'} {limit:,}, got {got}"
        case _:
            return f"does not fit: expected {error.validator} {json.dumps(limit)[:80]}"


def _one_of(words: Sequence[object], what: str) -> str:
    if len(words) > _MOST_NAMED:
        return f"one of {len(words)} {what}, such as {', '.join(map(str, words[:3]))}"
    return f"{'one of ' if len(words) > 1 else ''}{', '.join(map(str, words))}"


def _expected(schema: Mapping[str, Any]) -> str:
    """What a schema asks for, in a few words."""
    if "anyOf" in schema:
        branches = [branch for branch in schema["anyOf"] if branch.get("type") != "null"]
        if {branch.get("type") for branch in branches} == {"number", "string"}:
            return "a plain number such as 1970.0 or -16.5, without thousands separators, brackets or units"
        return " or ".join(map(_expected, branches))
    if "enum" in schema:
        return _one_of(schema["enum"], "words")
    if schema.get("format") == "date":
        return "a date as YYYY-MM-DD"
    remark = schema.get("description", "")
    match schema.get("type"):
        case "string" if remark and len(remark) <= 80:
            return f"text ({remark})"
        case "string" if "pattern" in schema:
            return f"text that matches {schema['pattern']}"
        case "object":
            required = schema.get("required", ())
            return "an object" + (f" with {', '.join(required)}" if required else "")
        case kind:
            return {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false", "array": "a list"}.get(
                str(kind), "another value"
            )
