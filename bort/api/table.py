"""Searches without bort's own trainings: in a data frame, or with a person's own functions."""

import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd

from bort.api.certificate import Certificate
from bort.api.frames import ledger_frame, objective
from bort.core.errors import InvalidOptionError
from bort.core.progress import OnStep
from bort.core.study import SearchSpec
from bort.figures import front_info, objectives_of, plot_pair
from bort.report.data import table_note
from bort.report.html import card
from bort.report.latency import noise_sentence
from bort.report.notebook import progress
from bort.report.search import summary
from bort.studies.answers import TableAnswer, TablePoint
from bort.studies.answers.rows import Columns
from bort.studies.answers.table import search_table as search_rows
from bort.studies.own_space import Cost, OwnSpace, Values, own_space, search_own_space
from bort.studies.parts import BUDGET, QUESTION
from bort.studies.recorded_table import frame_table


class NoisyMachineWarning(UserWarning):
    """The machine was busy while latencies were measured."""


class TableSearch:
    """The answer of a search in a table, or with a person's own functions.

    Attributes:
        front: data frame of the rows that no other evaluated one beats, by size.
        evaluations: data frame of all evaluated rows, by size; their index is the row's number.
        best: the row with the largest W, by column.
        certificate: the claim, with everything needed to check it.
        certified_epsilon: the smallest ε certified; None if nothing is.
        guarantee: `proved`, `conditional` or `none`.
        ledger: data frame of the assumptions behind the claim.
        summary: what the search certifies, in a few sentences.
    """

    def __init__(self, answer: TableAnswer, certificate: Certificate) -> None:
        self._answer = answer
        self.certificate = certificate
        self.certified_epsilon = answer.certified_epsilon
        self.guarantee = str(answer.guarantee)
        self.front = self._frame(answer.front)
        self.evaluations = self._frame(answer.points)
        self.ledger = ledger_frame(answer.ledger)
        self.summary = " ".join([summary(answer), *map(table_note, answer.notes)])
        best = answer.best
        self.best: dict[str, Any] | None = None if best is None else self._row(best)

    def plot(
        self,
        x: str = "latency",
        y: str = "error",
        *,
        theme: Any = "light",
        log: Sequence[str] = ("size", "latency"),
    ) -> Any:
        """Draw two of `size`, `latency`, `error` as the dashboard does; a plotly figure."""
        columns = self._answer.columns
        known, best = objectives_of(columns), self._answer.best
        points = [replace(point, label=str(point.id)) for point in self._answer.points]
        best_id = None if best is None else str(best.id)
        info = front_info(points, objectives=known, best_id=best_id)
        on_log = [objective(known, name) for name in log]
        on_x, on_y = objective(known, x), objective(known, y)
        return plot_pair(info, on_x, on_y, theme=theme, log=on_log, height=420)

    def __repr__(self) -> str:
        return (
            f"TableSearch(evaluations={self._answer.evaluations}, "
            f"space_size={self._answer.space_size}, certified_epsilon={self.certified_epsilon}, "
            f"guarantee={self.guarantee!r})"
        )

    def _repr_html_(self) -> str:
        rows = [self._row(point) for point in self._answer.front]
        return card("Search", [self.summary], rows=rows)

    def _frame(self, points: Sequence[TablePoint]) -> pd.DataFrame:
        frame = pd.DataFrame([self._row(point) for point in points])
        frame.index = pd.Index([point.id for point in points], name="row")
        return frame

    def _row(self, point: TablePoint) -> dict[str, Any]:
        columns = self._answer.columns
        own = {"error": point.error_rate, "w": point.w}
        return {
            **point.architecture,
            columns.size: point.size,
            columns.latency: point.latency,
            **{f"{n}_found" if n in point.architecture else n: v for n, v in own.items()},
        }


def search_table(
    frame: pd.DataFrame,
    *,
    size: str = "size",
    latency: str = "latency",
    error: str = "error",
    error_se: str | None = None,
    maximise: Collection[str] = (),
    dimensions: Sequence[str] | None = None,
    drop_failed: bool = False,
    random_state: int = 0,
    **question: Any,
) -> TableSearch:
    """Search a table of results as if each row still had to be evaluated.

    Args:
        frame: one row per architecture; every column that is no objective and can be a dimension
            is one, unless `dimensions` names them.
        size, latency, error: the columns to minimise; `maximise` names those to maximise.
        error_se: column with the standard errors of the errors.
        drop_failed: leave out rows in which an objective is blank.
        question: goal, epsilon, weights, lipschitz, slack, confidence, challenges, spot_checks,
            budget, audit; see `bort search --help`.
    Raises:
        InvalidDataError, InvalidFieldError: one line on what cannot be used.
    Cost: as `bort search --from-table`; a second for a few thousand rows.

    Examples:
        >>> import pandas as pd
        >>> rows = [(w, 40 * w, w / 8, 0.5 / w) for w in (1, 2, 4, 8, 16)]
        >>> frame = pd.DataFrame(rows, columns=["width", "parameters", "ms", "error"])
        >>> found = search_table(frame, size="parameters", latency="ms", epsilon=0.5)
        >>> len(found.front), found.certificate.verify()
        (5, None)
    """
    columns = Columns(size, latency, error, error_se)
    table = frame_table(
        frame.reset_index(drop=True).rename(columns=str),
        size=size,
        latency=latency,
        error=error,
        error_se=error_se,
        maximise=maximise,
        dimensions=dimensions,
        drop_failed=drop_failed,
    )
    answer, content = search_rows(table, columns, _spec(question, random_state))
    return TableSearch(answer, Certificate(content))


