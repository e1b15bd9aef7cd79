"""From a report's figures to facts: a concept for each metric, a role for each period, a segment for each member."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property

from pipeline.facts.figures import stem
from pipeline.facts.quantity import Scale, UnitClass, last_place
from pipeline.facts.sheet import ID_PATTERN, MAX_ID, Basis, Fact, Period, PeriodKind, Role
from pipeline.facts.vocabulary import Metric, vocabulary
from pipeline.intake.figures import MILLION, digits, unit_of
from pipeline.intake.ingested import Choice
from pipeline.intake.ixbrl.calendar import Calendar
from pipeline.intake.ixbrl.company import MAIN_FLOWS
from pipeline.intake.ixbrl.report import Context, Item, Report
from pipeline.intake.ixbrl.segments import Names, member_of, quote
from pipeline.intake.periods import fact_id, role

SOURCE = "filing"
MAX_SEGMENTS = 60
_PLAIN_ROLES = (Role.ACTUAL, Role.PRIOR_YEAR, Role.PRIOR_QUARTER)
_SPLIT_BY = {
    "StatementBusinessSegmentsAxis": "business segment",
    "SegmentsAxis": "business segment",
    "SubsegmentsAxis": "part of a segment",
}
_SPLIT_BY |= {"ProductOrServiceAxis": "product or service", "ProductsAndServicesAxis": "product or service"}
_SPLIT_BY |= {"StatementGeographicalAxis": "geography", "GeographicalAreasAxis": "geography"}
_DEFINITIONS = {
    "us-gaap:StockRepurchaseProgramRemainingAuthorizedRepurchaseAmount1": "What remains of it",
    "us-gaap:StockRepurchaseProgramRemainingAuthorizedRepurchaseAmount": "What remains of it",
    "us-gaap:StockRepurchaseProgramAuthorizedAmount1": "All that was authorized, spent or not",
    "us-gaap:StockRepurchaseProgramAuthorizedAmount": "All that was authorized, spent or not",
    "us-gaap:ContractWithCustomerLiabilityCurrent": "Current part only",
    "us-gaap:DeferredRevenueCurrent": "Current part only",
    "ifrs-full:CurrentContractLiabilities": "Current part only",
    "us-gaap:ProfitLoss": "With minority interests",
    "ifrs-full:ProfitLoss": "With minority interests",
    "us-gaap:StockholdersEquityIncludingPortionAttributableToNoncontrollingInterest": "With minority interests",
    "ifrs-full:Equity": "With minority interests",
}
Days = tuple[date | None, date]


@dataclass(frozen=True)
class Terms:
    """What all facts of a sheet share. `periods` are the stretches of the main flows; balances are taken where one begins or ends."""

    currency: str
    calendar: Calendar
    reported: Period
    periods: Mapping[Days, Period]

    def period(self, days: Days) -> Period | None:
        """The period of these days, if the sheet has it: not a stretch beside the fiscal calendar, nor a day within it."""
        if days[0] is not None:
            return self.periods.get(days)
        return self.calendar.period(None, days[1]) if days[1] in self._balance_days else None

    @cached_property
    def _balance_days(self) -> set[date]:
        return {end for _, end in self.periods} | {start - timedelta(days=1) for start, _ in self.periods if start}


def flow_contexts(report: Report) -> list[Context]:
    """Contexts of the whole company's revenue, profit and cash flow, most used first."""
    concepts = {concept for name in MAIN_FLOWS for concept in vocabulary()[name].concepts}
    uses: Counter[Context] = Counter()
    for item in report.items:
        if item.context.start and item.context.is_whole and item.concept in concepts:
            uses[item.context] += 1
    return [context for context, _ in uses.most_common()]


def periods_of(calendar: Calendar, contexts: Iterable[Context]) -> dict[Days, Period]:
    """A sheet's stretches by their days. Of two that are one quarter or year by name, the one most used."""
    found: dict[str, Period] = {}
    for context in contexts:
        period = calendar.period(context.start, context.end)
        if period is not None:
            found.setdefault(period.id, period)
    return {(period.start, period.end): period for period in found.values()}


