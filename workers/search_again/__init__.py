"""A second search, from what the first one found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from memoryengine.hits import with_channel
from memoryengine.ports import SEARCHABLE, Reader, Search
from memoryengine.text import content_terms
from memoryengine.values import Hit, Message
from memoryengine.worker import Hits, worker

HOP = "hop"


@dataclass(frozen=True)
class Found:
    """The hits, and what was found beyond them."""

    hits: Hits


@worker("search_again")
@dataclass(frozen=True)
class SearchAgain:
    """Search by keyword for what the best hits name and the question does not: the second step of a chain.

    "Where does the man who runs work?" finds first who runs, and only his name finds where he works. The channel `hop`
    is the share of the best match, which is the lead itself, that a hit has of the lead's further terms; of a long
    lead only its first `most_terms` count. A lead that is a memory has it too, as it says something whole that nothing
    it leads to should pass; a message, to which others may be the answer, has none. One round trip for all leads, and
    no model.
    """

    reader: Reader
    most_terms: int = 40
    top_k: int = 20

    async def run(
        self,
        query: str,
        hits: Hits,
        *,
        leads: Hits = (),
        window: tuple[str, ...] = (),
        kinds: tuple[str, ...] | None = None,
    ) -> Found:
        """Search from each lead."""
        asked = set(content_terms(query))
        wanted = tuple(kind for kind in SEARCHABLE if kinds is None or kind in kinds)
        further = [[t for t in dict.fromkeys(content_terms(lead.item.content)) if t not in asked] for lead in leads]
        searches = [
            Search("", kinds=wanted, top_k=self.top_k, window=window, words=tuple(words[: self.most_terms]))
            for words in further
            if words
        ]
        found = await self.reader.search(*searches) if searches else ()
        return Found(_joined(hits, found, {lead.item.id for lead in leads if isinstance(lead.item, Message)}))


def _joined(hits: Hits, found: Sequence[Hits], without: set[str]) -> Hits:
    """The hits with the channel, and those that are new."""
    best: dict[str, Hit] = {}
    for hit in (hit for one in found for hit in one if hit.item.id not in without):
        if hit.item.id not in best or hit.score > best[hit.item.id].score:
            best[hit.item.id] = hit
    gains = {id_: hit.channels.get("keyword", 0.0) for id_, hit in best.items()}
    return with_channel(hits, HOP, gains, (hit.item for hit in best.values()))
