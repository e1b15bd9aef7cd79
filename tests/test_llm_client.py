"""The client against a scripted model over real HTTP: every failure by name, every fall-back, every attempt on record."""

from __future__ import annotations

import asyncio
import gzip
import json
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from pipeline.config import load_settings
from pipeline.errors import (
    ConnectionFailed,
    EmptyAnswer,
    Filtered,
    FormatUnsupported,
    InputError,
    KeyRejected,
    NotJson,
    ProviderError,
    RateLimited,
    Refused,
    RequestRejected,
    ResourceError,
    ServerFailed,
    Truncated,
    Unusable,
)
from pipeline.llm.client import ChatClient, Dialect
from pipeline.llm.types import Attempt, Completion, Message, Request
from pipeline.llm.wire import host_of, served_model
from tests.scripted_server import RESET, WEB_PAGE, Reply, Script, ScriptedServer, failure

KEY = "sk-test-0123456789"
ANSWER = '{"headline":"Revenue up"}'
NOTE = "Answer with one JSON object that fits this schema: {schema}"
REQUEST = Request(
    name="summarize",
    messages=(Message("system", "Be brief."), Message("user", "Facts."), Message("assistant", "{}"), Message("user", "Again.")),
    schema={
        "type": "object",
        "properties": {"headline": {"type": "string", "maxLength": 80}},
        "required": ["headline"],
        "additionalProperties": False,
    },
)


@dataclass
class Outcome:
    """What one or more `complete` calls came to."""

    completions: list[Completion] = field(default_factory=list)
    error: ProviderError | None = None
    attempts: list[Attempt] = field(default_factory=list)
    slept_s: list[float] = field(default_factory=list)

    @property
    def outcomes(self) -> list[str]:
        return [attempt.outcome for attempt in self.attempts]


def ask(server: ScriptedServer, *, calls: int = 1, at_once: bool = False, key: str | None = KEY, **settings: Any) -> Outcome:
    """`calls` completions of REQUEST by one client, in turn or at once. Nothing sleeps: waits are noted instead."""
    outcome = Outcome()
    now = iter(range(1_000_000))

    async def sleep(seconds: float) -> None:
        outcome.slept_s.append(seconds)

    async def run() -> None:
        client = ChatClient(
            base_url=server.base_url,
            api_key=key,
            model="test-model",
            settings=load_settings(**settings),
            schema_note=NOTE,
            sleep=sleep,
            clock=lambda: float(next(now)),
        )
        async with client:
            if at_once:
                outcome.completions += await asyncio.gather(*(client.complete(REQUEST, outcome.attempts.append) for _ in range(calls)))
                return
            for _ in range(calls):
                outcome.completions.append(await client.complete(REQUEST, outcome.attempts.append))

    try:
        asyncio.run(run())
    except ProviderError as error:
        outcome.error = error
    return outcome


def play(script: Script, **options: Any) -> tuple[Outcome, list[Any]]:
    """The outcome of asking a server with this script, and the JSON bodies that it got."""
    with ScriptedServer(script) as server:
        outcome = ask(server, **options)
    return outcome, [request.json for request in server.requests]


# The plain case


def test_an_answer_and_its_record() -> None:
    reply = Reply(text=ANSWER, prompt_tokens=900, completion_tokens=30, cached_tokens=600, model="test-model-2026")
    outcome, [_] = play([reply])
    [completion] = outcome.completions
    assert (completion.text, completion.format, completion.model) == (ANSWER, "json_schema", "test-model-2026")
    [attempt] = outcome.attempts
    assert attempt.usage == completion.usage
    assert (attempt.usage.prompt_tokens, attempt.usage.completion_tokens, attempt.usage.cached_tokens) == (900, 30, 600)
    assert attempt.model_dump(exclude={"usage"}) == {
        "number": 1,
        "format": "json_schema",
        "max_tokens": 2_000,
        "status": 200,
        "outcome": "ok",
        "detail": "",
        "waited_s": 0.0,
        "seconds": 1.0,
        "finish_reason": "stop",
        "response_model": "test-model-2026",
    }


def test_a_compressed_answer() -> None:
    outcome, _ = play([Reply(body=gzip.compress(Reply(text=ANSWER).payload()), headers={"Content-Encoding": "gzip"})])
    assert outcome.completions[0].text == ANSWER


