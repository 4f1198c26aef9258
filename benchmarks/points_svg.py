"""Accuracy against added points as an SVG file, readable in light and dark mode."""

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from benchmarks.curves_svg import COLOURS, STYLE

WIDTH, LEFT, RIGHT, TOP, PLOT, BOTTOM = 940, 52, 380, 36, 250, 46


class Mark(NamedTuple):
    """A number of added points and the resulting accuracy in percent."""

    added: float
    accuracy: float


class Curve(NamedTuple):
    """A line through marks; a hollow curve is a single mark that belongs to the curve before it."""

    title: str
    marks: Sequence[Mark]
    is_hollow: bool = False


class Level(NamedTuple):
    """A dashed horizontal line: an accuracy without added points."""

    title: str
    accuracy: float


def points_svg(title: str, curves: Sequence[Curve], levels: Sequence[Level]) -> str:
    """Draw curves and levels in one frame with a legend.

    Args:
        curves: one or more, each with one or more marks.
    """
    shown = [mark for curve in curves for mark in curve.marks]
    most = max(1.0, max(mark.added for mark in shown))
    heights = [mark.accuracy for mark in shown] + [level.accuracy for level in levels]
    low, high = 5 * (min(heights) // 5), 5 * (max(heights) // 5 + 1)

    def x(added: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * added / most, 1)

    def y(accuracy: float) -> float:
        return round(TOP + PLOT * (high - accuracy) / (high - low), 1)

    parts = [f'<text x="{LEFT}" y="20" font-weight="600">{escape(title)}</text>']
    for tick in range(int(low), int(high) + 1, 5):
        parts.append(
            _horizontal("grid", y(tick)) + _label(LEFT - 8, y(tick) + 4, f"{tick}%", "end")
        )
    for count in _ticks(most):
        parts.append(_label(x(count), TOP + PLOT + 18, f"{count:,}", "middle"))
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(_label(middle, TOP + PLOT + 38, "added points (audit accuracy, mean)", "middle"))
    for level in levels:
        parts.append(_horizontal("goal", y(level.accuracy)))
        parts.append(_label(LEFT + 6, y(level.accuracy) - 5, level.title, "start"))
    lines = -1
    for number, curve in enumerate(curves):
        lines += not curve.is_hollow
        colour = COLOURS[lines % len(COLOURS)]
        fill = "none" if curve.is_hollow else colour
        places = [(x(mark.added), y(mark.accuracy)) for mark in curve.marks]
        line = " ".join(f"{a},{b}" for a, b in places)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        at = TOP + 14 + 20 * number
        places.append((WIDTH - RIGHT + 20, at - 4))
        parts += [
            f'<circle cx="{a}" cy="{b}" r="4" stroke="{colour}" stroke-width="2" fill="{fill}"/>'
            for a, b in places
        ]
        parts.append(_label(WIDTH - RIGHT + 32, at, curve.title, "start"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {TOP + PLOT + BOTTOM}" '
        f'role="img" aria-label="{escape(title, quote=True)}"><style>{STYLE}</style>'
        f"{''.join(parts)}</svg>\n"
    )


def _ticks(most: float) -> range:
    """Choose three to seven round numbers from 0 to `most`."""
    power = 10 ** int(math.log10(most))
    step = next(s for s in (power // 5, power // 2, power, 2 * power) if s and most / s < 7)
    return range(0, int(most) + 1, step)


def _horizontal(kind: str, y: float) -> str:
    return f'<line class="{kind}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>'


def _label(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'
