"""Numbers that are only structure: names with digits, periods, days, years, list markers."""

from __future__ import annotations

from pipeline.grounding import numerals as words
from pipeline.grounding.numbers import Kind, Number, PeriodLabel
from pipeline.grounding.tape import Tape, is_year, year_of

_OPENED = frozenset(
    ("opened", "opens", "opening", "started", "starts", "began", "begins", "begun", "entered", "off", "into", "closed", "ended")
)
_OPEN_PREFIXES = frozenset(
    [
        "low",
        "mid",
        "high",
        "sub",
        "pre",
        "post",
        "early",
        "late",
        "upper",
        "lower",
        "non",
        "ex",
        "plus",
        "minus",
        "to",
        "and",
        "or",
        "vs",
        "a",
        "between",
    ]
)


def structural(tape: Tape, at: int) -> Number | None:
    """The structural number whose digits stand at `at`, or None."""
    return identifier(tape, at) or calendar(tape, at) or marker(tape, at)


def identifier(tape: Tape, at: int) -> Number | None:
    """A100, COVID-19, 5G, 10-Q, 24/7, 2-for-1, S&P 500, 0700.HK, Q1'26, FY26, 1Q26, 9:30."""
    before, after = tape.low(at - 1), tape.low(at + 1)
    if tape.touches(at) and tape.kind_of(at - 1) == "word" and at - 1 >= tape.floor:
        if period := period_label(tape, at - 1, at):
            return period
        if not tape.currency_of(at - 1):
            return name(tape, at - 1, at)
    if before in ("-", "–") and tape.touches(at) and tape.touches(at - 1) and tape.kind_of(at - 2) == "word" and at - 2 >= tape.floor:
        prefix = tape.low(at - 2)
        if not tape.currency_of(at - 2) and prefix not in _OPEN_PREFIXES and not is_year(tape.low(at)) and not tape.is_unit_next(at + 1):
            return name(tape, at - 2, at)
    if tape.touches(at + 1):
        if tape.kind_of(at + 1) == "word":
            if period := leading_period(tape, at):
                return period
            if not tape.is_suffix(at + 1):
                return name(tape, at, at)
        if after == "-" and tape.low(at + 2) == "for" and tape.kind_of(at + 4) == "number":
            return Number(at, at + 5, kind=Kind.NAME)
        if after == "-" and tape.kind_of(at + 2) == "word" and len(tape.low(at + 2)) == 1 and tape.touches(at + 2):
            return Number(at, at + 3, kind=Kind.NAME)
        if after == "/" and tape.kind_of(at + 2) == "number" and tape.touches(at + 2):
            if (tape.low(at), tape.low(at + 2)) == ("24", "7"):
                return Number(at, at + 3, kind=Kind.NAME)
            if is_year(tape.low(at)):
                return Number(at, at + 3, kind=Kind.YEAR)
            return Number(at, at + 3, problem="two numbers with a slash can be read in several ways")
        if after == ":" and tape.kind_of(at + 2) == "number" and tape.touches(at + 2):
            return Number(at, at + 3, kind=Kind.DATE)
        if after == "." and tape.touches(at + 2) and tape.raw(at + 2).isupper() and tape.kind_of(at + 2) == "word":
            return Number(at, at + 3, kind=Kind.NAME)
    if before in words.NUMBERED_NOUNS and not tape.is_unit_next(at + 1) and tape.low(at).isdigit():
        return Number(at, at + 1, kind=Kind.NAME)
    return None


def name(tape: Tape, first: int, at: int) -> Number:
    """A name that holds digits: everything that touches belongs to it."""
    last = at + 1
    while tape.touches(last) and tape.kind_of(last) in ("word", "number"):
        last += 1
    return Number(first, last, kind=Kind.NAME)


def period_label(tape: Tape, word: int, at: int) -> Number | None:
    """Q1, H2, FY26 with what follows: Q1'26, Q1 2026, Q1 of fiscal 2026, Q1FY26."""
    letter, digits = tape.low(word), tape.low(at)
    if letter in ("fy", "cy") and digits.isdigit() and len(digits) in (2, 4):
        return Number(word, at + 1, kind=Kind.QUARTER, label=PeriodLabel("fy", year_of(digits)))
    if (letter == "q" and digits in "1234") or (letter == "h" and digits in "12"):
        last, year = year_after(tape, at + 1)
        return Number(word, last, kind=Kind.QUARTER, label=PeriodLabel(letter + digits, year))
    return None


def leading_period(tape: Tape, at: int) -> Number | None:
    """1Q26, 2H25, 9M25, 1Q."""
    letter, digits = tape.low(at + 1).removesuffix("fy"), tape.low(at)
    if not ((letter == "q" and digits in "1234") or (letter == "h" and digits in "12") or (letter == "m" and digits in ("6", "9"))):
        return None
    if tape.kind_of(at + 2) == "number" and tape.touches(at + 2) and len(tape.low(at + 2)) in (2, 4) and tape.low(at + 2).isdigit():
        return Number(at, at + 3, kind=Kind.QUARTER, label=PeriodLabel(letter + digits, year_of(tape.low(at + 2))))
    if letter == "m":
        return None
    last, year = year_after(tape, at + 2)
    return Number(at, last, kind=Kind.QUARTER, label=PeriodLabel(letter + digits, year))


