"""What a release seems to say and no fact was made of: so that a reader of the sheet looks there instead of taking it for unsaid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.facts.essentials import ESSENTIAL
from pipeline.facts.vocabulary import vocabulary
from pipeline.intake.release.naming import names_of
from pipeline.intake.release.numbers import row_of
from pipeline.intake.release.pages import Line

_MORE = ("adjusted_eps", "adjusted_net_income", "adjusted_operating_income", "organic_growth", "same_store_sales", "gmv")
_LOOKED_FOR = {metric for _, group in ESSENTIAL for metric in group if vocabulary()[metric].kind != "ratio"} | {*_MORE}
"""Headline figures; margins follow from others."""


def left_out(lines: Sequence[Line], taken: frozenset[str]) -> Iterator[str]:
    """A doubt for each headline metric that is not among the `taken` ones and that some row with figures names, with its first row."""
    told = set(taken)
    for line in lines:
        row = row_of(line.text.strip())
        if row is None or not any(figure.value is not None for figure in row.figures):
            continue
        for metric in names_of(row.label):
            if metric in _LOOKED_FOR and metric not in told:
                told.add(metric)
                shown = " ".join(line.text.split())[:100]
                yield f"no {metric} was taken, as its row was not certain: look at '{shown}' ({line.place}), and add it by hand"
