"""`afterprint mechanisms`: what the library holds, what fires on a sheet, and libraries of a user's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from pipeline.cli.main import app
from pipeline.errors import InputError
from pipeline.mechanisms.library import library
from tests.test_mechanisms import GOOD

KC = Path(__file__).parent.parent / "evals" / "cases" / "kc-2026q1" / "facts.json"


def mechanisms(*arguments: object) -> Result:
    done = CliRunner().invoke(app, ["mechanisms", *map(str, arguments)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def own(folder: Path, **changes: object) -> Path:
    (folder / "mine.yaml").write_text(yaml.safe_dump([GOOD | changes]), encoding="utf-8")
    return folder


def test_the_list_names_every_mechanism_with_what_it_reaches() -> None:
    told = mechanisms("list").stdout
    for mechanism in library():
        assert f"  {mechanism.id}: {mechanism.title}\n" in told
    assert told.endswith(f"{len(library())} mechanisms in {len({m.area for m in library()})} areas\n")


def test_a_sector_leaves_out_what_is_limited_to_others() -> None:
    told = mechanisms("list", "--sector", "cloud").stdout
    assert "capacity_ahead_of_demand:" in told
    assert "idle_fabs_soften_prices:" not in told


def test_a_sector_that_no_mechanism_knows_is_refused() -> None:
    with pytest.raises(InputError, match=r"--sector retial: expected one of .*retail"):
        mechanisms("list", "--sector", "retial")


def test_kingsoft_cloud_is_explained_with_the_figures_that_fire() -> None:
    told = mechanisms("explain", KC).stdout
    fired, quiet = told.split("Do not fire", 1)
    for name, figure in {
        "capacity_ahead_of_demand": "capex_intensity 111%",
        "leverage_against_monetisation": "leverage 5x",
        "ebitda_against_gross_margin": "adjusted_ebitda_margin.yoy_change +11.4 pp y/y (16.2% in Q1 2025)",
        "industry_overbuild": "revenue.qoq -2.1% q/q (CNY 2,761.4m in Q4 2025)",
    }.items():
        part = " ".join(fired[fired.index(f"\n{name} (strength ") :].split("\n\n")[0].split())
        assert f"fired by: {figure}" in part or f"; {figure}" in part, part
    assert "operating_deleverage: revenue.yoy_reported is +37.2%, not at most -5" in quiet
    assert "accruals_outrun_cash: the sheet has no net_income" in quiet


def test_each_mechanism_is_either_fired_or_says_why_not() -> None:
    told = json.loads(mechanisms("explain", KC, "--json").stdout)
    names = [one["id"] for one in (*told["fired"], *told["quiet"])]
    assert sorted(names) == sorted(m.id for m in library())
    assert all(one["because"] for one in told["quiet"])
    assert all(one["fired_by"] and one["falsifier"]["metric"] for one in told["fired"])


def test_a_folder_of_ones_own_joins_the_library(tmp_path: Path) -> None:
    told = mechanisms("explain", KC, "--mechanisms", own(tmp_path)).stdout
    assert "\nexample (strength" in told


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"party": "banks"}, "[0].party"),
        ({"id": "capacity_ahead_of_demand"}, "'capacity_ahead_of_demand' stands twice in the library"),
        ({"when": {"all": [{"fact": "revenue.yoy", "above": 9}, {"fact": "revenue.yoy", "below": 1}]}}, "can never hold"),
    ],
)
def test_what_is_wrong_in_a_folder_of_ones_own_is_said_with_its_place(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        mechanisms("list", "--mechanisms", own(tmp_path, **changes))
    assert str(caught.value).startswith(f"{tmp_path}: mine.yaml:")
    assert message in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_folder_without_a_library_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a folder with mechanisms"):
        mechanisms("list", "--mechanisms", tmp_path / "none")
