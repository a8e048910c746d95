"""The rules for Chinese times.

There are no spaces to tell a word by, so what stands around decides: 周三次 is a count, 五月天 a band, 三点建议 advice,
3号线 a line. 一点 alone, 几天, 三个月 and 100年 are amounts and no times.
"""

from __future__ import annotations

import re

from . import chinese_words as words
from .chinese_words import (
    DAY_NUMBER,
    DAY_PARTS,
    FESTIVAL,
    LUNAR_MONTH,
    LUNAR_MONTHS,
    MONTH,
    OFFSETS,
    PART,
    SEASONS,
    SLICES,
    UNIT,
    UNITS,
    WEEK,
    WEEKDAY,
    WEEKDAYS,
    WORD,
    WORDS,
)  # fmt: skip
from .grammar import Grammar, Match
from .numbers import ZH_NUMBER, zh_number
from .parts import FEW, Between, Clock, Meaning, Parts, Reach, Several, Shift

chinese = Grammar()

_NO_DIGIT_BEFORE = r"(?<![\d.〇零一二两三四五六七八九十百千万几])"
_SIDE = r"(?P<ago>(?:之|以)?前(?!面|往|后|年|天)|(?:之|以)?后(?!面|天|年|来|悔|果|院|台|备))"
_FAR = re.compile(r"[离距][^，。！？,.!?]{0,8}\Z")


@chinese.rule(rf"(?:{WORD})(?!亮)")
def _word(m: Match) -> Meaning | None:
    """The fixed words; 离我最近的 is about places."""
    if m.group() == "最近" and _FAR.search(m.string, max(0, m.start() - 10), m.start()):
        return None
    return WORDS[m.group()]


@chinese.rule(
    r"(?<![\d.])(?P<y>[12]\d{3})年(?!代|级|的?历史|华)(?:度)?",
    r"(?<![〇零一二三四五六七八九十百千])(?P<y>[一二][〇零一二三四五六七八九]{3})年(?!代|级|的?历史)",
    r"(?P<y>(?<![\d.])\d\d)年(?=(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])月|[春夏秋冬]|[初底末]|年[初底末])",
    r"(?<![〇零一二三四五六七八九十百千万第])(?P<y>[九八][〇零一二三四五六七八九]|[〇零][〇零一二三四五六七八九])年(?!代|级|的?历史)",
    r"(?P<y>(?:19|20)\d\d)(?=(?:年?[春夏秋冬]|-?q[1-4]))",
)
def _year(m: Match) -> Meaning | None:
    year = None if m["y"] in ("八九", "九十") else words.year(m["y"])
    return Parts(year=year) if year else None


@chinese.rule("(?:大前年|上一年|下一年|去年|今年|本年度?|明年|前年|来年|(?<!今)(?<!先)后年)")
def _years(m: Match) -> Meaning | None:
    return Parts(years=OFFSETS[m.group().removesuffix("度")])


@chinese.rule(
    r"(?:(?P<c>上个?|二十|20)世纪)?(?P<d>[1-9]0|[一二三四五六七八九]十)年代(?P<s>初期?|早期|中期|后期|末期?)?"
)
def _decade(m: Match) -> Meaning | None:
    short = zh_number(m["d"]) or 0
    year = short + (1900 if m["c"] or short >= 30 else 2000)
    return Parts(year=year, count=10, slice=SLICES[m["s"]] if m["s"] else "")


@chinese.rule(
    r"(?<!本)(?<!第)(?P<c>2[01]|1\d|[1-9]|二十一?|十[一二三四五六七八九]?)世纪(?!\d|[一二三四五六七八九]十年代)"
)
def _century(m: Match) -> Meaning | None:
    number = zh_number(m["c"])
    return Parts(year=100 * number - 99, count=100) if number else None


@chinese.rule(
    rf"{MONTH}(?P<d>{DAY_NUMBER})(?:[日号]|(?![\d一二三四五六七八九十]|[个次人天岁块元度%点:：/.]))",
    rf"{MONTH}份?(?!\d)(?!天(?![气晴冷热]))(?!一?[次回趟])(?P<d>)?",
)
def _month(m: Match) -> Meaning | None:
    month, day = zh_number(m["mo"]), zh_number(m["d"]) if m["d"] else None
    return Parts(month=month, day=day) if month and (day is None or 1 <= day <= 31) else None


@chinese.rule(
    rf"(?<=[月到至和-])(?P<d>{DAY_NUMBER})[日号](?![线楼门店])",
    rf"{_NO_DIGIT_BEFORE}(?<![第型编账尾a-z-])(?P<d>{DAY_NUMBER})号"
    r"(?![线楼门房桌选球院馆机车店位床码文台厅舰坑厂井仓字病公路卡座窗电池包航种馆柜栋室区员令信楼宿])",
)
def _day(m: Match) -> Meaning | None:
    day = zh_number(m["d"])
    return Parts(day=day) if day and day <= 31 else None


