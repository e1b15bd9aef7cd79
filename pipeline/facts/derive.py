"""Derived facts: levels and ratios per period, changes against their bases, and the cross-check of reported rates.

Nothing is averaged or guessed. What cannot be computed is listed with its reason; what contradicts is listed as a conflict.
"""

from __future__ import annotations

from decimal import Decimal

from pipeline.facts.figures import Change, DerivedFact, Figure, written
from pipeline.facts.formulas import FORMULAS, Formula, grown, incremental_margin
from pipeline.facts.quantity import Quantity, Scale, UnitClass
from pipeline.facts.sheet import Basis, PeriodKind, Role
from pipeline.facts.vocabulary import vocabulary
from pipeline.facts.workings import (
    BASES,
    PERIOD_ROLES,
    Conflict,
    Levels,
    Missing,
    Workings,
    common_basis,
    open_ended,
    same_basis,
    similar_length,
)

MOST_GROWTH = Decimal(1000)
"""Percent. Growth beyond it says that the base was next to nothing; the difference is given instead."""
_LEAST_GROWTH = Decimal(3)
"""Percent of revenue growth below which an incremental margin is noise."""


def derive_levels_and_changes(w: Workings) -> None:
    """Everything that follows from reported levels alone."""
    _levels_from_growth(w)
    _ratios_and_changes(w, w.levels, "")
    _ratios_and_changes(w, w.year_to_date, ".ytd")
    _incremental_margin(w)
    _cross_check(w)


def _ratios_and_changes(w: Workings, levels: Levels, suffix: str) -> None:
    for role in PERIOD_ROLES:
        for formula in FORMULAS:
            _ratio(w, levels, formula, role, suffix)
    for (name, role), now in list(levels.items()):
        if role is Role.ACTUAL:
            for change, base_role in BASES.items():
                base = levels.get((name, base_role))
                if base is not None and _comparable(w, now, base, change):
                    _change(w, name + suffix, now, base, change)


def _levels_from_growth(w: Workings) -> None:
    """A level that is not given, from its year-ago base and the growth that the company reports."""
    for rate in w.given:
        base = w.levels.get((rate.stem, Role.PRIOR_YEAR))
        if rate.change is not Change.YOY or rate.role is not Role.ACTUAL or rate.unit.cls is not UnitClass.PERCENT or base is None:
            continue
        if (
            (rate.stem, Role.ACTUAL) in w.levels
            or rate.metric.unit is UnitClass.PERCENT
            or open_ended(rate, base)
            or not same_basis(rate, base)
        ):
            continue
        w.levels[rate.stem, Role.ACTUAL] = w.add(
            id=f"{rate.stem}.implied",
            like=rate,
            change=None,
            quantity=grown(base.quantity, rate.quantity),
            scale=base.scale,
            formula=f"{base.id} x (1 + {rate.id})",
            inputs=(base.id, rate.id),
        )


def _ratio(w: Workings, levels: Levels, formula: Formula, role: Role, suffix: str) -> None:
    metric = vocabulary()[formula.metric]
    if (metric.id, role) in levels:
        return
    found = [levels.get((name, role)) for name in formula.inputs]
    inputs = tuple(figure for figure in found if figure is not None)
    if len(inputs) < len(found):
        if role is Role.ACTUAL and not suffix and not formula.fills_in and len(inputs) > len(found) / 2:
            absent = [vocabulary()[name].label for name, figure in zip(formula.inputs, found, strict=True) if figure is None]
            w.miss(metric, f"`{formula.text}`: the sheet has no {' and no '.join(absent)}")
        return
    flow = next((f for f in inputs if f.period.kind is not PeriodKind.INSTANT), inputs[0])
    if open_ended(*inputs):
        return
    days = (flow.period.end - flow.period.start).days + 1 if flow.period.start else 0
    if formula.needs_days and not days:
        w.miss(metric, f"`{formula.text}`: the period '{flow.period.id}' has no start date")
        return
    quantity = w.compute(metric, formula.text, lambda: formula.compute(tuple(f.quantity for f in inputs), days))
    if quantity is None:
        return
    name = metric.id + suffix
    levels[metric.id, role] = w.add(
        id=name if role is Role.ACTUAL and not w.is_taken(name) else f"{name}.{role}_computed",
        like=flow,
        metric=metric,
        change=None,
        quantity=quantity,
        scale=inputs[0].scale if metric.unit is UnitClass.MONEY else Scale.ONE,
        basis=common_basis(inputs),
        formula=formula.text,
        inputs=tuple(f.id for f in inputs),
    )


