"""Do the readers of `ingest` agree? The same quarter from companyfacts, from inline XBRL, from the release, and transcribed by hand.

    python -m evals.bench.agreement --documents FOLDER [--write]

Every document that `agreement.yaml` lists is read, and so is every sheet of `evals/cases` that was transcribed by hand. Two sources of one
company overlap where both have a value for the same metric, segment, basis and period, whatever else they report; two values agree where
both may be one, each rounded as it was reported. A value that stands in a source several times (as reported, as a base, in sheets of
several periods) counts once, as first read. Every disagreement must be explained in `agreement.yaml`, by hand; one that is not makes the
script fail.

Prints the shares for each pair of kinds, the disagreements with their reasons, and the time of each reader (the median of three; process
time of this machine). Exit codes: 0; 1 where a disagreement is not explained; 2 where a document is missing.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field

from evals.bench.outside import RESULTS, keep
from evals.cases import Case, cases
from pipeline.errors import AfterprintError, InputError, Problem
from pipeline.facts.factbase import FactBase
from pipeline.facts.figures import Figure, slug, written
from pipeline.facts.sheet import FactSheet, Role, Strict
from pipeline.intake import companyfacts, ixbrl, release
from pipeline.intake.document import read_document

HAND = "by hand"
LISTED = Path(__file__).with_name("agreement.yaml")
RESULT = RESULTS / "agreement.json"

Key = tuple[str, str | None, str, str, str]
"""Metric, segment, basis, kind and last day of the period."""


class Listed(Strict):
    """A document: `periods` are those to read of a file that has many."""

    kind: Literal["companyfacts", "ixbrl", "release"]
    file: str
    ticker: str
    periods: Annotated[tuple[str, ...], Field(min_length=1)] | None = None


class Explained(Strict):
    """Why two values of one thing differ, `figure` being metric, segment if any, and the last day of the period."""

    ticker: str
    figure: str
    why: str


class Listing(Strict):
    """What stands in agreement.yaml."""

    documents: tuple[Listed, ...]
    explained: tuple[Explained, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """One document, or one sheet made by hand: its values, those of all sheets that were made of it."""

    kind: str
    name: str
    ticker: str
    values: Mapping[Key, Figure]


@dataclass(frozen=True, slots=True)
class Pair:
    """One value in two sources."""

    key: Key
    one: Source
    other: Source

    @property
    def agree(self) -> bool:
        a, b = self.one.values[self.key].quantity.interval, self.other.values[self.key].quantity.interval
        return max(a.low, b.low) <= min(a.high, b.high)

    @property
    def kinds(self) -> tuple[str, str]:
        return self.one.kind, self.other.kind

    @property
    def figure(self) -> str:
        metric, segment, _, _, end = self.key
        return " ".join(filter(None, (metric, segment, end)))


def values_of(sheet: FactSheet) -> dict[Key, Figure]:
    """The reported values of a sheet, changes and expectations aside."""
    found: dict[Key, Figure] = {}
    for figure in FactBase.of(sheet):
        fact = figure.fact
        if fact is None or fact.value is None or fact.change is not None or fact.bound is not None:
            continue
        if figure.role in (Role.ACTUAL, Role.PRIOR_YEAR, Role.PRIOR_QUARTER, Role.HISTORY):
            period = figure.period
            key = (
                figure.metric.id,
                slug(figure.segment) if figure.segment else None,
                figure.basis.value,
                period.kind.value,
                str(period.end),
            )
            found.setdefault(key, figure)
    return found


def sources(listing: Listing, documents: Path) -> tuple[list[Source], dict[str, float]]:
    """Every sheet that can be made, and the seconds that each kind of document takes to read, the slowest of its kind."""
    found = [_by_hand(case) for case in cases() if case.built is None]
    slowest: dict[str, float] = {}
    for listed in listing.documents:
        values: dict[Key, Figure] = {}
        for period in listed.periods or (None,):
            taken = []
            for _ in range(3):
                begun = time.process_time()
                sheet = _read(listed, period, documents)
                taken.append(time.process_time() - begun)
            slowest[listed.kind] = max(slowest.get(listed.kind, 0.0), statistics.median(taken))
            values = values_of(sheet) | values
        found.append(Source(listed.kind, listed.file, listed.ticker, values))
    return found, slowest


def _by_hand(case: Case) -> Source:
    sheet = case.sheet()
    return Source(HAND, case.name, sheet.company.ticker, values_of(sheet))


def _read(listed: Listed, period: str | None, documents: Path) -> FactSheet:
    document = read_document(documents / listed.file)
    match listed.kind:
        case "companyfacts":
            return companyfacts.ingest(document, ticker=listed.ticker, sector=None, period=period, back=6).sheet
        case "ixbrl":
            return ixbrl.ingest(document, ticker=listed.ticker, sector=None, period=period).sheet
        case "release":
            return release.ingest(document, ticker=listed.ticker, sector=None, period=period).sheet


def pairs(found: Sequence[Source]) -> Iterator[Pair]:
    """Every value that two sources of one company have."""
    for one, other in itertools.combinations(found, 2):
        if one.ticker == other.ticker:
            for key in one.values:
                if key in other.values:
                    yield Pair(key, one, other)


def measure(found: Sequence[Source], listing: Listing) -> dict[str, Any]:
    """Counts and disagreements, ready for JSON."""
    why = {(explained.ticker, explained.figure): explained.why for explained in listing.explained}
    all_pairs = list(pairs(found))
    shown = [
        {
            "ticker": pair.one.ticker,
            "figure": pair.figure,
            pair.one.name: written(pair.one.values[pair.key]),
            pair.other.name: written(pair.other.values[pair.key]),
            "why": why.get((pair.one.ticker, pair.figure)),
        }
        for pair in all_pairs
        if not pair.agree
    ]
    total, agreeing = Counter(pair.kinds for pair in all_pairs), Counter(pair.kinds for pair in all_pairs if pair.agree)
    return {
        "pairs": {" and ".join(kinds): {"ok": agreeing[kinds], "n": n} for kinds, n in sorted(total.items())},
        "all": {"ok": agreeing.total(), "n": total.total()},
        "disagreements": shown,
    }


def read_listing(path: Path = LISTED) -> Listing:
    return Listing.model_validate(yaml.safe_load(path.read_text("utf-8")))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m evals.bench.agreement", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--documents", type=Path, required=True, help="the folder that the documents stand in")
    parser.add_argument("--write", action="store_true", help="keep the figures")
    given = parser.parse_args(arguments)
    listing = read_listing()
    try:
        if lost := [listed.file for listed in listing.documents if not (given.documents / listed.file).is_file()]:
            raise InputError(*(Problem("no such document", file=str(given.documents / file)) for file in lost))
        found, slowest = sources(listing, given.documents)
    except AfterprintError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    figures = measure(found, listing)
    for kinds, share in {**figures["pairs"], "all": figures["all"]}.items():
        sys.stdout.write(f"{kinds:<34} {share['ok']:>5} of {share['n']:>5}  {100 * share['ok'] / share['n']:.1f}%\n")
    for one in figures["disagreements"]:
        sys.stdout.write("  " + "; ".join(f"{name}: {value}" for name, value in one.items()) + "\n")
    sys.stdout.write(f"seconds to read the slowest document: {', '.join(f'{kind} {s:.2f}' for kind, s in slowest.items())}\n")
    if given.write:
        keep("agreement", figures | {"seconds": {kind: round(s, 2) for kind, s in slowest.items()}})
    unexplained = [one for one in figures["disagreements"] if one["why"] is None]
    if unexplained:
        sys.stderr.write(f"{len(unexplained)} disagreements without a reason in {LISTED.name}\n")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
