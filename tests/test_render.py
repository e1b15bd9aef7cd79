"""Rendering: what a reader finds in a note, where, and what hostile text cannot do to it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jinja2
import pytest
from markdown_it import MarkdownIt

from evals.cases import cases
from pipeline.chain.draft import Clock, draft_note
from pipeline.drafters.rules.drafter import RuleDrafter
from pipeline.errors import InputError, ResourceError
from pipeline.facts.figures import Change
from pipeline.facts.quantity import Scale
from pipeline.notes import render
from pipeline.notes.models import (
    Catalyst,
    Claim,
    ConsensusGap,
    FactUsed,
    Falsifier,
    GapSign,
    ImpactPart,
    Manifest,
    MarketImpact,
    MissingFact,
    Note,
    NumberTrace,
    PromptUsed,
    SecondOrderEffect,
    SourceUsed,
    Watch,
    Window,
    Withheld,
)
from pipeline.notes.render import Format, code, escape_markdown, http_url, pages_of, render_html, render_json, render_markdown, write_pages
from pipeline.notes.words import counted, label_in_sentence, listed, threshold_words

SECRET = "Margins will double by Christmas"


def fact(name: str, label: str, written: str, **other: Any) -> FactUsed:
    """A fact of Q1 2026 with the figure that `written` starts with."""
    value = re.search(r"[-+]?[\d,.]+\d|\d", written)
    assert value is not None
    metric, _, change = name.partition(".")
    known = {"yoy": Change.YOY, "yoy_change": Change.YOY, "qoq": Change.QOQ, "qoq_change": Change.QOQ, "surprise": Change.SURPRISE}
    number = Decimal(value[0].replace(",", ""))
    unit = "CNY" if "CNY" in written[:5] else "pp" if " pp" in written else "x" if "x" in written[:4] else "percent"
    fields: dict[str, Any] = {
        "metric": metric,
        "segment": None,
        "change": known.get(change),
        "value": number,
        "unit": unit,
        "scale": Scale.MILLION if unit == "CNY" else Scale.ONE,
        "low": str(number),
        "high": str(number),
        "period": "Q1 2026",
        "basis": "ifrs",
        "role": "actual",
        "formula": None,
        "source": "release",
    }
    return FactUsed(id=name, label=label, written=written, **fields | other)


def derived(name: str, label: str, written: str, formula: str, *inputs: str, **other: Any) -> FactUsed:
    return fact(name, label, written, formula=formula, inputs=inputs, source=None, **other)


def growth(change: str, written: str, base: str) -> FactUsed:
    return derived(f"revenue.{change}", "Revenue", written, f"revenue / {base} - 1", "revenue", base)


FACTS = (
    fact("revenue", "Revenue", "CNY 2,703.7m", quote="Total revenues were RMB2,703.7 million"),
    growth("yoy", "+37.2% y/y (CNY 1,970.0m in Q1 2025)", "revenue.prior_year"),
    growth("qoq", "-2.1% q/q (CNY 2,761.4m in Q4 2025)", "revenue.prior_quarter"),
    growth("surprise", "-0.4% against consensus (CNY 2,715m)", "revenue.consensus"),
    fact("gross_margin", "Gross margin", "12.8%"),
    derived(
        "gross_margin.yoy_change",
        "Gross margin",
        "-3.4 pp y/y (16.2% in Q1 2025)",
        "gross_margin - gross_margin.prior_year",
        "gross_margin",
        "gross_margin.prior_year",
    ),
    fact("adjusted_ebitda_margin", "Adjusted EBITDA margin", "27.6%", basis="adjusted", remark="before share-based compensation"),
    derived(
        "adjusted_ebitda_margin.yoy_change",
        "Adjusted EBITDA margin",
        "+11.4 pp y/y (16.2% in Q1 2025)",
        "adjusted_ebitda_margin - adjusted_ebitda_margin.prior_year",
        "adjusted_ebitda_margin",
        basis="adjusted",
    ),
    derived(
        "adjusted_ebitda_margin.qoq_change",
        "Adjusted EBITDA margin",
        "-0.8 pp q/q (28.4% in Q4 2025)",
        "adjusted_ebitda_margin - adjusted_ebitda_margin.prior_quarter",
        "adjusted_ebitda_margin",
        basis="adjusted",
    ),
    fact("capex", "Capital expenditure", "CNY 3,000m"),
    fact("leverage", "Leverage", "5x", basis="unstated", source="article", remark="the source does not say net of what"),
    fact("cash", "Cash", "CNY 3,954.5m", period="March 31, 2026"),
    fact("revenue.prior_year", "Revenue", "CNY 1,970.0m", period="Q1 2025", role="prior_year"),
    fact("revenue.prior_quarter", "Revenue", "CNY 2,761.4m", period="Q4 2025", role="prior_quarter"),
    fact("revenue.consensus", "Revenue", "CNY 2,715m", role="consensus", basis="unstated", source="estimates"),
    fact("gross_margin.prior_year", "Gross margin", "16.2%", period="Q1 2025", role="prior_year"),
    fact("revenue.guide", "Revenue", "CNY 2,950m", period="Q2 2026", role="guidance"),
    derived("revenue.guide.low", "Revenue", "CNY 2,900m", "low end of revenue.guide", "revenue.guide", period="Q2 2026", role="guidance"),
    derived("revenue.guide.high", "Revenue", "CNY 3,000m", "high end of revenue.guide", "revenue.guide", period="Q2 2026", role="guidance"),
)

# In the order in which the page cites them; the ends of the guided range are in the range's own footnote.
SHOWN = [
    *(f.id for f in FACTS[:12]),
    "revenue.consensus",
    "revenue.guide",
    "revenue.prior_year",
    "revenue.prior_quarter",
    "gross_margin.prior_year",
]

SUMMARY = (
    ("Revenue rose 37.2% to CNY 2,703.7m, a touch under the street.", ("revenue", "revenue.yoy", "revenue.surprise")),
    (
        "Gross margin slid to 12.8% while adjusted EBITDA margin gained +11.4 pp, to 27.6%.",
        ("gross_margin", "adjusted_ebitda_margin.yoy_change"),
    ),
    ("Capex of CNY 3,000m exceeds the quarter's revenue; leverage stands at 5x.", ("capex", "leverage")),
)
EFFECT = "Suppliers of accelerators book the spending that the company has yet to earn back."


def trace(place: str, text: str, number: str, name: str | None, base: str | None = None) -> NumberTrace:
    start = text.index(number)
    decision = "structural" if name is None else "grounded"
    return NumberTrace(
        place=place, start=start, end=start + len(number), text=number, decision=decision, fact=name, rule="value", base=base
    )


def traces() -> Iterator[NumberTrace]:
    yield trace("summary[1]", SUMMARY[1][0], "27.6%", "adjusted_ebitda_margin")
    yield trace("summary[1]", SUMMARY[1][0], "12.8%", "gross_margin")
    yield trace("summary[1]", SUMMARY[1][0], "+11.4 pp", "adjusted_ebitda_margin.yoy_change", "y/y")
    yield trace("summary[0]", SUMMARY[0][0], "37.2%", "revenue.yoy", "y/y")


def claim(text: str, *evidence: str) -> Claim:
    return Claim(text=text, evidence=evidence or ("revenue",))


def watch(metric: str = "gross_margin", threshold: str = "14.25") -> Watch:
    return Watch(metric=metric, comparison="at_least", threshold=Decimal(threshold))


def source(number: int, name: str, title: str, url: str | None, published: date | None = None, *, secondary: bool = False) -> SourceUsed:
    return SourceUsed(number=number, id=name, title=title, published=published, url=url, secondary=secondary)


def effect(text: str = EFFECT, **other: Any) -> SecondOrderEffect:
    fields: dict[str, Any] = {
        "mechanism": "capacity_before_demand",
        "claim": claim(text, "capex"),
        "party": "suppliers",
        "entity": "accelerator vendors",
        "direction": "positive",
        "horizon": "next_1_2_quarters",
        "confidence": "medium",
        "falsifier": Watch(metric="capex", comparison="below", threshold=Decimal("2703.75")),
    }
    return SecondOrderEffect(**fields | other)


def make_note(**other: Any) -> Note:
    """A note on the Kingsoft Cloud quarter, in the shape that the chain leaves it."""
    fields: dict[str, Any] = {
        "headline": "Kingsoft Cloud: capacity first, margin later",
        "company": "Kingsoft Cloud Holdings Limited",
        "ticker": "KC",
        "period": "Q1 2026",
        "released": date(2026, 5, 27),
        "themes": ("AI infrastructure", "Capital intensity"),
        "market_impact": MarketImpact(
            score=0.47,
            parts=(
                ImpactPart(name="surprise", score=0.21, weight=0.4, reason="revenue 0.4% under consensus"),
                ImpactPart(name="margin_swing", score=0.64, weight=0.6, reason="margins moved apart"),
            ),
        ),
        "status": "draft",
        "summary": tuple(Claim(text=text, evidence=evidence) for text, evidence in SUMMARY),
        "second_order_effects": (
            effect(),
            effect(
                "Customers gain bargaining power once idle capacity meets the next price round.",
                party="customers",
                entity=None,
                direction="mixed",
                horizon="next_12_18_months",
                confidence="low",
                falsifier=watch(),
            ),
        ),
        "consensus_gap": ConsensusGap(
            street_view=claim("The street reads the EBITDA line as an inflection.", "adjusted_ebitda_margin"),
            our_view=claim("Gross margin says that the ramp is not paid for yet.", "gross_margin"),
            metric="gross_margin",
            sign=GapSign.STREET_TOO_HIGH,
            why_missed=claim("Depreciation falls below EBITDA, so the cost of capacity stays out of sight.", "capex"),
            falsifier=Falsifier(metric="gross_margin.yoy_change", comparison="above", threshold=Decimal("0.25"), by=date(2026, 8, 31)),
        ),
        "catalysts": (
            Catalyst(
                event="Second-quarter release",
                kind="earnings",
                window=Window.model_validate({"from": "2026-08-15", "to": "2026-08-31"}),
                horizon="next_1_2_quarters",
                direction="mixed",
                watch=watch("adjusted_ebitda_margin", "28"),
                claim=claim("Shows whether pricing held."),
            ),
            Catalyst(
                event="Refinancing",
                kind="capital_return",
                window=None,
                horizon="beyond",
                direction="negative",
                watch=watch("leverage", "6"),
                claim=claim("Lenders reprice a balance sheet at 5x.", "leverage"),
            ),
        ),
        "withheld": (),
        "failed_steps": (),
        "missing": (
            MissingFact(id="net_debt", label="Net debt", reason="not in the sheet"),
            MissingFact(id="guidance", label="Guidance", reason="not in the sheet"),
            MissingFact(id="dso", label="DSO", reason="`365 * receivables / revenue`: the sheet has no receivables"),
        ),
        "conflicts": ("Revenue y/y: reported +37%, computed +37.2% (`revenue / revenue.prior_year - 1`)",),
        "numbers": tuple(traces()),
        "facts": FACTS,
        "sources": (
            source(1, "release", "Q1 2026 results, EX-99.1", "https://ir.example.com/q1?a=1&b=2", date(2026, 5, 27)),
            source(2, "article", "News item", None, secondary=True),
            source(3, "estimates", "Estimates page", "https://example.com/kc", date(2026, 5, 20)),
        ),
        "manifest": Manifest(
            afterprint="0.1.0",
            sheet_digest="ab" * 32,
            drafter="rules",
            model=None,
            consensus="2026-05-20, basis not stated, CNY, 7 analysts",
            prompts=(PromptUsed(name="system.md", digest="cd" * 32),),
            schemas=(PromptUsed(name="summary", digest="ef" * 32),),
        ),
    }
    return Note(**fields | other)


def withheld(*places: str) -> tuple[Withheld, ...]:
    return tuple(Withheld(step="second_order", place=place, text=SECRET, reasons=(f"no fact says so: {SECRET}",)) for place in places)


class Page(HTMLParser):
    """The text of a page and what a browser would act on."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.parts: list[str] = []
        self._is_style = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._is_style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._is_style = False

    def handle_data(self, data: str) -> None:
        if not self._is_style:
            self.parts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.parts))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def html_page(**other: Any) -> Page:
    return Page(render_html(make_note(**other)))


