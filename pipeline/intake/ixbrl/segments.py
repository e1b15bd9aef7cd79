"""Parts of a company: which dimensions make a segment, and how the document itself calls its members and lines."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from pipeline.intake.ixbrl.markup import Element, words
from pipeline.intake.ixbrl.report import Context, Item, Report

AXES = (
    "us-gaap:StatementBusinessSegmentsAxis",
    "us-gaap:SubsegmentsAxis",
    "srt:ProductOrServiceAxis",
    "srt:StatementGeographicalAxis",
    "ifrs-full:SegmentsAxis",
    "ifrs-full:ProductsAndServicesAxis",
    "ifrs-full:GeographicalAreasAxis",
)
_OPERATING = frozenset(
    (
        ("srt:ConsolidationItemsAxis", "us-gaap:OperatingSegmentsMember"),
        ("ifrs-full:SegmentConsolidationItemsAxis", "ifrs-full:OperatingSegmentsMember"),
    )
)
"""Says that a segment is one of those that managers run, which leaves it the same segment."""
_NO_SEGMENT = re.compile(
    r"eliminat|intersegment|reconcil|reportable|operatingsegments|corporatenonsegment|materialreconciling", re.IGNORECASE
)
_COUNTRIES = {
    "US": "United States", "CN": "China", "GB": "United Kingdom", "JP": "Japan", "DE": "Germany", "FR": "France", "CA": "Canada",
    "IN": "India", "KR": "South Korea", "TW": "Taiwan", "IE": "Ireland", "NL": "Netherlands", "BR": "Brazil", "MX": "Mexico",
    "AU": "Australia", "CH": "Switzerland", "SG": "Singapore", "HK": "Hong Kong", "IL": "Israel", "IT": "Italy", "ES": "Spain",
}  # fmt: skip
_FOOTNOTE = re.compile(r"(?:\s*\([0-9a-z]{1,2}\))+$")
_WORDS = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]{1,2}[a-z]+|[a-z]+|[A-Z]|[0-9]+")
"""A single capital stays with the word after it: iPhone's tag begins with `IPhone`."""
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Segment:
    """A member of an axis, by the name that people read."""

    axis: str
    member: str
    name: str


def member_of(context: Context) -> tuple[str, str] | None:
    """Axis and member where a context is of exactly one part of the company, else None."""
    members = [one for one in context.members if one not in _OPERATING]
    if context.is_typed or len(members) != 1 or members[0][0] not in AXES or _NO_SEGMENT.search(members[0][1].partition(":")[2]):
        return None
    return members[0]


class Names:
    """The document's own words: its table cells, by their letters alone."""

    def __init__(self, report: Report) -> None:
        cells: dict[str, Counter[str]] = {}
        for cell in report.root.iter("{*}td", "{*}th", "{*}span") if report.is_inline else ():
            text = _FOOTNOTE.sub("", words(cell)).rstrip(":") if len(cell) < 5 else ""
            if 1 < len(text) <= _LONGEST and text[0].isalpha():
                cells.setdefault(_key(text), Counter())[text] += 1
        self._cells = cells

    def segment(self, axis: str, member: str) -> Segment:
        """A member as the document calls it, else by the words of its tag, as in `Europe Middle East Africa`."""
        prefix, _, tag = member.partition(":")
        if prefix == "country":
            return Segment(axis, member, _COUNTRIES.get(tag, tag))
        bare = re.sub(r"(?:Segment)?Member$", "", tag) or tag
        written = self._cells.get(_key(bare)) or self._cells.get(_key(tag.removesuffix("Member")))
        if written:
            # The way of writing that is no heading in capitals, where there is one.
            name = max(written, key=lambda text: (not text.isupper() or len(text) <= 4, written[text], text))
        else:
            name = " ".join(_WORDS.findall(bare)) or bare
        return Segment(axis, member, name[:80])


def _key(text: str) -> str:
    """What `Wearables, Home & Accessories` and `WearablesHomeandAccessories` have in common."""
    return re.sub(r"and|s$", "", re.sub(r"[^a-z0-9]", "", text.lower()))


def quote(item: Item) -> str:
    """A figure as its document shows it, with the head of its line in a table or the words around it; in an instance its tag and value."""
    if item.element is None:
        return f"{item.concept.partition(':')[2]} {item.printed}"
    cell = _above(item.element, "td")
    row = _above(item.element, "tr")
    if cell is None or row is None:
        return _in_words(item)
    shown = words(cell)
    if shown.startswith("(") and not shown.endswith(")"):
        shown += ")"  # which stands in a cell of its own
    if len(shown) > _LONGEST:
        return _in_words(item)
    head = next((text for text in (words(one) for one in row) if any(letter.isalpha() for letter in text)), "")
    return f"{head[:120]} {shown}".strip() if head != shown else shown


def _in_words(item: Item) -> str:
    around = _above(item.element, "div", "p", "td")
    text = words(around) if around is not None else item.printed
    own = words(item.element)
    place = text.find(own)
    if place < 0:
        return item.printed
    before, after = text[max(0, place - 60) : place], text[place + len(own) : place + len(own) + 30]
    return f"{before[before.find(' ') + 1 :] if place > 60 else before}{own}{after.rpartition(' ')[0] or after}".strip()


def _above(element: Element, *tags: str) -> Element:
    wanted = {f"{{http://www.w3.org/1999/xhtml}}{tag}" for tag in tags} | set(tags)
    return next((one for one in element.iterancestors() if one.tag in wanted), None)
