"""Domain checks of what a drafter wrote: numbers, thresholds, dates, names, horizons, and agreement between claims."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, assert_never

from pipeline.chain.briefing import NO_ESTIMATE
from pipeline.chain.parts import Part, Violation
from pipeline.drafters.base import Brief
from pipeline.facts.figures import Figure, stem, written
from pipeline.facts.quantity import Interval, UnitClass
from pipeline.grounding import Checker
from pipeline.grounding.report import NumberCheck, Report
from pipeline.mechanisms.engine import already_holds, is_plausible, meaning
from pipeline.notes.calendar import known_by, release_window
from pipeline.notes.models import (
    LONGEST_CLAIM,
    LONGEST_HEADLINE,
    LONGEST_NAME,
    MOST_EVIDENCE,
    Catalyst,
    Claim,
    ConsensusGap,
    Falsifier,
    SecondOrderEffect,
    StepName,
    Watch,
)
from pipeline.notes.words import words
from pipeline.prompting import load_prompt

Found = Iterator[tuple[str, str]]
"""(place within the part, message)"""
_PARROT_WORDS = 12
_FURTHEST = timedelta(days=3 * 366)
_LONG = re.compile(r"\b12\s*(?:-|–|to)\s*18[- ]months?\b", re.IGNORECASE)
_SHORT = re.compile(r"\b(?:1\s*(?:-|–|to)\s*2|one\s+(?:or|to)\s+two)\s+quarters?\b", re.IGNORECASE)


_EARLIER = "an earlier section"
_ID_WORDS = re.compile(r"\b(?:yoy|qoq)\b|\b[a-z]+[._][a-z_.]*[a-z]\b")


class Checks:
    """The checks of one note. Remembers what accepted claims said, so that one metric keeps one value."""

    def __init__(self, brief: Brief) -> None:
        self.brief = brief
        self.facts = brief.facts
        self._checker = Checker(brief.facts)
        self._statements = {run for statement in self.facts.sheet.statements for run in _runs(_words(statement.text))}
        self._mechanisms = {fired.mechanism.id: fired.mechanism for fired in brief.fired}
        self._names = _known_names(brief)
        self._said: dict[tuple[str, ...], tuple[NumberCheck, str]] = {}
        self._texts: dict[tuple[str, ...], str] = {}
        self._reports: dict[tuple[str, tuple[str, ...] | None], Report] = {}

    def numbers(self, text: str, evidence: tuple[str, ...] | None) -> Report:
        """How each number of a text is decided. Asked several times of one text, so it is kept."""
        key = (text, evidence)
        if key not in self._reports:
            self._reports[key] = self._checker.check(text, evidence)
        return self._reports[key]

    def cited(self, claim: Claim) -> Claim:
        """The claim with the ids that its numbers rest on and its writer forgot, where every number holds with them and not without."""
        if self.numbers(claim.text, claim.evidence).ok:
            return claim
        whole = self.numbers(claim.text, None)
        resting = [check.fact for check in whole.checks if check.decision == "grounded" and check.fact is not None]
        evidence = tuple(dict.fromkeys((*claim.evidence, *resting)))
        if not whole.ok or len(evidence) > MOST_EVIDENCE or not self.numbers(claim.text, evidence).ok:
            return claim
        return claim.model_copy(update={"evidence": evidence})

    # -- one part ----------------------------------------------------------------------------------------------------

    def of_part(self, value: Any) -> list[tuple[str, str]]:
        """What is wrong with one part, as (place within it, message)."""
        match value:
            case str():
                return list(self._headline(value))
            case Claim():
                return list(self._claim("", value))
            case SecondOrderEffect():
                return list(self._effect(value))
            case ConsensusGap():
                return list(self._gap(value))
            case Catalyst():
                return list(self._catalyst(value))
        assert_never(value)

    def _headline(self, text: str) -> Found:
        if all(check.decision == "structural" for check in self.numbers(text, None).checks):
            yield "", "it has no figure: say the one that an investor must know, with the way it moved"
        yield from self._prose(text, None, LONGEST_HEADLINE)

    def _claim(self, place: str, claim: Claim) -> Found:
        for _, message in self._prose(claim.text, claim.evidence, LONGEST_CLAIM):
            yield f"{place}.text" if place else "text", message

    def _prose(self, text: str, evidence: tuple[str, ...] | None, longest: int) -> Found:
        if len(text) >= longest:
            yield "", f"runs to the limit of {longest} characters, where its end is lost: say it in far fewer words"
        for check in self.numbers(text, evidence).problems:
            yield "", check.message
        if "..." in text or "…" in text:
            yield "", "three dots stand where the sentence should go on: finish it"
        if slip := next((word for word in _ID_WORDS.findall(text) if word in ("yoy", "qoq") or "_" in word or word in self.facts), None):
            yield "", f"'{slip}' is a word of the ids: write 'rose ... y/y', 'fell ... q/q' and the metric's own name"
        run = next((run for run in _runs(_words(text)) if run in self._statements), None)
        if run is not None:
            yield "", f"repeats a statement of the sheet word for word ('{' '.join(run[:6])} ...'): say it in your own words"

    def _effect(self, effect: SecondOrderEffect) -> Found:
        yield from self._claim("claim", effect.claim)
        yield from self._watch("falsifier", effect.falsifier)
        if effect.entity is not None and effect.entity.lower() not in self._names:
            yield "entity", f"'{effect.entity}' appears nowhere in the sheet: name only what a fact or statement names, or write null"
        known = self._mechanisms.get(effect.mechanism)
        if known and known.party == effect.party and {known.direction, effect.direction} == {"positive", "negative"}:
            yield "direction", f"{known.id} is {known.direction} for {known.party}: correct the direction, or use `other` and argue it"
        for pattern, horizon in ((_LONG, "next_12_18_months"), (_SHORT, "next_1_2_quarters")):
            if pattern.search(effect.claim.text) and effect.horizon != horizon and not _both(effect.claim.text):
                yield "horizon", f"the text speaks of {words(horizon)}, the field says {effect.horizon}"

    def _gap(self, gap: ConsensusGap) -> Found:
        told: dict[frozenset[str], str] = {}
        for part in ("street_view", "our_view", "why_missed"):
            claim = getattr(gap, part)
            yield from self._claim(part, claim)
            figures = frozenset(check.fact for check in self.numbers(claim.text, claim.evidence).checks if check.fact is not None)
            if not figures or (other := told.setdefault(figures, part)) == part:
                continue
            if other == "street_view" and not self.brief.has_estimate:
                yield f"{other}.text", f"tells the same figures as {part}, and the sheet has no estimate: write '{NO_ESTIMATE}'"
            else:
                yield f"{part}.text", f"tells the same figures as {other}: tell another one"
        yield from self._watch("falsifier", gap.falsifier)

    def _catalyst(self, catalyst: Catalyst) -> Found:
        for _, message in self._prose(catalyst.event, None, LONGEST_NAME):
            yield "event", message
        if any(check.decision != "structural" for check in self.numbers(catalyst.event, None).checks):
            yield "event", f"'{catalyst.event}' tells a figure: name what happens, for instance the next print"
        if catalyst.event.strip(" :.").lower() in load_prompt("catalysts").headings:
            yield "event", f"'{catalyst.event}' is a line of the instructions: name the event itself, for instance the next print"
        yield from self._claim("claim", catalyst.claim)
        yield from self._watch("watch", catalyst.watch)
        meant = meaning(catalyst.watch, self.facts[catalyst.watch.metric])
        if {meant, catalyst.direction} == {"positive", "negative"}:
            yield "direction", f"{words(catalyst.watch.comparison)} {catalyst.watch.threshold:f} would be {meant}, not {catalyst.direction}"
        if catalyst.window is not None:
            known = known_by(self.facts.sheet)
            if catalyst.window.from_ > catalyst.window.to:
                yield "window", f"starts on {catalyst.window.from_}, after its end on {catalyst.window.to}"
            elif catalyst.window.to <= known or catalyst.window.from_ > known + _FURTHEST:
                yield "window", f"{catalyst.window.from_} to {catalyst.window.to} must lie after {known} and within three years"

    def _watch(self, place: str, watch: Watch) -> Found:
        figure = self.facts[watch.metric]
        now = written(figure)
        if already_holds(watch, self.facts):
            condition = f"{watch.comparison} {watch.threshold:f}"
            yield place, f"{watch.metric} is {now} already, so '{condition}' decides nothing: write {_beyond(watch, figure)}"
        elif not is_plausible(watch.threshold, figure):
            yield place, f"a threshold of {watch.threshold:f} is out of scale for {watch.metric}, which is {now}"
        if isinstance(watch, Falsifier):
            known, first = known_by(self.facts.sheet), release_window(self.facts.sheet).from_
            if not known < watch.by <= known + _FURTHEST:
                yield f"{place}.by", f"{watch.by} must lie after {known} and within three years: the next print is expected from {first}"

    # -- several parts -----------------------------------------------------------------------------------------------

    def across(self, parts: Sequence[Part]) -> None:
        """One metric, one value: adds a violation to each part that contradicts an earlier one, or repeats it."""
        said = dict(self._said)
        texts = dict(self._texts)
        for part in parts:
            if part.violations:
                continue
            for place, text, evidence in prose_of(part.value):
                where = ".".join(filter(None, (part.place, place)))
                # A headline may say what the first claim says, and a view against the street what the summary says.
                first = texts.setdefault(tuple(_words(text)), where) if where != "headline" else where
                if first != where and not (part.place == "" and first == _EARLIER):
                    part.violations.append(Violation(where, f"says the same as {first}"))
                for check in self.numbers(text, evidence or None).checks:
                    key = self._key(check)
                    if key is None:
                        continue
                    other, there = said.setdefault(key, (check, where))
                    ours, theirs = check.mention.interval, other.mention.interval
                    if ours is not None and theirs is not None and not _one_value(ours, theirs):
                        message = f"'{check.mention.text}' and, in {there}, '{other.mention.text}' are two values for one figure"
                        part.violations.append(Violation(where, message))

    def remember(self, values: Sequence[Any]) -> None:
        """Keep what the accepted parts of a step said."""
        for value in values:
            for place, text, evidence in prose_of(value):
                if place:
                    self._texts.setdefault(tuple(_words(text)), _EARLIER)
                for check in self.numbers(text, evidence or None).checks:
                    if (key := self._key(check)) is not None:
                        self._said.setdefault(key, (check, place))

    def _key(self, check: NumberCheck) -> tuple[str, ...] | None:
        if check.decision != "grounded" or check.fact is None or check.fact not in self.facts:
            return None
        figure = self.facts[check.fact]
        if figure.fact is not None and figure.fact.low is not None:
            return None
        return (
            stem(figure.metric.id, figure.segment),
            str(figure.change),
            figure.period.id,
            figure.role,
            # In constant currency a rate is another figure than as reported.
            figure.basis if figure.change is not None else figure.id,
        )

    def of_step(self, step: StepName, values: Sequence[Any]) -> list[str]:
        """What the parts lack together."""
        if step != "second_order":
            return []
        effects = [value for value in values if isinstance(value, SecondOrderEffect)]
        lacks = []
        if len({effect.party for effect in effects} - {"company"}) < 2:
            lacks.append("the effects must reach at least two parties other than the company")
        if not {"next_1_2_quarters", "next_12_18_months"} <= {effect.horizon for effect in effects}:
            lacks.append("the effects must cover both next_1_2_quarters and next_12_18_months")
        return lacks


def prose_of(value: Any) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """The pieces of prose of one part, as (place within it, text, evidence)."""
    match value:
        case str():
            yield "", value, ()
        case Claim():
            yield "text", value.text, value.evidence
        case SecondOrderEffect() | Catalyst():
            yield "claim.text", value.claim.text, value.claim.evidence
        case ConsensusGap():
            for part in ("street_view", "our_view", "why_missed"):
                claim = getattr(value, part)
                yield f"{part}.text", claim.text, claim.evidence


def _one_value(one: Interval, other: Interval) -> bool:
    """Whether two roundings may be of one value. To touch is not enough: 14.4 and 14.5 meet at 14.45 and are two values."""
    return one == other or max(one.low, other.low) < min(one.high, other.high)


def _beyond(watch: Watch, figure: Figure) -> str:
    """What a threshold must be for its comparison to decide something."""
    rises = watch.comparison in ("above", "at_least")
    strict = watch.comparison in ("above", "below")
    way = ("at or above" if strict else "above") if rises else ("at or below" if strict else "below")
    places = Decimal("0.01") if figure.unit.cls is UnitClass.PER_SHARE else Decimal("0.1")
    return f"a threshold {way} {(figure.quantity.value / figure.scale.factor).quantize(places).normalize():f}"


def _words(text: str) -> list[str]:
    return re.findall(r"[\w%.]+", text.lower())


def _runs(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Every run of so many words that it cannot be chance."""
    return (tuple(words[n : n + _PARROT_WORDS]) for n in range(len(words) - _PARROT_WORDS + 1))


def _both(text: str) -> bool:
    return bool(_LONG.search(text) and _SHORT.search(text))


def _known_names(brief: Brief) -> str:
    """All words of the sheet, lower case: what an entity must appear in."""
    sheet = brief.facts.sheet
    return "\n".join(
        [sheet.company.name, sheet.company.business or "", *(f.segment or "" for f in sheet.facts), *(s.text for s in sheet.statements)]
    ).lower()
