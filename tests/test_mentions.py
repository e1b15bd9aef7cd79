"""Mentions: the forms that numbers take, what is only structure, and what a sentence says about each."""

from __future__ import annotations

import sys
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.bench.check_speed import PIECES as PIECES_THAT_REPEAT
from pipeline.facts.quantity import Interval, UnitClass
from pipeline.grounding.lexicon import Approximation, Direction
from pipeline.grounding.mentions import Form, Kind, Mention, find
from pipeline.grounding.numbers import PeriodLabel
from pipeline.grounding.topics import BasisWord, Period

U = UnitClass


def only(text: str) -> Mention:
    found = [mention for mention in find(text) if mention.kind is None]
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("written", "unit", "value", "half"),
    [
        ("37.2%", U.PERCENT, "37.2", "0.05"),
        ("37 percent", U.PERCENT, "37", "0.5"),
        ("37.2 per cent", U.PERCENT, "37.2", "0.05"),
        ("thirty-seven percent", U.PERCENT, "37", "0.5"),
        ("-2.1%", U.PERCENT, "-2.1", "0.05"),
        ("−2.1%", U.PERCENT, "-2.1", "0.05"),
        ("+37.2%", U.PERCENT, "37.2", "0.05"),
        ("(3.4)%", U.PERCENT, "-3.4", "0.05"),
        ("3.4 points", U.POINTS, "3.4", "0.05"),
        ("3.4-point", U.POINTS, "3.4", "0.05"),
        ("3.4 pp", U.POINTS, "3.4", "0.05"),
        ("11.4 percentage points", U.POINTS, "11.4", "0.05"),
        ("three percentage points", U.POINTS, "3", "0.5"),
        ("two and a half points", U.POINTS, "2.5", "0.05"),
        ("340bp", U.POINTS, "3.40", "0.005"),
        ("340 basis points", U.POINTS, "3.40", "0.005"),
        ("1,000 basis points", U.POINTS, "10", "0.005"),
        ("a hundred basis points", U.POINTS, "1", "0.005"),
        ("CNY 2,703.7m", U.MONEY, "2703700000", "50000"),
        ("CNY2,703.7m", U.MONEY, "2703700000", "50000"),
        ("RMB 2.7 billion", U.MONEY, "2700000000", "50000000"),
        ("2.7 billion yuan", U.MONEY, "2700000000", "50000000"),
        ("2,703.7 million CNY", U.MONEY, "2703700000", "50000"),
        ("$1.2bn", U.MONEY, "1200000000", "50000000"),
        ("US$1.2bn", U.MONEY, "1200000000", "50000000"),
        ("€950m", U.MONEY, "950000000", "500000"),
        ("half a billion dollars", U.MONEY, "500000000", "50000000"),
        ("-$4,075m", U.MONEY, "-4075000000", "500000"),
        ("CNY -316m", U.MONEY, "-316000000", "500000"),
        ("$(0.16)", U.MONEY, "-0.16", "0.005"),
        ("-$0.16 per share", U.PER_SHARE, "-0.16", "0.005"),
        ("$1.65 a share", U.PER_SHARE, "1.65", "0.005"),
        ("16 cents per share", U.PER_SHARE, "0.16", "0.005"),
        ("5x", U.MULTIPLE, "5", "0.5"),
        ("1.1x", U.MULTIPLE, "1.1", "0.05"),
        ("five times", U.MULTIPLE, "5", "0.5"),
        ("141 days", U.DAYS, "141", "0.5"),
        ("988 million shares", U.SHARES, "988000000", "500000"),
        ("half", U.PERCENT, "50", "2.5"),
        ("three-quarters of", U.PERCENT, "75", "2.5"),
        ("doubled", U.PERCENT, "100", "5"),
        ("halved", U.PERCENT, "-50", "5"),
        ("mid-teens", U.PERCENT, "15", "1.5"),
        ("low-30s", U.PERCENT, "31.5", "2"),
        ("high single digits", U.PERCENT, "8", "1.5"),
    ],
)
def test_a_number_is_read_with_its_unit_and_rounding(written: str, unit: UnitClass, value: str, half: str) -> None:
    mention = only(f"It came to {written} then.")
    assert mention.unit is unit
    assert mention.value == Decimal(value)
    assert mention.interval == Interval(Decimal(value) - Decimal(half), Decimal(value) + Decimal(half))


