"""What a row is: the sector, a sheet that fires the mechanism, and what is changed in that sheet so that it does not fire."""

from __future__ import annotations

from typing import Any

Figures = dict[str, Any]
Row = tuple[str, Figures, Figures]
