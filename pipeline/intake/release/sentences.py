"""Sentences of a release that state a figure which tables often lack. Guidance has a module of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from pipeline.facts.quantity import Scale, UnitClass
from pipeline.facts.sheet import Basis
from pipeline.intake.release.candidates import Candidate
from pipeline.intake.release.columns import Column
from pipeline.intake.release.pages import Line

_SAME_STORE = re.compile(
    r"\b(?:total company|global|consolidated|enterprise|worldwide)\s+(?:comparable|same[- ]store)\s+(?:store\s+)?sales\s+"
    r"(?:(?P<up>increased|grew|rose|were up)|decreased|declined|fell|were down)\s+(?:by\s+)?(?P<value>\d{1,3}(?:\.\d+)?)%",
    re.IGNORECASE,
)
_OTHER_SPAN = re.compile(r"\b(?:years?|annual|months|weeks|fiscal)\b", re.IGNORECASE)


def of_prose(lines: Sequence[Line], reported: Column) -> Iterator[Candidate]:
    """Same-store sales of the whole company in a sentence, where no table has them: `Global comparable sales increased 12.6%`.

    A sentence that speaks of a year or of months is left alone.
    """
    for line in lines:
        for match in _SAME_STORE.finditer(line.text):
            if _OTHER_SPAN.search(line.text):
                continue
            value = Decimal(match["value"]) * (1 if match["up"] else -1)
            quote = " ".join(match.group().split())
            yield Candidate(
                "same_store_sales", None, Basis.KPI, reported, value, UnitClass.PERCENT, Scale.ONE, 2, False, quote, line.place, "text"
            )
