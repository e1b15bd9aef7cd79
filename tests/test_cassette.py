"""Recording from real HTTP and replaying: every answer comes back to the request that it was given to, and a miss says what changed."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import load_settings
from pipeline.errors import CassetteMiss, CassetteUnplayed, ConnectionFailed, InputError, ProviderError, RateLimited
from pipeline.llm.cassettes.file import Cassette, read_cassette
from pipeline.llm.cassettes.player import Player, Recorder, machine_line, no_wait, replaying
from pipeline.llm.client import ChatClient
from pipeline.llm.types import Attempt, Completion, Message, Request
from pipeline.notes.models import PromptUsed
from pipeline.prompting import load_prompt
from tests.scripted_server import RESET, Reply, Script, ScriptedServer, failure
from tests.test_cassette_file import NOON, RECORDING, URI, cassette, interaction

KEY = "sk-test-0123456789"
NOWHERE = "http://127.0.0.1:1/v1"
"""A base URL where nobody answers: a replay must not need anybody."""
SCHEMA = {"type": "object", "properties": {"headline": {"type": "string"}}}


def request(*contents: str, name: str = "summarize", sample: str = "") -> Request:
    return Request(name, tuple(Message("user", content) for content in contents or ("Facts.",)), SCHEMA, sample)


@dataclass
class Run:
    """What a client's requests came to."""

    texts: list[str] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    slept_s: list[float] = field(default_factory=list)
    error: ProviderError | None = None

    @property
    def outcomes(self) -> list[tuple[int, str]]:
        return [(attempt.number, attempt.outcome) for attempt in self.attempts]


def run(transport: httpx2.AsyncBaseTransport, *requests: Request, base_url: str = NOWHERE, at_once: bool = False, key: str = KEY) -> Run:
    """Ask one client for `requests`, in turn or at once. Nothing sleeps: waits are noted."""
    outcome = Run()

    async def sleep(seconds: float) -> None:
        outcome.slept_s.append(seconds)

    async def ask() -> None:
        client = ChatClient(
            base_url=base_url,
            api_key=key,
            model="test-model",
            settings=load_settings(concurrency=50),
            schema_note="{schema}",
            transport=transport,
            sleep=sleep,
        )
        completions: list[Completion] = []
        async with client:
            if at_once:
                completions += await asyncio.gather(*(client.complete(one, outcome.attempts.append) for one in requests))
            else:
                for one in requests:
                    completions.append(await client.complete(one, outcome.attempts.append))
        outcome.texts += [completion.text for completion in completions]

    try:
        asyncio.run(ask())
    except ProviderError as error:
        outcome.error = error
    return outcome


def record(path: Path, script: Script, *requests: Request, at_once: bool = False) -> tuple[Run, Recorder]:
    """Record what a server with this script answers to `requests`."""
    recorder = Recorder()
    with ScriptedServer(script) as server:
        outcome = run(recorder.transport(), *requests, base_url=server.base_url, at_once=at_once)
    recorder.save(path, RECORDING)
    return outcome, recorder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cassette.yaml"


# The plain case


def test_a_recording_is_played_without_a_server(path: Path) -> None:
    asked = [request("One."), request("Two.", "And?"), request("One.", name="catalysts")]
    recorded, _ = record(path, ["first", "second", "third"], *asked)
    with replaying(path) as player:
        # Another order, port and key: none of them is looked at.
        replayed = run(player.transport(), *asked[::-1], key="sk-another-key-0000")
    assert recorded.texts == ["first", "second", "third"]
    assert replayed.texts == recorded.texts[::-1]
    assert [(one.usage, one.status, one.response_model) for one in replayed.attempts] == [
        (one.usage, one.status, one.response_model) for one in recorded.attempts[::-1]
    ]


