"""The worst questions of a run as a part of the page: what was to be found, where it came, and what came instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from memoryengine.text import clip

SHOWN = 50
LONGEST = 600
Both = Callable[[str, str], str]


def worst_of(sets: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The worst questions of all sets: one of each set in turn, the worst of each first."""
    waiting = [list(measured["detail"]["worst"]) for measured in sets.values()]
    found: list[dict[str, Any]] = []
    while any(waiting) and len(found) < SHOWN:
        found += [held.pop(0) for held in waiting if held]
    return found[:SHOWN]


def worst_questions(questions: Sequence[Mapping[str, Any]], t: Both) -> str:
    """The questions, each folded up behind what was asked; `t` chooses between English and Chinese."""
    return "".join(_question(one, t) for one in questions)


def _question(one: Mapping[str, Any], t: Both) -> str:
    half = t("tuned on", "调参用") if one["tuned_on"] else t("held out", "留出")
    plain = ", ".join(f"{escape(name)} {100 * value:.0f}" for name, value in one["plain"].items())
    asked = f" · {t('asked', '提问于')} {escape(one['asked_at'])}" if one["asked_at"] else ""
    facts = (
        f'<span class="tag">{escape(one["set"])}</span> <span class="tag">{escape(one["category"])}</span> '
        f'<span class="bad">{100 * one["recall"]:.0f} %</span> <span class="dim">({plain}) · {half}{asked} · '
        f"{escape(one['id'])}</span>"
    )
    return (
        f'<details><summary><span class="asked">{escape(clip(one["query"], LONGEST))}</span><br>{facts}</summary>'
        f"<p>{t('To be found', '应找到')}</p>{_evidence(one['evidence'], t)}"
        f"<p>{t('Found', '找到的')}</p>{_found(one['found'], t)}</details>"
    )


def _evidence(evidence: Sequence[Mapping[str, Any]], t: Both) -> str:
    rows = []
    for held in evidence:
        mark = "good" if held["rank"] and held["rank"] <= 10 else "bad"
        rank = str(held["rank"]) if held["rank"] else t("not found", "未找到")
        rows.append(f'<tr><td class="{mark}">{rank}</td>{_text(held)}{_scored(held)}</tr>')
    return _table(rows, t)


def _found(found: Sequence[Mapping[str, Any]], t: Both) -> str:
    rows = []
    for rank, held in enumerate(found, start=1):
        mark = ' class="good"' if held["right"] else ""
        rows.append(f"<tr><td{mark}>{rank}</td>{_text(held)}{_scored(held)}</tr>")
    return _table(rows, t)


def _table(rows: Sequence[str], t: Both) -> str:
    head = (
        f"<th>{t('rank', '名次')}</th><th class='left'>{t('said', '时间与内容')}</th><th>{t('score', '得分')}</th>"
        f"<th class='left'>{t('parts of the score; channels; ranks', '得分构成；通道；各路名次')}</th>"
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _text(held: Mapping[str, Any]) -> str:
    when = f'<span class="dim">{escape(held["when"])}</span> ' if held["when"] else ""
    return f'<td class="text">{when}{escape(clip(held["text"], LONGEST))}</td>'


def _scored(held: Mapping[str, Any]) -> str:
    """The numbers of what was found at all; of the others two empty cells."""
    if "score" not in held:
        return "<td></td><td></td>"
    return f'<td>{held["score"]:.3f}</td><td class="parts">{_numbers(held)}</td>'


def _numbers(held: Mapping[str, Any]) -> str:
    kinds = (
        " + ".join(f"{escape(name)} {value:.2f}" for name, value in held["parts"].items()),
        " ".join(f"{escape(name)} {value:.2f}" for name, value in held["channels"].items()),
        " ".join(f"{escape(name)} #{rank}" for name, rank in held["ranks"].items()),
    )
    return "<br>".join(kind for kind in kinds if kind)
