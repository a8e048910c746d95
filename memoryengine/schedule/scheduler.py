"""The loop of one process: settle what ended, claim what is due, wait.

Any number of processes may do this on one store. What each has to write goes into one commit against the revision of
the agenda, so each due document is claimed by one of them; whoever comes too late reads again.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from ..agenda import agenda_of, entry_of, moment
from ..engine import Engine
from ..errors import MemoryEngineError, Moved, StoreError
from ..filters import AllOf, Between, Is
from ..leases import LEFT_TO_OTHERS
from ..ports import Document, Patch, Sort, Writes
from ..records import AGENDA
from ..results import Result
from ..values import Scope
from .claims import Claim, Ending, Fields, Outcome, Ran, claim_of, claimed, given_up, settled
from .clocks import bring_back
from .looks import after_failure, after_others, after_run, look_at, nothing_to_do
from .taking_up import take_up
from .waiting import Pause, Told, log_run, logger, wait_for

CLAIM = timedelta(minutes=10)
POLL_SECONDS = 5.0
LEAST_SECONDS = 1.0  # between two questions to the store
GRACE_SECONDS = 20.0
LONGEST_TROUBLE = 60.0
BRINGING_BACK = timedelta(hours=1)
BY_TIME = (Sort("due_at"),)


class Scheduler:
    """Runs what is due in the configured namespace, `limits.jobs_at_once` runs at a time, the longest due first.

    `told` hears of each run. `pause` is how it waits while nothing ends, for `poll` seconds at most and `least` at
    least; `claim` is how long a claim lasts unless renewed, and `chance` gives the numbers in [0, 1) that keep failed
    jobs apart.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        told: Told = log_run,
        pause: Pause = wait_for,
        poll: float = POLL_SECONDS,
        least: float = LEAST_SECONDS,
        claim: timedelta = CLAIM,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._engine, self._told, self._pause, self._poll = engine, told, pause, poll
        self._claim, self._chance, self._least = claim, chance, least
        self._namespace = engine.settings.namespace
        self._agenda = agenda_of(self._namespace)
        self._alarms = {alarm.id: alarm for alarm in engine.agenda.alarms}
        self._mine = Is("job", *self._alarms)
        self._owner = secrets.token_hex(8)
        self._working: dict[str, tuple[Claim, asyncio.Task[Ending], datetime]] = {}
        self._ended: list[Ending] = []
        self._wake = asyncio.Event()
        self._grace: float | None = None
        self._looked: datetime | None = None
        self._passed = False

    @property
    def working(self) -> int:
        """How many runs are under way."""
        return len(self._working)

    def stop(self, seconds: float = GRACE_SECONDS) -> None:
        """Claim nothing more, and let `run` end when what is under way has ended, or after so many seconds.

        What has not ended then is cancelled, and due again at once. A later call with fewer seconds counts.
        """
        self._grace = seconds if self._grace is None else min(self._grace, seconds)
        self._wake.set()

    async def run(self) -> None:
        """Do what is due until `stop`; a store that fails is tried again after pauses that grow."""
        trouble, taken_up = 0, False
        try:
            while self._grace is None:
                wait = self._poll
                try:
                    if not taken_up:
                        await take_up(self._engine.agenda, self._namespace, lambda: self._grace is not None)
                        taken_up = True
                    await self._bring_back()
                    next_at = await self._turn(self._room())
                    wait = self._until(next_at)
                    trouble = 0
                except StoreError as error:
                    trouble += 1
                    wait = min(2.0**trouble, LONGEST_TROUBLE)
                    logger.warning("The agenda cannot be read or written; next try in %g s. %s", wait, error.message)
                await self._rest(wait)
        except asyncio.CancelledError:
            self.stop(0.0)
            raise
        finally:
            await self._finish()

    async def run_due(self, limit: int | None = None) -> int:
        """Do once what is due now, `limit` claims at most; returns how many claims there were.

        Raises `StoreError` if the agenda cannot be read or written.
        """
        count = 0
        try:
            await take_up(self._engine.agenda, self._namespace, lambda: self._grace is not None)
            await self._bring_back()
            now = self._engine.clock.now()
            while self._grace is None:
                left = self._room() if limit is None else min(self._room(), limit - count)
                before = set(self._working)
                await self._turn(left, until=now)
                count += len(self._working.keys() - before)
                if not (self._working or self._ended or self._passed):
                    break
                await self._rest(self._poll)
        finally:
            await self._finish()
        return count

    async def _bring_back(self) -> None:
        """Look at the start, every hour, and when the clock was set back for what a clock that ran ahead put off."""
        now = self._engine.clock.now()
        if self._looked is None or not timedelta(0) <= now - self._looked < BRINGING_BACK:
            longest = timedelta(seconds=self._engine.settings.limits.retry_longest)
            await bring_back(self._engine.agenda, self._namespace, longest)
            self._looked = now

    # --- one turn -----------------------------------------------------------------------------------------------

    def _room(self) -> int:
        return self._engine.settings.limits.jobs_at_once - len(self._working)

    async def _turn(self, room: int, until: datetime | None = None) -> datetime | None:
        """Write what is to be written, and begin what could be claimed; returns when the next document is due.

        Only what is due by `until` is claimed, if that is given. What turns out to need no run before there is anything
        to write is not claimed, so that it costs one commit: each is kept in the agenda's history.
        """
        self._passed = False
        idle: Mapping[str, tuple[Document, Ending]] = {}
        if not self._ended and not self._renewable(self._engine.clock.now()):
            due, next_at = self._split(await self._first(room), room, until)
            if not due:
                return next_at
            idle = await self._needless(due)
        while True:
            revision = await self._engine.store.revision(self._agenda)
            found, next_at = self._split(await self._first(room), room, until)
            # One that was changed since, as by a note of new messages, is claimed.
            passed = {one.id: settled(idle[one.id][1], one) for one in found if idle.get(one.id, (None,))[0] == one}
            due = [document for document in found if document.id not in passed]
            now = self._engine.clock.now()
            ended, renewed = list(self._ended), self._renewable(now)
            held = await self._held([ending.claim.id for ending in ended] + renewed)
            patches = self._patches(now, due, held, ended, renewed) | passed
            try:
                if patches:
                    writes = Writes(
                        patch=tuple(Patch(AGENDA, id_, fields) for id_, fields in patches.items()),
                        entry=entry_of(now, "schedule"),
                    )
                    await self._engine.store.commit(self._agenda, writes, expect=revision)
            except Moved:
                continue
            self._ended = self._ended[len(ended) :]
            for id_ in self._working.keys() & set(renewed):  # others ended meanwhile
                claim, task, _ = self._working[id_]
                self._working[id_] = claim, task, now + self._claim
            for document in due:
                self._begin(claim_of(document, self._alarms[str(document.fields["job"])], now))
            if passed:  # there is room for others at once
                self._passed = True
                self._wake.set()
            return next_at

    async def _needless(self, due: list[Document]) -> Mapping[str, tuple[Document, Ending]]:
        """Those of the due documents that need no run, as a look at their users' messages says, and how they end."""
        looks = await asyncio.gather(*map(self._look, due))
        return {one.id: (one, end) for one, end in zip(due, looks, strict=True) if end is not None}

    async def _look(self, document: Document) -> Ending | None:
        """The end of a due document that needs no run; None where it does, or where that cannot be told here."""
        alarm, now = self._alarms[str(document.fields["job"])], self._engine.clock.now()
        claim = claim_of(document, alarm, now)
        with suppress(Exception):  # the edge of one look: what is wrong with it is met again by its run, and told of
            look = await look_at(self._engine.store, Scope(claim.user, self._namespace), alarm, now)
            return nothing_to_do(claim, look)
        return None

    async def _first(self, room: int) -> tuple[Document, ...]:
        """The documents that are due first, or will be by the next poll; some may be of users who are worked for."""
        if room < 1:
            return ()
        limit = (room + len(self._working)) * len(self._alarms) + 1
        soon = AllOf(self._mine, Between("due_at", None, self._engine.clock.now() + timedelta(seconds=self._poll)))
        page = await self._engine.store.page(self._agenda, AGENDA, soon, order=BY_TIME, limit=limit)
        return page.documents

    def _split(
        self, first: tuple[Document, ...], room: int, until: datetime | None
    ) -> tuple[list[Document], datetime | None]:
        """The documents to claim, one a user, and when the first of the others is due."""
        now = until or self._engine.clock.now()
        busy = {claim.user for claim, _, _ in self._working.values()}
        due: dict[str, Document] = {}
        for document in first:
            user, due_at = str(document.fields["user"]), moment(document, "due_at")
            if due_at is None or user in busy or user in due:
                continue
            if due_at > now or len(due) == room:
                return list(due.values()), due_at
            due[user] = document
        return list(due.values()), None

    async def _held(self, ids: list[str]) -> Mapping[str, Document]:
        """The documents of these claims that are still this scheduler's own."""
        found = await self._engine.store.get(self._agenda, AGENDA, ids) if ids else ()
        return {one.id: one for one in found if one is not None and one.fields.get("owner") == self._owner}

    def _patches(
        self,
        now: datetime,
        due: list[Document],
        held: Mapping[str, Document],
        ended: list[Ending],
        renewed: list[str],
    ) -> dict[str, Fields]:
        until = now + self._claim
        patches: dict[str, Fields] = {document.id: claimed(self._owner, until) for document in due}
        patches |= {id_: claimed(self._owner, until) for id_ in renewed if id_ in held}
        return patches | {e.claim.id: settled(e, held[e.claim.id]) for e in ended if e.claim.id in held}

    def _renewable(self, now: datetime) -> list[str]:
        """The claims under way of which half has passed."""
        return [id_ for id_, (_, _, until) in self._working.items() if until - now < self._claim / 2]

    def _until(self, next_at: datetime | None) -> float:
        """For how many seconds there is nothing to do, as far as is known."""
        if self._ended:
            return 0.0
        seconds = (next_at - self._engine.clock.now()).total_seconds() if next_at is not None else self._poll
        return min(max(seconds, self._least), self._poll)

    async def _rest(self, seconds: float) -> None:
        if not self._ended and self._grace is None:
            await self._pause(seconds, self._wake)
        self._wake.clear()

    # --- the runs -----------------------------------------------------------------------------------------------

    def _begin(self, claim: Claim) -> None:
        task = asyncio.create_task(self._work(claim), name=f"schedule {claim.alarm.id}")
        self._working[claim.id] = claim, task, claim.at + self._claim
        task.add_done_callback(lambda done: self._note_end(claim, done))

    def _note_end(self, claim: Claim, task: asyncio.Task[Ending]) -> None:
        self._working.pop(claim.id, None)
        self._ended.append(given_up(claim) if task.cancelled() else task.result())
        self._wake.set()

    async def _work(self, claim: Claim) -> Ending:
        """Look whether there is something to do, and do it; whatever goes wrong is an end like others."""
        engine, scope = self._engine, Scope(claim.user, self._namespace)
        began = asyncio.get_running_loop().time()
        try:
            look = await look_at(engine.store, scope, claim.alarm, engine.clock.now())
            if (ending := nothing_to_do(claim, look)) is not None:
                return ending
            result = await engine.run(claim.alarm.operation, scope, {}, trigger="schedule")
        except MemoryEngineError as error:
            self._tell(claim, began, "failed", f"{type(error).__name__}: {error.message}")
        except Exception as error:  # noqa: BLE001  # the edge of one run: others must go on
            # Where, but not in what words: they may be somebody's.
            place = "".join(traceback.format_tb(error.__traceback__))
            logger.error("A run of %s ended with an error that nobody foresaw.\n%s", claim.alarm.operation, place)
            self._tell(claim, began, "failed", type(error).__name__)
        else:
            taken = result.stopped.startswith(LEFT_TO_OTHERS)
            self._tell(claim, began, "taken" if taken else "done", "" if taken else _counts(result))
            if taken:
                return after_others(claim, engine.clock.now())
            with suppress(StoreError):  # what comes next cannot be told: as after a failure, it is looked at again
                return await after_run(engine.store, scope, claim, look, engine.clock.now(), self._chance())
        return await after_failure(engine.store, scope, claim, engine.clock.now(), self._chance())

    def _tell(self, claim: Claim, began: float, outcome: Outcome, detail: str) -> None:
        seconds = asyncio.get_running_loop().time() - began
        at = self._engine.clock.now()
        try:
            self._told(Ran(at, claim.alarm.id, claim.alarm.operation, claim.user, outcome, seconds, detail))
        except Exception as error:  # noqa: BLE001  # somebody's code, or a pipe that was closed: the run has ended
            logger.error("A run could not be told of: %s.", type(error).__name__)

    async def _finish(self) -> None:
        """Let what is under way end, or give it up; then settle it."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            while self._working and loop.time() - began < (self._grace or 0.0):
                left = (self._grace or 0.0) - (loop.time() - began)
                self._wake.clear()
                await wait_for(left, self._wake)
        finally:  # a cancellation ends the waiting, and nothing goes on behind it
            await self._give_up()

    async def _give_up(self) -> None:
        """Cancel what is under way, wait for its end, and settle what ended."""
        tasks = [task for _, task, _ in self._working.values()]
        for task in tasks:
            task.cancel()
        try:
            await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            await self._settle()

    async def _settle(self) -> None:
        try:
            if self._ended:
                await self._turn(0)
        except StoreError as error:
            logger.warning("Claims could not be given back, and run out in a while. %s", error.message)


def _counts(result: Result) -> str:
    """What a run did, in numbers."""
    verbs = [action.verb for action in result.actions]
    counts = {"consolidated": result.consolidated} | {verb: verbs.count(verb) for verb in ("new", "expired", "known")}
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count)
