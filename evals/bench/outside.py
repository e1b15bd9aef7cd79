"""Texts and tables that others wrote, as fact sheets: what the benchmarks on real data share.

The data is not part of the project. Its folder is given on the command line or looked for beside the project.
"""

from __future__ import annotations

import argparse
import json
import sys
from calendar import monthrange
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from pipeline.facts.sheet import Company, Fact, FactSheet, Period, PeriodKind, Source

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
RESULTS = Path(__file__).with_name("results")
SOURCE = "outside"


def arguments(text: str | None) -> argparse.ArgumentParser:
    """A parser with what every benchmark on outside data takes."""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, default=DATA, metavar="FOLDER", help="the folder that holds the data; default: shared/data beside the project"
    )
    parser.add_argument("--write", action="store_true", help="keep the figures in evals/bench/results")
    parser.add_argument("--dump", type=Path, metavar="FILE", help="write each number that was not as hoped, for reading")
    return parser


def needs(path: Path) -> bool:
    """Whether the data is there; says so in a line when it is not."""
    if not path.exists():
        sys.stdout.write(f"not measured: there is no {path.name} in {path.parent}; give the data's folder with --data\n")
        return False
    return True


def keep(name: str, figures: object) -> None:
    """Write a benchmark's figures to its results file."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def sheet(facts: Sequence[Fact], periods: Sequence[Period], reported: str, currency: str = "USD") -> FactSheet:
    """Facts of a company without a name."""
    return FactSheet(
        company=Company(name="Company", ticker="X", currency=currency),
        period=reported,
        periods=tuple(periods),
        sources=(Source(id=SOURCE, title="Outside data", kind="other"),),
        facts=tuple(facts),
    )


def fact(**fields: Any) -> Fact:
    """A fact from the outside source. Raises ValidationError when its fields do not make one."""
    return Fact.model_validate({"source": SOURCE, **fields})


def year(number: int) -> Period:
    """A fiscal year, taken to be the calendar's."""
    return Period(id=str(number), kind=PeriodKind.ANNUAL, start=date(number, 1, 1), end=date(number, 12, 31), label=f"FY {number}")


def quarter(part: int, number: int) -> Period:
    """A quarter, taken to be the calendar's."""
    month = 3 * part
    last = monthrange(number, month)[1]
    return Period(
        id=f"{number}q{part}",
        kind=PeriodKind.QUARTER,
        start=date(number, month - 2, 1),
        end=date(number, month, last),
        label=f"Q{part} {number}",
    )
