from __future__ import annotations

import random
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from memoryengine.errors import InputError
from memoryengine.times import describe, find_period, find_periods, has_time, overlaps, recurrences, stamp
from memoryengine.values import Language, Period

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")
UTC_ZONE = ZoneInfo("UTC")
AT = datetime(2024, 10, 23, 15, 0, tzinfo=SHANGHAI)


def day(text: str, count: int = 1, zone: ZoneInfo = SHANGHAI, recurs: str = "") -> Period:
    """So many whole days from a date on."""
    start = datetime.fromisoformat(text)
    return Period(start.replace(tzinfo=zone), (start + timedelta(days=count)).replace(tzinfo=zone), recurs)


def days_of(text: str, at: datetime, *, past: bool | None = None) -> list[str]:
    """Each found period as its first and last day in its own zone."""
    found = find_periods(text, at, past=past)
    return [f"{p.start:%Y-%m-%d}..{p.end - timedelta(microseconds=1):%Y-%m-%d}" for p in found]


def one_day(text: str, at: str, *, past: bool | None = None) -> str:
    """The day that an expression means, said at noon of a date in Shanghai."""
    (found,) = days_of(text, datetime.fromisoformat(f"{at}T12:00:00").replace(tzinfo=SHANGHAI), past=past)
    first, _, last = found.partition("..")
    return first if first == last else found


@pytest.mark.parametrize(
    ("text", "said", "expected"),
    [
        ("last Friday", "2024-10-25", "2024-10-18"),  # said on a Friday
        ("last Friday", "2024-10-26", "2024-10-25"),  # on the day after it
        ("this Friday", "2024-10-25", "2024-10-25"),
        ("next Friday", "2024-10-25", "2024-11-01"),
        ("next Monday", "2024-10-27", "2024-10-28"),  # on a Sunday
        ("上周五", "2024-10-25", "2024-10-18"),
        ("上周五", "2024-10-26", "2024-10-18"),
        ("上周日", "2024-10-27", "2024-10-20"),
        ("这周日", "2024-10-27", "2024-10-27"),
        ("下周一", "2024-10-27", "2024-10-28"),
        ("last week", "2024-10-27", "2024-10-14..2024-10-20"),
        ("last week", "2024-10-28", "2024-10-21..2024-10-27"),
        ("last weekend", "2024-10-27", "2024-10-19..2024-10-20"),
        ("this week", "2025-01-01", "2024-12-30..2025-01-05"),  # over the year
        ("last month", "2025-01-15", "2024-12-01..2024-12-31"),
        ("next month", "2024-12-31", "2025-01-01..2025-01-31"),
        ("yesterday", "2025-01-01", "2024-12-31"),
        ("昨天", "2024-03-01", "2024-02-29"),
        ("tomorrow", "2023-02-28", "2023-03-01"),
        ("the past month", "2024-03-31", "2024-02-29..2024-03-31"),  # a month's end
        ("近一个月", "2023-03-31", "2023-02-28..2023-03-31"),
        ("one month ago", "2024-03-31", "2024-02-01..2024-02-29"),
        ("去年今天", "2024-02-29", "2023-02-28"),
        ("last quarter", "2025-02-10", "2024-10-01..2024-12-31"),
        ("on 29 February", "2023-06-01", "2024-02-29"),
        ("this winter", "2025-01-10", "2024-12-01..2025-02-28"),
        ("last winter", "2025-01-10", "2023-12-01..2024-02-29"),
        ("从12月到2月", "2024-11-20", "2024-12-01..2025-02-28"),
        ("this New Year's Eve", "2025-01-01", "2024-12-31"),
        ("this Christmas", "2024-07-01", "2024-12-25"),
    ],
)
def test_the_moment_decides(text: str, said: str, expected: str) -> None:
    assert one_day(text, said) == expected
    (period,) = find_periods(text, datetime.fromisoformat(f"{said}T23:59:59").replace(tzinfo=SHANGHAI))
    assert period.start < period.end
    assert period.text in text


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("on 3 July", "2024-07-03", "2025-07-03"),
        ("on 23 October", "2024-10-23", "2024-10-23"),  # today counts for a date
        ("Friday", "2024-10-18", "2024-10-25"),
        ("周三", "2024-10-16", "2024-10-30"),  # and not for a weekday
        ("in April", "2024-04-01..2024-04-30", "2025-04-01..2025-04-30"),
        ("十月", "2024-10-01..2024-10-31", "2024-10-01..2024-10-31"),
        ("三号", "2024-10-03", "2024-11-03"),
        ("圣诞节", "2023-12-25", "2024-12-25"),
        ("weekend", "", ""),
        ("yesterday", "2024-10-22", "2024-10-22"),
    ],
)
def test_the_caller_decides_the_direction(text: str, before: str, after: str) -> None:
    if not before:
        assert find_periods(text, AT, past=True) == find_periods(text, AT, past=False) == ()
        assert find_period(text, AT) is None
        return
    assert one_day(text, "2024-10-23", past=True) == before
    assert one_day(text, "2024-10-23", past=False) == after
    assert find_period(text, AT, past=True) == find_periods(text, AT, past=True)[0]


