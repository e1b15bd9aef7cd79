"""What a fact sheet must hold beyond its shape: ids that exist and stand once, known metrics, units and periods that fit.

The checks read data that may be broken elsewhere, so that a person sees as much as possible at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from pipeline.facts.positions import Finding
from pipeline.facts.quantity import UnitClass, parse_unit
from pipeline.facts.sheet import ID_PATTERN, MAX_FACTS, Basis, Fact, Period, PeriodKind, Role
from pipeline.facts.vocabulary import Metric, nearest, vocabulary
from pipeline.schemas import Keys, shown
from pipeline.schemas import nearest as nearest_of

_YEAR, _YEAR_SLACK = timedelta(days=365), timedelta(days=10)  # 52 and 53 weeks are both a year
_QUARTER, _QUARTER_SLACK = timedelta(days=91), timedelta(days=14)  # a quarter may have 12, 13, 14 or even 15 weeks

_IS = {
    UnitClass.MONEY: "money",
    UnitClass.PER_SHARE: "an amount per share",
    UnitClass.PERCENT: "a percentage",
    UnitClass.POINTS: "a difference of percentages",
    UnitClass.MULTIPLE: "a multiple",
    UnitClass.SHARES: "a number of shares",
    UnitClass.DAYS: "a number of days",
    UnitClass.COUNT: "a count",
}
_WRITTEN = {
    UnitClass.PERCENT: "percent or ratio",
    UnitClass.POINTS: "pp or bp",
    UnitClass.MULTIPLE: "x",
    UnitClass.SHARES: "shares",
    UnitClass.DAYS: "days",
    UnitClass.COUNT: "count",
}
# In what a change of a metric is stated; percent for all others.
_CHANGES = {
    UnitClass.PERCENT: (UnitClass.POINTS,),
    UnitClass.POINTS: (UnitClass.POINTS,),
    UnitClass.MULTIPLE: (UnitClass.MULTIPLE, UnitClass.PERCENT),
    UnitClass.DAYS: (UnitClass.DAYS, UnitClass.PERCENT),
}


# -- ids and names, on raw data -----------------------------------------------------------------------------------------


def of_names(data: Mapping[str, Any]) -> Iterator[Finding]:
    """Ids that stand twice or nowhere, unknown metrics, unknown units. Values of a wrong type are the schema's business."""
    periods, sources = _ids(data, "periods"), _ids(data, "sources")
    for series in (periods, sources, [*_ids(data, "facts"), *_ids(data, "statements")]):
        yield from _repeated(series)
    known_periods, known_sources = [known for known, _ in periods], [known for known, _ in sources]
    if isinstance(data.get("period"), str):
        yield from _unknown(data["period"], known_periods, "period", ("period",))
    for name in ("facts", "statements"):
        for place, item in _objects(data, name):
            if isinstance(item.get("source"), str):
                yield from _unknown(item["source"], known_sources, "source", (name, place, "source"))
            if name == "facts":
                yield from _of_fact(item, known_periods, (name, place))


def _of_fact(fact: Mapping[str, Any], periods: list[str], keys: Keys) -> Iterator[Finding]:
    name, metric, unit, period = (fact.get(key) for key in ("id", "metric", "unit", "period"))
    if isinstance(name, str) and not re.search(ID_PATTERN, name):
        yield Finding(f"{shown(name)} does not fit: expected lower-case letters, digits, _ and ., a letter first", (*keys, "id"))
    if isinstance(metric, str) and metric not in vocabulary():
        meant = nearest(metric[:80])
        hint = f"did you mean '{meant}'?" if meant else f"expected one of the {len(vocabulary())} metrics of metrics.yaml"
        yield Finding(f"unknown metric {shown(metric)}: {hint}", (*keys, "metric"))
    if isinstance(unit, str):
        try:
            parse_unit(unit)
        except ValueError:
            units = "a currency such as USD, USD/share, percent, ratio, pp, bp, x, shares, days or count"
            yield Finding(f"unknown unit {shown(unit)}: expected {units}", (*keys, "unit"))
    if isinstance(period, str):
        yield from _unknown(period, periods, "period", (*keys, "period"))


