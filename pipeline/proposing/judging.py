"""Whether a proposed fact stands in the document. Code decides, by the rules that notes are held to; the model's word counts for nothing.

A proposal is accepted where its quote is in the document word for word at one place, and where the whole sentence that it is taken
from, read as a sentence of a note and held against a sheet that knows the proposed fact and nothing else, states this very figure:
metric, period, basis, unit, scale and sign. A sentence that hedges or denies, or that may speak of a part of the company or of another
one, is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from pydantic import ValidationError

from pipeline.facts.factbase import FactBase
from pipeline.facts.figures import Figure, written
from pipeline.facts.quantity import UnitClass
from pipeline.facts.sheet import Basis, Fact, FactSheet, Role
from pipeline.facts.vocabulary import Metric, vocabulary
from pipeline.grounding import check_text
from pipeline.grounding.mentions import find
from pipeline.grounding.topics import BasisWord
from pipeline.intake.figures import unit_of
from pipeline.intake.periods import fact_id
from pipeline.intake.release.pages import Line
from pipeline.proposing.proposals import Proposal

_STATED_UNITS = (UnitClass.MONEY, UnitClass.PER_SHARE, UnitClass.PERCENT, UnitClass.SHARES, UnitClass.COUNT)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The fact, ready for the sheet."""

    fact: Fact


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a proposal makes no fact. `is_conflict`: the sheet has another value for the same thing."""

    why: str
    is_conflict: bool = False


class Text:
    """A document as one run of words, with the line that each stands in."""

    def __init__(self, lines: Sequence[Line]) -> None:
        words: list[str] = []
        self._lines: list[Line] = []
        for line in lines:
            for word in line.text.split():
                words.append(word)
                self._lines.append(line)
        self._run = " ".join(words)
        self._ends = [0, *(match.end() for match in _SENTENCE_END.finditer(self._run)), len(self._run)]

    def sentence_of(self, quote: str) -> tuple[str, Line] | None:
        """The whole sentences of the document that a quote is taken from, and the line in which they begin, whatever spaces and line ends.
        None where the document does not have the quote word for word, or has it at two places."""
        words = " ".join(quote.split())
        found = list(re.finditer(rf"(?<!\S){re.escape(words)}(?!\S)", self._run))
        if len(found) != 1:
            return None
        start = max(end for end in self._ends if end <= found[0].start())
        end = min(end for end in self._ends if end >= found[0].end())
        return self._run[start:end].strip(), self._lines[self._run.count(" ", 0, start)]


_SENTENCE_END = re.compile(r"(?<=[.!?])[\"”]?\s+(?=[A-Z0-9\"“•(])|\s+(?=[•●▪◦])")
_LONGEST_SENTENCE = 600
_OTHER = re.compile(
    r"\b(?:segments?|divisions?|regions?|subsidiar(?:y|ies)|units?|joint venture|brands?|affiliates?|peers?|competitors?)\b", re.IGNORECASE
)
_UNSURE = re.compile(r"\b(?:not|no|never|neither|nor|without|unless|if|false|excluding|except)\b", re.IGNORECASE)
_CAPITAL = re.compile(r"(?<![\w.])[A-Z][\w.&'’-]*")
_PLAIN_CAPITALS = frozenset(
    phrase
    for line in (
        "EPS GAAP Non-GAAP NON-GAAP EBITDA FCF Adjusted Diluted Company Q1 Q2 Q3 Q4 First Second Third Fourth",
        "January February March April May June July August September October November December",
        "The A An It This Our We For In During As Total Consolidated Net Gross Operating Free Capital Full-year Full",
    )
    for phrase in line.split()
)
"""Words that may begin with a capital and name nobody."""


def judge(proposal: Proposal, text: Text, sheet: FactSheet, by: str) -> Accepted | Refused:
    """The fact that a proposal makes, or why it makes none. `by` says who proposed it, for the fact's locator."""
    found = text.sentence_of(proposal.quote)
    if found is None:
        return Refused("its quote does not stand in the document, word for word and at one place")
    sentence, place = found
    if unfit := _unfit(sentence, proposal, sheet):
        return Refused(unfit)
    fact = _fact(proposal, sentence, sheet, f"{place.place}, proposed by {by}")
    if isinstance(fact, Refused):
        return fact
    if known := next((one for one in sheet.facts if _alike(one, fact)), None):
        if _is_known(fact, known):
            return Refused(f"{known.id} is known already")
        whose = "as proposed before" if "proposed by" in (known.locator or "") else "by the rules"
        return Refused(f"{known.id} is '{known.quote or known.value}' {whose}, which stays", is_conflict=True)
    alone = FactBase.of(sheet.model_copy(update={"facts": (fact,), "statements": ()}))
    stated = _stated(sentence, alone)
    ends = [id_ for id_ in ((fact.id,) if fact.value is not None else (f"{fact.id}.low", f"{fact.id}.high")) if id_ in alone]
    if not ends or not all(any(_is_exactly(alone[id_], value) for value in stated.get(id_, ())) for id_ in ends):
        shown = " and ".join(written(alone[id_]) for id_ in ends) or proposal.metric
        return Refused(f"its sentence does not state {vocabulary()[proposal.metric].label.lower()} of {shown}")
    return Accepted(fact)