def test_the_nearest_hint_of_the_sentence_decides_the_tense() -> None:
    text = "I saw Ann on Friday, and on Friday I will see Bob. Ben went home."
    assert days_of(text, AT) == ["2024-10-18..2024-10-18", "2024-10-25..2024-10-25"]
    assert days_of("周五见了安。周五将见本。", AT) == ["2024-10-18..2024-10-18", "2024-10-25..2024-10-25"]
    assert days_of("通过考试，周五开会", AT) == ["2024-10-25..2024-10-25"]


def test_days_begin_at_local_midnight_whatever_the_clocks_do() -> None:
    at = datetime(2024, 3, 11, 9, 0, tzinfo=NEW_YORK)  # the day after the clocks went forward
    (spring,) = find_periods("yesterday", at)
    assert (spring.start.isoformat(), spring.end.isoformat()) == (
        "2024-03-10T00:00:00-05:00",
        "2024-03-11T00:00:00-04:00",
    )
    assert spring.end.astimezone(UTC) - spring.start.astimezone(UTC) == timedelta(hours=23)
    (autumn,) = find_periods("on 3 November", datetime(2024, 11, 4, 9, 0, tzinfo=NEW_YORK))
    assert autumn.end.astimezone(UTC) - autumn.start.astimezone(UTC) == timedelta(hours=25)
    (skipped,) = find_periods("yesterday at 02:30", at)
    assert skipped.end.astimezone(UTC) - skipped.start.astimezone(UTC) == timedelta(minutes=1)
    assert f"{skipped.start:%H:%M}" == "03:30"


def test_the_zone_is_that_of_the_moment_or_the_one_given() -> None:
    late = datetime(2024, 10, 22, 20, 0, tzinfo=UTC)  # the 23rd already in Shanghai
    assert days_of("today", late) == ["2024-10-22..2024-10-22"]
    (period,) = find_periods("today", late, SHANGHAI)
    assert period.start == datetime(2024, 10, 23, tzinfo=SHANGHAI)
    assert period == find_period("today", late.astimezone(SHANGHAI))
    fixed = timezone(timedelta(hours=-3))
    assert find_periods("today", AT.astimezone(fixed))[0].start == datetime(2024, 10, 23, tzinfo=fixed)


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(InputError, match="no time zone"):
        find_periods("today", datetime(2024, 10, 23))
    with pytest.raises(InputError, match="aware datetime"):
        find_period("no time here", datetime(2024, 10, 23))
    assert has_time("today")


@pytest.mark.parametrize(
    ("text", "main"),
    [
        ("I have been busy lately, but yesterday I rested.", "yesterday"),
        ("最近很忙，上周五才休息", "上周五"),
        ("最近很忙", "最近"),
        ("A few days ago, in 2021", "2021"),
        ("Last week I bought a ticket for tomorrow", "Last week"),
        ("每周五弹吉他", "每周五"),
    ],
)
def test_the_main_period_is_the_first_that_is_not_vague(text: str, main: str) -> None:
    period = find_period(text, AT)
    assert period is not None
    assert period.text == main
    assert period in find_periods(text, AT)


def test_a_text_without_time_has_no_period() -> None:
    for text in ("", "hello", "你好", "I may go", "日本", "an apple a day", "24/7"):
        assert find_period(text, AT) is None
        assert not has_time(text)
        assert find_periods(text, AT) == ()


def test_the_text_of_a_period_is_as_it_was_written() -> None:
    texts = {p.text for p in find_periods("İ went LAST  Friday；２０２３年７月３日，上週五", AT)}
    assert texts == {"LAST  Friday", "２０２３年７月３日", "上週五"}
    assert [p.text for p in find_periods("since Monday I rest, 直到周五", AT)] == ["since Monday", "直到周五"]


def test_far_and_impossible_times_are_left_out() -> None:
    far = ("in 9999 years", "99999999 days ago", "999999999999 weeks ago", "九千万年前", "2500年春节")
    missing = ("31 June", "2023-02-30", "2024年农历六月三十", "29 February 2023")
    for text in far + missing:
        assert find_periods(text, AT) == ()
    for at in (datetime(1, 1, 1, tzinfo=SHANGHAI), datetime(9999, 12, 31, 23, 59, tzinfo=NEW_YORK)):
        for text in ("yesterday", "tomorrow", "last year", "下个月", "every Monday", "on 3 July", "周五", "in 3 hours"):
            assert all(p.start < p.end for p in find_periods(text, at))
    assert find_periods("yesterday", datetime(1, 1, 1, tzinfo=SHANGHAI)) == ()


