"""Fact sheets of real quarters from what companies filed: SEC companyfacts documents, one sheet for each fiscal quarter.

A companyfacts document (https://data.sec.gov/api/xbrl/companyfacts/) holds each figure that a company ever tagged, with its dates
and the filing that gave it, and no notes, guidance or consensus. `fy` and `fp` in it label the filing, not the figure, and are
never read: a figure's period is what its own dates say.

A sheet holds what a reader had on the day of that quarter's own 10-Q or 10-K: figures of that filing first, else the latest that
was filed by then. Money is in millions, with the digits that the filing rounds to.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipeline.facts.quantity import Scale, UnitClass, last_place
from pipeline.facts.sheet import Basis, Company, Fact, FactSheet, Period, PeriodKind, Role, Source
from pipeline.facts.vocabulary import Metric, vocabulary

COMPANIES = (
    Company(name="Apple Inc.", ticker="AAPL", exchange="NASDAQ", sector="hardware", currency="USD"),
    Company(name="NVIDIA Corporation", ticker="NVDA", exchange="NASDAQ", sector="semiconductors", currency="USD"),
    Company(name="Snowflake Inc.", ticker="SNOW", exchange="NYSE", sector="software", currency="USD"),
)
METRICS = (
    "revenue", "cost_of_revenue", "gross_profit", "operating_expenses", "rnd_expense", "sga_expense", "operating_income", "net_income",
    "eps_diluted", "diluted_shares", "interest_expense", "stock_based_compensation", "depreciation_amortization", "operating_cash_flow",
    "capex", "buybacks", "dividends_paid", "cash", "short_term_investments", "total_assets", "total_equity", "inventory",
    "accounts_receivable", "accounts_payable", "deferred_revenue", "rpo",
)  # fmt: skip
HISTORY = (
    "revenue", "gross_profit", "operating_income", "net_income", "inventory", "accounts_receivable", "capex", "operating_cash_flow",
)  # fmt: skip
DIFFERENCED = "differenced from year-to-date figures"
_STATEMENTS = (("revenue",), ("net_income",), ("total_assets", "cash"), ("operating_cash_flow",))
_ROLES = {0: Role.ACTUAL, 1: Role.PRIOR_QUARTER, 4: Role.PRIOR_YEAR}
_QUARTERS_BACK = 6
_FORMS = ("10-Q", "10-K", "10-Q/A", "10-K/A", "8-K")
_LATEST_FILING = timedelta(days=120)
"""A 10-K may take 90 days, late ones more; the next year's filing, which gives the quarter as its comparison, takes a year."""
_SLIP = timedelta(days=3)
"""Contexts now and then start or end a day or two beside the fiscal calendar."""
_RESTATED = Decimal("0.05")
"""Share of a figure. Lines are reclassified by a percent or two all the time; Apple's revenue of 2009 was restated by a quarter."""
_MILLION = Decimal(10**6)
_UNITS = {UnitClass.MONEY: "USD", UnitClass.PER_SHARE: "USD/shares", UnitClass.SHARES: "shares"}


@dataclass(frozen=True, slots=True)
class Filing:
    """A document by its accession number, with the day on which it was filed."""

    accession: str
    form: str
    filed: date

    @property
    def id(self) -> str:
        return f"filing_{self.accession.replace('-', '')}"

    def source(self, company: Company) -> Source:
        """The filing as a sheet names it."""
        day = f"{self.filed:%B} {self.filed.day}, {self.filed.year}"
        title = f"Form {self.form} filed on {day} (accession {self.accession}), read through SEC XBRL company facts"
        return Source(id=self.id, title=title, kind="filing", publisher=company.name, published=self.filed)


@dataclass(frozen=True, slots=True)
class Quarter:
    """A fiscal quarter; `year` is the calendar year in which its fiscal year ends, `year_start` that year's first day."""

    year: int
    part: int
    start: date
    end: date
    year_start: date

    @property
    def id(self) -> str:
        return f"{self.year}q{self.part}"

    def period(self, kind: str) -> Period:
        """The quarter, or for a balance (`instant`) its last day."""
        if kind == "instant":
            label = f"{self.end:%B} {self.end.day}, {self.end.year}"
            return Period(id=self.end.isoformat(), kind=PeriodKind.INSTANT, end=self.end, label=label)
        label = f"Q{self.part} FY{self.year % 100:02d}"
        return Period(id=self.id, kind=PeriodKind.QUARTER, start=self.start, end=self.end, label=label)


@dataclass(frozen=True, slots=True)
class Value:
    """A figure in whole units as one filing gave it, or the difference of two. `step` is what it is rounded to."""

    amount: Decimal
    step: Decimal
    tag: str
    filing: Filing
    quote: str
    is_differenced: bool = False


