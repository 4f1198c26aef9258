"""Fewer architectures that still cover everything."""

import numpy as np

from bort.search.arrays import BoolArray, FloatArray, IntArray
from bort.search.pareto import is_non_dominated
from bort.search.state import SearchState

_MAX_CELLS = 20_000_000  # bytes of the who-covers-whom table; beyond it nothing is thinned


def reduced_cover(state: SearchState) -> IntArray:
    """Indices, ascending, of evaluated architectures that certify all others at ε.

    First what another one makes superfluous is dropped: no larger, no slower, and u(c) <= l(c').
    (Dropping by *measured* error could lose the cover.) Then greedily the fewest are kept that
    certify every architecture of the space, each re-checked by the definition at the full ε.
    Precondition: the cover is certified at ε.
    """
    # Intervals that tell two apart say nothing of what their comparisons with others certify.
    rows = undominated(state) if state.paired is None else _witnesses(state)
    if len(rows) * len(state.problem) > _MAX_CELLS:
        return rows
    return np.sort(rows[_greedy_set_cover(_covers(state, rows))])


def undominated(state: SearchState) -> IntArray:
    """Witnesses that no other one makes superfluous, the lowest index of equals: ascending."""
    items = sorted((i, o) for i, o in state.observations.items() if o.is_witness)
    rows = np.array([i for i, _ in items], dtype=np.int64)
    costs = np.column_stack([state.problem.size[rows], state.problem.latency[rows]])
    lower = np.array([o.lower for _, o in items])
    upper = np.array([o.upper for _, o in items])
    if (lower == upper).all():
        points = np.column_stack([costs, upper])
        keep = is_non_dominated(points)
        _, first = np.unique(points[keep], axis=0, return_index=True)
        return np.sort(rows[keep][first])
    return rows[~_is_beaten_for_sure(costs, lower, upper)]


def _witnesses(state: SearchState) -> IntArray:
    return np.array(sorted(i for i, o in state.observations.items() if o.is_witness))


def _is_beaten_for_sure(costs: FloatArray, lower: FloatArray, upper: FloatArray) -> BoolArray:
    beaten = np.zeros(len(costs), dtype=bool)
    for row in range(len(costs)):
        beats = (costs <= costs[row]).all(axis=1) & (upper <= lower[row])
        equal = (costs == costs[row]).all(axis=1) & (upper == lower) & (upper == lower[row])
        equal &= upper[row] == lower[row]
        beats[row:] &= ~equal[row:]  # of equals the first stays
        beats[row] = False
        beaten[row] = beats.any()
    return beaten


def _covers(state: SearchState, rows: IntArray) -> BoolArray:
    """Whether each of `rows` certifies each architecture at ε: shape (N or fewer, len(rows))."""
    problem, delta = state.problem, state.delta
    log_upper = np.log([state.observations[int(i)].upper for i in rows])
    error_term = log_upper - state.log_lower[:, None]
    paired = state.paired
    if paired is not None:
        error_term = np.column_stack([paired.term(int(row)) for row in rows])
    elif not state.is_exhausted:
        own = state.engines.envelope.own_error_term(slice(None), rows)
        error_term = np.minimum(error_term, own)
    covers = error_term <= delta
    for cost in (np.log(problem.size), np.log(problem.latency)):
        covers &= cost[rows][None, :] - cost[:, None] <= delta
    covers[rows, np.arange(len(rows))] = True
    excluded = [i for i, o in state.observations.items() if o.is_excluded]
    return np.asarray(np.delete(covers, excluded, axis=0))


def _greedy_set_cover(covers: BoolArray) -> IntArray:
    chosen: list[int] = []
    missing = covers.any(axis=1)
    while missing.any():
        best = int(np.argmax(covers[missing].sum(axis=0)))
        chosen.append(best)
        missing &= ~covers[:, best]
    return np.array(chosen, dtype=np.int64)
