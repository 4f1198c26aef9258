"""Which architectures are certified at one fixed ε, exactly, after every evaluation."""

import numpy as np

from bort.search.arrays import BoolArray, FloatArray
from bort.search.lower_envelope import LowerEnvelope
from bort.search.observation import Observation
from bort.search.paired_terms import PairedTerms


class CoverTarget:
    """The goal `cover` at δ = ln(1+ε): three columns of length N, updated in O(N K).

    With `paired` comparisons whatever these certify is certified besides.

    Attributes:
        delta: δ.
        near: shape (N,); evaluated, or certified by a witness that needs no other's error.
        best_log_error: shape (N,); the least ln u(c) among the witnesses that are at most (1+ε)
            times as large and as slow.
    """

    def __init__(
        self, envelope: LowerEnvelope, delta: float, paired: PairedTerms | None = None
    ) -> None:
        problem = envelope.problem
        self._paired = paired
        self._envelope = envelope
        self.delta = delta
        self._log_size = np.log(problem.size)
        self._log_latency = np.log(problem.latency)
        self.near: BoolArray = np.zeros(len(problem), dtype=bool)
        self.best_log_error: FloatArray = np.full(len(problem), np.inf)

    def is_cheap_enough(self, index: int) -> BoolArray:
        """Where architecture `index` is at most (1+ε) times as large and as slow: shape (N,)."""
        size_is_fine = self._log_size[index] - self._log_size <= self.delta
        latency_is_fine = self._log_latency[index] - self._log_latency <= self.delta
        return np.asarray(size_is_fine & latency_is_fine)

    def add(self, index: int, observation: Observation, own: FloatArray) -> None:
        """Take in one evaluation; `own` is its own error term to all, shape (N,)."""
        if observation.is_witness:
            cheap = self.is_cheap_enough(index)
            self.near |= cheap & (own <= self.delta)
            log_upper = float(np.log(observation.upper))
            better = cheap & (self.best_log_error > log_upper)
            self.best_log_error[better] = log_upper
        self.near[index] = True

    @property
    def uncertified(self) -> BoolArray:
        """Shape (N,)."""
        covered = self.best_log_error - self._envelope.values <= self.delta
        if self._paired is not None:
            covered |= self._paired.gaps() <= self.delta
        return ~(self.near | covered)
