"""Fixtures that many tests share: real cases, a fixed clock."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings

from pipeline.chain.draft import Clock
from pipeline.facts.factbase import FactBase
from pipeline.facts.loading import load_sheet
from pipeline.facts.sheet import FactSheet

# No deadline: how long an example takes says more about the machine than about the code.
settings.register_profile("steady", settings(), deadline=None)
settings.load_profile("steady")

CASES = Path(__file__).parent.parent / "evals" / "cases"
KC = CASES / "kc-2026q1" / "facts.json"


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A developer's own endpoint, key or model must not reach a test."""
    for name in ("AFTERPRINT_BASE_URL", "AFTERPRINT_MODEL", "AFTERPRINT_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    # Nor a model that was pulled.
    monkeypatch.setenv("AFTERPRINT_MODELS_DIR", str(tmp_path_factory.getbasetemp() / "no-models"))


@pytest.fixture(scope="session")
def kc_sheet() -> FactSheet:
    return load_sheet(KC, max_bytes=10_000_000)


@pytest.fixture(scope="session")
def kc(kc_sheet: FactSheet) -> FactBase:
    return FactBase.of(kc_sheet)


@pytest.fixture
def clock() -> Clock:
    """Stands still at noon; every look at the stop-watch is a second later."""
    ticks: Iterator[int] = itertools.count()
    return Clock(now=lambda: datetime(2026, 5, 28, 12, tzinfo=UTC), monotonic=lambda: float(next(ticks)))
