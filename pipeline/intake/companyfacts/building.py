"""One period's sheet: what a reader had on the day of the company's own report, with its comparisons on the same terms.

Figures of that report go first, else the latest that was filed by its day. Money is in millions, with the digits that the filing
rounds to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from pipeline.facts.quantity import Scale, UnitClass, last_place
from pipeline.facts.sheet import Basis, Company, Fact, FactSheet, Period, Role, Source
from pipeline.facts.vocabulary import Metric, vocabulary
from pipeline.intake.companyfacts.book import Book, Value
from pipeline.intake.companyfacts.calendar import FiscalPeriod
from pipeline.intake.companyfacts.explaining import because, rivals
from pipeline.intake.companyfacts.rows import METRICS, Filing
from pipeline.intake.figures import MILLION, digits, unit_of
from pipeline.intake.ingested import Choice

TRENDS = (
    "revenue", "gross_profit", "operating_income", "net_income", "inventory", "accounts_receivable", "capex", "operating_cash_flow",
)  # fmt: skip
"""What mechanisms follow over several periods."""
DIFFERENCED = "differenced from year-to-date figures"
_BANKING = frozenset(("loans", "net_interest_income", "provision_for_credit_losses"))
"""Lines of a bank, which takes deposits. Other companies tag their interest and bad debts with the same elements."""
_ROLES = {True: {0: Role.ACTUAL, 1: Role.PRIOR_QUARTER, 4: Role.PRIOR_YEAR}, False: {0: Role.ACTUAL, 1: Role.PRIOR_YEAR}}
_QUARTER, _QUARTER_SLACK = timedelta(days=91), timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a sheet takes in. `back` counts the past periods of `trends`; the prior quarter and year are kept of every metric."""

    back: int = 6
    metrics: tuple[str, ...] = METRICS
    trends: tuple[str, ...] = TRENDS
    keeps_first_filed: bool = True


