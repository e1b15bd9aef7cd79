"""`afterprint mechanisms`: the library, and what of it a sheet's facts fire."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.output import say, say_json
from pipeline.errors import UsageError
from pipeline.notes.words import words

if TYPE_CHECKING:
    from pipeline.facts.factbase import FactBase
    from pipeline.mechanisms.engine import Fired, Quiet
    from pipeline.mechanisms.library import Mechanism

OWN = typer.Option("--mechanisms", help="A folder with mechanisms of your own, used besides those that ship.", show_default=False)

_WIDTH = 110

app = typer.Typer(help="Known ways that a result travels: list them, or see which a sheet's facts fire.", no_args_is_help=True)


@app.command("list")
def list_(
    sector: Annotated[str | None, typer.Option(help="Only those that apply to this sector.", show_default=False)] = None,
    own: Annotated[Path | None, OWN] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Every mechanism: by area, with the party that it reaches, the direction and the horizon."""
    from pipeline.mechanisms.library import library

    sectors = {name for m in library(own) for name in m.sectors}
    if sector is not None and sector not in sectors:
        raise UsageError(f"--sector {sector}: expected one of {', '.join(sorted(sectors))}")
    found = [m for m in library(own) if sector is None or sector in m.sectors or "all" in m.sectors]
    if as_json:
        say_json({"mechanisms": [m.model_dump(mode="json", by_alias=True, exclude_none=True) for m in found]})
        return
    for area in dict.fromkeys(m.area for m in found):
        say(words(area))
        for mechanism in (m for m in found if m.area == area):
            say(f"  {mechanism.id}: {mechanism.title}")
            say(f"    {_reach(mechanism)} · {', '.join(mechanism.sectors)}")
    say(f"{len(found)} mechanisms in {len({m.area for m in found})} areas")


@app.command("explain")
def explain(
    sheet: Annotated[Path, typer.Argument(help="A fact sheet (.json, .yaml, .csv).", show_default=False)],
    own: Annotated[Path | None, OWN] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """What fires on a sheet, with the figures that fire it; and for all others the condition that failed or the figure that is missing."""
    from pipeline.config import load_settings
    from pipeline.facts.factbase import FactBase
    from pipeline.facts.loading import load_sheet
    from pipeline.mechanisms.engine import evaluate
    from pipeline.mechanisms.library import library

    facts = FactBase.of(load_sheet(sheet, max_bytes=load_settings().max_input_bytes))
    mechanisms = library(own)
    fired, quiet = evaluate(facts, mechanisms)
    if as_json:
        say_json(_as_json(facts, fired, quiet))
        return
    company, period = facts.sheet.company.name, facts.sheet.reported_period.label
    say(f"{company}, {period}: {len(fired)} of {len(mechanisms)} mechanisms fire")
    for one in fired:
        _say_fired(one, facts)
    applies = [one for one in quiet if not one.is_other_sector]
    _say_quiet("Do not fire: the first condition that fails", (one for one in applies if one.evaluable))
    _say_quiet("Cannot be judged: the figure that is missing", (one for one in applies if not one.evaluable))
    say(f"\nFor other sectors than {facts.sheet.company.sector}: {len(quiet) - len(applies)}")


def _reach(mechanism: Mechanism) -> str:
    return f"{words(mechanism.party)} · {mechanism.direction} · {words(mechanism.horizon)}"


def _say_fired(one: Fired, facts: FactBase) -> None:
    from pipeline.facts.figures import written_with_base

    say(f"\n{one.mechanism.id} (strength {one.strength:.2f}): {_reach(one.mechanism)}")
    _say_wrapped(one.text)
    _say_wrapped(f"fired by: {'; '.join(f'{figure.id} {written_with_base(figure, facts.base_of(figure))}' for figure in one.because)}")
    _say_wrapped(f"wrong if: {_condition(one, facts)}")
    _say_wrapped(f"reason ({one.mechanism.kind}): {one.mechanism.reason}")


def _say_wrapped(text: str) -> None:
    say(fill(" ".join(text.split()), _WIDTH, initial_indent="  ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False))


def _condition(one: Fired, facts: FactBase) -> str:
    from pipeline.chain.assemble import fact_used
    from pipeline.facts.figures import written
    from pipeline.notes.words import threshold_words

    figure = facts[one.falsifier.metric]
    limit = threshold_words(one.falsifier.threshold, fact_used(figure, facts))
    return f"{figure.id} {words(one.falsifier.comparison)} {limit}; now {written(figure)}"


def _say_quiet(title: str, quiet: Iterable[Quiet]) -> None:
    say(f"\n{title}")
    for one in quiet:
        say(f"  {one.mechanism.id}: {one.because}")


def _as_json(facts: FactBase, fired: Iterable[Fired], quiet: Iterable[Quiet]) -> dict[str, Any]:
    from pipeline.facts.figures import written

    return {
        "company": facts.sheet.company.name,
        "period": facts.sheet.reported_period.label,
        "fired": [
            {
                "id": one.mechanism.id,
                "title": one.mechanism.title,
                "party": one.mechanism.party,
                "direction": one.mechanism.direction,
                "horizon": one.mechanism.horizon,
                "strength": one.strength,
                "text": one.text,
                "fired_by": {figure.id: written(figure) for figure in one.because},
                "falsifier": one.falsifier.model_dump(mode="json"),
                "reason": one.mechanism.reason,
            }
            for one in fired
        ],
        "quiet": [{"id": one.mechanism.id, "evaluable": one.evaluable, "because": one.because} for one in quiet],
    }
