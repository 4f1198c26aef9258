"""`bort bench search`: compares the certified search with random search and Optuna's samplers."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bort.cli import options
from bort.core.errors import InvalidOptionError

if TYPE_CHECKING:
    from benchmarks.search.runs import RunKey, RunLog
    from benchmarks.search.samplers import Sampler
    from benchmarks.search.table import BenchmarkTable

    Planned = tuple[BenchmarkTable, Sampler, RunKey]


@click.command()
@click.option(
    "--tables",
    metavar="NAME|FILE.csv[:COLUMN],...",
    help="Tables to search [default: all recorded ones, and the public ones if bort[bench] is "
    "installed].",
)
@click.option(
    "--samplers",
    default="all",
    show_default=True,
    metavar="NAME,...",
    help="certified, certified-cover, guide, random, nsga2, tpe, gp, nsga2-known, tpe-known, "
    "gp-known, smac, botorch, botorch-known.",
)
@click.option(
    "--seeds",
    default=20,
    show_default=True,
    help="Runs per sampler; at most 5 of gp and gp-known, 1 of what draws nothing.",
)
@click.option(
    "--evaluations",
    default=100,
    show_default=True,
    help="Most evaluations per run; never more than the table has, 48 of gp, 60 of smac and "
    "botorch.",
)
@click.option("--logged", is_flag=True, help="Report the runs in the log; make none.")
@click.option("--again", is_flag=True, help="Repeat every run instead of resuming.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Folder for search.md, search.csv, plots and the log of runs [default: only the log, "
    "under $BORT_HOME].",
)
@options.as_json
def search(
    tables: str | None,
    samplers: str,
    seeds: int,
    evaluations: int,
    logged: bool,
    again: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Compare how few evaluations each sampler needs to find a table's front.

    Every architecture's size, latency and error are known, so the front is known too. A run's
    measure is the share of that front's hypervolume (reference point: 1.1 times each column's
    maximum) that its evaluations dominate. Runs are logged as they end, so an interrupted command
    continues where it stopped.

    \b
    Examples:
      bort bench search --samplers certified,random --seeds 3
      bort bench search --tables nas-bench-201 --samplers certified,random,nsga2 --seeds 2
      bort bench search --out docs/bench
      bort bench search --out docs/bench --logged
    """
    from benchmarks.search import report
    from benchmarks.search.hpo_package import PACKAGE, is_installed
    from benchmarks.search.recorded_tables import load_table, table_names
    from benchmarks.search.registry import choose_samplers
    from benchmarks.search.runs import list_runs

    if seeds < 1 or evaluations < 1:
        raise InvalidOptionError("--seeds and --evaluations must be 1 or more; raise them")
    names = table_names() if tables is None else [n.strip() for n in tables.split(",")]
    chosen = choose_samplers(samplers)
    loaded = [load_table(name) for name in dict.fromkeys(names)]
    if tables is None and not is_installed():
        click.echo(
            f"note: without the public tables of {PACKAGE}: pip install 'bort[bench]'", err=True
        )
    planned = list_runs(loaded, chosen, seeds=seeds, evaluations=evaluations)
    log = _log(out, again=again and not logged)
    if logged:
        planned = [each for each in planned if each[2] in log.done]
    answer = report.answer(planned, _run_missing(planned, log))
    if out is not None:
        report.write(out, answer, chosen)
    if as_json:
        options.print_json(answer)
    else:
        click.echo(report.markdown(answer))


def _log(out: Path | None, *, again: bool) -> "RunLog":
    from benchmarks.search.runs import RunLog
    from bort.core.paths import home

    path = (home() / "bench" if out is None else out) / "search-runs.csv"
    if again:
        path.unlink(missing_ok=True)
    return RunLog(path)


def _run_missing(planned: "Sequence[Planned]", log: "RunLog") -> "RunLog":
    """Make the runs that are missing from the log."""
    from benchmarks.search.runs import run_sampler

    missing = [(table, sampler, key) for table, sampler, key in planned if key not in log.done]
    with _progress(missing, len(planned)) as show:
        for number, (table, sampler, key) in enumerate(missing):
            show(number)
            log.add(run_sampler(table, sampler, key))
        show(len(missing))
    return log


@contextmanager
def _progress(missing: "Sequence[Planned]", total: int) -> Iterator[Any]:
    """Show a progress bar whose estimate accounts for the samplers' different speeds."""
    from bort.core.progress import Progress, Stage
    from bort.report.job_terminal import progress

    kinds = [(table.name, sampler.name) for table, sampler, _ in missing]
    seconds: dict[tuple[str, str], list[float]] = {}
    last = time.monotonic()
    with progress("Comparing") as bar:

        def show(number: int) -> None:
            nonlocal last
            now = time.monotonic()
            if number:
                seconds.setdefault(kinds[number - 1], []).append(now - last)
            last = now
            done = total - len(missing) + number
            kind = " ".join(kinds[number]) if number < len(kinds) else None
            left = _seconds_left(kinds[number:], seconds)
            bar(Progress(done, total, Stage.SAMPLING, kind, left))

        yield show


def _seconds_left(
    kinds: Sequence[tuple[str, str]], seconds: dict[tuple[str, str], list[float]]
) -> float | None:
    if not seconds:
        return None
    means = {kind: sum(values) / len(values) for kind, values in seconds.items()}
    overall = sum(means.values()) / len(means)
    return sum(means.get(kind, overall) for kind in kinds)
