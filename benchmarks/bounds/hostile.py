"""Twenty-two kinds of small spaces that tempt a search into wrong claims."""

import itertools
from collections.abc import Callable

import numpy as np

from benchmarks.search.guarantee import Case
from bort.search import SearchProblem
from bort.search.arrays import BoolArray, FloatArray

_VALUES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
_ROWS = 80  # about; so that a search of thousands of them ends
_FEWEST = 8
_LARGEST, _TINIEST = 1.0, 1e-300  # errors
Rng = np.random.Generator
Axes = list[FloatArray]


def hostile_case(kind: str, seed: int) -> Case:
    """Make a space of this kind.

    Raises:
        KeyError: it is none of `HOSTILE`.
    """
    rng = np.random.default_rng([seed, *kind.replace("-", " ").encode()])  # as recorded
    axes, categorical = _axes(kind, rng)
    share = min(0.5 if kind == "holes" else 0.95, _ROWS / np.prod([len(a) for a in axes]))
    rows = np.array(list(itertools.product(*axes)), dtype=float)
    keep = rng.random(len(rows)) < share
    keep[: 0 if keep.sum() >= _FEWEST else _FEWEST] = True
    x = rows[keep]
    extents = np.ptp(x, axis=0)
    u = (x - x.min(axis=0)) / np.where(extents > 0, extents, 1.0)
    logs = HOSTILE[kind](_smooth(u, rng), u, rng)
    logs = logs + _levels(x, categorical, rng)
    errors = _errors(kind, logs, u, rng)
    problem = SearchProblem(
        tuple(f"d{k}" for k in range(x.shape[1])),
        x,
        *_costs(kind, u, rng),
        categorical=categorical,
    )
    return Case(problem, errors, (0.0,) * x.shape[1], 0.0)


def _axes(kind: str, rng: Rng) -> tuple[Axes, BoolArray]:
    """Choose the values of the dimensions, and which are categories."""
    match kind:
        case "linear":
            counts = rng.integers(3, 7, size=rng.integers(2, 4))
            axes = [np.unique(np.append(rng.uniform(-3, 3, n).round(2), 0.0)) for n in counts]
        case "fine":
            axes = [np.log(np.arange(1.0, rng.integers(40, 120))), _sizes(rng, 3)]
        case "constant-dimensions":
            axes = [*_integers(rng)[:3], np.zeros(1), np.zeros(1)]
        case "categories":
            axes = [np.arange(float(n)) for n in rng.integers(2, 6, size=rng.integers(2, 5))]
            return axes, np.ones(len(axes), dtype=bool)
        case "mixed":
            axes = [_integers(rng)[0], np.array([-1.0, 0.0, 0.5, 2.0]), np.arange(3.0)]
            return [*axes, np.arange(2.0)], np.array([False, False, True, True])
        case "huge-ranges":
            decades = [(-12, -6, 0, 6, 12), (0, 3, 9), (0, 0.3, 0.5, 0.6)]
            axes = [np.log(10.0) * np.array(some) for some in decades]
        case _:
            axes = _integers(rng)
    return axes, np.zeros(len(axes), dtype=bool)


def _integers(rng: Rng) -> Axes:
    dimensions = int(rng.integers(2, 5))
    most = 7 if dimensions < 4 else 5
    return [_sizes(rng, int(rng.integers(2, most))) for _ in range(dimensions)]


def _sizes(rng: Rng, count: int) -> FloatArray:
    return np.asarray(np.log(np.sort(rng.choice(_VALUES, size=count, replace=False))))


def _costs(kind: str, u: FloatArray, rng: Rng) -> tuple[FloatArray, FloatArray]:
    if kind == "huge-ranges":
        return np.exp(30 * u[:, 0] + _different(u)), np.exp(-20 * u[:, 1] + _different(u))
    width = u.shape[1]
    size = 100 + 10 * np.exp(2 * u @ rng.choice([0, 0.5, 1, 2], size=width))
    latency = 0.3 + 0.1 * np.exp(2 * u @ rng.choice([0, 0.5, 1, 1.5], size=width))
    latency += 0.04 * u.sum(axis=1) ** 2
    if kind == "latency-at-random":
        latency = rng.uniform(0.5, 5, len(u))
    if kind == "equal-costs":
        return np.maximum(1.0, np.log(size).round()), np.ceil(4 * latency / latency.max())
    return size + _different(u), latency


