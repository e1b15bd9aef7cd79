"""What a metric is, and what it is computed from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from pipeline.chain.record import RunRecord
from pipeline.comparing.alignment import Alignment, align
from pipeline.comparing.reading import Reader, ReadNote
from pipeline.facts.factbase import FactBase
from pipeline.notes.models import Note

Better = Literal["higher", "lower"]
Unit = Literal["share", "count", "per 100 words", "words", "tokens", "seconds", "US dollars"]


@dataclass(frozen=True)
class Subject:
    """A drafted note beside the case's reference; `run` is how it was drafted, where that is known.

    What a metric asks for is found once, and not before it is asked for.
    """

    reader: Reader
    reference: ReadNote
    note: Note
    run: RunRecord | None = None

    @property
    def facts(self) -> FactBase:
        """The case's facts."""
        return self.reader.facts

    @cached_property
    def draft(self) -> ReadNote:
        """The note with its numbers decided anew."""
        return self.reader.read(self.note)

    @cached_property
    def raw(self) -> dict[str, Any]:
        """The note as JSON."""
        return self.note.model_dump(mode="json", by_alias=True)

    @cached_property
    def alignment(self) -> Alignment:
        """Which claim answers which."""
        return align(self.reference, self.draft)


@dataclass(frozen=True, slots=True)
class Metric:
    """One evaluator: `of` gives the score of a subject, or None where there is nothing to score.

    Its docstring says what 0 and the best value mean. `version` is raised with every change of what it returns: scores of two versions
    are not compared. `worst` is what a case scores that did not draft (None: it is left out there, and the floor on drafted cases
    tells). `floor` is a limit that every case must keep. `margin` makes a metric gated: by so much its mean may lie below the
    baseline's; it is in the metric's own unit.
    """

    name: str
    unit: Unit
    better: Better | None
    of: Callable[[Subject], float | None]
    version: int = 1
    worst: float | None = None
    floor: float | None = None
    margin: float | None = None

    @property
    def about(self) -> str:
        """The first sentence of its docstring."""
        return (self.of.__doc__ or "").split("\n\n")[0].replace("\n", " ").strip()

    @property
    def sign(self) -> int:
        """1 where more is better, -1 where less is; 0 where neither."""
        return {"higher": 1, "lower": -1, None: 0}[self.better]

    def breaks_floor(self, value: float) -> bool:
        """Whether a value lies on the wrong side of the floor."""
        return self.floor is not None and (value - self.floor) * self.sign < 0
