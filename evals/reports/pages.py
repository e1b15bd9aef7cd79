"""A run as HTML: one file with charts, and a page for each case. No script, no network, light and dark.

What stands in them was written by somebody else: all of it is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jinja2

from evals.comparison import Comparison
from evals.metrics import BY_NAME, METRICS, Metric
from evals.reports import charts, tables
from evals.reports.terminal import verdict
from evals.results import CaseResult
from pipeline.comparing.alignment import Alignment, align
from pipeline.comparing.reading import SECTIONS, Item, Reader, ReadNote, Section
from pipeline.facts.figures import written_with_base
from pipeline.notes.models import Catalyst, Claim, ConsensusGap, Note, SecondOrderEffect
from pipeline.notes.render import plain
from pipeline.notes.words import words

_TITLES: dict[Section, str] = {
    "summary": "Summary", "second_order_effects": "Second-order effects", "consensus_gap": "Consensus gap", "catalysts": "Catalysts",
}  # fmt: skip


def render_report(comparison: Comparison, pages: frozenset[str]) -> str:
    """The page of the run. `pages` are the cases that have one of their own, in the folder `cases` beside it."""
    return (
        _templates()
        .get_template("report.html.jinja")
        .render(
            comparison=comparison,
            run=comparison.run,
            verdict=verdict(comparison),
            heads=tables.heads(comparison),
            rows=list(tables.rows(comparison)),
            legend=tables.LEGEND,
            turned=tables.turned_line(comparison),
            heat=charts.heat_map(comparison.run),
            heat_heads=("quality", *charts.SECTION_METRICS),
            forest=charts.forest(comparison),
            stacks=charts.stacks(comparison.run),
            effort=charts.effort(comparison.run),
            row=charts.ROW,
            pages=pages,
            changed=_changed(comparison),
            lost=[one for one in comparison.metrics if one.metric.margin is not None and one.count(-1)],
        )
    )


def _changed(comparison: Comparison) -> list[tuple[str, float, float]]:
    """Cases whose quality differs from the baseline's, the greatest loss first."""
    if comparison.baseline is None:
        return []
    found = [(case.case, old.quality, case.quality) for case in comparison.run.cases if (old := comparison.baseline.case(case.case))]
    return sorted((one for one in found if abs(one[2] - one[1]) > 1e-4), key=lambda one: one[2] - one[1])


# -- a case --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Side:
    """One note's part of a row: its terms (party, direction, window, watch) and its prose, with what of it does not hold."""

    terms: str
    texts: tuple[tuple[str, int], ...]
    """(text, refused numbers in it)"""


@dataclass(frozen=True, slots=True)
class Row:
    """A pair of claims, or one without a partner."""

    likeness: float | None
    reference: Side | None
    draft: Side | None


@dataclass(frozen=True, slots=True)
class Block:
    """One section, best pairs first, then what was missed and what was added."""

    title: str
    rows: tuple[Row, ...]


def render_case(result: CaseResult, reader: Reader, reference: ReadNote, note: Note | None) -> str:
    """The page of a case: its scores, reference beside draft, and the facts that either tells. `note` is None where none was drafted."""
    draft = reader.read(note) if note is not None else None
    facts = reader.facts
    used = {name for one in (reference.note, note) if one is not None for _, _, evidence in one.texts() for name in evidence}
    return (
        _templates()
        .get_template("case.html.jinja")
        .render(
            result=result,
            company=facts.sheet.company.name,
            period=facts.sheet.reported_period.label,
            scores=[(metric, tables.shown(metric.name, result.scores.get(metric.name))) for metric in _of_interest(result)],
            reference=reference,
            draft=draft,
            blocks=list(_blocks(reference, draft)),
            facts=[(f.id, f.label, written_with_base(f), f.period.label) for f in facts if f.id in used],
            withheld=note.withheld if note is not None else (),
            review=note.review_reasons if note is not None else (),
        )
    )


def _of_interest(result: CaseResult) -> Iterator[Metric]:
    return (metric for metric in METRICS if result.scores.get(metric.name) is not None)


def _blocks(reference: ReadNote, draft: ReadNote | None) -> Iterator[Block]:
    alignment = align(reference, draft) if draft is not None else Alignment((), reference.items, ())
    for section in SECTIONS:
        pairs = [pair for pair in alignment.pairs if pair.reference.section == section]
        rows = [Row(pair.likeness, _side(pair.reference), _side(pair.draft)) for pair in pairs]
        rows += [Row(None, _side(item), None) for item in alignment.missed if item.section == section]
        rows += [Row(None, None, _side(item)) for item in alignment.added if item.section == section]
        if rows:
            yield Block(_TITLES[section], tuple(rows))


def _side(item: Item) -> Side:
    return Side(_terms(item.part), tuple((one.text, one.refused) for one in item.told))


def _terms(part: Claim | SecondOrderEffect | ConsensusGap | Catalyst) -> str:
    match part:
        case SecondOrderEffect():
            return f"{words(part.party)}, {part.direction}, {words(part.horizon)}, {words(part.mechanism)}"
        case ConsensusGap():
            return f"{words(part.sign)}, by {part.metric}"
        case Catalyst():
            when = f"{part.window.from_} to {part.window.to}" if part.window else "no window"
            watch = f"{part.watch.metric} {words(part.watch.comparison)} {part.watch.threshold:f}"
            return f"{part.event}: {words(part.kind)}, {part.direction}, {when}; watch {watch}"
    return ""


@cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        finalize=lambda value: plain(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"metrics": BY_NAME, "split_words": tables.SPLIT_WORDS}
    return environment
