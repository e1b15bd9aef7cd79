"""The mechanism library: YAML files in `prompts/mechanisms/`, declarative to the last word.

A trigger is a small predicate over the facts of a sheet; a sentence is a template whose `{...}` are references to
facts. Nothing in a library file is evaluated as code. References name series, not the ids that a sheet's author chose;
`FactBase.find` lists their forms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import AfterValidator, Discriminator, Field, PlainValidator, Tag, ValidationError, model_validator

from pipeline.errors import ResourceError
from pipeline.facts.factbase import is_reference
from pipeline.facts.quantity import UnitClass
from pipeline.facts.sheet import Strict
from pipeline.facts.vocabulary import vocabulary
from pipeline.notes.models import CatalystKind, Comparison, Direction, Horizon, Party
from pipeline.resources import folder

PLACEHOLDER = re.compile(r"\{([a-z0-9_.]+)(\|size)?\}")
_POINTWISE = (UnitClass.MULTIPLE, UnitClass.DAYS)
_AMOUNTS = (UnitClass.MONEY, UnitClass.PER_SHARE, UnitClass.SHARES, UnitClass.COUNT)


def _reference(text: str) -> str:
    if not is_reference(text):
        raise ValueError(f"'{text}' refers to no metric of the vocabulary")
    return text


def _side(value: object) -> Decimal | str:
    if isinstance(value, str):
        return _reference(value)
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)) or not Decimal(str(value)).is_finite():
        raise ValueError("expected a number or a reference to a figure")
    return Decimal(str(value))


def _template(text: str) -> str:
    for match in PLACEHOLDER.finditer(text):
        _reference(match.group(1))
    if re.search(r"[{}]", PLACEHOLDER.sub("", text)):
        raise ValueError("a placeholder is {reference} or {reference|size}")
    return text


Reference = Annotated[str, AfterValidator(_reference)]
Side = Annotated[Decimal | str, PlainValidator(_side)]
Line = Annotated[str, Field(min_length=1, max_length=500)]
Template = Annotated[Line, AfterValidator(_template)]
Sector = Literal[
    "all", "software", "cloud", "semiconductors", "hardware", "retail", "internet", "banks", "insurers", "energy", "industrials",
    "travel", "healthcare", "utilities", "reits", "consumer_staples", "restaurants", "telecom", "autos", "materials",
]  # fmt: skip


def unit_of(reference: str) -> UnitClass:
    """The unit class of the figure that a reference means.

    A change of a percentage is in points, of a multiple or of days in their own unit, of an amount in percent. Where a
    base is not positive the sheet holds a difference in money instead: that is not what the reference means.
    """
    head, _, part = reference.partition(".")
    if head in ("guidance", "consensus"):
        head, _, part = part.partition(".")
    unit = vocabulary()[head].unit
    if part in ("yoy", "qoq", "surprise", "vs_consensus", "implied_yoy", "implied_qoq"):
        if unit is UnitClass.PERCENT:
            return UnitClass.POINTS
        return unit if unit in _POINTWISE and part in ("yoy", "qoq") else UnitClass.PERCENT
    return unit


def _check_side(fact: str, side: Decimal | str) -> None:
    """Raises ValueError where the two cannot be compared: other units, or an amount against a number that knows no currency."""
    unit = unit_of(fact)
    if isinstance(side, str):
        if unit_of(side) is not unit:
            raise ValueError(f"{fact} is in {unit}, {side} in {unit_of(side)}")
    elif unit in _AMOUNTS and side != 0:
        raise ValueError(f"{fact} is in {unit}: compare it with 0 or with another figure, not with {side}")


class Condition(Strict):
    """A figure against a number, or against another figure. Exactly one comparison.

    Against a figure, `times` multiplies it and `by` says how far beyond it the fact must lie: `accounts_receivable.yoy
    above revenue.yoy by 5` holds from 5 points over sales growth.
    """

    fact: Reference
    above: Side | None = None
    at_least: Side | None = None
    below: Side | None = None
    at_most: Side | None = None
    by: Annotated[Decimal, Field(gt=0)] | None = None
    times: Annotated[Decimal, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _one_comparison(self) -> Self:
        if len([1 for side in (self.above, self.at_least, self.below, self.at_most) if side is not None]) != 1:
            raise ValueError("expected exactly one of above, at_least, below, at_most")
        side = self.test[1]
        if (self.by is not None or self.times is not None) and not isinstance(side, str):
            raise ValueError("by and times go with a comparison to a figure")
        _check_side(self.fact, side)
        return self

    def limit(self, side: Decimal) -> Decimal:
        """The value that the fact is held against, where the figure on the right is `side`."""
        beyond = self.by or Decimal(0)
        return side * (self.times or 1) + (beyond if self.test[0] in ("above", "at_least") else -beyond)

    @property
    def test(self) -> tuple[Comparison, Decimal | str]:
        """The comparison and its right-hand side."""
        sides: tuple[tuple[Comparison, Decimal | str | None], ...] = (
            ("above", self.above),
            ("at_least", self.at_least),
            ("below", self.below),
            ("at_most", self.at_most),
        )
        return next((name, side) for name, side in sides if side is not None)


class Present(Strict):
    """The sheet holds the figure, or it can be computed."""

    present: Reference


class Absent(Strict):
    """The sheet does not hold the figure."""

    absent: Reference


class Unstated(Strict):
    """The sheet holds the figure, and its source does not say by which definition it was made up."""

    unstated: Reference


class All(Strict):
    """Every part holds."""

    all: Annotated[tuple[Trigger, ...], Field(min_length=1)]


class Any(Strict):
    """At least one part holds."""

    any: Annotated[tuple[Trigger, ...], Field(min_length=1)]


class Not(Strict):
    """The part does not hold."""

    not_: Annotated[Trigger, Field(alias="not")]


_KINDS = ("fact", "present", "absent", "unstated", "all", "any", "not")


def _kind(value: object) -> str | None:
    return next((kind for kind in _KINDS if kind in value), None) if isinstance(value, dict) else None


Trigger = Annotated[
    Annotated[Condition, Tag("(fact)")]
    | Annotated[Present, Tag("(present)")]
    | Annotated[Absent, Tag("(absent)")]
    | Annotated[Unstated, Tag("(unstated)")]
    | Annotated[All, Tag("(all)")]
    | Annotated[Any, Tag("(any)")]
    | Annotated[Not, Tag("(not)")],
    Discriminator(
        lambda value: f"({kind})" if (kind := _kind(value)) else None,
        custom_error_type="trigger",
        custom_error_message=f"expected one of {', '.join(_KINDS)}",
    ),
]


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
            _check_side(self.fact, other)
        if not self.over and unit_of(self.fact) in _AMOUNTS:
            raise ValueError(f"{self.fact} is an amount: say over which other figure")
        return self


class WatchRule(Strict):
    """A watch in terms of the facts: `threshold` is a number or a reference to the figure that sets it."""

    fact: Reference
    comparison: Comparison
    threshold: Side

    @model_validator(mode="after")
    def _fits(self) -> Self:
        _check_side(self.fact, self.threshold)
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


def references(trigger: Trigger) -> Iterator[str]:
    """Every figure that a trigger looks at."""
    match trigger:
        case Condition():
            yield trigger.fact
            side = trigger.test[1]
            if isinstance(side, str):
                yield side
        case Present():
            yield trigger.present
        case Absent():
            yield trigger.absent
        case Unstated():
            yield trigger.unstated
        case All():
            for part in trigger.all:
                yield from references(part)
        case Any():
            for part in trigger.any:
                yield from references(part)
        case Not():
            yield from references(trigger.not_)


@cache
def library() -> tuple[Mechanism, ...]:
    """Every mechanism that ships, by file and position. Raises ResourceError for a broken file."""
    return load_library(folder("prompts") / "mechanisms")


def load_library(place: Path) -> tuple[Mechanism, ...]:
    """All `*.yaml` of a folder. Raises ResourceError with file, line and field for the first that is wrong."""
    mechanisms: dict[str, Mechanism] = {}
    for path in sorted(place.glob("*.yaml")):
        try:
            text = path.read_bytes()
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
            if mechanism.id in mechanisms:
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
