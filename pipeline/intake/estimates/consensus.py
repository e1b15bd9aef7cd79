"""Estimates -> consensus facts of one sheet: those that belong to it and can be compared; a doubt for each of the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import groupby

from pydantic import ValidationError

from pipeline.facts.quantity import HUNDRED, Scale, UnitClass, last_place, parse_unit
from pipeline.facts.sheet import Basis, Fact, FactSheet, Period, PeriodKind, Role, Source
from pipeline.facts.vocabulary import vocabulary
from pipeline.intake.estimates import surprises
from pipeline.intake.estimates.basis import CENT, LEEWAY, Evidence, Verdict, evidence
from pipeline.intake.estimates.matching import Periods
from pipeline.intake.estimates.models import EPS, Estimate, Estimates
from pipeline.intake.figures import MILLION, unit_of
from pipeline.intake.ingested import Choice
from pipeline.intake.periods import fact_id
from pipeline.intake.spreadsheet.cells import is_of_currency
from pipeline.schemas import printable

_MOST_DECIMALS = Decimal("1e-12")
_ODD = Decimal(10)
"""An estimate of ten times what the company reports, or of a tenth, is one in another scale."""
_FRESH = timedelta(days=100)
"""Estimates change with every print; older ones than the last do not know it."""
_APART = Decimal("0.005")
"""The provider's actual and the sheet's are the same figure up to this share of it."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An estimate with the period and metric that it turned out to be for."""

    estimate: Estimate
    period: Period
    metric: str
    basis: Basis
    definition: str


