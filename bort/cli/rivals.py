"""`bort rivals`: compare with other people's small classifiers."""

from typing import Any

import click

from bort.cli import options
from bort.core.fields import read
from bort.core.rivals import RivalKind
from bort.studies.parts import RIVALS, RIVALS_THREADS, RIVALS_TRAINING, RIVALS_WORKERS, TASK
from bort.studies.workers import check_workers

PARTS = (TASK, RIVALS_TRAINING, RIVALS, RIVALS_WORKERS, RIVALS_THREADS)

one_rival = click.option(
    "--rival",
    "kinds",
    multiple=True,
    type=click.Choice([str(kind) for kind in RivalKind]),
    help="Make only this rival; may be given several times. [default: all, SetFit only with "
    "--labelled of at most 500 and single texts]",
)

one_model = click.option(
    "--model",
    "names",
    multiple=True,
    metavar="NAME",
    help="Compare only this model; may be given several times. [default: all of the task]",
)


@click.command(cls=options.Command)
@options.asks(*PARTS)
@one_rival
@one_model
@options.detach
@options.store_url
@options.as_json
def rivals(
    kinds: tuple[str, ...],
    names: tuple[str, ...],
    detach: bool,
    store_url: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Make rivals on a task's splits, and compare them with your models of the same task.

    Rivals are what people use for small, fast text classifiers: tf-idf, fastText, wordllama,
    model2vec, and the source network frozen, fine-tuned, in int8, with half of its layers, or
    pruned; with --labelled of at most 500 also SetFit. All are fitted on train, chosen on dev and
    judged on audit. Sizes are those of the files to deploy; times run from text to label, on one
    thread, in turns. Complete rivals are kept, so that a run that was stopped goes on.

    \b
    Examples:
      bort rivals
      bort rivals --task banking77.csv --label category --rival tfidf --rival fasttext
      bort rivals --task trec.csv --label coarse --labelled 500 --json
      bort rivals --parallel 4 --threads 1
    """
    from bort import jobs
    from bort.core.rivals import Comparison
    from bort.core.serialise import from_json
    from bort.report.job_terminal import progress
    from bort.report.rivals import print_rivals
    from bort.rivals.request import describe_rivals, usual_kinds
    from bort.storage import open_store

    found = read(given, *PARTS)
    task, training = TASK.build(found), RIVALS_TRAINING.build(found)
    training = RIVALS_THREADS.build(found, base=training)
    workers = RIVALS_WORKERS.build(found).workers
    check_workers(workers)
    chosen = [RivalKind(kind) for kind in dict.fromkeys(kinds)] or usual_kinds(task)
    with open_store(store_url) as store:
        spec = describe_rivals(
            store, task, training, kinds=chosen, models=names, parallel=found.get("parallel", 1)
        )
        described = {**spec.to_dict(), "workers": workers}
        if detach:
            job = jobs.start_detached(store, "rivals", described)
            click.echo(f"Job {job} makes the rivals: bort jobs show {job}", err=True)
            if as_json:
                options.print_json({"job": job})
            return
        with progress(f"Rivals on {task.task}") as on_step:
            answer = jobs.run_here(store, "rivals", described, on_step=on_step)
    if as_json:
        options.print_json(answer)
    else:
        print_rivals(from_json(Comparison, answer, what="the answer"))
