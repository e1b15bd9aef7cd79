"""Step 4 by rule: the next print first, then what the fired mechanisms make worth watching."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

from pipeline.drafters.base import Brief
from pipeline.drafters.rules.pivot import pivot
from pipeline.drafters.rules.prose import Words, name
from pipeline.facts.figures import Figure, written
from pipeline.facts.sheet import PeriodKind
from pipeline.mechanisms.engine import Fired, fill, size, watch_from
from pipeline.notes.calendar import release_window
from pipeline.notes.models import Catalyst, Catalysts, Watch, Window

_MOST = 4


def catalysts(brief: Brief) -> Catalysts:
    """Up to four catalysts, no two that watch the same figure."""
    found = [*_next_print(brief), *(c for fired in brief.fired if (c := _from_mechanism(fired, brief))), *_year_on(brief)]
    kept: dict[str, Catalyst] = {}
    for catalyst in found:
        kept.setdefault(catalyst.watch.metric, catalyst)
    return Catalysts.model_construct(catalysts=tuple(kept.values())[:_MOST])


def _next_print(brief: Brief) -> list[Catalyst]:
    turn = pivot(brief.facts)
    if turn is None:
        return []
    decides, comparison, limit = turn.undone
    verb = "fell" if turn.change.quantity.value < 0 else "rose"
    words = Words(
        f"The next print should show whether {name(turn.level)}, which {verb} {size(turn.change)} y/y to {written(turn.level)}",
        [turn.level, turn.change],
    )
    words.add(f", {'starts back towards' if turn.worse else 'stays clear of'} the {written(turn.base)} of a year earlier.", turn.base)
    kind = "results" if brief.facts.sheet.reported_period.kind is not PeriodKind.ANNUAL else "annual results"
    return [
        Catalyst(
            event=f"Next {kind}",
            kind="earnings",
            window=release_window(brief.facts.sheet),
            horizon="next_1_2_quarters",
            direction="positive" if turn.worse else "negative",
            watch=Watch(metric=decides, comparison=comparison, threshold=limit),
            claim=words.claim(),
        )
    ]


def _from_mechanism(fired: Fired, brief: Brief) -> Catalyst | None:
    rule = fired.mechanism.catalyst
    if rule is None:
        return None
    filled, watch = fill(rule.text, brief.facts), watch_from(rule.watch, brief.facts)
    if filled is None or watch is None:
        return None
    text, cited = filled
    evidence: list[Figure] = [*cited, brief.facts[watch.metric], *fired.facts]
    next_print, year_on = release_window(brief.facts.sheet), release_window(brief.facts.sheet, ahead=4)
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
    words = Words(f"A year on, the base of {written(level)} in revenue", [level])
    words.add(
        f" makes growth of {size(growth)} y/y harder to repeat."
        if up
        else f" makes the fall of {size(growth)} y/y easier to recover from.",
        growth,
    )
    return [
        Catalyst(
            event="Results for the same quarter a year on",
            kind="earnings",
            window=release_window(facts.sheet, ahead=4),
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
