"""What every reader of an outside format gives: a sheet, why each of its values was chosen, and what a person should look at."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipeline.facts.sheet import FactSheet


@dataclass(frozen=True, slots=True)
class Choice:
    """Why a fact has the value that it has: the rule, and what it was preferred to, each in a few words with its value."""

    fact: str
    """Id of the fact."""
    because: str
    rivals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ingested:
    """A sheet from a document. `doubts` are lines for the person: what was left out or may be wrong, and where it stands."""

    sheet: FactSheet
    choices: tuple[Choice, ...] = ()
    doubts: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    """What a model proposed and the document does not bear out, with the reason."""

    def doubting(self, *doubts: str) -> Ingested:
        """The same with more to look at."""
        return replace(self, doubts=(*self.doubts, *doubts))
