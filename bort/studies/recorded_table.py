"""A recorded table of architectures as a search problem: CSV or Parquet, any columns."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bort.core.errors import InvalidDataError
from bort.core.table_source import TableSource
from bort.search.arrays import BoolArray, FloatArray, IntArray
from bort.search.intervals import Population, population_interval
from bort.search.observation import Observation
from bort.search.problem import SearchProblem
from bort.studies.table_columns import (
    LABELS,
    Remark,
    TableNote,
    averaged,
    blank_choices,
    check_directions,
    from_percent,
    of_one_type,
    only_these,
    without_failed,
    without_others,
)
from bort.studies.table_families import cells_of, families_of
from bort.studies.table_files import read_frame

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class ErrorTable:
    """Architectures with their size, latency and error, all known.

    Attributes:
        problem: the space; distances are logarithmic in positive numbers, linear in others, and
            0 or 1 in text columns.
        labels: one name per row.
        errors: shape (N,), 0..1.
        errors_se: shape (N,) standard errors, or None.
        dropped: number of rows that repeated another one exactly.
        rows: shape (N,), the number of each row in the file, counted from 0.
        cells: column name to its N values as the file gives them: dimensions and objectives.
        maximised: names of the objectives for which more is better.
        notes: columns that are no dimensions, rows that were left out or averaged.
    """

    problem: SearchProblem
    labels: tuple[str, ...]
    errors: FloatArray
    errors_se: FloatArray | None
    dropped: int
    rows: IntArray
    cells: Mapping[str, Sequence[Any]]
    maximised: tuple[str, ...] = ()
    notes: tuple[TableNote, ...] = ()

    def observation(self, index: int, *, population: Population | None = None) -> Observation:
        """Return the recorded error; errors of 0 are floored at half the smallest positive one.

        With a `population` and standard errors, the interval is normal.
        """
        floor = float(self.errors[self.errors > 0].min()) / 2
        error = max(float(self.errors[index]), floor)
        lower = upper = error
        standard_error = None
        if population is not None and self.errors_se is not None:
            standard_error = float(self.errors_se[index])
            lower, upper = population_interval(
                error, None, trainings=1, standard_error=standard_error, population=population
            )
        return Observation(
            error,
            lower,
            upper,
            is_floored=bool(self.errors[index] < floor),
            standard_error=standard_error,
        )


def read_table(
    path: Path,
    *,
    size: str = "size",
    latency: str = "latency",
    error: str = "error",
    error_se: str | None = None,
    maximise: Collection[str] = (),
    dimensions: Sequence[str] | None = None,
    drop_failed: bool = False,
) -> ErrorTable:
    """Read a table: three objectives, and every other column that can be is a dimension.

    A column called `id` or `name` names the rows, if its values are all different. Rows that differ
    only in a seed are averaged.

    Args:
        path: `.csv`, `.tsv`, `.jsonl` or `.parquet`, with a header.
        size, latency, error: names of the objective columns, minimised.
        error_se: name of a column with the standard error of `error`.
        maximise: objectives to be maximised: an error is then an accuracy, 1 - error; sizes and
            latencies are inverted.
        dimensions: names of the columns that are dimensions; None means all others that
            `bort.studies.table_columns` does not recognise as something else.
        drop_failed: leave out rows in which an objective is blank, instead of refusing them.
    Raises:
        InvalidDataError: one line on what is wrong, and where.
    """
    return frame_table(
        read_frame(Path(path)),
        size=size,
        latency=latency,
        error=error,
        error_se=error_se,
        maximise=maximise,
        dimensions=dimensions,
        drop_failed=drop_failed,
    )


def frame_table(
    frame: "pd.DataFrame",
    *,
    size: str,
    latency: str,
    error: str,
    error_se: str | None = None,
    maximise: Collection[str] = (),
    dimensions: Sequence[str] | None = None,
    drop_failed: bool = False,
) -> ErrorTable:
    """Make a problem from a data frame as `read_table` does from a file."""
    objectives = [size, latency, error] + ([] if error_se is None else [error_se])
    notes: list[TableNote] = []
    if dimensions is None:
        frame, notes = without_others(frame, objectives)
    else:
        frame = only_these(frame, dimensions, objectives)
    if set(objectives) <= set(frame.columns):
        if drop_failed:
            frame, failed = without_failed(frame, objectives)
            notes += failed
        if any(note.code is Remark.SEED for note in notes):
            frame, merged = averaged(frame, objectives, error_se)
            notes += merged
    table = table_of(
        frame,
        size=size,
        latency=latency,
        error=error,
        error_se=error_se,
        maximise=maximise,
        dimensions=dimensions,
    )
    return replace(table, notes=(*notes, *table.notes))


def read_source(path: Path, source: TableSource) -> ErrorTable:
    """Read a file in the way that `source` describes; see `read_table`."""
    return read_table(
        path,
        size=source.size,
        latency=source.latency,
        error=source.error,
        error_se=source.error_se,
        maximise=source.maximise,
        dimensions=source.dimensions,
        drop_failed=source.drop_failed,
    )


def table_of(
    frame: "pd.DataFrame",
    *,
    size: str,
    latency: str,
    error: str,
    error_se: str | None = None,
    maximise: Collection[str] = (),
    dimensions: Sequence[str] | None = None,
) -> ErrorTable:
    """Make a problem from a data frame; see `read_table` for the rules and errors."""
    import pandas as pd

    objectives = [size, latency, error] + ([] if error_se is None else [error_se])
    if dimensions is not None:
        frame = only_these(frame, dimensions, objectives)
    _check_columns(frame, objectives, maximise)
    labels, frame = _take_labels(frame, objectives)
    if dimensions is None:
        dimensions = [c for c in frame.columns if c not in objectives]
    families = families_of(frame, dimensions)
    blanks: tuple[TableNote, ...] = ()
    if families is None:
        frame, blanks = blank_choices(frame, dimensions)
    _check_holes(frame, objectives if families is not None else list(frame.columns), objectives)
    if repeats := [name for name, count in Counter(dimensions).items() if count > 1]:
        raise InvalidDataError(f"dimension {repeats[0]!r} is named twice; name it once")
    if not dimensions:
        raise InvalidDataError(
            f"the table has no dimension; add a column other than {', '.join(objectives)}"
        )
    _check_cells(frame)
    repeated = _repeated(frame, dimensions)
    frame, labels = frame[~repeated], labels[~repeated]
    families = np.zeros(len(frame), int) if families is None else families[~repeated]
    if len(frame) < 2:
        count = "no row" if not len(frame) else "1 row, repeated" if len(repeated) > 1 else "1 row"
        raise InvalidDataError(f"the table has {count}; a choice needs 2 or more")
    numbers = {name: _numbers(frame, name) for name in objectives}
    frame = frame.assign(**{name: pd.to_numeric(frame[name]) for name in numbers})  # "10", too
    notes = from_percent(numbers, error, error_se)
    _check_values(numbers, size, latency, error)
    errors = 1 - numbers[error] if error in maximise else numbers[error]
    costs = {n: 1 / numbers[n] if n in maximise else numbers[n] for n in (size, latency)}
    columns = {name: coordinate(frame, name) for name in dimensions}
    problem = SearchProblem(
        tuple(dimensions),
        np.column_stack([values for values, _ in columns.values()]),
        costs[size],
        costs[latency],
        categorical=np.array([scale == "category" for _, scale in columns.values()]),
        scales=tuple(scale for _, scale in columns.values()),
        is_paired=False,
        label=tuple(labels).__getitem__,
        families=families,
    )
    errors_se = None if error_se is None else numbers[error_se]
    cells = {name: cells_of(frame[name]) for name in [*dimensions, *objectives]}
    rows = frame.index.to_numpy(dtype=np.int64)
    return ErrorTable(
        problem,
        tuple(labels),
        errors,
        errors_se,
        int(repeated.sum()),
        rows,
        cells,
        tuple(name for name in objectives if name in maximise),
        (*blanks, *notes),
    )


def _check_columns(frame: "pd.DataFrame", objectives: list[str], maximise: Collection[str]) -> None:
    missing = [name for name in objectives if name not in frame.columns]
    if missing:
        raise InvalidDataError(
            f"the table has no column {', '.join(missing)}; it has {', '.join(frame.columns)}"
        )
    if len(set(objectives)) < len(objectives):
        raise InvalidDataError(f"one column cannot be two objectives: {', '.join(objectives)}")
    check_directions(objectives[:3], maximise)
    unknown = sorted(set(maximise) - set(objectives[:3]))
    if unknown:
        raise InvalidDataError(
            f"only objectives can be maximised, got {', '.join(unknown)}; choose from "
            f"{', '.join(objectives[:3])}"
        )


def _check_holes(frame: "pd.DataFrame", filled: list[str], objectives: list[str]) -> None:
    """Reject blank cells in the columns that must be filled."""
    frame = frame[filled]
    holes = frame.isna()
    if holes.to_numpy().any():
        row, column = np.argwhere(holes.to_numpy())[0]
        count = int(holes.to_numpy().sum())
        remedy = (
            "or leave such rows out with --drop-failed"
            if frame.columns[column] in objectives
            else "with none for example, which is then a choice of its own"
        )
        raise InvalidDataError(
            f"{'1 value is' if count == 1 else f'{count} values are'} missing, the first in row "
            f"{frame.index[row] + 1}, column {frame.columns[column]}; fill it, {remedy}"
        )


def _take_labels(frame: "pd.DataFrame", objectives: list[str]) -> tuple[np.ndarray, "pd.DataFrame"]:
    for name in frame.columns:
        if name.casefold() in LABELS and name not in objectives and frame[name].is_unique:
            return frame[name].astype(str).to_numpy(), frame.drop(columns=name)
    return np.array([str(i + 1) for i in frame.index], dtype=object), frame


def _check_cells(frame: "pd.DataFrame") -> None:
    """Reject lists and similar cells, which a Parquet file may contain."""
    for name in frame.columns:
        if frame[name].dtype == object and not frame[name].map(np.isscalar).all():
            raise InvalidDataError(
                f"column {name} contains lists or objects, but a cell must be a number or a text; "
                "use one column per entry"
            )


def _repeated(frame: "pd.DataFrame", dimensions: Sequence[str]) -> BoolArray:
    frame = frame.assign(**{name: of_one_type(frame[name]) for name in frame.columns})
    whole = frame.duplicated().to_numpy()
    conflicting = frame.duplicated(subset=list(dimensions)).to_numpy() & ~whole
    if conflicting.any():
        row = int(np.flatnonzero(conflicting)[0])
        what = ", ".join(f"{d}={frame[d].iloc[row]}" for d in dimensions)
        raise InvalidDataError(
            f"row {frame.index[row] + 1} repeats the architecture {what} with other values; "
            "keep one of them, average them, or make a column that tells them apart a dimension"
        )
    return np.asarray(whole)


def _numbers(frame: "pd.DataFrame", name: str) -> FloatArray:
    import pandas as pd

    column = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=float)
    bad = np.flatnonzero(~np.isfinite(column))
    if len(bad):
        raise InvalidDataError(
            f"column {name} must contain numbers, but row {frame.index[bad[0]] + 1} has "
            f"{_as_written(frame[name].iloc[bad[0]])}"
        )
    return np.asarray(column)


def _as_written(value: Any) -> str:
    return repr(value.item() if isinstance(value, np.generic) else value)


def _check_values(numbers: Mapping[str, FloatArray], size: str, latency: str, error: str) -> None:
    for name, column in numbers.items():
        if name in (size, latency) and (column <= 0).any():
            raise InvalidDataError(
                f"column {name} must be above 0, but the smallest value is {column.min():g}"
            )
        if name in (size, latency) and not ((column > 1e-99) & (column < 1e99)).all():
            raise InvalidDataError(
                f"column {name} ranges from {column.min():g} to {column.max():g}; choose a unit "
                "that puts it between 1e-99 and 1e99"
            )
        if name not in (size, latency, error) and (column < 0).any():
            raise InvalidDataError(
                f"column {name} contains standard errors, which must be 0 or more, but the "
                f"smallest is {column.min():g}"
            )
        if name == error and ((column < 0) | (column > 1)).any():
            worst = column[np.argmax(np.abs(column - 0.5))]
            raise InvalidDataError(
                f"column {name} must be from 0 to 1, got {worst:g}; divide percentages by 100"
            )
        if name in (size, latency, error) and np.ptp(column) == 0:
            raise InvalidDataError(
                f"column {name} is {column[0]:g} in every row; an objective must vary"
            )


def coordinate(frame: "pd.DataFrame", name: str) -> tuple[FloatArray, str]:
    """Turn a column into coordinates, and name their scale: log, linear or category.

    Raises:
        InvalidDataError: the column mixes numbers and texts, or has an infinite number.
    """
    import pandas as pd

    filled = frame[name].notna().to_numpy()
    if not filled.all():  # the dimension of another family
        values, scale = coordinate(frame[filled], name)
        whole = np.zeros(len(frame))
        whole[filled] = values
        return whole, scale
    column = frame[name]
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        values = column.to_numpy(dtype=float)
        if not np.isfinite(values).all():
            raise InvalidDataError(f"column {name} contains an infinite number; leave the row out")
        return (np.log(values), "log") if (values > 0).all() else (values, "linear")
    is_number = pd.to_numeric(column, errors="coerce").notna().to_numpy()
    is_number = is_number & (not pd.api.types.is_bool_dtype(column))
    if is_number.all():
        return coordinate(frame.assign(**{name: pd.to_numeric(column).astype(float)}), name)
    if is_number.any():
        row = int(np.argmin(is_number))
        raise InvalidDataError(
            f"column {name} contains numbers, but row {frame.index[row] + 1} has "
            f"{_as_written(column.iloc[row])}; use only numbers or only text"
        )
    codes, _ = pd.factorize(column.astype(str), sort=True)
    return codes.astype(float), "category"
