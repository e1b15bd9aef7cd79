"""`afterprint draft --dry-run`: what it would take."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from pipeline.chain.forecast import NOTHING, forecast
from pipeline.cli.output import say, say_json
from pipeline.cli.sheets import Sheets
from pipeline.config import Settings
from pipeline.drafters.model import LOCAL_FACTS, PROMPT_FACTS
from pipeline.llm.batch_api import SHARE_OF_PRICE
from pipeline.llm.local import models
from pipeline.llm.prices import cost_usd
from pipeline.mechanisms.library import Mechanism


def tell_forecast(sheets: Sheets, kind: str, settings: Settings, mechanisms: Sequence[Mechanism], as_json: bool, executor: str) -> None:
    """Print what drafting these sheets would take."""
    if kind == "rules":
        count = sum(1 for _ in sheets)
        if as_json:
            say_json({"model": None, "notes": count, "calls": 0, "usage": NOTHING.usage.model_dump(), "cost_usd": None})
        else:
            say(f"{count} notes by rules: no calls, no tokens, no cost")
        return
    local = models.DEFAULT.name if kind == "local" else "the model that is served"
    model = settings.model or local
    most_facts = settings.prompt_facts or (LOCAL_FACTS if kind == "local" else PROMPT_FACTS)
    total = sum((forecast(sheet, mechanisms, most_facts, model) for _, sheet in sheets), NOTHING)
    cost = None if kind == "local" else cost_usd(total.usage, model, settings.base_url)
    if cost is not None and executor == "openai-batch":
        # Its discount is on the whole price: what a cache would spare is not counted on.
        cost = (cost_usd(total.usage.model_copy(update={"cached_tokens": 0}), model, settings.base_url) or cost) * Decimal(SHARE_OF_PRICE)
    share = total.cached_tokens / total.prompt_tokens if total.prompt_tokens else 0.0
    if as_json:
        say_json(
            {
                "model": model,
                "notes": total.notes,
                "calls": round(total.calls, 1),
                "usage": total.usage.model_dump(),
                "cost_usd": None if cost is None else f"{cost:f}",
            }
        )
        return
    price = "on this machine, nothing is bought" if kind == "local" else "price not known" if cost is None else f"about ${cost:.2f}"
    say(f"{model}: {total.notes} notes, about {total.calls:.0f} calls, repairs among them")
    say(f"about {total.prompt_tokens:,} prompt tokens, {share:.0%} of them cached, and {total.completion_tokens:,} written; {price}")
    say("nothing was asked")