class Consensus:
    """Collects `facts`, with the `periods` and `sources` that they need; `doubts` and `choices` say what became of the rest."""

    def __init__(self, sheet: FactSheet, estimates: Estimates, file: str) -> None:
        self.sheet, self.estimates, self._file = sheet, estimates, file
        self.facts: list[Fact] = []
        self.sources: list[Source] = []
        self.choices: list[Choice] = []
        self.has_matched = False
        self._periods = Periods(sheet)
        self._doubts: dict[str, list[str]] = {doubt: [] for doubt in estimates.doubts}
        """What is doubtful, and the periods or estimates of which that is true."""
        if estimates.symbol is None:
            self._doubt(f"the file does not say whose estimates they are: look whether they are of {sheet.company.ticker}")
        self._eps: Evidence = evidence(sheet, estimates.actuals)
        self._is_after_print = any(self._is_of_print(estimate) for estimate in estimates.found)

    @property
    def doubts(self) -> tuple[str, ...]:
        """All doubts, each once, with all that it is about."""
        return tuple(
            f"{self._name}: " + (f"{', '.join(dict.fromkeys(about))}: " if about else "") + doubt for doubt, about in self._doubts.items()
        )

    @property
    def periods(self) -> list[Period]:
        """The later periods that facts are of, and that the sheet did not have."""
        used = {fact.period for fact in self.facts}
        own = self.sheet.periods_by_id
        days = {fact.period: self._days[fact.period] for fact in self.facts if fact.period in self._days and fact.period not in own}
        return [period for period in self._periods.added if period.id in used] + list(days.values())

    @property
    def _name(self) -> str:
        return self.estimates.provider

    def _doubt(self, text: str, *about: str) -> None:
        self._doubts.setdefault(text, []).extend(about)

    def collect(self) -> None:
        """Go through all estimates."""
        self._days: dict[str, Period] = {}
        candidates = []
        for estimate in self.estimates.found:
            self._check_surprise(estimate)
            period = self._periods.of(estimate)
            if period is None:
                continue
            self.has_matched = True
            if isinstance(period, str):
                self._doubt(f"left out, for {period}", f"{estimate.metric} of the {estimate.period}")
            elif self._is_comparable(estimate, period) and (candidate := self._candidate(estimate, period)):
                candidates.append(candidate)

        def key(one: _Candidate) -> tuple[str, str]:
            return one.period.id, one.metric

        order = {self.sheet.period: 0}
        candidates.sort(key=lambda one: (order.get(one.period.id, 1), one.period.end, *key(one)))
        for _, same in groupby(candidates, key):
            self._choose(list(same))

    def _is_of_print(self, estimate: Estimate) -> bool:
        """Whether the provider knows already what was reported, then or later."""
        if estimate.actual is None:
            return False
        if estimate.announced is not None:
            return self.sheet.released is not None and estimate.announced >= self.sheet.released
        if estimate.end is None:
            return isinstance(self._periods.of(estimate), Period)
        return estimate.end >= self.sheet.reported_period.end - LEEWAY

    # -- one estimate -----------------------------------------------------------------------------------------------------

    def _is_comparable(self, estimate: Estimate, period: Period) -> bool:
        """Whether it was made before the print, and in the sheet's currency."""
        released, as_of = self.sheet.released, estimate.as_of
        if as_of is None and estimate.actual is not None and period.end > self.sheet.reported_period.end:
            self._doubt("reported already, so that the estimates are from after the release: left out", period.label)
            return False
        # With an actual, it is what the provider kept from before the print; a file that has such actuals is from after it.
        if as_of is None and estimate.actual is None and self._is_after_print:
            self._doubt("no as-of date, in a file that knows the reported period's actual figures: left out", period.label)
            return False
        if as_of is None:
            self._doubt("the estimates have no as-of date: look whether they are from before the print", period.label)
        elif released is None:
            self._doubt(f"the estimates are of {as_of}, and the sheet does not say when it was released: look whether that was later")
        elif as_of > released:
            self._doubt(f"the estimates are of {as_of}, after the release on {released}: left out", period.label)
            return False
        elif as_of == released:
            self._doubt(f"the estimates are of {as_of}, the day of the release: look whether they are from before the print")
        elif released - as_of > _FRESH:
            self._doubt(f"the estimates are of {as_of}, {(released - as_of).days} days before the release: look for later ones")
        return self._is_in_currency(estimate, period)

    def _is_in_currency(self, estimate: Estimate, period: Period) -> bool:
        metric, own = vocabulary()[estimate.metric], self.sheet.company.currency
        if metric.unit not in (UnitClass.MONEY, UnitClass.PER_SHARE):
            return True
        currency = estimate.currency
        if currency is None and own == "USD":
            self._doubt("the currency of the estimates is not said: taken for USD, the sheet's")
        elif currency is None:
            self._doubt(f"the currency of the estimates is not said, and the sheet is in {own}: left out", period.label)
            return False
        elif not is_of_currency(currency, own):
            said = f"{metric.label} of {period.label}, {estimate.mean} {printable(currency)}"
            self._doubt(f"the sheet is in {own}: left out, for currencies are not converted", said)
            return False
        return True

    def _candidate(self, estimate: Estimate, period: Period) -> _Candidate | None:
        if estimate.metric not in EPS:
            return _Candidate(estimate, period, estimate.metric, estimate.basis, "") if self._is_of_size(estimate, period) else None
        if estimate.basis is Basis.ADJUSTED or estimate.metric == "adjusted_eps":
            self._warn_of_basis(estimate, period, "adjusted, as the file says")
            return _Candidate(estimate, period, "adjusted_eps", estimate.basis, "")
        if estimate.basis is not Basis.UNSTATED:
            return _Candidate(estimate, period, "eps_diluted", estimate.basis, "")
        words = f"The basis is not stated; {self._eps.words}"
        match self._eps.verdict:
            case Verdict.REPORTED:
                return _Candidate(estimate, period, "eps_diluted", Basis.UNSTATED, words)
            case Verdict.NEITHER if self._reports("adjusted_eps"):
                hint = "another definition, a split, or another kind of share"
                self._doubt(f"left out, for {self._eps.words}: {hint}", f"EPS of {period.label}, {estimate.mean}")
                return None
            case Verdict.UNKNOWN if self._reports("adjusted_eps"):
                self._doubt(f"the basis of EPS is not stated, and {self._eps.words}: taken for adjusted EPS, as estimates are as a rule")
            case Verdict.NEITHER | Verdict.UNKNOWN:
                self._warn_of_basis(estimate, period, f"as a rule adjusted, and {self._eps.words}")
            case Verdict.ADJUSTED:
                return _Candidate(estimate, period, "adjusted_eps", Basis.ADJUSTED, words)
        return _Candidate(estimate, period, "adjusted_eps", Basis.UNSTATED, words)

    def _warn_of_basis(self, estimate: Estimate, period: Period, basis: str) -> None:
        """Say that there is nothing to compare the estimate with, where the sheet reports EPS on another basis only."""
        if period == self.sheet.reported_period and self._reports("eps_diluted") and not self._reports("adjusted_eps"):
            own = next(fact for fact in self.sheet.facts if fact.metric == "eps_diluted" and fact.role is Role.ACTUAL)
            stated = f"the sheet's {own.value} is {own.basis}"
            self._doubt(f"basis conflict: the estimate of EPS, {estimate.mean}, is {basis}; {stated}: no surprise is computed")

    def _reports(self, metric: str) -> bool:
        return any(fact.metric == metric and fact.role is Role.ACTUAL and fact.segment is None for fact in self.sheet.facts)

    def _is_of_size(self, estimate: Estimate, period: Period) -> bool:
        """Whether an amount is of the size that the company reports; what the provider calls actual must be the sheet's own figure."""
        levels = [
            (fact, self.sheet.periods_by_id[fact.period])
            for fact in self.sheet.facts
            if fact.metric == estimate.metric and fact.segment is None and fact.change is None and fact.value
            and fact.role not in (Role.GUIDANCE, Role.CONSENSUS)
        ]  # fmt: skip
        if vocabulary()[estimate.metric].unit is UnitClass.MONEY:
            alike = [fact for fact, its_period in levels if its_period.kind is period.kind]
            if alike and estimate.mean:
                times = abs(estimate.mean * estimate.scale.factor / alike[0].quantity.value)
                if not 1 / _ODD < times < _ODD:
                    message = (
                        f"{estimate.mean} ({estimate.scale}) beside {alike[0].value} ({alike[0].scale}) in the sheet: look at its scale"
                    )
                    self._doubt(f"{estimate.metric} of {period.label} is left out: {message}")
                    return False
        own = next((fact for fact, its_period in levels if its_period == period), None)
        if own is not None and estimate.actual:
            gap = abs(estimate.actual * estimate.scale.factor / own.quantity.value - 1)
            if gap > _APART:
                percent = f"{gap * HUNDRED:.1f}%"
                self._doubt(f"its actual {estimate.metric} of {period.label}, {estimate.actual}, is {percent} off the sheet's {own.value}")
        return True

    def _check_surprise(self, estimate: Estimate) -> None:
        if surprises.checkable(estimate) and surprises.form(estimate) is None:
            said = f"{estimate.actual} against {estimate.mean} is {surprises.recomputed(estimate)}"
            self._doubt(f"its surprise for {estimate.period}, {estimate.surprise}, is neither as a fraction nor in percent what {said}")

    # -- facts ------------------------------------------------------------------------------------------------------------

    def _choose(self, same: list[_Candidate]) -> None:
        """Of several estimates of one thing the latest; two that contradict each other on one day are both left out."""
        first = same[0]
        existing = [
            fact for fact in self.sheet.facts
            if fact.role is Role.CONSENSUS and fact.metric == first.metric and fact.period == first.period.id and fact.segment is None
        ]  # fmt: skip
        if existing:
            self._doubt(f"{first.metric} of {first.period.label} is left out: the sheet has it already, as {existing[0].id}")
            return
        latest = max(one.estimate.as_of.toordinal() if one.estimate.as_of else 0 for one in same)
        newest = [one for one in same if (one.estimate.as_of.toordinal() if one.estimate.as_of else 0) == latest]
        means = {one.estimate.mean * one.estimate.scale.factor for one in newest}
        if len(means) > 1:
            values = " and ".join(str(mean) for mean in sorted(means))
            self._doubt(f"{first.metric} of {first.period.label} is left out: two estimates of one day, {values}")
            return
        chosen = newest[0]
        fact = self._fact(chosen)
        if fact is not None:
            self.facts.append(fact)
            rivals = tuple(
                f"{one.estimate.mean} as of {one.estimate.as_of or 'no date'} ({one.estimate.where})" for one in same if one is not chosen
            )
            self.choices.append(Choice(fact.id, self._because(chosen), rivals))

    def _because(self, chosen: _Candidate) -> str:
        estimate, period = chosen.estimate, chosen.period
        parts = [f"{estimate.where}: {estimate.period} is {period.label}, which ends on {period.end}"]
        if estimate.as_of is not None:
            parts.append(f"as of {estimate.as_of}")
        if surprises.checkable(estimate) and (form := surprises.form(estimate)):
            parts.append(f"its surprise of {estimate.surprise} is {'a fraction' if form == 'fraction' else 'in percent'}")
        if chosen.metric in EPS and chosen.definition:
            parts.append(f"filed as {chosen.metric}: {self._eps.words}")
        return "; ".join(parts)

    def _fact(self, chosen: _Candidate) -> Fact | None:
        estimate, period = chosen.estimate, chosen.period
        metric, currency = vocabulary()[chosen.metric], self.sheet.company.currency
        if metric.kind == "instant" and period.kind is not PeriodKind.INSTANT:
            period = self._days.setdefault(period.end.isoformat(), Period.on(period.end))
        unit = unit_of(metric, currency)
        factor, scale = Decimal(1), estimate.scale
        is_money = parse_unit(unit)[0].cls is UnitClass.MONEY
        if is_money and scale is Scale.ONE and abs(estimate.mean) >= MILLION:
            factor, scale = MILLION, Scale.MILLION
        value, low, high = (_in(number, factor) for number in (estimate.mean, estimate.low, estimate.high))
        assert value is not None, "an estimate has a mean"
        places = [last_place(number) for number in (value, low, high) if number is not None]
        # A number in JSON loses its last zeros: beside 1.60796, 1.5 is as exact; and EPS is never rounded to less than cents.
        step = min(last_place(value), CENT) if metric.unit is UnitClass.PER_SHARE else last_place(value)
        try:
            return Fact(
                id=fact_id(chosen.metric, None, Role.CONSENSUS, period, self.sheet.reported_period),
                metric=chosen.metric,
                value=value,
                low=low,
                high=high,
                unit=unit,
                scale=scale,
                rounded_to=step if any(place > step for place in places) else None,
                period=period.id,
                basis=chosen.basis,
                role=Role.CONSENSUS,
                definition=self._definition(chosen),
                source=self._source(estimate).id,
                quote=estimate.quote[:2_000],
                locator=estimate.where,
                analysts=estimate.analysts,
                as_of=estimate.as_of,
            )
        except ValidationError as error:
            reason = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
            self._doubt(f"{chosen.metric} of {period.label} is left out ({estimate.where}): {reason}")
            return None

    def _definition(self, chosen: _Candidate) -> str | None:
        estimate, period = chosen.estimate, chosen.period
        parts = [chosen.definition] if chosen.definition else []
        if estimate.end is not None and estimate.end != period.end:
            parts.append(f"The provider ends the period on {estimate.end}; it is {period.label}, which ends on {period.end}")
        if estimate.actual is not None and estimate.as_of is None:
            parts.append("What the provider compares its actual figure with; the day is not given")
        return ". ".join(parts) or None

    def _source(self, estimate: Estimate) -> Source:
        """The file as a source, or the source that one of its lines names; each once."""
        name = estimate.source or self.estimates.provider
        as_of = estimate.as_of or self.estimates.as_of
        day = f", as of {as_of}" if as_of else ""
        title = f"{name}: analysts' estimates for {self.sheet.company.ticker}{day} (file {self._file.rsplit('/', 1)[-1]})"
        known = next((source for source in self.sources if source.title == title), None)
        if known is not None:
            return known
        taken = {source.id for source in (*self.sheet.sources, *self.sources)}
        ids = (self.estimates.id, *(f"{self.estimates.id}_{n}" for n in range(2, 102)))
        source = Source(
            id=next(one for one in ids if one not in taken),
            title=title,
            kind="estimates",
            publisher=name if name != "estimates" else None,
            published=as_of,
        )
        self.sources.append(source)
        return source


def _in(number: Decimal | None, factor: Decimal) -> Decimal | None:
    """A number in another scale with all of its digits; digits below 10^-12, the noise of floats, are rounded away."""
    if number is None:
        return None
    found = number.scaleb(-6) if factor == MILLION else number
    exponent = found.as_tuple().exponent
    return found.quantize(_MOST_DECIMALS) if isinstance(exponent, int) and exponent < -12 else found
