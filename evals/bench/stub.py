"""A provider that is none: an OpenAI-compatible server on loopback for benchmarks, with set latency and seeded faults.

    python -m evals.bench.stub --answers answers.json [--latency-ms 0] [--limited 0.1] [--failed 0.05] [--reset 0.02] [--garbled 0.02]

It prints its port, then answers until it is stopped. answers.json maps a company's name to the text of each step's answer, which it gives
when a prompt speaks of that company; what a repair asks for is given in part. A batch is answered at once and told to be over later.
`GET /stats` says what was served. Nothing here was recorded from a model.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

FAULTS = ("limited", "failed", "reset", "garbled", "malformed", "slow")
_DRIPS, _DRIP_S = 10, 0.05
"""A slow body comes in so many pieces, with so many seconds before each."""
_MINUTE_S = 60.0
# What other frameworks call the steps' schemas: the classes of their answers.
_NAMES = {"Summary": "summarize", "SecondOrderEffects": "second_order", "ConsensusGap": "consensus_gap", "Catalysts": "catalysts"}
_NAMED_PARTS = re.compile(r"only these parts anew, in this order: ([^.]*)\. Each is about")
_PLACE = re.compile(r"(\w+)\[(\d+)\]")


@dataclass
class Stub:
    """What the server answers, how it fails, and what it has served."""

    answers: Mapping[str, Mapping[str, str]]
    latency_s: float = 0.0
    limited: float = 0.0
    failed: float = 0.0
    reset: float = 0.0
    garbled: float = 0.0
    """The body breaks off: half of its JSON."""
    malformed: float = 0.0
    """A whole body that is no JSON."""
    slow: float = 0.0
    """The body comes in drops."""
    tpm: int = 0
    """Tokens that are served in a minute, read and written; beyond them it is 429 until the minute is over. 0 is no limit."""
    random: Random = field(default_factory=lambda: Random(11))  # noqa: S311 - the same faults each time
    served: Counter[str] = field(default_factory=Counter)
    recent: list[tuple[float, int]] = field(default_factory=list)
    expired: float = 0.0
    """Share of a batch's requests whose time runs out."""
    queue: int = 0
    """Requests that a batch may have at most; 0 is no limit."""
    looks: int = 1
    """How often a batch is seen under way before it is over."""
    files: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    whole: Counter[str] = field(default_factory=Counter)
    """Complete answers by the digest of their request: more than one for a request was paid for twice."""

    def fault(self) -> str | None:
        """The fault of this request, drawn by lot."""
        drawn, edge = self.random.random(), 0.0
        for name in FAULTS:
            edge += getattr(self, name)
            if drawn < edge:
                return name
        return None

    def answer(self, body: bytes) -> tuple[int, dict[str, str], bytes] | None:
        """Status, headers and body; None where the connection breaks."""
        kind = self.fault()
        self.served[kind or "answered"] += 1
        if kind == "limited":
            return 429, {"Retry-After": "0.05"}, b'{"error": {"message": "slow down", "code": "rate_limit_exceeded"}}'
        if kind == "failed":
            return 500, {}, b'{"error": {"message": "internal error"}}'
        if kind == "reset":
            return None
        content, tokens = self._completion(json.loads(body))
        if self.tpm and (wait_s := self._over(tokens)):
            self.served["answered"] -= 1
            self.served["beyond the rate"] += 1
            return 429, {"Retry-After": f"{wait_s:.2f}"}, b'{"error": {"message": "too many tokens", "code": "rate_limit_exceeded"}}'
        if kind == "garbled":
            return 200, {}, content[: len(content) // 2]
        if kind == "malformed":
            return 200, {}, content.replace(b'"', b"'")
        self.whole[hashlib.sha256(body).hexdigest()] += 1
        return 200, {"x-slow": "1"} if kind == "slow" else {}, content

    def _over(self, tokens: int) -> float:
        """Seconds until so many tokens may be served; 0 where they may be now, and then they are counted."""
        now = time.monotonic()
        self.recent = [(at, count) for at, count in self.recent if at > now - _MINUTE_S]
        if sum(count for _, count in self.recent) + tokens > self.tpm and self.recent:
            return self.recent[0][0] + _MINUTE_S - now
        self.recent.append((now, tokens))
        return 0.0

    # -- files and batches -------------------------------------------------------------------------------------------------------

    def file(self, content: bytes) -> str:
        """Keep a file; its id."""
        id_ = f"file-{len(self.files)}"
        self.files[id_] = content
        return id_

    def batch(self, asked: bytes) -> dict[str, Any]:
        """Answer a whole batch; it is told to be over after some looks."""
        file = json.loads(asked)["input_file_id"]
        lines = [json.loads(line) for line in self.files[file].splitlines()]
        id_ = f"batch_{len(self.batches)}"
        batch: dict[str, Any] = {
            "id": id_, "object": "batch", "endpoint": "/v1/chat/completions", "completion_window": "24h", "created_at": 0,
            "input_file_id": file, "status": "completed", "request_counts": {"total": len(lines), "completed": 0, "failed": 0},
        }  # fmt: skip
        self.batches[id_] = batch
        self.served["batches"] += 1
        if self.queue and len(lines) > self.queue:
            batch |= {"status": "failed", "errors": {"data": [{"code": "token_limit_exceeded", "message": "too many tokens are waiting"}]}}
            return batch
        answered: list[dict[str, Any]] = []
        failed: list[dict[str, Any]] = []
        for line in lines:
            result = self._line(line)
            if result["error"] is not None:
                batch["status"] = "expired"
            good = result["response"] is not None and result["response"]["status_code"] == 200
            (answered if good else failed).append(result)
        for name, results in (("output_file_id", answered), ("error_file_id", failed)):
            if results:
                batch[name] = self.file("\n".join(map(json.dumps, results)).encode())
        batch["request_counts"] |= {"completed": len(answered), "failed": len(failed)}
        return batch

    def _line(self, line: dict[str, Any]) -> dict[str, Any]:
        """What became of one request of a batch."""
        if self.random.random() < self.expired:
            return {"custom_id": line["custom_id"], "response": None, "error": {"code": "batch_expired", "message": "too late"}}
        status, _, body = self.answer(json.dumps(line["body"]).encode()) or (500, {}, b"")
        try:
            said = json.loads(body)
        except ValueError:
            status, said = 500, {"error": {"message": "internal error"}}
        return {"custom_id": line["custom_id"], "response": {"status_code": status, "body": said}, "error": None}

    def look(self, id_: str) -> dict[str, Any]:
        """A batch, as far as it seems to be."""
        self.seen[id_] += 1
        batch = self.batches[id_]
        return batch if self.seen[id_] > self.looks else {**batch, "status": "in_progress", "output_file_id": None, "error_file_id": None}

    def route(self, method: str, path: str, head: str, body: bytes) -> tuple[int, dict[str, str], bytes] | None:
        """What a request is answered with; None where the connection breaks."""
        match [method, *path.strip("/").split("/")]:
            case ["GET", "stats"]:
                twice = sum(count - 1 for count in self.whole.values())
                return _json({"served": dict(self.served), "requests": len(self.whole), "paid twice": twice})
            case ["POST", "v1", "files"]:
                boundary = head.split("boundary=", 1)[1].split("\r\n")[0].strip('"').encode()
                part = next(part for part in body.split(b"--" + boundary) if b'name="file"' in part)
                content = part.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n")
                made = {
                    "object": "file",
                    "bytes": len(content),
                    "created_at": 0,
                    "filename": "f",
                    "purpose": "batch",
                    "status": "processed",
                }
                return _json({"id": self.file(content), **made})
            case ["GET", "v1", "files", id_, "content"]:
                return 200, {}, self.files[id_]
            case ["POST", "v1", "batches"]:
                return _json(self.batch(body))
            case ["GET", "v1", "batches", id_]:
                return _json(self.look(id_))
        return self.answer(body)

    def _completion(self, request: dict[str, Any]) -> tuple[bytes, int]:
        """The body of an answer, and its tokens."""
        text = str(request["messages"][1]["content"])
        company = text.split(" (", 1)[0].rsplit("\n", 1)[-1].rsplit(">", 1)[-1].strip()
        found = self.answers.get(company) or next(value for name, value in self.answers.items() if name in text)
        said = _asked_for(_answer_to(found, request), request["messages"][-1]["content"])
        prompt = sum(len(message["content"]) for message in request["messages"]) // 4
        body = {
            "id": "stub", "object": "chat.completion", "created": 0, "model": request["model"],
            "choices": [{"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": prompt, "completion_tokens": len(said) // 4, "total_tokens": prompt + len(said) // 4,
                      "prompt_tokens_details": {"cached_tokens": prompt // 2}},
        }  # fmt: skip
        return json.dumps(body).encode(), prompt + len(said) // 4


def _answer_to(answers: Mapping[str, str], request: dict[str, Any]) -> str:
    """The answer to the step that a request's schema is of: by its name, or a field of that name (DSPy)."""
    wanted = request["response_format"]["json_schema"]
    name = _NAMES.get(wanted["name"], wanted["name"])
    if name in answers:
        return answers[name]
    field = next(field for field in wanted["schema"]["properties"] if field in answers)
    return json.dumps({field: json.loads(answers[field])})


def _asked_for(answer: str, asked: str) -> str:
    """Of a whole answer the parts that a repair names."""
    named = _NAMED_PARTS.search(asked)
    if named is None:
        return answer
    whole, part = json.loads(answer), {}
    for name in named[1].split(", "):
        place = _PLACE.fullmatch(name)
        if place is None:
            part[name] = whole.get(name)
        else:
            listed = whole[place[1]]
            part.setdefault(place[1], []).append(listed[int(place[2]) % len(listed)])
    return json.dumps(part)


def _json(value: object) -> tuple[int, dict[str, str], bytes]:
    return 200, {}, json.dumps(value).encode()


def _pieces(content: bytes) -> list[bytes]:
    size = len(content) // _DRIPS + 1
    return [content[at : at + size] for at in range(0, len(content), size)]


async def _serve(stub: Stub, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := (await reader.readuntil(b"\r\n\r\n")).decode("latin-1"):
            lines = head.split("\r\n")
            length = next((int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:")), 0)
            body = await reader.readexactly(length)
            method, path, _ = lines[0].split(" ", 2)
            if stub.latency_s and method == "POST":
                await asyncio.sleep(stub.latency_s)
            reply = stub.route(method, path, head, body)
            if reply is None:
                writer.transport.abort()
                return
            status, headers, content = reply
            more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            writer.write(
                f"HTTP/1.1 {status} Stub\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n{more}\r\n".encode()
            )
            for piece in _pieces(content) if "x-slow" in headers else [content]:
                if "x-slow" in headers:
                    await asyncio.sleep(_DRIP_S)
                writer.write(piece)
                await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        # The client left.
        return
    finally:
        writer.close()


async def _run(stub: Stub, port: int) -> None:
    server = await asyncio.start_server(lambda r, w: _serve(stub, r, w), "127.0.0.1", port, limit=4 * 1024 * 1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--core", type=int, help="the only processor core to run on")
    for fault in (*FAULTS, "expired"):
        parser.add_argument(f"--{fault}", type=float, default=0.0, help="share of the requests")
    parser.add_argument("--tpm", type=int, default=0, help="tokens served in a minute")
    parser.add_argument("--queue", type=int, default=0, help="requests that a batch may have at most")
    args = parser.parse_args()
    if args.core is not None:
        os.sched_setaffinity(0, {args.core})
    faults = {name: getattr(args, name) for name in (*FAULTS, "expired")}
    stub = Stub(json.loads(args.answers.read_text("utf-8")), args.latency_ms / 1_000, queue=args.queue, tpm=args.tpm, **faults)
    asyncio.run(_run(stub, args.port))


if __name__ == "__main__":
    main()
