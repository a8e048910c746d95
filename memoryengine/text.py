"""The terms, the language and the safe form of a text: pure functions, the same for every store, model and worker.

English words are stemmed by snowballstemmer, which is loaded with the first word that needs it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import pairwise

from .values import Language

LONGEST_TERM = 64
STEMS_PER_TEXT = 10_000
SHORT = 500

_HAN = r"\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KANA = r"\u3040-\u30ff\u31f0-\u31ff"
_HANGUL = r"\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"
# Scripts that write no spaces, or write vowels as marks that `\w` does not count as part of a word.
_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_MARKED = r"\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0dff\u0f00-\u0fff"
_DENSE = _HAN + _KANA + _HANGUL + _UNSPACED
_EMOJI = (
    r"\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf\u2934-\u2b55"
    r"\u3030\u303d\u3297\u3299\U0001f000-\U0001f3fa\U0001f400-\U0001faff"
)
_TOKEN = re.compile(
    rf"""
      (?P<dense>[{_DENSE}]+)
    | (?P<number>\d+(?:[.,:/-]\d+)+[a-z\d]*)                     # 3.5  2023-07-03  10:30am  1.2.3rc1  1,000
    | (?P<code>(?:[a-z]+-?(?=\d)|\d+(?=[a-z]))[a-z\d]*(?:[.-][a-z\d]*\d[a-z\d]*)*    # v1.2.3  gpt-4  5g  covid-19
        | (?<![^\W_])(?:c\+\+|[cf]\#))
    | (?P<word>(?:[^\W_{_DENSE}]|[{_MARKED}])+(?:'[^\W_{_DENSE}]+)*)
    | (?P<emoji>[{_EMOJI}])
    """,
    re.VERBOSE,
)
_LETTERS = re.compile(r"[a-z]+(?:'[a-z]+)*\Z")
_LEADING_LETTERS = re.compile(r"[a-z]{2,}(?=-)")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?\Z")
_ACCENTED = re.compile(r"[\u00c0-\u024f\u1e00-\u1eff]|[a-z][\u0300-\u036f]+")
_QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'"})
_UNSAFE = re.compile("\r\n|[\x00-\x08\x0b-\x1f\x7f-\x9f]|[\ud800-\udfff]")
_HAN_CHAR = re.compile(f"[{_HAN}]")
_KANA_CHAR = re.compile(f"[{_KANA}]")
_DENSE_CHAR = re.compile(f"[{_DENSE}{_EMOJI}]")
_LATIN_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]+(?:['\u2019][A-Za-z]+)?")

# Function words carry no topic. Negations belong here on purpose: "likes cats" and "does not like cats" are about the
# same thing, and whether they contradict each other is for the conflict finder to say.
_EN_WORDS = """
    a an the and or but nor so if then than that this these those there here it its it's is isn't am are aren't was
    wasn't were weren't be been being do does doesn't did didn't don't done have has hasn't had hadn't haven't having
    will would won't wouldn't shall should shouldn't can can't cannot could couldn't may might must i i'm i've i'd i'll
    me my mine myself we we're we've us our ours you you're you've your yours he he's him his she she's her hers they
    they're them their theirs who whom whose which what when where why how to of in on at by for from with without
    about into onto over under up down out off as not no yes also too very just only really quite some any each every
    all both such own same other more most much many again ever please well oh ok okay let let's s t"""
_ZH_FUNCTION = frozenset(
    "的了是我你他她它们这那哪在和与跟及或就都也还又很太吗呢吧啊呀嘛哦呗着过得地之"
    "把被让给对从到为以于而且但并不没有个些什么怎谁啥会能要想可"
)


@lru_cache(maxsize=1)
def _stemmer() -> Callable[[str], str]:
    import snowballstemmer  # type: ignore[import-untyped]

    stem: Callable[[str], str] = snowballstemmer.stemmer("english").stemWord
    return stem


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    return _stemmer()(word) or word


def _fold(text: str) -> str:
    """Lower case, full and half width as one, quotes straight, accents off Latin letters."""
    if text.isascii():
        return text.lower()
    # A character may unfold to 18; only a text made of little else is cut here, and that keeps its time bounded.
    folded = unicodedata.normalize("NFKC", text)[: 2 * len(text) + 1_000].casefold().translate(_QUOTES)
    return folded if folded.isascii() else _ACCENTED.sub(_without_accent, folded)


def _without_accent(match: re.Match[str]) -> str:
    return _bare(match.group())


@lru_cache(maxsize=4_096)
def _bare(letter: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(c)) or letter


def _dense_terms(run: str) -> Iterator[str]:
    """Single Chinese characters, then the bigrams of the run; other dense scripts give bigrams alone."""
    yield from _HAN_CHAR.findall(run) if len(run) > 1 else (run,)
    for first, second in pairwise(run):
        yield first + second


def _code_terms(code: str) -> Iterator[str]:
    yield code[:LONGEST_TERM]
    if (letters := _LEADING_LETTERS.match(code)) is not None:
        yield _stem(letters.group()[:LONGEST_TERM])


def terms(text: str) -> tuple[str, ...]:
    """Cut a text into its index and query terms, in order and with repetitions.

    English words are folded and stemmed; numbers, dates and versions stay whole ("3.5", "2023-07-03", "gpt-4", which
    gives "gpt" too; "1,000" is "1000"); Chinese gives single characters and bigrams, Japanese kana, Korean, Thai and
    the like give bigrams; other scripts give folded words; an emoji is a term. No stop word is removed. A term is at
    most 64 characters long. The first 10,000 different English words of one text are stemmed and any beyond are not,
    so that a huge text of random words stays quick. Takes any string, lone surrogates and controls included.
    """
    return _terms_of_short(text) if len(text) <= SHORT else _terms(text)


def _terms(text: str) -> tuple[str, ...]:
    found: list[str] = []
    add, extend = found.append, found.extend
    plain: set[str] = set()
    for match in _TOKEN.finditer(_fold(text)):
        token, kind = match.group(), match.lastgroup
        if kind == "word":
            if len(token) <= LONGEST_TERM and _LETTERS.match(token):
                plain.add(token)
                add(_stem(token) if len(plain) <= STEMS_PER_TEXT else token)
            else:
                add(token[:LONGEST_TERM])
        elif kind == "dense":
            extend(_dense_terms(token))
        elif kind == "code":
            extend(_code_terms(token))
        else:
            add((token.replace(",", "") if _THOUSANDS.match(token) else token)[:LONGEST_TERM])
    return tuple(found)


_terms_of_short = lru_cache(maxsize=4_096)(_terms)  # a statement is checked, sought, compared and stored in a row


@lru_cache(maxsize=1)
def _function_terms() -> frozenset[str]:
    return frozenset(term for word in _EN_WORDS.split() for term in (word, *terms(word)))


def _has_content(term: str) -> bool:
    return term not in _function_terms() and _ZH_FUNCTION.isdisjoint(term)


def content_terms(text: str) -> tuple[str, ...]:
    """The terms of a text that carry its topic: `terms` without function words of both languages.

    A Chinese bigram goes as soon as one of its characters is a function character. Negations count as function words.
    """
    return tuple(filter(_has_content, terms(text)))


def similarity(a: str, b: str) -> float:
    """How much two texts share: the Dice coefficient of their sets of content terms, symmetric, in [0, 1].

    2 |A and B| / (|A| + |B|) (Dice 1945). Texts without content terms are similar only where they are equal.
    """
    left, right = set(content_terms(a)), set(content_terms(b))
    if not left or not right:
        return float(a.strip() == b.strip())
    return 2 * len(left & right) / (len(left) + len(right))


def language(text: str, default: Language = "en") -> Language:
    """Which of the two languages a text is in, read from its first 4,000 characters; `default` where it is in neither.

    Chinese when Chinese words (1.7 characters each) are at least 30 % of all words, so "我用 Python 和 PyTorch" is
    Chinese and "I love 北京 very much" is English. Japanese, which mixes kana in, is neither.
    """
    return _language(text[:4_000], default)


@lru_cache(maxsize=1_024)
def _language(sample: str, default: Language) -> Language:
    han, kana = len(_HAN_CHAR.findall(sample)) / 1.7, len(_KANA_CHAR.findall(sample)) / 1.7
    latin = len(_LATIN_WORD.findall(sample))
    if kana > 0.25 * han and kana > latin:
        return default
    if han and han >= 0.3 * (han + latin):
        return "zh"
    return "en" if latin else default


def token_estimate(text: str) -> int:
    """About how many tokens a language model counts in a text, without asking one.

    A character of a dense script (Chinese, Japanese, Korean, Thai and the like) or an emoji counts as one token, and
    four characters of anything else as one, rounded up. Tokenizers differ: for Chinese today's need 0.6 to 1.3 tokens
    a character, for English prose 0.2 to 0.25.
    """
    dense = len(_DENSE_CHAR.findall(text))
    return dense + (len(text) - dense + 3) // 4


def _safe(match: re.Match[str]) -> str:
    found = match.group()
    if found == "\r\n":
        return "\n"
    return "\ufffd" if found >= "\ud800" else ""


def clean(text: str) -> str:
    r"""A text that is safe to store and to encode as UTF-8.

    Lone surrogates become U+FFFD, CRLF becomes LF, and control characters (C0, DEL, C1) other than \n and \t go.
    Nothing else changes.
    """
    return _UNSAFE.sub(_safe, text)


def clip(text: str, limit: int) -> str:
    """A text of at most `limit` characters: a longer one keeps its head and tail around an ellipsis."""
    if len(text) <= limit:
        return text
    if limit < 2:
        return "…"[: max(limit, 0)]
    tail = (limit - 1) // 2
    return f"{text[: limit - 1 - tail]}…{text[len(text) - tail :]}"
