"""Fact sheets from files: JSON, YAML or CSV in, a `FactSheet` or an InputError with one line per problem out.

Whatever a file holds, nothing but InputError comes out of here. A bad file never keeps the others from being read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from functools import cache
from glob import glob, has_magic
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from pipeline.errors import InputError, Problem
from pipeline.facts import checks
from pipeline.facts.csv_sheet import CsvSheet, read_csv
from pipeline.facts.parsing import parse, unfit_values
from pipeline.facts.positions import Finding, Format, UnreadableError, lines_of
from pipeline.facts.sheet import Fact, FactSheet, Period
from pipeline.schemas import Keys, dotted, printable, stored, validate

MOST_PROBLEMS = 20
"""No file gets more lines than this; the rest is counted."""

_FORMATS: Mapping[str, Format] = {".json": "json", ".yaml": "yaml", ".yml": "yaml"}
_SUFFIXES = (*_FORMATS, ".csv")
_NAMES = "facts.json, facts.yaml, facts.yml, facts.csv, or such a name after a dot, as in kc.facts.json"


# -- files ---------------------------------------------------------------------------------------------------------------


def sheet_files(paths: Iterable[Path]) -> Iterator[tuple[Path, InputError | None]]:
    """The sheets' files, each once: those among `paths` as given, and for each folder the sheets in it, sorted, at any depth.

    A sheet in a folder is called facts.json, or something.facts.json (or .yaml, .yml, .csv). Hidden folders are left out. A path that is
    no file and holds `*`, `?` or `[` is a pattern: what it matches counts as given. A folder without a sheet, one that cannot be read and
    a pattern that nothing matches come with what is wrong; what else there is comes all the same.
    """
    seen: set[Path] = set()
    for path in paths:
        problems: list[Problem] = []
        inside = _matching(path, problems) if _is_pattern(path) else [path]
        files = [file for one in inside for file in (_sheets_below(one, problems) if _is_folder(one) else [one])]
        if problems:
            yield path, InputError(*problems)
        for file in files:
            if (whole := file.absolute()) not in seen:
                seen.add(whole)
                yield file, None


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name too long, or a place that we may not look into: reading it will say so
        return False


def _is_pattern(path: Path) -> bool:
    try:
        return has_magic(str(path)) and not path.exists()
    except (OSError, ValueError):
        return False


def _matching(pattern: Path, problems: list[Problem]) -> list[Path]:
    found = [Path(name) for name in sorted(glob(str(pattern), recursive=True))]  # noqa: PTH207 - pathlib globs below a folder only
    if not found:
        problems.append(Problem("matches no file: expected fact sheets or folders with fact sheets", file=_name(pattern)))
    return found


def _sheets_below(folder: Path, problems: list[Problem]) -> list[Path]:
    found: list[Path] = []
    unread: list[OSError] = []
    for place, folders, files in os.walk(folder, onerror=unread.append):
        folders[:] = [name for name in folders if not name.startswith(".")]
        names = [name for name in files if f".{name}".lower().endswith(tuple(f".facts{suffix}" for suffix in _SUFFIXES))]
        found += [Path(place, name) for name in names]
    problems += [Problem(f"this folder cannot be read: {error.strerror}", file=printable(str(error.filename))) for error in unread]
    if not found and not unread:
        problems.append(Problem(f"no fact sheets in this folder: expected {_NAMES}", file=_name(folder)))
    return sorted(found)


def each_sheet(files: Iterable[tuple[Path, InputError | None]], *, max_bytes: int) -> Iterator[tuple[Path, FactSheet | InputError]]:
    """The sheets of `sheet_files`, one at a time: each path with its sheet, or with what is wrong with it. Keeps none of them.

    A bad one does not stop the others; of two sheets for one company and period the first counts.
    """
    owners: dict[int, Path] = {}
    for path, problem in files:
        if problem is not None:
            yield path, problem
            continue
        try:
            sheet = load_sheet(path, max_bytes=max_bytes)
        except InputError as error:
            yield path, error
            continue
        period = sheet.reported_period
        # The slug names the output files; the days catch one period under two ids.
        # Of each only the hash is kept, for there may be many thousands.
        keys = [hash(key) for key in ((sheet.slug,), (sheet.company.ticker, period.kind, period.end))]
        owner = next((owners[key] for key in keys if key in owners), None)
        if owner is not None:
            message = f"is a second sheet for {sheet.company.ticker} {period.label}, after {_name(owner)}: expected one, the first is used"
            yield path, InputError(Problem(message, file=_name(path)))
            continue
        owners |= dict.fromkeys(keys, path)
        yield path, sheet


def load_sheet(path: Path, *, max_bytes: int) -> FactSheet:
    """The fact sheet in a .json, .yaml, .yml or .csv file. Raises InputError, with as many problems as can be found at once."""
    try:
        text = _decoded(_content(path, max_bytes))
    except UnreadableError as error:
        raise InputError(*_problems(path, error.findings, {})) from None
    kind = _FORMATS.get(path.suffix.lower())
    return _from_text(path, text, kind) if kind else _from_csv(path, text)


def _content(path: Path, max_bytes: int) -> bytes:
    try:
        info = path.stat()
        if stat.S_ISDIR(info.st_mode):
            raise UnreadableError(Finding("is a folder: expected a file"))
        if not stat.S_ISREG(info.st_mode):
            raise UnreadableError(Finding("is not a regular file: expected a fact sheet"))
        if path.suffix.lower() not in _SUFFIXES:
            raise UnreadableError(Finding(f"is not a fact sheet by its name: expected a name that ends in {', '.join(_SUFFIXES)}"))
        with path.open("rb") as file:
            content = file.read(max_bytes + 1) if info.st_size <= max_bytes else b""
    except FileNotFoundError:
        raise UnreadableError(Finding("no such file: expected a fact sheet or a folder with fact sheets")) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UnreadableError(Finding(f"cannot be read: {reason}")) from None
    size = max(info.st_size, len(content))
    if size > max_bytes:
        message = f"has {size:,} bytes: expected at most {max_bytes:,}; split it, or set AFTERPRINT_MAX_INPUT_BYTES higher"
        raise UnreadableError(Finding(message))
    return content


def _decoded(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The error counts from behind a byte order mark.
        start = len(content) - len(error.object) + error.start
        line = content.count(b"\n", 0, start) + 1
        message = f"is not UTF-8: byte {start:,} is 0x{content[start]:02x}; expected a file saved as UTF-8"
        raise UnreadableError(Finding(message, line=line)) from None
    if not text.strip():
        raise UnreadableError(Finding("is empty: expected a fact sheet"))
    return text


# -- one sheet -----------------------------------------------------------------------------------------------------------


def _from_text(path: Path, text: str, kind: Format) -> FactSheet:
    try:
        return _sheet(parse(text, kind))
    except UnreadableError as error:
        findings = error.findings
    wanted = _places_of(findings)
    lines = lines_of(text, kind, wanted) if wanted else {}
    raise InputError(*_problems(path, findings, {keys: (line, dotted(keys)) for keys, line in lines.items()}))


def _from_csv(path: Path, text: str) -> FactSheet:
    return from_table(path, lambda: read_csv(text, _name(Path(path.name))))


def from_table(path: Path, read: Callable[[], CsvSheet]) -> FactSheet:
    """The sheet of a table that `read` takes apart; it may raise UnreadableError. `path` names the file in messages.

    Raises InputError, with the line and column of each problem.
    """
    findings: list[Finding] = []
    table = CsvSheet()
    try:
        table = read()
        sheet = _sheet(table.data)
        if not table.findings:
            return sheet
    except UnreadableError as error:
        findings.extend(error.findings)
    findings += table.findings
    raise InputError(*_problems(path, findings, {keys: table.cell(keys) for keys in _places_of(findings)}))


def _places_of(findings: Iterable[Finding]) -> set[Keys]:
    """The places whose lines are not known yet."""
    open_ends = {finding.keys for finding in findings if finding.line is None}
    return (open_ends | {finding.first for finding in findings if finding.first is not None}) - {()}


def _sheet(data: Any) -> FactSheet:
    """The sheet that the data hold. Raises UnreadableError with all that is wrong with them, one finding per place."""
    if data is None:
        raise UnreadableError(Finding("is empty: expected a fact sheet"))
    if findings := list(unfit_values(data)):
        raise UnreadableError(*findings)
    found = {violation.keys: Finding(violation.message, violation.keys) for violation in validate(data, _schema())}
    if not isinstance(data, dict):
        raise UnreadableError(*found.values())
    broken = set(found)
    # These come second because they know more: "unknown metric, did you mean" says more than "does not match a pattern".
    found |= {finding.keys: finding for finding in checks.of_names(data)}
    sheet = None
    if not found:
        try:
            sheet = FactSheet.model_validate(data)
        except ValidationError as error:
            found = {finding.keys: finding for finding in _of_model(error)}
    if sheet is not None:
        facts = list(enumerate(sheet.facts))
        periods = sheet.periods_by_id
    else:
        facts = [(keys[1], fact) for keys, fact in _parts(data, "facts", Fact, broken, found)]
        periods = {period.id: period for _, period in _parts(data, "periods", Period, broken, found)}
    reported, currency = _terms(data, periods)
    found |= {finding.keys: finding for finding in checks.of_facts(facts, periods, reported, currency)}
    if sheet is None or found:
        raise UnreadableError(*found.values())
    return sheet


_Part = TypeVar("_Part", bound=BaseModel)


def _parts(
    data: Mapping[str, Any], name: str, model: type[_Part], broken: Set[Keys], found: dict[Keys, Finding]
) -> Iterator[tuple[tuple[str, int], _Part]]:
    """The facts or periods that are well-formed in a sheet that is not. What the model finds in others is added to `found`."""
    spoilt = {keys[:2] for keys in broken}
    items = data.get(name)
    if not isinstance(items, list) or (name,) in broken:
        return
    for place, item in enumerate(items):
        keys = (name, place)
        if keys not in spoilt:
            try:
                yield keys, model.model_validate(item)
            except ValidationError as error:
                for finding in _of_model(error, keys):
                    found.setdefault(finding.keys, finding)


def _of_model(error: ValidationError, around: Keys = ()) -> Iterator[Finding]:
    for one in error.errors(include_url=False, include_input=False):
        yield Finding(one["msg"].removeprefix("Value error, "), (*around, *one["loc"]))


def _terms(data: Mapping[str, Any], periods: Mapping[str, Period]) -> tuple[Period | None, str]:
    """The reported period, if it is readable, and the company's currency, for want of one the dollar."""
    company, period = data.get("company"), data.get("period")
    currency = company.get("currency") if isinstance(company, dict) else None
    return periods.get(period) if isinstance(period, str) else None, currency if isinstance(currency, str) else "USD"


@cache
def _schema() -> dict[str, Any]:
    return stored("fact-sheet")


# -- problems ------------------------------------------------------------------------------------------------------------


def _problems(path: Path, findings: Sequence[Finding], located: Mapping[Keys, tuple[int | None, str]]) -> list[Problem]:
    file = _name(path)
    problems = []
    for finding in findings:
        line, place = located.get(finding.keys, (None, dotted(finding.keys)))
        first = located.get(finding.first, (None, ""))[0] if finding.first else None
        repeats = f" (first in line {first})" if first else ""
        problems.append(Problem(finding.message + repeats, file=file, line=finding.line or line, field=place))
    problems.sort(key=lambda problem: problem.line or 0)
    if len(problems) > MOST_PROBLEMS:
        more = len(problems) - MOST_PROBLEMS
        problems[MOST_PROBLEMS:] = [Problem(f"and {more} more problem{'s' * (more > 1)}", file=file)]
    return problems


def _name(path: Path) -> str:
    """A path as a message shows it, on one line whatever bytes it is made of."""
    return printable(str(path))
