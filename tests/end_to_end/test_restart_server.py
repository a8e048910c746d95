"""What scripts/restart_server.py compares; it takes minutes, and servers of its own, so that it is run by hand."""

from __future__ import annotations

from typing import Any

from restart_server import differences, make_script

HELD: dict[str, Any] = {"held": {"user0": {"messages": ["one", "two"], "revision": 3}}, "found": {"user0": [["0.5 a"]]}}


def test_a_script_is_the_same_for_a_seed_and_says_everything_once() -> None:
    script = make_script(0, 40, 1)
    said = [one["message_id"] for verb, given in script if verb == "add" for one in given]
    assert len(said) == len(set(said)) == 40
    assert script == make_script(0, 40, 1)
    assert script != make_script(0, 40, 2)
    assert script != make_script(1, 40, 1)
    assert {verb for verb, _ in script} == {"add", "consolidate", "retrieve"}
    assert script[-1] == ("consolidate", None)


def test_what_differs_is_named_with_its_place() -> None:
    assert differences(HELD, HELD) == []
    lost = {**HELD, "held": {"user0": {"messages": ["one"], "revision": 3}}}
    moved = {**HELD, "found": {"user0": [["0.5 b"]]}}
    assert differences(HELD, lost) == ["/held/user0/messages: ['one', 'two'] without a restart, ['one'] with them"]
    assert differences(HELD, moved) == ["/found/user0/0/0: '0.5 a' without a restart, '0.5 b' with them"]
    assert differences(HELD, {"held": HELD["held"]}) == [
        "/found: {'user0': [['0.5 a']]} without a restart, None with them"
    ]
