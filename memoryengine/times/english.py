"""The rules for English times.

Words that are also names or verbs ("may", "march", "april", "sun", "second", "fall", "spring") count only in a context
that makes them a time, so "April said" and "I may march on" are none.
"""

from __future__ import annotations

import re
from dataclasses import replace

from . import english_words as words
from .english_words import (
    DAY,
    DAY_ENDS,
    DAY_PARTS,
    FESTIVAL,
    FEW_WORD,
    IN_FESTIVAL,
    IN_MONTH,
    IN_PICK,
    IN_SEASON,
    IN_UNIT,
    IN_WEEKDAY,
    MONTH,
    NO_COUNT,
    NO_CROWD,
    NO_DECORATION,
    NTH_DAY,
    OF_YEAR,
    OFFSETS,
    PART,
    PICKS,
    SEASON,
    SHORT_DAY,
    SLICES,
    SURE_MONTH,
    TO,
    UNIT,
    UNITS,
    WHICH,
    WORD,
    WORDS,
    YEAR,
    month,
    offset,
    weekday,
)
from .grammar import Grammar, Match
from .numbers import EN_DAY, EN_NUMBER, EN_ORDINAL, en_number, ordinal
from .parts import FEW, Between, Clock, Meaning, Parts, Reach, Several, Shift

english = Grammar()


def _year(m: Match) -> int | None:
    return int(m["y"]) if m["y"] else None


@english.rule(rf"\b(?:{WORD})\b")
def _word(m: Match) -> Meaning | None:
    return WORDS[re.sub(r"\s+", " ", m.group())]


@english.rule(
    rf"\b(?P<d>{EN_DAY}) (?:of )?(?P<mo>{MONTH}){OF_YEAR}",
    rf"\b(?P<mo>{MONTH})\s*(?:the )?(?P<d>{EN_DAY})(?![:\w]|\s?[ap]\.?m\b){NO_COUNT}{OF_YEAR}",
    needs=IN_MONTH,
)
def _date(m: Match) -> Meaning | None:
    day = ordinal(m["d"])
    return Parts(year=_year(m), month=month(m["mo"]), day=day) if day and day <= 31 else None


@english.rule(
    rf"\b(?P<d>{EN_DAY}){TO}(?P<e>{EN_DAY}) (?:of )?(?P<mo>{MONTH}){OF_YEAR}",
    rf"\b(?P<mo>{MONTH})\s*(?P<d>{EN_DAY}){TO}(?P<e>{EN_DAY})(?![:\w]|\s?[ap]\.?m\b){OF_YEAR}",
    needs=IN_MONTH,
)
def _two_days(m: Match) -> Meaning | None:
    first, last = ordinal(m["d"]), ordinal(m["e"])
    if not first or not last or first >= last:
        return None
    date = Parts(year=_year(m), month=month(m["mo"]), day=first)
    return Between(date, replace(date, day=last))


@english.rule(rf"\b(?P<mo>{MONTH}),?\s*(?:of )?(?P<y>{YEAR})", needs=IN_MONTH)
def _month_of_year(m: Match) -> Meaning | None:
    return Parts(year=int(m["y"]), month=month(m["mo"]))


@english.rule(
    rf"\b(?:in|since|until|till|from|by|during|through|between|of|around|before|after|every|each)"
    rf" (?P<x>{MONTH})(?!\s*\d)",
    rf"\b(?:early|mid|late)[\s-]+(?P<x>{MONTH})(?!\s*\d)",
    rf"\b(?:from|between) {MONTH} (?:to|and|through|until|till) (?P<x>{MONTH})(?!\s*\d)",
    rf"\b(?P<x>{MONTH})(?= (?:of )?(?:last|this|next) year)",
    rf"\b(?P<x>{SURE_MONTH})",
    needs=IN_MONTH,
)
def _month(m: Match) -> Meaning | None:
    return Parts(month=month(m["x"]))


@english.rule(
    rf"\b(?:on|by|since|until|till|from|through|to|and|every|each) (?:the )?(?P<x>{NTH_DAY}){DAY_ENDS}",
    rf"\bthe (?P<x>{NTH_DAY})(?= of (?:the|this|last|next|every|each) month)",
)
def _day(m: Match) -> Meaning | None:
    """A day without a month; a bare word ("on the second") is one only where a month is named with it."""
    day = ordinal(m["x"])
    word = not m["x"][0].isdecimal() or not re.search(r"\b(?:the|every|each|on) \Z", m.string[: m.start("x")])
    return Parts(day=day, weak=word) if day and day <= 31 else None


