"""The same four steps in LangChain, PydanticAI, Instructor and DSPy, as the docs of each recommend: structured, validated, with retries.

    python -m evals.bench.overhead --python /path/to/an/interpreter/that/has/them

`evals.bench.overhead` runs each side of this file, in a process of its own, on the conversations that our client sends. The libraries are
imported where they are used, and this file needs nothing of `pipeline`: its interpreter may have the libraries alone. The models of the
answers are ours without what only a checker of facts would know. An answer that does not fit is asked for again by LangChain, PydanticAI
and Instructor; DSPy retries broken connections only. The versions of each library and of its openai are in the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

STEPS = ("summarize", "second_order", "consensus_gap", "catalysts")
CLIENT_CORE = 0
RETRIES = 2
Horizon = Literal["next_1_2_quarters", "next_12_18_months", "beyond"]
Direction = Literal["positive", "negative", "mixed"]
Comparison = Literal["above", "at_least", "below", "at_most"]


class Closed(BaseModel):
    """Knows its fields and no others."""

    model_config = ConfigDict(extra="forbid")


class Claim(Closed):
    evidence: list[str]
    text: str


class Watch(Closed):
    metric: str
    comparison: Comparison
    threshold: float


class Falsifier(Closed):
    metric: str
    comparison: Comparison
    threshold: float
    by: str


class Summary(Closed):
    headline: str
    claims: list[Claim]


class Effect(Closed):
    mechanism: str
    party: str
    entity: str | None
    direction: Direction
    horizon: Horizon
    confidence: Literal["low", "medium", "high"]
    claim: Claim
    falsifier: Watch


class SecondOrderEffects(Closed):
    effects: list[Effect]


class ConsensusGap(Closed):
    metric: str
    sign: str
    street_view: Claim
    our_view: Claim
    why_missed: Claim
    falsifier: Falsifier


class Window(Closed):
    from_: str = Field(alias="from")
    to: str


class Catalyst(Closed):
    event: str
    kind: str
    window: Window | None
    horizon: Horizon
    direction: Direction
    watch: Watch
    claim: Claim


class Catalysts(Closed):
    catalysts: list[Catalyst]


ANSWERS: dict[str, type[BaseModel]] = dict(zip(STEPS, (Summary, SecondOrderEffects, ConsensusGap, Catalysts), strict=True))
Turn = dict[str, str]
Ask = Callable[[str, list[Turn]], Awaitable[BaseModel]]
"""The step, and the conversation so far: the answer, validated."""


def langchain(url: str) -> Ask:
    """`ChatOpenAI.with_structured_output` by JSON schema and `with_retry`, `max_retries` of the client."""
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    model = ChatOpenAI(base_url=url, api_key=SecretStr("none"), model="stub", temperature=0, max_retries=RETRIES)
    asked = {
        step: model.with_structured_output(answer, method="json_schema", strict=True).with_retry(stop_after_attempt=1 + RETRIES)
        for step, answer in ANSWERS.items()
    }

    async def ask(step: str, turns: list[Turn]) -> BaseModel:
        found: BaseModel = await asked[step].ainvoke([(turn["role"], turn["content"]) for turn in turns])
        return found

    return ask


def pydantic_ai(url: str) -> Ask:
    """An `Agent` for each step with `NativeOutput`, the turns before as message history."""
    from pydantic_ai import Agent, NativeOutput
    from pydantic_ai.messages import ModelRequest, ModelResponse, SystemPromptPart, TextPart, UserPromptPart
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    model = OpenAIChatModel("stub", provider=OpenAIProvider(base_url=url, api_key="none"))
    agents = {step: Agent(model, output_type=NativeOutput(answer), retries=RETRIES) for step, answer in ANSWERS.items()}
    parts = {"system": SystemPromptPart, "user": UserPromptPart}

    async def ask(step: str, turns: list[Turn]) -> BaseModel:
        history = [
            ModelResponse(parts=[TextPart(turn["content"])])
            if turn["role"] == "assistant"
            else ModelRequest(parts=[parts[turn["role"]](turn["content"])])
            for turn in turns[:-1]
        ]
        found = await agents[step].run(turns[-1]["content"], message_history=history)
        output: BaseModel = found.output
        return output

    return ask


def instructor(url: str) -> Ask:
    """`from_openai` in JSON-schema mode with `max_retries`."""
    import instructor as library
    from openai import AsyncOpenAI

    client = library.from_openai(AsyncOpenAI(base_url=url, api_key="none"), mode=library.Mode.JSON_SCHEMA)

    async def ask(step: str, turns: list[Turn]) -> BaseModel:
        found: BaseModel = await client.chat.completions.create(
            model="stub", messages=turns, response_model=ANSWERS[step], max_retries=RETRIES, temperature=0
        )
        return found

    return ask


def dspy(url: str) -> Ask:
    """A `Predict` for each step with the JSON adapter; the conversation so far is its input, as one text.

    The model has a known name, since DSPy asks only such for structured output.
    """
    import dspy as library

    library.configure(
        lm=library.LM("openai/gpt-4o-mini", api_base=url, api_key="none", cache=False, temperature=0, num_retries=RETRIES),
        adapter=library.JSONAdapter(),
    )

    def signature(step: str, answer: type[BaseModel]) -> Any:
        fields = {"conversation": (str, library.InputField()), step: (answer, library.OutputField())}
        return library.Signature(fields, "Draft the next part of an earnings note.")

    predictors = {step: library.Predict(signature(step, answer)) for step, answer in ANSWERS.items()}

    async def ask(step: str, turns: list[Turn]) -> BaseModel:
        found = await predictors[step].acall(conversation="\n\n".join(turn["content"] for turn in turns))
        answer: BaseModel = getattr(found, step)
        return answer

    return ask


MAKERS: dict[str, Callable[[str], Ask]] = {"langchain": langchain, "pydantic-ai": pydantic_ai, "instructor": instructor, "dspy": dspy}
PACKAGES = {"langchain": "langchain-openai", "pydantic-ai": "pydantic-ai-slim", "instructor": "instructor", "dspy": "dspy"}
SIDES = tuple(MAKERS)


async def draft(ask: Ask, bodies: list[list[dict[str, Any]]], notes: int, at_once: int) -> None:
    """So many notes: the first two steps one after the other, the last two side by side, each after the conversation that it belongs to."""
    gate = asyncio.Semaphore(at_once)

    async def note(number: int) -> None:
        conversations = [body["messages"] for body in bodies[number % len(bodies)]]
        async with gate:
            await ask(STEPS[0], conversations[0])
            await ask(STEPS[1], conversations[1])
            await asyncio.gather(ask(STEPS[2], conversations[2]), ask(STEPS[3], conversations[3]))

    await asyncio.gather(*map(note, range(notes)))


def _has(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def main() -> None:
    """The command line: one side, and its figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", choices=SIDES, required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--notes", type=int, required=True)
    parser.add_argument("--at-once", type=int, required=True)
    args = parser.parse_args()
    os.sched_setaffinity(0, {CLIENT_CORE})
    os.environ |= {"LANGSMITH_TRACING": "false", "DSPY_CACHEDIR": "/dev/null", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    bodies = json.loads((args.folder / "bodies.json").read_text("utf-8"))
    begun = time.perf_counter()
    ask = MAKERS[args.side](args.url)
    imported = time.perf_counter() - begun
    asyncio.run(draft(MAKERS[args.side](args.url), bodies, 1, args.at_once))
    started, used = time.perf_counter(), time.process_time()
    asyncio.run(draft(ask, bodies, args.notes, args.at_once))
    figures = {
        "seconds": time.perf_counter() - started,
        "processor seconds": time.process_time() - used,
        "peak MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "import seconds": imported,
        "version": ", ".join(f"{name} {metadata.version(name)}" for name in (PACKAGES[args.side], "openai") if _has(name)),
    }
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
