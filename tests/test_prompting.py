"""Prompt files: strict variables, stable digests, values that stay values."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pipeline.errors import ResourceError
from pipeline.prompting import load_prompt, parse_prompt
from pipeline.resources import folder

PROMPTS = sorted(path.stem for path in folder("prompts").glob("*.md") if path.stem != "CHANGELOG")


def prompt_file(folder: Path, text: str) -> Path:
    path = folder / "example.md"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", PROMPTS)
def test_every_prompt_renders_with_the_variables_that_it_declares(name: str) -> None:
    prompt = load_prompt(name)
    text = prompt.render(**{variable: f"<{variable}>" for variable in prompt.variables})
    assert all(f"<{variable}>" in text for variable in prompt.variables)
    assert "{{" not in text
    assert prompt.digest == hashlib.sha256((folder("prompts") / f"{name}.md").read_bytes()).hexdigest()


def test_a_value_is_never_rendered_again(tmp_path: Path) -> None:
    prompt = parse_prompt(prompt_file(tmp_path, "---\nvariables: [a]\n---\nSay {{ a }}."))
    assert prompt.render(a="{{ 7 * 7 }} {% raw %}") == "Say {{ 7 * 7 }} {% raw %}."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Say {{ a }}.", "expected a front matter"),
        ("---\nvariables: [a]\n---\nSay {{ b }}.", "used and declared differ in a, b"),
        ("---\nvariables: [a, b]\n---\nSay {{ a }}.", "used and declared differ in b"),
        ("---\nvariables: a\n---\nSay {{ a }}.", "exactly `variables"),
        ("---\nvariables: [a]\nmore: 1\n---\nSay {{ a }}.", "exactly `variables"),
        ("---\nvariables: [a]\n---\nSay {{ a ", "example.md"),
    ],
)
def test_a_broken_file_is_named_with_its_fault(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ResourceError, match=r"prompts/example\.md") as caught:
        parse_prompt(prompt_file(tmp_path, text))
    assert said in str(caught.value)


def test_a_missing_or_unknown_variable_is_an_error(tmp_path: Path) -> None:
    prompt = parse_prompt(prompt_file(tmp_path, "---\nvariables: [a]\n---\nSay {{ a }}."))
    with pytest.raises(ResourceError, match="differ in a"):
        prompt.render()
    with pytest.raises(ResourceError, match="differ in b"):
        prompt.render(a="1", b="2")


def test_a_template_cannot_reach_into_python(tmp_path: Path) -> None:
    prompt = parse_prompt(prompt_file(tmp_path, "---\nvariables: [a]\n---\n{{ a.__class__.__mro__ }}"))
    with pytest.raises(Exception, match="unsafe"):
        prompt.render(a="x")
