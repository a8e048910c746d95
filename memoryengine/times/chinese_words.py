"""The words of Chinese times, and the pieces of pattern that match them."""

from __future__ import annotations

import re

from .festivals import ZH_NAMES
from .numbers import zh_number
from .parts import Parts, Reach, Unit, from_now

# One character for one, so that places in the text stay the same.
SIMPLE = str.maketrans(
    "週號禮點後個幾時過來內從兩這鐘節國慶聖誕開當間聽陽農曆歲舊寫會將準備劃",
    "周号礼点后个几时过来内从两这钟节国庆圣诞开当间听阳农历岁旧写会将准备划",
)
WEEK = "(?:周|星期|礼拜)"
WEEKDAYS = {c: i for i, c in enumerate("一二三四五六日", 1)} | {"天": 7, "末": 0}
# "周三次" is three times a week and "周日程" an agenda: what follows decides.
WEEKDAY = (
    r"(?P<wd>[一二三四五六](?![次回趟遍篇节场顿期更]|个(?!人)|天(?![气晴冷热])|小时|百|千|万|十)"
    r"|日(?!程|报|元|本[队人地国]|常)|天(?![气])|末)"
)
MONTH = (
    r"(?<![\d.〇零一二三四五六七八九十百千几两])(?P<mo>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])月"
    r"(?![亮球光饼色薪])"
)
LUNAR_MONTHS = {"正": 1, "冬": 11, "腊": 12}
LUNAR_MONTH = "(?:正|冬|腊|十[一二]?|[一二三四五六七八九]|1[0-2]|[1-9])"
DAY_NUMBER = r"(?:3[01]|[12]\d|0?[1-9]|三十一?|二?十[一二三四五六七八九]?|[一二三四五六七八九])"
OFFSETS = {
    "去年": -1,
    "今年": 0,
    "本年": 0,
    "明年": 1,
    "前年": -2,
    "后年": 2,
    "大前年": -3,
    "来年": 1,
    "上一年": -1,
    "下一年": 1,
}
SEASONS = {"春": 1, "夏": 2, "秋": 3, "冬": 4}
SLICES = {
    "初": "start", "底": "end", "末": "end", "中": "mid", "中旬": "mid", "上旬": "early", "下旬": "late",
    "上半年": "h1", "下半年": "h2", "上半月": "h1", "下半月": "h2", "初期": "early", "早期": "early", "中期": "mid",
    "后期": "late", "末期": "late",
}  # fmt: skip
DAY_PARTS = {
    "凌晨": "dawn", "清晨": "early", "清早": "early", "一大早": "early", "大清早": "early", "早晨": "morning",
    "早上": "morning", "上午": "forenoon", "中午": "noon", "午间": "noon", "下午": "afternoon", "午后": "afternoon",
    "傍晚": "dusk", "晚上": "evening", "晚间": "evening", "夜里": "evening", "夜间": "evening", "夜晚": "evening",
    "深夜": "late", "半夜": "dawn", "午夜": "dawn", "早": "morning", "晚": "evening", "夜": "evening", "晨": "early",
}  # fmt: skip
PART = "|".join(sorted((word for word in DAY_PARTS if len(word) > 1), key=len, reverse=True))
UNITS: dict[str, tuple[Unit, int]] = {
    "秒": ("minute", 1), "秒钟": ("minute", 1), "分钟": ("minute", 1), "分": ("minute", 1), "小时": ("hour", 1),
    "个小时": ("hour", 1), "个钟头": ("hour", 1), "钟头": ("hour", 1), "天": ("day", 1), "日": ("day", 1),
    "晚": ("day", 1), "周": ("week", 1), "个星期": ("week", 1), "星期": ("week", 1), "个礼拜": ("week", 1),
    "礼拜": ("week", 1), "个周": ("week", 1), "个月": ("month", 1), "个季度": ("quarter", 1), "季度": ("quarter", 1),
    "年": ("year", 1), "个年头": ("year", 1),
}  # fmt: skip
UNIT = rf"(?P<unit>{'|'.join(sorted(UNITS, key=len, reverse=True))})"
FESTIVAL = "|".join(ZH_NAMES)

