"""The baseline that the chain must beat: one request asks the same model for the whole note, and the same checks decide what is printed.

    python -m evals.single_prompt record CASE... --base-url URL --model NAME [--concurrency N] [--prompt-facts N]
    python -m evals.single_prompt check CASE...

The baseline gets all that the chain's model gets, and in the same words: the system rules, the fact sheet with as many figures, the four
steps' instructions with mechanisms, thresholds and events, and the four steps' schemas, narrowed to the same ids and joined into one.
(A step's schema and instruction follow from the sheet alone; nothing of them depends on an earlier answer, so none is lost.) It gets
the tokens of four answers, and of an answer that was cut off the sections that are complete.

What it does not get is what makes the chain one: no turn sees what the checks said of the turn before. So nothing is repaired, and a
section may rest on a sentence that is withheld.

`record` keeps the answer as the case's single.yaml; a case that has a current one is skipped. CASE is a case's name or folder, or a
folder of cases. Exit codes are those of `afterprint cassette`.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

from evals.cases import CASES
from evals.one_answer import joined, sections_of
from pipeline.chain.steps import STEPS, opening
from pipeline.config import Settings, load_settings
from pipeline.drafters.base import Brief, Drafter, StepAnswer, StepRequest
from pipeline.drafters.choose import endpoint_of
from pipeline.drafters.model import PROMPT_FACTS
from pipeline.errors import AfterprintError, BadAnswer, EmptyAnswer, Truncated
from pipeline.llm.cassettes.file import Recording
from pipeline.llm.client import ChatClient
from pipeline.llm.local.models import sha256_of
from pipeline.llm.prices import cost_usd
from pipeline.llm.types import Message, OnAttempt, Request, Usage
from pipeline.notes.models import StepName
from pipeline.prompting import Prompt, parse_prompt
from pipeline.recording.check import check_cassette
from pipeline.recording.kinds import Kind, case_folders
from pipeline.recording.record import Endpoint, Outcome, patient, record_cases

NAME = "single_prompt"
SECTIONS: dict[StepName, str] = {
    "summarize": "summary",
    "second_order": "second_order",
    "consensus_gap": "consensus_gap",
    "catalysts": "catalysts",
}
"""The field of the answer that holds each step's."""
ANSWERS_IN_ONE = 4


@cache
def single_prompt() -> Prompt:
    """The instruction that asks for all four sections. Raises ResourceError."""
    return parse_prompt(Path(__file__).with_name("prompts") / "single.md")


def request_of(brief: Brief) -> Request:
    """The one request for a whole note."""
    system, sheet = opening(brief)
    ask = single_prompt().render(**{step.name: step.instruction(brief) for step in STEPS})
    schemas = {SECTIONS[step.name]: step.narrowed(brief) for step in STEPS}
    return Request(NAME, (Message("system", system), Message("user", sheet), Message("user", ask)), joined(schemas))


@dataclass(slots=True)
class _Whole:
    """What became of the one request for a brief."""

    brief: Brief
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    sections: dict[str, str] | None = None
    error: BadAnswer | None = None
    given: set[StepName] = field(default_factory=set)


class SinglePromptDrafter:
    """A `Drafter` that asks once for each note and hands the answer out in sections, step by step.

    The request's attempts and usage stand with the step that asks first: the others took nothing.
    """

    name = NAME
    asks_again = False
    notes_at_once: int | None = None

    def __init__(self, client: ChatClient, *, model: str, base_url: str, most_facts: int | None = PROMPT_FACTS) -> None:
        """`client` should allow as many tokens as a whole note takes: see `roomy`. `most_facts` figures stand in the prompt."""
        self.model: str | None = model
        self.most_facts: int | None = most_facts
        self.token_note: str | None = None
        self._client = client
        self._known = (model, base_url)
        self._wholes: dict[int, _Whole] = {}

    async def answer(self, request: StepRequest, on_attempt: OnAttempt) -> StepAnswer:
        """The step's section, as the model wrote it. Raises EmptyAnswer for one that it did not write, and ProviderError by kind."""
        # By identity, kept alive by the entry itself: a brief is too large to compare.
        whole = self._wholes.setdefault(id(request.brief), _Whole(request.brief))
        usage = Usage()
        async with whole.asking:
            if whole.sections is None:
                whole.sections, whole.error, usage = await self._ask(request.brief, on_attempt)
        whole.given.add(request.step)
        if len(whole.given) == len(STEPS):
            self._wholes.pop(id(request.brief), None)
        section = whole.sections.get(SECTIONS[request.step])
        if section is None:
            raise whole.error or EmptyAnswer(f"{self.model} wrote no `{SECTIONS[request.step]}`", status=200)
        return StepAnswer(section, usage)

    async def _ask(self, brief: Brief, on_attempt: OnAttempt) -> tuple[dict[str, str], BadAnswer | None, Usage]:
        """Sections, why there are not all of them, and what was used beyond the attempts that failed."""
        try:
            done = await self._client.complete(request_of(brief), on_attempt)
        except Truncated as error:
            return sections_of(error.body), error, Usage()
        except BadAnswer as error:
            return {}, error, Usage()
        return sections_of(done.text), None, done.usage

    def cost_usd(self, usage: Usage) -> Decimal | None:
        """By the price list; None for a model that it does not know."""
        return cost_usd(usage, *self._known)

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._wholes.clear()
        await self._client.__aexit__(kind, error, trace)


