"""Drafting many sheets in this process: so many at a time, and one bad sheet or note does not stop the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.batch.outcome import Outcome
from pipeline.chain.draft import Clock, draft_note
from pipeline.drafters.base import Drafter
from pipeline.errors import AfterprintError, Unexpected
from pipeline.facts.sheet import FactSheet
from pipeline.llm.gate import Deferred
from pipeline.mechanisms.library import Mechanism
from pipeline.notes.models import StepName
from pipeline.notes.render import Format, pages_of, write_pages

Sheets = Iterator[tuple[Path, FactSheet]]
OnStep = Callable[[str, StepName, str], None]
"""Told the note's name, the step, and what it is doing."""
OnDone = Callable[[Outcome], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is the same for every sheet of a batch. `at_once` is how many notes are drafted side by side."""

    mechanisms: Sequence[Mechanism]
    out: Path
    formats: Sequence[Format]
    at_once: int
    clock: Clock


async def draft_one(path: Path, sheet: FactSheet, drafter: Drafter, plan: Plan, on_step: OnStep) -> Outcome:
    """Draft one sheet and write its files. Raises nothing that concerns only this sheet: that is its outcome."""
    return write_drafted(*await drafted(path, sheet, drafter, plan, on_step), plan)


async def drafted(path: Path, sheet: FactSheet, drafter: Drafter, plan: Plan, on_step: OnStep) -> tuple[Outcome, dict[str, str]]:
    """Draft one sheet: its outcome, and the files that are to be written, by name."""
    name = sheet.slug
    try:
        draft = await draft_note(sheet, drafter, plan.clock, lambda step, doing: on_step(name, step, doing), plan.mechanisms)
        pages = {f"{name}.{format_}": page for format_, page in pages_of(draft.note, plan.formats).items()}
    except AfterprintError as error:
        return Outcome.failed(name, path, error), {}
    except Deferred:
        raise
    except Exception as error:
        # A fault of ours that this note brings to light must not cost the others theirs.
        return Outcome.failed(name, path, Unexpected.of(error)), {}
    outcome = Outcome.of(name, path, draft, [plan.out / file for file in pages])
    return outcome, pages | {f"{name}.run.json": draft.record.model_dump_json(indent=2) + "\n"}


def write_drafted(outcome: Outcome, pages: Mapping[str, str], plan: Plan) -> Outcome:
    """Write the files of a draft; the outcome, which is another where they cannot be written."""
    try:
        write_pages(pages, plan.out)
    except AfterprintError as error:
        return Outcome.failed(outcome.name, outcome.sheet, error)
    return outcome


async def draft_all(sheets: Sheets, drafter: Drafter, plan: Plan, on_step: OnStep, on_done: OnDone) -> None:
    """Draft every sheet here, `plan.at_once` at a time and no more than suit the drafter, as `work_through` says."""

    async def one(number: int, path: Path, sheet: FactSheet) -> Outcome:
        return await draft_one(path, sheet, drafter, plan, on_step)

    async with drafter:
        await work_through(sheets, one, min(plan.at_once, drafter.notes_at_once or plan.at_once), on_done)


async def work_through(sheets: Sheets, one: Callable[[int, Path, FactSheet], Awaitable[Outcome]], at_once: int, on_done: OnDone) -> None:
    """Call `one(number, path, sheet)` for every sheet, so many at a time, by hands numbered from 0. `on_done` is told what became of each.

    Sheets are read as their turn comes. What failed in a way that may pass is tried once more when the others are through, and told then.
    After an error that the others would meet as well (a refused key, a budget that is used up, a full disk) none is begun.
    """
    ended = False
    once_more: list[tuple[Path, FactSheet]] = []

    async def work(number: int) -> None:
        nonlocal ended
        while not ended:
            following = next(sheets, None)
            is_last = following is None
            if following is None:
                if not once_more:
                    return
                following = once_more.pop(0)
            outcome = await one(number, *following)
            ended = ended or outcome.ends_all
            if outcome.may_pass and not is_last:
                once_more.append(following)
            else:
                on_done(outcome)
            # Reading the next sheet takes this process a moment, in which nobody else has a turn.
            await asyncio.sleep(0)

    try:
        async with asyncio.TaskGroup() as group:
            for number in range(at_once):
                group.create_task(work(number))
    except BaseExceptionGroup as several:
        # The caller is told the first error, not a group.
        raise several.exceptions[0] from None
