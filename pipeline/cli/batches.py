"""Drafting a batch for `afterprint draft`: drafter, journal and limits are put together, progress is shown, and it is told how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from pipeline.batch import journal as journals
from pipeline.batch.desk import Desk, price_of
from pipeline.batch.drafting import Plan, draft_all
from pipeline.batch.limits import Limiter, Limits
from pipeline.batch.outcome import Outcome, Tally
from pipeline.batch.rows import RowFile
from pipeline.batch.waves import Wave, Waves
from pipeline.cli.output import tell
from pipeline.cli.sheets import Sheets
from pipeline.cli.watching import BatchWatcher
from pipeline.config import Settings
from pipeline.drafters.choose import choose_drafter, drafter_at, endpoint_of, settle
from pipeline.errors import Interrupted, UsageError
from pipeline.facts.sheet import FactSheet
from pipeline.llm.batch_api import SHARE_OF_PRICE, BatchApi
from pipeline.llm.wire import host_of

RUN = "run.json"
Each = Iterator[tuple[Path, FactSheet]]


@dataclass
class Batch:
    """One command's batch, and what it came to. `kind` is what the user asked for: auto, openai, local or rules."""

    sheets: Sheets
    kind: str
    settings: Settings
    limits: Limits
    plan: Plan
    rows: RowFile
    executor: str = "asyncio"
    quiet: bool = False
    drafter: str | None = None
    model: str | None = None
    tally: Tally = field(default_factory=Tally)
    exit_code: int = 0
    """The highest of all notes' errors."""

    def run(self, *, fresh: bool) -> None:
        """Draft all sheets. Raises Interrupted after Ctrl-C; every answer that came is kept."""
        each = self.sheets.begun()
        if each is None:
            return
        if settle(self.kind, self.settings)[0] == "rules":
            asyncio.run(self._draft(each, None))
            return
        if settle(self.kind, self.settings)[0] == "local":
            from pipeline.cli.pulling import model_file

            # Before the event loop runs: there, Ctrl-C would wait for the end of a download.
            model_file(self.settings.model, self.settings)

        def waiting() -> None:
            tell(f"another command drafts into {self.plan.out}: waiting for it to end")

        with journals.opened(self.plan.out, lambda: datetime.now(UTC), waiting, fresh=fresh) as journal:
            try:
                asyncio.run(self._draft(each, Desk(journal, self.limits)))
            except KeyboardInterrupt:
                journal.end(complete=False)
                raise Interrupted(f"interrupted: {journal.answers()} answers are kept, the same command goes on from there") from None
            journal.end()
            if journal.recalled:
                tell(f"{journal.recalled} answers from {journal.path}, {journal.asked} asked for")

    async def _draft(self, each: Each, desk: Desk | None) -> None:
        if self.executor == "asyncio":
            await self._draft_here(each, desk)
            return
        if desk is None or settle(self.kind, self.settings)[0] != "openai":
            raise UsageError(f"--executor {self.executor}: expected --drafter openai, for it asks an endpoint")
        base_url, key, model = await endpoint_of(self.settings)
        tell(f"drafting with {model} at {host_of(base_url)} by {self.executor}")
        if self.executor == "ray":
            await self._draft_on_ray(each, desk, base_url, key, model)
        else:
            await self._draft_in_waves(desk, base_url, key, model)

    async def _draft_here(self, each: Each, desk: Desk | None) -> None:
        from pipeline.chain.length import longest_prompt
        from pipeline.drafters.local import Work

        sheets, mechanisms = self.sheets, self.plan.mechanisms
        work = Work(len(sheets), lambda most: longest_prompt((sheet for _, sheet in sheets), mechanisms, most), tell)
        chosen, why = await choose_drafter(self.kind, self.settings, work, desk)
        tell(why)
        with self._told(chosen.name, chosen.model, desk) as watcher:
            await draft_all(each, chosen, self.plan, watcher.step, watcher.over)

    async def _draft_in_waves(self, desk: Desk, base_url: str, key: str | None, model: str) -> None:
        share = Decimal(SHARE_OF_PRICE)
        # It is no matter of minutes, and nobody waits for a slot: a note has two requests in a wave at most.
        limits = replace(self.limits, concurrency=2 * len(self.sheets), rpm=None, tpm=None)
        limiter = Limiter(limits, model, price_of(model, base_url, limits, share))
        desk.sent = limiter.sent
        wave = Wave(desk.journal, base_url, limiter, self.settings.max_attempts)
        drafter = drafter_at(base_url, key, model, self.settings, wave, share)
        api = BatchApi(base_url, key, self.settings)
        with self._told(drafter.name, model, desk) as watcher:
            waves = Waves(drafter, wave, api, desk.journal, self.plan, tell, self.settings.batch_poll_s)
            # A step is seen once in every wave: what became of the note is enough.
            await waves.draft(lambda: iter(self.sheets), lambda *_: None, watcher.over)

    async def _draft_on_ray(self, each: Each, desk: Desk, base_url: str, key: str | None, model: str) -> None:
        from pipeline.batch.on_ray import Endpoint, draft_on_ray

        price_of(model, base_url, self.limits)
        endpoint = Endpoint(base_url, key, model, self.settings, self.limits, self.plan)
        with self._told("openai", model, desk) as watcher:
            desk.sent = await draft_on_ray(each, desk.journal, endpoint, tell, watcher.over)

    @contextmanager
    def _told(self, drafter: str, model: str | None, desk: Desk | None) -> Iterator[BatchWatcher]:
        """Progress while it goes on; then the journal, run.json and the last lines say how it ended, however it did."""
        self.drafter, self.model = drafter, model
        if desk is not None:
            desk.journal.begin(drafter, model, len(self.sheets))

        def over(outcome: Outcome) -> None:
            self.rows.add(outcome.row())
            self.exit_code = max(self.exit_code, outcome.exit_code)
            if desk is not None:
                desk.journal.done(outcome.entry())

        started = datetime.now(UTC)
        watcher = BatchWatcher(
            lambda: len(self.sheets),
            self.tally,
            slow=model is not None,
            quiet=self.quiet,
            sent=lambda: desk.sent if desk else None,
            on_over=over,
        )
        try:
            with watcher:
                yield watcher
        finally:
            self._end(watcher, desk, started)

    def _end(self, watcher: BatchWatcher, desk: Desk | None, started: datetime) -> None:
        total = len(self.sheets)
        if total <= 1:
            return
        left = total - self.tally.notes
        for line in self.tally.lines(watcher.seconds):
            tell(line)
        sent = desk.sent if desk else None
        if sent is not None and sent.requests:
            failed = f", {sent.failed} of them failed and were sent again or given up" if sent.failed else ""
            pace = "" if self.executor == "openai-batch" else f"; at most {sent.at_once:.0f} at a time in the end"
            tell(f"{sent.requests:,} requests{failed}{pace}")
        if left:
            tell(f"{left} sheet{'s' if left > 1 else ''} not finished: the same command goes on with them")
        told = {
            "started": started.isoformat(),
            "ended": datetime.now(UTC).isoformat(),
            "drafter": self.drafter,
            "model": self.model,
            "sheets": total,
            "not_finished": left,
            **self.tally.row(),
            "requests": sent.row() if sent is not None else None,
            "problems": self.sheets.problem_rows(),
        }
        self.rows.write_run(self.plan.out / RUN, told)
