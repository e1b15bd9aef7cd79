"""How a figure of a metric stands in a sheet: the metric by its name, its unit, and the digits that its rounding has."""

from __future__ import annotations

from decimal import Context, Decimal

from pipeline.facts.quantity import UnitClass
from pipeline.facts.vocabulary import Metric, vocabulary

MILLION = Decimal(10**6)
_WIDE = Context(prec=60)
_PLAIN_UNITS = {
    UnitClass.PERCENT: "percent",
    UnitClass.POINTS: "pp",
    UnitClass.MULTIPLE: "x",
    UnitClass.SHARES: "shares",
    UnitClass.DAYS: "days",
    UnitClass.COUNT: "count",
}


def metric_of(name: str) -> Metric | None:
    """The metric with this id, or with this very name in prose; never one that is only alike."""
    wanted = " ".join(name.lower().split())
    known = vocabulary()
    return known.get(wanted) or next((metric for metric in known.values() if wanted in metric.names), None)


def unit_of(metric: Metric, currency: str, change: str | None = None) -> str:
    """The unit of a metric's level, or of its change, where nobody says another."""
    if change:
        return "pp" if metric.unit in (UnitClass.PERCENT, UnitClass.POINTS) else "percent"
    if metric.unit is UnitClass.MONEY:
        return currency
    return f"{currency}/share" if metric.unit is UnitClass.PER_SHARE else _PLAIN_UNITS[metric.unit]


def digits(value: Decimal, step: Decimal) -> Decimal:
    """The value with the digits that its rounding has, 2.4 dollars a share to the cent being 2.40; all of its own where it has more."""
    places = min(int(step.normalize().as_tuple().exponent), 0)
    cut = value.quantize(Decimal(1).scaleb(places), context=_WIDE)
    return cut if cut == value else value.normalize()
