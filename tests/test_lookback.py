"""The moments of a look back, as callers give them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from memoryengine.errors import InputError
from memoryengine.lookback import read_lookback, with_moments

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
    assert with_moments({"as_of": given, "query": given}, BERLIN) == {"as_of": moment, "query": given}


@pytest.mark.parametrize(
    "given",
    ["", "May", "2024-13-01", "2024-02-30", 7, 1.5, ["2024-01-01"], "9999-12-31", "0001-01-01", datetime.max, True],
)
def test_anything_else_is_refused_with_what_is_allowed(given: object) -> None:
    with pytest.raises(InputError, match=r"'known_at' must be a moment .* end of that day, .* it is") as raised:
        read_lookback("known_at", given, BERLIN)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
    assert len(str(raised.value)) < 300


def test_nothing_given_is_now() -> None:
    assert with_moments({"as_of": None, "known_at": None}, BERLIN) == {"as_of": None, "known_at": None}
    assert with_moments({}, BERLIN) == {}
    assert with_moments({"asked_at": "2024-01-01"}, BERLIN) == {"asked_at": "2024-01-01"}
