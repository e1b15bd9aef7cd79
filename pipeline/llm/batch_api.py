"""OpenAI's Batch API: a file of requests, answered within a day at half the price."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from pipeline.config import Settings
from pipeline.errors import NotJson, ProviderError
from pipeline.llm.wire import Wire, clean

MOST_REQUESTS = 50_000
"""In one batch."""
MOST_BYTES = 100_000_000
"""In one batch: half of what OpenAI takes."""
SHARE_OF_PRICE = "0.5"
"""Of the list price, read and written."""
_ENDED = ("completed", "expired", "cancelled", "failed")
_LARGEST_FILE = 1_000_000_000
_QUEUE_FULL = "token_limit_exceeded"


@dataclass(frozen=True, slots=True)
class BatchState:
    """How far a batch is."""

    id: str
    status: str
    """validating, in_progress, finalizing, completed, expired, cancelling, cancelled or failed."""
    total: int
    answered: int
    failed: int
    files: tuple[str, ...] = ()
    """Ids of the files that hold its answers and its failures."""
    trouble: str = ""
    """Why it failed as a whole."""
    queue_full: bool = False
    """It failed because more tokens were waiting than the account may have waiting."""

    @property
    def is_over(self) -> bool:
        return self.status in _ENDED

    def line(self) -> str:
        """One line for people."""
        failed = f", {self.failed} failed" if self.failed else ""
        return f"{self.id}: {self.status.replace('_', ' ')}, {self.answered} of {self.total} answered{failed}"


class Line(NamedTuple):
    """One request's result. `status` is None for a request that was never sent on: the batch expired before its turn."""

    key: str
    status: int | None
    body: dict[str, Any]


class BatchApi(Wire):
    """A `Wire` to files and batches. A request's key is its `custom_id`: at most 64 characters."""

    purpose = "Batch API"

    def __init__(self, base_url: str, api_key: str | None, settings: Settings) -> None:
        """Raises InputError for a wrong URL and KeyRejected for a key that cannot be one."""
        super().__init__(base_url, api_key, settings.model_copy(update={"max_body_bytes": _LARGEST_FILE}))
        self.settings = settings

    async def send(self, lines: list[bytes]) -> BatchState:
        """Send the requests, each a line made by `request_line`, as one batch. Raises a ProviderError."""
        content = b"\n".join(lines) + b"\n"
        file = await self.called(lambda sdk: sdk.files.create(file=("afterprint.jsonl", content), purpose="batch"))
        made = await self.called(
            lambda sdk: sdk.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
        )
        return _state(made)

    async def state(self, id_: str) -> BatchState:
        """How far it is. Raises a ProviderError."""
        return _state(await self.called(lambda sdk: sdk.batches.retrieve(id_)))

    async def results(self, state: BatchState) -> Iterator[Line]:
        """What became of its requests, in no order; of some there may be nothing. Raises a ProviderError."""
        texts = [(await self.called(lambda sdk, id_=file: sdk.files.content(id_))).content for file in state.files]  # type: ignore[misc]
        return (self._line(line, state.id) for text in texts for line in text.splitlines() if line.strip())

    def _line(self, line: bytes, id_: str) -> Line:
        try:
            found = json.loads(line)
            response = found["response"] or {}
            error = found.get("error") or {}
            status = response.get("status_code")
            body = response.get("body")
            body = body if isinstance(body, dict) else {"error": error}
            return Line(str(found["custom_id"]), status if isinstance(status, int) else None, body)
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
            raise NotJson(f"a result of {clean(id_, 80)} cannot be read: '{clean(line.decode('utf-8', 'replace'), 80)}'") from None

    def failure(self, line: Line) -> ProviderError:
        """The error for a request that was answered with a failure."""
        return self.rejection(line.status or 500, {}, json.dumps(line.body))


def request_line(key: str, content: bytes) -> bytes:
    """One request of a batch: its body as it would be sent by itself."""
    return b'{"custom_id":"%s","method":"POST","url":"/v1/chat/completions","body":%s}' % (key.encode(), content)


def _state(batch: Any) -> BatchState:
    counts = batch.request_counts
    errors = (batch.errors.data or []) if batch.errors else []
    return BatchState(
        id=batch.id,
        status=batch.status,
        total=counts.total if counts else 0,
        answered=counts.completed if counts else 0,
        failed=counts.failed if counts else 0,
        files=tuple(file for file in (batch.output_file_id, batch.error_file_id) if file),
        trouble="; ".join(clean(str(error.message), 300) for error in errors[:3]),
        queue_full=any(error.code == _QUEUE_FULL for error in errors),
    )
