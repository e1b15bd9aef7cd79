"""A scripted model for the chain's tests: sound answers by step, into which a test plants its faults."""

from __future__ import annotations

import copy
import json
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from pipeline.drafters.base import Brief
from pipeline.drafters.rules.drafter import STEPS
from pipeline.facts.factbase import FactBase
from pipeline.mechanisms.engine import evaluate
from pipeline.mechanisms.library import library
from pipeline.notes.models import StepName
from tests.scripted_server import Reply

Change = Callable[[dict[str, Any]], None]


class ScriptedModel:
    """Called with a request, answers its step. `plan[step]` holds what is done to the first, second, ... answer of a step:
    a function that spoils a copy of the sound answer, a Reply in its place, or None for the sound answer. The last entry repeats."""

    def __init__(self, facts: FactBase, plan: dict[StepName, Sequence[Change | Reply | None]] | None = None) -> None:
        brief = Brief(facts, evaluate(facts, library())[0])
        self.sound: dict[StepName, dict[str, Any]] = {
            step: json.loads(build(brief).model_dump_json(by_alias=True)) for step, build in STEPS.items()
        }
        self._plan = plan or {}
        self._asked: dict[str, int] = defaultdict(int)
        self._lock = threading.Lock()

    def __call__(self, request: dict[str, Any] | None) -> Reply | str:
        if request is None:
            return Reply(body='{"object": "list", "data": [{"id": "scripted", "object": "model"}]}')
        step: StepName = request["response_format"]["json_schema"]["name"]
        with self._lock:
            turn = self._asked[step]
            self._asked[step] += 1
        turns = self._plan.get(step, [None])
        what = turns[min(turn, len(turns) - 1)]
        if isinstance(what, Reply):
            return what
        answer = copy.deepcopy(self.sound[step])
        if what is not None:
            what(answer)
        return json.dumps(_asked_for(answer, request), ensure_ascii=False)


def _asked_for(answer: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    """What a repair asks for of a whole answer: the parts that its message names, in their order."""
    named = re.search(r"only these parts anew, in this order: ([^.]*)\. Each is about", request["messages"][-1]["content"])
    if named is None:
        return answer
    part: dict[str, Any] = {}
    for name in named[1].split(", "):
        field, _, place = name.removesuffix("]").partition("[")
        if place:
            part.setdefault(field, []).append(answer[field][int(place)])
        else:
            part[field] = answer[field]
    return part
