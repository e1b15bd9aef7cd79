"""From checked steps to a note: sections, number traces, the facts that it rests on, what is missing, the manifest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from pipeline import __version__
from pipeline.chain.assess import market_impact, themes
from pipeline.chain.briefing import consensus_line
from pipeline.chain.checks import Checks
from pipeline.chain.parts import StepResult
from pipeline.drafters.base import Brief, Drafter
from pipeline.facts.factbase import FactBase
from pipeline.facts.figures import Change, DerivedFact, Figure, written_with_base
from pipeline.facts.sheet import Basis, Role
from pipeline.facts.vocabulary import vocabulary
from pipeline.notes.models import Claim, FactUsed, Manifest, MissingFact, Note, NumberTrace, PromptUsed, SourceUsed, StepName
from pipeline.notes.words import words

_FIRST = (
    "revenue", "net_interest_income", "gross_margin", "adjusted_gross_margin", "operating_margin", "adjusted_operating_margin",
    "adjusted_ebitda", "adjusted_ebitda_margin", "operating_income", "net_income", "eps_diluted", "adjusted_eps",
    "operating_cash_flow", "free_cash_flow", "capex", "capex_with_leases", "capex_intensity", "leverage", "net_debt",
)  # fmt: skip
_ROLES = (Role.ACTUAL, Role.GUIDANCE, Role.CONSENSUS, Role.MARKET)


def assemble(
    brief: Brief,
    drafter: Drafter,
    results: Sequence[StepResult],
    checks: Checks,
    prompts: tuple[PromptUsed, ...],
    schemas: tuple[PromptUsed, ...],
) -> Note:
    """The note of four step results, whose numbers `checks` has decided."""
    facts = brief.facts
    sheet = facts.sheet
    values = {result.step: result.values for result in results}
    failed = tuple(result.step for result in results if result.failed)
    plain_headline = f"{sheet.company.name}, {sheet.reported_period.label}"
    headline = values["summarize"].get("headline")
    reasons = tuple(_review_reasons(results, headline is None))
    note = Note(
        headline=headline or plain_headline,
        company=sheet.company.name,
        ticker=sheet.company.ticker,
        period=sheet.reported_period.label,
        released=sheet.released,
        themes=themes(facts),
        market_impact=market_impact(facts),
        status="needs_review" if reasons else "draft",
        review_reasons=reasons,
        summary=_listed(values, "summarize"),
        second_order_effects=_listed(values, "second_order"),
        consensus_gap=_ended(gap) if (gap := values["consensus_gap"].get("")) is not None else None,
        catalysts=_listed(values, "catalysts"),
        withheld=tuple(withheld for result in results for withheld in result.withheld),
        failed_steps=failed,
        missing=tuple(MissingFact(id=miss.id, label=miss.label, reason=miss.reason) for miss in facts.missing),
        conflicts=tuple(conflict.message for conflict in facts.conflicts),
        numbers=(),
        facts=(),
        sources=tuple(
            SourceUsed(number=n, id=s.id, title=s.title, published=s.published, url=s.url, secondary=s.secondary)
            for n, s in enumerate(sheet.sources, 1)
        ),
        manifest=Manifest(
            afterprint=__version__,
            sheet_digest=facts.digest,
            drafter=drafter.name,
            model=drafter.model,
            consensus=consensus_line(facts),
            prompts=prompts,
            schemas=schemas,
        ),
    )
    numbers = tuple(_traces(note, checks))
    return note.model_copy(update={"numbers": numbers, "facts": tuple(fact_used(figure, facts) for figure in _used(note, numbers, facts))})


def _review_reasons(results: Sequence[StepResult], lost_headline: bool) -> Iterable[str]:
    for result in results:
        if result.failed:
            yield f"{words(result.step)} failed: {_why_failed(result)}"
        yield from (f"{words(result.step)}: {remark}" for remark in result.remarks)
    if lost_headline and not results[0].failed:
        yield "the headline was withheld"


def _why_failed(result: StepResult) -> str:
    """What the drafter's server or the checks said: of several reasons the first, and how many parts they withheld."""
    reasons = [part.reasons[0] for part in result.withheld]
    if len(reasons) <= 1:
        return reasons[0] if reasons else "nothing sound was left"
    return f"too few of its parts held, {len(reasons)} were withheld, the first because {reasons[0]}"


