"""Parts of an answer, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipeline.chain.record import StepRecord
from pipeline.notes.models import StepName, Withheld


@dataclass(frozen=True, slots=True)
class Violation:
    """What is wrong at `place` of an answer; the message says what was written, why it fails and what the facts say."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


@dataclass(slots=True)
class Part:
    """A piece of the answer that stands or falls alone. `value` is the checked model (or the headline), None when invalid."""

    place: str
    raw: Any
    value: Any = None
    violations: list[Violation] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class StepResult:
    """What is left of a step after its checks.

    `values` are the sound parts by place. `answer` is what later steps read: the drafter's own words where every part
    is sound, the sound parts alone where some were withheld, None where the step failed. `remarks` are what the parts
    lack together.
    """

    step: StepName
    values: dict[str, Any]
    answer: str | None
    withheld: tuple[Withheld, ...]
    remarks: tuple[str, ...]
    record: StepRecord

    @property
    def failed(self) -> bool:
        return self.answer is None
