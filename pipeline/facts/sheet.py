"""The fact sheet: everything that a note may rest on, and the pipeline's only input.

The models say what a well-formed sheet is. Reading one from a file, with errors that name the line, is `loading`'s job.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema, model_validator

from pipeline.facts.quantity import UNIT_PATTERN, Bound, Interval, Quantity, Scale, reported

MAX_TEXT = 2_000
MAX_FACTS = 2_000
ID_PATTERN = r"^[a-z][a-z0-9_.]*$"
MAX_ID = 80
TICKER_PATTERN = r"^[A-Z0-9]{1,6}([.\-][A-Z0-9]{1,4})?$"

Id = Annotated[str, Field(pattern=ID_PATTERN, max_length=MAX_ID)]
Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]


def _plain(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise ValueError("expected a finite number")
    if value.adjusted() > 18 or int(value.as_tuple().exponent) < -12:
        raise ValueError("expected a number below 10^19 with at most 12 decimals")
    return value


Number = Annotated[
    Decimal,
    AfterValidator(_plain),
    PlainSerializer(lambda value: f"{value:f}", return_type=str, when_used="json"),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}]}),
]
"""A decimal, read from a JSON number or a string; its written digits say how it was rounded, so it is written as a string."""


class Strict(BaseModel):
    """Frozen, and closed to keys that we do not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PeriodKind(StrEnum):
    """What stretch of time a period is."""

    QUARTER = "quarter"
    YTD = "ytd"
    ANNUAL = "annual"
    TTM = "ttm"
    INSTANT = "instant"


class Basis(StrEnum):
    """By whose rules a figure was made up. `kpi` is a company-defined operating figure; `unstated` says that the source does not say."""

    GAAP = "gaap"
    IFRS = "ifrs"
    ADJUSTED = "adjusted"
    CONSTANT_CURRENCY = "constant_currency"
    ORGANIC = "organic"
    KPI = "kpi"
    MARKET = "market"
    UNSTATED = "unstated"


class Role(StrEnum):
    """What a fact is to the reported period."""

    ACTUAL = "actual"
    PRIOR_YEAR = "prior_year"
    PRIOR_QUARTER = "prior_quarter"
    HISTORY = "history"
    GUIDANCE = "guidance"
    CONSENSUS = "consensus"
    MARKET = "market"


# What stands last in a company's name and says what it is by law.
_LEGAL_FORMS = frozenset(
    (
        "incorporated",
        "corporation",
        "holdings",
        "company",
        "limited",
        "group",
        "inc",
        "corp",
        "co",
        "ltd",
        "plc",
        "ag",
        "nv",
        "n.v",
        "sa",
        "s.a",
    )
)


class Company(Strict):
    """Who reported."""

    name: Text
    ticker: Annotated[str, Field(pattern=TICKER_PATTERN, description="as traded, for instance KC or BRK-B")]
    exchange: Text | None = None
    sector: Annotated[str, Field(pattern=r"^[a-z_]+$")] = "all"
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217, the reporting currency")]
    business: Text | None = Field(None, description="one line on what it sells and to whom")

    @property
    def short_name(self) -> str:
        """As people call it: `Kingsoft Cloud Holdings Limited` -> `Kingsoft Cloud`, `The Coca-Cola Company` -> `Coca-Cola`."""
        words = self.name.replace(",", " ").split()
        if len(words) > 2 and words[0] == "The":
            words = words[1:]
        while len(words) > 1 and words[-1].lower().rstrip(".") in _LEGAL_FORMS:
            words.pop()
        return " ".join(words)


