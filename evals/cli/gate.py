"""`afterprint eval`: run, score, compare, report, bless."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evals.cli.shared import BASELINE, CASES, JSON, NAMES, RUN, chosen_cases, latest, require_extra
from pipeline.cli.output import say, say_json, tell
from pipeline.cli.watching import Watcher

if TYPE_CHECKING:
    from evals.cases import Case
    from evals.comparison import Comparison, MetricComparison
    from evals.records import DraftRecord, RecordFile
    from evals.results import Results
    from evals.running import Plan, Way


def run(
    names: Annotated[list[str] | None, NAMES] = None,
    root: Annotated[Path | None, CASES] = None,
    replay: Annotated[bool, typer.Option("--replay", help="Play each case's cassette: no model, no network.")] = False,
    drafter: Annotated[str, typer.Option(help="auto, openai, local or rules, as for `afterprint draft`.")] = "rules",
    model: Annotated[str | None, typer.Option(help="Model name at the endpoint, or of a local model.")] = None,
    base_url: Annotated[str | None, typer.Option(help="OpenAI-compatible endpoint.")] = None,
    concurrency: Annotated[int | None, typer.Option(min=1, max=64, help="Cases drafted at the same time.")] = None,
    repeat: Annotated[int, typer.Option(min=1, max=100, help="Drafts of each case, each with another seed; scores are their mean.")] = 1,
    baseline: Annotated[Path | None, BASELINE] = None,
    out: Annotated[Path, typer.Option(help="Folder for records, results and reports.")] = Path("eval"),
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Draft or replay every case, score it, and write results and reports. Exit code 1 where a gate fails.

    Started again after whatever stopped it, it drafts only what is not there yet.
    """
    from evals.records import RECORDS, RecordFile

    require_extra()
    cases = chosen_cases(names, root)
    record_file = RecordFile(out / RECORDS)
    for problem in record_file.problems:
        tell(str(problem))
    records = (
        _replayed(cases, record_file, drafter, repeat)
        if replay
        else _drafted(cases, record_file, drafter, model, base_url, concurrency, repeat)
    )
    _finish(cases, records, baseline, out, as_json)


def score(
    folder: Annotated[Path, RUN],
    root: Annotated[Path | None, CASES] = None,
    baseline: Annotated[Path | None, BASELINE] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Score the notes of a run anew, without drafting: after a change of metrics or references. Of several drafts the last one counts."""
    from evals.records import RECORDS, RecordFile
    from pipeline.errors import InputError, Problem

    require_extra()
    record_file = RecordFile(folder / RECORDS)
    for problem in record_file.problems:
        tell(str(problem))
    records = latest(record_file.all())
    if not records:
        raise InputError(Problem("holds no record: `afterprint eval run` makes them", file=str(folder / RECORDS)))
    cases = chosen_cases(sorted({record.case for record in records}), root)
    _finish(cases, records, baseline, folder, as_json)


def compare(
    folder: Annotated[Path, RUN],
    baseline: Annotated[Path, BASELINE],
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Compare a run's results with a baseline, case by case. Exit code 1 where a gate fails, with the reason in one line."""
    require_extra()
    _say(_compared(_results(folder), baseline), as_json)


def report(
    folder: Annotated[Path, RUN],
    root: Annotated[Path | None, CASES] = None,
    baseline: Annotated[Path | None, BASELINE] = None,
) -> None:
    """Write the reports of a run again: report.html with a page for each case, summary.md, junit.xml."""
    from evals.records import RECORDS, RecordFile
    from evals.reports.writing import write_reports
    from evals.results import References

    results = _results(folder)
    cases = chosen_cases([case.case for case in results.cases], root)
    records = latest(RecordFile(folder / RECORDS).all())
    for path in write_reports(_compared(results, baseline), cases, records, References(), folder):
        say(str(path))


def bless(
    folder: Annotated[Path, RUN],
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


def schema() -> None:
    """Print the JSON Schema of results.json and of baselines."""
    from evals.results import schema_text

    sys.stdout.write(schema_text())


# -- parts of the commands -----------------------------------------------------------------------------------------------------


def _replayed(cases: Sequence[Case], record_file: RecordFile, drafter: str, repeat: int) -> list[DraftRecord]:
    from evals.running import Replay
    from pipeline.errors import UsageError

    if repeat > 1 or drafter != "rules":
        raise UsageError("--replay plays what was recorded, the same every time: expected neither --drafter nor --repeat with it")
    way = Replay()
    return asyncio.run(_run(_planned(cases, way, record_file), way, record_file))


def _drafted(
    cases: Sequence[Case], record_file: RecordFile, kind: str, model: str | None, base_url: str | None, concurrency: int | None, repeat: int
) -> list[DraftRecord]:
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

    async def one(sample: int) -> list[DraftRecord]:
        work = Work(len(sheets), lambda most_facts: longest_prompt(sheets, library(), most_facts), tell)
        seeded = settings.model_copy(update={"seed": settings.seed + sample})
        chosen, why = await choose_drafter(kind, seeded, work)
        tell(f"{why}, sample {sample + 1} of {repeat}" if repeat > 1 else why)
        way = Live(chosen, seeded)
        planned = _planned(cases, way, record_file, sample)
        if not planned.todo:
            # A model on this machine takes its time to load.
            return list(planned.kept)
        async with chosen:
            return await _run(planned, way, record_file)

    # One after the other: a model on this machine is loaded once at a time.
    return [record for sample in range(repeat) for record in asyncio.run(one(sample))]


def _planned(cases: Sequence[Case], way: Way, record_file: RecordFile, sample: int = 0) -> Plan:
    from evals.running import plan

    planned = plan(cases, way, record_file, sample)
    if planned.kept:
        tell(f"{len(planned.kept)} of {len(planned.kept) + len(planned.todo)} drafts are there already")
    return planned


async def _run(planned: Plan, way: Way, record_file: RecordFile) -> list[DraftRecord]:
    from evals.running import run as run_planned

    with Watcher(slow=way.model is not None) as watcher:
        return await run_planned(planned, way, record_file, lambda case: lambda step, doing: watcher.step(case, step, doing), watcher.done)


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


def _row(one: MetricComparison) -> dict[str, object]:
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
