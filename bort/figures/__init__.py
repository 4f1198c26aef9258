"""Figures: values in, `plotly.graph_objects.Figure` out. No page, no store, no clock."""

from bort.figures.certified import plot_certified_epsilon
from bort.figures.front import (
    LOOKS,
    WEBGL_FROM,
    FrontInfo,
    Layer,
    front_info,
    plot_front_3d,
    plot_pair,
)
from bort.figures.objectives import (
    ERROR,
    LATENCY,
    OBJECTIVES,
    SIZE,
    SIZES,
    TEXT_TO_LABEL,
    Objective,
    axes_of,
    objectives_of,
)
from bort.figures.theme import Palette, Theme, escape, palette
from bort.figures.weights import TriangleInfo, plot_weight_triangle

__all__ = [
    "ERROR",
    "LATENCY",
    "LOOKS",
    "OBJECTIVES",
    "SIZE",
    "SIZES",
    "TEXT_TO_LABEL",
    "WEBGL_FROM",
    "FrontInfo",
    "Layer",
    "Objective",
    "Palette",
    "Theme",
    "TriangleInfo",
    "axes_of",
    "escape",
    "front_info",
    "objectives_of",
    "palette",
    "plot_certified_epsilon",
    "plot_front_3d",
    "plot_pair",
    "plot_weight_triangle",
]
