"""Does a score see what is wrong with a note, and only that? The table of `afterprint eval perturb`, over all references, kept.

python -m evals.bench.perturb [--write]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from evals.bench.outside import keep
from evals.cases import cases
from evals.perturb.testing import figures, tallied, trials
from evals.reports.perturbed import lines
from evals.results import References


def _tell(case: str) -> None:
    sys.stderr.write(f"{case}\n")


def main(words: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="keep the figures in results/perturb.json")
    args = parser.parse_args(words)
    tallies = tallied(trials(cases(), References(), _tell))
    sys.stdout.write("\n".join(lines(tallies)) + "\n")
    if args.write:
        keep("perturb", figures(tallies))
    return 0


if __name__ == "__main__":
    sys.exit(main())
