"""Which mechanisms a sheet's facts fire, how strongly, and why the others do not."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from pipeline.facts.factbase import FactBase
from pipeline.facts.figures import Figure, write_quantity, written
from pipeline.facts.quantity import Interval, Quantity, Scale, UnitClass
from pipeline.facts.sheet import Basis, PeriodKind, Role
from pipeline.mechanisms.library import PLACEHOLDER, Mechanism, WatchRule
from pipeline.mechanisms.triggers import Absent, All, Any, Condition, Not, Present, Trend, Trigger, Unstated, unit_of
from pipeline.notes.models import Comparison, Direction, Watch

_TESTS: dict[Comparison, Callable[[Decimal, Decimal], bool]] = {
    "above": operator.gt,
    "at_least": operator.ge,
    "below": operator.lt,
    "at_most": operator.le,
}
_WORDS = {"above": "above", "at_least": "at least", "below": "below", "at_most": "at most"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a trigger says of a sheet. `holds` is None when a figure that it needs is missing; `because` says why it does not hold."""

    holds: bool | None
    facts: tuple[Figure, ...] = ()
    because: str = ""


@dataclass(frozen=True, slots=True)
class Fired:
    """A mechanism at work in a sheet. `text` is its sentence with the numbers filled in, `because` what fired it, and `facts` that
    and what the sentence cites.
    """

    mechanism: Mechanism
    strength: float
    text: str
    facts: tuple[Figure, ...]
    because: tuple[Figure, ...]
    falsifier: Watch


@dataclass(frozen=True, slots=True)
class Quiet:
    """A mechanism that does not fire, and the first reason. `evaluable` is False when a fact is missing."""

    mechanism: Mechanism
    evaluable: bool
    because: str
    is_other_sector: bool = False
    """It does not apply to the company's sector, whatever the facts."""


def evaluate(facts: FactBase, mechanisms: Sequence[Mechanism]) -> tuple[list[Fired], list[Quiet]]:
    """The whole library on one sheet: what fired, strongest first, and what did not."""
    fired: list[Fired] = []
    quiet: list[Quiet] = []
    sector = facts.sheet.company.sector
    for mechanism in mechanisms:
        if "all" not in mechanism.sectors and sector not in mechanism.sectors:
            because = f"limited to {', '.join(mechanism.sectors)}; the company's sector is {sector}"
            quiet.append(Quiet(mechanism, True, because, is_other_sector=True))
            continue
        verdict = judge(mechanism.when, facts)
        if not verdict.holds:
            quiet.append(Quiet(mechanism, verdict.holds is not None, verdict.because))
            continue
        outcome = _fire(mechanism, verdict, facts)
        if isinstance(outcome, Fired):
            fired.append(outcome)
        else:
            quiet.append(outcome)
    fired.sort(key=lambda one: (-one.strength, one.mechanism.id))
    return fired, quiet


def judge(trigger: Trigger, facts: FactBase) -> Verdict:
    """Evaluate one trigger. Parts are judged in order; the first that fails gives the reason."""
    match trigger:
        case Condition():
            return _compare(trigger, facts)
        case Present():
            figure = find(trigger.present, facts)
            return Verdict(True, (figure,)) if figure else _without(trigger.present)
        case Absent():
            figure = find(trigger.absent, facts)
            return Verdict(False, because=f"the sheet has {figure.id}") if figure else Verdict(True)
        case Unstated():
            figure = find(trigger.unstated, facts)
            if figure is None:
                return _without(trigger.unstated)
            if figure.basis is Basis.UNSTATED:
                return Verdict(True, (figure,))
            return Verdict(False, (figure,), f"the basis of {figure.id} is stated")
        case Trend():
            return _trend(trigger, facts)
        case Not():
            inner = judge(trigger.not_, facts)
            if inner.holds is None:
                return inner
            return Verdict(not inner.holds, because="" if not inner.holds else "a condition that must not hold does")
        case All():
            verdicts = [judge(part, facts) for part in trigger.all]
            failed = [v for v in verdicts if v.holds is False] or [v for v in verdicts if v.holds is None]
            return failed[0] if failed else Verdict(True, tuple(f for v in verdicts for f in v.facts))
        case Any():
            verdicts = [judge(part, facts) for part in trigger.any]
            held = [v for v in verdicts if v.holds]
            if held:
                return Verdict(True, tuple(f for v in held for f in v.facts))
            return next((v for v in verdicts if v.holds is False), verdicts[0])


