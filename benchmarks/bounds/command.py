"""`bort bench bounds`: estimators of λ, by evaluations to a certificate and by wrong ones."""

from pathlib import Path

import click

from benchmarks.row_log import row_table
from bort.cli import options
from bort.core.errors import InvalidOptionError


@click.command(cls=options.Command)
@click.option(
    "--estimator",
    "estimators",
    multiple=True,
    metavar="NAME",
    help="An estimator to measure; can be repeated [default: all, and λ given].",
)
@click.option(
    "--searches",
    default=500,
    show_default=True,
    help="Smooth spaces and cones for each estimator; hostile spaces are 1.76 times as many.",
)
@row_table("bounds")
@options.as_json
def bounds(
    estimators: tuple[str, ...], searches: int, out: Path, report_only: bool, as_json: bool
) -> None:
    """Compare estimators of λ: evaluations to a certificate, and how often it is wrong.

    Searches two recorded tables and random spaces whose errors are all known. With λ given, no
    claim may be wrong. Rows are added as they are measured; if the command is stopped, start it
    again: it continues. An estimator takes about three minutes of processor time.

    \b
    Examples:
      bort bench bounds --searches 100
      bort bench bounds --estimator "two, times 2" --out two.csv
      bort bench bounds --report-only
    """
    from benchmarks import say
    from benchmarks.bounds.rows import COLUMNS, ESTIMATORS, GIVEN, measure, write_page
    from benchmarks.row_log import RowLog

    known = [*ESTIMATORS, *GIVEN]
    names = known if not estimators else list(estimators)
    if unknown := [name for name in names if name not in known]:
        raise InvalidOptionError(
            f"there is no estimator {unknown[0]!r}; choose from {'; '.join(known)}"
        )
    if searches < 1:
        raise InvalidOptionError(f"--searches must be 1 or more, got {searches}; raise it")
    log = RowLog(out, COLUMNS, {})
    for row in () if report_only else measure(log, names, searches):
        say(f"{row['estimator']}: {row['kind']} from {row['first']}")
    page = write_page(log)
    if as_json:
        options.print_json({"table": str(out), "page": str(page)})
    else:
        click.echo(f"{page.read_text('utf-8')}\n{page}")
