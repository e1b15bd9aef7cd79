"""Fact sheets from filings in XBRL: inline documents (.htm) and instances (.xml), of one company and one fiscal period.

Read with lxml, by the rules of Inline XBRL 1.1. Arelle (183 MB, 7 s a document) gave no figure of an instance whose taxonomies it could
not fetch; the XBRL parser of edgartools (444 MB, 24 s to import) read an instance in floats and no figure by its tag in an inline document.
Tried without their taxonomies, on two busy cores.

A figure's period is what its context's days say. What a document calls its fiscal year and quarter names periods, and no more.
Quarters are as filed: nothing is differenced, so cash flows of a 10-Q are the year to date.
"""

from __future__ import annotations

from pipeline.facts.sheet import FactSheet, Source, day_words
from pipeline.intake.document import Document
from pipeline.intake.ingested import Ingested
from pipeline.intake.ixbrl.calendar import calendar_of, chosen, form_of
from pipeline.intake.ixbrl.company import company_of
from pipeline.intake.ixbrl.facts import SOURCE, Facts, Terms, flow_contexts, periods_of
from pipeline.intake.ixbrl.holds import what_does_not_hold
from pipeline.intake.ixbrl.report import read

__all__ = ["ingest"]


def ingest(document: Document, *, ticker: str | None = None, sector: str | None = None, period: str | None = None) -> Ingested:
    """The sheet of a filing's own quarter or year, or of another `period` that it holds (2025q2, 2025fy, or its last day).

    Raises InputError for a document that cannot be read, is another company's, has no such period, or mixes currencies.
    """
    report = read(document)
    company, doubts = company_of(document, report, ticker, sector)
    contexts = flow_contexts(report)
    calendar, own, doubtful = calendar_of(document, report, contexts)
    reported = chosen(document, calendar, own, contexts, period)
    facts = Facts(report, Terms(company.currency, calendar, reported, periods_of(calendar, contexts)))
    if not facts.found:
        raise document.refused(f"has no figure of the vocabulary for {reported.label}: expected a filing with its statements")
    form = form_of(report)
    kind = "inline XBRL" if report.is_inline else "XBRL instance"
    title = f"{f'Form {form}' if form else 'Filing'} for the period ended {day_words(own.end)} ({kind})"
    sheet = FactSheet(
        company=company,
        period=reported.id,
        periods=tuple(facts.periods.values()),
        sources=(Source(id=SOURCE, title=title[:200], kind="filing", publisher=company.name),),
        facts=tuple(facts.found.values()),
    )
    return Ingested(sheet, tuple(facts.choices), (*doubts, *doubtful, *facts.doubts, *what_does_not_hold(sheet, report)))
