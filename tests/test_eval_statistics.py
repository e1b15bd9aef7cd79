"""Paired statistics, against values worked out by hand or by others' programs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.statistics import holm, mcnemar, paired


def test_no_difference_has_no_interval() -> None:
    found = paired([0.0] * 25, margin=0.02)
    assert (found.mean, found.low, found.high, found.detectable) == (0, 0, 0, 0)
    assert found.p_below == 1


def test_a_fall_in_every_case_is_found() -> None:
    found = paired([-0.10, -0.12, -0.09, -0.11, -0.13, -0.08] * 4, margin=0.02)
    assert found.high < -0.08
    assert found.p_below < 0.001
    assert found.mean == pytest.approx(-0.105)


def test_a_fall_within_the_margin_passes() -> None:
    assert paired([-0.01] * 25, margin=0.02).p_below == 1
    assert paired([-0.03] * 25, margin=0.02).p_below == 0


def test_one_bad_case_of_many_is_chance() -> None:
    assert paired([-0.3] + [0.0] * 24, margin=0.0).p_below > 0.3


def test_the_detectable_difference_is_that_of_the_paired_t_approximation() -> None:
    # sd 0.1 (n - 1), n 25: 2.8016 * 0.1 / 5
    values = [0.1, -0.1] * 12 + [0.0]
    assert paired(values, 0.0).detectable == pytest.approx(2.801585 * 0.1 / 5, rel=1e-6)


def test_one_case_is_too_few() -> None:
    with pytest.raises(ValueError, match="at least two"):
        paired([0.1], 0.0)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=30))
def test_the_mean_lies_within_its_interval_and_the_same_data_give_the_same(values: list[float]) -> None:
    one, again = paired(values, 0.02), paired(values, 0.02)
    assert one == again
    assert one.low - 1e-9 <= one.mean <= one.high + 1e-9
    assert 0 <= one.p_below <= 1


def test_mcnemar_is_the_exact_binomial() -> None:
    assert mcnemar(0, 0) == 1
    assert mcnemar(0, 5) == pytest.approx(2 * 0.5**5)
    assert mcnemar(3, 3) == 1
    assert mcnemar(1, 9) == pytest.approx(2 * (1 + 10) * 0.5**10)


def test_holm_is_that_of_the_paper() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.9, 0.8]) == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), max_size=10))
def test_holm_never_lowers_and_keeps_the_order(ps: list[float]) -> None:
    adjusted = holm(ps)
    assert all(new >= old for new, old in zip(adjusted, ps, strict=True))
    assert all(new <= 1 for new in adjusted)
    for one, first in zip(ps, adjusted, strict=True):
        for other, second in zip(ps, adjusted, strict=True):
            if one < other:
                assert first <= second
