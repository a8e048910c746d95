"""YAML text -> values with places; whatever is wrong is a problem with a line, never an exception."""

from __future__ import annotations

from pathlib import Path

import pytest

from memoryengine.yaml_tree import (
    MOST_BYTES,
    MOST_NODES,
    Node,
    Place,
    from_plain,
    nearest,
    parse_yaml,
    read_yaml,
    suggestion,
    to_plain,
    unset_variables,
)


def tree(text: str, environ: dict[str, str] | None = None) -> Node:
    root, problems = parse_yaml(text, "f.yaml", environ)
    assert problems == []
    assert root is not None
    return root


def wrong(text: str, environ: dict[str, str] | None = None) -> list[str]:
    return [str(problem) for problem in parse_yaml(text, "f.yaml", environ)[1]]


def test_every_value_and_key_knows_its_place() -> None:
    root = tree("a: 1\nb:\n  - x\n  - {c: two}\n")
    second = root.get("b")
    assert second is not None
    assert root.keys == {"a": Place("f.yaml", 1, 1), "b": Place("f.yaml", 2, 1)}
    assert root.key_place("nothing") == Place("f.yaml", 1, 1)
    assert isinstance(second.value, tuple)
    assert second.value[0].place == Place("f.yaml", 3, 5)
    assert second.value[1].key_place("c") == Place("f.yaml", 4, 6)
    assert to_plain(root) == {"a": 1, "b": ["x", {"c": "two"}]}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-12", -12),
        ("007", 7),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("no", "no"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("2024-10-26", "2024-10-26"),
        ("1_000", "1_000"),
        ("0x10", "0x10"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("用户", "用户"),
        ("v1.2", "v1.2"),
        ("!!str 5", 5),
    ],
)
def test_scalars_follow_the_core_schema(text: str, value: object) -> None:
    held = tree(f"a: {text}\n").get("a")
    assert held is not None
    assert held.value == value
    assert type(held.value) is type(value)
    assert held.place.line == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f.yaml:1:1: The file is empty."),
        ("# a comment alone\n", "f.yaml:1:1: The file is empty."),
        ("a:\n\tb: 1\n", "f.yaml:2:1: A tab stands where YAML wants spaces."),
        ("a:\n  b: 1\n  \tc: 2\n", "f.yaml:3:3: A tab stands where YAML wants spaces."),
        ("a: [1", "f.yaml:1:4: This is no YAML: the [ that opens here is not closed."),
        ("a: 1\nb: [x\nc: [y]\n", "f.yaml:2:4: This is no YAML: the [ that opens here is not closed."),
        ("a: {b: 1\nc: 2\n", "f.yaml:1:4: This is no YAML: the { that opens here is not closed."),
        ("a: [1,\n  b c: d e: f]\n", "f.yaml:2:11: This is no YAML: expected ',' or ']', but got ':'"),
        ("a: [1\n", "f.yaml:1:4: This is no YAML: the [ that opens here is not closed."),
        ("a: b: c", "f.yaml:1:5: This is no YAML: mapping values are not allowed here. A text that holds `: `"),
        (
            "a: {b: ${C}}\n",
            "f.yaml:1:9: This is no YAML: expected ',' or '}', but got '{' (while parsing a flow "
            "mapping). Inside of { } and [ ] a text with a variable needs quotes",
        ),
        ("a: {b} c\n", "quotes around the whole of it"),
        ("a: 1\nb: 'x\n", "f.yaml:2:4: This is no YAML: the quote that opens here is not closed."),
        ("a: *x", "f.yaml:1:4: This is no YAML: found undefined alias 'x'. A text that begins with * needs quotes."),
        ("a: @x", "that cannot start any token (while scanning for the next token). A text that begins with such"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2:1: This is no YAML: a second document begins here. Put it in a file"),
        ("a: \x00\n", "f.yaml:1:4: The character U+0000 is not allowed in YAML."),
        ("a: 1\nb: \x07\n", "f.yaml:2:4: The character U+0007 is not allowed in YAML."),
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: The key 'a' stands here twice. It stands in line 1 already."),
        ("1: a\n", "f.yaml:1:1: A key must be a text; this one is '1'. Put it in quotes."),
        ("true: a\n", "A key must be a text"),
        ("[a]: b\n", "A key must be a text; this one is a list or a mapping."),
        ("a: !!python/object:os.system {}\n", "f.yaml:1:4: The tag !!python/object:os.system is not allowed here."),
        ("a: !custom x\n", "f.yaml:1:4: The tag !custom is not allowed here."),
        ("a: !!binary aGk=\n", "The tag !!binary is not allowed here."),
        ("a: &x {b: *x}\n", "The alias points at a value that it is itself part of."),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "f.yaml:3:3: Merge keys (<<) are not read here."),
        ("[" * 3000, "The YAML is nested too deeply."),
    ],
)
def test_what_cannot_be_read_is_one_problem_with_its_place(text: str, message: str) -> None:
    problems = wrong(text)
    assert len(problems) == 1
    assert message in problems[0]
    assert problems[0].startswith("f.yaml:")