def roomy(settings: Settings, answer_tokens: int | None = None) -> Settings:
    """`settings` with the tokens of four answers, or `answer_tokens`. A longer answer is cut off and not asked for again: one call."""
    tokens = answer_tokens or ANSWERS_IN_ONE * settings.max_answer_tokens
    return settings.model_copy(update={"max_answer_tokens": tokens, "answer_tokens_limit": tokens})


# -- recording -----------------------------------------------------------------------------------------------------------------


def _make(client: ChatClient, recording: Recording, base_url: str) -> Drafter:
    most_facts = recording.manner.most_facts if recording.manner else None
    return SinglePromptDrafter(client, model=recording.model, base_url=base_url, most_facts=most_facts)


SINGLE = Kind("single.yaml", _make, "python -m evals.single_prompt record")
"""What `pipeline.recording` has to know of the baseline to record, replay and check it."""


def folders_of(names: Sequence[str]) -> list[Path]:
    """Case folders by name, by path, or all those in a folder. Raises InputError."""
    return case_folders([CASES / name if (CASES / name / "facts.json").is_file() else Path(name) for name in names], SINGLE)


def record(args: argparse.Namespace) -> int:
    """Record what is not recorded yet; returns the exit code. Raises AfterprintError."""
    given = {"base_url": args.base_url, "model": args.model, "prompt_facts": args.prompt_facts}
    settings = load_settings(**{name: value for name, value in given.items() if value is not None})
    base_url, key, model = asyncio.run(endpoint_of(settings))
    endpoint = Endpoint(base_url, key, model, drafter=NAME, model_sha256=sha256_of(args.model_file) if args.model_file else None)
    shaped = roomy(patient(settings, base_url), args.answer_tokens)
    most_facts = settings.prompt_facts or PROMPT_FACTS
    outcomes = asyncio.run(
        record_cases(
            folders_of(args.cases), endpoint, shaped, most_facts, kind=SINGLE, at_once=args.concurrency, fresh=args.fresh, done=_tell
        )
    )
    return max((outcome.error.exit_code for outcome in outcomes if outcome.error is not None), default=0)


def _tell(outcome: Outcome) -> None:
    how = f"failed: {' '.join(str(outcome.error).split())}" if outcome.error else f"{outcome.status}, {outcome.seconds:.1f} s"
    sys.stderr.write(f"{outcome.folder}: {how}\n")


def check(args: argparse.Namespace) -> int:
    """Replay the recordings and look into them; returns 1 where something is wrong with one. Raises InputError."""
    paths = [folder / SINGLE.file for folder in folders_of(args.cases)]
    findings = [finding for path in paths for finding in check_cassette(path, SINGLE)]
    sys.stdout.write("".join(f"{finding}\n" for finding in findings))
    sys.stdout.write(f"{len(paths) - len({finding.file for finding in findings})} of {len(paths)} cassettes sound\n")
    return 1 if findings else 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m evals.single_prompt", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    recording = commands.add_parser("record", help="ask a server for each case's note and keep the answer")
    recording.add_argument("--base-url", help="OpenAI-compatible endpoint; default: AFTERPRINT_BASE_URL")
    recording.add_argument("--model", help="model name at the endpoint; default: AFTERPRINT_MODEL, or the one that is served")
    recording.add_argument("--model-file", type=Path, help="the endpoint's model file, where you have it: its sha256 is kept")
    recording.add_argument("--concurrency", type=int, default=1, help="cases recorded side by side")
    recording.add_argument("--prompt-facts", type=int, help=f"figures in the prompt at most; default: {PROMPT_FACTS}")
    recording.add_argument("--answer-tokens", type=int, help=f"tokens of the note at most; default: those of {ANSWERS_IN_ONE} answers")
    recording.add_argument("--fresh", action="store_true", help="record again what is current, too")
    recording.set_defaults(run=record)
    checking = commands.add_parser("check", help="check the recordings, without a server")
    checking.set_defaults(run=check)
    for command in (recording, checking):
        command.add_argument("cases", nargs="+", metavar="CASE", help="a case's name or folder, or a folder of cases")
    return parser


def main(words: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    args = _arguments().parse_args(words)
    try:
        code: int = args.run(args)
    except AfterprintError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: what is complete is kept, and skipped by the same command\n")
        return 130
    return code


if __name__ == "__main__":
    sys.exit(main())