@english.rule(
    rf"\b{WHICH} (?:(?P<day>{DAY}|{SHORT_DAY})(?! (?:of|in) (?:{MONTH}|(?:the|last|this|next) month))"
    rf"|(?P<mo>{MONTH})|(?P<s>{SEASON})|(?P<f>{FESTIVAL}))\b(?!\s*\d)",
    needs=IN_PICK,
)
def _which(m: Match) -> Meaning | None:
    pick = PICKS[m["which"]]
    if m["day"]:
        return Parts(weekday=weekday(m["day"]), pick=pick)
    if m["mo"]:
        return Parts(month=month(m["mo"]), pick=pick)
    return (
        Parts(season=words.season(m["s"]), pick=pick) if m["s"] else Parts(festival=words.festival(m["f"]), pick=pick)
    )


@english.rule(rf"\b(?P<which>{'|'.join(OFFSETS)}) (?P<unit>week|month|quarter|year|weekend)\b", needs=IN_UNIT)
def _unit(m: Match) -> Meaning | None:
    return offset(m["unit"], OFFSETS[m["which"]])


@english.rule(
    r"\b(?:beginning|start|middle|end|first half|second half|(?:first|second|third|fourth|last) week) of"
    r" (?P<x>the (?P<unit>month|year|week))\b",
    needs="of",
)
def _this_unit(m: Match) -> Meaning | None:
    return offset(m["unit"], 0)


@english.rule(
    r"\b(?P<slice>early|mid|late)(?:-| )(?:in )?(?=\S)",
    r"\b(?:the )?(?P<slice>beginning|start|middle|end|first half|second half) of (?=\S)",
    needs="early mid late of",
)
def _slice(m: Match) -> Meaning | None:
    return Parts(slice=SLICES[re.sub(r"\s+", " ", m["slice"])], weak=True)


@english.rule(
    rf"\b(?P<x>{DAY})(?:'s)?\b",
    rf"\b(?:on|since|until|till|by|from|every|each) (?P<x>{SHORT_DAY})(?![\w-])",
    rf"\b(?P<x>{SHORT_DAY})(?=,?\s(?:{MONTH}|\d{{1,2}}(?:st|nd|rd|th)? {MONTH}))",
    needs=IN_WEEKDAY,
)
def _weekday(m: Match) -> Meaning | None:
    return Parts(weekday=weekday(m["x"]))


@english.rule(
    rf"\b(?:every|each) {DAY}(?:(?:\s*,\s*(?:and )?| and | or ){DAY})+",
    rf"\b{DAY}s(?: and {DAY}s)*\b",
    needs="day",
)
def _every_weekday(m: Match) -> Meaning | None:
    return Several(tuple(Parts(weekday=weekday(name), every="week") for name in re.findall(DAY, m.group())))


@english.rule(r"\b(?P<the>the )?weekend(?P<s>s)?\b", needs="weekend")
def _weekend(m: Match) -> Meaning | None:
    return Parts(weekend=True, every="week" if m["s"] else "", weak=not m["the"] and not m["s"])


@english.rule(r"\b(?:(?:every|each) (?:weekday|working day|workday)|(?:on )?weekdays)\b", needs="weekday work")
def _workdays(_: Match) -> Meaning | None:
    return Parts(workdays=True, every="week")


@english.rule(r"\b(?:every|each)(?: (?:other|second|single))?(?= \S)", needs="every each")
def _every(_: Match) -> Meaning | None:
    return Parts(every="any", weak=True)


@english.rule(rf"\b(?P<nth>first|second|third|fourth|last) (?P<day>{DAY})(?= (?:of|in)\b)", needs="day")
def _nth_weekday(m: Match) -> Meaning | None:
    return Parts(nth=ordinal(m["nth"]) or -1, weekday=weekday(m["day"]), weak=True)


@english.rule(
    rf"\b(?:{FEW_WORD}|(?P<n>{EN_NUMBER})) {UNIT} (?P<ago>ago|back|from now|from today)\b",
    rf"\b(?P<ago>in) (?:about |around )?(?:{FEW_WORD}|(?P<n>{EN_NUMBER})) {UNIT}"
    r"(?!-| (?:ago|of|or|row)\b)(?:'? time\b)?",
    needs="ago back now from in",
)
def _from_now(m: Match) -> Meaning | None:
    sign = -1 if m["ago"] in ("ago", "back") else 1
    if m["few"]:
        unit, factor = UNITS[m["unit"]]
        first, last = sorted((sign * FEW[0] * factor, sign * FEW[1] * factor))
        return Parts(reach=Reach(unit, first, last), vague=True)
    count = en_number(m["n"])
    return None if count is None else offset(m["unit"], sign * count)


