"""Examining an answer: JSON, then JSON Schema, then pydantic, then the domain checks. Each violation names its place."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ValidationError

from pipeline.chain.checks import Checks
from pipeline.chain.parts import Part, Violation
from pipeline.chain.steps import Step
from pipeline.notes.models import Catalyst, Claim, ConsensusGap, SecondOrderEffect
from pipeline.schemas import validate

MAX_ANSWER = 60_000
"""Characters. An answer that is longer is not read at all."""
_PART_MODELS: dict[str, type[BaseModel]] = {
    "summarize": Claim,
    "second_order": SecondOrderEffect,
    "consensus_gap": ConsensusGap,
    "catalysts": Catalyst,
}


@dataclass(frozen=True, slots=True)
class Examination:
    """An answer taken apart. `general` violations belong to no part."""

    raw: Any
    parts: Sequence[Part]
    general: Sequence[Violation]

    @property
    def violations(self) -> list[Violation]:
        return [*self.general, *(v for part in self.parts for v in part.violations)]

    @property
    def sound(self) -> list[Part]:
        return [part for part in self.parts if not part.violations]


def examine(step: Step, text: str, schema: dict[str, Any], checks: Checks) -> Examination:
    """Take the answer `text` apart and check every part."""
    try:
        raw = parse(text)
    except ValueError as error:
        return Examination(None, (), [Violation("", f"the answer is not one JSON object: {error}")])
    parts = [Part(place, value) for place, value in step.parts(raw)]
    general: list[Violation] = []
    for broken in validate(raw, schema):
        owner = next((part for part in parts if _within(broken.path, part.place)), None)
        (owner.violations if owner else general).append(Violation(broken.path, broken.message))
    for part in parts:
        if not part.violations:
            _build(step, part)
            _cite(part, checks)
        if not part.violations:
            part.violations += [Violation(_join(part.place, place), message) for place, message in checks.of_part(part.value)]
    checks.across(parts)
    if not any(part.violations for part in parts):
        general += [Violation("", message) for message in checks.of_step(step.name, [part.value for part in parts])]
    return Examination(raw, parts, general)


def parse(text: str) -> dict[str, Any]:
    """The JSON object that `text` is, decimals kept exact. Raises ValueError for anything else, keys that stand twice included."""
    if len(text) > MAX_ANSWER:
        raise ValueError(f"it has {len(text):,} characters, at most {MAX_ANSWER:,} are read")
    try:
        raw = json.loads(text, parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=_no_twins)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(raw, dict):
        raise ValueError(f"it is a {type(raw).__name__}")
    return raw


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _within(path: str, place: str) -> bool:
    return place == "" or re.match(re.escape(place) + r"($|[.\[])", path) is not None


def _join(place: str, inner: str) -> str:
    return f"{place}.{inner}" if place and inner else place or inner


def _build(step: Step, part: Part) -> None:
    if part.place == "headline":
        part.value = part.raw
        return
    try:
        part.value = _PART_MODELS[step.name].model_validate(part.raw)
    except ValidationError as error:
        for one in error.errors(include_url=False, include_input=False):
            part.violations.append(Violation(_join(part.place, ".".join(map(str, one["loc"]))), one["msg"]))


def _cite(part: Part, checks: Checks) -> None:
    """Complete the evidence of the part's claims, in the value and in what later steps read. A slip of bookkeeping needs no repair turn."""
    if isinstance(part.value, Claim):
        part.value = checks.cited(part.value)
        part.raw = {**part.raw, "evidence": list(part.value.evidence)}
    elif isinstance(part.value, BaseModel):
        for name in type(part.value).model_fields:
            if isinstance(claim := getattr(part.value, name), Claim):
                completed = checks.cited(claim)
                part.value = part.value.model_copy(update={name: completed})
                part.raw = {**part.raw, name: {**part.raw[name], "evidence": list(completed.evidence)}}
