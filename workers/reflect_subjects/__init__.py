"""What the observations of a person have in common, as subjects for insights, by a model's proposal."""

from __future__ import annotations

from dataclasses import dataclass

from memoryengine.answers import Numbering, Row, Schema, Words, ask, json_lines, memory_rows, read_rows
from memoryengine.ports import ChatModel
from memoryengine.prompts import Prompt, fence
from memoryengine.statements.subjects import subject_key
from memoryengine.text import language
from memoryengine.values import Locale
from memoryengine.worker import Memories, worker

EVIDENCE = 2


@dataclass(frozen=True)
class Reflected:
    """New subjects, the most telling first."""

    subjects: tuple[str, ...]


@worker("reflect_subjects")
@dataclass(frozen=True)
class ReflectSubjects:
    """Propose at most `most` new subjects that several observations are about; one model call.

    A subject is a short noun ("hobby"). One that an insight has already, and one that fewer than two observations
    speak of, are left out.
    """

    chat: ChatModel
    prompt: Prompt
    locale: Locale
    most: int = 3
    newest: int = 100

    async def run(self, observations: Memories, insights: Memories = ()) -> Reflected:
        """Propose; raises `ModelAnswerError` if the answer cannot be read or cites what was not given."""
        shown = observations[-self.newest :]
        if len(shown) < EVIDENCE:
            return Reflected(())
        spoken = self.locale.language or language("\n".join(m.content for m in shown))
        turns = self.prompt.turns(
            spoken,
            human=self.locale.human(spoken),
            most=str(self.most),
            lines=fence("observations", json_lines(memory_rows(shown, self.locale.zone, spoken))),
            subjects=fence("subjects", json_lines({"subject": m.subject} for m in insights if m.subject)),
        )
        schema: Schema = {"subject": Words(60), "ids": Numbering.of(m.id for m in shown).some()}
        rows = await ask(self.chat, turns, lambda text: read_rows(text, schema))
        return Reflected(self._new(rows, insights))

    def _new(self, rows: list[Row], insights: Memories) -> tuple[str, ...]:
        known = {subject_key(m.subject) for m in insights if m.subject}
        found: dict[str, str] = {}
        for row in rows:
            key = subject_key(row["subject"])
            if key and key not in known and len(row["ids"]) >= EVIDENCE:
                found.setdefault(key, row["subject"])
        return tuple(found.values())[: self.most]
