"""Measure how often a claim with an estimated λ, or its audit, is wrong, on spaces of known errors.

Run: python -m benchmarks.search.guarantee [RUNS]      (500 of each kind take some minutes)

It writes docs/bench/guarantee.csv, and `bort.search.trials` quotes it.
"""

import csv
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bort.core.question import Question
from bort.search import Guarantee, SearchProblem, certified_search, solve
from bort.search.audit import judge_audit, plan_audit
from bort.search.trials import SpaceKind, Trial

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "search"))
from search_cases import Case as Case
from search_cases import grid, random_case

QUESTION = Question(epsilon=0.25)
RESULTS = Path(__file__).parents[2] / "docs" / "bench" / "guarantee.csv"
MISLEADING = ("needle", "noise", "ties", "step", "cliff", "plateau", "random")


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


def misleading_case(seed: int) -> Case:
    """Make a small space whose errors hide what a few evaluations would show.

    One is much better than its neighbours, noise of 10%, few distinct errors, a step, a narrow
    cliff, a good region in the middle, or no structure at all; in turn.
    """
    rng = np.random.default_rng(seed)
    rows = grid(rng, max_points=80)
    x = np.log(rows)
    extents = np.where(np.ptp(x, axis=0) > 0, np.ptp(x, axis=0), 1.0)
    u = (x - x.min(axis=0)) / extents
    logs = -(u @ rng.uniform(0, 0.6, u.shape[1]))
    match MISLEADING[seed % len(MISLEADING)]:
        case "needle":
            logs[rng.integers(len(logs))] -= rng.uniform(0.5, 2)
        case "noise":
            logs += 0.1 * rng.normal(size=len(logs))
        case "ties":
            logs = np.round(4 * logs) / 4
        case "step":
            logs += rng.uniform(0.3, 1) * (u[:, 0] > rng.uniform(0.2, 0.8))
        case "cliff":
            logs = 0.02 * rng.normal(size=len(logs)) - ((u.mean(1) > 0.45) & (u.mean(1) < 0.6))
        case "plateau":
            logs = 0.01 * rng.normal(size=len(logs)) - ((u > 0.2) & (u < 0.9)).all(1)
        case _:
            logs = rng.normal(0, 0.3, size=len(logs))
    costs = [
        10 * np.exp(u @ rng.uniform(0.5, 2, u.shape[1])) + 0.01 * np.arange(len(u))
        for _ in range(2)
    ]
    problem = SearchProblem(tuple(f"d{k}" for k in range(u.shape[1])), x, *costs)
    return Case(problem, np.clip(0.2 * np.exp(logs), 1e-6, 1.0), (0.0,) * u.shape[1], 0.0)


def measure(kind: SpaceKind, make: Callable[[int], Case], runs: int) -> Trial:
    """Search `runs` spaces, and count how often the last claim was wrong if it was conditional."""
    claims, wrong, shares, worst, audits = 0, 0, [], (0.0, 0.0), []
    for seed in range(1000, 1000 + runs):
        case = make(seed)
        steps = list(certified_search(case.problem, case.evaluate, question=QUESTION))
        evaluated = [s.index for s in steps]
        answer = solve(case.problem, case.observations(evaluated), question=QUESTION)
        shares.append(len(steps) / len(case.problem))
        audits.append(audit_is_wrong(case, evaluated))
        if answer.guarantee is not Guarantee.CONDITIONAL or answer.certified_epsilon is None:
            continue
        claims, true = claims + 1, true_epsilon(case, evaluated)
        if true > answer.certified_epsilon + 1e-9:
            wrong += 1
            worst = max(worst, (true, answer.certified_epsilon))
    print(
        f"{kind}: {runs} runs, {claims} conditional claims, {wrong} wrong, evaluated "
        f"{np.mean(shares):.0%} of the space; worst: true {worst[0]:.3f} where {worst[1]:.3f} was "
        "certified"
    )
    made = [a for a in audits if a is not None]
    print(f"{kind}: {len(made)} audits of 20, wrong {sum(made) / max(1, len(made)):.1%}")
    return Trial(kind, claims, wrong)


MAKERS: dict[SpaceKind, Callable[[int], Case]] = {
    SpaceKind.SMOOTH: smooth_case,
    SpaceKind.CONES: lambda seed: random_case(seed, max_points=400, slack=0.3),
    SpaceKind.MISLEADING: misleading_case,
}


def measure_all(runs: int) -> list[Trial]:
    """Measure every kind of space."""
    return [measure(kind, make, runs) for kind, make in MAKERS.items()]


if __name__ == "__main__":
    trials = measure_all(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Trial._fields)
        writer.writerows(trials)
