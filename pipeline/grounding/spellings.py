"""How prose spells the names of a company's parts: whole, by initials, by half of them, by what a region is called."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from pipeline.grounding.tables import word_set

# Words that say what kind of part a segment is: prose drops them.
_KINDS = (
    " group",
    " segment",
    " business",
    " division",
    " unit",
    " cloud",
    " products",
    " operations",
    " and other",
    " & other",
    " region",
)
_REGIONS = (" North America", " Latin America", " Asia Pacific")
_SMALL = frozenset(("and", "of", "the", "&", "-"))
_PAIRED = (" and ", " & ")


def whole(segment: str, company: str) -> Iterable[str]:
    """`Client Computing Group (CCG)` -> that, "client computing group", "client computing", "ccg".

    `Data Center and AI` -> also "dcai"; `Sales and marketing` -> also "marketing and sales"; `Intel Foundry Services` of
    Intel -> also "foundry services"; `Wearables, Home and Accessories` -> also "wearables".
    """
    yield segment
    plain, bracket, inside = segment.partition(" (")
    if bracket and len(inside) > 2:
        yield plain
        yield inside.rstrip(")")
    for form in _forms(plain, company):
        yield form
        for pair in _PAIRED:
            left, joined, right = form.partition(pair)
            if joined and "," not in form:
                yield f"{right}{pair}{left}"
    words = [word for word in re.split(r"[\s,&/-]+", plain) if word and word.lower() not in _SMALL]
    if len(words) > 1:
        initials = "".join(word if word.isupper() else word[0] for word in words)
        yield initials
        if len(initials) < 4:
            yield initials + "g"
        yield " ".join(word[0] for word in words)
    first, comma, _ = plain.partition(",")
    if comma and len(first) > 5:
        yield first
    if plain.startswith("General and administrative"):
        yield "g a"


def _forms(plain: str, company: str) -> Iterable[str]:
    """The name without the company's own and without the word for what kind of part it is."""
    yield plain
    own = company.split()[0]
    if plain.startswith(own + " "):
        yield plain.removeprefix(own + " ")
    for ending in _KINDS:
        if plain.lower().endswith(ending) and " " in (short := plain[: -len(ending)]):
            yield short
    if plain.endswith(_REGIONS) and len(short := plain.rsplit(" ", 2)[0]) > 4:
        yield short


def short(segment: str) -> Iterable[str]:
    """One word that only a capital tells from others: what is left of "Data cloud", the US of "U.S."."""
    if "." in segment:
        yield segment.replace(".", "")
    for ending in _KINDS:
        if segment.lower().endswith(ending) and " " not in (short := segment[: -len(ending)]):
            yield short


# Words that tell nothing of which part is meant.
_COMMON = word_set(
    """
    and of for the a an in on to by with total other all new old net gross group segment segments business businesses company
    companies division divisions unit units operations operating region regions related corporate effect effects contribution
    definition general income expense expenses costs cost revenue revenues sales services service products product customers
    year quarter half full month guidance midpoint previous prior high low end points share shares rate ratio number
    average adjusted reported annualized before after without from excluding including per
    """
)
# What prose calls a part of the world, or of a bank, by its name in tables.
_ELSEWHERE = ("rest of the world", "rest of world", "other countries", "elsewhere", "other markets")
_ALSO = {
    "latin america": ("latam",),
    "asia pacific": ("apac",),
    "europe, middle east and africa": ("emea",),
    "europe, middle east & africa": ("emea",),
    "united states": ("us", "u.s.", "america", "domestic"),
    "u.s.": ("united states", "america", "domestic"),
    "domestic": ("u.s.", "us", "united states"),
    "other international": _ELSEWHERE,
    "rest of world": ("other international", *_ELSEWHERE),
    "automotive": ("auto", "autos", "car", "cars"),
    "noninterest income": ("fee income", "fees", "non-interest income"),
    "total segments": ("segment", "segments"),
}

_AMERICA = frozenset(("us", "usa", "america", "american", "americas"))


def roots(lows: Sequence[str]) -> frozenset[str]:
    """The first letters of words, so that "bottlers" has the root of "bottling", and America one root whatever it is called."""
    found = {"usa" if low in _AMERICA else low[:5].rstrip("s") for low in lows}
    plain = [low for low in lows if low != "."]
    if any(pair in (("u", "s"), ("united", "states"), ("the", "states")) for pair in pairwise(plain)):
        found.add("usa")
    return frozenset(found)


# Words of a segment's name that show that its figure is a part of a change: "Contribution of acquisitions".
_OF_CHANGE = word_set(
    """
    contribution contributions increase decrease rise raise above below effect effects impact drag headwind headwinds tailwind
    tailwinds gain improvement saving savings extra additional incremental excess over
    """
)
_BETWEEN = frozenset(("on", "from", "against", "versus", "vs", "the", "a", "year", "quarter", "ago"))


def tells_change(segment: str | None) -> bool:
    """Whether a segment's name says that its figure is a part of a change, or of a gap."""
    return segment is not None and not _OF_CHANGE.isdisjoint(segment.lower().split())


def is_change_alone(segment: str) -> bool:
    """Whether a segment's name says nothing but that its figure is a change: "Increase over Q3 2020"."""
    own = [word for word in segment.lower().split() if not any(letter.isdigit() for letter in word)]
    return tells_change(segment) and set(own) <= _OF_CHANGE | _BETWEEN


def parts(segments: Sequence[str], company: str = "") -> Iterator[tuple[str, str]]:
    """(phrase, segment): some words of a name, in a row, that are telling and no other segment has; and other names of it."""
    found: dict[str, set[str]] = defaultdict(set)
    for segment in segments:
        if tells_change(segment):
            continue
        plain = segment.partition(" (")[0].removeprefix(f"{company.partition(' ')[0]} ")
        for phrase in (*_in_a_row(plain), *_ALSO.get(plain.lower(), ()), *_joint_initials(plain)):
            for form in (phrase, phrase[:-1] if phrase.endswith("s") else phrase + "s"):
                found[form.lower()].add(segment)
    for phrase, names in found.items():
        first = [name for name in names if name.lower().startswith(phrase)] if len(names) > 1 else list(names)
        if len(first) == 1:
            yield phrase, first[0]


def _in_a_row(plain: str) -> Iterator[str]:
    words = [word for word in re.split(r"[\s,&/()-]+", plain) if word]
    for first in range(len(words)):
        for last in range(first + 1, len(words) + 1):
            row = words[first:last]
            telling = [word for word in row if word.lower() not in _COMMON and len(word) > 3]
            if telling and {row[0].lower(), row[-1].lower()}.isdisjoint(_SMALL) and len(row) < len(words):
                yield " ".join(row)


def _joint_initials(plain: str) -> Iterator[str]:
    """`Control Products & Solutions` -> "CP S", for "CP&S"; the "&" counts as none in a text."""
    for pair in _PAIRED:
        left, joined, right = plain.partition(pair)
        if joined and "," not in plain:
            yield " ".join("".join(word[0] for word in side.split()) for side in (left, right))
