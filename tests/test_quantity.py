"""Quantities: rounding intervals, units, and arithmetic that carries both through."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.facts.quantity import POINTS, Bound, Interval, Quantity, Scale, UnitClass, exact, parse_unit, reported

D = Decimal
numbers = st.decimals(min_value=D(-(10**9)), max_value=D(10**9), allow_nan=False, allow_infinity=False, places=3)
intervals = st.tuples(numbers, numbers).map(lambda ends: Interval(min(ends), max(ends)))


@pytest.mark.parametrize(
    ("written", "scale", "low", "high"),
    [
        ("12.8", Scale.ONE, "12.75", "12.85"),
        ("1970.0", Scale.MILLION, "1969950000", "1970050000"),
        ("3000", Scale.MILLION, "2999500000", "3000500000"),
        ("-0.16", Scale.ONE, "-0.165", "-0.155"),
    ],
)
def test_the_written_digits_say_how_a_number_was_rounded(written: str, scale: Scale, low: str, high: str) -> None:
    quantity = reported(D(written), "USD", scale)
    assert (quantity.interval.low, quantity.interval.high) == (D(low), D(high))


def test_a_source_that_rounds_to_hundreds_says_so() -> None:
    assert reported(D(3000), "CNY", Scale.ONE, rounded_to=D(100)).interval == Interval(D(2950), D(3050))


def test_bounds_open_one_end_and_about_widens() -> None:
    assert reported(D(50), "percent", bound=Bound.MORE_THAN).interval == Interval(D(50), D("Infinity"))
    assert reported(D(50), "percent", bound=Bound.LESS_THAN).interval.low == D("-Infinity")
    assert reported(D(10), "percent", bound=Bound.ABOUT).interval == Interval(D(9), D(11))


@pytest.mark.parametrize(
    ("written", "cls", "currency", "factor"),
    [
        ("CNY", UnitClass.MONEY, "CNY", "1"),
        ("USD/share", UnitClass.PER_SHARE, "USD", "1"),
        ("ratio", UnitClass.PERCENT, None, "100"),
        ("bp", UnitClass.POINTS, None, "0.01"),
        ("x", UnitClass.MULTIPLE, None, "1"),
    ],
)
def test_units_are_read_into_one_unit_per_class(written: str, cls: UnitClass, currency: str | None, factor: str) -> None:
    unit, by = parse_unit(written)
    assert (unit.cls, unit.currency, by) == (cls, currency, D(factor))


@pytest.mark.parametrize("unknown", ["", "dollars", "usd", "%", "USD/", "USDX"])
def test_an_unknown_unit_is_refused(unknown: str) -> None:
    with pytest.raises(ValueError, match="unknown unit"):
        parse_unit(unknown)


def test_growth_and_points_carry_their_intervals() -> None:
    now, base = reported(D("2703.7"), "CNY", Scale.MILLION), reported(D("1970.0"), "CNY", Scale.MILLION)
    growth = now.growth_from(base)
    assert round(growth.value, 2) == D("37.24")
    assert growth.interval.low < D("37.24") < growth.interval.high
    assert growth.interval.width < D("0.02")
    change = reported(D("12.8"), "percent").points_from(reported(D("16.2"), "percent"))
    assert (change.value, change.unit, change.interval) == (D("-3.4"), POINTS, Interval(D("-3.5"), D("-3.3")))


def test_different_currencies_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="do not add up"):
        reported(D(1), "CNY") + reported(D(1), "USD")


def test_a_divisor_that_may_be_zero_is_refused() -> None:
    with pytest.raises(ZeroDivisionError):
        reported(D(1), "USD").over(reported(D("0.4"), "USD", rounded_to=D(1)))


def test_an_interval_is_the_right_way_round() -> None:
    with pytest.raises(ValueError, match="above"):
        Interval(D(2), D(1))
    with pytest.raises(ValueError, match="outside"):
        Quantity(D(3), POINTS, Interval(D(1), D(2)))


@given(intervals, intervals, st.floats(0, 1), st.floats(0, 1))
def test_interval_arithmetic_holds_every_possible_result(one: Interval, other: Interval, s: float, t: float) -> None:
    a = one.low + (one.high - one.low) * D(s)
    b = other.low + (other.high - other.low) * D(t)
    # Decimal rounds at 28 digits: a hair either side is rounding of the test, not of the rule.
    hair = exact(D(0)) if a == b == 0 else Interval(-abs(a * b) * D("1e-20") - D("1e-15"), abs(a * b) * D("1e-20") + D("1e-15"))
    assert a + b in one + other + hair
    assert a - b in one - other + hair
    assert a * b in one * other + hair
    if D(0) not in other and abs(other.low) > D("0.001") and abs(other.high) > D("0.001"):
        assert a / b in one / other + hair


@given(intervals)
def test_the_size_of_an_interval_is_never_negative(one: Interval) -> None:
    assert abs(one).low >= 0
    assert abs(one).high == max(abs(one.low), abs(one.high))
