"""The words and signs of numbers, as tables: numerals, units, currencies, and what makes a number structure.

Words are lower case; a hyphen in the text counts as a space.
"""

from __future__ import annotations

from decimal import Decimal

from pipeline.facts.quantity import UnitClass
from pipeline.grounding.tables import phrases, word_set, words

# -- numbers in words -----------------------------------------------------------------------------------------------------

SMALL = {
    word: Decimal(n)
    for n, word in enumerate(
        words(
            """
            zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
            eighteen nineteen twenty
            """
        )
    )
}
TENS = {word: Decimal(10 * n) for n, word in enumerate(words("twenty thirty forty fifty sixty seventy eighty ninety"), 2)}
NUMBER_WORDS = SMALL | TENS
ORDINALS = word_set(
    """
    first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth 1st 2nd 3rd 4th 5th 6th 7th 8th 9th 10th
    """
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
    **dict.fromkeys(words("doubled doubling doubles double twofold"), Decimal(100)),
    **dict.fromkeys(words("tripled tripling triples triple trebled trebling threefold"), Decimal(200)),
    **dict.fromkeys(words("quadrupled quadrupling quadruples quadruple fourfold"), Decimal(300)),
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
        [("pp",), ("ppt",), ("ppts",), ("pps",), ("pts",), ("pt",), ("points",), ("point",),
         ("percentage", "points"), ("percentage", "point"),
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
    ("per", "basic", "share"), ("/", "share"), ("/", "shr"),
    ("/", "sh"), ("a", "shr"), ("per", "shr"), ("apiece",), ("per", "diluted", "common", "share"),
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
CURRENCY_CODES = word_set(
    """
    USD EUR GBP JPY CNY CHF CAD AUD HKD SGD TWD KRW INR BRL SEK NOK DKK MXN ZAR TRY PLN THB IDR MYR PHP VND ILS NZD AED SAR RUB
    CZK HUF CLP COP
    """
)
CURRENCY_WORDS = {
    "rmb": ("CNY",), "yuan": ("CNY",), "renminbi": ("CNY",),
    "dollar": _DOLLARS, "dollars": _DOLLARS, "euro": ("EUR",), "euros": ("EUR",),
    "pound": ("GBP",), "pounds": ("GBP",), "sterling": ("GBP",),
    "yen": ("JPY",), "won": ("KRW",), "rupee": ("INR",), "rupees": ("INR",), "francs": ("CHF",), "kronor": ("SEK",), "reais": ("BRL",),
    "bucks": _DOLLARS,
}  # fmt: skip

# -- structure ------------------------------------------------------------------------------------------------------------

MONTHS = {
    name: n
    for n, names in enumerate(
        phrases(
            """
            january jan | february feb | march mar | april apr | may | june jun | july jul | august aug | september sep sept |
            october oct | november nov | december dec
            """
        ),
        1,
    )
    for name in names.split()
}
HORIZONS = word_set(
    """
    week weeks month months quarter quarters year years decade decades hour hours minute minutes semester semesters
    """
)
YEAR_WORDS = word_set("fy cy fiscal calendar year")
# Counts of these are counts of things that the text itself lists or structures; everything else that is counted is a claim.
LISTED = word_set(
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
    positive positives negative negatives debate debates category categories takeaway takeaways message messages drag drags move
    moves bet bets region regions division divisions business businesses cloud clouds surprise surprises worry worries swing
    swings topic topics trend trends trigger triggers type types variable variables version versions view views watchpoint
    watchpoints way ways words
    """
)
# "S&P 500", "iPhone 16": a name, not a number.
NUMBERED_NOUNS = word_set(
    """
    500 article asc category chapter class exhibit fig figure form group ifrs industry intel ias iphone item level model note
    phase rule scope section series tier topic windows chip gen generation nasdaq russell ftse csi nikkei stoxx fortune p dax
    """
)
