"""Pieces of sentences: a figure with its changes, verbs that carry the sign, clauses joined as an analyst joins them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from zlib import crc32

from pipeline.facts.factbase import FactBase
from pipeline.facts.figures import Change, DerivedFact, Figure, written
from pipeline.facts.quantity import UnitClass
from pipeline.facts.sheet import Basis, Role
from pipeline.facts.vocabulary import RATES
from pipeline.mechanisms.engine import size
from pipeline.notes.models import MOST_EVIDENCE, Claim

_TOLD_AS_LEVELS = 200
"""Percent. Growth beyond it says more about the base than about the quarter."""
_SMALL_UP = ("edged up", "inched up", "ticked up")
_UP = ("rose", "increased", "advanced")
_LARGE_UP = ("grew", "climbed", "jumped")
_SMALL_DOWN = ("slipped", "eased", "dipped")
_DOWN = ("fell", "declined", "decreased")
_LARGE_DOWN = ("dropped", "slumped", "tumbled")


@dataclass(slots=True)
class Words:
    """Text under construction and the figures that it cites, in order."""

    text: str = ""
    cited: list[Figure] = field(default_factory=list)

    def add(self, text: str, *figures: Figure) -> Words:
        self.text += text
        self.cited += figures
        return self

    def then(self, more: Words) -> Words:
        return self.add(more.text, *more.cited)

    def claim(self) -> Claim:
        """The finished claim. Evidence holds every cited figure and the base that a change names."""
        ids = dict.fromkeys(figure.id for figure in self.cited)
        return Claim(text=self.text, evidence=tuple(ids)[:MOST_EVIDENCE])


def joined(clauses: Sequence[Words], last: str = " and ") -> Words:
    """Clauses as one sentence: `a, b and c`."""
    whole = Words()
    for n, clause in enumerate(clauses):
        whole.add("" if n == 0 else last if n == len(clauses) - 1 else ", ").then(clause)
    return whole


def sentence(words: Words) -> Words:
    """With a capital first letter and a full stop."""
    text = words.text
    # iPad and eBay keep their small letter.
    return Words((text if text[1:2].isupper() else text[:1].upper() + text[1:]) + ".", words.cited)


def name(figure: Figure) -> str:
    """The figure's label inside a sentence."""
    label = figure.label
    return label if figure.segment is not None or label[:2].isupper() else label[:1].lower() + label[1:]


def turn(facts: FactBase, place: str, among: int) -> int:
    """A number below `among`: for one quarter and one place always the same, for the next quarter perhaps another."""
    return crc32(f"{facts.sheet.slug}/{place}".encode()) % among


def one_of(facts: FactBase, place: str, *forms: str) -> str:
    """One of several equal forms, so that notes do not read alike. `place` names the sentence: each is chosen by itself."""
    return forms[turn(facts, place, len(forms))]


def be(figure: Figure) -> str:
    """`was`, or `were` for what has a plural name: "AI gross billings were", "dividends paid were"."""
    *_, before, last = ["", *figure.label.lower().split()]
    head = before if last in ("paid", "earned", "receivable", "payable", "outstanding") else last
    return "were" if head.endswith("s") and not head.endswith("ss") and head not in ("eps", "times") else "was"


def verb(facts: FactBase, change: Figure) -> str:
    """A verb for the direction and size of a change."""
    return one_of(facts, f"verb of {change.id}", *_verbs(change)) if change.quantity.value else "held"


def _verbs(change: Figure) -> tuple[str, ...]:
    value = change.quantity.value
    large, small = (10, 3) if change.unit.cls is UnitClass.PERCENT else (3, 1)
    if value > 0:
        return _SMALL_UP if value < small else _UP if change.unit.cls is not UnitClass.PERCENT or value < large else _LARGE_UP
    return _SMALL_DOWN if value > -small else _DOWN if value > -3 * large else _LARGE_DOWN


def moved(facts: FactBase, level: Figure) -> Words:
    """`revenue grew 37.2% y/y to CNY 2,703.7m but slipped 2.1% q/q`, as far as the bases are there; or the level first."""
    year, quarter = (_change(facts, level, change) for change in (Change.YOY, Change.QOQ))
    words = Words(name(level))
    if year is None and quarter is None:
        return words.add(f" {be(level)} {written(level)}", level)
    first, second = (year, quarter) if year is not None else (quarter, None)
    assert first is not None
    if one_of(facts, f"order of {level.id}", "change first", "level first") == "level first":
        return _level_first(facts, level, first, second)
    if second is not None and _is_alike(first, second) and _verbs(first) == _verbs(second):
        words.add(f" {_swing(facts, first)} and {size(second)} q/q", first, second)
        return words.add(f" to {written(level)}", level)
    words.add(f" {_swing(facts, first)} to {written(level)}", first, level)
    if second is not None:
        words.add(f" {_and_or_but(first, second)} {_swing(facts, second)}", second)
    return words


