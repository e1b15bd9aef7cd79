"""Are numbers that a reader computes accepted, and wrong ones refused? TAT-QA's arithmetic questions, their answers as sentences.

    python -m evals.bench.tatqa [--data FOLDER] [--dump FILE] [--write]

Each question whose derivation is one formula over cells of its table becomes a fact sheet of those cells, a sentence that
states the answer as a person would write it, and sentences with wrong answers. The answer must be grounded, by a formula over
the cited cells or by a fact that the sheet derives from them; a wrong one must be refused. Annotators write two decimals, more
than some operands carry: an answer that is refused as written and accepted with fewer decimals is counted as refused for its
precision alone. `by chance` is how often a random number of the answer's magnitude is accepted.

Two sheets: the cells that the formula needs, cited as evidence; and the whole table, nothing cited.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from evals.bench.derivations import Shape
from evals.bench.outside import arguments, keep, needs
from evals.bench.tatqa_questions import Left, Question, questions
from evals.bench.tatqa_sentences import places_of, random_values, sentence, written, wrong
from pipeline.facts.factbase import FactBase
from pipeline.facts.figures import DerivedFact
from pipeline.facts.quantity import MULTIPLE, PERCENT, Scale, UnitClass
from pipeline.grounding import NumberCheck, check_text

# As many units of the last place may stay open as where figures are printed.
_SLACK = 4
SETTLED = "of these, the operands' rounding settles every place"


# -- deciding -------------------------------------------------------------------------------------------------------------------


def decide(
    question: Question, value: Decimal, places: int, base: FactBase, evidence: Sequence[str] | None
) -> tuple[NumberCheck | None, str]:
    """What is decided of the answer's number, None where it is not found as such; and the sentence."""
    text = sentence(question, value, places)
    at = text.find(written(question, value, places))
    checks = check_text(text, base, evidence=evidence).checks
    return next((check for check in checks if check.mention.start <= at + 1 < check.mention.end), None), text


def passed(check: NumberCheck | None, question: Question, base: FactBase) -> str:
    """How a grounded number is accounted for: by a formula over the operands, by a derived fact, or otherwise. Empty: not grounded."""
    if check is None or check.decision != "grounded":
        return ""
    if check.fact is None:
        return "computed" if all(name in check.rule for name in question.ids) else "computed, other formula"
    figure = base[check.fact]
    if isinstance(figure, DerivedFact) and {*figure.inputs} <= {*question.ids}:
        return "derived fact"
    return "fact"


def _settles(question: Question, base: FactBase, places: int) -> bool:
    """Whether the operands, as closely as they are known, leave at most a few units of the answer's last written place open."""
    first, *others = (base[name].quantity for name in question.ids)
    match question.derivation.shape:
        case Shape.GROWTH:
            value = first.growth_from(others[0])
        case Shape.QUOTIENT:
            value = first.over(others[0], PERCENT if question.unit is UnitClass.PERCENT else MULTIPLE)
        case Shape.DIFFERENCE:
            value = first - others[0]
        case _:
            value = sum(others, first)
            value = value.times(1 / Decimal(len(question.ids))) if question.derivation.shape is Shape.AVERAGE else value
    factor = Scale(question.scale).factor if question.unit in (UnitClass.MONEY, UnitClass.SHARES, UnitClass.COUNT) else Decimal(1)
    return value.interval.width <= _SLACK * factor * Decimal(1).scaleb(-places)


# -- measuring ------------------------------------------------------------------------------------------------------------------


class Tally:
    """Counts by kind of formula."""

    def __init__(self) -> None:
        self.rows: dict[str, Counter[str]] = defaultdict(Counter)
        self.accepted: Counter[str] = Counter()
        self.tried: Counter[str] = Counter()

    def add(self, kind: str, what: str, count: int = 1) -> None:
        self.rows[kind][what] += count
        self.rows["all"][what] += count


