"""`afterprint check`: the numbers of any note or plain text against a fact sheet."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.output import say, tell
from pipeline.errors import UsageError

if TYPE_CHECKING:
    from pipeline.grounding.findings import CheckReport, NumberFound


def command(
    note: Annotated[
        Path, typer.Argument(help="The note: .md, .html, .docx, .txt, or note JSON. People's notes as well.", show_default=False)
    ],
    facts: Annotated[Path, typer.Option("--facts", help="The fact sheet that it must rest on.", show_default=False)],
    html: Annotated[Path | None, typer.Option("--html", help="Also write an annotated page to this file.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Check every number of a note. Exit code 1 when one is contradicted or unsupported."""
    from pipeline.config import load_settings
    from pipeline.facts.factbase import FactBase
    from pipeline.facts.loading import load_sheet
    from pipeline.grounding import check_document
    from pipeline.grounding.findings import report_of

    if html is not None and _same_file(html, note, facts):
        raise UsageError(f"--html {html}: would overwrite an input: expected another file")
    limit = load_settings().max_input_bytes
    base = FactBase.of(load_sheet(facts, max_bytes=limit))
    report = report_of(check_document(note, base, max_bytes=limit), base, str(facts))
    if html is not None:
        from pipeline.grounding.page import render_page
        from pipeline.notes.render import write_atomically

        write_atomically(html, render_page(report))
    if as_json:
        say(report.model_dump_json(indent=2))
    elif sys.stdout.isatty():
        from pipeline.cli.annotated import show

        show(report)
        _say_problems(report)
    else:
        _say_problems(report)
    if html is not None:
        tell(f"{html}: written")
    if report.problems:
        raise typer.Exit(1)


def _same_file(html: Path, *inputs: Path) -> bool:
    try:
        return any(html.exists() and given.exists() and html.samefile(given) for given in inputs)
    except OSError:
        return False


def _say_problems(report: CheckReport) -> None:
    """One line each, for people and grep, then what was not read, then the summary."""
    for number in report.problems:
        say(_line(report.note, number))
    if left := report.left:
        say(f"{report.note}: not read: {left}")
    counts = report.counts.model_dump()
    total = sum(counts.values())
    listed = ", ".join(f"{count} {name}" for name, count in counts.items())
    say(f"{report.note}: {total} number{'' if total == 1 else 's'}: {listed}")


def _line(note: str, number: NumberFound) -> str:
    from pipeline.notes.render import plain

    where = f"{note}:{number.line}" if number.line else f"{note}: {number.place}"
    return plain(f"{where}: {number.decision}: {number.message}")
