"""The drafter that asks a model on this machine: llama.cpp runs for as long as the run lasts, asked by the same client as any endpoint."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.config import Settings
from pipeline.drafters.base import StepAnswer, StepRequest
from pipeline.drafters.model import LOCAL_FACTS, ModelDrafter
from pipeline.llm.client import ChatClient
from pipeline.llm.gate import Around
from pipeline.llm.local.server import LocalServer, Speed
from pipeline.llm.types import OnAttempt, Usage

TOKEN_MARGIN = 1.3
"""A Qwen model's tokens for one of o200k_base, at most: it splits numbers into digits. Measured on the cases: 1.04 to 1.12 for all that we
say, 1.16 for the sheet alone."""
CONTEXT_LIMIT = 32_768
"""What the catalogue's models were trained for, and as much memory as anybody should give to a conversation."""
ANSWERS_IN_CONTEXT = 4
"""Two accepted answers, a failed draft and its repair stand in the longest conversation."""
REPAIR_TOKENS = 1_000
ANSWERS_PER_NOTE = 6
"""Four steps, and two repairs as a rule."""
TURN_TOKENS = 400
"""What an answer's own turn adds to the prompt."""
SLOW_NOTE_S = 60.0
"""A note that takes longer is worth a line."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be drafted, as far as a local model has to plan for it.

    `prompt_tokens` counts the longest conversation with at most so many figures (None: all), without its answers, in o200k_base; it is
    called only where a local model is used. `tell` takes a line for the person who waits.
    """

    notes: int = 1
    prompt_tokens: Callable[[int | None], int] = lambda most_facts: 8_000
    tell: Callable[[str], None] = lambda line: None


def context_for(prompt_tokens: int, answer_tokens: int) -> int:
    """Room for the longest conversation: what we say by o200k_base, with a margin, and answers of up to `answer_tokens`."""
    needed = math.ceil(prompt_tokens * TOKEN_MARGIN) + REPAIR_TOKENS + ANSWERS_IN_CONTEXT * answer_tokens
    return min(CONTEXT_LIMIT, math.ceil(needed / 256) * 256)


def estimate(speed: Speed, first: Usage, notes: int) -> str | None:
    """What a run will take, told after its first answer; None where a note takes no longer than a person waits anyway."""
    if not speed.reading or not speed.writing:
        return None
    each = first.completion_tokens / speed.writing + TURN_TOKENS / speed.reading
    seconds = first.prompt_tokens / speed.reading + ANSWERS_PER_NOTE * each
    if seconds <= SLOW_NOTE_S:
        return None
    several = f", {_duration(notes * seconds)} for {notes} notes" if notes > 1 else ""
    return f"about {speed.writing:.0f} tokens/s here: about {_duration(seconds)} a note{several}"


def _duration(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


class LocalDrafter:
    """A `Drafter` that loads its model when the run starts (`async with`) and frees it when the run ends, however it ends."""

    name = "local"
    asks_again = True
    # One note after the other: the next step's prompt then starts with what the model has just read.
    notes_at_once: int | None = 1

    def __init__(self, gguf: Path, name: str, settings: Settings, schema_note: str, work: Work, around: Around | None = None) -> None:
        """`settings` hold for the requests: give them a time-out that a slow machine can keep. `around` is what
        its client shares with others."""
        self.most_facts: int | None = settings.prompt_facts or LOCAL_FACTS
        context = context_for(work.prompt_tokens(self.most_facts), settings.max_answer_tokens)
        self._server = LocalServer(gguf, context_tokens=context, alias=name)
        self.settings = settings
        self._schema_note = schema_note
        self._work = work
        self._around = around
        self._gguf = gguf
        self._asked: ModelDrafter | None = None
        self._estimated = False
        self.model: str | None = name
        self.token_note: str | None = None

    async def __aenter__(self) -> Self:
        server = self._server.__enter__()
        try:
            client = ChatClient(
                base_url=server.base_url,
                api_key=server.api_key,
                model=server.alias,
                settings=self.settings,
                schema_note=self._schema_note,
                # The server's address is another each time; the model is the same.
                keeper=self._around.keeper(f"local:{server.alias}:{self._gguf.stat().st_size}") if self._around else None,
                gate=self._around.gate(server.alias, None) if self._around else None,
            )
            asked = ModelDrafter(client, model=server.alias, base_url=server.base_url, name=self.name, most_facts=self.most_facts)
            self._asked = await asked.__aenter__()
        except BaseException:
            server.__exit__(None, None, None)
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if self._asked is not None:
                await self._asked.__aexit__(kind, error, trace)
        finally:
            self._server.__exit__(kind, error, trace)

    async def answer(self, request: StepRequest, on_attempt: OnAttempt) -> StepAnswer:
        """The model's answer. After the first one the person is told what the run will take on a slow machine. Raises ProviderError."""
        assert self._asked is not None, "used inside `async with`"
        answer = await self._asked.answer(request, on_attempt)
        self.token_note = self._asked.token_note
        if not self._estimated:
            self._estimated = True
            line = estimate(self._server.speed(), answer.usage, self._work.notes)
            if line:
                self._work.tell(line)
        return answer

    def cost_usd(self, usage: Usage) -> Decimal | None:
        """Nothing is bought."""
        return None
