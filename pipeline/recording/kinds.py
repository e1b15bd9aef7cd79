"""What can be recorded of a case. The chain's recording is one kind; the harness has others, with drafters of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipeline.drafters.base import Drafter
from pipeline.drafters.model import ModelDrafter
from pipeline.errors import InputError, Problem
from pipeline.llm.cassettes.file import Recording
from pipeline.llm.client import ChatClient

FACTS = "facts.json"
"""A case's sheet, inside its folder."""

Make = Callable[[ChatClient, Recording, str], Drafter]
"""A drafter that asks this client, as a recording tells; the last is the base URL, by which prices are known."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of recording: `file` is its name in a case's folder, `make` its drafter, `again` the command that records it."""

    file: str
    make: Make
    again: str


def _chain_drafter(client: ChatClient, recording: Recording, base_url: str) -> Drafter:
    most_facts = recording.manner.most_facts if recording.manner else None
    return ModelDrafter(client, model=recording.model, base_url=base_url, name=recording.drafter, most_facts=most_facts)


CHAIN = Kind("cassette.yaml", _chain_drafter, "afterprint cassette record")


def case_folders(paths: list[Path], kind: Kind = CHAIN) -> list[Path]:
    """The case folders that `paths` mean: each is one, or holds some, or is a cassette in one. In order, each once.

    A folder with a cassette and no sheet counts, so that it can be told. Raises InputError for what is none of these.
    """
    found: dict[Path, None] = {}
    problems: list[Problem] = []
    for path in paths:
        if path.is_file() and path.name == kind.file:
            found[path.parent] = None
        elif _is_case(path, kind):
            found[path] = None
        elif inside := sorted(folder for folder in path.glob("*/") if _is_case(folder, kind)):
            found |= dict.fromkeys(inside)
        else:
            what = "expected a case" if path.exists() else "no such file or folder: expected a case"
            problems.append(Problem(f"{what} (a folder with {FACTS}), a folder of cases, or a {kind.file}", file=str(path)))
    if problems:
        raise InputError(*problems)
    return list(found)


def _is_case(folder: Path, kind: Kind) -> bool:
    return (folder / FACTS).is_file() or (folder / kind.file).is_file()
