"""The journal of a folder of drafts: every answer that a model's server gave, so that none is asked for twice.

SQLite in WAL mode, one transaction for each completed request. An answer is known by the hash of the request as it was sent and of the
server that was asked: after a change to facts, prompts, schemas, model or settings the requests differ, and exactly those are asked anew.
A run that was killed is started again with the same command and goes on; what was answered costs nothing.

Only answers are kept: what a model wrote, also where it was cut off. Failures are asked for again.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline.errors import InputError, OutputFailed, Problem
from pipeline.llm.gate import Asked, Keeper
from pipeline.llm.locking import locked
from pipeline.llm.types import Usage

NAME = "journal.sqlite"
_VERSION = 2
_APPLICATION = 0x41465450
"""`AFTP`, in the file's header: another program's database is not ours to write."""
_BUSY_S = 30.0
_SCHEMA = """
CREATE TABLE answers (
    key TEXT PRIMARY KEY, at TEXT NOT NULL, run INTEGER NOT NULL, step TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, started TEXT NOT NULL, ended TEXT, drafter TEXT NOT NULL, model TEXT, sheets INTEGER NOT NULL,
    drafted INTEGER NOT NULL DEFAULT 0, review INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,
    asked INTEGER NOT NULL DEFAULT 0, recalled INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE notes (
    run INTEGER NOT NULL REFERENCES runs (id), note TEXT NOT NULL, sheet TEXT NOT NULL, status TEXT NOT NULL,
    error TEXT, prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL,
    cost_usd TEXT, seconds REAL NOT NULL,
    PRIMARY KEY (run, note)
) WITHOUT ROWID;
CREATE TABLE batches (
    id TEXT PRIMARY KEY, at TEXT NOT NULL, run INTEGER NOT NULL, requests INTEGER NOT NULL, collected TEXT
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One command that drafted into the folder; `ended` is None where it was stopped.

    `asked` requests went to the server, `recalled` ones were answered from the journal.
    """

    id: int
    started: str
    ended: str | None
    drafter: str
    model: str | None
    sheets: int
    drafted: int
    review: int
    failed: int
    asked: int
    recalled: int


@dataclass(frozen=True, slots=True)
class NoteRow:
    """What became of one sheet in a run. `cost_usd` is exact decimal text, None where no price is known."""

    note: str
    sheet: str
    status: str
    error: str | None
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cost_usd: str | None
    seconds: float


class Journal:
    """An open journal. Use `opened`, which holds its lock."""

    def __init__(self, path: Path, now: Callable[[], datetime], run: int = 0) -> None:
        """Opens or makes the file; `run` is one that another process has begun.

        Raises InputError where it is damaged, of another version, or cannot be written.
        """
        self.path = path
        self._now = now
        self.run = run
        self.asked = 0
        self.recalled = 0
        with self._told():
            self._db = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
            self._prepare()

    def _prepare(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        application = self._db.execute("PRAGMA application_id").fetchone()[0]
        if version == 0 and not self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {_VERSION}; PRAGMA application_id = {_APPLICATION}; COMMIT;")
        elif application != _APPLICATION:
            raise InputError(Problem("is another program's database: give --out another folder", file=str(self.path)))
        elif version != _VERSION:
            message = f"is a journal of version {version}, expected {_VERSION}: --fresh puts it aside and starts another"
            raise InputError(Problem(message, file=str(self.path)))
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("SELECT count(*) FROM answers").fetchone()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turns what SQLite says into a line for people."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise OutputFailed(Problem(f"cannot be used ({error}): check the folder's permissions and the disk", str(self.path))) from None
        except sqlite3.DatabaseError as error:
            message = f"is damaged ({error}): --fresh puts it aside and starts another, at the price of asking again"
            raise OutputFailed(Problem(message, file=str(self.path))) from None

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    # -- answers -----------------------------------------------------------------------------------------------------------------

    def get(self, key: str, *, is_counted: bool = True) -> bytes | None:
        """The body of the answer to a request, or None; `recalled` counts it. Raises OutputFailed where the file cannot be read."""
        with self._told():
            row = self._db.execute("SELECT body FROM answers WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        self.recalled += is_counted
        return bytes(row[0])

    def put(self, key: str, step: str, content: bytes, usage: Usage) -> None:
        """Keep an answer: in the file when this returns, whatever happens to the process. Raises OutputFailed."""
        tokens = (usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens)
        self._insert((key, self._now().isoformat(), self.run, step, *tokens, content))
        self.asked += 1

    def _insert(self, row: tuple[object, ...]) -> None:
        with self._told():
            self._db.execute("INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    def keeper(self, engine: str) -> Keeper:
        """What a client asks before it asks a server. `engine` is the server's identity: its base URL, or the model's own name where the
        address changes."""
        return _Keeper(self, engine)

    # -- batches of OpenAI's Batch API ---------------------------------------------------------------------------------------------

    def batch_sent(self, id_: str, requests: int) -> None:
        """A batch was accepted: after a restart it is collected, not sent again. Raises OutputFailed."""
        with self._told():
            self._db.execute(
                "INSERT INTO batches (id, at, run, requests) VALUES (?, ?, ?, ?)", (id_, self._now().isoformat(), self.run, requests)
            )

    def batch_collected(self, id_: str) -> None:
        """Its answers are kept. Raises OutputFailed."""
        with self._told():
            self._db.execute("UPDATE batches SET collected = ? WHERE id = ?", (self._now().isoformat(), id_))

    def batches_under_way(self) -> list[str]:
        """Ids of those that were sent and not collected, the oldest first."""
        with self._told():
            return [str(row[0]) for row in self._db.execute("SELECT id FROM batches WHERE collected IS NULL ORDER BY at, id")]

    # -- runs --------------------------------------------------------------------------------------------------------------------

    def begin(self, drafter: str, model: str | None, sheets: int) -> int:
        """A run begins; its number."""
        with self._told():
            found = self._db.execute(
                "INSERT INTO runs (started, drafter, model, sheets) VALUES (?, ?, ?, ?)", (self._now().isoformat(), drafter, model, sheets)
            )
        self.run = int(found.lastrowid or 0)
        return self.run

    def done(self, row: NoteRow) -> None:
        """A sheet is over, one way or the other. Raises OutputFailed where this cannot be kept."""
        count = {"draft": "drafted", "needs_review": "review"}.get(row.status, "failed")
        with self._told():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.execute(
                    "INSERT OR REPLACE INTO notes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (self.run, row.note, row.sheet, row.status, row.error, row.prompt_tokens, row.completion_tokens, row.cached_tokens,
                     row.cost_usd, row.seconds),
                )  # fmt: skip
                self._db.execute(
                    f"UPDATE runs SET {count} = {count} + 1, asked = ?, recalled = ? WHERE id = ?",  # noqa: S608 - one of three words
                    (self.asked, self.recalled, self.run),
                )
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise

    def end(self, *, complete: bool = True) -> None:
        """The run is over: it came to its end, or was stopped."""
        ended = self._now().isoformat() if complete else None
        with self._told():
            self._db.execute(
                "UPDATE runs SET ended = ?, asked = ?, recalled = ? WHERE id = ?", (ended, self.asked, self.recalled, self.run)
            )

    def runs(self) -> list[Run]:
        """All runs, the first one first."""
        names = ", ".join(Run.__dataclass_fields__)
        with self._told():
            return [Run(*row) for row in self._db.execute(f"SELECT {names} FROM runs ORDER BY id")]  # noqa: S608 - our own names

    def notes(self, run: int) -> list[NoteRow]:
        """What became of the sheets of a run, by the note's name."""
        names = ", ".join(NoteRow.__dataclass_fields__)
        with self._told():
            found = self._db.execute(f"SELECT {names} FROM notes WHERE run = ? ORDER BY note", (run,))  # noqa: S608 - our own names
            return [NoteRow(*row) for row in found]

    def answers(self) -> int:
        """How many answers are kept."""
        with self._told():
            return int(self._db.execute("SELECT count(*) FROM answers").fetchone()[0])


@contextmanager
def opened(folder: Path, now: Callable[[], datetime], on_wait: Callable[[], None], *, fresh: bool = False) -> Iterator[Journal]:
    """The folder's journal, made where there is none; another process that has it is waited for, `on_wait` having been called.

    `fresh` puts an earlier one aside (`journal.sqlite.old`), for nobody but the user throws away what was paid for. Raises InputError.
    """
    path = folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / f".{NAME}.lock", on_wait):
            if fresh:
                _put_aside(path)
            journal = Journal(path, now)
            try:
                yield journal
            finally:
                journal.close()
    except OSError as error:
        raise OutputFailed(Problem(f"cannot write into this folder: {error.strerror or error}", file=str(folder))) from None


def _put_aside(path: Path) -> None:
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        if (path.parent / name).exists():
            (path.parent / name).replace(path.parent / name.replace(NAME, f"{NAME}.old"))


def key_of(engine: str, asked: Asked) -> str:
    """A request's name in a journal: the hash of the server, the sample and the bytes as they are sent."""
    start = f"{engine.rstrip('/')}\0{asked.request.sample}\0".encode()
    return hashlib.sha256(start + asked.content).hexdigest()


class _Keeper:
    def __init__(self, journal: Journal, engine: str) -> None:
        self._journal = journal
        self._engine = engine

    async def recall(self, asked: Asked) -> bytes | None:
        return self._journal.get(key_of(self._engine, asked))

    async def keep(self, asked: Asked, content: bytes, usage: Usage) -> None:
        self._journal.put(key_of(self._engine, asked), asked.request.name, content, usage)
