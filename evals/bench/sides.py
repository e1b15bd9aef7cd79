"""Rules, the chain with the local model and one prompt with the same model, side by side on the reference notes; and how far two
references agree with each other.

    python -m evals.bench.sides [--write]

Every way is scored by the same metrics on the cases that it has (one prompt is recorded for some only). Differences are paired over the
cases that both have, with the 95% bootstrap interval over whole cases, all cases together: held back and tuned are too few apart.
A second reference is scored as if it were a draft, the first as its reference: so much can be asked of a draft.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from evals.bench.outside import keep
from evals.cases import SPLITS, Case, cases
from evals.comparison import compare
from evals.metrics import METRICS
from evals.records import RECORDS, RecordFile
from evals.references import read_reference
from evals.results import References, Results, score_note, score_records, summarised
from evals.running import Live, Replay, Way, plan, run
from evals.single_prompt import SINGLE
from pipeline.config import load_settings
from pipeline.drafters.rules import RuleDrafter

SHOWN = (
    "quality", "coverage", "claims_f1", "summary_f1", "effects_f1", "gap_f1", "gap_sign", "catalysts_f1", "direction_accuracy",
    "horizon_accuracy", "themes_f1", "impact_error", "specificity", "contradicted", "unsupported", "rouge_l", "chrf", "words",
)  # fmt: skip


def ways() -> dict[str, tuple[Way, list[Case]]]:
    """Each way with the cases that it can draft."""
    every = cases()
    return {
        "rules": (Live(RuleDrafter(), load_settings()), every),
        "chain": (Replay(), every),
        "one prompt": (Replay(SINGLE), [case for case in every if (case.folder / SINGLE.file).exists()]),
    }


def scored(way: Way, some: Sequence[Case], references: References) -> Results:
    """Draft and score."""
    with TemporaryDirectory() as folder:
        record_file = RecordFile(Path(folder) / RECORDS)
        records = asyncio.run(run(plan(some, way, record_file), way, record_file, lambda case: lambda step, doing: None, lambda case: None))
    return score_records(records, some, references)


def difference(one: Results, other: Results) -> Mapping[str, Any]:
    """The first less the second, metric by metric."""
    common = {case.case for case in other.cases}
    ours = one.model_copy(update={"cases": tuple(case for case in one.cases if case.case in common)})
    found = compare(ours, other)
    rows: dict[str, Any] = {"cases": len(ours.cases)}
    for metric in found.metrics:
        if metric.metric.name in SHOWN and metric.stats is not None:
            sign = metric.metric.sign or 1
            low, high = sorted((sign * metric.stats.low, sign * metric.stats.high))
            ends = {"difference": sign * metric.stats.mean, "low": low, "high": high}
            # 0.0 is added so that none is written as -0.0.
            rows[metric.metric.name] = {name: round(value, 3) + 0.0 for name, value in ends.items()}
    return rows


def second_references(references: References) -> Mapping[str, Any]:
    """The mean scores of second references against the first ones."""
    some = [case for case in cases() if (case.folder / "second.json").exists()]
    found = [score_note(case, references, read_reference(case.folder / "second.json")) for case in some]
    means: dict[str, Any] = {"cases": len(some)}
    for metric in METRICS:
        known = [value for one in found if (value := one[metric.name]) is not None]
        if metric.name in SHOWN and known:
            means[metric.name] = round(sum(known) / len(known), 3)
    return means


def measure() -> dict[str, Any]:
    """Everything."""
    references = References()
    started = time.perf_counter()
    results = {name: scored(way, some, references) for name, (way, some) in ways().items()}
    seconds = time.perf_counter() - started
    table: dict[str, Any] = {}
    for name, one in results.items():
        for split in reversed(SPLITS):
            means = summarised(one, split)
            count = sum(case.split == split for case in one.cases)
            table[f"{name}, {split}"] = {"cases": count} | {n: round(v, 3) for n in SHOWN if (v := means.get(n)) is not None}
    return {
        "table": table,
        "chain less rules": difference(results["chain"], results["rules"]),
        "chain less one prompt": difference(results["chain"], results["one prompt"]),
        "second reference": second_references(references),
        "seconds": round(seconds, 1),
    }


def main(words: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="keep the figures in results/sides.json")
    args = parser.parse_args(words)
    figures = measure()
    columns = list(figures["table"])
    sys.stdout.write("".join([f"{'':20}", *(f"{column:>22}" for column in columns), "\n"]))
    for name in ("cases", *SHOWN):
        sys.stdout.write("".join([f"{name:20}", *(f"{figures['table'][column].get(name, '-'):>22}" for column in columns), "\n"]))
    for name in ("chain less rules", "chain less one prompt", "second reference"):
        sys.stdout.write(f"{name}: {figures[name]}\n")
    sys.stdout.write(f"{figures['seconds']} s\n")
    if args.write:
        keep("sides", figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
