"""Settings come from the environment, and a wrong one is named without its secrets."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from pydantic import ValidationError

from pipeline.config import Settings, load_settings
from pipeline.errors import InputError


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("AFTERPRINT_", "OPENAI_")):
            monkeypatch.delenv(name)


def key_of(settings: Settings) -> str | None:
    return settings.api_key.get_secret_value() if settings.api_key else None


def test_defaults() -> None:
    settings = load_settings()
    assert (settings.base_url, settings.api_key, settings.model) == (None, None, None)
    assert (settings.timeout_s, settings.connect_timeout_s, settings.max_attempts, settings.max_wait_s) == (120, 10, 5, 60)
    assert (settings.max_answer_tokens, settings.answer_tokens_limit, settings.max_body_bytes) == (2_000, 8_000, 4_194_304)
    assert (settings.concurrency, settings.max_input_bytes, settings.temperature, settings.seed) == (4, 10_000_000, 0.0, 7)


def test_environment_then_overrides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERPRINT_MODEL", "from-environment")
    monkeypatch.setenv("AFTERPRINT_TIMEOUT_S", "30")
    settings = load_settings(model="from-override")
    assert (settings.model, settings.timeout_s) == ("from-override", 30)


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_settings().__setattr__("seed", 8)


@pytest.mark.parametrize(
    ("environment", "key"),
    [
        ({}, None),
        ({"OPENAI_API_KEY": "sk-openai"}, "sk-openai"),
        ({"AFTERPRINT_API_KEY": "sk-own", "OPENAI_API_KEY": "sk-openai"}, "sk-own"),
        ({"AFTERPRINT_API_KEY": "", "OPENAI_API_KEY": "sk-openai"}, "sk-openai"),
        ({"AFTERPRINT_API_KEY": " sk-own\n"}, "sk-own"),
        ({"API_KEY": "sk-somebody-else"}, None),
    ],
)
def test_where_the_key_comes_from(environment: dict[str, str], key: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert key_of(settings) == key
    assert key is None or key not in repr(settings)


def test_key_override() -> None:
    assert key_of(load_settings(api_key="sk-override")) == "sk-override"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("TIMEOUT_S", "soon", "AFTERPRINT_TIMEOUT_S: expected a valid number, unable to parse string as a number, got 'soon'"),
        ("TIMEOUT_S", "0", "AFTERPRINT_TIMEOUT_S: expected a number greater than 0, got '0'"),
        ("TIMEOUT_S", "inf", "AFTERPRINT_TIMEOUT_S: expected a finite number, got 'inf'"),
        ("MAX_ATTEMPTS", "0", "AFTERPRINT_MAX_ATTEMPTS: expected a number greater than or equal to 1, got '0'"),
        (
            "ANSWER_TOKENS_LIMIT",
            "100",
            "expected AFTERPRINT_ANSWER_TOKENS_LIMIT to be at least AFTERPRINT_MAX_ANSWER_TOKENS, got 100 and 2000",
        ),
    ],
)
def test_wrong_variable_is_named(name: str, value: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"AFTERPRINT_{name}", value)
    with pytest.raises(InputError) as caught:
        load_settings()
    assert str(caught.value) == expected


def test_each_problem_has_its_line_and_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERPRINT_SEED", "seven")
    monkeypatch.setenv("AFTERPRINT_CONCURRENCY", "many")
    monkeypatch.setenv("AFTERPRINT_API_KEY", "sk-secret")
    with pytest.raises(InputError) as caught:
        load_settings(api_key=["sk-other-secret"], temperature=9)
    lines = str(caught.value).splitlines()
    assert [line.split(":")[0] for line in lines] == ["api_key", "AFTERPRINT_CONCURRENCY", "temperature", "AFTERPRINT_SEED"]
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_reading_settings_imports_no_model_library() -> None:
    # A fresh interpreter: this one has imported everything already.
    program = (
        "import sys, pipeline.config, pipeline.llm.client, pipeline.llm.tokens, pipeline.llm.prices;"
        "print({'openai', 'httpx2', 'tiktoken', 'genai_prices'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"
