"""Cut a message into sentences, leaving out what is quoted, fenced or code."""

from __future__ import annotations

import re
from collections.abc import Iterator

from memoryengine.text import clean

LONGEST_SENTENCE = 600

_FENCE = re.compile(r"(?ms)^[ \t]*(```|~~~).*?(?:^[ \t]*\1|\Z)")
_INLINE = re.compile(r"`[^`\n]{1,200}`")
_QUOTED_LINE = re.compile(r"(?m)^[ \t]*>.*$")
_CODE_LINE = re.compile(
    r"(?m)^(?: {4,}|\t)?(?:(?:def|class|import|from|return|const|let|var|public|private|function|#include)\b.*[:;{(].*"
    r"|.*[;{}][ \t]*$|[ \t]*</?[a-z][^>\n]*>.*)$"
)
_PICTURE = re.compile(r"\[(?:image|图片|photo|sticker)[:：][^\]\n]{0,500}\]", re.IGNORECASE)
_EMOJI = re.compile(
    r"[\u2190-\u2bff\u3030\ufe0f\u200d\U0001f000-\U0001faff]+|:[a-z_]{2,20}:|(?<!\w)[:;]-?[()DPp](?!\w)"
)
_HAN_SPACE = re.compile(r"(?<=[\u4e00-\u9fff])[ \u3000]+(?=[\u4e00-\u9fff])")
_END = re.compile(
    r"(?P<stop>[。！？!?；;\n]+|…+|\.{2,}|~+(?=\s|\Z))|(?P<dot>\.)(?=\s|\Z|[\"'”’)]|(?<=[a-z)]\.)[A-Z](?:[a-z ']))"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|st|jr|sr|vs|etc|approx|e\.g|i\.e|a\.m|p\.m|u\.s|u\.k|inc|ltd|mt|ave))\Z",
    re.IGNORECASE,
)
_INITIAL = re.compile(r"\b[A-HJ-Z]\Z")
_CLOSING = re.compile(r"[\"”’')\]】」』]*")


def visible(text: str) -> str:
    """A message without code, quoted lines, picture captions and emoji."""
    shown = clean(text)
    for pattern in (_FENCE, _QUOTED_LINE, _CODE_LINE):
        shown = pattern.sub("\n", shown) if _may_match(pattern, shown) else shown
    shown = _EMOJI.sub(" ", _PICTURE.sub(" ", _INLINE.sub(" … ", shown)))
    return _HAN_SPACE.sub("，", shown)


def _may_match(pattern: re.Pattern[str], text: str) -> bool:
    """Whether a pattern is worth its time on a text; a message of one line holds no fence."""
    return pattern is not _FENCE or "```" in text or "~~~" in text


def sentences(text: str) -> Iterator[str]:
    """The sentences of a message in order, each with the marks that end it.

    A sentence of more than 600 characters is no statement anybody made in a chat, and is left out.
    """
    shown = visible(text)
    start = 0
    for match in _END.finditer(shown):
        if match["dot"] and _is_abbreviation(shown, start, match.start()):
            continue
        end = _CLOSING.match(shown, match.end()).end()  # type: ignore[union-attr]  # it matches nothing at the least
        yield from _kept(shown[start:end])
        start = end
    yield from _kept(shown[start:])


def _is_abbreviation(text: str, start: int, dot: int) -> bool:
    before = text[max(start, dot - 8) : dot]
    return bool(_INITIAL.search(before) or (_ABBREVIATION.search(before) and before[-1:] != "I"))


def _kept(piece: str) -> Iterator[str]:
    sentence = piece.strip(" \t\n\r\u3000,，、-–—*•·#~")
    if sentence and len(sentence) <= LONGEST_SENTENCE:
        yield sentence
