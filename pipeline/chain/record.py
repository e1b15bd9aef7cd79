"""The run record: everything that happened while a note was drafted, every attempt included."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, PlainSerializer

from pipeline.facts.sheet import Strict
from pipeline.llm.types import Attempt, Usage
from pipeline.notes.models import PromptUsed, StepName

Dollars = Annotated[Decimal, PlainSerializer(lambda value: f"{value:f}", return_type=str, when_used="json")]


class Turn(Strict):
    """One answer and what the checks said of it. `attempts` are the HTTP requests that it took.

    The answer of a repair holds the parts that it was asked for; `violations` are those of the whole that they complete.
    """

    answer: str | None
    violations: tuple[str, ...]
    attempts: tuple[Attempt, ...]
    usage: Usage


class StepRecord(Strict):
    """One step: its turns (the first answer, then repairs) and how it ended."""

    step: StepName
    outcome: Literal["accepted", "partly_withheld", "failed"]
    turns: tuple[Turn, ...]
    seconds: float


class RunRecord(Strict):
    """One note's run."""

    sheet_digest: str
    drafter: str
    model: str | None
    started: datetime
    seconds: float
    steps: tuple[StepRecord, ...]
    usage: Usage
    cost_usd: Annotated[Dollars | None, Field(description="None where the model's price is not known, or nothing was bought")]
    token_note: Annotated[str | None, Field(description="how token counts that no server reported were made")] = None
    prompts: tuple[PromptUsed, ...]
    schemas: tuple[PromptUsed, ...]


def total(usages: Sequence[Usage]) -> Usage:
    """The sum of several usages."""
    return Usage(
        prompt_tokens=sum(u.prompt_tokens for u in usages),
        completion_tokens=sum(u.completion_tokens for u in usages),
        cached_tokens=sum(u.cached_tokens for u in usages),
    )
