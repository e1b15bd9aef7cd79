"""The drafter that asks a model on this machine: llama.cpp runs for as long as the run lasts, asked by the same client as any endpoint."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.config import Settings
from pipeline.drafters.base import StepAnswer, StepRequest
from pipeline.drafters.model import ModelDrafter
from pipeline.llm.local_server import LocalServer
from pipeline.llm.types import OnAttempt

TOKEN_MARGIN = 1.6
"""A Qwen model's tokens for one of o200k_base, at most: it splits numbers into digits, and fact sheets are full of them."""
CONTEXT_LIMIT = 32_768
"""What the catalogue's models were trained for, and as much memory as anybody should give to a conversation."""
ANSWERS_IN_CONTEXT = 4
"""Two accepted answers, a failed draft and its repair stand in the longest conversation."""
REPAIR_TOKENS = 1_000
SLOW_NOTE_S = 60.0
"""A note that takes longer is worth a line."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be drafted, as far as a local model has to plan for it.

    `prompt_tokens` counts the longest conversation without its answers, in o200k_base; it is called only where a local model is used.
    `tell` takes a line for the person who waits.
    """

    notes: int = 1
    prompt_tokens: Callable[[], int] = lambda: 8_000
    tell: Callable[[str], None] = lambda line: None


def context_for(prompt_tokens: int, answer_tokens: int) -> int:
    """Room for the longest conversation: what we say by o200k_base, with a margin, and answers of up to `answer_tokens`."""
    needed = math.ceil(prompt_tokens * TOKEN_MARGIN) + REPAIR_TOKENS + ANSWERS_IN_CONTEXT * answer_tokens
    return min(CONTEXT_LIMIT, math.ceil(needed / 256) * 256)


class LocalDrafter(ModelDrafter):
    """Loads the model when the run starts (`async with`) and frees it when the run ends, however it ends."""

    # One note after the other: the next step's prompt then starts with what the model has just read.
    notes_at_once: int | None = 1

    def __init__(self, gguf: Path, name: str, settings: Settings, schema_note: str, work: Work) -> None:
        """`settings` hold for the requests: give them a time-out that a slow machine can keep."""
        self._server = LocalServer(gguf, context_tokens=context_for(work.prompt_tokens(), settings.max_answer_tokens), alias=name)
        self._settings = settings
        self._schema_note = schema_note
        self._work = work
        self._answered = False
        self.name = "local"
        self.model: str | None = name
        self.token_note: str | None = None

    async def __aenter__(self) -> Self:
        from pipeline.llm.client import ChatClient

        server = self._server.__enter__()
        try:
            client = ChatClient(
                base_url=server.base_url,
                api_key=server.api_key,
                model=server.alias,
                settings=self._settings,
                schema_note=self._schema_note,
            )
            super().__init__(client, model=server.alias, base_url=server.base_url, name="local")
        except BaseException:
            server.__exit__(None, None, None)
            raise
        return await super().__aenter__()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            await super().__aexit__(kind, error, trace)
        finally:
            self._server.__exit__(kind, error, trace)

    async def answer(self, request: StepRequest, on_attempt: OnAttempt) -> StepAnswer:
        """The model's answer. After the first one, a slow machine is told of, with what the run will take."""
        answer = await super().answer(request, on_attempt)
        if not self._answered:
            self._answered = True
        return answer
