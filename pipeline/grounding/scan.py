"""Tokens -> numbers, from left to right, and the ranges that they form.

A number that cannot be read is kept with its `problem`, so that nothing is passed over in silence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from pipeline.facts.quantity import Interval, UnitClass
from pipeline.grounding import lexicon, numerals
from pipeline.grounding.numbers import Kind, Number, PeriodLabel
from pipeline.grounding.spelled import NUMBER_STARTS, in_words
from pipeline.grounding.structure import structural
from pipeline.grounding.tape import Tape
from pipeline.grounding.tokens import Token
from pipeline.grounding.units import settle, take_after, take_before

_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+")
_VERSION = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4}){2,}")
_ISO_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_OTHER_WAY = str.maketrans(".,", ",.")
_GLUED = re.compile(r"([a-z]{3})(k|m|mn|b|bn)")
_MOST_DIGITS = 24
_VULGAR = frozenset("¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞")
_RANGE_WORDS = (["-"], ["–"], ["to"], ["and"], ["or"], ["-", "to"], ["-", "or"])
_BASES = frozenset(("y/y", "q/q", "yoy", "qoq"))


def scan(tokens: Sequence[Token], text: str, decimal_mark: str = ".") -> list[Number]:
    """Every number of a text, in order. `decimal_mark` stands before the decimals; the other of point and comma groups thousands."""
    tape = Tape(tokens, text, decimal_mark)
    found: list[Number] = []
    at = 0
    while at < len(tokens):
        is_other = tokens[at].kind == "word" and tape.lows[at] not in NUMBER_STARTS and tape.lows[at][0] not in _VULGAR
        number = None if is_other else _at(tape, at)
        if number is None:
            at += 1
            continue
        number.seal()
        found.append(number)
        at = tape.floor = max(number.last, at + 1)
    for left, right in pairwise(found):
        _join(tape, left, right)
    _scale_all(tape, found)
    return found


def _at(tape: Tape, at: int) -> Number | None:
    token = tape.tokens[at]
    if token.low[0] in _VULGAR:
        return Number(at, at + 1, problem="a fraction sign cannot be read safely")
    match token.kind:
        case "number":
            return _digits(tape, at)
        case "word":
            return in_words(tape, at)
        case "symbol":
            return None
        case "script":
            return Number(at, at + 1, problem="it is written in the digits of another script")
        case "url" | "mail":
            return Number(at, at + 1, kind=Kind.URL) if any(c.isdigit() for c in token.low) else None
    number = Number(at, at + 1, kind=Kind(token.kind))
    if match := _ISO_DAY.fullmatch(token.low):
        number.label = PeriodLabel(None, *(int(part) for part in match.groups()))
    return number


def _digits(tape: Tape, at: int) -> Number | None:
    if found := structural(tape, at):
        return found
    written = tape.low(at)
    if _VERSION.fullmatch(written) and not all(len(group) == 3 for group in written.split(".")[1:]):
        return Number(at, at + 1, kind=Kind.NAME)
    number = Number(at, at + 1)
    plain = written if tape.decimal_mark == "." else written.translate(_OTHER_WAY)
    if not (_GROUPED.fullmatch(plain) or _PLAIN.fullmatch(plain)):
        form = "1,234.56" if tape.decimal_mark == "." else "1.234,56, as the fact sheet's decimal_mark says"
        number.problem = f"its points and commas are ambiguous: write {form}"
    elif len(written) > _MOST_DIGITS:
        number.problem = "it has too many digits for a figure"
    else:
        number.value = Decimal(plain.replace(",", ""))
        number.places = len(plain.partition(".")[2])
        number.step = Decimal(1).scaleb(-number.places)
    take_before(tape, number)
    take_after(tape, number)
    return settle(tape, number)


# -- scales that stand for a whole line ------------------------------------------------------------------------------------------


def _scale_all(tape: Tape, found: Sequence[Number]) -> None:
    """ "Revenue (CNY m): 2,703.7 vs 1,970.0": what a bracket or a colon says once holds for the line's bare numbers behind it."""
    for at in range(len(tape.tokens)):
        if tape.low(at) in ("(", "in", ",") and (declared := _declared(tape, at + 1)):
            last, currencies, power = declared
            for number in found:
                if number.first < last or number.kind is not None or number.unit is not None or number.is_scaled or number.value is None:
                    continue
                if "\n" in tape.text[tape.tokens[at].start : tape.tokens[number.first].start]:
                    break
                factor = Decimal(10) ** power
                number.value, number.is_scaled = number.value * factor, power > 0
                if number.step is not None and number.interval is not None:
                    number.step = number.step * factor
                    number.interval = Interval(number.interval.low * factor, number.interval.high * factor)
                if currencies:
                    number.currencies, number.unit = currencies, UnitClass.MONEY


