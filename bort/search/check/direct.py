"""Direct implementations of the definitions, which `verify` trusts instead of the search.

Everything here is float64, straight from the formulas, in O(N |C|) time and blocks of rows. It
shares no code with the search.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bort.search.arrays import BoolArray, FloatArray, IntArray

_BLOCK = 15_000  # cells of one block; arrays above 128 kB would be mapped anew each time


@dataclass(frozen=True, eq=False)
class DirectCase:
    """A space with its evaluations and assumptions.

    Attributes:
        coordinates: shape (N, K).
        categorical, monotone: shape (K,).
        costs: shape (N, 2), size and latency.
        lipschitz: shape (K,), or None if every architecture is evaluated.
        nugget: τ.
        slack: σ or None.
        rows: shape (m,), evaluated indices.
        lower, upper: shape (m,), ends of their errors' intervals.
        is_witness, is_anchor: shape (m,).
        families: shape (N,); errors of one family bound none of another.
        ratios: shape (m, m), upper bounds on ln of row's error / column's, with a diagonal of 0,
            if pairs are compared; None if only intervals are.
    """

    coordinates: FloatArray
    categorical: BoolArray
    monotone: BoolArray
    costs: FloatArray
    lipschitz: FloatArray | None
    nugget: float
    slack: float | None
    rows: IntArray
    lower: FloatArray
    upper: FloatArray
    is_witness: BoolArray
    is_anchor: BoolArray
    families: IntArray
    ratios: FloatArray | None = None

    def error_terms(self, targets: IntArray, others: IntArray) -> FloatArray:
        """Compute min(d(c, ξ) + τ, ln(1+σ) where c is larger): shape (n, m)."""
        if self.lipschitz is None:
            return np.full((len(targets), len(others)), np.inf)
        ours, theirs = self.coordinates[targets], self.coordinates[others]
        terms = np.zeros((len(targets), len(others)))
        for k, slope in enumerate(self.lipschitz):
            steps = np.abs(ours[:, k, None] - theirs[None, :, k])
            terms += slope * ((steps > 0) if self.categorical[k] else steps)
        terms += self.nugget
        if self._has_families:
            terms[self.families[targets][:, None] != self.families[others][None]] = np.inf
        if self.slack is not None:
            terms = np.where(
                self._is_smaller(targets, others), np.minimum(terms, np.log1p(self.slack)), terms
            )
        return np.asarray(terms)

    def _is_smaller(self, targets: IntArray, others: IntArray) -> BoolArray:
        a = self.coordinates[targets][:, None, :]
        b = self.coordinates[others][None]
        kin = self.families[targets][:, None] == self.families[others][None]
        return np.asarray(kin & np.where(self.monotone, a <= b, a == b).all(axis=2))

    @cached_property
    def _has_families(self) -> bool:
        return bool((self.families != self.families[0]).any())

    @cached_property
    def _position(self) -> dict[int, int]:
        return {int(row): place for place, row in enumerate(self.rows)}

    @cached_property
    def _log_costs(self) -> FloatArray:
        return np.log(self.costs)

    def lower_envelope(self, targets: IntArray) -> FloatArray:
        """Compute ℓ(ξ) from the anchors, and its own ln l if ξ is one of them: shape (n,)."""
        return np.asarray(self._envelope[targets])

    @cached_property
    def _envelope(self) -> FloatArray:
        anchors = self.rows[self.is_anchor]
        log_lower = np.log(self.lower[self.is_anchor])
        bounds = np.full(len(self.coordinates), -np.inf)
        if len(anchors) and self.lipschitz is not None:
            for block in self.blocks():
                terms = self.error_terms(block, anchors)
                bounds[block] = np.subtract(log_lower[None, :], terms, out=terms).max(axis=1)
        bounds[anchors] = log_lower
        return bounds

    def paired_terms(self, targets: IntArray, members: Sequence[int]) -> FloatArray:
        """Compute t(c,ξ) of evaluated c by comparing pairs: shape (n, m)."""
        assert self.ratios is not None
        anchors = np.flatnonzero(self.is_anchor)
        own = self.error_terms(targets, self.rows[anchors])
        own[targets[:, None] == self.rows[anchors][None, :]] = 0.0
        terms = self.error_terms(targets, np.array(members, dtype=np.int64))
        for column, member in enumerate(members):
            terms[targets == member, column] = 0.0
            through = own + self.ratios[self._position[int(member)], anchors][None, :]
            best = through.min(axis=1, initial=np.inf)
            np.minimum(terms[:, column], best, out=terms[:, column])
        return terms

    def blocks(self) -> Iterator[IntArray]:
        """Split the indices 0..N-1 into blocks."""
        size = max(1, _BLOCK // max(1, len(self.rows)))
        for start in range(0, len(self.coordinates), size):
            yield np.arange(start, min(start + size, len(self.coordinates)))

    def gap_matrix(self, targets: IntArray, members: Sequence[int]) -> FloatArray:
        """Compute the least δ at which each member certifies each target: shape (n, m).

        Precondition: the members are witnesses. An architecture certifies itself at 0.
        """
        some = np.array(members, dtype=np.int64)
        if self.ratios is None:
            log_upper = np.log(self.upper[[self._position[m] for m in members]])
            gaps = self.error_terms(targets, some)
            np.minimum(gaps, log_upper - self.lower_envelope(targets)[:, None], out=gaps)
        else:
            gaps = self.paired_terms(targets, members)
        for log_cost in self._log_costs.T:
            np.maximum(gaps, log_cost[some] - log_cost[targets][:, None], out=gaps)
        np.maximum(gaps, 0.0, out=gaps)
        gaps[targets[:, None] == some[None, :]] = 0.0
        return gaps

    def gaps(self, targets: IntArray, members: Sequence[int]) -> FloatArray:
        """Compute the least δ at which one of `members` certifies each target: shape (n,).

        It is 0 for a target that is itself a member, and for an excluded one, about which nothing
        is claimed.
        """
        usable = [m for m in members if self.is_witness[self._position[m]]]
        gap = np.full(len(targets), np.inf)
        if usable:
            gap = self.gap_matrix(targets, usable).min(axis=1)
        gap[np.isin(targets, self.excluded)] = 0.0
        return gap

    @property
    def excluded(self) -> IntArray:
        """Evaluated architectures about which nothing is claimed."""
        return self.rows[~(self.is_witness | self.is_anchor)]

    def monotone_record(self) -> tuple[int, float]:
        """Count comparable pairs of anchors, and find by how much the worst is out of order."""
        anchors = self.rows[self.is_anchor]
        smaller = self._is_smaller(anchors, anchors) & ~np.eye(len(anchors), dtype=bool)
        lower, upper = np.log(self.lower[self.is_anchor]), np.log(self.upper[self.is_anchor])
        excess = np.where(smaller, lower[None, :] - upper[:, None], -np.inf)
        return int(smaller.sum()), float(excess.max(initial=-np.inf))

    def w_gaps(self, weights: Sequence[float]) -> FloatArray:
        """Compute ln of how much larger than each row's any W can be: shape (m,); inf if none."""
        gain = self.log_gain(weights)
        w_gaps = np.full(len(self.rows), -np.inf)
        for targets in self.blocks():
            kept = targets[gain[targets] > -np.inf]
            kept = kept[~np.isin(kept, self.excluded)]
            if len(kept):
                w_gaps = np.maximum(w_gaps, self._w_gaps(kept, gain, float(weights[2])))
        w_gaps = np.where(w_gaps == -np.inf, 0.0, np.maximum(w_gaps, 0.0))
        return np.where(self.is_witness, w_gaps, np.inf)

    def _w_gaps(self, targets: IntArray, gain: FloatArray, weight: float) -> FloatArray:
        if weight == 0:
            return np.asarray(gain[targets].max() - gain[self.rows])
        if self.ratios is None:
            highest = float((gain[targets] - weight * self.lower_envelope(targets)).max())
            return np.asarray(highest - (gain[self.rows] - weight * np.log(self.upper)))
        terms = self.paired_terms(targets, self.rows.tolist())
        best = (gain[targets][:, None] + weight * terms).max(axis=0)
        return np.asarray(best - gain[self.rows])

    def log_gain(self, weights: Sequence[float]) -> FloatArray:
        """Compute ln G of every architecture, -inf where it is 0: shape (N,)."""
        shrink = np.maximum(0.0, 1.0 - self.costs / self.costs.max(axis=0))
        gain = np.zeros(len(self.costs))
        with np.errstate(divide="ignore"):
            for j, weight in enumerate(weights[:2]):
                if weight > 0:
                    gain += weight * np.log(shrink[:, j])
        return gain


def direct_front(costs: FloatArray) -> BoolArray:
    """Mark the rows that no other row beats, by comparing all pairs: O(n²)."""
    keep = np.ones(len(costs), dtype=bool)
    for row, cost in enumerate(costs):
        beats = (costs <= cost).all(axis=1) & (costs < cost).any(axis=1)
        keep[row] = not beats.any()
    return keep
