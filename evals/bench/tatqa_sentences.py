"""An answer in a sentence, as a person would write it, and wrong answers of the same magnitude."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal

from evals.bench.derivations import Shape
from evals.bench.tatqa_questions import Question
from pipeline.facts.quantity import UnitClass

_DRAWS = 20
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
_NOUNS = {UnitClass.SHARES: " shares"}


def written(question: Question, value: Decimal, places: int) -> str:
    """A number as the sentence writes it, without a sign."""
    digits = f"{abs(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):,f}"
    scale = "" if question.scale == "one" else f" {question.scale}"
    match question.unit:
        case UnitClass.PERCENT:
            return f"{digits}%"
        case UnitClass.POINTS:
            return f"{digits} percentage points"
        case UnitClass.MONEY:
            return f"{_SYMBOLS[question.currency]}{digits}{scale}"
        case UnitClass.PER_SHARE:
            return f"{_SYMBOLS[question.currency]}{digits}"
    return f"{digits}{scale}{_NOUNS.get(question.unit, '')}"


def sentence(question: Question, value: Decimal, places: int) -> str:
    """The answer, or a wrong one, in a sentence of its kind; which of two ways of saying it follows from the question's id."""
    number = written(question, value, places)
    amount = f"-{number}" if value < 0 else number
    names = [one.name for one in question.cells]
    years = question.years
    first, last = years[0], years[-1]
    name, other = names[0], names[-1]
    way = sum(map(ord, question.uid)) % 2
    match question.derivation.shape:
        case Shape.GROWTH | Shape.DIFFERENCE if len(years) > 1:
            # The derivation takes the later year's figure first, or the earlier's: the verb says which way it went.
            rose = (value >= 0) == (int(question.cells[0].fact.period) == last)
            ways = (
                f"{name} {'rose' if rose else 'fell'} by {number} from {first} to {last}.",
                f"From {first} to {last}, {name} {'increased' if rose else 'decreased'} {number}.",
            )
        case Shape.GROWTH:
            ways = (f"In {last}, {name} was {number} {'above' if value >= 0 else 'below'} {other}.",) * 2
        case Shape.DIFFERENCE:
            more, less = (name, other) if value >= 0 else (other, name)
            ways = (f"In {last}, {more} exceeded {less} by {number}.", f"The difference between {more} and {less} in {last} was {number}.")
        case Shape.AVERAGE:
            ways = (
                (f"{name} averaged {amount} over {_listed(years)}.", f"The average {name} for {_listed(years)} was {amount}.")
                if len(years) > 1
                else (f"{_listed(names)} averaged {amount} in {last}.", f"The average of {_listed(names)} in {last} was {amount}.")
            )
        case Shape.SUM:
            ways = (
                (f"{name} totalled {amount} over {_listed(years)}.", f"Together, {name} for {_listed(years)} came to {amount}.")
                if len(years) > 1
                else (f"{_listed(names)} together came to {amount} in {last}.", f"In {last}, the total of {_listed(names)} was {amount}.")
            )
        case Shape.QUOTIENT if question.unit is UnitClass.PERCENT:
            base = other if len(years) == 1 else f"its {question.cells[-1].fact.period} level"
            ways = (
                f"In {question.cells[0].fact.period}, {name} was {amount} of {base}.",
                f"{name} accounted for {amount} of {base} in {question.cells[0].fact.period}.",
            )
        case Shape.QUOTIENT:
            ways = (f"The ratio of {name} to {other} was {amount} in {last}.", f"In {last}, {name} was {amount} times {other}.")
    return ways[way]


def _listed(parts: Sequence[object]) -> str:
    *before, last = [str(part) for part in parts]
    return f"{', '.join(before)} and {last}" if before else last


def places_of(answer: Decimal) -> int:
    return max(0, -int(answer.as_tuple().exponent)) if answer.is_finite() else 0


def wrong(question: Question, places: int) -> Iterator[tuple[str, Decimal]]:
    """Wrong answers of the same magnitude, none of which rounds to the right one."""
    right = question.answer
    step = Decimal(1).scaleb(-places)
    operands = question.derivation.operands
    percent = 100 if question.unit is UnitClass.PERCENT and question.derivation.shape in (Shape.GROWTH, Shape.QUOTIENT) else 1
    found: dict[str, Callable[[], Decimal]] = {
        "another digit": lambda: _other_digit(right, places),
        "last place off by two": lambda: right + 2 * step,
        "10% more": lambda: right * Decimal("1.1"),
        "10% less": lambda: right * Decimal("0.9"),
    }
    first, last = operands[0], operands[-1]
    match question.derivation.shape:
        case Shape.GROWTH:
            found["divided by the wrong one"] = lambda: (first - last) / first * percent
            found["ratio without minus one"] = lambda: first / last * percent
        case Shape.DIFFERENCE:
            found["the sum"] = lambda: first + last
        case Shape.AVERAGE:
            found["the sum"] = lambda: sum(operands, Decimal(0))
            found["one term too few"] = lambda: sum(operands[:-1], Decimal(0)) / len(operands)
        case Shape.SUM:
            found["the average"] = lambda: sum(operands, Decimal(0)) / len(operands)
            found["one term too few"] = lambda: sum(operands[:-1], Decimal(0)) if len(operands) > 2 else first - last
        case Shape.QUOTIENT:
            found["divided the other way"] = lambda: last / first * percent
    for name, compute in found.items():
        try:
            value = compute()
        except ArithmeticError:
            continue
        if value and abs(abs(value) - abs(right)) > step and value.quantize(step) != 0:
            yield name, value


def _other_digit(value: Decimal, places: int) -> Decimal:
    """The value with its second digit three up, or its only one."""
    digits = [*str(abs(value.quantize(Decimal(1).scaleb(-places))))]
    at = [n for n, digit in enumerate(digits) if digit.isdigit() and "".join(digits[: n + 1]).strip("0.")]
    n = at[min(1, len(at) - 1)] if at else 0
    digits[n] = str((int(digits[n]) + 3) % 10) if digits[n].isdigit() else digits[n]
    changed = Decimal("".join(digits))
    return -changed if value < 0 else changed


def random_values(question: Question, places: int) -> Iterator[Decimal]:
    """Numbers from half to twice the answer, drawn alike on every run."""
    draw = random.Random(question.uid)  # noqa: S311 a sample, no secret
    step = Decimal(1).scaleb(-places)
    for _ in range(_DRAWS):
        value = (question.answer * Decimal(repr(2 ** draw.uniform(-1, 1)))).quantize(step)
        if value and abs(abs(value) - abs(question.answer)) > step:
            yield value
