"""`bort jobs`: list, watch, cancel and resume jobs."""

from collections.abc import Mapping
from typing import Any

import click

from bort.cli import options

_id = click.argument("job_id", metavar="ID", type=options.JobId())


@click.group()
def jobs() -> None:
    """List, watch, cancel and resume jobs.

    \b
    Examples:
      bort jobs list
      bort jobs logs 3 --follow
      bort jobs resume 3
    """


@jobs.command("list")
@click.option("--study", metavar="NAME", help="Only jobs of this study.")
@click.option("--active", is_flag=True, help="Only queued and running jobs.")
@click.option("--limit", type=options.Count(), metavar="N", help="Only the newest N jobs.")
@options.store_url
@options.as_json
def list_(
    study: str | None, active: bool, limit: int | None, store_url: str | None, as_json: bool
) -> None:
    """List jobs, newest first.

    \b
    Examples:
      bort jobs list --active
      bort jobs list --study reviews --json
    """
    from bort.jobs import JobState, list_jobs
    from bort.storage import open_to_read

    states = [state for state in JobState if state.is_active] if active else None
    with open_to_read(store_url) as store:
        found = list_jobs(store, study=study, states=states, limit=limit)
    from bort.report.job_terminal import print_jobs
    from bort.report.jobs import job_json

    if as_json:
        options.print_json({"jobs": [job_json(job) for job in found]})
        return
    print_jobs(found, are_all=not active and study is None)


@jobs.command()
@options.store_url
@options.as_json
def examples(store_url: str | None, as_json: bool) -> None:
    """Put the finished examples into the store, and list them.

    They were recorded elsewhere: runs of Agora, a trained model without its weights, a measurement.
    The dashboard does the same when it is opened. A deleted example stays deleted.

    \b
    Examples:
      bort jobs examples
      bort jobs examples --json
    """
    from bort.core import paths
    from bort.storage import ensure_example_jobs, ensure_examples, open_store

    with open_store(store_url) as store:
        ensure_examples(store, paths.examples())
        ensure_example_jobs(store, paths.example_jobs())
        found = [job for job in store.jobs() if job.is_example]
    from bort.report.job_terminal import print_jobs
    from bort.report.jobs import job_json

    if as_json:
        options.print_json({"jobs": [job_json(job) for job in found]})
        return
    print_jobs(found)


@jobs.command()
@_id
@options.store_url
@options.as_json
def show(job_id: int, store_url: str | None, as_json: bool) -> None:
    """Show one job: its state, progress and latest events.

    \b
    Examples:
      bort jobs show 3
      bort jobs show 3 --json
    """
    from bort.jobs import find_job
    from bort.storage import open_to_read

    with open_to_read(store_url) as store:
        job = find_job(store, job_id)
        events = store.events(job_id, limit=10)
    from bort.report.events import event_json
    from bort.report.job_terminal import print_job
    from bort.report.jobs import job_json

    if as_json:
        options.print_json({**job_json(job), "events": [event_json(event) for event in events]})
        return
    print_job(job, events)


@jobs.command()
@_id
@click.option("--follow", "-f", is_flag=True, help="Keep printing until the job ends.")
@options.store_url
@options.as_json
def logs(job_id: int, follow: bool, store_url: str | None, as_json: bool) -> None:
    """Print a job's log; with --json, its events too.

    \b
    Examples:
      bort jobs logs 3
      bort jobs logs 3 --follow
    """
    from bort.jobs import find_job, follow_log
    from bort.report.events import event_json
    from bort.storage import open_to_read, read_log

    with open_to_read(store_url) as store:
        job = find_job(store, job_id)
        texts = follow_log(store, job_id) if follow else iter([read_log(job)[0]])
        if not as_json:
            for text in texts:
                click.echo(text, nl=False)
            return
        log = "".join(texts)
        events = [event_json(event) for event in store.events(job_id)]
    options.print_json({"job": job_id, "events": events, "lines": log.splitlines()})


