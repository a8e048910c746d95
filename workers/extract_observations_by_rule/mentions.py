"""Whom a clause is about, so that a pronoun at the start of the next one can be put back."""

from __future__ import annotations

import re
from dataclasses import dataclass

from memoryengine.statements.chinese_words import KIN, PETS, plain
from memoryengine.statements.english_words import is_finite
from memoryengine.values import Language

_LONG_KIN = "|".join(sorted(KIN.split("|"), key=len, reverse=True))
_LONG_PETS = "|".join(sorted(PETS.split("|"), key=len, reverse=True))
_ZH_SUBJECT = re.compile(rf"[^，。我]{{0,8}}我(?:的|们|家)?(?P<of>(?:{_LONG_KIN}|{_LONG_PETS}))(?P<name>叫)?")
_ZH_OWNED = re.compile(
    r"我[^，。]{0,6}?(?:有|养|买|收养|领养|认识|生|娶)(?:了|着|过)?(?:一|两|三|\d)?(?:个|只|条|位|辆|台|名|匹|套|本|"
    r"把)(?P<of>[^，。的]{1,8}?)"
    r"(?=，|叫|名|\Z|在|是)"
)
_ZH_THING = re.compile(r"我的(?P<of>[^，。的是在叫有]{1,8})(?=是|在|叫|有|也|很)")
_ZH_PRONOUN = re.compile(r"(?P<who>他们|她们|它们|他|她|它|其)(?P<of>的)?")
_EN_OWNED = re.compile(
    r"(?:i|we)(?:'ve)?(?: \w+)? (?:have|got|adopted|bought|own|keep|named|met)(?: got)? (?:a|an|one|another|"
    r"my)(?: new)? "
    r"(?P<of>(?:[\w-]+ ){0,2}?[\w-]+)(?: (?:called|named) (?P<name>[A-Z]\w+)|(?= who\b| that\b| which\b| and\b| in\b|"
    r" from\b| with\b|,|\Z))",
    re.IGNORECASE,
)
_EN_PRONOUN = re.compile(r"(?P<who>he|she|it|they)(?P<be>'s)?\b|(?P<of>his|her|its|their)\b", re.IGNORECASE)
_EN_NAME = re.compile(r"(?P<who>[A-Z][a-z]+)(?:'s)? [a-z]")
_EN_PERSON = re.compile(
    r"(?:mother|father|mom|mum|dad|brother|sister|son|daughter|wife|husband|uncle|aunt|cousin|nephew|niece|grand\w+|"
    r"friend|boss|"
    r"colleague|co-?worker|roommate|neighbou?r|teacher|girlfriend|boyfriend|partner|parents|kids|children|boy|girl|"
    r"baby|manager|"
    r"fianc\w+|coach|doctor|dog|cat|puppy|kitten|pet|horse|rabbit|parrot|hamster)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Mention:
    """Someone or something of the speaker's: "my sister", 我的猫; `alive` where he and she may mean it."""

    words: str
    alive: bool


def mentioned(text: str, language: Language, why: str) -> Mention | None:
    """The one a clause is about besides the speaker, for the pronouns of what follows; None where there is none.

    `why` is that of the clause: only a "named" one opens with a name.
    """
    return _in_chinese(text) if language == "zh" else _in_english(text, why)


def resolved(text: str, language: Language, mention: Mention | None) -> str | None:
    """A clause that opens with a pronoun, with the mention in its place; None where there is none that fits."""
    if mention is None:
        return None
    return _resolved_chinese(text, mention) if language == "zh" else _resolved_english(text, mention)


def _in_chinese(text: str) -> Mention | None:
    simple = plain(text)
    for pattern in (_ZH_OWNED, _ZH_SUBJECT, _ZH_THING):
        match = pattern.match(simple)
        if match:
            words = text[match.start("of") : match.end("of")]
            alive = bool(re.search(rf"(?:{_LONG_KIN}|{_LONG_PETS}|人|孩|儿|女|友|师)", plain(words)))
            return Mention(f"我的{words}", alive)
    bare = re.match(rf"(?:{_LONG_KIN}|{_LONG_PETS})", simple)
    return Mention(f"我的{text[: bare.end()]}", True) if bare else None


def _resolved_chinese(text: str, mention: Mention) -> str | None:
    match = _ZH_PRONOUN.match(text)
    if match is None or (not mention.alive and match["who"] in {"他", "她", "他们", "她们"}):
        return None
    return mention.words + ("的" if match["of"] or match["who"] == "其" else "") + text[match.end() :]


def _in_english(text: str, why: str) -> Mention | None:
    owned = _EN_OWNED.match(text)
    if owned:
        words = f"my {owned['of']}" + (f" {owned['name']}" if owned["name"] else "")
        return Mention(words, bool(_EN_PERSON.search(owned["of"])))
    if re.match(r"(?:my|our)\s", text, re.IGNORECASE):
        return _owned_subject(text.split())
    named = _EN_NAME.match(text) if why == "named" else None
    return Mention(named["who"], True) if named else None


def _owned_subject(words: list[str]) -> Mention | None:
    """The words of "my older brother Tom" up to the verb."""
    for at, word in enumerate(words[1:6], 1):
        bare = word.rstrip(",").lower()
        if bare.endswith("'s") and at + 1 < len(words):
            subject = " ".join([*words[:at], word[:-2].rstrip("'")])
            return Mention(subject, bool(_EN_PERSON.search(subject)))
        if at > 1 and is_finite(bare):
            subject = " ".join(words[:at]).rstrip(",")
            return Mention(subject, bool(_EN_PERSON.search(subject)))
    return None


def _resolved_english(text: str, mention: Mention) -> str | None:
    match = _EN_PRONOUN.match(text)
    if match is None:
        return None
    who = (match["who"] or match["of"]).lower()
    if (who in {"he", "she", "his", "her"}) and not mention.alive:
        return None
    rest = text[match.end() :]
    if match["of"]:
        return f"{mention.words}'s{rest}"
    if match["be"]:
        has = re.match(r"\s+(?:been|got|had|lived|worked)\b", rest)
        return f"{mention.words} {'has' if has else 'is'}{rest}"
    return mention.words + rest
