"""Curves with bands as a small SVG file, readable in light and dark mode."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import numpy as np

from bort.search.arrays import FloatArray

WIDTH, HEIGHT = 800, 380
LEFT, RIGHT, TOP, BOTTOM = 56, 260, 34, 46
FLOOR = 0.5  # lowest share that is drawn
# Okabe & Ito 2008: colour-blind readers can tell these apart. Our search has the first one.
COLOURS = (
    "#d55e00",
    "#e69f00",
    "#999999",
    "#009e73",
    "#56b4e9",
    "#0072b2",
    "#117733",
    "#cc79a7",
    "#882255",
)
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #222 }
  .grid { stroke: #8884; stroke-width: 1 }
  .goal { stroke: #888; stroke-dasharray: 4 4 }
  @media (prefers-color-scheme: dark) { text { fill: #ddd } }
"""


class Line(NamedTuple):
    """One sampler's curve.

    Attributes:
        title: its name in the legend.
        values: shape (n, 3), middle, lower and upper end, after 1..n evaluations.
        is_dashed: it belongs to a second group of curves.
    """

    title: str
    values: FloatArray
    is_dashed: bool = False


def curves_svg(title: str, lines: Sequence[Line], *, evaluations: int) -> str:
    """Plot the share of the front's hypervolume against evaluations, with goals at 95 and 99%.

    The vertical axis is stretched towards 1, where samplers differ: it shows -ln(1.01 - share).
    """
    parts = [_frame(title, evaluations)]
    for number, line in enumerate(lines):
        colour = COLOURS[number % len(COLOURS)]
        shown = line.values[:evaluations]
        x = [_x(n, evaluations) for n in range(1, len(shown) + 1)]
        band = [*zip(x, map(_y, shown[:, 1]), strict=True)]
        band += reversed([*zip(x, map(_y, shown[:, 2]), strict=True)])
        dash = ' stroke-dasharray="6 3"' if line.is_dashed else ""
        width = 3 if number == 0 else 1.6
        parts.append(f'<polygon points="{_points(band)}" fill="{colour}" opacity="0.12"/>')
        parts.append(
            f'<polyline points="{_points([*zip(x, map(_y, shown[:, 0]), strict=True)])}" '
            f'fill="none" stroke="{colour}" stroke-width="{width}"{dash}/>'
        )
        y = TOP + 14 + 20 * number
        parts.append(
            f'<line x1="{WIDTH - RIGHT + 14}" x2="{WIDTH - RIGHT + 38}" y1="{y - 4}" '
            f'y2="{y - 4}" stroke="{colour}" stroke-width="{width}"{dash}/>'
            f'<text x="{WIDTH - RIGHT + 44}" y="{y}">{escape(line.title)}</text>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title, quote=True)}"><style>{STYLE}</style>{"".join(parts)}</svg>\n'
    )


def _frame(title: str, evaluations: int) -> str:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = [f'<text x="{LEFT}" y="20" font-weight="600">{escape(title)}</text>']
    for share in (0.5, 0.8, 0.9, 0.95, 0.99, 1.0):
        y, kind = _y(share), "goal" if share in (0.95, 0.99) else "grid"
        parts.append(f'<line class="{kind}" x1="{LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{share:.0%}</text>')
    for count in sorted({1, *(round(evaluations * part / 4) for part in (1, 2, 3, 4))}):
        x = _x(count, evaluations)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom}"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{count}</text>')
    parts.append(
        f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 8}" text-anchor="middle">'
        "evaluations (share of the exhaustive front’s hypervolume; band: quartiles)</text>"
    )
    return "".join(parts)


def _x(count: int, evaluations: int) -> float:
    return LEFT + (WIDTH - RIGHT - LEFT) * (count - 1) / max(1, evaluations - 1)


def _y(share: float) -> float:
    def stretched(value: float) -> float:
        return float(-np.log(1.01 - value))

    span = stretched(1.0) - stretched(FLOOR)
    height = (stretched(min(1.0, max(FLOOR, float(share)))) - stretched(FLOOR)) / span
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * height


def _points(pairs: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in pairs)