@chinese.rule(
    rf"(?P<w>上+|下+|这|本|今|当)(?:一)?个?{WEEK}{WEEKDAY}",
    rf"(?P<w>上+|下+|这|本)(?:一)?个?(?P<wd>){WEEK}(?![\d一二三四五六天])",
    rf"(?P<w>上+|下+|这|本)(?:一)?个?(?P<wd>){WEEK}(?=[一二三四五六]?[次回趟个])",
    r"(?P<w>上+|下+|这|本)(?:一)?个(?P<wd>周末)",
)
def _week(m: Match) -> Meaning | None:
    weeks, name = words.steps(m["w"]), m["wd"][-1:]
    if name == "末":
        return Parts(weeks=weeks, weekend=True)
    return Parts(weeks=weeks, weekday=WEEKDAYS[name] if name else None)


@chinese.rule(rf"(?:(?<=[周期拜][一二三四五六])|(?<![一二两三四五六七八九十几\d半每第整])){WEEK}{WEEKDAY}")
def _weekday(m: Match) -> Meaning | None:
    return Parts(weekend=True) if m["wd"] == "末" else Parts(weekday=WEEKDAYS[m["wd"]])


@chinese.rule(
    rf"(?:每|每逢|每到)(?:一)?个?{WEEK}(?:{WEEKDAY})(?P<more>(?:[、,，和及与]?{WEEK}?[一二三四五六日天](?![次回趟个天\d]))*)"
)
def _every_weekday(m: Match) -> Meaning | None:
    names = [m["wd"], *re.findall("[一二三四五六日天]", m["more"])]
    parts = tuple(
        Parts(weekend=True, every="week") if name == "末" else Parts(weekday=WEEKDAYS[name], every="week")
        for name in names
    )
    return parts[0] if len(parts) == 1 else Several(parts)


@chinese.rule(r"每个?工作日")
def _workdays(_: Match) -> Meaning | None:
    return Parts(workdays=True, every="week")


@chinese.rule(
    r"每逢|每到|每一?个?(?=[一二三四五六七八九十\d]{1,3}[月号]|[春夏秋冬]|周末|中秋|春节|圣诞|国庆|元旦|清明|端午|除夕|早|晚|上午|下午|中午)"
)
def _every(_: Match) -> Meaning | None:
    return Parts(every="any", weak=True)


@chinese.rule(r"(?P<w>上+|下+|这|本)(?:一)?(?:个月|月)(?![球亮饼台色光])")
def _months(m: Match) -> Meaning | None:
    return Parts(months=words.steps(m["w"]))


@chinese.rule(rf"第(?P<n>[一二三四五]|最后一)个?{WEEK}{WEEKDAY}", rf"(?P<n>最后)一个{WEEK}{WEEKDAY}")
def _nth_weekday(m: Match) -> Meaning | None:
    if m["wd"] == "末":
        return None
    return Parts(nth=zh_number(m["n"]) or -1, weekday=WEEKDAYS[m["wd"]], weak=True)


@chinese.rule(r"第?(?P<q>[一二三四1-4])季度", r"\bq(?P<q>[1-4])\b")
def _quarter(m: Match) -> Meaning | None:
    return Parts(quarter=zh_number(m["q"]))


@chinese.rule(r"(?P<w>上|下|这|本)一?个?季度")
def _quarters(m: Match) -> Meaning | None:
    return Parts(quarters=words.steps(m["w"]))


@chinese.rule(
    r"(?<=年)的?(?P<x>(?P<s>[春夏秋冬])(?:天|季|日)?)",
    r"(?P<p>上|去|这|下|明|今)个?(?P<s>[春夏秋冬])(?:天|季)",
    r"(?<=[在到从]).?(?P<x>(?P<s>[春夏秋冬])(?:天|季))",
    r"(?P<w>)(?P<s>[春夏秋冬])(?:天|季)",
)
def _season(m: Match) -> Meaning | None:
    """A season; alone it is weak, for 我喜欢春天 is about no spring in particular."""
    groups = m.groupdict()
    season = SEASONS[m["s"]]
    if groups.get("p"):
        return {
            "上": Parts(season=season, pick="last"),
            "下": Parts(season=season, pick="next"),
            "去": Parts(season=season, years=-1),
            "明": Parts(season=season, years=1),
        }.get(m["p"], Parts(season=season, years=0))
    return Parts(season=season, weak="w" in groups)


