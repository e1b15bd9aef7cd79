"""Does the chain beat one prompt? Replays every recorded cassette of `evals/cases`, offline, and counts.

    python -m evals.bench.local [--write] [--show]

A case's cassette.yaml holds the chain's run against a real model's server, its single.yaml the same model asked once for the whole note
(`evals.single_prompt`); both notes went through the same checks. Held-back and tuned cases are told apart, chain and single prompt side
by side:

- Numbers: those of the printed prose, headline to catalysts, decided anew by `pipeline.check_text`. None may be refused.
- Parts: the claims, effects, consensus gap and catalysts of the step's first answer, each either sound and printed at first, printed
  after a repair, or withheld (`outcome.Parts` has the definition); shares are of the parts of all cases together. Headlines apart.
- Nothing to review: notes with the status `draft`.
- Tokens: as the server counts them, a mean over notes; cached ones are part of the prompt's.
- Seconds: while at least one of a note's requests was under way, when it was recorded, the median; and the tokens that llama.cpp read
  and wrote in a second of one request's own time. Where notes were recorded side by side they slowed each other: `notes at once` says
  how many.
- The difference between chain and single prompt is paired: over the cases that have both, with the 95% interval of a bootstrap that
  draws whole cases.

Everything but the time of the replay follows from the cassettes, and a test holds it. `--show` prints what was withheld, tuned cases only.
Exit codes: 0; 1 where a cassette does not replay or a number is refused; 2 where nothing is recorded.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Literal

from evals.bench.outcome import HEADLINE, KINDS, Outcome, Pace, Parts, Tokens, at_once, outcome_of
from evals.bench.outside import RESULTS, keep
from evals.cases import CASES, SPLITS, Case, Split, cases
from evals.single_prompt import SINGLE
from pipeline.chain.draft import Draft
from pipeline.errors import AfterprintError, InputError, Problem
from pipeline.llm.cassettes.file import Recording, read_cassette
from pipeline.llm.cassettes.recorder import machine_line
from pipeline.recording.kinds import CHAIN, Kind
from pipeline.recording.replay import replay

Way = Literal["chain", "single"]
WAYS: dict[Way, Kind] = {"chain": CHAIN, "single": SINGLE}
RESULT = RESULTS / "local.json"
DRAWS = 10_000
REPLAY = "replay"
"""The figures that depend on the machine that measures."""

Share = tuple[int, int]
"""So many of so many."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """One cassette, played. `seconds` of this process's own time."""

    case: Case
    way: Way
    recording: Recording
    draft: Draft
    outcome: Outcome
    seconds: float


# -- replaying -----------------------------------------------------------------------------------------------------------------


def replay_all(root: Path = CASES) -> list[Replayed]:
    """Every cassette of the cases in `root`. Raises InputError for each one that cannot be relied on: a benchmark leaves none out."""
    played: list[Replayed] = []
    problems: list[Problem] = []
    for case in cases(root):
        for way, kind in WAYS.items():
            if (case.folder / kind.file).exists():
                try:
                    played.append(_replayed(case, way, kind))
                except InputError as error:
                    problems += error.problems
                except AfterprintError as error:
                    problems.append(Problem(" ".join(str(error).split()), file=str(case.folder / kind.file)))
    problems += _unequal(played)
    if problems:
        raise InputError(*problems)
    return played


def _replayed(case: Case, way: Way, kind: Kind) -> Replayed:
    path, sheet = case.folder / kind.file, case.sheet()
    started = time.process_time()
    cassette = read_cassette(path)
    draft = asyncio.run(replay(path, cassette, sheet, kind))
    seconds = time.process_time() - started
    return Replayed(case, way, cassette.recorded, draft, outcome_of(case.name, sheet, cassette, draft), seconds)


def _unequal(played: Sequence[Replayed]) -> list[Problem]:
    """Where chain and single prompt of a case were not asked on equal terms."""
    problems = []
    for chain, single in _pairs(played):
        a, b = chain.recording, single.recording
        if (a.model, a.model_sha256) != (b.model, b.model_sha256) or _terms(a) != _terms(b):
            what = "recorded with another model, other sampling or other figures in the prompt than the chain's cassette: record it again"
            problems.append(Problem(what, file=str(single.case.folder / SINGLE.file)))
    return problems


