"""Leakage guards for points of R^d; texts have theirs beside the texts."""

import numpy as np
from scipy.spatial import cKDTree

from bort.agora.loop.values import FloatArray, Inputs
from bort.core.errors import InvalidOptionError

NEAR_AUDIT = "near-audit"  # too like an audit item: always refused
COPY_OF_DEV = "copy-of-dev"  # the same as a dev item; closer ones are what Agora samples


class DistanceGuard:
    """Refuses points within `tolerance` of an audit point, and exact copies of dev points.

    Args:
        audit: shape (a, d), may be empty. The guard looks here so that the loop need not.
        dev: shape (b, d).
        tolerance: distance up to which a point counts as the audit point itself; 0 or more.
    """

    def __init__(self, audit: FloatArray, dev: FloatArray, *, tolerance: float) -> None:
        if not 0 <= tolerance < np.inf:
            raise InvalidOptionError(f"the tolerance must be 0 or more, got {tolerance!r}")
        self._audit = cKDTree(audit) if len(audit) else None
        self._dev = frozenset(map(tuple, dev.tolist()))
        self._tolerance = tolerance

    def __call__(self, inputs: Inputs) -> list[str | None]:
        """For each point why it is refused, or None."""
        distances = np.full(len(inputs), np.inf)
        if self._audit is not None and len(inputs):
            distances = np.asarray(self._audit.query(inputs)[0])
        return [
            NEAR_AUDIT
            if distance <= self._tolerance
            else COPY_OF_DEV
            if tuple(point) in self._dev
            else None
            for point, distance in zip(inputs.tolist(), distances, strict=True)
        ]
