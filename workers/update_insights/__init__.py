"""What the observations say about each subject, summed up by a model with the observations it rests on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from memoryengine.answers import EXCERPT, Numbering, Row, Schema, Words, ask, json_lines, memory_rows, read_rows
from memoryengine.errors import ModelAnswerError
from memoryengine.ports import ChatModel, Clock, Reader
from memoryengine.prompts import Prompt, fence
from memoryengine.statements.subjects import Group, evidence_of, groups, standing_evidence, subject_key
from memoryengine.text import clip, language, similarity
from memoryengine.values import Changes, Expiry, Locale, Memory, memory_id
from memoryengine.worker import Memories, worker

EVIDENCE = 2
NO_VALUE = frozenset({"", "none", "null", "n/a", "unknown", "无", "没有", "不变", "unchanged"})


@dataclass(frozen=True)
class Updated:
    """New insights, the older ones that they replace, and the mark that observations were reflected on."""

    changes: Changes


@worker("update_insights")
@dataclass(frozen=True)
class UpdateInsights:
    """Sum up each new subject, each known one that the observations touch, and each that is due, in one model call.

    Every insight cites the observations it rests on; one with fewer than two is dropped. A new one replaces the older
    insights of its subject, whose evidence it keeps where that still stands. Due are subjects whose evidence has
    expired, which are summed up anew from what is left of it, and those with two insights, which become one also where
    the model has nothing to add. All observations are marked as reflected, also where nothing came of it.
    """

    chat: ChatModel
    prompt: Prompt
    reader: Reader
    locale: Locale
    clock: Clock
    most_known: int = 5
    newest: int = 100
    longest: int = 500

    async def run(self, observations: Memories, insights: Memories = (), subjects: tuple[str, ...] = ()) -> Updated:
        """Sum up; raises `ModelAnswerError` if the answer cannot be read or cites what was not given."""
        changes = Changes(reflected=tuple(m.id for m in (*observations, *insights) if _is_open(m)))
        fresh = [m for m in observations[-self.newest :] if not m.reflected]
        chosen = self._chosen(subjects, groups(insights), fresh)
        older = [m for group in chosen.values() for m in (*group.valid, *group.fallen)]
        standing = await standing_evidence(self.reader, older)
        shown = self._shown(observations[-self.newest :], chosen, standing)
        rows = await self._ask(shown, chosen) if chosen and shown else {}
        for key, group in chosen.items():
            changes += self._changes(rows.get(key), group, shown, standing)
        return Updated(replace(changes, reflected=tuple(dict.fromkeys(changes.reflected))))

    def _chosen(self, subjects: Sequence[str], held: Mapping[str, Group], fresh: Sequence[Memory]) -> dict[str, Group]:
        """The subjects by key: the new ones, the known ones that fresh observations touch most, and those due."""
        new = {subject_key(name): Group(name) for name in reversed(subjects) if subject_key(name) not in held}
        valid = [key for key, group in held.items() if group.valid]
        touched = sorted(valid, key=lambda key: -max((_touch(held[key], o) for o in fresh), default=0.0))
        known = touched[: self.most_known] if fresh else []
        due = [key for key, group in held.items() if group.due]
        return {**dict(reversed(new.items())), **{key: held[key] for key in dict.fromkeys((*known, *due))}}

    def _shown(
        self, observations: Sequence[Memory], chosen: Mapping[str, Group], standing: Mapping[str, Memory]
    ) -> list[Memory]:
        """What the model sees: the observations, after what is left of the evidence of subjects that are due."""
        due = [m for group in chosen.values() if group.due for m in (*group.valid, *group.fallen)]
        left = evidence_of(due, standing)[-self.newest :]
        return list({m.id: m for m in (*left, *observations)}.values())

    async def _ask(self, shown: Sequence[Memory], chosen: Mapping[str, Group]) -> dict[str, Row]:
        spoken = self.locale.language or language("\n".join(m.content for m in shown))
        turns = self.prompt.turns(
            spoken,
            human=self.locale.human(spoken),
            lines=fence("observations", json_lines(memory_rows(shown, self.locale.zone, spoken))),
            subjects=fence("subjects", json_lines(_subject_row(group) for group in chosen.values())),
        )
        return await ask(self.chat, turns, lambda text: self._read(text, Numbering.of(m.id for m in shown), chosen))

    def _read(self, text: str, numbers: Numbering, chosen: Mapping[str, Group]) -> dict[str, Row]:
        schema: Schema = {
            "subject": Words(100),
            "value": Words(self.longest, optional=True),
            "ids": numbers.some(optional=True),
        }
        rows: dict[str, Row] = {}
        for row in read_rows(text, schema):
            key = subject_key(row["subject"])
            if key not in chosen:
                raise ModelAnswerError("The model's answer names a subject that was not given.", excerpt=text[:EXCERPT])
            if row["value"].casefold().rstrip(".。") not in NO_VALUE:
                rows[key] = row
        return rows

    def _changes(
        self, row: Row | None, group: Group, shown: Sequence[Memory], standing: Mapping[str, Memory]
    ) -> Changes:
        """What becomes of one subject, by the model's row or, where it has none, by what is left of the evidence."""
        kept = evidence_of(group.valid, standing)
        if row is not None:
            cited = [shown[number - 1] for number in row["ids"]]
            both = tuple({m.id: m for m in (*kept, *cited)}.values())
            if len(both) >= EVIDENCE:
                return self._written(group, _worded(self.locale, group.name, row["value"]), both)
        if not group.due or not group.valid:
            return Changes()
        if len(kept) >= EVIDENCE:
            return self._written(group, _together(group.valid), kept)
        by = kept[0].id if kept else ""
        lost = [m for m in group.valid if m.review]
        return Changes(expired=tuple(Expiry(m.id, "contained" if by else "updated", by) for m in lost))

    def _written(self, group: Group, content: str, cited: Memories) -> Changes:
        evidence = tuple(m.id for m in cited)
        if [(m.content, set(m.evidence)) for m in group.valid] == [(content, set(evidence))]:
            return Changes()
        recorded_at = self.clock.now()
        insight = Memory(
            id=memory_id("insight", content, evidence, recorded_at),
            kind="insight",
            content=content,
            said_at=max(m.said_at for m in cited),
            recorded_at=recorded_at,
            evidence=evidence,
            subject=group.name,
        )
        return Changes(
            memories=(insight,),
            expired=tuple(Expiry(older.id, "updated", insight.id) for older in group.valid),
            reflected=tuple(m.id for m in cited if not m.reflected),
        )


