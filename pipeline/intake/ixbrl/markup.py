"""A filing's markup, parsed as hostile data: no entity is expanded, nothing is fetched, and sizes are bounded."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from pipeline.errors import InputError
from pipeline.intake.document import Document

INLINE = ("http://www.xbrl.org/2013/inlineXBRL", "http://www.xbrl.org/2008/inlineXBRL")
INSTANCE = "http://www.xbrl.org/2003/instance"
DIMENSIONS = "http://xbrl.org/2006/xbrldi"

MAX_ELEMENTS = 2_000_000
"""Ten times as many as the longest annual reports of banks have."""

_NAMESPACES = (INSTANCE.encode(), *(namespace.encode() for namespace in INLINE))
_FAMILIES = (
    (re.compile(r"https?://fasb\.org/us-gaap/"), "us-gaap"),
    (re.compile(r"https?://fasb\.org/srt/"), "srt"),
    (re.compile(r"https?://xbrl\.sec\.gov/dei/"), "dei"),
    (re.compile(r"https?://xbrl\.sec\.gov/country/"), "country"),
    (re.compile(r"https?://xbrl\.ifrs\.org/taxonomy/[^/]+/ifrs-full"), "ifrs-full"),
)

Element = Any
"""An lxml element; lxml has no types of its own."""


def parse(document: Document) -> Element:
    """The root element. Raises InputError for what is not well-formed, declares entities, is too large, or holds no XBRL."""
    if not any(namespace in document.content for namespace in _NAMESPACES):
        message = (
            "holds no XBRL: expected inline XBRL (.htm) or an XBRL instance (.xml); for a release use `afterprint ingest press-release`"
        )
        raise document.refused(message)
    entities = document.refused("declares entities of its own, which no filing does: expected inline XBRL or an instance as it was filed")
    if b"<!ENTITY" in document.content:
        raise entities
    # No tree of this size and depth is a filing; libxml2 refuses such on its own as long as huge_tree is off.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False)
    try:
        root = etree.fromstring(document.content, parser)
    except etree.XMLSyntaxError as error:
        raise _malformed(document, error) from None
    except ValueError as error:
        raise document.refused(f"cannot be read as XML: {error}") from None
    dtd = root.getroottree().docinfo.internalDTD
    if dtd is not None and any(True for _ in dtd.iterentities()):
        raise entities
    if sum(1 for _ in root.iter()) > MAX_ELEMENTS:
        raise document.refused(f"has more than {MAX_ELEMENTS:,} elements: expected a filing")
    return root


def _malformed(document: Document, error: Any) -> InputError:
    reason = str(error.msg or error).split(", line ")[0]
    message = f"is not well-formed XML ({reason}): it may be cut short; expected the filing as the company filed it, so fetch it again"
    return document.refused(message, line=error.lineno or None)


def namespace(element: Element) -> str:
    """The namespace of an element; empty for comments and the like."""
    tag = element.tag
    return tag[1:].partition("}")[0] if isinstance(tag, str) and tag.startswith("{") else ""


def local(element: Element) -> str:
    """The name of an element without its namespace; empty for comments and the like."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def family(uri: str, prefix: str) -> str:
    """The name by which a taxonomy is known whatever its year and whatever prefix a document gives it."""
    return next((known for pattern, known in _FAMILIES if pattern.match(uri)), prefix)


def qualified(element: Element, name: str) -> str:
    """A QName that stands in a document (`gaap:Assets`), with the family's own prefix (`us-gaap:Assets`)."""
    prefix, _, rest = name.strip().rpartition(":")
    return f"{family(element.nsmap.get(prefix or None, ''), prefix)}:{rest}"


def words(element: Element) -> str:
    """All the text within an element, on one line."""
    return " ".join("".join(element.itertext("*")).split())
