"""`bort import`: opens a run bundle from elsewhere, read-only."""

from pathlib import Path

import click

from bort.cli import options
from bort.core.errors import InvalidOptionError


@click.command("import")
@click.argument("source", metavar="FILE|URL")
@click.option("--optuna", metavar="STUDY", help="Read this study of an Optuna storage.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The table to write: .csv, .parquet or .jsonl, for bort search --from-table.",
)
@options.force
@options.store_url
@options.as_json
def import_(
    source: str,
    optuna: str | None,
    out: Path | None,
    force: bool,
    store_url: str | None,
    as_json: bool,
) -> None:
    """Check FILE, a run bundle, and import its model and study, read-only.

    The import checks every hash. It rejects a bundle that was altered, that has file names pointing
    outside its folder, or that unpacks to more than 4 GiB; nothing of it is kept. With --optuna,
    the finished trials of an Optuna study become a table for `bort search --from-table` and `bort
    front`; a journal file is named by its path.

    \b
    Examples:
      bort import reviews.zip
      bort import reviews.zip --json
      bort import sqlite:///optuna.db --optuna tuning --out trials.csv
      bort import journal.log --optuna tuning --out trials.csv
    """
    if optuna is not None:
        _import_optuna(source, optuna, out, force=force, as_json=as_json)
        return
    if out is not None:
        raise InvalidOptionError("--out needs --optuna; a bundle goes into the store")
    if "://" in source:
        raise InvalidOptionError(
            f"{source} is the address of an Optuna storage, not a bundle; name one of its studies: "
            f"bort import {source} --optuna STUDY --out trials.csv"
        )
    _import_bundle(Path(source), store_url, as_json)


def _import_optuna(url: str, study: str, out: Path | None, *, force: bool, as_json: bool) -> None:
    from bort.studies.commands import table_command
    from bort.studies.interchange import check_rows, optuna_trials, write_rows

    if out is None:
        raise InvalidOptionError("there is no file for the table; name one: --out trials.csv")
    check_rows(out, force=force)
    found = optuna_trials(url, study)
    write_rows(out, found.rows)
    command = table_command(out, found.objectives, found.maximised)
    if as_json:
        options.print_json(
            {
                "study": study,
                "trials": len(found.rows),
                "path": str(out),
                "objectives": list(found.objectives),
                "maximised": list(found.maximised),
                "command": command,
            }
        )
        return
    click.echo(f"{len(found.rows)} trials written to {out}.")
    if command is None:
        click.echo(
            f"Its objectives are {', '.join(found.objectives)}; a search needs three: size, "
            "latency and error."
        )
    else:
        click.echo("Search it like this; check which objective is which:")
        click.echo(command)


def _import_bundle(file: Path, store_url: str | None, as_json: bool) -> None:
    from bort.core.serialise import to_json
    from bort.export.opening import import_bundle
    from bort.finetuning.realised import realised_of
    from bort.storage import open_store

    with open_store(store_url) as store:
        record, is_new = import_bundle(store, file)
    if as_json:
        options.print_json(
            {
                "model": record.name,
                "study": record.study,
                "study_imported": is_new,
                "task": record.task,
                "architecture": dict(record.architecture),
                "audit": to_json(realised_of(record).audit),
                "folder": str(record.folder),
            }
        )
        return
    click.echo(
        f"Imported the model {record.name}, read-only: bort export {record.name} --out FOLDER"
    )
    if is_new:
        click.echo(f"Imported its study: bort front --study {record.study}")