def read_markdown(text: str) -> Page:
    """What a GitHub-like reader makes of the Markdown; raw HTML is let through, so that it would show."""
    return Page(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text))


def outside_code(markdown: str) -> str:
    """The prose that `afterprint check` reads: no code, no link targets, no footnote marks."""
    text = re.sub(r"```.*?```|`[^`]+`", "", markdown, flags=re.DOTALL)
    return re.sub(r"\[\^\d+\]:?|\]\([^)]*\)", "", text)


# -- what a reader finds, in order -----------------------------------------------------------------------------------


ORDER = (
    "Kingsoft Cloud Holdings Limited",
    "0.47",
    "Capital intensity",
    "Key figures",
    "Capital expenditure",
    "Consensus: ",
    "Summary",
    "Revenue rose",
    "Second-order effects",
    "Suppliers of accelerators",
    "Consensus gap",
    "Catalysts",
    "What is missing",
    "Conflicts",
    "Withheld",
)


@pytest.mark.parametrize(
    "text", [render_markdown(make_note(withheld=withheld("effects[1]"))), html_page(withheld=withheld("effects[1]")).text]
)
def test_sections_come_in_reading_order(text: str) -> None:
    at = 0
    for words in ORDER:
        assert words in text[at:], words
        at = text.index(words, at)


