"""How fast is scoring? And how fast are others at what can be compared?

    python -m evals.bench.eval_speed [--write]

- All cases drafted by rules or replayed, scored with every metric.
- 1,000 saved records of real notes (each case's rules note, 40 times, each with another headline so that nothing is kept between them
  but what notes of a case really share), scored without drafting: seconds, and the memory of the process at its highest.
- 1,000 subjects and 5 trivial evaluators: ours, and, where they are installed, pydantic-evals and Inspect on as many cases with as many
  evaluators that do as little. Each in a process of its own; seconds include no import. Read the ratios: machines differ.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from evals.bench.outside import keep
from evals.bench.sides import scored
from evals.cases import cases
from evals.records import DraftRecord, chain_digest, key_of
from evals.results import References, score_records
from evals.running import Live, Replay
from pipeline.chain.draft import Clock, draft_note
from pipeline.config import load_settings
from pipeline.drafters.rules import RuleDrafter

RECORDS, TRIVIAL = 1_000, 5
_OURS = """
import time
from evals.cases import cases
from evals.metrics.metric import Metric, Subject
from evals.references import read_reference
from evals.results import References
case = cases()[0]
reader, reference = References().of(case)
def trivial(subject):
    return float(len(subject.note.headline) > 3)
metrics = [Metric(f"m{n}", "share", "higher", trivial) for n in range(5)]
started = time.perf_counter()
scores = [{m.name: m.of(subject) for m in metrics} for subject in (Subject(reader, reference, reference.note) for _ in range(1000))]
print(time.perf_counter() - started)
"""
_PYDANTIC = """
import time
from dataclasses import dataclass
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import Evaluator, EvaluatorContext
@dataclass
class Trivial(Evaluator[str, str, None]):
    n: int = 0
    def evaluate(self, ctx: EvaluatorContext[str, str, None]) -> bool:
        return len(ctx.output) > 3
async def task(text: str) -> str:
    return text
cases = [Case(name=str(n), inputs="a headline") for n in range(1000)]
data = Dataset(name="trivial", cases=cases, evaluators=[Trivial(n) for n in range(5)])
started = time.perf_counter()
data.evaluate_sync(task, progress=False)
print(time.perf_counter() - started)
"""
_INSPECT = """
import tempfile, time
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.scorer import Score, accuracy, scorer
from inspect_ai.solver import solver
def make(n):
    @scorer(metrics=[accuracy()], name=f"s{n}")
    def trivial():
        async def score(state, target):
            return Score(value=float(len(state.input_text) > 3))
        return score
    return trivial()
@solver
def nothing():
    async def solve(state, generate):
        return state
    return solve
task = Task(dataset=[Sample(input="a headline", target="x") for _ in range(1000)], solver=nothing(), scorer=[make(n) for n in range(5)])
started = time.perf_counter()
eval(task, model="mockllm/model", log_dir=tempfile.mkdtemp(), display="none")
print(time.perf_counter() - started)
"""


def whole() -> dict[str, float]:
    """Drafting or replaying all cases and scoring them, seconds of each."""
    found = {}
    for name, way in (("rules", Live(RuleDrafter(), load_settings())), ("replay", Replay())):
        started = time.perf_counter()
        scored(way, cases(), References())
        found[name] = round(time.perf_counter() - started, 1)
    return found


def saved() -> dict[str, float]:
    """Scoring so many saved records, and the peak of memory, MiB."""
    some = cases()
    clock = Clock(now=lambda: datetime(2026, 1, 1, tzinfo=UTC), monotonic=lambda: 0.0)
    notes = {case.name: asyncio.run(draft_note(case.sheet(), RuleDrafter(), clock)) for case in some}
    records = []
    for n in range(RECORDS):
        case = some[n % len(some)]
        draft = notes[case.name]
        note = draft.note.model_copy(update={"headline": f"{draft.note.headline} ({'i' * (n // len(some) + 1)})"})
        key = key_of(sheet=case.name, chain="", drafter="rules", model=None, terms="", sample=n)
        records.append(DraftRecord(key=key, case=case.name, sample=n, chain=chain_digest(), drafter="rules", note=note, run=draft.record))
    started = time.perf_counter()
    score_records(records, some, References())
    seconds = time.perf_counter() - started
    return {"seconds": round(seconds, 1), "MiB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)}


def trivial() -> dict[str, float | None]:
    """Seconds of each program in a process of its own, the best of three; None where one is not installed."""
    return {name: _best(code) for name, code in (("afterprint", _OURS), ("pydantic-evals", _PYDANTIC), ("inspect", _INSPECT))}


def _best(code: str) -> float | None:
    found = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=600)  # noqa: S603 - the programs above
        if done.returncode != 0:
            sys.stderr.write(done.stderr.splitlines()[-1] + "\n" if done.stderr else "failed\n")
            return None
        found.append(float(done.stdout.split()[-1]))
    return round(min(found), 4)


def main(words: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="keep the figures in results/eval_speed.json")
    args = parser.parse_args(words)
    figures: dict[str, Any] = {"all cases, seconds": whole(), "1,000 saved records": saved(), "1,000 x 5 trivial, seconds": trivial()}
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    if args.write:
        keep("eval_speed", figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
