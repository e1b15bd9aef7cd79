"""The fact base: a sheet's facts resolved, everything that follows from them, what is missing, and what conflicts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from pipeline.errors import InputError, Problem
from pipeline.facts.derive import derive_levels_and_changes
from pipeline.facts.essentials import list_missing
from pipeline.facts.expectations import derive_expectations
from pipeline.facts.figures import Change, DerivedFact, Figure, stem
from pipeline.facts.quantity import Scale, UnitClass
from pipeline.facts.sheet import Basis, Fact, FactSheet, Role
from pipeline.facts.vocabulary import vocabulary
from pipeline.facts.workings import BASES, Conflict, Missing, Workings, is_of_period, same_basis


@dataclass(frozen=True, slots=True)
class FactBase:
    """What a note may rest on. `figures` maps ids to figures: the sheet's own facts first, derived facts after them."""

    sheet: FactSheet
    figures: Mapping[str, Figure]
    missing: tuple[Missing, ...]
    conflicts: tuple[Conflict, ...]
    series: Mapping[str, tuple[Figure, ...]]
    """The figures of the reported period's own length (and its bases) by stem: what `level`, `change` and `find` look in."""

    @classmethod
    def of(cls, sheet: FactSheet) -> FactBase:
        """Resolve and derive. Raises InputError when one of the sheet's ids collides with that of a derived fact."""
        given = [_resolve(sheet, fact) for fact in sheet.facts]
        workings = Workings(sheet, given)
        derive_levels_and_changes(workings)
        derive_expectations(workings)
        list_missing(workings)
        figures = {figure.id: figure for figure in given}
        for derived in workings.derived:
            if (known := figures.get(derived.id)) is not None:
                raise InputError(Problem(_collision(derived, known), field="facts"))
            figures[derived.id] = derived
        series: dict[str, list[Figure]] = {}
        for figure in figures.values():
            if is_of_period(figure, sheet):
                series.setdefault(figure.stem, []).append(figure)
        frozen = {name: tuple(members) for name, members in series.items()}
        return cls(sheet, MappingProxyType(figures), tuple(workings.missing), tuple(workings.conflicts), MappingProxyType(frozen))

    def __getitem__(self, name: str) -> Figure:
        return self.figures[name]

    def __contains__(self, name: object) -> bool:
        return name in self.figures

    def __iter__(self) -> Iterator[Figure]:
        return iter(self.figures.values())

    def level(self, metric: str, segment: str | None = None, role: Role = Role.ACTUAL) -> Figure | None:
        """The level of a metric in the period of `role`, or None. Year-to-date figures beside a quarter do not count."""
        return next((f for f in self._series(metric, segment) if f.change is None and f.role is role), None)

    def change(self, metric: str, change: Change, segment: str | None = None) -> Figure | None:
        """The change of a metric as reported. Of a stated and a computed rate the one with more digits, the stated one when equal."""
        found = [f for f in self._series(metric, segment) if f.change is change and f.role is Role.ACTUAL and f.basis not in _OTHER_TERMS]
        return max(found, key=lambda f: (f.places, f.fact is not None), default=None)

    def base_of(self, figure: Figure) -> Figure | None:
        """What a change is measured against, where the sheet holds it; None for a level."""
        if isinstance(figure, DerivedFact):
            return figure.base
        if figure.change is None or figure.role is not Role.ACTUAL or figure.basis in _OTHER_TERMS:
            return None
        role = BASES[figure.change]
        if is_of_period(figure, self.sheet):
            return self.level(figure.metric.id, figure.segment, role)
        # A rate of the year to date that the company states: its base is as long, and no quarter.
        levels = (f for f in self if f.stem == figure.stem and f.role is role and f.change is None)
        return next((f for f in levels if f.period.kind is figure.period.kind and same_basis(f, figure)), None)

    def _series(self, metric: str, segment: str | None) -> tuple[Figure, ...]:
        return self.series.get(stem(metric, segment), ())

    def find(self, reference: str) -> Figure | None:
        """The figure that a reference by series names, or None.

        `revenue` (reported level), `revenue.prior_year`, `revenue.prior_quarter`, `revenue.yoy`, `revenue.qoq` (growth,
        or points for percentages), `revenue.surprise`, `guidance.revenue` (the nearest guided period's midpoint),
        `guidance.revenue.vs_consensus`, `guidance.revenue.implied_yoy`, `guidance.revenue.implied_qoq`,
        `consensus.revenue`.
        """
        head, _, rest = reference.partition(".")
        if head in (Role.GUIDANCE, Role.CONSENSUS):
            metric, _, part = rest.partition(".")
            return self._expected(Role(head), metric, part)
        match rest:
            case "":
                return self.level(head)
            case Role.PRIOR_YEAR | Role.PRIOR_QUARTER:
                return self.level(head, role=Role(rest))
            case Change.YOY | Change.QOQ | Change.SURPRISE:
                return self.change(head, Change(rest))
        return None

    def _expected(self, role: Role, metric: str, part: str) -> Figure | None:
        candidates = [f for f in self if f.role is role and f.fact is not None and f.stem == metric and f.change is None]
        if role is Role.CONSENSUS:
            candidates = [f for f in candidates if f.period == self.sheet.reported_period]
        nearest = min(candidates, key=lambda f: f.period.end, default=None)
        if nearest is None:
            return None
        if part:
            return self.figures.get(f"{nearest.id}.{part}")
        return self.figures.get(f"{nearest.id}.midpoint", nearest)

    @property
    def digest(self) -> str:
        """sha256 of the canonical sheet."""
        return hashlib.sha256(self.sheet.model_dump_json(by_alias=True).encode()).hexdigest()


_OTHER_TERMS = (Basis.CONSTANT_CURRENCY, Basis.ORGANIC)
_PARTS = {
    "plain": {"", "prior_year", "prior_quarter", "yoy", "qoq", "surprise"},
    "guidance": {"", "low", "high", "midpoint", "vs_consensus", "implied_yoy", "implied_qoq", "implied_rest"},
    "consensus": {"", "low", "high"},
}


def is_reference(text: str) -> bool:
    """Whether `text` has a form that `FactBase.find` knows, over a metric of the vocabulary."""
    head, _, rest = text.partition(".")
    if head in ("guidance", "consensus"):
        metric, _, part = rest.partition(".")
        return metric in vocabulary() and part in _PARTS[head]
    return head in vocabulary() and rest in _PARTS["plain"]


def _collision(derived: DerivedFact, known: Figure) -> str:
    if isinstance(known, DerivedFact):
        rivals = sorted({*derived.inputs} ^ {*known.inputs})
        return f"{derived.label} for {derived.period.label} is given more than once, by {' and '.join(map(repr, rivals))}: keep one"
    return f"the id '{derived.id}' belongs to a computed fact: give the sheet's own fact another id"


def _resolve(sheet: FactSheet, fact: Fact) -> Figure:
    quantity = fact.quantity
    scale = fact.scale
    small = scale in (Scale.ONE, Scale.THOUSAND)
    if small and quantity.unit.cls in (UnitClass.MONEY, UnitClass.SHARES) and abs(quantity.value) >= Decimal(10**7):
        scale = Scale.MILLION
    return Figure(
        id=fact.id,
        metric=vocabulary()[fact.metric],
        segment=fact.segment,
        change=Change(fact.change) if fact.change else None,
        quantity=quantity,
        scale=scale,
        period=sheet.periods_by_id[fact.period],
        basis=fact.basis,
        role=fact.role,
        source=sheet.sources_by_id[fact.source],
        fact=fact,
    )
