"""The formulas that turn reported levels into ratios and sums. Data: one line each, in the order of evaluation.

Definitions follow common analyst usage (CFA Institute, "Financial Analysis Techniques"): days figures use the average
of nothing, only the period's end balance, because a sheet seldom holds more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from pipeline.facts.quantity import DAYS, HUNDRED, MULTIPLE, PERCENT, Interval, Quantity


@dataclass(frozen=True, slots=True)
class Formula:
    """`metric` = `text` over `inputs`, for one period. `compute` gets the inputs' quantities in order, then the period's days."""

    metric: str
    inputs: tuple[str, ...]
    text: str
    compute: Callable[[tuple[Quantity, ...], int], Quantity]
    fills_in: bool = False
    """True where the formula only stands in for a level that is usually reported: no remark when it cannot be computed."""
    needs_days: bool = False


def _share(metric: str, part: str, whole: str = "revenue") -> Formula:
    return Formula(metric, (part, whole), f"{part} / {whole}", lambda q, _: q[0].over(q[1], PERCENT))


def _multiple(metric: str, part: str, whole: str) -> Formula:
    return Formula(metric, (part, whole), f"{part} / {whole}", lambda q, _: q[0].over(q[1], MULTIPLE))


def _level_from_margin(metric: str, margin: str) -> Formula:
    return Formula(metric, ("revenue", margin), f"revenue x {margin}", lambda q, _: q[0].share_of(q[1]), fills_in=True)


def _sum(metric: str, *terms: str, fills_in: bool = False) -> Formula:
    """Terms start with + or -."""
    names = tuple(term[1:] for term in terms)
    signs = [term[0] for term in terms]
    text = " ".join(f"{sign} {name}" for sign, name in zip(signs, names, strict=True)).removeprefix("+ ")

    def compute(quantities: tuple[Quantity, ...], _: int) -> Quantity:
        total = quantities[0]
        for sign, quantity in zip(signs[1:], quantities[1:], strict=True):
            total = total + quantity if sign == "+" else total - quantity
        return total

    return Formula(metric, names, text, compute, fills_in)


def _days(metric: str, balance: str, flow: str) -> Formula:
    def compute(quantities: tuple[Quantity, ...], days: int) -> Quantity:
        return quantities[0].over(quantities[1], MULTIPLE).times(Decimal(days), DAYS)

    return Formula(metric, (balance, flow), f"{balance} / {flow} x days in the period", compute, needs_days=True)


FORMULAS: tuple[Formula, ...] = (
    _sum("gross_profit", "+revenue", "-cost_of_revenue", fills_in=True),
    _sum("cost_of_revenue", "+revenue", "-gross_profit", fills_in=True),
    _share("gross_margin", "gross_profit"),
    _share("adjusted_gross_margin", "adjusted_gross_profit"),
    _share("operating_margin", "operating_income"),
    _share("adjusted_operating_margin", "adjusted_operating_income"),
    _share("net_margin", "net_income"),
    _sum("ebitda", "+operating_income", "+depreciation_amortization", fills_in=True),
    _share("ebitda_margin", "ebitda"),
    _share("adjusted_ebitda_margin", "adjusted_ebitda"),
    _level_from_margin("gross_profit", "gross_margin"),
    _level_from_margin("operating_income", "operating_margin"),
    _level_from_margin("adjusted_operating_income", "adjusted_operating_margin"),
    _level_from_margin("adjusted_ebitda", "adjusted_ebitda_margin"),
    _sum("free_cash_flow", "+operating_cash_flow", "-capex"),
    _share("fcf_margin", "free_cash_flow"),
    _share("capex_intensity", "capex"),
    _share("capex_intensity", "capex_with_leases"),
    _share("rnd_intensity", "rnd_expense"),
    _share("sbc_intensity", "stock_based_compensation"),
    _sum("net_debt", "+total_debt", "-cash_and_investments"),
    _sum("net_debt", "+total_debt", "-cash", "-short_term_investments"),
    _sum("net_debt", "+total_debt", "-cash"),
    _multiple("interest_coverage", "operating_income", "interest_expense"),
    _days("dso", "accounts_receivable", "revenue"),
    _days("dio", "inventory", "cost_of_revenue"),
    _days("dpo", "accounts_payable", "cost_of_revenue"),
    _sum("cash_conversion_cycle", "+dso", "+dio", "-dpo"),
    _share("take_rate", "revenue", "gmv"),
)


def incremental_margin(profit: Quantity, profit_base: Quantity, revenue: Quantity, revenue_base: Quantity) -> Quantity:
    """Change of operating income over change of revenue, in percent. Raises ZeroDivisionError when revenue may not have grown."""
    growth = revenue - revenue_base
    if growth.interval.low <= 0:
        raise ZeroDivisionError("revenue did not grow")
    return (profit - profit_base).over(growth, PERCENT)


def grown(base: Quantity, rate: Quantity) -> Quantity:
    """`base` grown by a rate in percent."""
    factor = Interval(HUNDRED + rate.interval.low, HUNDRED + rate.interval.high) * Interval(Decimal("0.01"), Decimal("0.01"))
    return Quantity(base.value * (HUNDRED + rate.value) / HUNDRED, base.unit, base.interval * factor)
