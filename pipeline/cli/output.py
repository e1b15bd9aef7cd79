"""How commands speak: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from typing import Any


def tell(line: str) -> None:
    """A line for the person, on stderr."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def say(line: str) -> None:
    """A line of the result, on stdout."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def say_json(value: Any) -> None:
    """The one machine-readable object of a command, on stdout."""
    say(json.dumps(value, ensure_ascii=False, indent=2, default=str))
