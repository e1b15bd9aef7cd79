"""A model on this machine: llama.cpp's server in this process, on loopback, under a key of its own."""

from __future__ import annotations

import os
import re
import secrets
import socket
from importlib import util
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from pipeline.errors import InputError, ModelNotLoaded, Problem, UsageError

INSTALL = "pip install 'afterprint[local]'"
HOST = "127.0.0.1"
MAGIC = b"GGUF"
BATCH_TOKENS = 128
"""Tokens of a prompt read between two looks at whether anybody still waits for the answer: a few seconds on a slow machine.
llama.cpp's own 2,048 would keep Ctrl-C waiting for a minute, and reads no faster on a CPU."""

_TOTAL = re.compile(r"^llamacpp:(\w+)_total ([0-9.e+]+)$", re.MULTILINE)


class Speed(NamedTuple):
    """Tokens per second since the server started; None before anything was read or written."""

    reading: float | None
    writing: float | None


class LocalServer:
    """llama.cpp's server for one GGUF file, from `with` to its end. It answers one request after the other and keeps the last prompt.

    It listens on 127.0.0.1 only, by default on a port that is free, under a key that nobody else knows.
    """

    def __init__(self, gguf: Path, *, context_tokens: int, alias: str = "", api_key: str = "", port: int = 0, log: bool = False) -> None:
        """`context_tokens` is the room for a prompt and its answer; a model trained for less has less. `port` 0 takes a free one.

        `log` lets llama.cpp write what it does to stderr.
        """
        self.gguf = gguf
        self.alias = alias or gguf.stem
        self.api_key = api_key or secrets.token_urlsafe(32)
        self._context_tokens = context_tokens
        self._port = port
        self._log = log
        self._server: Any = None

    @property
    def base_url(self) -> str:
        """Root of the OpenAI-compatible API. Known while the server runs."""
        assert self._server is not None, "the server is not running"
        return f"{self._server.listening_address}/v1"

    def __enter__(self) -> Self:
        """Load the model and listen. Raises UsageError without the package, InputError for a file that is no GGUF, ModelNotLoaded."""
        check_gguf(self.gguf)
        require_package()
        _check_port(self._port)
        import xllamacpp

        try:
            self._server = xllamacpp.Server(self._params(xllamacpp))
        except (RuntimeError, ValueError) as error:
            raise ModelNotLoaded(
                f"{self.gguf}: llama.cpp cannot load this file: it is damaged, needs more memory than is free, "
                "or is of a kind that the installed xllamacpp does not know"
            ) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        # Letting go of the object stops the server: it finishes at most one batch, closes its port, frees the model and ends its threads.
        self._server = None

    def speed(self) -> Speed:
        """How fast this machine reads prompts and writes answers, by llama.cpp's own clock."""
        text = self._server.handle_metrics()
        totals = {name: float(value) for name, value in _TOTAL.findall(text.decode() if isinstance(text, bytes) else text)}

        def rate(tokens: str, seconds: str) -> float | None:
            return totals[tokens] / totals[seconds] if totals.get(seconds) and tokens in totals else None

        return Speed(rate("prompt_tokens", "prompt_seconds"), rate("tokens_predicted", "tokens_predicted_seconds"))

    def _params(self, xllamacpp: Any) -> Any:
        params = xllamacpp.CommonParams()
        params.model.path = str(self.gguf)
        params.model_alias = [self.alias]
        params.hostnames = [HOST]
        params.port = self._port
        params.api_keys = [self.api_key]
        params.n_ctx = self._context_tokens
        # One conversation at a time: its growing prompt stays in the one cache.
        params.n_parallel = 1
        params.cache_prompt = True
        params.n_batch = params.n_ubatch = BATCH_TOKENS
        params.endpoint_metrics = True
        params.endpoint_slots = False
        params.ui = False
        params.offline = True
        params.verbosity = 3 if self._log else -1
        if (cores := allowed_cores()) is not None:
            params.cpuparams.n_threads = cores
        return params


def require_package() -> None:
    """Raises UsageError where the package with llama.cpp is not installed."""
    if not is_installed():
        raise UsageError(f"a local model needs the package xllamacpp: {INSTALL}")


def is_installed() -> bool:
    """Whether the package with llama.cpp is there; it is not imported for that."""
    return util.find_spec("xllamacpp") is not None


def check_gguf(path: Path) -> None:
    """Raises InputError for a file that cannot be read or does not start as a GGUF file does: C++ code is handed nothing else."""
    try:
        with path.open("rb") as file:
            start = file.read(len(MAGIC))
    except OSError as error:
        raise InputError(Problem(f"cannot be read: {error.strerror or error}", file=str(path))) from error
    if start != MAGIC:
        raise InputError(Problem("expected a GGUF model file: it does not start with 'GGUF'", file=str(path)))


def _check_port(port: int) -> None:
    """Raises UsageError for a port that somebody else listens on: llama.cpp would not say so."""
    with socket.socket() as probe:
        # As a server does that may start again at once.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise UsageError(f"port {port} cannot be used ({error.strerror}): --port N, or --port 0 for any that is free") from error


def allowed_cores() -> int | None:
    """Cores that this process may use where that is fewer than the machine has; None leaves the number to llama.cpp: the physical ones.

    A container's share of a big machine counts: one thread too many there and all of them wait.
    """
    machine = os.cpu_count() or 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else machine
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        cores = min(cores, max(1, int(quota) // int(period)))
    except (OSError, ValueError):
        pass  # no quota ("max"), or a system without such files
    return cores if cores < machine else None
