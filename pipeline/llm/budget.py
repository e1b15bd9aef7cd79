"""A limit on what a command may spend. It stops before the request that would go beyond it, not after."""

from __future__ import annotations

from decimal import Decimal

from pipeline.errors import BudgetReached


class Budget:
    """Dollars that may be spent, over all notes that are drafted side by side.

    What a request may cost is set aside before it is sent, and what it did cost takes its place: so requests under way at the same time
    cannot go beyond the limit together.
    """

    def __init__(self, limit_usd: Decimal) -> None:
        self.limit_usd = limit_usd
        self.spent_usd = Decimal(0)
        self._set_aside = Decimal(0)
        self._reached = False

    def set_aside(self, most_usd: Decimal) -> None:
        """Before a request that costs at most so much. Raises BudgetReached where that could go beyond the limit.

        From then on nothing is asked: the rest of the money would be spread over notes that cannot be finished.
        """
        self._reached = self._reached or self.spent_usd + self._set_aside + most_usd > self.limit_usd
        if self._reached:
            raise BudgetReached(
                f"not asked: the next request may cost ${most_usd:.4f}, and ${self.spent_usd:.4f} of the ${self.limit_usd:f} are spent; "
                "the same command with a higher --budget-usd goes on from here"
            )
        self._set_aside += most_usd

    def settle(self, most_usd: Decimal, spent_usd: Decimal) -> None:
        """After the request, answered or not: what was set aside is free again, what it cost is spent."""
        self._set_aside -= most_usd
        self.spent_usd += spent_usd
