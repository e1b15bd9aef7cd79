"""One process at a time: a lock file that is gone when nobody holds it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_POLL_S = 0.2


@contextmanager
def locked(path: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the lock that `path` stands for. While another process holds it, wait, having called `on_wait` once.

    The lock falls with its process, however that ends. Where the file system has no locks there is none. Raises OSError where `path`
    cannot be made.
    """
    waited = False
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        if _taken(handle) and _is_still(handle, path):
            break
        os.close(handle)
        if not waited:
            waited = True
            on_wait()
        time.sleep(_POLL_S)
    try:
        yield
    finally:
        # Removed while it is held: whoever opened it meanwhile sees that it is no longer the one, and makes another. Where an open file
        # cannot be removed, it stays, empty.
        with suppress(OSError):
            path.unlink()
        os.close(handle)


def _taken(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True
    return True


def _is_still(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
