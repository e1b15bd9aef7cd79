"""Stands in for the package xllamacpp: the same few names, and behind them the scripted server. No model runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.scripted_server import Script, ScriptedServer

METRICS = """# HELP llamacpp:prompt_tokens_total Number of prompt tokens processed.
# TYPE llamacpp:prompt_tokens_total counter
llamacpp:prompt_tokens_total 4000
llamacpp:prompt_seconds_total 1.25e+02
llamacpp:tokens_predicted_total 500
llamacpp:tokens_predicted_seconds_total 62.5
llamacpp:requests_deferred 0
"""


class Params(SimpleNamespace):
    """Takes whatever is set."""

    def __init__(self) -> None:
        super().__init__(model=SimpleNamespace(path=""), cpuparams=SimpleNamespace(n_threads=-1))


class Package(ModuleType):
    """The module: `running` are the servers that were made and not yet let go; `made` are the params of all."""

    def __init__(self, script: Script) -> None:
        super().__init__("xllamacpp")
        self.__spec__ = ModuleSpec("xllamacpp", None)
        self.running: list[ScriptedServer] = []
        self.made: list[Any] = []
        self.asked: list[ScriptedServer] = []
        self.metrics: str | bytes = METRICS
        self.refuses = False
        package = self

        class Server:
            def __init__(self, params: Any) -> None:
                if package.refuses:
                    raise RuntimeError("Failed to init server, please check the input params.")
                self._behind = ScriptedServer(script).__enter__()
                package.running.append(self._behind)
                package.asked.append(self._behind)
                package.made.append(params)

            @property
            def listening_address(self) -> str:
                return self._behind.base_url.removesuffix("/v1")

            def handle_metrics(self) -> str | bytes:
                return package.metrics

            def __del__(self) -> None:
                # As the real one: letting go of it ends it.
                if hasattr(self, "_behind"):
                    self._behind.__exit__()
                    package.running.remove(self._behind)

        self.Server = Server
        self.CommonParams = Params


@contextmanager
def scripted_package(script: Script, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    """`import xllamacpp` finds a scripted one that answers by `script`."""
    package = Package(script)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "xllamacpp", package)
        yield package