def find(reference: str, facts: FactBase) -> Figure | None:
    """The figure that a library reference means, or None.

    None too for a change whose base was not positive, which is a difference in money and not the growth that is meant.
    """
    figure = facts.find(reference)
    return figure if figure is not None and figure.unit.cls is unit_of(reference) else None


def _without(reference: str) -> Verdict:
    return Verdict(None, because=f"the sheet has no {reference}")


def _compare(condition: Condition, facts: FactBase) -> Verdict:
    left = find(condition.fact, facts)
    if left is None:
        return _without(condition.fact)
    comparison, side = condition.test
    cited: tuple[Figure, ...] = (left,)
    if isinstance(side, str):
        right = find(side, facts)
        if right is None:
            return _without(side)
        if right.unit != left.unit:
            return Verdict(None, because=f"{left.id} is in {left.unit}, {right.id} in {right.unit}")
        cited, limit, shown = (left, right), condition.limit(right.quantity.value), f"{right.id} ({written(right)})"
        shown += f" times {condition.times}" if condition.times else ""
        shown += f" by {condition.by}" if condition.by else ""
    else:
        limit, shown = side, f"{side}"
    if _TESTS[comparison](left.quantity.value, limit):
        return Verdict(True, cited)
    return Verdict(False, cited, f"{left.id} is {written(left)}, not {_WORDS[comparison]} {shown}")


_PAST = (Role.ACTUAL, Role.PRIOR_QUARTER, Role.PRIOR_YEAR, Role.HISTORY)
# Days from one period's end to the next one's, a fiscal calendar's week this way or that.
_STEPS = {PeriodKind.QUARTER: (80, 100), PeriodKind.ANNUAL: (350, 380), PeriodKind.INSTANT: (80, 100)}


def _trend(trend: Trend, facts: FactBase) -> Verdict:
    run = _in_a_row(trend.trend, facts)[: trend.periods]
    if len(run) < trend.periods:
        return Verdict(None, because=f"the sheet has {trend.trend} for {len(run)} periods in a row, not for {trend.periods}")
    for newer, older in pairwise(run):
        if newer.quantity.value == older.quantity.value or (newer.quantity.value > older.quantity.value) is not (trend.moves == "up"):
            return Verdict(False, tuple(run), f"{trend.trend} did not move {trend.moves} to {written(newer)} in {newer.period.label}")
    return Verdict(True, tuple(run))


def _in_a_row(metric: str, facts: FactBase) -> list[Figure]:
    """The metric's levels of the whole company, the reported period first, back to the first gap in time."""
    now = find(metric, facts)
    if now is None or now.period.kind not in _STEPS:
        return []
    least, most = _STEPS[now.period.kind]
    past = [
        f
        for f in facts
        if f.metric is now.metric and f.segment is None and f.change is None and f.role in _PAST
        and f.period.kind is now.period.kind and f.unit == now.unit and f.basis is now.basis
    ]  # fmt: skip
    run = [now]
    while older := next((f for f in past if least <= (run[-1].period.end - f.period.end).days <= most), None):
        run.append(older)
    return run


def _fire(mechanism: Mechanism, verdict: Verdict, facts: FactBase) -> Fired | Quiet:
    sentences = [filled for template in mechanism.texts if (filled := fill(template, facts))]
    falsifiers = [watch for rule in mechanism.falsifiers if (watch := watch_from(rule, facts))]
    if not sentences or not falsifiers:
        return Quiet(mechanism, False, "the sheet lacks a figure that its sentence or its falsifier needs")
    text, cited = sentences[0]
    together = {figure.id: figure for figure in (*cited, *verdict.facts)}
    because = tuple({figure.id: figure for figure in verdict.facts}.values())
    return Fired(mechanism, _strength(mechanism, facts), text, tuple(together.values()), because, falsifiers[0])


