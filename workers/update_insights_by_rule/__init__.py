"""What the observations say about each subject, listed in one sentence with the observations it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from memoryengine.filters import AllOf, Is
from memoryengine.ports import Clock, Reader
from memoryengine.statements.themes import mentions, spoken_in, words_of
from memoryengine.text import clip
from memoryengine.values import Changes, Expiry, Locale, Memory, memory_id
from memoryengine.worker import Memories, worker


@dataclass(frozen=True)
class Updated:
    """New insights, the older ones that they replace, and the mark that observations were reflected on."""

    changes: Changes


@worker("update_insights_by_rule")
@dataclass(frozen=True)
class UpdateInsightsByRule:
    """Write one insight a subject from the observations that speak of it, at least `evidence` of them.

    It lists the newest `most` things said, oldest first, and cites every observation. It replaces the older insight of
    its subject, whose evidence it keeps where that is still valid. All observations are marked as reflected.
    """

    reader: Reader
    locale: Locale
    clock: Clock
    evidence: int = 2
    most: int = 8
    longest: int = 60

    async def run(self, observations: Memories, insights: Memories = (), subjects: tuple[str, ...] = ()) -> Updated:
        """Write; what older insights rest on is read once, and only where one is replaced."""
        changes = Changes(reflected=tuple(m.id for m in observations if not m.reflected))
        held = {insight.subject.casefold(): insight for insight in insights if insight.subject}
        older = await self._evidence([held[s.casefold()] for s in subjects if s.casefold() in held])
        for subject in dict.fromkeys(subjects):
            insight = held.get(subject.casefold())
            kept = [older[id_] for id_ in insight.evidence if id_ in older] if insight else []
            cited = {m.id: m for m in (*kept, *(o for o in observations if mentions(o, subject, self.locale)))}
            if len(cited) >= self.evidence:
                changes += self._written(subject, tuple(cited.values()), insight)
        return Updated(changes)

    async def _evidence(self, insights: Sequence[Memory]) -> dict[str, Memory]:
        """The valid memories that insights rest on, by id."""
        wanted = {id_ for insight in insights for id_ in insight.evidence}
        if not wanted:
            return {}
        where = AllOf(Is("status", "valid"), Is("kind", "observation", "custom"))
        return {m.id: m for m in await self.reader.memories(where) if m.id in wanted}

    def _written(self, subject: str, cited: Memories, older: Memory | None) -> Changes:
        in_order = tuple(sorted(cited, key=lambda m: (m.said_at, m.recorded_at)))
        content, evidence = self._content(subject, in_order), tuple(m.id for m in in_order)
        if older and content == older.content and set(evidence) == set(older.evidence):
            return Changes()
        recorded_at = self.clock.now()
        insight = Memory(
            id=memory_id("insight", content, evidence, recorded_at),
            kind="insight",
            content=content,
            said_at=in_order[-1].said_at,
            recorded_at=recorded_at,
            evidence=evidence,
            subject=subject,
        )
        return Changes(memories=(insight,), expired=(Expiry(older.id, "updated", insight.id),) if older else ())

    def _content(self, subject: str, cited: Memories) -> str:
        said = dict.fromkeys(clip(w, self.longest) for m in cited for w in words_of(m, subject, self.locale) if w)
        items = list(said)[-self.most :]
        if spoken_in(cited) == "zh":
            return f"{self.locale.human('zh')}常提到{subject}：{'、'.join(items)}。"
        human = self.locale.human("en")
        return f"{human[:1].upper()}{human[1:]} often talks about {subject}: {', '.join(items)}."
