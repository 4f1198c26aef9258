"""What the random draws of a certificate say, from docs/guarantee.md, "Spot checks", alone.

Written again for `verify`: it shares no code with the search.
"""

import hashlib
import json
from collections.abc import Sequence

import numpy as np

from bort.core.question import Goal
from bort.search.arrays import LARGEST_GAP, BoolArray
from bort.search.check.case import CertifiedCase
from bort.search.facts import SpotChecked, Uncovered

_LEVELS = ((0.1, 0.0125), (0.05, 0.025), (0.01, 0.0125))  # share, error probability
_WAITS = ((0, 1 / 2), (8, 1 / 6), (32, 1 / 6), (128, 1 / 6))  # draws, weight
_STAKES = ((1.0, 2 / 3), (0.75, 1 / 3))  # lost at a failure, weight


def spot_checked(case: CertifiedCase) -> SpotChecked | None:
    """Derive the fact from the evaluations in their order; None without spot checks."""
    share = case.question.spot_checks
    if share is None:
        return None
    count = len(case.problem)
    draws = _draws(case, share)
    gaps = [_gap(case, before, index) for before, index in draws]
    return SpotChecked(
        goal=case.question.goal,
        space_size=count,
        drawn=len(draws),
        trained=len({before for before, _ in draws}),
        statements=tuple(
            Uncovered(
                share=most,
                at_most=int(most * count),
                alpha=alpha,
                epsilon=_epsilon(case, gaps, int(most * count), alpha),
            )
            for most, alpha in _LEVELS
        ),
    )


def _order(count: int) -> list[int]:
    salt = hashlib.sha256(json.dumps(["spot checks", count, 0]).encode()).digest()
    return sorted(range(count), key=lambda i: hashlib.sha256(salt + i.to_bytes(8, "big")).digest())


def _draws(case: CertifiedCase, share: float) -> list[tuple[int, int]]:
    """List the draws, each after how many evaluations it was made."""
    varying = int((case.owners >= 0).sum())
    first = 2 * (varying + len(set(case.problem.families.tolist())))
    order, rows, draws = _order(len(case.problem)), case.rows, list[tuple[int, int]]()
    for before in range(first, len(rows)):
        if int(share * (before - first + 1)) == int(share * (before - first)):
            continue
        place = len(draws)
        while order[place] in rows[:before]:
            place += 1
        if order[place] == rows[before]:
            draws += [(before, index) for index in order[len(draws) : place + 1]]
    return draws


def _gap(case: CertifiedCase, before: int, index: int) -> float:
    """Compute the least δ at which the evaluations before a draw cover it."""
    if index in case.rows[:before]:
        return 0.0
    own = case.seen[index]
    earlier = [i for i in case.rows[:before] if not case.seen[i].is_excluded]
    if own.is_excluded or not earlier:
        return np.inf
    if case.question.goal is Goal.BEST:
        ours = _log_w(case, index)
        return max(0.0, ours - max(_log_w(case, i) for i in earlier)) if ours > -np.inf else 0.0
    costs = case.direct.costs
    ratios = [
        max(*(costs[i] / costs[index]).tolist(), case.seen[i].error / own.error) for i in earlier
    ]
    return float(np.log(max(1.0, min(ratios))))


def _log_w(case: CertifiedCase, index: int) -> float:
    weights = case.question.weights
    gain = float(case.direct.log_gain(weights)[index])
    return gain - weights[2] * float(np.log(case.seen[index].error))


def _epsilon(
    case: CertifiedCase, gaps: Sequence[float], at_most: int, alpha: float
) -> float | None:
    """Find the smallest ε of which more than `at_most` uncovered are refuted."""
    for gap in sorted(set(gaps)):
        failed = np.array(gaps) > gap
        if gap <= LARGEST_GAP and _largest_win(failed, len(case.problem), at_most) >= 1 / alpha:
            return float(-np.expm1(-gap) if case.question.goal is Goal.BEST else np.expm1(gap))
    return None


def _largest_win(failed: BoolArray, count: int, at_most: int) -> float:
    """Follow all bets from draw to draw, and return the most that they ever won together."""
    bets = {(wait, stake): a * b for wait, a in _WAITS for stake, b in _STAKES}
    most = 0.0
    for draw, is_failure in enumerate(failed):
        odds = (at_most + 1) / (count - draw)
        if odds >= 1 and not is_failure:  # impossible with one more uncovered
            return np.inf
        for (wait, stake), won in bets.items():
            if draw >= wait:
                kept = 1 - stake if is_failure else (1 - (1 - stake) * odds) / (1 - odds)
                bets[wait, stake] = won * kept
        most = max(most, sum(bets.values()))
    return most
