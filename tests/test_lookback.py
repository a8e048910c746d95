"""The moments of a look back, as callers give them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from memoryengine import MemoryEngine
from memoryengine.beliefs import Then
from memoryengine.errors import InputError
from memoryengine.lookback import looking_back, read_lookback

BERLIN = ZoneInfo("Europe/Berlin")
END = datetime(2024, 3, 31, 22, tzinfo=UTC) - timedelta(microseconds=1)  # a day of 23 hours


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ("2024-03-31", END),
        (" 2024-03-31 ", END),
        ("20240331", END),
        (date(2024, 3, 31), END),
        ("2024-03-31T12:00:00", datetime(2024, 3, 31, 10, tzinfo=UTC)),
        ("2024-03-31 12:00", datetime(2024, 3, 31, 10, tzinfo=UTC)),
        ("2024-03-31T12:00:00Z", datetime(2024, 3, 31, 12, tzinfo=UTC)),
        ("2024-03-31T12:00:00+08:00", datetime(2024, 3, 31, 4, tzinfo=UTC)),
        (datetime(2024, 3, 31, 12), datetime(2024, 3, 31, 10, tzinfo=UTC)),
        (datetime(2024, 3, 31, 12, tzinfo=UTC), datetime(2024, 3, 31, 12, tzinfo=UTC)),
    ],
)
def test_a_moment_is_itself_and_a_date_the_end_of_its_day(given: object, moment: datetime) -> None:
    read = read_lookback("as_of", given, BERLIN)
    assert read == moment
    assert read.tzinfo == UTC


@pytest.mark.parametrize(
    "given",
    ["", "May", "2024-13-01", "2024-02-30", 7, 1.5, ["2024-01-01"], "9999-12-31", "0001-01-01", datetime.max, True],
)
def test_anything_else_is_refused_with_what_is_allowed(given: object) -> None:
    with pytest.raises(InputError, match=r"'known_at' must be a moment .* end of that day, .* it is") as raised:
        read_lookback("known_at", given, BERLIN)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
    assert len(str(raised.value)) < 300


def test_an_operation_that_reads_looks_back_and_one_that_writes_does_not() -> None:
    engine = MemoryEngine()
    reads, writes = engine.plan("list_memory"), engine.plan("delete_all")
    given = {"kind": "insight", "as_of": "2024-03-31", "known_at": None}
    assert looking_back(reads, given, BERLIN) == ({"kind": "insight"}, Then(as_of=END))
    assert looking_back(reads, {"known_at": END}, BERLIN) == ({}, Then(known_at=END))
    assert looking_back(writes, {"with_messages": True, "as_of": None}, BERLIN) == ({"with_messages": True}, Then())
    with pytest.raises(InputError, match=r"'delete_all' changes memory, .* look back; leave out as_of and known_at\."):
        looking_back(writes, {"as_of": END, "known_at": END}, BERLIN)


def test_what_a_workflow_declares_by_such_a_name_is_its_own(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "operation: told_of\ninputs: [as_of]\noutputs: [memories]\n"
        "steps:\n  - list_memories: {in: {kind: as_of, expired: null, limit: null}}\n"
    )
    engine = MemoryEngine({"extends": "embedded", "workflows": [str(tmp_path)]})
    plan = engine.plan("told_of")
    assert looking_back(plan, {"as_of": "insight"}, BERLIN) == ({"as_of": "insight"}, Then())
    assert engine.user("ann").run("told_of", as_of="insight", known_at="2024-01-01").memories == ()
    assert looking_back(plan, {"as_of": "x", "known_at": END}, BERLIN) == ({"as_of": "x"}, Then(known_at=END))
