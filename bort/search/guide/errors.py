"""Gaussian processes over ln e, which guide the choice but never the certificate."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np

from bort.search.arrays import FloatArray, IntArray
from bort.search.guide.kernels import Grid, Kernels, Weighing
from bort.search.observation import Observation
from bort.search.problem import SearchProblem

_PROCESSES = 64  # drawn from the prior, weighted by the likelihood of what was observed
_SHARE, _MOST = 0.98, 16  # the likeliest predict, until they have this share
_MOST_NUMBERS = 8_000_000  # predicted at a time: bounds the memory in very large spaces
_HOPELESS = 25.0  # nats of likelihood behind the best: such a process is dropped for good
_FIRST_ERROR, _FIRST_DEVIATION = 0.25, 0.4  # before anything is known
_PRIOR = 1.0  # shape and rate of the inverse gamma prior of a process's variance
_FLAT, _FLAT_SCALE = 1e-9, 0.1  # where all errors are equal so far
# Leave-one-out errors widen the predicted deviations by up to this factor. They count fully only
# with many more observations than this.
_WIDEST, _FEW = 3.0, 10.0


_Kept = TypeVar("_Kept")


class Predicted(NamedTuple):
    """What several processes say about the measured ln e of all N architectures.

    Attributes:
        shares: shape (P,), the processes' weights; sum 1.
        means, deviations: shape (P, N).
    """

    shares: FloatArray
    means: FloatArray
    deviations: FloatArray

    @property
    def mean(self) -> FloatArray:
        """The mean of all processes, shape (N,)."""
        return np.asarray(self.shares @ self.means)

    @property
    def deviation(self) -> FloatArray:
        """The standard deviation of all processes together, shape (N,)."""
        spread = self.deviations**2 + (self.means - self.mean) ** 2
        return np.asarray(np.sqrt(self.shares @ spread))


@dataclass
class _Reduced:
    """A process's variance at all architectures, after its first `count` observations."""

    variance: FloatArray
    count: int = 0


class _Weighed(NamedTuple):
    """The processes that predict, the likeliest first.

    Attributes:
        places: shape (P,), among all that are followed.
        shares: shape (P,); sum 1.
        centre, scale: what the errors were standardised by.
        whitened: shape (P, m), the standardised errors times the inverse factors.
        weights: of the m observations, by process.
    """

    places: IntArray
    shares: FloatArray
    centre: float
    scale: float
    whitened: FloatArray
    weights: list[FloatArray]


