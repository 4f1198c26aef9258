"""All classifiers of a task as an SVG file: accuracy against bytes and times.

Readable in light and dark mode. Numbers in the marks stand for the names in the legend.
"""

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from benchmarks.curves_svg import COLOURS, STYLE

SIDE, LEFT, TOP, BOTTOM, GAP, LEGEND = 240, 50, 58, 48, 34, 330
OURS, OTHERS = COLOURS[0], COLOURS[5]
RADIUS, LINE = 8, 18
LONGEST = 46  # characters of a name in the legend; the end of ours tells them apart


class Mark(NamedTuple):
    """A classifier: accuracy in percent with its interval, and its costs, one per panel."""

    name: str
    accuracy: float
    low: float
    high: float
    costs: Sequence[float]
    is_ours: bool


def marks_svg(title: str, panels: Sequence[str], marks: Sequence[Mark]) -> str:
    """Draw a panel for each cost, on a logarithmic axis; all share the vertical one.

    Args:
        panels: titles of the horizontal axes.
        marks: one or more; ours are circles, others' are squares.
    """
    low, high = min(mark.low for mark in marks), max(mark.high for mark in marks)
    low, high = 5 * math.floor(low / 5), min(100, 5 * math.ceil(high / 5))
    width = LEFT + len(panels) * (SIDE + GAP) + LEGEND
    height = max(TOP + SIDE + BOTTOM, TOP + LINE * len(marks) + 10)
    body = "".join(
        f'<g transform="translate({LEFT + number * (SIDE + GAP)},{TOP})">'
        f"{_panel(name, number, marks, low, max(high, low + 5))}</g>"
        for number, name in enumerate(panels)
    )
    legend = "".join(
        _sign(mark, str(number + 1), RADIUS, number * LINE)
        + _text(RADIUS + 16, number * LINE + 4, _ending(mark.name), "start")
        for number, mark in enumerate(marks)
    )
    across = LEFT + len(panels) * (SIDE + GAP)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(title, quote=True)}"><style>{STYLE}'
        ".mark { fill: #fff; font-size: 10px; font-weight: 600 }</style>"
        f'<text x="{LEFT}" y="20" font-weight="600">{escape(title)}</text>'
        f'<text x="{LEFT}" y="40">accuracy in percent, with its 95% interval</text>'
        f'{body}<g transform="translate({across},{TOP})">{legend}</g></svg>\n'
    )


def _panel(name: str, number: int, marks: Sequence[Mark], low: float, high: float) -> str:
    costs = [mark.costs[number] for mark in marks]
    left, right = _range(costs)

    def x(value: float) -> float:
        return round(SIDE * (math.log10(value) - left) / (right - left), 1)

    def y(value: float) -> float:
        return round(SIDE * (high - value) / (high - low), 1)

    parts = []
    for tick in _ticks(left, right):
        parts.append(_line("grid", x(tick), 0, x(tick), SIDE))
        parts.append(_text(x(tick), SIDE + 16, f"{tick:g}", "middle"))
    step = next(each for each in (1, 2, 5, 10, 20) if (high - low) / each <= 6)
    for level in range(math.ceil(low / step) * step, int(high) + 1, step):
        parts.append(_line("grid", 0, y(level), SIDE, y(level)))
        parts.append(_text(-6, y(level) + 4, str(level), "end") if number == 0 else "")
    parts.append(_text(SIDE / 2, SIDE + 36, name, "middle"))
    for mark in marks:
        at = x(mark.costs[number])
        colour = _colour(mark)
        parts.append(
            f'<line x1="{at}" x2="{at}" y1="{y(mark.low)}" y2="{y(mark.high)}" '
            f'stroke="{colour}" stroke-opacity="0.45"/>'
        )
    parts += [
        _sign(mark, str(place + 1), x(mark.costs[number]), y(mark.accuracy))
        for place, mark in reversed([*enumerate(marks)])
    ]
    return "".join(parts)


def _sign(mark: Mark, inside: str, x: float, y: float) -> str:
    """Draw a circle for ours, a square for others', with a number in it."""
    colour = f'fill="{_colour(mark)}" fill-opacity="0.9"'
    shape = (
        f'<circle cx="{x}" cy="{y}" r="{RADIUS}" {colour}>'
        if mark.is_ours
        else f'<rect x="{round(x - RADIUS + 1, 1)}" y="{round(y - RADIUS + 1, 1)}" '
        f'width="{2 * RADIUS - 2}" height="{2 * RADIUS - 2}" rx="2" {colour}>'
    )
    end = "circle" if mark.is_ours else "rect"
    label = f'<text class="mark" x="{x}" y="{round(y + 3.5, 1)}" text-anchor="middle">'
    return f"{shape}<title>{escape(mark.name)}</title></{end}>{label}{inside}</text>"


def _ending(name: str) -> str:
    return name if len(name) <= LONGEST else f"…{name[1 - LONGEST :]}"


def _colour(mark: Mark) -> str:
    return OURS if mark.is_ours else OTHERS


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Compute the ends of a logarithmic axis, in powers of ten, with a margin."""
    low, high = math.log10(min(values)), math.log10(max(values))
    margin = 0.08 * (high - low) or 0.5
    return low - margin, high + margin


def _ticks(low: float, high: float) -> list[float]:
    """Choose powers of ten, with their doubles and halves where there would be fewer than two."""
    powers = range(math.floor(low), math.ceil(high) + 1)
    for digits in ((1,), (1, 2, 5), (1, 1.5, 2, 3, 5, 7)):
        found = [digit * 10.0**power for power in powers for digit in digits]
        inside = [tick for tick in found if low <= math.log10(tick) <= high]
        if len(inside) > 1:
            break
    return inside


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'
