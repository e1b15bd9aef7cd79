"""The README's tables of figures, from the committed results of benchmark runs.

    python -m evals.bench.tables [--write]

Prints them; with `--write` puts them between the README's markers. A test fails where README and results differ.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Callable
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


def agreement() -> str:
    """The readers of `ingest` against each other and against sheets made by hand."""
    found = _result("agreement")
    seconds = ", ".join(f"{kind} {value:.1f} s" for kind, value in found["seconds"].items())
    reasons = Counter(one["why"] for one in found["disagreements"])
    lines = ["| the same figure, read from | agree |", "|---|---|"]
    lines += [f"| {kinds} | {share['ok']:,} of {share['n']:,} |" for kinds, share in found["pairs"].items()]
    lines += [f"| **all** | **{100 * found['all']['ok'] / found['all']['n']:.1f}%** of {found['all']['n']:,} |"]
    lines += ["", "What differs, and why:", "", *(f"- {count}: {why}" for why, count in reasons.most_common())]
    return "\n".join([*lines, "", f"The slowest document of each kind: {seconds}."])


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


def perturb() -> str:
    """The harness's own test: faults and rewrites of the references."""
    result = _result("perturb")

    def share(counts: dict[str, dict[str, int]], split: str) -> str:
        found = counts[split]
        return f"{100 * found['right'] / found['trials']:.1f}% of {found['trials']:,}" if found["trials"] else "-"

    lines = ["| | held back | tuned on |", "|---|---|---|"]
    for whole, kinds, what in (("all faults", "faults", "faults noticed"), ("all rewrites", "rewrites", "rewrites left alone")):
        lines.append(f"| **{what}** | **{share(result[whole], 'heldback')}** | **{share(result[whole], 'tuned')}** |")
        lines += [
            f"| {kind.replace('_', ' ')} | {share(counts, 'heldback')} | {share(counts, 'tuned')} |"
            for kind, counts in result[kinds].items()
        ]
    return "\n".join(lines)


def sides() -> str:
    """Rules, chain and one prompt against the references, and the second references against the first."""
    result = _result("sides")
    names = {"rules": "rules", "chain": "chain, 1.5B", "one prompt": "one prompt, 1.5B"}
    columns = [(name, split) for name in names for split in ("heldback", "tuned")]
    second = result["second reference"]
    heads = [f"{names[name]}, {'held back' if split == 'heldback' else 'tuned on'}" for name, split in columns]
    heads += ["second reference"] if second["cases"] else []
    lines = [f"| | {' | '.join(heads)} |", f"|---|{'---|' * len(heads)}"]
    for metric in result["table"]["rules, tuned"]:
        cells = [result["table"][f"{name}, {split}"].get(metric) for name, split in columns]
        cells += [second.get(metric)] if second["cases"] else []
        lines.append(f"| {metric.replace('_', ' ')} | {' | '.join(map(_plain, cells))} |")
    told = [_paired(f"chain less {other}", result[f"chain less {other}"]) for other in ("rules", "one prompt")]
    return "\n".join([*lines, "", *told, "", f"All of them drafted or replayed, and scored, in {result['seconds']:.0f} s."])


def eval_speed() -> str:
    """How fast scoring is, beside others."""
    result = _result("eval_speed")
    saved, trivial = result["1,000 saved records"], result["1,000 x 5 trivial, seconds"]
    others = " and ".join(f"{trivial[name]:.3g} s with {name}" for name in ("pydantic-evals", "inspect") if trivial[name] is not None)
    return (
        f"1,000 saved records: {saved['seconds']:.0f} s, {saved['MiB']:,} MiB; two thirds of the time are ROUGE. A thousand subjects "
        f"through five evaluators that do nothing: {trivial['afterprint']:.3g} s, beside {others}, which also run tasks and write logs."
    )


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}" if value >= 10 else f"{value:g}"


