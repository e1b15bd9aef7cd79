"""Splits, told by filings that restate both a period's figure per share and its number of shares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from pipeline.intake.companyfacts.book import Book, Span
from pipeline.intake.companyfacts.rows import Filing, tags_of

_LEAST = Decimal("1.2")
"""Six for five is the smallest split that is common; corrections of a share count are smaller."""
_AGREE = Decimal("0.1")
_EXACT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Split:
    """`factor` shares for each one before. `before` is the last filing that counts the old ones, `after` the first with the new."""

    factor: Decimal
    before: Filing
    after: Filing

    @property
    def name(self) -> str:
        """10-for-1 split, 1-for-8 reverse split; a factor that is neither is told as it is."""
        for forward, factor in ((True, self.factor), (False, 1 / self.factor)):
            for parts in (1, 2, 4, 5):
                whole = (factor * parts).to_integral_value()
                if factor > 1 and abs(factor * parts / whole - 1) < _EXACT:
                    return f"{whole}-for-{parts} split" if forward else f"{parts}-for-{whole} reverse split"
        return f"change of the share count by a factor of {self.factor:.3f}"


def splits(book: Book, own: Filing) -> list[Split]:
    """The splits that filings up to `own` show, oldest first, each once and between the two filings nearest to it."""
    found: list[Split] = []
    for split in sorted(_shown(book, own), key=lambda split: (split.after.filed, -split.before.filed.toordinal())):
        if not any(_same(split, other) for other in found):
            found.append(split)
    return found


def _same(one: Split, other: Split) -> bool:
    overlap = max(one.before.filed, other.before.filed) < min(one.after.filed, other.after.filed)
    return overlap and abs(one.factor / other.factor - 1) < _AGREE


def _shown(book: Book, own: Filing) -> Iterator[Split]:
    for tag in tags_of("eps_diluted"):
        for span in book.revised.get(tag, ()):
            for older, newer in pairwise(value for value in book.by_span[span] if value.filing.filed <= own.filed):
                if older.amount == newer.amount or older.amount * newer.amount <= 0:
                    continue
                counted = max(_shares(book, span, older.filing, newer.filing), default=None)
                per_share = older.amount / newer.amount
                if counted and max(counted, 1 / counted) >= _LEAST and abs(per_share / counted - 1) < _AGREE:
                    yield Split(counted, older.filing, newer.filing)


def _shares(book: Book, span: Span, older: Filing, newer: Filing) -> Iterator[Decimal]:
    """By what the number of shares of a period grew from one filing to the other."""
    for tag in tags_of("diluted_shares"):
        one, two = book.known((tag, *span[1:]), older), book.known((tag, *span[1:]), newer)
        if one and two and one.amount > 0 and two.amount > 0:
            yield two.amount / one.amount
