"""Which metric a row is: by what the statement is, the row's own words and the section it stands in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from pipeline.facts.quantity import UnitClass
from pipeline.facts.sheet import Basis
from pipeline.facts.vocabulary import vocabulary
from pipeline.intake.release.tables import Kind


@dataclass(frozen=True, slots=True)
class Named:
    """`rank` is lower for the better of two rows of one metric in one table; `flipped`: printed as an outflow, told as an amount."""

    metric: str
    basis: Basis
    rank: int = 0
    flipped: bool = False


def _rules(*pairs: tuple[str, str, int]) -> tuple[tuple[re.Pattern[str], str, int], ...]:
    return tuple((re.compile(rf"(?:{pattern})"), metric, rank) for pattern, metric, rank in pairs)


# Labels are lower case, without footnote marks, "(loss)" and the like. The whole label must fit.
_INCOME = _rules(
    (r"total (?:net )?(?:revenues?|sales)(?:, net)?|total revenues?, net|consolidated (?:net )?(?:revenues?|sales)", "revenue", 0),
    (r"(?:net )?(?:revenues?|sales)|sales to customers|revenues?, net|(?:net )?sales, net of .*|net operating revenues?", "revenue", 1),
    (r"total costs? of (?:net )?(?:revenues?|sales|goods sold|products sold)", "cost_of_revenue", 0),
    ((r"costs? of (?:net )?(?:revenues?|sales|goods sold|products sold)(?:,? ?\(?(?:including|exclusive|excluding).*)?|merchandise costs"
      r"|cost of goods and services sold"),
     "cost_of_revenue", 1),
    (r"gross profit|gross margin|total gross profit", "gross_profit", 0),
    (r"research and development(?: expenses?| costs?)?|product development", "rnd_expense", 0),
    ((r"selling,? general,? (?:and|&) administrative(?: expenses?| costs?)?|marketing, general,? and administrative"
      r"|selling,? (?:marketing|informational),? (?:and|&) administrative(?: expenses?)?"),
     "sga_expense", 0),
    (r"total operating expenses|operating expenses", "operating_expenses", 0),
    (r"restructuring(?: and other)?(?: charges| costs| expenses)?", "restructuring_charges", 0),
    (r"operating (?:income|profit|earnings)|(?:income|profit|earnings) from operations|total operating income", "operating_income", 0),
    (r"interest expense(?:, net of amounts capitalized)?", "interest_expense", 0),
    (r"effective (?:income )?tax rate", "tax_rate", 0),
    (r"net (?:income|earnings) attributable to (?!.*non-?controlling)(?!.*per ).*", "net_income", 0),
    (r"(?:consolidated )?net (?:income|earnings)", "net_income", 1),
    ((r"diluted (?:net )?(?:income|earnings) per (?:common )?share(?: attributable to .*)?"
      r"|(?:net )?(?:income|earnings) per (?:common )?share(?: attributable to .*)? ?-+ ?diluted"
      r"|(?:net )?(?:income|earnings) per diluted (?:common )?share|diluted eps"
      r"|(?:net )?(?:income|earnings) per (?:common )?share \((?:basic/)?diluted\)"),
     "eps_diluted", 0),
    ((r"(?:weighted )?(?:average )?shares (?:outstanding|used).*diluted.*|weighted[- ]average (?:common )?shares outstanding ?-+ ?diluted"
      r"|(?:weighted[- ])?average (?:common )?shares outstanding \((?:basic/)?diluted\)"
      r"|diluted weighted[- ]average (?:common )?shares(?: outstanding)?|weighted[- ]average diluted shares(?: outstanding)?"),
     "diluted_shares", 0),
)  # fmt: skip
_BALANCE = _rules(
    (r"cash and (?:cash|temporary cash) (?:equivalents|investments)", "cash", 0),
    (r"short-term investments", "short_term_investments", 0),
    ((r"(?:accounts |trade )?(?:and notes )?receivables?(?:, net)?(?: of .*)?|accounts and notes receivable, net|trade receivables, net"
      r"|accounts receivable, net.*"),
     "accounts_receivable", 0),
    (r"(?:merchandise )?inventor(?:y|ies)(?:, net)?|total inventories", "inventory", 0),
    (r"total assets", "total_assets", 0),
    (r"accounts payable|trade payables", "accounts_payable", 0),
    (r"(?:unearned|deferred) revenues?", "deferred_revenue", 0),
    (r"total equity", "total_equity", 0),
    (r"total (?:stockholders'?|shareholders'?|shareowners'?) ?(?:equity|investment)(?: )?|equity", "total_equity", 1),
)  # fmt: skip
_CASH_FLOW = _rules(
    (r"(?:total |net )?cash (?:flows? )?(?:\w+ ?[/(]?\w*\)? ?)?(?:provided|used|generated|from|for)?.{0,25}\boperating activities",
     "operating_cash_flow", 0),
    ((r"(?:purchases?|additions?|acquisitions?|payments)(?: of| to| for)? (?:the )?property.*|capital (?:expenditures|spending)"
      r"|purchases? of capital assets"),
     "capex", 0),
    ((r"(?:re)?purchases? of (?:our |the company's )?(?:common |treasury )?(?:stock|shares)(?: and .*)?|share repurchases(?: ?- ?common)?"
      r"|repurchase of (?:common )?(?:stock|shares)|treasury stock purchases"),
     "buybacks", 0),
    (r"(?:cash )?dividends paid(?: to .*)?|payments? (?:of|for) (?:cash )?dividends(?: to .*)?|dividends to shareholders",
     "dividends_paid", 0),
    (r"depreciation and amortization(?: of .*)?|depreciation,? (?:depletion )?and amortization", "depreciation_amortization", 0),
    (r"(?:stock|share)-based compensation(?: expense)?|stock compensation expense", "stock_based_compensation", 0),
)  # fmt: skip
_RULES = {Kind.INCOME: _INCOME, Kind.BALANCE: _BALANCE, Kind.CASH_FLOW: _CASH_FLOW}
_OUTFLOWS = frozenset(("capex", "buybacks", "dividends_paid", "interest_expense"))
_PER_SHARE = re.compile(r"per (?:common |ordinary )?share|\beps\b")
_SHARES = re.compile(r"\bshares\b")
_ADJUSTED = re.compile(r"^(?:non-gaap|adjusted|core|underlying|comparable|normalized)\b")


def plain(label: str) -> str:
    """A label without footnote marks and words in parentheses, lower case, with one kind of dash and apostrophe."""
    text = re.sub(r"[’‘]", "'", label.lower())
    text = re.sub(r"[–—-]+", "-", text)
    text = re.sub(r"\(\s*(?:loss(?:es)?|deficit|used(?: in| for)?|unaudited|\d+|[a-z]|\*+)\s*\)|/\(loss\)|[*†^]|(?<=[a-z])\d$", " ", text)
    return " ".join(text.split()).strip(" :.,")


def named(label: str, section: str, kind: Kind, *, percent: bool) -> Named | None:
    """The metric of a row of a statement, or of a row that says itself to be adjusted; None where it is none that we know."""
    words, above = plain(label), plain(section)
    if kind is Kind.OTHER:
        return _adjusted(words, percent=percent) or _company_defined(words, percent=percent)
    if _ADJUSTED.match(above):
        return _adjusted(f"adjusted {words}", percent=percent)
    basis = Basis.GAAP
    if kind is Kind.INCOME:
        if words == "diluted" and _PER_SHARE.search(above) and "shares used" not in above:
            return Named("eps_diluted", basis)
        if words == "diluted" and _SHARES.search(above):
            return Named("diluted_shares", basis)
        if above.endswith("diluted") and re.fullmatch(r"net (?:income|earnings).*per (?:common )?share", words):
            return Named("eps_diluted", basis)
        if above.endswith("diluted") and re.fullmatch(r"weighted-average (?:common )?shares outstanding", words):
            return Named("diluted_shares", basis)
        if words.startswith("diluted") and words.endswith(("shares", "outstanding")) and _PER_SHARE.search(words) is None:
            return Named("diluted_shares", basis)
    for pattern, metric, rank in _RULES[kind]:
        if pattern.fullmatch(words):
            if percent is not (vocabulary()[metric].unit is UnitClass.PERCENT):
                return None
            if metric == "operating_cash_flow" and "discontinued" in words + above:
                return None
            return Named(metric, basis, rank + 2 * ("continuing" in words), metric in _OUTFLOWS)
    return None


def _adjusted(words: str, *, percent: bool) -> Named | None:
    """A row of a reconciliation or summary: only by the vocabulary's own name of a figure that is adjusted by definition."""
    metric = _names().get(words)
    if metric is None and _ADJUSTED.match(words):
        metric = next((found for variant in _variants(words) if (found := _names().get(variant))), None)
    if metric is None:
        return None
    if metric == "adjusted_gross_margin" and not percent:
        metric = "adjusted_gross_profit"
    entry = vocabulary()[metric]
    if entry.basis != "adjusted" or percent is not (entry.unit is UnitClass.PERCENT):
        return None
    return Named(metric, Basis.ADJUSTED) if entry.kind != "ratio" or percent else None


