"""Does a dry run say what a run takes? The forecast of every case against what its recorded run took.

    python -m evals.bench.forecast [--write]

The means in `pipeline.chain.forecast` are of the tuned cases; the held-back ones were only measured.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from evals.bench.outcome import tokens_of
from evals.bench.outside import keep
from evals.cases import SPLITS, cases
from pipeline.chain.forecast import forecast
from pipeline.llm.cassettes.file import read_cassette
from pipeline.mechanisms.library import library
from pipeline.recording.kinds import CHAIN


def measure() -> dict[str, Any]:
    """Forecast and measured sums of each split, and the ratio's range over cases."""
    found: dict[str, Any] = {}
    for split in reversed(SPLITS):
        rows = []
        for case in cases():
            if case.split == split:
                cassette = read_cassette(case.folder / CHAIN.file)
                manner = cassette.recorded.manner
                rows.append(
                    (forecast(case.sheet(), library(), manner.most_facts if manner else None, cassette.recorded.model), tokens_of(cassette))
                )
        ratios = [ahead.prompt_tokens / taken.prompt for ahead, taken in rows]
        ahead_prompt, taken_prompt = sum(ahead.prompt_tokens for ahead, _ in rows), sum(taken.prompt for _, taken in rows)
        ahead_written, taken_written = sum(ahead.completion_tokens for ahead, _ in rows), sum(taken.written for _, taken in rows)
        found[split] = {
            "cases": len(rows),
            "calls": [round(sum(ahead.calls for ahead, _ in rows)), sum(taken.requests for _, taken in rows)],
            "prompt tokens": [ahead_prompt, taken_prompt],
            "written tokens": [ahead_written, taken_written],
            "cached share": [
                round(sum(ahead.cached_tokens for ahead, _ in rows) / ahead_prompt, 3),
                round(sum(taken.cached for _, taken in rows) / taken_prompt, 3),
            ],
            "prompt, forecast / measured": round(ahead_prompt / taken_prompt, 3),
            "written, forecast / measured": round(ahead_written / taken_written, 3),
            "prompt ratio of a case, least and most": [round(min(ratios), 2), round(max(ratios), 2)],
        }
    return found


def main(words: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="keep the figures in results/forecast.json")
    args = parser.parse_args(words)
    figures = measure()
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    if args.write:
        keep("forecast", figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
