"""Drafting several sheets for `afterprint draft`: one bad note does not stop the others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.chain.draft import Clock, Draft, draft_note
from pipeline.cli.output import Watcher
from pipeline.config import Settings
from pipeline.drafters.base import Drafter
from pipeline.errors import AfterprintError, KeyRejected, RequestRejected
from pipeline.facts.sheet import FactSheet
from pipeline.llm.journal import Journal, NoteRow
from pipeline.llm.types import Usage
from pipeline.mechanisms.library import Mechanism
from pipeline.notes.render import Format, write_atomically, write_note

_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one sheet: a draft and its files, or the error that stopped it."""

    name: str
    sheet: Path
    draft: Draft | None = None
    files: tuple[Path, ...] = ()
    error: AfterprintError | None = None

    @property
    def needs_review(self) -> bool:
        return self.draft is None or self.draft.note.status == "needs_review"

    def line(self) -> str:
        """One line for people."""
        assert self.draft is not None
        note, record = self.draft.note, self.draft.record
        numbers = sum(1 for trace in note.numbers if trace.decision == "grounded")
        parts = [note.status.replace("_", " "), f"{numbers} numbers traced", f"{len(note.withheld)} withheld", f"{record.seconds:.1f} s"]
        if record.usage.prompt_tokens:
            parts.append(f"{record.usage.prompt_tokens + record.usage.completion_tokens:,} tokens")
        if record.cost_usd is not None:
            parts.append(f"${record.cost_usd:.4f}")
        reasons = "".join(f"\n  review: {reason}" for reason in note.review_reasons)
        return f"{self.name}: {', '.join(parts)}: {' '.join(map(str, self.files))}{reasons}"

    def entry(self) -> NoteRow:
        """The same for the journal."""
        usage = self.draft.record.usage if self.draft else Usage()
        cost = self.draft.record.cost_usd if self.draft else None
        return NoteRow(
            note=self.name,
            sheet=str(self.sheet),
            status=self.draft.note.status if self.draft else "failed",
            error=None if self.error is None else str(self.error),
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            cached_tokens=usage.cached_tokens,
            cost_usd=None if cost is None else f"{cost:f}",
            seconds=self.draft.record.seconds if self.draft else 0.0,
        )

    def row(self) -> dict[str, Any]:
        """The same for machines."""
        if self.draft is None:
            return {"note": self.name, "sheet": str(self.sheet), "status": "failed", "error": str(self.error)}
        note, record = self.draft.note, self.draft.record
        return {
            "note": self.name,
            "sheet": str(self.sheet),
            "status": note.status,
            "headline": note.headline,
            "review_reasons": list(note.review_reasons),
            "withheld": len(note.withheld),
            "files": [str(path) for path in self.files],
            "seconds": record.seconds,
            "usage": record.usage.model_dump(),
            "cost_usd": None if record.cost_usd is None else f"{record.cost_usd:f}",
        }


def summary(outcomes: Sequence[Outcome]) -> str:
    """What a batch came to, in one line: notes by status, tokens, dollars."""
    drafts = [outcome.draft for outcome in outcomes if outcome.draft is not None]
    review = sum(draft.note.status == "needs_review" for draft in drafts)
    parts = [f"{len(drafts) - review} drafted", f"{review} to review", f"{len(outcomes) - len(drafts)} failed"]
    if tokens := sum(draft.record.usage.prompt_tokens + draft.record.usage.completion_tokens for draft in drafts):
        parts.append(f"{tokens:,} tokens")
    if costs := [draft.record.cost_usd for draft in drafts if draft.record.cost_usd is not None]:
        parts.append(f"${sum(costs):.4f}")
    return f"{len(outcomes)} notes: {', '.join(parts)}"


def _concerns_all(error: AfterprintError) -> bool:
    """Whether the other sheets would meet the same: the key, the address or the model is wrong."""
    return isinstance(error, KeyRejected) or (isinstance(error, RequestRejected) and error.status == _NOT_FOUND)


async def draft_all(
    sheets: Sequence[tuple[Path, FactSheet]],
    drafter: Drafter,
    settings: Settings,
    mechanisms: Sequence[Mechanism],
    out: Path,
    formats: Sequence[Format],
    watcher: Watcher,
    journal: Journal | None = None,
) -> list[Outcome]:
    """Draft every sheet, at most `settings.concurrency` at a time and no more than suit the drafter, in the order given.

    What became of each is told to `journal` as soon as it is over. A refused key or a model that there is not ends the others as well,
    unasked: they would fare no better.
    """
    clock = Clock(now=lambda: datetime.now(UTC), monotonic=time.monotonic)
    gate = asyncio.Semaphore(min(settings.concurrency, drafter.notes_at_once or settings.concurrency))

    stopped: list[AfterprintError] = []

    async def one(path: Path, sheet: FactSheet) -> Outcome:
        name = sheet.slug
        try:
            async with gate:
                if stopped:
                    return Outcome(name, path, error=stopped[0])
                draft = await draft_note(sheet, drafter, clock, lambda step, doing: watcher.step(name, step, doing), mechanisms)
            files = write_note(draft.note, out, name, formats)
            write_atomically(out / f"{name}.run.json", draft.record.model_dump_json(indent=2) + "\n")
        except AfterprintError as error:
            if _concerns_all(error):
                stopped.append(error)
            return Outcome(name, path, error=error)
        finally:
            watcher.done(name)
        return Outcome(name, path, draft, tuple(files))

    async def kept(path: Path, sheet: FactSheet) -> Outcome:
        outcome = await one(path, sheet)
        if journal is not None:
            journal.done(outcome.entry())
        return outcome

    async with drafter:
        return list(await asyncio.gather(*(kept(path, sheet) for path, sheet in sheets)))
