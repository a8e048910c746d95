"""One HTML page of a run, without any other file: scores, curves, latencies, and the worst questions with their texts.

The page speaks English and Chinese and is read in light and dark. It holds texts of the evaluation sets, so it belongs
where the user wants it and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from evaluation_charts import bars, legend, line_chart
from evaluation_curves import MOST_POINTS, best, curve, families, shipped, signals_of
from evaluation_scores import SIMPLE
from evaluation_table import Line
from evaluation_worst import SHOWN, worst_of, worst_questions

PAGE = "report.html"
STYLE = Path(__file__).with_name("evaluation_report.css")
PERCENTILES = (50, 90, 95, 99, 100)
SIGNALS = 5
Told = Mapping[str, Mapping[str, Any]]


def t(english: str, chinese: str) -> str:
    """A text in both languages, of which the page shows one; it may hold markup of our own."""
    return f'<span class="en">{english}</span><span class="zh" lang="zh">{chinese}</span>'


def page(sets: Told, goals: Sequence[Line], about: Mapping[str, str], mode: str = "messages") -> str:
    """The whole page; `sets` were told with their details, `about` says what was run."""
    said = " · ".join(f"{escape(name)}: {escape(value)}" for name, value in about.items())
    toggle = "document.documentElement.lang=document.documentElement.lang==='zh'?'en':'zh'"
    body = "".join(
        (
            f'<button onclick="{toggle}">中文 / English</button>',
            f"<h1>{t('Retrieval, measured', '检索评测')}</h1><p class='dim'>{said}</p>",
            _goals(goals),
            _by_set(sets, mode),
            _by_category(sets, mode),
            _over_k(sets, mode),
            _latencies(sets),
            _unanswerable(sets),
            f"<h2>{t(f'The {SHOWN} worst questions', f'最差的 {SHOWN} 个问题')}</h2>",
            worst_questions(worst_of(sets), t),
        )
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>Retrieval, measured</title>\n'
        f"<style>\n{STYLE.read_text('utf-8')}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def write_page(folder: Path, text: str) -> Path:
    """Put the page into a folder, which is made where it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / PAGE
    file.write_text(text, "utf-8")
    return file


