"""`afterprint draft`: notes from fact sheets."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.mechanisms import OWN
from pipeline.cli.output import say_json

EXECUTORS = ("asyncio", "ray", "openai-batch")

_COUNT = "Stop before the request that could go beyond"


def command(
    paths: Annotated[
        list[Path], typer.Argument(help="Fact sheets (.json, .yaml, .csv), folders that hold them, or patterns.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="Folder for the notes.")] = Path("out"),
    drafter: Annotated[
        str, typer.Option(help="auto, openai, local or rules. auto: a configured endpoint, else a local model that is there, else rules.")
    ] = "auto",
    model: Annotated[
        str | None, typer.Option(help="Model name at the endpoint; for local, a name of `afterprint model list` or a .gguf file.")
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="OpenAI-compatible endpoint, for instance http://127.0.0.1:8080/v1.")] = None,
    concurrency: Annotated[
        int | None, typer.Option(min=1, max=1_000, help="Notes, and requests, at the same time at most; fewer where the server limits.")
    ] = None,
    rpm: Annotated[int | None, typer.Option(min=1, help="Requests a minute at most.")] = None,
    tpm: Annotated[int | None, typer.Option(min=1, help="Tokens a minute at most, read and written.")] = None,
    executor: Annotated[
        str,
        typer.Option(help=f"{', '.join(EXECUTORS)}: here, on a Ray cluster, or by OpenAI's Batch API: half the price, within a day."),
    ] = "asyncio",
    own: Annotated[Path | None, OWN] = None,
    formats: Annotated[str, typer.Option("--format", help="Any of json, md and html, with commas between.")] = "json,md,html",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it would take, in calls, tokens and dollars, and ask nothing.")
    ] = False,
    budget_usd: Annotated[float | None, typer.Option(min=0, help=f"{_COUNT} so many dollars; exit code 4.")] = None,
    budget_tokens: Annotated[int | None, typer.Option(min=0, help=f"{_COUNT} so many tokens; exit code 4.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Ask for everything anew; the earlier journal is put aside.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when a note needs review.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Draft a note from each fact sheet: .json, .md and .html, and the run record beside them.

    What a model answers is kept in the folder's journal: the same command goes on where it was stopped, and asks for nothing twice. Of
    several notes a run.json tells what became of each.
    """
    from pipeline.batch.drafting import Plan
    from pipeline.batch.limits import Limits
    from pipeline.batch.rows import RowFile
    from pipeline.cli.sheets import Sheets
    from pipeline.config import load_settings
    from pipeline.drafters.choose import settle
    from pipeline.errors import UsageError
    from pipeline.mechanisms.library import library
    from pipeline.notes.render import formats_from

    if executor not in EXECUTORS:
        raise UsageError(f"--executor {executor}: expected one of {', '.join(EXECUTORS)}")
    mechanisms = library(own)
    wanted = formats_from(formats)
    given = {"model": model, "base_url": base_url, "concurrency": concurrency}
    settings = load_settings(**{name: value for name, value in given.items() if value is not None})
    limits = Limits(settings.concurrency, rpm, tpm, None if budget_usd is None else Decimal(str(budget_usd)), budget_tokens)
    sheets = Sheets(paths, settings.max_input_bytes)
    if dry_run:
        from pipeline.cli.forecast import tell_forecast

        tell_forecast(sheets, settle(drafter, settings)[0], settings, mechanisms, as_json, executor)
        if sheets.problems:
            raise typer.Exit(2)
        return
    from pipeline.chain.draft import Clock
    from pipeline.cli.batches import Batch

    with RowFile() as rows:
        plan = Plan(mechanisms, out, wanted, settings.concurrency, Clock.system())
        batch = Batch(sheets, drafter, settings, limits, plan, rows, executor, quiet=as_json)
        batch.run(fresh=fresh)
        if as_json:
            say_json({"drafter": batch.drafter, "model": batch.model, "notes": list(rows), "problems": sheets.problem_rows()})
    if code := max(batch.exit_code, 2 if sheets.problems else 0):
        raise typer.Exit(code)
    if strict and batch.tally.counts["needs_review"]:
        raise typer.Exit(1)
