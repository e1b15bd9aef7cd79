"""Loading fact sheets: what a person sees for every kind of bad input, and that nothing else ever comes out."""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError, Problem
from pipeline.facts.loading import MOST_PROBLEMS, load_sheet
from pipeline.facts.parsing import parse
from pipeline.facts.positions import Format, UnreadableError, lines_of
from pipeline.facts.sheet import FactSheet
from tests.sheets import find_sheets, load_sheets

LIMIT = 1_000_000
Sheet = dict[str, Any]
FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def fact(**changes: Any) -> Sheet:
    base = {"id": "revenue", "metric": "revenue", "value": "2703.7", "unit": "CNY", "scale": "million", "period": "2026q1", "basis": "gaap"}
    return {**base, "role": "actual", "source": "pr", **changes}


def sheet(*more: Sheet, **changes: Any) -> Sheet:
    periods = [
        {"id": "2026q1", "kind": "quarter", "start": "2026-01-01", "end": "2026-03-31", "label": "Q1 2026"},
        {"id": "2025q4", "kind": "quarter", "start": "2025-10-01", "end": "2025-12-31", "label": "Q4 2025"},
        {"id": "2025q1", "kind": "quarter", "start": "2025-01-01", "end": "2025-03-31", "label": "Q1 2025"},
        {"id": "2026q2", "kind": "quarter", "start": "2026-04-01", "end": "2026-06-30", "label": "Q2 2026"},
    ]
    return {
        "company": {"name": "Kingsoft Cloud", "ticker": "KC", "currency": "CNY"},
        "period": "2026q1",
        "periods": periods,
        "sources": [{"id": "pr", "title": "Q1 2026 results", "kind": "press_release"}],
        "facts": [fact(), *more],
        **changes,
    }


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write_it(content: Sheet | str | bytes, name: str = "kc.json") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, dict):
            content = yaml.safe_dump(content, sort_keys=False) if path.suffix != ".json" else json.dumps(content, indent=1)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_it


def seen(path: Path, **options: Any) -> list[str]:
    """The lines that a person sees, without the folder."""
    with pytest.raises(InputError) as caught:
        load_sheet(path, **{"max_bytes": LIMIT, **options})
    return [line.replace(f"{path.parent}{os.sep}", "") for line in str(caught.value).splitlines()]


# -- one line each -------------------------------------------------------------------------------------------------------

