"""Which rows of a file to use, and a person's own split of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from bort.core.errors import InvalidDataError
from bort.core.kinds import Condition
from bort.core.study import TaskSpec
from bort.tasks.splits import SPLIT_NAMES, SplitName

Columns = Mapping[str, Sequence[Any]]
MOST_NAMED = 12  # values of a column in a message


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
    conditions = [Condition.parse(text) for text in spec.where]
    wanted: dict[str, set[str]] = {}
    refused: dict[str, set[str]] = {}
    for condition in conditions:
        by_column = wanted if condition.is_equal else refused
        by_column.setdefault(condition.column, set()).add(condition.value)
    rows = range(len(next(iter(columns.values()))))
    meets = [
        all(_written(columns[column][row]) in values for column, values in wanted.items())
        and not any(_written(columns[column][row]) in values for column, values in refused.items())
        for row in rows
    ]
    if not any(meets):
        column = conditions[0].column
        raise InvalidDataError(
            f"{name}: no row meets {', '.join(spec.where)}; the column {column!r} contains "
            f"{_listed(columns[column])}"
        )
    reason = f"does not meet {', '.join(spec.where)}"
    return [None if met else reason for met in meets]


def own_split(
    name: str, columns: Columns, spec: TaskSpec, left_out: list[str | None] | None
) -> tuple[list[int] | None, list[str | None] | None]:
    """Read the split of each row from the person's own column.

    Args:
        left_out: why rows are not used, as `unmet` gives it.
    Returns:
        The splits as `assign_splits` takes them (training rows are free), and `left_out` with the
        rows whose part has another name. None and `left_out` without such a column.
    Raises:
        InvalidDataError: no row is called train.
    """
    if spec.split_column is None:
        return None, left_out
    values = columns[spec.split_column]
    reasons = left_out or [None] * len(values)
    preset = []
    for row, value in enumerate(values):
        found = SPLIT_NAMES.get(_written(value).casefold())
        preset.append(int(SplitName.NOWHERE if found is None else found))
        if found is None and reasons[row] is None:
            reasons[row] = f"{spec.split_column} {_written(value)[:40]!r}"
    used = [p for p, reason in zip(preset, reasons, strict=True) if reason is None]
    if SplitName.NOWHERE not in used:
        raise InvalidDataError(
            f"{name}: no row of the column {spec.split_column!r} is called train; it contains "
            f"{_listed(values)}. Use the names train, dev or validation, test or audit"
        )
    return preset, reasons


def _written(value: Any) -> str:
    """Write a cell as a CSV file would; a missing one is empty."""
    return "" if value is None else str(value).strip()


def _listed(values: Sequence[Any]) -> str:
    counted = Counter(map(_written, values)).most_common(MOST_NAMED + 1)
    named = [f"{value[:40]!r} ({count:,})" for value, count in counted[:MOST_NAMED]]
    return ", ".join(named) + (", ..." if len(counted) > MOST_NAMED else "")
