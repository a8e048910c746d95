"""What a model says once its thoughts, control marks and wrappings are taken off, and when that is no answer at all."""

from __future__ import annotations

import html
import json
import re
import zlib

from ..brackets import Brackets
from ..errors import ModelAnswerError

LONGEST = 40_000
# Rows of one form compress to a tenth at most; a text that goes round in circles, to a fiftieth.
_CIRCLES, _CIRCLES_FROM = 0.025, 2_000
_PHRASE_CIRCLES, _PHRASE_FROM = 0.22, 120

_THOUGHT = r"(?:think(?:ing)?|thoughts?|reason(?:ing)?|reflection|analysis|scratchpad|思考)"
_TAG = re.compile(
    rf"<(?P<close>/?){_THOUGHT}(?:\s[^<>\n]{{0,80}})?>|<\|(?P<shut>/?){_THOUGHT}\|>|◁(?P<end>/?)think▷", re.IGNORECASE
)
_CONTROL = re.compile(r"<\|[a-z_]{1,24}\|>|<｜[^<>｜\n]{1,32}｜>|</?s>|\[/?INST\]")
_UNSEEN = re.compile(r"[\ufeff\u200b\u2060]")  # not the joiners, which hold emoji and some scripts' letters together
# Blanks without end make patterns slow, and say nothing.
_BLANKS = re.compile(r"\s{16,}")
_FINAL = re.compile(r"<\|channel\|>final[^<\n]{0,40}<\|message\|>")
_MESSAGE = re.compile(r"<\|message\|>")
# Where a turn ends; a model that goes on makes up the turns of others.
_END_OF_TURN = re.compile(
    r"<\|(?:im_end|im_start|eot_id|eot|endoftext|end_of_text|end_of_turn|end|return|start|user|assistant|system"
    r"|observation)\|>|<(?:end|start)_of_turn>|</s>|\[INST\]|<｜(?:end[^<>｜\n]{0,16}|user|assistant)｜>",
    re.IGNORECASE,
)


def speech(text: str) -> str:
    """What a model says, without its thoughts and control marks; raises `ModelAnswerError` where that is no answer.

    A thought that is never closed is one only where nothing was said before it; a mark that stands inside of brackets
    is a part of what somebody said. Empty, longer than any answer that is asked for, and a text that goes round in
    circles are refused.
    """
    text = _BLANKS.sub(_shorter, _UNSEEN.sub("", text))
    said = (text if _is_json(text) else _first_turn(_answered(_without_thoughts(text)))).strip()
    if not said:
        raise ModelAnswerError("The model's answer is empty, where a JSON list of objects was asked for.")
    if len(said) > LONGEST:
        raise ModelAnswerError(
            f"The model's answer is {len(said)} characters long, where {LONGEST} are the most that can be meant."
        )
    if len(said) >= _CIRCLES_FROM and _density(said) < _CIRCLES:
        raise ModelAnswerError("The model's answer goes round in circles: it says the same over and over.")
    return _unwrapped(said)


def goes_in_circles(phrase: str) -> bool:
    """Whether one short text says the same over and over."""
    return len(phrase) >= _PHRASE_FROM and _density(phrase) < _PHRASE_CIRCLES


def _density(text: str) -> float:
    data = text.encode("utf-8", "replace")
    return len(zlib.compress(data, 6)) / len(data)


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text, strict=False), list | dict)
    except (ValueError, RecursionError):
        return False


def _shorter(blanks: re.Match[str]) -> str:
    return "\n" if "\n" in blanks[0] else " "


def _marks(mark: re.Pattern[str], text: str) -> list[re.Match[str]]:
    """The marks of a chat's template in a text, without those that stand inside of brackets."""
    found = list(mark.finditer(text))
    brackets = Brackets(text) if found else None
    return [match for match in found if brackets and not brackets.hold_mark(match)]


def _without_thoughts(text: str) -> str:
    said, at, depth, opened, ended = "", 0, 0, 0, False
    for tag in _marks(_TAG, text):
        if tag["close"] or tag["shut"] or tag["end"]:
            # one that was never opened ends a thought that began in the prompt
            if not depth and ended and "{" in text[at : tag.start()]:
                raise ModelAnswerError("The model's answer ends a thought behind its JSON; it must end with its JSON.")
            said, ended = said if depth else "", True
            depth, at = max(depth - 1, 0), tag.end() if depth <= 1 else at
        else:
            if not depth:
                said, opened = said + text[at : tag.start()], tag.start()
            depth += 1
    if depth and re.search(r"[\[{［｛【]", said):
        raise ModelAnswerError("The model's answer goes on with a thought that has no end; it must end with its JSON.")
    rest = text[at:] if not depth else text[opened:] if said.strip() else ""
    return said + rest


def _answered(said: str) -> str:
    """What stands in the channel for the answer, or behind the last head of a message."""
    found = _marks(_FINAL, said)[:1] or _marks(_MESSAGE, said)[-1:]
    return said[found[0].end() :] if found else said


def _first_turn(said: str) -> str:
    """What is said before the mark that ends the turn, where anything is."""
    at = 0
    for end in [*_marks(_END_OF_TURN, said), None]:
        turn = _without_control(said[at : end.start() if end else None])
        if turn.strip():
            return turn
        at = end.end() if end else at
    return ""


def _without_control(turn: str) -> str:
    parts, at = [], 0
    for mark in _marks(_CONTROL, turn):
        parts.append(turn[at : mark.start()])
        at = mark.end()
    return "".join([*parts, turn[at:]])


def _unwrapped(said: str) -> str:
    """JSON that was put into a string or written for HTML, as it was meant."""
    if "&quot;" in said and '"' not in said:
        said = html.unescape(said)
    if re.match(r'[\[{](?:[\s{\[]|\\n){0,20}\\"', said):
        said = f'"{said}"'
    if said.startswith('"') and '\\"' in said:
        try:
            inner = json.loads(said, strict=False)
        except ValueError:
            return said
        return inner.strip() if isinstance(inner, str) else said
    return said
