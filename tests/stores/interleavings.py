"""Runs processes against a `FakeServer` in every order that their requests can be done in, with faults between them.

A **schedule** says which step of which request is done next, and where a process dies or a request is sent twice. All
of them are gone through, depth first; each is run from the start, as coroutines cannot be copied. A schedule is cut
off at a state that another one came through, which loses nothing: what happens from there depends on the state alone.
That state is the server's documents, what is under way, the answers that each process got (processes compute nothing
else from anything else: no clock, no chance), and what is left of the allowed faults and switches.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from .fake_server import Request, Step, print_of
from .quiet_loop import QuietLoop

Key = tuple[Any, ...]


@dataclass(eq=False)
class Part:
    """The part of a request that one index does, in steps; it waits for its turn."""

    process: str
    number: int
    request: Request
    steps: Sequence[Step | Sequence[Step]]
    answer: asyncio.Future[list[Any]] | None
    done: list[Any] = field(default_factory=list)

    @property
    def ways(self) -> int:
        """In how many ways its next step can be done."""
        step = self.steps[len(self.done)]
        return 1 if callable(step) else len(step)

    @property
    def place(self) -> tuple[str, int, int, bool]:
        """What it is and how far it got, as something to compare."""
        return self.process, self.number, len(self.done), self.answer is None


@dataclass(frozen=True, slots=True)
class Move:
    """One choice: to do a step of a part, or to let a process die, or to do a part twice.

    A part is done twice when its answer was lost and it is sent again, at any time later: either the process hears the
    answer to the first (`repeats later`) or only that to the second (`hears nothing`).

    `key` tells it from all other moves, in whatever state.
    """

    kind: str
    process: str
    part: Part | None = None
    way: int = 0
    key: Key = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", (self.kind, self.process, self.way, self.part and self.part.place))

    def crosses(self, other: Move) -> bool:
        """Whether the order of the two may matter, if they change no calls: both at one place, and one writes."""
        if self.process == other.process:
            return True
        one, two = self.part, other.part
        return bool(one and two and one.request.crosses(two.request))

    def __str__(self) -> str:
        part = f" {self.part.number}: {self.part.request.kind} {self.part.request.place}" if self.part else ""
        return f"{self.process}{part}" if self.kind == "step" else f"{self.process} {self.kind}{part}"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What may happen in one schedule: how many faults, to whom, how many preemptions, how many reads of the copy."""

    faults: int = 0
    mortal: tuple[str, ...] = ()
    echoes: tuple[str, ...] = ()
    preemptions: int | None = None
    stale: int = 0


@dataclass
class Process:
    """One process on its way; `heard` is a sum over all that it learned, in which the order does not matter."""

    task: asyncio.Task[Any]
    parts: int = 0
    heard: int = 0
    dead: bool = False


class World(Protocol):
    """The state besides the processes."""

    def print_(self) -> int:
        """A number that stands for it."""
        ...

    def told(self, answers: Sequence[Any]) -> str:
        """Answers as text that is the same in every run."""
        ...


