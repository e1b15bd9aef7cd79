"""A figure in the words that a claim may use: the verb carries the sign, a change names its base, adjusted is called adjusted.

A small model copies more than it composes. So the list of facts says each thing the way the number check accepts it.
"""

from __future__ import annotations

from pipeline.drafters.rules.prose import be, name, prints_as_zero
from pipeline.facts.factbase import FactBase
from pipeline.facts.figures import Change, Figure, bare, write_quantity, written
from pipeline.facts.sheet import Basis, PeriodKind, Role
from pipeline.grounding.periods import is_rest_of_year
from pipeline.mechanisms.engine import size
from pipeline.notes.words import basis_words

_SAID_BY_ITSELF = (Basis.GAAP, Basis.IFRS, Basis.KPI, Basis.MARKET)
"""Bases that a line need not name: the statutory ones, and those that only the metric's own name can have."""
_SAME_QUARTER = {Role.PRIOR_YEAR: "a year earlier", Role.PRIOR_QUARTER: "a quarter earlier"}


def told_shortly(figure: Figure, facts: FactBase) -> str:
    """`gross margin fell 3.4 pp y/y`: without what it came from."""
    return told(figure, facts).partition(", from ")[0]


def told(figure: Figure, facts: FactBase) -> str:
    """`gross margin fell 3.4 pp y/y, from 16.2% in Q1 2025`; `revenue was 0.4% below the consensus of CNY 2,715m`."""
    what = _adjusted(figure) + name(figure)
    amount = _range(figure) or written(figure)
    match figure.role:
        case Role.CONSENSUS if figure.change is None:
            return f"the consensus for {what} was {written(figure)}{_when(figure, facts)}"
        case Role.GUIDANCE if figure.change is None and is_rest_of_year(figure):
            return f"guidance leaves {amount} of {what} for the rest of {figure.period.label}"
        case Role.GUIDANCE:
            what = f"guidance for {what}{_when(figure, facts)}"
            return f"{what} is {amount}" if figure.change is None else _moved(what, figure, facts, "is")
    if figure.change is None:
        return f"{what} {be(figure)} {written(figure)}{_when(figure, facts)}"
    when = _when(figure, facts).strip()
    return (f"{when}, " if when else "") + _moved(what, figure, facts, be(figure))


def _range(figure: Figure) -> str | None:
    """`$24.70 to $25.40`, for a guided range."""
    fact = figure.fact
    if fact is None or fact.low is None or fact.high is None or fact.low == fact.high:
        return None
    return " to ".join(bare(write_quantity(fact.end(which), figure.scale), figure) for which in ("low", "high"))


def _moved(what: str, figure: Figure, facts: FactBase, verb: str) -> str:
    """A change: which way, by how much, against what."""
    base = facts.base_of(figure)
    up, none = figure.quantity.value > 0, prints_as_zero(figure)
    if figure.change in (Change.SURPRISE, Change.VS_CONSENSUS):
        against = f"consensus of {written(base)}" if base is not None else "consensus"
        return (
            f"{what} {verb} in line with the {against}"
            if none
            else f"{what} {verb} {size(figure)} {'above' if up else 'below'} the {against}"
        )
    assert figure.change is not None
    came = f", from {written(base)} {base.period.when}" if base is not None else ""
    way = "unchanged" if none else f"{'up' if up else 'down'} {size(figure)}"
    terms = f" {basis_words(figure.basis)}" if figure.basis in (Basis.CONSTANT_CURRENCY, Basis.ORGANIC) else ""
    if figure.role is Role.GUIDANCE:
        return f"{what} {verb} {way} {figure.change.words}{terms}{came}"
    moved = f"{verb} unchanged" if none else f"{'rose' if up else 'fell'} {size(figure)}"
    return f"{what} {moved} {figure.change.words}{terms}{came}"


def _adjusted(figure: Figure) -> str:
    """`adjusted `, where the metric's own name does not say so."""
    return "adjusted " if figure.basis is Basis.ADJUSTED and "adjusted" not in figure.label.lower() else ""


def _when(figure: Figure, facts: FactBase) -> str:
    """The period, where it is not the reported one."""
    reported = facts.sheet.reported_period
    if figure.period == reported or (figure.period.end == reported.end and not _longer(figure, facts)):
        return ""
    earlier = f" ({_SAME_QUARTER[figure.role]})" if figure.role in _SAME_QUARTER else ""
    when = f"for {figure.period.label}" if figure.role is Role.GUIDANCE else figure.period.when
    return f" {when}{earlier}"


def _longer(figure: Figure, facts: FactBase) -> bool:
    return figure.period.kind is not PeriodKind.INSTANT and figure.period.kind is not facts.sheet.reported_period.kind


def terms(figure: Figure) -> str:
    """What a reader must know of the basis, or nothing: `basis not stated`, `constant currency`."""
    if figure.basis in _SAID_BY_ITSELF or (figure.basis is Basis.ADJUSTED):
        return ""
    return basis_words(figure.basis)
