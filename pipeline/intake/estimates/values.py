"""Values in a provider's JSON, strictly: a figure, a count or a day that is not what it should be is refused with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any

from pipeline.errors import InputError
from pipeline.intake.document import Document
from pipeline.intake.spreadsheet.cells import MISSING, day
from pipeline.schemas import Keys, dotted, shown

_MOST_DIGITS = 24


@dataclass(frozen=True, slots=True)
class Place:
    """A value in a document, with the way to it."""

    document: Document
    value: Any
    keys: Keys = ()

    @property
    def where(self) -> str:
        """The way as messages and locators write it: earningsTrend.trend[0].earningsEstimate."""
        return dotted(self.keys)

    def refused(self, message: str) -> InputError:
        """The error that says what is wrong here."""
        return self.document.refused(message, field=self.where)

    def get(self, *names: str | int) -> Place:
        """The value at the end of a way; None where there is none."""
        value = self.value
        for name in names:
            if isinstance(name, str):
                value = value.get(name) if isinstance(value, Mapping) else None
            else:
                value = value[name] if isinstance(value, list) and name < len(value) else None
        return Place(self.document, value, (*self.keys, *names))

    def items(self) -> Iterator[Place]:
        """The objects of a list. Raises InputError where it is something else, or holds something else."""
        if self.value is None:
            return
        if not isinstance(self.value, list):
            raise self.refused(f"is {shown(self.value)}: expected a list")
        for n in range(len(self.value)):
            item = self.get(n)
            if not isinstance(item.value, Mapping):
                raise item.refused(f"is {shown(item.value)}: expected an object")
            yield item

    def number(self, *names: str | int) -> Decimal | None:
        """The figure at the end of a way: a number, a number as text, or an object with `raw`; None where there is none."""
        place = self.get(*names)
        value = place.value
        if isinstance(value, Mapping):
            value = value.get("raw")
        if value is None or (isinstance(value, str) and value.strip().lower() in MISSING):
            return None
        try:
            found = None if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)) else Decimal(str(value).strip())
        except InvalidOperation:
            found = None
        if found is None or not found.is_finite():
            raise place.refused(f"is {shown(value)}: expected a figure")
        if abs(found.adjusted()) > _MOST_DIGITS:
            raise place.refused(f"is {shown(str(value))}: expected a figure below 10^19")
        return found

    def count(self, *names: str | int) -> int | None:
        """The number of analysts at the end of a way; None where there is none, or nobody."""
        found = self.number(*names)
        if found is None or found == 0:
            return None
        if found != int(found) or not 1 <= found <= 500:
            raise self.get(*names).refused(f"is {found}: expected a number of analysts, from 1 to 500")
        return int(found)

    def text(self, *names: str | int) -> str | None:
        """The text at the end of a way; None where there is none."""
        place = self.get(*names)
        if place.value is None or place.value == "":
            return None
        if not isinstance(place.value, str):
            raise place.refused(f"is {shown(place.value)}: expected text")
        return place.value

    def currency(self, *names: str | int) -> str | None:
        """The ISO 4217 currency at the end of a way."""
        code = self.text(*names)
        if code is not None and not (len(code) == 3 and code.isascii() and code.isalpha()):
            raise self.get(*names).refused(f"is {shown(code)}: expected a currency such as USD")
        return code.upper() if code else None

    def day(self, *names: str | int) -> date | None:
        """The day at the end of a way: a date, a moment as ISO 8601 or in a mail's form, seconds since 1970, or `raw` and `fmt`."""
        place = self.get(*names)
        value = place.value
        if isinstance(value, Mapping):
            value = value.get("fmt") or value.get("raw")
        if value is None or value == "":
            return None
        try:
            return _day(value)
        except (ValueError, OverflowError, OSError) as error:
            reason = str(error) if isinstance(value, str) else "expected a date such as 2026-03-31"
            raise place.refused(f"{reason}" if isinstance(value, str) else f"is {shown(value)}: {reason}") from None


def _day(value: Any) -> date:
    if isinstance(value, int) and not isinstance(value, bool):
        return day(datetime.fromtimestamp(value, UTC).date().isoformat())
    if not isinstance(value, str):
        raise ValueError("expected a date")
    text = value.strip()[:60]
    if "," in text and ":" in text:
        return day(parsedate_to_datetime(text).date().isoformat())
    if "T" in text and text[:4].isdecimal():
        return day(datetime.fromisoformat(text.replace("Z", "+00:00")).date().isoformat())
    return day(text)
