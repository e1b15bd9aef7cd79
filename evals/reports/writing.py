"""Writes all reports of a run into its folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from evals.cases import Case
from evals.comparison import Comparison
from evals.records import DraftRecord
from evals.reports.junit import render_junit
from evals.reports.markdown import render_markdown
from evals.reports.pages import render_case, render_report
from evals.results import References
from pipeline.errors import InputError, Problem
from pipeline.notes.render import write_atomically


def write_reports(
    comparison: Comparison, cases: Sequence[Case], records: Sequence[DraftRecord], references: References, out: Path
) -> list[Path]:
    """summary.md, junit.xml, report.html, and cases/<name>.html for each case. Raises InputError where one cannot be written."""
    names = frozenset(case.name for case in cases)
    texts = {
        "report.html": render_report(comparison, names),
        "summary.md": render_markdown(comparison),
        "junit.xml": render_junit(comparison).decode(),
    }
    notes = {record.case: record.note for record in records if record.note is not None}
    for case in cases:
        if (result := comparison.run.case(case.name)) is not None:
            texts[f"cases/{case.name}.html"] = render_case(result, *references.of(case), notes.get(case.name))
    try:
        (out / "cases").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(Problem(f"cannot make this folder: {error.strerror}", file=str(out / "cases"))) from None
    for name, text in texts.items():
        write_atomically(out / name, text if text.endswith("\n") else f"{text}\n")
    return [out / name for name in texts]
