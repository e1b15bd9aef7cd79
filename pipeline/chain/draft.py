"""Drafting one note: four steps in one growing conversation, each answer examined, repaired at most twice, or withheld."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pipeline.chain.assemble import assemble
from pipeline.chain.checks import Checks, prose_of
from pipeline.chain.examine import Examination, examine
from pipeline.chain.parts import Part, StepResult
from pipeline.chain.record import RunRecord, StepRecord, Turn, total
from pipeline.chain.repair import Repair, dumps, repair_of
from pipeline.chain.steps import STEPS, Step, opening
from pipeline.drafters.base import Brief, Drafter, StepRequest
from pipeline.errors import BadAnswer, NothingToDraft
from pipeline.facts.factbase import FactBase
from pipeline.facts.sheet import FactSheet
from pipeline.llm.types import Attempt, Message
from pipeline.mechanisms.engine import evaluate
from pipeline.mechanisms.library import Mechanism, library
from pipeline.notes.models import Note, PromptUsed, StepName, Withheld
from pipeline.prompting import load_prompt
from pipeline.schemas import digest

MAX_REPAIRS = 2
_PROMPTS = ("system", "facts", "summarize", "second_order", "consensus_gap", "catalysts", "schema_note")
_REPAIR_PROMPTS = ("repair", "repair_more", "repair_whole")

OnStep = Callable[[StepName, str], None]
"""Told what a step is doing, for progress: drafting, repairing, accepted, partly_withheld, failed."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Where time comes from, so that tests can fix it. `now` is aware; `monotonic` counts seconds."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]

    @classmethod
    def system(cls) -> Clock:
        """This machine's."""
        return cls(now=lambda: datetime.now(UTC), monotonic=time.monotonic)


@dataclass(frozen=True, slots=True)
class Draft:
    """A note, and the record of how it came to be."""

    note: Note
    record: RunRecord


async def draft_note(
    sheet: FactSheet,
    drafter: Drafter,
    clock: Clock,
    on_step: OnStep = lambda step, doing: None,
    mechanisms: Sequence[Mechanism] | None = None,
) -> Draft:
    """Draft, check and assemble one note. `mechanisms` is the library that it may use, by default the one that ships.

    Raises ProviderError when the model's server cannot be used at all. An answer that cannot be used (refused, filtered,
    cut off, empty) fails its step only, and the note needs review.
    """
    started, begun = clock.now(), clock.monotonic()
    facts = FactBase.of(sheet)
    fired, _ = evaluate(facts, library() if mechanisms is None else mechanisms)
    brief = Brief(facts, fired, drafter.most_facts)
    chain = _Chain(brief, drafter, clock, on_step)
    results = await chain.run()
    names = (*_PROMPTS, *(_REPAIR_PROMPTS if drafter.asks_again else ())) if drafter.model else ()
    prompts = tuple(PromptUsed(name=name, digest=load_prompt(name).digest) for name in names)
    schemas = tuple(PromptUsed(name=step.schema, digest=digest(step.schema)) for step in STEPS)
    usage = total([turn.usage for result in results for turn in result.record.turns])
    record = RunRecord(
        sheet_digest=facts.digest,
        drafter=drafter.name,
        model=drafter.model,
        started=started,
        seconds=round(clock.monotonic() - begun, 3),
        steps=tuple(result.record for result in results),
        usage=usage,
        cost_usd=drafter.cost_usd(usage),
        token_note=drafter.token_note,
        prompts=prompts,
        schemas=schemas,
    )
    return Draft(assemble(brief, drafter, results, chain.checks, prompts, schemas), record)