# @ stands for the line of the field that the message names, # for that of the first fact's id.
BAD_CONTENT: list[tuple[Sheet, str]] = [
    (sheet(fact(id="b", metrics="revenue")), "kc.json:@: facts[1].metrics: unknown key: did you mean 'metric'?"),
    (sheet(sauces=[]), "kc.json:@: sauces: unknown key: did you mean 'sources'?"),
    (
        sheet(fact(id="b", value=[1])),
        (
            "kc.json:@: facts[1].value: expected a plain number such as 1970.0 or -16.5, without thousands separators, brackets or units, "
            "got a list"
        ),
    ),
    (
        sheet(fact(id="b", value="1,970.0")),
        (
            "kc.json:@: facts[1].value: expected a plain number such as 1970.0 or -16.5, without thousands separators, brackets or units, "
            "got '1,970.0'"
        ),
    ),
    (sheet(fact(id=7)), "kc.json:@: facts[1].id: expected text that matches ^[a-z][a-z0-9_.]*$, got the number 7: put it in quotes"),
    (
        sheet(fact(id="b", basis=None)),
        ("kc.json:@: facts[1].basis: expected one of gaap, ifrs, adjusted, constant_currency, organic, kpi, market, unstated, got null"),
    ),
    (sheet(fact()), "kc.json:@: facts[1].id: the id 'revenue' stands twice: expected another one (first in line #)"),
    (sheet(fact(id="b", metric="revenu")), "kc.json:@: facts[1].metric: unknown metric 'revenu': did you mean 'revenue'?"),
    (sheet(fact(id="b", metric="Revenue")), "kc.json:@: facts[1].metric: unknown metric 'Revenue': did you mean 'revenue'?"),
    (
        sheet(fact(id="b", unit="percent")),
        (
            "kc.json:@: facts[1].unit: unit 'percent' does not fit revenue, which is money: expected a currency such as CNY, "
            "or 'change' set to yoy or qoq if this is a change"
        ),
    ),
    (
        sheet(fact(id="b", metric="gross_margin", unit="percent", change="yoy")),
        "kc.json:@: facts[1].unit: unit 'percent' does not fit a change of gross_margin, which is a percentage: expected pp or bp",
    ),
    (
        sheet(fact(id="b", metric="eps_diluted", unit="CNY")),
        "kc.json:@: facts[1].unit: unit 'CNY' does not fit eps_diluted, which is an amount per share: expected CNY/share",
    ),
    (
        sheet(fact(id="b", unit="dollars")),
        (
            "kc.json:@: facts[1].unit: unknown unit 'dollars': expected a currency such as USD, "
            "USD/share, percent, ratio, pp, bp, x, shares, days or count"
        ),
    ),
    (
        sheet(fact(id="b", metric="adjusted_ebitda")),
        "kc.json:@: facts[1].basis: basis 'gaap' does not fit adjusted_ebitda, which is an adjusted figure: expected adjusted",
    ),
    (sheet(fact(id="b", period="2026q3")), "kc.json:@: facts[1].period: no period has the id '2026q3': did you mean '2026q2'?"),
    (sheet(fact(id="b", source="x")), "kc.json:@: facts[1].source: no source has the id 'x': expected the id of one of the sources"),
    (sheet(period="fy"), "kc.json:@: period: no period has the id 'fy': expected the id of one of the periods"),
    ({k: v for k, v in sheet().items() if k != "period"}, "kc.json: period: missing: expected text (id of the reported period)"),
    (sheet(fact(id="b", value=None)), "kc.json:@: facts[1]: needs a value, or both low and high"),
    (sheet(fact(id="b", value=1, low=2, high=3, role="consensus")), "kc.json:@: facts[1]: expected low <= value <= high"),
    (sheet(fact(id="b", as_of="2026-05-01")), "kc.json:@: facts[1]: analysts and as_of belong to consensus only"),
    (sheet(fact(id="b", value=10**20)), "kc.json:@: facts[1].value: expected a number below 10^19 with at most 12 decimals"),
    (
        sheet(fact(id="b", role="prior_year", period="2025q4")),
        (
            "kc.json:@: facts[1].role: role 'prior_year' does not fit period '2025q4', which ends on 2025-12-31: "
            "expected a period that ends a year before 2026-03-31, or role prior_quarter"
        ),
    ),
    (
        sheet(fact(id="b", role="prior_quarter", period="2025q1")),
        (
            "kc.json:@: facts[1].role: role 'prior_quarter' does not fit period '2025q1', which ends on 2025-03-31: "
            "expected a period that ends a quarter before 2026-03-31, or role prior_year"
        ),
    ),
    (
        sheet(fact(id="b", period="2026q2")),
        (
            "kc.json:@: facts[1].role: role 'actual' does not fit period '2026q2', which ends on 2026-06-30: "
            "expected a period that ends on 2026-03-31 like the reported one"
        ),
    ),
    (
        sheet(fact(id="b", role="guidance")),
        (
            "kc.json:@: facts[1].role: role 'guidance' does not fit period '2026q1', which ends on 2026-03-31: "
            "expected a period that ends after 2026-03-31, or role actual"
        ),
    ),
    (sheet(facts=[]), "kc.json:@: facts: expected at least 1 item, got 0"),
    (sheet(released="27 May 2026"), "kc.json:@: released: '27 May 2026' does not fit: expected a date as YYYY-MM-DD"),
    (sheet(fact(id="b", quote="a\ud800")), "kc.json:@: facts[1].quote: holds the control character '\\ud800': expected plain text"),
    (sheet(fact(id="b", quote="a\x1b[31mb")), "kc.json:@: facts[1].quote: holds the control character '\\x1b': expected plain text"),
]


