"""Two memories side by side: the same again, contained, contradicted, or neither."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from memoryengine.text import content_terms, language
from memoryengine.validity import are_apart
from memoryengine.values import Language, Memory

from .claims import HUMAN, Claim, bare, contradicts, is_one_of_several

LONGEST = 600
Verdict = Literal["contained", "contradicted", "known"]
_NEGATION = re.compile(
    r"\b(?:not|no longer|never|no|without|stopped|quit|used to|isn't|doesn't|don't|can't|cannot|won't|hasn't|haven't|"
    r"didn't)\b|[不没戒]|(?<!特)别|以前|曾经",
    re.IGNORECASE,
)
_CHANGE = re.compile(
    r"\b(?:moved|relocated|now|no longer|any ?more|changed|became|switched|joined|quit|stopped|retired|new)\b|"
    r"[搬换改]|现在|不再|跳槽|转行|辞职|离职|戒",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Read:
    """A memory with what it claims; `keys` are what a memory that bears on it shares with it."""

    memory: Memory
    claims: tuple[Claim, ...]
    terms: frozenset[str]
    keys: tuple[str, ...]
    holder: str
    negated: bool
    language: Language
    changes: bool

    @classmethod
    def of(cls, memory: Memory, names: frozenset[str]) -> Read:
        """Read the first 600 characters of a memory, in which the person is called by one of `names`."""
        text = called(bare(memory.content[:LONGEST]), names)
        spoken = language(text.replace(HUMAN, " "))
        held = _claims(text, spoken)
        words = frozenset(content_terms(text))
        keys = (*sorted(words), *(f"{c.holder}\x1f{c.name}" for c in held if c.family == "attribute"))
        holder = held[0].holder if held else _leading(text)
        return cls(memory, held, words, keys, holder, bool(_NEGATION.search(text)), spoken, bool(_CHANGE.search(text)))


def _claims(text: str, spoken: Language) -> tuple[Claim, ...]:
    """What a text claims; the rules are compiled with the first text that needs them, not at the import."""
    if spoken == "zh":
        from . import chinese

        return tuple(chinese.claims(text))
    from . import english

    return tuple(english.claims(text))


def called(text: str, names: frozenset[str]) -> str:
    """The text with the person's name, in whatever case, replaced by "@"."""
    longest_first = sorted((re.escape(name) for name in names if name), key=len, reverse=True)
    return re.sub(rf"(?<![A-Za-z])(?:{'|'.join(longest_first)})(?![A-Za-z])", HUMAN, text, flags=re.IGNORECASE)


def verdict(old: Read, new: Read) -> Verdict | None:
    """What a later memory does to an earlier one.

    "known": the earlier says all of it already. "contained": the later says all of the earlier and more.
    "contradicted": both cannot hold. A value in one language cannot be compared with one in the other (Beijing, 北京),
    so there only the words of a change ("moved", 换成) contradict; so it is with a friend and another friend. What
    somebody says in one breath does not contradict itself, nor does what is over ("in 2023 I lived in Paris") what is.
    """
    if are_apart(old.memory, new.memory):
        return None
    together = bool(old.memory.sources) and old.memory.sources == new.memory.sources
    alike = old.language == new.language and not is_one_of_several(new.holder)
    sure = alike or (new.changes and old.memory.said_at < new.memory.said_at)
    if sure and not together and any(contradicts(one, other) for one in old.claims for other in new.claims):
        return "contradicted"
    if any(_settles(one, other) for one in old.claims for other in new.claims):
        return "contained"
    if not _comparable(old, new):
        return None
    if new.terms <= old.terms:
        return "known"
    return "contained" if old.terms < new.terms and _adds_only(old, new) else None


def _settles(old: Claim, new: Claim) -> bool:
    """Whether a place, job or the like is told after the leaving of the one before, which says less: left, now in."""
    same = (old.holder, old.family, old.name) == (new.holder, new.family, new.name)
    return same and new.family == "attribute" and old.ends and not new.ends


def _comparable(old: Read, new: Read) -> bool:
    """Whether the one may hold the other: the same holder, the same polarity, the same time."""
    if not old.terms or not new.terms or is_one_of_several(new.holder):
        return False
    if old.holder != new.holder or old.negated != new.negated:
        return False
    if {(c.family, c.name) for c in old.claims} != {(c.family, c.name) for c in new.claims}:
        return False
    one, other = old.memory.event, new.memory.event
    return one is None or other is None or (one.start, one.end) == (other.start, other.end)


def _adds_only(old: Read, new: Read) -> bool:
    """Whether the later one keeps the earlier one's words in their order, so that it tells of the same thing."""
    kept = [term for term in content_terms(new.memory.content) if term in old.terms]
    said = [term for term in content_terms(old.memory.content) if term in old.terms]
    return kept[: len(said)] == said


def _leading(text: str) -> str:
    """The words before the verb are unknown; the first word stands for the holder."""
    return text.split(" ", 1)[0].lower().removesuffix("'s") if " " in text else text[:2]
