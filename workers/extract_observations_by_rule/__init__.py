"""What messages tell about the person, written down in the third person by rules."""

from __future__ import annotations

from dataclasses import dataclass, field

from memoryengine.ports import Clock
from memoryengine.statements import Clause, clauses, introduced
from memoryengine.statements.third_person import third_person
from memoryengine.values import Language, Locale, Memory, Message, memory_id
from memoryengine.worker import Memories, Messages, worker

from .mentions import Mention, mentioned, resolved
from .moments import dated

# What chat programs call the two sides where nobody has a name.
_NO_NAMES_TEXT = """
    user human me person customer client assistant ai bot system 用户 用戶 我 人 助手 助理 机器人 系统
"""
_NO_NAMES = frozenset(_NO_NAMES_TEXT.split())
_END = {"zh": "。", "en": "."}


@dataclass(frozen=True)
class Extracted:
    """New memories, not yet compared with what is known."""

    observations: Memories


@worker("extract_observations_by_rule")
@dataclass(frozen=True)
class ExtractObservationsByRule:
    """Write each durable statement of the person as one observation in the third person.

    A message with a speaker of its own is told under that name, any other under the configured one. Time expressions
    are resolved against the moment of the message in the configured zone; where the wording is relative the date is
    added in brackets. At most `per_message` observations come from one message, the first ones.
    """

    locale: Locale
    clock: Clock
    least: int = 2
    per_message: int = 200

    async def run(self, messages: Messages) -> Extracted:
        """Extract from the person's messages; the assistant's give nothing."""
        known = _Known()
        found: list[Memory] = []
        for message in messages:
            if message.role == "user":
                found += self._from(message, known)
        return Extracted(tuple(found))

    def _from(self, message: Message, known: _Known) -> list[Memory]:
        known.hear(message)
        contents: dict[str, Clause] = {}
        for clause in clauses(message.content, names=frozenset(known.names)):
            if clause.weight < self.least:
                continue
            content = self._content(clause, message, known)
            if content:
                contents.setdefault(content, clause)
            if len(contents) >= self.per_message:
                break
        return [self._memory(content, clause, message) for content, clause in contents.items()]

    def _content(self, clause: Clause, message: Message, known: _Known) -> str:
        """The clause in the third person, without its last mark; "" where its subject stays unknown."""
        text = clause.text
        if clause.why == "pronoun":
            text = resolved(text, clause.language, known.mention) or ""
            if not text:
                return ""
        known.mention = mentioned(text, clause.language, clause.why) or known.mention
        human = self._human(message, clause.language)
        told = third_person(text, human, clause.language).strip()
        return told[:1].upper() + told[1:] if clause.language == "en" and human[:1].islower() else told

    def _human(self, message: Message, language: Language) -> str:
        speaker = message.speaker.strip()
        return self.locale.human(language) if speaker.lower() in _NO_NAMES or not speaker else speaker

    def _memory(self, told: str, clause: Clause, message: Message) -> Memory:
        content, event = dated(told, clause.language, message.said_at, self.locale.zone)
        content += _END[clause.language]
        recorded_at = self.clock.now()
        return Memory(
            id=memory_id("observation", content, (message.id,), recorded_at),
            kind="observation",
            content=content,
            said_at=message.said_at,
            recorded_at=recorded_at,
            event=event,
            sources=(message.id,),
            speaker=message.speaker,
            agent=message.agent,
            session=message.session,
        )


@dataclass
class _Known:
    """What earlier clauses have introduced: names, and whom a pronoun may mean in the session and speaker at hand."""

    names: set[str] = field(default_factory=set)
    mention: Mention | None = None
    _where: tuple[str, str] = ("", "")

    def hear(self, message: Message) -> None:
        """Begin with a message; another speaker or session knows no pronoun from before."""
        if self._where != (message.session, message.speaker):
            self.mention = None
        self._where = (message.session, message.speaker)
        self.names |= introduced(message.content)
