"""Whether the configured endpoints answer, and whether what they answer is good enough to remember by."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from time import perf_counter
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo

import yaml

from .errors import MemoryEngineError, ModelAnswerError
from .ports import ChatModel, Embedder, Reranker, Turn
from .ranking import cosine
from .values import LANGUAGES, Language, Memory, Message

Extract = Callable[[Message], Awaitable[tuple[Memory, ...]]]
Verdict = Literal["good", "weak", "failed", "skipped"]
T = TypeVar("T")

GOOD_CASES = 17
WEAK_CASES = 13
UTC = ZoneInfo("UTC")

_SAME = ("My cat sleeps on the sofa.", "The cat is asleep on my couch.", "Interest rates rose by half a percent.")
_ASKED = "What is the name of my dog?"
_RANKED = ("The dog is called Biscuit.", "The train leaves at nine.", "Copper conducts electricity.")


@dataclass(frozen=True, slots=True)
class Case:
    """One message, and what the memories made of it must hold; `day` is the first day of the time it names.

    `said` is local time, without a zone.
    """

    language: Language
    said: datetime
    text: str
    holds: tuple[tuple[str, ...], ...]
    day: str = ""

    def message(self, number: int, zone: ZoneInfo = UTC) -> Message:
        """The case as a message of a person in `zone`."""
        id_, said_at = f"online-check-{self.language}-{number}", self.said.replace(tzinfo=zone)
        return Message(id=id_, role="user", content=self.text, said_at=said_at, recorded_at=said_at)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried: how it went, in a sentence, and how long it took in seconds."""

    name: str
    verdict: Verdict
    text: str
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.name}: {self.verdict}. {self.text}"


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was tried; `str()` ends with a verdict in plain words."""

    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of the findings, those that were skipped aside."""
        verdicts = [finding.verdict for finding in self.findings]
        order: tuple[Verdict, ...] = ("failed", "weak", "good")
        return next((verdict for verdict in order if verdict in verdicts), "skipped")

    @property
    def advice(self) -> str:
        """What the verdict means."""
        return {
            "good": "These endpoints can be used.",
            "weak": "These endpoints work, but memory made with them will have gaps; a stronger model is advised.",
            "failed": "These endpoints cannot be used as they are configured.",
            "skipped": "No endpoint is configured; nothing was tried.",
        }[self.verdict]

    def __str__(self) -> str:
        return "\n".join([*map(str, self.findings), self.advice])


async def check_online(
    chat: ChatModel | None,
    embedder: Embedder | None,
    reranker: Reranker | None,
    extract: Extract | None,
    *,
    zone: ZoneInfo = UTC,
) -> Report:
    """Try each model once, then the extraction of the twenty cases, one message at a time.

    `zone` is the one in which `extract` understands times. An endpoint that fails is a finding, not an exception;
    extraction is not tried without a chat model that answers.
    """
    findings = [
        await _tried("chat", chat, _try_chat),
        await _tried("embedding", embedder, _try_embedder),
        await _tried("rerank", reranker, _try_reranker),
    ]
    usable = extract if findings[0].verdict == "good" else None
    findings.append(await _tried("extraction", usable, partial(_try_extraction, zone=zone)))
    return Report(tuple(findings))


def failing(case: Case, memories: Sequence[Memory], zone: ZoneInfo = UTC) -> str:
    """Why the memories made of a case are wrong, in a sentence; empty where they are right.

    Pure: the same case and memories always get the same answer.
    """
    if not case.holds:
        return f"made {len(memories)} of nothing" if memories else ""
    text = " ".join(memory.content for memory in memories).casefold()
    lacking = [group[0] for group in case.holds if not any(word.casefold() in text for word in group)]
    if lacking:
        return f"lacks {', '.join(lacking)}" if memories else "made none"
    days = [m.event.start.astimezone(zone).date().isoformat() for m in memories if m.event]
    if case.day and case.day not in days:
        return f"has the time {days[0]} for {case.day}" if days else f"has no time for {case.day}"
    return ""


@cache
def online_cases() -> tuple[Case, ...]:
    """The twenty cases: ten Chinese, then ten English."""
    held = yaml.safe_load((Path(__file__).parent / "online_cases.yaml").read_text(encoding="utf-8"))
    return tuple(_case(language, row) for language in LANGUAGES for row in held[language])


def _case(language: Language, row: dict[str, Any]) -> Case:
    holds = tuple(tuple(map(str, group)) for group in row["holds"])
    return Case(language, datetime.fromisoformat(row["said"]), row["text"], holds, row.get("time", ""))


async def _tried(name: str, model: T | None, attempt: Callable[[T], Awaitable[tuple[Verdict, str]]]) -> Finding:
    if model is None:
        return Finding(name, "skipped", "Nothing to try.")
    began = perf_counter()
    try:
        verdict, text = await attempt(model)
    except MemoryEngineError as error:
        verdict, text = "failed", error.message
    return Finding(name, verdict, text, perf_counter() - began)


async def _try_chat(chat: ChatModel) -> tuple[Verdict, str]:
    reply = await chat.chat((Turn("user", "Answer with the one word: ready"),))
    if not reply.text.strip():
        raise ModelAnswerError(f"{chat.name} answered nothing.")
    return "good", f"{chat.name} answers."


async def _try_embedder(embedder: Embedder) -> tuple[Verdict, str]:
    one, same, other = await embedder.embed(_SAME)
    for vector in (one, same, other):
        if len(vector) != embedder.dimensions:
            return "failed", (
                f"{embedder.name} gives vectors of {len(vector)} dimensions, where the config says "
                f"{embedder.dimensions}; correct `dimensions`."
            )
    if cosine(one, same) <= cosine(one, other):
        return "weak", f"{embedder.name} ({embedder.dimensions} dimensions) puts two unlike sentences nearer than like."
    return "good", f"{embedder.name} gives {embedder.dimensions} dimensions."


async def _try_reranker(reranker: Reranker) -> tuple[Verdict, str]:
    scores = await reranker.rerank(_ASKED, _RANKED)
    if len(scores) != len(_RANKED) or not all(0 <= score <= 1 for score in scores):
        return "failed", f"{reranker.name} gives {len(scores)} scores for {len(_RANKED)} texts, or some outside 0 to 1."
    if max(scores) != scores[0]:
        return "weak", f"{reranker.name} does not put the one fitting text first."
    return "good", f"{reranker.name} puts the fitting text first."


async def _try_extraction(extract: Extract, *, zone: ZoneInfo) -> tuple[Verdict, str]:
    told = [await _try_case(extract, case, number, zone) for number, case in enumerate(online_cases(), 1)]
    wrong = [one for one in told if one]
    right = len(online_cases()) - len(wrong)
    verdict: Verdict = "good" if right >= GOOD_CASES else "weak" if right >= WEAK_CASES else "failed"
    return verdict, f"{right} of {len(online_cases())} cases are right." + "".join(f"\n  {one}" for one in wrong)


async def _try_case(extract: Extract, case: Case, number: int, zone: ZoneInfo) -> str:
    try:
        memories = await extract(case.message(number, zone))
    except ModelAnswerError as error:
        return f"case {number} ({case.text}): {error.message}"
    why = failing(case, memories, zone)
    return f"case {number} ({case.text}): {why}" if why else ""
