"""The mechanism library: YAML files in `prompts/mechanisms/`, declarative to the last word.

A trigger is a small predicate over the facts of a sheet; a sentence is a template whose `{...}` are references to
facts. Nothing in a library file is evaluated as code. References name series, not the ids that a sheet's author chose;
`FactBase.find` lists their forms.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

import yaml
from pydantic import AfterValidator, Field, ValidationError, model_validator

from pipeline.errors import InputError, Problem, ResourceError
from pipeline.facts.sheet import Strict
from pipeline.mechanisms.triggers import AMOUNTS, Reference, Side, Trigger, check_side, reference_of, unit_of
from pipeline.notes.models import CatalystKind, Comparison, Direction, Horizon, Party
from pipeline.resources import folder

_MOST_BYTES = 1_000_000
PLACEHOLDER = re.compile(r"\{([a-z0-9_.]+)(\|size)?\}")


def _template(text: str) -> str:
    for match in PLACEHOLDER.finditer(text):
        reference_of(match.group(1))
    if re.search(r"[{}]", PLACEHOLDER.sub("", text)):
        raise ValueError("a placeholder is {reference} or {reference|size}")
    return text


Line = Annotated[str, Field(min_length=1, max_length=500)]
Template = Annotated[Line, AfterValidator(_template)]
Sector = Literal[
    "all", "software", "cloud", "semiconductors", "hardware", "retail", "internet", "banks", "insurers", "energy", "industrials",
    "travel", "healthcare", "utilities", "reits", "consumer_staples", "restaurants", "telecom", "autos", "materials",
]  # fmt: skip
SECTORS: tuple[Sector, ...] = get_args(Sector)


class Strength(Strict):
    """Grows linearly from 0 at `low` to 1 at `high` with the figure's value; the two may lie either way round.

    `minus` takes the distance to another figure instead of the value, `over` the ratio to it.
    """

    fact: Reference
    minus: Reference | None = None
    over: Reference | None = None
    low: Decimal
    high: Decimal

    @model_validator(mode="after")
    def _is_a_scale(self) -> Self:
        if self.low == self.high:
            raise ValueError("low and high are the same")
        if self.minus and self.over:
            raise ValueError("expected at most one of minus, over")
        if other := self.minus or self.over:
            check_side(self.fact, other)
        if not self.over and unit_of(self.fact) in AMOUNTS:
            raise ValueError(f"{self.fact} is an amount: say over which other figure")
        return self


class WatchRule(Strict):
    """A watch in terms of the facts: `threshold` is a number or a reference to the figure that sets it."""

    fact: Reference
    comparison: Comparison
    threshold: Side

    @model_validator(mode="after")
    def _fits(self) -> Self:
        check_side(self.fact, self.threshold)
        return self


class CatalystRule(Strict):
    """An event that the mechanism makes worth watching. `text` is a sentence template."""

    event: Line
    kind: CatalystKind
    direction: Direction
    text: Template
    watch: WatchRule


class Mechanism(Strict):
    """A known way that a result travels to somebody else or to a later period.

    `texts` are sentence templates, the first whose facts are all there is used. `reason` is an accounting identity, or
    a published finding with author and year.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: Line
    area: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    sectors: Annotated[tuple[Sector, ...], Field(min_length=1)]
    when: Trigger
    strength: Strength
    chain: Annotated[tuple[Line, ...], Field(min_length=2, max_length=4)]
    party: Party
    direction: Direction
    horizon: Horizon
    texts: Annotated[tuple[Template, ...], Field(min_length=1)]
    falsifiers: Annotated[tuple[WatchRule, ...], Field(min_length=1)]
    catalyst: CatalystRule | None = None
    reason: Line
    kind: Literal["identity", "finding", "practice"]


@cache
def library(own: Path | None = None) -> tuple[Mechanism, ...]:
    """Every mechanism that ships, by file and position, then those of a user's own folder.

    Raises ResourceError for a broken file, and InputError for a folder that is none or holds no library.
    """
    shipped = load_library(folder("prompts") / "mechanisms")
    if own is None:
        return shipped
    if not any(own.glob("*.yaml")):
        raise InputError(Problem("expected a folder with mechanisms in .yaml files", file=str(own)))
    try:
        return (*shipped, *load_library(own, taken={mechanism.id for mechanism in shipped}))
    except ResourceError as error:
        raise InputError(Problem(str(error), file=str(own))) from None


def load_library(place: Path, *, taken: Collection[str] = ()) -> tuple[Mechanism, ...]:
    """All `*.yaml` of a folder. Raises ResourceError with file, line and field for the first that is wrong; an id of `taken` is."""
    mechanisms: dict[str, Mechanism] = {}
    for path in sorted(place.glob("*.yaml")):
        try:
            text = path.read_bytes()
            if len(text) > _MOST_BYTES:
                raise ResourceError(f"{path.name}: larger than {_MOST_BYTES:,} bytes")
            entries = yaml.load(text, yaml.CSafeLoader)
        except (OSError, yaml.YAMLError) as error:
            raise ResourceError(f"{path.name}: {error}") from None
        if not isinstance(entries, list):
            raise ResourceError(f"{path.name}: expected a list of mechanisms")
        for position, entry in enumerate(entries):
            try:
                mechanism = Mechanism.model_validate(entry)
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                steps = [step for step in first["loc"] if not str(step).startswith("(")]
                raise ResourceError(_complaint(path.name, text, [position, *steps], first["msg"].removeprefix("Value error, "))) from None
            if mechanism.id in mechanisms or mechanism.id in taken:
                raise ResourceError(_complaint(path.name, text, [position, "id"], f"'{mechanism.id}' stands twice in the library"))
            mechanisms[mechanism.id] = mechanism
    return tuple(mechanisms.values())


def _complaint(file: str, text: bytes, steps: Sequence[int | str], message: str) -> str:
    """`margins.yaml:12: [3].when.all[0].fact: ...`. A missing field is on the line of what should hold it."""
    node = yaml.compose(text, yaml.CSafeLoader)
    for step in steps:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
        elif isinstance(node, yaml.MappingNode):
            node = next((value for key, value in node.value if key.value == step), None) or node
    line = f":{node.start_mark.line + 1}" if node is not None else ""
    field = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return f"{file}{line}: {field}: {message}"
