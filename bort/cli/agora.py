"""`bort agora`: run the loop, show its rounds, export its points."""

from pathlib import Path
from typing import Any

import click

from bort.cli import options
from bort.core import paths
from bort.core.errors import InvalidOptionError
from bort.studies.parts import (
    AGORA_REQUEST,
    AGORA_SHARED,
    AGORA_TASK,
    AGORA_TEXT,
    AGORA_TORUS,
    AGORA_TRAINING,
)

_job_id = click.argument("job_id", metavar="JOB", type=options.JobId())


@click.group()
def agora() -> None:
    """Teach a small model where it makes errors: sample points near them, label them, train again.

    \b
    Examples:
      bort agora run --task torus
      bort agora run --task movie-reviews --labelled 500
      bort agora show 3 --points
      bort agora export 3 points.parquet
    """


@agora.command(cls=options.Command)
@options.asks(AGORA_TASK, AGORA_REQUEST, AGORA_SHARED, AGORA_TORUS, AGORA_TEXT, AGORA_TRAINING)
@click.option(
    "--ablate",
    is_flag=True,
    help="Compare Agora with plain training and with random augmentation of equal size and steps.",
)
@click.option(
    "--seeds",
    default=3,
    show_default=True,
    metavar="N",
    help="Number of seeds to compare (--ablate).",
)
@click.option("--plan", "only_plan", is_flag=True, help="Print what it would cost and stop.")
@options.detach
@options.store_url
@options.as_json
@click.pass_context
def run(
    context: click.Context,
    /,
    ablate: bool,
    seeds: int,
    only_plan: bool,
    detach: bool,
    store_url: str | None,
    as_json: bool,
    **texts: Any,
) -> None:
    """Run Agora. Continue an interrupted run with `bort jobs resume`.

    On texts, the student is a small BERT. New texts near its dev errors come from an unlabelled
    pool, from token edits and from mixes. The source network, fine-tuned on the labelled texts,
    labels them. Reports the errors on dev, which Agora uses, and on an audit split, which it never
    sees.

    On the torus, a third of the training points are missing, and the rounds fill the gap: the Betti
    numbers of the training set change from (1, 1, 0), a bent tube, to (1, 2, 1), a torus.

    \b
    Examples:
      bort agora run --task torus --learner knn --labeler oracle --json
      bort agora run --task movie-reviews --labelled 500
      bort agora run --task movie-reviews --labelled 500 --ablate --seeds 5
      bort agora run --task reviews.csv --text review --label stars --pool more.csv
      bort agora run --from-study minilm-reviews --sampler edits --rounds 4 --minutes 10
      bort agora run --task movie-reviews --labelled 500 --plan
    """
    from bort import jobs
    from bort.report.agora import print_comparison, print_run, run_json
    from bort.report.job_terminal import echo, progress, tell
    from bort.storage import ensure_examples, open_store
    from bort.studies.agora import COMPARISON, RUN, read_comparison, read_result
    from bort.studies.agora_request import describe_comparison, describe_run

    if not ablate and "seeds" in options.given_options(context):
        raise InvalidOptionError("--seeds has no effect without --ablate; add it, or use --seed")
    open_it = options.open_with_examples if only_plan else open_store
    with open_it(store_url) as store:
        spec = describe_run(
            store,
            texts,
            on_step=echo,
            on_warning=options.tell,
        )
        kind = RUN
        if ablate:
            spec, kind = describe_comparison(spec, seeds), COMPARISON
        if only_plan:
            _print_plan(store, spec, as_json)
            return
        ensure_examples(store, paths.examples())  # whose trainings tell how long ours will take
        name = spec["study"]
        if detach:
            job = jobs.start_detached(store, kind, spec, study=name)
            if as_json:
                options.print_json({"job": job, "study": name})
            else:
                click.echo(f"Job {job} runs Agora: bort agora show {job}")
            return
        with progress(f"Agora on {spec['task']}") as on_step:
            answer = jobs.run_here(store, kind, spec, study=name, on_step=on_step, on_event=tell)
    if as_json:
        options.print_json(answer if ablate else run_json(read_result(answer)))
    elif ablate:
        print_comparison(read_comparison(answer))
    else:
        print_run(read_result(answer))


def _print_plan(store: Any, spec: dict[str, Any], as_json: bool) -> None:
    from bort.core.serialise import to_json
    from bort.report.plan import estimate_plan, plan_basis, stages_json
    from bort.report.terminal import folded
    from bort.studies.agora_estimates import estimate_agora

    cost = estimate_agora(store, spec)
    if as_json:
        options.print_json({**to_json(cost), **stages_json(cost), "basis": plan_basis(cost)})
    else:
        click.echo(folded(f"{estimate_plan(cost)[:-1]}, {plan_basis(cost)}."))


