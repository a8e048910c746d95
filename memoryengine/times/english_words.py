"""The words of English times, and the pieces of pattern that match them."""

from __future__ import annotations

import re

from .festivals import EN_NAMES
from .numbers import EN_ORDINAL
from .parts import Parts, Pick, Reach, Unit, from_now

_MONTH_NAMES = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_NUMBERS = {name[:3]: i for i, name in enumerate(_DAY_NAMES, 1)}
_MONTH_NUMBERS = {name[:3]: i for i, name in enumerate(_MONTH_NAMES, 1)}
SEASONS = {"spring": 1, "summer": 2, "autumn": 3, "fall": 3, "winter": 4}
SLICES = {
    "early": "early", "mid": "mid", "middle": "mid", "late": "late", "beginning": "start", "start": "start",
    "end": "end", "first half": "h1", "second half": "h2",
}  # fmt: skip
DAY_PARTS = {
    "early morning": "early", "morning": "morning", "noon": "noon", "lunchtime": "noon", "afternoon": "afternoon",
    "evening": "evening", "late night": "late", "night": "evening",
}  # fmt: skip
OFFSETS = {"last": -1, "previous": -1, "this": 0, "current": 0, "next": 1, "following": 1}
PICKS: dict[str, Pick] = {
    "last": "last", "past": "last", "previous": "last", "next": "next", "this": "this", "coming": "coming",
    "upcoming": "coming",
}  # fmt: skip
UNITS: dict[str, tuple[Unit, int]] = {
    "minute": ("minute", 1), "hour": ("hour", 1), "day": ("day", 1), "night": ("day", 1), "week": ("week", 1),
    "weekend": ("week", 1), "fortnight": ("week", 2), "month": ("month", 1), "quarter": ("quarter", 1),
    "year": ("year", 1), "decade": ("year", 10),
}  # fmt: skip

MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\b(?:\.(?=\s*\d))?"
)
SURE_MONTH = r"(?:january|february|july|september|october|november|december)\b"
DAY = rf"(?:{'|'.join(_DAY_NAMES)})"
SHORT_DAY = r"(?:mon|tues?|weds?|thu(?:rs?)?|fri|sat|sun)\b"
SEASON = rf"(?:{'|'.join(SEASONS)})"
FESTIVAL = rf"(?:{'|'.join(EN_NAMES)})".replace(" ", r"\s")
YEAR = r"(?:1[5-9]|20|21)\d\d(?![\d:])"
OF_YEAR = rf"(?:,?\s*(?:of )?(?P<y>{YEAR}))?"
WHICH = r"(?:this )?(?P<which>last|past|previous|next|coming|upcoming|this)"
UNIT = r"(?P<unit>minute|hour|day|night|weekend|week|fortnight|month|quarter|year|decade)s?\b"
FEW_WORD = r"(?P<few>(?:a )?few|several|some)"
PART = "|".join(DAY_PARTS)
NTH_DAY = rf"(?:(?:[123]?1st|[12]?(?:2nd|3rd)|[123]?\dth)|{EN_ORDINAL})"
TO = r"\s*(?:-|to|and|until|till|through|thru)\s*(?:the )?"
NO_COUNT = r"(?!\s*(?:%|km|miles?|people|times|hours?|minutes?|days|weeks|months|years|kg|dollars|:\d))"
NO_CROWD = (
    r"(?!\s*(?:people|men|women|users|dollars|euros|yuan|km|miles|met(?:er|re)s|kg|words|steps|pages|items|square"
    r"|times|students|guests|copies|points|years|calories|%))"
)
NO_DECORATION = (
    r"(?!-| (?:trees?|cakes?|cards?|carols?|lights?|decorations?|presents?|gifts?|movies?|songs?|markets?|cookies?"
    r"|ornaments?|costumes?|candy|resolutions?|eggs?|turkey)\b)"
)
# "On the 15th" is a day, "the 15th floor" is not: what follows must be able to follow a day.
DAY_ENDS = (
    r"(?=\s*(?:$|[-.,;:!?)]|(?:at|in|on|of|to|until|till|we|i|he|she|they|you|and|for|was|is|with|because|but|from"
    r"|through|every|each|there|about|what|did|my|our|the|morning|afternoon|evening|night)\b))"
)

