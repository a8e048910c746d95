"""A model's verdicts on memories, and what follows from them: what is kept, what expires, and what was known."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from .answers import Numbering, Row, Schema, held_to, read_rows
from .errors import ModelAnswerError
from .text import content_terms, terms
from .validity import are_apart, begins, is_later
from .values import Changes, Conflict, Expiry, Memory

CONTRADICTED: Literal["contradicted"] = "contradicted"
CONTAINED: Literal["contained"] = "contained"
# What models call the two relations, and no relation.
WORDS: Mapping[str, str] = {
    **dict.fromkeys((CONTRADICTED, "contradicted by", "contradiction", "contradictory", "contradicts"), CONTRADICTED),
    **dict.fromkeys(("is contradicted", "矛盾", "被矛盾", "相矛盾", "被取代"), CONTRADICTED),
    **dict.fromkeys((CONTAINED, "contained by", "contained in", "is contained", "containment"), CONTAINED),
    **dict.fromkeys(("包含", "被包含", "被包含于", "包含于"), CONTAINED),
    **dict.fromkeys(("", "none", "null", "no", "n/a", "nil", "-", "unrelated", "not related", "no relation"), ""),
    **dict.fromkeys(("无", "没有", "无关", "无关系", "没有关系", "不相关", "无关联"), ""),
}
_NULL = re.compile(r"(?:relation\w*|type|关系|类型)[\s\"'“”’:：]{1,6}(?:null|none)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`memory` is contradicted by or contained in `by`."""

    memory: Memory
    relation: str
    by: Memory


class Relation:
    """One of the two relations, or "" for none; also with its other name in brackets ("contradicted（矛盾）")."""

    def read(self, value: Any) -> str:
        """The relation; raises ValueError."""
        parts = re.split("[()（）]", value.lower().strip(" \t\n\"'“”‘’*`.。")) if isinstance(value, str) else ["?"]
        told = {WORDS.get(part.strip()) for part in parts if part.strip() or len(parts) == 1}
        if len(told) != 1 or None in told:
            raise ValueError(f"one of {CONTRADICTED}, {CONTAINED}")
        return told.pop() or ""


class _AsSaid:
    def read(self, value: Any) -> Any:
        return value[0] if isinstance(value, list) and len(value) == 1 else value


def read_verdicts(text: str, rows: Sequence[Memory]) -> list[Verdict]:
    """The verdicts of an answer about the memories `rows`, as `memory_rows` numbers them; raises `ModelAnswerError`."""
    told = read_relations(text, Numbering.of(memory.id for memory in rows))
    return [Verdict(rows[row["id"] - 1], row["relation"], rows[row["by"] - 1]) for row in told]


def read_relations(text: str, numbers: Numbering, more: Schema | None = None) -> list[Row]:
    """The rows of an answer with `id`, `relation`, `by` and the fields `more`; raises `ModelAnswerError`.

    Rows without a relation are left out: some models go through all memories and say "none" of most.
    """
    schema: Schema = {"id": numbers.one, "relation": Relation(), "by": numbers.one, **(more or {})}
    said = read_rows(text, dict.fromkeys(schema, _AsSaid()))
    # A relation that is null is none; one that was never told makes the answer useless.
    null = len(_NULL.findall(text)) >= sum(row["relation"] is None for row in said)
    told = [{name: value for name, value in row.items() if value is not None} for row in said if _relates(row, null)]
    held = held_to(schema, told, text)
    for row in held:
        if row["id"] == row["by"]:
            raise ModelAnswerError(
                f"The model's answer sets memory {numbers.shown(row['id'])} against itself; name two memories."
            )
    return held


def _relates(row: Row, null: bool) -> bool:
    if row["relation"] is None:
        return not null
    try:
        return bool(Relation().read(row["relation"]))
    except ValueError:
        return True  # it is refused with the others of its row


def settle(verdicts: Iterable[Verdict], new: Sequence[Memory], now: datetime, shown: Sequence[Memory] = ()) -> Changes:
    """The changes that verdicts about new and known memories ask for.

    Of two that contradict each other the later one stays (`validity.is_later`), whichever way the model put it; what it
    replaces expires, also where both are new. In what order the verdicts come changes nothing: of a home, a second and
    a third each ends with the next. What contradicts one contradicts all that say the same, among the new ones and
    those that were `shown`. What is over ("in 2023 I lived in Paris") contradicts nothing that is. A new memory
    contained in a known one only adds its messages to it, unless it tells of an earlier time; a known one contained in
    a new one expires. One that says more than what is named as holding it holds that one, and one with a number of its
    own is contained in nothing. A memory added by hand never expires by a model's word: that the model thinks so is a
    conflict, which is reported, and both stay. Two known ones are left as they are: this run has seen no message about
    them.
    """
    return _Settling(new, now).settle(_of_all_alike(verdicts, {m.id: m for m in (*shown, *new)}.values()))


def _of_all_alike(verdicts: Iterable[Verdict], memories: Iterable[Memory]) -> list[Verdict]:
    alike: dict[tuple[str, ...], list[Memory]] = {}
    for memory in memories:
        alike.setdefault(terms(memory.content), []).append(memory)
    return [
        Verdict(one, told.relation, other)
        for told in verdicts
        for one in _twins(told.memory, alike, told.relation)
        for other in _twins(told.by, alike, told.relation)
        if one.id != other.id
    ]


