"""The mention: one number of a text, with what its sentence says about it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from pipeline.facts.quantity import Interval, UnitClass
from pipeline.grounding.lexicon import Approximation, Direction
from pipeline.grounding.numbers import Kind, PeriodLabel
from pipeline.grounding.topics import BasisWord, Period

Span = tuple[int, int]


class Form(StrEnum):
    """What the sentence makes of a number: where a metric stands, how far it moved, or where it came from."""

    LEVEL = "level"
    CHANGE = "change"
    BASE = "base"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a sentence says as a whole. Its numbers share it.

    It allows a reading, and refuses one only where nothing else could be meant.
    """

    said: frozenset[Period] = frozenset()
    labels_said: tuple[PeriodLabel, ...] = ()
    bases_said: frozenset[BasisWord] = frozenset()
    named: tuple[str, ...] = ()
    """Every metric that the sentence names."""
    recalled: tuple[str, ...] = ()
    """Every metric that the sentence before names."""
    named_segments: tuple[str, ...] = ()
    """Every segment that it names, then those of the sentence before."""
    in_order: tuple[str, ...] = ()
    """The metrics and segments that the sentence names, as they stand."""
    words: frozenset[str] = frozenset()
    """The first letters of its words and of those of the sentence before, to find a segment by."""
    spans: frozenset[int] = frozenset()
    """Stretches of time that it looks back on, in days."""
    is_modal: bool = False
    """Whether it speaks of what may come or is aimed at."""
    is_future: bool = False
    is_told_as_past: bool = False
    """Whether a verb tells of what has happened."""
    is_trend: bool = False
    """Whether it tells of several periods: "over the last four quarters", "between Q2 2025 and Q1 2026"."""
    is_managements: bool = False
    """Whether it speaks of management."""
    is_contrast: bool = False
    """Whether it sets something against what was reported."""
    is_fall_said: bool = False
    """Whether any word says that something fell."""
    is_share: bool = False
    is_gap: bool = False
    is_sum: bool = False
    is_average: bool = False
    is_ratio: bool = False
    """Whether it has words for a part of a whole; for a difference, a sum, an average or a ratio of other numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One number in a text: `text == source[start:end]`.

    `value` and `interval` are in whole units (yuan, percent, points); the interval is what the written rounding admits,
    before any approximator. `step` is one unit in the last written place, None for words such as "half" and "mid-teens".
    What a sentence says is kept twice where refusing and requiring differ: `periods`, `labels` and `bases` are attached
    to this number, `setting` holds what is said anywhere in its sentence.
    """

    text: str
    start: int
    end: int
    setting: Setting = Setting()
    value: Decimal | None = None
    interval: Interval | None = None
    step: Decimal | None = None
    places: int = 0
    unit: UnitClass | None = None
    currencies: tuple[str, ...] = ()
    is_scaled: bool = False
    sign: int = 0
    """-1 or +1 where the number itself carries a sign."""
    is_bracketed: bool = False
    """Whether it stands alone in brackets, as accountants write negatives."""
    kind: Kind | None = None
    """Set for a structural number: it says when, which or how many, not how much."""
    problem: str = ""
    """Why the number cannot be read safely."""
    label: PeriodLabel | None = None
    noun: str = ""
    """The word behind a number without a unit: what it counts."""
    range_with: Span | None = None
    from_with: Span | None = None
    """The number that this one is said to come from: of "from 27.6% to 39.0%", the 27.6%."""
    form: Form | None = None
    direction: Direction | None = None
    direction_word: str = ""
    approximator: Approximation | None = None
    link: str = ""
    """The word that ties the number to what stands before it: by, to, from, versus, level."""
    periods: frozenset[Period] = frozenset()
    labels: tuple[PeriodLabel, ...] = ()
    around: frozenset[Period] = frozenset()
    labels_around: tuple[PeriodLabel, ...] = ()
    """Periods said earlier in the sentence, or later of more than their own number: they allow, and refuse nothing."""
    base_labels: tuple[PeriodLabel, ...] = ()
    """The period that the number is compared with, where its sentence names it: "than in the December quarter"."""
    bases: frozenset[BasisWord] = frozenset()
    metrics: tuple[str, ...] = ()
    """The metric that the sentence says the number of, then others that it may mean. Empty: not identified."""
    is_certain: bool = True
    """Whether `metrics` stands before or right behind the number, and not only somewhere near."""
    is_strong: bool = False
    """Whether nothing but verbs, links and hedges stands between the metric and the number: "gross margin was 12.8%"."""
    segments: tuple[str, ...] = ()
    is_segment_certain: bool = False
    wholes: tuple[str, ...] = ()
    """The metric that the number is a share or a multiple of: "1.1x revenue", "27.6% of revenue"."""
    is_expected: bool = False
    """Whether the sentence gives the number as what was expected or guided: "consensus of CNY 2,715m"."""
    is_awaited: bool = False
    """Whether somebody expects the number: "analysts had been expecting revenue of"."""
    is_extra: bool = False
    """Whether a word right by it says that it is what came on top: "the $4.6bn of added revenue"."""
    is_rest: bool = False
    """Whether it is what is left of a whole: "the remaining 7%"."""
    is_loss: bool = False
    may_be_negative: bool = False
    """Whether a word before it, anywhere in the sentence, may make it negative: outflow, credit, loss."""
