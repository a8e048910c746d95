"""The time a statement speaks of, and how its date is added to the text."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from memoryengine import moments
from memoryengine.times import find_period
from memoryengine.values import Language, Period

# A time of day alone says when something is usually done, not on which day.
_OF_DAY = re.compile(
    r"(?:(?:at|around|about|by|before|after|from|to|until|till|in the|the|morning|afternoon|evening|night|noon|"
    r"midnight|"
    r"o'?clock|[ap]\.?m\.?|[\d:.]+|half|past|quarter|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|"
    r"and|-)"
    r"\s*)+"
    r"|(?:早上|早晨|清晨|上午|中午|下午|傍晚|晚上|夜里|凌晨|半夜|深夜|[\d:：]+|[零一二两三四五六七八九十]+|[点點]|分|"
    r"半|[钟鐘]|多|左右|到|至|以|之|前|[后後]|一般|通常|大概|才|就)+",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:19|20)\d\d")
# What holds for years is not a matter of the one in which it was said: 今年30岁 needs its year, 平时 none.
_VAGUE = re.compile(r"(?:平时|平時|周末|週末|weekends?)\Z", re.IGNORECASE)


def dated(text: str, language: Language, said_at: datetime, zone: ZoneInfo) -> tuple[str, Period | None]:
    """The text with the date of a relative expression in brackets, and the period it speaks of, if any."""
    period = find_period(text, said_at.astimezone(zone))
    if period is None or _VAGUE.match(period.text):
        return text, None
    if _OF_DAY.fullmatch(period.text) and not _YEAR.fullmatch(period.text):
        return text, None
    period = moments.yearly(text, period, zone)
    return moments.dated(text, period, language, zone), period
