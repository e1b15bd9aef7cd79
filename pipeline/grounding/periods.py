"""The rule of periods: whether the sentence speaks of the time that a figure belongs to, and of the base that it is measured against.

The company's guidance and the analysts' consensus are periods here: prose sets them against "a year ago" in the same words.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from functools import lru_cache

from pipeline.facts.figures import Change, DerivedFact, Figure, written
from pipeline.facts.sheet import Period, PeriodKind, Role
from pipeline.grounding.lexicon import Approximation
from pipeline.grounding.models import Form, Mention
from pipeline.grounding.numbers import PeriodLabel
from pipeline.grounding.rule import Context
from pipeline.grounding.scan import scan
from pipeline.grounding.spellings import roots
from pipeline.grounding.tokens import tokenize
from pipeline.grounding.topics import Period as Said

# Fiscal periods end on the last Saturday or so of a month.
_FEW_DAYS = timedelta(days=7)
_CONSENSUS = frozenset((Said.CONSENSUS, Said.STREET))
_PROMISED = frozenset((Said.GUIDANCE, Said.OUTLOOK))
_PRIOR = frozenset((Said.PRIOR_YEAR, Said.PRIOR_QUARTER))
_CHANGES = frozenset((Said.YOY, Said.QOQ))
_REST_ROOTS = roots(("rest", "remaining", "remainder", "left", "leaves", "leaving", "balance", "still", "outstanding"))
# The base of a change, as prose calls it.
_BASES = {Change.YOY: Said.PRIOR_YEAR, Change.QOQ: Said.PRIOR_QUARTER}
# What speaks of an earlier level: its own words, and those of the change since.
_OWN_WORDS = {
    Role.PRIOR_YEAR: frozenset((Said.PRIOR_YEAR, Said.YOY)),
    Role.PRIOR_QUARTER: frozenset((Said.PRIOR_QUARTER, Said.QOQ)),
}
# What says by itself when an earlier level was; the words of a change count only by the number.
_BASE_WORD = {Role.PRIOR_YEAR: Said.PRIOR_YEAR, Role.PRIOR_QUARTER: Said.PRIOR_QUARTER}


def period(mention: Mention, figure: Figure, context: Context) -> str | None:
    """The rule."""
    return _of_change(mention, figure, context) if figure.change is not None else _of_level(mention, figure, context)


# -- changes -------------------------------------------------------------------------------------------------------------------


def _of_change(mention: Mention, figure: Figure, context: Context) -> str | None:
    change, said, setting = figure.change, mention.periods, mention.setting
    assert change is not None
    if change not in _BASES and not _CONSENSUS & (said | setting.said):
        return "is measured against consensus, which the sentence does not say"
    if _is_against_words(change, said):
        return f"is measured {change.words}, not as the sentence says"
    if figure.role is Role.GUIDANCE and (reason := _not_guidance(mention, figure)) is not None:
        return reason
    if figure.role is Role.HISTORY and not _tells_of(mention, figure, context):
        return f"is that of {figure.period.label}, which the sentence does not name"
    if figure.role is Role.ACTUAL and _is_of_other_base(mention, change, context):
        return f"is measured {change.words}, not as the sentence says"
    base = figure.base if isinstance(figure, DerivedFact) else None
    if _is_told_by_segment(mention, figure):
        return None
    if _is_of_other_label(mention, (figure.period,) if base is None else (figure.period, base.period)):
        return f"is that of {figure.period.label}"
    if _is_untold_part_of_year(mention, figure):
        return f"is that of {figure.period.label}, which the sentence does not say"
    if Said.YTD in said and figure.period.kind is PeriodKind.QUARTER and not is_named(_parts(mention.labels), figure.period):
        return "is that of the quarter, not of the year to date"
    return None


def _is_against_words(change: Change, said: Collection[Said]) -> bool:
    """Whether the words by the number say that it is measured against something else."""
    match change:
        case Change.YOY:
            return (Said.QOQ in said or Said.CONSENSUS in said) and Said.YOY not in said
        case Change.QOQ:
            return (Said.YOY in said or Said.CONSENSUS in said) and Said.QOQ not in said
        case _:
            return not _CHANGES.isdisjoint(said) and _CONSENSUS.isdisjoint(said)


def _is_of_other_base(mention: Mention, change: Change, context: Context) -> bool:
    """Whether the sentence names a base ("than in the December quarter") that is not the one of the change."""
    if not mention.base_labels or change not in _BASES:
        return False
    places = {context.place(p) for p in context.facts.sheet.periods if is_named(mention.base_labels, p)} - {None}
    return bool(places) and _BASES[change] not in places


# -- levels --------------------------------------------------------------------------------------------------------------------


def _of_level(mention: Mention, figure: Figure, context: Context) -> str | None:
    said, label = mention.periods, figure.period.label
    is_over_many = mention.setting.is_average or mention.setting.is_sum
    if is_over_many and len(set(mention.labels)) > 1 and not _is_as_long(mention.setting.spans, figure.period):
        return f"is that of {label} alone, not of all the periods that the sentence adds up"
    if _is_told_by_segment(mention, figure):
        return None
    if is_rest_of_year(figure):
        return None if mention.is_rest else _not_rest(mention, figure)
    if _is_of_other_label(mention, (figure.period,)):
        return f"is that of {label}"
    if Said.YTD in said and figure.period.kind is PeriodKind.QUARTER and not is_named(_parts(mention.labels), figure.period):
        return "is that of the quarter, not of the year to date"
    if Said.ANNUAL in said and figure.period.kind in (PeriodKind.QUARTER, PeriodKind.YTD):
        return f"is that of {label}, not of the full year"
    if _is_untold_part_of_year(mention, figure):
        return f"is that of {label}, which the sentence does not say"
    match figure.role:
        case Role.ACTUAL | Role.MARKET:
            return _of_present(mention, figure, context)
        case Role.PRIOR_YEAR | Role.PRIOR_QUARTER:
            return _of_prior(mention, figure)
        case Role.HISTORY:
            is_named_or_told = is_named(mention.labels, figure.period) or _tells_of(mention, figure, context)
            return None if is_named_or_told else f"is that of {label}, which the sentence does not name"
        case Role.CONSENSUS:
            return _of_consensus(mention, figure, context)
        case Role.GUIDANCE:
            return _not_guidance(mention, figure)


def _not_rest(mention: Mention, figure: Figure) -> str | None:
    """Why what guidance leaves may not be told so: whoever says it as the year's own guidance says another number."""
    if not _REST_ROOTS & mention.setting.words and not any(label.part in ("h2", "q4") for label in mention.setting.labels_said):
        return f"is what guidance leaves for the rest of {figure.period.label}, which the sentence does not say"
    return _not_guidance(mention, figure)


