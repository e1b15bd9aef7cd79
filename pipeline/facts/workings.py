"""The workings of a derivation: the sheet's figures, what was computed from them so far, what is missing, what conflicts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from pipeline.facts.figures import Change, DerivedFact, Figure, written
from pipeline.facts.quantity import Bound, Quantity, Scale
from pipeline.facts.sheet import Basis, FactSheet, Period, PeriodKind, Role
from pipeline.facts.vocabulary import Metric

PERIOD_ROLES = (Role.ACTUAL, Role.PRIOR_YEAR, Role.PRIOR_QUARTER)
BASES = {Change.YOY: Role.PRIOR_YEAR, Change.QOQ: Role.PRIOR_QUARTER}


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


Levels = dict[tuple[str, Role], Figure]


class Workings:
    """`levels` holds one level per series and role, of the reported period's own length. Year-to-date figures beside a
    quarter (cash flow, in most quarterly filings) are kept apart in `year_to_date`: the two are never mixed."""

    def __init__(self, sheet: FactSheet, given: Iterable[Figure]) -> None:
        self.sheet = sheet
        self.given = tuple(given)
        self.derived: list[DerivedFact] = []
        self.missing: list[Missing] = []
        self.conflicts: list[Conflict] = []
        self.levels: Levels = {}
        self.year_to_date: Levels = {}
        for figure in self.given:
            if figure.change is None and figure.role in PERIOD_ROLES:
                ytd = self.year_to_date if figure.period.kind is PeriodKind.YTD else None
                group = self.levels if is_of_period(figure, sheet) else ytd
                first = figure if group is None else group.setdefault((figure.stem, figure.role), figure)
                if first is not figure:
                    self._twice(first, figure)

    def given_in(self, role: Role) -> list[Figure]:
        """The sheet's own figures of one role."""
        return [figure for figure in self.given if figure.role is role]

    def is_taken(self, name: str) -> bool:
        """Whether a figure has this id already."""
        return any(figure.id == name for figure in (*self.given, *self.derived))

    def add(
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
        """Enter a derived fact; whatever is not given is as in `like`."""
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

    def miss(self, metric: Metric, reason: str) -> None:
        """Enter a metric as missing, once."""
        if not any(miss.id == metric.id for miss in self.missing):
            self.missing.append(Missing(metric.id, metric.label, reason))

    def _twice(self, first: Figure, second: Figure) -> None:
        same = first.unit == second.unit and first.quantity.interval.meets(second.quantity.interval)
        said = "given twice" if same else "two different values"
        message = f"{first.label} {first.period.label}: {said}, {written(first)} and {written(second)}; the first is used"
        self.conflicts.append(Conflict((first.id, second.id), message))

    def compute(self, metric: Metric, formula: str, compute: Callable[[], Quantity]) -> Quantity | None:
        """The result of `compute`, or None and an entry in `missing` when it has none."""
        try:
            return compute()
        except (ZeroDivisionError, ValueError) as error:
            self.miss(metric, f"`{formula}`: {error}")
        return None


def is_of_period(figure: Figure, sheet: FactSheet) -> bool:
    """Whether a figure is of the reported period's own length, or has none: balances, and ratios over trailing years.

    Cash flow that a filing gives year to date is not, and neither are the sales of the trailing year.
    """
    kind = figure.period.kind
    return kind in (sheet.reported_period.kind, PeriodKind.INSTANT) or (kind is PeriodKind.TTM and figure.metric.kind == "ratio")


def open_ended(*figures: Figure) -> bool:
    """Bounds ("more than half") are cited as they stand; nothing is computed from them."""
    return any(figure.bound in (Bound.MORE_THAN, Bound.LESS_THAN) for figure in figures)


def same_basis(one: Figure, other: Figure) -> bool:
    """Whether two figures may be compared; an unstated basis is given the benefit of the doubt, and keeps its name."""
    return Basis.UNSTATED in (one.basis, other.basis) or one.basis is other.basis


def common_basis(figures: Iterable[Figure]) -> Basis:
    """The basis of something computed from figures: theirs, or the least strict of them."""
    bases = {figure.basis for figure in figures}
    if len(bases) == 1:
        return bases.pop()
    for basis in (Basis.UNSTATED, Basis.ADJUSTED, Basis.KPI):
        if basis in bases:
            return basis
    return Basis.UNSTATED


def similar_length(one: Period, other: Period) -> bool:
    """Whether two stretches of time differ by at most ten days (52 and 53 weeks are alike); instants always are."""
    if one.start is None or other.start is None:
        return True
    return abs((one.end - one.start) - (other.end - other.start)) <= timedelta(days=10)
