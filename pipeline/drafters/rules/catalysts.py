"""Step 4 by rule: the next print first, then what the fired mechanisms make worth watching."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_CEILING, Decimal

from pipeline.drafters.base import Brief
from pipeline.drafters.rules.pivot import Pivot, moves, pivot
from pipeline.drafters.rules.prose import Words, one_of, turn
from pipeline.facts.figures import Figure, written
from pipeline.facts.sheet import PeriodKind
from pipeline.mechanisms.engine import Fired, fill, size, watch_from
from pipeline.notes.calendar import a_year_on, release_window
from pipeline.notes.models import Catalyst, Catalysts, Watch, Window

_LEAST, _MOST = 2, 3
_MOST_WORDS = 60


def catalysts(brief: Brief) -> Catalysts:
    """Up to three catalysts, no two that watch the same figure."""
    found = [
        *_next_print(brief),
        *(c for fired in brief.fired if (c := from_mechanism(fired, brief))),
        *_year_on(brief),
        *_also_at_the_next_print(brief),
    ]
    kept: dict[str, Catalyst] = {}
    for catalyst in found:
        kept.setdefault(catalyst.watch.metric, catalyst)
    chosen = list(kept.values())[:_MOST]
    while len(chosen) > _LEAST and sum(len(c.claim.text.split()) for c in chosen) > _MOST_WORDS:
        chosen.pop()
    return Catalysts.model_construct(catalysts=tuple(chosen))


def _next_print(brief: Brief) -> list[Catalyst]:
    pivoted = pivot(brief.facts)
    kind = "results" if brief.facts.sheet.reported_period.kind is not PeriodKind.ANNUAL else "annual results"
    return [] if pivoted is None else [_decided_by(pivoted, f"Next {kind}", brief)]


def _also_at_the_next_print(brief: Brief) -> Iterator[Catalyst]:
    """What else moved over the year, for prints in which mechanisms make too little worth watching."""
    for pivoted in moves(brief.facts):
        yield _decided_by(pivoted, f"{pivoted.level.metric.label} at the next print", brief)


def _decided_by(pivoted: Pivot, event: str, brief: Brief) -> Catalyst:
    decides, comparison, limit = pivoted.undone
    return Catalyst(
        event=event,
        kind="earnings",
        window=release_window(brief.facts.sheet),
        horizon="next_1_2_quarters",
        direction="positive" if pivoted.worse else "negative",
        watch=Watch(metric=decides, comparison=comparison, threshold=limit),
        claim=_question(brief, pivoted).claim(),
    )


def _question(brief: Brief, pivoted: Pivot) -> Words:
    """What the next print should show."""
    if pivoted.base is None:
        return Words(
            f"The next print should show whether {pivoted.moved}, {'turns' if pivoted.worse else 'holds'}.", [pivoted.level, pivoted.change]
        )
    ago = "a year" if pivoted.against == "y/y" else "a quarter"
    asked = one_of(brief.facts, "next print", "should show whether", "has to show whether", "will show whether", "is to answer whether")
    words = Words(f"The next print {asked} {pivoted.moved}", [pivoted.level, pivoted.change])
    if pivoted.worse:
        way = one_of(brief.facts, "way back", "starts back towards the", "makes up ground on the", "comes closer again to the")
    else:
        way = one_of(brief.facts, "way back", "stays clear of the", "keeps its distance from the", "holds its lead over the")
    return words.add(f", {way} {written(pivoted.base)} of {ago} earlier.", pivoted.base)


def from_mechanism(fired: Fired, brief: Brief) -> Catalyst | None:
    """What a mechanism makes worth watching; None where it names nothing, or the facts lack a figure of it or meet its condition."""
    rule = fired.mechanism.catalyst
    if rule is None:
        return None
    filled, watch = fill(rule.text, brief.facts), watch_from(rule.watch, brief.facts)
    if filled is None or watch is None:
        return None
    text, cited = filled
    evidence: list[Figure] = [*cited, brief.facts[watch.metric], *fired.facts]
    next_print, year_on = release_window(brief.facts.sheet), a_year_on(brief.facts.sheet)
    # What a print shows comes with the next one; a product, a contract or a financing may come at any time until a year on.
    soon = rule.kind in ("earnings", "guidance") or "next print" in rule.event or fired.mechanism.horizon == "next_1_2_quarters"
    return Catalyst(
        event=rule.event,
        kind=rule.kind,
        window=next_print if soon else Window.model_validate({"from": next_print.from_, "to": year_on.to}),
        horizon="next_1_2_quarters" if soon else fired.mechanism.horizon,
        direction=rule.direction,
        watch=watch,
        claim=Words(text, evidence).claim(),
    )


def _year_on(brief: Brief) -> list[Catalyst]:
    """The print a year on, which laps this one."""
    facts = brief.facts
    growth, level = facts.find("revenue.yoy"), facts.find("revenue")
    if growth is None or level is None or facts.sheet.reported_period.kind is PeriodKind.ANNUAL:
        return []
    up = growth.quantity.value > 0
    forms = (
        ("makes growth of {} y/y harder to repeat", "makes the fall of {} y/y easier to recover from"),
        ("is what growth of {} y/y has to be repeated on", "is a low bar after the fall of {} y/y"),
        ("will test growth of {} y/y", "leaves room to recover from the fall of {} y/y"),
    )
    harder, easier = forms[turn(facts, "year on", len(forms))]
    words = Words(f"A year on, the base of {written(level)} in revenue", [level])
    words.add(f" {(harder if up else easier).format(size(growth))}.", growth)
    return [
        Catalyst(
            event="Results for the same quarter a year on",
            kind="earnings",
            window=a_year_on(facts.sheet),
            horizon="next_12_18_months",
            direction="positive",
            watch=Watch(
                metric=growth.id,
                comparison="above",
                threshold=growth.quantity.value.quantize(Decimal(1), ROUND_CEILING) if up else Decimal(0),
            ),
            claim=words.claim(),
        )
    ]
