"""Which period each column of a table is of, told from heads that may run over several lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from pipeline.facts.sheet import PeriodKind
from pipeline.intake.release.dates import DAY, NAMED_QUARTER, NUMERIC, ORDINALS, QUARTER_WORD, STRETCH, YEAR, Stretch, day_of, stretch_of

_NOTES = re.compile(
    r"\([^()]*(?:in millions|in thousands|in billions|unaudited|per share|percentages)[^()]*\)"
    r"|\bunaudited\b|\bas of\b|\bat\b|\bthe\b|\bfor\b"
    r"|\b(?:increase|decrease|change|inc|dec|variance|vs)\b|[$%(),.*:|/^–—-]",
    re.IGNORECASE,
)
CHANGE = re.compile(r"\b(?:change|inc|increase|decrease|variance)\b", re.IGNORECASE)
"""Marks columns behind those of the periods, which say how one differs from the other."""
_SCALES = re.compile(r"(?:dollars|shares|amounts|and|in (?:millions|thousands)|except per share (?:data|amounts)|\s)+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Column:
    """`kind` is INSTANT for a day."""

    kind: PeriodKind
    end: date
    weeks: int | None = None


Quarters = Callable[[int, int], Column | None]
"""The column of a quarter (1 to 4) of a fiscal year, as heads name them without a day; None for one that is not known."""


def is_head(text: str) -> bool:
    """Whether a line has dates, years or stretches of time, and nothing else of weight."""
    if not re.search(r"\d|end(?:ed|ing)|quarter", text, re.IGNORECASE) or text.rstrip().endswith((".", ";")) or len(text.split()) > 40:
        return False
    times = [match for pattern in (STRETCH, NAMED_QUARTER, QUARTER_WORD, DAY, NUMERIC, YEAR) for match in pattern.finditer(text)]
    if not times:
        return False
    rest = text
    for pattern in (_NOTES, STRETCH, NAMED_QUARTER, QUARTER_WORD, DAY, NUMERIC, YEAR, _NOTES, _SCALES):
        rest = pattern.sub(" ", rest)
    words = [word for word in rest.split() if not re.fullmatch(r"\d{1,2}", word)]
    return len(words) <= (4 if len(times) > 1 else 0)


def columns_of(head: Sequence[str], *, instants: bool, quarters: Quarters | None = None) -> tuple[Column, ...] | None:
    """The columns that the lines of a head set up; None where they are not certain. `instants`: the table is of days, not of stretches.
    `quarters` knows those that a head names without a day.
    """
    stretches: list[Stretch] = []
    days: list[re.Match[str]] = []
    years: list[int] = []
    for text in head:
        stretches += [stretch_of(match) for match in STRETCH.finditer(text)]
        rest = STRETCH.sub(" ", text)
        found = sorted([*DAY.finditer(rest), *NUMERIC.finditer(rest)], key=lambda match: match.start())
        days += found
        bare = [int(year) for year in YEAR.findall(NUMERIC.sub(" ", DAY.sub(" ", rest)))]
        if bare != years or not bare:  # a line printed twice by a page break
            years += bare
    if quarters is not None and not instants and not stretches and not days:
        return _named(" ".join(head), years, quarters)
    ends = _ends(days, years)
    if ends is None or len(ends) > 12:
        return None
    if instants:
        return tuple(Column(PeriodKind.INSTANT, end) for end in ends) if not stretches else None
    if not stretches or len(ends) % len(stretches):
        return None
    each = len(ends) // len(stretches)
    columns = tuple(Column(kind, end, weeks) for (kind, weeks), chunk in zip(stretches, _chunks(ends, each), strict=True) for end in chunk)
    return columns if len(set(columns)) == len(columns) else None


def _named(head: str, years: Sequence[int], quarters: Quarters) -> tuple[Column, ...] | None:
    """The columns of `Q2 FY24  Q2 FY23`, or of `First Quarter` above `2023  2022`."""
    named = [(int(match["q"]), 2000 + int(match["year"]) % 100) for match in NAMED_QUARTER.finditer(head)]
    words = {ORDINALS[match[1].lower()] for match in QUARTER_WORD.finditer(head)}
    if not named and len(words) == 1:
        named = [(quarter, year) for quarter in words for year in years]
    found = [quarters(quarter, year) for quarter, year in named]
    columns = tuple(column for column in found if column is not None)
    return columns if columns and len(set(columns)) == len(found) <= 12 else None


def _ends(days: Sequence[re.Match[str]], years: Sequence[int]) -> list[date] | None:
    """The days at which the columns end. Days without a year take the years that stand alone: one each, or all of them the one day."""
    whole = [match for match in days if match["year"]]
    open_days = [match for match in days if not match["year"]]
    if not open_days:
        one = whole[0] if len(whole) == 1 else None
        # "March 31, 2023 2022": the year that follows has the same day.
        ends = [day_of(match) for match in whole] + [one and _again(one, year) for year in years] if one or not years else []
    elif len(open_days) == len(years):
        waiting = iter(years)
        ends = [day_of(match) if match["year"] else day_of(match, next(waiting)) for match in days]
    elif not whole and years and len(years) % len(open_days) == 0:
        each = len(years) // len(open_days)
        ends = [day_of(match, year) for match, chunk in zip(open_days, _chunks(years, each), strict=True) for year in chunk]
    else:
        return None
    sure = [end for end in ends if end is not None]
    return sure if sure and len(sure) == len(ends) else None


_T = TypeVar("_T")


def _again(day: re.Match[str], year: int) -> date | None:
    first = day_of(day)
    try:
        return first and first.replace(year=year)
    except ValueError:  # February 29
        return None


def _chunks(items: Sequence[_T], size: int) -> list[Sequence[_T]]:
    return [items[at : at + size] for at in range(0, len(items), size)]
