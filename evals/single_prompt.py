"""The baseline that the chain must beat: one request asks the same model for the whole note, and the same checks decide what is printed.

The baseline gets all that the chain's model gets, and in the same words: the system rules, the fact sheet with as many figures, the four
steps' instructions with mechanisms, thresholds and events, and the four steps' schemas, narrowed to the same ids and joined into one.
(A step's schema and instruction follow from the sheet alone; nothing of them depends on an earlier answer, so none is lost.) It gets
the tokens of four answers, and of an answer that was cut off the sections that are complete.

What it does not get is what makes the chain one: no turn sees what the checks said of the turn before. So nothing is repaired, and a
section may rest on a sentence that is withheld.
"""

from __future__ import annotations

import asyncio
import copy
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pipeline.chain.draft import Clock, Draft, draft_note
from pipeline.chain.steps import STEPS, opening
from pipeline.config import Settings
from pipeline.drafters.base import Brief, StepAnswer, StepRequest
from pipeline.drafters.model import PROMPT_FACTS
from pipeline.errors import BadAnswer, EmptyAnswer, Truncated
from pipeline.facts.sheet import FactSheet
from pipeline.llm.client import ChatClient
from pipeline.llm.prices import cost_usd
from pipeline.llm.types import Message, OnAttempt, Request, Usage
from pipeline.notes.models import PromptUsed, StepName
from pipeline.prompting import Prompt, load_prompt, parse_prompt

NAME = "single_prompt"
SECTIONS: dict[StepName, str] = {
    "summarize": "summary",
    "second_order": "second_order",
    "consensus_gap": "consensus_gap",
    "catalysts": "catalysts",
}
"""The field of the answer that holds each step's."""
ANSWERS_IN_ONE = 4
_SHARED_PROMPTS = ("system", "facts", *SECTIONS, "schema_note")
_REF = "#/$defs/"


# -- the request ---------------------------------------------------------------------------------------------------------------


@cache
def single_prompt() -> Prompt:
    """The instruction that asks for all four sections. Raises ResourceError."""
    return parse_prompt(Path(__file__).with_name("prompts") / "single.md")


def prompts_used() -> tuple[PromptUsed, ...]:
    """Every prompt that goes into the request."""
    return tuple(PromptUsed(name=prompt.name, digest=prompt.digest) for prompt in (*map(load_prompt, _SHARED_PROMPTS), single_prompt()))


def request_of(brief: Brief) -> Request:
    """The one request for a whole note."""
    system, sheet = opening(brief)
    ask = single_prompt().render(**{step.name: step.instruction(brief) for step in STEPS})
    schemas = {SECTIONS[step.name]: step.narrowed(brief) for step in STEPS}
    return Request(NAME, (Message("system", system), Message("user", sheet), Message("user", ask)), joined(schemas))