@chinese.rule(
    r"(?<=年)(?:的)?(?P<s>[初底末])(?!期)",
    r"(?<=月)(?:的)?(?P<s>初|底|末|中旬|上旬|下旬|中(?![国午心间学文秋华东央部期级小]))",
    r"(?<=月份)(?P<s>初|底|末|中旬|上旬|下旬)",
)
def _slice(m: Match) -> Meaning | None:
    return Parts(slice=SLICES[m["s"]], weak=True)


@chinese.rule(
    r"(?<=[年月份])的?第(?P<n>[一二三四])个?(?:周|星期|礼拜)(?![一二三四五六日天])",
    r"(?<=[年月份])的?(?P<n>最后)一个?(?:周|星期|礼拜)",
)
def _nth_week(m: Match) -> Meaning | None:
    return Parts(slice=f"week {zh_number(m['n']) or 'last'}", weak=True)


@chinese.rule(rf"[农阴]历(?P<leap>闰)?(?P<mo>{LUNAR_MONTH})月(?:初|廿)?(?P<d>{DAY_NUMBER})日?")
def _lunar(m: Match) -> Meaning | None:
    """农历八月十五, as a festival of its own; a leap month is left out."""
    day = zh_number(m["d"])
    day = day + 20 if day and "廿" in m.group() and day < 10 else day
    month = LUNAR_MONTHS.get(m["mo"]) or zh_number(m["mo"])
    return Parts(festival=f"lunar:{month}-{day}") if day and day <= 30 and not m["leap"] else None


@chinese.rule(rf"(?:{FESTIVAL})(?![班路号万百个])")
def _festival(m: Match) -> Meaning | None:
    return Parts(festival=words.festival(m.group()))


@chinese.rule(rf"(?P<p>{PART})", r"(?<=[天日一二三四五六末])(?P<p>[早晚夜晨])(?![餐饭点会餐期安年上间])")
def _part(m: Match) -> Meaning | None:
    return Parts(part=DAY_PARTS[m["p"]], weak=True)


@chinese.rule(
    rf"{_NO_DIGIT_BEFORE}(?<![第有:])(?P<h>1\d|2[0-4]|0?\d|二十[一二三四]?|十[一二三四五六七八九]?|[零一二两三四五六七八九])"
    r"(?P<u>点钟?|时(?=\d|[一二三四五]?十|整))"
    r"(?:(?P<half>半)|(?P<q>[一三])刻|整"
    r"|(?P<mi>[0-5]?\d|[一二三四五]?十[一二三四五六七八九]?|零[一二三四五六七八九])分?(?!\d|[个点]))?"
    r"(?=(?P<next>见|出发|开会|开始|到达|起床|睡觉|左右|之?前|之?后|以前|以后|准时|上课|下课|上班|下班|集合|起飞)?)"
)
def _clock(m: Match) -> Meaning | None:
    """A time of day; 三点 alone may be three points, so it needs a date, 钟, 半, minutes or a verb of time."""
    hour = zh_number(m["h"])
    if hour is None or hour > 24 or re.match(r"[几儿点]", m.string[m.end("u") :]):
        return None
    minute = 30 if m["half"] else 15 * (zh_number(m["q"]) or 0) if m["q"] else zh_number(m["mi"]) if m["mi"] else None
    told = m["u"] != "点" or minute is not None or m["next"] or m["h"].isdecimal() or "整" in m.group()
    return Parts(clock=Clock(hour % 24, minute, hour > 12 or hour == 0), weak=not told)


@chinese.rule(rf"{_NO_DIGIT_BEFORE}(?P<n>{ZH_NUMBER}|几|十几|半|好几|数)(?P<more>多)?{UNIT}(?P<half>半)?{_SIDE}")
def _from_now(m: Match) -> Meaning | None:
    """三天前, 两周后, 半年前, 一年半前, 几个月前; a year of four digits is a year and no count."""
    sign = -1 if "前" in m["ago"] else 1
    unit, factor = UNITS[m["unit"]]
    if m["n"] in ("几", "十几", "好几", "数"):
        near, far = (10, 19) if m["n"] == "十几" else FEW
        first, last = sorted((sign * near * factor, sign * far * factor))
        return Parts(reach=Reach(unit, first, last), vague=True)
    if m["n"] == "半":
        return _halves(m["unit"], sign)
    count = zh_number(m["n"])
    two = (
        len(m["n"]) > 1 and not m["n"].isdecimal() and not set(m["n"]) & set("十百千万")
    )  # 两三天前 is for the next rule
    if count is None or two or (unit == "year" and len(m["n"]) >= 4):
        return None
    if m["more"] and count % 10 == 0:  # 三十多年前
        first, last = sorted((sign * count * factor, sign * (count + 9) * factor))
        return Parts(reach=Reach(unit, first, last))
    return _halves(m["unit"], sign * (2 * count + 1)) if m["half"] else words.offset(m["unit"], sign * count)