def _change(w: Workings, name: str, now: Figure, base: Figure, change: Change) -> None:
    circular = isinstance(now, DerivedFact) and base.id in now.inputs
    if open_ended(now, base) or circular:
        return
    growth = (
        None if now.unit.cls in (UnitClass.PERCENT, UnitClass.MULTIPLE, UnitClass.DAYS) else growth_or_none(now.quantity, base.quantity)
    )
    if growth is not None:
        w.add(
            id=f"{name}.{change}", like=now, change=change, quantity=growth, scale=Scale.ONE,
            formula=f"{now.id} / {base.id} - 1", inputs=(now.id, base.id), base=base,
        )  # fmt: skip
        return
    in_points = now.unit.cls is UnitClass.PERCENT
    w.add(
        id=f"{name}.{change}_change", like=now, change=change,
        quantity=now.quantity.points_from(base.quantity) if in_points else now.quantity - base.quantity,
        formula=f"{now.id} - {base.id}", inputs=(now.id, base.id), base=base,
    )  # fmt: skip
    if now.unit.cls not in (UnitClass.PERCENT, UnitClass.MULTIPLE, UnitClass.DAYS):
        course = f"growth from {written(base)} in {base.period.label} to {written(now)} in {now.period.label}"
        reason = f"{course} has no meaning; the difference is given"
        w.missing.append(Missing(f"{name}.{change}", f"{now.label} {change.words}", reason))


def growth_or_none(now: Quantity, base: Quantity) -> Quantity | None:
    """Growth in percent; None where either side may be zero or less, or the base is next to nothing."""
    if base.interval.low <= 0 or now.interval.low <= 0:
        return None
    growth = now.growth_from(base)
    return growth if growth.value <= MOST_GROWTH else None


def _comparable(w: Workings, now: Figure, base: Figure, change: Change) -> bool:
    """Whether the two are alike but for their periods; where not, the reader is told."""
    if isinstance(now, DerivedFact) and isinstance(base, DerivedFact) and now.metric.kind != "flow" and now.formula != base.formula:
        reason = f"`{now.formula}` now, `{base.formula}` in the base: two definitions are not compared"
        w.missing.append(Missing(f"{now.stem}.{change}_change", f"{now.label} {change.words}", reason))
        return False
    if now.unit != base.unit:
        difference = f"{now.unit} now and {base.unit} in the base"
    elif not same_basis(now, base):
        difference = f"{now.basis} now and {base.basis} in the base"
    elif not similar_length(now.period, base.period):
        difference = f"{now.period.label} and {base.period.label} differ in length"
    else:
        return True
    w.conflicts.append(Conflict((now.id, base.id), f"{now.label}: {difference}: no {change.words} change computed"))
    return False


def _incremental_margin(w: Workings) -> None:
    profit, profit_base, revenue, revenue_base = (
        w.levels.get((metric, role)) for metric in ("operating_income", "revenue") for role in (Role.ACTUAL, Role.PRIOR_YEAR)
    )
    if profit is None or profit_base is None or revenue is None or revenue_base is None:
        return
    growth = next((d for d in w.derived if d.id == "revenue.yoy"), None)
    same_terms = profit.unit == profit_base.unit == revenue.unit == revenue_base.unit
    if not same_terms or growth is None:
        return
    metric = vocabulary()["incremental_margin"]
    if growth.quantity.value < _LEAST_GROWTH:
        w.miss(metric, f"revenue growth of {written(growth)} is too small to divide by")
        return
    quantity = w.compute(
        metric,
        "change of operating income / change of revenue",
        lambda: incremental_margin(profit.quantity, profit_base.quantity, revenue.quantity, revenue_base.quantity),
    )
    if quantity is not None:
        inputs = tuple(f.id for f in (profit, profit_base, revenue, revenue_base))
        w.add(
            id=metric.id, like=profit, metric=metric, change=None, quantity=quantity, scale=Scale.ONE,
            formula=f"({inputs[0]} - {inputs[1]}) / ({inputs[2]} - {inputs[3]})", inputs=inputs,
        )  # fmt: skip


def _cross_check(w: Workings) -> None:
    """A rate of change that the company reports against the computed one, where both are on one basis."""
    for rate in w.given:
        if rate.change is None or rate.role is not Role.ACTUAL or rate.basis in (Basis.CONSTANT_CURRENCY, Basis.ORGANIC):
            continue
        for computed in w.derived:
            alike = (
                computed.change is rate.change
                and computed.stem == rate.stem
                and computed.period.id == rate.period.id
                and computed.unit == rate.unit
                and same_basis(rate, computed)
            )
            if alike and rate.id not in _ancestors(w, computed) and not rate.quantity.interval.meets(computed.quantity.interval):
                text = f"{rate.label} {computed.change and computed.change.words}: reported {written(rate)}, computed {written(computed)}"
                w.conflicts.append(Conflict((rate.id, computed.id), f"{text} (`{computed.formula}`)"))


def _ancestors(w: Workings, figure: DerivedFact) -> set[str]:
    """The ids of everything that a derived fact rests on."""
    known = {derived.id: derived.inputs for derived in w.derived}
    found: set[str] = set()
    todo = list(figure.inputs)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += known.get(name, ())
    return found
