"""`afterprint eval`: perturb, judge, calibrate: how far the scores and the judge can be trusted."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from evals.cli.shared import CASES, JSON, NAMES, RUN, chosen_cases, latest, require_extra
from pipeline.cli.output import say, say_json, tell


def judge(
    folder: Annotated[Path, RUN],
    other: Annotated[Path, typer.Argument(metavar="OTHER", help="Folder of another run of the same cases.", show_default=False)],
    root: Annotated[Path | None, CASES] = None,
    base_url: Annotated[str | None, typer.Option(help="OpenAI-compatible endpoint of the judge; default: AFTERPRINT_BASE_URL.")] = None,
    model: Annotated[str | None, typer.Option(help="The judge; default: AFTERPRINT_MODEL, or the one that is served.")] = None,
    gate: Annotated[bool, typer.Option("--gate", help="Exit with 1 where RUN loses more sections than chance explains.")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Let a model say which run's sections are better, the reference at hand, each pair in both orders. Advisory.

    --gate is refused unless this judge agrees with the labelled pairs (`afterprint eval calibrate`).
    """
    from evals.comparison import LEVEL
    from evals.judge.calibration import recorded_calibration
    from evals.judge.comparing import compared, pairs_of
    from evals.records import RECORDS, RecordFile
    from evals.results import References
    from evals.statistics import mcnemar
    from pipeline.config import load_settings
    from pipeline.drafters.choose import endpoint_of
    from pipeline.errors import UsageError

    require_extra()
    given = {"model": model, "base_url": base_url}
    settings = load_settings(**{name: value for name, value in given.items() if value is not None})
    url, key, name = asyncio.run(endpoint_of(settings))
    known = recorded_calibration()
    obstacles = ["it was never calibrated"] if known is None or known.model != name else list(known.obstacles)
    if gate and obstacles:
        raise UsageError(f"--gate: {name} may not decide a gate: {'; '.join(obstacles)} (afterprint eval calibrate)")
    ours, theirs = (latest(RecordFile(place / RECORDS).all()) for place in (folder, other))
    cases = chosen_cases(sorted({one.case for one in ours} & {one.case for one in theirs}), root)
    pairs = pairs_of(cases, References(), ours, theirs)
    found = compared(pairs, url, key, name, settings, lambda count: tell(f"{count} of {len(pairs)} sections judged"))
    won, lost, tied = found["first"], found["second"], found["equal"]
    p = mcnemar(won, lost)
    if as_json:
        say_json({"judge": name, "calibrated": not obstacles, "won": won, "lost": lost, "tied": tied, "p": p})
    else:
        say(f"{folder} against {other}: {won} sections won, {lost} lost, {tied} tied (sign test, p = {p:.2f})")
        say(f"judged by {name}{': advisory, ' + '; '.join(obstacles) if obstacles else ''}")
    if gate and lost > won and p < LEVEL:
        raise typer.Exit(1)


def calibrate(
    record: Annotated[bool, typer.Option("--record", help="Ask the judge anew and keep its answers; default: replay them.")] = False,
    base_url: Annotated[str | None, typer.Option(help="OpenAI-compatible endpoint of the judge.")] = None,
    model: Annotated[str | None, typer.Option(help="The judge; default: the one that is served.")] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Hold the judge against labelled pairs: kappa, base rate, and whether it says the same in both orders."""
    from dataclasses import asdict

    from evals.judge import calibration
    from evals.judge.pairs import read_pairs
    from pipeline.config import load_settings
    from pipeline.drafters.choose import endpoint_of

    pairs = read_pairs()
    if record:
        given = {"model": model, "base_url": base_url}
        settings = load_settings(**{name: value for name, value in given.items() if value is not None})
        url, key, name = asyncio.run(endpoint_of(settings))
        found = calibration.record(pairs, url, key, name, settings, lambda count: tell(f"{count} of {len(pairs)} pairs judged"))
    else:
        found = calibration.replayed(pairs)
    if as_json:
        say_json(asdict(found) | {"may_gate": not found.obstacles, "obstacles": list(found.obstacles)})
        return
    say(f"judge                 {found.model}")
    say(f"labelled pairs        {found.pairs}")
    say(f"agrees with labels    {found.agreement:.0%} (always saying the most frequent label: {found.base_rate:.0%})")
    say(f"Cohen's kappa         {found.kappa:.2f}")
    say(f"same in both orders   {found.self_agreement:.0%}")
    say(f"answers without a quote that stands in the draft  {found.unfounded:.0%}")
    say(f"may decide a gate     {'yes' if not found.obstacles else 'no: ' + '; '.join(found.obstacles)}")


def perturb(
    names: Annotated[list[str] | None, NAMES] = None,
    root: Annotated[Path | None, CASES] = None,
    show: Annotated[bool, typer.Option("--show", help="Print each change that was judged wrongly.")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Test the scores themselves: spoil the references in known ways, reword them harmlessly, and count what is noticed.

    Exit code 1 where less than 99% of the faults are noticed, or more than 2% of the rewrites.
    """
    from evals.perturb.testing import figures, tallied, trials
    from evals.reports.perturbed import lines, passed
    from evals.results import References

    require_extra()
    found = list(trials(chosen_cases(names, root), References(), lambda case: tell(f"{case}: tried")))
    tallies = tallied(found)
    if as_json:
        say_json(figures(tallies))
    else:
        for line in lines(tallies):
            say(line)
        for trial in found if show else ():
            if not trial.right:
                say(f"{'not noticed' if trial.harmful else 'false alarm'}: {trial.kind}, {trial.case}: {trial.changed}")
    if not passed(tallies):
        raise typer.Exit(1)
