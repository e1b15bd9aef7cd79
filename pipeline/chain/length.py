"""How long a note's conversation gets, before anything is asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline.chain.steps import STEPS, opening
from pipeline.drafters.base import Brief
from pipeline.facts.factbase import FactBase
from pipeline.facts.sheet import FactSheet
from pipeline.llm.tokens import NEAREST, count_messages
from pipeline.llm.types import Message
from pipeline.mechanisms.engine import evaluate
from pipeline.mechanisms.library import Mechanism


def longest_prompt(sheets: Iterable[FactSheet], mechanisms: Sequence[Mechanism], most_facts: int | None) -> int:
    """Tokens of the longest of these sheets' conversations, all that we say in it and no answer: counted with o200k_base."""
    return max((_prompt(sheet, mechanisms, most_facts) for sheet in sheets), default=0)


def _prompt(sheet: FactSheet, mechanisms: Sequence[Mechanism], most_facts: int | None) -> int:
    facts = FactBase.of(sheet)
    fired, _ = evaluate(facts, mechanisms)
    brief = Brief(facts, fired, most_facts)
    system, start = opening(brief)
    turns = [Message("system", system), Message("user", start), *(Message("user", step.instruction(brief)) for step in STEPS)]
    return count_messages(turns, NEAREST).count
