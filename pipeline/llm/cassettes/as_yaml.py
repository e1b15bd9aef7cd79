"""YAML as cassettes use it. Read strictly: composed by PyYAML's safe parser, and turned into JSON's values here, so that nothing is
constructed by a tag and every fault has a line. Written for readers: texts in blocks, and what stood before as an alias.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import yaml

from pipeline.facts.positions import Finding, UnreadableError
from pipeline.schemas import Keys, shown

try:
    from yaml import CSafeDumper as _BaseDumper
    from yaml import CSafeLoader as _Loader
except ImportError:  # PyYAML was built without libyaml: the same, slower
    from yaml import SafeDumper as _BaseDumper  # type: ignore[assignment]
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

END = "..."
MAX_DEPTH = 100
MOST_EXPANDED = 200_000_000
"""Characters that a file may stand for once its aliases are written out: a thousand requests of 200,000 characters each."""
SHARED_FROM = 120
"""Characters from which on an equal object or list is written as an alias: below, it reads better than its anchor."""
_WIDTH = 140

_CONFLICT = re.compile(r"^(?:<{7}|>{7}|\|{7})(?: |$)", re.MULTILINE)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_TAG = "tag:yaml.org,2002:"
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "true": True, "false": False}
# Line ends that YAML would not give back as they were written.
_ODD_BREAKS = re.compile("[\r\x85\u2028\u2029\ufeff]")
_UNPRINTABLE = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

LineOf = Callable[[Keys], int | None]


# -- reading -------------------------------------------------------------------------------------------------------------


def parse(text: str) -> tuple[Any, LineOf]:
    """The document's data, and a function that tells on which line a place in it stands. Raises UnreadableError."""
    if conflict := _CONFLICT.search(text):
        line = text.count("\n", 0, conflict.start()) + 1
        raise UnreadableError(Finding("holds a conflict that git left here: choose a side, or record the case again", line=line))
    written = text.rstrip()
    if written.rpartition("\n")[2] != END:
        message = f"is cut off: expected '{END}' on the last line; fetch the file again, or record the case again"
        raise UnreadableError(Finding(message, line=written.count("\n") + 1))
    try:
        root: Any = yaml.compose(text, Loader=_Loader)  # not None: the end mark is there
    except yaml.YAMLError as error:
        raise UnreadableError(_finding(text, error)) from None
    except RecursionError:
        raise UnreadableError(_too_deep(None)) from None
    return _Reader().read(root, 0)[0], lambda keys: _line_of(root, keys)


def _finding(text: str, error: yaml.YAMLError) -> Finding:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        if "maximum nesting depth" in (error.problem or ""):
            return _too_deep(mark.line + 1 if mark else None)
        reason = " ".join(", ".join(part for part in (error.problem, error.context) if part).split())
        return Finding(f"is not valid YAML: {reason}", line=mark.line + 1 if mark else None)
    if match := _UNPRINTABLE.search(text):
        line = text.count("\n", 0, match.start()) + 1
        return Finding(f"holds the control character {shown(match.group())}: expected plain text", line=line)
    return Finding(f"is not valid YAML: {shown(str(error))}")


def _too_deep(line: int | None) -> Finding:
    return Finding(f"is nested too deeply: expected at most {MAX_DEPTH} levels", line=line)


class _Reader:
    """Turns nodes into data. What aliases share stays shared: a value is read once, however often it is named."""

    def __init__(self) -> None:
        self._done: dict[int, tuple[Any, int]] = {}
        self._open: set[int] = set()

    def read(self, node: yaml.Node, depth: int) -> tuple[Any, int]:
        """The value, and how many characters it stands for."""
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node), len(node.value) + 4
        me = id(node)
        if me in self._done:
            return self._done[me]
        line = node.start_mark.line + 1
        if me in self._open:
            raise UnreadableError(Finding("holds a value that contains itself: expected plain data", line=line))
        if depth >= MAX_DEPTH:
            raise UnreadableError(_too_deep(line))
        self._open.add(me)
        read = self._object(node, depth) if isinstance(node, yaml.MappingNode) else self._list(node, depth)
        self._open.remove(me)
        if read[1] > MOST_EXPANDED:
            message = f"stands for more than {MOST_EXPANDED:,} characters once its aliases are written out: that is no recording"
            raise UnreadableError(Finding(message, line=line))
        self._done[me] = read
        return read

    def _object(self, node: yaml.MappingNode, depth: int) -> tuple[dict[str, Any], int]:
        _expect_tag(node, "map")
        members: dict[str, Any] = {}
        size = 2
        for name, value in node.value:
            line = name.start_mark.line + 1
            if not isinstance(name, yaml.ScalarNode) or name.tag != _TAG + "str":
                raise UnreadableError(Finding("has a key that is not text: put it in quotes", line=line))
            if name.value in members:
                raise UnreadableError(Finding(f"the key {shown(name.value)} stands twice in the same object: expected it once", line=line))
            members[name.value], characters = self.read(value, depth + 1)
            size += len(name.value) + characters
        return members, size

    def _list(self, node: yaml.Node, depth: int) -> tuple[list[Any], int]:
        _expect_tag(node, "seq")
        items = []
        size = 2
        for item in node.value:
            value, characters = self.read(item, depth + 1)
            items.append(value)
            size += characters
        return items, size


