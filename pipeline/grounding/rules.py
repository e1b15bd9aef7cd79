"""The rules that a sentence must keep to state a figure. Each takes a mention and a figure, and returns why it fails, or None.

Refusing looks only at the words attached to the number; requiring accepts a word anywhere in the sentence where prose
usually leaves it there. So a correct sentence is not blocked for words that belong to its other numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Protocol

from pipeline.facts.factbase import FactBase
from pipeline.facts.figures import Change, DerivedFact, Figure, slug, written, written_with_base
from pipeline.facts.quantity import Bound, UnitClass
from pipeline.facts.sheet import Basis, Period, PeriodKind, Role
from pipeline.grounding import lexicon
from pipeline.grounding.lexicon import Approximation, BasisWord, Direction
from pipeline.grounding.lexicon import Period as Said
from pipeline.grounding.models import Form, Mention
from pipeline.grounding.numbers import PeriodLabel
from pipeline.grounding.scan import scan
from pipeline.grounding.tokens import tokenize
from pipeline.grounding.values import is_printed, is_telling, is_too_precise

# Fiscal periods end on the last Saturday or so of a month.
_FEW_DAYS = timedelta(days=7)
_CONSENSUS = {Said.CONSENSUS, Said.STREET}
_PRIOR = {Said.PRIOR_YEAR, Said.PRIOR_QUARTER}
_SIGNS = {Direction.UP: 1, Direction.WIDER: 1, Direction.DOWN: -1, Direction.NARROWER: -1}


class Context(Protocol):
    """What the rules ask of the fact base. `Checker` answers."""

    facts: FactBase

    def allowed(self, mention: Mention) -> frozenset[str]:
        """The metrics that the mention may be about."""
        ...

    def named(self, mention: Mention) -> frozenset[str]:
        """Every metric that the sentence, or the one before, speaks of, with what follows from two of them."""
        ...

    def finest(self, figure: Figure) -> Decimal:
        """The finest rounding that prose may give the figure."""
        ...

    def expected(self, figure: Figure) -> list[Period]:
        """The other periods that consensus speaks of for the figure's metric."""
        ...

    def changes(self, figure: Figure) -> list[Figure]:
        """The changes of a level's series."""
        ...

    def metrics_of_segment(self, segment: str) -> frozenset[str]: ...

    def place(self, period: Period) -> Said | None:
        """What prose calls a period: the one a year, or a quarter, before the reported one."""
        ...

    def has_gaap_sibling(self, figure: Figure) -> bool: ...

    def base_of(self, figure: Figure) -> Figure | None:
        """Where a level came from: a year ago, else a quarter ago."""
        ...


def is_change(figure: Figure) -> bool:
    return figure.change is not None or figure.metric.id in lexicon.RATES


# -- the rules ---------------------------------------------------------------------------------------------------------------


def metric(mention: Mention, figure: Figure, context: Context) -> str | None:
    if figure.metric.id in context.allowed(mention):
        return None
    if not mention.is_strong and figure.metric.id in context.named(mention):
        return None
    if not mention.is_strong and figure.segment is not None and slug(figure.segment) in mention.setting.named_segments:
        # "Services grew 11.6%": a segment is named for its revenue.
        return None
    if mention.metrics and mention.is_certain:
        return f"is {label(figure)}, not what the sentence says it of"
    if mention.segments and mention.is_segment_certain:
        return f"is {label(figure)}, which the sentence does not name"
    return None if is_telling(mention, figure) else "may be any of several figures: the sentence does not name its metric"


def segment(mention: Mention, figure: Figure, context: Context) -> str | None:
    if figure.segment is not None:
        own = slug(figure.segment)
        if own in mention.segments or (own in mention.setting.named_segments and not mention.is_segment_certain):
            return None
        words = segment_words(own)
        if 4 * len(words & mention.setting.words) >= 3 * len(words):
            # "Appliances were the sore spot, with domestic comparable sales down 16.1%": its words stand apart.
            return None
        return f"is that of {figure.segment} alone, which the sentence does not say"
    if mention.is_segment_certain and mention.segments and figure.metric.id in context.metrics_of_segment(mention.segments[0]):
        return "is that of the whole company, not of the segment that the sentence names"
    return None


