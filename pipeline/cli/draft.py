"""`afterprint draft`: notes from fact sheets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.mechanisms import OWN
from pipeline.cli.output import Watcher, say, say_json, tell

if TYPE_CHECKING:
    from pipeline.cli.drafting import Outcome
    from pipeline.config import Settings
    from pipeline.drafters.base import Drafter
    from pipeline.facts.sheet import FactSheet
    from pipeline.llm.journal import Journal
    from pipeline.mechanisms.library import Mechanism


def command(
    paths: Annotated[list[Path], typer.Argument(help="Fact sheets (.json, .yaml, .csv), or folders that hold them.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Folder for the notes.")] = Path("out"),
    drafter: Annotated[
        str, typer.Option(help="auto, openai, local or rules. auto: a configured endpoint, else a local model that is there, else rules.")
    ] = "auto",
    model: Annotated[
        str | None, typer.Option(help="Model name at the endpoint; for local, a name of `afterprint model list` or a .gguf file.")
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="OpenAI-compatible endpoint, for instance http://127.0.0.1:8080/v1.")] = None,
    concurrency: Annotated[int | None, typer.Option(min=1, max=64, help="Notes drafted at the same time.")] = None,
    own: Annotated[Path | None, OWN] = None,
    formats: Annotated[str, typer.Option("--format", help="Any of json, md and html, with commas between.")] = "json,md,html",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it would take, in calls, tokens and dollars, and ask nothing.")
    ] = False,
    budget_usd: Annotated[
        float | None, typer.Option(min=0, help="Stop before the request that could go beyond so many dollars; exit code 4.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Ask for everything anew; the earlier journal is put aside.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when a note needs review.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Draft a note from each fact sheet: .json, .md and .html, and the run record beside them.

    What a model answers is kept in the folder's journal: the same command goes on where it was stopped, and asks for nothing twice.
    """
    from pipeline.config import load_settings
    from pipeline.drafters.choose import choose_drafter, settle
    from pipeline.facts.loading import load_sheets
    from pipeline.mechanisms.library import library
    from pipeline.notes.render import formats_from

    mechanisms = library(own)
    wanted = formats_from(formats)
    given = {"model": model, "base_url": base_url, "concurrency": concurrency}
    settings = load_settings(**{name: value for name, value in given.items() if value is not None})
    loaded = load_sheets(paths, max_bytes=settings.max_input_bytes)
    for problem in loaded.problems:
        tell(str(problem))

    from pipeline.chain.length import longest_prompt
    from pipeline.cli.drafting import draft_all, summary
    from pipeline.cli.pulling import model_file
    from pipeline.drafters.local import Work
    from pipeline.llm.budget import Budget

    sheets = [sheet for _, sheet in loaded.sheets]
    if dry_run:
        _forecast(sheets, settle(drafter, settings)[0], settings, mechanisms, as_json)
        if loaded.problems:
            raise typer.Exit(2)
        return
    budget = None if budget_usd is None else Budget(Decimal(str(budget_usd)))
    work = Work(len(sheets), lambda most_facts: longest_prompt(sheets, mechanisms, most_facts), tell)
    if sheets and settle(drafter, settings)[0] == "local":
        # Before the event loop runs: there, Ctrl-C would wait for the end of a download.
        model_file(settings.model, settings)

    async def all_of_them(journal: Journal | None) -> tuple[Drafter, list[Outcome]]:
        chosen, why = await choose_drafter(drafter, settings, work, journal, budget)
        tell(why)
        if journal is not None:
            journal.begin(chosen.name, chosen.model, len(sheets))
        with Watcher(slow=chosen.model is not None) as watcher:
            return chosen, await draft_all(loaded.sheets, chosen, settings, mechanisms, out, wanted, watcher, journal)

    chosen: Drafter | None = None
    outcomes: list[Outcome] = []
    if sheets and settle(drafter, settings)[0] == "rules":
        chosen, outcomes = asyncio.run(all_of_them(None))
    elif sheets:
        chosen, outcomes = _journaled(out, fresh, all_of_them)
    rows: list[dict[str, Any]] = [outcome.row() for outcome in outcomes]
    for outcome in outcomes:
        if outcome.error is not None:
            tell(f"{outcome.name}: {outcome.error}")
        elif not as_json:
            say(outcome.line())
    if len(outcomes) > 1:
        tell(summary(outcomes))
    if as_json:
        problems = [{"file": p.file, "line": p.line, "field": p.field, "message": p.message} for p in loaded.problems]
        say_json({"drafter": chosen and chosen.name, "model": chosen and chosen.model, "notes": rows, "problems": problems})
    codes = [outcome.error.exit_code for outcome in outcomes if outcome.error is not None]
    if codes or loaded.problems:
        raise typer.Exit(max([*codes, *([2] if loaded.problems else [])]))
    if strict and any(outcome.needs_review for outcome in outcomes):
        raise typer.Exit(1)


def _journaled(
    out: Path, fresh: bool, draft: Callable[[Journal], Coroutine[Any, Any, tuple[Drafter, list[Outcome]]]]
) -> tuple[Drafter, list[Outcome]]:
    """Draft with the folder's journal, and say what it spared. Stopped by hand, it says how to go on."""
    from pipeline.errors import Interrupted
    from pipeline.llm import journal as journals

    def waiting() -> None:
        tell(f"another command drafts into {out}: waiting for it to end")

    with journals.opened(out, lambda: datetime.now(UTC), waiting, fresh=fresh) as journal:
        try:
            found = asyncio.run(draft(journal))
        except KeyboardInterrupt:
            raise Interrupted(f"interrupted: {journal.answers()} answers are kept, the same command goes on from there") from None
        journal.end()
        if journal.recalled:
            tell(f"{journal.recalled} answers from {journal.path}, {journal.asked} asked for")
    return found


def _forecast(sheets: Sequence[FactSheet], kind: str, settings: Settings, mechanisms: Sequence[Mechanism], as_json: bool) -> None:
    """Print what drafting these sheets would take."""
    from pipeline.chain.forecast import NOTHING, forecast
    from pipeline.drafters.model import LOCAL_FACTS, PROMPT_FACTS
    from pipeline.llm.local import models
    from pipeline.llm.prices import cost_usd

    if kind == "rules":
        say(f"{len(sheets)} notes by rules: no calls, no tokens, no cost")
        return
    local = models.DEFAULT.name if kind == "local" else "the model that is served"
    model = settings.model or local
    most_facts = settings.prompt_facts or (LOCAL_FACTS if kind == "local" else PROMPT_FACTS)
    total = sum((forecast(sheet, mechanisms, most_facts, model) for sheet in sheets), NOTHING)
    cost = None if kind == "local" else cost_usd(total.usage, model, settings.base_url)
    share = total.cached_tokens / total.prompt_tokens if total.prompt_tokens else 0.0
    if as_json:
        say_json(
            {
                "model": model,
                "notes": total.notes,
                "calls": round(total.calls, 1),
                "usage": total.usage.model_dump(),
                "cost_usd": None if cost is None else f"{cost:f}",
            }
        )
        return
    price = "on this machine, nothing is bought" if kind == "local" else "price not known" if cost is None else f"about ${cost:.2f}"
    say(f"{model}: {total.notes} notes, about {total.calls:.0f} calls, repairs among them")
    say(f"about {total.prompt_tokens:,} prompt tokens, {share:.0%} of them cached, and {total.completion_tokens:,} written; {price}")
    say("nothing was asked")
