"""What was said or happened at a time, for questions that name nothing else; and the period of a sitting."""

from __future__ import annotations

from asyncio import gather
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from memoryengine.asked import Order, TimeAsked, read_time_asked
from memoryengine.filters import AllOf, AnyOf, Between, Filter, Is, Not
from memoryengine.ports import NEWEST_FIRST, OLDEST_FIRST, SEARCHABLE, Clock, Reader, Sort
from memoryengine.times import find_periods, recurrences
from memoryengine.values import PAUSE, Hit, Locale, Memory, Message, Period
from memoryengine.worker import Hits, worker

from .sittings import TICK, find_sittings

Items = tuple[Memory | Message, ...]

DAY = timedelta(days=1)
TOLD_WITHIN = timedelta(days=7)
"""How long before or after a time people are taken to speak of it."""
TOLD_AHEAD = timedelta(days=30)
MOST_TOLD = 200
SHORT = timedelta(days=31)
SEEN: Filter = AllOf(Not(Is("hidden", True)), Is("role", "user", "assistant"))


@dataclass(frozen=True)
class FoundByTime:
    """What was found at the time of a question, and whether that is all it names; its period and its order."""

    found: Hits
    only: bool
    period: Period | None
    order: Order


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What may be found: kinds, speaker, and the messages that are in front of the reader."""

    asked: TimeAsked
    now: datetime
    window: frozenset[str]
    kinds: frozenset[str]
    most: int


@worker("find_by_time")
@dataclass(frozen=True)
class FindByTime:
    """Find what was said or happened at a time, in order, for a question that names a time and nothing else.

    "What did we talk about last Friday?", "in our third conversation" and 上次我们聊了什么 are answered by a filter:
    memories stand for their messages, the oldest come first (the newest for "the last thing"), and each hit has the
    channels `time` and `order`. Where a day holds nothing, one day either side is looked at. `only` then says that no
    search is needed. At most `top_k` are found.

    For any other question `period` is the question's, or that of the sitting that it names ("in the first session, what
    ..."), and `order` is "first" or "last" where it asks for such ("when did I first ..."). What was said in such a
    period of a month at most is found with score 0, for a search by keyword and vector may miss it. A `period` that a
    worker before has found counts before the one read here.
    """

    reader: Reader
    clock: Clock
    locale: Locale
    top_k: int = 100

    async def run(
        self,
        query: str,
        asked_at: datetime | None = None,
        period: Period | None = None,
        window: tuple[str, ...] = (),
        kinds: tuple[str, ...] | None = None,
    ) -> FoundByTime:
        """Read the question and look up its time; messages in `window` are in front of the reader already."""
        now = self.locale.local(asked_at or self.clock.now())
        asked = await self._asked(query, now)
        kept = frozenset(SEARCHABLE if kinds is None else kinds)
        wanted = _Wanted(asked, now, frozenset(window), kept, self.top_k)
        where, period = await self._when(wanted, period or asked.period)
        if not asked.only:
            return FoundByTime(await self._near(wanted, where, period), False, period, asked.order)
        hits = _scored(await self._found(wanted, where, period)) if where and period else ()
        # Nothing said then is an answer; what happened may have been told at any other time.
        return FoundByTime(hits, bool(hits) or asked.about == "said", period, asked.order)

    async def _asked(self, query: str, now: datetime) -> TimeAsked:
        """What is asked; words that may be names are looked up among the speakers."""
        asked = read_time_asked(query, now)
        if asked.only or not asked.names:
            return asked
        known = {self.locale.human_name, self.locale.assistant_name, *await self.reader.speakers()}
        if not all(_called(name, known) for name in asked.names):
            return asked
        named = read_time_asked(query, now, speakers=asked.names)
        return replace(named, names=tuple(found for name in named.names for found in _called(name, known)))

    async def _when(self, wanted: _Wanted, period: Period | None) -> tuple[Filter | None, Period | None]:
        """Which messages were said then, and the period; that of its sittings where the question names some."""
        if wanted.asked.sessions is None:
            return (_said_in(period), period) if period else (None, None)
        where: Filter = Between("said_at", high=wanted.now + TICK)
        where = AllOf(where, _said_in(period)) if period else where
        ends = await find_sittings(self.reader, wanted.asked.sessions, where, await self._running(wanted))
        if ends is None:
            return None, period
        first, last = ends
        found = Period(first.start.astimezone(wanted.now.tzinfo), last.end.astimezone(wanted.now.tzinfo) + TICK)
        return (Is("session", first.session) if first == last and first.session else _said_in(found)), found

    async def _running(self, wanted: _Wanted) -> int:
        """1 where the newest sitting is the one in which the question is asked."""
        if not wanted.window:
            return 0
        said = await self.reader.messages(Between("said_at", high=wanted.now + TICK), order=NEWEST_FIRST, limit=1)
        return int(bool(said) and said[0].id in wanted.window and wanted.now - said[0].said_at < PAUSE)

    async def _found(self, wanted: _Wanted, where: Filter, period: Period) -> Items:
        """What was said or happened at a time; that of a wider one where a day, or a part of it, holds nothing."""
        by = _by(wanted.asked)
        for said, span in ((where, period), *_wider(period, wanted)):
            for speaker in (by, None) if by else (None,):
                items = await self._items(wanted, said, span, speaker)
                if items is not None:
                    return items[: wanted.most]
        return ()

    async def _near(self, wanted: _Wanted, where: Filter | None, period: Period | None) -> Hits:
        """What was said or happens in a short period, with nothing but the channel `time`: a search may miss it."""
        if where is None or period is None or period.recurs or period.end - period.start > SHORT:
            return ()
        said = replace(wanted, asked=TimeAsked(period=period, about="said"))
        items = await self._items(said, where, period, None) or ()
        return tuple(Hit(item, 0.0, {"time": 1.0}) for item in items[: wanted.most])

    async def _items(self, wanted: _Wanted, where: Filter, period: Period, by: Filter | None) -> Items | None:
        """What was said then and what happened then, in this order or the other; None where there is nothing.

        It is empty where all that was said then is in front of the reader.
        """
        order = NEWEST_FIRST if wanted.asked.order == "last" else OLDEST_FIRST
        room = wanted.most + len(wanted.window)
        heard, happened = await gather(
            self.reader.messages(AllOf(SEEN, where, by or AllOf()), order=order, limit=room),
            self._memories(wanted, _happens_in(period), order),
        )
        from_them = Is("sources", *(m.id for m in heard))
        said = await self._memories(wanted, from_them if by else AnyOf(from_them, where), order)
        told = await self._told(wanted, period) if wanted.asked.about == "happened" else ()
        spoken = _in_order((*said, *_standing(wanted, heard, said)), wanted.asked.order)
        events = _in_order((*happened, *_standing(wanted, told, happened)), wanted.asked.order)
        both = (*events, *spoken) if wanted.asked.about == "happened" else (*spoken, *events)
        return tuple({item.id: item for item in both}.values()) if both or heard else None

    async def _memories(self, wanted: _Wanted, where: Filter, order: Sequence[Sort]) -> tuple[Memory, ...]:
        """The valid memories that pass, of the kinds that are wanted; an insight has no time of its own."""
        kinds = wanted.kinds & {"observation", "custom"}
        if not kinds:
            return ()
        of_kind = AllOf(Is("kind", *sorted(kinds)), where)
        return await self.reader.memories(of_kind, order=order, limit=wanted.most, expired=False)

    async def _told(self, wanted: _Wanted, period: Period) -> tuple[Message, ...]:
        """The messages around a time that tell of something that was or is to be then."""
        ahead = period.end > wanted.now
        low = (wanted.now if ahead else period.start) - (TOLD_AHEAD if ahead else TOLD_WITHIN)
        near = AllOf(SEEN, Between("said_at", low, min(period.end + TOLD_WITHIN, wanted.now + TICK)))
        around = await self.reader.messages(near, order=NEWEST_FIRST, limit=MOST_TOLD)
        return tuple(m for m in reversed(around) if any(_inside(p, period) for p in self._periods(m)))

    def _periods(self, message: Message) -> tuple[Period, ...]:
        return find_periods(message.content, self.locale.local(message.said_at))


def _said_in(period: Period) -> Filter:
    return Between("said_at", period.start, period.end)


def _happens_in(period: Period) -> Filter:
    """The memories of something that happens then, once or again and again (but not every day)."""
    once = AllOf(Between("event_start", high=period.end), Between("event_end", low=period.start + TICK))
    if period.end - period.start > SHORT:
        return once
    again = [key for key in recurrences(period) if key != "daily"]
    return AnyOf(once, Is("recurs", *again))


def _called(name: str, speakers: Iterable[str]) -> list[str]:
    """The speakers who are called so: by their whole name, or by one word of it."""
    words = name.lower()
    return sorted(s for s in speakers if s and (s.lower() == words or words in s.lower().split()))


def _by(asked: TimeAsked) -> Filter | None:
    """The speaker whose words are asked for."""
    if asked.by:
        return Is("role", asked.by)
    return Is("speaker", *asked.names) if asked.by_name else None


def _wider(period: Period, wanted: _Wanted) -> list[tuple[Filter, Period]]:
    """The whole day of a part of one, and a day with those before and after it."""
    if wanted.asked.sessions or period.end - period.start > DAY + timedelta(hours=1):
        return []
    zone = wanted.now.tzinfo
    first = datetime.combine(period.start.astimezone(zone).date(), datetime.min.time(), zone)
    day = replace(period, start=first, end=first + DAY)
    around = replace(period, start=first - DAY, end=first + 2 * DAY)
    return [(_said_in(span), span) for span in (day, around) if span != period]


def _standing(wanted: _Wanted, messages: Sequence[Message], memories: Sequence[Memory]) -> list[Message]:
    """The messages that may be shown: those that no memory stands for and that are not in front of the reader."""
    if "message" not in wanted.kinds:
        return []
    covered = {source for memory in memories for source in memory.sources} | wanted.window
    return [message for message in messages if message.id not in covered]


def _in_order(items: Sequence[Memory | Message], order: Order) -> list[Memory | Message]:
    found = sorted(items, key=lambda item: (item.said_at, item.recorded_at, item.id))
    return found[::-1] if order == "last" else found


def _inside(period: Period, other: Period) -> bool:
    return not period.recurs and other.start <= period.start and period.end <= other.end


def _scored(items: Sequence[Memory | Message]) -> Hits:
    """Hits whose score falls with their place, from 1 on; `order` is that place in [0, 1]."""
    places = [1 - place / len(items) for place in range(len(items))]
    return tuple(
        Hit(item, place, {"time": 1.0, "order": place}, {"order": place})
        for item, place in zip(items, places, strict=True)
    )
