"""Asks a model for one JSON answer at a time: puts the request in a form that the server takes, retries, and reports every attempt."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.config import Settings
from pipeline.errors import EmptyAnswer, Filtered, FormatUnsupported, ParameterRejected, ProviderError, Refused, ResourceError, Truncated
from pipeline.llm import formats
from pipeline.llm.gate import CANCELLED, Asked, Came, Gate, Keeper, Slots
from pipeline.llm.retry import Sleep, ask_again
from pipeline.llm.types import Attempt, Completion, FormatMode, OnAttempt, Request, Usage
from pipeline.llm.wire import OPENAI_URL, Wire, clean, host_of

if TYPE_CHECKING:
    import httpx2


_WARMER = 0.3
"""Added to the temperature for each variation: at temperature 0 a small model repeats a refused answer word for word."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a server is known to take. The first format and the first limit are in use; the others are still to try, in order."""

    limits: tuple[str, ...]
    """Names for the token limit."""
    formats: tuple[FormatMode, ...] = formats.FORMATS
    sampling: tuple[str, ...] = ("temperature", "seed")

    @classmethod
    def of(cls, base_url: str) -> Dialect:
        """Where to begin with a server.

        OpenAI's newer models refuse `max_tokens` by name. Other servers may pass over a `max_completion_tokens` that they don't know, and
        the answer is then without a limit (llama.cpp until 2026). So each is first asked in the way whose failure is heard.
        """
        names = ("max_completion_tokens", "max_tokens")
        return cls(limits=names if host_of(base_url) == host_of(OPENAI_URL) else names[::-1])

    def without(self, error: ProviderError) -> Dialect | None:
        """The next dialect to try after the server rejected this one with `error`; None when that would change nothing."""
        match error:
            case FormatUnsupported() if len(self.formats) > 1:
                return replace(self, formats=self.formats[1:])
            case ParameterRejected(parameter=name) if name in self.sampling:
                return replace(self, sampling=tuple(other for other in self.sampling if other != name))
            case ParameterRejected(parameter=name) if name == self.limits[0] and len(self.limits) > 1:
                return replace(self, limits=self.limits[1:])
        return None


class ChatClient:
    """A model on an OpenAI-compatible server. Used inside `async with`; any number of `complete` calls may run at once."""

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str | None,
        model: str,
        settings: Settings,
        schema_note: str,
        transport: httpx2.AsyncBaseTransport | None = None,
        keeper: Keeper | None = None,
        gate: Gate | None = None,
        sleep: Sleep = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`schema_note` goes with the last message where the server lacks strict schemas; `{schema}` in it stands for the JSON Schema.

        `base_url`, `api_key` and `model` count, not those of `settings`. `transport` takes the place of the network. What `keeper` recalls
        is not asked for; `gate` lets the rest through, by default `settings.concurrency` requests at a time.
        Raises InputError for a base URL that is none and KeyRejected where a key is needed and missing.
        """
        if "{schema}" not in schema_note:
            raise ResourceError("the note that goes with a schema lacks its {schema} placeholder")
        self._wire = Wire(base_url, api_key, settings, transport)
        self._model = model
        self._settings = settings
        self._schema_note = schema_note
        self._sleep = sleep
        self._clock = clock
        self._dialect = Dialect.of(base_url)
        self._keeper = keeper
        self._gate: Gate = gate or Slots(settings.concurrency)
        self._random = Random(settings.seed).random  # noqa: S311 - spreads retries; the same run waits the same times

    async def __aenter__(self) -> ChatClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._wire.__aexit__()

    async def complete(self, request: Request, on_attempt: OnAttempt) -> Completion:
        """The model's answer to `request`; every HTTP request on the way to it is reported to `on_attempt`.

        The text is the JSON object that the model wrote, or all that it wrote when there is no single object in it: the caller validates.
        A refused format or parameter is asked for no more, here and, once an answer came, in later requests. An answer that is cut off is
        asked for again with twice the tokens, up to `answer_tokens_limit`. Raises the ProviderError of the last attempt, and whatever the
        keeper and the gate raise.
        """
        settings = self._settings
        dialect = self._dialect
        max_tokens = settings.max_answer_tokens

        async def once(number: int, waited_s: float) -> Completion:
            asked = Asked(request, encoded(self._body(request, dialect, max_tokens)), max_tokens)
            answer, error, seconds = await self._answered(asked)
            text = ""
            if error is None:
                try:
                    text = answer.finished_text(self._model, max_tokens)
                except ProviderError as caught:
                    error = caught
            on_attempt(
                Attempt(
                    number=number,
                    format=dialect.formats[0],
                    max_tokens=max_tokens,
                    status=error.status if error else 200,
                    outcome=type(error).__name__ if error else "ok",
                    detail=str(error or ""),
                    waited_s=waited_s,
                    seconds=seconds,
                    usage=answer.usage,
                    finish_reason=answer.finish_reason,
                    response_model=answer.model,
                )
            )
            if error is not None:
                raise error
            return Completion(formats.extract_object(text) or text, answer.usage, dialect.formats[0], answer.model or self._model)

        def adapt(error: ProviderError) -> bool:
            nonlocal dialect, max_tokens
            if isinstance(error, Truncated) and max_tokens < settings.answer_tokens_limit:
                max_tokens = min(2 * max_tokens, settings.answer_tokens_limit)
                return True
            changed = dialect.without(error)
            dialect = changed or dialect
            return changed is not None

        completion = await ask_again(
            once,
            adapt=adapt,
            max_attempts=settings.max_attempts,
            max_wait_s=settings.max_wait_s,
            sleep=self._sleep,
            random=self._random,
        )
        self._dialect = dialect
        return completion

    async def _answered(self, asked: Asked) -> tuple[_Answer, ProviderError | None, float]:
        """What is kept, or what the server says, or why there is nothing; and the seconds that the server took."""
        if self._keeper is not None and (kept := await self._keeper.recall(asked)) is not None:
            return _read(json.loads(kept)), None, 0.0
        ticket = await self._gate.enter(asked)
        started = self._clock()
        answer, content = _Answer(), b""
        failure: ProviderError | None = None
        came = Came(Usage(), 0.0, CANCELLED)
        try:
            try:
                body, content = await self._wire.post(asked.content, asked.request.sample)
                answer = _read(body)
            except ProviderError as error:
                failure = error
            seconds = self._clock() - started
            came = Came(answer.usage, seconds, type(failure).__name__ if failure else None, failure.retry_after_s if failure else None)
        finally:
            await self._gate.leave(ticket, came)
        if self._keeper is not None and answer.text.strip():
            await self._keeper.keep(asked, content, answer.usage)
        return answer, failure, seconds

    def _body(self, request: Request, dialect: Dialect, max_tokens: int) -> dict[str, Any]:
        """The request's JSON; the same request in the same dialect gives the same bytes."""
        mode = dialect.formats[0]
        body: dict[str, Any] = {"model": self._model, "messages": formats.messages(request, mode, self._schema_note)}
        response_format = formats.response_format(request, mode, bounded=self._settings.bounded_texts)
        if response_format:
            body["response_format"] = response_format
        body[dialect.limits[0]] = max_tokens
        sampling = {
            "temperature": min(self._settings.temperature + _WARMER * request.variation, 2.0),
            "seed": self._settings.seed + request.variation,
        }
        return body | {name: sampling[name] for name in dialect.sampling}


