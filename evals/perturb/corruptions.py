"""Known faults, planted one at a time. Each kind yields the notes that a fault of that kind makes of one reference, one for each place.

A fault is a fault for certain: a digit changed beyond what rounding allows, a verb turned round, a field with another of its words. What
a sentence says otherwise stays as it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import get_args

from evals.perturb.editing import LISTS, spots, with_claim, with_item, with_items, with_text
from pipeline.facts.factbase import FactBase
from pipeline.grounding import check_text
from pipeline.grounding.report import NumberCheck
from pipeline.notes.models import Claim, GapSign, Note, Party

Corrupt = Callable[[Note, FactBase], Iterator[Note]]

_TURNED = {
    "rose": "fell", "fell": "rose", "up": "down", "down": "up", "grew": "shrank", "higher": "lower", "lower": "higher", "above": "below",
    "below": "above", "increased": "decreased", "decreased": "increased", "gained": "lost", "climbed": "dropped", "dropped": "climbed",
    "slipped": "rose", "declined": "increased", "widened": "narrowed", "narrowed": "widened",
}  # fmt: skip
_OTHER_METRIC = {
    "gross margin": "operating margin", "operating margin": "gross margin", "net income": "operating income",
    "operating income": "net income", "free cash flow": "operating cash flow", "operating cash flow": "free cash flow",
    "inventory": "receivables", "revenue": "gross profit", "diluted EPS": "dividend per share", "net margin": "gross margin",
}  # fmt: skip
_REPORTED = ("net income", "operating income", "operating margin", "gross margin", "diluted EPS", "revenue")
_VAGUE = "Business moved in a good direction and the main lines were broadly as one would hope."
_INVENTED = "A large customer is about to leave, and the finance chief is said to be leaving as well."


def number(note: Note, facts: FactBase) -> Iterator[Note]:
    """A figure's first digit is another one."""
    for spot in spots(note):
        for check in _figures(spot.claim, facts)[:1]:
            text = check.mention.text
            first = re.search(r"\d", text)
            if first is not None:
                digit = str(int(first.group()) % 9 + 1)
                yield with_text(note, spot, _put(spot.claim.text, check, f"{text[: first.start()]}{digit}{text[first.end() :]}"))


def scale(note: Note, facts: FactBase) -> Iterator[Note]:
    """Millions are billions, and billions millions."""
    for spot in spots(note):
        for check in _figures(spot.claim, facts):
            if (found := re.search(r"(?<=\d)(m|bn)\b", check.mention.text)) is not None:
                other = {"m": "bn", "bn": "m"}[found.group()]
                yield with_text(
                    note,
                    spot,
                    _put(spot.claim.text, check, check.mention.text[: found.start()] + other + check.mention.text[found.end() :]),
                )
                break


def sign(note: Note, facts: FactBase) -> Iterator[Note]:
    """A positive level is negative, or the other way round."""
    for spot in spots(note):
        for check in _figures(spot.claim, facts):
            figure = facts[check.fact] if check.fact and check.fact in facts else None
            # "The net loss was -$68m" is clumsy, and no other figure.
            is_loss = "loss" in spot.claim.text[: check.mention.start].lower()
            if figure is not None and figure.change is None and not is_loss and check.mention.text[0] in "$0123456789":
                yield with_text(note, spot, _put(spot.claim.text, check, f"-{check.mention.text}"))
                break


def unit(note: Note, facts: FactBase) -> Iterator[Note]:
    """Percent are points, and points percent."""
    for spot in spots(note):
        for check in _figures(spot.claim, facts):
            text = check.mention.text
            if text.endswith(("%", " pp")):
                other = f"{text[:-1]} pp" if text.endswith("%") else f"{text[:-3]}%"
                yield with_text(note, spot, _put(spot.claim.text, check, other))
                break


