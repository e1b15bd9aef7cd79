"""Asking a model what else a release says: piece by piece, each answer judged before anything of it is taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from pipeline.chain.briefing import safe
from pipeline.chain.examine import parse
from pipeline.errors import ProviderError
from pipeline.facts.sheet import FactSheet
from pipeline.intake.ingested import Choice, Ingested
from pipeline.intake.release.numbers import row_of
from pipeline.intake.release.pages import Line
from pipeline.llm.client import ChatClient
from pipeline.llm.types import Message, Request
from pipeline.prompting import load_prompt
from pipeline.proposing.judging import Accepted, Text, judge
from pipeline.proposing.proposals import MOST_PROPOSALS, Proposal, schema_for
from pipeline.schemas import dotted

_PIECE = 6_000
"""Characters of a release in one request: a page or two, which a small model still reads to its end."""
MOST_PIECES = 12
_PROMPT = "propose_facts"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some lines of a release."""

    lines: tuple[Line, ...]

    @property
    def place(self) -> str:
        return f"{self.lines[0].place} to {self.lines[-1].place}"

    @property
    def text(self) -> str:
        """On lines of its own, so that nothing in it can close the tag around it."""
        return "\n".join(safe(line.text)[:_PIECE] for line in self.lines)


def pieces_of(lines: Sequence[Line]) -> Iterator[Piece]:
    """The prose of a release, in pieces that a request holds. Rows of tables are left to the rules."""
    taken: list[Line] = []
    size = 0
    for line in lines:
        text = line.text.strip()
        row = row_of(text)
        if not text or (row is not None and len(row.figures) > 1):
            continue
        if taken and size + len(text) > _PIECE:
            yield Piece(tuple(taken))
            taken, size = [], 0
        taken.append(line)
        size += len(text)
    if taken:
        yield Piece(tuple(taken))


async def propose(found: Ingested, pieces: Sequence[Piece], text: Text, client: ChatClient, model: str) -> Ingested:
    """The sheet with the facts that were accepted, each a doubt as well, for a person to look at; what was refused is kept with its reason.

    A piece that gets no usable answer is a doubt and loses no other; pieces beyond `MOST_PIECES` are not asked about, and a doubt. The
    rules' own facts stay as they are.
    """
    by = f"{model} (prompt {load_prompt(_PROMPT).digest[:12]})"
    if left := pieces[MOST_PIECES:]:
        found = found.doubting(f"{model} was not asked about the release from {left[0].lines[0].place} on: it is too long")
    for piece in pieces[:MOST_PIECES]:
        try:
            done = await client.complete(_request(found.sheet, piece), lambda attempt: None)
            given = parse(done.text).get("facts")
        except (ProviderError, ValueError) as error:
            found = found.doubting(f"{model} gave no usable answer about {piece.place}: {' '.join(str(error).split())[:200]}")
            continue
        for raw in given[:MOST_PROPOSALS] if isinstance(given, list) else ():
            try:
                proposal = Proposal.model_validate(raw)
            except ValidationError as error:
                wrong = error.errors(include_url=False)[0]
                found = _refusing(found, f"a proposal about {piece.place}: {dotted(wrong['loc'])}: {wrong['msg']}")
                continue
            verdict = judge(proposal, text, found.sheet, by)
            shown = f"{proposal.metric} in '{' '.join(proposal.quote.split())[:100]}'"
            if isinstance(verdict, Accepted):
                found = _with(found, verdict, model)
            elif verdict.is_conflict:
                found = found.doubting(f"{model} reads another {shown}: {verdict.why}")
            else:
                found = _refusing(found, f"{shown}: {verdict.why}")
    return found


def _refusing(found: Ingested, why: str) -> Ingested:
    return replace(found, refused=tuple(dict.fromkeys((*found.refused, why))))


def _request(sheet: FactSheet, piece: Piece) -> Request:
    ask = load_prompt(_PROMPT).render(
        company=safe(sheet.company.name),
        period=safe(sheet.reported_period.label),
        periods="\n".join(f"- {period.id}: {safe(period.label)}, ended {period.end}" for period in sheet.periods),
        known=", ".join(dict.fromkeys(fact.metric for fact in sheet.facts if fact.segment is None)),
        piece=piece.text,
    )
    return Request("propose_facts", (Message("user", ask),), schema_for(sheet))


def _with(found: Ingested, verdict: Accepted, model: str) -> Ingested:
    fact = verdict.fact
    sheet = found.sheet.model_copy(update={"facts": (*found.sheet.facts, fact)})
    choice = Choice(fact.id, f"proposed by {model}, and the document's own words state it: '{fact.quote}' ({fact.locator})")
    doubt = f"{fact.id} was proposed by {model}: look whether '{fact.quote}' ({fact.locator}) says it"
    return replace(found, sheet=sheet, choices=(*found.choices, choice)).doubting(doubt)
