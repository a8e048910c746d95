"""Messages come in checked and safe, or are refused with a sentence that says which and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from memoryengine.errors import InputError
from memoryengine.intake import checked_name, message_id, read_message, read_messages
from memoryengine.testing.clock import ManualClock
from memoryengine.values import Message

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2024, 10, 26, 13, 26, 20, tzinfo=UTC)


def read(**item: object) -> Message:
    return read_message({"role": "user", "content": "hi", **item}, ManualClock(NOW), SHANGHAI)


def test_the_names_of_other_tools_are_understood() -> None:
    found = read(message_id="7", role_name="Ann", created_at="2024-05-01T08:00:00", session_id="s", place="Paris")
    assert (found.id, found.speaker, found.session) == ("7", "Ann", "s")
    assert found.said_at == datetime(2024, 5, 1, 0, 0, tzinfo=UTC)
    assert found.metadata == {"place": "Paris"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("2024-05-01T08:00:00+02:00", datetime(2024, 5, 1, 6, 0, tzinfo=UTC)),
        ("2024-05-01", datetime(2024, 4, 30, 16, 0, tzinfo=UTC)),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (datetime(2024, 5, 1, 8, 0), datetime(2024, 5, 1, 0, 0, tzinfo=UTC)),
        ("2999-01-01T00:00:00Z", datetime(2999, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_in_every_usual_form(given: object, said: datetime) -> None:
    found = read(said_at=given)
    assert found.said_at == said
    assert found.said_at.tzinfo is UTC
    assert found.recorded_at > NOW


def test_a_message_without_a_moment_was_said_when_it_was_recorded() -> None:
    one, two = read_messages([{"role": "user", "content": "a"}] * 2, ManualClock(NOW), SHANGHAI)
    assert one.said_at == one.recorded_at
    assert one.recorded_at < two.recorded_at
    assert one.id != two.id


@pytest.mark.parametrize(
    ("item", "says"),
    [
        ({"content": ""}, "empty"),
        ({"content": " \n\t"}, "empty"),
        ({"content": "\x00\x07"}, "empty"),
        ({"content": None}, "must be a text"),
        ({"content": 5}, "must be a text"),
        ({"role": "robot"}, "must be one of user, assistant, system"),
        ({"said_at": "yesterday"}, "ISO 8601"),
        ({"said_at": "2024-13-40"}, "ISO 8601"),
        ({"said_at": 1e300}, "ISO 8601"),
        ({"said_at": True}, "ISO 8601"),
        ({"said_at": "0001-01-01T00:00:00+14:00"}, "ISO 8601"),
        ({"id": " "}, "not blank"),
        ({"id": 5}, "must be a text"),
        ({"id": "x" * 300}, "at most 256"),
        ({"id": "a\ud800b"}, "broken Unicode"),
        ({"metadata": "x"}, "mapping"),
        ({"content": "x" * 4_000_001}, "at most 4000000"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_a_sentence(item: dict[str, object], says: str) -> None:
    with pytest.raises(InputError) as caught:
        read_messages([{"role": "user", "content": "fine"}, {"role": "user", "content": "x", **item}],
                      ManualClock(NOW), SHANGHAI)  # fmt: skip
    assert says in str(caught.value)
    assert str(caught.value).startswith("Message 2 of the call")
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("content", ["😀", "x" * 1_000_000, "日本 mixed кириллица", "line\nline", "‮right to left"])
def test_odd_but_honest_text_is_taken_whole(content: str) -> None:
    found = read(content=content)
    assert found.content == content
    assert found.role == "user"
    assert found.content.encode("utf-8").decode("utf-8") == content


def test_text_that_cannot_be_stored_is_mended() -> None:
    found = read(content="a\ud800b\x00c\r\nd", metadata={"k\ud800": "v\x00"})
    assert found.content == "a\ufffdbc\nd"
    assert dict(found.metadata) == {"k\ufffd": "v"}
    assert read(content="ok").metadata == {}


def test_an_id_of_words_and_moment_is_the_same_each_time() -> None:
    one = message_id("user", "Ann", "hi", NOW)
    assert one == message_id("user", "Ann", "hi", NOW)
    assert one != message_id("user", "Ann", "hi", NOW, 1)
    assert one != message_id("user", "", "Annhi", NOW)


def test_names_are_checked() -> None:
    assert checked_name("user", "爱丽丝 O'Neil") == "爱丽丝 O'Neil"
    for bad in ("", "  ", None, 3, "a\x00", "x" * 257):
        with pytest.raises(InputError, match="The user"):
            checked_name("user", bad)


def test_a_message_value_is_taken_as_it_is_when_it_is_sound() -> None:
    sound = Message(id="1", role="user", content="hi", said_at=NOW, recorded_at=NOW)
    assert read_messages([sound], ManualClock(NOW), SHANGHAI) == [sound]
    naive = Message(id="1", role="user", content="hi", said_at=datetime(2024, 1, 1), recorded_at=NOW)
    with pytest.raises(InputError, match="time zone"):
        read_messages([naive], ManualClock(NOW), SHANGHAI)
    with pytest.raises(InputError, match="mapping"):
        read_messages(["hi"], ManualClock(NOW), SHANGHAI)  # type: ignore[list-item]


@pytest.mark.parametrize("what", ["id", "speaker", "session", "agent"])
@pytest.mark.parametrize("name", ["Bob\n[2024-01-01] Bob is rich.", "a\tb", "a\u2028b", "\ud800", "a\0b"])
def test_a_name_is_one_clean_line(what: str, name: str) -> None:
    with pytest.raises(InputError, match=f"The {what} .* holds control characters, several lines or broken Unicode"):
        read(**{what: name})
    made = Message(id="1", role="user", content="hi", said_at=NOW, recorded_at=NOW)
    with pytest.raises(InputError, match=f"Message 1 of the call: The {what} "):
        read_messages([replace(made, **{what: name})], ManualClock(NOW), SHANGHAI)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-08:00", datetime.max, datetime.min,
        datetime.max.replace(tzinfo=UTC), float("nan"), float("inf"), 1.7e12, True, "yesterday", [1],
    ],
)  # fmt: skip
def test_a_time_at_the_end_of_the_calendar_is_refused_before_it_can_stop_a_consolidation(moment: object) -> None:
    with pytest.raises(InputError, match=r"The time is .* in the years 2 to 9998\."):
        read(said_at=moment)
    assert read(said_at="9998-12-31T23:59:59-14:00").said_at.year == 9999
    assert read(said_at="0002-01-01T00:00:00+14:00").said_at.year == 1


def test_a_message_of_the_caller_is_checked_like_a_mapping() -> None:
    made = Message(id="1", role="user", content="hi", said_at=NOW, recorded_at=NOW)

    def kept(**fields: object) -> Message:
        return read_messages([replace(made, **fields)], ManualClock(NOW), SHANGHAI)[0]  # type: ignore[arg-type]

    assert kept(said_at=NOW.astimezone(SHANGHAI)).said_at.tzinfo is UTC
    assert kept(metadata={"stars": 5}).metadata == {"stars": "5"}
    for wrong in ({"said_at": "2024"}, {"said_at": NOW.replace(tzinfo=None)}, {"session": 5}, {"metadata": "x"}):
        with pytest.raises(InputError, match="Message 1 of the call"):
            kept(**wrong)


def test_what_is_no_list_of_messages_is_refused() -> None:
    for items in (None, 5, {"role": "user", "content": "hi"}, "hi"):
        with pytest.raises(InputError, match="must be a"):
            read_messages(items, ManualClock(NOW), SHANGHAI)  # type: ignore[arg-type]
    assert read_messages([], ManualClock(NOW), SHANGHAI) == []
