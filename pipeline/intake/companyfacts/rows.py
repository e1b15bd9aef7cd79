"""A companyfacts document taken apart strictly: who files, and each figure of a metric that we know, with its dates and its filing.

`fy` and `fp` in a document label the filing that gave a figure, not the figure, and are never read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from pipeline.errors import InputError, Problem
from pipeline.facts.parsing import parse
from pipeline.facts.positions import UnreadableError
from pipeline.facts.sheet import Source, day_words
from pipeline.facts.vocabulary import vocabulary
from pipeline.intake.document import Document
from pipeline.schemas import printable, shown

METRICS = (
    "revenue", "cost_of_revenue", "gross_profit", "operating_expenses", "rnd_expense", "sga_expense", "operating_income", "net_income",
    "eps_diluted", "diluted_shares", "interest_expense", "stock_based_compensation", "depreciation_amortization", "operating_cash_flow",
    "capex", "buybacks", "dividends_paid", "cash", "short_term_investments", "total_assets", "total_equity", "inventory",
    "accounts_receivable", "accounts_payable", "deferred_revenue", "rpo",
    "restructuring_charges", "tax_rate", "total_debt", "cash_and_investments", "dividend_per_share", "premiums_earned", "deposits",
    "loans", "net_interest_income", "provision_for_credit_losses",
)  # fmt: skip
"""What is looked for. Left out: what companies tag with several meanings (authorizations to buy back, headcount, net debt)."""
PERIODIC = ("10-Q", "10-K", "10-QT", "10-KT", "20-F", "40-F", "6-K")
"""Forms in which a company reports a period."""
FORMS = (*PERIODIC, *(f"{form}/A" for form in PERIODIC), "8-K")
"""Forms that are read; proxy statements and prospectuses quote their own selection."""

_ACCESSION = re.compile(r"[0-9]{10}-[0-9]{2}-[0-9]{6}")
_UNIT = re.compile(r"[A-Z]{3}|[A-Z]{3}/shares|shares|pure")
_MOST = Decimal(10) ** 18
_KIND = 'a companyfacts document, an object with "entityName" and "facts" as data.sec.gov/api/xbrl/companyfacts gives it'


@dataclass(frozen=True, slots=True)
class Filing:
    """A document by its accession number, with the day on which it was filed."""

    accession: str
    form: str
    filed: date

    @property
    def id(self) -> str:
        return f"filing_{self.accession.replace('-', '')}"

    def __str__(self) -> str:
        return f"Form {self.form} filed on {self.filed}"

    def source(self, publisher: str) -> Source:
        """The filing as a sheet names it."""
        title = f"Form {self.form} filed on {day_words(self.filed)} (accession {self.accession}), read through SEC XBRL company facts"
        return Source(id=self.id, title=title, kind="filing", publisher=publisher, published=self.filed)


@dataclass(frozen=True, slots=True)
class Row:
    """A figure in whole units as one filing gave it. `start` is None for a balance."""

    tag: str
    unit: str
    start: date | None
    end: date
    amount: Decimal
    filing: Filing


@dataclass(frozen=True, slots=True)
class CompanyFacts:
    """Who files, and the figures of `METRICS` in the document's order."""

    name: str
    rows: tuple[Row, ...]


def tags_of(*metrics: str) -> list[str]:
    """The XBRL elements of metrics, in order of preference."""
    return [tag for metric in metrics for tag in vocabulary()[metric].concepts]


def read(document: Document) -> CompanyFacts:
    """The document's figures. Raises InputError for what is no companyfacts document, or a damaged one."""
    text = document.text()
    if text.lstrip()[:1] == "<":
        raise document.refused(f"is XML or HTML: expected {_KIND}; a filing itself goes to `ingest ixbrl` or `ingest press-release`")
    try:
        data = parse(text, "json")
    except UnreadableError as error:
        hint = "" if text.rstrip().endswith("}") else "; it seems cut off: fetch it again"
        raise InputError(*(Problem(printable(f.message) + hint, file=document.name, line=f.line) for f in error.findings[:20])) from None
    return _Reader(document).company(data)


