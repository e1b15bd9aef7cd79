"""What a spreadsheet prints in a cell -> numbers and dates. A formula is text that we refuse; nothing in a cell is run."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from pipeline.facts.quantity import Scale
from pipeline.schemas import shown

Mark = Literal[".", ","]

MISSING = frozenset(("", "-", "--", "---", "–", "—", "n/a", "na", "n.a.", "#n/a", "nm", "n.m.", "none", "null"))
"""What stands where there is no figure, lower case. A dash may mean nil as well: it is never read as zero."""

_SCALES = {
    **dict.fromkeys(("k", "thousand", "thousands"), Scale.THOUSAND),
    **dict.fromkeys(("m", "mn", "mm", "million", "millions"), Scale.MILLION),
    **dict.fromkeys(("b", "bn", "billion", "billions"), Scale.BILLION),
    **dict.fromkeys(("t", "tn", "trillion", "trillions"), Scale.TRILLION),
}
_DOLLARS = frozenset(("USD", "AUD", "CAD", "HKD", "MXN", "NZD", "SGD", "TWD", "CLP", "COP", "ARS"))
_SYMBOLS = {
    "$": _DOLLARS, "US$": {"USD"}, "A$": {"AUD"}, "C$": {"CAD"}, "HK$": {"HKD"}, "NT$": {"TWD"}, "S$": {"SGD"}, "R$": {"BRL"},
    "€": {"EUR"}, "£": {"GBP"}, "¥": {"JPY", "CNY"}, "RMB": {"CNY"}, "₩": {"KRW"}, "₹": {"INR"},
}  # fmt: skip
_CURRENCY = "|".join((*(re.escape(symbol) for symbol in sorted(_SYMBOLS, key=len, reverse=True)), "[A-Z]{3}"))
_GROUPS = {".": "[, ']", ",": "[. ']"}
_MOST_CHARACTERS = 60
_SPACES = str.maketrans(dict.fromkeys("\u00a0\u2007\u2009\u202f", " ") | {"’": "'", "\u2212": "-"})
_RANGE = re.compile(r"(.*[^-\s(])(?:\s+(?:-|–|—|to)\s+|[–—]|(?<=[\d%])-(?=[\d$€£¥]))([^-\s].*)")


def _pattern(mark: Mark) -> re.Pattern[str]:
    number = rf"(?:[0-9]{{1,3}}(?P<group>{_GROUPS[mark]})[0-9]{{3}}(?:(?P=group)[0-9]{{3}})*|[0-9]+)(?:{re.escape(mark)}[0-9]+)?"
    scale = "|".join(sorted(_SCALES, key=len, reverse=True))
    return re.compile(
        rf"(?P<sign>[-+])?\s*(?P<before>{_CURRENCY})?\s*(?P<inner>-)?(?P<number>{number})"
        rf"\s*(?:(?P<scale>(?i:{scale}))\b)?\s*(?P<after>{_CURRENCY})?\s*(?P<unit>%|(?i:x|bps?|pp))?",
        re.ASCII,
    )


_PATTERNS: dict[Mark, re.Pattern[str]] = {".": _pattern("."), ",": _pattern(",")}
_UNITS = {"%": "percent", "x": "x", "bp": "bp", "bps": "bp", "pp": "pp"}


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure as it is printed, or a range. `scale`, `unit` and `currency` are None where the cell itself does not say."""

    value: Decimal | None
    low: Decimal | None = None
    high: Decimal | None = None
    scale: Scale | None = None
    unit: str | None = None
    currency: str | None = None


def cell(written: str, mark: Mark = ".") -> Cell | None:
    """The figure in a cell: `1,970.0`, `(16.5)`, `12.8%`, `$3.28 billion`, `2,800 - 2,900`; None for `--` and the like.

    Raises ValueError, with the reason, for formulas, error values, and whatever else is no figure.
    """
    text = written.translate(_SPACES).strip()
    if text.lower() in MISSING:
        return None
    if len(text) > _MOST_CHARACTERS:
        raise ValueError(f"{shown(written)} is too long for a figure")
    if text[0] in "=@" or (text[0] in "+-" and re.search(r"[A-Za-z]+\$?[0-9]|[-+*/][A-Za-z(]", text[1:])):
        raise ValueError(f"{shown(written)} is a formula: expected its value; formulas are never run")
    if text[0] == "#":
        raise ValueError(f"{shown(written)} is a spreadsheet's error: expected a figure, or n/a")
    single = _single(text, mark)
    if single is not None:
        return single
    if match := _RANGE.fullmatch(text):
        low, high = _single(match[1].strip(), mark), _single(match[2].strip(), mark)
        if low is not None and high is not None:
            return _range(low, high, written)
    examples = "1,234.5, (16.5), 12.8%" if mark == "." else "1.234,5, (16,5), 12,8%"
    raise ValueError(f"{shown(written)} is not a figure: expected such as {examples} or n/a")


