"""Does the time to read a text grow with its length only? Prints, for repeated pieces that invite backtracking, the time
for 10,000 repeats over the time for 1,000. Ten is linear; a nested quantifier in some pattern would show as a hundred.

    python -m evals.bench.grounding_linear
"""

from __future__ import annotations

import sys
import time

from pipeline.grounding.mentions import find

PIECES = ("1", "1,", "1.", "a", "a1-", "$", "(", "9 ", "-", "a@", "+1 2", "revenue ", "37.2% ", "half of ", "from 1 to ", "www.", "1/")


def seconds(text: str, runs: int = 3) -> float:
    """The fastest of several readings."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        find(text)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Print one line per piece, the worst last."""
    rows = sorted((seconds(piece * 10_000) / seconds(piece * 1_000), piece) for piece in PIECES)
    for ratio, piece in rows:
        sys.stdout.write(f"{ratio:6.1f}  {piece!r}\n")


if __name__ == "__main__":
    main()