@pytest.mark.parametrize(("written", "value"), [("(1,234)", "-1234"), ("1,234", "1234"), ("0.35", "0.35"), (".5", "0.5")])
def test_a_bare_number_has_no_unit(written: str, value: str) -> None:
    mention = only(f"It came to {written} then.")
    assert (mention.unit, mention.value) == (None, Decimal(value))


@pytest.mark.parametrize(
    ("text", "ends", "unit"),
    [
        ("EPS of $3.45-3.55", ("3.45", "3.55"), U.MONEY),
        ("EPS of 3.45 to 3.55", ("3.45", "3.55"), None),
        ("growth between 9 and 11 percent", ("9", "11"), U.PERCENT),
        ("growth of 9% to 11%", ("9", "11"), U.PERCENT),
        ("growth of 9-11%", ("9", "11"), U.PERCENT),
        ("guidance of $10.5-11.5 billion", ("10500000000", "11500000000"), U.MONEY),
        ("guidance of $8.40 - $9.20 per share", ("8.40", "9.20"), U.PER_SHARE),
        ("a third to a half of revenue", ("33.33", "50"), U.PERCENT),
    ],
)
def test_the_ends_of_a_range_are_linked_and_share_a_unit(text: str, ends: tuple[str, str], unit: UnitClass | None) -> None:
    low, high = find(text)
    assert low.value is not None
    assert high.value is not None
    assert (round(low.value, 2), round(high.value, 2)) == (Decimal(ends[0]), Decimal(ends[1]))
    assert low.unit is high.unit is unit
    assert low.range_with == (high.start, high.end)
    assert high.range_with == (low.start, low.end)


@pytest.mark.parametrize("text", ["fell from 16.2% to 12.8%", "grew 37.2% to CNY 2,703.7m", "margins of 12.8% and 27.6%"])
def test_two_numbers_are_not_a_range(text: str) -> None:
    assert [mention.range_with for mention in find(text)] == [None, None]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("over 12-18 months", [Kind.HORIZON, Kind.HORIZON]),
        ("the next 1-2 quarters", [Kind.HORIZON, Kind.HORIZON]),
        ("in the next two quarters", [Kind.HORIZON]),
        ("a five-year contract", [Kind.HORIZON]),
        ("in Q1 2026", [Kind.QUARTER]),
        ("in Q1'26", [Kind.QUARTER]),
        ("in 1Q26 and 2H25", [Kind.QUARTER, Kind.QUARTER]),
        ("FY26 guidance", [Kind.QUARTER]),
        ("the first quarter of 2026", [Kind.QUARTER]),
        ("in fiscal 2027", [Kind.YEAR]),
        ("by 2027E", [Kind.YEAR]),
        ("on March 31, 2026", [Kind.DATE]),
        ("on 31 March", [Kind.DATE]),
        ("on 2026-03-31", [Kind.DATE]),
        ("three catalysts and two large structural risks", [Kind.COUNT, Kind.COUNT]),
        ("the 21st century", [Kind.ORDINAL]),
        ("1. Revenue\n2. Margin", [Kind.LIST_MARKER, Kind.LIST_MARKER]),
        ("(1) demand and (2) supply", [Kind.LIST_MARKER, Kind.LIST_MARKER]),
        ("A100, H20 and GB200 chips on 5G", [Kind.NAME] * 4),
        ("COVID-19 and GPT-4", [Kind.NAME] * 2),
        ("a 2-for-1 split, 24/7, the S&P 500, a 10-Q", [Kind.NAME] * 4),
        ("call +1 212 555 0199 or (212) 555-0199", [Kind.PHONE] * 2),
        ("see https://x.io/q1?n=12.8 or ir2026@x.com", [Kind.URL] * 2),
        ("US0378331005", [Kind.ISIN]),
    ],
)
def test_structure_is_told_from_figures(text: str, kinds: list[Kind]) -> None:
    assert [mention.kind for mention in find(text)] == kinds