def _range(low: Cell, high: Cell, written: str) -> Cell:
    """Two figures as one range. What only the second one says ("8.51 - 8.53 billion") goes for both."""
    for name in ("scale", "unit", "currency"):
        one, other = getattr(low, name), getattr(high, name)
        if one is not None and other is not None and one != other:
            raise ValueError(f"{shown(written)} has two ends of different {name}: expected one")
    if low.value is None or high.value is None or low.value > high.value:
        raise ValueError(f"{shown(written)} is no range: expected the lower end first")
    currency, unit = high.currency or low.currency, high.unit or low.unit
    scale = high.scale or low.scale
    return replace(high, value=None, low=low.value, high=high.value, scale=scale, unit=unit, currency=currency)


def _single(text: str, mark: Mark) -> Cell | None:
    in_brackets = re.fullmatch(r"\((.+)\)\s*(%?)", text)
    match = _PATTERNS[mark].fullmatch(in_brackets[1] + in_brackets[2] if in_brackets else text)
    if match is None or (match["before"] and match["after"]):
        return None
    signs = [match["sign"], match["inner"], "-" if in_brackets else None]
    if len([sign for sign in signs if sign]) > 1:
        return None
    digits = re.sub(_GROUPS[mark], "", match["number"]).replace(",", ".")
    value = Decimal(digits)
    return Cell(
        value.copy_negate() if "-" in signs else value,
        scale=_SCALES[match["scale"].lower()] if match["scale"] else None,
        unit=_UNITS[match["unit"].lower()] if match["unit"] else None,
        currency=match["before"] or match["after"],
    )


def scale_word(written: str) -> Scale | None:
    """`million`, `millions`, `mn`, `m`, `one` and the like as a scale; None for other words."""
    word = written.strip().lower()
    return Scale.ONE if word in ("one", "units", "1") else _SCALES.get(word)


def is_of_currency(sign: str, currency: str) -> bool:
    """Whether a sign before a figure may stand for an ISO 4217 currency: `$` for many, `¥` for two."""
    return currency in _SYMBOLS.get(sign, {sign})


# -- dates ---------------------------------------------------------------------------------------------------------------

_EARLIEST, _LATEST = date(1950, 1, 1), date(2100, 12, 31)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_EXCEL_EPOCH = date(1899, 12, 30)  # day 1 of Excel is January 1, 1900, and Excel thinks that 1900 had a February 29
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]00:00(?::00(?:\.0+)?)?Z?)?")
_DOTTED = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")
_SLASHED = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_NAMED = re.compile(r"(?:([0-9]{1,2})[- ]([A-Za-z]{3,9})\.?[- ,]+|([A-Za-z]{3,9})\.? ([0-9]{1,2}),? )([0-9]{4}|[0-9]{2})")
_SERIAL = re.compile(r"[0-9]{5}")
_EXPECTED = "expected a date such as 2026-03-31"


def day(written: str) -> date:
    """A date as spreadsheets write it: 2026-03-31, 31.03.2026, 3/31/2026, 31-Mar-26, March 31, 2026, or Excel's own 46112.

    Raises ValueError for others, for 3/4/2026, which may be either of two days, and for days before 1950 and after 2100.
    """
    text = written.strip()[:_MOST_CHARACTERS]
    try:
        found = _day(text)
    except (ValueError, OverflowError) as error:
        reason = str(error) if "either" in str(error) else f"{shown(text)} is no day of a calendar: {_EXPECTED}"
        raise ValueError(reason) from None
    if found is None:
        raise ValueError(f"{shown(text)} is not a date: {_EXPECTED}")
    if not _EARLIEST <= found <= _LATEST:
        raise ValueError(f"{shown(text)} lies before {_EARLIEST.year} or after {_LATEST.year}: {_EXPECTED}")
    return found


def _day(text: str) -> date | None:
    if match := _ISO.fullmatch(text):
        return date(int(match[1]), int(match[2]), int(match[3]))
    if match := _DOTTED.fullmatch(text):
        return date(int(match[3]), int(match[2]), int(match[1]))
    if match := _SLASHED.fullmatch(text):
        first, second, year = int(match[1]), int(match[2]), int(match[3])
        if first <= 12 and second <= 12 and first != second:
            raise ValueError(f"{shown(text)} may be either of two days: {_EXPECTED}")
        month, number = (first, second) if first <= 12 else (second, first)
        return date(year, month, number)
    if match := _NAMED.fullmatch(text):
        name = (match[2] or match[3])[:3].lower()
        year = int(match[5]) + (2000 if len(match[5]) == 2 else 0)
        return date(year, _MONTHS.index(name) + 1, int(match[1] or match[4]))
    if _SERIAL.fullmatch(text):
        return _EXCEL_EPOCH + timedelta(days=int(text))
    return None
