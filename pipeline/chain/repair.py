"""What is asked after an answer failed its checks: the broken parts alone. What is sound stays as it is.

A model that writes its whole answer again breaks what was sound, and takes four times as long. So the schema of a repair holds only
the fields and as many list items as are broken, and its answer is put in their place. Nor does the model see its failed words
again, but for the numbers that failed: a small one repeats what it reads. It sees what held, why the rest did not, and the facts
that the rest was about.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.chain.briefing import gap_figures, headline_example, leading, safe, threshold_block
from pipeline.chain.examine import Examination, parse
from pipeline.chain.parts import Violation
from pipeline.chain.steps import Step
from pipeline.chain.telling import told
from pipeline.drafters.base import Brief
from pipeline.facts.figures import Figure
from pipeline.notes.models import SecondOrderEffect
from pipeline.prompting import load_prompt
from pipeline.schemas import narrow

_MECHANISM = "SecondOrderEffect.mechanism"
_MOST_FACTS = 6
"""Facts told with one part that is asked for anew."""


@dataclass(frozen=True, slots=True)
class Repair:
    """One repair turn: the `message` that asks for it, the `schema` of its answer, and where that answer belongs.

    `kept` is what the model is shown of its failed `answer`: the parts that held, as JSON; None where none did. `fields` are replaced
    as a whole; the items at `places` of the list `items` one by one, and with `appends` new ones join it. With neither, the repair is
    a whole new answer.
    """

    message: str
    schema: Mapping[str, Any]
    answer: dict[str, Any]
    kept: str | None = None
    fields: tuple[str, ...] = ()
    items: str | None = None
    places: tuple[int, ...] = ()
    appends: bool = False

    def merged(self, text: str) -> str:
        """The failed answer with what the model wrote in its place. An answer that is no object is passed on, to be examined as it is."""
        try:
            given = parse(text)
        except ValueError:
            return text
        if not (self.fields or self.items):
            return text
        whole = copy.deepcopy(self.answer)
        for name in self.fields:
            if name in given:
                whole[name] = given[name]
        new = given.get(self.items) if self.items is not None else None
        if isinstance(new, list) and self.items is not None:
            for place, value in zip(self.places, new, strict=False):
                whole[self.items][place] = value
            whole[self.items] += new if self.appends else []
        return dumps(whole)


def repair_of(step: Step, seen: Examination, schema: dict[str, Any], brief: Brief) -> Repair:
    """The repair that the violations of `seen` call for. `schema` is the step's own, narrowed."""
    if seen.raw is None:
        return Repair(load_prompt("repair_whole").render(violations=_lines(seen.violations)), schema, {})
    answer = json.loads(dumps(seen.raw))
    lacking = [violation for violation in seen.general if not violation.place]
    if lacking and len(lacking) == len(seen.violations) and step.items is not None and len(answer[step.items]) < _most(schema, step.items):
        message = load_prompt("repair_more").render(violations=_lines(lacking), items=step.items)
        left = _without_mechanisms(schema, _mechanisms_told(seen))
        return Repair(message, _limited(left, (step.items,), step.items, 1), answer, dumps(answer), items=step.items, appends=True)
    broken = _by_part(step, seen)
    names = list(broken)
    # A field that the schema does not know cannot be asked for anew.
    if seen.general or any(name.partition("[")[0] not in schema["properties"] for name in names):
        return Repair(load_prompt("repair_whole").render(violations=_lines(seen.violations)), schema, {})
    facts = _facts_for_each({name: _value(answer, name) for name in names}, _mechanisms_told(seen), brief)
    parts = "\n".join(_part(name, violations, facts[name], brief) for name, violations in broken.items())
    message = load_prompt("repair").render(parts=parts, names=", ".join(names))
    places = tuple(int(name.removeprefix(f"{step.items}[").removesuffix("]")) for name in names if name.endswith("]"))
    fields = tuple(name for name in names if not name.endswith("]"))
    asked = (*fields, *((step.items,) if places and step.items else ()))
    items = step.items if places else None
    # A small model that sees its first claim copies it into the headline.
    kept = {} if "headline" in fields else _what_holds(answer, fields, items, places)
    left = _limited(_without_mechanisms(schema, _mechanisms_told(seen)), asked, items, len(places))
    return Repair(message, left, answer, dumps(kept) if kept else None, fields, items, places)


def _by_part(step: Step, seen: Examination) -> dict[str, list[Violation]]:
    """The violations by what is asked for anew: a list's item, the headline, or a field of an answer that is one whole."""
    broken: dict[str, list[Violation]] = {}
    for part in seen.parts:
        for violation in part.violations:
            broken.setdefault(part.place or re.split(r"[.\[]", violation.place)[0], []).append(violation)
    return broken


