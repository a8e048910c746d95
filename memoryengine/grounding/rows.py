"""The rows of a model's answer held to the messages that they cite."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from ..errors import ModelAnswerError
from ..trace import note
from ..values import Locale, Message
from .check import Source, sources, strays, ungrounded

R = TypeVar("R", bound=Mapping[str, Any])
NAMED = 3


def standing(rows: Sequence[R], shown: Sequence[Message], locale: Locale) -> list[R]:
    """The rows whose "memory" stands in the messages that their "ids" cite, counted from 1 among those `shown`.

    Each other row is dropped, and the trace of the run is told why. Raises `ModelAnswerError` where there are rows
    and none stands, or none shares a word with what was shown: that is an answer to something else, and no "nothing".
    """
    held = [(str(row["memory"]), _source(row["ids"], shown)) for row in rows]
    causes = [ungrounded(statement, source, locale) for statement, source in held]
    if rows and all(causes):
        raise ModelAnswerError(_named(causes), excerpt=held[0][0])
    if len(rows) > 1 and strays(held):
        raise ModelAnswerError(
            "Nothing of the model's answer has to do with the lines that were given; answer from those lines alone.",
            excerpt=held[0][0],
        )
    for cause in filter(None, causes):
        note(f"dropped: {cause}")
    return [row for row, cause in zip(rows, causes, strict=True) if not cause]


def _source(ids: Iterable[int], shown: Sequence[Message]) -> Source:
    return sources([shown[number - 1].id for number in ids], shown)


def _named(causes: Sequence[str]) -> str:
    some = "; ".join(f"object {place} holds {cause}" for place, cause in enumerate(causes[:NAMED], 1))
    more = "" if len(causes) <= NAMED else f"; and so on, {len(causes)} in all"
    return (
        f"No memory of the model's answer stands in the lines that it cites: {some}{more}. "
        "Write only what the cited lines say, in their language, with their names, numbers and times."
    )