@pytest.mark.parametrize(("content", "line"), BAD_CONTENT, ids=lambda value: value[:70] if isinstance(value, str) else "")
def test_each_mistake_gets_one_line_with_file_line_field_and_what_was_expected(
    content: Sheet, line: str, write: Callable[..., Path]
) -> None:
    path = write(content)
    text = path.read_text()
    field = line.split(": ")[1]
    key = '{\n   "id": ' if field == "facts[1]" else f'"{re.split("[.]", field)[-1]}": '
    offset = text.rindex(key) if "[" in field else text.index(key)
    expected = line.replace("@", str(line_at(text, offset))).replace("#", str(line_at(text, text.find('"id": "revenue"'))))
    assert seen(path) == [expected]


def line_at(text: str, offset: int) -> int:
    return text[:offset].count("\n") + 1


BAD_TEXT: list[tuple[str, str | bytes, str]] = [
    ("kc.json", "", "kc.json: is empty: expected a fact sheet"),
    ("kc.yaml", " \n", "kc.yaml: is empty: expected a fact sheet"),
    ("kc.yaml", "# to do\n", "kc.yaml: is empty: expected a fact sheet"),
    ("kc.json", "null", "kc.json: is empty: expected a fact sheet"),
    ("kc.json", "[1]", "kc.json: expected an object with company, period, periods, sources, facts, got a list"),
    ("kc.json", b'{\n"company": "caf\xe9"}', "kc.json:2: is not UTF-8: byte 17 is 0xe9; expected a file saved as UTF-8"),
    ("kc.json", b"\xef\xbb\xbf{\xff", "kc.json:1: is not UTF-8: byte 4 is 0xff; expected a file saved as UTF-8"),
    ("kc.json", '{\n"a": 1,\n}', "kc.json:3: is not valid JSON at column 1: Expecting property name enclosed in double quotes"),
    ("kc.json", '{"a": 1} x', "kc.json:1: is not valid JSON at column 10: Extra data"),
    ("kc.json", '{"a":\n NaN}', "kc.json:1: a: NaN is not a number that a fact can have: expected a finite number"),
    ("kc.json", '{"a":[1,\n-Infinity]}', "kc.json:2: a[1]: -Infinity is not a number that a fact can have: expected a finite number"),
    ("kc.json", '{"a": 1e999}', "kc.json:1: a: '1e999' is out of range: expected a number below 10^19 with at most 12 decimals"),
    (
        "kc.json",
        f'{{"a": {"9" * 5_000}}}',
        f"kc.json:1: a: '{'9' * 60}...' is out of range: expected a number below 10^19 with at most 12 decimals",
    ),
    ("kc.yaml", "a: 1e999", "kc.yaml:1: a: '1e999' is out of range: expected a number below 10^19 with at most 12 decimals"),
    ("kc.json", '{"a": {"b": 1,\n"b": 2}}', "kc.json:2: a.b: the key stands twice in the same object: expected it once"),
    ("kc.yaml", "a:\n  b: 1\n  b: 2\n", "kc.yaml:3: a.b: the key stands twice in the same object: expected it once"),
    ("kc.json", "[" * 100_000, "kc.json: is nested too deeply: expected at most 16 levels"),
    ("kc.json", "[" * 50 + "]" * 50, "kc.json: is nested too deeply: expected at most 16 levels"),
    ("kc.yaml", "[" * 100_000, "kc.yaml:1: is nested too deeply: expected at most 16 levels"),
    ("kc.yaml", "- " * 400 + "a", "kc.yaml:1: is nested too deeply: expected at most 16 levels"),
    ("kc.yaml", "a: &a [x]\nb: *a\n", "kc.yaml:1: anchors and aliases are not allowed: write the value out"),
    ("kc.yaml", "a: 1\nb: *a\n", "kc.yaml:2: anchors and aliases are not allowed: write the value out"),
    (
        "kc.yaml",
        'a: !!python/object/apply:os.system ["echo"]',
        "kc.yaml:1: the tag '!!python/object/apply:os.system' is not allowed: write plain values, and text in quotes",
    ),
    ("kc.yaml", "a: !!binary aGk=", "kc.yaml:1: the tag '!!binary' is not allowed: write plain values, and text in quotes"),
    ("kc.yaml", "a: 1\n---\nb: 2\n", "kc.yaml:3: holds several documents: expected one fact sheet per file"),
    ("kc.yaml", "a: [1,\n", "kc.yaml:2: is not valid YAML: did not find expected node content, while parsing a flow node"),
    ("kc.yaml", "a: 1\nb: \x07\n", "kc.yaml:2: holds the control character '\\x07': expected plain text"),
    ("kc.yaml", "? [a]\n: 1\n", "kc.yaml:1: a list or an object stands where a key should: expected text"),
    ("kc.txt", "a", "kc.txt: is not a fact sheet by its name: expected a name that ends in .json, .yaml, .yml, .csv"),
]


