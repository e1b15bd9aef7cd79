"""How well are numbers decided? Checks every sentence of `evals/numbers` against its fact sheet.

    python -m evals.bench.numbers [--show] [--write] [--tuning-only]

A correct sentence is blocked when any of its numbers is refused, and unread when a number that states a figure is not traced
to the facts though nothing is refused. A fault is caught when a number of its sentence is refused; `at the number` counts those
where it is the planted one. `--show` prints the tuning part's failures, never the held-back part's.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.facts.factbase import FactBase
from pipeline.facts.loading import load_sheet
from pipeline.grounding import Report, check_text

ROOT = Path(__file__).resolve().parents[1]
RESULT = Path(__file__).with_name("results") / "numbers.json"
Part = Literal["tuning", "held_back"]
PARTS: tuple[Part, ...] = ("tuning", "held_back")
Kind = Literal[
    "digit_changed", "rounding_broken", "scale", "unit_swap", "sign_flip", "direction_flip", "level_as_change", "wrong_period",
    "wrong_basis", "wrong_currency", "wrong_metric", "invented", "wrong_range_end", "wrong_evidence", "wrong_role",
]  # fmt: skip
Text = Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Correct(_Strict):
    """A sentence whose numbers hold. `numbers` are those that state a figure."""

    text: Text
    numbers: tuple[Text, ...]
    evidence: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _stand_in_the_text(self) -> Correct:
        if missing := [number for number in self.numbers if number not in self.text]:
            raise ValueError(f"not in the text: {missing}")
        return self


class Fault(_Strict):
    """A sentence with one number that does not hold."""

    kind: Kind
    text: Text
    wrong: Text
    why: Text
    evidence: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _stands_in_the_text(self) -> Fault:
        if self.wrong not in self.text:
            raise ValueError(f"not in the text: {self.wrong}")
        return self


class Sentences(_Strict):
    """The labelled sentences about one sheet."""

    sheet: str
    correct: tuple[Correct, ...]
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One sentence, decided. `ok` is what was hoped for; `aside` that it was unread, or caught at another number."""

    sheet: str
    kind: str
    text: str
    ok: bool
    aside: bool
    said: tuple[str, ...]


def load(part: Part) -> Iterator[Sentences]:
    for path in sorted((ROOT / "numbers" / part).glob("*.yaml")):
        yield Sentences.model_validate(yaml.safe_load(path.read_text("utf-8")))


def base_of(sheet: str) -> FactBase:
    """The facts of a case, or of a sheet that serves this measurement only."""
    own = ROOT / "numbers" / "sheets" / f"{sheet}.json"
    return FactBase.of(load_sheet(own if own.exists() else ROOT / "cases" / sheet / "facts.json", max_bytes=10_000_000))


def decide(sentences: Sentences) -> Iterator[Outcome]:
    base = base_of(sentences.sheet)
    for entry in sentences.correct:
        report = check_text(entry.text, base, evidence=entry.evidence)
        unread = [number for number in entry.numbers if not _is_grounded(report, entry.text, number)]
        yield Outcome(sentences.sheet, "correct", entry.text, report.ok, bool(unread), (*_said(report), *(f"unread {n}" for n in unread)))
    for fault in sentences.faults:
        report = check_text(fault.text, base, evidence=fault.evidence)
        at = [check for check in report.problems if _overlaps(check.mention.start, check.mention.end, fault.text, fault.wrong)]
        said = _said(report) or tuple(f"{check.mention.text} {check.decision} {check.fact} {check.rule}" for check in report.checks)
        yield Outcome(
            sentences.sheet, fault.kind, fault.text, not report.ok, not report.ok and not at, (f"wrong: {fault.wrong}: {fault.why}", *said)
        )


def _said(report: Report) -> tuple[str, ...]:
    return tuple(f"{check.decision} [{check.rule}] {check.message}" for check in report.problems)


def _is_grounded(report: Report, text: str, number: str) -> bool:
    return any(check.decision == "grounded" and _overlaps(check.mention.start, check.mention.end, text, number) for check in report.checks)


def _overlaps(start: int, end: int, text: str, part: str) -> bool:
    at = text.find(part)
    while at >= 0:
        if start < at + len(part) and at < end:
            return True
        at = text.find(part, at + 1)
    return False


def summary(outcomes: list[Outcome]) -> dict[str, dict[str, int]]:
    """n, good and aside by kind; `all faults` adds the faults up."""
    rows: dict[str, dict[str, int]] = defaultdict(lambda: {"n": 0, "ok": 0, "aside": 0})
    for outcome in outcomes:
        for kind in (outcome.kind, *([] if outcome.kind == "correct" else ["all faults"])):
            rows[kind]["n"] += 1
            rows[kind]["ok"] += outcome.ok
            rows[kind]["aside"] += outcome.aside
    return dict(sorted(rows.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", action="store_true", help="print what went wrong in the tuning part")
    parser.add_argument("--write", action="store_true", help="keep the figures in results/numbers.json")
    parser.add_argument("--sheet", help="only this sheet")
    parser.add_argument("--tuning-only", action="store_true", help="leave the held-back part alone, as long as rules change")
    args = parser.parse_args()
    parts: dict[str, dict[str, dict[str, int]]] = {}
    for part in PARTS[:1] if args.tuning_only else PARTS:
        outcomes = [o for sentences in load(part) if args.sheet in (None, sentences.sheet) for o in decide(sentences)]
        if args.show and part == "tuning":
            for outcome in outcomes:
                if not outcome.ok or outcome.aside:
                    mark = (
                        ("BLOCKED" if not outcome.ok else "unread")
                        if outcome.kind == "correct"
                        else ("MISSED" if not outcome.ok else "aside")
                    )
                    sys.stdout.write(
                        f"{mark} {outcome.sheet} {outcome.kind}: {outcome.text}\n" + "".join(f"    {s}\n" for s in outcome.said)
                    )
        parts[part] = summary(outcomes)
        sys.stdout.write(f"\n{part}: {len({o.sheet for o in outcomes})} sheets\n")
        for kind, row in parts[part].items():
            share = 100 * row["ok"] / row["n"]
            aside = "unread" if kind == "correct" else "caught only at another number"
            sys.stdout.write(f"  {kind:16} {row['ok']:4}/{row['n']:<4} {share:6.1f}%   {row['aside']} {aside}\n")
    if args.write:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(parts, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
