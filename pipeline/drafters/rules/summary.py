"""Step 1 by rule: revenue, profitability, earnings, cash and debt, what drives the business, guidance."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pipeline.drafters.base import Brief
from pipeline.drafters.rules.prose import (
    Words,
    basis_remark,
    be,
    compared,
    joined,
    moved,
    name,
    one_of,
    sentence,
    verb,
    versus_consensus,
)
from pipeline.facts.factbase import FactBase
from pipeline.facts.figures import Change, Figure, written
from pipeline.facts.quantity import UnitClass
from pipeline.facts.sheet import Basis, PeriodKind, Role
from pipeline.mechanisms.engine import size
from pipeline.notes.models import Summary

_LEAST_CLAIMS, _MOST_CLAIMS = 4, 5
_MOST_WORDS = 90
_MARGINS = (("gross_margin", "adjusted_gross_margin"), ("adjusted_ebitda_margin", "operating_margin", "adjusted_operating_margin"))
_DRIVERS = (
    "nrr", "crpo", "rpo", "gmv", "active_buyers", "active_users", "arpu", "arr", "same_store_sales", "bookings", "backlog",
    "gross_billings", "ai_gross_billing", "net_interest_income", "nim", "loans", "deposits", "provision_for_credit_losses",
    "premiums_earned", "combined_ratio", "loss_ratio", "medical_loss_ratio", "ffo_per_share", "same_property_noi_growth", "occupancy",
    "revpar", "load_factor", "rasm", "casm", "production_volume", "realized_price", "rate_base", "units_sold", "average_selling_price",
    "organic_growth",
)  # fmt: skip


def summary(brief: Brief) -> Summary:
    """Headline and claims, the most material first."""
    facts = brief.facts
    sections: tuple[Callable[[FactBase], Words | None], ...] = (_revenue, _margins, _earnings, _guidance, _cash, _drivers, _segments)
    claims = [words.claim() for section in sections if (words := section(facts)) is not None][:_MOST_CLAIMS]
    while len(claims) > _LEAST_CLAIMS and sum(len(claim.text.split()) for claim in claims) > _MOST_WORDS:
        claims.pop()
    return Summary.model_construct(headline=_headline(facts), claims=tuple(claims))


def _headline(facts: FactBase) -> str:
    who = facts.sheet.company.short_name
    parts: list[str] = []
    growth = facts.find("revenue.yoy")
    if growth is not None:
        parts.append(f"revenue {'up' if growth.quantity.value > 0 else 'down'} {size(growth)} y/y")
    shifts = [
        c
        for m in ("gross_margin", "operating_margin", "adjusted_operating_margin", "adjusted_ebitda_margin")
        if (c := facts.find(f"{m}.yoy"))
    ]
    if shifts:
        # Of several margins the one that worsened most is the news; where none did, the one that gained most.
        shift = min(shifts, key=lambda f: f.quantity.value)
        if shift.quantity.value > 0:
            shift = max(shifts, key=lambda f: f.quantity.value)
        level = facts.level(shift.metric.id)
        assert level is not None
        parts.append(f"{name(level)} {'up' if shift.quantity.value > 0 else 'down'} {size(shift)} y/y to {written(level)}")
    for rate in (facts.find("net_interest_income.yoy"), facts.find("revenue.qoq")):
        if not parts and rate is not None:
            way = "up" if rate.quantity.value > 0 else "down"
            parts.append(f"{name(rate)} {way} {size(rate)} {rate.change.words if rate.change else ''}")
    if not parts:
        return f"{who}, {facts.sheet.reported_period.label}: results in brief"
    joint = one_of(facts, "headline", ", ", " and ", "; ", ", with ") if len(parts) > 1 else ""
    return f"{who}, {facts.sheet.reported_period.label}: {joint.join(parts)}"


def _revenue(facts: FactBase) -> Words | None:
    level = facts.find("revenue") or facts.find("net_interest_income")
    if level is None:
        rate = facts.change("revenue", Change.YOY)
        return Words(f"Revenue {verb(facts, rate)} {size(rate)} y/y; the sheet gives no amount.", [rate]) if rate is not None else None
    words = sentence(moved(facts, level))
    against = versus_consensus(facts, level.metric.id)
    if against is not None:
        words.add(" It came in ").then(against).add(".")
    return words


def _margins(facts: FactBase) -> Words | None:
    levels = [next((f for m in group if (f := facts.find(m))), None) for group in _MARGINS]
    clauses = [moved(facts, level) for level in levels if level is not None]
    shifts = [facts.find(f"{level.metric.id}.yoy") for level in levels if level is not None]
    signs = {shift.quantity.value > 0 for shift in shifts if shift is not None}
    return sentence(joined(clauses, ", while " if len(signs) == 2 else ", and ")) if clauses else None


def _earnings(facts: FactBase) -> Words | None:
    words = Words()
    profit = facts.find("net_income") or facts.find("adjusted_net_income")
    if profit is not None:
        words = sentence(compared(facts, profit))
    per_share = [figure for metric in ("eps_diluted", "adjusted_eps") if (figure := facts.find(metric))]
    if per_share:
        words.add(" " if words.text else "").then(sentence(joined([compared(facts, figure) for figure in per_share], ", and ")))
    for figure in per_share:
        against = versus_consensus(facts, figure.metric.id)
        if against is not None:
            words.add(f" {figure.label} came in ").then(against).add(".")
    return words if words.text else None


def _cash(facts: FactBase) -> Words | None:
    words = Words()
    capex = facts.find("capex_with_leases") or facts.find("capex")
    intensity = facts.find("capex_intensity")
    flow, free = facts.find("operating_cash_flow"), facts.find("free_cash_flow")
    if flow is not None and free is not None:
        words = _flows(facts, flow, free, capex)
    elif capex is not None:
        words.add(f"{capex.label} reached {written(capex)}", capex)
        if intensity is not None:
            words.add(f", {written(intensity)} of revenue", intensity)
    words.add("." if words.text else "").then(_year_to_date(facts))
    debt = facts.find("net_debt_to_ebitda") or facts.find("leverage")
    if debt is not None:
        words.add(f" {debt.label} stands at {written(debt)}{basis_remark(debt)}.", debt)
    returned = [f for metric in ("buybacks", "dividends_paid") if (f := facts.find(metric)) and f.quantity.value > 0]
    if returned:
        listed = joined([Words(f"{name(figure)} of {written(figure)}", [figure]) for figure in returned])
        opening = one_of(
            facts, "returned", " Cash went to shareholders through ", " Shareholders were paid through ", " Returns to shareholders: "
        )
        words.add(opening).then(listed).add(".")
    words.text = words.text.strip()
    return words if words.text else None


def _flows(facts: FactBase, flow: Figure, free: Figure, capex: Figure | None) -> Words:
    if capex is None or capex.metric.id != "capex":
        return Words(f"Operating cash flow was {written(flow)} and free cash flow {written(free)}", [flow, free])
    form = one_of(
        facts,
        "flows",
        "Operating cash flow was {flow} and free cash flow {free}, after capital expenditure of {capex}",
        "Capital expenditure took {capex} of operating cash flow of {flow}, which left free cash flow of {free}",
        "Free cash flow came to {free}: operating cash flow of {flow} less capital expenditure of {capex}",
        "Operating cash flow of {flow} turned into free cash flow of {free} after capital expenditure of {capex}",
    )
    if flow.quantity.value <= capex.quantity.value:
        form = "Operating cash flow was {flow} and free cash flow {free}, after capital expenditure of {capex}"
    return Words(form.format(flow=written(flow), free=written(free), capex=written(capex)), [flow, free, capex])


def _year_to_date(facts: FactBase) -> Words:
    """Cash flow that the filing gives for the year so far only, with its period named."""
    names = ("operating_cash_flow", "capex", "free_cash_flow")
    found = [f for f in facts if f.period.kind is PeriodKind.YTD and f.role is Role.ACTUAL and f.change is None and f.metric.id in names]
    if not found or facts.sheet.reported_period.kind is PeriodKind.YTD:
        return Words()
    listed = joined([Words(f"{name(f)} {be(f)} {written(f)}", [f]) for f in found])
    return Words(f" In the {found[0].period.label} ").then(listed).add(".")


def _drivers(facts: FactBase) -> Words | None:
    clauses: list[Words] = []
    for metric in _DRIVERS:
        level, rate = facts.find(metric), facts.find(f"{metric}.yoy")
        if level is not None:
            clauses.append(compared(facts, level))
        elif rate is not None:
            clauses.append(Words(f"{name(rate)} {verb(facts, rate)} {size(rate)} y/y", [rate]))
    shares = [
        f for f in facts if f.role is Role.ACTUAL and f.change is None and f.metric.id == "ai_share_of_public_cloud" and f.segment is None
    ]
    clauses += [Words(f"{name(f)} {be(f)} {written(f)}", [f]) for f in shares]
    return sentence(joined(clauses[:3], "; ")) if clauses else None


def _segments(facts: FactBase) -> Words | None:
    """The segments that moved most, weighed by their size: the strongest and the weakest."""
    rows = [
        (f, c)
        for f in facts
        if f.segment and f.role is Role.ACTUAL and f.change is None and f.metric.id == "revenue" and f.period == facts.sheet.reported_period
        for c in _yoy(facts, f)
    ]
    if len(rows) < 2:
        return None
    largest = max(abs(level.quantity.value) for level, _ in rows)
    rows = [(level, change) for level, change in rows if level.quantity.value * 20 >= largest]
    rows.sort(key=lambda row: row[1].quantity.value)
    picked = [rows[-1], rows[0]] if len(rows) > 1 else rows
    signs = {change.quantity.value > 0 for _, change in picked}
    return sentence(joined([moved(facts, level) for level, _ in picked], ", while " if len(signs) == 2 else ", and "))


def _yoy(facts: FactBase, level: Figure) -> Iterable[Figure]:
    change = facts.change(level.metric.id, Change.YOY, level.segment)
    return [change] if change is not None and change.unit.cls is UnitClass.PERCENT else []


def _guidance(facts: FactBase) -> Words | None:
    given = [f for f in facts if f.role is Role.GUIDANCE and f.fact is not None and f.segment is None and f.change is None]
    if not given:
        return None
    rank = {
        "revenue": 0,
        "gross_margin": 1,
        "operating_margin": 1,
        "adjusted_gross_margin": 2,
        "adjusted_operating_margin": 2,
        "adjusted_eps": 3,
    }
    given.sort(key=lambda f: (f.period.end, rank.get(f.metric.id, 9)))
    # A sheet may hold the guidance of before too: of one metric the first stands for today's.
    by_metric: dict[str, Figure] = {}
    for figure in given:
        if figure.period == given[0].period:
            by_metric.setdefault(figure.metric.id, figure)
    first = list(by_metric.values())[:3]
    clauses = [_guided(facts, figure) for figure in first]
    words = Words(f"For {first[0].period.label} the company guides to ").then(joined(clauses))
    implied = facts.find(f"guidance.{first[0].metric.id}.implied_yoy") if first[0].metric.id == "revenue" else None
    if implied is not None and implied.period == first[0].period:
        side = "above" if implied.quantity.value > 0 else "below"
        words.add(f", a revenue midpoint {size(implied)} {side} the year-ago period", implied)
    against = facts.find(f"guidance.{first[0].metric.id}.vs_consensus")
    if against is not None and against.period == first[0].period:
        words.add(f" and {size(against)} {'above' if against.quantity.value > 0 else 'below'} consensus", against)
    return words.add(".")


def _guided(facts: FactBase, figure: Figure) -> Words:
    low, high = (facts.figures.get(f"{figure.id}.{end}") for end in ("low", "high"))
    hedge = f" ({figure.basis})" if figure.basis is Basis.ADJUSTED and "djusted" not in figure.label else ""
    if low is None or high is None:
        return Words(f"{_article(figure)}{name(figure)}{hedge} of {written(figure)}", [figure])
    return Words(
        f"{_article(figure)}{name(figure)}{hedge} of {written(low, signed=False)} to {written(high, signed=False)}", [figure, low, high]
    )


def _article(figure: Figure) -> str:
    """`an efficiency ratio of 41.5%`; amounts and margins go without."""
    if not figure.label.endswith((" ratio", " rate")):
        return ""
    return "an " if figure.label[0] in "AEIOUaeiou" else "a "