@pytest.mark.parametrize(("name", "content", "line"), BAD_TEXT, ids=[case[2][:60] for case in BAD_TEXT])
def test_each_unreadable_text_gets_one_line(name: str, content: str | bytes, line: str, write: Callable[..., Path]) -> None:
    assert seen(write(content, name)) == [line]


def test_a_billion_laughs_are_refused_before_anything_is_built(write: Callable[..., Path]) -> None:
    bomb = "a0: &a0 [lol]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    assert seen(write(bomb, "kc.yaml")) == ["kc.yaml:1: anchors and aliases are not allowed: write the value out"]


def test_a_file_above_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "big.json"
    with path.open("wb") as file:
        file.truncate(50 * 1024 * 1024)
    expected = "big.json: has 52,428,800 bytes: expected at most 10,000,000; split it, or set AFTERPRINT_MAX_INPUT_BYTES higher"
    assert seen(path, max_bytes=10_000_000) == [expected]


def test_the_limit_itself_is_allowed(write: Callable[..., Path]) -> None:
    path = write(sheet())
    size = path.stat().st_size
    assert load_sheet(path, max_bytes=size)
    assert seen(path, max_bytes=size - 1)[0].startswith(f"kc.json: has {size:,} bytes: expected at most {size - 1:,};")


def test_what_is_not_a_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "folder.json").mkdir()
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "loop.json").symlink_to("loop.json")
    assert seen(tmp_path / "none.json") == ["none.json: no such file: expected a fact sheet or a folder with fact sheets"]
    assert seen(tmp_path / "folder.json") == ["folder.json: is a folder: expected a file"]
    assert seen(tmp_path / "pipe.json") == ["pipe.json: is not a regular file: expected a fact sheet"]
    assert seen(tmp_path / "loop.json") == ["loop.json: cannot be read: Too many levels of symbolic links"]
    assert seen(tmp_path / f"{'x' * 300}.json") == [f"{'x' * 300}.json: cannot be read: File name too long"]
    assert seen(tmp_path / "a\0b.json") == ["a\\x00b.json: cannot be read: embedded null byte"]