def test_what_is_known_of_a_recording(path: Path) -> None:
    ticks = iter(range(100))
    recorder = Recorder(now=lambda: NOON + timedelta(seconds=next(ticks)), monotonic=lambda: float(next(ticks)))
    with ScriptedServer(["a", "b"]) as server:
        run(recorder.transport(), request("1"), request("2"), base_url=server.base_url)
    assert len(recorder) == 2
    saved = recorder.save(path, RECORDING)
    assert read_cassette(path) == saved
    assert saved.recorded == RECORDING
    assert [(one.recorded.at - NOON).total_seconds() for one in saved.interactions] == [0, 3]
    assert [one.recorded.seconds for one in saved.interactions] == [1.0, 1.0]
    assert saved.interactions[0].request.uri == "http://127.0.0.1/v1/chat/completions"


def test_this_machine_in_a_few_words() -> None:
    assert re.fullmatch(r"\d+ CPUs?, \S.*", machine_line())
    assert "/" not in machine_line()


# Sync, streams, other clients


def sync_get(transport: httpx2.BaseTransport, content: str) -> httpx2.Response:
    with httpx2.Client(transport=transport) as client:
        return client.post(URI, content=content)


STREAM = Reply(
    body="".join(
        f"data: {json.dumps({'id': 'x', 'object': 'chat.completion.chunk', 'created': 0, 'model': 'm', 'choices': [choice]})}\n\n"
        for choice in (
            {"index": 0, "delta": {"content": "Up "}, "finish_reason": None},
            {"index": 0, "delta": {"content": "39.2%\n—"}, "finish_reason": "stop"},
        )
    )
    + "data: [DONE]\n\n",
    headers={"Content-Type": "text/event-stream"},
)


def test_a_stream_through_the_sdk_sync(path: Path) -> None:
    def ask(transport: httpx2.BaseTransport, base_url: str) -> str:
        with openai.OpenAI(api_key=KEY, base_url=base_url, max_retries=0, http_client=httpx2.Client(transport=transport)) as sdk:
            stream = sdk.chat.completions.create(model="m", messages=[{"role": "user", "content": "Facts."}], stream=True)
            return "".join(chunk.choices[0].delta.content or "" for chunk in stream)

    recorder = Recorder()
    with ScriptedServer([STREAM]) as server:
        recorded = ask(recorder.sync_transport(), server.base_url)
    recorder.save(path, RECORDING)
    with replaying(path) as player:
        assert ask(player.transport(), NOWHERE) == recorded == "Up 39.2%\n—"
    assert read_cassette(path).interactions[0].response.body.string == STREAM.body


def test_a_stream_through_the_sdk_async(path: Path) -> None:
    async def ask(transport: httpx2.AsyncBaseTransport, base_url: str) -> str:
        http_client = httpx2.AsyncClient(transport=transport)
        async with openai.AsyncOpenAI(api_key=KEY, base_url=base_url, max_retries=0, http_client=http_client) as sdk:
            stream = await sdk.chat.completions.create(model="m", messages=[{"role": "user", "content": "Facts."}], stream=True)
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    recorder = Recorder()
    with ScriptedServer([STREAM]) as server:
        recorded = asyncio.run(ask(recorder.transport(), server.base_url))
    recorder.save(path, RECORDING)
    with replaying(path) as player:
        assert asyncio.run(ask(player.transport(), NOWHERE)) == recorded == "Up 39.2%\n—"


def test_an_answer_is_read_as_a_stream_on_both_sides() -> None:
    def ask(transport: httpx2.BaseTransport) -> tuple[bool, bytes]:
        with httpx2.Client(transport=transport) as client, client.stream("POST", URI, content="{}") as answer:
            return answer.is_closed, b"".join(answer.iter_raw())

    recorder = Recorder()
    recorded = ask(recorder.sync_transport(httpx2.MockTransport(lambda _: httpx2.Response(200, stream=httpx2.ByteStream(b"x: y")))))
    held = Cassette(version=1, recorded=RECORDING, interactions=tuple(recorder.answered()))
    assert ask(Player(held, Path("x")).transport()) == recorded == (False, b"x: y")


def test_a_request_whose_body_is_a_stream(path: Path) -> None:
    def parts() -> Any:
        yield b'{"a": '
        yield b"1}"

    recorder = Recorder()
    with ScriptedServer(["x"]) as server, httpx2.Client(transport=recorder.sync_transport()) as client:
        client.post(f"{server.base_url}/chat/completions", content=parts(), headers={"Content-Length": "8"})
    recorder.save(path, RECORDING)
    with replaying(path) as player:
        assert sync_get(player.transport(), '{"a":1}').json()["choices"]


