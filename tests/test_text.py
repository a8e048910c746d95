from __future__ import annotations

import random
import string
import subprocess
import sys
import time

import pytest

from memoryengine import text
from memoryengine.values import Language

ODD = (
    "\ud800 \udfff \x00\x07\x9f\u2028\u3000\u200d\ufe0f\ufeff İßéÅﬁﷺ㎡①²½ 😀👍🏽🇨🇳 "
    "한국어 ひらがな हिन्दी ไทย עברית العربية 中文，Ａ１"
)


def noise(seed: int, length: int) -> str:
    """Random characters of every plane, surrogates and controls included."""
    rng = random.Random(seed)
    pools = (range(0x250), range(0x2000, 0x3100), range(0x4E00, 0xA000), range(0xD700, 0xE100), range(0x110000))
    return "".join(chr(rng.choice(rng.choice(pools))) for _ in range(length))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", ()),
        (" \n\t ", ()),
        ("?!... ——", ()),
        ("Playing GUITARS", ("play", "guitar")),
        ("don't stop", ("don't", "stop")),
        ("Alice’s dogs", ("alic", "dog")),
        ("the cat and the cat", ("the", "cat", "and", "the", "cat")),
        ("吉他", ("吉", "他", "吉他")),
        ("猫", ("猫",)),
        ("我爱猫。你呢", ("我", "爱", "猫", "我爱", "爱猫", "你", "呢", "你呢")),
        ("买了iPhone15手机", ("买", "了", "买了", "iphone15", "手", "机", "手机")),
        ("５Ｇ网", ("5g", "网")),
        ("ＡＢＣ abc", ("abc", "abc")),
        ("version 3.5 on 2023-07-03 at 10:30", ("version", "3.5", "on", "2023-07-03", "at", "10:30")),
        ("v1.2.3 costs 1,000", ("v1.2.3", "cost", "1000")),
        ("24/7 gpt-4o", ("24/7", "gpt-4o", "gpt")),
        ("2023年7月", ("2023", "年", "7", "月")),
        ("C++ or C#", ("c++", "or", "c#")),
        ("café naïve Ångström", ("cafe", "naiv", "angstrom")),
        ("cafe\u0301", ("cafe",)),
        ("Привет ёлка", ("привет", "ёлка")),
        ("カタカナ", ("カタ", "タカ", "カナ")),
        ("안녕하세요", ("안녕", "녕하", "하세", "세요")),
        ("हिन्दी भाषा", ("हिन्दी", "भाषा")),
        ("😀👍🏽", ("😀", "👍")),
        ("a\ud800b\x00c", ("a", "b", "c")),
        ("foo_bar", ("foo", "bar")),
    ],
)
def test_terms(content: str, expected: tuple[str, ...]) -> None:
    found = text.terms(content)
    assert found == expected
    assert text.terms(content) == found
    assert all(term and not any(map(str.isspace, term)) for term in found)


def test_word_forms_meet_in_one_term() -> None:
    assert text.terms("hobbies") == text.terms("hobby")
    assert text.terms("moved") == text.terms("moving") == text.terms("MOVE")
    assert text.terms("ﬁsh Ｆｉｓｈ") == ("fish", "fish")
    assert set(text.terms("乐器爱好")) & set(text.terms("我的爱好是吉他")) == {"爱", "好", "爱好"}


def test_terms_of_any_unicode_hold_no_white_space_and_no_surrogate() -> None:
    for seed in range(30):
        content = noise(seed, 400) + ODD
        found = text.terms(content)
        assert found == text.terms(content)
        assert all(0 < len(term) <= text.LONGEST_TERM for term in found)
        assert not any(c.isspace() or 0xD800 <= ord(c) < 0xE000 for term in found for c in term)
        "".join(found).encode()