def _unfit(sentence: str, proposal: Proposal, sheet: FactSheet) -> str:
    """Why a sentence is not plainly about the whole company; empty where it is. Better one refused too many than one too few."""
    if len(sentence) > _LONGEST_SENTENCE:
        return f"it stands in a run of over {_LONGEST_SENTENCE} characters without a full stop"
    if _OTHER.search(sentence):
        return "its sentence speaks of a part of the company, or of another one"
    if _UNSURE.search(sentence):
        return "its sentence denies something, or leaves something out"
    own = {word.strip(".,'’s") for word in f"{sheet.company.name} {sheet.company.short_name} {sheet.company.ticker}".split()}
    metric = vocabulary().get(proposal.metric)
    own |= {word for name in (metric.names if metric else ()) for word in (name.capitalize().split()[0], name.split()[0].upper())}
    names = [word.strip(".,;:'’") for word in _CAPITAL.findall(sentence)]
    foreign = [word for word in names if word.removesuffix("'s").removesuffix("’s") not in own and word not in _PLAIN_CAPITALS]
    return f"its sentence names {foreign[0]}, which may be a part of the company or another one" if foreign else ""


def _fact(proposal: Proposal, sentence: str, sheet: FactSheet, locator: str) -> Fact | Refused:
    metric = vocabulary().get(proposal.metric)
    period = sheet.periods_by_id.get(proposal.period)
    if metric is None or period is None:
        return Refused(f"there is no metric '{proposal.metric}'" if metric is None else f"there is no period '{proposal.period}'")
    if metric.unit not in _STATED_UNITS:
        return Refused(f"{metric.id} is no figure that a release states")
    role = Role(proposal.role)
    if role is Role.ACTUAL and period.id != sheet.period:
        return Refused(f"{period.id} is not the reported period: what was reported before stands in tables")
    basis = _basis(metric, sentence, sheet)
    name = fact_id(metric.id, None, role, period, sheet.reported_period)
    try:
        return Fact(
            id=name,
            metric=metric.id,
            value=proposal.value,
            low=proposal.low if proposal.value is None else None,
            high=proposal.high if proposal.value is None else None,
            unit=unit_of(metric, sheet.company.currency),
            scale=proposal.scale,
            period=period.id,
            basis=basis,
            role=role,
            definition=f"{sheet.company.short_name}'s own adjusted measure" if basis is Basis.ADJUSTED else None,
            source=sheet.sources[0].id,
            quote=sentence,
            locator=locator,
        )
    except ValidationError as error:
        return Refused(f"it makes no fact: {error.errors(include_url=False)[0]['msg']}")


def _basis(metric: Metric, sentence: str, sheet: FactSheet) -> Basis:
    """By definition of the metric, else by the words of the sentence, else that of the sheet's statements."""
    if metric.basis != "reported":
        return _BY_METRIC.get(metric.id, Basis.ADJUSTED if metric.basis == "adjusted" else Basis(metric.basis))
    said = {word for mention in find(sentence) for word in (*mention.bases, *mention.setting.bases_said)}
    named = next((basis for word, basis in _BY_WORD.items() if word in said), None)
    return named or (Basis.IFRS if any(fact.basis is Basis.IFRS for fact in sheet.facts) else Basis.GAAP)


_BY_METRIC = {"organic_growth": Basis.ORGANIC, "constant_currency_growth": Basis.CONSTANT_CURRENCY}
_BY_WORD = {
    BasisWord.ADJUSTED: Basis.ADJUSTED,
    BasisWord.ORGANIC: Basis.ORGANIC,
    BasisWord.CONSTANT_CURRENCY: Basis.CONSTANT_CURRENCY,
}


def _alike(one: Fact, other: Fact) -> bool:
    return (one.metric, one.segment, one.change, one.period, one.basis, one.role) == (
        other.metric, other.segment, other.change, other.period, other.basis, other.role
    )  # fmt: skip


def _is_known(fact: Fact, known: Fact) -> bool:
    """Whether the sheet's value is the proposed one, or the same in more digits. A range is another one where an end is."""
    if fact.value is not None and known.value is not None:
        return known.quantity.interval.low <= fact.quantity.value <= known.quantity.interval.high
    return fact.value == known.value and all(fact.end(end).value == known.end(end).value for end in ("low", "high"))


def _stated(sentence: str, facts: FactBase) -> dict[str, list[Decimal]]:
    """The numbers of a sentence, in whole units, by the fact that each states, without those that are hedged or of another metric."""
    found: dict[str, list[Decimal]] = {}
    for check in check_text(sentence, facts).checks:
        if check.decision != "grounded" or check.fact is None or check.mention.value is None or not check.mention.is_certain:
            continue
        if check.mention.approximator is not None:
            continue
        if check.mention.metrics[:1] == (facts[check.fact].metric.id,):
            found.setdefault(check.fact, []).append(check.mention.value)
    return found


def _is_exactly(figure: Figure, value: Decimal) -> bool:
    """To the digit: a proposal may round nothing. The sign was judged with the sentence."""
    return abs(figure.quantity.value) == abs(value)