def test_header_tells_who_what_and_when() -> None:
    first, _, second, *_ = render_markdown(make_note()).splitlines()
    assert first == "# Kingsoft Cloud: capacity first, margin later"
    assert second == "**Kingsoft Cloud Holdings Limited** (KC) · Q1 2026 · released 2026-05-27 · drafted by `rules`"
    assert "release date not in the sheet" in render_markdown(make_note(released=None))
    model = make_note().manifest.model_copy(update={"drafter": "openai", "model": "gpt-5.1"})
    assert "drafted by `openai gpt-5.1`" in render_markdown(make_note(manifest=model))


def test_impact_shows_its_components_in_one_line() -> None:
    assert "**Market impact `0.47`**: surprise `0.21` (weight `0.40`) · margin swing `0.64` (weight `0.60`)\n" in render_markdown(
        make_note()
    )
    assert "Market impact: surprise 0.21 (weight 0.40) · margin swing 0.64 (weight 0.60)" in html_page().text


def test_banner_says_why_a_note_needs_review() -> None:
    both = make_note(status="needs_review", failed_steps=("second_order", "catalysts"), withheld=withheld("effects[0]", "effects[1]"))
    expected = (
        "Needs review**: no usable second-order effects and catalysts: those steps failed; "
        "two parts were withheld; their reasons are in the JSON."
    )
    assert expected in render_markdown(both)
    assert expected.replace("**", "") in Page(render_html(both)).text
    assert "Needs review" not in render_markdown(make_note(withheld=withheld("effects[0]")))
    assert "**Needs review**: its checks ask for an editor; their reasons are in the JSON." in render_markdown(
        make_note(status="needs_review")
    )


def test_key_figures_carry_every_change_with_its_base() -> None:
    rows = [line for line in render_markdown(make_note()).splitlines() if line.startswith("|")]
    assert rows[0] == "| Figure | Reported | y/y | q/q | against consensus |"
    assert rows[2] == (
        "| Revenue | CNY 2,703.7m[^1] | +37.2% y/y (CNY 1,970.0m in Q1 2025)[^2] | -2.1% q/q (CNY 2,761.4m in Q4 2025)[^3] "
        "| -0.4% against consensus (CNY 2,715m)[^4] |"
    )
    assert rows[4].startswith(
        "| Adjusted EBITDA margin | 27.6%[^7] | +11.4 pp y/y (16.2% in Q1 2025)[^8] | -0.8 pp q/q (28.4% in Q4 2025)[^9] | – |"
    )
    assert rows[5].startswith("| Capital expenditure | CNY 3,000m[^10] | – |")
    assert rows[6].startswith("| Leverage (basis not stated) | 5x[^11] |")
    assert rows[7].startswith("| Cash, March 31, 2026 | CNY 3,954.5m[^12] |")


