"""Observations that only repeat what the assistant knew already are left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from memoryengine.ports import Reader, Search
from memoryengine.prompts import unfenced
from memoryengine.text import content_terms
from memoryengine.trace import note
from memoryengine.values import KINDS, LANGUAGES, Locale, Memory, Message
from memoryengine.worker import Memories, Messages, worker

_QUESTION = re.compile(r"[?？]\s*$|[吗呢]\s*[。.]?\s*$")
_SENTENCE = re.compile(r"(?<=[。！？!?\n])|(?<=\.)\s")
_CAPITALISED = re.compile(r"(?<![.!?]\s)(?<!^)\b[A-Z][\w'’-]+")
NEAR = 20


@dataclass(frozen=True)
class Heard:
    """What the person said, and not the assistant."""

    observations: Memories


@dataclass(frozen=True, slots=True)
class _Talk:
    """What each side of a talk said, as content words: the person at all, the assistant before and after a message."""

    person: frozenset[str]
    before: frozenset[str]
    after: frozenset[str]
    asks: bool
    answers: bool


@worker("drop_echoes")
@dataclass(frozen=True)
class DropEchoes:
    """Leave out observations whose news came from the assistant, who may have had it from memory or from a prompt.

    A person's message may rest on what stands before it, as "yes" on a question, but not on the answer to it. So an
    observation is left out if words that no line of the person holds came from a later line of the assistant: names or
    numbers, most of its words, or any where the person only asked. It is also left out where such words stand in an
    earlier line of the assistant and the rest is in memory already, be it expired; and where the person said none of it
    and was not asked. One search, only where an earlier line of the assistant has such words.
    """

    reader: Reader
    locale: Locale

    async def run(self, observations: Memories, batch: Messages) -> Heard:
        """Sort them out; each that is left out is told in the trace."""
        if not any(message.role == "assistant" for message in batch):
            return Heard(observations)
        kept, doubted = [], []
        for memory in observations:
            words = self._words(memory.content)
            talk = self._talk(memory, batch)
            if _is_later(memory.content, words, talk) or _is_unasked(words, talk):
                continue
            kept.append(memory)
            if (words - talk.person) & talk.before:
                doubted.append(memory)
        known = await self._known(doubted, batch) if doubted else frozenset[str]()
        heard = tuple(memory for memory in kept if memory.id not in known)
        if len(heard) < len(observations):
            note("left out: only the assistant said it", len(observations) - len(heard))
        return Heard(heard)

    async def _known(self, doubted: Sequence[Memory], batch: Messages) -> frozenset[str]:
        """Those that add nothing to a memory, where the assistant's words are left aside."""
        searches = [Search(memory.content, kinds=KINDS, top_k=NEAR, expired=True) for memory in doubted]
        found = await self.reader.search(*searches)
        known = set()
        for memory, hits in zip(doubted, found, strict=True):
            words, talk = self._words(memory.content), self._talk(memory, batch)
            news = (words & talk.person) | (words & talk.before)
            if any(news <= self._words(hit.item.content) for hit in hits):
                known.add(memory.id)
        return frozenset(known)

    def _words(self, content: str) -> frozenset[str]:
        """The content words of a text, without the person's name, which all observations share."""
        for spoken in LANGUAGES:
            name = self.locale.human(spoken)
            content = re.sub(re.escape(name), " ", content, flags=re.IGNORECASE)
        return frozenset(content_terms(content))

    def _talk(self, memory: Memory, batch: Messages) -> _Talk:
        places = [place for place, message in enumerate(batch) if message.id in memory.sources]
        first, last = (places[0], places[-1]) if places else (0, 0)
        own = [message for message in batch if message.role == "user"]
        cited = [batch[place] for place in places]
        before = [m for m in batch[:last] if m.role == "assistant"]
        later = [m for m in batch[last + 1 :] if m.role == "assistant"]
        speakers = frozenset(word for m in cited for word in content_terms(m.speaker))
        return _Talk(
            person=self._said(own) | speakers,
            before=self._said(before),
            after=self._said(later) - self._said(before),
            asks=bool(cited) and all(_only_asks(m.content) for m in cited),
            answers=first > 0 and batch[first - 1].role == "assistant" and _asks(batch[first - 1].content),
        )

    def _said(self, messages: Iterable[Message]) -> frozenset[str]:
        return self._words("\n".join(unfenced(m.content) for m in messages))


def _is_later(content: str, words: frozenset[str], talk: _Talk) -> bool:
    """Whether the news of an observation came from what the assistant said after the person's words."""
    news = (words - talk.person) & talk.after
    if not news:
        return False
    named = {term for word in _CAPITALISED.findall(content) for term in content_terms(word)}
    telling = any(term in named or any(map(str.isdigit, term)) for term in news)
    return talk.asks or telling or 2 * len(news) > len(words)


def _is_unasked(words: frozenset[str], talk: _Talk) -> bool:
    """Whether the person said nothing of it, and was not asked either."""
    return bool(words & talk.before) and not words & talk.person and not talk.answers


def _asks(text: str) -> bool:
    return any(_QUESTION.search(part) for part in _parts(text))


def _only_asks(text: str) -> bool:
    parts = _parts(text)
    return bool(parts) and all(_QUESTION.search(part) for part in parts)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in _SENTENCE.split(text) if part.strip()]
