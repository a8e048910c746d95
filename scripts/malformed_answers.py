"""Malformed answers of models, each with what must come of it: made from good ones here, and by hand in a YAML file.

    python scripts/malformed_answers.py [FILE.yaml ...] [--json-repair]

prints what was expected of each answer and what came of it, for the shipped files or for your own; exit code 1 where
they differ. An entry of a file has an `answer`, its `form` (one of FORMS; memories where it is missing), and an
`outcome`: `read` (it is JSON as it stands), `repaired`, `nothing` (it says that there is nothing), or `retried`: it is
no answer, so the model is shown it with the error once, and the attempt fails where the second answer is no better.
`rows` are what must be read, the form's own if missing.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from malformed_mutations import MUTATIONS, NOISE

from memoryengine.answers import Numbering, Schema, Whole, Wholes, Words, ask, read_rows
from memoryengine.errors import ModelAnswerError
from memoryengine.models.scripted import ScriptedChat
from memoryengine.ports import Turn
from memoryengine.verdicts import Relation, read_relations

Rows = list[dict[str, Any]]
BY_HAND = Path(__file__).parents[1] / "tests" / "answers" / "by_hand.yaml"
SEED = 20_251_121
ROUNDS_OF_NOISE = 2
PAIRED = Numbering(1, 8)


@dataclass(frozen=True)
class Form:
    """What one kind of answer holds, and good rows of it."""

    schema: Schema
    goods: tuple[Rows, ...]
    numbered: bool = False

    def read(self, text: str) -> Rows:
        """The rows of an answer, as the engine reads them."""
        if "relation" in self.schema:
            return read_relations(text, PAIRED)
        return read_rows(text, self.schema, numbered=self.numbered)


FORMS = {
    "memories": Form(
        {"ids": Wholes(1, 6), "memory": Words(500), "time": Words(100, optional=True)},
        (
            [
                {"ids": [1], "memory": "User has two cats, Tom and Mia.", "time": ""},
                {"ids": [2, 3], "memory": "User's sister moved to Oslo last Friday.", "time": "last Friday"},
                {"ids": [5], "memory": "User runs 10.5 km every morning: rain or shine.", "time": "every morning"},
            ],
            [
                {"ids": [1], "memory": "用户养了两只猫，叫豆包和年糕。", "time": ""},
                {"ids": [2, 4], "memory": "用户的姐姐上周五搬到了成都。", "time": "上周五"},
                {"ids": [6], "memory": "用户对花生过敏", "time": ""},
            ],
            [
                {"ids": [3], "memory": "用户在学 Python 和 Rust，每天两小时。", "time": ""},
                {"ids": [4], "memory": "User's favourite film is In the Mood for Love.", "time": ""},
            ],
        ),
    ),
    "scores": Form(
        {"id": Whole(1, 5), "score": Whole(0, 3)},
        (
            [{"id": 1, "score": 3}, {"id": 2, "score": 0}, {"id": 3, "score": 2}],
            [{"id": 1, "score": 0}, {"id": 2, "score": 0}, {"id": 3, "score": 1}, {"id": 5, "score": 3}],
        ),
        numbered=True,
    ),
    "pairs": Form(
        {"id": PAIRED.one, "relation": Relation(), "by": PAIRED.one},
        (
            [{"id": 3, "relation": "contradicted", "by": 1}, {"id": 5, "relation": "contained", "by": 4}],
            [{"id": 8, "relation": "contained", "by": 2}, {"id": 7, "relation": "contradicted", "by": 6}],
        ),
    ),
    "insights": Form(
        {"subject": Words(60), "value": Words(300), "ids": Wholes(1, 9)},
        (
            [
                {"subject": "sport", "value": "runs and swims, mostly at dawn", "ids": [1, 3]},
                {"subject": "diet", "value": "no peanuts; likes tofu", "ids": [2, 4, 9]},
            ],
            [
                {"subject": "爱好", "value": "弹吉他、画画", "ids": [1, 2]},
                {"subject": "工作", "value": "在出版社做儿童绘本编辑", "ids": [3, 8]},
            ],
        ),
    ),
}


@dataclass(frozen=True)
class Case:
    """One answer, what must come of it (several outcomes where either is right), and the rows that it means."""

    name: str
    form: str
    answer: str
    outcomes: tuple[str, ...]
    rows: Rows


@dataclass(frozen=True)
class Verdict:
    """What came of an answer."""

    outcome: str
    error: str = ""


def cases(files: Sequence[Path] = ()) -> Iterator[Case]:
    """Those of files alone, else the shipped ones: made by mutation, and by hand."""
    if not files:
        yield from mutated(FORMS)
    for file in files or [BY_HAND]:
        yield from _by_hand(file)


def mutated(forms: Mapping[str, Form]) -> Iterator[Case]:
    """All that the mutations make of the good rows of some forms."""
    for form, held in forms.items():
        for place, good in enumerate(held.goods):
            for name, mutation in MUTATIONS.items():
                rng = random.Random(f"{SEED} {form} {place} {name}")
                answer = mutation.make(form, good, rng)
                if answer is not None:
                    yield Case(f"{form} {place}: {name}", form, answer, (mutation.outcome,), good)
            for name, spoil in NOISE.items():
                for again in range(ROUNDS_OF_NOISE):
                    rng = random.Random(f"{SEED} {form} {place} {name} {again}")
                    answer = spoil(json.dumps(good, ensure_ascii=False), rng)
                    yield Case(f"{form} {place}: {name} ({again})", form, answer, ("read", "repaired", "retried"), good)


def _by_hand(file: Path) -> Iterator[Case]:
    for number, entry in enumerate(yaml.safe_load(file.read_text(encoding="utf-8")), 1):
        form = entry.get("form", "memories")
        name = f"{file.stem} {number}: {entry.get('name', '')}"
        outcomes = entry["outcome"] if isinstance(entry["outcome"], list) else [entry["outcome"]]
        rows = [] if "nothing" in outcomes else entry.get("rows", FORMS[form].goods[0])
        yield Case(name, form, str(entry["answer"]), tuple(outcomes), rows)


def meant(form: str, rows: Rows) -> Rows:
    """Rows as their schema types them."""
    return [{name: shape.read(row.get(name)) for name, shape in FORMS[form].schema.items()} for row in rows]


async def judge(case: Case) -> Verdict:
    """What comes of the answer where the model does better when it is shown the error."""
    form = FORMS[case.form]
    good = json.dumps(form.goods[-1], ensure_ascii=False)
    chat = ScriptedChat([case.answer, good])
    rows = await ask(chat, [Turn("system", "-")], form.read)
    if len(chat.calls) == 2:
        told = chat.calls[1][-1].content
        return Verdict("retried" if rows == meant(case.form, form.goods[-1]) else "other rows", told)
    if not rows:
        return Verdict("nothing" if not case.rows else "lost")
    if rows != meant(case.form, case.rows):
        return Verdict("other rows", repr(rows))
    return Verdict("read" if _is_json(case.answer) else "repaired")


async def judge_twice(case: Case) -> str:
    """What comes of the answer where the model says it again: `failed`, or as `judge` says."""
    form = FORMS[case.form]
    chat = ScriptedChat([case.answer, case.answer])
    try:
        await ask(chat, [Turn("system", "-")], form.read)
    except ModelAnswerError:
        return "failed"
    return (await judge(case)).outcome


def _is_json(answer: str) -> bool:
    try:
        return isinstance(json.loads(answer), list)
    except ValueError:
        return False


def by_json_repair(case: Case) -> str:
    """What the library alone would make of an answer."""
    from json_repair import loads

    try:
        found = loads(case.answer)
        rows = meant(case.form, found) if isinstance(found, list) else None
    except (ValueError, AttributeError, RecursionError, TypeError):
        rows = None
    if rows is None:
        return "refused"
    return "right" if rows == meant(case.form, case.rows) else "wrong"


def main(arguments: Sequence[str]) -> int:
    """Print the table; 1 where an outcome differs from what was expected."""
    files = [Path(argument) for argument in arguments if not argument.startswith("-")]
    told, wrong = Counter[tuple[str, str]](), 0
    library: Callable[[Case], str] | None = by_json_repair if "--json-repair" in arguments else None
    for case in cases(files):
        verdict = asyncio.run(judge(case))
        twice = asyncio.run(judge_twice(case))
        right = verdict.outcome in case.outcomes and (twice == "failed") == (verdict.outcome == "retried")
        wrong += not right
        expected = " or ".join(case.outcomes)
        told[expected, verdict.outcome] += 1
        more = f"  json-repair: {library(case)}" if library else ""
        print(f"{'ok ' if right else 'BAD'} {case.name:60} expected {expected:28} got {verdict.outcome}{more}")
        if not right:
            print(f"    {verdict.error[:300]}")
    print("\nexpected -> actual: answers")
    for (expected, actual), count in sorted(told.items()):
        print(f"  {expected} -> {actual}: {count}")
    print(f"{sum(told.values())} answers, {wrong} with another outcome than expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
