"""The second number of two: the high end of a range, or where a figure went "from 27.6% to".

Each alone may state a fact; together they must be the two ends of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pipeline.facts.factbase import FactBase
from pipeline.facts.figures import Change, Figure, written_with_base
from pipeline.grounding import lexicon, rules
from pipeline.grounding.models import Mention
from pipeline.grounding.report import NumberCheck

Done = Mapping[int, NumberCheck]
"""The checks of the numbers before, by where they start."""


def of_range(mention: Mention, passing: Sequence[Figure], done: Done, facts: FactBase) -> list[Figure] | NumberCheck:
    """Those of the figures that may end the number's range, which is guided from 45% to 48% and not to 49%; else what is wrong."""
    first = done.get(mention.range_with[0]) if mention.range_with else None
    low = first.fact if first is not None and first.fact is not None and first.fact.endswith(".low") else None
    high = f"{low.removesuffix('low')}high" if low is not None else None
    if high is None or high not in facts:
        return list(passing)
    fitting = [figure for figure in passing if figure.id == high]
    message = f"'{mention.text}' is not the other end of the range: {high} is {written_with_base(facts[high])}"
    return fitting or NumberCheck(mention, "contradicted", high, "range", message)


def of_way(mention: Mention, passing: Sequence[Figure], done: Done, facts: FactBase) -> list[Figure] | NumberCheck:
    """Those of the figures to which the level before led that the number is said to come from; else what is wrong."""
    first = done.get(mention.from_with[0]) if mention.from_with else None
    start = facts[first.fact] if first is not None and first.fact is not None else None
    if start is None or start.change is not None:
        return list(passing)
    stated = [facts[check.fact] for check in done.values() if check.fact is not None and check.mention.setting is mention.setting]
    # "Up 11.4 points from 16.2% a year ago, slipped from 28.4% to 27.6%": the change told before is from somewhere else.
    told = [f for f in stated if f.change in (Change.YOY, Change.QOQ) and f.stem == start.stem and facts.base_of(f) == start]
    fitting = [figure for figure in passing if _leads_to(mention, start, figure, told)]
    message = f"'{mention.text}' is {passing[0].id}, and did not come that way from {start.id}, {written_with_base(start)}"
    return fitting or NumberCheck(mention, "contradicted", passing[0].id, "sign", message)


def _leads_to(mention: Mention, start: Figure, end: Figure, told: Iterable[Figure]) -> bool:
    """Whether a series went from one level to another: in time, as the words say, and as the changes `told` before from there do.

    "Headcount fell 6.2%, from 77,810 to 79,390" states two levels of headcount, and tells of a fall that was none.
    """
    if start.stem != end.stem or end.change is not None:
        return True
    change = end.quantity.value - start.quantity.value
    is_told_so = all(figure.quantity.value * change > 0 for figure in told)
    # A sign is the level's own here: "net debt went from -$2,366m to -$1,637m" says nothing of which way.
    is_said_so = mention.direction_word in lexicon.RATE_NOUNS or rules.is_said_its_way(replace(mention, sign=0), end, change)
    return start.period.end <= end.period.end and is_told_so and is_said_so