def test_the_same_request_is_the_same_bytes() -> None:
    with ScriptedServer([ANSWER] * 3) as server:
        ask(server, calls=2)
        ask(server)
    bodies = [request.body for request in server.requests]
    assert bodies[0] == bodies[1] == bodies[2]
    body = server.requests[0].json
    assert list(body) == ["model", "messages", "response_format", "max_tokens", "temperature", "seed"]
    assert body["messages"] == [message._asdict() for message in REQUEST.messages]
    assert (body["model"], body["max_tokens"], body["temperature"], body["seed"]) == ("test-model", 2_000, 0.0, 7)
    assert body["response_format"]["json_schema"]["name"] == "summarize"
    assert body["response_format"]["json_schema"]["strict"] is True
    assert server.requests[0].path == "/v1/chat/completions"


def test_the_key_is_sent_and_a_placeholder_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-somebody-else")
    with ScriptedServer([ANSWER] * 2) as server:
        ask(server)
        ask(server, key=None)
    assert [request.headers["authorization"] for request in server.requests] == [f"Bearer {KEY}", "Bearer none"]


# Failures, each by its name

REFUSED_LINE = "test-model declined: I will not."


@pytest.mark.parametrize(
    ("reply", "error", "line"),
    [
        (
            failure(401, "bad key"),
            KeyRejected,
            "{host} does not accept the API key (401): bad key; check AFTERPRINT_API_KEY or OPENAI_API_KEY",
        ),
        (
            failure(403, "not you"),
            KeyRejected,
            "{host} does not accept the API key (403): not you; check AFTERPRINT_API_KEY or OPENAI_API_KEY",
        ),
        (failure(404, "The model `x` does not exist"), Unusable, "{host} rejected the request (404): The model `x` does not exist"),
        (
            failure(404, "Not Found"),
            Unusable,
            "http://{host}/v1 has no chat completions (404): Not Found; is the base URL right? It usually ends in /v1",
        ),
        (
            Reply(status=404, body="<html>nothing here</html>"),
            Unusable,
            "http://{host}/v1 has no chat completions (404); is the base URL right? It usually ends in /v1",
        ),
        (WEB_PAGE, Unusable, "http://{host}/v1 is a web page, not a model's API: is the base URL right? It usually ends in /v1"),
        (
            Reply(status=302, headers={"Location": "https://elsewhere.example/v1"}),
            Unusable,
            "http://{host}/v1 sends requests on to https://elsewhere.example/v1: use that as the base URL (302)",
        ),
        (
            failure(429, "You exceeded your current quota", code="insufficient_quota"),
            Unusable,
            "the account at {host} has no credit left (429): You exceeded your current quota",
        ),
        (failure(400, "max context length is 4096"), RequestRejected, "{host} rejected the request (400): max context length is 4096"),
        (Reply(status=400, body='{"detail":"plain words"}'), RequestRejected, "{host} rejected the request (400): plain words"),
        (Reply(status=400, body='[{"error":{"message":"in a list"}}]'), RequestRejected, "{host} rejected the request (400): in a list"),
        (Reply(status=413, body="too big"), RequestRejected, "{host} rejected the request (413): too big"),
        (
            failure(400, "The prompt was filtered", code="content_filter"),
            Filtered,
            "the content filter of {host} stopped the request (400): The prompt was filtered",
        ),
        (Reply(text="{", finish_reason="content_filter"), Filtered, "the content filter stopped the answer of test-model"),
        (Reply(refusal="I will\nnot."), Refused, REFUSED_LINE),
    ],
)
def test_failures_that_another_try_will_not_mend(reply: Reply, error: type[ProviderError], line: str) -> None:
    with ScriptedServer([reply]) as server:
        outcome = ask(server)
    assert type(outcome.error) is error
    assert str(outcome.error) == line.format(host=host_of(server.base_url))
    [attempt] = outcome.attempts
    assert (attempt.outcome, attempt.detail, attempt.status) == (error.__name__, str(outcome.error), reply.status)
    assert outcome.slept_s == []