class _Chain:
    """One note's conversation. Steps that do not wait for each other run side by side."""

    def __init__(self, brief: Brief, drafter: Drafter, clock: Clock, on_step: OnStep) -> None:
        self.brief = brief
        self.drafter = drafter
        self.clock = clock
        self.on_step = on_step
        self.checks = Checks(brief)
        self.results: dict[StepName, StepResult] = {}
        self.instructions: dict[StepName, str] = {}
        self.opening = self._opening()

    async def run(self) -> list[StepResult]:
        waiting = list(STEPS)
        while waiting:
            ready = [step for step in waiting if all(name in self.results for name in step.after)]
            waiting = [step for step in waiting if step not in ready]
            # A step's failure leaves its neighbour alone: what that one asked for is answered, and kept.
            found = await asyncio.gather(*map(self._step, ready), return_exceptions=True)
            for step, result in zip(ready, found, strict=True):
                if isinstance(result, BaseException):
                    raise result
                result = self._agree(step, result)
                self.results[step.name] = result
                self.checks.remember(list(result.values.values()))
                self.on_step(step.name, result.record.outcome)
        return [self.results[step.name] for step in STEPS]

    def _opening(self) -> tuple[Message, ...]:
        """What every conversation starts with. Rules read the brief and no prompt."""
        if self.drafter.model is None:
            return ()
        system, sheet = opening(self.brief)
        return (Message("system", system), Message("user", sheet))

    def _conversation(self, step: Step) -> tuple[Message, ...]:
        """Everything before this step's answer. A failed step leaves no turn: nothing unsound is built upon."""
        if not self.opening:
            return ()
        messages = list(self.opening)
        for name in step.after:
            answer = self.results[name].answer
            if answer is not None:
                messages += [Message("user", self.instructions[name]), Message("assistant", answer)]
        self.instructions[step.name] = step.instruction(self.brief)
        return (*messages, Message("user", self.instructions[step.name]))

    async def _step(self, step: Step) -> StepResult:
        begun = self.clock.monotonic()
        self.on_step(step.name, "drafting")
        schema = step.narrowed(self.brief)
        accepted = {
            name: json.loads(answer, parse_float=Decimal) for name in step.after if (answer := self.results[name].answer) is not None
        }
        first = StepRequest(step.name, self.brief, self._conversation(step), schema, accepted)
        request = first
        turns: list[Turn] = []
        best: tuple[Examination, str] | None = None
        repairs = MAX_REPAIRS if self.drafter.asks_again else 0
        repair: Repair | None = None
        for left in reversed(range(1 + repairs)):
            text, turn = await self._ask(request)
            if text is None:
                turns.append(turn)
                break
            text = repair.merged(text) if repair is not None else text
            seen = examine(step, text, schema, self.checks)
            turns.append(turn.model_copy(update={"violations": tuple(map(str, seen.violations))}))
            if best is None or _rank(seen) >= _rank(best[0]):
                best = (seen, text)
            if not seen.violations or left == 0:
                break
            self.on_step(step.name, "repairing")
            repair = repair_of(step, seen, schema, self.brief)
            request = replace(first, messages=_asked_anew(first.messages, repair), schema=dict(repair.schema), repair=len(turns))
        return self._settle(step, best, turns, self.clock.monotonic() - begun)

    async def _ask(self, request: StepRequest) -> tuple[str | None, Turn]:
        attempts: list[Attempt] = []
        try:
            answer = await self.drafter.answer(request, attempts.append)
        except (BadAnswer, NothingToDraft) as error:
            used = total([attempt.usage for attempt in attempts])
            return None, Turn(answer=None, violations=(str(error),), attempts=tuple(attempts), usage=used)
        failed = [attempt.usage for attempt in attempts if attempt.outcome != "ok"]
        return answer.text, Turn(answer=answer.text, violations=(), attempts=tuple(attempts), usage=total([*failed, answer.usage]))

    def _settle(self, step: Step, best: tuple[Examination, str] | None, turns: list[Turn], seconds: float) -> StepResult:
        """Keep what is sound, withhold the rest with its reasons; too little left is a failed step."""
        if best is None:
            reasons = tuple(reason for turn in turns for reason in turn.violations)
            withheld: tuple[Withheld, ...] = (Withheld(step=step.name, place="", text="", reasons=reasons),)
            return self._result(step, {}, None, withheld, (), turns, seconds)
        seen, text = best
        withheld = tuple(
            Withheld(step=step.name, place=part.place, text=_readable(part), reasons=tuple(map(str, part.violations)))
            for part in seen.parts
            if part.violations
        )
        sound = {part.place: part.value for part in seen.sound}
        if not seen.parts:
            reasons = tuple(map(str, seen.general))
            withheld = (Withheld(step=step.name, place="", text=text[:2000], reasons=reasons),)
        listed = [place for place in sound if place != "headline"]
        if len(listed) < step.least:
            spared = tuple(
                Withheld(step=step.name, place=part.place, text=_readable(part), reasons=("too little of this step was left",))
                for part in seen.sound
            )
            return self._result(step, {}, None, (*withheld, *spared), (), turns, seconds)
        answer = text if not withheld else dumps(_only(seen.raw, step, sound))
        remarks = tuple(violation.message for violation in seen.general)
        return self._result(step, sound, answer, withheld, remarks, turns, seconds)

    def _result(
        self,
        step: Step,
        values: Mapping[str, Any],
        answer: str | None,
        withheld: tuple[Withheld, ...],
        remarks: tuple[str, ...],
        turns: list[Turn],
        seconds: float,
    ) -> StepResult:
        record = StepRecord(
            step=step.name,
            outcome="failed" if answer is None else "partly_withheld" if withheld else "accepted",
            turns=tuple(turns),
            seconds=round(seconds, 3),
        )
        return StepResult(step.name, dict(values), answer, withheld, remarks, record)

    def _agree(self, step: Step, result: StepResult) -> StepResult:
        """Steps that ran side by side must not give one metric two values either: the later one yields."""
        parts = [Part(place, value, value) for place, value in result.values.items()]
        self.checks.across(parts)
        clashing = [part for part in parts if part.violations]
        if not clashing:
            return result
        withheld = (
            *result.withheld,
            *(Withheld(step=step.name, place=p.place, text=_readable(p), reasons=tuple(map(str, p.violations))) for p in clashing),
        )
        values = {part.place: part.value for part in parts if not part.violations}
        failed = len([place for place in values if place != "headline"]) < step.least
        record = result.record.model_copy(update={"outcome": "failed" if failed else "partly_withheld"})
        return replace(result, values={} if failed else values, answer=None if failed else result.answer, withheld=withheld, record=record)


