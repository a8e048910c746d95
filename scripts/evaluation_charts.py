"""Charts as inline SVG, without a library: their colours are the page's, and every text is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

Points = Sequence[tuple[float, float]]
TICKS = 5


def bars(rows: Sequence[tuple[str, float, float, str]]) -> str:
    """A pair of bars a row, in percent: its label, ours, the best plain method and its name."""
    left, width, step = 190, 430, 34
    height = step * len(rows) + 26
    parts = [_grid_across(left, width, height - 22)]
    for number, (label, ours, plain, method) in enumerate(rows):
        y = number * step + 4
        parts.append(f'<text x="{left - 8}" y="{y + 16}" class="end">{escape(label)}</text>')
        parts.append(f'<rect x="{left}" y="{y}" width="{width * ours / 100:.1f}" height="14" rx="2" class="f0"/>')
        parts.append(f'<rect x="{left}" y="{y + 16}" width="{width * plain / 100:.1f}" height="8" rx="2" class="f9"/>')
        parts.append(f'<text x="{left + width * ours / 100 + 5:.1f}" y="{y + 12}" class="strong">{ours:.1f}</text>')
        at = left + width * plain / 100 + 5
        parts.append(f'<text x="{at:.1f}" y="{y + 24}" class="small">{plain:.1f} {escape(method)}</text>')
    return svg(left + width + 150, height, "".join(parts), "recall by set")


def line_chart(
    series: Mapping[str, Points],
    *,
    title: str,
    x_label: str,
    x_end: float,
    y_end: float = 100.0,
    marks: Sequence[tuple[float, float, str]] = (),
    guide: float | None = None,
) -> str:
    """Lines over a common pair of axes that begin at 0; `marks` are single points, `guide` a value of x to watch."""
    left, top, width, height = 38, 22, 292, 168

    def at(x: float, y: float) -> tuple[float, float]:
        return left + width * min(x, x_end) / x_end, top + height * (1 - min(y, y_end) / y_end)

    parts = [f'<text x="{left}" y="14" class="strong">{escape(title)}</text>']
    for tick in range(TICKS + 1):
        y_value, x_value = y_end * tick / TICKS, x_end * tick / TICKS
        y, x = at(0, y_value)[1], at(x_value, 0)[0]
        parts.append(f'<line x1="{left}" x2="{left + width}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>')
        parts.append(f'<text x="{left - 5}" y="{y + 4:.1f}" class="end small">{y_value:g}</text>')
        parts.append(f'<text x="{x:.1f}" y="{top + height + 14}" class="middle small">{x_value:g}</text>')
    if guide is not None:
        x = at(guide, 0)[0]
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{top + height}" class="guide"/>')
    for number, (name, points) in reversed(list(enumerate(series.items()))):
        drawn = " ".join("{:.1f},{:.1f}".format(*at(x, y)) for x, y in points if x <= x_end)
        parts.append(f'<polyline points="{drawn}" class="l{number}"><title>{escape(name)}</title></polyline>')
    for x, y, name in marks:
        cx, cy = at(x, y)
        parts.append(f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="5" class="f0"><title>{escape(name)}</title></circle>')
    parts.append(f'<text x="{left + width}" y="{top + height + 30}" class="end small">{escape(x_label)}</text>')
    return svg(left + width + 12, top + height + 36, "".join(parts), title)


def legend(names: Sequence[str]) -> str:
    """The names of the lines, each after its colour."""
    items = "".join(f'<span><i class="k{number}"></i>{escape(name)}</span>' for number, name in enumerate(names))
    return f'<p class="legend">{items}</p>'


def svg(width: float, height: float, inner: str, label: str) -> str:
    """A drawing that shrinks with the page."""
    box = f'viewBox="0 0 {width:g} {height:g}" width="{width:g}"'
    return f'<svg {box} role="img" aria-label="{escape(label)}">{inner}</svg>'


def _grid_across(left: float, width: float, height: float) -> str:
    parts = []
    for tick in range(TICKS + 1):
        x = left + width * tick / TICKS
        parts.append(f'<line x1="{x:g}" x2="{x:g}" y1="0" y2="{height:g}" class="grid"/>')
        parts.append(f'<text x="{x:g}" y="{height + 16:g}" class="middle small">{100 * tick / TICKS:g}</text>')
    return "".join(parts)
