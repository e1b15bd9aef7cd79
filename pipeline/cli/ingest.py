"""`afterprint ingest`: a fact sheet from a filing, a release or a spreadsheet."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.output import say, say_json, tell

if TYPE_CHECKING:
    from pipeline.intake.document import Document
    from pipeline.intake.ingested import Ingested

app = typer.Typer(help="Make a fact sheet from what a company filed or released, or from a spreadsheet.", no_args_is_help=True)


def _ticker(written: str | None) -> str | None:
    """A ticker as companies are traded under it, whatever its case."""
    from pipeline.errors import UsageError
    from pipeline.facts.sheet import TICKER_PATTERN
    from pipeline.schemas import shown

    symbol = written.strip().upper() if written is not None else None
    if symbol is not None and not re.search(TICKER_PATTERN, symbol):
        raise UsageError(f"--ticker: found {shown(symbol)}: expected a ticker as traded, such as KC or BRK-B")
    return symbol


def _sector(written: str | None) -> str | None:
    """A sector that mechanisms know: with another, the note would do without most of them."""
    from pipeline.errors import UsageError
    from pipeline.mechanisms.library import SECTORS
    from pipeline.schemas import shown

    if written is not None and written not in SECTORS:
        raise UsageError(f"--sector: found {shown(written)}: expected one of {', '.join(SECTORS)}")
    return written


Source = Annotated[Path, typer.Argument(help="The document; gzipped as well.", show_default=False)]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", help="The sheet to write. Default: TICKER-PERIOD.facts.json here.", show_default=False)
]
Ticker = Annotated[str | None, typer.Option(callback=_ticker, help="As traded. Default: what the document says.", show_default=False)]
Sector = Annotated[str | None, typer.Option(callback=_sector, help="Whose mechanisms apply, such as banks.", show_default=False)]
Wanted = Annotated[
    str | None,
    typer.Option("--period", help="2025q2 or 2025fy, by fiscal year, or the day it ends. Default: the latest.", show_default=False),
]
Consensus = Annotated[
    Path | None, typer.Option(help="Analyst estimates of before the print, as JSON or CSV, to go into the sheet.", show_default=False)
]
Explain = Annotated[bool, typer.Option("--explain", help="Say why each value was chosen over its rivals.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


@app.command("companyfacts")
def companyfacts(
    source: Source,
    output: Output = None,
    ticker: Ticker = None,
    sector: Sector = None,
    period: Wanted = None,
    back: Annotated[int, typer.Option(help="Past periods to keep for trends, the prior quarter and year besides.", min=0, max=40)] = 6,
    consensus: Consensus = None,
    explain: Explain = False,
    as_json: AsJson = False,
) -> None:
    """A quarter or year from a company's SEC companyfacts file (data.sec.gov/api/xbrl/companyfacts)."""
    from pipeline.intake import companyfacts
    from pipeline.intake.document import read_document

    found = companyfacts.ingest(read_document(source), ticker=ticker, sector=sector, period=period, back=back)
    _finish(found, source, output, consensus, explain=explain, as_json=as_json)


@app.command("ixbrl")
def ixbrl(
    source: Source,
    output: Output = None,
    ticker: Ticker = None,
    sector: Sector = None,
    period: Wanted = None,
    consensus: Consensus = None,
    explain: Explain = False,
    as_json: AsJson = False,
) -> None:
    """A quarter or year from a filing: inline XBRL (.htm) or an XBRL instance (.xml). Segments are kept."""
    from pipeline.intake import ixbrl
    from pipeline.intake.document import read_document

    found = ixbrl.ingest(read_document(source), ticker=ticker, sector=sector, period=period)
    _finish(found, source, output, consensus, explain=explain, as_json=as_json)


