"""What do the notes look like that the rules draft, over many real quarters and not only over the cases?

    python -m evals.bench.rules [--data FOLDER] [--write] [--show N] [--dump FILE]

Drafts every quarter that `quarters` makes of companyfacts documents, and every case of `evals/cases`, the whole way: chain, checks,
rendering. The two groups are reported apart, because a filed quarter has no guidance, consensus or statements, and a case was
transcribed by hand. `--show N` prints the first N of each thing that a reader would look into; `--dump` writes all of them.

Numbers are those of the note's prose, headline to catalysts, decided as `afterprint check` decides them: against all facts and not
only those that a claim cites. Sentences are compared with numbers, dates and period names masked. Speed is processor time of
this process from a sheet's file to written Markdown and JSON, with the vocabulary, the library and the schemas already read.
"""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

from evals.bench.outside import arguments, keep, needs
from evals.bench.quarters import filed_sheets
from pipeline.chain.draft import Clock, draft_note
from pipeline.drafters.rules import RuleDrafter
from pipeline.facts.factbase import FactBase
from pipeline.facts.loading import load_sheet
from pipeline.facts.sheet import FactSheet
from pipeline.grounding import NumberCheck, check_text
from pipeline.grounding.report import DECISIONS
from pipeline.mechanisms.engine import Fired, evaluate
from pipeline.mechanisms.library import library
from pipeline.notes.models import Note
from pipeline.notes.render import pages_of, render_json, render_markdown, write_pages
from pipeline.schemas import stored, validate

CASES = Path(__file__).resolve().parents[1] / "cases"
LEAST_FIRED, LEAST_PARTIES = 3, 2
"""From how many mechanisms at work, and parties beside the company, a note has second-order effects to choose from."""
ALIKE = 0.5
_MOST_BYTES = 10_000_000
_WARM_UP = 3


@dataclass(frozen=True, slots=True)
class Drafted:
    """A sheet and what became of it. `error` names the exception and its place, empty where there was none."""

    sheet: FactSheet
    note: Note | None = None
    fired: tuple[Fired, ...] = ()
    checks: tuple[NumberCheck, ...] = ()
    broken: tuple[str, ...] = ()
    error: str = ""

    @property
    def name(self) -> str:
        return self.sheet.slug

    @property
    def parties(self) -> set[str]:
        """Whom the fired mechanisms reach beside the company."""
        return {str(fired.mechanism.party) for fired in self.fired} - {"company"}

    @property
    def prose(self) -> tuple[str, ...]:
        return tuple(text for _, text, _ in self.note.texts()) if self.note else ()

    @property
    def sentences(self) -> Counter[str]:
        """The prose sentence by sentence, masked. The names of events ("Next results") are labels and no sentences."""
        texts = self.note.texts() if self.note else ()
        return Counter(sentence for place, text, _ in texts if not place.endswith(".event") for sentence in masked(text))


# -- drafting ------------------------------------------------------------------------------------------------------------------


def _clock() -> Clock:
    return Clock(now=lambda: datetime(2026, 1, 1, tzinfo=UTC), monotonic=lambda: 0.0)


async def draft(sheet: FactSheet) -> Drafted:
    """One note in memory, checked and rendered. Whatever goes wrong is the measurement's result and not its end."""
    note: Note | None = None
    fired: tuple[Fired, ...] = ()
    try:
        base = FactBase.of(sheet)
        fired = tuple(evaluate(base, library())[0])
        note = (await draft_note(sheet, RuleDrafter(), _clock())).note
        render_markdown(note)
        broken = tuple(f"{found.path}: {found.message}" for found in validate(json.loads(render_json(note)), stored("note")))
        checks = check_text("\n\n".join(text for _, text, _ in note.texts()), base).checks
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return Drafted(sheet, note, fired, error=f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})")
    return Drafted(sheet, note, fired, checks, broken)


async def draft_all(sheets: Iterable[FactSheet]) -> list[Drafted]:
    return [await draft(sheet) for sheet in sheets]


def cases() -> Iterator[FactSheet]:
    """The sheets of `evals/cases`, by name."""
    for path in sorted(CASES.glob("*/facts.json")):
        yield load_sheet(path, max_bytes=_MOST_BYTES)


# -- repetition ----------------------------------------------------------------------------------------------------------------

