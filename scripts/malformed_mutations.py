"""How good answers go wrong: what weak models were seen to do with the JSON that they are asked for."""

from __future__ import annotations

import html
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Rows = list[dict[str, Any]]
Make = Callable[[str, Rows, random.Random], "str | None"]

REFUSALS = (
    "I'm sorry, but I can't help with that.",
    "As an AI language model, I cannot process personal information.",
    "抱歉，我无法完成这个任务。",
    "对不起，作为人工智能助手，我不能记录个人信息。",
    "I need more context to answer. Could you share the conversation?",
    "Sure! Please give me the lines.",
)
PROSE = (
    "The user has two cats and their sister lives in Oslo.",
    "用户养了两只猫，姐姐住在成都。",
    "1. The user has cats\n2. The user has a sister",
    "Based on the conversation I can tell a lot about this person.",
)


@dataclass(frozen=True)
class Mutation:
    """A way to spoil an answer, and what must come of it."""

    outcome: str
    make: Make


def dumps(value: object) -> str:
    """JSON with letters as they are."""
    return json.dumps(value, ensure_ascii=False)


def on_text(change: Callable[[str], str]) -> Make:
    """A change of the written answer."""
    return lambda _form, rows, _rng: change(dumps(rows))


def on_rows(change: Callable[[Rows], object]) -> Make:
    """A change of the rows."""
    return lambda _form, rows, _rng: dumps(change([dict(row) for row in rows]))


def only(form: str, make: Make) -> Make:
    """A mutation of one form alone."""
    return lambda of, rows, rng: make(of, rows, rng) if of == form else None


def strings(text: str, wrap: Callable[[str], str]) -> str:
    """The text with each JSON string written anew."""
    return re.sub(r'"((?:[^"\\]|\\.)*)"', lambda match: wrap(match[1]), text)


def marks(text: str, to: dict[str, str]) -> str:
    """The text with its marks outside of strings replaced."""
    parts = re.split(r'("(?:[^"\\]|\\.)*")', text)
    return "".join(p if place % 2 else "".join(to.get(c, c) for c in p) for place, p in enumerate(parts))


def single_quoted(text: str) -> str:
    """The text with single quotes, those inside escaped."""
    return strings(text, lambda held: "'" + held.replace("'", "\\'") + "'")


def table(_form: str, rows: Rows, _rng: random.Random) -> str:
    """A Markdown table."""
    names = list(rows[0])
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    lines += [f"| {' | '.join(cell(row[name]) for name in names)} |" for row in rows]
    return "\n".join(lines)


def tabbed(_form: str, rows: Rows, _rng: random.Random) -> str | None:
    """Values between tabs; a last value that is empty would be lost with its tab."""
    names = list(rows[0])
    if not rows[-1][names[-1]]:
        return None
    return "\n".join("\t".join(line) for line in [names, *([cell(row[n]) for n in names] for row in rows)])


def comma_values(_form: str, rows: Rows, _rng: random.Random) -> str:
    """Values between commas, those that hold one in quotes."""
    names = list(rows[0])
    cells = [[cell(row[n]) for n in names] for row in rows]
    quoted = [[f'"{c}"' if "," in c else c for c in line] for line in cells]
    return "\n".join(",".join(line) for line in [names, *quoted])


def keyed(_form: str, rows: Rows, _rng: random.Random) -> str:
    """YAML."""
    return "\n".join(
        f"- {name}: {cell(value)}" if place == 0 else f"  {name}: {cell(value)}"
        for row in rows
        for place, (name, value) in enumerate(row.items())
    )


