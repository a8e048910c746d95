"""Which worker and which settings a name in a workflow stands for: a worker itself, or an instance of the config."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from ..annotations import NONE, assignable, members, type_name
from ..coerce import BROKEN, coerce
from ..errors import InputError, Problem
from ..worker import InstanceSettings, Slot, WorkerSpec, port_of
from ..yaml_tree import Node, Place, nearest, suggestion
from .steps import STEP_NAME


@dataclass(frozen=True, slots=True)
class Bound:
    """What a name stands for; `stands_for` is the worker of that very name where the instance uses another one.

    One that is not `sound` has problems of its own and is good for checking the rest only.
    """

    spec: WorkerSpec
    settings: Mapping[str, Any] = field(default_factory=dict)
    stands_for: WorkerSpec | None = None
    sound: bool = True


SURE = 0.75  # how alike two names must be for checking to go on with the one that was probably meant


def bind_instances(
    instances: Mapping[str, InstanceSettings], specs: Mapping[str, WorkerSpec], lost: AbstractSet[str] = frozenset()
) -> tuple[Mapping[str, Bound | None], list[Problem]]:
    """Every name that a step may use, and the problems of the instances; those with problems are not `sound`.

    None stands for a name of which nothing is known: an instance, or one of the workers that are `lost`.
    """
    bound: dict[str, Bound | None] = {**dict.fromkeys(lost), **{name: Bound(spec) for name, spec in specs.items()}}
    problems: list[Problem] = []
    for name, instance in instances.items():
        if instance.use in lost:
            bound[name] = None
            continue
        bound[name], wrong = _instance(instance, specs)
        if instance.use in instances and instance.use not in specs and instance.use != name:
            message = f"The instance {name!r} uses {instance.use!r}, which is an instance itself."
            hint = f"Use its worker, {instances[instance.use].use!r}."
            wrong = [instance.keys.get("use", instance.place).problem(message, hint)]
        problems += wrong
        if not STEP_NAME.fullmatch(name):
            problems.append(instance.place.problem(f"The instance {name!r} needs a name that a step can have: a word."))
    return bound, problems


def read_settings_of(
    spec: WorkerSpec, given: Mapping[str, Node], keys: Mapping[str, Place], name: str
) -> tuple[dict[str, Any], list[Problem]]:
    """The checked values of the settings that were given, and every problem; required ones may still be absent."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for key, node in given.items():
        slot = spec.settings.get(key)
        if slot is None:
            problems.append(_unknown_setting(spec, key, keys.get(key, node.place), name))
            continue
        value, wrong = coerce(node, slot.type, f"{name}.{key}")
        problems += wrong
        if value is not BROKEN:
            values[key] = value
    return values, problems


def bind_ports(
    spec: WorkerSpec, available: AbstractSet[str], name: str, place: Place
) -> tuple[dict[str, str | None], list[Problem]]:
    """Which port fills which field, and a problem for each that a worker needs and the config does not give."""
    ports: dict[str, str | None] = {}
    problems: list[Problem] = []
    for key, slot in spec.ports.items():
        port = port_of(slot.type) or ""
        if port in available or port == "prompt":
            ports[key] = port
        elif slot.required and NONE in members(slot.type):
            ports[key] = None
        elif slot.required:
            hint = f"Name one under `models` as {port!r}, or bind {name!r} to a worker that needs none."
            problems.append(place.problem(f"{name!r} needs a {port}, and the config names none.", hint))
    return ports, problems


def refused(spec: WorkerSpec, settings: Mapping[str, Any], name: str, place: Place) -> list[Problem]:
    """What the worker's own `__post_init__` says of its settings; it is asked where all that are needed are there."""
    absent = [key for key, slot in spec.settings.items() if slot.required and key not in settings]
    if absent or not hasattr(spec.cls, "__post_init__"):
        return []
    try:
        spec.cls(**settings, **dict.fromkeys(spec.ports))
    except (ValueError, InputError) as error:
        return [place.problem(f"{name!r} cannot be used with these settings: {str(error).rstrip('.')}.")]
    except (TypeError, AttributeError):  # it looks at its ports, which are not there yet
        return []
    return []


