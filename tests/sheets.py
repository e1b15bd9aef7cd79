"""Sheets as a command finds and reads them, all at once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import InputError, Problem
from pipeline.facts.loading import each_sheet, sheet_files
from pipeline.facts.sheet import FactSheet


class Loaded(NamedTuple):
    """The sheets that could be read, and what was wrong with the others."""

    sheets: list[tuple[Path, FactSheet]]
    problems: list[Problem]


def find_sheets(paths: Iterable[Path]) -> list[Path]:
    """The files. Raises InputError with all that is wrong."""
    found = list(sheet_files(paths))
    problems = [problem for _, error in found if error is not None for problem in error.problems]
    if problems:
        raise InputError(*problems)
    return [path for path, _ in found]


def load_sheets(paths: Iterable[Path], *, max_bytes: int) -> Loaded:
    """What `each_sheet` gives, sorted out."""
    loaded = Loaded([], [])
    for path, found in each_sheet(sheet_files(paths), max_bytes=max_bytes):
        if isinstance(found, FactSheet):
            loaded.sheets.append((path, found))
        else:
            loaded.problems.extend(found.problems)
    return loaded
