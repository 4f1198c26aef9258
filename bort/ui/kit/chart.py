"""Show a figure with local plotly, report clicks to Python, keep the camera where it is.

`st.plotly_chart` mounts a 3-D chart again on every change, which loses its camera, and does not
report clicks on it. This component keeps the camera and reports clicks for every kind of chart.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cache, lru_cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import plotly
import plotly.graph_objects as go
import streamlit as st
import streamlit.components.v1 as components

from bort.ui.kit.same import Same

_FLAT_BUTTONS = ["zoom2d", "pan2d", "resetScale2d"]
_SPACE_BUTTONS = ["orbitRotation", "pan3d", "resetCameraDefault3d"]


KEPT = 64  # charts, of all sessions; those of 20,000 points take 1.4 MB each


@dataclass(frozen=True, slots=True)
class Sketch:
    """A figure that is not built again for the next session or rerun that wants the same.

    Attributes:
        made_of: everything that the figure depends on.
    """

    made_of: Hashable
    build: Callable[[], go.Figure] = field(compare=False)

    @classmethod
    def of(cls, plot: Callable[..., go.Figure], *values: Hashable, **options: Hashable) -> "Sketch":
        """Sketch `plot(*values, **options)`, which depends on nothing else.

        Args:
            values: each is compared by its content, or is a `Same` whose value `plot` receives.
        """
        plain = [value.value if isinstance(value, Same) else value for value in values]
        return cls((plot, values, tuple(options.items())), partial(plot, *plain, **options))


class _Drawn(NamedTuple):
    content: str
    height: float | None
    is_space: bool


def show(
    figure: go.Figure | Sketch,
    *,
    key: str,
    alt: str,
    on_pick: Callable[[str], None] | None = None,
    height: str | None = None,
    cursor: str | None = None,
) -> None:
    """Draw `figure`. `on_pick` receives the `customdata` of a clicked mark before the rerun.

    Args:
        key: unique on the page; zoom and camera belong to it.
        alt: what the picture shows, for readers who cannot see it.
        height: a CSS length, for a chart that fits the window; None means the figure's own.
        cursor: names the map whose round the figure's first shape marks.
    """

    def picked() -> None:
        value = st.session_state[key].pick
        if on_pick and value:
            on_pick(str(value))

    drawn = _drawn(figure) if isinstance(figure, Sketch) else _draw(figure)
    _component()(
        key=key,
        data={
            "figure": drawn.content,
            "library": _library_url(),
            "config": {
                "displaylogo": False,
                "displayModeBar": "hover",
                "modeBarButtons": [_SPACE_BUTTONS if drawn.is_space else _FLAT_BUTTONS],
            },
            "picks": on_pick is not None,
            "alt": alt,
            "cursor": cursor,
            "height": height or f"{drawn.height}px",
        },
        on_pick_change=picked,
    )


@lru_cache(maxsize=KEPT)
def _drawn(sketch: Sketch) -> _Drawn:
    return _draw(sketch.build())


def _draw(figure: go.Figure) -> _Drawn:
    is_space = any(trace.type == "scatter3d" for trace in figure.data)
    return _Drawn(figure.to_json(), figure.layout.height, is_space)


@cache
def _component() -> Any:
    script = files("bort.ui.kit").joinpath("chart.js").read_text("utf-8")
    return st.components.v2.component(
        "bort_chart",
        html='<div class="bort-chart" style="width:100%"></div>',
        js=script,
        isolate_styles=False,
    )


@cache
def _library_url() -> str:
    """Serve the installed plotly.min.js; the URL is relative, so it works under any path."""
    folder = Path(plotly.__file__).parent / "package_data"
    served = components.declare_component("plotly", path=str(folder))
    return f"./component/{served.name}/plotly.min.js?v={plotly.__version__}"
