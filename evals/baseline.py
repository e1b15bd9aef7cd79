"""Blessing: the results of a run become what later runs are compared with."""

from __future__ import annotations

import subprocess
from datetime import datetime
from pathlib import Path

from evals.results import Blessing, Results
from pipeline.errors import InputError, Problem


def bless(results: Results, now: datetime, folder: Path) -> Results:
    """The results with their date and the git revision of `folder`; `unknown` outside of a repository, `+` where files have changed.

    Raises InputError where a case was not drafted: nothing could be worse than such a baseline.
    """
    if lost := [case.case for case in results.cases if case.failed]:
        raise InputError(Problem(f"not blessed: {len(lost)} of {len(results.cases)} cases were not drafted: {', '.join(lost[:4])}"))
    return results.model_copy(update={"blessed": Blessing(date=now.date().isoformat(), revision=revision(folder))})


def revision(folder: Path) -> str:
    """The commit that `folder` stands at."""
    head = _git(folder, "rev-parse", "HEAD")
    if head is None:
        return "unknown"
    return head + ("+" if _git(folder, "status", "--porcelain", "--untracked-files=no") else "")


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=False, timeout=30)  # noqa: S603, S607 - git, from the path
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
