"""A checked document as people and programs read it: each number with its decision, and the fact, value and source behind it.

`CheckReport` is what `afterprint check --json` prints (`schemas/check-report.schema.json`); terminal and page show the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Annotated

from pydantic import Field

from pipeline.facts.factbase import FactBase
from pipeline.facts.figures import DerivedFact, Figure, written_with_base
from pipeline.facts.sheet import Strict
from pipeline.grounding.documents import DocumentReport, Passage
from pipeline.grounding.report import Decision, NumberCheck

Line = Annotated[int | None, Field(ge=1, description="counts from 1; null where the format has no lines")]
Place = Annotated[str, Field(description="such as 'table 2, row 3' or 'summary[0]'; empty where the line says it")]


class NumberFound(Strict):
    """One number and what was decided about it. `value`, `period` and `sources` are those of `fact`."""

    passage: Annotated[int, Field(ge=0, description="index into `passages`")]
    line: Line
    place: Place
    span: Annotated[tuple[int, int], Field(description="start and end in the passage's text")]
    text: str
    decision: Decision
    fact: Annotated[str | None, Field(description="what it rests on, or what contradicts it; null where it is computed from several")]
    value: Annotated[str | None, Field(description="the fact as a note writes it, a change with its base")]
    period: str | None
    sources: Annotated[tuple[str, ...], Field(description="titles; of a computed fact, those that its inputs come from")]
    rule: Annotated[str, Field(description="why it was decided so, in a few words")]
    formula: Annotated[str | None, Field(description="how the number or its fact is computed")]
    message: Annotated[str, Field(description="what to mend; empty where nothing is wrong")]

    @property
    def is_problem(self) -> bool:
        return self.decision in ("contradicted", "unsupported")


Piece = tuple[str, NumberFound | None]
"""A stretch of text, and the number that it is."""

_FEW = 3
"""So many places are named one by one."""


class PassageRead(Strict):
    """A piece of text as it was read: a table's row with its heads and its scale."""

    line: Line
    place: Place
    text: str


class PartUnread(Strict):
    """Something with digits, or a picture, that stands in the document and was not read."""

    kind: Annotated[str, Field(description="such as 'picture', 'code' or 'raised mark'")]
    line: Line
    place: Place


class Counts(Strict):
    """How many numbers were decided in which way."""

    grounded: int
    structural: int
    contradicted: int
    unsupported: int


class CheckReport(Strict):
    """The numbers of a document against a fact sheet."""

    note: Annotated[str, Field(description="the document's path, as given")]
    facts: Annotated[str, Field(description="the fact sheet's path, as given")]
    company: str
    period: str
    counts: Counts
    numbers: tuple[NumberFound, ...]
    passages: tuple[PassageRead, ...]
    unread: tuple[PartUnread, ...]

    @property
    def problems(self) -> tuple[NumberFound, ...]:
        return tuple(number for number in self.numbers if number.is_problem)

    def annotated(self) -> Iterator[tuple[PassageRead, tuple[Piece, ...]]]:
        """Each passage, cut at its numbers."""
        of = {index: tuple(found) for index, found in groupby(self.numbers, key=lambda number: number.passage)}
        for index, passage in enumerate(self.passages):
            yield passage, tuple(_pieces(passage.text, of.get(index, ())))

    @property
    def left(self) -> str:
        """What was not read, in a few words; empty where nothing was left out."""
        places: dict[str, list[str]] = {}
        for part in self.unread:
            places.setdefault(part.kind, []).append(where(part))
        return ", ".join(
            f"{kind} ({', '.join(filter(None, found)) if len(found) <= _FEW and any(found) else len(found)})"
            for kind, found in places.items()
        )


def where(part: NumberFound | PassageRead | PartUnread) -> str:
    """The place as a person looks for it: "line 3", "table 2, row 3"."""
    return f"line {part.line}" if part.line else part.place


def report_of(document: DocumentReport, facts: FactBase, sheet: str) -> CheckReport:
    """The checked document, with what the facts say. `sheet` is the path that the facts come from."""
    numbers = [
        _number(index, passage, check, facts) for index, (passage, report) in enumerate(document.passages) for check in report.checks
    ]
    return CheckReport(
        note=str(document.path),
        facts=sheet,
        company=facts.sheet.company.name,
        period=facts.sheet.reported_period.label,
        counts=Counts(**document.counts),
        numbers=tuple(numbers),
        passages=tuple(PassageRead(line=p.line or None, place=p.place, text=p.text) for p, _ in document.passages),
        unread=tuple(PartUnread(kind=part.kind, line=part.line or None, place=part.place) for part in document.unread),
    )


def _number(index: int, passage: Passage, check: NumberCheck, facts: FactBase) -> NumberFound:
    span = check.mention.start, check.mention.end
    figure = facts[check.fact] if check.fact is not None else None
    derived = figure.formula if isinstance(figure, DerivedFact) else None
    return NumberFound(
        passage=index,
        line=passage.line_of(*span) or None,
        place=passage.place,
        span=span,
        text=check.mention.text,
        decision=check.decision,
        fact=check.fact,
        value=written_with_base(figure, facts.base_of(figure)) if figure else None,
        period=figure.period.label if figure else None,
        sources=tuple(_sources(figure, facts)) if figure else (),
        rule=check.rule,
        formula=check.formula or derived,
        message=check.message,
    )


def _sources(figure: Figure, facts: FactBase) -> dict[str, None]:
    """The titles of the figure's sources, in order: its own, or those of its inputs."""
    titles: dict[str, None] = {}
    waiting, done = [figure], set[str]()
    while waiting:
        one = waiting.pop(0)
        if one.id in done:
            continue
        done.add(one.id)
        if one.source is not None:
            titles[one.source.title] = None
        if isinstance(one, DerivedFact):
            waiting += [facts[name] for name in one.inputs if name in facts]
    return titles


def _pieces(text: str, numbers: tuple[NumberFound, ...]) -> Iterator[Piece]:
    at = 0
    for number in numbers:
        start, end = max(number.span[0], at), number.span[1]
        if start > at:
            yield text[at:start], None
        yield text[start:end], number
        at = end
    if at < len(text):
        yield text[at:], None
