"""The days of festivals: fixed dates, the nth weekday of a month, Easter, and the Chinese lunar calendar.

The lunar dates come from borax, which knows the years 1900 to 2100 and is loaded with the first lunar festival that
is asked for.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from .dates import Span, days, nth_weekday

FIXED = {
    "new year": (1, 1),
    "valentine": (2, 14),
    "women": (3, 8),
    "arbor": (3, 12),
    "st patrick": (3, 17),
    "april fools": (4, 1),
    "labour": (5, 1),
    "youth": (5, 4),
    "children": (6, 1),
    "independence": (7, 4),
    "party founding": (7, 1),
    "army": (8, 1),
    "teachers": (9, 10),
    "national": (10, 1),
    "halloween": (10, 31),
    "singles": (11, 11),
    "christmas eve": (12, 24),
    "christmas": (12, 25),
    "boxing": (12, 26),
    "new year eve": (12, 31),
}
_NTH = {"mother": (5, 7, 2), "father": (6, 7, 3), "thanksgiving": (11, 4, 4)}
LUNAR = {
    "spring festival": (1, 1),
    "lantern": (1, 15),
    "dragon boat": (5, 5),
    "qixi": (7, 7),
    "ghost": (7, 15),
    "mid-autumn": (8, 15),
    "double ninth": (9, 9),
    "laba": (12, 8),
}

EN_NAMES = {
    r"new year'?s eve": "new year eve",
    r"new year'?s day|new year'?s|new year": "new year",
    r"valentine'?s(?: day)?|valentine day": "valentine",
    r"(?:international )?women'?s day": "women",
    r"st\.? patrick'?s(?: day)?": "st patrick",
    r"april fool'?s'?(?: day)?": "april fools",
    r"labou?r day|may day": "labour",
    r"children'?s day": "children",
    r"independence day|(?:the )?fourth of july": "independence",
    r"halloween": "halloween",
    r"singles'? day": "singles",
    r"christmas eve|xmas eve": "christmas eve",
    r"christmas(?: day)?|xmas(?: day)?": "christmas",
    r"boxing day": "boxing",
    r"mother'?s day": "mother",
    r"father'?s day": "father",
    r"thanksgiving(?: day)?": "thanksgiving",
    r"black friday": "black friday",
    r"easter monday": "easter monday",
    r"good friday": "good friday",
    r"easter(?: sunday)?": "easter",
    r"spring festival|(?:the )?chinese new year|(?:the )?lunar new year": "spring festival",
    r"lantern festival": "lantern",
    r"dragon boat festival": "dragon boat",
    r"mid-?\s?autumn(?: festival)?": "mid-autumn",
    r"double ninth(?: festival)?": "double ninth",
}
ZH_NAMES = {
    "元旦节?|新年": "new year",
    "情人节": "valentine",
    "三八节|三八妇女节|妇女节": "women",
    "植树节": "arbor",
    "愚人节": "april fools",
    "五一(?:劳动节|假期|长假|节|黄金周)?|劳动节": "labour",
    "五四青年节|青年节": "youth",
    "六一(?:儿童节)?|儿童节": "children",
    "建党节|党的生日": "party founding",
    "建军节": "army",
    "教师节": "teachers",
    "国庆(?:节|假期|长假)?|十一(?:假期|长假|黄金周)": "national",
    "万圣节前?夜?": "halloween",
    "双十一|双11|光棍节": "singles",
    "平安夜": "christmas eve",
    "圣诞(?:节|夜)?": "christmas",
    "跨年(?:夜|那天|当天)": "new year eve",
    "母亲节": "mother",
    "父亲节": "father",
    "感恩节": "thanksgiving",
    "复活节": "easter",
    "清明节?": "qingming",
    "除夕夜?|大年三十|年三十|年夜": "lunar new year eve",
    "春节|大年初一|农历新年": "spring festival",
    "元宵节?": "lantern",
    "端午节?": "dragon boat",
    "七夕节?": "qixi",
    "中元节": "ghost",
    "中秋节?": "mid-autumn",
    "重阳节?": "double ninth",
    "腊八节?": "laba",
}


@lru_cache(maxsize=512)
def _lunar(year: int, month: int, day: int) -> date | None:
    from borax.calendars.lunardate import LunarDate  # type: ignore[import-untyped]

    if not 1900 <= year <= 2100:
        return None
    try:
        found: date = LunarDate(year, month, day).to_solar_date()
    except ValueError:  # a month of 29 days has no 30th
        return None
    return found


def _lunar_day(year: int, month: int, day: int) -> date | None:
    """The day of a lunar date that lies in a calendar year; the last lunar months reach into the next one."""
    found = (_lunar(lunar_year, month, day) for lunar_year in (year, year - 1))
    return next((date for date in found if date and date.year == year), None)


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (anonymous algorithm, Meeus 1991, ch. 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * k) // 451
    month, day = divmod(h + k - 7 * m + 114, 31)
    return date(year, month, day + 1)


def _qingming(year: int) -> date | None:
    """The solar term Clear and Bright: 4, 5 or 6 April, by the common formula for 1900 to 2099."""
    if not 1900 <= year < 2100:
        return None
    y, base = year % 100, 5.59 if year < 2000 else 4.81
    return date(year, 4, int(y * 0.2422 + base) - y // 4)


def _moving(name: str, year: int) -> date | None:
    if name.startswith("lunar:"):
        return _lunar_day(year, *map(int, name[6:].split("-")))
    if name in LUNAR:
        return _lunar_day(year, *LUNAR[name])
    if name == "lunar new year eve":
        first = _lunar(year, 1, 1)
        return first and first - timedelta(days=1)
    if name == "black friday":
        return nth_weekday(year, 11, 4, 4).start.date() + timedelta(days=1)
    if name == "qingming":
        return _qingming(year)
    return _easter(year) + timedelta(days={"good friday": -2, "easter": 0, "easter monday": 1}[name])


def festival(name: str, year: int) -> Span | None:
    """The day of a festival in a calendar year, or None where it is not known."""
    if name in FIXED:
        return days(date(year, *FIXED[name]), date(year, *FIXED[name]))
    if name in _NTH:
        return nth_weekday(year, *_NTH[name])
    found = _moving(name, year)
    return days(found, found) if found else None
