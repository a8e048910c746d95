"""Cutting the `<think>` parts out of a model's answer, whole or piece by piece."""

from __future__ import annotations

import re

from ..brackets import Brackets

OPEN, CLOSE = "<think>", "</think>"
_TAG = re.compile(f"{OPEN}|{CLOSE}")
_VEIL = "<\0"  # in the place of the "<" of a tag that is a part of a text


class ThinkingCutter:
    """Takes an answer in pieces and gives back what is no thinking; a tag may lie across two pieces.

    A part that is never closed is cut where it leads the answer, and kept as text elsewhere.
    """

    def __init__(self) -> None:
        self._held = ""
        self._inside = False
        self._spoken = False

    def feed(self, piece: str) -> str:
        """The text that is certain by now."""
        self._held += piece
        out = ""
        while True:
            tag = CLOSE if self._inside else OPEN
            before, found, after = self._held.partition(tag)
            if not found:
                return out + ("" if self._inside else self._say(self._release()))
            if not self._inside:
                out += self._say(before)
            self._held, self._inside = after, not self._inside

    def finish(self) -> str:
        """What was held back, when the answer has ended."""
        held, self._held = self._held, ""
        if not self._inside:
            return self._say(held)
        return OPEN + held if self._spoken else ""

    def _release(self) -> str:
        """Everything held but an ending that may become a tag."""
        keep = next((n for n in range(len(OPEN) - 1, 0, -1) if self._held.endswith(OPEN[:n])), 0)
        cut = len(self._held) - keep
        text, self._held = self._held[:cut], self._held[cut:]
        return text

    def _say(self, text: str) -> str:
        text = text if self._spoken else text.lstrip()
        self._spoken = self._spoken or bool(text)
        return text


def cut_thinking(answer: str) -> str:
    """The answer without its thinking; also where the opening tag stood in the prompt and only the closing one came.

    A tag inside of brackets, as in a JSON text that speaks of tags, is no tag.
    """
    answer = _veiled(answer)
    before, _, after = answer.partition(CLOSE)
    if CLOSE in answer and OPEN not in before:
        answer = after
    cutter = ThinkingCutter()
    return (cutter.feed(answer) + cutter.finish()).strip().replace(_VEIL, "<")


def _veiled(answer: str) -> str:
    if not _TAG.search(answer):
        return answer
    brackets = Brackets(answer)
    return _TAG.sub(lambda tag: tag[0].replace("<", _VEIL) if brackets.hold_mark(tag) else tag[0], answer)
