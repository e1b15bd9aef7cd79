"""Finds the data folders `prompts/` and `schemas/`: beside `pipeline/` in a checkout, inside it in an installed wheel."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import ResourceError

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """The data folder `name`. Raises ResourceError when the installation lacks it."""
    for place in (_PACKAGE / name, _PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise ResourceError(f"the folder '{name}' is missing from this installation: install afterprint again")