def unit(mention: Mention, figure: Figure, context: Context) -> str | None:
    ours, theirs = mention.unit, figure.unit.cls
    if ours is theirs:
        return None
    if ours is None:
        fits = theirs in (UnitClass.MONEY, UnitClass.SHARES, UnitClass.COUNT) if mention.is_scaled else True
        return None if fits else f"is in {figure.unit}"
    if ours is UnitClass.MONEY and theirs is UnitClass.PER_SHARE and not mention.is_scaled:
        return None
    names = {UnitClass.PERCENT: "percent", UnitClass.POINTS: "percentage points"}
    return f"is in {names.get(theirs, str(figure.unit))}, not in {names.get(ours, ours.value.replace('_', ' '))}"


def currency(mention: Mention, figure: Figure, context: Context) -> str | None:
    if mention.currencies and figure.unit.currency and figure.unit.currency not in mention.currencies:
        return f"is in {figure.unit.currency}, not in {mention.currencies[0]}"
    return None


def form(mention: Mention, figure: Figure, context: Context) -> str | None:
    if figure.metric.id in lexicon.RATES:
        return None
    if figure.change is None and mention.form is Form.CHANGE:
        return "is a level, stated as a change"
    if figure.unit.cls is UnitClass.PERCENT and figure.metric.unit is not UnitClass.PERCENT and not mention.wholes:
        # A percentage of an amount can only be how much it grew.
        return None
    if figure.change is not None and mention.wholes and mention.form is not Form.CHANGE:
        return "is a change, stated as a share"
    if figure.change is not None and mention.form in (Form.LEVEL, Form.BASE):
        return "is a change, stated as a level"
    return None


def sign(mention: Mention, figure: Figure, context: Context) -> str | None:
    value = figure.quantity.value
    if not is_change(figure):
        return _sign_of_level(mention, figure, context)
    said = said_sign(mention, figure)
    if mention.sign and said and said != mention.sign:
        return f"has the sign that the word '{mention.direction_word}' denies"
    if (mention.direction is Direction.EITHER and not mention.sign) or value == 0 or mention.value == 0:
        return None
    stated = mention.sign or said
    actual = 1 if value > 0 else -1
    if stated is None and (mention.direction is not None or (actual < 0 and mention.setting.is_fall_said)):
        return None
    if (stated or 1) != actual:
        way = "rose" if actual > 0 else "fell"
        return f"has the other sign: it {way}" if stated else f"fell ({written(figure)}), which no word of the sentence says"
    return None


def _sign_of_level(mention: Mention, figure: Figure, context: Context) -> str | None:
    value = figure.quantity.value
    if value < 0 and mention.sign >= 0 and not (mention.is_loss or mention.may_be_negative or mention.is_bracketed):
        return "is negative, which the sentence does not say"
    if value > 0 and mention.sign < 0:
        return "is positive"
    if mention.form is not Form.LEVEL or mention.link != "to" or figure.role is not Role.ACTUAL:
        return None
    said = said_sign(mention, figure)
    if said is None or mention.direction_word in lexicon.RATE_NOUNS:
        return None
    changes = [c for c in context.changes(figure) if not _against_words(mention, c)]
    if changes and all(c.quantity.value and (c.quantity.value > 0) != (said > 0) for c in changes):
        return f"did not go that way: {', '.join(map(written_with_base, changes))}"
    return None


