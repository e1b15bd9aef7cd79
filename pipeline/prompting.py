"""Prompt files: Markdown with a front matter that declares the variables.

    ---
    variables: [facts, statements]
    ---
    Text with {{ facts }} ...

A variable that is used but not declared, declared but not used, missing at rendering or unknown there is an error.
Values are inserted as they are and never rendered again, so a value cannot smuggle template code in.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from jinja2 import StrictUndefined, Template, TemplateError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pipeline.errors import ResourceError
from pipeline.resources import folder

_FENCE = "---\n"


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt file. `digest` is the sha256 of its bytes, `text` what stands below its front matter."""

    name: str
    digest: str
    variables: frozenset[str]
    text: str
    _template: Template

    def render(self, **values: str) -> str:
        """The text with `values` filled in; exactly the declared variables must be given."""
        if wrong := self.variables.symmetric_difference(values):
            raise ResourceError(f"prompts/{self.name}.md: variables given and declared differ in {', '.join(sorted(wrong))}")
        return self._template.render(values)

    @property
    def headings(self) -> frozenset[str]:
        """The lines that introduce what follows them, lower case, without their colon: nothing that a model should copy."""
        return frozenset(line.removesuffix(":").strip().lower() for line in self.text.splitlines() if line.endswith(":"))


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    # Prompts are plain text for a model, not HTML: nothing to escape, and escaping would garble the figures.
    return ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=False)


@cache
def load_prompt(name: str) -> Prompt:
    """The prompt file `name`.md. Raises ResourceError when it is missing or its front matter and text disagree."""
    return parse_prompt(folder("prompts") / f"{name}.md")


def parse_prompt(path: Path) -> Prompt:
    """Read and check one prompt file."""
    where = f"prompts/{path.name}"
    try:
        data = path.read_bytes()
        text = data.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ResourceError(f"{where}: cannot be read: {error}") from None
    head, fence, body = text.removeprefix(_FENCE).partition(_FENCE)
    if not text.startswith(_FENCE) or not fence:
        raise ResourceError(f"{where}: expected a front matter between two lines of ---")
    try:
        front = yaml.safe_load(head)
        template = _environment().from_string(body.strip())
        used = meta.find_undeclared_variables(_environment().parse(body))
    except (yaml.YAMLError, TemplateError) as error:
        raise ResourceError(f"{where}: {error}") from None
    if not isinstance(front, dict) or set(front) != {"variables"} or not isinstance(front["variables"], list):
        raise ResourceError(f"{where}: the front matter must hold exactly `variables: [...]`")
    declared = frozenset(map(str, front["variables"]))
    if wrong := declared.symmetric_difference(used):
        raise ResourceError(f"{where}: variables used and declared differ in {', '.join(sorted(wrong))}")
    return Prompt(path.stem, hashlib.sha256(data).hexdigest(), declared, body.strip(), template)
