"""Scores of a run: results.json, and the baseline, which is the results that somebody blessed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from evals.cases import Case, Split
from evals.metrics import METRICS, WORDY, Metric, Subject, quality, undrafted
from evals.records import DraftRecord
from evals.references import read_reference
from pipeline import __version__
from pipeline.comparing.reading import Reader, ReadNote
from pipeline.errors import AfterprintError, InputError, Problem
from pipeline.facts.factbase import FactBase
from pipeline.facts.sheet import Strict
from pipeline.notes.models import Note
from pipeline.notes.render import write_atomically
from pipeline.schemas import dump, json_schema

RESULTS = "results.json"
REFERENCE = "reference.json"
_MOST_BYTES = 50_000_000
Value = Annotated[float, Field(allow_inf_nan=False)]


class CaseResult(Strict):
    """One case's scores, of each metric the mean over its samples. `error` is why it was not drafted, the first reason of several."""

    case: str
    split: Split
    samples: Annotated[int, Field(ge=1)]
    failed: Annotated[int, Field(ge=0, description="samples that were not drafted")]
    error: str | None = None
    scores: dict[str, Value | None]
    quality: Value


class Blessing(Strict):
    """Who may be compared with: when results were made the baseline, and of which revision of the project."""

    date: str
    revision: str


class Results(Strict):
    """A run, scored. `evaluators` has the version of each metric."""

    format: Literal[1] = 1
    afterprint: str
    chain: str
    drafter: str
    model: str | None
    evaluators: dict[str, int]
    cases: Annotated[tuple[CaseResult, ...], Field(min_length=1)]
    blessed: Blessing | None = None

    def case(self, name: str) -> CaseResult | None:
        return next((one for one in self.cases if one.case == name), None)

    @property
    def name(self) -> str:
        """Drafter and model, for heads of tables."""
        return f"{self.drafter}, {self.model}" if self.model else self.drafter


def schema_text() -> str:
    """The JSON Schema of results, as `evals/results.schema.json` holds it."""
    return dump(json_schema(Results, id="urn:afterprint:schema:eval-results"))


def versions() -> dict[str, int]:
    """The version of each metric."""
    return {metric.name: metric.version for metric in METRICS}


class References:
    """The cases' references, read once."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[Reader, ReadNote]] = {}

    def of(self, case: Case) -> tuple[Reader, ReadNote]:
        """A reader of the case's facts, and its reference. Raises InputError for one that is missing, of other facts, or does not hold."""
        if case.name not in self._read:
            path = case.folder / REFERENCE
            if not path.is_file():
                raise InputError(Problem("missing: write reference.yaml, then run `python -m evals.references`", file=str(path)))
            reader = Reader(FactBase.of(case.sheet()))
            note = read_reference(path)
            if note.manifest.sheet_digest != reader.facts.digest:
                raise InputError(Problem("is of other facts than facts.json: run `python -m evals.references`", file=str(path)))
            read = reader.read(note)
            if lost := [one for one in read.told if one.refused]:
                raise InputError(*(Problem(f"holds a number that does not hold: {one.text}", str(path), field=one.place) for one in lost))
            self._read[case.name] = (reader, read)
        return self._read[case.name]


def score_note(
    case: Case, references: References, note: Note, record: DraftRecord | None = None, *, wordy: bool = True
) -> dict[str, float | None]:
    """Every metric of one note; without `wordy` none of likeness in words, which decide nothing and take most of the time.

    Raises InputError for a broken reference, AfterprintError for a metric that gives no number.
    """
    reader, reference = references.of(case)
    subject = Subject(reader, reference, note, record.run if record else None)
    return {metric.name: _value(metric, subject, case.name) for metric in METRICS if wordy or metric.name not in WORDY}


def _value(metric: Metric, subject: Subject, case: str) -> float | None:
    value = metric.of(subject)
    if value is not None and not math.isfinite(value):
        raise AfterprintError(f"{case}: the metric {metric.name} gives {value}: expected a number; nothing is compared with that")
    return value


def score_records(
    records: Sequence[DraftRecord], cases: Sequence[Case], references: References, done: Callable[[str], None] = lambda case: None
) -> Results:
    """Score every record of `cases`. A failure scores the worst of each metric. Raises InputError for none, and as `score_note`."""
    by_case = {case.name: [record for record in records if record.case == case.name] for case in cases}
    if not any(by_case.values()):
        raise InputError(Problem("zero cases: there is nothing to score"))
    results = []
    for case in cases:
        if by_case[case.name]:
            results.append(_case_result(case, by_case[case.name], references))
            done(case.name)
    first = next(record for record in records if record.case in by_case)
    drafted = next((record for record in records if record.model), first)
    return Results(
        afterprint=__version__,
        chain=first.chain,
        drafter=first.drafter,
        model=drafted.model,
        evaluators=versions(),
        cases=tuple(results),
    )


def _case_result(case: Case, records: Sequence[DraftRecord], references: References) -> CaseResult:
    scored = [score_note(case, references, record.note, record) if record.note else undrafted() for record in records]
    errors = [record.error for record in records if record.error is not None]
    return CaseResult(
        case=case.name,
        split=case.split,
        samples=len(records),
        failed=len(errors),
        error=errors[0] if errors else None,
        scores={metric.name: _rounded(_mean(one[metric.name] for one in scored)) for metric in METRICS},
        quality=round(sum(map(quality, scored)) / len(scored), 4),
    )


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _rounded(value: float | None) -> float | None:
    """To six places: the last bits of a float differ between machines, and a baseline is compared on others."""
    return None if value is None else round(value, 6)


def summarised(results: Results, split: Split | None = None) -> Mapping[str, float | None]:
    """The mean of each metric over the cases of a split, or over all."""
    cases = [case for case in results.cases if split in (None, case.split)]
    return {metric.name: _mean(case.scores.get(metric.name) for case in cases) for metric in METRICS} | {
        "quality": _mean(case.quality for case in cases)
    }


def read_results(path: Path) -> Results:
    """Results or a baseline. Raises InputError, with the field and what was expected; NaN is no score."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(Problem(f"larger than {_MOST_BYTES:,} bytes", file=str(path)))
        return Results.model_validate_json(path.read_text("utf-8"))
    except FileNotFoundError:
        raise InputError(
            Problem("no such file: `afterprint eval run` makes results, `afterprint eval bless` a baseline", str(path))
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(Problem(f"cannot be read: {error}", file=str(path))) from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise InputError(Problem(f"no results of an eval: {first['msg']}", file=str(path), field=field)) from None


def write_results(path: Path, results: Results) -> None:
    """Write them whole or not at all. Raises InputError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, results.model_dump_json(indent=1) + "\n")
