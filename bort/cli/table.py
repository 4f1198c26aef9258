"""`--from-table`: the options that `bort search` and `bort front` share, and reading the file."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from bort.core.errors import InvalidOptionError

if TYPE_CHECKING:
    from bort.studies.answers.values import Columns
    from bort.studies.recorded_table import ErrorTable

TABLE_PARAMETERS = ("from_table", "size", "latency", "error", "error_se", "maximise", "dimensions")
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


def refuse_others(context: click.Context, allowed: Collection[str]) -> None:
    """Refuse what was typed beside `--from-table` and would have no effect.

    Args:
        context: of the command.
        allowed: names of the parameters that count besides those of `table_options`.
    """
    for parameter in context.command.params:
        name = str(parameter.name)
        is_typed = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if is_typed and name not in TABLE_PARAMETERS and name not in allowed:
            raise InvalidOptionError(
                f"{parameter.opts[-1]} has no effect beside --from-table, which asks a table "
                "instead of training; leave it out"
            )


def read(given: dict[str, Any]) -> "tuple[ErrorTable, Columns]":
    """The table that the options of `table_options` name."""
    from bort.studies.answers.values import Columns
    from bort.studies.recorded_table import read_table

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
