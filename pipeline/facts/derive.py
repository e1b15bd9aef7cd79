"""Derived facts: ratios per period, changes against their bases, surprises, guidance against consensus.

Nothing is averaged or guessed. What cannot be computed is listed with its reason; what contradicts is listed as a conflict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from pipeline.facts.figures import Change, DerivedFact, Figure, written
from pipeline.facts.formulas import FORMULAS, grown, incremental_margin
from pipeline.facts.quantity import Bound, Quantity, Scale, UnitClass
from pipeline.facts.sheet import Basis, FactSheet, Period, PeriodKind, Role
from pipeline.facts.vocabulary import Metric, vocabulary

_PERIOD_ROLES = (Role.ACTUAL, Role.PRIOR_YEAR, Role.PRIOR_QUARTER)
_BASES = {Change.YOY: Role.PRIOR_YEAR, Change.QOQ: Role.PRIOR_QUARTER}
# What a reader looks for first. Groups: any one of the metrics will do.
_ESSENTIAL_LEVELS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("revenue", ("revenue", "net_interest_income", "premiums_earned")),
    ("gross_margin", ("gross_margin", "adjusted_gross_margin", "efficiency_ratio", "combined_ratio")),
    ("operating_margin", ("operating_margin", "adjusted_operating_margin", "adjusted_ebitda_margin")),
    ("net_income", ("net_income", "adjusted_net_income")),
    ("eps_diluted", ("eps_diluted", "adjusted_eps", "ffo_per_share")),
    ("operating_cash_flow", ("operating_cash_flow",)),
    ("free_cash_flow", ("free_cash_flow",)),
    ("net_debt", ("net_debt",)),
)
_SIMILAR = timedelta(days=10)


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that a reader would look for, and why it is not there."""

    id: str
    label: str
    reason: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Facts that contradict each other, or cannot be compared. Shown, never averaged."""

    ids: tuple[str, ...]
    message: str


class Derivation:
    """One pass over a sheet's figures; `missing` and `conflicts` are complete after `run`."""

    def __init__(self, sheet: FactSheet, given: Iterable[Figure]) -> None:
        self.sheet = sheet
        self.given = tuple(given)
        self.derived: list[DerivedFact] = []
        self.missing: list[Missing] = []
        self.conflicts: list[Conflict] = []
        self._levels: dict[tuple[str, Role], Figure] = {}
        for figure in self.given:
            if figure.change is None and figure.role in _PERIOD_ROLES:
                first = self._levels.setdefault((figure.stem, figure.role), figure)
                if first is not figure:
                    self._twice(first, figure)

    def run(self) -> list[DerivedFact]:
        self._levels_from_growth()
        for role in _PERIOD_ROLES:
            self._ratios(role)
        self._changes()
        self._incremental_margin()
        self._cross_check()
        self._ranges()
        self._surprises()
        self._guidance()
        self._essentials()
        return self.derived

    # -- levels ------------------------------------------------------------------------------------------------------

    def _levels_from_growth(self) -> None:
        """A level that is not given, from its year-ago base and the growth that the company reports."""
        for rate in self.given:
            key = (rate.stem, Role.ACTUAL)
            base = self._levels.get((rate.stem, Role.PRIOR_YEAR))
            if rate.change is not Change.YOY or rate.role is not Role.ACTUAL or rate.unit.cls is not UnitClass.PERCENT:
                continue
            if key in self._levels or base is None or rate.metric.unit is UnitClass.PERCENT or _open_ended(rate, base):
                continue
            level = self._add(
                id=f"{rate.stem}.implied",
                like=rate,
                change=None,
                quantity=grown(base.quantity, rate.quantity),
                scale=base.scale,
                formula=f"{base.id} x (1 + {rate.id})",
                inputs=(base.id, rate.id),
            )
            self._levels[key] = level

    def _ratios(self, role: Role) -> None:
        for formula in FORMULAS:
            metric = vocabulary().get(formula.metric)
            if metric is None or (metric.id, role) in self._levels:
                continue
            found = [self._levels.get((name, role)) for name in formula.inputs]
            inputs = tuple(figure for figure in found if figure is not None)
            if len(inputs) < len(found):
                if inputs and role is Role.ACTUAL and not formula.fills_in and len(inputs) > len(found) / 2:
                    absent = [name for name, figure in zip(formula.inputs, found, strict=True) if figure is None]
                    self._miss(metric, f"{formula.text}: the sheet has no {' and no '.join(_label(name) for name in absent)}")
                continue
            if _open_ended(*inputs):
                continue
            flow = next((f for f in inputs if f.period.kind is not PeriodKind.INSTANT), inputs[0])
            days = (flow.period.end - flow.period.start).days + 1 if flow.period.start else 0
            if formula.metric in ("dso", "dio", "dpo") and not days:
                self._miss(metric, f"{formula.text}: the period '{flow.period.id}' has no start date")
                continue
            quantity = self._compute(metric, formula.text, lambda: formula.compute(tuple(f.quantity for f in inputs), days))
            if quantity is None:
                continue
            if quantity.unit.cls is not metric.unit:
                self.conflicts.append(Conflict(tuple(f.id for f in inputs), f"{metric.label}: {formula.text} gives {quantity.unit}"))
                continue
            self._levels[metric.id, role] = self._add(
                id=metric.id if role is Role.ACTUAL and not self._is_taken(metric.id) else f"{metric.id}.{role}",
                like=flow,
                metric=metric,
                change=None,
                quantity=quantity,
                scale=inputs[0].scale if metric.unit is UnitClass.MONEY else Scale.ONE,
                basis=_common_basis(inputs),
                formula=formula.text,
                inputs=tuple(f.id for f in inputs),
            )

    def _is_taken(self, name: str) -> bool:
        return any(figure.id == name for figure in (*self.given, *self.derived))

    # -- changes -----------------------------------------------------------------------------------------------------

    def _changes(self) -> None:
        actual = [(name, figure) for (name, role), figure in self._levels.items() if role is Role.ACTUAL]
        for name, now in actual:
            for change, role in _BASES.items():
                base = self._levels.get((name, role))
                if base is not None and self._comparable(now, base, change):
                    self._change(name, now, base, change)

    def _change(self, name: str, now: Figure, base: Figure, change: Change) -> None:
        if _open_ended(now, base) or (isinstance(now, DerivedFact) and base.id in now.inputs):
            return
        in_points = now.unit.cls in (UnitClass.PERCENT, UnitClass.MULTIPLE, UnitClass.DAYS)
        label = f"{now.label} {change.words}"
        if in_points:
            difference = now.quantity.points_from(base.quantity) if now.unit.cls is UnitClass.PERCENT else now.quantity - base.quantity
            self._add(
                id=f"{name}.{change}_change", like=now, change=change, quantity=difference,
                formula=f"{now.id} - {base.id}", inputs=(now.id, base.id), base=base,
            )  # fmt: skip
            return
        if base.quantity.interval.low <= 0:
            self._add(
                id=f"{name}.{change}_change", like=now, change=change, quantity=now.quantity - base.quantity,
                formula=f"{now.id} - {base.id}", inputs=(now.id, base.id), base=base,
            )  # fmt: skip
            self.missing.append(Missing(f"{name}.{change}", label, f"growth from a base of {written(base)} has no meaning; the difference is given"))
            return
        growth = self._compute(now.metric, f"{now.id} / {base.id} - 1", lambda: now.quantity.growth_from(base.quantity))
        if growth is not None:
            self._add(
                id=f"{name}.{change}", like=now, change=change, quantity=growth, scale=Scale.ONE,
                formula=f"{now.id} / {base.id} - 1", inputs=(now.id, base.id), base=base,
            )  # fmt: skip

    def _comparable(self, now: Figure, base: Figure, change: Change) -> bool:
        """Whether the two are alike but for their periods; where not, the conflict is listed."""
        ids = (now.id, base.id)
        if now.unit != base.unit:
            self.conflicts.append(Conflict(ids, f"{now.label}: {now.unit} now and {base.unit} in the base: no {change.words} change computed"))
            return False
        if Basis.UNSTATED not in (now.basis, base.basis) and now.basis is not base.basis:
            self.conflicts.append(Conflict(ids, f"{now.label}: {now.basis} now and {base.basis} in the base: no {change.words} change computed"))
            return False
        lengths = [p.end - p.start for p in (now.period, base.period) if p.start is not None]
        if len(lengths) == 2 and abs(lengths[0] - lengths[1]) > _SIMILAR:
            self.conflicts.append(
                Conflict(ids, f"{now.label}: {now.period.label} and {base.period.label} differ in length: no {change.words} change computed")
            )
            return False
        return True

    def _incremental_margin(self) -> None:
        pairs = [(self._levels.get((m, Role.ACTUAL)), self._levels.get((m, Role.PRIOR_YEAR))) for m in ("operating_income", "revenue")]
        (profit, profit_base), (revenue, revenue_base) = pairs
        metric = vocabulary().get("incremental_margin")
        if metric is None or profit is None or profit_base is None or revenue is None or revenue_base is None:
            return
        if profit.unit != profit_base.unit or revenue.unit != revenue_base.unit:
            return
        quantity = self._compute(
            metric,
            "change of operating income / change of revenue",
            lambda: incremental_margin(profit.quantity, profit_base.quantity, revenue.quantity, revenue_base.quantity),
        )
        if quantity is not None:
            inputs = tuple(f.id for f in (profit, profit_base, revenue, revenue_base))
            self._add(
                id=metric.id, like=profit, metric=metric, change=None, quantity=quantity, scale=Scale.ONE,
                formula=f"({inputs[0]} - {inputs[1]}) / ({inputs[2]} - {inputs[3]})", inputs=inputs,
            )  # fmt: skip

    def _cross_check(self) -> None:
        """A rate of change that the company reports against the computed one."""
        for rate in self.given:
            if rate.change is None or rate.role is not Role.ACTUAL:
                continue
            for computed in self.derived:
                if computed.change is rate.change and computed.stem == rate.stem and computed.unit == rate.unit:
                    if rate.id in computed.inputs or any(rate.id in self._inputs_of(name) for name in computed.inputs):
                        continue
                    if Basis.CONSTANT_CURRENCY in (rate.basis, computed.basis) or Basis.ORGANIC in (rate.basis, computed.basis):
                        continue
                    if not rate.quantity.interval.meets(computed.quantity.interval):
                        text = f"{rate.label} {computed.change.words}: reported {written(rate)}, computed {written(computed)} ({computed.formula})"
                        self.conflicts.append(Conflict((rate.id, computed.id), text))

    def _inputs_of(self, name: str) -> tuple[str, ...]:
        return next((d.inputs for d in self.derived if d.id == name), ())

    # -- consensus and guidance --------------------------------------------------------------------------------------

    def _ranges(self) -> None:
        """The ends of guided and expected ranges, each a figure that prose may cite."""
        for figure in self.given:
            if figure.fact is None or figure.fact.low is None or figure.fact.high is None:
                continue
            for which in ("low", "high"):
                self._add(
                    id=f"{figure.id}.{which}", like=figure, change=figure.change, quantity=figure.fact.end(which),
                    formula=f"{which} end of {figure.id}", inputs=(figure.id,),
                )  # fmt: skip
            if figure.fact.value is None and figure.role is Role.GUIDANCE:
                middle = (figure.fact.end("low") + figure.fact.end("high")).times(Decimal("0.5"))
                self._add(
                    id=f"{figure.id}.midpoint", like=figure, change=figure.change, quantity=middle,
                    formula=f"({figure.id}.low + {figure.id}.high) / 2", inputs=(figure.id,),
                )  # fmt: skip

    def _midpoint(self, figure: Figure) -> Figure:
        return next((d for d in self.derived if d.id == f"{figure.id}.midpoint"), figure)

    def _surprises(self) -> None:
        for expected in self._given_in(Role.CONSENSUS):
            if expected.period != self.sheet.reported_period or expected.change is not None:
                continue
            actual = self._levels.get((expected.stem, Role.ACTUAL))
            if actual is None:
                self.missing.append(
                    Missing(f"{expected.stem}.surprise", f"{expected.label} against consensus", f"the sheet has no reported {expected.label}")
                )
            elif self._same_terms(actual, expected):
                self._against(expected, actual, f"{expected.stem}.{Change.SURPRISE}", Change.SURPRISE)

    def _guidance(self) -> None:
        for guided in self._given_in(Role.GUIDANCE):
            middle = self._midpoint(guided)
            if guided.change is None:
                for expected in self._given_in(Role.CONSENSUS):
                    if expected.stem == guided.stem and expected.period == guided.period and self._same_terms(guided, expected):
                        self._against(expected, middle, f"{guided.id}.{Change.VS_CONSENSUS}", Change.VS_CONSENSUS)
                self._implied_change(guided, middle)
                self._implied_rest(guided, middle)

    def _implied_change(self, guided: Figure, middle: Figure) -> None:
        """Guidance against the same period a year before and against the quarter just reported."""
        levels = [f for f in self.given if f.change is None and f.stem == guided.stem and f.period.kind is guided.period.kind]
        for change, days in ((Change.YOY, 365), (Change.QOQ, 91)):
            if change is Change.QOQ and guided.period.kind is not PeriodKind.QUARTER:
                continue
            base = next((f for f in levels if f.role not in (Role.GUIDANCE, Role.CONSENSUS) and _days_before(guided.period, f.period, days)), None)
            if base is None or base.unit != guided.unit or not _same_basis(base, guided) or _open_ended(base, middle):
                continue
            if guided.unit.cls is UnitClass.PERCENT:
                quantity: Quantity | None = middle.quantity.points_from(base.quantity)
            elif base.quantity.interval.low > 0:
                quantity = middle.quantity.growth_from(base.quantity)
            else:
                continue
            if quantity is not None:
                self._add(
                    id=f"{guided.id}.implied_{change}", like=guided, change=change, quantity=quantity, scale=Scale.ONE,
                    formula=f"{middle.id} against {base.id}", inputs=(middle.id, base.id), base=base,
                )  # fmt: skip

    def _implied_rest(self, guided: Figure, middle: Figure) -> None:
        """What full-year guidance leaves for the quarters that are still to come."""
        if guided.period.kind is not PeriodKind.ANNUAL or guided.metric.kind != "flow" or guided.unit.cls is UnitClass.PER_SHARE:
            return
        start = guided.period.start
        so_far = next(
            (
                f
                for f in self.given
                if f.stem == guided.stem and f.change is None and f.role is Role.ACTUAL and f.unit == guided.unit
                and start is not None and f.period.start == start and f.period.end < guided.period.end and _same_basis(f, guided)
            ),
            None,
        )  # fmt: skip
        if so_far is None:
            return
        quarters = round((guided.period.end - so_far.period.end).days / 91)
        if quarters >= 1:
            self._add(
                id=f"{guided.id}.implied_rest", like=guided, change=None, quantity=middle.quantity - so_far.quantity,
                formula=f"{middle.id} - {so_far.id}, the {quarters} quarter{'s' * (quarters > 1)} to come", inputs=(middle.id, so_far.id),
            )  # fmt: skip

    def _given_in(self, role: Role) -> list[Figure]:
        return [figure for figure in self.given if figure.role is role]

    def _same_terms(self, ours: Figure, expected: Figure) -> bool:
        if ours.unit != expected.unit:
            message = f"{ours.label}: {written(ours)} is in {ours.unit}, the consensus of {written(expected)} in {expected.unit}: not compared"
        elif not _same_basis(ours, expected):
            message = f"{ours.label}: {ours.basis} figure against a consensus on {expected.basis} basis: not compared"
        else:
            return True
        self.conflicts.append(Conflict((ours.id, expected.id), message))
        return False

    def _against(self, expected: Figure, ours: Figure, name: str, change: Change) -> None:
        if _open_ended(expected, ours):
            return
        if ours.unit.cls is UnitClass.PERCENT:
            quantity = ours.quantity.points_from(expected.quantity)
            formula = f"{ours.id} - {expected.id}"
        elif expected.quantity.interval.low > 0:
            quantity = ours.quantity.growth_from(expected.quantity)
            formula = f"{ours.id} / {expected.id} - 1"
        else:
            quantity = ours.quantity - expected.quantity
            formula = f"{ours.id} - {expected.id}"
        scale = Scale.ONE if quantity.unit != ours.unit else ours.scale
        self._add(id=name, like=ours, change=change, quantity=quantity, scale=scale, formula=formula, inputs=(ours.id, expected.id), base=expected)

    # -- what is not there -------------------------------------------------------------------------------------------

    def _essentials(self) -> None:
        named = {miss.id for miss in self.missing}
        for name, group in _ESSENTIAL_LEVELS:
            if name not in named and not any((metric, Role.ACTUAL) in self._levels for metric in group):
                self._miss(vocabulary()[name], "not in the sheet")
        if not self._given_in(Role.GUIDANCE):
            self.missing.append(Missing("guidance", "Guidance", "not in the sheet"))
        expected = {figure.stem for figure in self._given_in(Role.CONSENSUS)}
        if "revenue" not in expected:
            self.missing.append(Missing("consensus.revenue", "Consensus revenue", "not in the sheet"))
        if not expected & {"eps_diluted", "adjusted_eps", "ffo_per_share"}:
            self.missing.append(Missing("consensus.eps", "Consensus EPS", "not in the sheet"))
        for metric in ("revenue", "gross_margin"):
            if (metric, Role.ACTUAL) in self._levels:
                for change, role in _BASES.items():
                    if (metric, role) not in self._levels and not any(f.change is change and f.stem == metric for f in self.given):
                        label = f"{vocabulary()[metric].label} {change.words}"
                        self.missing.append(Missing(f"{metric}.{change}", label, f"the sheet has no {role.replace('_', ' ')} figure"))

    def _miss(self, metric: Metric, reason: str) -> None:
        if not any(miss.id == metric.id for miss in self.missing):
            self.missing.append(Missing(metric.id, metric.label, reason))

    def _twice(self, first: Figure, second: Figure) -> None:
        same = first.unit == second.unit and first.quantity.interval.meets(second.quantity.interval)
        said = "given twice" if same else "two different values"
        message = f"{first.label} {first.period.label}: {said}, {written(first)} and {written(second)}; the first is used"
        self.conflicts.append(Conflict((first.id, second.id), message))

    def _compute(self, metric: Metric, formula: str, compute: Callable[[], Quantity]) -> Quantity | None:
        try:
            return compute()
        except ZeroDivisionError as error:
            self._miss(metric, f"{formula}: {error}")
        except ValueError as error:
            self._miss(metric, f"{formula}: {error}")
        return None

    def _add(
        self,
        *,
        id: str,
        like: Figure,
        change: Change | None,
        quantity: Quantity,
        formula: str,
        inputs: tuple[str, ...],
        metric: Metric | None = None,
        scale: Scale | None = None,
        basis: Basis | None = None,
        base: Figure | None = None,
    ) -> DerivedFact:
        fact = DerivedFact(
            id=id,
            metric=metric or like.metric,
            segment=like.segment if metric is None else None,
            change=change,
            quantity=quantity,
            scale=scale or like.scale,
            period=like.period,
            basis=basis or like.basis,
            role=like.role,
            formula=formula,
            inputs=inputs,
            base=base,
        )
        self.derived.append(fact)
        return fact


def _open_ended(*figures: Figure) -> bool:
    """Bounds ("more than half") are cited as they stand; nothing is computed from them."""
    return any(figure.bound in (Bound.MORE_THAN, Bound.LESS_THAN) for figure in figures)


def _same_basis(one: Figure, other: Figure) -> bool:
    return Basis.UNSTATED in (one.basis, other.basis) or one.basis is other.basis


def _common_basis(figures: Iterable[Figure]) -> Basis:
    bases = {figure.basis for figure in figures}
    if len(bases) == 1:
        return bases.pop()
    for basis in (Basis.UNSTATED, Basis.ADJUSTED, Basis.KPI):
        if basis in bases:
            return basis
    return Basis.UNSTATED


def _days_before(later: Period, earlier: Period, days: int) -> bool:
    return abs((later.end - earlier.end) - timedelta(days=days)) <= _SIMILAR


def _label(metric: str) -> str:
    known = vocabulary().get(metric)
    return known.label if known else metric


