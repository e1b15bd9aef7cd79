"""`afterprint schema`: the exported JSON Schemas, and whether they still say what the models say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.output import say, tell

if TYPE_CHECKING:
    from pydantic import BaseModel

app = typer.Typer(help="Export the JSON Schemas, or check that the exported ones are current.", no_args_is_help=True)


def _models() -> dict[str, type[BaseModel]]:
    from pipeline.chain.record import RunRecord
    from pipeline.chain.steps import STEPS
    from pipeline.facts.sheet import FactSheet
    from pipeline.grounding.findings import CheckReport
    from pipeline.notes.models import Note
    from pipeline.proposing.proposals import SCHEMA, Proposals

    named: dict[str, type[BaseModel]] = {
        "fact-sheet": FactSheet,
        "note": Note,
        "run-record": RunRecord,
        "check-report": CheckReport,
        SCHEMA: Proposals,
    }
    return named | {step.schema: step.output for step in STEPS}


def exported() -> dict[str, str]:
    """File name -> text of every schema, as the models stand now."""
    from pipeline.schemas import dump, json_schema

    return {f"{name}.schema.json": dump(json_schema(model, id=f"urn:afterprint:schema:{name}")) for name, model in _models().items()}


@app.command("export")
def export(out: Annotated[Path | None, typer.Option(help="Folder; default: the installation's own.")] = None) -> None:
    """Write one JSON Schema (Draft 2020-12) for the fact sheet, the note, the run record, the check report and each step."""
    from pipeline.notes.render import write_atomically
    from pipeline.resources import folder

    place = out or folder("schemas")
    for name, text in exported().items():
        write_atomically(place / name, text)
        say(str(place / name))


@app.command("check")
def check() -> None:
    """Exit with 1 when an exported schema differs from the models."""
    from pipeline.resources import folder

    place = folder("schemas")
    stale = [name for name, text in exported().items() if not (place / name).is_file() or (place / name).read_text() != text]
    for name in stale:
        tell(f"{name}: differs from the models: run `afterprint schema export`")
    if stale:
        raise typer.Exit(1)
    say(f"{len(exported())} schemas are current")
