"""Reflection by counting: what is loaded, which subjects are found, and the insights written on them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from memoryengine.statements.subjects import subject_key
from memoryengine.values import Changes, Locale, Memory
from memoryengine.worker import Stop
from memoryengine.workers.load_observations import LoadObservations
from memoryengine.workers.reflect_subjects_by_rule import ReflectSubjectsByRule
from memoryengine.workers.update_insights_by_rule import UpdateInsightsByRule

from .fakes import NOON, FakeClock, FakeReader, memory

MUSIC = (
    "User plays the guitar.", "User loves jazz.", "User's favourite band is Air.",
    "User takes piano lessons on Mondays.",
    "User went to a concert last night (2024-10-25).", "User's sister sings in a choir.",
    "User collects vinyl records.",
    "User wants to learn the violin.",
)  # fmt: skip
HAN_MUSIC = (
    "用户喜欢弹吉他。", "用户每周上钢琴课。", "用户最喜欢的是爵士乐。", "用户昨晚去听了演唱会。",
    "用户的妹妹在合唱团唱歌。", "用户想学小提琴。", "用户收集黑胶唱片。",
    "用户的爸爸爱听京剧和民谣。",
)  # fmt: skip
CAMPING = (
    "用户喜欢露营。", "用户买了一个新的露营帐篷。", "用户和同事下个月去露营。", "用户不喜欢冬天露营。",
    "用户的儿子第一次露营是三岁。", "用户在露营时认识了老婆。",
)  # fmt: skip
BEES = (
    "User keeps bees in the back yard.", "User's bees made ten jars of honey.", "User reads a journal on bees.",
    "User was stung by bees twice.", "User sells honey at the market.", "User is allergic to nuts.",
)  # fmt: skip


def memories(*contents: str, start: int = 0) -> tuple[Memory, ...]:
    return tuple(memory(c, said_at=NOON + timedelta(hours=start + n)) for n, c in enumerate(contents))


async def reflected(held: tuple[Memory, ...], insights: tuple[Memory, ...] = (), **settings: int) -> tuple[str, ...]:
    return (await ReflectSubjectsByRule(locale=Locale(), **settings).run(held, insights)).subjects


async def updated(
    held: tuple[Memory, ...],
    subjects: tuple[str, ...],
    insights: tuple[Memory, ...] = (),
    stored: tuple[Memory, ...] = (),
) -> Changes:
    update = UpdateInsightsByRule(reader=FakeReader(memories_=stored), locale=Locale(), clock=FakeClock())
    return (await update.run(held, insights, subjects)).changes


@pytest.mark.parametrize(
    ("contents", "subject", "words"),
    [
        (MUSIC, "music", ("jazz", "piano", "violin")),
        (HAN_MUSIC, "音乐", ("钢琴", "爵士")),
        (CAMPING, "露营", ("帐篷",)),
        (BEES, "bees", ("back yard",)),
    ],
)
async def test_one_theme_gives_an_insight_that_cites_what_it_rests_on(
    contents: tuple[str, ...], subject: str, words: tuple[str, ...]
) -> None:
    held = memories(*contents)
    subjects = await reflected(held)
    assert subjects[0] == subject
    changes = await updated(held, subjects)
    insight = changes.memories[0]
    assert (insight.kind, insight.subject, insight.status) == ("insight", subject, "valid")
    assert len(insight.evidence) >= 3
    assert set(insight.evidence) <= {m.id for m in held}
    assert all(word in insight.content for word in (subject, *words))
    assert insight.said_at == max(m.said_at for m in held if m.id in insight.evidence)
    assert set(changes.reflected) == {m.id for m in held}


async def test_the_words_of_an_insight() -> None:
    changes = await updated(memories(*MUSIC[:4]), ("music",))
    assert [m.content for m in changes.memories] == ["User often talks about music: guitar, jazz, band, piano."]
    changes = await updated(memories(*HAN_MUSIC[:3]), ("音乐",))
    assert [m.content for m in changes.memories] == ["用户常提到音乐：吉他、钢琴、爵士。"]
    assert changes.expired == ()


async def test_too_few_of_a_kind_give_no_subject() -> None:
    unlike = memories("User likes tea.", "User has a red bike.", "User's sister lives in Rome.", "用户住在北京。")
    assert await reflected(unlike) == ()
    changes = await updated(unlike, ())
    assert changes.memories == ()
    assert set(changes.reflected) == {m.id for m in unlike}
    assert (await updated(unlike, ("tea",))).memories == ()


async def test_new_evidence_replaces_the_older_insight_and_keeps_what_it_rested_on() -> None:
    first = memories(*MUSIC[:4])
    older = (await updated(first, ("music",))).memories[0]
    fresh = memories("User bought drums.", "User bought a tent.", start=50)
    assert await reflected(fresh, (older,)) == ("music",)
    changes = await updated(fresh, ("music",), (older,), stored=first[1:])
    (insight,) = changes.memories
    assert insight.evidence == (*(m.id for m in first[1:]), fresh[0].id)
    assert insight.content.endswith("jazz, band, piano, drums.")
    assert [(e.memory, e.reason, e.superseded_by) for e in changes.expired] == [(older.id, "updated", insight.id)]


async def test_without_new_evidence_a_subject_does_not_come_again() -> None:
    first = memories(*MUSIC)
    older = (await updated(first, ("music",))).memories[0]
    assert await reflected(first, (older,)) == ()
    assert await reflected(memories("User has a tent.", start=9), (older,)) == ()
    same = await updated(first, ("music",), (older,), stored=first)
    assert same.memories == ()
    assert same.expired == ()


async def test_evidence_that_expired_is_looked_at_again_even_where_nothing_is_new() -> None:
    first = memories(*MUSIC[:4])
    older = replace((await updated(first, ("music",))).memories[0], review=True)
    gone = replace(first[1], status="expired", reason="contradicted")
    reader = FakeReader(memories_=(first[0], gone, *first[2:], replace(older, status="expired", reason="contradicted")))
    found = await LoadObservations(reader=reader, threshold=9).run()
    assert not isinstance(found, Stop)
    assert found.observations == ()
    changes = await updated((), (), found.insights, stored=(first[0], gone, *first[2:]))
    (insight,) = changes.memories
    assert insight.evidence == tuple(m.id for m in (first[0], *first[2:]))
    assert "jazz" in older.content
    assert "jazz" not in insight.content
    assert older.id in changes.reflected
    left = await updated((), (), (older,), stored=(first[0], gone))
    assert left.memories == ()
    assert [(e.memory, e.reason, e.superseded_by) for e in left.expired] == [(older.id, "contained", first[0].id)]


async def test_two_insights_on_one_subject_become_one() -> None:
    first = memories(*MUSIC)
    one = (await updated(first[:4], ("music",))).memories[0]
    other = replace((await updated(first[2:], ("music",))).memories[0], subject="音乐", id="other")
    reader = FakeReader(memories_=(*first, one, other))
    found = await LoadObservations(reader=reader, threshold=99).run()
    assert not isinstance(found, Stop)
    changes = await updated((), (), found.insights, stored=first)
    (insight,) = changes.memories
    assert set(insight.evidence) == {m.id for m in first}
    assert {(e.memory, e.reason, e.superseded_by) for e in changes.expired} == {
        (one.id, "updated", insight.id),
        ("other", "updated", insight.id),
    }


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Hobbies", "the hobby", True),
        ("hobby", "兴趣爱好", True),
        ("用户的工作", "job", True),
        ("音樂", "Music", True),
        ("favourite food", "Favourite  Foods", True),
        ("hobby", "job", False),
        ("sister", "brother", False),
        ("喜欢的食物", "喜欢的颜色", False),
    ],
)
def test_subjects_that_mean_one_attribute(one: str, other: str, same: bool) -> None:
    assert (subject_key(one) == subject_key(other)) is same
    assert subject_key(one) == subject_key(f" {one} ")
    assert subject_key(one)


async def test_at_most_as_many_subjects_as_allowed() -> None:
    held = memories(*MUSIC, *BEES, *CAMPING)
    assert len(await reflected(held, limit=1)) == 1
    assert set(await reflected(held, limit=3)) == {"music", "bees", "露营"}
    assert await reflected((), ()) == ()


async def test_loading_stops_below_the_threshold_and_leaves_out_what_was_seen() -> None:
    fresh = memories(*MUSIC)
    seen = memory("User likes tea.", reflected=True)
    gone = memory("User lives in Beijing.", status="expired")
    custom = memory("User is tall.", kind="custom", said_at=NOON - timedelta(days=1))
    insight = memory("User often talks about tea.", kind="insight", subject="tea")
    reader = FakeReader(memories_=(*fresh, seen, gone, custom, insight))
    found = await LoadObservations(reader=reader).run()
    assert not isinstance(found, Stop)
    assert [m.id for m in found.observations] == [custom.id, *(m.id for m in fresh)]
    assert found.insights == (insight,)
    few = await LoadObservations(reader=reader, threshold=10).run()
    assert isinstance(few, Stop)
    assert few.reason.startswith("9 observations")
    limited = await LoadObservations(reader=reader, limit=6).run()
    assert not isinstance(limited, Stop)
    assert len(limited.observations) == 6