Span = tuple[str, date | None, date]
"""Tag, start (None for a balance), end."""


def read(path: Path) -> dict[str, Any]:
    """A gzipped companyfacts document, its fractions as decimals. Raises OSError or ValueError where it is none."""
    document: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()), parse_float=Decimal)
    return document


def filed_sheets(folder: Path) -> Iterator[FactSheet]:
    """The sheets of every company of `COMPANIES` whose document is in the folder."""
    for company in COMPANIES:
        path = folder / f"{company.ticker}.companyfacts.json.gz"
        if path.exists():
            yield from sheets(read(path), company)


def sheets(document: Mapping[str, Any], company: Company) -> Iterator[FactSheet]:
    """A sheet for each quarter, oldest first, for which the company's own filing gives all three statements."""
    book = Book(document)
    for quarter in book.quarters.values():
        own = book.filing_of(quarter)
        if own and (sheet := _Sheet(book, company, quarter, own).build()):
            yield sheet


class Book:
    """A document's figures by tag and dates, each with every filing that gave it, and the fiscal calendar that its dates draw."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.by_span: dict[Span, list[Value]] = {}
        self.spans: dict[str, set[tuple[date | None, date]]] = {}
        raw = list(_values(document))
        steps = _steps(raw)
        self.quarters = _calendar(
            {(start, end) for (tag, start, end), _, _ in raw if start and tag in _tags("net_income", "operating_cash_flow")}
        )
        starts = {day for quarter in self.quarters.values() for day in (quarter.start, quarter.year_start)}
        ends = {quarter.end for quarter in self.quarters.values()}
        for (tag, start, end), amount, (filing, unit) in sorted(raw, key=lambda row: row[2][0].filed):
            step = _rounding_in_words(amount) if tag in _tags("rpo") else steps[filing.accession, unit]
            value = Value(amount, step, tag, filing, f"{tag.partition(':')[2]} {amount:f}")
            span = start and _snap(start, starts), _snap(end, ends)
            self.by_span.setdefault((tag, *span), []).append(value)
            self.spans.setdefault(tag, set()).add(span)

    def filing_of(self, quarter: Quarter) -> Filing | None:
        """The 10-Q or 10-K that first gave the quarter's profit; None where only later filings give it, as a comparison."""
        spans = [(tag, start, quarter.end) for tag in _tags("net_income") for start in {quarter.start, quarter.year_start}]
        filings = [value.filing for span in spans for value in self.by_span.get(span, ())]
        own = [f for f in filings if f.form in ("10-Q", "10-K") and timedelta(0) <= f.filed - quarter.end <= _LATEST_FILING]
        return min(own, key=lambda f: f.filed, default=None)

    def back(self, quarter: Quarter, quarters: int) -> Quarter | None:
        """The quarter that many quarters earlier."""
        place = 4 * quarter.year + quarter.part - 1 - quarters
        return self.quarters.get((place // 4, place % 4 + 1))

    def known(self, span: Span, own: Filing) -> Value | None:
        """What the filing itself says, else the latest that was filed by its day."""
        values = [value for value in self.by_span.get(span, ()) if value.filing.filed <= own.filed]
        return next((value for value in values if value.filing == own), values[-1] if values else None)

    def value(self, metric: Metric, quarter: Quarter, own: Filing, tags: Sequence[str]) -> Value | None:
        """A metric's figure for one quarter as known with a filing, by the first tag that has one."""
        for tag in tags:
            direct = self.known((tag, None if metric.kind == "instant" else quarter.start, quarter.end), own)
            # Earnings per share and average shares do not add up over a year; money that flows does.
            is_sum = metric.kind == "flow" and metric.unit is UnitClass.MONEY
            value = direct or (self._difference(metric, tag, quarter, own) if is_sum else None)
            if value is not None:
                return value
        return None

    def _difference(self, metric: Metric, tag: str, quarter: Quarter, own: Filing) -> Value | None:
        """The year to the quarter's end less the year to the quarter before; None where the two do not belong together."""
        before = self.back(quarter, 1)
        if before is None or before.year_start != quarter.year_start:
            return None
        whole = self.known((tag, quarter.year_start, quarter.end), own)
        if whole is None:
            return None
        part = self.known((tag, quarter.year_start, before.end), own)
        if part is None:
            others = self.alike(tag, metric, own)[1:]
            part = next((p for other in others if (p := self.known((other, quarter.year_start, before.end), own))), None)
        if part is None:
            return None
        # One of the two restated and the other not: their difference would hold the restatement as well.
        first = self.by_span[tag, quarter.year_start, quarter.end][0]
        part_then = self.known((part.tag, quarter.year_start, before.end), first.filing)
        if (whole.amount != first.amount) is not (part_then is not None and part.amount != part_then.amount):
            return None
        quote = f"{whole.quote} less {part.quote} ({part.filing.form} {part.filing.accession})"
        return Value(whole.amount - part.amount, whole.step + part.step, tag, whole.filing, quote, is_differenced=True)

    def is_restated(self, value: Value, own: Filing) -> bool:
        """Whether the tag's figures have come to differ widely since a value's filing, so that the value itself is out of date."""
        for span in self.spans[value.tag]:
            now, then = self.known((value.tag, *span), own), self.known((value.tag, *span), value.filing)
            if now and then and abs(now.amount - then.amount) > _RESTATED * abs(now.amount):
                return True
        return False

    def alike(self, tag: str, metric: Metric, own: Filing) -> list[str]:
        """The tag, then the metric's others that by then had given the same figure as it for some period: companies change tags."""

        def agrees(other: str) -> bool:
            spans = self.spans.get(tag, set()) & self.spans.get(other, set())
            pairs = ((self.known((tag, *span), own), self.known((other, *span), own)) for span in spans)
            return any(one and two and one.amount == two.amount != 0 for one, two in pairs)

        return [tag, *(other for other in metric.concepts if other != tag and agrees(other))]


# -- a document's rows ---------------------------------------------------------------------------------------------------------


def _tags(*metrics: str) -> list[str]:
    return [tag for metric in metrics for tag in vocabulary()[metric].concepts]


def _values(document: Mapping[str, Any]) -> Iterator[tuple[Span, Decimal, tuple[Filing, str]]]:
    for metric in (vocabulary()[name] for name in METRICS):
        unit = _UNITS[metric.unit]
        for tag in metric.concepts:
            taxonomy, _, name = tag.partition(":")
            for row in document["facts"].get(taxonomy, {}).get(name, {}).get("units", {}).get(unit, ()):
                if row["form"] in _FORMS:
                    start = date.fromisoformat(row["start"]) if "start" in row else None
                    filing = Filing(row["accn"], row["form"], date.fromisoformat(row["filed"]))
                    yield (tag, start, date.fromisoformat(row["end"])), Decimal(str(row["val"])), (filing, unit)


def _steps(raw: Sequence[tuple[Span, Decimal, tuple[Filing, str]]]) -> dict[tuple[str, str], Decimal]:
    """What each filing rounds to, by accession and unit: the largest of a million, a thousand, one that divides all its figures.

    The document itself does not say. Amounts per share are rounded to the cent; what a note says in words has `_rounding_in_words`.
    """
    found: dict[tuple[str, str], Decimal] = {}
    for _, amount, (filing, unit) in raw:
        least = found.get((filing.accession, unit), _MILLION)
        fits = (step for step in (_MILLION, Decimal(1000)) if step <= least and amount % step == 0)
        found[filing.accession, unit] = Decimal("0.01") if unit == "USD/shares" else next(fits, Decimal(1))
    return found


def _rounding_in_words(amount: Decimal) -> Decimal:
    """What a figure that stands in a sentence, "$1.8 billion", is rounded to: its trailing zeros, to a tenth of a billion at most."""
    return next((step for step in (Decimal(10**n) for n in range(8, 0, -1)) if amount % step == 0), Decimal(1))


def _calendar(spans: set[tuple[date, date]]) -> dict[tuple[int, int], Quarter]:
    """The quarters, by fiscal year and part, of every year that a yearly figure, or the end of the year before, gives the start of."""
    years = sorted((start, end) for start, end in spans if 350 <= (end - start).days <= 380)
    single = {end: start for start, end in spans if 80 <= (end - start).days <= 100}
    first_days = [start for start, _ in years] + [end + timedelta(days=1) for _, end in years[-1:]]
    found: dict[tuple[int, int], Quarter] = {}
    for first in first_days:
        ends = {
            part: end
            for start, end in sorted(spans)
            for part in (1, 2, 3, 4)
            if abs(start - first) <= _SLIP and abs((end - first).days + 1 - 91 * part) <= 14
        }
        # Ten months on lies in the year that ends the fiscal year, also where it ends in the first days of January.
        year = (first + timedelta(days=360)).year
        for part, end in sorted(ends.items()):
            start = first if part == 1 else ends[part - 1] + timedelta(days=1) if part - 1 in ends else single.get(end)
            if start is not None:
                found[year, part] = Quarter(year, part, start, end, first)
    return found


def _snap(day: date, known: set[date]) -> date:
    if day in known:
        return day
    near = [other for other in known if abs(other - day) <= _SLIP]
    return min(near, key=lambda other: abs(other - day), default=day)


# -- a sheet -------------------------------------------------------------------------------------------------------------------


class _Sheet:
    """One quarter's sheet in the making."""

    def __init__(self, book: Book, company: Company, quarter: Quarter, own: Filing) -> None:
        self.book, self.company, self.quarter, self.own = book, company, quarter, own
        self.facts: list[Fact] = []
        self.periods: dict[str, Period] = {quarter.id: quarter.period("flow")}
        self.sources: dict[str, Source] = {own.id: own.source(company)}

    def build(self) -> FactSheet | None:
        for name in METRICS:
            self._add_metric(vocabulary()[name])
        actual = {fact.metric for fact in self.facts if fact.role is Role.ACTUAL}
        if not all(actual & {*group} for group in _STATEMENTS):
            return None
        return FactSheet(
            company=self.company,
            period=self.quarter.id,
            released=self.own.filed,
            periods=tuple(self.periods.values()),
            sources=tuple(self.sources.values()),
            facts=tuple(self.facts),
        )

    def _add_metric(self, metric: Metric) -> None:
        now = self.book.value(metric, self.quarter, self.own, metric.concepts)
        if now is None or not self._is_whole(metric, now, self.quarter):
            return
        self._add(metric, now, self.quarter, Role.ACTUAL)
        tags = self.book.alike(now.tag, metric, self.own)
        for back in range(1, _QUARTERS_BACK + 1):
            role = _ROLES.get(back, Role.HISTORY)
            earlier = self.book.back(self.quarter, back)
            if earlier is None or (role is Role.HISTORY and metric.id not in HISTORY):
                continue
            value = self.book.value(metric, earlier, self.own, tags)
            if value is not None and self._is_comparable(metric, value, earlier):
                self._add(metric, value, earlier, role)

    def _is_whole(self, metric: Metric, value: Value, quarter: Quarter) -> bool:
        """False for a share count whose thousands were lost in tagging (NVIDIA until 2011), told by profit over EPS."""
        if metric.id != "diluted_shares":
            return True
        implied = self._implied_shares(quarter)
        return implied is None or value.amount * 10 > implied

    def _is_comparable(self, metric: Metric, value: Value, earlier: Quarter) -> bool:
        """Whether an earlier figure is on today's terms: always within one filing, which restates its comparisons.

        Figures per share of an older filing may be from before a split. Profit over EPS tells the shares that it counted:
        half as many again or a third fewer today, and the figure is left out. Money may be from before a restatement.
        """
        if not self._is_whole(metric, value, earlier):
            return False
        if value.filing == self.own:
            return True
        if metric.unit is UnitClass.MONEY:
            return not self.book.is_restated(value, self.own)
        then, now = self._implied_shares(earlier), self._implied_shares(self.quarter)
        return then is not None and now is not None and Decimal("0.67") < then / now < Decimal("1.5")

    def _implied_shares(self, quarter: Quarter) -> Decimal | None:
        profit, per_share = (
            self.book.value(vocabulary()[name], quarter, self.own, vocabulary()[name].concepts) for name in ("net_income", "eps_diluted")
        )
        return profit.amount / per_share.amount if profit and per_share and profit.amount * per_share.amount > 0 else None

    def _add(self, metric: Metric, value: Value, quarter: Quarter, role: Role) -> None:
        period = quarter.period(metric.kind)
        self.periods.setdefault(period.id, period)
        self.sources.setdefault(value.filing.id, value.filing.source(self.company))
        in_millions = metric.unit is not UnitClass.PER_SHARE
        unit = _MILLION if in_millions else Decimal(1)
        step = value.step / unit
        written = _written(value.amount / unit, step)
        name = metric.id if role is Role.ACTUAL else f"{metric.id}.{role}"
        if role is Role.HISTORY:
            name = f"history.{period.id.replace('-', '_')}.{metric.id}"
        self.facts.append(
            Fact(
                id=name,
                metric=metric.id,
                value=written,
                unit="USD/share" if metric.unit is UnitClass.PER_SHARE else _UNITS[metric.unit],
                scale=Scale.MILLION if in_millions else Scale.ONE,
                rounded_to=None if step == last_place(written) else step,
                period=period.id,
                basis=Basis.GAAP,
                role=role,
                definition=DIFFERENCED if value.is_differenced else None,
                source=value.filing.id,
                quote=value.quote,
            )
        )


def _written(amount: Decimal, step: Decimal) -> Decimal:
    """The amount with the digits that its rounding has: 2.4 dollars a share are 2.40."""
    places = min(int(step.normalize().as_tuple().exponent), 0)
    return amount.quantize(Decimal(1).scaleb(places)) if amount == amount.quantize(Decimal(1).scaleb(places)) else amount
