"""What must hold among a filing's figures whoever filed it. Where it does not, one of them is not what its tag says."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from pipeline.facts.quantity import Quantity
from pipeline.facts.sheet import Fact, FactSheet
from pipeline.intake.ixbrl.report import Report

_SLACK = Decimal("0.02")
"""Of profit over EPS: preferred dividends and participating shares take a share of profit."""
_TOTALS = (("us-gaap:Assets", "us-gaap:LiabilitiesAndStockholdersEquity"), ("ifrs-full:Assets", "ifrs-full:EquityAndLiabilities"))


def what_does_not_hold(sheet: FactSheet, report: Report) -> Iterator[str]:
    """A line for each statement that fails: both sides of the balance sheet, gross profit, profit over shares."""
    yield from _of_balance(report)
    by_id = {fact.id: fact for fact in sheet.facts}
    for ending in ("", ".prior_year", ".ytd", ".ytd.prior_year"):

        def of(name: str, ending: str = ending) -> Fact | None:
            return by_id.get(name + ending)

        revenue, cost, gross = of("revenue"), of("cost_of_revenue"), of("gross_profit")
        if revenue and cost and gross and not _meets(revenue.quantity - cost.quantity, gross.quantity):
            yield f"{gross.id}: {revenue.value:f} less {cost.value:f} is not {gross.value:f}: the cost may leave something out"
        profit, eps, shares = of("net_income"), of("eps_diluted"), of("diluted_shares")
        if profit and eps and shares:
            low, high = (shares.quantity.value * end for end in (eps.quantity.interval.low, eps.quantity.interval.high))
            slack = abs(profit.quantity.value) * _SLACK
            if not low - slack <= profit.quantity.value <= high + slack:
                yield f"{eps.id}: {eps.value:f} a share on {shares.value:f} million shares is not {profit.value:f} million of profit"


def _meets(one: Quantity, other: Quantity) -> bool:
    return one.interval.meets(other.interval)


def _of_balance(report: Report) -> Iterator[str]:
    for assets, claims in _TOTALS:
        sides = [
            {(item.context.end, item.unit): item for item in report.items if item.concept == concept and item.context.is_whole}
            for concept in (assets, claims)
        ]
        for key in sides[0].keys() & sides[1].keys():
            left, right = sides[0][key], sides[1][key]
            if abs(left.value - right.value) > (left.step or 0) + (right.step or 0):
                yield f"total_assets: {left.value:f} on {key[0]}, while liabilities and equity are {right.value:f}"
