"""Documents: what is prose in them, what is not, and how tables and our own notes are read."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pipeline.chain.draft import Clock, draft_note
from pipeline.drafters.rules import RuleDrafter
from pipeline.errors import InputError
from pipeline.facts.factbase import FactBase
from pipeline.facts.sheet import FactSheet
from pipeline.grounding.documents import check_document, read
from pipeline.notes.render import render_html, render_json, render_markdown

LIMIT = 1_000_000


def texts(folder: Path, name: str, content: str) -> list[tuple[int, str]]:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return [(passage.line, passage.text) for passage in read(path, max_bytes=LIMIT)]


def test_markdown_gives_prose_without_its_machinery(tmp_path: Path) -> None:
    content = """# Margins fall 3.4 points

Revenue **grew** 37.2% y/y[^1], see [the release](https://x.io/99%25), `code 42%`.
It wraps.

```
ignored 77%
```

- first item 12.8%
  - nested 27.6%
1. numbered

<script>var x = 55;</script>

[^1]: Revenue: +37.2% y/y
[^2]: Gross margin: 16.2% · Q1 2025 · GAAP · year-ago base · source `S1`
"""
    assert texts(tmp_path, "note.md", content) == [
        (1, "Margins fall 3.4 points"),
        (3, "Revenue grew 37.2% y/y, see the release,  .\nIt wraps."),
        (10, "first item 12.8%"),
        (11, "nested 27.6%"),
        (12, "numbered"),
        (16, "Revenue: +37.2% y/y"),
        (17, "Gross margin, Q1 2025, GAAP, year-ago base: 16.2%"),
    ]


TABLE_MD = """| Figure | Reported | y/y | Q1 2025 |
|---|---|---|---|
| Gross margin | 12.8%[^1] | -3.4 pp y/y (16.2% in Q1 2025) | 16.2% |
| Revenue | CNY 2,703.7m | – | |
"""
TABLE_HTML = """<table><thead><tr><th>Figure</th><th>Reported</th><th>y/y</th><th>Q1 2025</th></tr></thead><tbody>
<tr><th>Gross margin</th><td>12.8%<sup><a>1</a></sup></td><td>-3.4 pp y/y <small>(16.2% in Q1 2025)</small></td><td>16.2%</td></tr>
<tr><th>Revenue<td>CNY 2,703.7m<td>–<td></tr></table>"""


@pytest.mark.parametrize(("name", "content"), [("t.md", TABLE_MD), ("t.html", TABLE_HTML)])
def test_a_table_row_is_a_sentence(tmp_path: Path, kc: FactBase, name: str, content: str) -> None:
    rows = [text for _, text in texts(tmp_path, name, content)]
    assert rows[0] == "Gross margin: Reported 12.8%; y/y -3.4 pp y/y (16.2% in Q1 2025); Q1 2025 16.2%"
    assert rows[1].startswith("Revenue")
    assert check_document(tmp_path / name, kc, max_bytes=LIMIT).ok


def test_a_wrong_cell_is_found(tmp_path: Path, kc: FactBase) -> None:
    (tmp_path / "t.md").write_text(TABLE_MD.replace("| 12.8%", "| 16.2%"), encoding="utf-8")
    report = check_document(tmp_path / "t.md", kc, max_bytes=LIMIT)
    assert not report.ok
    assert [check.mention.text for _, found in report.passages for check in found.problems] == ["16.2%"]
    assert report.counts["contradicted"] == 1


def test_html_gives_prose_without_its_machinery(tmp_path: Path) -> None:
    content = """<html><head><title>99%</title><style>p { width: 50% }</style></head><body><nav>7 items</nav>
<p>Revenue grew <b>37.2</b>% y/y &amp; more.<br>Next</p><!-- 13% --><div class="watch"><div>above 15%</div> now</div>
<ul><li>one 1.1x<li>two <code>3%</code> done</ul><p>unclosed 5x"""
    assert texts(tmp_path, "x.html", content) == [
        (2, "Revenue grew 37.2% y/y & more. Next"),
        (3, "one 1.1x"),
        (3, "two done"),
        (3, "unclosed 5x"),
    ]


def test_plain_text_is_cut_into_paragraphs_and_items(tmp_path: Path) -> None:
    content = "Revenue grew\n37.2% y/y.\n\n- gross margin 12.8%\n- leverage 5x\n1) one\n"
    assert texts(tmp_path, "x.txt", content) == [(1, "Revenue grew\n37.2% y/y."), (4, "gross margin 12.8%"), (5, "leverage 5x"), (6, "one")]
    assert texts(tmp_path, "x.unknown", content) == texts(tmp_path, "x.txt", content)


@pytest.mark.parametrize("drafted", ["md", "html", "json"])
def test_our_own_note_passes_with_all_its_numbers(tmp_path: Path, kc: FactBase, kc_sheet: FactSheet, clock: Clock, drafted: str) -> None:
    note = asyncio.run(draft_note(kc_sheet, RuleDrafter(), clock)).note
    render = {"md": render_markdown, "html": render_html, "json": render_json}[drafted]
    path = tmp_path / f"note.{drafted}"
    path.write_text(render(note), encoding="utf-8")
    report = check_document(path, kc, max_bytes=LIMIT)
    assert [check.message for _, found in report.passages for check in found.problems] == []
    assert report.counts["grounded"] > 20


def test_note_json_is_checked_against_its_own_evidence(tmp_path: Path, kc: FactBase, kc_sheet: FactSheet, clock: Clock) -> None:
    note = asyncio.run(draft_note(kc_sheet, RuleDrafter(), clock)).note
    claim = note.summary[0].model_copy(update={"evidence": ("leverage",)})
    path = tmp_path / "note.json"
    path.write_text(render_json(note.model_copy(update={"summary": (claim, *note.summary[1:])})), encoding="utf-8")
    report = check_document(path, kc, max_bytes=LIMIT)
    passage, found = next((p, r) for p, r in report.passages if p.place == "summary[0]")
    assert passage.evidence == ("leverage",)
    assert "not in the evidence" in found.problems[0].message


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.md", b"\xff\xfe\x00", "a.md:1: is not UTF-8 text"),
        ("b.txt", b"x" * (LIMIT + 1), "b.txt: is larger than 1,000,000 bytes"),
        ("c.json", b"{}", "c.json: headline: is not a note"),
        ("d.json", b"not json", "is not a note"),
        ("missing.md", None, "missing.md: cannot be read"),
        ("", None, "cannot be read"),
    ],
)
def test_what_cannot_be_read_says_so(tmp_path: Path, name: str, content: bytes | None, expected: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read(path, max_bytes=LIMIT)
    assert expected in str(caught.value)


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(b"\xef\xbb\xbfRevenue grew 37.2%.")
    assert read(tmp_path / "x.txt", max_bytes=LIMIT)[0].text == "Revenue grew 37.2%."