def search_space(
    space: Mapping[str, Sequence[Any]],
    *,
    error: Callable[[Values], float | None],
    size: Cost | None = None,
    latency: Cost | None = None,
    build: Callable[[Values], Any] | None = None,
    inputs: tuple[Any, ...] = (),
    threads: int | None = None,
    valid: Callable[[Values], bool] | None = None,
    examples: int | None = None,
    executor: Executor | None = None,
    parallel: int = 1,
    random_state: int = 0,
    verbose: bool = True,
    **question: Any,
) -> TableSearch:
    """Search a space of networks of any kind with your own functions.

    Args:
        space: the values of each dimension; the space has all combinations.
        size, latency: functions of an architecture (its values by dimension) that return a number
            above 0, or a number for each architecture.
        build, inputs, threads: instead of size, latency or both: a function that builds the
            `torch.nn.Module` of an architecture, and arguments of its `forward`. Then sizes are
            counted, and latencies measured on this machine's CPU, in turns, in milliseconds.
        error: trains and evaluates an architecture; returns its error from 0 to 1, or None if the
            training failed. Only this function should be expensive.
        valid: says which combinations are architectures.
        examples: how many examples the error was measured on.
        executor: any `concurrent.futures.Executor`; it calls `error`. None calls it here.
        parallel: how many evaluations are begun at once. Another number makes other picks; the
            same number makes the same ones, whichever is done first.
        question: goal, epsilon, weights, lipschitz, slack, confidence, challenges, spot_checks,
            budget, audit; see `bort search --help`.
    Returns:
        The answer; `front` has one row per architecture.
    Raises:
        InvalidSpaceError, InvalidOptionError: one line on what cannot be used.

    Examples:
        >>> found = search_space(
        ...     {"depth": [1, 2, 4], "width": [16, 32, 64]},
        ...     size=lambda net: net["depth"] * net["width"] ** 2,
        ...     latency=lambda net: 0.1 * net["depth"] + 0.001 * net["width"],
        ...     error=lambda net: 0.6 / (net["depth"] * net["width"]) ** 0.25,
        ...     epsilon=0.25,
        ...     verbose=False,
        ... )
        >>> found.certificate.verify()
        >>> found.certified_epsilon <= 0.25
        True
    """
    listed = own_space(space, valid=valid)
    with progress("Searching", is_shown=verbose) as on_step:
        answer, content = search_own_space(
            listed,
            size=_sizes(listed, size, build),
            latency=_latencies(listed, latency, build, inputs, threads, on_step),
            error=error,
            examples=examples,
            executor=executor,
            spec=replace(_spec(question, random_state), parallel=parallel),
            on_step=on_step,
        )
    return TableSearch(answer, Certificate(content))


def _sizes(space: OwnSpace, size: Cost | None, build: Callable[[Values], Any] | None) -> Cost:
    if size is not None:
        return size
    if build is None:
        raise InvalidOptionError("the sizes are missing; pass size= or build=")
    return [sum(p.numel() for p in build(row).parameters()) for row in space.rows]


def _latencies(
    space: OwnSpace,
    latency: Cost | None,
    build: Callable[[Values], Any] | None,
    inputs: tuple[Any, ...],
    threads: int | None,
    on_step: OnStep,
) -> Cost:
    if latency is not None:
        return latency
    if build is None:
        raise InvalidOptionError("the latencies are missing; pass latency= or build= and inputs=")
    from bort.latency.modules import time_modules

    timing = None
    for step in time_modules([partial(build, row) for row in space.rows], inputs, threads=threads):
        on_step(step)
        timing = step.result
    assert timing is not None  # it cannot be stopped
    if not timing.noise.ok:
        warnings.warn(noise_sentence(timing.noise), NoisyMachineWarning, stacklevel=3)
    return [latency.median_ms for latency in timing.latencies]


def _spec(question: Mapping[str, Any], seed: int) -> SearchSpec:
    of_trainings = ("seed", "minutes", "include", "parallel")
    known = [name for name in (*QUESTION.fields, *BUDGET.fields) if name not in of_trainings]
    for name in question:
        if name not in known:
            raise TypeError(f"there is no option {name!r}; choose from {', '.join(known)}")
    given = {**question, "seed": seed}
    return BUDGET.build(given, question=QUESTION.build(given))
