"""What became of each sheet of a batch, and of all together: a line each for people, rows for machines and for the journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipeline.batch.journal import NoteRow
from pipeline.chain.draft import Draft
from pipeline.chain.record import total
from pipeline.errors import AfterprintError, BudgetReached, OutputFailed, ProviderError, Unusable
from pipeline.llm.types import Usage


@dataclass(frozen=True, slots=True)
class Outcome:
    """One sheet's note, in short, or the error that stopped it. It holds no note: thousands of them are kept until the end of a batch."""

    name: str
    sheet: Path
    status: str
    """`draft`, `needs_review` or `failed`."""
    error: str | None = None
    exit_code: int = 0
    ends_all: bool = False
    """Whether the other sheets would meet the same error."""
    may_pass: bool = False
    """Whether it may be over when the sheet is drafted once more: an outage, a limit."""
    headline: str = ""
    review_reasons: tuple[str, ...] = ()
    traced: int = 0
    withheld: int = 0
    files: tuple[Path, ...] = ()
    seconds: float = 0.0
    usage: Usage = field(default_factory=Usage)
    cost_usd: Decimal | None = None

    @classmethod
    def of(cls, name: str, sheet: Path, draft: Draft, files: Sequence[Path]) -> Outcome:
        """Of a note that was written."""
        note, record = draft.note, draft.record
        return cls(
            name=name,
            sheet=sheet,
            status=note.status,
            headline=note.headline,
            review_reasons=note.review_reasons,
            traced=sum(trace.decision == "grounded" for trace in note.numbers),
            withheld=len(note.withheld),
            files=tuple(files),
            seconds=record.seconds,
            usage=record.usage,
            cost_usd=record.cost_usd,
        )

    @classmethod
    def failed(cls, name: str, sheet: Path, error: AfterprintError) -> Outcome:
        """Of a sheet that came to nothing."""
        return cls(
            name, sheet, "failed", str(error), error.exit_code, ends_all(error), isinstance(error, ProviderError) and error.retryable
        )

    def line(self) -> str:
        """One line for people, and one more for each reason to review."""
        if self.error is not None:
            return f"{self.name}: {self.error}"
        parts = [self.status.replace("_", " "), f"{self.traced} numbers traced", f"{self.withheld} withheld", f"{self.seconds:.1f} s"]
        if self.usage.prompt_tokens:
            parts.append(f"{self.usage.prompt_tokens + self.usage.completion_tokens:,} tokens")
        if self.cost_usd is not None:
            parts.append(f"${self.cost_usd:.4f}")
        reasons = "".join(f"\n  review: {reason}" for reason in self.review_reasons)
        return f"{self.name}: {', '.join(parts)}: {' '.join(map(str, self.files))}{reasons}"

    def entry(self) -> NoteRow:
        """The same for the journal."""
        return NoteRow(
            note=self.name,
            sheet=str(self.sheet),
            status=self.status,
            error=self.error,
            prompt_tokens=self.usage.prompt_tokens,
            completion_tokens=self.usage.completion_tokens,
            cached_tokens=self.usage.cached_tokens,
            cost_usd=_dollars(self.cost_usd),
            seconds=self.seconds,
        )

    def row(self) -> dict[str, Any]:
        """The same for machines."""
        if self.error is not None:
            return {"note": self.name, "sheet": str(self.sheet), "status": self.status, "error": self.error}
        return {
            "note": self.name,
            "sheet": str(self.sheet),
            "status": self.status,
            "headline": self.headline,
            "review_reasons": list(self.review_reasons),
            "withheld": self.withheld,
            "files": [str(path) for path in self.files],
            "seconds": self.seconds,
            "usage": self.usage.model_dump(),
            "cost_usd": _dollars(self.cost_usd),
        }


@dataclass(slots=True)
class Tally:
    """What a batch has come to so far. `usage` and `cost_usd` are of its notes, answers from the journal among them."""

    counts: Counter[str] = field(default_factory=Counter)
    usage: Usage = field(default_factory=Usage)
    cost_usd: Decimal | None = None

    def add(self, outcome: Outcome) -> None:
        """Count one more."""
        self.counts[outcome.status] += 1
        self.usage = total([self.usage, outcome.usage])
        if outcome.cost_usd is not None:
            self.cost_usd = (self.cost_usd or Decimal(0)) + outcome.cost_usd

    @property
    def notes(self) -> int:
        """Sheets that are over."""
        return self.counts.total()

    def words(self) -> str:
        """`281 drafted, 17 to review, 2 failed`."""
        return f"{self.counts['draft']} drafted, {self.counts['needs_review']} to review, {self.counts['failed']} failed"

    def lines(self, seconds: float) -> list[str]:
        """The table at the end of a batch."""
        table = [f"{self.notes} notes: {self.words()}; {spell(seconds)}"]
        usage = self.usage
        if tokens := usage.prompt_tokens + usage.completion_tokens:
            cached = f" ({usage.cached_tokens / usage.prompt_tokens:.0%} cached)" if usage.prompt_tokens else ""
            cost = f"; ${self.cost_usd:.4f}, ${self.cost_usd / max(self.notes, 1):.4f} a note" if self.cost_usd is not None else ""
            table.append(f"{tokens:,} tokens: {usage.prompt_tokens:,} read{cached}, {usage.completion_tokens:,} written{cost}")
        return table

    def row(self) -> dict[str, Any]:
        """The same for machines."""
        return {
            "notes": self.notes,
            "drafted": self.counts["draft"],
            "to_review": self.counts["needs_review"],
            "failed": self.counts["failed"],
            "usage": self.usage.model_dump(),
            "cost_usd": _dollars(self.cost_usd),
        }


def ends_all(error: AfterprintError) -> bool:
    """Whether the other sheets would meet the same: the key, the address or the model is wrong, no money is left, or no disk."""
    return isinstance(error, Unusable | BudgetReached | OutputFailed)


def spell(seconds: float) -> str:
    """`42 s`, `12 min`, `3 h 5 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _dollars(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"