class Facts:
    """The facts of one report in the making, with why each was chosen and what is doubtful."""

    def __init__(self, report: Report, terms: Terms) -> None:
        self.terms, self.names = terms, Names(report)
        self.found: dict[str, Fact] = {}
        self.periods: dict[str, Period] = {terms.reported.id: terms.reported}
        self.choices: list[Choice] = []
        self.doubts: list[str] = []
        whole: dict[str, dict[Days, list[Item]]] = defaultdict(lambda: defaultdict(list))
        parts: dict[tuple[str, str], dict[str, dict[Days, list[Item]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
        concepts = {concept for metric in vocabulary().values() for concept in metric.concepts}
        for item in report.items:
            days = item.context.start, item.context.end
            if item.concept not in concepts or terms.period(days) is None:
                continue
            if item.context.is_whole:
                whole[item.concept][days].append(item)
            elif member := member_of(item.context):
                parts[member][item.concept][days].append(item)
        self._of_company(whole)
        self._of_segments(parts)
        for concept, reason in dict.fromkeys(report.unread):
            if concept in concepts:
                self.doubts.append(f"a figure of {concept} {reason}: it is left out")

    # -- the whole company ---------------------------------------------------------------------------------------------------

    def _of_company(self, items: Mapping[str, Mapping[Days, list[Item]]]) -> None:
        for metric in vocabulary().values():
            values = {concept: self._settled(metric, items[concept]) for concept in metric.concepts if concept in items}
            main = self._main(metric, values)
            if main is None:
                continue
            alike = [main, *(other for other in values if other != main and _agree(values[main], values[other]))]
            for days in dict.fromkeys(days for concept in alike for days in values[concept]):
                taken = next(concept for concept in alike if days in values[concept])
                rivals = {other: values[other][days] for other in values if other != taken and days in values[other]}
                self._add(metric, values[taken][days], None, self._because(metric, taken, main, values), _told(rivals.values()))
            self._warn_of_larger(metric, main, values)

    def _main(self, metric: Metric, values: Mapping[str, Mapping[Days, Item]]) -> str | None:
        """The first of the vocabulary's concepts with a figure to the reported period's end, for the period itself if any has it."""
        reported = self.terms.reported
        own = (None if metric.kind == "instant" else reported.start, reported.end)
        direct = next((concept for concept in metric.concepts if own in values.get(concept, {})), None)
        to_date = (concept for concept in metric.concepts if any(end == reported.end for _, end in values.get(concept, {})))
        first = next(to_date, None)
        if first is None:  # a line that the comparison alone has, such as a charge of the year before
            return next((concept for concept in metric.concepts if values.get(concept)), None)
        # A quarter from one tag and the year to date from another are only one metric where the two agree somewhere.
        if direct and first and direct != first and metric.id in MAIN_FLOWS:
            return direct
        return first

    def _because(self, metric: Metric, taken: str, main: str, values: Mapping[str, object]) -> str:
        if taken != main:
            return f"{taken}, which agrees with {main} where both are given"
        which = "the only tag" if len(values) == 1 else "the first tag"
        return f"{taken}, {which} of {metric.id} that the document has to {self.terms.reported.end}"

    def _warn_of_larger(self, metric: Metric, main: str, values: Mapping[str, Mapping[Days, Item]]) -> None:
        if metric.id != "revenue":
            return
        for other, series in values.items():
            for days, item in series.items():
                if other != main and days in values[main] and item.value > values[main][days].value and days[1] == self.terms.reported.end:
                    larger = f"{other} is {item.value:f} and {main} {values[main][days].value:f}, {item.context.words}"
                    self.doubts.append(f"revenue: {larger}: the vocabulary's first is taken, which may not be the total")

    def _settled(self, metric: Metric, series: Mapping[Days, list[Item]]) -> dict[Days, Item]:
        """The most exact figure of each period; none where two of them contradict each other."""
        found = {}
        for days, items in series.items():
            fitting = [item for item in items if self._fits(metric, item)]
            if not fitting:
                continue
            best = min(fitting, key=lambda item: item.step or Decimal(0))
            rival = next(
                (item for item in fitting if abs(item.value - best.value) > ((item.step or 0) + (best.step or 0)) / Decimal(2)), None
            )
            if rival is None:
                found[days] = best
            else:
                both = f"{best.value:f} and {rival.value:f}"
                self.doubts.append(f"{metric.id}: the document gives {both} for {best.concept}, {best.context.words}: it is left out")
        return found

    def _fits(self, metric: Metric, item: Item) -> bool:
        """Whether a figure is of the metric's unit and, for a balance, of a day."""
        if (item.context.start is None) is not (metric.kind == "instant"):
            return False
        match metric.unit:
            case UnitClass.MONEY:
                return item.unit == self.terms.currency
            case UnitClass.PER_SHARE:
                return item.unit == f"{self.terms.currency}/share"
            case UnitClass.SHARES:
                return item.unit == "shares"
            case UnitClass.PERCENT:
                return item.unit == "pure"
            case UnitClass.COUNT:
                return "/" not in item.unit and not re.fullmatch(r"[A-Z]{3}", item.unit)
        return False

    # -- its parts -----------------------------------------------------------------------------------------------------------

    def _of_segments(self, parts: Mapping[tuple[str, str], Mapping[str, Mapping[Days, list[Item]]]]) -> None:
        if len(parts) > MAX_SEGMENTS:
            self.doubts.append(f"the document has {len(parts)} parts of the company: the first {MAX_SEGMENTS} are kept")
        for axis, member in list(parts)[:MAX_SEGMENTS]:
            segment = self.names.segment(axis, member)
            for metric in vocabulary().values():
                if metric.unit is not UnitClass.MONEY:
                    continue
                series = parts[axis, member]
                values = {concept: self._plainest(metric, series[concept]) for concept in metric.concepts if concept in series}
                reported = [concept for concept in values if any(end == self.terms.reported.end for _, end in values[concept])]
                if not reported:
                    continue
                main, by = reported[0], _SPLIT_BY[axis.partition(":")[2]]
                for days, item in values[main].items():
                    rivals = [values[other][days] for other in values if other != main and days in values[other]]
                    because = f"{main} of {member}, a {by} that the document calls {segment.name}"
                    self._add(metric, item, segment.name, because, _told(rivals), definition=f"By {by}")

    def _plainest(self, metric: Metric, series: Mapping[Days, list[Item]]) -> dict[Days, Item]:
        """A segment's figures; where it has some with a further word such as `operating segments`, those without go first."""
        least: dict[Days, list[Item]] = {}
        for days, items in series.items():
            fewest = min(len(item.context.members) for item in items)
            least[days] = [item for item in items if len(item.context.members) == fewest]
        return self._settled(metric, least)

    # -- one fact ------------------------------------------------------------------------------------------------------------

    def _add(
        self, metric: Metric, item: Item, segment: str | None, because: str, rivals: tuple[str, ...], *, definition: str | None = None
    ) -> None:
        period, reported = self.terms.period((item.context.start, item.context.end)), self.terms.reported
        if period is None:
            return
        its_role = role(period, reported)
        if its_role not in _PLAIN_ROLES and not self._is_history(its_role, period):
            return
        name = fact_id(metric.id, segment, its_role, period, reported)
        scale, factor = _written_in(metric)
        value, step = item.value * factor, (item.step if item.step is not None else _exact(item, metric)) * factor
        if len(name) > MAX_ID or not re.search(ID_PATTERN, name) or stem(metric.id, segment).endswith("."):
            self.doubts.append(f"{metric.id}: the part '{segment}' has no name that fits an id: it is left out")
            return
        if value.adjusted() > 18 or not -12 <= step.adjusted() <= 18 or int(value.as_tuple().exponent) < -12:
            self.doubts.append(f"{name}: {item.value} rounded to {item.step} is beyond what a sheet holds: it is left out")
            return
        written = digits(value, step if item.step is not None else last_place(value))
        fact = Fact(
            id=name,
            metric=metric.id,
            segment=segment,
            value=written,
            unit=unit_of(metric, self.terms.currency),
            scale=scale,
            rounded_to=None if step == last_place(written) else step,
            period=period.id,
            basis=_basis(metric, item.concept),
            role=its_role,
            definition=definition or _DEFINITIONS.get(item.concept),
            source=SOURCE,
            quote=quote(item)[:200] or None,
            locator=f"{item.concept}{f' #{item.id}' if item.id else ''}, context {item.context.id} ({item.context.words})"[:400],
        )
        earlier = self.found.get(name)
        if earlier is None:
            self.found[name] = fact
            self.periods.setdefault(period.id, period)
            self.choices.append(Choice(name, because, rivals))
        elif earlier.quantity.value != fact.quantity.value:
            self.doubts.append(
                f"{name}: {fact.locator} is {written:f}, another part of the same name: the first, {earlier.value:f}, is kept"
            )

    def _is_history(self, its_role: Role, period: Period) -> bool:
        """Whether an older figure belongs to the sheet: another year or quarter like the reported one, the end of the year before."""
        if its_role is not Role.HISTORY:
            return False
        if period.kind is PeriodKind.INSTANT:
            return abs(period.end - (self.terms.calendar.first - timedelta(days=1))) <= timedelta(days=3)
        return period.kind is self.terms.reported.kind


def _agree(one: Mapping[Days, Item], other: Mapping[Days, Item]) -> bool:
    return any(one[days].value == other[days].value != 0 for days in one.keys() & other.keys())


def _told(rivals: Iterable[Item]) -> tuple[str, ...]:
    return tuple(_lines(rivals))


def _lines(rivals: Iterable[Item]) -> Iterator[str]:
    for item in rivals:
        yield f"{item.concept} {item.value:f} {item.unit}, {item.context.words}"


def _written_in(metric: Metric) -> tuple[Scale, Decimal]:
    """The scale in which a metric stands in a sheet, and what a figure in whole units is multiplied by for it."""
    if metric.unit in (UnitClass.MONEY, UnitClass.SHARES):
        return Scale.MILLION, 1 / MILLION
    return Scale.ONE, Decimal(100 if metric.unit is UnitClass.PERCENT else 1)


def _exact(item: Item, metric: Metric) -> Decimal:
    """The step of a figure that is exact: a whole unit of money, shares or people; a hundredth of a cent; its own last digit."""
    whole = Decimal("0.0001") if metric.unit in (UnitClass.PER_SHARE, UnitClass.PERCENT) else Decimal(1)
    return min(whole, last_place(item.value))


def _basis(metric: Metric, concept: str) -> Basis:
    if metric.basis == "adjusted":
        return Basis.ADJUSTED
    if metric.basis == "kpi":
        return Basis.KPI
    return Basis.IFRS if concept.startswith("ifrs-full:") else Basis.GAAP
