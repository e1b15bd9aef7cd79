"""A run as Markdown, for a CI job's summary."""

from __future__ import annotations

from evals.comparison import Comparison
from evals.reports.tables import LEGEND, heads, rows, shown, turned_line
from evals.reports.terminal import verdict

_MOST_CASES = 10


def render_markdown(comparison: Comparison) -> str:
    """Verdict, the table of metrics, and the cases that lost most."""
    names = heads(comparison)
    lines = [f"## Afterprint eval: {_cell(comparison.run.name)}", "", _text(verdict(comparison)), ""]
    lines += [f"| {' | '.join(names)} |", f"|---|{'---:|' * (len(names) - 1)}"]
    for row in rows(comparison):
        cells = [f"**{_cell(cell)}**" if row.failed else _cell(cell) for cell in row.cells]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", LEGEND.replace("*", "\\*")]
    if line := turned_line(comparison):
        lines += ["", line]
    if comparison.baseline is not None and (quality := _losers(comparison)):
        lines += ["", "Cases with a lower quality than in the baseline:", "", "| case | baseline | now |", "|---|---:|---:|", *quality]
    return "\n".join(lines) + "\n"


def _losers(comparison: Comparison) -> list[str]:
    assert comparison.baseline is not None
    found = []
    for case in comparison.run.cases:
        old = comparison.baseline.case(case.case)
        if old is not None and case.quality < old.quality:
            found.append((case.quality - old.quality, case.case, old.quality, case.quality))
    return [f"| {_cell(name)} | {shown('', old)} | {shown('', new)} |" for _, name, old, new in sorted(found)[:_MOST_CASES]]


def _cell(text: str) -> str:
    return _text(text).replace("|", "\\|")


def _text(text: str) -> str:
    """On one line, and no markup: the names of cases and models are somebody else's."""
    flat = " ".join(text.split()).replace("\\", "\\\\")
    for mark in "`*_<[":
        flat = flat.replace(mark, f"\\{mark}")
    return flat
