"""How many challenges a certificate's estimated λ has met, from docs/guarantee.md alone.

Written again for `verify`: it shares no code with the search.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from bort.core.question import Goal
from bort.search.arrays import FloatArray, IntArray
from bort.search.check.case import CertifiedCase

_NEAR = 1e-9  # relative, of two factors on λ that may be equal


def challenges_made(case: CertifiedCase, *, leeway: float) -> tuple[int, bool]:
    """Count the challenges since λ last rose or something was not certified.

    Returns:
        Their number, and whether no more are wanted.
    """
    wanted, question = case.question.challenges or 0, case.question
    needs_errors = question.goal is not Goal.BEST or question.weights[2] > 0
    is_estimated = question.lipschitz is None and needs_errors
    if not wanted or not is_estimated or case.is_exhausted or question.goal.evaluates_everything:
        return 0, True
    if not _is_within(case, leeway):
        return 0, True
    made = 0
    for before, row in _backwards(case):
        if made == wanted or not _is_within(before, leeway) or not _has_same_lambda(before, case):
            break
        if not case.seen[row].is_excluded and _is_fragile(before, row):
            made += 1
    return made, made == wanted or not _is_any_fragile(case)


def _backwards(case: CertifiedCase) -> Iterator[tuple[CertifiedCase, int]]:
    """Go back from the last evaluation: what was known before it, and what it was of."""
    for count in range(len(case.rows) - 1, 0, -1):
        rows = case.rows[:count]
        anchors = sum(not case.seen[i].is_excluded for i in rows)
        yield case.as_of(rows, [e for e in case.envelopes if e[0] <= anchors]), case.rows[count]


def _has_same_lambda(before: CertifiedCase, case: CertifiedCase) -> bool:
    then, now = before.learned.lipschitz, case.learned.lipschitz
    return then is not None and now is not None and np.array_equal(then, now)


def _limit(case: CertifiedCase) -> float:
    epsilon = case.question.epsilon
    if case.question.goal is not Goal.BEST:
        return float(np.log1p(epsilon))
    return np.inf if epsilon >= 1 else -float(np.log1p(-epsilon))


def _is_within(case: CertifiedCase, leeway: float) -> bool:
    """Whether the goal is reached if λ holds, tested or not."""
    witnesses = [i for i, o in case.seen.items() if not o.is_excluded]
    if case.learned.lipschitz is None or not witnesses:
        return False
    if case.question.goal is Goal.BEST:
        gap = float(case.direct.w_gaps(case.question.weights).min())
    else:
        blocks = case.direct.blocks()
        gap = max(float(case.direct.gaps(block, witnesses).max()) for block in blocks)
    return gap <= _limit(case) + leeway


def _is_fragile(case: CertifiedCase, row: int) -> bool:
    """Whether no open architecture needs a smaller factor on λ to break the claim."""
    factors = dict(_factors(case))
    least = min(factors.values(), default=np.inf)
    return factors.get(row, np.inf) <= least * (1 + _NEAR) < np.inf


def _is_any_fragile(case: CertifiedCase) -> bool:
    return any(factor < np.inf for _, factor in _factors(case))


def _factors(case: CertifiedCase) -> Iterator[tuple[int, float]]:
    """Yield the open architectures that an error can break, each with its factor."""
    anchors = [i for i, o in case.seen.items() if not o.is_excluded]
    logs = np.log([case.seen[i].lower for i in anchors]) - case.learned.nugget
    for block in case.direct.blocks():
        rows = block[~np.isin(block, case.rows)]
        thresholds = _thresholds(case, rows)
        rows, thresholds = rows[thresholds > -np.inf], thresholds[thresholds > -np.inf]
        if not len(rows):
            continue
        distances = replace(case.direct, slack=None, nugget=0.0)
        reach = distances.error_terms(rows, np.array(anchors))
        room = logs[None, :] - thresholds[:, None]
        factors = np.where(room > 0, room / reach, 0.0).max(axis=1)
        yield from zip(rows.tolist(), factors.tolist(), strict=True)


def _thresholds(case: CertifiedCase, rows: IntArray) -> FloatArray:
    """Compute the ln e below which each row breaks the goal."""
    witnesses = [i for i, o in case.seen.items() if not o.is_excluded]
    uppers = np.log([case.seen[i].upper for i in witnesses])
    limit = _limit(case)
    if case.question.goal is Goal.BEST:
        gains, weight = case.direct.log_gain(case.question.weights), case.question.weights[2]
        best = float((gains[witnesses] - weight * uppers).max())
        return np.asarray((gains[rows] - best - limit) / weight)
    costs = np.log(case.direct.costs)
    excess = (costs[witnesses][None] - costs[rows][:, None]).max(axis=2)
    return np.asarray(np.where(excess <= limit, uppers, np.inf).min(axis=1) - limit)
