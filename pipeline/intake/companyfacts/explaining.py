"""Why a figure was chosen, and over which others, in a few words each."""

from __future__ import annotations

from pipeline.facts.vocabulary import Metric
from pipeline.intake.companyfacts.book import LARGEST, Book, Value
from pipeline.intake.companyfacts.calendar import FiscalPeriod
from pipeline.intake.companyfacts.rows import Filing


def because(metric: Metric, value: Value, own: Filing) -> str:
    """The rule by which a value was chosen."""
    rule = "the largest figure of" if metric.id in LARGEST else "the first with a figure of"
    order = "" if len(metric.concepts) == 1 else f", {rule} {metric.id}'s elements"
    vintage = "the period's own report" if value.filing == own else "the latest that was filed by the day of the report"
    how = "the year to date less the part before it, as no filing gives the quarter alone" if value.is_differenced else "filed as it stands"
    return f"{value.tag}{order}; {value.filing}, {vintage}; {how}"


def rivals(book: Book, metric: Metric, value: Value, period: FiscalPeriod, own: Filing) -> tuple[str, ...]:
    """Other elements' figures for the period, and other vintages of the same, each with its reason."""
    found = []
    for tag in metric.concepts:
        if tag != value.tag and (other := book.value(metric, period, own, [tag])) is not None:
            same = "another figure" if other.differs(value) else "the same figure"
            found.append(f"{other}: {same}, under another element")
    for vintage in book.vintages(metric, period, value.tag):
        if vintage.differs(value) and not value.is_differenced:
            when = "before" if vintage.filing.filed < value.filing.filed else "after"
            found.append(f"{vintage}: another vintage, filed {when} the one that is used")
    return tuple(found)
