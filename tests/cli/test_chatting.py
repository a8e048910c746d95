"""The commands of a chat: every operation by its name, and what steers the chat."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from memoryengine import InputError, MemoryEngine
from memoryengine.cli.chatting import OWN, Manner, is_command, obey

from .conftest import Invoke

Make = Callable[..., MemoryEngine]


def test_every_operation_has_a_command_that_help_lists(invoke: Invoke) -> None:
    shown = invoke("chat", given="/help\n").out
    with MemoryEngine() as engine:
        assert all(f"\n/{name}" in f"\n{shown}" for name in (*engine.operations, *OWN))
        assert "/add_memory content=... [said_at=...]: Add a memory by hand." in shown
    assert "refresh_time=5" in shown


def test_a_memory_is_added_listed_found_and_deleted_by_commands(invoke: Invoke) -> None:
    said = (
        "/add_memory User's hobby is playing the guitar.\n"
        '/add_memory content="User lives in Oslo." said_at=2024-03-01T10:00:00\n'
        "/list_memory\n/retrieve_memory guitar\n/retrieve_memory query=guitar limit=1\n/delete_all yes\n/list_memory\n"
    )
    done = invoke("chat", "-u", "ann", given=said)
    assert done.code == 0
    assert "new custom: User's hobby is playing the guitar. (valid)" in done.out
    assert "[2024-03-01 10:00:00 Friday] User lives in Oslo." in done.out
    assert "deleted: 2 memories" in done.out
    assert done.out.rstrip().endswith("nothing found")
    assert done.err == ""


def test_the_text_of_an_operation_is_its_query_as_in_memoryscope(invoke: Invoke, make_engine: Make) -> None:
    said = "/add_memory query=用户住在杭州。\n/list_memory\n/delete_memory query=用户住在杭州。\n/list_memory\n"
    done = invoke("chat", "-u", "小明", given=said)
    assert (done.code, done.err) == (0, "")
    assert "new custom: 用户住在杭州。 (valid)" in done.out
    assert "query=" not in done.out
    assert done.out.rstrip().endswith("nothing found")
    service = make_engine().default_memory_service
    assert "User likes tea." in str(service.run_service_operation("add_memory", query="User likes tea."))
    assert "deleted: 1 memor" in str(service.run_service_operation("delete_memory", query="User likes tea."))
    with pytest.raises(InputError, match="no input 'query'"):
        service.run_service_operation("read_message", query="tea")


def test_an_answer_comes_though_a_model_of_the_search_is_away_and_a_warning_tells(invoke: Invoke, folder: Path) -> None:
    away = {"use": "siliconflow", "api_base": "http://127.0.0.1:9/v1", "api_key": "sk-1", "retries": 0}
    (folder / "away.yaml").write_text(json.dumps({"extends": "embedded", "models": {"embedder": away}}))
    done = invoke("-c", "away.yaml", "chat", "--memories", given="/add_memory I like tea.\nDo I like tea?\n")
    assert done.code == 0
    assert "I like tea." in done.out.splitlines()[-1]
    warnings = [line for line in done.err.splitlines() if line.startswith("Warning: ")]
    assert any("This search was by keyword alone" in line for line in warnings)
    assert not any("sk-1" in line for line in warnings)


def test_what_was_said_is_consolidated_by_a_command(invoke: Invoke) -> None:
    said = "My hobby is playing the guitar.\n/consolidate_memory\n/read_message limit=1\n"
    done = invoke("chat", given=said)
    assert "new observation: User's hobby is playing the guitar. (valid)" in done.out
    assert done.out.rstrip().splitlines()[-1].startswith("[")
    assert "wait to be remembered" not in done.err


def test_the_chat_ends_and_a_message_may_begin_with_a_slash(invoke: Invoke) -> None:
    done = invoke("chat", given="//etc/hosts is a file.\n/exit\nnever said\n")
    assert done.code == 0
    messages = invoke("run", "read_message", "--json").json["messages"]
    assert messages[0]["content"] == "/etc/hosts is a file."
    assert len(messages) == 2
    assert not is_command("//x")
    assert is_command("/x")


def test_stream_and_memories_are_switched() -> None:
    with MemoryEngine() as engine:
        one = obey(engine, None, "/stream", Manner())
        assert one == Manner(stream=False)
        assert obey(engine, None, "/memories", Manner(stream=False)) == Manner(stream=False, memories=True)
        assert obey(engine, None, "/quit", Manner()) is None


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("/list_memori", "Did you mean /list_memory?"),
        ("/consolidate_memory x=1", "has no input 'x'"),
        ("/retrieve_memory", "needs the input 'query'"),
        ('/add_memory content="never closed', "A quote in this line is never closed."),
        ("/list_memory refresh_time=soon", "refresh_time is a number of seconds"),
        ("/delete_all", "/delete_all yes"),
        ("/zzz", "/help lists them."),
    ],
)
def test_what_there_is_not_is_said_in_a_sentence(said: str, told: str, invoke: Invoke) -> None:
    done = invoke("chat", given=f"{said}\n")
    assert done.code == 2
    assert told in done.err
    with MemoryEngine() as engine, pytest.raises(InputError):
        obey(engine, None, said, Manner())


def test_a_list_is_shown_again_until_it_is_interrupted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise KeyboardInterrupt

    with MemoryEngine() as engine:
        engine.user().add("Plays the guitar.")
        monkeypatch.setattr(time, "sleep", sleep)
        assert obey(engine, None, "/list_memory refresh_time=0.5", Manner()) == Manner()
    assert pauses == [0.5] * 3
    assert capsys.readouterr().out.count("Plays the guitar.") == 3


def test_a_chat_in_the_background_runs_the_schedule(invoke: Invoke) -> None:
    done = invoke("chat", "--background", given="My hobby is playing the guitar.\n")
    assert done.code == 0
    assert len(done.out.splitlines()) == 1


def test_the_backend_service_is_started_and_stopped(make_engine: Make) -> None:
    engine = make_engine()
    engine.default_memory_chat.start_backend_service()
    engine.default_memory_service.start_backend_service()
    engine.default_memory_service.stop_backend_service()
    assert engine.run_due() == ()
    with pytest.raises(Exception, match="schedule"):
        make_engine({"extends": "embedded", "schedule": {"consolidate": None, "reflect": None}}).start()
