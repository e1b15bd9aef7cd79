"""`afterprint check`: the numbers of any note or plain text against a fact sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.output import say, say_json


def command(
    note: Annotated[Path, typer.Argument(help="The note: .md, .html, .txt, or note JSON. People's notes as well.", show_default=False)],
    facts: Annotated[Path, typer.Option("--facts", help="The fact sheet that it must rest on.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Check every number of a note. Exit code 1 when one is contradicted or unsupported."""
    from pipeline.config import load_settings
    from pipeline.facts.factbase import FactBase
    from pipeline.facts.loading import load_sheet
    from pipeline.grounding import check_document

    limit = load_settings().max_input_bytes
    base = FactBase.of(load_sheet(facts, max_bytes=limit))
    report = check_document(note, base, max_bytes=limit)
    counts = report.counts
    if as_json:
        numbers = [
            {
                "line": passage.line,
                "text": check.mention.text,
                "start": check.mention.start,
                "end": check.mention.end,
                "decision": check.decision,
                "fact": check.fact,
                "rule": check.rule,
                "message": check.message,
            }
            for passage, found in report.passages
            for check in found.checks
        ]
        say_json({"note": str(note), "facts": str(facts), "counts": counts, "numbers": numbers})
    else:
        for passage, found in report.passages:
            for check in found.problems:
                say(f"{note}:{passage.line}: {check.decision}: {check.message}")
        listed = ", ".join(f"{counts[name]} {name}" for name in ("grounded", "structural", "contradicted", "unsupported"))
        say(f"{note}: {sum(counts.values())} numbers: {listed}")
    if not report.ok:
        raise typer.Exit(1)
