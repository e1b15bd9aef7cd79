"""The words around numbers, as tables: hedges, directions, periods, bases, clauses. To teach the checker a word, add it here.

Phrases are lower case; a hyphen in the text counts as a space ("year-on-year" is "year on year"), and a possessive's s is
dropped. Where two phrases start at one place, the longer one decides. The words of numbers themselves are in `numerals`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from pipeline.grounding.tables import phrase_set, phrases, word_set, words

# -- what surrounds a number ------------------------------------------------------------------------------------------------


class Approximation(StrEnum):
    """How a mention hedges: it widens (`about`, `nearly`) or opens one end (`more_than`, `less_than`)."""

    ABOUT = "about"
    NEARLY = "nearly"
    MORE_THAN = "more_than"
    LESS_THAN = "less_than"


APPROXIMATORS: dict[str, Approximation] = {
    **dict.fromkeys(
        phrases(
            """
            about | around | roughly | approximately | approx | some | circa | ca | close to | in the region of |
            in the area of | or so | ~ | ≈ | an estimated
            """
        ),
        Approximation.ABOUT,
    ),
    **dict.fromkeys(
        phrases(
            """
            nearly | almost | just under | just below | just shy of | shy of | approaching | not quite | a little under |
            slightly under
            """
        ),
        Approximation.NEARLY,
    ),
    **dict.fromkeys(
        phrases(
            """
            over | more than | at least | above | upwards of | upward of | in excess of | north of | exceeding | exceeded |
            exceeds | better than | greater than | higher than | no less than | not less than | just over | just above |
            a little over | slightly over | slightly more than | a minimum of | > | ≥ | well over | well above | topping |
            topped | tops | to exceed | exceed | surpassed | a bit over | a bit more than | a shade over | a touch over
            """
        ),
        Approximation.MORE_THAN,
    ),
    **dict.fromkeys(
        phrases(
            """
            under | less than | up to | at most | below | no more than | not more than | fewer than | lower than |
            a maximum of | south of | < | ≤ | well under | well below | within
            """
        ),
        Approximation.LESS_THAN,
    ),
}
# Verbs that hedge the amount right behind them ("topped $300m"), and beat what an article names ("topped the $8.2bn").
PASSING = frozenset(("topped", "tops", "surpassed", "exceed", "to exceed"))


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


_DOUBLING = word_set("slip dip drop tip trim step chop sag")
_UP = (
    *_inflected(
        """
        increase climb gain jump surge soar advance expand rally rebound add swell mount balloon boost lift raise spike recover
        inch edge creep nudge bulge strengthen quicken swell firm
        """
    ),
    *_inflected("step bounce"),
    *words(
        """
        grew grow grows grown growing rose rise rises risen rising up upped higher leap leapt leaped ahead top topped tops
        outperformed hike hiked longer larger bigger stronger richer heavier thicker
        """
    ),
    "picked up", "ticked up", "edged up", "moved up", "stepped up", "came back", "went up", "outperformance",
)  # fmt: skip
_DOWN = (
    *_inflected(
        """
        decrease decline slip dip drop plunge slump slide tumble contract retreat recede reduce lower trim compress shed ease
        slash chop prune pare shave dent
        """
    ),
    *_inflected("plummet sag crater erode soften moderate weaken dwindle collapse crash tank"),
    *words(
        """
        fell fall falls fallen falling down lost lose loses losing shrank shrink shrinks shrunk shrinking sank sink sinks sunk
        sinking slid cut cuts cutting
        """
    ),
    *words(
        """
        loss shorter smaller thinner slimmer leaner lighter poorer cheaper off compression contraction erosion reduction squeeze
        squeezed shortfall drag light short retreat gave ceded sacrificed sacrifice squeezing
        """
    ),
    *phrases(
        """
        gave up | given up | giving up | gave back | given back | ticked down | edged down | moved down | came down |
        went down | came off | backed off
        """
    ),
)
_UP_NOUNS = words(
    """
    growth gains expansion improvement improvements upside outperformance acceleration uptick increment premium
    """
)
# A word that says against whom: it makes the change one against consensus as well.
_BEATS = words("beat beats beating exceeded exceeds surpassed surpasses topped tops outperformed overshot")
_MISSES = words("miss missed misses missing undershot undershoots trailed lagged")

# Words that stand before their number ("fell 3.4 points") or, in a noun phrase, after it.
DIRECTIONS: dict[str, Direction] = {
    **dict.fromkeys(_UP, Direction.UP),
    **dict.fromkeys(_UP_NOUNS, Direction.UP),
    **dict.fromkeys(_BEATS, Direction.UP),
    **dict.fromkeys(_DOWN, Direction.DOWN),
    **dict.fromkeys(_MISSES, Direction.DOWN),
    **dict.fromkeys(("above", "over", "more", "in excess of", "better than", "north of"), Direction.UP),
    **dict.fromkeys(
        ("below", "under", "less", "fewer", "behind", "short of", "shy of", "south of", "fell short", "falls short", "falling short"),
        Direction.DOWN,
    ),
    **dict.fromkeys(
        words(
            """
            improved improve improves improving improvement improvements strengthened strengthen strengthens strengthening
            """
        ),
        Direction.BETTER,
    ),
    **dict.fromkeys(
        words(
            """
            deteriorated deteriorate deteriorates deteriorating deterioration worsened worsen worsens worsening weakened
            weakening weakens weaken weaker worse
            """
        ),
        Direction.WORSE,
    ),
    **dict.fromkeys(words("widened widen widens widening wider deepened deepens deepening"), Direction.WIDER),
    **dict.fromkeys(words("narrowed narrow narrows narrowing narrower"), Direction.NARROWER),
    **dict.fromkeys(
        words(
            """
            change changed changes move moved moves swing swung shift shifted difference delta variance gap spread
            """
        ),
        Direction.EITHER,
    ),
}
# Of these, the ones that may follow their number: "0.4% below", "a 3.4-point decline", "11.4 points higher".
FOLLOWING = word_set(
    """
    above below higher lower ahead behind short under over more less better worse light up down beat miss shortfall upside
    premium increase decrease rise fall decline drop gain growth jump surge climb slide slump slip dip plunge improvement
    deterioration expansion contraction compression erosion reduction cut loss change move swing shift difference gap delta
    shorter longer smaller thinner slimmer leaner lighter poorer larger bigger richer heavier cheaper stronger off apart
    variance spread wider narrower weaker hike squeeze drag rebound recovery retreat increases declines gains improvements fewer
    uptick lost sacrificed ceded outperformance acceleration tumble advance rally boost lift
    """
) | phrase_set("short of | fell short | given up | gave up | given back | shy of | north of | south of | in excess of | better than")
# Adjectives and prepositions that state a direction only next to their number ("higher by", "0.4% below").
ADJACENT_ONLY = word_set(
    """
    loss smaller thinner slimmer leaner lighter poorer larger bigger richer heavier cheaper stronger off above below higher
    lower ahead behind short under over more less fewer better worse light weaker wider narrower up down growing rising falling
    declining growth increase decline expansion change move shift gap spread top tops lift boost recovery cut cuts gain gains
    drag squeeze loss premium upside reduction lower raise raised add adds added
    """
) | {"short of", "in excess of", "better than", "north of", "south of", "shy of"}  # fmt: skip
# Nouns that make what they are said of a change: "growth of 37.2%" is one, and so is "growth slowed to 12%".
RATE_NOUNS = frozenset(("growth", "growth rate", "pace", "rate of growth"))
# Nouns that a number behind them measures: "a decline of 3.4 points".
CHANGE_NOUNS = word_set(
    """
    growth increase increases decrease rise fall decline declines drop gain gains jump surge climb slide slump slip dip plunge
    improvement improvements deterioration expansion contraction compression erosion reduction change move swing shift
    difference gap delta miss beat shortfall upside uptick hike variance premium acceleration outperformance spread cut loss
    """
)
# Verbs of a growth rate: they leave open which way the metric itself went.
PACE_VERBS = word_set(
    """
    accelerated accelerates accelerating slowed slows slowing decelerated decelerates decelerating moderated cooled
    """
)
# Adjectives that, right before a metric, speak of that metric: "+5% on the lower share count".
ADJECTIVES = word_set("higher lower weaker better worse wider narrower rising falling growing declining shrinking")
AGAINST_CONSENSUS = frozenset((*_BEATS, *_MISSES))

# Words that flip the sign of what follows: a loss of 55.8m is -55.8m.
LOSSES = word_set("loss losses deficit outflow outflows burn")

NEGATIVES = LOSSES | word_set(
    """
    lost lose loses losing using uses drained absorbed outflow outflows outgo burn burned credit credits benefit reversal
    negative minus usage used consumed
    """
)
LOSS_VERBS = word_set("lost lose loses losing")
# Phrases whose direction words give no direction.
IDIOMS = phrase_set(
    """
    came up | come up | comes up | coming up | end up | ends up | ended up | made up | make up | makes up | making up |
    took up | take up | takes up | taken up | taking up | ate up | eats up | eaten up | used up | uses up | put up | held up |
    holds up | hold up | kept up | keeps up | wound up | showed up | shows up | added up | adding up | up north | upside down |
    turned up | clocked up | racked up | rang up | notched up | chalked up | piled up | stacked up |
    under gaap | under ifrs | under us gaap | on the up | down under | one off | one offs | days off | off the |
    off balance | kicked off | spun off | paid off | set off | up to | set up | follow up | back up | line up | lined up |
    start up | add up | adds up | double down | break down | broke down | write down | written down | slow down | down payment |
    spin off | cut off | in light of | light on | on top of | top line | short term | short of detail | over time | over the |
    over a | more than | less than | no more | once more | even more | market share gains | add on | in addition | move on |
    gap between | more like | more or less | under pressure | under way | under construction
    """
)

# What stands right before a number and says what it is.
LINKS = {
    "by": "by",
    **dict.fromkeys(words("to into toward towards"), "to"),
    **dict.fromkeys(("from",), "from"),
    **dict.fromkeys(words("versus vs against than compared compares compare comparing after following cf instead"), "versus"),
    **dict.fromkeys(
        words(
            """
            of at was were is are be been stood stands reached hit totalled totaled totals hits equals equalled remained remains
            stayed sits sat
            """
        ),
        "level",
    ),
    "=": "level",
}
# Nouns that only carry their number: of "from a profit of $5.0 billion", the link is "from".
CARRIERS = word_set(
    "outflow inflow charge credit surplus deficit profit loss level base gain income estimate figure total amount sum value peak low high"
)
# Verbs of reporting that say nothing about the number.
LEVEL_VERBS = word_set(
    """
    came comes coming ran runs running amounted amounts landed lands arrived printed prints posted posts reported reports
    generated generates booked recorded logged delivered delivers turned turns brought brings took takes made makes earned
    produced works out ended ends closed finished stays stayed sits held holds spent cost paid went going put grossed netted
    """
)
# Skipped when looking for the link: "to just 12.8%", "from a thin 16.2%".
FILLERS = word_set(
    """
    a an the just only record quite even its their that very merely solid thin mere still slightly somewhat modest sharp strong
    weak further another respectively both now currently today sequentially annually again about around roughly nearly almost
    approximately some over under in on with out total reported overall quarterly annual full whole as much as well fully
    comfortably
    """
)
# What says that a sentence speaks of what may come: a base may then be today's level.
MODAL = word_set(
    """
    would could should must may might can will if until unless once needs need requires require recover recovers recovery
    returning return returns toward towards target targets plan plans path back restore restores rebuild get climb heal whether
    expects expect expected next future
    """
)

# What says that a sentence speaks of what is still to come.
FUTURE = word_set("would could should must may might can will if until unless once next future shall")
# What sets a figure apart from an adjusted one.
REPORTED = word_set("reported headline nominal unadjusted")
# Verbs that tell of what has happened.
TOLD_AS_PAST = word_set(
    """
    reported posted delivered was were had came recorded booked earned generated achieved reached produced logged rose fell grew
    declined dropped gained increased decreased already spent invested paid bought returned repurchased
    """
)
# Right before an amount these make it an expectation: "analysts had been expecting revenue of".
EXPECTING = word_set(
    """
    expect expects expected expecting see sees forecast forecasts forecasting model modelled modeled pencil pencilled penciled
    project projects projected guide guides guided guiding predict predicted anticipate anticipated anticipates target targets
    targeting aims aiming
    """
)
# "The consensus for diluted EPS stood at": so do these, with what they are for.
EXPECTATIONS = word_set("consensus estimate estimates guidance forecast forecasts target targets outlook")

# -- clauses ---------------------------------------------------------------------------------------------------------------

# Between two numbers, the first of these ends what belongs to the number before it.
SEPARATORS = word_set(
    """
    , ; : ( ) [ ] — – / | • and but while whereas though although as with so yet versus vs against compared from to than plus or
    into despite amid notwithstanding because where which when since if after instead
    """
)
# What says that a sentence speaks of a part of a whole, and of what is left of it.
SHARES = word_set(
    """
    ratio share shares portion proportion part mix weight fraction of made make makes account accounts accounted accounting
    equal equals equalled equivalent represent represents represented representing contributed contributes contribute stems came
    comes worth
    """
)
# What says that a number is the gap between two others, or their sum.
GAPS = word_set(
    """
    gap difference apart spread excess exceed exceeds exceeded exceeding more less fewer above below over under ahead behind
    short remains remaining rest off surplus leaves leave leaving left minus versus against outspent outstrips outstripped
    higher lower larger smaller beyond after strip stripping stripped without excluding exclude excludes cushion buffer headroom
    """
)
SUMS = word_set(
    """
    together total totals totalled totaled totalling totaling combined sum sums summed aggregate altogether all plus add adds
    added adding both overall half cumulative them returned returning handed handing distributed
     consisting comprising comprised made
    """
)
AVERAGES = word_set("average averaged averages averaging mean")
RATIOS = word_set("ratio")
# Words that show, wherever a sentence has them, that something went down.
FALLS = word_set("expense cost costs sacrifice price ground hit lower down drag squeeze dented toll")
EXTRA = word_set("added extra additional incremental new further")
RESTS = word_set("remaining remainder other others rest balance left")
# Where one thought ends and another starts.
BREAKS = word_set("; — while whereas although though but")
# A metric after one of these is not what the sentence says the number of: "helped by capex".
OBJECT_MARKERS = word_set(
    """
    by on despite with amid than versus vs against over exceeded exceeds exceed outpaced outpaces outpacing outgrew funding
    funds fund covers covered cover behind without for through via given before after below above under because toward towards
    into including excluding per relative matching matched financing offset offsets offsetting
    """
)
ABBREVIATIONS = word_set(
    """
    vs cons inc corp ltd co approx est no u.s jan feb mar apr jun jul aug sept sep oct nov dec e.g i.e dr mr ms st fig adj avg
    ca etc
    """
)