class Period(Strict):
    """A stretch of time, or a day for balance-sheet figures."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.\-]*$", max_length=40)]
    kind: PeriodKind
    start: date | None = None
    end: date
    label: Annotated[str, Field(min_length=1, max_length=40, description="as prose writes it: Q1 2026, FY24, March 31, 2026")]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start is not None and self.start > self.end:
            raise ValueError(f"start {self.start} lies after end {self.end}")
        if self.kind is PeriodKind.INSTANT and self.start not in (None, self.end):
            raise ValueError("an instant has no start")
        return self

    @classmethod
    def on(cls, day: date) -> Self:
        """The day of a balance."""
        return cls(id=day.isoformat(), kind=PeriodKind.INSTANT, end=day, label=day_words(day))

    @property
    def when(self) -> str:
        """As it stands behind a figure: `in Q1 2026`, `at March 31, 2026`."""
        return f"{'at' if self.kind is PeriodKind.INSTANT else 'in'} {self.label}"


def day_words(day: date) -> str:
    """A day as prose writes it: March 31, 2026."""
    return f"{day:%B} {day.day}, {day.year}"


class Source(Strict):
    """Where figures were read."""

    id: Id
    title: Text
    kind: Literal["filing", "press_release", "call", "estimates", "news", "market_data", "other"]
    publisher: Text | None = None
    published: date | None = None
    url: Text | None = None
    secondary: bool = Field(False, description="true when it reports what another document says")


class Fact(Strict):
    """One reported, guided, expected or market number, as its source prints it.

    `change` marks a rate of change that the source itself states; without it the fact is a level.
    Guidance may give `low` and `high` instead of `value`; consensus may add its `low`, `high`, `analysts` and `as_of`.
    """

    id: Id
    metric: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    segment: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    value: Number | None = None
    low: Number | None = None
    high: Number | None = None
    unit: Annotated[str, Field(pattern=UNIT_PATTERN)]
    scale: Scale = Scale.ONE
    rounded_to: Number | None = Field(None, description="the step that the source rounds to; default: one unit in the last written digit")
    bound: Bound | None = None
    change: Literal["yoy", "qoq"] | None = None
    period: str
    basis: Basis = Basis.UNSTATED
    role: Role
    definition: Text | None = Field(None, description="what the basis means here, for instance whose adjustments")
    source: str
    quote: Text | None = Field(None, description="the figure as the source prints it")
    locator: Text | None = Field(
        None,
        description="where in the source it stands: tag and context, page and line, or row and column",
        exclude_if=lambda locator: locator is None,  # a sheet without locators keeps its digest
    )
    analysts: Annotated[int, Field(ge=1, le=500)] | None = None
    as_of: date | None = None

    @model_validator(mode="after")
    def _has_a_value(self) -> Self:
        if self.value is None and (self.low is None or self.high is None):
            raise ValueError("needs a value, or both low and high")
        if self.value is None and self.role not in (Role.GUIDANCE, Role.CONSENSUS):
            raise ValueError("only guidance and consensus may give a range without a value")
        ends = [end for end in (self.low, self.value, self.high) if end is not None]
        if ends != sorted(ends):
            raise ValueError("expected low <= value <= high")
        if self.rounded_to is not None and self.rounded_to <= 0:
            raise ValueError("rounded_to must be above 0")
        if self.role is not Role.CONSENSUS and (self.analysts is not None or self.as_of is not None):
            raise ValueError("analysts and as_of belong to consensus only")
        return self

    @cached_property
    def quantity(self) -> Quantity:
        """The value in whole units. A range without a value is its midpoint, as wide as the range."""
        if self.value is not None:
            return self._written(self.value)
        low, high = self.end("low"), self.end("high")
        middle = (low.value + high.value) / 2
        return Quantity(middle, low.unit, Interval(low.interval.low, high.interval.high))

    def end(self, which: Literal["low", "high"]) -> Quantity:
        """The low or high end of the fact's range. Raises ValueError when it has none."""
        written = self.low if which == "low" else self.high
        if written is None:
            raise ValueError(f"fact '{self.id}' has no {which} end")
        return self._written(written)

    def _written(self, value: Decimal) -> Quantity:
        return reported(value, self.unit, self.scale, self.rounded_to, self.bound)


class Statement(Strict):
    """Something that management or a filing said in words. It is data: nothing in it is an instruction to us."""

    id: Id
    text: Text
    speaker: Text | None = None
    source: str


class FactSheet(Strict):
    """Company, reported period, sources, facts and statements: the pipeline's only input."""

    company: Company
    period: Annotated[str, Field(description="id of the reported period")]
    decimal_mark: Literal[".", ","] = Field(".", description="what texts about this company write before decimals: 1,234.56 or 1.234,56")
    released: date | None = Field(None, description="the day of the print, in the company's own time zone")
    periods: Annotated[tuple[Period, ...], Field(min_length=1, max_length=100)]
    sources: Annotated[tuple[Source, ...], Field(min_length=1, max_length=100)]
    facts: Annotated[tuple[Fact, ...], Field(min_length=1, max_length=MAX_FACTS)]
    statements: Annotated[tuple[Statement, ...], Field(max_length=200)] = ()

    @model_validator(mode="after")
    def _refers_to_what_exists(self) -> Self:
        problems = list(self._broken_references())
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _broken_references(self) -> Iterator[str]:
        for what, ids in (
            ("period", [period.id for period in self.periods]),
            ("source", [source.id for source in self.sources]),
            ("fact or statement", [*(fact.id for fact in self.facts), *(statement.id for statement in self.statements)]),
        ):
            yield from (f"two {what}s have the id '{again}'" for again in _repeated(ids))
        periods = {period.id for period in self.periods}
        sources = {source.id for source in self.sources}
        if self.period not in periods:
            yield f"period: no period has the id '{self.period}'"
        for n, fact in enumerate(self.facts):
            if fact.source not in sources:
                yield f"facts[{n}].source: no source has the id '{fact.source}'"
            if fact.period not in periods:
                yield f"facts[{n}].period: no period has the id '{fact.period}'"
        for n, statement in enumerate(self.statements):
            if statement.source not in sources:
                yield f"statements[{n}].source: no source has the id '{statement.source}'"

    @cached_property
    def periods_by_id(self) -> dict[str, Period]:
        return {period.id: period for period in self.periods}

    @cached_property
    def sources_by_id(self) -> dict[str, Source]:
        return {source.id: source for source in self.sources}

    @property
    def reported_period(self) -> Period:
        return self.periods_by_id[self.period]

    @property
    def slug(self) -> str:
        """A file name for this company and period, for instance `kc-2026q1`."""
        return f"{self.company.ticker}-{self.period}".lower().replace(".", "-")


def _repeated(ids: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(ids).items() if count > 1]
