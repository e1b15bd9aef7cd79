"""A checked document as one self-contained HTML page. Everything in it was written by somebody else, so all is escaped."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2

from pipeline.grounding.findings import CheckReport, NumberFound, where
from pipeline.notes.render import html_environment

_TEMPLATES = Path(__file__).parent / "templates"


def render_page(report: CheckReport) -> str:
    """The report as a page that needs neither scripts nor a network."""
    ids = {id(number): n for n, number in enumerate(report.numbers, 1)}
    return (
        _environment().get_template("check.html.jinja").render(report=report, where=where, id_of=lambda number: ids[id(number)]).strip()
        + "\n"
    )


def _origin(number: NumberFound) -> str:
    """What a number rests on, in one line."""
    if number.is_problem:
        return f"{number.decision}: {number.message}"
    fact = f"{number.fact} = {number.value}, {number.period}" if number.fact else ""
    return "; ".join(filter(None, (number.decision, fact, number.rule, "; ".join(number.sources))))


@cache
def _environment() -> jinja2.Environment:
    environment = html_environment(_TEMPLATES)
    environment.filters["origin"] = _origin
    return environment
