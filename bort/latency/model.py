"""A latency model as a sum of operation counts, which predicts a space from a few dozen
measurements.

    latency(ξ) ≈ Σ_k c_k · term_k(ξ),   c_k >= 0

The terms are the family's (multiply-adds of each kind, elements that pass through memory, layers),
a constant for what every call costs, and `traffic`. No coefficient is negative, so a larger
architecture is never predicted to be faster. Reading a model and predicting need numpy only.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bort.latency.protocol import FloatArray

BoolArray = NDArray[np.bool_]

COVERAGE = 0.9
"""The share of architectures that the band should contain."""

TRAFFIC_EXPONENT = 1.25
"""`traffic` is weight bytes to this power: the more bytes, the larger the share that no cache keeps
from one run to the next. Measured: docs/latency.md, "Model"."""


@dataclass(frozen=True, slots=True)
class LatencyModel:
    """A fitted model with its errors on held-out architectures.

    Attributes:
        coefficients_ms: milliseconds per unit of each term, 0 or more.
        fitted_on: architectures that the coefficients were fitted on.
        held_out: other architectures that were measured, drawn at random; 0 if the space was too
            small, and then the errors come from leaving one out at a time.
        median_abs_percent_error: the median of |predicted - measured| / measured, in percent.
        p90_abs_percent_error: 90th percentile of the same.
        rank_correlation: Spearman's, of predicted with measured; None for fewer than three
            architectures, or constant values.
        band: relative ±m: `measured` is within `predicted · (1 ± m)` for at least `COVERAGE` of
            all architectures of each family (the order statistic of the held-out residuals that
            makes this true for another random draw; the largest residual if there are too few).
    """

    coefficients_ms: Mapping[str, float]
    fitted_on: int
    held_out: int
    median_abs_percent_error: float
    p90_abs_percent_error: float
    rank_correlation: float | None
    band: float

    def __post_init__(self) -> None:
        for name, value in self.coefficients_ms.items():
            _check(f"the coefficient of {name}", value)
        _check("the median error", self.median_abs_percent_error)
        _check("the 90th percentile of the errors", self.p90_abs_percent_error)
        _check("the band", self.band)

    def predict(self, terms: Mapping[str, FloatArray]) -> FloatArray:
        """Predict milliseconds for every architecture, shape (N,).

        Gives the same numbers on every machine: it adds in a fixed order and calls no function but
        the square root, which is rounded the same everywhere.

        Args:
            terms: the family's terms, each of shape (N,).
        Raises:
            KeyError: a term is missing: the model belongs to another family.
        """
        features = with_derived_terms(terms)
        first = next(iter(features.values()))
        milliseconds = np.zeros(len(first))
        for name, coefficient in self.coefficients_ms.items():
            milliseconds += coefficient * features[name]
        return milliseconds

    def judged_on(self, terms: Mapping[str, FloatArray], measured_ms: FloatArray) -> "LatencyModel":
        """Copy the model, with its errors on other architectures.

        Args:
            terms: see `predict`.
            measured_ms: their medians, shape (n,), n of 1 or more.
        """
        return _judged(
            self.coefficients_ms,
            self.fitted_on,
            len(measured_ms),
            self.predict(terms),
            measured_ms,
            _families(terms),
        )

    @property
    def elasticity_factor(self) -> float:
        """Compute the factor by which the family's largest exponents bound this model's.

        Each |∂ ln latency / ∂ ln ξ_k| is at most this times the largest exponent of ξ_k among the
        family's terms, because all but `traffic` are the family's terms or constant.
        """
        traffic = [c for name, c in self.coefficients_ms.items() if name.endswith("traffic")]
        return TRAFFIC_EXPONENT if max(traffic, default=0.0) > 0 else 1.0


def with_derived_terms(terms: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Add a constant to the family's terms, and `traffic` if the family counts `weight_bytes`.

    The terms of several families have their constants, and get a `traffic` each.
    """
    first = next(iter(terms.values()))
    features = dict(terms)
    if not _constants(terms):
        features = {"constant": np.ones(len(first)), **terms}
    for name in terms:
        if name.endswith("weight_bytes"):
            weights = np.asarray(terms[name], dtype=np.float64)
            features[f"{name.removesuffix('weight_bytes')}traffic"] = weights * np.sqrt(
                np.sqrt(weights)
            )
    return features


