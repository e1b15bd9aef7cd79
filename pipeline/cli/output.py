"""How commands speak: results on stdout, everything else on stderr; progress on a terminal, plain lines elsewhere."""

from __future__ import annotations

import json
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pipeline.notes.models import StepName
from pipeline.notes.words import words

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


def tell(line: str) -> None:
    """A line for the person, on stderr."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def say(line: str) -> None:
    """A line of the result, on stdout."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def say_json(value: Any) -> None:
    """The one machine-readable object of a command, on stdout."""
    say(json.dumps(value, ensure_ascii=False, indent=2, default=str))


class Watcher:
    """Progress of several notes. On a terminal a bar for each; elsewhere plain lines: every step where a step takes a
    while (`slow`), else only steps that lost something."""

    def __init__(self, *, slow: bool) -> None:
        self._slow = slow
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

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
            self._bars = Progress(*columns, console=Console(stderr=True), transient=True)
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
                tell(f"{note}: {text}")
            return
        if note not in self._tasks:
            self._tasks[note] = self._bars.add_task(text, total=4, note=note)
        advance = 0 if doing in ("drafting", "repairing") else 1
        self._bars.update(self._tasks[note], description=text, advance=advance)

    def done(self, note: str) -> None:
        """The note is finished, one way or the other."""
        if self._bars is not None and note in self._tasks:
            self._bars.remove_task(self._tasks.pop(note))