def test_a_get_without_a_body(path: Path) -> None:
    recorder = Recorder()
    with ScriptedServer([Reply(body='{"data": []}')]) as server, httpx2.Client(transport=recorder.sync_transport()) as client:
        client.get(f"{server.base_url}/models")
    recorder.save(path, RECORDING)
    with replaying(path) as player, httpx2.Client(transport=player.transport()) as client:
        assert client.get(f"{NOWHERE}/models").json() == {"data": []}


def test_a_compressed_answer_is_kept_readable(path: Path) -> None:
    body = gzip.compress(Reply(text="Up.").payload())
    recorded, _ = record(path, [Reply(body=body, headers={"Content-Encoding": "gzip"})], request())
    with replaying(path) as player:
        assert run(player.transport(), request()).texts == recorded.texts == ["Up."]
    assert "content: Up." in path.read_text("utf-8")


_scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
_values = st.recursive(_scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12)


@given(_values)
def test_the_answer_to_a_client_is_the_value_that_was_recorded(value: Any) -> None:
    text = json.dumps(value)
    recorder = Recorder(now=lambda: NOON, monotonic=lambda: 0.0)
    inner = httpx2.MockTransport(lambda _: httpx2.Response(200, content=text))
    sync_get(recorder.sync_transport(inner), text)
    held = Cassette(version=1, recorded=RECORDING, interactions=tuple(recorder.answered()))
    answer = sync_get(Player(held, Path("x")).transport(), text)
    assert json.dumps(answer.json()) == text
    assert int(answer.headers["content-length"]) == len(answer.content)


# Equal requests


def test_equal_requests_at_once_are_told_apart_by_sample(path: Path) -> None:
    samples = [request(sample=str(n)) for n in range(20)]
    lock, answers = threading.Lock(), iter(range(20))

    def answer(_: Any) -> Reply:
        with lock:
            number = next(answers)
        return Reply(text=f"answer {number}", delay_s=0.001 * (20 - number))

    recorded, _ = record(path, answer, *samples, at_once=True)
    assert len(set(recorded.texts)) == 20
    with replaying(path) as player:
        replayed = run(player.transport(), *samples[::-1], at_once=True)
    assert replayed.texts == recorded.texts[::-1]


def test_the_sample_is_a_header_only_where_it_is_set() -> None:
    with ScriptedServer(["a", "b"]) as server:
        run(httpx2.AsyncHTTPTransport(), request(), request(sample="7"), base_url=server.base_url)
    first, second = server.requests
    assert "x-afterprint-sample" not in first.headers
    assert second.headers["x-afterprint-sample"] == "7"
    assert first.body == second.body


def test_equal_requests_are_answered_in_the_order_of_their_recording(path: Path) -> None:
    record(path, ["first", "second", "third"], *[request()] * 3)
    with replaying(path) as player:
        assert run(player.transport(), *[request()] * 3).texts == ["first", "second", "third"]


def test_the_order_is_that_of_asking_not_of_answering(path: Path) -> None:
    async def slow_first(asked: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(0.02 if b"slow" in asked.content else 0)
        return httpx2.Response(200, text="answer to " + asked.content.decode())

    async def ask(recorder: Recorder) -> None:
        async with httpx2.AsyncClient(transport=recorder.transport(httpx2.MockTransport(slow_first))) as client:
            await asyncio.gather(client.post(URI, content="slow"), client.post(URI, content="fast"))

    recorder = Recorder()
    asyncio.run(ask(recorder))
    assert [one.request.body for one in recorder.save(path, RECORDING).interactions] == ["slow", "fast"]


def test_threads_share_a_player_and_get_each_answer_once() -> None:
    held = cassette(*(interaction("{}", f"answer {n}") for n in range(200)))
    player = Player(held, Path("x"))
    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(lambda _: sync_get(player.transport(), "{}").text, range(200)))
    assert sorted(texts) == sorted(f"answer {n}" for n in range(200))
    assert player.unplayed() == []


