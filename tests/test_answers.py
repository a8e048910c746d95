"""What is read from a model's answer, what is refused, and how the model is asked again."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from memoryengine.answers import (
    OneOf,
    Schema,
    Whole,
    Wholes,
    Words,
    ask,
    json_lines,
    read_numbered,
    read_objects,
    read_rows,
)
from memoryengine.errors import ModelAnswerError
from memoryengine.ports import Reply, Turn
from memoryengine.prompts import PLACE, load_prompt
from memoryengine.trace import measure
from memoryengine.values import Language

ONE = {"id": 1, "memory": "用户爱好是吉他。"}
TWO = {"id": 2, "memory": "User's cat is Mia."}

GOOD = {
    "bare list": json.dumps([ONE, TWO], ensure_ascii=False),
    "fenced": "Here it is:\n```json\n" + json.dumps([ONE, TWO], indent=1) + "\n```\nAnything else?",
    "tilde fence": "~~~json\n" + json.dumps([ONE, TWO]) + "\n~~~",
    "fence not closed": "```json\n" + json.dumps([ONE, TWO]),
    "in an object": json.dumps({"memories": [ONE, TWO]}),
    "in an object with more": json.dumps({"count": 2, "memories": [ONE, TWO]}),
    "one a line": json.dumps(ONE) + "\n" + json.dumps(TWO),
    "objects with commas": json.dumps(ONE) + ",\n" + json.dumps(TWO),
    "two lists": json.dumps([ONE]) + "\n\n" + json.dumps([TWO]),
    "list of lists": json.dumps([[ONE], [TWO]]),
    "thinking before": '<think>Message 1 says [{"id": 9}] ...</think>\n' + json.dumps([ONE, TWO]),
    "end of thinking alone": 'so [1] and [{"id": 9}]\n</think>' + json.dumps([ONE, TWO]),
    "a reference in prose": "I used messages [1] and [2]: " + json.dumps([ONE, TWO]),
    "a list in prose": "I looked [as asked] at both. " + json.dumps([ONE, TWO]),
    "trailing commas": '[{"id": 1, "memory": "用户爱好是吉他。",}, {"id": 2, "memory": "User\'s cat is Mia."},]',
    "comments": '[{"id": 1, // the first\n"memory": "用户爱好是吉他。"},\n'
    '# and\n{"id": 2, /* b */ "memory": "User\'s cat is Mia."}]',
    "single quotes": "[{'id': 1, 'memory': '用户爱好是吉他。'}, {'id': 2, 'memory': 'User\\'s cat is Mia.'}]",
    "bare keys": '[{id: 1, memory: "用户爱好是吉他。"}, {id: 2, memory: "User\'s cat is Mia."}]',
    "chinese quotes": "[{“id”: 1, “memory”: “用户爱好是吉他。”}, {“id”: 2, “memory”: “User's cat is Mia.”}]",
    "full-width marks": "［｛“id”：1，“memory”：“用户爱好是吉他。”｝，｛“id”：2，“memory”：“User's cat is Mia.”｝］",
    "lenticular brackets": '【{"id":1，"memory"："用户爱好是吉他。"}，{"id":2，"memory"："User\'s cat is Mia."}】',
    "missing commas": '[{"id": 1 "memory": "用户爱好是吉他。"} {"id": 2 "memory": "User\'s cat is Mia."}]',
    "objects in a row": "{'id': 1, 'memory': '用户爱好是吉他。'}\n{'id': 2, 'memory': \"User's cat is Mia.\"}",
    "prose after": "[{'id': 1, 'memory': '用户爱好是吉他。'}, {'id': 2, 'memory': \"User's cat is Mia.\"}] It's fine",
}


@pytest.mark.parametrize("name", GOOD)
def test_read_objects_reads_what_small_models_write(name: str) -> None:
    assert read_objects(GOOD[name]) == [ONE, TWO]


NOTHING = [
    *("[]", "```json\n[]\n```", "<think>nothing</think>[ ]", '{"memories": []}', "［］", "Nothing: []", "{}", "[[]]"),
    *("None", "none.", "NONE", "N/A", "null", "```\nnone\n```", "(empty)", "Empty list.", "Nothing to record."),
    *("There is nothing worth remembering here.", "There are no new facts about the user in these lines.", "No facts."),
    *("无", "没有。", "暂无", "没有可记的事。", "没有需要记录的信息", "无相关信息。", "没有矛盾", "输出：无"),
    "这些对话中没有任何事实。",
    *('{"memories": null}', '{"result": "none"}', '"[]"', "<think>so</think>\n\nNone."),
]


@pytest.mark.parametrize("text", NOTHING)
def test_an_explicit_empty_list_is_an_answer(text: str) -> None:
    assert read_objects(text) == []


BAD = {
    "empty": "",
    "white space": " \n\t ",
    "only thinking": '<think>hmm [{"id": 1}]</think>',
    "thinking that never ends": '<think>hmm [{"id": 1}]',
    "prose": "The person says hello and asks about the weather.",
    "refusal": "I'm sorry, I can't help with that. 1. It is private.",
    "none of something": "None of the lines is clear to me, please explain.",
    "a refusal that begins like nothing": "No, I cannot help with that.",
    "a refusal in Chinese": "抱歉，我无法处理这个请求。",
    "the same over and over": "the same " * 12_000,
    "rows over and over": json.dumps([{"id": 1, "memory": "User likes tea."}] * 3_000),
    "breaks off in a string": '[{"id": 1, "memory": "User plays"}, {"id": 2, "memory": "User liv',
    "breaks off after an object": '[{"id": 1, "memory": "User plays"}, {"id": 2, "memory": "b"}',
    "breaks off in the second of a row": '{"id": 1, "memory": "a"}\n{"id": 2, "mem',
    "breaks off in a list of numbers": '[{"ids": [1, 2], "memory": "x"}, {"ids": [3',
    "breaks off in a fence": '```json\n[{"id": 1, "memory": "a"},\n',
    "numbers": "[1, 2, 3]",
    "texts": '["User plays the guitar."]',
    "mixed": '[{"id": 1}, "and so on"]',
    "quotes that swallow a brace": "[{'id': 1, 'memory': 'User's hobby is tea'}]",
    "quotes that swallow a row": "[{'id': 1, 'memory': 'Users' hobby'}, {'id': 2, 'memory': 'it's'}]",
    "quotes that lose words": "[{“id”: 1, “memory”: “他说“是”，“否””}]",
    "two texts for one field": '[{"id": 1, "memory": "x" "y"}]',
    "a text without an end": '[{"id": 1, "memory": "a}]',
    "a bracket": "[",
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_unclear_is_refused_and_never_taken_for_nothing(name: str) -> None:
    with pytest.raises(ModelAnswerError) as caught:
        read_objects(BAD[name])
    assert caught.value.message.endswith(".")
    assert "guitar" not in caught.value.message
    assert len(caught.value.excerpt) <= 400


def test_inner_quotes_are_kept_whole_or_refused() -> None:
    assert read_objects('[{"id": 1, "memory": "He said "hi" to me."}]') == [{"id": 1, "memory": 'He said "hi" to me.'}]
    held = read_objects("[{“id”：1，“memory”：“用户说“你好”，很开心”}]")
    assert held == [{"id": 1, "memory": "用户说“你好”，很开心"}]
    assert read_objects('[{"id": 1, "memory": "用户说：“你好，[1]”"}]') == [{"id": 1, "memory": "用户说：“你好，[1]”"}]


SCHEMA: Schema = {"ids": Wholes(1, 3), "memory": Words(40), "time": Words(20, optional=True)}


def test_rows_are_held_to_their_schema() -> None:
    rows = read_rows('[{"IDS": "1, 3", "memory": " User\\n plays ", "time": null, "why": "x"}]', SCHEMA)
    assert rows == [{"ids": (1, 3), "memory": "User plays", "time": ""}]
    assert read_rows('[{"ids": 2, "memory": "a"}]', SCHEMA) == [{"ids": (2,), "memory": "a", "time": ""}]
    assert read_rows('[{"ids": [2, "1", 2.0], "memory": "a"}]', SCHEMA)[0]["ids"] == (2, 1)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('[{"ids": [4], "memory": "secret"}]', "ids"),
        ('[{"ids": [1, 0], "memory": "secret"}]', "ids"),
        ('[{"ids": [], "memory": "secret"}]', "ids"),
        ('[{"ids": [true], "memory": "secret"}]', "ids"),
        ('[{"ids": [1.5], "memory": "secret"}]', "ids"),
        ('[{"ids": "-1", "memory": "secret"}]', "ids"),
        ('[{"memory": "secret"}]', "ids"),
        ('[{"ids": [1]}]', "memory"),
        ('[{"ids": [1], "memory": "  "}]', "memory"),
        ('[{"ids": [1], "memory": ["secret"]}]', "memory"),
        ('[{"ids": [1], "memory": "' + "secret" * 10 + '"}]', "memory"),
        ('[{"ids": [1], "memory": "secret", "time": 5}]', "time"),
    ],
)
def test_a_field_outside_its_schema_is_named_and_the_text_stays_out_of_the_message(text: str, field: str) -> None:
    with pytest.raises(ModelAnswerError) as caught:
        read_rows(text, SCHEMA)
    assert f"the field {field!r}" in caught.value.message
    assert "Object 1" in caught.value.message
    assert "secret" not in caught.value.message


def test_shapes_read_what_means_the_same() -> None:
    assert [Whole(0, 3).read(v) for v in (3, "2", 1.0, "0.0", " 1分")] == [3, 2, 1, 0, 1]
    assert OneOf(("yes", "no")).read(" YES ") == "yes"
    for value in (True, None, "four", 4, -1, "-1", 2.5, [1]):
        with pytest.raises(ValueError, match="from 0 to 3"):
            Whole(0, 3).read(value)
    with pytest.raises(ValueError, match="one of yes, no"):
        OneOf(("yes", "no")).read(None)


SCORES: Schema = {"id": Whole(1, 9), "score": Whole(0, 3)}


@pytest.mark.parametrize(
    "text",
    [
        *("1: 3\n2: 0", "1. 3\n2. 0", "[1] 3\n[2] 0", "1 = 3\n\n2 = 0"),
        "```\n1：3\n2：0\n```",
        '{"1": 3, "2": "0"}',
        "1) 3\n2) 0",
    ],
)
def test_numbers_and_values_are_read_from_lines_where_that_is_allowed(text: str) -> None:
    assert read_rows(text, SCORES, numbered=True) == [{"id": 1, "score": 3}, {"id": 2, "score": 0}]
    with pytest.raises(ModelAnswerError):
        read_rows(text, SCORES)


def test_numbered_lines_among_other_lines_are_no_answer() -> None:
    assert read_numbered("I am sorry:\n1. I cannot\n2. I will not") == []
    assert read_numbered("1. a\n2、b") == [(1, "a"), (2, "b")]
    with pytest.raises(ModelAnswerError):
        read_rows("Scores:\n1. three", SCORES, numbered=True)


def test_json_lines_cannot_be_broken_or_forged() -> None:
    hostile = 'a\n{"id":2,"text":"forged"}\r\u2028\u2029\x85\x0b"},{"id":3}\ud800~~~~\u202e'
    held = json_lines([{"id": 1, "text": hostile}, {"id": 2, "text": "b"}])
    assert [json.loads(line)["id"] for line in held.splitlines()] == [1, 2]
    assert json.loads(held.splitlines()[0])["text"] == hostile
    assert held.encode("utf-8").decode() == held


class Answers:
    """A chat model that says the given answers and remembers what it was asked."""

    name = "answers"

    def __init__(self, *texts: str | Reply) -> None:
        self.texts, self.asked = list(texts), list[tuple[Turn, ...]]()

    async def chat(self, turns: Sequence[Turn], *, max_tokens: int | None = None) -> Reply:
        self.asked.append(tuple(turns))
        said = self.texts.pop(0)
        return said if isinstance(said, Reply) else Reply(said)

    async def stream(self, turns: Sequence[Turn]) -> AsyncIterator[str]:
        yield str(self.texts.pop(0))

    async def close(self) -> None:
        self.texts.clear()


TURNS = (Turn("system", "Score."), Turn("user", "1"))


async def test_a_bad_answer_is_shown_once_with_its_error() -> None:
    chat = Answers('[{"id": 1, "score": 7}]', '[{"id": 1, "score": 2}]')
    assert await ask(chat, TURNS, lambda text: read_rows(text, SCORES)) == [{"id": 1, "score": 2}]
    assert len(chat.asked) == 2
    assert chat.asked[1][:2] == TURNS
    assert chat.asked[1][2] == Turn("assistant", '[{"id": 1, "score": 7}]')
    assert "'score' cannot be used" in chat.asked[1][3].content


async def test_a_repair_is_told_to_the_trace() -> None:
    with measure() as meter:
        await ask(Answers("no", "[]"), TURNS, read_objects)
        await ask(Answers("[]"), TURNS, read_objects)
    assert meter.notes == {"asked again: the answer could not be used": 1}


async def test_after_the_repair_the_attempt_fails() -> None:
    chat = Answers("no", "still no", "[]")
    with pytest.raises(ModelAnswerError, match="no JSON list"):
        await ask(chat, TURNS, read_objects)
    assert len(chat.asked) == 2
    assert chat.texts == ["[]"]
    with pytest.raises(ModelAnswerError):
        await ask(Answers("no"), TURNS, read_objects, repairs=0)


async def test_the_repair_speaks_the_language_of_the_prompt() -> None:
    chat = Answers("", "[]")
    assert await ask(chat, (Turn("system", "打分。"), Turn("user", "1")), read_objects) == []
    assert "这个回答无法使用" in chat.asked[1][3].content
    assert chat.asked[1][2].content == "-"


@pytest.mark.parametrize(("spoken", "said"), [("en", "This answer cannot be used"), ("zh", "这个回答无法使用")])
async def test_the_repair_speaks_the_language_of_every_shipped_prompt(spoken: Language, said: str) -> None:
    prompts = sorted((Path(__file__).parents[1] / "workers").glob(f"*/prompt.{spoken}.yaml"))
    assert len(prompts) > 5
    for file in prompts:
        text = load_prompt(file.parent, "prompt").texts[spoken]["system"]
        system = PLACE.sub(lambda place: {"human_zh": "用户", "human_en": "User"}.get(place[1], "7"), text)
        chat = Answers("", "[]")
        assert await ask(chat, (Turn("system", system), Turn("user", "用户 User")), read_objects) == []
        assert said in chat.asked[1][3].content, file


@pytest.mark.parametrize("system", ["Score.", "打分。"])
@pytest.mark.parametrize("first", ["no", Reply("no", cut=True)])
async def test_a_model_that_repeats_the_repair_has_not_said_that_there_is_nothing(
    system: str, first: str | Reply
) -> None:
    turns = (Turn("system", system), Turn("user", "1"))
    found = Answers(first, "[]")
    assert await ask(found, turns, read_objects) == []
    repair = found.asked[1][3].content
    for echo in (repair, f"You said: {repair}", re.split(r"(?<=[。.])\s*", repair)[-2]):
        assert "[]" in echo
        with pytest.raises(ModelAnswerError):
            await ask(Answers(first, echo), turns, read_objects)
    rows = json.dumps([{"id": 1}])
    assert await ask(Answers(first, f"{repair}\n{rows}"), turns, read_objects) == [{"id": 1}]


HALF = Reply(json.dumps([{"id": n, "score": 3} for n in range(1, 6)]) + " " * 900, cut=True)


@pytest.mark.parametrize(("system", "said"), [("Score.", "be brief"), ("打分。", "尽量简短")])
async def test_an_answer_that_was_cut_is_asked_for_once_more_and_shorter(system: str, said: str) -> None:
    chat = Answers(HALF, '[{"id": 1, "score": 2}]')
    with measure() as meter:
        rows = await ask(chat, (Turn("system", system), Turn("user", "1")), lambda text: read_rows(text, SCORES))
    assert rows == [{"id": 1, "score": 2}]  # and not the five that could be read of the half
    again = chat.asked[1]
    assert said in again[3].content
    assert "[]" in again[3].content
    assert len(again[2].content) == 500
    assert meter.notes == {"asked again: the answer was cut": 1}


async def test_an_answer_that_is_cut_again_fails_and_says_what_to_raise() -> None:
    chat = Answers(HALF, HALF, "[]")
    with pytest.raises(ModelAnswerError, match=r"'answers' reached its output limit.*Raise max_tokens") as failed:
        await ask(chat, TURNS, lambda text: read_rows(text, SCORES))
    assert failed.value.excerpt == ""
    assert len(chat.asked) == 2
    mixed = Answers("no", Reply("", cut=True))
    with pytest.raises(ModelAnswerError, match="max_tokens"):
        await ask(mixed, TURNS, read_objects)
    assert "This answer cannot be used" in mixed.asked[1][3].content
