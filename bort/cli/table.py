"""`--from-table`: the options that `bort search` and `bort front` share, and reading the file."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from bort.answers.table import Columns
    from bort.search.table import ErrorTable

F = TypeVar("F", bound=Callable[..., Any])


def table_options(command: F) -> F:
    """Where the table lies, and which of its columns are objectives."""
    for option in reversed(
        [
            click.option(
                "--from-table",
                type=click.Path(path_type=Path),
                metavar="FILE",
                help="Ask the rows of a CSV, TSV or Parquet file instead of training.",
            ),
            click.option("--size", default="size", show_default=True, metavar="COLUMN"),
            click.option("--latency", default="latency", show_default=True, metavar="COLUMN"),
            click.option("--error", default="error", show_default=True, metavar="COLUMN"),
            click.option("--error-se", metavar="COLUMN", help="Standard error of the error."),
            click.option(
                "--maximise",
                multiple=True,
                metavar="COLUMN",
                help="An objective of which more is better (accuracy); may be repeated.",
            ),
            click.option(
                "--dimensions",
                metavar="COLUMN,...",
                help="Which columns were varied [default: all but the objectives].",
            ),
        ]
    ):
        command = option(command)
    return command


def read(given: dict[str, Any]) -> "tuple[ErrorTable, Columns]":
    """The table that the options of `table_options` name."""
    from bort.answers.table import Columns
    from bort.search.table import read_table

    dimensions = given["dimensions"]
    columns = Columns(given["size"], given["latency"], given["error"], given["error_se"])
    table = read_table(
        given["from_table"],
        size=columns.size,
        latency=columns.latency,
        error=columns.error,
        error_se=columns.error_se,
        maximise=given["maximise"],
        dimensions=None if dimensions is None else _names(dimensions),
    )
    return table, columns


def _names(typed: str) -> list[str]:
    return [name.strip() for name in typed.split(",") if name.strip()]
