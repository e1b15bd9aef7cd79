"""Prices come from the installed list; what it does not know has none."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pipeline.llm.prices import cost_usd
from pipeline.llm.types import Usage

MILLION = 1_000_000


def test_list_price_of_gpt_4o() -> None:
    # 2.50 in, 1.25 cached, 10.00 out per million since October 2024.
    assert cost_usd(Usage(prompt_tokens=MILLION, completion_tokens=MILLION), "gpt-4o", None) == Decimal("12.5")


def test_cached_tokens_are_part_of_the_prompt_and_cheaper() -> None:
    usage = Usage(prompt_tokens=MILLION, completion_tokens=MILLION, cached_tokens=400_000)
    assert cost_usd(usage, "gpt-4o", "https://api.openai.com/v1") == Decimal("12")


def test_more_cached_than_prompt_is_not_a_refund() -> None:
    usage = Usage(prompt_tokens=MILLION, completion_tokens=0, cached_tokens=9 * MILLION)
    assert cost_usd(usage, "gpt-4o", None) == Decimal("1.25")


def test_nothing_costs_nothing() -> None:
    assert cost_usd(Usage(), "gpt-4o", None) == 0


def test_other_providers_have_their_own_list() -> None:
    assert cost_usd(Usage(prompt_tokens=MILLION), "openai/gpt-4o", "https://openrouter.ai/api/v1") == Decimal("2.5")


@pytest.mark.parametrize(
    ("model", "base_url"),
    [
        ("gpt-4o", "http://127.0.0.1:8080/v1"),
        ("qwen2.5-coder-1.5b", "http://127.0.0.1:8080/v1"),
        ("no-such-model", None),
        ("no-such-model", "https://api.openai.com/v1"),
    ],
)
def test_unknown_has_no_price(model: str, base_url: str | None) -> None:
    assert cost_usd(Usage(prompt_tokens=MILLION), model, base_url) is None
