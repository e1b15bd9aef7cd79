"""Does a batch stay as small as it begins? And what does a second Ray worker bring?

    python -m evals.bench.scale [--sheets 2000 20000] [--ray 120] [--write]      # --sheets without a number, or --ray 0, leaves one out

- So many sheets drafted by one `afterprint draft` at the stub provider: peak memory of the process, size of the journal, notes a second.
- `--ray` notes with answers after 200 ms, on one Ray worker and on two, four notes at a time on each: seconds, the start of Ray included.
  Workers, driver, ledger and stub share the cores of the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from evals.bench.batch import command, make_sheets, stub, unset
from evals.bench.outside import RESULTS, keep
from pipeline.batch.journal import NAME

AT_ONCE_ON_A_WORKER = 4


def drafted(folder: Path, url: str, *more: str, **environment: str) -> dict[str, Any]:
    """One command over the folder's sheets: what it took."""
    out = folder / "out"
    started = time.perf_counter()
    words = [*command(folder / "sheets", url, out), *more]
    process = subprocess.Popen(words, env=unset() | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - our own command
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    run = json.loads((out / "run.json").read_text("utf-8"))
    within = datetime.fromisoformat(run["ended"]) - datetime.fromisoformat(run["started"])
    return {
        "notes": run["drafted"],
        "exit code": os.waitstatus_to_exitcode(status),
        "notes a second": round(run["drafted"] / seconds, 2),
        "seconds of drafting": round(within.total_seconds(), 1),
        "peak MiB": round(used.ru_maxrss / 1024),
        "journal MiB": round(sum(path.stat().st_size for path in out.glob(f"{NAME}*")) / 2**20, 1),
    }


def measure(sheets: Sequence[int], ray: int) -> dict[str, Any]:
    """Both measures."""
    found: dict[str, Any] = {"sheets": {}, "ray": {}}
    for count in sheets:
        with TemporaryDirectory() as name:
            folder = Path(name)
            with stub(prepared(folder, count)) as url:
                found["sheets"][str(count)] = drafted(folder, url)
    if ray and find_spec("ray") is not None:
        for workers in (1, 2):
            with TemporaryDirectory() as name:
                folder = Path(name)
                with stub(prepared(folder, ray), **{"latency-ms": 200}) as url:
                    more = ("--executor", "ray", "--concurrency", str(AT_ONCE_ON_A_WORKER * workers))
                    found["ray"][str(workers)] = drafted(folder, url, *more, AFTERPRINT_RAY_WORKERS=str(workers))
    return found


def prepared(folder: Path, count: int) -> Path:
    """Write the sheets; where the stub's answers are."""
    (folder / "sheets").mkdir()
    (folder / "answers.json").write_text(json.dumps(make_sheets(folder / "sheets", count)), "utf-8")
    return folder / "answers.json"


def main(words: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sheets", type=int, nargs="*", default=[2_000, 20_000])
    parser.add_argument("--ray", type=int, default=120, help="notes on one and on two Ray workers; 0 leaves them out")
    parser.add_argument("--write", action="store_true", help="keep the figures in results/scale.json")
    args = parser.parse_args(words)
    figures = measure(args.sheets, args.ray)
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    if args.write:
        kept = json.loads((RESULTS / "scale.json").read_text("utf-8")) if (RESULTS / "scale.json").exists() else {}
        keep("scale", {**kept, **{part: found for part, found in figures.items() if found}})
    return 0


if __name__ == "__main__":
    sys.exit(main())
