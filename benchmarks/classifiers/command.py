"""`bort bench classifiers`: our models and all rivals on a task, as rows of one table."""

from pathlib import Path
from typing import Any

import click

from benchmarks.row_log import row_table
from bort.cli import options
from bort.core.fields import read
from bort.studies.parts import TASK


@click.command(cls=options.Command)
@options.asks(TASK)
@row_table("classifiers")
@options.store_url
@options.as_json
def classifiers(
    out: Path, report_only: bool, store_url: str | None, as_json: bool, **given: Any
) -> None:
    """Compare our models of a task with all rivals, and add them to the table.

    The models are those in the store that were trained on exactly this task: make them first, with
    `bort bench answers` for example. Rivals that are complete are not made again, so that a command
    that was stopped goes on. A task that the table already has is left out.

    \b
    Examples:
      bort bench classifiers
      bort bench classifiers --task trec.csv --label coarse --labelled 500
      bort bench classifiers --report-only
    """
    from benchmarks.classifiers.rows import has_task, open_table, rows_of, write_page
    from bort import jobs
    from bort.core.rivals import Comparison, RivalKind, RivalsSpec
    from bort.core.serialise import from_json
    from bort.report.job_terminal import progress
    from bort.rivals.request import own_models
    from bort.storage import open_store

    task = TASK.build(read(given, TASK))
    with open_store(store_url) as store:
        table = open_table(out)
        if not report_only and not has_task(table, task):
            spec = RivalsSpec(
                task=task,
                kinds=tuple(map(str, RivalKind)),
                models=tuple(model.name for model in own_models(store, task)),
            )
            with progress(f"Rivals on {task.task}") as on_step:
                found = jobs.run_here(store, "rivals", spec.to_dict(), on_step=on_step)
            for row in rows_of(task, from_json(Comparison, found, what="the answer")):
                table.append(row)
    page = write_page(table)
    if as_json:
        options.print_json({"table": str(out), "page": str(page)})
    else:
        click.echo(f"{page.read_text('utf-8')}\n{page}")
