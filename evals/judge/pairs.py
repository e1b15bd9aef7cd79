"""Pairs of drafts of one section, and those that are labelled."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from evals.judge.verdicts import Better
from pipeline.comparing.reading import Section
from pipeline.errors import InputError, Problem
from pipeline.facts.sheet import Strict
from pipeline.schemas import dotted

PAIRS = Path(__file__).with_name("pairs.yaml")
Text = Annotated[str, Field(min_length=1)]


class Pair(Strict):
    """Two drafts of a section, and the reference's own."""

    case: str
    section: Section
    reference: Text
    first: Text
    second: Text


class LabelledPair(Pair):
    """With the draft that the writer of the references found better. The texts are kept as they were then: drafts and references change."""

    label: Better


def read_pairs(path: Path = PAIRS) -> tuple[LabelledPair, ...]:
    """The labelled pairs. Raises InputError with the field."""
    try:
        return TypeAdapter(tuple[LabelledPair, ...]).validate_python(tuple(yaml.safe_load(path.read_text("utf-8"))))
    except (OSError, TypeError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(Problem(f"cannot be read: {' '.join(str(error).split())}", file=str(path))) from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise InputError(Problem(first["msg"], file=str(path), field=dotted(first["loc"]))) from None
