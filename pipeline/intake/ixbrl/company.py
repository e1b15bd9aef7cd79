"""Whose filing it is: name, trading symbol, exchange, and the currency of its figures."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from pipeline.facts.quantity import UnitClass
from pipeline.facts.sheet import TICKER_PATTERN, Company
from pipeline.facts.vocabulary import vocabulary
from pipeline.intake.document import Document
from pipeline.intake.ixbrl.report import Item, Report

MAIN_FLOWS = ("revenue", "net_income", "operating_cash_flow")
_STATEMENTS = (*MAIN_FLOWS, "total_assets", "total_equity", "operating_income", "cash")
_CURRENCY = re.compile(r"[A-Z]{3}")
_TICKER = re.compile(TICKER_PATTERN)
_EQUITY = re.compile(r"common|ordinary|class [abc]\b|shares|depositary", re.IGNORECASE)
_DEBT = re.compile(r"\bnotes?\b|\bbonds?\b|debenture|preferred|warrant|\bunits?\b|rights", re.IGNORECASE)
_EXCHANGES = (("nasdaq", "NASDAQ"), ("new york stock exchange", "NYSE"), ("nyse", "NYSE"), ("cboe", "Cboe"))


def company_of(document: Document, report: Report, ticker: str | None, sector: str | None) -> tuple[Company, list[str]]:
    """The company that filed, and what is doubtful. Raises InputError for another company's document, and for mixed currencies."""
    currency, doubts = _currency(document, report.items)
    symbols = _symbols(report)
    name = next((text.value for text in report.said("dei:EntityRegistrantName")), "")
    if ticker and symbols and ticker.replace(".", "-") not in {one.replace(".", "-") for one in symbols}:
        whose = f"{name or 'a company'}, which trades as {', '.join(symbols)}"
        raise document.refused(
            f"is a filing of {whose}: expected {ticker}; give the other document, or leave --ticker out", field="--ticker"
        )
    if ticker is None and not symbols:
        raise document.refused("does not say under which symbol the company trades: give it with --ticker", field="--ticker")
    if ticker is None and len(symbols) > 1:
        doubts.append(f"the company trades as {', '.join(symbols)}: {next(iter(symbols))} is taken; another may be given with --ticker")
    taken = ticker or next(iter(symbols))
    if not name:
        doubts.append(f"the document does not name the company: {taken} stands for its name")
    elif not symbols:
        doubts.append(f"the document names {name} and no trading symbol: {taken} was given")
    return Company(name=name or taken, ticker=taken, exchange=symbols.get(taken), sector=sector or "all", currency=currency), doubts


def _symbols(report: Report) -> dict[str, str | None]:
    """Symbols of the company's shares with their exchange; those of notes and bonds only where there are no others."""
    titles = {text.context: text.value for text in report.said("dei:Security12bTitle")}
    exchanges = {text.context: text.value.lower() for text in report.said("dei:SecurityExchangeName")}
    found = [(text, text.value.upper()) for text in report.said("dei:TradingSymbol") if _TICKER.fullmatch(text.value.upper())]
    found = [(text, symbol) for text, symbol in found if symbol not in ("NONE", "NA")]

    def is_share(title: str | None) -> bool:
        return title is None or bool(_EQUITY.search(title) and not _DEBT.search(title))

    shares = [(text, symbol) for text, symbol in found if is_share(titles.get(text.context))] or found
    return {symbol: next((name for part, name in _EXCHANGES if part in exchanges.get(text.context, "")), None) for text, symbol in shares}


def _currency(document: Document, items: Iterable[Item]) -> tuple[str, list[str]]:
    """The currency of the statements. Figures in another are a translation or a detail, and are left out.

    Raises InputError where one statement figure is in one currency and another in a second one.
    """
    concepts = {
        concept: name for name in _STATEMENTS if vocabulary()[name].unit is UnitClass.MONEY for concept in vocabulary()[name].concepts
    }
    given: dict[tuple[object, ...], set[str]] = defaultdict(set)
    counts: Counter[str] = Counter()
    for item in items:
        if item.concept in concepts and item.context.is_whole and _CURRENCY.fullmatch(item.unit):
            given[item.concept, item.context.start, item.context.end].add(item.unit)
            counts[item.unit] += 1
    if not counts:
        raise document.refused("has no revenue, profit, assets or cash in money: expected a filing with its statements")
    main = counts.most_common(1)[0][0]
    strays = sorted({unit for units in given.values() if main not in units for unit in units})
    if strays:
        message = f"mixes currencies: some lines of its statements are in {main} and others in {', '.join(strays)}; expected one"
        raise document.refused(message)
    others = sorted(set(counts) - {main})
    return main, [f"figures in {', '.join(others)} repeat those in {main}, and are left out"] if others else []
