"""A checked document on a terminal: its text with every number marked, and under each passage what its numbers rest on."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipeline.grounding.findings import CheckReport, NumberFound, PassageRead, Piece

# Each is told apart without colours as well, and the lines below the text say it in words.
_STYLES = {"grounded": "green underline", "structural": "dim", "contradicted": "bold red reverse", "unsupported": "bold yellow underline"}
# A text from outside must not steer the terminal: control and direction-changing characters become visible.
_CONTROLS = dict.fromkeys((*range(32), *range(127, 160), 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)), "\ufffd")
_CONTROLS |= {ord("\n"): "\n", ord("\t"): " "}


def show(report: CheckReport) -> None:
    """Print the document, passage by passage."""
    console = Console(highlight=False, markup=False, emoji=False)
    console.print(_head(report))
    width = max((len(_gutter(passage)) for passage, _ in report.annotated()), default=0)
    place = ""
    for passage, pieces in report.annotated():
        if passage.place and passage.place != place:
            console.print(Text(_shown(passage.place), "dim"))
        place = passage.place
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=width, justify="right", style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(_gutter(passage), _marked(pieces))
        for line in _figures(pieces):
            grid.add_row("", Padding(line, (0, 0, 0, 2)))
        console.print(grid)
        console.print()


def _head(report: CheckReport) -> Text:
    text = Text(f"{_shown(report.note)} against {_shown(report.company)}, {_shown(report.period)}: ")
    for n, (name, style) in enumerate(_STYLES.items()):
        text.append(", " if n else "").append(name, style)
    return text.append("\n")


def _gutter(passage: PassageRead) -> str:
    return str(passage.line or "")


def _marked(pieces: tuple[Piece, ...]) -> Text:
    text = Text()
    for piece, number in pieces:
        text.append(_shown(piece), _STYLES[number.decision] if number else "")
    return text


def _figures(pieces: tuple[Piece, ...]) -> Iterator[Text]:
    """What each number rests on, or what is wrong with it; numbers that are only structure need nothing."""
    for piece, number in pieces:
        if number is None or number.decision == "structural":
            continue
        text = Text.assemble((_shown(" ".join(piece.split())), _STYLES[number.decision]))
        if number.is_problem:
            yield text.append(f" {number.decision}: {_shown(' '.join(number.message.split()))}", "bold")
        else:
            yield text.append(f" {_shown(_basis(number))}", "dim")
            # One line is enough where nothing is wrong.
            text.no_wrap, text.overflow = True, "ellipsis"


def _basis(number: NumberFound) -> str:
    fact = f"{number.fact} = {number.value}, {number.period}" if number.fact else ""
    formula = number.formula or ""
    rule = number.rule if number.fact or not formula else "computed"
    return " | ".join(filter(None, (fact, "; ".join(number.sources), formula, rule)))


def _shown(text: str) -> str:
    return text.translate(_CONTROLS)
