"""What drafting costs: said before, and held to a limit."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from evals.bench import forecast as bench
from evals.bench.outside import RESULTS
from pipeline.chain.forecast import NOTHING, forecast
from pipeline.cli.main import app
from pipeline.facts.sheet import FactSheet
from pipeline.llm.types import Usage
from pipeline.mechanisms.library import library
from tests.conftest import CASES
from tests.scripted_server import Reply, ScriptedServer
from tests.test_batch_journal import THREE, ThreeModels, notes_in, words

runner = CliRunner()


def invoke(*given: object) -> Result:
    return runner.invoke(app, [str(word) for word in given])


def code(result: Result) -> int:
    return int(getattr(result.exception, "exit_code", result.exit_code))


# -- the forecast ----------------------------------------------------------------------------------------------------------------


def test_a_dry_run_asks_nothing_and_says_what_it_would_take(tmp_path: Path) -> None:
    with ScriptedServer(ThreeModels()) as server:
        result = runner.invoke(app, words(server, tmp_path, "--dry-run", "--json"))
        assert server.requests == []
    assert result.exit_code == 0
    assert list(tmp_path.iterdir()) == []
    told = json.loads(result.stdout)
    assert (told["model"], told["notes"], told["cost_usd"]) == ("scripted", 3, None)
    assert 12 <= told["calls"] <= 24
    usage = told["usage"]
    assert usage["cached_tokens"] < usage["prompt_tokens"]
    assert usage["completion_tokens"] > 3 * 1_000


def test_a_known_model_has_a_price_and_cached_tokens_are_cheaper(kc_sheet: FactSheet) -> None:
    result = invoke("draft", CASES / THREE[0] / "facts.json", "--drafter", "openai", "--model", "gpt-4o-mini", "--dry-run")
    assert "about $0.0" in result.stdout
    assert "nothing was asked" in result.stdout
    from pipeline.llm.prices import cost_usd

    ahead = forecast(kc_sheet, library(), 160, "gpt-4o-mini")
    full = ahead.usage.model_copy(update={"cached_tokens": 0})
    less, more = cost_usd(ahead.usage, "gpt-4o-mini", None), cost_usd(full, "gpt-4o-mini", None)
    assert less is not None
    assert more is not None
    assert less < more


def test_rules_and_a_model_on_this_machine_cost_nothing() -> None:
    assert "by rules: no calls" in invoke("draft", CASES / THREE[0] / "facts.json", "--drafter", "rules", "--dry-run").stdout
    assert "nothing is bought" in invoke("draft", CASES / THREE[0] / "facts.json", "--drafter", "local", "--dry-run").stdout


def test_forecasts_add_up(kc_sheet: FactSheet) -> None:
    one = forecast(kc_sheet, library(), 60, "qwen2.5-coder-1.5b-instruct")
    two = one + one + NOTHING
    assert (two.notes, two.prompt_tokens) == (2, 2 * one.prompt_tokens)
    assert forecast(kc_sheet, library(), None, "qwen2.5-coder-1.5b-instruct").prompt_tokens > one.prompt_tokens


def test_the_forecast_of_all_cases_is_within_a_tenth_of_what_was_measured() -> None:
    found = bench.measure()
    assert found == json.loads((RESULTS / "forecast.json").read_text("utf-8")), "python -m evals.bench.forecast --write"
    for what in ("prompt tokens", "written tokens"):
        ahead, taken = (sum(found[split][what][n] for split in found) for n in (0, 1))
        assert abs(ahead / taken - 1) < 0.1, what


# -- the budget ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def priced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dollar for a thousand tokens, read or written."""

    def price(usage: Usage, model: str, base_url: str | None) -> Decimal:
        return Decimal(usage.prompt_tokens + usage.completion_tokens) / 1_000

    for place in ("pipeline.batch.desk.cost_usd", "pipeline.drafters.model.cost_usd"):
        monkeypatch.setattr(place, price)


@pytest.mark.usefixtures("priced")
def test_a_budget_stops_before_the_request_and_more_of_it_goes_on(tmp_path: Path) -> None:
    with ScriptedServer(ThreeModels()) as server:
        # A request may cost its prompt of 4,000 to 7,000 tokens and 2,000 more; each answer then costs 0.12 (100 and 20 tokens).
        stopped = runner.invoke(app, words(server, tmp_path, "--budget-usd", "8", "--concurrency", "1"))
        assert code(stopped) == 4
        assert "not asked: the next request may cost $" in stopped.output
        first = len(server.requests)
        assert 0 < first < 12
        assert runner.invoke(app, words(server, tmp_path, "--budget-usd", "1000")).exit_code == 0
        assert len(server.requests) > first
        assert len({request.body for request in server.requests}) == len(server.requests), "what was answered is not asked for again"
    assert len(notes_in(tmp_path)) == 9


@pytest.mark.usefixtures("priced")
def test_an_answer_that_was_cut_off_is_not_asked_for_again_beyond_the_budget(tmp_path: Path) -> None:
    with ScriptedServer(lambda request: Reply(text="{", finish_reason="length", prompt_tokens=4_000, completion_tokens=2_000)) as server:
        # The first request costs 6 of the 10; twice as many tokens could cost 8 more.
        stopped = runner.invoke(app, words(server, tmp_path, "--budget-usd", "10", "--concurrency", "1"))
        assert code(stopped) == 4
        assert len(server.requests) == 1
    assert "$6.0000 of the $10.0 of --budget-usd are spent" in stopped.output


def test_a_budget_of_tokens_stops_a_model_without_a_price(tmp_path: Path) -> None:
    with ScriptedServer(ThreeModels()) as server:
        stopped = runner.invoke(app, words(server, tmp_path, "--budget-tokens", "8000", "--concurrency", "1"))
        assert code(stopped) == 4
        assert 0 < len(server.requests) < 12
    assert "of the 8,000 of --budget-tokens are used" in stopped.output
    assert json.loads((tmp_path / "run.json").read_text())["requests"]["sent"] == len(server.requests)


@pytest.mark.usefixtures("priced")
def test_what_is_in_the_journal_costs_nothing_of_a_budget(tmp_path: Path) -> None:
    with ScriptedServer(ThreeModels()) as server:
        assert runner.invoke(app, words(server, tmp_path)).exit_code == 0
        assert runner.invoke(app, words(server, tmp_path, "--budget-usd", "0")).exit_code == 0, "nothing is left to ask"


def test_a_model_without_a_price_is_not_asked(tmp_path: Path) -> None:
    with ScriptedServer(ThreeModels()) as server:
        result = runner.invoke(app, words(server, tmp_path, "--budget-usd", "1"))
        assert server.requests == []
    assert code(result) == 2
    assert "the price of scripted at 127.0.0.1" in f"{result.exception}{result.output}"


def test_a_budget_that_is_none_is_bad_usage(tmp_path: Path) -> None:
    arguments: list[Any] = ["draft", CASES / THREE[0] / "facts.json", "--budget-usd", "-1", "--out", tmp_path]
    assert invoke(*arguments).exit_code == 2
