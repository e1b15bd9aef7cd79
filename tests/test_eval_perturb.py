"""The harness's own test: faults are noticed, rewrites are not, more faults are worse; and the permanent meta-test."""

from __future__ import annotations

import pytest

from evals.cases import cases
from evals.metrics import GATED, quality
from evals.perturb.corruptions import KINDS
from evals.perturb.editing import spots, with_text
from evals.perturb.rewrites import REWRITES, by_hand
from evals.perturb.testing import severity, tallied, trials
from evals.results import References, score_note

REFERENCES = References()
CASES = {case.name: case for case in cases()}
KC = CASES["kc-2026q1"]


def test_there_are_kinds_enough() -> None:
    assert len(KINDS) >= 15
    assert len(REWRITES) >= 5
    assert all((corrupt.__doc__ or "").strip() for corrupt in KINDS.values())


def test_faults_are_noticed_and_rewrites_are_not() -> None:
    found = tallied(trials([KC], REFERENCES))
    faults = [trial for tally in found if tally.harmful for trial in tally.trials]
    rewrites = [trial for tally in found if not tally.harmful for trial in tally.trials]
    assert sum(trial.right for trial in faults) / len(faults) >= 0.98
    assert sum(trial.right for trial in rewrites) / len(rewrites) >= 0.95
    assert {tally.kind for tally in found if tally.harmful and not tally.trials} == set(), "each kind finds a place in this reference"


@pytest.mark.parametrize("kind", ["number", "direction", "vague_rewrite", "party", "wrong_evidence"])
def test_more_faults_are_never_better(kind: str) -> None:
    reference = REFERENCES.of(KC)[1].note
    scale = [quality(score_note(KC, REFERENCES, reference, wordy=False)), *severity(KC, REFERENCES, kind)]
    assert len(scale) >= 3
    assert scale == sorted(scale, reverse=True)
    assert scale[-1] < scale[0]


def test_rewrites_by_hand_are_of_claims_that_there_are() -> None:
    for one in by_hand():
        places = {spot.place: spot.claim.text for spot in spots(REFERENCES.of(CASES[one.case])[1].note)}
        assert one.place in places, (one.case, one.place)
        assert one.text != places[one.place]


PARAPHRASE = "At CNY 2,703.7m, revenue was up 37.2% y/y but down 2.1% q/q, and it missed the consensus of CNY 2,715m by 0.4%."
CORRUPTIONS = {
    "number": ("37.2%", "73.2%"),
    "another number": ("2.1%", "1.2%"),
    "scale": ("CNY 2,703.7m", "CNY 2,703.7bn"),
    "direction": ("rose 37.2%", "fell 37.2%"),
    "period": ("37.2% y/y", "37.2% q/q"),
    "metric": ("Revenue rose", "Gross profit rose"),
    "basis": ("Revenue rose", "Adjusted EBITDA rose"),
    "unit": ("37.2% y/y", "37.2 pp y/y"),
}


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_every_gated_metric_ranks_a_paraphrase_above_each_corruption(kind: str) -> None:
    """DESIGN section 9: likeness in words ranks them the other way round, which is why it is not gated."""
    reference = REFERENCES.of(KC)[1].note
    spot = next(spots(reference))
    old, new = CORRUPTIONS[kind]
    assert old in spot.claim.text
    good = score_note(KC, REFERENCES, with_text(reference, spot, PARAPHRASE))
    bad = score_note(KC, REFERENCES, with_text(reference, spot, spot.claim.text.replace(old, new, 1)))
    assert good["contradicted"] == good["unsupported"] == 0
    assert (bad["contradicted"] or 0) + (bad["unsupported"] or 0) > 0
    for metric in GATED:
        assert (good[metric.name] or 0) >= (bad[metric.name] or 0), metric.name
    assert any((good[metric.name] or 0) > (bad[metric.name] or 0) for metric in GATED)
    assert quality(good) > quality(bad)
    assert (good["rouge_l"] or 0) < (bad["rouge_l"] or 0)
