"""Cassettes on disk: bodies come back as they were, readers see what is new, and a bad file is one clear line with its path."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.llm.cassettes import as_yaml, bodies
from pipeline.llm.cassettes.file import (
    Cassette,
    Interaction,
    RecordedRequest,
    RecordedResponse,
    Recording,
    Status,
    Taken,
    TextBody,
    parsed,
    read_cassette,
    text_of,
    write_cassette,
)

NOON = datetime(2026, 5, 28, 12, tzinfo=UTC)
RECORDING = Recording(
    case="kc-2026q1",
    sheet_digest="0" * 64,
    drafter="scripted",
    server="scripted server",
    model="scripted",
    recorded_at=NOON,
    machine="2 CPUs, of an unknown kind",
    afterprint="0.1.0",
)
URI = "http://127.0.0.1/v1/chat/completions"


def interaction(asked: str, said: str, **headers: str) -> Interaction:
    """A request and an answer with these texts as bodies, in the form that a recorder gives them."""
    asked_json, said_json = parsed(asked), parsed(said)
    return Interaction(
        recorded=Taken(at=NOON, seconds=1.5),
        request=RecordedRequest(
            method="POST",
            uri=URI,
            headers={name.replace("_", "-"): (value,) for name, value in headers.items()},
            body=asked if asked_json is None else None,
            parsed_body=asked_json,
        ),
        response=RecordedResponse(
            status=Status(code=200, message="OK"),
            body=TextBody(string=said if said_json is None else ""),
            parsed_body=said_json,
        ),
    )


def cassette(*interactions: Interaction) -> Cassette:
    return Cassette(version=1, recorded=RECORDING, interactions=interactions)


def chat(*contents: str, schema: str = "a") -> str:
    """A request as a chain sends it: the earlier conversation, a long schema."""
    described = {"type": "object", "description": f"{schema} " * 100}
    return json.dumps({"messages": [{"role": "user", "content": content} for content in contents], "schema": described})


def kept(tmp_path: Path, *interactions: Interaction) -> Cassette:
    path = tmp_path / "cassette.yaml"
    write_cassette(path, cassette(*interactions))
    return read_cassette(path)


# Round trips

_texts = st.text() | st.text(alphabet="ab \t\r\n'\"\\:#-{}[]&*!|>%@`,?\x00\x07\x85\xa0\u2028\u2029\ufeff\U0001f600")
_words = st.sampled_from(
    ["no", "on", "~", "null", "1e3", "0x1F", "1_000", "1:20", "2025-01-01", "<<", "=", "...", "---", "<<<<<<< ours", "&a", "*a"]
)
_scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _texts | _words
_json = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(_texts | _words, inner, max_size=5),
    max_leaves=20,
)
_bodies = st.lists(_json, max_size=5) | st.dictionaries(_texts | _words, _json, max_size=5)


def _exact(value: Any) -> str:
    """JSON's text, in which 1, 1.0, true and -0.0 differ, and the order of keys counts."""
    return json.dumps(value)


@given(_bodies, _bodies)
def test_json_bodies_come_back_as_they_were(asked: Any, said: Any) -> None:
    there = cassette(interaction(json.dumps(asked), json.dumps(said)), interaction(json.dumps(said), json.dumps(asked)))
    data, _ = as_yaml.parse(text_of(there))
    back = Cassette.model_validate(data)
    assert back == there
    # Half a surrogate pair is the one thing that JSON can hold and YAML cannot: such a body is kept as text.
    for one, wanted in zip(back.interactions, ((asked, said), (said, asked)), strict=True):
        for content, value in zip((one.request.content, one.response.content), wanted, strict=True):
            assert _exact(json.loads(content) if isinstance(content, str) else content) == _exact(value)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])) | st.text(alphabet="ab \t\r\n:#-\x00\x85\u2028\ufeff"))
def test_other_texts_come_back_as_they_were(text: str) -> None:
    back = Cassette.model_validate(as_yaml.parse(text_of(cassette(interaction(f"x{text}", f"x{text}"))))[0])
    assert back.interactions[0].request.content == back.interactions[0].response.content == f"x{text}"


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":2}',
        '{"a":NaN}',
        '{"a":-Infinity}',
        '{"a":1e999}',
        '{"a":"\\ud83d"}',
        '{"a":' + "9" * 5_000 + "}",
        "[" * 99 + "]" * 99,
        "[" * 100_000,
        "[1",
        "7",
        "",
        'data: {"a":1}\n\ndata: [DONE]\n\n',
    ],
)
def test_what_yaml_would_change_is_kept_as_text(text: str, tmp_path: Path) -> None:
    back = kept(tmp_path, interaction(text, text)).interactions[0]
    assert back.response.content == text
    assert back.response.parsed_body is back.request.parsed_body is None


