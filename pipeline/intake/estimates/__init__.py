"""Analysts' estimates into a sheet, as consensus: from our own shape, and from the shapes of the providers' exports.

**Our own shape** is a table or JSON. A table has a line for each estimate, below a line that names the columns:

    ticker,metric,period,period_end,mean,low,high,analysts,currency,basis,as_of,source
    EXNT,revenue,Q1 2026,2026-03-31,1.95 billion,1.9 billion,2.0 billion,21,USD,unstated,2026-04-20,Example Data
    EXNT,eps,Q1 2026,2026-03-31,0.19,0.15,0.24,19,USD,adjusted,2026-04-20,Example Data

`metric`, `mean`, and `period` or `period_end` are needed. A metric is named as in the metric vocabulary. `period` is the company's fiscal
one; `kind` (quarter or annual) is needed where only the end is given. Money is in whole units unless the figure or the column `scale`
says million or another. `basis` is gaap, ifrs, adjusted or unstated. `as_of` is the day on which the estimates were taken. `actual`
and `surprise`, a provider's own, are checked against each other. What goes for all lines (ticker, source, as_of, currency, basis,
scale, and `decimal` where commas stand before decimals) may stand before the table instead, a name and a value on each line. The file
may hold other companies as well.

As JSON, the same names: {"ticker": "EXNT", "as_of": "2026-04-20", "estimates": [{"metric": "revenue", "period": "Q1 2026", ...}]}.

**Exports** that are read besides: tables of terminals with columns such as Mean, High, Low, # of Est, Period, Currency; and the JSON of
Yahoo Finance, Financial Modeling Prep, Finnhub and Alpha Vantage (`providers`).

What is an estimate of the reported period or of a later one goes into the sheet, with what the file says of it. Left out, with a doubt
that says so, are: estimates of after the release, estimates in another currency, and whatever cannot be told apart from another
thing. The basis of EPS is told by the provider's own actuals (`basis`): where it is not the sheet's reported EPS, the estimate is
consensus of adjusted EPS, and no surprise is computed against the reported one.
"""

from __future__ import annotations

from pydantic import ValidationError

from pipeline.facts import checks
from pipeline.facts.parsing import parse, unfit_values
from pipeline.facts.positions import UnreadableError
from pipeline.facts.sheet import FactSheet
from pipeline.intake.document import Document
from pipeline.intake.estimates.consensus import Consensus
from pipeline.intake.estimates.models import Estimates
from pipeline.intake.estimates.own import from_json, from_table, is_own, same_company
from pipeline.intake.estimates.providers import PROVIDERS
from pipeline.intake.estimates.values import Place
from pipeline.intake.ingested import Ingested
from pipeline.schemas import dotted, printable, shown

MAX_BYTES = 20_000_000
_SHAPES = (
    "expected our own shape ({'estimates': [{'metric': ...}]}), or an answer of Yahoo Finance quoteSummary, Financial Modeling Prep, "
    "Finnhub or Alpha Vantage"
)
_MESSAGES = ("Information", "Note", "Error Message", "error", "message")
"""Where providers say in JSON that they give nothing: a wrong key, too many requests."""


def add(found: Ingested, document: Document) -> Ingested:
    """The sheet with the file's estimates as consensus, and with doubts about what was left out.

    Raises InputError for what is no such file, for another company's, and for one without the reported period or a later one.
    """
    sheet = found.sheet
    estimates = read(document, sheet.company.ticker)
    if estimates.symbol is not None and not same_company(estimates.symbol, sheet.company.ticker):
        raise document.refused(
            f"holds estimates for {printable(estimates.symbol)[:20]}: expected {sheet.company.ticker}, the sheet's company"
        )
    if not estimates.found:
        raise document.refused("holds no estimates: expected a mean for at least one metric and period")
    consensus = Consensus(sheet, estimates, document.name)
    consensus.collect()
    if not consensus.has_matched:
        has = ", ".join(list(dict.fromkeys(one.period for one in estimates.found))[:12])
        wanted = f"{sheet.reported_period.label} (to {sheet.reported_period.end}) or a later period"
        raise document.refused(f"has no estimates for {wanted}: it has {has}")
    return Ingested(_checked(consensus, document), (*found.choices, *consensus.choices), (*found.doubts, *consensus.doubts))


def read(document: Document, ticker: str) -> Estimates:
    """All estimates in a file, for the company with this ticker where it holds many. Raises InputError with the place of what is wrong."""
    if len(document.content) > MAX_BYTES:
        raise document.refused(f"has {len(document.content):,} bytes: expected at most {MAX_BYTES:,} of estimates")
    text = document.text()
    if text.lstrip()[:1] not in ("{", "["):
        return from_table(document, ticker)
    try:
        data = parse(text, "json")
        if findings := list(unfit_values(data)):
            raise UnreadableError(*findings)
    except UnreadableError as error:
        finding = error.findings[0]
        raise document.refused(finding.message, line=finding.line, field=dotted(finding.keys)) from None
    top = Place(document, data)
    if is_own(top):
        return from_json(top, ticker)
    for is_it, read_it in PROVIDERS:
        if is_it(top):
            return read_it(top)
    if isinstance(data, dict):
        for name in _MESSAGES:
            if isinstance(data.get(name), str):
                raise document.refused(f"is a provider's message, not estimates: {shown(data[name])}", field=name)
    raise document.refused(f"holds estimates in no shape that we know: {_SHAPES}")


def _checked(consensus: Consensus, document: Document) -> FactSheet:
    """The sheet with what was collected, held to all that a sheet must hold to."""
    sheet = consensus.sheet
    try:
        whole = FactSheet(
            company=sheet.company,
            period=sheet.period,
            decimal_mark=sheet.decimal_mark,
            released=sheet.released,
            periods=(*sheet.periods, *consensus.periods),
            sources=(*sheet.sources, *consensus.sources),
            facts=(*sheet.facts, *consensus.facts),
            statements=sheet.statements,
        )
    except ValidationError as error:
        raise document.refused(error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")) from None
    facts = enumerate(whole.facts[len(sheet.facts) :])
    for finding in checks.of_facts(facts, whole.periods_by_id, whole.reported_period, sheet.company.currency):
        fact = consensus.facts[int(finding.keys[1])]
        raise document.refused(f"{fact.id}: {finding.message}", field=fact.locator or "")
    return whole