def measure(asked: Sequence[Question], cited: bool, dump: list[str]) -> dict[str, Any]:
    tally = Tally()
    for question in asked:
        base = question.base if cited else question.table
        evidence = question.ids if cited else None
        gold = places_of(question.answer)
        tally.add(question.kind, "n")
        first, text = decide(question, question.answer, gold, base, evidence)
        how, places = passed(first, question, base), gold
        if how:
            tally.add(question.kind, how)
        else:
            for places in range(gold - 1, -1, -1):
                again, text_again = decide(question, question.answer, places, base, evidence)
                if question.answer.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) and passed(again, question, base):
                    tally.add(question.kind, "precision alone")
                    tally.add(question.kind, SETTLED, _settles(question, base, gold))
                    dump.append(f"precision: {text}\n    then: {text_again}")
                    break
            else:
                places = gold
                tally.add(question.kind, "refused")
                said = "not read as one number" if first is None else f"{first.decision} [{first.rule}] {first.message}"
                cells = ", ".join(f"{one.fact.id}={one.fact.value}" for one in question.cells)
                dump.append(f"REFUSED {question.kind}: {text}\n    {said}\n    {cells}")
        for name, value in wrong(question, places):
            check, text = decide(question, value, places, base, evidence)
            tally.add(question.kind, "wrong ones")
            tally.tried[name] += 1
            if how := passed(check, question, base):
                tally.add(question.kind, "wrong ones accepted")
                tally.accepted[name] += 1
                assert check is not None
                dump.append(f"ACCEPTED {name}: {text}\n    right: {question.answer}; {check.rule} {check.fact}")
        for value in random_values(question, places):
            check, text = decide(question, value, places, base, evidence)
            tally.add(question.kind, "by chance tried")
            if passed(check, question, base):
                tally.add(question.kind, "by chance accepted")
                assert check is not None
                dump.append(f"CHANCE: {text}\n    right: {question.answer}; {check.rule} {check.fact}")
    return {
        "kinds": {kind: dict(row) for kind, row in sorted(tally.rows.items(), key=lambda item: -item[1]["n"])},
        "wrong ones accepted, by what is wrong": {name: f"{tally.accepted[name]} of {tally.tried[name]}" for name in sorted(tally.tried)},
    }


def show(figures: dict[str, Any]) -> Iterator[str]:
    columns = ("n", "computed", "derived fact", "otherwise", "precision alone", "refused", "wrong ones accepted", "by chance accepted")
    yield f"  {'kind':18}" + "".join(f"{name:>{len(name) + 2}}" for name in columns) + "\n"
    for kind, row in figures["kinds"].items():
        cells = {name: str(row.get(name, 0)) for name in columns}
        cells["otherwise"] = str(row.get("fact", 0) + row.get("computed, other formula", 0))
        cells["wrong ones accepted"] += f" of {row.get('wrong ones', 0)}"
        cells["by chance accepted"] += f" of {row.get('by chance tried', 0)}"
        yield f"  {kind:18}" + "".join(f"{cells[name]:>{len(name) + 2}}" for name in columns) + "\n"
    yield f"  precision alone: {SETTLED} in {figures['kinds']['all'].get(SETTLED, 0)}\n"
    for name, count in figures["wrong ones accepted, by what is wrong"].items():
        yield f"    {name}: {count} accepted\n"


def main() -> None:
    args = arguments(__doc__).parse_args()
    path = args.data / "claims" / "tatqa_dev.json.gz"
    if not needs(path):
        return
    found = list(questions(path))
    asked = [one for one in found if isinstance(one, Question)]
    left = Counter(str(one) for one in found if isinstance(one, Left))
    figures: dict[str, Any] = {"arithmetic questions": len(found), "checked": len(asked), "left out": dict(left.most_common())}
    dump: list[str] = []
    for name, cited in (("cited cells", True), ("whole table, nothing cited", False)):
        dump.append(f"== {name}")
        figures[name] = measure(asked, cited, dump)
    sys.stdout.write(f"{len(found)} arithmetic questions, {len(asked)} checked\n")
    sys.stdout.writelines(f"  {count:4} left out: {why}\n" for why, count in left.most_common())
    for name in ("cited cells", "whole table, nothing cited"):
        sys.stdout.write(f"\n{name}\n")
        sys.stdout.writelines(show(figures[name]))
    if args.dump:
        args.dump.write_text("\n".join(dump), "utf-8")
    if args.write:
        keep("tatqa", figures)


if __name__ == "__main__":
    main()
