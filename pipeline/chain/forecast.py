"""What drafting will take, before anything is asked: calls, tokens and dollars.

A note's conversation is known but for its answers. How long these are, how often a part is asked for anew and what that adds are means of
the recorded runs of the tuned cases with the local 1.5B model, `evals.bench.forecast` holds it against all recorded runs. A larger
model needs fewer repairs, so that for one the forecast is high rather than low.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.chain.steps import STEPS, opening
from pipeline.drafters.base import Brief
from pipeline.facts.factbase import FactBase
from pipeline.facts.sheet import FactSheet
from pipeline.llm.tokens import count_messages
from pipeline.llm.types import Message, Usage
from pipeline.mechanisms.engine import evaluate
from pipeline.mechanisms.library import Mechanism
from pipeline.notes.models import StepName

UNKNOWN_TOKENIZER = 1.065
"""Tokens of a model whose tokenizer is not at hand, for one of o200k_base: as Qwen2.5 counts our prompts."""


@dataclass(frozen=True, slots=True)
class _Usual:
    """Means of a step: tokens of its answer, repairs a note, and of a repair the tokens added to the prompt and those of its answer."""

    answer: float
    repairs: float
    repair_prompt: float
    repair_answer: float


_USUAL: dict[StepName, _Usual] = {
    "summarize": _Usual(318, 0.94, 368, 98),
    "second_order": _Usual(477, 0.89, 549, 212),
    "consensus_gap": _Usual(228, 0.61, 512, 59),
    "catalysts": _Usual(327, 0.0, 0, 0),
}


@dataclass(frozen=True, slots=True)
class Forecast:
    """What one or more notes will take. `calls` is a mean, so that it need not be whole."""

    notes: int
    calls: float
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int

    @property
    def usage(self) -> Usage:
        """The tokens, as a price list takes them."""
        return Usage(prompt_tokens=self.prompt_tokens, completion_tokens=self.completion_tokens, cached_tokens=self.cached_tokens)

    def __add__(self, other: Forecast) -> Forecast:
        return Forecast(
            self.notes + other.notes,
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.cached_tokens + other.cached_tokens,
            self.completion_tokens + other.completion_tokens,
        )


NOTHING = Forecast(0, 0.0, 0, 0, 0)


def forecast(sheet: FactSheet, mechanisms: Sequence[Mechanism], most_facts: int | None, model: str) -> Forecast:
    """What a note on `sheet` will take with `model`.

    Cached are the tokens of a prompt that the request before it had as well: providers serve those from their cache, as llama.cpp does.
    """
    facts = FactBase.of(sheet)
    brief = Brief(facts, evaluate(facts, mechanisms)[0], most_facts)
    system, start = opening(brief)
    scale = 1.0 if count_messages([], model).note == count_messages([], "gpt-4o").note else UNKNOWN_TOKENIZER
    said = scale * count_messages([Message("system", system), Message("user", start)], model).count
    prompts: dict[StepName, float] = {}
    calls = prompt = cached = answers = 0.0
    for step in STEPS:
        usual = _USUAL[step.name]
        before = prompts[step.after[-1]] + _USUAL[step.after[-1]].answer if step.after else said
        # The gap and the catalysts both go on from the effects.
        before = prompts["second_order"] + _USUAL["second_order"].answer if step.name == "catalysts" else before
        own = before + scale * count_messages([Message("user", step.instruction(brief))], model).count
        prompts[step.name] = own
        calls += 1 + usual.repairs
        prompt += own + usual.repairs * (own + usual.repair_prompt)
        cached += (before if step.after else 0.0) + usual.repairs * own
        answers += usual.answer + usual.repairs * usual.repair_answer
    return Forecast(1, calls, math.ceil(prompt), math.floor(cached), math.ceil(answers))
