"""A search in a space that a person describes with values and functions: any network."""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from bort.core.errors import InvalidOptionError, InvalidSpaceError
from bort.core.progress import OnStep, ignore
from bort.core.study import SearchSpec
from bort.search import Observation, Population
from bort.search.arrays import FloatArray
from bort.search.check.certificate import Certificate
from bort.search.intervals import population_interval
from bort.search.observation import floor_error
from bort.search.problem import SearchProblem
from bort.studies.answers.rows import Columns
from bort.studies.answers.table import search_table
from bort.studies.answers.values import TableAnswer
from bort.studies.recorded_table import ErrorTable, coordinate

Values = Mapping[str, Any]
Cost = Callable[[Values], float] | Sequence[float]
RESULTS = ("size", "latency", "error", "w")  # of each architecture, beside its values
MOST_ARCHITECTURES = 2_000_000  # with their coordinates and costs, 200 MB


class OwnSpace(NamedTuple):
    """The architectures of a space and their names.

    Attributes:
        rows: the values of each architecture by dimension.
        names: one per architecture, values joined by dashes.
    """

    rows: list[dict[str, Any]]
    names: list[str]


def own_space(
    dimensions: Mapping[str, Sequence[Any]], *, valid: Callable[[Values], bool] | None = None
) -> OwnSpace:
    """List all combinations of the dimensions' values, or those that are valid.

    Raises:
        InvalidSpaceError: fewer than two architectures, too many, or a dimension without values.

    Examples:
        >>> space = own_space({"depth": [1, 2], "width": [8, 16]}, valid=lambda a: a["depth"] < 2)
        >>> space.names
        ['1-8', '1-16']
    """
    for name, values in dimensions.items():
        _check_dimension(name, values)
    count = math.prod(len(values) for values in dimensions.values())
    if count > MOST_ARCHITECTURES:
        raise InvalidSpaceError(
            f"the space has {count:,} combinations, more than {MOST_ARCHITECTURES:,}; leave some "
            "values out"
        )
    rows = [
        dict(zip(dimensions, values, strict=True))
        for values in itertools.product(*dimensions.values())
    ]
    rows = [row for row in rows if valid is None or valid(row)]
    if len(rows) < 2:
        raise InvalidSpaceError(
            f"the space has {len(rows)} architectures; a choice needs 2 or more"
        )
    return OwnSpace(rows, ["-".join(map(str, row.values())) for row in rows])


def _check_dimension(name: str, values: Sequence[Any]) -> None:
    if name in RESULTS:
        raise InvalidSpaceError(
            f"dimension {name!r} has the name of a result; choose another name for it"
        )
    written = [] if isinstance(values, str) else [str(value) for value in values]
    if not written or len(set(written)) < len(written):
        raise InvalidSpaceError(
            f"dimension {name!r} needs a list of different values, got {values!r}"
        )
    numbers = [isinstance(value, Real) and not isinstance(value, bool) for value in values]
    if any(numbers) and any(map(_is_missing, values)):
        raise InvalidSpaceError(
            f"dimension {name!r} has a missing value among its numbers, got {values!r}; write a "
            "number for it, or all values as texts"
        )


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def search_own_space(
    space: OwnSpace,
    *,
    size: Cost,
    latency: Cost,
    error: Callable[[Values], float | None],
    spec: SearchSpec,
    examples: int | None = None,
    executor: Executor | None = None,
    on_step: OnStep = ignore,
) -> tuple[TableAnswer, Certificate]:
    """Search a space with a person's own functions, `spec.parallel` evaluations at a time.

    Args:
        size, latency: a number above 0 for each architecture, or a function that computes it.
        error: evaluates one architecture, expensively: from 0 to 1; None or NaN if it failed.
        examples: how many examples an error was measured on. An error of 0 then counts as half
            an example, and a confidence can be given.
        executor: calls `error`; None calls it here, one after the other.
    Raises:
        InvalidOptionError: a cost or an error cannot be used; the message names the architecture.
        Whatever `error` raises.
    """
    measured = _Measured(space, error, examples, executor)
    frame = _columns(space)
    coordinates = {name: coordinate(frame, name) for name in frame.columns}
    if spec.question.confidence is not None and examples is None:
        raise InvalidOptionError(
            "a confidence needs the number of examples behind each error; give it with examples="
        )
    given = {"size": _values(size, space), "latency": _values(latency, space)}
    costs = {what: _costs(what, values, space) for what, values in given.items()}
    problem = SearchProblem(
        tuple(coordinates),
        np.column_stack([values for values, _ in coordinates.values()]),
        costs["size"],
        costs["latency"],
        categorical=np.array([scale == "category" for _, scale in coordinates.values()]),
        scales=tuple(scale for _, scale in coordinates.values()),
        is_paired=False,
        label=space.names.__getitem__,
    )
    cells = {name: [row[name] for row in space.rows] for name in coordinates}
    table = ErrorTable(
        problem,
        tuple(space.names),
        measured.errors,
        None,
        0,
        np.arange(len(space.rows)),
        {**cells, **given},
    )
    return search_table(
        table,
        Columns("size", "latency", "error"),
        spec,
        begin=measured.begin,
        has_examples=examples is not None,
        on_step=on_step,
    )