def _of_present(mention: Mention, figure: Figure, context: Context) -> str | None:
    """Why what was reported may not be told so."""
    said = mention.periods
    if mention.is_expected or mention.is_awaited:
        return "is what was reported, not what was expected"
    if _PRIOR & said and not _CHANGES & said:
        return f"is that of {figure.period.label}, not of an earlier period"
    is_ahead = mention.setting.is_modal or mention.setting.is_future or bool(_PROMISED & mention.setting.said)
    if mention.form is Form.BASE and not is_ahead and (base := context.base_of(figure)) is not None:
        origin = f"{written(base)} in {base.period.label}"
        return f"is where it stands in {figure.period.label}, not where it came from: the base is {origin}"
    return None


def _of_prior(mention: Mention, figure: Figure) -> str | None:
    """Why the level of a year or a quarter ago may not be told so: no word of the sentence, or the wrong one, says when."""
    said, is_of_year = mention.periods, figure.role is Role.PRIOR_YEAR
    own = _OWN_WORDS[figure.role]
    other = _OWN_WORDS[Role.PRIOR_QUARTER if is_of_year else Role.PRIOR_YEAR]
    if other & said and not own & said:
        return f"is that of {figure.period.label}, not of the period that the sentence names"
    is_beyond = mention.approximator in (Approximation.MORE_THAN, Approximation.LESS_THAN)
    is_target = mention.setting.is_modal and (mention.link == "to" or is_beyond)
    is_compared = mention.link in ("from", "versus") or mention.form is Form.BASE
    labels = (*mention.labels, *mention.labels_around)
    if is_of_year:
        # "First-quarter capex" is this year's.
        labels = tuple(label for label in labels if label.year is not None)
    is_placed = bool(own & said) or _BASE_WORD[figure.role] in mention.around or is_named(labels, figure.period)
    is_placed = is_placed or _is_stretch_of(labels, figure.period, mention.setting.spans)
    if mention.is_expected or not (is_compared or is_target or is_placed):
        return f"is that of {figure.period.label}, which the sentence does not say"
    return None


