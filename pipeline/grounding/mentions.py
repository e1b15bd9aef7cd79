"""Mentions: every number that a text states, with what its sentence says about it."""

from __future__ import annotations

from pipeline.grounding.context import Sentence
from pipeline.grounding.lexicon import ABBREVIATIONS
from pipeline.grounding.models import Form, Mention
from pipeline.grounding.names import Names, common_names
from pipeline.grounding.numbers import Kind
from pipeline.grounding.scan import scan
from pipeline.grounding.setting import Before
from pipeline.grounding.tokens import sentences, tokenize

__all__ = ["Form", "Kind", "Mention", "find"]


def find(text: str, names: Names | None = None, *, decimal_mark: str = ".") -> tuple[Mention, ...]:
    """Every number in `text`, in order. `names` adds a sheet's segments to the vocabulary's metrics."""
    tokens = tokenize(text)
    numbers = scan(tokens, text, decimal_mark)
    if not numbers:
        return ()
    cues = (names or common_names()).cues(tokens)
    found: list[Mention] = []
    at_number = at_cue = 0
    before = Before()
    for first, last in sentences(text, tokens, ABBREVIATIONS):
        own = []
        while at_number < len(numbers) and numbers[at_number].first < last:
            own.append(numbers[at_number])
            at_number += 1
        inside = []
        while at_cue < len(cues) and cues[at_cue].first < last:
            inside.append(cues[at_cue])
            at_cue += 1
        sentence = Sentence(text, tokens, (first, last), own, inside, before)
        found += sentence.mentions()
        before = sentence.topics
    return tuple(found)
