"""Step 3 by rule: where the street stood, where the print says otherwise, and why the headline number hides it."""

from __future__ import annotations

from decimal import Decimal

from pipeline.drafters.base import Brief
from pipeline.drafters.rules.pivot import Pivot, pivot
from pipeline.drafters.rules.prose import Words, moved, name, sentence, versus_consensus
from pipeline.errors import NothingToDraft
from pipeline.facts.factbase import FactBase
from pipeline.facts.figures import Change, Figure, written
from pipeline.facts.quantity import UnitClass
from pipeline.facts.sheet import Role
from pipeline.mechanisms.engine import size
from pipeline.notes.calendar import release_window
from pipeline.notes.models import Claim, ConsensusGap, Falsifier, GapSign

_CLOSE = Decimal(1)
"""Percent. A surprise that is smaller is within the scatter of estimates."""


def consensus_gap(brief: Brief) -> ConsensusGap:
    """The gap on the figure that the print turns on. Raises NothingToDraft where the sheet has no figure with a base."""
    facts = brief.facts
    turn = pivot(facts)
    if turn is None:
        raise NothingToDraft("no reported figure of the sheet has a year-ago base")
    decides, comparison, limit = turn.undone
    surprise = next((f for m in ("revenue", "adjusted_eps", "eps_diluted") if (f := facts.find(f"{m}.surprise"))), None)
    return ConsensusGap(
        street_view=_street_view(facts, turn, surprise),
        our_view=_our_view(facts, turn),
        metric=turn.level.id,
        sign=_sign(surprise, turn, facts),
        why_missed=_why_missed(facts, turn),
        falsifier=Falsifier(metric=decides, comparison=comparison, threshold=limit, by=release_window(facts.sheet).to),
    )


def _sign(surprise: Figure | None, turn: Pivot, facts: FactBase) -> GapSign:
    if surprise is None:
        return GapSign.NO_ESTIMATE if not any(f.role is Role.CONSENSUS for f in facts) else GapSign.RIGHT_NUMBER_WRONG_REASON
    if abs(surprise.quantity.value) < _CLOSE:
        return GapSign.RIGHT_NUMBER_WRONG_REASON if turn.change.is_favourable is not None else GapSign.IN_LINE
    return GapSign.STREET_TOO_LOW if surprise.quantity.value > 0 else GapSign.STREET_TOO_HIGH


def _street_view(facts: FactBase, turn: Pivot, surprise: Figure | None) -> Claim:
    if surprise is None:
        words = Words("The sheet holds no estimate that the print can be held against, so the bar is the company's own record: ")
        base = next((b for m in ("revenue", turn.level.metric.id) if (b := facts.level(m, role=Role.PRIOR_YEAR))), turn.base)
        return words.add(f"{name(base)} of {written(base)} a year earlier.", base).claim()
    against = versus_consensus(facts, surprise.metric.id)
    level = facts.level(surprise.metric.id)
    assert against is not None
    assert level is not None
    words = Words(f"{level.label} of {written(level)} came in ", [level]).then(against)
    if abs(surprise.quantity.value) < _CLOSE:
        return words.add(": the street had the top line about right.").claim()
    return words.add(": the street has to move its numbers.").claim()


def _our_view(facts: FactBase, turn: Pivot) -> Claim:
    words = Words("The figure to debate is ").then(_of_which(turn))
    prove = "that assume recovery should prove too high" if turn.worse else "built on the old level should prove too low"
    if turn.level.unit.cls is not UnitClass.PERCENT:
        return words.add(f"; while that lasts, estimates {prove}.").claim()
    until = "until it is back at" if turn.worse else "unless it falls back to"
    return words.add(f"; {until} the {written(turn.base)} of a year earlier, estimates {prove}.", turn.base).claim()


def _of_which(turn: Pivot) -> Words:
    verb = "fell" if turn.change.quantity.value < 0 else "rose"
    return Words(f"{name(turn.level)}, which {verb} {size(turn.change)} y/y to {written(turn.level)}", [turn.level, turn.change])


def _why_missed(facts: FactBase, turn: Pivot) -> Claim:
    """The figure that points the other way, or the quarter that the year hides."""
    other = _counterpoint(facts, turn)
    if other is not None:
        words = sentence(moved(facts, other)).add(" Read alone, it ")
        words.add(
            "looks like weakness" if not turn.worse else "looks like growth" if other.metric.id == "revenue" else "looks like recovery"
        )
        return words.add(
            f"; {name(turn.level)} says that the cost of it sits elsewhere." if turn.worse else f"; {name(turn.level)} went the other way."
        ).claim()
    quarter = facts.change(turn.level.metric.id, Change.QOQ)
    if quarter is not None and (quarter.quantity.value > 0) != (turn.change.quantity.value > 0):
        verb = "rose" if quarter.quantity.value > 0 else "fell"
        return Words(
            f"The same figure {verb} {size(quarter)} q/q, a rate that mixes season and demand; the year-on-year rate is the cleaner read.",
            [quarter],
        ).claim()
    revenue, growth = facts.find("revenue"), facts.find("revenue.yoy")
    if revenue is not None and growth is not None and revenue is not turn.level:
        words = sentence(moved(facts, revenue))
        if growth.quantity.value < 0 and turn.worse:
            return words.add(" ").then(sentence(moved(facts, turn.level))).add(" Costs did not shrink with sales.").claim()
        return words.add(
            f" Beneath it, {name(turn.level)} of {written(turn.level)} compares with {written(turn.base)} a year earlier.",
            turn.level,
            turn.base,
        ).claim()
    return Words(f"A single print hides the base: {name(turn.level)} was {written(turn.base)} a year earlier.", [turn.base]).claim()


def _counterpoint(facts: FactBase, turn: Pivot) -> Figure | None:
    for metric in ("adjusted_ebitda_margin", "adjusted_operating_margin", "gross_margin", "operating_margin", "revenue"):
        change = facts.change(metric, Change.YOY)
        if change is None or metric == turn.level.metric.id or change.is_favourable is None or change.is_favourable is not turn.worse:
            continue
        return facts.level(metric)
    return None