def _of_consensus(mention: Mention, figure: Figure, context: Context) -> str | None:
    """Why what analysts expect may not be told so."""
    setting = mention.setting
    is_set_against = mention.link == "versus" and not _CONSENSUS.isdisjoint(setting.said)
    is_said = not {*_CONSENSUS, Said.OUTLOOK}.isdisjoint(mention.periods | mention.around)
    if not is_said and not is_set_against:
        return "is the consensus, which the sentence does not say"
    names_another = any(is_named(setting.labels_said, p) for p in context.expected(figure))
    if names_another and not is_named(setting.labels_said, figure.period):
        return f"is the consensus for {figure.period.label}"
    if not _CONSENSUS & setting.said and (Said.GUIDANCE in setting.said or setting.is_managements):
        return "is what analysts expect, not what the company does"
    return None


# -- what the sentence says ----------------------------------------------------------------------------------------------------


def _not_guidance(mention: Mention, figure: Figure) -> str | None:
    """Why a figure that the company only promises may not be told so. Analysts expect, the company guides."""
    setting = mention.setting
    if Said.GUIDANCE in setting.said:
        return None
    if _CONSENSUS & setting.said:
        return "is the company's guidance, not what analysts expect"
    if not setting.is_told_as_past and any(said.year is not None and is_named((said,), figure.period) for said in mention.labels):
        # A table's "Operating cash flow, FY24".
        return None
    return None if Said.OUTLOOK in setting.said or setting.is_future else "is guidance, which the sentence does not say"


def _is_of_other_label(mention: Mention, periods: Collection[Period]) -> bool:
    """Whether the number's own labels name none of the periods. A trend names all of them."""
    if not mention.labels or mention.setting.is_trend:
        return False
    return not any(is_compatible(mention.labels, own) or _is_as_long(mention.setting.spans, own) for own in periods)


def _is_untold_part_of_year(mention: Mention, figure: Figure) -> bool:
    """Whether the figure is one of the year to date, and the sentence says nothing of that."""
    if figure.period.kind is not PeriodKind.YTD or Said.YTD in mention.setting.said:
        return False
    spans = mention.setting.spans
    days = tuple(said for said in mention.setting.labels_said if said.day is None or not spans)
    return not (is_named(days, figure.period) or _is_as_long(spans, figure.period))


def _is_stretch_of(labels: Collection[PeriodLabel], period: Period, spans: Collection[int]) -> bool:
    """Whether a year and a stretch of it name the period: "over the six months, after ... in the same stretch of fiscal 2023"."""
    own = label_of(period)
    return own is not None and _is_as_long(spans, period) and any(said.part == "fy" and said.year == own.year for said in labels)


def _is_as_long(spans: Collection[int], period: Period) -> bool:
    """Whether the sentence speaks of a stretch of time as long as the period: "over 36 weeks"."""
    days = (period.end - period.start).days if period.start is not None else 0
    return any(abs(span - days) <= _FEW_DAYS.days for span in spans)


def _tells_of(mention: Mention, figure: Figure, context: Context) -> bool:
    """Whether the sentence names an earlier figure's period, or tells of several."""
    if mention.setting.is_trend or is_named(mention.setting.labels_said, figure.period):
        return True
    place = context.place(figure.period)
    if mention.link in ("from", "versus") and _CHANGES & mention.setting.said:
        # "Rose 8.6% q/q, from CNY 1,752.3m".
        return True
    said = mention.setting.said | mention.around
    if Said.YEAR_END in said and context.is_year_end(figure.period):
        return True
    if place is None:
        return figure.period.kind is PeriodKind.ANNUAL and (Said.ANNUAL in said or "year" in mention.setting.words)
    return place in said or (Said.YOY if place is Said.PRIOR_YEAR else Said.QOQ) in said


def _is_told_by_segment(mention: Mention, figure: Figure) -> bool:
    """Whether the number's year stands in the segment's name: "Against Q3 2019" is told of 2019."""
    return figure.segment is not None and any(str(said.year) in figure.segment for said in mention.labels if said.year is not None)


