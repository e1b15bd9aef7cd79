"""Documents: what is prose in them, what is not, and how tables and our own notes are read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.chain.draft import Clock, draft_note
from pipeline.drafters.rules import RuleDrafter
from pipeline.errors import InputError
from pipeline.facts.factbase import FactBase
from pipeline.facts.sheet import FactSheet
from pipeline.grounding.documents import check_document, read
from pipeline.grounding.documents.html import read_html
from pipeline.grounding.documents.markdown import read_markdown
from pipeline.grounding.documents.passages import Content
from pipeline.grounding.documents.plain import read_plain
from pipeline.grounding.documents.scales import Scale, around, stated
from pipeline.notes.render import render_html, render_json, render_markdown

LIMIT = 1_000_000


def refusal(path: Path) -> str:
    """Why a document is not read; empty where it is."""
    try:
        read(path, max_bytes=LIMIT)
    except InputError as error:
        return str(error)
    return ""


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
        (3, "Revenue grew 37.2% y/y, see the release,  ‹› .\nIt wraps."),
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
    head, *rows = [text for _, text in texts(tmp_path, name, content)]
    assert head == "Figure; Reported; y/y; Q1 2025"
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
    content = """<html><head><title>A title</title><style>p { width: 50% }</style></head><body><nav>7 items</nav>