def _constants(terms: Mapping[str, FloatArray]) -> list[str]:
    return [name for name in terms if name.endswith(".constant")]


def fit(
    terms: Mapping[str, FloatArray], measured_ms: FloatArray, fit_rows: Sequence[int]
) -> LatencyModel:
    """Fit on some of the measured architectures, and test on the others.

    Args:
        terms: the family's terms of all measured architectures, each of shape (n,).
        measured_ms: their medians, shape (n,).
        fit_rows: which of them to fit on. If all, each is left out once to test the fit.
    """
    features = with_derived_terms(terms)
    matrix = np.stack(list(features.values()), axis=1)
    chosen = np.zeros(len(measured_ms), dtype=np.bool_)
    chosen[list(fit_rows)] = True
    coefficients = non_negative_coefficients(matrix[chosen], measured_ms[chosen])
    predicted, is_test = matrix @ coefficients, ~chosen
    families = _families(terms)
    for own in families:
        if chosen[own].all():
            predicted[own] = _leave_one_out(matrix[own], measured_ms[own])
            is_test[own] = True
    named = dict(zip(features, map(float, coefficients), strict=True))
    return _judged(
        named,
        int(chosen.sum()),
        int((~chosen).sum()),
        predicted[is_test],
        measured_ms[is_test],
        [own[is_test] for own in families],
    )


def _families(terms: Mapping[str, FloatArray]) -> list[BoolArray]:
    """Mark the architectures of each family, shape (n,); those of one without any are left out."""
    first = next(iter(terms.values()))
    members = [terms[name] > 0 for name in _constants(terms)]
    return [own for own in members if own.any()] or [np.ones(len(first), dtype=np.bool_)]


def _judged(
    coefficients_ms: Mapping[str, float],
    fitted_on: int,
    held_out: int,
    predicted: FloatArray,
    measured: FloatArray,
    families: Sequence[BoolArray],
) -> LatencyModel:
    percent = 100 * np.abs(predicted - measured) / measured
    return LatencyModel(
        coefficients_ms=dict(coefficients_ms),
        fitted_on=fitted_on,
        held_out=held_out,
        median_abs_percent_error=float(np.median(percent)),
        p90_abs_percent_error=float(np.quantile(percent, 0.9)),
        rank_correlation=rank_correlation(predicted, measured),
        band=max(_band(predicted[own], measured[own]) for own in families),
    )


def non_negative_coefficients(matrix: FloatArray, measured_ms: FloatArray) -> FloatArray:
    """Minimise the squared *relative* error over non-negative coefficients (Lawson & Hanson 1974).

    Relative, because a millisecond is little for the largest architecture and a lot for the
    smallest. Columns are first brought to one scale, because terms differ by nine powers of ten.

    Args:
        matrix: shape (n, k), no value negative.
        measured_ms: shape (n,), all above 0.
    Returns:
        Shape (k,).
    """
    from scipy.optimize import nnls

    relative = matrix / measured_ms[:, None]
    scale = relative.max(axis=0)
    scale[scale == 0] = 1.0
    solution, _ = nnls(relative / scale, np.ones(len(measured_ms)))
    coefficients: FloatArray = solution / scale
    return coefficients


def rank_correlation(a: FloatArray, b: FloatArray) -> float | None:
    """Compute Spearman's rank correlation; None for fewer than three or constant values."""
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    from scipy.stats import rankdata

    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])


def _leave_one_out(matrix: FloatArray, measured_ms: FloatArray) -> FloatArray:
    """Predict each architecture from all others."""
    n = len(measured_ms)
    if n == 1:
        return measured_ms.copy()
    predicted = np.empty(n)
    for row in range(n):
        others = np.arange(n) != row
        predicted[row] = matrix[row] @ non_negative_coefficients(
            matrix[others], measured_ms[others]
        )
    return predicted


def _band(predicted: FloatArray, measured: FloatArray) -> float:
    """Return the ⌈(n+1)·COVERAGE⌉-th smallest |measured/predicted - 1| (split conformal)."""
    with np.errstate(divide="ignore"):
        residuals = np.sort(np.abs(measured / predicted - 1))
    position = min(len(residuals), math.ceil((len(residuals) + 1) * COVERAGE))
    return min(1.0, float(residuals[position - 1]))


def _check(what: str, value: float) -> None:
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{what} is {value!r}, but must be a number of 0 or more")
