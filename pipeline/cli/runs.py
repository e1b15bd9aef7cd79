"""`afterprint runs`: what was drafted into a folder, from its journal."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.output import say, say_json, tell

if TYPE_CHECKING:
    from pipeline.batch.journal import NoteRow, Run

_FOLDER = typer.Argument(metavar="[DIR]", help="Folder that notes were drafted into.")
_JSON = typer.Option("--json", help="One JSON object on stdout.")

app = typer.Typer(help="What was drafted into a folder: runs, notes, tokens, cost.", no_args_is_help=True)


@app.command("list")
def list_runs(folder: Annotated[Path, _FOLDER] = Path("out"), as_json: Annotated[bool, _JSON] = False) -> None:
    """Every run, a line each, the first one first."""
    runs, _ = _read(folder, None)
    if as_json:
        say_json({"runs": [asdict(run) for run in runs]})
        return
    for run in runs:
        say(_line(run))


@app.command("show")
def show(
    folder: Annotated[Path, _FOLDER] = Path("out"),
    number: Annotated[int | None, typer.Option("--run", help="Number of the run; default: the last.", show_default=False)] = None,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """What became of each sheet of a run."""
    from pipeline.errors import UsageError

    runs, notes = _read(folder, number)
    run = next((run for run in runs if run.id == (number or runs[-1].id)), None) if runs else None
    if run is None:
        raise UsageError(f"--run {number}: expected one of {', '.join(str(run.id) for run in runs) or 'none, for there is no run'}")
    if as_json:
        say_json({"run": asdict(run), "notes": [asdict(note) for note in notes]})
        return
    say(_line(run))
    for note in notes:
        say(_note(note))
    costs = [Decimal(note.cost_usd) for note in notes if note.cost_usd is not None]
    tokens = sum(note.prompt_tokens + note.completion_tokens for note in notes)
    say(f"{len(notes)} notes, {tokens:,} tokens" + (f", ${sum(costs):.4f}" if costs else ""))


def _read(folder: Path, number: int | None) -> tuple[list[Run], list[NoteRow]]:
    """All runs, and the notes of one. Raises InputError where there is no journal."""
    from datetime import UTC, datetime

    from pipeline.batch.journal import NAME, opened
    from pipeline.errors import InputError, Problem

    if not (folder / NAME).is_file():
        raise InputError(Problem(f"holds no {NAME}: expected a folder that a model drafted into", file=str(folder)))
    with opened(folder, lambda: datetime.now(UTC), lambda: tell(f"a command drafts into {folder}: waiting for it to end")) as journal:
        runs = journal.runs()
        return runs, journal.notes(number or runs[-1].id) if runs else []


def _line(run: Run) -> str:
    ended = "ended" if run.ended else "stopped"
    asked = f"{run.asked} request{'' if run.asked == 1 else 's'}"
    model = f" with {run.model}" if run.model else ""
    return (
        f"run {run.id}, {run.started[:16].replace('T', ' ')} UTC, {ended}: {run.sheets} sheets{model}; {run.drafted} drafted, "
        f"{run.review} to review, {run.failed} failed; {asked}, {run.recalled} from the journal"
    )


def _note(note: NoteRow) -> str:
    cost = f", ${Decimal(note.cost_usd):.4f}" if note.cost_usd is not None else ""
    what = (
        note.error.splitlines()[0] if note.error else f"{note.prompt_tokens + note.completion_tokens:,} tokens{cost}, {note.seconds:.1f} s"
    )
    return f"  {note.note}: {note.status.replace('_', ' ')}: {what}"
