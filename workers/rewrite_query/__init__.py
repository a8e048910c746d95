"""A question as it would be asked by somebody who had not heard the talk before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from memoryengine.answers import Row, Schema, Words, ask, json_lines, read_rows
from memoryengine.errors import ModelAnswerError
from memoryengine.fallback import best_effort
from memoryengine.ports import NEWEST_FIRST, ChatModel, Reader
from memoryengine.prompts import Prompt, fence
from memoryengine.text import clip, content_terms, language, terms
from memoryengine.times import find_period
from memoryengine.trace import note, warn
from memoryengine.values import Locale
from memoryengine.worker import Messages, worker

UNCHANGED = "The question was searched as it was asked"
LONGEST_ANSWER = 4_000
LONGEST_ASKED = 1_000
LONGEST_QUERY = 300
LONGEST_SHOWN = 500
NEWEST = 200  # the messages of the scope among which those of a window are looked for
ENDS = tuple("?？!！.。")
SOME_DAY = datetime(2024, 5, 15, 12, tzinfo=UTC)  # it matters whether a time is named, not which
KEPT = 0.5


@dataclass(frozen=True)
class Rewritten:
    """The question to search for; where it became several, they follow each other, each with its mark at the end."""

    query: str


@worker("rewrite_query")
@dataclass(frozen=True)
class RewriteQuery:
    """Let a chat model say a question in one to `most` that stand alone; with `most` 0, the default, change nothing.

    The model is shown the question and the last `turns` messages of the chat's window, so that "and where does she
    work?" finds what it is about; a question that asks several things becomes several. One call of at most `seconds`.

    The answer is doubted. At least half of the words of each new question must stand in what was shown, so that nothing
    is made up; and where the new ones lack half of the words of the old one, or a number or the time in it, it follows
    them as it was, so that nothing gets lost. For an answer that cannot be used, or none in time, the question stays
    as it is, and a warning says why. A question of more than 1,000 characters stays without a call.
    """

    reader: Reader
    prompt: Prompt
    locale: Locale
    chat: ChatModel | None = None
    most: int = 0
    turns: int = 6
    seconds: float = 10.0

    async def run(self, query: str, window: tuple[str, ...] = ()) -> Rewritten:
        """Rewrite; `window` are the ids of the messages in front of whoever asks, oldest first."""
        if self.most <= 0 or not query.strip() or len(query) > LONGEST_ASKED:
            return Rewritten(query)
        if self.chat is None:
            warn(f"{UNCHANGED}: the config has no chat model.")
            return Rewritten(query)
        before = await self._before(window)
        asking = self._ask(self.chat, query, before)
        found = await best_effort(asking, self.chat.name, seconds=self.seconds, instead=UNCHANGED)
        if not found:
            return Rewritten(query)
        note("questions in place of one", len(found))
        return Rewritten(" ".join(found))

    async def _before(self, window: tuple[str, ...]) -> Messages:
        """The last messages of the window, in its order."""
        if not window or self.turns <= 0:
            return ()
        newest = {m.id: m for m in await self.reader.messages(order=NEWEST_FIRST, limit=NEWEST)}
        return tuple(newest[id_] for id_ in window[-self.turns :] if id_ in newest)

    async def _ask(self, chat: ChatModel, query: str, before: Messages) -> list[str]:
        spoken = self.locale.language or language(query, default=language(" ".join(m.content for m in before)))
        rows = [{"role": m.role, "text": clip(m.content, LONGEST_SHOWN)} for m in before]
        turns = self.prompt.turns(
            spoken,
            most=str(self.most),
            lines=fence("lines", json_lines(rows)),
            question=fence("question", json_lines([{"text": query}])),
        )
        texts = [query, *(row["text"] for row in rows)]
        return await ask(chat, turns, lambda text: _read(text, texts, self.most), repairs=0)


def _read(text: str, shown: Sequence[str], most: int) -> list[str]:
    """The questions of an answer; raises `ModelAnswerError` unless they are about what was `shown`, question first."""
    if len(text) > LONGEST_ANSWER:
        raise ModelAnswerError(f"The model's answer has {len(text):,} characters, where a few lines were asked for.")
    schema: Schema = {"query": Words(LONGEST_QUERY)}
    rows: list[Row] = read_rows(text, schema)
    found = list(dict.fromkeys(_ended(row["query"]) for row in rows))
    if not found:
        raise ModelAnswerError("The model's answer holds no question.")
    if len(found) > most:
        raise ModelAnswerError(f"The model's answer holds {len(found)} questions, where {most} may be.")
    known = {term for one in shown for term in terms(one)}
    if any(_share(one, known) < KEPT for one in found):
        raise ModelAnswerError("The model's answer is about something else than what it was shown.")
    return found if _keeps(found, shown[0]) else [*found, _ended(shown[0])]


def _keeps(found: Sequence[str], asked: str) -> bool:
    """Whether the new questions hold half of the words of the old one, all its numbers, and a time where it has one."""
    held = {term for one in found for term in terms(one)}
    numbers = {term for term in terms(asked) if term[0].isdigit()}
    timeless = find_period(asked, SOME_DAY) is not None and all(find_period(one, SOME_DAY) is None for one in found)
    return _share(asked, held) >= KEPT and numbers <= held and not timeless


def _share(text: str, among: set[str]) -> float:
    """How many of the words of a text are among others, in [0, 1]; 1 for a text of function words alone."""
    held = set(content_terms(text))
    return len(held & among) / len(held) if held else 1.0


def _ended(query: str) -> str:
    """A question with a mark at its end, so that several in a row can be told apart."""
    return query if query.endswith(ENDS) else query + ("？" if language(query) == "zh" else "?")
