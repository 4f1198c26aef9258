"""Measure time and memory of the search on a million architectures, and of `solve` on 384.

Run: python -m benchmarks.search.scale
"""

import resource
import time

import numpy as np

from bort.core.question import Question
from bort.search import Observation, SearchProblem, certified_search, solve
from bort.search.answer import solve_table

SLOPES = np.array([0.06, 0.13, 0.05, 0.02])


def space(*axes: np.ndarray) -> tuple[SearchProblem, np.ndarray]:
    """Make all combinations of four dimensions with BERT's costs, and their errors."""
    rows = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 4).astype(float)
    depth, hidden, inner, heads = rows.T
    layer = 4 * hidden**2 + 2 * hidden * inner
    x = np.log(rows)
    problem = SearchProblem(
        ("depth", "hidden", "intermediate", "heads"),
        x,
        31_000 * hidden + depth * layer + heads,
        0.3 + 0.1 * depth + depth * layer / 1e8 + 0.01 * heads,
    )
    return problem, 0.17 * np.exp((x.max(axis=0) - x) @ SLOPES)


def main() -> None:
    """Print one line per figure."""
    axis = np.arange(1, 33)
    problem, errors = space(axis, 16 * axis, 32 * axis, axis[:31])
    start = time.perf_counter()
    answer = solve_table(problem.size, problem.latency, errors, question=Question())
    seconds = time.perf_counter() - start
    print(f"table of {len(problem):,}: {seconds:.2f} s, front {len(answer.front):,}")
    start = time.perf_counter()
    steps = list(
        certified_search(
            problem,
            lambda i: Observation.of(float(errors[i])),
            question=Question(lipschitz=tuple(SLOPES.tolist())),
        )
    )
    seconds = (time.perf_counter() - start) / len(steps)
    print(f"certified search: {len(steps)} evaluations, {seconds:.2f} s each")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"largest memory: {memory:.2f} GB (where ru_maxrss is in kB)")

    problem, errors = space(axis[:6], 96 * axis[:4], 192 * axis[:4], axis[:4])
    for count in (12, 60):
        known = {
            s.index: s.observation
            for s in certified_search(
                problem,
                lambda i: Observation.of(float(errors[i])),
                question=Question(epsilon=0.01),
                budget=count,
            )
        }
        start = time.perf_counter()
        solve(problem, known, question=Question())
        print(f"solve, 384 with {count}: {1e3 * (time.perf_counter() - start):.1f} ms")


if __name__ == "__main__":
    main()
