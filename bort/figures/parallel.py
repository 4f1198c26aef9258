"""Architectures as lines over parallel axes: dimensions first, then the objectives.

plotly's parallel coordinates report no clicks, so a component of ours draws these values
(`bort/ui/kit/parallel.js`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bort.figures.front import LOOKS, Layer
from bort.figures.objectives import Objective
from bort.figures.theme import Theme, mixed, palette
from bort.report.numbers import compact
from bort.search.arrays import FloatArray

if TYPE_CHECKING:
    from bort.studies.choosing import AnyPoint

_TICKS = 5
NOTHING = ""  # what an architecture has of a dimension that its family does not have
_STEPS = (1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis.

    Attributes:
        note: a remark under its title, such as which side is better.
        ticks: texts and their places, 0 at the bottom and 1 at the top.
    """

    title: str
    note: str
    ticks: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One architecture.

    Attributes:
        places: its place on each axis, 0..1.
        text: what is shown when the pointer is near.
        colour, width: how it is drawn; lines come in the order in which they are drawn.
    """

    id: str
    places: tuple[float, ...]
    text: str
    colour: str
    width: float


@dataclass(frozen=True, slots=True)
class ParallelInfo:
    """The data for drawing.

    Attributes:
        constants: dimensions of a space of several families that never differ, with their values;
            they have no axis.
    """

    axes: tuple[Axis, ...]
    lines: tuple[Line, ...]
    constants: tuple[tuple[str, str], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Convert to what the component reads."""
        return asdict(self)


def parallel_info(
    points: Sequence["AnyPoint"],
    objectives: Sequence[tuple[Objective, FloatArray]],
    *,
    theme: Theme,
    log: Collection[Objective] = (),
    hidden: Collection[Layer] = (),
    faded: Collection[str] = (),
    noise: Collection[str] = (),
    best_id: str | None = None,
    pick_id: str | None = None,
    compared: Collection[str] = (),
) -> ParallelInfo:
    """Place architectures on axes; O(n) but for the axes' sorted values.

    Args:
        objectives: each with one value per point, in the order of the axes.
        noise: ids of those that are dominated, but only within noise.
        faded: ids of those that do not meet the reader's limits.
        compared: ids of those next to the pick.
    """
    cells, constants = _cells([point.architecture for point in points])
    placed = [_dimension(name, column) for name, column in cells.items()]
    placed += [_objective(one, values, is_log=one in log) for one, values in objectives]
    colours = palette(theme)
    lines = []
    for row, point in enumerate(points):
        layer = Layer.NOISE if point.name in noise else Layer.DOMINATED
        layer = Layer.FRONT if point.is_on_front else layer
        if point.name == best_id and Layer.BEST not in hidden:
            layer = Layer.BEST
        if point.name == pick_id:
            layer = Layer.PICK
        is_strong = layer in (Layer.PICK, Layer.BEST) or point.name in compared
        if layer in hidden and not is_strong:
            continue
        is_beside = point.name in compared and layer is not Layer.PICK
        colour = colours.cover if is_beside else getattr(colours, LOOKS[layer].colour)
        if point.name in faded and not is_strong:
            colour = mixed(colour, colours.background, 0.25)
        values = ", ".join(one.text(float(found[row])) for one, found in objectives)
        line = Line(
            id=point.name,
            places=tuple(float(places[row]) for _, places in placed),
            text=f"{point.name}: {values}",
            colour=colour,
            width=3.0 if is_strong else 1.5,
        )
        lines.append((is_strong, point.is_on_front, line))
    lines.sort(key=lambda one: one[:2])
    drawn = tuple(line for *_, line in lines)
    return ParallelInfo(tuple(axis for axis, _ in placed), drawn, constants)


