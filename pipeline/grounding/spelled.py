"""Numbers in words: cardinals, fractions, multiples, and the bands of the trade ("mid-teens", "high single digits")."""

from __future__ import annotations

from decimal import Decimal

from pipeline.facts.quantity import Interval, UnitClass
from pipeline.grounding import numerals as words
from pipeline.grounding.numbers import Kind, Number, PeriodLabel
from pipeline.grounding.structure import year_after
from pipeline.grounding.tape import Tape, year_of
from pipeline.grounding.units import settle, take_after, take_before

_HALF = Decimal("0.5")
_ORDER = {"first": 1, "second": 2, "third": 3, "fourth": 4, "opening": 1, "closing": 4, "final": 4}
# How far before "in the first" the word may stand that it leaves out.
_ELLIPSIS = 20
_BEFORE_MONTH = frozenset(("in", "since", "between", "through", "by", "to", "from", "at", "than", "end"))
_DIGIT_BANDS = {"single": (1, 9), "double": (10, 99), "triple": (100, 999)}
_GREAT = frozenset(("hundred", "thousand", "million", "billion", "trillion"))
# After a number word these show that it stands for a thing named before: "one of", "the two are".
_PRONOUN_AFTER = frozenset(("of", "and", "or", "are", "is", "were", "was", "have", "had", "to", "in", "that", "which"))
_POINTING = frozenset(("the", "these", "those"))
# "A third" is a share before or after these, and else an ordinal: "by a third", "a third of revenue", "a third party".
_BEFORE_FRACTION = frozenset(("by", "than", "about", "nearly", "almost", "roughly", "around", "over", "under"))
_AFTER_A_PERIOD = frozenset({"ago", "before", "earlier", "later", "that", "when", "where"})
_AFTER_FRACTION = frozenset(("", "of", ".", ",", ";", "more", "less", "lower", "higher", "below", "above", "on", "y", "from", "in", "to"))
# "First half", "half-year": a period.
_BEFORE_HALF = frozenset(("first", "second", "latter", "back", "front", "other", "better", "final", "last", "this", "next"))
_AFTER_HALF = frozenset(("year", "yearly", "way"))
# "Double the 35.9%" compares; "revenue doubled" changes.
_AFTER_TIMES = frozenset(("the", "its", "that", "as", "what", "their", "revenue", "sales"))


# The words that a number in words may start with.
NUMBER_STARTS = frozenset(
    (
        *words.BAND_PARTS,
        *_DIGIT_BANDS,
        *words.ORDINALS,
        *words.FRACTIONS,
        *words.TIMES,
        *words.MULTIPLIERS,
        *words.NUMBER_WORDS,
        *words.MONTHS,
        "holiday",
        "last",
        "a",
        "an",
    )
)


def in_words(tape: Tape, at: int) -> Number | None:
    """The number whose first word stands at `at`, or None."""
    low = tape.low(at)
    if low in words.BAND_PARTS and (found := _band(tape, at)):
        return found
    if low in _DIGIT_BANDS and (last := _digits_word(tape, at + 1)):
        return _vague(tape, at, last, *_DIGIT_BANDS[low])
    if (low in words.MONTHS or low == "holiday") and (found := _month(tape, at)):
        return found
    if (low in _ORDER or low == "last") and (found := _ordinal_period(tape, at)):
        return found
    if low in words.FRACTIONS and (found := _fraction(tape, at, at, Decimal(1))):
        return found
    if low in words.TIMES and tape.low(at + 1) in _AFTER_TIMES:
        return Number(at, at + 1, value=words.TIMES[low], step=Decimal("0.1"), unit=UnitClass.MULTIPLE)
    if low in words.MULTIPLIERS and _multiplies(tape, at):
        change = words.MULTIPLIERS[low]
        reach = Interval(change - words.MULTIPLIER_SLACK, change + words.MULTIPLIER_SLACK)
        return Number(at, at + 1, value=change, unit=UnitClass.PERCENT, interval=reach, is_change=True, sign=1 if change > 0 else -1)
    if low in words.NUMBER_WORDS or (low in ("a", "an") and tape.low(at + 1) in _GREAT):
        return _cardinal(tape, at)
    return None


def _multiplies(tape: Tape, at: int) -> bool:
    """Whether "double" and "halves" are verbs here: not "double down", nor "both halves"."""
    low = tape.low(at)
    return not (low == "double" and tape.low(at + 1) in ("down", "-")) and not (
        low == "halves" and tape.low(at - 1) in ("both", "two", "the")
    )


# -- cardinals -------------------------------------------------------------------------------------------------------------------