@english.rule(
    r"\b(?P<one>an?) (?P<unit>year|hour) and a half (?P<ago>ago)\b",
    r"\b(?P<one>)half an? (?P<unit>year|hour|day) (?P<ago>ago)\b",
    r"\b(?P<ago>in) (?P<one>)half an? (?P<unit>year|hour|day)\b",
    needs="half",
)
def _half(m: Match) -> Meaning | None:
    halves = (3 if m["one"] else 1) * (-1 if m["ago"] == "ago" else 1)
    if m["unit"] == "year":
        return Parts(months=6 * halves)
    return Parts(moved=("hour", 12 * halves)) if m["unit"] == "day" else Parts(moved=("minute", 30 * halves))


@english.rule(
    rf"\b(?:(?:in|over|for|during|within) )?(?:the )?(?P<which>last|past|previous|next|coming)"
    rf" (?:(?P<few>few|several)|(?P<n>(?!an?\b){EN_NUMBER})) {UNIT}",
    rf"\b(?:in|over|during|within|for) the (?P<which>last|past|next|coming) (?P<few>(?P<n>)){UNIT}",
    rf"\bthe (?P<which>past) (?P<few>(?P<n>)){UNIT}",
    rf"\b(?:(?:over|during|in|within|for) )?this (?P<which>last|past|previous) (?P<few>(?P<n>)){UNIT}",
    needs=IN_PICK,
)
def _reach(m: Match) -> Meaning | None:
    unit, factor = UNITS[m["unit"]]
    count = FEW[1] if m["few"] else en_number(m["n"]) if m["n"] else 1
    if count is None:
        return None
    ends = (0, count * factor) if m["which"] in ("next", "coming") else (-count * factor, 0)
    return Parts(reach=Reach(unit, *ends), vague=bool(m["few"]))


@english.rule(rf"\bwithin (?P<n>{EN_NUMBER}) {UNIT}", needs="within")
def _within(m: Match) -> Meaning | None:
    unit, factor = UNITS[m["unit"]]
    count = en_number(m["n"])
    return Parts(reach=Reach(unit, 0, count * factor, turns=True)) if count else None


@english.rule(
    rf"\b(?:the )?(?:(?P<n>{EN_NUMBER}) )?(?:(?P<unit>day|night|week|month|year|weekend)s?|(?P<day>{DAY})s?)"
    r" (?P<side>before|prior to|after|following)(?= \S)",
    needs="before prior after following",
)
def _shift(m: Match) -> Meaning | None:
    count = en_number(m["n"]) if m["n"] else 1
    if not count:
        return None
    count *= -1 if m["side"].startswith(("b", "p")) else 1
    if m["day"]:
        return Parts(shift=Shift("week", count, weekday(m["day"]), weekday(m["day"])), weak=True)
    if m["unit"] == "weekend":
        return Parts(shift=Shift("week", count, 6, 7), weak=True)
    return Parts(shift=Shift(UNITS[m["unit"]][0], count), weak=True)


@english.rule(rf"\b(?P<n>{EN_NUMBER}) (?P<day>{DAY})s? ago\b", needs="ago")
def _weekdays_ago(m: Match) -> Meaning | None:
    """Two Fridays ago is the Friday before last Friday."""
    count, day = en_number(m["n"]), weekday(m["day"])
    return Parts(days=0, shift=Shift("week", -count, day, day)) if count else None


@english.rule(r"\bthe week of(?= \S)", needs="week")
def _week_of(_: Match) -> Meaning | None:
    return Parts(shift=Shift("week", 0), weak=True)


@english.rule(r"\b(?:the )?(?P<nth>first|second|third|fourth|last) week (?:of|in)(?= \S)", needs="week")
def _nth_week(m: Match) -> Meaning | None:
    return Parts(slice=f"week {ordinal(m['nth']) or 'last'}", weak=True)


@english.rule(rf"\b(?:in|during|over|since|until|till|by) (?:the )?(?P<x>(?P<s>{SEASON})\b{OF_YEAR})", needs=IN_SEASON)
def _in_season(m: Match) -> Meaning | None:
    return Parts(season=words.season(m["s"]), year=_year(m))


@english.rule(rf"\b(?P<s>{SEASON})\b{OF_YEAR}", needs=IN_SEASON)
def _season(m: Match) -> Meaning | None:
    return Parts(season=words.season(m["s"]), year=_year(m), weak=not m["y"])


@english.rule(
    rf"\b(?P<f>{FESTIVAL})(?!\w){NO_DECORATION}{OF_YEAR}",
    rf"\b(?P<y>{YEAR}) (?P<f>{FESTIVAL})(?!\w){NO_DECORATION}",
    needs=IN_FESTIVAL,
)
def _festival(m: Match) -> Meaning | None:
    return Parts(festival=words.festival(m["f"]), year=_year(m))