@pytest.mark.parametrize(
    ("reply", "error", "line", "status"),
    [
        (RESET, ConnectionFailed, "no connection to {host}: ", None),
        (failure(408, "too slow"), ConnectionFailed, "{host} gave up waiting (408): too slow", 408),
        (failure(429, "slow down"), RateLimited, "{host} limits the rate of requests (429): slow down", 429),
        (failure(500, "oops"), ServerFailed, "{host} failed (500): oops", 500),
        (Reply(status=502, body="<html>Bad gateway</html>"), ServerFailed, "{host} failed (502)", 502),
        (failure(503, "overloaded"), ServerFailed, "{host} failed (503): overloaded", 503),
        (Reply(body='{"choices":[{"mess'), NotJson, "{host} answered with something that is not a JSON object", 200),
        (Reply(body="[1]"), NotJson, "{host} answered with something that is not a JSON object", 200),
        (Reply(body="[" * 100_000), NotJson, "{host} answered with something that is not a JSON object", 200),
        (Reply(body=b"\xff\xfe\x00"), NotJson, "{host} answered with something that is not a JSON object", 200),
        (Reply(body=b'{"x":"' + b"y" * 5_000_000 + b'"}'), NotJson, "{host} answered with more than 4,194,304 bytes", 200),
        (Reply(status=500, body=b"y" * 5_000_000), NotJson, "{host} answered with more than 4,194,304 bytes", 500),
        (
            Reply(body=gzip.compress(b"y" * 5_000_000), headers={"Content-Encoding": "gzip"}),
            NotJson,
            "{host} answered with more than 4,194,304 bytes",
            200,
        ),
        (Reply(body='{"choices":[]}'), EmptyAnswer, "test-model returned no text", 200),
        (Reply(body='{"choices":[{"message":null}],"usage":[]}'), EmptyAnswer, "test-model returned no text", 200),
        (Reply(text=" \n"), EmptyAnswer, "test-model returned no text (finish_reason: stop)", 200),
        (Reply(text=None, finish_reason="tool_calls"), EmptyAnswer, "test-model returned no text (finish_reason: tool_calls)", 200),
        (Reply(body='{"error":{"message":"upstream","code":502}}'), ServerFailed, "{host} failed (502): upstream", 502),
        (Reply(body='{"error":"upstream"}'), EmptyAnswer, "{host} answered with an error: upstream", 200),
    ],
)
def test_passing_failures_are_tried_again(reply: Reply, error: type[ProviderError], line: str, status: int | None) -> None:
    with ScriptedServer([reply, ANSWER]) as server:
        outcome = ask(server)
    assert outcome.completions[0].text == ANSWER
    failed, answered = outcome.attempts
    assert (failed.outcome, failed.status, answered.outcome) == (error.__name__, status, "ok")
    assert failed.detail.startswith(line.format(host=host_of(server.base_url)))
    assert [failed.waited_s, answered.waited_s] == [0.0, *outcome.slept_s]


def test_a_silent_server_times_out() -> None:
    with ScriptedServer([Reply(text=ANSWER, delay_s=30)]) as server:
        outcome = ask(server, timeout_s=0.1, max_attempts=1)
    assert type(outcome.error) is ConnectionFailed
    assert str(outcome.error) == f"no answer from {host_of(server.base_url)} within 0.1 s (AFTERPRINT_TIMEOUT_S)"


def test_a_server_that_drips_times_out() -> None:
    """Each piece comes in time; the whole does not."""
    with ScriptedServer([Reply(text=ANSWER, drip_s=0.1)]) as server:
        outcome = ask(server, timeout_s=0.5, max_attempts=1)
    assert type(outcome.error) is ConnectionFailed


def test_nobody_listens() -> None:
    with ScriptedServer([]) as server:
        pass
    outcome = ask(server, max_attempts=2)
    assert type(outcome.error) is ConnectionFailed
    assert str(outcome.error).startswith(f"no connection to {host_of(server.base_url)}: ")
    assert str(outcome.error).endswith("(tried 2 times)")


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8080/v1", "localhost", "ftp://host/v1", "http://", "http://host:port/v1", "http://a b/v1", "", "http://[::1"]
)
def test_a_base_url_that_is_none(url: str) -> None:
    with pytest.raises(InputError, match=r"base_url: expected a URL such as http://127.0.0.1:8080/v1 or .*, got '.*'"):
        ChatClient(base_url=url, api_key=None, model="m", settings=load_settings(), schema_note=NOTE)


@pytest.mark.parametrize(
    ("key", "line"), [(None, "api.openai.com needs an API key: set AFTERPRINT_API_KEY or OPENAI_API_KEY"), ("sk-1\n2", "")]
)
def test_a_key_that_cannot_work(key: str | None, line: str) -> None:
    with pytest.raises(KeyRejected) as caught:
        ChatClient(base_url="https://api.openai.com/v1", api_key=key, model="m", settings=load_settings(), schema_note=NOTE)
    assert line in str(caught.value)
    assert "sk-1" not in str(caught.value)