def test_threads_share_a_recorder(path: Path) -> None:
    recorder = Recorder()
    inner = httpx2.MockTransport(lambda asked: httpx2.Response(200, content=asked.content))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: sync_get(recorder.sync_transport(inner), f'{{"n":{n}}}'), range(200)))
    saved = recorder.save(path, RECORDING)
    assert len(saved.interactions) == 200
    assert all(one.request.parsed_body == one.response.parsed_body for one in saved.interactions)


def test_several_cassettes_at_once_do_not_mix(tmp_path: Path) -> None:
    recorders = [Recorder() for _ in range(5)]

    async def ask(transport: httpx2.AsyncBaseTransport, base_url: str) -> list[str]:
        async with httpx2.AsyncClient(transport=transport) as client:
            return [
                (await client.post(f"{base_url}/chat/completions", json={"a": 1})).json()["choices"][0]["message"]["content"] for _ in "abc"
            ]

    async def all_of(transports: list[httpx2.AsyncBaseTransport], urls: list[str]) -> list[list[str]]:
        return await asyncio.gather(*(ask(transport, url) for transport, url in zip(transports, urls, strict=True)))

    servers = [ScriptedServer([f"{n}{turn}" for turn in "abc"]) for n in range(5)]
    for server in servers:
        server.__enter__()
    try:
        recorded = asyncio.run(all_of([one.transport() for one in recorders], [server.base_url for server in servers]))
    finally:
        for server in servers:
            server.__exit__()
    for n, recorder in enumerate(recorders):
        recorder.save(tmp_path / f"{n}.yaml", RECORDING)
    players = [Player.open(tmp_path / f"{n}.yaml") for n in range(5)]
    assert asyncio.run(all_of([player.transport() for player in players], [NOWHERE] * 5)) == recorded
    assert recorded == [[f"{n}{turn}" for turn in "abc"] for n in range(5)]
    for player in players:
        player.finish()


def test_a_thousand_interactions(path: Path) -> None:
    contents = [json.dumps({"messages": [{"role": "user", "content": f"Facts of {n}.\n" + "More.\n" * 20}]}) for n in range(1_000)]
    recorder = Recorder()
    inner = httpx2.MockTransport(
        lambda asked: httpx2.Response(200, json={"echo": json.loads(asked.content)["messages"][0]["content"][:14]})
    )
    with httpx2.Client(transport=recorder.sync_transport(inner)) as client:
        for content in contents:
            client.post(URI, content=content)
    recorder.save(path, RECORDING)
    with replaying(path) as player, httpx2.Client(transport=player.transport()) as client:
        for n in reversed(range(1_000)):
            assert client.post(URI, content=contents[n]).json()["echo"].startswith(f"Facts of {n}.")


# Retries


def test_a_retry_is_played_again_and_nobody_waits(path: Path) -> None:
    script = [failure(429, headers={"Retry-After": "30"}), failure(503, headers={"retry-after-ms": "20000"}), Reply(text=""), "Up."]
    recorded, _ = record(path, script, request())
    assert recorded.slept_s[:2] == [30.0, 20.0]
    with replaying(path) as player:
        replayed = run(player.transport(), request())
    assert replayed.outcomes == recorded.outcomes == [(1, "RateLimited"), (2, "ServerFailed"), (3, "EmptyAnswer"), (4, "ok")]
    assert replayed.slept_s[:2] == [0.001, 0.001]
    waits = [{name: value for name, value in one.response.headers.items() if "retry" in name} for one in read_cassette(path).interactions]
    assert waits == [{"retry-after-ms": ("1",)}] * 2 + [{}] * 2


def test_a_wait_by_date_is_not_waited_for_either(path: Path) -> None:
    headers = {"Retry-After": "Thu, 28 May 2026 12:00:30 GMT", "Date": "Thu, 28 May 2026 12:00:00 GMT"}
    recorded, _ = record(path, [failure(429, headers=headers), "Up."], request())
    with replaying(path) as player:
        assert run(player.transport(), request()).slept_s == [0.001]
    assert recorded.slept_s == [30.0]


