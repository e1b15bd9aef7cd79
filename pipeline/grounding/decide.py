"""Each number of a text against the facts: grounded, structural, contradicted or unsupported.

A number is compared with every figure of its size. It is grounded by a figure that passes all of `rules.RULES`; where none
does, the figure that comes nearest to passing explains what is wrong.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache, partial
from typing import NamedTuple

from pipeline.facts.factbase import FactBase
from pipeline.facts.figures import Change, DerivedFact, Figure, slug, stem, written_with_base
from pipeline.facts.formulas import FORMULAS
from pipeline.facts.quantity import Interval, UnitClass
from pipeline.facts.sheet import Basis, PeriodKind, Role
from pipeline.facts.sheet import Period as SheetPeriod
from pipeline.facts.vocabulary import vocabulary
from pipeline.grounding import computed, ends, messages, periods, relations, rules
from pipeline.grounding.mentions import find
from pipeline.grounding.models import Form, Mention
from pipeline.grounding.names import ADJUSTED, UNADJUSTED, names_of
from pipeline.grounding.numbers import Kind
from pipeline.grounding.report import NumberCheck, Report
from pipeline.grounding.segments import Segments
from pipeline.grounding.topics import KIN, BasisWord, Period
from pipeline.grounding.values import Sized, of_size

_KEPT = 8
_KEPT_TEXTS = 32
_STRUCTURE = {
    Kind.HORIZON: "a horizon",
    Kind.QUARTER: "names a period",
    Kind.DATE: "a date",
    Kind.YEAR: "a year",
    Kind.COUNT: "a count of listed things",
    Kind.ORDINAL: "an ordinal",
    Kind.LIST_MARKER: "a list marker",
    Kind.NAME: "part of a name",
    Kind.PHONE: "a phone number",
    Kind.URL: "part of an address",
    Kind.ISIN: "a security's number",
}
# What may still follow from other figures of the text.
_OPEN = frozenset(("value", "no fact", "no unit", "metric", "segment", "unit"))
_MOST_BESIDE = 6
_DAY = timedelta(days=1)
_ANALYSTS = frozenset(("analyst", "analysts", "estimates", "forecasts"))
# The metrics that follow from two others.
_OF_TWO = [(f.metric, (f.inputs[0], f.inputs[1])) for f in FORMULAS if len(f.inputs) == 2]
_PER_SHARE = {"net_income": "eps_diluted", "adjusted_net_income": "adjusted_eps"}
_GROWTH_METRICS = {BasisWord.CONSTANT_CURRENCY: "constant_currency_growth", BasisWord.ORGANIC: "organic_growth"}


class _Topics(NamedTuple):
    mention: Mention
    allowed: frozenset[str]
    named: frozenset[str]


class Checker:
    """Checks texts against one fact base. Indexes the figures once."""

    def __init__(self, facts: FactBase) -> None:
        self.facts = facts
        self.names = names_of(facts.sheet)
        # A claim is checked against its evidence and against all facts: its numbers are the same.
        self._find = lru_cache(maxsize=_KEPT_TEXTS)(partial(find, names=self.names, decimal_mark=facts.sheet.decimal_mark))
        self.figures = [figure for figure in facts if figure.fact is None or figure.fact.value is not None]
        self._levels: dict[str, list[tuple[int, Figure]]] = defaultdict(list)
        for place, figure in enumerate(self.figures):
            if figure.change is None:
                self._levels[figure.metric.id].append((place, figure))
        self._open_shares = {f.metric.id for f in self.figures if f.metric.basis == "kpi" and f.metric.unit is UnitClass.PERCENT}
        self._by_unit: dict[UnitClass, list[Sized]] = defaultdict(list)
        self._analysts = {Decimal(f.fact.analysts): f.id for f in facts if f.fact is not None and f.fact.analysts is not None}
        self._finest: dict[str, Decimal] = {}
        self._by_stem: dict[str, list[Figure]] = defaultdict(list)
        self._by_metric: dict[str, list[Figure]] = defaultdict(list)
        for figure in self.figures:
            sized = Sized.of(figure)
            self._by_unit[figure.unit.cls].append(sized)
            self._finest[figure.id] = sized.finest
            self._by_stem[figure.stem].append(figure)
            self._by_metric[figure.metric.id].append(figure)
        of_segment: dict[str, set[str]] = defaultdict(set)
        for figure in self.figures:
            if figure.segment is not None:
                of_segment[slug(figure.segment)].add(figure.metric.id)
        self._segments = Segments(of_segment, facts.sheet.company.short_name)
        self._of_segment = {name: frozenset(metrics) for name, metrics in of_segment.items()}
        self._topics: _Topics | None = None
        self._kin: dict[str, frozenset[str]] = {}

    def check(self, text: str, evidence: Collection[str] | None = None) -> Report:
        """Decide every number of `text`. With `evidence`, a number must rest on those facts, their inputs or their changes."""
        mentions = self._find(text)
        reach = self.reach(evidence) if evidence is not None else None
        checks: dict[int, NumberCheck] = {}
        for mention in mentions:
            checks[mention.start] = self._decide(mention, reach, evidence, checks)
        for at, check in checks.items():
            if check.is_problem and (check.rule in _OPEN or self._is_elsewhere(check)):
                checks[at] = self._related(check, checks.values(), reach)
        return Report(tuple(checks.values()))

    def _is_elsewhere(self, check: NumberCheck) -> bool:
        """Whether the figure that only nearly holds is of a metric that the sentence does not name: its size is chance."""
        return (
            check.fact is not None
            and check.decision == "contradicted"
            and check.rule not in ("evidence", "unreadable")
            and self.facts[check.fact].metric.id not in self.named(check.mention)
        )

    def _related(self, check: NumberCheck, checks: Iterable[NumberCheck], reach: frozenset[str] | None) -> NumberCheck:
        """The check again, with what follows from the text's other figures and from those that its sentence names."""
        mention = check.mention
        stated = sorted((c for c in checks if c.decision == "grounded"), key=lambda c: abs(c.mention.start - mention.start))
        beside = [self.facts[c.fact] for c in stated if c.fact is not None]
        levels = self._named_levels(mention)
        operands = dict.fromkeys(f.id for f in [*beside[:_MOST_BESIDE], *levels] if reach is None or f.id in reach)
        shares = [abs(c.mention.value) for c in stated if c.mention.unit is UnitClass.PERCENT and c.mention.value is not None]
        ratios = {inputs for metric, inputs in _OF_TWO if metric in mention.setting.named}
        formula = relations.explain(
            mention,
            [self.facts[name] for name in operands],
            shares[:1],
            ratios,
            {f.id for f in beside},
            {f.id for f in levels if periods.is_told(mention, f)},
        )
        if formula is None and any(c.fact is None for c in stated):
            wholes = [f for f in levels if f.segment is None and f.metric.id in mention.wholes and f.role is Role.ACTUAL]
            formula = relations.explain_by_written(mention, stated[:_MOST_BESIDE], wholes)
        return NumberCheck(mention, "grounded", None, formula) if formula else check

    def _named_levels(self, mention: Mention) -> list[Figure]:
        """Levels of the reported period of what the sentence names."""
        named = self.named(mention)
        # A margin that the sentence names may be that of a segment, from the segment's profit and revenue.
        ratios = (f for f in FORMULAS if f.metric in mention.setting.named and vocabulary()[f.metric].unit is UnitClass.PERCENT)
        names = named | {name for f in ratios for name in f.inputs}
        found = [
            f
            for f in self.levels_of(names)
            if (f.segment is None or slug(f.segment) in mention.setting.named_segments) and periods.is_spoken_of(mention, f, self)
        ]
        return sorted(
            found, key=lambda f: (f.segment is None and bool(mention.setting.named_segments), f.metric.id not in mention.setting.named)
        )

    # -- one number -----------------------------------------------------------------------------------------------------------

    def _decide(
        self, mention: Mention, reach: frozenset[str] | None, evidence: Collection[str] | None, done: dict[int, NumberCheck]
    ) -> NumberCheck:
        if mention.kind is not None:
            return NumberCheck(mention, "structural", None, _STRUCTURE[mention.kind])
        if mention.problem:
            return NumberCheck(mention, "unsupported", None, "unreadable", f"'{mention.text}' cannot be read safely: {mention.problem}")
        if mention.noun in _ANALYSTS and (asked := self._analysts.get(mention.value or Decimal(0))):
            return NumberCheck(mention, "grounded", asked, "counts the analysts")
        is_bare = mention.unit is None and not mention.is_scaled and not mention.setting.is_ratio
        if is_bare and not (mention.metrics and mention.is_certain) and not self._is_count(mention):
            message = f"'{mention.text}' has no unit and no metric in its clause: say what it measures, or leave it out"
            return NumberCheck(mention, "unsupported", None, "no unit", message)
        if mention.unit is UnitClass.DAYS and not self._is_days_metric(mention):
            return NumberCheck(mention, "structural", None, _STRUCTURE[Kind.HORIZON])
        sized = self._of_size(mention)
        passing = [figure for figure in sized if self._passes(mention, figure)]
        within = [figure for figure in passing if reach is None or figure.id in reach]
        for fitting in (ends.of_range, ends.of_way):
            if within:
                found = fitting(mention, within, done, self.facts)
                if isinstance(found, NumberCheck):
                    return found
                within = found
        if within:
            return self._grounded(mention, min(within, key=lambda f: self._preference(mention, f, evidence)))
        if (formula := computed.explain(mention, self, evidence, reach)) is not None:
            return NumberCheck(mention, "grounded", None, formula)
        if passing:
            figure = passing[0]
            message = f"'{mention.text}' rests on {figure.id} ({written_with_base(figure)}), which is not in the evidence"
            return NumberCheck(mention, "contradicted", figure.id, "evidence", message)
        comes_from = done.get(mention.from_with[0]) if mention.from_with else None
        return messages.problem(mention, self, sized, comes_from)

    def _is_count(self, mention: Mention) -> bool:
        """Whether a bare number has the size of something that the company counts and the sentence names: "430 RV sites"."""
        counted = of_size(mention, self._by_unit.get(UnitClass.COUNT, ()))
        return any(f.segment is not None and self.is_told_of(slug(f.segment), mention) for f in counted)

    def _of_size(self, mention: Mention) -> list[Figure]:
        """Figures of the mention's size, whatever else is wrong with them. A hedge counts only where the metric is known."""
        if mention.approximator is not None and not (mention.is_certain and mention.metrics):
            mention = replace(mention, approximator=None)
        match mention.unit:
            case None:
                classes: Iterable[UnitClass] = tuple(self._by_unit)
            case UnitClass.PERCENT | UnitClass.POINTS:
                classes = (UnitClass.PERCENT, UnitClass.POINTS)
            case UnitClass.MONEY | UnitClass.PER_SHARE:
                classes = (UnitClass.MONEY, UnitClass.PER_SHARE)
            case _:
                classes = (mention.unit,)
        return of_size(mention, (one for cls in classes for one in self._by_unit.get(cls, ())))

    def _passes(self, mention: Mention, figure: Figure) -> bool:
        return all(rule(mention, figure, self) is None for rule in rules.RULES)

    def _preference(self, mention: Mention, figure: Figure, evidence: Collection[str] | None) -> tuple[bool, bool, bool, bool, Decimal]:
        first = mention.metrics[0] if mention.metrics else ""
        return (
            evidence is not None and figure.id not in evidence,
            figure.metric.id != first and figure.metric.id not in self.allowed(mention),
            figure.role is not Role.ACTUAL,
            mention.form is Form.CHANGE and figure.change is None,
            figure.quantity.interval.width,
        )

    def _grounded(self, mention: Mention, figure: Figure) -> NumberCheck:
        assert mention.interval is not None
        value = figure.quantity.value
        interval = -abs(mention.interval) if value < 0 else abs(mention.interval)
        if mention.approximator is not None or value not in interval:
            interval = Interval(min(interval.low, value), max(interval.high, value))
        rule = "states the change" if figure.change is not None else "states the level"
        if mention.approximator is not None:
            rule += f", hedged ({mention.approximator.value.replace('_', ' ')})"
        base = None
        if figure.change is not None and not mention.periods & {Period.YOY, Period.QOQ, Period.CONSENSUS, Period.STREET}:
            base = figure.change.words
        return NumberCheck(replace(mention, interval=interval), "grounded", figure.id, rule, "", base)

    def _is_days_metric(self, mention: Mention) -> bool:
        return mention.is_certain and any(vocabulary()[name].unit is UnitClass.DAYS for name in mention.metrics)

    # -- what the messages ask ---------------------------------------------------------------------------------------------------

    def series(self, stem: str) -> Sequence[Figure]:
        """The figures of one metric, of one segment or of the whole company."""
        return self._by_stem[stem]

    def of_metric(self, name: str) -> Sequence[Figure]:
        """The figures of one metric, of all segments."""
        return self._by_metric.get(name, ())

    def levels_of(self, names: Iterable[str]) -> list[Figure]:
        """The levels of several metrics, of all segments, in the order of the facts."""
        return [figure for _, figure in sorted(level for name in names for level in self._levels.get(name, ()))]

    # -- what the rules ask (rule.Context) --------------------------------------------------------------------------------------

    def allowed(self, mention: Mention) -> frozenset[str]:
        return self._kept(mention).allowed

    def named(self, mention: Mention) -> frozenset[str]:
        return self._kept(mention).named

    def _kept(self, mention: Mention) -> _Topics:
        """The metrics of the mention, kept while it is compared with one figure after the other."""
        if self._topics is None or self._topics.mention is not mention:
            self._topics = _Topics(mention, self._allowed(mention), self._named(mention))
        return self._topics

    def _allowed(self, mention: Mention) -> frozenset[str]:
        names = set(mention.metrics)
        for name in mention.metrics:
            names |= self.kin(name)
        names |= self._siblings(names, mention.bases)
        if mention.wholes:
            shares = {metric for metric, (part, whole) in _OF_TWO if part in names and whole in mention.wholes}
            percents = {name for name in names if vocabulary()[name].unit is not UnitClass.MONEY}
            names = shares | self._open_shares | percents
        if mention.unit is UnitClass.PER_SHARE:
            # "Net income of $238.8m, or $2.30 per share".
            names |= {per_share for profit, per_share in _PER_SHARE.items() if profit in names}
        names |= {growth for word, growth in _GROWTH_METRICS.items() if word in mention.bases}
        return frozenset(names)

    def _named(self, mention: Mention) -> frozenset[str]:
        # "What a yuan of revenue earns. Operating margin fell": a sentence that says its own metric does not mean one of those before it.
        recalled = () if mention.metrics and mention.is_certain else mention.setting.recalled
        names = {*mention.setting.named, *recalled, *mention.metrics, *mention.wholes}
        if mention.unit is UnitClass.PER_SHARE:
            names.add("eps_diluted")
        for segment in mention.setting.named_segments:
            names |= self.metrics_of_segment(segment)
        for name in tuple(names):
            names |= self.kin(name)
        names |= self._siblings(names, mention.bases)
        return frozenset(names | {metric for metric, (one, other) in _OF_TWO if one in names and other in names})

    @staticmethod
    def _siblings(names: Collection[str], bases: Collection[BasisWord]) -> set[str]:
        """The same metrics on the basis that words by the number name: "EPS of $0.79 GAAP and $1.89 non-GAAP"."""
        found: set[str] = set()
        if BasisWord.ADJUSTED in bases:
            found |= {ADJUSTED[name] for name in names if name in ADJUSTED}
        if BasisWord.GAAP in bases:
            found |= {UNADJUSTED[name] for name in names if name in UNADJUSTED}
        return found

    def kin(self, name: str) -> frozenset[str]:
        if name not in self._kin:
            has_level = any(f.change is None and f.role is Role.ACTUAL for f in self._by_metric.get(name, ()))
            self._kin[name] = frozenset() if has_level else frozenset(k for k in KIN.get(name, ()) if not self._is_adjusted_twin(name, k))
        return self._kin[name]

    def _is_adjusted_twin(self, name: str, other: str) -> bool:
        """Whether a metric is the other one adjusted, and said to be so: EPS is no adjusted EPS, unless nobody says which it is."""
        return ADJUSTED.get(name) == other and any(f.basis is Basis.ADJUSTED for f in self.of_metric(other))

    def finest(self, figure: Figure) -> Decimal:
        return self._finest[figure.id]

    def expected(self, figure: Figure) -> list[SheetPeriod]:
        return [f.period for f in self._by_stem[figure.stem] if f.role is Role.CONSENSUS and f.period.id != figure.period.id]

    def changes(self, figure: Figure) -> list[Figure]:
        return [
            f for f in self._by_stem[figure.stem] if f.change is not None and f.change.value in ("yoy", "qoq") and f.role is Role.ACTUAL
        ]

    def metrics_of_segment(self, segment: str) -> frozenset[str]:
        return self._of_segment.get(segment, frozenset())

    def is_told_of(self, segment: str, mention: Mention) -> bool:
        return self._segments.is_told_of(segment, mention)

    def place(self, period: SheetPeriod) -> Period | None:
        days = (self.facts.sheet.reported_period.end - period.end).days
        if period.kind is PeriodKind.ANNUAL:
            return Period.PRIOR_YEAR if 0 < days <= 370 else None
        return Period.PRIOR_YEAR if 350 <= days <= 380 else Period.PRIOR_QUARTER if 80 <= days <= 100 else None

    def is_year_end(self, period: SheetPeriod) -> bool:
        sheet = self.facts.sheet
        ends = [p.end for p in sheet.periods if p.kind is PeriodKind.ANNUAL and p.end < sheet.reported_period.end]
        ends += [p.start - _DAY for p in sheet.periods if p.kind is PeriodKind.YTD and p.start is not None]
        return period.kind is PeriodKind.INSTANT and bool(ends) and abs(period.end - max(ends)) <= 7 * _DAY

    def has_gaap_sibling(self, figure: Figure) -> bool:
        return any(
            f is not figure and f.basis is not Basis.ADJUSTED and f.role is figure.role and f.change is figure.change
            for f in self._by_stem[figure.stem]
        )

    def holds_change(self, now: Figure, base: Figure, unit: UnitClass | None) -> bool:
        """Whether the facts hold this change already, in this unit: then only the fact itself may be stated."""
        wanted = {Role.PRIOR_YEAR: (Change.YOY,), Role.PRIOR_QUARTER: (Change.QOQ,), Role.CONSENSUS: (Change.SURPRISE, Change.VS_CONSENSUS)}
        return any(f.change in wanted.get(base.role, ()) and f.unit.cls is unit for f in self._by_stem[now.stem])

    def base_of(self, figure: Figure) -> Figure | None:
        series = [f for f in self._by_stem[figure.stem] if f.change is None]
        return next((f for role in (Role.PRIOR_YEAR, Role.PRIOR_QUARTER) for f in series if f.role is role), None)

    # -- evidence ----------------------------------------------------------------------------------------------------------------

    def reach(self, evidence: Collection[str]) -> frozenset[str]:
        """The evidence, what it is computed from, and what follows from it alone: its changes, range ends, ratios of its parts."""
        found = {name for name in evidence if name in self.facts}
        todo = list(found)
        while todo:
            figure = self.facts[todo.pop()]
            base = self.facts.base_of(figure)
            inputs = figure.inputs if isinstance(figure, DerivedFact) else ()
            names = {name for name in (*inputs, *([base.id] if base else [])) if name in self.facts}
            todo += names - found
            found |= names
        for figure in self.figures:
            if isinstance(figure, DerivedFact) and figure.id not in found:
                is_change_of = figure.change is not None and any(
                    name in found and stem(self.facts[name].metric.id, self.facts[name].segment) == figure.stem for name in figure.inputs
                )
                if is_change_of or all(name in found for name in figure.inputs):
                    found.add(figure.id)
        return frozenset(found)


_CHECKERS: OrderedDict[int, Checker] = OrderedDict()


def checker(facts: FactBase) -> Checker:
    """The checker of a fact base, kept for the next text. Fact bases do not change, so identity is enough."""
    known = _CHECKERS.get(id(facts))
    if known is None or known.facts is not facts:
        known = _CHECKERS[id(facts)] = Checker(facts)
        while len(_CHECKERS) > _KEPT:
            _CHECKERS.popitem(last=False)
    return known


def check_text(text: str, facts: FactBase, *, evidence: Collection[str] | None = None) -> Report:
    """Decide every number of `text` against `facts`; with `evidence`, against what those fact ids carry."""
    return checker(facts).check(text, evidence)