def _listed(values: dict[StepName, dict[str, Any]], step: StepName) -> tuple[Any, ...]:
    return tuple(_ended(value) for place, value in values[step].items() if place != "headline")


def _ended(part: Any) -> Any:
    """The part with a full stop behind each claim that lacks one: small models leave it out."""
    if isinstance(part, Claim):
        return part if part.text[-1] in ".!?" else part.model_copy(update={"text": f"{part.text}."})
    claims = {name: value for name in type(part).model_fields if isinstance(value := getattr(part, name), Claim)}
    return part.model_copy(update={name: _ended(claim) for name, claim in claims.items()})


def _traces(note: Note, checks: Checks) -> Iterable[NumberTrace]:
    for place, text, evidence in note.texts():
        for check in checks.numbers(text, evidence or None).checks:
            if check.decision in ("grounded", "structural"):
                yield NumberTrace(
                    place=place,
                    start=check.mention.start,
                    end=check.mention.end,
                    text=check.mention.text,
                    decision=check.decision,
                    fact=check.fact,
                    rule=check.rule,
                    base=check.base,
                )


def _used(note: Note, numbers: Iterable[NumberTrace], facts: FactBase) -> list[Figure]:
    """The reported figures, most important first, and whatever the prose cites, with the inputs of both."""
    cited = {name for _, _, evidence in note.texts() for name in evidence}
    cited |= {trace.fact for trace in numbers if trace.fact is not None and trace.fact in facts}
    cited |= {w.metric for w in _watches(note)}
    wanted = {figure.id for figure in facts if figure.role in _ROLES and not _is_second_choice(figure, facts)} | cited
    todo = list(wanted)
    while todo:
        figure = facts[todo.pop()]
        if isinstance(figure, DerivedFact):
            new = {name for name in figure.inputs if name in facts} - wanted
            wanted |= new
            todo += new
    order = {name: n for n, name in enumerate((*_FIRST, *(m for m in vocabulary() if m not in _FIRST)))}
    return sorted(
        (facts[name] for name in wanted), key=lambda f: (f.role is not Role.ACTUAL, f.segment is not None, order[f.metric.id], f.id)
    )


def _is_second_choice(figure: Figure, facts: FactBase) -> bool:
    """Whether the source states this rate of change too, and better: one metric has one value in a note."""
    if figure.change not in (Change.YOY, Change.QOQ) or figure.role is not Role.ACTUAL or not isinstance(figure, DerivedFact):
        return False
    chosen = facts.change(figure.metric.id, figure.change, figure.segment)
    return chosen is not None and chosen is not figure and chosen.period == figure.period


def _watches(note: Note) -> Iterable[Any]:
    yield from (effect.falsifier for effect in note.second_order_effects)
    yield from (catalyst.watch for catalyst in note.catalysts)
    if note.consensus_gap is not None:
        yield note.consensus_gap.falsifier


def fact_used(figure: Figure, facts: FactBase) -> FactUsed:
    """A figure as the note's JSON carries it."""
    derived = isinstance(figure, DerivedFact)
    fact = figure.fact
    unstated = fact is not None and figure.basis is Basis.UNSTATED
    return FactUsed(
        id=figure.id,
        label=figure.label,
        metric=figure.metric.id,
        segment=figure.segment,
        change=figure.change,
        value=_tidy(figure.quantity.value),
        unit=str(figure.unit),
        scale=figure.scale,
        low=f"{_tidy(figure.quantity.interval.low):f}",
        high=f"{_tidy(figure.quantity.interval.high):f}",
        written=written_with_base(figure, facts.base_of(figure)),
        period=figure.period.label,
        basis=figure.basis,
        role=figure.role,
        formula=figure.formula if isinstance(figure, DerivedFact) else None,
        inputs=figure.inputs if isinstance(figure, DerivedFact) else (),
        source=figure.source.id if figure.source and not derived else None,
        quote=fact.quote if fact else None,
        remark=("the source does not state the basis" if unstated else None) if not (fact and fact.definition) else fact.definition,
    )


def _tidy(value: Decimal) -> Decimal:
    """Twelve decimals are more than any source prints; trailing zeros of a division go."""
    if not value.is_finite() or int(value.as_tuple().exponent) >= -6:
        return value
    return value.quantize(Decimal("0.000001")).normalize() + 0
