"""Tokens -> numbers: what is written, in which unit, how precisely; and which numbers are only structure.

A structural number (`kind` is set) says when, which or how many, not how much. A number that cannot be read is kept with
its `problem`, so that nothing is passed over in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from pipeline.facts.quantity import Interval, UnitClass
from pipeline.grounding import lexicon as words
from pipeline.grounding.tokens import Token

_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_PLAIN = re.compile(r"[0-9]*\.?[0-9]+")
_VERSION = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4}){2,}")
_ISO_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_MOST_DIGITS = 24
_MOST_LISTED = 20
_VULGAR = frozenset("¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞")


class Kind(StrEnum):
    """Why a number is structure and not a figure."""

    HORIZON = "horizon"
    QUARTER = "quarter"
    DATE = "date"
    YEAR = "year"
    COUNT = "count"
    ORDINAL = "ordinal"
    LIST_MARKER = "list_marker"
    NAME = "name"
    PHONE = "phone"
    URL = "url"
    ISIN = "isin"


@dataclass(frozen=True, slots=True)
class PeriodLabel:
    """A period or day that the text names: Q1 2026 is ("q1", 2026), FY24 ("fy", 2024), 2026 (None, 2026), "the first quarter" ("q1", None)."""

    part: str | None
    year: int | None
    month: int | None = None
    day: int | None = None


@dataclass(slots=True)
class Number:
    """A number over the tokens `first` to `last` (exclusive). `value` and `interval` are in whole units."""

    first: int
    last: int
    value: Decimal | None = None
    step: Decimal | None = None
    interval: Interval | None = None
    places: int = 0
    unit: UnitClass | None = None
    currencies: tuple[str, ...] = ()
    is_scaled: bool = False
    sign: int = 0
    kind: Kind | None = None
    problem: str = ""
    label: PeriodLabel | None = None
    partner: Number | None = field(default=None, repr=False)
    is_change: bool = False
    noun: str = ""
    """The word behind a number without a unit: what it counts."""

    def multiply(self, factor: Decimal) -> None:
        if self.value is not None and self.step is not None:
            self.value, self.step = self.value * factor, self.step * factor

    def seal(self) -> None:
        """Fix the interval: half a unit of the last written place to either side."""
        if self.value is not None and self.interval is None and self.step is not None:
            signed = -self.value if self.sign < 0 else self.value
            self.value = signed
            self.interval = Interval(signed - self.step / 2, signed + self.step / 2)


class Scanner:
    """Finds the numbers of a token list from left to right."""

    def __init__(self, tokens: Sequence[Token], text: str) -> None:
        self.tokens = tokens
        self.text = text
        self.found: list[Number] = []

    def run(self) -> list[Number]:
        at = 0
        while at < len(self.tokens):
            number = self._at(at)
            if number is None:
                at += 1
                continue
            number.seal()
            self.found.append(number)
            at = max(number.last, at + 1)
        for left, right in zip(self.found, self.found[1:], strict=False):
            self._join(left, right)
        return self.found

    # -- tokens --------------------------------------------------------------------------------------------------------------

    def low(self, at: int) -> str:
        return self.tokens[at].low if 0 <= at < len(self.tokens) else ""

    def touches(self, at: int) -> bool:
        """Whether token `at` touches the one before it."""
        return 0 < at < len(self.tokens) and self.tokens[at].touches

    def kind_of(self, at: int) -> str:
        return self.tokens[at].kind if 0 <= at < len(self.tokens) else ""

    def raw(self, at: int) -> str:
        return self.text[self.tokens[at].start : self.tokens[at].end] if 0 <= at < len(self.tokens) else ""

    def _floor(self) -> int:
        """The first token that no earlier number has taken."""
        return self.found[-1].last if self.found else 0

    def _at(self, at: int) -> Number | None:
        token = self.tokens[at]
        if token.low[0] in _VULGAR:
            return Number(at, at + 1, problem="a fraction sign cannot be read safely")
        match token.kind:
            case "number":
                return self._digits(at)
            case "word":
                return self._in_words(at)
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

    # -- digits --------------------------------------------------------------------------------------------------------------

    def _digits(self, at: int) -> Number | None:
        written = self.low(at)
        before = self.low(at - 1)
        if structural := self._identifier(at) or self._calendar(at) or self._marker(at):
            return structural
        if _VERSION.fullmatch(written) and not all(len(group) == 3 for group in written.split(".")[1:]):
            return Number(at, at + 1, kind=Kind.NAME)
        number = Number(at, at + 1)
        grouped = _GROUPED.fullmatch(written)
        if not (grouped or _PLAIN.fullmatch(written)):
            number.problem = "its points and commas can be read in two ways: write 1,234.56"
        elif len(written) > _MOST_DIGITS:
            number.problem = "it has too many digits for a figure"
        else:
            number.value = Decimal(written.replace(",", ""))
            number.places = len(written.partition(".")[2])
            number.step = Decimal(1).scaleb(-number.places)
        if before in words.BAND_PARTS and self.low(at + 1) == "s" and self.touches(at + 1):
            return self._band(at - 1, at + 2, words.BAND_PARTS[before], int(number.value or 0))
        self._before(number)
        self._after(number)
        return self._bare(number)

    def _identifier(self, at: int) -> Number | None:
        """A100, COVID-19, 5G, 10-Q, 24/7, 2-for-1, S&P 500, Q1'26, FY26, 1Q26, 9:30."""
        before, after = self.low(at - 1), self.low(at + 1)
        if self.touches(at) and self.kind_of(at - 1) == "word" and at - 1 >= self._floor():
            if period := self._period_label(at - 1, at):
                return period
            if not self._currency_of(at - 1):
                return self._name(at - 1, at)
        if before in ("-", "–") and self.touches(at) and self.touches(at - 1) and self.kind_of(at - 2) == "word" and at - 2 >= self._floor():
            prefix = self.low(at - 2)
            if not self._currency_of(at - 2) and prefix not in _OPEN_PREFIXES and not _is_year(self.low(at)) and not self._is_unit_next(at + 1):
                return self._name(at - 2, at)
        if self.touches(at + 1):
            if self.kind_of(at + 1) == "word":
                if period := self._leading_period(at):
                    return period
                if not self._is_suffix(at + 1):
                    return self._name(at, at)
            if after == "-" and self.low(at + 2) == "for" and self.kind_of(at + 4) == "number":
                return Number(at, at + 5, kind=Kind.NAME)
            if after == "-" and self.kind_of(at + 2) == "word" and len(self.low(at + 2)) == 1 and self.touches(at + 2):
                return Number(at, at + 3, kind=Kind.NAME)
            if after == "/" and self.kind_of(at + 2) == "number" and self.touches(at + 2):
                if (self.low(at), self.low(at + 2)) == ("24", "7"):
                    return Number(at, at + 3, kind=Kind.NAME)
                if _is_year(self.low(at)):
                    return Number(at, at + 3, kind=Kind.YEAR)
                return Number(at, at + 3, problem="two numbers with a slash can be read in several ways")
            if after == ":" and self.kind_of(at + 2) == "number" and self.touches(at + 2):
                return Number(at, at + 3, kind=Kind.DATE)
        if before in words.NUMBERED_NOUNS and not self._is_unit_next(at + 1) and self.low(at).isdigit():
            return Number(at, at + 1, kind=Kind.NAME)
        return None

    def _name(self, first: int, at: int) -> Number:
        """A name that holds digits: everything that touches belongs to it."""
        last = at + 1
        while self.touches(last) and self.kind_of(last) in ("word", "number"):
            last += 1
        return Number(first, last, kind=Kind.NAME)

    def _period_label(self, word: int, at: int) -> Number | None:
        """Q1, H2, FY26 with what follows: Q1'26, Q1 2026, Q1 of fiscal 2026, Q1FY26."""
        letter, digits = self.low(word), self.low(at)
        if letter in ("fy", "cy") and digits.isdigit() and len(digits) in (2, 4):
            return Number(word, at + 1, kind=Kind.QUARTER, label=PeriodLabel("fy", _year(digits)))
        if (letter == "q" and digits in "1234") or (letter == "h" and digits in "12"):
            last, year = self._year_after(at + 1)
            return Number(word, last, kind=Kind.QUARTER, label=PeriodLabel(letter + digits, year))
        return None

    def _leading_period(self, at: int) -> Number | None:
        """1Q26, 2H25, 9M25, 1Q."""
        letter, digits = self.low(at + 1), self.low(at)
        if not ((letter == "q" and digits in "1234") or (letter == "h" and digits in "12") or (letter == "m" and digits in ("6", "9"))):
            return None
        if self.kind_of(at + 2) == "number" and self.touches(at + 2) and len(self.low(at + 2)) in (2, 4) and self.low(at + 2).isdigit():
            return Number(at, at + 3, kind=Kind.QUARTER, label=PeriodLabel(letter + digits, _year(self.low(at + 2))))
        if letter == "m":
            return None
        last, year = self._year_after(at + 2)
        return Number(at, last, kind=Kind.QUARTER, label=PeriodLabel(letter + digits, year))

    def _year_after(self, at: int) -> tuple[int, int | None]:
        """The token after a year that starts at `at`, and the year; `at` and None where there is none."""
        here = at
        while self.low(here) in ("of", "fiscal", "year", "calendar", "'", "’", "-", "/", "fy", "cy"):
            here += 1
        digits = self.low(here)
        if self.kind_of(here) == "number" and digits.isdigit() and (_is_year(digits) or (len(digits) == 2 and self.touches(here) and here > at)):
            return here + 1, _year(digits)
        return at, None

    def _calendar(self, at: int) -> Number | None:
        """Days and years: March 31, 2026; 31 March; 2026; 2025-26; FY 2026; 2026E."""
        digits = self.low(at)
        if not digits.isdigit():
            return None
        before, after = self.low(at - 1), self.low(at + 1)
        if len(digits) <= 2 and 1 <= int(digits) <= 31 and (day := self._day(at, int(digits))):
            return day
        if before in ("'", "’") and self.touches(at) and len(digits) == 2:
            return Number(at, at + 1, kind=Kind.YEAR, label=PeriodLabel(None, _year(digits)))
        if not _is_year(digits) or self._currency_of(at - 1) or self._is_unit_next(at + 1):
            return None
        last = at + 1
        if self.touches(last) and self.low(last) in ("e", "a", "f", "s"):
            last += 1
        elif self.low(last) in ("-", "–", "/") and self.touches(last) and self.touches(last + 1) and len(self.low(last + 1)) in (2, 4):
            last += 2 if self.low(last + 1).isdigit() and not self._is_unit_next(last + 2) else 0
        part = "fy" if before in words.YEAR_WORDS else None
        month = words.MONTHS.get(before)
        return Number(at, last, kind=Kind.YEAR, label=PeriodLabel(part, int(digits), month))

    def _day(self, at: int, day: int) -> Number | None:
        """March 31, 2026 and 31st of March 2026, with what belongs to them."""
        first, last = at, at + 1
        if self.low(last) in words.ORDINAL_SUFFIXES and self.touches(last):
            last += 1
        month = at - 2 if self.low(at - 1) == "." else at - 1
        if self.low(month) in words.MONTHS and month >= self._floor():
            first = month
        else:
            month = last + 1 if self.low(last) == "of" else last
            if self.low(month) not in words.MONTHS or not self.raw(month)[0].isupper():
                return None
            last = month + 1
        year = last + 1 if self.low(last) in (",", ".") else last
        number = Number(first, last, kind=Kind.DATE, label=PeriodLabel(None, None, words.MONTHS[self.low(month)], day))
        if self.kind_of(year) == "number" and _is_year(self.low(year)):
            number.last = year + 1
            number.label = PeriodLabel(None, int(self.low(year)), words.MONTHS[self.low(month)], day)
        return number

    def _marker(self, at: int) -> Number | None:
        """1. and (1) and [1] at the head of an item, #1, No. 1, 1st."""
        before, after = self.low(at - 1), self.low(at + 1)
        digits = self.low(at)
        if not digits.isdigit() or len(digits) > 3:
            return None
        if after in words.ORDINAL_SUFFIXES and self.touches(at + 1):
            return Number(at, at + 2, kind=Kind.ORDINAL)
        if before == "#" or (before == "." and self.low(at - 2) == "no" and at >= 2) or before == "number":
            return Number(at, at + 1, kind=Kind.ORDINAL)
        is_single = len(digits) <= 2
        if is_single and before in ("(", "[") and after in (")", "]") and (before == "[" or int(digits) <= 12):
            return Number(at, at + 1, kind=Kind.LIST_MARKER)
        line = self.text.rfind("\n", 0, self.tokens[at].start) + 1
        at_head = not self.text[line : self.tokens[at].start].strip()
        if is_single and at_head and after in (".", ")") and self.touches(at + 1) and not self.touches(at + 2) and at + 2 < len(self.tokens):
            return Number(at, at + 1, kind=Kind.LIST_MARKER)
        return None

    # -- before and after the digits -----------------------------------------------------------------------------------------

    def _before(self, number: Number) -> None:
        """Sign, currency and accounting bracket in front: -$0.16, CNY -316m, $(0.16), US$1.2bn, (1,234)."""
        at = number.first - 1
        floor = self._floor()
        at = self._sign(number, at, floor)
        bracket = at if self.low(at) == "(" and self.touches(number.first) else None
        symbol = at - 1 if bracket is not None else at
        if symbol >= floor and (currencies := self._currency_of(symbol)):
            number.currencies = currencies
            number.first = symbol
            if self.low(symbol) == "$" and self.touches(symbol) and self.low(symbol - 1) in words.DOLLAR_PREFIXES and symbol - 1 >= floor:
                number.first -= 1
                number.currencies = (words.DOLLAR_PREFIXES[self.low(symbol - 1)],)
            if not number.sign:
                self._sign(number, number.first - 1, floor)
            if bracket is not None and self.low(number.last) == ")":
                number.sign, number.last = -1, number.last + 1
        elif bracket is not None and bracket >= floor and self.low(number.last) == ")" and number.value is not None and not number.sign:
            # Prose puts units inside its brackets; a bare number alone in brackets is an accountant's negative.
            number.sign, number.first, number.last = -1, bracket, number.last + 1

    def _sign(self, number: Number, at: int, floor: int) -> int:
        """Take a sign that touches what follows and not what stands before; return where to look next."""
        if at >= floor and self.low(at) in ("-", "+", "–") and self.touches(at + 1):
            before = self.kind_of(at - 1)
            if not self.touches(at) or before == "symbol" and self.low(at - 1) not in (")", "]", "%") or self._currency_of(at - 1):
                number.sign = 1 if self.low(at) == "+" else -1
                number.first = min(number.first, at)
                return at - 1
        return at

    def _currency_of(self, at: int) -> tuple[str, ...]:
        if not 0 <= at < len(self.tokens):
            return ()
        token = self.tokens[at]
        if token.kind == "symbol":
            return words.CURRENCY_SYMBOLS.get(token.low, ())
        if token.kind == "word":
            raw = self.raw(at)
            if raw in words.CURRENCY_CODES:
                return (raw,)
            return words.CURRENCY_WORDS.get(token.low, ())
        return ()

    def _after(self, number: Number) -> None:
        """Scale, currency, unit and per-share words behind: 2.7 billion yuan, 3.4-point, 340bp, 16 cents a share."""
        at = number.last
        scaled = self._scale_at(at)
        if scaled is not None:
            number.multiply(Decimal(10) ** scaled[1])
            number.is_scaled = True
            at = scaled[0]
        if not number.currencies and (found := self._currency_of(self._past_hyphen(at))) and not self._starts_number(at):
            number.currencies = found
            at = self._past_hyphen(at) + 1
        elif number.currencies and self._currency_of(at) and self._currency_of(at)[0] in number.currencies and not self._starts_number(at):
            at += 1
        unit = self._unit_at(at)
        if unit is not None:
            at, (number.unit, factor) = unit
            number.multiply(factor)
        elif self.low(at) in words.CENTS and (len(self.low(at)) > 1 or self.touches(at)) and not number.is_scaled:
            number.unit = UnitClass.MONEY
            number.multiply(Decimal("0.01"))
            at += 1
        elif number.currencies:
            number.unit = UnitClass.MONEY
        if number.unit in (None, UnitClass.MONEY) and (number.currencies or number.unit) and (beyond := self._phrase_at(at, words.PER_SHARE)):
            number.unit = UnitClass.PER_SHARE
            at = beyond
        number.last = at

    def _starts_number(self, at: int) -> bool:
        """Whether the currency at `at` belongs to a number that follows it."""
        here = self._past_hyphen(at)
        return self.kind_of(here + 1) == "number" or (self.low(here + 1) in ("-", "+", "(") and self.kind_of(here + 2) == "number")

    def _past_hyphen(self, at: int) -> int:
        return at + 1 if self.low(at) == "-" and self.kind_of(at + 1) in ("word", "symbol") and self.touches(at + 1) else at

    def _scale_at(self, at: int) -> tuple[int, int] | None:
        here = self._past_hyphen(at)
        low = self.low(here)
        if low not in words.SCALES or (len(low) == 1 and not self.touches(here)):
            return None
        return here + 1, words.SCALES[low]

    def _unit_at(self, at: int) -> tuple[int, tuple[UnitClass, Decimal]] | None:
        here = self._past_hyphen(at)
        for length in (3, 2, 1):
            phrase: list[str] = []
            end = here
            while len(phrase) < length and end < len(self.tokens):
                if phrase and self.low(end) == "-" and self.touches(end):
                    end += 1
                    continue
                phrase.append(self.low(end))
                end += 1
            if found := words.UNITS.get(tuple(phrase)):
                return end, found
        if self.low(here) == ")" and self.low(here + 1) == "%" and self.touches(here + 1):
            return here + 2, words.UNITS["%",]
        return None

    def _phrase_at(self, at: int, phrases: Sequence[tuple[str, ...]]) -> int | None:
        for phrase in phrases:
            if all(self.low(at + n) == word for n, word in enumerate(phrase)):
                return at + len(phrase)
        return None

    def _is_unit_next(self, at: int) -> bool:
        return bool(self._scale_at(at) or self._unit_at(at) or (self._currency_of(at) and not self._starts_number(at)))

    def _is_suffix(self, at: int) -> bool:
        """Whether a word that touches digits is a unit and not the rest of a name."""
        low = self.low(at)
        return bool(
            low in words.SCALES or (low,) in words.UNITS or self._currency_of(at) or low in words.CENTS or low in words.ORDINAL_SUFFIXES
            or low in ("s", "e", "a", "f") and _is_year(self.low(at - 1)) or low == "s" and self.low(at - 2) in (*words.BAND_PARTS, "-")
        )  # fmt: skip

    def _bare(self, number: Number) -> Number:
        """A number without a unit: a horizon, a count, or left open."""
        if number.problem or number.unit is not None or number.is_scaled or number.sign:
            return number
        here = self._past_hyphen(number.last)
        ahead = [self.low(here), self.low(here + 1)]
        if number.places == 0:
            if ahead[0] in words.HORIZONS:
                number.kind, number.last = Kind.HORIZON, here + 1
            elif ahead[0] in _ADJECTIVES and ahead[1] in words.HORIZONS:
                number.kind, number.last = Kind.HORIZON, here + 2
            elif number.value is not None and number.value <= _MOST_LISTED and self._counts_listed(here):
                number.kind = Kind.COUNT
            elif self.kind_of(here) == "word":
                number.noun = ahead[0]
        return number

    def _counts_listed(self, at: int) -> bool:
        """Whether a noun of the text's own follows within a few adjectives: "two large structural forces"."""
        for here in range(at, at + 4):
            if self.low(here) in words.LISTED:
                return True
            if self.kind_of(here) != "word":
                return False
        return False

    # -- numbers in words ----------------------------------------------------------------------------------------------------

    def _in_words(self, at: int) -> Number | None:
        low = self.low(at)
        if low in words.BAND_PARTS and (band := self._band_words(at)):
            return band
        if low in ("single", "double", "triple") and self.low(self._past_hyphen(at + 1)) in ("digit", "digits"):
            low_end, high_end = {"single": (1, 9), "double": (10, 99), "triple": (100, 999)}[low]
            return self._vague(at, self._past_hyphen(at + 1) + 1, Decimal(low_end) - Decimal("0.5"), Decimal(high_end) + Decimal("0.5"))
        if low in words.ORDINALS and (ordinal := self._ordinal_period(at)):
            return ordinal
        if low in words.FRACTIONS and (fraction := self._fraction(at, at, Decimal(1))):
            return fraction
        if low in words.TIMES and self.low(at + 1) in ("the", "its", "that", "as", "what", "their") + (("revenue", "sales") if low == "twice" else ()):
            return Number(at, at + 1, value=words.TIMES[low], step=Decimal("0.1"), unit=UnitClass.MULTIPLE)
        if low in words.MULTIPLIERS and not (low == "double" and self.low(at + 1) in ("down", "-")) and not (low == "halves" and self._after_article(at)):
            change = words.MULTIPLIERS[low]
            slack = words.MULTIPLIER_SLACK
            number = Number(at, at + 1, value=change, unit=UnitClass.PERCENT, interval=Interval(change - slack, change + slack), is_change=True)
            number.sign = 1 if change > 0 else -1
            return number
        if low in words.NUMBER_WORDS or (low in ("a", "an") and self.low(at + 1) in ("hundred", "million", "billion", "thousand", "trillion")):
            return self._spelled(at)
        return None

    def _after_article(self, at: int) -> bool:
        return self.low(at - 1) in ("both", "two", "the")

    def _spelled(self, at: int) -> Number | None:
        value, last = self._spelled_value(at)
        number = Number(at, last, value=value, step=Decimal(1))
        if self.low(last) in ("and", "-") and self.low(last + 1) == "a" and self.low(last + 2) == "half":
            number.value, number.step, number.places, number.last = value + Decimal("0.5"), Decimal("0.1"), 1, last + 3
        here = self._past_hyphen(last)
        if self.low(here) in words.FRACTIONS and self.low(here) not in ("quarter", "quarters") and value <= 9:
            return self._fraction(at, here, value)
        if self.low(here) == "quarters" and value == 3 and (here > last or self.low(here + 1) == "of"):
            return self._fraction(at, here, value)
        number_before = number.last
        self._after(number)
        if number.unit is UnitClass.MULTIPLE and self.low(number.last) in ("a", "this", "in", "since", "over") and self.low(number.last - 1) == "times":
            number.unit, number.kind = None, Kind.COUNT
            return number
        if number.unit is None and not number.is_scaled:
            bare = self._bare(number)
            if self.low(at) == "one" and bare.kind is None:
                return None
            if bare.kind is None and number_before == bare.last:
                bare.unit = UnitClass.COUNT
                return self._counted_words(bare)
        if self.low(at) in ("a", "an") and number.unit is None and not number.currencies and not number.is_scaled:
            return None
        return number

    def _counted_words(self, number: Number) -> Number | None:
        """A number word before a noun: structure if the noun is one of the text's own, else left open. Alone it is a pronoun."""
        if self.kind_of(self._past_hyphen(number.last)) != "word" or number.value == 0 or self.low(number.last) in _PRONOUN_AFTER:
            number.kind = Kind.COUNT
        return number

    def _spelled_value(self, at: int) -> tuple[Decimal, int]:
        low = self.low(at)
        if low in ("a", "an"):
            return (Decimal(100), at + 2) if self.low(at + 1) == "hundred" else (Decimal(1), at + 1)
        value = words.NUMBER_WORDS[low]
        last = at + 1
        if low in words.TENS:
            here = self._past_hyphen(last)
            if self.low(here) in words.SMALL and 1 <= words.SMALL[self.low(here)] <= 9 and here > last:
                value, last = value + words.SMALL[self.low(here)], here + 1
        if self.low(last) == "hundred":
            value, last = value * 100, last + 1
        if self.low(last) == "point" and self.low(last + 1) in words.SMALL:
            value, last = value + words.SMALL[self.low(last + 1)] / 10, last + 2
        return value, last

    def _ordinal_period(self, at: int) -> Number | None:
        """first quarter of 2026, second half, fourth-quarter."""
        here = self._past_hyphen(at + 1)
        if self.low(here) == "fiscal":
            here += 1
        unit = self.low(here)
        order = _ORDER.get(self.low(at))
        if order is None or unit not in ("quarter", "half") or order > (4 if unit == "quarter" else 2):
            return None
        last, year = self._year_after(here + 1)
        return Number(at, last, kind=Kind.QUARTER, label=PeriodLabel(f"{unit[0]}{order}", year))

    def _fraction(self, first: int, at: int, count: Decimal) -> Number | None:
        """half, a third of, two-thirds, three-quarters, half a billion."""
        low = self.low(at)
        before, after = self.low(at - 1), self.low(at + 1)
        if low == "half":
            if before in ("first", "second", "latter", "back", "front", "other", "better", "final", "last", "this", "next") or after in ("year", "yearly", "way"):
                return None
            if after == "-" and self.low(at + 2) in ("year", "yearly", "way"):
                return None
            if after in ("a", "an") and self._scale_at(at + 2):
                number = Number(first, at + 2, value=Decimal("0.5"), step=Decimal("0.1"))
                self._after(number)
                self._before(number)
                return number
        elif count == 1 and before in ("a", "one") and after not in _AFTER_FRACTION and self.low(at - 2) not in _BEFORE_FRACTION:
            return None
        elif count == 1 and before not in ("a", "one") and not (before == "-" and self.low(at - 2) == "one"):
            return None
        value = words.FRACTIONS[low] * count
        slack = words.FRACTION_SLACK
        if first == at and before in ("a", "one") and self._floor() < at:
            first -= 1
        return Number(first, at + 1, value=value, unit=UnitClass.PERCENT, interval=Interval(value - slack, value + slack))

    # -- bands ---------------------------------------------------------------------------------------------------------------

    def _band_words(self, at: int) -> Number | None:
        """mid-teens, high twenties, low single digits, low- to mid-teens is two."""
        here = at + 2 if self.low(at + 1) == "-" and self.touches(at + 2) else at + 1
        part = words.BAND_PARTS[self.low(at)]
        if self.low(here) in words.DECADES:
            return self._band(at, here + 1, part, words.DECADES[self.low(here)])
        if self.low(here) in ("single", "double") and self.low(self._past_hyphen(here + 1)) in ("digit", "digits"):
            last = self._past_hyphen(here + 1) + 1
            return self._band(at, last, part, 0 if self.low(here) == "single" else 10)
        if self.kind_of(here) == "number" and self.low(here + 1) == "s" and self.touches(here + 1) and self.low(here).isdigit() and len(self.low(here)) == 2:
            return self._band(at, here + 2, part, int(self.low(here)))
        return None

    def _band(self, first: int, last: int, part: tuple[int, int], decade: int) -> Number:
        half = Decimal("0.5")
        low = max(Decimal(decade + part[0]), Decimal(1))
        return self._vague(first, last, low - half, Decimal(decade + part[1]) + half)

    def _vague(self, first: int, last: int, low: Decimal, high: Decimal) -> Number:
        """A word that covers a range of whole percents, or of multiples where it says so."""
        number = Number(first, last, value=(low + high) / 2, unit=UnitClass.PERCENT, interval=Interval(low, high))
        if unit := self._unit_at(last):
            number.last, (number.unit, _) = unit
        return number

    # -- ranges --------------------------------------------------------------------------------------------------------------

    def _join(self, left: Number, right: Number) -> None:
        """Link the ends of a range, and let the end without a unit take the other's: 3.45-3.55, 9 to 11 percent, $8.40 - $9.20."""
        gap = [self.low(at) for at in range(left.last, right.first)]
        is_written_twice = left.unit is not None and left.unit is right.unit
        if is_written_twice and gap[-1:] == ["to"] and "".join(gap[:-1]) in ("y/y", "q/q", "yoy", "qoq"):
            gap = ["to"]
        before = self.low(left.first - 1)
        if gap not in (["-"], ["–"], ["to"], ["and"], ["or"], ["-", "to"], ["-", "or"]):
            return
        if right.problem or left.problem or right.kind not in (None, Kind.HORIZON, Kind.YEAR) or left.kind not in (None, Kind.COUNT, Kind.YEAR):
            return
        if gap == ["and"] and before != "between":
            return
        if is_written_twice and gap == ["to"] and (before == "by" or (before in words.DIRECTIONS and before not in words.CHANGE_NOUNS)):
            # "Up 38 days to 141 days": a change and a level.
            return
        if right.kind is Kind.HORIZON:
            left.kind, left.partner, right.partner = Kind.HORIZON, right, left
            return
        if left.kind is not None or right.kind is not None or left.value is None or right.value is None:
            return
        if left.unit is UnitClass.MONEY and right.unit is UnitClass.PER_SHARE and not left.is_scaled:
            left.unit = UnitClass.PER_SHARE
        if right.unit in (None, UnitClass.MONEY) and left.unit is UnitClass.MONEY and gap != ["and"]:
            right.unit, right.currencies = left.unit, right.currencies or left.currencies
        if left.unit is None and not left.is_scaled and right.step is not None and left.step is not None:
            left.unit, left.currencies, left.is_scaled = right.unit, right.currencies, right.is_scaled
            _rescale(left, right.step.scaleb(right.places))
        elif right.unit is None and not right.is_scaled and gap != ["and"]:
            right.unit, right.currencies = left.unit, left.currencies
        elif left.unit is right.unit and right.is_scaled and not left.is_scaled and right.step is not None:
            left.is_scaled, left.currencies = True, left.currencies or right.currencies
            _rescale(left, right.step.scaleb(right.places))
        if left.unit is right.unit and (before == "between" or gap != ["and"]) and before not in ("from",):
            left.partner, right.partner = right, left