_MONTH = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_PERIOD = re.compile(
    rf"""(?:\b(?:first|second)\ half|\bfirst\ nine\ months)\ of\ (?:FY|fiscal\ )?\ ?\d{{2,4}}\b
      | \b[QH][1-4](?:[\ ]?(?:FY)?[\ ]?\d{{2,4}})?\b | \bFY\ ?\d{{2,4}}\b | \bfiscal\ \d{{4}}\b
      | \b{_MONTH}(?:\ \d{{1,2}})?(?:,?\ \d{{4}})?\b(?=[\s.,;:)]|$) | \b\d{{4}}-\d\d-\d\d\b""",
    re.VERBOSE,
)
_NUMBER = re.compile(r"[+−-]?(?:[$€£¥]|\b[A-Z]{3} )?[+−-]?\d[\d,]*(?:\.\d+)?(?:\s?(?:bn|tn|m|k|pp|bp|x)\b|%)?")
_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9$€£+−-])")


def masked(text: str) -> list[str]:
    """The sentences of a text with periods, dates and numbers (sign, currency and scale with them) put out of sight.

    >>> masked("Revenue rose 5.1% y/y to $95,359m. Cash was $28bn at March 29, 2025.")
    ['Revenue rose # y/y to #.', 'Cash was # at @.']
    """
    return [_NUMBER.sub("#", _PERIOD.sub("@", sentence)) for sentence in _END.split(text.strip()) if sentence]


def sameness(one: Counter[str], other: Counter[str]) -> float:
    """The share of two notes' sentences that the other has as well, each counted as often as it stands; 0 for empty notes."""
    everything = one.total() + other.total()
    return 2 * (one & other).total() / everything if everything else 0.0


def repetition(drafted: Sequence[Drafted]) -> list[tuple[float, str, str]]:
    """Every pair of different quarters of one company with its sameness, the most alike first."""
    sentences = {one.name: one.sentences for one in drafted if one.note}
    tickers = {one.name: one.sheet.company.ticker for one in drafted}
    pairs = [(a, b) for a, b in combinations(sentences, 2) if tickers[a] == tickers[b]]
    return sorted(((sameness(sentences[a], sentences[b]), a, b) for a, b in pairs), key=lambda row: (-row[0], row[1], row[2]))


# -- measuring -----------------------------------------------------------------------------------------------------------------


def summary(drafted: Sequence[Drafted]) -> dict[str, Any]:
    """The figures of one group. Shares are of the group's quarters, between 0 and 1."""
    notes = [one.note for one in drafted if one.note]
    pairs = [share for share, _, _ in repetition(drafted)]
    words = sorted(sum(len(text.split()) for text in one.prose) for one in drafted if one.note)
    decisions = Counter(check.decision for one in drafted for check in one.checks)
    lively = [one for one in drafted if len(one.fired) >= LEAST_FIRED and len(one.parties) >= LEAST_PARTIES]
    return {
        "quarters": len(drafted),
        "companies": len({one.sheet.company.ticker for one in drafted}),
        "notes that validate": sum(1 for one in drafted if one.note and not one.broken and not one.error),
        "exceptions": sum(1 for one in drafted if one.error),
        "numbers": sum(decisions.values()),
        "by decision": {decision: decisions[decision] for decision in DECISIONS},
        "share with 3 mechanisms and 2 parties": _share(len(lively), len(drafted)),
        "mechanisms fired, median": statistics.median(len(one.fired) for one in drafted) if drafted else 0,
        "effects in a note, median": statistics.median(len(note.second_order_effects) for note in notes) if notes else 0,
        "share with status draft": _share(sum(1 for note in notes if _is_whole(note)), len(drafted)),
        "steps that failed": dict(sorted(Counter(step for note in notes for step in note.failed_steps).items())),
        "parts withheld": sum(len(note.withheld) for note in notes),
        "sheets with conflicts": sum(1 for note in notes if note.conflicts),
        "repetition": {
            "pairs": len(pairs),
            "largest": round(max(pairs, default=0.0), 3),
            "mean": round(statistics.fmean(pairs), 3) if pairs else 0.0,
            "pairs over half": sum(1 for share in pairs if share > ALIKE),
        },
        "words": {"min": words[0], "median": statistics.median(words), "max": words[-1]} if words else {},
    }


def _is_whole(note: Note) -> bool:
    return note.status == "draft" and not note.withheld and not note.failed_steps


def _share(part: int, whole: int) -> float:
    return round(part / whole, 3) if whole else 0.0


def silent(drafted: Iterable[Drafted]) -> list[str]:
    """The mechanisms of the library that fire on none of the sheets."""
    fired = {fired.mechanism.id for one in drafted for fired in one.fired}
    return [mechanism.id for mechanism in library() if mechanism.id not in fired]


