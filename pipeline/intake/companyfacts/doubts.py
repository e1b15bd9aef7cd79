"""What a person should look at: figures that do not fit each other, later restatements, splits, what was left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from pipeline.facts.sheet import Fact, FactSheet
from pipeline.facts.vocabulary import vocabulary
from pipeline.intake.companyfacts.book import Book
from pipeline.intake.companyfacts.building import Builder, written
from pipeline.intake.companyfacts.splits import splits

_EXPECTED = (("revenue", "net_interest_income", "premiums_earned"), ("net_income",), ("total_assets",), ("operating_cash_flow",))
"""One of each group stands in every report."""
_EPS_SLACK = Decimal("0.05")
"""Share of profit: preferred dividends and the two-class method come between profit and EPS x shares."""


def doubts(builder: Builder, sheet: FactSheet) -> Iterator[str]:
    """One line each, the gravest first."""
    facts = {fact.id: fact for fact in sheet.facts}
    yield from _misfits(facts)
    yield from _smaller_than_a_part(builder)
    yield from _absent(builder)
    yield from _restated_later(builder)
    earliest = min(period.end for period in sheet.periods)
    yield from _splits(builder.book, builder, earliest)
    for reason, names in builder.left_out.items():
        yield f"left out {_listed(names)}: {reason}"


def _misfits(facts: dict[str, Fact]) -> Iterator[str]:
    for suffix in ("", ".prior_year", ".prior_quarter"):
        revenue, cost, profit = (facts.get(f"{name}{suffix}") for name in ("revenue", "cost_of_revenue", "gross_profit"))
        if revenue and cost and profit:
            rest = revenue.quantity - cost.quantity
            if not rest.interval.meets(profit.quantity.interval):
                message = f"is {profit.value}, and revenue less cost of revenue {rest.value / profit.scale.factor}: look at their elements"
                yield f"{profit.id} {message}"
        income, per_share, shares = (facts.get(f"{name}{suffix}") for name in ("net_income", "eps_diluted", "diluted_shares"))
        if income and per_share and shares:
            product = per_share.quantity.interval * shares.quantity.interval
            profit_of = income.quantity
            slack = _EPS_SLACK * abs(profit_of.value)
            if not product.low - slack <= profit_of.value <= product.high + slack:
                message = f"x {shares.id} is far from {income.id}: a split, another class of shares, or profit that belongs to others"
                yield f"{per_share.id} {message}"


def _smaller_than_a_part(builder: Builder) -> Iterator[str]:
    """Revenue from contracts is a part of revenue. Where it is the larger one, the element for the total does not hold the total."""
    metric = vocabulary()["revenue"]
    value = builder.actual.get("revenue")
    for tag in metric.concepts if value else ():
        other = builder.book.value(metric, builder.period, builder.own, [tag])
        if value and other and other.amount > value.amount and other.differs(value):
            yield f"revenue is {written(metric, value)} by {value.tag}, and {written(metric, other)} by {tag}: see which is the total"


def _absent(builder: Builder) -> Iterator[str]:
    taxonomies = {value.tag.partition(":")[0] for value in builder.actual.values()}
    for group in _EXPECTED:
        if not builder.actual.keys() & {*group}:
            names = " or ".join(tag for name in group for tag in vocabulary()[name].concepts if tag.partition(":")[0] in taxonomies)
            if any(_is_to_date_only(builder, name) for name in group):
                so_far = "gives it for the year to date, and no filing gives the part before"
                yield f"no {group[0]}: {builder.own} {so_far} {builder.period.label}"
            else:
                yield f"no {group[0]}: {builder.own} gives none of {names} for {builder.period.label}"
    if builder.period.part == 4 and "eps_diluted" not in builder.actual:
        yield "no eps_diluted: filings give none for a fourth quarter, and it does not follow from the year's; take it from the release"


def _is_to_date_only(builder: Builder, name: str) -> bool:
    spans = ((tag, builder.period.year_start, builder.period.end) for tag in vocabulary()[name].concepts)
    return any(builder.book.known(span, builder.own) for span in spans)


def _restated_later(builder: Builder) -> Iterator[str]:
    for name, value in builder.actual.items():
        metric = vocabulary()[name]
        later = [
            v
            for v in builder.book.vintages(metric, builder.period, value.tag)
            if v.filing.filed > builder.own.filed and v.differs(value) and not value.is_differenced
        ]
        if later:
            yield f"{name} is {written(metric, value)} as first filed; {later[-1].filing} restates it to {written(metric, later[-1])}"


def _splits(book: Book, builder: Builder, earliest: date) -> Iterator[str]:
    for split in splits(book, builder.own):
        if split.after.filed > earliest:
            message = "figures per share are those counted after it, the ones first filed beside them where they differ"
            yield f"{split.name} between {split.before} and {split.after}: {message}"


def other_currencies(builder_currency: str, units: Iterable[str]) -> Iterator[str]:
    """Figures of metrics that we know in other currencies than the sheet's, which are left out."""
    others = sorted({unit[:3] for unit in units if unit not in ("shares", "pure") and unit[:3] != builder_currency})
    if others:
        yield f"the document has figures in {_listed(others)} as well: only those in {builder_currency} are used"


def _listed(names: list[str], most: int = 6) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