@pytest.mark.parametrize(
    "text", ["revenue of 1.234,56", "revenue of 1,23", "３７.２％ growth", "margin of ٣٤", "1/3 of revenue", "½ of revenue", "9" * 40]
)
def test_what_cannot_be_read_safely_says_why(text: str) -> None:
    assert all((mention.problem and mention.value is None) or mention.problem for mention in find(text))
    assert find(text)


@pytest.mark.parametrize(
    "text",
    ["one of them", "no one-off items", "the second-order effect", "a third party", "the first half", "double down", "half-year", ""],
)
def test_words_that_are_no_numbers(text: str) -> None:
    assert [mention for mention in find(text) if mention.kind is None] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Revenue grew 37.2% y/y", {"form": Form.CHANGE, "direction": Direction.UP, "metrics": ("revenue",), "periods": {Period.YOY}}),
        ("Gross margin fell to 12.8%", {"form": Form.LEVEL, "direction": Direction.DOWN, "link": "to", "metrics": ("gross_margin",)}),
        ("Gross margin fell by 3.4 points", {"form": Form.CHANGE, "direction": Direction.DOWN, "link": "by"}),
        ("a 3.4-point decline in gross margin", {"form": Form.CHANGE, "direction": Direction.DOWN, "metrics": ("gross_margin",)}),
        ("a 12.8% gross margin improvement", {"form": Form.CHANGE, "direction": Direction.BETTER, "metrics": ("gross_margin",)}),
        ("revenue was 0.4% below consensus", {"form": Form.CHANGE, "direction": Direction.DOWN, "periods": {Period.CONSENSUS}}),
        ("revenue was up sequentially by 2.1%", {"direction": Direction.UP, "periods": {Period.QOQ}}),
        ("gross margin of about 13%", {"form": Form.LEVEL, "approximator": Approximation.ABOUT}),
        ("revenue of more than CNY 2bn", {"approximator": Approximation.MORE_THAN}),
        ("revenue of up to CNY 3bn", {"approximator": Approximation.LESS_THAN}),
        ("nearly 28%", {"approximator": Approximation.NEARLY}),
        ("adjusted EBITDA margin of 27.6%", {"metrics": ("adjusted_ebitda_margin",)}),
        ("revenue grew 13% in constant currency", {"metrics": ("revenue",), "bases": {BasisWord.CONSTANT_CURRENCY}}),
        ("capex was 1.1x revenue", {"metrics": ("capex",), "wholes": ("revenue",)}),
        ("an operating loss of $1,132m", {"metrics": ("operating_income",), "is_loss": True}),
        ("Revenue missed by 0.4%", {"direction": Direction.DOWN, "periods": {Period.STREET}}),
        ("growth slowed to 12%", {"form": Form.CHANGE, "direction": Direction.UP}),
        ("margins of 12.8% could recover", {}),
        ("free cash flow topped $300m", {"approximator": Approximation.MORE_THAN}),
        ("revenue topped the $300m consensus", {"approximator": None}),
        ("less $2.27bn of debt", {"direction": None}),
        ("the company lost $98.7m more than a year before", {"form": Form.CHANGE, "direction": Direction.UP, "is_loss": True}),
        ("net income was $2.30/SHR", {"unit": U.PER_SHARE}),
        ("the $37.6bn by which revenue grew", {"form": Form.CHANGE}),
        ("the consensus for diluted EPS stood at $2.39", {"is_awaited": True}),
        ("management is targeting a CET1 ratio of 9%", {"is_awaited": True, "metrics": ("cet1_ratio",)}),
    ],
)
def test_what_the_sentence_says_of_its_number(text: str, expected: dict[str, object]) -> None:
    mention = only(text)
    assert {name: getattr(mention, name) for name in expected} == expected


