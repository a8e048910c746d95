"""Repetition, containment and contradiction by rules."""

from __future__ import annotations

from datetime import timedelta

import pytest

from memoryengine.filters import Is
from memoryengine.validity import dated
from memoryengine.values import Changes, Conflict, Locale, Memory
from memoryengine.worker import spec_of
from memoryengine.workers.extract_observations_by_rule import ExtractObservationsByRule
from memoryengine.workers.find_conflicts_by_rule import FindConflictsByRule

from .fakes import NOON, FakeClock, FakeReader, memory, message
from .rules_conflicts import CASES

LATER = NOON + timedelta(days=21)


async def observed(text: str, days: int = 0) -> tuple[Memory, ...]:
    extract = ExtractObservationsByRule(locale=Locale(), clock=FakeClock(NOON + timedelta(days=days)))
    said = message(text, id_=f"{text} {days}", said_at=NOON + timedelta(days=days))
    return (await extract.run((said,))).observations


async def compared(new: tuple[Memory, ...], known: tuple[Memory, ...] = ()) -> Changes:
    reader = FakeReader(memories_=known)
    return (await FindConflictsByRule(reader=reader, locale=Locale()).run(new)).changes


@pytest.mark.parametrize(("first", "second", "expected"), CASES)
async def test_a_later_statement_against_a_known_one(first: str, second: str, expected: str) -> None:
    (known,), (new,) = await observed(first), await observed(second, days=21)
    changes = await compared((new,), (known,))
    if expected == "known":
        assert changes.memories == ()
        assert changes.expired == ()
        assert changes.known == ((known.id, new.sources),)
    else:
        assert changes.memories == (new,)
        assert changes.known == ()
        assert [(e.memory, e.reason, e.superseded_by) for e in changes.expired] == (
            [(known.id, expected, new.id)] if expected else []
        )


@pytest.mark.parametrize(("first", "second"), [c[:2] for c in CASES if c[2] == "contradicted"])
async def test_both_in_one_batch_the_later_one_stays(first: str, second: str) -> None:
    (old,), (new,) = await observed(first), await observed(second, days=21)
    changes = await compared((new, old))
    held = {m.id: m for m in changes.memories}
    assert changes.expired == ()
    assert held[new.id].status == "valid"
    assert (held[old.id].status, held[old.id].superseded_by, held[old.id].reason) == ("expired", new.id, "contradicted")
    assert held[old.id].retired_at == new.recorded_at


async def test_an_older_statement_that_comes_late_is_born_expired() -> None:
    (known,), (late,) = await observed("I moved to Shanghai", days=21), await observed("I live in Beijing")
    changes = await compared((late,), (known,))
    (born,) = changes.memories
    assert changes.expired == ()
    assert (born.id, born.status, born.superseded_by, born.reason) == (late.id, "expired", known.id, "contradicted")
    assert born.retired_at is not None


async def test_what_was_added_by_hand_never_expires() -> None:
    custom = memory("User lives in Beijing.", kind="custom")
    (new,) = await observed("I moved to Shanghai", days=21)
    changes = await compared((new,), (custom,))
    assert changes.memories == (new,)
    assert changes.expired == ()
    assert changes.known == ()
    assert changes.conflicts == (Conflict(custom.id, new.id),)


async def test_the_same_twice_in_one_batch_is_one_memory_with_both_sources() -> None:
    (one,), (two,) = await observed("I like tea"), await observed("I like tea", days=1)
    changes = await compared((one, two))
    (kept,) = changes.memories
    assert kept.id == one.id
    assert kept.sources == (*one.sources, *two.sources)
    assert changes.known == ()


async def test_a_chain_of_moves_leaves_the_last_city() -> None:
    moves = [(await observed(f"I moved to {city}", days))[0] for days, city in enumerate(("Oslo", "Bergen", "Turku"))]
    changes = await compared(tuple(reversed(moves)))
    assert [m.content for m in changes.memories if m.status == "valid"] == ["User moved to Turku."]
    assert [m.superseded_by for m in changes.memories if m.status == "expired"] == [moves[1].id, moves[2].id]
    assert changes.expired == ()


async def test_moving_back_makes_the_first_city_new_again() -> None:
    (away,), (back,) = await observed("I moved to Shanghai", days=5), await observed("I live in Beijing", days=30)
    gone = memory("User lives in Beijing.", id_="gone", status="expired", superseded_by=away.id)
    changes = await compared((back,), (gone, away))
    assert changes.memories == (back,)
    assert [(e.memory, e.superseded_by) for e in changes.expired] == [(away.id, back.id)]
    assert changes.known == ()


async def test_people_with_names_keep_their_own_attributes() -> None:
    caroline = memory("Caroline lives in Beijing.", speaker="Caroline")
    melanie = memory("Melanie moved to Shanghai.", speaker="Melanie", said_at=LATER)
    named = await compared((melanie,), (caroline,))
    assert named.memories == (melanie,)
    assert named.expired == ()
    moved = memory("Caroline moved to Shanghai.", speaker="Caroline", said_at=LATER)
    assert [e.memory for e in (await compared((moved,), (caroline,))).expired] == [caroline.id]


async def test_a_change_crosses_languages_and_a_plain_value_does_not() -> None:
    (known,) = await observed("I live in Beijing")
    (moved,), (lives,) = await observed("我搬到上海了", days=21), await observed("我住在上海", days=21)
    assert [e.memory for e in (await compared((moved,), (known,))).expired] == [known.id]
    assert (await compared((lives,), (known,))).expired == ()
    assert (await compared((lives,), (known,))).memories == (lives,)


