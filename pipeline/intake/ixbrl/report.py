"""What a filing says in XBRL: figures with their contexts and units, and the texts that say whose filing it is.

Inline documents and instances come to the same `Report`. Figures that nobody could read are kept as `unread`, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial

from pipeline.intake.document import Document
from pipeline.intake.ixbrl.markup import DIMENSIONS, INLINE, INSTANCE, Element, local, namespace, parse, qualified, words
from pipeline.intake.ixbrl.numbers import displayed, step_of

MAX_FACTS = 200_000
MAX_CONTEXTS = 50_000
_MAX_CONTINUATIONS = 50
_YEARS = range(1900, 2200)
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


@dataclass(frozen=True, slots=True)
class Context:
    """Of whom, when, and of which part a figure is. `start` is None for a day; `members` are axis and member of explicit dimensions."""

    id: str
    entity: str
    start: date | None
    end: date
    members: tuple[tuple[str, str], ...] = ()
    is_typed: bool = False
    """Whether it has dimensions whose members are not from a list."""

    @property
    def is_whole(self) -> bool:
        """Whether it is of the whole company."""
        return not self.members and not self.is_typed

    @property
    def words(self) -> str:
        return f"{self.start} to {self.end}" if self.start else f"{self.end}"


@dataclass(frozen=True, slots=True)
class Item:
    """A figure in whole units. `step` is what it is rounded to, None where it is exact; `printed` is how the document shows it."""

    concept: str
    context: Context
    unit: str
    value: Decimal
    step: Decimal | None
    printed: str
    id: str = ""
    element: Element = field(default=None, repr=False, compare=False)
    """Where it stands in an inline document; None in an instance."""


@dataclass(frozen=True, slots=True)
class Text:
    """Something said in words, such as a company's name."""

    concept: str
    context: Context
    value: str


@dataclass(frozen=True, slots=True)
class Report:
    """All that a document says in XBRL."""

    root: Element
    is_inline: bool
    items: tuple[Item, ...]
    texts: tuple[Text, ...]
    unread: tuple[tuple[str, str], ...]
    """Concept of a figure that could not be read, and why."""

    def said(self, concept: str) -> list[Text]:
        """Every text of a concept that says something."""
        return [text for text in self.texts if text.concept == concept and text.value]


def read(document: Document) -> Report:
    """The report in a document. Raises InputError for markup that cannot be read, and for a document without figures."""
    root = parse(document)
    is_inline = any(namespace(element) in INLINE for element in root.iter("{*}nonFraction", "{*}nonNumeric", "{*}header"))
    contexts = _contexts(document, root)
    reading = _Reading(contexts, _units(root))
    if is_inline:
        reading.inline(root)
    else:
        instance = root if root.tag == f"{{{INSTANCE}}}xbrl" else next(root.iter(f"{{{INSTANCE}}}xbrl"), None)
        reading.plain(instance if instance is not None else ())
    if len(reading.items) > MAX_FACTS:
        raise document.refused(f"has more than {MAX_FACTS:,} figures: expected one filing")
    if not reading.items:
        kind = "inline XBRL" if is_inline else "XBRL"
        raise document.refused(f"has no figure in {kind} that can be read: expected a 10-Q, 10-K, 20-F or 6-K with its statements")
    return Report(root, is_inline, tuple(reading.items), tuple(reading.texts), tuple(reading.unread))


# -- contexts and units --------------------------------------------------------------------------------------------------------


def _contexts(document: Document, root: Element) -> dict[str, Context]:
    found: dict[str, Context] = {}
    for element in root.iter(f"{{{INSTANCE}}}context"):
        name = element.get("id", "")
        try:
            context = _context(element, name)
        except ValueError as error:
            raise document.refused(f"has the context '{name[:60]}' {error}", line=element.sourceline) from None
        if name in found and found[name] != context:
            raise document.refused(f"has two contexts called '{name[:60]}': expected each once", line=element.sourceline)
        found[name] = context
        if len(found) > MAX_CONTEXTS:
            raise document.refused(f"has more than {MAX_CONTEXTS:,} contexts: expected one filing")
    return found


def _context(element: Element, name: str) -> Context:
    entity = words(next(element.iter(f"{{{INSTANCE}}}identifier"), element))
    days = {part: words(found) for part in ("instant", "startDate", "endDate") for found in element.iter(f"{{{INSTANCE}}}{part}")}
    members = [
        (qualified(one, one.get("dimension", "")), qualified(one, words(one))) for one in element.iter(f"{{{DIMENSIONS}}}explicitMember")
    ]
    is_typed = next(element.iter(f"{{{DIMENSIONS}}}typedMember"), None) is not None
    if "instant" in days:
        return Context(name, entity, None, _day(days["instant"], is_end=True), tuple(sorted(members)), is_typed)
    if "startDate" in days and "endDate" in days:
        start, end = _day(days["startDate"], is_end=False), _day(days["endDate"], is_end=True)
        if start > end:
            raise ValueError(f"that starts on {start}, after its end on {end}: expected the start first")
        return Context(name, entity, start, end, tuple(sorted(members)), is_typed)
    if element.find(f".//{{{INSTANCE}}}forever") is not None:
        return Context(name, entity, date.min, date.max, tuple(sorted(members)), is_typed)
    raise ValueError("without a period: expected an instant, or startDate and endDate")