def encoded(body: dict[str, Any]) -> bytes:
    """A request's bytes: the same request in the same dialect gives the same."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8", "replace")


class _Answer(NamedTuple):
    """The parts of a chat completion that count here."""

    text: str = ""
    refusal: str = ""
    finish_reason: str | None = None
    usage: Usage = Usage()
    model: str | None = None

    def finished_text(self, model: str, max_tokens: int) -> str:
        """The text of an answer that came to its end. Raises the BadAnswer that tells why there is none."""
        if self.refusal:
            raise Refused(f"{model} declined: {clean(self.refusal, 300)}", status=200, body=self.refusal)
        if self.finish_reason == "content_filter":
            raise Filtered(f"the content filter stopped the answer of {model}", status=200, body=self.text)
        if self.finish_reason == "length":
            raise Truncated(
                f"the answer of {model} was cut off at {max_tokens} tokens (the most allowed is AFTERPRINT_ANSWER_TOKENS_LIMIT)",
                status=200,
                body=self.text,
            )
        if not self.text.strip():
            reason = f" (finish_reason: {clean(self.finish_reason, 40)})" if self.finish_reason else ""
            raise EmptyAnswer(f"{model} returned no text{reason}", status=200)
        return self.text


def _read(body: dict[str, Any]) -> _Answer:
    """A completion from its JSON. Whatever is missing or of another type counts as absent."""
    choices = body.get("choices")
    choice = _dict(choices[0]) if isinstance(choices, list) and choices else {}
    message = _dict(choice.get("message"))
    usage = _dict(body.get("usage"))
    return _Answer(
        text=_str(message.get("content")) or "",
        refusal=_str(message.get("refusal")) or "",
        finish_reason=_str(choice.get("finish_reason")),
        usage=Usage(
            prompt_tokens=_count(usage.get("prompt_tokens")),
            completion_tokens=_count(usage.get("completion_tokens")),
            cached_tokens=_count(_dict(usage.get("prompt_tokens_details")).get("cached_tokens")),
        ),
        model=_str(body.get("model")),
    )


def usage_and_text(body: dict[str, Any]) -> tuple[Usage, str]:
    """Of a completion's JSON that came in another way than as an answer to a request: its tokens, and what the model wrote."""
    answer = _read(body)
    return answer.usage, answer.text


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _str(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0