class Builder:
    """A sheet in the making. `own` is the period's own report. `left_out` says which figures were not comparable, by reason."""

    def __init__(self, book: Book, company: Company, period: FiscalPeriod, own: Filing, scope: Scope) -> None:
        self.book, self.company, self.period, self.own, self.scope = book, company, period, own, scope
        self.facts: list[Fact] = []
        self.first_filed: list[Fact] = []
        self.choices: list[Choice] = []
        self.actual: dict[str, Value] = {}
        self.left_out: dict[str, list[str]] = {}
        self._periods: dict[str, Period] = {period.id: period.period("flow")}
        self._sources: dict[str, Source] = {own.id: own.source(company.name)}

    def build(self) -> FactSheet | None:
        """The sheet, or None where the report gives no figure that we know."""
        for name in self.scope.metrics:
            self._add_metric(vocabulary()[name])
        if not self.facts:
            return None
        return FactSheet(
            company=self.company,
            period=self.period.id,
            released=self.own.filed,
            periods=tuple(self._periods.values()),
            sources=tuple(self._sources.values()),
            # The first of two levels of one period counts in a trend: what is comparable.
            facts=(*self.facts, *self.first_filed),
        )

    def _add_metric(self, metric: Metric) -> None:
        now = self.book.value(metric, self.period, self.own, metric.concepts)
        if now is None or (metric.id in _BANKING and "deposits" not in self.actual):
            return
        if not self._is_whole(metric, now, self.period):
            self._leave_out("profit over EPS says that thousands were lost in tagging", metric, self.period)
            return
        self.actual[metric.id] = now
        self._add(metric, now, self.period, Role.ACTUAL)
        tags = self.book.alike(now.tag, metric, self.own)
        roles = _ROLES[self.period.part > 0]
        for back in range(1, max(self.scope.back, *roles) + 1):
            earlier = self.book.calendar.back(self.period, back)
            if earlier is None:
                continue
            role = self._role(roles.get(back, Role.HISTORY), earlier)
            if role is Role.HISTORY and (metric.id not in self.scope.trends or back > self.scope.back):
                continue
            value = self.book.value(metric, earlier, self.own, tags)
            if value is None:
                continue
            if reason := self._incomparable(metric, value, earlier):
                self._leave_out(reason, metric, earlier)
                continue
            self._add(metric, value, earlier, role)
            if self.scope.keeps_first_filed:
                self._add_first_filed(metric, value, earlier, tags)

    def _role(self, role: Role, earlier: FiscalPeriod) -> Role:
        """A quarter of 16 weeks on is further away than a prior quarter is for everybody who compares them."""
        is_far = role is Role.PRIOR_QUARTER and abs(self.period.end - earlier.end - _QUARTER) > _QUARTER_SLACK
        return Role.HISTORY if is_far else role

    def _leave_out(self, reason: str, metric: Metric, period: FiscalPeriod) -> None:
        self.left_out.setdefault(reason, []).append(f"{metric.id} of {period.label}")

    # -- what may be compared ------------------------------------------------------------------------------------------------

    def _is_whole(self, metric: Metric, value: Value, period: FiscalPeriod) -> bool:
        """False for a share count whose thousands were lost in tagging (NVIDIA until 2011), told by profit over EPS."""
        if metric.id != "diluted_shares":
            return True
        implied = self._implied_shares(period)
        return implied is None or value.amount * 10 > implied

    def _incomparable(self, metric: Metric, value: Value, earlier: FiscalPeriod) -> str:
        """Why an earlier figure is not on today's terms, else nothing: within one filing, which restates its comparisons, all are.

        Figures per share of an older filing may be from before a split. Profit over EPS tells the shares that it counted:
        half as many again or a third fewer today, and the figure is left out. Money may be from before a restatement.
        """
        if not self._is_whole(metric, value, earlier):
            return "profit over EPS says that thousands were lost in tagging"
        if value.filing == self.own:
            return ""
        if metric.unit is UnitClass.MONEY:
            return "the line has been restated since, and nobody restated this period" if self.book.is_restated(value, self.own) else ""
        if metric.unit is UnitClass.PERCENT:
            return ""
        then, now = self._implied_shares(earlier), self._implied_shares(self.period)
        if then is not None and now is not None and Decimal("0.67") < then / now < Decimal("1.5"):
            return ""
        return "nothing shows that it counts shares as they are now, and not as before a split"

    def _implied_shares(self, period: FiscalPeriod) -> Decimal | None:
        profit, per_share = (
            self.book.value(vocabulary()[name], period, self.own, vocabulary()[name].concepts) for name in ("net_income", "eps_diluted")
        )
        return profit.amount / per_share.amount if profit and per_share and profit.amount * per_share.amount > 0 else None

    # -- facts ---------------------------------------------------------------------------------------------------------------

    def _add(self, metric: Metric, value: Value, period: FiscalPeriod, role: Role) -> None:
        name = metric.id if role is Role.ACTUAL else f"{metric.id}.{role}"
        if role is Role.HISTORY:
            name = self._history_id(metric, period)
        definition = DIFFERENCED if value.is_differenced else None
        self.facts.append(self._fact(name, metric, value, period, role, definition))
        reason = because(metric, value, self.own)
        self.choices.append(Choice(name, reason, rivals(self.book, metric, value, period, self.own)))

    def _add_first_filed(self, metric: Metric, value: Value, period: FiscalPeriod, tags: list[str]) -> None:
        """What the period's own report said, where it was restated since."""
        then = self.book.calendar.filing_of(period)
        first = self.book.value(metric, period, then, tags) if then and then.filed < value.filing.filed else None
        if first is None or not first.differs(value) or not self._is_whole(metric, first, period):
            return
        definition = f"as first filed, in {first.filing}; {value.filing} restates it to {written(metric, value)}"
        if first.is_differenced:
            definition += f"; {DIFFERENCED}"
        name = f"{self._history_id(metric, period)}.first_filed"
        self.first_filed.append(self._fact(name, metric, first, period, Role.HISTORY, definition))
        self.choices.append(Choice(name, f"the first of two vintages: {first}", (f"{value}, which the comparison uses",)))

    def _history_id(self, metric: Metric, period: FiscalPeriod) -> str:
        return f"history.{period.period(metric.kind).id.replace('-', '_')}.{metric.id}"

    def _fact(self, name: str, metric: Metric, value: Value, period: FiscalPeriod, role: Role, definition: str | None) -> Fact:
        when = period.period(metric.kind)
        self._periods.setdefault(when.id, when)
        self._sources.setdefault(value.filing.id, value.filing.source(self.company.name))
        amount, step = _scaled(metric, value)
        return Fact(
            id=name,
            metric=metric.id,
            value=amount,
            unit=_unit(metric, self.company.currency),
            scale=Scale.MILLION if _is_large(metric) else Scale.ONE,
            rounded_to=None if step == last_place(amount) else step,
            period=when.id,
            basis=Basis.IFRS if value.tag.startswith("ifrs-full:") else Basis.GAAP,
            role=role,
            definition=definition,
            source=value.filing.id,
            quote=value.quote,
            locator=f"{value.tag}, {value.where}",
        )


def written(metric: Metric, value: Value) -> str:
    """The figure as the sheet writes it."""
    amount, _ = _scaled(metric, value)
    return f"{amount:f} million" if _is_large(metric) else f"{amount:f}"


def _is_large(metric: Metric) -> bool:
    return metric.unit in (UnitClass.MONEY, UnitClass.SHARES)


def _unit(metric: Metric, currency: str) -> str:
    """Rates stand in these documents as fractions of one."""
    return "ratio" if metric.unit is UnitClass.PERCENT else unit_of(metric, currency)


def _scaled(metric: Metric, value: Value) -> tuple[Decimal, Decimal]:
    """The figure and its rounding in the sheet's scale."""
    unit = MILLION if _is_large(metric) else Decimal(1)
    step = value.step / unit
    return digits(value.amount / unit, step), step
