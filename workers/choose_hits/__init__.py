"""As many hits as are of use: nothing said twice, nothing far behind the best, and no more tokens than fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from itertools import accumulate

from memoryengine.errors import InputError
from memoryengine.text import token_estimate
from memoryengine.trace import cut
from memoryengine.values import Hit, Message
from memoryengine.worker import Hits, worker

from .repeats import Text, repeats, text_of


@dataclass(frozen=True)
class Chosen:
    """The hits that are left, in their order, and so of what was found at a time."""

    hits: Hits
    found: Hits


@worker("choose_hits")
@dataclass(frozen=True)
class ChooseHits:
    """Leave out hits that repeat a better one, that are far behind the best, or for which there is no room.

    A hit repeats another that has all its words in the same order and hardly any more, by the same speaker, and denies
    no more and no less. Memories are compared where they tell of the same time. Of messages the later of one day goes;
    of equal ones of several days the best `per_text` stay, for each was said once more. Only the first `looked_at`
    hits are compared. Hits with less than `relative` of the best score go; 0 keeps all. `budget_tokens` is for the
    contents of all hits together, as `token_estimate` counts them, and the best always stays; 0 sets no bound.
    """

    per_text: int = 3
    relative: float = 0.0
    budget_tokens: int = 0
    looked_at: int = 60

    def __post_init__(self) -> None:
        """Refuse numbers that make no sense."""
        if not 0 <= self.relative <= 1:
            raise InputError(f"relative is {self.relative}; it must be from 0 to 1.")
        if self.budget_tokens < 0:
            raise InputError(f"budget_tokens is {self.budget_tokens}; it must be 0 (no bound) or more.")
        if self.per_text < 1:
            raise InputError(f"per_text is {self.per_text}; it must be 1 or more.")

    async def run(self, hits: Hits, *, found: Hits = (), only: bool = False) -> Chosen:
        """Choose among `hits`, or with `only` among what was `found` at a time: these are no better than each other."""
        if only:
            return Chosen(hits, self._affordable(found))
        return Chosen(self._affordable(self._relevant(self._said_once(hits))), found)

    def _said_once(self, hits: Hits) -> Hits:
        seen = _Seen(self.per_text)
        kept = tuple(filter(seen.is_new, hits[: self.looked_at])) + hits[self.looked_at :]
        cut("repeats of a better hit", len(hits) - len(kept))
        return kept

    def _relevant(self, hits: Hits) -> Hits:
        if not self.relative or not hits:
            return hits
        least = self.relative * max(hit.score for hit in hits)
        return _kept(hits, lambda hit: hit.score >= least, f"a score below {self.relative:g} of the best")

    def _affordable(self, hits: Hits) -> Hits:
        if not self.budget_tokens:
            return hits
        spent = accumulate(token_estimate(hit.item.content) for hit in hits)
        kept = tuple(hit for place, (hit, sum_) in enumerate(zip(hits, spent, strict=True)) if self._fits(place, sum_))
        cut(f"the budget of {self.budget_tokens} tokens", len(hits) - len(kept))
        return kept

    def _fits(self, place: int, spent: int) -> bool:
        return place == 0 or spent <= self.budget_tokens


class _Seen:
    """The texts of the hits so far."""

    def __init__(self, per_text: int) -> None:
        self._per_text = per_text
        self._texts: list[tuple[Text, object]] = []
        self._holding: dict[str, list[int]] = {}
        self._times: Counter[int] = Counter()

    def is_new(self, hit: Hit) -> bool:
        """Whether the hit repeats none before it; one that does not is compared with all that follow."""
        text, moment = text_of(hit), _moment(hit)
        near = self._near(text)
        alike = [place for place in near if repeats(text, self._texts[place][0])]
        if any(self._texts[place][1] == moment for place in alike):
            return False
        if alike and isinstance(hit.item, Message):
            self._times.update(alike)
            if max(self._times[place] for place in alike) >= self._per_text:
                return False
        self._add(text, moment)
        return True

    def _near(self, text: Text) -> list[int]:
        """The texts that hold the first word of this one; a text without words is held by its letters."""
        return self._holding.get(text.words[0] if text.words else text.letters, [])

    def _add(self, text: Text, moment: object) -> None:
        self._texts.append((text, moment))
        for word in set(text.words) or {text.letters}:
            self._holding.setdefault(word, []).append(len(self._texts) - 1)


def _moment(hit: Hit) -> object:
    """What must be equal for two equal texts to say one thing: the day, or of memories the time they tell of."""
    item = hit.item
    day: date = item.said_at.date()
    return ("said", day) if isinstance(item, Message) else ("told", item.event and (item.event.start, item.event.end))


def _kept(hits: Hits, keep: Callable[[Hit], bool], reason: str) -> Hits:
    kept = tuple(filter(keep, hits))
    cut(reason, len(hits) - len(kept))
    return kept
