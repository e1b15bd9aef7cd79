"""TAT-QA's arithmetic questions that can be checked: one formula over cells of their table, which have a name and a year."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from evals.bench.derivations import Derivation, NotSimple, Shape, Unreadable, parse
from evals.bench.tatqa_tables import SCALES, Grid, Named, base_of, filed, locate, whole
from pipeline.errors import AfterprintError
from pipeline.facts.factbase import FactBase
from pipeline.facts.quantity import UnitClass


@dataclass(frozen=True, slots=True)
class Question:
    """A question that can be checked: its formula, the cells in the formula's order, and the gold answer."""

    uid: str
    kind: str
    derivation: Derivation
    cells: tuple[Named, ...]
    answer: Decimal
    scale: str
    unit: UnitClass
    """Of the answer."""
    currency: str
    base: FactBase
    table: FactBase

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(one.fact.id for one in self.cells)

    @property
    def years(self) -> list[int]:
        return sorted({int(one.fact.period) for one in self.cells})


class Left(Exception):
    """Why a question is left out."""


def questions(path: Path) -> Iterator[Question | Left]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        pages = json.load(file)
    for page in pages:
        grid = Grid(page["table"]["table"])
        for asked in page["questions"]:
            if asked["answer_type"] == "arithmetic":
                try:
                    yield _question(asked, grid)
                except Left as why:
                    yield why


def _question(asked: dict[str, Any], grid: Grid) -> Question:
    try:
        derivation = parse(asked["derivation"])
    except Unreadable:
        raise Left("derivation is no plain arithmetic") from None
    except NotSimple:
        raise Left("derivation has several steps") from None
    answer = Decimal(str(asked["answer"]).replace(",", ""))
    cells = locate(grid, derivation.operands)
    if cells is None:
        raise Left("an operand stands in no cell of the table (it is in the text, or not alone in its cell)")
    scale = asked["scale"]
    amounts = "one" if scale == "percent" else SCALES[scale]
    found = [filed(cell, operand, amounts, grid.currency) for cell, operand in zip(cells, derivation.operands, strict=True)]
    named = tuple(one for one in found if one is not None)
    if len(named) < len(found):
        raise Left("a column without a year, or a name longer than a name")
    if len({one.fact.id for one in named}) < len(named):
        raise Left("two operands with one name and one year")
    if len({one.cell.unit() for one in named}) > 1:
        raise Left("operands of different units")
    if _off(derivation, answer, scale):
        raise Left("the answer is not what the derivation gives")
    kind, unit = _kind(derivation, named, scale)
    years = {int(one.fact.period) for one in named}
    if len(years) > 1 and len({one.name for one in named}) > 1:
        raise Left("several names and several years at once")
    try:
        base, table = base_of(named, grid.currency), base_of(whole(grid, amounts, named), grid.currency)
    except AfterprintError:
        raise Left("no fact base can be made") from None
    return Question(asked["uid"], kind, derivation, named, answer, amounts, unit, grid.currency, base, table)


def _off(derivation: Derivation, answer: Decimal, scale: str) -> bool:
    """Whether the answer is no rounding of the derivation's value, signs aside."""
    value = derivation.value * (100 if scale == "percent" and derivation.shape in (Shape.GROWTH, Shape.QUOTIENT) else 1)
    step = Decimal(1).scaleb(int(answer.normalize().as_tuple().exponent)) if answer else Decimal(1)
    return abs(abs(value) - abs(answer)) > min(step, Decimal(1)) * Decimal("0.51")


def _kind(derivation: Derivation, named: Sequence[Named], scale: str) -> tuple[str, UnitClass]:
    """The kind of formula as a reader would call it, and the unit of what it gives."""
    unit = named[0].cell.unit()
    match derivation.shape:
        case Shape.GROWTH:
            return "growth", UnitClass.PERCENT
        case Shape.QUOTIENT if scale == "percent":
            return "share", UnitClass.PERCENT
        case Shape.QUOTIENT:
            return "ratio", UnitClass.MULTIPLE
        case Shape.DIFFERENCE:
            name = "change" if len({one.name for one in named}) == 1 else "difference"
            return (f"{name} in points", UnitClass.POINTS) if unit is UnitClass.PERCENT else (name, unit)
    return f"{derivation.shape.value} of {len(named)}", unit
