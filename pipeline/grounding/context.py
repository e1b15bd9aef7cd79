"""What a sentence says about each of its numbers.

The numbers that are figures cut a sentence into gaps. What stands in a gap belongs to the number before it up to the
first separator (a comma, "and", "from", ...), and to the number after it from there on; without a separator, to both:
in "0.4% below consensus of CNY 2,715m" the word consensus speaks of either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline.facts.quantity import UnitClass
from pipeline.facts.vocabulary import vocabulary
from pipeline.grounding import lexicon
from pipeline.grounding.lexicon import Approximation, Direction, Period
from pipeline.grounding.models import Form, Mention
from pipeline.grounding.names import Cue, Sort
from pipeline.grounding.numbers import Number, PeriodLabel
from pipeline.grounding.tokens import Token

# How far the words that govern a number may stand from it.
_REACH = 14
_STRANGERS = 2
_EXPECTED = frozenset((Period.CONSENSUS, Period.STREET, Period.GUIDANCE, Period.OUTLOOK))
_LISTING = frozenset(("and", ",", "or", "-", "–", "to", "by", "/", "|"))
# "Climb above 16.2%" speaks of a level, whatever the verb.
_PLACES = frozenset(("above", "below", "under"))
_PREPOSITIONS = frozenset("above below over under ahead behind short of higher lower more less better worse than".split())


@dataclass(slots=True)
class _Governor:
    """The words right before a number: the link, the hedge, and the direction that they give it."""

    link: str = ""
    approximator: Approximation | None = None
    direction: Cue | None = None
    is_noun: bool = False
    metrics: list[Cue] = field(default_factory=list)
    periods: list[Period] = field(default_factory=list)
    at: int = 0


class Sentence:
    """One sentence: its tokens, numbers and phrases. `inherited` is the subject of the sentence before."""

    def __init__(
        self, text: str, tokens: Sequence[Token], span: tuple[int, int], numbers: Sequence[Number], cues: Sequence[Cue], inherited: tuple[str, ...]
    ) -> None:
        self.text, self.tokens, self.numbers, self.inherited = text, tokens, numbers, inherited
        self.first, self.last = span
        taken = {at for number in numbers for at in range(number.first, number.last) if number.label is None}
        hidden = {at for cue in cues if cue.sort is Sort.IDIOM for at in range(cue.first, cue.last)}
        self.cues = [cue for cue in cues if not (cue.sort is Sort.DIRECTION and cue.first in hidden) and not any(at in taken for at in range(cue.first, cue.last))]
        self.figures = [number for number in numbers if number.kind is None]
        self._covering: dict[int, Cue] = {}
        for cue in self.cues:
            if cue.sort not in (Sort.DIRECTION, Sort.APPROXIMATION, Sort.IDIOM):
                for at in range(cue.first, cue.last):
                    known = self._covering.get(at)
                    if known is None or known.last - known.first < cue.last - cue.first:
                        self._covering[at] = cue
        self._ending = {(cue.last, cue.sort): cue for cue in self.cues}
        self._label_at = {at: number for number in numbers if number.label is not None for at in range(number.first, number.last)}
        self.metric_cues = self._metric_cues()
        self._heading = self._heading_span()
        self.subject: tuple[str, ...] = tuple(dict.fromkeys(name for cue in self.metric_cues for name in metrics_of(cue)))

    def _metric_cues(self) -> list[Cue]:
        """Metric phrases, and loose words ("margins") where no metric phrase covers them."""
        exact = [cue for cue in self.cues if cue.sort is Sort.METRIC and not self._is_basis_phrase(cue)]
        covered = {at for cue in exact for at in range(cue.first, cue.last)}
        loose = [cue for cue in self.cues if cue.sort is Sort.FAMILY and cue.first not in covered]
        return sorted(exact + loose, key=lambda cue: cue.first)

    def _heading_span(self) -> tuple[int, int]:
        """What stands before the sentence's colon, if no figure does: "Consensus: revenue of ..., EPS of ..."."""
        for at in range(self.first, self.figures[0].first if self.figures else self.first):
            if self.tokens[at].low == ":":
                return self.first, at
        return self.first, self.first

    def _is_basis_phrase(self, cue: Cue) -> bool:
        """"In constant currency" says how a metric is measured, and not which."""
        return any(other.sort is Sort.BASIS and (other.first, other.last) == (cue.first, cue.last) for other in self.cues)

    # -- all mentions ----------------------------------------------------------------------------------------------------------

    def mentions(self) -> list[Mention]:
        said = frozenset(cue.value for cue in self.cues if cue.sort is Sort.PERIOD)
        labels_said = tuple(number.label for number in self.numbers if number.label is not None)
        named = self.subject
        named_segments = tuple(dict.fromkeys(cue.value for cue in self.cues if cue.sort is Sort.SEGMENT))
        is_modal = any(self.tokens[at].low in lexicon.MODAL for at in range(self.first, self.last))
        found: list[Mention] = []
        order = 0
        earlier: list[Mention] = []
        for number in self.numbers:
            mention = self._bare(number)
            if number.kind is None:
                mention = replace(mention, said=said, labels_said=labels_said, named=named, named_segments=named_segments, is_modal=is_modal)
                mention = self._in_context(mention, number, order, earlier)
                earlier.append(mention)
                order += 1
            found.append(mention)
        return found

    def _bare(self, number: Number) -> Mention:
        start, end = self.tokens[number.first].start, self.tokens[number.last - 1].end
        partner = number.partner
        return Mention(
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
            range_with=(self.tokens[partner.first].start, self.tokens[partner.last - 1].end) if partner else None,
        )

    def _in_context(self, mention: Mention, number: Number, order: int, earlier: Sequence[Mention]) -> Mention:
        left, right = self._left(order), self._right(order)
        governor = self._governor(number, order)
        following = self._following(number, order)
        direction = self._direction(governor, following, number, order)
        form = self._form(number, governor, following, direction, order)
        is_loss = self._is_loss(number, order)
        if direction is not None and direction.phrase in lexicon.LOSS_VERBS and number.unit is UnitClass.PER_SHARE:
            direction, form, is_loss = None, Form.LEVEL, True
        metrics, wholes, certain = self._metrics(number, governor, order)
        near = self._attached(Sort.PERIOD, self._before_verb(right) if form is Form.LEVEL else right, left)
        mention = replace(
            mention,
            form=form,
            direction=direction.value if direction else Direction.UP if number.is_change and number.sign > 0 else None,
            direction_word=direction.phrase if direction else "",
            approximator=governor.approximator,
            link=governor.link,
            is_expected=bool({Period.CONSENSUS, Period.GUIDANCE} & set(governor.periods)) and governor.link in ("level", "") and self._link_word(governor) != "at",
            periods=frozenset(near or self._attached(Sort.PERIOD, self._heading, self._heading)) | (self._beaten(direction) if form is not Form.LEVEL else frozenset()),
            labels=self._labels(right) or self._labels(left) or self._labels(self._heading),
            bases=frozenset(self._attached(Sort.BASIS, right, left, both=True)),
            metrics=metrics,
            segments=self._segments(number, order),
            is_segment_certain=self._is_segment_certain(number, order),
            wholes=wholes,
            is_certain=certain,
            is_loss=is_loss,
        )
        return self._carried(mention, order, earlier)

    # -- gaps ----------------------------------------------------------------------------------------------------------------

    def _gap(self, order: int) -> tuple[int, int]:
        """The tokens before figure `order`, back to the figure before it."""
        start = self.figures[order - 1].last if order > 0 else self.first
        end = self.figures[order].first if order < len(self.figures) else self.last
        return start, max(start, end)

    def _split(self, order: int) -> int | None:
        """The first separator in the gap before figure `order`; None where nothing separates."""
        start, end = self._gap(order)
        for at in range(start, end):
            if self.tokens[at].low in lexicon.SEPARATORS and at not in self._covering and at not in self._label_at:
                return at
        return None

    def _left(self, order: int) -> tuple[int, int]:
        start, end = self._gap(order)
        split = self._split(order) if order > 0 else None
        return (start if split is None else split, end)

    def _right(self, order: int) -> tuple[int, int]:
        start, end = self._gap(order + 1)
        split = self._split(order + 1)
        return (start, end if split is None else split)

    def _inside(self, sort: Sort, span: tuple[int, int]) -> list[Cue]:
        return [cue for cue in self.cues if cue.sort is sort and span[0] <= cue.first and cue.last <= span[1]]

    def _attached(self, sort: Sort, right: tuple[int, int], left: tuple[int, int], *, both: bool = False) -> list[Any]:
        """What the words behind a number say; those before it only where the ones behind are silent."""
        behind = [cue.value for cue in self._inside(sort, right) if not self._in_metric(cue)]
        before = [cue.value for cue in self._inside(sort, left) if not self._in_metric(cue)]
        return behind + before if both else behind or before

    def _before_verb(self, span: tuple[int, int]) -> tuple[int, int]:
        """The part of a span before its first direction word: what "of $1.65 beat consensus" says of the $1.65."""
        return span[0], min((cue.first for cue in self._inside(Sort.DIRECTION, span)), default=span[1])

    def _in_metric(self, cue: Cue) -> bool:
        """Whether the phrase is part of a metric's name ("adjusted EBITDA margin") and says nothing of its own."""
        covering = self._covering.get(cue.first)
        return covering is not None and covering.sort is Sort.METRIC and covering.last - covering.first > cue.last - cue.first

    def _labels(self, span: tuple[int, int]) -> tuple[PeriodLabel, ...]:
        return tuple(n.label for n in self.numbers if n.label is not None and span[0] <= n.first and n.last <= span[1])

    def _beaten(self, direction: Cue | None) -> frozenset[Period]:
        """"Missed by 0.4%" is against consensus though nobody says so."""
        if direction is not None and direction.phrase in lexicon.AGAINST_CONSENSUS:
            return frozenset((Period.STREET,))
        return frozenset()

    def _link_word(self, governor: _Governor) -> str:
        return self.tokens[governor.at].low if governor.link else ""

    # -- the words that govern a number ------------------------------------------------------------------------------------------

    def _governor(self, number: Number, order: int) -> _Governor:
        """Walk left from the number over fillers and phrases to the word that ties it to its sentence."""
        start, _ = self._gap(order)
        found = _Governor()
        at = number.first - 1
        floor = max(start, at - _REACH)
        while at >= floor:
            low = self.tokens[at].low
            if (hedge := self._ending.get((at + 1, Sort.APPROXIMATION))) is not None and hedge.first >= floor and not found.link and not found.metrics:
                if not self._is_preposition_of_previous(hedge, order):
                    found.approximator = found.approximator or hedge.value
                    if hedge.phrase.split()[-1] in _PLACES:
                        found.link, found.at = "versus", at
                    at = hedge.first - 1
                    continue
                found.link, found.at = "versus", at
                return found
            if (cue := self._ending.get((at + 1, Sort.DIRECTION))) is not None and cue.first >= floor:
                found.direction = cue
                found.is_noun = cue.phrase in lexicon.CHANGE_NOUNS
                return found
            if not found.link and low in lexicon.LINKS and at not in self._label_at and not self._inner(at):
                found.link, found.at = lexicon.LINKS[low], at
                at -= 1
                continue
            if at in self._label_at:
                at = self._label_at[at].first - 1
                continue
            cue = self._covering.get(at)
            if cue is not None and cue.sort in (Sort.METRIC, Sort.FAMILY, Sort.SEGMENT):
                if cue.sort is not Sort.SEGMENT:
                    if found.metrics:
                        break
                    found.metrics.append(cue)
                at = cue.first - 1
                continue
            if cue is not None:
                if cue.sort is Sort.PERIOD:
                    found.periods.append(cue.value)
                    if found.link == "level" and cue.value in _EXPECTED:
                        return found
                at = cue.first - 1
                continue
            if low in lexicon.FILLERS or low in lexicon.PACE_VERBS or (found.link and low in ("in", "of", "was", "is", "were", "-", "rate")) or low in ("-", "'", '"', "“", ":"):
                at -= 1
                continue
            break
        return found

    def _inner(self, at: int) -> bool:
        """Whether a token lies inside a longer phrase: the "versus" of "versus a year ago" links nothing."""
        cue = self._covering.get(at)
        return cue is not None and cue.last - cue.first > 1

    def _is_preposition_of_previous(self, cue: Cue, order: int) -> bool:
        """"0.4% below CNY 2,715m": below says where the 0.4% stands and does not hedge the amount."""
        if order == 0 or cue.phrase.split()[0] not in _PREPOSITIONS:
            return False
        before, now = self.figures[order - 1], self.figures[order]
        return before.unit in (UnitClass.PERCENT, UnitClass.POINTS, UnitClass.MULTIPLE) and before.unit is not now.unit and self._gap(order)[0] == cue.first

    def _following(self, number: Number, order: int) -> Cue | None:
        """A direction word behind the number that speaks of it: "0.4% below", "a 3.4-point decline", "37.2% revenue growth"."""
        start, end = self._right(order)
        next_figure = self.figures[order + 1] if order + 1 < len(self.figures) else None
        strangers = 0
        at = start
        while at < end:
            cue = next((c for c in self.cues if c.sort is Sort.DIRECTION and c.first == at), None)
            if cue is not None and cue.phrase in lexicon.FOLLOWING:
                is_next_ones = next_figure is not None and self._only_fillers(cue.last, next_figure.first)
                if is_next_ones and not self._is_preposition_of_previous(replace(cue, first=start), order + 1):
                    return None
                return cue
            covering = self._covering.get(at)
            if covering is not None and covering.first == at:
                at = covering.last
                continue
            if self.tokens[at].low not in lexicon.FILLERS and self.tokens[at].low not in ("of", "-", "in", "was", "were", "is", "has", "been"):
                strangers += 1
                if strangers > _STRANGERS:
                    return None
            at += 1
        return None

    def _only_fillers(self, first: int, last: int) -> bool:
        return all(self.tokens[at].low in lexicon.FILLERS or self.tokens[at].low in ("by", "of", "-", "+", "$") for at in range(first, last))

    def _direction(self, governor: _Governor, following: Cue | None, number: Number, order: int) -> Cue | None:
        if governor.direction is not None and governor.link != "from":
            return self._rate_noun(governor.direction, order) or governor.direction if governor.link == "to" else governor.direction
        if following is not None:
            return following
        if governor.link in ("from", "versus"):
            return None
        start, _ = self._gap(order)
        for cue in reversed(self._inside(Sort.DIRECTION, (start, number.first))):
            if cue.phrase not in lexicon.ADJACENT_ONLY:
                return cue
            if any(self.tokens[at].low in lexicon.BREAKS for at in range(cue.last, number.first)):
                return None
        return None

    def _is_measured(self, number: Number, order: int) -> bool:
        """Whether words right behind the number say what it is measured against: "net debt: -CNY 12m y/y"."""
        cue = self._covering.get(number.last)
        return cue is not None and cue.value in (Period.YOY, Period.QOQ)

    def _rate_noun(self, verb: Cue, order: int) -> Cue | None:
        """The noun of "growth accelerated to 37.2%": what got faster is still growth, and the number says how much."""
        start, _ = self._gap(order)
        nouns = [cue for cue in self._inside(Sort.DIRECTION, (start, verb.first)) if cue.phrase in lexicon.RATE_NOUNS]
        return nouns[-1] if nouns and all(self.tokens[at].low in lexicon.FILLERS or at in self._covering for at in range(nouns[-1].last, verb.first)) else None

    def _form(self, number: Number, governor: _Governor, following: Cue | None, direction: Cue | None, order: int) -> Form | None:
        if number.is_change or number.unit is UnitClass.POINTS:
            return Form.CHANGE
        link = governor.link
        if direction is not None and direction.phrase in lexicon.RATE_NOUNS and link in ("to", "level"):
            return Form.CHANGE
        if link == "by":
            return Form.CHANGE
        if link == "from":
            moved = any(cue.sort is Sort.DIRECTION and cue.last <= number.first for cue in self.cues)
            return Form.BASE if moved else None
        if link == "to":
            return Form.LEVEL
        if following is not None and not (link == "level" and self.tokens[governor.at].low in ("of", "at") and governor.metrics):
            return Form.CHANGE
        if link == "level":
            if governor.direction is None:
                return Form.LEVEL if number.unit is not UnitClass.PERCENT or not governor.metrics or self._of_percent(governor) else None
            return Form.CHANGE if governor.is_noun or self.tokens[governor.at].low == "at" else Form.LEVEL
        if link == "versus":
            return None
        if governor.direction is not None and not governor.metrics:
            return Form.CHANGE
        if governor.direction is not None and governor.metrics:
            return Form.CHANGE if governor.direction.phrase in lexicon.RATE_NOUNS else None
        if governor.metrics:
            if number.sign > 0 or self._is_measured(number, order):
                return None
            return Form.LEVEL if number.unit is not UnitClass.PERCENT or self._of_percent(governor) else None
        return Form.CHANGE if number.sign > 0 else None

    def _of_percent(self, governor: _Governor) -> bool:
        """Whether a percentage can be the level of the metric that governs it. Of revenue it can only be a growth rate or a share."""
        return any(vocabulary()[name].unit is UnitClass.PERCENT for cue in governor.metrics for name in metrics_of(cue))

    # -- metrics and segments --------------------------------------------------------------------------------------------------------

    def _metrics(self, number: Number, governor: _Governor, order: int) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
        """(metrics, wholes, whether they stand by the number)."""
        governed, whole = self._governed(number, order)
        if governed is not None and not (governor.link == "level" and governor.metrics):
            return metrics_of(governed), (), True
        wholes = metrics_of(whole) if whole is not None else ()
        left = self._metrics_left(number, order)
        if left:
            return left, wholes, True
        later = [cue for cue in self.metric_cues if cue.first >= number.last and cue is not whole]
        if later:
            is_opening = governor.link == "level" and governor.at == self.first
            return metrics_of(later[0]), wholes, is_opening
        return self.inherited, wholes, False

    def _governed(self, number: Number, order: int) -> tuple[Cue | None, Cue | None]:
        """A metric right behind the number: the one it is about ("a 12.8% gross margin"), or its whole ("1.1x revenue")."""
        start, end = self._right(order)
        links: list[str] = []
        at = start
        while at < end:
            cue = next((c for c in self.metric_cues if c.first == at), None)
            if cue is not None:
                is_whole = number.unit is UnitClass.MULTIPLE or (number.unit is UnitClass.PERCENT and links[:1] == ["of"])
                return (None, cue) if is_whole else (cue, None)
            low = self.tokens[at].low
            known = self._covering.get(at)
            if known is not None and known.first == at:
                at = known.last
                continue
            if low in ("of", "in", "for", "from"):
                links.append(low)
            elif low not in lexicon.FILLERS and low != "-" and low not in lexicon.CHANGE_NOUNS and low not in ("higher", "lower", "more", "less"):
                return None, None
            at += 1
        return None, None

    def _metrics_left(self, number: Number, order: int) -> tuple[str, ...]:
        """The nearest metric to the left that the number can measure, with those joined to it, then others that it may mean."""
        reach = [cue for cue in self.metric_cues if cue.last <= number.first]
        start, _ = self._gap(order)
        own = [cue for cue in reach if cue.first >= start]
        ranked: list[Cue] = []
        for cue in reversed(own or reach):
            if not own and ranked:
                break
            ranked.append(cue)
        if not own and ranked:
            ranked += [cue for cue in reversed(reach) if cue is not ranked[0] and self._joined(cue, ranked[0])]
        fitting = [cue for cue in ranked if any(_measures(number.unit, name) for name in metrics_of(cue))]
        if not fitting:
            wider = [cue for cue in reversed(reach) if any(_measures(number.unit, name) for name in metrics_of(cue))]
            fitting = wider[:1] or ranked[:1]
        if not fitting:
            return ()
        chosen = [fitting[0]]
        for cue in fitting[1:]:
            if self._joined(cue, chosen[-1]) or self._is_object(chosen[-1]):
                chosen.append(cue)
            else:
                break
        return tuple(dict.fromkeys(name for cue in chosen for name in metrics_of(cue)))

    def _joined(self, left: Cue, right: Cue) -> bool:
        """"Gross margin and adjusted EBITDA margin": one list."""
        between = {self.tokens[at].low for at in range(left.last, right.first)}
        return left.last < right.first and bool(between) and between <= {"and", ",", "or", "the", "both", "&"}

    def _is_object(self, cue: Cue) -> bool:
        """Whether another word than the number's speaks of this metric: "revenue, helped by capex, rose"."""
        at = cue.first - 1
        while at >= self.first and (self.tokens[at].low in lexicon.FILLERS - lexicon.OBJECT_MARKERS or at in self._covering):
            at -= 1
        return at >= self.first and self.tokens[at].low in lexicon.OBJECT_MARKERS

    def _segments(self, number: Number, order: int) -> tuple[str, ...]:
        """Segments that the number may be of: the nearest to its left, or right behind it."""
        cues = [cue for cue in self.cues if cue.sort is Sort.SEGMENT]
        if not cues:
            return ()
        start, end = self._right(order)
        behind = [cue.value for cue in cues if start <= cue.first < end]
        left_start = self._gap(order)[0]
        before = [cue.value for cue in cues if left_start <= cue.first and cue.last <= number.first]
        if not before and order > 0:
            before = [cue.value for cue in cues if cue.last <= number.first][-1:]
        return tuple(dict.fromkeys(before[::-1] + behind))

    def _is_segment_certain(self, number: Number, order: int) -> bool:
        """Whether a segment stands by the metric ("public cloud revenue", "revenue in Europe") or right before the number's verb."""
        start, _ = self._gap(order)
        cues = [cue for cue in self.cues if cue.sort is Sort.SEGMENT and start <= cue.first and cue.last <= number.first]
        metrics = [cue for cue in self.metric_cues if start <= cue.first and cue.last <= number.first]
        if not cues:
            return False
        segment = cues[-1]
        if not metrics:
            return not self._is_object(segment)
        metric = metrics[-1]
        if segment.last <= metric.first:
            return all(self.tokens[at].low in lexicon.FILLERS for at in range(segment.last, metric.first))
        return all(self.tokens[at].low in ("in", "from", "of", "at", "the", "for", "(") for at in range(metric.last, segment.first))

    def _is_loss(self, number: Number, order: int) -> bool:
        start, end = self._left(order)[0], self._right(order)[1]
        return any(self.tokens[at].low in lexicon.LOSSES for at in range(start, min(end, number.last + 4)) if not number.first <= at < number.last)

    # -- what one number takes over from the one before --------------------------------------------------------------------------------

    def _carried(self, mention: Mention, order: int, earlier: Sequence[Mention]) -> Mention:
        """"Down 3.4 points y/y and 0.8 points q/q": the second number goes down too. So do the ends of ranges, and bases of growth."""
        if not earlier:
            return mention
        before = earlier[-1]
        start, end = self._gap(order)
        between = {self.tokens[at].low for at in range(start, end) if at not in self._covering and at not in self._label_at} - lexicon.FILLERS
        if before.link == "from" and mention.link == "to" and between <= {"to", ",", "(", ")"}:
            mention = replace(mention, from_with=(before.start, before.end), **self._from_direction(mention, order - 1))
        if mention.range_with == (before.start, before.end):
            mention = replace(mention, form=before.form, approximator=mention.approximator or before.approximator, is_expected=before.is_expected)
            return _of_period(_like(mention, before), before)
        if mention.range_with is not None and between == {"("}:
            # "Consensus of $1.61 ($1.50 to $1.67)": the range is that of the number before it.
            return _of_period(mention, before)
        if mention.link in ("from", "versus") and before.direction_word in lexicon.RATE_NOUNS and mention.unit is before.unit:
            return replace(mention, form=Form.CHANGE, direction=before.direction, direction_word=before.direction_word)
        alike = next((other for other in reversed(earlier[-_REACH:]) if other.unit is mention.unit), None)
        if alike is not None and between <= _LISTING and mention.link in ("", "by") and (alike is before or "or" in between):
            return _like(mention, alike)
        return mention

    def _from_direction(self, mention: Mention, order: int) -> dict[str, Any]:
        """The verb of "fell from 16.2% to 12.8%", for the second number."""
        cues = self._inside(Sort.DIRECTION, self._gap(order))
        if mention.direction is not None or not cues:
            return {}
        return {"direction": cues[-1].value, "direction_word": cues[-1].phrase}