@english.rule(
    r"\b(?:the )?(?P<q>first|second|third|fourth|1st|2nd|3rd|4th) quarter"
    rf"(?! (?:of the (?:game|match)|final|mile|century)){OF_YEAR}",
    rf"\b(?P<q>q[1-4])\b(?![:.)]\S){OF_YEAR}",
    needs="quarter q1 q2 q3 q4",
)
def _quarter(m: Match) -> Meaning | None:
    return Parts(quarter=ordinal(m["q"].lstrip("q")), year=_year(m))


@english.rule(
    rf"(?:\b(?:in|since|from|until|till|by|of|during|before|after|around|year|early|late|mid)|(?<=\d\d\d\d\s)to)"
    rf"[\s-]+(?P<x>{YEAR})"
    rf"(?!\d|[-/.:,]\d){NO_CROWD}"
)
def _bare_year(m: Match) -> Meaning | None:
    return Parts(year=int(m["x"]))


@english.rule(
    r"\b(?:the )?(?:(?P<slice>early|mid|late)[\s-]+)?(?P<y>(?:1[5-9]|20)\d0)'?s\b",
    r"(?<!his\s)(?<!her\s)(?<!my\s)(?<!their\s)\bthe (?:(?P<slice>early|mid|late)[\s-]+)?'?(?P<y>\d0)'?s\b",
    r"(?<!\w)(?P<slice>)'(?P<y>\d0)s\b",
    needs="0s 0's",
)
def _decade(m: Match) -> Meaning | None:
    year = int(m["y"])
    year += 0 if year >= 100 else 1900 if year >= 30 else 2000
    return Parts(year=year, count=10, slice=SLICES[m["slice"]] if m["slice"] else "")


@english.rule(rf"\bthe (?P<c>\d{{1,2}}(?:st|nd|rd|th)|{EN_ORDINAL}) century\b", needs="century")
def _century(m: Match) -> Meaning | None:
    number = ordinal(m["c"])
    return Parts(year=100 * number - 99, count=100) if number else None


@english.rule(rf"\b(?:{PART})\b", needs="morning noon lunch evening night")
def _part(m: Match) -> Meaning | None:
    return Parts(part=DAY_PARTS[re.sub(r"\s+", " ", m.group())], weak=True)


def _meridian(hour: str, minute: str | None, half: str) -> Clock:
    return Clock(int(hour) % 12 + 12 * (half == "p"), int(minute) if minute else None, sure=True)


@english.rule(r"\b(?P<h>1[0-2]|0?[1-9])(?:[:.](?P<mi>[0-5]\d))?\s?(?P<ap>[ap])(?:\.m\.|m\b)", needs="am pm a.m p.m")
def _clock(m: Match) -> Meaning | None:
    return Parts(clock=_meridian(m["h"], m["mi"], m["ap"]))


@english.rule(
    rf"\b(?P<h>1[0-2]|[1-9])(?::(?P<mi>[0-5]\d))?{TO}(?P<i>1[0-2]|[1-9])(?::(?P<ni>[0-5]\d))?"
    r"\s?(?P<ap>[ap])(?:\.m\.|m\b)",
    needs="am pm a.m p.m",
)
def _two_clocks(m: Match) -> Meaning | None:
    """2 to 4 pm is an afternoon, 11 to 2 pm begins before noon."""
    first, last = _meridian(m["h"], m["mi"], m["ap"]), _meridian(m["i"], m["ni"], m["ap"])
    if first.hour > last.hour:
        first = first._replace(hour=first.hour - 12)
    return Between(Parts(clock=first), Parts(clock=last)) if first.hour >= 0 else None


@english.rule(rf"\b(?P<what>half|(?:a )?quarter) (?P<side>past|to) (?P<h>{EN_NUMBER})\b", needs="half quarter")
def _told(m: Match) -> Meaning | None:
    hour, minute = en_number(m["h"]), 30 if m["what"] == "half" else 15
    if hour is None or not 1 <= hour <= 12:
        return None
    return Parts(clock=Clock(hour, minute) if m["side"] == "past" else Clock(hour - 1 or 12, 60 - minute))


@english.rule(
    rf"\b(?P<h>{EN_NUMBER}) (?P<sure>o'clock)",
    r"\b(?:at|around) (?P<x>(?P<h>1[0-2]|[1-9]|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
    r"(?P<sure>)?)(?![\w:%/.-]| (?:years|times|percent|people|of)\b)",
    needs="clock at around",
)
def _oclock(m: Match) -> Meaning | None:
    hour = en_number(m["h"])
    return Parts(clock=Clock(hour), weak=not m["sure"]) if hour and hour <= 12 else None


@english.rule(r"\bat (?P<x>noon|midday|midnight)\b", needs="noon midday midnight")
def _noon(m: Match) -> Meaning | None:
    return Parts(clock=Clock(0 if m["x"] == "midnight" else 12, sure=True))
