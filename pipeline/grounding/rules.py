"""The rules that a sentence must keep to state a figure. Each takes a mention and a figure, and returns why it fails, or None.
That of periods is in `periods`.

Refusing looks only at the words attached to the number; requiring accepts a word anywhere in the sentence where prose
usually leaves it there. So a correct sentence is not blocked for words that belong to its other numbers.
"""

from __future__ import annotations

from decimal import Decimal

from pipeline.facts.figures import Change, Figure, slug, written, written_with_base
from pipeline.facts.quantity import Bound, UnitClass
from pipeline.facts.sheet import Basis, Role
from pipeline.facts.vocabulary import RATES
from pipeline.grounding import lexicon
from pipeline.grounding.lexicon import Approximation, Direction
from pipeline.grounding.models import Form, Mention
from pipeline.grounding.periods import period
from pipeline.grounding.rule import Context, Rule
from pipeline.grounding.spellings import is_change_alone, tells_change
from pipeline.grounding.topics import BasisWord
from pipeline.grounding.topics import Period as Said
from pipeline.grounding.values import is_printed, is_telling, is_too_precise

_SIGNS = {Direction.UP: 1, Direction.WIDER: 1, Direction.DOWN: -1, Direction.NARROWER: -1}


def is_change(figure: Figure) -> bool:
    """Whether the figure says how much something changed: a change, or a metric that is a rate of change itself."""
    return figure.change is not None or figure.metric.id in RATES


# -- the rules ---------------------------------------------------------------------------------------------------------------


def metric(mention: Mention, figure: Figure, context: Context) -> str | None:
    if figure.metric.id in context.allowed(mention):
        return None
    if not mention.is_strong and figure.metric.id in context.named(mention):
        return None
    if not mention.is_strong and figure.segment is not None:
        own = slug(figure.segment)
        if own in mention.setting.named_segments or context.is_told_of(own, mention):
            # "Services grew 11.6%": a segment is named for its revenue.
            return None
    if mention.metrics and mention.is_certain:
        return f"is {label(figure)}, not what the sentence says it of"
    if mention.segments and mention.is_segment_certain:
        return f"is {label(figure)}, which the sentence does not name"
    return None if is_telling(mention, figure) else "may be any of several figures: the sentence does not name its metric"


def segment(mention: Mention, figure: Figure, context: Context) -> str | None:
    if figure.segment is not None:
        own = slug(figure.segment)
        if own in mention.segments or (own in mention.setting.named_segments and not mention.is_segment_certain):
            return None
        if mention.form is Form.CHANGE and figure.metric.id in context.allowed(mention) and is_change_alone(figure.segment):
            return None
        if context.is_told_of(own, mention):
            # "Appliances were the sore spot, with domestic comparable sales down 16.1%": its words stand apart.
            return None
        return f"is that of {figure.segment} alone, which the sentence does not say"
    if mention.is_segment_certain and mention.segments and figure.metric.id in context.metrics_of_segment(mention.segments[0]):
        return "is that of the whole company, not of the segment that the sentence names"
    return None


def unit(mention: Mention, figure: Figure, context: Context) -> str | None:
    ours, theirs = mention.unit, figure.unit.cls
    if ours is theirs:
        return None
    if ours is None:
        fits = theirs in (UnitClass.MONEY, UnitClass.SHARES, UnitClass.COUNT) if mention.is_scaled else True
        return None if fits else f"is in {figure.unit}"
    if ours is UnitClass.MONEY and theirs is UnitClass.PER_SHARE and not mention.is_scaled:
        return None
    if ours is UnitClass.POINTS and theirs is UnitClass.PERCENT and tells_change(figure.segment):
        # "Acquisitions contributed three points of growth".
        return None
    if ours is UnitClass.POINTS and theirs is UnitClass.PERCENT and figure.change is None and abs(figure.quantity.value) < 1:
        # "Net charge-offs were 4 basis points of loans".
        return None
    names = {UnitClass.PERCENT: "percent", UnitClass.POINTS: "percentage points"}
    return f"is in {names.get(theirs, str(figure.unit))}, not in {names.get(ours, ours.value.replace('_', ' '))}"


