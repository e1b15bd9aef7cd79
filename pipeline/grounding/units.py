"""What stands around a number: sign, currency, bracket, scale, unit, and what a bare number counts."""

from __future__ import annotations

from decimal import Decimal

from pipeline.facts.quantity import UnitClass
from pipeline.grounding import numerals as words
from pipeline.grounding.numbers import Kind, Number
from pipeline.grounding.tape import Tape

_MOST_LISTED = 20
_AS_FAR = 16
_ADJECTIVES = frozenset(
    [
        "more",
        "further",
        "consecutive",
        "straight",
        "full",
        "additional",
        "calendar",
        "fiscal",
        "successive",
        "reported",
        "coming",
        "trading",
    ]
)


def take_before(tape: Tape, number: Number) -> None:
    """Sign, currency and accounting bracket in front: -$0.16, CNY -316m, $(0.16), US$1.2bn, (1,234)."""
    at = number.first - 1
    floor = tape.floor
    at = take_sign(tape, number, at, floor)
    bracket = at if tape.low(at) == "(" and tape.touches(number.first) else None
    symbol = at - 1 if bracket is not None else at
    if symbol >= floor and (currencies := tape.currency_of(symbol)):
        number.currencies = currencies
        number.first = symbol
        if tape.low(symbol) == "$" and tape.touches(symbol) and tape.low(symbol - 1) in words.DOLLAR_PREFIXES and symbol - 1 >= floor:
            number.first -= 1
            number.currencies = (words.DOLLAR_PREFIXES[tape.low(symbol - 1)],)
        if not number.sign:
            take_sign(tape, number, number.first - 1, floor)
        if bracket is not None and tape.low(number.last) == ")":
            number.sign, number.last = -1, number.last + 1
    elif bracket is not None and bracket >= floor and tape.low(number.last) == ")" and number.value is not None and not number.sign:
        # Prose puts units inside its brackets; a bare number alone in brackets is an accountant's negative.
        number.sign, number.first, number.last = -1, bracket, number.last + 1


def take_sign(tape: Tape, number: Number, at: int, floor: int) -> int:
    """Take a sign that touches what follows and not what stands before; return where to look next."""
    if at >= floor and tape.low(at) in ("-", "+", "–") and tape.touches(at + 1):
        before = tape.kind_of(at - 1)
        if not tape.touches(at) or (before == "symbol" and tape.low(at - 1) not in (")", "]", "%")) or tape.currency_of(at - 1):
            number.sign = 1 if tape.low(at) == "+" else -1
            number.first = min(number.first, at)
            return at - 1
    if at >= floor and tape.low(at) in ("minus", "negative") and not number.sign:
        number.sign, number.first = -1, min(number.first, at)
        return at - 1
    return at


def take_after(tape: Tape, number: Number) -> None:
    """Scale, currency, unit and per-share words behind: 2.7 billion yuan, 3.4-point, 340bp, 16 cents a share."""
    at = number.last
    scaled = tape.scale_at(at)
    if scaled is not None:
        number.multiply(Decimal(10) ** scaled[1])
        number.is_scaled = True
        at = scaled[0]
    if not number.currencies and (found := tape.currency_of(tape.past_hyphen(at))) and not tape.starts_number(at):
        number.currencies = found
        at = tape.past_hyphen(at) + 1
    elif number.currencies and tape.currency_of(at) and tape.currency_of(at)[0] in number.currencies and not tape.starts_number(at):
        at += 1
    unit = tape.unit_at(at)
    if unit is not None:
        at, (number.unit, factor) = unit
        number.multiply(factor)
    elif (
        tape.low(cents := tape.past_hyphen(at)) in words.CENTS
        and (len(tape.low(cents)) > 1 or tape.touches(cents))
        and not number.is_scaled
    ):
        number.unit = UnitClass.MONEY
        number.multiply(Decimal("0.01"))
        at = cents + 1
    elif number.currencies:
        number.unit = UnitClass.MONEY
    if number.unit in (None, UnitClass.MONEY) and (number.currencies or number.unit) and (beyond := tape.phrase_at(at, words.PER_SHARE)):
        number.unit = UnitClass.PER_SHARE
        at = beyond
    number.last = at


def settle(tape: Tape, number: Number) -> Number:
    """A number without a unit: a horizon, a count, or left open."""
    if number.problem or number.unit is not None or number.is_scaled or number.sign:
        return number
    here = tape.past_hyphen(number.last)
    ahead = [tape.low(here), tape.low(here + 1)]
    if number.places == 0:
        if ahead[0] in words.HORIZONS:
            number.kind, number.last = Kind.HORIZON, here + 1
        elif ahead[0] in _ADJECTIVES and ahead[1] in words.HORIZONS:
            number.kind, number.last = Kind.HORIZON, here + 2
        elif number.value is not None and number.value <= _MOST_LISTED and (counts_listed(tape, here) or opens_list(tape, number, here)):
            number.kind = Kind.COUNT
        elif tape.kind_of(here) == "word":
            number.noun = ahead[0]
    return number


def opens_list(tape: Tape, number: Number, at: int) -> bool:
    """Whether a colon follows within a few words, so that the text itself lists what is counted: "we count three drags: ..."."""
    if tape.kind_of(number.first) != "word":
        return False
    for here in range(at, at + _AS_FAR):
        if tape.low(here) == ":":
            return here > at
        if tape.low(here) in (".", ",", ";", ""):
            return False
    return False


def counts_listed(tape: Tape, at: int) -> bool:
    """Whether a noun of the text's own follows within a few adjectives: "two large structural forces"."""
    for here in range(at, at + 4):
        if tape.low(here) in words.LISTED:
            return True
        if tape.kind_of(here) != "word":
            return False
    return False
