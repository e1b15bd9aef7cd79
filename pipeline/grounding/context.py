"""What a sentence says about each of its numbers: numbers -> mentions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any

from pipeline.facts.quantity import UnitClass
from pipeline.grounding import governing, lexicon, numerals, subjects
from pipeline.grounding.clauses import Clauses, Span, all_metrics_of
from pipeline.grounding.lexicon import Approximation, Direction
from pipeline.grounding.models import Form, Mention
from pipeline.grounding.names import Cue, Sort
from pipeline.grounding.numbers import Number, PeriodLabel
from pipeline.grounding.setting import Before, setting_of
from pipeline.grounding.spellings import roots
from pipeline.grounding.tokens import Token
from pipeline.grounding.topics import BasisWord, Period

_LISTING = frozenset(("and", ",", "or", "-", "–", "to", "by", "/", "|"))
# Words that say where in time a level stands, and not against what a change is measured.
_WHOSE = frozenset((Period.CONSENSUS, Period.STREET, Period.GUIDANCE, Period.OUTLOOK))
_PLACES_IN_TIME = _WHOSE | {Period.PRIOR_YEAR, Period.PRIOR_QUARTER, Period.YTD}
_TIMES = frozenset((Period.YOY, Period.QOQ, Period.PRIOR_YEAR, Period.PRIOR_QUARTER))
_TO = frozenset(("with", "to", "last", "this", "level", "levels", "quarter"))
_COMPARED = frozenset(("compared", "against", "versus", "relative"))
_SUBJECTS = frozenset((Sort.METRIC, Sort.FAMILY, Sort.BASIS, Sort.SEGMENT, Sort.SHORT_SEGMENT, Sort.PART_SEGMENT))
_BESIDE = frozenset(("below", "above", "than", "versus", "against"))
_LISTED = frozenset(("of", "'s", ":", "(", "at"))
_CLOSE = 2
# Units that are said once: "141 days on hand versus 103 a year ago".
_NAMELESS = frozenset((UnitClass.DAYS, UnitClass.MULTIPLE, UnitClass.COUNT, UnitClass.SHARES))
_RATES = frozenset((UnitClass.PERCENT, UnitClass.POINTS))
_FROM_TO = frozenset(("to", ",", "(", ")", "at", "in", "on"))


class Sentence:
    """One sentence of a text; `before` is what the one before it speaks of."""

    def __init__(
        self, text: str, tokens: Sequence[Token], span: Span, numbers: Sequence[Number], cues: Sequence[Cue], before: Before
    ) -> None:
        self.text, self.tokens, self.numbers, self.before = text, tokens, numbers, before
        self.clauses = Clauses(tokens, span, numbers, cues)
        negatives = (at for at in range(*span) if tokens[at].low in lexicon.NEGATIVES)
        self._first_negative = next(negatives, span[1])

    @property
    def topics(self) -> Before:
        """What it speaks of, for the sentence behind it."""
        return Before(
            all_metrics_of(self.clauses.metrics) or self.before.metrics,
            self.clauses.named_segments,
            roots(self.clauses.lows),
        )

    def mentions(self) -> list[Mention]:
        """The sentence's numbers, in order."""
        setting = setting_of(self.clauses, self.numbers, self.before)
        figures: list[Mention] = []
        for number in self.clauses.figures:
            mention = Mention(setting=setting, **self._written(number), **self._in_context(number, len(figures)))
            figures.append(self._carried(mention, figures))
        for order in reversed(range(len(figures) - 1)):
            figures[order] = self._ahead(figures[order], figures[order + 1], order)
        stated = iter(figures)
        return [Mention(**self._written(number)) if number.kind is not None else next(stated) for number in self.numbers]

    def _ahead(self, mention: Mention, after: Mention, order: int) -> Mention:
        """What stands behind a range's second end, or the last of a list, holds for those before: "4% and 32% less than last year"."""
        if mention.range_with == (after.start, after.end):
            return _of_period(
                replace(_like(mention, after), wholes=mention.wholes or after.wholes, around=mention.around | after.around), after
            )
        between = self.clauses.plain_words(self.clauses.gap(order + 1))
        is_list = (
            mention.unit is after.unit and between <= _LISTING and after.link == "" and self._keeps_subject(order + 1, only_between=True)
        )
        if is_list and mention.direction is None and mention.form is None:
            periods = mention.periods or (after.periods if after.form is Form.CHANGE else frozenset())
            return replace(_like(mention, after), wholes=mention.wholes or after.wholes, periods=periods)
        return mention

    def _written(self, number: Number) -> dict[str, Any]:
        """The number as it is written."""
        start, end = self._span(number)
        return dict(  # noqa: C408 - as the fields of a mention
            text=self.text[start:end],
            start=start,
            end=end,
            value=number.value,
            interval=number.interval,
            step=number.step,
            places=number.places,
            unit=number.unit,
            currencies=number.currencies,
            is_scaled=number.is_scaled,
            sign=number.sign,
            kind=number.kind,
            problem=number.problem,
            label=number.label,
            noun=number.noun,
            range_with=self._span(number.partner) if number.partner else None,
        )

    def _span(self, number: Number) -> Span:
        return self.tokens[number.first].start, self.tokens[number.last - 1].end

    def _in_context(self, number: Number, order: int) -> dict[str, Any]:
        """What the gaps around a number say of it."""
        clauses = self.clauses
        left, right = clauses.left(order), clauses.right(order)
        governor = governing.governor(clauses, number, order)
        behind = governing.following(clauses, order)
        way = governing.direction(clauses, governor, behind, number, order)
        form = governing.form(clauses, number, order, governor, behind, way)
        metrics, wholes, is_certain, is_strong = subjects.metrics(clauses, number, order, governor, self.before.metrics)
        is_loss = subjects.is_loss(clauses, number, order)
        around, labels_around = self._around(number)
        is_money = number.unit is UnitClass.PER_SHARE or (number.unit is UnitClass.MONEY and not is_certain)
        if way is not None and way.phrase in lexicon.LOSS_VERBS and is_money:
            # "Lost $0.16 per share" is a level, and a negative one; "lost $98.7m more than a year before" is how the loss grew.
            way, form, is_loss = behind, Form.CHANGE if behind is not None else Form.LEVEL, True
        return dict(  # noqa: C408 - as the fields of a mention
            form=form,
            direction=way.value if way else Direction.UP if number.is_change and number.sign > 0 else None,
            direction_word=way.phrase if way else "",
            approximator=governor.approximator or self._open_ended(number),
            link=governor.link,
            is_expected=governor.is_expected,
            periods=self._periods(left, right, form, way),
            around=around,
            labels_around=labels_around,
            labels=self._labels(left, right),
            base_labels=self._base_labels(right[1]),
            bases=frozenset((*clauses.said(Sort.BASIS, right), *clauses.said(Sort.BASIS, left))) or self._leading_basis(number),
            metrics=metrics,
            wholes=wholes,
            is_certain=is_certain,
            is_strong=is_strong,
            segments=subjects.segments(clauses, number, order),
            is_segment_certain=subjects.is_segment_certain(clauses, number, order),
            is_loss=is_loss,
            may_be_negative=self.clauses.is_net_cash or self._first_negative < min(right[1], number.last + 4),
            is_awaited=governor.link in ("", "level", "to") and way is None and self._is_awaited(left),
            is_bracketed=clauses.start_of(number) < number.first,
            is_extra=any(clauses.low(at) in lexicon.EXTRA for at in (*range(*left)[-3:], *range(*right)[:4])),
            is_rest=any(clauses.low(at) in lexicon.RESTS for at in range(*left)),
        )

    def _open_ended(self, number: Number) -> Approximation | None:
        """What stands right behind a number and opens its end: "14k+", "$500m-plus", "200 or more"."""
        behind = [self.clauses.low(at) for at in range(number.last, min(number.last + 2, self.clauses.last))]
        is_plus = behind[:1] == ["+"] and self.tokens[number.last].touches
        return Approximation.MORE_THAN if is_plus or behind in (["-", "plus"], ["or", "more"], ["plus", ","]) else None

    def _is_awaited(self, left: Span) -> bool:
        clauses = self.clauses
        lows = [clauses.low(at) for at in range(*left)]
        verbs = [n for n, low in enumerate(lows) if low in lexicon.EXPECTING]
        nouns = [n for n, low in enumerate(lows) if low in lexicon.EXPECTATIONS and lows[n + 1 : n + 2] == ["for"]]
        return any(
            not any(low in lexicon.SEPARATORS or lexicon.LINKS.get(low) in ("from", "versus") for low in lows[places[-1] :])
            for places in (verbs, nouns)
            if places
        )

    def _last_place(self, span: Span) -> int:
        return max((cue.last for cue in self.clauses.inside(Sort.PERIOD, span)), default=span[0])

    def _labels(self, left: Span, right: Span) -> tuple[PeriodLabel, ...]:
        """The periods that the words by a number name: those behind it first, and where they name none, those before it."""
        clauses = self.clauses
        if found := clauses.labels(right):
            return found
        if not _TIMES.isdisjoint(clauses.said(Sort.PERIOD, right)):
            return clauses.labels(clauses.heading)
        cuts = [at for at in range(*left) if clauses.low(at) in _BESIDE]
        inside = (cuts[-1], left[1]) if cuts else left
        if inside[0] > clauses.first and (opened := self._opened_by_from(inside)):
            # "Gained 12% from Q2 to stand at $48.4bn": the quarter is where the 12% began.
            inside = opened, inside[1]
        return clauses.labels(inside) or clauses.labels(clauses.heading)

    def _opened_by_from(self, span: Span) -> int | None:
        """Behind the first period of a span, if "from" opens it and more than fillers follow it."""
        at = next((n for n in range(*span) if n in self.clauses.label_at), None)
        if at is None or not self._is_compared(at):
            return None
        last = self.clauses.label_at[at].last
        return last if not self.clauses.plain_words((last, span[1])) <= _LISTED else None

    def _base_labels(self, at: int) -> tuple[PeriodLabel, ...]:
        """The period behind a comparison that follows the number: "5% higher than in the December quarter"."""
        clauses = self.clauses
        if clauses.low(clauses.first) in _COMPARED:
            at = clauses.first
        since = [n.label for n in self.numbers if n.label is not None and clauses.is_since(n)]
        if since:
            return tuple(since)
        if at >= clauses.last or lexicon.LINKS.get(clauses.low(at)) not in ("from", "versus"):
            return ()
        while at < clauses.last and at not in clauses.label_at:
            if not (clauses.low(at) in lexicon.FILLERS or clauses.low(at) in lexicon.LINKS or clauses.low(at) in _TO):
                return ()
            at += 1
        label = clauses.label_at[at].label if at < clauses.last else None
        return (label,) if label is not None else ()

    def _leading_basis(self, number: Number) -> frozenset[BasisWord]:
        """ "On a non-GAAP basis, ..." holds to the end of its sentence, or until another basis is named."""
        clauses = self.clauses
        cues = [cue for cue in clauses.cues if cue.sort is Sort.BASIS and cue.last <= number.first]
        opens = bool(cues) and len({cue.value for cue in cues}) == 1 and cues[0].first - clauses.first <= 2
        return frozenset((cues[0].value,)) if opens and clauses.low(clauses.first) in ("on", "in", "at", "excluding") else frozenset()

    def _periods(self, left: Span, right: Span, form: Form | None, way: Cue | None) -> frozenset[Period]:
        """What the words behind the number say; those before it only where the ones behind are silent, and the heading last."""
        clauses = self.clauses
        near = clauses.said(Sort.PERIOD, clauses.before_verb(right) if form is Form.LEVEL else right)
        if near and right[1] - self._last_place(right) <= _CLOSE and any(number.first == right[1] for number in clauses.figures):
            # "Replaced a year-ago loss of $1.34 billion": the period is the next figure's.
            near = [period for period in near if period not in (Period.PRIOR_YEAR, Period.PRIOR_QUARTER)]
        found = frozenset(near or clauses.said(Sort.PERIOD, left) or clauses.said(Sort.PERIOD, clauses.heading))
        if form is not Form.LEVEL and way is not None and way.phrase in lexicon.AGAINST_CONSENSUS:
            # "Missed by 0.4%" is against consensus though nobody says so.
            found |= {Period.STREET}
        return found

    def _around(self, number: Number) -> tuple[frozenset[Period], tuple[PeriodLabel, ...]]:
        """The nearest period said before a number, wherever in the sentence, and the nearest behind it that no comparison opens."""
        places: list[tuple[int, int, Period | PeriodLabel]] = [
            (cue.first, cue.last, cue.value) for cue in self.clauses.cues if cue.sort is Sort.PERIOD and cue.value in _PLACES_IN_TIME
        ]
        places += [(other.first, other.last, other.label) for other in self.numbers if other.label is not None]
        before = [place for place in places if place[1] <= number.first]
        whose = [place for place in before if place[2] in _WHOSE]
        behind = [
            p for p in places if p[0] >= number.last and p[2] not in _WHOSE and not self._is_compared(p[0]) and not self._is_next(p[1])
        ]
        end = next((at for at in range(number.last, self.clauses.last) if self.clauses.low(at) in (";", "|")), self.clauses.last)
        behind = [p for p in behind if p[0] < end]
        near = [*sorted(before, key=itemgetter(0))[-1:], *sorted(whose, key=itemgetter(0))[-1:], *sorted(behind, key=itemgetter(0))[:1]]
        values = [value for _, _, value in near]
        return frozenset(v for v in values if isinstance(v, Period)), tuple(v for v in values if isinstance(v, PeriodLabel))

    def _is_next(self, at: int) -> bool:
        """Whether a figure stands right behind a period, so that the period is its own: "Q1 2025 16.2%"."""
        while at < self.clauses.last and self.clauses.low(at) in (":", "'", "-"):
            at += 1
        return at in self.clauses.starts

    def _is_compared(self, at: int) -> bool:
        """Whether a comparison opens the phrase at a token: "from the first quarter", "against last year"."""
        clauses = self.clauses
        while at > clauses.first and (clauses.low(at - 1) in lexicon.FILLERS or clauses.low(at - 1) in numerals.MONTHS):
            at -= 1
        return at > clauses.first and lexicon.LINKS.get(clauses.low(at - 1)) in ("from", "versus")

    # -- what a number takes over from the ones before ------------------------------------------------------------------------------

    def _carried(self, mention: Mention, earlier: Sequence[Mention]) -> Mention:
        """ "Down 3.4 points y/y and 0.8 points q/q": the second number goes down too. So do the ends of ranges, and bases of growth."""
        if not earlier:
            return mention
        order, before = len(earlier), earlier[-1]
        if not mention.bases and before.bases and self._keeps_subject(order):
            mention = replace(mention, bases=before.bases)
        has_own = mention.is_segment_certain or any(
            cue.first >= self.clauses.right(order)[0] and cue.last <= self.clauses.right(order)[1] for cue in self.clauses.segments
        )
        gap = range(*self.clauses.gap(order))
        is_whole = [self.clauses.low(at) for at in gap] in (["of"], ["out", "of"])
        owns_metric = is_whole or bool(self.clauses.inside(Sort.METRIC, self.clauses.right(order)))
        if before.is_segment_certain and not has_own and not owns_metric and self._keeps_subject(order, only_between=True):
            mention = replace(mention, segments=before.segments, is_segment_certain=True)
        if before.is_loss and before.form is Form.CHANGE and mention.form is Form.CHANGE and self._keeps_subject(order, only_between=True):
            mention = replace(mention, is_loss=True)
        is_share = before.unit is mention.unit is UnitClass.PERCENT and mention.direction is None and mention.form is not Form.CHANGE
        if is_share and before.wholes and not mention.wholes and not any(self.clauses.inside(Sort.METRIC, self.clauses.gap(order))):
            # "Rooms were a quarter of net revenue and casinos forty-three percent".
            mention = replace(mention, wholes=before.wholes)
        between = self.clauses.plain_words(self.clauses.gap(order))
        if before.link == "from" and mention.link == "to" and between <= _FROM_TO:
            mention = self._moved(replace(mention, from_with=(before.start, before.end)), order - 1)
        mention = _in_unit(mention, earlier, is_same_in_other_unit="or" in between)
        if mention.range_with == (before.start, before.end):
            hedge = mention.approximator or before.approximator
            mention = replace(mention, form=before.form, approximator=hedge, is_expected=before.is_expected)
            return _of_period(_like(mention, before), before)
        if mention.range_with is not None and between == {"("}:
            # "Consensus of $1.61 ($1.50 to $1.67)": the range is that of the number before it.
            return _of_period(mention, before)
        if mention.link in ("from", "versus") and before.direction_word in lexicon.RATE_NOUNS and mention.unit is before.unit:
            return replace(mention, form=Form.CHANGE, direction=before.direction, direction_word=before.direction_word)
        if not between <= _LISTING or mention.link not in ("", "by"):
            return mention
        alike = next((other for other in reversed(earlier[-governing.REACH :]) if other.unit is mention.unit), None)
        if mention.wholes:
            # "..., or 5% of revenue": a share takes over when, and not how it moved.
            return _of_period(mention, before) if "or" in between else mention
        if "or" in between:
            # "Missed by CNY 11m, or 0.4%": the same said in another unit.
            return _of_period(_like(mention, before), before) if alike is None else _like(mention, alike)
        if alike is before:
            return _like(mention, before)
        # "EPS slid 31% from $2.40, net income 31.8% from $36.3bn": the verb is said once.
        return _like(mention, alike) if alike is not None and alike.form is Form.CHANGE and mention.unit in _RATES else mention

    def _keeps_subject(self, order: int, *, only_between: bool = False) -> bool:
        """Whether nothing new is named between a figure and the one before: no metric, no basis, no new thought."""
        clauses, span = self.clauses, self.clauses.gap(order)
        new = any(span[0] <= cue.first < span[1] and cue.sort in _SUBJECTS for cue in clauses.cues)
        behind = clauses.inside(Sort.BASIS, clauses.right(order)) or clauses.inside(Sort.METRIC, clauses.right(order))
        if any(clauses.low(at) in lexicon.BREAKS or clauses.low(at) in lexicon.REPORTED for at in range(*span)):
            return False
        return not new and (only_between or not behind)

    def _moved(self, mention: Mention, order: int) -> Mention:
        """The second number of "fell from 16.2% to 12.8%" with the verb that stands before the first."""
        cues = self.clauses.inside(Sort.DIRECTION, self.clauses.gap(order))
        if mention.direction is not None or not cues:
            return mention
        verbs = [cue for cue in cues if cue.phrase not in lexicon.ADJACENT_ONLY] or cues
        return replace(mention, direction=verbs[-1].value, direction_word=verbs[-1].phrase)