@app.command("press-release")
def press_release(
    source: Source,
    output: Output = None,
    ticker: Ticker = None,
    sector: Sector = None,
    period: Wanted = None,
    consensus: Consensus = None,
    propose: Annotated[
        bool, typer.Option("--propose", help="Ask the configured model for more; only what the release's own words state is taken.")
    ] = False,
    explain: Explain = False,
    as_json: AsJson = False,
) -> None:
    """The reported period from an earnings release (EX-99.1): HTML, text or PDF. Tables, guidance, and what management said."""
    from pipeline.intake import release
    from pipeline.intake.document import read_document

    document = read_document(source)
    found = release.ingest(document, ticker=ticker, sector=sector, period=period)
    if propose:
        found = _with_proposals(found, document)
    _finish(found, source, output, consensus, explain=explain, as_json=as_json)


@app.command("csv")
def csv(
    source: Source,
    output: Output = None,
    consensus: Consensus = None,
    explain: Explain = False,
    as_json: AsJson = False,
) -> None:
    """A spreadsheet export: one figure a line, or one metric a line with a column for each period."""
    from pipeline.intake import spreadsheet
    from pipeline.intake.document import read_document

    found = spreadsheet.ingest(read_document(source))
    _finish(found, source, output, consensus, explain=explain, as_json=as_json)


def _with_proposals(found: Ingested, document: Document) -> Ingested:
    """The sheet with what a model found besides and the document bears out."""
    import asyncio

    from pipeline.config import load_settings
    from pipeline.drafters.choose import endpoint_of, schema_note
    from pipeline.errors import UsageError
    from pipeline.intake.release.pages import lines_of
    from pipeline.llm.client import ChatClient
    from pipeline.notes.words import counted
    from pipeline.proposing.asking import MOST_PIECES, pieces_of, propose
    from pipeline.proposing.judging import Text

    settings = load_settings()
    if settings.base_url is None and settings.api_key is None:
        raise UsageError(
            "--propose: no model is configured: set AFTERPRINT_BASE_URL, for instance to the address that `afterprint model serve` tells"
        )
    lines = lines_of(document)
    pieces = list(pieces_of(lines))

    async def ask() -> Ingested:
        base_url, key, model = await endpoint_of(settings)
        tell(f"asking {model} about the release, in {counted(min(len(pieces), MOST_PIECES), 'piece')}")
        async with ChatClient(base_url=base_url, api_key=key, model=model, settings=settings, schema_note=schema_note()) as client:
            return await propose(found, pieces, Text(lines), client, model)

    more = asyncio.run(ask())
    taken = len(more.sheet.facts) - len(found.sheet.facts)
    tell(f"{counted(taken, 'proposal')} taken, {len(more.refused)} refused" + (": --explain says why" if more.refused else ""))
    return more


def _finish(found: Ingested, source: Path, output: Path | None, consensus: Path | None, *, explain: bool, as_json: bool) -> None:
    """Add the estimates, write the sheet, and say what it holds and what to look at."""
    from pipeline.errors import UsageError
    from pipeline.intake.writing import sheet_text
    from pipeline.notes.render import write_atomically

    if consensus is not None:
        from pipeline.intake import estimates
        from pipeline.intake.document import read_document

        found = estimates.add(found, read_document(consensus))
    sheet = found.sheet
    path = output or Path(f"{sheet.slug}.facts.json")
    if path.suffix.lower() != ".json":
        raise UsageError(f"--output {path}: a sheet is written as JSON: expected a name that ends in .json")
    if path.exists() and any(given is not None and path.samefile(given) for given in (source, consensus)):
        raise UsageError(f"--output {path}: would overwrite an input: expected another file")
    write_atomically(path, sheet_text(sheet))
    if as_json:
        choices = [{"fact": one.fact, "because": one.because, "rivals": one.rivals} for one in found.choices]
        say_json(
            {
                "sheet": str(path),
                "facts": len(sheet.facts),
                "doubts": found.doubts,
                "choices": choices if explain else [],
                "refused": found.refused,
            }
        )
    elif explain:
        for choice in found.choices:
            say(f"{choice.fact}: {choice.because}" + "".join(f"\n    not {rival}" for rival in choice.rivals))
        for line in found.refused:
            say(f"refused: {line}")
    for doubt in found.doubts:
        tell(f"{path.name}: {doubt}")
    tell(f"{path}: {sheet.company.short_name}, {sheet.reported_period.label}: {len(sheet.facts)} facts")
