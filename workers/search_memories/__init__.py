"""Search of memories and messages, by keyword and by vector at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from memoryengine.errors import InputError
from memoryengine.hits import with_channel
from memoryengine.ports import SEARCHABLE, Reader, Search, Searchable
from memoryengine.questions import Question, named_in
from memoryengine.text import content_terms, terms
from memoryengine.worker import Hits, worker

PART, SPEAKER = "part", "speaker"


@dataclass(frozen=True)
class Found:
    """What was found, best first, and the best hit of each part of the question."""

    hits: Hits
    leads: Hits = ()


@worker("search_memories")
@dataclass(frozen=True)
class SearchMemories:
    """Find memories and messages for a question, by keyword and by vector in one round trip.

    Function words are not sought by keyword, unless there is nothing else. The name of somebody who speaks in this
    memory is not sought either: it would find what is said to that person; instead that person's words get the
    channel `speaker`. Each part of a question that asks several things is sought for itself too, and the best of these
    scores is the channel `part`.
    """

    reader: Reader
    kinds: tuple[str, ...] = SEARCHABLE
    top_k: int = 100

    def __post_init__(self) -> None:
        """Refuse kinds that do not exist."""
        _checked(self.kinds)

    async def run(
        self,
        query: str,
        window: tuple[str, ...] = (),
        kinds: tuple[str, ...] | None = None,
        *,
        question: Question | None = None,
        asker: str = "",
        found: Hits = (),
        only: bool = False,
    ) -> Found:
        """Search; messages in `window` are in front of the reader already, and `kinds` narrows the setting.

        `asker` is the name of the speaker who asks, where several do: it is his own words that a question means which
        names nobody. What was `found` before is weighed with the rest; with `only` that is all that was asked for, and
        nothing is sought.
        """
        wanted = tuple(k for k in _checked(self.kinds) if kinds is None or k in _checked(kinds))
        if only or not wanted or not query.strip():
            return Found(())
        named = named_in(query, await self.reader.speakers())
        parts = question.parts if question else ()
        searches = [self._search(_without(one, named), wanted, window) for one in (query, *parts)]
        whole, *others = await self.reader.search(*searches)
        hits = _with_parts(whole, others)
        known = {hit.item.id for hit in hits}
        hits += tuple(hit for hit in found if hit.item.id not in known)
        leads = {one[0].item.id: one[0] for one in others or [whole] if one}
        preferred = named or (asker,)
        spoken = {hit.item.id: 1.0 for hit in hits if hit.item.speaker and hit.item.speaker in preferred}
        return Found(with_channel(hits, SPEAKER, spoken), tuple(leads.values()))

    def _search(self, text: str, kinds: tuple[Searchable, ...], window: tuple[str, ...]) -> Search:
        return Search(text, kinds=kinds, top_k=self.top_k, window=window, words=content_terms(text) or terms(text))


def _without(text: str, names: Sequence[str]) -> str:
    """The text without names; as it is if nothing would be left."""
    left = text
    for name in names:
        word = rf"\b{re.escape(name)}(?:['\u2019]s)?\b" if name.isascii() else re.escape(name)
        left = re.sub(word, " ", left, flags=re.IGNORECASE)
    return left if left.strip(" ?!.,？！。，") else text


def _with_parts(hits: Hits, searches: Sequence[Hits]) -> Hits:
    """The hits with how well they fit the best of the parts, and those that only these found."""
    if not searches:
        return hits
    scores: dict[str, float] = {}
    for found in searches:
        names = {name for hit in found for name in hit.channels} & {"keyword", "vector"}
        for hit in found:
            score = sum(hit.channels.get(name, 0.0) for name in names) / max(1, len(names))
            scores[hit.item.id] = max(scores.get(hit.item.id, 0.0), score)
    return with_channel(hits, PART, scores, (hit.item for found in searches for hit in found))


def _checked(kinds: tuple[str, ...]) -> tuple[Searchable, ...]:
    unknown = sorted(set(kinds) - set(SEARCHABLE))
    if unknown:
        raise InputError(f"There is no kind {unknown[0]!r} to search; there is: {', '.join(SEARCHABLE)}.")
    return tuple(kind for kind in SEARCHABLE if kind in kinds)