# Pieces of text without which a rule cannot match.
IN_MONTH = "jan feb mar apr may jun jul aug sep oct nov dec"
IN_WEEKDAY = "day mon tue wed thu fri sat sun"
IN_SEASON = " ".join(SEASONS)
IN_UNIT = "week month quarter year"
IN_PICK = "last past previous next coming this"
IN_FESTIVAL = (
    "year valentine women patrick fool labo may child independence july halloween singles christmas xmas boxing mother "
    "father thanksgiving friday easter festival autumn ninth day night qixi qingming solstice juneteenth cinco mardi "
    "wednesday sunday monday pentecost golden eve"
)

WORDS: dict[str, Parts] = {
    "today": Parts(days=0),
    "yesterday": Parts(days=-1),
    "tomorrow": Parts(days=1),
    "the day before yesterday": Parts(days=-2),
    "day before yesterday": Parts(days=-2),
    "the day after tomorrow": Parts(days=2),
    "day after tomorrow": Parts(days=2),
    "earlier today": Parts(days=0),
    "earlier in the day": Parts(days=0),
    "earlier in the morning": Parts(days=0, part="morning"),
    "earlier in the afternoon": Parts(days=0, part="afternoon"),
    "earlier in the evening": Parts(days=0, part="evening"),
    "later today": Parts(days=0),
    "tonight": Parts(days=0, part="evening"),
    "last night": Parts(days=-1, part="evening"),
    "last evening": Parts(days=-1, part="evening"),
    "the night before last": Parts(days=-2, part="evening"),
    "this morning": Parts(days=0, part="morning"),
    "this afternoon": Parts(days=0, part="afternoon"),
    "this evening": Parts(days=0, part="evening"),
    "the week before last": Parts(weeks=-2),
    "the week after next": Parts(weeks=2),
    "the weekend before last": Parts(weeks=-2, weekend=True),
    "the month before last": Parts(months=-2),
    "the month after next": Parts(months=2),
    "the year before last": Parts(years=-2),
    "the year after next": Parts(years=2),
    "just now": Parts(reach=Reach("hour", -1, 0)),
    "a moment ago": Parts(reach=Reach("hour", -1, 0)),
    "the other day": Parts(reach=Reach("day", -7, -1), vague=True),
    "recently": Parts(reach=Reach("day", -14, 0), vague=True),
    "lately": Parts(reach=Reach("day", -14, 0), vague=True),
    "these days": Parts(reach=Reach("day", -14, 0), vague=True),
    "in recent weeks": Parts(reach=Reach("week", -4, 0), vague=True),
    "in recent months": Parts(reach=Reach("month", -4, 0), vague=True),
    "in recent years": Parts(reach=Reach("year", -4, 0), vague=True),
    "every day": Parts(every="day"),
    "each day": Parts(every="day"),
    "daily": Parts(every="day", weak=True),
    "nightly": Parts(every="day", part="evening"),
    "every month": Parts(every="month", weak=True),
    "each month": Parts(every="month", weak=True),
    "of the month": Parts(every="month", weak=True),
    "monthly": Parts(every="month", weak=True),
    "every year": Parts(every="year", weak=True),
    "each year": Parts(every="year", weak=True),
    "annually": Parts(every="year", weak=True),
    "yearly": Parts(every="year", weak=True),
    "every week": Parts(every="week", weak=True),
    "each week": Parts(every="week", weak=True),
    "weekly": Parts(every="week", weak=True),
}
WORD = "|".join(sorted(WORDS, key=len, reverse=True))


def month(name: str) -> int:
    """The number of a month, 1 to 12, by its name or short form."""
    return _MONTH_NUMBERS[name[:3]]


def weekday(name: str) -> int:
    """The number of a day of the week, Monday is 1, by its name or short form."""
    return _DAY_NUMBERS[name[:3]]


def season(name: str) -> int:
    """The number of a season, spring is 1, by its name."""
    return SEASONS[name]


def festival(name: str) -> str:
    """The festival that a name stands for."""
    plain = re.sub(r"\s+", " ", name)
    return next(key for pattern, key in EN_NAMES.items() if re.fullmatch(pattern, plain))


def offset(unit: str, count: int) -> Parts:
    """So many whole units from now."""
    if unit == "weekend":
        return Parts(weeks=count, weekend=True)
    name, factor = UNITS[unit]
    return from_now(name, count * factor)
