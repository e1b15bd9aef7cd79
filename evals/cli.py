"""`afterprint eval`: run, score, compare, report, bless.

Heavy libraries are imported inside the commands: `afterprint --help` must come at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.output import Watcher, say, say_json, tell

if TYPE_CHECKING:
    from evals.cases import Case
    from evals.comparison import Comparison
    from evals.records import DraftRecord, Journal
    from evals.results import Results
    from evals.running import Way

_NAMES = typer.Argument(metavar="[CASE]...", help="Cases by name or folder. Default: all.", show_default=False)
_RUN = typer.Argument(metavar="RUN", help="Folder that `afterprint eval run` wrote.", show_default=False)
_CASES = typer.Option("--cases", metavar="DIR", help="Folder of cases; default: those that ship.", show_default=False)
_BASELINE = typer.Option(metavar="FILE", help="Results to compare with, and gate on.", show_default=False)
_JSON = typer.Option("--json", help="One JSON object on stdout.")

app = typer.Typer(help="Score drafts against reference notes; compare with a baseline; gate.", no_args_is_help=True)


@app.command("run")
def run(
    names: Annotated[list[str] | None, _NAMES] = None,
    root: Annotated[Path | None, _CASES] = None,
    replay: Annotated[bool, typer.Option("--replay", help="Play each case's cassette: no model, no network.")] = False,
    drafter: Annotated[str, typer.Option(help="auto, openai, local or rules, as for `afterprint draft`.")] = "rules",
    model: Annotated[str | None, typer.Option(help="Model name at the endpoint, or of a local model.")] = None,
    base_url: Annotated[str | None, typer.Option(help="OpenAI-compatible endpoint.")] = None,
    concurrency: Annotated[int | None, typer.Option(min=1, max=64, help="Cases drafted at the same time.")] = None,
    repeat: Annotated[int, typer.Option(min=1, max=100, help="Drafts of each case, each with another seed; scores are their mean.")] = 1,
    baseline: Annotated[Path | None, _BASELINE] = None,
    out: Annotated[Path, typer.Option(help="Folder for records, results and reports.")] = Path("eval"),
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Draft or replay every case, score it, and write results and reports. Exit code 1 where a gate fails.

    Started again after whatever stopped it, it drafts only what is not there yet.
    """
    from evals.records import RECORDS, Journal

    cases = _chosen(names, root)
    journal = Journal(out / RECORDS)
    for problem in journal.problems:
        tell(str(problem))
    records = (
        _replayed(cases, journal, drafter, repeat) if replay else _drafted(cases, journal, drafter, model, base_url, concurrency, repeat)
    )
    _finish(cases, records, baseline, out, as_json)