def _expect_tag(node: yaml.Node, tag: str) -> None:
    if node.tag != _TAG + tag:
        raise UnreadableError(_bad_tag(node))


def _bad_tag(node: yaml.Node) -> Finding:
    tag = node.tag.replace(_TAG, "!!")
    return Finding(f"the tag {shown(tag)} is not allowed: expected plain values", line=node.start_mark.line + 1)


def _scalar(node: yaml.ScalarNode) -> Any:
    """A value as YAML 1.1 and JSON both read it; where they would differ, quotes are asked for."""
    written: str = node.value
    match node.tag.removeprefix(_TAG):
        case "str" | "timestamp":
            return written
        case "null" | "bool" if written in _WORDS:
            return _WORDS[written]
        case "int" | "float" if _NUMBER.fullmatch(written):
            try:
                number = float(written) if node.tag.endswith("float") else int(written)
            except ValueError:  # thousands of digits
                number = math.inf
            if number not in (math.inf, -math.inf):
                return number
        case "null" | "bool" | "int" | "float":
            pass
        case _:
            raise UnreadableError(_bad_tag(node))
    message = f"{shown(written)} reads differently in YAML and JSON: put it in quotes, or write a JSON number"
    raise UnreadableError(Finding(message, line=node.start_mark.line + 1))


def _line_of(root: yaml.Node, keys: Keys) -> int | None:
    """The line of the place `keys`, or of the nearest one around it."""
    node, line = root, root.start_mark.line + 1
    for key in keys:
        inside: list[tuple[yaml.Node, yaml.Node]] = []
        if isinstance(node, yaml.MappingNode):
            inside = [(name, value) for name, value in node.value if name.value == key]
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int):
            inside = [(value, value) for value in node.value[key : key + 1]]
        if not inside:
            break
        line = inside[0][0].start_mark.line + 1
        node = inside[0][1]
    return line


# -- writing -------------------------------------------------------------------------------------------------------------


class _Dumper(_BaseDumper):
    """Writes texts of several lines in blocks."""


def _text(dumper: Any, text: str) -> yaml.ScalarNode:
    odd = _ODD_BREAKS.search(text)
    style = '"' if odd else "|" if "\n" in text else None
    node: yaml.ScalarNode = dumper.represent_scalar(_TAG + "str", text, style=style)
    return node


_Dumper.add_representer(str, _text)


def dump(data: dict[str, Any]) -> str:
    """The text of a file with `data`, JSON's values only. Equal objects and lists of some size become anchor and aliases."""
    shared = _Pool().shared(data).value
    text: str = yaml.dump(shared, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH, explicit_end=True)
    return text


def depth_of(data: Any) -> int:
    """Levels of objects and lists in `data`."""
    deepest, level = 0, [data]
    while level := [value for value in level if isinstance(value, (dict, list))]:
        deepest += 1
        level = [item for value in level for item in (value.values() if isinstance(value, dict) else value)]
    return deepest


class _Shared:
    """A value in which equal parts are one object. `key` is equal for equal values, `size` counts characters."""

    __slots__ = ("key", "size", "value")

    def __init__(self, value: Any, key: object, size: int) -> None:
        self.value = value
        self.key = key
        self.size = size


class _Pool:
    """Makes equal objects and lists the same object: PyYAML writes what it meets again as an alias."""

    def __init__(self) -> None:
        self._known: dict[object, tuple[int, Any]] = {}

    def shared(self, value: Any) -> _Shared:
        if isinstance(value, dict):
            parts = [(key, self.shared(item)) for key, item in value.items()]
            key: object = ("{", tuple((name, part.key) for name, part in parts))
            return self._one({name: part.value for name, part in parts}, key, sum(len(name) + part.size for name, part in parts))
        if isinstance(value, (list, tuple)):
            items = [self.shared(item) for item in value]
            return self._one([item.value for item in items], ("[", tuple(item.key for item in items)), sum(item.size for item in items))
        if isinstance(value, str):
            return _Shared(value, value, len(value))
        # By name and text, because 1, 1.0 and true are equal, and so are 0.0 and -0.0.
        return _Shared(value, (type(value).__name__, repr(value)), 8)

    def _one(self, value: Any, key: object, size: int) -> _Shared:
        number, first = self._known.setdefault(key, (len(self._known), value))
        return _Shared(first if size >= SHARED_FROM else value, number, size)
