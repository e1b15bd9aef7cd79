"""What the metrics say of a note, on the real reference of Kingsoft Cloud and on copies of it with one thing changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from evals.cases import Case, cases
from evals.metrics import BY_NAME, GATED, METRICS, Subject, quality, score, undrafted
from evals.metrics.content import materiality
from evals.perturb.editing import spots, with_item, with_items, with_text
from evals.results import References
from pipeline.comparing.alignment import ALIGNED, align, alike, shared_days
from pipeline.notes.models import Claim, GapSign, Note, Window

KC = next(case for case in cases() if case.name == "kc-2026q1")
REFERENCES = References()
READER, REFERENCE = REFERENCES.of(KC)


def scores(note: Note) -> dict[str, float | None]:
    return score(Subject(READER, REFERENCE, note))


def changed(change: Callable[[Note], Note]) -> dict[str, float | None]:
    return scores(change(REFERENCE.note))


PERFECT = scores(REFERENCE.note)


def test_a_reference_is_perfect_beside_itself() -> None:
    best = {
        metric.name: 1.0 if metric.better == "higher" else 0.0 for metric in METRICS if metric.unit in ("share", "count") and metric.better
    }
    for name in best.keys() & {"schema_valid", "contradicted", "unsupported", "coverage", "claims_f1", "summary_f1", "effects_f1"}:
        assert PERFECT[name] == pytest.approx(best[name]), name
    for name in ("gap_f1", "gap_sign", "catalysts_f1", "direction_accuracy", "horizon_accuracy", "themes_f1", "rouge_l", "chrf"):
        assert PERFECT[name] == pytest.approx(1.0), name
    assert PERFECT["impact_error"] == 0.0


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_every_reference_answers_itself_item_by_item(case: Case) -> None:
    _, reference = REFERENCES.of(case)
    alignment = align(reference, reference)
    assert not alignment.missed
    assert not alignment.added
    assert all(pair.likeness == pytest.approx(1.0) for pair in alignment.pairs)


def test_likeness_is_symmetric_and_of_one_at_most() -> None:
    for section in ("summary", "second_order_effects", "catalysts"):
        items = REFERENCE.of(section)  # type: ignore[arg-type]
        for one in items:
            for other in items:
                assert alike(one, other) == pytest.approx(alike(other, one))
                assert 0 <= alike(one, other) <= 1 + 1e-9


def test_what_matters_most_is_in_the_headline() -> None:
    weights = materiality(REFERENCE)
    assert max(weights.values()) == 4.0
    assert min(weights.values()) < 4.0
    assert all(weights[key] == 4.0 for key in REFERENCE.headline.figures)


def test_a_wrong_number_counts_as_contradicted_and_is_covered_no_more() -> None:
    spot = next(spots(REFERENCE.note))
    got = scores(with_text(REFERENCE.note, spot, spot.claim.text.replace("37.2%", "73.2%")))
    assert got["contradicted"] == 1
    assert (got["claims_f1"] or 0) < 1
    assert quality(got) < quality(PERFECT) - 0.05


def drop_last(section: str) -> Callable[[Note], Note]:
    return lambda note: with_items(note, section, getattr(note, section)[:-1])


def effect_with(**update: Any) -> Callable[[Note], Note]:
    return lambda note: with_item(note, "second_order_effects", 0, note.second_order_effects[0].model_copy(update=update))


def catalyst_with(**update: Any) -> Callable[[Note], Note]:
    return lambda note: with_item(note, "catalysts", 0, note.catalysts[0].model_copy(update=update))


def no_gap(note: Note) -> Note:
    return note.model_copy(update={"consensus_gap": None})


def gap_with(**update: Any) -> Callable[[Note], Note]:
    def change(note: Note) -> Note:
        assert note.consensus_gap is not None
        return note.model_copy(update={"consensus_gap": note.consensus_gap.model_copy(update=update)})

    return change


@pytest.mark.parametrize(
    ("change", "fall", "stay"),
    [
        (drop_last("summary"), {"summary_f1", "claims_recall", "claims_f1"}, {"effects_f1", "catalysts_f1", "claims_precision"}),
        (drop_last("second_order_effects"), {"effects_f1", "claims_recall"}, {"summary_f1", "gap_f1"}),
        (effect_with(party="regulators"), {"effects_f1", "claims_f1"}, {"direction_accuracy", "coverage", "summary_f1"}),
        (effect_with(direction="positive"), {"effects_f1", "direction_accuracy"}, {"horizon_accuracy", "coverage"}),
        (effect_with(horizon="beyond"), {"effects_f1", "horizon_accuracy"}, {"direction_accuracy"}),
        (effect_with(mechanism="other"), {"effects_f1"}, {"direction_accuracy", "horizon_accuracy"}),
        (no_gap, {"gap_f1", "gap_sign", "claims_f1"}, {"summary_f1", "effects_f1"}),
        (gap_with(sign=GapSign.IN_LINE), {"gap_sign", "gap_f1"}, {"coverage"}),
        (catalyst_with(window=None), {"catalysts_f1", "specificity"}, {"effects_f1"}),
        (catalyst_with(kind="macro"), {"catalysts_f1"}, {"direction_accuracy"}),
        (lambda note: note.model_copy(update={"themes": ("Earnings", "Restructuring")}), {"themes_f1"}, {"claims_f1"}),
    ],
)  # fmt: skip
def test_a_change_lowers_what_it_is_about_and_nothing_else(change: Callable[[Note], Note], fall: set[str], stay: set[str]) -> None:
    got = changed(change)
    for name in fall:
        assert (got[name] or 0.0) < (PERFECT[name] or 0.0), name
    for name in stay:
        assert got[name] == pytest.approx(PERFECT[name]), name


def test_what_is_invented_lowers_precision_and_not_recall() -> None:
    extra = Claim(evidence=("revenue",), text="A large customer is about to leave.")
    got = scores(with_items(REFERENCE.note, "summary", [*REFERENCE.note.summary, extra]))
    assert (got["claims_precision"] or 0) < 1
    assert got["claims_recall"] == pytest.approx(1)


def test_filler_repetition_and_copies_are_counted() -> None:
    spot = next(spots(REFERENCE.note))
    got = scores(with_text(REFERENCE.note, spot, "It remains to be seen whether the strong results last."))
    assert got["filler"] == pytest.approx(100 * 2 / (got["words"] or 1))
    twice = scores(with_items(REFERENCE.note, "summary", [*REFERENCE.note.summary, REFERENCE.note.summary[0]]))
    assert (twice["repetition"] or 0) > (PERFECT["repetition"] or 0)
    statement = max(READER.facts.sheet.statements, key=lambda one: len(one.text)).text
    assert (scores(with_text(REFERENCE.note, spot, statement))["copied"] or 0) > 0


def test_a_note_that_breaks_the_schema_has_no_quality() -> None:
    got = scores(REFERENCE.note.model_copy(update={"status": "signed"}))
    assert got["schema_valid"] == 0
    assert quality(got) == 0


def test_market_impact_is_measured_by_its_distance() -> None:
    impact = REFERENCE.note.market_impact
    got = changed(lambda note: note.model_copy(update={"market_impact": impact.model_copy(update={"score": impact.score - 0.3})}))
    assert got["impact_error"] == pytest.approx(0.3)


def test_a_case_that_did_not_draft_scores_the_worst() -> None:
    worst = undrafted()
    assert quality(worst) == 0
    assert all(worst[metric.name] == 0.0 for metric in GATED)


def test_words_decide_only_between_equals() -> None:
    item = REFERENCE.of("summary")[0]
    assert alike(item, item) == pytest.approx(1.0)
    assert 0 < ALIGNED < 1


def test_shared_days_of_windows() -> None:
    def window(first: str, last: str) -> Window:
        return Window.model_validate({"from": first, "to": last})

    assert shared_days(None, None) == 1
    assert shared_days(None, window("2026-01-01", "2026-01-10")) == 0
    assert shared_days(window("2026-01-01", "2026-01-10"), window("2026-01-01", "2026-01-10")) == 1
    assert shared_days(window("2026-01-01", "2026-01-10"), window("2026-01-06", "2026-01-15")) == pytest.approx(5 / 15)
    assert shared_days(window("2026-01-01", "2026-01-10"), window("2026-02-01", "2026-02-10")) == 0


def test_every_metric_says_what_it_is() -> None:
    assert len(BY_NAME) == len(METRICS)
    for metric in METRICS:
        assert len(metric.about) > 15, metric.name
        assert (metric.margin is None) or (metric.worst is not None), "a gated metric must count a case that did not draft"
