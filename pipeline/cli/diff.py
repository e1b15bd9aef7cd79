"""`afterprint diff`: two notes, claim by claim."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.output import say, tell
from pipeline.errors import InputError, Problem, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.comparing.diff import NoteDiff, TextDiff
    from pipeline.notes.models import Note

_STYLES = {"removed": "red strike", "added": "green underline", "same": ""}
_MARKS = {"removed": ("[-", "-]"), "added": ("{+", "+}"), "same": ("", "")}


def command(
    before: Annotated[Path, typer.Argument(help="A note's JSON: a draft, or an earlier version.", show_default=False)],
    after: Annotated[Path, typer.Argument(help="Another one on the same sheet: a reference, or a later version.", show_default=False)],
    facts: Annotated[Path, typer.Option("--facts", help="The fact sheet that both rest on.", show_default=False)],
    html: Annotated[Path | None, typer.Option("--html", help="Also write a page to this file.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show claims that are the same, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """What differs between two notes: claims that are the same, changed, moved, added or dropped, word by word, numbers called out.

    Claims answer each other by what they tell, not by their words or places.
    """
    from pipeline.comparing.diff import diff
    from pipeline.comparing.reading import Reader
    from pipeline.config import load_settings
    from pipeline.facts.factbase import FactBase
    from pipeline.facts.loading import load_sheet

    if find_spec("scipy") is None:
        raise UsageError("diff needs SciPy: pip install 'afterprint[review]'")
    if html is not None and html.exists() and any(given.exists() and html.samefile(given) for given in (before, after, facts)):
        raise UsageError(f"--html {html}: would overwrite an input: expected another file")
    limit = load_settings().max_input_bytes
    base = FactBase.of(load_sheet(facts, max_bytes=limit))
    one, two = _note(before, limit), _note(after, limit)
    for path, note in ((before, one), (after, two)):
        if note.manifest.sheet_digest != base.digest:
            tell(f"{path}: was drafted from another sheet, {note.ticker} {note.period}: its numbers are held against {facts}")
    found = diff(one, two, Reader(base))
    if html is not None:
        from pipeline.comparing.page import render_page
        from pipeline.notes.render import write_atomically

        write_atomically(html, render_page(found, f"{two.company}, {two.period}", str(before), str(after)))
        tell(f"{html}: written")
    if as_json:
        say(found.model_dump_json(indent=2))
    elif sys.stdout.isatty():
        _show(found, everything)
    else:
        for line in _lines(found, everything):
            say(line)


def _note(path: Path, limit: int) -> Note:
    """Raises InputError for what is no note."""
    from pydantic import ValidationError

    from pipeline.notes.models import Note

    try:
        if path.stat().st_size > limit:
            raise InputError(Problem(f"has more than {limit:,} bytes (AFTERPRINT_MAX_INPUT_BYTES)", file=str(path)))
        return Note.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(Problem(f"cannot be read: {error.strerror}: expected a note's .json", file=str(path))) from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError(Problem(f"is not a note: {first['msg']}: expected the .json of a note", file=str(path), field=place)) from None


def _heads(found: NoteDiff, everything: bool) -> Iterator[tuple[str, list[TextDiff], list[str]]]:
    """What is shown: the line above, the texts, and the lines below them."""
    if everything or not found.headline.is_same:
        yield f"headline: {'same' if found.headline.is_same else 'changed'}", [found.headline], []
    if found.themes is not None:
        yield found.themes.line(), [], []
    for item in found.items:
        if item.kind != "same" or everything:
            where = " -> ".join(place for place in (item.before, item.after) if place)
            moved = ", moved" if item.is_moved and item.kind == "changed" else ""
            yield f"{item.kind}{moved}: {where}", list(item.texts), [field.line() for field in item.fields]


def _counts(found: NoteDiff) -> str:
    from pipeline.comparing.diff import KINDS

    return ", ".join(f"{found.count(kind)} {kind}" for kind in KINDS)


def _lines(found: NoteDiff, everything: bool) -> Iterator[str]:
    """Plain lines: `[-removed-]`, `{+added+}`."""
    from pipeline.notes.render import plain

    for head, texts, below in _heads(found, everything):
        yield plain(head)
        for text in texts:
            marked = "".join(f"{_MARKS[piece.op][0]}{piece.text}{_MARKS[piece.op][1]}" for piece in text.pieces)
            yield f"  {plain(text.view + ': ' if text.view else '')}{plain(marked)}"
            yield from (f"    {plain(number.line())}" for number in text.numbers)
        yield from (f"    {plain(line)}" for line in below)
    yield _counts(found)


def _show(found: NoteDiff, everything: bool) -> None:
    """The same with colours."""
    from rich.console import Console
    from rich.text import Text

    from pipeline.notes.render import plain

    console = Console(highlight=False, markup=False, emoji=False)
    for head, texts, below in _heads(found, everything):
        console.print(Text(plain(head), "bold"))
        for text in texts:
            line = Text(f"  {text.view + ': ' if text.view else ''}", "dim")
            for piece in text.pieces:
                line.append(plain(piece.text) if piece.text.strip() else piece.text, _STYLES[piece.op] or "none")
            console.print(line)
            for number in text.numbers:
                bad = number.decision in ("contradicted", "unsupported")
                console.print(Text(f"    {plain(number.line())}", "bold red" if bad else "dim"))
        for below_line in below:
            console.print(Text(f"    {plain(below_line)}", "yellow"))
    console.print(Text(_counts(found), "bold"))
