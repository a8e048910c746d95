"""How the time of an event is written into the memory of it, so that "next Friday" still says when, years later."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from .times import describe
from .values import Language, Period

_YEAR = re.compile(r"(?:19|20)\d\d|(?:一九|二零|二〇|二十)[〇零一二三四五六七八九]{2}")
_YEARLY = re.compile(r"\b(?:birthday|anniversary)\b|生日|诞辰|纪念日|誕辰|紀念日", re.IGNORECASE)
_NAMED_DAY = re.compile(r"\d|[一二三四五六七八九十]")
_END = re.compile(r"[.。!！…]*\s*\Z")


def yearly(text: str, period: Period, zone: ZoneInfo) -> Period:
    """The period, recurring every year where `text` tells of a birthday or an anniversary on one named day."""
    one_day = period.end - period.start <= timedelta(days=1)
    if period.recurs or not one_day or not _YEARLY.search(text) or not _NAMED_DAY.search(period.text):
        return period
    return replace(period, recurs=f"yearly:{period.start.astimezone(zone):%m-%d}")


def dated(text: str, period: Period, language: Language, zone: ZoneInfo) -> str:
    """The text with the date of `period` in brackets before its last mark.

    A recurring time and one whose words name the year get no brackets: nothing about them depends on when they were
    said. A date that stands in the text already is not written again.
    """
    date = describe(period, language, zone)
    if period.recurs or _YEAR.search(period.text) or date in text:
        return text
    end = _END.search(text)
    cut = end.start() if end else len(text)
    return text[:cut] + (f"（{date}）" if language == "zh" else f" ({date})") + text[cut:]
