"""What became of one recorded note: its parts, its numbers, its tokens and its time, from the cassette and the draft that it replays to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import pipeline
from evals.running import Span, busy_seconds, spans_of
from pipeline.chain.draft import Draft
from pipeline.chain.record import StepRecord
from pipeline.chain.steps import STEPS, Step
from pipeline.facts.factbase import FactBase
from pipeline.facts.sheet import FactSheet
from pipeline.llm.cassettes.file import Cassette
from pipeline.notes.models import Note, StepName
from pipeline.schemas import stored

HEADLINE = "headline"
KINDS: dict[StepName, str] = {
    "summarize": "claims",
    "second_order": "effects",
    "consensus_gap": "consensus gap",
    "catalysts": "catalysts",
}
"""What a step's parts are called. The headline is a part as well, and is counted apart."""


class Parts(NamedTuple):
    """How the parts of some kind fared; `at_first + after_repair + withheld == asked`.

    - asked: the parts of the step's first answer, but at least as many as its schema asks for: so a step that was cut off, refused or
      unreadable counts with what it should have written.
    - at_first: broke no check in the first answer, and stands in the note.
    - after_repair: others that stand in the note. A part that a repair adds counts only in the place of one that was lacking.
    - withheld: the rest. A failed step prints nothing, so all its parts count here, those that passed too.
    """

    asked: int = 0
    at_first: int = 0
    after_repair: int = 0
    withheld: int = 0

    @property
    def printed(self) -> int:
        return self.at_first + self.after_repair

    @classmethod
    def sum(cls, several: Iterable[Parts]) -> Self:
        return cls(*(map(sum, zip(*several, strict=True))))


class Tokens(NamedTuple):
    """Tokens as the server counts them; `cached` are part of `prompt`. Answers that were cut off count too."""

    requests: int = 0
    prompt: int = 0
    cached: int = 0
    written: int = 0


class Pace(NamedTuple):
    """What llama.cpp's `timings` say: tokens read and written, and the milliseconds of each. Zero for a server that says nothing."""

    read: int = 0
    reading_ms: float = 0.0
    written: int = 0
    writing_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """One note. `refused` are the messages of printed numbers that do not hold."""

    case: str
    parts: dict[str, Parts]
    numbers: int
    refused: tuple[str, ...]
    needs_review: bool
    words: int
    tokens: Tokens
    pace: Pace
    spans: tuple[Span, ...]

    @property
    def seconds(self) -> float:
        """While at least one of its requests was under way, when it was recorded. Answers that a later recording kept count with theirs."""
        return busy_seconds(self.spans)

    @property
    def body(self) -> Parts:
        """All parts but the headline."""
        return Parts.sum(parts for kind, parts in self.parts.items() if kind != HEADLINE)


def outcome_of(case: str, sheet: FactSheet, cassette: Cassette, draft: Draft) -> Outcome:
    """What `draft`, which `cassette` replays to, comes to. The numbers are checked anew, without what the note says of its evidence."""
    texts = [text for _, text, _ in draft.note.texts()]
    facts = FactBase.of(sheet)
    checks = [check for text in texts for check in pipeline.check_text(text, facts).checks]
    return Outcome(
        case=case,
        parts=parts_of(draft),
        numbers=len(checks),
        refused=tuple(check.message for check in checks if check.is_problem),
        needs_review=draft.note.status == "needs_review",
        words=sum(len(text.split()) for text in texts),
        tokens=tokens_of(cassette),
        pace=pace_of(cassette),
        spans=tuple(spans_of(cassette)),
    )


# -- parts ---------------------------------------------------------------------------------------------------------------------


def parts_of(draft: Draft) -> dict[str, Parts]:
    """How the parts of each kind fared, headline first."""
    records = {record.step: record for record in draft.record.steps}
    found = {HEADLINE: _headline(draft.note, records["summarize"])}
    for step in STEPS:
        found[KINDS[step.name]] = _of_step(step, records[step.name], draft.note)
    return found


