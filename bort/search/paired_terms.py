"""How much more wrong each witness can be than each architecture, pairs compared directly."""

import numpy as np

from bort.search.arrays import BoolArray, FloatArray
from bort.search.observation import Observation
from bort.search.paired import log_ratio_bounds
from bort.search.population import Population
from bort.search.problem import SearchProblem


class PairedTerms:
    """t(c,ξ) = min over sources c' of R(c,c') + o(c',ξ), with R(c,c) = 0 and o(c',c') = 0.

    R(c,c') bounds ln e(c)/e(c'), o(c',ξ) bounds ln e(c')/e(ξ); so t bounds ln e(c)/e(ξ). It is
    never above what the intervals alone say.
    Memory O(|C| N), cost O(|C| N) per evaluation.
    Source: ours; docs/search.md, "Intervals".
    """

    def __init__(self, problem: SearchProblem, population: Population) -> None:
        self._problem = problem
        self._population = population
        self._observations: dict[int, Observation] = {}
        self._own: dict[int, FloatArray] = {}
        self._terms: dict[int, FloatArray] = {}
        self.near: BoolArray = np.zeros(len(problem), dtype=bool)

    def add(self, index: int, observation: Observation, own: FloatArray | None) -> None:
        """Take in one evaluation.

        Args:
            own: shape (N,), its own error term to all; None where nothing bounds the others.
        """
        self.near[index] = True  # evaluated: it covers itself, or it is left out of the claim
        if not observation.is_witness:
            return
        reach = np.full(len(self._problem), np.inf) if own is None else own.copy()
        reach[index] = 0.0
        known = list(self._observations)
        others = [self._observations[i] for i in known]
        ahead, back = log_ratio_bounds(observation, others, self._population)
        mine = reach.copy()
        for other, ratio_ahead, ratio_back in zip(known, ahead, back, strict=True):
            if observation.is_source:
                np.minimum(self._terms[other], ratio_back + reach, out=self._terms[other])
            if other in self._own:
                np.minimum(mine, ratio_ahead + self._own[other], out=mine)
        self._observations[index] = observation
        self._terms[index] = mine
        if observation.is_source:
            self._own[index] = reach

    @property
    def witnesses(self) -> list[int]:
        """Indices in the order of evaluation."""
        return list(self._terms)

    def term(self, witness: int) -> FloatArray:
        """t(c,ξ) of one witness: shape (N,)."""
        return self._terms[witness]

    def gaps(self) -> FloatArray:
        """The least δ at which each architecture is certified: shape (N,)."""
        costs = np.log(self._problem.size), np.log(self._problem.latency)
        gap = np.full(len(self._problem), np.inf)
        for witness, term in self._terms.items():
            excess = np.maximum(term, 0.0)
            for cost in costs:
                np.maximum(excess, cost[witness] - cost, out=excess)
            np.minimum(gap, excess, out=gap)
        gap[self.near] = 0.0
        return gap

    def room(self, witness: int, log_gains: FloatArray, error_weight: float) -> float:
        """ln of how much larger than W(c) any W can be: max over ξ of ln G(ξ)/G(c) + w_e t(c,ξ).

        Architectures without gain, or left out of the claim, cannot win.
        """
        possible = log_gains > -np.inf
        for index in np.flatnonzero(self.near):
            possible[index] &= int(index) in self._terms
        if not possible.any():
            return 0.0
        values = log_gains[possible]
        if error_weight:
            values = values + error_weight * self._terms[witness][possible]
        return max(0.0, float(values.max() - log_gains[witness]))
