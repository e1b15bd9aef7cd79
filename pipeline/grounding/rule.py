"""What a rule is: a question to a mention and a figure, and what it may ask of the facts."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

from pipeline.facts.factbase import FactBase
from pipeline.facts.figures import Figure
from pipeline.facts.sheet import Period
from pipeline.grounding.models import Mention
from pipeline.grounding.topics import Period as Said


class Context(Protocol):
    """What the rules ask of the fact base. `Checker` answers."""

    facts: FactBase

    def allowed(self, mention: Mention) -> frozenset[str]:
        """The metrics that the mention may be about."""
        ...

    def named(self, mention: Mention) -> frozenset[str]:
        """Every metric that the sentence, or the one before, speaks of, with what follows from two of them."""
        ...

    def finest(self, figure: Figure) -> Decimal:
        """The finest rounding that prose may give the figure."""
        ...

    def expected(self, figure: Figure) -> list[Period]:
        """The other periods that consensus speaks of for the figure's metric."""
        ...

    def changes(self, figure: Figure) -> list[Figure]:
        """The changes of a level's series."""
        ...

    def metrics_of_segment(self, segment: str) -> frozenset[str]: ...

    def is_told_of(self, segment: str, mention: Mention) -> bool:
        """Whether the sentence speaks of the segment in other words than its name."""
        ...

    def place(self, period: Period) -> Said | None:
        """What prose calls a period: the one a year, or a quarter, before the reported one."""
        ...

    def is_year_end(self, period: Period) -> bool:
        """Whether a balance-sheet day is that of the last fiscal year's end."""
        ...

    def has_gaap_sibling(self, figure: Figure) -> bool: ...

    def base_of(self, figure: Figure) -> Figure | None:
        """Where a level came from: a year ago, else a quarter ago."""
        ...


Rule = Callable[[Mention, Figure, Context], "str | None"]
