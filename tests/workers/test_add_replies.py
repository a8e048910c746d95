"""A short answer is nothing without its question."""

from __future__ import annotations

from dataclasses import replace

import pytest

from memoryengine.values import Hit
from memoryengine.workers.add_replies import AddReplies

from .fakes import FakeReader, memory, message

ASKED = message("What is your dog called?", speaker="Ann")
ANSWER = replace(message("Luna!", speaker="Bob"), answers=ASKED.id)
LONG = replace(message("x" * 600, speaker="Bob"), answers=ASKED.id)


async def test_the_answer_comes_with_its_question() -> None:
    reader = FakeReader([ASKED, ANSWER])
    hits = (await AddReplies(reader).run((Hit(ASKED, 0.8),))).hits
    assert {hit.item.id: hit.channels.get("reply") for hit in hits} == {ASKED.id: None, ANSWER.id: 0.8}
    both = (await AddReplies(reader).run((Hit(ASKED, 0.8), Hit(ANSWER, 0.2)))).hits
    assert {hit.item.id: hit.channels["reply"] for hit in both} == {ASKED.id: 0.2, ANSWER.id: 0.8}
    assert (await AddReplies(reader).run((Hit(ASKED, 0.8),), window=(ANSWER.id,))).hits == (Hit(ASKED, 0.8),)


async def test_a_long_message_gains_less() -> None:
    hits = (await AddReplies(FakeReader([ASKED, LONG])).run((Hit(ASKED, 0.8),))).hits
    assert [hit.item.id for hit in hits] == [ASKED.id, LONG.id]
    assert hits[1].channels["reply"] == pytest.approx(0.4)
    assert hits[1].score == 0.0


async def test_only_the_best_messages_are_looked_beside() -> None:
    reader = FakeReader([ASKED, ANSWER])
    assert (await AddReplies(reader, best=1).run((Hit(memory("m"), 0.9), Hit(ASKED, 0.8)))).hits[1].channels == {}
    assert (await AddReplies(reader).run((Hit(memory("m"), 0.9),))).hits == (Hit(memory("m"), 0.9),)
    assert (await AddReplies(reader).run(())).hits == ()
