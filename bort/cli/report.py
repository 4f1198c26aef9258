"""`bort report`: write a study, an Agora run or a model into one HTML file."""

from pathlib import Path

import click

from bort.cli import options

_file = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.group()
def report() -> None:
    """Write one HTML file that opens from disk and fetches nothing.

    It has interactive charts, tables with CSV, the claim or the comparison, commands and versions.

    \b
    Examples:
      bort report front reviews.html --study reviews
      bort report agora 3 run.html
      bort report model reviews-static-8000-64 model.html
    """


@report.command(cls=options.Command)
@_file
@click.option("--study", metavar="NAME", help="Name of the study [default: the latest].")
@options.force
@options.store_url
def front(file: Path, study: str | None, force: bool, store_url: str | None) -> None:
    """Write a study's front: charts, suggestions with reasons, claim, all points.

    \b
    Examples:
      bort report front reviews.html
      bort report front reviews.html --study reviews --force
    """
    _check(file, force=force)
    from bort.figures.report import front_report
    from bort.storage import open_to_read
    from bort.studies.answers import latest_study, read_answer
    from bort.studies.choosing import Limits, choose
    from bort.studies.commands import front_command

    options.offer_example(study, store_url)
    with open_to_read(store_url) as store:
        answer = read_answer(store, study or latest_study(store))
    choice = choose(answer.points, Limits(), answer.spec.size.unit)
    question = answer.spec.search.question
    command = front_command(answer.study, epsilon=question.epsilon, weights=question.weights)
    _write(file, front_report(answer, choice, title=answer.study, pick=None, again=[command]))


@report.command(cls=options.Command)
@click.argument("job_id", metavar="JOB", type=options.JobId())
@_file
@click.option("--texts", is_flag=True, help="Include the texts of dev and of the points.")
@options.force
@options.store_url
def agora(job_id: int, file: Path, texts: bool, force: bool, store_url: str | None) -> None:
    """Write an Agora run: its map to play, its rounds, its points.

    The texts stay out unless you ask for them: whoever has the file can read them.

    \b
    Examples:
      bort report agora 3 run.html
      bort report agora 3 run.html --texts
    """
    _check(file, force=force)
    from bort.core.errors import InvalidOptionError
    from bort.figures.agora_report import agora_report
    from bort.jobs import find_job
    from bort.storage import open_to_read
    from bort.studies.agora import RUN, dev_items, read_run

    with open_to_read(store_url) as store:
        job = find_job(store, job_id)
        if job.kind != RUN:
            raise InvalidOptionError(
                f"job {job_id} is a {job.kind} job, not an Agora run; list all jobs with: bort "
                "jobs list"
            )
        run = read_run(store, job)
    if not run.rounds:
        raise InvalidOptionError(f"job {job_id} has not finished a round yet; wait for its first")
    _write(file, agora_report(run, dev_items(run.spec, run.job.folder), with_texts=texts))


@report.command(cls=options.Command)
@click.argument("name", metavar="MODEL")
@_file
@click.option("--texts", is_flag=True, help="Include the dev texts that are answered wrongly.")
@options.force
@options.store_url
def model(name: str, file: Path, texts: bool, force: bool, store_url: str | None) -> None:
    """Write a trained model: accuracy, comparison, mistakes, curves, prediction and result.

    The texts stay out unless you ask for them: whoever has the file can read them.

    \b
    Examples:
      bort report model reviews-static-8000-64 model.html
      bort report model reviews-static-8000-64 model.html --texts
    """
    _check(file, force=force)
    from bort.figures.model_report import model_report
    from bort.finetuning.history import read_history
    from bort.storage import open_to_read

    with open_to_read(store_url) as store:
        found = read_history(store, store.model(name))
    _write(file, model_report(found, with_texts=texts))


def _check(file: Path, *, force: bool) -> None:
    from bort.core.files import check_output

    check_output(file, force=force)


def _write(file: Path, page: str) -> None:
    from bort.core.files import write_atomically

    content = page.encode()
    write_atomically(file, content)
    click.echo(f"{file}: {len(content) / 1e6:.1f} MB")
