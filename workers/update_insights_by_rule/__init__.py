"""What the observations say about each subject, listed in one sentence with the observations it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from memoryengine.ports import Clock, Reader
from memoryengine.statements.subjects import Group, evidence_of, groups, standing_evidence, subject_key
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

    It lists the newest `most` things said, oldest first, and cites every observation. It replaces the older insights of
    its subject, whose evidence it keeps where that still stands. Insights whose evidence has expired are written anew
    from what is left, and two on one subject become one; where too little is left, the insight expires, contained in
    the one observation that says all of it. All observations are marked as reflected.
    """

    reader: Reader
    locale: Locale
    clock: Clock
    evidence: int = 2
    most: int = 8
    longest: int = 60

    async def run(self, observations: Memories, insights: Memories = (), subjects: tuple[str, ...] = ()) -> Updated:
        """Write; what older insights rest on is read once, and only where one is replaced."""
        held = groups(insights)
        wanted = {subject_key(subject): Group(subject) for subject in reversed(subjects)}
        named = {key: held.get(key, group) for key, group in reversed(wanted.items())}
        named |= {key: group for key, group in held.items() if group.due}
        older = [m for group in named.values() for m in (*group.valid, *group.fallen)]
        standing = await standing_evidence(self.reader, older)
        changes = Changes(reflected=tuple(m.id for m in (*observations, *insights) if _is_open(m)))
        for group in named.values():
            changes += self._changes(group, observations, standing)
        return Updated(replace(changes, reflected=tuple(dict.fromkeys(changes.reflected))))

    def _changes(self, group: Group, observations: Memories, standing: Mapping[str, Memory]) -> Changes:
        """What becomes of one subject."""
        kept = evidence_of((*group.valid, *group.fallen), standing)
        about = (m for m in observations if mentions(m, group.name, self.locale))
        cited = tuple({m.id: m for m in (*kept, *about)}.values())
        if len(cited) >= self.evidence:
            return self._written(group, cited)
        by = cited[0].id if cited else ""
        lost = [m for m in group.valid if m.review]
        return Changes(expired=tuple(Expiry(m.id, "contained" if by else "updated", by) for m in lost))

    def _written(self, group: Group, cited: Memories) -> Changes:
        in_order = tuple(sorted(cited, key=lambda m: (m.said_at, m.recorded_at)))
        content, evidence = self._content(group.name, in_order), tuple(m.id for m in in_order)
        if [(m.content, set(m.evidence)) for m in group.valid] == [(content, set(evidence))]:
            return Changes()
        recorded_at = self.clock.now()
        insight = Memory(
            id=memory_id("insight", content, evidence, recorded_at),
            kind="insight",
            content=content,
            said_at=in_order[-1].said_at,
            recorded_at=recorded_at,
            evidence=evidence,
            subject=group.name,
        )
        return Changes(
            memories=(insight,),
            expired=tuple(Expiry(older.id, "updated", insight.id) for older in group.valid),
            reflected=tuple(m.id for m in in_order if not m.reflected),
        )

    def _content(self, subject: str, cited: Memories) -> str:
        said = dict.fromkeys(clip(w, self.longest) for m in cited for w in words_of(m, subject, self.locale) if w)
        items = list(said)[-self.most :]
        if spoken_in(cited) == "zh":
            return f"{self.locale.human('zh')}常提到{subject}：{'、'.join(items)}。"
        human = self.locale.human("en")
        return f"{human[:1].upper()}{human[1:]} often talks about {subject}: {', '.join(items)}."


def _is_open(memory: Memory) -> bool:
    """Whether a reflection has something to mark: an observation not seen yet, an insight to be looked at."""
    return memory.review if memory.kind == "insight" else not memory.reflected
