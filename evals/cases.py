"""The cases: a folder each, with the facts of a real quarter, what a model wrote about it, and whether it is held back.

    evals/cases/<name>/facts.json       the fact sheet, transcribed by hand or built by `afterprint ingest` (evals.rebuild)
                       case.yaml        split: tuned | heldback; how the sheet was built and what was corrected by hand
                       cassette.yaml    the chain's run against a real model's server
                       single.yaml      the same model asked once for the whole note (evals.single_prompt)

Prompts and rules are written with the tuned cases in view. The held-back ones are measured and not read by those who change
either; they are those that the number check holds back as well (evals/numbers).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, get_args

import yaml
from pydantic import Field, ValidationError

from pipeline.errors import InputError, Problem
from pipeline.facts.loading import load_sheet
from pipeline.facts.sheet import FactSheet, Strict
from pipeline.schemas import dotted, shown

CASES = Path(__file__).with_name("cases")
Split = Literal["tuned", "heldback"]
SPLITS: tuple[Split, ...] = get_args(Split)
_MOST_BYTES = 10_000_000


class Correction(Strict):
    """What a document does not say, and was added by hand: the field of the sheet (`company.business`), its value, and how it is known."""

    field: Annotated[str, Field(pattern=r"^[a-z_]+(\.[a-z_]+)*$")]
    value: str
    why: str


class Built(Strict):
    """How `afterprint ingest` made a sheet. Of its arguments those with a slash are files of a folder of documents."""

    ingest: Annotated[tuple[str, ...], Field(min_length=2)]
    corrections: tuple[Correction, ...] = ()


class About(Strict):
    """What stands in a case.yaml."""

    split: Split
    built: Built | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One case. Its cassettes need not exist."""

    folder: Path
    split: Split
    built: Built | None = None
    """None for a sheet that was transcribed by hand."""

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def facts(self) -> Path:
        return self.folder / "facts.json"

    def sheet(self) -> FactSheet:
        """The fact sheet. Raises InputError."""
        return load_sheet(self.facts, max_bytes=_MOST_BYTES)


def cases(root: Path = CASES) -> list[Case]:
    """All cases in `root`, by name: every folder that holds a facts.json. Raises InputError where one's case.yaml is missing or wrong."""
    return _read(path.parent for path in sorted(root.glob("*/facts.json")))


def chosen(names: Sequence[str], root: Path = CASES) -> list[Case]:
    """The cases of these names or folders, in this order; all of them for none. Raises InputError for a name that there is not."""
    if not names:
        return cases(root)
    known = {path.parent.name for path in root.glob("*/facts.json")}
    folders = {name: root / name if name in known else Path(name) for name in names}
    if lost := [name for name, folder in folders.items() if not (folder / "facts.json").is_file()]:
        raise InputError(*(Problem(f"no such case: expected one of {', '.join(sorted(known)) or 'none'}", file=name) for name in lost))
    return _read(folders.values())


def read_case(folder: Path) -> Case:
    """The case in `folder`. Raises InputError, with the file and what was expected in it."""
    file = folder / "case.yaml"
    expected = f"expected `split: {'` or `split: '.join(SPLITS)}`"
    try:
        about = About.model_validate(yaml.safe_load(file.read_text("utf-8")))
    except FileNotFoundError:
        raise InputError(Problem(f"missing: {expected}", file=str(file))) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(Problem(f"cannot be read ({' '.join(str(error).split())}): {expected}", file=str(file))) from None
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False)
        raise InputError(
            *(Problem(f"got {shown(one['input'])}: {expected}", file=str(file), field=dotted(one["loc"])) for one in wrong)
        ) from None
    return Case(folder, about.split, about.built)


def _read(folders: Iterable[Path]) -> list[Case]:
    read: list[Case] = []
    problems: list[Problem] = []
    for folder in folders:
        try:
            read.append(read_case(folder))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*problems)
    return read
