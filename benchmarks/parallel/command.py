"""`bort bench parallel`: what several workers cost in trainings, and save in time."""

from pathlib import Path

import click

from benchmarks.row_log import row_table
from bort.cli import options
from bort.core.errors import InvalidOptionError


@click.command(cls=options.Command)
@click.option(
    "--workers",
    default="1,2,4,8,16",
    show_default=True,
    metavar="N,...",
    help="Numbers of workers, separated by commas.",
)
@row_table("parallel")
@options.as_json
def parallel(workers: str, out: Path, report_only: bool, as_json: bool) -> None:
    """Search recorded tables with several workers, in simulated time. Trains nothing.

    Counts the trainings to 99% of the front's hypervolume and to the certificate, and the minutes
    that they would take. Rows are added as they are computed; a stopped command continues where it
    was. All of it takes about a minute.

    \b
    Examples:
      bort bench parallel
      bort bench parallel --workers 1,3 --out three.csv
      bort bench parallel --report-only
    """
    from benchmarks import say
    from benchmarks.parallel.rows import COLUMNS, measure, recorded_names, write_page
    from benchmarks.row_log import RowLog

    counts = _counts(workers)
    log = RowLog(out, COLUMNS, {})
    for row in () if report_only else measure(log, recorded_names(), counts):
        say(f"{row['table']}: {row['goal']} with {row['workers']}")
    page = write_page(log)
    if as_json:
        options.print_json({"table": str(out), "page": str(page)})
    else:
        click.echo(f"{page.read_text('utf-8')}\n{page}")


def _counts(workers: str) -> list[int]:
    found = [part.strip() for part in workers.split(",")]
    if not all(part.isascii() and part.isdigit() and 1 <= int(part[:6]) <= 1000 for part in found):
        raise InvalidOptionError(
            f"--workers must be numbers from 1 to 1000, separated by commas, got {workers!r}"
        )
    return [int(part) for part in found]