def test_a_note_without_its_placeholder() -> None:
    with pytest.raises(ResourceError, match=r"lacks its \{schema\} placeholder"):
        ChatClient(base_url="http://127.0.0.1:1/v1", api_key=None, model="m", settings=load_settings(), schema_note="JSON, please.")


# Retry


def test_every_try_counts_and_the_last_error_is_raised() -> None:
    outcome, bodies = play([RESET, failure(500), failure(429), Reply(body="no"), failure(503, "still down"), ANSWER])
    assert type(outcome.error) is ServerFailed
    assert str(outcome.error).endswith("failed (503): still down (tried 5 times)")
    assert outcome.outcomes == ["ConnectionFailed", "ServerFailed", "RateLimited", "NotJson", "ServerFailed"]
    assert [attempt.number for attempt in outcome.attempts] == [1, 2, 3, 4, 5]
    assert len(bodies) == 5


def test_waits_double_and_are_the_same_each_time() -> None:
    first, _ = play([failure(500)] * 8, max_attempts=8, max_wait_s=4)
    again, _ = play([failure(500)] * 8, max_attempts=8, max_wait_s=4)
    assert first.slept_s == again.slept_s
    assert [attempt.waited_s for attempt in first.attempts] == [0.0, *first.slept_s]
    for longest, slept_s in zip([0.5, 1, 2, 4, 4, 4, 4], first.slept_s, strict=True):
        assert longest / 2 <= slept_s <= longest
    other_seed, _ = play([failure(500)] * 2, max_attempts=2, seed=8)
    assert other_seed.slept_s != first.slept_s[:1]


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "Retry-After": "9"}, 0.25),
        ({"Date": "Tue, 03 Mar 2026 10:00:00 GMT", "Retry-After": "Tue, 03 Mar 2026 10:00:20 GMT"}, 20.0),
        ({"Date": "Tue, 03 Mar 2026 10:00:00 GMT", "Retry-After": "Tue, 03 Mar 2026 09:00:00 GMT"}, 0.0),
        ({"Retry-After": "Tue, 03 Mar 2020 10:00:00 GMT"}, 0.0),
    ],
)
def test_retry_after_is_honoured(status: int, headers: dict[str, str], wait_s: float) -> None:
    outcome, _ = play([failure(status, headers=headers), ANSWER])
    assert outcome.slept_s == [wait_s]
    assert outcome.attempts[1].waited_s == wait_s


@pytest.mark.parametrize("value", ["soon", "-1", "nan", "inf", ""])
def test_a_senseless_retry_after_counts_as_none(value: str) -> None:
    outcome, _ = play([failure(429, headers={"Retry-After": value}), ANSWER])
    assert 0.25 <= outcome.slept_s[0] <= 0.5


def test_a_retry_after_beyond_the_limit_ends_it() -> None:
    outcome, bodies = play([failure(429, "slow down", headers={"Retry-After": "300"}), ANSWER])
    assert type(outcome.error) is RateLimited
    assert outcome.error.retry_after_s == 300
    assert str(outcome.error).endswith("slow down; it asks to wait 300 s, more than the 60 s allowed (AFTERPRINT_MAX_WAIT_S)")
    assert (len(bodies), outcome.slept_s) == (1, [])


# Cut-off answers


def test_a_cut_off_answer_is_asked_for_with_twice_the_tokens() -> None:
    cut = Reply(text='{"head', finish_reason="length", completion_tokens=2_000)
    outcome, bodies = play([cut, cut, ANSWER])
    assert outcome.completions[0].text == ANSWER
    assert [body["max_tokens"] for body in bodies] == [attempt.max_tokens for attempt in outcome.attempts] == [2_000, 4_000, 8_000]
    assert outcome.outcomes == ["Truncated", "Truncated", "ok"]
    assert (outcome.attempts[0].finish_reason, outcome.attempts[0].usage.completion_tokens) == ("length", 2_000)
    assert outcome.slept_s == [0.0, 0.0]


def test_at_the_limit_the_answer_stays_cut_off() -> None:
    cut = Reply(text='{"head', finish_reason="length")
    outcome, bodies = play([cut] * 9, max_answer_tokens=100, answer_tokens_limit=300, max_attempts=9)
    assert [body["max_tokens"] for body in bodies] == [100, 200, 300]
    assert type(outcome.error) is Truncated
    assert outcome.error.body == '{"head'
    assert str(outcome.error) == "the answer of test-model was cut off at 300 tokens (the most allowed is AFTERPRINT_ANSWER_TOKENS_LIMIT)"


# Formats and parameters that a server does not take