def test_a_long_word_is_cut_the_same_way_in_index_and_query() -> None:
    word = "x" * 5_000
    assert text.terms(word) == ("x" * text.LONGEST_TERM,)
    assert text.terms("9." * 500 + "9") == ("9." * (text.LONGEST_TERM // 2),)
    assert len(text.terms("a1" * 500)[0]) == text.LONGEST_TERM


@pytest.mark.parametrize(
    "unit",
    ["我喜欢北京天气", "a", "ﷺ", "é", "1-", "a'", "1a.", "😀", "a\u0301", "the quick brown foxes jumped over it, "],
)
def test_a_megabyte_is_cut_in_two_seconds(unit: str) -> None:
    content = unit * (1_000_000 // len(unit.encode()))
    begin = time.process_time()
    found = text.terms(content)
    assert time.process_time() - begin < 2
    assert found
    assert len(content.encode()) > 990_000


def test_a_megabyte_of_random_words_is_cut_in_two_seconds() -> None:
    rng = random.Random(7)
    words = ["".join(rng.choices(string.ascii_lowercase, k=8)) for _ in range(116_000)]
    begin = time.process_time()
    found = text.terms(" ".join(words))
    assert time.process_time() - begin < 2
    assert len(found) == len(words)
    assert found[-1] == words[-1]


def test_importing_is_cheap_and_loads_no_stemmer() -> None:
    code = "import sys, memoryengine.text; print('snowballstemmer' in sys.modules)"
    out = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
    assert out.stderr == ""
    assert text.terms("loading") == ("load",)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("我的爱好是吉他。", "zh"),
        ("My hobby is playing the guitar.", "en"),
        ("我用 Python 和 PyTorch", "zh"),
        ("I love 北京 very much, it is great", "en"),
        ("帮我 review 一下这个 pull request", "zh"),
        ("OK好的", "zh"),
        ("北京", "zh"),
        ("café", "en"),
    ],
)
def test_language(content: str, expected: Language) -> None:
    other: Language = "zh" if expected == "en" else "en"
    assert text.language(content) == expected
    assert text.language(content, other) == expected
    assert text.language(content * 5_000, other) == expected


def test_a_text_in_neither_language_takes_the_default() -> None:
    for content in ("", "123 456", "😀", "ひらがなとカタカナ", "Привет", "?!"):
        assert text.language(content) == "en"
        assert text.language(content, "zh") == "zh"


def test_content_terms_carry_the_topic_alone() -> None:
    assert text.content_terms("I am not in the big city") == ("big", "citi")
    assert text.content_terms("他们都是的") == ()
    assert text.content_terms("我喜欢吉他") == ("喜", "欢", "吉", "喜欢", "欢吉")
    assert set(text.content_terms("I don't like cats")) == set(text.content_terms("I like cats"))
    assert set(text.content_terms("我不喜欢狗")) == set(text.content_terms("我喜欢狗"))


def test_similarity_is_symmetric_and_ranks() -> None:
    near = text.similarity("I live in Beijing", "She lives in Beijing now")
    far = text.similarity("I live in Beijing", "My dog is called Rex")
    assert text.similarity("我住在北京", "我在北京住") > text.similarity("我住在北京", "我喜欢吃苹果")
    assert near > 0.5 > far == 0
    assert text.similarity("the", "the ") == 1
    assert text.similarity("the", "a") == 0
    for a, b in (("我住在北京", "北京很大"), ("I play guitar", "guitars"), ("", "x"), ("", "")):
        assert text.similarity(a, b) == text.similarity(b, a)
        assert 0 <= text.similarity(a, b) <= 1
        assert text.similarity(a, a) == 1


@pytest.mark.parametrize(
    ("dirty", "expected"),
    [
        ("a\r\nb\tc\nd", "a\nb\tc\nd"),
        ("a\x00b\x1b[31mc\x7fd\x85e\x9f", "ab[31mcde"),
        ("\ud800x\udfff", "\ufffdx\ufffd"),
        ("  é 中文 😀\u200d\ufeff\u2028 ", "  é 中文 😀\u200d\ufeff\u2028 "),
        ("", ""),
    ],
)
def test_clean(dirty: str, expected: str) -> None:
    assert text.clean(dirty) == expected
    assert text.clean(expected) == expected
    assert text.clean(dirty).encode().decode() == expected


def test_any_noise_is_clean_afterwards() -> None:
    for seed in range(20):
        dirty = noise(seed, 500)
        cleaned = text.clean(dirty)
        assert cleaned.encode().decode() == cleaned
        assert not any((ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0 for c in cleaned)
        assert text.clean(cleaned) == cleaned


def test_clip_keeps_head_and_tail() -> None:
    assert text.clip("abcdef", 6) == "abcdef"
    assert text.clip("abcdefgh", 5) == "ab…gh"
    assert text.clip("abcdefgh", 6) == "abc…gh"
    assert [text.clip("abcdefgh", n) for n in (-1, 0, 1, 2, 3)] == ["", "", "…", "a…", "a…h"]
    assert all(len(text.clip("我" * 50, n)) == n for n in range(51))
