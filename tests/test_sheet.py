"""The fact sheet's models: what a well-formed sheet is."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from pipeline.facts.sheet import MAX_FACTS, Company, Fact, FactSheet, Number, Period, Role

NUMBER: TypeAdapter[Decimal] = TypeAdapter(Number)


def fact(**changes: Any) -> dict[str, Any]:
    base = {"id": "a", "metric": "revenue", "value": "12.80", "unit": "CNY", "period": "q", "role": "actual", "source": "s"}
    return {**base, **changes}


def sheet(**changes: Any) -> dict[str, Any]:
    base = {
        "company": {"name": "Kingsoft Cloud", "ticker": "KC", "currency": "CNY"},
        "period": "q",
        "periods": [{"id": "q", "kind": "quarter", "end": "2026-03-31", "label": "Q1 2026"}],
        "sources": [{"id": "s", "title": "Results", "kind": "press_release"}],
        "facts": [fact()],
    }
    return {**base, **changes}


def refused(model: Any, value: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(value)
    return " | ".join(one["msg"] for one in caught.value.errors())


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=4))
def test_a_number_keeps_its_digits_through_json(value: Decimal) -> None:
    written = NUMBER.dump_json(value)
    assert str(NUMBER.validate_json(written)) == str(value)
    assert b"E" not in written


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e19", "0.0000000000001", "1,000", True, None, "x"])
def test_a_number_is_finite_and_of_a_size_that_figures_have(value: object) -> None:
    with pytest.raises(ValidationError):
        NUMBER.validate_python(value)


@pytest.mark.parametrize("ticker", ["KC", "BRK-B", "BRK.B", "0700", "005930.KS"])
def test_tickers_as_traded(ticker: str) -> None:
    assert Company(name="x", ticker=ticker, currency="CNY").ticker == ticker


@pytest.mark.parametrize("ticker", ["kc", "", "TOOLONGX", "A B", "A/B", "../A", "KC\n"])
def test_what_is_not_a_ticker(ticker: str) -> None:
    assert "pattern" in refused(Company, {"name": "x", "ticker": ticker, "currency": "CNY"})


def test_a_period_runs_forward_and_a_day_has_no_start() -> None:
    day = {"id": "q", "kind": "instant", "end": "2026-03-31", "label": "x"}
    assert Period.model_validate({**day, "start": "2026-03-31"}).end.day == 31
    assert "an instant has no start" in refused(Period, {**day, "start": "2026-01-01"})
    assert "start 2026-04-01 lies after end 2026-03-31" in refused(Period, {**day, "kind": "quarter", "start": "2026-04-01"})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"value": None}, "needs a value, or both low and high"),
        ({"value": None, "low": 1}, "needs a value, or both low and high"),
        ({"value": None, "low": 1, "high": 2}, "only guidance and consensus may give a range without a value"),
        ({"low": 13, "high": 14}, "expected low <= value <= high"),
        ({"value": None, "low": 2, "high": 1, "role": "guidance"}, "expected low <= value <= high"),
        ({"rounded_to": 0}, "rounded_to must be above 0"),
        ({"analysts": 3}, "analysts and as_of belong to consensus only"),
        ({"as_of": "2026-05-01", "role": "guidance"}, "analysts and as_of belong to consensus only"),
        ({"analysts": 0, "role": "consensus"}, "greater than or equal to 1"),
        ({"unit": "dollars"}, "match pattern"),
        ({"id": "A"}, "match pattern"),
        ({"id": "a\n"}, "match pattern"),
        ({"quote": ""}, "at least 1 character"),
        ({"quote": "x" * 2_001}, "at most 2000 characters"),
        ({"extra": 1}, "Extra inputs are not permitted"),
    ],
)
def test_a_fact_that_says_too_little_or_too_much_is_refused(changes: dict[str, Any], words: str) -> None:
    assert words in refused(Fact, fact(**changes))


def test_a_fact_as_printed_becomes_a_quantity_with_the_interval_of_its_digits() -> None:
    quantity = Fact.model_validate(fact(scale="million")).quantity
    assert (quantity.value, quantity.interval.width) == (Decimal("12800000"), Decimal("10000"))
    guided = Fact.model_validate(fact(value=None, low="2.8", high="2.9", role="guidance"))
    assert (guided.quantity.value, guided.quantity.interval.low) == (Decimal("2.85"), Decimal("2.75"))
    assert (guided.end("low").value, guided.end("high").value) == (Decimal("2.8"), Decimal("2.9"))
    with pytest.raises(ValueError, match="fact 'a' has no low end"):
        Fact.model_validate(fact()).end("low")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"period": "x"}, "period: no period has the id 'x'"),
        ({"facts": [fact(), fact()]}, "two fact or statements have the id 'a'"),
        ({"facts": [fact(period="x")]}, "facts[0].period: no period has the id 'x'"),
        ({"facts": [fact(source="x")]}, "facts[0].source: no source has the id 'x'"),
        ({"statements": [{"id": "b", "text": "x", "source": "y"}]}, "statements[0].source: no source has the id 'y'"),
        ({"statements": [{"id": "a", "text": "x", "source": "s"}]}, "two fact or statements have the id 'a'"),
        ({"sources": sheet()["sources"] * 2}, "two sources have the id 's'"),
        ({"periods": sheet()["periods"] * 2}, "two periods have the id 'q'"),
        ({"facts": []}, "at least 1 item"),
        ({"facts": [fact(id=f"f{n}") for n in range(MAX_FACTS + 1)]}, "at most 2000 items"),
    ],
)
def test_a_sheet_refers_only_to_what_it_holds_once(changes: dict[str, Any], words: str) -> None:
    assert words in refused(FactSheet, sheet(**changes))


def test_a_sheet_knows_its_period_its_name_and_its_parts() -> None:
    one = FactSheet.model_validate(sheet(company={"name": "x", "ticker": "BRK.B", "currency": "USD"}))
    assert (one.reported_period.label, one.slug, one.sources_by_id["s"].title) == ("Q1 2026", "brk-b-q", "Results")
    assert one.facts[0].role is Role.ACTUAL
    with pytest.raises(ValidationError):
        one.period = "other"  # type: ignore[misc]  # it is frozen: that is the point