class Schedule:
    """One execution: processes, and what of their requests waits to be done. It is the `Turns` of a `FakeServer`."""

    def __init__(self, world: World, bounds: Bounds) -> None:
        self.loop = QuietLoop()  # type: ignore[abstract]  # tasks need no more of a loop
        self.world, self.bounds = world, bounds
        self.processes: dict[str, Process] = {}
        self.waiting: list[Part] = []
        self.taken: list[Move] = []
        self.faults, self.preemptions, self.stale, self.last = bounds.faults, bounds.preemptions, bounds.stale, ""

    @property
    def turned(self) -> int:
        """A count that grows when a process dies; a child also counts what else others can take note of."""
        return sum(process.dead for process in self.processes.values())

    @contextmanager
    def _inside(self) -> Iterator[None]:
        asyncio._set_running_loop(self.loop)
        try:
            yield
        finally:
            asyncio._set_running_loop(None)

    def start(self, name: str, program: Coroutine[Any, Any, Any]) -> None:
        with self._inside():
            self.processes[name] = Process(self.loop.create_task(program))

    def turns(self, name: str) -> Turn:
        """The turns of one process."""
        return Turn(self, name)

    def learn(self, name: str, what: object) -> None:
        """Note what a process knows now and did not before; nothing in it may be unordered."""
        process = self.processes[name]
        process.heard = (process.heard + print_of(what)) & 0xFFFF_FFFF_FFFF_FFFF

    def moves(self) -> list[Move]:
        """All that can happen next; first of all that the process goes on which went last."""
        parts = sorted(self.waiting, key=lambda part: (part.process != self.last, part.process, part.number))
        blocked = self.preemptions == 0 and any(part.process == self.last for part in parts)
        steps = [
            Move("step", part.process, part, way)
            for part in parts
            if not blocked or part.process == self.last
            for way in range(part.ways if self.stale else 1)
        ]
        if not self.faults:
            return steps
        alive = dict.fromkeys(part.process for part in parts if part.answer is not None)
        deaths = [Move("dies", name) for name in alive if name in self.bounds.mortal]
        fresh = [part for part in parts if part.request.kind == "bulk" and not part.done and part.answer is not None]
        echoes = [
            Move(kind, part.process, part)
            for part in fresh
            if part.process in self.bounds.echoes
            for kind in ("repeats later", "hears nothing")
        ]
        return [*steps, *deaths, *echoes]

    def take(self, move: Move) -> None:
        """Let it happen, and then everything that follows without a request."""
        self.taken.append(move)
        with self._inside():
            match move:
                case Move("dies"):
                    self.faults -= 1
                    self._die(move.process)
                case Move("repeats later", _, Part() as part):
                    self.faults -= 1
                    self.waiting.append(Part(part.process, part.number, part.request, part.steps, None))
                    self._step(part, 0)
                case Move("hears nothing", _, Part() as part):
                    self.faults -= 1
                    lost = Part(part.process, part.number, part.request, part.steps, None)
                    for _ in part.steps:
                        self._step(lost, 0)
                case Move("step", name, Part() as part):
                    if self.preemptions and self.last not in ("", name) and self._can_go(self.last):
                        self.preemptions -= 1
                    self.stale -= move.way > 0
                    self.last = name
                    self._step(part, move.way)
        self.settle()

    def settle(self) -> None:
        """Run everything up to the next requests; an unexpected error of a process is raised."""
        self.loop.settle()
        for process in self.processes.values():
            if process.task.done() and not process.task.cancelled() and (error := process.task.exception()):
                raise error

    def _can_go(self, name: str) -> bool:
        return any(part.process == name for part in self.waiting)

    def _step(self, part: Part, way: int) -> None:
        step = part.steps[len(part.done)]
        try:
            part.done.append(step() if callable(step) else step[way]())
        except Exception as error:  # noqa: BLE001  # whatever a server answers is the process' to deal with
            self._over(part)
            if part.answer is not None:
                self.learn(part.process, (part.number, repr(error)))
                part.answer.set_exception(error)
            return
        if len(part.done) == len(part.steps):
            self._over(part)
            if part.answer is not None:
                self.learn(part.process, (part.number, self.world.told(part.done)))
                part.answer.set_result(part.done)

    def _over(self, part: Part) -> None:
        if part in self.waiting:
            self.waiting.remove(part)

    def _die(self, name: str) -> None:
        """What the server has begun it ends; what it has not got is lost."""
        process = self.processes[name]
        process.dead = True
        process.task.cancel()
        self.waiting = [part for part in self.waiting if part.process != name or part.done]
        for part in self.waiting:
            if part.process == name:
                part.answer = None

    def print_(self) -> int:
        """A number that stands for everything that can still matter."""
        processes = tuple((name, one.heard, one.dead) for name, one in self.processes.items())
        under_way = sorted(part.place for part in self.waiting)
        bounds = self.faults, self.stale, self.preemptions, self.last if self.preemptions is not None else ""
        return print_of(self.world.print_(), processes, under_way, bounds)

    def end(self) -> None:
        """Leave nothing behind."""
        for process in self.processes.values():
            process.task.cancel()
        self.loop.settle()


