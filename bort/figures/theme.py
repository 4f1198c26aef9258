"""The look of every figure, in light and in dark."""

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import plotly.graph_objects as go

Theme = Literal["light", "dark"]

FONT = '"Source Sans", "Source Sans 3", "Source Sans Pro", system-ui, sans-serif'


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours by meaning. Categories are Okabe & Ito's colours for all kinds of colour vision,
    each with a contrast of 3:1 or more to the background it is drawn on."""

    text: str
    muted: str
    grid: str
    background: str
    dominated: str
    noise: str
    front: str
    cover: str
    best: str
    others: tuple[str, str, str]


# Okabe & Ito 2008, "Color Universal Design": blue, vermillion, bluish green on light;
# sky blue, orange and the same green, lightened, on dark.
_PALETTES: dict[Theme, Palette] = {
    "light": Palette(
        text="#1d2733",
        muted="#5a6675",
        grid="#e6e9ee",
        background="#ffffff",
        dominated="#7f8995",
        noise="#4d8ab5",
        front="#0072b2",
        cover="#d55e00",
        best="#00805d",
        others=("#a3509d", "#8c6d1f", "#7a4a2b"),
    ),
    "dark": Palette(
        text="#e7ebf0",
        muted="#a3aebb",
        grid="#2c3540",
        background="#14191f",
        dominated="#8792a0",
        noise="#6a9fc0",
        front="#56b4e9",
        cover="#e69f00",
        best="#2fc796",
        others=("#d98fc0", "#cdb35a", "#d6a07a"),
    ),
}


def palette(theme: Theme) -> Palette:
    """Return the colours for a light or a dark page."""
    return _PALETTES[theme]


def escape(text: object) -> str:
    """Make data safe to show in plotly's text, which renders tags and links.

    Examples:
        >>> escape("<b>R&D</b>")
        '&lt;b>R&amp;D&lt;/b>'
    """
    return str(text).replace("&", "&amp;").replace("<", "&lt;")


def translucent(colour: str, opacity: float) -> str:
    """Make a colour of a palette translucent.

    Examples:
        >>> translucent("#0072b2", 0.5)
        'rgba(0,114,178,0.5)'
    """
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def mixed(colour: str, background: str, share: float) -> str:
    """Mix a share of `colour` with `background`; looks translucent, and is not.

    Examples:
        >>> mixed("#ff0000", "#ffffff", 0.2)
        '#ffcccc'
    """
    pairs = zip(bytes.fromhex(colour[1:]), bytes.fromhex(background[1:]), strict=True)
    return "#" + bytes(round(share * over + (1 - share) * under) for over, under in pairs).hex()


def legible(background: str) -> str:
    """Return black or white, whichever is easier to read on a colour: at least 4.5:1.

    Examples:
        >>> legible("#0072b2"), legible("#56b4e9")
        ('#ffffff', '#000000')
    """
    return "#000000" if _luminance(background) > 0.179 else "#ffffff"


def _luminance(colour: str) -> float:
    """The relative luminance of WCAG 2."""
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
        for share in (byte / 255 for byte in bytes.fromhex(colour[1:]))
    )
    return float(0.2126 * red + 0.7152 * green + 0.0722 * blue)


def blank(theme: Theme, *, height: int) -> go.Figure:
    """Begin a figure with our look; the background stays the page's."""
    return go.Figure(_blank(theme)).update_layout(height=height)


@cache
def _blank(theme: Theme) -> go.Figure:
    """A figure to copy, because checking a template takes longer than drawing a front."""
    return go.Figure(
        layout={
            "template": {"layout": _layout(palette(theme))},
            # A constant: zoom, camera and legend survive new data.
            "uirevision": "kept",
        }
    )


def _layout(colours: Palette) -> dict[str, Any]:
    axis = {
        "gridcolor": colours.grid,
        "linecolor": colours.grid,
        "zeroline": False,
        "ticks": "outside",
        "ticklen": 4,
        "tickcolor": colours.grid,
        "tickfont": {"size": 12, "color": colours.muted},
        "title": {"font": {"size": 13, "color": colours.muted}, "standoff": 8},
        "automargin": True,
    }
    space_axis = {
        "gridcolor": colours.grid,
        "linecolor": colours.grid,
        "showbackground": False,
        "zeroline": False,
        "tickfont": {"size": 11, "color": colours.muted},
        "title": {"font": {"size": 12, "color": colours.muted}},
    }
    return {
        "font": {"family": FONT, "size": 13, "color": colours.text},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 8, "r": 8, "t": 30, "b": 8},  # so that the toolbar covers no mark
        "xaxis": axis,
        "yaxis": axis,
        "scene": {"xaxis": space_axis, "yaxis": space_axis, "zaxis": space_axis},
        "hoverlabel": {
            "bgcolor": colours.background,
            "bordercolor": colours.muted,
            "align": "left",
            "font": {"family": FONT, "size": 13, "color": colours.text},
        },
        "legend": {"font": {"size": 12, "color": colours.muted}, "itemsizing": "constant"},
        "modebar": {
            "bgcolor": "rgba(0,0,0,0)",
            "color": colours.muted,
            "activecolor": colours.text,
        },
        "dragmode": "zoom",
        "hovermode": "closest",
    }