def test_guidance_and_consensus_follow_as_ranges() -> None:
    text = render_markdown(make_note())
    assert "| Expected | Guidance | Consensus |" in text
    assert re.search(r"\| Revenue, Q2 2026 \| CNY 2,900m to CNY 3,000m\[\^\d+\] \| – \|", text)
    assert re.search(r"\| Revenue, Q1 2026 \| – \| CNY 2,715m\[\^\d+\] \|", text)
    off_middle = tuple(
        f.model_copy(update={"value": Decimal(2960), "written": "CNY 2,960m"}) if f.id == "revenue.guide" else f for f in FACTS
    )
    assert "CNY 2,960m (CNY 2,900m to CNY 3,000m)[^" in render_markdown(make_note(facts=off_middle))


def test_a_change_that_shows_its_base_goes_before_one_that_does_not() -> None:
    stated = fact("revenue.yoy_reported", "Revenue", "+37% y/y", metric="revenue", change=Change.YOY)
    assert "| +37.2% y/y (CNY 1,970.0m in Q1 2025)[^2] |" in render_markdown(make_note(facts=(stated, *FACTS)))


def test_the_market_has_its_row() -> None:
    move = fact("share_price_move", "Share price move", "-23%", role="market", basis="market", period="May 27, 2026")
    text = render_markdown(make_note(facts=(*FACTS, move)))
    assert re.search(r"\| Share price move, May 27, 2026 \| -23%\[\^\d+\] \|", text)
    assert re.search(r"\]: Share price move: -23% · May 27, 2026 · market data · source", text)


def test_two_bases_of_one_metric_keep_their_changes_apart() -> None:
    adjusted = fact("capex.adjusted", "Capital expenditure", "CNY 2,500m", basis="adjusted", metric="capex", change=None)
    changes = [
        fact(f"capex.{basis}.growth", "Capital expenditure", f"+{n}% y/y", basis=basis, metric="capex", change=Change.YOY)
        for basis, n in (("adjusted", 41), ("ifrs", 52))
    ]
    text = render_markdown(make_note(facts=(*FACTS, adjusted, *changes)))
    assert re.search(r"\| Capital expenditure \(IFRS\) \| CNY 3,000m\[\^\d+\] \| \+52% y/y", text)
    assert re.search(r"\| Capital expenditure \(adjusted\) \| CNY 2,500m\[\^\d+\] \| \+41% y/y", text)


def test_guided_growth_stands_beside_the_guided_level() -> None:
    of_guidance: dict[str, Any] = {"period": "FY26", "role": "guidance", "change": Change.YOY, "metric": "capex"}
    guided = fact("capex.guide", "Capital expenditure", "+11% y/y", **of_guidance)
    ends = [
        fact(f"capex.guide.{end}", "Capital expenditure", f"+{n}% y/y", inputs=("capex.guide",), **of_guidance)
        for end, n in (("low", 10), ("high", 12))
    ]
    against = derived(
        "revenue.guide.vs_consensus",
        "Revenue",
        "+1.5% against consensus (CNY 2,906m)",
        "a",
        period="Q2 2026",
        role="guidance",
        metric="revenue",
        change=Change.VS_CONSENSUS,
    )
    text = render_markdown(make_note(facts=(*FACTS, *ends, guided, against)))
    assert "| Expected | Guidance | Consensus | y/y | Guidance against consensus |" in text
    assert re.search(r"\| Capital expenditure, FY26 \| – \| – \| \+10% y/y to \+12% y/y\[\^\d+\] \| – \|", text)
    assert re.search(
        r"\| Revenue, Q2 2026 \| CNY 2,900m to CNY 3,000m\[\^\d+\] \| – \| – \| \+1.5% against consensus \(CNY 2,906m\)\[", text
    )


def test_long_tables_keep_what_claims_cite() -> None:
    more = tuple(fact(f"metric_{n}", f"Metric {chr(65 + n)}", "1.5%") for n in range(20))
    text = render_markdown(make_note(facts=(*more, *FACTS)))
    table = text[: text.index("## Summary")]
    assert "Metric L |" in table
    assert "Metric M |" not in table
    assert "| Revenue |" in table
    assert "Metric M" not in text


def test_a_change_without_its_level_has_a_row() -> None:
    only = derived("billing.yoy", "AI gross billing", "+68% y/y", "as reported")
    assert re.search(r"\| AI gross billing \| – \| \+68% y/y\[\^\d+\] \| – \| – \|", render_markdown(make_note(facts=(*FACTS, only))))


def test_prose_gets_the_base_of_a_change_after_its_number() -> None:
    text = render_markdown(make_note())
    assert "- Revenue rose 37.2% y/y to CNY 2,703.7m, a touch under the street.[^1][^2][^4]" in text
    assert "slid to 12.8% while adjusted EBITDA margin gained +11.4 pp y/y, to 27.6%.[^5][^8]" in text
    assert "gained +11.4 pp y/y, to 27.6%." in html_page().text


