"""Hundreds of notes on a bad night: a provider that fails, and a command that is killed again and again.

    python -m evals.bench.batch [--notes 1000] [--kills 20] [--write]

- Faults: so many notes at a server (`evals.bench.stub`) with 10% 429, 5% 500, 2% broken connections, 2% garbled bodies. Counted: notes that
  are complete, answers that were paid for twice, requests beyond those that were answered.
- Kills: `afterprint draft` killed with SIGKILL at random moments, then let run. Counted: notes that differ from an undisturbed run's, and
  whole answers that the server had to give twice (only those under way at a kill can be).

The sheets are the cases' with other names; the server answers with their references. Seconds are of this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from evals.bench.outside import keep
from evals.cases import Case, cases
from evals.references import read_written
from pipeline.chain.draft import Clock, draft_note
from pipeline.drafters.base import StepAnswer, StepRequest
from pipeline.drafters.model import PROMPT_FACTS
from pipeline.drafters.rules import RuleDrafter
from pipeline.llm.types import OnAttempt, Usage

FAULTS = {"limited": 0.10, "failed": 0.05, "reset": 0.02, "garbled": 0.02}
AT_ONCE = 16


_MOST = {"summary": ("claims", 5), "second_order": ("effects", 4), "catalysts": ("catalysts", 3)}


def make_sheets(folder: Path, count: int) -> dict[str, dict[str, str]]:
    """Write so many sheets; the answers to each."""
    answers: dict[str, dict[str, str]] = {}
    usable = usable_cases()
    for n in range(count):
        case, said = usable[n % len(usable)]
        raw = json.loads(case.facts.read_text("utf-8"))
        name = raw["company"]["name"]
        raw["company"]["name"] = f"{name} No {n}"
        raw["company"]["ticker"] = f"{raw['company']['ticker'][:2]}{n:X}"
        (folder / f"{case.name}-{n:05}.facts.json").write_text(json.dumps(raw), "utf-8")
        answers[f"{name} No {n}"] = said
    return answers


@cache
def usable_cases() -> list[tuple[Case, dict[str, str]]]:
    """The tuned cases whose reference, cut to as many parts as a model is asked for, is an answer without a fault; and its four steps."""
    some = [(case, _steps(case)) for case in cases() if case.split == "tuned"]
    return [(case, said) for case, said in some if asyncio.run(_is_sound(case, said))]


def _steps(case: Case) -> dict[str, str]:
    written = read_written(case.folder / "reference.yaml").model_dump(mode="json")
    for section, (field, most) in _MOST.items():
        written[section][field] = written[section][field][:most]
    steps = {"summarize": "summary", "second_order": "second_order", "consensus_gap": "consensus_gap", "catalysts": "catalysts"}
    return {step: json.dumps(written[section], ensure_ascii=False) for step, section in steps.items()}


async def _is_sound(case: Case, said: dict[str, str]) -> bool:
    drafter = Said(said)
    draft = await draft_note(case.sheet(), drafter, Clock.system())
    return not any(turn.violations for step in draft.record.steps for turn in step.turns)


class Said(RuleDrafter):
    """A drafter that answers what it was given, for the facts that a model is shown; `asked` are the requests that it was asked."""

    model: str | None = "stub"
    most_facts: int | None = PROMPT_FACTS

    def __init__(self, said: dict[str, str]) -> None:
        self._said = said
        self.asked: list[StepRequest] = []

    async def answer(self, request: StepRequest, on_attempt: OnAttempt) -> StepAnswer:
        """The step's answer."""
        self.asked.append(request)
        return StepAnswer(self._said[request.step], Usage())


