"""Hand-written SVG files: small enough to commit, readable on light and dark pages."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from bort.figures.theme import Palette, palette

Point = tuple[float, float]
MEANINGS = ("text", "muted", "grid", "background", "dominated", "front", "cover", "best")


@dataclass
class Canvas:
    """Shapes, in drawing order. Colours are named by what they mean.

    Attributes:
        width, height: in pixels of the view box.
        title: the text for screen readers.
    """

    width: float
    height: float
    title: str
    parts: list[str] = field(default_factory=list)

    def text(
        self,
        at: Point,
        words: object,
        *,
        colour: str = "text",
        anchor: str = "start",
        size: float = 13,
        bold: bool = False,
        turned: bool = False,
    ) -> None:
        """Draw words; `at` is the left end, middle or right end of their base line."""
        x, y = at
        weight = ' font-weight="600"' if bold else ""
        turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ""
        self.parts.append(
            f'<text class="{colour}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" '
            f'font-size="{size:g}"{weight}{turn}>{escape(str(words))}</text>'
        )

    def lines(
        self,
        at: Point,
        words: Sequence[str],
        *,
        colour: str = "text",
        anchor: str = "start",
        size: float = 13,
    ) -> None:
        """Draw several lines of words, one below the other."""
        for number, line in enumerate(words):
            self.text(
                (at[0], at[1] + number * (size + 4)), line, colour=colour, anchor=anchor, size=size
            )

    def line(
        self, points: Sequence[Point], *, colour: str, width: float = 1.5, dash: str = ""
    ) -> None:
        """Draw a line through the points."""
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(
            f'<polyline class="{colour}" points="{_joined(points)}" fill="none" '
            f'stroke="currentColor" stroke-width="{width:g}"{dashed}/>'
        )

    def area(self, points: Sequence[Point], *, colour: str, opacity: float) -> None:
        """A filled polygon."""
        self.parts.append(
            f'<polygon class="{colour}" points="{_joined(points)}" fill="currentColor" '
            f'opacity="{opacity:g}"/>'
        )

    def dot(self, at: Point, *, colour: str, radius: float = 4, hollow: bool = False) -> None:
        """Draw a circle; a hollow one has the page's colour inside."""
        inside = "var(--background)" if hollow else "currentColor"
        self.parts.append(
            f'<circle class="{colour}" cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{radius:g}" '
            f'fill="{inside}" stroke="currentColor" stroke-width="1.5"/>'
        )

    def dots(self, places: Sequence[Point], *, colour: str, radius: float) -> None:
        """Draw many equal dots as one path, which keeps the file small."""
        path = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in places)
        self.parts.append(
            f'<path class="{colour}" d="{path}" fill="none" stroke="currentColor" '
            f'stroke-width="{2 * radius:g}" stroke-linecap="round"/>'
        )

    def box(
        self,
        at: Point,
        size: Point,
        *,
        colour: str,
        corner: float = 8,
        filled: float = 0.0,
        width: float = 1.5,
    ) -> None:
        """Draw a rectangle with round corners, its upper left corner at `at`."""
        shape = (
            f'class="{colour}" x="{at[0]:.1f}" y="{at[1]:.1f}" width="{size[0]:.1f}" '
            f'height="{size[1]:.1f}" rx="{corner:g}"'
        )
        if filled:
            self.parts.append(f'<rect {shape} fill="currentColor" opacity="{filled:g}"/>')
        if width:
            self.parts.append(
                f'<rect {shape} fill="none" stroke="currentColor" stroke-width="{width:g}"/>'
            )

    def arrow(
        self, points: Sequence[Point], *, colour: str = "muted", width: float = 1.5, dash: str = ""
    ) -> None:
        """Draw a line that ends in an arrow head."""
        self.line(points, colour=colour, width=width, dash=dash)
        (x0, y0), (x1, y1) = points[-2:]
        angle = math.atan2(y1 - y0, x1 - x0)
        wings = [(x1, y1)]
        wings += [(x1 - 9 * math.cos(angle + s), y1 - 9 * math.sin(angle + s)) for s in (0.4, -0.4)]
        self.area(wings, colour=colour, opacity=1)

    def svg(self) -> str:
        """The whole file."""
        title = escape(self.title, quote=True)
        body = "\n".join(self.parts)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width:g} {self.height:g}" '
            f'role="img" aria-label="{title}">\n<style>{_STYLE}</style>\n'
            f'<rect width="{self.width:g}" height="{self.height:g}" fill="var(--background)"/>\n'
            f"{body}\n</svg>\n"
        )


@dataclass(frozen=True)
class Axes:
    """A frame with two scales: `at` turns values into places.

    Attributes:
        left, top, width, height: the frame's place in the canvas.
        x, y: smallest and largest value; y grows upwards.
        log_x, log_y: logarithmic scales.
    """

    canvas: Canvas
    left: float
    top: float
    width: float
    height: float
    x: Point
    y: Point
    log_x: bool = False
    log_y: bool = False

    def at(self, x: float, y: float) -> Point:
        """The place of a value."""
        across = _share(x, self.x, self.log_x)
        up = _share(y, self.y, self.log_y)
        return self.left + across * self.width, self.top + (1 - up) * self.height

    def frame(
        self,
        *,
        x_ticks: Sequence[float],
        y_ticks: Sequence[float],
        x_title: str = "",
        y_title: str = "",
        title: str = "",
        x_words: Sequence[str] | None = None,
        y_words: Sequence[str] | None = None,
    ) -> None:
        """Grid, ticks and titles."""
        bottom, right = self.top + self.height, self.left + self.width
        for value, word in zip(x_ticks, x_words or [f"{v:g}" for v in x_ticks], strict=True):
            x, _ = self.at(value, self.y[0])
            self.canvas.line([(x, self.top), (x, bottom)], colour="grid", width=1)
            self.canvas.text((x, bottom + 17), word, colour="muted", anchor="middle", size=12)
        for value, word in zip(y_ticks, y_words or [f"{v:g}" for v in y_ticks], strict=True):
            _, y = self.at(self.x[0], value)
            self.canvas.line([(self.left, y), (right, y)], colour="grid", width=1)
            self.canvas.text((self.left - 7, y + 4), word, colour="muted", anchor="end", size=12)
        middle = self.left + self.width / 2
        if x_title:
            self.canvas.text((middle, bottom + 38), x_title, anchor="middle")
        if y_title:
            place = (self.left - 46, self.top + self.height / 2)
            self.canvas.text(place, y_title, anchor="middle", turned=True)
        if title:
            self.canvas.text((self.left, self.top - 12), title, bold=True)


def _share(value: float, ends: Point, is_log: bool) -> float:
    low, high = (math.log(end) for end in ends) if is_log else ends
    return ((math.log(value) if is_log else value) - low) / (high - low)


def _joined(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _rules(colours: Palette) -> str:
    named = "".join(f".{name}{{color:{getattr(colours, name)}}}" for name in MEANINGS)
    return f"svg{{--background:{colours.background}}}{named}"


_STYLE = (
    "text{font-family:system-ui,sans-serif;fill:currentColor}"
    f"{_rules(palette('light'))}"
    f"@media(prefers-color-scheme:dark){{{_rules(palette('dark'))}}}"
)
