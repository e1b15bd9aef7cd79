"""Records: what became of drafting a case, one line of JSON each, appended as they come.

A record's key is a hash of all that the note depends on: the case's facts, the chain (code, prompts, schemas, mechanisms), the model, and
the number of the sample. A run that was killed goes on with what is not there yet; a failure is a record too, and is tried again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

import pipeline
from pipeline.chain.record import RunRecord
from pipeline.errors import InputError, Problem
from pipeline.facts.sheet import Strict
from pipeline.notes.models import Note
from pipeline.resources import folder
from pipeline.schemas import shown

RECORDS = "records.jsonl"
_MOST_BYTES = 4_000_000
"""Of one line."""
_PARTS_OF_THE_CHAIN = (".py", ".yaml", ".md", ".json", ".txt", ".jinja")


class DraftRecord(Strict):
    """One case drafted once. Either `note` and `run` are there, or `error` says in a line why they are not."""

    key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    case: str
    sample: Annotated[int, Field(ge=0)] = 0
    chain: str
    drafter: str
    model: str | None = None
    note: Note | None = None
    run: RunRecord | None = None
    error: str | None = None

    @property
    def complete(self) -> bool:
        return self.note is not None


def key_of(*, sheet: str, chain: str, drafter: str, model: str | None, terms: str, sample: int) -> str:
    """The key of a record. `terms` are the settings that shape a model's answers, or the digest of what is replayed."""
    return hashlib.sha256(json.dumps([sheet, chain, drafter, model, terms, sample]).encode()).hexdigest()


@cache
def chain_digest() -> str:
    """sha256 over all that makes a note out of facts: the package's code and data, prompts and schemas included."""
    code = Path(pipeline.__file__).parent
    found = {
        path for root in (code, folder("prompts"), folder("schemas")) for path in root.rglob("*") if path.suffix in _PARTS_OF_THE_CHAIN
    }
    whole = hashlib.sha256()
    for path in sorted(found, key=lambda path: (path.name, str(path))):
        whole.update(f"{path.name}\0".encode())
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


class RecordFile:
    """The records of a run, in a file that only grows. Of several with one key the last counts.

    `problems` are lines that cannot be read: they are told and left alone, and what they held is drafted again.
    """

    def __init__(self, path: Path) -> None:
        """Reads what is there. Raises InputError where the file cannot be read at all."""
        self.path = path
        self.problems: list[Problem] = []
        self._records: dict[str, DraftRecord] = {}
        try:
            lines = path.read_bytes().splitlines() if path.exists() else []
        except OSError as error:
            raise InputError(Problem(f"cannot be read: {error.strerror}", file=str(path))) from None
        for number, line in enumerate(lines, 1):
            if line.strip():
                self._read(number, line)

    def _read(self, number: int, line: bytes) -> None:
        try:
            if len(line) > _MOST_BYTES:
                raise ValueError(f"larger than {_MOST_BYTES:,} bytes")
            record = DraftRecord.model_validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            what = first["msg"] if first["type"] == "json_invalid" else f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
            self.problems.append(Problem(f"no record ({shown(what)}): left out", str(self.path), number))
        except ValueError as error:
            self.problems.append(Problem(f"no record ({error}): left out", str(self.path), number))
        else:
            self._records[record.key] = record

    def get(self, key: str) -> DraftRecord | None:
        """The record of that key; None for a failure too, which is to be tried again."""
        record = self._records.get(key)
        return record if record is not None and record.complete else None

    def all(self) -> list[DraftRecord]:
        """All records, by case and sample."""
        return sorted(self._records.values(), key=lambda record: (record.case, record.sample))

    def append(self, records: Iterable[DraftRecord]) -> None:
        """Write at the end, and see it on the disk before the next case is drafted. Raises InputError."""
        text = "".join(f"{record.model_dump_json(by_alias=True)}\n" for record in records)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab+") as file:
                # A line that a kill cut off stays a line of its own.
                if file.tell() and not _ends_with_newline(self.path):
                    file.write(b"\n")
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise InputError(Problem(f"cannot write this file: {error.strerror}", file=str(self.path))) from None
        for line in text.splitlines():
            record = DraftRecord.model_validate_json(line)
            self._records[record.key] = record


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