def _terms(recording: Recording) -> tuple[object, ...]:
    manner = recording.manner
    return (manner.most_facts, manner.temperature, manner.seed, manner.bounded_texts) if manner else ()


def _pairs(played: Sequence[Replayed]) -> list[tuple[Replayed, Replayed]]:
    """Chain and single prompt of each case that has both."""
    found = {(one.case.name, one.way): one for one in played}
    names = dict.fromkeys(one.case.name for one in played)
    return [(found[name, "chain"], found[name, "single"]) for name in names if {(name, "chain"), (name, "single")} <= set(found)]


# -- figures -------------------------------------------------------------------------------------------------------------------


def measure(played: Sequence[Replayed]) -> dict[str, Any]:
    """All figures, ready for JSON."""
    recordings = [one.recording for one in played]
    return {
        "model": _known(recordings, lambda recording: recording.model),
        "server": _known(recordings, lambda recording: recording.server),
        "recorded on": _known(recordings, lambda recording: recording.machine),
        "figures in a prompt": sorted({r.manner.most_facts or 0 for r in recordings if r.manner}),
        "splits": {split: _split([one for one in played if one.case.split == split]) for split in SPLITS},
        REPLAY: {"cassettes": len(played), "seconds": round(sum(one.seconds for one in played), 1), "machine": machine_line()},
    }


def _known(recordings: Sequence[Recording], what: Callable[[Recording], str]) -> list[str]:
    return sorted(set(map(what, recordings)))


