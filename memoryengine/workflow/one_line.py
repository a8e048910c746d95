"""The one-line form of steps: `a,[b|c,d],e` means a, then the branches b and c,d at the same time, then e."""

from __future__ import annotations

import re

from ..errors import Problem
from ..yaml_tree import Node, Place
from .steps import STEP_NAME, AnyStep, Parallel, Step, Unread

FORM = "The form is a,[b|c,d],e."
DEEPEST = 20
TOKEN = re.compile(r"\s*([\[\]|,]|[^\s\[\]|,][^\[\]|,]*)")


def read_line(node: Node, problems: list[Problem]) -> tuple[AnyStep, ...]:
    """The steps of a one-line text; problems are put where in the line they stand."""
    line = _Line(node, problems)
    steps = line.steps(closing=())
    if line.token != "":
        line.wrong(f"A {line.token!r} stands outside of any brackets.")
    return steps


def _index_in(source: str, passed: int) -> int:
    """Where in a source of several lines the text goes on after `passed` characters, white space not counted.

    Nothing but white space, a quote or the head of a block (`>-`) sets the source apart from the text.
    """
    start = source.find("\n") + 1 if source[0] in ">|" else int(source[0] in "'\"")
    places = [i for i in range(start, len(source)) if not source[i].isspace()]
    return places[passed] if passed < len(places) else len(source.rstrip())


class _Line:
    """Reads a line token by token; `token` is the one ahead, "" at the end."""

    def __init__(self, node: Node, problems: list[Problem]) -> None:
        self.node, self.problems, self.text = node, problems, str(node.value)
        self.shift = 1 if node.quoted else 0
        self.at = self.end = self.depth = 0
        self.gave_up = False
        self.token = ""
        self.next()

    def next(self) -> None:
        found = TOKEN.match(self.text, self.end)
        self.at, self.end = (found.start(1), found.end()) if found else (len(self.text), len(self.text))
        self.token = found[1].strip() if found else ""

    def place(self) -> Place:
        start = self.node.place
        if not self.node.source:
            return Place(start.file, start.line, start.column + self.shift + self.at)
        before = self.node.source[: _index_in(self.node.source, len("".join(self.text[: self.at].split())))]
        lines = before.count("\n")
        column = len(before) - before.rfind("\n") if lines else start.column + len(before)
        return Place(start.file, start.line + lines, column)

    def wrong(self, message: str) -> None:
        self.problems.append(self.place().problem(message, FORM))

    def steps(self, closing: tuple[str, ...]) -> tuple[AnyStep, ...]:
        steps: list[AnyStep] = []
        while True:
            step = self.step()
            if step is not None:
                steps.append(step)
            if self.token != ",":
                if self.token not in (*closing, "", "]", "|"):
                    self.wrong(f"A comma is missing before {self.token!r}.")
                    continue
                return tuple(steps)
            self.next()

    def step(self) -> AnyStep | None:
        if self.token == "[":
            return self.parallel()
        place, token = self.place(), self.token
        if token in ("", ",", "]", "|"):
            self.wrong("A name is missing here.")
            return None
        if not STEP_NAME.fullmatch(token):
            self.wrong(f"{token!r} is no name of a worker.")
            self.next()
            return Unread(place)
        self.next()
        return Step(token, place)

    def parallel(self) -> AnyStep:
        place = self.place()
        if self.depth == DEEPEST:
            self.wrong(f"The brackets are more than {DEEPEST} deep.")
            self.token, self.end, self.gave_up = "", len(self.text), True
            return Unread(place)
        self.depth += 1
        branches: list[tuple[AnyStep, ...]] = []
        while True:
            self.next()
            branches.append(self.steps(closing=("|", "]")))
            if self.token != "|":
                break
        if self.token == "]":
            self.next()
        elif not self.gave_up:
            self.problems.append(place.problem("A bracket is not closed.", FORM))
        self.depth -= 1
        return Parallel(tuple(branches), place)