def test_a_wait_that_nobody_waited_for_is_none_on_replay_either(path: Path) -> None:
    recorded, _ = record(path, [failure(429, "slow down", headers={"Retry-After": "300.2"}), "Up."], request())
    with replaying(path) as player:
        replayed = run(player.transport(), request())
    assert isinstance(recorded.error, RateLimited)
    assert isinstance(replayed.error, RateLimited)
    assert "it asks to wait 301 s, more than the 60 s allowed" in str(replayed.error)
    assert replayed.outcomes == recorded.outcomes == [(1, "RateLimited")]


def test_no_wait_lets_others_work_and_takes_no_time() -> None:
    async def both() -> list[str]:
        order: list[str] = []

        async def other() -> None:
            order.append("other")

        task = asyncio.create_task(other())
        await no_wait(3_600)
        order.append("me")
        await task
        return order

    started = time.monotonic()
    assert asyncio.run(both()) == ["other", "me"]
    assert time.monotonic() - started < 60


def test_another_format_after_a_refusal_is_part_of_the_recording(path: Path) -> None:
    def answer(body: Any) -> Reply:
        kind = body.get("response_format", {}).get("type", "text")
        return failure(400, f"response_format {kind} is not supported") if kind == "json_schema" else Reply(text="{}")

    recorded, _ = record(path, answer, request("a"), request("b"))
    with replaying(path) as player:
        assert run(player.transport(), request("a"), request("b")).outcomes == recorded.outcomes
    assert [outcome for _, outcome in recorded.outcomes] == ["FormatUnsupported", "ok", "ok"]


# What is no interaction


def test_a_broken_connection_is_told_and_not_recorded(path: Path) -> None:
    recorded, recorder = record(path, [RESET, "Up."], request())
    assert recorded.outcomes == [(1, "ConnectionFailed"), (2, "ok")]
    [line] = recorder.failures
    assert line.startswith("POST /v1/chat/completions: ReadError")
    assert len(read_cassette(path).interactions) == 1
    with replaying(path) as player:
        assert run(player.transport(), request()).outcomes == [(1, "ok")]


def test_nothing_answered_is_nothing_to_save(path: Path) -> None:
    path.write_text("the old one", "utf-8")
    recorder = Recorder()
    outcome = run(recorder.transport(), request(), base_url=NOWHERE)
    assert isinstance(outcome.error, ConnectionFailed)
    with pytest.raises(InputError, match=r"cassette\.yaml: no server answered: there is nothing to record$"):
        recorder.save(path, RECORDING)
    assert path.read_text("utf-8") == "the old one"


def test_a_request_that_is_given_up_is_not_recorded(path: Path) -> None:
    async def ask(recorder: Recorder, base_url: str) -> None:
        async with httpx2.AsyncClient(transport=recorder.transport()) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await client.post(f"{base_url}/slow", content="slow")
            await client.post(f"{base_url}/fast", content="fast")

    recorder = Recorder()
    with ScriptedServer([Reply(text="late", delay_s=5), "in time"]) as server:
        asyncio.run(ask(recorder, server.base_url))
    assert [one.request.content for one in recorder.save(path, RECORDING).interactions] == ["fast"]
    assert recorder.failures == ["POST /v1/slow: CancelledError"]


def test_a_run_that_is_killed_leaves_the_old_file(path: Path) -> None:
    path.write_text("the old one", "utf-8")
    recorder = Recorder()
    with ScriptedServer(["a"]) as server:
        run(recorder.transport(), request(), base_url=server.base_url)
    assert [one.name for one in path.parent.iterdir()] == ["cassette.yaml"]
    assert path.read_text("utf-8") == "the old one"
    recorder.save(path, RECORDING)
    assert [one.name for one in path.parent.iterdir()] == ["cassette.yaml"]
    assert Player.open(path).unplayed() == ["interaction 1: step 'summarize' (POST /v1/chat/completions), answered 200"]