WORDS: dict[str, Parts] = {
    "今天": Parts(days=0),
    "今日": Parts(days=0),
    "今天早些时候": Parts(days=0),
    "今儿": Parts(days=0),
    "昨天": Parts(days=-1),
    "昨日": Parts(days=-1),
    "昨儿": Parts(days=-1),
    "前天": Parts(days=-2),
    "前日": Parts(days=-2),
    "大前天": Parts(days=-3),
    "明天": Parts(days=1),
    "明日": Parts(days=1),
    "明儿": Parts(days=1),
    "后天": Parts(days=2),
    "大后天": Parts(days=3),
    "今早": Parts(days=0, part="morning"),
    "今晨": Parts(days=0, part="early"),
    "今晚": Parts(days=0, part="evening"),
    "今夜": Parts(days=0, part="evening"),
    "昨晚": Parts(days=-1, part="evening"),
    "昨夜": Parts(days=-1, part="evening"),
    "前晚": Parts(days=-2, part="evening"),
    "明早": Parts(days=1, part="morning"),
    "明晨": Parts(days=1, part="early"),
    "明晚": Parts(days=1, part="evening"),
    "后晚": Parts(days=2, part="evening"),
    "今春": Parts(years=0, season=1),
    "今夏": Parts(years=0, season=2),
    "今秋": Parts(years=0, season=3),
    "今冬": Parts(years=0, season=4),
    "去冬": Parts(years=-1, season=4),
    "明春": Parts(years=1, season=1),
    "刚才": Parts(reach=Reach("hour", -1, 0)),
    "刚刚": Parts(reach=Reach("hour", -1, 0), vague=True),
    "最近": Parts(reach=Reach("day", -14, 0), vague=True),
    "近来": Parts(reach=Reach("day", -14, 0), vague=True),
    "近期": Parts(reach=Reach("day", -14, 0), vague=True),
    "近日": Parts(reach=Reach("day", -7, 0), vague=True),
    "这阵子": Parts(reach=Reach("day", -14, 0), vague=True),
    "这段时间": Parts(reach=Reach("day", -30, 0), vague=True),
    "这些天": Parts(reach=Reach("day", -7, 0), vague=True),
    "这几天": Parts(reach=Reach("day", -3, 0), vague=True),
    "这两天": Parts(reach=Reach("day", -2, 0), vague=True),
    "前几天": Parts(reach=Reach("day", -7, -1), vague=True),
    "前两天": Parts(reach=Reach("day", -3, -1), vague=True),
    "前些天": Parts(reach=Reach("day", -10, -1), vague=True),
    "前些日子": Parts(reach=Reach("day", -30, -3), vague=True),
    "前阵子": Parts(reach=Reach("day", -60, -7), vague=True),
    "前一阵子": Parts(reach=Reach("day", -60, -7), vague=True),
    "前段时间": Parts(reach=Reach("day", -60, -7), vague=True),
    "前几年": Parts(reach=Reach("year", -7, -1), vague=True),
    "过几天": Parts(reach=Reach("day", 1, 7), vague=True),
    "过两天": Parts(reach=Reach("day", 1, 3), vague=True),
    "这几年": Parts(reach=Reach("year", -5, 0), vague=True),
    "近几年": Parts(reach=Reach("year", -5, 0), vague=True),
    "近年来": Parts(reach=Reach("year", -5, 0), vague=True),
    "年初": Parts(slice="start", scale="year"),
    "年中": Parts(slice="mid", scale="year"),
    "年底": Parts(slice="end", scale="year"),
    "年末": Parts(slice="end", scale="year"),
    "岁末": Parts(slice="end", scale="year"),
    "上半年": Parts(slice="h1", scale="year"),
    "下半年": Parts(slice="h2", scale="year"),
    "月初": Parts(slice="start", scale="month"),
    "月中": Parts(slice="mid", scale="month"),
    "月底": Parts(slice="end", scale="month"),
    "月末": Parts(slice="end", scale="month"),
    "每天": Parts(every="day"),
    "天天": Parts(every="day"),
    "每日": Parts(every="day"),
    "每晚": Parts(every="day", part="evening"),
    "每早": Parts(every="day", part="morning"),
    "每月": Parts(every="month", weak=True),
    "每个月": Parts(every="month", weak=True),
    "每年": Parts(every="year", weak=True),
    "暑假": Parts(season=2),
    "寒假": Parts(season=4),
}
WORD = "|".join(sorted(WORDS, key=len, reverse=True))


def year(text: str) -> int | None:
    """A year of four digits, or of two that mean 1930 to 2029."""
    number = zh_number(text)
    if number is None or len(text) > 4:
        return None
    if number < 100 and len(text) == 2:
        return number + (1900 if number >= 30 else 2000)
    return number if 1000 <= number <= 2999 else None


def festival(name: str) -> str:
    """The festival that a name stands for."""
    return next(key for pattern, key in ZH_NAMES.items() if re.fullmatch(pattern, name))


def steps(word: str) -> int:
    """How far 上, 上上, 这, 本, 下 and 下下 are from now."""
    return len(word) if word.startswith("下") else -len(word) if word.startswith("上") else 0


def offset(unit: str, count: int) -> Parts:
    """So many whole units from now."""
    name, factor = UNITS[unit]
    return from_now(name, count * factor)