@pytest.mark.parametrize("text", ["\x85", "a\x85", "\n\x85", "\u2029\x85b", "\ufeff\n", "a\r\nb", " \n\n a \n"])
def test_a_python_without_libyaml_writes_the_same_values(text: str) -> None:
    class Pure(yaml.SafeDumper):
        """PyYAML's own emitter, which is used where libyaml is missing."""

    Pure.add_representer(str, as_yaml._text)
    for loader in (yaml.SafeLoader, yaml.CSafeLoader):
        assert yaml.load(yaml.dump([text], Dumper=Pure, allow_unicode=True), Loader=loader) == [text]  # noqa: S506 - both are safe


def test_numbers_and_half_pairs_in_json() -> None:
    assert bodies.json_of('{"a":12345678901234567890123,"b":0.1,"c":1e22,"d":-0.0,"e":1.0,"f":"\\ud83d\\ude00"}') == {
        "a": 12345678901234567890123,
        "b": 0.1,
        "c": 1e22,
        "d": 0.0,
        "e": 1.0,
        "f": "\U0001f600",
    }


def test_equal_json_has_one_digest_whatever_its_form() -> None:
    one, other = bodies.json_of('{"b": [1, 2.50], "a": "\\u00e9"}'), bodies.json_of('{"a":"é","b":[1,2.5]}')
    assert one is not None
    assert other is not None
    assert bodies.digest(one) == bodies.digest(other)
    assert bodies.digest({"a": 1}) != bodies.digest({"a": 1.0})
    assert bodies.digest("{}") != bodies.digest("{} ")


# For readers


def test_the_text_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "cassette.yaml"
    write_cassette(path, cassette(interaction('{"prompt":"Two\\nlines","n":1}', '{"text":"*no* block: here","ok":true}')))
    assert path.read_text("utf-8").split("interactions:\n")[1] == (
        "- recorded:\n"
        "    at: '2026-05-28T12:00:00Z'\n"
        "    seconds: 1.5\n"
        "  request:\n"
        "    method: POST\n"
        "    uri: http://127.0.0.1/v1/chat/completions\n"
        "    headers: {}\n"
        "    parsed_body:\n"
        "      prompt: |-\n"
        "        Two\n"
        "        lines\n"
        "      n: 1\n"
        "  response:\n"
        "    status:\n"
        "      code: 200\n"
        "      message: OK\n"
        "    headers: {}\n"
        "    parsed_body:\n"
        "      text: '*no* block: here'\n"
        "      ok: true\n"
        "...\n"
    )


def test_what_a_request_repeats_stands_once() -> None:
    turns = [f"turn {n}\n" + f"words of turn {n} " * 50 + "end" for n in range(8)]
    requests = [interaction(chat(*turns[: n + 1]), "{}") for n in range(8)]
    text = text_of(cassette(*requests))
    assert [text.count(f"turn {n}\n") for n in range(8)] == [1] * 8
    assert text.count("a a a a a") < 40
    assert Cassette.model_validate(as_yaml.parse(text)[0]) == cassette(*requests)


def test_values_that_python_takes_for_equal_are_not_shared() -> None:
    long = "x" * as_yaml.SHARED_FROM
    values = [[long, number] for number in (0.0, -0.0, 0, False, 1, 1.0, True, "1", None)]
    back, _ = as_yaml.parse(as_yaml.dump({"a": values}))
    assert [repr(one) for _, one in back["a"]] == ["0.0", "-0.0", "0", "False", "1", "1.0", "True", "'1'", "None"]


def test_the_order_of_keys_is_kept_where_equal_objects_differ_in_it() -> None:
    long = "x" * as_yaml.SHARED_FROM
    data = {"a": [{"p": long, "q": 1}, {"q": 1, "p": long}]}
    assert json.dumps(as_yaml.parse(as_yaml.dump(data))[0]) == json.dumps(data)