def said_sign(mention: Mention, figure: Figure) -> int | None:
    """The sign that the direction word gives a change of this metric; None where it gives none."""
    if mention.sign and mention.direction_word in lexicon.RATE_NOUNS:
        # "Revenue growth of -31.6%": the number says itself which way.
        return None
    match mention.direction:
        case None | Direction.EITHER:
            return None
        case Direction.BETTER | Direction.WORSE:
            if figure.metric.good == "neutral":
                return None
            good = 1 if figure.metric.good == "up" else -1
            return good if mention.direction is Direction.BETTER else -good
    found = _SIGNS[mention.direction]
    # A loss that widens is a value that falls.
    return -found if mention.is_loss and figure.unit.cls in (UnitClass.MONEY, UnitClass.PER_SHARE) else found


def _against_words(mention: Mention, change: Figure) -> bool:
    if change.change is Change.YOY:
        return Said.QOQ in mention.periods and Said.YOY not in mention.periods
    return Said.YOY in mention.periods and Said.QOQ not in mention.periods


def period(mention: Mention, figure: Figure, context: Context) -> str | None:
    return _period_of_change(mention, figure, context) if figure.change is not None else _period_of_level(mention, figure, context)


def _not_guidance(mention: Mention, figure: Figure) -> str | None:
    """Why a figure that the company only promises may not be told so. Analysts expect, the company guides."""
    if Said.GUIDANCE in mention.setting.said:
        return None
    if _CONSENSUS & mention.setting.said:
        return "is the company's guidance, not what analysts expect"
    if not mention.setting.is_told_as_past and any(said.year is not None and is_named((said,), figure.period) for said in mention.labels):
        # A table's "Operating cash flow, FY24".
        return None
    return None if Said.OUTLOOK in mention.setting.said or mention.setting.is_future else "is guidance, which the sentence does not say"


def _is_told(mention: Mention, figure: Figure, context: Context) -> bool:
    """Whether the sentence names an earlier figure's period, or tells of several."""
    if mention.setting.is_trend or is_named(mention.setting.labels_said, figure.period):
        return True
    place = context.place(figure.period)
    if mention.link in ("from", "versus") and {Said.QOQ, Said.YOY} & mention.setting.said:
        # "Rose 8.6% q/q, from CNY 1,752.3m".
        return True
    said = mention.setting.said | mention.around
    if place is None:
        return figure.period.kind is PeriodKind.ANNUAL and (Said.ANNUAL in said or "year" in mention.setting.words)
    return place in said or (Said.YOY if place is Said.PRIOR_YEAR else Said.QOQ) in said


def is_told(mention: Mention, figure: Figure) -> bool:
    """Whether the sentence names an earlier level's period."""
    words = {Role.PRIOR_YEAR: {Said.PRIOR_YEAR, Said.YOY}, Role.PRIOR_QUARTER: {Said.PRIOR_QUARTER, Said.QOQ}}.get(figure.role, set())
    return bool(words & mention.setting.said) or is_named(mention.setting.labels_said, figure.period)


def is_spoken_of(mention: Mention, figure: Figure, context: Context) -> bool:
    """Whether the sentence speaks of the level's period, so that a reader may compute with it."""
    match figure.role:
        case Role.ACTUAL:
            return True
        case Role.PRIOR_YEAR:
            return not {Said.PRIOR_QUARTER, Said.QOQ} & mention.periods or bool({Said.PRIOR_YEAR, Said.YOY} & mention.periods)
        case Role.PRIOR_QUARTER:
            return not {Said.PRIOR_YEAR, Said.YOY} & mention.periods or bool({Said.PRIOR_QUARTER, Said.QOQ} & mention.periods)
        case Role.CONSENSUS:
            return bool(_CONSENSUS & mention.setting.said)
        case Role.GUIDANCE:
            return bool({Said.GUIDANCE, Said.OUTLOOK} & mention.setting.said)
        case Role.HISTORY:
            return is_named(mention.setting.labels_said, figure.period)
        case Role.MARKET:
            return False


