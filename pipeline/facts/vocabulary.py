"""The metric vocabulary: the field's standard names, with unit class, period type, direction and aliases."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from pipeline.errors import ResourceError
from pipeline.facts.quantity import UnitClass
from pipeline.facts.sheet import Strict

_FILE = Path(__file__).with_name("metrics.yaml")

RATES = frozenset(("organic_growth", "constant_currency_growth", "same_store_sales", "same_property_noi_growth", "share_price_move"))
"""Metrics that are rates of change themselves: their levels are stated as changes ("comparable sales fell 23%")."""


class Metric(Strict):
    """One entry of the vocabulary. `good` says which way is good for shareholders."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    label: Annotated[str, Field(min_length=1, max_length=60)]
    unit: UnitClass
    kind: Literal["flow", "instant", "ratio"]
    good: Literal["up", "down", "neutral"]
    basis: Literal["reported", "adjusted", "kpi", "market"]
    sector: str
    aliases: tuple[str, ...] = ()
    concepts: tuple[str, ...] = ()
    note: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Every way that prose writes it, lower case."""
        return (self.label.lower(), *self.aliases)


@cache
def vocabulary() -> Mapping[str, Metric]:
    """All metrics by id, in the file's order. Raises ResourceError when the file contradicts itself."""
    try:
        metrics = TypeAdapter(tuple[Metric, ...]).validate_python(yaml.load(_FILE.read_bytes(), yaml.CSafeLoader))
    except ValidationError as error:
        raise ResourceError(f"{_FILE.name}: {error}") from None
    owner: dict[str, str] = {}
    for metric in metrics:
        for name in metric.names:
            if owner.setdefault(name, metric.id) != metric.id:
                raise ResourceError(f"{_FILE.name}: '{name}' names both {owner[name]} and {metric.id}")
    by_id = {metric.id: metric for metric in metrics}
    if len(by_id) != len(metrics):
        raise ResourceError(f"{_FILE.name}: two metrics share an id")
    return MappingProxyType(by_id)


def nearest(unknown: str) -> str | None:
    """The metric id that a person most likely meant by `unknown`, or None."""
    by_name = {name: metric.id for metric in vocabulary().values() for name in (metric.id, *metric.names)}
    wanted = unknown.lower().replace("-", "_")
    for spelling in (wanted, wanted.replace("_", " ")):
        if match := difflib.get_close_matches(spelling, by_name, n=1, cutoff=0.6):
            return by_name[match[0]]
    return None
