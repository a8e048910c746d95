"""Numbers as both languages write them: digits, words, Chinese numerals, ordinals."""

from __future__ import annotations

import re

LARGEST_DIGITS = 9

_ONES = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_OTHER = {"a": 1, "an": 1, "couple": 2, "dozen": 12}
_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14, "fifteenth": 15, "sixteenth": 16,
    "seventeenth": 17, "eighteenth": 18, "nineteenth": 19, "twentieth": 20, "thirtieth": 30,
}  # fmt: skip

_ONE_WORDS, _TEN_WORDS = "|".join(_ONES), "|".join(_TENS)
EN_NUMBER = (
    rf"(?:\d{{1,12}}|(?:{_TEN_WORDS})[-\s](?:{_ONE_WORDS})|(?:{_ONE_WORDS}|{_TEN_WORDS})|(?:a )?couple(?: of)?"
    r"|(?:a )?dozen|an?)"
)
EN_ORDINAL = (
    r"(?:twenty[-\s](?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)|thirty[-\s]first"
    rf"|{'|'.join(_ORDINALS)})"
)
EN_DAY = rf"(?:(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?(?!\d)|{EN_ORDINAL})"

ZH_NUMBER = r"(?:\d{1,12}|[〇零一二两三四五六七八九十百千万]{1,9})"
_ZH_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_ZH_UNITS = {"十": 10, "百": 100, "千": 1000}


def en_number(words: str) -> int | None:
    """The value of an English number up to 99 in words, or of digits; None where it is neither or too large."""
    words = re.sub(r"^(?:a )?(couple|dozen)(?: of)?$", r"\1", words.strip())
    if words.isdecimal():
        return int(words) if len(words) <= LARGEST_DIGITS else None
    total = 0
    for word in re.split(r"[-\s]", words):
        value = _ONES.get(word, _TENS.get(word, _OTHER.get(word)))
        if value is None:
            return None
        total += value
    return total


def ordinal(words: str) -> int | None:
    """The value of "3", "3rd", "third" or "twenty-first"; None for anything else."""
    digits = re.match(r"\d+", words)
    if digits:
        return int(digits.group()[:LARGEST_DIGITS])
    first, _, rest = re.sub(r"[-\s]", " ", words).partition(" ")
    if rest:
        return _TENS.get(first, 0) + _ORDINALS.get(rest, 0)
    return _ORDINALS.get(first)


def zh_number(words: str) -> int | None:
    """The value of Chinese numerals (十二, 二零二三, 两百) or digits; None where it is neither or too large."""
    if words.isdecimal():
        return int(words) if len(words) <= LARGEST_DIGITS else None
    if not words or not set(words) <= _ZH_DIGITS.keys() | _ZH_UNITS.keys() | {"万"}:
        return None
    if not set(words) & {"十", "百", "千", "万"}:
        return int("".join(str(_ZH_DIGITS[c]) for c in words))
    total = section = digit = 0
    for c in words:
        if c == "万":
            total, section, digit = (total + section + digit) * 10_000, 0, 0
        elif c in _ZH_UNITS:
            section += (digit or 1) * _ZH_UNITS[c]
            digit = 0
        else:
            digit = _ZH_DIGITS[c]
    return total + section + digit
