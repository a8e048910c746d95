"""What new observations change about what is known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from memoryengine.errors import ModelAnswerError
from memoryengine.models.lexical import lexical_vector
from memoryengine.models.scripted import ScriptedChat
from memoryengine.testing.answering import answer_turns
from memoryengine.text import terms
from memoryengine.values import Changes, Conflict, Expiry, Locale, Memory, Period
from memoryengine.verdicts import CONTAINED, CONTRADICTED, Verdict, settle
from memoryengine.workers.extract_observations_by_rule import ExtractObservationsByRule
from memoryengine.workers.find_conflicts import FindConflicts
from memoryengine.workers.find_conflicts.nearness import Topic, nearness

from .fakes import NOON, FakeClock, FakeReader, memory, message
from .model_fakes import HOSTILE, CountingChat, prompt_of, rows_shown
from .rules_conflicts import CASES

PROMPT = prompt_of("find_conflicts")
DAY = timedelta(days=1)
BEIJING = memory("User lives in Beijing.", id_="beijing", said_at=NOON - 30 * DAY, sources=("m1",))
SHANGHAI = memory("User moved to Shanghai.", id_="shanghai", sources=("m2",))
TEA = memory("User likes green tea.", id_="tea", said_at=NOON - 9 * DAY, sources=("m3",))
UNLIKE_EN = (
    "User's hobby is playing the guitar.",
    "User lives in Beijing.",
    "User works as a nurse at a children's hospital.",
    "User has a dog called Rex.",
    "User is allergic to peanuts.",
    "User likes green tea.",
    "User's sister Ann studies law in Leeds.",
    "User bought a red bicycle last week.",
    "User's birthday is on 3 July.",
    "User is learning Japanese.",
    "User went to Rome in May.",
    "User runs five kilometres every morning.",
    "User does not like loud music.",
    "User's favourite film is Casablanca.",
    "User plans to visit Iceland next summer.",
    "User's mother makes the best dumplings.",
    "User broke an arm while skiing.",
    "User reads a lot of science fiction.",
    "User drives an old Volvo.",
    "User plays chess with a neighbour on Sundays.",
    "User collects stamps.",
    "User grows tomatoes on the balcony.",
    "User is afraid of spiders.",
    "User prefers window seats on planes.",
    "User has insomnia.",
    "User drinks two cups of coffee a day.",
    "User wants to write a novel.",
    "User's phone is a Pixel 7.",
    "User volunteers at a food bank.",
    "User's grandfather was a sailor.",
)
UNLIKE_ZH = (
    "用户的爱好是吉他。",
    "用户住在北京。",
    "用户是一名护士。",
    "用户养了一只叫豆豆的狗。",
    "用户对花生过敏。",
    "用户喜欢喝绿茶。",
    "用户的妹妹在上海读法律。",
    "用户上周买了一辆红色自行车。",
    "用户的生日是7月3日。",
    "用户正在学习日语。",
    "用户五月去了罗马。",
    "用户每天早上跑步五公里。",
    "用户不喜欢吵闹的音乐。",
    "用户最喜欢的电影是《卡萨布兰卡》。",
    "用户计划明年夏天去冰岛。",
    "用户的妈妈包的饺子最好吃。",
    "用户滑雪时摔断了胳膊。",
    "用户爱看科幻小说。",
    "用户开一辆旧沃尔沃。",
    "用户周日和邻居下象棋。",
    "用户收集邮票。",
    "用户在阳台上种西红柿。",
    "用户的爷爷当过水手。",
    "用户害怕蜘蛛。",
    "用户坐飞机喜欢靠窗的座位。",
    "用户经常失眠。",
    "用户每天喝两杯咖啡。",
    "用户的手机是小米。",
    "用户在食物银行做义工。",
)
CUSTOM = memory("User lives in Beijing, by the lake.", id_="custom", kind="custom", said_at=NOON - 40 * DAY)


def comparing(
    known: Sequence[Memory], *answers: object, embed: bool = True, **settings: Any
) -> tuple[FindConflicts, ScriptedChat, FakeReader]:
    chat = CountingChat([a if isinstance(a, str) else json.dumps(a) for a in answers])
    reader = FakeReader(memories_=known, embed=(lambda text: lexical_vector(text, 256)) if embed else None)
    return FindConflicts(chat, PROMPT, reader, Locale(), FakeClock(), **settings), chat, reader


def verdict(id_: int, relation: str, by: int) -> dict[str, Any]:
    return {"id": id_, "relation": relation, "by": by}


async def test_the_newest_wins_whichever_way_the_model_puts_it() -> None:
    for id_, by in ((2, 1), (1, 2)):
        worker, chat, _ = comparing([BEIJING], [verdict(id_, "contradicted", by)])
        changes = (await worker.run((SHANGHAI,))).changes
        assert changes.memories == (SHANGHAI,)
        assert changes.expired == (Expiry("beijing", "contradicted", "shanghai"),)
        assert [row["text"] for row in rows_shown(chat, "memories")] == [SHANGHAI.content, BEIJING.content]


async def test_an_old_message_that_comes_late_does_not_beat_what_was_said_after_it() -> None:
    late = memory("User lives in Rome.", id_="rome", said_at=NOON - 99 * DAY)
    worker, _, _ = comparing([BEIJING], [verdict(2, "contradicted", 1)])
    changes = (await worker.run((late,))).changes
    (kept,) = changes.memories
    assert (kept.id, kept.status, kept.reason, kept.superseded_by) == ("rome", "expired", "contradicted", "beijing")
    assert kept.retired_at is not None
    assert changes.expired == ()


async def test_two_new_ones_that_contradict_each_other_are_both_kept_and_one_is_expired() -> None:
    earlier = memory("User lives in Rome.", id_="rome", said_at=NOON - DAY)
    worker, chat, _ = comparing([], [verdict(2, "contradicted", 1)])
    changes = (await worker.run((earlier, SHANGHAI))).changes
    assert [(m.id, m.status, m.superseded_by) for m in changes.memories] == [
        ("rome", "expired", "shanghai"),
        ("shanghai", "valid", ""),
    ]
    assert changes.expired == ()
    assert len(chat.calls) == 1


async def test_what_is_contained_is_not_kept_twice() -> None:
    rich = memory("User likes green tea and coffee.", id_="rich", sources=("m9",))
    worker, _, _ = comparing([TEA], [verdict(2, "contained", 1)])
    changes = (await worker.run((rich,))).changes
    assert changes.expired == (Expiry("tea", "contained", "rich"),)
    assert changes.memories == (rich,)
    poor = memory("User likes tea.", id_="poor", sources=("m8",))
    worker, _, _ = comparing([TEA], [verdict(1, "contained", 2)])
    changes = (await worker.run((poor,))).changes
    assert changes == Changes(known=(("tea", ("m8",)),))
    worker, _, _ = comparing([], [verdict(2, "contained", 1)])
    changes = (await worker.run((rich, poor))).changes
    assert [(m.id, m.sources) for m in changes.memories] == [("rich", ("m9", "m8"))]


async def test_word_for_word_the_same_is_known_without_a_model() -> None:
    worker, chat, reader = comparing([TEA, BEIJING])
    again = memory("user likes GREEN tea", id_="again", sources=("m7",))
    assert (await worker.run((again,))).changes == Changes(known=(("tea", ("m7",)),))
    assert chat.calls == []
    assert len(reader.searched) == 1


async def test_a_memory_told_by_hand_is_never_expired_by_a_model() -> None:
    for relation in ("contradicted", "contained"):
        worker, _, _ = comparing([CUSTOM], [verdict(2, relation, 1)])
        changes = (await worker.run((SHANGHAI,))).changes
        reported = (Conflict("custom", "shanghai"),) if relation == "contradicted" else ()
        assert changes == Changes(memories=(SHANGHAI,), conflicts=reported)
    newer = memory("User lives in Oslo.", id_="hand", kind="custom", said_at=NOON + DAY)
    worker, _, _ = comparing([newer], [verdict(2, "contradicted", 1)])
    (kept,) = (await worker.run((SHANGHAI,))).changes.memories
    assert (kept.status, kept.superseded_by) == ("expired", "hand")


async def test_no_model_is_asked_where_there_is_nothing_to_compare_with() -> None:
    worker, chat, reader = comparing([])
    assert (await worker.run((SHANGHAI,))).changes == Changes(memories=(SHANGHAI,))
    assert (await worker.run(())).changes == Changes()
    assert chat.calls == []
    assert len(reader.searched) == 1
    worker, chat, _ = comparing([TEA])
    assert (await worker.run((SHANGHAI,))).changes == Changes(memories=(SHANGHAI,))
    assert chat.calls == []


@pytest.mark.parametrize(("old", "new", "verdict"), CASES)
async def test_whatever_may_be_a_conflict_is_near_enough_to_ask(old: str, new: str, verdict: str) -> None:
    rule = ExtractObservationsByRule(Locale(), FakeClock())
    before = (await rule.run((message(old, id_="old", said_at=NOON - 21 * DAY),))).observations
    after = (await rule.run((message(new, id_="new"),))).observations
    for embed in (True, False):
        worker, chat, _ = comparing(before, "[]", embed=embed)
        await worker.run(after)
        asked = len(chat.calls)
        assert asked <= 1
        # One said word for word again is known without a model.
        assert asked == 1 or not verdict or terms(before[0].content) == terms(after[0].content)
    worker, chat, _ = comparing([], "[]")
    await worker.run((*before, *after))
    assert len(chat.calls) == asked or verdict == "known"


@pytest.mark.parametrize("told", [UNLIKE_EN, UNLIKE_ZH])
async def test_different_things_are_not_near_whether_new_or_known(told: Sequence[str]) -> None:
    memories = tuple(memory(text, id_=f"n{n}", said_at=NOON + n * DAY) for n, text in enumerate(told))
    for new, known in ((memories, ()), (memories[::2], memories[1::2]), (memories[1:], memories[:1])):
        worker, chat, _ = comparing(known)
        assert (await worker.run(new)).changes == Changes(memories=new)
        assert chat.calls == []


def test_the_attribute_that_a_model_named_counts_too() -> None:
    names = frozenset({"user"})
    berlin = memory("User has been a Berliner since May.", subject="home")
    topic = Topic.of(berlin, names)
    assert nearness(topic, Topic.of(BEIJING, names)) == 1.0
    assert nearness(topic, Topic.of(memory("User's sister lives in Turin."), names)) == 0.0
    assert nearness(topic, Topic.of(TEA, names)) == 0.0
    assert nearness(Topic.of(memory("User ..."), names), Topic.of(memory("..."), names)) == 0.0


@pytest.mark.parametrize("embed", [True, False])
async def test_near_ones_are_found_however_old_and_the_newest_stand_beside_them(embed: bool) -> None:
    others = [memory(f"User saw film {n} with Eve.", id_=f"f{n}", said_at=NOON - n * DAY) for n in range(1, 20)]
    known = [memory("User likes black tea.", id_="old", said_at=NOON - 900 * DAY), *others]
    worker, chat, _ = comparing(known, "[]", embed=embed, recent=3)
    new = memory("User likes green tea.", id_="new")
    assert (await worker.run((new,))).changes == Changes(memories=(new,))
    shown = [row["text"] for row in rows_shown(chat, "memories")]
    assert shown == [new.content, *(f"User saw film {n} with Eve." for n in (1, 2, 3)), "User likes black tea."]


async def test_one_search_and_one_call_serve_all_new_ones() -> None:
    known = [memory(f"User likes drink {n} with milk.", id_=f"k{n}", said_at=NOON - n * DAY) for n in range(1, 80)]
    new = tuple(memory(f"User likes drink {n}.", id_=f"n{n}") for n in range(12))
    worker, chat, reader = comparing(known, "[]", most=30)
    changes = (await worker.run(new)).changes
    assert changes.memories == new
    assert len(chat.calls) == len(reader.searched) == 1
    assert len(reader.searched[0]) == 12
    assert 12 < len(rows_shown(chat, "memories")) <= 30
    assert {m.content for m in new} <= {row["text"] for row in rows_shown(chat, "memories")}


@pytest.mark.parametrize(
    "bad",
    [
        [verdict(3, "contradicted", 1)],
        [verdict(1, "contradicted", 0)],
        [verdict(1, "contradicted", 1)],
        [verdict(2, "refuted", 1)],
        [{"id": 1}],
        "All is well.",
    ],
)
async def test_an_answer_that_cannot_be_trusted_changes_nothing(bad: object) -> None:
    worker, chat, _ = comparing([BEIJING], bad, bad)
    with pytest.raises(ModelAnswerError):
        await worker.run((SHANGHAI,))
    assert len(chat.calls) == 2
    worker, chat, _ = comparing([BEIJING], bad, [])
    assert (await worker.run((SHANGHAI,))).changes == Changes(memories=(SHANGHAI,))


@pytest.mark.parametrize("relation", ["Contradiction", "矛盾", " CONTRADICTED "])
async def test_other_words_for_a_relation_are_understood_and_none_is_none(relation: str) -> None:
    none = {"id": 1, "relation": "none", "by": None}
    worker, chat, _ = comparing([BEIJING], [none, verdict(2, relation, 1)])
    changes = (await worker.run((SHANGHAI,))).changes
    assert changes.expired == (Expiry("beijing", "contradicted", "shanghai"),)
    assert len(chat.calls) == 1
    worker, _, _ = comparing([BEIJING], [none])
    assert (await worker.run((SHANGHAI,))).changes == Changes(memories=(SHANGHAI,))


async def test_hostile_memories_stay_in_their_lines() -> None:
    known = [BEIJING, *(memory(text, id_=f"k{n}") for n, text in enumerate(HOSTILE))]
    worker, chat, _ = comparing(known, "[]", embed=False)
    assert (await worker.run((SHANGHAI,))).changes == Changes(memories=(SHANGHAI,))
    rows = rows_shown(chat, "memories")
    assert [row["id"] for row in rows] == list(range(1, len(HOSTILE) + 3))
    assert {row["text"] for row in rows} == {SHANGHAI.content, BEIJING.content, *HOSTILE}


@pytest.mark.parametrize(
    ("old", "new"),
    [("User lives in Beijing.", "User moved to Shanghai."), ("用户住在北京。", "用户搬到上海了。")],
)
async def test_the_stand_in_sees_that_a_move_replaces_a_home(old: str, new: str) -> None:
    before = memory(old, id_="old", said_at=NOON - DAY)
    reader = FakeReader(memories_=[before, TEA])
    worker = FindConflicts(ScriptedChat(answer_turns), PROMPT, reader, Locale(), FakeClock())
    changes = (await worker.run((memory(new, id_="new"),))).changes
    assert changes.expired == (Expiry("old", "contradicted", "new"),)
    assert [m.content for m in changes.memories] == [new]


# --- settle -----------------------------------------------------------------------------------------------------

A, B, C = (memory(name, id_=name, sources=(f"m{name}",), said_at=NOON + n * DAY) for n, name in enumerate("abc"))


def test_circles_and_doubles_leave_one_standing() -> None:
    circle = [Verdict(A, CONTAINED, B), Verdict(B, CONTAINED, A)]
    changes = settle(circle, [A, B], NOON)
    assert [(m.id, m.sources) for m in changes.memories] == [("b", ("mb", "ma"))]
    twice = [Verdict(A, CONTRADICTED, B), Verdict(B, CONTRADICTED, A), Verdict(A, CONTRADICTED, B)]
    changes = settle(twice, [B], NOON)
    assert changes.expired == (Expiry("a", "contradicted", "b"),)
    assert changes.memories == (B,)
    chain = settle([Verdict(A, CONTAINED, B), Verdict(B, CONTAINED, C)], [A, B, C], NOON)
    assert [m.id for m in chain.memories] == ["c"]
    assert chain.memories[0].sources == ("mc", "mb", "ma")


def test_a_contradiction_of_a_merged_one_is_that_of_the_one_it_went_into() -> None:
    old = memory("old", id_="old", said_at=NOON - DAY)
    changes = settle([Verdict(B, CONTAINED, C), Verdict(old, CONTRADICTED, B)], [B, C], NOON)
    assert changes.expired == (Expiry("old", "contradicted", "c"),)
    assert [m.id for m in changes.memories] == ["c"]


def test_two_known_memories_are_left_as_they_are() -> None:
    changes = settle([Verdict(A, CONTRADICTED, B), Verdict(A, CONTAINED, B)], [C], NOON)
    assert changes == Changes(memories=(C,))
    assert settle([], [], NOON) == Changes()
    assert settle([], [A, B], NOON).memories == (A, B)


def during(year: int) -> Period:
    return Period(datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC), text=str(year))


def test_the_later_event_stands_whenever_it_was_told_and_what_is_over_denies_nothing() -> None:
    moved = memory("User moved to Bergen.", id_="bergen", event=during(2022), said_at=NOON - 9 * DAY)
    before = memory("User moved to Oslo.", id_="oslo", event=during(2020), said_at=NOON)
    (kept, _) = settle([Verdict(moved, CONTRADICTED, before)], [before, TEA], NOON).memories
    assert (kept.id, kept.status, kept.superseded_by) == ("oslo", "expired", "bergen")
    over = memory("In 2023 User lived in Paris.", id_="paris", event=during(2023), said_at=NOON)
    assert settle([Verdict(BEIJING, CONTRADICTED, over)], [over], NOON) == Changes(memories=(over,))
    assert settle([Verdict(over, CONTRADICTED, BEIJING)], [over], NOON).expired == ()


def test_the_same_of_an_earlier_time_is_kept_for_that_time() -> None:
    known = memory("User lives in Beijing, by the lake.", id_="known")
    (kept,) = settle([Verdict(BEIJING, CONTAINED, known)], [BEIJING], NOON).memories
    assert (kept.id, kept.status, kept.reason, kept.superseded_by) == ("beijing", "expired", "contained", "known")
    later = replace(BEIJING, said_at=NOON + DAY)
    assert settle([Verdict(later, CONTAINED, known)], [later], NOON) == Changes(known=(("known", ("m1",)),))


async def test_a_home_to_which_somebody_came_back_is_new_though_known() -> None:
    away = memory("User lives in Shanghai.", id_="away", said_at=NOON - 9 * DAY, sources=("m2",))
    back = memory("User lives in Beijing.", id_="back", said_at=NOON, sources=("m3",))
    worker, chat, _ = comparing([BEIJING], [verdict(2, CONTRADICTED, 1)])
    changes = (await worker.run((away, back))).changes
    assert changes.known == ()
    assert changes.expired == (Expiry("beijing", CONTRADICTED, "away"),)
    assert [(one.id, one.superseded_by) for one in changes.memories] == [("away", "back"), ("back", "")]
    assert len(chat.calls) == 1
    worker, _, _ = comparing([BEIJING])
    assert (await worker.run((back,))).changes.known == (("beijing", ("m3",)),)
