"""Which columns of a recorded table are dimensions, if nobody names them, and which rows count."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bort.core.errors import InvalidDataError
from bort.search.arrays import FloatArray
from bort.studies.table_files import read_frame

if TYPE_CHECKING:
    import pandas as pd

LABELS = ("id", "name")
BLANK = "(blank)"
NOTHING = ("none", "na", "n/a", "null", "nil", "nan")

# What `bort front --export` writes besides the dimensions.
OBJECTIVES = ("parameter_count", "latency_ms", "error_rate")
FRONT_MARKS = ("w", "is_on_front", "is_in_cover")
RESULTS = (
    "size",
    "effective_parameter_count",
    "latency_low_ms",
    "latency_high_ms",
    "latency_measured",
    "error_se",
    "n_dev",
    "macro_f1",
    "seeds",
    *FRONT_MARKS,
)
_MOST = 0.75  # share of the errors above 1 from which all are percent; a few may be slips
FEW = 8  # rows; in a smaller table, anything can be different in every row

_NUMBERS = frozenset(
    ("id", "idx", "index", "number", "row", "run", "trial", "trial_number", "uuid")
)
_UNNAMED = re.compile(r"unnamed:_[\d.]+|\(column_\d+\)")  # as pandas and table_files name one
_TIMES = (
    re.compile(r"\d{4}[-/.]\d\d?[-/.]\d\d?(\D.*)?"),  # 2025-03-01 10:00:00.5
    re.compile(r"(\d+\sdays?\s)?\d\d?:\d\d:\d\d.*"),  # 0 days 00:00:01.5
)
_TIME_NAME = re.compile(r"time|date|created|started|finished")
_SEED_NAME = re.compile(r"(.*[^a-z])?(seed|random_state)")
_RESULT_NAME = re.compile(
    r"(.*_)?(err|error|acc|accuracy|loss|f1|auc|se|sem|std|stderr|low|high|seconds)"
    r"(_rate|_mean|_ms)?(_?(seed)?\d+)?"
)
_MOVES = 0.97  # rank correlation with the error from which a column is taken for a result
_EPOCH = (1e9, 4.1e9)  # seconds from 2001 to 2099


class Remark(StrEnum):
    """What a reader of the answer should know about the table."""

    INDEX = "index"
    """A column numbers or names the rows."""
    TIME = "time"
    """A column says when, or how long, a row took."""
    TEXT = "text"
    """A column has another text in every row."""
    SEED = "seed"
    """A column has the seeds of repeated trainings."""
    RESULT = "result"
    """A column is another result of `bort front --export`."""
    MEASURED = "measured"
    """A column is another result of the training: by its name, or since it moves with the error."""
    LONE_TEXT = "lone text"
    """The only dimension has another text in every row."""
    FAILED = "failed"
    """Rows without a size, latency or error are left out."""
    AVERAGED = "averaged"
    """Rows that differ only in their seeds are averaged."""
    BLANK = "blank"
    """Blank cells of a column of texts are a choice of their own."""
    PERCENT = "percent"
    """Errors or accuracies are in percent."""


@dataclass(frozen=True, slots=True)
class TableNote:
    """A remark; `bort.report.search` puts it into words.

    Attributes:
        columns: the columns that are not dimensions.
        rows: how many rows it is about; None if it is about columns.
    """

    code: Remark
    columns: tuple[str, ...] = ()
    rows: int | None = None


def blank_choices(
    frame: "pd.DataFrame", dimensions: Sequence[str]
) -> tuple["pd.DataFrame", tuple[TableNote, ...]]:
    """Make the blank cells of text dimensions a choice, `BLANK`; of numbers they stay blank.

    Many programs write a missing choice, Python's None for example, as a blank cell. As a choice of
    its own it says nothing about the others, so no claim becomes stronger by it. In a column that
    has a word for it, `NOTHING`, a blank cell stays blank.
    """
    import pandas as pd

    found = []
    for name in dimensions:
        column = frame[name]
        filled = column.dropna()
        is_text = pd.to_numeric(filled, errors="coerce").isna().all()
        has_holes = 0 < len(filled) < len(column) and filled.map(np.isscalar).all()
        if has_holes and is_text and not filled.astype(str).str.casefold().isin(NOTHING).any():
            frame = frame.assign(**{name: column.astype(object).fillna(BLANK)})
            found.append(name)
    return frame, (TableNote(Remark.BLANK, tuple(found)),) if found else ()


def only_these(
    frame: "pd.DataFrame", dimensions: Sequence[str], objectives: list[str]
) -> "pd.DataFrame":
    """Leave out the columns that are neither dimensions, objectives nor labels."""
    for name in dimensions:
        if name not in frame.columns:
            raise InvalidDataError(
                f"the table has no column {name!r}; it has {', '.join(frame.columns)}"
            )
        if name in objectives:
            raise InvalidDataError(f"{name!r} is an objective and cannot also be a dimension")
    kept = {*dimensions, *objectives}
    return frame[[c for c in frame.columns if c in kept or c.casefold() in LABELS]]


def of_one_type(column: "pd.Series") -> "pd.Series":
    """Read a column of numbers as numbers, some of which are written as texts: 2 and "2"."""
    import pandas as pd

    if column.dtype != object or column.map(lambda cell: isinstance(cell, bool)).any():
        return column
    numbers = pd.to_numeric(column, errors="coerce")
    return numbers if (numbers.notna() | column.isna()).all() else column


def objective_names(
    path: Path, size: str | None, latency: str | None, error: str | None
) -> tuple[str, str, str]:
    """Complete the names of the objectives: `bort front --export` has names of its own.

    Raises:
        InvalidDataError: the file is no table.
    """
    usual = ("size", "latency", "error")
    if (size, latency, error) == (None, None, None):
        columns = read_frame(Path(path)).columns
        if {*OBJECTIVES, *FRONT_MARKS} <= set(columns):
            usual = OBJECTIVES
    return size or usual[0], latency or usual[1], error or usual[2]


# What objectives are usually called: a name that the first pattern fits comes first.
_USUAL = (
    (
        r"param",
        r"flop|(^|_)macs?(_|$)",
        r"(model|disk|file|checkpoint)_?size|memory|bytes",
        r"size",
    ),
    (r"lat", r"(^|[^a-z])ms([^a-z]|$)", r"throughput|speed|fps|per_s", r"time|seconds"),
    (r"err", r"acc", r"f1|auc|top_?1|score|loss"),
)
_SPREAD = re.compile(r"(^|_)(se|sem|std|stderr|std_err|standard_error|low|high)$")
_MORE_IS_BETTER = re.compile(r"acc|f1|auc|score|top_?1|throughput|speed|fps|per_s")
_CERTAINLY_MORE = re.compile(r"(.*_)?(acc|accuracy|f1|auc|auroc|top1|throughput|fps)(_.*|\d*)")


def usual_objectives(names: Sequence[str]) -> tuple[str | None, str | None, str | None]:
    """Guess which columns are size, latency and error; None where no name says so.

    Examples:
        >>> usual_objectives(["depth", "batch_size", "params", "val_acc", "latency_ms"])
        ('params', 'latency_ms', 'val_acc')
    """
    if set(OBJECTIVES) <= set(names):
        return OBJECTIVES
    left = [name for name in names if not _SPREAD.search(name.casefold())]
    found: list[str | None] = []
    for patterns in _USUAL:
        fits = (n for p in patterns for n in left if re.search(p, n.casefold()) and n not in found)
        found.append(next(fits, None))
    size, latency, error = found
    return size, latency, error


def is_usually_maximised(name: str) -> bool:
    """Guess whether more is better, as in accuracies and throughputs."""
    return bool(_MORE_IS_BETTER.search(name.casefold()))


def check_directions(objectives: Sequence[str], maximise: Collection[str]) -> None:
    """Check that nothing is minimised that, by its name, nobody wants to be small.

    Raises:
        InvalidDataError: an accuracy, say, that is not among `maximise`.
    """
    for name in objectives:
        if name not in maximise and _CERTAINLY_MORE.fullmatch(_plain(name)):
            raise InvalidDataError(
                f"column {name!r} would be minimised, but by its name more is better; maximise it "
                f"(--maximise {name}), or rename it if it should be small"
            )


def _plain(name: object) -> str:
    return re.sub(r"[\s-]", "_", str(name).casefold())


def usual_spread(names: Sequence[str], error: str) -> str | None:
    """Guess which column has the standard errors of `error`."""
    begins = error.casefold().removesuffix("_rate")
    return next(
        (
            n
            for n in names
            if n != error
            and n.casefold().startswith(begins)
            and re.search(r"se$|sem$|std_?err|standard_error", n.casefold())
        ),
        None,
    )


def without_others(
    frame: "pd.DataFrame", objectives: Sequence[str]
) -> tuple["pd.DataFrame", list[TableNote]]:
    """Leave out the columns that cannot be dimensions, and say which.

    Args:
        objectives: size, latency and error, then others.
    """
    found: dict[Remark, list[str]] = {}
    is_ours = set(FRONT_MARKS) <= set(frame.columns)
    labels = [name for name in frame.columns if _is_label(frame, name, objectives)][:1]
    for name in frame.columns:
        if name in objectives or name in labels:
            continue
        if is_ours and name in (*RESULTS, *OBJECTIVES):
            found.setdefault(Remark.RESULT, []).append(name)
        elif (remark := _remark(frame[name])) is not None:
            found.setdefault(remark, []).append(name)
    texts = found.get(Remark.TEXT, [])
    named = {name for names in found.values() for name in names}
    others = [c for c in frame.columns if c not in {*named, *objectives, *labels}]
    if texts and not any(frame[name].nunique(dropna=False) > 1 for name in others):
        found[Remark.LONE_TEXT] = found.pop(Remark.TEXT)
        named -= set(texts)
    if results := _results(frame, [c for c in others if c not in named], objectives):
        found[Remark.MEASURED] = results
        named |= set(results)
    notes = [TableNote(remark, tuple(names)) for remark, names in found.items()]
    return frame[[name for name in frame.columns if name not in named]], notes


def _results(frame: "pd.DataFrame", columns: Sequence[str], objectives: Sequence[str]) -> list[str]:
    """List the numeric columns that a training must have measured.

    They differ in most rows, and are called so or move with the error. A search that took one for
    a dimension would know the errors before it reads them. At least one column stays.
    """
    import pandas as pd

    if objectives[2] not in frame.columns or len(frame) < FEW:
        return []
    errors = pd.to_numeric(frame[objectives[2]], errors="coerce").rank()

    def is_result(name: str) -> bool:
        values = frame[name]
        if not pd.api.types.is_float_dtype(values) or values.nunique() <= len(values) / 2:
            return False
        called = _RESULT_NAME.fullmatch(_plain(name))
        return bool(called) or abs(values.rank().corr(errors)) >= _MOVES

    found = [name for name in columns if is_result(name)]
    is_left = any(frame[c].nunique(dropna=False) > 1 for c in columns if c not in found)
    return found if is_left else []


def _is_label(frame: "pd.DataFrame", name: str, objectives: Sequence[str]) -> bool:
    return name.casefold() in LABELS and name not in objectives and frame[name].is_unique


def _remark(column: "pd.Series[Any]") -> Remark | None:
    """Say why a column cannot be a dimension; None if it can."""
    import pandas as pd

    name, values = _plain(column.name), column.dropna()
    if values.empty:
        return None
    if all(isinstance(value, date | time | timedelta) for value in values):
        return Remark.TIME
    if not all(map(np.isscalar, values)):
        return None
    is_numeric = pd.api.types.is_numeric_dtype(values) and values.dtype != bool
    is_unique = values.is_unique and len(values) > 1
    if _SEED_NAME.fullmatch(name):
        return Remark.SEED
    if is_numeric:
        is_time = _TIME_NAME.search(name) and values.between(*_EPOCH).all()
        if is_time or (_TIME_NAME.search(name) and values.between(1e12, 4.1e12).all()):
            return Remark.TIME
    elif any(all(map(pattern.fullmatch, map(str, values))) for pattern in _TIMES):
        return Remark.TIME
    if name.endswith(("_id", ".id", "uuid")):
        return Remark.INDEX
    is_number = name in _NUMBERS or _UNNAMED.fullmatch(name)
    if is_unique and (is_number or (is_numeric and _counts_up(values))):
        return Remark.INDEX
    return Remark.TEXT if is_unique and not is_numeric and len(values) >= FEW else None


def _counts_up(values: "pd.Series[Any]") -> bool:
    """Tell whether the values are 0, 1, 2, ... or 1, 2, 3, ..., as in no table of architectures."""
    numbers = values.to_numpy(dtype=float)
    return len(numbers) >= FEW and numbers[0] in (0, 1) and bool((np.diff(numbers) == 1).all())


def without_failed(
    frame: "pd.DataFrame", objectives: Sequence[str]
) -> tuple["pd.DataFrame", list[TableNote]]:
    """Leave out the rows in which an objective is blank."""
    failed = frame[list(objectives)].isna().any(axis=1)
    count = int(failed.sum())
    return frame[~failed], [TableNote(Remark.FAILED, rows=count)] if count else []


def averaged(
    frame: "pd.DataFrame", objectives: Sequence[str], error_se: str | None
) -> tuple["pd.DataFrame", list[TableNote]]:
    """Average the objectives of the rows that differ in nothing else; the first one stays.

    Standard errors are those of the mean of independent trainings.
    """
    import pandas as pd

    columns = [name for name in frame.columns if name not in objectives]
    columns = [name for name in columns if name.casefold() not in LABELS]
    if not columns or not frame.duplicated(subset=columns).any():
        return frame, []
    groups = frame.groupby(columns, sort=False, dropna=False).ngroup()
    kept = frame[~groups.duplicated()].copy()
    for name in objectives:
        values = pd.to_numeric(frame[name], errors="coerce")
        if values.isna().any():
            return frame, []  # which is told later
        if name == error_se:
            mean = np.sqrt((values**2).groupby(groups).sum()) / values.groupby(groups).count()
        else:
            mean = values.groupby(groups).mean()
        is_whole = pd.api.types.is_integer_dtype(values) and (mean == mean.round()).all()
        kept[name] = (mean.astype(values.dtype) if is_whole else mean).to_numpy()
    return kept, [TableNote(Remark.AVERAGED, rows=len(frame))]


def from_percent(
    numbers: dict[str, FloatArray], error: str, error_se: str | None
) -> tuple[TableNote, ...]:
    """Divide errors in percent by 100: nearly all are above 1, and none is above 100."""
    column = numbers[error]
    if (column > 1).mean() < _MOST or column.min() < 0 or column.max() > 100:
        return ()
    for name in filter(None, (error, error_se)):
        numbers[name] = numbers[name] / 100
    return (TableNote(Remark.PERCENT, (error,)),)