def speed(sheets: Sequence[FactSheet]) -> float:
    """Notes per second of one core, from a sheet's file to written .md and .json. Sheets that fail are not counted.

    The sheets are written to files first: reading them is part of what is measured, making them is not.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        files = [place / f"{sheet.slug}.facts.json" for sheet in sheets]
        for path, sheet in zip(files, sheets, strict=True):
            path.write_text(sheet.model_dump_json(by_alias=True, exclude_none=True), "utf-8")

        async def one(path: Path) -> None:
            sheet = load_sheet(path, max_bytes=_MOST_BYTES)
            note = (await draft_note(sheet, RuleDrafter(), _clock())).note
            write_pages({f"{sheet.slug}.{name}": page for name, page in pages_of(note, ("json", "md")).items()}, place / "out")

        async def every(paths: Sequence[Path]) -> float:
            begun = time.process_time()
            for path in paths:
                await one(path)
            return time.process_time() - begun

        asyncio.run(every(files[:_WARM_UP]))
        return round(len(files) / asyncio.run(every(files)), 1) if files else 0.0


def measure(groups: dict[str, list[Drafted]]) -> dict[str, Any]:
    """The figures of each group, and of both together what belongs to neither."""
    everything = [one for drafted in groups.values() for one in drafted]
    return {
        **{name: summary(drafted) for name, drafted in groups.items()},
        "mechanisms": len(library()),
        "mechanisms that never fire": silent(everything),
        "notes per second": speed([one.sheet for one in everything if not one.error]),
    }


# -- showing -------------------------------------------------------------------------------------------------------------------


def table(figures: dict[str, Any], groups: Sequence[str]) -> str:
    """The figures for reading, a column for each group."""
    rows = [("", *groups)]
    first = figures[groups[0]]
    for key, value in first.items():
        inner = value if isinstance(value, dict) and key in ("by decision", "repetition", "words") else None
        for part in inner if inner is not None else ("",):
            cells = (figures[name][key] for name in groups)
            rows.append((f"{key} {part}".strip(), *(_cell(cell.get(part, "") if inner is not None else cell) for cell in cells)))
    width = max(len(row[0]) for row in rows)
    lines = ["  ".join([row[0].ljust(width), *(cell.rjust(12) for cell in row[1:])]).rstrip() for row in rows]
    never = figures["mechanisms that never fire"]
    lines.append(f"{len(never)} of {figures['mechanisms']} mechanisms fire on no sheet: {', '.join(never) or 'none'}")
    return "\n".join([*lines, f"{figures['notes per second']} notes per second"])


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {count}" for name, count in value.items()) or "-"
    return f"{value:,}" if isinstance(value, int) else str(value)


def to_look_into(drafted: Sequence[Drafted], pairs: int = 50) -> dict[str, list[str]]:
    """One line for each exception, broken schema, refused number, note to review and conflict; and the pairs most alike."""
    return {
        "exceptions": [f"{one.name}: {one.error}" for one in drafted if one.error],
        "breaks the schema": [f"{one.name}: {broken}" for one in drafted for broken in one.broken],
        "refused numbers": [f"{one.name}: {c.decision}: {c.message}" for one in drafted for c in one.checks if c.is_problem],
        "to review": [f"{one.name}: {reason}" for one in drafted if one.note for reason in one.note.review_reasons],
        "withheld": [f"{one.name}: {w.place}: {w.text}: {w.reasons[0]}" for one in drafted if one.note for w in one.note.withheld],
        "conflicts": [f"{one.name}: {conflict}" for one in drafted if one.note for conflict in one.note.conflicts],
        "most alike": [f"{share:.0%} {one} {other}" for share, one, other in repetition(drafted)[:pairs]],
    }


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print the first N of each thing to look into, and N notes")
    args = parser.parse_args()
    place = args.data / "companyfacts"
    groups = {"cases": asyncio.run(draft_all(cases()))}
    if needs(place):
        groups = {"filings": asyncio.run(draft_all(filed_sheets(place))), **groups}
    figures = measure(groups)
    sys.stdout.write(table(figures, tuple(groups)) + "\n")
    lines: list[str] = []
    for name, drafted in groups.items():
        for what, found in to_look_into(drafted).items():
            lines += [f"{name}: {what}: {line}" for line in found]
            sys.stdout.write("".join(f"{name}: {what}: {line}\n" for line in found[: args.show]))
        for one in drafted[-args.show :] if args.show else ():
            sys.stdout.write("\n".join(("", one.name, *one.prose)) + "\n")
    if args.dump:
        args.dump.write_text("\n".join(lines) + "\n", "utf-8")
    if args.write and "filings" not in groups:
        sys.stdout.write("not kept: without the filings the figures would stand for half of what they say\n")
    elif args.write:
        keep("rules", figures)


if __name__ == "__main__":
    main()
