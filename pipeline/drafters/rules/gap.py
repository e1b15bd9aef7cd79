"""Step 3 by rule: where the street stood, where the print says otherwise, and why the headline number hides it."""

from __future__ import annotations

from decimal import Decimal

from pipeline.drafters.base import Brief
from pipeline.drafters.rules.pivot import Pivot, moves, pivot
from pipeline.drafters.rules.prose import Words, moved, name, one_of, prints_as_zero, sentence, versus_consensus
from pipeline.errors import NothingToDraft
from pipeline.facts.factbase import FactBase
from pipeline.facts.figures import Change, DerivedFact, Figure, written
from pipeline.facts.quantity import UnitClass
from pipeline.facts.sheet import Role
from pipeline.mechanisms.engine import size
from pipeline.notes.calendar import release_window
from pipeline.notes.models import Claim, ConsensusGap, Falsifier, GapSign

_CLOSE = Decimal(1)
"""Percent. A surprise that is smaller is within the scatter of estimates."""


def consensus_gap(brief: Brief) -> ConsensusGap:
    """The gap on the figure that the print turns on. Raises NothingToDraft where no figure has a change or a base."""
    facts = brief.facts
    turn = pivot(facts)
    if turn is None:
        raise NothingToDraft("no reported figure of the sheet has a change or a base")
    decides, comparison, limit = turn.undone
    surprise = next((f for m in ("revenue", "adjusted_eps", "eps_diluted") if (f := facts.find(f"{m}.surprise"))), None)
    return ConsensusGap(
        street_view=_street_view(facts, turn, surprise),
        our_view=_our_view(facts, turn),
        metric=turn.level.id,
        sign=_sign(surprise, turn, facts),
        why_missed=_why_missed(facts, turn),
        falsifier=Falsifier(metric=decides, comparison=comparison, threshold=limit, by=release_window(facts.sheet).to),
    )


def _sign(surprise: Figure | None, turn: Pivot, facts: FactBase) -> GapSign:
    """Where estimates are of later periods alone, what was guided against them decides, else which way the figure went that decides."""
    if surprise is None:
        if not any(f.role is Role.CONSENSUS for f in facts):
            return GapSign.NO_ESTIMATE
        ahead = _guided_against_consensus(facts)
        is_better = ahead.quantity.value > 0 if ahead is not None else not turn.worse
        return GapSign.STREET_TOO_LOW if is_better else GapSign.STREET_TOO_HIGH
    if abs(surprise.quantity.value) < _CLOSE:
        return GapSign.RIGHT_NUMBER_WRONG_REASON if turn.change.is_favourable is not None else GapSign.IN_LINE
    return GapSign.STREET_TOO_LOW if surprise.quantity.value > 0 else GapSign.STREET_TOO_HIGH


def _street_view(facts: FactBase, turn: Pivot, surprise: Figure | None) -> Claim:
    if surprise is None:
        return _own_record(facts, turn)
    against = versus_consensus(facts, surprise.metric.id)
    level = facts.level(surprise.metric.id)
    assert against is not None
    assert level is not None
    words = Words(f"{level.label} of {written(level)} came in ", [level]).then(against)
    if abs(surprise.quantity.value) < _CLOSE:
        had = "the top line" if level.metric.id == "revenue" else name(level)
        return words.add(one_of(facts, "street", f": the street had {had} about right.", f", so the street had {had} about right.")).claim()
    return words.add(
        one_of(facts, "street", ": the street has to move its numbers.", ", enough to make the street move its numbers.")
    ).claim()


def _own_record(facts: FactBase, turn: Pivot) -> Claim:
    """Without an estimate the bar is what the company did before."""
    based = (b for m in ("revenue", turn.level.metric.id) if (b := facts.level(m, role=Role.PRIOR_YEAR)))
    base = next(based, None) or turn.base
    if base is None:
        # No figure here: the rate itself is what our view tells.
        return Words(
            "The sheet holds neither an estimate nor a base in money that the result could be held against.", [turn.change]
        ).claim()
    opening = one_of(
        facts,
        "no estimate",
        "The sheet holds no estimate that the print can be held against, so the bar is the company's own record: {}.",
        "No estimate is at hand; what the print has to be held against is the company's own record, {}.",
        "Without an estimate in the sheet the print is measured by the company's own past: {}.",
    )
    return Words(opening.format(f"{name(base)} of {written(base)} {_earlier(base)}"), [base]).claim()


def _earlier(base: Figure) -> str:
    return "a quarter earlier" if base.role is Role.PRIOR_QUARTER else "a year earlier"


def _our_view(facts: FactBase, turn: Pivot) -> Claim:
    """The figure that decides, and beside it what the company guides to and what the shares did."""
    return _decisive(facts, turn).then(_outlook(facts)).then(_reaction(facts)).claim()


def _outlook(facts: FactBase) -> Words:
    """Guidance against what analysts expect of the same period."""
    against = _guided_against_consensus(facts)
    if against is None or against.base is None:
        return Words()
    side = "above" if against.quantity.value > 0 else "below"
    where = "in line with" if prints_as_zero(against) else f"{size(against)} {side}"
    return Words(f" {against.metric.label} guidance for {against.period.label} stands {where} consensus.", [against, against.base])


def _guided_against_consensus(facts: FactBase) -> DerivedFact | None:
    found = (facts.find(f"guidance.{metric}.vs_consensus") for metric in ("revenue", "adjusted_eps", "eps_diluted"))
    return next((f for f in found if isinstance(f, DerivedFact) and f.base is not None), None)


def _reaction(facts: FactBase) -> Words:
    """What the shares did on the print, where the sheet holds it."""
    move = next((f for f in facts if f.role is Role.MARKET and f.metric.id == "share_price_move" and f.quantity.value), None)
    if move is None:
        return Words()
    return Words(f" The shares {'rose' if move.quantity.value > 0 else 'fell'} {size(move)} on the print.", [move])


