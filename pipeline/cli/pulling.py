"""How a pull shows itself: a bar on a terminal, a line for every tenth elsewhere; and a model that is there when a command needs it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pipeline.cli.output import tell

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from pipeline.config import Settings
    from pipeline.llm.local.models import Model


class PullWatcher:
    """Shows one pull while `with` lasts. Nothing is drawn before the first byte comes."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._tenth = -1
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def tell(self, line: str) -> None:
        """A line for the person; above the bar, where there is one."""
        tell(line)

    def at(self, count: int) -> None:
        """So many bytes of the file have come."""
        from pipeline.llm.local.models import megabytes

        if sys.stderr.isatty():
            self._draw(count)
            return
        tenth = 10 * count // self._model.bytes
        # The first call says where a resumed pull stands; it is no progress yet.
        if tenth > self._tenth >= 0:
            tell(f"{self._model.name}: {10 * tenth}%, {megabytes(count)} of {self._model.size()}")
        self._tenth = tenth

    def _draw(self, count: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

        if self._bar is None or self._task is None:
            columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            # What was there before does not count as speed.
            self._task = self._bar.add_task(self._model.alias, total=self._model.bytes, completed=count)
            self._bar.start()
        self._bar.update(self._task, completed=count)


def pulled(model: Model, settings: Settings) -> Path:
    """The verified file of `model`, pulled now where it is not there: its size, licence and sources are said first."""
    from pipeline.llm.local.models import models_folder, state
    from pipeline.llm.local.pulling import Sources, pull

    folder = models_folder(settings)
    if state(model, folder) == "verified":
        return folder / model.file
    sources = Sources()
    tell(f"pulling {model.name}: {model.size()}, licence {model.licence} ({model.maker}), from {sources.words()}, to {folder}")
    with PullWatcher(model) as watcher:
        path = pull(model, folder, watcher, sources)
    tell(f"verified: sha256 {model.sha256}")
    return path


def model_file(name: str | None, settings: Settings) -> tuple[Path, str]:
    """The file of a model that is to run here, and its name; pulled now where it is one of ours and not there. Raises UsageError."""
    from pipeline.llm.local.models import Model, chosen
    from pipeline.llm.local.server import check_gguf, require_package

    require_package()
    model = chosen(name)
    if isinstance(model, Model):
        return pulled(model, settings), model.name
    check_gguf(model)
    return model, model.stem
