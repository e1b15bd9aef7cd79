"""The words that say what a number is about, as tables: periods, roles, bases, metrics. To teach the checker a word, add it here.

Phrases are written as in `lexicon`. The names of metrics themselves are in the vocabulary; here is what else prose calls them.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from pipeline.grounding.tables import phrases, words

# -- periods, roles, bases ------------------------------------------------------------------------------------------------


class Period(StrEnum):
    """What a period word says: a change against a base, or where a level belongs."""

    YOY = "yoy"
    QOQ = "qoq"
    CONSENSUS = "consensus"
    STREET = "street"
    """Words that may speak of consensus ("analysts"): enough where consensus is needed, too little to refuse anything."""
    GUIDANCE = "guidance"
    OUTLOOK = "outlook"
    """Words that may speak of guidance, likewise."""
    PRIOR_YEAR = "prior_year"
    PRIOR_QUARTER = "prior_quarter"
    YEAR_END = "year_end"
    YTD = "ytd"
    ANNUAL = "annual"


def _each(prefixes: Iterable[str], bodies: Iterable[str]) -> Iterable[str]:
    return (f"{prefix} {body}" for prefix in prefixes for body in bodies)


_COMPARING = phrases(
    """
    from | versus | vs | against | compared with | compared to | over | on | than | relative to | from the | versus the |
    vs the | against the | compared with the | compared to the | over the | on the | than the | relative to the | above |
    below | above the | below the | from a | on a | over a | above its | below its | from its | versus its | than in the |
    than in | than it was
    """
)
_YEAR_AGO = phrases(
    """
    py | year ago | year earlier | a year ago | a year earlier | a year before | year before | one year ago | one year earlier |
    prior year | previous year | last year | preceding year | year ago quarter | year ago period | prior year quarter |
    prior year period | same quarter last year | same period last year | same quarter a year ago | same quarter a year earlier |
    same period a year earlier | same period a year ago | corresponding period last year | comparable quarter last year |
    same quarter of last year | same quarter of the prior year | same period of the prior year | year ago level |
    year ago base | prior year level | prior year base | twelve months earlier | 12 months earlier | twelve months ago
    """
)
_QUARTER_AGO = phrases(
    """
    three months ago | quarter ago | quarter earlier | a quarter ago | a quarter earlier | a quarter before | prior quarter |
    previous quarter | last quarter | preceding quarter | quarter before | prior quarter level | three months earlier
    """
)
PERIODS: dict[str, Period] = {
    **dict.fromkeys(
        phrases(
            """
            y y | yoy | year on year | year over year | yr yr | annual growth | on the year | for the year on year | y o y |
            on an annual basis | annually | per year | from year to year | over twelve months | over 12 months |
            in twelve months | in 12 months | within twelve months | in the last twelve months | over the past twelve months |
            over the last twelve months | in the past twelve months | past twelve months | over the past year |
            over the last year | over the year | in a year | within a year
            """
        ),
        Period.YOY,
    ),
    **dict.fromkeys(_each(_COMPARING, _YEAR_AGO), Period.YOY),
    **dict.fromkeys(
        phrases(
            """
            q q | qoq | quarter on quarter | quarter over quarter | sequentially | sequential | on the quarter | q o q |
            on a quarterly basis | in a quarter | within a quarter | over the quarter
            """
        ),
        Period.QOQ,
    ),
    **dict.fromkeys(_each(_COMPARING, _QUARTER_AGO), Period.QOQ),
    **dict.fromkeys(_YEAR_AGO, Period.PRIOR_YEAR),
    **dict.fromkeys(_QUARTER_AGO, Period.PRIOR_QUARTER),
    **dict.fromkeys(
        phrases(
            """
            consensus | cons | estimate | estimates | expectation | expectations | consensus estimate | consensus estimates |
            the street estimate
            """
        ),
        Period.CONSENSUS,
    ),
    **dict.fromkeys(
        phrases(
            """
            the street | street | wall street | analysts | analyst | market expected | forecasts by analysts | sell side |
            the market looked for | was expected | were expected | had been expected | had expected | had hoped | surprise |
            surprised | surprises | refinitiv | factset | visible alpha | bloomberg | the market
            """
        ),
        Period.STREET,
    ),
    **dict.fromkeys(phrases("guidance | guide | guided | guides | guiding | guidance range | guided range"), Period.GUIDANCE),
    **dict.fromkeys(
        phrases(
            """
            outlook | forecast | forecasts | forecasting | see | sees | expect | expects | expected | expecting | project |
            projects | projected | projecting | midpoint | mid point | anticipate | anticipates | anticipated | watch |
            wrong if | calls for | call for | target | targets | targeted | targeting | look for | looks for | looking for |
            plan | plans | planned | planning | intend | intends | should | will | would | may | might | could | aims |
            aim for | aims for | envisage | envisages | foresee | foresees | budgeted | budgets | pencils in | pencilled in |
            penciled in | promises | promised | reckons | predicts | predicted | range | to come | is due | ahead of it |
            the coming | next quarter | next year | for the rest of
            """
        ),
        Period.OUTLOOK,
    ),
    **dict.fromkeys(
        phrases(
            """
            year to date | ytd | so far this year | so far | already spent | six month | nine month | first half | second half |
            nine months | first nine months | six months | first six months | half year
            """
        ),
        Period.YTD,
    ),
    **dict.fromkeys(
        phrases(
            """
            year end | the year end | fiscal year end | end of last year | end of the last fiscal year | new year | start of the year |
            turn of the year | beginning of the year | start of the fiscal year | beginning of the fiscal year | since january
            """
        ),
        Period.YEAR_END,
    ),
    **dict.fromkeys(
        phrases("full year | whole year | the whole of | as a whole | whole of | for the year as a whole | entire year | twelve month"),
        Period.ANNUAL,
    ),
}


class BasisWord(StrEnum):
    """Whose rules a phrase says that a figure follows."""

    ADJUSTED = "adjusted"
    GAAP = "gaap"
    CONSTANT_CURRENCY = "constant_currency"
    ORGANIC = "organic"


BASES: dict[str, BasisWord] = {
    **dict.fromkeys(
        phrases(
            """
            adjusted | non gaap | non ifrs | underlying | core | ex items | excluding items |
            on an adjusted basis | on a non gaap basis | on a core basis | on an underlying basis | adj | before special items |
            before one offs | excluding one offs | excluding special items | stripping out one offs | strip out one offs |
            comparable basis
            """
        ),
        BasisWord.ADJUSTED,
    ),
    **dict.fromkeys(
        phrases(
            """
            gaap | ifrs | on a gaap basis | before adjustments | without adjustments | under gaap | under ifrs | us gaap |
            statutory | unadjusted | as reported | reported basis
            """
        ),
        BasisWord.GAAP,
    ),
    **dict.fromkeys(
        phrases(
            """
            constant currency | constant currencies | in constant currency | at constant currency | at constant currencies |
            on a constant currency basis | currency neutral | excluding currency | at constant exchange rates | cc |
            fx neutral | on a currency neutral basis | at constant rates | constant rates | at constant fx | constant fx |
            ex currency | ex fx | excluding fx | strip out currency | stripping out currency | stripped of currency |
            net of currency | before currency | without currency | currency aside | excluding exchange rates |
            in local currency | in local currencies | at unchanged exchange rates | currency adjusted | fx adjusted |
            adjusted for currency | excluding foreign exchange | excluding currency effects
            """
        ),
        BasisWord.CONSTANT_CURRENCY,
    ),
    **dict.fromkeys(phrases("organic | organically | on an organic basis | like for like | underlying growth"), BasisWord.ORGANIC),
}

# -- metrics ----------------------------------------------------------------------------------------------------------------

# Metrics that a loose word may mean. Used only where the vocabulary has no longer phrase at that place.
_MARGINS = tuple(
    words(
        """
        gross_margin adjusted_gross_margin operating_margin adjusted_operating_margin ebitda_margin adjusted_ebitda_margin
        net_margin fcf_margin
        """
    )
)
_PROFITS = tuple(words("net_income operating_income gross_profit adjusted_net_income adjusted_operating_income ebitda adjusted_ebitda"))
_EARNINGS = (*_PROFITS, "eps_diluted", "adjusted_eps")
FAMILIES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(words("margin margins profitability"), _MARGINS),
    **dict.fromkeys(words("profit profits loss losses"), _PROFITS),
    **dict.fromkeys(words("earnings earned earn earns earning"), _EARNINGS),
    **dict.fromkeys(words("debt"), ("total_debt", "net_debt")),
    **dict.fromkeys(words("dividends dividend"), ("dividends_paid", "dividend_per_share")),
    **dict.fromkeys(words("volume volumes"), ("units_sold", "gmv")),
    **dict.fromkeys(words("employees people staff workers"), ("headcount",)),
    **dict.fromkeys(words("buyers buyer customers users user"), ("active_buyers", "customers", "active_users")),
    **dict.fromkeys(words("cash"), ("cash", "cash_and_investments")),
    **dict.fromkeys(phrases("operations | operations used | operations generated"), ("operating_cash_flow",)),
    **dict.fromkeys(words("warehouses restaurants stores shops outlets branches clubs hotels locations"), ("store_count",)),
    **dict.fromkeys(phrases("merchandise costs | cost base | costs of sales"), ("cost_of_revenue",)),
    **dict.fromkeys(words("authorization authorisation"), ("buyback_authorization",)),
    **dict.fromkeys(phrases("per share figure | per share earnings | per share profit"), ("eps_diluted", "adjusted_eps")),
    **dict.fromkeys(words("vehicles cars deliveries delivered"), ("units_sold",)),
    **dict.fromkeys(phrases("deferred membership fees | deferred fees | deferred subscription fees"), ("deferred_revenue",)),
    "net cash": ("net_debt",),
    "restructuring": ("restructuring_charges",),
    **dict.fromkeys(words("inventories"), ("inventory",)),
    **dict.fromkeys(
        phrases("bought back | buy back | buys back | buying back | repurchased | repurchasing | buy backs | repurchases"), ("buybacks",)
    ),
    **dict.fromkeys(phrases("tax"), ("tax_rate", "adjusted_tax_rate")),
    **dict.fromkeys(phrases("comparable growth | comp growth | comparables"), ("same_store_sales",)),
}
# A metric named in prose also means these, where the sheet holds no level of the one that is named.
KIN: dict[str, tuple[str, ...]] = {
    "capex": ("capex_with_leases",),
    "leverage": ("debt_to_ebitda", "net_debt_to_ebitda"),
    "debt_to_ebitda": ("net_debt_to_ebitda",),
    "eps_diluted": ("ffo_per_share", "adjusted_eps"),
    "cash": ("cash_and_investments",),
    "cash_and_investments": ("cash", "short_term_investments"),
}
