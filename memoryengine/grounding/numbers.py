"""The numbers of a text, in digits and in words of both languages: what it claims, and what it supports."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

from ..times.numbers import en_number, ordinal, zh_number

SCALES = {
    "k": 1_000, "thousand": 1_000, "hundred": 100, "m": 10**6, "mn": 10**6, "million": 10**6, "b": 10**9,
    "bn": 10**9, "billion": 10**9, "dozen": 12, "w": 10_000, "十": 10, "百": 100, "千": 1_000, "万": 10_000,
    "百万": 10**6, "千万": 10**7, "亿": 10**8,
}  # fmt: skip
# What counts without a number word; a text with one of these supports the number.
_COUNTING: tuple[tuple[str, tuple[int, ...]], ...] = (
    (
        r"\b(?:both|twins?|couple|pair|twice|double[ds]?|bi(?:weekly|monthly|lingual)|fortnight|two(?:fold|some))\b",
        (2,),
    ),
    (r"\b(?:an?|one|my|the) [\w' -]{2,24} and (?:an?|one|my|his|her)\b|\banother\b|\bparents\b|\bboth\b", (2,)),
    (r"[双俩兩]|[一这那几]对|父母|夫妻|夫妇|爸妈", (2,)),
    (r"\b(?:triplets?|thrice|triple[ds]?|trio)\b|仨|[爸妈]+和我", (3,)),
    (r"\b(?:half|halves|midnight)\b|半", (30, 50, 6, 2)),
    (r"\bquarters?\b|一刻|季度", (15, 25, 3, 4)),
    (r"\bdecades?\b", (10,)),
    (r"\bcentur(?:y|ies)\b", (100,)),
    (r"\bdozens?\b|\bnoon\b|中午|正午", (12,)),
    (r"\bfortnight|\bbiweekly\b", (14,)),
    (r"\bweekends?\b|周末", (2,)),
    (r"\bteen(?:s|age|ager|agers)?\b", (13, 19)),
    (r"\bzero\b|\bnone\b|\bno\b|没有?|不", (0,)),
    (r"\bhundreds?\b|百", (100,)),
    (r"\bthousands?\b|千", (1_000,)),
    (r"\bmillions?\b|百万", (10**6,)),
)
_DIGITS = re.compile(
    r"(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"(?:[ -]?(?P<scale>thousand|hundred|million|billion|dozen|mn|bn|k|m|b|w)(?![a-z])"
    r"|(?P<zhscale>百万|千万|[十百千万亿])+)?",
)
_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety"
)
_EN_UNITS = _UNITS.split()
_EN_WORD = rf"(?:{'|'.join(_EN_UNITS)}|hundred|thousand|million|billion)"
_EN_HEAD = rf"\b(?:an? (?=hundred|thousand|million))?{_EN_WORD}"
SPOKEN_EN = rf"{_EN_HEAD}(?:(?: and |[\s-]){_EN_WORD}){{0,8}}\b"
_EN = re.compile(rf"{_EN_HEAD}(?:(?:[\s-]|\sand\s)+{_EN_WORD})*\b")
_EN_ORDINAL = re.compile(
    r"\b(?:(?:twenty|thirty|forty|fifty)[ -])?(?:third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth"
    r"|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth)\b"
)
_ZH = re.compile(r"[〇零一二两三四五六七八九十百千万亿]{1,40}(?:点[〇零一二三四五六七八九]{1,20})?")
_ZH_MEASURED = re.compile(
    r"(?<![〇零一二两三四五六七八九十百千万亿])"
    r"(?P<number>[〇零一二两三四五六七八九十百千万亿]{1,12}(?:点[〇零一二三四五六七八九]{1,9})?)(?=[多几来]?"
    r"(?:年|月|日|号|岁|周岁|个|名|位|只|条|头|匹|次|回|遍|趟|天|周|星期|小时|钟头|分钟|秒|点钟|元|块|万元|美元|斤|公斤|"
    r"千克|克|米|厘米|公里|千米|里|口人|家|本|张|杯|瓶|碗|辆|台|层|楼|间|套|部|首|门|项|集|倍|度|公分|毫升|升|平米|平方|"
    r"点(?![〇零一二三四五六七八九])|人|级|届|期|班|场|种|件|份|支|颗|棵|排|路|线|折|成|分之|％|%))"
)
_LISTED_NAMES = re.compile(
    r"[A-Z]\w{1,24}[^,.;]{0,12}(?P<more>(?:, [A-Z]\w{1,24}[^,.;]{0,12}){1,20}),? (?:and|&) [A-Z]"
)
_ONE_EACH = re.compile(r"一[个只条位名台本辆家]")
_SPOKEN_ZH = re.compile(
    r"(?<![\d.])(?P<head>\d{1,6}|[一二两三四五六七八九])(?P<unit>[万千百])(?P<next>[一二三四五六七八九]|\d)"
    r"(?P<small>[千百十])?(?![\d点十百千万])"
)
# said only: a statement with a grand piano claims no number
_SAID_SCALES = {"grand": 1_000, "lakh": 100_000, "lakhs": 100_000, "crore": 10**7, "crores": 10**7}
_SAID_SCALED = re.compile(
    rf"(?P<digits>\d{{1,9}}(?:\.\d{{1,3}})?|{SPOKEN_EN})"
    rf" ?(?P<scale>{'|'.join(_SAID_SCALES)})\b(?! piano)"
)
_MONEY_ZH = re.compile(
    r"(?P<whole>\d{1,6}|[一二两三四五六七八九十百千万]{1,7})块(?P<tenth>[1-9一二三四五六七八九])(?![\d\u4e00-\u9fff])"
)
_WEIGHT = re.compile(r"(?<![\d.])(?P<count>\d{1,9}(?:\.\d+)?)\s*(?P<unit>公斤|千克|kg|斤)")
_SEPARATORS = re.compile(r"(?<=\d)[\s\-.,:/_()]+(?=\d)")
_ITEM = r"(?<![\w'-])[\w'-]{1,24}(?: [\w'-]{1,24})?"
_LISTED = re.compile(rf"{_ITEM}(?P<more>(?:, {_ITEM}){{1,20}}),? (?:and|or|&) |\b[A-Z]\w{{1,24}} (?:and|&) [A-Z]\w")
_ZH_LISTED = re.compile(r"[^\s，。,.、；！？]{1,8}(?P<more>(?:、[^\s，。,.、；！？]{1,8}){0,20})(?:和|跟|与|及|、)")
LONG = 5


@lru_cache(maxsize=512)
def supported(text: str) -> frozenset[Decimal]:
    """Every number that a folded text may be taken to say, read generously."""
    one_way = _one_way(text)
    found = {value for match in _DIGITS.finditer(one_way) for value in _digits(match)}
    found |= set(_said_otherwise(text))
    found |= {Decimal(part) for part in re.findall(r"\d+", text)}
    found |= {value for match in _EN.finditer(text) for value in _spoken(match.group())}
    found |= {Decimal(value) for match in _EN_ORDINAL.finditer(text) if (value := ordinal(match.group()))}
    found |= {value for match in _ZH.finditer(text) for value in _written(match.group())}
    for pattern, values in _COUNTING:
        if re.search(pattern, text):
            found.update(map(Decimal, values))
    return frozenset(found | {Decimal(1)})


def _said_otherwise(text: str) -> Iterator[Decimal]:
    """Ninety grand, 三块五 and, of weights, as many jin or kilograms."""
    for match in _SAID_SCALED.finditer(text) if any(scale in text for scale in _SAID_SCALES) else ():
        yield (value_of(match["digits"]) or Decimal(1)) * _SAID_SCALES[match["scale"]]
    for match in _MONEY_ZH.finditer(text):
        whole, tenth = value_of(match["whole"]), value_of(match["tenth"])
        if whole is not None and tenth is not None:
            yield whole + tenth / 10
    for match in _WEIGHT.finditer(text):
        yield Decimal(match["count"]) * (Decimal("0.5") if match["unit"] == "斤" else 2)


@lru_cache(maxsize=512)
def listed(text: str) -> frozenset[Decimal]:
    """How many short things a text lists, as in "Max, Daisy and a pup": whoever sums up may count them."""
    commas = [(match["more"] or "").count(",") for match in _LISTED.finditer(text)]
    commas += [match["more"].count(",") for match in _LISTED_NAMES.finditer(text)]
    commas += [match["more"].count("、") for match in _ZH_LISTED.finditer(text)]
    return frozenset(map(Decimal, (*(count + 2 for count in commas), len(_ONE_EACH.findall(text)))))


def _one_way(text: str) -> str:
    """A folded text with 1万5千 and 一万五 as 15000."""
    return _SPOKEN_ZH.sub(_joined, text)


def _joined(match: re.Match[str]) -> str:
    unit = SCALES[match["unit"]]
    small = SCALES[match["small"]] if match["small"] else unit // 10
    return str((zh_number(match["head"]) or 0) * unit + (zh_number(match["next"]) or 0) * small)


def claimed(text: str) -> Iterator[tuple[str, Decimal]]:
    """The numbers that a folded text surely says, each with how it is written."""
    text = _one_way(text)
    for match in _DIGITS.finditer(text):
        yield match.group(), max(_digits(match))
    for match in _EN.finditer(text):
        # "One" is mostly a pronoun, and hundreds are mostly not counted.
        if match.group() not in ("one", "zero", "hundred", "thousand", "million", "billion"):
            yield match.group(), max(_spoken(match.group()))
    for match in _EN_ORDINAL.finditer(text):
        yield match.group(), Decimal(ordinal(match.group()) or 1)
    for match in _ZH_MEASURED.finditer(text):
        yield match["number"], max(_written(match["number"]))


def stands_in(written: str, value: Decimal, text: str) -> bool:
    """Whether a claimed number stands in a folded text, whatever separates its digits there."""
    if value in supported(text):
        return True
    digits = re.sub(r"\D", "", written)
    if not digits.strip("0"):
        return False
    glued = _SEPARATORS.sub("", text)
    if len(digits) >= LONG and digits in glued:
        return True
    # 1米64 is 164 cm, and 6'2" no less a number than 6 2
    return len(digits) >= 3 and any(digits == re.sub(r"\D", "", word) for word in re.split(r"[\s，。,;；、]+", text))


def value_of(written: str) -> Decimal | None:
    """The value of one number as it is written: in digits, in English or Chinese words, or as "a"; None of none."""
    if written in ("a", "an"):
        return Decimal(1)
    if written[:1].isdecimal():
        return Decimal(written.replace(",", ""))
    if written[:1].isascii():
        return max(_spoken(written))
    whole, _, rest = written.partition("点")
    value = _large(whole)
    if value is None or not rest:
        return None if value is None else Decimal(value)
    return Decimal(f"{value}.{''.join(str(zh_number(c) or 0) for c in rest)}")


def _digits(match: re.Match[str]) -> list[Decimal]:
    raw = Decimal(match["digits"].replace(",", ""))
    scale = SCALES.get(match["scale"] or match["zhscale"] or "", 1)
    return [raw, raw * scale]


def _spoken(words: str) -> set[Decimal]:
    """The values of an English number in words: of the whole, and of each of its parts."""
    found: set[Decimal] = set()
    total = section = 0
    for word in re.split(r"[\s-]+(?:and[\s-]+)?", words):
        if word in ("hundred", "thousand", "million", "billion"):
            section = max(section, 1) * SCALES[word]
            if word != "hundred":
                total, section = total + section, 0
        else:
            value = en_number(word) or 0
            found.add(Decimal(value))
            section += value
    return found | {Decimal(total + section)}


def _written(characters: str) -> set[Decimal]:
    """The values of a Chinese number: of the whole, and of each of its characters, since 两三个 is "two or three"."""
    whole, _, rest = characters.partition("点")
    single = {Decimal(value) for c in whole if (value := zh_number(c)) is not None}
    value = _large(whole)
    if value is not None and rest:
        digits = "".join(str(zh_number(c) or 0) for c in rest)
        return {Decimal(value), Decimal(f"{value}.{digits}")}
    return single | ({Decimal(value)} if value is not None else set()) or {Decimal(1)}


def _large(whole: str) -> int | None:
    head, hundred_million, tail = whole.partition("亿")
    if not hundred_million:
        return zh_number(whole)
    return (zh_number(head or "一") or 0) * 10**8 + (zh_number(tail or "零") or 0)
