"""Numbers and days as an inline document displays them, by the rules of its transformation registries (versions 1 to 5, and the SEC's)."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal

_PLAIN = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_SPACES = str.maketrans("", "", " \u00a0\u2009\u202f\n\t\r")
# What stands between the digits' groups, and before the decimals. Names differ from one registry to the next.
_MARKS = {
    "num-dot-decimal": (",", "."),
    "numdotdecimal": (",", "."),
    "numcommadot": (",", "."),
    "numspacedot": ("", "."),
    "num-dot-decimal-apos": ("'", "."),
    "num-comma-decimal": (".", ","),
    "numcommadecimal": (".", ","),
    "numdotcomma": (".", ","),
    "numspacecomma": ("", ","),
    "num-comma-decimal-apos": ("'", ","),
}
_ZEROS = frozenset(("fixed-zero", "zerodash", "numdash"))
_NO_WORDS = frozenset(("no", "none", "nil", "zero"))
_GROUPS = {mark: re.compile(rf"[0-9]{{1,3}}(?:{re.escape(mark)}[0-9]{{2,3}})*") for mark in (",", ".", "'")}
MAX_DIGITS = 40


def displayed(text: str, format: str) -> Decimal:
    """The number that a text shows, before scale and sign. `format` is the transformation without its prefix, empty for none.

    Raises ValueError for a text that does not fit its format, and for a format of no numbers.
    """
    if format in _ZEROS:
        return Decimal(0)
    if format in ("numwordsen", "num-words-en"):
        if text.strip().lower() in _NO_WORDS:
            return Decimal(0)
        raise ValueError(f"the number words '{text[:40]}' are not read")
    bare = text.translate(_SPACES)
    if format:
        if format not in _MARKS:
            raise ValueError(f"the format '{format[:40]}' is not known")
        group, point = _MARKS[format]
        whole, _, decimals = bare.partition(point)
        if group in whole and group and not _GROUPS[group].fullmatch(whole):
            raise ValueError(f"'{text[:40]}' does not fit the format {format}")
        bare = whole.replace(group, "") + (f".{decimals}" if decimals else "") if group else bare.replace(point, ".")
        if bare.startswith(("+", "-")):
            raise ValueError(f"'{text[:40]}' does not fit the format {format}")
    if len(bare) > MAX_DIGITS or not _PLAIN.fullmatch(bare):
        raise ValueError(f"'{text[:40]}' is no number{f' of the format {format}' if format else ''}")
    return Decimal(bare)


def step_of(decimals: str | None, precision: str | None, value: Decimal) -> Decimal | None:
    """What a number is rounded to by its `decimals` or `precision`, in units; None where it is exact.

    Raises ValueError for what is no such statement: a number must say how exact it is.
    """
    written = decimals if decimals is not None else precision
    if written is None:
        raise ValueError("says nothing of its rounding")
    if written == "INF":
        return None
    if not re.fullmatch(r"[+-]?[0-9]{1,2}", written):
        raise ValueError(f"'{written[:20]}' is no number of decimals")
    if decimals is not None:
        return Decimal(1).scaleb(-int(written))
    return Decimal(1).scaleb(value.adjusted() - int(written) + 1) if value else None


_DAYS = ("%B %d, %Y", "%b %d, %Y", "%B %d %Y", "%d %B %Y", "%d %b %Y", "%Y-%m-%d", "%m/%d/%Y", "%m/%d/%y")


def day(text: str) -> date | None:
    """A day as filings write it; None for other texts. Days before months, as in 03/04/2025 outside America, are not tried."""
    written = " ".join(text.split())
    for form in _DAYS:
        try:
            return datetime.strptime(written, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None
