"""The command `afterprint`: wires the commands together and turns errors into lines and exit codes.

Heavy libraries are imported inside the commands: `afterprint --help` must come at once.
"""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from typing import Annotated

import typer

from pipeline import __version__
from pipeline.cli import cassette, check, diff, draft, ingest, mechanisms, model, runs, schema
from pipeline.errors import AfterprintError, InputError, Interrupted

_INTERRUPTED = 130

app = typer.Typer(
    name="afterprint",
    help="Earnings notes, drafted after the print, that an editor can sign. Every number is checked against the facts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("draft")(draft.command)
app.command("check")(check.command)
app.command("diff")(diff.command)
app.add_typer(ingest.app, name="ingest")
app.add_typer(runs.app, name="runs")
app.add_typer(cassette.app, name="cassette")
app.add_typer(mechanisms.app, name="mechanisms")
app.add_typer(model.app, name="model")
app.add_typer(schema.app, name="schema")
for _point in entry_points(group="afterprint.commands"):
    # The harness adds its own commands this way: it knows the pipeline, never the reverse.
    app.add_typer(_point.load(), name=_point.name)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"afterprint {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and leave.")] = False,
) -> None:
    """Shared options of all commands."""


def run() -> None:
    """Entry point. Exit codes: 0 done, 1 findings, 2 bad usage or input, 3 provider failure, 4 budget, 130 interrupted."""
    try:
        app()
    except AfterprintError as error:
        prefix = "" if isinstance(error, InputError | Interrupted) else "error: "
        sys.stderr.write("".join(f"{prefix}{line}\n" for line in str(error).splitlines()))
        sys.exit(error.exit_code)
    except SystemExit as end:
        if end.code == _INTERRUPTED:
            sys.stderr.write("interrupted\n")
        raise
    except BrokenPipeError:
        # The reader of our output left (`afterprint ... | head`): nothing more to say, and nobody to say it to.
        sys.stderr.close()
        sys.exit(1)
