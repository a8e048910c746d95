"""The names that flow down one workflow: who writes them, who reads them, of which type, and what is wrong there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..annotations import assignable, type_name
from ..errors import Problem
from ..values import Changes
from ..worker import REQUIRED, Slot
from ..yaml_tree import Place, nearest, suggestion
from .bindings import SURE
from .plan import CHANGES
from .steps import Name

UNREAD = "Take it out, or bind it to what a step calls it, as in in: {query: other_name}."


@dataclass(slots=True)
class Value:
    """What a name holds from one write to the next; `maker` is the step that wrote it, "" for the caller."""

    name: str
    type: Any
    place: Place
    maker: str = ""
    used: bool = False
    spare: bool = False
    readers: list[tuple[str, Slot, Place]] = field(default_factory=list)


class Flow:
    """The values that have been written so far.

    `broken` is set once a step cannot run, for a reason that is noted elsewhere; `guessed` once nothing is known of a
    step, so that names may be absent after it without being wrong.
    """

    def __init__(self, inputs: Sequence[Name]) -> None:
        self.problems: list[Problem] = []
        self.broken = self.guessed = False
        self.inputs = {str(name.text): Value(str(name.text), Any, name.place) for name in inputs}
        self.values = list(self.inputs.values())
        self.now: dict[str, Value] = dict(self.inputs)

    def wrong(self, place: Place, message: str, hint: str = "") -> None:
        """Note a problem."""
        self.problems.append(place.problem(message, hint))

    def guess(self) -> None:
        """Go on after a step of which nothing is known: it may read all that flows here, and write anything."""
        self.guessed = True
        for value in self.now.values():
            value.used = True

    # --- reading ---

    def read(
        self, step: str, slots: Mapping[str, Slot], renames: Mapping[str, Name], place: Place
    ) -> dict[str, str | None]:
        """Bind the inputs of a step to the names that flow at this point."""
        renames = self._renames(f"{step!r} has no input", "in", slots, renames)
        return {key: self._bind(step, key, slot, renames.get(key), place) for key, slot in slots.items()}

    def touch(self, names: Mapping[str, Any], renames: Mapping[str, Name]) -> None:
        """Take inputs as read that a step's contract has, but the worker it is bound to does not want."""
        for key in names:
            name = renames[key].text if key in renames else key
            if name in self.now:
                self.now[name].used = True

    def _bind(self, step: str, key: str, slot: Slot, rename: Name | None, place: Place) -> str | None:
        place = rename.place if rename else place
        if rename and rename.text is None:
            if slot.required:
                self.wrong(place, f"The input {key!r} of {step!r} has no default, so it cannot be null.")
            return None
        name = rename.text if rename and rename.text else key
        value = self.now.get(name)
        if value is None:
            self._missing(step, key, slot, name, place)
            return None
        value.used = True
        value.readers.append((step, slot, place))
        if value.maker and not assignable(value.type, slot.type):
            self.wrong(
                place,
                f"The input {key!r} of {step!r} is {type_name(slot.type)}, "
                f"but {name!r} is {type_name(value.type)} here, from {value.maker!r}.",
            )
        return name

    def _missing(self, step: str, key: str, slot: Slot, name: str, place: Place) -> None:
        if self.guessed and not nearest(name, self.now, least=SURE):
            return
        shown = f"{key!r}" if name == key else f"{key!r}, read from {name!r},"
        near = nearest(name, self.now)
        if slot.spare and not nearest(name, self.now, least=SURE):
            return
        meant = f"Did you mean {near!r}? Write `in: {{{key}: {near}}}`" if near else ""
        there = f"What flows here: {', '.join(sorted(self.now)) or 'nothing'}."
        if slot.required:
            hint = f"{meant}. {there}" if meant else there
            self.wrong(place, f"The input {shown} of {step!r} is missing: no step before gives it.", hint)
        else:
            default = f"{f'{meant}, or' if meant else 'Write'} `in: {{{key}: null}}` to take its default. "
            self.wrong(place, f"The optional input {shown} of {step!r} is bound to nothing.", default + there)

    # --- writing ---

    def write(
        self,
        step: str,
        types: Mapping[str, Any],
        renames: Mapping[str, Name],
        place: Place,
        spare: frozenset[str] = frozenset(),
    ) -> dict[str, str | None]:
        """Put the outputs of a step under their names; nobody need read those that are `spare`."""
        renames = self._renames(f"{step!r} has no output", "out", types, renames)
        found = {key: self._put(step, key, kind, renames.get(key), place) for key, kind in types.items()}
        for name in {found[key] for key in spare & found.keys()} - {None}:
            self.now[str(name)].spare = True
        return found

    def _put(self, step: str, key: str, kind: Any, rename: Name | None, place: Place) -> str | None:
        place = rename.place if rename else place
        name = rename.text if rename else key
        if name is None:
            return None
        if name == CHANGES and kind is not Changes:
            self.wrong(place, f"{step!r} writes `changes` as {type_name(kind)}: the name is kept for Changes.")
        old = self.now.get(name)
        if old is not None:
            self._check_again(step, name, kind, old, place)
        value = Value(name, kind, place, step, used=name == CHANGES)
        if old is not None and kind is Changes:
            old.used = True  # it is added to, not replaced
        self.now[name] = value
        self.values.append(value)
        return name

    def _check_again(self, step: str, name: str, kind: Any, old: Value, place: Place) -> None:
        before = old.type if old.maker else agreed_type(old)
        if not assignable(kind, before):
            first = f"from {old.maker!r}" if old.maker else "an input of the operation"
            self.wrong(
                place,
                f"{step!r} writes {name!r} as {type_name(kind)}, but it is {type_name(before)} already, {first}.",
                f"Write it under another name: `out: {{{name}: other}}`.",
            )

    def _renames(
        self, what: str, word: str, known: Mapping[str, Any], renames: Mapping[str, Name]
    ) -> Mapping[str, Name]:
        """The renames as they were probably meant, a problem noted for each that the worker does not know."""
        meant = dict(renames)
        for key, name in renames.items():
            if key in known:
                continue
            hint, near = suggestion(key, known), nearest(key, known, least=SURE)
            if near and near not in renames:
                meant[near] = name
            elif name.text and name.text in known and name.text not in renames:
                hint = f"Its own name comes first: {word}: {{{name.text}: {key}}}."
                meant[name.text] = Name(key, name.place)
            self.wrong(name.place, f"{what} {key!r}.", hint)
        return meant

    # --- branches ---

    def merge(self, before: Mapping[str, Value], branches: Sequence[Mapping[str, Value]]) -> None:
        """Join what the branches wrote; a name that two of them write is a problem, unless its values add up."""
        merged = dict(before)
        for branch in branches:
            for name, value in branch.items():
                if value is before.get(name):
                    continue
                other = merged.get(name)
                if other is not None and other is not before.get(name) and value.type is not Changes:
                    self.wrong(
                        value.place,
                        f"{value.maker!r} writes {name!r} at the same time as {other.maker!r}.",
                        f"Rename one of them: `out: {{{name}: other}}`.",
                    )
                    other.used = True
                merged[name] = value
        self.now = merged

    # --- the end ---

    def finish(self, outputs: Sequence[Name]) -> None:
        """Check the operation's outputs, then what was written or given and never read."""
        for name in outputs:
            value = self.now.get(str(name.text))
            if value is not None:
                value.used = True
            elif not self.guessed or nearest(str(name.text), self.now, least=SURE):
                message = f"The output {name.text!r} of the operation is given by no step."
                self.wrong(name.place, message, suggestion(str(name.text), self.now))
        for value in self.values:
            if not (value.used or value.spare):
                self._unused(value)

    def _unused(self, value: Value) -> None:
        if not value.maker:
            self.wrong(value.place, f"The input {value.name!r} of the operation is read by no step.", UNREAD)
            return
        hint = f"Drop it knowingly with `out: {{{value.name}: null}}`, or list it among `outputs`."
        if value.type is Changes:
            hint = f"Only what flows under the name {CHANGES!r} is committed."
        self.wrong(value.place, f"The output {value.name!r} of {value.maker!r} is read by no step.", hint)

    def type_now(self, name: str) -> Any:
        """The type of what a name holds at this point."""
        value = self.now[name]
        return value.type if value.maker else agreed_type(value)

    def input_slots(self) -> dict[str, Slot]:
        """The operation's inputs, with the type that their readers agree on."""
        return {name: self._input(value) for name, value in self.inputs.items()}

    def _input(self, value: Value) -> Slot:
        kind = agreed_type(value)
        for step, slot, place in value.readers:
            if not assignable(kind, slot.type):
                first = value.readers[0][0]
                self.wrong(
                    place,
                    f"{step!r} reads the input {value.name!r} as {type_name(slot.type)}, "
                    f"but {first!r} reads it as {type_name(value.readers[0][1].type)}.",
                )
                break
        required = any(slot.required for _, slot, _ in value.readers)
        default = REQUIRED if required or not value.readers else value.readers[0][1].default
        return Slot(kind, default, all(slot.spare for _, slot, _ in value.readers))


def agreed_type(value: Value) -> Any:
    """The narrowest of the types that an input's readers want; the first one where they do not agree."""
    kinds = [slot.type for _, slot, _ in value.readers]
    fitting = [kind for kind in kinds if all(assignable(kind, other) for other in kinds)]
    specific = [kind for kind in fitting if kind is not Any]
    return (specific or fitting or kinds or [Any])[0]