def _paired(name: str, found: dict[str, Any]) -> str:
    told = [
        f"{metric.replace('_', ' ')} {found[metric]['difference']:+.3f} [{found[metric]['low']:+.3f}, {found[metric]['high']:+.3f}]"
        for metric in ("coverage", "claims_f1", "effects_f1", "catalysts_f1")
        if metric in found
    ]
    return f"{name[0].upper()}{name[1:]}, {found['cases']} cases: {'; '.join(told)}."


def batch() -> str:
    """A bad night: a provider that fails, and a command that is killed."""
    found = _result("batch")
    faults, kills, notes = found["faults"], found["kills"], found["notes"]
    served = faults["served"]
    lines = [
        f"| {notes:,} notes, 16 at a time | |",
        "|---|---|",
        f"| **10% 429, 5% 500, 2% broken connections, 2% garbled bodies**: notes complete | **{faults['complete']:,}** |",
        f"| byte for byte as without faults | {faults['same as in the calm']:,} |",
        f"| requests answered; refused or failed beside them | {served['answered']:,}; {faults['extra requests']:.1%} more |",
        f"| answers paid for twice | {faults['answers paid for twice']} |",
        f"| **killed {kills['kills']} times (SIGKILL) and started again**: notes complete | **{kills['complete']:,}** |",
        f"| byte for byte as undisturbed | {kills['same as in the calm']:,} |",
        f"| answers that the provider gave twice: under way at a kill, never kept | {kills['answers paid for twice']} |",
    ]
    return "\n".join(lines)


def overhead() -> str:
    """What the whole costs beside the requests, against the bare client and other frameworks."""
    found = _result("overhead")
    lines = [
        "| | " + " | ".join(found["settings"]) + " | processor seconds per 1,000 | peak MiB |",
        "|---" * (len(found["settings"]) + 3) + "|",
    ]
    first, *_ = found["settings"].values()
    for side in first:
        cells = []
        for rows in found["settings"].values():
            row = rows.get(side)
            cells.append("-" if row is None else f"{row['notes a second']} ({row['times the bare client']} x)")
        lines.append(
            f"| {_SIDES.get(side, side)} | {' | '.join(cells)} | {first[side]['processor seconds per 1,000']} | {first[side]['peak MiB']} |"
        )
    told = f"Four requests a note, {found['kib a note']:.0f} KiB of them; medians of {found['rounds']} rounds of {found['notes']} notes."
    lines += ["", f"Notes a second, and times the bare client's. {told}"]
    return "\n".join(lines)


_SIDES = {
    "bare": "bare `AsyncOpenAI`, answers thrown away",
    "lean": "the SDK as our client uses it, answers thrown away",
    "client": "**our client**: journal and limits, answers validated",
    "afterprint": "**Afterprint, everything**: sheets read, answers validated, numbers checked, journal, notes written",
    "langchain": "LangChain, answers validated",
    "pydantic-ai": "PydanticAI, answers validated",
    "instructor": "Instructor, answers validated",
    "dspy": "DSPy, answers validated",
}


def scale() -> str:
    """Memory over thousands of sheets, and a second Ray worker."""
    found = _result("scale")
    lines = ["| sheets | peak memory | journal | notes a second |", "|---|---|---|---|"]
    lines += [
        f"| {int(count):,} | {row['peak MiB']} MiB | {row['journal MiB']:.0f} MiB | {row['notes a second']} |"
        for count, row in found["sheets"].items()
    ]
    if (ray := found["ray"]).keys() == {"1", "2"}:
        one, two = ray["1"]["seconds of drafting"], ray["2"]["seconds of drafting"]
        took = f"{ray['1']['notes']} notes in {one:.0f} s on one worker, {two:.0f} s on two ({one / two:.2f} times as fast)"
        lines += ["", f"With Ray and answers after 200 ms, four notes at a time on a worker, the start of Ray included: {took}."]
    return "\n".join(lines)


