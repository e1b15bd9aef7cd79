"""A companyfacts document that is made up, and small: two fiscal years, into which tests plant what they need."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

M = 1_000_000
STARTS = {2023: "2022-10-01", 2024: "2023-10-01"}
ENDS = {2023: ("2022-12-31", "2023-03-31", "2023-06-30", "2023-09-30"), 2024: ("2023-12-31", "2024-03-31", "2024-06-30", "2024-09-30")}
BEGINS = {2023: ("2022-10-01", "2023-01-01", "2023-04-01", "2023-07-01"), 2024: ("2023-10-01", "2024-01-01", "2024-04-01", "2024-07-01")}
FILED = {2023: ("2023-01-31", "2023-04-30", "2023-07-31", "2023-11-15"), 2024: ("2024-01-31", "2024-04-30", "2024-07-31", "2024-11-15")}
# By year: quarters one to four.
REVENUE = {2023: (100, 110, 120, 140), 2024: (130, 150, 160, 190)}
CASH_FLOW = {2023: (20, 25, 22, 30), 2024: (28, 31, 33, 40)}
EPS = {2023: ("1.00", "1.10", "1.20"), 2024: ("1.30", "0.75", "0.80")}
SPLIT = (2024, 1)
"""Two for one, before the second quarter of fiscal 2024 was filed: 0.55 is what 1.10 became."""

Tags = dict[str, list[dict[str, Any]]]


def accession(year: int, part: int) -> str:
    return f"0000000000-{year % 100}-00000{part + 1}"


def row(dates: Sequence[str], value: float | str, filing: tuple[int, int], **other: Any) -> dict[str, Any]:
    """One row of a document. `fy` and `fp` are nonsense on purpose: nothing may read them."""
    year, part = filing
    ends = {"end": dates[-1]} if len(dates) == 1 else {"start": dates[0], "end": dates[1]}
    number = float(value) if isinstance(value, str) else value
    made = {"val": number, "accn": accession(year, part), "fy": 1999, "fp": "Q9", "form": "10-K" if part == 3 else "10-Q"}
    return {**ends, **made, "filed": FILED[year][part], **other}


def document(omit: str = "") -> dict[str, Any]:
    """Two fiscal years: quarters and years to date in the 10-Qs with their comparisons, the year alone in the 10-K."""
    flow = "NetCashProvidedByUsedInOperatingActivities"
    tags: Tags = {name: [] for name in ("Revenues", "SalesRevenueNet", "NetIncomeLoss", flow, "Assets", "EarningsPerShareDiluted")}
    for year in (2023, 2024):
        for part in range(4):
            filing = (year, part)
            tags["Assets"].append(row([ENDS[year][part]], (1000 + 10 * part + year) * M, filing))
            for of in (year, year - 1) if year == 2024 else (year,):
                to_date = [STARTS[of], ENDS[of][part]]
                alone = [BEGINS[of][part], ENDS[of][part]]
                tag = "SalesRevenueNet" if filing == (2023, 3) else "Revenues"
                tags[tag].append(row(to_date, sum(REVENUE[of][: part + 1]) * M, filing))
                tags["NetIncomeLoss"].append(row(to_date, sum(REVENUE[of][: part + 1]) * M // 10, filing))
                tags[flow].append(row(to_date, sum(CASH_FLOW[of][: part + 1]) * M, filing))
                if 0 < part < 3:
                    tags[tag].append(row(alone, REVENUE[of][part] * M, filing))
                    tags["NetIncomeLoss"].append(row(alone, REVENUE[of][part] * M // 10, filing))
                if part < 3:
                    eps = Decimal(EPS[of][part]) / (2 if of == 2023 and filing >= SPLIT else 1)
                    tags["EarningsPerShareDiluted"].append(row(alone, str(eps), filing))
    # Both tags once gave one figure for a year: the older one may stand in for the newer.
    tags["SalesRevenueNet"].append(row(["2022-10-01", "2023-03-31"], sum(REVENUE[2023][:2]) * M, (2023, 3)))
    units = {"EarningsPerShareDiluted": "USD/shares"}
    return {
        "entityName": "Made Up Inc.",
        "facts": {"us-gaap": {tag: {"units": {units.get(tag, "USD"): rows}} for tag, rows in tags.items() if tag != omit}},
    }
