"""The anytime epsilon of the goal `cover`, kept up to date without ever forming N x |C|."""

import numpy as np

from bort.search.arrays import BoolArray, FloatArray, IntArray
from bort.search.lower_envelope import LowerEnvelope
from bort.search.observation import Observation

_CELLS = 1 << 19  # pairs (stale architecture, witness) handled at once: bounds the memory


class CoverGap:
    """g(ξ), the least δ at which ξ is certified; ε* = exp(max g) - 1.

    After an evaluation g falls to the new witness's term, and goes stale where ℓ rose: a stale g
    is an upper bound, so only stale maxima are recomputed until the maximum is fresh.
    Source: ours; docs/search.md, "The anytime epsilon".
    """

    def __init__(self, envelope: LowerEnvelope) -> None:
        problem = envelope.problem
        self._envelope = envelope
        self._log_size = np.log(problem.size)
        self._log_latency = np.log(problem.latency)
        self._gap: FloatArray = np.full(len(problem), np.inf)
        self._stale = np.zeros(len(problem), dtype=bool)
        self._witnesses: list[int] = []
        self._log_uppers: list[float] = []
        self._largest: tuple[int, float] | None = None

    def add(self, index: int, observation: Observation, own: FloatArray, rose: BoolArray) -> None:
        """Take in one evaluation, after ℓ has been raised by it.

        Args:
            own: shape (N,), its own error term to all.
            rose: shape (N,), where ℓ rose.
        """
        self._largest = None
        self._stale |= rose
        if observation.is_witness:
            self._witnesses.append(index)
            self._log_uppers.append(float(np.log(observation.upper)))
            error_term = np.minimum(own, self._log_uppers[-1] - self._envelope.values)
            gap = np.maximum(error_term, 0.0)
            np.maximum(gap, self._log_size[index] - self._log_size, out=gap)
            np.maximum(gap, self._log_latency[index] - self._log_latency, out=gap)
            np.minimum(self._gap, gap, out=self._gap)
        # An evaluated architecture covers itself; a diverged one is left out of the claim.
        self._gap[index] = 0.0
        self._stale[index] = False

    def largest(self) -> tuple[int, float]:
        """argmax g (the lowest index of equals) and max g, exact."""
        if self._largest is None:
            self._largest = self._find_largest()
        return self._largest

    def _find_largest(self) -> tuple[int, float]:
        while True:
            fresh = np.where(self._stale, -np.inf, self._gap)
            best = float(fresh.max())
            candidates = np.flatnonzero(self._stale & (self._gap >= best))
            if not len(candidates):
                return int(np.argmax(fresh)), best
            batch = max(1, _CELLS // max(1, len(self._witnesses)))
            if len(candidates) > batch:
                order = np.argpartition(-self._gap[candidates], batch)[:batch]
                candidates = candidates[order]
            self._refresh(candidates)

    def _refresh(self, rows: IntArray) -> None:
        lower = self._envelope.values[rows]
        self._gap[rows] = np.inf
        size = max(1, _CELLS // len(rows))
        for start in range(0, len(self._witnesses), size):
            some = np.array(self._witnesses[start : start + size])
            uppers = np.array(self._log_uppers[start : start + size])
            gap = np.maximum(self._envelope.own_error_term(rows, some), 0.0)
            np.minimum(gap, np.maximum(uppers - lower[:, None], 0.0), out=gap)
            for log_cost in (self._log_size, self._log_latency):
                np.maximum(gap, log_cost[some] - log_cost[rows][:, None], out=gap)
            self._gap[rows] = np.minimum(self._gap[rows], gap.min(axis=1))
        self._stale[rows] = False
