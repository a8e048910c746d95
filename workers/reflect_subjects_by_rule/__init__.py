"""What the observations of a person have in common, as subjects for insights, by counting."""

from __future__ import annotations

from dataclasses import dataclass

from memoryengine.statements.subjects import subject_key
from memoryengine.statements.themes import mentions, themes
from memoryengine.statements.topics import topic_named
from memoryengine.values import Locale, Memory
from memoryengine.worker import Memories, worker


@dataclass(frozen=True)
class Reflected:
    """Subjects to write an insight on, the most talked about first."""

    subjects: tuple[str, ...]


@worker("reflect_subjects_by_rule")
@dataclass(frozen=True)
class ReflectSubjectsByRule:
    """Name the topics and words that at least `evidence` observations share, at most `limit` of them.

    A subject that an insight has already comes again when one of the observations is new to it. Of two subjects that
    nearly the same observations speak of (a Jaccard index of `overlap` or more) the first is named alone, of a word and
    its topic the word.
    """

    locale: Locale
    evidence: int = 3
    limit: int = 3
    overlap: float = 0.6

    async def run(self, observations: Memories, insights: Memories = ()) -> Reflected:
        """Count; no model is asked."""
        held = {subject_key(insight.subject): insight for insight in insights if insight.subject}
        again = [i.subject for i in held.values() if any(self._is_new(o, i) for o in observations)]
        found = themes(observations, self.locale)
        shared = (s for s in found if len(found[s]) >= self.evidence)
        ranked = sorted(shared, key=lambda s: (-len(found[s]), topic_named(s) is not None))
        fresh: list[str] = []
        for subject in ranked:
            if subject_key(subject) not in held and not any(self._alike(found[subject], found[s]) for s in fresh):
                fresh.append(subject)
        return Reflected((*again, *fresh[: self.limit]))

    def _is_new(self, observation: Memory, insight: Memory) -> bool:
        return observation.id not in insight.evidence and mentions(observation, insight.subject, self.locale)

    def _alike(self, one: Memories, other: Memories) -> bool:
        a, b = {m.id for m in one}, {m.id for m in other}
        return len(a & b) >= self.overlap * len(a | b)
