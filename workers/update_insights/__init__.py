"""What the observations say about each subject, summed up by a model with the observations it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from memoryengine.answers import EXCERPT, Row, Schema, Wholes, Words, ask, json_lines, memory_rows, read_rows
from memoryengine.errors import ModelAnswerError
from memoryengine.filters import AllOf, Is
from memoryengine.ports import ChatModel, Clock, Reader
from memoryengine.prompts import Prompt, fence
from memoryengine.text import clip, language, similarity
from memoryengine.values import Changes, Expiry, Locale, Memory, memory_id
from memoryengine.worker import Memories, worker

EVIDENCE = 2
NO_VALUE = frozenset({"", "none", "null", "n/a", "unknown", "无", "没有", "不变", "unchanged"})


@dataclass(frozen=True)
class Updated:
    """New insights, the older ones that they replace, and the mark that observations were reflected on."""

    changes: Changes


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject to sum up, with its insight if there is one."""

    name: str
    insight: Memory | None = None


@worker("update_insights")
@dataclass(frozen=True)
class UpdateInsights:
    """Sum up each new subject, and each known one that the observations touch, in one model call.

    Every insight cites the observations it rests on; one with fewer than two is dropped. A new one replaces the
    older insight of its subject, whose evidence it keeps where that is still valid. All observations are marked as
    reflected, also where nothing came of it.
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
        marked = Changes(reflected=tuple(m.id for m in observations if not m.reflected))
        shown = observations[-self.newest :]
        chosen = self._chosen(subjects, insights, [m for m in shown if not m.reflected])
        if not chosen or not shown:
            return Updated(marked)
        rows = await self._ask(shown, chosen)
        valid = await self._valid(chosen)
        for row in rows:
            marked += self._change(row, chosen[row["subject"]], shown, valid)
        return Updated(marked)

    def _chosen(self, subjects: Sequence[str], insights: Memories, fresh: Sequence[Memory]) -> dict[str, Subject]:
        """The subjects by their folded name: the new ones, and the known ones that fresh observations touch most."""
        held = {_folded(m.subject): m for m in insights if m.subject}
        new = {_folded(name): Subject(name) for name in subjects if _folded(name) not in held}
        touched = sorted(held.values(), key=lambda m: -max((_touch(m, o) for o in fresh), default=0.0))
        known = [m for m in touched if fresh][: self.most_known]
        return {**new, **{_folded(m.subject): Subject(m.subject, m) for m in known}}

    async def _ask(self, shown: Sequence[Memory], chosen: dict[str, Subject]) -> list[Row]:
        spoken = self.locale.language or language("\n".join(m.content for m in shown))
        turns = self.prompt.turns(
            spoken,
            human=self.locale.human(spoken),
            lines=fence("observations", json_lines(memory_rows(shown, self.locale.zone, spoken))),
            subjects=fence("subjects", json_lines(_subject_row(s) for s in chosen.values())),
        )
        return await ask(self.chat, turns, lambda text: self._read(text, len(shown), chosen))

    def _read(self, text: str, count: int, chosen: dict[str, Subject]) -> list[Row]:
        schema: Schema = {
            "subject": Words(100),
            "value": Words(self.longest, optional=True),
            "ids": Wholes(1, count, optional=True),
        }
        rows: dict[str, Row] = {}
        for row in read_rows(text, schema):
            row["subject"] = _folded(row["subject"])
            if row["subject"] not in chosen:
                raise ModelAnswerError("The model's answer names a subject that was not given.", excerpt=text[:EXCERPT])
            if row["value"].casefold().rstrip(".。") not in NO_VALUE:
                rows[row["subject"]] = row
        return list(rows.values())

    async def _valid(self, chosen: dict[str, Subject]) -> set[str]:
        """The ids of valid memories, asked for only where older evidence may be kept."""
        if not any(subject.insight for subject in chosen.values()):
            return set()
        where = AllOf(Is("status", "valid"), Is("kind", "observation", "custom"))
        return {memory.id for memory in await self.reader.memories(where)}

    def _change(self, row: Row, subject: Subject, shown: Sequence[Memory], valid: set[str]) -> Changes:
        cited = [shown[number - 1] for number in row["ids"]]
        older = subject.insight
        kept = [id_ for id_ in older.evidence if id_ in valid] if older else []
        evidence = tuple(dict.fromkeys((*kept, *(m.id for m in cited))))
        content = _worded(self.locale, subject.name, row["value"])
        if len(evidence) < EVIDENCE or (older and content == older.content and set(evidence) == set(older.evidence)):
            return Changes()
        recorded_at = self.clock.now()
        insight = Memory(
            id=memory_id("insight", content, evidence, recorded_at),
            kind="insight",
            content=content,
            said_at=max([m.said_at for m in cited] + ([older.said_at] if older and kept else [])),
            recorded_at=recorded_at,
            evidence=evidence,
            subject=subject.name,
        )
        gone = (Expiry(older.id, "updated", insight.id),) if older else ()
        return Changes(memories=(insight,), expired=gone)


def _folded(subject: str) -> str:
    return " ".join(subject.split()).casefold()


def _touch(insight: Memory, observation: Memory) -> float:
    """How near an observation is to an insight, by the words they share."""
    return similarity(insight.content, observation.content)


def _subject_row(subject: Subject) -> dict[str, str]:
    row = {"subject": subject.name}
    if subject.insight:
        row["known"] = clip(subject.insight.content, 500)
    return row


def _worded(locale: Locale, subject: str, value: str) -> str:
    """An insight as a sentence of its own: whose, what about, and what."""
    if language(f"{subject} {value}") == "zh":
        return f"{locale.human('zh')}的{subject}：{value}"
    name = locale.human("en")
    return f"{name[:1].upper()}{name[1:]}'s {subject}: {value}"
