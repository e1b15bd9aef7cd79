"""Step 2 by rule: the strongest mechanisms that the facts fire, spread over parties and horizons."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pipeline.drafters.base import Brief
from pipeline.drafters.rules.prose import Words, turn
from pipeline.facts.factbase import FactBase
from pipeline.mechanisms.engine import Fired
from pipeline.notes.models import Confidence, SecondOrderEffect, SecondOrderEffects

_MOST = 3
_LEAST_PARTIES = 2


def effects(brief: Brief) -> SecondOrderEffects:
    """Up to three effects. A mechanism of a party or horizon that has none yet goes before a stronger one of the same."""
    return SecondOrderEffects.model_construct(effects=tuple(map(effect_of, _spread(brief.fired, brief.facts))))


def _spread(fired: Sequence[Fired], facts: FactBase) -> list[Fired]:
    chosen: list[Fired] = []
    left = list(fired)
    while left and len(chosen) < _MOST:
        parties = {one.mechanism.party for one in chosen}
        horizons = {one.mechanism.horizon for one in chosen}
        topics = {_topic(one) for one in chosen}
        best = max(left, key=lambda one: _gain(one, parties, horizons) - (_topic(one) in topics) + _turn(one, facts))
        chosen.append(best)
        left.remove(best)
    return sorted(_over_both_horizons(chosen, left), key=lambda one: -one.strength)


def _over_both_horizons(chosen: list[Fired], left: Sequence[Fired]) -> list[Fired]:
    """With the weakest exchanged for one of the horizon that is missing, where one fires and enough parties remain."""
    missing = [one for one in left if one.mechanism.horizon not in {c.mechanism.horizon for c in chosen}]
    for other in sorted(missing, key=lambda one: -one.strength):
        for weakest in sorted(chosen, key=lambda one: one.strength):
            exchanged = [one for one in chosen if one is not weakest] + [other]
            parties = {one.mechanism.party for one in exchanged} - {"company"}
            if len(chosen) < _MOST or len(parties) >= _LEAST_PARTIES:
                return exchanged
    return chosen


def _topic(one: Fired) -> str:
    """The metric that sets it off: two effects of one rise in inventory say one thing twice."""
    return one.mechanism.strength.fact.partition(".")[0]


def _turn(one: Fired, facts: FactBase) -> float:
    """Up to a fifth of a strength: of mechanisms about equally strong one quarter tells the one and the next the other."""
    return turn(facts, f"turn of {one.mechanism.id}", 5) / 20


def _gain(one: Fired, parties: Collection[str], horizons: Collection[str]) -> float:
    m = one.mechanism
    return one.strength + (m.party not in parties) * (2.0 if m.party != "company" else 0.5) + (m.horizon not in horizons) * 1.0


def effect_of(one: Fired) -> SecondOrderEffect:
    """The effect that a mechanism at work tells of, with its numbers filled in."""
    m = one.mechanism
    return SecondOrderEffect(
        mechanism=m.id,
        claim=Words(one.text, list(one.facts)).claim(),
        party=m.party,
        entity=None,
        direction=m.direction,
        horizon=m.horizon,
        confidence=_confidence(one.strength),
        falsifier=one.falsifier,
    )


def _confidence(strength: float) -> Confidence:
    return "high" if strength >= 0.8 else "medium" if strength >= 0.35 else "low"
