"""Which drafter to use, and one line that says which and why."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal, cast

from pipeline.config import Settings
from pipeline.drafters.base import Drafter
from pipeline.drafters.rules import RuleDrafter
from pipeline.errors import UsageError
from pipeline.llm.local import models
from pipeline.llm.local.server import is_installed, require_package
from pipeline.prompting import load_prompt

if TYPE_CHECKING:
    from pipeline.drafters.local import Work
    from pipeline.llm.gate import Around

Kind = Literal["openai", "local", "rules"]
KINDS = ("auto", "openai", "local", "rules")
LOCAL_TIMEOUT_S = 3_600.0
"""For one answer of a model on this machine: there is no network that could hang, and a slow machine takes what it takes."""
_NOTHING = "drafting by rules: no endpoint is configured (--base-url and --model, or AFTERPRINT_BASE_URL and AFTERPRINT_MODEL)"


def settle(kind: str, settings: Settings) -> tuple[Kind, str]:
    """What `auto` comes to, with the reason; any other kind is itself. Raises UsageError.

    `auto` is a configured endpoint, else a model on this machine, where one is named or the default one is ready, else rules.
    """
    if kind not in KINDS:
        raise UsageError(f"--drafter {kind}: expected one of {', '.join(KINDS)}")
    if kind != "auto":
        return cast("Kind", kind), "drafting by rules, without a model" if kind == "rules" else ""
    if settings.base_url is not None:
        return "openai", ""
    if settings.model is not None:
        return ("local" if models.known(settings.model) or models.is_path(settings.model) else "openai"), ""
    default = models.DEFAULT
    if models.state(default, models.models_folder(settings)) != "verified":
        return "rules", f"{_NOTHING}, and no model is on this machine (afterprint model pull)"
    if not is_installed():
        return "rules", f"{_NOTHING}, and the model on this machine needs xllamacpp to run"
    return "local", ", since no endpoint is configured"


async def choose_drafter(kind: str, settings: Settings, work: Work | None = None, around: Around | None = None) -> tuple[Drafter, str]:
    """The drafter of that kind and the line for people; `around` is what its client shares with others.

    A local model must be there; nothing is pulled. Raises UsageError.
    """
    settled, why = settle(kind, settings)
    if settled == "rules":
        return RuleDrafter(), why
    return _local_drafter(settings, work, why, around) if settled == "local" else await _model_drafter(settings, around)


def _local_drafter(settings: Settings, work: Work | None, why: str, around: Around | None) -> tuple[Drafter, str]:
    from pipeline.drafters.local import LocalDrafter, Work

    require_package()
    model = models.chosen(settings.model)
    if isinstance(model, models.Model):
        folder = models.models_folder(settings)
        if models.state(model, folder) != "verified":
            raise UsageError(f"{model.name} is not on this machine: run `afterprint model pull {model.alias}`")
        gguf, name = folder / model.file, model.name
    else:
        gguf, name = model, model.stem
    patient = settings if "timeout_s" in settings.model_fields_set else settings.model_copy(update={"timeout_s": LOCAL_TIMEOUT_S})
    # Requests wait for each other here rather than in the server, where their time-outs would run; and no text runs on.
    one_by_one = patient.model_copy(update={"concurrency": 1, "bounded_texts": True})
    return LocalDrafter(gguf, name, one_by_one, schema_note(), work or Work(), around), f"drafting with {name} on this machine{why}"


async def _model_drafter(settings: Settings, around: Around | None) -> tuple[Drafter, str]:
    from pipeline.llm.wire import host_of

    base_url, key, model = await endpoint_of(settings)
    return drafter_at(base_url, key, model, settings, around), f"drafting with {model} at {host_of(base_url)}"


def drafter_at(
    base_url: str, key: str | None, model: str, settings: Settings, around: Around | None, share_of_price: Decimal = Decimal(1)
) -> Drafter:
    """A drafter that asks a model at an endpoint, at a share of the list price."""
    from pipeline.drafters.model import PROMPT_FACTS, ModelDrafter
    from pipeline.llm.client import ChatClient

    keeper, gate = (around.keeper(base_url), around.gate(model, base_url)) if around else (None, None)
    client = ChatClient(base_url=base_url, api_key=key, model=model, settings=settings, schema_note=schema_note(), keeper=keeper, gate=gate)
    most_facts = settings.prompt_facts or PROMPT_FACTS
    return ModelDrafter(client, model=model, base_url=base_url, most_facts=most_facts, share_of_price=share_of_price)


async def endpoint_of(settings: Settings) -> tuple[str, str | None, str]:
    """Base URL, key and model of the endpoint that is configured, else OpenAI's. Raises InputError where the model has to be chosen."""
    from pipeline.llm.wire import OPENAI_URL, served_model

    base_url = settings.base_url or OPENAI_URL
    key = settings.api_key.get_secret_value() if settings.api_key else None
    return base_url, key, settings.model or await served_model(base_url, key, settings)


def schema_note() -> str:
    """What goes with a request where the server lacks strict schemas; `{schema}` stands for the schema."""
    return load_prompt("schema_note").render(schema="{schema}")
