"""Figures: values in, `plotly.graph_objects.Figure` out. No page, no store, no clock."""

from bort.figures.front import (
    FrontInfo,
    front_info,
    plot_certified_epsilon,
    plot_front_3d,
    plot_pair,
)
from bort.figures.objectives import ERROR, LATENCY, OBJECTIVES, SIZE, Objective
from bort.figures.theme import Palette, Theme, escape, palette
from bort.figures.weights import TriangleInfo, plot_weight_triangle

__all__ = [
    "ERROR",
    "LATENCY",
    "OBJECTIVES",
    "SIZE",
    "FrontInfo",
    "Objective",
    "Palette",
    "Theme",
    "TriangleInfo",
    "escape",
    "front_info",
    "palette",
    "plot_certified_epsilon",
    "plot_front_3d",
    "plot_pair",
    "plot_weight_triangle",
]
