"""A log of measurements: a CSV file that grows row by row and survives a kill."""

import csv
import io
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
import pandas as pd

from benchmarks import drop_torn_line
from bort.core.errors import InvalidDataError
from bort.core.files import write_atomically
from bort.core.inputs import read_input

F = TypeVar("F", bound=Callable[..., Any])


class RowLog:
    """A CSV file to which rows are appended and flushed; all share the same conditions.

    Args:
        columns: the type of each column, without those of the conditions.
        conditions: a value for each further column. Rows from other conditions are rejected.
    Raises:
        InvalidDataError: the file is not such a log, or was recorded under other conditions.
        StoreError: a new log cannot be written.
    """

    def __init__(
        self, path: Path, columns: Mapping[str, type], conditions: Mapping[str, str | int]
    ) -> None:
        self.path, self.conditions = path, conditions
        self.columns = {**columns, **{name: type(value) for name, value in conditions.items()}}
        if not os.path.lexists(path):  # a broken link is none of ours, either
            write_atomically(path, f"{','.join(self.columns)}\n".encode())
        self._check(self.rows())
        drop_torn_line(path)

    def append(self, row: Mapping[str, Any]) -> None:
        """Write one row to disk; None is an empty cell."""
        with self.path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, tuple(self.columns), lineterminator="\n")
            writer.writerow({**row, **self.conditions})
            file.flush()
            os.fsync(file.fileno())

    def rows(self) -> pd.DataFrame:
        """Read all rows so far."""
        return read_rows(self.path, self.columns)

    def _check(self, rows: pd.DataFrame) -> None:
        for name, expected in self.conditions.items():
            found = [value for value in rows[name].unique() if value != expected]
            if found:
                raise InvalidDataError(
                    f"{self.path} was recorded with {name} {found[0]}, but this run has "
                    f"{expected}; name another file, or record under the same conditions"
                )


def read_rows(path: Path, columns: Mapping[str, type]) -> pd.DataFrame:
    """Read the whole rows of a log; an unfinished last line is left out.

    Args:
        columns: the type of each column, in order.
    Raises:
        InvalidDataError: there is no such file, or it is not a log with these columns.
    """
    try:
        text = read_input(path).decode("utf-8")
        lines = text[: text.rfind("\n") + 1]
        if lines.partition("\n")[0] != ",".join(columns):
            raise ValueError("it is not a log with the columns of this benchmark")
        return pd.read_csv(io.StringIO(lines), dtype=dict(columns))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())
        raise InvalidDataError(f"{path} cannot be read ({reason}); name another file") from None


def row_table(name: str) -> Callable[[F], F]:
    """Give a benchmark's command the options `out` and `report_only`.

    Args:
        name: of the table in docs/bench.
    """
    out = click.option(
        "--out",
        type=click.Path(path_type=Path, dir_okay=False),
        default=Path(f"docs/bench/{name}.csv"),
        show_default=True,
        metavar="FILE.csv",
        help="The table to add to; the page goes next to it, as FILE.md.",
    )
    report_only = click.option(
        "--report-only", is_flag=True, help="Write the page from the table and stop."
    )
    return lambda command: out(report_only(command))