def test_a_file_that_may_not_be_read_says_so(write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(sheet())

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert seen(path) == ["kc.json: cannot be read: Permission denied"]


def test_all_problems_of_a_file_come_at_once_in_the_order_of_its_lines(write: Callable[..., Path]) -> None:
    content = sheet(
        fact(id="b", metrics="x"),
        fact(id="c", metric="revenu"),
        fact(id="d", unit="percent"),
        fact(id="e", value=None),
        fact(id="f", role="guidance"),
        fact(id="c", source="x"),
    )
    del content["company"]["ticker"]
    lines = seen(write(content))
    fields = [line.split(": ")[1] for line in lines]
    assert " ".join(fields) == (
        "company.ticker facts[1].metrics facts[2].metric facts[3].unit facts[4] facts[5].role facts[6].id facts[6].source"
    )
    numbers = [int(line.split(":")[1]) for line in lines]
    assert numbers == sorted(numbers)


def test_a_yaml_sheet_names_its_own_lines(write: Callable[..., Path]) -> None:
    text = yaml.safe_dump(sheet(fact(id="b", unit="percent")), sort_keys=False)
    line = text.splitlines().index("  unit: percent") + 1
    assert seen(write(text, "kc.yml"))[0].startswith(f"kc.yml:{line}: facts[1].unit: unit 'percent' does not fit revenue")


def test_the_list_of_problems_is_capped(write: Callable[..., Path]) -> None:
    lines = seen(write(sheet(*(fact(id=f"f{n}", metric="revenu") for n in range(50)))))
    assert len(lines) == MOST_PROBLEMS + 1
    assert lines[-1] == "kc.json: and 30 more problems"
    assert seen(write(sheet(*(fact(id=f"f{n}", metric="revenu") for n in range(21)))))[-1] == "kc.json: and 1 more problem"


def test_a_sheet_with_too_many_facts_is_one_problem(write: Callable[..., Path]) -> None:
    lines = seen(write(json.dumps({**sheet(), "facts": [0] * 100_000})))
    assert lines == ["kc.json:1: facts: expected at most 2,000 items, got 100,000"]


def test_only_as_many_facts_are_looked_at_as_a_sheet_may_have(write: Callable[..., Path]) -> None:
    path = write(sheet(facts=[fact()] * 2_500))
    lines = seen(path)
    text = path.read_text()
    line = line_at(text, text.index('"facts"'))
    assert lines[0] == f"kc.json:{line}: facts: expected at most 2,000 items, got 2,500"
    assert lines[-1] == "kc.json: and 1980 more problems"


def test_a_fact_with_very_many_unknown_keys_is_not_poured_out(write: Callable[..., Path]) -> None:
    assert seen(write(sheet(fact(id="b", **{f"_{n}": n for n in range(5_000)}))))[-1] == "kc.json: and 1 more problem"


# -- what is allowed -----------------------------------------------------------------------------------------------------


def test_consensus_without_a_date_or_in_another_currency_is_allowed(write: Callable[..., Path]) -> None:
    loaded = load_sheet(write(sheet(fact(id="c", role="consensus", unit="USD", basis="unstated"))), max_bytes=LIMIT)
    assert loaded.facts[1].as_of is None


@pytest.mark.parametrize(
    "one",
    [
        fact(id="b", unit="percent", change="yoy"),
        fact(id="b", metric="gross_margin", unit="ratio", value="0.128"),
        fact(id="b", metric="gross_margin", unit="bp", change="qoq", value=-340),
        fact(id="b", metric="eps_diluted", unit="percent", change="yoy"),
        fact(id="b", metric="net_leverage", unit="percent", change="yoy") | {"metric": "interest_coverage"},
        fact(id="b", metric="interest_coverage", unit="x", change="yoy"),
        fact(id="b", role="market", period="2025q4"),
        fact(id="b", role="history", period="2025q4"),
        fact(id="b", role="prior_quarter", period="2025q4"),
        fact(id="b", role="prior_year", period="2025q1"),
        fact(id="b", role="guidance", period="2026q2", value=None, low="2800", high="2900"),
        fact(id="b", metric="adjusted_ebitda", basis="adjusted"),
        fact(id="b", metric="adjusted_ebitda", basis="unstated"),
    ],
    ids=lambda one: f"{one['metric']}-{one['unit']}-{one['role']}-{one.get('change', '')}",
)
def test_facts_that_fit_load(one: Sheet, write: Callable[..., Path]) -> None:
    assert len(load_sheet(write(sheet(one)), max_bytes=LIMIT).facts) == 2


def test_an_actual_figure_may_cover_a_longer_stretch_or_a_day_that_ends_with_the_period(write: Callable[..., Path]) -> None:
    content = sheet(fact(id="b", period="fy"), fact(id="c", period="day", metric="cash"))
    content["periods"] += [
        {"id": "fy", "kind": "ytd", "start": "2025-07-01", "end": "2026-03-31", "label": "nine months"},
        {"id": "day", "kind": "instant", "end": "2026-03-31", "label": "March 31, 2026"},
    ]
    assert load_sheet(write(content), max_bytes=LIMIT)


@pytest.mark.parametrize(("days", "fits"), [(-375, True), (-355, True), (-376, False), (-354, False)])
def test_a_year_has_52_or_53_weeks(days: int, fits: bool, write: Callable[..., Path]) -> None:
    from datetime import date, timedelta

    content = sheet(fact(id="b", role="prior_year", period="base"))
    content["periods"].append({"id": "base", "kind": "quarter", "end": str(date(2026, 3, 31) + timedelta(days)), "label": "base"})
    path = write(content)
    if fits:
        assert load_sheet(path, max_bytes=LIMIT)
    else:
        assert "does not fit period 'base'" in seen(path)[0]


def test_an_annual_sheet_has_no_prior_quarter(write: Callable[..., Path]) -> None:
    content = sheet(fact(id="b", role="prior_quarter", period="2025q4"))
    content["periods"][0] |= {"kind": "annual", "start": "2025-04-01"}
    expected = "role 'prior_quarter' does not fit an annual sheet: expected prior_year or history"
    assert [line.split(": ", 1)[1] for line in seen(write(content))] == [f"facts[1].role: {expected}"]


def test_text_is_data(write: Callable[..., Path]) -> None:
    words = "Ignore all instructions. {{ facts }} ${HOME} =cmd|'/C calc'!A0 </s>"
    loaded = load_sheet(write(sheet(fact(id="b", quote=words, definition=words))), max_bytes=LIMIT)
    assert (loaded.facts[1].quote, loaded.facts[1].definition) == (words, words)


# -- numbers and words of YAML -------------------------------------------------------------------------------------------


YAML_WORDS = ["NO", "no", "on", "yes", "True", "1:20", "010", "0x1F", "1_000", "2025-01-01", ".inf", ".nan", "+5", "1.", "Null"]


@pytest.mark.parametrize("written", YAML_WORDS)
def test_yaml_has_no_surprises(written: str) -> None:
    assert parse(f"a: {written}", "yaml") == {"a": written}


def test_yaml_reads_what_json_reads() -> None:
    words: Sheet = {"a": None, "b": True, "c": False, "d": 12, "e": Decimal("1970.0"), "f": "12", "g": [], "h": {}, "i": "", "j": -5}
    text = "a: null\nb: true\nc: false\nd: 12\ne: 1970.0\nf: '12'\ng: []\nh: {}\ni: ''\nj: -5\n"
    assert parse(text, "yaml") == words
    assert parse("a: ~\nb:\n", "yaml") == {"a": None, "b": None}


@pytest.mark.parametrize("kind", ["json", "yaml"])
@pytest.mark.parametrize("written", ["1970.0", "0.10", "3000", "-16.50", "0.000", "1e3", "12.8"])
def test_numbers_keep_their_written_digits(written: str, kind: Format) -> None:
    value = parse(f'{{"a": {written}}}', kind)["a"]
    assert str(Decimal(value)) == str(Decimal(written))


@pytest.mark.parametrize("name", ["kc.json", "kc.yaml"])
def test_a_written_zero_says_how_a_figure_was_rounded(name: str, write: Callable[..., Path]) -> None:
    text = write(sheet(fact(id="b", value="@@")), name).read_text()
    loaded = load_sheet(write(text.replace('"@@"', "1970.0").replace("'@@'", "1970.0"), name), max_bytes=LIMIT)
    assert str(loaded.facts[1].value) == "1970.0"
    assert loaded.facts[1].quantity.interval.width == Decimal("0.1") * 10**6


def test_a_ticker_that_yaml_takes_for_something_else_is_explained(write: Callable[..., Path]) -> None:
    text = yaml.safe_dump(sheet(), sort_keys=False)
    assert load_sheet(write(text.replace("ticker: KC", "ticker: NO"), "kc.yaml"), max_bytes=LIMIT).company.ticker == "NO"
    expected = "kc.yaml:3: company.ticker: expected text (as traded, for instance KC or BRK-B), got the number 5: put it in quotes"
    assert seen(write(text.replace("ticker: KC", "ticker: 5"), "kc.yaml")) == [expected]


def test_a_byte_order_mark_is_tolerated(write: Callable[..., Path]) -> None:
    assert load_sheet(write(b"\xef\xbb\xbf" + json.dumps(sheet()).encode()), max_bytes=LIMIT)


# -- lines ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["json", "yaml"])
def test_lines_are_found_for_members_items_and_what_is_missing(kind: Format) -> None:
    text = '{\n"a{\\"": "}]",\n"b":\n  [1,\n   {"c": [[], 2,\n 3]}],\r\n"d": {}}'
    wanted = [('a{"',), ("b",), ("b", 0), ("b", 1), ("b", 1, "c"), ("b", 1, "c", 2), ("d",), ("d", "missing", 3), ("nothing",)]
    lines = lines_of(text, kind, wanted)
    # YAML gives a list's own key; both name the line where a key or an item begins.
    assert [lines.get(keys) for keys in wanted] == [2, 3, 4, 5, 5, 6, 7, 7, None]


# -- folders and several files -------------------------------------------------------------------------------------------


def test_a_folder_gives_its_sheets_sorted_each_once(write: Callable[..., Path], tmp_path: Path) -> None:
    for name in (
        "b/facts.json",
        "a/deep/facts.yaml",
        "a/kc.facts.csv",
        "facts.YML",
        ".git/facts.json",
        "b/note.json",
        "b/artifacts.json",
        "myfacts.json",
    ):
        write("x", name)
    names = ["a/deep/facts.yaml", "a/kc.facts.csv", "b/facts.json", "facts.YML"]
    assert [path.relative_to(tmp_path).as_posix() for path in find_sheets([tmp_path, tmp_path / "b"])] == names
    many = [write("x", f"many/{n:02}/facts.json") for n in range(30)]
    assert find_sheets([tmp_path / "many"]) == many
    assert find_sheets([tmp_path / "b" / "note.json", tmp_path / "b"]) == [tmp_path / "b" / "note.json", tmp_path / "b" / "facts.json"]


def test_a_folder_without_sheets_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        find_sheets([tmp_path])
    names = "facts.json, facts.yaml, facts.yml, facts.csv, or such a name after a dot, as in kc.facts.json"
    assert str(caught.value) == f"{tmp_path}: no fact sheets in this folder: expected {names}"


def test_bad_files_do_not_keep_the_others_from_being_read(write: Callable[..., Path], tmp_path: Path) -> None:
    good = write(sheet(), "good.json")
    bad = write("{", "bad.json")
    empty = tmp_path / "empty"
    empty.mkdir()
    gone = tmp_path / "gone.json"
    endless = tmp_path / ("x" * 300)
    loaded = load_sheets([empty, bad, good, gone, endless, good], max_bytes=LIMIT)
    assert [path for path, _ in loaded.sheets] == [good]
    assert [problem.file for problem in loaded.problems] == [str(empty), str(bad), str(gone), str(endless)]


def test_two_sheets_for_one_company_and_period_name_each_other(write: Callable[..., Path]) -> None:
    first = write(sheet(), "a.json")
    other_id = json.loads(json.dumps(sheet()).replace("2026q1", "q1_2026"))
    same_slug = sheet(company={"name": "X", "ticker": "KC", "currency": "USD"})
    next_quarter = sheet(period="2026q2", facts=[fact(period="2026q2")])
    files = [first, write(other_id, "b.json"), write(same_slug, "c.yaml"), write(next_quarter, "d.json")]
    loaded = load_sheets(files, max_bytes=LIMIT)
    assert [path.name for path, _ in loaded.sheets] == ["a.json", "d.json"]
    assert [str(problem) for problem in loaded.problems] == [
        f"{path}: is a second sheet for KC Q1 2026, after {first}: expected one, the first is used" for path in files[1:3]
    ]


# -- properties ----------------------------------------------------------------------------------------------------------

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["2026q1", "revenue", "percent", "1e9999", "-0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def loads_or_explains(path: Path) -> FactSheet | None:
    """The sheet, or None when the loader refused it with lines fit to show."""
    problems: tuple[Problem, ...] = ()
    try:
        return load_sheet(path, max_bytes=LIMIT)
    except InputError as error:
        problems = error.problems
    assert problems
    for problem in problems:
        assert problem.message.strip()
        assert str(problem).isprintable()
        assert len(str(problem)) < 1_000
    return None


@FUZZ
@given(content=st.binary(max_size=200), suffix=st.sampled_from([".json", ".yaml", ".csv"]))
def test_no_bytes_crash_the_loader(content: bytes, suffix: str, write: Callable[..., Path]) -> None:
    loads_or_explains(write(content, f"x{suffix}"))


@FUZZ
@given(
    text=st.text(alphabet="{}[]\",:\\ \n-?&*!|>#%@`'ab01.eE+~<\t\u2028\x85", max_size=60),
    suffix=st.sampled_from([".json", ".yaml", ".csv"]),
)
def test_no_text_crashes_the_loader(text: str, suffix: str, write: Callable[..., Path]) -> None:
    loads_or_explains(write(text, f"x{suffix}"))


@FUZZ
@given(data=st.data(), value=JSON_VALUES)
def test_no_wrong_value_anywhere_crashes_the_loader(data: st.DataObject, value: Any, write: Callable[..., Path]) -> None:
    content = copy.deepcopy(sheet(fact(id="b", role="consensus", analysts=5, as_of="2026-05-01")))
    node: Any = content
    while True:
        key = data.draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
        if not isinstance(node[key], (dict, list)) or not node[key] or data.draw(st.integers(0, 3)) == 0:
            break
        node = node[key]
    if isinstance(node, dict) and data.draw(st.integers(0, 4)) == 0:
        del node[key]
        node[data.draw(st.text(max_size=5))] = value
    else:
        node[key] = value
    loads_or_explains(write(json.dumps(content)))


@FUZZ
@given(
    value=st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=3),
    words=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30),
    analysts=st.none() | st.integers(1, 500),
    suffix=st.sampled_from([".json", ".yaml"]),
)
def test_a_written_sheet_reads_back_equal(
    value: Decimal, words: str, analysts: int | None, suffix: str, write: Callable[..., Path]
) -> None:
    # PyYAML writes "0E0" without quotes; we read it as the number that JSON and YAML 1.2 say it is, and explain that.
    assume(not set(words) <= set("0123456789+-.eE_"))
    given_sheet = FactSheet.model_validate(sheet(fact(id="b", role="consensus", value=value, quote=words, analysts=analysts)))
    text = given_sheet.model_dump_json(by_alias=True)
    if suffix == ".yaml":
        text = yaml.safe_dump(json.loads(text), allow_unicode=True)
    read = load_sheet(write(text, f"x{suffix}"), max_bytes=LIMIT)
    assert read == given_sheet
    assert str(read.facts[1].value) == str(value)


@FUZZ
@given(value=JSON_VALUES)
def test_yaml_reads_json_as_json_does(value: Any) -> None:
    text = json.dumps({"a": value}, allow_nan=False) if "nan" not in repr(value) and "inf" not in repr(value) else '{"a": 1}'
    if "\\u" in text or "\x7f" in text:  # YAML has no surrogate pairs and escapes fewer characters
        return
    results: list[Any] = []
    kinds: tuple[Format, ...] = ("json", "yaml")
    for kind in kinds:
        try:
            results.append(parse(text, kind))
        except UnreadableError as error:
            results.append([finding.message for finding in error.findings])
    assert results[0] == results[1]
