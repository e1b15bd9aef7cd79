"""No text breaks the check, nothing in digits is passed over, and no pattern can be made to backtrack without end."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from re import _constants as sre  # type: ignore[attr-defined]  # only the parser itself knows what a pattern repeats
from re import _parser as parser  # type: ignore[attr-defined]  # as above
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import grounding
from pipeline.facts.factbase import FactBase
from pipeline.facts.sheet import FactSheet
from pipeline.facts.vocabulary import RATES, vocabulary
from pipeline.grounding import check_text, names, topics
from pipeline.grounding.mentions import Mention, find
from pipeline.grounding.report import DECISIONS

CASES = Path(__file__).parent.parent / "evals" / "cases"
DIGITS = re.compile(r"[0-9]+")


@cache
def facts_of(case: str) -> FactBase:
    return FactBase.of(FactSheet.model_validate_json((CASES / case / "facts.json").read_bytes()))


# -- what texts are made of ----------------------------------------------------------------------------------------------------

PIECES = """
0 1 7 12.8 2,703.7 1.234,56 1,23 .5 5. 37.2% ٣٤ ３７．２ १२ ½ ² Ⅳ ① 1e9 0x1F -5 −5 +5 ±5 ~5 (5) (1,234) $5 5$ €1.2bn US$5m £0.16 ¥ ₹ CNY 50c
5x 5bp 3pp % ‰ bn m k per share points shares days times a an and or to from of by in on at than versus vs. between both half third quarter
two-thirds dozen hundred million mid- low teens 30s single digits doubled twice zero one nil Q1 Q1'26 1Q26 2H25 FY26 2026 2026E 1828 March
31, 2026-03-31 31/3/26 9:30 24/7 10-Q A100 2K17 $43.97per 5.5mil mar31 COVID-19 S&P 500 #1 1. 1) (1) [1] [^1] https://x.io/5?a=5 a5@b5.com
+1 212 555 0199 US0378331005 revenue gross margin adjusted EBITDA EPS free cash flow net debt dividends debt users tax charge organic
constant currency guidance consensus rose fell grew below above under over average total combined together ratio gap difference exceeded
said not no about nearly more less up down loss y/y q/q yoy year on year a year ago sequentially last quarter
, . ; : - – — / | ( ) " ' “ ” … • & @ # * _ ^ ~ = < > ≥ 🙂 👍🏽 中 é ß İ ǅ
"""
CONTROLS = ["\n", "\n\n", "\r", "\t", "\v", "\x00", "\x1b", "\u00a0", "\u200b", "\u202e", "\u2028", "\ufeff"]
ANYTHING = st.text(st.characters(), max_size=300)
WORDS = st.lists(st.sampled_from([*PIECES.split(), *CONTROLS]), max_size=50)
PROSE = st.tuples(WORDS, st.sampled_from([" ", "", "\u00a0"])).map(lambda parts: parts[1].join(parts[0]))
NUMBERISH = st.text(st.sampled_from("0123456789.,-–+()%$€/:' xkmbQFY\n٣３½"), max_size=80)
TEXTS = st.one_of(ANYTHING, PROSE, NUMBERISH)


def holds(text: str, found: list[Mention]) -> None:
    assert all(0 <= mention.start < mention.end <= len(text) for mention in found)
    assert all(text[mention.start : mention.end] == mention.text for mention in found)
    assert all(left.end <= right.start for left, right in pairwise(found))


@given(TEXTS)
def test_spans_are_true_and_in_order(text: str) -> None:
    holds(text, list(find(text)))


@given(TEXTS)
def test_no_digit_is_passed_over(text: str) -> None:
    found = find(text)
    for digits in DIGITS.finditer(text):
        assert any(mention.start <= digits.start() and digits.end() <= mention.end for mention in found), (digits[0], found)


@given(TEXTS, st.sampled_from(["kc-2026q1", "intc-2022q4"]), st.booleans())
def test_every_number_is_decided(text: str, case: str, cites: bool) -> None:
    facts = facts_of(case)
    checks = check_text(text, facts, evidence=["revenue", "revenue.yoy"] if cites else None).checks
    holds(text, [check.mention for check in checks])
    assert all(check.decision in DECISIONS for check in checks)
    assert all(check.is_problem == bool(check.message) for check in checks)
    assert all(check.fact in facts for check in checks if check.fact is not None)


@pytest.mark.parametrize(
    "metric", sorted({name for table in (topics.FAMILIES, topics.KIN) for metrics in table.values() for name in metrics})
)
def test_the_lexicon_names_metrics_that_exist(metric: str) -> None:
    assert metric in vocabulary()


def test_the_other_tables_name_metrics_that_exist() -> None:
    named = {*topics.KIN, *RATES, *names.ADJUSTED, *names.ADJUSTED.values(), *names.UNADJUSTED, *names.UNADJUSTED.values()}
    assert named <= set(vocabulary())


# -- patterns ------------------------------------------------------------------------------------------------------------------

# A repeat up to this many times counts as bounded: it makes a text's reading dearer by a constant.
BOUNDED = 2_000
REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT)
SAMPLE = [chr(n) for n in range(0x250)] + list("٣３½中é–—“”’−￥🙂\u2028\u00a0")


def patterns_of(module: ModuleType) -> Iterator[tuple[str, re.Pattern[str]]]:
    for name, value in vars(module).items():
        for n, one in enumerate(value if isinstance(value, list | tuple) else [value]):
            if isinstance(one, re.Pattern):
                yield f"{module.__name__}.{name}[{n}]", one


def modules_of(package: ModuleType) -> Iterator[ModuleType]:
    yield package
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(info.name)


def faults(pattern: str, flags: int = 0) -> list[str]:
    """Why a pattern may backtrack without end: an unbounded repeat within another, or two in a row that can take the same characters."""
    tree = parser.parse(pattern, flags)
    found: list[str] = []
    _walk(list(tree), False, tree.state.flags, found)
    return found


def _walk(items: list[Any], in_repeat: bool, flags: int, found: list[str]) -> None:
    before: list[Any] | None = None
    for op, value in items:
        if op in REPEATS:
            least, most, body = value[0], value[1], list(value[2])
            is_open = most is sre.MAXREPEAT or most > BOUNDED
            if is_open and in_repeat:
                found.append("an unbounded repeat within another")
            # What begins each round with a character that the round itself cannot hold is told apart by it: (?:[.,][0-9]+)*
            is_closed = _is_closed(body, flags)
            _walk(body, in_repeat or (is_open and not is_closed), flags, found)
            if is_open and before is not None and _overlap(before, body[:1] if is_closed else body, flags):
                found.append("two unbounded repeats in a row that can take the same characters")
            before = body if is_open else before if least == 0 else None
            continue
        if op is sre.SUBPATTERN:
            _walk(list(value[-1]), in_repeat, flags, found)
        elif op is sre.BRANCH:
            for branch in value[1]:
                _walk(list(branch), in_repeat, flags, found)
        elif op in (sre.ASSERT, sre.ASSERT_NOT):
            _walk(list(value[1]), in_repeat, flags, found)
            continue
        elif op in (sre.ATOMIC_GROUP, sre.POSSESSIVE_REPEAT):
            # What gives nothing back cannot backtrack into itself.
            before = None
            continue
        before = None


def _is_closed(body: list[Any], flags: int) -> bool:
    """Whether each round of a repeat starts with a character that nothing else in it can take."""
    return len(body) > 1 and body[0][0] in (sre.LITERAL, sre.NOT_LITERAL, sre.IN) and not _overlap(body[:1], body[1:], flags)


def _overlap(left: list[Any], right: list[Any], flags: int) -> bool:
    return bool(_takes(left, flags) & _takes(right, flags))


def _takes(items: list[Any], flags: int) -> set[str]:
    """The characters of the sample that any single part of a pattern can take."""
    found: set[str] = set()
    for op, value in items:
        if op in REPEATS or op is sre.POSSESSIVE_REPEAT:
            found |= _takes(list(value[2]), flags)
        elif op is sre.SUBPATTERN:
            found |= _takes(list(value[-1]), flags)
        elif op is sre.BRANCH:
            found |= set().union(*(_takes(list(branch), flags) for branch in value[1]))
        elif op is sre.LITERAL:
            found |= {char for char in SAMPLE if char == chr(value)}
        elif op is sre.NOT_LITERAL:
            found |= {char for char in SAMPLE if char != chr(value)}
        elif op is sre.ANY:
            found |= set(SAMPLE)
        elif op is sre.IN:
            found |= {char for char in SAMPLE if _is_in(char, value)}
    return found


_CATEGORIES = {
    sre.CATEGORY_DIGIT: r"\d",
    sre.CATEGORY_NOT_DIGIT: r"\D",
    sre.CATEGORY_SPACE: r"\s",
    sre.CATEGORY_NOT_SPACE: r"\S",
    sre.CATEGORY_WORD: r"\w",
    sre.CATEGORY_NOT_WORD: r"\W",
}


def _is_in(char: str, parts: list[Any]) -> bool:
    negated = parts[0][0] is sre.NEGATE
    holds_one = False
    for op, value in parts[1:] if negated else parts:
        match op:
            case sre.LITERAL:
                holds_one |= char == chr(value)
            case sre.RANGE:
                holds_one |= value[0] <= ord(char) <= value[1]
            case sre.CATEGORY:
                holds_one |= re.fullmatch(_CATEGORIES[value], char) is not None
    return holds_one != negated


PATTERNS = [one for module in modules_of(grounding) for one in patterns_of(module)]


def test_there_are_patterns_to_look_at() -> None:
    assert len(PATTERNS) >= 5


@pytest.mark.parametrize(("name", "pattern"), PATTERNS, ids=[name for name, _ in PATTERNS])
def test_no_pattern_can_be_made_to_backtrack_without_end(name: str, pattern: re.Pattern[str]) -> None:
    assert faults(pattern.pattern, pattern.flags) == []


@pytest.mark.parametrize("bad", [r"(a+)+", r"(?:[0-9]+,?)*x", r"\w+\w+%", r"[0-9]*[0-9.]*", r"(?:a*b?)*", r"(?:\s+|x)+$", r"[^,]+\s*\S+"])
def test_a_pattern_that_backtracks_is_found(bad: str) -> None:
    assert faults(bad)


@pytest.mark.parametrize(
    "good", [r"[0-9]+(?:[.,][0-9]+)*", r"[a-z]+ [a-z]+", r"x{1,64}@x{1,63}", r"[0-9]+%", r"(?:a|b)+", r"-?[0-9]*\.[0-9]+"]
)
def test_a_pattern_that_does_not_is_left_alone(good: str) -> None:
    assert faults(good) == []
