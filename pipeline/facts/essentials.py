"""What a reader looks for first in any print, and the sheet may not hold."""

from __future__ import annotations

from pipeline.facts.sheet import Role
from pipeline.facts.vocabulary import vocabulary
from pipeline.facts.workings import BASES, Missing, Workings

ESSENTIAL: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("revenue", ("revenue", "net_interest_income", "premiums_earned")),
    ("gross_margin", ("gross_margin", "adjusted_gross_margin", "efficiency_ratio", "combined_ratio")),
    ("operating_margin", ("operating_margin", "adjusted_operating_margin", "adjusted_ebitda_margin")),
    ("net_income", ("net_income", "adjusted_net_income")),
    ("eps_diluted", ("eps_diluted", "adjusted_eps", "ffo_per_share")),
    ("operating_cash_flow", ("operating_cash_flow",)),
    ("free_cash_flow", ("free_cash_flow",)),
    ("net_debt", ("net_debt",)),
)
"""Groups of metrics of which any one will do; the first names the group."""


def list_missing(w: Workings) -> None:
    """Enter what a reader would look for and the sheet does not hold."""
    named = {miss.id for miss in w.missing}
    for name, group in ESSENTIAL:
        if name not in named and not any((metric, Role.ACTUAL) in w.levels for metric in group):
            w.miss(vocabulary()[name], _why(w, group))
    if not w.given_in(Role.GUIDANCE):
        w.missing.append(Missing("guidance", "Guidance", "not in the sheet"))
    expected = {figure.stem for figure in w.given_in(Role.CONSENSUS)}
    if "revenue" not in expected:
        w.missing.append(Missing("consensus.revenue", "Consensus revenue", "not in the sheet"))
    if not expected & {"eps_diluted", "adjusted_eps", "ffo_per_share"}:
        w.missing.append(Missing("consensus.eps", "Consensus EPS", "not in the sheet"))
    for metric in ("revenue", "gross_margin"):
        if (metric, Role.ACTUAL) in w.levels:
            for change, role in BASES.items():
                if (metric, role) not in w.levels and not any(f.change is change and f.stem == metric for f in w.given):
                    label = f"{vocabulary()[metric].label} {change.words}"
                    w.missing.append(Missing(f"{metric}.{change}", label, f"the sheet has no {role.replace('_', ' ')} figure"))


def _why(w: Workings, group: tuple[str, ...]) -> str:
    other = next(
        (f for f in (*w.given, *w.derived) if f.metric.id in group and f.segment is None and f.change is None and f.role is Role.ACTUAL),
        None,
    )
    return f"the sheet has it for the {other.period.label} only" if other else "not in the sheet"
