"""Predicted against measured latency as an SVG file: readable in light and in dark."""

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

PANEL, GAP, LEFT, TOP, BOTTOM = 300, 24, 52, 34, 44
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #222 }
  .grid { stroke: #8884; stroke-width: 1 }
  .equal { stroke: #888; stroke-dasharray: 4 4 }
  .fitted { fill: none; stroke: #999; stroke-width: 1.3 }
  .held { fill: #0072b2; fill-opacity: 0.8 }
  @media (prefers-color-scheme: dark) { text { fill: #ddd } .held { fill: #56b4e9 } }
"""


class Dot(NamedTuple):
    """One architecture: milliseconds measured and predicted, and whether it was fitted on."""

    measured_ms: float
    predicted_ms: float
    fitted: bool


class Panel(NamedTuple):
    """One measurement."""

    title: str
    dots: Sequence[Dot]


def predicted_svg(panels: Sequence[Panel]) -> str:
    """Two panels in a row, logarithmic axes, a dashed line where prediction equals measurement."""
    columns = min(2, max(1, len(panels)))
    rows = math.ceil(len(panels) / columns)
    width = LEFT + columns * (PANEL + GAP + LEFT)
    height = rows * (TOP + PANEL + BOTTOM) + 20
    body = "".join(
        f'<g transform="translate({LEFT + (k % columns) * (PANEL + GAP + LEFT)},'
        f'{TOP + (k // columns) * (TOP + PANEL + BOTTOM)})">{_panel(panel)}</g>'
        for k, panel in enumerate(panels)
    )
    legend = (
        f'<g transform="translate({LEFT},{height - 8})"><circle class="held" r="4" cy="-4"/>'
        '<text x="10">held out</text><circle class="fitted" r="4" cx="90" cy="-4"/>'
        '<text x="100">fitted on</text></g>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
        f"<title>Predicted against measured latency</title><style>{STYLE}</style>"
        f"{body}{legend}</svg>\n"
    )


def _panel(panel: Panel) -> str:
    values = [v for dot in panel.dots for v in (dot.measured_ms, dot.predicted_ms) if v > 0]
    low, high = math.log10(0.9 * min(values)), math.log10(1.1 * max(values))

    def place(milliseconds: float) -> float:
        return round(PANEL * (math.log10(max(milliseconds, 10**low)) - low) / (high - low), 1)

    lines = "".join(_grid(tick, place(tick)) for tick in _ticks(10**low, 10**high))
    dots = "".join(
        f'<circle class="{"fitted" if dot.fitted else "held"}" r="3.5" '
        f'cx="{place(dot.measured_ms)}" cy="{PANEL - place(dot.predicted_ms):.1f}"/>'
        for dot in sorted(panel.dots, key=lambda dot: not dot.fitted)
    )
    return (
        f'<text x="0" y="-12" font-weight="600">{escape(panel.title)}</text>{lines}'
        f'<line class="equal" x1="0" y1="{PANEL}" x2="{PANEL}" y2="0"/>{dots}'
        f'<text x="{PANEL / 2}" y="{PANEL + 34}" text-anchor="middle">measured (ms)</text>'
        f'<text transform="translate(-38,{PANEL / 2}) rotate(-90)" text-anchor="middle">'
        "predicted (ms)</text>"
    )


def _grid(tick: float, at: float) -> str:
    return (
        f'<line class="grid" x1="{at}" y1="0" x2="{at}" y2="{PANEL}"/>'
        f'<line class="grid" x1="0" y1="{PANEL - at:.1f}" x2="{PANEL}" y2="{PANEL - at:.1f}"/>'
        f'<text x="{at}" y="{PANEL + 16}" text-anchor="middle">{tick:g}</text>'
        f'<text x="-6" y="{PANEL - at + 4:.1f}" text-anchor="end">{tick:g}</text>'
    )


def _ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 of every power of ten between."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    candidates = [step * 10.0**power for power in powers for step in (1, 2, 5)]
    return [tick for tick in candidates if low <= tick <= high]
