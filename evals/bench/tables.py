"""The README's tables of figures, from the committed results of benchmark runs.

    python -m evals.bench.tables [--write]

Prints them; with `--write` puts them between the README's markers. A test fails where README and results differ.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results")
README = Path(__file__).resolve().parents[2] / "README.md"
_SECTION = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def _result(name: str) -> Any:
    return json.loads((RESULTS / f"{name}.json").read_text("utf-8"))


def _share(row: dict[str, int]) -> str:
    return f"{100 * row['ok'] / row['n']:.1f}% of {row['n']}"


def numbers() -> str:
    """The labelled sentences: both parts, by kind."""
    parts = _result("numbers")
    tuning, held = parts["tuning"], parts["held_back"]
    kinds = [kind for kind in tuning if kind not in ("correct", "all faults")]
    lines = ["| | held back | tuned on |", "|---|---|---|"]
    lines.append(f"| **correct sentences that pass** | **{_share(held['correct'])}** | **{_share(tuning['correct'])}** |")
    lines.append(f"| **planted faults caught** | **{_share(held['all faults'])}** | **{_share(tuning['all faults'])}** |")
    lines += [f"| {kind.replace('_', ' ')} | {_share(held[kind])} | {_share(tuning[kind])} |" for kind in kinds]
    return "\n".join(lines)


def others() -> str:
    """Real text, arithmetic over tables, speed."""
    calls, read, tatqa, speed = (_result(name) for name in ("call_summaries", "call_summaries_read", "tatqa", "check_speed"))
    decided = calls["summaries"]["by decision"]
    everything = tatqa["cited cells"]["kinds"]["all"]
    accepted = everything["computed"] + everything["derived fact"]
    misread = read["parser error in the summary's own sentence"]
    refused = everything["precision alone"], everything["refused"]
    ms = speed["ms"]
    dense = ms["median by note"]["intc-2022q4"]
    rows = (
        (
            f"{calls['summaries']['numbers']} numbers in summaries of {calls['summaries']['calls']} calls, facts taken from the calls",
            ", ".join(f"{count} {decision}" for decision, count in decided.items()),
        ),
        ("100 refused ones of them, read by hand", f"{misread} misread by the parser in the summary itself, 37 not in the call"),
        (
            f"gold answers of {everything['n']} of {tatqa['arithmetic questions']} arithmetic questions of TAT-QA, told as a sentence",
            f"{accepted} accepted, {refused[0]} refused only for more digits than our rule allows, {refused[1]} refused otherwise",
        ),
        ("wrong answers at the same scale", f"{everything['wrong ones accepted']} of {everything['wrong ones']:,} accepted"),
        (
            f"a 300-word note, dense with numbers, against {speed['facts']} facts",
            f"{dense:.0f} ms where all hold; {ms['median']:.0f} ms where most do not, {ms['p99']:.0f} ms 99th percentile (aim: 5)",
        ),
        ("ten times the text", f"{speed['ten times the text']['one line']} times the time"),
    )
    return "\n".join(["| measured on | result |", "|---|---|", *(f"| {what} | {result} |" for what, result in rows)])


def rules() -> str:
    """What the rules draft over real quarters."""
    result = _result("rules")
    filings, cases = result["filings"], result["cases"]
    refused = [part["by decision"]["contradicted"] + part["by decision"]["unsupported"] for part in (filings, cases)]
    repeated = filings["repetition"]
    rows = (
        ("quarters", filings["quarters"], cases["quarters"]),
        ("notes that follow the schema", filings["notes that validate"], cases["notes that validate"]),
        ("numbers contradicted or unsupported", f"{refused[0]} of {filings['numbers']:,}", f"{refused[1]} of {cases['numbers']:,}"),
        ("parts that the check had withheld before", filings["parts withheld"], cases["parts withheld"]),
        (
            "at least 3 mechanisms at work, 2 parties beside the company",
            *(f"{100 * part['share with 3 mechanisms and 2 parties']:.0f}%" for part in (filings, cases)),
        ),
        ("nothing to review", *(f"{100 * part['share with status draft']:.0f}%" for part in (filings, cases))),
        ("words, median", filings["words"]["median"], cases["words"]["median"]),
        (
            "pairs of one company's quarters that share more than half of their sentences, numbers masked",
            f"{repeated['pairs over half']} of {repeated['pairs']:,}",
            "one quarter each",
        ),
    )
    lines = ["| | filed quarters of Apple, NVIDIA and Snowflake | cases |", "|---|---|---|"]
    lines += [f"| {what} | {ours} | {theirs} |" for what, ours, theirs in rows]
    silent, speed = len(result["mechanisms that never fire"]), result["notes per second"]
    never, pace = f"{silent} of them fire on none of these sheets", f"{speed:.0f} notes a second on one core (aim: 200)"
    lines += ["", f"{result['mechanisms']} mechanisms; {never}. {pace}."]
    return "\n".join(lines)


SECTIONS = {"numbers": numbers, "others": others, "rules": rules}


def rendered(text: str) -> str:
    """The README with every section of figures as the results have it."""
    return _SECTION.sub(lambda match: f"{match[1]}{SECTIONS[match[2]]()}\n{match[3]}", text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the tables into the README")
    if parser.parse_args().write:
        README.write_text(rendered(README.read_text("utf-8")), "utf-8")
    for name, section in SECTIONS.items():
        sys.stdout.write(f"{name}\n\n{section()}\n\n")


if __name__ == "__main__":
    main()