class ErrorModel:
    """An average of Gaussian processes that learns one error at a time.

    Each process has its own length for every dimension. Their parameters are drawn once, so an
    observation adds one row to each inverse Cholesky factor, and the state depends only on the
    observations and their order.

    Cost of an observation: O(m²) per process that is not hopeless; of a prediction: O(N m) per
    process that predicts. Memory: O(N) per process that predicts.
    """

    def __init__(self, problem: SearchProblem) -> None:
        self._kernels = Kernels.drawn(Grid(problem), _PROCESSES)
        self._size = len(problem)
        self._followed: list[int] = []
        self._rows: IntArray = np.empty(0, dtype=np.int64)
        self._errors: list[float] = []
        self._inverse: FloatArray = np.zeros((_PROCESSES, 8, 8))  # of the Cholesky factors
        self._names: IntArray = np.arange(_PROCESSES)
        self._reduced: dict[int, _Reduced] = {}
        self._weighings: dict[int, Weighing] = {}  # of the processes that predicted
        self._cut_fit = np.empty((0, 0)), np.empty(0)  # of the tail-cut errors so far

    def copy(self) -> "ErrorModel":
        """Return a model that has learnt the same, and learns on its own from here."""
        twin = copy.copy(self)
        twin._followed, twin._errors = list(self._followed), list(self._errors)
        twin._inverse, twin._weighings = self._inverse.copy(), {}  # these would grow with ours
        twin._reduced = {
            name: _Reduced(known.variance.copy(), known.count)
            for name, known in self._reduced.items()
        }
        return twin

    def follow(self, observations: Mapping[int, Observation]) -> None:
        """Learn the observations that are new. Precondition: the earlier ones come first."""
        for index in list(observations)[len(self._followed) :]:
            self._followed.append(index)
            if observations[index].is_anchor:
                self._add(index, float(np.log(observations[index].error)))

    def mean(self) -> FloatArray:
        """Predict the mean of the measured ln e of all architectures: shape (N,)."""
        if not self._errors:
            return np.full(self._size, np.log(_FIRST_ERROR))
        ahead = self._weighed(is_tail_cut=False)
        means = self._means(ahead)
        self._weighings = self._fewer(self._weighings, ahead.places, min(self._most, 2 * _MOST))
        return np.asarray(ahead.shares @ means)

    def predict(self, *, is_tail_cut: bool = False) -> Predicted:
        """Predict the measured ln e of all architectures.

        Args:
            is_tail_cut: clip errors at the median plus its distance to the best one. How bad the
                bad ones are says nothing about the front, and would drown out the good ones.
        """
        if not self._errors:
            flat = np.ones((1, self._size))
            return Predicted(np.ones(1), np.log(_FIRST_ERROR) * flat, _FIRST_DEVIATION * flat)
        ahead = self._weighed(is_tail_cut=is_tail_cut)
        variances, squares = [], []
        for place, whitened, weights in zip(
            ahead.places, ahead.whitened, ahead.weights, strict=True
        ):
            inverse, unit = self._factor(place), self._unit_variance(whitened)
            variances.append(unit * (self._variance(int(place)) + self._kernels.noise[place]))
            squares.append(np.mean(weights**2 / np.einsum("ij,ij->j", inverse, inverse)) / unit)
        widening = _widening(float(ahead.shares @ np.array(squares)), len(self._rows))
        deviations = ahead.scale * widening * np.sqrt(variances)
        means = self._means(ahead)
        self._reduced = self._fewer(self._reduced, ahead.places, self._most)
        self._weighings = self._fewer(self._weighings, ahead.places, min(self._most, 2 * _MOST))
        return Predicted(ahead.shares, means, deviations)

    def _weighed(self, *, is_tail_cut: bool) -> _Weighed:
        """Choose the processes that predict, and weigh the observations."""
        centre, scale, values = self._standardised(is_tail_cut)
        whitened, fit = self._cut_fit if is_tail_cut else self._fits(values)
        order = self._likeliest(fit)
        shares = np.exp(fit[order] - fit[order[0]])
        shares /= shares.sum()
        weights = [whitened[place] @ self._factor(place) for place in order]
        return _Weighed(order, shares, centre, scale, whitened[order], weights)

    def _means(self, ahead: _Weighed) -> FloatArray:
        """Compute each process's mean at all architectures: shape (P, N)."""
        means = [
            self._weighing(int(place)).sum(weights)
            for place, weights in zip(ahead.places, ahead.weights, strict=True)
        ]
        return ahead.centre + ahead.scale * np.array(means)

    def _add(self, index: int, log_error: float) -> None:
        """Append a row to every inverse factor, and drop the hopeless processes."""
        count = len(self._rows)
        new = np.array([index])
        if count == self._inverse.shape[1]:
            grown = np.zeros((len(self._kernels), 2 * count, 2 * count))
            grown[:, :count, :count] = self._inverse
            self._inverse = grown
        known = self._inverse[:, :count, :count]
        cross = self._kernels.among(self._rows, new)
        solved = known @ cross  # (S, m, 1)
        own = self._kernels.among(new, new)[:, 0, 0] + self._kernels.noise
        pivot = np.sqrt(own - np.einsum("smi,smi->s", solved, solved))
        below = np.swapaxes(solved, 1, 2) @ known
        self._inverse[:, count, :count] = -below[:, 0] / pivot[:, None]
        self._inverse[:, count, count] = 1 / pivot
        self._rows = np.append(self._rows, new)
        self._errors.append(log_error)
        whitened, fit = self._fits(self._standardised(is_tail_cut=True)[2])
        hopeful = np.flatnonzero(fit >= fit.max() - _HOPELESS)
        self._cut_fit = whitened[hopeful], fit[hopeful]
        if len(hopeful) < len(self._kernels):
            self._kernels = self._kernels.kept(hopeful)
            self._inverse, self._names = self._inverse[hopeful], self._names[hopeful]

    def _standardised(self, is_tail_cut: bool) -> tuple[float, float, FloatArray]:
        values = np.array(self._errors)
        if is_tail_cut:
            middle = float(np.median(values))
            values = np.minimum(values, 2 * middle - values.min())
        centre, scale = float(values.mean()), float(values.std())
        scale = scale if scale > _FLAT else _FLAT_SCALE
        return centre, scale, (values - centre) / scale

    def _fits(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Compute each process's whitened values, shape (S, m), and log likelihood, shape (S,).

        A process's variance is integrated out under an inverse gamma prior.
        """
        count = len(values)
        factors = self._inverse[:, :count, :count]
        whitened = factors @ values
        pivots = np.diagonal(factors, axis1=1, axis2=2)
        rate = _PRIOR + 0.5 * np.einsum("sm,sm->s", whitened, whitened)
        return whitened, np.log(pivots).sum(axis=1) - (_PRIOR + 0.5 * count) * np.log(rate)

    @staticmethod
    def _unit_variance(whitened: FloatArray) -> float:
        return float((_PRIOR + 0.5 * whitened @ whitened) / (_PRIOR + 0.5 * len(whitened)))

    def _likeliest(self, fit: FloatArray) -> IntArray:
        order = np.argsort(-fit, kind="stable")
        held = np.cumsum(np.exp(fit[order] - fit[order[0]]))
        enough = int(np.searchsorted(held, _SHARE * held[-1])) + 1
        return order[: min(enough, _MOST, self._most)]

    def _factor(self, place: int) -> FloatArray:
        count = len(self._rows)
        return self._inverse[place, :count, :count]

    def _weighing(self, place: int) -> Weighing:
        """Prepare sums of a process's kernels at the observations."""
        name = int(self._names[place])
        known = self._weighings.get(name)
        self._weighings[name] = self._kernels.weighing(place, self._rows, known)
        return self._weighings[name]

    def _variance(self, place: int) -> FloatArray:
        """Compute the variance of the error without noise at all architectures, in its unit.

        Each observation reduces it; the reductions so far are kept.
        """
        name = int(self._names[place])
        if name not in self._reduced:
            self._reduced[name] = _Reduced(self._kernels.variances(place))
        known, factor = self._reduced[name], self._factor(place)
        for row in range(known.count, len(factor)):
            weights = factor[row, : row + 1]
            reduction = self._weighing(place).sum(weights)
            reduction *= reduction
            known.variance -= reduction
        known.count = len(factor)
        return np.maximum(known.variance, 0.0)

    @property
    def _most(self) -> int:
        """How many processes can keep a number for each architecture."""
        return max(1, _MOST_NUMBERS // self._size)

    def _fewer(self, kept: dict[int, _Kept], order: IntArray, most: int) -> dict[int, _Kept]:
        """Forget what is kept of other processes if there are too many: bounds the memory."""
        if len(kept) <= most:
            return kept
        used = set(self._names[order].tolist())
        return {name: one for name, one in kept.items() if name in used}


def _widening(mean_square: float, count: int) -> float:
    """Return the factor that makes left-out errors as large as predicted, at least 1."""
    trust = count / (count + _FEW)
    return float(np.clip(np.sqrt(1 + trust * (mean_square - 1)), 1.0, _WIDEST))
