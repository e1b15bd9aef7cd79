"""Progress: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pipeline.cli.output import say, tell
from pipeline.notes.models import StepName
from pipeline.notes.words import words

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from pipeline.batch.limits import Sent
    from pipeline.batch.outcome import Outcome, Tally

_FEW = 20
"""Up to so many notes, each step of each is told."""
_EVERY_S = 30.0
_BARS = 12


class Watcher:
    """Progress of several notes. On a terminal a bar for each of the first dozen at work; elsewhere plain lines: every step where a step
    takes a while (`slow`), else only steps that lost something."""

    def __init__(self, *, slow: bool) -> None:
        self._slow = slow
        self._bars: Progress | None = None
        self._notes: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            columns = (
                SpinnerColumn(),
                TextColumn("{task.fields[note]}"),
                BarColumn(bar_width=20),
                TextColumn("{task.description}"),
                TimeElapsedColumn(),
            )
            # What is piped elsewhere must not go to the terminal.
            self._bars = Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=sys.stdout.isatty())
            self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bars is not None:
            self._bars.stop()

    def step(self, note: str, step: StepName, doing: str) -> None:
        """A step of a note changed: drafting, repairing, accepted, partly_withheld, failed."""
        text = f"{words(step)}: {words(doing)}"
        if self._bars is None:
            if doing in ("partly_withheld", "failed") or (self._slow and doing != "drafting"):
                self._tell_step(f"{note}: {text}")
            return
        if note not in self._notes:
            if len(self._notes) == _BARS:
                return
            self._notes[note] = self._bars.add_task(text, total=4, note=note)
        advance = 0 if doing in ("drafting", "repairing") else 1
        self._bars.update(self._notes[note], description=text, advance=advance)

    def _tell_step(self, line: str) -> None:
        tell(line)

    def done(self, note: str) -> None:
        """The note is finished, one way or the other."""
        if self._bars is not None and note in self._notes:
            self._bars.remove_task(self._notes.pop(note))


class BatchWatcher(Watcher):
    """Progress of a batch of `total` notes as well: done and failing, cost so far, tokens a second, time left.

    Of many notes no steps are told, but a line each half a minute where there is no terminal. What became of a note goes to stdout,
    unless `quiet`.
    """

    def __init__(
        self,
        total: Callable[[], int],
        tally: Tally,
        *,
        slow: bool,
        quiet: bool,
        sent: Callable[[], Sent | None],
        on_over: Callable[[Outcome], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(slow=slow)
        self._total = total
        self._on_over = on_over
        self.tally = tally
        self._quiet = quiet
        self._sent = sent
        self._clock = clock
        self._begun = self._told = clock()
        self._batch: TaskID | None = None

    def __enter__(self) -> Self:
        super().__enter__()
        if self._bars is not None and self.total > 1:
            self._batch = self._bars.add_task("", total=self.total, note="notes")
        return self

    @property
    def total(self) -> int:
        """Notes to draft: fewer than it seemed, where a sheet turns out to be none."""
        return self._total()

    @property
    def seconds(self) -> float:
        """Since the batch began."""
        return self._clock() - self._begun

    def _tell_step(self, line: str) -> None:
        if self.total <= _FEW:
            tell(line)

    def over(self, outcome: Outcome) -> None:
        """A note is over, one way or the other."""
        self._on_over(outcome)
        self.done(outcome.name)
        self.tally.add(outcome)
        if outcome.error is not None:
            tell(outcome.line())
        elif not self._quiet:
            say(outcome.line())
        if self._bars is not None and self._batch is not None:
            self._bars.update(self._batch, completed=self.tally.notes, description=self.line())
        elif self._bars is None and self.total > _FEW and self._clock() - self._told >= _EVERY_S:
            self._told = self._clock()
            tell(self.line())

    def line(self) -> str:
        """`42 of 300 notes: 40 drafted, 2 to review, 0 failed; $1.23 so far; 812 tokens/s; about 6 min left`."""
        from pipeline.batch.outcome import spell

        tally, seconds = self.tally, max(self.seconds, 1e-3)
        parts = [f"{tally.notes} of {self.total} notes: {tally.words()}"]
        sent = self._sent()
        if sent is not None:
            if sent.usd:
                parts.append(f"${sent.usd:.2f} so far")
            parts.append(f"{(sent.usage.prompt_tokens + sent.usage.completion_tokens) / seconds:,.0f} tokens/s")
        if tally.notes:
            parts.append(f"about {spell(seconds / tally.notes * (self.total - tally.notes))} left")
        return "; ".join(parts)