def direction(note: Note, facts: FactBase) -> Iterator[Note]:
    """The verb before a figure points the other way."""
    words = "|".join(_TURNED)
    for spot in spots(note):
        for check in _figures(spot.claim, facts):
            before = spot.claim.text[: check.mention.start]
            figure = facts[check.fact] if check.fact and check.fact in facts else None
            found = re.search(rf"\b({words})\s+(?:by\s+)?$", before)
            if found is not None and figure is not None and figure.change is not None:
                turned = before[: found.start(1)] + _TURNED[found.group(1)] + before[found.end(1) :]
                yield with_text(note, spot, turned + spot.claim.text[check.mention.start :])
                break


def period(note: Note, _: FactBase) -> Iterator[Note]:
    """A change against the year before is one against the quarter before, or the other way round."""
    for spot in spots(note):
        if (found := re.search(r"\b[yq]/[yq]\b", spot.claim.text)) is not None:
            other = "q/q" if found.group() == "y/y" else "y/y"
            yield with_text(note, spot, spot.claim.text[: found.start()] + other + spot.claim.text[found.end() :])


def basis(note: Note, facts: FactBase) -> Iterator[Note]:
    """A reported figure is called adjusted, an adjusted one loses the word."""
    for spot in spots(note):
        text = spot.claim.text
        if not _figures(spot.claim, facts):
            continue
        if (found := re.search(r"\b[Aa]djusted (?=EPS|operating margin|operating income|EBITDA)", text)) is not None:
            yield with_text(note, spot, f"{text[: found.start()]}GAAP {text[found.end() :]}")
        elif (found := _named(_REPORTED, text, facts, spot.claim)) is not None:
            yield with_text(note, spot, f"{text[: found.start()]}adjusted {_lower_first(text[found.start() :])}")


def metric(note: Note, facts: FactBase) -> Iterator[Note]:
    """A figure stands beside another metric's name."""
    for spot in spots(note):
        text = spot.claim.text
        if (found := _named(tuple(_OTHER_METRIC), text, facts, spot.claim)) is not None:
            other = next(theirs for name, theirs in _OTHER_METRIC.items() if name.lower() == found.group().lower())
            yield with_text(
                note, spot, text[: found.start()] + (other[0].upper() + other[1:] if found.start() == 0 else other) + text[found.end() :]
            )


def party(note: Note, _: FactBase) -> Iterator[Note]:
    """An effect reaches somebody else."""
    parties = get_args(Party)
    for n, effect in enumerate(note.second_order_effects):
        other = parties[(parties.index(effect.party) + 1) % len(parties)]
        yield with_item(note, "second_order_effects", n, effect.model_copy(update={"party": other}))


def stance(note: Note, _: FactBase) -> Iterator[Note]:
    """An effect is good for whom it is bad, or bad for whom it is good."""
    for n, effect in enumerate(note.second_order_effects):
        other = "negative" if effect.direction == "positive" else "positive"
        yield with_item(note, "second_order_effects", n, effect.model_copy(update={"direction": other}))


def horizon(note: Note, _: FactBase) -> Iterator[Note]:
    """What takes quarters takes years, or the other way round."""
    for section in ("second_order_effects", "catalysts"):
        for n, item in enumerate(getattr(note, section)):
            other = "next_12_18_months" if item.horizon == "next_1_2_quarters" else "next_1_2_quarters"
            yield with_item(note, section, n, item.model_copy(update={"horizon": other}))


def gap_sign(note: Note, _: FactBase) -> Iterator[Note]:
    """The gap stands on the other side of the street."""
    if note.consensus_gap is not None:
        high, low = GapSign.STREET_TOO_HIGH, GapSign.STREET_TOO_LOW
        other = low if note.consensus_gap.sign is high else high
        yield note.model_copy(update={"consensus_gap": note.consensus_gap.model_copy(update={"sign": other})})


