"""The facts as a model reads them: one line per id, statements as JSON strings, what is missing, thresholds at hand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from pipeline.chain.telling import terms, told, told_shortly
from pipeline.drafters.base import Brief
from pipeline.drafters.rules.catalysts import from_mechanism
from pipeline.drafters.rules.effects import effect_of
from pipeline.drafters.rules.pivot import pivot
from pipeline.facts.factbase import FactBase
from pipeline.facts.figures import Change, DerivedFact, Figure, written
from pipeline.facts.sheet import Basis, Role
from pipeline.mechanisms.engine import Fired, meaning
from pipeline.notes.calendar import release_window
from pipeline.notes.models import Catalyst, Claim, Comparison, Watch
from pipeline.notes.words import basis_words

NO_ESTIMATE = "The sheet holds no estimate, so there is no street view to hold the result against."
MOST_EFFECT_EVIDENCE, MOST_CATALYST_EVIDENCE = 4, 3
"""Ids that a model is asked for with an effect, and with a catalyst."""


def subject_block(brief: Brief, most: int = 7) -> str:
    """What a summary may speak of, a line each: the leading series and the parts of revenue, with the ids of their figures."""
    lines: dict[str, list[str]] = {}
    for figure in sorted(brief.citable, key=brief.rank):
        if figure.role not in (Role.ACTUAL, Role.CONSENSUS) or (figure.segment is not None and figure.metric.id != "revenue"):
            continue
        subject = "parts of revenue" if figure.segment is not None else f"{figure.metric.label[0].lower()}{figure.metric.label[1:]}"
        lines.setdefault(subject, []).append(figure.id)
    return "\n".join(f"- {subject}: {', '.join(ids[:5])}" for subject, ids in list(lines.items())[:most])


def headline_example(brief: Brief) -> str:
    """A headline that the facts bear out: how the leading figure moved, and the one on which the print turns."""
    first = next((f for f in leading(brief) if f.change is not None and f.role is Role.ACTUAL), leading(brief)[0])
    turn = pivot(brief.facts)
    figures = dict.fromkeys([first, *([turn.change] if turn is not None else [])])
    return f"{safe(brief.facts.sheet.company.short_name)}: {'; '.join(safe(told_shortly(f, brief.facts)) for f in figures)}"


def leading(brief: Brief) -> list[Figure]:
    """What a headline may be about: the figures of the first subject."""
    figures = sorted(brief.citable, key=lambda f: (f.metric.id != "revenue", brief.rank(f)))
    return [f for f in figures if f.stem == figures[0].stem]


def fact_line(figure: Figure, facts: FactBase) -> str:
    """`- gross_margin.yoy_change: gross margin fell 3.4 pp y/y, from 16.2% in Q1 2025`, then what is to be known of its basis."""
    about = [terms(figure)]
    if figure.fact is not None and figure.basis is Basis.UNSTATED and figure.fact.definition:
        about.append(quoted(figure.fact.definition))
    if figure.role is Role.CONSENSUS and not isinstance(figure, DerivedFact):
        about.append(consensus_terms(figure))
    known = "; ".join(filter(None, about))
    return f"- {figure.id}: {safe(told(figure, facts))}{f' [{known}]' if known else ''}"


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


def gap_figures(brief: Brief) -> dict[str, Sequence[Figure]]:
    """What each text of the consensus gap is best about: how the result stood against an estimate, the figure on which the print
    turns, and what the strongest mechanism rests on beside these.
    """
    street = [f for f in brief.against if f.change is not None][:1] or brief.against[:1]
    turn = pivot(brief.facts)
    ours = list(dict.fromkeys([turn.change, turn.level])) if turn is not None else brief.citable[:1]
    seen = {figure.id for figure in (*street, *ours)}
    behind = [f for fired in brief.offered for f in fired.facts if f.id not in seen and f in brief.citable and f not in brief.against]
    return {"street_view": street, "our_view": ours, "why_missed": list(dict.fromkeys(behind))[:2]}


def street_line(brief: Brief) -> str:
    """What the street's view is to tell, or that there is none."""
    if not brief.has_estimate:
        return f"that none is known: {quoted_json({'evidence': [leading(brief)[0].id], 'text': NO_ESTIMATE})}"
    figures = gap_figures(brief)["street_view"]
    return f"one sentence on what was expected and how the result stood against it, for instance: {example(figures, brief)}"


def example(figures: Sequence[Figure], brief: Brief) -> str:
    """A claim about these figures, as an answer writes it: the ids in their field, the sentence without them."""
    text = "; ".join(told(figure, brief.facts) for figure in figures)
    return quoted_json({"evidence": [figure.id for figure in figures], "text": f"{text[:1].upper()}{text[1:]}."})


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


def mechanism_block(brief: Brief) -> str:
    """The mechanisms at work, with the figures that set them off and what would prove each wrong."""
    return "\n".join(_mechanism(fired, brief) for fired in brief.offered) or "- none of the library: use other"