def _different(u: FloatArray) -> FloatArray:
    return np.asarray(1e-3 * np.arange(len(u)), dtype=float)


def _smooth(u: FloatArray, rng: Rng) -> FloatArray:
    waves = np.cos(1.5 * u @ rng.normal(size=(u.shape[1], 4)) + rng.uniform(0, 6, 4))
    return np.asarray(u @ rng.uniform(-0.6, 0.1, u.shape[1]) + 0.15 * waves.sum(axis=1))


def _levels(x: FloatArray, categorical: BoolArray, rng: Rng) -> FloatArray:
    """Add a level for each value of a category."""
    total = np.zeros(len(x))
    for column in x[:, categorical].T:
        total += rng.normal(0, 0.3, 8)[column.astype(int)]
    return total


def _errors(kind: str, logs: FloatArray, u: FloatArray, rng: Rng) -> FloatArray:
    """Turn ln e into errors between 0 and 1; one of 0 counts as half of the least above it."""
    errors = 0.2 * np.exp(logs - np.median(logs))
    if kind == "huge-ranges":
        errors = np.exp(-12 * rng.random() * (u @ rng.random(u.shape[1])) - 0.1)
    if kind == "zeros":
        errors = np.maximum(0.0, errors - np.quantile(errors, 0.2))
    if kind == "nearly-zero":
        least = _TINIEST * (1 + rng.random(len(errors)))
        errors = np.maximum(least, errors - np.quantile(errors, 0.1))
    errors = np.minimum(errors, _LARGEST)
    return np.asarray(np.maximum(errors, errors[errors > 0].min() / 2))


def _needle(y: FloatArray, u: FloatArray, rng: Rng) -> FloatArray:  # noqa: ARG001
    y = y.copy()
    y[rng.integers(len(y))] -= rng.uniform(0.5, 2)
    return y


def _step(y: FloatArray, u: FloatArray, rng: Rng) -> FloatArray:
    behind = (u[:, 0] > rng.uniform(0.2, 0.8)) & (u[:, 1] < rng.uniform(0.2, 0.9))
    return np.asarray(y + rng.uniform(0.3, 1) * behind)


def _island(y: FloatArray, u: FloatArray, rng: Rng) -> FloatArray:
    return np.asarray(0.01 * rng.normal(size=len(y)) - ((u > 0.2) & (u < 0.9)).all(axis=1))


def _gorge(y: FloatArray, u: FloatArray, rng: Rng) -> FloatArray:
    middle = u.mean(axis=1)
    return np.asarray(0.02 * rng.normal(size=len(y)) - 1.2 * ((middle > 0.45) & (middle < 0.6)))


def _saddle(y: FloatArray, u: FloatArray, rng: Rng) -> FloatArray:  # noqa: ARG001
    return np.asarray(rng.uniform(0.5, 1) * 4 * (u[:, 0] - 0.5) * (u[:, 1] - 0.5))


def _as_is(y: FloatArray, u: FloatArray, rng: Rng) -> FloatArray:  # noqa: ARG001
    return y


def _noisy(deviation: float) -> Callable[[FloatArray, FloatArray, Rng], FloatArray]:
    return lambda y, _, rng: np.asarray(y + deviation * rng.normal(size=len(y)))


# What becomes of smooth ln e, by the positions on the dimensions' scales.
HOSTILE: dict[str, Callable[[FloatArray, FloatArray, Rng], FloatArray]] = {
    **dict.fromkeys(
        (
            *("smooth", "linear", "categories", "mixed", "constant-dimensions", "fine", "holes"),
            *("huge-ranges", "zeros", "nearly-zero", "latency-at-random", "equal-costs"),
        ),
        _as_is,
    ),
    "ties": lambda y, *_: np.round(4 * y) / 4,
    "noise-of-2%": _noisy(0.02),
    "noise-of-5%": _noisy(0.05),
    "noise-of-10%": _noisy(0.1),
    "step": _step,
    "needle": _needle,
    "saddle": _saddle,
    "island": _island,
    "gorge": _gorge,
    "no-structure": lambda y, _, rng: rng.normal(0, 0.3, len(y)),
}