def _strength(mechanism: Mechanism, facts: FactBase) -> float:
    rule = mechanism.strength
    figure = find(rule.fact, facts)
    other = find(rule.minus or rule.over or rule.fact, facts)
    if figure is None or other is None or figure.unit != other.unit:
        return 0.0
    value = figure.quantity.value
    if rule.minus:
        value -= other.quantity.value
    elif rule.over:
        if other.quantity.value <= 0:
            return 1.0
        value /= other.quantity.value
    share = (value - rule.low) / (rule.high - rule.low)
    return float(round(min(max(share, Decimal(0)), Decimal(1)), 3))


def fill(template: str, facts: FactBase) -> tuple[str, tuple[Figure, ...]] | None:
    """The sentence with its figures written in, and the figures; None when one of them is missing.

    `{gross_margin.yoy}` is written with its sign, `{gross_margin.yoy|size}` without.
    """
    cited: list[Figure] = []
    parts: list[str] = []
    end = 0
    for match in PLACEHOLDER.finditer(template):
        figure = find(match.group(1), facts)
        if figure is None:
            return None
        cited.append(figure)
        parts += [template[end : match.start()], size(figure) if match.group(2) else written(figure)]
        end = match.end()
    return "".join([*parts, template[end:]]), tuple(cited)


def size(figure: Figure) -> str:
    """The figure without its sign, for sentences whose verb says the direction."""
    quantity = figure.quantity
    interval = abs(quantity.interval) if quantity.value else Interval(quantity.value, quantity.value)
    positive = Quantity(abs(quantity.value), quantity.unit, interval)
    return write_quantity(positive, figure.scale, bound=figure.bound)


def watch_from(rule: WatchRule, facts: FactBase) -> Watch | None:
    """The rule with its threshold filled in; None when a figure is missing, or the condition already holds or is out of reach."""
    figure = find(rule.fact, facts)
    if figure is None:
        return None
    if isinstance(rule.threshold, str):
        limit = find(rule.threshold, facts)
        if limit is None or limit.unit != figure.unit:
            return None
        threshold = limit.quantity.value / figure.scale.factor
        threshold = threshold.quantize(_step(figure, threshold))
    else:
        threshold = rule.threshold
    watch = Watch(metric=figure.id, comparison=rule.comparison, threshold=threshold.normalize() + 0)
    return None if already_holds(watch, facts) or not is_plausible(watch.threshold, figure) else watch


def _step(figure: Figure, threshold: Decimal) -> Decimal:
    """To what a threshold that follows from a figure is rounded: as that figure is printed."""
    if figure.unit.cls is UnitClass.PER_SHARE or figure.scale in (Scale.BILLION, Scale.TRILLION):
        return Decimal("0.01")
    return Decimal("0.1") if abs(threshold) < 10_000 else Decimal(1)


def already_holds(watch: Watch, facts: FactBase) -> bool:
    """Whether the reported figures already meet the condition, so that it tells nothing about the future."""
    figure = facts[watch.metric]
    return _TESTS[watch.comparison](figure.quantity.value / figure.scale.factor, watch.threshold)


def meaning(watch: Watch, figure: Figure) -> Direction:
    """What it would mean for shareholders if the condition on `figure` came true; mixed where that cannot be said."""
    if figure.metric.good == "neutral":
        return "mixed"
    return "positive" if (watch.comparison in ("above", "at_least")) == (figure.metric.good == "up") else "negative"


def is_plausible(threshold: Decimal, figure: Figure) -> bool:
    """Whether a threshold is of the figure's own order: a change within three times its size or 20 either way, a level
    in percent within 50 points, any level between a fifth and five times of where it stands, on either side of zero."""
    now = figure.quantity.value / figure.scale.factor
    if figure.change is not None:
        return abs(threshold) <= max(Decimal(20), 3 * abs(now))
    if figure.unit.cls in (UnitClass.PERCENT, UnitClass.POINTS) and abs(threshold - now) <= 50:
        return True
    return abs(now) / 5 <= abs(threshold) <= abs(now) * 5 or threshold == 0