def _in_unit(mention: Mention, earlier: Sequence[Mention], *, is_same_in_other_unit: bool) -> Mention:
    """The mention in a unit that was said once: "$1.40 per share, against $3.06", "141 days on hand versus 103 a year ago"."""
    if mention.is_scaled:
        return mention
    before = earlier[-1]
    if mention.unit is UnitClass.MONEY:
        # "$1.30 billion, or $2.93 per share, compared with $1.35 billion, or $3.04".
        is_paired = is_same_in_other_unit and mention.link == "" and any(other.unit is UnitClass.PER_SHARE for other in earlier)
        is_compared = mention.link in ("from", "versus") and before.unit is UnitClass.PER_SHARE
        return replace(mention, unit=UnitClass.PER_SHARE) if is_paired or is_compared else mention
    is_bare = mention.unit is None and before.unit in _NAMELESS and mention.link in ("from", "versus", "to")
    return replace(mention, unit=before.unit) if is_bare else mention


def _like(mention: Mention, other: Mention) -> Mention:
    """The mention with the form and the direction of another where it has none of its own."""
    return replace(
        mention,
        form=mention.form or other.form,
        direction=mention.direction or other.direction,
        direction_word=mention.direction_word or other.direction_word,
    )


def _of_period(mention: Mention, other: Mention) -> Mention:
    """The mention with the period and the basis of another where it has none of its own."""
    return replace(
        mention, periods=mention.periods or other.periods, labels=mention.labels or other.labels, bases=mention.bases or other.bases
    )