def currency(mention: Mention, figure: Figure, context: Context) -> str | None:
    if mention.currencies and figure.unit.currency and figure.unit.currency not in mention.currencies:
        return f"is in {figure.unit.currency}, not in {mention.currencies[0]}"
    return None


def form(mention: Mention, figure: Figure, context: Context) -> str | None:
    if figure.metric.id in RATES or tells_change(figure.segment):
        return None
    if figure.change is None and mention.form is Form.CHANGE:
        return "is a level, stated as a change"
    if figure.unit.cls is UnitClass.PERCENT and figure.metric.unit is not UnitClass.PERCENT and not mention.wholes:
        # A percentage of an amount can only be how much it grew.
        return None
    if figure.change is not None and mention.wholes and mention.form is not Form.CHANGE:
        return "is a change, stated as a share"
    if figure.change is not None and mention.form in (Form.LEVEL, Form.BASE):
        return "is a change, stated as a level"
    return None


def sign(mention: Mention, figure: Figure, context: Context) -> str | None:
    value = figure.quantity.value
    if figure.change is None and tells_change(figure.segment):
        return None if is_said_its_way(mention, figure, value) else f"has the other sign: it is {written(figure)}"
    if not is_change(figure):
        return _sign_of_level(mention, figure, context)
    said = said_sign(mention, figure)
    if mention.sign and said and said != mention.sign:
        return f"has a sign that contradicts the word '{mention.direction_word}'"
    if (mention.direction is Direction.EITHER and not mention.sign) or value == 0 or mention.value == 0:
        return None
    stated = mention.sign or said
    actual = 1 if value > 0 else -1
    may_fall = mention.setting.is_fall_said or mention.is_bracketed
    if stated is None and (mention.direction is not None or (actual < 0 and may_fall)):
        return None
    if (stated or 1) != actual:
        way = "rose" if actual > 0 else "fell"
        return f"has the other sign: it {way}" if stated else f"is a fall ({written(figure)}), which no word of the sentence says"
    return None


def _sign_of_level(mention: Mention, figure: Figure, context: Context) -> str | None:
    value = figure.quantity.value
    if value < 0 and mention.sign >= 0 and not (mention.is_loss or mention.may_be_negative or mention.is_bracketed):
        return "is negative, which the sentence does not say"
    if value > 0 and mention.sign < 0:
        return "is positive"
    if mention.form is not Form.LEVEL or mention.link != "to" or figure.role is not Role.ACTUAL:
        return None
    said = said_sign(mention, figure)
    if said is None or mention.direction_word in lexicon.RATE_NOUNS:
        return None
    changes = [c for c in context.changes(figure) if not _against_words(mention, c)]
    if changes and all(c.quantity.value and (c.quantity.value > 0) != (said > 0) for c in changes):
        return f"did not go that way: {', '.join(map(written_with_base, changes))}"
    return None


def said_sign(mention: Mention, figure: Figure) -> int | None:
    """The sign that the direction word gives a change of this metric; None where it gives none."""
    if mention.sign and mention.direction_word in lexicon.RATE_NOUNS:
        # "Revenue growth of -31.6%": the number says itself which way.
        return None
    match mention.direction:
        case None | Direction.EITHER:
            return None
        case Direction.BETTER | Direction.WORSE:
            if figure.metric.good == "neutral":
                return None
            good = 1 if figure.metric.good == "up" else -1
            return good if mention.direction is Direction.BETTER else -good
    found = _SIGNS[mention.direction]
    # A loss that widens is a value that falls.
    return -found if mention.is_loss and figure.unit.cls in (UnitClass.MONEY, UnitClass.PER_SHARE) else found