_WHOLE = re.compile(r"^(?:total company|total|enterprise|consolidated|global)\s+")
_GROWTH = re.compile(r"\s*(?:% change|growth)$")


def _company_defined(words: str, *, percent: bool) -> Named | None:
    """A figure that companies define themselves, by the vocabulary's own name of it. Rank 0 where the row says that it is of the whole
    company; another may be of a segment."""
    bare = _GROWTH.sub("", words)
    metric = next((found for label in (words, bare, _WHOLE.sub("", bare)) if (found := _names().get(label))), None)
    entry = vocabulary()[metric] if metric is not None else None
    if entry is None or entry.basis != "kpi" or percent is not (entry.unit is UnitClass.PERCENT):
        return None
    return Named(entry.id, Basis.KPI, 0 if _WHOLE.match(words) else 1)


def _variants(words: str) -> tuple[str, ...]:
    return (
        re.sub(r"^(?:core|underlying|comparable)", "adjusted", words),
        words.replace("net earnings", "net income"),
        words.replace("diluted earnings per share", "diluted eps"),
        words.replace("earnings per share - diluted", "eps"),
        words.replace("diluted net income per share", "eps"),
        words.replace("earnings per share-diluted", "eps"),
        re.sub(r"(?:earnings|net income) per diluted share", "eps", words),
        re.sub(r"net (?:earnings|income) per share \(diluted\)", "eps", words),
        re.sub(r"earnings per share attributable to .*-diluted", "eps", words),
        words.replace("percentage", "").strip(),
        words.replace("operating income %", "operating margin"),
    )


def names_of(label: str) -> list[str]:
    """The metrics of the vocabulary that a row's label may be the name of, whatever its table."""
    words = plain(label)
    found = [_names().get(variant) for variant in (words, _WHOLE.sub("", _GROWTH.sub("", words)), *_variants(words))]
    return list(dict.fromkeys(metric for metric in found if metric is not None))


@cache
def _names() -> dict[str, str]:
    return {plain(name): metric.id for metric in vocabulary().values() for name in metric.names}