<p>Revenue grew <b>37.2</b>% y/y &amp; more.<br>Next</p><!-- 13% --><div class="watch"><div>above 15%</div> now</div>
<ul><li>one 1.1x<li>two <code>3%</code> done</ul><p>unclosed 5x"""
    assert texts(tmp_path, "x.html", content) == [
        (1, "A title"),
        (1, "7 items"),
        (2, "Revenue grew 37.2% y/y & more. Next"),
        (2, "above 15%"),
        (2, "now"),
        (3, "one 1.1x"),
        (3, "two ‹› done"),
        (3, "unclosed 5x"),
    ]


@pytest.mark.parametrize(
    "html",
    [
        '<p class="watch">Margin 99.9%</p>',
        '<div class="impact"><span>Margin 99.9%</span></div>',
        "<footer>Margin 99.9%</footer>",
        "<nav>Margin 99.9%</nav>",
        '<p hidden style="display:none">Margin 99.9%</p>',
        "<noscript>Margin 99.9%</noscript>",
        "<pre>\nMargin 99.9%\n</pre>",
        "<code>x<p>Margin 99.9%</p>",
        "<p>a <code>x</p><p>Margin 99.9%</p>",
        "<svg><text>x</text><div>Margin 99.9%</div>",
        "<p>Margin <sup>99.9%</sup></p>",
        "<!--><p>Margin 99.9%</p>-->",
        "<!-- --!><p>Margin 99.9%</p><!-- -->",
        "<![if !mso]><p>Margin 99.9%</p><![endif]>",
        "<![foo[x]><p>Margin 99.9%</p>",
        "<table><caption>Margin 99.9%</caption><tr><td>x</td></tr></table>",
        "<table><thead><tr><th>Margin 99.9%</th><th></th></tr></thead><tr><td>a</td><td>5</td></tr></table>",
        "<table><tr><td>Margin 99.9%",
        "<table><tr><td><table><tr><td>Margin</td><td>99.9%</td></tr></table></td></tr></table>",
        "<p>Margin 9&#57;.9&#37;</p>",
        "<p>Margin 9&#8203;9.9%</p>",
        "<textarea>Margin 99.9%</textarea>",
        "<title>Margin 99.9%</title>",
    ],
)
def test_no_html_hides_a_number_that_a_reader_sees(tmp_path: Path, kc: FactBase, html: str) -> None:
    (tmp_path / "x.html").write_text(f"<html><body>{html}</body></html>", encoding="utf-8")
    report = check_document(tmp_path / "x.html", kc, max_bytes=LIMIT)
    assert "99.9%" in [check.mention.text for _, check in report.checks()]
    assert not report.ok


@pytest.mark.parametrize(
    ("name", "content", "kind", "line"),
    [
        ("x.html", "\n<p>a <code>99.9%</code></p>", "code", 2),
        ("x.html", "\n<svg><text>99.9%</text></svg>", "drawing", 2),
        ("x.html", "\n<p><img src=x></p>", "picture", 2),
        ("x.html", "\n<p>10<sup>6</sup></p>", "raised mark", 2),
        ("x.html", "\n<iframe srcdoc='99.9%'></iframe>", "embedded page", 2),
        ("x.html", "\n<input value='99.9%'>", "form field", 2),
        ("x.html", "\n<input type=text type=hidden value='99.9%'>", "form field", 2),
        ("x.html", "\n<script>document.write('99.9%')</script>", "script", 2),
        ("x.html", "\n<style>p::after { content: '99.9%' }</style>", "style sheet", 2),
        ("x.html", "\n<p>Margin \u202e%9.99</p>", "text with changed direction", 2),
        ("x.md", "\na `99.9%`", "code", 2),
        ("x.md", "\n```\n99.9%\n```", "code", 2),
        ("x.md", "\n![chart](x.png)", "picture", 2),
        ("x.md", "\na <img src=x> b", "picture", 2),
        ("x.md", "\nMargin[^99.9%]", "footnote mark", 2),
        ("x.txt", "\nMargin \u202e%9.99", "text with changed direction", 2),
    ],
)
def test_what_is_seen_and_not_read_is_noted(tmp_path: Path, kc: FactBase, name: str, content: str, kind: str, line: int) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    report = check_document(tmp_path / name, kc, max_bytes=LIMIT)
    assert [(part.kind, part.line) for part in report.unread] == [(kind, line)]


def test_a_footnote_of_a_person_keeps_its_numbers(tmp_path: Path) -> None:
    content = "Text[^1]\n\n[^1]: Revenue: CNY 5m · Q1 2025 · source: it grew 99%"
    assert texts(tmp_path, "x.md", content)[1] == (3, "Revenue, Q1 2025: CNY 5m · source: it grew 99%")


# -- lines ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "lines"),
    [
        ("x.txt", "Revenue\ngrew 1%\n\nor 2%\n- a\n  3%\n", {"1%": 2, "2%": 4, "3%": 6}),
        ("x.txt", "a 1%\r\nb 2%\rc 3%\r\n", {"1%": 1, "2%": 2, "3%": 3}),
        ("x.md", "a\n**b** 1%\n`c\nd` 2%\\\n> 3%\n\n> e\n> 4%\n\n* f\n  5%\n", {"1%": 2, "2%": 4, "3%": 5, "4%": 8, "5%": 11}),
        ("x.md", "T\n=\n\n| a | b |\n|--|--|\n| c | 1% |\n| d | 2% |\n", {"1%": 6, "2%": 7}),
        ("x.md", "a &amp; b \\* \n1%\n\n<div>\nx\n2%\n</div>\n", {"1%": 2, "2%": 6}),
        ("x.md", "a[^1]\n\n[^1]: b 1%\n[^2]: c 2%\n", {"1%": 3, "2%": 4}),
        ("x.html", "<p>a\nb <b>1%</b>\n\n c 2%</p>\n<table>\n<tr><td>x\n<td>\n3%</table>", {"1%": 2, "2%": 4, "3%": 8}),
        ("x.html", "<pre>\na 1%\nb 2%\n\nc 3%</pre>", {"1%": 2, "2%": 3, "3%": 5}),
        ("x.html", "<p>revenue of CNY\n5 million</p>", {"CNY 5 million": 2}),
    ],
)
def test_a_number_has_the_line_that_it_stands_in(tmp_path: Path, kc: FactBase, name: str, content: str, lines: dict[str, int]) -> None:
    (tmp_path / name).write_bytes(content.encode())
    report = check_document(tmp_path / name, kc, max_bytes=LIMIT)
    assert {c.mention.text: p.line_of(c.mention.start, c.mention.end) for p, c in report.checks()} == lines


# -- tables --------------------------------------------------------------------------------------------------------------------


def html_table(*rows: Sequence[str], caption: str = "") -> str:
    """A table as filings print it: without heads."""
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows)
    return f"<table><caption>{caption}</caption>\n{lines}</table>"


def markdown_table(*rows: Sequence[str], caption: str = "") -> str:
    head, *others = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([caption, "", head, "|" + "--|" * len(rows[0]), *others])


TABLES = pytest.mark.parametrize(("name", "table"), [("t.md", markdown_table), ("t.html", html_table)])


@TABLES
@pytest.mark.parametrize(
    ("caption", "corner", "heads"),
    [
        ("(RMB in millions, except per share data)", "", ("Q1 2026", "Q1 2025")),
        ("", "RMB million", ("Q1 2026", "Q1 2025")),
        ("", "", ("Q1 2026 RMB m", "Q1 2025 RMB m")),
        ("In millions", "", ("Q1 2026 (RMB)", "Q1 2025 (RMB)")),
    ],
)
def test_bare_cells_are_in_the_scale_that_the_table_states(
    tmp_path: Path, kc: FactBase, name: str, table: Callable[..., str], caption: str, corner: str, heads: tuple[str, str]
) -> None:
    rows = [(corner, *heads), ("Revenue", "2,703.7", "1,970.0"), ("Gross margin (%)", "12.8", "16.2"), ("Leverage", "5x", "–")]
    (tmp_path / name).write_text(table(*rows, caption=caption), encoding="utf-8")
    report = check_document(tmp_path / name, kc, max_bytes=LIMIT)
    found = [(check.mention.text, check.decision) for _, check in report.checks() if check.decision != "structural"]
    assert found == [
        ("RMB 2,703.7 million", "grounded"),
        ("RMB 1,970.0 million", "grounded"),
        ("12.8", "grounded"),
        ("16.2", "grounded"),
        ("5x", "grounded"),
    ]
    wrong = [("Revenue", "2,730.7", "1,970.0") if row[0] == "Revenue" else row for row in rows]
    (tmp_path / name).write_text(table(*wrong, caption=caption), encoding="utf-8")
    problems = [check for _, check in check_document(tmp_path / name, kc, max_bytes=LIMIT).checks() if check.is_problem]
    assert [check.mention.text for check in problems] == ["RMB 2,730.7 million"]


def test_a_table_without_a_stated_scale_is_read_as_it_stands(tmp_path: Path) -> None:
    rows = ("", "Q1 2026"), ("Revenue", "2,703.7")
    assert texts(tmp_path, "t.md", markdown_table(*rows))[-1][1] == "Revenue: Q1 2026 2,703.7"
    # A sentence with a figure states no scale for the table behind it.
    content = markdown_table(*rows, caption="Revenue rose to RMB 2.7 billion.")
    assert texts(tmp_path, "t.md", content)[-1][1] == "Revenue: Q1 2026 2,703.7"


def test_heads_are_read_once_and_borrowed_by_every_row(tmp_path: Path, kc: FactBase) -> None:
    content = markdown_table(("99.9%", "Q1 2026 (up 77%)"), ("Gross margin", "12.8%"), ("Leverage", "5x"))
    (tmp_path / "t.md").write_text(content, encoding="utf-8")
    found = [check.mention.text for _, check in check_document(tmp_path / "t.md", kc, max_bytes=LIMIT).checks()]
    assert found == ["99.9%", "Q1 2026", "77%", "12.8%", "5x"]


def test_a_row_of_words_is_no_head(tmp_path: Path) -> None:
    rows = ("", "A", "B"), ("Outlook", "raised", "kept"), ("Leverage", "5x", "4x")
    assert [text for _, text in texts(tmp_path, "t.html", html_table(*rows))] == [
        "A; B",
        "Outlook: A raised; B kept",
        "Leverage: A 5x; B 4x",
    ]


def test_a_filings_table_keeps_its_columns(tmp_path: Path) -> None:
    content = """<p>(in millions, except per share data)</p><table>
