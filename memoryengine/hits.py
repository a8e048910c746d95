"""What several workers do with hits: put them in order, and give them a channel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .values import Hit, Memory, Message


def by_score(hits: Iterable[Hit]) -> tuple[Hit, ...]:
    """The hits, best first; those of equal score keep their order."""
    return tuple(sorted(hits, key=lambda hit: -hit.score))


def with_channel(
    hits: Iterable[Hit], channel: str, values: Mapping[str, float], more: Iterable[Memory | Message] = ()
) -> tuple[Hit, ...]:
    """The hits with a channel, where `values` has one for the id of the item.

    Behind them stand the items of `more` that are not among them, each once, as hits of score 0.
    """
    held = tuple(hits)
    known = {hit.item.id for hit in held}
    new = {item.id: Hit(item, 0.0) for item in more if item.id not in known}
    return tuple(
        hit.but(channels={**hit.channels, channel: values[hit.item.id]}) if hit.item.id in values else hit
        for hit in (*held, *new.values())
    )