def wrong_evidence(note: Note, facts: FactBase) -> Iterator[Note]:
    """A claim cites a fact that its numbers do not rest on."""
    for spot in spots(note):
        used = {facts[name].stem for name in spot.claim.evidence if name in facts}
        other = next((figure.id for figure in facts if figure.stem not in used), None)
        if other is not None and _figures(spot.claim, facts):
            yield with_claim(note, spot, spot.claim.model_copy(update={"evidence": (other,)}))


def dropped_claim(note: Note, _: FactBase) -> Iterator[Note]:
    """A claim, an effect or a catalyst is not there."""
    for section in LISTS:
        items = getattr(note, section)
        for n in range(len(items)):
            yield with_items(note, section, [*items[:n], *items[n + 1 :]])


def invented_claim(note: Note, facts: FactBase) -> Iterator[Note]:
    """The summary says one thing more, of which the facts know nothing."""
    first = next(iter(facts)).id
    for n in range(len(note.summary) + 1):
        yield with_items(note, "summary", [*note.summary[:n], Claim(evidence=(first,), text=_INVENTED), *note.summary[n:]])


def swapped_sections(note: Note, _: FactBase) -> Iterator[Note]:
    """A claim of the summary stands among the effects, and the effect's in the summary."""
    for n, effect in enumerate(note.second_order_effects):
        if n < len(note.summary):
            swapped = with_item(note, "summary", n, effect.claim)
            yield with_item(swapped, "second_order_effects", n, effect.model_copy(update={"claim": note.summary[n]}))


def duplicated_claim(note: Note, _: FactBase) -> Iterator[Note]:
    """A claim, an effect or a catalyst stands twice."""
    for section in LISTS:
        items = getattr(note, section)
        for n in range(len(items)):
            yield with_items(note, section, [*items, items[n]])


def vague_rewrite(note: Note, facts: FactBase) -> Iterator[Note]:
    """A claim says nothing particular any more; its evidence stays."""
    for spot in spots(note):
        if _figures(spot.claim, facts):
            yield with_text(note, spot, _VAGUE)


def copied_input(note: Note, facts: FactBase) -> Iterator[Note]:
    """Instead of a claim stands what the sheet holds, word for word: a statement, or its figures as they come."""
    texts = [statement.text for statement in facts.sheet.statements] or [" ".join(f.id for f in facts.sheet.facts[:12])]
    for n, spot in enumerate(spots(note)):
        yield with_text(note, spot, texts[n % len(texts)])


KINDS: Mapping[str, Corrupt] = {
    kind.__name__: kind
    for kind in (
        number, scale, sign, unit, direction, period, basis, metric, party, stance, horizon, gap_sign, wrong_evidence, dropped_claim,
        invented_claim, swapped_sections, duplicated_claim, vague_rewrite, copied_input,
    )
}  # fmt: skip
"""Every kind by its name."""


def _figures(claim: Claim, facts: FactBase) -> list[NumberCheck]:
    """The claim's numbers that follow from a fact."""
    checks = check_text(claim.text, facts, evidence=claim.evidence).checks
    return [check for check in checks if check.decision == "grounded" and check.fact is not None]


def _put(text: str, check: NumberCheck, other: str) -> str:
    return text[: check.mention.start] + other + text[check.mention.end :]


def _named(names: tuple[str, ...], text: str, facts: FactBase, claim: Claim) -> re.Match[str] | None:
    """The first of these names that stands right before one of the claim's figures of just that metric."""
    for check in _figures(claim, facts):
        label = facts[check.fact].metric.label.lower() if check.fact and check.fact in facts else ""
        for name in names:
            found = list(re.finditer(rf"(?<!adjusted )(?<!organic )\b{name}\b", text[: check.mention.start], re.IGNORECASE))
            if name.lower() == label and found and "." not in text[found[-1].end() : check.mention.start]:
                return found[-1]
    return None


def _lower_first(text: str) -> str:
    return text if text[1:2].isupper() else text[0].lower() + text[1:]
