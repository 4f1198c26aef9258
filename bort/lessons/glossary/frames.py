"""The glossary's numbers that need statistics or homology, recorded."""

from typing import Any

import numpy as np

from bort.agora.homology import homology
from bort.agora.torus.world import torus_points
from bort.lessons.costs.frames import family
from bort.search.arrays import FloatArray
from bort.search.audit import uncovered_bound
from bort.search.intervals import nugget_from_seeds

AUDIT_POPULATION, AUDIT_DRAWN = 300, 59
_SEED = 1
_TILT = 0.6  # radians, of the torus in its picture


def frames() -> dict[str, Any]:
    """What is recorded; about 2 s, most of it the voids of the torus."""
    return {
        "tau": nugget_from_seeds([network["seeds"] for network in family()]),
        "audit": {
            "population": AUDIT_POPULATION,
            "drawn": AUDIT_DRAWN,
            "at_most": uncovered_bound(AUDIT_POPULATION, AUDIT_DRAWN, 0),
        },
        "shapes": [
            _shape("two pieces", _blobs(), 1),
            _shape("a ring", _ring(), 1),
            _shape("a torus", torus_points(3000, np.random.default_rng(_SEED)), 2),
        ],
    }


def _shape(name: str, points: FloatArray, dimension: int) -> dict[str, Any]:
    """The Betti numbers of a cloud, and some of its points as a picture."""
    found = homology(points, dimension=dimension)
    flat = points[:: max(1, len(points) // 600)]
    if flat.shape[1] == 3:
        x, y, z = flat.T
        flat = np.column_stack([x, y * np.cos(_TILT) + z * np.sin(_TILT)])
    return {
        "name": name,
        "betti": list(found.betti),
        "points": (flat / np.abs(flat).max()).round(3).tolist(),
    }


def _ring() -> FloatArray:
    rng = np.random.default_rng(_SEED)
    angle = rng.uniform(0, 2 * np.pi, 400)
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    return np.asarray(circle * rng.normal(1, 0.04, (400, 1)))


def _blobs() -> FloatArray:
    rng = np.random.default_rng(_SEED)
    return np.concatenate([rng.normal((x, 0), 0.16, (200, 2)) for x in (-0.7, 0.7)])
