"""`afterprint cassette`: recordings of a model's answers: record, check."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.output import say, say_json, tell
from pipeline.cli.watching import Watcher

if TYPE_CHECKING:
    from pipeline.config import Settings
    from pipeline.notes.models import StepName
    from pipeline.recording.record import Endpoint, Outcome

_CASES = typer.Argument(metavar="CASE...", help="Folders of a case, folders of cases, or cassettes.", show_default=False)

app = typer.Typer(help="Record what a model's server answers, once; check the recordings without it.", no_args_is_help=True)


@app.command("record")
def record(
    cases: Annotated[list[Path], _CASES],
    drafter: Annotated[
        str | None, typer.Option(help="openai or local. Default: a configured endpoint, else a local model.", show_default=False)
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Model name at the endpoint; for local, a name of `afterprint model list` or a .gguf file.")
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="OpenAI-compatible endpoint, for instance http://127.0.0.1:8080/v1.")] = None,
    model_file: Annotated[
        Path | None, typer.Option(help="The endpoint's model file, where you have it: its sha256 is kept.", show_default=False)
    ] = None,
    concurrency: Annotated[
        int, typer.Option(min=1, max=64, help="Cases recorded at the same time; a local model takes one after the other.")
    ] = 1,
    fresh: Annotated[bool, typer.Option("--fresh", help="Record again what is current, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Draft each case at a model's server and keep its answers as the case's cassette.yaml. What is current is skipped."""
    from pipeline.config import load_settings
    from pipeline.recording.kinds import case_folders
    from pipeline.recording.record import record_cases

    folders = case_folders(cases)
    given = {"model": model, "base_url": base_url}
    settings = load_settings(**{name: value for name, value in given.items() if value is not None})
    kind = _kind(drafter, base_url, settings)

    def done(outcome: Outcome) -> None:
        tell(_line(outcome))

    with _endpoint(kind, settings, folders, model_file) as (endpoint, shaped, most_facts), Watcher(slow=True) as watcher:
        tell(f"recording {len(folders)} case{'' if len(folders) == 1 else 's'} with {endpoint.model}, drafter {endpoint.drafter}")

        def on_case(case: str, step: StepName | None, doing: str) -> None:
            if step is None:
                watcher.done(case)
            else:
                watcher.step(case, step, doing)

        at_once = 1 if kind == "local" else concurrency
        outcomes = asyncio.run(
            record_cases(folders, endpoint, shaped, most_facts, at_once=at_once, fresh=fresh, on_case=on_case, done=done)
        )
    if as_json:
        say_json({"drafter": kind, "model": endpoint.model, "cases": [_row(outcome) for outcome in outcomes]})
    else:
        for outcome in outcomes:
            if outcome.error is None:
                say(str(outcome.file))
    if codes := [outcome.error.exit_code for outcome in outcomes if outcome.error is not None]:
        raise typer.Exit(max(codes))


@app.command("check")
def check(
    cases: Annotated[list[Path], _CASES],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Check cassettes offline: whole, no secrets, as a server answered, all of it played by the chain as it is now. Exit code 1 if not."""
    from pipeline.errors import InputError, Problem
    from pipeline.recording.check import Finding, check_cassette
    from pipeline.recording.kinds import CHAIN, case_folders

    paths = [folder / CHAIN.file for folder in case_folders(cases)]
    findings: list[Finding] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            findings += check_cassette(path)
        except InputError as error:
            problems += error.problems
    for problem in problems:
        tell(str(problem))
    if as_json:
        rows = [{"file": str(f.file), "about": f.about, "what": f.what, "advice": f.advice} for f in findings]
        unread = [{"file": p.file, "line": p.line, "field": p.field, "message": p.message} for p in problems]
        say_json({"cassettes": len(paths), "findings": rows, "problems": unread})
    else:
        for finding in findings:
            say(str(finding))
        bad = {finding.file for finding in findings} | {Path(problem.file) for problem in problems}
        sound = sum(path not in bad for path in paths)
        say(f"{sound} of {len(paths)} cassette{'' if len(paths) == 1 else 's'} sound")
    if problems:
        raise typer.Exit(2)
    if findings:
        raise typer.Exit(1)


def _kind(drafter: str | None, base_url: str | None, settings: Settings) -> str:
    from pipeline.errors import UsageError

    if drafter not in (None, "openai", "local"):
        raise UsageError(f"--drafter {drafter}: expected openai or local: only what a model's server answers can be recorded")
    if drafter == "local" and base_url is not None:
        raise UsageError("--drafter local and --base-url: expected one of them: a local model has no endpoint of yours")
    return drafter or ("openai" if settings.base_url is not None else "local")


@contextmanager
def _endpoint(kind: str, settings: Settings, folders: list[Path], model_file: Path | None) -> Iterator[tuple[Endpoint, Settings, int]]:
    """The server that is recorded, the settings for it and the most figures of a prompt. A local model runs until the end of `with`."""
    from pipeline.drafters.model import LOCAL_FACTS, PROMPT_FACTS
    from pipeline.recording.record import Endpoint, patient

    if kind == "openai":
        from pipeline.drafters.choose import endpoint_of

        base_url, key, model = asyncio.run(endpoint_of(settings))
        digest = _sha256(model_file) if model_file else None
        yield Endpoint(base_url, key, model, model_sha256=digest), patient(settings, base_url), settings.prompt_facts or PROMPT_FACTS
        return

    from pipeline.chain.length import longest_prompt
    from pipeline.cli import pulling
    from pipeline.drafters.local import context_for
    from pipeline.errors import UsageError
    from pipeline.llm.local.server import LocalServer
    from pipeline.mechanisms.library import library
    from pipeline.recording.replay import sheet_of

    if model_file is not None:
        raise UsageError("--model-file is for an endpoint: expected --model with the name or file of a local model")
    file, name = pulling.model_file(settings.model, settings)
    most_facts = settings.prompt_facts or LOCAL_FACTS
    prompt = longest_prompt(map(sheet_of, folders), library(), most_facts)
    with LocalServer(file, context_tokens=context_for(prompt, settings.max_answer_tokens), alias=name) as server:
        endpoint = Endpoint(server.base_url, server.api_key, server.alias, drafter="local", model_sha256=_sha256(file))
        # One request after the other: the server would let them wait, and their time-outs run.
        yield endpoint, patient(settings, server.base_url).model_copy(update={"concurrency": 1, "bounded_texts": True}), most_facts


def _sha256(file: Path) -> str:
    from pipeline.errors import InputError, Problem
    from pipeline.llm.local.models import sha256_of

    try:
        return sha256_of(file)
    except OSError as error:
        raise InputError(Problem(f"cannot be read: {error.strerror or error}", file=str(file))) from error


def _line(outcome: Outcome) -> str:
    """One line for people."""
    if outcome.error is not None:
        return f"{outcome.folder}: failed: {' '.join(str(outcome.error).split())}"
    if outcome.status == "current":
        return f"{outcome.folder}: current, {outcome.interactions} answers: --fresh records it again"
    lost = f", {outcome.unanswered} requests without an answer" if outcome.unanswered else ""
    return f"{outcome.folder}: recorded, {outcome.interactions} answers, {outcome.seconds:.1f} s{lost}"


def _row(outcome: Outcome) -> dict[str, Any]:
    """The same for machines."""
    return {
        "case": str(outcome.folder),
        "status": outcome.status,
        "file": None if outcome.error else str(outcome.file),
        "answers": outcome.interactions,
        "requests_without_answer": outcome.unanswered,
        "seconds": outcome.seconds,
        "error": None if outcome.error is None else str(outcome.error),
    }