def is_rest_of_year(figure: Figure) -> bool:
    """Whether the figure is what guidance for a year leaves for the rest of it."""
    return isinstance(figure, DerivedFact) and figure.id.endswith(".implied_rest")


def is_told(mention: Mention, figure: Figure) -> bool:
    """Whether the sentence names an earlier level's period."""
    words = _OWN_WORDS.get(figure.role, frozenset())
    return bool(words & mention.setting.said) or is_named(mention.setting.labels_said, figure.period)


def is_spoken_of(mention: Mention, figure: Figure, context: Context) -> bool:
    """Whether the sentence speaks of the level's period, so that a reader may compute with it."""
    match figure.role:
        case Role.ACTUAL:
            return True
        case Role.PRIOR_YEAR:
            return not _OWN_WORDS[Role.PRIOR_QUARTER] & mention.periods or bool(_OWN_WORDS[Role.PRIOR_YEAR] & mention.periods)
        case Role.PRIOR_QUARTER:
            return not _OWN_WORDS[Role.PRIOR_YEAR] & mention.periods or bool(_OWN_WORDS[Role.PRIOR_QUARTER] & mention.periods)
        case Role.CONSENSUS:
            return bool(_CONSENSUS & mention.setting.said)
        case Role.GUIDANCE:
            return bool(_PROMISED & mention.setting.said)
        case Role.HISTORY:
            is_annual = figure.period.kind is PeriodKind.ANNUAL and Said.ANNUAL in mention.setting.said
            is_at_year_end = Said.YEAR_END in mention.setting.said and context.is_year_end(figure.period)
            return is_annual or is_at_year_end or is_named(mention.setting.labels_said, figure.period)
        case Role.MARKET:
            return False


# -- labels -------------------------------------------------------------------------------------------------------------------


def label_of(period: Period) -> PeriodLabel | None:
    """What a period's own label names."""
    return _label_in(period.label)


@lru_cache(maxsize=512)
def _label_in(text: str) -> PeriodLabel | None:
    return next((number.label for number in scan(tokenize(text), text) if number.label is not None), None)


def is_named(labels: tuple[PeriodLabel, ...], period: Period) -> bool:
    """Whether one of the labels names the period. A balance-sheet day is named by its quarter as well."""
    own = label_of(period)
    if any(_is_month(said, period) or _is_last_day(said, period) for said in labels):
        return True
    labels = tuple(said for said in labels if said.day is None and said.month is None)
    if own is None:
        return False
    if period.kind is PeriodKind.INSTANT and any(
        said.part is not None and said.month is None and said.year in (None, own.year) for said in labels
    ):
        return True
    return any(said.year is not None or said.part is not None for said in labels if _fits(said, own))


def is_named_or_base(labels: tuple[PeriodLabel, ...], period: Period, context: Context) -> bool:
    """Whether one of the labels names the period, or the same one a year later: the base of "grew 65.5% in FY26"."""
    later = (p for p in context.facts.sheet.periods if p.kind is period.kind and 350 <= (p.end - period.end).days <= 380)
    return bool(labels) and (is_named(labels, period) or any(is_named(labels, p) for p in later))


def _parts(labels: tuple[PeriodLabel, ...]) -> tuple[PeriodLabel, ...]:
    """The labels that name more than a year."""
    return tuple(said for said in labels if said.part is not None or said.month is not None)


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


def _is_last_day(said: PeriodLabel, period: Period) -> bool:
    """Whether a day of the text is the one on which the period ends."""
    end = period.end
    return said.day is not None and (said.month, said.day) == (end.month, end.day) and said.year in (None, end.year)


def _is_month(said: PeriodLabel, period: Period) -> bool:
    """Whether "the December quarter" or "in September" means the period: it ends then, a few days this way or that."""
    if said.month is None or said.day is not None:
        return False
    ends = {(day.year, day.month) for day in (period.end, period.end - _FEW_DAYS)}
    if said.part == "quarter" and period.kind not in (PeriodKind.QUARTER, PeriodKind.INSTANT):
        return False
    return any(said.month == month and said.year in (None, year) for year, month in ends)


def _fits(said: PeriodLabel, own: PeriodLabel) -> bool:
    """Whether the two agree in all that both of them say; a part must be the same."""
    pairs = ((said.year, own.year), (said.month, own.month), (said.day, own.day))
    return said.part in (None, own.part) and all(a is None or b is None or a == b for a, b in pairs)