def _cardinal(tape: Tape, at: int) -> Number | None:
    """thirty-five percent, two and a half points, a hundred basis points, three catalysts, two-thirds."""
    value, last = _value(tape, at)
    here = tape.past_hyphen(last)
    noun = tape.low(here)
    is_quarters = noun == "quarters" and value == 3 and (here > last or tape.low(here + 1) == "of")
    if is_quarters or (noun in words.FRACTIONS and noun not in ("quarter", "quarters") and value <= 9):
        return _fraction(tape, at, here, value)
    number = Number(at, last, value=value, step=Decimal(1))
    if tape.low(last) in ("and", "-") and (tape.low(last + 1), tape.low(last + 2)) == ("a", "half"):
        number.value, number.step, number.places, number.last = value + _HALF, Decimal("0.1"), 1, last + 3
    take_after(tape, number)
    if (
        number.unit is UnitClass.MULTIPLE
        and tape.low(number.last - 1) == "times"
        and tape.low(number.last) in ("a", "this", "in", "since", "over")
    ):
        number.unit, number.kind = None, Kind.COUNT
    elif number.unit is None and not number.is_scaled:
        return _count(tape, number)
    return number


def _count(tape: Tape, number: Number) -> Number | None:
    """A number word without a unit counts what follows. "One", "a", and a word that stands for a thing are no numbers."""
    article = tape.low(number.first)
    settle(tape, number)
    if number.kind is None:
        if article in ("one", "a", "an"):
            return None
        number.unit = UnitClass.COUNT
        after = tape.low(number.last)
        # "In other words the two drifted apart".
        is_pronoun = after in _PRONOUN_AFTER or (tape.low(number.first - 1) in _POINTING and not after.endswith("s"))
        if tape.kind_of(tape.past_hyphen(number.last)) != "word" or number.value == 0 or is_pronoun:
            number.kind = Kind.COUNT
    return number


def _value(tape: Tape, at: int) -> tuple[Decimal, int]:
    """The value of a cardinal and the token after it."""
    low = tape.low(at)
    if low in ("a", "an"):
        return (Decimal(100), at + 2) if tape.low(at + 1) == "hundred" else (Decimal(1), at + 1)
    value, last = words.NUMBER_WORDS[low], at + 1
    here = tape.past_hyphen(last)
    if low in words.TENS and here > last and 1 <= words.SMALL.get(tape.low(here), Decimal(0)) <= 9:
        value, last = value + words.SMALL[tape.low(here)], here + 1
    if tape.low(last) == "hundred":
        value, last = value * 100, last + 1
    if tape.low(last) == "point" and tape.low(last + 1) in words.SMALL:
        value, last = value + words.SMALL[tape.low(last + 1)] / 10, last + 2
    return value, last


def _month(tape: Tape, at: int) -> Number | None:
    """The December quarter, in September, "Dec:". A day or a year behind the month is read with its digits."""
    here = tape.past_hyphen(at + 1)
    month = words.MONTHS.get(tape.low(at), 12)
    is_listed = tape.low(at + 1) in ("and", "or", "to") and tape.low(at + 2) in words.MONTHS and tape.low(at + 3) == "quarters"
    if is_listed or tape.low(here) == "quarters":
        return Number(at, at + 1, kind=Kind.QUARTER, label=PeriodLabel("quarter", None, month))
    if tape.low(here) == "quarter":
        last, year = year_after(tape, here + 1)
        return Number(at, last, kind=Kind.QUARTER, label=PeriodLabel("quarter", year, month))
    if not tape.tokens[at].is_capital or tape.kind_of(at + 1) == "number" or tape.kind_of(at - 1) == "number":
        return None
    if tape.low(at + 1) in ("-", "'", "’") and tape.touches(at + 2) and len(tape.low(at + 2)) == 2 and tape.low(at + 2).isdigit():
        return Number(at, at + 3, kind=Kind.DATE, label=PeriodLabel(None, year_of(tape.low(at + 2)), month))
    if (
        tape.low(at + 1) in (":", "year", "end")
        or tape.low(at - 1) in _BEFORE_MONTH
        or (tape.low(at - 1) in ("and", "-", "–") and tape.low(at - 2) in words.MONTHS)
        or (tape.low(at - 1) == "of" and tape.low(at - 2) == "end")
    ):
        return Number(at, at + 1, kind=Kind.DATE, label=PeriodLabel(None, None, month))
    return None


