"""Which architectures to measure: a few chosen to fit on, others drawn at random to judge by."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bort.families import SearchSpace
from bort.latency.model import with_derived_terms
from bort.latency.protocol import FloatArray

IntArray = NDArray[np.int64]

POOL = 4_000  # candidates looked at in larger spaces; more would not change the choice much
MAX_FITTED = 32


def fit_and_held_out(
    space: SearchSpace,
    terms: Mapping[str, FloatArray],
    count: int,
    *,
    rng: np.random.Generator,
) -> tuple[list[int], list[int]]:
    """Numbers of the architectures to fit on, and of those to hold out.

    The first hold both extremes, then alternate between the one that says most about the
    coefficients (D-optimal, greedily) and the one that lies farthest from all chosen so far in
    the logarithms of the dimensions, since a design that is optimal for the model would not see
    where the model is wrong. The others are drawn uniformly, so that their errors speak for the
    rest of the space.

    Args:
        terms: the space's operation terms, each of shape (N,).
        count: architectures in all, at most N; min(32, count/2) of them to fit on, all of them
            in a space of fewer than eight.
    """
    fitted = count if len(space) < 8 else min(MAX_FITTED, count // 2)
    pool = _pool(len(space), terms, rng)
    chosen = [int(pool[row]) for row in design(*_coordinates(space, terms, pool), fitted)]
    rest = np.setdiff1d(np.arange(len(space)), chosen)
    held_out = rng.choice(rest, size=count - fitted, replace=False)
    return chosen, [int(index) for index in held_out]


def design(shares: FloatArray, places: FloatArray, size: int) -> list[int]:
    """Rows that tell most about the coefficients and fill the space; both extremes come first.

    Args:
        shares: shape (n, k), the share of each term in a rough guess of the latency.
        places: shape (n, K), logarithms of the dimensions.
        size: rows wanted, at most n.
    Cost:
        O(size · n · (k² + K)).
    """
    weight = places.sum(axis=1)
    chosen = list(dict.fromkeys([int(np.argmin(weight)), int(np.argmax(weight))]))[:size]
    free = np.ones(len(shares), dtype=np.bool_)
    free[chosen] = False
    information = 1e-6 * np.eye(shares.shape[1]) + shares[chosen].T @ shares[chosen]
    distance = np.min([np.abs(places - places[row]).sum(axis=1) for row in chosen], axis=0)
    while len(chosen) < size:
        if len(chosen) % 2:
            score = distance
        else:
            score = np.einsum("ij,jk,ik->i", shares, np.linalg.inv(information), shares)
        row = int(np.argmax(np.where(free, score, -1.0)))
        chosen.append(row)
        free[row] = False
        information += np.outer(shares[row], shares[row])
        distance = np.minimum(distance, np.abs(places - places[row]).sum(axis=1))
    return chosen


def _pool(n: int, terms: Mapping[str, FloatArray], rng: np.random.Generator) -> IntArray:
    """All numbers of a small space; of a large one some at random, with the extremes."""
    if n <= POOL:
        return np.arange(n)
    total = sum(term / term.mean() for term in terms.values())
    extremes = [int(np.argmin(total)), int(np.argmax(total))]
    return np.unique([*extremes, *rng.choice(n, size=POOL, replace=False)])


def _coordinates(
    space: SearchSpace, terms: Mapping[str, FloatArray], pool: IntArray
) -> tuple[FloatArray, FloatArray]:
    features = with_derived_terms({name: term[pool] for name, term in terms.items()})
    matrix = np.stack(list(features.values()), axis=1)
    matrix = matrix / matrix.mean(axis=0)
    shares = matrix / matrix.sum(axis=1, keepdims=True)
    return shares, np.log(space.values[pool].astype(np.float64))
