"""Questions that ask for details, and hits that stand alone."""

from __future__ import annotations

import re
from collections.abc import Mapping

from memoryengine.worker import Hits

_DETAILS = re.compile(
    r"\b(?:details?|detailed|specific(?:ally|s)?|precisely|exactly what|what exactly|in depth|"
    r"tell me more|more about|elaborate)\b"
    r"|细节|详细|详情|具体|更多(?:关于|信息)|展开说",
    re.IGNORECASE,
)
FOURTH = 3


def asks_for_details(query: str) -> bool:
    """Whether the question wants more than a mention of what it names."""
    return _DETAILS.search(query) is not None


def standing_alone(hits: Hits) -> float:
    """How far the fourth hit by words and meaning is behind the best, from 0 to 1."""
    scores = sorted((relevance(hit.channels) for hit in hits), reverse=True)
    if not scores or scores[0] <= 0:
        return 0.0
    return 1.0 - scores[FOURTH] / scores[0] if len(scores) > FOURTH else 1.0


def relevance(channels: Mapping[str, float]) -> float:
    """How well a hit fits by words and meaning alone, from 0 to 1."""
    return (channels.get("keyword", 0.0) + 0.8 * channels.get("vector", 0.0)) / 1.8
