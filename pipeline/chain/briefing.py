"""The facts as a model reads them: one line per id, statements as JSON strings, what is missing, thresholds at hand."""

from __future__ import annotations

import json

from pipeline.drafters.base import Brief
from pipeline.facts.factbase import FactBase
from pipeline.facts.figures import Change, DerivedFact, Figure, written, written_with_base
from pipeline.facts.sheet import Basis, Role
from pipeline.mechanisms.engine import Fired, watch_from
from pipeline.notes.models import Watch
from pipeline.notes.words import basis_words

PROMPT_FACTS = 160
"""At most so many ids go into a model's prompt, the most material first: more would crowd a small model's context."""
_ROLE_RANK = {
    Role.ACTUAL: 0,
    Role.CONSENSUS: 1,
    Role.GUIDANCE: 1,
    Role.MARKET: 2,
    Role.PRIOR_YEAR: 3,
    Role.PRIOR_QUARTER: 3,
    Role.HISTORY: 9,
}


def citable(brief: Brief) -> list[Figure]:
    """The figures that an answer may cite, most material first; older history is left out."""
    figures = [f for f in brief.facts if f.role is not Role.HISTORY]
    figures.sort(key=lambda f: (_ROLE_RANK[f.role], f.segment is not None))
    return figures[: brief.most_facts]


def watchable(brief: Brief) -> list[Figure]:
    """The figures whose next value can decide something: levels and changes as reported, and guidance."""
    past = (Change.SURPRISE, Change.VS_CONSENSUS)
    return [f for f in citable(brief) if f.role in (Role.ACTUAL, Role.GUIDANCE) and f.change not in past]


def fact_line(figure: Figure, facts: FactBase) -> str:
    """`- revenue.yoy: Revenue +37.2% y/y (CNY 1,970.0m in Q1 2025) [Q1 2026]`."""
    what = f"{figure.label} {'' if figure.role is Role.ACTUAL else figure.role.replace('_', ' ') + ' '}"
    about = [figure.period.label, basis_words(figure.basis)]
    if figure.fact is not None and figure.basis is Basis.UNSTATED and figure.fact.definition:
        about.append(quoted(figure.fact.definition))
    if figure.role is Role.CONSENSUS and not isinstance(figure, DerivedFact):
        about.append(consensus_terms(figure))
    return f"- {figure.id}: {safe(what)}{written_with_base(figure, facts.base_of(figure))} [{'; '.join(about)}]"


def consensus_terms(figure: Figure) -> str:
    """Date and number of analysts of an estimate, or that they are not stated."""
    assert figure.fact is not None
    date = f"as of {figure.fact.as_of}" if figure.fact.as_of else "date not stated"
    return f"{date}, {figure.fact.analysts} analysts" if figure.fact.analysts else f"{date}, number of analysts not stated"


def consensus_line(facts: FactBase) -> str:
    """What is known of consensus for the reported period: date, basis, currency and analysts, or that there is none."""
    lines = [
        f"{figure.label} {written(figure)} ({basis_words(figure.basis)}, {figure.unit}, {consensus_terms(figure)})"
        for figure in facts
        if figure.role is Role.CONSENSUS and figure.fact is not None and not isinstance(figure, DerivedFact)
        and figure.period == facts.sheet.reported_period
    ]  # fmt: skip
    return "; ".join(lines) or "none in the sheet"


def company_line(facts: FactBase) -> str:
    """Who reported what, when."""
    company, period = facts.sheet.company, facts.sheet.reported_period
    business = f" {quoted(company.business)}" if company.business else ""
    released = f", released {facts.sheet.released}" if facts.sheet.released else ""
    return f"{safe(company.name)} ({company.ticker}), {safe(period.label)}, ended {period.end}{released}.{business}"


def statements_block(facts: FactBase) -> str:
    """Statements as JSON strings: nothing in them can close the tag or start a line of its own."""
    lines = [f"- {s.id}: {quoted(s.text)}" + (f" said by {quoted(s.speaker)}" if s.speaker else "") for s in facts.sheet.statements]
    return "\n".join(lines) or "- none"


def missing_line(facts: FactBase) -> str:
    return "; ".join(miss.label for miss in facts.missing) or "nothing"


def conflicts_line(facts: FactBase) -> str:
    return "; ".join(safe(conflict.message) for conflict in facts.conflicts) or "none"


def mechanism_block(brief: Brief, most: int = 6) -> str:
    """The strongest mechanisms, with the figures that fire them."""
    return "\n".join(_mechanism(fired, brief.facts) for fired in brief.fired[:most]) or "- none of the library: use other"


def _mechanism(fired: Fired, facts: FactBase) -> str:
    m = fired.mechanism
    figures = ", ".join(f"{figure.id} ({written_with_base(figure, facts.base_of(figure))})" for figure in fired.facts)
    return f"- {m.id}: {m.title}. {'; '.join(m.chain)}. Usually {m.direction} for {m.party}, {m.horizon}. Rests on {figures}."


def event_block(brief: Brief, most: int = 4) -> str:
    """What the fired mechanisms make worth watching: kind, event, and the condition that decides it."""
    lines: list[str] = []
    for fired in brief.fired:
        rule = fired.mechanism.catalyst
        watch = watch_from(rule.watch, brief.facts) if rule is not None else None
        if rule is not None and watch is not None:
            lines.append(f"- {rule.kind}: {rule.event} ({_watch(watch, brief)})")
    return "\n".join(lines[:most]) or "- none"


def _watch(watch: Watch, brief: Brief) -> str:
    return f"{watch.metric} {watch.comparison} {watch.threshold:f}, now {written(brief.facts[watch.metric])}"


def threshold_block(brief: Brief, most: int = 6) -> str:
    """Falsifiers of the fired mechanisms: thresholds that the facts themselves set."""
    seen: dict[str, Watch] = {}
    for fired in brief.fired:
        seen.setdefault(fired.falsifier.metric, fired.falsifier)
    return "\n".join(f"- {_watch(watch, brief)}" for watch in list(seen.values())[:most]) or "- none"


def safe(text: str) -> str:
    """One line that cannot open or close a tag."""
    return " ".join(text.split()).replace("<", "‹").replace(">", "›")


def quoted(text: str) -> str:
    """A JSON string that cannot open or close a tag."""
    return json.dumps(" ".join(text.split()), ensure_ascii=False).replace("<", "\\u003c").replace(">", "\\u003e")