def test_a_base_that_the_sentence_gives_is_not_repeated() -> None:
    text = "Revenue rose 37.2% y/y."
    note = make_note(summary=(claim(text),), numbers=(trace("summary[0]", text, "37.2%", "revenue.yoy", "y/y"),))
    assert "rose 37.2% y/y." in render_markdown(note)


def test_spans_of_an_edited_text_are_left_alone() -> None:
    stale = trace("summary[0]", "Sales rose 37.2%.", "37.2%", "revenue.yoy", "y/y")
    note = make_note(summary=(claim("Sales were up by 37.2% this time."),), numbers=(stale, stale))
    assert "- Sales were up by 37.2% this time." in render_markdown(note)
    assert 'class="num grounded"' not in render_html(note)


def test_a_number_that_is_traced_twice_is_printed_once() -> None:
    again = trace("summary[0]", SUMMARY[0][0], "37.2%", "revenue.yoy", "y/y")
    assert "- Revenue rose 37.2% y/y to CNY 2,703.7m, a touch" in render_markdown(make_note(numbers=(again, again)))


def test_footnote_marks_stay_with_the_last_word() -> None:
    assert 'That is all.<sup class="refs">' in render_html(make_note(summary=(claim("That is all.\n"),)))


def test_numbers_of_the_html_tell_where_they_come_from() -> None:
    spans = {span["title"]: span for span in html_page().all("span") if span.get("class") == "num grounded"}
    assert "Revenue: +37.2% y/y (CNY 1,970.0m in Q1 2025), Q1 2026; revenue / revenue.prior_year - 1; Q1 2026 results, EX-99.1" in spans, (
        spans
    )
    assert "Gross margin: 12.8%, Q1 2026; Q1 2026 results, EX-99.1" in spans
    text = "In the next 2 quarters."
    structural = make_note(summary=(claim(text),), numbers=(trace("summary[0]", text, "2", None),))
    assert '<span class="num structural">2</span>' in render_html(structural)


def test_effects_name_party_direction_horizon_confidence_mechanism_and_falsifier() -> None:
    text = render_markdown(make_note())
    assert (
        "  - **Suppliers** (accelerator vendors) · positive · next 1-2 quarters · medium confidence · mechanism `capacity_before_demand`"
        in text
    )
    assert "  - Wrong if: capital expenditure (`capex`, now CNY 3,000m)[^10] below `CNY 2,703.75m`" in text
    assert "  - **Customers** · mixed · next 12-18 months · low confidence · " in text
    assert "  - Wrong if: gross margin (`gross_margin`, now 12.8%)[^5] at least `14.25%`" in text


def test_consensus_gap_has_both_views_a_verdict_and_a_dated_falsifier() -> None:
    text = render_markdown(make_note())
    for words in ("- **Street**: The street reads", "- **Our view**: Gross margin says", "- **Why it is missed**: Depreciation falls"):
        assert words in text
    assert "- **Gap**: The street looks too high on gross margin (`gross_margin`)" in text
    assert "- **Wrong if**: gross margin (`gross_margin.yoy_change`, now -3.4 pp y/y)[^6] above `+0.25 pp y/y` by 2026-08-31" in text
    assert "gross margin (gross_margin.yoy_change, now -3.4 pp y/y)" in html_page().text


def test_catalysts_have_a_window_or_horizon_and_a_threshold() -> None:
    text = render_markdown(make_note())
    assert "- **Second-quarter release** · earnings · 2026-08-15 to 2026-08-31 · next 1-2 quarters · mixed" in text
    assert "- **Refinancing** · capital return · beyond 18 months · negative" in text
    assert "  - Watch: adjusted EBITDA margin (`adjusted_ebitda_margin`, now 27.6%)[^7] at least `28%`" in text
    assert "  - Watch: leverage (`leverage`, now 5x)[^11] at least `6x`" in text


def test_what_is_missing_is_grouped_by_its_reason() -> None:
    text = render_markdown(make_note())
    assert "- **Net debt, Guidance**: not in the sheet" in text
    assert "- **DSO**: `365 * receivables / revenue`: the sheet has no receivables" in text
    assert "- Revenue y/y: reported +37%, computed +37.2% (`revenue / revenue.prior_year - 1`)" in text
    assert "<code>365 * receivables / revenue</code>: the sheet has no receivables" in render_html(make_note())


def test_withheld_text_is_counted_and_never_printed() -> None:
    note = make_note(withheld=withheld("effects[0]"))
    for page in (render_markdown(note), render_html(note)):
        assert "From this draft one part was withheld; its reasons are in the JSON." in page
        assert SECRET not in page
    assert SECRET in render_json(note)
    assert "Withheld" not in render_markdown(make_note())


def test_sections_of_failed_steps_say_so() -> None:
    text = render_markdown(make_note(summary=(), second_order_effects=(), consensus_gap=None, catalysts=(), facts=(), missing=()))
    for words in (
        "No summary passed",
        "No effect passed",
        "No view against consensus passed",
        "No catalyst passed",
        "no figure for the period",
    ):
        assert words in text


# -- from a claim to the fact to the source --------------------------------------------------------------------------