WORDS = """
yesterday last next this every Friday May 3 15th of July 2023 at 3pm to from between and since until before after week
month year ago in two the early end morning spring Christmas 7/3 2023-07-03 12:30 past few days weekend 99999999
昨天 上 下 周 五 一 三 月 日 号 年 前 后 每 天 到
至 从 2023年 7月 晚上 点 半 春节 去年 底 初 内 来 最近 的 两 个 十 了 农历 腊月 第一周
"""


def test_any_words_in_any_order_give_sound_periods() -> None:
    rng = random.Random(11)
    seen = 0
    for _ in range(3_000):
        words = rng.choices(WORDS.split(), k=rng.randint(1, 9))
        text = rng.choice(("", " ")).join(words)
        found = find_periods(text, AT, past=rng.choice((None, True, False)))
        seen += len(found)
        assert all(p.start.astimezone(UTC) < p.end.astimezone(UTC) for p in found)
        assert all(p.text and p.text in text and p.start.tzinfo is SHANGHAI for p in found)
        assert has_time(text) or not found
        for period in found:
            assert describe(period, "zh", SHANGHAI)
            assert set(recurrences(period)) != set()
    assert seen > 1_000


def test_any_unicode_is_read_without_an_error() -> None:
    rng = random.Random(13)
    pools = (range(0x250), range(0x2000, 0x3100), range(0x4E00, 0xA000), range(0xD700, 0xE100), range(0x110000))
    for _ in range(200):
        noise = "".join(chr(rng.choice(rng.choice(pools))) for _ in range(200))
        found = find_periods(noise + "yesterday" + noise, AT)
        assert all(p.start < p.end for p in found)
        assert "yesterday" in noise + "yesterday" + noise
        assert has_time(noise) in (True, False)