def test_several_problems_are_told_at_once_and_the_rest_is_read() -> None:
    root, problems = parse_yaml("a: 1\na: 2\n3: c\nd: !x y\ne: ok\n", "f.yaml")
    assert [problem.line for problem in problems] == [2, 3, 4]
    assert root is not None
    assert to_plain(root) == {"a": 1, "d": None, "e": "ok"}


def test_aliases_are_followed_but_not_without_end() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 9))
    assert to_plain(tree("a: &x [1]\nb: *x\n")) == {"a": [1], "b": [1]}
    problems = wrong(bomb)
    assert len(problems) == 1
    assert f"more than {MOST_NODES} values" in problems[0]


# --- variables ---


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${HOST}", "here"),
        ("http://${HOST}:${PORT}/v1", "http://here:8080/v1"),
        ("${PORT}", 8080),
        ("'${PORT}'", "8080"),
        ("${NONE:-5}", 5),
        ("${NONE:-}", None),
        ("${EMPTY:-full}", "full"),
        ("${NONE:-http://x:1/y}", "http://x:1/y"),
        ("$HOST", "$HOST"),
        ("$${HOST}", "${HOST}"),
        ("|\n  ${HOST}\n", "here\n"),
    ],
)
def test_variables_are_filled_in(text: str, value: object) -> None:
    environ = {"HOST": "here", "PORT": "8080", "EMPTY": ""}
    held = tree(f"a: {text}", environ).get("a")
    assert held is not None
    assert held.value == value
    assert unset_variables(held) == []


def test_a_variable_that_is_not_set_is_known_with_its_place() -> None:
    root = tree("a: ${NONE}\nb: [x, '${EMPTY} ${OTHER}']\n", {"EMPTY": ""})
    assert [str(problem) for problem in unset_variables(root)] == [
        "f.yaml:1:4: The environment variable NONE is not set. Set it, or write ${NONE:-default}.",
        "f.yaml:2:8: The environment variable EMPTY is not set. Set it, or write ${EMPTY:-default}.",
        "f.yaml:2:8: The environment variable OTHER is not set. Set it, or write ${OTHER:-default}.",
    ]
    assert to_plain(root) == {"a": None, "b": ["x", " "]}


@pytest.mark.parametrize("text", ["${}", "${a b}", "${1A}", "${open", "${A-b}"])
def test_what_names_no_variable_is_told(text: str) -> None:
    problems = wrong(f"a: '{text}'\n", {"A": "x"})
    assert len(problems) == 1
    assert "names no environment variable. Write ${NAME} or ${NAME:-default}." in problems[0]
    assert problems[0].startswith("f.yaml:1:4: ")


def test_nothing_is_filled_in_without_an_environment() -> None:
    root = tree("a: ${HOST}\n")
    assert to_plain(root) == {"a": "${HOST}"}
    assert unset_variables(root) == []
    assert not any(node.filled for _, node in root.items())