@jobs.command()
@_id
@options.store_url
@options.as_json
def cancel(job_id: int, store_url: str | None, as_json: bool) -> None:
    """Stop a job. Finished work is kept, and the job can be resumed.

    \b
    Examples:
      bort jobs cancel 3
    """
    from bort.jobs import cancel as cancel_job
    from bort.report.jobs import job_json
    from bort.storage import open_store

    with open_store(store_url) as store:
        job = cancel_job(store, job_id)
    if as_json:
        options.print_json(job_json(job))
    elif job.state.is_active:
        click.echo(f"Job {job_id} was asked to stop; watch it with: bort jobs show {job_id}")
    else:
        more = f"; continue with: bort jobs resume {job_id}" if job.state.can_resume else ""
        click.echo(f"Job {job_id} is {job.state}{more}")


@jobs.command("measure-anyway")
@_id
@options.store_url
def measure_now(job_id: int, store_url: str | None) -> None:
    """Let a search that waits for a quiet machine measure latency at once.

    If the machine turns out to be too busy, the noise check refuses the measurement, and nothing is
    certified.

    \b
    Examples:
      bort jobs measure-anyway 3
    """
    from bort.jobs import measure_anyway
    from bort.storage import open_store

    with open_store(store_url) as store:
        measure_anyway(store, job_id)
    click.echo(f"Job {job_id} will not wait for a quiet machine; see: bort jobs show {job_id}")


@jobs.command()
@_id
@click.option("--detach", is_flag=True, help="Resume it in the background.")
@options.store_url
@options.as_json
def resume(job_id: int, detach: bool, store_url: str | None, as_json: bool) -> None:
    """Continue a job that was cancelled, failed or lost its process.

    Finished work is not repeated. Prints the result of a search, a fine-tuning, a comparison or a
    run of Agora as the command that started it.

    \b
    Examples:
      bort jobs resume 3
      bort jobs resume 3 --detach
    """
    from bort.jobs import resume as resume_job
    from bort.report.job_terminal import progress, tell
    from bort.report.jobs import job_json
    from bort.storage import open_store
    from bort.studies.answers import read_answer

    with open_store(store_url) as store:
        kind = store.job(job_id).kind
        if detach:
            resume_job(store, job_id, detach=True)
            if as_json:
                options.print_json(job_json(store.job(job_id)))
            else:
                click.echo(
                    f"Job {job_id} continues; follow it with: bort jobs logs {job_id} --follow"
                )
            return
        with progress(f"Job {job_id}") as on_step:
            result = resume_job(store, job_id, detach=False, on_step=on_step, on_event=tell)
        if result and kind == "search":
            options.show_answer(read_answer(store, result["study"]), as_json=as_json)
            return
    if as_json:
        if result and kind == "agora":
            from bort.report.agora import run_json
            from bort.studies.agora import read_result

            result = run_json(read_result(result))
        options.print_json(result or {})
    elif result and kind in _PRINTERS:
        _print_result(kind, result)
    else:
        click.echo(f"Job {job_id} is done: bort jobs show {job_id}")


_PRINTERS = ("agora", "agora-comparison", "finetune", "rivals")


def _print_result(kind: str, result: Mapping[str, Any]) -> None:
    """Print a result like the command that starts such jobs."""
    from bort.core.rivals import Comparison
    from bort.core.serialise import from_json
    from bort.finetuning.realised import Realised
    from bort.report import agora as agora_report
    from bort.report import models as model_report
    from bort.report import rivals as rivals_report
    from bort.studies.agora import read_comparison, read_result

    if kind == "agora":
        agora_report.print_run(read_result(result))
    elif kind == "agora-comparison":
        agora_report.print_comparison(read_comparison(result))
    elif kind == "rivals":
        rivals_report.print_rivals(from_json(Comparison, result, what="the answer"))
    else:
        rows = [from_json(Realised, row, what="the answer") for row in result["models"]]
        model_report.print_models(rows)
