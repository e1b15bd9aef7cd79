"""Whether a written number is a rounding of a value, and how precise a figure may be written.

A mention holds for a value that rounds to it: 37% and 37.2% hold for 37.24%, 38% does not. Ends count as inside, because
texts do not say how they round halves. A hedge widens this by the rules of `agrees`. Comparing with the value, rather
than with all that its interval allows, keeps a digit that is one off from hiding in the width of a difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import combinations

from pipeline.facts.figures import Figure, printed_places
from pipeline.facts.quantity import Quantity, Scale, Unit, UnitClass, last_place, parse_unit
from pipeline.grounding.lexicon import Approximation
from pipeline.grounding.models import Mention
from pipeline.grounding.numerals import MULTIPLIERS

# "about 3 points" holds for 3.08: half a written step, or this share of the number, whichever is wider.
_ABOUT = Decimal("0.03")
# "nearly 28%": at most one written step or this share above the value, never below it.
_NEARLY = Decimal("0.05")
# "more than 30%" holds up to 37.5%: a bound that leaves out more than a quarter misleads. "Under" likewise, downwards.
_BOUND = Decimal("1.25")
# A number whose sentence names no metric must show which figure it is by its digits: "$3 billion" may be anything.
_TELLING = 3
_TENTH = Decimal("0.1")
# What a float may be off by.
_SLIP = 1e-9
# How far beyond a mention's window a computed value may lie and still be printed as the mention.
_LEEWAY = 0.1
# A number of these units may come of a division; None may be one too ("a ratio of 0.87").
_RATES = frozenset((UnitClass.PERCENT, UnitClass.MULTIPLE, None))


def coarse_step(value: Decimal) -> Decimal:
    """One unit in the last digit that is not a trailing zero: 1000 for 3,000, 0.1 for 27.60."""
    return Decimal(1).scaleb(int(value.normalize().as_tuple().exponent)) if value else Decimal(1)


def finest_step(figure: Figure) -> Decimal:
    """The finest rounding, in whole units, that prose may give a figure: what is printed for it, or what its source reported."""
    printed = Decimal(1).scaleb(-figure.places) * figure.scale.factor
    fact = figure.fact
    if fact is None or fact.value is None:
        return _finest_computed(printed, figure.unit)
    _, factor = parse_unit(fact.unit)
    reported = (fact.rounded_to or last_place(fact.value)) * factor * fact.scale.factor
    return min(printed, reported)


def computed_step(quantity: Quantity, scale: Scale) -> Decimal:
    """The finest rounding that prose may give a computed quantity: a tenth of a percent or point, else what is printed."""
    return _finest_computed(printed_step(quantity, scale), quantity.unit)


def _finest_computed(printed: Decimal, unit: Unit) -> Decimal:
    return min(printed, _TENTH) if unit.cls in (UnitClass.PERCENT, UnitClass.POINTS, UnitClass.MULTIPLE) else printed


def printed_step(quantity: Quantity, scale: Scale) -> Decimal:
    """The step, in whole units, that a quantity is rounded to when it is printed."""
    return Decimal(1).scaleb(-printed_places(quantity, scale)) * scale.factor


def printed_size(quantity: Quantity, scale: Scale) -> Decimal:
    """The number that is printed, in whole units and without its sign: 132,000 for 131,900 that is printed 132k."""
    return _in_steps(quantity, printed_step(quantity, scale))


def _in_steps(quantity: Quantity, step: Decimal) -> Decimal:
    return (abs(quantity.value) / step).to_integral_value(ROUND_HALF_UP) * step


def window(mention: Mention) -> tuple[Decimal, Decimal] | None:
    """The sizes that the mention holds for, signs aside: its rounding, widened or opened by its hedge."""
    if mention.value is None or mention.interval is None:
        return None
    stated = abs(mention.value)
    if mention.step is None:
        interval = abs(mention.interval)
        if mention.text.lower() in MULTIPLIERS and mention.approximator in (Approximation.MORE_THAN, Approximation.LESS_THAN):
            # "More than doubled" is more than twice, by a quarter at most; "more than halved" less than half.
            times = (100 + mention.value) / 100
            far = times * _BOUND if (mention.value > 0) is (mention.approximator is Approximation.MORE_THAN) else times / _BOUND
            ends = sorted((stated, abs(far * 100 - 100)))
            return ends[0], ends[1]
        if mention.approximator is Approximation.MORE_THAN:
            return stated, max(stated * _BOUND, interval.high)
        if mention.approximator is Approximation.LESS_THAN:
            return min(stated / _BOUND, interval.low), stated
        slack = interval.width
        if mention.approximator is Approximation.NEARLY:
            return stated - slack, stated
        if mention.approximator is Approximation.ABOUT:
            return stated - slack, stated + slack
        return interval.low, interval.high
    half = mention.step / 2
    match mention.approximator:
        case Approximation.ABOUT:
            slack = max(half, stated * _ABOUT)
            return stated - slack, stated + slack
        case Approximation.NEARLY:
            return stated - max(mention.step, stated * _NEARLY), stated + half
        case Approximation.MORE_THAN:
            return stated - half, stated * _BOUND
        case Approximation.LESS_THAN:
            return stated / _BOUND, stated + half
    return stated - half, stated + half


def is_printed(mention: Mention, quantity: Quantity, scale: Scale) -> bool:
    """Whether the mention is what is printed for a quantity, which is hedged where not even the whole number is known."""
    is_hedged = printed_places(quantity, scale) < 0
    stated = abs(mention.value) if mention.value is not None else None
    if mention.places and mention.step is not None and mention.step < printed_step(quantity, scale):
        # 0.80 says more than the 0.8 that is printed for 0.78.
        return False
    return stated == printed_size(quantity, scale) and (not is_hedged or mention.approximator is Approximation.ABOUT)


def agrees(mention: Mention, quantity: Quantity, scale: Scale) -> bool:
    """Whether the mention's size holds for a quantity, or is what is printed for it, signs aside."""
    sizes = window(mention)
    return sizes is not None and (sizes[0] <= abs(quantity.value) <= sizes[1] or is_printed(mention, quantity, scale))