def _asked_anew(messages: tuple[Message, ...], repair: Repair) -> tuple[Message, ...]:
    """The conversation of a repair: the first request, what held of the answer, and what is asked anew."""
    if repair.kept is not None:
        return (*messages, Message("assistant", repair.kept), Message("user", repair.message))
    # Some chat templates take no two turns of a user in a row.
    return (*messages[:-1], Message("user", f"{messages[-1].content}\n\n{repair.message}"))


def _rank(examination: Examination) -> tuple[int, int]:
    return len(examination.sound), -len(examination.violations)


def _only(raw: dict[str, Any], step: Step, sound: Mapping[str, Any]) -> dict[str, Any]:
    """The answer with its sound parts alone."""
    kept = {place: value for place, value in step.parts(raw) if place in sound}
    answer: dict[str, Any] = {"headline": kept["headline"]} if "headline" in kept else {}
    if step.items is not None:
        answer[step.items] = [value for place, value in kept.items() if place != "headline"]
    return answer


def _readable(part: Part) -> str:
    """The prose of a part, or its JSON where it is not even well-formed."""
    if part.value is not None and not isinstance(part.raw, str):
        return " ".join(text for _, text, _ in prose_of(part.value))
    return part.raw if isinstance(part.raw, str) else dumps(part.raw)[:2000]
