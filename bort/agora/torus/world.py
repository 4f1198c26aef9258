"""The torus of the announcement: a training set with a part missing, rounds that fill it.

[source] Agora was announced with points on a torus and learners down to a random guesser.
[ours] The sizes, the target and the missing part, chosen so that everything can be seen.

The torus in R^3: radius 2 to the middle of the tube, radius 1 of the tube. Two classes wind around
both holes as bands, so no patch of the torus tells the whole target. Of the training points those
with longitude between -60 and 60 degrees are missing: what is left is a bent tube, whose Betti
numbers are (1, 1, 0); the whole torus has (1, 2, 1).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bort.agora.loop.guards import DistanceGuard
from bort.agora.loop.labelers import CarefulLabeler, ModelLabeler, Oracle
from bort.agora.loop.options import AgoraOptions
from bort.agora.loop.parts import Labeler, Parts, Sampler, Setting, Student
from bort.agora.loop.run import AgoraTask
from bort.agora.loop.samplers import BallSampler, MixtureSampler, TangentSampler
from bort.agora.loop.values import Examples, FloatArray, Inputs, IntArray
from bort.agora.torus.learners import NearestNeighbours, RandomFeatures, RandomGuesser
from bort.core.errors import InvalidFieldError

MAJOR_RADIUS = 2.0
MINOR_RADIUS = 1.0
CLASS_NAMES = ("even band", "odd band")
MISSING_LONGITUDE = np.pi / 3  # missing where |longitude| is smaller: a third of the torus

TRAIN, DEV, AUDIT = 1500, 1500, 4000
POINTS_PER_ERROR, POINTS_PER_ROUND = 8, 1000
RADIUS = 1.5  # measured: docs/agora.md, "The torus"
ORACLE_NOISE = 0.1
AUDIT_TOLERANCE = 1e-6

LEARNERS: dict[str, tuple[Student, tuple[Setting, ...]]] = {
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
LABELERS = ("oracle", "noisy-oracle", "knn", "random-features")
SAMPLERS = ("tangent", "ball", "mixture")


def torus_points(n: int, rng: np.random.Generator) -> FloatArray:
    """Shape (n, 3): uniform on the surface, so rarer on the inner side.

    Source: P. Diaconis, S. Holmes, M. Shahshahani (2013), *Sampling from a manifold*.
    """
    latitudes: list[float] = []
    while len(latitudes) < n:
        angles = rng.uniform(-np.pi, np.pi, 2 * n)
        density = (MAJOR_RADIUS + MINOR_RADIUS * np.cos(angles)) / (MAJOR_RADIUS + MINOR_RADIUS)
        latitudes.extend(angles[rng.uniform(size=2 * n) < density].tolist())
    return on_torus(rng.uniform(-np.pi, np.pi, n), np.array(latitudes[:n]))


def on_torus(longitude: FloatArray, latitude: FloatArray) -> FloatArray:
    """Shape (n, 3), from two angles in radians: around the big hole, around the tube."""
    from_axis = MAJOR_RADIUS + MINOR_RADIUS * np.cos(latitude)
    return np.column_stack(
        [
            from_axis * np.cos(longitude),
            from_axis * np.sin(longitude),
            MINOR_RADIUS * np.sin(latitude),
        ]
    )


def angles(points: Inputs) -> tuple[FloatArray, FloatArray]:
    """Longitude and latitude, each of shape (n,), of the torus point nearest to each point."""
    x, y, z = points.T
    return np.arctan2(y, x), np.arctan2(z, np.hypot(x, y) - MAJOR_RADIUS)


def true_class(points: Inputs) -> IntArray:
    """Shape (n,): the sign of sin(longitude + latitude), two bands around both holes."""
    longitude, latitude = angles(points)
    return (np.sin(longitude + latitude) > 0).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class TorusSpec:
    """A torus run, in values that survive JSON. Same spec, same rounds.

    Attributes:
        learner: one of `LEARNERS`.
        labeler: one of `LABELERS`.
        sampler: one of `SAMPLERS`.
        radius: how far from its parent a point may lie.
        rounds: sampling rounds at most.
        points: accepted points at most; None is no limit.
        seed: of the splits and of the run.

    Raises:
        InvalidFieldError: an unknown name. Numbers are checked by `AgoraOptions`.
    """

    learner: str = "random-guesser"
    labeler: str = "noisy-oracle"
    sampler: str = "tangent"
    radius: float = RADIUS
    rounds: int = 8
    points: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        _one_of("learner", self.learner, tuple(LEARNERS))
        _one_of("labeler", self.labeler, LABELERS)
        _one_of("sampler", self.sampler, SAMPLERS)


@dataclass(frozen=True, eq=False, slots=True)
class TorusWorld:
    """Everything about one torus run; only `task` and `parts` are handed to the loop."""

    task: AgoraTask
    audit: Examples
    parts: Parts


def torus_world(spec: TorusSpec) -> TorusWorld:
    """Draw the three splits, which are independent, and choose the parts by name."""
    rng = np.random.default_rng(spec.seed)
    train = _examples(_without_part(TRAIN, rng))
    dev, audit = _examples(torus_points(DEV, rng)), _examples(torus_points(AUDIT, rng))
    parts = Parts(
        student=LEARNERS[spec.learner][0],
        labeler=_labeler(spec.labeler, train, rng),
        represent=lambda inputs: np.asarray(inputs, dtype=float),
        sampler=_sampler(spec.sampler, np.concatenate([train.inputs, dev.inputs])),
        guard=DistanceGuard(audit.inputs, dev.inputs, tolerance=AUDIT_TOLERANCE),
    )
    return TorusWorld(AgoraTask(CLASS_NAMES, train, dev), audit, parts)


def torus_options(spec: TorusSpec) -> AgoraOptions:
    """What the loop is told."""
    return AgoraOptions(
        radius=spec.radius,
        rounds=spec.rounds,
        points=spec.points,
        points_per_error=POINTS_PER_ERROR,
        points_per_round=POINTS_PER_ROUND,
        settings=LEARNERS[spec.learner][1],
        patience=None,
        seed=spec.seed,
    )


def _without_part(n: int, rng: np.random.Generator) -> FloatArray:
    """Shape (n, 3): uniform on what is left of the torus without its missing part."""
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


def _one_of(name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise InvalidFieldError(
            name, f"unknown {name} {value!r}; choose one of {', '.join(choices)}"
        )
