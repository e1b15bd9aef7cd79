"""How the note is written: does it say something particular, once, and in its own words? Likeness in words is reported, never gated."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

from evals.metrics.metric import Subject
from pipeline.comparing.reading import Item, Told
from pipeline.notes.models import Catalyst, SecondOrderEffect

_REPEATED, _COPIED = 5, 8
"""Words in a row that can hardly be the same by chance: within a note, and from a statement of the sheet."""
_FILLER = Path(__file__).with_name("filler.txt")


def specificity(subject: Subject) -> float:
    """The share of the claims, the gap's three among them, that say something particular. 1 is best.

    A claim tells a figure that holds; an effect also reaches somebody other than the company, and a catalyst has a window.
    """
    found = [_is_specific(item, told) for item in subject.draft.items for told in item.told]
    return sum(found) / len(found) if found else 0.0


def _is_specific(item: Item, told: Told) -> bool:
    match item.part:
        case SecondOrderEffect(party="company", entity=None) | Catalyst(window=None):
            return False
    return bool(told.figures) and not told.refused


def filler(subject: Subject) -> float | None:
    """Phrases that would fit any company in any quarter, per 100 words (`filler.txt` has them). 0 is best."""
    found = sum(len(pattern.findall(subject.draft.text)) for pattern in _filler())
    return 100 * found / subject.draft.words if subject.draft.words else None


@cache
def _filler() -> list[re.Pattern[str]]:
    lines = (line.strip() for line in _FILLER.read_text("utf-8").splitlines())
    return [re.compile(rf"\b{re.escape(line)}\b", re.IGNORECASE) for line in lines if line and not line.startswith("#")]


def repetition(subject: Subject) -> float:
    """The share of runs of five words that stood in the note before, the headline aside. 0 is best."""
    runs = Counter(run for one in subject.draft.told[1:] for run in _runs(one.text, _REPEATED))
    return sum(count - 1 for count in runs.values()) / runs.total() if runs else 0.0


def copied(subject: Subject) -> float:
    """The share of runs of eight words that stand in a statement of the sheet. 0 is best."""
    statements = {run for statement in subject.facts.sheet.statements for run in _runs(statement.text, _COPIED)}
    runs = [run for one in subject.draft.told for run in _runs(one.text, _COPIED)]
    return sum(run in statements for run in runs) / len(runs) if runs else 0.0


def _runs(text: str, length: int) -> list[tuple[str, ...]]:
    words = re.findall(r"[\w%.&'-]+", text.lower())
    return [tuple(words[n : n + length]) for n in range(len(words) - length + 1)]


def words(subject: Subject) -> float:
    """Words of prose, headline to catalysts."""
    return float(subject.draft.words)


def rouge_l(subject: Subject) -> float:
    """ROUGE-L (Lin 2004, F measure) against the reference's prose, 0 to 1. Of little worth: a swapped number scores near 1."""
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rougeL"])
    return float(scorer.score(subject.reference.text, subject.draft.text)["rougeL"].fmeasure)


def chrf(subject: Subject) -> float:
    """chrF (Popovic 2015, beta 2) against the reference's prose, 0 to 1. Of as little worth as ROUGE."""
    from sacrebleu.metrics.chrf import CHRF

    return float(CHRF().sentence_score(subject.draft.text, [subject.reference.text]).score / 100)
