"""What a model may propose: a figure, what it is of, and the words of the document that say so."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from pipeline.facts.quantity import Scale
from pipeline.facts.sheet import FactSheet, Number, PeriodKind, Role, Strict
from pipeline.facts.vocabulary import vocabulary
from pipeline.schemas import narrow, stored

SCHEMA = "proposals"
MOST_PROPOSALS = 12


class Proposal(Strict):
    """One figure. Guidance may give `low` and `high` instead of `value`. Unit and basis are not the model's to say: they follow from the
    metric and from the words of the quote."""

    metric: Annotated[str, Field(description="what the figure is of")]
    role: Literal["actual", "guidance"]
    period: Annotated[str, Field(description="id of the period that it is of")]
    value: Annotated[Number | None, Field(description="as printed, in the scale below")]
    low: Number | None
    high: Number | None
    scale: Annotated[Scale, Field(description="of money: the word behind the figure, else one")]
    quote: Annotated[str, Field(min_length=12, max_length=400, description="the sentence, word for word")]


class Proposals(Strict):
    """What a model found in one piece of a release."""

    facts: Annotated[tuple[Proposal, ...], Field(max_length=MOST_PROPOSALS)]


def schema_for(sheet: FactSheet) -> dict[str, Any]:
    """The answer's JSON Schema, limited to the periods that there are and to the metrics that the reported period lacks: a small model
    otherwise proposes what is known."""
    known = {fact.metric for fact in sheet.facts if fact.segment is None and fact.period == sheet.period and fact.role is Role.ACTUAL}
    metrics = [metric for metric in vocabulary() if metric not in known]
    periods = [period.id for period in sheet.periods if period.kind is not PeriodKind.INSTANT]
    return narrow(stored(SCHEMA), {"Proposal.metric": metrics, "Proposal.period": periods})
