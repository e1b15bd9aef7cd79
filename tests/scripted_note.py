"""Sound answers of the scripted model as one that asks for few figures would give them: they cite what the prompt lists."""

from __future__ import annotations

import copy
from typing import Any

from pipeline.drafters.base import Brief
from pipeline.drafters.model import PROMPT_FACTS
from pipeline.facts.factbase import FactBase
from pipeline.facts.sheet import FactSheet
from pipeline.mechanisms.engine import evaluate
from pipeline.mechanisms.library import library
from pipeline.notes.models import StepName
from tests.scripted_model import ScriptedModel


def brief_of(sheet: FactSheet, most_facts: int | None = PROMPT_FACTS) -> Brief:
    facts = FactBase.of(sheet)
    return Brief(facts, evaluate(facts, library())[0], most_facts)


def sound_answers(sheet: FactSheet, most_facts: int | None = PROMPT_FACTS) -> dict[StepName, dict[str, Any]]:
    """A sound answer to each step."""
    ids = {figure.id for figure in brief_of(sheet, most_facts).citable}
    answers = copy.deepcopy(ScriptedModel(FactBase.of(sheet)).sound)
    for answer in answers.values():
        _cite(answer, ids)
    return answers


def _cite(value: Any, ids: set[str]) -> None:
    if isinstance(value, dict):
        if isinstance(value.get("evidence"), list):
            value["evidence"] = [name for name in value["evidence"] if name in ids]
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            _cite(inner, ids)
