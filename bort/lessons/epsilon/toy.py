"""The toy that lesson 3 searches: perceptrons of two dimensions, with errors from a formula.

Everything but the errors is real: parameters and multiply-adds are exact, the search is the one
that `bort search` runs. Errors come from a formula because the lesson must be able to show all of
them; multiply-adds stand in for latency because a toy of this size is timed by its overhead.
"""

import numpy as np

from bort.core.question import Goal, Question
from bort.families.space import FamilySpace
from bort.search.arrays import FloatArray
from bort.search.observation import Observation
from bort.search.problem import SearchProblem

DEPTHS = (1, 2, 3, 4, 6, 8)
WIDTHS = (16, 24, 32, 48, 64, 96, 128, 192)
EPSILONS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0)
NEEDLE_EPSILON = 0.5
NEEDLE_FACTOR = 2.2  # the needle errs this many times less than the formula says

FINE_WIDTHS = tuple(range(WIDTHS[0], WIDTHS[-1] + 1))  # the same extent, more in between
FINE_DEPTHS = tuple(range(DEPTHS[0], DEPTHS[-1] + 1))
FINE_EPSILON = 0.5


def space(depths: tuple[int, ...], widths: tuple[int, ...]) -> FamilySpace:
    """Perceptrons of these sizes."""
    return FamilySpace(
        "toy perceptrons", "mlp", {"depth": depths, "hidden": widths}, {"inputs": 64, "labels": 2}
    )


SPACE = space(DEPTHS, WIDTHS)
FINE = space(FINE_DEPTHS, FINE_WIDTHS)


def errors(needle: int | None = None, *, of: FamilySpace = SPACE) -> FloatArray:
    """Made-up error rates, shape (N,): smooth in both dimensions, but for the needle."""
    depth, hidden = (_share(of.columns[name]) for name in ("depth", "hidden"))
    narrow = 0.30 * np.exp(-1.8 * hidden) * (1 - 0.45 * depth)
    found = 0.12 + narrow + 0.05 * (1 - depth) ** 2 + 0.02 * depth**2
    if needle is not None:
        found[needle] /= NEEDLE_FACTOR
    return np.asarray(found)


def problem(of: FamilySpace = SPACE) -> SearchProblem:
    """A toy as the search sees it: coordinates, sizes, multiply-adds."""
    elasticities = of.family.elasticities()
    size, operations = (
        np.array([elasticities[name][dimension] for dimension in of.dimensions], dtype=float)
        for name in ("parameter_count", "operation_count")
    )
    return SearchProblem(
        tuple(of.dimensions),
        np.log(of.values.astype(float)),
        of.parameter_count.astype(float),
        of.operation_count(1, 1),
        size_elasticity=size,
        latency_elasticity=operations,
        label=lambda index: of.architecture(index).id,
    )


def true_lipschitz(of: FamilySpace = SPACE) -> tuple[float, float]:
    """The smallest λ of the formula, rounded up to two digits.

    Over a grid, the steepest step between neighbours is enough: any two points are joined by steps
    along the axes.
    """
    listed = list(of.dimensions.values())
    logs = np.log(errors(of=of)).reshape([len(values) for values in listed])
    slopes = [
        np.abs(np.diff(logs, axis=axis)) / np.expand_dims(np.diff(np.log(values)), 1 - axis)
        for axis, values in enumerate(listed)
    ]
    depth, hidden = (float(np.ceil(100 * slope.max()) / 100) for slope in slopes)
    return depth, hidden


def question(epsilon: float, *, is_given: bool, of: FamilySpace = SPACE) -> Question:
    """Ask for a cover; λ is the formula's own, or estimated as in a real search."""
    return Question(
        goal=Goal.COVER, epsilon=epsilon, lipschitz=true_lipschitz(of) if is_given else None
    )


def observe(needle: int | None = None, *, of: FamilySpace = SPACE) -> dict[int, Observation]:
    """What training each architecture would show."""
    return {index: Observation.of(float(e)) for index, e in enumerate(errors(needle, of=of))}


def _share(values: np.ndarray) -> FloatArray:
    logs = np.log(values.astype(float))
    return np.asarray((logs - logs.min()) / np.ptp(logs))