def test_each_number_keeps_its_own_words() -> None:
    up, down = find("Margin rose 11.4 points y/y but fell 0.8 points q/q")
    assert (up.direction, set(up.periods)) == (Direction.UP, {Period.YOY})
    assert (down.direction, set(down.periods)) == (Direction.DOWN, {Period.QOQ})


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("gross margin 30.3% (Q2 24: 24.6%)", PeriodLabel("q2", 2024)),
        ("$65 better than in the last quarter of 2021", PeriodLabel("q4", 2021)),
        ("after $19.05bn in the first half, $25.1bn in the second", PeriodLabel("h2", None)),
        ("Third- and fourth-quarter revenue", PeriodLabel("q3", None)),
        ("the December and March quarters", PeriodLabel("quarter", None, 12)),
        ("between January and June", PeriodLabel(None, None, 6)),
    ],
)
def test_periods_are_read_as_they_are_written(text: str, label: PeriodLabel) -> None:
    assert label in [mention.label for mention in find(text)]


def test_a_period_behind_from_stays_with_the_change_before_it() -> None:
    change, level = (m for m in find("Average assets gained 12% from Q2 2021 to stand at $48.4bn") if m.kind is None)
    assert change.base_labels == (PeriodLabel("q2", 2021),)
    assert level.labels == ()


def test_a_date_that_is_part_of_a_name_is_no_period_of_its_number() -> None:
    assert next(m for m in find("$40.8bn was left on the May 2024 authorization") if m.kind is None).labels == ()


def test_a_sentence_may_end_in_q_q() -> None:
    first, second, third = (
        m for m in find("Revenue was $119bn, up 2.1% y/y and 33.6% q/q. Below that line net margin fell.") if m.kind is None
    )
    assert first.value
    assert second.direction is third.direction is Direction.UP


def test_a_second_number_of_a_list_takes_over_the_direction() -> None:
    first, second = find("Gross margin was down 3.4 points y/y and 0.8 points q/q")
    assert first.direction is second.direction is Direction.DOWN


def test_from_and_to_are_linked() -> None:
    base, level = find("fell from 16.2% to 12.8%")
    assert (base.form, level.form, level.from_with) == (Form.BASE, Form.LEVEL, (base.start, base.end))


PIECES = """
1 2 37.2 2,703.7 1.234,56 % pp bp $ € ¥ ( ) - – — + / . , ; : x m bn per share points from to by and between revenue gross margin
grew fell half third quarter two thirds mid- low teens 30s Q1 '26 FY26 2026 A100 S&P 500 about more than [^1] ² ½ ３ ٣ é 中 🙂
https:// @ #
"""
NUMBERISH = st.lists(st.sampled_from([*PIECES.split(), "\n", "\n\n"]), max_size=60).flatmap(
    lambda parts: st.sampled_from([" ".join(parts), "".join(parts)])
)


@given(st.one_of(st.text(max_size=400), NUMBERISH))
def test_no_text_breaks_it_and_spans_are_true(text: str) -> None:
    found = find(text)
    assert all(text[mention.start : mention.end] == mention.text for mention in found)
    assert all(left.end <= right.start for left, right in pairwise(found))


@pytest.mark.parametrize("piece", PIECES_THAT_REPEAT)
def test_work_grows_with_length_only(piece: str) -> None:
    """Counted in calls, which no other process on the machine can change; the same in seconds is a benchmark."""

    def calls(count: int) -> int:
        counted = 0

        def count_call(frame: object, event: str, argument: object) -> None:
            nonlocal counted
            counted += event in ("call", "c_call")

        text = piece * count
        sys.setprofile(count_call)
        try:
            find(text)
        finally:
            sys.setprofile(None)
        return counted

    find(piece)
    assert calls(2_000) <= 12 * calls(200) + 200


@pytest.mark.parametrize(
    "text",
    [
        "Headcount was 72,970, 8.1% fewer than a quarter earlier.",
        "The margin was 0.8 pp less than a quarter ago.",
        "Revenue leans on a quarter in which shops were shut.",
        "It came after less than a quarter that was good.",
    ],
)
def test_a_quarter_of_the_year_is_no_share(text: str) -> None:
    assert "a quarter" not in [mention.text for mention in find(text)]


def test_a_quarter_of_something_is_a_share() -> None:
    assert [mention.text for mention in find("Cost fell by a quarter, to a quarter of revenue.")] == ["a quarter", "a quarter"]
