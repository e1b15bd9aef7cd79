"""Which drafter to use, and one line that says which and why."""

from __future__ import annotations

from pathlib import Path

from pipeline.config import Settings
from pipeline.drafters.base import Drafter
from pipeline.drafters.local import LocalDrafter, Work
from pipeline.drafters.rules import RuleDrafter
from pipeline.errors import UsageError
from pipeline.prompting import load_prompt

KINDS = ("auto", "openai", "local", "rules")
LOCAL_TIMEOUT_S = 3_600.0
"""For one answer of a model on this machine: there is no network that could hang, and a slow machine takes what it takes."""


async def choose_drafter(kind: str, settings: Settings, work: Work | None = None) -> tuple[Drafter, str]:
    """The drafter and the line for people. `auto`: a configured endpoint, else rules. Raises UsageError."""
    if kind not in KINDS:
        raise UsageError(f"--drafter {kind}: expected one of {', '.join(KINDS)}")
    configured = settings.base_url is not None or settings.model is not None
    if kind == "rules":
        return RuleDrafter(), "drafting by rules, without a model"
    if kind == "local":
        return _local_drafter(settings, work or Work())
    if kind == "auto" and not configured:
        return (
            RuleDrafter(),
            "drafting by rules: no endpoint is configured (--base-url and --model, or AFTERPRINT_BASE_URL and AFTERPRINT_MODEL)",
        )
    return await _model_drafter(settings)


def _local_drafter(settings: Settings, work: Work) -> tuple[Drafter, str]:
    gguf = Path(settings.model or "")
    patient = settings if "timeout_s" in settings.model_fields_set else settings.model_copy(update={"timeout_s": LOCAL_TIMEOUT_S})
    drafter = LocalDrafter(gguf, gguf.stem, patient, _schema_note(), work)
    return drafter, f"drafting with {gguf.stem} on this machine"


async def _model_drafter(settings: Settings) -> tuple[Drafter, str]:
    from pipeline.drafters.model import ModelDrafter
    from pipeline.llm.client import ChatClient
    from pipeline.llm.wire import OPENAI_URL, host_of, served_model

    base_url = settings.base_url or OPENAI_URL
    key = settings.api_key.get_secret_value() if settings.api_key else None
    model = settings.model or await served_model(base_url, key, settings)
    client = ChatClient(base_url=base_url, api_key=key, model=model, settings=settings, schema_note=_schema_note())
    return ModelDrafter(client, model=model, base_url=base_url), f"drafting with {model} at {host_of(base_url)}"


def _schema_note() -> str:
    return load_prompt("schema_note").render(schema="{schema}")
