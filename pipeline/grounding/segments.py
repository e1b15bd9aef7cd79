"""Which segment a sentence speaks of, when it does not use the segment's whole name: "the Strip", "fee income", "online"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from pipeline.facts.figures import slug
from pipeline.grounding.models import Mention
from pipeline.grounding.spellings import roots, tells_change

# Words of segments' names that tell nothing: many parts of companies have them.
_COMMON = frozenset(("", "u", "and", "of", "for", "the", "total", "other", "regio", "segme", "group", "compa", "busin", "opera", "corpo"))
# A word that more segments than this have in their names does not tell them apart.
_FEW = 2
_MOST = 0.75


class Segments:
    """The segments of a sheet, by the first letters of their words: "North American beverages" has those of Beverages North America."""

    def __init__(self, slugs: Mapping[str, Collection[str]], company: str) -> None:
        """`slugs` are the segments with their metrics."""
        self._metrics = slugs
        dropped = _COMMON | roots(slug(company).split("_")[:1])
        self._words = {name: (roots(name.split("_")) - dropped) or roots(name.split("_")) for name in slugs}
        uses = Counter(word for words in self._words.values() for word in words)
        self._telling = frozenset(word for word, count in uses.items() if count <= _FEW and len(word) > 2)

    def is_told_of(self, name: str, mention: Mention) -> bool:
        """Whether the words of the sentence, or of the one before, speak of the segment."""
        own = self._words[name]
        said = own & mention.setting.words
        if not said or self._is_closer(name, mention) or self._is_outdone(name, said, mention):
            return False
        if mention.is_segment_certain and mention.segments:
            attached = self._words.get(mention.segments[0], frozenset())
            if attached.isdisjoint(own) or (said <= attached and not own <= said):
                return False
        return len(said) >= _MOST * len(own) or not said.isdisjoint(self._telling)

    def _is_outdone(self, name: str, said: frozenset[str], mention: Mention) -> bool:
        """Whether the sentence has more words of another segment that has the same metrics: "Japan persistency" is not that of the U.S."""
        alike = (
            other
            for other, metrics in self._metrics.items()
            if not set(metrics).isdisjoint(self._metrics[name]) and not tells_change(other.replace("_", " "))
        )
        return any(said < self._words[other] & mention.setting.words for other in alike)

    def _is_closer(self, name: str, mention: Mention) -> bool:
        """Whether a longer name of the same beginning fits better: "adjusted for gasoline, ... Canada" is not plain Canada."""
        own, said = self._words[name], mention.setting.words
        longer = (words - own for other, words in self._words.items() if other != name and own < words)
        return any(len(more & said) >= _MOST * len(more) for more in longer)
