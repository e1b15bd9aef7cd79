"""What does Afterprint cost, beside the requests themselves? Against the bare SDK, and against other frameworks that draft the same.

    python -m evals.bench.overhead [--notes 300] [--rounds 3] [--python /path/to/others/bin/python] [--write]

A stub provider (`evals.bench.stub`) on one core, one side at a time on another core, in turns. Each side has the four-step conversations
of the same cases, so many notes at a time:

- bare: `AsyncOpenAI.chat.completions.create`, and nothing done with the answer;
- lean: the SDK's `post` with bytes and its aiohttp transport, as our client uses it, and nothing done with the answer;
- client: our `ChatClient` with journal and limits, each answer held against its JSON Schema and read by its model: what the frameworks do;
- afterprint: all of it, from reading the sheets to the journal and the written notes, every answer validated and every number checked;
- the frameworks of `evals.bench.frameworks`, where `--python` has them: structured output and retries on, answers validated.

Twice: without latency and 16 notes at a time; with 200 ms and 64 at a time. Read the ratios: machines differ.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from importlib import metadata
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from evals.bench.outside import keep

SIDES = ("bare", "lean", "client", "afterprint")
CLIENT_CORE, STUB_CORE = 0, 1
SETTINGS = ((0, 16), (200, 64))
Call = Callable[[dict[str, Any]], Awaitable[object]]


# -- one side, in a process of its own ---------------------------------------------------------------------------------------------


async def conversations(bodies: list[list[dict[str, Any]]], notes: int, at_once: int, call: Call) -> None:
    """So many notes' requests: the first two steps one after the other, the last two side by side."""
    gate = asyncio.Semaphore(at_once)

    async def note(number: int) -> None:
        first, second, *last = bodies[number % len(bodies)]
        async with gate:
            await call(first)
            await call(second)
            await asyncio.gather(*map(call, last))

    await asyncio.gather(*map(note, range(notes)))


async def _bare(url: str, folder: Path, notes: int, at_once: int) -> None:
    import openai

    async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
        await conversations(_bodies(folder), notes, at_once, lambda body: client.chat.completions.create(**body))


async def _lean(url: str, folder: Path, notes: int, at_once: int) -> None:
    from pipeline.config import load_settings
    from pipeline.llm.client import encoded
    from pipeline.llm.wire import Wire

    async with Wire(url, None, load_settings()) as wire:
        await conversations(_bodies(folder), notes, at_once, lambda body: wire.post(encoded(body)))


async def _client(url: str, folder: Path, notes: int, at_once: int) -> None:
    from pipeline.batch.desk import Desk
    from pipeline.batch.journal import opened
    from pipeline.batch.limits import Limits
    from pipeline.chain.examine import parse
    from pipeline.chain.steps import STEPS
    from pipeline.config import load_settings
    from pipeline.drafters.choose import schema_note
    from pipeline.llm.client import ChatClient
    from pipeline.llm.types import Message, Request
    from pipeline.schemas import validate

    outputs = {step.name: step.output for step in STEPS}
    settings = load_settings(concurrency=2 * at_once)
    requests = json.loads((folder / "requests.json").read_text("utf-8"))
    with TemporaryDirectory() as name, opened(Path(name), lambda: datetime.now(UTC), lambda: None) as journal:
        desk = Desk(journal, Limits(settings.concurrency))
        numbers = count()

        async def call(asked: dict[str, Any]) -> None:
            messages = tuple(Message(**message) for message in asked["messages"])
            # No two are the same, or the journal would answer.
            request = Request(asked["step"], messages, asked["schema"], sample=str(next(numbers)))
            answer = parse((await client.complete(request, lambda attempt: None)).text)
            if validate(answer, asked["schema"]):
                raise SystemExit("an answer does not fit its schema")
            outputs[asked["step"]].model_validate(answer)

        async with ChatClient(
            base_url=url, api_key=None, model="stub", settings=settings, schema_note=schema_note(),
            keeper=desk.keeper(url), gate=desk.gate("stub", url),
        ) as client:  # fmt: skip
            await conversations(requests, notes, at_once, call)


async def _afterprint(url: str, folder: Path, notes: int, at_once: int) -> None:
    from pipeline.batch.desk import Desk
    from pipeline.batch.drafting import Plan, draft_all
    from pipeline.batch.journal import opened
    from pipeline.batch.limits import Limits
    from pipeline.batch.outcome import Outcome
    from pipeline.chain.draft import Clock
    from pipeline.cli.sheets import Sheets
    from pipeline.config import load_settings
    from pipeline.drafters.choose import drafter_at
    from pipeline.mechanisms.library import library

    with TemporaryDirectory() as name:
        out = Path(name)
        settings = load_settings(concurrency=2 * at_once)
        sheets = Sheets(sorted((folder / "sheets").iterdir())[:notes], 10_000_000)
        with opened(out, lambda: datetime.now(UTC), lambda: None) as journal:
            desk = Desk(journal, Limits(settings.concurrency))
            drafter = drafter_at(url, None, "stub", settings, desk)
            journal.begin(drafter.name, drafter.model, len(sheets))
            plan = Plan(library(), out, ("json", "md"), at_once, Clock.system())

            def over(outcome: Outcome) -> None:
                if outcome.status != "draft":
                    raise SystemExit(f"{outcome.name}: {outcome.line()}")
                journal.done(outcome.entry())

            await draft_all(iter(sheets), drafter, plan, lambda *_: None, over)
            journal.end()


def _bodies(folder: Path) -> list[list[dict[str, Any]]]:
    found: list[list[dict[str, Any]]] = json.loads((folder / "bodies.json").read_text("utf-8"))
    return found


