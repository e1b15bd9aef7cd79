"""`RuleDrafter`: answers each step by rule, in the same JSON that a model would write."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from types import TracebackType
from typing import Self

from pydantic import BaseModel

from pipeline.drafters.base import Brief, StepAnswer, StepRequest
from pipeline.drafters.rules.catalysts import catalysts
from pipeline.drafters.rules.effects import effects
from pipeline.drafters.rules.gap import consensus_gap
from pipeline.drafters.rules.summary import summary
from pipeline.llm.types import OnAttempt, Usage
from pipeline.notes.models import StepName

STEPS: dict[StepName, Callable[[Brief], BaseModel]] = {
    "summarize": summary,
    "second_order": effects,
    "consensus_gap": consensus_gap,
    "catalysts": catalysts,
}


class RuleDrafter:
    """Same facts, same note. Its parts are built without validation: the chain's checks judge them, as they judge a model's."""

    name = "rules"
    model: str | None = None
    asks_again = False
    most_facts: int | None = None
    notes_at_once: int | None = None
    token_note: str | None = None

    async def answer(self, request: StepRequest, on_attempt: OnAttempt) -> StepAnswer:
        """The step's JSON, by rule."""
        return StepAnswer(STEPS[request.step](request.brief).model_dump_json(by_alias=True), Usage())

    def cost_usd(self, usage: Usage) -> Decimal | None:
        """Rules cost nothing."""
        return None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None
