"""How the time of an event is written into its memory."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from memoryengine.moments import dated, yearly
from memoryengine.times import find_period
from memoryengine.values import Language, Period

SHANGHAI = ZoneInfo("Asia/Shanghai")
SATURDAY = datetime(2024, 10, 26, 21, tzinfo=SHANGHAI)


def period_of(text: str) -> Period:
    found = find_period(text, SATURDAY)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "language", "written"),
    [
        ("User flew home yesterday.", "en", "User flew home yesterday (2024-10-25)."),
        ("User flew home yesterday", "en", "User flew home yesterday (2024-10-25)"),
        ("用户昨天回家了。", "zh", "用户昨天回家了（2024-10-25）。"),
        ("用户下个月去成都！", "zh", "用户下个月去成都（2024年11月）！"),
        ("User swims every day.", "en", "User swims every day."),
        ("User moved on 3 July 2021.", "en", "User moved on 3 July 2021."),
        ("User flew home yesterday (2024-10-25).", "en", "User flew home yesterday (2024-10-25)."),
    ],
)
def test_a_relative_time_gets_its_date_before_the_last_mark(text: str, language: Language, written: str) -> None:
    once = dated(text, period_of(text), language, SHANGHAI)
    assert once == written
    assert dated(once, period_of(text), language, SHANGHAI) == once
    assert once.startswith(text.rstrip(".。！"))


def test_a_birthday_recurs_and_other_days_do_not() -> None:
    day = period_of("on 3 July")
    assert yearly("User's birthday is on 3 July", day, SHANGHAI).recurs == "yearly:07-03"
    assert yearly("用户的生日是7月3日", period_of("7月3日"), SHANGHAI).recurs == "yearly:07-03"
    assert yearly("User flies on 3 July", day, SHANGHAI) == day
    month = period_of("next month")
    assert yearly("User's birthday is next month", month, SHANGHAI) == month
    assert yearly("User celebrated a birthday yesterday", period_of("yesterday"), SHANGHAI).recurs == ""
