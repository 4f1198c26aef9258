"""Who beats whom: pure arithmetic on sizes, times and right answers to the same texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bort.core.rivals import Gain, Verdict

TOLERANCE = 0.01  # of accuracy: an interval wholly below -1 point counts as less accurate
Z95 = 1.959964


@dataclass(frozen=True)
class Contender:
    """What a verdict depends on.

    Attributes:
        size_bytes: of the deployed files.
        ms: median milliseconds per text, by batch size.
        right: whether each audit text is answered rightly, shape (n,).
    """

    size_bytes: int
    ms: Mapping[int, float]
    right: NDArray[np.bool_]


def gain(ours: NDArray[np.bool_], theirs: NDArray[np.bool_]) -> Gain:
    """Compute ours minus theirs: shares of right answers to the same texts, shape (n,)."""
    each = ours.astype(float) - theirs.astype(float)
    mean = float(each.mean())
    # One text says nothing of the others.
    half = Z95 * float(each.std(ddof=1)) / len(each) ** 0.5 if len(each) > 1 else 1.0
    return Gain(difference=mean, low=mean - half, high=mean + half)


def dominates(one: Contender, other: Contender, batch: int) -> bool:
    """Check whether `one` is smaller, faster and not less accurate than `other`."""
    is_smaller_and_faster = one.size_bytes < other.size_bytes and one.ms[batch] < other.ms[batch]
    return is_smaller_and_faster and gain(one.right, other.right).high >= -TOLERANCE


def verdict(rival: Contender, ours: Sequence[Contender], batch: int) -> Verdict | None:
    """Judge a rival; None if there is none of ours to compare with."""
    if not ours:
        return None
    if any(dominates(one, rival, batch) for one in ours):
        return Verdict.BEATEN
    if all(dominates(rival, one, batch) for one in ours):
        return Verdict.BEATS_US
    return Verdict.SURVIVES