@agora.command()
@_job_id
@click.option("--points", is_flag=True, help="List every generated point with its parent.")
@options.store_url
@options.as_json
def show(job_id: int, points: bool, store_url: str | None, as_json: bool) -> None:
    """Show the rounds of a run, finished or running.

    \b
    Examples:
      bort agora show 3
      bort agora show 3 --points --json
    """
    from bort.report.agora import print_comparison, print_points, print_run, run_json
    from bort.storage import open_to_read
    from bort.studies.agora import (
        COMPARISON,
        RUN,
        parents_of,
        point_rows,
        read_comparison,
        read_run,
    )

    with open_to_read(store_url) as store:
        job = _job(store, job_id, COMPARISON, RUN)
        found = read_run(store, job)
    if job.kind == COMPARISON:
        if as_json:
            options.print_json(dict(job.result or {"job": job.id, "state": str(job.state)}))
        elif job.result:
            print_comparison(read_comparison(job.result))
        elif job.state.is_active:
            click.echo(f"Job {job_id} is still comparing: bort jobs show {job_id}")
        else:
            click.echo(f"Job {job_id} is {job.state}, without a result: bort jobs show {job_id}")
        return
    parents = parents_of(found) if points else None
    if as_json:
        answer = {**run_json(found.result), "state": str(job.state)}
        if points:
            answer["points"] = point_rows(found.points, parents)
        options.print_json(answer)
        return
    print_run(found.result, state=job.state)
    if points:
        print_points(found.points, parents, found.class_names)


@agora.command()
@_job_id
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@options.force
@options.store_url
def export(job_id: int, file: Path, force: bool, store_url: str | None) -> None:
    """Write every generated point with its provenance to FILE (.parquet, .csv or .jsonl).

    \b
    Examples:
      bort agora export 3 points.jsonl
      bort agora export 3 points.parquet
    """
    from bort.storage import open_to_read
    from bort.studies.agora import RUN, parents_of, point_rows, read_run
    from bort.studies.interchange import check_rows, write_rows

    check_rows(file, force=force)
    with open_to_read(store_url) as store:
        job = _job(store, job_id, RUN)
        found = read_run(store, job)
    rows = point_rows(found.points, parents_of(found))
    write_rows(file, rows)
    click.echo(f"{len(rows)} points written to {file}", err=True)


@agora.command()
@_job_id
@click.option("--reject", multiple=True, metavar="ROUND:POINT", help="Remove a point. Repeatable.")
@click.option(
    "--relabel",
    multiple=True,
    metavar="ROUND:POINT=LABEL",
    help="Change a point's label to this class number. Repeatable.",
)
@options.store_url
@options.as_json
def replay(
    job_id: int,
    reject: tuple[str, ...],
    relabel: tuple[str, ...],
    store_url: str | None,
    as_json: bool,
) -> None:
    """Correct generated points and run the later rounds again, as a new job.

    Points are numbered from 0 within their round, as `bort agora show JOB --points` lists them.

    \b
    Examples:
      bort agora replay 3 --reject 0:17
      bort agora replay 3 --reject 0:17 --relabel 1:4=0 --json
    """
    from bort import jobs
    from bort.report.agora import print_run, run_json
    from bort.report.job_terminal import progress, tell
    from bort.storage import open_store
    from bort.studies.agora import RUN, read_result, read_run, replay_spec

    corrections: dict[tuple[int, int], int | None] = {_place(text): None for text in reject}
    corrections |= dict(map(_relabelling, relabel))
    if not corrections:
        raise InvalidOptionError(
            "there is nothing to correct; choose points with --reject or --relabel"
        )
    with open_store(store_url) as store:
        job = _job(store, job_id, RUN)
        spec = replay_spec(read_run(store, job), corrections)
        with progress(f"Replaying job {job_id}") as on_step:
            answer = jobs.run_here(
                store, RUN, spec, study=job.study, on_step=on_step, on_event=tell
            )
    if as_json:
        options.print_json(run_json(read_result(answer)))
    else:
        print_run(read_result(answer))


def _relabelling(text: str) -> tuple[tuple[int, int], int]:
    place, _, label = text.partition("=")
    if not label.isdecimal():
        raise InvalidOptionError(f"{text!r} is not ROUND:POINT=LABEL; try 0:17=1")
    return _place(place), int(label)


def _place(text: str) -> tuple[int, int]:
    number, _, position = text.partition(":")
    if not (number.isdecimal() and position.isdecimal()):
        raise InvalidOptionError(f"{text!r} is not ROUND:POINT; try 0:17")
    return int(number), int(position)


def _job(store: Any, job_id: int, *kinds: str) -> Any:
    from bort.jobs import find_job

    job = find_job(store, job_id)
    if job.kind not in kinds:
        raise InvalidOptionError(
            f"job {job_id} is a {job.kind} job, not an Agora run; list all jobs with: bort jobs "
            "list"
        )
    return job
