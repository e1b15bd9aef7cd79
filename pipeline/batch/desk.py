"""What all requests of a batch share: the journal, and the limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from pipeline.batch.journal import Journal
from pipeline.batch.limits import Limiter, Limits, Sent
from pipeline.errors import UsageError
from pipeline.llm.gate import Keeper
from pipeline.llm.prices import cost_usd
from pipeline.llm.types import Usage
from pipeline.llm.wire import host_of


class Desk:
    """An `Around` of a batch: one journal, one limiter for the one model that is asked."""

    def __init__(self, journal: Journal, limits: Limits) -> None:
        self.journal = journal
        self.limits = limits
        self.sent: Sent | None = None
        """What went to the model's server; None before the first client is made."""

    def keeper(self, engine: str) -> Keeper:
        """The journal, for requests to `engine`."""
        return self.journal.keeper(engine)

    def gate(self, model: str, base_url: str | None) -> Limiter:
        """The limiter. Raises UsageError for a budget in dollars where no price is known."""
        # A model on this machine answers one after the other: what waits here waits without a time-out.
        limits = self.limits if base_url is not None else replace(self.limits, concurrency=1)
        limiter = Limiter(limits, model, price_of(model, base_url, limits))
        self.sent = limiter.sent
        return limiter


def price_of(model: str, base_url: str | None, limits: Limits, share_of_price: Decimal = Decimal(1)) -> Callable[[Usage], Decimal | None]:
    """What tokens of a model cost, at a share of the list price. Raises UsageError for a budget in dollars where no price is known."""
    if base_url is None:
        if limits.budget_usd is not None:
            raise UsageError(f"--budget-usd: {model} runs on this machine and costs nothing; --budget-tokens limits it")
        return lambda usage: None
    if limits.budget_usd is not None and cost_usd(Usage(prompt_tokens=1), model, base_url) is None:
        raise UsageError(
            f"--budget-usd: the price of {model} at {host_of(base_url)} is not known, so nothing can be held to it; --budget-tokens can"
        )
    return lambda usage: None if (cost := cost_usd(usage, model, base_url)) is None else cost * share_of_price