def _period_of_change(mention: Mention, figure: Figure, context: Context) -> str | None:
    said = mention.periods
    expected = bool(_CONSENSUS & said)
    match figure.change:
        case Change.YOY:
            wrong = (Said.QOQ in said or Said.CONSENSUS in said) and Said.YOY not in said
        case Change.QOQ:
            wrong = (Said.YOY in said or Said.CONSENSUS in said) and Said.QOQ not in said
        case _:
            if not expected and not _CONSENSUS & mention.setting.said:
                return "is measured against consensus, which the sentence does not say"
            wrong = bool({Said.YOY, Said.QOQ} & said) and not expected
    if wrong and figure.change is not None:
        return f"is measured {figure.change.words}, not as the sentence says"
    if figure.role is Role.GUIDANCE and (reason := _not_guidance(mention, figure)) is not None:
        return reason
    if figure.role is Role.HISTORY and not _is_told(mention, figure, context):
        return f"is that of {figure.period.label}, which the sentence does not name"
    places = (
        {context.place(p) for p in context.facts.sheet.periods if is_named(mention.base_labels, p)} - {None}
        if mention.base_labels
        else set()
    )
    place = {Change.YOY: Said.PRIOR_YEAR, Change.QOQ: Said.PRIOR_QUARTER}.get(figure.change) if figure.change else None
    if places and place is not None and place not in places and figure.role is Role.ACTUAL:
        return f"is measured {figure.change.words if figure.change else ''}, not as the sentence says"
    periods = [figure.period, *([figure.base.period] if isinstance(figure, DerivedFact) and figure.base is not None else [])]
    if mention.labels and not mention.setting.is_trend and not any(is_compatible(mention.labels, p) for p in periods):
        return f"is that of {figure.period.label}"
    if (
        figure.period.kind is PeriodKind.YTD
        and Said.YTD not in mention.setting.said
        and not is_named(mention.setting.labels_said, figure.period)
    ):
        return f"is that of {figure.period.label}, which the sentence does not say"
    if Said.YTD in said and figure.period.kind is PeriodKind.QUARTER:
        return "is that of the quarter, not of the year to date"
    return None


def _period_of_level(mention: Mention, figure: Figure, context: Context) -> str | None:
    if (mention.setting.is_average or mention.setting.is_sum) and len(set(mention.labels)) > 1:
        return f"is that of {figure.period.label} alone, not of all the periods that the sentence adds up"
    said, role = mention.periods, figure.role
    if mention.labels and not mention.setting.is_trend and not is_compatible(mention.labels, figure.period):
        return f"is that of {figure.period.label}"
    if Said.YTD in said and figure.period.kind is PeriodKind.QUARTER:
        return "is that of the quarter, not of the year to date"
    if Said.ANNUAL in said and figure.period.kind in (PeriodKind.QUARTER, PeriodKind.YTD):
        return f"is that of {figure.period.label}, not of the full year"
    if (
        figure.period.kind is PeriodKind.YTD
        and Said.YTD not in mention.setting.said
        and not is_named(mention.setting.labels_said, figure.period)
    ):
        return f"is that of {figure.period.label}, which the sentence does not say"
    is_compared = mention.link in ("from", "versus") or mention.form is Form.BASE
    named = is_named(mention.labels, figure.period)
    match role:
        case Role.ACTUAL | Role.MARKET:
            if mention.is_expected or mention.is_awaited:
                return "is what was reported, not what was expected"
            if _PRIOR & said and not {Said.YOY, Said.QOQ} & said:
                return f"is that of {figure.period.label}, not of an earlier period"
            is_ahead = mention.setting.is_modal or mention.setting.is_future or bool({Said.GUIDANCE, Said.OUTLOOK} & mention.setting.said)
            if mention.form is Form.BASE and not is_ahead and (base := context.base_of(figure)) is not None:
                origin = f"{written(base)} in {base.period.label}"
                return f"is where it stands in {figure.period.label}, not where it came from: the base is {origin}"
        case Role.PRIOR_YEAR | Role.PRIOR_QUARTER:
            own, other = (Said.PRIOR_YEAR, Said.PRIOR_QUARTER) if role is Role.PRIOR_YEAR else (Said.PRIOR_QUARTER, Said.PRIOR_YEAR)
            change, another = (Said.YOY, Said.QOQ) if role is Role.PRIOR_YEAR else (Said.QOQ, Said.YOY)
            if (other in said or another in said) and own not in said and change not in said:
                return f"is that of {figure.period.label}, not of the period that the sentence names"
            is_target = mention.setting.is_modal and (
                mention.link == "to" or mention.approximator in (Approximation.MORE_THAN, Approximation.LESS_THAN)
            )
            if role is Role.PRIOR_YEAR:
                # "First-quarter capex" is this year's.
                named = is_named(tuple(said for said in mention.labels if said.year is not None), figure.period)
            near = mention.labels_around
            if role is Role.PRIOR_YEAR:
                near = tuple(said for said in near if said.year is not None)
            is_near = own in mention.around or is_named(near, figure.period)
            if mention.is_expected or not (is_compared or named or own in said or change in said or is_target or is_near):
                return f"is that of {figure.period.label}, which the sentence does not say"
        case Role.HISTORY:
            if not named and not _is_told(mention, figure, context):
                return f"is that of {figure.period.label}, which the sentence does not name"
        case Role.CONSENSUS:
            if not {*_CONSENSUS, Said.OUTLOOK} & (said | mention.around) and not (
                mention.link == "versus" and _CONSENSUS & mention.setting.said
            ):
                return "is the consensus, which the sentence does not say"
            if not is_named(mention.setting.labels_said, figure.period) and any(
                is_named(mention.setting.labels_said, p) for p in context.expected(figure)
            ):
                return f"is the consensus for {figure.period.label}"
            if not _CONSENSUS & mention.setting.said and (Said.GUIDANCE in mention.setting.said or mention.setting.is_managements):
                return "is what analysts expect, not what the company does"
        case Role.GUIDANCE:
            return _not_guidance(mention, figure)
    return None