def is_said_its_way(mention: Mention, figure: Figure, change: Decimal) -> bool:
    """Whether a computed change of a figure's metric goes the way that the number's sign and its words say, where they say one."""
    if change == 0:
        return True
    said = said_sign(mention, figure)
    if mention.sign and said and mention.sign != said:
        return False
    stated = mention.sign or said
    return not stated or (change > 0) == (stated > 0)


def _against_words(mention: Mention, change: Figure) -> bool:
    if change.change is Change.YOY:
        return Said.QOQ in mention.periods and Said.YOY not in mention.periods
    return Said.YOY in mention.periods and Said.QOQ not in mention.periods


def basis(mention: Mention, figure: Figure, context: Context) -> str | None:
    said = mention.bases
    adjusted = figure.metric.basis == "adjusted" or figure.basis is Basis.ADJUSTED
    if BasisWord.ADJUSTED in said and not adjusted and figure.metric.basis == "reported":
        return "is not adjusted"
    if BasisWord.GAAP in said and adjusted and BasisWord.ADJUSTED not in said and figure.basis not in (Basis.GAAP, Basis.IFRS):
        return "is adjusted, not by GAAP or IFRS"
    if (
        figure.basis is Basis.ADJUSTED
        and figure.metric.basis == "reported"
        and BasisWord.ADJUSTED not in said
        and context.has_gaap_sibling(figure)
    ):
        return "is adjusted, which the sentence does not say"
    owns = {word for word, ours, growth in _COMPARABLE if figure.basis is ours or figure.metric.id == growth}
    says = {word for word, _, growth in _COMPARABLE if word in said or growth in mention.metrics}
    if owns and not says:
        told = {word for word, _, growth in _COMPARABLE if word in mention.setting.bases_said or growth in mention.setting.named}
        if owns & told and BasisWord.GAAP not in said:
            return None
        return f"is {_in_words(owns)}, which the sentence does not say"
    if says and not owns & says and not (mention.setting.is_contrast and not mention.is_strong):
        return f"is not {_in_words(says)}"
    return None


# Growth without what prices of money, or of bought companies, did to it.
_COMPARABLE = (
    (BasisWord.CONSTANT_CURRENCY, Basis.CONSTANT_CURRENCY, "constant_currency_growth"),
    (BasisWord.ORGANIC, Basis.ORGANIC, "organic_growth"),
)


def _in_words(words: set[BasisWord]) -> str:
    return " and ".join(sorted(word.value.replace("_", " ") for word in words))


# "Just under $52bn" is less than that.
_BOUNDS = {Bound.MORE_THAN: (Approximation.MORE_THAN,), Bound.LESS_THAN: (Approximation.LESS_THAN, Approximation.NEARLY)}


def bound(mention: Mention, figure: Figure, context: Context) -> str | None:
    hedges = _BOUNDS.get(figure.bound) if figure.bound else None
    if hedges and not (mention.approximator in hedges and is_printed(mention, figure.quantity, figure.scale)):
        return f"is given as '{written(figure)}' only"
    return None


def precision(mention: Mention, figure: Figure, context: Context) -> str | None:
    if is_too_precise(mention, context.finest(figure)):
        return f"is known as {written(figure)} only: fewer digits"
    return None


# In the order in which a writer should hear of them.
RULES: tuple[Rule, ...] = (metric, segment, form, unit, sign, period, basis, currency, bound, precision)


# -- names ----------------------------------------------------------------------------------------------------------------------


def label(figure: Figure) -> str:
    """A figure's name within a sentence: "the y/y change of revenue", "gross margin in Q1 2025"."""
    name = figure.label if figure.segment or figure.label[:2].isupper() else figure.label[:1].lower() + figure.label[1:]
    if figure.change is not None:
        return f"the {figure.change.words} change of {name}"
    if figure.role is Role.ACTUAL:
        return name
    return f"{name} {_ROLE_WORDS.get(figure.role) or f'in {figure.period.label}'}"


_ROLE_WORDS = {Role.CONSENSUS: "as expected by consensus", Role.GUIDANCE: "as guided"}