def picky(*, formats: tuple[str, ...] = ("json_schema", "json_object", "text"), without: tuple[str, ...] = ()) -> Callable[[Any], Reply]:
    """A scripted server that takes only these formats, and none of these parameters."""

    def reply(body: Any) -> Reply:
        for name in without:
            if name in body:
                return failure(
                    400, f"Unsupported parameter: '{name}' is not supported with this model.", param=name, code="unsupported_parameter"
                )
        mode = body.get("response_format", {"type": "text"})["type"]
        if mode not in formats:
            return failure(400, f"This model does not support response format `{mode}`.")
        return Reply(text=f"Here you are:\n```json\n{ANSWER}\n```" if mode == "text" else ANSWER)

    return reply


@pytest.mark.parametrize(
    ("formats", "tried"),
    [(("json_object", "text"), ["json_schema", "json_object"]), (("text",), ["json_schema", "json_object", "text"])],
)
def test_formats_fall_back_and_the_one_that_worked_is_remembered(formats: tuple[str, ...], tried: list[str]) -> None:
    outcome, bodies = play(picky(formats=formats), calls=2)
    assert [attempt.format for attempt in outcome.attempts] == [*tried, tried[-1]]
    assert outcome.outcomes == ["FormatUnsupported"] * (len(tried) - 1) + ["ok", "ok"]
    assert [(completion.text, completion.format) for completion in outcome.completions] == [(ANSWER, tried[-1])] * 2
    assert "response_format" not in bodies[-1] or bodies[-1]["response_format"] == {"type": "json_object"}
    assert bodies[-1] == bodies[-2]


def test_without_strict_schemas_only_the_last_user_message_differs() -> None:
    _, bodies = play(picky(formats=("json_object",)))
    strict, loose = (body["messages"] for body in bodies)
    assert loose[:-1] == strict[:-1]
    assert loose[-1]["content"] == "Again.\n\n" + NOTE.replace("{schema}", json.dumps(REQUEST.schema, separators=(",", ":")))


def test_a_server_that_takes_no_format_at_all() -> None:
    outcome, _ = play(lambda _: failure(400, "no response_format please"))
    assert type(outcome.error) is FormatUnsupported
    assert [attempt.format for attempt in outcome.attempts] == ["json_schema", "json_object", "text"]


@pytest.mark.parametrize(
    "reply",
    [
        failure(400, "Invalid schema for response_format 'summarize': ..."),
        failure(400, "wrong value", param="response_format"),
        failure(500, "failed to parse grammar"),
        Reply(
            status=422, body='{"detail":[{"type":"literal_error","loc":["body","response_format","type"],"msg":"Input should be text"}]}'
        ),
        Reply(status=400, body='{"object":"error","message":"json_schema is not available","code":400}'),
    ],
)
def test_ways_to_reject_a_format(reply: Reply) -> None:
    outcome, _ = play([reply, ANSWER])
    assert outcome.outcomes == ["FormatUnsupported", "ok"]


@pytest.mark.parametrize("name", ["temperature", "seed"])
def test_a_rejected_parameter_is_left_out_from_then_on(name: str) -> None:
    outcome, bodies = play(picky(without=(name,)), calls=2)
    assert outcome.outcomes == ["ParameterRejected", "ok", "ok"]
    assert name in outcome.attempts[0].detail
    assert [name in body for body in bodies] == [True, False, False]


def test_the_other_name_of_the_token_limit() -> None:
    outcome, bodies = play(picky(without=("max_tokens",)), calls=2)
    assert outcome.outcomes == ["ParameterRejected", "ok", "ok"]
    assert [body.get("max_tokens") for body in bodies] == [2_000, None, None]
    assert [body.get("max_completion_tokens") for body in bodies] == [None, 2_000, 2_000]


def test_a_request_is_never_sent_without_a_token_limit() -> None:
    outcome, bodies = play(picky(without=("max_tokens", "max_completion_tokens")))
    assert isinstance(outcome.error, RequestRejected)
    assert len(bodies) == 2


def test_openai_itself_is_asked_with_its_own_name_first() -> None:
    assert Dialect.of("https://api.openai.com/v1").limits == ("max_completion_tokens", "max_tokens")
    assert Dialect.of("http://127.0.0.1:8080/v1").limits == ("max_tokens", "max_completion_tokens")


