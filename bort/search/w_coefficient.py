"""The W-coefficient, with cost weights: one number per architecture, larger is better."""

from collections.abc import Sequence

import numpy as np

from bort.search.arrays import FloatArray

Weights = tuple[float, float, float]


def log_gain(size: FloatArray, latency: FloatArray, weights: Sequence[float]) -> FloatArray:
    """ln G: how much smaller and faster than the maximum point, weighted.

    G = max(0, 1 - p/p(T))^w_p · max(0, 1 - i/i(T))^w_i with 0^0 = 1, where p(T) and i(T) are the
    largest values of the whole space. Both factors are clipped at 0, because two negative ones
    would multiply to a gain.

    Args:
        size, latency: shape (N,), of the whole space.
        weights: of size, latency and error; the third is not used.
    Returns:
        Shape (N,); -inf where G = 0.
    Source: the paper's size and latency terms; the weights are ours.
    """
    total = np.zeros(len(size))
    for costs, weight in zip((size, latency), weights, strict=False):
        if weight > 0:
            with np.errstate(divide="ignore"):
                total += weight * np.log(np.maximum(0.0, 1.0 - costs / costs.max()))
    return total


def log_w(log_gains: FloatArray, errors: FloatArray, weights: Sequence[float]) -> FloatArray:
    """ln W = ln G - w_e ln e; weights (1, 1, 1) give the paper's W.

    Args:
        log_gains: shape (n,), from `log_gain`, of the architectures in question.
        errors: shape (n,), above 0 (floored at 1/(2n) where the measured error was 0).
    """
    if weights[2] == 0:
        return np.array(log_gains, dtype=float)
    return np.asarray(log_gains - weights[2] * np.log(errors))


def w_coefficient(
    size: FloatArray, latency: FloatArray, errors: FloatArray, *, weights: Sequence[float]
) -> FloatArray:
    """W of every row, the maximum point being taken over the rows.

    Examples:
        >>> columns = np.array([50.0, 100]), np.array([5.0, 10]), np.array([0.2, 0.1])
        >>> w_coefficient(*columns, weights=(1, 1, 1)).tolist()
        [1.25, 0.0]
        >>> w_coefficient(*columns, weights=(0, 0, 1)).round(6).tolist()
        [5.0, 10.0]
    """
    return np.exp(log_w(log_gain(size, latency, weights), errors, weights))
