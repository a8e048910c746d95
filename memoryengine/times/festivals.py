"""The days of festivals: fixed dates, the nth weekday of a month, Easter, and the Chinese lunar calendar.

The lunar dates come from borax, which knows the years 1900 to 2100 and is loaded with the first lunar festival that
is asked for.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from .dates import DAY, Span, days, nth_weekday

FIXED = {
    "new year": (1, 1),
    "epiphany": (1, 6),
    "groundhog": (2, 2),
    "valentine": (2, 14),
    "women": (3, 8),
    "arbor": (3, 12),
    "st patrick": (3, 17),
    "april fools": (4, 1),
    "earth": (4, 22),
    "labour": (5, 1),
    "youth": (5, 4),
    "cinco de mayo": (5, 5),
    "nurses": (5, 12),
    "children": (6, 1),
    "juneteenth": (6, 19),
    "party founding": (7, 1),
    "independence": (7, 4),
    "army": (8, 1),
    "teachers": (9, 10),
    "national": (10, 1),
    "programmers": (10, 24),
    "halloween": (10, 31),
    "all saints": (11, 1),
    "bonfire": (11, 5),
    "singles": (11, 11),
    "double twelve": (12, 12),
    "christmas eve": (12, 24),
    "christmas": (12, 25),
    "boxing": (12, 26),
    "new year eve": (12, 31),
}
_NTH = {
    "king": (1, 1, 3),
    "presidents": (2, 1, 3),
    "mother": (5, 7, 2),
    "memorial": (5, 1, -1),
    "father": (6, 7, 3),
    "american labour": (9, 1, 1),
    "columbus": (10, 1, 2),
    "thanksgiving": (11, 4, 4),
}
# So many days before or after another festival.
_BESIDE = {
    "lunar new year eve": ("spring festival", -1),
    "black friday": ("thanksgiving", 1),
    "cyber monday": ("thanksgiving", 4),
    "mardi gras": ("easter", -47),
    "ash wednesday": ("easter", -46),
    "palm sunday": ("easter", -7),
    "good friday": ("easter", -2),
    "easter monday": ("easter", 1),
    "pentecost": ("easter", 49),
}
# The free days around a festival: the one that they begin with, and how many there are.
_HOLIDAYS = {
    "national holidays": ("national", 7),
    "spring holidays": ("lunar new year eve", 8),
    "labour holidays": ("labour", 5),
    "new year holidays": ("new year", 3),
    "qingming holidays": ("qingming", 3),
    "dragon boat holidays": ("dragon boat", 3),
    "mid-autumn holidays": ("mid-autumn", 3),
    "christmas holidays": ("christmas eve", 9),
    "christmas days": ("christmas eve", 3),
    "thanksgiving weekend": ("thanksgiving", 4),
    "easter weekend": ("good friday", 4),
}
LUNAR = {
    "spring festival": (1, 1),
    "lantern": (1, 15),
    "dragon boat": (5, 5),
    "qixi": (7, 7),
    "ghost": (7, 15),
    "mid-autumn": (8, 15),
    "double ninth": (9, 9),
    "laba": (12, 8),
    "dragon head": (2, 2),
    "little new year": (12, 23),
}

EN_NAMES = {
    r"lunar new year'?s eve|chinese new year'?s eve": "lunar new year eve",
    r"(?:christmas|xmas) (?:holidays?|break|vacation)": "christmas holidays",
    r"(?:over|around|during) (?:the )?(?:christmas|xmas)(?! (?:eve|day|holiday|break|vacation))": "christmas days",
    r"thanksgiving (?:weekend|break|holidays?)": "thanksgiving weekend",
    r"easter (?:weekend|break|holidays?)": "easter weekend",
    r"(?:spring festival|chinese new year|lunar new year) (?:holidays?|break|vacation)": "spring holidays",
    r"national day (?:holidays?|break|vacation)|golden week": "national holidays",
    r"new year'?s eve": "new year eve",
    r"new year'?s day|new year'?s|new year": "new year",
    r"valentine'?s(?: day)?|valentine day": "valentine",
    r"(?:international )?women'?s day": "women",
    r"st\.? patrick'?s(?: day)?": "st patrick",
    r"april fool'?s'?(?: day)?": "april fools",
    r"labour day|may day": "labour",
    r"labor day": "american labour",
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
    r"qixi(?: festival)?|double seventh festival": "qixi",
    r"(?:hungry )?ghost festival": "ghost",
    r"qingming(?: festival)?|tomb[- ]sweeping (?:day|festival)": "qingming",
    r"winter solstice": "winter solstice",
    r"(?:martin luther king(?: jr\.?)?|mlk) day": "king",
    r"presidents?'?s? day": "presidents",
    r"memorial day": "memorial",
    r"columbus day|indigenous peoples'? day": "columbus",
    r"veterans'? day|remembrance day": "singles",
    r"cyber monday": "cyber monday",
    r"juneteenth": "juneteenth",
    r"cinco de mayo": "cinco de mayo",
    r"groundhog day": "groundhog",
    r"earth day": "earth",
    r"(?:guy fawkes|bonfire) night": "bonfire",
    r"all saints'? day": "all saints",
    r"mardi gras|shrove tuesday|fat tuesday|pancake day": "mardi gras",
    r"ash wednesday": "ash wednesday",
    r"palm sunday": "palm sunday",
    r"pentecost|whit sunday": "pentecost",
    r"(?:chinese )?national day": "national",
    r"teachers'? day": "teachers",
}
_FREE = "(?:小?长假|假期|假|黄金周)"
ZH_NAMES = {
    f"(?:国庆节?|十一){_FREE}|国庆(?:节)?期间|黄金周": "national holidays",
    f"春节{_FREE}|春节期间|(?:大)?过年(?:期间|的时候|那几天|时)?(?![龄夜货糕])": "spring holidays",
    f"(?:五一|劳动节){_FREE}": "labour holidays",
    f"元旦节?{_FREE}": "new year holidays",
    f"清明节?{_FREE}": "qingming holidays",
    f"端午节?{_FREE}": "dragon boat holidays",
    f"中秋节?{_FREE}": "mid-autumn holidays",
    f"圣诞节?{_FREE}|圣诞(?:节)?期间": "christmas holidays",
    "元旦节?|新年": "new year",
    "情人节": "valentine",
    "三八节|三八妇女节|妇女节|女神节": "women",
    "植树节": "arbor",
    "愚人节": "april fools",
    "五一(?:劳动节|节)?|劳动节": "labour",
    "五四青年节|青年节": "youth",
    "六一(?:儿童节)?|儿童节": "children",
    "建党节|党的生日": "party founding",
    "建军节": "army",
    "教师节": "teachers",
    "国庆节?": "national",
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
    "七夕节?|乞巧节": "qixi",
    "中元节|鬼节": "ghost",
    "中秋节?": "mid-autumn",
    "重阳节?": "double ninth",
    "腊八节?": "laba",
    "龙抬头": "dragon head",
    "小年(?:夜|那天|当天)": "little new year",
    "冬至": "winter solstice",
    "双十二|双12": "double twelve",
    "护士节": "nurses",
    "程序员节": "programmers",
    "地球日": "earth",
    "主显节": "epiphany",
    "万圣夜": "halloween",
    "黑色星期五|黑五": "black friday",
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


def _solstice(year: int) -> date | None:
    """The winter solstice of the Chinese calendar: 21, 22 or 23 December, by the common formula for 1900 to 2099."""
    if not 1900 <= year < 2100:
        return None
    y, base = year % 100, 22.60 if year < 2000 else 21.94
    return date(year, 12, int(y * 0.2422 + base) - y // 4)


def _moving(name: str, year: int) -> date | None:
    """The day of a festival that lies on another day each year, or None where it is not known."""
    if name.startswith("lunar:"):
        return _lunar_day(year, *map(int, name[6:].split("-")))
    if name in LUNAR:
        return _lunar_day(year, *LUNAR[name])
    return {"qingming": _qingming, "winter solstice": _solstice, "easter": _easter}[name](year)


def festival(name: str, year: int) -> Span | None:
    """The day of a festival in a calendar year, or its free days; None where it is not known."""
    if name in _HOLIDAYS:
        first, count = _HOLIDAYS[name]
        begin = festival(first, year)
        return begin and Span(begin.start, begin.end + (count - 1) * DAY)
    if name in _BESIDE:
        other, steps = _BESIDE[name]
        found = festival(other, year)
        return found and Span(found.start + steps * DAY, found.end + steps * DAY)
    if name in FIXED:
        return days(date(year, *FIXED[name]), date(year, *FIXED[name]))
    if name in _NTH:
        return nth_weekday(year, *_NTH[name])
    day = _moving(name, year)
    return days(day, day) if day else None
