"""`bort search`: start or continue a study, and show its front."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from bort.cli import options
from bort.cli import table as tables
from bort.core import paths
from bort.core.fields import read
from bort.core.files import check_output
from bort.core.question import check_audit
from bort.core.study import SearchSpec, StudySpec, suggest_name
from bort.studies.loggers import check_loggers, default_loggers
from bort.studies.parts import (
    BUDGET,
    LATENCY,
    PRESETS,
    QUESTION,
    SEARCH,
    SIZE,
    TASK,
    TRAINING,
    WORKERS,
)
from bort.studies.workers import check_workers

if TYPE_CHECKING:
    from bort.studies.answers import StudyAnswer, TableAnswer

ASKED_OF_A_TABLE = (
    *("preset", "goal", "epsilon", "weights", "budget", "lipschitz", "slack", "confidence"),
    *("challenges", "spot_checks", "audit", "seed", "certificate", "force", "as_json"),
)


@click.command(cls=options.Command)
@click.option("--preset", type=click.Choice(list(PRESETS)), help="A ready-made set of options.")
@click.option("--study", metavar="NAME", help="Name of the study [default: a new one].")
@options.space
@options.asks(*SEARCH)
@tables.table_options
@click.option(
    "--certificate",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="File for the certificate of a search with --from-table [default: under $BORT_HOME].",
)
@options.force
@click.option("--plan", "only_plan", is_flag=True, help="Print what it would cost and stop.")
@options.detach
@options.store_url
@options.as_json
@click.pass_context
def search(
    context: click.Context,
    /,
    preset: str | None,
    study: str | None,
    space: str,
    certificate: Path | None,
    force: bool,
    only_plan: bool,
    detach: bool,
    store_url: str | None,
    as_json: bool,
    **texts: Any,
) -> None:
    """Search a space for its best trade-offs of size, latency and error.

    Trains the architectures that say most about the others, until every architecture of the space
    is certified within 1+EPSILON of an evaluated one, or the budget is spent. Run the command again
    with the same name and options to continue a study where it stopped.

    \b
    Examples:
      bort search --preset quick
      bort search --epsilon 0.25 --budget 40 --study reviews
      bort search --task reviews.csv --text review --label stars --minutes 30
      bort search --size bytes-int8 --space small.toml --budget 20
      bort search --goal best --weights 1,2,1 --detach
      bort search --study reviews --audit 30
      bort search --preset quick --plan
      bort search --preset quick --parallel 8 --workers ray
      bort search --space bort --include 4-8-1024-768 --budget 12
      bort search --from-table bench.csv --size params --latency ms --error acc --maximise acc
    """
    given = {**PRESETS.get(preset or "", {}), **read(texts, *SEARCH)}
    if texts["from_table"]:
        tables.refuse_others(context, ASKED_OF_A_TABLE)
        if certificate is not None:
            check_output(certificate, force=force, read=[texts["from_table"]])
        answer = _search_table(texts, _search_spec(given), certificate)
        options.show_answer(answer, as_json=as_json)
        return
    tables.refuse_alone(context, "certificate", "force", allowed=["size"])
    spec = _spec(study or preset, space, given)
    if only_plan:
        _print_plan(spec, store_url, as_json)
        return
    loggers = default_loggers() if given.get("log") is None else given["log"]
    check_loggers(loggers)
    workers = WORKERS.build(given).workers
    check_workers(workers)
    beside = {"loggers": loggers, "workers": workers}
    found = _search_space(
        spec, beside, is_named=study is not None, detach=detach, store_url=store_url
    )
    if isinstance(found, Started):
        click.echo(f"Job {found.job} searches {found.study}: bort jobs show {found.job}", err=True)
        if as_json:
            options.print_json(found._asdict())
    else:
        options.show_answer(found, as_json=as_json)


def _print_plan(spec: StudySpec, store_url: str | None, as_json: bool) -> None:
    from bort.core.serialise import to_json
    from bort.report.job_terminal import echo
    from bort.report.numbers import basis
    from bort.report.plan import estimate_plan, stages_json
    from bort.report.terminal import folded
    from bort.studies.checks import check_study
    from bort.studies.estimates import estimate_study

    spec = check_study(spec, on_step=echo, on_warning=options.tell)
    with options.open_with_examples(store_url) as store:
        cost = estimate_study(store, spec)
    if as_json:
        told = {**stages_json(cost), "basis": basis(cost.timed)}
        options.print_json({**to_json(cost), **told})
    else:
        click.echo(folded(f"{estimate_plan(cost)[:-1]}, {basis(cost.timed)}."))


class Started(NamedTuple):
    """A search in the background."""

    job: int
    study: str


def _search_table(
    texts: dict[str, Any], spec: SearchSpec, certificate: Path | None
) -> "TableAnswer":
    from bort.core.files import check_place, write_json_atomically
    from bort.core.paths import certificates
    from bort.report.job_terminal import progress
    from bort.studies.answers.table import search_table

    if certificate is None:
        check_place(certificates())
    table, columns, source = tables.read(texts)
    with progress(f"Searching {texts['from_table'].name}") as on_step:
        answer, content = search_table(table, columns, spec, source=source, on_step=on_step)
    if spec.audit and answer.audit is None:
        click.echo("note: every row was evaluated, so there is nothing to audit", err=True)
    if certificate is None:  # one for each table and question
        name = f"{texts['from_table'].stem}-{content['digests']['all'][:8]}"
        certificate = certificates() / name / "certificate.json"
    write_json_atomically(certificate, content)
    return replace(answer, certificate=str(certificate))


def _search_space(
    spec: StudySpec,
    beside: Mapping[str, Any],
    *,
    is_named: bool,
    detach: bool,
    store_url: str | None,
) -> "StudyAnswer | Started":
    from bort import jobs
    from bort.jobs.runtime.control import create_study
    from bort.report.job_terminal import echo, progress, tell
    from bort.report.latency import differences_words
    from bort.storage import check_store, ensure_examples, open_store
    from bort.studies.answers import read_answer
    from bort.studies.checks import check_profile, check_study

    check_store(store_url)
    spec = check_study(
        spec,
        on_step=echo,
        on_warning=options.tell,
    )
    with open_store(store_url) as store:
        differences = check_profile(store, spec)
        ensure_examples(store, paths.examples())  # before a study of ours takes its name
        spec = create_study(store, spec, is_named=is_named)
        if differences:
            click.echo(
                f"note: the latency profile {spec.latency.profile} was measured on another "
                f"machine or with other software: {differences_words(differences)}",
                err=True,
            )
        described = {**spec.to_dict(), **beside}
        if detach:
            job = jobs.start_detached(store, "search", described, study=spec.name)
            return Started(job, spec.name)
        with progress(f"Searching {spec.name}") as on_step:
            jobs.run_here(
                store, "search", described, study=spec.name, on_step=on_step, on_event=tell
            )
        return read_answer(store, spec.name)


def _search_spec(given: dict[str, Any]) -> SearchSpec:
    return BUDGET.build(given, question=QUESTION.build(given))


def _spec(name: str | None, space: str, given: dict[str, Any]) -> StudySpec:
    """Build the study from the options."""
    from bort.families import load_space

    task = TASK.build(given)
    search = _search_spec(given)
    searched = load_space(space)
    if search.audit is not None:
        check_audit(search.audit, len(searched))
    return StudySpec(
        name=name or suggest_name(task.task, searched.name),
        space=searched.to_dict(),
        task=task,
        training=TRAINING.build(given),
        latency=LATENCY.build(given),
        search=search,
        size=SIZE.build(given),
    )