def _declared(tape: Tape, at: int) -> tuple[int, tuple[str, ...], int] | None:
    """The token behind a scale without a number, its currencies and its power of ten: "CNY m)", "$m)", "in millions)", "USD m:"."""
    if tape.low(at) == "in":
        at += 1
    if (
        (glued := _GLUED.fullmatch(tape.low(at)))
        and glued[1].upper() in numerals.CURRENCY_CODES | {"RMB"}
        and tape.low(at + 1) in (")", ":", ",")
    ):
        return at + 1, ("CNY",) if glued[1] == "rmb" else (glued[1].upper(),), numerals.SCALES[glued[2]]
    currencies = tape.currency_of(at)
    if currencies:
        at += 1
    low = tape.low(at)
    if low not in numerals.SCALES or tape.kind_of(at + 1) == "number" or tape.low(at + 1) not in (")", ":", ","):
        return None
    if not currencies and len(low) == 1 and tape.low(at - 1) != "(":
        return None
    return at + 1, currencies, numerals.SCALES[low]


# -- ranges --------------------------------------------------------------------------------------------------------------------


def _join(tape: Tape, left: Number, right: Number) -> None:
    """Link the ends of a range, and let the end without a unit take the other's: 3.45-3.55, 9 to 11 percent, $8.40 - $9.20."""
    gap = [tape.low(at) for at in range(left.last, right.first)]
    before = tape.low(left.first - 1)
    is_written_twice = left.unit is not None and left.unit is right.unit
    if is_written_twice and gap[-1:] == ["to"] and "".join(gap[:-1]) in _BASES:
        gap = ["to"]
    if left.kind is Kind.COUNT and before == "between" and right.unit is not None and left.value is not None:
        left.kind, left.unit = None, None
    if gap == ["out", "of"] and left.kind is None and right.kind is None and None in (left.unit, right.unit) and left.value is not None:
        # "24.1 out of 46.7 billion dollars", "twenty cents out of 58".
        _share_unit(left, right)
    if gap not in _RANGE_WORDS or (gap == ["and"] and before != "between") or left.problem or right.problem:
        return
    if gap == ["to"] and before == "by" and left.unit is right.unit:
        return
    if is_written_twice and gap == ["to"] and (before == "by" or (before in lexicon.DIRECTIONS and before not in lexicon.CHANGE_NOUNS)):
        # "Up 38 days to 141 days": a change and a level.
        return
    if right.kind is Kind.HORIZON and left.kind in (None, Kind.COUNT):
        left.kind, left.partner, right.partner = Kind.HORIZON, right, left
    elif left.kind is None and right.kind is None and left.value is not None and right.value is not None:
        _share_unit(left, right)
        if left.unit is right.unit and before != "from":
            left.partner, right.partner = right, left


def _share_unit(left: Number, right: Number) -> None:
    """What one end is written with holds for both: "$10.5-11.5 billion"."""
    if left.unit is UnitClass.MONEY and right.unit is UnitClass.PER_SHARE and not left.is_scaled:
        left.unit = UnitClass.PER_SHARE
    if left.unit is UnitClass.MONEY and right.unit in (None, UnitClass.MONEY):
        right.unit, right.currencies = left.unit, right.currencies or left.currencies
    elif right.unit is None and not right.is_scaled:
        right.unit, right.currencies = left.unit, left.currencies
    elif left.unit is None and not left.is_scaled:
        left.unit, left.currencies = right.unit, right.currencies
        _rescale(left, right)
    if left.unit is right.unit and right.is_scaled and not left.is_scaled:
        left.currencies = left.currencies or right.currencies
        _rescale(left, right)


def _rescale(number: Number, like: Number) -> None:
    """Multiply by what the other number's digits were multiplied by: its scale, or the hundredth of a basis point."""
    if like.step is None or number.step is None or number.value is None or number.interval is None:
        return
    factor = like.step.scaleb(like.places)
    number.value, number.step, number.is_scaled = number.value * factor, number.step * factor, like.is_scaled
    number.interval = Interval(number.interval.low * factor, number.interval.high * factor)