def basis(mention: Mention, figure: Figure, context: Context) -> str | None:
    said = mention.bases
    adjusted = figure.metric.basis == "adjusted" or figure.basis is Basis.ADJUSTED
    if BasisWord.ADJUSTED in said and not adjusted and figure.metric.basis == "reported":
        return "is not adjusted"
    if BasisWord.GAAP in said and adjusted and BasisWord.ADJUSTED not in said and figure.basis not in (Basis.GAAP, Basis.IFRS):
        return "is adjusted, not by GAAP or IFRS"
    if (
        figure.basis is Basis.ADJUSTED
        and figure.metric.basis == "reported"
        and BasisWord.ADJUSTED not in said
        and context.has_gaap_sibling(figure)
    ):
        return "is adjusted, which the sentence does not say"
    owns = {word for word, ours, growth in _COMPARABLE if figure.basis is ours or figure.metric.id == growth}
    says = {word for word, _, growth in _COMPARABLE if word in said or growth in mention.metrics}
    if owns and not says:
        told = {word for word, _, growth in _COMPARABLE if word in mention.setting.bases_said or growth in mention.setting.named}
        if owns & told and BasisWord.GAAP not in said:
            return None
        return f"is {_in_words(owns)}, which the sentence does not say"
    if says and not owns & says and not (mention.setting.is_contrast and not mention.is_strong):
        return f"is not {_in_words(says)}"
    return None


# Growth without what prices of money, or of bought companies, did to it.
_COMPARABLE = (
    (BasisWord.CONSTANT_CURRENCY, Basis.CONSTANT_CURRENCY, "constant_currency_growth"),
    (BasisWord.ORGANIC, Basis.ORGANIC, "organic_growth"),
)


def _in_words(words: set[BasisWord]) -> str:
    return " and ".join(sorted(word.value.replace("_", " ") for word in words))


def bound(mention: Mention, figure: Figure, context: Context) -> str | None:
    hedge = {Bound.MORE_THAN: Approximation.MORE_THAN, Bound.LESS_THAN: Approximation.LESS_THAN}.get(figure.bound) if figure.bound else None
    if hedge is not None and not (mention.approximator is hedge and is_printed(mention, figure.quantity, figure.scale)):
        return f"is given as '{written(figure)}' only"
    return None