def joined(schemas: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """One schema of an object whose fields follow `schemas`.

    Definitions that are equal in several of them stand once. One that has the name of another but not its content, or refers to such a
    one, gets a name of its own (`Watch2`), in its references too.
    """
    definitions: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    for field_name, schema in schemas.items():
        own = schema.get("$defs", {})
        names = _names_of_their_own(own, definitions)
        definitions |= {names.get(name, name): _renamed(part, names) for name, part in own.items()}
        body = {key: value for key, value in schema.items() if not key.startswith("$")}
        properties[field_name] = _renamed(body, names)
    return {
        "type": "object",
        "description": "The whole note.",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        "$defs": definitions,
    }


def _names_of_their_own(own: Mapping[str, Any], taken: Mapping[str, Any]) -> dict[str, str]:
    clashing = {name for name, part in own.items() if name in taken and taken[name] != part}
    while more := {name for name, part in own.items() if name in taken and name not in clashing and clashing.intersection(_refs(part))}:
        clashing |= more
    names: dict[str, str] = {}
    for name in sorted(clashing):
        number = 2
        while f"{name}{number}" in {*taken, *own, *names.values()}:
            number += 1
        names[name] = f"{name}{number}"
    return names


def _refs(part: Any) -> Iterator[str]:
    """The names of the definitions that a schema refers to."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"].removeprefix(_REF)
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from _refs(inner)


def _renamed(part: Any, names: Mapping[str, str]) -> Any:
    """A copy of a schema that refers to definitions by their new names."""
    if isinstance(part, list):
        return [_renamed(inner, names) for inner in part]
    if not isinstance(part, dict):
        return copy.copy(part)
    return {
        key: _REF + names.get(value.removeprefix(_REF), value.removeprefix(_REF))
        if key == "$ref" and isinstance(value, str)
        else _renamed(value, names)
        for key, value in part.items()
    }


# -- the answer ----------------------------------------------------------------------------------------------------------------

_SPACE = re.compile(r"[\s,]*")


def sections_of(text: str) -> dict[str, str]:
    """The members of the JSON object in `text`, each as it was written. Of an object that was cut off, those that are complete."""
    found: dict[str, str] = {}
    decoder = json.JSONDecoder()
    place = text.find("{") + 1
    while place:
        place = _after_space(text, place)
        if text[place : place + 1] != '"':
            break
        try:
            name, place = decoder.raw_decode(text, place)
            place = _after_space(text, place)
            if text[place : place + 1] != ":":
                break
            start = _after_space(text, place + 1)
            _, place = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            break
        found.setdefault(name, text[start:place])
    return found


def _after_space(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return found.end() if found else place


@dataclass(slots=True)
class _Whole:
    """What became of the one request for a brief."""

    brief: Brief
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    sections: dict[str, str] | None = None
    error: BadAnswer | None = None
    given: set[StepName] = field(default_factory=set)


class SinglePromptDrafter:
    """A `Drafter` that asks once for each note and hands the answer out in sections, step by step.

    The request's attempts and usage stand with the step that asks first: the others took nothing.
    """

    name = NAME
    asks_again = False
    notes_at_once: int | None = None

    def __init__(self, client: ChatClient, *, model: str, base_url: str, most_facts: int | None = PROMPT_FACTS) -> None:
        """`client` should allow as many tokens as a whole note takes: see `roomy`. `most_facts` figures stand in the prompt."""
        self.model: str | None = model
        self.most_facts: int | None = most_facts
        self.token_note: str | None = None
        self._client = client
        self._known = (model, base_url)
        self._wholes: dict[int, _Whole] = {}

    async def answer(self, request: StepRequest, on_attempt: OnAttempt) -> StepAnswer:
        """The step's section, as the model wrote it. Raises EmptyAnswer for one that it did not write, and ProviderError by kind."""
        # By identity, kept alive by the entry itself: a brief is too large to compare.
        whole = self._wholes.setdefault(id(request.brief), _Whole(request.brief))
        usage = Usage()
        async with whole.asking:
            if whole.sections is None:
                whole.sections, whole.error, usage = await self._ask(request.brief, on_attempt)
        whole.given.add(request.step)
        if len(whole.given) == len(STEPS):
            self._wholes.pop(id(request.brief), None)
        section = whole.sections.get(SECTIONS[request.step])
        if section is None:
            raise whole.error or EmptyAnswer(f"{self.model} wrote no `{SECTIONS[request.step]}`", status=200)
        return StepAnswer(section, usage)

    async def _ask(self, brief: Brief, on_attempt: OnAttempt) -> tuple[dict[str, str], BadAnswer | None, Usage]:
        """Sections, why there are not all of them, and what was used beyond the attempts that failed."""
        try:
            done = await self._client.complete(request_of(brief), on_attempt)
        except Truncated as error:
            return sections_of(error.body), error, Usage()
        except BadAnswer as error:
            return {}, error, Usage()
        return sections_of(done.text), None, done.usage

    def cost_usd(self, usage: Usage) -> Decimal | None:
        """By the price list; None for a model that it does not know."""
        return cost_usd(usage, *self._known)

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._wholes.clear()
        await self._client.__aexit__(kind, error, trace)


def roomy(settings: Settings, answer_tokens: int | None = None) -> Settings:
    """`settings` with the tokens of four answers, or `answer_tokens`. A longer answer is cut off and not asked for again: one call."""
    tokens = answer_tokens or ANSWERS_IN_ONE * settings.max_answer_tokens
    return settings.model_copy(update={"max_answer_tokens": tokens, "answer_tokens_limit": tokens})


async def draft_single(sheet: FactSheet, drafter: SinglePromptDrafter, clock: Clock) -> Draft:
    """One note by one request, checked and assembled as the chain's are; its manifest names the prompts that were used.

    Raises ProviderError when the model's server cannot be used at all.
    """
    draft = await draft_note(sheet, drafter, clock)
    manifest = draft.note.manifest.model_copy(update={"prompts": prompts_used()})
    return Draft(draft.note.model_copy(update={"manifest": manifest}), draft.record.model_copy(update={"prompts": prompts_used()}))
