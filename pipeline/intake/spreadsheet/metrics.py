"""Metrics by the names that spreadsheets give them, and the units that follow."""

from __future__ import annotations

from pipeline.facts.quantity import UnitClass
from pipeline.facts.vocabulary import Metric, vocabulary

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
