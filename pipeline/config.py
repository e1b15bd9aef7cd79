"""Settings: read once from the environment, frozen, units in names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipeline.errors import InputError, Problem

PREFIX = "AFTERPRINT_"
KEY_VARIABLES = ("AFTERPRINT_API_KEY", "OPENAI_API_KEY")
"""Where an API key is looked for, in this order."""

Seconds = Annotated[float, Field(gt=0, le=3_600, allow_inf_nan=False)]
Tokens = Annotated[int, Field(ge=16, le=1_000_000)]


class Settings(BaseSettings):
    """What a user may set through `AFTERPRINT_<NAME>`; an empty variable counts as unset."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid", populate_by_name=True)

    base_url: str | None = None
    """Root of an OpenAI-compatible API, such as `http://127.0.0.1:8080/v1`. None: no endpoint is configured."""
    api_key: SecretStr | None = Field(default=None, validation_alias=AliasChoices(*KEY_VARIABLES))
    model: str | None = None
    timeout_s: Seconds = 120.0
    """Longest time for one request, from the first byte sent to the last byte received."""
    connect_timeout_s: Seconds = 10.0
    max_attempts: int = Field(default=5, ge=1, le=100)
    """HTTP requests for one answer, whatever the reason of each."""
    max_wait_s: float = Field(default=60.0, ge=0, le=3_600, allow_inf_nan=False)
    """Longest wait between two attempts. A server that asks for more is not waited for."""
    max_answer_tokens: Tokens = 2_000
    """Tokens allowed for an answer at first."""
    answer_tokens_limit: Tokens = 8_000
    """Tokens allowed for an answer at most, after it was cut off."""
    bounded_texts: bool = False
    """Whether strict schemas tell how long a text may be. llama.cpp holds a model to it, so that none runs on; OpenAI refuses it."""
    max_body_bytes: int = Field(default=4 * 1024 * 1024, ge=1_024)
    """Largest response read from a model's server."""
    batch_poll_s: Seconds = 30.0
    """Between two looks at a batch of OpenAI's Batch API."""
    ray_workers: int | None = Field(default=None, ge=1, le=10_000)
    """Worker processes on a Ray cluster. None: one for each processor core of it."""
    concurrency: int = Field(default=4, ge=1, le=1_000)
    """Requests under way at once."""
    max_input_bytes: int = Field(default=10_000_000, ge=1)
    """Largest fact sheet read."""
    models_dir: Path | None = None
    """Where pulled models lie. None: the user's data folder."""
    prompt_facts: int | None = Field(default=None, ge=1, le=10_000)
    """Most figures in a prompt. None: as many as suit the drafter, fewer for a model on this machine."""
    temperature: float = Field(default=0.0, ge=0, le=2, allow_inf_nan=False)
    seed: int = 7

    @field_validator("api_key")
    @classmethod
    def _bare_key(cls, key: SecretStr | None) -> SecretStr | None:
        # A key pasted with its line break would otherwise fail inside an HTTP header, with the key in the error.
        return SecretStr(key.get_secret_value().strip()) if key else None

    @model_validator(mode="after")
    def _limits_in_order(self) -> Self:
        if self.answer_tokens_limit < self.max_answer_tokens:
            raise ValueError(
                f"expected {PREFIX}ANSWER_TOKENS_LIMIT to be at least {PREFIX}MAX_ANSWER_TOKENS, "
                f"got {self.answer_tokens_limit} and {self.max_answer_tokens}"
            )
        return self


def load_settings(**overrides: Any) -> Settings:
    """The environment's settings, with `overrides` by field name on top.

    Raises InputError with one problem per wrong value. It names the variable (or the override) and what was expected; a key is never shown.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        # The original error repeats the input, a key included, so it is not chained.
        problems = [_problem(details, overrides) for details in error.errors(include_url=False, include_context=False)]
    raise InputError(*problems)


def _problem(details: Any, overrides: dict[str, Any]) -> Problem:
    expected = details["msg"].removeprefix("Value error, ")
    for pydantic, ours in (("be greater", "be a number greater"), ("be less", "be a number less"), ("Input should be", "expected")):
        expected = expected.replace(pydantic, ours)
    if not details["loc"]:
        return Problem(expected)
    name = str(details["loc"][0])
    if name in KEY_VARIABLES or name == "api_key":
        return Problem(expected, field=name)
    return Problem(f"{expected}, got {str(details['input'])[:60]!r}", field=name if name in overrides else PREFIX + name.upper())