def test_a_default_that_asks_for_another_variable_is_told() -> None:
    root, problems = parse_yaml("a: ${A:-${B}}\nb: ${A:-b}\n", "f.yaml", {"B": "x"})
    assert [str(p) for p in problems] == [
        "f.yaml:1:4: The default in '${A:-${B}}' asks for a variable itself. Give a plain default."
    ]
    assert root is not None
    assert (root.get("a") or root).broken
    assert (root.get("b") or root).value == "b"


# --- files and plain values ---


def test_files_that_cannot_be_read_are_problems(tmp_path: Path) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"a: 1\nb: caf\xe9\n")
    assert [str(p) for p in read_yaml(tmp_path / "none.yaml")[1]] == [
        f"{tmp_path / 'none.yaml'}: There is no such file."
    ]
    assert "This is a folder" in str(read_yaml(tmp_path)[1][0])
    assert [(p.line, p.message) for p in read_yaml(latin)[1]] == [(2, "The file is not UTF-8 text.")]


def test_a_file_that_is_too_long_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "long.yaml"
    file.write_bytes(b"a: 1\n#" + b"x" * MOST_BYTES)
    root, problems = read_yaml(file)
    assert root is None
    assert [p.message for p in problems] == [f"The file is longer than {MOST_BYTES} bytes."]
    file.write_bytes(b"a: 1\n#" + b"x" * (MOST_BYTES - 6))
    root, problems = read_yaml(file)
    assert problems == []
    assert root is not None
    assert to_plain(root) == {"a": 1}


def test_a_byte_order_mark_is_no_content(tmp_path: Path) -> None:
    file = tmp_path / "bom.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    root, problems = read_yaml(file)
    assert problems == []
    assert root is not None
    assert to_plain(root) == {"a": 1, "b": 2}
    assert root.key_place("b").line == 2


def test_a_tree_of_plain_values(tmp_path: Path) -> None:
    root, problems = from_plain({"a": [1, None, True], "b": tmp_path, "c": "${X:-y}", 5: "five"}, {})
    assert problems == []
    assert to_plain(root) == {"a": [1, None, True], "b": str(tmp_path), "c": "y", "5": "five"}
    assert root.place == Place()


def test_the_nearest_name_and_a_hint() -> None:
    assert nearest("serch_memories", ["search_memories", "fuse_hits"]) == "search_memories"
    assert nearest("zzz", ["search_memories"]) == ""
    assert suggestion("tpo_k", ["top_k", "kind"]) == "Did you mean 'top_k'? There is: kind, top_k."
    assert suggestion("cache", ["cache_documents", "path"]).startswith("Did you mean 'cache_documents'?")
    assert suggestion("ca", ["cache_documents", "path"]).startswith("There is:")
    assert suggestion("x", []) == "There is: nothing."
    assert suggestion("x", [f"n{i:02}" for i in range(40)]).endswith("n28, n29, and 10 more.")


def test_what_no_config_can_hold_is_told_by_its_name() -> None:
    loop: dict[str, object] = {"chat": {}}
    loop["chat"] = {"again": loop}
    root, problems = from_plain({"a": {1}, "b": [b"x"], "models": loop, "c": {"d": object}})
    assert [p.message for p in problems] == [
        "`a` is of type set, which no config can hold.",
        "`b[0]` is of type bytes, which no config can hold.",
        "`models.chat.again` holds a value that it is itself part of.",
        "`c.d` is of type type, which no config can hold.",
    ]
    assert all(p.line == 0 for p in problems)
    assert (root.get("a") or root).broken


def test_a_value_that_is_broken_says_so_and_a_long_one_keeps_its_source() -> None:
    root, problems = parse_yaml("a: !x 1\nb: >-\n  one,\n  two\nc: one\n  two\nd: 1\n", "f.yaml")
    assert len(problems) == 1
    assert root is not None
    held = dict(root.items())
    assert [name for name, node in held.items() if node.broken] == ["a"]
    assert [node.source for node in held.values()] == ["", ">-\n  one,\n  two\n", "one\n  two", ""]
