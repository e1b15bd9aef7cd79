"""Afterprint: earnings notes, drafted after the print, that an editor can sign.

The door for programs is `check_text`; nothing is loaded before it is called.

>>> from pathlib import Path
>>> import pipeline
>>> sheet = pipeline.load_sheet(Path("evals/cases/kc-2026q1/facts.json"))
>>> report = pipeline.check_text("Revenue grew 39.2% y/y to CNY 2,703.7m.", sheet)
>>> report.ok
False
>>> for check in report.checks:
...     print(check.mention.text, check.decision)
39.2% contradicted
CNY 2,703.7m grounded
>>> report.problems[0].message[:24]
"'39.2%' matches no fact;"
"""

from __future__ import annotations

from collections.abc import Collection
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.errors import AfterprintError, InputError
    from pipeline.facts.factbase import FactBase
    from pipeline.facts.sheet import FactSheet
    from pipeline.grounding.report import NumberCheck, Report

__version__ = "0.1.0"

__all__ = ["AfterprintError", "FactBase", "FactSheet", "InputError", "NumberCheck", "Report", "check_text", "load_sheet"]

_HOMES = {
    "AfterprintError": "pipeline.errors",
    "InputError": "pipeline.errors",
    "FactBase": "pipeline.facts.factbase",
    "FactSheet": "pipeline.facts.sheet",
    "NumberCheck": "pipeline.grounding.report",
    "Report": "pipeline.grounding.report",
}


def load_sheet(path: Path) -> FactSheet:
    """The fact sheet in a .json, .yaml, .yml or .csv file. Raises InputError: one line for each thing that is wrong."""
    from pipeline.config import load_settings
    from pipeline.facts.loading import load_sheet as load

    return load(path, max_bytes=load_settings().max_input_bytes)


def check_text(text: str, sheet: FactSheet | FactBase, *, evidence: Collection[str] | None = None) -> Report:
    """Decide every number of `text` against a fact sheet; with `evidence`, against what those fact ids carry.

    For many texts make `FactBase.of(sheet)` once and give that: it holds what follows from the sheet.
    """
    from pipeline.facts.factbase import FactBase
    from pipeline.grounding.decide import check_text as check

    return check(text, sheet if isinstance(sheet, FactBase) else FactBase.of(sheet), evidence=evidence)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'pipeline' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
