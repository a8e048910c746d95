"""The checks themselves: one statement against the messages that it cites and those beside them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from ..simplified import simplified
from ..text import clean, content_terms, language
from ..values import LANGUAGES, Language, Locale, Memory, Message
from . import names, numbers, times
from .bilingual import shared_names
from .denials import denies_unasked
from .pinyin import is_in_pinyin, pinyin_names
from .quantities import without_said
from .shortened import covers_its_place, spelt_out
from .sums import without_summed
from .years import without_decades

LANGUAGE = "words in another language than its messages"
NUMBER = "a number that is not in its messages"
TIME = "a time that does not follow from its messages"
NAME = "a name that nobody said"
DENIAL = "a denial that nobody uttered"

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_LATIN_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]{2,}")
_ENGLISH = re.compile(r"(?i)\b(?:i'?m|i|my|the|an?|is|are|was|in|at|to|of|and|with|have|has|you|he|she|it|we)\b")
_ADDRESS = re.compile(r"\S{0,64}(?:@|://|www\.)\S*")
_DATED = re.compile(r"\s*[(（]\d[^()（）]*[)）]([.。!！…]*\s*)\Z")
_UNITS = {"年": "year", "月": "month", "点": "hour"}
_ENOUGH = 4
# kana, hangul, Cyrillic, Arabic, Thai
_THIRD = re.compile(r"[\u3041-\u3096\u30a1-\u30fa\uac00-\ud7a3\u0400-\u04ff\u0621-\u064a\u0e01-\u0e2e]")


@dataclass(frozen=True, slots=True)
class Source:
    """What an observation may rest on: the messages that it cites, those beside them, and all that were shown.

    Numbers and times must stand in `cited` or `beside`, names in any message that was `shown`, because "she" in one
    line is Kiki in an earlier one.
    """

    cited: tuple[Message, ...]
    beside: tuple[Message, ...] = ()
    shown: tuple[Message, ...] = ()

    @property
    def near(self) -> tuple[Message, ...]:
        """The cited messages and those beside them."""
        return (*self.cited, *self.beside)


def sources(cited: Iterable[str], shown: Sequence[Message]) -> Source:
    """The source of an observation that cites messages by id, among those `shown` in the order of the prompt.

    Beside a message stand the two before it and the one behind it, of the same session: what it answers, and what
    answers it.
    """
    wanted = set(cited)
    places = [place for place, message in enumerate(shown) if message.id in wanted]
    around = {place + step for place in places for step in (-2, -1, 1)} - set(places)
    sessions = {shown[place].session for place in places}
    beside = [shown[place] for place in sorted(around) if 0 <= place < len(shown)]
    return Source(
        tuple(shown[place] for place in places),
        tuple(message for message in beside if message.session in sessions),
        tuple(shown),
    )


def grounded(
    observations: Sequence[Memory], shown: Sequence[Message], locale: Locale
) -> tuple[tuple[Memory, ...], tuple[str, ...]]:
    """The observations that stand in the messages they cite, and for each other one why it does not.

    `shown` are all messages that stood in the prompt, in order. The causes hold no text of anybody.
    """
    causes = [ungrounded(_told(m), sources(m.sources, shown), locale) for m in observations]
    kept = tuple(memory for memory, cause in zip(observations, causes, strict=True) if not cause)
    return kept, tuple(cause for cause in causes if cause)


def _told(memory: Memory) -> str:
    """What a memory says without the date that `moments.dated` added to it, which follows from the time it names."""
    return _DATED.sub(r"\1", memory.content) if memory.event else memory.content


def ungrounded(statement: str, source: Source, locale: Locale) -> str:
    """Why a statement does not stand in its source, or "" where it does or nothing shows that it does not."""
    return _cause(_plain(statement), _plain_source(source), locale) if source.cited else ""


def _cause(statement: str, source: Source, locale: Locale) -> str:
    if _foreign(statement, source, locale):
        return LANGUAGE
    folded, near = _folded(statement), _folded(_said(source.near))
    told = times.Told(source.cited, source.beside, near, locale.zone)
    rest, time_is_wrong = _without_times(statement, folded, told)
    if time_is_wrong:
        return TIME
    if not _numbers_stand(statement, rest, told, source):
        return NUMBER
    if denies_unasked(folded, near):
        return DENIAL
    return "" if _names_stand(statement, folded, source, locale) else NAME


def strays(statements: Iterable[tuple[str, Source]]) -> bool:
    """Whether of several statements none shares a word with what was shown: an answer to something else."""
    held = list(statements)
    return bool(held) and all(_strays(text, source) for text, source in held)


def _strays(statement: str, source: Source) -> bool:
    words = set(content_terms(simplified(statement)))
    # nearly always something near it shares a word, and the rest need not be read
    return bool(words) and not _shares(words, source.near) and not _shares(words, source.shown)


def _shares(words: set[str], messages: Iterable[Message]) -> bool:
    shared = words.intersection(content_terms(simplified("\n".join(m.content for m in messages))))
    # one Chinese character says little: most pairs of sentences have one in common
    return any(len(term) > 1 for term in shared) or len(shared) > 2


@lru_cache(maxsize=512)
def _plain(text: str) -> str:
    """The text as it will be stored and in simplified characters, which a model writes whatever the user wrote."""
    return simplified(clean(text))


def _plain_source(source: Source) -> Source:
    return replace(source, cited=_plain_messages(source.cited), beside=_plain_messages(source.beside))


def _plain_messages(messages: Iterable[Message]) -> tuple[Message, ...]:
    return tuple(map(_plain_message, messages))


def _plain_message(message: Message) -> Message:
    content, speaker = _plain(message.content), _plain(message.speaker)
    same = content == message.content and speaker == message.speaker
    return message if same else replace(message, content=content, speaker=speaker)


def _said(messages: Iterable[Message]) -> str:
    return "\n".join(f"{message.speaker} {message.content}" for message in messages)


def _shown(source: Source) -> str:
    """All that was shown, read only where a name, a number or a third script is in question."""
    return _said(_plain_messages(source.shown) or source.near)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().replace("’", "'")


def _foreign(statement: str, source: Source, locale: Locale) -> bool:
    """Whether the statement is in one of the two languages and all its messages are in the other.

    Also where it has the letters of a third (kana, hangul, Cyrillic, Arabic, Thai) and nothing that was shown has any.
    """
    if len(_THIRD.findall(statement)) >= _ENOUGH:
        seen = (*(locale.human(spoken) for spoken in LANGUAGES), _shown(source))
        if not any(map(_THIRD.search, seen)):
            return True
    mine = _languages(statement)
    if len(mine) != 1 or mine <= {locale.language}:
        return False
    short = sum(_length(m.content) for m in source.cited) <= _ENOUGH
    theirs: set[Language] = set()
    for message in source.near if short else source.cited:
        theirs |= _languages(message.content)
        # "my wife is 陳淑芬" is English, however few its words are beside the name
        theirs |= {"en"} if len(_ENGLISH.findall(message.content)) > 1 else set()
    return not mine & theirs


def _length(text: str) -> float:
    """About how many words a text has."""
    return len(_LATIN_WORD.findall(text)) + len(_HAN.findall(text)) / 1.7


@lru_cache(maxsize=512)
def _languages(text: str) -> frozenset[Language]:
    """The languages that a text may pass for; both where it mixes them, is in neither, or is hardly a text."""
    text = _ADDRESS.sub(" ", text)
    if len({language(text, default) for default in LANGUAGES}) == 2:
        return frozenset(LANGUAGES)
    han, latin = len(_HAN.findall(text)), len(_LATIN_WORD.findall(text))
    mixed = han >= _ENOUGH and latin >= _ENOUGH
    little = han < 2 and latin < 3
    return frozenset(LANGUAGES if mixed or little else (language(text),))


def _without_times(statement: str, folded: str, told: times.Told) -> tuple[str, bool]:
    """The statement, folded, without the times that stand in its source; and whether one does not."""
    rest = without_decades(folded, told.text)
    for period in times.named(rest if rest != folded else statement, told.newest):
        if times.follows(period, told):
            rest = rest.replace(_folded(period.text), " ", 1)
        elif times.is_definite(period):
            return rest, True
    return rest, False


def _numbers_stand(statement: str, rest: str, told: times.Told, source: Source) -> bool:
    """Whether all numbers stand that are left in a statement, folded, once its times were taken out."""
    near = told.text
    claims = list(numbers.claimed(rest))
    claims = list(numbers.claimed(without_summed(without_said(rest, near), near))) if claims else []
    if not claims:
        return True
    shown = _folded(_shown(source))
    counted = numbers.listed(statement).union(*(numbers.listed(m.content) for m in source.near))
    derived = counted | told.years | times.years_between(numbers.supported(near), told.moments)
    return all(
        value in derived
        or numbers.stands_in(written, value, near)
        or _in_a_name(written, statement, shown)
        or value in told.of(_unit(written, rest))
        for written, value in claims
    )


def _unit(written: str, rest: str) -> str:
    """The part of a date that a number is, by what is written behind it; "" for any other number."""
    match = re.search(rf"{re.escape(written)}(?P<behind>st|nd|rd|th|[年月日号点])", rest)
    return _UNITS.get(match["behind"], "day") if match else ""


def _in_a_name(written: str, statement: str, shown: str) -> bool:
    """Whether a number is the end of a name that was said anywhere, as in "Cyberpunk 2077"."""
    words: list[str] = re.findall(rf"([A-Z]\w+) {re.escape(written)}(?!\w)", statement)
    return any(f"{word.casefold()} {written}" in shown for word in words)


def _names_stand(statement: str, folded: str, source: Source, locale: Locale) -> bool:
    found = list(names.han_names(statement) if language(statement) == "zh" else names.latin_names(statement))
    if not found:
        return True
    own = [_plain(name) for spoken in LANGUAGES for name in (locale.human(spoken), locale.assistant(spoken))]
    told = "\n".join([*own, _shown(source)])
    said = _folded(told)
    whole = [name for name in found if covers_its_place(name, said)]
    missing = {
        name.casefold()
        for name in found
        if not names.is_said(name, said) and not any(name in longer for longer in whole)
    }
    missing -= shared_names(folded, said) | spelt_out(statement, told) if missing else set()
    missing -= pinyin_names(statement, said) if missing else set()
    return all(is_in_pinyin(name, said) for name in missing)