def _like(mention: Mention, other: Mention) -> Mention:
    """The mention with the form and the direction of another where it has none of its own."""
    return replace(
        mention,
        form=mention.form or other.form,
        direction=mention.direction or other.direction,
        direction_word=mention.direction_word or other.direction_word,
    )


def _of_period(mention: Mention, other: Mention) -> Mention:
    """The mention with the period of another where it has none of its own."""
    return replace(mention, periods=mention.periods or other.periods, labels=mention.labels or other.labels, bases=mention.bases or other.bases)


def metrics_of(cue: Cue) -> tuple[str, ...]:
    """The metric ids that a phrase may mean: one, or a family ("margins")."""
    if cue.sort is Sort.FAMILY:
        return tuple(name for name in vocabulary() if name.endswith(cue.value))
    return (cue.value,)


def _measures(unit: UnitClass | None, name: str) -> bool:
    """Whether a number of this unit can state a metric's level or change."""
    metric = vocabulary()[name]
    match unit:
        case UnitClass.POINTS:
            return metric.unit is UnitClass.PERCENT
        case UnitClass.MONEY | UnitClass.PER_SHARE:
            return metric.unit in (UnitClass.MONEY, UnitClass.PER_SHARE)
        case UnitClass.MULTIPLE | UnitClass.DAYS | UnitClass.SHARES | UnitClass.COUNT:
            return metric.unit is unit
    return True