@app.command("score")
def score(
    folder: Annotated[Path, _RUN],
    root: Annotated[Path | None, _CASES] = None,
    baseline: Annotated[Path | None, _BASELINE] = None,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Score the notes of a run anew, without drafting: after a change of metrics or references. Of several drafts the last one counts."""
    from evals.records import RECORDS, Journal
    from pipeline.errors import InputError, Problem

    journal = Journal(folder / RECORDS)
    for problem in journal.problems:
        tell(str(problem))
    records = _latest(journal.all())
    if not records:
        raise InputError(Problem("holds no record: `afterprint eval run` makes them", file=str(folder / RECORDS)))
    cases = _chosen(sorted({record.case for record in records}), root)
    _finish(cases, records, baseline, folder, as_json)


@app.command("compare")
def compare(
    folder: Annotated[Path, _RUN],
    baseline: Annotated[Path, _BASELINE],
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Compare a run's results with a baseline, case by case. Exit code 1 where a gate fails, with the reason in one line."""
    comparison = _compared(_results(folder), baseline)
    _say(comparison, as_json)


@app.command("report")
def report(
    folder: Annotated[Path, _RUN],
    root: Annotated[Path | None, _CASES] = None,
    baseline: Annotated[Path | None, _BASELINE] = None,
) -> None:
    """Write the reports of a run again: report.html with a page for each case, summary.md, junit.xml."""
    from evals.records import RECORDS, Journal
    from evals.reports.writing import write_reports
    from evals.results import References

    results = _results(folder)
    cases = _chosen([case.case for case in results.cases], root)
    records = _latest(Journal(folder / RECORDS).all())
    for path in write_reports(_compared(results, baseline), cases, records, References(), folder):
        say(str(path))


@app.command("bless")
def bless(
    folder: Annotated[Path, _RUN],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The baseline, to be committed.")],
) -> None:
    """Make a run's results the baseline, with date and git revision. A run with cases that were not drafted is refused."""
    from datetime import UTC, datetime

    from evals.baseline import bless as blessed
    from evals.results import write_results

    results = blessed(_results(folder), datetime.now(UTC), Path.cwd())
    write_results(out, results)
    assert results.blessed is not None
    say(f"{out}: {len(results.cases)} cases of {results.name}, revision {results.blessed.revision[:12]}")


@app.command("judge")
def judge(
    folder: Annotated[Path, _RUN],
    other: Annotated[Path, typer.Argument(metavar="OTHER", help="Folder of another run of the same cases.", show_default=False)],
    root: Annotated[Path | None, _CASES] = None,
    base_url: Annotated[str | None, typer.Option(help="OpenAI-compatible endpoint of the judge; default: AFTERPRINT_BASE_URL.")] = None,
    model: Annotated[str | None, typer.Option(help="The judge; default: AFTERPRINT_MODEL, or the one that is served.")] = None,
    gate: Annotated[bool, typer.Option("--gate", help="Exit with 1 where RUN loses more sections than chance explains.")] = False,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Let a model say which run's sections are better, the reference at hand, each pair in both orders. Advisory.

    --gate is refused unless this judge agrees with the labelled pairs (`afterprint eval calibrate`).
    """
    from evals.judge.calibration import recorded_calibration
    from evals.judge.comparing import compared, pairs_of
    from evals.records import RECORDS, Journal
    from evals.results import References
    from evals.statistics import mcnemar
    from pipeline.config import load_settings
    from pipeline.drafters.choose import endpoint_of
    from pipeline.errors import UsageError

    given = {"model": model, "base_url": base_url}
    settings = load_settings(**{name: value for name, value in given.items() if value is not None})
    url, key, name = asyncio.run(endpoint_of(settings))
    known = recorded_calibration()
    obstacles = ["it was never calibrated"] if known is None or known.model != name else list(known.obstacles)
    if gate and obstacles:
        raise UsageError(f"--gate: {name} may not decide a gate: {'; '.join(obstacles)} (afterprint eval calibrate)")
    ours, theirs = (_latest(Journal(place / RECORDS).all()) for place in (folder, other))
    cases = _chosen(sorted({one.case for one in ours} & {one.case for one in theirs}), root)
    pairs = pairs_of(cases, References(), ours, theirs)
    found = compared(pairs, url, key, name, settings, lambda count: tell(f"{count} of {len(pairs)} sections judged"))
    p = mcnemar(found["first"], found["second"])
    if as_json:
        say_json(
            {"judge": name, "calibrated": not obstacles, "won": found["first"], "lost": found["second"], "tied": found["equal"], "p": p}
        )
    else:
        say(
            f"{folder} against {other}: {found['first']} sections won, {found['second']} lost, {found['equal']} tied (sign test p = {p:.2f})"
        )
        say(f"judged by {name}{': advisory, ' + '; '.join(obstacles) if obstacles else ''}")
    if gate and found["second"] > found["first"] and p < 0.05:
        raise typer.Exit(1)


@app.command("calibrate")
def calibrate(
    record: Annotated[bool, typer.Option("--record", help="Ask the judge anew and keep its answers; default: replay them.")] = False,
    base_url: Annotated[str | None, typer.Option(help="OpenAI-compatible endpoint of the judge.")] = None,
    model: Annotated[str | None, typer.Option(help="The judge; default: the one that is served.")] = None,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Hold the judge against pairs that an editor labelled: kappa, base rate, and whether it says the same in both orders."""
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
    say(f"agrees with editor    {found.agreement:.0%} (always saying the most frequent label: {found.base_rate:.0%})")
    say(f"Cohen's kappa         {found.kappa:.2f}")
    say(f"same in both orders   {found.self_agreement:.0%}")
    say(f"answers without a quote that stands in the draft  {found.unfounded:.0%}")
    say(f"may decide a gate     {'yes' if not found.obstacles else 'no: ' + '; '.join(found.obstacles)}")


@app.command("perturb")
def perturb(
    names: Annotated[list[str] | None, _NAMES] = None,
    root: Annotated[Path | None, _CASES] = None,
    show: Annotated[bool, typer.Option("--show", help="Print each change that was judged wrongly.")] = False,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Test the scores themselves: spoil the references in known ways, reword them harmlessly, and count what is noticed.

    Exit code 1 where less than 99% of the faults are noticed, or more than 2% of the rewrites.
    """
    from evals.perturb.testing import figures, tallied, trials
    from evals.reports.perturbed import lines, passed
    from evals.results import References

    found = list(trials(_chosen(names, root), References(), lambda case: tell(f"{case}: tried")))
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


# -- parts of the commands -----------------------------------------------------------------------------------------------------


def _chosen(names: Sequence[str] | None, root: Path | None) -> list[Case]:
    from evals.cases import CASES, chosen
    from pipeline.errors import InputError, Problem

    place = root or CASES
    if not place.is_dir():
        raise InputError(Problem("no such folder: expected one with cases in it", file=str(place)))
    if hollow := [
        folder for folder in sorted(place.glob("*/")) if (folder / "case.yaml").exists() and not (folder / "facts.json").exists()
    ]:
        raise InputError(*(Problem("a case without facts.json: expected its fact sheet there", file=str(folder)) for folder in hollow))
    cases = chosen(names or (), place)
    if not cases:
        raise InputError(Problem("zero cases: expected folders with a facts.json, a case.yaml and a reference.json", file=str(place)))
    return cases


def _replayed(cases: Sequence[Case], journal: Journal, drafter: str, repeat: int) -> list[DraftRecord]:
    from evals.running import Replay
    from pipeline.errors import UsageError

    if repeat > 1 or drafter != "rules":
        raise UsageError("--replay plays what was recorded, the same every time: expected neither --drafter nor --repeat with it")
    return asyncio.run(_run(cases, Replay(), journal, 1))


def _drafted(
    cases: Sequence[Case], journal: Journal, kind: str, model: str | None, base_url: str | None, concurrency: int | None, repeat: int
) -> list[DraftRecord]:
    from contextlib import AsyncExitStack

    from evals.running import Live
    from pipeline.chain.length import longest_prompt
    from pipeline.cli.pulling import model_file
    from pipeline.config import load_settings
    from pipeline.drafters.choose import choose_drafter, settle
    from pipeline.drafters.local import Work
    from pipeline.errors import UsageError
    from pipeline.mechanisms.library import library

    given = {"model": model, "base_url": base_url, "concurrency": concurrency}
    settings = load_settings(**{name: value for name, value in given.items() if value is not None})
    settled = settle(kind, settings)[0]
    if settled == "rules" and repeat > 1:
        raise UsageError("--repeat: rules give the same note every time: expected it with a model")
    if settled == "local":
        model_file(settings.model, settings)
    sheets = [case.sheet() for case in cases]

    async def all_of_them() -> list[DraftRecord]:
        async with AsyncExitStack() as entered:
            drafters = []
            for sample in range(repeat):
                seeded = settings.model_copy(update={"seed": settings.seed + sample})
                work = Work(len(sheets), lambda most_facts: longest_prompt(sheets, library(), most_facts), tell)
                chosen, why = await choose_drafter(kind, seeded, work)
                if sample == 0:
                    tell(why)
                drafters.append(await entered.enter_async_context(chosen))
            return await _run(cases, Live(drafters, settings), journal, repeat)

    return asyncio.run(all_of_them())


async def _run(cases: Sequence[Case], way: Way, journal: Journal, samples: int) -> list[DraftRecord]:
    from evals.running import plan
    from evals.running import run as run_planned

    planned = plan(cases, way, journal, samples)
    if planned.kept:
        tell(f"{len(planned.kept)} of {len(planned.kept) + len(planned.todo)} drafts are there already")
    with Watcher(slow=way.model is not None) as watcher:
        return await run_planned(planned, way, journal, lambda case: lambda step, doing: watcher.step(case, step, doing), watcher.done)


def _latest(records: Sequence[DraftRecord]) -> list[DraftRecord]:
    """The last record of each case and sample."""
    return list({(record.case, record.sample): record for record in records}.values())


def _results(folder: Path) -> Results:
    from evals.results import RESULTS, read_results

    return read_results(folder / RESULTS)


def _compared(results: Results, baseline: Path | None) -> Comparison:
    from evals.comparison import compare
    from evals.results import read_results
    from pipeline.errors import InputError, Problem

    try:
        return compare(results, read_results(baseline) if baseline else None)
    except InputError as error:
        raise InputError(
            *(Problem(p.message, p.file or str(baseline), p.line, "" if p.field == "baseline" else p.field) for p in error.problems)
        ) from None


def _finish(cases: Sequence[Case], records: Sequence[DraftRecord], baseline: Path | None, out: Path, as_json: bool) -> None:
    """Score, compare, write everything, and say what came of it."""
    from evals.reports.writing import write_reports
    from evals.results import RESULTS, References, score_records, write_results

    for record in records:
        if record.error is not None:
            tell(f"{record.case}: not drafted: {record.error}")
    references = References()
    results = score_records(records, cases, references)
    write_results(out / RESULTS, results)
    comparison = _compared(results, baseline)
    write_reports(comparison, cases, records, references, out)
    tell(f"report: {out / 'report.html'}")
    _say(comparison, as_json)


def _say(comparison: Comparison, as_json: bool) -> None:
    from evals.reports.terminal import print_table, verdict

    if as_json:
        say_json(
            {
                "passed": comparison.passed,
                "reasons": list(comparison.reasons),
                "results": comparison.run.model_dump(mode="json"),
                "compared": [_row(one) for one in comparison.metrics],
            }
        )
    else:
        print_table(comparison)
        say(verdict(comparison))
    if not comparison.passed:
        raise typer.Exit(1)


def _row(one: object) -> dict[str, object]:
    from evals.comparison import MetricComparison

    assert isinstance(one, MetricComparison)
    stats = one.stats
    return {
        "metric": one.metric.name,
        "baseline": one.baseline,
        "run": one.run,
        "n": len(one.cases),
        "difference": stats and stats.mean,
        "low": stats and stats.low,
        "high": stats and stats.high,
        "detectable": stats and stats.detectable,
        "p_holm": one.p_adjusted,
        "won": [case.case for case in one.cases if case.better > 0],
        "lost": [case.case for case in one.lost],
        "failed": one.failed,
    }