def test_footnotes_lead_from_the_claim_to_the_fact_to_the_source() -> None:
    text = render_markdown(make_note())
    assert (
        "[^2]: Revenue: +37.2% y/y (CNY 1,970.0m in Q1 2025) · Q1 2026 · IFRS · computed "
        "`revenue / revenue.prior_year - 1` from [^1][^15] · `revenue.yoy`" in text
    )
    assert (
        "[^1]: Revenue: CNY 2,703.7m · Q1 2026 · IFRS · reported · source [`S1`](#sources): "
        "`Total revenues were RMB2,703.7 million` · `revenue`" in text
    )
    assert "[^15]: Revenue: CNY 1,970.0m · Q1 2025 · IFRS · year-ago base · source [`S1`](#sources) · `revenue.prior_year`" in text
    assert "· basis not stated · reported · source [`S2`](#sources) · remark: `the source does not say net of what` · `leverage`" in text
    assert "- `S1` [`Q1 2026 results, EX-99.1`](<https://ir.example.com/q1?a=1&b=2>), 2026-05-27\n" in text
    assert "[^14]: Revenue: CNY 2,900m to CNY 3,000m · Q2 2026 · IFRS · guidance · source [`S1`](#sources) · `revenue.guide`" in text
    assert "- `S2` `News item`, secondary\n" in text


def test_every_footnote_is_cited_and_defined_once_and_numbered_in_reading_order() -> None:
    text = render_markdown(make_note())
    defined = re.findall(r"^\[\^(\d+)\]:", text, re.MULTILINE)
    body = text[: text.index("\n[^1]:")]
    cited = list(dict.fromkeys(re.findall(r"\[\^(\d+)\]", body)))
    assert defined == cited == [str(n) for n in range(1, len(SHOWN) + 1)]
    assert re.findall(r"· `([\w.]+)`$", text, re.MULTILINE)[-len(SHOWN) :] == SHOWN


def test_html_footnotes_lead_there_and_back() -> None:
    page = html_page()
    ids = [attrs["id"] for _, attrs in page.tags if attrs.get("id")]
    assert len(ids) == len(set(ids))
    inner = [str(link["href"])[1:] for link in page.all("a") if str(link["href"]).startswith("#")]
    assert set(inner) <= set(ids)
    assert {f"fact-{n}" for n in range(1, len(SHOWN) + 1)} <= set(inner)
    assert {"source-1", "source-2", "source-3"} <= set(inner)


def test_evidence_that_the_note_does_not_list_is_named_as_such() -> None:
    note = make_note(summary=(claim("Something.", "gone.fact"),))
    assert "`gone.fact` is not among the note's facts" in render_markdown(note)
    assert "<code>gone.fact</code> is not among the note&#39;s facts" in render_html(note).replace("note's", "note&#39;s")


def test_markdown_footnotes_work_in_a_reader_that_knows_them() -> None:
    footnotes = pytest.importorskip("mdit_py_plugins.footnote", reason="mdit-py-plugins is not installed")
    html = MarkdownIt("commonmark").enable("table").use(footnotes.footnote_plugin).render(render_markdown(make_note()))
    assert "[^" not in html
    items = re.findall(r'<li id="fn(\d+)"[^>]*>\s*<p>(.*?)</p>', html, re.DOTALL)
    assert [int(number) for number, _ in items] == list(range(1, len(SHOWN) + 1))
    assert items[10][1].startswith("Leverage: 5x")


# -- what went in ----------------------------------------------------------------------------------------------------


def test_inputs_stand_in_a_code_block() -> None:
    text = render_markdown(make_note())
    block = re.search(r"## Inputs\n\n```text\n(.*)\n```\n\Z", text, re.DOTALL)
    assert block is not None
    lines = dict(re.split(r"  +", line, maxsplit=1) for line in block[1].splitlines())
    assert lines["afterprint"] == "0.1.0"
    assert lines["fact sheet"] == "sha256 " + "ab" * 32
    assert (lines["drafter"], lines["model"]) == ("rules", "none")
    assert lines["consensus"] == "2026-05-20, basis not stated, CNY, 7 analysts"
    assert lines["prompt system.md"] == "sha256 " + "cd" * 32
    assert lines["schema summary"] == "sha256 " + "ef" * 32
    assert (lines["facts"], lines["sources"]) == (str(len(FACTS)), "3")
    assert lines["impact surprise"] == "0.21 x 0.40: revenue 0.4% under consensus"
    for name, value in lines.items():
        assert f"<dt>{name}</dt><dd><code>{value}</code></dd>" in render_html(make_note())


def test_numbers_outside_code_are_figures_dates_and_periods() -> None:
    prose = outside_code(render_markdown(make_note(withheld=withheld("a", "b"))))
    prose = re.sub(r"\d{4}-\d\d-\d\d|Q[1-4] 20\d\d|March 31, 2026|next 1-2 quarters|next 12-18 months|beyond 18 months|\+37%", "", prose)
    figures = {match for f in FACTS for match in re.findall(r"\d[\d,.]*\d|\d", f.written)}
    assert set(re.findall(r"\d[\d,.]*\d|\d", prose)) <= figures


# -- hostile text ----------------------------------------------------------------------------------------------------


HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![x](http://evil.example/a.png)",
    "[click](javascript:alert(1))",
    "<http://evil.example>",
    "see https://evil.example and www.evil.example now",
    "[^1]: mine",
    "a | b | c",
    "`code` and ``more``",
    "line\n\n# Heading\n\n- item\n```\nfence",
    "# not a heading",
    "- not a list",
    "1. not a list",
    "> not a quote",
    "*a* _b_ **c** ~~d~~ __e__",
    "~~~ fence",
    "---",
    "&lt;b&gt; &#60;",
    "ends with a backslash \\",
    "wow!",
    '" onmouseover="alert(1)',
    "{{ 7 * 7 }} {% raw %}",
    "\u202e9.9%\u202c",
)
MARKUP = {"script", "img", "iframe", "h1", "blockquote", "ol", "hr", "pre", "em", "del", "table"}


