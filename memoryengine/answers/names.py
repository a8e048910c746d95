"""What models call the fields of their answers."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

ALSO: Mapping[str, tuple[str, ...]] = {
    "id": (
        *("ids", "index", "no", "number", "line", "line_id", "message_id", "message"),
        *("编号", "序号", "行号", "行", "标识"),
    ),
    "ids": (
        *("id", "sources", "source", "lines", "line", "line_ids", "message_ids", "messages", "evidence", "index"),
        *("编号", "来源", "行号", "序号", "来源编号", "行", "消息", "依据"),
    ),
    "memory": (
        *("memories", "text", "content", "fact", "observation", "statement", "sentence", "info", "information"),
        *("记忆", "内容", "信息", "事实", "观察", "文本", "句子"),
    ),
    "time": ("when", "date", "time_expression", "时间", "日期"),
    "score": ("scores", "rating", "grade", "value", "weight", "分数", "得分", "评分", "分", "打分", "分值"),
    "subject": ("subjects", "topic", "attribute", "name", "key", "theme", "主题", "属性", "话题"),
    "value": ("summary", "content", "text", "memory", "值", "内容", "总结", "概括"),
    "relation": ("relationship", "type", "verdict", "judgement", "关系", "类型"),
    "by": ("by_id", "replaced_by", "other", "with", "被", "由"),
    "about": ("attribute", "category", "关于"),
}


_CITING = frozenset(name for field in ("id", "ids", "by") for name in (field, *ALSO[field]))


def plain(name: object) -> str:
    """A field's name as it is compared: lower case, without quotes, marks and blanks around it."""
    return _plain(str(name))


@lru_cache(maxsize=256)  # a model gives each of its rows the same few names
def _plain(name: str) -> str:
    return re.sub(r"[\s\-]+", "_", name.strip(" \t\n\"'“”‘’*`_:：").lower())


def known_as(name: str, schema: Collection[str]) -> str:
    """The field of the schema that a name stands for, or ""."""
    held = plain(name)
    if held in schema:
        return held
    return next((field for field in schema if held in ALSO.get(field, ())), "")


def named(found: Mapping[Any, Any], schema: Collection[str]) -> dict[str, Any]:
    """The fields of an object under the schema's names; its own names go before other names for them."""
    held = {plain(key): value for key, value in found.items()}
    for name in schema:
        if name not in held:
            other = next((also for also in ALSO.get(name, ()) if also in held and also not in schema), None)
            if other is not None:
                held[name] = held[other]
    return held


def cites(row: Mapping[Any, Any]) -> tuple[str, ...]:
    """The numbers that the row of an answer names lines by, in order."""
    held = [value for key, value in row.items() if plain(key) in _CITING]
    return tuple(sorted(number for value in held for number in re.findall(r"\d+", str(value))))
