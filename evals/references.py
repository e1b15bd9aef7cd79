"""Reference notes: what an analyst wrote about a case, by judgement and not by a drafter, checked as every draft is and kept as a Note.

    python -m evals.references [--check | --facts] [CASE ...]

    evals/cases/<name>/reference.yaml    what was written: the answers of the four steps, the themes and the weight of the print
                       reference.json    the note made of it: numbers traced, facts and sources listed
                       second.yaml       for some cases another analyst's, who did not see the first; second.json as above

A reference.yaml:

    author: who wrote it
    market_impact: 0.6            # how much the print should matter to the price, 0 to 1, by judgement
    themes: [Margin pressure]     # of the fixed list, most important first
    summary: {headline: ..., claims: [{evidence: [ids], text: ...}, ...]}
    second_order: {effects: [...]}
    consensus_gap: {...}
    catalysts: {catalysts: [...]}

`--facts` prints what may be cited: every figure by its id, in words that the number check accepts, the mechanisms at work, and when the
next print is expected.

Every part must hold: a reference of which a check withholds anything is refused with the reasons, and nothing is written. `--check`
writes nothing and fails where a note is not what its text makes.
Exit codes: 0; 1 where `--check` finds a note that is missing or differs; 2 where a text is wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, ValidationError

from evals.cases import Case, chosen
from pipeline.chain.assess import THEMES
from pipeline.chain.briefing import company_line, fact_line, mechanism_block, missing_line, statements_block
from pipeline.chain.draft import Clock, draft_note
from pipeline.drafters.base import Brief, StepAnswer, StepRequest
from pipeline.drafters.rules.drafter import RuleDrafter
from pipeline.errors import AfterprintError, InputError, Problem
from pipeline.facts.factbase import FactBase
from pipeline.facts.sheet import Strict
from pipeline.llm.types import OnAttempt, Usage
from pipeline.mechanisms.engine import evaluate
from pipeline.mechanisms.library import library
from pipeline.notes.calendar import known_by, release_window
from pipeline.notes.models import Note, StepName
from pipeline.notes.render import render_json, write_atomically
from pipeline.schemas import dotted, shown

TEXTS = {"reference.yaml": "reference.json", "second.yaml": "second.json"}
_MOST_BYTES = 200_000


class Written(Strict):
    """What stands in a reference.yaml. The four sections are judged by the chain's own checks."""

    author: str
    market_impact: Annotated[float, Field(ge=0, le=1)]
    themes: Annotated[tuple[str, ...], Field(min_length=1)]
    summary: dict[str, Any]
    second_order: dict[str, Any]
    consensus_gap: dict[str, Any]
    catalysts: dict[str, Any]


class HandDrafter(RuleDrafter):
    """A `Drafter` without a model, as the rules are, that answers each step with what was written by hand."""

    name = "hand"

    def __init__(self, written: Written) -> None:
        self._answers: dict[StepName, dict[str, Any]] = {
            "summarize": written.summary,
            "second_order": written.second_order,
            "consensus_gap": written.consensus_gap,
            "catalysts": written.catalysts,
        }

    async def answer(self, request: StepRequest, on_attempt: OnAttempt) -> StepAnswer:
        """The step's section."""
        return StepAnswer(json.dumps(self._answers[request.step], ensure_ascii=False, default=str), Usage())


def read_written(path: Path) -> Written:
    """The text in `path`. Raises InputError, with the field and what was expected in it."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(Problem(f"larger than {_MOST_BYTES:,} bytes", file=str(path)))
        written = Written.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(Problem(f"cannot be read: {' '.join(str(error).split())}", file=str(path))) from None
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False)
        raise InputError(
            *(Problem(f"{one['msg']}, got {shown(one['input'])}", file=str(path), field=dotted(one["loc"])) for one in wrong)
        ) from None
    if unknown := [theme for theme in written.themes if theme not in THEMES]:
        message = f"no such theme: {', '.join(unknown)}; expected some of {', '.join(THEMES)}"
        raise InputError(Problem(message, file=str(path), field="themes"))
    return written


def material(case: Case) -> str:
    """What a reference of the case may cite, for the one who writes it. Raises InputError."""
    facts = FactBase.of(case.sheet())
    brief = Brief(facts, evaluate(facts, library())[0])
    known, window = known_by(facts.sheet), release_window(facts.sheet)
    parts = {
        "Company": company_line(facts),
        "Figures": "\n".join(fact_line(figure, facts) for figure in brief.citable),
        "Statements": statements_block(facts),
        "Mechanisms at work": mechanism_block(brief),
        "Not in the sheet": missing_line(facts),
        "Dates": f"windows and falsifiers lie after {known}; the next print is expected from {window.from_} to {window.to}",
        "Themes": ", ".join(THEMES),
    }
    return "".join(f"## {case.name}: {title}\n\n{text}\n\n" for title, text in parts.items())


def note_of(case: Case, path: Path) -> Note:
    """The reference note of the text in `path`. Raises InputError with every reason for which a part does not hold."""
    written = read_written(path)
    clock = Clock(now=lambda: datetime(2000, 1, 1, tzinfo=UTC), monotonic=lambda: 0.0)
    draft = asyncio.run(draft_note(case.sheet(), HandDrafter(written), clock))
    problems = [Problem(reason, file=str(path), field=f"{w.step}.{w.place}") for w in draft.note.withheld for reason in w.reasons]
    problems += [] if problems else [Problem(reason, file=str(path)) for reason in draft.note.review_reasons]
    if problems:
        raise InputError(*problems)
    impact = draft.note.market_impact.model_copy(update={"score": written.market_impact, "parts": ()})
    return draft.note.model_copy(update={"themes": written.themes, "market_impact": impact})


def read_reference(path: Path) -> Note:
    """A reference note that was made before. Raises InputError."""
    try:
        return Note.model_validate_json(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        message = f"no reference note: {' '.join(str(error).split())[:200]}; make it with 'python -m evals.references'"
        raise InputError(Problem(message, file=str(path))) from None


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m evals.references", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help="name or folder; default: every case")
    doing = parser.add_mutually_exclusive_group()
    doing.add_argument("--check", action="store_true", help="write nothing; exit 1 where a note is not what its text makes")
    doing.add_argument("--facts", action="store_true", help="print what a reference may cite")
    given = parser.parse_args(arguments)
    if given.facts:
        sys.stdout.write("".join(material(case) for case in chosen(given.cases)))
        return 0
    stale, failed = False, False
    for case in chosen(given.cases):
        for text, made in TEXTS.items():
            if not (case.folder / text).exists():
                continue
            try:
                new = render_json(note_of(case, case.folder / text))
            except AfterprintError as error:
                sys.stderr.write(f"{error}\n")
                failed = True
                continue
            file = case.folder / made
            if given.check:
                if not file.exists() or file.read_text("utf-8") != new:
                    sys.stderr.write(f"{file}: not what {text} makes: run 'python -m evals.references {case.name}'\n")
                    stale = True
            else:
                write_atomically(file, new)
                sys.stdout.write(f"{file}: holds\n")
    return 2 if failed else 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
