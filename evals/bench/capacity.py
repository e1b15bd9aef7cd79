"""A reporting season on paper: 10,000 companies, in hours, dollars and machines.

    python -m evals.bench.capacity [--write]

From the tokens of our own conversations, the price list that is installed, published rate limits, and the notes a second that one processor
core was measured to do (`evals.bench.overhead`). `--write` keeps the figures in results/capacity.json and writes docs/capacity.md.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import jinja2

from evals.bench.outside import RESULTS, keep
from evals.cases import cases
from pipeline.chain.forecast import NOTHING, forecast
from pipeline.drafters.model import PROMPT_FACTS
from pipeline.llm.batch_api import SHARE_OF_PRICE
from pipeline.llm.prices import cost_usd
from pipeline.llm.types import Usage
from pipeline.mechanisms.library import library

COMPANIES = 10_000
PAGE = Path(__file__).resolve().parents[2] / "docs" / "capacity.md"
LIMITS_FROM = "https://simonwillison.net/2025/Sep/12/gpt-5-rate-limits/ (12 September 2025, after OpenAI's announcement)"
# Millions of tokens a minute, by usage tier 1 to 5.
TPM = {"gpt-5-mini": (0.5, 2, 4, 10, 180), "gpt-5": (0.5, 1, 2, 4, 40)}
# Millions of tokens that may wait in the Batch API; only these were published there.
QUEUE: dict[str, dict[int, float]] = {"gpt-5-mini": {1: 5}, "gpt-5": {1: 1.5, 2: 3}}
WAVES = 3
"""Levels of the chain. Each level's repairs, two at most, are in the wave after it, so there are up to nine."""


def measure() -> dict[str, Any]:
    """All that the page is made of."""
    sheets = [case.sheet() for case in cases()]
    overhead = json.loads((RESULTS / "overhead.json").read_text("utf-8"))["settings"]
    speed = next(rows["afterprint"]["notes a second"] for name, rows in overhead.items() if name.startswith("200"))
    found: dict[str, Any] = {"cases": len(sheets), "notes a second of a core": speed, "models": {}}
    for model in TPM:
        total = sum((forecast(sheet, library(), PROMPT_FACTS, model) for sheet in sheets), NOTHING)
        each = {
            "calls": total.calls / len(sheets),
            "read": total.prompt_tokens / len(sheets),
            "cached": total.cached_tokens / len(sheets),
            "written": total.completion_tokens / len(sheets),
        }
        uncached = _cost(each, 0.0, model)
        found["models"][model] = {
            "a note": {name: round(value, 1) for name, value in each.items()},
            "dollars a note": {
                "no cache": round(uncached, 5),
                "cache": round(_cost(each, each["cached"], model), 5),
                "batch": round(uncached * float(SHARE_OF_PRICE), 5),
            },
        }
    return found


def _cost(each: dict[str, float], cached: float, model: str) -> float:
    millions = Usage(
        prompt_tokens=round(each["read"] * 1_000), completion_tokens=round(each["written"] * 1_000), cached_tokens=round(cached * 1_000)
    )
    return float((cost_usd(millions, model, None) or Decimal(0)) / 1_000)


def page(found: dict[str, Any]) -> str:
    """docs/capacity.md."""
    speed = found["notes a second of a core"]
    models = [_model(name, row) for name, row in found["models"].items()]
    environment = jinja2.Environment(autoescape=False, trim_blocks=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)  # noqa: S701 - Markdown
    template = environment.from_string(Path(__file__).with_name("capacity.md.jinja").read_text("utf-8"))
    return template.render(
        companies=f"{COMPANIES:,}",
        cases=found["cases"],
        most_facts=PROMPT_FACTS,
        models=models,
        limits_from=LIMITS_FROM,
        speed=f"{speed:.1f}",
        core_minutes=f"{COMPANIES / speed / 60:,.0f}",
        cores=f"{_cores(found):,.0f}",
        waves=WAVES,
        queues=[
            # The last level holds two of the four requests of a note, and the longest ones.
            {"name": f"{model}, tier {tier}", "most": f"{most:g}", "rounds": f"{math.ceil(_millions(found['models'][model]) / 2 / most):,}"}
            for model, by_tier in QUEUE.items()
            for tier, most in by_tier.items()
        ],
    )


def _model(name: str, row: dict[str, Any]) -> dict[str, Any]:
    """A model's row of each table, as text."""
    each, cost = row["a note"], row["dollars a note"]
    keys = {"none": "no cache", "cache": "cache", "batch": "batch"}
    return {
        "name": name,
        "calls": f"{each['calls']:.1f}",
        "read": f"{each['read']:,.0f}",
        "cached": f"{each['cached'] / each['read']:.0%}",
        "written": f"{each['written']:,.0f}",
        "note": {key: f"{cost[column]:.4f}" for key, column in keys.items()},
        "season": {key: f"{COMPANIES * cost[column]:,.0f}" for key, column in keys.items()},
        "millions": f"{_millions(row):,.0f}",
        "hours": [_hours(_millions(row) / tpm / 60) for tpm in TPM[name]],
    }


def _millions(row: dict[str, Any]) -> float:
    each = row["a note"]
    return float(COMPANIES * (each["read"] + each["written"]) / 1e6)


def _hours(hours: float) -> str:
    return f"{hours * 60:.0f} min" if hours < 1.5 else f"{hours:.1f} h"


def _cores(found: dict[str, Any]) -> float:
    row = found["models"]["gpt-5-mini"]
    notes_a_second = TPM["gpt-5-mini"][4] * 1e6 / 60 / (_millions(row) * 1e6 / COMPANIES)
    return float(notes_a_second / found["notes a second of a core"])


def main(words: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="keep the figures and write the page")
    args = parser.parse_args(words)
    figures = measure()
    text = page(figures)
    if args.write:
        keep("capacity", figures)
        PAGE.write_text(text, "utf-8")
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