def _cells(
    architectures: Sequence[Mapping[str, Any]],
) -> tuple[dict[str, list[Any]], tuple[tuple[str, str], ...]]:
    """Return a column per axis, and what never differs between the families of a space.

    In a space of several families, `static.hidden` and `bert.hidden` share the axis `hidden`.

    Examples:
        >>> _cells([{"static.hidden": 8}, {"bert.hidden": 4, "bert.heads": 2}])
        ({'family': ['static', 'bert'], 'hidden': [8, 4]}, (('heads', '2'),))
        >>> _cells([{"depth": 1}, {"depth": 1}])
        ({'depth': [1, 1]}, ())
    """
    families = [{name.partition(".")[0] for name in one} for one in architectures]
    is_mixed = len(set().union(*families)) > 1 and all(
        len(prefixes) == 1 and all("." in name for name in one)
        for prefixes, one in zip(families, architectures, strict=True)
    )
    if is_mixed:
        architectures = [
            {"family": family} | {name.partition(".")[2]: cell for name, cell in one.items()}
            for (family,), one in zip(families, architectures, strict=True)
        ]
    names = dict.fromkeys(name for one in architectures for name in one)
    columns = {name: [one.get(name, NOTHING) for one in architectures] for name in names}
    known = {name: set(column) - {NOTHING} for name, column in columns.items()}
    same = [name for name, values in known.items() if is_mixed and len(values) == 1]
    constants = tuple((name, str(*known[name])) for name in same)
    return {name: columns[name] for name in columns if name not in same}, constants


def _dimension(name: str, cells: Sequence[Any]) -> tuple[Axis, FloatArray]:
    """Distinct values at equal distances: nothing, then numbers, then texts."""
    found = sorted(set(cells), key=lambda cell: (cell != NOTHING, isinstance(cell, str), cell))
    places = np.linspace(0, 1, len(found)) if len(found) > 1 else np.array([0.5])
    at = dict(zip(found, places.tolist(), strict=True))
    shown = found if len(found) <= 2 * _TICKS else found[:: len(found) // _TICKS]
    ticks = tuple(
        ((str(cell) or "–") if isinstance(cell, str | bool) else compact(cell), at[cell])
        for cell in shown
    )
    return Axis(name, "", ticks), np.array([at[cell] for cell in cells])


def _objective(
    objective: Objective, values: FloatArray, *, is_log: bool
) -> tuple[Axis, FloatArray]:
    low, high = float(values.min()), float(values.max())
    is_log = is_log and low > 0
    scale = np.log if is_log else np.asarray
    start, width = float(scale(low)), float(scale(high) - scale(low)) or 1.0
    ticks = tuple(
        (compact(tick), (float(scale(tick)) - start) / width)
        for tick in (_powers(low, high) if is_log else _even(low, high))
        if low <= tick <= high
    )
    places = (scale(values) - start) / width if high > low else np.full(len(values), 0.5)
    return Axis(objective.title, "↓ better", ticks), np.asarray(places)


def _even(low: float, high: float) -> list[float]:
    """Round numbers at equal distances.

    Examples:
        >>> _even(16.2, 20.9)
        [16.0, 17.0, 18.0, 19.0, 20.0]
    """
    rough = (high - low) / _TICKS or 1.0
    power = 10 ** np.floor(np.log10(rough))
    step = next(s for s in _STEPS if s * power >= rough * 0.999) * power
    return [float(round(k * step, 12)) for k in range(int(low // step), int(high // step) + 1)]


def _powers(low: float, high: float) -> list[float]:
    """The numbers 1, 2 and 5 times powers of ten; over many powers, these alone.

    Examples:
        >>> _powers(0.3, 9.1)
        [0.1, 0.2, 0.5, 1.0, 2.0, 5.0]
    """
    first, last = int(np.floor(np.log10(low))), int(np.floor(np.log10(high)))
    decades = range(first, last + 1, max(1, (last - first) // (3 * _TICKS)))
    steps = _STEPS[:-1] if len(decades) * 3 <= 3 * _TICKS else _STEPS[:1]
    return [float(f"{step * 10.0**power:.12g}") for power in decades for step in steps]