<tr><td></td><td colspan="4">Three months ended March 31,</td></tr>
<tr><td></td><td colspan="2">2026</td><td colspan="2">2025</td></tr>
<tr><td>Revenue</td><td>$</td><td>2,703.7</td><td>$</td><td>1,970.0</td></tr>
<tr><td>Operating loss</td><td></td><td>(316.4</td><td>)</td><td></td><td>12</td></tr>
<tr><td>Operating margin</td><td></td><td>12.8</td><td>%</td><td></td></tr>
<tr><td>Diluted EPS</td><td>$</td><td>0.16</td><td></td><td></td></tr>
</table>"""
    assert [text for _, text in texts(tmp_path, "x.html", content)][3:] == [
        "Revenue: Three months ended March 31, 2026 $2,703.7 million; Three months ended March 31, 2025 $1,970.0 million",
        "Operating loss: Three months ended March 31, 2026 (316.4) million; 12 million",
        "Operating margin: Three months ended March 31, 2026 12.8%",
        "Diluted EPS: Three months ended March 31, 2026 $0.16",
    ]


def test_a_label_over_two_rows_holds_for_both(tmp_path: Path) -> None:
    content = "<table><tr><th>a<th>b<th>c</tr><tr><td rowspan=2>Revenue<td>Q1<td>5%</tr><tr><td>Q2<td>6%</tr></table>"
    assert [text for _, text in texts(tmp_path, "x.html", content)][1:] == ["Revenue: b Q1; c 5%", "Revenue: b Q2; c 6%"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("(in millions, except per share data)", Scale("million")),
        ("(In millions, except number of shares, which are reflected in thousands, and per-share amounts)", Scale("million", "", True)),
        ("(in thousands, except share and per share data)", Scale("thousand", "", True)),
        ("RMB million", Scale("million", "RMB")),
        ("RMBm", Scale("million", "RMB")),
        ("$m", Scale("million", "$")),
        ("US$ bn", Scale("billion", "US$")),
        ("Revenue (€m)", Scale("million", "€")),
        ("USD in billions", Scale("billion", "USD")),
        ("US$'000", Scale("thousand", "US$")),
        ("RMB'000", Scale("thousand", "RMB")),
        ("Amounts in thousands of Renminbi", Scale("thousand", "Renminbi")),
        ("(in millions of U.S. dollars)", Scale("million", "US$")),
        ("Table 3: results, in millions", Scale("million")),
        ("Millions", Scale("million")),
        ("Q1 2026", Scale()),
        ("Revenue of RMB 2.7 billion", Scale()),
        ("Revenue rose to $5m.", Scale()),
        ("Cash of 5 million", Scale()),
        ("Don't", Scale()),
        ("millions of users came", Scale()),
        ("", Scale()),
    ],
)
def test_scales_as_tables_state_them(words: str, expected: Scale) -> None:
    assert stated(words) == expected


@pytest.mark.parametrize(
    ("cell", "label", "head", "read"),
    [
        ("2,703.7", "Revenue", "Q1 2026", "RMB 2,703.7 million"),
        ("(316.4)", "Operating loss", "Q1 2026", "RMB (316.4) million"),
        ("-316.4", "Free cash flow", "", "RMB -316.4 million"),
        ("$5.0", "Revenue", "", "$5.0 million"),
        ("US$ 5.0", "Revenue", "", "US$ 5.0 million"),
        ("1970", "Revenue", "", "RMB 1970 million"),
        ("2029", "Maturity", "", "2029"),
        ("0.16", "Diluted earnings per share", "", "0.16"),
        ("0.16", "Diluted EPS", "", "0.16"),
        ("0.16", "Dividend per ADS", "", "0.16"),
        ("12.8", "Gross margin", "", "12.8"),
        ("37.2", "Revenue", "% change", "37.2"),
        ("37.2", "Revenue", "y/y", "37.2"),
        ("37.2", "Revenue growth", "", "37.2"),
        ("5.0", "Net debt to EBITDA (x)", "", "5.0"),
        ("4,210", "Employees", "", "4,210"),
        ("45", "Days sales outstanding", "", "45"),
        ("5.0", "Leverage", "", "5.0"),
        ("37.2%", "Revenue", "", "37.2%"),
        ("2.7bn", "Revenue", "", "2.7bn"),
        ("2,703.7 (1)", "Revenue", "", "2,703.7 (1)"),
        ("n/m", "Revenue", "", "n/m"),
        ("189.1", "Weighted average shares", "", "189.1 million"),
    ],
)
def test_which_cells_take_the_tables_scale(cell: str, label: str, head: str, read: str) -> None:
    before, behind = around(cell, label, head, Scale("million", "RMB"))
    assert f"{before}{cell}{behind}" == read
    assert around("189.1", "Diluted shares", "", Scale("thousand", "$", True)) == ("", "")


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
        ("e.pdf", b"%PDF-1.7", "e.pdf: cannot be read as .pdf: expected Markdown"),
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


# -- anything ------------------------------------------------------------------------------------------------------------------

SNIPPETS = """<table> <tr> <td> <th> <td/colspan=9> <td/rowspan=9> </td> </tr> </table> <p> </p> <code> </code> <svg> </svg> <sup> </sup>
    <pre> </pre> <!-- --> <![ ]> <br> <br> <script> </script> &amp; &#39; &# ` ``` [^1] [^1]: | |-- * > # RMB million 2,703.7 ( ) %
    in millions half Q1 2026 $ Revenue · : ‹"""
MARKUP = st.lists(
    st.one_of(st.sampled_from([*SNIPPETS.split(), " ", "\n", "\n\n", "\u202e", "\u200b"]), st.text(max_size=5)), max_size=60
).map("".join)


@pytest.mark.parametrize("reader", [read_plain, read_markdown, read_html])
@given(text=MARKUP)
@example(text="<![foo")
@example(text="<!-->")
@example(text="| a |\n|--|\n| b | 1 | 2 |")
def test_no_text_upsets_a_reader(reader: Callable[[str], Content], text: str) -> None:
    text = text.replace("\r", "\n")  # as `read` gives it to them
    content = reader(text).finish()
    last = text.count("\n") + 1
    for passage in content.passages:
        assert passage.text.strip()
        assert 0 <= passage.line <= last
        assert all(0 <= passage.line_of(at, at + 1) <= last for at in range(len(passage.text)))


@given(data=st.binary(max_size=200), ending=st.sampled_from([".md", ".html", ".txt", ".json", ".docx", ""]))
def test_no_bytes_end_in_anything_but_an_input_error(tmp_path_factory: pytest.TempPathFactory, data: bytes, ending: str) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{ending}"
    path.write_bytes(data)
    said = refusal(path)
    assert said == "" or said.startswith(str(path))
    assert "\n" not in said


def test_long_paragraphs_cost_no_more_than_their_size() -> None:
    text = "*a* &amp; b `1` \\*\n" * 15_000
    started = time.monotonic()
    content = read_markdown(text)
    assert content.unread[-1].line == 15_000
    assert time.monotonic() - started < 20


def test_hostile_tables_cost_no_more_than_their_size() -> None:
    """Each would take minutes or gigabytes if some step were quadratic."""
    wide = "<table><tr>" + "<td colspan=99>x" * 5_000
    tall = "<table><tr>" + "<td rowspan=999>x" * 20_000 + "<tr><td>1" * 2_000
    heads = "<table>" + "<tr><th>" + "h" * 50_000 + "<th>i" + "<tr><td>a<td>5" * 5_000
    closers = "<table><tr><td>a<td>5" + "<td>)" * 20_000
    rows = "<table>" + "<tr><td>a" * 10_000
    nested = "<table><tr><td>" * 10_000
    for text in (wide, tall, heads, closers, rows, nested):
        started = time.monotonic()
        content = read_html(text)
        assert sum(len(passage.text) for passage in content.passages) < 50 * len(text)
        assert time.monotonic() - started < 10