class _Reader:
    """Checks what it reads, and says in which field something is wrong."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.filings: dict[str, Filing] = {}
        self.days: dict[str, date] = {}

    def company(self, data: Any) -> CompanyFacts:
        facts = data.get("facts") if isinstance(data, dict) else None
        if not isinstance(facts, dict):
            is_concept = isinstance(data, dict) and "units" in data and "tag" in data
            other = "holds a single concept" if is_concept else "is JSON of another kind"
            raise self.document.refused(f"{other}: expected {_KIND}")
        name = data.get("entityName")
        if not isinstance(name, str) or not 0 < len(name.strip()) <= 200 or name != printable(name):
            raise self._wrong("entityName", name, "the company's name")
        return CompanyFacts(name.strip(), tuple(self._rows(facts)))

    def _rows(self, facts: Mapping[str, Any]) -> Iterator[Row]:
        for tag in tags_of(*METRICS):
            taxonomy, _, element = tag.partition(":")
            field = f"facts.{taxonomy}"
            if element in (elements := self._object(facts.get(taxonomy, {}), field)):
                field += f".{element}"
                units = self._object(self._object(elements[element], field).get("units"), f"{field}.units")
                for unit, rows in units.items():
                    if not isinstance(rows, list):
                        raise self._wrong(f"{field}.units.{printable(unit)[:40]}", rows, "a list of figures")
                    if _UNIT.fullmatch(unit):
                        yield from self._of_unit(tag, unit, rows, f"{field}.units.{unit}")

    def _of_unit(self, tag: str, unit: str, rows: list[Any], field: str) -> Iterator[Row]:
        for place, row in enumerate(rows):
            if not isinstance(row, dict):
                raise self._wrong(f"{field}[{place}]", row, "an object with end, val, accn, form and filed")
            if not isinstance(row.get("form"), str):
                raise self._wrong(f"{field}[{place}].form", row.get("form"), "a form such as 10-Q")
            if row["form"] not in FORMS:
                continue
            filing = self._filing(row, f"{field}[{place}]")
            end = self._day(row.get("end"), f"{field}[{place}].end")
            start = self._day(row["start"], f"{field}[{place}].start") if "start" in row else None
            amount = self._amount(row.get("val"), f"{field}[{place}].val")
            # Periods that run backwards, or had not ended when they were filed, are slips of the filer and no results.
            if (start is None or start < end) and end <= filing.filed:
                yield Row(tag, unit, start, end, amount, filing)

    def _filing(self, row: Mapping[str, Any], field: str) -> Filing:
        accession = row.get("accn")
        if not isinstance(accession, str) or not _ACCESSION.fullmatch(accession):
            raise self._wrong(f"{field}.accn", accession, "an accession number such as 0000320193-25-000057")
        filed = self._day(row.get("filed"), f"{field}.filed")
        known = self.filings.get(accession)
        if known is None or (known.form, known.filed) != (row["form"], filed):
            known = self.filings[accession] = Filing(accession, row["form"], filed)
        return known

    def _amount(self, found: Any, field: str) -> Decimal:
        if isinstance(found, int | Decimal) and not isinstance(found, bool):
            amount = Decimal(found)
            if abs(amount) < _MOST and int(amount.as_tuple().exponent) >= -12:
                return amount
        raise self._wrong(field, found, "a number below 10^18 with at most 12 decimals")

    def _day(self, written: Any, field: str) -> date:
        known = self.days.get(written) if isinstance(written, str) else None
        if known is None:
            try:
                known = self.days[written] = date.fromisoformat(written if len(written) == 10 else "")
            except (TypeError, ValueError):
                raise self._wrong(field, written, "a day as YYYY-MM-DD") from None
        return known

    def _object(self, found: Any, field: str) -> Mapping[str, Any]:
        if not isinstance(found, dict):
            raise self._wrong(field, found, "an object")
        return found

    def _wrong(self, field: str, found: Any, expected: str) -> InputError:
        return self.document.refused(f"found {shown(found)}: expected {expected}", field=field)
