"""What the commands of `afterprint eval` share: their common words, and the cases and records that these mean."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from evals.cases import Case
    from evals.records import DraftRecord

NAMES = typer.Argument(metavar="[CASE]...", help="Cases by name or folder. Default: all.", show_default=False)
RUN = typer.Argument(metavar="RUN", help="Folder that `afterprint eval run` wrote.", show_default=False)
CASES = typer.Option("--cases", metavar="DIR", help="Folder of cases; default: those that ship.", show_default=False)
BASELINE = typer.Option(metavar="FILE", help="Results to compare with, and gate on.", show_default=False)
JSON = typer.Option("--json", help="One JSON object on stdout.")


def chosen_cases(names: Sequence[str] | None, root: Path | None) -> list[Case]:
    """The cases of these names; all of the folder for none. Raises InputError, for a folder without any too."""
    from evals.cases import CASES as SHIPPED
    from evals.cases import chosen
    from pipeline.errors import InputError, Problem

    place = root or SHIPPED
    if not place.is_dir():
        raise InputError(Problem("no such folder: expected one with cases in it", file=str(place)))
    if hollow := [
        folder for folder in sorted(place.glob("*/")) if (folder / "case.yaml").exists() and not (folder / "facts.json").exists()
    ]:
        raise InputError(*(Problem("a case without facts.json: expected its fact sheet there", file=str(folder)) for folder in hollow))
    cases = chosen(names or (), place)
    if not cases:
        raise InputError(Problem("zero cases: expected folders with a facts.json, a case.yaml and a reference.json", file=str(place)))
    return cases


def require_extra() -> None:
    """Raises UsageError where the libraries of scoring are not installed."""
    from importlib.util import find_spec

    from pipeline.errors import UsageError

    if lacking := [name for name in ("scipy", "rouge_score", "sacrebleu") if find_spec(name) is None]:
        raise UsageError(f"scoring needs {', '.join(lacking)}: pip install 'afterprint[evals]'")


def latest(records: Sequence[DraftRecord]) -> list[DraftRecord]:
    """The last record of each case and sample."""
    return list({(record.case, record.sample): record for record in records}.values())
