"""The page of memories that a person reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from memoryengine.text import language
from memoryengine.times import stamp
from memoryengine.values import Language, Locale, Memory
from memoryengine.worker import Memories, worker

HEADINGS: Mapping[str, Mapping[Language, str]] = {
    "insight": {"en": "Insights", "zh": "洞察"},
    "custom": {"en": "Told by hand", "zh": "手动添加"},
    "observation": {"en": "Observations", "zh": "观察"},
    "expired": {"en": "Expired", "zh": "已过期"},
}
EMPTY: Mapping[Language, str] = {"en": "Nothing is remembered yet.", "zh": "还没有记忆。"}
REASONS: Mapping[str, str] = {
    "contradicted": "矛盾", "contained": "被包含", "updated": "已更新", "by hand": "手动"
}  # fmt: skip


@dataclass(frozen=True)
class Printed:
    """The page as text, of several lines."""

    page: str


@worker("print_memories")
@dataclass(frozen=True)
class PrintMemories:
    """Lay memories out for reading: insights, what was told by hand, observations, then what has expired and why.

    Each part has a heading with its number and is in the order of the memories given; an empty part is left out.
    """

    locale: Locale

    async def run(self, memories: Memories) -> Printed:
        """The page; one sentence where nothing is remembered."""
        spoken = self.locale.language or language("\n".join(m.content for m in memories[:100]))
        parts: dict[str, list[Memory]] = {name: [] for name in HEADINGS}
        for memory in memories:
            parts["expired" if memory.status == "expired" else memory.kind].append(memory)
        told = [self._part(name, held, spoken) for name, held in parts.items() if held]
        return Printed("\n\n".join(told) or EMPTY[spoken])

    def _part(self, name: str, memories: Sequence[Memory], spoken: Language) -> str:
        lines = [self._line(number, memory, spoken) for number, memory in enumerate(memories, 1)]
        return "\n".join([f"{HEADINGS[name][spoken]} ({len(memories)})", *lines])

    def _line(self, number: int, memory: Memory, spoken: Language) -> str:
        why = memory.reason or ""
        told = REASONS.get(why, why) if spoken == "zh" else why
        ending = f" ({told})" if memory.status == "expired" and told else ""
        return f"{number:3}. [{stamp(memory.said_at, spoken, self.locale.zone)}] {memory.content}{ending}"
