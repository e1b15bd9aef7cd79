"""The table of a run on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from evals.comparison import Comparison
from evals.reports.tables import LEGEND, heads, rows, turned_line


def print_table(comparison: Comparison, console: Console | None = None) -> None:
    """Every metric, a line each, then why the run does not pass, or that it does."""
    out = console or Console(width=None if Console().is_terminal else 140)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for n, head in enumerate(heads(comparison)):
        table.add_column(head, justify="left" if n == 0 else "right", no_wrap=True)
    for row in rows(comparison):
        table.add_row(*row.cells, style="bold red" if row.failed else None)
    out.print(table)
    out.print(LEGEND, style="dim", highlight=False, markup=False)
    if line := turned_line(comparison):
        out.print(line, highlight=False, markup=False)


def verdict(comparison: Comparison) -> str:
    """One line: passed, or every reason."""
    if comparison.passed:
        against = "the floors hold; no baseline" if comparison.baseline is None else f"as good as the baseline of {_blessed(comparison)}"
        return f"passed: {len(comparison.run.cases)} cases, {against}"
    return "failed: " + "; ".join(comparison.reasons)


def _blessed(comparison: Comparison) -> str:
    assert comparison.baseline is not None
    blessed = comparison.baseline.blessed
    return f"{blessed.date}, revision {blessed.revision[:12]}" if blessed else "an unblessed run"