@pytest.mark.parametrize(
    ("asked", "said", "message"),
    [
        (b"{}", b"\x89PNG\xff", "the answer (POST /v1/chat/completions) is not text in UTF-8: a cassette holds nothing else"),
        (b"\xff", b"{}", "the request (POST /v1/chat/completions) is not text in UTF-8: a cassette holds nothing else"),
        (b"{}", b"x" * 1_001, "the answer has more than 1,000 bytes: a cassette holds none of that size"),
    ],
)
def test_what_no_cassette_holds(asked: bytes, said: bytes, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.llm.cassettes.recorder.MAX_ANSWER_BYTES", 1_000)
    recorder = Recorder()

    async def ask() -> None:
        inner = httpx2.MockTransport(lambda _: httpx2.Response(200, content=said))
        async with httpx2.AsyncClient(transport=recorder.transport(inner)) as client:
            await client.post(URI, content=asked)

    for send in (lambda: asyncio.run(ask()), lambda: _sync(recorder, asked, said)):
        with pytest.raises(ProviderError, match=f"^{re.escape(message)}$"):
            send()
    assert len(recorder) == 0
    assert len(recorder.failures) == 2


def _sync(recorder: Recorder, asked: bytes, said: bytes) -> None:
    inner = httpx2.MockTransport(lambda _: httpx2.Response(200, content=said))
    with httpx2.Client(transport=recorder.sync_transport(inner)) as client:
        client.post(URI, content=asked)


# Secrets


def test_only_headers_on_the_list_are_written(path: Path) -> None:
    secrets = {
        "Authorization": f"Bearer {KEY}",
        "api-key": "azure-key-0000",
        "X-Api-Key": "other-key-0000",
        "Cookie": "session=cookie-0000",
        "OpenAI-Organization": "org-private",
        "X-Afterprint-Sample": "3",
    }
    answered = {
        "Set-Cookie": "session=set-cookie-0000",
        "openai-organization": "org-private",
        "cf-ray": "ray-private",
        "x-request-id": "req_1",
        "Server": "llama.cpp",
        "OpenAI-Processing-Ms": "7",
        "Date": "Thu, 28 May 2026 12:00:00 GMT",
    }
    body = json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}, azure-key-0000 or other-key-0000"}})
    recorder = Recorder()
    reply = Reply(status=401, body=body, headers=answered)
    with ScriptedServer([reply]) as server, httpx2.Client(transport=recorder.sync_transport()) as client:
        answer = client.post(f"{server.base_url}/chat/completions?key=query-key-0000", json={"a": 1}, headers=secrets)
    assert KEY in answer.text  # the client itself sees what came
    recorder.save(path, RECORDING)
    text = path.read_text("utf-8")
    for secret in (KEY, "-0000", "org-private", "ray-private", "authorization", "cookie", "password", "Bearer"):
        assert secret not in text
    [one] = read_cassette(path).interactions
    assert one.request.headers == {"accept": ("*/*",), "content-type": ("application/json",), "x-afterprint-sample": ("3",)}
    assert one.response.headers == {
        "content-type": ("application/json",),
        "date": ("Thu, 28 May 2026 12:00:00 GMT",),
        "openai-processing-ms": ("7",),
        "server": ("llama.cpp",),
        "x-request-id": ("req_1",),
    }
    assert one.response.content == {"error": {"message": "Incorrect API key provided: [key], [key] or [key]"}}


def test_a_password_in_the_address_is_not_written(path: Path) -> None:
    recorder = Recorder()
    inner = httpx2.MockTransport(lambda asked: httpx2.Response(200, text=f"You sent {asked.headers['authorization']}"))
    with httpx2.Client(transport=recorder.sync_transport(inner)) as client:
        client.post("https://user:password-0000@[::1]:8080/v1/x", content="{}")
    [one] = recorder.save(path, RECORDING).interactions
    assert one.request.uri == "https://[::1]/v1/x"
    assert one.response.content == "You sent Basic [key]"


# Misses