def _rescale(number: Number, factor: Decimal) -> None:
    if number.value is not None and number.interval is not None and number.step is not None and factor != 1:
        number.value, number.step = number.value * factor, number.step * factor
        number.interval = Interval(number.interval.low * factor, number.interval.high * factor)


_ORDER = {word: n for n, word in enumerate("first second third fourth".split(), 1)}
_OPEN_PREFIXES = frozenset("low mid high sub pre post early late upper lower non ex plus minus to and or vs a between".split())
_ADJECTIVES = frozenset("more further consecutive straight full additional calendar fiscal successive reported coming trading".split())
_PRONOUN_AFTER = frozenset("of and or are is were was have had to in that which".split())
_BEFORE_FRACTION = frozenset("by than about nearly almost roughly around over under".split())
_AFTER_FRACTION = frozenset("of . , ; more less lower higher on y from in to".split()) | {""}


def _is_year(digits: str) -> bool:
    return len(digits) == 4 and digits.isdigit() and digits[:2] in ("19", "20")


def _year(digits: str) -> int:
    return int(digits) if len(digits) == 4 else 2000 + int(digits)


def scan(tokens: Sequence[Token], text: str) -> list[Number]:
    return Scanner(tokens, text).run()


def spans(numbers: Sequence[Number]) -> Iterator[tuple[int, int]]:
    return ((number.first, number.last) for number in numbers)
