"""What a drafter is: something that answers a step. The chain checks every drafter's answers alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from types import TracebackType
from typing import Any, Protocol, Self

from pipeline.facts.factbase import FactBase
from pipeline.facts.sheet import Role
from pipeline.llm.types import Message, OnAttempt, Usage
from pipeline.mechanisms.engine import Fired
from pipeline.notes.models import StepName

_OFFERED = 5
"""Mechanisms in a prompt. More of them crowd out the facts in a small model's context, and no note tells more than five effects."""


_SHORT = 100
"""A list of at most so many figures is for a small model."""


@dataclass(frozen=True)
class Brief:
    """What is known before the first step: the facts and the mechanisms that they fire, strongest first."""

    facts: FactBase
    fired: Sequence[Fired]
    most_facts: int | None = None
    """How many figures may be cited; None for all that the sheet has."""

    @property
    def offered(self) -> Sequence[Fired]:
        """The mechanisms that may be told: all for rules, the strongest for a model, whose prompt names them."""
        return self.fired if self.most_facts is None else self.fired[:_OFFERED]

    @property
    def for_small_model(self) -> bool:
        """Whether the list of figures is short, as it is for a small model: such a one is led by the hand."""
        return self.most_facts is not None and self.most_facts <= _SHORT

    @property
    def has_estimate(self) -> bool:
        """Whether the sheet holds any estimate, so that a side can be taken."""
        return any(figure.role is Role.CONSENSUS for figure in self.facts)

    @cached_property
    def needed(self) -> frozenset[str]:
        """Ids that the prompt's own words rest on: the figures of the offered mechanisms and of their thresholds."""
        return frozenset(name for one in self.offered for name in (*(figure.id for figure in one.facts), one.falsifier.metric))


@dataclass(frozen=True, slots=True)
class StepRequest:
    """One turn that is to be answered. `answers` are the accepted answers of the steps before it, as JSON values.

    `repair` counts the times that the step was answered already: a drafter should not give the same answer once more.
    """

    step: StepName
    brief: Brief
    messages: tuple[Message, ...]
    schema: dict[str, Any]
    answers: Mapping[StepName, Any] = field(default_factory=dict)
    repair: int = 0


@dataclass(frozen=True, slots=True)
class StepAnswer:
    """What the drafter wrote, unparsed, and what it used."""

    text: str
    usage: Usage


class Drafter(Protocol):
    """Writes step answers. `asks_again` is False where a repair turn would get the same answer once more.

    `notes_at_once` is how many notes are best drafted side by side at most; None for as many as the user likes.
    """

    name: str
    model: str | None
    most_facts: int | None
    """How many figures its context should hold; None for all."""
    asks_again: bool
    notes_at_once: int | None
    token_note: str | None
    """How tokens that no server reported were counted."""

    async def answer(self, request: StepRequest, on_attempt: OnAttempt) -> StepAnswer:
        """The step's JSON as text. Raises ProviderError."""
        ...

    def cost_usd(self, usage: Usage) -> Decimal | None:
        """What `usage` costs; None where no price is known or nothing is bought."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...