@contextmanager
def stub(answers: Path, **faults: float) -> Iterator[str]:
    """The server, in a process of its own; its base URL."""
    options = [word for name, share in faults.items() for word in (f"--{name}", str(share))]
    command = [sys.executable, "-m", "evals.bench.stub", "--answers", str(answers), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own module
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1"
        finally:
            process.kill()


def stats(base_url: str) -> dict[str, Any]:
    """What the server has served."""
    with urllib.request.urlopen(f"{base_url.removesuffix('/v1')}/stats", timeout=10) as answer:  # noqa: S310 - our own server
        found: dict[str, Any] = json.loads(answer.read())
        return found


def command(sheets: Path, base_url: str, out: Path) -> list[str]:
    """`afterprint draft` of all sheets."""
    run = "from pipeline.cli.main import run; run()"
    words = [
        "draft",
        str(sheets),
        "--drafter",
        "openai",
        "--base-url",
        base_url,
        "--model",
        "stub",
        "--out",
        str(out),
        "--format",
        "json,md",
    ]
    return [sys.executable, "-c", run, *words, "--concurrency", str(AT_ONCE)]


def unset() -> dict[str, str]:
    """The environment, without what would configure us or a framework otherwise."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AFTERPRINT_", "OPENAI_", "RAY_"))}


def _environment() -> dict[str, str]:
    return unset() | {"AFTERPRINT_MAX_ATTEMPTS": "8", "AFTERPRINT_MAX_WAIT_S": "2"}


def notes_in(out: Path) -> dict[str, bytes]:
    """The notes by file name, run records aside."""
    return {path.name: path.read_bytes() for path in out.glob("*.md")}


def run(sheets: Path, base_url: str, out: Path) -> tuple[int, float]:
    """Exit code and seconds."""
    started = time.perf_counter()
    done = subprocess.run(command(sheets, base_url, out), env=_environment(), capture_output=True, check=False)  # noqa: S603 - our own command
    if done.returncode not in (0, 1):
        sys.stderr.write(done.stderr.decode()[-2_000:])
    return done.returncode, time.perf_counter() - started


def measure(notes: int, kills: int) -> dict[str, Any]:
    """Both measures."""
    random = Random(3)  # noqa: S311 - the same moments each time
    with TemporaryDirectory() as name:
        folder = Path(name)
        sheets = folder / "sheets"
        sheets.mkdir()
        answers = folder / "answers.json"
        answers.write_text(json.dumps(make_sheets(sheets, notes)), "utf-8")
        with stub(answers) as base_url:
            code, calm = run(sheets, base_url, folder / "calm")
            undisturbed = notes_in(folder / "calm")
            calls = stats(base_url)
        with stub(answers, **FAULTS) as base_url:
            bad_code, bad = run(sheets, base_url, folder / "bad")
            served = stats(base_url)
            survived = notes_in(folder / "bad")
        with stub(answers) as base_url:
            for _ in range(kills):
                with subprocess.Popen(  # noqa: S603 - our own command
                    command(sheets, base_url, folder / "killed"), env=_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                ) as process:
                    time.sleep(1.0 + random.random() * max(calm / kills, 0.5))
                    process.kill()
            run(sheets, base_url, folder / "killed")
            after = stats(base_url)
            ended = notes_in(folder / "killed")
    whole = served["served"].get("answered", 0)
    return {
        "notes": notes,
        "calm": {"complete": len(undisturbed), "exit code": code, "requests": calls["requests"], "seconds": round(calm, 1)},
        "faults": {
            "complete": len(survived),
            "same as in the calm": sum(survived.get(name) == text for name, text in undisturbed.items()),
            "exit code": bad_code,
            "served": served["served"],
            "extra requests": round(sum(served["served"].values()) / whole - 1, 3) if whole else None,
            "answers paid for twice": served["paid twice"],
            "seconds": round(bad, 1),
        },
        "kills": {
            "kills": kills,
            "complete": len(ended),
            "same as in the calm": sum(ended.get(name) == text for name, text in undisturbed.items()),
            "answers paid for twice": after["paid twice"],
            "of at most, under way at a kill": kills * AT_ONCE,
        },
    }


def main(words: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notes", type=int, default=1_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--write", action="store_true", help="keep the figures in results/batch.json")
    args = parser.parse_args(words)
    figures = measure(args.notes, args.kills)
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    if args.write:
        keep("batch", figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
