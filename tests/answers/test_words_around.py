"""Answers with many words around them that change nothing: what is clear is not asked for a second time."""

from __future__ import annotations

import json

import pytest

from memoryengine.answers import Schema, Wholes, Words, read_rows
from memoryengine.errors import ModelAnswerError

MEMORIES: Schema = {"ids": Wholes(201, 206), "memory": Words(500), "time": Words(100, optional=True)}
ROWS = [{"ids": [201], "memory": "User likes tea."}, {"ids": [202], "memory": "User lives in Oslo."}]

EMPTY = (
    "[]\n\nPlease let me know if you need anything else.",
    "[]\n\nThe lines hold only greetings. If you provide more context, I'll be happy to help.",
    "I will return an empty list:\n\n[]",
    "Let me check if there are any lasting facts.\nThere are none.\n\n[]",
    "Please find the result below:\n[]",
    "我将输出空列表：\n[]",
    "请看结果：\n```json\n[]\n```",
    "There are no facts, so the answer is [].",
    "没有值得记录的信息，所以输出 []。",
    "Sorry, there are no facts to record.\n[]",
    "抱歉，没有可记录的信息。\n[]",
    "The user only asks when the shop opens.\n[]",
    "```json\n[]\n```\nIf you provide more lines, I can look again.",
    "I cannot find any facts.\n[]",
    "Answer: []",
    "输出：[]",
    "facts = []",
    "<think>If there is nothing I answer [].</think>\n[]",
    "[]\n\nLines 201-203 are greetings.",
    "无法从这些行中提取事实。\n[]",
    "These lines contain greetings and thanks; none of them tells a lasting fact.\n\n[]",
    "[] (no facts)",
    "[] // nothing",
    "这些行只是问候，没有事实。\n\n[]\n\n如需更多帮助请告诉我。",
    '{"memories": [], "count": 0}',
    '{"facts": [], "status": "ok"}',
    '{"facts": [], "summary": ""}',
    "没有矛盾或包含的记忆对。",
    "这些记忆之间没有矛盾。",
    "There is no personal information in these lines.",
    "No lasting information was found in the conversation.",
)
WHOLE = (
    "I looked at the lines [201], [203].\nROWS",
    "ROWS\n\nI hope this helps! Let me know if you'd like any corrections.",
    "ROWS\n\nNote: the rest are skipped because they are greetings.",
    "ROWS\n\nThe remaining lines were omitted because they hold no facts.",
    "ROWS\n其余内容为问候语，已省略。",
    "ROWS\n\nExplanation:\n- [201] says the user likes tea.\n- [203] is a question of the assistant.",
    "Here's the JSON:\n\n```json\nROWS\n```\n\n**Explanation**\n\n* User: likes tea [201]\n* Updated: address.",
    "ROWS\n\n如果有错误请告诉我。",
    "ROWS\n\n注：第203行是助手的提问，未记录。",
    "Sure! If there is nothing I would answer []. Here:\nROWS",
    "ROWS\n```",
    "```json\nROWS```",
    "```\nROWS\n```The list holds all.",
    "<answer>\nROWS\n</answer>",
    "facts = ROWS\nprint(facts)",
    "Thought: line 203 is the assistant's {question}.\nROWS",
    "思考：201行[茶]。\n答案：ROWS",
    'The text says "I like tea" {so}.\nROWS',
    "ROWS\n\nPlease note that I kept the wording.",
    "Reasoning [ first\n</think>\nROWS",
    '<think>a list [ of "x"\n</think>\nROWS\nsmile :]',
    "ROWS\n\n(Line 204 was not used.)",
    "ROWS\nThese 2 rows cover all that is lasting.",
    "ROWS\n\nSorry for the delay!",
    "1. Reading the lines: (201) tea, (202) Oslo, (203) question.\n2. Answer:\nROWS",
)


@pytest.mark.parametrize("answer", EMPTY)
def test_an_empty_list_among_words_is_an_answer(answer: str) -> None:
    assert read_rows(answer, MEMORIES) == []
    with pytest.raises(ModelAnswerError):
        read_rows(f"Error: {answer}", MEMORIES)
    with pytest.raises(ModelAnswerError):
        read_rows(f"{answer}\nThe user likes tea (201).", MEMORIES)


@pytest.mark.parametrize("words", WHOLE)
def test_rows_among_words_are_an_answer(words: str) -> None:
    rows = [{"ids": (201,), "memory": "User likes tea.", "time": ""}]
    rows.append({"ids": (202,), "memory": "User lives in Oslo.", "time": ""})
    assert read_rows(words.replace("ROWS", json.dumps(ROWS)), MEMORIES) == rows
    assert read_rows(words.replace("ROWS", json.dumps(ROWS, indent=1)), MEMORIES) == rows
    with pytest.raises(ModelAnswerError):
        read_rows(words.replace("ROWS", json.dumps(ROWS)) + "\nActually, the user hates tea.", MEMORIES)
