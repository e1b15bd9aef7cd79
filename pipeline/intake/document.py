"""A file from outside, read within limits: its bytes, unpacked where it is gzipped, and nothing of it run."""

from __future__ import annotations

import re
import stat
import zlib
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError, Problem
from pipeline.schemas import printable

MAX_BYTES = 100_000_000
"""Of an unpacked document. The largest company's whole history has 20 MB; a bank's annual report about as much."""

_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_CHARSET = re.compile(rb"""<(?:\?xml|meta)[^>]{0,200}?(?:encoding|charset)\s*=\s*["']?([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Document:
    """What a file holds. `name` is the file's path as messages show it."""

    name: str
    content: bytes

    def text(self) -> str:
        """The content as text: UTF-8, else what its own head says, else Windows-1252, in which every byte is a character."""
        declared = _CHARSET.search(self.content[:2_000])
        for encoding in ("utf-8-sig", *([declared[1].decode("ascii")] if declared else [])):
            try:
                return self.content.decode(encoding)
            except (UnicodeDecodeError, LookupError):
                continue
        return self.content.decode("cp1252", errors="replace")

    def refused(self, message: str, *, line: int | None = None, field: str = "") -> InputError:
        """The error that says what is wrong with this document, and where."""
        return InputError(Problem(printable(message), file=self.name, line=line, field=field))


def read_document(path: Path, *, max_bytes: int = MAX_BYTES) -> Document:
    """The document in a file, gunzipped where it is gzipped. Raises InputError for what is no file, is empty, or is too large unpacked."""
    name = printable(str(path))

    def refused(message: str) -> InputError:
        return InputError(Problem(message, file=name))

    try:
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            raise refused("is not a file: expected a document")
        if info.st_size > max_bytes:
            raise refused(f"has {info.st_size:,} bytes: expected at most {max_bytes:,}")
        content = path.read_bytes()
    except FileNotFoundError:
        raise refused("no such file") from None
    except (OSError, ValueError) as error:
        raise refused(f"cannot be read: {error.strerror if isinstance(error, OSError) else error}") from None
    if content.startswith(_GZIP):
        try:
            content = _gunzipped(content, max_bytes)
        except ValueError as error:
            raise refused(str(error)) from None
    if content.startswith(_ZIP):
        raise refused("is a zip archive: unpack it, and give the document itself")
    if not content.strip():
        raise refused("is empty: expected a document")
    return Document(name, content)


def _gunzipped(content: bytes, max_bytes: int) -> bytes:
    """What a gzip file holds, as long as it is no more than `max_bytes`. Raises ValueError with the reason."""
    unpacking = zlib.decompressobj(wbits=31)
    try:
        found = unpacking.decompress(content, max_bytes + 1)
    except zlib.error:
        raise ValueError("is no valid gzip file: expected the document, or the document gzipped") from None
    if len(found) > max_bytes:
        raise ValueError(f"has more than {max_bytes:,} bytes unpacked: expected at most that")
    if not unpacking.eof:
        raise ValueError("is a gzip file that ends too early: fetch it again")
    return found
