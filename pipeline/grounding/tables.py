"""How the lexicons write their tables."""

from __future__ import annotations


def words(text: str) -> list[str]:
    """Words with spaces between them."""
    return text.split()


def phrases(text: str) -> list[str]:
    """Phrases with bars between them."""
    return [" ".join(phrase.split()) for phrase in text.split("|")]


def word_set(text: str) -> frozenset[str]:
    return frozenset(words(text))


def phrase_set(text: str) -> frozenset[str]:
    return frozenset(phrases(text))
