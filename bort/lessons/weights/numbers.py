"""Numbers of lesson 5: W of recorded architectures, and the weights for which each is chosen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bort.lessons.recorded import read
from bort.search.arrays import BoolArray, FloatArray
from bort.search.pareto import is_non_dominated
from bort.search.w_coefficient import WeightRegion, log_gain, log_w, weight_region

PAPER = (1.0, 1.0, 1.0)
STEPS = 100  # shares of the weights are whole percents


@dataclass(frozen=True, eq=False, slots=True)
class Family:
    """Recorded architectures; each column has shape (n,)."""

    ids: tuple[str, ...]
    size: FloatArray
    latency: FloatArray
    error: FloatArray
    error_se: FloatArray

    @property
    def terms(self) -> FloatArray:
        """ln of each factor of W, shape (n, 3): size, latency, error. ln W is their weighted sum.

        -inf where the factor is 0.
        """
        return np.column_stack([self.log_w(weights) for weights in np.eye(3).tolist()])

    def log_w(self, weights: Sequence[float]) -> FloatArray:
        """ln W of every architecture, by the search's own functions."""
        return log_w(log_gain(self.size, self.latency, weights), self.error, weights)

    @property
    def front(self) -> BoolArray:
        """Which architectures no other beats."""
        return is_non_dominated(np.column_stack([self.size, self.latency, self.error]))


def recorded() -> Family:
    """The recorded table."""
    columns = read("weights")
    named = {name: np.array(columns[name]) for name in ("size", "latency", "error", "error_se")}
    return Family(ids=tuple(columns["ids"]), **named)


def numbers() -> dict[str, Any]:
    """All numbers of the lesson, as JSON values."""
    family = recorded()
    rows = np.arange(len(family.ids))
    regions = {
        row: weight_region(family.size, family.latency, family.error, rows=rows, picked=row)
        for row in rows.tolist()
    }
    winners = {row: region for row, region in regions.items() if region.share > 0}
    ranked = sorted(winners, key=lambda row: -winners[row].share)
    front = family.front
    best = int(family.log_w(PAPER).argmax())
    largest = int(family.size.argmax())
    w = log_w_on_grid(family)
    return {
        "steps": STEPS,
        "count": len(family.ids),
        "fronts": int(front.sum()),
        "winners": len(ranked),
        "widest": _winner(family, ranked[0], winners[ranked[0]]),
        "paper": _facts(family, best, PAPER),
        "largest": _facts(family, largest, PAPER),
        "never": int(front.sum()) - len(ranked),
        "close": _within_noise(family, w),
        "rows": [
            {
                "id": family.ids[row],
                "size": float(family.size[row]),
                "latency": float(family.latency[row]),
                "error": float(family.error[row]),
                "se": float(family.error_se[row]),
                "terms": [None if np.isinf(term) else float(term) for term in family.terms[row]],
                "front": bool(front[row]),
            }
            for row in rows
        ],
        "most": {"size": float(family.size.max()), "latency": float(family.latency.max())},
        "regions": [_winner(family, row, winners[row]) for row in ranked],
        "walk": _walk(family),
    }


def grid() -> FloatArray:
    """All weights in whole percents of their sum, which is 3 as in the paper; shape (5151, 3)."""
    found = [
        (size, latency, STEPS - size - latency)
        for size in range(STEPS + 1)
        for latency in range(STEPS + 1 - size)
    ]
    return np.array(found) * (3 / STEPS)


def log_w_on_grid(family: Family) -> FloatArray:
    """ln W of every architecture at every weight of the grid, shape (5151, n)."""
    terms = family.terms
    # 0 · -inf is 0 here: a factor to the power of 0 is 1.
    least = np.where(np.isinf(terms), -1e300, terms)
    return grid() @ least.T


def _winner(family: Family, row: int, region: WeightRegion) -> dict[str, Any]:
    return {
        "row": row,
        "id": family.ids[row],
        "share": region.share,
        "centre": region.centre,
        "vertices": region.vertices.tolist(),
    }


def _facts(family: Family, row: int, weights: Sequence[float]) -> dict[str, Any]:
    return {
        "row": row,
        "id": family.ids[row],
        "w": float(np.exp(family.log_w(weights)[row])),
        "size": float(family.size[row]) / 1e6,
        "latency": float(family.latency[row]),
        "error": float(family.error[row]),
    }


def _walk(family: Family) -> list[dict[str, int]]:
    """Move the weight from size and latency, half each, to error, two percent at a time."""
    found = []
    for error in range(0, STEPS + 1, 2):
        rest = (STEPS - error) // 2
        weights = [3 * rest / STEPS, 3 * rest / STEPS, 3 * error / STEPS]
        row = int(family.log_w(weights).argmax())
        found.append({"error": error, "rest": rest, "row": row})
    return found


def _within_noise(family: Family, w: FloatArray) -> float:
    """The share of the grid where the errors of the best and the second best hardly differ.

    They differ by at most the standard error of their difference.
    """
    second, first = np.argsort(w, axis=1)[:, -2:].T
    difference = np.abs(family.error[first] - family.error[second])
    return float(np.mean(difference <= np.hypot(family.error_se[first], family.error_se[second])))