def precision(mention: Mention, figure: Figure, context: Context) -> str | None:
    if is_too_precise(mention, context.finest(figure)):
        return f"is known as {written(figure)} only: fewer digits"
    return None


Rule = Callable[[Mention, Figure, Context], "str | None"]
# In the order in which a writer should hear of them.
RULES: tuple[Rule, ...] = (metric, segment, form, unit, sign, period, basis, currency, bound, precision)


# -- periods -------------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=512)
def segment_words(name: str) -> frozenset[str]:
    """The first letters of the words of a segment's slug: "North American beverages" has those of Beverages North America."""
    return frozenset(word[:5].rstrip("s") for word in name.split("_")) - {"and", "of", "region", "regio"}


def label_of(period: Period) -> PeriodLabel | None:
    """What a period's own label names."""
    return _label_in(period.label)


@lru_cache(maxsize=512)
def _label_in(text: str) -> PeriodLabel | None:
    return next((number.label for number in scan(tokenize(text), text) if number.label is not None), None)


def is_named(labels: tuple[PeriodLabel, ...], period: Period) -> bool:
    """Whether one of the labels names the period. A balance-sheet day is named by its quarter as well."""
    own = label_of(period)
    if any(_is_month(said, period) for said in labels):
        return True
    if own is None:
        return False
    if period.kind is PeriodKind.INSTANT and any(
        said.part is not None and said.month is None and said.year in (None, own.year) for said in labels
    ):
        return True
    return any(said.year is not None or said.part is not None for said in labels if _fits(said, own))


def is_compatible(labels: tuple[PeriodLabel, ...], period: Period) -> bool:
    """Whether one of the labels may mean the period. A year need only be its year; a quarter fits any balance, a day any quarter."""
    own = label_of(period)
    if any(said.month is not None and said.day is None for said in labels):
        return any(_is_month(said, period) for said in labels)
    if own is None:
        return True
    if period.kind is PeriodKind.INSTANT:
        return any(said.day is None or _fits(said, own) for said in labels)
    if period.kind is PeriodKind.YTD and any(said.part == "fy" and said.year == own.year for said in labels):
        return True
    years = {own.year, period.end.year, *([period.start.year] if period.start else [])}
    return any(said.month is not None or (said.year in (None, *years) if said.part is None else _fits(said, own)) for said in labels)


def _is_month(said: PeriodLabel, period: Period) -> bool:
    """Whether "the December quarter" or "in September" means the period: it ends then, a few days this way or that."""
    if said.month is None or said.day is not None:
        return False
    ends = {(day.year, day.month) for day in (period.end, period.end - _FEW_DAYS, period.end + _FEW_DAYS)}
    if said.part == "quarter" and period.kind not in (PeriodKind.QUARTER, PeriodKind.INSTANT):
        return False
    return any(said.month == month and said.year in (None, year) for year, month in ends)


def _fits(said: PeriodLabel, own: PeriodLabel) -> bool:
    """Whether the two agree in all that both of them say; a part must be the same."""
    pairs = ((said.year, own.year), (said.month, own.month), (said.day, own.day))
    return said.part in (None, own.part) and all(a is None or b is None or a == b for a, b in pairs)


def label(figure: Figure) -> str:
    """A figure's name within a sentence: "the y/y change of revenue", "gross margin in Q1 2025"."""
    name = figure.label if figure.segment or figure.label[:2].isupper() else figure.label[:1].lower() + figure.label[1:]
    if figure.change is not None:
        return f"the {figure.change.words} change of {name}"
    if figure.role is Role.ACTUAL:
        return name
    return f"{name} {_ROLE_WORDS.get(figure.role) or f'in {figure.period.label}'}"


_ROLE_WORDS = {Role.CONSENSUS: "as expected by consensus", Role.GUIDANCE: "as guided"}
