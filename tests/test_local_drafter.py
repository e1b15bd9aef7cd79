"""The model on this machine: started, asked, and stopped whatever happens. A scripted package stands in for llama.cpp.

The last tests run a real model: set AFTERPRINT_TEST_GGUF to a model file, with xllamacpp installed.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from pipeline.batch.drafting import Plan, draft_all
from pipeline.batch.outcome import Outcome
from pipeline.chain.draft import Clock, draft_note
from pipeline.chain.length import longest_prompt
from pipeline.config import load_settings
from pipeline.drafters import choose
from pipeline.drafters.choose import choose_drafter, settle
from pipeline.drafters.local import CONTEXT_LIMIT, LOCAL_FACTS, LocalDrafter, Work, context_for, estimate
from pipeline.errors import InputError, ModelNotLoaded, UsageError
from pipeline.facts.factbase import FactBase
from pipeline.facts.sheet import FactSheet
from pipeline.llm.local import models
from pipeline.llm.local.server import LocalServer, Speed
from pipeline.llm.types import Usage
from pipeline.mechanisms.library import library
from tests.conftest import KC
from tests.scripted_downloads import CONTENT, MODEL
from tests.scripted_model import ScriptedModel
from tests.scripted_xllamacpp import scripted_package

ROOT = Path(__file__).parent.parent
ALL = 1_000
"""Figures in a prompt: the scripted answers may cite any."""


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    path = tmp_path / "own-model.gguf"
    path.write_bytes(b"GGUF and no more")
    return path


def test_the_server_listens_on_loopback_under_its_own_key(gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_package([], monkeypatch) as package:
        keys = set()
        for _ in range(2):
            with LocalServer(gguf, context_tokens=4_096) as server:
                assert server.base_url == package.running[0].base_url
                keys.add(server.api_key)
            assert not package.running
        params = package.made[0]
        assert (params.hostnames, params.port, params.n_parallel, params.n_ctx) == (["127.0.0.1"], 0, 1, 4_096)
        assert params.api_keys[0] in keys
        assert params.cache_prompt
        assert not params.ui
        assert params.offline
        assert params.verbosity < 0
        assert params.model.path == str(gguf)
        assert len(keys) == 2
        assert min(map(len, keys)) >= 32


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_the_server_ends_with_whatever_ends_the_run(error: type[BaseException], gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_package([], monkeypatch) as package:
        # Held on to, so that it is the end of the block which ends it.
        server = LocalServer(gguf, context_tokens=4_096)
        with pytest.raises(error), server:  # noqa: PT012 - it is what happens inside that counts
            assert package.running
            raise error
        assert not package.running


def test_a_file_that_llama_cpp_refuses_is_one_line(gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_package([], monkeypatch) as package:
        package.refuses = True
        with (
            pytest.raises(ModelNotLoaded, match=r"own-model.gguf: llama.cpp cannot load this file") as caught,
            LocalServer(gguf, context_tokens=1),
        ):
            pass
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("content", [b"", b"GGU", b"PK\x03\x04", b"<html>"])
def test_what_is_no_gguf_never_reaches_llama_cpp(content: bytes, gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gguf.write_bytes(content)
    with scripted_package([], monkeypatch) as package:
        with pytest.raises(InputError, match="does not start with 'GGUF'"), LocalServer(gguf, context_tokens=1):
            pass
        assert not package.made


def test_speed_is_read_from_llama_cpps_own_counters(gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_package([], monkeypatch) as package, LocalServer(gguf, context_tokens=1) as server:
        assert server.speed() == Speed(32.0, 8.0)
        package.metrics = package.metrics.encode() if isinstance(package.metrics, str) else b""
        assert server.speed() == Speed(32.0, 8.0)
        package.metrics = '{"error": "no metrics"}'
        assert server.speed() == Speed(None, None)


def test_a_note_is_drafted_by_the_same_client_as_any(
    gguf: Path, kc_sheet: FactSheet, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    async def draft() -> None:
        drafter, why = await choose_drafter("local", load_settings(model=str(gguf), prompt_facts=ALL), Work(notes=20, tell=told.append))
        assert why == "drafting with own-model on this machine"
        async with drafter:
            done = await draft_note(kc_sheet, drafter, clock)
        assert done.note.status == "draft"
        assert (done.record.drafter, done.record.model, done.record.cost_usd) == ("local", "own-model", None)
        assert done.record.usage.prompt_tokens == 400

    with scripted_package(ScriptedModel(FactBase.of(kc_sheet)), monkeypatch) as package:
        asyncio.run(draft())
        assert not package.running
        requests = package.asked[0].requests
        assert len(requests) == 4
        assert {request.headers["authorization"] for request in requests} == {f"Bearer {package.made[0].api_keys[0]}"}
        for request in requests:
            assert request.json["response_format"]["json_schema"]["strict"] is True
            assert "temperature" in request.json
            assert "seed" in request.json
    # 100 tokens read at 32 and six answers of 20 tokens at 8 a second: told once.
    assert told == ["about 8 tokens/s here: about 2 min a note, 31 min for 20 notes"]


def test_a_run_that_fails_while_drafting_frees_the_model(gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail() -> None:
        drafter, _ = await choose_drafter("local", load_settings(model=str(gguf)))
        async with drafter:
            raise RuntimeError

    with scripted_package([], monkeypatch) as package:
        with pytest.raises(RuntimeError):
            asyncio.run(fail())
        assert not package.running


def test_notes_are_drafted_one_after_the_other(
    gguf: Path, kc_sheet: FactSheet, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def draft() -> None:
        settings = load_settings(model=str(gguf), concurrency=8, prompt_facts=ALL)
        drafter, _ = await choose_drafter("local", settings)
        outcomes: list[Outcome] = []
        plan = Plan(library(), tmp_path, ("json",), settings.concurrency, clock)
        await draft_all(iter([(KC, kc_sheet)] * 3), drafter, plan, lambda *_: None, outcomes.append)
        assert [outcome.error for outcome in outcomes] == [None] * 3

    with scripted_package(ScriptedModel(FactBase.of(kc_sheet)), monkeypatch) as package:
        asyncio.run(draft())
        server = package.asked[0]
        assert server.most_at_once == 1
        steps = [request.json["response_format"]["json_schema"]["name"] for request in server.requests]
        assert [steps[n] for n in (0, 4, 8)] == ["summarize"] * 3


def test_a_slow_machine_is_given_time_unless_the_user_says_how_much(gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def allowed() -> float:
        drafter, _ = asyncio.run(choose_drafter("local", load_settings(model=str(gguf))))
        assert isinstance(drafter, LocalDrafter)
        return drafter.settings.timeout_s

    with scripted_package([], monkeypatch):
        assert allowed() == choose.LOCAL_TIMEOUT_S
        monkeypatch.setenv("AFTERPRINT_TIMEOUT_S", "7")
        assert allowed() == 7


@pytest.mark.parametrize(
    ("kind", "given", "here", "installed", "settled", "why"),
    [
        ("auto", {}, False, True, "rules", "no model is on this machine (afterprint model pull)"),
        ("auto", {}, True, False, "rules", "the model on this machine needs xllamacpp"),
        ("auto", {}, True, True, "local", "since no endpoint is configured"),
        ("auto", {"base_url": "http://127.0.0.1:1"}, True, True, "openai", ""),
        ("auto", {"model": "gpt-9"}, True, True, "openai", ""),
        ("auto", {"model": "tiny"}, False, True, "local", ""),
        ("auto", {"model": "x.gguf"}, False, True, "local", ""),
        ("auto", {"model": "x.gguf", "base_url": "http://127.0.0.1:1"}, True, True, "openai", ""),
        ("rules", {}, True, True, "rules", "without a model"),
        ("local", {}, False, False, "local", ""),
    ],
)
def test_what_auto_comes_to(
    kind: str, given: dict[str, str], here: bool, installed: bool, settled: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "CATALOGUE", (MODEL,))
    monkeypatch.setattr(models, "DEFAULT", MODEL)
    monkeypatch.setattr(choose, "is_installed", lambda: installed)
    if here:
        (tmp_path / MODEL.file).write_bytes(CONTENT)
    found, line = settle(kind, load_settings(models_dir=tmp_path, **given))
    assert found == settled
    assert why in line


def test_a_damaged_model_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "CATALOGUE", (MODEL,))
    monkeypatch.setattr(models, "DEFAULT", MODEL)
    (tmp_path / MODEL.file).write_bytes(CONTENT[:-1] + b"?")
    with scripted_package([], monkeypatch), pytest.raises(UsageError, match="run `afterprint model pull tiny`"):
        asyncio.run(choose_drafter("local", load_settings(models_dir=tmp_path)))


@pytest.mark.parametrize(
    ("speed", "used", "notes", "line"),
    [
        (Speed(32, 8), (5_000, 300), 1, "about 8 tokens/s here: about 8 min a note"),
        (Speed(32, 8), (5_000, 300), 20, "about 8 tokens/s here: about 8 min a note, 2 h 32 min for 20 notes"),
        (Speed(2_000, 120), (5_000, 300), 500, None),
        (Speed(None, 8), (5_000, 300), 1, None),
        (Speed(32, None), (5_000, 300), 1, None),
    ],
)
def test_the_estimate(speed: Speed, used: tuple[int, int], notes: int, line: str | None) -> None:
    assert estimate(speed, Usage(prompt_tokens=used[0], completion_tokens=used[1]), notes) == line


def test_the_context_has_room_for_the_longest_sheet_and_no_more_than_the_limit(kc_sheet: FactSheet) -> None:
    tokens = longest_prompt([kc_sheet], library(), LOCAL_FACTS)
    assert longest_prompt([kc_sheet], library(), 10) < tokens
    context = context_for(tokens, 2_000)
    assert context % 256 == 0
    assert tokens * 1.3 + 8_000 < context <= CONTEXT_LIMIT
    assert context_for(100_000, 2_000) == CONTEXT_LIMIT


real = pytest.mark.skipif(
    "AFTERPRINT_TEST_GGUF" not in os.environ, reason="needs xllamacpp and AFTERPRINT_TEST_GGUF, the path of a model file that it can load"
)


def ask(server: LocalServer, content: str) -> dict[str, object]:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}
    body = {
        "messages": [{"role": "user", "content": content}],
        "max_tokens": 30,
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "strict": True, "schema": schema}},
    }
    headers = {"Authorization": f"Bearer {server.api_key}", "Content-Type": "application/json"}
    with urlopen(Request(f"{server.base_url}/chat/completions", json.dumps(body).encode(), headers), timeout=300) as reply:  # noqa: S310
        answer: dict[str, object] = json.load(reply)
    return answer


@real
def test_a_real_model_answers_by_schema_and_keeps_its_prompt(capfd: pytest.CaptureFixture[str]) -> None:
    with LocalServer(Path(os.environ["AFTERPRINT_TEST_GGUF"]), context_tokens=1_024) as server:
        start = "Revenue was 12, 14, 19 and 23. " * 10
        first = ask(server, f"{start}How many figures?")
        second = ask(server, f"{start}How many figures? And the last?")
        speed = server.speed()
    text = first["choices"][0]["message"]["content"]  # type: ignore[index]
    assert isinstance(json.loads(text)["n"], int)
    cached = second["usage"]["prompt_tokens_details"]["cached_tokens"]  # type: ignore[index]
    assert cached > 100
    assert speed.reading
    assert speed.writing
    assert capfd.readouterr() == ("", "")


@real
def test_ctrl_c_ends_a_real_run_with_130(tmp_path: Path) -> None:
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from pipeline.cli.main import run; run()"
    )  # fmt: skip
    words = ["draft", str(KC), "--drafter", "local", "--model", os.environ["AFTERPRINT_TEST_GGUF"], "--out", str(tmp_path)]
    with subprocess.Popen([sys.executable, "-c", code, *words], stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        time.sleep(20)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "interrupted"
