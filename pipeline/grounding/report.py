"""What was decided about each number of a text."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from pipeline.grounding.mentions import Mention

Decision = Literal["grounded", "structural", "contradicted", "unsupported"]
"""grounded: follows from `fact`. structural: says when, which or how many. contradicted: the facts say otherwise.
unsupported: nothing in the facts decides it, or it cannot be read."""

DECISIONS: tuple[Decision, ...] = ("grounded", "structural", "contradicted", "unsupported")

COMPUTED = "computed: "
"""What the rule of a number that is computed from several facts begins with."""


@dataclass(frozen=True, slots=True)
class NumberCheck:
    """One number, decided. `rule` says why in a few words; `message` tells a writer what to mend, empty where nothing is wrong.

    A grounded mention's interval carries the sign and the hedge that its sentence gives it. `base` holds the words that a
    change lacks ("y/y"), None where it lacks none. `fact` is None for a number that is computed from several facts.
    """

    mention: Mention
    decision: Decision
    fact: str | None
    rule: str
    message: str = ""
    base: str | None = None

    @property
    def is_problem(self) -> bool:
        return self.decision in ("contradicted", "unsupported")

    @property
    def formula(self) -> str | None:
        """How the number is computed from several facts; None where it rests on one."""
        return self.rule.removeprefix(COMPUTED) if self.rule.startswith(COMPUTED) else None


@dataclass(frozen=True, slots=True)
class Report:
    """All numbers of a text, in order."""

    checks: tuple[NumberCheck, ...]

    @property
    def problems(self) -> tuple[NumberCheck, ...]:
        return tuple(check for check in self.checks if check.is_problem)

    @property
    def ok(self) -> bool:
        return not self.problems

    @property
    def counts(self) -> dict[Decision, int]:
        found = Counter(check.decision for check in self.checks)
        return {decision: found[decision] for decision in DECISIONS}