def _headline(note: Note, record: StepRecord) -> Parts:
    lost = "summarize" in note.failed_steps or ("summarize", HEADLINE) in {(w.step, w.place) for w in note.withheld}
    passed = HEADLINE in _sound_at_first(STEPS[0], record)
    return _parts(1, int(passed), int(not lost))


def _of_step(step: Step, record: StepRecord, note: Note) -> Parts:
    listed = [place for place, _ in _first_parts(step, record) if place != HEADLINE]
    lost = {withheld.place for withheld in note.withheld if withheld.step == step.name}
    sound = [place for place in _sound_at_first(step, record) if place != HEADLINE and place not in lost]
    return _parts(max(len(listed), _least(step)), len(sound), _printed(note, step.name))


def _parts(asked: int, sound: int, printed: int) -> Parts:
    printed = min(printed, asked)
    at_first = min(sound, printed)
    return Parts(asked, at_first, printed - at_first, asked - printed)


def _printed(note: Note, step: StepName) -> int:
    return {
        "summarize": len(note.summary),
        "second_order": len(note.second_order_effects),
        "consensus_gap": int(note.consensus_gap is not None),
        "catalysts": len(note.catalysts),
    }[step]


def _least(step: Step) -> int:
    """How many parts the step's schema asks for at least."""
    return 1 if step.items is None else int(stored(step.schema)["properties"][step.items]["minItems"])


def _first_parts(step: Step, record: StepRecord) -> list[tuple[str, Any]]:
    """The parts of the first answer by place; none where it cannot be read."""
    try:
        raw = json.loads(record.turns[0].answer or "")
    except (ValueError, RecursionError):
        return []
    return list(step.parts(raw)) if isinstance(raw, dict) else []


def _sound_at_first(step: Step, record: StepRecord) -> list[str]:
    """The places of the first answer that no violation names."""
    told = record.turns[0].violations
    return [place for place, _ in _first_parts(step, record) if not any(_names(violation, place) for violation in told)]


def _names(violation: str, place: str) -> bool:
    """Whether a violation is one of the part at `place`. The consensus gap is one part: its place is empty, and everything is its own."""
    return re.match(re.escape(place) + r"[.\[:]", violation) is not None or place == ""


# -- tokens and time -----------------------------------------------------------------------------------------------------------


def tokens_of(cassette: Cassette) -> Tokens:
    """The tokens of all that the server answered."""
    usages = [_inner(body, "usage") for body in _bodies(cassette)]
    return Tokens(
        requests=len(cassette.interactions),
        prompt=sum(_count(usage, "prompt_tokens") for usage in usages),
        cached=sum(_count(_inner(usage, "prompt_tokens_details"), "cached_tokens") for usage in usages),
        written=sum(_count(usage, "completion_tokens") for usage in usages),
    )


def pace_of(cassette: Cassette) -> Pace:
    """Reading and writing as llama.cpp times them."""
    timings = [_inner(body, "timings") for body in _bodies(cassette)]
    return Pace(
        read=sum(_count(one, "prompt_n") for one in timings),
        reading_ms=sum(_number(one, "prompt_ms") for one in timings),
        written=sum(_count(one, "predicted_n") for one in timings),
        writing_ms=sum(_number(one, "predicted_ms") for one in timings),
    )


def at_once(outcomes: Sequence[Outcome]) -> int:
    """The most notes that had a request under way at the same time."""
    starts = [start for outcome in outcomes for start, _ in outcome.spans]
    return max((sum(any(one <= start < end for one, end in outcome.spans) for outcome in outcomes) for start in starts), default=0)


def _bodies(cassette: Cassette) -> list[dict[str, Any]]:
    bodies = (one.response.content for one in cassette.interactions)
    return [body for body in bodies if isinstance(body, dict)]


def _inner(body: dict[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name)
    return value if isinstance(value, dict) else {}


def _count(body: dict[str, Any], name: str) -> int:
    value = body.get(name)
    return value if isinstance(value, int) and value > 0 else 0


def _number(body: dict[str, Any], name: str) -> float:
    value = body.get(name)
    return float(value) if isinstance(value, int | float) and value > 0 else 0.0