def hostile_note(text: str) -> Note:
    first, *rest = FACTS
    line = " ".join(text.split())[:150]
    return make_note(
        headline=line,
        company=text,
        period=text,
        themes=(text,),
        summary=(claim(text), claim(f"So: {text}")),
        second_order_effects=(effect(text, entity=text, mechanism=text),),
        catalysts=(make_note().catalysts[0].model_copy(update={"event": text, "claim": claim(text)}),),
        missing=(MissingFact(id="x", label=text, reason=text),),
        conflicts=(text,),
        numbers=(),
        facts=(first.model_copy(update={"label": text, "quote": text, "remark": text, "segment": text}), *rest),
        sources=(source(1, "release", text, f"javascript:{text}"), source(2, "article", text, f"https://example.com/{text}")),
        manifest=make_note().manifest.model_copy(update={"drafter": text, "model": text, "consensus": text}),
    )


def shape(page: Page) -> list[str]:
    return [tag for tag, _ in page.tags]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_changes_nothing_but_the_text(text: str) -> None:
    hostile, harmless = hostile_note(text), hostile_note("harmless")
    for page, expected in (
        (Page(render_html(hostile)), Page(render_html(harmless))),
        (read_markdown(render_markdown(hostile)), read_markdown(render_markdown(harmless))),
    ):
        # "`x`" in our own remarks is code on purpose; nothing else may differ.
        assert [tag for tag in shape(page) if tag != "code"] == [tag for tag in shape(expected) if tag != "code"]
        assert [sorted(attrs) for tag, attrs in page.tags if tag != "code"] == [
            sorted(attrs) for tag, attrs in expected.tags if tag != "code"
        ]
        assert all(str(link["href"]).startswith(("#", "https://")) for link in page.all("a"))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_still_readable(text: str) -> None:
    words = re.sub("[\u202a-\u202e]", "", " ".join(text.split()))
    assert f"So: {words}" in Page(render_html(hostile_note(text))).text
    assert f"So: {words}" in read_markdown(render_markdown(hostile_note(text))).text


@pytest.mark.parametrize(
    "text", ["see https://evil.example now", "see HTTP://evil.example", "see www.evil.example", "see WWW.evil.example"]
)
def test_bare_addresses_are_broken_up(text: str) -> None:
    # Many readers turn them into links without being asked.
    assert not re.search(r"\w://|\bwww\.", escape_markdown(text), re.IGNORECASE)


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://example.com/a?b=c#d", "https://example.com/a?b=c#d"),
        ("HTTP://Example.com", "http://Example.com"),
        ("https://example.com/a b<c>\"'`|)", "https://example.com/a%20b%3Cc%3E%22'%60%7C)"),
        ("javascript:alert(1)", None),
        ("java\nscript:alert(1)", None),
        (" javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("//example.com", None),
        ("https://", None),
        ("http://[broken", None),
        ("release.pdf", None),
        ("", None),
        (None, None),
    ],
)
def test_only_http_addresses_become_links(url: str | None, link: str | None) -> None:
    assert http_url(url) == link


def test_addresses_that_are_no_links_are_shown_as_text() -> None:
    filing = source(1, "release", "Filing", "javascript:alert(1)")
    assert "- `S1` `Filing`, `javascript:alert(1)`\n" in render_markdown(make_note(sources=(filing,)))
    assert "<code>javascript:alert(1)</code>" in render_html(make_note(sources=(filing,)))
    odd = make_note(sources=(source(1, "release", "Filing", "https://example.com/a b"),))
    assert '<a href="https://example.com/a%20b" rel=' in render_html(odd)
    assert "[`Filing`](<https://example.com/a%20b>)" in render_markdown(odd)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("R&D rose ~5x, a 12.8% margin (+11.4 pp) -- fine", "R&D rose ~5x, a 12.8% margin (+11.4 pp) -- fine"),
        ("-0.8 pp", "-0.8 pp"),
        ("+37.2% growth", "+37.2% growth"),
        ("12.8% it is", "12.8% it is"),
        ("$1.2bn against $3.4bn", "$1.2bn against $3.4bn"),
        ("2. two", "2\\. two"),
        ("- item", "\\- item"),
        ("gross_margin", "gross\\_margin"),
        ("done!", "done\\!"),
        ("a | b", "a \\| b"),
    ],
)
def test_escaping_leaves_ordinary_prose_alone(text: str, escaped: str) -> None:
    assert escape_markdown(text) == escaped


@pytest.mark.parametrize(("text", "span"), [("a", "`a`"), ("a`b", "``a`b``"), ("`a`", "`` `a` ``"), ("", "`  `"), ("a\nb", "`a b`")])
def test_code_spans_hold_backticks(text: str, span: str) -> None:
    assert code(text) == span


