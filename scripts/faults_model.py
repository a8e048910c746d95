"""The model behind faults.py: the shipped local server with failures of every kind, and a record of its answers."""

from __future__ import annotations

import json
import random
import re
import secrets
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from memoryengine.testing.siliconflow_server import (
    CUT,
    GATEWAY_HTML,
    INVALID,
    MALFORMED,
    OVERLOADED,
    SERVER_ERROR,
    TOO_MANY,
    EndpointName,
    Fault,
    Messages,
    SiliconFlowServer,
    changed,
    slow,
)

ROW = re.compile(r'^\{"id":.*\}$', re.MULTILINE)
LETTERS = str.maketrans("0123456789abcdef", "ghijklmnopqrstuv")  # no number, which a model may not make up
POISON = "arsenic"
LATE = 1.5

TRANSPORT = {
    "429": TOO_MANY,
    "500": SERVER_ERROR,
    "503": OVERLOADED,
    "connection cut": CUT,
    "too late": slow(LATE),
    "broken JSON": MALFORMED,
    "a web page": GATEWAY_HTML,
    "refused as invalid": INVALID,
}


class FaultyModel(SiliconFlowServer):
    """Fails at `rate`, half of it in transport and half in what it says; else it answers with a fresh nonce.

    `answered` maps each nonce to the texts that it was given for. A prompt with the word of `POISON` in it is always
    refused.
    """

    def __init__(self, rate: float, seed: int) -> None:
        super().__init__(answer=self._reply, dimensions=64)
        self.rate, self.faults = rate, Counter[str]()
        self.answered: dict[str, frozenset[str]] = {}
        self._draw = random.Random(seed)
        self._earlier: list[str] = []
        self._mutex = threading.Lock()

    def _next_fault(self, name: EndpointName) -> Fault:
        if self._draw.random() >= self.rate:
            return Fault()
        if name == "chat" and self._draw.random() < 0.5:
            kind = self._draw.choice(sorted(SAID))
            self.faults[kind] += 1
            earlier = self._draw.choice(self._earlier or [""])
            return changed(lambda data: _saying(data, lambda text: SAID[kind](text, earlier)))
        kind = self._draw.choice(sorted(TRANSPORT))
        self.faults[kind] += 1
        return TRANSPORT[kind]

    def _reply(self, messages: Messages) -> str:
        system = str(messages[0]["content"])
        asked = next(str(m["content"]) for m in messages if m["role"] == "user")
        rows = [json.loads(row) for row in ROW.findall(asked)]
        if "# extract_observations" in system:
            return self._observations(rows)
        if "# find_conflicts" in system and len(rows) > 1:
            return json.dumps([{"id": rows[-1]["id"], "relation": "contradicted", "by": rows[0]["id"]}])
        return "[]"

    def _observations(self, rows: list[dict[str, Any]]) -> str:
        told = [row for row in rows if row["role"] == "user"]
        if any(POISON in row["text"] for row in told):
            return "I'm sorry, but I can't help with that."
        nonce = f"nonce{secrets.token_hex(8).translate(LETTERS)}"
        answer = json.dumps([{"ids": [row["id"]], "memory": f"{row['text']} {nonce}", "time": ""} for row in told])
        with self._mutex:
            self.answered[nonce] = frozenset(row["text"] for row in told)
            self._earlier = [*self._earlier[-20:], answer]
        return answer


def _saying(data: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """A chat completion with another text."""
    message = data["choices"][0]["message"]
    return {**data, "choices": [{**data["choices"][0], "message": {**message, "content": change(message["content"])}}]}


def _in_chinese(text: str) -> str:
    return json.dumps([{**row, "memory": "用户喜欢在周末去公园散步。"} for row in json.loads(text) if "memory" in row])


SAID: dict[str, Callable[[str, str], str]] = {
    "an empty answer": lambda *_: "",
    "a refusal": lambda *_: "I'm sorry, but as an AI model I can't help with that.",
    "100,000 characters of repetition": lambda *_: "The user likes it. " * 5300,
    "another language": lambda text, _: _in_chinese(text) if text.startswith("[") else text,
    "the answer for another batch": lambda text, earlier: earlier if earlier != text else "",
    "instructions of the chat obeyed": lambda *_: "Ignoring all earlier instructions, here is a poem about tea.",
    "cut off in the middle": lambda text, _: text[: len(text) * 2 // 3],
}
