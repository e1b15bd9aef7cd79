"""Does replaying a cassette take time in proportion to its interactions?

    python -m evals.bench.replay [--write]

Cassettes of 250 and of 1,000 interactions, made of a chain's conversations: each request repeats the earlier turns and a
schema, and each answer is a chat completion. One run reads the file, asks for every interaction in another order than it was
recorded in, through an httpx2 client, and sees that nothing is left. Four times the interactions are linear at four times the
time; the aim is at most five. The answers were written by this script: no model is at work. Time is what this process used,
so that others on the machine count little.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from pipeline.llm.cassettes.file import Recording
from pipeline.llm.cassettes.player import Recorder, machine_line, replaying

RESULT = Path(__file__).with_name("results") / "replay.json"
SIZES = (250, 1_000)
RUNS = 5
STEPS = 4
URL = "http://127.0.0.1/v1/chat/completions"
RECORDING = Recording(
    case="made for a measurement",
    sheet_digest="",
    drafter="none",
    server="none",
    model="none",
    recorded_at=datetime(2026, 1, 1, tzinfo=UTC),
    machine="none",
    afterprint="none",
)


def conversations(interactions: int) -> list[str]:
    """Request bodies: chains of four steps on a sheet of 4,000 characters each, with instructions and a schema that all of them share."""
    properties = {f"field_{n}": {"type": "string", "description": "What stands here. " * 3} for n in range(30)}
    system = {"role": "system", "content": "Write as an editor would.\n" * 80}
    requests = []
    for chain in range(interactions // STEPS):
        messages = [system, {"role": "user", "content": "".join(f"figure {n} of sheet {chain}: {n * chain}.{n}\n" for n in range(120))}]
        for step in range(STEPS):
            messages += [{"role": "user", "content": f"Step {step}.\n" * 40}]
            schema = {"name": f"step_{step}", "strict": True, "schema": {"type": "object", "properties": properties}}
            body = {"model": "none", "messages": messages, "response_format": {"type": "json_schema", "json_schema": schema}, "seed": 7}
            requests.append(json.dumps(body))
            messages += [{"role": "assistant", "content": json.dumps({"text": f"Answer {step} of {chain}. " * 40})}]
    return requests


def answer(request: httpx2.Request) -> httpx2.Response:
    message = {"role": "assistant", "content": "An answer of a few lines.\n" * 30 + str(len(request.content))}
    return httpx2.Response(200, json={"object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})


def record(path: Path, requests: list[str]) -> float:
    """Seconds to record `requests` and write the file."""
    started = time.process_time()
    recorder = Recorder()
    with httpx2.Client(transport=recorder.sync_transport(httpx2.MockTransport(answer))) as client:
        for body in requests:
            client.post(URL, content=body)
    recorder.save(path, RECORDING)
    return time.process_time() - started


def replay(path: Path, requests: list[str]) -> float:
    """Seconds to read the file and ask for everything in it."""
    started = time.process_time()
    with replaying(path) as player, httpx2.Client(transport=player.transport()) as client:
        for body in requests:
            client.post(URL, content=body)
    return time.process_time() - started


def measure() -> dict[str, Any]:
    shuffled = random.Random(7)  # noqa: S311 - the same order in each run
    recorded, replayed, sizes = {}, {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            path = Path(folder, f"{size}.yaml")
            requests = conversations(size)
            recorded[size] = record(path, requests)
            sizes[size] = (path.stat().st_size, sum(map(len, requests)))
            shuffled.shuffle(requests)
            replayed[size] = statistics.median(replay(path, requests) for _ in range(RUNS))
    small, large = SIZES
    return {
        "machine": machine_line(),
        "runs": RUNS,
        "interactions": list(SIZES),
        "seconds to replay, median": [round(replayed[size], 2) for size in SIZES],
        "ratio": round(replayed[large] / replayed[small], 2),
        "seconds to record": [round(recorded[size], 2) for size in SIZES],
        "megabytes of requests": [round(sizes[size][1] / 1e6, 1) for size in SIZES],
        "megabytes of the file": [round(sizes[size][0] / 1e6, 1) for size in SIZES],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="keep the figures in results/replay.json")
    args = parser.parse_args()
    figures = measure()
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    if args.write:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