def recorded_with(*prompts: PromptUsed, schemas: tuple[PromptUsed, ...] = ()) -> Player:
    """A player of three recorded steps, the recording made with `prompts` and `schemas`."""
    held = cassette(*(interaction(body, "{}") for body in (_body("system", "Facts.\nRevenue 9.1\nMargin 12"), _body("catalysts"), "text")))
    recording = RECORDING.model_copy(update={"prompts": prompts, "schemas": schemas})
    return Player(held.model_copy(update={"recorded": recording}), Path("cases/kc/cassette.yaml"))


def _body(*contents: str) -> str:
    messages = [{"role": "user", "content": content} for content in contents]
    return json.dumps({"messages": messages, "response_format": {"json_schema": {"name": contents[0]}}, "seed": 7})


def _miss(player: Player, body: str, sample: str = "", url: str = URI) -> str:
    headers = {"x-afterprint-sample": sample} if sample else {}
    with httpx2.Client(transport=player.transport()) as client, pytest.raises(CassetteMiss) as caught:
        client.post(url, content=body, headers=headers)
    return str(caught.value)


def test_a_miss_names_the_nearest_request_and_the_line() -> None:
    assert _miss(recorded_with(), _body("system", "Facts.\nRevenue 9.2\nMargin 12")) == (
        "cases/kc/cassette.yaml holds no answer to this request: step 'system' (POST /v1/chat/completions)\n"
        "  nearest is interaction 1: step 'system' (POST /v1/chat/completions)\n"
        "  the first line that differs:\n"
        "    recorded: messages[1].content, line 2: Revenue 9.1\n"
        "    asked:    messages[1].content, line 2: Revenue 9.2\n"
        "  no prompt file or schema has changed since the recording: look at the facts, the settings and the code\n"
        "  to record the case again: afterprint cassette record kc-2026q1"
    )


def test_a_miss_names_the_prompt_files_and_schemas_that_changed() -> None:
    same = PromptUsed(name="system", digest=load_prompt("system").digest)
    changed, gone = PromptUsed(name="summarize", digest="0" * 64), PromptUsed(name="nosuch", digest="0" * 64)
    player = recorded_with(same, changed, gone, schemas=(PromptUsed(name="note", digest="0"), PromptUsed(name="nosuch", digest="0")))
    message = _miss(player, _body("other"))
    assert (
        "\n  changed since the recording: prompts/summarize.md, prompts/nosuch.md (missing or broken now), "
        "schemas/note.schema.json, schemas/nosuch.schema.json (missing now)\n"
    ) in message
    assert "no prompt file" not in message


@pytest.mark.parametrize(
    ("body", "nearest", "recorded", "asked"),
    [
        (_body("catalysts", "More."), 2, "response_format.json_schema.name: catalysts", "messages[1].content: More."),
        (_body("system"), 1, "messages[1].content, line 1: Facts.", "response_format.json_schema.name: system"),
        ('{"seed": 8}', 3, "text", "seed: 8"),
        ("text\nmore", 3, "text", "line 1: text"),
    ],
)
def test_the_nearest_and_the_first_difference(body: str, nearest: int, recorded: str, asked: str) -> None:
    message = _miss(recorded_with(), body)
    assert f"nearest is interaction {nearest}: " in message
    assert f"    recorded: {recorded}\n    asked:    {asked}\n" in message


def test_of_several_requests_of_a_step_the_likest_is_shown() -> None:
    turns = [_body("system", *(f"turn {n}" for n in range(length))) for length in (1, 5, 9)]
    message = _miss(Player(cassette(*(interaction(turn, "{}") for turn in turns)), Path("c.yaml")), turns[1].replace("turn 4", "other"))
    assert "nearest is interaction 2: " in message
    assert "    recorded: messages[5].content: turn 4\n    asked:    messages[5].content: other\n" in message


def test_long_lines_are_shown_where_they_part() -> None:
    player = Player(cassette(interaction(json.dumps({"a": "x" * 500 + "one" + "y" * 500}), "{}")), Path("c.yaml"))
    message = _miss(player, json.dumps({"a": "x" * 500 + "two\x1b[31m" + "y" * 500}))
    recorded, asked = (line for line in message.splitlines() if line.startswith(("    recorded", "    asked")))
    assert recorded == f"    recorded: a: …{'x' * 30}one{'y' * 77}…"
    assert asked.startswith(f"    asked:    a: …{'x' * 30}two\\x1b[31m")
    assert message.isprintable() is False  # for its line breaks
    assert all(line.isprintable() for line in message.splitlines())


