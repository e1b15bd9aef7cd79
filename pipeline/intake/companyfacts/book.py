"""A company's figures by tag and dates, each with every filing that gave it, and which of them was known on a day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pipeline.facts.quantity import UnitClass, last_place
from pipeline.facts.vocabulary import Metric
from pipeline.intake.companyfacts.calendar import Calendar, FiscalPeriod, snap
from pipeline.intake.companyfacts.rows import Filing, Row, tags_of
from pipeline.intake.figures import MILLION

_CENT = Decimal("0.01")
_RESTATED = Decimal("0.05")
"""Share of a figure. Lines are reclassified by a percent or two all the time; Apple's revenue of 2009 was restated by a quarter."""
_IN_WORDS = frozenset(tags_of("rpo", "total_debt"))
"""What notes say in a sentence, and round as they like."""
_STATEMENTS = frozenset(
    tags_of(
        "revenue", "cost_of_revenue", "gross_profit", "operating_expenses", "rnd_expense", "sga_expense", "operating_income", "net_income",
        "interest_expense", "stock_based_compensation", "depreciation_amortization", "operating_cash_flow", "capex", "buybacks",
        "dividends_paid", "cash", "short_term_investments", "total_assets", "total_equity", "inventory", "accounts_receivable",
        "accounts_payable", "deferred_revenue", "diluted_shares",
    )
)  # fmt: skip
"""What the statements themselves hold, whose figures tell what a filing rounds to."""

LARGEST = frozenset(("depreciation_amortization",))
"""Metrics whose elements are also used for parts of the total, in notes: the largest figure of a period is taken."""

Span = tuple[str, date | None, date]
"""Tag, start (None for a balance), end."""


@dataclass(frozen=True, slots=True)
class Value:
    """A figure in whole units as one filing gave it, or the difference of two. `step` is what it is rounded to."""

    amount: Decimal
    step: Decimal
    tag: str
    filing: Filing
    quote: str
    where: str
    """Unit, days and accession number."""
    is_differenced: bool = False

    def differs(self, other: Value) -> bool:
        """Whether the two are more than a rounding apart."""
        return abs(self.amount - other.amount) >= max(self.step, other.step)

    def __str__(self) -> str:
        return f"{self.quote} in {self.filing}"


