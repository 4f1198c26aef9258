"""How sure a model must be so that what it then answers is right often enough. Pure.

[ours] Each threshold is tested with an exact binomial bound on dev, and all thresholds together
hold with `CONFIDENCE` (Bonferroni's correction), so that the best one can be chosen afterwards. It
holds for new texts like dev's. The weights were chosen on dev, too, which makes it a little too
good.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

CONFIDENCE = 0.95
COVERAGES = np.arange(1.0, 0.0, -0.05)  # shares of dev that are answered at the thresholds


class Threshold(NamedTuple):
    """The least score of an answer that counts, and what it means on dev.

    Attributes:
        score: answers with a lower one are rejected.
        answered: share of dev texts with at least this score.
        accuracy: share of right answers among them.
        least: what that share is at least, for texts like dev's, with confidence `CONFIDENCE`.
    """

    score: float
    answered: float
    accuracy: float
    least: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """Scores of the answers to dev, and how many of them are right.

    Attributes:
        n: dev texts.
        scores: thresholds, ascending.
        answered: dev texts with at least each score.
        right: those of them that are answered rightly.
    """

    n: int
    scores: tuple[float, ...]
    answered: tuple[int, ...]
    right: tuple[int, ...]

    def __post_init__(self) -> None:
        counts = list(zip(self.right, self.answered, strict=True))  # ValueError, as below
        if len(self.scores) != len(counts) or not counts:
            raise ValueError("each score needs a count of answers and of right ones")
        if not all(0 <= right <= answered <= self.n and answered for right, answered in counts):
            raise ValueError("counts must be right <= answered <= n, and something answered")

    def thresholds(self) -> list[Threshold]:
        """Return all thresholds, from the one that rejects nothing on."""
        alpha = (1 - CONFIDENCE) / len(self.scores)
        return [
            Threshold(
                score,
                answered / self.n,
                right / answered,
                float(beta.ppf(alpha, right, answered - right + 1)) if right else 0.0,
            )
            for score, answered, right in zip(self.scores, self.answered, self.right, strict=True)
        ]

    def threshold_for(self, accuracy: float) -> Threshold | None:
        """Find the threshold that answers most and is still right that often; None if none is."""
        good = [one for one in self.thresholds() if one.least >= accuracy]
        return max(good, key=lambda one: one.answered, default=None)


def reliability_of(scores: NDArray[np.floating], is_right: NDArray[np.bool_]) -> Reliability:
    """Count the right answers above each of at most 20 thresholds.

    Args:
        scores: the probability of each answer to dev, shape (n,).
        is_right: shape (n,).

    Examples:
        >>> scores = np.linspace(0.5, 1, 200)
        >>> found = reliability_of(scores, scores > 0.6)
        >>> [round(value, 3) for value in found.threshold_for(0.9)]
        [0.598, 0.805, 0.994, 0.95]
        >>> found.threshold_for(0.999) is None
        True
    """
    levels = np.quantile(scores, 1 - COVERAGES, method="lower")
    kept = [float(level) for level in np.unique(levels)]
    above = [scores >= level for level in kept]
    return Reliability(
        n=len(scores),
        scores=tuple(kept),
        answered=tuple(int(rows.sum()) for rows in above),
        right=tuple(int(is_right[rows].sum()) for rows in above),
    )
