"""Measure processor time and memory of steps, `solve` and `verify` in small and large spaces.

Run: OMP_NUM_THREADS=1 python -m benchmarks.search.scale      (a few minutes)

Processor time is what a machine that does nothing else would need, with one thread.
"""

import json
import resource
import time

import numpy as np

from bort.core.question import Question
from bort.search import Observation, SearchProblem, certified_search, solve
from bort.search.answer import solve_table
from bort.search.check.certificate import certificate_of, read_certificate
from bort.search.check.verify import verify

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


def step_seconds(problem: SearchProblem, errors: np.ndarray, *, known: int, steps: int) -> float:
    """Time a step of a search with a budget it cannot certify with, after `known` evaluations.

    The first step is not counted: it learns the known ones.
    """
    begin = np.random.default_rng(0).permutation(len(problem))[:known]
    search = certified_search(
        problem,
        lambda i: Observation.of(float(errors[i])),
        question=Question(epsilon=0.001),
        budget=known + steps + 20,
        known={int(i): Observation.of(float(errors[i])) for i in begin},
    )
    counts = [next(search).evaluations]
    start = time.process_time()
    counts += [next(search).evaluations for _ in range(steps)]
    return (time.process_time() - start) / steps


def verify_seconds(problem: SearchProblem, errors: np.ndarray, *, evaluations: int) -> float:
    """Time the check of a certificate with so many evaluations and an estimated λ."""
    rows = np.random.default_rng(0).permutation(len(problem))[:evaluations].tolist()
    known = {row: Observation.of(float(errors[row])) for row in rows}
    made = certificate_of(problem, known, question=Question(epsilon=0.1), study="scale")
    text = json.dumps(made)
    start = time.process_time()
    failures = verify(read_certificate(text))
    assert not failures, failures
    return time.process_time() - start


def cells() -> tuple[SearchProblem, np.ndarray]:
    """Make a space as large as NAS-Bench-201: 15,625 cells of six categories, with noisy errors."""
    rng = np.random.default_rng(0)
    rows = np.stack(np.meshgrid(*[np.arange(5)] * 6, indexing="ij"), axis=-1).reshape(-1, 6)
    price, use, worth = rng.uniform(0, 1, (3, 6, 5))
    edges = np.arange(6)
    logs = worth[edges, rows].sum(axis=1) + 0.3 * rng.normal(size=len(rows))
    problem = SearchProblem(
        tuple(f"edge{k}" for k in edges),
        rows.astype(float),
        1 + price[edges, rows].sum(axis=1),
        1 + use[edges, rows].sum(axis=1),
        categorical=np.ones(6, dtype=bool),
    )
    return problem, 0.08 * np.exp(logs - logs.min())


def main() -> None:
    """Print one line per figure."""
    for known in (100, 500):
        seconds = step_seconds(*cells(), known=known, steps=40)
        print(f"15,625 architectures, {known} known: {1e3 * seconds:.0f} ms a step", flush=True)
    axis = np.arange(1, 33)
    problem, errors = space(axis, 16 * axis, 32 * axis, axis[:31])
    start = time.process_time()
    answer = solve_table(problem.size, problem.latency, errors, question=Question())
    seconds = time.process_time() - start
    print(f"table of {len(problem):,}: {seconds:.2f} s, front {len(answer.front):,}")
    start = time.process_time()
    steps = list(
        certified_search(
            problem,
            lambda i: Observation.of(float(errors[i])),
            question=Question(lipschitz=tuple(SLOPES.tolist())),
        )
    )
    seconds = (time.process_time() - start) / len(steps)
    print(f"certified search: {len(steps)} evaluations, {seconds:.2f} s each")
    seconds = step_seconds(problem, errors, known=100, steps=3)
    print(f"search with a budget: {seconds:.2f} s a step after 100 evaluations")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"largest memory: {memory:.2f} GB (where ru_maxrss is in kB)")

    some = axis[:18]
    problem, errors = space(some, 16 * some, 32 * some, some)
    seconds = verify_seconds(problem, errors, evaluations=500)
    print(f"verify, {len(problem):,} with 500 evaluations: {seconds:.1f} s", flush=True)

    problem, errors = space(axis[:6], 96 * axis[:4], 192 * axis[:4], axis[:4])
    for count in (12, 60):
        seen = {
            s.index: s.observation
            for s in certified_search(
                problem,
                lambda i: Observation.of(float(errors[i])),
                question=Question(epsilon=0.01),
                budget=count,
            )
        }
        start = time.process_time()
        solve(problem, seen, question=Question())
        print(f"solve, 384 with {count}: {1e3 * (time.process_time() - start):.1f} ms")


if __name__ == "__main__":
    main()
