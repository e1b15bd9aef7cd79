"""Prints a note as Markdown, HTML or JSON, and writes the files.

Everything in a note was written by somebody else: a model, a filing, a web page. So each format escapes by default, and
only what a filter of this module made is printed as it is.

Whatever is no figure of the company (ids, digests, scores, thresholds, formulas, titles and quotes of sources) stands in
code, in the Markdown and in the HTML: a checker of the page then reads prose, and nothing but prose.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Literal, TextIO, get_args
from urllib.parse import quote, urlsplit

import jinja2
from markupsafe import Markup

from pipeline.errors import OutputFailed, Problem, ResourceError, UsageError
from pipeline.notes.models import Note
from pipeline.notes.tables import Ref
from pipeline.notes.view import NoteView
from pipeline.notes.words import words
from pipeline.schemas import stored, validate

Format = Literal["json", "md", "html"]

FORMATS: tuple[Format, ...] = get_args(Format)

_TEMPLATES = Path(__file__).parent / "templates"
_BREAKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
# Zero-width and direction-changing characters: a figure must not read otherwise than it was checked.
_INVISIBLE = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_INLINE = re.compile(
    r"""[\\`*_\[<|]         # code, emphasis, links, footnotes, HTML, table cells
      | (?<=\S)~ | ~(?=~)   # strike-through; `~5x` stays as it is
      | &(?=\#?\w+;)        # entities; `R&D` stays as it is
      | :(?=//) | (?<=\bwww)\.   # bare addresses that renderers turn into links
      | !\Z                 # before a footnote mark it would make an image""",
    re.VERBOSE | re.IGNORECASE,
)
_BLOCK = re.compile(r"\A(?:(\d{1,9})(?=[.)](?:\s|\Z))|(?=[#>]|[-+=:](?:[\s=-]|\Z)))")
_URL_SAFE = "%/:?#[]@!$&'()*+,;=-._~"


class Md(str):
    """Markdown that is printed as it is."""

    __slots__ = ()


def render_markdown(note: Note) -> str:
    """The note as Markdown with footnotes."""
    return _markdown().get_template("note.md.jinja").render(view=NoteView(note), note=note).strip() + "\n"


def render_html(note: Note) -> str:
    """The note as one self-contained HTML page."""
    return _html().get_template("note.html.jinja").render(view=NoteView(note), note=note).strip() + "\n"


def render_json(note: Note) -> str:
    """The note as canonical JSON: the same note gives the same bytes."""
    return note.model_dump_json(by_alias=True, indent=2) + "\n"


_RENDERERS = {"json": render_json, "md": render_markdown, "html": render_html}


def formats_from(words: str) -> tuple[Format, ...]:
    """`json,md` -> the formats. Raises UsageError for a word that is none."""
    wanted = [word.strip() for word in words.split(",") if word.strip()]
    if not wanted or set(wanted) - set(FORMATS):
        raise UsageError(f"--format {words}: expected any of {', '.join(FORMATS)}, with commas between")
    return tuple(known for known in FORMATS if known in wanted)


def pages_of(note: Note, formats: Sequence[Format]) -> dict[Format, str]:
    """The note in each format, as text.

    It is held against its exported JSON Schema first: what others read is what the schema promises. Raises ResourceError otherwise.
    """
    if broken := validate(note.model_dump(mode="json", by_alias=True), stored("note")):
        raise ResourceError(f"the note breaks schemas/note.schema.json at {broken[0].path}: {broken[0].message}")
    return {name: _RENDERERS[name](note) for name in formats}


def write_pages(pages: Mapping[str, str], folder: Path) -> list[Path]:
    """Write each page to the file of its name in `folder`; a file is replaced whole or not at all.

    Raises OutputFailed when the folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputFailed(Problem(f"cannot make this folder: {error.strerror}", file=str(folder))) from error
    for name, page in pages.items():
        write_atomically(folder / name, page)
    return [folder / name for name in pages]


def write_atomically(path: Path, text: str) -> None:
    """Replace the file at `path` whole or not at all. Raises OutputFailed when it cannot be written."""
    with replaced(path) as file:
        file.write(text)


@contextmanager
def replaced(path: Path) -> Iterator[TextIO]:
    """A file to write to, which takes the place of the one at `path` when the block ends, and not if it fails. Raises OutputFailed."""
    # Beside the target, because a rename is atomic within one file system only.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        try:
            with draft.open("x", encoding="utf-8", newline="\n") as file:
                yield file
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise OutputFailed(Problem(f"cannot write this file: {error.strerror}", file=str(path))) from error


def plain(text: str) -> str:
    """One line without control, zero-width or direction-changing characters."""
    return _INVISIBLE.sub("", _BREAKS.sub(" ", text))


def http_url(url: str | None) -> str | None:
    """`url` fit for a link if it is an http or https address, else None."""
    try:
        parts = urlsplit((url or "").strip())
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return None
    except ValueError:
        return None
    return quote(parts.geturl(), safe=_URL_SAFE)


# -- Markdown --------------------------------------------------------------------------------------------------------


def escape_markdown(value: object) -> Md:
    """Text that every Markdown reader shows as it is: no markup, HTML, link, footnote, list or table comes of it."""
    if isinstance(value, Md):
        return value
    text = _INLINE.sub(r"\\\g<0>", plain(str(value)).strip())
    return Md(_BLOCK.sub(r"\1\\", text))


def code(value: object) -> Md:
    """A code span, fenced by more backticks than it holds."""
    text = plain(str(value)).strip()
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") or not text else ""
    return Md(f"{fence}{pad}{text}{pad}{fence}")


def text_with_code(value: str) -> Md:
    """Our own remarks quote formulas and ids between backticks: those stay code, all else is text."""
    parts = re.split(r"`([^`]+)`", value.strip())
    return Md("".join(code(part) if n % 2 else _between(part, is_first=n == 0) for n, part in enumerate(parts)))


def _between(text: str, *, is_first: bool) -> str:
    escaped = _INLINE.sub(r"\\\g<0>", plain(text))
    return _BLOCK.sub(r"\1\\", escaped) if is_first else escaped


def _footnote_marks(refs: Sequence[Ref]) -> Md:
    return Md("".join(f"[^{ref.number}]" for ref in refs))


def _link(label: str, url: str | None) -> Md:
    """A link for an http address; anything else stays code."""
    address = http_url(url)
    if address is not None:
        return Md(f"[{code(label)}](<{address}>)")
    return Md(f"{code(label)}, {code(url)}" if url else code(label))


def _block(pairs: Sequence[tuple[str, str]]) -> Md:
    """Names and values in a fenced block. No line can close it, because each starts with a name."""
    width = max(len(name) for name, _ in pairs)
    lines = (f"{plain(name):<{width}}  {plain(value)}" for name, value in pairs)
    return Md("\n".join(["```text", *lines, "```"]))


@cache
def _markdown() -> jinja2.Environment:
    # Jinja escapes for HTML only; `finalize` sees every printed value, so it makes escaping the default here as well.
    environment = _environment(_TEMPLATES, autoescape=False, finalize=escape_markdown)
    environment.filters |= {"code": code, "remark": text_with_code, "marks": _footnote_marks, "markdown": Md, "block": _block}
    environment.globals |= {"link": _link}
    return environment


# -- HTML ------------------------------------------------------------------------------------------------------------


def remark_html(value: str) -> Markup:
    """`text_with_code` for HTML."""
    parts = re.split(r"`([^`]+)`", plain(value))
    return Markup("").join(Markup("<code>{}</code>").format(part) if n % 2 else part for n, part in enumerate(parts))


@cache
def _html() -> jinja2.Environment:
    environment = html_environment(_TEMPLATES)
    environment.filters |= {"remark": remark_html, "http_url": http_url}
    return environment


def html_environment(templates: Path) -> jinja2.Environment:
    """For pages from a folder of templates: all that is printed is escaped, and made one line without control characters."""
    return _environment(templates, autoescape=True, finalize=_plain_unless_markup)


def _plain_unless_markup(value: object) -> object:
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _environment(templates: Path, *, autoescape: bool, finalize: Callable[[object], object]) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        undefined=jinja2.StrictUndefined,
        autoescape=autoescape,  # noqa: S701 - `finalize` escapes where this is off
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"words": words}
    return environment
