"""What a drafter is: something that answers a step. The chain checks every drafter's answers alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from types import TracebackType
from typing import Any, Protocol, Self

from pipeline.facts.essentials import ESSENTIAL
from pipeline.facts.factbase import FactBase
from pipeline.facts.figures import Change, DerivedFact, Figure
from pipeline.facts.sheet import Role
from pipeline.llm.types import Message, OnAttempt, Usage
from pipeline.mechanisms.engine import Fired
from pipeline.notes.models import StepName

_OFFERED = 5
"""Mechanisms in a prompt. More of them crowd out the facts in a small model's context, and no note tells more than five effects."""


_SHORT = 100
"""A list of at most so many figures is for a small model."""
_PRIOR = (Role.PRIOR_YEAR, Role.PRIOR_QUARTER)
_PAST = (Change.SURPRISE, Change.VS_CONSENSUS)
_ENDS = (".low", ".high", ".midpoint", ".implied_rest")
"""Figures that the line of a range says already, or that follow from it."""
_LEADING = frozenset(metric for _, group in ESSENTIAL for metric in group)


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

    @cached_property
    def citable(self) -> Sequence[Figure]:
        """The figures that an answer may cite: the `most_facts` most material ones, those of one series side by side.

        Older history is left out. What only the past knows comes last: a change names its own base.
        """
        figures = sorted((f for f in self.facts if f.role is not Role.HISTORY), key=self.rank)
        if self.for_small_model:
            # A small model takes a base for something to report. Where nothing else is known of a series, there is nothing to report.
            figures = [f for f in figures if f.id in self.needed or not (f.role in _PRIOR or self._is_told_twice(f))]
        kept = figures[: self.most_facts]
        order = {stem: n for n, stem in reversed(list(enumerate(f.stem for f in kept)))}
        return tuple(sorted(kept, key=lambda f: (f.role in _PRIOR, order[f.stem])))

    @cached_property
    def watchable(self) -> Sequence[Figure]:
        """The figures whose next value can decide something: levels and changes as reported, and guidance. How a result stood against
        its estimate is over, but where a mechanism is proved wrong by the next one."""
        decides = {fired.falsifier.metric for fired in self.offered}
        return tuple(f for f in self.citable if f.role in (Role.ACTUAL, Role.GUIDANCE) and (f.change not in _PAST or f.id in decides))

    @cached_property
    def against(self) -> Sequence[Figure]:
        """The figures that speak of estimates: consensus, and how results and guidance stood against it."""
        return tuple(f for f in self.citable if f.role is Role.CONSENSUS or f.change in _PAST)

    def rank(self, figure: Figure) -> int:
        """How soon a note should speak of a figure: 0 is what the prompt's own mechanisms rest on, 6 what is known from another line."""
        if figure.id in self.needed:
            return 0
        if figure.role in _PRIOR or figure.id.endswith(_ENDS):
            return 6
        if figure.segment is not None:
            return (2 if figure.metric.id == "revenue" else 4) + (figure.change is Change.QOQ)
        if figure.role is not Role.ACTUAL:
            return 1 if figure.role is not Role.CONSENSUS or figure.period == self.facts.sheet.reported_period else 5
        if figure.metric.id in _LEADING:
            return 1
        return 3 if figure.change is not None or isinstance(figure, DerivedFact) else 4

    def _is_told_twice(self, figure: Figure) -> bool:
        """Whether a rate stands in the sheet both as stated and as computed, and this is the one with fewer digits."""
        if figure.change not in (Change.YOY, Change.QOQ):
            return False
        preferred = self.facts.change(figure.metric.id, figure.change, figure.segment)
        return preferred is not None and preferred is not figure and preferred.period == figure.period and preferred.basis is figure.basis


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
