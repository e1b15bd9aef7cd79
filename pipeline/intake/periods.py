"""Fiscal periods by their names, and what a period is to the reported one: its role, and how its facts are called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from pipeline.facts.figures import stem
from pipeline.facts.sheet import Period, PeriodKind, Role

_YEAR, _YEAR_SLACK = timedelta(days=365), timedelta(days=10)
_QUARTER, _QUARTER_SLACK = timedelta(days=91), timedelta(days=14)

_PART = r"(?P<part>q[1-4]|[1-4]q|h[12]|[12]h|9m|fy)"
_LABELS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_PART}[ _.'’-]*(?:fy[ '’]*)?(?P<year>[0-9]{{4}}|[0-9]{{2}})",
        rf"(?:fy[ '’]*)?(?P<year>[0-9]{{4}})[ _.-]*{_PART}",
        rf"fy[ '’]*(?P<year>[0-9]{{2}})[ _.-]*{_PART}",
    )
)
_KINDS = {"q": PeriodKind.QUARTER, "h1": PeriodKind.YTD, "9m": PeriodKind.YTD, "fy": PeriodKind.ANNUAL}
_SUFFIXES = {PeriodKind.YTD: "ytd", PeriodKind.ANNUAL: "fy", PeriodKind.TTM: "ttm", PeriodKind.QUARTER: "quarter"}


@dataclass(frozen=True, slots=True)
class Label:
    """A fiscal year, and the part of it: q1 to q4, h1, h2, 9m, or fy for all of it."""

    year: int
    part: str

    @property
    def id(self) -> str:
        """As sheets call the period: 2026q1, 2025fy."""
        return f"{self.year}{self.part}" if self.part != "9m" else f"{self.year}_9m"

    @property
    def kind(self) -> PeriodKind | None:
        """What stretch of time it is; None for a second half, which is no stretch that sheets know."""
        return _KINDS.get(self.part) or _KINDS.get(self.part[0])

    @property
    def words(self) -> str:
        """As prose writes it: Q1 2026, FY2025."""
        return f"FY{self.year}" if self.part == "fy" else f"{self.part.upper()} {self.year}"

    def later(self, quarters: int) -> Label:
        """The quarter or year so many quarters from this one; of a year, whole years are counted."""
        if self.part == "fy":
            return Label(self.year + quarters // 4, "fy")
        index = self.year * 4 + int(self.part[1]) - 1 + quarters
        return Label(index // 4, f"q{index % 4 + 1}")


def label(written: str) -> Label | None:
    """`Q1 2026`, `1Q26`, `Q1 FY26`, `2026q1`, `FY2025`, `2025fy`, `H1 2026`, `9M 2026` as year and part; None for other texts."""
    text = " ".join(written.lower().split())
    for pattern in _LABELS:
        if match := pattern.fullmatch(text):
            part = match["part"]
            year = int(match["year"])
            return Label(year + 2000 if year < 100 else year, part if part in ("9m", "fy") else "".join(sorted(part, reverse=True)))
    return None


def role(period: Period, reported: Period) -> Role:
    """What the period's own figures are to the reported one: later ones can be nothing but guidance, unless somebody says so.

    The year that ends with a reported quarter, or a quarter within a reported year, is another stretch of time: history.
    """
    before = reported.end - period.end
    if before < timedelta(0):
        return Role.GUIDANCE
    if period.kind not in (reported.kind, PeriodKind.INSTANT, PeriodKind.YTD, PeriodKind.TTM):
        return Role.HISTORY
    if not before:
        return Role.ACTUAL
    if abs(before - _YEAR) <= _YEAR_SLACK:
        return Role.PRIOR_YEAR
    is_short = period.kind in (PeriodKind.QUARTER, PeriodKind.INSTANT)
    if is_short and reported.kind is not PeriodKind.ANNUAL and abs(before - _QUARTER) <= _QUARTER_SLACK:
        return Role.PRIOR_QUARTER
    return Role.HISTORY


def fact_id(metric: str, segment: str | None, role: Role, period: Period, reported: Period, ending: str = "") -> str:
    """`revenue`, `revenue.prior_year`, `history.2024q1.revenue`, `guidance.revenue`, `consensus_fy.revenue`.

    `ending` is what is said of a change or of a basis, for instance `yoy_reported`.
    """
    name = stem(metric, segment)
    name += f".{ending}" if ending else ""
    if role is Role.HISTORY:
        return f"history.{_slug(period)}.{name}"
    if role in (Role.GUIDANCE, Role.CONSENSUS):
        return f"{role}{_ahead(role, period, reported)}.{name}"
    if period.kind not in (reported.kind, PeriodKind.INSTANT):
        name += f".{_SUFFIXES[period.kind]}"
    return name if role in (Role.ACTUAL, Role.MARKET) else f"{name}.{role}"


def _ahead(role: Role, period: Period, reported: Period) -> str:
    """How the cases call what is expected of later periods: the next one, the current year, or one by its id."""
    ahead = period.end - reported.end
    # What a balance is expected to be belongs to the period that ends on that day.
    is_alike = period.kind in (reported.kind, PeriodKind.INSTANT)
    step, slack = (_YEAR, _YEAR_SLACK) if reported.kind is PeriodKind.ANNUAL else (_QUARTER, _QUARTER_SLACK)
    if is_alike and role is Role.CONSENSUS and abs(ahead) <= timedelta(days=10):
        return ""
    if is_alike and abs(ahead - step) <= slack:
        return "" if role is Role.GUIDANCE else "_next"
    if period.kind is PeriodKind.ANNUAL and timedelta(0) <= ahead < _YEAR - _YEAR_SLACK:
        return "_fy"
    return f".{_slug(period)}"


def _slug(period: Period) -> str:
    return re.sub(r"[^a-z0-9_]", "_", period.id)
