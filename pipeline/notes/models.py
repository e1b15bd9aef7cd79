"""The note and its parts. The four step outputs are what a drafter writes; `Note` is what a reader gets.

Field descriptions travel in the JSON Schemas to the model, so they are written for it as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, PlainSerializer, WithJsonSchema

from pipeline.facts.figures import Change
from pipeline.facts.quantity import Scale
from pipeline.facts.sheet import Number, Strict

LONGEST_CLAIM, LONGEST_HEADLINE, LONGEST_NAME = 700, 160, 200
"""Characters. A local model is stopped there in the middle of a word, so that a text of just that length is no whole one."""
Sentence = Annotated[str, Field(min_length=1, max_length=LONGEST_CLAIM)]
Short = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
MOST_EVIDENCE = 12
FactIds = Annotated[tuple[str, ...], Field(min_length=1, max_length=MOST_EVIDENCE, description="ids of the facts that the text rests on")]
Threshold = Annotated[
    Decimal,
    Field(allow_inf_nan=False),
    PlainSerializer(float, return_type=float, when_used="json"),
    WithJsonSchema({"type": "number"}),
]
"""A limit that somebody set: exact, and short enough that a JSON number holds it."""

Party = Literal["company", "customers", "suppliers", "competitors", "lenders", "shareholders", "regulators", "employees"]
Direction = Literal["positive", "negative", "mixed"]
Horizon = Literal["next_1_2_quarters", "next_12_18_months", "beyond"]
Confidence = Literal["low", "medium", "high"]
Comparison = Literal["above", "at_least", "below", "at_most"]
CatalystKind = Literal["earnings", "guidance", "product", "contract", "financing", "regulatory", "macro", "capital_return", "other"]


class GapSign(StrEnum):
    """Where the street stands, against us."""

    STREET_TOO_HIGH = "street_too_high"
    STREET_TOO_LOW = "street_too_low"
    RIGHT_NUMBER_WRONG_REASON = "right_number_wrong_reason"
    IN_LINE = "in_line"
    NO_ESTIMATE = "no_estimate"


class Claim(Strict):
    """One or two sentences and the facts that they rest on: the unit of drafting, checking, scoring, diffing and editing.

    The order of fields is the order in which a model writes them: it chooses its facts before it writes about them.
    """

    evidence: FactIds
    text: Annotated[Sentence, Field(description="one or two sentences")]


class Watch(Strict):
    """A condition that anybody can check against the next print: `metric` `comparison` `threshold`.

    `metric` is a fact id such as gross_margin or revenue.yoy; `threshold` is in that fact's unit (percent, points,
    multiples; money in `scale`).
    """

    metric: Annotated[str, Field(description="id of the fact whose next value decides")]
    comparison: Comparison
    threshold: Annotated[Threshold, Field(description="a number in the unit of that fact")]


class Falsifier(Watch):
    """What would prove the claim wrong, and by when."""

    by: Annotated[date, Field(description="date by which it is decided, YYYY-MM-DD")]


class Summary(Strict):
    """Step 1: what was reported."""

    headline: Annotated[str, Field(min_length=1, max_length=LONGEST_HEADLINE, description="at most 16 words")]
    claims: Annotated[tuple[Claim, ...], Field(min_length=3, max_length=6)]


class SecondOrderEffect(Strict):
    """How the result travels to somebody else, or to a later period."""

    mechanism: Annotated[str, Field(description="id of the mechanism at work, or other")]
    party: Annotated[Party, Field(description="who feels it")]
    entity: Annotated[Short | None, Field(description="the party by name, only if a statement or fact names it")]
    direction: Annotated[Direction, Field(description="for that party")]
    horizon: Horizon
    confidence: Confidence
    claim: Claim
    falsifier: Watch


class SecondOrderEffects(Strict):
    """Step 2."""

    effects: Annotated[tuple[SecondOrderEffect, ...], Field(min_length=2, max_length=5)]


class ConsensusGap(Strict):
    """Step 3: where the street may be wrong, why it missed it, and what would prove us wrong."""

    metric: Annotated[str, Field(description="id of the fact that the two views differ on")]
    sign: GapSign
    street_view: Claim
    our_view: Claim
    why_missed: Claim
    falsifier: Falsifier


class Window(Strict):
    """From the first to the last day on which something is expected."""

    from_: Annotated[date, Field(alias="from")]
    to: date


class Catalyst(Strict):
    """A coming event that decides something, with the threshold to watch."""

    event: Short
    kind: CatalystKind
    window: Window | None
    horizon: Horizon
    direction: Direction
    watch: Watch
    claim: Claim


class Catalysts(Strict):
    """Step 4."""

    catalysts: Annotated[tuple[Catalyst, ...], Field(min_length=2, max_length=5)]


StepOutput = Summary | SecondOrderEffects | ConsensusGap | Catalysts
StepName = Literal["summarize", "second_order", "consensus_gap", "catalysts"]


class Withheld(Strict):
    """A part of the draft that failed its checks: kept for the editor with its reasons, never printed in the note's body."""

    step: StepName
    place: Annotated[str, Field(description="where it stood in the step's answer, for instance effects[1]")]
    text: str
    reasons: Annotated[tuple[str, ...], Field(min_length=1)]