def _mechanism(fired: Fired, brief: Brief) -> str:
    """A small model gets the whole effect as its answer writes it, a larger one its terms and how the mechanism works."""
    m = fired.mechanism
    known = {figure.id for figure in brief.citable}
    effect = effect_of(fired)
    whole = effect.model_dump(mode="json") | {"falsifier": _watch(fired.falsifier)}
    evidence = [id_ for id_ in effect.claim.evidence if id_ in known][:MOST_EFFECT_EVIDENCE]
    whole["claim"] = {"evidence": evidence, "text": effect.claim.text} if brief.for_small_model else {"evidence": evidence}
    if fired.falsifier.metric not in {figure.id for figure in brief.watchable}:
        del whole["falsifier"]
    if brief.for_small_model:
        return f"- {quoted_json(whole)}"
    terms = {name: whole[name] for name in ("mechanism", "party", "direction", "horizon", "claim", "falsifier") if name in whole}
    return f"- {quoted_json(terms)}\n  {m.title}: {'; '.join(m.chain)}."


def event_block(brief: Brief, most: int = 4) -> str:
    """What is worth watching, an entry of the answer each: the events of the mechanisms at work, then at the next print the figures that
    would prove these wrong, and whether what moved most materially turns. No two watch one figure or have one name.

    A small model gets each entry whole, a larger one what the event is and what decides it.
    """
    chosen: list[Catalyst] = []
    for catalyst in _events(brief):
        if len(chosen) == most:
            break
        if not any(catalyst.watch.metric == other.watch.metric or catalyst.event == other.event for other in chosen):
            chosen.append(catalyst)
    return "\n".join(f"- {quoted_json(_entry(one, brief))}" for one in chosen) or "- none"


def _events(brief: Brief) -> Iterator[Catalyst]:
    known, citable_ids = {figure.id for figure in brief.watchable}, {figure.id for figure in brief.citable}
    for fired in brief.fired:
        catalyst = from_mechanism(fired, brief)
        if catalyst is not None and catalyst.watch.metric in known:
            told_whole = citable_ids.issuperset(catalyst.claim.evidence)
            yield catalyst if told_whole else catalyst.model_copy(update={"claim": _standing(catalyst.watch, brief)})
    for fired in brief.fired:
        if fired.falsifier.metric in known:
            yield _at_the_next_print(fired.falsifier, brief)
    for figure in sorted(brief.watchable, key=brief.rank):
        if figure.change in (Change.YOY, Change.QOQ) and figure.quantity.value != 0:
            turns: Comparison = "at_most" if figure.quantity.value > 0 else "at_least"
            yield _at_the_next_print(Watch(metric=figure.id, comparison=turns, threshold=Decimal(0)), brief)


def _at_the_next_print(watch: Watch, brief: Brief) -> Catalyst:
    figure = brief.facts[watch.metric]
    return Catalyst(
        event=f"{figure.metric.label} at the next print",
        kind="earnings",
        window=release_window(brief.facts.sheet),
        horizon="next_1_2_quarters",
        direction=meaning(watch, figure),
        watch=watch,
        claim=_standing(watch, brief),
    )


def _standing(watch: Watch, brief: Brief) -> Claim:
    """Where the watched figure stands, and that the event decides whether it stays."""
    text = told(brief.facts[watch.metric], brief.facts)
    return Claim(text=f"{text[:1].upper()}{text[1:]}; the event shows whether that lasts.", evidence=(watch.metric,))


def _entry(catalyst: Catalyst, brief: Brief) -> dict[str, Any]:
    whole = catalyst.model_dump(mode="json", by_alias=True) | {"watch": _watch(catalyst.watch)}
    whole["claim"] = {"evidence": list(catalyst.claim.evidence)[:MOST_CATALYST_EVIDENCE], "text": catalyst.claim.text}
    return whole if brief.for_small_model else {name: whole[name] for name in ("event", "kind", "direction", "watch")}


def _watch(watch: Watch) -> dict[str, str | float]:
    return {"metric": watch.metric, "comparison": watch.comparison, "threshold": float(watch.threshold)}


def threshold_block(brief: Brief, most: int = 5) -> str:
    """Falsifiers of the mechanisms at work: thresholds that the facts themselves set, as an answer writes them."""
    known = {figure.id for figure in brief.watchable}
    seen: dict[str, Watch] = {}
    for fired in brief.fired:
        if fired.falsifier.metric in known:
            seen.setdefault(fired.falsifier.metric, fired.falsifier)
    return (
        "\n".join(f"- {json.dumps(_watch(w))}; today {safe(told(brief.facts[w.metric], brief.facts))}" for w in list(seen.values())[:most])
        or "- none"
    )


def safe(text: str) -> str:
    """One line that cannot open or close a tag."""
    return " ".join(text.split()).replace("<", "‹").replace(">", "›")


def quoted(text: str) -> str:
    """A JSON string that cannot open or close a tag."""
    return quoted_json(" ".join(text.split()))


def quoted_json(value: object) -> str:
    """JSON that cannot open or close a tag."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c").replace(">", "\\u003e")