async def test_what_is_known_comes_from_one_search_for_observations_and_customs() -> None:
    (new,) = await observed("I moved to Shanghai", days=21)
    many = tuple(memory(f"User likes dish number {n}.", said_at=NOON) for n in range(150))
    reader = FakeReader(memories_=(*many, memory("User lives in Beijing.", id_="home")))
    changes = (await FindConflictsByRule(reader=reader, locale=Locale()).run((new,))).changes
    assert [e.memory for e in changes.expired] == ["home"]
    (queries,) = reader.searched
    assert {query.kinds for query in queries} == {("observation", "custom")}
    assert not any(query.expired or query.where == Is("kind", "insight") for query in queries)


async def test_nothing_new_asks_nothing() -> None:
    reader = FakeReader(memories_=(memory("User lives in Beijing."),))
    result = await FindConflictsByRule(reader=reader, locale=Locale()).run(())
    assert result.changes == Changes()
    assert reader.searched == []
    assert set(spec_of(FindConflictsByRule).outputs) == {"changes"}


@pytest.mark.parametrize(
    ("known", "told", "expired"),
    [
        ("我住在北京。", "我上周搬到上海了，现在住在徐汇区。", True),
        ("我搬到上海了。", "我住在徐汇区。", False),
        ("我住在朝阳区。", "我搬到上海了。", True),
        ("我住在徐汇区。", "我现在住在静安区。", True),
        ("I live in Boston.", "I moved to New York last week and now I live in Brooklyn.", True),
    ],
)
async def test_a_district_lies_in_its_city_and_one_breath_agrees_with_itself(
    known: str, told: str, expired: bool
) -> None:
    (old,), new = await observed(known), await observed(told, days=21)
    changes = await compared(new, (old,))
    assert [e.memory for e in changes.expired] == ([old.id] if expired else [])
    assert [m.status for m in changes.memories] == ["valid"] * len(new)
    assert old.content == known.replace("我", "用户").replace("I live", "User lives")


@pytest.mark.parametrize(
    ("known", "told", "now"),
    [
        ("我在武汉生活。", "我已经离开武汉，现在住在长沙。", "用户现在住在长沙。"),
        ("我住在大连。", "我不住大连了，搬到沈阳了。", "用户搬到沈阳了。"),
        ("我在厦门租房子住。", "我从厦门搬到了福州。", "用户从厦门搬到了福州。"),
        ("我常住郑州。", "换了工作以后我就搬到济南住了。", "换了工作以后用户就搬到济南住了。"),
        ("I'm living in Toronto.", "Big news: I'm now living in Vancouver!", "User is now living in Vancouver."),
        ("I rent a small flat in Madrid.", "I settled in Valencia.", "User settled in Valencia."),
    ],
)
async def test_who_moved_lives_where_he_went_and_what_he_left_is_told_by_that(known: str, told: str, now: str) -> None:
    (old,), new = await observed(known), await observed(told, days=21)
    changes = await compared(new, (old,))
    (valid,) = (m for m in changes.memories if m.status == "valid")
    assert valid.content == now
    assert [(e.memory, e.reason, e.superseded_by) for e in changes.expired] == [(old.id, "contradicted", valid.id)]
    assert {m.superseded_by for m in changes.memories if m.status == "expired"} <= {valid.id}


async def test_who_almost_moved_has_not() -> None:
    (old,), new = await observed("我住在北京。"), await observed("我差点搬到上海。", days=21)
    changes = await compared(new, (old,))
    assert changes.expired == ()
    assert changes.known == ()
    assert [m.status for m in changes.memories] == ["valid"] * len(new)


@pytest.mark.parametrize(
    ("told", "late"),
    [
        ("I moved to Shanghai in April.", "I moved to Beijing in March."),
        ("我四月搬到了上海。", "我三月搬到了北京。"),
        ("I live in Shanghai.", "I moved to Beijing in March."),
    ],
)
async def test_the_later_event_stands_also_where_the_earlier_is_told_last(told: str, late: str) -> None:
    (known,), (new,) = await observed(told), await observed(late, days=9)
    changes = await compared((new,), (known,))
    (born,) = changes.memories
    assert (born.status, born.reason, born.superseded_by) == ("expired", "contradicted", known.id)
    assert changes.expired == ()
    assert changes.conflicts == ()


@pytest.mark.parametrize(
    ("known", "past"),
    [
        ("I live in Beijing.", "In 2019 I lived in Paris."),
        ("我住在北京。", "2019年我住在巴黎。"),
        ("我在腾讯上班。", "2019年我在百度上班。"),
    ],
)
async def test_what_is_over_has_its_place_in_the_past_and_leaves_the_present_alone(known: str, past: str) -> None:
    (now,), (over,) = await observed(known), await observed(past, days=9)
    for changes in (await compared((over,), (now,)), await compared((now,), (over,))):
        assert changes.expired == ()
        assert [m.status for m in changes.memories] == ["valid"]
    assert dated(over).valid_to is not None
    assert dated(now).valid_to is None


async def test_the_same_told_late_of_an_earlier_time_is_kept_for_that_time() -> None:
    (known,), (late,) = await observed("I live in Beijing", days=9), await observed("I live in Beijing")
    changes = await compared((late,), (known,))
    (born,) = changes.memories
    assert (born.id, born.status, born.superseded_by) == (late.id, "expired", known.id)
    assert changes.known == ()
