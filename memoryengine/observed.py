"""From a line of an answer to an observation: what every worker that writes observations by a model shares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from .attributes import attributes_of
from .moments import dated, yearly
from .statements.third_person import speaks_of_oneself, third_person
from .text import language, terms
from .values import Language, Locale, Memory, Message, Period, memory_id


def observation(
    told: str, event: Period | None, cited: Sequence[Message], locale: Locale, recorded_at: datetime
) -> Memory:
    """An observation that cites messages: the person's name begins it in upper case, and a relative time has its date.

    One that begins with "I" or 我, as small models write it, is told of the person. It was said when the newest of its
    messages was.
    """
    newest = max(cited, key=lambda m: (m.said_at, m.recorded_at))
    spoken = language(told)
    if speaks_of_oneself(told, spoken):
        told = third_person(told, _name(newest, locale, spoken), spoken)
    if spoken == "en" and told.startswith(locale.human("en")):
        told = told[:1].upper() + told[1:]
    if event is not None:
        event = yearly(told, event, locale.zone)
        told = dated(told, event, spoken, locale.zone)
    sources = tuple(m.id for m in cited)
    return Memory(
        id=memory_id("observation", told, sources, recorded_at),
        kind="observation",
        content=told,
        said_at=newest.said_at,
        recorded_at=recorded_at,
        event=event,
        sources=sources,
        speaker=newest.speaker,
        agent=newest.agent,
        session=newest.session,
    )


def _name(message: Message, locale: Locale, spoken: Language) -> str:
    generic = message.speaker in ("", "user", locale.human("zh"), locale.human("en"))
    return locale.human(spoken) if generic else message.speaker


def each_once(memories: Iterable[Memory]) -> tuple[Memory, ...]:
    """Each content once; a repeated one adds its sources to the first.

    Where another one that speaks of the same attribute was said in between ("I live in Beijing", "I moved to
    Shanghai", "I live in Beijing again") both stay, each for its time.
    """
    told = list(memories)
    found: dict[tuple[str, ...], list[Memory]] = {}
    for memory in told:
        same = found.setdefault(terms(memory.content) or (memory.content,), [])
        place = next((n for n, one in enumerate(same) if not _are_parted(one, memory, told)), None)
        if place is None:
            same.append(memory)
        else:
            same[place] = _joined(same[place], memory)
    return tuple(memory for same in found.values() for memory in same)


def _are_parted(one: Memory, again: Memory, others: Iterable[Memory]) -> bool:
    since, until = sorted((one.said_at, again.said_at))
    return is_parted(again, since, until, others, lambda memory: attributes_of(memory.content))


def is_parted(
    again: Memory,
    since: datetime,
    until: datetime,
    others: Iterable[Memory],
    attributes: Callable[[Memory], frozenset[str]],
) -> bool:
    """Whether between two moments in which `again` was told something else was said of one of its attributes."""
    of, same = attributes(again), terms(again.content)
    between = (m for m in others if since < m.said_at < until and terms(m.content) != same)
    return any(not of.isdisjoint(attributes(m)) for m in between)


def _joined(first: Memory, again: Memory) -> Memory:
    sources = tuple(dict.fromkeys((*first.sources, *again.sources)))
    return replace(
        first,
        id=memory_id(first.kind, first.content, sources, first.recorded_at),
        sources=sources,
        said_at=max(first.said_at, again.said_at),
        event=first.event or again.event,
        subject=first.subject or again.subject,
    )
