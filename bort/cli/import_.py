"""`bort import`: open a run bundle that was made elsewhere, read-only."""

from pathlib import Path

import click

from bort.cli import options


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@options.store_url
@options.as_json
def import_(file: Path, store_url: str | None, as_json: bool) -> None:
    """Check FILE, a run bundle, and keep its model and study, read-only.

    Every hash is checked; a changed byte, a name that climbs out of its folder, or more than
    4 GiB unpacked are refused, and nothing is kept then.

    \b
    Examples:
      bort import reviews.zip
      bort import reviews.zip --json
    """
    from bort.export.opening import import_bundle
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
                "audit": dict(record.realised["audit"]),
                "folder": str(record.folder),
            }
        )
        return
    click.echo(f"Model {record.name} is here, read-only: bort export {record.name} --out FOLDER")
    if is_new:
        click.echo(f"Its study too: bort front --study {record.study}")
