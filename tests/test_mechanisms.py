"""The mechanism library: every mechanism fires where it should, is quiet where it should be, and says nothing that the facts do not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.errors import ResourceError
from pipeline.facts.factbase import FactBase
from pipeline.facts.quantity import UnitClass
from pipeline.facts.sheet import FactSheet
from pipeline.facts.vocabulary import vocabulary
from pipeline.grounding import check_text
from pipeline.mechanisms.engine import Fired, Quiet, already_holds, evaluate, fill, judge, watch_from
from pipeline.mechanisms.library import Mechanism, library, load_library
from pipeline.mechanisms.triggers import All, Condition, references, unit_of
from tests.mechanism_rows import ROWS, Figures

CASES = Path(__file__).parent.parent / "evals" / "cases"
CASE_IDS = ("aapl-2025q2", "crm-2024q1", "ebay-2023q1", "intc-2022q4", "kc-2026q1")
BY_ID = {mechanism.id: mechanism for mechanism in library()}

PERIODS = {
    "now": ("2026q1", date(2026, 1, 1), date(2026, 3, 31), "Q1 2026"),
    "prior_quarter": ("2025q4", date(2025, 10, 1), date(2025, 12, 31), "Q4 2025"),
    "history": ("2025q2", date(2025, 4, 1), date(2025, 6, 30), "Q2 2025"),
    "prior_year": ("2025q1", date(2025, 1, 1), date(2025, 3, 31), "Q1 2025"),
    "next": ("2026q2", date(2026, 4, 1), date(2026, 6, 30), "Q2 2026"),
}
UNITS = {
    UnitClass.MONEY: ("USD", "million"),
    UnitClass.PER_SHARE: ("USD/share", "one"),
    UnitClass.PERCENT: ("percent", "one"),
    UnitClass.MULTIPLE: ("x", "one"),
    UnitClass.SHARES: ("shares", "million"),
    UnitClass.DAYS: ("days", "one"),
    UnitClass.COUNT: ("count", "one"),
}


def sheet(figures: Figures, sector: str = "all") -> FactSheet:
    """A sheet from `metric: actual`, `metric: (actual, prior year, prior quarter)`, `guidance.metric: value or (low, high)`,
    `consensus.metric`, `next_consensus.metric`, `history.metric` (the quarter that guidance is a year after) and
    `metric.yoy: reported growth`. Amounts are in millions of dollars; None leaves a figure out.
    """
    facts: list[dict[str, Any]] = []
    for name, value in figures.items():
        head, _, rest = name.partition(".")
        if value is None:
            continue
        if head == "guidance":
            facts.append(_fact(name, rest, value, "guidance", "next"))
        elif head in ("consensus", "next_consensus"):
            facts.append(_fact(name, rest, value, "consensus", "now" if head == "consensus" else "next"))
        elif head == "history":
            facts.append(_fact(name, rest, value, "history", "history"))
        elif rest == "yoy":
            facts.append(_fact(f"{head}.yoy_reported", head, value, "actual", "now") | {"change": "yoy", "unit": "percent", "scale": "one"})
        else:
            levels = value if isinstance(value, tuple) else (value,)
            for role, level in zip(("actual", "prior_year", "prior_quarter"), levels, strict=False):
                if level is not None:
                    place = "now" if role == "actual" else role
                    facts.append(_fact(name if role == "actual" else f"{name}.{role}", name, level, role, place))
    return FactSheet.model_validate(
        {
            "company": {"name": "Example", "ticker": "EX", "currency": "USD", "sector": sector},
            "period": "2026q1",
            "periods": [
                dict(zip(("id", "start", "end", "label"), period, strict=True)) | {"kind": "quarter"} for period in PERIODS.values()
            ],
            "sources": [{"id": "release", "title": "Release", "kind": "press_release"}],
            "facts": facts,
        }
    )


def _fact(name: str, metric: str, value: Any, role: str, place: str) -> dict[str, Any]:
    unit, scale = UNITS[vocabulary()[metric].unit]
    ends = {"low": Decimal(value[0]), "high": Decimal(value[1])} if isinstance(value, tuple) else {"value": Decimal(value)}
    basis = "unstated" if metric == "leverage" or role == "consensus" else "adjusted" if metric.startswith("adjusted_") else "gaap"
    return {
        "id": name,
        "metric": metric,
        "unit": unit,
        "scale": scale,
        "period": PERIODS[place][0],
        "basis": basis,
        "role": role,
        "source": "release",
        **ends,
    }


# What a sheet needs besides for the sentences that are not the first.
FOR_OTHER_SENTENCES: dict[str, Figures] = {"capacity_ahead_of_demand": {"capex": "2400"}}


def verdict(mechanism: str, figures: Figures, sector: str) -> Fired | Quiet:
    fired, quiet = evaluate(FactBase.of(sheet(figures, sector)), [BY_ID[mechanism]])
    return fired[0] if fired else quiet[0]


def case(name: str) -> FactBase:
    text = (CASES / name / "facts.json").read_text(encoding="utf-8")
    return FactBase.of(FactSheet.model_validate(json.loads(text, parse_float=Decimal)))


def prose(fired: Fired, facts: FactBase) -> Iterator[tuple[str, list[str]]]:
    """What a note may print of a mechanism, with the ids of its evidence."""
    yield fired.text, [figure.id for figure in fired.facts]
    if (catalyst := fired.mechanism.catalyst) and (filled := fill(catalyst.text, facts)):
        yield filled[0], [figure.id for figure in filled[1]]


def problems(text: str, facts: FactBase, evidence: list[str] | None = None) -> list[str]:
    return [
        f"{check.mention.text} {check.decision}: {check.message or check.rule}"
        for check in check_text(text, facts, evidence=evidence).problems
    ]


# -- the library as a whole ----------------------------------------------------------------------------------------------


def test_every_mechanism_has_a_row() -> None:
    assert set(ROWS) == set(BY_ID)


def test_the_library_covers_many_areas_parties_and_both_horizons() -> None:
    assert len(library()) >= 24
    assert len({m.area for m in library()}) >= 10
    assert {m.party for m in library()} >= {"company", "customers", "suppliers", "competitors", "lenders", "shareholders", "employees"}
    assert {m.horizon for m in library()} >= {"next_1_2_quarters", "next_12_18_months"}


@pytest.mark.parametrize("mechanism", library(), ids=lambda m: m.id)
def test_a_finding_names_author_and_year(mechanism: Mechanism) -> None:
    assert (mechanism.kind == "finding") <= bool(re.search(r"[A-Z][a-z]+ \((19|20)\d\d\)", mechanism.reason))


@pytest.mark.parametrize("mechanism", library(), ids=lambda m: m.id)
def test_sentences_hedge_and_keep_their_length(mechanism: Mechanism) -> None:
    for text in mechanism.texts:
        assert re.search(r"\b(should|likely|may|tends?|suggests?|appears?|could|would)\b", text), text
        assert 24 <= len(text.split()) <= 50, f"{len(text.split())} words: {text}"
        assert len(re.findall(r"[.!?](?= |$)", text)) <= 2, text
        assert "  " not in text


@pytest.mark.parametrize("mechanism", library(), ids=lambda m: m.id)
def test_a_number_without_its_sign_has_one_that_the_trigger_fixes(mechanism: Mechanism) -> None:
    """`|size` on a change is safe only where the trigger bounds that change away from the other sign."""
    bounded = set(_signs(mechanism))
    texts = [*mechanism.texts, *([mechanism.catalyst.text] if mechanism.catalyst else [])]
    sized = {name for text in texts for name in re.findall(r"\{([a-z0-9_.]+)\|size\}", text)}
    assert sized <= bounded


def _signs(mechanism: Mechanism) -> Iterator[str]:
    """The figures whose sign the trigger fixes: compared with a number on the far side of zero, and not within any or not."""
    parts = mechanism.when.all if isinstance(mechanism.when, All) else (mechanism.when,)
    for part in parts:
        if isinstance(part, Condition):
            way, side = part.test
            if isinstance(side, Decimal) and ((way in ("above", "at_least") and side >= 0) or (way in ("below", "at_most") and side <= 0)):
                yield part.fact


# -- each mechanism --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROWS)
def test_fires_on_its_sheet(name: str) -> None:
    sector, figures, _ = ROWS[name]
    facts = FactBase.of(sheet(figures, sector))
    found = verdict(name, figures, sector)
    assert isinstance(found, Fired), found.because
    assert 0 <= found.strength <= 1
    assert found.facts
    assert not already_holds(found.falsifier, facts)
    for text, evidence in prose(found, facts):
        assert not re.search(r"[{}|]", text)
        assert not problems(text, facts, evidence), text


@pytest.mark.parametrize("name", ROWS)
def test_every_sentence_of_a_mechanism_holds_on_its_sheet(name: str) -> None:
    """Not only the first of the alternatives: the others are printed where a sheet lacks a figure."""
    sector, figures, _ = ROWS[name]
    facts = FactBase.of(sheet(figures | FOR_OTHER_SENTENCES.get(name, {}), sector))
    filled = [found for text in BY_ID[name].texts if (found := fill(text, facts))]
    assert len(filled) == len(BY_ID[name].texts)
    for text, cited in filled:
        assert not problems(text, facts, [figure.id for figure in cited]), text


@pytest.mark.parametrize("name", ROWS)
def test_stays_quiet_when_a_figure_changes(name: str) -> None:
    sector, figures, changed = ROWS[name]
    found = verdict(name, figures | changed, sector)
    assert isinstance(found, Quiet)
    assert found.evaluable
    assert found.because


@pytest.mark.parametrize("name", ROWS)
def test_is_not_evaluable_without_its_facts(name: str) -> None:
    found = verdict(name, {"store_count": "100"}, ROWS[name][0])
    assert isinstance(found, Quiet)
    assert not found.evaluable
    assert found.because.startswith("the sheet has no ")


def test_a_sector_limit_is_a_reason() -> None:
    found = verdict("take_rate_over_volume", ROWS["take_rate_over_volume"][1], "banks")
    assert isinstance(found, Quiet)
    assert found.evaluable
    assert "limited to internet" in found.because


def test_strength_grows_with_the_figure() -> None:
    strengths = []
    for capex in ("1200", "2000", "3000"):
        found = verdict("capacity_ahead_of_demand", {"revenue": "2703.7", "capex": capex}, "cloud")
        assert isinstance(found, Fired)
        strengths.append(found.strength)
    assert strengths == sorted(strengths)
    assert strengths[0] < 0.2 < 0.9 < strengths[-1]


def test_a_stated_basis_of_leverage_is_not_called_unstated() -> None:
    given = sheet(ROWS["leverage_against_monetisation"][1], "cloud")
    facts = tuple(f.model_copy(update={"basis": "adjusted"}) if f.metric == "leverage" else f for f in given.facts)
    stated = given.model_copy(update={"facts": facts})
    fired, quiet = evaluate(FactBase.of(stated), [BY_ID["leverage_against_monetisation"]])
    assert not fired
    assert quiet[0].because == "the basis of leverage is stated"


def test_growth_from_a_loss_is_no_growth_rate() -> None:
    """From a loss the sheet holds a difference in dollars; 500 (million dollars) is not "above 5 percent"."""
    facts = FactBase.of(sheet({"net_income": ("567", "-1341"), "eps_diluted": ("1.05", "-2.28"), "diluted_shares": ("541", "587")}))
    assert facts.find("net_income.yoy") is not None
    fired, quiet = evaluate(facts, [BY_ID["share_count_lifts_eps"]])
    assert not fired
    assert not quiet[0].evaluable


def test_cash_flow_of_the_half_year_is_not_held_against_a_quarter() -> None:
    given = sheet({"net_income": "510", "operating_cash_flow": "190"}, "industrials")
    half = given.periods[0].model_copy(update={"id": "2026h1", "kind": "ytd", "start": date(2025, 10, 1)})
    facts = tuple(f.model_copy(update={"period": "2026h1"}) if f.metric == "operating_cash_flow" else f for f in given.facts)
    mixed = given.model_copy(update={"periods": (*given.periods, half), "facts": facts})
    fired, quiet = evaluate(FactBase.of(mixed), [BY_ID["accruals_outrun_cash"]])
    assert not fired
    assert quiet[0].because == "the sheet has no operating_cash_flow"


def test_a_falsifier_that_already_holds_gives_way_to_the_next() -> None:
    found = verdict("capacity_ahead_of_demand", {"revenue": "2703.7", "capex": "1400"}, "cloud")
    assert isinstance(found, Fired)
    assert (found.falsifier.metric, found.falsifier.comparison, found.falsifier.threshold) == ("capex_intensity", "below", Decimal(30))


def test_a_threshold_per_share_keeps_its_cents() -> None:
    found = verdict("guided_eps_step_down", {"adjusted_eps": "1.11", "guidance.adjusted_eps": "0.98"}, "internet")
    assert isinstance(found, Fired)
    assert found.falsifier.threshold == Decimal("1.11")


# -- real quarters -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASE_IDS)
def test_each_case_has_mechanisms_parties_and_horizons(name: str) -> None:
    fired, quiet = evaluate(case(name), library())
    assert len(fired) >= 3
    assert len({one.mechanism.party for one in fired} - {"company"}) >= 2
    assert {one.mechanism.horizon for one in fired} >= {"next_1_2_quarters", "next_12_18_months"}
    assert len(fired) + len(quiet) == len(library())
    assert [one.strength for one in fired] == sorted((one.strength for one in fired), reverse=True)


@pytest.mark.parametrize("name", CASE_IDS)
def test_each_case_says_only_what_its_facts_hold(name: str) -> None:
    facts = case(name)
    for fired in evaluate(facts, library())[0]:
        for text, evidence in prose(fired, facts):
            assert not re.search(r"[{}|]", text)
            assert not problems(text, facts, evidence), f"{fired.mechanism.id}: {text}"
            assert problems(text, facts) == [], f"{fired.mechanism.id}: {text}"


@pytest.mark.parametrize("name", CASE_IDS)
def test_each_case_has_two_catalysts_with_a_threshold(name: str) -> None:
    facts = case(name)
    catalysts = [one.mechanism.catalyst for one in evaluate(facts, library())[0] if one.mechanism.catalyst]
    assert len([c for c in catalysts if fill(c.text, facts) and watch_from(c.watch, facts)]) >= 2


@pytest.mark.parametrize(
    ("mechanism", "party", "direction", "horizon"),
    [
        ("capacity_ahead_of_demand", "suppliers", "positive", "next_1_2_quarters"),
        ("leverage_against_monetisation", "lenders", "negative", "next_12_18_months"),
        ("ebitda_against_gross_margin", "shareholders", "mixed", "next_12_18_months"),
        ("industry_overbuild", "competitors", "negative", "next_12_18_months"),
        ("subsidised_capacity", "customers", "positive", "next_1_2_quarters"),
        ("growth_stalls_sequentially", "company", "mixed", "next_1_2_quarters"),
        ("in_line_number", "shareholders", "mixed", "next_1_2_quarters"),
    ],
)
def test_kingsoft_cloud(mechanism: str, party: str, direction: str, horizon: str) -> None:
    fired = {one.mechanism.id: one for one in evaluate(case("kc-2026q1"), library())[0]}
    assert mechanism in fired
    found = fired[mechanism].mechanism
    assert (found.party, found.direction, found.horizon) == (party, direction, horizon)


def test_kingsoft_cloud_sentences_carry_the_numbers() -> None:
    texts = {one.mechanism.id: one.text for one in evaluate(case("kc-2026q1"), library())[0]}
    expected = {
        "capacity_ahead_of_demand": ["CNY 3,000m", "CNY 2,703.7m"],
        "leverage_against_monetisation": ["5x", "the source does not state"],
        "ebitda_against_gross_margin": ["rose 11.4 pp y/y to 27.6%", "fell 3.4 pp y/y to 12.8%"],
        "industry_overbuild": ["111%", "37.2% y/y"],
        "growth_stalls_sequentially": ["grew 37.2% y/y", "slipped 2.1% q/q"],
        "in_line_number": ["-0.4% against consensus", "12.8%"],
    }
    for mechanism, parts in expected.items():
        for part in parts:
            assert part in texts[mechanism], mechanism
    assert not [text for text in texts.values() if re.search(r"net debt|guid|\bEPS\b", text, re.I)], "the sheet has none of these"


# -- broken files --------------------------------------------------------------------------------------------------------

GOOD: dict[str, Any] = {
    "id": "example",
    "title": "Example",
    "area": "demand",
    "sectors": ["all"],
    "when": {"fact": "revenue.yoy", "above": 5},
    "strength": {"fact": "revenue.yoy", "low": 5, "high": 20},
    "chain": ["sales grow", "orders grow"],
    "party": "suppliers",
    "direction": "positive",
    "horizon": "next_1_2_quarters",
    "texts": ["Revenue grew {revenue.yoy|size} y/y."],
    "falsifiers": [{"fact": "revenue.yoy", "comparison": "below", "threshold": 0}],
    "reason": "Identity.",
    "kind": "identity",
}


def write(folder: Path, *entries: dict[str, Any]) -> Path:
    (folder / "mine.yaml").write_text(yaml.safe_dump(list(entries), sort_keys=False), encoding="utf-8")
    return folder


def test_a_library_of_ones_own_loads(tmp_path: Path) -> None:
    (mechanism,) = load_library(write(tmp_path, GOOD))
    assert mechanism.id == "example"
    assert list(references(mechanism.when)) == ["revenue.yoy"]


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"when": {"fact": "revenu.yoy", "above": 5}}, "[0].when.fact", "'revenu.yoy' refers to no metric"),
        ({"when": {"all": [{"fact": "revenue.yoy", "above": "revenu.yoy"}]}}, "[0].when.all[0].above", "'revenu.yoy' refers to no metric"),
        ({"when": {"fact": "revenue.growth", "above": 5}}, "[0].when.fact", "'revenue.growth' refers to no metric"),
        ({"when": {"fact": "revenue.yoy", "above": 5, "below": 9}}, "[0].when", "expected exactly one of above"),
        ({"when": {"fact": "revenue.yoy"}}, "[0].when", "expected exactly one of above"),
        ({"when": {"fact": "revenue.yoy", "above": 5, "by": 2}}, "[0].when", "by and times go with a comparison to a figure"),
        ({"when": {"fact": "revenue.yoy", "above": True}}, "[0].when.above", "expected a number or a reference"),
        ({"when": {"fact": "revenue", "above": 1000}}, "[0].when", "revenue is in money: compare it with 0"),
        ({"when": {"fact": "revenue", "above": "gross_margin"}}, "[0].when", "revenue is in money, gross_margin in percent"),
        ({"when": {"any": []}}, "[0].when.any", "at least 1 item"),
        ({"when": {"never": "revenue"}}, "[0].when", "expected one of fact, present"),
        ({"when": {"not": {"present": "revenu"}}}, "[0].when.not.present", "'revenu' refers to no metric"),
        ({"strength": {"fact": "revenue.yoy", "low": 5, "high": 5}}, "[0].strength", "low and high are the same"),
        ({"strength": {"fact": "revenue", "low": 5, "high": 9}}, "[0].strength", "say over which other figure"),
        ({"texts": ["Revenue grew {revenu.yoy}."]}, "[0].texts[0]", "'revenu.yoy' refers to no metric"),
        ({"texts": ["Revenue grew {revenue.yoy|abs}."]}, "[0].texts[0]", "a placeholder is {reference} or {reference|size}"),
        ({"falsifiers": [{"fact": "revenue", "comparison": "below", "threshold": 100}]}, "[0].falsifiers[0]", "compare it with 0"),
        ({"falsifiers": [{"fact": "revenue", "comparison": "under", "threshold": 0}]}, "[0].falsifiers[0].comparison", "'above'"),
        ({"reason": None}, "[0].reason", "valid string"),
        ({"reason": ...}, "[0].reason", "Field required"),
        ({"when": {"fact": "revenue.yoy", "above": "revenue.yoy"}}, "[0].when", "revenue.yoy is compared with itself"),
        ({"when": {"all": [{"fact": "revenue.yoy", "above": 5}, {"fact": "revenue.yoy", "below": 3}]}}, "[0].when", "can never hold"),
        ({"when": {"all": [{"fact": "revenue.yoy", "above": 5}, {"fact": "revenue.yoy", "at_most": 5}]}}, "[0].when", "can never hold"),
        (
            {"when": {"all": [{"absent": "inventory"}, {"fact": "inventory.yoy", "above": 5}, {"present": "inventory"}]}},
            "[0].when",
            "absent",
        ),
        ({"when": {"all": [{"present": "revenue"}, {"not": {"present": "revenue"}}]}}, "[0].when", "must hold, and must not"),
        (
            {"when": {"all": [{"fact": "revenue.yoy", "above": "inventory.yoy"}, {"fact": "inventory.yoy", "above": "revenue.yoy"}]}},
            "[0].when",
            "run in a circle through revenue.yoy",
        ),
        ({"when": {"trend": "revenue.yoy", "moves": "up", "periods": 3}}, "[0].when", "is no level"),
        ({"when": {"trend": "revenue", "moves": "sideways", "periods": 3}}, "[0].when.moves", "'up' or 'down'"),
        ({"when": {"trend": "revenue", "moves": "up", "periods": 2}}, "[0].when.periods", "greater than or equal to 3"),
        ({"sectors": ["softwear"]}, "[0].sectors[0]", "'software'"),
        ({"chain": ["sales grow"]}, "[0].chain", "at least 2 items"),
        ({"party": "banks"}, "[0].party", "'lenders'"),
        ({"remark": "x"}, "[0].remark", "Extra inputs"),
    ],
)
def test_a_broken_mechanism_is_refused_with_its_place(tmp_path: Path, change: dict[str, Any], field: str, message: str) -> None:
    entry = {key: value for key, value in (GOOD | change).items() if value is not ...}
    with pytest.raises(ResourceError) as caught:
        load_library(write(tmp_path, entry))
    text = str(caught.value)
    assert re.match(r"mine\.yaml:\d+: ", text), text
    assert f" {field}: " in text
    assert message in text


def test_the_line_is_that_of_the_field(tmp_path: Path) -> None:
    text = yaml.safe_dump([GOOD, GOOD | {"id": "other", "party": "banks"}], sort_keys=False)
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    line = text.splitlines().index("  party: banks") + 1
    with pytest.raises(ResourceError, match=rf"^mine\.yaml:{line}: \[1\]\.party: "):
        load_library(tmp_path)


def test_an_id_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match=r"mine\.yaml:\d+: \[1\]\.id: 'example' stands twice"):
        load_library(write(tmp_path, GOOD, GOOD))


@pytest.mark.parametrize(
    ("text", "message"), [("a: 1\n", "expected a list"), ("- [\n", "mine.yaml"), ("", "expected a list"), ("- 5\n", "[0]")]
)
def test_a_file_that_is_no_list_of_mechanisms_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ResourceError, match=re.escape(message)):
        load_library(tmp_path)


def test_a_file_that_holds_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("- &a\n  id: x\n  when: {all: [*a]}\n", encoding="utf-8")
    with pytest.raises(ResourceError, match=r"mine\.yaml"):
        load_library(tmp_path)


# -- triggers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ({"fact": "revenue.yoy", "at_least": 20}, True),
        ({"fact": "revenue.yoy", "above": 20}, False),
        ({"fact": "revenue.yoy", "at_most": 20}, True),
        ({"fact": "revenue.yoy", "below": 20}, False),
        ({"fact": "inventory.yoy", "above": "revenue.yoy", "by": 19}, True),
        ({"fact": "inventory.yoy", "above": "revenue.yoy", "by": 20}, False),
        ({"fact": "revenue.yoy", "below": "inventory.yoy", "by": 19}, True),
        ({"fact": "revenue.yoy", "below": "inventory.yoy", "by": 20}, False),
        ({"fact": "inventory", "above": "revenue", "times": 0.5}, True),
        ({"fact": "inventory", "above": "revenue", "times": 0.6}, False),
        ({"fact": "net_income", "above": 0}, None),
        ({"fact": "revenue", "above": "net_income"}, None),
        ({"present": "revenue"}, True),
        ({"present": "net_income"}, None),
        ({"absent": "revenue"}, False),
        ({"absent": "net_income"}, True),
        ({"unstated": "leverage"}, True),
        ({"unstated": "revenue"}, False),
        ({"unstated": "net_income"}, None),
        ({"not": {"fact": "revenue.yoy", "above": 20}}, True),
        ({"not": {"fact": "revenue.yoy", "at_least": 20}}, False),
        ({"not": {"fact": "net_income", "above": 0}}, None),
        ({"all": [{"present": "revenue"}, {"fact": "net_income", "above": 0}]}, None),
        ({"all": [{"fact": "net_income", "above": 0}, {"fact": "revenue.yoy", "above": 50}]}, False),
        ({"any": [{"fact": "net_income", "above": 0}, {"present": "revenue"}]}, True),
        ({"any": [{"fact": "net_income", "above": 0}, {"fact": "revenue.yoy", "above": 50}]}, False),
        ({"any": [{"fact": "net_income", "above": 0}]}, None),
    ],
)
def test_trigger(when: dict[str, Any], holds: bool | None) -> None:
    facts = FactBase.of(sheet({"revenue": ("120", "100"), "inventory": ("69.95", "50.00"), "leverage": "5"}))
    trigger = Mechanism.model_validate(GOOD | {"when": when}).when
    found = judge(trigger, facts)
    assert found.holds is holds
    assert bool(found.because) == (holds is not True)


@pytest.mark.parametrize(
    ("reference", "unit"),
    [
        ("revenue", "money"),
        ("revenue.yoy", "percent"),
        ("gross_margin", "percent"),
        ("gross_margin.yoy", "points"),
        ("gross_margin.surprise", "points"),
        ("leverage.yoy", "multiple"),
        ("leverage.surprise", "percent"),
        ("dso.qoq", "days"),
        ("guidance.revenue", "money"),
        ("guidance.gross_margin.implied_qoq", "points"),
        ("guidance.revenue.vs_consensus", "percent"),
        ("consensus.eps_diluted", "per_share"),
    ],
)
def test_unit_of(reference: str, unit: str) -> None:
    assert unit_of(reference) == unit


def quarters(metric: str, *values: str, gap: int | None = None) -> FactBase:
    """A sheet with a metric's levels, the newest first, a quarter apart; before place `gap` a quarter is missing."""
    given = sheet({"revenue": "100"})
    period, fact = given.periods[0], given.facts[0]
    periods, facts = [], []
    for place, value in enumerate(values):
        ago = place + (gap is not None and place >= gap)
        end = date(2026, 3, 31) - timedelta(days=91 * ago)
        name = f"p{place}" if place else period.id
        periods.append(period.model_copy(update={"id": name, "start": end - timedelta(days=89), "end": end, "label": f"quarter {ago}"}))
        role = "actual" if place == 0 else "prior_quarter" if ago == 1 else "history"
        facts.append(
            fact.model_dump() | {"id": f"{metric}.{place}", "metric": metric, "unit": "percent", "scale": "one", "period": name}
            | {"role": role, "value": Decimal(value)}
        )  # fmt: skip
    return FactBase.of(
        FactSheet.model_validate(given.model_dump() | {"periods": [p.model_dump() for p in periods], "facts": facts, "period": period.id})
    )


@pytest.mark.parametrize(
    ("values", "gap", "holds"),
    [
        (("40", "41", "42", "43"), None, True),
        (("40", "41", "42"), None, True),
        (("40", "41", "41"), None, False),
        (("40", "39", "42"), None, False),
        (("40", "41"), None, None),
        (("40", "41", "42"), 2, None),
    ],
)
def test_a_trend_needs_every_period_to_move_the_same_way(values: tuple[str, ...], gap: int | None, holds: bool | None) -> None:
    trigger = Mechanism.model_validate(GOOD | {"when": {"trend": "gross_margin", "moves": "down", "periods": 3}}).when
    found = judge(trigger, quarters("gross_margin", *values, gap=gap))
    assert found.holds is holds
    assert len(found.facts) == (3 if holds is not None else 0)
    assert bool(found.because) == (holds is not True)
