"""What a replay says when it is asked for something that was never recorded: the nearest recorded request, the first line in which the two
differ, and which prompt files and schemas have changed since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import ResourceError
from pipeline.llm.cassettes.bodies import Json, Line, lines
from pipeline.llm.cassettes.file import Cassette, Interaction, Recording, step_of, told
from pipeline.prompting import load_prompt
from pipeline.schemas import digest, printable

_SHOWN = 110
"""Characters shown of a line."""
_BEFORE = 30
"""Of these, how many before the place where two lines part."""


class Asked(NamedTuple):
    """A request for which there is no answer."""

    method: str
    path: str
    body: Json | str
    sample: str

    def __str__(self) -> str:
        return told(*self)


def explain(path: Path, cassette: Cassette, asked: Asked) -> str:
    """The message for a request that `cassette`, the file at `path`, does not hold."""
    message = [f"{path} holds no answer to this request: {asked}"]
    number = _nearest(cassette, asked)
    if number is None:
        message.append("  it holds no request at all")
    else:
        message += _difference(number, cassette.interactions[number], asked)
    changed = changed_since(cassette.recorded)
    if changed:
        message.append(f"  changed since the recording: {', '.join(changed)}")
    else:
        message.append("  no prompt file or schema has changed since the recording: look at the facts, the settings and the code")
    message.append(_advice(cassette.recorded))
    return "\n".join(message)


def explain_again(path: Path, cassette: Cassette, asked: Asked, answers: int) -> str:
    """The message for a request whose `answers` have all been played."""
    held = "one answer to this request, and it has" if answers == 1 else f"{answers} answers to this request, and all have"
    return f"{path} holds {held} been played: {asked} was asked once more\n{_advice(cassette.recorded)}"


def _advice(recording: Recording) -> str:
    return f"  to record the case again: afterprint cassette record {printable(recording.case)}"


def changed_since(recording: Recording) -> list[str]:
    """The prompt files and schemas that are not what they were when `recording` was made, by path."""
    changed = []
    for prompt in recording.prompts:
        try:
            if load_prompt(prompt.name).digest != prompt.digest:
                changed.append(f"prompts/{printable(prompt.name)}.md")
        except ResourceError:
            changed.append(f"prompts/{printable(prompt.name)}.md (missing or broken now)")
    for schema in recording.schemas:
        try:
            if digest(schema.name) != schema.digest:
                changed.append(f"schemas/{printable(schema.name)}.schema.json")
        except ResourceError:
            changed.append(f"schemas/{printable(schema.name)}.schema.json (missing now)")
    return changed


def _nearest(cassette: Cassette, asked: Asked) -> int | None:
    """The interaction whose request has most in common: the address, then the step, then the share of equal lines."""
    wanted = Counter(lines(asked.body))
    step = step_of(asked.body)

    def likeness(number: int) -> tuple[bool, bool, float, bool]:
        request = cassette.interactions[number].request
        body = request.content
        there = Counter(lines(body))
        share = 2 * (wanted & there).total() / (wanted.total() + there.total())
        return (request.method, request.path) == (asked.method, asked.path), step_of(body) == step, share, request.sample == asked.sample

    return max(range(len(cassette.interactions)), key=likeness, default=None)


def _difference(number: int, interaction: Interaction, asked: Asked) -> Iterator[str]:
    request = interaction.request
    there = Asked(request.method, request.path, request.content, request.sample)
    yield f"  nearest is interaction {number + 1}: {there}"
    for recorded, now in zip_longest(lines(there.body), lines(asked.body)):
        if recorded != now:
            yield "  the first line that differs:"
            before, after = _parted(recorded, now)
            yield f"    recorded: {before}"
            yield f"    asked:    {after}"
            return
    yield "  their bodies are equal: what differs stands above"


def _parted(recorded: Line | None, now: Line | None) -> tuple[str, str]:
    """Both lines, shortened around the place where they part."""
    one, other = (recorded.text if recorded else ""), (now.text if now else "")
    same = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    start = max(0, same - _BEFORE) if max(len(one), len(other)) > _SHOWN else 0
    return _shortened(recorded, start), _shortened(now, start)


def _shortened(line: Line | None, start: int) -> str:
    if line is None:
        return "(nothing: the body ends before)"
    text = printable(line.text[start : start + _SHOWN])
    shown = f"{'…' if start else ''}{text}{'…' if start + _SHOWN < len(line.text) else ''}"
    return str(Line(printable(line.place), shown))
