"""How are the numbers of real summaries decided? 60 earnings calls with the summary that somebody wrote of each, and analysts' sentences.

    python -m evals.bench.call_summaries [--data FOLDER] [--dump FILE] [--write]

No fact sheets exist for these calls, so facts are read from the call by a plain rule: each figure of a sentence that names
a metric of the vocabulary beside it becomes a fact of that metric, in the period and role that the sentence's words give.
So a number can be refused because the call does not say it, because this rule missed it, or because the check is wrong:
the dump is for reading which. Of analysts' sentences, which have no facts at all, only what is read is counted.
"""

from __future__ import annotations

import csv
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from evals.bench.outside import arguments, fact, keep, needs, quarter, sheet, year
from pipeline.facts.factbase import FactBase
from pipeline.facts.quantity import UnitClass
from pipeline.facts.sheet import Fact, Period
from pipeline.facts.vocabulary import RATES, vocabulary
from pipeline.grounding import NumberCheck, check_text
from pipeline.grounding.lexicon import Approximation, Direction
from pipeline.grounding.mentions import find
from pipeline.grounding.models import Form, Mention
from pipeline.grounding.topics import BasisWord
from pipeline.grounding.topics import Period as Said

_NAME = re.compile(r"q([1-4])_([0-9]{4})")
_SAMPLE = 500
_SEED = 20240
_BASES = {
    BasisWord.ADJUSTED: "adjusted",
    BasisWord.GAAP: "gaap",
    BasisWord.CONSTANT_CURRENCY: "constant_currency",
    BasisWord.ORGANIC: "organic",
}
_DOWN = frozenset((Direction.DOWN, Direction.NARROWER, Direction.WORSE))
_BOUNDS = {Approximation.ABOUT: "about", Approximation.MORE_THAN: "more_than", Approximation.LESS_THAN: "less_than"}


@dataclass(frozen=True, slots=True)
class Call:
    """A call and its summary, and the quarter that they speak of."""

    name: str
    lines: tuple[str, ...]
    summary: tuple[str, ...]
    part: int
    year: int


def calls(folder: Path) -> Iterator[Call]:
    for path in sorted(folder.glob("*.call.txt")):
        found = _NAME.search(path.name)
        assert found is not None, path.name
        name = path.name.removesuffix(".call.txt")
        summary = path.with_name(f"{name}.summary.txt").read_text("utf-8")
        lines = (line.strip() for line in path.read_text("utf-8").splitlines())
        yield Call(name, tuple(line for line in lines if line), tuple(summary.splitlines()), int(found[1]), int(found[2]))


# -- a call -> facts -----------------------------------------------------------------------------------------------------------


def facts_of(call: Call) -> FactBase | None:
    """The facts that the call's sentences give by the plain rule; None where there is none."""
    periods: list[Period] = [year(n) for n in range(call.year - 15, call.year + 16)]
    periods += [quarter(part, n) for n in range(call.year - 5, call.year + 3) for part in (1, 2, 3, 4)]
    known = {period.id for period in periods}
    found: list[Fact] = []
    expected: set[tuple[str, str]] = set()
    for number, line in enumerate(call.lines):
        for order, mention in enumerate(find(line)):
            fields = _fields(mention, call)
            if fields is None or fields["period"] not in known:
                continue
            if fields["role"] == "consensus":
                # A sheet holds one consensus for a metric and period.
                if (fields["metric"], fields["period"]) in expected:
                    continue
                expected.add((fields["metric"], fields["period"]))
            try:
                found.append(fact(id=f"{fields['metric']}.l{number}n{order}", quote=line[:2000], **fields))
            except ValidationError:
                continue
    return FactBase.of(sheet(found, periods, f"{call.year}q{call.part}")) if found else None


def _fields(mention: Mention, call: Call) -> dict[str, Any] | None:
    """What the sentence says of a figure, as a fact's fields; None where it names no metric beside it or the units do not fit."""
    if mention.kind or mention.problem or mention.value is None or mention.step is None or not (mention.metrics and mention.is_certain):
        return None
    metric = vocabulary()[mention.metrics[0]]
    is_rate = mention.unit in (UnitClass.PERCENT, UnitClass.POINTS)
    is_change = is_rate and metric.id not in RATES and (mention.form is Form.CHANGE or metric.unit is not UnitClass.PERCENT)
    if not is_change and mention.form is Form.CHANGE and metric.id not in RATES:
        return None
    money = mention.currencies[0] if mention.currencies else "USD"
    match metric.unit:
        case _ if is_change:
            unit = "percent" if mention.unit is UnitClass.PERCENT else "pp"
        case UnitClass.MONEY if mention.unit is UnitClass.MONEY or (mention.unit is None and mention.is_scaled):
            unit = money
        case UnitClass.PER_SHARE if mention.unit in (UnitClass.MONEY, UnitClass.PER_SHARE, None) and not mention.is_scaled:
            unit = f"{money}/share"
        case UnitClass.PERCENT if mention.unit is UnitClass.PERCENT:
            unit = "percent"
        case UnitClass.MULTIPLE | UnitClass.SHARES | UnitClass.DAYS if mention.unit is metric.unit:
            unit = {"multiple": "x", "shares": "shares", "days": "days"}[metric.unit]
        case UnitClass.COUNT if mention.unit is None:
            unit = "count"
        case _:
            return None
    size = abs(mention.value)
    is_down = mention.direction in _DOWN or (not is_change and mention.is_loss)
    signed = -size if mention.sign < 0 or (mention.sign == 0 and is_down and (is_change or mention.is_loss or metric.id in RATES)) else size
    fields: dict[str, Any] = {"metric": metric.id, "value": signed, "unit": unit, "rounded_to": mention.step}
    fields |= _when(mention, call)
    if is_change:
        fields["change"] = "qoq" if Said.QOQ in mention.periods else "yoy"
    if basis := next((_BASES[word] for word in _BASES if word in mention.bases), None):
        fields["basis"] = basis
    if mention.approximator in _BOUNDS:
        fields["bound"] = _BOUNDS[mention.approximator]
    return fields