@pytest.mark.parametrize(
    "unit",
    [
        "the day I may go at 3 to the week before ", "yesterday ", "7/3 1:1 2024 ", "每周一年月日前后", "1年三月",
        "every last ", "in" + " " * 500, "x", "上周五到周日", "Mr. May went to the 3rd of a few ", "1" * 50,
    ],
)  # fmt: skip
def test_a_megabyte_is_read_in_two_seconds(unit: str) -> None:
    text = unit * (1_000_000 // len(unit.encode()))
    begin = time.process_time()
    found = find_periods(text, AT)
    has_time(text)
    assert time.process_time() - begin < 2
    assert len(found) <= 1_000
    assert len(text.encode()) > 990_000


def test_importing_compiles_no_grammar_and_loads_no_lunar_calendar() -> None:
    code = (
        "import sys, memoryengine.times as t; from memoryengine.times.english import english as e;"
        "print('borax' in sys.modules, 'compiled' in vars(e))"
    )
    out = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["False", "False"]
    assert out.stderr == ""
    assert find_periods("今年春节", AT)[0].start == datetime(2024, 2, 10, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("text", "english", "chinese"),
    [
        ("yesterday", "2024-10-22", "2024-10-22"),
        ("last month", "September 2024", "2024年9月"),
        ("last year", "2023", "2023年"),
        ("last week", "2024-10-14 to 2024-10-20", "2024-10-14 至 2024-10-20"),
        ("tonight", "2024-10-23 18:00-24:00", "2024-10-23 18:00-24:00"),
        ("at 3pm", "2024-10-23 15:00", "2024-10-23 15:00"),
        ("every 28 April", "every 28 April", "每年4月28日"),
        ("every April", "every April", "每年4月"),
        ("每周五下午三点", "every Friday 15:00", "每周五 15:00"),
        ("every day", "every day", "每天"),
        ("每月15号", "day 15 of every month", "每月15日"),
    ],
)
def test_describe(text: str, english: str, chinese: str) -> None:
    period = find_period(text, AT)
    assert period is not None
    assert describe(period, "en", SHANGHAI) == english
    assert describe(period, "zh", SHANGHAI) == chinese
    in_utc = Period(period.start.astimezone(UTC), period.end.astimezone(UTC), period.recurs)
    assert describe(in_utc, "zh", SHANGHAI) == chinese


@pytest.mark.parametrize(
    ("language", "expected"), [("zh", "2024-10-26 21:26:20 周六"), ("en", "2024-10-26 21:26:20 Saturday")]
)
def test_stamp(language: Language, expected: str) -> None:
    moment = datetime(2024, 10, 26, 13, 26, 20, 999, tzinfo=UTC)
    assert stamp(moment, language, SHANGHAI) == expected
    assert stamp(moment.astimezone(NEW_YORK), language, SHANGHAI) == expected
    assert stamp(moment, language, UTC_ZONE).startswith("2024-10-26 13:26:20 ")


def test_recurrences_of_a_day_and_of_a_month() -> None:
    assert recurrences(day("2024-04-28")) == ("daily", "weekly:7", "monthly:28", "yearly:04-28", "yearly:04")
    april = set(recurrences(day("2024-04-01", 30)))
    assert {"daily", "yearly:04-28", "yearly:04", "weekly:1", "monthly:30"} <= april
    assert not april & {"yearly:05", "yearly:03-31", "monthly:31"}
    assert recurrences(day("2024-04-28", recurs="yearly:04-28")) == ("yearly:04-28",)


def test_recurrences_follow_the_local_days_and_stay_complete_and_bounded() -> None:
    in_utc = Period(datetime(2024, 4, 27, 16, tzinfo=UTC), datetime(2024, 4, 28, 16, tzinfo=UTC))
    assert "yearly:04-28" in recurrences(in_utc, SHANGHAI)
    assert "yearly:04-27" not in recurrences(in_utc, SHANGHAI)
    assert {"yearly:04-27", "yearly:04-28"} <= set(recurrences(in_utc))
    everything = recurrences(day("1900-01-01", 60_000))
    assert len(everything) == 1 + 7 + 31 + 366 + 12
    assert "yearly:02-29" in everything


EVERY_APRIL_28 = day("2025-04-28", recurs="yearly:04-28")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (day("2024-04-28"), day("2024-04-28"), True),
        (day("2024-04-28"), day("2024-04-29"), False),  # the end is not part of it
        (day("2024-04-01", 30), EVERY_APRIL_28, True),
        (day("1999-04-28"), EVERY_APRIL_28, True),  # past occurrences count
        (day("2024-05-01", 31), EVERY_APRIL_28, False),
        (day("2024-10-21", recurs="weekly:1"), day("2024-11-04"), True),
        (day("2024-10-21", recurs="weekly:1"), day("2024-11-05"), False),
        (day("2024-10-26", 2, recurs="weekly:6"), day("2024-11-03"), True),  # a weekend is two days long
        (day("2024-10-26", 2, recurs="weekly:6"), day("2024-11-04"), False),
        (day("2024-10-31", recurs="monthly:31"), day("2024-12-31"), True),
        (day("2024-10-31", recurs="monthly:31"), day("2024-11-01", 30), False),
        (day("2024-02-29", recurs="yearly:02-29"), day("2028-02-29"), True),
        (day("2024-02-29", recurs="yearly:02-29"), day("2027-01-01", 365), False),
        (day("2025-06-01", 92, recurs="yearly:06"), day("2023-08-15"), True),  # every summer
        (day("2025-06-01", 92, recurs="yearly:06"), day("2023-09-15"), False),
        (day("2025-12-01", 90, recurs="yearly:12"), day("2024-02-10"), True),  # a winter over the year
        (day("2024-10-24", recurs="daily"), day("1980-01-01"), True),
        (day("2024-10-21", recurs="weekly:1"), EVERY_APRIL_28, True),
        (day("2024-10-21", recurs="weekly:1"), day("2024-10-22", recurs="weekly:2"), False),
        (EVERY_APRIL_28, day("2025-04-29", recurs="yearly:04-29"), False),
    ],
)
def test_overlaps_both_ways(one: Period, other: Period, expected: bool) -> None:
    assert overlaps(one, other) is expected
    assert overlaps(other, one) is expected
    assert overlaps(one, one)


def test_a_recurrence_kept_in_utc_keeps_its_local_day() -> None:
    start, end = EVERY_APRIL_28.start.astimezone(UTC), EVERY_APRIL_28.end.astimezone(UTC)
    kept = Period(start, end, "yearly:04-28")
    assert overlaps(kept, day("2023-04-28"))
    assert not overlaps(kept, day("2023-04-27"))
    assert not overlaps(kept, day("2023-04-29"))
    monthly = Period(datetime(2024, 10, 30, 16, tzinfo=UTC), datetime(2024, 10, 31, 16, tzinfo=UTC), "monthly:31")
    assert overlaps(monthly, day("2024-12-31"))
    assert not overlaps(monthly, day("2024-12-30"))


def test_an_expression_and_a_question_meet() -> None:
    (birthday,) = find_periods("Our anniversary is every 28 April", AT)
    (asked,) = find_periods("What was in April 2024?", AT)
    assert overlaps(birthday, asked)
    assert birthday.recurs in recurrences(asked)
    (other,) = find_periods("What was in May 2024?", AT)
    assert not overlaps(birthday, other)
    assert birthday.recurs not in recurrences(other)