def year_after(tape: Tape, at: int) -> tuple[int, int | None]:
    """The token after a year that starts at `at`, and the year; `at` and None where there is none."""
    here = at
    while tape.low(here) in ("of", "fiscal", "year", "calendar", "'", "’", "-", "/", "fy", "cy"):
        here += 1
    digits = tape.low(here)
    # "Q2 24: 24.6%", "(Q2 24)".
    is_short = len(digits) == 2 and ((tape.touches(here) and here > at) or (here == at and tape.low(here + 1) in (":", ")")))
    if tape.kind_of(here) == "number" and digits.isdigit() and (is_year(digits) or is_short):
        return here + 1, year_of(digits)
    return at, None


def calendar(tape: Tape, at: int) -> Number | None:
    """Days and years: March 31, 2026; 31 March; 2026; 2025-26; FY 2026; 2026E."""
    digits = tape.low(at)
    if not digits.isdigit():
        return None
    before = tape.low(at - 1)
    if len(digits) <= 2 and 1 <= int(digits) <= 31 and (dated := day_of(tape, at, int(digits))):
        return dated
    if before in ("'", "’") and tape.touches(at) and len(digits) == 2:
        return Number(at, at + 1, kind=Kind.YEAR, label=PeriodLabel(None, year_of(digits)))
    if not is_year(digits) or tape.currency_of(at - 1) or tape.is_unit_next(at + 1):
        return None
    last = at + 1
    if tape.touches(last) and tape.low(last) in ("e", "a", "f", "s"):
        last += 1
    elif tape.low(last) in ("-", "–", "/") and tape.touches(last) and tape.touches(last + 1) and len(tape.low(last + 1)) in (2, 4):
        last += 2 if tape.low(last + 1).isdigit() and not tape.is_unit_next(last + 2) else 0
    # "Opened fiscal 2024 with" speaks of its first quarter.
    is_whole = before in words.YEAR_WORDS and tape.low(at - 2) not in _OPENED
    part = "fy" if is_whole else None
    month = words.MONTHS.get(before)
    return Number(at, last, kind=Kind.YEAR, label=PeriodLabel(part, int(digits), month))


def day_of(tape: Tape, at: int, day: int) -> Number | None:
    """March 31, 2026 and 31st of March 2026, with what belongs to them."""
    first, last = at, at + 1
    if tape.low(last) in words.ORDINAL_SUFFIXES and tape.touches(last):
        last += 1
    month = at - 2 if tape.low(at - 1) == "." else at - 1
    if tape.low(month) in words.MONTHS and month >= tape.floor:
        first = month
    else:
        month = last + 1 if tape.low(last) == "of" else last
        if tape.low(month) not in words.MONTHS or not tape.raw(month)[0].isupper():
            return None
        last = month + 1
    year = last + 1 if tape.low(last) in (",", ".") else last
    number = Number(first, last, kind=Kind.DATE, label=PeriodLabel(None, None, words.MONTHS[tape.low(month)], day))
    if tape.kind_of(year) == "number" and is_year(tape.low(year)):
        number.last = year + 1
        number.label = PeriodLabel(None, int(tape.low(year)), words.MONTHS[tape.low(month)], day)
    return number


def marker(tape: Tape, at: int) -> Number | None:
    """1. and (1) and [1] at the head of an item, #1, No. 1, 1st."""
    before, after = tape.low(at - 1), tape.low(at + 1)
    digits = tape.low(at)
    if not digits.isdigit() or len(digits) > 3:
        return None
    if after in words.ORDINAL_SUFFIXES and tape.touches(at + 1):
        return Number(at, at + 2, kind=Kind.ORDINAL)
    is_counted = before == "number" and not tape.is_unit_next(at + 1) and tape.low(at - 2) not in ("now", "that", "which")
    if before == "#" or (before == "." and tape.low(at - 2) == "no" and at >= 2) or is_counted:
        return Number(at, at + 1, kind=Kind.ORDINAL)
    is_single = len(digits) <= 2
    if is_single and before in ("(", "[") and after in (")", "]") and (before == "[" or int(digits) <= 12):
        return Number(at, at + 1, kind=Kind.LIST_MARKER)
    line = tape.text.rfind("\n", 0, tape.tokens[at].start) + 1
    at_head = not tape.text[line : tape.tokens[at].start].strip()
    is_inline = after == ")" and int(digits) <= 12 and not tape.touches(at) and "(" not in tape.text[line : tape.tokens[at].start]
    if (
        is_single
        and (at_head or is_inline)
        and after in (".", ")")
        and tape.touches(at + 1)
        and not tape.touches(at + 2)
        and at + 2 < len(tape.tokens)
    ):
        return Number(at, at + 1, kind=Kind.LIST_MARKER)
    return None
