"""Hundreds of notes on a bad night: a provider that fails, and a command that is killed again and again.

    python -m evals.bench.batch [--notes 1000] [--kills 20] [--write]

- Faults: so many notes at a server (`evals.bench.stub`) with 10% 429, 5% 500, 2% broken connections, 2% garbled bodies. Counted: notes that
  are complete, answers that were paid for twice, requests beyond those that were answered.
- Kills: `afterprint draft` killed with SIGKILL at random moments, then let run. Counted: notes that differ from an undisturbed run's, and
  whole answers that the server had to give twice (only those under way at a kill can be).

The sheets are the cases' with other names; the server's answers are those of the rules. Seconds are of this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from evals.bench.outside import keep
from evals.cases import cases
from pipeline.drafters.base import Brief
from pipeline.drafters.rules.drafter import STEPS
from pipeline.facts.factbase import FactBase
from pipeline.mechanisms.engine import evaluate
from pipeline.mechanisms.library import library

FAULTS = {"limited": 0.10, "failed": 0.05, "reset": 0.02, "garbled": 0.02}
AT_ONCE = 16


def make_sheets(folder: Path, count: int) -> dict[str, dict[str, str]]:
    """Write so many sheets; the answers to each."""
    answers: dict[str, dict[str, str]] = {}
    some = [case for case in cases() if case.split == "tuned"]
    by_case: dict[str, dict[str, str]] = {}
    for n in range(count):
        case = some[n % len(some)]
        raw = json.loads(case.facts.read_text("utf-8"))
        name = raw["company"]["name"]
        raw["company"]["name"] = f"{name} No {n}"
        raw["company"]["ticker"] = f"{raw['company']['ticker']}{n}"
        (folder / f"{case.name}-{n:05}.facts.json").write_text(json.dumps(raw), "utf-8")
        if case.name not in by_case:
            facts = FactBase.of(case.sheet())
            brief = Brief(facts, evaluate(facts, library())[0])
            by_case[case.name] = {step: build(brief).model_dump_json(by_alias=True) for step, build in STEPS.items()}
        answers[f"{name} No {n}"] = by_case[case.name]
    return answers


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


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AFTERPRINT_", "OPENAI_"))}
    return kept | {"AFTERPRINT_MAX_ATTEMPTS": "8", "AFTERPRINT_MAX_WAIT_S": "2"}


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
