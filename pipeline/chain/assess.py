"""Market impact and themes: by rule, from the facts. A model may argue, it does not score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from pipeline.facts.factbase import FactBase
from pipeline.facts.figures import Figure, written, written_with_base
from pipeline.facts.sheet import Role
from pipeline.notes.models import ImpactPart, MarketImpact

FactTest = Callable[[FactBase], bool]


@dataclass(frozen=True, slots=True)
class _Component:
    """Full marks at `full`; the largest of the figures that the sheet holds counts."""

    name: str
    weight: float
    full: Decimal
    references: tuple[str, ...]
    floor: Decimal = Decimal(0)


_COMPONENTS = (
    _Component("revenue against consensus", 0.25, Decimal(5), ("revenue.surprise",)),
    _Component("earnings against consensus", 0.15, Decimal(20), ("adjusted_eps.surprise", "eps_diluted.surprise")),
    _Component("guidance against consensus", 0.2, Decimal(5), ("guidance.revenue.vs_consensus",)),
    _Component(
        "change of margins", 0.2, Decimal(10),
        ("gross_margin.yoy", "operating_margin.yoy", "adjusted_operating_margin.yoy", "adjusted_ebitda_margin.yoy"),
    ),
    _Component("leverage", 0.1, Decimal(5), ("net_debt_to_ebitda", "leverage"), floor=Decimal(1)),
    _Component("price reaction", 0.1, Decimal(15), ("share_price_move",)),
)  # fmt: skip


_LEAST_WEIGHT = 0.5


def market_impact(facts: FactBase) -> MarketImpact:
    """How much the print should move the price.

    Each component is |figure| / full marks, capped at 1 (leverage counts from 1x up). The score is the weighted mean of
    the components that the sheet can feed, over a weight of at least one half, so that one figure alone cannot make a
    print look momentous. Weights are judgement; the formula is the same for all notes.
    """
    parts = [part for component in _COMPONENTS if (part := _score(component, facts))]
    weight = max(sum(part.weight for part in parts), _LEAST_WEIGHT)
    score = sum(part.score * part.weight for part in parts) / weight
    return MarketImpact(score=round(score, 2), parts=tuple(parts))


def _score(component: _Component, facts: FactBase) -> ImpactPart | None:
    found = [figure for reference in component.references if (figure := _find(reference, facts))]
    if not found:
        return None
    largest = max(found, key=lambda figure: abs(figure.quantity.value))
    share = (abs(largest.quantity.value) - component.floor) / (component.full - component.floor)
    score = float(round(min(max(share, Decimal(0)), Decimal(1)), 2))
    reason = f"{largest.label} {written_with_base(largest) if largest.change else written(largest)}"
    return ImpactPart(name=component.name, score=score, weight=component.weight, reason=reason)


def _find(reference: str, facts: FactBase) -> Figure | None:
    return facts.find(reference) or next((f for f in facts if f.role is Role.MARKET and f.stem == reference), None)


def _at_least(reference: str, limit: str) -> FactTest:
    return lambda facts: (figure := facts.find(reference)) is not None and figure.quantity.value >= Decimal(limit)


def _at_most(reference: str, limit: str) -> FactTest:
    return lambda facts: (figure := facts.find(reference)) is not None and figure.quantity.value <= Decimal(limit)


def _speaks_of_ai(facts: FactBase) -> bool:
    words = [f.metric for f in facts.sheet.facts] + [f.segment or "" for f in facts.sheet.facts] + [s.text for s in facts.sheet.statements]
    return any(word in {"AI", "ai"} for text in words for word in text.replace("_", " ").replace("-", " ").split())


_THEMES: tuple[tuple[str, FactTest], ...] = (
    ("Artificial intelligence", _speaks_of_ai),
    ("Capital spending", _at_least("capex_intensity", "20")),
    ("Growth", _at_least("revenue.yoy", "15")),
    ("Falling revenue", _at_most("revenue.yoy", "-3")),
    ("Margin pressure", lambda f: _at_most("gross_margin.yoy", "-1")(f) or _at_most("operating_margin.yoy", "-1")(f)),
    ("Margin expansion", lambda f: _at_least("operating_margin.yoy", "1")(f) or _at_least("adjusted_ebitda_margin.yoy", "1")(f)),
    ("Leverage and credit", lambda f: _at_least("leverage", "3")(f) or _at_least("net_debt_to_ebitda", "3")(f)),
    ("Capital return", lambda f: f.find("buybacks") is not None or f.find("dividends_paid") is not None),
    ("Restructuring", _at_least("restructuring_charges", "0.01")),
    ("Guidance", lambda f: any(figure.role is Role.GUIDANCE for figure in f)),
)


THEMES = ("Earnings", *(name for name, _ in _THEMES))
"""Every theme that a note may have."""


def themes(facts: FactBase) -> tuple[str, ...]:
    """What the print is about, from a fixed list, by rule."""
    return ("Earnings", *(name for name, test in _THEMES if test(facts)))
