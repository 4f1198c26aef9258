"""The progress of a cover, updated without building an N x |C| array."""

from abc import ABC, abstractmethod

import numpy as np

from bort.search.arrays import BoolArray, FloatArray, IntArray
from bort.search.bounds import Envelope
from bort.search.observation import Observation

_CELLS = 1 << 19  # pairs (stale architecture, witness) handled at once: bounds the memory


class CoverGap(ABC):
    """The anytime ε of a cover: ε* = exp(max g) - 1, where g(ξ) is the least δ that certifies ξ."""

    @abstractmethod
    def add(self, index: int, observation: Observation, own: FloatArray, rose: BoolArray) -> None:
        """Add one evaluation, after it has raised ℓ.

        Args:
            own: shape (N,), its own error term to all.
            rose: shape (N,), where ℓ rose.
        """

    @abstractmethod
    def largest(self) -> float:
        """The largest g, exact."""

    @abstractmethod
    def also_certified(self, delta: float) -> BoolArray | bool:
        """Mark what is certified at δ in addition to what `CoverTarget` knows."""


class IntervalGap(CoverGap):
    """The gap of a cover when errors are compared by their intervals.

    After an evaluation, g falls to the new witness's term, and becomes stale where ℓ rose. A stale
    g is an upper bound, so only stale maxima are recomputed, until the maximum is fresh.
    Source: ours; docs/guarantee.md, "The anytime epsilon".
    """

    def __init__(self, envelope: Envelope) -> None:
        problem = envelope.problem
        self._envelope = envelope
        self._log_size = np.log(problem.size)
        self._log_latency = np.log(problem.latency)
        self._gap: FloatArray = np.full(len(problem), np.inf)
        self._stale = np.zeros(len(problem), dtype=bool)
        self._evaluated = np.zeros(len(problem), dtype=bool)
        self._witnesses: list[int] = []
        self._log_uppers: list[float] = []
        self._largest: float | None = None

    def add(self, index: int, observation: Observation, own: FloatArray, rose: BoolArray) -> None:
        """Add one evaluation, after it has raised ℓ."""
        self._largest = None
        self._stale |= rose & ~self._evaluated  # ℓ may rise where a training diverged
        if observation.is_witness:
            self._witnesses.append(index)
            self._log_uppers.append(float(np.log(observation.upper)))
            error_term = np.minimum(own, self._log_uppers[-1] - self._envelope.values)
            gap = np.maximum(error_term, 0.0)
            np.maximum(gap, self._log_size[index] - self._log_size, out=gap)
            np.maximum(gap, self._log_latency[index] - self._log_latency, out=gap)
            np.minimum(self._gap, gap, out=self._gap)
        # An evaluated architecture covers itself; the claim excludes a diverged one.
        self._gap[index] = 0.0
        self._stale[index] = False
        self._evaluated[index] = True

    def largest(self) -> float:
        """The largest g, exact."""
        if self._largest is None:
            self._largest = self._find_largest()
        return self._largest

    def also_certified(self, delta: float) -> BoolArray | bool:  # noqa: ARG002
        """Return False, because `CoverTarget` already knows everything."""
        return False

    def _find_largest(self) -> float:
        while True:
            fresh = np.where(self._stale, -np.inf, self._gap)
            best = float(fresh.max())
            stale = np.flatnonzero(self._stale & (self._gap >= best))
            if not len(stale):
                return best
            batch = max(1, _CELLS // max(1, len(self._witnesses)))
            if len(stale) > batch:
                order = np.argpartition(-self._gap[stale], batch)[:batch]
                stale = stale[order]
            self._refresh(stale)

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


class CoverTarget:
    """The goal `cover` at δ = ln(1+ε): three columns of length N, updated in O(N K).

    Attributes:
        delta: δ.
        gap: the anytime ε, which may certify more.
        near: shape (N,); evaluated, or certified by a witness without any other error.
        best_log_error: shape (N,); the smallest ln u(c) among the witnesses that are at most
            (1+ε) times as large and as slow.
    """

    def __init__(self, envelope: Envelope, delta: float, gap: CoverGap) -> None:
        problem = envelope.problem
        self._envelope = envelope
        self.gap = gap
        self.delta = delta
        self._log_size = np.log(problem.size)
        self._log_latency = np.log(problem.latency)
        self.near: BoolArray = np.zeros(len(problem), dtype=bool)
        self.best_log_error: FloatArray = np.full(len(problem), np.inf)

    def is_cheap_enough(self, index: int) -> BoolArray:
        """Mark where architecture `index` is at most (1+ε) times as large and slow: shape (N,)."""
        size_is_fine = self._log_size[index] - self._log_size <= self.delta
        latency_is_fine = self._log_latency[index] - self._log_latency <= self.delta
        return np.asarray(size_is_fine & latency_is_fine)

    def add(self, index: int, observation: Observation, own: FloatArray, rose: BoolArray) -> None:
        """Add one evaluation, after it has raised ℓ.

        Args:
            own: shape (N,), its own error term to all.
            rose: shape (N,), where ℓ rose.
        """
        self.gap.add(index, observation, own, rose)
        if observation.is_witness:
            cheap = self.is_cheap_enough(index)
            self.near |= cheap & (own <= self.delta)
            log_upper = float(np.log(observation.upper))
            better = cheap & (self.best_log_error > log_upper)
            self.best_log_error[better] = log_upper
        self.near[index] = True

    @property
    def uncertified(self) -> BoolArray:
        """Mark the uncertified architectures, shape (N,)."""
        covered = self.best_log_error - self._envelope.values <= self.delta
        return ~(self.near | covered | self.gap.also_certified(self.delta))
