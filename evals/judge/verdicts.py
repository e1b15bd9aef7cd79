"""What a judge is asked, and what it may answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from pipeline.comparing.reading import VIEWS, Section
from pipeline.errors import BadAnswer
from pipeline.facts.sheet import Strict
from pipeline.llm.client import ChatClient
from pipeline.llm.types import Message, Request
from pipeline.notes.models import Note
from pipeline.notes.words import words
from pipeline.prompting import Prompt, parse_prompt
from pipeline.schemas import json_schema

Better = Literal["first", "second", "equal"]
_SWAPPED: dict[Better, Better] = {"first": "second", "second": "first", "equal": "equal"}
_PROMPTS = Path(__file__).parent.parent / "prompts"
_LONGEST_QUOTE = 160


class Verdict(Strict):
    """One answer. The order of fields is the order in which a model writes them: it quotes before it decides."""

    quote_first: Annotated[str, Field(min_length=1, max_length=_LONGEST_QUOTE, description="words of the first draft that decide")]
    quote_second: Annotated[str, Field(min_length=1, max_length=_LONGEST_QUOTE, description="words of the second draft that decide")]
    better: Better


class Judgement(Strict):
    """Both orders of one pair. `better` is of the pair as it was given; where the two disagree it is `equal`.

    `unfounded` counts answers with a quote that does not stand in its draft, or that could not be read: such an answer counts as none.
    """

    better: Better
    agree: bool
    unfounded: int
    quotes: tuple[str, ...] = ()


@cache
def _prompt(name: str) -> Prompt:
    return parse_prompt(_PROMPTS / f"{name}.md")


def section_text(note: Note, section: Section) -> str:
    """A section as the judge reads it: a claim a line, with who, which way and when."""
    match section:
        case "summary":
            return "\n".join([note.headline, *(claim.text for claim in note.summary)])
        case "second_order_effects":
            return "\n".join(
                f"{words(one.party)}, {one.direction}, {words(one.horizon)}: {one.claim.text}" for one in note.second_order_effects
            )
        case "consensus_gap":
            gap = note.consensus_gap
            return "none" if gap is None else "\n".join([words(gap.sign), *(getattr(gap, view).text for view in VIEWS)])
    return "\n".join(f"{one.event}: {one.claim.text}" for one in note.catalysts)


def request_of(section: Section, reference: str, first: str, second: str) -> Request:
    """The question. What comes first is the same for all pairs, so that a server's cache serves it."""
    ask = _prompt("judge").render(section=section, reference=_inside(reference), first=_inside(first), second=_inside(second))
    messages = (Message("system", _prompt("judge_system").render()), Message("user", ask))
    return Request("judge", messages, json_schema(Verdict, id="urn:afterprint:schema:judge-verdict"))


def _inside(text: str) -> str:
    """Text that cannot close the tag it stands in."""
    return text.replace("<", "‹").replace(">", "›")


async def judge(client: ChatClient, section: Section, reference: str, first: str, second: str) -> Judgement:
    """Ask in both orders. Raises ProviderError where the server cannot be used; an answer that is none counts as unfounded."""
    straight = await _ask(client, section, reference, first, second)
    swapped = await _ask(client, section, reference, second, first)
    found: list[Better] = [verdict.better for verdict in (straight,) if verdict] + [_SWAPPED[v.better] for v in (swapped,) if v]
    agree = len(found) == 2 and found[0] == found[1]
    quotes = tuple(quote for verdict in (straight, swapped) if verdict for quote in (verdict.quote_first, verdict.quote_second))
    return Judgement(better=found[0] if agree else "equal", agree=agree, unfounded=2 - len(found), quotes=quotes)


async def _ask(client: ChatClient, section: Section, reference: str, first: str, second: str) -> Verdict | None:
    try:
        answer = await client.complete(request_of(section, reference, first, second), lambda attempt: None)
        verdict = Verdict.model_validate(json.loads(answer.text))
    except (BadAnswer, ValueError, ValidationError, RecursionError):
        return None
    return verdict if _stands(verdict.quote_first, first) and _stands(verdict.quote_second, second) else None


def _stands(quote: str, text: str) -> bool:
    """Whether the quote stands in the draft, spaces and the ends' punctuation aside."""
    return " ".join(quote.split()).strip(" .,;:\"'") in " ".join(_inside(text).split())


def tally(found: Sequence[Judgement]) -> dict[Better, int]:
    """How often each was better."""
    return {better: sum(one.better == better for one in found) for better in ("first", "second", "equal")}