class NumberTrace(Strict):
    """Where one number of the prose comes from. `place` and the span point into the note's own text."""

    place: Annotated[str, Field(description="for instance headline, summary[0], second_order_effects[1].claim")]
    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=0)]
    text: str
    decision: Literal["grounded", "structural"]
    fact: str | None
    rule: str
    base: Annotated[
        str | None, Field(description="what a change is measured against, as the rendering adds it: y/y, q/q, against consensus")
    ] = None


class FactUsed(Strict):
    """One line of the evidence: a reported fact, or a derived one with its formula."""

    id: str
    label: str
    metric: str
    segment: str | None
    change: Annotated[Change | None, Field(description="what a change is measured against; null for a level")]
    value: Number
    unit: str
    scale: Annotated[Scale, Field(description="the scale that `written` and the thresholds on this fact are in")]
    low: str
    high: str
    written: Annotated[str, Field(description="as the note prints it, with the base of a change")]
    period: str
    basis: str
    role: str
    formula: str | None
    inputs: tuple[str, ...] = ()
    source: str | None
    quote: str | None = None
    remark: str | None = None


class SourceUsed(Strict):
    """A source of the sheet, numbered as the footnotes number it."""

    number: Annotated[int, Field(ge=1)]
    id: str
    title: str
    published: date | None
    url: str | None
    secondary: bool


class MissingFact(Strict):
    """Something a reader would look for that the sheet does not hold, or that cannot be computed from it."""

    id: str
    label: str
    reason: str


class ImpactPart(Strict):
    """One component of the market impact score."""

    name: str
    score: Annotated[float, Field(ge=0, le=1)]
    weight: Annotated[float, Field(ge=0, le=1)]
    reason: str


class MarketImpact(Strict):
    """How much the print should matter to the price: 0 (not at all) to 1, the weighted mean of its components."""

    score: Annotated[float, Field(ge=0, le=1)]
    parts: tuple[ImpactPart, ...]


class PromptUsed(Strict):
    """A prompt file by name, with the sha256 of its bytes."""

    name: str
    digest: str


class Manifest(Strict):
    """What went in: enough to draft the same note again."""

    afterprint: Annotated[str, Field(description="version of the package")]
    sheet_digest: Annotated[str, Field(description="sha256 of the canonical fact sheet")]
    drafter: str
    model: str | None
    consensus: Annotated[str, Field(description="date, basis, currency and number of analysts, or that there is none")]
    prompts: tuple[PromptUsed, ...]
    schemas: tuple[PromptUsed, ...]


class Note(Strict):
    """An earnings note that an editor can sign. A section whose step failed is null, and the status says so."""

    headline: Annotated[str, Field(min_length=1)]
    company: str
    ticker: str
    period: str
    released: date | None
    themes: tuple[str, ...]
    market_impact: MarketImpact
    status: Literal["draft", "needs_review"]
    review_reasons: tuple[str, ...] = ()
    summary: tuple[Claim, ...]
    second_order_effects: tuple[SecondOrderEffect, ...]
    consensus_gap: ConsensusGap | None
    catalysts: tuple[Catalyst, ...]
    withheld: tuple[Withheld, ...]
    failed_steps: tuple[StepName, ...]
    missing: tuple[MissingFact, ...]
    conflicts: tuple[str, ...]
    numbers: tuple[NumberTrace, ...]
    facts: tuple[FactUsed, ...]
    sources: tuple[SourceUsed, ...]
    manifest: Manifest

    def texts(self) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        """Each piece of prose as (place, text, evidence ids)."""
        yield "headline", self.headline, ()
        for n, claim in enumerate(self.summary):
            yield f"summary[{n}]", claim.text, claim.evidence
        for n, effect in enumerate(self.second_order_effects):
            yield f"second_order_effects[{n}].claim", effect.claim.text, effect.claim.evidence
        if self.consensus_gap is not None:
            for part in ("street_view", "our_view", "why_missed"):
                claim = getattr(self.consensus_gap, part)
                yield f"consensus_gap.{part}", claim.text, claim.evidence
        for n, catalyst in enumerate(self.catalysts):
            yield f"catalysts[{n}].event", catalyst.event, catalyst.claim.evidence
            yield f"catalysts[{n}].claim", catalyst.claim.text, catalyst.claim.evidence