def _is_open(memory: Memory) -> bool:
    """Whether a reflection has something to mark: an observation not seen yet, an insight to be looked at."""
    return memory.review if memory.kind == "insight" else not memory.reflected


def _touch(group: Group, observation: Memory) -> float:
    """How near an observation is to the insights on a subject, by the words they share."""
    return max(similarity(insight.content, observation.content) for insight in group.valid)


def _together(insights: Sequence[Memory]) -> str:
    """Several insights on one subject in one text: the first, and of the others what they say of it."""
    first, *others = (m.content for m in insights)
    mark = "；" if language(first) == "zh" else "; "
    values = [re.split(r"[:：]\s*", other, maxsplit=1)[-1] for other in others]
    return mark.join(dict.fromkeys((first, *(value for value in values if value not in first))))


def _subject_row(group: Group) -> dict[str, str]:
    row = {"subject": group.name}
    if group.valid:
        row["known"] = clip("; ".join(insight.content for insight in group.valid), 500)
    return row


def _worded(locale: Locale, subject: str, value: str) -> str:
    """An insight as a sentence of its own: whose, what about, and what."""
    if language(f"{subject} {value}") == "zh":
        return f"{locale.human('zh')}的{subject}：{value}"
    name = locale.human("en")
    return f"{name[:1].upper()}{name[1:]}'s {subject}: {value}"
