"""The same answers from a table: the search asks its rows instead of training."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bort.search import Answer, Observation, certified_search, solve
from bort.search.certificate import Certificate, certificate_of
from bort.search.full_table import solve_table
from bort.search.table import ErrorTable
from bort.study import SearchSpec


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a table are its objectives."""

    size: str
    latency: str
    error: str
    error_se: str | None = None


def search_table(
    table: ErrorTable, columns: Columns, spec: SearchSpec
) -> tuple[dict[str, Any], Certificate]:
    """Search a table as if each row had to be trained.

    Returns:
        What `bort search --json` prints, without job and study; ids are the file's row numbers.
        And the certificate, for `bort verify`.
    """
    observations: dict[int, Observation] = {}
    for step in certified_search(
        table.problem,
        lambda index: table.observation(index, confidence=spec.confidence),
        budget=spec.budget,
        **_question(spec),
    ):
        observations[step.index] = step.observation
    assumed = {**_question(spec), "confidence": spec.confidence}
    answer = solve(table.problem, observations, **assumed)
    label = table.labels.__getitem__
    certificate = certificate_of(table.problem, observations, **assumed, label=label)
    return _search_json(table, columns, spec, answer), certificate


def front_of_table(table: ErrorTable, columns: Columns, spec: SearchSpec) -> dict[str, Any]:
    """The exact front of a table: every row counts as evaluated, so nothing is assumed."""
    everything = range(len(table.problem))
    floored = np.array([table.observation(i).error for i in everything])
    exact = solve_table(
        table.problem.size,
        table.problem.latency,
        floored,
        epsilon=spec.epsilon,
        weights=spec.weights,
    )
    w = dict(enumerate(exact.w.tolist()))
    return {
        **_shared(table, columns, spec, exact.front.tolist(), exact.best, w),
        "evaluations": len(everything),
        "evaluation_bound": len(everything),
        "certified_epsilon": 0.0,
        "guarantee": "proved",
        "guaranteed": True,
        "cover": table.rows[exact.cover].tolist(),
        "w_ratio": 1.0,
        "excluded": [],
        "ledger": [],
    }


def _search_json(
    table: ErrorTable, columns: Columns, spec: SearchSpec, answer: Answer
) -> dict[str, Any]:
    w = dict(zip(answer.evaluated.tolist(), answer.w.tolist(), strict=True))
    return {
        **_shared(table, columns, spec, answer.front.tolist(), answer.best, w),
        "evaluations": len(answer.evaluated) + len(answer.excluded),
        "evaluation_bound": answer.evaluation_bound,
        "certified_epsilon": answer.certified_epsilon,
        "guarantee": answer.guarantee,
        "guaranteed": answer.guarantee == "proved",
        "cover": None if answer.cover is None else table.rows[answer.cover].tolist(),
        "w_ratio": answer.w_ratio,
        "excluded": table.rows[answer.excluded].tolist(),
        "ledger": [asdict(entry) for entry in answer.ledger],
    }


def _shared(
    table: ErrorTable,
    columns: Columns,
    spec: SearchSpec,
    front: Iterable[int],
    best: int | None,
    w: Mapping[int, float],
) -> dict[str, Any]:
    by_size = sorted(front, key=lambda i: (table.problem.size[i], i))
    chosen = None if best is None else {**_point(table, columns, best), "w": w[best]}
    return {
        "job": None,
        "study": None,
        "space_size": len(table.problem),
        "goal": spec.goal,
        "epsilon": spec.epsilon,
        "weights": list(spec.weights),
        "front": [_point(table, columns, i) for i in by_size],
        "best": chosen,
        "latency": {"column": columns.latency},
        "certificate": None,
        "audit": None,
    }


def _point(table: ErrorTable, columns: Columns, index: int) -> dict[str, Any]:
    cells = {name: values[index] for name, values in table.cells.items()}
    return {
        "id": int(table.rows[index]),
        "label": table.labels[index],
        "architecture": {name: cells[name] for name in table.problem.names},
        "parameter_count": cells[columns.size],
        "effective_parameter_count": None,
        "latency_ms": cells[columns.latency],
        "error_rate": float(table.errors[index]),
        "error_se": None if table.errors_se is None else float(table.errors_se[index]),
        "n_dev": None,
    }


def _question(spec: SearchSpec) -> dict[str, Any]:
    return {
        "goal": spec.goal,
        "epsilon": spec.epsilon,
        "weights": spec.weights,
        "lipschitz": spec.lipschitz,
        "slack": spec.slack,
    }
