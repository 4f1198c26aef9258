"""Random spaces whose errors satisfy a declared λ, σ and τ; few distinct values, so ties occur."""

from dataclasses import dataclass

import numpy as np

from bort.search import Observation, SearchProblem


@dataclass(frozen=True)
class Case:
    problem: SearchProblem
    errors: np.ndarray  # (N,)
    lipschitz: tuple[float, ...]
    slack: float

    def evaluate(self, index: int) -> Observation:
        return Observation.of(float(self.errors[index]))

    def observations(self, indices) -> dict[int, Observation]:
        return {int(i): self.evaluate(int(i)) for i in indices}


def grid(rng: np.random.Generator, *, max_points: int = 400, valid_share: float = 0.9):
    """Make a random grid with 2-5 dimensions of few integer values; some rows are left out."""
    dimensions = int(rng.integers(2, 6))
    axes, total = [], 1
    for _ in range(dimensions):
        room = min(7, max_points // total)
        count = 1 if room < 2 or rng.random() < 0.1 else int(rng.integers(2, room + 1))
        axes.append(np.sort(rng.choice([1, 2, 3, 4, 6, 8, 12, 16], size=count, replace=False)))
        total *= count
    rows = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, dimensions)
    keep = rng.random(len(rows)) < valid_share
    keep[int(rng.integers(len(rows)))] = True
    return rows[keep].astype(float)


def random_case(seed: int, *, max_points: int = 400, slack: float = 0.0) -> Case:
    rng = np.random.default_rng(seed)
    rows = grid(rng, max_points=max_points)
    coordinates = np.log(rows)
    names = tuple(["depth", "heads", "hidden", "intermediate", "kernel"][: rows.shape[1]])
    lipschitz = rng.choice([0.0, 0.1, 0.3, 0.6], size=rows.shape[1])
    exponents = rng.choice([0.0, 1.0, 2.0], size=(2, rows.shape[1]))
    costs = [
        np.round(1 + 10 * np.prod(rows**e, axis=1) + rng.integers(0, 3) * rows.sum(axis=1))
        for e in exponents
    ]
    # A term 10 Π x^e has the elasticities e; for the sum of all x they are at most 1 each.
    elasticities = np.maximum(exponents, 1.0)
    log_errors = monotone_part(rng, coordinates, lipschitz / 2)
    log_errors += np.clip(lipschitz_part(rng, coordinates, lipschitz / 2), 0, np.log1p(slack))
    errors = np.minimum(np.exp(log_errors - log_errors.max() + np.log(0.5)), 1.0)
    problem = SearchProblem(
        names,
        coordinates,
        costs[0],
        costs[1],
        size_elasticity=elasticities[0],
        latency_elasticity=elasticities[1],
    )
    return Case(problem, errors, tuple(float(v) for v in lipschitz), slack)


def monotone_part(rng, coordinates, lipschitz):
    """Make errors that are Lipschitz and fall with every size: a minimum of ramps."""
    anchors = coordinates[rng.integers(0, len(coordinates), size=4)]
    steps = np.maximum(0.0, anchors[None] - coordinates[:, None])
    return (steps @ lipschitz + rng.choice([0.0, 0.1, 0.2], size=4)).min(axis=1)


def lipschitz_part(rng, coordinates, lipschitz):
    """Make errors that are only Lipschitz: a minimum of cones around random architectures."""
    anchors = coordinates[rng.integers(0, len(coordinates), size=4)]
    steps = np.abs(anchors[None] - coordinates[:, None])
    return (steps @ lipschitz + rng.choice([0.0, 0.1, 0.2], size=4)).min(axis=1)


def is_covered(case: Case, cover, epsilon: float) -> bool:
    """Check that every architecture has a member of `cover` within a factor of 1+ε."""
    limit = (1 + epsilon) * (1 + 1e-9)
    good = np.zeros(len(case.problem), dtype=bool)
    for c in cover:
        fine = np.ones(len(good), dtype=bool)
        for cost in (case.problem.size, case.problem.latency, case.errors):
            fine &= cost[c] <= limit * cost
        good |= fine
    return bool(good.all())


def bert_like(*, slopes=(0.06, 0.13, 0.05), noise: float = 0.0, seed: int = 0) -> Case:
    """Make 280 architectures with BERT's costs; ln e is linear in ln of each dimension."""
    rows = np.array(
        [
            (depth, hidden, inner)
            for depth in (1, 2, 3, 4, 6, 8, 10, 12)
            for hidden in (96, 192, 288, 384, 512, 640, 768)
            for inner in (192, 384, 768, 1536, 3072)
        ],
        dtype=float,
    )
    depth, hidden, inner = rows.T
    layer = 4 * hidden**2 + 2 * hidden * inner
    x = np.log(rows)
    rng = np.random.default_rng(seed)
    log_errors = np.log(0.17) + (x.max(axis=0) - x) @ np.array(slopes)
    log_errors += noise * rng.normal(size=len(rows))
    problem = SearchProblem(
        ("depth", "hidden", "intermediate"),
        x,
        31_000 * hidden + depth * layer,
        0.4 + 0.1 * depth + 32 * depth * layer / 2e7,
        size_elasticity=np.array([1.0, 2.0, 1.0]),
        latency_elasticity=np.array([1.0, 2.0, 1.0]),
    )
    return Case(problem, np.exp(log_errors), tuple(slopes), 0.0)


def mixed_case(seed: int, *, max_points: int = 60, slack: float = 0.0) -> Case:
    """Put two or three random cases side by side, shuffled; each is a family of its own."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 4))
    parts = [random_case(seed + 7 * k, max_points=max_points, slack=slack) for k in range(count)]
    names = [f"f{k}.{name}" for k, part in enumerate(parts) for name in part.problem.names]
    total, wide = sum(len(part.problem) for part in parts), len(names)
    order = rng.permutation(total)
    coordinates, families, at, column = np.zeros((total, wide)), np.zeros(total, int), 0, 0
    for k, part in enumerate(parts):
        rows, columns = len(part.problem), len(part.problem.names)
        coordinates[at : at + rows, column : column + columns] = part.problem.coordinates
        families[at : at + rows] = k
        at, column = at + rows, column + columns
    levels = rng.choice([0.5, 1.0, 1.5], size=count)
    scales = rng.choice([0.1, 1.0, 3.0], size=count)

    def joined(name: str) -> np.ndarray:
        return np.concatenate([getattr(part.problem, name) for part in parts])

    sizes = np.concatenate([s * part.problem.size for s, part in zip(scales, parts, strict=True)])
    errors = np.concatenate([s * part.errors / 1.5 for s, part in zip(levels, parts, strict=True)])
    problem = SearchProblem(
        tuple(names),
        coordinates[order],
        sizes[order],
        joined("latency")[order],
        size_elasticity=joined("size_elasticity"),
        latency_elasticity=joined("latency_elasticity"),
        families=families[order],
    )
    return Case(problem, errors[order], tuple(v for p in parts for v in p.lipschitz), slack)
