"""Where the names of marks stand in a chart, so that no two overlap."""

from collections.abc import Iterable, Sequence

Point = tuple[float, float]
Box = tuple[float, float, float, float]  # left, low, right, high

FONT = 11  # pixels
_LETTER = 0.56 * FONT  # the mean width of a letter
_GAP = 5  # between a mark's middle and its name
_SIDES = {  # of the mark: across and up
    "top right": (1, 1),
    "top left": (-1, 1),
    "bottom right": (1, -1),
    "bottom left": (-1, -1),
    "middle right": (1, 0),
    "middle left": (-1, 0),
    "top center": (0, 1),
    "bottom center": (0, -1),
}


def place_names(
    names: Sequence[str], points: Sequence[Point], width: float, height: float
) -> list[str | None]:
    """Choose a side of each mark for its name, in order; the first names have the first choice.

    Args:
        points: the marks, in pixels from the lower left corner.
        width, height: of the chart, in pixels.

    Returns:
        A `textposition` of plotly for each name; None where it fits on no side. Cost: the square
        of the number of marks.
    """
    taken = [(x - 4, y - 4, x + 4, y + 4) for x, y in points]
    found: list[str | None] = []
    for name, point in zip(names, points, strict=True):
        boxes = {side: _box(name, point, side) for side in _SIDES}
        free = (side for side, box in boxes.items() if _is_free(box, taken, width, height))
        found.append(side := next(free, None))
        if side is not None:
            taken.append(boxes[side])
    return found


def _box(name: str, point: Point, side: str) -> Box:
    """Where a name would stand."""
    across, up = _SIDES[side]
    length = _LETTER * len(name)
    left = point[0] + {1: _GAP, 0: -length / 2, -1: -_GAP - length}[across]
    low = point[1] + {1: _GAP, 0: -FONT / 2, -1: -_GAP - FONT}[up]
    return left, low, left + length, low + FONT


def _is_free(box: Box, taken: Iterable[Box], width: float, height: float) -> bool:
    left, low, right, high = box
    if left < 0 or low < 0 or right > width or high > height:
        return False
    return not any(left < x1 and x0 < right and low < y1 and y0 < high for x0, y0, x1, y1 in taken)
