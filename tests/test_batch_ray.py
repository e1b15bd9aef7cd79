"""`--executor ray`: a cluster on this machine, a worker killed while it drafts, and the same notes as in one process.

The command runs in a process of its own, for Ray speaks to itself over this machine's own address.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from evals.bench.batch import make_sheets, notes_in, stats, stub, unset

pytest.importorskip("ray")
NOTES = 16


def command(folder: Path, url: str, out: Path, executor: str) -> list[str]:
    run = "from pipeline.cli.main import run; run()"
    words = ["draft", str(folder / "sheets"), "--drafter", "openai", "--model", "stub", "--base-url", url, "--out", str(out)]
    return [sys.executable, "-c", run, *words, "--executor", executor, "--concurrency", "4"]


def environment() -> dict[str, str]:
    return unset() | {"AFTERPRINT_RAY_WORKERS": "2"}


def a_worker_below(parent: int) -> int | None:
    """A Ray worker process of the cluster that `parent` started."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().decode("utf-8", "replace")
            except OSError:
                continue
            if words.startswith("ray::Worker") and is_below(int(entry.name), parent):
                return int(entry.name)
    return None


def is_below(process: int, ancestor: int) -> bool:
    while process > 1:
        if process == ancestor:
            return True
        try:
            process = int((Path("/proc") / str(process) / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return False
    return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the worker in /proc")
def test_a_lost_workers_notes_are_drafted_elsewhere_and_all_are_as_in_one_process(tmp_path: Path) -> None:
    (tmp_path / "sheets").mkdir()
    (tmp_path / "answers.json").write_text(json.dumps(make_sheets(tmp_path / "sheets", NOTES)))
    with stub(tmp_path / "answers.json", **{"latency-ms": 150}) as url:
        one = subprocess.run(command(tmp_path, url, tmp_path / "one", "asyncio"), env=environment(), capture_output=True, check=False)
        assert one.returncode == 0, one.stderr
        asked = sum(stats(url)["served"].values())
        killed = False
        words = command(tmp_path, url, tmp_path / "ray", "ray")
        with subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            while process.poll() is None and not killed:
                time.sleep(0.05)
                if sum(stats(url)["served"].values()) >= asked + 12 and (worker := a_worker_below(process.pid)) is not None:
                    os.kill(worker, signal.SIGKILL)
                    killed = True
            _, told = process.communicate(timeout=120)
        repeated = stats(url)["paid twice"] - asked
    assert killed
    assert process.returncode == 0, told
    assert "was lost, another one takes over" in told
    assert notes_in(tmp_path / "ray") == notes_in(tmp_path / "one")
    assert len(notes_in(tmp_path / "ray")) == NOTES
    assert repeated <= 4, "only what the lost worker had under way"
    row = json.loads((tmp_path / "ray" / "run.json").read_text())
    assert (row["drafted"], row["not_finished"]) == (NOTES, 0)


def test_ray_needs_an_endpoint(tmp_path: Path) -> None:
    words = ["draft", str(tmp_path), "--executor", "ray", "--drafter", "rules"]
    (tmp_path / "facts.json").write_bytes((Path(__file__).parent.parent / "evals/cases/kc-2026q1/facts.json").read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", "from pipeline.cli.main import run; run()", *words, "--out", str(tmp_path / "out")],
        env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "expected --drafter openai" in done.stderr