def rows_of(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are markup already."""
    top = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _goals(goals: Sequence[Line]) -> str:
    if not goals:
        return ""
    head = (
        t("recall@10 in %", "recall@10（%）"), "n", t("best plain method", "最好的简单方法"), t("tuned on", "调参用"),
        t("held out", "留出"), "95 %", t("all", "全部"), "95 %", t("must", "须达到"), t("aim", "目标"),
    )  # fmt: skip
    rows = []
    for one in goals:
        mark = "good" if one.reached else "bad"
        rows.append(
            (
                escape(one.row.label), str(one.questions), f"{one.plain[1]:.1f} {escape(one.plain[0])}",
                f"{one.tuned_on:.1f}", f'<span class="{mark}">{one.held_out[0]:.1f}</span>',
                f"{one.held_out[1]:.0f}–{one.held_out[2]:.0f}", f'<span class="{mark}">{one.all[0]:.1f}</span>',
                f"{one.all[1]:.0f}–{one.all[2]:.0f}", f"{one.row.must:g}", f"{one.row.aim:g}",
            )
        )  # fmt: skip
    note = t(
        "Intervals: bootstrap over the questions. Green: the half held out and all questions reach what they must.",
        "区间：对问题做自助抽样。绿色：留出的一半与全部问题都达到了要求。",
    )
    return f"<h2>{t('Goals', '目标')}</h2>{rows_of(head, rows)}<p class='dim'>{note}</p>"


def _by_set(sets: Told, mode: str) -> str:
    rows = []
    for name, measured in sets.items():
        scores = {method: held["all"]["recall@10"] for method, held in measured["methods"].items()}
        plain = max((m for m in SIMPLE if m in scores), key=lambda method: scores[method])
        rows.append((name, scores[mode], scores[plain], plain))
    title = t("recall@10 by set, all questions", "各数据集的 recall@10（全部问题）")
    keys = t("blue: this engine; grey: the best plain method", "蓝：本引擎；灰：最好的简单方法")
    return f"<h2>{title}</h2><p class='dim'>{keys}</p><div class='scroll wide'>{bars(rows)}</div>"


def _by_category(sets: Told, mode: str) -> str:
    found = []
    for name, measured in sets.items():
        methods = measured["methods"]
        order = [mode, *(m for m in SIMPLE if m in methods)]
        head = (t("category", "类别"), "n", *(escape(m) for m in order), "R@5", "R@20", "MRR")
        rows = []
        for category, ours in methods[mode].items():
            values = [methods[m][category]["recall@10"] for m in order]
            first = f"<b>{values[0]:.1f}</b>" if values[0] >= max(values) else f"{values[0]:.1f}"
            rows.append(
                (
                    escape(category), str(ours["questions"]), first, *(f"{v:.1f}" for v in values[1:]),
                    f"{ours['recall@5']:.1f}", f"{ours['recall@20']:.1f}", f"{ours['mrr']:.3f}",
                )
            )  # fmt: skip
        found.append(f"<details><summary>{escape(name)}</summary>{rows_of(head, rows)}</details>")
    title = t("recall@10 by category", "按类别的 recall@10")
    return f"<h2>{title}</h2>{''.join(found)}"


def _over_k(sets: Told, mode: str) -> str:
    names = [mode, *SIMPLE]
    charts = []
    for name, measured in sets.items():
        held = measured["detail"]["over_k"]
        series = {m: [(k, value) for k, value in enumerate(held.get(m, ()), start=1)] for m in names}
        charts.append(line_chart(series, title=name, x_label="k", x_end=50))
    title = t("recall@k over k, in %", "recall@k 随 k 的变化（%）")
    return f"<h2>{title}</h2>{legend([f'memoryengine ({mode})', *SIMPLE])}<div class='grid-of'>{''.join(charts)}</div>"


def _latencies(sets: Told) -> str:
    head = (
        t("set", "数据集"), t("messages a user", "每用户消息数"), t("calls", "调用次数"),
        *(f"p{p}" if p < 100 else t("longest", "最长") for p in PERCENTILES),
    )  # fmt: skip
    rows = []
    for name, measured in sets.items():
        taken = measured["detail"]["milliseconds"]
        held = [f"{value:.1f}" for value in np.percentile(taken, PERCENTILES)]
        users = measured["messages"] / measured["conversations"]
        rows.append((escape(name), f"{users:.0f}", str(len(taken)), *held))
    title = t(
        "Milliseconds of a retrieval, without the embedding of its question", "一次检索的毫秒数（不含问题的向量化）"
    )
    return f"<h2>{title}</h2>{rows_of(head, rows)}"


def _unanswerable(sets: Told) -> str:
    charts = []
    for family, asked in families(sets).items():
        names = signals_of(asked)[:SIGNALS]
        series = {name: [(p.lost, p.rejected) for p in curve(asked, name)] for name in names}
        at = shipped(asked)
        told = ", ".join(f"{escape(name)} {best(curve(asked, name)).rejected:.0f} %" for name in names)
        chart = line_chart(
            series,
            title=f"{family}: rejected %",
            x_label="points of recall@10 lost",
            x_end=20,
            marks=[(at.lost, at.rejected, f"shipped: {at.rejected:.1f} % for {at.lost:.1f} points")],
            guide=MOST_POINTS,
        )
        by = t(
            f"As shipped: {at.rejected:.1f} % for {at.lost:.1f} points. For {MOST_POINTS:g} points at most: {told}.",
            f"出厂设置：拒答 {at.rejected:.1f} %，损失 {at.lost:.1f} 点。{MOST_POINTS:g} 点以内：{told}。",
        )
        charts.append(f"<div>{chart}{legend(names)}<p class='dim'>{by}</p></div>")
    if not charts:
        return ""
    title = t("Questions that memory cannot answer", "记忆无法回答的问题")
    note = t(
        "Share of them that a threshold on a number rejects, over the recall it costs on the others; the dot is the "
        "engine as shipped.",
        "对某个数值设阈值时被拒答的比例，相对于其余问题损失的召回；圆点为出厂设置。",
    )
    return f"<h2>{title}</h2><p>{note}</p><div class='grid-of'>{''.join(charts)}</div>"
