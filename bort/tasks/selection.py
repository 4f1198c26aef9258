"""Which rows of a file to use, and a person's own split of them."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bort.core.errors import InvalidDataError
from bort.core.kinds import Condition
from bort.core.study import TaskSpec
from bort.tasks.rows import as_whole
from bort.tasks.splits import SPLIT_NAMES, SplitName

Columns = Mapping[str, Sequence[Any]]
MOST_NAMED = 12  # values of a column in a message
LONGEST = 40  # characters of a value or condition in a message


def columns_for(spec: TaskSpec) -> tuple[str, ...]:
    """List the columns that decide which rows are used and in which split, each once."""
    wanted = [Condition.parse(text).column for text in spec.where]
    if spec.split_column is not None:
        wanted.append(spec.split_column)
    return tuple(dict.fromkeys(wanted))


def unmet(name: str, columns: Columns, spec: TaskSpec) -> list[str | None] | None:
    """Say for each row which conditions it does not meet; None without conditions.

    Raises:
        InvalidDataError: no row meets them.
    """
    if not spec.where:
        return None
    by_column: dict[str, list[Condition]] = {}
    for text in spec.where:
        condition = Condition.parse(text)
        by_column.setdefault(condition.column, []).append(condition)
    met = np.ones(len(next(iter(columns.values()))), dtype=bool)
    for column, conditions in by_column.items():
        here = _met(columns[column], conditions)
        if not (met & here).any():
            others = "none of the rows that meet the other conditions"
            shown = ", ".join(map(str, conditions))
            raise InvalidDataError(
                f"{name}: {others if here.any() else 'no row'} meets {_short(shown)}; the column "
                f"{_short(column)!r} contains {_listed(columns[column])}"
            )
        met &= here
    return [None if row else "values that --where leaves out" for row in met.tolist()]


def _met(values: Sequence[Any], conditions: Sequence[Condition]) -> npt.NDArray[np.bool_]:
    """Mark the values that meet the conditions on their column."""
    wanted = {_comparable(c.value) for c in conditions if c.is_equal}
    refused = {_comparable(c.value) for c in conditions if not c.is_equal}
    written = [_comparable(_written(value)) for value in values]
    return np.array([(not wanted or w in wanted) and w not in refused for w in written])


def own_split(
    name: str, columns: Columns, spec: TaskSpec, left_out: list[str | None] | None
) -> tuple[list[int] | None, list[str | None] | None, dict[str, int] | None]:
    """Read the split of each row from the person's own column.

    Args:
        left_out: why rows are not used, as `unmet` gives it.
    Returns:
        The splits as `assign_splits` takes them (training rows are free), `left_out` with the rows
        whose part has another name, and those names with their rows. Without such a column None,
        `left_out` and None.
    Raises:
        InvalidDataError: no row is called train.
    """
    if spec.split_column is None:
        return None, left_out, None
    values = columns[spec.split_column]
    reasons = left_out or [None] * len(values)
    preset = []
    others: Counter[str] = Counter()
    for row, value in enumerate(values):
        found = SPLIT_NAMES.get(_written(value).casefold())
        preset.append(int(SplitName.NOWHERE if found is None else found))
        is_blank = all(column[row] is None for column in columns.values())
        if found is None and reasons[row] is None and not is_blank:
            named = repr(_short(_written(value)))
            others[named] += 1
            reasons[row] = f"{_short(spec.split_column)} {named}"
    used = [p for p, reason in zip(preset, reasons, strict=True) if reason is None]
    if SplitName.NOWHERE not in used:
        raise InvalidDataError(
            f"{name}: no row of the column {spec.split_column!r} is called train; it contains "
            f"{_listed(values)}. Use the names train, dev or validation, test or audit"
        )
    return preset, reasons, dict(others)


def _written(value: Any) -> str:
    """Write a cell as a CSV file would; a missing one is empty."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # a column of whole numbers with a blank is read as fractions
    return str(value).strip()


def _comparable(text: str) -> str:
    """Write truth values and whole numbers in one way: files say true or TRUE, and 4 or 4.0."""
    return text.casefold() if text.casefold() in ("true", "false") else as_whole(text)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _listed(values: Sequence[Any]) -> str:
    counted = Counter(map(_written, values)).most_common(MOST_NAMED + 1)
    named = [f"{_short(value)!r} ({count:,})" for value, count in counted[:MOST_NAMED]]
    return ", ".join(named) + (", ..." if len(counted) > MOST_NAMED else "")
