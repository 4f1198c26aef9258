"""Where the items of a stored run are on its maps."""

import numpy as np
from numpy.typing import NDArray

from bort.agora.maps import KINDS, Kept, Kind
from bort.storage.agora import read_places
from bort.studies.agora import DevItems, StoredRun

Places = NDArray[np.floating]


def map_kinds(run: StoredRun) -> tuple[Kind | None, ...]:
    """List the maps of a run, the first one to show first; None is the torus itself, in space."""
    if run.is_torus:
        return (None,)
    stored = read_places(run.job, None) or {}
    return tuple(kind for kind in KINDS if kind in stored)


def kept_by(run: StoredRun, kind: Kind | None) -> Kept | None:
    """Return how well a map keeps neighbourhoods; None on the torus."""
    stored = read_places(run.job, None) or {}
    return None if kind is None else Kept(*map(float, stored[f"{kind}-kept"]))


def dev_places(run: StoredRun, dev: DevItems, kind: Kind | None) -> Places:
    """Return the places of the dev items, shape (n, 2), or (n, 3) on the torus."""
    if kind is None:
        return np.array(dev.values, dtype=float)
    places: Places = (read_places(run.job, None) or {})[kind]
    return places


def round_places(
    run: StoredRun, number: int, kind: Kind | None
) -> tuple[Places, NDArray[np.bool_]]:
    """Return the places of a round's points, and which of them are off the map.

    A round whose places are lost has its points in the middle, off the map.
    """
    points = run.rounds[number].points
    inside = np.zeros(len(points), dtype=bool)
    if kind is None:
        return np.array([point.value for point in points], dtype=float).reshape(-1, 3), inside
    stored = read_places(run.job, number) or {}
    if not points or len(stored.get(kind, ())) != len(points):
        return np.zeros((len(points), 2)), ~inside
    return stored[kind], stored["off"] > 0