class _Measured:
    """Evaluates architectures, each once, and keeps their errors."""

    def __init__(
        self,
        space: OwnSpace,
        error: Callable[[Values], float | None],
        examples: int | None,
        executor: Executor | None,
    ) -> None:
        if examples is not None and examples < 1:
            raise InvalidOptionError(f"examples must be 1 or more, got {examples}; leave it out")
        self.errors: FloatArray = np.full(len(space.rows), np.nan)
        self._space, self._error, self._n, self._executor = space, error, examples, executor

    def begin(self, index: int, /, *, population: Population | None) -> Callable[[], Observation]:
        """Begin to evaluate one architecture."""
        row = self._space.rows[index]
        wait: Callable[[], float | None] = partial(self._error, row)
        if self._executor is not None:
            wait = self._executor.submit(self._error, row).result
        return partial(self._observe, index, wait, population)

    def _observe(
        self, index: int, wait: Callable[[], float | None], population: Population | None
    ) -> Observation:
        found = wait()
        if found is None or math.isnan(found):
            return Observation.excluded()
        error = float(found)
        self._check(error, self._space.names[index])
        self.errors[index] = error
        floored = floor_error(error, self._n)
        if population is None or self._n is None:
            return Observation.of(error, n=self._n)
        lower, upper = population_interval(
            error, self._n, trainings=1, standard_error=None, population=population
        )
        return Observation(floored, lower, upper, n=self._n, is_floored=floored > error)

    def _check(self, error: float, name: str) -> None:
        if not 0 <= error <= 1:
            raise InvalidOptionError(
                f"an error must be from 0 to 1, got {error:g} for {name}; divide percentages by 100"
            )
        if error == 0 and self._n is None:
            raise InvalidOptionError(
                f"the error of {name} is 0, which has no logarithm; say with examples= how many "
                "examples it was measured on, and half of one counts instead"
            )


def _columns(space: OwnSpace) -> Any:
    """Make a frame of the space; None among texts or truth values is a choice like the others."""
    import pandas as pd

    frame = pd.DataFrame(space.rows)
    holes = [str(name) for name in frame if frame[name].isna().any()]
    return frame.assign(**{name: [str(row[name]) for row in space.rows] for name in holes})


def _values(given: Cost, space: OwnSpace) -> list[float]:
    return [given(row) for row in space.rows] if callable(given) else list(given)


def _costs(what: str, values: list[float], space: OwnSpace) -> FloatArray:
    if len(values) != len(space.rows):
        raise InvalidOptionError(
            f"{what} needs {len(space.rows)} numbers, one for each architecture, got {len(values)}"
        )
    try:
        costs = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidOptionError(f"{what} must be numbers, got {values[:3]!r}") from None
    bad = np.flatnonzero(~(np.isfinite(costs) & (costs > 0)))
    if len(bad):
        raise InvalidOptionError(
            f"{what} must be finite and above 0, got {costs[bad[0]]:g} for {space.names[bad[0]]}"
        )
    return costs
