"""The announcement's torus: part of the training set is missing, and the rounds fill the gap.

[source] Agora was announced with points on a torus and learners down to a random guesser.
[ours] The sizes, the classes and the missing part; we chose them so that everything is easy to see.

The torus is in R^3. The middle of its tube has radius 2, the tube has radius 1. The two classes
are bands that wind around both holes, so no patch of the torus shows the whole pattern. The
training points with longitude between -60 and 60 degrees are missing. What is left is a bent tube,
whose Betti numbers are (1, 1, 0); the whole torus has (1, 2, 1).
"""

import numpy as np
from scipy.spatial import cKDTree

from bort.agora.loop import (
    AgoraOptions,
    AgoraTask,
    Examples,
    Hyperparameters,
    Inputs,
    Labeler,
    Parts,
    Sampler,
    Student,
    Verdict,
)
from bort.agora.loop.labelers import CarefulLabeler
from bort.agora.loop.samplers import MixtureSampler
from bort.agora.loop.values import FloatArray, IntArray
from bort.agora.torus.learners import (
    ModelLabeler,
    NearestNeighbours,
    Oracle,
    RandomFeatures,
    RandomGuesser,
)
from bort.agora.torus.samplers import BallSampler, TangentSampler
from bort.agora.world import Observer, World
from bort.core.agora import TorusSpec
from bort.core.errors import InvalidOptionError

MAJOR_RADIUS = 2.0
MINOR_RADIUS = 1.0
CLASS_NAMES = ("even band", "odd band")
MISSING_LONGITUDE = np.pi / 3  # missing where |longitude| is smaller: a third of the torus

TRAIN, DEV, AUDIT = 1500, 1500, 4000
POINTS_PER_ERROR, POINTS_PER_ROUND = 8, 1000
ORACLE_NOISE = 0.1
AUDIT_TOLERANCE = 1e-6

LEARNERS: dict[str, tuple[Student, tuple[Hyperparameters, ...]]] = {
    "random-guesser": (
        RandomGuesser(),
        ({"memory_radius": 0.25}, {"memory_radius": 0.35}, {"memory_radius": 0.5}),
    ),
    "knn": (
        NearestNeighbours(),
        ({"neighbours": 1.0}, {"neighbours": 5.0}, {"neighbours": 15.0}),
    ),
    "random-features": (
        RandomFeatures(),
        ({"width": 0.25}, {"width": 0.5}, {"width": 1.0}),
    ),
}


def torus_points(n: int, rng: np.random.Generator) -> FloatArray:
    """Draw n points uniformly from the surface, shape (n, 3); the inner side gets fewer.

    Source: P. Diaconis, S. Holmes, M. Shahshahani (2013), *Sampling from a manifold*.
    """
    latitudes: list[float] = []
    while len(latitudes) < n:
        angles = rng.uniform(-np.pi, np.pi, 2 * n)
        density = (MAJOR_RADIUS + MINOR_RADIUS * np.cos(angles)) / (MAJOR_RADIUS + MINOR_RADIUS)
        latitudes.extend(angles[rng.uniform(size=2 * n) < density].tolist())
    return on_torus(rng.uniform(-np.pi, np.pi, n), np.array(latitudes[:n]))


def on_torus(longitude: FloatArray, latitude: FloatArray) -> FloatArray:
    """Map two angles in radians, around the hole and around the tube, to points, shape (n, 3)."""
    from_axis = MAJOR_RADIUS + MINOR_RADIUS * np.cos(latitude)
    return np.column_stack(
        [
            from_axis * np.cos(longitude),
            from_axis * np.sin(longitude),
            MINOR_RADIUS * np.sin(latitude),
        ]
    )


def angles(points: Inputs) -> tuple[FloatArray, FloatArray]:
    """Return longitude and latitude, shape (n,) each, of the torus point nearest to each point."""
    x, y, z = points.T
    return np.arctan2(y, x), np.arctan2(z, np.hypot(x, y) - MAJOR_RADIUS)