def cell(value: object) -> str:
    """A value as a table shows it."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def python_repr(_form: str, rows: Rows, _rng: random.Random) -> str:
    """As Python prints it."""
    return repr(rows)


def cut(_form: str, rows: Rows, rng: random.Random) -> str:
    """Broken off somewhere."""
    text = dumps(rows)
    return text[: rng.randrange(2, len(text) - 1)]


def cut_between(_form: str, rows: Rows, rng: random.Random) -> str:
    """Broken off behind an object."""
    return "[" + ", ".join(map(dumps, rows[: rng.randrange(1, len(rows))]))


def without_field(_form: str, rows: Rows, rng: random.Random) -> str:
    """A required field is missing in one row."""
    spoiled = [dict(row) for row in rows]
    chosen = rng.choice(spoiled)
    del chosen[rng.choice([name for name in chosen if name != "time"])]
    return dumps(spoiled)


def with_value(value: object, *names: str) -> Make:
    """One of the fields gets another value in one row."""

    def make(_form: str, rows: Rows, rng: random.Random) -> str | None:
        spoiled = [dict(row) for row in rows]
        held = [name for name in names if name in rows[0]]
        if not held:
            return None
        rng.choice(spoiled)[rng.choice(held)] = value
        return dumps(spoiled)

    return make


def aliased(names: dict[str, str]) -> Make:
    """Fields under other names."""

    def make(_form: str, rows: Rows, _rng: random.Random) -> str | None:
        known = [name for name in rows[0] if name in names]
        return dumps([{names.get(k, k): v for k, v in row.items()} for row in rows]) if known else None

    return make


def chosen(texts: tuple[str, ...]) -> Make:
    """One of some texts."""
    return lambda _form, _rows, rng: rng.choice(texts)


def drafted(_form: str, rows: Rows, _rng: random.Random) -> str:
    """A thought that holds a draft."""
    return f"<think>First I write {dumps(rows[:1])} but no.</think>\n{dumps(rows)}"


CHINESE_NAMES = {
    "id": "编号", "ids": "来源", "memory": "记忆", "time": "时间", "score": "分数", "subject": "主题", "value": "内容",
    "relation": "关系", "by": "被",
}  # fmt: skip
OTHER_NAMES = {"id": "message_id", "ids": "sources", "memory": "fact", "time": "when", "score": "rating",
               "subject": "topic", "value": "summary"}  # fmt: skip
FULL_WIDTH = {"[": "［", "]": "］", "{": "｛", "}": "｝", ":": "：", ",": "，"}

MUTATIONS: dict[str, Mutation] = {
    # as asked
    "bare": Mutation("read", on_text(str)),
    "indented": Mutation("read", lambda _f, rows, _r: json.dumps(rows, indent=2, ensure_ascii=False)),
    "escaped": Mutation("read", lambda _f, rows, _r: json.dumps(rows)),
    "ids as text": Mutation(
        "read", on_rows(lambda rows: [{k: cell(v) if k == "ids" else v for k, v in r.items()} for r in rows])
    ),
    "numbers as text": Mutation(
        "read",
        on_rows(
            lambda rows: [{k: [*map(str, v)] if isinstance(v, list) else str(v) for k, v in r.items()} for r in rows]
        ),
    ),
    "more fields": Mutation("read", on_rows(lambda rows: [{**r, "why": "because", "confidence": 0.9} for r in rows])),
    "upper-case names": Mutation("read", on_rows(lambda rows: [{k.upper(): v for k, v in r.items()} for r in rows])),
    "Chinese names": Mutation("read", aliased(CHINESE_NAMES)),
    "other names": Mutation("read", aliased(OTHER_NAMES)),
    "list of lists": Mutation("read", on_rows(lambda rows: [[r] for r in rows])),
    # wrapped
    "fenced": Mutation("repaired", on_text(lambda t: f"```json\n{t}\n```")),
    "fenced without a tag": Mutation("repaired", on_text(lambda t: f"```\n{t}\n```")),
    "fenced with tildes": Mutation("repaired", on_text(lambda t: f"~~~json\n{t}\n~~~")),
    "fenced in prose": Mutation("repaired", on_text(lambda t: f"Here you go:\n\n```json\n{t}\n```\n\nAnything else?")),
    "fence never closed": Mutation("repaired", on_text(lambda t: f"```json\n{t}")),
    "indented fence": Mutation("repaired", on_text(lambda t: f"  ```json\n  {t}\n  ```")),
    "in backticks": Mutation("repaired", on_text(lambda t: f"`{t}`")),
    "the word json": Mutation("repaired", on_text(lambda t: f"json\n{t}")),
    "assigned": Mutation("repaired", on_text(lambda t: f"result = {t};")),
    "prose before": Mutation("repaired", on_text(lambda t: f"Of course. I looked at [1] and [2]. The answer: {t}")),
    "prose after": Mutation("repaired", on_text(lambda t: f"{t}\n\nNote: I left out greetings (as asked).")),
    "Chinese prose around": Mutation("repaired", on_text(lambda t: f"好的，结果如下：\n{t}\n以上就是全部内容。")),
    "tag around": Mutation("repaired", on_text(lambda t: f"<answer>{t}</answer>")),
    "thought before": Mutation("repaired", on_text(lambda t: f"<think>The lines say [a] and {{b}}.</think>{t}")),
    "thought with a draft": Mutation("repaired", drafted),
    "end of a thought alone": Mutation("repaired", on_text(lambda t: f"so it is [{{}}]\n</think>\n\n{t}")),
    "reasoning tag": Mutation("repaired", on_text(lambda t: f"<reasoning>{{\n</reasoning>{t}")),
    "channels": Mutation(
        "repaired", on_text(lambda t: f"<|channel|>analysis<|message|>hm<|end|><|channel|>final<|message|>{t}")
    ),
    "end mark": Mutation("repaired", on_text(lambda t: f"{t}<|im_end|>")),
    "byte order mark": Mutation("repaired", on_text(lambda t: f"\ufeff{t}")),
    "inside an object": Mutation("repaired", on_rows(lambda rows: {"memories": rows})),
    "inside an object with a count": Mutation("repaired", on_rows(lambda rows: {"count": len(rows), "result": rows})),
    "inside two objects": Mutation("repaired", on_rows(lambda rows: {"data": {"items": rows}})),
    "one a line": Mutation("repaired", lambda _f, rows, _r: "\n".join(map(dumps, rows))),
    "one a line with commas": Mutation("repaired", lambda _f, rows, _r: ",\n".join(map(dumps, rows))),
    "one a line, bulleted": Mutation("repaired", lambda _f, rows, _r: "\n".join(f"- {dumps(r)}" for r in rows)),
    "one a line, numbered": Mutation(
        "repaired", lambda _f, rows, _r: "\n".join(f"{n}. {dumps(r)}" for n, r in enumerate(rows, 1))
    ),
    "one a fence": Mutation("repaired", lambda _f, rows, _r: "\n".join(f"```json\n{dumps(r)}\n```" for r in rows)),
    "one a list": Mutation("repaired", lambda _f, rows, _r: "\n".join(dumps([r]) for r in rows)),
    "a string of JSON": Mutation("repaired", lambda _f, rows, _r: json.dumps(dumps(rows))),
    "escaped quotes": Mutation("repaired", on_text(lambda t: t.replace('"', '\\"'))),
    "for HTML": Mutation("repaired", on_text(html.escape)),
    # marks and quotes
    "trailing commas": Mutation("repaired", on_text(lambda t: t.replace("}", ",}").replace("}]", "},]"))),
    "comments with slashes": Mutation("repaired", on_text(lambda t: t.replace("{", "{ // a row\n"))),
    "comments with a hash": Mutation("repaired", on_text(lambda t: t.replace("{", "{ # a row\n"))),
    "comments with stars": Mutation("repaired", on_text(lambda t: t.replace("}", "/* end */ }"))),
    "single quotes": Mutation("repaired", on_text(single_quoted)),
    "as Python prints it": Mutation("repaired", python_repr),
    "bare names": Mutation("repaired", on_text(lambda t: re.sub(r'"(\w+)": ', r"\1: ", t))),
    "Chinese quotes": Mutation("repaired", on_text(lambda t: strings(t, lambda held: f"“{held}”"))),
    "Chinese quotes around names": Mutation("repaired", on_text(lambda t: re.sub(r'"(\w+)":', "“\\1”:", t))),
    "full-width marks": Mutation("repaired", on_text(lambda t: marks(t, FULL_WIDTH))),
    "full-width marks and Chinese quotes": Mutation(
        "repaired", on_text(lambda t: strings(marks(t, FULL_WIDTH), lambda held: f"“{held}”"))
    ),
    "full-width colons": Mutation("repaired", on_text(lambda t: marks(t, {":": "："}))),
    "full-width commas": Mutation("repaired", on_text(lambda t: marks(t, {",": "，"}))),
    "lenticular brackets": Mutation("repaired", on_text(lambda t: f"【{t[1:-1]}】")),
    "no commas between objects": Mutation("repaired", on_text(lambda t: t.replace("}, {", "} {"))),
    "one bracket too many": Mutation("repaired", on_text(lambda t: f"{t}]")),
    "no opening bracket": Mutation("repaired", on_text(lambda t: t[1:])),
    "without brackets": Mutation("repaired", on_text(lambda t: t[1:-1])),
    "Windows lines": Mutation("read", on_text(lambda t: t.replace("}, {", "},\r\n{"))),
    # other forms
    "table": Mutation("repaired", table),
    "table in prose": Mutation("repaired", lambda f, rows, r: f"The facts:\n\n{table(f, rows, r)}\n"),
    "tabs": Mutation("repaired", tabbed),
    "comma values": Mutation("repaired", comma_values),
    "YAML": Mutation("repaired", keyed),
    "columns": Mutation("repaired", on_rows(lambda rows: {name: [r[name] for r in rows] for name in rows[0]})),
    "objects by number": Mutation(
        "repaired",
        lambda _f, rows, _r: dumps({str(n): r for n, r in enumerate(rows, 1)}) if "id" not in rows[0] else None,
    ),
    "lines of scores": Mutation(
        "repaired", only("scores", lambda _f, rows, _r: "\n".join(f"{r['id']}: {r['score']}" for r in rows))
    ),
    "announced lines of scores": Mutation(
        "repaired",
        only("scores", lambda _f, rows, _r: "Scores:\n" + "\n".join(f"{r['id']}. {r['score']}" for r in rows)),
    ),
    "Chinese lines of scores": Mutation(
        "repaired", only("scores", lambda _f, rows, _r: "\n".join(f"第{r['id']}行：{r['score']}分" for r in rows))
    ),
    "arrows": Mutation(
        "repaired", only("scores", lambda _f, rows, _r: "\n".join(f"[{r['id']}] -> {r['score']}" for r in rows))
    ),
    "an object of scores": Mutation(
        "repaired", only("scores", lambda _f, rows, _r: dumps({str(r["id"]): r["score"] for r in rows}))
    ),
    # no answer
    "breaks off": Mutation("retried", cut),
    "breaks off again": Mutation("retried", cut),
    "breaks off in a fence": Mutation("retried", lambda f, rows, r: "```json\n" + cut(f, rows, r)),
    "breaks off behind an object": Mutation("retried", cut_between),
    "no closing bracket": Mutation("retried", on_text(lambda t: t[:-1])),
    "no last brackets": Mutation("retried", on_text(lambda t: t[:-2])),
    "breaks off in Chinese quotes": Mutation("retried", on_text(lambda t: strings(t, lambda held: f"“{held}”")[:-4])),
    "refusal": Mutation("retried", chosen(REFUSALS)),
    "prose": Mutation("retried", chosen(PROSE)),
    "thought alone": Mutation("retried", on_text(lambda t: f"<think>{t}</think>")),
    "thought that never ends": Mutation("retried", on_text(lambda t: f"<think>hm {t}")),
    "missing field": Mutation("retried", without_field),
    "unknown id": Mutation("retried", with_value(99, "id", "by")),
    "unknown ids": Mutation("retried", with_value([1, 99], "ids")),
    "id zero": Mutation("retried", with_value(0, "id", "by")),
    "ids of nothing": Mutation("retried", with_value([], "ids")),
    "id in words": Mutation("retried", with_value("the first", "id", "by")),
    "negative": Mutation("retried", with_value(-1, "id", "score", "by")),
    "score too high": Mutation("retried", with_value(7, "score")),
    "empty text": Mutation("retried", with_value("  ", "memory", "subject")),
    "text too long": Mutation("retried", with_value("很长" * 400, "memory", "value", "subject")),
    "text as a list": Mutation("retried", with_value(["a"], "memory", "value", "subject")),
    "text in circles": Mutation("retried", with_value("tea and " * 30, "memory", "value")),
    "unknown relation": Mutation("retried", with_value("similar", "relation")),
    "a row of text": Mutation("retried", on_rows(lambda rows: [*rows, "and so on"])),
    "rows of text": Mutation("retried", on_rows(lambda rows: [cell(list(r.values())) for r in rows])),
    "bare numbers": Mutation("retried", lambda _f, _rows, _r: "[1, 2, 3]"),
    "an error": Mutation("retried", lambda _f, _rows, _r: '{"error": "context length exceeded"}'),
    "the lines again": Mutation(
        "retried",
        lambda _f, _rows, _r: '[{"id": 1, "time": "", "role": "user", "text": "I have two cats.", "score": 1}]',
    ),
    "the same row over and over": Mutation("retried", on_rows(lambda rows: rows[:1] * 40)),
    "100,000 characters": Mutation(
        "retried", lambda _f, _rows, rng: rng.choice(["the user likes ", "用户喜欢", "[{", "\n"]) * 50_000
    ),
    "rows without an end": Mutation("retried", on_text(lambda t: "[" + (t[1:-1] + ", ") * 400)),
    "empty": Mutation("retried", lambda _f, _rows, _r: ""),
    "blank": Mutation("retried", lambda _f, _rows, _r: " \n\n\t"),
}


def _structure(text: str) -> list[int]:
    """The places of the marks and quotes of JSON outside of its strings."""
    places, inside = [], False
    for place, c in enumerate(text):
        if c == '"' and text[place - 1] != "\\":
            inside = not inside
            places.append(place)
        elif not inside and c in "[]{}:,":
            places.append(place)
    return places


def lose_one(text: str, rng: random.Random) -> str:
    """One mark is missing."""
    place = rng.choice(_structure(text))
    return text[:place] + text[place + 1 :]


def double_one(text: str, rng: random.Random) -> str:
    """One mark stands twice."""
    place = rng.choice(_structure(text))
    return text[:place] + text[place] + text[place:]


def change_one(text: str, rng: random.Random) -> str:
    """One mark is another."""
    place = rng.choice(_structure(text))
    return text[:place] + rng.choice("[]{}:,\"'“；") + text[place + 1 :]


def swap_two(text: str, rng: random.Random) -> str:
    """Two marks have changed places."""
    first, second = sorted(rng.sample(_structure(text), 2))
    return text[:first] + text[second] + text[first + 1 : second] + text[first] + text[second + 1 :]


NOISE: dict[str, Callable[[str, random.Random], str]] = {
    "one mark lost": lose_one,
    "one mark doubled": double_one,
    "one mark changed": change_one,
    "two marks swapped": swap_two,
}