def local() -> str:
    """The chain against one prompt, with a real model's recorded answers."""
    result = _result("local")
    splits = {"held back": result["splits"]["heldback"], "tuned on": result["splits"]["tuned"]}
    groups = [split[way] for split in splits.values() for way in ("chain", "single")]
    rows: tuple[tuple[str, Callable[[dict[str, Any]], object]], ...] = (
        ("notes", lambda g: g["cases"]),
        ("notes without an unsupported or contradicted number", lambda g: g["notes without a refused number"]),
        ("numbers printed", lambda g: f"{g['numbers']:,}"),
        ("**parts printed**", lambda g: f"**{_percent(g['parts']['printed'])}** of {g['parts']['asked']}"),
        ("sound at first", lambda g: _percent(g["parts"]["at_first"] / g["parts"]["asked"])),
        ("sound after a repair", lambda g: _percent(g["parts"]["after_repair"] / g["parts"]["asked"])),
        ("withheld", lambda g: _percent(g["parts"]["withheld"] / g["parts"]["asked"])),
        ("headlines printed", lambda g: g["cases"] - g["parts by kind"]["headline"]["withheld"]),
        ("**notes with nothing to review**", lambda g: f"**{g['nothing to review']}**"),
        ("words, median", lambda g: f"{g['words, median']:.0f}"),
        ("prompt tokens a note (of them cached)", lambda g: f"{g['prompt tokens a note']:,} ({_percent(g['of them cached'])})"),
        ("tokens written a note", lambda g: f"{g['tokens written a note']:,}"),
        ("seconds a note, median", lambda g: f"{g['seconds a note, median']:,}"),
    )
    lines = ["| |" + "".join(f" {name}: chain | one prompt |" for name in splits), "|---|---|---|---|---|"]
    lines += [f"| {what} | {' | '.join(str(tell(group)) if group['cases'] else '-' for group in groups)} |" for what, tell in rows]
    compared = [f"{name}, {_compared(split['chain less single'])}" for name, split in splits.items() if split["chain less single"]["cases"]]
    lines += ["", f"Chain less one prompt, case by case, with the 95% interval: {'; '.join(compared)}."] if compared else []
    most = max(group["notes at once, most"] for group in groups if group["cases"])
    paces = [group["tokens written a second"] for group in groups if group["cases"] and group["tokens written a second"]]
    beside = f", up to {most} notes side by side" if most > 1 else ""
    pace = f", {min(paces):.0f} to {max(paces):.0f} tokens a second in each request" if paces else ""
    replayed = f"All {result['replay']['cassettes']} cassettes replay in {result['replay']['seconds']:.0f} s."
    return "\n".join([*lines, "", f"{', '.join(result['model'])} on {', '.join(result['recorded on'])}{beside}{pace}. {replayed}"])


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f}%"


def _compared(paired: dict[str, Any]) -> str:
    parts = [
        f"{what} {100 * found['difference']:+.0f} points [{100 * found['low']:+.0f}, {100 * found['high']:+.0f}]"
        for what in ("parts printed", "nothing to review")
        if (found := paired[what])
    ]
    return f"{paired['cases']} cases: {', '.join(parts)}"


SECTIONS = {
    "agreement": agreement,
    "batch": batch,
    "eval_speed": eval_speed,
    "numbers": numbers,
    "others": others,
    "overhead": overhead,
    "perturb": perturb,
    "rules": rules,
    "sides": sides,
}
# A model takes hours to record, and thousands of notes an hour to draft: until they have, there is nothing to tell.
SECTIONS |= {section.__name__: section for section in (local, scale) if (RESULTS / f"{section.__name__}.json").exists()}


def rendered(text: str) -> str:
    """The README with every section of figures as the results have it."""
    return _SECTION.sub(lambda match: f"{match[1]}{SECTIONS[match[2]]()}\n{match[3]}" if match[2] in SECTIONS else match[0], text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the tables into the README")
    if parser.parse_args().write:
        README.write_text(rendered(README.read_text("utf-8")), "utf-8")
    for name, section in SECTIONS.items():
        sys.stdout.write(f"{name}\n\n{section()}\n\n")


if __name__ == "__main__":
    main()
