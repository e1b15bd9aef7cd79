"""Builds the fact sheets of those cases that `afterprint ingest` made, from the documents and the corrections in their case.yaml.

    python -m evals.rebuild --documents FOLDER [CASE ...]

A case.yaml says which arguments `afterprint ingest` gets and what was corrected by hand, each with its reason:

    built:
      ingest: [ixbrl, ixbrl/aapl-10-q-2025-08-01.html.gz, --consensus, consensus/AAPL.json, --ticker, AAPL]
      corrections:
        - {field: released, value: 2025-07-31, why: "the filing does not say when the results were released"}

Other cases were transcribed by hand and stay as they are: they are what the readers of `ingest` are measured against.
Exit codes: 0; 2 where a document is missing, or a correction fits no field.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evals.cases import Built, Case, chosen
from pipeline.cli.main import app
from pipeline.errors import AfterprintError, InputError, Problem
from pipeline.facts.loading import load_sheet
from pipeline.intake.writing import sheet_text
from pipeline.notes.render import write_atomically


def rebuilt(case: Case, built: Built, documents: Path) -> str:
    """The text of the case's facts.json, made anew. Raises InputError where a document or a corrected field is missing."""
    arguments = [str(documents / word) if "/" in word else word for word in built.ingest]
    if lost := [word for word in arguments if "/" in word and not Path(word).is_file()]:
        raise InputError(*(Problem("no such document", file=word) for word in lost))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "facts.json"
        app(["ingest", *arguments, "--output", str(path)], standalone_mode=False)
        sheet = json.loads(path.read_text("utf-8"))
        for correction in built.corrections:
            _set(sheet, correction.field, correction.value, case)
        path.write_text(json.dumps(sheet, ensure_ascii=False), "utf-8")
        return sheet_text(load_sheet(path, max_bytes=10_000_000))


def _set(sheet: dict[str, Any], field: str, value: str, case: Case) -> None:
    *way, last = field.split(".")
    owner: Any = sheet
    for name in way:
        owner = owner.get(name)
        if not isinstance(owner, dict):
            message = f"the sheet has no '{field}' to correct"
            raise InputError(Problem(message, file=str(case.folder / "case.yaml"), field="built.corrections"))
    owner[last] = value


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m evals.rebuild", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("cases", nargs="*", metavar="CASE", help="name or folder; default: every case that was built")
    parser.add_argument("--documents", type=Path, required=True, help="the folder that the documents stand in")
    given = parser.parse_args(arguments)
    try:
        for case in chosen(given.cases):
            if case.built is None:
                continue
            write_atomically(case.facts, rebuilt(case, case.built, given.documents))
            sys.stdout.write(f"{case.facts}: built\n")
    except AfterprintError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
