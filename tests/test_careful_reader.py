"""What a careful reader of the Kingsoft Cloud note must find, and must not."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime

import pytest

from pipeline.chain.draft import Clock, draft_note
from pipeline.drafters.rules import RuleDrafter
from pipeline.facts.sheet import FactSheet
from pipeline.notes.models import Note
from pipeline.notes.render import render_html, render_markdown


@pytest.fixture(scope="module")
def note(kc_sheet: FactSheet) -> Note:
    clock = Clock(now=lambda: datetime(2026, 5, 28, tzinfo=UTC), monotonic=lambda: 0.0)
    return asyncio.run(draft_note(kc_sheet, RuleDrafter(), clock)).note


def prose(note: Note) -> str:
    return " ".join(text for _, text, _ in note.texts())


@pytest.mark.parametrize(
    "said",
    [
        r"[Rr]evenue (grew|climbed|jumped) 37\.2% y/y to CNY 2,703\.7m but (slipped|eased|dipped) 2\.1% q/q",
        r"0\.4% below the consensus of CNY 2,715m",
        r"[Gg]ross margin (fell|declined|decreased) 3\.4 pp y/y to 12\.8%",
        r"adjusted EBITDA margin (was 27\.6%, |of 27\.6% was |was )up 11\.4 pp y/y but down 0\.8 pp q/q",
        r"CNY 3,000m",
        "111% of revenue",
        "5x, on a basis that the source does not state",
    ],
)
def test_the_figures_are_told_with_their_bases(note: Note, said: str) -> None:
    assert re.search(said, " ".join(claim.text for claim in note.summary))


def test_every_change_stands_beside_its_base_in_the_table(note: Note) -> None:
    text = render_markdown(note)
    for cell in ("+37.2% y/y (CNY 1,970.0m in Q1 2025)", "+11.4 pp y/y (16.2% in Q1 2025)", "-0.8 pp q/q (28.4% in Q4 2025)"):
        assert cell in text


def test_effects_reach_two_other_parties_over_both_horizons(note: Note) -> None:
    assert len({effect.party for effect in note.second_order_effects} - {"company"}) >= 2
    assert {effect.horizon for effect in note.second_order_effects} >= {"next_1_2_quarters", "next_12_18_months"}


def test_the_gap_has_a_falsifier_with_metric_threshold_and_date(note: Note) -> None:
    assert note.consensus_gap is not None
    falsifier = note.consensus_gap.falsifier
    assert (falsifier.metric, falsifier.comparison, f"{falsifier.threshold:f}") == ("gross_margin", "at_least", "16.2")
    assert falsifier.by > datetime(2026, 5, 27, tzinfo=UTC).date()


def test_at_least_two_catalysts_are_windowed_with_a_threshold(note: Note) -> None:
    windowed = [catalyst for catalyst in note.catalysts if catalyst.window is not None]
    assert len(windowed) >= 2
    assert len({catalyst.watch.metric for catalyst in windowed}) >= 2


def test_what_the_sheet_lacks_is_called_missing_and_written_of_nowhere(note: Note) -> None:
    assert {"net_debt", "guidance", "eps_diluted", "consensus.eps"} <= {missing.id for missing in note.missing}
    told = prose(note).lower()
    for absent in ("net debt", "guidance", "guides", "eps", "earnings per share"):
        assert absent not in told


def test_the_consensus_line_says_what_is_not_stated(note: Note) -> None:
    assert note.manifest.consensus == "Revenue CNY 2,715m (basis not stated, CNY, date not stated, number of analysts not stated)"


def test_every_number_of_the_prose_is_traced_to_a_fact_of_the_note(note: Note) -> None:
    known = {fact.id for fact in note.facts}
    grounded = [trace for trace in note.numbers if trace.decision == "grounded"]
    assert len(grounded) > 30
    assert all(trace.fact in known or trace.rule.startswith("computed") for trace in grounded)
    texts = {place: text for place, text, _ in note.texts()}
    assert all(texts[trace.place][trace.start : trace.end] == trace.text for trace in note.numbers)


def test_sources_stand_as_footnotes_and_the_manifest_is_printed(note: Note) -> None:
    text = render_markdown(note)
    assert "[^1]:" in text
    assert note.manifest.sheet_digest in text
    assert note.manifest.sheet_digest in render_html(note)
    assert all(source.title in text for source in note.sources)
