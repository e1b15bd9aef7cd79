"""A real HTTP server on this machine that plays a scripted model: it answers what a test tells it to, and keeps what it was asked.

    with ScriptedServer(["first answer", failure(429, headers={"Retry-After": "2"}), Reply(refusal="No.")]) as server:
        ...  # point a client at server.base_url
        server.requests[0].json["messages"]

Nothing here was recorded from a model.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Reply:
    """One scripted response: by default a chat completion that says `text`."""

    text: str | None = None
    refusal: str | None = None
    finish_reason: str | None = "stop"
    prompt_tokens: int = 100
    completion_tokens: int = 20
    cached_tokens: int = 0
    model: str = "scripted"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str | bytes | None = None
    """Takes the place of the chat completion."""
    delay_s: float = 0.0
    """Pause before the response."""
    drip_s: float = 0.0
    """Pause before each tenth of the body."""
    reset: bool = False
    """The connection breaks instead of a response."""

    def payload(self) -> bytes:
        if self.body is not None:
            return self.body.encode() if isinstance(self.body, str) else self.body
        completion = {
            "id": "scripted",
            "object": "chat.completion",
            "created": 0,
            "model": self.model,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": self.text, "refusal": self.refusal},
                    "finish_reason": self.finish_reason,
                }
            ],
            "usage": {
                "prompt_tokens": self.prompt_tokens,
                "completion_tokens": self.completion_tokens,
                "total_tokens": self.prompt_tokens + self.completion_tokens,
                "prompt_tokens_details": {"cached_tokens": self.cached_tokens},
            },
        }
        return json.dumps(completion).encode()


RESET = Reply(reset=True)
WEB_PAGE = Reply(body="<!doctype html><title>Welcome</title>", headers={"Content-Type": "text/html"})


def failure(status: int, message: str = "scripted failure", *, headers: dict[str, str] | None = None, **error: str) -> Reply:
    """An error in OpenAI's form; `error` adds `code`, `param` or `type`."""
    return Reply(status=status, headers=headers or {}, body=json.dumps({"error": {"message": message, **error}}))


@dataclass(frozen=True)
class Received:
    """One request as it arrived. Header names are in lower case; `json` is None where the body is not a JSON object."""

    path: str
    headers: dict[str, str]
    body: bytes
    json: Any


Script = Sequence[Reply | str] | Callable[[Any], Reply | str]
"""Replies in the order of arrival (a string is an answer's text), or a function from a request's JSON to its reply."""


class ScriptedServer:
    """Serves `script` on a free loopback port inside `with`. A request after the end of a list gets status 410."""

    def __init__(self, script: Script) -> None:
        self.requests: list[Received] = []
        self.most_at_once = 0
        """The most requests that were under way at the same time."""
        self._script = script
        self._at_once = 0
        self._lock = threading.Lock()
        self._closing = threading.Event()

    @property
    def base_url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}/v1"

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def begin(self, received: Received) -> Reply:
        """Note a request and choose its reply."""
        with self._lock:
            self.requests.append(received)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            number = len(self.requests) - 1
        if callable(self._script):
            reply = self._script(received.json)
        else:
            reply = self._script[number] if number < len(self._script) else failure(410, "the script is over")
        return Reply(text=reply) if isinstance(reply, str) else reply

    def end(self, reply: Reply) -> None:
        """Let the reply's delay pass and note that the request is over."""
        self.pause(reply.delay_s)
        with self._lock:
            self._at_once -= 1

    def pause(self, seconds: float) -> None:
        """Wait, unless the server closes."""
        self._closing.wait(seconds)


class _Server(ThreadingHTTPServer):
    # Joined on close, so that no thread outlives its test.
    daemon_threads = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that left is part of some scripts, and no reason for a traceback."""


def _handler(server: ScriptedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                parsed = json.loads(body)
            except ValueError:
                parsed = None
            reply = server.begin(Received(self.path, {name.lower(): value for name, value in self.headers.items()}, body, parsed))
            server.end(reply)
            if reply.reset:
                self._reset()
                return
            payload = reply.payload()
            self.send_response_only(reply.status)
            for name, value in {"Content-Type": "application/json", "Content-Length": str(len(payload)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            piece = max(1, len(payload) // 10) if reply.drip_s else len(payload) or 1
            for start in range(0, len(payload), piece):
                server.pause(reply.drip_s)
                self.wfile.write(payload[start : start + piece])

        def _reset(self) -> None:
            # No lingering: closing sends RST at once. The reader must be closed too, or the socket stays open behind it.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.rfile.close()
            self.connection.close()

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    return Handler