def test_the_same_cassette_gives_the_same_bytes(tmp_path: Path) -> None:
    there = cassette(interaction(chat("a"), "{}"), interaction(chat("a", "b"), "no json"))
    write_cassette(tmp_path / "a.yaml", there)
    write_cassette(tmp_path / "b.yaml", read_cassette(tmp_path / "a.yaml"))
    assert (tmp_path / "a.yaml").read_bytes() == (tmp_path / "b.yaml").read_bytes()


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot write this file: No such file or directory"):
        write_cassette(tmp_path / "none" / "cassette.yaml", cassette(interaction("a", "b")))


# Bad files

GOOD = text_of(cassette(interaction(chat("Facts.\nMore."), '{"choices": []}'), interaction(chat("Facts.\nMore.", "Go on."), "text")))


def _line(text: str, words: str) -> int:
    return text[: text.index(words)].count("\n") + 1


def _bad(content: str | bytes, tmp_path: Path) -> str:
    """The one line that the file's fault ends in, without the path."""
    path = tmp_path / "cassette.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError) as caught:
        read_cassette(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert len(caught.value.problems) == 1
    assert "\n" not in message
    assert len(message) < 400
    assert caught.value.__cause__ is None
    return message.removeprefix(str(path))


@given(st.integers(min_value=0, max_value=len(GOOD.rstrip()) - 1))
def test_a_file_cut_off_anywhere(tmp_path_factory: pytest.TempPathFactory, length: int) -> None:
    message = _bad(GOOD[:length], tmp_path_factory.mktemp("cut"))
    assert "is cut off: expected '...' on the last line" in message


@pytest.mark.parametrize("conflict", ["<<<<<<< HEAD\n", ">>>>>>> theirs\n", "||||||| base\n", "<<<<<<<\n"])
def test_a_conflict_that_git_left(conflict: str, tmp_path: Path) -> None:
    at = GOOD.index("  response:")
    line = _line(GOOD, "  response:")
    assert _bad(GOOD[:at] + conflict + GOOD[at:], tmp_path).startswith(f":{line}: holds a conflict that git left here")


def test_a_conflict_inside_a_text_is_none(tmp_path: Path) -> None:
    text = "x\n<<<<<<< HEAD\n=======\n>>>>>>> theirs\n...\n"
    assert kept(tmp_path, interaction(text, text)).interactions[0].response.content == text


def _replaced(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


BOMB = "[" + ", ".join(f"&{chr(97 + n)} [" + ", ".join([f"*{chr(96 + n)}"] * 10 if n else ["lol"] * 10) + "]" for n in range(12)) + "]"


@pytest.mark.parametrize(
    ("text", "at", "message"),
    [
        (
            _replaced("version: 1", "version: 2"),
            "version:",
            "version: expected 1, the version of the format that this program reads, got 2",
        ),
        (_replaced("version: 1\n", ""), None, "version: missing: expected in every cassette"),
        (_replaced("version: 1\n", "version: 1\nversion: 1\n"), "version: 1\nrec", "the key 'version' stands twice in the same object"),
        (_replaced("  case:", "  cases: 1\n  case:"), "  cases", "recorded.cases: unknown field: a cassette has none of this name"),
        (_replaced("    method: POST", "    method: 7"), "    method", "interactions[0].request.method: expected a valid string"),
        (_replaced("    seconds: 1.5", "    seconds: -1.5"), "    seconds", "interactions[0].recorded.seconds: expected greater than or"),
        (_replaced("      code: 200", "      code: 20"), "      code", "interactions[0].response.status.code: expected greater than or"),
        (
            _replaced("    headers: {}", '    headers: {a: ["b\\nc"]}'),
            "    headers",
            "interactions[0].request.headers.a[0]: not as expected",
        ),
        (
            _replaced("    headers: {}", "    headers: {}\n    body: too"),
            "  request:",
            "interactions[0].request: has a body and a parsed_body",
        ),
        (
            _replaced("  case: kc-2026q1", "  case: !!python/object/apply:os.system [ls]"),
            "  case",
            "the tag '!!python/object/apply:os.system' is",
        ),
        (_replaced("  case: kc-2026q1", "  case: !!python/name:os.system x"), "  case", "the tag '!!python/name:os.system' is not allowed"),
        (_replaced("  case: kc-2026q1", "  case: !!binary aGk="), "  case", "the tag '!!binary' is not allowed: expected plain values"),
        (_replaced("  case: kc-2026q1", "  case: !mine {}"), "  case", "the tag '!mine' is not allowed: expected plain values"),
        (_replaced("      code: 200", "      code: 2_00"), "      code", "'2_00' reads differently in YAML and JSON: put it in quotes"),
        (_replaced("      code: 200", "      code: 0310"), "      code", "'0310' reads differently in YAML and JSON: put it in quotes"),
        (_replaced("      code: 200", "      code: 0xC8"), "      code", "'0xC8' reads differently in YAML and JSON: put it in quotes"),
        (_replaced("      code: 200", "      code: .inf"), "      code", "'.inf' reads differently in YAML and JSON"),
        (_replaced("      code: 200", "      code: 1.0e+999"), "      code", "'1.0e+999' reads differently in YAML and JSON"),
        (_replaced("  case: kc-2026q1", "  case: no"), "  case", "'no' reads differently in YAML and JSON"),
        (_replaced("  case: kc-2026q1", "  [1]: 2"), "  [1]", "has a key that is not text: put it in quotes"),
        (_replaced("  case: kc-2026q1", "  <<: {case: x}"), "  <<", "has a key that is not text: put it in quotes"),
        (_replaced("  case: kc-2026q1", f"  case: {BOMB}"), "  case", "stands for more than 200,000,000 characters once its aliases are"),
        (_replaced("  case: kc-2026q1", "  case: &a [*a]"), "  case", "holds a value that contains itself: expected plain data"),
        (_replaced("  case: kc-2026q1", "  case: *nowhere"), "  case", "is not valid YAML: found undefined alias"),
        (_replaced("  case: kc-2026q1", f"  case: {'[' * 150}{']' * 150}"), "  case", "is nested too deeply: expected at most 100 levels"),
        (_replaced("  case: kc-2026q1", f"  case: {'[' * 200_000}"), "  case", "is nested too deeply: expected at most 100 levels"),
        (_replaced("  case: kc-2026q1", "  case: \x07"), "  case", "holds the control character '\\x07': expected plain text"),
        (_replaced("  case: kc-2026q1", "  case: kc-2026q1\n ]"), " ]", "is not valid YAML: "),
        (GOOD + GOOD, None, "is not valid YAML: did not find expected <document start>"),
        (GOOD + "---\n" + GOOD, None, "is not valid YAML: but found another document, expected a single document in the stream"),
        ("...\n", None, "is not valid YAML: did not find expected node content"),
        ("[1]\n...\n", "[", "expected a valid dictionary or instance of Cassette"),
    ],
)
def test_a_bad_file(text: str, at: str | None, message: str, tmp_path: Path) -> None:
    said = _bad(text, tmp_path)
    assert message in said
    if at is not None:
        assert said.startswith(f":{_line(text, at)}: ")


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    line = _line(GOOD, "  request")
    message = _bad(GOOD.encode().replace(b"  request", b"\xff\xfe", 1), tmp_path)
    assert message.startswith(f":{line}: is not UTF-8: byte ")


def test_a_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.llm.cassettes.file.MAX_BYTES", 1_000)
    assert _bad(GOOD, tmp_path) == ": has more than 1,000 bytes: that is no cassette"


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cassette\.yaml: no such file: expected a cassette; `afterprint cassette record` makes one$"):
        read_cassette(tmp_path / "cassette.yaml")
    with pytest.raises(InputError, match=r"is not a regular file: expected a cassette$"):
        read_cassette(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        read_cassette(tmp_path / ("x" * 5_000))


def test_several_faults_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "cassette.yaml"
    path.write_text(GOOD.replace("method: POST", "method: 7"), "utf-8")
    with pytest.raises(InputError) as caught:
        read_cassette(path)
    assert [problem.field for problem in caught.value.problems] == ["interactions[0].request.method", "interactions[1].request.method"]


def test_nothing_but_the_safe_loader_reads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What constructs objects by tag is never called; the parser is the safe one."""
    assert issubclass(as_yaml._Loader, yaml.CSafeLoader | yaml.SafeLoader)
    for loader in (yaml.Loader, yaml.FullLoader, yaml.UnsafeLoader):
        monkeypatch.setattr(loader, "__init__", None)
    assert kept(tmp_path, interaction("a", "b")).interactions[0].response.content == "b"
