"""A sheet as JSON that a person can read and correct: one fact a line, as in the cases."""

from __future__ import annotations

import json
from typing import Any

from pipeline.facts.sheet import FactSheet


def sheet_text(sheet: FactSheet) -> str:
    """The sheet as JSON, a period, a source, a fact or a statement on each line; what is not said is left out."""
    data = sheet.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    parts = [f"{json.dumps(name)}: {_value(value)}" for name, value in data.items()]
    return "{\n  " + ",\n  ".join(parts) + "\n}\n"


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "[\n    " + ",\n    ".join(_line(item) for item in value) + "\n  ]"
    if isinstance(value, dict):
        return "{\n    " + ",\n    ".join(f"{json.dumps(key)}: {_line(item)}" for key, item in value.items()) + "\n  }"
    return _line(value)


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