def test_a_body_that_ends_before_the_other() -> None:
    player = Player(cassette(interaction('{"a": 1, "b": 2}', "{}")), Path("c.yaml"))
    assert "    recorded: b: 2\n    asked:    (nothing: the body ends before)\n" in _miss(player, '{"a": 1}')


def test_equal_bodies_that_differ_in_sample_or_path() -> None:
    player = Player(cassette(interaction("{}", "{}", x_afterprint_sample="1")), Path("c.yaml"))
    message = _miss(player, "{}", sample="2")
    assert message.startswith("c.yaml holds no answer to this request: POST /v1/chat/completions, sample 2\n")
    assert (
        "  nearest is interaction 1: POST /v1/chat/completions, sample 1\n  their bodies are equal: what differs stands above\n" in message
    )
    assert "their bodies are equal" in _miss(player, "{}", sample="1", url="http://127.0.0.1/v2/chat/completions")


def test_an_empty_cassette() -> None:
    assert "  it holds no request at all\n" in _miss(Player(cassette(), Path("c.yaml")), "{}")


def test_asking_once_more_than_was_recorded() -> None:
    player = Player(cassette(interaction("{}", "a"), interaction("{}", "b"), interaction("[]", "c")), Path("c.yaml"))
    assert [sync_get(player.transport(), "{}").text for _ in "ab"] == ["a", "b"]
    assert _miss(player, "{}") == (
        "c.yaml holds 2 answers to this request, and all have been played: POST /v1/chat/completions was asked once more\n"
        "  to record the case again: afterprint cassette record kc-2026q1"
    )
    sync_get(player.transport(), "[]")
    assert _miss(player, "[]").startswith("c.yaml holds one answer to this request, and it has been played: ")


def test_a_miss_comes_out_of_the_client_as_it_is(path: Path) -> None:
    record(path, ["Up."], request("Facts."))
    player = Player.open(path)
    outcome = run(player.transport(), request("Other facts."))
    assert type(outcome.error) is CassetteMiss
    assert "    recorded: messages[0].content: Facts.\n    asked:    messages[0].content: Other facts.\n" in str(outcome.error)
    assert outcome.error.__cause__ is outcome.error.__context__ is None
    assert outcome.outcomes == [(1, "CassetteMiss")]
    assert outcome.slept_s == []
    assert outcome.error.exit_code == 1


# The end of a replay


def test_what_was_never_asked_for_is_told(path: Path) -> None:
    record(path, ["a", "b", "c"], request("a"), request("b", sample="2"), request("c", name="catalysts"))
    with pytest.raises(CassetteUnplayed) as caught, replaying(path) as player:
        run(player.transport(), request("a"))
    assert str(caught.value) == (
        f"{path}: 2 of 3 recorded interactions were never asked for:\n"
        "  interaction 2: step 'summarize' (POST /v1/chat/completions), sample 2, answered 200\n"
        "  interaction 3: step 'catalysts' (POST /v1/chat/completions), answered 200"
    )


def test_a_miss_that_somebody_swallowed_is_told_at_the_end(path: Path) -> None:
    record(path, ["a"], request("a"))
    with pytest.raises(CassetteMiss, match="asked:    messages"), replaying(path) as player:
        run(player.transport(), request("b"))
    assert len(player.misses) == 1


def test_an_error_in_a_replay_is_not_covered_by_what_is_left(path: Path) -> None:
    record(path, ["a"], request("a"))

    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), replaying(path):
        fail()


def test_a_bad_file_is_told_before_anything_is_asked(path: Path) -> None:
    path.write_text("version: 1\n", "utf-8")
    with pytest.raises(InputError, match=r"cassette\.yaml:1: is cut off"), replaying(path):
        pytest.fail("opened")
