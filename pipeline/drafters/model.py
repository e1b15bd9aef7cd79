"""The drafter that asks a model behind an OpenAI-compatible server."""

from __future__ import annotations

from decimal import Decimal
from types import TracebackType
from typing import Self

from pipeline.drafters.base import StepAnswer, StepRequest
from pipeline.llm.client import ChatClient
from pipeline.llm.prices import cost_usd
from pipeline.llm.tokens import count_messages, count_tokens
from pipeline.llm.types import OnAttempt, Request, Usage

PROMPT_FACTS = 160
"""Figures in a prompt: as many as a model of a provider reads without losing any."""
LOCAL_FACTS = 60
"""Figures in the prompt of a small model on this machine, which reads 30 tokens a second and loses track of long lists."""


class ModelDrafter:
    """Sends each step's conversation to `client` and hands back what the model wrote."""

    asks_again = True
    notes_at_once: int | None = None

    def __init__(
        self,
        client: ChatClient,
        *,
        model: str,
        base_url: str,
        name: str = "openai",
        most_facts: int | None = PROMPT_FACTS,
        share_of_price: Decimal = Decimal(1),
    ) -> None:
        """`name` is the drafter's in notes and records; `most_facts` is how many figures a prompt holds, None for all.

        `share_of_price` is what is paid of the list price.
        """
        self.name = name
        self.most_facts = most_facts
        self.model: str | None = model
        self._known = (model, base_url)
        self.token_note: str | None = None
        self._client = client
        self._share_of_price = share_of_price

    async def answer(self, request: StepRequest, on_attempt: OnAttempt) -> StepAnswer:
        """The model's answer. Raises ProviderError by kind, and what the client's gate and keeper raise."""
        asked = Request(request.step, request.messages, request.schema, variation=request.repair)
        done = await self._client.complete(asked, on_attempt)
        usage = done.usage
        if usage.prompt_tokens == 0:
            usage = self._counted(request, done.text)
        return StepAnswer(done.text, usage)

    def _counted(self, request: StepRequest, text: str) -> Usage:
        """Our own count, for servers that report none."""
        model, _ = self._known
        prompt = count_messages(request.messages, model)
        answer = count_tokens(text, model)
        self.token_note = f"the server reports no token counts; counted here: {prompt.note}"
        return Usage(prompt_tokens=prompt.count, completion_tokens=answer.count)

    def cost_usd(self, usage: Usage) -> Decimal | None:
        """By the price list, cached tokens priced as such; None for a model that it does not know."""
        cost = cost_usd(usage, *self._known)
        return None if cost is None else cost * self._share_of_price

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._client.__aexit__(kind, error, trace)