@dataclass
class Turn:
    """The turns of one process; see `fake_server.Turns`."""

    schedule: Schedule
    name: str

    async def part(self, request: Request, steps: Sequence[Step | Sequence[Step]]) -> list[Any]:
        process = self.schedule.processes[self.name]
        process.parts += 1
        part = Part(self.name, process.parts, request, steps, self.schedule.loop.create_future())
        self.schedule.waiting.append(part)
        assert part.answer is not None
        return await part.answer


@dataclass(frozen=True, slots=True)
class Edge:
    """What a move led to, and whether a call began or ended, or a process."""

    state: int
    turning: bool


@dataclass
class Explored:
    """What was gone through: executions, the ends that were checked, and the states with what leads where."""

    runs: int = 0
    ends: int = 0
    graph: dict[int, dict[Key, Edge]] = field(default_factory=dict)

    @property
    def states(self) -> int:
        return len(self.graph)

    @property
    def schedules(self) -> int:
        """How many ways lead from the first state to an end: the schedules that the executions stand for."""
        counts: dict[int, int] = {}
        root = next(iter(self.graph))
        todo = [root]
        while todo:
            after = [edge.state for edge in self.graph[todo[-1]].values()]
            open_ = [state for state in after if state not in counts]
            if open_:
                todo += open_
            else:
                counts[todo.pop()] = sum(counts[state] for state in after) or 1
        return counts[root]

    def known(self, before: int, first: Move, then: Move) -> Edge | None:
        """Where two moves lead if that is known from their other order, and the order does not matter."""
        edges = self.graph[before]
        other = edges.get(then.key)
        if other is None or first.crosses(then) or (other.turning and edges[first.key].turning):
            return None
        end = self.graph[other.state].get(first.key)
        return end and Edge(end.state, other.turning)


class Wrong(AssertionError):
    """A schedule that ends in a state which must not be."""


class Plan(Protocol):
    """What is to be run: makes one execution, and checks it."""

    def begin(self) -> Schedule:
        """A new execution, in which nothing was done yet."""
        ...

    def check(self, schedule: Schedule) -> None:
        """Raise `AssertionError` if an execution came into a state that must not be, whether or not it has ended."""
        ...


def explore(plan: Plan, most: int = 100_000) -> Explored:
    """Go through every schedule of a plan; raises `Wrong`, with the schedule, for the first that is not right."""
    found = Explored()
    todo: list[tuple[int, ...]] = [()]
    while todo:
        assert found.runs < most, f"more than {most} executions: the plan is too large"
        found.runs += 1
        schedule = plan.begin()
        try:
            _follow(plan, schedule, todo.pop(), found, todo)
        except Exception as error:
            raise Wrong("\n  ".join([f"{type(error).__name__}: {error}", *map(str, schedule.taken)])) from error
        finally:
            schedule.end()
    return found


def _follow(
    plan: Plan, schedule: Schedule, choices: tuple[int, ...], found: Explored, todo: list[tuple[int, ...]]
) -> None:
    """Take these choices, then the first at every fork until a state is known, and note the others."""
    schedule.settle()
    for choice in choices[:-1]:
        schedule.take(schedule.moves()[choice])
    before, state = 0, schedule.print_()
    while True:
        if choices:
            move, turned = schedule.moves()[choices[-1]], schedule.turned
            schedule.take(move)
            before, state = state, schedule.print_()
            found.graph[before][move.key] = Edge(state, schedule.turned != turned)
        if state in found.graph:
            return
        plan.check(schedule)
        moves = schedule.moves()
        found.ends += not moves
        found.graph[state] = {}
        if choices and schedule.bounds.preemptions is None:
            found.graph[state] = {then.key: edge for then in moves if (edge := found.known(before, move, then))}
        open_ = [number for number, then in enumerate(moves) if then.key not in found.graph[state]]
        if not open_:
            return
        todo += [(*choices, other) for other in reversed(open_[1:])]
        choices = (*choices, open_[0])
