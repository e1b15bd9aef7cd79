"""The sheets that a command was given: read as their turn comes, and what is wrong with one is told once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from pipeline.cli.output import tell
from pipeline.errors import InputError, Problem
from pipeline.facts.loading import each_sheet, sheet_files
from pipeline.facts.sheet import FactSheet


class Sheets:
    """May be gone through several times; none is kept."""

    def __init__(self, paths: Sequence[Path], max_bytes: int) -> None:
        self._files = list(sheet_files(paths))
        self._max_bytes = max_bytes
        self.problems: list[Problem] = []
        self._bad: set[Path] = set()

    def __len__(self) -> int:
        """How many there are, those aside that were found bad so far."""
        return len(self._files) - len(self._bad)

    def __iter__(self) -> Iterator[tuple[Path, FactSheet]]:
        for path, found in each_sheet(self._files, max_bytes=self._max_bytes):
            if isinstance(found, InputError):
                self._tell(path, found)
            else:
                yield path, found

    def begun(self) -> Iterator[tuple[Path, FactSheet]] | None:
        """As `iter`, the first one read already; None where none is good."""
        each = iter(self)
        first = next(each, None)
        return None if first is None else chain([first], each)

    def _tell(self, path: Path, error: InputError) -> None:
        if path not in self._bad:
            self._bad.add(path)
            self.problems.extend(error.problems)
            for problem in error.problems:
                tell(str(problem))

    def problem_rows(self) -> list[dict[str, Any]]:
        """What was wrong, for machines."""
        return [{"file": p.file, "line": p.line, "field": p.field, "message": p.message} for p in self.problems]
