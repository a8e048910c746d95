"""YAML values against annotations, with every problem at its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Optional

import pytest

from memoryengine.annotations import assignable, fits, type_name
from memoryengine.coerce import BROKEN, coerce
from memoryengine.ports import Reranker
from memoryengine.values import Hit, Memory, Period
from memoryengine.yaml_tree import parse_yaml


@dataclass(frozen=True)
class Inner:
    """Something with one number."""

    count: int = 3


@dataclass(frozen=True)
class Outer:
    """Something with all kinds of fields."""

    name: str
    ratio: float = 1.0
    tags: tuple[str, ...] = ()
    inner: Inner = field(default_factory=Inner)
    kind: Literal["a", "b"] | None = None

    def __post_init__(self) -> None:
        if self.ratio < 0:
            raise ValueError("`ratio` must not be below 0")


def read(text: str, annotation: Any, environ: dict[str, str] | None = None) -> tuple[Any, list[str]]:
    root, problems = parse_yaml(text, "f", environ)
    assert root is not None
    value, wrong = coerce(root, annotation, "it")
    return value, [str(problem) for problem in (*problems, *wrong)]


@pytest.mark.parametrize(
    ("text", "annotation", "value"),
    [
        ("5", int, 5),
        ("5", float, 5.0),
        ("5.5", float, 5.5),
        ("x", str, "x"),
        ("true", bool, True),
        ("null", None, None),
        ("null", int | None, None),
        ("7", Optional[int], 7),  # noqa: UP045  # people write it
        ("b", Literal["a", "b"], "b"),
        ("auto", int | Literal["auto"] | None, "auto"),
        ("[1, 2]", tuple[int, ...], (1, 2)),
        ("[1, x]", tuple[int, str], (1, "x")),
        ("[1, 2]", list[int], [1, 2]),
        ("[a, a]", frozenset[str], frozenset("a")),
        ("[]", tuple[str, ...], ()),
        ("[x]", Sequence[str], ("x",)),
        ("{a: 1}", Mapping[str, int], {"a": 1}),
        ("{a: {b: [1]}}", Mapping[str, object], {"a": {"b": [1]}}),
        ("{a: [1, {b: null}]}", Any, {"a": [1, {"b": None}]}),
        ("{name: n, ratio: 2, tags: [x], inner: {count: 4}, kind: a}", Outer, Outer("n", 2.0, ("x",), Inner(4), "a")),
        ("{name: n}", Outer, Outer("n")),
    ],
)
def test_what_fits_is_taken(text: str, annotation: Any, value: Any) -> None:
    held, problems = read(text, annotation)
    assert problems == []
    assert held == value
    assert type(held) is type(value)


@pytest.mark.parametrize(
    ("text", "annotation", "wrong"),
    [
        ("x", int, "f:1:1: `it` must be a whole number, not 'x'."),
        ("5.0", int, "`it` must be a whole number, not 5.0."),
        ("true", int, "`it` must be a whole number, not true."),
        ("'5'", float, "`it` must be a number, not '5'."),
        ("5", str, "`it` must be a text, not 5."),
        ("yes", bool, "`it` must be true or false, not 'yes'."),
        ("1", bool, "`it` must be true or false, not 1."),
        ("c", Literal["a", "b"], "`it` must be 'a' or 'b', not 'c'."),
        ("x", int | None, "`it` must be a whole number or null, not 'x'."),
        ("x", tuple[str, ...], "`it` must be a list, not 'x'."),
        ("[1, [2]]", tuple[int, ...], "f:1:5: `it[1]` must be a whole number, not a list."),
        ("[1]", tuple[int, str], "`it` must hold 2 values, not 1."),
        ("{a: {b: x}}", Mapping[str, Mapping[str, int]], "f:1:9: `it.a.b` must be a whole number, not 'x'."),
        ("[a]", Mapping[str, str], "`it` must be a mapping, not a list."),
        ("{}", Outer, "`it` needs 'name': a text."),
        ("{name: n, nmae: m}", Outer, "f:1:11: `it` has no 'nmae'. Did you mean 'name'?"),
        ("{name: n, inner: {cuont: 1}}", Outer, "f:1:19: `it.inner` has no 'cuont'. Did you mean 'count'?"),
        ("{name: n, ratio: -1}", Outer, "f:1:11: `it` cannot be used: `ratio` must not be below 0."),
        ("[5, {name: 5}]", tuple[int | Outer, ...], "f:1:12: `it[1].name` must be a text, not 5."),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(text: str, annotation: Any, wrong: str) -> None:
    _, problems = read(text, annotation)
    assert len(problems) == 1
    assert wrong in problems[0]
    assert problems[0].startswith("f:1:")


def test_all_problems_of_a_value_are_told_and_a_default_stands_in() -> None:
    value, problems = read("{name: n, ratio: fast, tags: [1, x, 2], kind: z, more: 1}", Outer)
    assert len(problems) == 5
    assert value == Outer("n")
    broken, problems = read("{ratio: fast}", Outer)
    assert broken is BROKEN
    assert len(problems) == 2


def test_a_variable_is_read_as_the_annotation_wants_it() -> None:
    environ = {"N": "8"}
    assert read("'${N}'", int, environ) == (8, [])
    assert read("${N}", str, environ) == ("8", [])
    assert read("${M:-0.5}", float, environ) == (0.5, [])
    assert read("${N}", Literal["8", "9"], environ) == ("8", [])


# --- annotations ---


@pytest.mark.parametrize(
    ("given", "wanted", "may"),
    [
        (int, int, True),
        (bool, int, True),
        (int, float, True),
        (float, int, False),
        (str, int | str, True),
        (int | str, str | int | None, True),
        (int | None, int, False),
        (None, int | None, True),
        (tuple[Hit, ...], tuple[Hit, ...], True),
        (tuple[Hit, ...], tuple[Memory, ...], False),
        (tuple[bool, ...], tuple[int, ...], True),
        (tuple[int, str], tuple[int | str, ...], True),
        (tuple[int, ...], tuple[int, str], False),
        (tuple[int, ...], Sequence[int], True),
        (dict[str, int], Mapping[str, int], True),
        (dict[str, int], Mapping[str, str], False),
        (tuple[int, ...], tuple, True),
        (Literal["a"], Literal["a", "b"], True),
        (Literal["a", "c"], Literal["a", "b"], False),
        (Literal["a"], str, True),
        (str, Literal["a"], False),
        (Any, int, True),
        (int, Any, True),
        (Period, object, True),
        (int, Reranker, False),
    ],
)
def test_which_type_may_stand_for_which(given: Any, wanted: Any, may: bool) -> None:
    assert assignable(given, wanted) is may
    assert assignable(given, given)
    assert assignable(wanted, wanted)


@pytest.mark.parametrize(
    ("value", "annotation", "does"),
    [
        (5, int, True),
        (True, int, False),
        (5, float, True),
        (None, int | None, True),
        ("x", Literal["x"], True),
        ("y", Literal["x"], False),
        (("a",), tuple[str, ...], True),
        ((1,), tuple[str, ...], False),
        (["a"], tuple[str, ...], False),
        ((1, "a"), tuple[int, str], True),
        ((1,), tuple[int, str], False),
        ({"a": 1}, Mapping[str, int], True),
        ({"a": "b"}, Mapping[str, int], False),
        ("text", Sequence[str], True),
        (object(), Any, True),
    ],
)
def test_which_value_fits_which_type(value: object, annotation: Any, does: bool) -> None:
    assert fits(value, annotation) is does
    assert fits(value, annotation | None if annotation is not Any else Any) is does
    assert fits(value, object)
    assert fits(value, annotation, inside=False) >= does


@pytest.mark.parametrize(
    ("text", "annotation", "wrong"),
    [
        ("'5'", int, "f:1:1: `it` must be a whole number, not '5'. Take the quotes away."),
        ("'true'", bool, "`it` must be true or false, not 'true'. Take the quotes away."),
        ("5", str, "`it` must be a text, not 5. Put it in quotes."),
        ("true", str | None, "`it` must be a text or null, not true. Put it in quotes."),
        ("ZH", Literal["zh", "en"], "`it` must be 'zh' or 'en', not 'ZH'. Did you mean 'zh'?"),
        ("./x", Path, "`it` is of type Path, which no YAML file can give. Leave it out, or give the field a"),
    ],
)
def test_a_problem_says_what_was_probably_meant(text: str, annotation: Any, wrong: str) -> None:
    value, problems = read(text, annotation)
    assert value is BROKEN
    assert len(problems) == 1
    assert wrong in problems[0]


def test_what_is_told_elsewhere_is_not_told_again() -> None:
    value, problems = read("{name: !x n, ratio: 5}", Outer)
    assert value is BROKEN
    assert problems == ["f:1:8: The tag !x is not allowed here. Only plain YAML data is read."]
    value, problems = read("{name: n, ratio: '${NOBODY}'}", Outer, {})
    assert problems == []
    assert value == Outer("n")


def test_types_read_as_a_person_writes_them() -> None:
    assert type_name(tuple[Hit, ...]) == "tuple[Hit, ...]"
    assert type_name(Period | None) == "Period | None"
    assert type_name(Mapping[str, tuple[int, str]]) == "Mapping[str, tuple[int, str]]"
    assert type_name(Literal["a", 1] | None) == "'a' | 1 | None"
    assert type_name(Any) == "Any"