def _ordinal_period(tape: Tape, at: int) -> Number | None:
    """first quarter of 2026, second half, fourth-quarter."""
    here = tape.past_hyphen(at + 1)
    if tape.low(here) == "fiscal":
        here += 1
    if tape.low(at - 1) == "the" and tape.low(at - 2) in ("in", "for") and tape.low(here) in (",", ".", ";", ")", ""):
        # "From CNY 1,752.3m in the third quarter to CNY 1,902.4m in the fourth", "$25.1bn in the second half, after $19.05bn in the first".
        said = next((tape.low(n) for n in range(at, max(at - _ELLIPSIS, 0), -1) if tape.low(n) in ("quarter", "half", "halves")), "")
        if said and not (said != "quarter" and _ORDER.get(tape.low(at), 0) > 2):
            return Number(at, at + 1, kind=Kind.QUARTER, label=PeriodLabel(f"{said[0]}{_ORDER.get(tape.low(at), 0)}", None))
    if tape.low(at + 1) == "-" and tape.low(at + 2) in ("and", "to", "or") and tape.low(at + 3) in _ORDER:
        # "Third- and fourth-quarter revenue": the word is said once.
        unit = tape.low(tape.past_hyphen(at + 4))
        label = PeriodLabel(f"{unit[:1]}{_ORDER.get(tape.low(at), 0)}", None)
        return Number(at, at + 1, kind=Kind.QUARTER, label=label) if unit in ("quarter", "half") else None
    unit, order = tape.low(here), _ORDER.get(tape.low(at))
    if tape.low(at) == "last":
        behind, in_year = year_after(tape, here + 1)
        # "The last quarter of 2021" is its fourth; without a year it is the one before.
        return Number(at, behind, kind=Kind.QUARTER, label=PeriodLabel("q4", in_year)) if unit == "quarter" and in_year else None
    if order is None or unit not in ("quarter", "half") or order > (4 if unit == "quarter" else 2):
        return None
    last, year = year_after(tape, here + 1)
    return Number(at, last, kind=Kind.QUARTER, label=PeriodLabel(f"{unit[0]}{order}", year))


# -- fractions -------------------------------------------------------------------------------------------------------------------


def _fraction(tape: Tape, first: int, at: int, count: Decimal) -> Number | None:
    """half, a third of, two-thirds, three-quarters, half a billion."""
    if tape.low(at) == "half":
        if tape.low(at + 1) in ("a", "an") and tape.scale_at(at + 2):
            number = Number(first, at + 2, value=_HALF, step=Decimal("0.1"))
            take_after(tape, number)
            take_before(tape, number)
            return number
        if tape.low(at - 1) == "the" and tape.low(at - 2) in ("in", "for", "over", "during", "of"):
            return None
        if tape.low(at - 1) in _BEFORE_HALF or tape.low(tape.past_hyphen(at + 1)) in _AFTER_HALF:
            return None
    elif count == 1 and not _is_share(tape, at):
        return None
    if first == at and tape.low(at - 1) in ("a", "one") and tape.floor < at:
        first -= 1
    value = words.FRACTIONS[tape.low(at)] * count
    return Number(
        first, at + 1, value=value, unit=UnitClass.PERCENT, interval=Interval(value - words.FRACTION_SLACK, value + words.FRACTION_SLACK)
    )


def _is_share(tape: Tape, at: int) -> bool:
    """Whether "third" or "quarter" is a share and no ordinal or period."""
    before = tape.low(at - 1)
    if tape.low(at) == "quarter" and (tape.low(at + 1) in _AFTER_A_PERIOD or (tape.low(at + 1), tape.low(at + 2)) == ("in", "which")):
        # "8.1% fewer than a quarter earlier", "leans on a quarter in which shops were shut".
        return False
    if before in ("a", "one"):
        return tape.low(at + 1) in _AFTER_FRACTION or tape.low(at - 2) in _BEFORE_FRACTION
    return before == "-" and tape.low(at - 2) == "one"


# -- bands -----------------------------------------------------------------------------------------------------------------------


def _band(tape: Tape, at: int) -> Number | None:
    """mid-teens, high twenties, low-30s, low single digits."""
    here = at + 2 if tape.low(at + 1) == "-" and tape.touches(at + 2) else at + 1
    low = tape.low(here)
    if low in words.DECADES:
        decade, last = words.DECADES[low], here + 1
    elif low in ("single", "double") and (after := _digits_word(tape, here + 1)):
        decade, last = (0 if low == "single" else 10), after
    elif low.isdigit() and len(low) == 2 and tape.low(here + 1) == "s" and tape.touches(here + 1):
        decade, last = int(low), here + 2
    else:
        return None
    least, most = words.BAND_PARTS[tape.low(at)]
    return _vague(tape, at, last, max(decade + least, 1), decade + most)


def _digits_word(tape: Tape, at: int) -> int | None:
    """The token after "digit" or "digits", with or without a hyphen before it."""
    here = tape.past_hyphen(at)
    return here + 1 if tape.low(here) in ("digit", "digits") else None


def _vague(tape: Tape, first: int, last: int, least: int, most: int) -> Number:
    """A word that covers a range of whole percents, or of another unit where it says so."""
    low, high = least - _HALF, most + _HALF
    number = Number(first, last, value=(low + high) / 2, unit=UnitClass.PERCENT, interval=Interval(low, high))
    if unit := tape.unit_at(last):
        number.last, (number.unit, _) = unit
    return number