def run_side(run: Callable[[str, Path, int, int], Awaitable[None]], url: str, folder: Path, notes: int, at_once: int) -> None:
    """Run one side here, on its core; print its seconds, processor seconds and peak memory."""
    os.sched_setaffinity(0, {CLIENT_CORE})

    async def go(count: int) -> None:
        await run(url, folder, count, at_once)

    # Imports, schemas and the vocabulary are read before the clock starts, as on every side.
    asyncio.run(go(1))
    started, used = time.perf_counter(), time.process_time()
    asyncio.run(go(notes))
    figures = {
        "seconds": time.perf_counter() - started,
        "processor seconds": time.process_time() - used,
        "peak MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "version": f"openai {metadata.version('openai')}",
    }
    sys.stdout.write(json.dumps(figures) + "\n")


# -- all sides, in turns -----------------------------------------------------------------------------------------------------------


def prepare(folder: Path, notes: int) -> None:
    """Sheets, the stub's answers to each, and the requests of each case as our client sends them."""
    from evals.bench.batch import Said, make_sheets, usable_cases
    from pipeline.chain.draft import Clock, draft_note
    from pipeline.llm import formats
    from pipeline.llm.types import Request

    (folder / "sheets").mkdir()
    (folder / "answers.json").write_text(json.dumps(make_sheets(folder / "sheets", notes)), "utf-8")
    clock = Clock.system()
    bodies, requests = [], []
    for n, (case, said) in enumerate(usable_cases()):
        sheet = case.sheet()
        named = sheet.model_copy(update={"company": sheet.company.model_copy(update={"name": f"{sheet.company.name} No {n}"})})
        drafter = Said(said)
        asyncio.run(draft_note(named, drafter, clock))
        bodies.append(
            [
                {
                    "model": "stub",
                    "messages": formats.messages(request, "json_schema", "{schema}"),
                    "response_format": formats.response_format(request, "json_schema", bounded=False),
                    "max_tokens": 2_000,
                    "temperature": 0.0,
                    "seed": 7,
                }
                for request in (Request(one.step, one.messages, one.schema) for one in drafter.asked)
            ]
        )
        requests.append(
            [{"step": one.step, "messages": [m._asdict() for m in one.messages], "schema": one.schema} for one in drafter.asked]
        )
    (folder / "bodies.json").write_text(json.dumps(bodies), "utf-8")
    (folder / "requests.json").write_text(json.dumps(requests), "utf-8")


def measure(notes: int, rounds: int, python: Path | None) -> dict[str, Any]:
    """Medians over the rounds, by setting and side."""
    from evals.bench.batch import stub, unset

    others = _others(python)
    found: dict[str, Any] = {"notes": notes, "rounds": rounds, "kib a note": None, "settings": {}}
    with TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, notes)
        bodies = _bodies(folder)
        found["kib a note"] = round(statistics.mean(len(json.dumps(body)) for note in bodies for body in note) * 4 / 1024, 1)
        for latency_ms, at_once in SETTINGS:
            taken: dict[str, list[dict[str, Any]]] = {}
            with stub(folder / "answers.json", **{"latency-ms": latency_ms, "core": STUB_CORE}) as url:
                for _ in range(rounds):
                    for side, command in {**{side: [sys.executable, "-m", "evals.bench.overhead"] for side in SIDES}, **others}.items():
                        words = ["--side", side, "--url", url, "--folder", str(folder), "--notes", str(notes), "--at-once", str(at_once)]
                        done = subprocess.run([*command, *words], capture_output=True, text=True, check=False, env=unset())  # noqa: S603 - our own modules
                        if done.returncode:
                            sys.stderr.write(f"{side}: {done.stderr[-1_500:]}\n")
                            continue
                        taken.setdefault(side, []).append(json.loads(done.stdout.splitlines()[-1]))
            found["settings"][f"{latency_ms} ms, {at_once} at a time"] = _rows(taken, notes)
    return found


def _rows(taken: dict[str, list[dict[str, Any]]], notes: int) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    bare = statistics.median(one["seconds"] for one in taken["bare"])
    for side, runs in taken.items():
        seconds = statistics.median(one["seconds"] for one in runs)
        rows[side] = {
            "notes a second": round(notes / seconds, 1),
            "times the bare client": round(bare / seconds, 2),
            "processor seconds per 1,000": round(1_000 * statistics.median(one["processor seconds"] for one in runs) / notes, 1),
            "peak MiB": round(max(one["peak MiB"] for one in runs)),
            **({"import seconds": round(runs[0]["import seconds"], 2)} if "import seconds" in runs[0] else {}),
            "version": runs[0]["version"],
        }
    return rows


def _others(python: Path | None) -> dict[str, list[str]]:
    if python is None:
        return {}
    from evals.bench.frameworks import SIDES as FRAMEWORKS

    return {side: [str(python), "-m", "evals.bench.frameworks"] for side in FRAMEWORKS}


def main(words: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notes", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--python", type=Path, help="an interpreter that has the other frameworks")
    parser.add_argument("--write", action="store_true", help="keep the figures in results/overhead.json")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    for name in ("--url", "--folder", "--at-once"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    args = parser.parse_args(words)
    if args.side:
        runs = {"bare": _bare, "lean": _lean, "client": _client, "afterprint": _afterprint}
        run_side(runs[args.side], args.url, Path(args.folder), args.notes, int(args.at_once))
        return 0
    figures = measure(args.notes, args.rounds, args.python)
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    if args.write:
        keep("overhead", figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