@dataclass(frozen=True, slots=True)
class Sized:
    """A figure with its size, ready to compare: `low` to `high` is where a number with too many digits may stand."""

    figure: Figure
    size: Decimal
    printed: Decimal
    finest: Decimal
    low: Decimal
    high: Decimal
    least: float
    most: float
    """No number below `least` or above `most` can be of this size: found without decimals."""

    @classmethod
    def of(cls, figure: Figure) -> Sized:
        size, finest = abs(figure.quantity.value), finest_step(figure)
        printed = _in_steps(figure.quantity, Decimal(1).scaleb(-figure.places) * figure.scale.factor)
        low, high = size - finest / 2, size + finest / 2
        least, most = float(min(size, printed, low)), float(max(size, printed, high))
        return cls(figure, size, printed, finest, low, high, least - abs(least) * _SLIP, most + abs(most) * _SLIP)


def of_size(mention: Mention, figures: Iterable[Sized]) -> list[Figure]:
    """The figures that the mention's size holds for, or would hold for if they were known more closely: 12.75% for 12.8%."""
    sizes = window(mention)
    if sizes is None or mention.value is None:
        return []
    low, high = sizes
    stated = abs(mention.value)
    least, most = float(min(low, stated)), float(max(high, stated))
    return [
        one.figure
        for one in figures
        if (one.least <= most and one.most >= least)
        and (
            low <= one.size <= high
            or (stated == one.printed and is_printed(mention, one.figure.quantity, one.figure.scale))
            or (one.low <= stated <= one.high and is_too_precise(mention, one.finest))
        )
    ]


def pairs_of_size(mention: Mention, figures: Sequence[Figure]) -> list[tuple[Figure, Figure]]:
    """The ordered pairs whose sum, difference, ratio, share or growth may be of the mention's size: found without decimals."""
    sizes = window(mention)
    if sizes is None:
        return []
    step = float(mention.step or 0)
    least, most = float(sizes[0]) * (1 - _LEEWAY) - step, float(sizes[1]) * (1 + _LEEWAY) + step
    may_be_rate = mention.unit in _RATES
    may_be_amount = mention.unit is None or not may_be_rate
    known = [(n, float(figure.quantity.value)) for n, figure in enumerate(figures)]
    found = []
    for (m, a), (n, b) in combinations(known, 2):
        if may_be_amount and (least <= abs(a - b) <= most or least <= abs(a + b) <= most):
            found += [(m, n), (n, m)]
        elif may_be_rate and a and b:
            if _is_rate_of_size(a / b, least, most):
                found.append((m, n))
            if _is_rate_of_size(b / a, least, most):
                found.append((n, m))
    return [(figures[m], figures[n]) for m, n in sorted(found)]


def _is_rate_of_size(ratio: float, least: float, most: float) -> bool:
    return least <= abs(ratio) <= most or least <= abs(100 * ratio) <= most or least <= abs(100 * ratio - 100) <= most


def is_telling(mention: Mention, figure: Figure) -> bool:
    """Whether the digits alone show which figure is meant: all that are printed of it, or three of them."""
    return is_telling_alone(mention) or (mention.step is not None and is_printed(mention, figure.quantity, figure.scale))


def is_telling_alone(mention: Mention) -> bool:
    """Whether a number has so many digits that it does not come of two others by chance."""
    if mention.value is None or mention.step is None:
        return False
    return len((abs(mention.value) / coarse_step(abs(mention.value))).to_integral_value().as_tuple().digits) >= _TELLING


def is_too_precise(mention: Mention, finest: Decimal) -> bool:
    """Whether more digits are written than the figure has. Zeros at the end add none, and nought before the point has none."""
    if not mention.value and not mention.places:
        return False
    return mention.step is not None and mention.value is not None and max(mention.step, coarse_step(abs(mention.value))) < finest
