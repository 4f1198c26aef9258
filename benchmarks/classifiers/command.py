"""`bort bench classifiers`: our models and all rivals on a task, as rows of one table."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmarks.row_log import row_table
from bort.cli import options
from bort.cli.rivals import one_model, one_rival
from bort.core.fields import read
from bort.core.rivals import RivalKind
from bort.studies.parts import RIVALS_TRAINING, TASK

if TYPE_CHECKING:
    from bort.core.rivals import Comparison, RivalsSpec
    from bort.storage import Store


@click.command(cls=options.Command)
@options.asks(TASK, RIVALS_TRAINING)
@one_rival
@one_model
@row_table("classifiers")
@options.store_url
@options.as_json
def classifiers(
    kinds: tuple[str, ...],
    names: tuple[str, ...],
    out: Path,
    report_only: bool,
    store_url: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Compare our models of a task with all rivals, and add them to the table.

    The models are those in the store that were trained on exactly this task, or those of --model:
    make them first, with `bort bench answers` for example. If the command is stopped, start it
    again: complete rivals are kept, and rows that the table has are not added twice. A comparison
    whose rows were partly added is not repeated.

    \b
    Examples:
      bort bench classifiers
      bort bench classifiers --task trec.csv --label coarse --labelled 500
      bort bench classifiers --report-only
    """
    from benchmarks.classifiers.guide import NAME, fill
    from benchmarks.classifiers.report import write_page
    from benchmarks.classifiers.rows import (
        add,
        is_begun,
        is_complete,
        open_table,
        rows_of_table,
    )
    from bort.rivals.request import describe_rivals, usual_kinds
    from bort.storage import open_store

    asked = read(given, TASK, RIVALS_TRAINING)
    task, training = TASK.build(asked), RIVALS_TRAINING.build(asked)
    chosen = [RivalKind(kind) for kind in dict.fromkeys(kinds)] or usual_kinds(task)
    with open_store(store_url) as store:
        spec = None
        if not report_only:  # what is wrong with it is said before there is a table
            spec = describe_rivals(store, task, training, kinds=chosen, models=names)
        table = open_table(out)
        if spec is not None and not is_complete(table, task, chosen):
            # An older comparison may have rivals that are made in another way today.
            found = _finished(store, spec) if is_begun(table, task) else None
            add(table, task, found or _compare(store, spec))
    page = write_page(table)
    if (guide := out.absolute().parent.parent / NAME).is_file():
        fill(guide, rows_of_table(table))
    if as_json:
        options.print_json({"table": str(out), "page": str(page)})
    else:
        click.echo(f"{page.read_text('utf-8')}\n{page}")


def _finished(store: "Store", spec: "RivalsSpec") -> "Comparison | None":
    """Read the store's comparison of exactly this; its rows were not all written."""
    from bort.core.rivals import Comparison, RivalsSpec
    from bort.core.serialise import from_json
    from bort.storage import JobState
    from bort.tasks import load_task

    for job in store.jobs(kind="rivals", states=[JobState.DONE]):
        if job.result and RivalsSpec.from_dict(job.spec) == spec:
            found = from_json(Comparison, job.result, what=f"the result of job {job.id}")
            is_new = all(row.memory_bytes is not None for row in found.rows)
            if is_new and found.digest == load_task(spec.task).digest:
                return found
    return None


def _compare(store: "Store", spec: "RivalsSpec") -> "Comparison":
    from bort import jobs
    from bort.core.rivals import Comparison
    from bort.core.serialise import from_json
    from bort.report.job_terminal import progress

    with progress(f"Rivals on {spec.task.task}") as on_step:
        found = jobs.run_here(store, "rivals", spec.to_dict(), on_step=on_step)
    return from_json(Comparison, found, what="the answer")
