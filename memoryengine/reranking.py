"""What a rerank model says of some texts within its limits, or nothing: a search is never worse off for having asked.

Whatever goes wrong (no answer in time, a refusal, an answer that cannot be used) becomes a warning in the result of the
run, and the caller goes on with the order that it has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

from .errors import ModelAnswerError
from .fallback import best_effort
from .ports import Reranker
from .text import clip
from .values import Memory, Message

UNRANKED = "The hits stand in the order of the search, not reranked"
TOLERANCE = 1e-6  # by which a score may leave [0, 1], as sums of floats do


async def relevances(
    reranker: Reranker, query: str, texts: Sequence[str], *, seconds: float, longest: int
) -> tuple[float, ...]:
    """One relevance in [0, 1] for each text; () where there is none to be had, with a warning that says why.

    Texts and question are cut to `longest` characters, keeping head and tail; equal texts are sent once. The whole call
    takes `seconds` at most, whatever the model's own limits and retries. All texts go to the model in one call, which
    its adapter splits into requests of the endpoint's size.
    """
    shown = [clip(text, longest) for text in texts]
    different = tuple(dict.fromkeys(shown))
    asking = _scores(reranker, clip(query, longest), different)
    scores = await best_effort(asking, reranker.name, seconds=seconds, instead=UNRANKED)
    if scores is None:
        return ()
    known = dict(zip(different, scores, strict=True))
    return tuple(known[text] for text in shown)


async def _scores(reranker: Reranker, query: str, texts: Sequence[str]) -> list[float]:
    scores: object = await reranker.rerank(query, texts)
    return _checked(reranker.name, scores, len(texts))


def text_of(item: Memory | Message) -> str:
    """What a rerank model reads of a memory or a message: a message is led by its speaker."""
    return f"{item.speaker}: {item.content}" if isinstance(item, Message) and item.speaker else item.content


def _checked(name: str, scores: object, count: int) -> list[float]:
    """The scores as floats; raises `ModelAnswerError` unless they are `count` numbers from 0 to 1."""
    if isinstance(scores, str | bytes | Mapping) or not hasattr(scores, "__iter__"):
        raise ModelAnswerError(f"The model {name!r} gave {type(scores).__name__}, not a score for each text.")
    found: list[Any] = list(scores)
    if len(found) != count:
        raise ModelAnswerError(f"The model {name!r} gave {len(found)} scores for {count} texts.")
    if any(isinstance(score, bool) or not isinstance(score, Real) for score in found):
        raise ModelAnswerError(f"The model {name!r} gave scores that are no numbers.")
    # A whole number may be too large for a float, so it is compared as it is; what is not finite fails too.
    if not all(-TOLERANCE <= score <= 1 + TOLERANCE for score in found):
        raise ModelAnswerError(f"The model {name!r} gave scores that are not from 0 to 1.")
    return [min(1.0, max(0.0, float(score))) for score in found]
