"""Figures: facts with everything resolved (metric, quantity, period, source), reported or derived.

A `DerivedFact` is a figure computed from others; it carries its formula, its inputs and, for a change, its base.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from functools import cached_property, lru_cache

from pipeline.facts.quantity import Bound, Quantity, Scale, Unit, UnitClass
from pipeline.facts.sheet import Basis, Fact, Period, Role, Source
from pipeline.facts.vocabulary import Metric


class Change(StrEnum):
    """What a change is measured against."""

    YOY = "yoy"
    QOQ = "qoq"
    SURPRISE = "surprise"
    VS_CONSENSUS = "vs_consensus"

    @property
    def words(self) -> str:
        """As prose names the base: y/y, q/q, against consensus."""
        return {"yoy": "y/y", "qoq": "q/q", "surprise": "against consensus", "vs_consensus": "against consensus"}[self]


# A part of revenue whose name ends so says already that it is revenue.
_SALES = ("sales", "revenue", "revenues", "fees", "turnover", "income")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number that a claim may cite, by `id`. `change` is None for a level; `scale` is the one that it is printed in."""

    # No slots: what is asked of a figure hundreds of times in a note is kept in the object.

    id: str
    metric: Metric
    segment: str | None
    change: Change | None
    quantity: Quantity
    scale: Scale
    period: Period
    basis: Basis
    role: Role
    source: Source | None = None
    fact: Fact | None = None

    @cached_property
    def stem(self) -> str:
        """The id of its series: metric and segment."""
        return stem(self.metric.id, self.segment)

    @property
    def label(self) -> str:
        """As a sentence names it: 'Revenue', 'Public cloud revenue'."""
        if self.segment is None:
            return self.metric.label
        if self.metric.id == "revenue" and self.segment.lower().endswith(_SALES):
            # "Net sales revenue" says it twice.
            return self.segment
        name = self.metric.label
        return f"{self.segment} {name if name[:2].isupper() else name[0].lower() + name[1:]}"

    @cached_property
    def places(self) -> int:
        """How many decimals of it are printed, as `printed_places`."""
        return printed_places(self.quantity, self.scale)

    @cached_property
    def written(self) -> str:
        """As `written` prints it by itself."""
        return bare(_write(self.quantity, self.scale, self.places, signed=self.change is not None, bound=self.bound), self)

    @property
    def unit(self) -> Unit:
        return self.quantity.unit

    @property
    def bound(self) -> Bound | None:
        return self.fact.bound if self.fact else None

    @property
    def is_favourable(self) -> bool | None:
        """Whether a change is good for shareholders; None where that cannot be said."""
        if self.change is None or self.metric.good == "neutral" or self.quantity.value == 0:
            return None
        return (self.quantity.value > 0) == (self.metric.good == "up")


@dataclass(frozen=True, kw_only=True)
class DerivedFact(Figure):
    """A figure computed by code. `inputs` are the ids that `formula` names; `base` is what a change is measured against."""

    formula: str
    inputs: tuple[str, ...]
    base: Figure | None = None


@lru_cache(maxsize=4096)
def slug(words: str) -> str:
    """`Client Computing Group (CCG)` -> `client_computing_group_ccg`."""
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_") or "segment"


@lru_cache(maxsize=4096)
def stem(metric: str, segment: str | None) -> str:
    """The id that a series' derived facts start with."""
    return metric if segment is None else f"{metric}.{slug(segment)}"


_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£"}
_SUFFIX = {Scale.ONE: "", Scale.THOUSAND: "k", Scale.MILLION: "m", Scale.BILLION: "bn", Scale.TRILLION: "tn"}
# Widths up to this many units of the last printed place still print that place: a difference of two figures rounded to
# 0.1 is 0.2 wide, and the trade prints it to 0.1; a profit implied by a margin to 0.1% is a few units wide.
_SLACK = Decimal(4)


def written(figure: Figure, *, signed: bool | None = None) -> str:
    """The figure as a note prints it: `CNY 2,703.7m`, `+11.4 pp`, `12.8%`, `5x`, `$(0.16)` is never used: `-$0.16`.

    Changes carry their sign unless `signed` says otherwise. No more digits are printed than the interval supports.
    """
    if signed is None:
        return figure.written
    return bare(write_quantity(figure.quantity, figure.scale, signed=signed, bound=figure.bound), figure)