def _day(written: str, *, is_end: bool) -> date:
    """A context's day. Midnight is where a day begins, so an end at midnight is the end of the day before."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise ValueError(f"with the day '{written[:40]}': expected one such as 2025-06-30") from None
    if moment.year not in _YEARS:
        raise ValueError(f"with the day '{written[:40]}': expected one of the years {_YEARS.start} to {_YEARS.stop - 1}")
    is_midnight = "T" in written and not (moment.hour or moment.minute or moment.second)
    return moment.date() - timedelta(days=1) if is_midnight and is_end else moment.date()


def _units(root: Element) -> dict[str, str]:
    """Units by id, as sheets write them: USD, USD/share, shares, pure; any other by its own name."""
    found = {}
    for element in root.iter(f"{{{INSTANCE}}}unit"):
        below = [words(one) for one in element.iter(f"{{{INSTANCE}}}measure") if local(one.getparent()) == "unitDenominator"]
        above = [words(one) for one in element.iter(f"{{{INSTANCE}}}measure") if local(one.getparent()) != "unitDenominator"]
        unit = "*".join(_measure(one) for one in above)
        if below:
            unit += "/" + "*".join("share" if _measure(one) == "shares" else _measure(one) for one in below)
        found[element.get("id", "")] = unit
    return found


def _measure(name: str) -> str:
    return name.rpartition(":")[2]


# -- figures and texts ---------------------------------------------------------------------------------------------------------


class _Reading:
    """A document's figures and texts in the making."""

    def __init__(self, contexts: dict[str, Context], units: dict[str, str]) -> None:
        self.contexts, self.units = contexts, units
        self.items: list[Item] = []
        self.texts: list[Text] = []
        self.unread: list[tuple[str, str]] = []

    def inline(self, root: Element) -> None:
        continuations = {one.get("id"): one for one in root.iter(*(f"{{{uri}}}continuation" for uri in INLINE))}
        for element in root.iter(*(f"{{{uri}}}{name}" for uri in INLINE for name in ("nonFraction", "nonNumeric"))):
            concept = qualified(element, element.get("name", ""))
            if local(element) == "nonFraction":
                shown = words(element)
                self._figure(element, concept, shown, partial(_inline_value, element, shown))
            elif concept.startswith("dei:") and (context := self.contexts.get(element.get("contextRef", ""))):
                self.texts.append(Text(concept, context, " ".join(_continued(element, continuations))[:500]))

    def plain(self, instance: Element) -> None:
        for element in instance:
            name = element.get("contextRef") if isinstance(element.tag, str) else None
            if name is None:
                continue
            concept = qualified(element, f"{element.prefix or ''}:{local(element)}".lstrip(":"))
            if element.get("unitRef") is not None:
                shown = (element.text or "").strip()
                self._figure(element, concept, shown, partial(displayed, shown, ""), is_inline=False)
            elif concept.startswith("dei:") and name in self.contexts:
                self.texts.append(Text(concept, self.contexts[name], words(element)[:500]))

    def _figure(self, element: Element, concept: str, shown: str, value_of: Callable[[], Decimal], *, is_inline: bool = True) -> None:
        if element.get(_NIL) in ("true", "1"):
            return
        context, unit = self.contexts.get(element.get("contextRef", "")), self.units.get(element.get("unitRef", ""))
        if context is None or unit is None:
            self.unread.append((concept, f"refers to {'a context' if context is None else 'a unit'} that the document does not have"))
            return
        try:
            value = value_of()
            step = step_of(element.get("decimals"), element.get("precision"), value)
        except ValueError as error:
            self.unread.append((concept, str(error)))
            return
        self.items.append(Item(concept, context, unit, value, step, shown, element.get("id", ""), element if is_inline else None))


def _inline_value(element: Element, shown: str) -> Decimal:
    """A displayed figure in whole units: as its format says, times ten to its scale, with its sign."""
    scale, sign = element.get("scale", "0"), element.get("sign")
    if not re.fullmatch(r"[+-]?[0-9]{1,2}", scale):
        raise ValueError(f"'{scale[:20]}' is no scale")
    if sign not in (None, "-"):
        raise ValueError(f"'{sign[:20]}' is no sign")
    value = displayed(shown, element.get("format", "").rpartition(":")[2]).scaleb(int(scale))
    return -value if sign else value


def _continued(element: Element, continuations: dict[str, Element]) -> Iterator[str]:
    """The text of an element and of the elements that it goes on in, without what it excludes."""
    for _ in range(_MAX_CONTINUATIONS):
        yield " ".join("".join(element.xpath(".//text()[not(ancestor::*[local-name()='exclude'])]")).split())
        following = continuations.get(element.get("continuedAt"))
        if following is None:
            return
        element = following