def _part(name: str, violations: Sequence[Violation], facts: Sequence[Figure], brief: Brief) -> str:
    """`- claims[1] failed: '3.4 pp' matches no fact. Write about: revenue was $8,247m; ...`."""
    reasons = "; ".join(violation.message for violation in violations)
    if offered := _offered(name, brief):
        return f"- {name} failed: {reasons}. {offered}"
    lines = dict.fromkeys(told(figure, brief.facts) for figure in facts)
    return f"- {name} failed: {reasons}." + (f" Write it about: {safe('; '.join(lines))}." if lines else "")


def _offered(name: str, brief: Brief) -> str:
    """What may be taken over as it stands: for a small model no message takes the place of an example."""
    match name:
        case "headline":
            return f"For instance: {headline_example(brief)}"
        case "falsifier" if (candidates := threshold_block(brief)) != "- none":
            return f"Take one of these:\n{candidates}"
    return ""


def _mechanisms_told(seen: Examination) -> frozenset[str]:
    """The mechanisms of the effects that hold: an effect that is asked for anew takes another one, or it says the same once more."""
    return frozenset(part.value.mechanism for part in seen.sound if isinstance(part.value, SecondOrderEffect)) - {"other"}


def _without_mechanisms(schema: dict[str, Any], mechanisms: frozenset[str]) -> dict[str, Any]:
    """The schema of effects without these mechanisms; of another step as it is."""
    if not mechanisms:
        return schema
    field = schema["$defs"]["SecondOrderEffect"]["properties"]["mechanism"]
    return narrow(schema, {_MECHANISM: [id_ for id_ in field["enum"] if id_ not in mechanisms]})


def _facts_for_each(values: Mapping[str, Any], told_mechanisms: frozenset[str], brief: Brief) -> dict[str, Sequence[Figure]]:
    """What each part that is asked for anew is to be about. An effect whose mechanism is told already gets the facts of one that is not."""
    used = {*told_mechanisms, *(mechanism for value in values.values() if (mechanism := _mechanism_of(value)) is not None)}
    unused = iter([fired.facts for fired in brief.offered if fired.mechanism.id not in used])
    return {
        name: next(unused, ()) if _mechanism_of(value) in told_mechanisms else _facts_for(name, value, brief)
        for name, value in values.items()
    }


def _mechanism_of(value: Any) -> str | None:
    return mechanism if isinstance(value, dict) and isinstance(mechanism := value.get("mechanism"), str) else None


def _facts_for(name: str, value: Any, brief: Brief) -> Sequence[Figure]:
    """What a part that is asked for anew is to be about: what its place in the consensus gap is for, else the facts that it cited, or
    the leading ones where it cites none."""
    if name == "headline":
        return leading(brief)[:2]
    if (figures := gap_figures(brief).get(name)) is not None:
        return figures
    cited = [brief.facts[id_] for id_ in dict.fromkeys(_evidence(value)) if id_ in brief.facts]
    return _with_levels(cited or leading(brief), brief)


def _with_levels(figures: Sequence[Figure], brief: Brief) -> list[Figure]:
    """Figures and, after each change, the level that it led to."""
    found: list[Figure] = []
    for figure in figures:
        level = brief.facts.level(figure.metric.id, figure.segment) if figure.change is not None else None
        found += [figure, *([level] if level is not None else [])]
    return found[:_MOST_FACTS]


def _evidence(value: Any) -> list[str]:
    """Every id that a part cites."""
    match value:
        case {"evidence": list(ids)}:
            return [id_ for id_ in ids if isinstance(id_, str)]
        case dict():
            return [id_ for inner in value.values() for id_ in _evidence(inner)]
    return []


def _value(answer: dict[str, Any], name: str) -> Any:
    field, _, place = name.removesuffix("]").partition("[")
    return answer[field][int(place)] if place else answer.get(field)


def _what_holds(answer: dict[str, Any], fields: Sequence[str], items: str | None, places: Sequence[int]) -> dict[str, Any]:
    """The answer without what is asked for anew; empty when only the headline or nothing would remain."""
    kept = {name: value for name, value in answer.items() if name not in fields}
    if items is not None:
        kept[items] = [value for n, value in enumerate(answer[items]) if n not in places]
        return kept if kept[items] else {}
    return kept


def _lines(violations: Sequence[object]) -> str:
    return "\n".join(f"- {violation}" for violation in violations)


def _most(schema: Mapping[str, Any], items: str) -> int:
    return int(schema["properties"][items]["maxItems"])


def _limited(schema: dict[str, Any], fields: Sequence[str], items: str | None = None, count: int = 0) -> dict[str, Any]:
    """`schema` with some of its fields only, the list `items` with exactly `count` entries."""
    limited = {**schema, "properties": {name: schema["properties"][name] for name in fields}, "required": list(fields)}
    if items is not None:
        limited["properties"][items] = {**schema["properties"][items], "minItems": count, "maxItems": count}
    return limited


def dumps(value: Any) -> str:
    """JSON of an answer: readable letters, and decimals as numbers."""
    return json.dumps(value, ensure_ascii=False, default=_number)


def _number(value: Any) -> float:
    return float(value)