def meant(name: str, known: Mapping[str, Bound | None]) -> Bound | None:
    """What an unknown name was probably meant to be, so that checking can go on."""
    return known.get(nearest(name, known, least=SURE))


def _instance(instance: InstanceSettings, specs: Mapping[str, WorkerSpec]) -> tuple[Bound | None, list[Problem]]:
    spec, own = specs.get(instance.use), specs.get(instance.name)
    if not instance.use:  # whoever read the config has said what is wrong
        return (Bound(own, sound=False) if own else None), []
    place = instance.keys.get("use", instance.place)
    if spec is None:
        message = f"The instance {instance.name!r} uses {instance.use!r}, which is no worker."
        problems = [place.problem(message, suggestion(instance.use, specs, there="There are"))]
        spec = own or specs.get(nearest(instance.use, specs))
        return (Bound(spec, sound=False) if spec else None), problems
    settings, problems = read_settings_of(spec, instance.settings, instance.keys, instance.name)
    problems += [] if problems else refused(spec, settings, instance.name, instance.place)
    stands_for = own if own is not spec else None
    differences = _differences(instance.name, spec, stands_for) if stands_for else []
    problems += [place.problem(text) for text in differences]
    if stands_for and differences:
        return Bound(stands_for, sound=False), problems
    return Bound(spec, settings, stands_for, sound=not problems), problems


def _differences(name: str, spec: WorkerSpec, own: WorkerSpec) -> list[str]:
    """Every way in which `spec` cannot stand where the workflows name `own`."""
    head = f"{spec.name!r} cannot stand for {name!r}:"
    found = []
    for key, slot in spec.inputs.items():
        theirs = own.inputs.get(key)
        if theirs is None:
            found.append(f"{head} it takes {key!r}, which {name!r} does not ({_listed(own.inputs)}).")
        elif not assignable(theirs.type, slot.type):
            found.append(f"{head} it takes {key!r} as {type_name(slot.type)}, not as {type_name(theirs.type)}.")
        elif slot.required and not theirs.required:
            found.append(f"{head} it cannot do without {key!r}, which {name!r} can.")
    for key, wanted in own.outputs.items():
        if key not in spec.outputs:
            found.append(f"{head} it does not give {key!r} ({_listed(spec.outputs)}).")
        elif not assignable(spec.outputs[key], wanted):
            found.append(f"{head} it gives {key!r} as {type_name(spec.outputs[key])}, not as {type_name(wanted)}.")
    extra = [key for key in spec.outputs if key not in own.outputs]
    return found + [f"{head} it gives {key!r} too, which {name!r} does not." for key in extra]


def _listed(names: Mapping[str, Any]) -> str:
    return ", ".join(names) or "nothing"


def _unknown_setting(spec: WorkerSpec, key: str, place: Place, name: str) -> Problem:
    if key in spec.ports:
        message = f"{key!r} of {name!r} is no setting: the engine fills it in from the config's `models`."
        return place.problem(message, "Take it out.")
    if key in ("in", "out"):
        hint = "It belongs into a step of a workflow."
        return place.problem(f"{key!r} cannot stand in the instance {name!r}.", hint)
    if key in spec.inputs:
        hint = f"Bind it with `in: {{{key}: some_name}}`."
        return place.problem(f"{key!r} of {name!r} is an input, not a setting.", hint)
    hint = suggestion(key, spec.settings)
    if key in ("inputs", "outputs", "input", "output"):
        hint = "Names are bound with `in` and `out`, as in in: {query: other_name}."
    return place.problem(f"{name!r} has no setting {key!r}.", hint)


def missing_settings(spec: WorkerSpec, given: AbstractSet[str], name: str, place: Place) -> list[Problem]:
    """One problem for each setting that has no default and was not given."""
    slots: Mapping[str, Slot] = {key: slot for key, slot in spec.settings.items() if slot.required}
    return [
        place.problem(f"{name!r} needs the setting {key!r}: {type_name(slot.type)}.", f"Write {name}: {{{key}: ...}}.")
        for key, slot in slots.items()
        if key not in given
    ]