def _objects(data: Mapping[str, Any], name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    items = data.get(name)
    # Longer lists are refused for their length; comparing all of their items with each other would take hours.
    for place, item in enumerate(items[:MAX_FACTS] if isinstance(items, list) else ()):
        if isinstance(item, dict):
            yield place, item


def _ids(data: Mapping[str, Any], name: str) -> list[tuple[str, Keys]]:
    return [(item["id"], (name, place, "id")) for place, item in _objects(data, name) if isinstance(item.get("id"), str)]


def _repeated(ids: Iterable[tuple[str, Keys]]) -> Iterator[Finding]:
    first: dict[str, Keys] = {}
    for name, keys in ids:
        if first.setdefault(name, keys) != keys:
            yield Finding(f"the id {shown(name)} stands twice: expected another one", keys, first=first[name])


def _unknown(id: str, known: list[str], what: str, keys: Keys) -> Iterator[Finding]:
    if id in known:
        return
    meant = nearest_of(id, known)
    hint = f"did you mean '{meant[0]}'?" if meant else f"expected the id of one of the {what}s"
    yield Finding(f"no {what} has the id {shown(id)}: {hint}", keys)


# -- units, bases and periods, on facts that are well-formed -------------------------------------------------------------


def of_facts(facts: Iterable[tuple[int, Fact]], periods: Mapping[str, Period], reported: Period | None, currency: str) -> Iterator[Finding]:
    """Units and bases that do not fit their metric, and roles that do not fit their period."""
    for place, fact in facts:
        metric = vocabulary().get(fact.metric)
        if metric is not None:
            if message := _unit_misfit(fact, metric, currency):
                yield Finding(message, ("facts", place, "unit"))
            if metric.basis == "adjusted" and fact.basis in (Basis.GAAP, Basis.IFRS):
                message = f"basis '{fact.basis}' does not fit {metric.id}, which is an adjusted figure: expected adjusted"
                yield Finding(message, ("facts", place, "basis"))
        period = periods.get(fact.period)
        if period is not None and reported is not None and (message := _role_misfit(fact.role, period, reported)):
            yield Finding(message, ("facts", place, "role"))


def _unit_misfit(fact: Fact, metric: Metric, currency: str) -> str | None:
    given = parse_unit(fact.unit)[0].cls
    changes = _CHANGES.get(metric.unit, (UnitClass.PERCENT,))
    allowed = changes if fact.change else (metric.unit,)
    if given in allowed:
        return None
    written = {UnitClass.MONEY: f"a currency such as {currency}", UnitClass.PER_SHARE: f"{currency}/share", **_WRITTEN}
    expected = " or ".join(written[cls] for cls in allowed)
    if fact.change:
        return f"unit '{fact.unit}' does not fit a change of {metric.id}, which is {_IS[metric.unit]}: expected {expected}"
    hint = ", or 'change' set to yoy or qoq if this is a change" if given in changes else ""
    return f"unit '{fact.unit}' does not fit {metric.id}, which is {_IS[metric.unit]}: expected {expected}{hint}"


def _role_misfit(role: Role, period: Period, reported: Period) -> str | None:
    if role is Role.PRIOR_QUARTER and reported.kind is PeriodKind.ANNUAL:
        return "role 'prior_quarter' does not fit an annual sheet: expected prior_year or history"
    if _fits(role, period.end, reported.end):
        return None
    expected = {
        Role.ACTUAL: f"a period that ends on {reported.end} like the reported one",
        Role.PRIOR_YEAR: f"a period that ends a year before {reported.end}",
        Role.PRIOR_QUARTER: f"a period that ends a quarter before {reported.end}",
        Role.GUIDANCE: f"a period that ends after {reported.end}",
    }[role]
    others = [Role.ACTUAL, Role.PRIOR_YEAR] + [Role.PRIOR_QUARTER] * (reported.kind is not PeriodKind.ANNUAL)
    better = next((other for other in others if _fits(other, period.end, reported.end)), None)
    hint = f", or role {better}" if better else ", or role history" if period.end < reported.end else ""
    return f"role '{role}' does not fit period '{period.id}', which ends on {period.end}: expected {expected}{hint}"


def _fits(role: Role, end: date, reported: date) -> bool:
    before = reported - end
    match role:
        case Role.ACTUAL:
            return end == reported
        case Role.PRIOR_YEAR:
            return abs(before - _YEAR) <= _YEAR_SLACK
        case Role.PRIOR_QUARTER:
            return abs(before - _QUARTER) <= _QUARTER_SLACK
        case Role.GUIDANCE:
            return end > reported
        case Role.HISTORY | Role.CONSENSUS | Role.MARKET:
            return True