@chinese.rule(rf"{_NO_DIGIT_BEFORE}(?P<n>{ZH_NUMBER})个半(?P<unit>月|小时|钟头){_SIDE}")
def _and_a_half(m: Match) -> Meaning | None:
    """两个半月前: two months and fifteen days ago."""
    count = zh_number(m["n"])
    if count is None:
        return None
    halves = (2 * count + 1) * (-1 if "前" in m["ago"] else 1)
    return Parts(days=15 * halves) if m["unit"] == "月" else Parts(moved=("minute", 30 * halves))


def _halves(unit: str, count: int) -> Parts | None:
    """So many half units from now."""
    name, _ = UNITS[unit]
    if name == "year":
        return Parts(months=6 * count)
    if name == "month":
        return Parts(days=15 * count)
    if name == "day":
        return Parts(moved=("hour", 12 * count))
    return Parts(moved=("minute", 30 * count)) if name == "hour" else None


@chinese.rule(rf"(?P<n>[一二两三四五六七八九]|十)(?P<o>[二两三四五六七八九十]){UNIT}{_SIDE}")
def _two_counts(m: Match) -> Meaning | None:
    """两三天前: two or three days ago."""
    near, far = zh_number(m["n"]), zh_number(m["o"])
    if near is None or far != near + 1:
        return None
    unit, factor = UNITS[m["unit"]]
    first, last = sorted(s * factor * (-1 if "前" in m["ago"] else 1) for s in (near, far))
    return Parts(reach=Reach(unit, first, last))


@chinese.rule(
    rf"(?P<w>过去|最近|近|这|未来|接下来|今后)的?(?P<n>{ZH_NUMBER}|几|半)(?P<more>多)?{UNIT}(?:里|内|以来|间|之内)?(?![半])",
    r"(?P<w>未来|接下来|过去|最近|近)的?(?P<n>)(?P<unit>周|年)(?:里|内|以来)",
    rf"{_NO_DIGIT_BEFORE}(?P<w>)(?P<n>{ZH_NUMBER}|半){UNIT}(?:之|以)?来(?!自|的?时)",
    rf"(?P<w>再?过)(?P<n>{ZH_NUMBER}){UNIT}(?![的之程])",
)
def _reach(m: Match) -> Meaning | None:
    unit, factor = UNITS[m["unit"]]
    if m["n"] == "半":
        return Parts(reach=Reach("month", -6, 0)) if unit == "year" else None
    count = FEW[1] if m["n"] == "几" else zh_number(m["n"]) if m["n"] else 1
    if not count or (unit == "year" and count >= 1000):  # 2020年来 counts from a year
        return None
    if m["w"].endswith("过"):
        return words.offset(m["unit"], count)
    future = m["w"] in ("未来", "接下来", "今后")
    ends = (0, count * factor) if future else (-count * factor, 0)
    return Parts(reach=Reach(unit, *ends), vague=m["n"] == "几")


@chinese.rule(rf"{_NO_DIGIT_BEFORE}(?P<n>{ZH_NUMBER}){UNIT}(?:之|以)?内(?!容|存|部)")
def _within(m: Match) -> Meaning | None:
    unit, factor = UNITS[m["unit"]]
    count = zh_number(m["n"])
    return Parts(reach=Reach(unit, 0, count * factor, turns=True)) if count else None


@chinese.rule(
    r"(?<=[节日天号夕秋午夜旦诞庆一六])的?(?P<x>(?P<side>前|后)(?P<n>[一二两三四五六七八九十\d]{1,3})(?P<unit>天|周|个月|年))",
    r"(?<=[节日天号夕秋午旦诞庆])的?(?P<x>(?P<side>前)(?P<n>)(?P<unit>夕|一?晚))",
)
def _shift(m: Match) -> Meaning | None:
    count = zh_number(m["n"]) if m["n"] else 1
    unit = UNITS.get(m["unit"], ("day", 1))[0]
    return Parts(shift=Shift(unit, -count if m["side"] == "前" else count), weak=True) if count else None


@chinese.rule(r"(?P<h>\d{1,2})点?(?:到|至|-|~)(?P<i>\d{1,2})点")
def _two_clocks(m: Match) -> Meaning | None:
    first, last = int(m["h"]), int(m["i"])
    if not first < last <= 24:
        return None
    return Between(Parts(clock=Clock(first, None, first > 12)), Parts(clock=Clock(last % 24, None, last > 12)))
