"""Answers from a table: the search reads rows instead of training."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

import numpy as np

from bort.core.errors import InvalidDataError, InvalidFieldError
from bort.core.progress import OnStep, Progress, Stage, ignore
from bort.core.question import Question, check_audit
from bort.core.serialise import to_json
from bort.core.study import SearchSpec
from bort.core.table_source import TableSource
from bort.search import (
    Answer,
    Ending,
    Fact,
    Guarantee,
    Observation,
    Population,
    SearchStep,
    parallel_search,
    solve,
)
from bort.search.answer import solve_table
from bort.search.audit import AuditPlan, audited, judge_audit, plan_audit
from bort.search.check.certificate import Certificate, certificate_of
from bort.search.facts import EveryRowCounts, Maximised
from bort.studies.answers.rows import Columns, TablePoint
from bort.studies.answers.values import Ranked, TableAnswer, audit_of
from bort.studies.recorded_table import ErrorTable

MAX_DIMENSIONS = 100  # measured: 200 rows take 10 s of a core; 500 columns, an hour


class Begin(Protocol):
    """Begins to evaluate the row of this index."""

    def __call__(
        self, index: int, /, *, population: Population | None
    ) -> Callable[[], Observation]:
        """Begin, for a claim about a population or, if None, about this dev set.

        What it returns waits for the evaluation.
        """
        ...


def search_table(
    table: ErrorTable,
    columns: Columns,
    spec: SearchSpec,
    *,
    source: TableSource | None = None,
    begin: Begin | None = None,
    has_examples: bool = False,
    on_step: OnStep = ignore,
) -> tuple[TableAnswer, Certificate]:
    """Search a table as if each row had to be trained, and audit it if requested.

    Args:
        source: the file, which the certificate then names.
        begin: evaluates a row and writes its error into the table, `spec.parallel` at a time; None
            reads what is there.
        has_examples: `begin` knows the number of examples, so a confidence needs no column.
        on_step: called after each evaluation.
    Returns:
        The answer, whose ids are the file's row numbers, and the certificate for `bort verify`.
    Raises:
        InvalidDataError: it has more than `MAX_DIMENSIONS` dimensions.
        InvalidFieldError: a confidence is given, but no column of standard errors.
    """
    begun = time.perf_counter()
    if (count := int(table.problem.matters.sum())) > MAX_DIMENSIONS:
        raise InvalidDataError(
            f"{count} columns of the table would be dimensions, but a search can tell apart "
            f"{MAX_DIMENSIONS} at most; name those that matter (--dimensions), or show the exact "
            "front of all rows (bort front --from-table)"
        )
    question = spec.question
    population = _population(table, question, has_examples=has_examples)
    see = partial(begin or partial(partial, table.observation), population=population)
    if spec.audit is not None:
        check_audit(spec.audit, len(table.problem))
    stage = Stage.READING_ROWS if begin is None else Stage.TRAINING_CANDIDATES
    observations: dict[int, Observation] = {}
    on_step(Progress(stage=stage))
    for step in parallel_search(
        table.problem,
        see,
        question=question,
        at_once=spec.parallel,
        budget=spec.budget,
    ):
        observations[step.index] = step.observation
        on_step(_progress(step, spec, stage))
    on_step(Progress(stage=Stage.CERTIFYING))
    answer = solve(table.problem, observations, question=question)
    plan = _plan(table, spec, answer)
    waits = {i: see(i) for i in (() if plan is None else plan.drawn)}
    drawn = {i: wait() for i, wait in waits.items()}
    result = None if plan is None else judge_audit(table.problem, plan, observations | drawn)
    audits = [] if result is None else [result]
    answer = audited(table.problem, answer, observations | drawn, audits, question=question)
    certificate = certificate_of(
        table.problem,
        observations,
        question=question,
        table=None if source is None else to_json(source),
        audits=audits,
        audit_observations=drawn,
    )
    w = dict(zip(answer.evaluated.tolist(), answer.w.tolist(), strict=True))
    row = table.rows.tolist().__getitem__
    cover = () if answer.cover is None else answer.cover
    points = _by_size(table, columns, w, front=answer.front.tolist(), cover=cover)
    found = TableAnswer(
        question=question,
        columns=replace(columns, maximised=table.maximised),
        notes=table.notes,
        points=points,
        space_size=len(table.problem),
        evaluations=len(answer.evaluated) + len(answer.excluded),
        evaluation_bound=answer.evaluation_bound,
        certified_epsilon=answer.certified_epsilon,
        front=tuple(point for point in points if point.is_on_front),
        cover=None if answer.cover is None else tuple(map(row, answer.cover)),
        best=_of(points, answer.best, row),
        w_ratio=answer.w_ratio,
        excluded=tuple(map(row, answer.excluded)),
        guarantee=answer.guarantee,
        ending=answer.ending,
        ranking=_ranking(table, w),
        audit=None if plan is None else audit_of(plan, result, len(plan.drawn), row),
        ledger=(*answer.ledger, *_maximised(table)),
        seconds=time.perf_counter() - begun,
        certificate=None,
    )
    return found, certificate


def front_of_table(table: ErrorTable, columns: Columns, question: Question) -> TableAnswer:
    """Compute the exact front of a table; every row is evaluated, so nothing is assumed."""
    floor = float(table.errors[table.errors > 0].min()) / 2
    exact = solve_table(
        table.problem.size,
        table.problem.latency,
        np.maximum(table.errors, floor),
        question=question,
    )
    w = dict(enumerate(exact.w.tolist()))
    count = len(table.problem)
    points = _by_size(table, columns, w, front=exact.front.tolist(), cover=exact.cover.tolist())
    return TableAnswer(
        question=question,
        columns=replace(columns, maximised=table.maximised),
        notes=table.notes,
        points=points,
        space_size=count,
        evaluations=count,
        evaluation_bound=count,
        certified_epsilon=0.0,
        front=tuple(point for point in points if point.is_on_front),
        cover=tuple(table.rows[exact.cover].tolist()),
        best=_of(points, exact.best, table.rows.tolist().__getitem__),
        w_ratio=1.0,
        excluded=(),
        guarantee=Guarantee.PROVED,
        ending=Ending.EXHAUSTED,
        ranking=_ranking(table, w),
        audit=None,
        ledger=(EveryRowCounts(), *_maximised(table)),
        seconds=0.0,
        certificate=None,
    )


def _progress(step: SearchStep, spec: SearchSpec, stage: Stage) -> Progress:
    total = min(step.evaluation_bound, spec.budget or step.evaluation_bound)
    return Progress(
        done=step.evaluations,
        total=step.evaluations if step.done else total,
        stage=stage,
        numbers={"error": step.observation.error, "certified_epsilon": step.certified_epsilon},
    )


def _population(table: ErrorTable, question: Question, *, has_examples: bool) -> Population | None:
    is_known = has_examples or table.errors_se is not None
    if question.confidence is not None and not is_known:
        raise InvalidFieldError(
            "confidence",
            "--confidence needs standard errors, but no column is given for them; name their "
            "column with --error-se, or leave --confidence out",
        )
    return table.problem.population(question.confidence)


def _plan(table: ErrorTable, spec: SearchSpec, answer: Answer) -> AuditPlan | None:
    if spec.audit is None:
        return None
    return plan_audit(
        answer,
        question=spec.question,
        count=spec.audit,
        space_size=len(table.problem),
        seed=spec.seed,
    )


def _maximised(table: ErrorTable) -> list[Fact]:
    return [Maximised(objectives=table.maximised)] if table.maximised else []


def _ranking(table: ErrorTable, w: dict[int, float]) -> tuple[Ranked, ...]:
    by_w = sorted(w, key=lambda i: (-w[i], i))
    return tuple(Ranked(int(table.rows[i]), w[i]) for i in by_w)


def _by_size(
    table: ErrorTable,
    columns: Columns,
    w: dict[int, float],
    *,
    front: Collection[int],
    cover: Collection[int],
) -> tuple[TablePoint, ...]:
    """Make the points of the rows that have a W."""
    by_size = sorted(w, key=lambda i: (table.problem.size[i], i))
    on_front, in_cover = set(front), set(cover)
    return tuple(
        _point(table, columns, i, w[i], is_on_front=i in on_front, is_in_cover=i in in_cover)
        for i in by_size
    )


def _of(
    points: Sequence[TablePoint], index: int | None, row: Callable[[int], int]
) -> TablePoint | None:
    return None if index is None else next(p for p in points if p.id == row(index))


def _point(
    table: ErrorTable,
    columns: Columns,
    index: int,
    w: float,
    *,
    is_on_front: bool,
    is_in_cover: bool,
) -> TablePoint:
    cells = {name: values[index] for name, values in table.cells.items()}
    return TablePoint(
        id=int(table.rows[index]),
        label=table.labels[index],
        architecture={name: cells[name] for name in table.problem.names if cells[name] is not None},
        size=cells[columns.size],
        latency=cells[columns.latency],
        error_rate=float(table.errors[index]),
        error_se=None if table.errors_se is None else float(table.errors_se[index]),
        w=w,
        costs=(float(table.problem.size[index]), float(table.problem.latency[index])),
        is_on_front=is_on_front,
        is_in_cover=is_in_cover,
    )
