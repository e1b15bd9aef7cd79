"""What was expected and promised: ranges, surprises against consensus, guidance against consensus and against the past."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from pipeline.facts.derive import growth_or_none
from pipeline.facts.figures import Change, Figure, written
from pipeline.facts.quantity import Quantity, Scale, UnitClass, exact
from pipeline.facts.sheet import Period, PeriodKind, Role
from pipeline.facts.workings import Conflict, Missing, Workings, open_ended, same_basis

_EXPECTED = (Role.GUIDANCE, Role.CONSENSUS)
_LEEWAY = timedelta(days=10)


def derive_expectations(w: Workings) -> None:
    """Everything that follows from guidance and consensus. Needs the levels of the reported period."""
    for figure in w.given:
        _range(w, figure)
    for expected in w.given_in(Role.CONSENSUS):
        _surprise(w, expected)
    for guided in w.given_in(Role.GUIDANCE):
        if guided.change is None:
            _guided(w, guided)


def _range(w: Workings, figure: Figure) -> None:
    """The ends of a range, each a figure that prose may cite. Ends of guidance are targets, not measurements: they are exact."""
    if figure.fact is None or figure.fact.low is None or figure.fact.high is None:
        return
    ends = {which: figure.fact.end(which) for which in ("low", "high")}
    if figure.role is Role.GUIDANCE:
        ends = {which: Quantity(end.value, end.unit, exact(end.value)) for which, end in ends.items()}
    for which, end in ends.items():
        w.add(
            id=f"{figure.id}.{which}",
            like=figure,
            change=figure.change,
            quantity=end,
            formula=f"{which} end of {figure.id}",
            inputs=(figure.id,),
        )
    if figure.fact.value is None and figure.role is Role.GUIDANCE:
        w.add(
            id=f"{figure.id}.midpoint", like=figure, change=figure.change, quantity=(ends["low"] + ends["high"]).times(Decimal("0.5")),
            formula=f"({figure.id}.low + {figure.id}.high) / 2", inputs=(figure.id,),
        )  # fmt: skip


def _surprise(w: Workings, expected: Figure) -> None:
    if expected.period != w.sheet.reported_period or expected.change is not None:
        return
    actual = w.levels.get((expected.stem, Role.ACTUAL))
    if actual is None:
        reason = f"the sheet has no reported {expected.label}"
        w.missing.append(Missing(f"{expected.stem}.surprise", f"{expected.label} against consensus", reason))
    elif _same_terms(w, actual, expected):
        _against(w, expected, actual, f"{expected.stem}.{Change.SURPRISE}", Change.SURPRISE)


def _guided(w: Workings, guided: Figure) -> None:
    middle = next((d for d in w.derived if d.id == f"{guided.id}.midpoint"), guided)
    for expected in w.given_in(Role.CONSENSUS):
        if expected.stem == guided.stem and expected.period == guided.period and _same_terms(w, guided, expected):
            _against(w, expected, middle, f"{guided.id}.{Change.VS_CONSENSUS}", Change.VS_CONSENSUS)
    _implied_changes(w, guided, middle)
    _implied_rest(w, guided, middle)


def _implied_changes(w: Workings, guided: Figure, middle: Figure) -> None:
    """Guidance against the same period a year before, and for a quarter against the one just before it."""
    past = [
        f for f in w.given if f.change is None and f.stem == guided.stem and f.period.kind is guided.period.kind and f.role not in _EXPECTED
    ]
    for change, days in ((Change.YOY, 365), (Change.QOQ, 91)):
        if change is Change.QOQ and guided.period.kind is not PeriodKind.QUARTER:
            continue
        base = next((f for f in past if _days_before(guided.period, f.period, days)), None)
        if base is None or base.unit != guided.unit or not same_basis(base, guided) or open_ended(base, middle):
            continue
        in_points = guided.unit.cls is UnitClass.PERCENT
        quantity = middle.quantity.points_from(base.quantity) if in_points else growth_or_none(middle.quantity, base.quantity)
        if quantity is not None:
            w.add(
                id=f"{guided.id}.implied_{change}", like=guided, change=change, quantity=quantity, scale=Scale.ONE,
                formula=f"{middle.id} against {base.id}", inputs=(middle.id, base.id), base=base,
            )  # fmt: skip


def _implied_rest(w: Workings, guided: Figure, middle: Figure) -> None:
    """What full-year guidance leaves for the quarters that are still to come."""
    start = guided.period.start
    if (
        guided.period.kind is not PeriodKind.ANNUAL
        or guided.metric.kind != "flow"
        or guided.unit.cls is UnitClass.PER_SHARE
        or start is None
    ):
        return
    so_far = [
        f
        for f in w.given_in(Role.ACTUAL)
        if f.stem == guided.stem and f.change is None and f.unit == guided.unit and same_basis(f, guided)
        and f.period.start == start and f.period.end < guided.period.end
    ]  # fmt: skip
    if not so_far:
        return
    latest = max(so_far, key=lambda f: f.period.end)
    quarters = round((guided.period.end - latest.period.end).days / 91)
    if quarters >= 1:
        w.add(
            id=f"{guided.id}.implied_rest", like=guided, change=None, quantity=middle.quantity - latest.quantity,
            formula=f"{middle.id} - {latest.id}, the {quarters} quarter{'s' * (quarters > 1)} to come", inputs=(middle.id, latest.id),
        )  # fmt: skip


def _same_terms(w: Workings, ours: Figure, expected: Figure) -> bool:
    if ours.unit != expected.unit:
        message = f"{ours.label}: {written(ours)} is in {ours.unit}, the consensus of {written(expected)} in {expected.unit}: not compared"
    elif not same_basis(ours, expected):
        message = f"{ours.label}: {ours.basis} figure against a consensus on {expected.basis} basis: not compared"
    else:
        return True
    w.conflicts.append(Conflict((ours.id, expected.id), message))
    return False


def _against(w: Workings, expected: Figure, ours: Figure, name: str, change: Change) -> None:
    if open_ended(expected, ours):
        return
    formula = f"{ours.id} - {expected.id}"
    growth = None if ours.unit.cls is UnitClass.PERCENT else growth_or_none(ours.quantity, expected.quantity)
    if ours.unit.cls is UnitClass.PERCENT:
        quantity = ours.quantity.points_from(expected.quantity)
    elif growth is not None:
        quantity, formula = growth, f"{ours.id} / {expected.id} - 1"
    else:
        quantity = ours.quantity - expected.quantity
    scale = Scale.ONE if quantity.unit != ours.unit else ours.scale
    w.add(id=name, like=ours, change=change, quantity=quantity, scale=scale, formula=formula, inputs=(ours.id, expected.id), base=expected)


def _days_before(later: Period, earlier: Period, days: int) -> bool:
    return abs((later.end - earlier.end) - timedelta(days=days)) <= _LEEWAY
