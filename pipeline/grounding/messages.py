"""What is wrong with a number that no figure grounds, in words for its writer: the rule that it breaks, and what the facts say.

The figure that comes nearest to passing is the one that the message speaks of.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from pipeline.facts.figures import Change, DerivedFact, Figure, written, written_with_base
from pipeline.facts.sheet import Role
from pipeline.facts.vocabulary import vocabulary
from pipeline.grounding import periods, rules
from pipeline.grounding.models import Mention
from pipeline.grounding.report import NumberCheck
from pipeline.grounding.topics import Period

if TYPE_CHECKING:
    from pipeline.grounding.decide import Checker

_COMMON = (Change.YOY, Change.QOQ)
_CONSENSUS = frozenset((Period.CONSENSUS, Period.STREET))
# Facts that a message adds where the sentence speaks of them.
_ASKED_FOR = {Role.CONSENSUS: _CONSENSUS, Role.GUIDANCE: frozenset((Period.GUIDANCE, Period.OUTLOOK))}


def problem(mention: Mention, checker: Checker, sized: Sequence[Figure], comes_from: NumberCheck | None) -> NumberCheck:
    """The check of a number that no figure grounds. `sized` are the figures of its size, `comes_from` the check of its base."""
    allowed = checker.allowed(mention) if mention.is_certain else frozenset()
    known = _known(mention, checker, allowed)
    if sized:
        failures, figure = min(
            ((_failures(mention, figure, checker), figure) for figure in sized),
            key=lambda pair: (pair[1].metric.id not in allowed, len(pair[0]), pair[1].role is not Role.ACTUAL),
        )
        if figure.metric.id in allowed or not known or len(failures) == 1:
            rule, reason = failures[0]
            message = f"'{mention.text}' {reason}; {_facts_say(mention, checker, known or [figure])}"
            return NumberCheck(mention, "contradicted", figure.id, rule, message)
    if not known:
        message = f"'{mention.text}' matches no fact{_named_but_absent(mention)}"
        return NumberCheck(mention, "unsupported", None, "no fact", message)
    if (absent := _absent_role(mention, checker, known)) is not None:
        return NumberCheck(mention, "unsupported", None, "no fact", f"'{mention.text}' matches no fact; {absent}")
    reference = _reference(mention, checker, known)
    message = f"'{mention.text}' matches no fact; {_facts_say(mention, checker, known)}"
    if reference is None or (comes_from is not None and comes_from.is_problem):
        # "From 27.6% to 39.0%", where 27.6% is today's level: the sentence speaks of a period that no fact is about.
        return NumberCheck(mention, "unsupported", reference.id if reference else None, "no fact", message)
    return NumberCheck(mention, "contradicted", reference.id, "value", message)


def _known(mention: Mention, checker: Checker, allowed: Collection[str]) -> list[Figure]:
    """The figures of the metric that the sentence names; where the sheet holds none, those of what else it may mean."""
    named = [figure for name in mention.metrics if name in allowed for figure in checker.of_metric(name)]
    return named or [figure for name in sorted(allowed, key=_place) for figure in checker.of_metric(name)]


@lru_cache(maxsize=512)
def _place(name: str) -> tuple[int, str]:
    """Where the vocabulary has a metric; a sheet's own come after its."""
    names = list(vocabulary())
    return (names.index(name) if name in names else len(names), name)


def _failures(mention: Mention, figure: Figure, checker: Checker) -> list[tuple[str, str]]:
    """(rule, reason) of each rule that fails."""
    return [(rule.__name__, reason) for rule in rules.RULES if (reason := rule(mention, figure, checker)) is not None]


def _named_but_absent(mention: Mention) -> str:
    if not mention.metrics or not mention.is_certain:
        return "; say which metric it measures, and write the figure of a fact"
    return f"; the sheet holds no {vocabulary()[mention.metrics[0]].label}"


def _absent_role(mention: Mention, checker: Checker, known: Sequence[Figure]) -> str | None:
    """What the words by the number ask for and the sheet does not hold: a consensus, or guidance."""
    stem = _stem(mention, known)
    roles = {figure.role for figure in checker.series(stem)}
    for role, word in ((Role.CONSENSUS, Period.CONSENSUS), (Role.GUIDANCE, Period.GUIDANCE)):
        if word in mention.periods and role not in roles:
            label = known[0].metric.label
            name = label if label[:2].isupper() else label[:1].lower() + label[1:]
            return f"the sheet holds no {role.value} for {name}"
    return None


def _reference(mention: Mention, checker: Checker, known: Sequence[Figure]) -> Figure | None:
    """The figure of the same metric that the mention should have stated."""
    fitting = [f for f in known if rules.unit(mention, f, checker) is None and not (mention.unit is None and f.change is not None)]
    asked = (rules.form, periods.period, rules.segment)
    return next((f for f in fitting if all(rule(mention, f, checker) is None for rule in asked)), None)


def _facts_say(mention: Mention, checker: Checker, known: Sequence[Figure]) -> str:
    """The named metric as the facts have it: its level, its changes, and what the sentence asks for besides."""
    series = checker.series(_stem(mention, known))
    level = next((f for f in series if f.change is None and f.role is Role.ACTUAL), None)
    parts = [f"{level.id} is {written(level)}"] if level is not None else []
    parts += [f"{'its change' if level is not None else f'{c.id} is'} {written_with_base(c)}" for c in _changes(mention, series)]
    for role, words in _ASKED_FOR.items():
        if mention.setting.said & words:
            parts += [f"{f.id} is {written_with_base(f)}" for f in series if f.role is role and f.change is None][:3]
    return ", ".join(parts or [f"{f.id} is {written_with_base(f)}" for f in series[:2]])


def _stem(mention: Mention, known: Sequence[Figure]) -> str:
    """The series to speak of: that of the named segment, else that of the whole company."""
    segment = mention.segments[0] if mention.is_segment_certain and mention.segments else None
    of_segment = (f.stem for f in known if segment and f.stem.endswith(f".{segment}"))
    of_company = (f.stem for f in known if f.segment is None)
    return next(of_segment, None) or next(of_company, known[0].stem)


def _changes(mention: Mention, series: Sequence[Figure]) -> list[Figure]:
    """The reported period's changes, one against each base; those against consensus only where the sentence speaks of it."""
    is_consensus_said = not _CONSENSUS.isdisjoint(mention.setting.said)
    found: dict[Change, Figure] = {}
    for figure in sorted(series, key=lambda f: not isinstance(f, DerivedFact)):
        if figure.change is not None and figure.role is Role.ACTUAL and (figure.change in _COMMON or is_consensus_said):
            found.setdefault(figure.change, figure)
    return list(found.values())
