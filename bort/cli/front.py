"""`bort front`: shows a study again, for any epsilon and weights, without training."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from bort.cli import options
from bort.cli import table as tables
from bort.core.errors import InvalidOptionError
from bort.core.fields import read
from bort.studies.parts import NEW_QUESTION

if TYPE_CHECKING:
    from bort.studies.answers import StudyAnswer, TableAnswer


@click.command(cls=options.Command)
@click.option("--study", metavar="NAME", help="Name of the study [default: the latest].")
@options.asks(NEW_QUESTION)
@click.option(
    "--record",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write the whole study as JSON, to publish it or ship it as an example.",
)
@click.option(
    "--export",
    "exported",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write all evaluated architectures to a .csv, .parquet or .jsonl file.",
)
@click.option(
    "--to-optuna",
    metavar="URL",
    help="Also write the study to an Optuna storage, for optuna-dashboard.",
)
@options.force
@tables.size_or_column
@tables.table_options
@options.store_url
@options.as_json
@click.pass_context
def front(
    context: click.Context,
    /,
    study: str | None,
    epsilon: str | None,
    weights: str | None,
    record: Path | None,
    exported: Path | None,
    to_optuna: str | None,
    force: bool,
    store_url: str | None,
    as_json: bool,
    **table: Any,
) -> None:
    """Show a study's Pareto front, its cover and its best point. Nothing is trained.

    \b
    Examples:
      bort front
      bort front --study reviews --epsilon 0.1 --weights 1,2,1 --json
      bort front --study reviews --size bytes-int8
      bort front --study reviews --export reviews.csv
      bort front --study reviews --to-optuna sqlite:///optuna.db
      bort front --from-table bench.csv --size params --latency ms --error error
    """
    answer: StudyAnswer | TableAnswer
    asked = read({"epsilon": epsilon, "weights": weights}, NEW_QUESTION)
    if table["from_table"]:
        tables.refuse_others(context, ("epsilon", "weights", "as_json"))
        answer = _read_table(table, asked)
    else:
        tables.refuse_alone(context, allowed=("size",))
        copies = _Copies(record, exported, to_optuna)
        copies.check(force=force)
        answer = _read_study(study, {**asked, "size": table["size"]}, copies, store_url)
    options.show_answer(answer, as_json=as_json)


class _Copies(NamedTuple):
    """Files and stores to write in addition."""

    record: Path | None
    table: Path | None
    optuna: str | None

    def check(self, *, force: bool) -> None:
        """Check that all of them can be written, before one is."""
        from bort.core.files import check_output
        from bort.studies.interchange import check_optuna, check_rows

        if self.record is not None:
            check_output(self.record, force=force)
        if self.table is not None:
            check_rows(self.table, force=force)
        if self.optuna is not None:
            check_optuna(self.optuna)
        if self.record is not None and self.record == self.table:
            raise InvalidOptionError(
                f"--record and --export both name {self.table}; choose two files"
            )


def _read_study(
    study: str | None,
    asked: Mapping[str, Any],
    copies: _Copies,
    store_url: str | None,
) -> "StudyAnswer":
    from bort.core.files import write_json_atomically
    from bort.storage import export_study, open_to_read
    from bort.studies.answers import latest_study, read_answer
    from bort.studies.interchange import evaluation_rows, to_optuna, write_rows

    options.offer_example(study, store_url)
    with open_to_read(store_url) as store:
        name = study or latest_study(store)
        answer = read_answer(store, name, **asked)
        if copies.record is not None:
            write_json_atomically(copies.record, export_study(store, name))
        if copies.table is not None:
            write_rows(copies.table, evaluation_rows(answer))
        if copies.optuna is not None:
            to_optuna(answer, copies.optuna)
        return answer


def _read_table(given: dict[str, Any], asked: Mapping[str, Any]) -> "TableAnswer":
    from bort.studies.answers.table import front_of_table

    table, columns, _ = tables.read(given)
    return front_of_table(table, columns, NEW_QUESTION.build(asked))
