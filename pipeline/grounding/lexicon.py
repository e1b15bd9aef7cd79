"""The words of financial prose, as tables. To teach the checker a word, add it here; no code knows single words.

Phrases are lower case; a hyphen in the text counts as a space ("year-on-year" is "year on year"), and so does an
apostrophe's s. Where two phrases start at one place, the longer one decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum

from pipeline.facts.quantity import UnitClass


def _words(text: str) -> list[str]:
    """Words with spaces between them."""
    return text.split()


def _phrases(text: str) -> list[str]:
    """Phrases with bars between them."""
    return [" ".join(phrase.split()) for phrase in text.split("|")]


# -- numbers in words -----------------------------------------------------------------------------------------------------

SMALL = {
    word: Decimal(n)
    for n, word in enumerate(
        _words(
            """
            zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
            nineteen twenty
            """
        )
    )
}
TENS = {word: Decimal(10 * n) for n, word in enumerate(_words("twenty thirty forty fifty sixty seventy eighty ninety"), 2)}
NUMBER_WORDS = SMALL | TENS
ORDINALS = frozenset(
    _words(
        """
        first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth 1st 2nd 3rd 4th 5th 6th 7th 8th 9th 10th
        """
    )
)
ORDINAL_SUFFIXES = frozenset(("st", "nd", "rd", "th"))

# Words for shares of a whole, in percent. They hold within `FRACTION_SLACK` points.
FRACTIONS = {
    "half": Decimal(50),
    "third": Decimal(100) / 3,
    "thirds": Decimal(100) / 3,
    "quarter": Decimal(25),
    "quarters": Decimal(25),
    "fifth": Decimal(20),
    "fifths": Decimal(20),
    "tenth": Decimal(10),
    "tenths": Decimal(10),
}
FRACTION_SLACK = Decimal("2.5")
# Verbs that are a number: the change that they state, in percent. They hold within a tenth of the multiple.
MULTIPLIERS = {
    **dict.fromkeys(_words("doubled doubling doubles double twofold"), Decimal(100)),
    **dict.fromkeys(_words("tripled tripling triples triple trebled trebling threefold"), Decimal(200)),
    **dict.fromkeys(_words("quadrupled quadrupling quadruples quadruple fourfold"), Decimal(300)),
    **dict.fromkeys(["halved", "halving", "halves"], Decimal(-50)),
}
# "Double the", "twice": a multiple.
TIMES = {"double": Decimal(2), "twice": Decimal(2), "triple": Decimal(3), "thrice": Decimal(3), "quadruple": Decimal(4)}
MULTIPLIER_SLACK = Decimal(5)
# "mid-teens", "low-30s", "high single digits": first and last whole number that the word covers within its decade.
BAND_PARTS = {"low": (0, 3), "mid": (4, 6), "high": (7, 9), "upper": (7, 9), "lower": (0, 3), "middle": (4, 6)}
DECADES = {
    "teens": 10,
    "twenties": 20,
    "thirties": 30,
    "forties": 40,
    "fifties": 50,
    "sixties": 60,
    "seventies": 70,
    "eighties": 80,
    "nineties": 90,
}

# -- units ------------------------------------------------------------------------------------------------------------------

# Powers of ten. A single letter counts only when it touches the number.
SCALES = {
    "k": 3, "thousand": 3, "thousands": 3,
    "m": 6, "mn": 6, "mln": 6, "mm": 6, "mio": 6, "million": 6, "millions": 6,
    "b": 9, "bn": 9, "bln": 9, "billion": 9, "billions": 9,
    "t": 12, "tn": 12, "trn": 12, "trillion": 12, "trillions": 12,
}  # fmt: skip
# What follows a number (after its scale): the unit class, and what the number is multiplied by.
UNITS: dict[tuple[str, ...], tuple[UnitClass, Decimal]] = {
    **dict.fromkeys([("%",), ("percent",), ("per", "cent"), ("pct",)], (UnitClass.PERCENT, Decimal(1))),
    **dict.fromkeys(
        [("pp",), ("ppt",), ("ppts",), ("pps",), ("pts",), ("pt",), ("points",), ("point",), ("percentage", "points"), ("percentage", "point"),
         ("%", "points"), ("percent", "points"), ("full", "points"), ("full", "percentage", "points")],
        (UnitClass.POINTS, Decimal(1)),
    ),
    **dict.fromkeys([("bp",), ("bps",), ("basis", "points"), ("basis", "point")], (UnitClass.POINTS, Decimal("0.01"))),
    **dict.fromkeys([("x",), ("times",), ("fold",)], (UnitClass.MULTIPLE, Decimal(1))),
    **dict.fromkeys([("days",), ("day",)], (UnitClass.DAYS, Decimal(1))),
    **dict.fromkeys([("shares",), ("diluted", "shares"), ("adss",), ("adrs",)], (UnitClass.SHARES, Decimal(1))),
}  # fmt: skip
PER_SHARE = (
    ("per", "share"), ("a", "share"), ("per", "diluted", "share"), ("per", "ads"), ("per", "ordinary", "share"), ("per", "common", "share"),
    ("per", "basic", "share"), ("/", "share"), ("per", "diluted", "common", "share"),
)  # fmt: skip
CENTS = frozenset(("cent", "cents", "c", "¢", "pence", "p"))

# Symbol or word -> the currencies that it may mean. The first is meant where nothing else decides.
_DOLLARS = ("USD", "AUD", "CAD", "HKD", "NZD", "SGD", "TWD")
CURRENCY_SYMBOLS = {"$": _DOLLARS, "€": ("EUR",), "£": ("GBP",), "¥": ("JPY", "CNY"), "￥": ("CNY", "JPY"), "₩": ("KRW",), "₹": ("INR",)}
DOLLAR_PREFIXES = {
    "us": "USD",
    "hk": "HKD",
    "nt": "TWD",
    "c": "CAD",
    "ca": "CAD",
    "a": "AUD",
    "au": "AUD",
    "s": "SGD",
    "nz": "NZD",
    "r": "BRL",
}
CURRENCY_CODES = frozenset(
    _words(
        """
        USD EUR GBP JPY CNY CHF CAD AUD HKD SGD TWD KRW INR BRL SEK NOK DKK MXN ZAR TRY PLN THB IDR MYR PHP VND ILS NZD AED SAR RUB
        CZK HUF CLP COP
        """
    )
)
CURRENCY_WORDS = {
    "rmb": ("CNY",), "yuan": ("CNY",), "renminbi": ("CNY",),
    "dollar": _DOLLARS, "dollars": _DOLLARS, "euro": ("EUR",), "euros": ("EUR",), "pound": ("GBP",), "pounds": ("GBP",), "sterling": ("GBP",),
    "yen": ("JPY",), "won": ("KRW",), "rupee": ("INR",), "rupees": ("INR",), "francs": ("CHF",), "kronor": ("SEK",), "reais": ("BRL",),
    "bucks": _DOLLARS,
}  # fmt: skip

# -- structure ------------------------------------------------------------------------------------------------------------

MONTHS = {
    name: n
    for n, names in enumerate(
        _phrases(
            """
            january jan | february feb | march mar | april apr | may | june jun | july jul | august aug | september sep sept |
            october oct | november nov | december dec
            """
        ),
        1,
    )
    for name in names.split()
}
HORIZONS = frozenset(
    _words(
        """
        week weeks month months quarter quarters year years decade decades hour hours minute minutes semester semesters
        """
    )
)
YEAR_WORDS = frozenset(_words("fy cy fiscal calendar year"))
# Counts of these are counts of things that the text itself lists or structures; everything else that is counted is a claim.
LISTED = frozenset(
    _words(
        """
        angle angles answer answers area areas argument arguments assumption assumptions base bases bucket buckets case cases
        catalyst catalysts cause causes channel channels check checks claim claims component components concern concerns condition
        conditions consequence consequences datapoint datapoints definition definitions dimension dimensions direction directions
        driver drivers effect effects end ends engine engines event events explanation explanations fact factor factors facts
        failure failures figure figures flag flags force forces front fronts group groups headwind headwinds hurdle hurdles
        implication implications indicator indicators item items key keys kind kinds lever levers line lines margin margins measure
        measures mechanism mechanisms metric metrics number numbers observation observations option options outcome outcomes parties
        party part parts path paths period periods piece pieces pillar pillars point place places possibility possibilities print
        prints problem problems question questions reading readings reason reasons report reports result results risk risks route
        routes scenario scenarios section sections segment segments set sets side sides signal signals signpost signposts source
        sources stage stages step steps story stories tailwind tailwinds test tests theme themes thing things threshold thresholds
        topic topics trend trends trigger triggers type types variable variables version versions view views watchpoint watchpoints
        way ways words
        """
    )
)
# "S&P 500", "iPhone 16": a name, not a number.
NUMBERED_NOUNS = frozenset(
    _words(
        """
        500 article asc category chapter class exhibit fig figure form group ifrs industry intel ias iphone item level model note
        phase rule scope section series tier topic windows chip gen generation nasdaq russell ftse csi nikkei stoxx fortune p dax
        """
    )
)

# -- what surrounds a number ------------------------------------------------------------------------------------------------


class Approximation(StrEnum):
    """How a mention hedges: it widens (`about`, `nearly`) or opens one end (`more_than`, `less_than`)."""

    ABOUT = "about"
    NEARLY = "nearly"
    MORE_THAN = "more_than"
    LESS_THAN = "less_than"


APPROXIMATORS: dict[str, Approximation] = {
    **dict.fromkeys(
        _phrases(
            """
            about | around | roughly | approximately | approx | some | circa | ca | close to | in the region of | in the area of |
            or so | ~ | ≈ | an estimated
            """
        ),
        Approximation.ABOUT,
    ),
    **dict.fromkeys(
        _phrases(
            """
            nearly | almost | just under | just below | just shy of | shy of | approaching | not quite | a little under | slightly
            under
            """
        ),
        Approximation.NEARLY,
    ),
    **dict.fromkeys(
        _phrases(
            """
            over | more than | at least | above | upwards of | upward of | in excess of | north of | exceeding | exceeded | exceeds
            | better than | greater than | higher than | no less than | not less than | just over | just above | a little over |
            slightly over | slightly more than | a minimum of | > | ≥ | well over | well above | topping
            """
        ),
        Approximation.MORE_THAN,
    ),
    **dict.fromkeys(
        _phrases(
            """
            under | less than | up to | at most | below | no more than | not more than | fewer than | lower than | a maximum of |
            south of | < | ≤ | well under | well below | within
            """
        ),
        Approximation.LESS_THAN,
    ),
}


class Direction(StrEnum):
    """Which way a word says that something went. `better`/`worse` and `wider`/`narrower` need the metric to become up or down."""

    UP = "up"
    DOWN = "down"
    BETTER = "better"
    WORSE = "worse"
    WIDER = "wider"
    NARROWER = "narrower"
    EITHER = "either"
    """A change without a direction: "a move of 2.1%"."""


def _inflected(verbs: str) -> Iterable[str]:
    """Regular verbs -> their forms: jump -> jump, jumps, jumped, jumping; decline -> declining."""
    for verb in verbs.split():
        stem = verb.removesuffix("e")
        doubled = verb + verb[-1] if verb in _DOUBLING else stem
        yield from (verb, verb + ("es" if verb.endswith(("ch", "sh", "ss")) else "s"), doubled + "ed", doubled + "ing")


_DOUBLING = frozenset(_words("slip dip drop tip trim step"))
_UP = (
    *_inflected("increase climb gain jump surge soar advance expand rally rebound add swell mount balloon boost lift raise spike recover step bounce"),
    *_words(
        """
        grew grow grows grown growing rose rise rises risen rising up upped higher leap leapt leaped ahead top topped tops
        outperformed hike hiked
        """
    ),
    "picked up", "ticked up", "edged up", "moved up", "stepped up", "came back", "went up", "outperformance",
)  # fmt: skip
_DOWN = (
    *_inflected("decrease decline slip dip drop plunge slump slide tumble contract retreat recede reduce lower trim compress shed ease plummet sag crater erode"),
    *_words(
        """
        fell fall falls fallen falling down lost lose loses losing shrank shrink shrinks shrunk shrinking sank sink sinks sunk
        sinking slid cut cuts cutting
        """
    ),
    *_words(
        """
        compression contraction erosion reduction squeeze squeezed shortfall drag light short retreat gave ceded sacrificed
        sacrifice squeezing
        """
    ),
    "gave up", "given up", "giving up", "gave back", "given back", "ticked down", "edged down", "moved down", "came down", "went down", "came off", "backed off",
)  # fmt: skip
_UP_NOUNS = _words(
    """
    growth gains expansion improvement improvements upside outperformance acceleration uptick increment premium
    """
)
# A word that says against whom: it makes the change one against consensus as well.
_BEATS = _words("beat beats beating exceeded exceeds surpassed surpasses topped tops outperformed overshot")
_MISSES = _words("miss missed misses missing undershot undershoots trailed lagged")

# Words that stand before their number ("fell 3.4 points") or, in a noun phrase, after it.
DIRECTIONS: dict[str, Direction] = {
    **dict.fromkeys(_UP, Direction.UP),
    **dict.fromkeys(_UP_NOUNS, Direction.UP),
    **dict.fromkeys(_BEATS, Direction.UP),
    **dict.fromkeys(_DOWN, Direction.DOWN),
    **dict.fromkeys(_MISSES, Direction.DOWN),
    **dict.fromkeys(("above", "over", "more", "in excess of", "better than", "north of"), Direction.UP),
    **dict.fromkeys(
        ("below", "under", "less", "behind", "short of", "shy of", "south of", "fell short", "falls short", "falling short"), Direction.DOWN
    ),
    **dict.fromkeys(
        _words(
            """
            improved improve improves improving improvement improvements strengthened strengthen strengthens strengthening
            """
        ),
        Direction.BETTER,
    ),
    **dict.fromkeys(
        _words(
            """
            deteriorated deteriorate deteriorates deteriorating deterioration worsened worsen worsens worsening weakened weakening
            weakens weaken weaker worse
            """
        ),
        Direction.WORSE,
    ),
    **dict.fromkeys(_words("widened widen widens widening wider deepened deepens deepening"), Direction.WIDER),
    **dict.fromkeys(_words("narrowed narrow narrows narrowing narrower"), Direction.NARROWER),
    **dict.fromkeys(
        _words(
            """
            change changed changes move moved moves swing swung shift shifted difference delta variance gap spread
            """
        ),
        Direction.EITHER,
    ),
}
# Of these, the ones that may follow their number: "0.4% below", "a 3.4-point decline", "11.4 points higher".
FOLLOWING = frozenset(
    _words(
        """
        above below higher lower ahead behind short under over more less better worse light up down beat miss shortfall upside
        premium increase decrease rise fall decline drop gain growth jump surge climb slide slump slip dip plunge improvement
        deterioration expansion contraction compression erosion reduction cut loss change move swing shift difference gap delta
        variance spread wider narrower weaker hike squeeze drag rebound recovery retreat increases declines gains improvements
        uptick lost sacrificed ceded outperformance acceleration tumble advance rally boost lift
        """
    )
) | {"short of", "fell short", "given up", "gave up", "given back", "shy of", "north of", "south of", "in excess of", "better than"}  # fmt: skip
# Adjectives and prepositions that state a direction only next to their number ("higher by", "0.4% below").
ADJACENT_ONLY = frozenset(
    _words(
        """
        above below higher lower ahead behind short under over more less better worse light weaker wider narrower up down growing
        rising falling declining growth increase decline expansion change move shift gap spread top tops lift boost recovery cut
        cuts gain gains drag squeeze loss premium upside reduction lower raise raised add adds added short of in excess of better
        than north of south of
        """
    )
) | {"short of", "in excess of", "better than", "north of", "south of", "shy of"}  # fmt: skip
# Nouns that make what they are said of a change: "growth of 37.2%" is one, and so is "growth slowed to 12%".
RATE_NOUNS = frozenset(("growth", "growth rate", "pace", "rate of growth"))
# Nouns that a number behind them measures: "a decline of 3.4 points".
CHANGE_NOUNS = frozenset(
    _words(
        """
        growth increase increases decrease rise fall decline declines drop gain gains jump surge climb slide slump slip dip plunge
        improvement improvements deterioration expansion contraction compression erosion reduction change move swing shift
        difference gap delta miss beat shortfall upside uptick hike variance premium acceleration outperformance spread cut loss
        """
    )
)
# Verbs of a growth rate: they leave open which way the metric itself went.
PACE_VERBS = frozenset(
    _words(
        """
        accelerated accelerates accelerating slowed slows slowing decelerated decelerates decelerating moderated cooled
        """
    )
)
AGAINST_CONSENSUS = frozenset((*_BEATS, *_MISSES))

# Words that flip the sign of what follows: a loss of 55.8m is -55.8m.
LOSSES = frozenset(_words("loss losses deficit outflow outflows burn"))

LOSS_VERBS = frozenset(_words("lost lose loses losing"))
# Phrases whose direction words give no direction.
IDIOMS = (
    "made up", "make up", "makes up", "making up", "up to", "set up", "follow up", "back up", "line up", "lined up", "start up", "add up", "adds up",
    "double down", "break down", "broke down", "write down", "written down", "slow down", "down payment", "spin off", "cut off", "in light of", "light on",
    "on top of", "top line", "short term", "short of detail", "over time", "over the", "over a", "more than", "less than", "no more", "once more", "even more",
    "market share gains", "add on", "in addition", "move on", "gap between", "more like", "more or less", "under pressure", "under way", "under construction",
)  # fmt: skip

# What stands right before a number and says what it is.
LINKS = {
    "by": "by",
    **dict.fromkeys(_words("to into toward towards"), "to"),
    **dict.fromkeys(("from",), "from"),
    **dict.fromkeys(_words("versus vs against than compared"), "versus"),
    **dict.fromkeys(
        _words(
            """
            of at was were is are be been stood stands reached hit totalled totaled totals hits equals equalled remained remains
            stayed sits sat
            """
        ),
        "level",
    ),
    "=": "level",
}
# Skipped when looking for the link: "to just 12.8%", "from a thin 16.2%".
FILLERS = frozenset(
    _words(
        """
        a an the just only record quite even its their that very merely solid thin mere still slightly somewhat modest sharp strong
        weak further another respectively both now currently today sequentially annually again about around roughly nearly almost
        approximately some over under in on with out total reported overall quarterly annual full whole as much as well fully
        comfortably
        """
    )
)
# What says that a sentence speaks of what may come: a base may then be today's level.
MODAL = frozenset(
    _words(
        """
        would could should must may might can will if until unless once needs need requires require recover recovers recovery
        returning return returns toward towards target targets plan plans path back restore restores rebuild get climb heal whether
        expects expect expected next future
        """
    )
)

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
    YTD = "ytd"


def _each(prefixes: Iterable[str], bodies: Iterable[str]) -> Iterable[str]:
    return (f"{prefix} {body}" for prefix in prefixes for body in bodies)


_COMPARING = _phrases(
    """
    from | versus | vs | against | compared with | compared to | over | on | than | relative to | from the | versus the | vs the |
    against the | compared with the | compared to the | over the | on the | than the | relative to the | above | below | above the |
    below the | from a | on a | over a | above its | below its | from its | versus its | than in the | than in | than it was
    """
)
_YEAR_AGO = _phrases(
    """
    year ago | year earlier | a year ago | a year earlier | a year before | year before | one year ago | one year earlier | prior
    year | previous year | last year | preceding year | year ago quarter | year ago period | prior year quarter | prior year period
    | same quarter last year | same period last year | same quarter a year ago | same quarter a year earlier | same period a year
    earlier | same period a year ago | corresponding period last year | comparable quarter last year | same quarter of last year |
    same quarter of the prior year | same period of the prior year | year ago level | year ago base | prior year level | prior year
    base | twelve months earlier | 12 months earlier | twelve months ago
    """
)
_QUARTER_AGO = _phrases(
    """
    quarter ago | quarter earlier | a quarter ago | a quarter earlier | a quarter before | prior quarter | previous quarter | last
    quarter | preceding quarter | quarter before | prior quarter level | three months earlier | december quarter | fourth quarter
    level
    """
)
PERIODS: dict[str, Period] = {
    **dict.fromkeys(
        _phrases(
            """
            y y | yoy | year on year | year over year | yr yr | annual growth | on the year | for the year on year | y o y | on an
            annual basis | annually | per year | from year to year | over twelve months | over 12 months | over the past year | over
            the last year | over the year | in a year | within a year
            """
        ),
        Period.YOY,
    ),
    **dict.fromkeys(_each(_COMPARING, _YEAR_AGO), Period.YOY),
    **dict.fromkeys(
        _phrases(
            """
            q q | qoq | quarter on quarter | quarter over quarter | sequentially | sequential | on the quarter | q o q | on a
            quarterly basis | in a quarter | within a quarter | over the quarter
            """
        ),
        Period.QOQ,
    ),
    **dict.fromkeys(_each(_COMPARING, _QUARTER_AGO), Period.QOQ),
    **dict.fromkeys(_YEAR_AGO, Period.PRIOR_YEAR),
    **dict.fromkeys(_QUARTER_AGO, Period.PRIOR_QUARTER),
    **dict.fromkeys(
        _phrases(
            """
            consensus | estimate | estimates | expectation | expectations | consensus estimate | consensus estimates | the street
            estimate
            """
        ),
        Period.CONSENSUS,
    ),
    **dict.fromkeys(
        _phrases(
            """
            the street | street | wall street | analysts | analyst | market expected | forecasts by analysts | sell side | the
            market looked for | was expected | were expected | had been expected | had expected | had hoped | surprise | surprised |
            surprises | refinitiv | factset | visible alpha | bloomberg | the market
            """
        ),
        Period.STREET,
    ),
    **dict.fromkeys(_phrases("guidance | guided | guides | guiding | guidance range | guided range"), Period.GUIDANCE),
    **dict.fromkeys(
        _phrases(
            """
            outlook | forecast | forecasts | sees | expects | expected | projects | projected | midpoint | anticipates | calls for |
            target | targets | guide | looks for | plans
            """
        ),
        Period.OUTLOOK,
    ),
    **dict.fromkeys(
        _phrases(
            """
            year to date | ytd | first half | second half | nine months | first nine months | six months | first six months | half
            year
            """
        ),
        Period.YTD,
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
        _phrases(
            """
            adjusted | non gaap | non ifrs | underlying | core | normalized | normalised | ex items | excluding items | on an
            adjusted basis | pro forma
            """
        ),
        BasisWord.ADJUSTED,
    ),
    **dict.fromkeys(_phrases("gaap | ifrs | on a gaap basis | statutory"), BasisWord.GAAP),
    **dict.fromkeys(
        _phrases(
            """
            constant currency | constant currencies | in constant currency | at constant currency | at constant currencies | on a
            constant currency basis | currency neutral | excluding currency | at constant exchange rates | cc | fx neutral | on a
            currency neutral basis
            """
        ),
        BasisWord.CONSTANT_CURRENCY,
    ),
    **dict.fromkeys(_phrases("organic | organically | on an organic basis | like for like | underlying growth"), BasisWord.ORGANIC),
}

# -- clauses ---------------------------------------------------------------------------------------------------------------

# Between two numbers, the first of these ends what belongs to the number before it.
SEPARATORS = frozenset(
    [
        ",",
        ";",
        ":",
        "(",
        ")",
        "[",
        "]",
        "—",
        "–",
        "/",
        "|",
        "•",
        "and",
        "but",
        "while",
        "whereas",
        "though",
        "although",
        "as",
        "with",
        "so",
        "yet",
        "versus",
        "vs",
        "against",
        "compared",
        "from",
        "to",
        "than",
        "plus",
        "or",
        "into",
    ]
)
# Where one thought ends and another starts.
BREAKS = frozenset(_words("; — while whereas although though but"))
# A metric after one of these is not what the sentence says the number of: "helped by capex".
OBJECT_MARKERS = frozenset(
    _words(
        """
        by on despite with amid than versus vs against over exceeded exceeds exceed outpaced outpaces outpacing outgrew funding
        funds fund covers covered cover behind without for through via given before after below above under because toward towards
        into including excluding per relative matching matched financing offset offsets offsetting
        """
    )
)
ABBREVIATIONS = frozenset(
    _words(
        """
        vs inc corp ltd co approx est no u.s jan feb mar apr jun jul aug sept sep oct nov dec e.g i.e dr mr ms st fig adj avg ca etc
        """
    )
)
# Metrics that a loose word may mean. Used only where the vocabulary has no longer phrase at that place.
FAMILIES: dict[str, str] = {"margin": "_margin", "margins": "_margin", "profitability": "_margin"}
# A metric named in prose also means these, where the sheet holds no level of the one that is named.
KIN: dict[str, tuple[str, ...]] = {
    "capex": ("capex_with_leases",),
    "leverage": ("debt_to_ebitda", "net_debt_to_ebitda"),
    "debt_to_ebitda": ("net_debt_to_ebitda",),
    "eps_diluted": ("ffo_per_share",),
    "cash": ("cash_and_investments",),
}
# Metrics that are rates of change themselves: their levels are stated as changes ("shares fell 23%").
RATES = frozenset(
    _words(
        """
    organic_growth constant_currency_growth same_store_sales same_property_noi_growth share_price_move
    """
    )
)
