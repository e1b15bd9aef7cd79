"""Fetches a large file over HTTP into a file that may already hold its beginning."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    import httpx2

T = TypeVar("T")
OnBytes = Callable[[int], None]
"""Told how many bytes are there now, as they come."""

TRIES = 3
"""Requests in a row that bring nothing before a source is given up."""
CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 60.0
"""Longest silence in the middle of a file."""

_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


class SourceFailed(Exception):
    """One source did not give what it should; another may. `str(error)` names its host and says what happened."""


class WrongContent(SourceFailed):
    """What came is not what was asked for: it is of no use, and neither is asking again."""


class Broken(SourceFailed):
    """The connection failed: it is worth another try."""


class Fetcher:
    """HTTP for downloads: follows redirects, uses the environment's proxies and certificates. Used inside `with`."""

    def __init__(self, *, certificates: str | None = None, proxy: str | None = None, sleep: Callable[[float], None] = time.sleep) -> None:
        """`certificates` is a file of further authorities to trust, `proxy` goes before the environment's. Raises SourceFailed."""
        import httpx2

        self._sleep = sleep
        try:
            tls = httpx2.create_ssl_context()
            if certificates:
                tls.load_verify_locations(certificates)
            self._client = httpx2.Client(
                verify=tls,
                proxy=proxy,
                follow_redirects=True,
                max_redirects=5,
                timeout=httpx2.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
                # A compressed body would have another length than the file.
                headers={"Accept-Encoding": "identity", "User-Agent": "afterprint"},
            )
        except (OSError, ValueError) as error:
            raise SourceFailed(f"the certificates or the proxy that pip is set up with cannot be used ({_short(error)})") from error

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def page(self, url: str, accept: str, limit: int) -> tuple[str, str, bytes]:
        """A small document: its final URL, content type and bytes, at most `limit`. Raises SourceFailed."""
        return self._several(lambda: self._page(url, accept, limit))

    def length(self, url: str) -> int:
        """Bytes of a file as its server tells them; 0 where it does not. Raises SourceFailed."""
        return self._several(lambda: self._head(url))

    def file(self, url: str, path: Path, size: int, on_bytes: OnBytes, *, patient: bool = True) -> None:
        """Fill `path` up to `size` bytes from `url`; what it holds already is taken for the beginning and not asked for again.

        Where there is another source to turn to, do not be `patient`: a first request that fails is then the last.
        Raises SourceFailed, and leaves what had come; OSError where `path` cannot be written.
        """
        self._several(lambda: self._rest(url, path, size, on_bytes), lambda: _length(path), patient=patient)

    def _several(self, attempt: Callable[[], T], held: Callable[[], int] = lambda: 0, *, patient: bool = True) -> T:
        """`attempt` until it ends well; given up after `TRIES` in a row that broke off without adding to what is held."""
        empty = 0
        while True:
            before = held()
            try:
                return attempt()
            except Broken:
                gained = held() > before
                patient = patient or gained
                empty = 0 if gained else empty + 1
                if empty >= TRIES or not patient:
                    raise
            self._sleep(2.0 ** (empty - 1) if empty else 0.5)

    def _page(self, url: str, accept: str, limit: int) -> tuple[str, str, bytes]:
        import httpx2

        content = bytearray()
        try:
            with self._client.stream("GET", url, headers={"Accept": accept}) as response:
                _expect(response, 200)
                for chunk in response.iter_raw():
                    content += chunk
                    if len(content) > limit:
                        raise SourceFailed(f"{host(url)} answered with more than {limit:,} bytes where a short page was expected")
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            raise self._failure(url, error) from error
        return str(response.url), response.headers.get("content-type", ""), bytes(content)

    def _head(self, url: str) -> int:
        import httpx2

        try:
            response = self._client.head(url)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise self._failure(url, error) from error
        _expect(response, 200)
        return int(response.headers.get("content-length", 0))

    def _rest(self, url: str, path: Path, size: int, on_bytes: OnBytes) -> None:
        import httpx2

        have = _length(path)
        if have >= size:
            return
        try:
            with self._client.stream("GET", url, headers={"Range": f"bytes={have}-"} if have else {}) as response:
                _expect(response, 200, 206)
                # A server that does not know ranges starts from the beginning: that much is passed over.
                passed_over = _checked_length(response, have, size)
                with path.open("ab") as file:
                    for chunk in response.iter_raw():
                        piece = chunk[passed_over:]
                        passed_over = max(0, passed_over - len(chunk))
                        if have + len(piece) > size:
                            raise WrongContent(f"{host(url)} sends more than the {size:,} bytes of this file")
                        file.write(piece)
                        have += len(piece)
                        on_bytes(have)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise self._failure(url, error) from error
        if have < size:
            raise Broken(f"{host(url)} broke off after {have:,} of {size:,} bytes")

    def _failure(self, url: str, error: Exception) -> SourceFailed:
        import httpx2

        if isinstance(error, httpx2.ConnectTimeout):
            return Broken(f"no connection to {host(url)} within {CONNECT_TIMEOUT_S:g} s")
        if isinstance(error, httpx2.TimeoutException):
            return Broken(f"nothing came from {host(url)} for {READ_TIMEOUT_S:g} s")
        if isinstance(error, httpx2.ConnectError):
            return Broken(f"no connection to {host(url)} ({_short(error)})")
        if isinstance(error, httpx2.TransportError):
            return Broken(f"the connection to {host(url)} broke off ({_short(error)})")
        return SourceFailed(f"{host(url)} cannot be used ({_short(error)})")


def host(url: str) -> str:
    """The name of a server in messages: without user, password, path and query."""
    return urlsplit(url).netloc.rpartition("@")[2] or url[:80]


def joined(page: str, link: str) -> str:
    """A page's link as a full URL."""
    return urljoin(page, link)


def _expect(response: httpx2.Response, *statuses: int) -> None:
    if response.status_code in statuses:
        if response.headers.get("content-encoding", "identity") != "identity":
            raise SourceFailed(f"{host(str(response.url))} compresses what was asked for as it is")
        return
    kind = Broken if response.status_code in (408, 429) or response.status_code >= 500 else SourceFailed
    raise kind(f"{host(str(response.url))} answered {response.status_code} {response.reason_phrase}")


def _checked_length(response: httpx2.Response, have: int, size: int) -> int:
    """How many bytes of the body are already there. Raises SourceFailed where the server speaks of a file of another size."""
    at = host(str(response.url))
    if response.status_code == 206:
        said = _RANGE.fullmatch(response.headers.get("content-range", ""))
        if said is None or int(said[1]) != have:
            raise SourceFailed(f"{at} sends another part of the file than it was asked for")
        total, passed_over = int(said[2]), 0
    else:
        total, passed_over = int(response.headers.get("content-length", size)), have
    if total != size:
        raise SourceFailed(f"{at} offers a file of {total:,} bytes where {size:,} were expected")
    return passed_over


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
