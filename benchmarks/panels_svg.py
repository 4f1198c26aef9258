"""Small scatter plots side by side as one SVG file, readable in light and dark mode."""

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from benchmarks.curves_svg import COLOURS, STYLE

SIDE, LEFT, TOP, BOTTOM, COLUMNS = 220, 54, 60, 50, 3
MARKED, USUAL = COLOURS[0], COLOURS[5]
MOST_TICKS = 6


class Dot(NamedTuple):
    """A point in percent; its title is shown when the pointer is over it."""

    title: str
    x: float
    y: float
    is_marked: bool = False


class Panel(NamedTuple):
    """One plot; `shift` draws the dashed line y = x + shift."""

    title: str
    dots: Sequence[Dot]
    shift: float


def panels_svg(title: str, panels: Sequence[Panel], *, across: str, up: str) -> str:
    """Draw panels in rows. All share the vertical axis; each has its own horizontal one.

    Args:
        panels: one or more, each with one or more dots.
        across, up: titles of the axes.
    """
    columns = min(COLUMNS, len(panels))
    step_x, step_y = LEFT + SIDE + 16, TOP + SIDE + BOTTOM
    low, high = _range([dot.y for panel in panels for dot in panel.dots])
    width, height = columns * step_x, 24 + math.ceil(len(panels) / columns) * (step_y - 24)
    body = "".join(
        f'<g transform="translate({(number % columns) * step_x + LEFT},'
        f'{number // columns * (step_y - 24) + TOP})">{_panel(panel, low, high, across, up)}</g>'
        for number, panel in enumerate(panels)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(title, quote=True)}"><style>{STYLE}</style>'
        f'<text x="{LEFT}" y="20" font-weight="600">{escape(title)}</text>{body}</svg>\n'
    )


def _panel(panel: Panel, low: float, high: float, across: str, up: str) -> str:
    left, right = _range([dot.x for dot in panel.dots])

    def x(value: float) -> float:
        return round(SIDE * (value - left) / (right - left), 1)

    def y(value: float) -> float:
        return round(SIDE * (high - value) / (high - low), 1)

    parts = [f'<text x="0" y="-10">{escape(panel.title)}</text>']
    for tick in _ticks(left, right):
        parts.append(_line("grid", x(tick), 0, x(tick), SIDE))
        parts.append(_label(x(tick), SIDE + 16, f"{tick:g}%", "middle"))
    for tick in _ticks(low, high):
        parts.append(_line("grid", 0, y(tick), SIDE, y(tick)))
        parts.append(_label(-6, y(tick) + 4, f"{tick:g}%", "end"))
    start, end = max(left, low - panel.shift), min(right, high - panel.shift)
    if start < end:
        ends = (x(start), y(start + panel.shift), x(end), y(end + panel.shift))
        parts.append(_line("goal", *ends))
    for dot in panel.dots:
        colour = MARKED if dot.is_marked else USUAL
        parts.append(
            f'<circle cx="{x(dot.x)}" cy="{y(dot.y)}" r="4.5" fill="{colour}" fill-opacity="0.85">'
            f"<title>{escape(dot.title)}</title></circle>"
        )
    parts.append(_label(SIDE / 2, SIDE + 34, across, "middle"))
    parts.append(
        f'<text transform="translate(-42,{SIDE / 2}) rotate(-90)" text-anchor="middle">'
        f"{escape(up)}</text>"
    )
    return "".join(parts)


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Leave a margin around the values, also around a single one."""
    low, high = min(values), max(values)
    margin = 0.08 * (high - low) or 1.0
    return low - margin, high + margin


def _ticks(low: float, high: float) -> list[float]:
    """Choose multiples of 1, 2 or 5 times a power of ten, at most `MOST_TICKS`."""
    power = 10.0 ** math.floor(math.log10(high - low))
    steps = (factor * power for factor in (0.1, 0.2, 0.5, 1, 2))
    step = next(each for each in steps if (high - low) / each < MOST_TICKS)
    return [
        round(count * step, 10)
        for count in range(math.ceil(low / step), math.floor(high / step) + 1)
    ]


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'


def _label(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'