def true_class(points: Inputs) -> IntArray:
    """Return the sign of sin(longitude + latitude), shape (n,): two bands around both holes."""
    longitude, latitude = angles(points)
    return (np.sin(longitude + latitude) > 0).astype(np.int64)


def options_of(spec: TorusSpec) -> AgoraOptions:
    """Return the loop's options."""
    return AgoraOptions(
        radius=spec.radius,
        rounds=spec.rounds,
        points=spec.points,
        points_per_error=POINTS_PER_ERROR,
        points_per_round=POINTS_PER_ROUND,
        hyperparameter_sets=LEARNERS[spec.learner][1],
        patience=None,
        seed=spec.seed,
    )


class DistanceGuard:
    """Refuses points within `tolerance` of an audit point, and exact copies of dev points.

    Args:
        audit: shape (a, d), may be empty. Only the guard sees the audit split; the loop does not.
        dev: shape (b, d).
        tolerance: a point this close to an audit point counts as the same; 0 or more.
    """

    def __init__(self, audit: FloatArray, dev: FloatArray, *, tolerance: float) -> None:
        if not 0 <= tolerance < np.inf:
            raise InvalidOptionError(f"the tolerance must be 0 or more, got {tolerance!r}")
        self._audit = cKDTree(audit) if len(audit) else None
        self._dev = frozenset(map(tuple, dev.tolist()))
        self._tolerance = tolerance

    def __call__(self, inputs: Inputs) -> list[Verdict | None]:
        """Return why each point is refused, or None."""
        distances = np.full(len(inputs), np.inf)
        if self._audit is not None and len(inputs):
            distances = np.asarray(self._audit.query(inputs)[0])
        return [
            Verdict.NEAR_AUDIT
            if distance <= self._tolerance
            else Verdict.COPY_OF_DEV
            if tuple(point) in self._dev
            else None
            for point, distance in zip(inputs.tolist(), distances, strict=True)
        ]


def torus_world(spec: TorusSpec) -> World:
    """Draw the three independent splits and choose the parts by name."""
    rng = np.random.default_rng(spec.seed)
    train = _examples(_without_part(TRAIN, rng))
    dev, audit = _examples(torus_points(DEV, rng)), _examples(torus_points(AUDIT, rng))
    parts = Parts(
        student=LEARNERS[spec.learner][0],
        labeler=_labeler(spec.labeler, train, rng),
        represent=_coordinates,
        sampler=_sampler(spec.sampler, np.concatenate([train.inputs, dev.inputs])),
        guard=DistanceGuard(audit.inputs, dev.inputs, tolerance=AUDIT_TOLERANCE),
    )
    return World(
        task=AgoraTask(CLASS_NAMES, train, dev),
        audit=audit,
        parts=parts,
        options=options_of(spec),
        observer=Observer(audit, _coordinates, dev.inputs, radius=spec.radius, dimension=2),
    )


def _coordinates(inputs: Inputs) -> FloatArray:
    return np.asarray(inputs, dtype=float)


def _without_part(n: int, rng: np.random.Generator) -> FloatArray:
    """Draw n points uniformly from the torus without its missing part, shape (n, 3)."""
    points = torus_points(2 * n, rng)
    left: FloatArray = points[np.abs(angles(points)[0]) > MISSING_LONGITUDE][:n]
    return left


def _examples(points: FloatArray) -> Examples:
    return Examples.of(points, true_class(points), len(CLASS_NAMES))


def _labeler(name: str, train: Examples, rng: np.random.Generator) -> Labeler:
    if name == "oracle":
        return Oracle(CLASS_NAMES, true_class)
    if name == "noisy-oracle":
        return CarefulLabeler(Oracle(CLASS_NAMES, true_class, ORACLE_NOISE), is_hard=True)
    student = NearestNeighbours() if name == "knn" else RandomFeatures()
    return ModelLabeler(CLASS_NAMES, student.fit(train, {}, rng))


def _sampler(name: str, known_points: FloatArray) -> Sampler:
    tangent = TangentSampler(known_points, dimension=2)
    if name == "tangent":
        return tangent
    if name == "ball":
        return BallSampler()
    return MixtureSampler([(tangent, 0.5), (BallSampler(), 0.5)])
