"""Word documents: what a reader of the page sees is checked or noted, and hostile packages end in one line."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from docx.oxml import parse_xml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.facts.factbase import FactBase
from pipeline.grounding.documents import DocumentReport, check_document, read
from tests.test_documents import refusal

LIMIT = 1_000_000
NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
)


def saved(document: Any) -> bytes:
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def package(*bodies: str) -> bytes:
    """A document whose body holds the given XML."""
    document = Document()
    for body in bodies:
        document.element.body.insert(len(document.element.body) - 1, parse_xml(body.replace(">", f" {NAMESPACES}>", 1)))
    return saved(document)


def changed(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The package with one part changed."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as after:
        for part in before.namelist():
            content = before.read(part)
            after.writestr(part, change(content) if part == name else content)
    return stream.getvalue()


def added(data: bytes, parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO(data)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return stream.getvalue()


def checked(folder: Path, data: bytes, facts: FactBase) -> DocumentReport:
    (folder / "x.docx").write_bytes(data)
    return check_document(folder / "x.docx", facts, max_bytes=LIMIT)


def places(report: DocumentReport) -> list[tuple[str, str]]:
    return [(passage.place, passage.text) for passage, _ in report.passages]


def text_of(words: str) -> str:
    return f"<w:r><w:t>{words}</w:t></w:r>"


def test_paragraphs_lists_and_tables_in_document_order(tmp_path: Path, kc: FactBase) -> None:
    document = Document()
    document.add_heading("Kingsoft Cloud", 1)
    document.add_paragraph("")
    document.add_paragraph("Revenue grew 37.2% y/y.")
    document.add_paragraph("Gross margin was 13.8%.", style="List Bullet")
    document.add_paragraph("(RMB in millions, except per share data)")
    table = document.add_table(rows=3, cols=3)
    for line, cells in enumerate([("", "Q1 2026", "Q1 2025"), ("Revenue", "2,703.7", "1,970.0"), ("Leverage", "5x", "–")]):
        for column, cell in enumerate(cells):
            table.cell(line, column).text = cell
    document.add_paragraph("The end.")
    report = checked(tmp_path, saved(document), kc)
    assert places(report) == [
        ("paragraph 1", "Kingsoft Cloud"),
        ("paragraph 2", "Revenue grew 37.2% y/y."),
        ("paragraph 3", "Gross margin was 13.8%."),
        ("paragraph 4", "(RMB in millions, except per share data)"),
        ("table 1, row 1", "Q1 2026; Q1 2025"),
        ("table 1, row 2", "Revenue: Q1 2026 RMB 2,703.7 million; Q1 2025 RMB 1,970.0 million"),
        ("table 1, row 3", "Leverage: Q1 2026 5x"),
        ("paragraph 5", "The end."),
    ]
    assert [(p.place, check.mention.text) for p, check in report.checks() if check.is_problem] == [("paragraph 3", "13.8%")]
    assert report.unread == ()


@pytest.mark.parametrize(
    "body",
    [
        f"<w:p>{text_of('Margin 9')}{text_of('9.9%')}</w:p>",
        f"<w:p><w:ins w:id='1' w:author='a'>{text_of('Margin 99.9%')}</w:ins></w:p>",
        f"<w:p><w:hyperlink>{text_of('Margin 99.9%')}</w:hyperlink></w:p>",
        f"<w:p><w:smartTag>{text_of('Margin 99.9%')}</w:smartTag></w:p>",
        f"<w:p><w:fldSimple w:instr='x'>{text_of('Margin 99.9%')}</w:fldSimple></w:p>",
        f"<w:p><w:sdt><w:sdtContent>{text_of('Margin 99.9%')}</w:sdtContent></w:sdt></w:p>",
        f"<w:sdt><w:sdtContent><w:p>{text_of('Margin 99.9%')}</w:p></w:sdtContent></w:sdt>",
        f"<w:p><w:r><w:pict><w:txbxContent><w:p>{text_of('Margin 99.9%')}</w:p></w:txbxContent></w:pict></w:r></w:p>",
        "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>Margin 99.9%</w:t></w:r></w:p>",
        "<w:p><w:r><w:t>Margin </w:t><w:sym w:font='Arial' w:char='0039'/><w:t>9.9%</w:t></w:r></w:p>",
        "<w:p><w:r><w:t>Margin </w:t></w:r><m:oMath><m:r><m:t>99.9%</m:t></m:r></m:oMath></w:p>",
        f"<w:tbl><w:tr><w:tc><w:tbl><w:tr><w:tc><w:p>{text_of('Margin 99.9%')}</w:p></w:tc></w:tr></w:tbl><w:p/></w:tc></w:tr></w:tbl>",
        f"<w:tbl><w:sdt><w:sdtContent><w:tr><w:tc><w:p>{text_of('Margin 99.9%')}</w:p></w:tc></w:tr></w:sdtContent></w:sdt></w:tbl>",
    ],
)
def test_no_word_document_hides_a_number_that_a_reader_sees(tmp_path: Path, kc: FactBase, body: str) -> None:
    report = checked(tmp_path, package(body), kc)
    assert [check.mention.text for _, check in report.checks()] == ["99.9%"]


def test_deleted_text_and_what_old_versions_show_is_not_there(tmp_path: Path, kc: FactBase) -> None:
    report = checked(
        tmp_path,
        package(
            "<w:p><w:r><w:t>a</w:t></w:r><w:del w:id='1' w:author='a'><w:r><w:delText>99.9%</w:delText></w:r></w:del></w:p>",
            f"<w:p><w:moveFrom w:id='2' w:author='a'>{text_of('99.9%')}</w:moveFrom>{text_of('b')}</w:p>",
            "<w:p><w:r><mc:AlternateContent><mc:Choice Requires='w'><w:t>c</w:t></mc:Choice><mc:Fallback><w:t>99.9%</w:t></mc:Fallback>"
            "</mc:AlternateContent></w:r></w:p>",
            "<w:p><w:r><w:instrText>99.9%</w:instrText></w:r></w:p>",
        ),
        kc,
    )
    assert [text for _, text in places(report)] == ["a", "b", "c"]


def test_pictures_and_page_headers_are_noted(tmp_path: Path, kc: FactBase) -> None:
    document = Document()
    document.add_paragraph("Text.")
    document.sections[0].header.paragraphs[0].text = "Margin 99.9%"
    document.sections[0].footer.paragraphs[0].text = "no number"
    body = f"<w:p {NAMESPACES}><w:r><w:drawing/></w:r></w:p>"
    document.element.body.insert(1, parse_xml(body))
    report = checked(tmp_path, saved(document), kc)
    assert [(part.kind, part.place) for part in report.unread] == [("picture", "paragraph 2"), ("page header", "")]


def test_footnotes_are_read(tmp_path: Path, kc: FactBase) -> None:
    data = package(f"<w:p>{text_of('Text.')}</w:p>")
    notes = (
        f"<w:footnotes {NAMESPACES}><w:footnote w:type='separator' w:id='0'><w:p>{text_of('0')}</w:p></w:footnote>"
        f"<w:footnote w:id='1'><w:p>{text_of('Margin 99.9%')}</w:p></w:footnote></w:footnotes>"
    )
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
    data = changed(
        data,
        "[Content_Types].xml",
        lambda old: old.replace(b"</Types>", f'<Override PartName="/word/footnotes.xml" ContentType="{kind}"/></Types>'.encode()),
    )
    data = changed(
        data,
        "word/_rels/document.xml.rels",
        lambda old: old.replace(
            b"</Relationships>", f'<Relationship Id="rId99" Type="{relation}" Target="footnotes.xml"/></Relationships>'.encode()
        ),
    )
    report = checked(tmp_path, added(data, {"word/footnotes.xml": notes.encode()}), kc)
    assert places(report) == [("paragraph 1", "Text."), ("footnote 1", "Margin 99.9%")]


# -- hostile -------------------------------------------------------------------------------------------------------------------


def bomb() -> bytes:
    return added(package(), {"word/media/x.bin": b"\0" * 10 * LIMIT})


def lying_bomb() -> bytes:
    """The central directory promises less than a part unpacks to."""
    data = bytearray(bomb())
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = (1_000).to_bytes(4, "little")
    return bytes(data)


def boasting() -> bytes:
    """The central directory promises more than the limit: nothing needs to be unpacked to refuse it."""
    data = bytearray(added(package(), {"word/media/x.bin": b"x"}))
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = (10 * LIMIT).to_bytes(4, "little")
    return bytes(data)


def entities() -> bytes:
    dtd = b'<!DOCTYPE x [<!ENTITY a "99.9%"><!ENTITY b "&a;&a;&a;">]>'
    return changed(
        package("<w:p><w:r><w:t>ENTITY</w:t></w:r></w:p>"),
        "word/document.xml",
        lambda old: old.replace(b"?>", b"?>" + dtd, 1).replace(b"ENTITY</w:t>", b"&b;</w:t>"),
    )


def wide_entities() -> bytes:
    return changed(
        package(),
        "word/document.xml",
        lambda old: old.decode().replace("UTF-8", "UTF-16").replace("?>", "?><!DOCTYPE x>", 1).encode("utf-16"),
    )


def deep() -> bytes:
    inside = b"<w:ins>" * 5_000 + b"</w:ins>" * 5_000
    return changed(package(), "word/document.xml", lambda old: old.replace(b"<w:body>", b"<w:body>" + inside))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (lambda: b"", "is not a Word document: it is no zip package, or a broken one"),
        (lambda: b"Revenue grew 37.2%", "is not a Word document: it is no zip package, or a broken one"),
        (lambda: package()[:-40], "is not a Word document: it is no zip package, or a broken one"),
        (lambda: b"\xd0\xcf\x11\xe0" + bytes(600), "is an old .doc, or protected by a password"),
        (bomb, "unpacks to more than 5,000,000 bytes"),
        (boasting, "unpacks to more than 5,000,000 bytes"),
        (lying_bomb, "is no zip package, or a broken one"),
        (entities, "holds a document type definition in 'word/document.xml'"),
        (wide_entities, "holds a document type definition in 'word/document.xml'"),
        (lambda: changed(package(), "word/document.xml", lambda old: old[:-30]), "is not a Word document that can be read"),
        (lambda: changed(package(), "word/document.xml", lambda _: b"<a/>"), "is not a Word document that can be read"),
        (lambda: changed(package(), "[Content_Types].xml", lambda _: b"<a/>"), "is not a Word document that can be read"),
        (lambda: added(b"", {"a.txt": b"x"}), "is not a Word document that can be read"),
        (deep, "is not a Word document that can be read"),
    ],
)
def test_a_hostile_package_ends_in_one_line(tmp_path: Path, data: Callable[[], bytes], said: str) -> None:
    (tmp_path / "x.docx").write_bytes(data())
    with pytest.raises(InputError) as caught:
        read(tmp_path / "x.docx", max_bytes=LIMIT)
    assert said in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "x.docx"))
    assert "\n" not in str(caught.value)


def test_a_part_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = added(package(), {"word/document.xml": b"<x/>"})
    (tmp_path / "x.docx").write_bytes(data)
    with pytest.raises(InputError, match="holds a part twice"):
        read(tmp_path / "x.docx", max_bytes=LIMIT)


def test_without_python_docx_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.docx").write_bytes(package())
    monkeypatch.setitem(__import__("sys").modules, "docx", None)
    with pytest.raises(InputError, match=r"x.docx: needs python-docx to be read: pip install 'afterprint\[docx\]'"):
        read(tmp_path / "x.docx", max_bytes=LIMIT)


WHOLE = package(f"<w:p>{text_of('Revenue grew 37.2%.')}</w:p>")


@settings(max_examples=150)
@given(at=st.integers(0, len(WHOLE) - 1), byte=st.integers(0, 255), length=st.integers(1, 8))
def test_no_damage_ends_in_anything_but_an_input_error(tmp_path_factory: pytest.TempPathFactory, at: int, byte: int, length: int) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.docx"
    path.write_bytes(WHOLE[:at] + bytes([byte]) * length + WHOLE[at + length :])
    assert "\n" not in refusal(path)
