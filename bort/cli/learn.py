"""`bort learn`: the lessons outside the dashboard."""

from pathlib import Path

import click

from bort.cli import options


@click.group()
def learn() -> None:
    """Write the lessons into a file.

    \b
    Examples:
      bort learn export lessons.html
    """


@learn.command(cls=options.Command)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@options.force
def export(file: Path, force: bool) -> None:
    """Write all lessons into one HTML file that opens without Python and fetches nothing.

    \b
    Examples:
      bort learn export lessons.html
      bort learn export --force docs/lessons.html
    """
    from bort.core.files import check_output

    check_output(file, force=force)
    from bort.core.files import write_atomically
    from bort.lessons.book import book

    text = book().encode()
    write_atomically(file, text)
    click.echo(f"{file}: {len(text) / 1e6:.1f} MB")
