"""What a run wants to write becomes one commit that holds only what still holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from memoryengine.commits import RunRecord, actions_of, history_entry, overtaken, prune, to_writes
from memoryengine.ground import Ground
from memoryengine.ports import Document
from memoryengine.records import CONSOLIDATED, MEMORIES, MESSAGES, RUNS, memory_document, message_document
from memoryengine.validity import TICK
from memoryengine.values import Changes, Conflict, Expiry, Memory, Message, Purge

NOW = datetime(2024, 10, 26, 13, 26, 20, tzinfo=UTC)
NOON_AFTER = NOW + timedelta(days=1)
RUN = RunRecord("run1", "consolidate_memory", "call", NOW, {"seconds": 0.1})


def message(id_: str, **fields: object) -> Document:
    made = message_document(Message(id=id_, role="user", content=f"text {id_}", said_at=NOW, recorded_at=NOW))
    return replace(made, fields={**made.fields, **fields})  # type: ignore[dict-item]


def memory(id_: str, **fields: object) -> Memory:
    made = Memory(id=id_, kind="observation", content=f"fact {id_}", said_at=NOW, recorded_at=NOW)
    return replace(made, **fields)  # type: ignore[arg-type]


def ground(messages: list[Document] | None = None, memories: list[Memory] | None = None) -> Ground:
    return Ground({d.id: d for d in messages or []}, {m.id: memory_document(m, "old") for m in memories or []})


def patches(changes: Changes, base: Ground) -> dict[tuple[str, str], dict[str, object]]:
    return {(p.collection, p.id): dict(p.fields) for p in to_writes(changes, base, RUN).patch}


def test_a_memory_of_a_deleted_message_is_left_out_and_the_others_stay() -> None:
    changes = Changes(memories=(memory("a", sources=("m1",)), memory("b", sources=("m2",))), consolidated=("m1", "m2"))
    kept = prune(changes, ground([message("m2")]))
    assert [m.id for m in kept.memories] == ["b"]
    assert kept.consolidated == ("m2",)
    assert kept.expired == ()


def test_an_insight_on_a_memory_that_is_gone_or_expired_is_left_out() -> None:
    insights = (memory("i1", kind="insight", evidence=("a", "b")), memory("i2", kind="insight", evidence=("a",)))
    kept = prune(Changes(memories=insights), ground(memories=[memory("a"), memory("b", status="expired")]))
    assert [m.id for m in kept.memories] == ["i2"]
    assert prune(Changes(memories=insights), ground()).memories == ()
    assert len(prune(Changes(memories=insights), ground(memories=[memory("a"), memory("b")])).memories) == 2


def test_an_expiry_needs_a_valid_memory_and_a_successor_that_is_there() -> None:
    wishes = (Expiry("a", "contradicted", "new"), Expiry("gone", "contradicted", "new"), Expiry("b", "contained", "no"))
    base = ground([message("m1")], [memory("a"), memory("b"), memory("c", status="expired")])
    kept = prune(Changes(memories=(memory("new", sources=("m1",)),), expired=(*wishes, Expiry("c", "updated"))), base)
    assert kept.expired == (Expiry("a", "contradicted", "new"),)
    assert prune(Changes(expired=(Expiry("b", "contained"),)), base).expired == (Expiry("b", "contained"),)
    assert prune(Changes(expired=(Expiry("c", "contained"),)), base).expired == ()


def test_a_memory_born_expired_is_valid_when_its_successor_is_gone() -> None:
    late = memory("late", status="expired", superseded_by="known", reason="contradicted")
    assert prune(Changes(memories=(late,)), ground()).memories[0].status == "valid"
    assert prune(Changes(memories=(late,)), ground()).memories[0].superseded_by == ""
    assert prune(Changes(memories=(late,)), ground(memories=[memory("known")])).memories[0].status == "expired"


def test_a_batch_that_another_run_consolidated_is_overtaken() -> None:
    changes = Changes(consolidated=("m1", "m2"))
    assert overtaken(changes, ground([message("m1"), message("m2", state=CONSOLIDATED)]))
    assert not overtaken(changes, ground([message("m1"), message("m2")]))
    assert not overtaken(changes, ground([message("m1")]))


def test_one_commit_links_messages_marks_them_and_records_the_run() -> None:
    changes = Changes(
        memories=(memory("new", sources=("m1",)),),
        expired=(Expiry("old", "contradicted", "new"),),
        known=(("same", ("m2",)),),
        consolidated=("m1", "m2"),
    )
    base = ground(
        [message("m0", memories=("old",)), message("m1"), message("m2")],
        [memory("old", sources=("m0",)), memory("same", sources=("m9",))],
    )
    set_ = patches(changes, base)
    assert set_[MESSAGES, "m0"] == {"hidden": True}
    assert set_[MESSAGES, "m1"] == {"memories": ("new",), "state": CONSOLIDATED, "run": "run1"}
    assert set_[MESSAGES, "m2"] == {"memories": ("same",), "state": CONSOLIDATED, "run": "run1"}
    assert set_[MEMORIES, "same"] == {"sources": ("m9", "m2")}
    assert set_[MEMORIES, "old"]["status"] == "expired"
    assert set_[MEMORIES, "old"]["superseded_by"] == "new"
    put = {(c, d.id): d for c, d in to_writes(changes, base, RUN).put}
    assert put[RUNS, "run1"].fields["messages"] == ("m1", "m2")
    assert put[MEMORIES, "new"].fields["run"] == "run1"


def test_what_repeats_a_memory_that_a_person_deleted_meanwhile_is_hidden() -> None:
    changes = Changes(known=(("gone", ("m1",)),), consolidated=("m1",))
    set_ = patches(changes, ground([message("m1")]))
    assert set_[MESSAGES, "m1"]["hidden"] is True
    assert "memories" not in set_[MESSAGES, "m1"]
    assert actions_of(changes, ground([message("m1")])) == ()


def test_deleting_a_memory_takes_the_insights_that_rest_on_it_and_frees_the_rest_of_their_evidence() -> None:
    base = ground(
        [message("m1", memories=("a",))],
        [memory("a", sources=("m1",)), memory("b", reflected=True), memory("i", kind="insight", evidence=("a", "b"))],
    )
    kept = prune(Changes(deleted=("a",)), base)
    assert set(kept.deleted) == {"a", "i"}
    set_ = patches(kept, base)
    assert set_[MEMORIES, "b"] == {"reflected": False}
    assert set_[MESSAGES, "m1"] == {"hidden": True}
    assert set(to_writes(kept, base, RUN).delete) == {(MEMORIES, "a"), (MEMORIES, "i")}


def test_deleting_with_messages_takes_them_out_of_the_sources_that_stay() -> None:
    base = ground([message("m1")], [memory("a", sources=("m1",)), memory("b", sources=("m1", "m2"))])
    kept = prune(Changes(deleted=("a",), with_messages=True), base)
    writes = to_writes(kept, base, RUN)
    assert set(writes.delete) == {(MEMORIES, "a"), (MESSAGES, "m1")}
    assert {(p.collection, p.id): dict(p.fields) for p in writes.patch} == {(MEMORIES, "b"): {"sources": ("m2",)}}
    assert writes.entry["messages_deleted"] == 1


def test_history_holds_ids_and_no_text() -> None:
    changes = Changes(memories=(memory("new", content="secret words", sources=("m1",)),), consolidated=("m1",))
    entry = to_writes(changes, ground([message("m1")]), RUN).entry
    assert "secret" not in str(entry)
    assert entry["new"] == ["new"]
    assert entry["run"] == "run1"


def test_a_contradicted_memory_takes_the_insights_that_rest_on_it_and_frees_their_other_evidence() -> None:
    base = ground(
        [message("m1", memories=("a",))],
        [
            memory("a", sources=("m1",), reflected=True),
            memory("b", reflected=True),
            memory("c", reflected=True, status="expired"),
            memory("i", kind="insight", evidence=("a", "b", "c")),
            memory("j", kind="insight", evidence=("a", "b"), status="expired"),
        ],
    )
    changes = Changes(memories=(memory("new", sources=("m1",)),), expired=(Expiry("a", "contradicted", "new"),))
    kept = prune(changes, base)
    assert kept.expired == (Expiry("a", "contradicted", "new"), Expiry("i", "contradicted", "new"))
    set_ = patches(kept, base)
    assert set_[MEMORIES, "b"] == {"reflected": False}
    assert (MEMORIES, "c") not in set_
    assert set_[MEMORIES, "i"]["status"] == "expired"
    contained = replace(changes, expired=(Expiry("a", "contained", "new"),))
    assert prune(contained, base).expired == contained.expired


def test_what_an_insight_that_fell_away_was_to_sum_up_waits_for_the_next_reflection() -> None:
    base = ground(memories=[memory("a"), memory("b", status="expired"), memory("c")])
    insight = memory("i", kind="insight", evidence=("a", "b"))
    kept = prune(Changes(memories=(insight,), reflected=("a", "b", "c")), base)
    assert kept.memories == ()
    assert kept.reflected == ("c",)
    assert prune(Changes(reflected=("a", "c", "gone")), base).reflected == ("a", "c")


def answer(id_: str, content: str, *repeats: str) -> Document:
    made = Message(id=id_, role="assistant", content=content, said_at=NOW, recorded_at=NOW)
    return message_document(made, repeats)


def told(id_: str, content: str, **fields: object) -> Document:
    return replace(message(id_, **fields), body={"content": content})


def test_answers_that_repeat_a_word_of_what_goes_go_with_it_and_answers_to_those_too() -> None:
    base = ground(
        [
            told("m1", "Der Hund heisst Bello", memories=("a",)),
            answer("r1", "What a fine marimba.", "m1"),
            answer("r2", "Bello, you said.", "m1", "a"),
            answer("r3", "I see.", "m1", "a"),
            answer("r4", "As I said, the marimba.", "r1"),
            answer("r5", "A marimba is a xylophone.", "other"),
        ],
        [memory("a", content="User plays the marimba.", sources=("m1",)), memory("b", sources=("r4", "m7"))],
    )
    deleted = Changes(deleted=("a",))
    set_ = patches(prune(deleted, base), base)
    assert {id_ for (_, id_), fields in set_.items() if fields.get("hidden")} == {"m1", "r1", "r2", "r4"}
    writes = to_writes(prune(replace(deleted, with_messages=True), base), base, RUN)
    assert {id_ for _, id_ in writes.delete} == {"a", "m1", "r1", "r2", "r4"}
    assert writes.entry["messages_deleted"] == 4
    assert {p.id: p.fields for p in writes.patch} == {"b": {"sources": ("m7",)}}
    born = memory("n", content="User plays the marimba.", sources=("m1",), status="expired", superseded_by="a")
    hidden = patches(Changes(memories=(born,)), base)
    assert hidden[MESSAGES, "r4"] == {"hidden": True, "state": "consolidated"}
    assert (MESSAGES, "r3") not in hidden


def test_what_was_told_by_hand_expires_by_a_person_alone() -> None:
    base = ground([message("m1")], [memory("hand", kind="custom"), memory("told")])
    new = memory("new", sources=("m1",))
    wishes = (Expiry("hand", "contradicted", "new"), Expiry("told", "contradicted", "new"))
    kept = prune(Changes(memories=(new,), expired=wishes), base)
    assert kept.expired == wishes[1:]
    assert kept.conflicts == (Conflict("hand", "new"),)
    *_, told = actions_of(kept, base)
    both = "fact hand (told by hand, stays valid) / new observation: fact new (stays valid too)"
    assert str(told) == f"in conflict: {both}"
    assert to_writes(kept, base, RUN).entry["conflicts"] == [["hand", "new"]]
    contained = prune(Changes(memories=(new,), expired=(Expiry("hand", "contained", "new"),)), base)
    assert (contained.expired, contained.conflicts) == ((), ())
    assert prune(Changes(expired=(Expiry("hand", "by hand"),)), base).expired == (Expiry("hand", "by hand"),)
    lost = prune(Changes(conflicts=(Conflict("hand", "deleted"), Conflict("hand", "told"))), base)
    assert lost.conflicts == (Conflict("hand", "told"),)


def test_an_expired_memory_is_known_to_have_ended_since_its_successor_is_known() -> None:
    new = memory("new", sources=("m1",), recorded_at=NOON_AFTER, said_at=NOON_AFTER)
    base = ground([message("m1")], [memory("old", valid_from=NOW)])
    kept = prune(Changes(memories=(new,), expired=(Expiry("old", "contradicted", "new"),)), base)
    fields = patches(kept, base)[MEMORIES, "old"]
    assert (fields["retired_at"], fields["changed_at"], fields["valid_to"]) == (NOON_AFTER,) * 3
    assert len(fields["standings"]) == 2  # type: ignore[arg-type]
    by_hand = patches(prune(Changes(expired=(Expiry("old", "by hand"),)), base), base)[MEMORIES, "old"]
    assert (by_hand["retired_at"], by_hand["superseded_by"]) == (RUN.at + TICK, None)  # not before it was recorded


def test_a_restored_memory_is_as_it_was_and_its_messages_are_found_again_if_nothing_else_hides_them() -> None:
    gone = memory("a", status="expired", reason="contradicted", superseded_by="b", sources=("m1", "m2", "m3"))
    base = ground(
        [
            message("m1", memories=("a",), hidden=True),
            message("m2", memories=("a", "deleted"), hidden=True),
            message("m3", memories=("a", "c"), hidden=True),
        ],
        [gone, memory("b"), memory("c", status="expired")],
    )
    kept = prune(Changes(restored=("a", "b", "lost")), base)
    assert kept.restored == ("a",)
    set_ = patches(kept, base)
    assert set_[MEMORIES, "a"]["status"] == "valid"
    assert {set_[MEMORIES, "a"][name] for name in ("superseded_by", "reason", "valid_to", "retired_at")} == {None}
    assert set_[MESSAGES, "m1"] == {"hidden": None}
    assert (MESSAGES, "m2") not in set_
    assert (MESSAGES, "m3") not in set_
    (action,) = actions_of(kept, base)
    assert str(action) == "restored observation: fact a (valid, beside b that contradicts it: fact b)"
    instead = prune(Changes(restored=("a",), expired=(Expiry("b", "by hand", "a"),)), base)
    assert patches(instead, base)[MEMORIES, "b"]["superseded_by"] == "a"
    assert [str(one) for one in actions_of(instead, base)] == [
        "expired observation: fact b (by hand, instead: fact a)",
        "restored observation: fact a (valid)",
    ]
    assert to_writes(instead, base, RUN).entry["restored"] == ["a"]


def test_insights_whose_evidence_is_contained_in_another_are_looked_at_again_and_stay() -> None:
    base = ground(
        [message("m1")],
        [memory("a", reflected=True), memory("b"), memory("i", kind="insight", evidence=("a", "b"))],
    )
    changes = Changes(memories=(memory("rich", sources=("m1",)),), expired=(Expiry("a", "contained", "rich"),))
    set_ = patches(prune(changes, base), base)
    assert set_[MEMORIES, "i"] == {"review": True}
    assert (MEMORIES, "b") not in set_
    fallen = patches(prune(replace(changes, expired=(Expiry("a", "by hand"),)), base), base)
    assert (fallen[MEMORIES, "i"]["status"], fallen[MEMORIES, "i"]["review"]) == ("expired", True)
    assert fallen[MEMORIES, "b"] == {"reflected": False}
    seen = patches(prune(Changes(reflected=("i",)), base), base)
    assert seen[MEMORIES, "i"] == {"reflected": True, "review": None}


def test_a_purge_is_told_in_history() -> None:
    for purge, told in ((Purge(), "memories"), (Purge(messages=True), "all"), (None, "")):
        assert history_entry(Changes(purge=purge), RUN, 0)["purged"] == told
    entry = history_entry(Changes(known=(("a", ("m1",)),), shortened=(Expiry("b", "contradicted", "c"),)), RUN, 2)
    assert (entry["known"], entry["shortened"], entry["messages_deleted"]) == (["a"], [["b", "c"]], 2)


def test_what_is_told_again_is_confirmed_and_was_said_when_it_was() -> None:
    again = replace(message("m2"), fields={**message("m2").fields, "said_at": NOON_AFTER})
    base = ground([message("m1"), again], [memory("a", sources=("m1",), valid_from=NOW)])
    set_ = patches(prune(Changes(known=(("a", ("m2",)),)), base), base)
    assert set_[MEMORIES, "a"] == {"sources": ("m1", "m2"), "confirmed_at": NOON_AFTER}
    earlier = patches(prune(Changes(known=(("a", ("m1",)),)), base), base)
    assert earlier[MEMORIES, "a"] == {"sources": ("m1",)}
    assert set_[MESSAGES, "m2"] == {"memories": ("a",)}
