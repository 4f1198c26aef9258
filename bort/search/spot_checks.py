"""Spot checks: architectures drawn at random between the picks, and what they say without λ.

The draws are a random order of the whole space, fixed by a seed. Each draw is judged by what was
evaluated before it, so the statements hold at every moment; docs/guarantee.md, "Spot checks".
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import NamedTuple

import numpy as np

from bort.core.question import Goal, Question
from bort.search.arrays import LARGEST_GAP, BoolArray, FloatArray
from bort.search.facts import SpotChecked, Uncovered
from bort.search.goals import goal_of
from bort.search.observation import Observation
from bort.search.problem import SearchProblem
from bort.search.w_coefficient import log_gain, log_w

# Largest share that may be uncovered: the error probability that its statement spends.
LEVELS: Mapping[float, float] = {0.1: 0.0125, 0.05: 0.025, 0.01: 0.0125}
# The draws before which a bet waits, because early ones find little covered, and its weight.
WAITS: Mapping[int, float] = {0: 1 / 2, 8: 1 / 6, 32: 1 / 6, 128: 1 / 6}
# The share of itself that a bet loses at a failure, and its weight.
STAKES: Mapping[float, float] = {1.0: 2 / 3, 0.75: 1 / 3}


class Draw(NamedTuple):
    """One architecture drawn at random.

    Attributes:
        before: number of evaluations before it was drawn.
    """

    before: int
    architecture: int


@dataclass(frozen=True)
class SpotChecks:
    """Which evaluations are drawn at random, as a rule that anyone can repeat.

    Attributes:
        share: share of the evaluations that are drawn, once `first` have been made.
        space_size: N.
        first: evaluations before the first draw.
        key: which of the random orders; a search always takes the first, so nobody can choose it.
    """

    share: float
    space_size: int
    first: int
    key: int = 0

    def is_due(self, evaluations: int) -> bool:
        """Whether the next evaluation is drawn."""
        past = evaluations - self.first
        return past >= 0 and int(self.share * (past + 1)) > int(self.share * past)

    def draws(self, evaluated: Iterable[int]) -> list[Draw]:
        """List the draws among evaluations, in their order.

        One that was evaluated before it was drawn needs no training. An evaluation that is due but
        is not the next of the order was made while there were no spot checks: nothing was drawn.
        """
        found: list[Draw] = []
        known: set[int] = set()
        for before, made in enumerate(evaluated):
            if self.is_due(before):
                drawn = self._until_new(len(found), known)
                if drawn[-1] == made:
                    found += [Draw(before, index) for index in drawn]
            known.add(made)
        return found

    def next(self, evaluated: Collection[int]) -> int | None:
        """Return the architecture to evaluate next if it is due to be drawn. O(|C|)."""
        if not self.is_due(len(evaluated)):
            return None
        return self._until_new(len(self.draws(evaluated)), set(evaluated))[-1]

    def total(self, picks: int) -> int:
        """Count the evaluations, draws included, after which so many were picked; N at most."""
        if picks <= self.first:
            return min(picks, self.space_size)
        return min(self.space_size, self.first + ceil((picks - self.first) / (1 - self.share)))

    def least_gaps(self, gaps: Sequence[float]) -> list[tuple[int, float]]:
        """Find, for each of `LEVELS`, the most uncovered and the smallest δ that is stated for it.

        Args:
            gaps: from `draw_gaps`, in the order of the draws.
        """
        size, drawn = self.space_size, np.asarray(gaps, dtype=float)
        mosts = [(int(share * size), alpha) for share, alpha in LEVELS.items()]
        return [(most, least_gap(drawn, size, at_most=most, alpha=a)) for most, a in mosts]

    def _until_new(self, drawn: int, known: Collection[int]) -> tuple[int, ...]:
        """Draw until one is not evaluated yet. Precondition: there is one."""
        order, last = random_order(self.space_size, self.key), drawn
        while order[last] in known:
            last += 1
        return order[drawn : last + 1]


def spot_checks_for(problem: SearchProblem, question: Question) -> SpotChecks | None:
    """Make the rule of a search; None without spot checks.

    The first draw comes after twice as many evaluations as the first design has: before, hardly
    anything is covered.
    """
    if question.spot_checks is None:
        return None
    design = len(problem.parts) + int(problem.matters.sum())
    return SpotChecks(share=question.spot_checks, space_size=len(problem), first=2 * design)


@cache
def random_order(space_size: int, key: int) -> tuple[int, ...]:
    """Put all architectures in the order in which they are drawn, by SHA-256. O(N log N)."""
    salt = hashlib.sha256(json.dumps(["spot checks", space_size, key]).encode()).digest()
    ranks = [hashlib.sha256(salt + i.to_bytes(8, "big")).digest() for i in range(space_size)]
    return tuple(sorted(range(space_size), key=ranks.__getitem__))


def spot_check_fact(
    problem: SearchProblem, observations: Mapping[int, Observation], question: Question
) -> SpotChecked | None:
    """Say what the draws among the evaluations show; None without spot checks.

    Args:
        observations: by index, in the order in which they were made.
    """
    checks = spot_checks_for(problem, question)
    if checks is None:
        return None
    draws = checks.draws(observations)
    gaps = draw_gaps(problem, observations, draws, question)
    epsilon_of = goal_of(question).epsilon_of
    statements = [
        Uncovered(
            share=share,
            at_most=at_most,
            alpha=alpha,
            epsilon=None if gap > LARGEST_GAP else epsilon_of(gap),
        )
        for (share, alpha), (at_most, gap) in zip(
            LEVELS.items(), checks.least_gaps(gaps), strict=True
        )
    ]
    return SpotChecked(
        goal=question.goal,
        space_size=len(problem),
        drawn=len(draws),
        trained=len({draw.before for draw in draws}),
        statements=tuple(statements),
    )


def draw_gaps(
    problem: SearchProblem,
    observations: Mapping[int, Observation],
    draws: Sequence[Draw],
    question: Question,
) -> list[float]:
    """Compute the least δ at which what was evaluated before a draw covers it; O(draws |C|).

    0 if it was evaluated itself; infinite if its training diverged, or nothing was evaluated.
    Errors are those on this dev set.
    """
    order = list(observations)
    is_witness = np.array([observations[i].is_witness for i in order], dtype=bool)
    errors = np.log([observations[i].error for i in order])
    weights = question.weights
    if question.goal is Goal.BEST:
        gains = log_gain(problem.size, problem.latency, weights)[order]
        costs = -log_w(gains, np.exp(errors), weights)[:, None]
    else:
        costs = np.column_stack(
            [np.log(problem.size)[order], np.log(problem.latency)[order], errors]
        )
    place = {index: position for position, index in enumerate(order)}
    gaps = [0.0] * len(draws)
    for number, draw in enumerate(draws):
        own = place[draw.architecture]
        if own < draw.before:
            continue
        excess = _excess(costs[: draw.before], costs[own])
        usable = excess[is_witness[: draw.before]]
        gaps[number] = float(usable.min(initial=np.inf)) if is_witness[own] else np.inf
    return gaps


def _excess(costs: FloatArray, own: FloatArray) -> FloatArray:
    """Compute how far each row is above `own` where it is farthest above; 0 if nowhere."""
    if (own == np.inf).any():  # W = 0: anything is at least as good
        return np.zeros(len(costs))
    return np.asarray(np.maximum(0.0, (costs - own).max(axis=1)))


def least_gap(gaps: FloatArray, space_size: int, *, at_most: int, alpha: float) -> float:
    """Compute the smallest δ of which more than `at_most` uncovered are refuted; inf if none.

    Args:
        gaps: from `draw_gaps`, in the order of the draws.
        alpha: the probability that this is wrong at any of the looks from the first draw on.
    Returns:
        One of `gaps`, or infinity. Cost: O(T log T) for T draws.
    Source: docs/guarantee.md, Theorem 6.
    """
    candidates = np.unique(gaps[np.isfinite(gaps)])
    low, high = 0, len(candidates)
    while low < high:
        middle = (low + high) // 2
        if _is_refuted(gaps > candidates[middle], space_size, at_most, alpha):
            high = middle
        else:
            low = middle + 1
    return float(candidates[low]) if low < len(candidates) else np.inf


def could_state(statement: Uncovered, *, draws: int, space_size: int) -> bool:
    """Whether so many draws without a failure are enough for a statement."""
    none_failed = np.zeros(draws, dtype=bool)
    return _is_refuted(none_failed, space_size, statement.at_most, statement.alpha)


def _is_refuted(failed: BoolArray, space_size: int, at_most: int, alpha: float) -> bool:
    """Whether the bets against more than `at_most` uncovered ever won 1/α."""
    left = space_size - np.arange(len(failed))
    odds = np.minimum((at_most + 1) / left, 1.0)  # of a failure, if one more is uncovered
    won = np.zeros(len(failed))
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        for stake, weight in STAKES.items():
            factors = np.where(
                failed, np.log1p(-stake), np.log((1 - (1 - stake) * odds) / (1 - odds))
            )
            for wait, part in WAITS.items():
                kept = np.exp(np.cumsum(factors[wait:]))
                won[:wait] += part * weight
                won[wait:] += part * weight * np.nan_to_num(kept, nan=0.0, posinf=np.inf)
    return bool((won >= 1 / alpha).any())
