"""The four steps: which prompt asks, which model the answer must fit, what its parts are and how few of them will do."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.chain import briefing
from pipeline.drafters.base import Brief
from pipeline.notes.calendar import release_window
from pipeline.notes.models import Catalysts, ConsensusGap, GapSign, SecondOrderEffects, StepName, StepOutput, Summary
from pipeline.prompting import load_prompt
from pipeline.schemas import narrow, stored

_MOST: dict[StepName, dict[str, int]] = {
    "summarize": {"Summary.claims": 5, "Claim.evidence": 5},
    "second_order": {"SecondOrderEffects.effects": 4, "Claim.evidence": briefing.MOST_EFFECT_EVIDENCE},
    "consensus_gap": {"Claim.evidence": 4},
    "catalysts": {"Catalysts.catalysts": 3, "Claim.evidence": briefing.MOST_CATALYST_EVIDENCE},
}
"""The longest lists that a model may write: under a constrained decoder a small one goes on until it is stopped."""
PARTIES = "customers, suppliers, competitors, lenders, shareholders, regulators, employees"


@dataclass(frozen=True, slots=True)
class Step:
    """One turn of the chain.

    `items` is the field that holds the list of parts; None where the answer is one whole. `least` parts must survive
    the checks, or the step has failed. `after` are the steps whose accepted answers this one's conversation holds.
    """

    name: StepName
    prompt: str
    schema: str
    output: type[StepOutput]
    items: str | None
    least: int
    after: tuple[StepName, ...]
    variables: Callable[[Brief], dict[str, str]]

    def instruction(self, brief: Brief) -> str:
        """The user turn that asks for this step."""
        return load_prompt(self.prompt).render(**self.variables(brief))

    def narrowed(self, brief: Brief) -> dict[str, Any]:
        """The step's JSON Schema with every id field limited to the ids that exist, and lists to what a model is asked for."""
        ids = [figure.id for figure in brief.citable]
        watch = [figure.id for figure in brief.watchable]
        by_step: dict[StepName, dict[str, Sequence[str]]] = {
            "summarize": {"Claim.evidence": ids},
            "second_order": {
                "Claim.evidence": ids,
                "Watch.metric": watch,
                "SecondOrderEffect.mechanism": [*(fired.mechanism.id for fired in brief.offered), "other"],
            },
            "consensus_gap": {
                "Claim.evidence": ids,
                "Falsifier.metric": watch,
                "ConsensusGap.metric": watch,
                "ConsensusGap.sign": [sign for sign in GapSign if (sign is GapSign.NO_ESTIMATE) != brief.has_estimate],
            },
            "catalysts": {"Claim.evidence": ids, "Watch.metric": watch},
        }
        schema = narrow(stored(self.schema), by_step[self.name], _MOST[self.name] if brief.most_facts is not None else None)
        if self.name == "consensus_gap" and brief.for_small_model and brief.against:
            _split_views(schema, [figure.id for figure in brief.against])
        return schema

    def parts(self, answer: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        """The answer's parts that stand or fall alone, as (place, value)."""
        if self.items is None:
            yield "", answer
            return
        if "headline" in answer:
            yield "headline", answer["headline"]
        listed = answer.get(self.items)
        for n, value in enumerate(listed if isinstance(listed, list) else []):
            yield f"{self.items}[{n}]", value


def _split_views(schema: dict[str, Any], estimates: Sequence[str]) -> None:
    """Let the street's view cite what speaks of estimates and nothing else, and the other views everything else."""
    claims = schema["$defs"]
    ids = claims["ClaimEvidence"]["enum"]
    claims["StreetEvidence"] = {**claims["ClaimEvidence"], "enum": list(estimates)}
    claims["StreetClaim"] = copy.deepcopy(claims["Claim"])
    claims["StreetClaim"]["properties"]["evidence"]["items"] = {"$ref": "#/$defs/StreetEvidence"}
    schema["properties"]["street_view"] = {"$ref": "#/$defs/StreetClaim"}
    claims["ClaimEvidence"]["enum"] = [id_ for id_ in ids if id_ not in estimates] or ids


def _window_words(brief: Brief) -> str:
    window = release_window(brief.facts.sheet)
    return f"between {window.from_} and {window.to}"


STEPS: tuple[Step, ...] = (
    Step(
        "summarize", "summarize", "summary", Summary, "claims", 2, (),
        lambda brief: {
            "company": briefing.safe(brief.facts.sheet.company.short_name),
            "period": briefing.safe(brief.facts.sheet.reported_period.label),
            "subjects": briefing.subject_block(brief),
            "headline": briefing.headline_example(brief),
        },
    ),
    Step(
        "second_order", "second_order", "second-order-effects", SecondOrderEffects, "effects", 1, ("summarize",),
        lambda brief: {"mechanisms": briefing.mechanism_block(brief), "parties": PARTIES},
    ),
    Step(
        "consensus_gap", "consensus_gap", "consensus-gap", ConsensusGap, None, 1, ("summarize", "second_order"),
        lambda brief: {
            "consensus": briefing.consensus_line(brief.facts),
            "street": briefing.street_line(brief),
            "ours": briefing.example(briefing.gap_figures(brief)["our_view"], brief),
            "hidden": briefing.example(briefing.gap_figures(brief)["why_missed"], brief),
            "release_window": _window_words(brief),
            "by": str(release_window(brief.facts.sheet).to),
            "candidates": briefing.threshold_block(brief),
        },
    ),
    Step(
        "catalysts", "catalysts", "catalysts", Catalysts, "catalysts", 1, ("summarize", "second_order"),
        lambda brief: {
            "window": f'{{"from": "{release_window(brief.facts.sheet).from_}", "to": "{release_window(brief.facts.sheet).to}"}}',
            "events": briefing.event_block(brief),
        },
    ),
)  # fmt: skip


def opening(brief: Brief) -> tuple[str, str]:
    """The system rules and the fact sheet, as text: the start of every conversation."""
    facts = brief.facts
    sheet = load_prompt("facts").render(
        company=briefing.company_line(facts),
        facts="\n".join(briefing.fact_line(figure, facts) for figure in brief.citable),
        statements=briefing.statements_block(facts),
        missing=briefing.missing_line(facts),
        conflicts=briefing.conflicts_line(facts),
    )
    return load_prompt("system").render(), sheet