def _decisive(facts: FactBase, turn: Pivot) -> Words:
    opening = one_of(
        facts,
        "our view",
        "The figure to debate is ",
        "The argument should be about ",
        "What decides the view is ",
        "The number that matters is ",
        "We would look at ",
    )
    words = Words(opening).then(_of_which(turn))
    if turn.worse:
        prove = one_of(
            facts, "prove", "estimates that assume recovery should prove too high", "estimates that count on a rebound should come down"
        )
    else:
        prove = one_of(
            facts, "prove", "estimates built on the old level should prove too low", "estimates that rest on the old level should go up"
        )
    if turn.level.unit.cls is not UnitClass.PERCENT or turn.base is None:
        lasts = one_of(facts, "lasts", "while that lasts", "as long as that goes on", "until that changes")
        return words.add(f"; {lasts}, {prove}.")
    until = one_of(facts, "until", "until it is back at", "short of a return to") if turn.worse else "unless it falls back to"
    return words.add(f"; {until} the {written(turn.base)} of {_earlier(turn.base)}, {prove}.", turn.base)


def _of_which(turn: Pivot) -> Words:
    return Words(turn.moved, [turn.level, turn.change])


def _why_missed(facts: FactBase, turn: Pivot) -> Claim:
    """A beat that sales did not make, the figure that points the other way, or the quarter that the year hides."""
    if (beat := _quality_of_beat(facts)) is not None:
        return beat.claim()
    if (other := _counterpoint(facts, turn)) is not None:
        return _other_way(facts, turn, other)
    quarter = facts.change(turn.level.metric.id, Change.QOQ)
    if quarter is not None and turn.against == "y/y" and (quarter.quantity.value > 0) != (turn.change.quantity.value > 0):
        verb = "rose" if quarter.quantity.value > 0 else "fell"
        form = one_of(
            facts,
            "quarter",
            "The same figure {} {} q/q, a rate that mixes season and demand; the year-on-year rate is the cleaner read.",
            "It {} {} q/q, which holds the season as well as demand; the year-on-year rate leaves the season out.",
        )
        return Words(form.format(verb, size(quarter)), [quarter]).claim()
    revenue, growth = facts.find("revenue"), facts.find("revenue.yoy")
    if revenue is not None and growth is not None and revenue is not turn.level:
        words = sentence(moved(facts, revenue)).add(" ")
        if growth.quantity.value < 0 and turn.worse:
            return words.then(sentence(moved(facts, turn.level))).add(" Costs did not shrink with sales.").claim()
        if turn.base is not None:
            beneath = one_of(facts, "beneath", "Beneath it, {} of {} compares with {} {}.", "Below that line, {} was {} against {} {}.")
            return words.add(
                beneath.format(name(turn.level), written(turn.level), written(turn.base), _earlier(turn.base)), turn.level, turn.base
            ).claim()
    beside = next((f for one in moves(facts) if (f := one.level) is not turn.level and f is not revenue), None)
    is_base_told = revenue is turn.level and not any(f.role is Role.CONSENSUS for f in facts)
    if beside is not None and (turn.base is None or is_base_told):
        unseen = one_of(facts, "unseen", " That is not in the top line.", " A reader of the top line alone does not see it.")
        return sentence(moved(facts, beside)).add(unseen).claim()
    if turn.base is None:
        blind = "The sheet gives the rate without the figure that it is measured from, so the headline cannot be checked against it."
        return Words(blind, [turn.change]).claim()
    hides = one_of(facts, "hides", "A single print hides the base: {} was {} {}.", "The base is easily forgotten: {} was {} {}.")
    return Words(hides.format(name(turn.level), written(turn.base), _earlier(turn.base)), [turn.base]).claim()


def _quality_of_beat(facts: FactBase) -> Words | None:
    """Earnings above consensus on revenue below it, or the other way round: the miss or the beat was made below the sales line."""
    sales = facts.find("revenue.surprise")
    earned = next((f for m in ("adjusted_eps", "eps_diluted") if (f := facts.find(f"{m}.surprise"))), None)
    if sales is None or earned is None or prints_as_zero(sales) or prints_as_zero(earned):
        return None
    if (sales.quantity.value > 0) is (earned.quantity.value > 0):
        return None
    made = "beat" if earned.quantity.value > 0 else "miss"
    above, below = ("above", "below") if made == "beat" else ("below", "above")
    text = f"{earned.label} came in {size(earned)} {above} consensus although revenue came in {size(sales)} {below} it"
    return Words(f"{text}: the {made} was made below the sales line.", [earned, sales])


def _other_way(facts: FactBase, turn: Pivot, other: Figure) -> Claim:
    words = sentence(moved(facts, other))
    looks = "weakness" if not turn.worse else "growth" if other.metric.id == "revenue" else "recovery"
    alone = one_of(
        facts, "alone", f" Read alone, it looks like {looks}", f" By itself that looks like {looks}", f" A reader of that line sees {looks}"
    )
    if turn.worse and turn.level.unit.cls is UnitClass.PERCENT:
        return words.add(f"{alone}; {name(turn.level)} says that the cost of it sits elsewhere.").claim()
    return words.add(f"{alone}; {name(turn.level)} went the other way.").claim()


def _counterpoint(facts: FactBase, turn: Pivot) -> Figure | None:
    for metric in ("adjusted_ebitda_margin", "adjusted_operating_margin", "gross_margin", "operating_margin", "revenue"):
        change = facts.change(metric, Change.YOY)
        if change is None or metric == turn.level.metric.id or change.is_favourable is None or change.is_favourable is not turn.worse:
            continue
        return facts.level(metric)
    return None
