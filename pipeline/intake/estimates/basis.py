"""On which basis a provider's EPS is: what it calls actual EPS, beside what the sheet reports, tells it.

Estimates are as a rule of normalized EPS, and a surprise against GAAP EPS would then be a false beat or miss. Providers do not say,
so that their own actuals are compared with the sheet's, period by period.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from pipeline.facts.quantity import last_place
from pipeline.facts.sheet import FactSheet, Role
from pipeline.intake.estimates.models import Actual

LEEWAY = timedelta(days=7)
"""Providers end a period with the calendar month; fiscal quarters of 13 weeks end some days beside it."""

CENT = Decimal("0.01")


class Verdict(StrEnum):
    """What the provider's actual EPS is, by the sheet's own figures."""

    ADJUSTED = "adjusted"
    REPORTED = "reported"
    NEITHER = "neither"
    """It is not the sheet's reported EPS, nor its adjusted EPS where there is one."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The verdict, and the comparison that it rests on, in words."""

    verdict: Verdict
    words: str


def evidence(sheet: FactSheet, actuals: Iterable[Actual]) -> Evidence:
    """Compare the provider's actual EPS with the sheet's, over all periods that both have."""
    agree: dict[str, list[str]] = {"eps_diluted": [], "adjusted_eps": []}
    differ: dict[str, list[str]] = {"eps_diluted": [], "adjusted_eps": []}
    levels = [
        (fact, sheet.periods_by_id[fact.period])
        for fact in sheet.facts
        if fact.metric in agree and not fact.change and not fact.segment and fact.role not in (Role.GUIDANCE, Role.CONSENSUS)
    ]
    for actual in actuals:
        for fact, period in levels:
            if period.kind is not actual.kind or abs(period.end - actual.end) > LEEWAY:
                continue
            assert fact.value is not None, "only what is expected may be a range"
            # A number in JSON loses its last zeros: 1.4 is an EPS of 1.40.
            step = max(min(last_place(actual.value), CENT), min(last_place(fact.value), CENT))
            side = agree if abs(actual.value - fact.value) <= step / 2 else differ
            side[fact.metric].append(f"{period.label}: {actual.value} against the sheet's {fact.value}")
    if agree["adjusted_eps"] and not differ["adjusted_eps"]:
        return Evidence(Verdict.ADJUSTED, f"its actual EPS is the sheet's adjusted EPS ({agree['adjusted_eps'][0]})")
    if agree["eps_diluted"] and not differ["eps_diluted"]:
        shown = "; ".join(list(dict.fromkeys(agree["eps_diluted"]))[:3])
        return Evidence(Verdict.REPORTED, f"its actual EPS is the sheet's reported diluted EPS ({shown})")
    for metric, name in (("adjusted_eps", "adjusted"), ("eps_diluted", "reported diluted")):
        if differ[metric]:
            return Evidence(Verdict.NEITHER, f"its actual EPS is not the sheet's {name} EPS ({differ[metric][0]})")
    return Evidence(Verdict.UNKNOWN, "it gives no actual EPS of a period that the sheet has")
