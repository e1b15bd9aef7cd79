"""`afterprint cassette record` and `check`, as a person meets them. The model is scripted."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest

from pipeline.cli.main import run
from pipeline.llm.cassettes.file import Cassette, read_cassette
from pipeline.recording.kinds import CHAIN
from tests.scripted_xllamacpp import scripted_package
from tests.test_recording import (
    KC,
    KO,
    answered,
    answering,
    answers,
    case_in,
    change_sheet,
    kc_case,
    kc_recorded,
    one_less,
    one_more,
    other_number,
    other_prompt,
    other_schema,
    other_words,
    rewrite,
    serving,
)

__all__ = ["kc_case", "kc_recorded"]
KEY = "test-key-0123456789"
Change = Callable[[Cassette], Cassette]


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


class Run(Protocol):
    def __call__(self, *words: object) -> Done: ...


@pytest.fixture
def afterprint(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs the command in this process, with its exit code and its words."""

    def command(*words: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["afterprint", *map(str, words)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            run()
        out, err = capfd.readouterr()
        return Done(int(end.value.code or 0), out, err)

    return command


# -- check ---------------------------------------------------------------------------------------------------------------


def test_a_sound_cassette(afterprint: Run, kc_case: Path) -> None:
    assert afterprint("cassette", "check", kc_case) == Done(0, "1 of 1 cassette sound\n", "")


def with_header(cassette: Cassette) -> Cassette:
    one = cassette.interactions[0]
    request = one.request.model_copy(update={"headers": one.request.headers | {"authorization": ("Bearer x",)}})
    return with_first(cassette, one.model_copy(update={"request": request}))


def with_cookie(cassette: Cassette) -> Cassette:
    one = cassette.interactions[0]
    response = one.response.model_copy(update={"headers": one.response.headers | {"set-cookie": ("a=b",)}})
    return with_first(cassette, answered(one, response, honest=True))


def with_host(cassette: Cassette) -> Cassette:
    one = cassette.interactions[0]
    return with_first(
        cassette, one.model_copy(update={"request": one.request.model_copy(update={"uri": "http://10.0.0.7/v1/chat/completions"})})
    )


def with_first(cassette: Cassette, one: Any) -> Cassette:
    return cassette.model_copy(update={"interactions": (one, *cassette.interactions[1:])})


def at_once(cassette: Cassette) -> Cassette:
    one = cassette.interactions[0]
    return with_first(cassette, one.model_copy(update={"recorded": one.recorded.model_copy(update={"seconds": 0.0})}))


def afterwards(cassette: Cassette) -> Cassette:
    one = cassette.interactions[0]
    later = one.recorded.model_copy(update={"at": one.recorded.at + timedelta(hours=1)})
    return with_first(cassette, one.model_copy(update={"recorded": later}))


def without_digest(cassette: Cassette) -> Cassette:
    one = cassette.interactions[0]
    return with_first(cassette, one.model_copy(update={"recorded": one.recorded.model_copy(update={"answer_sha256": None})}))


def without_prompts(cassette: Cassette) -> Cassette:
    return cassette.model_copy(update={"recorded": cassette.recorded.model_copy(update={"prompts": ()})})


def without_settings(cassette: Cassette) -> Cassette:
    return cassette.model_copy(update={"recorded": cassette.recorded.model_copy(update={"manner": None})})


def empty(cassette: Cassette) -> Cassette:
    return cassette.model_copy(update={"interactions": ()})


def fewer_tokens(body: dict[str, Any]) -> None:
    body["usage"] |= {"completion_tokens": 3, "total_tokens": 103}


def honestly(change: Callable[[dict[str, Any]], object]) -> Change:
    """What somebody makes up who brings the digest along."""
    return answering(4, change, honest=True)


EDITED = "the answer was edited after the recording: its digest is another"
AMISS = "interaction 5: not as a server answers: "
FAULTS: dict[str, tuple[Change, str]] = {
    "words of an answer": (answering(0, other_words), f"interaction 1: {EDITED}"),
    "a number of an answer": (answering(1, other_number), f"interaction 2: {EDITED}"),
    "a token count": (
        answering(0, lambda body: body["usage"].update(prompt_tokens=101, total_tokens=body["usage"]["total_tokens"] + 1)),
        f"interaction 1: {EDITED}",
    ),
    "no digest": (without_digest, "interaction 1: the answer has no digest, so nobody can tell whether it was edited"),
    "an interaction less": (one_less, "the chain asks for something else: it holds no answer to this request: step '"),
    "an interaction more": (one_more, "interaction 6: step 'summarize' (POST /v1/chat/completions), answered 200: the chain never"),
    "no interactions": (empty, "nothing is recorded in it"),
    "a secret header": (with_header, "interaction 1, request: header 'authorization', which no recording keeps"),
    "a cookie": (with_cookie, "interaction 1, response: header 'set-cookie', which no recording keeps"),
    "a private address": (with_host, "interaction 1, request.uri: more of an address than a recording keeps"),
    "a secret in an answer": (
        honestly(lambda body: body.update(note="sk-abcdefghijklmnop0123")),
        "interaction 5, response.body.note: an API key (sk-a…)",
    ),
    "a changed prompt": (other_prompt, "prompts/system.md has changed since the recording"),
    "a changed schema": (other_schema, "schemas/summary.schema.json has changed since the recording"),
    "prompts not named": (without_prompts, "the list of prompts and schemas is not the chain's"),
    "no settings": (without_settings, "recorded.manner: missing: a replay needs the settings of the recording"),
    "no time passed": (at_once, "interaction 1: no server answers in 0 seconds"),
    "asked afterwards": (afterwards, "interaction 1: was asked after the recording was over"),
    "no id": (honestly(lambda body: body.pop("id")), f"{AMISS}no id"),
    "no time": (honestly(lambda body: body.update(created=0)), f"{AMISS}'created' is not the time of the recording"),
    "no counts": (honestly(lambda body: body.pop("usage")), f"{AMISS}neither token counts nor timings"),
    "counts made up": (honestly(fewer_tokens), "characters in 3 tokens"),
    "a sum made up": (honestly(lambda body: body["usage"].update(total_tokens=1)), f"{AMISS}token counts that do not add up"),
    "timings too long": (
        honestly(lambda body: body.update(timings={"prompt_ms": 90_000, "predicted_ms": 1})),
        f"{AMISS}timings of more than the ",
    ),
    "timings of another answer": (
        honestly(lambda body: body.update(timings={"predicted_n": 1})),
        f"{AMISS}timings and token counts that differ",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_line_with_what_to_do(afterprint: Run, kc_case: Path, fault: str) -> None:
    change, what = FAULTS[fault]
    path = kc_case / CHAIN.file
    rewrite(path, change)
    done = afterprint("cassette", "check", kc_case)
    assert done.returncode == 1
    *findings, total = done.stdout.splitlines()
    assert [line for line in findings if what in line], done.stdout
    for line in findings:
        assert line.startswith(f"{path}: ")
        assert line.endswith(f"afterprint cassette record {kc_case}")
    assert total == "0 of 1 cassette sound"
    assert "Traceback" not in done.stderr


def test_a_changed_sheet(afterprint: Run, kc_case: Path) -> None:
    change_sheet(kc_case)
    done = afterprint("cassette", "check", kc_case)
    assert done.returncode == 1
    assert f"cassette.yaml: facts.json has changed since the recording: afterprint cassette record {kc_case}\n" in done.stdout


def test_a_cassette_without_a_sheet(afterprint: Run, kc_case: Path) -> None:
    (kc_case / "facts.json").unlink()
    path = kc_case / CHAIN.file
    assert afterprint("cassette", "check", kc_case.parent) == Done(
        1, f"{path}: no facts.json lies beside it: put it there, or delete {path}\n0 of 1 cassette sound\n", ""
    )


def test_a_case_without_a_cassette(afterprint: Run, tmp_path: Path) -> None:
    folder = case_in(tmp_path)
    done = afterprint("cassette", "check", folder)
    assert done.returncode == 1
    assert f"cassette.yaml: this case has no cassette yet: afterprint cassette record {folder}\n" in done.stdout


def test_the_key_of_this_environment_is_found(afterprint: Run, kc_case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERPRINT_API_KEY", "plainwords")
    rewrite(kc_case / CHAIN.file, answering(4, lambda body: body.update(note="plainwords"), honest=True))
    done = afterprint("cassette", "check", kc_case)
    assert "interaction 5, response.body.note: the API key itself: " in done.stdout
    assert "plainwords" not in done.stdout


CONFLICT = "<<<<<<< HEAD\n  case: a\n=======\n  case: b\n>>>>>>> other\n"


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (lambda text: text.replace("recorded:\n", f"recorded:\n{CONFLICT}", 1), r"cassette\.yaml:4: holds a conflict"),
        (lambda text: text[: len(text) // 2], r"cassette\.yaml:\d+: is cut off"),
        (lambda text: text.replace("version: 1", "version: 2", 1), r"cassette\.yaml:2: version: expected 1"),
        (lambda text: "", r"cassette\.yaml:1: is cut off"),
    ],
)
def test_what_cannot_be_read(afterprint: Run, kc_case: Path, spoil: Callable[[str], str], line: str) -> None:
    path = kc_case / CHAIN.file
    path.write_text(spoil(path.read_text()))
    done = afterprint("cassette", "check", kc_case)
    assert done.returncode == 2
    assert re.search(line, done.stderr)
    assert done.stdout == "0 of 1 cassette sound\n"


def test_a_sheet_that_cannot_be_read(afterprint: Run, kc_case: Path) -> None:
    (kc_case / "facts.json").write_text("{")
    done = afterprint("cassette", "check", kc_case)
    assert done.returncode == 2
    assert "facts.json:1: " in done.stderr


def test_findings_for_machines(afterprint: Run, kc_case: Path, tmp_path: Path) -> None:
    rewrite(kc_case / CHAIN.file, other_prompt)
    broken = case_in(kc_case.parent, KO)
    (broken / CHAIN.file).write_text("")
    done = afterprint("cassette", "check", kc_case.parent, "--json")
    assert done.returncode == 2
    told = json.loads(done.stdout)
    assert told["cassettes"] == 2
    assert told["findings"] == [
        {
            "file": str(kc_case / CHAIN.file),
            "about": "changed",
            "what": "prompts/system.md has changed since the recording",
            "advice": f"afterprint cassette record {kc_case}",
        }
    ]
    assert [(problem["file"], problem["line"]) for problem in told["problems"]] == [(str(broken / CHAIN.file), 1)]


# -- record --------------------------------------------------------------------------------------------------------------


def test_record_then_check_then_nothing_to_do(afterprint: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERPRINT_API_KEY", KEY)
    folder = case_in(tmp_path / "cases")
    weights = tmp_path / "model.gguf"
    weights.write_bytes(b"GGUF")
    with serving(KC) as server:
        words = ("cassette", "record", tmp_path / "cases", "--base-url", server.base_url)
        done = afterprint(*words, "--model-file", weights)
        asked = len(server.requests)
        again = afterprint(*words, "--model", "scripted", "--json")
        assert len(server.requests) == asked
    path = folder / CHAIN.file
    assert (done.returncode, done.stdout) == (0, f"{path}\n")
    assert "recording 1 case with scripted, drafter openai" in done.stderr
    assert f"{KC}: catalysts: accepted" in done.stderr
    assert re.search(r"recorded, 4 answers, \d+\.\d s\n", done.stderr)
    assert KEY not in path.read_text()
    assert read_cassette(path).recorded.model_sha256 == hashlib.sha256(b"GGUF").hexdigest()
    told = json.loads(again.stdout)
    assert [case["status"] for case in told["cases"]] == ["current"]
    assert "--fresh records it again" in again.stderr
    assert afterprint("cassette", "check", path).returncode == 0


def test_a_server_that_fails(afterprint: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERPRINT_MAX_ATTEMPTS", "1")
    kc, ko = case_in(tmp_path, KC), case_in(tmp_path, KO)
    with serving(KC, KO, break_case=KC) as server:
        done = afterprint("cassette", "record", tmp_path, "--base-url", server.base_url, "--model", "m", "--concurrency", 2)
    assert done.returncode == 3
    assert done.stdout == f"{ko / CHAIN.file}\n"
    (line,) = [line for line in done.stderr.splitlines() if "failed:" in line]
    assert line.startswith(f"{kc}: failed: ")
    assert "scripted breakdown" in line
    assert not (kc / CHAIN.file).exists()


def test_a_local_model_is_recorded_as_such(afterprint: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = case_in(tmp_path / "cases")
    weights = tmp_path / "tiny.gguf"
    weights.write_bytes(b"GGUF, and no model")
    with scripted_package(answers(KC), monkeypatch) as package:
        done = afterprint("cassette", "record", folder, "--drafter", "local", "--model", weights, "--concurrency", 3)
        assert package.running == [], "the model is let go"
        assert len(package.made) == 1
    assert done.returncode == 0, done.stderr
    known = read_cassette(folder / CHAIN.file).recorded
    assert (known.drafter, known.model) == ("local", "tiny")
    assert known.manner is not None
    assert known.manner.most_facts == 60
    assert known.model_sha256 is not None
    assert afterprint("cassette", "check", folder).returncode == 0


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--drafter", "rules"], "--drafter rules: expected openai or local: only what a model's server answers can be recorded"),
        (["--drafter", "local", "--base-url", "http://127.0.0.1:1/v1"], "--drafter local and --base-url: expected one of them"),
        (["--base-url", "nonsense", "--model", "m"], "base_url: expected a URL"),
        (["--base-url", "http://127.0.0.1:1/v1", "--model", "m", "--model-file", "nowhere.gguf"], "nowhere.gguf: cannot be read"),
    ],
)
def test_words_that_do_not_fit(afterprint: Run, tmp_path: Path, words: list[str], line: str) -> None:
    done = afterprint("cassette", "record", case_in(tmp_path), *words)
    assert done.returncode == 2
    assert line in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_no_case(afterprint: Run, tmp_path: Path) -> None:
    for command in ("record", "check"):
        done = afterprint("cassette", command, tmp_path / "nowhere")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"{tmp_path / 'nowhere'}: no such file or folder: expected a case")


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_leaves_no_half_cassette(tmp_path: Path) -> None:
    folder = case_in(tmp_path)
    with serving(KC, delay_s=30) as server:
        command = [sys.executable, "-c", "from pipeline.cli.main import run; run()"]
        process = subprocess.Popen(
            [*command, "cassette", "record", str(folder), "--base-url", server.base_url, "--model", "m"], stderr=subprocess.PIPE, text=True
        )
        until = time.monotonic() + 120
        while not server.requests and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=120)
    assert process.returncode == 130, told
    assert "Traceback" not in told
    assert [path.name for path in folder.iterdir()] == ["facts.json"]
