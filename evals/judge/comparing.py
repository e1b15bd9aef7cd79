"""Two runs of the same cases, section by section, before the judge."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from evals.cases import Case
from evals.judge.calibration import Done, judge_all
from evals.judge.pairs import Pair
from evals.judge.verdicts import Better, section_text, tally
from evals.records import DraftRecord
from evals.results import References
from pipeline.comparing.reading import SECTIONS
from pipeline.config import Settings
from pipeline.drafters.choose import schema_note
from pipeline.errors import InputError, Problem
from pipeline.llm.client import ChatClient


def pairs_of(cases: Sequence[Case], references: References, ours: Sequence[DraftRecord], theirs: Sequence[DraftRecord]) -> list[Pair]:
    """The sections that both runs drafted, ours first; equal texts need no judge and are left out. Raises InputError for none."""
    notes = [{record.case: record.note for record in records if record.note is not None} for records in (ours, theirs)]
    pairs = []
    for case in cases:
        first, second = (side.get(case.name) for side in notes)
        if first is None or second is None:
            continue
        reference = references.of(case)[1].note
        for section in SECTIONS:
            texts = [section_text(note, section) for note in (reference, first, second)]
            if texts[1] != texts[2] and all(texts):
                pairs.append(Pair(case=case.name, section=section, reference=texts[0], first=texts[1], second=texts[2]))
    if not pairs:
        raise InputError(Problem("nothing to judge: the two runs have no case in common in which a section differs"))
    return pairs


def compared(pairs: Sequence[Pair], base_url: str, key: str | None, model: str, settings: Settings, done: Done) -> Mapping[Better, int]:
    """How often each run's section was better. Raises ProviderError."""
    client = ChatClient(base_url=base_url, api_key=key, model=model, settings=settings, schema_note=schema_note())
    return tally(asyncio.run(judge_all(client, pairs, done)))
