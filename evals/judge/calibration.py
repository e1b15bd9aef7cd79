"""Does the judge agree with those who know? Labelled pairs, their recorded verdicts, and what must hold before a gate may rest on them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from evals.judge.pairs import LabelledPair, Pair, read_pairs
from evals.judge.verdicts import Better, Judgement, judge
from pipeline import __version__
from pipeline.config import Settings
from pipeline.drafters.choose import schema_note
from pipeline.errors import AfterprintError
from pipeline.llm.cassettes.file import Cassette, Manner, Recording, read_cassette, text_of, write_cassette
from pipeline.llm.cassettes.recorder import Recorder, machine_line, utc_now
from pipeline.llm.client import ChatClient
from pipeline.recording.private import secrets_in
from pipeline.recording.record import server_name, without_host
from pipeline.recording.replay import replaying

CASSETTE = Path(__file__).with_name("cassette.yaml")
LEAST_PAIRS, LEAST_KAPPA, LEAST_SELF_AGREEMENT = 60, 0.6, 0.8
"""What a gate asks for: substantial agreement by Landis and Koch (1977), and a judge that mostly says the same when the order changes."""


Done = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Calibration:
    """The judge against the labels."""

    model: str
    pairs: int
    agreement: float
    """Share of pairs with the label's verdict."""
    kappa: float
    base_rate: float
    """Share of the most frequent label: what who always says it would agree with."""
    self_agreement: float
    """Share of pairs with the same verdict in both orders."""
    unfounded: float
    """Share of answers that quote what does not stand in a draft, or cannot be read."""

    @property
    def obstacles(self) -> tuple[str, ...]:
        """Why no gate may rest on this judge; empty where one may."""
        found = []
        if self.pairs < LEAST_PAIRS:
            found.append(f"only {self.pairs} labelled pairs, at least {LEAST_PAIRS}")
        if self.kappa < LEAST_KAPPA:
            found.append(f"kappa {self.kappa:.2f}, at least {LEAST_KAPPA}")
        if self.self_agreement < LEAST_SELF_AGREEMENT:
            found.append(f"the same verdict in both orders for {self.self_agreement:.0%}, at least {LEAST_SELF_AGREEMENT:.0%}")
        return tuple(found)


def cohens_kappa(labels: Sequence[Better], verdicts: Sequence[Better]) -> float:
    """Agreement beyond chance, -1 to 1 (Cohen 1960); 0 where chance explains all there can be."""
    n = len(labels)
    observed = sum(one == other for one, other in zip(labels, verdicts, strict=True)) / n
    ours, theirs = Counter(labels), Counter(verdicts)
    expected = sum(ours[word] * theirs[word] for word in ours) / n**2
    return 0.0 if expected == 1 else (observed - expected) / (1 - expected)


def calibrate(model: str, pairs: Sequence[LabelledPair], found: Sequence[Judgement]) -> Calibration:
    """The figures. Raises ValueError for no pairs."""
    if not pairs:
        raise ValueError("there are no labelled pairs")
    labels, verdicts = [pair.label for pair in pairs], [one.better for one in found]
    return Calibration(
        model=model,
        pairs=len(pairs),
        agreement=sum(a == b for a, b in zip(labels, verdicts, strict=True)) / len(pairs),
        kappa=cohens_kappa(labels, verdicts),
        base_rate=Counter(labels).most_common(1)[0][1] / len(pairs),
        self_agreement=sum(one.agree for one in found) / len(found),
        unfounded=sum(one.unfounded for one in found) / (2 * len(found)),
    )


# -- asking and playing --------------------------------------------------------------------------------------------------------


async def judge_all(client: ChatClient, pairs: Sequence[Pair], done: Done = lambda count: None) -> list[Judgement]:
    """Every pair, one after the other, so that a server's cache serves the second order."""
    found = []
    async with client:
        for count, pair in enumerate(pairs, 1):
            found.append(await judge(client, pair.section, pair.reference, pair.first, pair.second))
            done(count)
    return found


def replayed(pairs: Sequence[LabelledPair], path: Path = CASSETTE) -> Calibration:
    """The calibration from its recording, without a model. Raises InputError without one, CassetteMiss where it is out of date."""
    cassette = read_cassette(path)
    client, player = replaying(path, cassette)
    found = asyncio.run(judge_all(client, pairs))
    if player.misses:
        raise player.misses[0]
    player.finish()
    return calibrate(cassette.recorded.model, pairs, found)


def record(
    pairs: Sequence[LabelledPair], base_url: str, key: str | None, model: str, settings: Settings, done: Done, path: Path = CASSETTE
) -> Calibration:
    """Ask a server about every pair and keep what it answers. Raises ProviderError; nothing is written then."""
    recorder = Recorder(longest_wait_s=settings.max_wait_s)
    client = ChatClient(
        base_url=base_url, api_key=key, model=model, settings=settings, schema_note=schema_note(), transport=recorder.transport()
    )
    found = asyncio.run(judge_all(client, pairs, done))
    interactions = tuple(map(without_host, recorder.answered()))
    recording = Recording(
        case="judge",
        sheet_digest="none",
        drafter="judge",
        server=server_name(interactions),
        model=model,
        recorded_at=utc_now(),
        machine=machine_line(),
        afterprint=__version__,
        manner=Manner.of(settings, None),
    )
    cassette = Cassette(version=1, recorded=recording, interactions=interactions)
    if secrets := list(secrets_in(cassette, text_of(cassette), [key or ""])):
        raise AfterprintError(f"{path}: not written: {'; '.join(secrets)}")
    write_cassette(path, cassette)
    return calibrate(model, pairs, found)


def recorded_calibration() -> Calibration | None:
    """The calibration that ships; None where none was recorded."""
    return replayed(read_pairs()) if CASSETTE.exists() else None
