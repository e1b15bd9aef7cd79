"""The shapes of the providers' own JSON: Yahoo Finance, Financial Modeling Prep, Finnhub, Alpha Vantage.

None of them says on which basis its EPS is; what they call actual EPS tells it (`basis`). Financial Modeling Prep, Finnhub and
Alpha Vantage give no currency, and no day on which the estimates were taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from pipeline.facts.sheet import PeriodKind
from pipeline.intake.estimates.models import Actual, Estimate, Estimates
from pipeline.intake.estimates.values import Place
from pipeline.intake.periods import Label

_KINDS = {"q": PeriodKind.QUARTER, "y": PeriodKind.ANNUAL}
_FREQUENCIES = {"quarterly": PeriodKind.QUARTER, "annual": PeriodKind.ANNUAL, "quarter": PeriodKind.QUARTER}


class _Names(NamedTuple):
    """What one provider calls the parts of an estimate."""

    metric: str
    mean: str
    low: str | None = None
    high: str | None = None
    analysts: str | None = None
    currency: str | None = None
    actual: str | None = None
    surprise: str | None = None


def _estimate(
    place: Place, names: _Names, *, kind: PeriodKind | None, end: date | None = None, label: Label | None = None,
    as_of: date | None = None, announced: date | None = None,
) -> Estimate | None:  # fmt: skip
    """The estimate in an object; None where its mean is missing, or no analyst made one."""
    mean = place.number(names.mean)
    analysts = place.count(names.analysts) if names.analysts else None
    # Where nobody covers a company, some providers write a mean of zero beside no analysts.
    if mean is None or (names.analysts and place.number(names.analysts) == 0):
        return None
    written = [
        name for name in (names.actual, names.mean, names.low, names.high, names.analysts) if name and place.number(name) is not None
    ]
    group = str(place.keys[-1]) if place.keys and isinstance(place.keys[-1], str) else ""
    quote = f"{group} " * bool(group) + ", ".join(f"{name} {place.number(name)}" for name in written)
    return Estimate(
        metric=names.metric,
        mean=mean,
        low=place.number(names.low) if names.low else None,
        high=place.number(names.high) if names.high else None,
        analysts=analysts,
        end=end,
        label=label,
        kind=kind,
        currency=place.currency(names.currency) if names.currency else None,
        as_of=as_of,
        announced=announced,
        actual=place.number(names.actual) if names.actual else None,
        surprise=place.number(names.surprise) if names.surprise else None,
        where=f"{place.where}.{names.mean}".lstrip("."),
        quote=quote,
    )


# -- Yahoo Finance -------------------------------------------------------------------------------------------------------

_YAHOO_EPS = _Names("eps_diluted", "avg", "low", "high", "numberOfAnalysts", "earningsCurrency")
_YAHOO_REVENUE = _Names("revenue", "avg", "low", "high", "numberOfAnalysts", "revenueCurrency")
_YAHOO_HISTORY = _Names("eps_diluted", "epsEstimate", currency="currency", actual="epsActual", surprise="surprisePercent")


def is_yahoo(top: Place) -> bool:
    """Whether this is an answer of quoteSummary, with or without its wrapping."""
    inside = _yahoo(top).value
    return isinstance(inside, Mapping) and ("earningsTrend" in inside or "earningsHistory" in inside)


def _yahoo(top: Place) -> Place:
    return top.get("quoteSummary", "result", 0) if isinstance(top.value, Mapping) and "quoteSummary" in top.value else top


def yahoo(top: Place) -> Estimates:
    """quoteSummary of Yahoo Finance: `earningsTrend` for the current and next quarter and year, `earningsHistory` for past quarters.

    `retrieved`, where whoever saved the answer has noted it, is the day of the trend's estimates.
    """
    inside = _yahoo(top)
    as_of = top.day("retrieved") or inside.day("retrieved")
    found: list[Estimate | None] = []
    actuals: list[Actual] = []
    for item in inside.get("earningsTrend", "trend").items():
        kind = _KINDS.get((item.text("period") or "")[-1:])
        end = item.day("endDate")
        if kind is None or end is None:
            continue
        for group, names in (("earningsEstimate", _YAHOO_EPS), ("revenueEstimate", _YAHOO_REVENUE)):
            found.append(_estimate(item.get(group), names, kind=kind, end=end, as_of=as_of))
        year_ago = item.number("earningsEstimate", "yearAgoEps")
        # For the year after the current one, "a year ago" is itself an estimate.
        if year_ago is not None and not (item.text("period") or "").startswith("+1y"):
            actuals.append(Actual(end=_year_before(end), kind=kind, value=year_ago))
    for item in inside.get("earningsHistory", "history").items():
        end, actual = item.day("quarter"), item.number("epsActual")
        if end is not None and actual is not None:
            found.append(_estimate(item, _YAHOO_HISTORY, kind=PeriodKind.QUARTER, end=end))
            actuals.append(Actual(end=end, kind=PeriodKind.QUARTER, value=actual))
    symbol = top.text("symbol") or inside.text("price", "symbol") or inside.text("symbol")
    return Estimates(
        provider="Yahoo Finance", id="yahoo_estimates", found=_present(found), symbol=symbol, as_of=as_of, actuals=tuple(actuals)
    )


def _year_before(end: date) -> date:
    return end.replace(year=end.year - 1, day=28 if (end.month, end.day) == (2, 29) else end.day)


# -- Finnhub -------------------------------------------------------------------------------------------------------------

_FINNHUB = (
    _Names("revenue", "revenueAvg", "revenueLow", "revenueHigh", "numberAnalysts"),
    _Names("eps_diluted", "epsAvg", "epsLow", "epsHigh", "numberAnalysts"),
)
_FINNHUB_EARNINGS = _Names("eps_diluted", "estimate", actual="actual", surprise="surprisePercent")


def is_finnhub(top: Place) -> bool:
    """Whether this is an answer of /stock/eps-estimate, /stock/revenue-estimate or /stock/earnings."""
    rows = _rows(top)
    if not rows:
        return False
    is_estimates = isinstance(top.value, Mapping) and "freq" in top.value and any(names.mean in rows[0] for names in _FINNHUB)
    return is_estimates or {"actual", "estimate", "period"} <= rows[0].keys()


def finnhub(top: Place) -> Estimates:
    """Finnhub: estimates by quarter or year, or what was earned against what was expected, by quarter; surprise in percent."""
    rows = top if isinstance(top.value, list) else top.get("data")
    kind = _FREQUENCIES.get((top.text("freq") or "").lower()) if isinstance(top.value, Mapping) else PeriodKind.QUARTER
    found: list[Estimate | None] = []
    actuals: list[Actual] = []
    symbol = top.text("symbol") if isinstance(top.value, Mapping) else None
    for item in rows.items():
        symbol = symbol or item.text("symbol")
        end, year, quarter = item.day("period"), item.number("year"), item.number("quarter")
        is_quarter = kind is PeriodKind.QUARTER and quarter in (1, 2, 3, 4)
        label = Label(int(year), f"q{quarter}") if is_quarter and year is not None and 1950 < year < 2100 else None
        actual = item.number("actual")
        if "estimate" not in item.value:
            found += [_estimate(item, names, kind=kind, end=end, label=label) for names in _FINNHUB]
        elif actual is not None and end is not None:
            found.append(_estimate(item, _FINNHUB_EARNINGS, kind=kind, end=end, label=label))
            actuals.append(Actual(end=end, kind=PeriodKind.QUARTER, value=actual))
    return Estimates(provider="Finnhub", id="finnhub_estimates", found=_present(found), symbol=symbol, actuals=tuple(actuals))


# -- Financial Modeling Prep ---------------------------------------------------------------------------------------------

_FMP = (
    _Names("revenue", "revenueAvg", "revenueLow", "revenueHigh", "numAnalystsRevenue"),
    _Names("eps_diluted", "epsAvg", "epsLow", "epsHigh", "numAnalystsEps"),
    _Names("revenue", "estimatedRevenueAvg", "estimatedRevenueLow", "estimatedRevenueHigh", "numberAnalystEstimatedRevenue"),
    _Names("eps_diluted", "estimatedEpsAvg", "estimatedEpsLow", "estimatedEpsHigh", "numberAnalystsEstimatedEps"),
)
_FMP_PRINTS = (
    _Names("eps_diluted", "estimatedEarning", actual="actualEarningResult"),
    _Names("eps_diluted", "epsEstimated", actual="epsActual"),
    _Names("eps_diluted", "epsEstimated", actual="eps"),
    _Names("revenue", "revenueEstimated", actual="revenueActual"),
    _Names("revenue", "revenueEstimated", actual="revenue"),
)
_FMP_OTHERS = ("ebitdaAvg", "ebitAvg", "netIncomeAvg", "sgaExpenseAvg", "estimatedEbitdaAvg", "estimatedNetIncomeAvg")


def is_fmp(top: Place) -> bool:
    """Whether this is an answer of analyst-estimates, earnings-surprises or earnings."""
    rows = _rows(top)
    return isinstance(top.value, list) and bool(rows) and "date" in rows[0] and any(one.mean in rows[0] for one in (*_FMP, *_FMP_PRINTS))


def fmp(top: Place) -> Estimates:
    """Financial Modeling Prep: `date` of estimates is the period's end, of surprises the day of the print.

    Whether rows are quarters or years is not in the answer: the days between them tell it.
    """
    found: list[Estimate | None] = []
    doubts: list[str] = []
    rows = list(top.items())
    kind = _spacing([end for item in rows if (end := item.day("date")) is not None])
    others = [name for name in _FMP_OTHERS if any(name in item.value for item in rows)]
    if others:
        doubts.append(f"{', '.join(others)} are not read: the file does not say on which basis they are")
    for item in rows:
        found += [_estimate(item, names, kind=kind, end=item.day("date")) for names in _FMP if names.mean in item.value]
        for names in _FMP_PRINTS:
            if names.actual in item.value and item.number(names.actual or "") is not None:
                end = item.day("fiscalDateEnding")
                announced = item.day("date") if end is None else None
                found.append(_estimate(item, names, kind=PeriodKind.QUARTER, end=end, announced=announced))
    symbol = next((name for item in rows if (name := item.text("symbol"))), None)
    return Estimates(provider="Financial Modeling Prep", id="fmp_estimates", found=_present(found), symbol=symbol, doubts=tuple(doubts))


def _spacing(ends: Sequence[date]) -> PeriodKind | None:
    """Quarters or years, by the days between neighbours, which must all say the same."""
    days = sorted(set(ends))
    between = [(later - earlier).days for earlier, later in pairwise(days)]
    if between and all(80 <= gap <= 105 for gap in between):
        return PeriodKind.QUARTER
    return PeriodKind.ANNUAL if between and all(350 <= gap <= 380 for gap in between) else None


# -- Alpha Vantage -------------------------------------------------------------------------------------------------------

_ALPHA = _Names("eps_diluted", "estimatedEPS", actual="reportedEPS", surprise="surprisePercentage")
_ALPHA_ESTIMATES = (
    _Names("eps_diluted", "eps_estimate_average", "eps_estimate_low", "eps_estimate_high", "eps_estimate_analyst_count"),
    _Names("revenue", "revenue_estimate_average", "revenue_estimate_low", "revenue_estimate_high", "revenue_estimate_analyst_count"),
)


def is_alpha_vantage(top: Place) -> bool:
    """Whether this is an answer of the functions EARNINGS or EARNINGS_ESTIMATES."""
    rows = _rows(top, "estimates")
    is_estimates = bool(rows) and any(names.mean in rows[0] for names in _ALPHA_ESTIMATES)
    return is_estimates or (isinstance(top.value, Mapping) and "quarterlyEarnings" in top.value)


def alpha_vantage(top: Place) -> Estimates:
    """Alpha Vantage: EARNINGS with surprises in percent, or EARNINGS_ESTIMATES by quarter and year; figures are text."""
    found: list[Estimate | None] = []
    actuals: list[Actual] = []
    for name, kind in (("quarterlyEarnings", PeriodKind.QUARTER), ("annualEarnings", PeriodKind.ANNUAL)):
        for item in top.get(name).items():
            end, actual = item.day("fiscalDateEnding"), item.number("reportedEPS")
            if end is not None and actual is not None:
                actuals.append(Actual(end=end, kind=kind, value=actual))
                found.append(_estimate(item, _ALPHA, kind=kind, end=end))
    for item in top.get("estimates").items():
        horizon = item.text("horizon") or ""
        kind_said = PeriodKind.QUARTER if "quarter" in horizon else PeriodKind.ANNUAL if "year" in horizon else None
        found += [_estimate(item, names, kind=kind_said, end=item.day("date")) for names in _ALPHA_ESTIMATES]
    return Estimates(
        provider="Alpha Vantage", id="alpha_vantage_estimates", found=_present(found), symbol=top.text("symbol"), actuals=tuple(actuals)
    )


# -- all -----------------------------------------------------------------------------------------------------------------

PROVIDERS: Sequence[tuple[Callable[[Place], bool], Callable[[Place], Estimates]]] = (
    (is_yahoo, yahoo),
    (is_alpha_vantage, alpha_vantage),
    (is_finnhub, finnhub),
    (is_fmp, fmp),
)


def _rows(top: Place, name: str = "data") -> Sequence[Mapping[str, object]]:
    """The objects of a list, or of one inside an object; none where there is no such list."""
    rows = top.value if isinstance(top.value, list) else top.get(name).value
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _present(found: Sequence[Estimate | None]) -> tuple[Estimate, ...]:
    return tuple(one for one in found if one is not None)
