"""Insights: what observations say about a subject, citing them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from memoryengine.errors import ModelAnswerError
from memoryengine.models.scripted import ScriptedChat
from memoryengine.testing.answering import answer_turns
from memoryengine.values import Changes, Expiry, Locale, Memory
from memoryengine.workers.update_insights import UpdateInsights

from .fakes import NOON, FakeClock, FakeReader, memory
from .model_fakes import HOSTILE, CountingChat, prompt_of, rows_shown

PROMPT = prompt_of("update_insights")
DAY = timedelta(days=1)
SEEN = tuple(memory(f"User likes sport {n}.", id_=f"o{n}", said_at=NOON + n * DAY) for n in range(1, 5))
OLD = memory("User's sport: chess", id_="old", kind="insight", subject="sport", evidence=("e1", "e2"))


def updating(
    *answers: object, known: Sequence[Memory] = SEEN, locale: Locale | None = None, **settings: int
) -> tuple[UpdateInsights, ScriptedChat]:
    chat = CountingChat([a if isinstance(a, str) else json.dumps(a, ensure_ascii=False) for a in answers])
    reader = FakeReader(memories_=known)
    return UpdateInsights(chat, PROMPT, reader, locale or Locale(), FakeClock(), **settings), chat


def told(subject: str, value: str, ids: object) -> dict[str, Any]:
    return {"subject": subject, "value": value, "ids": ids}


MARKED = tuple(m.id for m in SEEN)


async def test_a_new_subject_becomes_an_insight_that_cites_its_observations() -> None:
    worker, chat = updating([told("Sport", "likes several sports", [1, 3])])
    changes = (await worker.run(SEEN, (), ("sport",))).changes
    (insight,) = changes.memories
    assert insight.content == "User's sport: likes several sports"
    assert (insight.kind, insight.subject, insight.evidence) == ("insight", "sport", ("o1", "o3"))
    assert (insight.said_at, insight.sources) == (NOON + 3 * DAY, ())
    assert changes.reflected == MARKED
    assert changes.expired == ()
    assert len(chat.calls) == 1


async def test_chinese_insights_read_as_chinese() -> None:
    seen = tuple(memory(f"用户喜欢{thing}。") for thing in ("吉他", "游泳"))
    worker, chat = updating([told("爱好", "吉他和游泳", [1, 2])], locale=Locale(human_name="小明"))
    (insight,) = (await worker.run(seen, (), ("爱好",))).changes.memories
    assert insight.content == "小明的爱好：吉他和游泳"
    assert insight.evidence == ("用户喜欢吉他。", "用户喜欢游泳。")
    assert "逐字照抄" in chat.calls[0][0].content


@pytest.mark.parametrize(
    "row", [told("sport", "tennis", [2]), told("sport", "tennis", []), told("sport", "none", [1, 2]), None]
)
async def test_without_two_observations_there_is_no_insight(row: dict[str, Any] | None) -> None:
    worker, _ = updating([row] if row else [])
    assert (await worker.run(SEEN, (), ("sport",))).changes == Changes(reflected=MARKED)


async def test_a_newer_insight_replaces_the_older_and_keeps_its_valid_evidence() -> None:
    known = (*SEEN, memory("valid still", id_="e1"), memory("gone", id_="e2", status="expired"))
    worker, chat = updating([told("sport", "chess and tennis", [2])], known=known)
    changes = (await worker.run(SEEN, (OLD,))).changes
    (insight,) = changes.memories
    assert insight.evidence == ("e1", "o2")
    assert changes.expired == (Expiry("old", "updated", insight.id),)
    assert rows_shown(chat, "subjects") == [{"subject": "sport", "known": "User's sport: chess"}]
    worker, _ = updating([told("sport", "none", [])], known=known)
    assert (await worker.run(SEEN, (OLD,))).changes == Changes(reflected=MARKED)


async def test_the_same_again_changes_nothing() -> None:
    same = memory("User's sport: likes sports", id_="s", kind="insight", subject="sport", evidence=("o1", "o2"))
    worker, _ = updating([told("sport", "likes sports", [1, 2])])
    assert (await worker.run(SEEN, (same,))).changes == Changes(reflected=MARKED)
    worker, _ = updating([told("sport", "likes sports", [1, 2, 3])])
    assert (await worker.run(SEEN, (same,))).changes.memories[0].evidence == ("o1", "o2", "o3")


async def test_the_known_insights_nearest_to_what_is_new_are_looked_at() -> None:
    insights = tuple(memory(f"User's thing {n}: x", kind="insight", subject=f"thing {n}") for n in range(5))
    near = memory("User's taste: likes sport", kind="insight", subject="taste")
    worker, chat = updating([], most_known=2)
    assert (await worker.run(SEEN, (*insights, near))).changes.reflected == MARKED
    assert len(rows_shown(chat, "subjects")) == 2
    assert rows_shown(chat, "subjects")[0]["subject"] == "taste"


async def test_nothing_to_sum_up_asks_nobody_and_still_marks() -> None:
    worker, chat = updating()
    assert (await worker.run(SEEN)).changes == Changes(reflected=MARKED)
    seen_before = tuple(memory(f"old {n}", reflected=True) for n in range(3))
    assert (await worker.run(seen_before, (OLD,))).changes == Changes()
    assert (await worker.run((), (), ("sport",))).changes == Changes()
    assert chat.calls == []


@pytest.mark.parametrize(
    "bad", [[told("music", "x", [1, 2])], [told("sport", "x", [5])], [told("sport", "x" * 501, [1, 2])], "no"]
)
async def test_an_answer_that_cannot_be_trusted_fails_the_run(bad: object) -> None:
    worker, chat = updating(bad, bad)
    with pytest.raises(ModelAnswerError):
        await worker.run(SEEN, (), ("sport",))
    assert len(chat.calls) == 2
    worker, _ = updating(bad, [told("sport", "fine", [1, 2])])
    assert len((await worker.run(SEEN, (), ("sport",))).changes.memories) == 1


LEFT = memory("User plays chess.", id_="e1")
RICH = memory("User plays chess and go.", id_="rich")
POOR = memory("User plays go.", id_="e2", status="expired", reason="contained", superseded_by="rich")
GONE = memory("User plays go.", id_="e2", status="expired", reason="contradicted", superseded_by="rich")


async def test_an_insight_that_fell_is_summed_up_anew_from_what_is_left() -> None:
    fallen = replace(OLD, status="expired", reason="contradicted", review=True)
    worker, chat = updating([told("sport", "chess of two kinds", [1, 2])], known=(LEFT, RICH, GONE))
    changes = (await worker.run((), (replace(fallen, evidence=("e1", "e2", "rich")),))).changes
    (insight,) = changes.memories
    assert (insight.content, insight.evidence) == ("User's sport: chess of two kinds", ("e1", "rich"))
    assert changes.expired == ()
    assert changes.reflected == ("old", "e1", "rich")
    assert rows_shown(chat, "subjects") == [{"subject": "sport"}]
    assert [row["text"] for row in rows_shown(chat, "observations")] == [LEFT.content, RICH.content]
    worker, _ = updating([], known=(LEFT, GONE))
    assert (await worker.run((), (fallen,))).changes == Changes(reflected=("old",))


async def test_an_insight_whose_evidence_is_contained_in_another_cites_that_other() -> None:
    flagged = replace(OLD, review=True)
    worker, _ = updating([], known=(LEFT, RICH, POOR))
    changes = (await worker.run((), (flagged,))).changes
    (insight,) = changes.memories
    assert (insight.content, insight.evidence) == (OLD.content, ("e1", "rich"))
    assert changes.expired == (Expiry("old", "updated", insight.id),)
    worker, _ = updating([], known=(RICH, replace(POOR, id="e1"), POOR))
    changes = (await worker.run((), (flagged,))).changes
    assert changes == Changes(reflected=("old",), expired=(Expiry("old", "contained", "rich"),))


async def test_two_insights_on_one_subject_become_one_whatever_the_model_says() -> None:
    second = memory("User's sports: tennis", id_="second", kind="insight", subject="Sports", evidence=("o1", "o2"))
    first = replace(OLD, evidence=("o2", "o3"))
    for rows, content in (
        ([told("sport", "chess and tennis", [1])], "User's sport: chess and tennis"),
        ([], "User's sport: chess; tennis"),
    ):
        worker, chat = updating(rows)
        changes = (await worker.run((), (first, second))).changes
        (insight,) = changes.memories
        assert (insight.content, insight.subject, insight.evidence) == (content, "sport", ("o1", "o2", "o3"))
        assert [(e.memory, e.superseded_by) for e in changes.expired] == [("old", insight.id), ("second", insight.id)]
        (shown,) = rows_shown(chat, "subjects")
        assert shown == {"subject": "sport", "known": "User's sport: chess; User's sports: tennis"}


async def test_hostile_observations_stay_in_their_lines() -> None:
    seen = tuple(memory(text, id_=f"h{n}") for n, text in enumerate(HOSTILE))
    worker, chat = updating([told("odd", "odd things", [1, len(HOSTILE)])])
    (insight,) = (await worker.run(seen, (), ("odd",))).changes.memories
    assert insight.evidence == ("h0", f"h{len(HOSTILE) - 1}")
    assert [row["text"] for row in rows_shown(chat, "observations")] == list(HOSTILE)
    assert rows_shown(chat, "subjects") == [{"subject": "odd"}]


async def test_the_stand_in_sums_up_what_it_proposed() -> None:
    worker = UpdateInsights(ScriptedChat(answer_turns), PROMPT, FakeReader(memories_=SEEN), Locale(), FakeClock())
    (insight,) = (await worker.run(SEEN, (), ("hobby",))).changes.memories
    assert insight.content.startswith("User's hobby: User likes sport 1")
    assert insight.evidence == MARKED
    assert (await worker.run(SEEN, (), ("family",))).changes == Changes(reflected=MARKED)
