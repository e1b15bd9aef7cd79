"""For each mechanism figures that fire it and figures that do not. `test_mechanisms.sheet` says how they are written."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from tests.mechanism_rows.row import Figures, Row

__all__ = ["ROWS", "Figures"]

ROWS: dict[str, Row] = {}
for _module in iter_modules(__path__):
    ROWS |= getattr(import_module(f"{__name__}.{_module.name}"), "ROWS", {})
