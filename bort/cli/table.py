"""`--from-table`: the table options that `bort search` and `bort front` share."""

from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from bort.cli.options import Option
from bort.core.errors import InvalidOptionError
from bort.core.size import SizeUnit
from bort.core.table_source import TableSource, digest_of

if TYPE_CHECKING:
    from bort.studies.answers.rows import Columns
    from bort.studies.recorded_table import ErrorTable

TABLE_PARAMETERS = (
    "from_table",
    "size",
    "latency",
    "error",
    "error_se",
    "maximise",
    "dimensions",
    "drop_failed",
)
F = TypeVar("F", bound=Callable[..., Any])


def table_options(command: F) -> F:
    """Add the options that name a table and its objectives, but for `--size`."""
    for option in reversed(
        [
            _option(
                "--from-table",
                type=click.Path(path_type=Path),
                metavar="FILE",
                help="Read the rows of a CSV, TSV, JSONL or Parquet file instead of training.",
            ),
            _column("--latency", "Column with the latencies [default: as for --size]."),
            _column("--error", "Column with the errors [default: as for --size]."),
            _option(
                "--error-se",
                metavar="COLUMN",
                help="Column with the standard errors of the errors.",
            ),
            _option(
                "--maximise",
                multiple=True,
                metavar="COLUMN",
                help="A column in which more is better, accuracy for example. Repeatable.",
            ),
            _option(
                "--dimensions",
                metavar="COLUMN,...",
                help="Columns with the dimensions of the space [default: all but the objectives, "
                "indices, times, seeds and the like].",
            ),
            _option(
                "--drop-failed",
                is_flag=True,
                help="Leave out rows without a size, latency or error, as those of failed runs.",
            ),
        ]
    ):
        command = option(command)
    return command


_option = partial(click.option, cls=Option, title="A table instead of training")


def _column(name: str, text: str) -> Callable[[F], F]:
    return _option(name, metavar="COLUMN", help=text)


size_or_column = click.option(
    "--size",
    metavar="UNIT|COLUMN",
    help=f"What size counts, one of {', '.join(SizeUnit)} [default: as searched]. With "
    "--from-table, the column with the sizes instead [default: size, or that of "
    "`bort front --export`].",
)


def refuse_others(context: click.Context, allowed: Collection[str]) -> None:
    """Reject options that have no effect with `--from-table`.

    Args:
        allowed: names of the other parameters that are allowed.
    """
    for name, option in _typed(context):
        if name not in TABLE_PARAMETERS and name not in allowed:
            raise InvalidOptionError(
                f"{option} has no effect with --from-table, which reads a table "
                "instead of training; leave it out"
            )


def refuse_alone(context: click.Context, *others: str, allowed: Collection[str] = ()) -> None:
    """Reject the options of a table when no table is named.

    Args:
        others: names of the other parameters that need a table.
        allowed: names of those that have another meaning without one.
    """
    for name, option in _typed(context):
        if name not in allowed and (name in TABLE_PARAMETERS or name in others):
            raise InvalidOptionError(
                f"{option} has no effect without --from-table; name a table, or leave it out"
            )


def _typed(context: click.Context) -> Iterator[tuple[str, str]]:
    """Yield the name and the option of each parameter given on the command line."""
    for parameter in context.command.params:
        name = str(parameter.name)
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            yield name, parameter.opts[-1]


def read(given: dict[str, Any]) -> "tuple[ErrorTable, Columns, TableSource]":
    """Read the table that the options of `table_options` name."""
    from bort.studies.answers.rows import Columns
    from bort.studies.recorded_table import read_source
    from bort.studies.table_columns import objective_names

    dimensions = given["dimensions"]
    names = objective_names(given["from_table"], given["size"], given["latency"], given["error"])
    columns = Columns(*names, given["error_se"])
    source = TableSource(
        sha256=digest_of(given["from_table"]),
        size=columns.size,
        latency=columns.latency,
        error=columns.error,
        error_se=columns.error_se,
        maximise=tuple(given["maximise"]),
        dimensions=None if dimensions is None else tuple(_names(dimensions)),
        drop_failed=given["drop_failed"],
    )
    return read_source(given["from_table"], source), columns, source


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
