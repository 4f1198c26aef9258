"""The same answers from a table: the search asks its rows instead of training."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bort.core.errors import InvalidFieldError
from bort.core.question import Question
from bort.core.study import SearchSpec, check_audit
from bort.search import Answer, Observation, Population, certified_search, solve
from bort.search.audit import AuditPlan, judge_audit, plan_audit
from bort.search.audited import audited
from bort.search.check.certificate import Certificate, certificate_of
from bort.search.full_table import solve_table
from bort.search.ledger import Entry
from bort.search.table import ErrorTable
from bort.studies.answers.audits import describe_audit


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
    """Search a table as if each row had to be trained, and audit it where that is asked.

    Returns:
        What `bort search --json` prints, without job and study; ids are the file's row numbers.
        And the certificate, for `bort verify`.
    Raises:
        InvalidFieldError: a confidence, and no column of standard errors.
    """
    begun = time.perf_counter()
    question = spec.question
    population = _population(table, question)
    observations: dict[int, Observation] = {}
    for step in certified_search(
        table.problem,
        lambda index: table.observation(index, population=population),
        question=question,
        budget=spec.budget,
    ):
        observations[step.index] = step.observation
    answer = solve(table.problem, observations, question=question)
    plan = _plan(table, spec, answer)
    drawn = {} if plan is None else {i: table.observation(i) for i in plan.drawn}
    result = None if plan is None else judge_audit(table.problem, plan, observations | drawn)
    audits = [] if result is None else [result]
    answer = audited(
        table.problem,
        answer,
        observations | drawn,
        audits,
        question=question,
    )
    certificate = certificate_of(
        table.problem, observations, question=question, audits=audits, audit_observations=drawn
    )
    found = _search_json(table, columns, question, answer)
    found["seconds"] = time.perf_counter() - begun
    if plan is not None:
        rows = table.rows
        found["audit"] = describe_audit(plan, result, len(plan.drawn), lambda i: int(rows[i]))
    return found, certificate


def _population(table: ErrorTable, question: Question) -> Population | None:
    if question.confidence is not None and table.errors_se is None:
        raise InvalidFieldError(
            "confidence",
            "a confidence needs standard errors, and the table's are not named; name their "
            "column with --error-se, or leave --confidence out",
        )
    return table.problem.population(question.confidence)


def _plan(table: ErrorTable, spec: SearchSpec, answer: Answer) -> AuditPlan | None:
    if spec.audit is None:
        return None
    check_audit(spec.audit, len(table.problem))
    return plan_audit(
        answer,
        question=spec.question,
        count=spec.audit,
        space_size=len(table.problem),
        seed=spec.seed,
    )


def front_of_table(table: ErrorTable, columns: Columns, question: Question) -> dict[str, Any]:
    """The exact front of a table: every row counts as evaluated, so nothing is assumed."""
    everything = range(len(table.problem))
    floor = float(table.errors[table.errors > 0].min()) / 2
    exact = solve_table(
        table.problem.size,
        table.problem.latency,
        np.maximum(table.errors, floor),
        question=question,
    )
    w = dict(enumerate(exact.w.tolist()))
    return {
        **_shared(table, columns, question, exact.front.tolist(), exact.best, w),
        "evaluations": len(everything),
        "evaluation_bound": len(everything),
        "certified_epsilon": 0.0,
        "guarantee": "proved",
        "guaranteed": True,
        "cover": table.rows[exact.cover].tolist(),
        "w_ratio": 1.0,
        "ending": "exhausted",
        "excluded": [],
        "ledger": [asdict(entry) for entry in (_EVERY_ROW, *_maximised(table))],
    }


_EVERY_ROW = Entry(
    "errors as listed", "checked", "Every row counts as evaluated, so that nothing is assumed."
)


def _maximised(table: ErrorTable) -> list[Entry]:
    """How objectives were turned of which more is better."""
    if not table.maximised:
        return []
    text = f"More is better of {', '.join(table.maximised)}: an error counts as 1 minus its value, "
    return [Entry("what is maximised", "assumed", text + "a size or latency as 1 divided by it.")]


def _search_json(
    table: ErrorTable, columns: Columns, question: Question, answer: Answer
) -> dict[str, Any]:
    w = dict(zip(answer.evaluated.tolist(), answer.w.tolist(), strict=True))
    return {
        **_shared(table, columns, question, answer.front.tolist(), answer.best, w),
        "evaluations": len(answer.evaluated) + len(answer.excluded),
        "evaluation_bound": answer.evaluation_bound,
        "certified_epsilon": answer.certified_epsilon,
        "guarantee": answer.guarantee,
        "guaranteed": answer.guarantee == "proved",
        "cover": None if answer.cover is None else table.rows[answer.cover].tolist(),
        "w_ratio": answer.w_ratio,
        "ending": answer.ending,
        "excluded": table.rows[answer.excluded].tolist(),
        "ledger": [asdict(entry) for entry in (*answer.ledger, *_maximised(table))],
    }


def _shared(
    table: ErrorTable,
    columns: Columns,
    question: Question,
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
        "goal": str(question.goal),
        "epsilon": question.epsilon,
        "weights": list(question.weights),
        "front": [_point(table, columns, i) for i in by_size],
        "best": chosen,
        "ranking": [
            {"id": int(table.rows[i]), "w": w[i]} for i in sorted(w, key=lambda i: (-w[i], i))
        ],
        "columns": asdict(columns),
        "certificate": None,
        "audit": None,
        "seconds": 0.0,
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