@pytest.mark.parametrize(
    ("reply", "left_out"),
    [
        (Reply(status=422, body='{"detail":[{"type":"extra_forbidden","loc":["body","seed"],"msg":"Extra inputs"}]}'), "seed"),
        (failure(400, "Unsupported value: 'temperature' does not support 0.0 with this model. Only the default (1) is."), "temperature"),
    ],
)
def test_ways_to_reject_a_parameter(reply: Reply, left_out: str) -> None:
    _, bodies = play([reply, ANSWER])
    assert set(bodies[0]) - set(bodies[1]) == {left_out}


def test_a_rejected_value_is_not_a_rejected_parameter() -> None:
    outcome, _ = play([failure(400, "max_tokens is too large: 2000. This model supports at most 1024.", param="max_tokens"), ANSWER])
    assert outcome.outcomes == ["RequestRejected"]


# Secrets, strange words, and many at once


@pytest.mark.parametrize("status", [200, 302, 400, 401, 404, 429, 500])
def test_the_key_is_never_repeated(status: int) -> None:
    words = f"Incorrect API key provided: {KEY}"
    replies = [
        failure(status, words, headers={"Location": f"https://x.example/?key={KEY}"}),
        Reply(status=status, body=words),
        Reply(status=status, body=f'{{"error":{{"message":"{words}","code":{status}}}}}'),
    ]
    for reply in replies:
        outcome, _ = play([reply], max_attempts=1)
        assert outcome.error is not None
        shown = [str(outcome.error), outcome.error.body, *map(str, outcome.attempts), *traceback.format_exception(outcome.error)]
        assert KEY not in "\n".join(shown)
        assert outcome.error.__cause__ is outcome.error.__context__ is None


def test_a_user_name_in_the_base_url_is_not_shown() -> None:
    assert host_of("http://user:pass@example.com:8080/v1") == "example.com:8080"
    with pytest.raises(InputError) as caught:
        host_of("htp://user:pass@example.com/v1")
    assert "pass" not in str(caught.value)


def test_a_servers_words_stay_on_one_short_line() -> None:
    outcome, _ = play([failure(400, "\x1b[31mred\x07\r\n\u202eback\u2028" + "long " * 1_000)])
    line = str(outcome.error)
    assert line.isprintable()
    assert "[31mred back long" in line
    assert len(line) < 400


def test_no_more_requests_at_once_than_allowed() -> None:
    with ScriptedServer(lambda _: Reply(text=ANSWER, delay_s=0.05)) as server:
        outcome = ask(server, calls=9, at_once=True, concurrency=3)
    assert [completion.text for completion in outcome.completions] == [ANSWER] * 9
    assert server.most_at_once == 3


def test_requests_at_once_fall_back_together() -> None:
    outcome, _ = play(picky(formats=("json_object",), without=("seed",)), calls=3, at_once=True)
    assert [completion.format for completion in outcome.completions] == ["json_object"] * 3


# The model, where none is named


def listing(*names: str) -> Reply:
    return Reply(body=json.dumps({"object": "list", "data": [{"id": name, "object": "model"} for name in names]}))


def served(reply: Reply) -> str:
    # Twice: a GET on a connection that breaks is sent again by aiohttp itself.
    with ScriptedServer([reply, reply]) as server:
        name = asyncio.run(served_model(server.base_url, KEY, load_settings()))
    assert [(request.path, request.headers["authorization"]) for request in server.requests] == [("/v1/models", f"Bearer {KEY}")]
    return name


def test_the_only_model_of_a_server() -> None:
    assert served(listing("qwen2.5")) == "qwen2.5"


@pytest.mark.parametrize(
    ("reply", "offer"),
    [
        (listing("a", "b"), "serves a, b"),
        (listing(*"abcdefgh"), "serves a, b, c, d, e and 3 more"),
        (listing(), "does not tell what it serves"),
        (failure(404), "does not tell what it serves"),
        (Reply(body="{}"), "does not tell what it serves"),
        (Reply(body='{"data":[7,{"id":null}]}'), "does not tell what it serves"),
    ],
)
def test_a_model_has_to_be_named(reply: Reply, offer: str) -> None:
    with pytest.raises(InputError, match=rf"^model: expected --model or AFTERPRINT_MODEL: 127\.0\.0\.1:\d+ {offer}$"):
        served(reply)


@pytest.mark.parametrize(
    ("reply", "error"), [(failure(401), KeyRejected), (failure(500), ServerFailed), (RESET, ConnectionFailed), (WEB_PAGE, Unusable)]
)
def test_a_server_that_fails_when_asked_for_its_models(reply: Reply, error: type[ProviderError]) -> None:
    with pytest.raises(error):
        served(reply)
