"""The drafter without a model: sentences from derived facts and fired mechanisms. Deterministic, and checked like any other."""

from pipeline.drafters.rules.drafter import RuleDrafter

__all__ = ["RuleDrafter"]
