"""The front of a table, whose objectives have the names and units of their columns."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bort.figures.front import FloatArray, FrontInfo, Marks
from bort.figures.objectives import Objective
from bort.figures.theme import escape
from bort.studies.choosing import NORMAL_95

if TYPE_CHECKING:
    from bort.studies.answers import TablePoint


def table_objectives(size: str, latency: str, error: str) -> tuple[Objective, ...]:
    """Make the objectives of a table from the names of its columns.

    Examples:
        >>> [one.title for one in table_objectives("params", "ms", "error")]
        ['params', 'ms', 'error']
    """
    names = (("size", size), ("latency", latency), ("error", error))
    return tuple(
        Objective(short, column, escape(title), "~g", "{:,.4g}")
        for column, (short, title) in enumerate(names)
    )


def table_info(
    points: Sequence["TablePoint"],
    *,
    front: Sequence[int],
    cover: Sequence[int] = (),
    best_id: int | None = None,
) -> FrontInfo:
    """Group evaluated rows by how they are drawn.

    Args:
        front, cover: ids of the rows on the front and in the ε-cover.
    """
    on_front, in_cover = set(front), set(cover)
    return FrontInfo(
        dominated=_marks([p for p in points if p.id not in on_front]),
        front=_marks([p for p in points if p.id in on_front]),
        cover=_marks([p for p in points if p.id in in_cover]),
        best=_marks([p for p in points if p.id == best_id]),
        pick=_marks([]),
    )


def _marks(points: Sequence["TablePoint"]) -> Marks:
    errors = np.array([p.error_rate for p in points])
    half = NORMAL_95 * np.array([p.error_se or 0.0 for p in points])
    return Marks(
        ids=tuple(str(p.id) for p in points),
        values=_columns(points, errors),
        low=_columns(points, np.maximum(0.0, errors - half)),
        high=_columns(points, np.minimum(1.0, errors + half)),
        hover=tuple(_hover(p) for p in points),
        faded=np.zeros(len(points), dtype=bool),
    )


def _columns(points: Sequence["TablePoint"], errors: FloatArray) -> FloatArray:
    rows = [(p.size, p.latency, e) for p, e in zip(points, errors, strict=True)]
    return np.array(rows, dtype=np.float64).reshape(-1, 3)


def _hover(point: "TablePoint") -> str:
    dimensions = ", ".join(f"{escape(k)} {escape(v)}" for k, v in point.architecture.items())
    return "<br>".join(
        [
            f"<b>{escape(point.label)}</b>",
            dimensions,
            f"size {point.size:,.4g}, latency {point.latency:,.4g}, error {point.error_rate:.4g}",
            f"W {point.w:.3f}",
        ]
    )
