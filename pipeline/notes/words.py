"""The words that a note uses for the values of its enums, for counts, and for thresholds."""

from __future__ import annotations

from decimal import Decimal

from pipeline.facts.figures import in_words
from pipeline.facts.quantity import UnitClass, parse_unit
from pipeline.facts.sheet import Basis, Role
from pipeline.notes.models import FactUsed, GapSign

_WORDS = {
    "next_1_2_quarters": "next 1-2 quarters",
    "next_12_18_months": "next 12-18 months",
    "beyond": "beyond 18 months",
    "summarize": "summary",
    "second_order": "second-order effects",
}
_BASIS: dict[str, str] = {
    Basis.GAAP: "GAAP",
    Basis.IFRS: "IFRS",
    Basis.KPI: "company-defined figure",
    Basis.MARKET: "market data",
    Basis.UNSTATED: "basis not stated",
}
_ROLE: dict[str, str] = {
    Role.ACTUAL: "reported",
    Role.PRIOR_YEAR: "year-ago base",
    Role.PRIOR_QUARTER: "prior-quarter base",
    Role.HISTORY: "earlier period",
    Role.MARKET: "market data",
}
_GAP = {
    GapSign.STREET_TOO_HIGH: "The street looks too high on {}",
    GapSign.STREET_TOO_LOW: "The street looks too low on {}",
    GapSign.RIGHT_NUMBER_WRONG_REASON: "The street has the right number for the wrong reason on {}",
    GapSign.IN_LINE: "We stand where the street stands on {}",
    GapSign.NO_ESTIMATE: "We have no street estimate of {}",
}
_COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def words(value: str) -> str:
    """`capital_return` -> `capital return`, `next_1_2_quarters` -> `next 1-2 quarters`."""
    return _WORDS.get(value, value.replace("_", " "))


def basis_words(basis: str) -> str:
    """By whose rules a figure was made up; says so when nobody does."""
    return _BASIS.get(basis, words(basis))


def role_words(fact: FactUsed) -> str:
    """What the fact is to the note: reported, computed, year-ago base, guidance, ..."""
    if fact.role == Role.ACTUAL and fact.formula is not None:
        return "computed"
    return _ROLE.get(fact.role, words(fact.role))


def gap_words(sign: GapSign, label: str) -> str:
    """Where the street stands against us on the metric that `label` names."""
    return _GAP[sign].format(label)


def counted(number: int, thing: str) -> str:
    """`two parts`: counts are written out, so that no reader (or checker) takes one for a figure of the company."""
    count = _COUNTS[number] if number < len(_COUNTS) else str(number)
    return f"{count} {thing}{'' if number == 1 else 's'}"


def listed(things: list[str]) -> str:
    """`a, b and c`."""
    return " and ".join(part for part in (", ".join(things[:-1]), *things[-1:]) if part)


def label_in_sentence(fact: FactUsed) -> str:
    """`Gross margin` -> `gross margin`; acronyms and segment names keep their capitals."""
    name = fact.label
    return name if fact.segment is not None or name[:2].isupper() else name[:1].lower() + name[1:]


def threshold_words(threshold: Decimal, fact: FactUsed | None) -> str:
    """A threshold in the printed unit and scale of the fact that it is set on: `12.8%`, `CNY 2,703.7m`, `+10 pp y/y`.

    Every digit is kept: a threshold is exact, whatever the fact's own rounding. Without the fact, the bare number.
    """
    exact = abs(threshold).normalize() + 0
    sign = "-" if threshold < 0 else ""
    if fact is None:
        return f"{sign}{exact:,f}"
    try:
        unit, _ = parse_unit(fact.unit)
    except ValueError:
        return f"{sign}{exact:,f} {fact.unit}"
    cents = unit.cls is UnitClass.PER_SHARE and int(exact.as_tuple().exponent) > -2
    digits = f"{exact.quantize(Decimal('0.01')) if cents else exact:,f}"
    if threshold > 0 and (fact.change is not None or unit.cls is UnitClass.POINTS):
        sign = "+"
    base = f" {fact.change.words}" if fact.change is not None else ""
    text = in_words(sign, digits, unit, fact.scale)
    return (text.removesuffix(" per share") if "EPS" in fact.label else text) + base
