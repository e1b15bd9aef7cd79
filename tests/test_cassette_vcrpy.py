"""Cassettes are vcrpy's file format: vcrpy itself reads ours, and its own dicts are what we take them for."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
import vcr
import yaml
from vcr.persisters.filesystem import FilesystemPersister
from vcr.request import Request
from vcr.serialize import CASSETTE_FORMAT_VERSION, deserialize
from vcr.serializers import yamlserializer

from pipeline.llm.cassettes.file import read_cassette, write_cassette
from tests.scripted_server import ScriptedServer
from tests.test_cassette_file import RECORDING, URI, cassette, chat, interaction


def _with_text_bodies(text: str) -> Any:
    """The adapter: what vcrpy needs to read a cassette of ours."""
    data = yaml.load(text, Loader=yaml.SafeLoader)
    for one in data["interactions"]:
        for side in ("request", "response"):
            parsed = one[side].pop("parsed_body", None)
            if parsed is not None:
                text = json.dumps(parsed)
                one[side]["body"] = {"string": text} if side == "response" else text
    return data


SERIALIZER = SimpleNamespace(deserialize=_with_text_bodies, serialize=yamlserializer.serialize)
ASKED = [chat("Revenue?\nIn one line.", "no", "2025-01-01"), "plain text"]
SAID = ['{"text": "Up 39.2% \\u2014 \\ud83d\\ude00", "n": [1, 1.0, 1e22, true, null]}', 'data: {"a":1}\n\ndata: [DONE]\n\n']


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_cassette(
        tmp_path / "cassette.yaml",
        cassette(*(interaction(asked, said, content_type="application/json") for asked, said in zip(ASKED, SAID, strict=True))),
    )
    return tmp_path / "cassette.yaml"


def test_vcrpy_reads_a_cassette_of_ours(path: Path) -> None:
    requests, responses = FilesystemPersister.load_cassette(path, SERIALIZER)
    assert [(request.method, request.uri, dict(request.headers)) for request in requests] == [
        ("POST", URI, {"content-type": "application/json"})
    ] * 2
    assert json.loads(requests[0].body) == json.loads(ASKED[0])
    assert requests[1].body == ASKED[1].encode()
    assert json.loads(responses[0]["body"]["string"]) == json.loads(SAID[0])
    assert responses[1]["body"]["string"] == SAID[1].encode()
    assert responses[0]["status"] == {"code": 200, "message": "OK"}


@pytest.mark.filterwarnings("default")
def test_vcrpy_replays_a_cassette_of_ours(path: Path) -> None:
    player = vcr.VCR(record_mode=vcr.mode.NONE, match_on=("method", "path", "raw_body"))
    player.register_serializer("ours", SERIALIZER)
    with player.use_cassette(str(path), serializer="ours") as tape, httpx2.Client() as client:
        answer = client.post(URI, content=json.dumps(json.loads(ASKED[0])))
        assert answer.json() == json.loads(SAID[0])
        assert tape.play_count == 1


@pytest.mark.filterwarnings("default")
def test_a_cassette_of_vcrpy_is_ours_but_for_the_recording(tmp_path: Path) -> None:
    """vcrpy's own file, with a `recorded` block here and there and the end mark, is read: names and shapes are the same."""
    path = tmp_path / "vcrpy.yaml"
    with ScriptedServer(["Up."]) as server, vcr.VCR().use_cassette(str(path)), httpx2.Client() as client:
        client.post(f"{server.base_url}/chat/completions", json={"a": 1})
    data = yaml.safe_load(path.read_text("utf-8"))
    assert set(data) == {"version", "interactions"}
    assert data["version"] == CASSETTE_FORMAT_VERSION == 1
    assert {side: set(data["interactions"][0][side]) for side in ("request", "response")} == {
        "request": {"method", "uri", "headers", "body"},
        "response": {"status", "headers", "body"},
    }
    data["recorded"] = RECORDING.model_dump(mode="json")
    data["interactions"][0]["recorded"] = {"at": "2026-05-28T12:00:00Z", "seconds": 1.0}
    path.write_text(yaml.safe_dump(data, explicit_end=True), "utf-8")
    [one] = read_cassette(path).interactions
    assert (one.request.method, one.request.path, one.request.content) == ("POST", "/v1/chat/completions", {"a": 1})
    assert isinstance(one.response.content, str)
    assert json.loads(one.response.content)["choices"][0]["message"]["content"] == "Up."


def test_vcrpy_passes_over_what_we_add() -> None:
    data = {"version": 1, "recorded": {"case": "x"}, "interactions": []}
    assert deserialize("", SimpleNamespace(deserialize=lambda _: data)) == ([], [])
    with pytest.raises(TypeError, match="parsed_body"):
        Request._from_dict({"method": "GET", "uri": URI, "headers": {}, "parsed_body": {}})
