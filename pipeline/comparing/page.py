"""A diff as one self-contained HTML page. Everything in it was written by somebody else, so all is escaped."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2

from pipeline.comparing.diff import KINDS, NoteDiff
from pipeline.comparing.reading import SECTIONS
from pipeline.notes.render import html_environment

_TEMPLATES = Path(__file__).parent / "templates"


def render_page(found: NoteDiff, company: str, before: str, after: str) -> str:
    """The page, with the names of the two notes. It needs neither scripts nor a network."""
    template = _environment().get_template("diff.html.jinja")
    return template.render(diff=found, company=company, before=before, after=after, sections=SECTIONS, kinds=KINDS).strip() + "\n"


@cache
def _environment() -> jinja2.Environment:
    environment = html_environment(_TEMPLATES)
    environment.filters["arrows"] = lambda line: line.replace(" -> ", " → ")
    return environment