def _level_first(facts: FactBase, level: Figure, first: Figure, second: Figure | None) -> Words:
    """`revenue was CNY 2,703.7m, up 37.2% y/y but down 2.1% q/q`."""
    way = _way(first)
    if second is not None:
        way += f" {_and_or_but(first, second)} {f'{size(second)} q/q' if _is_alike(first, second) else _way(second)}"
    last = "{name} {be} {way} at {level}" if second is None else "{name} {be} {way}, at {level}"
    form = one_of(facts, f"form of {level.id}", "{name} {be} {level}, {way}", "{name} of {level} {be} {way}", last)
    text = form.format(name=name(level), be=be(level), level=written(level), way=way)
    return Words(text, [level, first, *([second] if second is not None else [])])


def _way(change: Figure) -> str:
    base = change.change.words if change.change else ""
    if prints_as_zero(change):
        return f"unchanged {base}".strip()
    return f"{'up' if change.quantity.value > 0 else 'down'} {size(change)} {base}".strip()


def _and_or_but(first: Figure, second: Figure) -> str:
    return "and" if (first.quantity.value >= 0) == (second.quantity.value >= 0) else "but"


def _is_alike(first: Figure, second: Figure) -> bool:
    """Whether one verb fits both changes."""
    return (first.quantity.value > 0) == (second.quantity.value > 0) and not prints_as_zero(first) and not prints_as_zero(second)


def _swing(facts: FactBase, change: Figure) -> str:
    if prints_as_zero(change):
        return f"was unchanged {change.change.words if change.change else ''}".strip()
    return f"{verb(facts, change)} {size(change)} {change.change.words if change.change else ''}".strip()


def prints_as_zero(change: Figure) -> bool:
    """Whether no digit of the change is printed but noughts."""
    return not any(digit in "123456789" for digit in size(change))


def _change(facts: FactBase, level: Figure, change: Change) -> Figure | None:
    found = facts.change(level.metric.id, change, level.segment)
    # Amounts that swing through zero have a difference, which "rose X to Y" would garble: the base is said instead.
    if found is None or (level.unit.cls in (UnitClass.MONEY, UnitClass.PER_SHARE) and found.unit.cls is not UnitClass.PERCENT):
        return None
    return found


def against_year_ago(facts: FactBase, level: Figure) -> Words:
    """`diluted EPS was -$0.16 against $1.13 a year earlier`."""
    base = facts.level(level.metric.id, level.segment, Role.PRIOR_YEAR)
    words = Words(f"{name(level)} {be(level)} {written(level)}", [level])
    if base is not None and written(base) == written(level):
        words.add(", the same as a year earlier", base)
    elif base is not None:
        against = one_of(
            facts, f"base of {level.id}", " against {} a year earlier", ", after {} a year earlier", ", compared with {} a year earlier"
        )
        words.add(against.format(written(base)), base)
    return words


def compared(facts: FactBase, level: Figure) -> Words:
    """`moved` where growth has a meaning, `against_year_ago` where the amount swings through zero, the base was tiny, or the figure
    is a rate of growth itself.
    """
    base = facts.level(level.metric.id, level.segment, Role.PRIOR_YEAR)
    growth = _change(facts, level, Change.YOY)
    has_no_rate = growth is None or level.quantity.value < 0 or growth.quantity.value > _TOLD_AS_LEVELS
    is_told_as_level = level.unit.cls is UnitClass.PER_SHARE or has_no_rate
    if level.metric.id in RATES or (base is not None and is_told_as_level):
        return against_year_ago(facts, level)
    return moved(facts, level)


def versus_consensus(facts: FactBase, reference: str) -> Words | None:
    """`0.4% below the CNY 2,715m consensus`, or None without an estimate to compare with."""
    surprise = facts.find(f"{reference}.surprise")
    if not isinstance(surprise, DerivedFact) or surprise.base is None:
        return None
    if prints_as_zero(surprise):
        return Words(f"in line with the consensus of {written(surprise.base)}", [surprise, surprise.base])
    side = "above" if surprise.quantity.value > 0 else "below"
    return Words(f"{size(surprise)} {side} the consensus of {written(surprise.base)}", [surprise, surprise.base])


def basis_remark(figure: Figure) -> str:
    """A half-sentence where the source does not say what the figure rests on."""
    return ", on a basis that the source does not state" if figure.basis is Basis.UNSTATED else ""
