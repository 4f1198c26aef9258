"""Show architectures over parallel axes, with brushes and picks."""

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

import streamlit as st

from bort.figures import Theme, palette
from bort.figures.parallel import ParallelInfo
from bort.ui.kit import markup


def show(
    info: ParallelInfo,
    *,
    theme: Theme,
    key: str,
    alt: str,
    height: str,
    on_pick: Callable[[str], None],
) -> None:
    """Draw the lines. `on_pick` receives the id of a clicked one before the rerun.

    Args:
        key: unique on the page; the brushes belong to it.
        height: a CSS length.
    """

    def picked() -> None:
        value = st.session_state[key].pick
        if value:
            on_pick(str(value))

    colours = palette(theme)
    if info.constants:
        never = ", ".join(f"{name} {value}" for name, value in info.constants)
        markup.note(f"Without an axis, because all that have it have the same: {never}.")
    _component()(
        key=key,
        data={
            **info.as_json(),
            "alt": alt,
            "height": height,
            "text": colours.text,
            "muted": colours.muted,
            "background": colours.background,
            "accent": colours.cover,
        },
        on_pick_change=picked,
    )


@cache
def _component() -> Any:
    script = files("bort.ui.kit").joinpath("parallel.js").read_text("utf-8")
    return st.components.v2.component(
        "bort_parallel",
        html='<div class="bort-wide"><div class="bort-parallel"><canvas></canvas>'
        '<svg role="application" tabindex="0"></svg></div></div>'
        '<div class="bort-below"><output class="bort-note"></output>'
        '<button class="bort-save" data-format="svg">Save as SVG</button>'
        '<button class="bort-save" data-format="png">Save as PNG</button></div>',
        js=script,
        isolate_styles=False,
    )