def _split(played: Sequence[Replayed]) -> dict[str, Any]:
    pairs = [(chain.outcome, single.outcome) for chain, single in _pairs(played)]
    return {
        **{way: summary([one.outcome for one in played if one.way == way]) for way in WAYS},
        "chain less single": {
            "cases": len(pairs),
            "parts printed": difference([(_printed(one), _printed(other)) for one, other in pairs]),
            "nothing to review": difference([(_whole(one), _whole(other)) for one, other in pairs]),
        },
    }


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The figures of one way of drafting over some cases. Shares are between 0 and 1."""
    notes = len(outcomes)
    if not notes:
        return {"cases": 0}
    kinds = {kind: Parts.sum(one.parts[kind] for one in outcomes) for kind in (HEADLINE, *KINDS.values())}
    body = Parts.sum(one.body for one in outcomes)
    tokens = Tokens(*(map(sum, zip(*(one.tokens for one in outcomes), strict=True))))
    pace = Pace(*(map(sum, zip(*(one.pace for one in outcomes), strict=True))))
    return {
        "cases": notes,
        "notes without a refused number": sum(1 for one in outcomes if not one.refused),
        "numbers": sum(one.numbers for one in outcomes),
        "numbers refused": sum(len(one.refused) for one in outcomes),
        "parts": {**body._asdict(), "printed": _share(body.printed, body.asked)},
        "parts by kind": {kind: parts._asdict() for kind, parts in kinds.items()},
        "nothing to review": sum(1 for one in outcomes if not one.needs_review),
        "words, median": statistics.median(one.words for one in outcomes),
        "requests a note": round(tokens.requests / notes, 1),
        "prompt tokens a note": round(tokens.prompt / notes),
        "of them cached": _share(tokens.cached, tokens.prompt),
        "tokens written a note": round(tokens.written / notes),
        "seconds a note, median": round(statistics.median(one.seconds for one in outcomes)),
        "notes at once, most": at_once(outcomes),
        "tokens read a second": _share(pace.read, pace.reading_ms / 1000, 1),
        "tokens written a second": _share(pace.written, pace.writing_ms / 1000, 1),
    }


def _share(part: float, whole: float, digits: int = 3) -> float | None:
    return round(part / whole, digits) if whole else None


def _printed(outcome: Outcome) -> Share:
    return outcome.body.printed, outcome.body.asked


def _whole(outcome: Outcome) -> Share:
    return int(not outcome.needs_review), 1


def difference(pairs: Sequence[tuple[Share, Share]], draws: int = DRAWS) -> dict[str, float] | None:
    """The first share less the second, over all pairs together, with the 95% bootstrap interval; None for no pairs.

    Each draw takes as many cases as there are, with replacement, and both shares of each: so what is hard about a case counts on both
    sides.
    """
    if not pairs:
        return None
    random = Random(7)  # noqa: S311 - the same figures from the same cassettes
    drawn = sorted(_difference(random.choices(pairs, k=len(pairs))) for _ in range(draws))
    low, high = drawn[round(0.025 * (draws - 1))], drawn[round(0.975 * (draws - 1))]
    return {"difference": round(_difference(pairs), 3), "low": round(low, 3), "high": round(high, 3)}


def _difference(pairs: Sequence[tuple[Share, Share]]) -> float:
    ours, theirs = zip(*pairs, strict=True)
    return _pooled(ours) - _pooled(theirs)


def _pooled(shares: Sequence[Share]) -> float:
    return sum(part for part, _ in shares) / sum(whole for _, whole in shares)


# -- showing -------------------------------------------------------------------------------------------------------------------


def table(figures: dict[str, Any]) -> str:
    """The figures for reading: a column for each way of drafting and split."""
    columns = [(split, way) for split in reversed(SPLITS) for way in WAYS]
    groups = [flat(figures["splits"][split][way]) for split, way in columns]
    rows = [["", *(f"{split} {way}" for split, way in columns)]]
    names = dict.fromkeys(name for group in groups for name in group)
    rows += [[name, *(_cell(group.get(name)) for group in groups)] for name in names]
    width = max(len(row[0]) for row in rows)
    lines = ["  ".join([row[0].ljust(width), *(cell.rjust(15) for cell in row[1:])]).rstrip() for row in rows]
    for split in reversed(SPLITS):
        paired = figures["splits"][split]["chain less single"]
        for what in ("parts printed", "nothing to review"):
            if found := paired[what]:
                by = f"{found['difference']:+.1%} [{found['low']:+.1%}, {found['high']:+.1%}]"
                lines.append(f"{split}, {paired['cases']} cases with both, {what}, chain less single: {by}")
    return "\n".join([*lines, f"{figures[REPLAY]['cassettes']} cassettes replayed in {figures[REPLAY]['seconds']} s"])


def flat(group: dict[str, Any], within: str = "") -> dict[str, Any]:
    """Figures within figures, by a name of several words."""
    found: dict[str, Any] = {}
    for key, value in group.items():
        name = f"{within} {key}".strip()
        found |= flat(value, name) if isinstance(value, dict) else {name: value}
    return found


def _cell(value: object) -> str:
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def withheld(played: Sequence[Replayed], split: Split = "tuned") -> list[str]:
    """What the checks withheld of the notes of a split, one line each."""
    return [
        f"{one.case.name} {one.way}: {lost.step} {lost.place}: {lost.reasons[0]}: {lost.text}"
        for one in played
        for lost in one.draft.note.withheld
        if one.case.split == split
    ]


def main(words: Sequence[str] | None = None, root: Path = CASES) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="keep the figures in results/local.json")
    parser.add_argument("--show", action="store_true", help="print what was withheld of the tuned cases")
    args = parser.parse_args(words)
    try:
        played = replay_all(root)
    except AfterprintError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if not played:
        sys.stdout.write(f"not measured: no case in {root} has a cassette; `{CHAIN.again}` and `{SINGLE.again}` make them\n")
        return 2
    figures = measure(played)
    sys.stdout.write(table(figures) + "\n")
    if args.show:
        sys.stdout.write("".join(f"{line}\n" for line in withheld(played)))
    refused = [f"{one.case.name} {one.way}: {message}\n" for one in played for message in one.outcome.refused]
    sys.stdout.write("".join(refused))
    if args.write:
        keep("local", figures)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