def _when(mention: Mention, call: Call) -> dict[str, str]:
    """Role and period by the sentence's words: guided, expected, a named or earlier period, else the reported quarter."""
    now = f"{call.year}q{call.part}"
    label = next(iter(mention.labels), None)
    named = None
    if label is not None and label.part is not None:
        number = label.year or call.year
        named = str(number) if label.part == "fy" else f"{number}{label.part}" if label.part[0] == "q" else None
    elif label is not None and label.year is not None:
        named = str(label.year)
    is_later = named is not None and named > now and not named.startswith(now)
    if {Said.GUIDANCE, Said.OUTLOOK} & mention.setting.said or (is_later and mention.setting.is_modal):
        return {"role": "guidance", "period": named or str(call.year)}
    if {Said.CONSENSUS, Said.STREET} & mention.periods:
        return {"role": "consensus", "period": named or now}
    if named is not None and named != now:
        is_year_ago = named == f"{call.year - 1}q{call.part}"
        return {"role": "prior_year" if is_year_ago else "history" if named < now else "actual", "period": named}
    is_base = mention.link in ("from", "versus") or mention.form is Form.BASE
    if Said.PRIOR_YEAR in mention.periods or (is_base and Said.YOY in mention.periods):
        return {"role": "prior_year", "period": f"{call.year - 1}q{call.part}"}
    if Said.PRIOR_QUARTER in mention.periods or (is_base and Said.QOQ in mention.periods):
        before = (call.year, call.part - 1) if call.part > 1 else (call.year - 1, 4)
        return {"role": "prior_quarter", "period": f"{before[0]}q{before[1]}"}
    return {"role": "actual", "period": now}


# -- summaries and analysts -----------------------------------------------------------------------------------------------------


def _said(check: NumberCheck, line: str) -> str:
    mention = check.mention
    return (
        f"{check.decision} [{check.rule}] '{mention.text}' unit={mention.unit} value={mention.value} metrics={mention.metrics[:2]}"
        f" form={mention.form} certain={mention.is_certain}\n    {line}\n    {check.message}\n"
    )


def measure_summaries(folder: Path, dump: list[str]) -> dict[str, Any]:
    decisions: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    sizes, sentences, without = [], 0, 0
    for call in calls(folder):
        base = facts_of(call)
        sizes.append(len(base.sheet.facts) if base else 0)
        for line in call.summary:
            sentences += 1
            if base is None:
                without += sum(mention.kind is None for mention in find(line))
                continue
            for check in check_text(line, base).checks:
                decisions[check.decision] += 1
                rules[f"{check.decision}: {_rule(check)}"] += 1
                if check.is_problem:
                    dump.append(f"{call.name} {_said(check, line)}")
    return {
        "calls": len(sizes),
        "facts per call, mean": round(sum(sizes) / len(sizes), 1),
        "sentences": sentences,
        "numbers": sum(decisions.values()),
        "numbers of calls without facts": without,
        "by decision": dict(decisions.most_common()),
        "by rule": dict(rules.most_common()),
    }


def _rule(check: NumberCheck) -> str:
    return "computed" if check.rule.startswith("computed") else check.rule


def measure_analysts(path: Path, dump: list[str]) -> dict[str, Any]:
    """What is read of a sample of analysts' sentences: kinds, units, and how often a metric is found."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row["text"] for row in csv.DictReader(file)]
    sample = random.Random(_SEED).sample(rows, _SAMPLE)  # noqa: S311 a sample, no secret
    kinds: Counter[str] = Counter()
    units: Counter[str] = Counter()
    named = 0
    for line in sample:
        for mention in find(line):
            if mention.kind is not None:
                kinds[f"structure: {mention.kind}"] += 1
            elif mention.problem:
                kinds["cannot be read"] += 1
            else:
                kinds["figure"] += 1
                units[str(mention.unit)] += 1
                named += bool(mention.metrics and mention.is_certain)
            of = (
                mention.kind
                or mention.problem
                or f"{mention.unit} {mention.value} {mention.form} {mention.direction} {mention.metrics[:2]}"
            )
            dump.append(f"'{mention.text}' {of} certain={mention.is_certain}\n    {line}\n")
    return {
        "sentences": len(sample),
        "numbers": sum(kinds.values()),
        "by kind": dict(kinds.most_common()),
        "figures by unit": dict(units.most_common()),
        "figures with a metric beside them": named,
    }


def main() -> None:
    args = arguments(__doc__).parse_args()
    figures: dict[str, Any] = {}
    dump: list[str] = []
    analysts: list[str] = []
    if needs(args.data / "calls"):
        figures["summaries"] = measure_summaries(args.data / "calls", dump)
    if needs(args.data / "claims" / "finnumclaim_arpts_gold.csv"):
        figures["analysts"] = measure_analysts(args.data / "claims" / "finnumclaim_arpts_gold.csv", analysts)
    for part, rows in figures.items():
        sys.stdout.write(f"{part}\n")
        for name, value in rows.items():
            lines = [f"  {count:6} {what}" for what, count in value.items()] if isinstance(value, dict) else []
            sys.stdout.write(f"  {name}{'' if lines else f': {value}'}\n" + "".join(f"  {line}\n" for line in lines))
    if args.dump:
        args.dump.write_text("\n".join(dump + analysts), "utf-8")
    if args.write and figures:
        keep("call_summaries", figures)


if __name__ == "__main__":
    main()
