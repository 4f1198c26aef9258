"""Measure how often a claim with an estimated λ, or its audit, is wrong, on spaces of known errors.

Run: python -m benchmarks.search.guarantee [RUNS]      (500 of each kind take some minutes)
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bort.core.question import Question
from bort.search import SearchProblem, certified_search, solve
from bort.search.audit import judge_audit, plan_audit

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "search"))
from search_cases import Case, random_case

QUESTION = Question(epsilon=0.25)


def smooth_case(seed: int) -> Case:
    """Make a space with BERT-like costs, smooth ln e, interacting dimensions and up to 3% noise."""
    rng = np.random.default_rng(seed)
    heads = (12,) if seed % 2 else (4, 6, 12)
    rows = np.array(
        [
            (depth, a, hidden, inner)
            for depth in range(1, 7)
            for a in heads
            for hidden in (96, 192, 288, 384)
            for inner in (192, 384, 768, 1536)
        ],
        dtype=float,
    )
    depth, a, hidden, inner = rows.T
    layer = 4 * hidden**2 + 2 * hidden * inner
    x = np.log(rows)
    extents = np.where(np.ptp(x, axis=0) > 0, np.ptp(x, axis=0), 1.0)
    u = (x - x.min(axis=0)) / extents
    slopes = rng.uniform(0, 0.15, 4) * (rng.random(4) < 0.85)
    logs = (x.max(axis=0) - x) @ slopes
    logs += rng.uniform(0, 0.3) * (1 - u[:, 0]) * (1 - u[:, 2])
    logs += rng.uniform(0, 0.2) * (1 - u[:, 2]) ** 2
    waves = np.cos(u @ (1.5 * rng.normal(size=(4, 6))) + rng.uniform(0, 2 * np.pi, 6))
    logs += rng.uniform(0, 0.06) * waves @ rng.normal(size=6) / np.sqrt(3)
    logs += rng.choice([0.0, 0.01, 0.03]) * rng.normal(size=len(x))
    problem = SearchProblem(
        ("depth", "heads", "hidden", "intermediate"),
        x,
        31_000 * hidden + depth * layer,
        0.3 + 0.15 * depth + 0.02 * depth * a**0.3 + 32 * depth * layer / 2e7,
    )
    return Case(problem, np.minimum(0.18 * np.exp(logs), 0.9), (0.0,) * 4, 0.0)


def true_epsilon(case: Case, evaluated: list[int]) -> float:
    """Compute the smallest ε at which the evaluated architectures really cover all."""
    costs = np.log(np.column_stack([case.problem.size, case.problem.latency, case.errors]))
    gaps = [np.maximum(0.0, costs[c] - costs).max(axis=1) for c in evaluated]
    return float(np.expm1(np.min(gaps, axis=0).max()))


def audit_is_wrong(case: Case, evaluated: list[int]) -> bool | None:
    """Check whether an audit of 20 allows too few uncovered; None if nothing is left to audit."""
    known = case.observations(evaluated)
    answer = solve(case.problem, known, question=QUESTION)
    plan = plan_audit(answer, question=QUESTION, count=20, space_size=len(case.problem), seed=0)
    if plan is None:
        return None
    result = judge_audit(case.problem, plan, known | case.observations(plan.drawn))
    assert result is not None  # all that were drawn have been observed
    costs = np.column_stack([case.problem.size, case.problem.latency, case.errors])
    limit = (1 + plan.epsilon) * (1 + 1e-9)
    covered = np.zeros(len(costs), dtype=bool)
    for member in plan.members:
        covered |= (costs[member] <= limit * costs).all(axis=1)
    covered[evaluated] = True
    return int((~covered).sum()) > result.uncovered_at_most


def measure(name: str, make: Callable[[int], Case], runs: int) -> None:
    """Search `runs` spaces and print how often the last claim was wrong."""
    wrong, shares, worst, audits = 0, [], (0.0, 0.0), []
    for seed in range(1000, 1000 + runs):
        case = make(seed)
        steps = list(certified_search(case.problem, case.evaluate, question=QUESTION))
        claimed = steps[-1].certified_epsilon
        true = true_epsilon(case, [s.index for s in steps])
        shares.append(len(steps) / len(case.problem))
        audits.append(audit_is_wrong(case, [s.index for s in steps]))
        if claimed is not None and true > claimed + 1e-9:
            wrong += 1
            worst = max(worst, (true, claimed))
    print(
        f"{name}: {runs} runs, wrong {wrong / runs:.1%}, evaluated {np.mean(shares):.0%} of the "
        f"space; worst: true {worst[0]:.3f} where {worst[1]:.3f} was certified"
    )
    made = [a for a in audits if a is not None]
    print(f"{name}: {len(made)} audits of 20, wrong {sum(made) / max(1, len(made)):.1%}")


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    measure("BERT-like", smooth_case, count)
    measure("cones", lambda seed: random_case(seed, max_points=400, slack=0.3), count)
