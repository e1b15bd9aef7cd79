"""The pivot: the one figure on which the print turns, and the value that would change the view of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from pipeline.drafters.rules.prose import name
from pipeline.facts.factbase import FactBase
from pipeline.facts.figures import Change, Figure, written
from pipeline.facts.quantity import UnitClass
from pipeline.facts.sheet import Role
from pipeline.mechanisms.engine import is_plausible, size
from pipeline.notes.models import Comparison

_MARGINS = (
    "gross_margin",
    "operating_margin",
    "adjusted_gross_margin",
    "adjusted_operating_margin",
    "adjusted_ebitda_margin",
    "net_margin",
    "nim",
)
_LEVELS = ("revenue", "net_interest_income", "premiums_earned", "net_income", "eps_diluted", "adjusted_eps")
_ALSO = ("operating_margin", "revenue", "gross_margin", "eps_diluted", "net_income", "free_cash_flow", "operating_cash_flow", "dso", "dio")
_A_MOVE = Decimal(1)
"""Points. A margin that moved less is no more than mix and season."""


@dataclass(frozen=True, slots=True)
class Pivot:
    """`level` and its `change` from `base`; None for a base that only the stated change tells of. Where the sheet has a change
    without any amount, `level` is that change. `worse` says which way it went for shareholders.
    """

    level: Figure
    change: Figure
    base: Figure | None

    @property
    def against(self) -> str:
        """y/y, or q/q where the sheet compares with the quarter before only."""
        return self.change.change.words if self.change.change is not None else ""

    @property
    def moved(self) -> str:
        """`gross margin, which fell 3.4 pp y/y to 12.8%`."""
        verb = "fell" if self.change.quantity.value < 0 else "rose"
        to = f" to {written(self.level)}" if self.level is not self.change else ""
        return f"{name(self.level)}, which {verb} {size(self.change)} {self.against}{to}"

    @property
    def worse(self) -> bool:
        return self.change.is_favourable is False

    @property
    def undone(self) -> tuple[str, Comparison, Decimal]:
        """The condition that undoes the move, as (fact id, comparison, threshold).

        A margin is back at its base, where that is in reach; an amount, which has seasons, stops growing or shrinking.
        """
        comparison: Comparison = "at_least" if self.change.quantity.value < 0 else "at_most"
        if self.level.unit.cls is UnitClass.PERCENT and self.base is not None and is_plausible(threshold(self.base), self.level):
            return self.level.id, comparison, threshold(self.base)
        return self.change.id, comparison, Decimal(0)


def pivot(facts: FactBase) -> Pivot | None:
    """The margin that worsened most y/y; where none did, the one that gained most; without margins, the first amount with a base,
    then the first whose change is stated, y/y or q/q.
    """
    found = [p for metric in _MARGINS if (p := _pivot(facts, metric)) and abs(p.change.quantity.value) >= _A_MOVE]
    if found:
        worst = min(found, key=lambda p: p.change.quantity.value)
        return worst if worst.worse else max(found, key=lambda p: p.change.quantity.value)
    based = (p for metric in _LEVELS if (p := _pivot(facts, metric)))
    stated = (p for change in (Change.YOY, Change.QOQ) for metric in (*_LEVELS, *_MARGINS) if (p := _stated(facts, metric, change)))
    return next(based, None) or next(stated, None)


def moves(facts: FactBase) -> Iterator[Pivot]:
    """Everything else that moved y/y for better or worse, the leading figures first."""
    for metric in _ALSO:
        found = _stated(facts, metric, Change.YOY)
        if found is not None and found.change.is_favourable is not None:
            yield Pivot(found.level, found.change, facts.level(metric, role=Role.PRIOR_YEAR))


def _pivot(facts: FactBase, metric: str) -> Pivot | None:
    found, base = _stated(facts, metric, Change.YOY), facts.level(metric, role=Role.PRIOR_YEAR)
    return None if found is None or base is None else Pivot(found.level, found.change, base)


def _stated(facts: FactBase, metric: str, against: Change) -> Pivot | None:
    change = facts.change(metric, against)
    level = facts.level(metric) or change
    if level is None or change is None or change.quantity.value == 0:
        return None
    if level.unit.cls is UnitClass.MONEY and change.unit.cls is not UnitClass.PERCENT:
        return None
    return Pivot(level, change, facts.base_of(change))


def threshold(figure: Figure) -> Decimal:
    """A figure's value as a threshold: in its printed scale, to as many places as it was reported with."""
    value = figure.quantity.value / figure.scale.factor
    return value.quantize(Decimal("0.01") if figure.unit.cls is UnitClass.PER_SHARE else Decimal("0.1")).normalize() + 0