def bare(amount: str, figure: Figure) -> str:
    """A written amount of the figure without what its name says already: "diluted EPS of $1.65 per share" says it twice."""
    return amount.removesuffix(" per share") if "EPS" in figure.label or "per share" in figure.label else amount


def write_quantity(quantity: Quantity, scale: Scale = Scale.ONE, *, signed: bool = False, bound: Bound | None = None) -> str:
    """A quantity in `scale` with as many digits as its interval supports; `about` where that is not even the whole number."""
    return _write(quantity, scale, printed_places(quantity, scale), signed=signed, bound=bound)


def _write(quantity: Quantity, scale: Scale, places: int, *, signed: bool, bound: Bound | None) -> str:
    rounded = (quantity.value / scale.factor).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    number = rounded if places >= 0 else rounded.quantize(Decimal(1))
    sign = "-" if number < 0 else "+" if signed and number > 0 else ""
    digits = f"{abs(number):,f}"
    if bound is None and places < 0:
        bound = Bound.ABOUT
    hedge = {Bound.ABOUT: "about ", Bound.MORE_THAN: "more than ", Bound.LESS_THAN: "less than ", None: ""}[bound]
    return hedge + in_words(sign, digits, quantity.unit, scale)


def in_words(sign: str, digits: str, unit: Unit, scale: Scale) -> str:
    """Digits that are already rounded, dressed with sign, unit and scale."""
    match unit.cls:
        case UnitClass.MONEY | UnitClass.PER_SHARE:
            symbol = _SYMBOLS.get(unit.currency or "", f"{unit.currency} ")
            share = " per share" if unit.cls is UnitClass.PER_SHARE else ""
            return f"{sign}{symbol}{digits}{_SUFFIX[scale]}{share}"
        case UnitClass.PERCENT:
            return f"{sign}{digits}%"
        case UnitClass.POINTS:
            return f"{sign}{digits} pp"
        case UnitClass.MULTIPLE:
            return f"{sign}{digits}x"
        case UnitClass.DAYS:
            return f"{sign}{digits} days"
        case UnitClass.SHARES:
            return f"{sign}{digits}{_SUFFIX[scale]} shares"
        case UnitClass.COUNT:
            return f"{sign}{digits}{_SUFFIX[scale]}"


def printed_places(quantity: Quantity, scale: Scale) -> int:
    """How many decimals are printed: as many as the trade prints for the unit, fewer where the interval is wide.

    An exact number (a guided range's end) has those that it needs, a midpoint one more; an open-ended one those that were written.
    """
    width = quantity.interval.width / scale.factor
    places = _most_places(quantity, scale)
    if width == 0 or not width.is_finite():
        given = max(-int((quantity.value / scale.factor).normalize().as_tuple().exponent), 0)
        least = places if quantity.unit.cls is UnitClass.PER_SHARE else 0
        return max(least, min(given, places + (width == 0)))
    while places > -12 and width > _SLACK.scaleb(-places):
        places -= 1
    return places


def _most_places(quantity: Quantity, scale: Scale) -> int:
    match quantity.unit.cls:
        case UnitClass.MONEY:
            return 1 if scale in (Scale.ONE, Scale.THOUSAND, Scale.MILLION) else 2
        case UnitClass.PER_SHARE:
            return 2
        case UnitClass.PERCENT | UnitClass.POINTS | UnitClass.MULTIPLE | UnitClass.SHARES:
            return 1
        case UnitClass.COUNT:
            return 0 if scale in (Scale.ONE, Scale.THOUSAND) else 2
        case UnitClass.DAYS:
            return 0


# Changes on these bases are said to be so: they leave out what the reported change holds.
_COMPARABLE = {Basis.ORGANIC: "organic", Basis.CONSTANT_CURRENCY: "in constant currency"}


def written_with_base(figure: Figure, base: Figure | None = None) -> str:
    """A change with what it is measured against: `+11.4 pp y/y (16.2% in Q1 2025)`; a level as `written`.

    A derived fact knows its own base; for a rate that the source states, `FactBase.base_of` finds it.
    """
    text = written(figure)
    if figure.change is None:
        return text
    text += f" {figure.change.words}"
    if (basis := _COMPARABLE.get(figure.basis)) and basis.split()[-1] not in figure.label.lower():
        text += f", {basis}"
    if isinstance(figure, DerivedFact):
        base = figure.base
    if base is not None:
        text += f" ({written(base)}" + (")" if base.role is Role.CONSENSUS else f" {base.period.when})")
    return text
