"""How long does it take to check a note, and does the time grow with the text's length only?

    python -m evals.bench.check_speed [--profile] [--write]

Notes of 300 words, drafted by rules from the project's own sheets, against one sheet of 200 facts merged from two of
them: a note about the merged companies, whose numbers are found, and notes about others, whose numbers are mostly refused
and explained. Cold is a process's first check, with the vocabulary read and the facts indexed; warm is every later one.
Time is what this process used, so that others on the machine count little.

Then ten times the text, and pieces that invite a regular expression to backtrack, repeated 10,000 times against 1,000: ten
is linear, a nested quantifier would show as a hundred.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import json
import pstats
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.chain.draft import Clock, draft_note
from pipeline.drafters.rules import RuleDrafter
from pipeline.facts.factbase import FactBase
from pipeline.facts.loading import load_sheet
from pipeline.facts.sheet import FactSheet
from pipeline.grounding import Checker
from pipeline.grounding.mentions import find

ROOT = Path(__file__).resolve().parents[1]
RESULT = Path(__file__).with_name("results") / "check_speed.json"
MERGED = ("intc-2022q4", "ebay-2023q1", "crm-2024q1")
NOTES = (*MERGED, "kc-2026q1", "aapl-2025q2")
FACTS, WORDS, ROUNDS = 200, 300, 60
PIECES = ("1", "1,", "1.", "a", "a1-", "$", "(", "9 ", "-", "a@", "+1 2", "revenue ", "37.2% ", "half of ", "from 1 to ", "www.", "1/")


def sheet_of(case: str) -> FactSheet:
    return load_sheet(ROOT / "cases" / case / "facts.json", max_bytes=10_000_000)


def merged() -> FactSheet:
    """The first case's sheet with the others' facts as segments of it, up to 200 facts."""
    first, *others = (sheet_of(case) for case in MERGED)
    periods, sources, facts = list(first.periods), list(first.sources), list(first.facts)
    for other in others:
        name = other.company.ticker.lower()
        periods += [p.model_copy(update={"id": f"{name}.{p.id}"}) for p in other.periods]
        sources += [s.model_copy(update={"id": f"{name}.{s.id}"}) for s in other.sources]
        facts += [
            f.model_copy(
                update={
                    "id": f"{name}.{f.id}",
                    "segment": f"{other.company.ticker} {f.segment or ''}".strip(),
                    "period": f"{name}.{f.period}",
                    "source": f"{name}.{f.source}",
                }
            )
            for f in other.facts
        ]
    return FactSheet(company=first.company, period=first.period, periods=tuple(periods), sources=tuple(sources), facts=tuple(facts[:FACTS]))


def note(case: str) -> str:
    """The prose of the note that the rules draft, from its start, repeated or cut to 300 words."""
    clock = Clock(now=lambda: datetime(2026, 1, 1, tzinfo=UTC), monotonic=lambda: 0.0)
    drafted = asyncio.run(draft_note(sheet_of(case), RuleDrafter(), clock)).note
    prose = " ".join(text for _, text, _ in drafted.texts()).split()
    return " ".join((prose * (WORDS // len(prose) + 1))[:WORDS])


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def best(work: Callable[[], object], runs: int = 3) -> float:
    return min(seconds(work) for _ in range(runs))


def measure() -> dict[str, Any]:
    base = FactBase.of(merged())
    checkers: list[Checker] = []
    notes = {case: note(case) for case in NOTES}
    cold_index = seconds(lambda: checkers.append(Checker(base)))
    checker = checkers[0]
    cold = seconds(lambda: checker.check(notes[NOTES[0]]))
    times = {case: [seconds(partial(checker.check, text)) for _ in range(ROUNDS)] for case, text in notes.items()}
    every = sorted(t for some in times.values() for t in some)
    text = notes[NOTES[0]]
    ten = best(lambda: checker.check(" ".join([text] * 10))) / best(lambda: checker.check(text))
    apart = best(lambda: checker.check("\n\n".join([text] * 10))) / best(lambda: checker.check(text))
    return {
        "facts": len(base.sheet.facts),
        "figures": len(checker.figures),
        "words": WORDS,
        "warm checks": len(every),
        "numbers": {case: len(checker.check(text).checks) for case, text in notes.items()},
        "problems": {case: len(checker.check(text).problems) for case, text in notes.items()},
        "ms": {
            "index": _ms(cold_index),
            "first check": _ms(cold),
            "median": _ms(statistics.median(every)),
            "p99": _ms(every[int(len(every) * 0.99)]),
            "median by note": {case: _ms(statistics.median(some)) for case, some in times.items()},
            "finding numbers alone, median": _ms(statistics.median(seconds(lambda: find(text, checker.names)) for _ in range(ROUNDS))),
        },
        "ten times the text": {"one line": round(ten, 1), "paragraphs": round(apart, 1)},
        "ten times a piece": dict(sorted(((piece, _growth(piece)) for piece in PIECES), key=lambda row: row[1])),
    }


def _growth(piece: str) -> float:
    return round(best(lambda: find(piece * 10_000)) / best(lambda: find(piece * 1_000)), 1)


def _ms(taken: float) -> float:
    return round(1000 * taken, 2)


def profile(rows: int = 45) -> None:
    checker = Checker(FactBase.of(merged()))
    notes = [note(case) for case in NOTES]
    for text in notes:
        checker.check(text)
    with cProfile.Profile() as profiler:
        for text in notes * 10:
            checker.check(text)
    pstats.Stats(profiler, stream=sys.stdout).sort_stats("tottime").print_stats(rows).sort_stats("cumulative").print_stats(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", action="store_true", help="print where the time goes instead")
    parser.add_argument("--write", action="store_true", help="keep the figures in results/check_speed.json")
    args = parser.parse_args()
    if args.profile:
        profile()
        return
    figures = measure()
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    if args.write:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