def _twins(memory: Memory, alike: Mapping[tuple[str, ...], list[Memory]], relation: str) -> list[Memory]:
    held = alike.get(terms(memory.content), []) if relation == CONTRADICTED else []
    return [memory, *(one for one in held if one.id != memory.id)]


class _Settling:
    def __init__(self, new: Sequence[Memory], now: datetime) -> None:
        self.now = now
        self.new = {memory.id: memory for memory in new}
        self.place = {memory.id: place for place, memory in enumerate(new)}
        self.taken_in: dict[str, Memory] = {}
        self.expired: dict[str, Expiry] = {}
        self.known: dict[str, tuple[str, ...]] = {}
        self.conflicts: dict[Conflict, None] = {}

    def settle(self, verdicts: Sequence[Verdict]) -> Changes:
        """Containment first, so that a contradiction speaks of memories that are kept; and the oldest end first."""
        told = [verdict for verdict in verdicts if self._concerns(verdict)]
        denied = [frozenset((v.memory.id, v.by.id)) for v in told if v.relation == CONTRADICTED]
        for verdict in told:
            if verdict.relation == CONTAINED and frozenset((verdict.memory.id, verdict.by.id)) not in denied:
                self._contain(*_by_what_they_say(verdict.memory, verdict.by))
        for verdict in sorted(told, key=lambda v: sorted((begins(v.memory), begins(v.by)))):
            if verdict.relation == CONTRADICTED:
                self._contradict(verdict.memory, verdict.by)
        kept = [memory for id_, memory in self.new.items() if id_ not in self.taken_in or id_ in self.expired]
        return Changes(
            memories=tuple(self._born(memory) for memory in kept),
            expired=tuple(e for id_, e in self.expired.items() if id_ not in self.new),
            conflicts=tuple(c for c in self.conflicts if not self._gone(c.memory) and not self._gone(c.by)),
            known=tuple(self.known.items()),
        )

    def _concerns(self, verdict: Verdict) -> bool:
        return verdict.memory.id in self.new or verdict.by.id in self.new

    def _contain(self, poor: Memory, rich: Memory) -> None:
        rich = self._standing(rich)
        if self._gone(poor.id) or self._gone(rich.id) or poor.id == rich.id or _numbers(poor) - _numbers(rich):
            return
        if poor.id not in self.new:
            if poor.kind != "custom":
                self._expire_contained(poor, rich)
        elif rich.id not in self.new and begins(poor) < begins(rich):
            self._expire_contained(poor, rich)
        else:
            self._merge(self.new[poor.id], rich)

    def _expire_contained(self, poor: Memory, rich: Memory) -> None:
        self.expired[poor.id] = Expiry(poor.id, CONTAINED, rich.id)
        self.taken_in[poor.id] = rich

    def _merge(self, poor: Memory, rich: Memory) -> None:
        """The messages of a memory that is not kept go over to the one that holds it."""
        self.taken_in[poor.id] = rich
        if rich.id in self.new:
            held = self.new[rich.id]
            self.new[rich.id] = replace(held, sources=_union(held.sources, poor.sources))
        else:
            self.known[rich.id] = _union(self.known.get(rich.id, ()), poor.sources)

    def _contradict(self, one: Memory, other: Memory) -> None:
        one, other = self._standing(one), self._standing(other)
        if one.id == other.id or are_apart(one, other):
            return
        old, young = (one, other) if self._is_later(other, one) else (other, one)
        if self._gone(old.id) or young.id in self.expired:
            return
        if old.kind == "custom":
            self.conflicts[Conflict(old.id, young.id)] = None
        else:
            self.expired[old.id] = Expiry(old.id, CONTRADICTED, young.id)

    def _standing(self, memory: Memory) -> Memory:
        """The memory, or the one that took it in."""
        while memory.id in self.taken_in:
            memory = self.taken_in[memory.id]
        return self.new.get(memory.id, memory)

    def _gone(self, id_: str) -> bool:
        return id_ in self.taken_in or id_ in self.expired

    def _is_later(self, one: Memory, other: Memory) -> bool:
        """Whether `one` stands against `other`; of two recorded at one moment, the one that comes further on."""
        if is_later(one, other) or is_later(other, one):
            return is_later(one, other)
        return self.place.get(one.id, -1) > self.place.get(other.id, -1)

    def _born(self, memory: Memory) -> Memory:
        """A new memory, expired already where another new one contradicts it."""
        expiry = self.expired.get(memory.id)
        if expiry is None:
            return memory
        return replace(
            memory,
            status="expired",
            reason=expiry.reason,
            superseded_by=expiry.superseded_by,
            retired_at=self.now,
        )


def _by_what_they_say(poor: Memory, rich: Memory) -> tuple[Memory, Memory]:
    """The poorer and the richer one: a model that names them the wrong way round must not lose the richer."""
    less, more = set(content_terms(poor.content)), set(content_terms(rich.content))
    return (rich, poor) if more < less else (poor, rich)


def _numbers(memory: Memory) -> set[str]:
    return {term for term in content_terms(memory.content) if any(map(str.isdigit, term))}


def _union(first: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *more)))