# -- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "scale", "change", "threshold", "words"),
    [
        ("percent", "one", None, "12.8", "12.8%"),
        ("CNY", "million", None, "2703.7", "CNY 2,703.7m"),
        ("USD", "billion", None, "1.125", "$1.125bn"),
        ("USD/share", "one", None, "-0.16", "-$0.16 per share"),
        ("pp", "one", "yoy", "10", "+10 pp y/y"),
        ("pp", "one", "qoq", "-0.25", "-0.25 pp q/q"),
        ("percent", "one", "surprise", "0", "0% against consensus"),
        ("x", "one", None, "5.0", "5x"),
        ("days", "one", None, "45", "45 days"),
        ("furlongs", "one", None, "1200", "1,200 furlongs"),
    ],
)
def test_thresholds_print_in_the_unit_and_scale_of_their_fact(
    unit: str, scale: str, change: str | None, threshold: str, words: str
) -> None:
    target = FACTS[0].model_copy(update={"unit": unit, "scale": Scale(scale), "change": Change(change) if change else None})
    assert threshold_words(Decimal(threshold), target) == words


def test_a_threshold_on_an_unknown_fact_is_the_bare_number() -> None:
    assert threshold_words(Decimal("-1200.5"), None) == "-1,200.5"
    note = make_note(second_order_effects=(effect(falsifier=watch("order_backlog", "1200")),))
    assert "Wrong if: order backlog (`order_backlog`) at least `1,200`\n" in render_markdown(note)


@pytest.mark.parametrize(
    ("label", "segment", "words"),
    [("Gross margin", None, "gross margin"), ("EPS, diluted", None, "EPS, diluted"), ("Mac revenue", "Mac", "Mac revenue")],
)
def test_labels_in_a_sentence_keep_names_and_acronyms(label: str, segment: str | None, words: str) -> None:
    assert label_in_sentence(FACTS[0].model_copy(update={"label": label, "segment": segment})) == words


def test_counts_and_lists() -> None:
    assert (counted(1, "part"), counted(2, "part"), counted(30, "part")) == ("one part", "two parts", "30 parts")
    assert (listed([]), listed(["a"]), listed(["a", "b", "c"])) == ("", "a", "a, b and c")


# -- files -----------------------------------------------------------------------------------------------------------


def test_json_is_canonical() -> None:
    text = render_json(make_note())
    assert text.endswith("}\n")
    assert Note.model_validate_json(text) == make_note()
    assert render_json(Note.model_validate_json(text)) == text
    assert json.loads(text)["catalysts"][0]["window"] == {"from": "2026-08-15", "to": "2026-08-31"}


@pytest.mark.parametrize("renderer", [render_markdown, render_html, render_json])
def test_the_same_note_gives_the_same_bytes(renderer: Any) -> None:
    assert renderer(make_note()) == renderer(make_note())


def test_html_needs_nothing_from_elsewhere() -> None:
    page = html_page()
    assert not {"script", "link", "img", "iframe", "object"} & set(shape(page))
    assert "url(" not in render_html(make_note())
    assert "@import" not in render_html(make_note())


def test_templates_refuse_unknown_names() -> None:
    for environment in (render._markdown(), render._html()):
        with pytest.raises(jinja2.UndefinedError):
            environment.from_string("{{ nothing }}").render()


def write_note(note: Note, folder: Path, stem: str, formats: Sequence[Format]) -> list[Path]:
    """As a batch does."""
    return write_pages({f"{stem}.{name}": page for name, page in pages_of(note, formats).items()}, folder)


def test_files_are_written_for_each_format(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    paths = write_note(make_note(), folder, "kc-2026q1", ("md", "html", "json"))
    assert paths == [folder / "kc-2026q1.md", folder / "kc-2026q1.html", folder / "kc-2026q1.json"]
    assert sorted(folder.iterdir()) == sorted(paths)
    assert paths[0].read_bytes() == render_markdown(make_note()).encode()
    plain_file = tmp_path / "plain"
    plain_file.touch()
    assert paths[0].stat().st_mode == plain_file.stat().st_mode


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "kc.md"
    old.write_text("old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(InputError, match=r"kc\.md: cannot write this file: No space left on device"):
        write_note(make_note(), tmp_path, "kc", ("md",))
    assert [path.name for path in tmp_path.iterdir()] == ["kc.md"]
    assert old.read_text() == "old"


def test_a_failed_rendering_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Note) -> str:
        raise RuntimeError("broken template")

    monkeypatch.setitem(render._RENDERERS, "html", fail)
    with pytest.raises(RuntimeError):
        write_note(make_note(), tmp_path / "out", "kc", ("json", "html"))
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot make this folder: ") as raised:
        write_note(make_note(), tmp_path / "file" / "out", "kc", ("json",))
    assert raised.value.problems[0].file == str(tmp_path / "file" / "out")


def test_a_note_that_breaks_its_schema_is_not_written(tmp_path: Path) -> None:
    broken = make_note().model_copy(update={"headline": ""})
    with pytest.raises(ResourceError, match=r"breaks schemas/note\.schema\.json at headline"):
        write_note(broken, tmp_path, "x", ("json",))
    assert not list(tmp_path.iterdir())


def test_what_is_watched_of_the_year_to_date_says_so() -> None:
    sheet = next(case for case in cases() if case.name == "aapl-2025q3").sheet()
    note = asyncio.run(draft_note(sheet, RuleDrafter(), Clock(now=lambda: datetime(2026, 1, 1, tzinfo=UTC), monotonic=lambda: 0.0))).note
    watch = Watch(metric="revenue.ytd.yoy", comparison="at_most", threshold=Decimal(0))
    told = render_markdown(note.model_copy(update={"catalysts": (note.catalysts[0].model_copy(update={"watch": watch}),)}))
    assert "revenue (`revenue.ytd.yoy`, now +5.9% y/y in first nine months of FY25)" in told