class Book:
    """The figures in one currency. `own`, where a method takes it, is the filing whose reader's knowledge counts."""

    def __init__(self, rows: Iterable[Row], calendar: Calendar, currency: str) -> None:
        self.calendar = calendar
        self.by_span: dict[Span, list[Value]] = {}
        self.spans: dict[str, set[tuple[date | None, date]]] = {}
        units = {currency, f"{currency}/shares", "shares", "pure"}
        kept = [row for row in rows if row.unit in units]
        steps = _steps(kept)
        periods = calendar.periods.values()
        starts = {day for period in periods for day in (period.start, period.year_start)}
        ends = {period.end for period in periods}
        for row in sorted(kept, key=lambda row: row.filing.filed):
            span = row.start and snap(row.start, starts), snap(row.end, ends)
            quote = f"{row.tag.partition(':')[2]} {row.amount:f}"
            value = Value(row.amount, _step(row, steps), row.tag, row.filing, quote, _where(row))
            self.by_span.setdefault((row.tag, *span), []).append(value)
            self.spans.setdefault(row.tag, set()).add(span)
        self.revised: dict[str, list[Span]] = {}
        for key, values in self.by_span.items():
            if any(value.amount != values[0].amount for value in values):
                self.revised.setdefault(key[0], []).append(key)

    def known(self, span: Span, own: Filing) -> Value | None:
        """What the filing itself says, else the latest that was filed by its day."""
        values = [value for value in self.by_span.get(span, ()) if value.filing.filed <= own.filed]
        return next((value for value in values if value.filing == own), values[-1] if values else None)

    def value(self, metric: Metric, period: FiscalPeriod, own: Filing, tags: Sequence[str]) -> Value | None:
        """A metric's figure for one period as known with a filing, by the first tag that has one, or the one with the `LARGEST`."""
        found: Value | None = None
        for tag in tags:
            direct = self.known(span_of(tag, metric, period), own)
            # Earnings per share, rates and average shares do not add up over a year; money that flows does.
            is_sum = metric.kind == "flow" and metric.unit is UnitClass.MONEY and period.part
            value = direct or (self._difference(metric, tag, period, own) if is_sum else None)
            if value is not None and (found is None or value.amount > found.amount):
                found = value
            if found is not None and metric.id not in LARGEST:
                break
        return found

    def _difference(self, metric: Metric, tag: str, period: FiscalPeriod, own: Filing) -> Value | None:
        """The year to the quarter's end less the year to the quarter before; None where the two do not belong together."""
        before = self.calendar.back(period, 1)
        if before is None or before.year_start != period.year_start:
            return None
        whole = self.known((tag, period.year_start, period.end), own)
        if whole is None:
            return None
        part = self.known((tag, period.year_start, before.end), own)
        if part is None:
            others = self.alike(tag, metric, own)[1:]
            part = next((p for other in others if (p := self.known((other, period.year_start, before.end), own))), None)
        if part is None:
            return None
        # One of the two restated and the other not: their difference would hold the restatement as well.
        first = self.by_span[tag, period.year_start, period.end][0]
        part_then = self.known((part.tag, period.year_start, before.end), first.filing)
        if (whole.amount != first.amount) is not (part_then is not None and part.amount != part_then.amount):
            return None
        quote = f"{whole.quote} less {part.quote} ({part.filing.form} {part.filing.accession})"
        where = f"{whole.where}; less {part.tag}, {part.where}"
        return Value(whole.amount - part.amount, whole.step + part.step, tag, whole.filing, quote, where, is_differenced=True)

    def is_restated(self, value: Value, own: Filing) -> bool:
        """Whether the tag's figures have come to differ widely since a value's filing, so that the value itself is out of date."""
        for span in self.revised.get(value.tag, ()):
            now, then = self.known(span, own), self.known(span, value.filing)
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

    def vintages(self, metric: Metric, period: FiscalPeriod, tag: str) -> list[Value]:
        """What each filing gave for a period under a tag, oldest first, a value that only stands again left out."""
        found: list[Value] = []
        for value in self.by_span.get(span_of(tag, metric, period), ()):
            if not found or value.differs(found[-1]):
                found.append(value)
        return found


def span_of(tag: str, metric: Metric, period: FiscalPeriod) -> Span:
    """Where a metric's own figure for a period stands."""
    return tag, None if metric.kind == "instant" else period.start, period.end


def _where(row: Row) -> str:
    days = f"{row.start} to {row.end}" if row.start else f"{row.end}"
    return f"{row.unit}, {days}, accession {row.filing.accession}"


# -- rounding: the document does not say it -----------------------------------------------------------------------------------


def _steps(rows: Iterable[Row]) -> dict[tuple[str, str], Decimal]:
    """What each filing rounds its statements to, by accession and unit: the largest of a million, a thousand, one that divides all."""
    found: dict[tuple[str, str], Decimal] = {}
    for row in rows:
        if row.tag in _STATEMENTS:
            key = row.filing.accession, row.unit
            least = found.get(key, MILLION)
            found[key] = next((step for step in (MILLION, Decimal(1000)) if step <= least and row.amount % step == 0), Decimal(1))
    return found


def _step(row: Row, steps: dict[tuple[str, str], Decimal]) -> Decimal:
    """What one figure is rounded to. Amounts per share are to the cent, or finer where they are written finer; rates as written."""
    written = last_place(row.amount)
    if row.unit.endswith("/shares"):
        return min(written, _CENT)
    if row.unit == "pure":
        return written
    if row.tag in _IN_WORDS:
        return _rounding_in_words(row.amount)
    step = steps.get((row.filing.accession, row.unit), Decimal(1))
    return step if row.amount % step == 0 else next(s for s in (Decimal(1000), Decimal(1), written) if row.amount % s == 0)


def _rounding_in_words(amount: Decimal) -> Decimal:
    """What a figure that stands in a sentence, "$1.8 billion", is rounded to: its trailing zeros, to a tenth of a billion at most."""
    return next((step for step in (Decimal(10**n) for n in range(8, 0, -1)) if amount % step == 0), min(Decimal(1), last_place(amount)))
